/* SPDX-License-Identifier: BSD-2-Clause */
/* The wire between stacks that run in different threads, in each mode: nothing
 * is lost, nothing is overtaken, and each end may go at any time. */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <inet/capture.h>
#include <inet/control.h>
#include <inet/netdev.h>

#include "dut.h"
#include "lib/byteorder.h"
#include "lib/compiler.h"

#define FRAMES 3000u
#define WINDOW 200u		/* frames under way: below every limit */
#define LEN 200u
#define PATIENCE_MS 20000u

/* One stack, its device and the thread that runs it, if it is embedded. */
struct side {
	struct net *net;
	struct net_device *dev;
	struct packet_type pt;
	struct side *peer;
	enum inet_mode mode;
	pthread_t runner, sender;
	u32 received;		/* atomic */
	u32 expected;		/* sequence number; by the handler */
	u32 wrong;		/* atomic */
	u32 to_send;		/* by the runner of an embedded stack */
	bool stop;		/* atomic */
};

struct pair {
	struct side s[2];
	struct inet_wire *wire;
};

/* Frames carry their number behind the header. */
static int handler(struct sk_buff *skb, struct net_device *dev,
		   struct packet_type *pt, struct net_device *orig_dev)
{
	struct side *s = pt->af_packet_priv;
	u32 seq = U32_MAX;

	(void)dev;
	(void)orig_dev;
	skb_copy_bits(skb, 0, &seq, sizeof(seq));
	if (seq != s->expected)
		__atomic_fetch_add(&s->wrong, 1, __ATOMIC_RELAXED);
	s->expected = seq + 1;
	consume_skb(skb);
	__atomic_fetch_add(&s->received, 1, __ATOMIC_RELEASE);
	return 0;
}

static u32 received(const struct side *s)
{
	return __atomic_load_n(&s->received, __ATOMIC_ACQUIRE);
}

static void send_one(struct side *s, u32 seq)
{
	u8 frame[LEN];

	dut_frame(frame, LEN, seq);
	memcpy(frame + DUT_HEADER, &seq, sizeof(seq));
	dut_xmit(s->net, s->dev, frame, LEN);
}

/* A thread of the application that sends by a threaded stack. */
static void *send_many(void *arg)
{
	struct side *s = arg;

	for (u32 seq = 0; seq < FRAMES; seq++) {
		while (seq - received(s->peer) >= WINDOW)
			usleep(50);
		send_one(s, seq);
	}
	return NULL;
}

/* The thread of an embedded stack: sends and runs in turns. */
static void *run_embedded(void *arg)
{
	struct side *s = arg;
	u32 seq = 0;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		while (seq < s->to_send && seq - received(s->peer) < WINDOW)
			send_one(s, seq++);
		inet_run(s->net, 1000000);
	}
	return NULL;
}

static struct net *stack(enum inet_mode mode)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .mode = mode, .nr_frames = 2048,
		.nr_threads = mode == INET_THREADED ? 2 : 0,
	};
	struct net *net = inet_create(&cfg);

	assert_non_null(net);
	if (mode == INET_THREADED)
		assert_int_equal(inet_start(net), 0);
	return net;
}

/* Two stacks with a wire, up. */
static void pair_create(struct pair *p, enum inet_mode a, enum inet_mode b,
			const struct inet_wire_config *cfg)
{
	memset(p, 0, sizeof(*p));
	p->s[0].mode = a;
	p->s[1].mode = b;
	for (u32 i = 0; i < 2; i++) {
		p->s[i].net = stack(p->s[i].mode);
		p->s[i].peer = &p->s[!i];
	}
	p->wire = inet_wire_connect(p->s[0].net, "wa", p->s[1].net, "wb", cfg);
	assert_non_null(p->wire);
	for (u32 i = 0; i < 2; i++) {
		struct side *s = &p->s[i];

		s->dev = inet_wire_device(p->wire, i ? 'b' : 'a');
		s->pt = (struct packet_type){
			.type = cpu_to_be16(DUT_ETHERTYPE), .dev = s->dev,
			.func = handler, .af_packet_priv = s,
		};
		dev_add_pack(s->net, &s->pt);
		assert_int_equal(inet_netdev_up(s->dev), 0);
	}
}

