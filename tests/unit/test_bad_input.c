/* SPDX-License-Identifier: BSD-2-Clause */
/* What a user wrote wrong is answered with a sentence that says what is wrong
 * and where: whole sentences, one row each. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inet/capture.h>
#include <inet/control.h>
#include <inet/netdev.h>
#include <inet/socket.h>
#include <inet/trace.h>

#include "fixture.h"
#include "sockets.h"

static struct fx f;

struct bad_input {
	const char *text;
	int err;
	const char *sentence;
};

static int open_device(const char *spec)
{
	return inet_netdev_open(f.net, spec) ? 0 : -1;
}

static int add_addr(const char *text)
{
	return inet_addr_add(f.dev, text);
}

static int del_addr(const char *text)
{
	return inet_addr_del(f.dev, text);
}

static int add_route(const char *text)
{
	return inet_route_add(f.net, text);
}

static int del_route(const char *text)
{
	return inet_route_del(f.net, text);
}

static int add_neigh(const char *text)
{
	return inet_neigh_add(f.dev, text);
}

static int del_neigh(const char *text)
{
	return inet_neigh_del(f.dev, text);
}

/* "name=value" */
static int set_knob(const char *text)
{
	const char *value = strchr(text, '=');
	char name[128];

	assert_non_null(value);
	snprintf(name, sizeof(name), "%.*s", (int)(value - text), text);
	return inet_sysctl_set(f.net, name, value + 1);
}

/* "knob=value" of a queue */
static int set_queue(const char *text)
{
	const char *value = strchr(text, '=');
	char name[128];

	assert_non_null(value);
	snprintf(name, sizeof(name), "%.*s", (int)(value - text), text);
	return inet_netdev_set_queue(f.dev, name, value + 1);
}

static int set_qdisc(const char *spec)
{
	return inet_netdev_set_qdisc(f.dev, spec);
}

static int set_mac(const char *first)
{
	const u8 mac[6] = { (u8)atoi(first) };

	return inet_netdev_set_mac(f.dev, mac);
}

static int put_frames(const char *number)
{
	return inet_frames_put(f.net, strtoull(number, NULL, 10));
}

static int start_trace(const char *filter)
{
	return inet_trace_start_filter(f.net, 10, filter);
}

static int find_device(const char *name)
{
	return inet_netdev_find(f.net, name) ? 0 : -1;
}

static int get_counter(const char *name)
{
	u64 value;

	return inet_counter_get(f.net, name, &value);
}

static int get_drop(const char *reason)
{
	u64 value;

	return inet_drop_get(f.net, reason, &value);
}

