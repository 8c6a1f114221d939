/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A card that lies: what it writes back, and its registers. Nothing that it says is
 * an index, a length beyond a frame is refused, and a reset sets all right. The last
 * case writes back anything, until IGB_LIES descriptors (default 1,000,000) were
 * taken for done.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <inet/netdev.h>

#include "core/net.h"
#include "igb_lab.h"

#define WATCH (IGB_WATCHDOG_NS + 1000000000)
#define FUZZ_DEFAULT 1000000u

static struct igb_q_vector *queue(struct igb_lab *l)
{
	return &l->igb->q_vector[0];
}

/* Of the ring nothing was lost, and its indices are inside. */
static void assert_rings_whole(struct igb_lab *l)
{
	const struct igb_rx_ring *rx = &queue(l)->rx;
	const struct igb_tx_ring *tx = &queue(l)->tx;
	u32 nr = 0;

	assert_true(rx->next_to_clean < rx->size && rx->next_to_use < rx->size);
	assert_int_equal(igb_ring_used(rx->size, rx->next_to_use,
				       rx->next_to_clean), rx->size - 1);
	for (u32 i = 0; i < rx->size; i++)
		nr += rx->frame[i] != NULL;
	assert_int_equal(nr, rx->size - 1);
	assert_true(tx->next_to_clean < tx->size && tx->next_to_use < tx->size);
}

/* What the next write-back says instead. */
struct lie {
	u32 set, clear;		/* of status */
	int len;		/* -1: the truth */
	u32 from, nr;		/* of those that come */
	u32 seen;
};

static void tell(void *arg, union e1000_adv_rx_desc *d)
{
	struct lie *lie = arg;
	u32 n = lie->seen++, status = le32_to_cpu(d->wb.status_error);

	if (n < lie->from || n >= lie->from + lie->nr)
		return;
	d->wb.status_error = cpu_to_le32((status | lie->set) & ~lie->clear);
	if (lie->len >= 0)
		d->wb.length = cpu_to_le16((u16)lie->len);
}

static void begin(struct igb_lab *l, struct lie *lie)
{
	lie->seen = 0;
	l->m->tamper = tell;
	l->m->tamper_arg = lie;
}

/* Nothing is kept, and the device goes on. */
static void assert_goes_on(struct igb_lab *l)
{
	l->m->tamper = NULL;
	assert_rings_whole(l);
	igb_lab_assert_works(l);
	assert_null(queue(l)->rx.skb);
	assert_int_equal(frame_pool_used(l->net), queue(l)->rx.size - 1);
}

/* ---- received --------------------------------------------------------- */

/* @attack L4: length 0, 0xffff, beyond the buffer by one */
static void length_that_cannot_be_is_dropped(void **state)
{
	static const int lens[] = { 0, 1791, 1792, 2048, 4096, 0xffff };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	for (u32 i = 0; i < ARRAY_SIZE(lens); i++) {
		struct lie lie = { .len = lens[i], .nr = 1 };

		dut_frames_clear(&l->rx);
		begin(l, &lie);
		igb_lab_inject(l, 100, 1);
		igb_lab_inject(l, 100, 2);
		igb_lab_run(l);
		assert_int_equal(l->rx.nr, 1);
		assert_true(dut_frame_is(&l->rx.frame[0], 100, 2));
		assert_int_equal(igb_lab_stats(l).rx_errors, i + 1);
		assert_goes_on(l);
	}
}

/* @attack L4: of one of several buffers: more than it was told that there is */
static void length_beyond_one_of_several_buffers_is_dropped(void **state)
{
	struct lie lie = { .len = 1025, .nr = 1 };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	assert_int_equal(inet_netdev_set_mtu(l->dev, 9000), 0);
	igb_lab_run(l);
	begin(l, &lie);
	igb_lab_inject(l, 3000, 1);
	igb_lab_inject(l, 3000, 2);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 1);
	assert_true(dut_frame_is(&l->rx.frame[0], 3000, 2));
	assert_int_equal(igb_lab_stats(l).rx_errors, 1);
	assert_goes_on(l);
}

