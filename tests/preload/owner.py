#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""inetstackd and inetrun themselves: set up by a file, started on demand, crashes of
either side, and what is left over.
"""
import os
import re
import resource
import signal
import socket
import subprocess
import tempfile

from lab import (CONF, DEVICE, INETRUN, INETSTACKD, KERNEL, STACK, Owner, client,
                 conf_file, lab, need, on_stack, other_users, python, wait_for, waits)
from peer import BUILD, case, run, run_cases


@case
def file_sets_up_devices_addresses_routes_and_knobs():
    """All of inet.conf(5)."""
    with Owner("-c", conf_file(CONF)):
        said = python(
            "import socket as s\nc = s.socket()\nprint(c.getsockopt(6, "
            "s.TCP_KEEPIDLE))\nc.bind(('10.0.0.3', 0))\ntry: c.connect(("
            f"'{KERNEL}', 1))\nexcept OSError as e: print(e.errno)")
    assert said.split() == ["77", "111"], said


@case
def file_with_mistakes_is_refused():
    """With a sentence, and exit status 1."""
    for text, wanted in (("nonsense = 1", "nonsense"),
                         ('device "tap:tap0" { addresses = {"10.0.0.999/24"} }',
                          "10.0.0.999"),
                         ('sysctls = {"net.ipv4.nothing = 1"}', "nothing"),
                         ('routes = {"default via nowhere"}', "nowhere"),
                         ('sysctls = {"net.ipv4.tcp_keepalive_time = 77' +
                          " " * 130 + '8"}', "1 number"),
                         ('loopback = "both"', "loopback"),
                         ('user = "no-such-user"', "no-such-user"),
                         ('user = "root" group = "no-such-group"', "no-such-group"),
                         ('group = "daemon"', "a user is wanted"),
                         ('seccomp = "maybe"', "seccomp"),
                         ("idle = 100000", "idle")):
        done = subprocess.run([INETSTACKD, "-c", conf_file(text)], timeout=20,
                              stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1 and wanted in done.stderr, done


@case
def second_owner_of_the_name_is_refused():
    """There is one for each name."""
    with Owner():
        done = subprocess.run([INETSTACKD, "-n", "test"], timeout=20, text=True,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1 and "in use" in done.stderr, done


@case
def inetrun_without_a_stack_says_so():
    """Nothing runs, nothing is described."""
    done = subprocess.run(on_stack("true"), stderr=subprocess.PIPE, text=True,
                          timeout=20, check=False)
    assert done.returncode == 1 and 'no stack "test"' in done.stderr, done


@case
def inetrun_starts_the_owner_which_serves_the_next_one_too():
    """By -t and by -c; the second program finds the same stack."""
    for described in (["-t", f"tap0,ip={STACK}/24"], ["-c", conf_file(CONF)]):
        for _ in range(2):
            done = subprocess.run([INETRUN, *described, "python3", "-c",
                                   "import socket\nsocket.socket().bind(("
                                   f"'{STACK}', 80))"], timeout=20, check=False)
            assert done.returncode == 0, done
            pids = subprocess.run(["pgrep", "-f", "inetstackd -n"], text=True,
                                  stdout=subprocess.PIPE, check=True).stdout.split()
            assert len(pids) == 1, pids
        os.kill(int(pids[0]), signal.SIGTERM)
        waits(lambda p=int(pids[0]): os.waitpid(p, os.WNOHANG)[0] == p,
              "it goes on")


ACTIVATE = """import os, socket as s, sys
k = []
for place, kind in (('control', s.SOCK_SEQPACKET), ('dgram', s.SOCK_SEQPACKET),
                    ('stream', s.SOCK_STREAM), ('admin', s.SOCK_STREAM)):
    k.append(s.socket(s.AF_UNIX, kind))
    k[-1].bind('\\0inet/test/' + place)
    k[-1].listen(100)
