# SPDX-License-Identifier: BSD-2-Clause
"""libinet against the Linux kernel over a TAP, in a namespace of our own.

The echo daemon (examples/echo) is the libinet end of most cases; inetcat is
it where libinet must be the client. SYSTEM_BYTES sets the size of the long
transfer (default 64 MiB; `make check-system-long` takes 1 GiB).
"""
import fcntl
import os
import pty
import select
import socket
import subprocess
import threading
import time
import tty

from peer import (ADDR, BUILD, CAT, DEVICE, KERNEL, Echo, Stream, case, connect,
                  enter_namespace, half_close_by_libinet, kernel_end,
                  kernel_has_no_connections, libinet_end, pattern, pump, run,
                  run_cases, size, skip_without_echo)

MINIMAL = os.path.join(BUILD, "examples/minimal")
BYTES = size("SYSTEM_BYTES", 64 << 20)


@case
def ping_of_all_sizes():
    """The kernel pings libinet with payloads up to and beyond the MTU."""
    with Echo():
        for size in (0, 1, 56, 1472, 1473, 8000, 65507):
            run("ping", "-q", "-c", "1", "-W", "3", "-s", str(size), ADDR[0])


@case
def ping_flood_of_10000_loses_nothing():
    """ping -f -c 10000 without loss."""
    with Echo():
        out = subprocess.run(["ping", "-q", "-f", "-c", "10000", ADDR[0]],
                             capture_output=True, text=True, check=True)
        assert " 0% packet loss" in out.stdout, out.stdout


@case
def tcp_bulk_both_ways_is_byte_exact():
    """A long transfer there and back, and the half-close at its end."""
    with Echo() as echo:
        pump([Stream(connect(), BYTES)])
        echo.wait_until_idle()
    kernel_has_no_connections()


@case
def tcp_half_close_by_kernel_still_gets_the_answer():
    """The kernel's FIN first; libinet's data after it."""
    with Echo():
        sock = connect()
        sock.sendall(b"x" * 100000)
        sock.shutdown(socket.SHUT_WR)
        got = b"".join(iter(lambda: sock.recv(65536), b""))
        assert got == b"x" * 100000


@case
def tcp_half_close_by_libinet_still_gets_the_answer():
    """libinet's FIN first; the kernel's data after it."""
    half_close_by_libinet(b"question", pattern(300000), 20)


@case
def tcp_closed_port_of_libinet_refuses():
    """ECONNREFUSED for the kernel."""
    with Echo():
        try:
            connect((ADDR[0], 9), 5)
        except ConnectionRefusedError:
            return
        raise AssertionError("not refused")


@case
def tcp_closed_port_of_kernel_refuses():
    """ECONNREFUSED for libinet."""
    out = subprocess.run([CAT] + DEVICE + [KERNEL, "9"],
                         capture_output=True, text=True, check=False,
                         stdin=subprocess.DEVNULL, timeout=20)
    assert out.returncode == 1 and "Connection refused" in out.stderr, out


@case
def tcp_connect_to_nobody_ends_after_the_seconds_of_inetcat():
    """Who never answers costs -w seconds."""
    out = subprocess.run([CAT] + DEVICE + ["-w", "1", "10.0.0.77", "9"],
                         capture_output=True, text=True, check=False,
                         stdin=subprocess.DEVNULL, timeout=20)
    assert out.returncode == 1, out
    assert out.stderr == "inetcat: connect: Connection timed out\n", out


