/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything at once: between two stacks of four threads streams go both ways and
 * datagrams in rows, while a thread of each stack changes whatever can be
 * changed: who polls, who sends by which queue, what is merged and cut,
 * addresses, routes, neighbours, queue disciplines, MTUs, and whether the
 * device is up. Every octet of the streams arrives, and no datagram is wrong.
 * Over a cable in memory, a socketpair() with and without frames, and the kernel
 * between two TUNs of several queues with offloads.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <netinet/udp.h>

#include <inet/control.h>

#include "dut.h"
#include "lib/compiler.h"
#include "threaded.h"

#define THREADS 4u
#define STREAMS 4u		/* half of them either way */
#define STREAM_LEN (1u << 20)
#define CHUNK 32768u
#define PIECE 1000u		/* a datagram, */
#define ROW 8u			/* and how many are sent by one call */
#define MIN_CHANGES 200u

struct rig {
	struct threaded_pair p;
	u32 done;		/* ends of streams that are through; atomic */
	u32 stop;
	u32 wrong;
	u32 pieces;		/* datagrams that arrived */
	u32 changed[2];
};

struct stream {
	struct rig *r;
	struct socket *s;
	u32 seed;
	pthread_t thread;
};

struct changer {
	struct rig *r;
	u32 side;
	pthread_t thread;
};

static bool have_namespace;	/* with a TUN */

/* ---- what goes --------------------------------------------------------- */

static u8 octet(u32 seed, u32 i)
{
	return (u8)(i * 7 + i / 251 + seed);
}

static void *send_stream(void *arg)
{
	struct stream *st = arg;
	u8 *buf = malloc(CHUNK);

	for (u32 at = 0; at < STREAM_LEN; at += CHUNK) {
		for (u32 i = 0; i < CHUNK; i++)
			buf[i] = octet(st->seed, at + i);
		if (threaded_send_all(st->s, buf, CHUNK) != CHUNK)
			threaded_count(&st->r->wrong);
	}
	free(buf);
	threaded_count(&st->r->done);
	return NULL;
}

static void *read_stream(void *arg)
{
	struct stream *st = arg;
	u8 *buf = malloc(CHUNK);
	u32 bad = 0;

	for (u32 at = 0; at < STREAM_LEN && !bad; at += CHUNK) {
		bad += threaded_recv_all(st->s, buf, CHUNK) != CHUNK;
		for (u32 i = 0; i < CHUNK; i++)
			bad += buf[i] != octet(st->seed, at + i);
	}
	if (bad)
		threaded_count(&st->r->wrong);
	free(buf);
	threaded_count(&st->r->done);
	return NULL;
}

/* Datagrams in rows, each with its number in front. */
static void *send_rows(void *arg)
{
	struct rig *r = arg;
	struct sockaddr_in to = threaded_addr(1, TT_PORT);
	struct socket *s = threaded_socket(&r->p, 0, SOCK_DGRAM, 0);
	u8 buf[PIECE * ROW];
	int size = PIECE;
	u32 nr = 0;

	inet_setsockopt(s, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size));
	while (!threaded_read(&r->stop)) {
		for (u32 i = 0; i < ROW; i++, nr++) {
			u8 *p = buf + i * PIECE;

			memset(p, (int)nr, PIECE);
			memcpy(p, &nr, sizeof(nr));
		}
		/* a device that is down says so */
		inet_sendto(s, buf, sizeof(buf), 0, (struct sockaddr *)&to,
			    sizeof(to));
		threaded_pause_us(100);
	}
	inet_close(s);
	return NULL;
}

/* Is it a datagram as they were sent? */
static bool piece_is_good(const u8 *p)
{
	u32 nr;

	memcpy(&nr, p, sizeof(nr));
	for (u32 i = sizeof(nr); i < PIECE; i++)
		if (p[i] != (u8)nr)
			return false;
	return true;
}

