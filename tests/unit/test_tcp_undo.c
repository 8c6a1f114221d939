/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Repairs that were not needed: reports of duplicates (RFC 3708), timestamps from
 * before (RFC 3522, 4015), F-RTO (RFC 5682); and a reordering window that learns
 * (RFC 8985 6.2).
 */
#include "unit.h"

#include <arpa/inet.h>

#include "tcp_flight.h"

static void windows(const struct tp *t, u32 cwnd, u32 ssthresh)
{
	assert_int_equal(flight_tcp(t)->snd_cwnd, cwnd);
	assert_int_equal(flight_tcp(t)->snd_ssthresh, ssthresh);
}

/* Nothing of what the stack has sent by now was sent before. */
static void only_new_text(struct tp *t, u32 first)
{
	while (fx_pop(&t->f, &t->p))
		assert_true(ntohl(t->p.tcp->seq) - t->irs >= SEG(first));
}

/* ---- D-SACK ------------------------------------------------------------ */

/* Ten in flight; @nr of them count as lost and are sent again, and all arrive. */
static void repaired(struct tp *t, u32 nr)
{
	flight_open(t, 10);
	SACK(t, 1, SEG(nr), SEG(10));
	flight_expect(t, 0, 1);
	ACK(t, SEG(10));
	fx_flush(&t->f);
	assert_int_equal(fx_mib_delta(&t->f, MIB_TCP_RETRANSSEGS), nr);
	assert_int_equal(flight_state(t), TCP_CA_Open);
	assert_true(flight_tcp(t)->snd_cwnd < 10);
}

static void reported_duplicates_take_a_repair_back(void **st)
{
	struct tp t;

	(void)st;
	repaired(&t, 1);
	SACK(&t, SEG(10), SEG(0), SEG(1));
	windows(&t, 10, TCP_INFINITE_SSTHRESH);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DSACKUNDO), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DSACKRECV), 1);
	/* once */
	SACK(&t, SEG(10), SEG(0), SEG(1));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DSACKUNDO), 1);
	tp_close(&t);
}

/* One of two was needed. */
static void one_needed_retransmission_justifies_the_repair(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	SACK(&t, 1, SEG(1), SEG(5), SEG(6), SEG(10));
	flight_expect(&t, 0, 1);
	flight_expect(&t, 5, 1);
	ACK(&t, SEG(10));
	fx_flush(&t.f);
	SACK(&t, SEG(10), SEG(0), SEG(1));
	assert_true(flight_tcp(&t)->snd_cwnd < 10);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DSACKUNDO), 0);
	SACK(&t, SEG(10), SEG(5), SEG(6));
	windows(&t, 10, TCP_INFINITE_SSTHRESH);
	tp_close(&t);
}

/* What came twice before the repair began says nothing about it. */
static void older_duplicates_take_nothing_back(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 12);
	ACK(&t, SEG(2));
	fx_flush(&t.f);
	SACK(&t, SEG(2), SEG(3), SEG(9));
	flight_expect(&t, 2, 1);
	SACK(&t, SEG(2), SEG(1), SEG(2), SEG(3), SEG(9));
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	tp_close(&t);
}

/* Segments that the network doubled: more duplicates than retransmissions. */
static void duplicates_of_the_network_mean_nothing(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	SACK(&t, SEG(1), SEG(0), SEG(1));	/* nothing was sent again yet */
	SACK(&t, SEG(1), SEG(2), SEG(5));
	fx_flush(&t.f);
	assert_int_equal(flight_tcp(&t)->rack.reo_wnd_steps, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RETRANSSEGS), 1);
	SACK(&t, SEG(5), SEG(3), SEG(4));
	assert_true(flight_tcp(&t)->snd_cwnd < 10);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DSACKUNDO), 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DSACKIGNOREDDUBIOUS), 2);
	tp_close(&t);
}

/* ... also if something else was sent again, which is still missing. */
static void duplicate_of_what_left_once_means_nothing(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	SACK(&t, 1, SEG(1), SEG(5));
	flight_expect(&t, 0, 1);
	fx_flush(&t.f);
	SACK(&t, 1, SEG(3), SEG(4), SEG(1), SEG(5));
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	ACK(&t, SEG(10));
	assert_true(flight_tcp(&t)->snd_cwnd < 10);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DSACKIGNOREDDUBIOUS), 1);
	tp_close(&t);
}

