#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Random worlds in the simulator: the seeds that once failed, then SIM_CONNS
# connections from seed SIM_SEED on.
set -u
sim=${top_builddir:-.}/tests/sim/sim
list=${top_srcdir:-.}/tests/sim/regressions

echo 1..2
verdict() {
	if [ "$1" -eq 0 ]; then echo "ok $2"; else echo "not ok $2"; fi
}

bad=0
while read -r seed _; do
	case $seed in '' | '#'*) continue ;; esac
	"$sim" -s "$seed" -n 1 || bad=1
done <"$list"
verdict $bad "1 - regressions_replayed_stay_fixed"

# Sanitizers make a world ten times as long.
conns=100000
if [ -n "${SAN_CFLAGS:-}" ]; then conns=5000; fi
"$sim" -s "${SIM_SEED:-1}" -c "${SIM_CONNS:-$conns}"
verdict $? "2 - random_worlds_every_byte_and_all_memory_back"
