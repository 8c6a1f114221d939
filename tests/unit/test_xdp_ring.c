/* SPDX-License-Identifier: BSD-2-Clause */
/* The rings of AF_XDP against a kernel that lies: what it claims is counted and
 * changes nothing. The rings are ordinary memory here. */
#include "unit.h"

#include <string.h>

#include "lib/compiler.h"
#include "xdp_ring.h"

#define SIZE 8u
#define FRAME 2048u
#define NR_FRAMES 32u
#define DATA_OFF 258u

/* One ring as the kernel sees it. */
struct fake_ring {
	u32 producer, consumer, flags;
	union {
		__u64 addr[SIZE];
		struct xdp_desc desc[SIZE];
	};
};

struct fake {
	struct fake_ring fill, rx, tx, completion;
	struct xdp_rings r;
	u8 in_fill[NR_FRAMES];
	u16 in_tx[NR_FRAMES];
	u32 tx_len[SIZE];
};

/* As libxdp hands a ring over that we fill: all of it is free. */
static void map_prod(struct xsk_ring_prod *ring, struct fake_ring *fake)
{
	*ring = (struct xsk_ring_prod){
		.producer = &fake->producer, .consumer = &fake->consumer,
		.flags = &fake->flags, .ring = &fake->addr,
		.size = SIZE, .mask = SIZE - 1, .cached_cons = SIZE,
	};
}

static void map_cons(struct xsk_ring_cons *ring, struct fake_ring *fake)
{
	*ring = (struct xsk_ring_cons){
		.producer = &fake->producer, .consumer = &fake->consumer,
		.flags = &fake->flags, .ring = &fake->addr,
		.size = SIZE, .mask = SIZE - 1,
	};
}

static int setup(void **state)
{
	struct fake *k = calloc(1, sizeof(*k));

	map_prod(&k->r.fill, &k->fill);
	map_cons(&k->r.rx, &k->rx);
	map_prod(&k->r.tx, &k->tx);
	map_cons(&k->r.completion, &k->completion);
	k->r.frame_size = FRAME;
	k->r.nr_frames = NR_FRAMES;
	k->r.in_fill = k->in_fill;
	k->r.in_tx = k->in_tx;
	k->r.tx_len = k->tx_len;
	*state = k;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* The kernel says that it filled something. */
static void claim(struct fake *k, u64 addr, u32 len, u32 options)
{
	k->rx.desc[k->rx.producer++ % SIZE] = (struct xdp_desc){
		.addr = addr, .len = len, .options = options };
}

/* And that it sent something. */
static void complete(struct fake *k, u64 addr)
{
	k->completion.addr[k->completion.producer++ % SIZE] = addr;
}

static void lend(struct fake *k, u32 frame)
{
	assert_true(xdp_fill_put(&k->r, frame));
	xdp_rx_publish(&k->r);
}

/* The kernel takes the oldest frame that it was lent. */
static u64 borrow(struct fake *k)
{
	assert_true(k->fill.consumer != k->fill.producer);
	return k->fill.addr[k->fill.consumer++ % SIZE];
}

static void send(struct fake *k, u32 frame, u32 off, u32 len)
{
	const struct xdp_buf buf = { .frame = frame, .off = off, .len = len };

	xdp_tx_put(&k->r, &buf);
	xdp_tx_publish(&k->r);
}

/* Takes one, which must be refused, and nothing after it. */
static void assert_refused(struct fake *k)
{
	u32 held = k->r.nr_in_fill;
	u64 bad = k->r.rx_bad;
	struct xdp_buf buf;

	assert_int_equal(xdp_rx_take(&k->r, &buf), XDP_TAKEN_BAD);
	assert_int_equal(k->r.rx_bad, bad + 1);
	assert_int_equal(k->r.nr_in_fill, held);
	assert_int_equal(xdp_rx_take(&k->r, &buf), XDP_TAKEN_NONE);
}

static void frame_filled_comes_back_once(void **state)
{
	struct fake *k = *state;
	struct xdp_buf buf;

	for (u32 i = 0; i < 3 * SIZE; i++) {
		lend(k, i % NR_FRAMES);
		claim(k, borrow(k) + DATA_OFF, 60 + i,
		      i & 1 ? XDP_PKT_CONTD : 0);
		assert_int_equal(xdp_rx_take(&k->r, &buf), XDP_TAKEN_GOOD);
		assert_int_equal(buf.frame, i % NR_FRAMES);
		assert_int_equal(buf.off, DATA_OFF);
		assert_int_equal(buf.len, 60 + i);
		assert_int_equal(buf.more, i & 1);
		assert_int_equal(xdp_rx_take(&k->r, &buf), XDP_TAKEN_NONE);
		xdp_rx_publish(&k->r);
		assert_int_equal(k->rx.consumer, i + 1);
	}
	assert_int_equal(k->r.nr_in_fill, 0);
	assert_int_equal(k->r.rx_bad, 0);
}

static void full_fill_ring_takes_no_more(void **state)
{
	struct fake *k = *state;

	for (u32 i = 0; i < SIZE; i++)
		lend(k, i);
	assert_false(xdp_fill_put(&k->r, SIZE));
	assert_int_equal(k->in_fill[SIZE], 0);
	borrow(k);
	lend(k, SIZE);
	assert_int_equal(k->r.rx_bad, 0);
}

/* @attack L5: outside the region, far and near */
static void address_outside_the_frames_is_refused(void **state)
{
	static const u64 outside[] = {
		(u64)NR_FRAMES * FRAME, (u64)NR_FRAMES * FRAME + DATA_OFF,
		1ull << 32, (1ull << 48) + DATA_OFF, UINT64_MAX,
		UINT64_MAX - FRAME + 1,
	};
	struct fake *k = *state;

	lend(k, 3);
	for (u32 i = 0; i < ARRAY_SIZE(outside); i++) {
		claim(k, outside[i], 60, 0);
		assert_refused(k);
	}
	assert_int_equal(k->in_fill[3], 1);
}

/* @attack L5: beyond the end of the frame, and nothing at all */
static void length_beyond_the_frame_is_refused(void **state)
{
	static const struct { u32 off, len; } bad[] = {
		{ 0, FRAME + 1 }, { 1, FRAME }, { FRAME - 1, 2 },
		{ DATA_OFF, UINT32_MAX }, { DATA_OFF, 0 },
		{ DATA_OFF, UINT32_MAX - DATA_OFF + 1 },
	};
	struct fake *k = *state;
	struct xdp_buf buf;

	lend(k, 5);
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		claim(k, 5 * FRAME + bad[i].off, bad[i].len, 0);
		assert_refused(k);
	}
	claim(k, 5 * FRAME + FRAME - 1, 1, 0);
	assert_int_equal(xdp_rx_take(&k->r, &buf), XDP_TAKEN_GOOD);
}

