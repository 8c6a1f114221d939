#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The rules of HACKING.md that can be read off the source text."""
import re
from tap import Tap, code, read, tree

WIDTH = 100             # columns, tabs count to the next multiple of 8
FUNCTION_LINES = 70     # from the opening brace to the closing one
API_LINES = 15          # the same in libinet/api
PARAMETERS = 5
UNCOMMENTED = 10        # lines that a function may have without a comment
FILE_LINES = 1200
MESSAGE = re.compile(r'"[^"]{40,}"')    # stays in one piece, for grep

# Who may include whom: a layer sees itself and what is listed.
LAYERS = {
    "lib": [],
    "wire": ["lib"],
    "core": ["lib", "wire"],
    "ethernet": ["lib", "wire", "core"],
    "ipv4": ["lib", "wire", "core", "ethernet"],
    "ipv6": ["lib", "wire", "core", "ethernet"],
    "packet": ["lib", "wire", "core", "ethernet"],
    "sim": ["lib", "wire", "core", "ethernet"],
    "api": ["lib", "wire", "core", "ethernet", "ipv4", "ipv6", "packet", "sim"],
}
# The lowest layers see only the public headers without structures of a stack.
PUBLIC_FOR = {
    "lib": {"types.h", "export.h", "version.h", "env.h",
            "fault.h"},
    "wire": {"types.h", "export.h"},
}
PRIVATE = ("core", "wire", "ethernet", "ipv4", "ipv6", "packet", "sim", "api")

# What only lib/ and the default environment may call.
SYSTEM_CALLS = re.compile(
    r"(?<![\w.>])(malloc|calloc|realloc|aligned_alloc|posix_memalign|free|"
    r"strdup|strndup|asprintf|clock_gettime|gettimeofday|time|getrandom|"
    r"rand|random|usleep|nanosleep|pthread_\w+)\s*\(")

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|not (yet )?implemented",
                        re.I)
# Spelled in pieces, so that this file does not hold what it looks for.
MACHINE = re.compile("/(" + "|".join(["wo" "rk", "ro" "ot", "ho" "me/\\w+",
                                      "fa" "rm"]) + ")/")

FUNCTION = re.compile(r"(\w+)\s*\(")
NOT_A_NAME = {"__attribute__", "__asm__", "must_hold", "acquires", "releases",
              "excludes", "if", "for", "while", "switch"}


class Function:
    """A function body found at column 0."""

    def __init__(self, file, lines, start, opening, closing):
        self.file = file
        self.line = opening + 1
        self.length = closing - opening
        self.text = "\n".join(lines[opening:closing + 1])
        self.signature = " ".join(lines[start:opening])
        self.start = start
        names = [n for n in FUNCTION.findall(self.signature)
                 if n not in NOT_A_NAME]
        self.name = names[0] if names else ""
        self.key = f"{file}:{self.name}"

    def parameters(self):
        """How many it takes."""
        text = self.signature[self.signature.index(self.name):]
        depth = count = 0
        for char in text:
            depth += (char == "(") - (char == ")")
            if char == ")" and depth == 0:
                break
            count += char == "," and depth == 1
        return count + 1


def functions(file, text):
    """All functions of one C file; TEXT has its comments blanked."""
    lines = text.split("\n")
    opening = None
    for number, line in enumerate(lines):
        if line.startswith("{") and line.strip() == "{":
            opening = number
        elif line.startswith("}") and opening is not None:
            start = opening
            while start > 0 and lines[start - 1].strip() and \
                    not re.match(r"[}#]", lines[start - 1]) and \
                    not lines[start - 1].rstrip().endswith(";"):
                start -= 1
            found = Function(file, lines, start, opening, number)
            opening = None
            if found.name and "=" not in found.signature:
                yield found


