/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_XDP between two threaded stacks, at both ends of a veth with four queues:
 * every byte arrives, and a device may go down under load. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <inet/control.h>

#include "dut.h"
#include "lib/compiler.h"
#include "threaded.h"

#define NR_CONNECTIONS 4
#define BULK (1u << 20)

static const char *const specs[2] = { "xdp:n0,ring=256", "xdp:f0,ring=256" };
static bool allowed;	/* interfaces, and programs on them */

static int setup(void **state)
{
	*state = NULL;
	if (!allowed)
		return 0;
	assert_int_equal(system("ip link add n0 numtxqueues 4 numrxqueues 4 "
				"type veth peer name f0 numtxqueues 4 "
				"numrxqueues 4 && ip link set n0 up && "
				"ip link set f0 up"), 0);
	*state = calloc(1, sizeof(struct threaded_pair));
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return allowed ? system("ip link del n0") : 0;
}

static struct threaded_pair *pair_of(void **state)
{
	if (!*state)
		skip();
	threaded_open_on(*state, 2, specs);
	return *state;
}

/* One end of a connection: sends, or receives and compares. */
struct end {
	struct socket *s;
	u32 seed, nr_bad;
	bool sends;
	pthread_t thread;
};

static void *run_end(void *arg)
{
	struct end *e = arg;
	u8 *want = malloc(BULK), *got = malloc(BULK);

	for (u32 i = 0; i < BULK; i++)
		want[i] = (u8)(i * 7 + i / 251 + e->seed);
	if (e->sends)
		e->nr_bad += threaded_send_all(e->s, want, BULK) != BULK;
	else
		e->nr_bad += threaded_recv_all(e->s, got, BULK) != BULK ||
			     memcmp(got, want, BULK) != 0;
	free(want);
	free(got);
	return NULL;
}

static void bulk_both_ways_over_all_queues_is_exact(void **state)
{
	struct threaded_pair *p = pair_of(state);
	struct end e[NR_CONNECTIONS * 4];
	struct inet_xdp_info info;
	struct inet_netdev_stats stats;
	struct socket *c[2];

	for (u32 i = 0; i < NR_CONNECTIONS; i++) {
		threaded_join(p, c);
		for (u32 k = 0; k < 4; k++)
			e[i * 4 + k] = (struct end){
				.s = c[k / 2], .sends = k % 2,
				.seed = 10 * i + (k == 1 || k == 2),
			};
	}
	for (u32 i = 0; i < ARRAY_SIZE(e); i++)
		pthread_create(&e[i].thread, NULL, run_end, &e[i]);
	for (u32 i = 0; i < 100; i++) {		/* anybody may ask meanwhile */
		assert_int_equal(inet_xdp_get_info(p->dev[0], &info), 0);
		inet_netdev_get_stats(p->dev[0], &stats);
		threaded_pause_us(1000);
	}
	for (u32 i = 0; i < ARRAY_SIZE(e); i++) {
		pthread_join(e[i].thread, NULL);
		assert_int_equal(e[i].nr_bad, 0);
	}
	for (u32 i = 0; i < NR_CONNECTIONS; i++) {
		inet_close(e[i * 4].s);
		inet_close(e[i * 4 + 2].s);
	}
	assert_int_equal(info.nr_queues, 4);
	assert_int_equal(info.rx_bad + info.tx_bad, 0);
	threaded_close(p);
}

struct flood {
	struct socket *s;
	u32 stop, sent;		/* atomic */
	pthread_t thread;
};

static void *run_flood(void *arg)
{
	struct flood *f = arg;
	struct sockaddr_in to = threaded_addr(1, 9);
	u8 bytes[1400] = { 0 };

	while (!threaded_read(&f->stop))
		if (inet_sendto(f->s, bytes, sizeof(bytes), 0,
				(struct sockaddr *)&to, sizeof(to)) > 0)
			threaded_count(&f->sent);
	return NULL;
}