/* @attack L4: a length that fits, but not the MTU */
static void length_beyond_the_mtu_is_dropped(void **state)
{
	struct lie lie = { .len = 1790, .nr = 1 };
	struct igb_lab *l = *state;
	u64 drops;

	igb_lab_open(l);
	begin(l, &lie);
	igb_lab_inject(l, 100, 1);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 0);
	assert_int_equal(inet_drop_get(l->net, "RX_OVER", &drops), 0);
	assert_int_equal(drops, 1);
	assert_goes_on(l);
}

/* @attack L4: EOP never set */
static void packet_that_never_ends_is_dropped(void **state)
{
	struct lie lie = { .clear = E1000_RXD_STAT_EOP, .len = -1, .nr = 1000 };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	begin(l, &lie);
	for (u32 i = 0; i < 1000; i++) {
		igb_lab_inject(l, 1000, i);
		if (i % 100 == 99)
			igb_lab_run(l);
	}
	assert_int_equal(l->rx.nr, 0);
	assert_rings_whole(l);
	/* the first end ends it; what follows is whole again */
	igb_lab_inject(l, 100, 1);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 0);
	assert_int_equal(igb_lab_stats(l).rx_errors, 1);
	assert_goes_on(l);
}

/* @attack L4: EOP missing: two frames become one, which is too long or right */
static void packet_that_swallows_the_next_is_bounded(void **state)
{
	struct lie lie = { .clear = E1000_RXD_STAT_EOP, .len = -1, .nr = 1 };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	begin(l, &lie);
	igb_lab_inject(l, 1000, 1);
	igb_lab_inject(l, 1000, 2);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 0);		/* 2000 > MTU */
	begin(l, &lie);
	igb_lab_inject(l, 500, 1);
	igb_lab_inject(l, 500, 2);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 1);
	assert_int_equal(l->rx.frame[0].len, 1000);
	assert_goes_on(l);
}

/* What was begun goes with the device. */
static void packet_begun_goes_with_the_device(void **state)
{
	struct lie lie = { .clear = E1000_RXD_STAT_EOP, .len = -1, .nr = 1 };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	begin(l, &lie);
	igb_lab_inject(l, 500, 1);
	igb_lab_run(l);
	assert_int_equal(inet_netdev_down(l->dev), 0);
	assert_int_equal(frame_pool_used(l->net), 0);
	assert_int_equal(inet_netdev_up(l->dev), 0);
	assert_goes_on(l);
}

/* @attack L4: the link header is not in the first buffer */
static void link_header_in_pieces_is_dropped(void **state)
{
	struct lie lie = { .clear = E1000_RXD_STAT_EOP, .len = 13, .nr = 1 };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	begin(l, &lie);
	igb_lab_inject(l, 100, 1);
	igb_lab_inject(l, 100, 2);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 0);
	assert_int_equal(igb_lab_stats(l).rx_errors, 1);
	assert_goes_on(l);
}

/* @attack L4: a frame that the card itself calls broken */
static void frame_with_an_error_is_dropped(void **state)
{
	struct lie lie = { .set = E1000_RXDEXT_STATERR_RXE, .len = -1, .nr = 3 };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	begin(l, &lie);
	for (u32 i = 0; i < 4; i++)
		igb_lab_inject(l, 100, i);
	igb_lab_run(l);
	assert_int_equal(l->rx.nr, 1);
	assert_int_equal(igb_lab_stats(l).rx_errors, 3);
	assert_goes_on(l);
}

/* Sets DD and EOP of descriptor @i, wherever it is. */
static void claim(struct igb_lab *l, u32 i, u32 len)
{
	union e1000_adv_rx_desc *d = &queue(l)->rx.desc[i % queue(l)->rx.size];

	d->wb.length = cpu_to_le16((u16)len);
	d->wb.status_error = cpu_to_le32(E1000_RXD_STAT_DD | E1000_RXD_STAT_EOP);
}

