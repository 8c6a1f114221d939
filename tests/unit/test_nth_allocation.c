/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory runs out at every place where it can.
 *
 * Each scenario is run again and again: the first time its first allocation
 * fails, then its second, until it passes untouched; once with one failure in
 * either stack (objects of caches count too), and once with all memory gone
 * from the n-th allocation on. Calls may then fail, packets may die; but the
 * stacks live, afterwards a datagram still gets from one to the other, and at
 * the end every byte is back.
 */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <inet/capture.h>
#include <inet/control.h>
#include <inet/forward.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/netfilter.h>
#include <inet/protocol.h>
#include <inet/socket.h>

#include "core/net.h"
#include "lib/mem.h"

#define MS 1000000ull
#define SEC (1000 * MS)
#define MAX_SOCKETS 48

enum victim { ENV_NTH, ENV_ONWARDS, STACK_A, STACK_B };

struct lab {
	u64 now, seed;
	size_t live;			/* bytes of env.alloc */
	u64 left;			/* allocations until one fails; 0: off */
	bool onwards, failed;
	struct net *net[3];		/* 10.0.0.1, 10.0.0.2, 10.0.1.3 */
	struct inet_wire *wire[2];	/* between 0 and 1, 1 and 2 */
	struct socket *s[MAX_SOCKETS];
	u32 nr_s;
	u8 buf[16384];
};

static struct lab lab;

/* ---- the environment ---------------------------------------------------- */

static u64 env_now(void *o)
{
	(void)o;
	return lab.now;
}

static void env_random(void *o, void *buf, size_t len)
{
	u8 *p = buf;

	(void)o;
	while (len--) {
		lab.seed = lab.seed * 6364136223846793005ull + 1442695040888963407ull;
		*p++ = (u8)(lab.seed >> 56);
	}
}

static void *env_alloc(void *o, size_t size, size_t align)
{
	void *p;

	(void)o;
	if (lab.left && (lab.left > 1 ? --lab.left == 1 : lab.onwards)) {
		lab.failed = true;
		return NULL;
	}
	if (posix_memalign(&p, align, size))
		return NULL;
	lab.live += size;
	return p;
}

static void env_free(void *o, void *p, size_t size)
{
	(void)o;
	lab.live -= size;
	free(p);
}

static void env_log(void *o, int level, const char *line)
{
	(void)o;
	(void)level;
	(void)line;
}

/* The n-th allocation from now fails, of @victim. */
static void arm(enum victim victim, u64 n)
{
	lab.failed = false;
	if (victim >= STACK_A) {
		mem_fail_nth(&lab.net[victim - STACK_A]->mem, n);
		return;
	}
	lab.left = n + 1;
	lab.onwards = victim == ENV_ONWARDS;
}

/* Return: did it fail? */
static bool disarm(enum victim victim)
{
	if (victim >= STACK_A) {
		struct mem *mem = &lab.net[victim - STACK_A]->mem;

		lab.failed = mem_failed(mem);
		mem_fail_nth(mem, 0);
	}
	lab.left = 0;
	return lab.failed;
}

/* ---- the stacks --------------------------------------------------------- */

static struct net *make_net(void)
{
	static const struct inet_env env = {
		.size = sizeof(env), .now = env_now, .wall = env_now,
		.random = env_random, .alloc = env_alloc, .free = env_free,
		.log = env_log,
	};
	const struct inet_config config = {
		.size = sizeof(config), .mode = INET_SIMULATED, .env = &env,
		.nr_frames = 256,
	};

	return inet_create(&config);
}

/* A cable between stacks @i and @i + 1, both ends with addresses and up. */
static int make_wire(int i, u32 loss_ppm)
{
	static const char *const addr[2][2] = {
		{ "10.0.0.1/24", "10.0.0.2/24" },
		{ "10.0.1.2/24", "10.0.1.3/24" },
	};
	struct inet_wire_config config = {
		.size = sizeof(config),
		.a_to_b = { .loss_ppm = loss_ppm, .delay_ns = MS,
			    .reorder_ppm = loss_ppm },
		.b_to_a = { .loss_ppm = loss_ppm, .delay_ns = MS },
	};
	char name[2][8];
	int end;

	snprintf(name[0], sizeof(name[0]), "r%d", i);
	snprintf(name[1], sizeof(name[1]), "l%d", i);
	lab.wire[i] = inet_wire_connect(lab.net[i], name[0], lab.net[i + 1],
					name[1], &config);
	for (end = 0; lab.wire[i] && end < 2; end++) {
		struct net_device *dev =
			inet_wire_device(lab.wire[i], end ? 'b' : 'a');

		if (inet_addr_add(dev, addr[i][end]) || inet_netdev_up(dev))
			return -1;
	}
	return lab.wire[i] ? 0 : -1;
}

