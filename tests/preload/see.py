#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a running inetstackd tells of itself: inet-ss, inet-nstat, inet-ip, inet-dump and
/metrics, compared with what ss, nstat and ip print, and with what tcpdump reads.
"""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import urllib.request

from lab import (CONF, KERNEL, STACK, Owner, client, conf_file, lab, need, on_stack,
                 waits)
from peer import BUILD, case, run, run_cases

ADDRESSES = re.compile(r"\S+:\S+")


def ask(tool, *argv, wrong=False):
    """Runs one of our tools against the test's stack. Return: what it printed."""
    done = subprocess.run([os.path.join(BUILD, tool), "-N", "test", *argv], timeout=30,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    assert (done.returncode != 0) == wrong, done
    return done.stdout


@contextlib.contextmanager
def connected(code="c.recv(1)"):
    """A program on the stack with a connection c, which then does CODE."""
    proc, conn = client(code)
    try:
        yield proc, conn
    finally:
        conn.close()
        proc.kill()
        proc.communicate()


@contextlib.contextmanager
def listening():
    """A program on the stack that listens at port 4000 and has a UDP socket at 4001."""
    with subprocess.Popen(on_stack(
            need("python3"), "-c", "import socket, sys\ns = socket.create_server(("
            f"'{STACK}', 4000), backlog=7)\nu = socket.socket(type=socket.SOCK_DGRAM)\n"
            f"u.bind(('{STACK}', 4001))\nprint('ready', flush=True)\nsys.stdin.read()"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as proc:
        assert proc.stdout.readline() == "ready\n"
        yield proc
        proc.stdin.close()


@contextlib.contextmanager
def unplugged():
    """Nothing comes through."""
    run("ip", "link", "set", "tap0", "down")
    try:
        yield
    finally:
        run("ip", "link", "set", "tap0", "up")


def words(text):
    """The lines' words."""
    return [line.split() for line in text.splitlines()]


@case
def ss_prints_the_columns_of_ss():
    """The same header, and the same line for the same socket, of TCP and UDP."""
    need("ss")
    with Owner(), listening(), \
            socket.create_server((KERNEL, 4000), backlog=7), \
            socket.socket(type=socket.SOCK_DGRAM) as udp:
        udp.bind((KERNEL, 4001))
        for options in ("-tln", "-uan", "-tuln"):
            ours = ask("inet-ss", options)
            theirs = run("ss", options, "src", KERNEL).replace(KERNEL, STACK)
            assert words(ours) == words(theirs), (options, ours, theirs)


@case
def ss_tells_of_connections_as_ss_does():
    """Both ends of one connection, with queues; with -p who has it; -o, -m, -i, -e."""
    need("ss")
    with Owner(), connected("c.send(b'12345')\nc.recv(1)\nimport time\n"
                            "time.sleep(60)") as (proc, conn):
        waits(lambda: conn.recv(9, socket.MSG_PEEK) == b"12345", "nothing came")
        kernel = words(run("ss", "-tnH", "src", KERNEL))[0]
        ours = words(ask("inet-ss", "-tnHp"))[0]
        assert ours[0] == kernel[0] == "ESTAB" and ours[3:5] == kernel[4:2:-1], ours
        assert kernel[1] == "5" and ours[1:3] == ["0", "0"], (ours, kernel)
        assert re.fullmatch(rf'users:\(\("python3.*",pid={proc.pid},fd=\d+\)\)', ours[5])
        text = ask("inet-ss", "-tnime")
        assert re.search(r"skmem:\(r\d+,rb\d+,t\d+,tb\d+,f\d+,w\d+,o\d+,bl\d+,d\d+\)", text)
        assert re.search(r"\n\t.* cubic wscale:\d+,\d+ rto:[\d.]+ rtt:", text), text
        assert " bytes_sent:5 bytes_acked:6" in text.replace("bytes_acked:5", "bytes_acked:6")
        assert re.search(r" ino:[1-9]\d* sk:[1-9a-f]\w* <-> ", text), text


@case
def ss_shows_timers_and_timewait():
    """A segment that nobody acknowledges, with -o; TIME-WAIT when it is asked for."""
    with Owner(), connected("import time\nc.recv(1)\ntime.sleep(0.5)\n"
                            "c.send(b'12345')\ntime.sleep(60)") as (_, conn):
        conn.send(b"-")
        with unplugged():
            waits(lambda: "timer:(on," in ask("inet-ss", "-tno"), "no timer")
            assert words(ask("inet-ss", "-tnH"))[0][2] == "5"
    with Owner(), connected("c.close()\nimport time\ntime.sleep(60)") as (_, conn):
        assert conn.recv(1) == b""
        conn.close()
        waits(lambda: "timer:(timewait," in ask("inet-ss", "-tno", "state", "time-wait"),
              "no TIME-WAIT")
        assert not ask("inet-ss", "-tnH")


@case
def ss_filters_as_ss_does():
    """States and expressions choose the same ones."""
    need("ss")
    with Owner(), listening(), socket.create_server((KERNEL, 4000)), \
            socket.create_connection((STACK, 4000)) as conn:
        port = str(conn.getsockname()[1])
        for expression, ours in (
                ("state listening", 1), ("state all", 2), ("state established", 1),
                ("exclude listening", 1), ("sport = :4000", 1), ("sport != :4000", 0),
                (f"dport = :{port} and sport = :4000", 1), ("sport < :4000", 0),
                ("sport >= :4000 and not dport = :1", 1), (f"dst {KERNEL}", 1),
                (f"dst {KERNEL}/24 and ( sport = :1 or sport = :4000 )", 1),
                (f"src {STACK}:4000", 1), ("dst 192.0.2.0/24", 0),
                ("( sport = :1 or sport = :2 ) and dst 10.0.0.0/8", 0)):
            got = words(ask("inet-ss", "-tnH", *expression.split()))
            assert len(got) == ours, (expression, got)
        for bad in ("state nonsense", "sport", "( sport = :1", "sport = :1 )", "dst =",
                    "and", "dst 10.0.0.999"):
            assert "usage" in ask("inet-ss", "-t", *bad.split(), wrong=True), bad
        assert [s["state"] for s in json.loads(ask("inet-ss", "-tlj"))] == ["LISTEN"]


@case
def nstat_counts_as_nstat_does():
    """Since the last call, its lines in nstat's format; with -a since the beginning."""
    need("nstat")
    pattern = re.compile(r"^\w+ {1,}\d+ +\d\.\d$")
    os.environ["XDG_RUNTIME_DIR"] = os.path.dirname(conf_file(""))
    with Owner(), listening():
        ask("inet-nstat")
        socket.create_connection((STACK, 4000)).close()
        first = ask("inet-nstat").splitlines()
        assert first[0] == "#test", first
        kernel = run("nstat", "-asz").splitlines()
        for line in (*first[1:], *kernel[1:]):
            assert pattern.match(line), line
        assert [len(line) for line in first if "TcpPassiveOpens" in line] == \
            [len(line) for line in kernel if "TcpPassiveOpens" in line]
        assert "TcpPassiveOpens" in "".join(first)
        assert "TcpPassiveOpens" not in ask("inet-nstat")
        assert words(ask("inet-nstat", "-a", "TcpPassive*"))[1][1] == "1"
        assert json.loads(ask("inet-nstat", "-ajz"))["inet"]["TcpPassiveOpens"] == 1
        assert "TCP_CSUM" in ask("inet-nstat", "-dz")
        assert "no" in ask("inet-nstat", "-i", "nothing", wrong=True)


@case
def ip_shows_and_changes():
    """Addresses, routes, neighbours, devices; what is wrong has a sentence."""
    with Owner():
        kernel = run("ip", "-o", "-4", "addr", "show", "dev", "tap0").split()
        ours = ask("inet-ip", "addr", "show", "dev", "tap0").split()
        assert ours[1:3] == kernel[1:3] and ours[3] == STACK + "/24", ours
        ask("inet-ip", "addr", "add", "10.0.0.9/24", "dev", "tap0")
        socket.create_server((KERNEL, 0)).close()
        assert "10.0.0.9/24" in ask("inet-ip", "a")
        run("ping", "-c1", "-W5", "10.0.0.9")
        assert KERNEL in ask("inet-ip", "neigh", "show", "dev", "tap0")
        ask("inet-ip", "addr", "del", "10.0.0.9/24", "dev", "tap0")
        assert "10.0.0.9/24" not in ask("inet-ip", "a", "show", "dev", "tap0")
        ask("inet-ip", "route", "add", "192.0.2.0/24", "via", KERNEL)
        assert f"192.0.2.0/24 via {KERNEL} dev tap0" in ask("inet-ip", "r")
        ask("inet-ip", "route", "del", "192.0.2.0/24")
        assert "192.0.2.0" not in ask("inet-ip", "route", "show")
        ask("inet-ip", "link", "set", "tap0", "mtu", "1400")
        assert "mtu 1400" in ask("inet-ip", "link", "show", "dev", "tap0")
        ask("inet-ip", "link", "set", "dev", "tap0", "down")
        assert "state DOWN" in ask("inet-ip", "link", "show", "dev", "tap0")
        for wrong in ("addr add 10.0.0.999/24 dev tap0", "addr add 10.0.0.9/24",
                      "addr add 10.0.0.9/24 dev none", "route add nonsense", "nonsense",
                      "link set tap0 mtu many", "route nonsense"):
            said = ask("inet-ip", *wrong.split(), wrong=True)
            assert said.startswith("inet-ip: ") and len(said) > 12, (wrong, said)


@case
def dump_is_read_by_tcpdump():
    """Frames that the filter takes, cut, counted; a bad filter has a sentence."""
    need("tcpdump")
    dump = [os.path.join(BUILD, "inet-dump"), "-N", "test"]
    with Owner() as owner:
        before = owner.descriptors()
        with subprocess.Popen([*dump, "-i", "tap0", "-c", "4", "-s", "60", "icmp"],
                              stdout=subprocess.PIPE) as proc:
            assert proc.stdout.peek(1)      # its head: it is under way
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection((STACK, 9))
            run("ping", "-c4", "-i0.2", "-s", "500", STACK)
            capture = proc.stdout.read()
            assert proc.wait(20) == 0
        text = subprocess.run(["tcpdump", "-nr", "-"], input=capture, check=True,
                              capture_output=True).stdout.decode()
        lines = text.splitlines()
        assert len(lines) == 4 and all("ICMP" in line for line in lines), text
        assert len(capture) < 1500, len(capture)
        with subprocess.Popen(dump, stdout=subprocess.PIPE) as proc:
            assert proc.stdout.peek(1)
            proc.send_signal(signal.SIGINT)
        waits(lambda: owner.descriptors() == before, "a capture goes on")
        assert "inet-dump: " in ask("inet-dump", "-w", "/dev/null", "nonsense (",
                                    wrong=True)
        assert "inet-dump: " in ask("inet-dump", "-w", "/dev/null", "-i", "none",
                                    wrong=True)
        assert "1.lo [" in ask("inet-dump", "-D")


@case
def metrics_have_the_names_of_node_exporter():
    """Over HTTP on the stack, and by inet-nstat -m; nobody holds it up."""
    conf = CONF + 'metrics = "10.0.0.2:9100"\n'
    with Owner("-c", conf_file(conf)) as owner:
        before = owner.descriptors()
        idle = [socket.create_connection((STACK, 9100)) for _ in range(20)]
        with urllib.request.urlopen(f"http://{STACK}:9100/metrics", timeout=20) as page:
            assert page.headers["Content-Type"] == "text/plain; version=0.0.4"
            text = page.read().decode()
        for line in text.splitlines():
            assert re.fullmatch(r'# (HELP|TYPE) .*|[a-z]\w+(\{\w+="\w+"\})? \d+', line), line
        for name in ('node_network_receive_bytes_total{device="tap0"} [1-9]',
                     'node_network_up{device="tap0"} 1', "node_netstat_Tcp_InSegs [1-9]",
                     'node_network_mtu_bytes{device="tap0"} 1500',
                     r"node_netstat_TcpExt_ListenDrops \d", "node_netstat_IpExt_InOctets ",
                     "node_netstat_Udp_InDatagrams 0", "node_sockstat_TCP_inuse [1-9]",
                     'libinet_drops_total{reason="TCP_CSUM"} 0'):
            assert re.search("^" + name.replace("{", r"\{"), text, re.M), name
        assert len(re.findall("^# TYPE node_netstat_Tcp_InSegs ", text, re.M)) == 1
        for request, answer in ((b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.0 404"),
                                (b"PUT /metrics HTTP/1.0\r\n\r\n", b"HTTP/1.0 405"),
                                (b"GET " + b"x" * 5000, b"")):
            with socket.create_connection((STACK, 9100), 20) as conn:
                conn.sendall(request)
                with contextlib.suppress(ConnectionResetError):
                    assert conn.recv(12) == answer, request
        assert "node_netstat_Tcp_InSegs " in ask("inet-nstat", "-m")
        for conn in idle:
            conn.close()
        assert owner.descriptors() == before


@case
def tool_without_a_stack_says_so():
    """And none is spoken to that is somebody else's."""
    for tool in ("inet-ss", "inet-nstat", "inet-ip", "inet-dump"):
        argv = {"inet-ip": ["addr"], "inet-dump": ["-w", "/dev/null"]}.get(tool, [])
        assert 'no stack "test" runs here' in ask(tool, *argv, wrong=True)


lab()
run_cases()
