#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The bench programs run to their end and print their rows: figures are for
# people, and for quiet machines.
set -u
bench=${top_builddir:-.}/bench

echo 1..5
verdict() {
	if [ "$1" -eq 0 ]; then echo "ok $2"; else echo "not ok $2"; fi
}

n=0
for what in 'bulk 4' 'rr 500' 'connect 50' 'udp 500'; do
	n=$((n + 1))
	# shellcheck disable=SC2086
	"$bench/inmem" $what | grep -q 'per second'
	verdict $? "$n - inmem_${what% *}_prints_its_rate"
done
test "$("$bench/flat" 100 | grep -Ec '^(sockets|timers|routes) +100? +[0-9]')" -eq 6
verdict $? '5 - flat_prints_a_row_for_each_size'
