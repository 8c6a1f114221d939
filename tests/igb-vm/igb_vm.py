#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The igb device on QEMU's 82576, against the Linux kernel on another one.

make check-igb-vm asks for it (IGB_VM=1): this script runs itself again in a
virtual machine (vm.sh) and passes on what it says there. IGB_VM_MIB sets the
size of the long transfer, IGB_VM_CASES a pattern for names of cases. make
igb-vm-figures (IGB_VM=figures) measures instead, which judges nothing.

The machine has two wires with a card of ours and one of the kernel's each: peer,
and peer1, are the namespaces of the latter. Where it is measured all are on one.
"""
import contextlib
import ctypes
import fcntl
import hashlib
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.getcwd()
OURS, PEER = "10.99.0.2", "10.99.0.1"
OURS1, PEER1 = "10.99.1.2", "10.99.1.1"
PATIENCE = 60
CASE_SECONDS = 600      # a case that takes longer hangs
MIB = 1 << 20
CASES, FIGURES = [], []


def case(function):
    """One case of the suite, by its name."""
    CASES.append(function)
    return function


def figure(function):
    """One measurement."""
    FIGURES.append(function)
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

class Program:
    """One of ours on cards, in a process group of its own."""

    def __init__(self, *command, wait="link is up", **options):
        self.log = f"/tmp/{os.path.basename(command[0])}.{time.monotonic_ns()}"
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                command, stderr=log, start_new_session=True, text=True,
                **{"stdout": log, **options})
        assert until(lambda: wait in self.said()), self.said()

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


class Echo(Program):
    """The echo daemon on card NUMBER, with ARGUMENTS for the device."""

    def __init__(self, arguments="", number=0):
        device = "igb:" + os.environ["IGB_VFIO_BDFS"].split()[number]
        super().__init__(BUILD + "/examples/echo", "-d", device + arguments,
                         "-a", f"10.99.{number}.2/24", "-p", "7")


class Card(Program):
    """card.c on the first cards, one for each of ARGUMENTS."""

    def __init__(self, *arguments, specs=None):
        specs = specs or [
            f"igb:{bdf}{more}=10.99.{number}.2/24" for number, (bdf, more) in
            enumerate(zip(os.environ["IGB_VFIO_BDFS"].split(),
                          arguments or ("",)))]
        super().__init__(BUILD + "/tests/igb-vm/card", *specs,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def tell(self, *words):
        """What it prints for a command, as lines."""
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().rstrip()) != "ok":
            assert line and not line.startswith("error"), (words, line)
            lines.append(line)
        return lines


def connect(address=OURS, port=7):
    """A connection of the kernel."""
    return socket.create_connection((address, port), timeout=PATIENCE)


def echoed(sock, block, times=1):
    """Sends BLOCK as often and its end, and reads until the end: the same?"""
    def send():
        for _ in range(times):
            sock.sendall(block)
        sock.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    sent, came, length = hashlib.sha256(), hashlib.sha256(), 0
    while piece := sock.recv(1 << 18):
        came.update(piece)
        length += len(piece)
    sender.join()
    assert length == len(block) * times, f"{length} bytes came back"
    for _ in range(times):
        sent.update(block)
    assert sent.digest() == came.digest()


def in_peer1(*arguments):
    """This script in the other namespace, as a process."""
    return subprocess.Popen(
        ["nsenter", "--net=/run/netns/peer1", sys.executable,
         os.path.abspath(__file__), *arguments], text=True,
        stdout=subprocess.PIPE)


def messages():
    """How many messages each vector of the card has sent."""
    with open("/proc/interrupts", encoding="ascii") as table:
        lines = [line.split() for line in table if "vfio-msix" in line]
    found = {}
    for words in lines:
        vector = int(re.search(r"vfio-msix\[(\d+)\]", " ".join(words))[1])
        found[vector] = sum(int(w) for w in words[1:] if w.isdigit())
    return found


def packet_socket():
    """All frames of the peer's interface, each as it was on the wire."""
    link = os.environ["IGB_PEER_IF"]
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    sock.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)    # SO_RCVBUFFORCE
    sock.bind((link, 0))
    no_gro = struct.pack("II", 0x2c, 0)                 # ETHTOOL_SGRO
    memory = bytearray(no_gro)
    address = struct.pack("P", _address_of(memory))
    fcntl.ioctl(sock, 0x8946, link.encode().ljust(16, b"\0") + address)
    return sock


