/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inmem: two stacks back to back over a wire in memory, one thread, checksums
 * on, one copy in, one on the wire, one out.
 *
 *	inmem [bulk|rr|connect|udp] [COUNT]
 *
 * bulk: COUNT MiB one way; rr: COUNT one-byte questions and answers; connect:
 * COUNT connections with one request each; udp: COUNT datagrams of 1,472
 * bytes. Prints the rate, and the segments, so that instructions per segment
 * can be had from `valgrind --tool=callgrind`.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#define CHUNK 65536
#define PORT 7

struct bench {
	struct net *a, *b;
	struct inet_wire *wire;
	struct socket *listener;
	struct sockaddr_in addr;
	char buf[CHUNK];
};

static void __attribute__((noreturn)) die(struct net *net, const char *what)
{
	fprintf(stderr, "inmem: %s: %s (%s)\n", what, strerror(errno),
		inet_strerror(net));
	exit(1);
}

static void turn(struct bench *t)
{
	inet_run(t->a, 0);
	inet_run(t->b, 0);
}

static struct net *host(const char *name)
{
	/* Simulated: no descriptor is ever polled; the clock is the real one */
	struct inet_config cfg = { .size = sizeof(cfg), .name = name,
				   .mode = INET_SIMULATED };
	struct net *net = inet_create(&cfg);


	if (!net)
		die(NULL, "stack");
	return net;
}

static void up(struct net *net, const char *addr)
{
	struct net_device *dev = inet_netdev_find(net, "w0");

	if (!dev || inet_addr_add(dev, addr) || inet_netdev_up(dev))
		die(net, addr);
}

static struct socket *sock(struct net *net, int type)
{
	struct socket *s = inet_socket(net, AF_INET, type | SOCK_NONBLOCK, 0);

	if (!s)
		die(net, "socket");
	return s;
}

static void start(struct bench *t)
{
	t->a = host("client");
	t->b = host("server");
	t->wire = inet_wire_connect(t->a, "w0", t->b, "w0", NULL);
	if (!t->wire)
		die(t->a, "wire");
	up(t->a, "10.0.0.1/24");
	up(t->b, "10.0.0.2/24");
	t->addr.sin_family = AF_INET;
	t->addr.sin_port = htons(PORT);
	t->addr.sin_addr.s_addr = inet_addr("10.0.0.2");
	t->listener = sock(t->b, SOCK_STREAM);
	if (inet_bind(t->listener, (struct sockaddr *)&t->addr,
		      sizeof(t->addr)) || inet_listen(t->listener, 128))
		die(t->b, "listen");
}

/* A connection: the client's end in *@c, the server's in *@s. */
static void join(struct bench *t, struct socket **c, struct socket **s)
{
	*c = sock(t->a, SOCK_STREAM);
	*s = NULL;
	if (inet_connect(*c, (struct sockaddr *)&t->addr, sizeof(t->addr)) &&
	    errno != EINPROGRESS)
		die(t->a, "connect");
	while (!*s) {
		turn(t);
		*s = inet_accept4(t->listener, NULL, NULL, SOCK_NONBLOCK);
	}
}

static void bulk(struct bench *t, u64 count)
{
	u64 left = count << 20, got = 0, total = count << 20;
	struct socket *c, *s;
	ssize_t n;

	join(t, &c, &s);
	while (got < total) {
		while (left && (n = inet_send(c, t->buf, left < CHUNK ?
					      (size_t)left : CHUNK, 0)) > 0)
			left -= (u64)n;
		turn(t);
		while ((n = inet_recv(s, t->buf, CHUNK, 0)) > 0)
			got += (u64)n;
	}
	inet_close(c);
	inet_close(s);
}

static void rr(struct bench *t, u64 count)
{
	struct socket *c, *s;
	const int on = 1;
	u64 i;

	join(t, &c, &s);
	inet_setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	inet_setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (i = 0; i < count; i++) {
		inet_send(c, "q", 1, 0);
		while (inet_recv(s, t->buf, 1, 0) != 1)
			inet_run(t->b, 0);
		inet_send(s, "a", 1, 0);
		while (inet_recv(c, t->buf, 1, 0) != 1)
			inet_run(t->a, 0);
	}
	inet_close(c);
	inet_close(s);
}

static void connects(struct bench *t, u64 count)
{
	struct socket *c, *s;
	u64 i;

	for (i = 0; i < count; i++) {
		join(t, &c, &s);
		inet_send(c, "q", 1, 0);
		while (inet_recv(s, t->buf, 1, 0) != 1)
			inet_run(t->b, 0);
		inet_close(s);
		turn(t);
		inet_close(c);
		turn(t);
	}
}

static void udp(struct bench *t, u64 count)
{
	struct socket *c = sock(t->a, SOCK_DGRAM), *s = sock(t->b, SOCK_DGRAM);
	u64 sent = 0, got = 0;

	if (inet_bind(s, (struct sockaddr *)&t->addr, sizeof(t->addr)) ||
	    inet_connect(c, (struct sockaddr *)&t->addr, sizeof(t->addr)))
		die(t->a, "udp");
	while (got < count) {
		int i;

		for (i = 0; i < 32 && sent < count; i++, sent++)
			inet_send(c, t->buf, 1472, 0);
		turn(t);
		while (inet_recv(s, t->buf, CHUNK, 0) > 0)
			got++;
		if (sent == count && got < count) {
			sent = got;	/* the neighbour was not known yet */
			turn(t);
		}
	}
	inet_close(c);
	inet_close(s);
}

static u64 counter(struct net *net, const char *name)
{
	u64 v = 0;

	inet_counter_get(net, name, &v);
	return v;
}

int main(int argc, char **argv)
{
	static struct bench t;
	const char *what = argc > 1 ? argv[1] : "bulk";
	u64 count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	u64 begin;
	double s;

	start(&t);
	begin = inet_now_ns(t.a);
	if (!strcmp(what, "bulk"))
		bulk(&t, count ? count : (count = 1024));
	else if (!strcmp(what, "rr"))
		rr(&t, count ? count : (count = 500000));
	else if (!strcmp(what, "connect"))
		connects(&t, count ? count : (count = 20000));
	else if (!strcmp(what, "udp"))
		udp(&t, count ? count : (count = 1000000));
	else
		return 2;
	s = (double)(inet_now_ns(t.a) - begin) / 1e9;
	printf("%s: %.0f per second", what, (double)count / s);
	if (!strcmp(what, "bulk"))
		printf(" MiB, %.2f Gbit/s", (double)count * 8.388608e-3 / s);
	printf("; segments %llu out, %llu in\n",
	       (unsigned long long)counter(t.a, "TcpOutSegs"),
	       (unsigned long long)counter(t.a, "TcpInSegs"));
	inet_close(t.listener);
	inet_destroy(t.a);
	inet_destroy(t.b);
	return 0;
}
