#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The socket-semantics suite (body.c) on the kernel and, by inetrun, on libinet: each
line that it prints is one case, and must be the same. What differs stands in
DIFFERENT with its reason, and must differ.
"""
import re
import socket
import struct
import subprocess
import sys
import threading

from lab import BODY, KERNEL, STACK, Owner, lab, on_stack
from peer import run

PATIENCE = 25           # seconds for the whole of it
SYNCNT = "RFC 9293 MUST-23: three minutes of SYNs, seven of them"
DIFFERENT = {
    "raw_above_a_byte": "a packet of IPv4 has no room for such a protocol",
    "default_TCP_SYNCNT": SYNCNT,
    "listening_TCP_SYNCNT": SYNCNT,
    "connected_TCP_SYNCNT": SYNCNT,
    **dict.fromkeys(["set_SO_TIMESTAMP", "set_SO_TIMESTAMPNS", "set_SO_TIMESTAMPING",
                     "set_SO_ZEROCOPY", "set_TCP_INQ"],
                    "text goes through AF_UNIX alone"),
}


class Peer(threading.Thread):
    """Does with sockets of the kernel what the body says."""

    def __init__(self, own):
        super().__init__(daemon=True)
        self.own = own
        self.listener = socket.create_server((KERNEL, 0))
        self.listener.settimeout(10)
        self.port = self.listener.getsockname()[1]
        self.control, self.theirs = socket.socketpair(socket.AF_UNIX,
                                                      socket.SOCK_SEQPACKET)
        self.conn, self.dgram, self.kept = None, None, []

    def run(self):
        while True:
            words = self.control.recv(256).decode().split()
            if not words:
                return
            try:
                answer = getattr(self, words[0])(*words[1:]) or "ok"
            except OSError as err:
                answer = f"error {err.errno}"
            self.control.send(answer.encode())

    def take(self, conn):
        """The connection from now on; the old one stays open."""
        conn.settimeout(10)
        self.kept.append(self.conn)
        self.conn = conn

    def accept(self):
        """Takes who has connected."""
        self.take(self.listener.accept()[0])

    def connect(self, port):
        """Connects to the body."""
        self.take(socket.create_connection((self.own, int(port)), 10))

    def refused(self, port):
        """Connects until it is refused, at most for a while."""
        for _ in range(100):
            try:
                socket.create_connection((self.own, int(port)), 10).close()
            except ConnectionRefusedError:
                return "refused"
            except ConnectionResetError:
                pass
        return "accepted"

    def send(self, text):
        """Sends TEXT."""
        self.conn.sendall(text.encode())

    def recv(self, length):
        """Says what came: LENGTH bytes, or less and how it ended."""
        got = b""
        try:
            while len(got) < int(length):
                data = self.conn.recv(int(length) - len(got))
                if not data:
                    return f"{got.decode()} and the end"
                got += data
        except ConnectionResetError:
            return f"{got.decode()} and a reset"
        except TimeoutError:
            return f"{got.decode()} and nothing"
        return got.decode()

    def udp(self):
        """Another socket for datagrams. Says its port."""
        self.kept.append(self.dgram)
        self.dgram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.dgram.settimeout(5)
        self.dgram.bind((KERNEL, 0))
        return str(self.dgram.getsockname()[1])

    def urecv(self):
        """Says the next datagram."""
        return "got " + self.dgram.recvfrom(100)[0].decode()

    def usend(self, port, text):
        """Sends TEXT."""
        self.dgram.sendto(text.encode(), (self.own, int(port)))

    def uecho(self):
        """Sends the next one back."""
        data, address = self.dgram.recvfrom(1 << 16)
        self.dgram.sendto(data, address)

    def fin(self):
        """Half-closes."""
        self.conn.shutdown(socket.SHUT_WR)

    def rst(self):
        """Resets."""
        self.conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.conn.close()

    def close(self):
        """Closes."""
        self.conn.close()

    def echo(self):
        """From now on sends back what comes, in the background."""
        def work(conn):
            while data := conn.recv(1 << 16):
                conn.sendall(data)
            conn.close()
        threading.Thread(target=work, args=(self.conn,), daemon=True).start()


def body(own, prefix):
    """Runs the suite. Return: {name: what happened}, in order."""
    peer = Peer(own)
    peer.start()
    argv = [*prefix, BODY, KERNEL, str(peer.port), own, str(peer.theirs.fileno())]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True,
                          pass_fds=[peer.theirs.fileno()]) as proc:
        watchdog = threading.Timer(PATIENCE, proc.kill)
        watchdog.start()
        lines = dict(re.match(r"(\w+): (.*)", line).groups()
                     for line in proc.stdout)
        lines["exit_status"] = str(proc.wait())
        watchdog.cancel()
    return lines


def main():
    """Compares."""
    lab()
    with open("/proc/sys/net/ipv4/ping_group_range", "w", encoding="ascii") as file:
        file.write("0 0")       # as Debian's systemd does, for everybody
    run("ip", "address", "flush", "dev", "tap0")
    run("ip", "address", "add", f"{KERNEL}/24", "broadcast", "+", "dev", "tap0")
    kernel = body(KERNEL, [])
    with Owner():
        ours = body(STACK, on_stack())
    names = list(dict.fromkeys([*kernel, *ours]))
    failed = 0
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        same = kernel.get(name) == ours.get(name)
        good = same != (name in DIFFERENT)
        failed += not good
        if not good:
            print(f"# kernel: {kernel.get(name)}")
            print(f"# libinet: {ours.get(name)}")
        print("ok" if good else "not ok", number, "-", name)
    sys.exit(1 if failed else 0)


main()
