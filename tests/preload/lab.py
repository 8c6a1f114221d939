# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of inetrun share: a namespace with the kernel's end of a TAP, the
owner of a stack on the other end, programs run on either side.
"""
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