/* Lets up to @ns pass, from timer to timer. */
static void run(u64 ns)
{
	u64 end = lab.now + ns, next;
	int i;

	for (;;) {
		next = end;
		for (i = 0; i < 3; i++) {
			s64 t;

			if (!lab.net[i])
				continue;
			inet_run(lab.net[i], 0);
			t = inet_next_timeout_ns(lab.net[i]);
			if (t >= 0 && lab.now + (u64)t < next)
				next = lab.now + (u64)t;
		}
		if (lab.now >= end)
			return;
		lab.now = next > lab.now ? next : lab.now + 1000;
	}
}

/* The common state: two stacks and a cable; neighbours know each other. */
static void lab_open(u32 loss_ppm)
{
	lab.net[0] = make_net();
	lab.net[1] = make_net();
	assert_non_null(lab.net[0]);
	assert_non_null(lab.net[1]);
	assert_int_equal(make_wire(0, loss_ppm), 0);
	run(100 * MS);
}

static void lab_close(void)
{
	u32 i;

	for (i = 0; i < lab.nr_s; i++)
		if (lab.s[i])
			inet_close(lab.s[i]);
	lab.nr_s = 0;
	for (i = 0; i < 2; i++) {
		inet_wire_close(lab.wire[i]);
		lab.wire[i] = NULL;
	}
	for (i = 0; i < 3; i++) {
		inet_destroy(lab.net[i]);
		lab.net[i] = NULL;
	}
	assert_int_equal(lab.live, 0);
}

/* ---- calls that may fail ------------------------------------------------ */

static struct sockaddr_in at(int host, u16 port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(host < 0 ? INADDR_ANY :
					 host == 2 ? 0x0a000103 :
					 0x0a000001 + (u32)host),
	};
}

/* Keeps @s for lab_close(). */
static struct socket *keep(struct socket *s)
{
	if (s) {
		assert_true(lab.nr_s < MAX_SOCKETS);
		lab.s[lab.nr_s++] = s;
		inet_set_nonblock(s, true);
	}
	return s;
}

static struct socket *open_socket(int host, int type, int proto)
{
	return keep(inet_socket(lab.net[host], AF_INET, type, proto));
}

static int bind_to(struct socket *s, u16 port)
{
	struct sockaddr_in sin = at(-1, port);

	return s ? inet_bind(s, (struct sockaddr *)&sin, sizeof(sin)) : -1;
}

static int connect_to(struct socket *s, int host, u16 port)
{
	struct sockaddr_in sin = at(host, port);

	return s ? inet_connect(s, (struct sockaddr *)&sin, sizeof(sin)) : -1;
}

static void send_to(struct socket *s, int host, u16 port, size_t len)
{
	struct sockaddr_in sin = at(host, port);

	if (s)
		inet_sendto(s, lab.buf, len, 0, (struct sockaddr *)&sin,
			    sizeof(sin));
}

/* Reads until there is nothing. Return: octets. */
static size_t drain(struct socket *s)
{
	ssize_t n;
	size_t sum = 0;

	while (s && (n = inet_recv(s, lab.buf, sizeof(lab.buf), 0)) > 0)
		sum += (size_t)n;
	return sum;
}

/* A datagram still gets through, and the stacks' own books are right. */
static void still_alive(void)
{
	struct socket *from = inet_socket(lab.net[0], AF_INET, SOCK_DGRAM, 0);
	struct socket *to = inet_socket(lab.net[1], AF_INET, SOCK_DGRAM, 0);
	size_t got = 0;
	int tries;

	assert_non_null(from);
	assert_non_null(to);
	inet_set_nonblock(from, true);
	inet_set_nonblock(to, true);
	assert_int_equal(bind_to(to, 999), 0);
	for (tries = 0; tries < 40 && !got; tries++) {
		send_to(from, 1, 999, 100);
		run(SEC);
		got = drain(to);
	}
	assert_true(got >= 100);
	inet_close(from);
	inet_close(to);
}

/* ---- the scenarios ------------------------------------------------------ */

static void act_create(void)
{
	lab.net[0] = make_net();
	if (lab.net[0])
		inet_run(lab.net[0], 0);
}

static void act_wire(void)
{
	lab.net[0] = make_net();
	lab.net[1] = lab.net[0] ? make_net() : NULL;
	if (lab.net[1] && !make_wire(0, 0))
		run(100 * MS);
}

