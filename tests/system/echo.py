# SPDX-License-Identifier: BSD-2-Clause
"""examples/echo as a user meets it: thousands of clients of the Linux kernel
at once, good ones and bad ones, the signals, the options.
"""
import errno
import resource
import selectors
import signal
import socket
import struct
import subprocess

from peer import (ADDR, ECHO, KERNEL, Echo, Stream, case, connect,
                  enter_namespace, kernel_end, kernel_has_no_connections,
                  libinet_end, pattern, pump, run, run_cases,
                  skip_without_echo)

CLIENTS = 5000
BATCH = 50              # datagrams on their way at once
RESET = struct.pack("ii", 1, 0)


def connect_all(number):
    """NUMBER connections, all asked for before the first is there."""
    socks, selector = [], selectors.DefaultSelector()
    for _ in range(number):
        sock = socket.socket()
        sock.setblocking(False)
        err = sock.connect_ex(ADDR)
        assert err == errno.EINPROGRESS, errno.errorcode[err]
        selector.register(sock, selectors.EVENT_WRITE)
        socks.append(sock)
    while selector.get_map():
        events = selector.select(60)
        assert events, f"{len(selector.get_map())} never connected"
        for key, _ in events:
            err = key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            assert not err, errno.errorcode[err]
            selector.unregister(key.fileobj)
    for sock in socks:
        sock.settimeout(60)
    return socks


def read_exactly(sock, length):
    """LENGTH bytes, or fewer if it ends before."""
    got = b""
    while len(got) < length:
        data = sock.recv(length - len(got))
        if not data:
            break
        got += data
    return got


def stuff(socks, most=1 << 30):
    """Sends on SOCKS as long as the other end takes. Return: how much."""
    block, sent = pattern(1 << 16), {sock: 0 for sock in socks}
    selector = selectors.DefaultSelector()
    for sock in socks:
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_WRITE)
    while max(sent.values()) < most:
        events = selector.select(2)
        if not events:
            break
        for sock in (key.fileobj for key, _ in events):
            sent[sock] += sock.send(block[sent[sock] % len(block):])
    for sock in socks:
        sock.settimeout(60)
    return sent


def how_it_ended(sock):
    """"FIN" or "RST"."""
    try:
        while sock.recv(1 << 16):
            pass
        return "FIN"
    except ConnectionResetError:
        return "RST"


def sentence(*options, status):
    """What echo says when OPTIONS keep it from starting."""
    out = subprocess.run([ECHO, *options], capture_output=True, text=True,
                         check=False, timeout=20)
    assert out.returncode == status and not out.stdout, out
    return out.stderr


