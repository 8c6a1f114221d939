# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of inetrun share: a namespace with the kernel's end of a TAP, the
owner of a stack on the other end, programs run on either side.
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                os.pardir, "system"))
# pylint: disable=wrong-import-position
from peer import (BUILD, KERNEL, Missing, enter_namespace, kernel_end,
                  libinet_end, run)

STACK = "10.0.0.2"
INETRUN = os.path.join(BUILD, "inetrun")
INETSTACKD = os.path.join(BUILD, "inetstackd")
BODY = os.path.join(BUILD, "tests/preload/body")

DEVICE = "tap:tap0,mac=02:00:00:00:00:02"
CONF = f"""# the test's
device "{DEVICE}" {{ addresses = {{"{STACK}/24", "10.0.0.3/24"}} qdisc = "fq" }}
routes = {{"default via {KERNEL}"}}
sysctls = {{"net.ipv4.tcp_keepalive_time = 77"}}
"""


def on_stack(*argv):
    """The command line that runs ARGV on the stack of the test."""
    return [INETRUN, "-n", "test", "--", *argv]


class Owner:
    """inetstackd, in the foreground, with everything the test needs."""

    def __init__(self, *options):
        self.options = options or ("-d", "tap:tap0,mac=02:00:00:00:00:02",
                                   "-a", STACK + "/24", "-g", KERNEL)

    def __enter__(self):
        # pylint: disable=consider-using-with
        self.proc = subprocess.Popen([INETSTACKD, "-n", "test", *self.options],
                                     stdout=subprocess.PIPE, text=True)
        line = self.proc.stdout.readline()
        assert line == "inetstackd: test: ready\n", f"inetstackd said: {line}"
        return self

    def descriptors(self):
        """How many it has open."""
        return len(os.listdir(f"/proc/{self.proc.pid}/fd"))

    @contextlib.contextmanager
    def stopped(self):
        """It does nothing meanwhile."""
        self.proc.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.proc.pid, os.WSTOPPED | os.WNOWAIT)
        yield
        self.proc.send_signal(signal.SIGCONT)

    def kill(self):
        """As it would crash."""
        self.proc.send_signal(signal.SIGKILL)
        self.proc.wait()

    def __exit__(self, kind, *_):
        if self.proc.poll() is None:
            self.proc.terminate()
        code = self.proc.wait(30)
        assert kind or code in (0, -signal.SIGKILL), f"inetstackd: {code}"


def lab():
    """The namespace, with tap0 up, and no process left over when it is left."""
    enter_namespace("--pid", "--fork", "--kill-child", "--mount-proc")
    libinet_end()
    kernel_end("tap0")
    run("ip", "link", "set", "lo", "up")


def need(program):
    """The path of PROGRAM, or the case is skipped."""
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        raise Missing(f"{program} is not installed")
    return path


def other_users():
    """A case needs more than one, or is skipped."""
    if "4294967295" not in run("cat", "/proc/self/uid_map"):
        raise Missing("no other user in this namespace")


class Traced:
    """A program on the stack, under strace: it may open no socket of the kernel's
    Internet families."""

    def __init__(self, *argv, stop=lambda: None, **options):
        self.stop = stop        # what has left our group
        self.log = tempfile.mkstemp()[1]
        self.argv = [need("strace"), "-f", "-qq", "-e", "trace=socket", "-o", self.log,
                     *on_stack(need(argv[0]), *argv[1:])]
        self.options = options

    def run(self, patience=60):
        """To its end, which must be a good one. Return: what it printed."""
        done = subprocess.run(self.argv, timeout=patience, check=False,
                              stdout=subprocess.PIPE, **self.options)
        self.check()
        assert done.returncode == 0, f"{self.argv}: {done.returncode}"
        return done.stdout

    def check(self):
        """Nothing went past the stack."""
        with open(self.log, encoding="utf8") as log:
            opened = [line for line in log if re.search(r"AF_INET", line)]
        os.unlink(self.log)
        assert not opened, opened[0]

    def __enter__(self):
        # pylint: disable=consider-using-with
        self.proc = subprocess.Popen(self.argv, start_new_session=True,
                                     **self.options)
        return self

    def __exit__(self, kind, *_):
        if self.proc.poll() is None:
            os.killpg(self.proc.pid, signal.SIGTERM)
        self.stop()
        self.proc.wait(30)
        if not kind:
            self.check()


def wait_for(address, patience=10):
    """Until somebody listens there."""
    end = time.monotonic() + patience
    while True:
        try:
            socket.create_connection(address, 5).close()
            return
        except OSError as err:
            if time.monotonic() > end:
                raise AssertionError(f"nobody listens at {address}") from err
            time.sleep(0.05)


def conf_file(text):
    """A configuration of that TEXT."""
    path = os.path.join(tempfile.mkdtemp(), "test.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


def python(code, *, wrong=False):
    """Runs python CODE on the stack. Return: what it printed."""
    done = subprocess.run(on_stack(need("python3"), "-c", code), timeout=60,
                          stdout=subprocess.PIPE, text=True, check=False)
    assert wrong or done.returncode == 0, done
    return done.stdout.strip()


def waits(done, what, patience=10):
    """Until DONE()."""
    end = time.monotonic() + patience
    while not done():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def client(code):
    """A program on the stack that has connected to a server of the kernel's, and the
    server's socket. CODE goes on with the connection c.
    """
    with socket.create_server((KERNEL, 0), backlog=200) as server:
        server.settimeout(20)
        # pylint: disable=consider-using-with
        proc = subprocess.Popen(on_stack(
            need("python3"), "-c", "import socket\nc = socket.create_connection(("
            f"'{KERNEL}', {server.getsockname()[1]}))\n"
            f"print('connected', flush=True)\n{code}"),
            stdout=subprocess.PIPE, text=True)
        conn, _ = server.accept()
        conn.settimeout(20)
        assert proc.stdout.readline() == "connected\n"
        return proc, conn
