# SPDX-License-Identifier: BSD-2-Clause
"""examples/ping against the Linux kernel: each option, each line and the exit
status as ping(8)'s, which pings libinet the other way for comparison. Where
the kernel answers too well, a raw socket of ours answers instead.
"""
import os
import re
import signal
import socket
import subprocess
import threading

from peer import (ADDR, BUILD, DEVICE, KERNEL, Echo, case, enter_namespace,
                  kernel_end, libinet_end, run, run_cases, skip_without_echo)

PING = [os.path.join(BUILD, "examples/ping"), *DEVICE]
IGNORE = "net.ipv4.icmp_echo_ignore_all"
SILENT = "10.0.0.77"            # nobody has this address


def ping(*options, status=0):
    """Runs our ping, which must end with STATUS. Return: what it says."""
    out = subprocess.run([*PING, *options], capture_output=True, text=True,
                         check=False, timeout=60)
    assert out.returncode == status, out
    return out.stdout + out.stderr


def statistics(sent, received, *more):
    """The line of sums, but for its time."""
    loss = f"{100 * (sent - received) / sent:g}% packet loss"
    return ", ".join([f"{sent} packets transmitted", f"{received} received",
                      *more, loss, "time "])


def form(text):
    """TEXT without what differs between two runs of the same program."""
    text = re.sub(r"\d+\.\d+\.\d+\.\d+", "ADDRESS", text)
    text = re.sub(r", pipe \d+|\npipe \d+", "", text)
    text = re.sub(r"time=(\d\.\d\d\d?|\d\d\.\d|\d{3,}) ms", "time=TIME ms", text)
    return re.sub(r"\d+\.\d{3}|(?<=time )\d+(?=ms)", "TIME", text)


class Answers:
    """Answers echo requests in the kernel's stead: HOW(request, reply, send)."""

    def __init__(self, how):
        self.how = how
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_RAW,
                                  socket.IPPROTO_ICMP)
        self.sock.settimeout(0.1)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work)

    def work(self):
        """Until the end."""
        while not self.ended.is_set():
            try:
                packet, (peer, _) = self.sock.recvfrom(70000)
            except TimeoutError:
                continue
            echo = bytearray(packet[(packet[0] & 15) * 4:])
            if echo[0] == 8:
                echo[0] = 0
                self.how(echo, lambda reply, to=peer: self.send(reply, to))

    def send(self, reply, peer):
        """REPLY with its checksum."""
        reply[2:4] = b"\0\0"
        total = sum(int.from_bytes(reply[i:i + 2].ljust(2, b"\0"), "big")
                    for i in range(0, len(reply), 2))
        while total >> 16:
            total = (total & 0xffff) + (total >> 16)
        reply[2:4] = (total ^ 0xffff).to_bytes(2, "big")
        self.sock.sendto(reply, (peer, 0))

    def __enter__(self):
        run("sysctl", "-qw", f"{IGNORE}=1")
        self.thread.start()

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.sock.close()
        run("sysctl", "-qw", f"{IGNORE}=0")


@case
def lines_and_sums_have_the_form_of_ping_8():
    """All that is printed, but for addresses and times."""
    for options in (["-c", "3", "-i", "0.2"], ["-c", "2", "-i", "0.2", "-q"],
                    ["-c", "1", "-s", "0"], ["-c", "1", "-s", "7"],
                    ["-c", "1", "-s", "1473"], ["-c", "1", "-s", "65507"]):
        ours = ping(*options, KERNEL)
        with Echo():
            linux = run("ping", *options, ADDR[0])
        assert form(ours) == form(linux), f"{options}: {ours}\n{linux}"


@case
def count_ends_it():
    """-c: as many requests, as many replies."""
    said = ping("-c", "5", "-i", "0.01", KERNEL)
    assert re.findall(r"icmp_seq=(\d+) ttl=64", said) == list("12345"), said
    assert statistics(5, 5) in said, said


@case
def interval_is_kept():
    """-i: five requests at 50 ms take 200 ms; at 0 each waits for a reply."""
    said = ping("-c", "5", "-i", "0.05", KERNEL)
    assert int(re.search(r"time (\d+)ms", said).group(1)) >= 200, said
    said = ping("-q", "-c", "2000", "-i", "0", KERNEL)
    assert statistics(2000, 2000) in said, said


