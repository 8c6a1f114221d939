/* SPDX-License-Identifier: BSD-2-Clause */
/* The wire beyond the contract of devices: faults, time, its two ends. All in
 * one thread, on a clock that the test sets. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/udp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inet/control.h>
#include <inet/netdev.h>
#include <inet/socket.h>
#include <inet/trace.h>

#include "dut.h"
#include "core/net.h"

#define MS 1000000ull

/* Two simulated stacks on one clock, and a wire. */
struct rig {
	u64 now_ns;
	struct inet_env env;
	struct net *a, *b;
	struct net_device *dev_a, *dev_b;
	struct inet_wire *wire;
	struct packet_type pt_a, pt_b;
	struct dut_frames rx_a, rx_b;
	char said[1000];		/* the last lines of the log */
};

static void rig_log(void *opaque, int level, const char *line)
{
	struct rig *r = opaque;
	size_t used = strlen(r->said);

	(void)level;
	snprintf(r->said + used, sizeof(r->said) - used, "%s;", line);
}

static u64 rig_now(void *opaque)
{
	return ((struct rig *)opaque)->now_ns;
}

static struct net *rig_stack(struct rig *r)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_SIMULATED,
		.nr_frames = 4096, .env = &r->env,
	};
	struct net *net = inet_create(&cfg);

	assert_non_null(net);
	return net;
}

static struct rig *rig_new(const struct inet_wire_config *cfg)
{
	struct rig *r = calloc(1, sizeof(*r));

	r->now_ns = 1000 * MS;
	r->env = *inet_env_default();
	r->env.opaque = r;
	r->env.now = rig_now;
	r->env.log = rig_log;
	pthread_mutex_init(&r->rx_a.lock, NULL);
	pthread_mutex_init(&r->rx_b.lock, NULL);
	r->a = rig_stack(r);
	r->b = rig_stack(r);
	r->wire = inet_wire_connect(r->a, "wa", r->b, "wb", cfg);
	assert_non_null(r->wire);
	r->dev_a = inet_wire_device(r->wire, 'a');
	r->dev_b = inet_wire_device(r->wire, 'b');
	dut_collect(&r->rx_a, r->a, &r->pt_a, r->dev_a);
	dut_collect(&r->rx_b, r->b, &r->pt_b, r->dev_b);
	assert_int_equal(inet_netdev_up(r->dev_a), 0);
	assert_int_equal(inet_netdev_up(r->dev_b), 0);
	return r;
}

static void rig_free(struct rig *r)
{
	if (r->dev_a)
		dev_remove_pack(r->a, &r->pt_a);
	if (r->dev_b)
		dev_remove_pack(r->b, &r->pt_b);
	inet_wire_close(r->wire);
	inet_destroy(r->a);
	inet_destroy(r->b);
	dut_frames_clear(&r->rx_a);
	dut_frames_clear(&r->rx_b);
	free(r);
}

/* Runs both until neither has anything to do at this moment. */
static void rig_run(struct rig *r)
{
	for (u32 quiet = 0; quiet < 3;) {
		int work = (r->a ? inet_run(r->a, 0) : 0) +
			   (r->b ? inet_run(r->b, 0) : 0);

		quiet = work ? 0 : quiet + 1;
	}
}

/* Lets the time pass in steps, so that timers come in their order. */
static void rig_pass(struct rig *r, u64 ns)
{
	for (u64 end = r->now_ns + ns; r->now_ns < end;) {
		r->now_ns += end - r->now_ns < MS / 10 ?
			     end - r->now_ns : MS / 10;
		rig_run(r);
	}
}

static void send_a(struct rig *r, u32 len, u32 seq)
{
	u8 *frame = malloc(len);

	dut_frame(frame, len, seq);
	dut_xmit(r->a, r->dev_a, frame, len);
	free(frame);
}

static void set_queue(struct rig *r, const char *knob, const char *value)
{
	assert_int_equal(inet_netdev_set_queue(r->dev_a, knob, value), 0);
}

static struct inet_wire_counters counters(struct rig *r,
					  enum inet_wire_direction direction)
{
	struct inet_wire_counters c;

	assert_int_equal(inet_wire_get_counters(r->wire, direction, &c), 0);
	return c;
}

static struct inet_wire_config config_a_to_b(struct inet_fault_config f)
{
	return (struct inet_wire_config){
		.size = sizeof(struct inet_wire_config), .a_to_b = f,
	};
}

/* ---- time ------------------------------------------------------------- */

/* The receiver is rung by the first frame of a burst, and polls once; the next
 * burst rings it again. */
