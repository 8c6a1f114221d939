/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a sender does with the SACK blocks of its peer: the scoreboard (RFC 2018,
 * RFC 6675, RFC 2883), what is lost (RFC 8985), and how fast it is sent again
 * (RFC 6937).
 */
#include "unit.h"

#include <arpa/inet.h>

#include "tcp_flight.h"

/* ---- the scoreboard --------------------------------------------------- */

/* @req 8985-3 @req 6937/9937-1 @req 6937/9937-4 */
static void three_segments_behind_a_hole_have_it_sent_again(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	SACK(&t, 1, SEG(1), SEG(2));
	flight_expect(&t, 10, 1);		/* limited transmit */
	SACK(&t, 1, SEG(1), SEG(3));
	flight_expect(&t, 11, 1);
	assert_int_equal(flight_state(&t), TCP_CA_Disorder);
	SACK(&t, 1, SEG(1), SEG(4));
	flight_expect(&t, 0, 1);		/* the hole, and nothing else */
	tp_silence(&t);
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 5);
	assert_int_equal(flight_tcp(&t)->sacked_out, 3);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SACKRECOVERY), 1);
	/* one goes for two that come, until no more than ssthresh is under way */
	for (u32 i = 5; i <= 10; i++)
		SACK(&t, 1, SEG(1), SEG(i));
	flight_expect(&t, 12, 2);
	assert_int_equal(tcp_packets_in_flight(flight_tcp(&t)), 5);
	tp_silence(&t);
	ACK(&t, SEG(12));
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_int_equal(flight_tcp(&t)->snd_cwnd, 5);
	assert_int_equal(flight_tcp(&t)->sacked_out, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_TIMEOUTS), 0);
	tp_close(&t);
}

/* @req 6675-3 */
static void several_holes_are_repaired_in_one_round_trip(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	SACK(&t, 1, SEG(1), SEG(3), SEG(4), SEG(8), SEG(9), SEG(20));
	flight_expect(&t, 0, 1);
	flight_expect(&t, 3, 1);
	flight_expect(&t, 8, 1);
	ACK(&t, SEG(20));
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RETRANSSEGS), 3);
	tp_close(&t);
}

/* @req 2018-6 @req 2883-2 @req 2883-3 */
static void blocks_that_cannot_be_are_ignored(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	SACK(&t, SEG(2), SEG(3), SEG(3));		/* empty */
	SACK(&t, SEG(2), SEG(5), SEG(4));		/* turned round */
	SACK(&t, SEG(2), SEG(9), SEG(30));		/* not sent yet */
	SACK(&t, SEG(2), SEG(3) + 1, SEG(4) - 1);	/* no whole segment */
	SACK(&t, SEG(2), SEG(3) + 0x80000000u, SEG(4) + 0x80000000u);
	assert_int_equal(flight_tcp(&t)->sacked_out, 0);
	assert_int_equal(flight_tcp(&t)->dsack_dups, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SACKDISCARD), 4);
	SACK(&t, SEG(2), SEG(0), SEG(1));		/* came twice: below */
	assert_int_equal(flight_tcp(&t)->dsack_dups, 1);
	SACK(&t, SEG(2), SEG(4), SEG(5), SEG(4), SEG(7));	/* within */
	assert_int_equal(flight_tcp(&t)->dsack_dups, 2);
	assert_int_equal(flight_tcp(&t)->sacked_out, 3);
	SACK(&t, SEG(3), SEG(2), SEG(3), SEG(4), SEG(7));
	assert_int_equal(flight_tcp(&t)->dsack_dups, 3);
	assert_int_equal(flight_tcp(&t)->sacked_out, 3);
	/* the first of an older ACK: below what is acknowledged by now, but above
	 * what this packet acknowledges */
	ACK(&t, SEG(7));
	SACK(&t, SEG(3), SEG(4), SEG(5));
	assert_int_equal(flight_tcp(&t)->dsack_dups, 3);
	tp_close(&t);
}