static void act_addresses(void)
{
	struct net_device *dev = inet_wire_device(lab.wire[0], 'a');
	char text[32];
	int i;

	for (i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "10.9.%d.1/24", i);
		inet_addr_add(dev, text);
	}
	for (i = 0; i < 40; i += 2) {
		snprintf(text, sizeof(text), "10.9.%d.1/24", i);
		inet_addr_del(dev, text);
	}
	run(SEC);
}

static void act_routes(void)
{
	char text[64];
	int i;

	for (i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "10.%d.%d.0/%d via 10.0.0.2",
			 20 + i % 7, i, 24 + i % 8);
		inet_route_add(lab.net[0], text);
	}
	for (i = 0; i < 100; i += 3) {
		snprintf(text, sizeof(text), "10.%d.%d.0/%d via 10.0.0.2",
			 20 + i % 7, i, 24 + i % 8);
		inet_route_del(lab.net[0], text);
	}
}

static void act_unknown_neighbours(void)
{
	struct socket *s = open_socket(0, SOCK_DGRAM, 0);
	int i;

	for (i = 0; i < 20; i++)
		send_to(s, 40 + i, 7, 100);	/* nobody answers */
	send_to(s, 1, 7, 100);
	run(5 * SEC);
}

static void act_tables_shown(void)
{
	FILE *out = fopen("/dev/null", "w");
	struct net *net = lab.net[0];
	struct inet_usage usage;

	assert_non_null(out);
	inet_addr_show(net, out);
	inet_route_show(net, out);
	inet_neigh_show(net, out);
	inet_link_show(net, out);
	inet_socket_show(net, out);
	inet_get_usage(net, &usage);
	inet_sysctl_set(net, "net.ipv4.ip_forward", "1");
	inet_sysctl_set(net, "net.ipv4.ip_local_reserved_ports", "1000-2000");
	fclose(out);
}

static void act_udp(void)
{
	struct socket *a = open_socket(0, SOCK_DGRAM, 0);
	struct socket *b = open_socket(1, SOCK_DGRAM, 0);
	int i;

	bind_to(b, 53);
	for (i = 0; i < 20; i++)
		send_to(a, 1, 53, 1000);
	run(10 * MS);
	drain(b);
}

/* Many datagrams in one packet: cut by us and merged again, and over the wire as
 * they are; for one who asked for that, and for one who did not. */
