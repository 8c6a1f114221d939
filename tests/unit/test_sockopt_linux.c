/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every level, option name and length, from every alignment: setsockopt() and
 * getsockopt() answer as the host's kernel does, in errno, length and value.
 * Where they do not, there is a row that says why.
 */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/socket.h>

#include "lib/compiler.h"

#define MAX_LEN 64
#define MAX_OPT 120
#define RAW_PROTOCOL 253	/* for experiments */

/* Where the two may differ, and why; test_sockopt.c says that what is not built
 * answers ENOPROTOOPT. */
static const struct differing {
	int level, optname;
	const char *reason;
} differing[] = {
	{ SOL_SOCKET, SO_DEBUG, "not built" },
	{ SOL_SOCKET, SO_BSDCOMPAT, "not built: it does nothing" },
	{ SOL_SOCKET, SO_PASSCRED, "PF_UNIX only" },
	{ SOL_SOCKET, SO_PEERCRED, "PF_UNIX only" },
	{ SOL_SOCKET, SO_PASSSEC, "PF_UNIX only" },
	{ SOL_SOCKET, 31 /* SO_PEERSEC */, "no security modules" },
	{ SOL_SOCKET, SO_ATTACH_FILTER, "not built" },
	{ SOL_SOCKET, SO_DETACH_FILTER, "not built" },
	{ SOL_SOCKET, SO_PEERNAME, "inet_getpeername() is there" },
	{ SOL_SOCKET, SO_TIMESTAMPING, "stamps of hardware are refused" },
	{ SOL_SOCKET, SO_WIFI_STATUS, "no such devices" },
	{ SOL_SOCKET, SO_PEEK_OFF, "not built" },
	{ SOL_SOCKET, SO_NOFCS, "no such devices" },
	{ SOL_SOCKET, SO_LOCK_FILTER, "not built" },
	{ SOL_SOCKET, SO_SELECT_ERR_QUEUE, "not built" },
	{ SOL_SOCKET, SO_BUSY_POLL, "at most a second" },
	{ SOL_SOCKET, SO_BPF_EXTENSIONS, "not built" },
	{ SOL_SOCKET, SO_INCOMING_CPU, "softnets cannot be chosen" },
	{ SOL_SOCKET, SO_ATTACH_BPF, "not built" },
	{ SOL_SOCKET, 51 /* SO_ATTACH_REUSEPORT_CBPF */, "not built" },
	{ SOL_SOCKET, 52 /* SO_ATTACH_REUSEPORT_EBPF */, "not built" },
	{ SOL_SOCKET, SO_CNX_ADVICE, "not built" },
	{ SOL_SOCKET, SO_INCOMING_NAPI_ID, "noted when it is asked for" },
	{ SOL_SOCKET, 59 /* SO_PEERGROUPS */, "PF_UNIX only" },
	{ SOL_SOCKET, 61 /* SO_TXTIME */, "a stack has one clock" },
	{ SOL_SOCKET, 63 /* SO_TIMESTAMP_NEW */, "64-bit time has one kind" },
	{ SOL_SOCKET, 64 /* SO_TIMESTAMPNS_NEW */, "64-bit time has one kind" },
	{ SOL_SOCKET, 65 /* SO_TIMESTAMPING_NEW */, "64-bit time has one kind" },
	{ SOL_SOCKET, 66 /* SO_RCVTIMEO_NEW */, "64-bit time has one kind" },
	{ SOL_SOCKET, 67 /* SO_SNDTIMEO_NEW */, "64-bit time has one kind" },
	{ SOL_SOCKET, 68 /* SO_DETACH_REUSEPORT_BPF */, "not built" },
	{ SOL_SOCKET, 69 /* SO_PREFER_BUSY_POLL */, "not built" },
	{ SOL_SOCKET, 70 /* SO_BUSY_POLL_BUDGET */, "a default of its own" },
	{ SOL_SOCKET, 71 /* SO_NETNS_COOKIE */, "no namespaces" },
	{ SOL_SOCKET, 72 /* SO_BUF_LOCK */, "not built" },
	{ SOL_SOCKET, 73 /* SO_RESERVE_MEM */, "not built" },
	{ SOL_SOCKET, 74 /* SO_TXREHASH */, "not built" },
	{ SOL_SOCKET, 75 /* SO_RCVMARK */, "not built" },
	{ SOL_SOCKET, 76 /* SO_PASSPIDFD */, "PF_UNIX only" },
	{ SOL_SOCKET, 77 /* SO_PEERPIDFD */, "PF_UNIX only" },
	{ SOL_SOCKET, 78 /* SO_DEVMEM_LINEAR */, "not built" },
	{ SOL_SOCKET, 79 /* SO_DEVMEM_DMABUF */, "not built" },
	{ SOL_SOCKET, 80 /* SO_DEVMEM_DONTNEED */, "not built" },
	{ SOL_SOCKET, 81 /* SO_RCVPRIORITY */, "not built" },
	{ SOL_SOCKET, 82 /* SO_PASSRIGHTS */, "PF_UNIX only" },
	{ SOL_SOCKET, 83 /* SO_INQ */, "PF_UNIX only" },
	{ IPPROTO_IP, IP_ROUTER_ALERT, "not built" },
	{ IPPROTO_IP, 22 /* IP_NODEFRAG */, "nothing defragments on the way out" },
	{ IPPROTO_IP, 9 /* IP_PKTOPTIONS */, "obsolete, TCP only" },
	{ IPPROTO_IP, 16 /* IP_IPSEC_POLICY */, "no IPsec" },
	{ IPPROTO_IP, 17 /* IP_XFRM_POLICY */, "no IPsec" },
	{ IPPROTO_IP, 18 /* IP_PASSSEC */, "no security modules" },
	{ IPPROTO_IP, 23 /* IP_CHECKSUM */, "not built" },
	{ IPPROTO_IP, 26 /* IP_RECVERR_RFC4884 */, "not built" },
	{ IPPROTO_IP, IP_DROP_MEMBERSHIP, "which errno a group that is none" },
	{ IPPROTO_IP, IP_UNBLOCK_SOURCE, "no source filters" },
	{ IPPROTO_IP, IP_BLOCK_SOURCE, "no source filters" },
	{ IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, "no source filters" },
	{ IPPROTO_IP, IP_DROP_SOURCE_MEMBERSHIP, "no source filters" },
	{ IPPROTO_IP, IP_MSFILTER, "no source filters" },
	{ IPPROTO_IP, MCAST_JOIN_GROUP, "protocol independent API" },
	{ IPPROTO_IP, MCAST_BLOCK_SOURCE, "no source filters" },
	{ IPPROTO_IP, MCAST_UNBLOCK_SOURCE, "no source filters" },
	{ IPPROTO_IP, MCAST_LEAVE_GROUP, "protocol independent API" },
	{ IPPROTO_IP, MCAST_JOIN_SOURCE_GROUP, "no source filters" },
	{ IPPROTO_IP, MCAST_LEAVE_SOURCE_GROUP, "no source filters" },
	{ IPPROTO_IP, MCAST_MSFILTER, "no source filters" },
	{ IPPROTO_IP, IP_UNICAST_IF, "one byte of an index is no index" },
	{ IPPROTO_IP, 51 /* IP_LOCAL_PORT_RANGE */, "half a range is none" },
	{ IPPROTO_IP, 52 /* IP_PROTOCOL */, "not built" },
	{ IPPROTO_IP, 64 /* IPT_SO_GET_INFO */, "no iptables" },
	{ IPPROTO_IP, 65 /* IPT_SO_GET_ENTRIES */, "no iptables" },
	{ IPPROTO_IP, 66 /* IPT_SO_GET_REVISION_MATCH */, "no iptables" },
	{ IPPROTO_IP, 67 /* IPT_SO_GET_REVISION_TARGET */, "no iptables" },
	{ IPPROTO_IP, 80 /* SO_ORIGINAL_DST */, "no address translation" },
	{ IPPROTO_IP, 83 /* SO_IP_SET */, "no ipset" },
	{ IPPROTO_IP, 96 /* ARPT_SO_GET_INFO */, "no arptables" },
	{ IPPROTO_IP, 97 /* ARPT_SO_GET_ENTRIES */, "no arptables" },
	{ IPPROTO_IP, 98 /* … */, "no arptables" },
	{ IPPROTO_IP, 99 /* ARPT_SO_GET_REVISION_TARGET */, "no arptables" },
	{ IPPROTO_TCP, TCP_WINDOW_CLAMP, "a negative clamp is refused" },
	{ IPPROTO_TCP, TCP_FASTOPEN_KEY, "a stack has one from the beginning" },
	{ IPPROTO_TCP, TCP_CONGESTION, "other algorithms are there" },
#ifndef HAVE_OPENSSL
	{ IPPROTO_TCP, TCP_MD5SIG, "not built" },
	{ IPPROTO_TCP, TCP_MD5SIG_EXT, "not built" },
#endif
	{ IPPROTO_TCP, 16 /* TCP_THIN_LINEAR_TIMEOUTS */, "not built" },
	{ IPPROTO_TCP, 17 /* TCP_THIN_DUPACK */, "not built" },
	{ IPPROTO_TCP, TCP_CC_INFO, "bbr, of the host, has something to say" },
	{ IPPROTO_TCP, TCP_ULP, "not built" },
	{ IPPROTO_TCP, TCP_ZEROCOPY_RECEIVE, "not built" },
	{ IPPROTO_TCP, TCP_TX_DELAY, "not built" },
	{ IPPROTO_TCP, 38 /* TCP_AO_ADD_KEY */, "not built" },
	{ IPPROTO_TCP, 39 /* TCP_AO_DEL_KEY */, "not built" },
	{ IPPROTO_TCP, 40 /* TCP_AO_INFO */, "not built" },
	{ IPPROTO_TCP, 41 /* TCP_AO_GET_KEYS */, "not built" },
	{ IPPROTO_TCP, 42 /* TCP_AO_REPAIR */, "not built" },
	{ IPPROTO_TCP, 46 /* TCP_DELACK_MAX_US */, "not built" },
	{ IPPROTO_UDP, 10 /* the encapsulations' */, "not built" },
	{ IPPROTO_UDP, 11 /* the encapsulations' */, "not built" },
	{ IPPROTO_UDP, UDP_ENCAP, "not built" },
	{ IPPROTO_UDP, UDP_NO_CHECK6_TX, "no IPv6" },
	{ IPPROTO_UDP, UDP_NO_CHECK6_RX, "no IPv6" },
	{ IPPROTO_UDP, UDP_SEGMENT, "not built" },
	{ IPPROTO_UDP, UDP_GRO, "not built" },
};

