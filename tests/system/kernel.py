# SPDX-License-Identifier: BSD-2-Clause
"""libinet against the Linux kernel over a TAP, in a namespace of our own.

The echo daemon (examples/echo) is the libinet end of most cases; inetcat is
it where libinet must be the client. SYSTEM_BYTES sets the size of the long
transfer (default 64 MiB; `make check-system-long` takes 1 GiB).
"""
import hashlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("top_builddir", ".")
ECHO = os.path.join(BUILD, "examples/echo")
CAT = os.path.join(BUILD, "inetcat")
BYTES = int(os.environ.get("SYSTEM_BYTES", 64 << 20))
ADDR = ("10.0.0.2", 7)
KERNEL = "10.0.0.1"
# One link address for all: the kernel keeps it for a second (locktime).
DEVICE = ["-d", "tap:tap0,mac=02:00:00:00:00:02", "-a", "10.0.0.2/24"]

CASES = []


def case(func):
    """Marks a test case."""
    CASES.append(func)
    return func


def run(*argv):
    """Runs a command, which must succeed."""
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def enter_namespace():
    """A network namespace with a TAP, or a reason why there is none."""
    if "--inside" not in sys.argv:
        enter = ["unshare", "--net"]
        if os.geteuid() != 0:
            enter[1:1] = ["--user", "--map-root-user"]
        probe = subprocess.run(
            enter + ["ip", "tuntap", "add", "dev", "tap0", "mode", "tap"],
            capture_output=True, text=True, check=False)
        if probe.returncode:
            print(f"1..0 # SKIP no TAP in a namespace: {probe.stderr.strip()}")
            sys.exit(0)
        os.execvp(enter[0], enter + [sys.executable, __file__, "--inside"])
    run("ip", "link", "set", "lo", "up")
    run("ip", "tuntap", "add", "dev", "tap0", "mode", "tap")
    run("ip", "address", "add", KERNEL + "/24", "dev", "tap0")
    run("ip", "link", "set", "tap0", "up")


class Echo:
    """The echo daemon on libinet."""

    def __enter__(self):
        self.proc = subprocess.Popen([ECHO] + DEVICE,
                                     stderr=subprocess.PIPE, text=True)
        line = self.proc.stderr.readline()
        assert "TCP and UDP" in line, f"echo said: {line}"
        return self

    def __exit__(self, *exc):
        self.proc.send_signal(signal.SIGTERM)
        self.tail = self.proc.stderr.read()
        assert self.proc.wait(20) == 0, f"echo ended badly: {self.tail}"


def connect(addr=ADDR, timeout=30):
    """A kernel TCP socket connected to libinet."""
    sock = socket.socket()
    sock.settimeout(timeout)
    sock.connect(addr)
    return sock


def pattern(size, seed=1):
    """A repeatable block of bytes."""
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(size)


def pump(sock, total):
    """Echoes TOTAL bytes through SOCK: (hash sent, hash received)."""
    block = pattern(1 << 20)
    sent, received = hashlib.sha256(), hashlib.sha256()
    left, back, pos = total, 0, 0
    sock.setblocking(False)
    sel = selectors.DefaultSelector()
    sel.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
    while True:
        events = sel.select(30)
        assert events, f"stalled: {left} to send, {back} received"
        mask = events[0][1]
        if mask & selectors.EVENT_WRITE and left:
            n = sock.send(memoryview(block)[pos:pos + min(
                len(block) - pos, left)])
            sent.update(block[pos:pos + n])
            pos = (pos + n) % len(block)
            left -= n
            if not left:
                sock.shutdown(socket.SHUT_WR)
                sel.modify(sock, selectors.EVENT_READ)
        if mask & selectors.EVENT_READ:
            data = sock.recv(1 << 18)
            if not data:
                break
            received.update(data)
            back += len(data)
    assert back == total, f"{back} of {total} bytes came back"
    return sent.hexdigest(), received.hexdigest()


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
    with Echo():
        sent, received = pump(connect(), BYTES)
        assert sent == received


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
    server = socket.create_server((KERNEL, 9000))
    out = tempfile.TemporaryFile()
    proc = subprocess.Popen([CAT] + DEVICE + [KERNEL, "9000"],
                            stdin=subprocess.PIPE, stdout=out)
    proc.stdin.write(b"question")
    proc.stdin.close()
    server.settimeout(10)
    conn, _ = server.accept()
    conn.settimeout(10)
    got = b"".join(iter(lambda: conn.recv(65536), b""))
    assert got == b"question"
    answer = pattern(300000)
    conn.sendall(answer)
    conn.close()
    assert proc.wait(20) == 0
    out.seek(0)
    assert out.read() == answer


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
def tcp_1000_connections_at_once():
    """All open before any is used, then all used."""
    with Echo():
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
        for sock in socks:
            sock.close()


@case
def tcp_10000_connections_one_after_another():
    """Connect, use, close, ten thousand times; memory does not grow."""
    with Echo() as echo:
        sizes = []
        for i in range(10000):
            with connect() as sock:
                if i % 10 == 0:
                    sock.sendall(b"ping")
                    assert sock.recv(10) == b"ping"
                # a reset frees the kernel's port at once
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                b"\1\0\0\0\0\0\0\0")
            if i % 1000 == 999:
                with open(f"/proc/{echo.proc.pid}/statm",
                          encoding="ascii") as f:
                    sizes.append(int(f.read().split()[1]))
        # a sanitizer's quarantine grows, whatever we do
        assert os.environ.get("SAN_CFLAGS") or sizes[-1] <= sizes[1] + 512, f"pages resident: {sizes}"


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


def main():
    """Runs all cases as TAP."""
    enter_namespace()
    if not os.path.exists(ECHO):
        print("1..0 # SKIP examples/echo was not built (libev is missing)")
        return
    failed = 0
    print(f"1..{len(CASES)}", flush=True)
    for i, func in enumerate(CASES, 1):
        start = time.monotonic()
        try:
            func()
            verdict = "ok"
        except (AssertionError, OSError, subprocess.SubprocessError) as err:
            verdict = "not ok"
            failed += 1
            print(f"# {func.__name__}: {type(err).__name__}: {err}")
        print(f"{verdict} {i} - {func.__name__}", flush=True)
        print(f"# {time.monotonic() - start:.1f} s", flush=True)
    sys.exit(1 if failed else 0)


main()
