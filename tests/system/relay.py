# SPDX-License-Identifier: BSD-2-Clause
"""The relay of the tests between two TAPs of the kernel: the link is as bad as
asked. The kernel talks to itself: two namespaces, one address each.
"""
import os
import re
import subprocess
import time

from peer import RELAY, case, enter_namespace, run, run_cases


class Link:
    """A relay between k0 (10.9.0.1, here) and k1 (10.9.0.2, elsewhere)."""

    def __init__(self, *options):
        self.relay = subprocess.Popen(
            [RELAY, *options, "tap:k0", "tap:k1"], stdout=subprocess.PIPE,
            text=True)
        assert self.relay.stdout.readline() == "relay: ready\n"
        self.far = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
        self.counters = {}

    def __enter__(self):
        for _ in range(100):    # until unshare has made its namespace
            if os.readlink(f"/proc/{self.far.pid}/ns/net") != \
                    os.readlink("/proc/self/ns/net"):
                break
            time.sleep(0.01)
        run("ip", "link", "set", "k1", "netns", str(self.far.pid))
        for name, address, prefix in (("k0", "10.9.0.1", []),
                                      ("k1", "10.9.0.2", self.there())):
            run(*prefix, "sysctl", "-qw",
                f"net.ipv6.conf.{name}.disable_ipv6=1")
            run(*prefix, "ip", "address", "add", address + "/24", "dev", name)
            run(*prefix, "ip", "link", "set", name, "up")
        return self

    def there(self):
        """What puts a command into the other namespace."""
        return ["nsenter", "--net", "-t", str(self.far.pid)]

    def ping(self, *options):
        """Pings the other side. Return: sent, received, the times in ms."""
        said = subprocess.run(
            ["ping", "-n", *options, "10.9.0.2"], check=False,
            stdout=subprocess.PIPE, text=True).stdout
        sent, got = re.search(r"(\d+) packets transmitted, (\d+) received",
                              said).groups()
        return int(sent), int(got), [
            float(t) for t in re.findall(r"time=([\d.]+) ms", said)]

    def __exit__(self, *_):
        self.relay.terminate()
        for line in self.relay.communicate(timeout=10)[0].splitlines():
            name, *rest = line.split()
            self.counters[name] = {
                key: int(value) for key, value in
                (word.split("=") for word in rest)}
        self.far.terminate()
        self.far.wait()


@case
def no_faults_pass_everything():
    """A clean link loses nothing."""
    with Link() as link:
        sent, got, _ = link.ping("-c", "200", "-i", "0.002", "-s", "1400")
    assert sent == got == 200, (sent, got)
    forth = link.counters["k0>k1"]
    assert forth["delivered"] == forth["frames"] >= 200, forth


@case
def delay_is_added_both_ways():
    """20 ms each way, hardly more."""
    with Link("-f", "delay=20ms") as link:
        _, got, times = link.ping("-c", "20", "-i", "0.05")
    assert got == 20 and min(times[1:]) >= 40, times
    assert sorted(times)[10] < 60, times


@case
def loss_is_as_frequent_as_asked():
    """30 % one way of 500 pings."""
    with Link("-a", "loss=30%,seed=3") as link:
        while not link.ping("-c", "1", "-W", "2")[1]:
            pass                # until ARP has got through
        _, got, _ = link.ping("-c", "500", "-i", "0.002", "-W", "1")
    assert 290 <= got <= 410, got
    assert link.counters["k0>k1"]["lost"] >= 90, link.counters


@case
def mtu_black_hole_swallows_large_frames_only():
    """1,400 bytes pass, more do not."""
    with Link("-a", "blackhole=1400") as link:
        assert link.ping("-c", "2", "-i", "0.01", "-s", "1372")[1] == 2
        assert link.ping("-c", "2", "-i", "0.01", "-W", "0.3", "-s",
                         "1373")[1] == 0
    assert link.counters["k0>k1"]["lost_mtu"] == 2, link.counters


@case
def corrupted_frames_are_noticed_by_their_checksum():
    """Each corrupted ping is dropped by the kernel, none is answered wrong."""
    with Link("-a", "corrupt=50%,seed=5") as link:
        _, got, _ = link.ping("-c", "200", "-i", "0.002", "-W", "0.5")
        said = run("nstat", "-az", "IcmpInCsumErrors")
    assert 60 <= got <= 140, got
    assert link.counters["k0>k1"]["corrupted"] >= 200 - got, link.counters
    assert "IcmpInCsumErrors" in said


@case
def duplicates_arrive_twice():
    """Each request is answered twice."""
    with Link("-a", "dup=100%") as link:
        said = subprocess.run(
            ["ping", "-n", "-c", "20", "-i", "0.01", "10.9.0.2"], check=False,
            stdout=subprocess.PIPE, text=True).stdout
    assert said.count("DUP!") >= 15, said


enter_namespace()
run_cases()
