#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Random worlds in the simulator: the seeds that once failed, then SIM_CONNS
# connections from seed SIM_SEED on, of which the monitor must have judged enough; and
# what a failing one leaves.
set -u
sim=$(cd "${top_builddir:-.}" && pwd)/tests/sim/sim
list=${top_srcdir:-.}/tests/sim/regressions

echo 1..6
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
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
"$sim" -s "${SIM_SEED:-1}" -c "${SIM_CONNS:-$conns}" >"$dir/batch"
bad=$?
cat "$dir/batch"
verdict $bad "2 - random_worlds_every_byte_and_all_memory_back"

# The sides of connections, in percent, that each rule judges whenever it has reason
# to; of the rules for hosts the judgements. What lets off whom: monitor_rules.c.
judged() {
	awk -v floors="states 65 end 95 listings 75 listeners 75 time-wait 45 \
calls 95 sender 95 window 95 path-mtu 60 receiver 95 sack 95 newest-sack 35 \
timers 80 backoff 60 answers 60 bare-acks 80 congestion 35 reduction 2 \
options 95 ecn 95 resets 95 challenges 95 arp 85 icmp 45 udp 95 frames 85" '
	BEGIN { n = split(floors, f, " "); for (i = 1; i < n; i += 2) floor[f[i]] = f[i + 1] }
	/^# rule / {
		name = $3; sub(":", "", name); share = $(NF - 1)
		if (!(name in floor) || share < floor[name]) {
			print "# " name " judges " share " %, not " floor[name]
			bad = 1
		}
		delete floor[name]
	}
	END { for (name in floor) { print "# no rule " name; bad = 1 } exit bad }' "$1"
}
judged "$dir/batch"
verdict $? "3 - monitor_lets_off_no_more_than_it_must"

# A world that fails is shrunk and leaves its frames and one command; what that
# says and leaves is the same.
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
verdict $? "4 - failing_world_is_shrunk_and_replayed_by_its_command"
# The first world has one connection, the second needs more to come so far.
(replays -s 14 -n 2 -1 -a 200)
verdict $? "5 - world_that_ends_the_process_is_too"

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
verdict $? "6 - counts_asked_for_have_names"
