#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# make installcheck: a program that knows only pkg-config builds against what
# was installed, shared and static, and runs; and so do the examples.
set -eu
: "${CC:?is set by make installcheck}" "${libdir:?}" "${DESTDIR?}" "${bindir:?}"
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

# The examples stand far from the sources.
for example in customproto echo minimal ping simulate; do
	cp "${0%/*}/../../examples/$example.c" "$dir"
done

# example NAME KIND FLAGS...: NAME builds with nothing else
example() {
	name=$1
	out=$dir/$1_$2
	shift 2
	# shellcheck disable=SC2086
	$CC ${SAN_CFLAGS-} -o "$out" "$dir/$name.c" "$@" -pthread
}

# says PROGRAM ARGUMENT...: it runs, and this is the first line of what it says
says() {
	program=$1
	shift
	if ! LD_LIBRARY_PATH=$DESTDIR$libdir "$dir/$program" "$@" >"$dir/said"
	then
		echo "installcheck: $program failed:" >&2
		cat "$dir/said" >&2
		exit 1
	fi
	echo "installcheck: $program: $(head -n 1 "$dir/said")"
}

# examples KIND FLAGS...: all of them
examples() {
	kind=$1
	shift
	example customproto "$kind" "$@"
	says "customproto_$kind"
	example simulate "$kind" "$@"
	says "simulate_$kind"
	example minimal "$kind" "$@"
	example ping "$kind" "$@" -lm
	says "ping_$kind" --help
	if echo '#include <ev.h>' | $CC -E - >/dev/null 2>&1; then
		example echo "$kind" "$@" -lev
		says "echo_$kind" --help
	fi
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

# What runs unmodified programs is there, and inetrun knows the place.
for program in inetrun inetstackd; do
	[ -e "$DESTDIR$bindir/$program" ] || [ $program = inetrun ] || continue
	cp "$DESTDIR$bindir/$program" "$dir"
	says $program --help
done
if ! [ -f "$DESTDIR${pkglibdir:?}/libinet-preload.so" ] ||
	! grep -q "$pkglibdir" "$DESTDIR$bindir/inetrun"; then
	echo "installcheck: no libinet-preload.so where inetrun looks" >&2
	exit 1
fi

# shellcheck disable=SC2046
check shared $(pkg-config $sysroot --cflags --libs libinetdev libinet)
# shellcheck disable=SC2046
examples shared \
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
	examples static $(pkg-config $sysroot --cflags libinet) \
		"$DESTDIR$libdir/libinetdev.a" "$DESTDIR$libdir/libinet.a" \
		$(pkg-config --libs $needs)
fi
