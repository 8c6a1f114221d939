/* SPDX-License-Identifier: BSD-2-Clause */
/* CUBIC (RFC 9438) and HyStart++ (RFC 9406): ACKs are given to the table itself, so
 * that time and round trips are exact. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>

#include "tcp_flight.h"

static const struct tcp_congestion_ops *const cubic = &tcp_cubic;

/* A connection in congestion avoidance, after a loss with a window of @prior. */
struct curve {
	struct tp t;
	struct sock *sk;
	struct tcp_sock *tp;
	u64 end_ns;		/* of what has passed since the loss */
	u32 una, nxt;
};

static void open_curve(struct curve *c)
{
	tp_open(&c->t);
	tp_passive(&c->t);
	c->sk = tp_sk(&c->t);
	c->tp = tcp_sk(c->sk);
	assert_ptr_equal(inet_csk(c->sk)->icsk_ca_ops, cubic);
	c->una = c->tp->snd_una;
	c->nxt = c->tp->snd_nxt;
	c->tp->is_cwnd_limited = true;
}

static void close_curve(struct curve *c)
{
	c->tp->snd_una = c->una;
	c->tp->snd_nxt = c->nxt;
	tp_close(&c->t);
}

static void lose(struct curve *c, u32 cwnd)
{
	c->tp->snd_cwnd = cwnd;
	c->end_ns = c->tp->mstamp_ns;
	tcp_undo_arm(c->sk);
	c->tp->snd_ssthresh = c->tp->snd_cwnd = cubic->ssthresh(c->sk);
}

/* A window's worth of ACKs in each round trip of @rtt_us, for @ns. */
static void pass(struct curve *c, u32 rtt_us, u64 ns)
{
	c->end_ns += ns;
	c->tp->srtt_us = rtt_us << 3;
	while (c->tp->mstamp_ns < c->end_ns) {
		cubic->cong_avoid(c->sk, 0, 1);
		c->tp->mstamp_ns += rtt_us * 1000ull / c->tp->snd_cwnd;
	}
}

/* The numbers are those of cubic_model.py.
 * @req 9438-1 @req 9438-2 @req 9438-3 @req 9438-4 */
static void window_is_that_of_the_model(void **st)
{
	static const struct {
		u32 prior, last_max, rtt_ms, cwnd[5];
	} rows[] = {
		{ 100, 0, 40, { 87, 96, 143, 243, 343 } },
		{ 1000, 0, 100, { 788, 858, 947, 1000, 1010 } },
		{ 100, 200, 40, { 83, 96, 143, 243, 344 } },
		{ 20, 0, 1, { 1008, 2008, 4008, 8008, 12008 } },
		{ 4000, 0, 20, { 3033, 3233, 3547, 3894, 3994 } },
		{ 3, 0, 40, { 26, 51, 101, 201, 485 } },
		{ 10, 0, 5000, { 7, 8, 10, 14, 22 } },
	};
	static const u32 seconds[] = { 1, 2, 4, 8, 12 };
	struct curve c;

	(void)st;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 rtt_us = rows[i].rtt_ms * 1000, j, s = 0;

		open_curve(&c);
		if (rows[i].last_max)
			lose(&c, rows[i].last_max);
		lose(&c, rows[i].prior);
		for (j = 0; j < ARRAY_SIZE(seconds); s = seconds[j++]) {
			pass(&c, rtt_us, (seconds[j] - s) * FX_SEC);
			assert_in_range(c.tp->snd_cwnd,
					rows[i].cwnd[j] * 0.999 - 1,
					rows[i].cwnd[j] * 1.001 + 1);
		}
		close_curve(&c);
	}
}

/* @req 9438-5 */
static void loss_leaves_seven_tenths_and_two_at_least(void **st)
{
	struct curve c;

	(void)st;
	open_curve(&c);
	lose(&c, 100);
	assert_int_equal(c.tp->snd_ssthresh, 70);
	lose(&c, 2);
	assert_int_equal(c.tp->snd_ssthresh, 2);
	close_curve(&c);
}

/* After a timeout the window begins at 1, and where slow start ends the curve is
 * convex at once: W_max is what the window is. @req 9438-5 */
static void timeout_forgets_the_plateau(void **st)
{
	struct curve c;

	(void)st;
	open_curve(&c);
	lose(&c, 1000);
	tcp_ca_event(c.sk, CA_EVENT_LOSS);
	c.tp->snd_cwnd = 700;
	pass(&c, 100000, 4 * FX_SEC);	/* 0.4 * 4^3 = 26 */
	assert_in_range(c.tp->snd_cwnd, 725, 729);
	close_curve(&c);
}