/* Each end by turns, while datagrams pour in and answers go out. */
static void device_down_and_up_under_load_loses_no_memory(void **state)
{
	struct threaded_pair *p = pair_of(state);
	struct flood f[3];

	for (u32 i = 0; i < ARRAY_SIZE(f); i++) {
		f[i] = (struct flood){
			.s = threaded_socket(p, 0, SOCK_DGRAM, 0),
		};
		pthread_create(&f[i].thread, NULL, run_flood, &f[i]);
	}
	for (u32 i = 0; i < 20; i++) {
		threaded_pause_us(2000);
		assert_int_equal(inet_netdev_down(p->dev[i & 1]), 0);
		threaded_pause_us(500);
		assert_int_equal(inet_netdev_up(p->dev[i & 1]), 0);
	}
	for (u32 i = 0; i < ARRAY_SIZE(f); i++) {
		__atomic_store_n(&f[i].stop, 1, __ATOMIC_RELEASE);
		pthread_join(f[i].thread, NULL);
		assert_true(f[i].sent > 0);
		inet_close(f[i].s);
	}
	threaded_close(p);
}

/* ---- busy polling ------------------------------------------------------- */

#define QUESTIONS 2000u
#define SPIN_US 30

struct asker {
	struct socket *s;
	u32 seed, nr_bad;
	bool asks;
	pthread_t thread;
};

/* Waits for any time, so that the other one spins, or sleeps, or is about to. */
static void idle(u32 *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	if (*seed >> 30 == 0)
		threaded_pause_us(*seed >> 16 & 127);
}

/* A question and its answer, again and again, by datagrams: nobody sends what is
 * not taken from the ring a second time. */
static void *run_asker(void *arg)
{
	struct asker *a = arg;

	for (u32 i = 0; i < QUESTIONS && !a->nr_bad; i++) {
		u32 out = i * 2654435761u + a->asks, in = 0;

		idle(&a->seed);
		if (a->asks)
			a->nr_bad += inet_send(a->s, &out, 4, 0) != 4;
		a->nr_bad += inet_recv(a->s, &in, 4, 0) != 4 ||
			     in != i * 2654435761u + !a->asks;
		if (!a->asks)
			a->nr_bad += inet_send(a->s, &out, 4, 0) != 4;
	}
	return NULL;
}

static void set(struct socket *s, int level, int name, int value)
{
	assert_int_equal(inet_setsockopt(s, level, name, &value, sizeof(value)),
			 0);
}

static u64 busy_packets(struct net *net)
{
	u64 n = 0;

	assert_int_equal(inet_counter_get(net, "TcpExtBusyPollRxPackets", &n),
			 0);
	return n;
}

/* Callers poll the rings in the softnets' place, and let go of them when they
 * sleep: no frame is left between the two, on any queue. */
static void busy_pollers_that_sleep_are_always_woken(void **state)
{
	const struct timeval patience = { .tv_sec = 20 };
	struct threaded_pair *p = pair_of(state);
	struct asker a[NR_CONNECTIONS * 2];

	for (u32 i = 0; i < ARRAY_SIZE(a); i++) {
		a[i] = (struct asker){
			.s = threaded_socket(p, i % 2, SOCK_DGRAM,
					     (u16)(5000 + i / 2)),
			.seed = i, .asks = i % 2,
		};
		assert_int_equal(threaded_connect(a[i].s, !(i % 2),
						  (u16)(5000 + i / 2)), 0);
		set(a[i].s, SOL_SOCKET, SO_BUSY_POLL, SPIN_US);
		inet_setsockopt(a[i].s, SOL_SOCKET, SO_RCVTIMEO, &patience,
				sizeof(patience));
	}
	for (u32 i = 0; i < ARRAY_SIZE(a); i++)
		pthread_create(&a[i].thread, NULL, run_asker, &a[i]);
	for (u32 i = 0; i < ARRAY_SIZE(a); i++) {
		pthread_join(a[i].thread, NULL);
		assert_int_equal(a[i].nr_bad, 0);
		inet_close(a[i].s);
	}
	assert_true(busy_packets(p->net[0]) > 0);
	assert_true(busy_packets(p->net[1]) > 0);
	threaded_close(p);
}

#define XDP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		XDP_TEST(bulk_both_ways_over_all_queues_is_exact),
		XDP_TEST(device_down_and_up_under_load_loses_no_memory),
		XDP_TEST(busy_pollers_that_sleep_are_always_woken),
	};

	allowed = dut_xdp_allowed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