/* @req 2018-4 @req 2018-5 @req 6675-1 */
static void what_was_told_may_be_taken_back(void **st)
{
	bool came[60] = { false };
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	SACK(&t, 1, SEG(1), SEG(10));
	flight_expect(&t, 0, 1);
	fx_flush(&t.f);
	/* the retransmission is not heard of: the timer sends it again, and
	 * nothing that is known to have arrived */
	fx_advance(&t.f, 300 * FX_MS);
	flight_expect(&t, 0, 1);
	tp_silence(&t);
	/* now the peer has no more of it */
	ACK(&t, SEG(1));
	assert_int_equal(flight_tcp(&t)->sacked_out, 9);
	fx_flush(&t.f);
	/* which its ACK gives away: half a round trip later nothing counts */
	fx_advance(&t.f, FLIGHT_RTT / 2 + FX_MS);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SACKRENEGING), 1);
	assert_int_equal(flight_tcp(&t)->sacked_out, 0);
	for (u32 una = 1; una < 10; una++) {
		while (fx_pop(&t.f, &t.p))
			came[(ntohl(t.p.tcp->seq) - t.irs) / 1460] = true;
		assert_true(came[una]);
		ACK(&t, SEG(una + 1));
	}
	tp_close(&t);
}

/* ---- the window comes down --------------------------------------------- */

static u32 sent(struct tp *t)
{
	u32 n = 0;

	while (fx_pop(&t->f, &t->p))
		n++;
	return n;
}

/* Half of twenty: of what arrives, one of two goes. @req 6937/9937-2 */
static void window_comes_down_in_proportion(void **st)
{
	u32 out = 0;
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	SACK(&t, 1, SEG(1), SEG(3));
	(void)sent(&t);			/* limited transmit */
	for (u32 came = 1; came <= 16; came++) {
		SACK(&t, 1, SEG(1), SEG(3 + came));
		out += sent(&t);
		assert_int_equal(out, (came + 1) / 2);
	}
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 10);
	tp_close(&t);
}

/* Fifteen of twenty are lost, that is more than the window comes down by: as many go as
 * arrive, and one more when the hole gets smaller. The rest waits, lost as it is.
 * @req 6937/9937-3 @req 8985-11 */
static void window_grows_with_what_arrives_after_many_losses(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	SACK(&t, 1, SEG(15), SEG(20));
	assert_int_equal(flight_tcp(&t)->lost_out, 15);
	flight_expect(&t, 0, 5);
	tp_silence(&t);
	ACK(&t, SEG(1));
	flight_expect(&t, 5, 2);
	tp_silence(&t);
	SACK(&t, SEG(1), SEG(2), SEG(3), SEG(15), SEG(20));
	flight_expect(&t, 7, 1);
	tp_silence(&t);
	tp_close(&t);
}

/* ---- RACK -------------------------------------------------------------- */

/* @req 8985-1 @req 8985-5 */
static void lost_retransmission_is_found_without_the_timer(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	SACK(&t, 1, SEG(1), SEG(10));
	flight_expect(&t, 0, 1);
	fx_advance(&t.f, FLIGHT_RTT / 2);
	SACK(&t, 1, SEG(1), SEG(20));
	fx_flush(&t.f);			/* new ones, sent after it */
	flight_write(&t, 1460);
	fx_advance(&t.f, FLIGHT_RTT);
	SACK(&t, 1, SEG(1), SEG(21));
	tp_next(&t);
	assert_int_equal(ntohl(t.p.tcp->seq) - t.irs, 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LOSTRETRANSMIT), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_TIMEOUTS), 0);
	tp_close(&t);
}

/* The timer had all sent again, and the last of that is lost; new text went behind
 * it, and the first block is about that. What was sent before it is lost, whatever
 * its place in the queue.
 * @req 8985-3 */