/* Reads them, merged or not. */
static void *read_rows(void *arg)
{
	const struct timeval patience = { .tv_usec = 50000 };
	struct rig *r = arg;
	struct socket *s = threaded_socket(&r->p, 1, SOCK_DGRAM, TT_PORT);
	u8 *buf = malloc(65536);
	int on = 1;
	ssize_t n;

	inet_setsockopt(s, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
	inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience));
	while (!threaded_read(&r->stop)) {
		n = inet_recv(s, buf, 65536, 0);
		if (n < 0)
			continue;
		if (n % PIECE)
			threaded_count(&r->wrong);
		for (ssize_t at = 0; at + PIECE <= n; at += PIECE) {
			if (!piece_is_good(buf + at))
				threaded_count(&r->wrong);
			threaded_count(&r->pieces);
		}
	}
	free(buf);
	inet_close(s);
	return NULL;
}

/* ---- what changes ------------------------------------------------------- */

static const char *const masks[] = { "1", "e", "f", "2", "0", "c" };

static int change_rps(struct changer *c, u32 nr)
{
	struct net_device *dev = c->r->p.dev[c->side];

	inet_netdev_set_rps_flow_cnt(dev, 0, nr & 8 ? 1024 : 0);
	return inet_netdev_set_rps_cpus(dev, 0, masks[nr % 6]);
}

static int change_xps(struct changer *c, u32 nr)
{
	/* a device of one queue has nothing to choose */
	inet_netdev_set_queue(c->r->p.dev[c->side],
			      nr & 1 ? "tx-0/xps_cpus" : "tx-1/xps_cpus",
			      masks[nr % 6]);
	return 0;
}

static int change_features(struct changer *c, u32 nr)
{
	static const char *const names[] = { "gro", "gso", "tso", "tx", "sg",
					     "tx-udp-segmentation" };

	/* some are fixed, of some devices */
	inet_netdev_set_feature(c->r->p.dev[c->side], names[nr % 6],
				nr / 6 & 1);
	return inet_netdev_set_feature(c->r->p.dev[c->side], "gro", nr & 1);
}

static int change_routes(struct changer *c, u32 nr)
{
	struct net *net = c->r->p.net[c->side];
	char route[64];

	snprintf(route, sizeof(route), "10.%u.0.0/16 via 10.0.0.%u",
		 20 + nr % 50, 2 - c->side);
	return inet_route_add(net, route) || inet_route_del(net, route);
}

static int change_addresses(struct changer *c, u32 nr)
{
	struct net_device *dev = c->r->p.dev[c->side];

	char addr[32];

	snprintf(addr, sizeof(addr), "10.9.%u.%u/24", nr % 8, 1 + c->side);
	return inet_addr_add(dev, addr) || inet_addr_del(dev, addr);
}

static int change_qdisc(struct changer *c, u32 nr)
{
	return inet_netdev_set_qdisc(c->r->p.dev[c->side],
				     nr & 1 ? "fq" : "pfifo_fast");
}

static int change_mtu(struct changer *c, u32 nr)
{
	return inet_netdev_set_mtu(c->r->p.dev[c->side],
				   nr & 1 ? 1280 : 1500);
}

static int change_device(struct changer *c, u32 nr)
{
	struct net_device *dev = c->r->p.dev[c->side];
	int err;

	if (nr % 4)	/* streams want some time, too */
		return 0;
	err = inet_netdev_down(dev);
	threaded_pause_us(500);
	return inet_netdev_up(dev) || err;
}

static int change_knobs(struct changer *c, u32 nr)
{
	return inet_sysctl_set(c->r->p.net[c->side],
			       "net.core.rps_sock_flow_entries",
			       nr & 1 ? "1024" : "0") ||
	       inet_sysctl_set(c->r->p.net[c->side], "net.core.busy_read",
			       nr & 2 ? "50" : "0");
}

static int (*const changes[])(struct changer *c, u32 nr) = {
	change_rps, change_xps, change_features, change_routes,
	change_addresses, change_qdisc, change_mtu, change_knobs,
	change_device,
};

/* All in turns, until the test is over. */
static void *change(void *arg)
{
	struct changer *c = arg;

	for (u32 i = 0; !threaded_read(&c->r->stop); i++) {
		if (changes[i % ARRAY_SIZE(changes)](c, i /
						     ARRAY_SIZE(changes)))
			threaded_count(&c->r->wrong);
		threaded_count(&c->r->changed[c->side]);
		threaded_pause_us(500);
	}
	return NULL;
}