static void poke(struct igb_lab *l)
{
	igb_model_fire(l->m, 1);
	igb_lab_run(l);
}

/* @attack L4: DD of descriptors that it does not have, and all at once */
static void ring_that_is_done_all_over_is_read_once_round(void **state)
{
	struct igb_lab *l = *state;
	u64 before;

	igb_lab_open(l);
	for (u32 i = 0; i < 256; i++)
		claim(l, i, 60);
	poke(l);
	/* the one between tail and head is ours: nobody looks at it */
	before = igb_lab_stats(l).rx_packets;
	assert_int_equal(before, 255);
	claim(l, queue(l)->rx.next_to_use, 60);
	poke(l);
	assert_int_equal(igb_lab_stats(l).rx_packets, before);
	assert_rings_whole(l);
}

/* Each buffer that it gets the card has filled, and no packet ends. */
static void fill_at_once(void *arg)
{
	struct igb_lab *l = arg;

	for (u32 i = 0; i < 64; i++) {
		u32 at = (queue(l)->rx.next_to_clean + i) & 255;

		queue(l)->rx.desc[at].wb.status_error =
			cpu_to_le32(E1000_RXD_STAT_DD);
	}
}

/* @attack L4: more is done while it is read, without an end */
static void card_that_never_stops_is_left_after_a_round(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	l->m->lent = fill_at_once;
	l->m->tamper_arg = l;
	fill_at_once(l);
	igb_model_fire(l->m, 1);
	for (u32 i = 0; i < 10; i++)
		inet_run(l->net, 0);
	l->m->lent = NULL;
	igb_lab_run(l);
	assert_rings_whole(l);
}

/* @attack L4: DD set twice: a claim about memory that it may write is a packet */
static void descriptor_done_again_is_another_packet(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	for (u32 i = 0; i < 1000; i++) {
		claim(l, queue(l)->rx.next_to_clean, 60);
		poke(l);
		assert_rings_whole(l);
	}
	assert_int_equal(igb_lab_stats(l).rx_packets, 1000);
}

/* @attack L4: done out of turn: it waits until it is its turn */
static void descriptor_done_out_of_turn_waits(void **state)
{
	struct igb_lab *l = *state;
	u32 at;

	igb_lab_open(l);
	at = queue(l)->rx.next_to_clean;
	claim(l, at + 5, 60);
	poke(l);
	assert_int_equal(igb_lab_stats(l).rx_packets, 0);
	for (u32 i = 0; i < 5; i++)
		claim(l, at + i, 60);
	poke(l);
	assert_int_equal(igb_lab_stats(l).rx_packets, 6);
	assert_rings_whole(l);
}

/* ---- sent ------------------------------------------------------------- */

/* @attack L4: done before it was sent */
static void packet_done_too_early_is_freed_once(void **state)
{
	struct igb_lab *l = *state;
	union e1000_adv_tx_desc *d;

	igb_lab_open(l);
	l->m->hold = true;
	for (u32 round = 0; round < 300; round++) {
		assert_int_equal(igb_lab_send(l, 100, round), 0);
		for (u32 i = 0; i < 256; i++) {
			d = &queue(l)->tx.desc[i];
			d->wb.status |= cpu_to_le32(E1000_TXD_STAT_DD);
		}
		poke(l);
		assert_rings_whole(l);
		assert_int_equal(queue(l)->tx.next_to_clean,
				 queue(l)->tx.next_to_use);
	}
	assert_int_equal(frame_pool_used(l->net), 255);
}

/* @attack L4: heads that move anywhere: nobody asks for them */
static void heads_that_jump_change_nothing(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	for (u32 i = 0; i < 100; i++) {
		l->m->regs[E1000_RDH(0) / 4] = i * 2654435761u;
		l->m->regs[E1000_TDH(0) / 4] = i * 2246822519u;
		igb_lab_assert_works(l);
	}
	assert_rings_whole(l);
}

