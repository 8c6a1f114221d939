/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inmem: two stacks back to back over a wire in memory, one thread, checksums
 * on, one copy in, one on the wire, one out.
 *
 *	inmem [bulk|bulk-gro|bulk-tso|rr|connect|connect-one|connect-kept|udp|
 *	       udp-echo|udp-1400|udp-gso|udp-gro|udp-whole] [COUNT]
 *
 * bulk: COUNT MiB one way, in frames that the receiver sees one by one; bulk-gro: the
 * receiver merges them first; bulk-tso: a row of segments crosses the wire as one
 * packet, without a checksum, as between two virtual machines; rr: COUNT one-byte
 * questions and answers; connect: COUNT connections with one request each, AT_ONCE at a
 * time; connect-one: one after another, with nothing else under way; udp: COUNT
 * datagrams of 1,472 bytes one way; udp-echo: of 18, there and back; udp-1400: of 1,400
 * one way; udp-gso: the same, 32 by one call (UDP_SEGMENT); udp-gro: and the receiver
 * merges and reads them so (UDP_GRO); udp-whole: and they cross the wire as one packet.
 * Prints the rate and the segments.
 * The rows of bulk offer a window that stays in the processor's cache, 128 KiB (lwIP's
 * is compiled in: 64 KiB); by themselves receive buffers grow to tcp_rmem's 6 MB.
 * BENCH_LEND=out: what bulk sends is not copied (MSG_ZEROCOPY); in: nor what it
 * receives (inet_recv_frames()); both.
 * bench/run puts the rows beside lwIP's (inmem-lwip) and counts the instructions.
 *
 * In the rows of connections what can take an ACK along does: the request that of
 * the handshake, the server's end that of the request (TCP_QUICKACK is 0).
 * In the rows connect and connect-one each stack holds MOST_TIME_WAIT ends in
 * TIME-WAIT, as many as lwIP does there: beyond net.ipv4.tcp_max_tw_buckets
 * libinet makes no more, as Linux, where inmem-lwip drops the oldest.
 * connect-kept is connect-one with the stack's own limit, which is never reached.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "host.h"

#define CHUNK 65536
#define PORT 7
#define DATAGRAM 1400
#define ROW 32		/* datagrams by one call */
#define MOST_TIME_WAIT "32"
#define AT_ONCE 32
#define PIECES 64	/* of one loan */
#define WINDOW 131072	/* the kernel's way: half of what a buffer is charged */

struct bench {
	struct net *a, *b;
	struct inet_wire *wire;
	struct socket *listener;
	struct sockaddr_in addr;
	bool lend_out, lend_in;
	char buf[CHUNK];
};

/* What the client has sent goes its road, and so does the answer. */
static void turn(struct bench *t)
{
	inet_run(t->b, 0);
	inet_run(t->a, 0);
}

static void start(struct bench *t)
{
	t->a = host_create("client", INET_SIMULATED);
	t->b = host_create("server", INET_SIMULATED);
	t->wire = inet_wire_connect(t->a, "w0", t->b, "w0", NULL);
	if (!t->wire)
		host_die(t->a, "wire");
	host_up(t->a, "w0", "10.0.0.1/24");
	host_up(t->b, "w0", "10.0.0.2/24");
	t->addr.sin_family = AF_INET;
	t->addr.sin_port = htons(PORT);
	t->addr.sin_addr.s_addr = inet_addr("10.0.0.2");
	t->listener = host_sock(t->b, SOCK_STREAM);
	if (inet_bind(t->listener, (struct sockaddr *)&t->addr,
		      sizeof(t->addr)) || inet_listen(t->listener, 128))
		host_die(t->b, "listen");
}

/* A connection: the client's end in *@c, the server's in *@s. */
static void join(struct bench *t, struct socket **c, struct socket **s)
{
	*c = host_sock(t->a, SOCK_STREAM);
	*s = NULL;
	if (inet_connect(*c, (struct sockaddr *)&t->addr, sizeof(t->addr)) &&
	    errno != EINPROGRESS)
		host_die(t->a, "connect");
	while (!*s) {
		turn(t);
		*s = inet_accept4(t->listener, NULL, NULL, SOCK_NONBLOCK);
	}
}