/* Where errno and length must agree, but not the value. */
static const struct differing values[] = {
	{ SOL_SOCKET, SO_RCVTIMEO, "the kernel rounds to its tick" },
	{ SOL_SOCKET, SO_SNDTIMEO, "the kernel rounds to its tick" },
	{ SOL_SOCKET, SO_COOKIE, "a number of the stack's own" },
	{ SOL_SOCKET, SO_MEMINFO, "true sizes differ" },
	{ SOL_SOCKET, SO_INCOMING_CPU, "a softnet, not a processor" },
	{ SOL_SOCKET, SO_LINGER, "the kernel cuts at its tick's range" },
	{ IPPROTO_TCP, TCP_SYNCNT, "the default is a knob" },
	{ IPPROTO_TCP, TCP_INFO, "counts of two connections" },
	{ IPPROTO_TCP, TCP_TIMESTAMP, "a clock of the stack's own" },
	{ IPPROTO_TCP, 45 /* TCP_RTO_MIN_US */, "the kernel rounds to its tick" },
};

/* The same, of a connection. */
static const struct differing connected_values[] = {
	{ SOL_SOCKET, SO_SNDBUF, "grown by the true size of segments" },
};

static const struct differing *find(const struct differing *rows, size_t nr,
				    int level, int optname)
{
	for (size_t i = 0; i < nr; i++)
		if (rows[i].level == level && rows[i].optname == optname)
			return &rows[i];
	return NULL;
}