static void burst_of_frames_is_one_poll(void **state)
{
	struct rig *r = rig_new(NULL);
	u32 polls = 0;

	(void)state;
	assert_int_equal(inet_trace_start(r->b, 1000), 0);
	for (u32 i = 0; i < 10; i++) {
		send_a(r, 100, i);
		if (i % 5 == 4)
			rig_run(r);
	}
	inet_trace_stop(r->b);
	for (size_t i = 0; i < inet_trace_count(r->b); i++)
		polls += !strcmp(inet_trace_get(r->b, i)->function,
				 "napi->poll");
	assert_int_equal(r->rx_b.nr, 10);
	assert_int_equal(polls, 2);
	rig_free(r);
}

static void delayed_frame_comes_when_it_is_due(void **state)
{
	struct inet_wire_config cfg =
		config_a_to_b((struct inet_fault_config){ .delay_ns = 20 * MS });
	struct rig *r = rig_new(&cfg);

	(void)state;
	send_a(r, 100, 1);
	rig_pass(r, 20 * MS - 1);
	assert_int_equal(r->rx_b.nr, 0);
	rig_pass(r, MS / 10);		/* a tick of the wheel */
	assert_int_equal(r->rx_b.nr, 1);
	assert_true(dut_frame_is(&r->rx_b.frame[0], 100, 1));
	/* The other direction has no delay. */
	dut_xmit(r->b, r->dev_b, r->rx_b.frame[0].bytes, 100);
	rig_run(r);
	assert_int_equal(r->rx_a.nr, 1);
	rig_free(r);
}

static void rate_spreads_frames_over_time(void **state)
{
	struct inet_wire_config cfg = config_a_to_b(
		(struct inet_fault_config){ .rate_bps = 8000000 });
	struct rig *r = rig_new(&cfg);

	(void)state;
	for (u32 i = 0; i < 100; i++)
		send_a(r, 1000, i);		/* 1 ms each */
	rig_pass(r, 50 * MS);
	assert_in_range(r->rx_b.nr, 48, 50);
	rig_pass(r, 51 * MS);
	assert_int_equal(r->rx_b.nr, 100);
	for (u32 i = 0; i < 100; i++)
		assert_true(dut_frame_is(&r->rx_b.frame[i], 1000, i));
	rig_free(r);
}

/* No queue limit: the sender waits, as behind a slow device. */
static void slow_link_without_queue_limit_loses_nothing(void **state)
{
	struct inet_wire_config cfg = config_a_to_b(
		(struct inet_fault_config){ .rate_bps = 8000000 });
	struct rig *r;

	(void)state;
	cfg.ring_frames = 16;
	r = rig_new(&cfg);
	set_queue(r, "tx-0/byte_queue_limits/limit_min", "max");
	netdev_tx_reset_queue(r->dev_a, 0);
	for (u32 i = 0; i < 500; i++)
		send_a(r, 1000, i);
	assert_int_equal(counters(r, INET_WIRE_A_TO_B).sent, 16);
	assert_true(counters(r, INET_WIRE_A_TO_B).waited > 0);
	rig_pass(r, 600 * MS);
	assert_int_equal(r->rx_b.nr, 500);
	for (u32 i = 0; i < 500; i++)
		assert_true(dut_frame_is(&r->rx_b.frame[i], 1000, i));
	assert_int_equal(counters(r, INET_WIRE_A_TO_B).faults.lost_queue, 0);
	rig_free(r);
}

/*
 * With byte queue limits the link holds what it sends until it is looked after
 * again, and is never idle: all arrives as fast as by a full ring.
 */
static void slow_link_holds_no_more_than_it_needs(void **state)
{
	struct inet_wire_config cfg = config_a_to_b(
		(struct inet_fault_config){ .rate_bps = 80000000 });
	struct rig *r = rig_new(&cfg);
	u32 most = 0, held;
	char text[20];

	(void)state;
	for (u32 i = 0; i < 900; i++)
		send_a(r, 1000, i);		/* 0.1 ms each */
	for (u32 i = 0; i < 900; i++) {
		rig_pass(r, MS / 10);
		assert_int_equal(inet_netdev_get_queue(r->dev_a,
				 "tx-0/byte_queue_limits/inflight", text,
				 sizeof(text)), 0);
		held = (u32)atoi(text);
		most = held > most ? held : most;
	}
	assert_in_range(most, 2000, 8000);
	rig_pass(r, 2 * MS);
	assert_int_equal(r->rx_b.nr, 900);
	for (u32 i = 0; i < 900; i++)
		assert_true(dut_frame_is(&r->rx_b.frame[i], 1000, i));
	/* all that waits at the end is forgotten with the device */
	for (u32 i = 0; i < 100; i++)
		send_a(r, 1000, i);
	assert_int_equal(inet_netdev_down(r->dev_a), 0);
	assert_int_equal(inet_netdev_up(r->dev_a), 0);
	rig_pass(r, 20 * MS);
	send_a(r, 1000, 0);
	assert_true(r->rx_b.nr >= 901);
	rig_free(r);
}