/*
 * The two ends of the row bulk, functions of their own so that callgrind can
 * count each (bench/run --instructions).
 */
static u64 __attribute__((noinline)) bulk_sender(struct bench *t,
						 struct socket *c, u64 left)
{
	int flags = t->lend_out ? MSG_ZEROCOPY : 0;
	struct msghdr done = { 0 };
	u64 sent = 0;
	ssize_t n;

	while (sent < left && (n = inet_send(c, t->buf, left - sent < CHUNK ?
				(size_t)(left - sent) : CHUNK, flags)) > 0)
		sent += (u64)n;
	inet_run(t->a, 0);
	while (flags && inet_recvmsg(c, &done, MSG_ERRQUEUE) == 0)
		;
	return sent;
}

/* One read. Return: bytes, 0 or less: there is nothing. */
static ssize_t bulk_read(struct bench *t, struct socket *s)
{
	struct iovec iov[PIECES];
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = PIECES };
	u64 frames;
	ssize_t n;

	if (!t->lend_in)
		return inet_recv(s, t->buf, CHUNK, 0);
	n = inet_recv_frames(s, &m, CHUNK, 0, &frames);
	inet_frames_put(t->b, frames);
	return n;
}

static u64 __attribute__((noinline)) bulk_receiver(struct bench *t,
						   struct socket *s)
{
	u64 got = 0;
	ssize_t n;

	inet_run(t->b, 0);
	while ((n = bulk_read(t, s)) > 0)
		got += (u64)n;
	return got;
}

static void bulk(void *bench, u64 count)
{
	struct bench *t = bench;
	u64 left = count << 20, got = 0, total = count << 20;
	const int lend = t->lend_out, window = WINDOW;
	struct socket *c, *s;

	if (inet_setsockopt(t->listener, SOL_SOCKET, SO_RCVBUF, &window,
			    sizeof(window)))
		host_die(t->b, "SO_RCVBUF");
	join(t, &c, &s);
	if (inet_setsockopt(c, SOL_SOCKET, SO_ZEROCOPY, &lend, sizeof(lend)))
		host_die(t->a, "SO_ZEROCOPY");
	while (got < total) {
		left -= bulk_sender(t, c, left);
		got += bulk_receiver(t, s);
	}
	inet_close(c);
	inet_close(s);
}

/* Switches @name on at both ends. */
static void feature_on(struct bench *t, const char *name)
{
	if (inet_netdev_set_feature(inet_wire_device(t->wire, 'a'), name, true) ||
	    inet_netdev_set_feature(inet_wire_device(t->wire, 'b'), name, true))
		host_die(t->a, name);
}

static void bulk_gro(void *bench, u64 count)
{
	feature_on(bench, "gro");
	bulk(bench, count);
}

static void bulk_tso(void *bench, u64 count)
{
	feature_on(bench, "tx");
	feature_on(bench, "tso");
	bulk(bench, count);
}

static void rr(void *bench, u64 count)
{
	struct bench *t = bench;
	struct socket *c, *s;
	const int on = 1;
	u64 i;

	join(t, &c, &s);
	inet_setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	inet_setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	for (i = 0; i < count; i++) {
		inet_send(c, "q", 1, 0);
		do
			inet_run(t->b, 0);
		while (inet_recv(s, t->buf, 1, 0) != 1);
		inet_send(s, "a", 1, 0);
		do
			inet_run(t->a, 0);
		while (inet_recv(c, t->buf, 1, 0) != 1);
	}
	inet_close(c);
	inet_close(s);
}

