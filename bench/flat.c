/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flat: does a packet cost the same when everything around it grows?
 *
 *	flat [MOST]
 *
 * Two stacks in one thread, as in inmem. For sizes 10, 100, … up to MOST
 * (100,000) it prints the nanoseconds of
 *
 *	sockets	a one-byte question and its answer over one of that many TCP
 *		connections, and over each in turn (which also misses the
 *		processor's caches), all idle but it
 *	timers	the same when every connection has a timer (SO_KEEPALIVE)
 *	idle	the bytes of one end of a connection, when all of that many
 *		have just answered
 *	routes	a datagram by one of that many routes, drawn at random, and
 *		dropped by a peer who has as many
 *
 * A flat table is the result; the figures themselves are the machine's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>

#include "common.h"
#include "host.h"

#define PORT 7
#define NR_PORTS 40		/* one has not enough of its own for 100,000 */
#define MOST_DEFAULT 100000u
#define ROUNDS 20000u
#define SETTLE_NS 100000000u	/* longer than an ACK is put off */

struct flat {
	struct net *a, *b;
	struct inet_wire *wire;
	struct socket *listener[NR_PORTS];
	struct socket **client, **server;	/* [most] */
	u32 most, nr, nr_routes;
	u64 empty;		/* bytes of b without connections */
	u32 seed;
};

static u32 draw(struct flat *t)
{
	t->seed = t->seed * 1664525u + 1013904223u;
	return t->seed >> 8;
}

static void turn(struct flat *t)
{
	inet_run(t->a, 0);
	inet_run(t->b, 0);
}

static struct net *host(const char *name)
{
	struct net *net = host_create(name, INET_SIMULATED);

	if (inet_sysctl_set(net, "net.core.max_sockets", "1100000"))
		host_die(net, "sockets");
	return net;
}

static struct sockaddr_in address(u32 host, u16 port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port) };

	sin.sin_addr.s_addr = htonl(host);
	return sin;
}

static void start(struct flat *t)
{
	struct sockaddr_in sin;
	u16 i;

	t->a = host("client");
	t->b = host("server");
	t->wire = inet_wire_connect(t->a, "w0", t->b, "w0", NULL);
	if (!t->wire)
		host_die(t->a, "wire");
	host_up(t->a, "w0", "10.0.0.1/24");
	host_up(t->b, "w0", "10.0.0.2/24");
	for (i = 0; i < NR_PORTS; i++) {
		sin = address(0x0a000002, PORT + i);
		t->listener[i] = host_sock(t->b, SOCK_STREAM);
		if (inet_bind(t->listener[i], (struct sockaddr *)&sin,
			      sizeof(sin)) || inet_listen(t->listener[i], 8))
			host_die(t->b, "listen");
	}
	t->client = calloc(t->most, sizeof(struct socket *));
	t->server = calloc(t->most, sizeof(struct socket *));
	if (!t->client || !t->server)
		host_die(NULL, "memory");
}

static void stop(struct flat *t)
{
	u32 i;

	for (i = 0; i < t->nr; i++) {
		inet_close(t->client[i]);
		inet_close(t->server[i]);
	}
	for (i = 0; i < NR_PORTS; i++)
		inet_close(t->listener[i]);
	inet_destroy(t->a);
	inet_destroy(t->b);
	free(t->client);
	free(t->server);
}

/* One more connection. */
static void join(struct flat *t)
{
	u16 which = t->nr % NR_PORTS;
	struct sockaddr_in sin = address(0x0a000002, PORT + which);
	struct socket *c = host_sock(t->a, SOCK_STREAM), *s = NULL;
	const int on = 1;
	u32 tries;

	if (inet_connect(c, (struct sockaddr *)&sin, sizeof(sin)) &&
	    errno != EINPROGRESS)
		host_die(t->a, "connect");
	for (tries = 0; !s && tries < 1000; tries++) {
		turn(t);
		s = inet_accept4(t->listener[which], NULL, NULL, SOCK_NONBLOCK);
	}
	if (!s)
		host_die(t->b, "accept");
	inet_setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	inet_setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	t->client[t->nr] = c;
	t->server[t->nr++] = s;
}

/* A question and its answer over connection @i. */
static void ask(struct flat *t, u32 i)
{
	u32 tries = 0;
	char byte;

	if (inet_send(t->client[i], "q", 1, 0) != 1)
		host_die(t->a, "send");
	for (inet_run(t->b, 0); inet_recv(t->server[i], &byte, 1, 0) != 1;
	     turn(t))
		if (tries++ > 1000)
			host_die(t->b, "question");
	if (inet_send(t->server[i], "a", 1, 0) != 1)
		host_die(t->b, "send");
	for (inet_run(t->a, 0); inet_recv(t->client[i], &byte, 1, 0) != 1;
	     turn(t))
		if (tries++ > 1000)
			host_die(t->a, "answer");
}

