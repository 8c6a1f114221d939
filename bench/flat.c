/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flat: does a packet cost the same when everything around it grows?
 *
 *	flat [MOST]
 *	flat WHAT NUMBER
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
 *
 * WHAT is for who counts instructions (bench/flatness.py): of that many sockets,
 * timers or routes, some packets pass inside of flat_counted(), on a clock and
 * with random numbers that are the same in each run. "each" takes a hundred of the
 * sockets in turn, "any" draws from all routes, and the timers are other ones
 * than the connection's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inet/netdevice.h>

#include "common.h"
#include "host.h"

#define PORT 7
#define NR_PORTS 40		/* one has not enough of its own for 100,000 */
#define MOST_DEFAULT 100000u
#define ROUNDS 20000u
#define SETTLE_NS 100000000u	/* longer than an ACK is put off */
#define COUNTED 2000u		/* packets of flat_counted() */
#define TICK_NS 10000u		/* of its clock, between two of them */
#define EACH 100u		/* connections that are warm */

struct flat {
	struct net *a, *b, *c;		/* c: NULL, or behind b */
	struct inet_wire *wire, *wire_c;
	struct socket *listener[NR_PORTS];
	struct socket **client, **server;	/* [most] */
	struct socket *udp;			/* of a, for the routes */
	struct netdev_timer **timer;		/* [2 * most], or NULL */
	u32 most, nr, nr_routes, nr_sent;
	u64 empty;		/* bytes of b without connections */
	u32 seed;
	bool counted;		/* its clock is: */
	u64 now_ns;
	u64 random;
};

static u32 draw(struct flat *t)
{
	t->seed = t->seed * 1664525u + 1013904223u;
	return t->seed >> 8;
}

static u64 counted_now(void *opaque)
{
	return ((struct flat *)opaque)->now_ns;
}

static void counted_random(void *opaque, void *buf, size_t len)
{
	struct flat *t = opaque;
	u8 *p = buf;

	for (; len; len--) {
		t->random = t->random * 6364136223846793005ull + 1;
		*p++ = (u8)(t->random >> 56);
	}
}

static void turn(struct flat *t)
{
	t->now_ns += TICK_NS;
	inet_run(t->a, 0);
	inet_run(t->b, 0);
	if (t->c)
		inet_run(t->c, 0);
}

static struct net *host(struct flat *t, const char *name)
{
	struct inet_config cfg = { .size = sizeof(cfg), .name = name,
				   .mode = INET_SIMULATED };
	struct inet_env env = *inet_env_default();
	struct net *net;

	if (t->counted) {
		env.opaque = t;
		env.now = counted_now;
		env.random = counted_random;
		cfg.env = &env;
	}
	net = inet_create(&cfg);
	if (!net)
		host_die(NULL, "stack");
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

	t->a = host(t, "client");
	t->b = host(t, "server");
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
	t->udp = host_sock(t->a, SOCK_DGRAM);
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
	inet_close(t->udp);
	inet_destroy(t->a);
	inet_destroy(t->b);
	inet_destroy(t->c);
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