/* The limits hold no byte back once there is no rate. */
static void link_that_loses_its_rate_goes_on(void **state)
{
	struct inet_wire_config cfg = config_a_to_b(
		(struct inet_fault_config){ .rate_bps = 8000 });
	const struct inet_fault_config none = { 0 };
	struct rig *r = rig_new(&cfg);

	(void)state;
	for (u32 i = 0; i < 20; i++)
		send_a(r, 1000, i);		/* 1 s each */
	rig_pass(r, 100 * MS);
	assert_int_equal(r->rx_b.nr, 0);
	assert_int_equal(inet_wire_set_faults(r->wire, INET_WIRE_BOTH, &none),
			 0);
	rig_pass(r, 3000 * MS);
	assert_int_equal(r->rx_b.nr, 20);
	rig_free(r);
}

static void slow_link_with_queue_limit_drops_the_tail(void **state)
{
	struct inet_wire_config cfg = config_a_to_b((struct inet_fault_config){
		.rate_bps = 8000000, .queue_bytes = 50000 });
	struct rig *r = rig_new(&cfg);

	(void)state;
	for (u32 i = 0; i < 100; i++)
		send_a(r, 1000, i);
	rig_pass(r, 200 * MS);
	assert_int_equal(r->rx_b.nr, 51);
	assert_int_equal(counters(r, INET_WIRE_A_TO_B).faults.lost_queue, 49);
	rig_free(r);
}

/* ---- faults ----------------------------------------------------------- */

static const struct inet_fault_config bad_link = {
	.seed = 77, .loss_ppm = 50000, .dup_ppm = 50000, .dup_max = 3,
	.reorder_ppm = 50000, .reorder_ns = 3 * MS, .delay_ns = MS,
	.jitter_ns = MS, .truncate_ppm = 20000, .pad_ppm = 20000,
};

/* A digest of what a bad link delivers of 2,000 frames. */
static u64 bad_link_digest(struct inet_fault_counters *faults)
{
	struct inet_wire_config cfg = config_a_to_b(bad_link);
	struct rig *r = rig_new(&cfg);
	u64 h = 0;

	for (u32 i = 0; i < 2000; i++) {
		send_a(r, 100 + i % 1000, i);
		rig_pass(r, MS / 10);
	}
	rig_pass(r, 20 * MS);
	for (u32 i = 0; i < r->rx_b.nr; i++)
		for (u32 k = 0; k < r->rx_b.frame[i].len; k++)
			h = h * 1099511628211ull + r->rx_b.frame[i].bytes[k];
	*faults = counters(r, INET_WIRE_A_TO_B).faults;
	/* Truncation below the Ethernet header makes runts. */
	assert_in_range(r->rx_b.nr, faults->passed - faults->truncated,
			faults->passed);
	assert_int_equal(counters(r, INET_WIRE_A_TO_B).received, faults->passed);
	rig_free(r);
	return h;
}

static void bad_link_repeats_by_its_seed(void **state)
{
	struct inet_fault_counters first, second;
	u64 h = bad_link_digest(&first);

	(void)state;
	assert_true(h == bad_link_digest(&second));
	assert_memory_equal(&first, &second, sizeof(first));
	assert_int_equal(first.frames, 2000);
	assert_int_equal(first.passed,
			 first.frames - first.lost + first.duplicated);
	assert_in_range(first.lost, 60, 140);
	assert_in_range(first.reordered, 50, 140);
	assert_in_range(first.truncated, 15, 70);
	assert_in_range(first.padded, 15, 70);
}

static void partition_one_way_lets_the_other_pass(void **state)
{
	struct rig *r = rig_new(NULL);
	u8 frame[100];

	(void)state;
	dut_frame(frame, sizeof(frame), 1);
	inet_wire_partition(r->wire, INET_WIRE_A_TO_B, true);
	send_a(r, 100, 1);
	dut_xmit(r->b, r->dev_b, frame, sizeof(frame));
	rig_run(r);
	assert_int_equal(r->rx_b.nr, 0);
	assert_int_equal(r->rx_a.nr, 1);
	inet_wire_partition(r->wire, INET_WIRE_BOTH, true);
	dut_xmit(r->b, r->dev_b, frame, sizeof(frame));
	rig_run(r);
	assert_int_equal(r->rx_a.nr, 1);
	inet_wire_partition(r->wire, INET_WIRE_BOTH, false);
	send_a(r, 100, 2);
	dut_xmit(r->b, r->dev_b, frame, sizeof(frame));
	rig_run(r);
	assert_int_equal(r->rx_a.nr, 2);
	assert_int_equal(r->rx_b.nr, 1);
	assert_int_equal(counters(r, INET_WIRE_A_TO_B).faults.lost_partition,
			 1);
	assert_int_equal(counters(r, INET_WIRE_B_TO_A).faults.lost_partition,
			 1);
	rig_free(r);
}

