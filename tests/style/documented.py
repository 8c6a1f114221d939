#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every name a user can meet stands in a page of the manual.

A knob, a socket option, a counter, a drop reason and a driver is one row in
one list; a public function is a declaration in include/inet/; an option is a
letter for getopt(). A page that is referred to is there, and inet(7) refers to
all of them.
"""
import re
from symbols import declared
from tap import Tap, code, read, tree

# What is documented: the files that hold the rows, the row, what to look for.
# The row's text still has its literals.
ROWS = {
    "knobs": (r"libinet/.*\.[ch]$", r'SYSCTL_ROW\w*\(\s*"([\w./*-]+)"|'
              r'\.name = "(net\.[\w.]+)"'),
    "socket_options": (r"libinet/.*\.[ch]$",
                       r"SOCKOPT_ROW\w*\(\s*SOL_\w+,\s*(\w+)|"
                       r"SOCKOPT_ROW\w*\(\s*IPPROTO_\w+,\s*(\w+)"),
    "message_flags": (r"libinet/.*\.c$", r"\b(MSG_[A-Z_]+)\b"),
    "counters": (r"libinet/.*mib\.def$", r'^MIB\(\w+,\s*"(\w+)"\)'),
    "drop_reasons": (r".*drop_reason\.def$", r"^DROP\((\w+),"),
    "interposed_calls": (r"preload/calls\.def$", r"^CALL\([\w ]+,\s*(\w+),"),
    "devices": (r"libdev/.*\.c$",
                r'struct netdev_driver \w+\s*=\s*\{[^}]*?\.name\s*=\s*"(\w+)"'),
}


# Lie open for speed, or hang off what is documented; nobody else fills them.
OF_THE_STACK = {"gro_list", "napi_struct", "netdev_hw_addr", "sk_buff",
                "sk_buff_head", "sk_buff_list", "skb_frag", "skb_shared_info"}


def plain(page):
    """The words of a man page, without its escapes."""
    text = re.sub(r'(?m)^[.\']\\".*$', "", page)
    return text.replace("\\-", "-").replace("\\&", "").replace("\\_", "_")


def plain_rows(text, row):
    """C with the uses of its own macros around the macro ROW spelled out.

    "#define TCP_ROW(name, ...) SYSCTL_ROW("net.ipv4.tcp_" #name, ..." makes
    TCP_ROW(mem, ...) the row SYSCTL_ROW("net.ipv4.tcp_mem", ...).
    """
    text = text.replace("\\\n", " ")
    macros = re.findall(
        rf'(?m)^#define (\w+)\((\w+),.*?\b((?:{row})\w*\(\s*(?:SOL_\w+,\s*)?)'
        r'(?:"([\w.]+)"\s*#?)?\s*\2\b', text)
    text = re.sub(r"(?m)^\s*#define.*$", "", text)
    for macro, _, start, prefix in macros:
        quote = '"' if prefix else ""
        text = re.sub(rf'\b{macro}\(\s*"?([\w.]+)"?',
                      lambda m, s=start, p=prefix, q=quote:
                      s + q + p + m.group(1) + q, text)
    return text


def without_comments(text):
    """C with its comments blanked and its literals kept."""
    blank = code(text)
    return "".join(
        old if new == " " and not old.isspace() and inside else new
        for old, new, inside in zip(text, blank, literal_mask(blank)))


def literal_mask(blank):
    """For each character of BLANK: whether it is inside a string literal."""
    inside = False
    for char in blank:
        if char == '"':
            inside = not inside
        yield inside


def main():
    """One case for each kind of name."""
    tap = Tap()
    files = tree()
    pages = [plain(read(f)) for f in files if re.match(r"man/.*\.[1-8]$", f)]
    words = set(re.findall(r"[\w./-]*\w", "\n".join(pages)))
    wanted = {}
    for kind, (where, row) in ROWS.items():
        wanted[kind] = {}
        for file in files:
            if re.match(where, file):
                text = plain_rows(without_comments(read(file)),
                                  "SYSCTL_ROW|SOCKOPT_ROW")
                for match in re.finditer(row, text, re.M):
                    name = next(g for g in match.groups() if g)
                    wanted[kind].setdefault(name, file)
    public, _ = declared()
    wanted["public_functions"] = {
        source_name(symbol, file): file for symbol, file in public.items()}
    for kind, names in wanted.items():
        if not pages:
            tap.skip(f"manual_has_all_{kind}", "no page yet")
            continue
        tap.check(f"manual_has_all_{kind}",
                  [f"{names[n]}: {n}" for n in sorted(names)
                   if n not in words])
    tap.check("manual_has_all_public_structs_with_their_members",
              undocumented(files, pages))
    tap.check("manual_has_all_options", missing_options(files))
    tap.check("pages_that_are_referred_to_exist", missing_pages(files))
    tap.check("inet_7_leads_to_every_page",
              [f for f in files
               if (page := re.fullmatch(r"man/([\w-]+)\.(\d)", f)) and
               f != "man/inet.7" and "man/inet.7" in files and
               f"Xr {page[1]} {page[2]}" not in read("man/inet.7")])
    tap.done()


def page_of(program, files):
    """What is said of a program: its page, or its part of the examples'."""
    pages = [f for f in files if re.fullmatch(rf"man/{program}\.\d", f)]
    if pages:
        return read(pages[0])
    if "man/inet-examples.7" not in files:
        return ""
    parts = re.split(r"(?m)^\.It Pa (\w+)$", read("man/inet-examples.7"))
    return parts[0] + dict(zip(parts[1::2], parts[2::2])).get(program, "")