	t->now_ns += TICK_NS;
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

/* Route @i, by @gateway. */
static void add_route_of(struct net *net, u32 i, const char *gateway)
{
	u32 to = route_net(i);
	char text[64];

	snprintf(text, sizeof(text), "%u.%u.%u.0/24 via %s", to >> 24,
		 to >> 16 & 255, to >> 8 & 255, gateway);
	if (inet_route_add(net, text) && errno != EEXIST)
		host_die(net, text);
}

static void add_route(struct flat *t)
{
	add_route_of(t->a, t->nr_routes, "10.0.0.2");
	add_route_of(t->b, t->nr_routes++, "10.0.0.1");
}

/* A datagram to the network of a route, by the socket of routes. */
static void send_one(struct flat *t, u32 route)
{
	struct sockaddr_in sin = address(route_net(route) + 1, PORT);

	if (inet_sendto(t->udp, "x", 1, 0, (struct sockaddr *)&sin,
			sizeof(sin)) != 1)
		host_die(t->a, "sendto");
	if (t->nr_sent++ % 16 == 15)
		turn(t);
}

/* ns of one datagram; to the same network, or to any of them. */
static double send_rounds(struct flat *t, bool any)
{
	u64 begin = inet_now_ns(t->a);
	u32 i;

	for (i = 0; i < ROUNDS; i++)
		send_one(t, any ? draw(t) % t->nr_routes : 0);
	turn(t);
	return (double)(inet_now_ns(t->a) - begin) / ROUNDS;
}

static void routes(struct flat *t)
{
	double one, any;
	u32 size;

	for (size = 10; size <= t->most; size *= 10) {
		while (t->nr_routes < size)
			add_route(t);
		send_rounds(t, false);
		one = send_rounds(t, false);
		any = send_rounds(t, true);
		printf("%-8s %7u %9.0f %9.0f\n", "routes", size, one, any);
	}
}

/* ---- for who counts ---------------------------------------------------- */

static void ask_one(struct flat *t, u32 i __attribute__((unused)))
{
	ask(t, 0);
}

static void ask_each(struct flat *t, u32 i)
{
	ask(t, i % (t->nr < EACH ? t->nr : EACH));
}

static void send_same(struct flat *t, u32 i __attribute__((unused)))
{
	send_one(t, 0);
}

static void send_any(struct flat *t, u32 i __attribute__((unused)))
{
	send_one(t, draw(t) % MOST_DEFAULT);
}

static void prepare_sockets(struct flat *t, u32 nr)
{
	while (t->nr < nr)
		join(t);
	settle(t);
}

static void ring(struct net_device *dev)
{
	(void)dev;
}

/* Timers of the devices at any time of a quarter of an hour. */
static void prepare_timers(struct flat *t, u32 nr)
{
	struct net *net;
	u32 i;

	join(t);
	for (i = 0; i < 2 * nr; i++) {
		net = i & 1 ? t->b : t->a;
		t->timer[i] = netdev_timer_create(inet_netdev_find(net, "w0"),
						  ring);
		if (!t->timer[i])
			host_die(net, "timer");
		netdev_timer_arm(t->timer[i],
				 t->now_ns + draw(t) % 900000000u * 1000ull);
	}
	settle(t);
}

/* One route to all of the networks, and one to each of the first @nr - 1. */
static void add_routes(struct net *net, u32 nr, const char *gateway)
{
	char text[64];
	u32 i;

	snprintf(text, sizeof(text), "32.0.0.0/3 via %s", gateway);
	if (inet_route_add(net, text))
		host_die(net, text);
	for (i = 0; i < nr - 1; i++)
		add_route_of(net, i, gateway);
}

static void prepare_routes(struct flat *t, u32 nr)
{
	add_routes(t->a, nr, "10.0.0.2");
	add_routes(t->b, nr, "10.0.0.1");
}

/* The same where only the sender has them. */
static void prepare_any(struct flat *t, u32 nr)
{
	add_routes(t->a, nr, "10.0.0.2");
	add_routes(t->b, 1, "10.0.0.1");
}

/* The same where who is in the middle has them: a, b, and c behind b. */
static void prepare_forward(struct flat *t, u32 nr)
{
	t->c = host(t, "behind");
	t->wire_c = inet_wire_connect(t->b, "w1", t->c, "w1", NULL);
	if (!t->wire_c || inet_sysctl_set(t->b, "net.ipv4.ip_forward", "1"))
		host_die(t->b, "wire");
	host_up(t->b, "w1", "10.0.1.2/24");
	host_up(t->c, "w1", "10.0.1.3/24");
	add_routes(t->a, 1, "10.0.0.2");
	add_routes(t->b, nr, "10.0.1.3");
}

static const struct count {
	const char *what;
	void (*prepare)(struct flat *t, u32 nr);
	void (*packet)(struct flat *t, u32 i);
} counts[] = {
	{ "sockets", prepare_sockets, ask_one },
	{ "each", prepare_sockets, ask_each },
	{ "timers", prepare_timers, ask_one },
	{ "routes", prepare_routes, send_same },
	{ "any", prepare_any, send_any },
	{ "forward", prepare_forward, send_any },
	{ NULL, NULL, NULL },
};

/* Callgrind counts what happens in here. */
static __attribute__((noinline)) void flat_counted(struct flat *t,
						   const struct count *c)
{
	for (u32 i = 0; i < COUNTED; i++)
		c->packet(t, i);
}

/* Of @nr of them the packets of one row. */
static void count(struct flat *t, const struct count *c, u32 nr)
{
	t->counted = true;
	t->now_ns = t->random = 1000000000;
	start(t);
	t->timer = calloc(2ul * nr, sizeof(struct netdev_timer *));
	if (!t->timer)
		host_die(NULL, "memory");
	c->prepare(t, nr);
	for (u32 i = 0; i < COUNTED; i++)
		c->packet(t, i);
	flat_counted(t, c);
	for (u32 i = 0; i < 2 * nr; i++)
		netdev_timer_destroy(t->timer[i]);
	free(t->timer);
	stop(t);
	printf("%s %u: %u packets\n", c->what, nr, COUNTED);
}

static const struct count *count_named(const char *what)
{
	const struct count *c = counts;

	while (c->what && strcmp(c->what, what))
		c++;
	return c->what ? c : NULL;
}

static int usage(const char *name, bool help)
{
	fprintf(help ? stdout : stderr, "usage: %s [-h] [MOST], 10 or more "
		"(default %u)\n       %s sockets|each|timers|routes|any|forward "
		"NUMBER\n", name, MOST_DEFAULT, name);
	return help ? 0 : 2;
}

int main(int argc, char **argv)
{
	const struct count *c = argc == 3 ? count_named(argv[1]) : NULL;
	bool help = bench_wants_help(argc, argv);
	static struct flat t;
	char *end = "";

	t.most = argc > 1 ? (u32)strtoul(argv[argc - 1], &end, 10) :
			    MOST_DEFAULT;
	if (help || *end || t.most < (c ? 1 : 10) || argc > (c ? 3 : 2))
		return usage(argv[0], help);
	if (c) {
		count(&t, c, t.most);
		return 0;
	}
	start(&t);
	printf("%-8s %7s %9s %9s\n", "ns", "number", "one", "any");
	sockets(&t);
	routes(&t);
	stop(&t);
	return 0;
}
