#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What programs and their peers may want of inetstackd, and do not get: memory for
ever, waits, all descriptors, all turns, datagrams that look like something else.
"""
import resource
import socket
import struct
import subprocess

from lab import (CONF, KERNEL, STACK, Owner, client, conf_file, lab, need, on_stack,
                 python, waits)
from peer import case, run, run_cases

FILL = ("c.setblocking(False)\ntry:\n    while True: c.send(bytes(65536))\n"
        "except BlockingIOError: pass")


def udp_program(code):
    """A program on the stack that has the socket s, bound to port 5000, and goes on
    with CODE when it has read a line.
    """
    # pylint: disable=consider-using-with
    proc = subprocess.Popen(on_stack(
        need("python3"), "-c", "import os, socket\ns = socket.socket(type="
        f"socket.SOCK_DGRAM)\ns.bind(('{STACK}', 5000))\n"
        f"print('ready', flush=True)\ninput()\n{code}"),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert proc.stdout.readline() == "ready\n"
    return proc


def udp_peer():
    """A socket of the kernel's."""
    peer = socket.socket(type=socket.SOCK_DGRAM)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    peer.bind((KERNEL, 0))
    peer.settimeout(20)
    return peer


@case
def closed_connection_to_a_full_window_ends():
    """The program has sent more than its peer reads, and is gone: as of an orphan of
    Linux's the stack gives up after tcp_orphan_retries probes.
    """
    conf = CONF.replace("tcp_keepalive_time = 77", "tcp_orphan_retries = 1")
    with Owner("-c", conf_file(conf)) as owner:
        before = owner.descriptors()
        proc, conn = client(FILL)
        proc.wait(20)
        waits(lambda: owner.descriptors() == before, "it is held for ever", 30)
        conn.close()


@case
def close_that_lingers_stops_nobody():
    """SO_LINGER of a minute, and a peer that does not acknowledge: others go on."""
    with Owner():
        proc, conn = client("import struct, time\nc.setsockopt(socket.SOL_SOCKET, "
                            "socket.SO_LINGER, struct.pack('ii', 1, 60))\n"
                            "c.recv(1)\ntime.sleep(0.5)\nc.send(b'lost')")
        conn.send(b"-")
        run("ip", "link", "set", "tap0", "down")
        proc.wait(20)
        done = subprocess.run(on_stack(need("python3"), "-c", "import socket\n"
                                       f"socket.socket().bind(('{STACK}', 1))"),
                              timeout=20, check=False)
        run("ip", "link", "set", "tap0", "up")
        conn.close()
    assert done.returncode == 0, done


@case
def owner_without_descriptors_refuses():
    """The next socket is refused, nobody waits for ever, and when they are given back
    it serves again.
    """
    code = ("import socket\nk, why = [], set()\nfor _ in range({}):\n    try:\n"
            "        s = socket.socket(type=socket.SOCK_DGRAM)\n"
            "        k.append(s)\n        s.getsockname()\n"
            "    except OSError as e: why.add(e.errno)\nprint(*why)")
    with Owner() as owner:
        before = owner.descriptors()
        resource.prlimit(owner.proc.pid, resource.RLIMIT_NOFILE,
                         (before + 20, before + 20))
        said = [python(code.format(60))]
        waits(lambda: owner.descriptors() == before, "descriptors are left")
        said.append(python(code.format(5)))
    assert said[0] and not said[1], said


@case
def sender_of_many_datagrams_leaves_room_for_others():
    """Two sockets with 150 messages each, which the owner sees at once: neither has to
    wait for all of the other.
    """
    with Owner() as owner, udp_peer() as peer:
        with udp_program(f"k = [socket.socket(type=socket.SOCK_DGRAM) for _ in 'ab']\n"
                         "for t in k:\n"
                         f"    t.connect(('{KERNEL}', {peer.getsockname()[1]}))\n"
                         "    t.send(b'-')\n"
                         "print('connected', flush=True)\ninput()\n"
                         "for t, b in zip(k, (b'a', b'b')):\n"
                         "    for _ in range(150): t.send(b)\n"
                         "print('sent', flush=True)\ninput()") as proc:
            proc.stdin.write("\n")
            proc.stdin.flush()
            assert proc.stdout.readline() == "connected\n"
            assert peer.recv(9) + peer.recv(9) == b"--"
            with owner.stopped():
                proc.stdin.write("\n")
                proc.stdin.flush()
                assert proc.stdout.readline() == "sent\n"
            order = b"".join(peer.recv(9) for _ in range(300))
            proc.communicate("\n", 20)
    assert sorted(order) == sorted(b"a" * 150 + b"b" * 150), order
    assert order.index(b"b") < order.rindex(b"a") and \
        order.index(b"a") < order.rindex(b"b"), order


@case
def readers_of_one_socket_do_not_mix():
    """Four processes read one socket; each datagram names the port it came from."""
    code = ("for i in range(3):\n    if not os.fork(): break\n"
            "s.settimeout(2)\nbad = n = 0\ntry:\n    while True:\n"
            "        data, a = s.recvfrom(2000)\n        n += 1\n"
            "        bad += not data.startswith(b'%d ' % a[1])\n"
            "except TimeoutError: pass\nos.write(1, b'%d %d\\n' % (n, bad))\n")
    with Owner(), udp_peer() as one, udp_peer() as two:
        with udp_program(code) as proc:
            proc.stdin.write("\n")
            proc.stdin.flush()
            for i in range(20000):
                peer = (one, two)[i % 2]
                peer.sendto(b"%d " % peer.getsockname()[1] + bytes(i % 900),
                            (STACK, 5000))
            said = proc.stdout.read().split()
    assert sum(map(int, said[::2])) > 1000 and not sum(map(int, said[1::2])), said


@case
def datagram_that_looks_like_ours_is_one():
    """What a peer sends is data, whatever it begins with: of a connected socket nothing
    else is in front of it.
    """
    fake = struct.pack("16siI", b"\177inet datagram\1", 111, 0) + bytes(60)
    with Owner(), udp_peer() as peer:
        with udp_program(f"s.connect(('{KERNEL}', {peer.getsockname()[1]}))\n"
                         "s.send(b'-')\ns.settimeout(10)\nd = s.recv(2000)\n"
                         "s.send(d)\nprint(d.hex())") as proc:
            proc.stdin.write("\n")
            proc.stdin.flush()
            peer.recv(9)
            peer.sendto(fake, (STACK, 5000))
            said = proc.stdout.read().strip()
            assert peer.recv(2000) == fake
    assert said == fake.hex(), said


lab()
run_cases()
