#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The igb device on QEMU's 82576, against the Linux kernel on another one.

make check-igb-vm asks for it (IGB_VM=1): this script runs itself again in a
virtual machine (vm.sh) and passes on what it says there. IGB_VM_MIB sets the
size of the long transfer.
"""
import contextlib
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.getcwd()
OURS, PEER = "10.99.0.2", "10.99.0.1"
PATIENCE = 60
CASES = []


def case(function):
    """One case of the suite, by its name."""
    CASES.append(function)
    return function


def run(*command, check=True):
    """What COMMAND prints."""
    return subprocess.run(command, check=check, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE).stdout


def until(what, seconds=PATIENCE):
    """Waits until WHAT() is true and returns it."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.05)


# ---- inside the machine ----------------------------------------------------

class Echo:
    """The echo daemon on the card, with ARGUMENTS for the device."""

    def __init__(self, arguments=""):
        self.log = "/tmp/echo.log"
        device = "igb:" + os.environ["IGB_VFIO_BDF"] + arguments
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [BUILD + "/examples/echo", "-d", device, "-a", OURS + "/24",
                 "-p", "7"], stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True)
        assert until(lambda: "link is up" in self.said()), self.said()

    def said(self):
        """All it has printed."""
        with open(self.log, encoding="utf-8") as log:
            return log.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(PATIENCE)


def connect():
    """A connection of the kernel to the daemon."""
    return socket.create_connection((OURS, 7), timeout=PATIENCE)


def echoed(sock, data):
    """Sends DATA and its end, and reads until the end. Return: its hash."""
    def send():
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    digest, length = hashlib.sha256(), 0
    while piece := sock.recv(1 << 16):
        digest.update(piece)
        length += len(piece)
    sender.join()
    assert length == len(data), f"{length} of {len(data)} bytes came back"
    return digest.digest()


def messages():
    """How many messages each vector of the card has sent."""
    with open("/proc/interrupts", encoding="ascii") as table:
        lines = [line.split() for line in table if "vfio-msix" in line]
    found = {}
    for words in lines:
        vector = int(re.search(r"vfio-msix\[(\d+)\]", " ".join(words))[1])
        found[vector] = sum(int(w) for w in words[1:] if w.isdigit())
    return found


@case
def pings_of_all_sizes_are_answered():
    """ARP, ICMP, and datagrams in fragments."""
    with Echo():
        for size in (0, 1, 56, 1472, 1473, 8000, 20000):
            said = run("ping", "-c", "2", "-i", "0.2", "-W", "5", "-s",
                       str(size), OURS)
            assert " 0% packet loss" in said, said


@case
def stream_comes_back_whole():
    """Checksums and segments of both cards, each way."""
    data = os.urandom(1 << 20) * int(os.environ.get("IGB_VM_MIB", "16"))
    with Echo(), connect() as sock:
        assert echoed(sock, data) == hashlib.sha256(data).digest()


@case
def stream_of_jumbo_frames_comes_back_whole():
    """Frames that lie in several buffers."""
    data = os.urandom(1 << 20) * 8
    link = os.environ["IGB_PEER_IF"]
    run("ip", "link", "set", link, "mtu", "9000")
    try:
        with Echo(",mtu=9000"):
            said = run("ping", "-c", "2", "-M", "do", "-s", "8972", OURS)
            assert " 0% packet loss" in said, said
            with connect() as sock:
                assert echoed(sock, data) == hashlib.sha256(data).digest()
    finally:
        run("ip", "link", "set", link, "mtu", "1500")


@case
def thousand_connections_are_served():
    """One after another and many at once."""
    with Echo():
        for start in range(0, 1000, 100):
            socks = [connect() for _ in range(100)]
            for number, sock in enumerate(socks):
                sock.sendall(b"%d" % (start + number))
            for number, sock in enumerate(socks):
                assert sock.recv(10) == b"%d" % (start + number)
                sock.close()