/* @attack L4: the head that it writes back is beyond what it was given, beyond the
 * ring, or has gone back: nothing is done, and what it holds stays there */
static void head_that_cannot_be_completes_nothing(void **state)
{
	static const u32 lies[] = { 40, 63, 64, 65, 0x10003, U32_MAX };
	struct igb_lab *l = *state;

	l->config.head_writeback = true;
	l->config.ring_size = 64;
	igb_lab_open(l);
	for (u32 i = 0; i < 5; i++) {
		igb_lab_send(l, 100, i);
		igb_lab_run(l);
	}
	for (u32 i = 0; i < ARRAY_SIZE(lies); i++) {
		struct igb_tx_ring *tx = &l->igb->q_vector[0].tx;
		u32 was = tx->next_to_clean;

		l->m->head_lie = lies[i];
		igb_lab_send(l, 100, i);
		igb_lab_run(l);
		assert_int_equal(tx->next_to_clean, was);
		assert_non_null(tx->buffer[was].skb);
		*tx->head = cpu_to_le32(tx->next_to_use);
		igb_model_fire(l->m, 1);
		igb_lab_run(l);
		assert_int_equal(tx->next_to_clean, tx->next_to_use);
	}
	*l->igb->q_vector[0].tx.head = 2;	/* back */
	igb_model_fire(l->m, 1);
	igb_lab_run(l);
	l->m->head_lie = 0;
	igb_lab_assert_works(l);
}

/* @attack L4: nothing is ever done */
static void packet_that_is_never_done_ends_in_a_reset(void **state)
{
	struct igb_lab *l = *state;
	struct inet_usage u;

	igb_lab_open(l);
	l->m->hold = true;
	for (u32 i = 0; i < 1000; i++)
		igb_lab_send(l, 100, i);
	for (u32 i = 0; i < 3; i++)
		igb_lab_pass(l, WATCH);
	assert_in_range(l->igb->resets, 1, 2);
	l->m->hold = false;
	for (u32 i = 0; i < 4; i++)
		igb_lab_pass(l, WATCH);
	assert_int_equal(inet_get_usage(l->net, &u), 0);
	assert_int_equal(u.skbs, 0);
	assert_goes_on(l);
}

/* ---- registers -------------------------------------------------------- */

/* @attack L4: any number in any register, while the device works, goes up and goes
 * down: the device works again when the card does */
static void registers_of_any_value_do_no_harm(void **state)
{
	struct igb_lab *l = *state;
	u32 x = 1;

	for (u32 round = 0; round < 30; round++) {
		igb_lab_open(l);
		for (u32 i = 0; i < 2000; i++) {
			x = x * 1664525 + 1013904223;
			l->m->regs[(x >> 8) % ARRAY_SIZE(l->m->regs)] =
				round % 3 ? x * 2654435761u : U32_MAX;
		}
		l->m->has_failed = true;	/* what it says now is void */
		l->m->deaf = true;
		for (u32 v = 0; v < 2; v++)
			igb_model_fire(l->m, v);
		igb_lab_send(l, 100, round);
		igb_lab_stats(l);
		igb_lab_pass(l, WATCH);
		l->m->deaf = false;
		dev_remove_pack(l->net, &l->pt);
		l->pt.func = NULL;
		assert_int_equal(inet_netdev_close(l->dev), 0);
		assert_int_equal(frame_pool_used(l->net), 0);
		igb_model_reset(l->m);
	}
	igb_lab_open(l);
	igb_lab_assert_works(l);
}

/* ---- anything --------------------------------------------------------- */

static u64 next(u64 *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545F4914F6CDD1DULL;
}

/* One write-back: of the descriptor that is the @nth from now on, or of any; with
 * edges of the length, and any bits, most often those that are judged. */
