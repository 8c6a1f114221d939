#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# examples/simulate, whose author has the installed libraries only: a world from a
# seed is the same each time, in one process and in the next.
set -u
: "${top_srcdir:?is set by make check}" "${top_builddir:?}"
program=$top_builddir/examples/simulate
. "$top_srcdir/tests/system/result.sh"

# traces: those of what a run has said, each once
traces() {
	echo "$1" | sed -n 's/.* seconds of the world, trace \([0-9a-f]\{16\}\)$/\1/p' |
		uniq
}

# shellcheck disable=SC2086
said=$($CC -std=gnu11 -Wall -Wextra -Werror -I"$top_srcdir/include" \
	-fsyntax-only "$top_srcdir/examples/simulate.c" 2>&1)
result simulate_knows_public_headers_only $? "$said"

one=$(timeout 60 "$program" 7 2>&1) && two=$(timeout 60 "$program" 7 2>&1) &&
	[ "$(traces "$one" | wc -l)" -eq 1 ] && [ "$one" = "$two" ]
result same_seed_is_the_same_world $? "$one"

other=$(timeout 60 "$program" 8 2>&1) &&
	[ "$(traces "$other" | wc -l)" -eq 1 ] &&
	[ "$(traces "$other")" != "$(traces "$one")" ]
result other_seed_is_another_world $? "$other"
said=$(timeout 60 "$program" 7x 2>&1)
[ $? -eq 2 ] && echo "$said" | grep -q 'SEED is a number'
result what_is_no_number_is_no_seed $? "$said"
echo "1..$count"