@case
def datagrams_of_every_size_come_back():
    """One of each size up to the MTU, lost ones again."""
    with Echo(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((OURS, 7))
        for size in range(1, 1473):
            data = bytes((size + i) & 255 for i in range(size))
            sock.send(data)
            assert sock.recv(2000) == data, size


@case
def flows_are_spread_over_the_vectors():
    """Eight queues; what is idle sends no message."""
    with Echo(",queues=8"):
        before = messages()
        assert set(before) == set(range(9)), before
        socks = [connect() for _ in range(128)]
        for sock in socks:
            sock.sendall(b"x")
            assert sock.recv(1) == b"x"
        after = messages()
        for vector in range(1, 9):
            assert after[vector] > before[vector], (vector, before, after)
        for sock in socks:
            sock.close()
        time.sleep(8)
        quiet = messages()
        time.sleep(5)
        assert messages() == quiet, (quiet, messages())


@case
def link_goes_and_comes():
    """The plug of the virtual wire."""
    with Echo() as echo, open(os.environ["IGB_VM_MONITOR"], "w",
                              encoding="ascii") as monitor:
        for state in ("off", "on"):
            monitor.write(f"set_link nic0 {state}\n")
            monitor.flush()
            word = "link is down" if state == "off" else "link is up"
            assert until(lambda w=word: echo.said().rstrip().endswith(w)), \
                echo.said()
        with connect() as sock:
            assert echoed(sock, b"again") == hashlib.sha256(b"again").digest()


@case
def daemon_that_is_killed_leaves_a_card_for_the_next():
    """Without a word; the kernel resets it."""
    echo = Echo()
    os.killpg(echo.process.pid, signal.SIGKILL)
    echo.process.wait(PATIENCE)
    with Echo(), connect() as sock:
        assert echoed(sock, b"next") == hashlib.sha256(b"next").digest()


@case
def card_is_unbound_while_it_is_open():
    """The last case: who unbinds it does not wait for the daemon."""
    with Echo() as echo:
        start = time.monotonic()
        with open("/sys/bus/pci/drivers/vfio-pci/unbind", "w",
                  encoding="ascii") as unbind:
            unbind.write(os.environ["IGB_VFIO_BDF"])
        assert time.monotonic() - start < PATIENCE
        assert "the kernel wants the card back" in echo.said(), echo.said()
        assert echo.process.poll() is None


def guest():
    """Runs all cases in the peer's namespace; the daemon needs none."""
    failed = 0
    print(f"1..{len(CASES)}", flush=True)
    for number, function in enumerate(CASES, 1):
        begun = time.monotonic()
        try:
            function()
            word = "ok"
        except Exception:       # pylint: disable=broad-except
            word, failed = "not ok", failed + 1
            print("# " + traceback.format_exc().replace("\n", "\n# "))
        print(f"{word} {number} - igb_vm_{function.__name__} "
              f"# {time.monotonic() - begun:.1f} s", flush=True)
    return 1 if failed else 0


# ---- outside ---------------------------------------------------------------

def main():
    """Starts the machine, or says why not."""
    if os.environ.get("IGB_VM") == "guest":
        os.execvp("nsenter", ["nsenter", "--net=/run/netns/peer",
                              sys.executable, os.path.abspath(__file__),
                              "--in-peer"])
    if os.environ.get("IGB_VM") != "1":
        print("1..0 # SKIP make check-igb-vm runs it")
        return 0
    machine = os.path.join(HERE, "vm.sh")
    if subprocess.run([machine, "--ready"], check=False).returncode:
        print("1..0 # SKIP no machine: tests/igb-vm/vm.sh --prepare")
        return 0
    return subprocess.run([machine, "--timeout",
                           os.environ.get("IGB_VM_TIMEOUT", "900"), "--",
                           sys.executable, os.path.abspath(__file__)],
                          cwd=os.environ.get("top_builddir", "."),
                          check=False).returncode


if __name__ == "__main__":
    sys.exit(guest() if "--in-peer" in sys.argv else main())