@case
def sizes_of_0_to_65507_come_back():
    """-s, around what fits a frame, and the most there is."""
    for size in (0, 1, 7, 8, 56, 1472, 1473, 9000, 65507):
        said = ping("-c", "1", "-s", str(size), KERNEL)
        assert f"{size}({size + 28}) bytes of data." in said, said
        assert f"{size + 8} bytes from {KERNEL}: icmp_seq=1 ttl=64" in said
        assert ("rtt min/avg" in said) == (size >= 8), said


@case
def nobody_answers_exits_1_after_the_wait():
    """-W bounds the wait for a first reply."""
    with Answers(lambda reply, send: None):
        said = ping("-c", "2", "-i", "0.1", "-W", "0.3", KERNEL, status=1)
    assert statistics(2, 0) in said and "rtt" not in said, said


@case
def deadline_ends_it_and_exits_1_if_replies_are_missing():
    """-w: before all replies came 1, after it 0; the count is of replies."""
    said = ping("-w", "1", "-c", "1000", "-i", "0.2", KERNEL, status=1)
    assert re.search(r", [1-9]\d* received", said), said
    ping("-w", "30", "-c", "2", "-i", "0.01", KERNEL)

    def even(reply, send):
        if reply[7] % 2 == 0:
            send(reply)

    with Answers(even):         # the lost ones are asked again
        said = ping("-w", "30", "-c", "3", "-i", "0.01", KERNEL)
    assert ", 3 received" in said and "icmp_seq=6" in said, said


@case
def losses_are_counted():
    """Every other request is lost on its way."""
    def odd(reply, send):
        if reply[7] % 2:
            send(reply)

    with Answers(odd):
        said = ping("-c", "4", "-i", "0.05", "-W", "1", KERNEL)
    assert statistics(4, 2) in said, said
    assert re.findall(r"icmp_seq=(\d+)", said) == ["1", "3"], said


@case
def duplicates_are_marked_and_counted():
    """DUP!"""
    def thrice(reply, send):
        for _ in range(3):
            send(reply)

    with Answers(thrice):
        said = ping("-c", "2", "-i", "0.3", KERNEL)
    assert said.count("icmp_seq=1 ") == 3 and said.count("(DUP!)") >= 2, said
    assert re.search(r"2 received, \+[234] duplicates, 0% packet loss", said)


@case
def replies_with_wrong_data_are_shown():
    """Cut short, and with one byte changed."""
    def change(reply, send):
        if reply[7] == 1:
            reply[8 + 20] ^= 0xff
            send(reply)
        else:
            send(reply[:40])

    with Answers(change):
        said = ping("-c", "2", "-i", "0.05", KERNEL)
    assert "wrong data byte #20 should be 0x14 but was 0xeb" in said, said
    assert "40 bytes from 10.0.0.1: icmp_seq=2 ttl=64 (truncated) time=" \
        in said, said


@case
def silent_neighbour_is_unreachable():
    """ARP gives up: ping's own host says so, as Linux's does."""
    said = ping("-c", "2", "-i", "0.1", SILENT, status=1)
    for seq in (1, 2):
        assert f"From {ADDR[0]} icmp_seq={seq} Destination Host " \
            "Unreachable\n" in said, said
    assert statistics(2, 0, "+2 errors") in said, said


@case
def errors_of_routers_are_shown():
    """What the kernel says as a router, for each of its reasons."""
    for network, kind, text in (
            ("10.6.0", ["unreachable"], "Destination Host Unreachable"),
            ("10.7.0", ["prohibit"], "Packet filtered"),
            ("10.8.0", None, "Destination Net Unreachable")):
        if kind:
            run("ip", "route", "add", *kind, network + ".0/24")
        said = ping("-g", KERNEL, "-c", "1", network + ".1", status=1)
        assert f"From {KERNEL} icmp_seq=1 {text}\n" in said, said
        assert statistics(1, 0, "+1 errors") in said, said


@case
def time_to_live_is_exceeded_at_the_router():
    """-t 1."""
    said = ping("-g", KERNEL, "-t", "1", "-c", "1", "10.9.0.1", status=1)
    assert f"From {KERNEL} icmp_seq=1 Time to live exceeded\n" in said, said
    assert statistics(1, 0, "+1 errors") in said, said


