#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Programs of Debian's, unmodified, on libinet by inetrun, against programs on the
kernel: every byte is compared, and strace must see no Internet socket of the kernel's.
"""
import contextlib
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

from files import BYTES, FILE, FOLDER, WORDS, fetch, kernel_http, same, transfer
from lab import KERNEL, STACK, Traced, need, on_stack, wait_for
from peer import case, run


@case
def curl_downloads():
    """A client that does not block."""
    with kernel_http() as url:
        got = Traced("curl", "-sS", url).run()
    assert got == WORDS, f"{len(got)} other bytes"


@case
def curl_uploads_and_is_refused():
    """The words the other way; and exit status 7 where nobody listens."""
    with socket.create_server((KERNEL, 0)) as server:
        port = server.getsockname()[1]
        with Traced("curl", "-sS", "-T", FILE, "-H", "Expect:",
                    f"http://{KERNEL}:{port}/") as _:
            conn, _ = server.accept()
            got = b""
            while len(got) < BYTES or b"\r\n\r\n" not in got or \
                    len(got.split(b"\r\n\r\n", 1)[1]) < BYTES:
                got += conn.recv(1 << 16)
            conn.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            conn.close()
    assert got.split(b"\r\n\r\n", 1)[1] == WORDS
    done = subprocess.run(on_stack("curl", "-sS", f"http://{KERNEL}:{port}/"),
                          stderr=subprocess.DEVNULL, check=False)
    assert done.returncode == 7, done.returncode


@case
def wget_downloads():
    """A client that blocks."""
    out = os.path.join(FOLDER, "out")
    with kernel_http() as url:
        Traced("wget", "-q", "-O", out, url).run()
    same(out)


@case
def python_urllib_downloads():
    """An interpreter's sockets."""
    with kernel_http() as url:
        got = Traced("python3", "-c", "import sys, urllib.request as r\n"
                     f"sys.stdout.buffer.write(r.urlopen('{url}').read())").run()
    assert got == WORDS


@case
def nc_sends_and_half_closes():
    """Standard input, a FIN, and the answer after it."""
    with socket.create_server((KERNEL, 0)) as server, \
            open(FILE, "rb") as file, tempfile.TemporaryFile() as out, \
            Traced("nc", "-N", KERNEL, str(server.getsockname()[1]), stdin=file,
                   stdout=out) as nc:
        conn, _ = server.accept()
        got = b"".join(iter(lambda: conn.recv(1 << 16), b""))
        assert got == WORDS, f"{len(got)} other bytes"
        conn.sendall(b"thank you")
        conn.close()
        assert nc.proc.wait(30) == 0
        out.seek(0)
        assert out.read() == b"thank you"


@case
def nc_listens():
    """A server for one."""
    with tempfile.TemporaryFile() as out, \
            Traced("nc", "-l", "-N", STACK, "2000", stdout=out,
                   stdin=subprocess.DEVNULL) as nc:
        for _ in range(100):
            with contextlib.suppress(ConnectionRefusedError), \
                    socket.create_connection((STACK, 2000), 5) as conn:
                conn.sendall(WORDS)
                conn.shutdown(socket.SHUT_WR)
                assert conn.recv(1) == b""
                break
            time.sleep(0.05)
        assert nc.proc.wait(30) == 0
        out.seek(0)
        assert out.read() == WORDS