def _address_of(memory):
    return ctypes.addressof((ctypes.c_char * len(memory)).from_buffer(memory))


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
    with Echo(), connect() as sock:
        echoed(sock, os.urandom(MIB), int(os.environ["IGB_VM_MIB"]))


@case
def stream_comes_back_by_heads_that_are_written_back():
    """And not by descriptors."""
    with Echo(",headwb"), connect() as sock:
        echoed(sock, os.urandom(MIB), 8)


@case
def stream_of_jumbo_frames_comes_back_whole():
    """Frames that lie in several buffers."""
    link = os.environ["IGB_PEER_IF"]
    run("ip", "link", "set", link, "mtu", "9000")
    try:
        with Echo(",mtu=9000"):
            said = run("ping", "-c", "2", "-M", "do", "-s", "8972", OURS)
            assert " 0% packet loss" in said, said
            with connect() as sock:
                echoed(sock, os.urandom(MIB), 8)
            datagrams_come_back(8973)
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


def pattern(size):
    """SIZE bytes that tell it."""
    return (bytes((size + i) & 255 for i in range(256)) * 36)[:size]


def datagrams_come_back(end):
    """One of each size below END, a few under way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((OURS, 7))
        window = 16 if end < 2000 else 6        # what a socket holds
        for first in range(1, end, window):
            sizes = range(first, min(first + window, end))
            for size in sizes:
                sock.send(pattern(size))
            for size in sizes:
                assert sock.recv(end) == pattern(size), size


@case
def datagrams_of_every_size_come_back():
    """One of each size up to the MTU; of jumbo frames above."""
    with Echo():
        datagrams_come_back(1473)


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


@case
def idle_daemon_sleeps():
    """Nobody reads an event, nobody is woken, no vector has a message."""
    def state():
        with open(f"/proc/{echo.process.pid}/io", encoding="ascii") as file:
            reads = re.search(r"syscr: (\d+)", file.read())[1]
        with open(f"/proc/{echo.process.pid}/status", encoding="ascii") as file:
            turns = re.search(r"\nvoluntary_ctxt_switches:\s*(\d+)",
                              file.read())[1]
        return reads, turns, messages()

    with Echo() as echo:
        start = state()
        with connect() as sock:
            echoed(sock, b"awake")
        assert state()[0] != start[0] and state()[1] != start[1]

        def sleeps():
            quiet = state()
            time.sleep(10)
            return state() == quiet

        # the watchdog, and what the stack has to do with the neighbour
        assert until(sleeps, 90), state()


def toeplitz(key, data):
    """Of the specification: the window of the key for each bit that is set."""
    window, result = int.from_bytes(key, "big"), 0
    for i in range(len(data) * 8):
        if data[i // 8] >> (7 - i % 8) & 1:
            result ^= window >> (len(key) * 8 - 32 - i)
    return result & 0xffffffff


def seen(card):
    """What has arrived since, by its fields."""
    return [line.split() for line in card.tell("seen")]


@case
def flows_are_hashed_by_toeplitz_and_the_table():
    """256 of them over 8 queues."""
    with Card(",queues=8") as card:
        for _ in range(256):
            with contextlib.suppress(ConnectionRefusedError):
                connect(port=4444)
        key, table = map(bytes.fromhex, card.tell("rss"))
        flows = {}
        for words in seen(card):
            if len(words) == 7 and words[6].endswith(f"{4444:04x}"):
                flows[words[6]] = int(words[4]), int(words[5], 16)
        assert len(flows) == 256, len(flows)
        for flow, (queue, value) in flows.items():
            assert value == toeplitz(key, bytes.fromhex(flow)), flow
            assert queue == table[value & 127], flow
        assert {queue for queue, _ in flows.values()} == set(range(8))


ROAD = ("irq_handle igb_msix_ring napi_schedule __napi_schedule "
        "____napi_schedule net_rx_action napi->poll igb_poll igb_clean_rx_irq "
        "eth_type_trans napi_gro_receive netif_receive_skb "
        "__netif_receive_skb_core deliver_skb ptype_base[] ").split()


@case
def road_leads_from_the_message_to_the_protocols():
    """By a recording on this device: to ARP, and to IPv4."""
    with Card() as card:
        card.tell("feature", "gro", 0)      # what is held goes up later
        run("ip", "neigh", "flush", "dev", os.environ["IGB_PEER_IF"])
        with subprocess.Popen(["ping", "-c", "5", "-i", "0.3", OURS],
                              stdout=subprocess.DEVNULL):
            said = card.tell("road", 3000)[0].split()
        for last in ("arp_rcv", "ip_rcv"):
            want = ROAD + [last]
            assert any(said[i:i + len(want)] == want
                       for i in range(len(said))), (last, said[:400])


@case
def filter_passes_what_is_ours():
    """Our address, broadcast, groups that were joined; and more if it is told."""
    ours, other = os.environ["IGB_VFIO_MAC"].replace(":", ""), "020000000077"
    group, stranger = "01005e010203", "01005e7f0001"
    link = packet_socket()

    def passes(card):
        for number, mac in enumerate((ours, other, group, stranger,
                                      "ffffffffffff")):
            link.send(bytes.fromhex(mac + "525400990001" + "88b5") +
                      bytes([number]) * 46)
        came = []
        until(lambda: came.extend(w[0] for w in seen(card) if w[2] == "88b5") or
              "ffffffffffff" in came)
        return set(came) - {"ffffffffffff"}

    with link, Card() as card:
        assert passes(card) == {ours}
        card.tell("mc", group)
        assert passes(card) == {ours, group}
        card.tell("allmulti", 1)
        assert passes(card) == {ours, group, stranger}
        card.tell("promisc", 1)
        assert passes(card) == {ours, other, group, stranger}
        card.tell("promisc", -1)
        card.tell("allmulti", -1)
        assert passes(card) == {ours, group}
        card.tell("mac", other)
        assert passes(card) == {other, group}


def ones_sum(data):
    """Of the Internet."""
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def captured(link, mac, proto):
    """IPv4 packets of PROTO from MAC that wait in LINK: right in every sum."""
    link.setblocking(False)
    packets = []
    with contextlib.suppress(BlockingIOError):
        while True:
            frame = link.recv(1 << 16)
            if frame[6:12].hex() != mac or frame[12:14] != b"\x08\0" or \
                    frame[23] != proto:
                continue
            assert len(frame) <= 1514, len(frame)
            ip = frame[14:14 + int.from_bytes(frame[16:18], "big")]
            assert ones_sum(ip[:20]) == 0xffff, ip[:20].hex()
            pseudo = ip[12:20] + struct.pack("!HH", proto, len(ip) - 20)
            assert ones_sum(pseudo + ip[20:]) == 0xffff, ip[:60].hex()
            packets.append(ip)
    return packets


@case
def wire_shows_segments_with_right_sums():
    """Captured at the other end; with and without the card's help."""
    mac = os.environ["IGB_VFIO_MAC"].replace(":", "")
    with Card() as card:
        for tx, tso in ((1, 1), (1, 0), (0, 0)):
            card.tell("feature", "tx", tx)
            card.tell("feature", "tso", tso)
            card.tell("source", 1)
            before = int(card.tell("counter", "tx_tcp_seg_good")[0])
            with packet_socket() as link:
                with connect(port=19) as sock:
                    got = 0
                    while piece := sock.recv(1 << 16):
                        assert not any(piece)
                        got += len(piece)
                cut = int(card.tell("counter", "tx_tcp_seg_good")[0])
                tcp = captured(link, mac, 6)
                card.tell("udp", 1000, 20, PEER)
                udp = []
                until(lambda: udp.extend(captured(link, mac, 17)) or
                      len(udp) >= 20)
            assert got == MIB, got
            data = {}
            for ip in tcp:
                at = int.from_bytes(ip[24:28], "big")
                data[at] = max(data.get(at, 0), len(ip) - 20 -
                               (ip[32] >> 4) * 4)
            assert sum(data.values()) >= MIB, sum(data.values())
            assert (cut > before) == bool(tso), (before, cut, tso)
            assert len(udp) >= 20, len(udp)


