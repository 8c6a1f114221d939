#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# make installcheck: a program that knows only pkg-config builds against what
# was installed, shared and static, and runs; and so does the example that
# brings a protocol of its own.
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

# own_protocol NAME FLAGS...: examples/customproto.c, far from the sources
cp "${0%/*}/../../examples/customproto.c" "$dir"
own_protocol() {
	name=$1
	shift
	# shellcheck disable=SC2086
	$CC ${SAN_CFLAGS-} -o "$dir/$name" "$dir/customproto.c" "$@" -pthread
	if ! LD_LIBRARY_PATH=$DESTDIR$libdir "$dir/$name" >"$dir/said"; then
		echo "installcheck: the $name program failed:" >&2
		cat "$dir/said" >&2
		exit 1
	fi
	echo "installcheck: $name program: $(head -n 1 "$dir/said")"
}

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
# shellcheck disable=SC2046
own_protocol customproto_shared \
	$(pkg-config $sysroot --cflags --libs libinetdev libinet)
if [ -f "$DESTDIR$libdir/libinet.a" ]; then
	# Only our archives are static: --static would want the distribution's
	# archives of all that libpcap needs.
	needs=$(pkg-config --print-requires-private libinetdev libinet |
		sed 's/ .*//')
	# shellcheck disable=SC2046,SC2086
	check static $(pkg-config $sysroot --cflags libinet) \
		"$DESTDIR$libdir/libinetdev.a" "$DESTDIR$libdir/libinet.a" \
		$(pkg-config --libs $needs) -pthread
	# shellcheck disable=SC2046,SC2086
	own_protocol customproto_static $(pkg-config $sysroot --cflags libinet) \
		"$DESTDIR$libdir/libinetdev.a" "$DESTDIR$libdir/libinet.a" \
		$(pkg-config --libs $needs)
fi