/* @attack L5: a frame that comes back twice, or never was given */
static void frame_not_lent_is_refused(void **state)
{
	struct fake *k = *state;
	struct xdp_buf buf;

	lend(k, 7);
	claim(k, 8 * FRAME + DATA_OFF, 60, 0);
	assert_refused(k);
	claim(k, 7 * FRAME + DATA_OFF, 60, 0);
	assert_int_equal(xdp_rx_take(&k->r, &buf), XDP_TAKEN_GOOD);
	claim(k, 7 * FRAME + DATA_OFF, 60, 0);
	assert_refused(k);
	send(k, 9, 0, 60);
	claim(k, 9 * FRAME, 60, 0);	/* it is there to be read */
	assert_refused(k);
}

static void frame_sent_comes_back_as_often_as_it_was_put(void **state)
{
	struct fake *k = *state;
	u32 frame;

	for (u32 i = 0; i < 3 * SIZE; i++) {
		send(k, 4, 100, 50);
		send(k, 4, 150, 50);
		assert_int_equal(k->tx.desc[(2 * i) % SIZE].addr,
				 4 * FRAME + 100);
		assert_int_equal(k->tx.desc[(2 * i + 1) % SIZE].len, 50);
		assert_int_equal(xdp_tx_room(&k->r), SIZE - 2);
		assert_true(xdp_tx_pending(&k->r));
		k->tx.consumer += 2;
		assert_false(xdp_tx_pending(&k->r));
		complete(k, 4 * FRAME + 100);
		complete(k, 4 * FRAME + 150);
		assert_int_equal(xdp_tx_take(&k->r, &frame), XDP_TAKEN_GOOD);
		assert_int_equal(frame, 4);
		assert_int_equal(xdp_tx_take(&k->r, &frame), XDP_TAKEN_GOOD);
		assert_int_equal(xdp_tx_take(&k->r, &frame), XDP_TAKEN_NONE);
		assert_int_equal(xdp_tx_room(&k->r), SIZE);
	}
	assert_int_equal(k->r.tx_bad, 0);
}

