#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""More programs of Debian's, which come in pairs or bring processes of their own: one on
libinet by inetrun, the other on the kernel, as in programs.py.
"""
import contextlib
import os
import re
import signal
import subprocess
import tempfile
import time

from files import FILE, FOLDER, WORDS, fetch, kernel_http, same, transfer
from lab import KERNEL, STACK, Traced, need, other_users, wait_for
from peer import case, run

OUT = os.path.join(FOLDER, "out")


def conf(name, text):
    """A file of that NAME. Return: its path."""
    path = os.path.join(FOLDER, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


@contextlib.contextmanager
def on_kernel(*argv, address, **options):
    """ARGV on the kernel, which listens at ADDRESS."""
    with subprocess.Popen([need(argv[0]), *argv[1:]], start_new_session=True,
                          **options) as proc:
        try:
            wait_for(address)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(proc.pid, signal.SIGTERM)


QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@case
def lighttpd_serves():
    """One process, sendfile."""
    path = conf("lighttpd.conf", f'server.document-root = "{FOLDER}"\nserver.port = 8001\n'
                f'server.bind = "{STACK}"\n')
    with Traced("lighttpd", "-D", "-f", path, **QUIET):
        wait_for((STACK, 8001))
        for _ in range(3):
            fetch(f"http://{STACK}:8001")


@case
def haproxy_with_a_worker_proxies_and_reloads():
    """A master, which becomes itself again at SIGUSR2 and hands on the listener."""
    with kernel_http() as url:
        path = conf("haproxy.cfg", "defaults\n mode http\n timeout connect 9s\n timeout client 9s\n"
                    f" timeout server 9s\nlisten it\n bind {STACK}:8002\n"
                    f" server kernel {url.split('/')[2]}\n")
        with Traced("haproxy", "-W", "-f", path, "-p", f"{FOLDER}/haproxy.pid", **QUIET):
            wait_for((STACK, 8002))
            fetch(f"http://{STACK}:8002")
            with open(f"{FOLDER}/haproxy.pid", encoding="ascii") as file:
                master = int(file.read())
            workers = children(master)
            os.kill(master, signal.SIGUSR2)
            for _ in range(100):
                fetch(f"http://{STACK}:8002")
                if children(master) and not children(master) & workers:
                    break
                time.sleep(0.1)
            assert not children(master) & workers, "the old worker is there"
            fetch(f"http://{STACK}:8002")


def children(pid):
    """Those of a process."""
    return {int(line.split()[0]) for line in run("ps", "-e", "-o", "pid=,ppid=").splitlines()
            if line.split()[1] == str(pid)}


DNS = ["-k", "-C", os.devnull, "--no-resolv", "--no-hosts", "--user=root", "--pid-file",
       "--host-record=host.test,192.0.2.7", "--txt-record=long.test," + 5 * ("x" * 200 + ",")]


@case
def dig_asks():
    """Over UDP, and TCP."""
    with on_kernel("dnsmasq", *DNS, "-a", KERNEL, "--bind-interfaces",
                   address=(KERNEL, 53), **QUIET):
        for options in ([], ["+tcp"]):
            said = Traced("dig", f"@{KERNEL}", "+short", "host.test", *options).run()
            assert said == b"192.0.2.7\n", said
        said = Traced("dig", f"@{KERNEL}", "+noedns", "+short", "long.test", "TXT").run()
        assert said.count(b"x") == 1000, said       # too long for UDP


@case
def dnsmasq_answers():
    """Datagrams to any address, with IP_PKTINFO; a process for each connection."""
    need("dig")
    with Traced("dnsmasq", *DNS, "-a", STACK, "--bind-interfaces", **QUIET):
        wait_for((STACK, 53))
        for options in ([], ["+tcp"]):
            said = run("dig", f"@{STACK}", "+short", "host.test", *options)
            assert said == "192.0.2.7\n", said
        said = run("dig", f"@{STACK}", "+noedns", "+short", "long.test", "TXT")
        assert said.count("x") == 1000, said


@case
def ab_asks():
    """Ten connections at a time."""
    with kernel_http() as url:
        said = Traced("ab", "-q", "-n", "40", "-c", "10", url).run().decode()
    assert re.search(r"Complete requests: +40\n", said), said
    assert re.search(r"Failed requests: +0\n", said), said
    assert re.search(rf"HTML transferred: +{40 * len(WORDS)} bytes", said), said


@case
def wrk_asks():
    """Two threads."""
    with kernel_http() as url:
        said = Traced("wrk", "-t", "2", "-c", "8", "-d", "1", url).run().decode()
    assert int(re.search(r"(\d+) requests in", said).group(1)) > 0, said
    assert "Socket errors" not in said and "Non-2xx" not in said, said


@case
def traceroute_finds_the_way():
    """Debian's own, by pings."""
    said = Traced("traceroute.db", "-I", "-n", "-q", "1", "-m", "3", KERNEL).run().decode()
    assert re.search(rf"^ *1 +{KERNEL} +[\d.]+ ms", said, re.M), said


