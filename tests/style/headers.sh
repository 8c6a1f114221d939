#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every public header compiles alone, as C and as C++, and twice in a row; and
# the program in the README does.
set -u
: "${top_srcdir:?is set by make check}"
count=0

# try NAME LANGUAGE-NAME COMPILER [FLAG]...: compile $unit
try() {
	case=$1
	shift
	count=$((count + 1))
	if said=$(printf '%s' "$unit" | "$@" -I"$top_srcdir/include" -Wall \
		-Wextra -Werror -fsyntax-only - 2>&1); then
		echo "ok $count - $case"
	else
		echo "not ok $count - $case"
		echo "$said" | sed 's/^/#   /'
	fi
}

for header in "$top_srcdir"/include/inet/*.h; do
	base=${header##*/}
	name=$(echo "${base%.h}" | tr -- - _)
	unit="#include <inet/$base>
#include <inet/$base>
"
	# shellcheck disable=SC2086
	try "${name}_compiles_alone_as_c" $CC -std=gnu11 -xc
	# shellcheck disable=SC2086
	if command -v ${CXX%% *} >/dev/null; then
		try "${name}_compiles_alone_as_cxx" $CXX -std=gnu++11 -xc++
	fi
done
# The README's program, which a new user types in.
unit="$(sed -n '/^[^a-z]\{3\}c$/,/^[^a-z]\{3\}$/p' "$top_srcdir/README.md" |
	sed -e '1d' -e '$d' -e '/^#include.*sockets/a int main(void) {')
}
"
# shellcheck disable=SC2086
try readme_program_compiles $CC -std=gnu11 -xc
echo "1..$count"