/* Each row is refused by @give with its errno and its whole sentence. */
static void refused(int (*give)(const char *text), const struct bad_input *bad,
		    size_t nr)
{
	size_t i, wrong = 0;

	for (i = 0; i < nr; i++) {
		errno = 0;
		if (give(bad[i].text) == -1 && errno == bad[i].err &&
		    !strcmp(inet_strerror(f.net), bad[i].sentence))
			continue;
		print_error("\"%s\": errno %d, \"%s\"\n", bad[i].text, errno,
			    inet_strerror(f.net));
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

#define REFUSED(give, ...) do { \
	static const struct bad_input bad_[] = { __VA_ARGS__ }; \
	refused(give, bad_, ARRAY_SIZE(bad_)); \
} while (0)

#ifdef HAVE_XDP
#define DRIVERS "tap tun wire fd vlan igb xdp"
#else
#define DRIVERS "tap tun wire fd vlan igb"
#endif

static void device_string_wrong_is_explained(void **state)
{
	(void)state;
	REFUSED(open_device,
		{ "igc:eth0", ENODEV,
		  "'igc' is no device driver; there are: " DRIVERS },
		{ "tap:t0,mtu=99999", EINVAL,
		  "tap: mtu=99999 is out of range: 68 to 65521" },
		{ "tap:t0,mtu=", EINVAL,
		  "tap: mtu needs a value; usage: "
		  "tap:IFNAME[,name=NAME][,mtu=N][,mac=ADDR]"
		  "[,queues=N][,vnet]" },
		{ "tap:t0,speed=9", EINVAL,
		  "tap: unknown argument 'speed'; usage: "
		  "tap:IFNAME[,name=NAME][,mtu=N][,mac=ADDR]"
		  "[,queues=N][,vnet]" },
		{ "tap:t0,mac=02:00:00:00:00", EINVAL,
		  "tap: mac: '02:00:00:00:00' is not an address like 02:00:00:00:00:01" },
		{ "tap:t0,mac=01:00:00:00:00:01", EINVAL,
		  "tap: mac: a station's address cannot be multicast" },
		{ "tap:a-name-of-seventeen", EINVAL,
		  "tap: 'a-name-of-seventeen' is longer than 15 characters" },
		{ "tap:t0,,", EINVAL,
		  "tap: unknown argument ''; usage: "
		  "tap:IFNAME[,name=NAME][,mtu=N][,mac=ADDR]"
		  "[,queues=N][,vnet]" },
		{ "tap:t0,mtu=1500,vnet,mtu=9000", EINVAL,
		  "tap: mtu is said twice" },
		{ "tap:../t0", EINVAL,
		  "tap: \"../t0\" is no name of an interface" },
		{ "wire:w/0,peer=w1", EINVAL, "\"w/0\": not a device name" },
		{ "wire:w0,peer=w 1", EINVAL, "\"w 1\": not a device name" },
		{ "wire:w:0,peer=w1", EINVAL, "\"w:0\": not a device name" },
		{ "wire:w0,peer=..", EINVAL, "\"..\": not a device name" },
		{ "wire:w0,peer=w0", EEXIST,
		  "w0: a device has this name already" },
		{ "wire:w0,peer=w1,loss=200%", EINVAL,
		  "wire: loss=200% is out of range: 0% to 100%" },
		{ "wire:w0,peer=w1,loss=x", EINVAL,
		  "wire: loss: 'x' is not a share like 2%, 0.1% or 150ppm" },
		{ "wire:w0,peer=w1,rate=2000000gbit", EINVAL,
		  "wire: rate=2000000gbit is out of range: 1bit to 1000000gbit" },
		{ "wire:w0,peer=w1,delay=5", EINVAL,
		  "wire: delay: '5' is not a time like 20ms, 1.5s or 10us" },
		{ "wire:w0,peer=w1,delay=5parsec", EINVAL,
		  "wire: delay: '5parsec' is not a time like 20ms, 1.5s or 10us" },
		{ "wire:w0,peer=w1,rate=fast", EINVAL,
		  "wire: rate: 'fast' is not a rate like 200mbit or 1.5gbit" },
		{ "wire:w0,peer=w1,ring=100", EINVAL,
		  "wire: ring_frames 100: not a power of two in 8..4096" },
		{ "wire:w0,peer=w1,mtu=67", EINVAL,
		  "wire: mtu=67 is out of range: 68 to 65521" });
}

static void address_wrong_is_explained(void **state)
{
	(void)state;
	REFUSED(add_addr,
		{ "", EINVAL,
		  "test0: \"\" is not an address (A.B.C.D/LENGTH, then perhaps "
		  "broadcast A.B.C.D)" },
		{ "10.0.0.300/24", EINVAL,
		  "test0: \"10.0.0.300/24\" is not an address (A.B.C.D/LENGTH, "
		  "then perhaps broadcast A.B.C.D)" },
		{ "10.0.0.3/33", EINVAL,
		  "test0: \"10.0.0.3/33\" is not an address (A.B.C.D/LENGTH, "
		  "then perhaps broadcast A.B.C.D)" },
		{ "10.0.1.0/24", EINVAL,
		  "test0: \"10.0.1.0/24\" is the network or its broadcast "
		  "address, no host's" },
		{ "10.0.0.2/24", EEXIST,
		  "test0: has the address 10.0.0.2/24 already" },
		{ "224.0.0.1/24", EINVAL,
		  "test0: no host may have the address 224.0.0.1" },
		{ "10.0.0.3/24 broadcast", EINVAL,
		  "test0: \"10.0.0.3/24 broadcast\" is not an address "
		  "(A.B.C.D/LENGTH, then perhaps broadcast A.B.C.D)" });
	REFUSED(del_addr,
		{ "10.0.0.7/24", EADDRNOTAVAIL,
		  "test0: has no address 10.0.0.7" },
		{ "ten", EINVAL,
		  "test0: \"ten\" is not an address (A.B.C.D/LENGTH, then "
		  "perhaps broadcast A.B.C.D)" });
}

static void route_wrong_is_explained(void **state)
{
	(void)state;
	REFUSED(add_route,
		{ "", EINVAL,
		  "route \"\": at its end: a prefix is wanted, A.B.C.D/LENGTH or default" },
		{ "10.2.0.1/16 via 10.0.0.1", EINVAL,
		  "route \"10.2.0.1/16 via 10.0.0.1\": word 1, \"10.2.0.1/16\": "
		  "address bits are set beyond the prefix length" },
		{ "default", ENODEV,
		  "route \"default\": a route needs a gateway (via ADDRESS) or a device (dev NAME)" },
		{ "default via", EINVAL,
		  "route \"default via\": at its end: an address is wanted, A.B.C.D" },
		{ "default via 10.0.0.300", EINVAL,
		  "route \"default via 10.0.0.300\": word 3, \"10.0.0.300\": an "
		  "address is wanted, A.B.C.D" },
		{ "default via 11.0.0.1", ENETUNREACH,
		  "route \"default via 11.0.0.1\": Nexthop has invalid gateway: no device "
		  "has 11.0.0.1 on its link" },
		{ "default dev nope", ENODEV,
		  "route \"default dev nope\": word 3, \"nope\": there is no such device" },
		{ "default via 10.0.0.1 mtu 67", EINVAL,
		  "route \"default via 10.0.0.1 mtu 67\": word 5, \"67\": not "
		  "in 68..65535" },
		{ "default via 10.0.0.1 metric 4294967296", EINVAL,
		  "route \"default via 10.0.0.1 metric 4294967296\": word 5, "
		  "\"4294967296\": not in 0..4294967295" },
		{ "default via 10.0.0.1 speed 9", EINVAL,
		  "route \"default via 10.0.0.1 speed 9\": word 4, \"speed\": "
		  "via, dev, metric, src, mtu, advmss, scope, proto or onlink is wanted" },
		{ "default via 10.0.0.1 src 10.0.0.7", EINVAL,
		  "route \"default via 10.0.0.1 src 10.0.0.7\": Invalid prefsrc "
		  "address: 10.0.0.7 is not one of ours" },
		{ "default via 10.0.0.1 via 10.0.0.3", EINVAL,
		  "route \"default via 10.0.0.1 via 10.0.0.3\": word 4, \"via\": is "
		  "said twice" },
		{ "default metric 1 dev lo priority 2", EINVAL,
		  "route \"default metric 1 dev lo priority 2\": word 6, "
		  "\"priority\": is said twice" },
		{ "unreachable 10.2.0.0/16 dev lo", EINVAL,
		  "route \"unreachable 10.2.0.0/16 dev lo\": a route of type "
		  "unreachable has neither gateway nor device" });
	REFUSED(del_route, { "10.9.0.0/16", ESRCH,
		  "route \"10.9.0.0/16\": there is no such route to 10.9.0.0/16" });
}

static void neighbour_wrong_is_explained(void **state)
{
	(void)state;
	REFUSED(add_neigh,
		{ "10.0.0.1", EINVAL,
		  "test0: \"10.0.0.1\" is not a neighbour (A.B.C.D lladdr "
		  "XX:XX:XX:XX:XX:XX, then perhaps nud permanent|reachable|stale)" },
		{ "10.0.0.1 lladdr 02:00:00:00:00:0g", EINVAL,
		  "test0: \"10.0.0.1 lladdr 02:00:00:00:00:0g\" is not a "
		  "neighbour (A.B.C.D lladdr XX:XX:XX:XX:XX:XX, then perhaps "
		  "nud permanent|reachable|stale)" },
		{ "10.0.0.1 lladdr g2:00:00:00:00:01", EINVAL,
		  "test0: \"10.0.0.1 lladdr g2:00:00:00:00:01\" is not a "
		  "neighbour (A.B.C.D lladdr XX:XX:XX:XX:XX:XX, then perhaps "
		  "nud permanent|reachable|stale)" },
		{ "10.0.0.1 lladdr 02:00:00:00:00:01                          "
		  "                                                          "
		  "            nud stale", EINVAL,
		  "test0: \"…\" is not a "
		  "neighbour (A.B.C.D lladdr XX:XX:XX:XX:XX:XX, then perhaps "
		  "nud permanent|reachable|stale)" },
		{ "224.0.0.1 lladdr 02:00:00:00:00:01", EINVAL,
		  "test0: \"224.0.0.1 lladdr 02:00:00:00:00:01\": no neighbour has "
		  "such an address" },
		{ "10.0.0.1 lladdr ff:ff:ff:ff:ff:ff", EINVAL,
		  "test0: \"10.0.0.1 lladdr ff:ff:ff:ff:ff:ff\": no neighbour has "
		  "such an address" },
		{ "10.0.0.1 lladdr 00:00:00:00:00:00 nud stale", EINVAL,
		  "test0: \"10.0.0.1 lladdr 00:00:00:00:00:00 nud stale\": no "
		  "neighbour has such an address" });
	REFUSED(del_neigh, { "10.0.0.77", ENOENT,
		  "test0: there is no neighbour \"10.0.0.77\"" });
}

static void knob_wrong_is_explained(void **state)
{
	(void)state;
	REFUSED(set_knob,
		{ "net.ipv4.tcp_nothing=1", ENOENT,
		  "net.ipv4.tcp_nothing: no such knob" },
		{ "net.ipv4.tcp_syn_retries=500", EINVAL,
		  "net.ipv4.tcp_syn_retries: 500 is not in 1..127" },
		{ "net.ipv4.tcp_syn_retries=99999999999999999999", EINVAL,
		  "net.ipv4.tcp_syn_retries: \"99999999999999999999\" is not in "
		  "1..127" },
		{ "net.core.default_qdisc=fifo", EINVAL,
		  "net.core.default_qdisc: fifo: no such queue discipline; there "
		  "are: pfifo_fast, fq" },
		{ "net.ipv4.tcp_syn_retries=x", EINVAL,
		  "net.ipv4.tcp_syn_retries: \"x\": 1 number wanted" },
		{ "net.ipv4.tcp_syn_retries=", EINVAL,
		  "net.ipv4.tcp_syn_retries: \"\": 1 number wanted" },
		{ "net.ipv4.tcp_rmem=4096", EINVAL,
		  "net.ipv4.tcp_rmem: \"4096\": 3 numbers wanted" },
		{ "net.ipv4.tcp_rmem=8192 4096 9000", EINVAL,
		  "net.ipv4.tcp_rmem: the values must not fall: 4096 after 8192" },
		{ "net.ipv4.tcp_congestion_control=vegas", ENOENT,
		  "net.ipv4.tcp_congestion_control: \"vegas\": no such congestion control" },
		{ "net.ipv4.ip_local_reserved_ports=9-", EINVAL,
		  "net.ipv4.ip_local_reserved_ports: \"9-\" is not a list of "
		  "ports like 8080,9000-9100" });
}

static void knob_of_a_device_wrong_is_explained(void **state)
{
	(void)state;
	REFUSED(set_qdisc,
		{ "fq limit 0", EINVAL,
		  "test0: fq: \"limit 0\": no value of this option" },
		{ "fq limit 5 buckets 12", EINVAL,
		  "test0: fq: \"buckets 12\": no such option" });
	REFUSED(set_queue,
		{ "tx-9/xps_cpus=1", ENOENT,
		  "test0: tx-9/xps_cpus: there are tx-0 to tx-0" },
		{ "tx-0/rps_cpus=1", ENOENT,
		  "test0: tx-0/rps_cpus: no such knob of a queue" },
		{ "tx-0/byte_queue_limits/limit=1", EINVAL,
		  "test0: tx-0/byte_queue_limits/limit: can only be read" });
	REFUSED(set_mac,
		{ "1", EADDRNOTAVAIL,
		  "test0: a station's address cannot be multicast or zero" },
		{ "0", EADDRNOTAVAIL,
		  "test0: a station's address cannot be multicast or zero" });
	REFUSED(put_frames,
		{ "77", EINVAL, "inet_frames_put: 77: no such loan" });
}

static void trace_filter_wrong_is_explained(void **state)
{
	(void)state;
	REFUSED(start_trace,
		{ "sctp", EINVAL,
		  "trace filter: 'sctp' is none of arp ip icmp tcp udp, dev NAME, src dst "
		  "host ADDRESS, sport dport port next NUMBER" },
		{ "dev eth9", ENODEV,
		  "trace filter: dev 'eth9': no such device" },
		{ "port", EINVAL,
		  "trace filter: port '': a number from 1 to 65535 is wanted" },
		{ "port 65536", EINVAL,
		  "trace filter: port '65536': a number from 1 to 65535 is wanted" },
		{ "src 10.0.0", EINVAL,
		  "trace filter: src '10.0.0': an address is wanted, A.B.C.D" },
		{ "host 0.0.0.0", EINVAL,
		  "trace filter: host '0.0.0.0': an address is wanted, A.B.C.D" },
		{ "tcp port 7 udp", EINVAL,
		  "trace filter: 'udp': no packet is both this and what stands "
		  "before it" },
		{ "arp ip", EINVAL,
		  "trace filter: 'ip': no packet is both this and what stands "
		  "before it" },
		{ "port 7 tcp port 8", EINVAL,
		  "trace filter: port '8': said twice" },
		{ "dev lo dev lo", EINVAL, "trace filter: dev 'lo': said twice" },
		{ "host 10.0.0.1 host 10.0.0.2", EINVAL,
		  "trace filter: host '10.0.0.2': said twice" },
		{ "next 1 next 2", EINVAL,
		  "trace filter: next '2': said twice" });
}

static void name_unknown_is_repeated(void **state)
{
	(void)state;
	REFUSED(find_device, { "eth9", ENODEV,
		  "eth9: no such device" });
	REFUSED(get_counter, { "TcpNothing", ENOENT,
		  "TcpNothing: no such counter" });
	REFUSED(get_drop, { "BOREDOM", ENOENT,
		  "BOREDOM: no such drop reason" });
}

/* ---- sockets ---------------------------------------------------------- */

static struct socket *udp, *tcp;

static struct sockaddr_in address(const char *text, u16 port)
{
	struct sockaddr_in a = sk_addr(0, port);

	assert_int_equal(inet_pton(AF_INET, text, &a.sin_addr), 1);
	return a;
}

static int make_socket(const char *text)
{
	int family, type, protocol;

	assert_int_equal(sscanf(text, "%d %d %d", &family, &type, &protocol),
			 3);
	return inet_socket(f.net, family, type, protocol) ? 0 : -1;
}

static int bind_socket(const char *text)
{
	struct sockaddr_in a = address(text, 7);

	return inet_bind(udp, (struct sockaddr *)&a, sizeof(a));
}

static int bind_to_family(const char *family)
{
	struct sockaddr_in a = { .sin_family = (sa_family_t)atoi(family) };

	return inet_bind(udp, (struct sockaddr *)&a, sizeof(a));
}

static int bind_to_length(const char *length)
{
	struct sockaddr_in a = address("10.0.0.2", 7);

	return inet_bind(udp, (struct sockaddr *)&a, (socklen_t)atoi(length));
}

static int connect_to_length(const char *length)
{
	struct sockaddr_in a = address("10.0.0.1", 80);

	return inet_connect(tcp, (struct sockaddr *)&a, (socklen_t)atoi(length));
}

static int connect_socket(const char *text)
{
	struct sockaddr_in a = address(text, 80);

	return inet_connect(udp, (struct sockaddr *)&a, sizeof(a));
}

static int set_option(const char *text)
{
	int level, option, on = 1;

	assert_in_range(sscanf(text, "%d %d %d", &level, &option, &on), 2, 3);
	return inet_setsockopt(level == IPPROTO_TCP ? tcp : udp, level, option,
			       &on, sizeof(on));
}

static int get_option(const char *text)
{
	int level, option, on;
	socklen_t len = sizeof(on);

	assert_int_equal(sscanf(text, "%d %d", &level, &option), 2);
	return inet_getsockopt(udp, level, option, &on, &len);
}

/* What is left of the calls on a socket, by name. */
static int call_socket(const char *name)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char byte;

	if (!strcmp(name, "listen"))
		return inet_listen(udp, 1);
	if (!strcmp(name, "accept"))
		return inet_accept(tcp, NULL, NULL) ? 0 : -1;
	if (!strcmp(name, "accept4"))
		return inet_accept4(tcp, NULL, NULL, 0) ? 0 : -1;
	if (!strcmp(name, "peer"))
		return inet_getpeername(udp, (struct sockaddr *)&ss, &len);
	if (!strcmp(name, "self"))
		return inet_getsockname(udp, (struct sockaddr *)&ss, NULL);
	if (!strcmp(name, "shutdown"))
		return inet_shutdown(udp, SHUT_WR);
	if (!strcmp(name, "ioctl"))
		return inet_ioctl(udp, 0x1234, &byte);
	if (!strcmp(name, "send"))
		return (int)inet_send(udp, "x", 1, 0);
	return (int)inet_recv(udp, &byte, 1, 0);
}

