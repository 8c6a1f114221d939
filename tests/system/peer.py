# SPDX-License-Identifier: BSD-2-Clause
"""What the tests against the Linux kernel share: a namespace with the kernel's
end of a link, the echo daemon (examples/echo) or inetcat on libinet at the
other end, streams that are hashed, and the run of the cases as TAP.
"""
import hashlib
import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.environ.get("top_builddir", ".")
ECHO = os.path.join(BUILD, "examples/echo")
CAT = os.path.join(BUILD, "inetcat")
RELAY = os.path.join(BUILD, "tests/tools/relay")
ADDR = ("10.0.0.2", 7)
KERNEL = "10.0.0.1"
# One link address for all: the kernel keeps it for a second (locktime).
DEVICE = ["-d", "tap:tap0,mac=02:00:00:00:00:02", "-a", "10.0.0.2/24"]

CASES = []


class Missing(Exception):
    """What a case needs is not there: it is skipped."""


def case(func):
    """Marks a test case."""
    CASES.append(func)
    return func


def size(name, default):
    """A number from the environment."""
    return int(os.environ.get(name, default))


def run(*argv):
    """Runs a command, which must succeed. Return: what it says."""
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def enter_namespace(*options):
    """A network namespace where we may make TAPs, or a reason against it. OPTIONS are
    more of unshare's."""
    if "--inside" in sys.argv:
        return
    enter = ["unshare", "--net", *options]
    if os.geteuid() != 0:
        enter[1:1] = ["--user", "--map-root-user"]
    probe = subprocess.run(
        enter + ["ip", "tuntap", "add", "dev", "tap0", "mode", "tap"],
        capture_output=True, text=True, check=False)
    if probe.returncode:
        print(f"1..0 # SKIP no TAP in a namespace: {probe.stderr.strip()}")
        sys.exit(0)
    os.execvp(enter[0], enter + [sys.executable, sys.argv[0], "--inside"])


def libinet_end():
    """Makes tap0, for libinet."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "tuntap", "add", "dev", "tap0", "mode", "tap")


def kernel_end(device):
    """Gives DEVICE the kernel's address."""
    run("ip", "address", "add", KERNEL + "/24", "dev", device)
    run("ip", "link", "set", device, "up")