static void act_udp_rows(void)
{
	struct net_device *out = inet_wire_device(lab.wire[0], 'a');
	struct socket *a = open_socket(0, SOCK_DGRAM, 0);
	struct socket *b = open_socket(1, SOCK_DGRAM, 0);
	struct socket *c = open_socket(1, SOCK_DGRAM, 0);
	const int on = 1, size = 900;
	int i;

	bind_to(b, 53);
	bind_to(c, 54);
	if (!a || !b)
		return;
	inet_setsockopt(a, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
	inet_setsockopt(b, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
	inet_netdev_set_feature(inet_wire_device(lab.wire[0], 'b'), "gro", true);
	for (i = 0; i < 2; i++) {
		send_to(a, 1, 53, 9000);
		send_to(a, 1, 54, 9000);
		run(10 * MS);
		drain(b);
		drain(c);
		inet_netdev_set_feature(out, "tx", true);
		inet_netdev_set_feature(out, "tx-udp-segmentation", true);
	}
}

/* A port nobody listens on, and the queue of errors. */
static void act_udp_refused(void)
{
	struct socket *s = open_socket(0, SOCK_DGRAM, 0);
	char control[256];
	struct iovec iov = { lab.buf, 100 };
	int on = 1, i;

	if (s)
		inet_setsockopt(s, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	connect_to(s, 1, 9);
	for (i = 0; s && i < 4; i++) {
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control),
		};

		inet_send(s, lab.buf, 100, 0);
		run(10 * MS);
		inet_recvmsg(s, &msg, MSG_ERRQUEUE);
	}
}

static void act_fragments(void)
{
	struct socket *a = open_socket(0, SOCK_DGRAM, 0);
	struct socket *b = open_socket(1, SOCK_DGRAM, 0);

	bind_to(b, 53);
	send_to(a, 1, 53, 8000);
	send_to(a, 1, 53, 3000);
	run(50 * MS);
	drain(b);
}

static void act_cmsg(void)
{
	struct socket *a = open_socket(0, SOCK_DGRAM, 0);
	struct socket *b = open_socket(1, SOCK_DGRAM, 0);
	static const u8 options[4] = { 7, 3, 4, 0 };	/* record route */
	struct ip_mreqn group = { .imr_multiaddr.s_addr = htonl(0xe0010203) };
	char control[256];
	struct iovec iov = { lab.buf, 100 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int on = 1;

	if (!a || !b)
		return;
	bind_to(b, 53);
	inet_setsockopt(b, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	inet_setsockopt(b, IPPROTO_IP, IP_RECVOPTS, &on, sizeof(on));
	inet_setsockopt(a, IPPROTO_IP, IP_OPTIONS, options, sizeof(options));
	inet_setsockopt(b, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group,
			sizeof(group));
	send_to(a, 1, 53, 100);
	run(10 * MS);
	inet_recvmsg(b, &msg, 0);
}

static void act_ping(void)
{
	struct socket *s = open_socket(0, SOCK_DGRAM, IPPROTO_ICMP);

	memset(lab.buf, 0, 64);
	lab.buf[0] = ICMP_ECHO;
	send_to(s, 1, 0, 64);
	send_to(s, 1, 0, 4000);
	run(50 * MS);
	drain(s);
}

static void act_raw(void)
{
	struct socket *a = open_socket(0, SOCK_RAW, 200);
	struct socket *b = open_socket(1, SOCK_RAW, 200);
	struct socket *b2 = open_socket(1, SOCK_RAW, 200);

	send_to(a, 1, 0, 500);
	send_to(a, 1, 0, 1400);
	run(10 * MS);
	drain(b);
	drain(b2);
}

static void act_packet(void)
{
	struct socket *s = keep(inet_socket(lab.net[1], AF_PACKET, SOCK_RAW,
					    htons(3)));
	struct socket *a = open_socket(0, SOCK_DGRAM, 0);

	send_to(a, 1, 53, 700);
	run(10 * MS);
	drain(s);
	if (s)
		inet_send(s, lab.buf, 60, 0);
	run(10 * MS);
}

/* A listener at stack 1. */
static struct socket *listener(u16 port, int backlog)
{
	struct socket *l = open_socket(1, SOCK_STREAM, 0);

	return bind_to(l, port) || inet_listen(l, backlog) ? NULL : l;
}

static struct socket *take(struct socket *l)
{
	return l ? keep(inet_accept(l, NULL, NULL)) : NULL;
}

static void shut(struct socket *s)
{
	if (s)
		inet_shutdown(s, SHUT_WR);
}

static void act_tcp_connect(void)
{
	struct socket *l = listener(80, 4);
	struct socket *c = open_socket(0, SOCK_STREAM, 0), *s;

	connect_to(c, 1, 80);
	run(10 * SEC);
	s = take(l);
	shut(c);
	run(SEC);
	shut(s);
	run(10 * SEC);
}

static void act_tcp_refused(void)
{
	struct socket *c = open_socket(0, SOCK_STREAM, 0);

	connect_to(c, 1, 81);
	run(SEC);
}

/* @total octets from a to b, as far as memory lets them. */
static void transfer(size_t total)
{
	struct socket *l = listener(80, 4);
	struct socket *c = open_socket(0, SOCK_STREAM, 0), *s;
	size_t sent = 0, got = 0;
	int turns;

	connect_to(c, 1, 80);
	run(10 * SEC);
	s = take(l);
	for (turns = 0; c && s && got < total && turns < 200; turns++) {
		ssize_t n = 1;

		while (sent < total && n > 0) {
			n = inet_send(c, lab.buf, min(total - sent, (size_t)8192),
				      0);
			if (n < 0 && errno != EAGAIN && errno != ENOBUFS &&
			    errno != ENOMEM)
				return;
			sent += n > 0 ? (size_t)n : 0;
		}
		run(200 * MS);
		got += drain(s);
	}
	/* one failure is a loss like another: the stream survives it */
	if (c && s && !lab.onwards)
		assert_int_equal(got, total);
}

static void act_tcp_bulk(void)
{
	transfer(60000);
}

static void act_tcp_urgent_and_abort(void)
{
	struct linger now = { .l_onoff = 1 };
	struct socket *l = listener(80, 4);
	struct socket *c = open_socket(0, SOCK_STREAM, 0), *s;

	connect_to(c, 1, 80);
	run(10 * SEC);
	s = take(l);
	if (!c || !s)
		return;
	inet_send(c, "abc", 3, MSG_OOB);
	run(100 * MS);
	inet_recv(s, lab.buf, 1, MSG_OOB);
	inet_send(s, lab.buf, 5000, 0);
	inet_setsockopt(c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	inet_close(c);
	lab.s[lab.nr_s - 2] = NULL;	/* c; s was kept after it */
	run(100 * MS);
	inet_recv(s, lab.buf, 1, 0);
}

/* More than the queue takes, and the listener closes on them. */
static void act_tcp_backlog(void)
{
	struct socket *l = listener(80, 2);
	int i;

	for (i = 0; i < 8; i++)
		connect_to(open_socket(0, SOCK_STREAM, 0), 1, 80);
	run(2 * SEC);
	take(l);
	run(SEC);
}

static void prepare_forward(void)
{
	lab_open(0);
	lab.net[2] = make_net();
	assert_non_null(lab.net[2]);
	assert_int_equal(make_wire(1, 0), 0);
	assert_int_equal(inet_sysctl_set(lab.net[1], "net.ipv4.ip_forward",
					 "1"), 0);
	assert_int_equal(inet_route_add(lab.net[0],
					"10.0.1.0/24 via 10.0.0.2"), 0);
	assert_int_equal(inet_route_add(lab.net[2],
					"10.0.0.0/24 via 10.0.1.2"), 0);
}

static void act_forward(void)
{
	struct socket *a = open_socket(0, SOCK_DGRAM, 0);
	struct socket *c = open_socket(2, SOCK_DGRAM, 0);

	bind_to(c, 53);
	send_to(a, 2, 53, 1000);
	run(3 * SEC);
	send_to(a, 2, 53, 5000);
	send_to(a, 2, 54, 10);
	run(SEC);
	drain(c);
}

/* ---- forwarders -------------------------------------------------------- */

static void asked(struct inet_forwarder *fwd,
		  const struct inet_forward_request *req, void *arg)
{
	(void)arg;
	if (ntohs(req->dst.sin_port) == 9)
		inet_forward_reset(fwd, req->id);
	else if (ntohs(req->dst.sin_port) == 10)
		inet_forward_unreachable(fwd, req->id, ICMP_PORT_UNREACH);
	else if (ntohs(req->dst.sin_port) != 11)
		keep(inet_forward_accept(fwd, req->id, 0));
}

/* Connections and datagrams to somebody else, more than a table begins with. */
static void act_forwarder(void)
{
	struct sockaddr_in sin = at(0, 80);
	struct inet_forwarder *fwd[2];
	struct socket *s;
	int i;

	fwd[0] = inet_tcp_forwarder(lab.net[1], NULL, asked, NULL);
	fwd[1] = inet_udp_forwarder(lab.net[1], NULL, asked, NULL);
	inet_route_add(lab.net[0], "default via 10.0.0.2");
	sin.sin_addr.s_addr = htonl(0xcb007107);
	for (i = 0; i < 8; i++) {
		sin.sin_port = htons((u16)(8 + i / 2));
		s = open_socket(0, i % 2 ? SOCK_DGRAM : SOCK_STREAM, 0);
		if (s)
			inet_connect(s, (struct sockaddr *)&sin, sizeof(sin));
		run(10 * MS);
		if (s)
			inet_send(s, lab.buf, 100, 0);
		run(10 * MS);
	}
	s = open_socket(0, SOCK_DGRAM, 0);
	for (i = 0; s && i < 70; i++) {
		sin.sin_addr.s_addr = htonl(0xcb007108 + (u32)i);
		inet_sendto(s, lab.buf, 10, 0, (struct sockaddr *)&sin,
			    sizeof(sin));
	}
	run(SEC);
	for (i = 0; i < (int)lab.nr_s; i++)
		drain(lab.s[i]);
	inet_forwarder_destroy(fwd[0]);		/* the other one: by the stack */
}

static void nothing(struct socket *sock, int revents, void *arg)
{
	(void)sock;
	(void)revents;
	(void)arg;
}

static void act_readiness(void)
{
	struct socket *b = open_socket(1, SOCK_DGRAM, 0);
	struct socket *a = open_socket(0, SOCK_DGRAM, 0);
	struct inet_pollfd fd = { .sock = b, .events = POLLIN };

	if (!a || !b)
		return;
	bind_to(b, 53);
	inet_socket_fd(b, POLLIN);
	inet_set_event_cb(a, POLLIN | POLLOUT, nothing, NULL);
	send_to(a, 1, 53, 10);
	run(10 * MS);
	inet_poll(&fd, 1, 0);
	drain(b);
}

static unsigned int accept_all(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	(void)priv;
	(void)skb;
	(void)state;
	return NF_ACCEPT;
}

static void act_hooks(void)
{
	struct nf_hook_ops ops = { .hook = accept_all,
				   .hooknum = NF_INET_LOCAL_IN };
	bool in = !nf_register_net_hook(lab.net[1], &ops);

	act_udp();
	if (in)
		nf_unregister_net_hook(lab.net[1], &ops);
}

static void act_capture(void)
{
	struct inet_capture_config config = {
		.size = sizeof(config), .path = "/dev/null", .filter = "udp",
	};
	struct inet_capture *cap = inet_capture_open(lab.net[1], &config);

	act_udp();
	if (cap)
		inet_capture_close(cap);
}

/* The cable goes while streams are under way. */
static void act_cut(void)
{
	struct socket *l = listener(80, 4);
	struct socket *c = open_socket(0, SOCK_STREAM, 0), *s;

	connect_to(c, 1, 80);
	run(10 * SEC);
	s = take(l);
	if (c)
		inet_send(c, lab.buf, 16000, 0);
	inet_wire_set_carrier(lab.wire[0], false);
	run(3 * SEC);
	if (s)
		inet_send(s, lab.buf, 16000, 0);
	inet_wire_set_carrier(lab.wire[0], true);
	run(3 * SEC);
}

/* Reads by loans, and keeps the last one. Return: octets. */
static size_t borrow(struct socket *s)
{
	struct iovec iov[48];
	struct msghdr m;
	u64 frames, last = 0;
	size_t sum = 0;
	ssize_t n = s ? 1 : 0;

	while (n > 0) {
		m = (struct msghdr){ .msg_iov = iov, .msg_iovlen = 48 };
		n = inet_recv_frames(s, &m, 5000, 0, &frames);
		if (n > 0) {
			inet_frames_put(inet_socket_net(s), last);
			last = frames;
			sum += (size_t)n;
		}
	}
	return sum;
}

/* Frames are lent, some come back, and some not before the end. */
static void act_lent(void)
{
	struct socket *u = open_socket(1, SOCK_DGRAM, 0);
	struct socket *l = listener(80, 4);
	struct socket *c = open_socket(0, SOCK_STREAM, 0);
	struct socket *s;
	int i;

	bind_to(u, 53);
	for (i = 0; i < 5; i++)
		send_to(open_socket(0, SOCK_DGRAM, 0), 1, 53, 1000);
	connect_to(c, 1, 80);
	run(10 * SEC);
	borrow(u);
	s = take(l);
	for (i = 0; i < 4; i++) {
		if (c)
			inet_send(c, lab.buf, 16000, 0);
		run(3 * SEC);
		borrow(s);
	}
}

/* Completions, as many as there are. */
static void reap(struct socket *s)
{
	struct msghdr m = { 0 };

	while (s && inet_recvmsg(s, &m, MSG_ERRQUEUE) >= 0)
		;
}

/* Memory of the application on its way, cut by us and by nobody, with and
 * without losses. */
static void act_zerocopy(void)
{
	struct iovec pieces[3] = { { lab.buf, 300 }, { lab.buf + 400, 300 },
				   { lab.buf + 800, 300 } };
	const struct msghdr msg = { .msg_iov = pieces, .msg_iovlen = 3 };
	struct socket *l = listener(80, 4), *c, *u, *s;
	const int on = 1, size = 900, off = 0;
	int i;

	c = open_socket(0, SOCK_STREAM, 0);
	u = open_socket(0, SOCK_DGRAM, 0);
	connect_to(c, 1, 80);
	connect_to(u, 1, 53);
	run(10 * SEC);
	s = take(l);
	for (i = 0; c && u && i < 4; i++) {
		inet_setsockopt(c, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
		inet_setsockopt(u, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
		inet_send(c, lab.buf, 16000, MSG_ZEROCOPY);
		inet_sendmsg(u, &msg, MSG_ZEROCOPY);
		inet_setsockopt(u, IPPROTO_UDP, UDP_SEGMENT, &size,
				sizeof(size));
		inet_send(u, lab.buf, 9000, MSG_ZEROCOPY);
		inet_setsockopt(u, IPPROTO_UDP, UDP_SEGMENT, &off, sizeof(off));
		run(3 * SEC);
		drain(s);
		reap(c);
		reap(u);
	}
}

/* ---- ways to connect, and a link in a link ------------------------------ */

static void prepare_with(int host, const char *knob, const char *value)
{
	assert_int_equal(inet_sysctl_set(lab.net[host], knob, value), 0);
}

static void prepare_fastopen(void)
{
	lab_open(0);
	prepare_with(0, "net.ipv4.tcp_fastopen", "3");
	prepare_with(1, "net.ipv4.tcp_fastopen", "3");
}

/* The first asks for a cookie, and the others send their text with the SYN. */
static void act_fastopen(void)
{
	struct sockaddr_in to = at(1, 80);
	struct socket *l = listener(80, 4), *c;
	int i, queue = 4;

	if (!l || inet_setsockopt(l, IPPROTO_TCP, TCP_FASTOPEN, &queue,
				  sizeof(queue)))
		return;
	for (i = 0; i < 3; i++) {
		c = open_socket(0, SOCK_STREAM, 0);
		if (c)
			inet_sendto(c, lab.buf, 500, MSG_FASTOPEN,
				    (struct sockaddr *)&to, sizeof(to));
		run(5 * SEC);
		drain(take(l));
		shut(c);
		run(SEC);
	}
}

static void prepare_syncookies(void)
{
	lab_open(0);
	prepare_with(1, "net.ipv4.tcp_syncookies", "2");
}

static void act_syncookies(void)
{
	transfer(20000);
}

static int set_tcp(struct socket *s, int opt, int val)
{
	return inet_setsockopt(s, IPPROTO_TCP, opt, &val, sizeof(val));
}

static int get_tcp(struct socket *s, int opt)
{
	socklen_t len = sizeof(int);
	int val = 0;

	inet_getsockopt(s, IPPROTO_TCP, opt, &val, &len);
	return val;
}

/* What is left of a connection that was taken apart. */
struct image {
	struct sockaddr_in name;
	int sent, received, stamp;
};

/* Connected as it was, without a word on the wire. Return: 0, -1. */
static int repair(struct socket *c, const struct image *im)
{
	const struct tcp_repair_opt opts[] = { { TCPOPT_MAXSEG, 1460 },
					       { TCPOPT_SACK_PERMITTED, 0 },
					       { TCPOPT_TIMESTAMP, 0 } };

	if (set_tcp(c, TCP_REPAIR, TCP_REPAIR_ON) ||
	    inet_bind(c, (const struct sockaddr *)&im->name,
		      sizeof(im->name)) ||
	    set_tcp(c, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE) ||
	    set_tcp(c, TCP_QUEUE_SEQ, im->sent) ||
	    set_tcp(c, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE) ||
	    set_tcp(c, TCP_QUEUE_SEQ, im->received - 700) ||
	    connect_to(c, 1, 80) ||
	    inet_setsockopt(c, IPPROTO_TCP, TCP_REPAIR_OPTIONS, opts,
			    sizeof(opts)) ||
	    set_tcp(c, TCP_TIMESTAMP, im->stamp) ||
	    set_tcp(c, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE))
		return -1;
	inet_send(c, lab.buf, 700, 0);
	set_tcp(c, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
	inet_send(c, lab.buf, 3000, 0);
	return set_tcp(c, TCP_REPAIR, TCP_REPAIR_OFF);
}

/* One is taken apart and put together again, with text in both queues. */
static void act_repair(void)
{
	struct socket *l = listener(80, 4), *again;
	struct socket *c = open_socket(0, SOCK_STREAM, 0), *s;
	socklen_t len = sizeof(struct sockaddr_in);
	struct image im;

	connect_to(c, 1, 80);
	run(10 * SEC);
	s = take(l);
	if (!c || !s || set_tcp(c, TCP_REPAIR, TCP_REPAIR_ON) ||
	    inet_getsockname(c, (struct sockaddr *)&im.name, &len))
		return;
	set_tcp(c, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
	im.sent = get_tcp(c, TCP_QUEUE_SEQ);
	set_tcp(c, TCP_REPAIR_QUEUE, TCP_RECV_QUEUE);
	im.received = get_tcp(c, TCP_QUEUE_SEQ);
	im.stamp = get_tcp(c, TCP_TIMESTAMP);
	again = open_socket(0, SOCK_STREAM, 0);
	for (u32 i = 0; i < lab.nr_s; i++)
		if (lab.s[i] == c)
			lab.s[i] = NULL;
	inet_close(c);
	if (!again || repair(again, &im))
		return;
	run(5 * SEC);			/* sent anew by the timer */
	drain(s);
	drain(again);
}

/* A VLAN on the cable; over it, datagrams in fragments. */
static void act_vlan(void)
{
	struct net_device *vlan[2];
	struct socket *c, *s;

	for (int i = 0; i < 2; i++) {
		vlan[i] = inet_vlan_open(inet_wire_device(lab.wire[0],
							  i ? 'b' : 'a'), 5,
					 NULL);
		if (!vlan[i] ||
		    inet_addr_add(vlan[i], i ? "10.5.0.2/24" : "10.5.0.1/24") ||
		    inet_netdev_up(vlan[i]))
			return;
	}
	c = open_socket(0, SOCK_DGRAM, 0);
	s = open_socket(1, SOCK_DGRAM, 0);
	if (!c || bind_to(s, 7))
		return;
	for (int i = 0; i < 3; i++) {
		struct sockaddr_in to = at(1, 7);

		to.sin_addr.s_addr = htonl(0x0a050002);
		inet_sendto(c, lab.buf, 3000, 0, (struct sockaddr *)&to,
			    sizeof(to));
		run(SEC);
		drain(s);
	}
	inet_netdev_close(vlan[0]);
}

/* ---- the table ---------------------------------------------------------- */

static const struct scenario {
	const char *name;
	void (*act)(void);
	void (*prepare)(void);	/* NULL: lab_open() */
	bool bare;		/* begins with no stack at all */
	u32 loss_ppm;
} scenarios[] = {
	{ .name = "create", .act = act_create, .bare = true },
	{ .name = "wire", .act = act_wire, .bare = true },
	{ .name = "addresses", .act = act_addresses },
	{ .name = "routes", .act = act_routes },
	{ .name = "unknown_neighbours", .act = act_unknown_neighbours },
	{ .name = "tables_shown", .act = act_tables_shown },
	{ .name = "udp", .act = act_udp },
	{ .name = "udp_rows", .act = act_udp_rows },
	{ .name = "udp_refused", .act = act_udp_refused },
	{ .name = "fragments", .act = act_fragments },
	{ .name = "cmsg", .act = act_cmsg },
	{ .name = "ping", .act = act_ping },
	{ .name = "raw", .act = act_raw },
	{ .name = "packet", .act = act_packet },
	{ .name = "tcp_connect", .act = act_tcp_connect },
	{ .name = "tcp_refused", .act = act_tcp_refused },
	{ .name = "tcp_bulk", .act = act_tcp_bulk },
	{ .name = "tcp_bulk_over_losses", .act = act_tcp_bulk, .loss_ppm = 50000 },
	{ .name = "tcp_urgent_and_abort", .act = act_tcp_urgent_and_abort },
	{ .name = "tcp_backlog", .act = act_tcp_backlog },
	{ .name = "tcp_fastopen", .act = act_fastopen,
	  .prepare = prepare_fastopen },
	{ .name = "tcp_syncookies", .act = act_syncookies,
	  .prepare = prepare_syncookies },
	{ .name = "tcp_repair", .act = act_repair },
	{ .name = "vlan", .act = act_vlan },
	{ .name = "forward", .act = act_forward, .prepare = prepare_forward },
	{ .name = "forwarder", .act = act_forwarder },
	{ .name = "readiness", .act = act_readiness },
	{ .name = "hooks", .act = act_hooks },
	{ .name = "capture", .act = act_capture },
	{ .name = "cut", .act = act_cut },
	{ .name = "lent", .act = act_lent },
	{ .name = "zerocopy", .act = act_zerocopy },
	{ .name = "zerocopy_over_losses", .act = act_zerocopy,
	  .loss_ppm = 50000 },
};

/* Return: did the n-th allocation of @victim exist (and fail)? */
static bool once(const struct scenario *sc, enum victim victim, u64 n)
{
	bool failed;

	lab = (struct lab){ .now = SEC, .seed = 7 };
	if (!sc->bare) {
		if (sc->prepare)
			sc->prepare();
		else
			lab_open(sc->loss_ppm);
	}
	arm(victim, n);
	sc->act();
	failed = disarm(victim);
	if (!sc->bare)
		still_alive();
	lab_close();
	return failed;
}

static void every_allocation_fails_in_turn(void **state)
{
	const struct scenario *sc = *state;
	enum victim first = sc->bare ? ENV_NTH : ENV_ONWARDS;
	enum victim last = sc->bare ? ENV_ONWARDS : STACK_B, v;
	u64 n, runs = 0;

	for (v = first; v <= last; v++)
		for (n = 1; once(sc, v, n); n++)
			assert_true(++runs < 20000);
	assert_true(runs > 0);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(scenarios)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(scenarios); i++)
		tests[i] = (struct CMUnitTest){
			.name = scenarios[i].name,
			.test_func = every_allocation_fails_in_turn,
			.initial_state = (void *)(uintptr_t)&scenarios[i],
		};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
