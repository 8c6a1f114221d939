#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every program that is built tells by -h and --help how it is called, on standard
# output, and is content; called wrongly it says so on the other, and is not.
set -u
cd "${top_builddir:-.}" || exit 99
out=$(mktemp -d)
trap 'rm -r "$out"' EXIT

n=0
verdict() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

# Calls $1 with $2 .. and wants the exit status $status, and "usage:" in $where.
says() {
	"$@" >"$out/out" 2>"$out/err" </dev/null
	[ $? -eq "$status" ] || return 1
	case $where in
	out) [ ! -s "$out/err" ] || return 1 ;;
	err) [ ! -s "$out/out" ] || return 1 ;;
	esac
	grep -q "usage: .*\[-[A-Za-z]*h" "$out/$where"
}

# monitor-pcap is a program for recordings of anybody's, too
if [ -x tests/sim/monitor-pcap ]; then
	tests/sim/monitor-pcap -m 15x 10.0.0.1=a 10.0.0.2=b 2>"$out/err"
	[ $? -eq 2 ] && grep -q '^monitor-pcap: -m "15x": a number' "$out/err"
	verdict $? monitor_pcap_wants_numbers
fi

./inetcat -d wire:w0,peer=w1 -l 10.9.9.9 7 2>"$out/err"
[ $? -eq 1 ] && grep -q '^inetcat: inet_bind: 10.9.9.9 port 7: Cannot assign' \
	"$out/err"
verdict $? inetcat_says_which_address_is_not_its_own

# minimal has no options: it is to stay the shortest program there is.
for program in inet-trace inetcat inetrun inetstackd inet-igb-bind \
	inet-ss inet-nstat inet-ip inet-dump bench/threads bench/losssend bench/xdp-lwip \
	bench/tap-kernel bench/tap-slirp bench/tap-dumb bench/tap-limit \
	examples/customproto examples/echo examples/forwarder \
	examples/ping bench/flat bench/inmem bench/inmem-lwip bench/tap \
	bench/tap-lwip bench/xdp bench/xdp-kernel tests/tools/relay tests/sim/sim \
	tests/sim/monitor-pcap; do
	name=$(basename "$program" | tr '-' '_')
	[ -x "$program" ] || continue
	status=0 where=out
	says "./$program" -h && says "./$program" --help
	verdict $? "${name}_tells_its_options_on_request"
	status=2 where=err
	says "./$program" -Z nothing nothing nothing
	verdict $? "${name}_tells_its_options_to_who_errs"
done
echo "1..$n"