static void what_the_timer_sent_is_before_the_text_behind_it(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 3);
	fx_sysctl(&t.f, "net.ipv4.tcp_early_retrans", "0");
	fx_sysctl(&t.f, "net.ipv4.tcp_frto", "0");
	fx_advance(&t.f, FX_SEC);
	fx_flush(&t.f);
	ACK(&t, SEG(1));
	flight_expect(&t, 1, 2);
	fx_advance(&t.f, FLIGHT_RTT);
	flight_tcp(&t)->snd_cwnd = 3;
	ACK(&t, SEG(2));		/* 2 is lost, and these two follow it */
	flight_expect(&t, 3, 2);
	fx_mark(&t.f);
	fx_advance(&t.f, FLIGHT_RTT);
	SACK(&t, SEG(2), SEG(3), SEG(4));
	fx_advance(&t.f, FLIGHT_RTT / 2);
	flight_expect(&t, 2, 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LOSTRETRANSMIT), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_TIMEOUTS), 0);
	ACK(&t, SEG(5));
	tp_close(&t);
}

/* Where packets were overtaken before, a quarter of a round trip is waited for.
 * @req 8985-3 @req 8985-5 @req 8985-12 */
static void late_segment_is_waited_for_where_they_come_late(void **st)
{
	struct tp t;

	(void)st;
	for (u32 late = 0; late < 2; late++) {
		flight_open(&t, 20);
		SACK(&t, 1, SEG(1), SEG(2));
		fx_flush(&t.f);
		ACK(&t, SEG(2));	/* it was late, and not sent again */
		fx_flush(&t.f);
		assert_true(flight_tcp(&t)->rack.reord_seen);
		SACK(&t, SEG(2), SEG(3), SEG(9));
		while (fx_pop(&t.f, &t.p))
			assert_true(ntohl(t.p.tcp->seq) - t.irs > SEG(19));
		fx_advance(&t.f, FLIGHT_RTT / 4 - FX_MS);
		tp_silence(&t);
		assert_int_equal(flight_state(&t), TCP_CA_Disorder);
		if (late) {
			fx_advance(&t.f, 2 * FX_MS);
			flight_expect(&t, 2, 1);
			assert_int_equal(flight_state(&t), TCP_CA_Recovery);
		} else {
			ACK(&t, SEG(9));
			fx_flush(&t.f);
			fx_advance(&t.f, 2 * FX_MS);
			tp_silence(&t);
			assert_int_equal(flight_state(&t), TCP_CA_Open);
			assert_int_equal(fx_mib_delta(&t.f,
						      MIB_TCP_RETRANSSEGS), 0);
		}
		tp_close(&t);
	}
}

/* What one ACK tells came in order, its number and its blocks: nothing was late, and
 * three segments behind the hole are enough. */
static void ack_with_blocks_tells_of_no_lateness(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	SACK(&t, SEG(2), SEG(3), SEG(4), SEG(6), SEG(10));
	assert_false(flight_tcp(&t)->rack.reord_seen);
	flight_expect(&t, 2, 1);
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	tp_close(&t);
}

/* How far packets are overtaken: from the lowest that an ACK finds late to the highest
 * that was known before. */
static void reordering_is_measured_once_an_ack(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	SACK(&t, 1, SEG(9), SEG(10));
	assert_int_equal(flight_tcp(&t)->reordering, 3);
	SACK(&t, 1, SEG(3), SEG(6), SEG(9), SEG(10));
	assert_int_equal(flight_tcp(&t)->reordering, 7);
	assert_int_equal(flight_tcp(&t)->rack.reord_seen, 1);
	ACK(&t, SEG(10));		/* five more were late, the first by ten */
	assert_int_equal(flight_tcp(&t)->reordering, 10);
	assert_int_equal(flight_tcp(&t)->rack.reord_seen, 2);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SACKREORDER), 2);
	fx_flush(&t.f);
	tp_close(&t);
}

static void measure_of_reordering_has_a_bound(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	fx_sysctl(&t.f, "net.ipv4.tcp_max_reordering", "5");
	SACK(&t, 1, SEG(9), SEG(10));
	ACK(&t, SEG(10));
	assert_int_equal(flight_tcp(&t)->reordering, 5);
	fx_flush(&t.f);
	tp_close(&t);
}

/* Where packets overtake one another, one that is selected widens the window as one
 * that is acknowledged does; else it may be the sign of a loss. */