/* Frames under way are neither lost nor overtaken when the delay goes. */
static void faults_switched_while_frames_fly_keep_the_order(void **state)
{
	const struct inet_fault_config slow = { .delay_ns = 5 * MS }, none = { 0 };
	struct rig *r = rig_new(NULL);
	u32 seq = 0;

	(void)state;
	for (u32 round = 0; round < 20; round++) {
		assert_int_equal(inet_wire_set_faults(r->wire, INET_WIRE_BOTH,
				 round % 2 ? &none : &slow), 0);
		for (u32 i = 0; i < 20; i++)
			send_a(r, 60 + seq % 100, seq), seq++;
		rig_pass(r, round % 3 * MS);
	}
	rig_pass(r, 20 * MS);
	assert_int_equal(r->rx_b.nr, seq);
	for (u32 i = 0; i < seq; i++)
		assert_true(dut_frame_is(&r->rx_b.frame[i], 60 + i % 100, i));
	rig_free(r);
}

static void bad_faults_are_refused(void **state)
{
	const struct inet_fault_config bad = { .loss_ppm = 1000001 };
	const struct inet_fault_config none = { 0 };
	struct inet_wire_counters c;
	struct rig *r = rig_new(NULL);

	(void)state;
	assert_int_equal(inet_wire_set_faults(r->wire, INET_WIRE_BOTH, &bad),
			 -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_wire_set_faults(r->wire, 0, &none), -1);
	assert_int_equal(inet_wire_get_counters(r->wire, INET_WIRE_BOTH, &c),
			 -1);
	assert_int_equal(errno, EINVAL);
	rig_free(r);
}

static void mtu_black_hole_is_silent(void **state)
{
	struct inet_wire_config cfg = config_a_to_b(
		(struct inet_fault_config){ .mtu = 1000 });
	struct rig *r = rig_new(&cfg);

	(void)state;
	send_a(r, 1015, 1);
	send_a(r, 1014, 2);
	rig_run(r);
	assert_int_equal(r->rx_b.nr, 1);
	assert_true(dut_frame_is(&r->rx_b.frame[0], 1014, 2));
	rig_free(r);
}

/* ---- ends ------------------------------------------------------------- */

static void one_end_closed_the_other_loses_its_carrier(void **state)
{
	struct rig *r = rig_new(NULL);

	(void)state;
	for (u32 i = 0; i < 50; i++)
		send_a(r, 100, i);
	dev_remove_pack(r->b, &r->pt_b);
	assert_int_equal(inet_netdev_close(r->dev_b), 0);
	r->dev_b = NULL;
	assert_null(inet_wire_device(r->wire, 'b'));
	assert_int_equal(counters(r, INET_WIRE_A_TO_B).lost_down, 50);
	rig_run(r);
	assert_false(r->dev_a->carrier);
	send_a(r, 100, 1);
	rig_run(r);
	assert_int_equal(counters(r, INET_WIRE_A_TO_B).sent, 50);
	rig_free(r);
}

/* The link as inet_link_show() tells it. */
static void assert_link_shown(struct net *net, const char *part)
{
	char text[1000] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_int_equal(inet_link_show(net, out), 0);
	fclose(out);
	if (!strstr(text, part))
		fail_msg("'%s' not in: %s", part, text);
}

static void link_lost_the_application_learns_and_senders_are_not_blamed(
	void **state)
{
	struct rig *r = rig_new(NULL);
	struct inet_netdev_stats stats;
	u8 frame[100];

	(void)state;
	assert_int_equal(inet_netdev_get_carrier(r->dev_a), 1);
	assert_link_shown(r->a, "wa: <UP,LOWER_UP> mtu 1500 state UP");
	r->said[0] = '\0';
	inet_wire_set_carrier(r->wire, false);
	rig_run(r);
	assert_int_equal(inet_netdev_get_carrier(r->dev_a), 0);
	assert_string_equal(r->said, "wa: link is down;wb: link is down;");
	assert_link_shown(r->a, "wa: <NO-CARRIER,UP> mtu 1500 state DOWN");
	dut_frame(frame, sizeof(frame), 1);
	assert_int_equal(dut_xmit(r->a, r->dev_a, frame, sizeof(frame)),
			 NET_XMIT_CN);
	inet_netdev_get_stats(r->dev_a, &stats);
	assert_int_equal(stats.tx_dropped, 1);
	r->said[0] = '\0';
	inet_wire_set_carrier(r->wire, true);
	rig_run(r);
	assert_int_equal(inet_netdev_get_carrier(r->dev_a), 1);
	assert_string_equal(r->said, "wa: link is up;wb: link is up;");
	assert_int_equal(inet_netdev_get_carrier(NULL), -1);
	assert_int_equal(errno, EINVAL);
	rig_free(r);
}

