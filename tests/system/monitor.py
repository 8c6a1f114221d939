# SPDX-License-Identifier: BSD-2-Clause
"""The simulation's monitor judges recordings of the Linux kernel: with itself,
over a clean link and a bad one, and with libinet. Where the kernel breaks a
rule the rule is wrong; where libinet does, libinet is.

SYSTEM_SEED sets the seed of the faults, SYSTEM_KEEP a folder in which the
recordings stay.
"""
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

from peer import (ADDR, BUILD, KERNEL, RELAY, Echo, Stream, case, connect,
                  enter_namespace, in_parallel, pattern, pump, run, run_cases,
                  size, skip_without_echo)

MONITOR = os.path.join(BUILD, "tests/sim/monitor-pcap")
SEED = size("SYSTEM_SEED", 1)
FAULTS = f"delay=10ms,loss=3%,dup=1%,reorder=2%,corrupt=1%,seed={SEED}"
NEAR, FAR = "10.9.0.1", "10.9.0.2"
PORT = 7000
OFFLOADS = ("rx", "tx", "sg", "tso", "gso", "gro")
KEEP = os.environ.get("SYSTEM_KEEP")
RST_AT_CLOSE = (socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


# ---- namespaces and devices ------------------------------------------------

class Far:
    """Another namespace, and threads that enter it for a socket."""

    def __enter__(self):
        # pylint: disable=consider-using-with
        self.proc = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
        while os.readlink(self.path()) == os.readlink("/proc/self/ns/net"):
            time.sleep(0.01)
        return self

    def path(self):
        """The file of the namespace."""
        return f"/proc/{self.proc.pid}/ns/net"

    def there(self):
        """What puts a command into it."""
        return ["nsenter", "--net=" + self.path()]

    def server(self, port):
        """A socket that listens there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net", "rb") as here, \
                open(self.path(), "rb") as there:
            assert libc.setns(there.fileno(), 0) == 0, ctypes.get_errno()
            try:
                return socket.create_server((FAR, port), backlog=256)
            finally:
                assert libc.setns(here.fileno(), 0) == 0

    def __exit__(self, *_):
        self.proc.terminate()
        self.proc.wait()


def device_up(prefix, name, address):
    """No offloads, no IPv6, no BBR, which hides what a link loses; an
    address."""
    run(*prefix, "sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1")
    for control in ("cubic", "reno"):           # the first may be forbidden
        if not subprocess.run(
                [*prefix, "sysctl", "-qw",
                 "net.ipv4.tcp_congestion_control=" + control],
                capture_output=True, check=False).returncode:
            break
    for offload in OFFLOADS:
        subprocess.run([*prefix, "ethtool", "-K", name, offload, "off"],
                       capture_output=True, check=False)
    run(*prefix, "ip", "address", "add", address + "/24", "dev", name)


class Recorder:
    """tcpdump on a device."""

    def __init__(self, prefix, name, path):
        self.path = path
        # pylint: disable=consider-using-with
        self.proc = subprocess.Popen(
            [*prefix, "tcpdump", "-i", name, "-w", path, "-s", "0", "-B",
             "32768", "-Z", "root", "--immediate-mode", "--time-stamp-precision=nano"],
            stderr=subprocess.PIPE, text=True)
        for line in self.proc.stderr:
            if "listening on" in line:
                return
        raise AssertionError("tcpdump does not listen")

    def stop(self):
        """Ends it; it must have missed nothing."""
        time.sleep(0.5)                 # what is in its buffer
        self.proc.send_signal(signal.SIGINT)
        said = self.proc.communicate(timeout=20)[1]
        assert "\n0 packets dropped by kernel" in said, said


@contextlib.contextmanager
def workshop():
    """A folder for recordings."""
    path = KEEP or tempfile.mkdtemp(prefix="monitor-")
    try:
        yield path
    finally:
        if not KEEP:
            shutil.rmtree(path)


def judge(*arguments):
    """What the monitor says of a recording. Return: its exit status, text."""
    out = subprocess.run([MONITOR, *arguments], capture_output=True,
                         text=True, check=False, timeout=120)
    return out.returncode, out.stdout + out.stderr


def acquit(*arguments):
    """The monitor must find nothing. Whoever answers waits for a processor
    now and then."""
    status, said = judge("-l", "2000", *arguments)
    print("# " + said.strip().replace("\n", "\n# "))
    assert status == 0, f"exit status {status}"


# ---- what is recorded -------------------------------------------------------

def serve(listener):
    """Echoes each connection to its end; a thread each."""
    def one(sock):
        with sock, contextlib.suppress(OSError):
            first = sock.recv(65536)
            if first.startswith(b"slow"):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                time.sleep(2)
            if first.startswith(b"bye"):        # and does not read the rest
                return
            while first:
                sock.sendall(first)
                first = sock.recv(65536)

    with contextlib.suppress(OSError):
        while True:
            threading.Thread(target=one, args=(listener.accept()[0],),
                             daemon=True).start()


def talk(addr, data, end=True):
    """Sends DATA, and reads until the other end has ended."""
    with connect(addr, 60) as sock:
        sock.sendall(data)
        if end:
            sock.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            return b"".join(iter(lambda: sock.recv(65536), b""))


def exercise(addr, volume, short):
    """All kinds of connections to an echo at ADDR."""
    pump([Stream(connect(addr, 60), volume, i) for i in range(2)], 60)
    in_parallel(4, short, lambda i: talk(addr, pattern(1 + i * 37, i)))
    with connect(addr, 60) as sock:             # single bytes
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(50):
            sock.sendall(b"%c" % (65 + i % 26))
            assert len(sock.recv(1)) == 1
    for _ in range(5):                          # resets, and none at all
        with connect(addr, 60) as sock:
            sock.sendall(pattern(5000))
            sock.setsockopt(*RST_AT_CLOSE)
        connect(addr, 60).close()
    with contextlib.suppress(ConnectionRefusedError):
        connect((addr[0], 9), 60)
        raise AssertionError("not refused")


def exercise_kernels():
    """What only a server of ours does: it stalls, it closes first."""
    exercise((FAR, PORT), 1 << 20, 60)
    talk((FAR, PORT), b"slow" + pattern(60000))
    for _ in range(3):
        talk((FAR, PORT), b"bye", end=False)
        with contextlib.suppress(OSError):
            talk((FAR, PORT), b"bye" + pattern(200000))


# ---- cases -----------------------------------------------------------------

def duplicate_an_ack(path):
    """Doctors a recording: the twentieth bare ACK of the near end comes forty
    times."""
    with open(path, "rb") as f:
        data = f.read()
    pos, count = 24, 0
    while count < 20:
        length = struct.unpack_from("<I", data, pos + 8)[0]
        frame = data[pos:pos + 16 + length]
        count += (length == 66 and frame[16 + 14 + 20 + 13] == 16 and
                  frame[16 + 26:16 + 30] == socket.inet_aton(NEAR))
        pos += 16 + length
    with open(path, "wb") as f:
        f.write(data[:pos] + frame * 40 + data[pos:])


@case
def kernel_with_itself_over_a_veth():
    """A recording of both ends, and one end alone: with two processors a veth
    lets frames overtake each other, so that it tells nothing of the other. A
    doctored one does not pass."""
    with Far() as far, workshop() as folder:
        run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
        run("ip", "link", "set", "v1", "netns", str(far.proc.pid))
        device_up([], "v0", NEAR)
        device_up(far.there(), "v1", FAR)
        run("ip", "link", "set", "v0", "up")
        run(*far.there(), "ip", "link", "set", "v1", "up")
        recorder = Recorder([], "v0", folder + "/veth0.pcap")
        other = Recorder(far.there(), "v1", folder + "/veth1.pcap")
        with far.server(PORT) as listener:
            threading.Thread(target=serve, args=(listener,),
                             daemon=True).start()
            exercise_kernels()
        recorder.stop()
        other.stop()
        run("ip", "link", "delete", "v0")
        acquit(f"{NEAR}={recorder.path}", f"{FAR}={other.path}")
        acquit("-j", NEAR, f"{NEAR}={recorder.path}", FAR)
        duplicate_an_ack(recorder.path)
        status, said = judge("-j", NEAR, f"{NEAR}={recorder.path}", FAR)
        assert status == 1 and "an ACK that answers nothing" in said, said


@case
def kernel_with_itself_over_a_bad_link():
    """A recording at each end, the relay between."""
    with Far() as far, workshop() as folder, \
            subprocess.Popen([RELAY, "-f", FAULTS, "tap:k0", "tap:k1"],
                             stdout=subprocess.PIPE, text=True) as relay:
        try:
            assert relay.stdout.readline() == "relay: ready\n"
            run("ip", "link", "set", "k1", "netns", str(far.proc.pid))
            device_up([], "k0", NEAR)
            device_up(far.there(), "k1", FAR)
            run(*far.there(), "ip", "link", "set", "k1", "up")
            run("ip", "link", "set", "k0", "up")
            recorders = [Recorder([], "k0", folder + "/near.pcap"),
                         Recorder(far.there(), "k1", folder + "/far.pcap")]
            with far.server(PORT) as listener:
                threading.Thread(target=serve, args=(listener,),
                                 daemon=True).start()
                exercise_kernels()
            for recorder in recorders:
                recorder.stop()
        finally:
            relay.terminate()
        acquit(f"{NEAR}={recorders[0].path}", f"{FAR}={recorders[1].path}")


@case
def kernel_with_libinet_over_a_bad_link():
    """The echo daemon is the other end, and records itself: what reaches its
    TAP has not reached it yet."""
    run("ip", "tuntap", "add", "dev", "tap0", "mode", "tap")
    run("ip", "link", "set", "tap0", "arp", "off", "up")
    with workshop() as folder, \
            subprocess.Popen([RELAY, "-f", FAULTS, "tap:k2", "tap0"],
                             stdout=subprocess.PIPE, text=True) as relay:
        try:
            assert relay.stdout.readline() == "relay: ready\n"
            device_up([], "k2", KERNEL)
            run("ip", "link", "set", "k2", "up")
            recorder = Recorder([], "k2", folder + "/kernel.pcap")
            with Echo("-w", folder + "/libinet.pcapng") as echo:
                exercise(ADDR, 1 << 20, 60)
                echo.wait_until_idle(60)
            recorder.stop()
        finally:
            relay.terminate()
        acquit("-e", "50", f"{ADDR[0]}={folder}/libinet.pcapng",
               f"{KERNEL}={recorder.path}")


if not os.path.exists(MONITOR) or not shutil.which("tcpdump"):
    print("1..0 # SKIP no monitor-pcap (libpcap is missing) or no tcpdump")
    sys.exit(0)
skip_without_echo()
enter_namespace()
run("ip", "link", "set", "lo", "up")
run_cases()
