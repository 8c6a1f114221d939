#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The bench programs run to their end and print their rows: figures are for
# people, and for quiet machines.
set -u
: "${top_builddir:=.}" "${top_srcdir:=.}"
bench=$top_builddir/bench

echo 1..10
verdict() {
	if [ "$1" -eq 0 ]; then echo "ok $2"; else echo "not ok $2"; fi
}

n=0
for program in inmem inmem-lwip; do
	for what in 'bulk 4' 'rr 500' 'connect 50' 'udp 500'; do
		n=$((n + 1))
		name="$n - $(echo "$program" | tr - _)_${what% *}_prints_its_rate"
		if ! [ -x "$bench/$program" ]; then
			echo "ok $name # SKIP liblwip-dev is not installed"
			continue
		fi
		# shellcheck disable=SC2086
		"$bench/$program" $what | grep -q 'per second'
		verdict $? "$name"
	done
done
test "$("$bench/flat" 100 | grep -Ec '^(sockets|timers|routes) +100? +[0-9]')" -eq 6
verdict $? '9 - flat_prints_a_row_for_each_size'
(cd "$top_builddir" && "$top_srcdir/bench/run" --rounds 1 --scale 0.001 \
	inmem) | grep -Ec '^inmem [a-z]+ +[a-zGk/]+ +[0-9]' | grep -qx 4
verdict $? '10 - run_prints_a_row_for_each_figure'