static void pair_destroy(struct pair *p)
{
	for (u32 i = 0; i < 2; i++)
		if (p->s[i].net)
			dev_remove_pack(p->s[i].net, &p->s[i].pt);
	inet_wire_close(p->wire);
	for (u32 i = 0; i < 2; i++)
		inet_destroy(p->s[i].net);
}

/* Both sides send all frames and wait for the other's. */
static void exchange(struct pair *p)
{
	for (u32 i = 0; i < 2; i++) {
		struct side *s = &p->s[i];

		s->to_send = FRAMES;
		if (s->mode == INET_EMBEDDED)
			pthread_create(&s->runner, NULL, run_embedded, s);
		else
			pthread_create(&s->sender, NULL, send_many, s);
	}
	for (u32 ms = 0; ms < PATIENCE_MS; ms++) {
		if (received(&p->s[0]) == FRAMES && received(&p->s[1]) == FRAMES)
			break;
		usleep(1000);
	}
	for (u32 i = 0; i < 2; i++) {
		struct side *s = &p->s[i];

		__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
		if (s->mode == INET_EMBEDDED) {
			inet_wake(s->net);
			pthread_join(s->runner, NULL);
		} else {
			pthread_join(s->sender, NULL);
		}
	}
	for (u32 i = 0; i < 2; i++) {
		assert_int_equal(received(&p->s[i]), FRAMES);
		assert_int_equal(p->s[i].wrong, 0);
	}
}

static void exchange_between(enum inet_mode a, enum inet_mode b,
			     const struct inet_wire_config *cfg)
{
	struct pair p;

	pair_create(&p, a, b, cfg);
	exchange(&p);
	pair_destroy(&p);
}

static void threaded_to_threaded_keeps_every_frame(void **state)
{
	(void)state;
	exchange_between(INET_THREADED, INET_THREADED, NULL);
}

static void embedded_to_threaded_keeps_every_frame(void **state)
{
	(void)state;
	exchange_between(INET_EMBEDDED, INET_THREADED, NULL);
}

static void embedded_to_embedded_keeps_every_frame(void **state)
{
	(void)state;
	exchange_between(INET_EMBEDDED, INET_EMBEDDED, NULL);
}

/* The sender is stopped and woken all the time. */
static void tiny_ring_keeps_every_frame(void **state)
{
	struct inet_wire_config cfg = { .size = sizeof(cfg), .ring_frames = 8 };

	(void)state;
	exchange_between(INET_THREADED, INET_THREADED, &cfg);
	exchange_between(INET_EMBEDDED, INET_EMBEDDED, &cfg);
}

static void delayed_frames_keep_their_order(void **state)
{
	struct inet_wire_config cfg = {
		.size = sizeof(cfg),
		.a_to_b = { .delay_ns = 300000, .jitter_ns = 200000 },
		.b_to_a = { .rate_bps = 1000000000 },
	};

	(void)state;
	exchange_between(INET_THREADED, INET_THREADED, &cfg);
	exchange_between(INET_EMBEDDED, INET_THREADED, &cfg);
}

/* ---- changes under traffic -------------------------------------------- */

static void *send_until_stopped(void *arg)
{
	struct side *s = arg;

	for (u32 seq = 0; !__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE); seq++) {
		send_one(s, seq);
		if (seq % 64 == 0)
			usleep(100);
	}
	return NULL;
}

/* Sends by both stacks until senders_end(). */
static void senders_begin(struct pair *p)
{
	for (u32 i = 0; i < 2; i++)
		pthread_create(&p->s[i].sender, NULL, send_until_stopped,
			       &p->s[i]);
}

static void sender_end(struct side *s)
{
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	pthread_join(s->sender, NULL);
}

static void up_and_down_under_traffic_loses_no_memory(void **state)
{
	struct pair p;

	(void)state;
	pair_create(&p, INET_THREADED, INET_THREADED, NULL);
	senders_begin(&p);
	for (u32 i = 0; i < 30; i++) {
		assert_int_equal(inet_netdev_down(p.s[i % 2].dev), 0);
		usleep(500);
		assert_int_equal(inet_netdev_up(p.s[i % 2].dev), 0);
		usleep(500);
	}
	sender_end(&p.s[0]);
	sender_end(&p.s[1]);
	pair_destroy(&p);
}

