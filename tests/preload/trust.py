#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Who may connect to whom: everybody in the namespace sees the names of inetstackd and
of the programs' sockets, and may try. The protocol (preload/protocol.h) is spoken here.
"""
import array
import contextlib
import errno
import os
import re
import socket
import struct
import subprocess

from lab import INETSTACKD, KERNEL, STACK, Owner, lab, need, on_stack
from peer import BUILD, Missing, case, run_cases

UNLISTEN, CONNECT = 4, 5       # of enum shim_op
SILENT = "10.0.0.77"
NOBODY, OTHER = 65534, 65533
PYTHON = "/usr/bin/python3"


def names(kind, owner="test"):
    """The names of sockets of KIND that there are now."""
    with open("/proc/net/unix", encoding="ascii") as table:
        return re.findall(rf"@(inet/{owner}/{kind}/\S+)", table.read())


def connect_to(name, own=None, kind=socket.SOCK_STREAM):
    """A socket with the name OWN, connected to NAME."""
    sock = socket.socket(socket.AF_UNIX, kind)
    sock.settimeout(10)
    if own:
        sock.bind("\0" + own)
    sock.connect("\0" + name)
    return sock


class Call:
    """A connection of calls to the owner."""

    def __init__(self):
        self.sock = connect_to("inet/test/control", kind=socket.SOCK_SEQPACKET)

    def reply(self):
        """The next one's errno; None: hung up on."""
        data = self.sock.recv(2000)
        return struct.unpack_from("i", data)[0] if data else None

    def __call__(self, op, ident, *, about=None, kind="s", value=0, data=b""):
        call = struct.pack("IiiIQII", op, 0, value, 0, ident, ord(kind), len(data))
        rights = [] if about is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                            array.array("i", [about.fileno()]))]
        self.sock.sendmsg([call + data], rights)
        return self.reply()


def address(ip, port):
    """A struct sockaddr_in."""
    return struct.pack("=H", socket.AF_INET) + struct.pack(
        "!H4s8x", port, socket.inet_aton(ip))


