/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a peer's SACK blocks can cost (CVE-2019-11478, CVE-2021-31889): every segment that
 * the stack looks at for them is counted, in the tree, in a block and in the queue of what
 * is sent again.
 */
#include "unit.h"

#include <arpa/inet.h>

#include "lib/points.h"
#include "tcp_flight.h"

#define MSS 100
#define FLIGHT 600u		/* segments */
#define ACKS 100000u
#define PART (ACKS / 100)
/* Of an ACK: four blocks, each with a few ways down the tree. */
#define STEPS_MOST 250u

#define TINY 36u		/* octets, of the smallest MSS with timestamps */
#define TINY_SEGMENTS 80000u

static u64 steps;

void sim_walk(enum inet_walk walk)
{
	(void)walk;
}

void sim_step(enum inet_walk walk)
{
	steps += walk == WALK_SCOREBOARD || walk == WALK_SACK_BLOCK ||
		 walk == WALK_RETRANSMIT_QUEUE;
}

static u32 random_below(u32 n)
{
	static u32 seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* A flight of small segments, as much as a window takes without scaling. */
static void open_flight(struct tp *t)
{
	tp_open(t);
	t->sack = true;
	t->mss = MSS;
	flight_connect(t, FLIGHT);
	flight_write(t, FLIGHT * MSS);
	fx_flush(&t->f);
	assert_int_equal(flight_tcp(t)->packets_out, FLIGHT);
	fx_mark(&t->f);
	fx_advance(&t->f, FLIGHT_RTT);
}

/* ACKS of one kind, of which the last cost no more than the first. */
static void storm(struct tp *t, void (*send)(struct tp *t))
{
	u64 before, first = 0, last = 0, most = 0;

	for (u32 i = 0; i < ACKS; i++) {
		before = steps;
		send(t);
		fx_flush(&t->f);
		most = max(most, steps - before);
		if (i < PART)
			first += steps - before;
		else if (i >= ACKS - PART)
			last += steps - before;
	}
	assert_true(last <= 2 * first);
	assert_true(last <= (u64)PART * STEPS_MOST);
	/* what is new may be as much as the flight, once */
	assert_true(most <= 4 * FLIGHT);
	assert_true(flight_tcp(t)->packets_out <= FLIGHT);
}

static u32 at(u32 segment)
{
	return 1 + segment * MSS;
}

/* Blocks anywhere but on the first segment, in any order and overlapping. */
static void blocks_anywhere(struct tp *t)
{
	u32 edge[4][2];

	for (u32 i = 0; i < 4; i++) {
		edge[i][0] = 1 + random_below(FLIGHT - 1);
		edge[i][1] = edge[i][0] + 1 + random_below(FLIGHT - edge[i][0]);
	}
	SACK(t, 1, at(edge[0][0]), at(edge[0][1]), at(edge[1][0]),
	     at(edge[1][1]), at(edge[2][0]), at(edge[2][1]), at(edge[3][0]),
	     at(edge[3][1]));
}

/* @attack M5 @req 6675-6 */
static void blocks_anywhere_cost_what_is_new(void **st)
{
	struct tp t;

	(void)st;
	open_flight(&t);
	storm(&t, blocks_anywhere);
	tp_close(&t);
}

/* Edges in the middle of segments: none is cut for them. */
static void two_octets(struct tp *t)
{
	u32 from = at(1) + random_below((FLIGHT - 2) * MSS);

	SACK(t, 1, from, from + 2, from + 4, from + 6, from + 8, from + 10);
}

/* @attack M3 @req 6675-6 */
static void blocks_of_two_octets_cut_nothing(void **st)
{
	s32 held;
	struct tp t;

	(void)st;
	open_flight(&t);
	held = tp_sk(&t)->sk_wmem_queued;
	storm(&t, two_octets);
	assert_int_equal(flight_tcp(&t)->sacked_out, 0);
	assert_true(tp_sk(&t)->sk_wmem_queued <= held);
	tp_close(&t);
}

/* Every other segment, the farthest first: nothing lies together. */
static void every_other(struct tp *t)
{
	static u32 n;
	u32 s = FLIGHT - 1 - 2 * (n++ % (FLIGHT / 2 - 1));

	SACK(t, 1, at(s), at(s + 1));
}

/* @attack M3 @req 6675-6 */
static void every_other_segment_costs_a_way_down_the_tree(void **st)
{
	struct tp t;

	(void)st;
	open_flight(&t);
	storm(&t, every_other);
	tp_close(&t);
}

/* Turned round, beyond what was sent, behind the ACK, across the end of the numbers, and
 * reports of duplicates. */
static void lies(struct tp *t)
{
	u32 a = random_below(2 * FLIGHT * MSS), b = random_below(1u << 31);

	switch (random_below(4)) {
	case 0:
		SACK(t, 1, a + 2, a + 1, b, b - 5);
		break;
	case 1:
		SACK(t, 1, at(FLIGHT) + a, at(FLIGHT) + a + 100);
		break;
	case 2:
		SACK(t, 1, 0u - a, 1u, 0x80000000u + b, at(2));
		break;
	default:
		SACK(t, 1, 0u - 90, 1u);
	}
}

/* @attack M5 */
static void blocks_that_lie_cost_nothing(void **st)
{
	struct tp t;

	(void)st;
	open_flight(&t);
	storm(&t, lies);
	assert_int_equal(flight_tcp(&t)->sacked_out, 0);
	tp_close(&t);
}

/* All is told to have arrived, and is never acknowledged: the timer asks, and gives up as for
 * any silence. @attack M5 */
static void peer_that_reneges_is_given_up(void **st)
{
	struct tp t;

	(void)st;
	open_flight(&t);
	SACK(&t, 1, at(1), at(FLIGHT));
	ACK(&t, at(1));
	fx_flush(&t.f);
	for (u32 i = 0; i < 3000 && tp_state(&t) != TCP_CLOSE; i++) {
		fx_advance(&t.f, FX_SEC);
		fx_flush(&t.f);
	}
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_SACKRENEGING) >= 1);
	tp_close(&t);
}