static void stack_destroyed_with_frames_in_the_heap_leaks_nothing(void **state)
{
	struct inet_wire_config cfg =
		config_a_to_b((struct inet_fault_config){ .delay_ns = 20 * MS });
	struct rig *r = rig_new(&cfg);

	(void)state;
	for (u32 i = 0; i < 50; i++)
		send_a(r, 100, i);
	rig_pass(r, MS);
	dev_remove_pack(r->b, &r->pt_b);
	inet_destroy(r->b);
	r->dev_b = NULL;
	r->b = NULL;
	assert_int_equal(counters(r, INET_WIRE_A_TO_B).lost_down, 50);
	rig_pass(r, 50 * MS);
	dev_remove_pack(r->a, &r->pt_a);
	inet_destroy(r->a);
	r->dev_a = NULL;
	r->a = NULL;
	rig_free(r);
}

static void sender_destroyed_its_frames_still_arrive(void **state)
{
	struct inet_wire_config cfg =
		config_a_to_b((struct inet_fault_config){ .delay_ns = 20 * MS });
	struct rig *r = rig_new(&cfg);

	(void)state;
	for (u32 i = 0; i < 50; i++)
		send_a(r, 100, i);
	dev_remove_pack(r->a, &r->pt_a);
	inet_destroy(r->a);
	r->a = NULL;
	r->dev_a = NULL;
	rig_pass(r, 30 * MS);
	assert_int_equal(r->rx_b.nr, 50);
	assert_false(r->dev_b->carrier);
	rig_free(r);
}

static void handle_closed_closes_both_devices(void **state)
{
	struct rig *r = rig_new(NULL);

	(void)state;
	dev_remove_pack(r->a, &r->pt_a);
	dev_remove_pack(r->b, &r->pt_b);
	inet_wire_close(r->wire);
	assert_null(inet_netdev_find(r->a, "wa"));
	assert_null(inet_netdev_find(r->b, "wb"));
	r->wire = NULL;
	r->dev_a = r->dev_b = NULL;
	rig_free(r);
	inet_wire_close(NULL);
}

static void receiver_without_memory_counts(void **state)
{
	const struct inet_wire_config cfg = { .size = sizeof(cfg),
					      .ring_frames = 512 };
	struct rig *r = rig_new(&cfg);

	(void)state;
	for (u32 i = 0; i < 400; i++)
		send_a(r, 100, i);
	rig_run(r);
	assert_int_equal(r->rx_b.nr, 400);
	/* The next frame header of the receiver cannot be had. */
	mem_fail_nth(&r->b->mem, 1);
	for (u32 i = 0; i < 3000 && !mem_failed(&r->b->mem); i++)
		send_a(r, 100, i);
	assert_true(mem_failed(&r->b->mem));
	assert_int_equal(counters(r, INET_WIRE_A_TO_B).lost_nomem, 1);
	rig_free(r);
}

/* ---- opening ---------------------------------------------------------- */

static void spec_makes_a_cable_within_one_stack(void **state)
{
	struct rig *r = rig_new(NULL);
	struct net_device *dev, *peer;
	struct packet_type pt;

	(void)state;
	dev = inet_netdev_open(r->a, "wire:w0,peer=w1,delay=2ms,mtu=1400,"
			       "mac=02:00:00:00:00:01,"
			       "peer-mac=02:00:00:00:00:02");
	assert_non_null(dev);
	assert_string_equal(dev->name, "w0");
	assert_int_equal(dev->mtu, 1400);
	assert_memory_equal(dev->dev_addr, "\2\0\0\0\0\1", 6);
	peer = inet_netdev_find(r->a, "w1");
	assert_memory_equal(peer->dev_addr, "\2\0\0\0\0\2", 6);
	assert_int_equal(inet_netdev_up(dev), 0);
	assert_int_equal(inet_netdev_up(peer), 0);
	dut_collect(&r->rx_b, r->a, &pt, peer);
	{
		u8 frame[100];

		dut_frame(frame, sizeof(frame), 1);
		dut_xmit(r->a, dev, frame, sizeof(frame));
	}
	rig_pass(r, MS);
	assert_int_equal(r->rx_b.nr, 0);
	rig_pass(r, 2 * MS);
	assert_int_equal(r->rx_b.nr, 1);
	dev_remove_pack(r->a, &pt);
	rig_free(r);
}

/* Asserts that opening @spec fails with @err and a sentence that holds @part */
static void refused(struct rig *r, const char *spec, int err, const char *part)
{
	assert_null(inet_netdev_open(r->a, spec));
	assert_int_equal(errno, err);
	if (!strstr(inet_strerror(r->a), part))
		fail_msg("'%s': %s", spec, inet_strerror(r->a));
}

