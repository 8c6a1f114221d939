#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""ARCHITECTURE.md says what the code does.

Its charts stand between "<!-- road: SCENARIO -->" and "<!-- end of road -->";
they are what inet-trace -m prints. Files that it names exist, functions that
it names are in the source. With --write the charts are drawn again:
make charts.
"""
import os
import re
import subprocess
import sys

import tap

PAGE = "ARCHITECTURE.md"
ROAD = re.compile(r"(<!-- road: ([\w-]+) -->\n)(.*?)(<!-- end of road -->)", re.S)
# What the text names on purpose although it is not there.
WORDS_OF_OTHERS = {"clock_gettime", "getrandom", "malloc", "pthread_create"}


def drawn(scenario):
    """The block that belongs to SCENARIO now."""
    tool = os.path.join(tap.BUILD, "inet-trace")
    chart = subprocess.run([tool, "-m", scenario], text=True, check=True,
                           capture_output=True, timeout=60).stdout
    return f"```mermaid\n{chart}```\n"


def refusal(scenario):
    """What is wrong with the answer to a SCENARIO that is none."""
    tool = os.path.join(tap.BUILD, "inet-trace")
    ran = subprocess.run([tool, scenario], text=True, check=False,
                         capture_output=True, timeout=60)
    wanted = f"inet-trace: '{scenario}' is no scenario\nusage: "
    return [] if ran.returncode == 2 and ran.stderr.startswith(wanted) else \
        [f"exit status {ran.returncode}: {ran.stderr}"]


def silence():
    """What is wrong when a filter fits no packet of a scenario."""
    tool = os.path.join(tap.BUILD, "inet-trace")
    ran = subprocess.run([tool, "-f", "tcp dport 9", "tcp-rx"], text=True,
                         check=False, capture_output=True, timeout=60)
    wanted = "inet-trace: no packet of 'tcp-rx' fits \"tcp dport 9\"\n"
    return [] if (ran.returncode, ran.stdout, ran.stderr) == (1, "", wanted) \
        else [f"exit status {ran.returncode}: {ran.stderr}"]


def missing_files(text, files):
    """Names in backquotes that look like files and are none."""
    tails = set(files)
    for name in files:
        parts = name.split("/")
        tails.update("/".join(parts[i:]) for i in range(len(parts)))
        tails.update("/".join(parts[i:j]) + "/" for j in range(1, len(parts))
                     for i in range(j))
    bad = []
    for word in re.findall(r"`([\w./*-]+)`", text):
        if "*" in word:
            start = word.split("*")[0]
            if not any(name.startswith(start) for name in files):
                bad.append(word)
        elif re.search(r"\.(c|h|def|py|sh|md|am|list|supp)$|/$", word) and \
                word not in tails and word.lstrip("/") not in tails:
            bad.append(word)
    return bad


def missing_names(text, source):
    """Functions, structs and tables of the text that the source lacks."""
    words = set(re.findall(r"`(?:struct )?([A-Za-z_]\w+)(?:\(\)|\[\])?`", text))
    for road in re.findall(r"`([^`\n]*)` ?→ ?`([^`\n]*)`", text):
        words.update(w for w in road if re.fullmatch(r"\w+", w))
    known = set(re.findall(r"\w+", source))
    return sorted(w for w in words
                  if w not in known and w not in WORDS_OF_OTHERS)


def main():
    """Checks, or draws."""
    text = tap.read(PAGE)
    roads = ROAD.findall(text)
    if "--write" in sys.argv:
        text = ROAD.sub(lambda m: m[1] + drawn(m[2]) + m[4], text)
        with open(tap.path(PAGE), "w", encoding="utf-8") as page:
            page.write(text)
        return
    check = tap.Tap()
    check.check("charts_are_there", [] if len(roads) >= 8 else
               [f"{len(roads)} charts, 8 or more are wanted"])
    check.check("charts_are_what_inet_trace_draws",
               [f"{name} is stale: make charts"
                for _, name, block, _ in roads if block != drawn(name)])
    check.check("inet_trace_names_a_scenario_that_is_none", refusal("nowhere"))
    check.check("inet_trace_says_that_no_packet_fits", silence())
    prose = ROAD.sub("", text)
    files = tap.tree()
    check.check("files_named_exist", missing_files(prose, files))
    source = "\n".join(tap.read(name) for name in files if re.search(
        r"^(libinet|libdev|include|tools|examples|tests)/.*\.(c|h|def|py|am)$",
        name) and not name.endswith("charts.py"))
    source += " ".join(re.split(r"[/.]", " ".join(files)))
    check.check("names_in_the_text_are_in_the_source",
               missing_names(prose, source))
    check.done()


main()