/* A device of our own that drops is no error of the repair's before. */
static void undo_is_forgotten_when_the_window_comes_down_again(void **st)
{
	struct tp t;

	(void)st;
	repaired(&t, 1);
	tcp_enter_cwr(tp_sk(&t));
	SACK(&t, SEG(10), SEG(0), SEG(1));
	assert_true(flight_tcp(&t)->snd_cwnd < 10);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DSACKUNDO), 0);
	tp_close(&t);
}

/* ---- timestamps -------------------------------------------------------- */

/* Ten in flight, with timestamps; the first is sent again. *tsval: that of the first
 * flight. */
static void hole_with_timestamps(struct tp *t, u32 *tsval)
{
	flight_open_with(t, 10, 20 * 1448, true, true);
	flight_expect(t, 0, 10);
	*tsval = t->ts_ecr;
	fx_advance(&t->f, FLIGHT_RTT);
	SACK(t, 1, TSEG(1), TSEG(10));
	flight_expect(t, 0, 1);
	assert_int_equal(flight_state(t), TCP_CA_Recovery);
	fx_flush(&t->f);
	t->ts_ecr = *tsval;
}

/* @req 8985-2 */
static void old_timestamp_takes_a_repair_back(void **st)
{
	u32 tsval, sent;
	struct tp t;

	(void)st;
	hole_with_timestamps(&t, &tsval);
	fx_advance(&t.f, FLIGHT_RTT);
	sent = flight_tcp(&t)->snd_nxt - t.irs;
	ACK(&t, sent);
	windows(&t, max(10u, flight_tcp(&t)->snd_cwnd), TCP_INFINITE_SSTHRESH);
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FULLUNDO), 1);
	assert_true(flight_tcp(&t)->rack.reord_seen);
	tp_close(&t);
}

/* The ACK that closes the hole, while what was sent meanwhile is on its way. */
static void old_timestamp_ends_a_repair(void **st)
{
	u32 tsval;
	struct tp t;

	(void)st;
	hole_with_timestamps(&t, &tsval);
	ACK(&t, TSEG(10));
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_PARTIALUNDO) +
			 fx_mib_delta(&t.f, MIB_TCP_FULLUNDO), 1);
	assert_true(flight_tcp(&t)->snd_cwnd >= 10);
	tp_close(&t);
}

static void timestamp_of_the_retransmission_justifies_it(void **st)
{
	u32 tsval;
	struct tp t;

	(void)st;
	hole_with_timestamps(&t, &tsval);
	t.ts_ecr = tsval + 40;		/* 40 ms later, in ms */
	fx_advance(&t.f, FLIGHT_RTT);
	ACK(&t, flight_tcp(&t)->snd_nxt - t.irs);
	assert_true(flight_tcp(&t)->snd_cwnd < 10);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FULLUNDO), 0);
	tp_close(&t);
}

/* Without SACK, too. */
static void old_timestamp_takes_newreno_back(void **st)
{
	u32 tsval;
	struct tp t;

	(void)st;
	flight_open_with(&t, 10, 10 * 1448, false, true);
	flight_expect(&t, 0, 10);
	tsval = t.ts_ecr;
	fx_advance(&t.f, FLIGHT_RTT);
	for (u32 i = 0; i < 3; i++)
		ACK(&t, 1);
	flight_expect(&t, 0, 1);
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	t.ts_ecr = tsval;
	ACK(&t, TSEG(10));
	assert_true(flight_tcp(&t)->snd_cwnd >= 10);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, TCP_INFINITE_SSTHRESH);
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	tp_close(&t);
}

/* A timeout, and the ACK was only late. */
static void old_timestamp_takes_a_timeout_back(void **st)
{
	u32 tsval;
	struct tp t;

	(void)st;
	flight_open_with(&t, 10, 10 * 1448, true, true);
	fx_sysctl(&t.f, "net.ipv4.tcp_frto", "0");
	flight_expect(&t, 0, 10);
	tsval = t.ts_ecr;
	fx_advance(&t.f, FX_SEC);
	assert_int_equal(flight_state(&t), TCP_CA_Loss);
	fx_flush(&t.f);
	t.ts_ecr = tsval;
	ACK(&t, TSEG(4));
	tp_silence(&t);			/* nothing else counts as lost */
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_int_equal(flight_tcp(&t)->lost_out, 0);
	assert_true(flight_tcp(&t)->snd_cwnd >= 10);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LOSSUNDO), 1);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_backoff, 0);
	tp_close(&t);
}

/* ---- F-RTO ------------------------------------------------------------- */

