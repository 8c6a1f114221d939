#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the built objects and libraries show: globals, exports, archives."""
import glob
import os
import re
import subprocess
import sys
import tempfile
from tap import BUILD, SRC, Tap, code, output, path, read, tree

READELF = os.environ.get("READELF", "readelf")
SANITIZED = bool(os.environ.get("SAN_CFLAGS"))


class Symbol:
    """One line of readelf --symbols."""

    def __init__(self, words, sections):
        self.size, self.type, self.bind, self.visibility = words[2:6]
        self.section = sections.get(words[6], words[6])
        self.name = words[7].split("@")[0] if len(words) > 7 else ""

    def exported(self):
        """Whether another object can link it."""
        return self.bind in ("GLOBAL", "WEAK") and self.section != "UND" and \
            self.visibility in ("DEFAULT", "PROTECTED") and self.name != ""


def symbols(file, dynamic=False):
    """The symbols of one object or shared library."""
    sections = {}
    for line in output(READELF, "-SW", file).splitlines():
        match = re.match(r"\s*\[\s*(\d+)\]\s+(\S+)\s", line)
        if match:
            sections[match.group(1)] = match.group(2)
    table = output(READELF, "--dyn-syms" if dynamic else "-s", "-W", file)
    for line in table.splitlines():
        words = line.replace("[<other>: ", "[").split()
        if re.match(r"\s*\d+:", line) and len(words) >= 8:
            yield Symbol(words, sections)


def objects(*folders):
    """Objects of the libraries that have a source today."""
    found = []
    for folder in folders:
        found += glob.glob(os.path.join(BUILD, folder, "**", ".libs", "*.o"),
                           recursive=True)
    for file in sorted(found):
        source = os.path.relpath(file, BUILD).replace("/.libs/", "/")[:-2]
        if os.path.exists(path(source + ".c")):
            yield source, file


def mutable(symbol):
    """Whether SYMBOL is a variable that a program can change."""
    return symbol.type in ("OBJECT", "COMMON") and (
        symbol.section == "COM" or
        re.match(r"\.(data|bss|ldata|lbss)(?!\.rel\.ro)", symbol.section))


def declared():
    """Symbols that the public headers declare, and what is odd about them."""
    names, odd = {}, []
    for file in tree():
        if not re.match(r"include/inet/.*\.h$", file) or \
                file == "include/inet/export.h":
            continue
        text = re.sub(r"^\s*#(\\\n|.)*", "", code(read(file)), flags=re.M)
        text = re.sub(r"INET_(BEGIN|END)_DECLS", "", text)
        for statement in statements(text):
            label = re.search(r"INET_EXPORT\((\w+)\)", statement)
            name = declared_name(statement)
            if label:
                names["inet_" + label.group(1)] = file
                if name != label.group(1):
                    odd.append(f"{file}: {name} is exported as "
                               f"{label.group(1)}")
            elif "INET_API" in statement:
                names[name] = file
                if not name.startswith("inet_"):
                    odd.append(f"{file}: {name} needs INET_EXPORT")
            elif looks_like_prototype(statement):
                odd.append(f"{file}: {name} is not exported")
    return names, odd


def statements(text):
    """What stands at the top level of a header, without any {...}."""
    depth, start, flat = 0, 0, ""
    for index, char in enumerate(text):
        if char == "{":
            if depth == 0:
                flat += text[start:index] + "{}"
            depth += 1
        elif char == "}":
            depth -= 1
            start = index + 1
            if depth == 0 and re.search(r"\)\s*\{\}$", flat):
                flat += ";"
    flat += text[start:]
    return [" ".join(s.split()) for s in flat.split(";") if s.strip()]


def declared_name(statement):
    """The name that STATEMENT declares."""
    bare = re.sub(r"INET_EXPORT\(\w+\)|INET_API|__attribute__\s*\(\(.*?\)\)",
                  " ", statement)
    match = re.search(r"(\w+)\s*\(", bare)
    if match:
        return match.group(1)
    match = re.search(r"(\w+)\s*(\[[^\]]*\])*\s*$", bare)
    return match.group(1) if match else statement


