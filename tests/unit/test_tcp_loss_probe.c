/* SPDX-License-Identifier: BSD-2-Clause */
/* Probes of the tail (RFC 8985 7). */
#include "unit.h"

#include <arpa/inet.h>

#include "tcp_flight.h"

#define RTO (FLIGHT_RTT + 200 * FX_MS)
#define SLACK (2 * FX_MS)

/* @n segments, and nothing more to send, with a window of 10. */
static void tail(struct tp *t, u32 n)
{
	flight_open_with(t, 10, n * 1460, true, false);
	flight_expect(t, 0, n);
	tp_silence(t);
}

/* The timer of the probe is over: the next segment of the stack has number @n. */
static void probe(struct tp *t, u32 n)
{
	fx_advance(&t->f, 2 * FLIGHT_RTT + 2 * SLACK);
	flight_expect(t, n, 1);
	tp_silence(t);
	assert_int_equal(fx_mib_delta(&t->f, MIB_TCP_LOSSPROBES), 1);
}

/* @req 8985-6 @req 8985-8 */
static void last_segment_is_sent_again_after_two_round_trips(void **st)
{
	struct tp t;

	(void)st;
	tail(&t, 4);
	fx_advance(&t.f, 2 * FLIGHT_RTT + SLACK - FX_MS);
	tp_silence(&t);
	fx_advance(&t.f, 2 * FX_MS);
	flight_expect(&t, 3, 1);
	tp_silence(&t);
	/* its SACK shows what is missing, and that is repaired */
	fx_advance(&t.f, FLIGHT_RTT);
	SACK(&t, SEG(1), SEG(3), SEG(4));
	flight_expect(&t, 1, 1);
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	ACK(&t, SEG(4));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LOSSPROBES), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_TIMEOUTS), 0);
	tp_close(&t);
}

/* @req 8985-8 */
static void new_text_is_a_better_probe(void **st)
{
	struct tp t;

	(void)st;
	flight_open_with(&t, 4, 6 * 1460, true, false);
	flight_expect(&t, 0, 4);
	tp_silence(&t);
	probe(&t, 4);			/* one more than cwnd */
	assert_int_equal(t.p.tcp->flags, TCPHDR_ACK);	/* no end of a write */
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RETRANSSEGS), 0);
	/* acknowledged: nothing was lost */
	ACK(&t, SEG(5));
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, TCP_INFINITE_SSTHRESH);
	assert_false(flight_tcp(&t)->tlp_out);
	tp_close(&t);
}

/* Where the peer's window takes no new text old text must do. */
static void probe_stays_in_the_window(void **st)
{
	struct tp t;

	(void)st;
	flight_open_with(&t, 4, 6 * 1460, true, false);
	flight_expect(&t, 0, 4);
	t.win = 2 * 1460;
	ACK(&t, SEG(2));
	probe(&t, 3);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RETRANSSEGS), 1);
	tp_close(&t);
}

/* Its ACK may be delayed for as long as a timeout takes: then the probe goes, and the
 * window stays. @req 8985-6 */
static void single_segment_is_waited_for(void **st)
{
	struct tp t;

	(void)st;
	tail(&t, 1);
	fx_advance(&t.f, RTO - FX_MS);
	tp_silence(&t);
	fx_advance(&t.f, 2 * FX_MS);
	flight_expect(&t, 0, 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LOSSPROBES), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_TIMEOUTS), 0);
	assert_int_equal(flight_tcp(&t)->snd_cwnd, 10);
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	tp_close(&t);
}

/* @req 8985-7 @req 8985-9 */
static void after_a_probe_comes_the_timeout(void **st)
{
	struct tp t;

	(void)st;
	tail(&t, 4);
	probe(&t, 3);
	fx_advance(&t.f, RTO - 3 * SLACK);	/* from the probe on */
	tp_silence(&t);
	fx_advance(&t.f, 6 * SLACK);
	flight_expect(&t, 0, 1);	/* the first, not the last */
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_TIMEOUTS), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LOSSPROBES), 1);
	tp_close(&t);
}

/* The ACK of what was sent twice is no sample (there are no timestamps): without a new
 * one no other probe. @req 8985-7 */
static void probe_needs_a_new_sample(void **st)
{
	struct tp t;

	(void)st;
	tail(&t, 2);
	probe(&t, 1);
	SACK(&t, SEG(2), SEG(1), SEG(2));
	flight_write(&t, 2 * 1460);
	flight_expect(&t, 2, 2);
	fx_advance(&t.f, 2 * FLIGHT_RTT + 2 * SLACK);
	tp_silence(&t);
	ACK(&t, SEG(3));		/* a sample */
	fx_advance(&t.f, RTO);
	fx_flush(&t.f);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LOSSPROBES), 2);
	tp_close(&t);
}

/* The one loss that only the probe knows of: the window comes down all the same.
 * @req 8985-10 */
static void loss_that_the_probe_repaired_counts(void **st)
{
	struct tp t;

	(void)st;
	tail(&t, 8);
	ACK(&t, SEG(2));
	probe(&t, 7);
	ACK(&t, SEG(8));
	assert_true(flight_tcp(&t)->tlp_out);	/* was it this one? */
	flight_write(&t, 1460);
	flight_expect(&t, 8, 1);
	ACK(&t, SEG(9));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LOSSPROBERECOVERY), 1);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 3);
	assert_int_equal(flight_tcp(&t)->snd_cwnd, 3);
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	tp_close(&t);
}

/* A duplicate ACK, or a block that tells of a duplicate: both came.
 * @req 8985-10 */
static void probe_that_came_twice_costs_nothing(void **st)
{
	struct tp t;

	(void)st;
	for (u32 dsack = 0; dsack < 2; dsack++) {
		tail(&t, 8);
		ACK(&t, SEG(2));
		probe(&t, 7);
		ACK(&t, SEG(8));
		if (dsack)
			SACK(&t, SEG(8), SEG(7), SEG(8));
		else
			ACK(&t, SEG(8));
		assert_false(flight_tcp(&t)->tlp_out);
		flight_write(&t, 1460);
		flight_expect(&t, 8, 1);
		ACK(&t, SEG(9));
		assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LOSSPROBERECOVERY),
				 0);
		assert_true(flight_tcp(&t)->snd_cwnd >= 10);
		assert_int_equal(flight_tcp(&t)->rack.reo_wnd_steps, 0);
		tp_close(&t);
	}
}

static void probes_can_be_turned_off(void **st)
{
	struct tp t;

	(void)st;
	for (u32 sack = 0; sack < 2; sack++) {
		flight_open_with(&t, 10, 4 * 1460, sack, false);
		fx_sysctl(&t.f, "net.ipv4.tcp_early_retrans", sack ? "0" : "3");
		flight_expect(&t, 0, 4);
		ACK(&t, SEG(1));
		fx_advance(&t.f, 2 * FLIGHT_RTT + 2 * SLACK);
		tp_silence(&t);
		fx_advance(&t.f, RTO);
		flight_expect(&t, 1, 1);
		tp_close(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			last_segment_is_sent_again_after_two_round_trips),
		cmocka_unit_test(new_text_is_a_better_probe),
		cmocka_unit_test(probe_stays_in_the_window),
		cmocka_unit_test(single_segment_is_waited_for),
		cmocka_unit_test(after_a_probe_comes_the_timeout),
		cmocka_unit_test(probe_needs_a_new_sample),
		cmocka_unit_test(loss_that_the_probe_repaired_counts),
		cmocka_unit_test(probe_that_came_twice_costs_nothing),
		cmocka_unit_test(probes_can_be_turned_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