static void bad_specs_are_refused_with_a_sentence(void **state)
{
	struct inet_wire_config cfg = { .size = sizeof(cfg) };
	struct rig *r = rig_new(NULL);
	size_t nr;

	(void)state;
	refused(r, "", ENODEV, "'' is no device driver");
	refused(r, "tapp:x", ENODEV, "'tapp' is no device driver; there are: tap tun wire");
	refused(r, "wire", EINVAL, "both ends need a name; usage: wire:");
	refused(r, "wire:w0", EINVAL, "both ends need a name");
	refused(r, "wire:w0,peer=w1,an-argument-that-is-not-there=1", EINVAL,
		"[,dup-max=N]");
	refused(r, "wire:w0,peer=w1,loss=200%", EINVAL, "loss=200% is out of");
	refused(r, "wire:w0,peer=w1,ring=100", EINVAL, "ring_frames 100");
	refused(r, "wire:wa,peer=w1", EEXIST, "wa");
	refused(r, "wire:w0,peer=wa", EEXIST, "wa");
	refused(r, "wire:w0,peer=w0", EEXIST, "w0");
	refused(r, "tap:t0", EOPNOTSUPP, "simulated");
	assert_null(inet_netdev_find(r->a, "w0"));
	cfg.mtu = 67;
	assert_null(inet_wire_connect(r->a, "x", r->b, "y", &cfg));
	assert_non_null(strstr(inet_strerror(r->a), "mtu 67"));
	cfg = (struct inet_wire_config){ .size = sizeof(cfg), .mac_b = { 1 } };
	assert_null(inet_wire_connect(r->a, "x", r->b, "y", &cfg));
	assert_non_null(strstr(inet_strerror(r->a), "mac of end b"));
	cfg = (struct inet_wire_config){ .size = sizeof(cfg),
					 .b_to_a.loss_ppm = 2000000 };
	assert_null(inet_wire_connect(r->a, "x", r->b, "y", &cfg));
	assert_string_equal(inet_strerror(r->a),
			    "wire: loss_ppm 2000000: not in 0..1000000");
	for (size_t size = 0; size <= sizeof(cfg) + 8; size += 8) {
		cfg = (struct inet_wire_config){ .size = size };
		if (size == sizeof(cfg))
			continue;
		assert_null(inet_wire_connect(r->a, "x", r->b, "y", &cfg));
		assert_non_null(strstr(inet_strerror(r->a), "wire: size"));
	}
	assert_null(inet_wire_connect(r->a, "x", r->b, "wb", NULL));
	assert_non_null(strstr(inet_strerror(r->a), "wb"));
	assert_null(inet_wire_connect(r->a, "a-name-of-seventeen", r->b, "y",
				      NULL));
	assert_null(inet_wire_connect(r->a, NULL, r->b, "y", NULL));
	assert_null(inet_wire_connect(r->a, "x", NULL, "y", NULL));
	assert_int_equal(errno, EINVAL);
	assert_non_null(inet_netdev_drivers(&nr));
	assert_true(nr >= 2);
	rig_free(r);
}

/* ---- offloads --------------------------------------------------------- */

#define TEXT 300000u

/* A stack of the rig gets another one behind it: a --wire-- b --w1-- c. */
struct line {
	struct rig *r;
	struct net *c;
	struct inet_wire *wire;
	struct socket *listener, *from, *to;
	u32 longest;		/* frame that c got */
};

static int line_look(struct sk_buff *skb, struct net_device *dev,
		     struct packet_type *pt, struct net_device *orig_dev)
{
	struct line *l = pt->af_packet_priv;

	(void)dev;
	(void)orig_dev;
	if (skb->len > l->longest)
		l->longest = skb->len;
	consume_skb(skb);
	return 0;
}

static void line_run(struct line *l)
{
	for (u32 i = 0; i < 20; i++) {
		rig_run(l->r);
		(void)inet_run(l->c, 0);
	}
}

static void line_up(struct net_device *dev, const char *addr)
{
	assert_int_equal(inet_addr_add(dev, addr), 0);
	assert_int_equal(inet_netdev_up(dev), 0);
}

static struct socket *line_socket(struct net *net)
{
	struct socket *s = inet_socket(net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_non_null(s);
	return s;
}

/* A connection from a to @addr, where somebody listens. */
static void line_connect(struct line *l, struct net *server, const char *addr)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };

	assert_int_equal(inet_pton(AF_INET, addr, &to.sin_addr), 1);
	l->listener = line_socket(server);
	assert_int_equal(inet_bind(l->listener, (void *)&to, sizeof(to)), 0);
	assert_int_equal(inet_listen(l->listener, 8), 0);
	l->from = line_socket(l->r->a);
	(void)inet_connect(l->from, (void *)&to, sizeof(to));
	line_run(l);
	l->to = inet_accept4(l->listener, NULL, NULL, SOCK_NONBLOCK);
	assert_non_null(l->to);
}

