#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Names under inetrun: questions go over the stack to the name server of the
configuration, a small one of the test on the kernel; strace sees no socket of the
kernel's.
"""
import contextlib
import http.server
import os
import re
import socket
import struct
import subprocess
import tempfile
import threading

from lab import CONF, INETSTACKD, KERNEL, STACK, Owner, Traced, conf_file, lab, on_stack
from peer import case, run_cases

HOSTS = {"www.example.test": [KERNEL],
         "many.example.test": [f"10.0.0.{n}" for n in range(50, 60)]}
A, PTR = 1, 12


def labels(name):
    """NAME as it stands in a message."""
    return b"".join(bytes([len(x)]) + x.encode() for x in name.split(".")) + b"\0"


class NameServer(threading.Thread):
    """Answers at port 53, and remembers who asked for what."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.sock.bind((KERNEL, 53))
        self.asked = []

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                data, address = self.sock.recvfrom(1000)
                self.sock.sendto(self.answer(data, address[0]), address)

    def answer(self, data, host):
        """The reply to the question DATA."""
        name, at = [], 12
        while data[at]:
            name.append(data[at + 1:at + 1 + data[at]].decode())
            at += 1 + data[at]
        name = ".".join(name).lower()
        kind, = struct.unpack_from("!H", data, at + 1)
        self.asked.append((host, name))
        found = []
        if kind == A:
            found = [socket.inet_aton(a) for a in HOSTS.get(name, ())]
        elif kind == PTR and name == "1.0.0.10.in-addr.arpa":
            found = [labels("www.example.test")]
        known = name in HOSTS or found
        reply = data[:2] + struct.pack("!HHHHH", 0x8580 | (0 if known else 3), 1,
                                       len(found), 0, 0) + data[12:at + 5]
        for value in found:
            reply += b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(value)) + value
        return reply


def python(code):
    """What python CODE prints, run on the stack under strace."""
    return Traced("python3", "-c", "import socket as s\n" + code).run().decode().split("\n")


@case
def names_are_asked_for_over_the_stack():
    """getaddrinfo(), with the domain that is searched, and a service."""
    said = python("print(s.getaddrinfo('www', 'http', type=s.SOCK_STREAM, "
                  "flags=s.AI_CANONNAME))\n"
                  "print(len(s.getaddrinfo('many.example.test', 80, "
                  "proto=s.IPPROTO_TCP)))\n"
                  "try: s.getaddrinfo('none.example.test', 80)\n"
                  "except s.gaierror as e: print(e.errno == s.EAI_NONAME)\n"
                  "print(s.getaddrinfo('10.9.8.7', 5, type=s.SOCK_DGRAM)[0][4], "
                  "s.getaddrinfo(None, 80, type=s.SOCK_STREAM)[0][4])\n"
                  "print(s.getaddrinfo('localhost', 1)[0][4])")
    assert said[0] == str([(socket.AF_INET, socket.SOCK_STREAM, 6, "www.example.test",
                            (KERNEL, 80))]), said
    assert said[1:] == ["10", "True", "('10.9.8.7', 5) ('127.0.0.1', 80)",
                        "('127.0.0.1', 1)", ""], said
    assert {host for host, _ in SERVER.asked} == {STACK}, SERVER.asked
    assert ("10.0.0.2", "none.example.test") in SERVER.asked


@case
def older_calls_ask_over_the_stack():
    """gethostbyname(), gethostbyaddr() and getnameinfo()."""
    said = python("print(s.gethostbyname('www.example.test'))\n"
                  "print(*s.gethostbyname_ex('many')[2])\n"
                  f"print(s.gethostbyaddr('{KERNEL}')[0])\n"
                  f"print(*s.getnameinfo(('{KERNEL}', 80), 0))\n"
                  f"print(*s.getnameinfo(('{KERNEL}', 80), s.NI_NOFQDN))\n"
                  "print(*s.getnameinfo(('10.0.0.9', 80), s.NI_NUMERICSERV))\n"
                  "try: s.getnameinfo(('10.0.0.9', 80), s.NI_NAMEREQD)\n"
                  "except s.gaierror as e: print(e.errno == s.EAI_NONAME)\n"
                  "try: s.gethostbyname('none')\nexcept s.gaierror as e: print('none')")
    assert said == [KERNEL, " ".join(HOSTS["many.example.test"]), "www.example.test",
                    "www.example.test http", "www http", "10.0.0.9 80", "True", "none",
                    ""], said


@case
def programs_resolve():
    """getent, which has both sorts of calls, and curl."""
    said = Traced("getent", "hosts", "www").run().decode()
    assert re.fullmatch(rf"{KERNEL} +www.example.test\n", said), said
    said = Traced("getent", "ahostsv4", "many").run().decode()
    assert said.count("STREAM") == 10 and "many.example.test" in said, said

    class Handler(http.server.BaseHTTPRequestHandler):
        """Says the name it was called by."""

        def do_GET(self):   # pylint: disable=invalid-name
            """One line."""
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.headers["Host"].encode())

        def log_message(self, *_):
            pass
    with http.server.HTTPServer((KERNEL, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        host = f"www.example.test:{server.server_port}"
        assert Traced("curl", "-sS", f"http://{host}/").run().decode() == host
        server.shutdown()


@case
def name_server_that_is_not_there_is_again():
    """EAI_AGAIN, when the port is closed."""
    code = ("import socket as s\ntry: s.getaddrinfo('www.example.test', 1)\n"
            "except s.gaierror as e: print(e.errno == s.EAI_AGAIN)")
    path = os.path.join(FOLDER, "nobody")
    with open(path, "w", encoding="ascii") as file:
        file.write("nameserver 10.0.0.2\noptions timeout:1 attempts:1\n")
    done = subprocess.run(on_stack("env", "INET_RESOLV_CONF=" + path, "python3", "-c",
                                   code), stdout=subprocess.PIPE, timeout=60, check=True)
    assert done.stdout == b"True\n", done


@case
def path_must_be_absolute_and_readable():
    """Or inetstackd says so."""
    for path, wanted in (("resolv.conf", "a path from / on"),
                         ("/nonexistent", "No such file")):
        done = subprocess.run(
            [INETSTACKD, "-c", conf_file(f'resolv_conf = "{path}"')], timeout=20,
            stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1 and wanted in done.stderr, done


lab()
FOLDER = tempfile.mkdtemp()
RESOLV = os.path.join(FOLDER, "resolv.conf")
with open(RESOLV, "w", encoding="ascii") as resolv:
    resolv.write(f"nameserver {KERNEL}\nsearch example.test\n")
SERVER = NameServer()
SERVER.start()
with Owner("-c", conf_file(CONF + f'resolv_conf = "{RESOLV}"\n')):
    run_cases()