/* ---- all of it ---------------------------------------------------------- */

/* Side @i of connection @k sends when k + i is even. */
static void streams_begin(struct rig *r, struct stream *st)
{
	struct socket *c[2];

	for (u32 k = 0; k < STREAMS; k++) {
		threaded_join(&r->p, c);
		for (u32 i = 0; i < 2; i++)
			st[2 * k + i] = (struct stream){
				.r = r, .s = c[i], .seed = k * 31,
			};
	}
	for (u32 k = 0; k < 2 * STREAMS; k++)
		pthread_create(&st[k].thread, NULL, (k / 2 + k) & 1 ?
			       read_stream : send_stream, &st[k]);
}

/* The devices are open, their addresses set. */
static void turmoil(struct rig *r)
{
	struct stream st[2 * STREAMS];
	struct changer c[2];
	pthread_t rows[2];

	for (u32 i = 0; i < 2; i++)
		assert_int_equal(inet_sysctl_set(r->p.net[i],
				 "net.ipv4.tcp_rto_min_us", "5000"), 0);
	streams_begin(r, st);
	pthread_create(&rows[0], NULL, send_rows, r);
	pthread_create(&rows[1], NULL, read_rows, r);
	for (u32 i = 0; i < 2; i++) {
		c[i] = (struct changer){ .r = r, .side = i };
		pthread_create(&c[i].thread, NULL, change, &c[i]);
	}
	for (u32 k = 0; k < 2 * STREAMS; k++)
		pthread_join(st[k].thread, NULL);
	for (u32 i = 0; i < 2; i++)
		assert_true(threaded_wait(&r->changed[i], MIN_CHANGES));
	assert_true(threaded_wait(&r->pieces, ROW));
	threaded_count(&r->stop);
	for (u32 i = 0; i < 2; i++) {
		pthread_join(c[i].thread, NULL);
		pthread_join(rows[i], NULL);
	}
	for (u32 k = 0; k < 2 * STREAMS; k++)
		inet_close(st[k].s);
	threaded_close(&r->p);
	assert_int_equal(r->wrong, 0);
}

static void everything_at_once_over_a_cable(void **state)
{
	struct rig r = { 0 };

	(void)state;
	threaded_open(&r.p, THREADS, NULL);
	turmoil(&r);
}

static void over_a_pair(int type, const char *how)
{
	char specs[2][32], *const both[2] = { specs[0], specs[1] };
	struct rig r = { 0 };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 0);
	for (int i = 0; i < 2; i++)
		snprintf(specs[i], sizeof(specs[i]), "fd:w0,fd=%d%s", pair[i],
			 how);
	threaded_open_on(&r.p, THREADS, (const char *const *)both);
	turmoil(&r);
}

static void everything_at_once_over_a_pair_of_descriptors(void **state)
{
	(void)state;
	over_a_pair(SOCK_SEQPACKET, "");
}

static void everything_at_once_over_descriptors_without_frames(void **state)
{
	(void)state;
	over_a_pair(SOCK_DGRAM, ",raw");
}

/* The kernel forwards between them. */
static void everything_at_once_over_tuns_with_offloads(void **state)
{
	static const char *const specs[2] = {
		"tun:t0,name=w0,queues=4,vnet", "tun:t1,name=w0,queues=4,vnet",
	};
	struct rig r = { 0 };

	(void)state;
	if (!have_namespace)
		skip();
	threaded_open_on(&r.p, THREADS, specs);
	assert_int_equal(system("ip link set t0 up && ip link set t1 up && "
				"ip route add 10.0.0.1/32 dev t0 && "
				"ip route add 10.0.0.2/32 dev t1 && "
				"echo 1 >/proc/sys/net/ipv4/ip_forward"), 0);
	turmoil(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_at_once_over_a_cable),
		cmocka_unit_test(everything_at_once_over_a_pair_of_descriptors),
		cmocka_unit_test(
			everything_at_once_over_descriptors_without_frames),
		cmocka_unit_test(everything_at_once_over_tuns_with_offloads),
	};

	have_namespace = dut_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