class Echo:
    """The echo daemon on libinet, with OPTIONS."""

    def __init__(self, *options):
        self.options = options

    def __enter__(self):
        # pylint: disable=consider-using-with
        self.proc = subprocess.Popen([ECHO, *DEVICE, *self.options],
                                     stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE, text=True)
        line = self.said()
        assert "TCP and UDP" in line, f"echo said: {line}"
        return self

    def said(self):
        """What it says next; not what the stack logs."""
        line = self.proc.stderr.readline()
        while line.startswith("libinet: "):
            line = self.proc.stderr.readline()
        return line

    def usage(self):
        """What the stack holds: {"sockets": 2, ...}."""
        self.proc.send_signal(signal.SIGUSR1)
        return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", self.said())}

    def resident(self):
        """Pages of memory in use."""
        with open(f"/proc/{self.proc.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1])

    def wait_until(self, done, seconds=20):
        """Waits until DONE(what the stack holds)."""
        for _ in range(seconds * 10):
            held = self.usage()
            if done(held):
                return
            time.sleep(0.1)
        raise AssertionError(f"the stack holds {held}")

    def wait_until_idle(self, seconds=20):
        """Nothing is left over but the two sockets that listen, and perhaps
        the packet that the TAP reads into."""
        self.wait_until(lambda held: held["clients"] == 0 and
                        held["sockets"] == 2 and held["skbs"] <= 1, seconds)

    def end(self, *signals):
        """Ends it by SIGNALS. Return: what it printed, and said."""
        for number in signals or [signal.SIGTERM]:
            self.proc.send_signal(number)
        return self.ended()

    def ended(self):
        """It ends. Return: what it printed, and said."""
        out, err = self.proc.communicate(timeout=60)
        assert self.proc.returncode == 0, f"echo ended badly: {err}"
        return out, err

    def __exit__(self, kind, *_):
        if kind:
            self.proc.kill()
            self.proc.communicate()
        elif self.proc.returncode is None:
            self.end()


def connect(addr=ADDR, timeout=30):
    """A kernel TCP socket connected to libinet."""
    sock = socket.socket()
    sock.settimeout(timeout)
    sock.connect(addr)
    return sock


def pattern(length, seed=1):
    """A repeatable block of bytes."""
    return hashlib.shake_128(seed.to_bytes(4, "big")).digest(length)


class Stream:
    """Bytes on their way through the echo and back, hashed at both ends."""

    def __init__(self, sock, total, seed=1):
        self.sock = sock
        self.block = pattern(1 << 20, seed)
        self.left, self.back, self.total, self.pos = total, 0, total, 0
        self.sent, self.received = hashlib.sha256(), hashlib.sha256()
        sock.setblocking(False)

    def write(self):
        """Sends what the socket takes. Return: all is sent."""
        end = self.pos + min(len(self.block) - self.pos, self.left)
        n = self.sock.send(memoryview(self.block)[self.pos:end])
        self.sent.update(self.block[self.pos:self.pos + n])
        self.pos = (self.pos + n) % len(self.block)
        self.left -= n
        if not self.left:
            self.sock.shutdown(socket.SHUT_WR)
        return not self.left

    def read(self):
        """Reads what there is. Return: the end was reached."""
        data = self.sock.recv(1 << 18)
        self.received.update(data)
        self.back += len(data)
        return not data

    def check(self):
        """All came back, unharmed."""
        assert self.back == self.total, f"{self.back} of {self.total} bytes"
        assert self.sent.digest() == self.received.digest(), "other bytes"


def pump(streams, patience=30):
    """Runs all streams to their end."""
    sel = selectors.DefaultSelector()
    for stream in streams:
        sel.register(stream.sock, selectors.EVENT_READ |
                     selectors.EVENT_WRITE, stream)
    while sel.get_map():
        events = sel.select(patience)
        assert events, "stalled: " + ", ".join(
            f"{s.data.left} to send, {s.data.back} back"
            for s in sel.get_map().values())
        for key, mask in events:
            stream = key.data
            if mask & selectors.EVENT_WRITE and stream.left and \
                    stream.write():
                sel.modify(stream.sock, selectors.EVENT_READ, stream)
            if mask & selectors.EVENT_READ and stream.read():
                sel.unregister(stream.sock)
                stream.sock.close()
                stream.check()


def in_parallel(workers, total, func):
    """Calls func(0 .. total - 1) from WORKERS threads; all must succeed."""
    failures, numbers = [], iter(range(total))
    lock = threading.Lock()

    def work():
        while not failures:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                func(number)
            except (AssertionError, OSError) as err:
                failures.append(f"{number}: {type(err).__name__}: {err}")

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def half_close_by_libinet(question, answer, patience):
    """inetcat connects, sends QUESTION and ends; the kernel's ANSWER comes
    after that. Each step may take PATIENCE seconds.
    """
    with socket.create_server((KERNEL, 9000)) as server, \
            tempfile.TemporaryFile() as out:
        server.settimeout(patience)
        with subprocess.Popen([CAT] + DEVICE + [KERNEL, "9000"],
                              stdin=subprocess.PIPE, stdout=out) as proc:
            proc.stdin.write(question)
            proc.stdin.close()
            conn, _ = server.accept()
            conn.settimeout(patience)
            got = b"".join(iter(lambda: conn.recv(65536), b""))
            assert got == question, f"{len(got)} bytes"
            conn.sendall(answer)
            conn.close()
            assert proc.wait(patience) == 0
        out.seek(0)
        assert out.read() == answer


def kernel_has_no_connections():
    """ss finds no connection of the kernel that is open or closing."""
    for _ in range(100):
        out = subprocess.run(["ss", "-Htan", "state", "connected", "exclude",
                              "time-wait"], capture_output=True, text=True,
                             check=True).stdout
        if not out:
            return
        time.sleep(0.1)
    raise AssertionError(f"the kernel still has: {out[:300]}")


def skip_without_echo():
    """Ends the run if there is no echo daemon."""
    if not os.path.exists(ECHO):
        print("1..0 # SKIP examples/echo was not built (libev is missing)")
        sys.exit(0)


def run_cases():
    """Runs all cases as TAP."""
    failed = 0
    print(f"1..{len(CASES)}", flush=True)
    for i, func in enumerate(CASES, 1):
        start = time.monotonic()
        try:
            func()
            verdict, reason = "ok", ""
        except Missing as missing:
            verdict, reason = "ok", f" # SKIP {missing}"
        except (AssertionError, OSError, subprocess.SubprocessError) as err:
            verdict, reason = "not ok", ""
            failed += 1
            print(f"# {func.__name__}: {type(err).__name__}: {err}")
        print(f"{verdict} {i} - {func.__name__}{reason}", flush=True)
        print(f"# {time.monotonic() - start:.1f} s", flush=True)
    sys.exit(1 if failed else 0)
