#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The ledgers against the tests: COMPLIANCE.md and tests/ATTACKS.md.

A test says in a comment above it what it shows: "@req RFC9293:MUST-5" or
"@attack I1", several ids behind commas. Each id is a row of a ledger:

    | Id | ... | Status | Tests |

with the status "in", "not yet: TITLE" of the issue that brings it, or
"out: why". Run as
a test this compares both directions; run from the top folder with --write it
fills in the tests and turns "not yet" into "in" where there is one.
"""
import re
import sys
from tap import Tap, path, read, tree

LEDGERS = {"req": "COMPLIANCE.md", "attack": "tests/ATTACKS.md"}
# Every label of RFC 9293.
LABELS = [f"{kind}-{n}" for kind, last in
          (("MUST", 69), ("SHLD", 31), ("MAY", 18), ("REC", 1))
          for n in range(1, last + 1)]
TAG = re.compile(r"(?:^|[\s*#])@(req|attack)\s+([\w:./-]+(?:,\s*[\w:./-]+)*)")
# What is "not yet" has an issue that brings it; all else is "out", and why.
ISSUES = ("The receive engine", "The igb backend", "Unmodified programs",
          "TCP the best")
STATUS = re.compile(rf"in|not yet: ({'|'.join(ISSUES)})|out: \S.*")
SHOWN = 4               # tests named in a row; the others are counted


def tags():
    """{kind: {id: [test, ...]}} of all tests, and where each id was seen."""
    found = {kind: {} for kind in LEDGERS}
    for file in tree():
        if not re.match(r"tests/.*\.(c|sh|py|pkt|txt)$", file) or \
                file.startswith("tests/style/"):
            continue
        lines = read(file).split("\n")
        program = re.sub(r".*/|\.\w+$", "", file)
        for number, line in enumerate(lines):
            for kind, ids in TAG.findall(line):
                test = f"{program}:{case_after(lines, number)}".rstrip(":")
                for one in re.split(r",\s*", ids):
                    one = one.rstrip(".:,").removeprefix("RFC9293:")
                    tests = found[kind].setdefault(one, [])
                    if test not in tests:
                        tests.append(test)
    return found


# Of CMocka, and of tests/system/peer.py.
CASE = re.compile(r"(?:static\s+)?void\s+(\w+)\s*\(\s*void\s*\*\*|"
                  r"def\s+(\w+)\(\):")


def case_of(lines, number):
    """The case whose definition begins in line NUMBER, or ""."""
    line = lines[number].rstrip()
    if line.endswith("(") and number + 1 < len(lines):  # too long for one
        line += lines[number + 1].strip()
    match = CASE.match(line)
    if not match or line.endswith(";"):
        return ""
    return match.group(1) or match.group(2)


def case_after(lines, number):
    """The case that a tag in line NUMBER stands above or in."""
    inside = ""
    for at, line in enumerate(lines[:number]):
        case = case_of(lines, at)
        if case:
            inside = case
        elif line.startswith("}"):
            inside = ""
    if inside and lines[number][:1].isspace():
        return inside
    return next(filter(None, (case_of(lines, at)
                              for at in range(number, len(lines)))), "")


class Row:
    """One line of a ledger."""

    def __init__(self, line):
        self.cells = [c.strip() for c in
                      re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        self.id, self.status, self.tests = \
            self.cells[0], self.cells[-2], self.cells[-1]

    def named(self):
        """The tests that the row names."""
        return [test for test in self.tests.split("<br>")
                if test and not re.fullmatch(r"and \d+ more", test)]

    def text(self, status, tests):
        """The line with other last cells."""
        return "| " + " | ".join(self.cells[:-2] + [status, tests]) + " |"


def is_row(line):
    """Whether LINE is a row of a ledger's table, no heading."""
    return re.match(r"\|\s*[\w./:-]+\s*\|", line) and \
        not re.match(r"\|\s*(Id\b|-+\s*\|)", line)


def rows(file):
    """The rows of a ledger."""
    return [Row(line) for line in read(file).split("\n") if is_row(line)]


def cell(tests):
    """What the last column says of TESTS."""
    named = "<br>".join(tests[:SHOWN])
    more = len(tests) - SHOWN
    return named + (f"<br>and {more} more" if more > 0 else "")


def write():
    """Bring the last two columns of both ledgers up to date."""
    found = tags()
    for kind, file in LEDGERS.items():
        lines = read(file).split("\n")
        for number, line in enumerate(lines):
            if not is_row(line):
                continue
            row = Row(line)
            tests = found[kind].get(row.id, [])
            status = row.status
            if tests and status.startswith("not yet"):
                status = "in"
            lines[number] = row.text(status, cell(tests))
        with open(path(file), "w", encoding="utf-8") as out:
            out.write("\n".join(lines))


def check(tap, kind, file, tests):
    """The cases for one ledger."""
    name = re.sub(r".*/|\.md", "", file).lower()
    table = rows(file)
    known = [row.id for row in table]
    tap.check(f"{name}_rows_are_single_and_have_a_status",
              [f"{i}: {known.count(i)} rows"
               for i in sorted(set(known)) if known.count(i) > 1] +
              [f"{row.id}: '{row.status}' is no status"
               for row in table if not STATUS.fullmatch(row.status)])
    tap.check(f"{name}_rows_that_are_in_have_a_test",
              [row.id for row in table
               if row.status == "in" and row.id not in tests])
    tap.check(f"{name}_tags_name_a_row",
              [f"@{kind} {i} in {tests[i][0]}"
               for i in sorted(set(tests) - set(known))])
    stale = [f"{row.id}: '{row.status}', but {tests[row.id][0]} shows it"
             for row in table if row.id in tests and row.status != "in"]
    stale += [f"{row.id}: {test} does not show it" for row in table
              for test in row.named() if test not in tests.get(row.id, [])]
    if stale:
        stale.append("run: python3 tests/style/ledger.py --write")
    tap.check(f"{name}_says_what_the_tests_show", stale)


def main():
    """Check, or with --write mend."""
    if sys.argv[1:] == ["--write"]:
        write()
        return
    tap = Tap()
    found = tags()
    for kind, file in LEDGERS.items():
        check(tap, kind, file, found[kind])
    have = {row.id for row in rows(LEDGERS["req"])}
    tap.check("compliance_has_every_label_of_rfc_9293",
              [label for label in LABELS if label not in have])
    tap.done()


if __name__ == "__main__":
    main()