@case
def too_long_for_the_path_is_said():
    """-M do: by our own host at once, by a router after one request."""
    said = ping("-M", "do", "-s", "1473", "-c", "1", KERNEL, status=1)
    assert "ping: local error: message too long, mtu=1500\n" in said, said
    said = ping("-g", KERNEL, "-M", "do", "-s", "1200", "-c", "2", "-i", "0.2",
                "10.9.1.1", status=1)
    assert "icmp_seq=1 Frag needed and DF set (mtu = 1000)\n" in said, said
    assert "ping: local error: message too long, mtu=1000\n" in said, said
    assert "+2 errors" in said, said


@case
def interrupt_prints_the_sums():
    """SIGQUIT prints them and goes on, SIGINT ends it."""
    for ignored, status in (("0", 0), ("1", 1)):
        run("sysctl", "-qw", f"{IGNORE}={ignored}")
        with subprocess.Popen([*PING, "-i", "0.05", KERNEL],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as proc:
            proc.stdout.readline()
            if status == 0:
                proc.stdout.readline()          # a first reply
            proc.send_signal(signal.SIGQUIT)
            proc.stderr.readline()              # "\r": at the line's start
            line = proc.stderr.readline()
            assert re.match(r"\d+/\d+ packets, \d+% loss", line), line
            assert ("min/avg/ewma/max = " in line) == (status == 0), line
            proc.send_signal(signal.SIGINT)
            said = proc.stdout.read()
            assert proc.wait(20) == status, said
        assert " ping statistics ---\n" in said, said
        assert " packet loss, time " in said, said
    run("sysctl", "-qw", f"{IGNORE}=0")


@case
def bad_arguments_get_a_sentence_and_exit_2():
    """What is wrong and where; nothing is sent."""
    for options, sentence in (
            (["-c", "0", KERNEL],
             '-c "0": a number from 1 to 1000000000 is wanted'),
            (["-c", "1.5", KERNEL], '-c "1.5": a whole number is wanted'),
            (["-c", "many", KERNEL],
             '-c "many": a number from 1 to 1000000000 is wanted'),
            (["-i", "-1", KERNEL],
             '-i "-1": a number from 0 to 3600 is wanted'),
            (["-s", "65508", KERNEL],
             '-s "65508": a number from 0 to 65507 is wanted'),
            (["-t", "256", KERNEL],
             '-t "256": a number from 1 to 255 is wanted'),
            (["-W", "", KERNEL],
             '-W "": a number from 0 to 3600 is wanted'),
            (["-w", "nan", KERNEL],
             '-w "nan": a number from 0 to 86400 is wanted'),
            (["-M", "maybe", KERNEL],
             '-M "maybe": do, dont or want is wanted'),
            (["example.org"], '"example.org" is not an IPv4 address'),
            ([], "one destination is wanted"),
            ([KERNEL, KERNEL], "one destination is wanted"),
            (["-a", "10.0.0.2/33", KERNEL],
             'tap0: "10.0.0.2/33" is not an address (A.B.C.D/LENGTH, then '
             "perhaps broadcast A.B.C.D)"),
            (["-d", "tup:tap0", KERNEL],
             "'tup' is no device driver; there are: "),
            (["10.99.0.1"], "connect: Network is unreachable")):
        said = ping(*options, status=2)
        assert said.startswith(f"ping: {sentence}"), said
    assert "usage: ping " in ping("-Z", KERNEL, status=2)


@case
def help_is_no_error():
    """-h and --help print all options on standard output."""
    for option in ("-h", "--help"):
        out = subprocess.run([PING[0], option], capture_output=True,
                             text=True, check=True)
        assert out.stdout.startswith("usage: ping ") and not out.stderr
        for letter in "adgchiMnqstwW":
            assert f"-{letter}" in out.stdout or letter in "hnq", letter


def main():
    """The kernel's end, and where it is a router to."""
    skip_without_echo()
    enter_namespace()
    libinet_end()
    kernel_end("tap0")
    run("sysctl", "-qw", "net.ipv4.ip_forward=1",
        "net.ipv4.conf.all.send_redirects=0",
        "net.ipv4.conf.tap0.send_redirects=0",
        "net.ipv4.icmp_ratelimit=0")
    run("ip", "route", "add", "10.9.0.0/24", "via", "10.0.0.78", "dev", "tap0")
    run("ip", "route", "add", "10.9.1.0/24", "via", "10.0.0.78", "dev",
        "tap0", "mtu", "lock", "1000")
    run_cases()


main()
