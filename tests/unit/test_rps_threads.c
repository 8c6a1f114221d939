/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets steered between threads while masks and readers change. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <inet/control.h>
#include <inet/netdevice.h>

#include "threaded.h"

#define FLOWS 16u
#define PER_FLOW 2000u
#define CHUNK 65536u
#define STREAMS 4u
#define STREAM_LEN (2u << 20)

#define MASKS 12u		/* at least, while datagrams come */

static const char *const masks[] = { "1", "e", "f", "2", "0", "c" };

struct rig {
	struct threaded_pair p;
	u32 done;		/* senders that are through */
	u32 changed;		/* masks that were set */
	u32 late;		/* datagrams that came behind a later one */
	u32 wrong;		/* calls that failed, bytes that were wrong */
	u64 got;
};

/* The sender knows the receiver's address for good: what waits for ARP leaves by
 * another thread than what does not. */
static void know_receiver(struct threaded_pair *p)
{
	const u8 *a = p->dev[1]->dev_addr;
	char neigh[80];

	snprintf(neigh, sizeof(neigh), "10.0.0.2 lladdr "
		 "%02x:%02x:%02x:%02x:%02x:%02x nud permanent",
		 a[0], a[1], a[2], a[3], a[4], a[5]);
	assert_int_equal(inet_neigh_add(p->dev[0], neigh), 0);
}

static int open_rig(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	threaded_open(&r->p, 4, NULL);
	know_receiver(&r->p);
	assert_int_equal(inet_sysctl_set(r->p.net[1],
			 "net.core.rps_sock_flow_entries", "1024"), 0);
	*state = r;
	return 0;
}

static int close_rig(void **state)
{
	struct rig *r = *state;

	threaded_close(&r->p);
	free(r);
	return 0;
}

struct datagram {
	u32 flow, nr;
};

/* All flows in turns, each from a socket of its own, until the masks have
 * changed often enough. */
static void *send_flows(void *arg)
{
	struct sockaddr_in to = threaded_addr(1, TT_PORT);
	struct socket *s[FLOWS];
	struct rig *r = arg;
	struct datagram d;

	for (u32 i = 0; i < FLOWS; i++) {
		s[i] = inet_socket(r->p.net[0], AF_INET, SOCK_DGRAM, 0);
		if (!s[i])
			threaded_count(&r->wrong);
	}
	for (d.nr = 1; d.nr <= PER_FLOW ||
		       threaded_read(&r->changed) < MASKS; d.nr++) {
		for (d.flow = 0; d.flow < FLOWS; d.flow++)
			if (inet_sendto(s[d.flow], &d, sizeof(d), 0,
					(struct sockaddr *)&to,
					sizeof(to)) != sizeof(d))
				threaded_count(&r->wrong);
		if (d.nr % 8 == 0)
			threaded_pause_us(50);	/* some arrive, some are lost */
	}
	for (u32 i = 0; i < FLOWS; i++)
		inet_close(s[i]);
	threaded_count(&r->done);
	return NULL;
}

/* Reads until nothing comes any more. */
static void *read_flows(void *arg)
{
	const struct timeval patience = { .tv_sec = 1 };
	u32 last[FLOWS] = { 0 };
	struct rig *r = arg;
	struct socket *s = threaded_socket(&r->p, 1, SOCK_DGRAM, TT_PORT);
	struct datagram d;

	inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience));
	threaded_count(&r->done);
	while (inet_recv(s, &d, sizeof(d), 0) == sizeof(d)) {
		if (d.flow >= FLOWS || d.nr <= last[d.flow])
			r->late++;
		else
			last[d.flow] = d.nr;
		r->got++;
	}
	inet_close(s);
	return NULL;
}

/* Whatever the masks are, datagrams of one flow are read in their order. */
static void datagrams_of_a_flow_stay_in_order(void **state)
{
	pthread_t reader, sender;
	struct rig *r = *state;
	u32 i;

	assert_int_equal(pthread_create(&reader, NULL, read_flows, r), 0);
	assert_true(threaded_wait(&r->done, 1));
	assert_int_equal(pthread_create(&sender, NULL, send_flows, r), 0);
	for (i = 0; threaded_read(&r->done) < 2; i++) {
		assert_int_equal(inet_netdev_set_rps_cpus(r->p.dev[1], 0,
							  masks[i % 6]), 0);
		threaded_count(&r->changed);
		threaded_pause_us(500);
	}
	pthread_join(sender, NULL);
	pthread_join(reader, NULL);
	assert_int_equal(r->late, 0);
	assert_int_equal(r->wrong, 0);
	assert_true(r->got > FLOWS * PER_FLOW / 10);
}

struct stream {
	struct rig *r;
	struct socket *c[2];
	u32 seed;
};

static u8 octet(u32 seed, u32 i)
{
	return (u8)(i * 7 + i / 251 + seed);
}

static void *send_stream(void *arg)
{
	struct stream *st = arg;
	u8 *buf = malloc(CHUNK);
	u32 at, i;

	for (at = 0; at < STREAM_LEN; at += CHUNK) {
		for (i = 0; i < CHUNK; i++)
			buf[i] = octet(st->seed, at + i);
		if (threaded_send_all(st->c[0], buf, CHUNK) != CHUNK)
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
	u32 at, i;

	for (at = 0; at < STREAM_LEN; at += CHUNK) {
		if (threaded_recv_all(st->c[1], buf, CHUNK) != CHUNK) {
			threaded_count(&st->r->wrong);
			break;
		}
		for (i = 0; i < CHUNK; i++)
			if (buf[i] != octet(st->seed, at + i)) {
				threaded_count(&st->r->wrong);
				break;
			}
	}
	free(buf);
	threaded_count(&st->r->done);
	return NULL;
}

/* Streams are byte-exact while flows move, also with merged packets and while
 * the device goes down and up. */
static void streams_are_exact_while_flows_move(void **state)
{
	struct stream st[STREAMS];
	pthread_t t[2 * STREAMS];
	struct rig *r = *state;
	u32 i;

	for (i = 0; i < STREAMS; i++) {
		st[i] = (struct stream){ .r = r, .seed = i * 31 };
		threaded_join(&r->p, st[i].c);
	}
	for (i = 0; i < STREAMS; i++) {
		pthread_create(&t[2 * i], NULL, send_stream, &st[i]);
		pthread_create(&t[2 * i + 1], NULL, read_stream, &st[i]);
	}
	for (i = 0; threaded_read(&r->done) < 2 * STREAMS; i++) {
		assert_int_equal(inet_netdev_set_rps_cpus(r->p.dev[1], 0,
							  masks[i % 6]), 0);
		assert_int_equal(inet_netdev_set_rps_cpus(r->p.dev[0], 0,
							  masks[(i + 2) % 6]),
				 0);
		inet_netdev_set_feature(r->p.dev[i % 2], "gro", i & 2);
		if (i % 16 == 5) {
			inet_netdev_down(r->p.dev[1]);
			inet_netdev_up(r->p.dev[1]);
		}
		threaded_pause_us(2000);
	}
	for (i = 0; i < 2 * STREAMS; i++)
		pthread_join(t[i], NULL);
	for (i = 0; i < STREAMS; i++) {
		inet_close(st[i].c[0]);
		inet_close(st[i].c[1]);
	}
	assert_int_equal(r->wrong, 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, open_rig, close_rig)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(datagrams_of_a_flow_stay_in_order),
		T(streams_are_exact_while_flows_move),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