@case
def nc_talks_udp():
    """A client whose socket is connected, and a server that answers its first."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, \
            tempfile.TemporaryFile() as out:
        sock.settimeout(20)
        sock.bind((KERNEL, 0))
        with Traced("nc", "-u", KERNEL, str(sock.getsockname()[1]),
                    stdin=subprocess.PIPE, stdout=out) as nc:
            nc.proc.stdin.write(b"question")
            nc.proc.stdin.flush()
            got, address = sock.recvfrom(100)
            assert got == b"question"
            sock.sendto(b"answer", address)
            while out.seek(0) or out.read() != b"answer":
                time.sleep(0.05)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, \
            Traced("socat", "UDP4-RECVFROM:2002,fork", "EXEC:cat"):
        sock.settimeout(0.2)
        for _ in range(100):
            with contextlib.suppress(TimeoutError, ConnectionRefusedError):
                sock.sendto(b"echo", (STACK, 2002))
                assert sock.recvfrom(100) == (b"echo", (STACK, 2002))
                return
    raise AssertionError("no answer")


@case
def ping_asks():
    """Echo requests and their answers; and exit status 1 where nobody is."""
    said = Traced("ping", "-n", "-c", "3", "-i", "0.2", KERNEL).run().decode()
    assert "3 packets transmitted, 3 received" in said, said
    done = subprocess.run(on_stack(need("ping"), "-n", "-c", "1", "-W", "1", "10.0.0.77"),
                          stdout=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1 and "0 received" in done.stdout, done


@case
def traceroute_finds_the_way():
    """One hop, by raw ICMP sockets and datagrams of a TTL."""
    said = Traced("inetutils-traceroute", "-q", "1", "-m", "3", KERNEL).run().decode()
    assert re.search(rf"^ *1 +{KERNEL}", said, re.M), said


@case
def socat_forks_and_executes():
    """A child for each connection, which becomes another program."""
    with Traced("socat", "TCP4-LISTEN:2001,fork,reuseaddr", "EXEC:cat"):
        wait_for((STACK, 2001))
        for number in range(5):
            with socket.create_connection((STACK, 2001), 10) as conn:
                conn.sendall(WORDS[:100000 + number])
                conn.shutdown(socket.SHUT_WR)
                got = b"".join(iter(lambda c=conn: c.recv(1 << 16), b""))
            assert got == WORDS[:100000 + number], f"{len(got)} other bytes"


@case
def python_http_server_serves():
    """A thread for each request."""
    with Traced("python3", "-c", "import http.server as h, socketserver as s\n"
                f"s.ThreadingTCPServer(('{STACK}', 8000), "
                "h.SimpleHTTPRequestHandler).serve_forever()",
                cwd=FOLDER, stderr=subprocess.DEVNULL):
        wait_for((STACK, 8000))
        for _ in range(5):
            fetch(f"http://{STACK}:8000")


@case
def iperf3_client_both_ways():
    """From the stack to the kernel, and back; 20 MB each, and datagrams, of which a
    machine that is busy loses some."""
    with subprocess.Popen([need("iperf3"), "-s", "-B", KERNEL],
                          stdout=subprocess.DEVNULL) as server:
        try:
            wait_for((KERNEL, 5201))
            Traced("iperf3", "-c", KERNEL, "-n", "20M").run()
            Traced("iperf3", "-c", KERNEL, "-n", "20M", "-R").run()
            for options in ([], ["-R"]):
                said = Traced("iperf3", "-c", KERNEL, "-u", "-b", "5M", "-t", "1",
                              *options).run().decode()
                lost = re.search(r"(\d+)/(\d+) \(.*receiver", said)
                assert int(lost.group(2)) > 300, said
                assert int(lost.group(1)) * 4 < int(lost.group(2)), said
        finally:
            server.terminate()


@case
def iperf3_serves():
    """The same with the server on the stack, and four streams at once."""
    with Traced("iperf3", "-s", stdout=subprocess.DEVNULL):
        for options in ([], ["-R"], ["-P", "4"]):
            for _ in range(50):     # it listens anew after each
                done = subprocess.run(["iperf3", "-c", STACK, "-n", "20M", *options],
                                      stdout=subprocess.PIPE, text=True,
                                      stderr=subprocess.STDOUT, check=False)
                if not re.search("unable to connect|busy", done.stdout):
                    break
                time.sleep(0.1)
            assert done.returncode == 0, done.stdout


REDIS = ["--save", "", "--protected-mode", "no", "--daemonize", "no"]


@case
def redis_serves_and_is_benchmarked():
    """A server on the stack, redis-benchmark on the kernel."""
    need("redis-benchmark")
    with Traced("redis-server", "--bind", STACK, *REDIS, cwd=FOLDER,
                stdout=subprocess.DEVNULL):
        wait_for((STACK, 6379))
        said = run("redis-benchmark", "-h", STACK, "-q", "-n", "2000", "-c", "20",
                   "-t", "set,get,lrange_100", "-P", "4")
        assert len(re.findall(r"requests per second", said)) >= 3, said


@case
def redis_benchmark_asks():
    """The other way round."""
    with subprocess.Popen([need("redis-server"), "--bind", KERNEL, *REDIS],
                          cwd=FOLDER, stdout=subprocess.DEVNULL) as server:
        try:
            wait_for((KERNEL, 6379))
            said = Traced("redis-benchmark", "-h", KERNEL, "-q", "-n", "2000",
                          "-c", "20", "-t", "set,get").run()
            assert said.count(b"requests per second") == 2, said
        finally:
            server.terminate()


@case
def memcached_answers():
    """Threads that share epoll, and a socket for datagrams."""
    with Traced("memcached", "-u", "root", "-l", STACK, "-U", "11211"):
        wait_for((STACK, 11211))
        with socket.create_connection((STACK, 11211), 10) as conn:
            value = WORDS[:500000].hex().encode()
            conn.sendall(b"set a 0 0 %d\r\n%s\r\nget a\r\n" % (len(value), value))
            got = b""
            while not got.endswith(b"END\r\n"):
                got += conn.recv(1 << 16)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)
            sock.sendto(b"\0\1\0\0\0\1\0\0version\r\n", (STACK, 11211))
            assert b"VERSION" in sock.recv(100)
        assert got == b"STORED\r\nVALUE a 0 %d\r\n%s\r\nEND\r\n" % (
            len(value), value)


NGINX = """daemon on; worker_processes 4; pid {0}/nginx.pid; user root;
error_log stderr; env LD_PRELOAD; env INET_STACK;
events {{ worker_connections 512; }}
http {{ access_log off; sendfile on; tcp_nopush on; client_body_temp_path {0}/b;
proxy_temp_path {0}/p; fastcgi_temp_path {0}/f; uwsgi_temp_path {0}/u;
scgi_temp_path {0}/s;
server {{ listen {1}:80; root {0}; location /proxy/ {{ proxy_pass {2}; }} }} }}
"""


def nginx_pid():
    """Of the master that is responsible; 0: just now there is none."""
    with contextlib.suppress(FileNotFoundError), \
            open(os.path.join(FOLDER, "nginx.pid"), encoding="ascii") as file:
        return int(file.read() or 0)
    return 0


def nginx_stop():
    """Ends all masters, at once."""
    for line in run("ps", "-e", "-o", "pid=,args=").splitlines():
        if "nginx: master" in line:
            os.kill(int(line.split()[0]), signal.SIGTERM)


class Load(threading.Thread):
    """Requests one after another until it is told to stop."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over, self.done, self.error = False, 0, None

    def run(self):
        try:
            while not self.over:
                with socket.create_connection((STACK, 80), 10) as conn:
                    conn.sendall(b"GET /small HTTP/1.0\r\n\r\n")
                    got = b"".join(iter(lambda c=conn: c.recv(1 << 16), b""))
                assert got.endswith(b"small"), got
                self.done += 1
        except (AssertionError, OSError) as err:
            self.error = err

    def wait(self, requests):
        """Until so many more have been answered."""
        end, wanted = time.monotonic() + 20, self.done + requests
        while self.done < wanted and not self.error and time.monotonic() < end:
            time.sleep(0.02)
        assert self.done >= wanted, self.error