/* TEXT octets from a, as they were. */
static void line_transfer(struct line *l)
{
	static u8 out[TEXT], in[TEXT];
	u32 sent = 0, got = 0, turn, i;
	ssize_t n;

	for (i = 0; i < TEXT; i++)
		out[i] = (u8)(i * 31 + i / 251);
	for (turn = 0; got < TEXT && turn < 20000; turn++) {
		n = inet_send(l->from, out + sent, TEXT - sent, 0);
		if (n > 0)
			sent += (u32)n;
		line_run(l);
		while ((n = inet_recv(l->to, in + got, TEXT - got, 0)) > 0)
			got += (u32)n;
		l->r->now_ns += MS;
	}
	assert_int_equal(got, TEXT);
	assert_memory_equal(in, out, TEXT);
}

static void line_open(struct line *l)
{
	memset(l, 0, sizeof(*l));
	l->r = rig_new(NULL);
	dev_remove_pack(l->r->a, &l->r->pt_a);
	dev_remove_pack(l->r->b, &l->r->pt_b);
	l->c = rig_stack(l->r);
	l->wire = inet_wire_connect(l->r->b, "w1", l->c, "w1", NULL);
	assert_non_null(l->wire);
	line_up(l->r->dev_a, "10.0.0.1/24");
	line_up(l->r->dev_b, "10.0.0.2/24");
	line_up(inet_wire_device(l->wire, 'a'), "10.0.1.2/24");
	line_up(inet_wire_device(l->wire, 'b'), "10.0.1.3/24");
	assert_int_equal(inet_sysctl_set(l->r->b, "net.ipv4.ip_forward", "1"),
			 0);
	assert_int_equal(inet_route_add(l->r->a, "10.0.1.0/24 via 10.0.0.2"),
			 0);
	assert_int_equal(inet_route_add(l->c, "10.0.0.0/24 via 10.0.1.2"), 0);
	assert_int_equal(inet_netdev_set_feature(l->r->dev_a, "tx", true), 0);
	assert_int_equal(inet_netdev_set_feature(l->r->dev_a, "tso", true), 0);
	rig_pass(l->r, 3000 * MS);
	line_run(l);
}

static void line_close(struct line *l)
{
	inet_close(l->from);
	inet_close(l->to);
	inet_close(l->listener);
	line_run(l);
	inet_wire_close(l->wire);
	inet_destroy(l->c);
	rig_free(l->r);
}

static void large_packets_cross_whole(void **state)
{
	struct line l;
	u64 before;

	(void)state;
	line_open(&l);
	line_connect(&l, l.r->b, "10.0.0.2");
	before = counters(l.r, INET_WIRE_A_TO_B).received;
	line_transfer(&l);
	/* 206 segments */
	assert_in_range(counters(l.r, INET_WIRE_A_TO_B).received - before, 5,
			60);
	line_close(&l);
}

/* The router's other cable takes frames: completed, and cut. */
static void large_packets_are_cut_where_they_leave(void **state)
{
	struct packet_type pt = { .type = htons(3), .func = line_look };
	struct line l;

	(void)state;
	line_open(&l);
	pt.af_packet_priv = &l;
	assert_int_equal(dev_add_pack(l.c, &pt), 0);
	line_connect(&l, l.c, "10.0.1.3");
	line_transfer(&l);
	assert_int_equal(l.longest, 1500);
	dev_remove_pack(l.c, &pt);
	line_close(&l);
}

/* Faults are for frames: nothing large is on such a cable, before and after. */
static void faults_see_frames(void **state)
{
	struct inet_fault_config f = { .loss_ppm = 10000, .seed = 7 };
	struct line l;
	u64 before;

	(void)state;
	line_open(&l);
	line_connect(&l, l.r->b, "10.0.0.2");
	assert_int_equal(inet_wire_set_faults(l.r->wire, INET_WIRE_A_TO_B, &f),
			 0);
	before = counters(l.r, INET_WIRE_A_TO_B).received;
	line_transfer(&l);
	assert_true(counters(l.r, INET_WIRE_A_TO_B).received - before > 200);
	line_close(&l);
}

/* A datagram socket of @net, bound to port 7. */
static struct socket *line_datagrams(struct net *net)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(7) };
	struct socket *s = inet_socket(net, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK,
				       0);

	assert_non_null(s);
	assert_int_equal(inet_bind(s, (void *)&any, sizeof(any)), 0);
	return s;
}

/* 20 datagrams of 1,400 octets by one call from a to @addr, where each comes by
 * itself. */
