#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""libinet on AF_XDP against the Linux kernel at the other end of a veth, in a
namespace of our own. SYSTEM_BYTES sets the size of the long transfers.
"""
import contextlib
import errno
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import peer
from peer import (ADDR, CAT, ECHO, KERNEL, Echo, Stream, case, connect,
                  half_close_by_libinet, kernel_has_no_connections, pattern,
                  pump, run, run_cases, size, skip_without_echo)

BYTES = size("SYSTEM_BYTES", 64 << 20)
UDP_SEGMENT = 103
ADDRESS = ["-a", "10.0.0.2/24"]


def device(arguments=""):
    """The options of echo and inetcat for our interface."""
    return ["-d", "xdp:v0" + arguments] + ADDRESS


def program():
    """What is attached to our interface: None, or the mode and more."""
    return json.loads(run("ip", "-j", "link", "show", "v0"))[0].get("xdp")


@contextlib.contextmanager
def on(arguments):
    """The echo daemon, with ARGUMENTS for its device."""
    before = peer.DEVICE[:]
    peer.DEVICE[:] = device(arguments)
    try:
        with Echo() as echo:
            yield echo
    finally:
        peer.DEVICE[:] = before


@contextlib.contextmanager
def mtu(length):
    """Both interfaces with another MTU."""
    for name in ("v0", "k0"):
        run("ip", "link", "set", name, "mtu", str(length))
    try:
        yield
    finally:
        for name in ("v0", "k0"):
            run("ip", "link", "set", name, "mtu", "1500")


def udp_echo(lengths):
    """Datagrams there and back."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(ADDR)
        data = pattern(max(lengths))
        for length in lengths:
            sock.send(data[:length])
            assert sock.recv(70000) == data[:length], f"{length} bytes"


