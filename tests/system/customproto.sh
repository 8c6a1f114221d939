#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# examples/customproto, the program of a writer of protocols: it sees nothing
# but the installed headers, and its protocol works between two stacks.
set -u
: "${top_srcdir:?is set by make check}" "${top_builddir:?}"
program=$top_builddir/examples/customproto
. "$top_srcdir/tests/system/result.sh"

# shellcheck disable=SC2086
said=$($CC -std=gnu11 -Wall -Wextra -Werror -I"$top_srcdir/include" \
	-fsyntax-only "$top_srcdir/examples/customproto.c" 2>&1)
result customproto_knows_public_headers_only $? "$said"

said=$(timeout 60 "$program" 500 2>&1)
status=$?
result customproto_runs_to_its_end $status "$said"

# among the lines of the log: a link goes down when its other end is closed
echo "$said" | grep -qx "500 of 500 messages came back exactly"
result messages_of_own_protocol_come_back_exactly $? "$said"

echo "$said" | grep -qx \
	'unregistered: a new socket fails with "Socket type not supported"'
result socket_of_type_taken_away_gets_esocktnosupport $? "$said"

for wrong in none 10x -1 99999999999; do
	said=$(timeout 60 "$program" $wrong 2>&1)
	[ $? -eq 2 ] || break
done
[ "$wrong" = 99999999999 ] && [ "${said#*1 to 1000000}" != "$said" ]
result customproto_without_a_number_says_how_it_is_called $? "$said"
echo "1..$count"
