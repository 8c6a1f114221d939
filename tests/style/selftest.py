#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The checks notice what they are for: small trees with one fault each."""
import os
import subprocess
import sys
import tempfile
from symbols import mutable, symbols
from tap import SRC, Tap

HERE = os.path.dirname(os.path.abspath(__file__))
LICENCE = "/* SPDX-License-Identifier: BSD-2-Clause */\n"
BODY = "\tx = 1;\n"
UNDONE = "TO" "DO"      # in pieces: source.py reads this file too
MACHINE = "/ro" "ot/"

# Rule of source.py -> a file that breaks it, and it alone.
FAULTS = {
    "includes_follow_the_layers":
        ("libinet/lib/a.c", '#include "core/net.h"\n'),
    "functions_are_at_most_70_lines":
        ("tests/unit/a.c", "void f(void)\n{\n" + BODY * 70 + "}\n"),
    "public_calls_are_at_most_15_lines":
        ("libinet/api/a.c",
         "/* Long. */\nvoid inet_f(void)\n{\n" + BODY * 15 + "}\n"),
    "functions_take_at_most_5_parameters":
        ("libinet/core/a.c", "void f(int a, int b, int c, int d, int e,\n"
         "       int (*f)(int, int))\n{\n}\n"),
    "functions_of_more_than_10_lines_have_a_comment":
        ("libinet/core/a.c", "\nvoid f(void)\n{\n" + BODY * 11 + "}\n"),
    "functions_do_not_call_themselves":
        ("libinet/core/a.c", "void f(void)\n{\n\tf();\n}\n"),
    "files_are_at_most_1200_lines": ("libinet/core/a.c", "\n" * 1200),
    "lines_are_at_most_100_columns":
        ("libinet/core/a.c", "/*" + "\t" * 12 + "1234 */\n"),
    "lines_have_no_trailing_space": ("libinet/core/a.c", "int a; \n"),
    "system_calls_stay_in_lib_and_env":
        ("libinet/core/a.c", "void f(void)\n{\n\tfree(malloc(1));\n}\n"),
    "every_file_names_its_licence": ("scripts/a", "#!/bin/sh\n"),
    "nothing_is_left_unfinished":
        ("libinet/core/a.c", f"/* {UNDONE}: more */\n"),
    "no_path_of_one_machine": ("README.md", f"cd {MACHINE}x\n"),
}
# What the rules leave alone.
GOOD = {
    "libinet/core/a.c":
        LICENCE + '#include "lib/list.h"\n#include <inet/inet.h>\n'
        "struct s x = {\n};\n/* Named. */\nvoid f(struct s *s, int a)\n{\n" +
        BODY * 67 + '\ts->free(s);\tg("f()");\t/* f() */\n}\n',
    "libdev/a.c": LICENCE + '#include <inet/netdevice.h>\n#include "lib/a.h"\n',
    "libinet/lib/mem.c": LICENCE + "void *f(void)\n{\n\treturn malloc(1);\n}\n",
    "libinet/core/b.h": LICENCE + "/* Contract. */\nvoid g(int a);\n",
    "libinet/core/b.c": LICENCE + "void g(int a)\n{\n" + BODY * 9 + "}\n",
}
TABLE = "| Id | Status | Tests |\n|---|---|---|\n"


def results(script, files):
    """{case: passed} of a check run over a tree of FILES."""
    with tempfile.TemporaryDirectory() as top:
        for name, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(top, name)), exist_ok=True)
            with open(os.path.join(top, name), "w", encoding="utf-8") as file:
                file.write(text)
        env = {**os.environ, "top_srcdir": top, "top_builddir": top}
        run = subprocess.run([sys.executable, os.path.join(HERE, script)],
                             env=env, text=True, capture_output=True,
                             check=False)
    found = {}
    for line in run.stdout.splitlines():
        if " - " in line and not line.startswith("#"):
            found[line.split(" - ", 1)[1]] = not line.startswith("not")
    return found or {run.stderr: False}


def failed(script, files):
    """The cases that fail over a tree of FILES."""
    return sorted(c for c, passed in results(script, files).items()
                  if not passed)