/* No packet stands for more segments than its count holds, and together they are
 * those in flight. */
static void counts_hold(const struct tp *t)
{
	const struct tcp_sock *tp = flight_tcp(t);
	struct sk_buff *skb;
	u32 sum = 0;

	skb_queue_walk(&tp->rtx_queue, skb) {
		assert_in_range(tcp_skb_pcount(skb), 1, 65535);
		sum += tcp_skb_pcount(skb);
	}
	assert_int_equal(sum, tp->packets_out);
}

/*
 * The smallest segments that a peer can ask for, 36 octets behind timestamps, more of
 * them than 16 bits count, selected by ever larger blocks, so that what was selected
 * could be put together (CVE-2019-11477). @attack M2
 */
static void tiny_segments_beyond_16_bits_are_counted(void **st)
{
	struct tp t;

	(void)st;
	tp_open(&t);
	t.sack = t.ts = true;
	t.mss = TCP_MIN_SND_MSS;
	t.ws = 14;
	t.win = 65535;
	flight_connect(&t, 2 * TINY_SEGMENTS);
	fx_sysctl(&t.f, "net.core.wmem_max", "67108864");
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 64 << 20);
	for (u32 i = 0; i < TINY_SEGMENTS / 1000; i++) {
		flight_write(&t, 1000 * TINY);
		fx_flush(&t.f);
	}
	assert_int_equal(flight_tcp(&t)->mss_cache, TINY);
	assert_int_equal(flight_tcp(&t)->packets_out, TINY_SEGMENTS);
	counts_hold(&t);
	fx_advance(&t.f, FLIGHT_RTT);
	for (u32 n = 1; n < TINY_SEGMENTS; n += 1 + n / 8) {
		SACK(&t, 1, 1 + TINY, 1 + n * TINY);
		fx_flush(&t.f);
		counts_hold(&t);
	}
	assert_true(flight_tcp(&t)->sacked_out > 65535);
	ACK(&t, 1 + TINY_SEGMENTS * TINY);
	fx_flush(&t.f);
	assert_int_equal(flight_tcp(&t)->packets_out, 0);
	assert_int_equal(flight_tcp(&t)->sacked_out, 0);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_anywhere_cost_what_is_new),
		cmocka_unit_test(blocks_of_two_octets_cut_nothing),
		cmocka_unit_test(every_other_segment_costs_a_way_down_the_tree),
		cmocka_unit_test(blocks_that_lie_cost_nothing),
		cmocka_unit_test(peer_that_reneges_is_given_up),
		cmocka_unit_test(tiny_segments_beyond_16_bits_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