@contextlib.contextmanager
def kernels_vlan(vid, address):
    """The kernel's VLAN on the wire, with ADDRESS."""
    run("ip", "link", "add", "link", os.environ["IGB_PEER_IF"], "name", "vlan",
        "type", "vlan", "id", str(vid))
    try:
        run("ip", "address", "add", address, "dev", "vlan")
        run("ip", "link", "set", "vlan", "up")
        yield
    finally:
        run("ip", "link", "del", "vlan")


@case
def vlan_of_the_kernel_is_ours():
    """Tags and checksums and segments by the cards of both ends; another VLAN, and
    none, are apart."""
    specs = [f"igb:{os.environ['IGB_VFIO_BDF']}={OURS}/24",
             "vlan:igb0,id=5=10.5.0.2/24"]
    with kernels_vlan(5, "10.5.0.1/24"), Card(specs=specs) as card:
        said = run("ping", "-c", "2", "-i", "0.2", "-s", "4000", "10.5.0.2")
        assert " 0% packet loss" in said, said
        card.tell("source", 8)
        before = int(card.tell("counter", "tx_tcp_seg_good")[0])
        with connect("10.5.0.2", 19) as sock:
            got = 0
            while piece := sock.recv(1 << 16):
                got += len(piece)
        assert got == 8 * MIB, got
        assert int(card.tell("counter", "tx_tcp_seg_good")[0]) > before
        with connect("10.5.0.2", 9) as sock:
            sock.sendall(bytes(4 * MIB))
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(1) == b""
        run("ping", "-c", "1", OURS)
    with kernels_vlan(6, "10.5.0.1/24"), Card(specs=specs):
        assert "100% packet loss" in run("ping", "-c", "1", "-W", "2",
                                         "10.5.0.2", check=False)