def source_files(extra=None, exceptions=""):
    """A clean tree for source.py with some files more."""
    header = "# SPDX-License-Identifier: BSD-2-Clause\n"
    return {**GOOD, **(extra or {}),
            "tests/style/exceptions.list": header + exceptions}


def check_source(tap):
    """source.py: the clean tree, each fault, the ratchet."""
    tap.check("clean_tree_breaks_no_rule",
              failed("source.py", source_files()))
    for rule, (name, text) in FAULTS.items():
        text = (LICENCE if name.endswith(".c") else "") + text
        got = failed("source.py", source_files({name: text}))
        tap.check(f"fault_is_noticed_by_{rule}",
                  [] if got == [rule] else [f"failed: {got}"])
    name, text = FAULTS["functions_are_at_most_70_lines"]
    long = {name: LICENCE + text}
    for case, line, wanted in (
            ("exception_lets_its_function_pass", f"function {name}:f 71 why\n",
             []),
            ("exception_is_a_ceiling", f"function {name}:f 70 why\n",
             ["functions_are_at_most_70_lines"]),
            ("exception_needs_a_reason", f"function {name}:f 71\n",
             ["exceptions_are_all_needed", "functions_are_at_most_70_lines"]),
            ("exception_no_longer_needed_fails",
             f"function {name}:f 71 why\nfunction {name}:g 80 why\n",
             ["exceptions_are_all_needed"])):
        got = failed("source.py", source_files(long, line))
        tap.check(case, [] if got == wanted else [f"failed: {got}"])


def check_ledger(tap):
    """ledger.py, each direction."""
    labels = [f"{kind}-{n}" for kind, last in (("MUST", 69), ("SHLD", 31),
                                               ("MAY", 18), ("REC", 1))
              for n in range(1, last + 1)]
    row = "| {} | not yet: TCP the best |  |\n".format
    rest = "".join(row(label) for label in labels[1:])
    test = LICENCE + "/* @req RFC9293:MUST-1 */\nstatic void c(void **s)\n"
    shown = "| MUST-1 | in | test_a:c |\n"
    for case, first, source, wanted in (
            ("row_and_tag_agree", shown, test, []),
            ("row_in_without_a_test", "| MUST-1 | in |  |\n", "",
             ["compliance_rows_that_are_in_have_a_test"]),
            ("tag_without_a_row", shown, test + "/* @req RFC9:MUST-1 */\n",
             ["compliance_tags_name_a_row"]),
            ("row_not_yet_with_a_test", row("MUST-1"), test,
             ["compliance_says_what_the_tests_show"]),
            ("row_with_another_test", "| MUST-1 | in | test_a:d |\n", test,
             ["compliance_says_what_the_tests_show"]),
            ("row_with_a_name_too_long_for_a_line", "| MUST-1 | in | test_a:b |\n",
             "/* @req MUST-1 */\nstatic void b(\n\tvoid **s)\n{\n}\n" + test, []),
            ("row_with_a_case_in_python", "| MUST-1 | in | a:b |\n",
             "# @req MUST-1\n@case\ndef b():\n    pass\n", []),
            ("row_twice", shown + shown, test,
             ["compliance_rows_are_single_and_have_a_status"]),
            ("row_not_yet_by_no_issue", "| MUST-1 | not yet: later |  |\n", "",
             ["compliance_rows_are_single_and_have_a_status"]),
            ("row_without_a_reason", "| MUST-1 | out |  |\n", "",
             ["compliance_rows_are_single_and_have_a_status"]),
            ("label_without_a_row", "", "",
             ["compliance_has_every_label_of_rfc_9293"])):
        name = "tests/system/a.py" if "def " in source else "tests/unit/test_a.c"
        got = failed("ledger.py", {"COMPLIANCE.md": TABLE + first + rest,
                                   "tests/ATTACKS.md": TABLE, name: source})
        tap.check(f"ledger_{case}", [] if got == wanted else [f"failed: {got}"])