/* Time passes in which the application sends less than it may. @req 9438-6 */
static void time_of_an_idle_application_does_not_count(void **st)
{
	struct curve c, d;

	(void)st;
	open_curve(&c);
	lose(&c, 1000);
	pass(&c, 100000, 2 * FX_SEC);
	/* a little is sent, and acknowledged */
	c.tp->is_cwnd_limited = false;
	for (u32 i = 0; i < 100; i++) {
		c.tp->mstamp_ns += 100 * FX_MS;
		cubic->cong_avoid(c.sk, 0, 1);
	}
	c.tp->is_cwnd_limited = true;
	c.end_ns = c.tp->mstamp_ns;
	pass(&c, 100000, FX_SEC);
	/* nothing is sent, then much */
	c.end_ns = c.tp->mstamp_ns += 10 * FX_SEC;
	tcp_ca_event(c.sk, CA_EVENT_TX_START);
	pass(&c, 100000, FX_SEC);

	open_curve(&d);
	lose(&d, 1000);
	pass(&d, 100000, 4 * FX_SEC);
	assert_in_range(c.tp->snd_cwnd, d.tp->snd_cwnd - 1,
			d.tp->snd_cwnd + 1);
	close_curve(&d);
	close_curve(&c);
}

/* @req 9438-7 */
static void undone_loss_leaves_the_curve_as_it_was(void **st)
{
	struct curve c, d;
	u32 i;

	(void)st;
	open_curve(&c);
	open_curve(&d);
	lose(&c, 1000);
	lose(&d, 1000);
	pass(&c, 100000, 14 * FX_SEC);	/* beyond the plateau */
	pass(&d, 100000, 14 * FX_SEC);
	lose(&c, c.tp->snd_cwnd);
	assert_true(c.tp->snd_cwnd < d.tp->snd_cwnd);
	c.tp->snd_cwnd = cubic->undo_cwnd(c.sk);
	for (i = 0; i < 5; i++) {
		pass(&c, 100000, 2 * FX_SEC);
		pass(&d, 100000, 2 * FX_SEC);
		assert_in_range(c.tp->snd_cwnd, d.tp->snd_cwnd - 1,
				d.tp->snd_cwnd + 1);
	}
	close_curve(&d);
	close_curve(&c);
}

/* ---- HyStart++ --------------------------------------------------------- */

/* A round of @n ACKs for one segment each, @rtt_us long. */
static void start_round(struct curve *c, u32 rtt_us, u32 n)
{
	struct ack_sample sample = { .rtt_us = (s32)rtt_us, .pkts_acked = 1 };

	c->tp->snd_una = c->tp->snd_nxt;	/* the last one is acknowledged */
	c->tp->snd_nxt += 1000;
	for (u32 i = 0; i < n; i++) {
		cubic->pkts_acked(c->sk, &sample);
		cubic->cong_avoid(c->sk, c->tp->snd_una, 1);
		if (!i)
			c->tp->snd_una++;
	}
}

/* Eight samples tell, and the rise must be an eighth, at least 4 ms and at most
 * 16 ms. @req 9406-2 @req 9406-3 */
static void longer_round_trips_slow_the_start_down(void **st)
{
	static const struct {
		u32 rtt_ms, rise_us;
	} rows[] = { { 10, 4000 }, { 80, 10000 }, { 400, 16000 } };
	struct curve c;
	u32 cwnd;

	(void)st;
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		u32 rtt = rows[i].rtt_ms * 1000, rise = rows[i].rise_us;

		open_curve(&c);
		start_round(&c, rtt, 10);
		cwnd = c.tp->snd_cwnd;
		start_round(&c, rtt + rise - 1, 10);	/* not enough */
		assert_int_equal(c.tp->snd_cwnd, cwnd + 10);
		start_round(&c, rtt + 2 * rise - 1, 7);	/* not often enough */
		assert_int_equal(c.tp->snd_cwnd, cwnd + 17);
		close_curve(&c);
		open_curve(&c);
		start_round(&c, rtt, 10);
		cwnd = c.tp->snd_cwnd;
		start_round(&c, rtt + rise, 7 + 40);
		/* seven as ever, and from the eighth on a quarter */
		assert_in_range(c.tp->snd_cwnd, cwnd + 7 + 10,
				cwnd + 7 + 10 + 1);
		assert_int_equal(c.tp->snd_ssthresh, TCP_INFINITE_SSTHRESH);
		assert_int_equal(net_mib_read(sock_net(c.sk),
					      MIB_TCP_HYSTARTDELAYDETECT), 1);
		assert_int_equal(net_mib_read(sock_net(c.sk),
					      MIB_TCP_HYSTARTDELAYCWND), cwnd + 7);
		close_curve(&c);
	}
}