def own_socket():
    """A socket as the preloaded library makes it, and its number."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    ident, = struct.unpack("Q", sock.getsockopt(socket.SOL_SOCKET, 57, 8))
    sock.bind(f"\0inet/test/s/{ident:016x}")
    return sock, ident


@contextlib.contextmanager
def server(code="c, a = s.accept()\nprint(a[0], flush=True)"):
    """A program on the stack that listens as s, and goes on with CODE."""
    with subprocess.Popen(on_stack(
            need("python3"), "-c", "import socket\ns = socket.create_server(("
            f"'{STACK}', 4000))\nprint('ready', flush=True)\n{code}"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as proc:
        assert proc.stdout.readline() == "ready\n"
        yield proc
        proc.stdin.close()


def run_as(user, *argv):
    """Runs ARGV as the USER, who has no rights here; None: as we are."""
    try:
        options = {} if user is None else {"user": user, "group": user,
                                           "extra_groups": []}
        return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, **options)
    except OSError as err:
        raise Missing(f"no other user in this namespace: {err}") from err


@case
def stranger_at_a_listener_is_hung_up_on():
    """Without a name, with the name of another kind, of another owner: accept() goes on
    to wait for a connection of the stack's.
    """
    with Owner(), server() as proc:
        name, = names("s")
        for own in (None, "inet/test/s/0000000000000007", "something/else",
                    "inet/other/c/0000000000000001/0a000002:0fa0/0a000001:0001"):
            with connect_to(name, own) as stranger:
                assert stranger.recv(1) == b"", own
        socket.create_connection((STACK, 4000), 10).close()
        assert proc.stdout.readline() == KERNEL + "\n"


@case
def other_user_has_pings_but_no_raw_socket():
    """Nor when he asks in the way of the preloaded library."""
    raw = socket.SOCK_RAW << 12 | socket.IPPROTO_ICMP
    code = ("import socket as s\ns.socket(s.AF_INET, s.SOCK_DGRAM, s.IPPROTO_ICMP)\n"
            "try: s.socket(s.AF_INET, s.SOCK_RAW, s.IPPROTO_ICMP)\n"
            "except OSError as e: print(e.errno, flush=True)\n"
            "k = s.socket(s.AF_UNIX, s.SOCK_SEQPACKET)\nk.settimeout(10)\n"
            f"k.bind('\\0inet/test/d/%016x/%016x/{raw:04x}' % (7, 8))\n"
            "k.connect('\\0inet/test/dgram')\n"
            "try: k.recv(1)\nexcept OSError as e: print(e.errno, flush=True)")
    with Owner(), run_as(NOBODY, *on_stack(PYTHON, "-c", code)) as stranger:
        # the owner hangs up, which is the end of a socket of the stack's
        assert stranger.stdout.read() == f"1\n{errno.ENETDOWN}\n"


@case
def other_user_at_a_listener_is_hung_up_on():
    """Though he has the right name."""
    with Owner(), server() as proc:
        name, = names("s")
        code = ("import socket\ns = socket.socket(socket.AF_UNIX)\n"
                "s.bind('\\0inet/test/c/0000000000000001/0a000002:0fa0/0a000001:0001')\n"
                f"s.settimeout(10)\ns.connect('\\0{name}')\nprint(s.recv(1))")
        with run_as(NOBODY, PYTHON, "-c", code) as stranger:
            assert stranger.stdout.read() == "b''\n"
        socket.create_connection((STACK, 4000), 10).close()
        assert proc.stdout.readline() == KERNEL + "\n"


@case
def call_needs_the_descriptor():
    """Not only its number: none, another one, a connection that has its name."""
    with Owner(), server("c, a = s.accept()\nimport sys\nsys.stdin.read()"):
        name, = names("s")
        ident = int(name.rsplit("/", 1)[1], 16)
        call = Call()
        other, _ = own_socket()
        with connect_to(name) as conn:
            said = [call(UNLISTEN, ident), call(UNLISTEN, ident, about=other),
                    call(UNLISTEN, ident, about=conn)]
        socket.create_connection((STACK, 4000), 10).close()
    assert said == [105, 1, 1], said


@case
def call_waits_for_one_connection():
    """Each connect() that waits has a connection of calls of its own: a second one on
    the same is not told of.
    """
    with Owner():
        call = Call()
        socks = [own_socket() for _ in range(2)]
        said = [call(CONNECT, ident, about=sock, value=1, data=address(SILENT, 1))
                for sock, ident in socks]
        said.append(call.reply())       # EHOSTUNREACH: nobody has that address
        call.sock.settimeout(0.5)
        try:
            said.append(call.reply())
        except TimeoutError:
            pass
    assert said == [115, 115, 113], said


@case
def owner_serves_root_and_its_own_user():
    """Run by a user, not another one, neither calls nor sockets; run by root, all."""
    code = ("import socket\nfor name, data in (('control', bytes(32)), ('dgram', b'')):\n"
            "    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
            "    s.settimeout(1)\n    if not data: s.bind('\\0inet/test/d/' + "
            "'0' * 16 + '/' + '0' * 16 + '/2011')\n    s.connect('\\0inet/test/' + name)\n"
            "    try:\n        if data: s.send(data)\n"
            "        print(len(s.recv(99)) > 0)\n    except TimeoutError: print(True)\n"
            "    except (ConnectionResetError, BrokenPipeError): print(False)")
    for user, wanted in ((None, "True\nTrue\n"), (NOBODY, "False\nFalse\n")):
        with run_as(user, INETSTACKD, "-n", "test") as owner:
            assert "ready" in owner.stdout.readline()
            with run_as(OTHER, PYTHON, "-c", code) as other:
                said = other.stdout.read()
            owner.terminate()
        assert said == wanted, (user, said)


@case
def program_trusts_root_and_its_own_user():
    """Not whoever has taken the name of an owner."""
    code = ("import socket, time\nk = []\nfor n, t in (('control', 5), ('dgram', 5), "
            "('stream', 1)):\n    s = socket.socket(socket.AF_UNIX, t)\n"
            "    s.bind('\\0inet/test/' + n)\n    s.listen()\n    k.append(s)\n"
            "print('ready', flush=True)\ntime.sleep(60)")
    with run_as(NOBODY, PYTHON, "-c", code) as stranger:
        assert stranger.stdout.readline() == "ready\n"
        for call in ("type=socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 1))",
                     ").bind(('', 0))"):
            env = os.environ | {"INET_STACK": "test", "LD_PRELOAD": os.path.abspath(
                os.path.join(BUILD, ".libs/libinet-preload.so"))}
            done = subprocess.run(
                [need("python3"), "-c", "import socket\n"
                 f"try: socket.socket({call}\n"
                 "except OSError as e: print(e.errno)"], env=env, timeout=20,
                stdout=subprocess.PIPE, text=True, check=True)
            assert done.stdout == "100\n", (call, done)
        stranger.kill()


lab()
run_cases()
