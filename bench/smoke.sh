#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The bench programs run to their end and print their rows: figures are for
# people, and for quiet machines.
set -u
: "${top_builddir:=.}" "${top_srcdir:=.}"
bench=$top_builddir/bench

n=0
# verdict STATUS NAME: a case by its status
verdict() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

# rows PROGRAM ROW-AND-COUNT...: each row of a program runs and prints its rate
rows() {
	program=$1
	shift
	for what; do
		name="$(echo "$program${BENCH_TAP:-}${BENCH_MTU:-}${BENCH_LEND:+_}${BENCH_LEND:-}${BENCH_APART:+_apart}_${what% *}" | tr -- -, __)_prints_its_rate"
		if ! [ -x "$bench/$program" ]; then
			verdict 0 "$name # SKIP $program was not built"
			continue
		fi
		# shellcheck disable=SC2086
		out=$("$bench/$program" $what 2>&1)
		status=$?
		if [ $status -eq 77 ]; then
			verdict 0 "$name # SKIP $out"
			continue
		fi
		[ $status -eq 0 ] && echo "$out" | grep -q 'per second'
		verdict $? "$name"
	done
}

for program in inmem inmem-lwip; do
	rows $program 'bulk 4' 'bulk-gro 4' 'bulk-tso 4' 'rr 500' 'connect 64' \
		'connect-one 50' 'connect-kept 50' 'udp 500' 'udp-echo 500' \
		'udp-1400 500' 'udp-gso 500' 'udp-gro 500' 'udp-whole 500'
done
for lend in out in both; do
	BENCH_LEND=$lend
	export BENCH_LEND
	rows inmem 'bulk 4' 'bulk-gro 4' 'bulk-tso 4'
done
unset BENCH_LEND
for program in tap tap-lwip tap-kernel tap-slirp tap-dumb \
	xdp xdp-lwip xdp-kernel xdp-dumb; do
	rows $program 'bulk-out 4' 'bulk-in 4' 'rr 50' 'rr-adaptive 50' \
		'rr-spin 50' 'connect 40' 'connect-one 20' 'udp 50' 'udp-18 50'
done
rows threads 'queues 1000' 'rps 1000'
BENCH_APART=1
export BENCH_APART
rows threads 'queues 1000'
unset BENCH_APART
rows tap-limit 'bulk-out 4' 'bulk-in 4'
rows xdp-limit 'bulk-out 4' 'bulk-in 4'
export BENCH_TAP=,vnet
for program in tap tap-kernel tap-dumb; do
	rows $program 'bulk-out 16' 'bulk-in 16' 'rr 50' 'connect 40' 'udp 50'
done
rows tap-limit 'bulk-out 16' 'bulk-in 16'
unset BENCH_TAP
export BENCH_MTU=9000
rows xdp 'bulk-out 16' 'bulk-in 16'
rows xdp-kernel 'bulk-out 16' 'bulk-in 16'
unset BENCH_MTU
test "$("$bench/flat" 100 | grep -Ec '^(sockets|timers|routes|idle) +100? +[0-9]')" -eq 8
verdict $? 'flat_prints_a_row_for_each_size'
(cd "$top_builddir" && "$top_srcdir/bench/run" --rounds 1 --scale 0.001 \
	inmem) | grep -Ec '^inmem [a-z0-9-]+ +[a-zGk/]+ +[0-9]' | grep -qx 13
verdict $? 'run_prints_a_row_for_each_figure'
(cd "$top_builddir" && "$top_srcdir/bench/run" --rounds 1 --scale 0.003 \
	tap/rr) | grep -E '^tap rr +p99 us +[0-9]|^tap on libinet did not run' >/dev/null
verdict $? 'run_prints_how_long_an_answer_takes'
said=$("$bench/flat" 9x 2>&1)
[ $? -eq 2 ] && [ "${said#usage: }" != "$said" ]
verdict $? 'flat_without_a_number_says_how_it_is_called'
said=$(timeout 60 "$bench/inmem" rr -1 2>&1)
[ $? -eq 2 ] && [ "${said#usage: }" != "$said" ]
verdict $? 'row_with_a_negative_count_says_how_it_is_called'
report=$(mktemp -d)
(cd "$top_builddir" && "$top_srcdir/bench/run" --rounds 1 --scale 0.001 \
	--report "$report" inmem/rr inmem/udp) >/dev/null 2>&1 &&
	grep -Eq '^\| rr \| k/s \| [0-9.]+ ' "$report/report.md" &&
	{ ! command -v gnuplot >/dev/null || ! [ -x "$bench/inmem-lwip" ] ||
		grep -q '</svg>' "$report/ratios-inmem.svg"; }
verdict $? 'run_writes_a_report_with_a_picture'
rm -rf "$report"
name=losslab_compares_the_senders_over_a_link
if [ "$(id -u)" -ne 0 ] || ! [ -e /dev/net/tun ]; then
	verdict 0 "$name # SKIP needs root and /dev/net/tun"
else
	(cd "$top_builddir" && timeout 120 "$top_srcdir/bench/losslab" \
		--seeds 1 --seconds 0.5 --links 10/20 --faults clean) |
		grep -Eq '^\| clean \| [1-9][0-9.]* / [1-9][0-9.]* \('
	verdict $? "$name"
fi
echo "1..$n"
