#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Programs on the stack that die by SIGKILL under load, one a second, and an owner that
does. What they were connected to, on the kernel, must be told of each; nothing may hang,
no byte be another one, and nothing be left: descriptors, sockets, memory.

KILLS_SEED, KILLS_SECONDS, KILLS_CONNECTIONS and KILLS_PROGRAMS are settings: make
check-kills has five minutes of 10,000 connections.
"""
import contextlib
import errno
import os
import random
import resource
import selectors
import socket
import struct
import subprocess
import sys
import time

BLOCK = random.Random(1).randbytes(1 << 16)
ASKED = 4000            # bytes under way, at most
RATE = 200              # questions a second, of each process
PORTS = 8               # of the kernel's servers
PATIENCE = 60           # seconds; nothing here is expected to take them
ENDS = (errno.ECONNRESET, errno.EPIPE)


class Conn:
    """One connection: it asks, and compares the answer, or it answers."""

    def __init__(self, sock, asks, program=None):
        self.sock, self.asks, self.program = sock, asks, program
        self.sent = self.got = 0
        self.out = b""


class Side:
    """All connections of one process."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.selector = selectors.DefaultSelector()
        self.conns = {}
        self.asking = []
        self.errors = {0: 0}    # how connections have ended
        self.asked = time.monotonic()

    def add(self, sock, asks, program=None):
        """A connection more."""
        sock.setblocking(False)
        conn = Conn(sock, asks, program)
        self.conns[sock.fileno()] = conn
        if asks:
            self.asking.append(conn)
        self.selector.register(sock, selectors.EVENT_READ, conn)
        return conn

    def end(self, conn, error):
        """It is over, by a FIN if there is no ERROR."""
        assert not error or error in ENDS, os.strerror(error)
        self.errors[error] = self.errors.get(error, 0) + 1
        self.selector.unregister(conn.sock)
        del self.conns[conn.sock.fileno()]
        if conn.asks:
            self.asking.remove(conn)
        conn.sock.close()

    def close(self):
        """Ends all."""
        for conn in list(self.conns.values()):
            self.end(conn, 0)

    def write(self, conn):
        """What the next one takes."""
        with contextlib.suppress(BlockingIOError):
            conn.out = conn.out[conn.sock.send(conn.out):]
        self.selector.modify(conn.sock, selectors.EVENT_READ | (
            selectors.EVENT_WRITE if conn.out else 0), conn)

    def read(self, conn):
        """Answers, or compares. Return: False at the end."""
        data = conn.sock.recv(1 << 16)
        if not data:
            return False
        if conn.asks:
            at = conn.got % len(BLOCK)
            assert data == (BLOCK + BLOCK)[at:at + len(data)], "other bytes"
        elif conn.program is None:
            assert len(data) >= 4
            conn.program, = struct.unpack("!I", data[:4])
            data = data[4:]
        conn.got += len(data)
        if not conn.asks and data:
            conn.out += data
            self.write(conn)
        return True

    def ask(self):
        """Some that wait for no answer ask again."""
        now = time.monotonic()
        how_many = min(int((now - self.asked) * RATE), RATE)
        if how_many:
            self.asked = now
        for conn in self.random.sample(self.asking, min(how_many, len(self.asking))):
            if conn.sent != conn.got or conn.out:
                continue
            at, size = conn.sent % len(BLOCK), self.random.randint(1, ASKED)
            conn.out = (BLOCK + BLOCK)[at:at + size]
            conn.sent += size
            self.guard(conn, self.write)

    def guard(self, conn, work):
        """WORK(conn), and the end that it may find."""
        try:
            if work(conn) is False:
                self.end(conn, 0)
                return False
        except BlockingIOError:
            pass
        except OSError as err:
            self.end(conn, err.errno)
            return False
        return True

    def pump(self, seconds=0.02):
        """Waits, and does what there is to do."""
        self.ask()
        for key, events in self.selector.select(seconds):
            if callable(key.data):
                key.data()
            elif (not events & selectors.EVENT_READ or self.guard(key.data, self.read)) \
                    and events & selectors.EVENT_WRITE:
                self.guard(key.data, self.write)


def program(role, number, count, *places):
    """On the stack: a client with COUNT connections to PLACES of the kernel's, or a server
    at one of the stack's. It ends when its connections were reset, all of them."""
    side = Side(number)
    if role == "client":
        for i in range(count):
            sock = socket.create_connection(places[i % len(places)])
            sock.sendall(struct.pack("!I", number))
            side.add(sock, True)
    else:
        server = socket.create_server(places[0], backlog=count)
        server.setblocking(False)

        def accept():
            with contextlib.suppress(BlockingIOError):
                while True:
                    side.add(server.accept()[0], False, number)
        side.selector.register(server, selectors.EVENT_READ, accept)
    print("ready", flush=True)
    while True:
        side.pump()
        if not side.conns and side.errors.get(errno.ECONNRESET):
            sys.exit(7)


if __name__ == "__main__" and sys.argv[1:2] == ["--program"]:
    program(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]),
            *[(a, int(p)) for a, p in (x.split(":") for x in sys.argv[5:])])

# pylint: disable=wrong-import-position
from lab import KERNEL, STACK, Owner, lab, on_stack, waits   # noqa: E402
from peer import BUILD, case, run, run_cases, size           # noqa: E402