def check_documented(tap):
    """documented.py: a page with every name, and one name less each."""
    rows = {
        "libinet/core/sysctl.c": 'SYSCTL_ROW("net.ipv4.x_y", a, S32, 0, 1, 0)\n'
                                 "SOCKOPT_ROW(SOL_SOCKET, SO_X, 0)\n"
                                 '/* SYSCTL_ROW("net.no", a) */\n',
        "libinet/core/mib.def": 'MIB(IP_X, "IpX")\n',
        "libinet/api/x.c": "if (flags & MSG_X) /* MSG_NO */\n",
        "include/inet/drop_reason.def": 'DROP(BAD_X, "x")\n',
        "include/inet/x.h": "int inet_x(void) INET_API;\n",
        "tools/x.c": 'usage("  -y  why\\n"); getopt(argc, argv, "y");\n',
    }
    words = {"knobs": "net.ipv4.x_y", "socket_options": "SO_X",
             "message_flags": "MSG_X", "counters": "IpX", "drop_reasons": "BAD_X",
             "public_functions": "inet_x", "options": "Fl y"}
    for missing in [None, *words]:
        page = "".join(f".It {word}\n" for kind, word in words.items()
                       if kind != missing)
        got = failed("documented.py", {**rows, "man/x.7": page})
        wanted = [f"manual_has_all_{missing}"] if missing else []
        tap.check(f"manual_without_{missing or 'fault'}_is_judged",
                  [] if got == wanted else [f"failed: {got}"])


def check_symbols(tap):
    """symbols.py: which variables of an object a program can change."""
    text = """int a; static int b = 1; const int c = 2; _Thread_local int d;
        static const char *const e[] = { "x" }; static const char *f = "y";
        __attribute__((visibility("default"))) int inet_g(void);
        int inet_g(void) { static int h; return (h += b + d) + *e[h] + *f++; }
        int i(void); int i(void) { return c; }"""
    with tempfile.TemporaryDirectory() as top:
        name = os.path.join(top, "a")
        with open(name + ".c", "w", encoding="utf-8") as file:
            file.write(text)
        cc = os.environ.get("CC", "cc").split()
        subprocess.run([*cc, "-fPIC", "-fvisibility=hidden", "-c", name + ".c",
                        "-o", name + ".o"], check=True)
        found = list(symbols(name + ".o"))
    changed = sorted(s.name.split(".")[0] for s in found if mutable(s))
    exported = [s.name for s in found if s.exported()]
    tap.check("variable_that_can_change_is_noticed",
              [] if changed == ["a", "b", "f", "h"] else changed)
    tap.check("symbol_that_is_exported_is_noticed",
              [] if exported == ["inet_g"] else exported)


def check_harness(tap):
    """A test that crashes, hangs or stops early counts as failed."""
    driver = os.path.join(SRC, "build-aux", "tap-driver.sh")
    for case, text, wanted in (
            ("passes", "echo 1..1; echo ok 1 - a", "1 passed, 0 failed"),
            ("crashes", "echo 1..1; echo ok 1 - a; kill -SEGV $$",
             "1 passed, 1 failed"),
            ("hangs", "echo 1..1; echo ok 1 - a; exec sleep 60",
             "1 passed, 1 failed"),
            ("stops_early", "echo 1..2; echo ok 1 - a", "1 passed, 1 failed"),
            ("says_nothing", "exit 0", "0 passed, 1 failed"),
            ("fails_one", "echo 1..2; echo ok 1 - a; echo not ok 2 - b",
             "1 passed, 1 failed")):
        with tempfile.TemporaryDirectory() as top:
            test = os.path.join(top, "t.sh")
            with open(test, "w", encoding="utf-8") as file:
                file.write(text + "\n")
            subprocess.run(
                ["sh", driver, "--test-name", "t.sh", "--log-file",
                 f"{top}/t.log", "--trs-file", f"{top}/t.trs", "--", "sh",
                 f"{SRC}/tests/run-test", "sh", test], check=False,
                env={**os.environ, "TEST_TIMEOUT": "1", "TEST_WRAPPER": "",
                     "AM_TAP_AWK": "awk"}, capture_output=True)
            said = subprocess.run(["sh", f"{SRC}/tests/summary", top],
                                  text=True, capture_output=True,
                                  check=False).stdout
        tap.check(f"test_that_{case}_is_counted",
                  [] if said.startswith(wanted) else [said])


def main():
    """All of them."""
    tap = Tap()
    check_source(tap)
    check_ledger(tap)
    check_documented(tap)
    check_symbols(tap)
    check_harness(tap)
    tap.done()


if __name__ == "__main__":
    main()
