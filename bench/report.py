# SPDX-License-Identifier: BSD-2-Clause
"""What the reports of bench/run and bench/losslab share."""

import os
import re
import subprocess


def machine(folder):
    """What was measured on, and what: a list of lines."""
    with open("/proc/cpuinfo") as cpuinfo:
        model = re.search(r"model name\s*: (.*)", cpuinfo.read())
    lines = ["processor: %s, %d cores" % (
        model.group(1) if model else os.uname().machine, os.cpu_count()),
             "kernel: %s %s" % (os.uname().sysname, os.uname().release),
             "load at the end: %.2f" % os.getloadavg()[0]]
    makefile = os.path.join(os.path.dirname(folder), "Makefile")
    if os.access(makefile, os.R_OK):
        with open(makefile) as text:
            made = dict(re.findall(r"^(CC|CFLAGS|VERSION) = *(.*)$",
                                   text.read(), re.M))
        lines.append("libinet %(VERSION)s, %(CC)s %(CFLAGS)s" % made)
    return lines


PICTURE = """set terminal svg size 1000,480 background rgb "white"
set output "%s"
set style fill solid 0.6
set style data histograms
set style histogram clustered gap 1
set logscale y 2
set ylabel "libinet, times better"
set xtics rotate by -40
set grid ytics
set key outside
set datafile missing "-"
$ratios << END
%s
END
plot for [i=2:%d] $ratios using i:xtic(1) title columnheader(i), \\
     1 with lines linewidth 2 notitle
"""


def draw(file, names, rows):
    """A bar for each ratio, rows side by side. Return: did gnuplot draw it?"""
    data = ["row " + " ".join('"%s"' % name for name in names)]
    for name, ratios in rows:
        data.append('"%s" ' % name + " ".join(
            "%.3f" % ratio if ratio else "-" for ratio in ratios))
    script = PICTURE % (file, "\n".join(data), len(names) + 1)
    try:
        done = subprocess.run(["gnuplot"], input=script,
                              universal_newlines=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0