def missing_options(files):
    """Options of programs that their page, or their own usage, leaves out."""
    problems = []
    for file in files:
        program = re.fullmatch(r"(?:tools|examples)/([\w-]+)\.c", file)
        text = read(file) if program else ""
        for letters in re.findall(
                r'getopt(?:_long)?\(\s*argc,\s*argv,\s*"\+?([\w:]+)"', text):
            said = page_of(program.group(1), files)
            for letter in letters.replace(":", ""):
                if not re.search(rf"\bFl (?:\w , )*{letter}\b", said):
                    problems.append(f"{file}: -{letter} is in no page")
                if not re.search(rf'["; ] -{letter}[ ,]|-\w -{letter}[ ,]', text):
                    problems.append(f"{file}: -{letter} is not in its usage")
    return problems


def missing_pages(files):
    """References to a page of ours, in pages and README, that is not there."""
    return [f"{file}: {name}({section})"
            for file in files if re.match(r"man/.*\.[1-8]$|\w+\.md$", file)
            for name, section in re.findall(
                r"\b(inet[\w-]*)(?: |\()([1-8])\b", read(file))
            if f"man/{name}.{section}" not in files]


def undocumented(files, pages):
    """Structs that a user, a driver or a protocol fills or reads, of which no
    page has the name and all members."""
    words = [set(re.findall(r"\w+", page)) for page in pages]
    problems = []
    for file in files:
        if not re.match(r"include/inet/\w+\.h$", file):
            continue
        text = re.sub(r"(?ms)^\t/\* The stack's from here on.*?^\}", "}",
                      read(file))
        for name, body in re.findall(r"(?ms)^struct (\w+) \{(.*?)^\}",
                                     code(text)):
            lacks = [{name, *member_names(body)} - page for page in words]
            if name not in OF_THE_STACK and all(lacks):
                problems.append(f"{file}: struct {name}: no page has all; "
                                f"one lacks {sorted(min(lacks, key=len))}")
    return problems


def member_names(body):
    """The members of a struct whose inside is BODY."""
    return [a or b for a, b in re.findall(
        r"\(\*(\w+)\)|(\w+)(?:\[\w+\])?\s*[;,]",
        re.sub(r"\)\s*\([^;]*;", ");", body))]


def source_name(symbol, file):
    """What SYMBOL is called in the source: without the label's prefix."""
    short = symbol.removeprefix("inet_")
    if re.search(rf"INET_EXPORT\({short}\)", read(file)):
        return short
    return symbol


if __name__ == "__main__":
    main()
