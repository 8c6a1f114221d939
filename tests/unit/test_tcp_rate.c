/* SPDX-License-Identifier: BSD-2-Clause */
/* Delivery rates (draft-cheng-iccrg-delivery-rate-estimation), as TCP_INFO shows
 * them. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>

#include "ipv4/tcp_rate.h"
#include "tcp_flight.h"

struct info {
	struct tcp_info base;
	u64 pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
	u32 segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in,
	    data_segs_out;
	u64 delivery_rate;
};

/* In segments of 1460 octets in 10 s; @limited as the flag. */
static u32 rate(struct tp *t, bool *limited)
{
	socklen_t len = sizeof(struct info);
	struct info info;

	assert_int_equal(inet_getsockopt(t->s, IPPROTO_TCP, TCP_INFO, &info,
					 &len), 0);
	if (limited)
		*limited = ((u8 *)&info)[7] & 1;
	return (u32)((info.delivery_rate * 10 + 730) / 1460);
}

/* Ten segments each round trip of 40 ms: 250 a second. */
static void full_windows_show_the_rate_of_the_path(void **st)
{
	bool limited;
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	for (u32 i = 0; i < 4; i++) {
		ACK(&t, SEG(10 * (i + 1)));
		flight_tcp(&t)->snd_cwnd = 10;
		fx_flush(&t.f);
		assert_in_range(rate(&t, &limited), 2480, 2520);
		assert_int_equal(limited, !i);	/* nothing before the first */
		fx_advance(&t.f, FLIGHT_RTT);
	}
	tp_close(&t);
}

/* Nine segments arrive as if in no time; what counts is how long they took to be
 * sent. */
static void acks_in_a_heap_are_no_faster_path(void **st)
{
	struct tp t;
	u32 i;

	(void)st;
	flight_open_with(&t, 40, 1460, true, false);
	for (i = 1; i < 9; i++) {
		fx_advance(&t.f, 10 * FX_MS);
		flight_write(&t, 1460);
	}
	fx_advance(&t.f, 5 * FX_MS);
	fx_flush(&t.f);
	ACK(&t, SEG(1));
	fx_advance(&t.f, 5 * FX_MS);
	flight_write(&t, 1460);
	fx_advance(&t.f, FLIGHT_RTT);
	ACK(&t, SEG(10));
	assert_in_range(rate(&t, NULL), 990, 1010);
	tp_close(&t);
}

/* A selective ACK says that a packet has arrived as an ACK does. */
static void selected_segments_count(void **st)
{
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	SACK(&t, SEG(0), SEG(1), SEG(10));
	assert_in_range(rate(&t, NULL), 2230, 2270);	/* 9 in 40 ms */
	assert_int_equal(flight_tcp(&t)->tx.delivered, 9);
	fx_flush(&t.f);
	fx_advance(&t.f, FLIGHT_RTT);
	ACK(&t, SEG(10));
	assert_int_equal(flight_tcp(&t)->tx.delivered, 10);
	tp_close(&t);
}

/* What an application sends now and then says what it sends, and is told only if
 * it is more than was seen. */
static void little_text_does_not_hide_the_path(void **st)
{
	bool limited;
	struct tp t;
	u32 i, seq;

	(void)st;
	flight_open_with(&t, 10, 20 * 1460, true, false);
	flight_expect(&t, 0, 10);
	fx_advance(&t.f, FLIGHT_RTT);
	ACK(&t, SEG(10));
	fx_flush(&t.f);
	fx_advance(&t.f, FLIGHT_RTT);
	ACK(&t, SEG(20));
	assert_in_range(rate(&t, &limited), 2480, 2520);
	assert_false(limited);
	for (i = 0, seq = 20; i < 4; i++, seq++) {
		flight_write(&t, 1460);
		fx_flush(&t.f);
		fx_advance(&t.f, FLIGHT_RTT);
		ACK(&t, SEG(seq + 1));
		assert_in_range(rate(&t, &limited), 2480, 2520);
	}
	/* more than ever, and yet all that there was */
	flight_tcp(&t)->snd_cwnd = 40;
	flight_write(&t, 30 * 1460);
	fx_flush(&t.f);
	fx_advance(&t.f, FLIGHT_RTT);
	ACK(&t, SEG(seq + 30));
	assert_in_range(rate(&t, &limited), 7400, 7600);
	assert_true(limited);
	tp_close(&t);
}

/* What was sent again, and at once counts as arrived, had arrived before: its round
 * trip cannot be. */
static void sample_shorter_than_a_round_trip_is_none(void **st)
{
	struct tcp_ack_state a = { .delivered = 1 };
	struct tcp_sock *tp;
	struct tp t;

	(void)st;
	flight_open(&t, 10);
	tp = flight_tcp(&t);
	tcp_mstamp_refresh(tp_sk(&t));
	a.tx_ns = tp->mstamp_ns;
	a.tx.first = a.tx.at = tcp_ticks(tp->mstamp_ns);
	tp->mstamp_ns += FLIGHT_RTT - FX_MS;
	tcp_rate_gen(tp_sk(&t), &a);
	assert_int_equal(a.rate_ticks, 0);
	tp->mstamp_ns += FX_MS;
	tcp_rate_gen(tp_sk(&t), &a);
	assert_in_range(a.rate_ticks, FLIGHT_RTT / 1024,
			FLIGHT_RTT / 1024 + 1);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_windows_show_the_rate_of_the_path),
		cmocka_unit_test(acks_in_a_heap_are_no_faster_path),
		cmocka_unit_test(selected_segments_count),
		cmocka_unit_test(little_text_does_not_hide_the_path),
		cmocka_unit_test(sample_shorter_than_a_round_trip_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