@case
def rsync_serves_and_fetches():
    """A daemon with a process for each connection; and the client."""
    path = conf("rsyncd.conf", "use chroot = no\nuid = root\ngid = root\n"
                f"reverse lookup = no\n[m]\npath = {FOLDER}\n")
    daemon = ["rsync", "--daemon", "--no-detach", f"--config={path}"]
    with Traced(*daemon, "--port=8003", f"--address={STACK}", **QUIET):
        wait_for((STACK, 8003))
        run("rsync", "-W", f"rsync://{STACK}:8003/m/file", OUT)
        same(OUT)
    with on_kernel(*daemon, "--port=8003", f"--address={KERNEL}", address=(KERNEL, 8003),
                   **QUIET):
        Traced("rsync", "-W", f"rsync://{KERNEL}:8003/m/file", OUT).run()
        same(OUT)


@case
def git_serves_and_clones():
    """A daemon that executes another program for each connection; and a clone."""
    folder = tempfile.mkdtemp()
    run("git", "init", "-q", f"{folder}/repo")
    run("cp", FILE, f"{folder}/repo/file")
    run("git", "-C", f"{folder}/repo", "add", "file")
    run("git", "-C", f"{folder}/repo", "-c", "user.name=x", "-c", "user.email=x@example.com",
        "commit", "-qm", "a file")
    daemon = ["git", "daemon", "--reuseaddr", "--export-all", f"--base-path={folder}"]
    with Traced(*daemon, f"--listen={STACK}", "--port=8004", **QUIET):
        wait_for((STACK, 8004))
        run("git", "clone", "-q", f"git://{STACK}:8004/repo", f"{folder}/one")
        same(f"{folder}/one/file")
    with on_kernel(*daemon, f"--listen={KERNEL}", "--port=8004", address=(KERNEL, 8004),
                   **QUIET):
        Traced("git", "clone", "-q", f"git://{KERNEL}:8004/repo", f"{folder}/two").run()
        same(f"{folder}/two/file")


@case
def sshd_serves_and_ssh_asks():
    """A server that executes itself for each connection, a command, and sftp; and the
    client's side of them."""
    sshd = need("sshd")
    other_users()
    os.makedirs("/run/sshd", exist_ok=True)
    for key in ("host", "user"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{FOLDER}/{key}")
    path = conf("sshd.conf", f"HostKey {FOLDER}/host\nAuthorizedKeysFile {FOLDER}/user.pub\n"
                "StrictModes no\nPermitRootLogin yes\nPidFile none\nUsePAM no\n"
                "Subsystem sftp internal-sftp\n")
    options = ["-q", "-i", f"{FOLDER}/user", "-o", "StrictHostKeyChecking=no", "-o",
               "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"]
    server = ["-D", "-e", "-f", path, "-p", "8005", "-o"]
    with Traced(sshd, *server, f"ListenAddress={STACK}", **QUIET):
        wait_for((STACK, 8005))
        with open(OUT, "wb") as out:
            subprocess.run(["ssh", *options, "-p", "8005", f"root@{STACK}", "cat", FILE],
                           stdout=out, check=True, timeout=60)
        same(OUT)
        run("sftp", *options, "-P", "8005", f"root@{STACK}:{FILE}", OUT)
        same(OUT)
    with on_kernel(sshd, *server, f"ListenAddress={KERNEL}", address=(KERNEL, 8005), **QUIET):
        got = Traced("ssh", *options, "-p", "8005", f"root@{KERNEL}", "cat", FILE).run()
        assert got == WORDS, f"{len(got)} other bytes"
        Traced("sftp", *options, "-P", "8005", f"root@{KERNEL}:{FILE}", OUT).run()
        same(OUT)


NODE = """const h = require('http'), f = require('fs');
h.createServer((q, r) => f.createReadStream('%s').pipe(r)).listen(8006, '%s');"""
GET = """require('http').get('%s', r => r.pipe(process.stdout));"""


@case
def node_serves_and_asks():
    """An event loop that makes system calls past the C library."""
    with Traced("node", "-e", NODE % (FILE, STACK), **QUIET):
        wait_for((STACK, 8006))
        for _ in range(3):
            fetch(f"http://{STACK}:8006")
    with kernel_http() as url:
        got = Traced("node", "-e", GET % url).run()
    assert got == WORDS, f"{len(got)} other bytes"


transfer()
