# SPDX-License-Identifier: BSD-2-Clause
"""libinet against the Linux kernel over a bad link: the relay of the tests,
with 20 ms each way, and in both directions 2 % loss, duplicates, frames that
are overtaken, and bits turned.

SYSTEM_SEED sets the seed of the faults, SYSTEM_LOSSY_BYTES the size of the long
transfer (default 32 MiB over 64 connections; `make check-system-long` takes
1 GiB), SYSTEM_LOSSY_CONNECTS the number of short connections.
"""
import re
import socket
import subprocess
import time

from peer import (ADDR, CAT, DEVICE, KERNEL, RELAY, Echo, Stream, case,
                  connect, enter_namespace, half_close_by_libinet,
                  in_parallel, kernel_end, kernel_has_no_connections,
                  libinet_end, pattern, pump, run, run_cases, size,
                  skip_without_echo)

SEED = size("SYSTEM_SEED", 1)
BYTES = size("SYSTEM_LOSSY_BYTES", 32 << 20)
CONNECTS = size("SYSTEM_LOSSY_CONNECTS", 2000)
STREAMS = 64
FAULTS = ("delay=20ms,loss=2%,dup=1%,reorder=2%,corrupt=1%,"
          f"seed={SEED}")


@case
def ping_loses_what_the_link_loses():
    """Neither more nor less: 4 of 100 lost and 2 corrupted on the way."""
    with Echo():
        connect().close()           # addresses are known
        out = subprocess.run(["ping", "-q", "-i", "0.01", "-c", "400", "-W",
                              "1", ADDR[0]], capture_output=True,
                             text=True, check=True).stdout
        got = int(re.search(r"(\d+) received", out).group(1))
        assert 340 <= got <= 395, out


@case
def tcp_bulk_both_ways_is_byte_exact():
    """Many streams at once, there and back."""
    with Echo() as echo:
        pump([Stream(connect(), BYTES // STREAMS, i) for i in range(STREAMS)],
             120)
        echo.wait_until_idle(60)
    kernel_has_no_connections()


@case
def tcp_half_close_by_libinet_still_gets_the_answer():
    """libinet connects and ends first; the kernel's data come after that."""
    half_close_by_libinet(pattern(100000, 2), pattern(300000), 120)


@case
def tcp_half_close_by_kernel_still_gets_the_answer():
    """The kernel's FIN first; libinet's data after it."""
    with Echo() as echo:
        sock = connect(timeout=60)
        sock.sendall(pattern(100000))
        sock.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: sock.recv(65536), b""))
        assert got == pattern(100000)
        sock.close()
        echo.wait_until_idle(60)


@case
def tcp_closed_ports_refuse():
    """ECONNREFUSED for the kernel and for libinet."""
    with Echo():
        try:
            connect((ADDR[0], 9), 60)
            raise AssertionError("not refused")
        except ConnectionRefusedError:
            pass
    out = subprocess.run([CAT] + DEVICE + [KERNEL, "9"],
                         capture_output=True, text=True, check=False,
                         stdin=subprocess.DEVNULL, timeout=90)
    assert out.returncode == 1 and "Connection refused" in out.stderr, out


@case
def tcp_1000_connections_at_once():
    """All open before any is used, then all used."""
    with Echo() as echo:
        socks = [None] * 1000

        def begin(i):
            socks[i] = connect(timeout=120)

        def use(i):
            want = b"%d" % i * 300
            socks[i].sendall(want)
            got = b""
            while len(got) < len(want):
                data = socks[i].recv(10000)
                assert data, "ended"
                got += data
            assert got == want
            socks[i].close()

        in_parallel(100, 1000, begin)
        echo.wait_until(lambda held: held["clients"] == 1000, 60)
        in_parallel(100, 1000, use)
        echo.wait_until_idle(120)
    kernel_has_no_connections()


@case
def tcp_connections_one_after_another():
    """Connect, use, close, from a hundred threads; nothing is left over."""
    def one(i):
        with connect(timeout=120) as sock:
            sock.sendall(b"%d" % i)
            sock.shutdown(socket.SHUT_WR)
            got = b"".join(iter(lambda: sock.recv(100), b""))
            assert got == b"%d" % i, got

    with Echo() as echo:
        in_parallel(100, CONNECTS, one)
        echo.wait_until_idle(120)
    kernel_has_no_connections()


@case
def udp_echo_of_1_to_1472_bytes():
    """Every size comes back as it was, after a few tries where it must."""
    data = pattern(1472)
    with Echo():
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.connect(ADDR)
        missing = set(range(1, 1473))
        for _ in range(20):
            for number, length in enumerate(sorted(missing)):
                sock.send(data[:length])
                if number % 50 == 49:
                    time.sleep(0.02)
            sock.settimeout(0.3)
            try:
                while True:
                    got = sock.recv(2000)
                    assert got == data[:len(got)], f"{len(got)} bytes differ"
                    missing.discard(len(got))
            except TimeoutError:
                pass
            if not missing:
                return
        raise AssertionError(f"never came: {sorted(missing)[:10]}")


def main():
    """The link: k0 is the kernel's end, tap0 libinet's, the relay between."""
    skip_without_echo()
    enter_namespace()
    libinet_end()
    run("ip", "link", "set", "tap0", "arp", "off", "up")
    with subprocess.Popen([RELAY, "-f", FAULTS, "tap:k0", "tap0"],
                          stdout=subprocess.PIPE, text=True) as relay:
        try:
            assert relay.stdout.readline() == "relay: ready\n"
            kernel_end("k0")
            print(f"# {FAULTS}; again: SYSTEM_SEED={SEED} make check "
                  "TESTS=tests/system/lossy.py")
            run_cases()
        finally:
            relay.terminate()
            for line in relay.communicate(timeout=10)[0].splitlines():
                print(f"# {line}")


main()
