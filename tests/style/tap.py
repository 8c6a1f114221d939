# SPDX-License-Identifier: BSD-2-Clause
"""What the style checks share: the tree's files, C without comments, TAP."""
import os
import re
import subprocess
import sys

SRC = os.environ.get("top_srcdir", ".")
BUILD = os.environ.get("top_builddir", ".")

# What bootstrap and the builds leave in a source folder that is no git tree.
MADE = re.compile(r"^(build[^/]*|_build|_inst|autom4te\.cache|configure|"
                  r"aclocal\.m4|m4/l(ib)?t.*|.*Makefile\.in)(/|$)|__pycache__")


def tree():
    """Every file of the project, relative to its top, sorted."""
    git = subprocess.run(["git", "-C", SRC, "ls-files", "-co",
                          "--exclude-standard"], text=True,
                         capture_output=True, check=False)
    if os.path.exists(os.path.join(SRC, ".git")) and git.returncode == 0:
        files = git.stdout.splitlines()
    else:
        files = [os.path.relpath(os.path.join(folder, name), SRC)
                 for folder, _, names in os.walk(SRC) for name in names]
    return sorted(f for f in files
                  if not MADE.search(f) and os.path.isfile(path(f)))


def path(name):
    """Where the file NAME of the tree is."""
    return os.path.join(SRC, name)


def read(name):
    """The text of a file of the tree."""
    with open(path(name), encoding="utf-8", errors="replace") as file:
        return file.read()


def code(text):
    """C TEXT with comments blanked and literals emptied; lines stay lines."""
    token = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
                       r"|'(?:\\.|[^'\\\n])*'", re.S)

    def blank(match):
        found = match.group(0)
        if found[0] == "/":
            return re.sub(r"[^\n]", " ", found)
        return found[0] + " " * (len(found) - 2) + found[0]
    return token.sub(blank, text)


def output(*command):
    """What COMMAND prints; a failing command ends the check."""
    return subprocess.run(command, text=True, capture_output=True,
                          check=True).stdout


class Tap:
    """Cases said in the Test Anything Protocol, one plan at the end."""

    def __init__(self):
        self.count = 0

    def check(self, name, problems):
        """One case, which passes if the list PROBLEMS is empty."""
        self.count += 1
        print(f"{'not ok' if problems else 'ok'} {self.count} - {name}")
        for problem in problems:
            print(f"#   {problem}")

    def skip(self, name, why):
        """One case that cannot be judged here."""
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {why}")

    def done(self):
        """Say the plan."""
        print(f"1..{self.count}")
        sys.stdout.flush()