class Ratchet:
    """The list of exceptions: each with a limit and a reason, only to shrink."""

    def __init__(self, file):
        self.allowed = {}
        self.used = set()
        self.problems = []
        for number, line in enumerate(read(file).splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.split(None, 3)
            if len(words) < 4:
                self.problems.append(f"{file}:{number}: no reason is given")
                continue
            self.allowed[words[0], words[1]] = int(words[2])

    def over(self, rule, key, value, limit):
        """Whether VALUE breaks LIMIT and is not excepted."""
        if value <= limit:
            return False
        if (rule, key) not in self.allowed:
            return True
        self.used.add((rule, key))
        return value > self.allowed[rule, key]

    def stale(self):
        """Entries that nothing needs."""
        return self.problems + [
            f"{rule} {key}: no longer needed, take it out"
            for rule, key in sorted(set(self.allowed) - self.used)]


def layer_problem(file, include):
    """Why FILE may not include INCLUDE (as written, with its brackets)."""
    parts = file.split("/")
    name = include[1:-1]
    top = name.split("/")[0]
    public = include[0] == "<" and top == "inet"
    if parts[0] == "libinet" and len(parts) > 2 and parts[1] in LAYERS:
        layer = parts[1]
        if public and layer in PUBLIC_FOR and \
                name[5:] not in PUBLIC_FOR[layer]:
            return f"{layer} is below {include}"
        if top in LAYERS and "/" in name and top != layer and \
                top not in LAYERS[layer]:
            return f"{layer} may not include {include}"
    elif parts[0] == "libdev" and top in PRIVATE and "/" in name:
        return f"libdev sees <inet/...> and lib, not {include}"
    elif parts[0] in ("preload", "tools", "examples") and "/" in name and \
            (top in LAYERS or top in ("libinet", "libdev")):
        return f"{parts[0]} sees <inet/...> only, not {include}"
    elif parts[0] == "include" and include[0] == '"':
        return f"a public header includes <inet/...> only, not {include}"
    if include[0] == '"' and ".." in name:
        return f"no way up in {include}"
    return None


def columns(line):
    """The width of LINE on a screen."""
    return len(line.expandtabs(8))


def spdx_missing(file, text):
    """Whether FILE, of a kind that needs it, has no licence line."""
    first = text.split("\n", 2)[:2]
    if file.endswith((".c", ".h")):
        return first[0] != "/* SPDX-License-Identifier: BSD-2-Clause */"
    if re.search(r"(\.(sh|py|awk|am|ac|m4|map|def|list|supp|[1-8])|"
                 r"bootstrap|^scripts/[^.]*|^\.ci/.*)$", file):
        return not any("SPDX-License-Identifier: BSD-2-Clause" in line
                       for line in first)
    return False


def main():
    """Say each rule as one case."""
    tap = Tap()
    files = tree()
    ratchet = Ratchet("tests/style/exceptions.list")
    explained = contracts(files)
    bad = {rule: [] for rule in (
        "includes_follow_the_layers", "functions_are_at_most_70_lines",
        "public_calls_are_at_most_15_lines",
        "functions_take_at_most_5_parameters",
        "functions_of_more_than_10_lines_have_a_comment",
        "functions_do_not_call_themselves", "files_are_at_most_1200_lines",
        "lines_are_at_most_100_columns", "lines_have_no_trailing_space",
        "system_calls_stay_in_lib_and_env", "every_file_names_its_licence",
        "nothing_is_left_unfinished", "no_path_of_one_machine")}

    for file in files:
        text = read(file)
        if not file.endswith((".c", ".h", ".sh", ".py", ".am", ".ac", ".def",
                              ".md", ".map", ".m4", ".list")) and \
                not file.startswith(("scripts/", "man/")):
            continue
        if spdx_missing(file, text):
            bad["every_file_names_its_licence"].append(file)
        for number, line in enumerate(text.split("\n"), 1):
            at = f"{file}:{number}"
            if MACHINE.search(line):
                bad["no_path_of_one_machine"].append(at)
            if UNFINISHED.search(line) and file != "tests/style/source.py" \
                    and not file.endswith(".md"):
                bad["nothing_is_left_unfinished"].append(at)
            if line.rstrip(" \t") != line and not file.endswith(".md"):
                bad["lines_have_no_trailing_space"].append(at)
            if file.endswith((".c", ".h", ".def")) and \
                    columns(line) > WIDTH and not MESSAGE.search(line):
                bad["lines_are_at_most_100_columns"].append(at)
        if not file.endswith((".c", ".h")):
            continue
        lines = text.count("\n")
        if ratchet.over("file", file, lines, FILE_LINES):
            bad["files_are_at_most_1200_lines"].append(f"{file}: {lines}")
        source = code(text)
        check_c(file, (text, source), explained, ratchet, bad)

    for rule, problems in bad.items():
        tap.check(rule, problems)
    tap.check("exceptions_are_all_needed", ratchet.stale())
    tap.done()


def check_c(file, texts, explained, ratchet, bad):
    """The rules for C: TEXTS is as written and without comments."""
    text, source = texts
    for number, line in enumerate(text.split("\n"), 1):
        include = re.match(r'\s*#\s*include\s+(<[^>]+>|"[^"]+")', line)
        problem = include and layer_problem(file, include.group(1))
        if problem:
            bad["includes_follow_the_layers"].append(f"{file}:{number}: {problem}")
    in_core = file.startswith("libinet/") and \
        not file.startswith("libinet/lib/") and \
        not re.search(r"/env[^/]*\.[ch]$", file)
    if in_core:
        for number, line in enumerate(source.split("\n"), 1):
            call = SYSTEM_CALLS.search(line)
            if call:
                bad["system_calls_stay_in_lib_and_env"].append(
                    f"{file}:{number}: {call.group(1)}()")
    written = text.split("\n")
    for func in functions(file, source):
        at = f"{file}:{func.line}: {func.name}"
        if ratchet.over("function", func.key, func.length, FUNCTION_LINES):
            bad["functions_are_at_most_70_lines"].append(
                f"{at}: {func.length} lines")
        if file.startswith("libinet/api/") and \
                func.name.startswith("inet_") and \
                ratchet.over("api", func.key, func.length, API_LINES):
            bad["public_calls_are_at_most_15_lines"].append(
                f"{at}: {func.length} lines")
        if not file.startswith("tests/") and \
                ratchet.over("parameters", func.key, func.parameters(),
                             PARAMETERS):
            bad["functions_take_at_most_5_parameters"].append(
                f"{at}: {func.parameters()}")
        if re.search(rf"(?<![\w.>]){func.name}\s*\(", func.text):
            bad["functions_do_not_call_themselves"].append(at)
        if file.startswith(("libinet/", "libdev/", "preload/", "tools/")) and \
                func.length - 1 > UNCOMMENTED and \
                func.name not in explained | {"main"} and \
                not commented(written, func.start):
            bad["functions_of_more_than_10_lines_have_a_comment"].append(at)


def contracts(files):
    """Functions that a header declares in a block with a comment on top.

    Such a comment is the contract; it is not said again at the definition.
    """
    names = set()
    for file in files:
        if not file.endswith(".h"):
            continue
        text = read(file)
        for block in re.split(r"\n[ \t]*\n", text):
            if "*/" in block:
                names.update(re.findall(r"(?m)^(?!\s|static|#|/?\*)[^=;]*?"
                                        r"\b(\w+)\(", code(block)))
    return names


def commented(written, start):
    """Whether a comment ends above line START, or just at it."""
    while start > 0 and written[start - 1].startswith("#"):
        start -= 1          # an #ifdef between the comment and the function
    return "*/" in written[start - 1] or "*/" in written[start]


if __name__ == "__main__":
    main()
