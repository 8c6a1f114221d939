#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""No row without a use: each drop reason is given somewhere and named by a test,
each counter is counted and stands in an assertion of one, and what a knob or an option stores is read by other code
than the row itself.
"""
import re
from tap import Tap, code, read, tree


def sources():
    """The code of both libraries, without comments and literals."""
    return {f: code(read(f)) for f in tree()
            if re.match(r"(libinet|libdev)/.*\.[ch]$", f)}


def tests():
    """All words of the tests that judge single packets, and what they quote."""
    text = "\n".join(read(f) for f in tree()
                     if re.match(r"tests/(unit|contract|system|preload|igb-vm)/"
                                 r".*\.(c|py)$", f))
    return set(re.findall(r"\w+", text)), set(re.findall(r"[\"'](\w+)[\"']", text))


def asserted():
    """All words of assertions, and of the table that the kernel is asked about."""
    text = "\n".join(re.sub(r"/\*.*?\*/", " ", read(f), flags=re.S) for f in tree()
                     if re.match(r"tests/(unit|contract|system|preload|igb-vm)/"
                                 r".*\.c$", f))
    return set(re.findall(r"\w+", " ".join(
        re.findall(r"\bassert_\w+\s*(\([^;]*);", text) +
        re.findall(r"\bmib_counter moved\[\] = (\{[^;]*);", text))))


def rows(name, pattern):
    """What the rows of the list NAME define."""
    return re.findall(pattern, read(name), re.M)


def without_rows(text):
    """TEXT without the rows of knobs, whose fields they name."""
    return re.sub(r"\b\w*_ROW\w*\((?:[^()]|\([^()]*\))*\)", "", text)


def knob_fields():
    """Members that hold knobs: {name: file}."""
    return {field: file for file in tree()
            if re.match(r"libinet/core/(net|netns_ipv4)\.h$", file)
            for field in re.findall(r"\bsysctl_\w+(?=[\w\s,]*;)|"
                                    r"\bsysctl_\w+(?=\[)", code(read(file)))}


def main():
    """Say which rows are idle."""
    tap = Tap()
    everything = "\n".join(sources().values())
    words = set(re.findall(r"\w+", everything))
    tested, quoted = tests()
    reasons = rows("include/inet/drop_reason.def", r"^DROP\((\w+),")
    tap.check("drop_reasons_are_given", [
        reason for reason in reasons
        if "SKB_DROP_REASON_" + reason not in words])
    tap.check("drop_reasons_are_named_by_a_test", [
        reason for reason in reasons
        if "SKB_DROP_REASON_" + reason not in tested and reason not in quoted])
    counters = rows("libinet/core/mib.def", r"^MIB\((\w+), \"(\w+)\"")
    in_assertions = asserted()
    tap.check("counters_are_counted", [
        counter for counter, _ in counters
        if not {counter, "MIB_" + counter} & words])
    tap.check("counters_stand_in_an_assertion", [
        name for counter, name in counters
        if not {"MIB_" + counter, name} & in_assertions])
    used = set(re.findall(r"(?:->|\.)\s*(\w+)", without_rows(everything)))
    tap.check("knobs_are_obeyed", [
        f"{file}: {field}" for field, file in sorted(knob_fields().items())
        if field not in used])
    tap.done()


if __name__ == "__main__":
    main()