/* @req 9406-3 */
static void five_slow_rounds_end_slow_start(void **st)
{
	struct curve c;
	u32 i;

	(void)st;
	open_curve(&c);
	start_round(&c, 20000, 10);
	for (i = 0; i < 5; i++) {
		start_round(&c, 40000, 20);
		assert_int_equal(c.tp->snd_ssthresh, TCP_INFINITE_SSTHRESH);
	}
	start_round(&c, 40000, 1);
	assert_in_range(c.tp->snd_ssthresh, 30, c.tp->snd_cwnd);
	assert_false(tcp_in_slow_start(c.tp));
	close_curve(&c);
}

/* @req 9406-3 */
static void shorter_round_trips_resume_slow_start(void **st)
{
	struct curve c;
	u32 cwnd, i;

	(void)st;
	open_curve(&c);
	start_round(&c, 20000, 10);
	start_round(&c, 40000, 20);
	start_round(&c, 21000, 8);
	cwnd = c.tp->snd_cwnd;
	for (i = 0; i < 8; i++) {
		start_round(&c, 21000, 10);
		assert_int_equal(c.tp->snd_cwnd, cwnd + 10 * (i + 1));
	}
	assert_int_equal(c.tp->snd_ssthresh, TCP_INFINITE_SSTHRESH);
	close_curve(&c);
}

/* @req 9406-1 */
static void later_slow_starts_do_not_look_at_round_trips(void **st)
{
	struct curve c;
	u32 i;

	(void)st;
	open_curve(&c);
	lose(&c, 1000);
	c.tp->snd_cwnd = 10;
	start_round(&c, 20000, 10);
	for (i = 0; i < 8; i++)
		start_round(&c, 40000, 20);
	assert_int_equal(c.tp->snd_cwnd, 10 + 10 + 8 * 20);
	assert_int_equal(c.tp->snd_ssthresh, 700);
	close_curve(&c);
}

/* One ACK for many segments opens the window by as many, in any slow start, and by one
 * after a timeout. */
static void one_ack_opens_the_window_by_what_it_acknowledges(void **st)
{
	struct curve c;

	(void)st;
	open_curve(&c);
	c.tp->snd_cwnd = 10;
	cubic->cong_avoid(c.sk, 0, 40);
	assert_int_equal(c.tp->snd_cwnd, 50);
	c.tp->snd_ssthresh = 500;
	cubic->cong_avoid(c.sk, 0, 40);
	assert_int_equal(c.tp->snd_cwnd, 90);
	inet_csk(c.sk)->icsk_ca_state = TCP_CA_Loss;
	cubic->cong_avoid(c.sk, 0, 40);
	assert_int_equal(c.tp->snd_cwnd, 91);
	inet_csk(c.sk)->icsk_ca_state = TCP_CA_Open;
	close_curve(&c);
}

/* A whole connection: slow start, a loss, and the window after it. */
static void loss_in_a_flight_takes_three_tenths(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 20);
	inet_setsockopt(t.s, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
	SACK(&t, SEG(0), SEG(1), SEG(4));
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 14);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(window_is_that_of_the_model),
		cmocka_unit_test(loss_leaves_seven_tenths_and_two_at_least),
		cmocka_unit_test(timeout_forgets_the_plateau),
		cmocka_unit_test(time_of_an_idle_application_does_not_count),
		cmocka_unit_test(undone_loss_leaves_the_curve_as_it_was),
		cmocka_unit_test(longer_round_trips_slow_the_start_down),
		cmocka_unit_test(five_slow_rounds_end_slow_start),
		cmocka_unit_test(shorter_round_trips_resume_slow_start),
		cmocka_unit_test(later_slow_starts_do_not_look_at_round_trips),
		cmocka_unit_test(one_ack_opens_the_window_by_what_it_acknowledges),
		cmocka_unit_test(loss_in_a_flight_takes_three_tenths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