static void selected_segments_widen_the_window_where_some_are_late(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	SACK(&t, 1, SEG(9), SEG(10));
	assert_int_equal(flight_tcp(&t)->snd_cwnd, 20);
	SACK(&t, 1, SEG(3), SEG(4), SEG(9), SEG(10));
	assert_int_equal(flight_tcp(&t)->snd_cwnd, 21);
	ACK(&t, SEG(10));
	assert_int_equal(flight_tcp(&t)->snd_cwnd, 23);	/* RFC 5681 3.1 */
	fx_flush(&t.f);
	tp_close(&t);
}

/* An ACK that others overtook: its blocks are news all the same, and what they name
 * has left the network. */
static void overtaken_ack_tells_what_arrived(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	ACK(&t, SEG(5));
	fx_flush(&t.f);
	SACK(&t, SEG(4), SEG(7), SEG(9));
	assert_int_equal(flight_tcp(&t)->sacked_out, 2);
	assert_int_equal(flight_state(&t), TCP_CA_Disorder);
	flight_expect(&t, 27, 2);
	tp_silence(&t);
	SACK(&t, SEG(4), SEG(7), SEG(10));
	flight_expect(&t, 5, 1);		/* three behind the hole */
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	assert_int_equal(flight_tcp(&t)->snd_una - t.irs, SEG(5));
	fx_flush(&t.f);
	tp_close(&t);
}

/* Without SACK a duplicate ACK says that something came, so that it need not be counted
 * again when it is acknowledged. */
static void window_grows_once_for_what_duplicates_told_of(void **st)
{
	struct tp t;

	(void)st;
	flight_open_with(&t, 10, 60 * 1460, false, false);
	flight_expect(&t, 0, 10);
	ACK(&t, 1);
	ACK(&t, 1);
	flight_expect(&t, 10, 2);
	ACK(&t, SEG(3));
	assert_int_equal(flight_tcp(&t)->snd_cwnd, 11);
	flight_expect(&t, 12, 2);
	tp_silence(&t);
	assert_int_equal(flight_tcp(&t)->tx.delivered, 1 + 3);
	tp_close(&t);
}

/* ---- the cost of lies -------------------------------------------------- */

/* Every other segment, from either end, over and over: the marks stay true, which the
 * fixture verifies after each. */
static void blocks_in_any_order_leave_true_marks(void **st)
{
	u32 seed = 1, at, n;
	struct tp t;

	(void)st;
	for (u32 round = 0; round < 10; round++) {
		flight_open(&t, 40);
		for (u32 i = 0; i < 200; i++) {
			seed = seed * 1664525 + 1013904223;
			at = 1 + (seed >> 8) % 38;
			n = 1 + (seed >> 16) % 3;
			n = min(n, 40 - at);
			SACK(&t, 1, SEG(at), SEG(at + n));
			fx_flush(&t.f);
		}
		ACK(&t, flight_tcp(&t)->snd_nxt - t.irs);
		assert_int_equal(flight_tcp(&t)->sacked_out, 0);
		tp_close(&t);
	}
}

/* ---- who watches the marks ---------------------------------------------- */

/* Segment @n in flight. */
static struct sk_buff *nth(struct tcp_sock *tp, u32 n)
{
	struct sk_buff *skb;

	skb_queue_walk(&tp->rtx_queue, skb)
		if (!n--)
			return skb;
	fail();
	return NULL;
}

static void time_order(struct tcp_sock *tp)
{
	struct list_head *first = tp->tsorted_sent.next;

	list_del(first);
	list_add_tail(first, &tp->tsorted_sent);
}

static void time_list(struct tcp_sock *tp)
{
	tcp_tsorted_del(nth(tp, 7));
}

static void arrived_on_list(struct tcp_sock *tp)
{
	list_add_tail(tcp_skb_tsorted(nth(tp, 2)), &tp->tsorted_sent);
}

static void arrived_and_lost(struct tcp_sock *tp)
{
	TCP_SKB_CB(nth(tp, 1))->sacked |= TCPCB_LOST;
	tp->lost_out++;
}

