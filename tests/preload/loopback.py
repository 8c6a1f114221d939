#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Whose 127.0.0.0/8 programs under inetrun have: the stack's, or the host's."""
import socket
import subprocess

from lab import CONF, DEVICE, INETRUN, INETSTACKD, KERNEL, STACK, Owner, conf_file, lab, python
from peer import case, run_cases

LOOPBACK = """import select, socket as s, sys
port = int(sys.argv[1])
c = s.socket()
c.setsockopt(s.IPPROTO_TCP, s.TCP_NODELAY, 1)
c.setblocking(False)
e = select.epoll()
e.register(c, select.EPOLLOUT)
try: c.connect(('127.0.0.1', port))
except BlockingIOError: pass
print(e.poll(10) == [(c.fileno(), select.EPOLLOUT)], c.getblocking(),
      c.getsockopt(s.IPPROTO_TCP, s.TCP_NODELAY) > 0, c.get_inheritable())
c.send(b'tcp')
u = s.socket(type=s.SOCK_DGRAM)
u.sendto(b'udp', ('127.0.0.1', port))
try: u.sendto(b'no', ('10.0.0.9', port))
except OSError as err: print(err.errno)
k = s.create_server(('127.0.0.1', 0))
print(k.getsockname()[1], flush=True)
a, _ = k.accept()
print(a.recv(9))
o = s.create_connection((sys.argv[2], port))
print(o.getsockname()[0])
"""


def on_both_loopbacks(argv):
    """Runs the program LOOPBACK with the host's loopback, by ARGV; what it does there
    is seen.
    """
    with socket.create_server(("", 0)) as server, \
            socket.socket(type=socket.SOCK_DGRAM) as udp:
        port = server.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        server.settimeout(20)
        udp.settimeout(20)
        with subprocess.Popen([*argv, "python3", "-c", LOOPBACK, str(port), KERNEL],
                              stdout=subprocess.PIPE, text=True) as proc:
            conn, (host, _) = server.accept()
            assert (host, conn.recv(9)) == ("127.0.0.1", b"tcp")
            assert udp.recv(9) == b"udp"
            assert proc.stdout.readline() == "True False True False\n"
            assert proc.stdout.readline() == "22\n"
            own = int(proc.stdout.readline())
            with socket.create_connection(("127.0.0.1", own), 10) as back:
                back.send(b"back")
            conn, (host, _) = server.accept()
            assert proc.stdout.read().split() == ["b'back'", STACK], host
            assert host == STACK and proc.wait(20) == 0


@case
def loopback_of_the_host_is_reached_if_wanted():
    """By inetrun -l, by inetstackd -l, and by the file; what is not loopback goes to
    the stack.
    """
    with Owner():
        on_both_loopbacks([INETRUN, "-n", "test", "-l", "host", "--"])
    with Owner("-d", DEVICE, "-a", STACK + "/24", "--loopback", "host"):
        on_both_loopbacks([INETRUN, "-n", "test", "--"])
    with Owner("-c", conf_file(CONF + 'loopback = "host"\n')):
        on_both_loopbacks([INETRUN, "-n", "test", "--"])


@case
def loopback_is_the_stacks_by_default():
    """A server of the host's is not there, one on the stack is."""
    code = ("import socket as s\nk = s.create_server(('127.0.0.1', 0))\n"
            "s.create_connection(k.getsockname())\nk.accept()\n"
            "try: s.create_connection(('127.0.0.1', {}))\n"
            "except OSError as e: print(e.errno)")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with Owner():
            assert python(code.format(port)) == "111"
        with Owner("-d", DEVICE, "-a", STACK + "/24", "-l", "host"):
            done = subprocess.run([INETRUN, "-n", "test", "-l", "stack", "--", "python3",
                                   "-c", code.format(port)], stdout=subprocess.PIPE,
                                  timeout=60, check=True)
            assert done.stdout == b"111\n"
    for tool, *rest in ((INETSTACKD,), (INETRUN, "--", "true")):
        done = subprocess.run([tool, "-l", "both", *rest], timeout=20, check=False,
                              stderr=subprocess.PIPE)
        assert done.returncode == 2, done


lab()
run_cases()