high = [os.dup2(x.fileno(), 100 + i) for i, x in enumerate(k)]
for i, fd in enumerate(high): os.dup2(fd, 3 + i)
for fd in high: os.close(fd)
print('listening', flush=True)
input()
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='4')
os.execv(sys.argv[1], sys.argv[1:])
"""


def status(proc):
    """What the kernel says of the process, by name."""
    with open(f"/proc/{proc.pid}/status", encoding="ascii") as file:
        return {name: value.strip() for name, _, value in
                (line.partition(":") for line in file)}


def filters():
    """Does this build filter system calls?"""
    return b"this build has no filter" not in subprocess.run(
        [INETSTACKD, "-s", "on", "-d", "none:"], timeout=20, check=False,
        stderr=subprocess.PIPE).stderr


@case
def owner_gives_up_what_it_does_not_need():
    """inetstackd(8): no capability, no way to one, a filter of system calls unless it is
    told otherwise; and AF_XDP keeps two."""
    wanted = {"CapEff": "0" * 16, "CapPrm": "0" * 16, "CapBnd": "0" * 16,
              "NoNewPrivs": "1", "Seccomp": "2" if filters() else "0"}
    file = conf_file(CONF + 'seccomp = "off"')
    for options, other in (([], {}), (["-d", DEVICE, "-s", "off"], {"Seccomp": "0"}),
                           (["-c", file], {"Seccomp": "0"})):
        with Owner(*options) as owner:
            said = status(owner.proc)
        for name, value in (wanted | other).items():
            assert said[name] == value, (options, name, said[name])


@case
def owner_becomes_a_user_whose_stack_it_is():
    """By -u and by a file; his programs are served, those of others are not."""
    code = ("import socket as s\ntry: k = s.create_connection(('" + KERNEL +
            "', 1))\nexcept OSError as e: print(e.errno)")
    other_users()
    for options in (["-d", DEVICE, "-a", STACK + "/24", "-u", "nobody:daemon"],
                    ["-c", conf_file(CONF + 'user = "nobody" group = "daemon"')]):
        with Owner(*options) as owner:
            said = status(owner.proc)
            errors = [subprocess.run(
                on_stack("/usr/bin/python3", "-c", code), stdout=subprocess.PIPE, timeout=20,
                text=True, check=False, **who).stdout.strip()
                for who in ({"user": "nobody", "group": "nogroup", "extra_groups": []}, {})]
        assert (said["Uid"].split(), said["Gid"].split(), said["Groups"]) == (
            ["65534"] * 4, ["1"] * 4, ""), said
        assert said["CapEff"] == "0" * 16, said
        assert errors == ["111", "100"], errors


@case
def sockets_of_a_service_manager_are_served():
    """As systemd's: they listen before inetstackd runs; who has come by then waits."""
    with subprocess.Popen([need("python3"), "-c", ACTIVATE, INETSTACKD, "-n", "test", "-d",
                           DEVICE, "-a", STACK + "/24"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as proc:
        assert proc.stdout.readline() == "listening\n"
        with subprocess.Popen(on_stack(
                "python3", "-c", "import socket as s\ns.socket(type=s.SOCK_DGRAM)."
                f"sendto(b'-', ('{KERNEL}', 9))\nk = s.create_server(('{STACK}', 80))\n"
                "k.accept()\nprint('accepted')"),
                stdout=subprocess.PIPE, text=True) as program:
            proc.stdin.write("\n")
            proc.stdin.flush()
            assert proc.stdout.readline() == "inetstackd: test: ready\n"
            wait_for((STACK, 80))
            assert program.communicate(timeout=20)[0] == "accepted\n"
        held = run("ss", "-xlH").count("@inet/test/")
        proc.terminate()
        assert proc.wait(20) == 0
    assert held == 4, held


@case
def units_of_systemd_are_valid():
    """As far as systemd-analyze(1) knows; and the sockets are those that are looked for."""
    analyze = need("systemd-analyze")
    source = os.path.join(os.environ["top_srcdir"], "tools/inetstackd@.socket")
    folder = tempfile.mkdtemp()
    with open(source, encoding="ascii") as file:
        sockets = file.read()
    with open(os.path.join(BUILD, "tools/inetstackd@.service"), encoding="ascii") as file:
        service = re.sub(r"(ExecStart=)\S+", r"\1" + os.path.abspath(INETSTACKD), file.read())
    for suffix, text in (("socket", sockets), ("service", service)):
        with open(f"{folder}/inetstackd@.{suffix}", "w", encoding="ascii") as file:
            file.write(text)
    done = subprocess.run([analyze, "verify", "--man=no", f"{folder}/inetstackd@x.socket",
                           f"{folder}/inetstackd@x.service"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60, text=True, check=False)
    assert done.returncode == 0 and "inetstackd" not in done.stdout, done
    assert re.findall(r"@inet/%i/(\w+)", sockets) == re.findall(
        r"'(\w+)', s.SOCK", ACTIVATE), sockets


@case
def idle_owner_ends():
    """A second after its last program and its last socket."""
    with Owner("-d", DEVICE, "-a", STACK + "/24", "-i", "1") as owner:
        with subprocess.Popen(on_stack("sleep", "2.5")) as program:
            assert program.wait() == 0
        assert owner.proc.poll() is None, "it did not wait for its program"
        waits(lambda: owner.proc.poll() == 0, "it does not end")


@case
def owner_crash_is_a_reset_for_programs():
    """recv() that waits fails with ECONNRESET, of datagrams and of new sockets with
    ENETDOWN."""
    with Owner() as owner:
        proc, conn = client(
            "u = socket.socket(type=socket.SOCK_DGRAM)\nu.connect(c.getpeername())\n"
            "print('both', flush=True)\n"
            "for s in c, u:\n    try: s.recv(1)\n    except OSError as e: print(e.errno)\n"
            f"try: socket.socket().bind(('{STACK}', 0))\n"
            "except OSError as e: print(e.errno)")
        assert proc.stdout.readline() == "both\n"
        owner.kill()
        said, _ = proc.communicate(timeout=20)
        conn.close()
    assert said.split() == ["104", "100", "100"], said


@case
def killed_program_leaves_nothing():
    """1,500 connections, more than the usual limit, of a program that dies by SIGKILL:
    a FIN for each, and the owner has the descriptors that it had before.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    with Owner() as owner, socket.create_server((KERNEL, 0), backlog=300) as server:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2000), hard))
        server.settimeout(20)
        port = server.getsockname()[1]
        before = owner.descriptors()
        with subprocess.Popen(on_stack(
                need("python3"), "-c", "import socket\n"
                f"c = [socket.create_connection(('{KERNEL}', {port})) for _ in "
                "range(1500)]\nc[0].recv(1)")) as proc:
            conns = [server.accept()[0] for _ in range(1500)]
            proc.kill()
        for conn in conns:
            conn.settimeout(20)
            assert conn.recv(1) == b""
            conn.close()
        waits(lambda: owner.descriptors() == before, "descriptors are left")


@case
def program_that_does_not_read_stops_its_peer():
    """And nothing is lost: 8 MB into a program that sleeps first."""
    with Owner():
        proc, conn = client("import time, hashlib\ntime.sleep(1)\n"
                            "h = hashlib.sha256()\n"
                            "while d := c.recv(65536): h.update(d)\n"
                            "print(h.hexdigest())")
        block = bytes(range(256)) * 4096
        conn.settimeout(0.5)
        sent = 0
        try:
            while True:
                sent += conn.send(block[sent % len(block):])
        except TimeoutError:
            pass
        assert sent < 8 << 20, "nobody stopped us"
        conn.settimeout(20)
        while sent < 8 << 20:
            sent += conn.send(block[sent % len(block):])
        conn.shutdown(socket.SHUT_WR)
        said, _ = proc.communicate(timeout=30)
        conn.close()
    import hashlib      # pylint: disable=import-outside-toplevel
    assert said.strip() == hashlib.sha256(
        (block * (sent // len(block) + 1))[:sent]).hexdigest(), said


@case
def restarted_server_gets_its_port_again():
    """At once, though nobody said that the last one is dead; without it one is refused,
    at once too.
    """
    with Owner():
        for _ in range(5):
            with subprocess.Popen(on_stack(
                    need("python3"), "-c", "import socket\ns = socket.socket()\n"
                    "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
                    f"s.bind(('{STACK}', 4000))\ns.listen()\n"
                    "while True: s.accept()")) as proc:
                wait_for((STACK, 4000))
                proc.kill()
            try:
                socket.create_connection((STACK, 4000), 5).close()
                assert False, "nobody was connected to"
            except ConnectionRefusedError:
                pass


@case
def calls_are_looked_up_before_the_program_begins():
    """dlsym() is for no handler of a signal: all of calls.def stands in the dynamic
    linker's log before the line "transferring control".
    """
    log = tempfile.mkdtemp()
    with Owner():
        subprocess.run(["env", "LD_DEBUG=files,symbols", f"LD_DEBUG_OUTPUT={log}/log",
                        *on_stack("true")], timeout=20, check=True)
    with open(os.path.join(os.environ["top_srcdir"], "preload/calls.def"),
              encoding="ascii") as rows:
        rows = rows.read()
    with open(os.path.join(BUILD, ".libs/libinet-preload.so"), "rb") as library:
        if b"gethostbyname2_r" not in library.read():
            rows = re.sub(r"#ifdef SHIM_CARES.*?#endif", "", rows, flags=re.S)
    calls = re.findall(r"^CALL\([^,]+, (\w+)", rows, re.M)
    for name in os.listdir(log):
        with open(os.path.join(log, name), encoding="ascii", errors="replace") as file:
            before, _, after = file.read().rpartition("transferring control")
        if after.startswith(": true"):
            missing = [call for call in calls if f"symbol={call};" not in before]
            assert calls and not missing, missing
            return
    assert False, "no log"


lab()
run_cases()