static void arrived_beyond(struct tcp_sock *tp)
{
	TCP_SKB_CB(nth(tp, 1))->sacked_end += 1460;
}

static void arrived_beyond_all(struct tcp_sock *tp)
{
	TCP_SKB_CB(nth(tp, 9))->sacked_end += 1460;
}

static void arrived_short(struct tcp_sock *tp)
{
	TCP_SKB_CB(nth(tp, 3))->sacked_end -= 1460;
}

static void hint_too_far(struct tcp_sock *tp)
{
	tp->retransmit_skb_hint = nth(tp, 6);
}

static void hint_elsewhere(struct tcp_sock *tp)
{
	tp->retransmit_skb_hint = skb_peek(&((struct sock *)tp)->sk_write_queue);
}

static void tree_order(struct tcp_sock *tp)
{
	struct rb_node *n = &TCP_SKB_CB(nth(tp, 4))->rtx_node;

	rb_erase(n, &tp->rtx_tree);
}

static const struct damage {
	const char *name;
	void (*fn)(struct tcp_sock *tp);
} damages[] = {
#define D(name) { #name, name }
	D(time_order), D(time_list), D(arrived_on_list), D(arrived_and_lost),
	D(arrived_beyond), D(arrived_short), D(hint_too_far),
	D(tree_order),
#undef D
}, at_first = { "hint_elsewhere", hint_elsewhere },
  at_last = { "arrived_beyond_all", arrived_beyond_all };

static struct tp damaged;

static void damage_and_verify(void *arg)
{
	((const struct damage *)arg)->fn(flight_tcp(&damaged));
	tcp_verify_all(damaged.f.net);
}

/* 0 was sent again, 4 waits for the window that the peer took back, 1 to 3 and 5 have
 * arrived; at last 9, too. */
static void marks_that_are_damaged_are_seen(void **st)
{
	struct tp *t = &damaged;

	(void)st;
	flight_open(t, 10);
	assert_true(aborts(damage_and_verify, (void *)&at_first));
	t->win = 1460;
	SACK(t, 1, SEG(1), SEG(4), SEG(5), SEG(6));
	assert_int_equal(flight_tcp(t)->retrans_out, 1);
	assert_int_equal(flight_tcp(t)->lost_out, 2);
	assert_int_equal(flight_tcp(t)->sacked_out, 4);
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++)
		if (!aborts(damage_and_verify, (void *)&damages[i]))
			fail_msg("%s is not seen", damages[i].name);
	SACK(t, 1, SEG(9), SEG(10), SEG(1), SEG(4), SEG(5), SEG(6));
	assert_true(aborts(damage_and_verify, (void *)&at_last));
	fx_flush(&t->f);
	tp_close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			three_segments_behind_a_hole_have_it_sent_again),
		cmocka_unit_test(several_holes_are_repaired_in_one_round_trip),
		cmocka_unit_test(blocks_that_cannot_be_are_ignored),
		cmocka_unit_test(what_was_told_may_be_taken_back),
		cmocka_unit_test(window_comes_down_in_proportion),
		cmocka_unit_test(
			window_grows_with_what_arrives_after_many_losses),
		cmocka_unit_test(
			lost_retransmission_is_found_without_the_timer),
		cmocka_unit_test(
			what_the_timer_sent_is_before_the_text_behind_it),
		cmocka_unit_test(
			late_segment_is_waited_for_where_they_come_late),
		cmocka_unit_test(ack_with_blocks_tells_of_no_lateness),
		cmocka_unit_test(reordering_is_measured_once_an_ack),
		cmocka_unit_test(measure_of_reordering_has_a_bound),
		cmocka_unit_test(selected_segments_widen_the_window_where_some_are_late),
		cmocka_unit_test(overtaken_ack_tells_what_arrived),
		cmocka_unit_test(window_grows_once_for_what_duplicates_told_of),
		cmocka_unit_test(blocks_in_any_order_leave_true_marks),
		cmocka_unit_test(marks_that_are_damaged_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
