#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Random worlds in the simulator: the seeds that once failed, then SIM_CONNS
# connections from seed SIM_SEED on; and what a failing one leaves.
set -u
sim=$(cd "${top_builddir:-.}" && pwd)/tests/sim/sim
list=${top_srcdir:-.}/tests/sim/regressions

echo 1..5
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

# A world that fails is shrunk and leaves its frames and one command; what that
# says and leaves is the same.
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
replays() {
	rm -f "$dir"/*
	cd "$dir" || return 1
	"$sim" "$@" >first && return 1
	said=$(sed -n 's/^# shrunk: //p' first)
	command=$(sed -n 's/^# replay: [^ ]* //p' first)
	[ -n "$said" ] && mv sim-*.pcap before && [ -s before ] || return 1
	case $command in *" -x "*" -k "*) ;; *) return 1 ;; esac
	# shellcheck disable=SC2086
	"$sim" $command >again 2>&1 && return 1
	grep -qF "$said" again && cmp -s before sim-*.pcap
}
(replays -s 1 -n 1 -1 -f 100)
verdict $? "3 - failing_world_is_shrunk_and_replayed_by_its_command"
# The first world has one connection, the second needs more to come so far.
(replays -s 14 -n 2 -1 -a 200)
verdict $? "4 - world_that_ends_the_process_is_too"

# What -q prints has a name and a number, each, of every kind.
counts() {
	"$sim" -s 1 -n 1 -1 -q >"$dir/counts" || return 1
	for kind in buggify probe counter drop walk; do
		grep -q "^# $kind " "$dir/counts" || return 1
	done
	! grep -E '^# (buggify|probe|counter|drop) ' "$dir/counts" |
		grep -Ev '^# [a-z]+ [A-Za-z0-9_]+: [0-9]+$'
}
counts
verdict $? "5 - counts_asked_for_have_names"
