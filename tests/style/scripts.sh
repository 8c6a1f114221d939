#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every shell script passes shellcheck.
set -u
: "${top_srcdir:?is set by make check}"
count=0
for script in "$top_srcdir"/bootstrap "$top_srcdir"/scripts/* \
	"$top_srcdir"/.ci/run "$top_srcdir"/tests/run-test \
	"$top_srcdir"/tests/summary "$top_srcdir"/tests/*/*.sh \
	"$top_srcdir"/bench/*.sh; do
	[ -f "$script" ] || continue
	head -n 1 "$script" | grep -q '^#!.*sh$' || continue
	count=$((count + 1))
	name="$(echo "${script#"$top_srcdir"/}" | tr '/.-' '___')_is_clean"
	if ! command -v shellcheck >/dev/null; then
		echo "ok $count - $name # SKIP shellcheck is not installed"
	elif said=$(shellcheck -x -P "$top_srcdir" -P SCRIPTDIR "$script"); then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		echo "$said" | sed 's/^/#   /'
	fi
done
echo "1..$count"
