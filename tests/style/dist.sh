#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The distribution holds every file that git holds.
set -u
: "${top_srcdir:?is set by make check}" "${top_builddir:?is set by make check}"
echo "1..1"
if ! [ -e "$top_srcdir/.git" ] || ! command -v git >/dev/null; then
	echo "ok 1 - distribution_is_complete # SKIP not a git tree"
	exit 0
fi
dir=style-dist
unset MAKEFLAGS MFLAGS MAKELEVEL
if ! said=$(cd "$top_builddir" && make -s distdir distdir=$dir 2>&1); then
	echo "not ok 1 - distribution_is_complete"
	echo "$said" | sed 's/^/#   /'
	exit 0
fi
missing=$(git -C "$top_srcdir" ls-files |
	grep -Ev '^\.(gitignore|clang-format)$|^\.ci/' |
	while read -r file; do
		[ ! -e "$top_srcdir/$file" ] || [ -e "$top_builddir/$dir/$file" ] ||
			echo "$file"
	done)
chmod -R u+w "$top_builddir/$dir" && rm -rf "${top_builddir:?}/$dir"
if [ -z "$missing" ]; then
	echo "ok 1 - distribution_is_complete"
else
	echo "not ok 1 - distribution_is_complete"
	echo "$missing" | sed 's/^/#   add to a Module.am: /'
fi