@case
def nginx_with_workers_serves_proxies_reloads_and_upgrades():
    """A master with four workers: sendfile, a proxy whose connections come from the
    stack, kill -HUP and kill -USR2 under load without a failed request.
    """
    conf = os.path.join(FOLDER, "nginx.conf")
    with open(os.path.join(FOLDER, "small"), "w", encoding="ascii") as file:
        file.write("small")
    with kernel_http() as url:
        with open(conf, "w", encoding="ascii") as file:
            file.write(NGINX.format(FOLDER, STACK, url[:-len("file")]))
        with Traced("nginx", "-c", conf, stop=nginx_stop):
            wait_for((STACK, 80))
            fetch(f"http://{STACK}")
            fetch(f"http://{STACK}/proxy")
            load = Load()
            load.start()
            load.wait(50)
            os.kill(nginx_pid(), signal.SIGHUP)
            load.wait(100)
            old = nginx_pid()
            os.kill(old, signal.SIGUSR2)
            for _ in range(500):
                load.wait(1)
                if nginx_pid() not in (0, old):
                    break
            assert nginx_pid() not in (0, old), "nginx was not upgraded"
            os.kill(old, signal.SIGQUIT)
            load.wait(100)
            load.over = True
            load.join()
            assert not load.error, load.error


transfer()