/* The state in which a pair of TCP sockets is compared. */
static enum { CLOSED, LISTENING, CONNECTED } stage;

/* The two sockets that are compared. */
static int fd;
static struct socket *s;
static unsigned int nr_compared;
static bool not_permitted;	/* the kernel refused the test's user */

#define PATTERNS 5

/* Numbers small and great, a negative one, a struct timeval. */
static void fill_pattern(u8 *val, int pattern)
{
	static const int words[PATTERNS][4] = {
		{ 0, 0, 0, 0 }, { 1, 0, 0, 0 }, { -1, -1, -1, -1 },
		{ 70000, 70000, 0, 0 }, { 5, 0, 999999, 0 },
	};

	memset(val, 0, MAX_LEN);
	memcpy(val, words[pattern], sizeof(words[pattern]));
}

struct answer {
	int ret, err;
	socklen_t len;
	u8 val[MAX_LEN + 8];
};

static void say(const char *what, int level, int opt, socklen_t len,
		const struct answer *k, const struct answer *o)
{
	print_message("%s %d/%d len %u: kernel %s len %u, ours %s len %u;",
		      what, level, opt, len, k->err ? strerror(k->err) : "ok",
		      k->len, o->err ? strerror(o->err) : "ok", o->len);
	for (u32 i = 0; i < 16; i++)
		print_message(" %02x/%02x", k->val[i + 1], o->val[i + 1]);
	print_message("\n");
}