/* What fails of a socket says which call it was, and about what. */
static void socket_call_wrong_is_explained(void **state)
{
	(void)state;
	udp = inet_socket(f.net, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	tcp = inet_socket(f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	REFUSED(make_socket,
		{ "99 1 0", EAFNOSUPPORT, "inet_socket: family 99, type 1, "
		  "protocol 0: Address family not supported by protocol" },
		{ "2 1 17", EPROTONOSUPPORT, "inet_socket: family 2, type 1, "
		  "protocol 17: Protocol not supported" });
	REFUSED(bind_socket,
		{ "10.9.9.9", EADDRNOTAVAIL, "inet_bind: 10.9.9.9 port 7: "
		  "Cannot assign requested address" });
	REFUSED(bind_to_family,
		{ "10", EAFNOSUPPORT, "inet_bind: Address family not supported "
		  "by protocol" });
	REFUSED(connect_socket,
		{ "9.9.9.9", ENETUNREACH, "inet_connect: 9.9.9.9 port 80: "
		  "Network is unreachable" });
	REFUSED(set_option,
		{ "0 77", ENOPROTOOPT, "inet_setsockopt: level 0, option 77: "
		  "Protocol not available" },
		{ "6 2 40000", EINVAL, "inet_setsockopt: TCP_MAXSEG: 40000: "
		  "Invalid argument" },
		{ "6 4 40000", EINVAL, "inet_setsockopt: TCP_KEEPIDLE: 40000 is "
		  "not in 1..32767" },
		{ "0 2 256", EINVAL, "inet_setsockopt: IP_TTL: 256 is not in "
		  "-1..255" },
		{ "1 3 1", ENOPROTOOPT, "inet_setsockopt: SO_TYPE: 1: Protocol "
		  "not available" },
		{ "1 13 1", EINVAL, "inet_setsockopt: SO_LINGER: Invalid "
		  "argument" });
	REFUSED(bind_to_length,
		{ "3", EINVAL, "inet_bind: an address of 3 bytes: Invalid "
		  "argument" },
		{ "4000", EINVAL, "inet_bind: an address of 4000 bytes: Invalid "
		  "argument" });
	REFUSED(connect_to_length,
		{ "8", EINVAL, "inet_connect: an address of 8 bytes: Invalid "
		  "argument" });
	REFUSED(get_option,
		{ "1 999", ENOPROTOOPT, "inet_getsockopt: level 1, option 999: "
		  "Protocol not available" });
	REFUSED(call_socket,
		{ "listen", EOPNOTSUPP, "inet_listen: Operation not supported" },
		{ "accept", EINVAL, "inet_accept: Invalid argument" },
		{ "accept4", EINVAL, "inet_accept4: Invalid argument" },
		{ "peer", ENOTCONN, "inet_getpeername: Transport endpoint is "
		  "not connected" },
		{ "self", EFAULT, "inet_getsockname: Bad address" },
		{ "ioctl", ENOTTY, "inet_ioctl: Inappropriate ioctl for device" },
		{ "send", EDESTADDRREQ, "inet_send: Destination address "
		  "required" },
		{ "recv", EAGAIN, "inet_recv: Resource temporarily unavailable" },
		{ "shutdown", ENOTCONN, "inet_shutdown: Transport endpoint is "
		  "not connected" });
	inet_close(udp);
	inet_close(tcp);
}

/* What a call that wants a text or a place is given none of. */
static int call_with_null(const char *name)
{
	u64 value;

#define CALL(call, ...) do {						\
	if (!strcmp(name, #call))					\
		return (intptr_t)call(__VA_ARGS__) > 0 ? 0 : -1;	\
} while (0)
	CALL(inet_netdev_find, f.net, NULL);
	CALL(inet_netdev_open, f.net, NULL);
	CALL(inet_capture_open, f.net, NULL);
	CALL(inet_netdev_set_mac, f.dev, NULL);
	CALL(inet_netdev_set_qdisc, f.dev, NULL);
	CALL(inet_netdev_set_queue, f.dev, NULL, "1");
	CALL(inet_netdev_set_feature, f.dev, NULL, true);
	CALL(inet_netdev_set_rps_cpus, f.dev, 0, NULL);
	CALL(inet_netdev_get_stats, f.dev, NULL);
	CALL(inet_netdev_each, f.net, NULL, NULL);
	CALL(inet_link_show, f.net, NULL);
	CALL(inet_sysctl_set, f.net, "net.ipv4.tcp_sack", NULL);
	CALL(inet_sysctl_get, f.net, NULL, NULL, 0);
	CALL(inet_counter_get, f.net, NULL, &value);
	CALL(inet_drop_get, f.net, "TCP_CSUM", NULL);
	CALL(inet_addr_add, f.dev, NULL);
	CALL(inet_addr_del, f.dev, NULL);
	CALL(inet_addr_each, f.net, NULL, NULL);
	CALL(inet_route_add, f.net, NULL);
	CALL(inet_route_del, f.net, NULL);
	CALL(inet_neigh_add, f.dev, NULL);
	CALL(inet_neigh_del, f.dev, NULL);
#undef CALL
	fail_msg("%s: no such row", name);
	return 0;
}

static void null_is_explained(void **state)
{
#define NULL_ROW(call) { #call, EINVAL, #call ": an argument is NULL" }
	(void)state;
	REFUSED(call_with_null,
		NULL_ROW(inet_netdev_find), NULL_ROW(inet_netdev_open),
		NULL_ROW(inet_capture_open), NULL_ROW(inet_netdev_set_mac),
		NULL_ROW(inet_netdev_set_qdisc),
		NULL_ROW(inet_netdev_set_queue),
		NULL_ROW(inet_netdev_set_feature),
		NULL_ROW(inet_netdev_set_rps_cpus),
		NULL_ROW(inet_netdev_get_stats), NULL_ROW(inet_netdev_each),
		NULL_ROW(inet_link_show), NULL_ROW(inet_sysctl_set),
		NULL_ROW(inet_sysctl_get), NULL_ROW(inet_counter_get),
		NULL_ROW(inet_drop_get), NULL_ROW(inet_addr_add),
		NULL_ROW(inet_addr_del), NULL_ROW(inet_addr_each),
		NULL_ROW(inet_route_add),
		NULL_ROW(inet_route_del), NULL_ROW(inet_neigh_add),
		NULL_ROW(inet_neigh_del));
#undef NULL_ROW
}

/* A connection that is on its way is not explained at length; and what is asked
 * for afterwards is about the call that failed last. */
static void sentence_is_of_the_last_failure(void **state)
{
	struct sockaddr_in to = address("10.0.0.1", 80);
	struct socket *sock;

	(void)state;
	sock = inet_socket(f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(inet_connect(sock, (struct sockaddr *)&to, sizeof(to)),
			 -1);
	assert_int_equal(errno, EINPROGRESS);
	assert_string_equal(inet_strerror(f.net),
			    "inet_connect: Operation now in progress");
	assert_int_equal(set_knob("no.such.knob=1"), -1);
	assert_string_equal(inet_strerror(f.net), "no.such.knob: no such knob");
	assert_int_equal(inet_listen(sock, 1), -1);
	assert_string_equal(inet_strerror(f.net),
			    "inet_listen: Invalid argument");
	assert_string_equal(inet_strerror(NULL), "");
	inet_close(sock);
}

#define T(name) cmocka_unit_test_prestate_setup_teardown( \
		name, fx_setup, fx_teardown, &f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(device_string_wrong_is_explained),
		T(address_wrong_is_explained),
		T(route_wrong_is_explained),
		T(neighbour_wrong_is_explained),
		T(knob_wrong_is_explained),
		T(knob_of_a_device_wrong_is_explained),
		T(trace_filter_wrong_is_explained),
		T(name_unknown_is_repeated),
		T(socket_call_wrong_is_explained),
		T(null_is_explained),
		T(sentence_is_of_the_last_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