def udp_row():
    """Three datagrams that one call sends come back as three."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect(ADDR)
        sock.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, 400)
        sock.send(pattern(1100))
        assert [len(sock.recv(2000)) for _ in range(3)] == [400, 400, 300]


def all_of_it(echo, length):
    """Ping, UDP and a long TCP transfer through ECHO; MTU is LENGTH."""
    for payload in (0, 56, length - 28, length - 27, 20000):
        run("ping", "-q", "-c", "1", "-W", "3", "-s", str(payload), ADDR[0])
    udp_echo([1, 100, length - 28, length - 27, 20000])
    pump([Stream(connect(), BYTES)])
    echo.wait_until_idle()


@case
def mode_is_chosen_and_everything_passes():
    """Ping, UDP, 64 MiB each way; generic, as it is a veth."""
    with Echo() as echo:
        assert program()["mode"] == 2, program()
        all_of_it(echo, 1500)
    assert program() is None
    kernel_has_no_connections()


@case
def native_mode_does_the_same():
    """The program in the driver."""
    with on(",mode=native") as echo:
        assert program()["mode"] == 1, program()
        all_of_it(echo, 1500)


@case
def what_a_peer_leaves_open_is_understood():
    """A veth as it is: checksums open, and in generic mode TCP of 64 KiB."""
    run("ethtool", "-K", "k0", "tx", "on", "tx-udp-segmentation", "off")
    try:
        for mode in ("generic", "native"):
            with on(f",mode={mode}") as echo:
                all_of_it(echo, 1500)
                udp_row()
    finally:
        run("ethtool", "-K", "k0", "tx", "off")


@case
def wrong_checksum_is_taken_with_rxcsum_only():
    """A datagram whose checksum is neither right nor left open."""
    for arguments, taken in (("", False), (",rxcsum", True)):
        with on(arguments), socket.socket(type=socket.SOCK_DGRAM) as sock, \
                socket.socket(type=socket.SOCK_RAW, proto=17) as raw:
            sock.bind((KERNEL, 0))
            sock.settimeout(5 if taken else 0.5)
            raw.sendto(struct.pack("!4H", sock.getsockname()[1], ADDR[1], 13,
                                   0xabcd) + b"wrong", ADDR)
            try:
                assert sock.recv(100) == b"wrong" and taken
            except TimeoutError:
                assert not taken


@case
def jumbo_frames_pass_in_both_modes():
    """An MTU of 9,000: packets in several frames."""
    with mtu(9000):
        for mode in ("generic", "native"):
            with on(f",mode={mode}") as echo:
                all_of_it(echo, 9000)


@case
def ping_flood_of_10000_loses_nothing():
    """ping -f -c 10000 without loss."""
    with Echo():
        out = run("ping", "-q", "-f", "-c", "10000", ADDR[0])
        assert " 0% packet loss" in out, out


@case
def udp_echo_of_1_to_1472_bytes():
    """Every size that fits one frame."""
    with Echo():
        udp_echo(range(1, 1473))


@case
def tcp_half_close_by_libinet_still_gets_the_answer():
    """libinet's FIN first; the kernel's data after it."""
    half_close_by_libinet(b"question", pattern(300000), 20)


@case
def tcp_1000_connections_at_once():
    """All open before any is used, then all used."""
    with Echo() as echo:
        socks = [connect() for _ in range(1000)]
        for i, sock in enumerate(socks):
            sock.sendall(b"%06d" % i)
        for i, sock in enumerate(socks):
            assert sock.recv(100) == b"%06d" % i
        echo.wait_until(lambda held: held["clients"] == 1000)
        for sock in socks:
            sock.close()
        echo.wait_until_idle()
    kernel_has_no_connections()


@case
def killed_process_leaves_nothing_and_the_next_starts():
    """SIGKILL: no program, no queue that is held for long."""
    for _ in range(5):
        with Echo() as echo:
            assert program(), "no program"
            connect().close()
            echo.proc.send_signal(signal.SIGKILL)
            echo.proc.communicate()
            for _ in range(100):  # the kernel ends it behind our back
                if program() is None:
                    break
                time.sleep(0.05)
            assert program() is None, program()


@case
def second_program_is_told_who_is_in_the_way():
    """EBUSY with a sentence, and the first goes on."""
    with Echo():
        out = subprocess.run([CAT] + device() + [KERNEL, "9"],
                             capture_output=True, text=True, check=False,
                             stdin=subprocess.DEVNULL, timeout=20)
        assert out.returncode == 1, out
        assert os.strerror(errno.EBUSY) in out.stderr, out.stderr
        connect().close()


@case
def zero_copy_that_a_driver_cannot_do_is_refused():
    """No silent other mode."""
    out = subprocess.run([CAT] + device(",mode=zerocopy") + [KERNEL, "9"],
                         capture_output=True, text=True, check=False,
                         stdin=subprocess.DEVNULL, timeout=20)
    assert out.returncode == 1 and "no such mode" in out.stderr, out


@contextlib.contextmanager
def second_kernel():
    """A namespace with v0, where the kernel has 10.0.0.2 as well. Yields the
    start of a command line that runs there."""
    # pylint: disable=consider-using-with
    holder = subprocess.Popen(["unshare", "--net", "cat"],
                              stdin=subprocess.PIPE)
    inside = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
    here = os.stat("/proc/self/ns/net").st_ino
    while os.stat(f"/proc/{holder.pid}/ns/net").st_ino == here:
        time.sleep(0.01)
    mac = json.loads(run("ip", "-j", "link", "show", "k0"))[0]["address"]
    run("ip", "link", "set", "v0", "netns", str(holder.pid))
    for args in ("address add 10.0.0.2/24 dev v0", "link set v0 up",
                 f"neighbour replace 10.0.0.1 lladdr {mac} dev v0"):
        run(*inside, "ip", *args.split())
    run(*inside, "ethtool", "-K", "v0", "tx", "off")
    try:
        yield inside
    finally:
        run(*inside, "ip", "link", "set", "v0", "netns", str(os.getpid()))
        run("ip", "link", "set", "v0", "up")
        holder.stdin.close()
        holder.wait()


@case
def port_left_to_the_kernel_reaches_it():
    """except=tcp/22: its server and ours behind one address."""
    server = ("import socket; s = socket.create_server(('', 22));"
              "print('ready', flush=True); s.accept()[0].send(b'kernel')")
    with second_kernel() as inside:
        # pylint: disable=consider-using-with
        with subprocess.Popen(inside + [sys.executable, "-c", server],
                              stdout=subprocess.PIPE, text=True) as proc, \
                subprocess.Popen(
                    inside + [ECHO] + device(",except=tcp/22"),
                    stderr=subprocess.PIPE, text=True) as echo:
            try:
                assert proc.stdout.readline() == "ready\n"
                while "TCP and UDP" not in echo.stderr.readline():
                    assert echo.poll() is None
                with connect() as sock:
                    sock.sendall(b"libinet")
                    assert sock.recv(100) == b"libinet"
                with connect((ADDR[0], 22)) as sock:
                    assert sock.recv(100) == b"kernel"
            finally:
                proc.kill()
                echo.terminate()


def pair():
    """Two interfaces: v0 for libinet, k0 with the kernel's address."""
    run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "k0")
    run("ip", "address", "add", KERNEL + "/24", "dev", "k0")
    for name in ("k0", "v0"):
        run("ip", "link", "set", name, "up")
    run("ethtool", "-K", "k0", "tx", "off")


def enter():
    """A namespace with the pair, where AF_XDP works, or a reason against."""
    if "--inside" not in sys.argv:
        probe = subprocess.run(["unshare", "--net", "true"],
                               capture_output=True, text=True, check=False)
        if probe.returncode:
            print(f"1..0 # SKIP no namespace: {probe.stderr.strip()}")
            sys.exit(0)
        os.execvp("unshare", ["unshare", "--net", sys.executable, sys.argv[0],
                              "--inside"])
    run("ip", "link", "set", "lo", "up")
    pair()
    probe = subprocess.run([CAT] + device() + ["-w", "1", KERNEL, "9"],
                           capture_output=True, text=True, check=False,
                           stdin=subprocess.DEVNULL)
    if "Operation not permitted" in probe.stderr or \
            "no device driver" in probe.stderr:
        print(f"1..0 # SKIP no AF_XDP: {probe.stderr.strip()}")
        sys.exit(0)


skip_without_echo()
enter()
peer.DEVICE[:] = device()
run_cases()