@case
def tcp_5000_clients_at_once():
    """All asked for at once, open at once, each with bytes of its own; SIGTERM
    while they are connected ends all of them by a FIN; half of them let it wait
    until the second signal."""
    with Echo("-e", "3600") as echo:
        empty = echo.usage()["mem"]
        socks = connect_all(CLIENTS)
        echo.wait_until(lambda held: held["clients"] == CLIENTS)
        each = (echo.usage()["mem"] - empty) / CLIENTS
        assert each < 8192, f"{each} bytes for an idle client"
        for number, sock in enumerate(socks):
            sock.sendall(b"client %d" % number)
        for number, sock in enumerate(socks):
            want = b"client %d" % number
            got = read_exactly(sock, len(want))
            assert got == want, f"{got} instead of {want}"
        assert echo.usage()["clients"] == CLIENTS
        echo.proc.terminate()
        assert {how_it_ended(sock) for sock in socks} == {"FIN"}
        for sock in socks[::2]:
            sock.close()
        echo.wait_until(lambda held: held["clients"] == CLIENTS // 2)
        _, said = echo.end()
        assert f"echo: {CLIENTS} connections, " in said, said
        for sock in socks[1::2]:
            sock.close()
    kernel_has_no_connections()


@case
def udp_5000_clients_at_once():
    """Each from a port of its own, and each gets its own bytes."""
    with Echo():
        socks = []
        for number in range(CLIENTS):
            sock = socket.socket(type=socket.SOCK_DGRAM)
            sock.settimeout(20)
            sock.connect(ADDR)
            socks.append(sock)
        for first in range(0, CLIENTS, BATCH):
            batch = range(first, first + BATCH)
            for number in batch:
                socks[number].send(b"client %d" % number)
            for number in batch:
                got = socks[number].recv(100)
                assert got == b"client %d" % number, got
        for sock in socks:
            sock.close()


@case
def tcp_5000_clients_of_every_kind_and_then_the_end():
    """Of five clients one is quiet, one half-closes, one resets, one reads
    late and one never; whatever their state, SIGTERM ends it cleanly."""
    with Echo("-e", "3600") as echo:
        socks = connect_all(CLIENTS)
        kinds = [socks[kind::5] for kind in range(5)]
        quiet, half, resetters, late, never = kinds
        for sock in half + resetters + late:
            sock.sendall(pattern(3000))
        for sock in half:
            sock.shutdown(socket.SHUT_WR)
            assert read_exactly(sock, 3001) == pattern(3000)
            sock.close()
        for sock in resetters:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            sock.close()
        for sock in never:
            sock.setblocking(False)
            sock.send(pattern(65536))
        echo.wait_until(lambda held: held["clients"] == CLIENTS * 3 // 5)
        for sock in late[::2]:
            assert read_exactly(sock, 3000) == pattern(3000)
        for sock in never:
            sock.settimeout(60)
        echo.proc.terminate()
        assert {how_it_ended(sock) for sock in quiet + late} == {"FIN"}
        assert {how_it_ended(sock) for sock in never} <= {"FIN", "RST"}
        for sock in quiet + late + never:
            sock.close()
        echo.ended()
    kernel_has_no_connections()


@case
def tcp_client_that_never_reads_stops_being_read():
    """Many of them hold a bounded memory each, others are served as before;
    and what they read in the end is exact."""
    with Echo() as echo:
        empty = echo.usage()["mem"]
        socks = [connect() for _ in range(100)]
        sent = stuff(socks, 4 << 20)
        assert max(sent.values()) < 4 << 20, "a client that reads nothing is read"
        each = (echo.usage()["mem"] - empty) / len(socks)
        assert each < 1 << 20, f"{each} bytes for each"
        with connect() as sock:
            sock.sendall(b"hello")
            assert read_exactly(sock, 5) == b"hello"
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)
            sock.sendto(b"hello", ADDR)
            assert sock.recv(100) == b"hello"
        for sock, length in sent.items():
            sock.shutdown(socket.SHUT_WR)
            got = read_exactly(sock, length + 1)
            want = (pattern(1 << 16) * (length // (1 << 16) + 1))[:length]
            assert got == want, f"{len(got)} of {length} bytes"
            sock.close()
        echo.wait_until_idle()


@case
def tcp_client_above_the_most_waits_for_a_place():
    """-n 10: the eleventh is served when the first goes."""
    with Echo("-n", "10") as echo:
        socks = [connect() for _ in range(11)]
        for sock in socks:
            sock.sendall(b"hello")
        for sock in socks[:10]:
            assert read_exactly(sock, 5) == b"hello"
        assert echo.usage()["clients"] == 10
        socks[10].settimeout(0.3)
        try:
            raise AssertionError(f"served: {socks[10].recv(5)}")
        except TimeoutError:
            pass
        socks[0].close()
        socks[10].settimeout(60)
        assert read_exactly(socks[10], 5) == b"hello"
        for sock in socks:
            sock.close()
        echo.wait_until_idle()


@case
def sigterm_resets_who_is_owed_bytes():
    """A FIN would make a stream that was cut look whole."""
    with Echo("-e", "3600") as echo:
        whole, owed = connect(), connect()
        whole.sendall(b"hello")
        assert read_exactly(whole, 5) == b"hello"
        stuff([owed])
        echo.proc.terminate()
        assert how_it_ended(whole) == "FIN"
        assert how_it_ended(owed) == "RST"
        whole.close()
        owed.close()
        echo.ended()
    kernel_has_no_connections()


@case
def sigterm_ends_it_though_nobody_acknowledges():
    """The link is dead: it waits a little, or until the second signal."""
    for seconds, signals in (("1", [signal.SIGTERM]),
                             ("3600", [signal.SIGINT, signal.SIGTERM])):
        with Echo("-e", seconds) as echo:
            sock = connect()
            echo.wait_until(lambda held: held["clients"] == 1)
            run("ip", "link", "set", "tap0", "down")
            echo.end(*signals)
            run("ip", "link", "set", "tap0", "up")
            sock.close()


@case
def bulk_with_a_reader_that_is_always_late():
    """Both directions full all the time, byte-exact."""
    with Echo() as echo:
        streams = [Stream(connect(), 4 << 20, seed) for seed in range(8)]
        for stream in streams:
            stream.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        pump(streams)
        echo.wait_until_idle()


# @attack I5
@case
def udp_echo_does_not_answer_its_own_port_or_a_broadcast():
    """Two echo servers on any port would talk for ever, and a whole network
    of them would answer one broadcast."""
    with Echo("-p", "777"):
        for port, to in ((777, ADDR[0]), (0, "10.0.0.255"),
                         (0, "255.255.255.255")):
            with socket.socket(type=socket.SOCK_DGRAM) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE,
                                b"tap0")
                sock.bind(("0.0.0.0", port))
                sock.settimeout(0.3)
                sock.sendto(b"x", (to, 777))
                try:
                    raise AssertionError(f"{to} answers {sock.recvfrom(10)}")
                except TimeoutError:
                    pass
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)
            sock.sendto(b"x", (ADDR[0], 777))
            assert sock.recv(10) == b"x"


@case
def gateway_leads_to_other_networks():
    """-g: a client that is not on the link."""
    run("ip", "address", "add", "10.5.5.5/32", "dev", "lo")
    with Echo("-g", KERNEL), socket.socket() as sock:
        sock.settimeout(20)
        sock.bind(("10.5.5.5", 0))
        sock.connect(ADDR)
        sock.sendall(b"hello")
        assert read_exactly(sock, 5) == b"hello"


@case
def road_of_the_first_stations_is_printed():
    """-t."""
    with Echo("-t", "300") as echo:
        with connect() as sock:
            sock.sendall(b"hello")
            assert read_exactly(sock, 5) == b"hello"
        road, _ = echo.end()
    for station in ("tcp_v4_rcv", "inet_accept4", "inet_recv", "inet_send"):
        assert station in road, road


@case
def road_of_the_packets_of_a_filter_is_printed():
    """-f: the segment with data is the third to the port."""
    with Echo("-t", "300", "-f", "tcp dport 7 next 3") as echo:
        with connect() as sock:
            sock.sendall(b"hello")
            assert read_exactly(sock, 5) == b"hello"
            sock.sendall(b"hello")
            assert read_exactly(sock, 5) == b"hello"
        road, _ = echo.end()
    passed = [line.split("packet ")[1].split()[0:2] for line in
              road.splitlines()]
    assert {packet for packet, _ in passed} == {"1", "2", "3"}, road
    assert [packet for packet, name in passed if name == "tcp_queue_rcv"] == ["3"]


@case
def bad_arguments_get_a_sentence():
    """Exit status 2 for a wrong command line, 1 for a device in trouble."""
    for options, said in (
            (["-p", "0"], '-p "0": a number from 1 to 65535 is wanted'),
            (["-p", "65536"], '-p "65536": a number from 1 to 65535'),
            (["-p", "http"], '-p "http": a number from 1 to 65535 is wanted'),
            (["-n", "0"], '-n "0": a number from 1 to 1000000 is wanted'),
            (["-n", "-1"], '-n "-1": a number from 1 to 1000000 is wanted'),
            (["-e", "3601"], '-e "3601": a number from 0 to 3600 is wanted'),
            (["-t", ""], '-t "": a number from 1 to 1000000 is wanted'),
            (["-f", "tcp"], "-f wants -t, whose packets it chooses"),
            (["more"], '"more" is one word too many')):
        got = sentence(*options, status=2)
        assert got.startswith(f"echo: {said}"), got
    assert "usage: echo " in sentence("-Z", status=2)
    for options, said in (
            (["-d", "tap:lo"], "lo: /dev/net/tun: Invalid argument"),
            (["-d", "tup:tap0"], "'tup' is no device driver"),
            (["-a", "10.0.0"], 'tap0: "10.0.0" is not an address'),
            (["-t", "9", "-f", "dev eth9"],
             "trace filter: dev 'eth9': no such device"),
            (["-w", "/nowhere/x"], "/nowhere/x: No such file or directory"),
            (["-g", "10.9.9.9"],
             'route "default via 10.9.9.9": '
             "Nexthop has invalid gateway: no device has 10.9.9.9 ")):
        got = sentence(*options, status=1)
        assert got.startswith(f"echo: {said}"), got


@case
def help_is_no_error():
    """-h and --help print all options on standard output."""
    for option in ("-h", "--help"):
        out = run(ECHO, option)
        assert out.startswith("usage: echo "), out
        for letter in "daefhgpntw":
            assert f"  -{letter} " in out, letter


def main():
    """As many descriptors as clients, and the kernel's end of the link."""
    skip_without_echo()
    wanted = CLIENTS + 100
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (OSError, ValueError):
        print(f"1..0 # SKIP {wanted} descriptors are not allowed here")
        return
    enter_namespace()
    libinet_end()
    kernel_end("tap0")
    run_cases()


main()
