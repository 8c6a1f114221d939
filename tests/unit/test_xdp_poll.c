/* SPDX-License-Identifier: BSD-2-Clause */
/* poll() of an AF_XDP queue whose kernel lies. The rings are ordinary memory
 * here; frames and stack are real. */
#include "unit.h"

#include <stdlib.h>

#include "fixture.h"
#include "xdp.h"

#define SIZE 1024u
#define BUDGET 16

/* A ring as the kernel sees it. */
struct fake_ring {
	u32 producer, consumer, flags;
	union {
		__u64 addr[SIZE];
		struct xdp_desc desc[SIZE];
	};
};

static struct fx f;
static struct fake_ring fill, rx;
static struct xdp xdp;
static struct xdp_queue q;

/* Frames for all of the fill ring are lent. */
static int setup(void **state)
{
	struct xdp_rings *r = &q.rings;

	(void)state;
	fx_open(&f);
	xdp.dev = f.dev;
	netdev_get_frames(f.dev, &xdp.frames);
	q.xdp = &xdp;
	q.fd = -1;
	netif_napi_add(f.dev, &q.napi, 0, xdp_poll);
	r->fill = (struct xsk_ring_prod){
		.producer = &fill.producer, .consumer = &fill.consumer,
		.flags = &fill.flags, .ring = &fill.addr, .size = SIZE,
		.mask = SIZE - 1, .cached_cons = SIZE,
	};
	r->rx = (struct xsk_ring_cons){
		.producer = &rx.producer, .consumer = &rx.consumer,
		.flags = &rx.flags, .ring = &rx.addr, .size = SIZE,
		.mask = SIZE - 1,
	};
	r->nr_frames = xdp.frames.nr_frames;
	r->frame_size = xdp.frames.frame_size;
	r->in_fill = calloc(r->nr_frames, 1);
	assert_int_equal(xdp_refill(&q), SIZE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	xdp_rx_drain(&q);
	for (u32 i = 0; i < q.rings.nr_frames; i++)
		if (q.rings.in_fill[i])
			netdev_frame_put(netdev_frame(&xdp.frames, i));
	free(q.rings.in_fill);
	netif_napi_del(&q.napi);
	fx_close(&f);
	return 0;
}

/* The kernel fills the oldest frame that it was lent. */
static void filled(u32 options)
{
	u64 addr = fill.addr[fill.consumer++ % SIZE];

	rx.desc[rx.producer++ % SIZE] = (struct xdp_desc){
		.addr = addr + 256, .len = 100, .options = options };
}

/* A packet that never ends is lost when it is too long for any, and the rest is
 * thrown away, as much in each turn as there may be packets; what comes after it
 * is taken. @attack L5 */
static void packet_without_an_end_does_not_hold_poll(void **state)
{
	u32 before = 0, turns;

	(void)state;
	for (u32 i = 0; i < SIZE - 2; i++)
		filled(XDP_PKT_CONTD);
	filled(0);
	filled(0);
	for (turns = 0; rx.consumer != rx.producer && turns < SIZE; turns++) {
		if (turns < SIZE / BUDGET - 4)
			assert_int_equal(xdp_poll(&q.napi, BUDGET), BUDGET);
		else
			xdp_poll(&q.napi, 1);
		assert_in_range(rx.consumer - before, 1,
				MAX_SKB_FRAGS + 1 + BUDGET);
		before = rx.consumer;
	}
	assert_int_equal(rx.consumer, rx.producer);
	assert_int_equal(q.rx_dropped, 1);
	assert_int_equal(q.rx_packets, 1);
	assert_int_equal(q.rings.nr_in_fill, SIZE);
	assert_int_equal(q.rings.rx_bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packet_without_an_end_does_not_hold_poll),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