static void changed_under_traffic_goes_on(void **state)
{
	const struct inet_fault_config none = { 0 },
		bad = { .delay_ns = 200000, .loss_ppm = 100000,
			.reorder_ppm = 100000, .dup_ppm = 100000 };
	struct inet_wire_counters c;
	struct pair p;
	u32 before;

	(void)state;
	pair_create(&p, INET_THREADED, INET_THREADED, NULL);
	senders_begin(&p);
	for (u32 i = 0; i < 30; i++) {
		inet_wire_set_faults(p.wire, INET_WIRE_BOTH,
				     i % 2 ? &none : &bad);
		inet_wire_partition(p.wire, INET_WIRE_A_TO_B, i % 3 == 0);
		inet_wire_set_carrier(p.wire, i % 4 != 0);
		usleep(1000);
		inet_wire_get_counters(p.wire, INET_WIRE_A_TO_B, &c);
	}
	inet_wire_set_faults(p.wire, INET_WIRE_BOTH, &none);
	inet_wire_set_carrier(p.wire, true);
	before = received(&p.s[1]);
	for (u32 ms = 0; ms < PATIENCE_MS && received(&p.s[1]) < before + 1000;
	     ms++)
		usleep(1000);
	assert_true(received(&p.s[1]) >= before + 1000);
	sender_end(&p.s[0]);
	sender_end(&p.s[1]);
	pair_destroy(&p);
}

static void receiver_destroyed_under_traffic_is_survived(void **state)
{
	(void)state;
	for (u32 i = 0; i < 5; i++) {
		struct pair p;

		pair_create(&p, INET_THREADED, INET_THREADED, NULL);
		senders_begin(&p);
		usleep(2000);
		sender_end(&p.s[1]);
		dev_remove_pack(p.s[1].net, &p.s[1].pt);
		inet_destroy(p.s[1].net);
		p.s[1].net = NULL;
		usleep(1000);
		sender_end(&p.s[0]);
		for (u32 ms = 0; ms < PATIENCE_MS &&
		     READ_ONCE(p.s[0].dev->carrier); ms++)
			usleep(1000);
		assert_false(READ_ONCE(p.s[0].dev->carrier));
		pair_destroy(&p);
	}
}

/* Captures come and go while every thread sends and receives. */
static void captured_under_traffic_counts_every_frame(void **state)
{
	struct inet_capture_config cfg = {
		.size = sizeof(cfg), .device = "wa",
		.fd = open("/dev/null", O_WRONLY),
	};
	struct inet_capture_stats stats;
	struct inet_capture *all;
	struct pair p;

	(void)state;
	pair_create(&p, INET_THREADED, INET_THREADED, NULL);
	all = inet_capture_open(p.s[0].net, &cfg);
	assert_non_null(all);
	exchange(&p);
	inet_capture_get_stats(all, &stats);
	assert_int_equal(stats.seen, 2 * FRAMES);
	assert_int_equal(stats.written, 2 * FRAMES);
	assert_int_equal(inet_capture_close(all), 0);
	p.s[0].stop = p.s[1].stop = false;
	senders_begin(&p);
	for (u32 i = 0; i < 20; i++) {
		struct inet_capture *c = inet_capture_open(p.s[0].net, &cfg);

		assert_non_null(c);
		usleep(500);
		assert_int_equal(inet_capture_close(c), 0);
	}
	sender_end(&p.s[0]);
	sender_end(&p.s[1]);
	pair_destroy(&p);
	close(cfg.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threaded_to_threaded_keeps_every_frame),
		cmocka_unit_test(embedded_to_threaded_keeps_every_frame),
		cmocka_unit_test(embedded_to_embedded_keeps_every_frame),
		cmocka_unit_test(tiny_ring_keeps_every_frame),
		cmocka_unit_test(delayed_frames_keep_their_order),
		cmocka_unit_test(up_and_down_under_traffic_loses_no_memory),
		cmocka_unit_test(changed_under_traffic_goes_on),
		cmocka_unit_test(receiver_destroyed_under_traffic_is_survived),
		cmocka_unit_test(captured_under_traffic_counts_every_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
