#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Sourced by tests whose cases are commands. The plan is theirs: "1..$count".
count=0

# result NAME STATUS SAID: one case
result() {
	count=$((count + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		echo "$3" | sed 's/^/#   /'
	fi
}
