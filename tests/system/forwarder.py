# SPDX-License-Identifier: BSD-2-Clause
"""examples/forwarder: the Linux kernel's clients connect to any address and port by
a TAP, and the forwarder hands them to servers of the kernel on 127.0.0.1.
"""
import contextlib
import errno
import os
import shutil
import signal
import socket
import subprocess
import threading

from peer import (BUILD, DEVICE, Echo, Missing, Stream, case, connect,
                  enter_namespace, kernel_end, libinet_end, pump, run,
                  run_cases)

FORWARDER = os.path.join(BUILD, "examples/forwarder")
FOREIGN = "203.0.113."
LOCAL = "127.0.0.1"


class Forwarder(Echo):
    """The example with OPTIONS; its end must be a good one."""

    def __init__(self, *options):
        super().__init__(*(options or ("-t", LOCAL)))

    def __enter__(self):
        # pylint: disable=consider-using-with
        self.proc = subprocess.Popen(
            [FORWARDER, *DEVICE, *self.options],
            stderr=subprocess.PIPE, text=True)
        line = self.said()
        assert "all addresses" in line, f"forwarder said: {line}"
        return self

    def __exit__(self, kind, *_):
        self.proc.send_signal(signal.SIGTERM)
        last = self.proc.communicate(timeout=60)[1]
        assert kind or self.proc.returncode == 0, last


class Server:
    """Echoes on 127.0.0.1, connections or datagrams; the port is .port."""

    def __init__(self, kind):
        self.sock = socket.socket(type=kind)
        self.sock.bind((LOCAL, 0))
        self.port = self.sock.getsockname()[1]
        self.work = self.accept if kind == socket.SOCK_STREAM else self.answer
        if kind == socket.SOCK_STREAM:
            self.sock.listen(1000)
        self.thread = threading.Thread(target=self.work, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def accept(self):
        """A thread for each connection."""
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=echo, args=(sock,), daemon=True).start()

    def answer(self):
        """One datagram after another."""
        while True:
            try:
                data, peer = self.sock.recvfrom(70000)
                if not peer:    # the end
                    return
                self.sock.sendto(data, peer)
            except OSError:
                return

    def __exit__(self, *_):
        with contextlib.suppress(OSError):  # what the thread waits in ends
            self.sock.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.sock.close()


def echo(sock):
    """All that comes goes back, and its end."""
    with sock, contextlib.suppress(ConnectionError):
        while data := sock.recv(1 << 16):
            sock.sendall(data)


@case
def many_addresses_are_one_server():
    """A hundred connections at once, each to another address."""
    with Forwarder(), Server(socket.SOCK_STREAM) as server:
        socks = [connect((FOREIGN + str(i), server.port))
                 for i in range(1, 101)]
        for sock in socks:
            assert sock.getpeername()[0].startswith(FOREIGN)
            sock.sendall(sock.getpeername()[0].encode())
        for sock in socks:
            name = sock.getpeername()[0].encode()
            assert sock.recv(100) == name
            sock.close()


@case
def megabytes_arrive_whole():
    """Both ways at once, by their hashes."""
    with Forwarder(), Server(socket.SOCK_STREAM) as server:
        streams = [Stream(connect((FOREIGN + str(i), server.port)), 8 << 20, i)
                   for i in range(1, 4)]
        pump(streams)
        for stream in streams:
            stream.check()


@case
def nobody_there_is_refused():
    """The host refuses: so does the forwarder, before the handshake is over."""
    with Server(socket.SOCK_STREAM) as server:
        free = server.port
    with Forwarder():
        sock = socket.socket()
        sock.settimeout(10)
        err = sock.connect_ex((FOREIGN + "9", free))
        assert err == errno.ECONNREFUSED, errno.errorcode[err]


@case
def no_way_is_unreachable():
    """The host has no route: the kernel's client is told by ICMP."""
    run("ip", "route", "add", "unreachable", "198.51.100.0/24")
    try:
        with Forwarder("-t", "198.51.100.1"):
            sock = socket.socket()
            sock.settimeout(10)
            sock.setsockopt(socket.IPPROTO_IP, 11, 1)   # IP_RECVERR
            err = sock.connect_ex((FOREIGN + "9", 80))
            assert err == errno.EHOSTUNREACH, errno.errorcode[err]
    finally:
        run("ip", "route", "del", "unreachable", "198.51.100.0/24")


@case
def curl_and_nc_do_not_notice():
    """What people use."""
    if not shutil.which("curl"):
        raise Missing("curl")
    # pylint: disable=consider-using-with
    web = subprocess.Popen(
        ["python3", "-u", "-m", "http.server", "--bind", LOCAL, "8080"],
        cwd="/usr/include", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True)
    try:
        web.stdout.readline()
        with Forwarder(), open("/usr/include/errno.h", encoding="utf8") as f:
            page = run("curl", "-sS", "--max-time", "20",
                       f"http://{FOREIGN}200:8080/errno.h")
            assert page == f.read()
            if shutil.which("nc"):
                run("nc", "-z", "-w", "10", FOREIGN + "201", "8080")
    finally:
        web.kill()
        web.communicate()


@case
def datagrams_come_back():
    """From the address that was asked, of every size."""
    with Forwarder(), Server(socket.SOCK_DGRAM) as server:
        for i, length in enumerate((1, 1000, 1472, 9000)):
            sock = socket.socket(type=socket.SOCK_DGRAM)
            sock.settimeout(10)
            peer = (FOREIGN + str(100 + i), server.port)
            for round_ in range(3):
                data = bytes([round_]) * length
                sock.sendto(data, peer)
                got, source = sock.recvfrom(70000)
                assert (got, source) == (data, peer), (
                    got[:4], len(got), data[:4], source, peer)


@case
def pings_are_answered_when_asked_for():
    """-e; else not."""
    ping = ["ping", "-n", "-q", "-c", "2", "-i", "0.1", "-W", "1", FOREIGN + "1"]
    with Forwarder("-t", LOCAL, "-e"):
        run(*ping)
    with Forwarder():
        assert subprocess.run(ping, check=False, capture_output=True).returncode


@case
def wrong_options_are_told():
    """A sentence and 2."""
    for options, sentence in ((["-n", "0"], "a number from 1 to 10000"),
                              (["-i", "x"], "a number from 1 to 3600"),
                              (["-t", "host"], "A.B.C.D or A.B.C.D:PORT"),
                              (["-t", "1.2.3.4:"], "A.B.C.D or A.B.C.D:PORT"),
                              (["-t", "1.2.3.4:70000"], "is wanted"),
                              (["more"], "one word too many")):
        out = subprocess.run([FORWARDER, *options], check=False,
                             capture_output=True, text=True)
        assert out.returncode == 2 and sentence in out.stderr, (options, out)


def main():
    """The kernel's end, and its way to all the others."""
    enter_namespace()
    libinet_end()
    kernel_end("tap0")
    run("ip", "route", "add", FOREIGN + "0/24", "via", "10.0.0.2")
    run_cases()


main()