SEED = size("KILLS_SEED", 1)
SECONDS = size("KILLS_SECONDS", 6)
CONNECTIONS = size("KILLS_CONNECTIONS", 240)
PROGRAMS = size("KILLS_PROGRAMS", 6)


class Turmoil:
    """The kernel's side, and the programs."""

    def __init__(self):
        self.side = Side(SEED)
        self.random = random.Random(SEED)
        self.programs = {}
        self.begun = {}
        self.number = self.killed = 0
        self.servers = [socket.create_server((KERNEL, 0), backlog=4096)
                        for _ in range(PORTS)]
        for server in self.servers:
            server.setblocking(False)
            self.side.selector.register(server, selectors.EVENT_READ,
                                        lambda s=server: self.accept(s))

    def accept(self, server):
        """Programs have connected."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.side.add(server.accept()[0], False)

    def pump_until(self, done, what):
        """Goes on until DONE(), which nothing may hinder."""
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, f"seed {SEED}: {what} ({self.number} programs, " \
                f"{len(self.side.conns)} connections, ends {self.side.errors})"
            self.side.pump()

    def start(self):
        """One program more, of either role, with its connections."""
        self.number += 1
        number, count = self.number, CONNECTIONS // PROGRAMS
        role = self.random.choice(["client", "server"])
        places = [f"{KERNEL}:{s.getsockname()[1]}" for s in self.servers]
        if role == "server":
            places = [f"{STACK}:{2000 + number}"]
        # pylint: disable=consider-using-with
        proc = subprocess.Popen(on_stack(
            sys.executable, os.path.abspath(__file__), "--program", role, str(number),
            str(count), *places), stdout=subprocess.PIPE)
        self.programs[number] = proc
        self.side.selector.register(proc.stdout, selectors.EVENT_READ,
                                    lambda: self.begins(number, proc))
        self.pump_until(lambda: number in self.begun, f"a {role} does not begin")
        assert self.begun[number] == b"ready\n", f"seed {SEED}: a {role} has ended"
        for _ in range(count if role == "server" else 0):
            self.side.add(socket.create_connection((STACK, 2000 + number), PATIENCE),
                          True, number)

    def begins(self, number, proc):
        """A program has said so, or has ended."""
        self.side.selector.unregister(proc.stdout)
        self.begun[number] = proc.stdout.readline()

    def kill(self, number):
        """By SIGKILL. Whoever it was connected to must be told."""
        proc = self.programs.pop(number)
        proc.kill()
        proc.wait()
        proc.stdout.close()
        self.killed += 1
        self.pump_until(lambda: not any(c.program == number for c in
                                        self.side.conns.values()),
                        "a peer is not told of a death")

    def rage(self, seconds):
        """Kills one a second, and has another one take its place."""
        while len(self.programs) < PROGRAMS:
            self.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            tick = time.monotonic() + 1
            while time.monotonic() < tick:
                self.side.pump()
            self.kill(self.random.choice(sorted(self.programs)))
            self.start()
            for proc in self.programs.values():
                assert proc.poll() is None, f"seed {SEED}: one ended: {proc.returncode}"

    def kill_all(self):
        """Nobody is left."""
        for number in sorted(self.programs):
            self.kill(number)

    def outlive(self, owner):
        """The owner dies: each program must find all its connections reset."""
        owner.kill()
        end = time.monotonic() + PATIENCE
        for proc in self.programs.values():
            assert proc.wait(max(1, end - time.monotonic())) == 7, proc.returncode
            proc.stdout.close()
        self.programs.clear()
        self.side.close()

    def nothing_is_left(self, owner, before):
        """Of what they had, but what waits for its time to end."""
        waits(lambda: owner.descriptors() == before, "descriptors are left", PATIENCE)
        ended = ("TIME-WAIT", "FIN-WAIT-2")
        waits(lambda: not [line for line in run(
            os.path.join(BUILD, "inet-ss"), "-N", "test", "-taH").splitlines()
            if not line.startswith(ended)], "sockets are left", PATIENCE)


def resident(owner):
    """KiB of memory that it has."""
    with open(f"/proc/{owner.proc.pid}/status", encoding="ascii") as file:
        return int(file.read().split("VmRSS:")[1].split()[0])


@case
def programs_and_the_owner_are_killed_under_load():
    """A third of the time with an owner that dies at the end, two thirds with the next,
    whose memory comes back in the last to what it was, when TIME-WAIT is over."""
    turmoil = Turmoil()
    with Owner() as owner:
        turmoil.rage(SECONDS / 3)
        turmoil.outlive(owner)
    with Owner() as owner:
        before = owner.descriptors()
        memory = []
        for _ in range(2):
            turmoil.rage(SECONDS / 3)
            turmoil.kill_all()
            turmoil.nothing_is_left(owner, before)
            memory.append(resident(owner))
        waits(lambda: resident(owner) < memory[0] * 1.25 + 4096, "memory is left",
              2 * PATIENCE)
    ends = {errno.errorcode.get(e, "FIN"): n for e, n in turmoil.side.errors.items()}
    print(f"# seed {SEED}: {turmoil.killed} programs killed, connections ended by {ends}, "
          f"memory of the owner {memory} KiB")


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    lab()
    run_cases()