@case
def vlans_of_the_kernel_on_a_tap_are_ours():
    """The test that this machine's kernel can run."""
    said = run(BUILD + "/tests/system/test_vlan_kernel")
    assert "skipped" not in said.lower() and "FAILED" not in said, said


@case
def two_cards_forward():
    """One stack between two networks: what the one has merged the other cuts."""
    with Card("", "") as card:
        card.tell("sysctl", "net.ipv4.ip_forward", 1)
        run("ip", "route", "replace", "10.99.1.0/24", "via", OURS)
        run("nsenter", "--net=/run/netns/peer1", "ip", "route", "replace",
            "10.99.0.0/24", "via", OURS1)
        assert until(lambda: " 0% packet loss" in run(
            "ping", "-c", "2", "-i", "0.2", "-s", "4000", PEER1, check=False))
        server = in_peer1("--echo")
        try:
            assert until(lambda: server.stdout.readline()) == "ready\n"
            with connect(PEER1, 7000) as sock:
                echoed(sock, os.urandom(MIB), 8)
        finally:
            server.kill()
            server.wait()


@case
def two_processes_have_a_card_each():
    """At the same time."""
    with Echo(), Echo(number=1):
        other = in_peer1("--client")
        with connect() as sock:
            echoed(sock, os.urandom(MIB), 8)
        assert other.wait(PATIENCE) == 0


def monitor(command):
    """Tells QEMU. A line of its own: the monitor may hold the start of another,
    when its greeting was echoed to it before the guest had set up the port."""
    with open(os.environ["IGB_VM_MONITOR"], "w", encoding="ascii") as port:
        port.write(f"\n{command}\n")


def link_of(program):
    """Up or down, by the last that it has printed of it."""
    return ([""] + re.findall(r"link is (\w+)\n", program.said()))[-1]


@case
def link_goes_and_comes():
    """The plug of the virtual wire."""
    with Echo() as echo:
        for plug, state in (("off", "down"), ("on", "up")):
            monitor(f"set_link nic0 {plug}")
            assert until(lambda want=state: link_of(echo) == want), echo.said()
        with connect() as sock:
            echoed(sock, b"again")


@case
def daemon_that_is_killed_leaves_a_card_for_the_next():
    """Without a word; the kernel resets it."""
    echo = Echo()
    os.killpg(echo.process.pid, signal.SIGKILL)
    echo.process.wait(PATIENCE)
    with Echo(), connect() as sock:
        echoed(sock, b"next")


@case
def card_goes_to_the_kernel_and_back():
    """By inet-igb-bind, which does not take one that the machine uses."""
    bdf = os.environ["IGB_VFIO_BDFS"].split()[1]
    outside = ["nsenter", "--net=/proc/1/ns/net"]

    def tool(*words):
        return run(*outside, BUILD + "/inet-igb-bind", *words, bdf, check=False)

    said = tool("unbind")
    assert "drivers_probe" in said, said
    link = until(lambda: os.listdir(f"/sys/bus/pci/devices/{bdf}/net"))[0]
    run(*outside, "ip", "address", "add", OURS1 + "/24", "dev", link)
    said = tool("bind")
    assert f"{link} has an address of the host's" in said, said
    assert "driver igb" in tool("show")
    run(*outside, "ip", "address", "flush", "dev", link)
    said = tool("bind")
    assert "driver vfio-pci" in tool("show"), said
    with Echo(number=1):
        assert in_peer1("--client").wait(PATIENCE) == 0


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