/* @attack L5: completed twice, never sent, outside */
static void completion_that_cannot_be_is_refused(void **state)
{
	static const u64 bad[] = {
		6 * FRAME + 80, 11 * FRAME, (u64)NR_FRAMES * FRAME, UINT64_MAX,
	};
	struct fake *k = *state;
	u32 frame;

	send(k, 6, 80, 60);
	complete(k, 6 * FRAME + 80);
	assert_int_equal(xdp_tx_take(&k->r, &frame), XDP_TAKEN_GOOD);
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		complete(k, bad[i]);
		assert_int_equal(xdp_tx_take(&k->r, &frame), XDP_TAKEN_BAD);
		assert_int_equal(xdp_tx_take(&k->r, &frame), XDP_TAKEN_NONE);
	}
	assert_int_equal(k->r.tx_bad, ARRAY_SIZE(bad));
	assert_int_equal(xdp_tx_room(&k->r), SIZE);
}

/* @attack L5: indices further ahead than the ring is long */
static void index_that_cannot_be_yields_nothing(void **state)
{
	static const u32 jumps[] = { SIZE + 1, 1000, 0x80000000, UINT32_MAX };
	struct fake *k = *state;
	struct xdp_buf buf;
	u32 frame;

	for (u32 i = 0; i < ARRAY_SIZE(jumps); i++) {
		k->rx.producer = jumps[i];
		k->completion.producer = jumps[i];
		assert_int_equal(xdp_rx_take(&k->r, &buf), XDP_TAKEN_NONE);
		assert_int_equal(xdp_tx_take(&k->r, &frame), XDP_TAKEN_NONE);
		assert_int_equal(k->r.rx_bad, i + 1);
		assert_int_equal(k->r.tx_bad, i + 1);
	}
	for (u32 i = 0; i < SIZE; i++)
		lend(k, i);
	k->fill.consumer = SIZE + 1;	/* more than it was lent */
	assert_false(xdp_fill_put(&k->r, SIZE));
	k->rx.producer = 0;
	k->fill.consumer = 0;
	claim(k, 0, 60, 0);		/* it comes to its senses */
	assert_int_equal(xdp_rx_take(&k->r, &buf), XDP_TAKEN_GOOD);
}

/* Anything at all in all rings, for a long time: no step goes astray, and what
 * is held is what was given. @attack L5 */
static void rings_full_of_noise_change_nothing(void **state)
{
	struct fake *k = *state;
	struct xdp_buf buf;
	u32 x = 1, frame, held = 0, sent = 0;

	for (u32 round = 0; round < 100000; round++) {
		u32 *noise[] = { &k->rx.producer, &k->fill.consumer,
				 &k->tx.consumer, &k->completion.producer };

		for (u32 i = 0; i < ARRAY_SIZE(noise); i++) {
			x = x * 1664525 + 1013904223;
			*noise[i] += x >> (x & 1 ? 30 : 8);
		}
		for (u32 i = 0; i < SIZE; i++) {
			x = x * 1664525 + 1013904223;
			k->rx.desc[i].addr = x >> 12;
			k->rx.desc[i].len = x & 4095;
			k->completion.addr[i] = x >> 14;
		}
		if (xdp_fill_put(&k->r, round % NR_FRAMES))
			held += k->in_fill[round % NR_FRAMES] == 1;
		for (u32 i = 0; i < SIZE; i++) {
			if (xdp_rx_take(&k->r, &buf) == XDP_TAKEN_GOOD)
				assert_true(buf.off + buf.len <= FRAME &&
					    buf.frame < NR_FRAMES);
			if (xdp_tx_take(&k->r, &frame) == XDP_TAKEN_GOOD)
				sent--;
		}
		if (xdp_tx_room(&k->r)) {
			send(k, round % NR_FRAMES, 0, 60);
			sent++;
		}
		xdp_rx_publish(&k->r);
		assert_int_equal(sent, k->r.nr_in_tx);
	}
	assert_true(held > 0);
}

#define RING_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(frame_filled_comes_back_once),
		RING_TEST(full_fill_ring_takes_no_more),
		RING_TEST(address_outside_the_frames_is_refused),
		RING_TEST(length_beyond_the_frame_is_refused),
		RING_TEST(frame_not_lent_is_refused),
		RING_TEST(frame_sent_comes_back_as_often_as_it_was_put),
		RING_TEST(completion_that_cannot_be_is_refused),
		RING_TEST(index_that_cannot_be_yields_nothing),
		RING_TEST(rings_full_of_noise_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
