#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# configure refuses what it does not understand, and says what and why; its help
# tells the default.
set -u
: "${top_srcdir:?is set by make check}" "${top_builddir:?is set by make check}"
dir=$top_builddir/style-configure
count=0

# refuses NAME SENTENCE OPTION...
refuses() {
	name=$1 sentence=$2
	shift 2
	count=$((count + 1))
	rm -rf "$dir" && mkdir "$dir"
	if said=$(cd "$dir" && "$top_srcdir/configure" -q "$@" 2>&1); then
		echo "not ok $count - $name"
		echo "#   $* is taken"
	elif [ "$said" = "configure: error: $sentence" ]; then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		echo "$said" | sed 's/^/#   /'
	fi
	rm -rf "$dir"
}

refuses feature_is_yes_or_no "--enable-asan=maybe: the value is yes or no" \
	--enable-asan=maybe
refuses debug_is_yes_or_no "--enable-debug=3: the value is yes or no" \
	--enable-debug=3
refuses pcap_is_no_path "--with-pcap=/opt: the value is yes or no" \
	--with-pcap=/opt
refuses libev_is_no_path "--with-libev=/opt: the value is yes or no" \
	--with-libev=/opt
refuses lwip_is_no_path "--with-lwip=/opt: the value is yes or no" \
	--with-lwip=/opt
refuses sanitizers_exclude_each_other \
	"--enable-tsan and --enable-asan exclude each other." \
	--enable-tsan --enable-asan
refuses xdp_is_no_path "--with-xdp=/opt: the value is yes or no" \
	--with-xdp=/opt
refuses library_that_is_missing_is_named \
	"libxdp >= 1.3 was not found; it is needed for AF_XDP; or configure --without-xdp. Install the package libxdp-dev (scripts/deps does)." \
	PKG_CONFIG_LIBDIR=/nonexistent --without-openssl --without-pcap URCU_CFLAGS=-I. \
	URCU_LIBS=-L. SODIUM_CFLAGS=-I. SODIUM_LIBS=-L.
refuses openssl_is_no_path "--with-openssl=/opt: the value is yes or no" \
	--with-openssl=/opt
refuses libcrypto_that_is_missing_is_named \
	"libcrypto >= 3.0 was not found; it is needed for signatures of TCP segments; or configure --without-openssl. Install the package libssl-dev (scripts/deps does)." \
	PKG_CONFIG_LIBDIR=/nonexistent URCU_CFLAGS=-I. URCU_LIBS=-L. SODIUM_CFLAGS=-I. \
	SODIUM_LIBS=-L.
refuses libcrypto_without_md5_is_told \
	"This libcrypto has no MD5_Init; it is needed for signatures of TCP segments; or configure --without-openssl." \
	PKG_CONFIG_LIBDIR=/nonexistent URCU_CFLAGS=-I. URCU_LIBS=-L. SODIUM_CFLAGS=-I. \
	SODIUM_LIBS=-L. OPENSSL_CFLAGS=-I. OPENSSL_LIBS=-L.
refuses inetstackd_is_no_path "--with-inetstackd=/opt: the value is yes or no" \
	--with-inetstackd=/opt
refuses libconfuse_that_is_missing_is_named \
	"libconfuse >= 3.0 was not found; it is needed for the configuration of inetstackd; or configure --without-inetstackd. Install the package libconfuse-dev (scripts/deps does)." \
	PKG_CONFIG_LIBDIR=/nonexistent --without-openssl --without-pcap --without-xdp URCU_CFLAGS=-I. \
	URCU_LIBS=-L. SODIUM_CFLAGS=-I. SODIUM_LIBS=-L.
refuses seccomp_is_no_path "--with-seccomp=/opt: the value is yes or no" \
	--with-seccomp=/opt
refuses libseccomp_that_is_missing_is_named \
	"libseccomp >= 2.5 was not found; it is needed for the filter of inetstackd's system calls; or configure --without-seccomp. Install the package libseccomp-dev (scripts/deps does)." \
	PKG_CONFIG_LIBDIR=/nonexistent --without-openssl --without-pcap --without-xdp URCU_CFLAGS=-I. \
	URCU_LIBS=-L. SODIUM_CFLAGS=-I. SODIUM_LIBS=-L. CONFUSE_CFLAGS=-I. CONFUSE_LIBS=-L.
refuses cares_is_no_path "--with-cares=/opt: the value is yes or no" \
	--with-cares=/opt
refuses libcares_that_is_missing_is_named \
	"libcares >= 1.15 was not found; it is needed for names under inetrun; or configure --without-cares. Install the package libc-ares-dev (scripts/deps does)." \
	PKG_CONFIG_LIBDIR=/nonexistent --without-openssl --without-pcap --without-xdp URCU_CFLAGS=-I. \
	URCU_LIBS=-L. SODIUM_CFLAGS=-I. SODIUM_LIBS=-L. --without-inetstackd
count=$((count + 1))
said=$("$top_srcdir/configure" --help | grep -e --enable-static)
case $said in
*"[default=yes]") echo "ok $count - help_knows_that_archives_are_made" ;;
*) echo "not ok $count - help_knows_that_archives_are_made: $said" ;;
esac
echo "1..$count"