def looks_like_prototype(statement):
    """Whether STATEMENT declares a function that is not inline."""
    return bool(re.match(r"(?!typedef|static|struct \w+ \{|union|enum)"
                         r"[\w\s*]+\b\w+\s*\([^{]*\)[^{=]*$", statement)) and \
        "{" not in statement


def library(name):
    """Exported symbols of the shared library NAME."""
    file = os.path.join(BUILD, ".libs", name + ".so")
    return {s.name for s in symbols(file, dynamic=True)
            if s.exported() and s.section != "ABS"}


def check_exports(tap):
    """The shared libraries against the public headers, both ways."""
    names, odd = declared()
    inet, dev = library("libinet"), library("libinetdev")
    made = re.compile(r"^(__|_init$|_fini$|_edata$|_end$)")
    tap.check("public_headers_export_what_they_declare", odd)
    tap.check("exported_symbols_begin_with_inet",
              [n for n in sorted(inet | dev)
               if not n.startswith("inet_") and not made.match(n)])
    tap.check("exported_symbols_are_declared_in_public_headers",
              sorted(n for n in inet | dev
                     if n.startswith("inet_") and n not in names))
    tap.check("declared_symbols_are_exported",
              [f"{names[n]}: {n}" for n in sorted(names)
               if n not in inet | dev])
    tap.check("no_symbol_is_exported_twice", sorted(
        n for n in inet & dev if n.startswith("inet_")))


def check_objects(tap):
    """No mutable globals; libinet/lib exports nothing."""
    if SANITIZED:
        tap.skip("libraries_have_no_mutable_globals",
                 "sanitizers add variables")
    else:
        tap.check("libraries_have_no_mutable_globals", [
            f"{source}.c: {s.name} in {s.section}"
            for source, file in objects("libinet", "libdev")
            for s in symbols(file) if mutable(s)])
    # Both libraries hold a copy of it.
    tap.check("what_both_libraries_hold_exports_nothing", [
        s.name for s in symbols(os.path.join(BUILD,
                                             "libinet/lib/.libs/liblib.a"))
        if s.exported() and not s.name.startswith("__")])


def check_static(tap):
    """A program that has every hidden name itself links with the archives."""
    archives = [os.path.join(BUILD, n) for n in ("libinetdev.a", "libinet.a")]
    name = "static_archives_keep_hidden_symbols_to_themselves"
    if not all(os.path.exists(a) for a in archives):
        tap.skip(name, "configured with --disable-static")
        return
    hidden = sorted({s.name for _, file in objects("libinet", "libdev")
                     for s in symbols(file)
                     if s.bind == "GLOBAL" and s.visibility == "HIDDEN" and
                     s.section != "UND" and
                     re.match(r"[A-Za-z]\w*$|_[a-z_]\w*$", s.name)})
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "clash.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write("#include <inet/version.h>\n")
            for index, symbol in enumerate(hidden):
                file.write(f"int clash_{index} __asm__(\"{symbol}\");\n")
            file.write("int main(void) { return !inet_version(); }\n")
        program = os.path.join(folder, "clash")
        link = os.environ["CC"].split() + \
            os.environ.get("SAN_CFLAGS", "").split() + \
            ["-fno-builtin", "-I", path("include"), "-o", program, source,
             "-Wl,--whole-archive", *archives, "-Wl,--no-whole-archive",
             "-pthread"] + os.environ.get("STATIC_LIBS", "").split()
        run = subprocess.run(link, text=True, capture_output=True, check=False)
        problems = run.stderr.splitlines()[:20]
        if run.returncode == 0 and subprocess.run([program],
                                                  check=False).returncode:
            problems = ["the program failed"]
        tap.check(name, problems)


def main():
    """Say each rule as one case."""
    if not os.path.isdir(SRC):
        sys.exit("top_srcdir names no folder")
    tap = Tap()
    check_exports(tap)
    check_objects(tap)
    check_static(tap)
    tap.done()


if __name__ == "__main__":
    main()