@case
def udp_first_sender_is_the_client_of_inetcat():
    """inetcat -ul waits for a datagram and answers whoever sent it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, \
            subprocess.Popen([CAT, "-ul", "-w", "1"] + DEVICE + ["9000"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE) as proc:
        proc.stdin.write(b"answer")
        proc.stdin.close()
        assert proc.stderr.readline() == b"inetcat: listening\n"
        sock.settimeout(20)
        sock.sendto(b"question", (ADDR[0], 9000))
        assert sock.recv(100) == b"answer"
        assert proc.stdout.read() == b"question"
        assert proc.wait(20) == 0


@case
def inetcat_on_a_terminal_prints_all_and_leaves_it_as_it_was():
    """Standard input and output are one terminal, whose reader is slow."""
    data = b"x" * 1000000
    master, slave = pty.openpty()
    tty.setraw(slave)
    before = fcntl.fcntl(slave, fcntl.F_GETFL)
    with socket.create_server((KERNEL, 9000)) as server, \
            subprocess.Popen([CAT, "-w", "2"] + DEVICE + [KERNEL, "9000"],
                             stdin=slave, stdout=slave) as proc:
        server.settimeout(20)
        conn, _ = server.accept()
        conn.settimeout(20)
        sender = threading.Thread(target=conn.sendall, args=[data])
        sender.start()
        time.sleep(0.3)         # the terminal is full by then
        got = b""
        while len(got) < len(data) and select.select([master], [], [], 20)[0]:
            got += os.read(master, 65536)
        assert got == data, f"{len(got)} bytes"
        sender.join()
        conn.close()
        assert fcntl.fcntl(slave, fcntl.F_GETFL) == before
        proc.terminate()
    os.close(slave)
    os.close(master)


@case
def minimal_greets_whoever_connects():
    """examples/minimal, one client after another."""
    run("ip", "neigh", "flush", "dev", "tap0")  # it has an address of its own
    with subprocess.Popen([MINIMAL]) as proc:
        for _ in range(100):
            with socket.socket() as sock:
                sock.settimeout(20)
                if sock.connect_ex(ADDR) == 0:
                    break
            time.sleep(0.1)
        for _ in range(3):
            with connect() as sock:
                got = b"".join(iter(lambda: sock.recv(100), b""))
                assert got == b"hello from libinet\n", got
        proc.terminate()
    run("ip", "neigh", "flush", "dev", "tap0")


@case
def tcp_1000_connections_at_once():
    """All open before any is used, then all used."""
    with Echo() as echo:
        socks = [connect() for _ in range(1000)]
        for i, sock in enumerate(socks):
            sock.sendall(b"%d" % i * 3)
        for i, sock in enumerate(socks):
            want = b"%d" % i * 3
            got = b""
            while len(got) < len(want):
                data = sock.recv(100)
                assert data, f"connection {i} ended"
                got += data
            assert got == want
        echo.wait_until(lambda held: held["clients"] == 1000)
        for sock in socks:
            sock.close()
        echo.wait_until_idle()


@case
def tcp_10000_connections_one_after_another():
    """Connect, use, close or reset, ten thousand times; nothing is left
    over."""
    with Echo() as echo:
        sizes = []
        for i in range(10000):
            with connect() as sock:
                if i % 10 == 0:
                    sock.sendall(b"ping")
                    assert sock.recv(10) == b"ping"
                if i % 4 == 3:  # by a reset; the others by FINs
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    b"\1\0\0\0\0\0\0\0")
            if i == 999:    # caches and tables have what they need
                echo.wait_until_idle()
                warm = echo.usage()
            if i % 1000 == 999:
                sizes.append(echo.resident())
        # a sanitizer's quarantine grows, whatever we do
        assert os.environ.get("SAN_CFLAGS") or sizes[-1] <= sizes[1] + 512, \
            f"pages resident: {sizes}"
        echo.wait_until_idle()
        held = echo.usage()
        # a cache may have taken more slabs, when more lived at once; eight
        # octets of each of the 9,000 connections since would show
        assert held["timers"] <= warm["timers"] and \
            held["mem"] <= warm["mem"] + 65536, f"{warm}, then {held}"
    kernel_has_no_connections()


@case
def udp_echo_of_1_to_1472_bytes():
    """Every size that fits one frame."""
    with Echo():
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.settimeout(5)
        sock.connect(ADDR)
        data = pattern(1472)
        for size in range(1, 1473):
            sock.send(data[:size])
            assert sock.recv(2000) == data[:size], f"{size} bytes"


# @attack I5
@case
def udp_echo_does_not_answer_servers_that_answer():
    """Source ports of echo, chargen and their kin get silence."""
    with Echo():
        for port in (7, 9, 13, 17, 19, 37):
            sock = socket.socket(type=socket.SOCK_DGRAM)
            sock.settimeout(0.3)
            sock.bind(("0.0.0.0", port))
            sock.sendto(b"x", ADDR)
            try:
                sock.recv(10)
            except TimeoutError:
                sock.close()
                continue
            raise AssertionError(f"an answer to port {port}")
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.settimeout(5)
        sock.sendto(b"x", ADDR)
        assert sock.recv(10) == b"x"


@case
def udp_closed_port_of_libinet_is_unreachable():
    """ICMP port unreachable becomes ECONNREFUSED."""
    with Echo():
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.settimeout(5)
        sock.connect((ADDR[0], 9))
        sock.send(b"x")
        try:
            sock.recv(10)
        except ConnectionRefusedError:
            return
        raise AssertionError("no ICMP came")


skip_without_echo()
enter_namespace()
libinet_end()
kernel_end("tap0")
run_cases()