static void write_back(struct igb_lab *l, u64 *seed, u32 nth)
{
	static const u16 edges[] = { 0, 1, 13, 14, 60, 1024, 1025, 1514, 1518,
				     1790, 1791, 2048, 4096, 0xffff };
	struct igb_rx_ring *rx = &queue(l)->rx;
	u64 r = next(seed), bits = next(seed);
	u32 at = r & 15 ? rx->next_to_clean + nth : (u32)(r >> 8);
	union e1000_adv_rx_desc *d = &rx->desc[at & (rx->size - 1)];
	u32 i = (r >> 32) % (ARRAY_SIZE(edges) * 2), status = (u32)bits;

	status |= (r >> 40) % 32 ? E1000_RXD_STAT_DD : 0;
	status |= (r >> 45) % 8 ? E1000_RXD_STAT_EOP : 0;
	status &= (r >> 48) % 16 ? ~E1000_RXDEXT_STATERR_RXE : U32_MAX;

	d->read.pkt_addr = next(seed);
	d->wb.length = cpu_to_le16(i < ARRAY_SIZE(edges) ? edges[i] :
				   (u16)((bits >> 48) % 2000));
	d->wb.status_error = cpu_to_le32(status);
	if (r >> 60 == 0)
		queue(l)->tx.desc[(bits >> 32) & 255].wb.status ^=
			cpu_to_le32(E1000_TXD_STAT_DD);
}

/* @attack L4: everything at once, with other MTUs, resets and senders between */
static void write_backs_of_any_kind_do_no_harm(void **state)
{
	static const u32 mtus[] = { 1500, 9216, 68, 2000 };
	const char *asked = getenv("IGB_LIES");
	u64 nr = asked ? strtoull(asked, NULL, 0) : FUZZ_DEFAULT;
	u64 seed = 0x9e3779b97f4a7c15ull, n = 0;
	struct igb_lab *l = *state;
	u32 before;

	igb_lab_open(l);
	l->m->hold = true;
	for (u32 round = 0; n < nr; round++) {
		for (u32 i = 0; i < 64; i++)
			write_back(l, &seed, i);
		if (round % 5 == 0)
			igb_lab_send(l, 100, round);
		before = queue(l)->rx.next_to_clean;
		igb_model_fire(l->m, 1);
		inet_run(l->net, 0);
		n += igb_ring_used(queue(l)->rx.size,
				   queue(l)->rx.next_to_clean, before);
		if (round % 64 == 0)
			assert_rings_whole(l);
		if (round % 1000 == 999)
			assert_int_equal(inet_netdev_set_mtu(l->dev,
					 mtus[round / 1000 % 4]), 0);
		dut_frames_clear(&l->rx);
		dut_frames_clear(&l->sent);
	}
	assert_true(igb_lab_stats(l).rx_errors > 0);
	assert_true(igb_lab_stats(l).rx_packets > 0);
	l->m->hold = false;
	assert_int_equal(inet_netdev_set_mtu(l->dev, 1500), 0);
	igb_lab_run(l);
	dut_frames_clear(&l->rx);
	assert_goes_on(l);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, igb_lab_setup, \
						igb_lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(length_that_cannot_be_is_dropped),
		CASE(length_beyond_one_of_several_buffers_is_dropped),
		CASE(length_beyond_the_mtu_is_dropped),
		CASE(packet_that_never_ends_is_dropped),
		CASE(packet_that_swallows_the_next_is_bounded),
		CASE(packet_begun_goes_with_the_device),
		CASE(link_header_in_pieces_is_dropped),
		CASE(frame_with_an_error_is_dropped),
		CASE(ring_that_is_done_all_over_is_read_once_round),
		CASE(card_that_never_stops_is_left_after_a_round),
		CASE(descriptor_done_again_is_another_packet),
		CASE(descriptor_done_out_of_turn_waits),
		CASE(packet_done_too_early_is_freed_once),
		CASE(heads_that_jump_change_nothing),
		CASE(head_that_cannot_be_completes_nothing),
		CASE(packet_that_is_never_done_ends_in_a_reset),
		CASE(registers_of_any_value_do_no_harm),
		CASE(write_backs_of_any_kind_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
