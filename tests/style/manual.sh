#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every man page passes mandoc's lint.
set -u
: "${top_srcdir:?is set by make check}"
count=0
for page in "$top_srcdir"/man/*.[1-8]; do
	[ -e "$page" ] || break
	count=$((count + 1))
	name="$(basename "$page" | tr .- __)_lints_clean"
	if ! command -v mandoc >/dev/null; then
		echo "ok $count - $name # SKIP mandoc is not installed"
	elif said=$(mandoc -Tlint -W warning "$page" 2>&1); then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		echo "$said" | sed 's/^/#   /'
	fi
done
if [ "$count" -eq 0 ]; then
	echo "1..0 # SKIP no page yet"
else
	echo "1..$count"
fi