/* Also sees that nothing beyond the room was written. */
static int compare_get(int level, int opt, socklen_t len)
{
	struct answer k = { .len = len }, o = { .len = len };
	bool same;

	memset(k.val, 0xee, sizeof(k.val));
	memset(o.val, 0xee, sizeof(o.val));
	k.ret = getsockopt(fd, level, opt, k.val + 1, &k.len);
	k.err = k.ret ? errno : 0;
	o.ret = inet_getsockopt(s, level, opt, o.val + 1, &o.len);
	o.err = o.ret ? errno : 0;
	nr_compared++;
	same = k.err == o.err && (k.err || k.len == o.len);
	if (same && !k.err && !not_permitted &&
	    !(stage == CONNECTED &&
	      find(connected_values, ARRAY_SIZE(connected_values), level, opt)) &&
	    !find(values, ARRAY_SIZE(values), level, opt))
		same = !memcmp(k.val, o.val, sizeof(k.val));
	if (same)
		return 0;
	say("get", level, opt, len, &k, &o);
	return 1;
}

static int compare_set(int level, int opt, const u8 *val, socklen_t len)
{
	struct answer k = { .len = len }, o = { .len = len };

	k.ret = setsockopt(fd, level, opt, val, len);
	k.err = k.ret ? errno : 0;
	o.ret = inet_setsockopt(s, level, opt, val, len);
	o.err = o.ret ? errno : 0;
	nr_compared++;
	not_permitted |= k.err == EPERM;
	if (k.err == o.err || k.err == EPERM)
		return 0;
	memcpy(k.val + 1, val, min(len, (socklen_t)MAX_LEN));
	say("set", level, opt, len, &k, &o);
	return 1;
}

static int far_fd[2] = { -1, -1 };	/* the listener, the other end */
static struct socket *far_s[2];

/* A listener at any port of 127.0.0.1; *addr: its name. */
static void listen_kernel(int sock, struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);

	*addr = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(0x7f000001) };
	assert_int_equal(bind(sock, (void *)addr, len), 0);
	assert_int_equal(listen(sock, 8), 0);
	assert_int_equal(getsockname(sock, (void *)addr, &len), 0);
}

static void listen_ours(struct socket *sock, struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);

	*addr = (struct sockaddr_in){ .sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(0x7f000001) };
	assert_int_equal(inet_bind(sock, (void *)addr, len), 0);
	assert_int_equal(inet_listen(sock, 8), 0);
	assert_int_equal(inet_getsockname(sock, (void *)addr, &len), 0);
}

