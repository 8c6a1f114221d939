#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# scripts/demo, as whoever tries it for the first time: with a TAP, as a user
# without rights, where the system has no TAP, and where it has no namespaces;
# and what it and its sisters say to a slip of the pen.
set -u
: "${top_srcdir:?is set by make check}" "${top_builddir:?}"
demo=$top_srcdir/scripts/demo
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
. "$top_srcdir/tests/system/result.sh"

skip() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

# talked STATUS SAID: all went well between the kernel and libinet?
talked() {
	[ "$1" -eq 0 ] || return 1
	for line in '3 packets transmitted, 3 received, 0% packet loss' \
		'hello over TCP' 'hello over UDP' \
		'== the road that "hello over TCP" took from tap0 to its socket' \
		'echo: 2 connections, 1000015 bytes, 1 datagrams' \
		'== it works; the next step is README.md'; do
		echo "$2" | grep -qF "$line" || return 1
	done
	road=$(echo "$2" | sed -n '/^== the road/,$p' | awk '$3 == "softnet" {
		printf "%s ", $5 == "packet" ? $7 : $5 }')
	for station in 'irq_handle napi_schedule __napi_schedule ____napi_schedule' \
		'net_rx_action napi->poll' eth_type_trans napi_gro_receive \
		netif_receive_skb ip_rcv tcp_v4_rcv \
		'tcp_rcv_established tcp_queue_rcv'; do
		case " $road" in
		*" $station "*) road=${road#*"$station "} ;;
		*) return 1 ;;
		esac
	done
	[ -z "$road" ] || return 1
}

# in_memory STATUS SAID WHY: two stacks talked instead, and it says why?
in_memory() {
	[ "$1" -eq 0 ] || return 1
	for line in "== no TAP device: $3; so two stacks talk over a wire in memory" \
		'== inet-trace ping' 'icmp_rcv' '== inet-trace udp-rx' 'udp_rcv' \
		'== inet-trace tcp-rx' 'tcp_v4_rcv'; do
		echo "$2" | grep -qF "$line" || return 1
	done
}

# enter COMMAND...: in mount and network namespaces of its own, as root there
enter() {
	if [ "$(id -u)" -eq 0 ]; then
		unshare --mount --net "$@"
	else
		unshare --user --map-root-user --mount --net "$@"
	fi
}

name=demo_lets_the_kernel_talk_to_libinet
if ! [ -x "$top_builddir/examples/echo" ]; then
	skip $name "examples/echo was not built (libev is missing)"
elif ! enter ip tuntap add dev tap0 mode tap 2>/dev/null; then
	skip $name "no TAP in a namespace"
else
	said=$(timeout 120 "$demo" "$top_builddir" 2>&1)
	talked $? "$said"
	result $name $? "$said"
fi

# A device of our own that everybody may open, as Debian's is.
name=demo_needs_no_rights
user='setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs'
open_tun='mount -t tmpfs none /dev/net && mknod -m 666 /dev/net/tun c 10 200'
if ! [ -x "$top_builddir/examples/echo" ]; then
	skip $name "examples/echo was not built (libev is missing)"
elif [ "$(id -u)" -ne 0 ]; then
	skip $name "the case before was it"
elif ! enter sh -c "$open_tun && $user unshare --user --map-root-user --net \
	ip tuntap add dev tap0 mode tap" 2>/dev/null; then
	skip $name "users have no TAP in a namespace here"
elif ! $user test -x "$top_builddir/examples/echo"; then
	skip $name "the build is in a private folder"
else
	said=$(timeout 120 unshare --mount sh -c \
		"$open_tun && exec $user '$demo' '$top_builddir'" 2>&1)
	talked $? "$said"
	result $name $? "$said"
fi

name=demo_without_a_tap_says_so_and_uses_the_wire
if ! enter mount -t tmpfs none /dev/net 2>/dev/null; then
	skip $name "no mount namespace"
else
	said=$(timeout 120 unshare --user --map-root-user --mount sh -c \
		"mount -t tmpfs none /dev/net && exec '$demo' '$top_builddir'" 2>&1)
	in_memory $? "$said" "/dev/net/tun may not be used here"
	result $name $? "$said"
fi

# An unshare as it is where namespaces are forbidden.
printf '#!/bin/sh\necho "unshare failed: Operation not permitted" >&2\nexit 1\n' \
	>"$dir/unshare"
chmod +x "$dir/unshare"
said=$(PATH=$dir:$PATH timeout 120 "$demo" "$top_builddir" 2>&1)
status=$?
enter='unshare --user --map-root-user --net'
[ "$(id -u)" -ne 0 ] || enter='unshare --net'
in_memory $status "$said" "this system allows no new network namespace ($enter)"
result demo_without_namespaces_says_so_and_uses_the_wire $? "$said"

# Its reader goes away, which kills it while it writes; nobody else notices.
name=demo_that_is_cut_off_leaves_nobody
# shellcheck disable=SC2016
setsid sh -c 'echo $$ >"$1"; exec "$2" "$3" 2>&1' sh "$dir/session" "$demo" \
	"$top_builddir" | head -n 1 >/dev/null
left=x
for _ in $(seq 100); do
	left=$(ps -o pid= -s "$(cat "$dir/session")")
	[ -n "$left" ] || break
	sleep 0.2
done
# shellcheck disable=SC2086
[ -z "$left" ] || kill $left
[ -z "$left" ]
result $name $? "left:$left"

# refuses NAME SENTENCE COMMAND...
refuses() {
	name=$1 sentence=$2
	shift 2
	said=$(timeout 20 "$@" 2>&1)
	[ $? -eq 2 ] && [ "$said" = "$sentence" ]
	result "$name" $? "$said"
}
refuses demo_of_no_build_says_so \
	"scripts/demo: '$dir' is no folder where libinet is built" "$demo" "$dir"
refuses demo_without_such_an_option_says_so \
	"scripts/demo: '--verbose' is no option; usage: scripts/demo [BUILD]" \
	"$demo" --verbose
refuses check_names_its_stages_before_it_begins_one \
	"scripts/check: 'gc' is no stage; there are: gcc long igb valgrind asan tsan locks small demo dist" \
	"$top_srcdir/scripts/check" dist gc
refuses deps_names_its_groups \
	"scripts/deps: 'test' is no group; there are: build demo tests bench igb" \
	"$top_srcdir/scripts/deps" test
for script in demo check deps; do
	said=$(timeout 20 "$top_srcdir/scripts/$script" --help 2>&1) &&
		echo "$said" | grep -q "^usage: scripts/$script " &&
		! echo "$said" | grep -q '^#\|set -'
	result ${script}_helps $? "$said"
done
echo "1..$count"