/* Ten in flight, ten more to send; the timer fired and the first was sent again. */
static void timeout(struct tp *t, bool sack, const char *frto)
{
	flight_open_with(t, 10, 20 * 1460, sack, false);
	fx_sysctl(&t->f, "net.ipv4.tcp_early_retrans", "0");
	fx_sysctl(&t->f, "net.ipv4.tcp_frto", frto);
	flight_expect(t, 0, 10);
	/* one is acknowledged, so that the timer is of this knob */
	fx_advance(&t->f, FLIGHT_RTT);
	ACK(t, SEG(1));
	only_new_text(t, 10);
	flight_tcp(t)->snd_cwnd = 10;
	fx_advance(&t->f, 300 * FX_MS);
	flight_expect(t, 1, 1);
	tp_silence(t);
	assert_int_equal(flight_state(t), TCP_CA_Loss);
	assert_int_equal(flight_tcp(t)->snd_cwnd, 1);
}

/* @req 5682-1 */
static void acks_that_were_late_take_a_timeout_back(void **st)
{
	struct tp t;

	(void)st;
	for (u32 sack = 0; sack < 2; sack++) {
		timeout(&t, sack, "2");
		ACK(&t, SEG(2));
		flight_expect(&t, 12, 2);	/* new text, twice */
		tp_silence(&t);
		assert_int_equal(flight_state(&t), TCP_CA_Loss);
		ACK(&t, SEG(3));
		only_new_text(&t, 14);
		assert_int_equal(flight_state(&t), TCP_CA_Open);
		assert_true(flight_tcp(&t)->snd_cwnd >= 10);
		assert_int_equal(flight_tcp(&t)->snd_ssthresh,
				 TCP_INFINITE_SSTHRESH);
		assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SPURIOUSRTOS), 1);
		assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RETRANSSEGS), 1);
		tp_close(&t);
	}
}

/* @req 5682-1 */
static void duplicate_ack_of_the_new_text_confirms_the_loss(void **st)
{
	struct tp t;

	(void)st;
	for (u32 sack = 0; sack < 2; sack++) {
		timeout(&t, sack, "2");
		ACK(&t, SEG(2));
		flight_expect(&t, 12, 2);
		if (sack)
			SACK(&t, SEG(2), SEG(12), SEG(13));
		else
			ACK(&t, SEG(2));
		flight_expect(&t, 2, 1);
		assert_int_equal(flight_state(&t), TCP_CA_Loss);
		assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SPURIOUSRTOS), 0);
		tp_close(&t);
	}
}

/* So do duplicates of what was sent before; without F-RTO nothing else is tried. */
static void loss_is_repaired_at_once_without_frto(void **st)
{
	struct tp t;

	(void)st;
	timeout(&t, true, "2");
	SACK(&t, SEG(1), SEG(3), SEG(4));
	ACK(&t, SEG(2));
	flight_expect(&t, 2, 1);
	tp_close(&t);
	timeout(&t, true, "0");
	ACK(&t, SEG(2));
	flight_expect(&t, 2, 2);
	tp_close(&t);
}

/* Nothing new to send: what is lost is sent again. @req 5682-1 */
static void frto_needs_new_text(void **st)
{
	struct tp t;

	(void)st;
	flight_open_with(&t, 10, 10 * 1460, true, false);
	flight_expect(&t, 0, 10);
	fx_advance(&t.f, FX_SEC);
	fx_flush(&t.f);
	ACK(&t, SEG(1));
	flight_expect(&t, 1, 1);
	tp_close(&t);
}

/* @req 5682-2 */
static void timeout_in_fast_recovery_is_not_questioned(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	SACK(&t, 1, SEG(1), SEG(4));
	flight_expect(&t, 0, 1);
	fx_advance(&t.f, 300 * FX_MS);
	fx_flush(&t.f);
	assert_int_equal(flight_state(&t), TCP_CA_Loss);
	assert_int_equal(flight_tcp(&t)->frto, TCP_FRTO_OFF);
	tp_close(&t);
}

/* @req 5682-3 */
static void second_timeout_begins_again(void **st)
{
	struct tp t;

	(void)st;
	timeout(&t, true, "2");
	ACK(&t, SEG(2));
	flight_expect(&t, 12, 2);
	fx_advance(&t.f, FX_SEC);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_TIMEOUTS) >= 2);
	fx_flush(&t.f);
	ACK(&t, SEG(3));
	flight_expect(&t, 14, 2);
	ACK(&t, SEG(4));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SPURIOUSRTOS), 1);
	tp_close(&t);
}

/* ---- the reordering window --------------------------------------------- */

