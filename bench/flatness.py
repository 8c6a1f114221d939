#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A packet costs the same, whatever else there is: counted in instructions.

callgrind counts what bench/flat does in flat_counted(), with one socket, timer or
route and with very many. The clock and the random numbers are the same in each
run, and so is the count: this is no measurement of time."""

import os
import re
import shutil
import subprocess
import sys

BUILD = os.environ.get("top_builddir", ".")
PACKETS = 2000
MOST_PERCENT = 5.0

# case, row of bench/flat, how many of it
CASES = [
    ("idle_sockets_do_not_slow_a_connection", "sockets", 10000),
    ("many_sockets_do_not_slow_each_other", "each", 10000),
    ("pending_timers_do_not_slow_a_connection", "timers", 100000),
    ("routes_do_not_slow_one_destination", "routes", 100000),
    ("routes_do_not_slow_any_destination", "any", 100000),
    ("routes_do_not_slow_a_router", "forward", 100000),
]


def why_not():
    """Why nothing can be counted here, or None."""
    if not shutil.which("valgrind"):
        return "no valgrind"
    with open(os.path.join(BUILD, "config.status"), encoding="utf-8") as file:
        if re.search(r"-fsanitize=", file.read()):
            return "a program with sanitizers does not run under valgrind"
    return None


def counted(row, number):
    """Instructions per packet of a row with that many."""
    done = subprocess.run(
        [os.path.join(BUILD, "libtool"), "--mode=execute", "valgrind",
         "--tool=callgrind", "--callgrind-out-file=/dev/null",
         "--toggle-collect=flat_counted*", os.path.join(BUILD, "bench/flat"),
         row, str(number)],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    found = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not found or not int(found.group(1)):
        sys.exit("bench/flat %s %d under callgrind:\n%s%s" % (
            row, number, done.stdout, done.stderr))
    return int(found.group(1)) / PACKETS


def main():
    """One case for each row."""
    reason, failed = why_not(), 0
    print("1..%d" % len(CASES))
    for nr, (name, row, most) in enumerate(CASES, 1):
        if reason:
            print("ok %d - %s # SKIP %s" % (nr, name, reason))
            continue
        one, many = counted(row, 1), counted(row, most)
        more = 100 * (many - one) / one
        print("# %s: %.0f instructions with 1, %.0f with %d: %+.2f %%" % (
            row, one, many, most, more))
        good = more < MOST_PERCENT
        failed += not good
        print("%sok %d - %s" % ("" if good else "not ", nr, name), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
