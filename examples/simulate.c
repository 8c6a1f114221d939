/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program in a world of its own: two stacks on a clock that only this file moves,
 * randomness from a seed, and a cable that loses and reorders frames by it. What takes
 * minutes there takes a moment here, and the same seed gives the same: it is run twice,
 * and the hashes of what was read when are compared.
 *
 *	simulate [SEED]		default 1
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#define TEXT (1 << 20)		/* bytes that are sent */
#define NSEC_PER_SEC 1000000000ULL

struct world {
	u64 now, random, hash;	/* what the stacks take for the machine; the trace */
};

static u64 world_now(void *opaque)
{
	return ((struct world *)opaque)->now;
}

/* SplitMix64: good enough where nobody attacks. */
static void world_random(void *opaque, void *buf, size_t len)
{
	struct world *w = opaque;

	for (u8 *p = buf; len--; p++) {
		u64 z = w->random += 0x9e3779b97f4a7c15ULL;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
		*p = (u8)((z ^ z >> 27) >> 24);
	}
}

static _Noreturn void die(struct net *net, const char *what)
{
	fprintf(stderr, "simulate: %s: %s\n", what, inet_strerror(net));
	exit(1);
}

static void host(struct net *net, struct net_device *dev, const char *addr)
{
	if (inet_addr_add(dev, addr) || inet_netdev_up(dev))
		die(net, addr);
}

/* Runs both until neither has anything to do, then moves the clock to what is due. */
static void step(struct world *w, struct net *a, struct net *b)
{
	s64 next, other;

	while (inet_run(a, 0) > 0 || inet_run(b, 0) > 0)
		;
	next = inet_next_timeout_ns(a);
	other = inet_next_timeout_ns(b);
	if (next < 0 || (other >= 0 && other < next))
		next = other;
	if (next < 0)
		die(a, "nothing will happen any more");
	w->now += (u64)next;
}

/* Sends what goes at once, reads what is there and notes when. Return: bytes read. */
static size_t talk(struct world *w, struct net *a, struct socket *c, struct socket *s)
{
	static char buf[65536];
	size_t got = 0;
	ssize_t n;

	while (inet_send(c, buf, sizeof(buf), 0) > 0)
		;
	if (errno != EAGAIN)
		die(a, "the connection");
	while (s && (n = inet_recv(s, buf, sizeof(buf), 0)) > 0) {
		w->hash = (w->hash ^ w->now) * 0x100000001b3ULL ^ (u64)n;
		got += (size_t)n;
	}
	return got;
}

/* TEXT bytes from one to the other. Return: the hash of their times. */
static u64 run(u64 seed)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
	struct world w = { .now = NSEC_PER_SEC, .random = seed };
	struct inet_env env = *inet_env_default();
	const struct inet_config config = { .size = sizeof(config), .env = &env,
					    .mode = INET_SIMULATED };
	struct inet_wire_config cable = { .size = sizeof(cable) };
	struct socket *l, *c, *s = NULL;
	struct net *a, *b;
	struct inet_wire *wire = NULL;
	size_t got;

	env.opaque = &w;
	env.now = env.wall = world_now;
	env.random = world_random;
	a = inet_create(&config);
	b = inet_create(&config);
	cable.a_to_b = (struct inet_fault_config){
		.seed = seed, .delay_ns = 20000000, .loss_ppm = 20000,
		.reorder_ppm = 10000, .reorder_ns = 5000000 };
	cable.b_to_a = cable.a_to_b;
	if (!a || !b || !(wire = inet_wire_connect(a, "eth0", b, "eth0", &cable)))
		die(a, "two stacks and a cable");
	host(a, inet_wire_device(wire, 'a'), "10.0.0.1/24");
	host(b, inet_wire_device(wire, 'b'), "10.0.0.2/24");
	l = inet_socket(b, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (!l || inet_bind(l, (struct sockaddr *)&to, sizeof(to)) || inet_listen(l, 1))
		die(b, "the listener");
	to.sin_addr.s_addr = inet_addr("10.0.0.2");
	c = inet_socket(a, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (!c || (inet_connect(c, (struct sockaddr *)&to, sizeof(to)) &&
		   errno != EINPROGRESS))
		die(a, "the connection");
	for (got = 0; got < TEXT; got += talk(&w, a, c, s)) {
		step(&w, a, b);
		if (!s)
			s = inet_accept4(l, NULL, NULL, SOCK_NONBLOCK);
	}
	printf("%zu bytes in %.6f seconds of the world, trace %016llx\n", got,
	       (double)(w.now - NSEC_PER_SEC) / NSEC_PER_SEC,
	       (unsigned long long)w.hash);
	inet_destroy(a);
	inet_destroy(b);
	inet_wire_close(wire);
	return w.hash;
}

int main(int argc, char **argv)
{
	char *end = argc == 2 ? argv[1] : NULL;
	u64 seed = end ? strtoull(argv[1], &end, 0) : 1;

	if (argc > 2 || (end && (end == argv[1] || *end))) {
		fprintf(stderr, "usage: simulate [SEED]\n"
			"Sends a megabyte over a bad cable, twice; SEED is a number.\n");
		return 2;
	}
	return run(seed) != run(seed);
}