/* @req 8985-4 */
static void duplicates_widen_the_window_once_a_round_trip(void **st)
{
	struct tcp_sock *tp;
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	tp = flight_tcp(&t);
	tp->total_retrans = 10;		/* duplicates may be ours */
	ACK(&t, SEG(2));
	fx_flush(&t.f);
	SACK(&t, SEG(2), SEG(0), SEG(1));
	SACK(&t, SEG(2), SEG(1), SEG(2));
	assert_int_equal(tp->rack.reo_wnd_steps, 1);
	ACK(&t, tp->snd_nxt - t.irs);
	fx_flush(&t.f);
	SACK(&t, tp->snd_una - t.irs, SEG(1), SEG(2));
	assert_int_equal(tp->rack.reo_wnd_steps, 2);
	assert_int_equal(tp->rack.reo_wnd_persist, TCP_RACK_PERSIST);
	for (u32 i = 0; i < TCP_RACK_PERSIST; i++) {
		assert_int_equal(tp->rack.reo_wnd_steps, 2);
		tcp_rack_recovered(tp);
	}
	assert_int_equal(tp->rack.reo_wnd_steps, 0);
	tp_close(&t);
}

/* Then a late one is waited for that much longer. @req 8985-4 */
static void wider_window_waits_longer(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	flight_tcp(&t)->total_retrans = 10;
	SACK(&t, 1, SEG(1), SEG(2));
	fx_flush(&t.f);
	ACK(&t, SEG(2));		/* was overtaken */
	fx_flush(&t.f);
	SACK(&t, SEG(2), SEG(0), SEG(1));	/* and something came twice */
	SACK(&t, SEG(2), SEG(3), SEG(9));
	only_new_text(&t, 20);
	fx_advance(&t.f, FLIGHT_RTT / 2 - FX_MS);
	only_new_text(&t, 20);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RETRANSSEGS), 0);
	fx_advance(&t.f, 2 * FX_MS);
	flight_expect(&t, 2, 1);
	tp_close(&t);
}

/* The peer has what we sent, but its ACKs were lost. Then it reports what was sent again
 * as a duplicate, with the timestamp of long ago: the round trip is that of the last
 * transmission; also where the network doubled something before. */
static void round_trip_of_a_duplicate_is_the_last_transmissions(void **st)
{
	struct tp t;
	u32 tsval;

	(void)st;
	for (u32 doubled = 0; doubled < 2; doubled++) {
		flight_open_with(&t, 1, 1448, true, true);
		flight_expect(&t, 0, 1);
		tsval = t.ts_ecr;
		if (doubled)
			SACK(&t, 1, 0u, 1u);
		while (flight_tcp(&t)->total_retrans < 3)
			fx_advance(&t.f, 10 * FX_MS);
		fx_flush(&t.f);
		fx_advance(&t.f, FLIGHT_RTT);
		t.ts_ecr = tsval;
		SACK(&t, TSEG(1), TSEG(0), TSEG(1));
		assert_int_equal(flight_tcp(&t)->packets_out, 0);
		assert_in_range(flight_tcp(&t)->srtt_us >> 3, 38000, 52000);
		assert_in_range(inet_csk(tp_sk(&t))->icsk_rto_us, 230000, 270000);
		tp_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reported_duplicates_take_a_repair_back),
		cmocka_unit_test(
			one_needed_retransmission_justifies_the_repair),
		cmocka_unit_test(older_duplicates_take_nothing_back),
		cmocka_unit_test(duplicates_of_the_network_mean_nothing),
		cmocka_unit_test(duplicate_of_what_left_once_means_nothing),
		cmocka_unit_test(
			undo_is_forgotten_when_the_window_comes_down_again),
		cmocka_unit_test(old_timestamp_takes_a_repair_back),
		cmocka_unit_test(old_timestamp_ends_a_repair),
		cmocka_unit_test(timestamp_of_the_retransmission_justifies_it),
		cmocka_unit_test(old_timestamp_takes_newreno_back),
		cmocka_unit_test(old_timestamp_takes_a_timeout_back),
		cmocka_unit_test(acks_that_were_late_take_a_timeout_back),
		cmocka_unit_test(
			duplicate_ack_of_the_new_text_confirms_the_loss),
		cmocka_unit_test(loss_is_repaired_at_once_without_frto),
		cmocka_unit_test(frto_needs_new_text),
		cmocka_unit_test(timeout_in_fast_recovery_is_not_questioned),
		cmocka_unit_test(second_timeout_begins_again),
		cmocka_unit_test(duplicates_widen_the_window_once_a_round_trip),
		cmocka_unit_test(wider_window_waits_longer),
		cmocka_unit_test(round_trip_of_a_duplicate_is_the_last_transmissions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