static void line_pass_row(struct line *l, struct net *net, const char *addr)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
	static u8 out[28000], in[28000];
	const int size = 1400;
	u32 i;

	assert_int_equal(inet_netdev_set_feature(l->r->dev_a,
						 "tx-udp-segmentation", true), 0);
	assert_int_equal(inet_pton(AF_INET, addr, &to.sin_addr), 1);
	for (i = 0; i < sizeof(out); i++)
		out[i] = (u8)(i * 31 + i / 251);
	l->from = line_datagrams(l->r->a);
	l->to = line_datagrams(net);
	assert_int_equal(inet_setsockopt(l->from, IPPROTO_UDP, UDP_SEGMENT,
					 &size, sizeof(size)), 0);
	assert_int_equal(inet_sendto(l->from, out, sizeof(out), 0, (void *)&to,
				     sizeof(to)), sizeof(out));
	line_run(l);
	for (i = 0; i < sizeof(out); i += 1400)
		assert_int_equal(inet_recv(l->to, in + i, sizeof(in), 0), 1400);
	assert_int_equal(inet_recv(l->to, in, 1, 0), -1);
	assert_memory_equal(in, out, sizeof(out));
}

static void datagrams_cross_as_one_packet(void **state)
{
	struct line l;
	u64 before;

	(void)state;
	line_open(&l);
	line_pass_row(&l, l.r->b, "10.0.0.2");
	inet_close(l.from);
	inet_close(l.to);
	before = counters(l.r, INET_WIRE_A_TO_B).received;
	line_pass_row(&l, l.r->b, "10.0.0.2");	/* ARP is over */
	assert_int_equal(counters(l.r, INET_WIRE_A_TO_B).received - before, 1);
	line_close(&l);
}

/* As many octets wait in the ring as if they were frames, not 64 KiB for each
 * place. What the ring does not take waits in the sender. */
static void large_packets_take_the_place_of_many(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7) };
	static u8 row[28000];
	u32 rows = 0, got = 0;
	struct line l;
	u64 before;

	(void)state;
	line_open(&l);
	line_pass_row(&l, l.r->b, "10.0.0.2");
	assert_int_equal(inet_pton(AF_INET, "10.0.0.2", &to.sin_addr), 1);
	before = counters(l.r, INET_WIRE_A_TO_B).sent;
	while (inet_sendto(l.from, row, sizeof(row), 0, (void *)&to,
			   sizeof(to)) == sizeof(row))
		rows++;
	assert_int_equal(counters(l.r, INET_WIRE_A_TO_B).sent - before, 8);
	assert_true(rows > 8);
	line_run(&l);
	assert_int_equal(counters(l.r, INET_WIRE_A_TO_B).sent - before, rows);
	while (inet_recv(l.to, row, sizeof(row), 0) == 1400)
		got++;
	assert_true(got > 0);
	line_close(&l);
}

static void datagrams_are_cut_where_they_leave(void **state)
{
	struct packet_type pt = { .type = htons(3), .func = line_look };
	struct line l;

	(void)state;
	line_open(&l);
	pt.af_packet_priv = &l;
	assert_int_equal(dev_add_pack(l.c, &pt), 0);
	line_pass_row(&l, l.c, "10.0.1.3");
	assert_int_equal(l.longest, 1428);
	dev_remove_pack(l.c, &pt);
	line_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_of_frames_is_one_poll),
		cmocka_unit_test(delayed_frame_comes_when_it_is_due),
		cmocka_unit_test(rate_spreads_frames_over_time),
		cmocka_unit_test(slow_link_without_queue_limit_loses_nothing),
		cmocka_unit_test(slow_link_holds_no_more_than_it_needs),
		cmocka_unit_test(link_that_loses_its_rate_goes_on),
		cmocka_unit_test(slow_link_with_queue_limit_drops_the_tail),
		cmocka_unit_test(bad_link_repeats_by_its_seed),
		cmocka_unit_test(partition_one_way_lets_the_other_pass),
		cmocka_unit_test(
			faults_switched_while_frames_fly_keep_the_order),
		cmocka_unit_test(bad_faults_are_refused),
		cmocka_unit_test(mtu_black_hole_is_silent),
		cmocka_unit_test(one_end_closed_the_other_loses_its_carrier),
		cmocka_unit_test(
			link_lost_the_application_learns_and_senders_are_not_blamed),
		cmocka_unit_test(
			stack_destroyed_with_frames_in_the_heap_leaks_nothing),
		cmocka_unit_test(sender_destroyed_its_frames_still_arrive),
		cmocka_unit_test(handle_closed_closes_both_devices),
		cmocka_unit_test(receiver_without_memory_counts),
		cmocka_unit_test(spec_makes_a_cable_within_one_stack),
		cmocka_unit_test(bad_specs_are_refused_with_a_sentence),
		cmocka_unit_test(large_packets_cross_whole),
		cmocka_unit_test(large_packets_are_cut_where_they_leave),
		cmocka_unit_test(faults_see_frames),
		cmocka_unit_test(datagrams_cross_as_one_packet),
		cmocka_unit_test(large_packets_take_the_place_of_many),
		cmocka_unit_test(datagrams_are_cut_where_they_leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