/* Both are brought to the stage. */
static void bring_both(struct net *net)
{
	struct sockaddr_in addr;

	if (stage == CLOSED)
		return;
	if (stage == LISTENING) {
		listen_kernel(fd, &addr);
		listen_ours(s, &addr);
		return;
	}
	far_fd[0] = socket(AF_INET, SOCK_STREAM, 0);
	listen_kernel(far_fd[0], &addr);
	connect(fd, (void *)&addr, sizeof(addr));
	far_fd[1] = accept(far_fd[0], NULL, NULL);
	assert_true(far_fd[1] >= 0);
	far_s[0] = inet_socket(net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	listen_ours(far_s[0], &addr);
	inet_connect(s, (void *)&addr, sizeof(addr));
	while (inet_run(net, 0) > 0)
		;
	far_s[1] = inet_accept(far_s[0], NULL, NULL);
	assert_non_null(far_s[1]);
}

static void open_both(struct net *net, int type, int protocol)
{
	fd = socket(AF_INET, type | SOCK_NONBLOCK, protocol);
	s = inet_socket(net, AF_INET, type | SOCK_NONBLOCK, protocol);
	assert_true(fd >= 0);
	assert_non_null(s);
	bring_both(net);
}

static void close_both(void)
{
	inet_close(s);
	close(fd);
	for (int i = 0; i < 2; i++) {
		inet_close(far_s[i]);
		far_s[i] = NULL;
		if (far_fd[i] >= 0)
			close(far_fd[i]);
		far_fd[i] = -1;
	}
}

/* One option: every length and pattern, until the first difference. */
static int compare_option(int level, int opt)
{
	u8 val[MAX_LEN + 8];
	int bad = 0;

	not_permitted = false;
	for (int p = -1; p < PATTERNS; p++) {
		for (socklen_t len = 0; len <= MAX_LEN && !bad; len++) {
			u8 *at = val + (len & 7);

			fill_pattern(at, max(p, 0));
			if (p >= 0)
				bad += compare_set(level, opt, at, len);
			bad += bad ? 0 : compare_get(level, opt, len);
			/* of a short value, too, all is seen */
			bad += bad ? 0 : compare_get(level, opt, MAX_LEN);
		}
	}
	if (!bad)
		bad += compare_set(level, opt, val, (socklen_t)-1);
	/* who reads of SOL_RAW hears of the option first, then of the length */
	if (!bad && level != IPPROTO_RAW)
		bad += compare_get(level, opt, (socklen_t)-1);
	return bad;
}

/* The kernel's own limits and defaults, where they are knobs. */
static void knob_of_the_host(struct net *net, const char *name)
{
	char path[128] = "/proc/sys/", value[128] = "";
	FILE *f;

	strcat(path, name);
	for (char *c = path + 10; *c; c++)
		if (*c == '.')
			*c = '/';
	f = fopen(path, "r");
	if (!f)
		return;
	if (fgets(value, sizeof(value), f))
		inet_sysctl_set(net, name, value);
	fclose(f);
}

static int open_net(void **state)
{
	static const char *const knobs[] = {
		"net.core.rmem_max", "net.core.wmem_max",
		"net.core.rmem_default", "net.core.wmem_default",
		"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
	};
	struct inet_config cfg = { .size = sizeof(cfg),
				   .mode = INET_SIMULATED };
	struct net *net = inet_create(&cfg);

	for (size_t i = 0; net && i < ARRAY_SIZE(knobs); i++)
		knob_of_the_host(net, knobs[i]);
	*state = net;
	return net ? 0 : -1;
}

static int close_net(void **state)
{
	inet_destroy(*state);
	return 0;
}

/* @attack P5 */
static void compare_protocol(void **state, int type, int protocol, int level)
{
	int bad = 0;

	nr_compared = 0;
	for (int opt = -1; opt <= MAX_OPT; opt++) {
		if (find(differing, ARRAY_SIZE(differing), level, opt))
			continue;
		open_both(*state, type, protocol);
		bad += compare_option(level, opt);
		close_both();
	}
	print_message("# %u answers compared\n", nr_compared);
	assert_int_equal(bad, 0);
}

static void compare_level(void **state, int type, int level)
{
	compare_protocol(state, type, 0, level);
}

static void udp_socket_level_as_the_kernel(void **state)
{
	compare_level(state, SOCK_DGRAM, SOL_SOCKET);
}

static void tcp_socket_level_as_the_kernel(void **state)
{
	compare_level(state, SOCK_STREAM, SOL_SOCKET);
}

static void udp_ip_level_as_the_kernel(void **state)
{
	compare_level(state, SOCK_DGRAM, IPPROTO_IP);
}

static void tcp_ip_level_as_the_kernel(void **state)
{
	compare_level(state, SOCK_STREAM, IPPROTO_IP);
}

static void tcp_level_as_the_kernel(void **state)
{
	compare_level(state, SOCK_STREAM, IPPROTO_TCP);
}

static int back_to_closed(void **state)
{
	(void)state;
	stage = CLOSED;
	return 0;
}

static void tcp_listening_as_the_kernel(void **state)
{
	stage = LISTENING;
	compare_level(state, SOCK_STREAM, IPPROTO_TCP);
	compare_level(state, SOCK_STREAM, SOL_SOCKET);
}

static void tcp_connected_as_the_kernel(void **state)
{
	stage = CONNECTED;
	compare_level(state, SOCK_STREAM, IPPROTO_TCP);
	compare_level(state, SOCK_STREAM, SOL_SOCKET);
}

static void udp_level_as_the_kernel(void **state)
{
	compare_level(state, SOCK_DGRAM, IPPROTO_UDP);
}

/* A raw socket, where the test's user may have one. */
static void compare_raw(void **state, int protocol, int level)
{
	int raw = socket(AF_INET, SOCK_RAW, protocol);

	if (raw < 0)
		skip();
	close(raw);
	compare_protocol(state, SOCK_RAW, protocol, level);
}

static void raw_socket_level_as_the_kernel(void **state)
{
	compare_raw(state, RAW_PROTOCOL, SOL_SOCKET);
}

static void raw_ip_level_as_the_kernel(void **state)
{
	compare_raw(state, RAW_PROTOCOL, IPPROTO_IP);
}

static void raw_icmp_filter_as_the_kernel(void **state)
{
	compare_raw(state, IPPROTO_ICMP, IPPROTO_RAW);
}

static void raw_foreign_levels_as_the_kernel(void **state)
{
	static const int levels[] = { -1, 2, IPPROTO_TCP, IPPROTO_UDP,
				      IPPROTO_IPV6, IPPROTO_RAW, RAW_PROTOCOL,
				      263, 1000000 };

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		compare_raw(state, RAW_PROTOCOL, levels[i]);
}

static void foreign_levels_as_the_kernel(void **state)
{
	static const int levels[] = { -1, 2, IPPROTO_IPV6, IPPROTO_RAW, 254,
				      263, 1000000 };

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		compare_level(state, SOCK_DGRAM, levels[i]);
		compare_level(state, SOCK_STREAM, levels[i]);
	}
	compare_level(state, SOCK_DGRAM, IPPROTO_TCP);
	compare_level(state, SOCK_STREAM, IPPROTO_UDP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(udp_socket_level_as_the_kernel),
		cmocka_unit_test(tcp_socket_level_as_the_kernel),
		cmocka_unit_test(udp_ip_level_as_the_kernel),
		cmocka_unit_test(tcp_ip_level_as_the_kernel),
		cmocka_unit_test(tcp_level_as_the_kernel),
		cmocka_unit_test_teardown(tcp_listening_as_the_kernel,
					  back_to_closed),
		cmocka_unit_test_teardown(tcp_connected_as_the_kernel,
					  back_to_closed),
		cmocka_unit_test(udp_level_as_the_kernel),
		cmocka_unit_test(raw_socket_level_as_the_kernel),
		cmocka_unit_test(raw_ip_level_as_the_kernel),
		cmocka_unit_test(raw_icmp_filter_as_the_kernel),
		cmocka_unit_test(raw_foreign_levels_as_the_kernel),
		cmocka_unit_test(foreign_levels_as_the_kernel),
	};

	return cmocka_run_group_tests(tests, open_net, close_net);
}