/* What @sock receives is acknowledged by what it sends next. */
static void ack_with_data(struct socket *sock)
{
	const int off = 0;

	inet_setsockopt(sock, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
}

/* A client's end, which has asked for a connection. */
static struct socket *call(struct bench *t)
{
	struct socket *c = host_sock(t->a, SOCK_STREAM);

	ack_with_data(c);
	if (inet_connect(c, (struct sockaddr *)&t->addr, sizeof(t->addr)) &&
	    errno != EINPROGRESS)
		host_die(t->a, "connect");
	return c;
}

/* Takes the next connection and its request. */
static struct socket *take(struct bench *t)
{
	struct socket *s = inet_accept4(t->listener, NULL, NULL,
					SOCK_NONBLOCK);

	if (!s || inet_recv(s, t->buf, 1, 0) != 1)
		host_die(t->b, "request");
	return s;
}

static void connects_kept(void *bench, u64 count)
{
	struct bench *t = bench;
	struct socket *c, *s;
	u64 i;

	ack_with_data(t->listener);
	for (i = 0; i < count; i++) {
		c = call(t);
		do
			turn(t);
		while (inet_send(c, "q", 1, 0) != 1);
		inet_run(t->b, 0);
		s = take(t);
		inet_close(s);
		inet_run(t->a, 0);
		inet_close(c);
		turn(t);
	}
}

static void limit_time_wait(struct bench *t)
{
	static const char knob[] = "net.ipv4.tcp_max_tw_buckets";

	if (inet_sysctl_set(t->a, knob, MOST_TIME_WAIT))
		host_die(t->a, knob);
	if (inet_sysctl_set(t->b, knob, MOST_TIME_WAIT))
		host_die(t->b, knob);
}

static void connects_one(void *bench, u64 count)
{
	limit_time_wait(bench);
	connects_kept(bench, count);
}

/* AT_ONCE connections, each step for all of them before the next. */
static void connects_together(struct bench *t)
{
	struct socket *c[AT_ONCE];
	int i;

	for (i = 0; i < AT_ONCE; i++)
		c[i] = call(t);
	for (i = 0; i < AT_ONCE; i++)
		while (inet_send(c[i], "q", 1, 0) != 1)
			turn(t);
	inet_run(t->b, 0);
	for (i = 0; i < AT_ONCE; i++)
		inet_close(take(t));
	inet_run(t->a, 0);
	for (i = 0; i < AT_ONCE; i++)
		inet_close(c[i]);
	turn(t);
}

static void connects(void *bench, u64 count)
{
	struct bench *t = bench;
	u64 i;

	limit_time_wait(t);
	ack_with_data(t->listener);
	for (i = 0; i < count; i += AT_ONCE)
		connects_together(t);
}

/* All datagrams that are there. Return: how many. */
static u64 take_datagrams(struct bench *t, struct socket *s)
{
	u64 n = 0;

	while (inet_recv(s, t->buf, CHUNK, 0) > 0)
		n++;
	return n;
}

/* Sends each datagram back to where it came from. */
static void echo_datagrams(struct bench *t, struct socket *s)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = inet_recvfrom(s, t->buf, CHUNK, 0, (struct sockaddr *)&from,
				  &len)) > 0)
		inet_sendto(s, t->buf, (size_t)n, 0, (struct sockaddr *)&from,
			    len);
	turn(t);
}

/* @count datagrams of @size bytes, 32 of them on their way; the server sends them
 * back if @echo. */
static void single_datagrams(struct bench *t, u64 count, size_t size, bool echo)
{
	struct socket *c = host_sock(t->a, SOCK_DGRAM);
	struct socket *s = host_sock(t->b, SOCK_DGRAM);
	u64 sent = 0, got = 0;

	if (inet_bind(s, (struct sockaddr *)&t->addr, sizeof(t->addr)) ||
	    inet_connect(c, (struct sockaddr *)&t->addr, sizeof(t->addr)))
		host_die(t->a, "udp");
	while (got < count) {
		int i;

		for (i = 0; i < 32 && sent < count; i++, sent++)
			inet_send(c, t->buf, size, 0);
		turn(t);
		if (echo)
			echo_datagrams(t, s);
		got += take_datagrams(t, echo ? c : s);
		if (sent == count && got < count) {
			sent = got;	/* the neighbour was not known yet */
			turn(t);
		}
	}
	inet_close(c);
	inet_close(s);
}