# ---- figures ---------------------------------------------------------------

@figure
def frames_per_second():
    """Of the bare loop and of the stack, in turn; nobody takes them."""
    with Card() as card:
        for size in (60, 1514):
            for row in range(4):
                rates = [card.tell("raw", size, 32000, batch)[0]
                         for batch in (32, 1)]
                rates += [card.tell("path", size, 32000, batch)[0]
                          for batch in (32, 1)]
                rates += card.tell("xmit", size, 32000)
                if row:
                    print(f"{size} bytes: bare {rates[0]}, a doorbell each "
                          f"{rates[1]}, driver {rates[2]}, a doorbell each "
                          f"{rates[3]}, dev_queue_xmit {rates[4]}", flush=True)


def mark(word):
    """What is outside adds the seconds that the machine has used till then."""
    print("mark " + word, flush=True)


def bulk(send, mib):
    """MiB per second to or from port 9 or 19 of our address."""
    block = bytes(MIB)
    with connect(port=9 if send else 19) as sock:
        begun = time.monotonic()
        if send:
            for _ in range(mib):
                sock.sendall(block)
            sock.shutdown(socket.SHUT_WR)
            sock.recv(1)
        else:
            memory = bytearray(MIB)
            while sock.recv_into(memory):
                pass
    return mib / (time.monotonic() - begun)


def ours(mib):
    """Bulk from and to our stack, and between two of ours."""
    second = os.environ["IGB_VFIO_BDFS"].split()[1]
    with Card() as card:
        card.tell("source", mib)
        rates = bulk(False, mib), bulk(True, mib)
        with Card(specs=[f"igb:{second}=10.99.0.3/24"]) as other:
            card.tell("source", mib)
            mark("")
            rates += float(other.tell("drain", OURS)[0]),
            mark(f"libinet, two of a kind, {mib} MiB")
            return rates


def bind(driver):
    """Gives the first card to DRIVER."""
    bdf = os.environ["IGB_VFIO_BDF"]
    for path, text in ((f"devices/{bdf}/driver/unbind", bdf),
                       (f"devices/{bdf}/driver_override", driver),
                       ("drivers_probe", bdf)):
        with open("/sys/bus/pci/" + path, "w", encoding="ascii") as file:
            file.write(text)


def kernels(mib):
    """The same from and to the kernel's on the same card."""
    bind("igb")
    bdf = os.environ["IGB_VFIO_BDF"]
    try:
        link = until(lambda: os.listdir(f"/sys/bus/pci/devices/{bdf}/net"))[0]
        run("nsenter", "--net=/proc/1/ns/net", "ip", "link", "set", link,
            "netns", "kernel")
        inside = ["nsenter", "--net=/run/netns/kernel"]
        run(*inside, "ip", "addr", "replace", OURS + "/24", "dev", link)
        run(*inside, "ip", "link", "set", link, "up")
        server = subprocess.Popen([*inside, sys.executable,
                                   os.path.abspath(__file__), "--serve",
                                   str(mib)], stdout=subprocess.PIPE)
        try:
            assert server.stdout.readline() == b"ready\n"
            assert until(lambda: " 0% packet loss" in run(
                "ping", "-c", "1", "-W", "1", OURS, check=False))
            mark("")
            out = bulk(False, mib)
            mark(f"kernel, two of a kind, {mib} MiB")
            return out, bulk(True, mib), out
        finally:
            server.kill()
            server.wait()
    finally:
        bind("vfio-pci")


@figure
def tcp_in_bulk():
    """Ours and the kernel's on the same card, in turn: against the kernel, and
    two of a kind. The former's limit is the kernel's end."""
    run("ip", "netns", "add", "kernel")
    for _ in range(3):
        for name, what in (("libinet", ours), ("kernel", kernels)):
            out, into, pair = what(int(os.environ["IGB_VM_MIB"]))
            print(f"{name}: sends {out:.1f}, receives {into:.1f}, "
                  f"two of a kind {pair:.1f} MiB/s", flush=True)


