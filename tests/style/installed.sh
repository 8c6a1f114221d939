#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# make installcheck: a program that knows only pkg-config builds against what
# was installed, shared and static, and runs.
set -eu
: "${CC:?is set by make installcheck}" "${libdir:?}" "${DESTDIR?}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

PKG_CONFIG_PATH=$DESTDIR$libdir/pkgconfig:${PKG_CONFIG_PATH-}
export PKG_CONFIG_PATH
sysroot=
[ -z "$DESTDIR" ] || sysroot=--define-prefix

cat >"$dir/program.c" <<'END'
#include <stdio.h>
#include <inet/version.h>

int main(void)
{
	return puts(inet_version()) == EOF;
}
END

# check NAME FLAGS...: build, run, compare with pkg-config's own answer
check() {
	name=$1
	shift
	# shellcheck disable=SC2086
	$CC ${SAN_CFLAGS-} -o "$dir/$name" "$dir/program.c" "$@"
	version=$(LD_LIBRARY_PATH=$DESTDIR$libdir "$dir/$name")
	wanted=$(pkg-config --modversion libinetdev)
	if [ "$version" != "$wanted" ]; then
		echo "installcheck: $name says '$version', not '$wanted'" >&2
		exit 1
	fi
	echo "installcheck: $name program says $version"
}

# shellcheck disable=SC2046
check shared $(pkg-config $sysroot --cflags --libs libinetdev libinet)
if [ -f "$DESTDIR$libdir/libinet.a" ]; then
	# Only our archives are static: --static would want the distribution's
	# archives of all that libpcap needs.
	needs=$(pkg-config --print-requires-private libinetdev libinet |
		sed 's/ .*//')
	# shellcheck disable=SC2046,SC2086
	check static $(pkg-config $sysroot --cflags libinet) \
		"$DESTDIR$libdir/libinetdev.a" "$DESTDIR$libdir/libinet.a" \
		$(pkg-config --libs $needs) -pthread
fi