static void udp(void *bench, u64 count)
{
	single_datagrams(bench, count, 1472, false);
}

static void udp_echo(void *bench, u64 count)
{
	single_datagrams(bench, count, 18, true);
}

/* Sends up to @most datagrams, by one call if @gso. Return: how many. */
static u64 send_row(struct bench *t, struct socket *c, u64 most, bool gso)
{
	u64 n = most < ROW ? most : ROW, i;

	if (gso)
		inet_send(c, t->buf, n * DATAGRAM, 0);
	else
		for (i = 0; i < n; i++)
			inet_send(c, t->buf, DATAGRAM, 0);
	return n;
}

static void datagrams(struct bench *t, u64 count, bool gso, bool gro)
{
	struct socket *c = host_sock(t->a, SOCK_DGRAM);
	struct socket *s = host_sock(t->b, SOCK_DGRAM);
	const int size = gso ? DATAGRAM : 0, merge = gro;
	u64 sent = 0, got = 0;
	ssize_t n;

	if (inet_bind(s, (struct sockaddr *)&t->addr, sizeof(t->addr)) ||
	    inet_connect(c, (struct sockaddr *)&t->addr, sizeof(t->addr)) ||
	    inet_setsockopt(c, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) ||
	    inet_setsockopt(s, IPPROTO_UDP, UDP_GRO, &merge, sizeof(merge)))
		host_die(t->a, "udp");
	while (got < count) {
		sent += send_row(t, c, count - sent, gso);
		turn(t);
		while ((n = inet_recv(s, t->buf, CHUNK, 0)) > 0)
			got += ((u64)n + DATAGRAM - 1) / DATAGRAM;
		if (sent == count && got < count)
			sent = got;	/* the neighbour was not known yet */
	}
	inet_close(c);
	inet_close(s);
}

static void udp_1400(void *bench, u64 count)
{
	datagrams(bench, count, false, false);
}

static void udp_gso(void *bench, u64 count)
{
	datagrams(bench, count, true, false);
}

static void udp_gro(void *bench, u64 count)
{
	feature_on(bench, "gro");
	datagrams(bench, count, true, true);
}

static void udp_whole(void *bench, u64 count)
{
	feature_on(bench, "tx");
	feature_on(bench, "tx-udp-segmentation");
	datagrams(bench, count, true, true);
}

static const struct bench_row rows[] = {
	{ "bulk", 1024, bulk },
	{ "bulk-gro", 1024, bulk_gro },
	{ "bulk-tso", 2048, bulk_tso },
	{ "rr", 500000, rr },
	{ "connect", 64000, connects },
	{ "connect-one", 20000, connects_one },
	{ "connect-kept", 10000, connects_kept },
	{ "udp", 1000000, udp },
	{ "udp-echo", 1000000, udp_echo },
	{ "udp-1400", 1000000, udp_1400 },
	{ "udp-gso", 1000000, udp_gso },
	{ "udp-gro", 1000000, udp_gro },
	{ "udp-whole", 2000000, udp_whole },
	{ NULL, 0, NULL },
};

int main(int argc, char **argv)
{
	static struct bench t;
	struct bench_result r = { 0 };
	const char *lend = getenv("BENCH_LEND");
	double begin;

	if (bench_arguments(argc, argv, rows, &r))
		return 2;
	t.lend_out = lend && (!strcmp(lend, "out") || !strcmp(lend, "both"));
	t.lend_in = lend && (!strcmp(lend, "in") || !strcmp(lend, "both"));
	start(&t);
	begin = bench_now();
	r.row->run(&t, r.count);
	r.seconds = bench_now() - begin;
	r.out = host_counter(t.a, "TcpOutSegs");
	r.in = host_counter(t.a, "TcpInSegs");
	bench_print(&r);
	inet_close(t.listener);
	inet_destroy(t.a);
	inet_destroy(t.b);
	return 0;
}