# ---- beside, in other namespaces -------------------------------------------

def serve(mib):
    """What card.c serves, by the kernel."""
    memory = bytearray(MIB)
    discard, source = (socket.create_server(("", port)) for port in (9, 19))
    print("ready", flush=True)
    with source.accept()[0] as sock:
        for _ in range(mib):
            sock.sendall(memory)
    with discard.accept()[0] as sock:
        while sock.recv_into(memory):
            pass


def echo_server():
    """One client is enough."""
    with socket.create_server(("", 7000)) as listener:
        print("ready", flush=True)
        with listener.accept()[0] as sock:
            while piece := sock.recv(1 << 16):
                sock.sendall(piece)
            sock.shutdown(socket.SHUT_WR)
            sock.recv(1)


def client():
    """Of the daemon on the second card."""
    with connect(OURS1) as sock:
        echoed(sock, os.urandom(MIB), 8)


def overdue(*_):
    """A case that hangs ends with where it does, and the others still run."""
    raise TimeoutError(f"not over after {CASE_SECONDS} s")


def guest():
    """Runs all cases in the peer's namespace; the daemon needs none."""
    failed = 0
    cases = FIGURES if os.environ["IGB_VM_ASKED"] == "figures" else CASES
    cases = [function for function in cases if
             re.search(os.environ["IGB_VM_CASES"], function.__name__)]
    print(f"1..{len(cases)}", flush=True)
    signal.signal(signal.SIGALRM, overdue)
    for number, function in enumerate(cases, 1):
        begun = time.monotonic()
        try:
            signal.alarm(CASE_SECONDS)
            function()
            word = "ok"
        except Exception:       # pylint: disable=broad-except
            word, failed = "not ok", failed + 1
            print("# " + traceback.format_exc().replace("\n", "\n# "))
        finally:
            signal.alarm(0)
        print(f"# {time.monotonic() - begun:.1f} s\n"
              f"{word} {number} - igb_vm_{function.__name__}", flush=True)
    return 1 if failed else 0


# ---- outside ---------------------------------------------------------------

def main():
    """Starts the machine, or says why not."""
    if os.environ.get("IGB_VM") == "guest":
        os.execvp("nsenter", ["nsenter", "--net=/run/netns/peer",
                              sys.executable, os.path.abspath(__file__),
                              "--in-peer"])
    asked = os.environ.get("IGB_VM")
    if asked not in ("1", "figures"):
        print("1..0 # SKIP make check-igb-vm runs it")
        return 0
    machine = os.path.join(HERE, "vm.sh")
    if subprocess.run([machine, "--ready"], check=False).returncode:
        print("1..0 # SKIP no machine: scripts/deps igb")
        return 0
    words = [f"{name}={os.environ.get(name, default)}" for name, default in
             (("IGB_VM_MIB", "256"), ("IGB_VM_CASES", ""))]
    wires = "1" if asked == "figures" else "2"
    command = [machine, "--nics", "2", "--wires", wires, "--timeout",
               os.environ.get("IGB_VM_TIMEOUT", "1200"), "--", "env",
               "IGB_VM_ASKED=" + asked, *words, sys.executable,
               os.path.abspath(__file__)]
    used = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=
                          os.environ.get("top_builddir", ".")) as process:
        for line in process.stdout:
            if line.startswith("mark"):
                before, used = used, seconds_below(process.pid)
                line = line[5:].strip()
                if not line:
                    continue
                line = f"{line}: {used - before:.2f} s of the processor\n"
            print(line, end="", flush=True)
    return process.returncode


def seconds_below(top):
    """Of the processor, by the children of the process TOP and theirs."""
    total, parents = {}, {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/stat", encoding="ascii",
                      errors="replace") as file:
                words = file.read().rpartition(")")[2].split()
            parents[int(pid)] = int(words[1])
            total[int(pid)] = int(words[11]) + int(words[12])
    family = {top}
    for _ in range(4):
        family |= {pid for pid, parent in parents.items() if parent in family}
    return sum(total.get(pid, 0) for pid in family) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    INSIDE = {"--in-peer": guest, "--echo": echo_server, "--client": client,
              "--serve": lambda: serve(int(sys.argv[2]))}
    sys.exit(INSIDE.get((sys.argv[1:] or [""])[0], main)())