/* ns of one round over connection 0, or over each in turn. */
static double ask_rounds(struct flat *t, bool each)
{
	u64 begin = inet_now_ns(t->a);
	u32 i;

	for (i = 0; i < ROUNDS; i++)
		ask(t, each ? i % t->nr : 0);
	return (double)(inet_now_ns(t->a) - begin) / ROUNDS;
}

static void ask_row(struct flat *t, const char *what)
{
	double one, each;

	ask_rounds(t, false);
	one = ask_rounds(t, false);
	each = ask_rounds(t, true);
	printf("%-8s %7u %9.0f %9.0f\n", what, t->nr, one, each);
}

/* Every connection gets a timer, which the rounds put off again and again. */
static void keepalive(struct flat *t, int on)
{
	u32 i;

	for (i = 0; i < t->nr; i++)
		if (inet_setsockopt(t->client[i], SOL_SOCKET, SO_KEEPALIVE,
				    &on, sizeof(on)) ||
		    inet_setsockopt(t->server[i], SOL_SOCKET, SO_KEEPALIVE,
				    &on, sizeof(on)))
			host_die(t->a, "keepalive");
}

static u64 bytes_of(struct net *net)
{
	struct inet_usage usage;

	if (inet_get_usage(net, &usage))
		host_die(net, "usage");
	return usage.mem_bytes;
}

/* Until the ACKs of all that were asked have left, which come at once and fill
 * every queue. */
static void settle(struct flat *t)
{
	u64 until = inet_now_ns(t->a) + SETTLE_NS;

	while (inet_now_ns(t->a) < until)
		turn(t);
}

/* Each answers; then nothing is under way. */
static void idle_row(struct flat *t)
{
	u32 i;

	for (i = 0; i < t->nr; i++)
		ask(t, i);
	settle(t);
	printf("%-8s %7u %9.0f bytes\n", "idle", t->nr,
	       (double)(bytes_of(t->b) - t->empty) / t->nr);
}

static void sockets(struct flat *t)
{
	u32 size;

	t->empty = bytes_of(t->b);
	for (size = 10; size <= t->most; size *= 10) {
		while (t->nr < size)
			join(t);
		ask_row(t, "sockets");
		keepalive(t, 1);
		ask_row(t, "timers");
		keepalive(t, 0);
		idle_row(t);
	}
}

/* The network of route @i: 32.0.0.0 and on, scattered. */
static u32 route_net(u32 i)
{
	return 0x20000000u + ((i * 2654435761u >> 8 & 0x1fffff) << 8);
}

static void add_route(struct flat *t)
{
	u32 net = route_net(t->nr_routes++);
	char text[64];

	snprintf(text, sizeof(text), "%u.%u.%u.0/24 via 10.0.0.2", net >> 24,
		 net >> 16 & 255, net >> 8 & 255);
	if (inet_route_add(t->a, text) && errno != EEXIST)
		host_die(t->a, text);
	snprintf(text, sizeof(text), "%u.%u.%u.0/24 via 10.0.0.1", net >> 24,
		 net >> 16 & 255, net >> 8 & 255);
	if (inet_route_add(t->b, text) && errno != EEXIST)
		host_die(t->b, text);
}

/* ns of one datagram; to the same network, or to any of them. */
static double send_rounds(struct flat *t, struct socket *s, bool any)
{
	u64 begin = inet_now_ns(t->a);
	struct sockaddr_in sin;
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		sin = address(route_net(any ? draw(t) % t->nr_routes : 0) + 1,
			      PORT);
		if (inet_sendto(s, "x", 1, 0, (struct sockaddr *)&sin,
				sizeof(sin)) != 1)
			host_die(t->a, "sendto");
		if (i % 16 == 15)
			turn(t);
	}
	turn(t);
	return (double)(inet_now_ns(t->a) - begin) / ROUNDS;
}

static void routes(struct flat *t)
{
	struct socket *s = host_sock(t->a, SOCK_DGRAM);
	double one, any;
	u32 size;

	for (size = 10; size <= t->most; size *= 10) {
		while (t->nr_routes < size)
			add_route(t);
		send_rounds(t, s, false);
		one = send_rounds(t, s, false);
		any = send_rounds(t, s, true);
		printf("%-8s %7u %9.0f %9.0f\n", "routes", size, one, any);
	}
	inet_close(s);
}

int main(int argc, char **argv)
{
	static struct flat t;
	char *end = "";
	bool help = bench_wants_help(argc, argv);

	t.most = argc > 1 ? (u32)strtoul(argv[1], &end, 10) : MOST_DEFAULT;
	if (argc > 2 || *end || t.most < 10) {
		fprintf(help ? stdout : stderr, "usage: %s [-h] [MOST], 10 or "
			"more (default %u)\n", argv[0], MOST_DEFAULT);
		return help ? 0 : 2;
	}
	start(&t);
	printf("%-8s %7s %9s %9s\n", "ns", "number", "one", "any");
	sockets(&t);
	routes(&t);
	stop(&t);
	return 0;
}
