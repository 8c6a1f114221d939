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
	u64 busy_time, rwnd_limited, sndbuf_limited;
	u32 delivered, delivered_ce;
	u64 bytes_sent, bytes_retrans;
	u32 dsack_dups, reord_seen, rcv_ooopack, snd_wnd, rcv_wnd, rehash;
	u16 total_rto, total_rto_recoveries;
	u32 total_rto_time;
	u32 ecn_bytes[7];
	u16 ecn_state[2];
};

/* As long as Linux's. */
static void get_info(struct tp *t, struct info *info)
{
	socklen_t len = sizeof(*info);

	assert_int_equal(len, 280);
	assert_int_equal(inet_getsockopt(t->s, IPPROTO_TCP, TCP_INFO, info,
					 &len), 0);
	assert_int_equal(len, 280);
}

/* In segments of 1460 octets in 10 s; @limited as the flag. */
static u32 rate(struct tp *t, bool *limited)
{
	struct info info;

	get_info(t, &info);
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
	fx_mark(&t.f);
	SACK(&t, SEG(0), SEG(1), SEG(10));
	assert_in_range(rate(&t, NULL), 2230, 2270);	/* 9 in 40 ms */
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DELIVERED), 9);
	assert_int_equal(flight_tcp(&t)->tx.delivered, 1 + 9);	/* and the SYN-ACK */
	fx_flush(&t.f);
	fx_advance(&t.f, FLIGHT_RTT);
	ACK(&t, SEG(10));
	assert_int_equal(flight_tcp(&t)->tx.delivered, 1 + 10);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DELIVERED), 10);
	tp_close(&t);
}

/* Without SACK a duplicate ACK says so, once, and what is acknowledged afterwards was
 * counted. */
static void duplicate_acks_count(void **st)
{
	struct tp t;

	(void)st;
	flight_open_with(&t, 10, 10 * 1460, false, false);
	fx_flush(&t.f);
	fx_mark(&t.f);
	for (u32 i = 1; i <= 4; i++) {
		ACK(&t, SEG(0));
		assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DELIVERED), i);
	}
	ACK(&t, SEG(10));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DELIVERED), 10);
	assert_int_equal(flight_tcp(&t)->tx.delivered, 1 + 10);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DELIVEREDCE), 0);
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

/* Text waits 100 ms for the peer's window and 50 ms for its ACK. */
static void time_is_told_that_sending_waited_for_the_window(void **st)
{
	struct info info;
	struct tp t;

	(void)st;
	tp_open(&t);
	tp_passive(&t);
	t.win = 0;
	tp_send(&t, "A", 1, 1, NULL, 0);
	fx_advance(&t.f, 300 * FX_MS);
	tp_write(&t, "hello", 5);
	tp_silence(&t);
	fx_advance(&t.f, 100 * FX_MS);
	t.win = 65535;
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_expect(&t, "PA", 1, 1, 5);
	fx_advance(&t.f, 50 * FX_MS);
	tp_send(&t, "A", 1, 6, NULL, 0);
	fx_advance(&t.f, 700 * FX_MS);
	get_info(&t, &info);
	assert_in_range(info.rwnd_limited, 99000, 101000);
	assert_in_range(info.busy_time, 149000, 151000);
	assert_int_equal(info.sndbuf_limited, 0);
	assert_int_equal(info.rcv_wnd, tcp_sk(tp_sk(&t))->rcv_wnd);
	assert_int_equal(info.total_rto, 0);
	tp_close(&t);
}

/* The application waits 30 ms for room, with the windows open. */
static void time_is_told_that_sending_waited_for_the_buffer(void **st)
{
	static const u8 text[100000];
	struct info info;
	struct tp t;

	(void)st;
	tp_open(&t);
	t.win = 65535;
	tp_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 3000);
	assert_true(inet_send(t.s, text, sizeof(text), 0) > 15 * 1460);
	assert_int_equal(inet_send(t.s, text, sizeof(text), 0), -1);
	fx_run(&t.f);
	fx_flush(&t.f);
	get_info(&t, &info);
	assert_int_equal(info.sndbuf_limited, 0);
	tcp_sk(tp_sk(&t))->snd_cwnd = 100;
	tp_send(&t, "A", 1, 1 + 10 * 1460, NULL, 0);
	fx_flush(&t.f);
	assert_true(tcp_write_queue_empty(tp_sk(&t)));
	fx_advance(&t.f, 30 * FX_MS);
	tp_send(&t, "A", 1, tcp_sk(tp_sk(&t))->snd_nxt - t.irs, NULL, 0);
	fx_advance(&t.f, 500 * FX_MS);
	get_info(&t, &info);
	assert_in_range(info.sndbuf_limited, 29000, 31000);
	assert_in_range(info.busy_time, 29000, 31000);
	tp_close(&t);
}

/* Two timeouts in a row, and an ACK 200 ms after the second. */
static void timeouts_and_the_time_that_they_took_are_told(void **st)
{
	struct info info;
	struct tp t;

	(void)st;
	tp_open(&t);
	tp_passive(&t);
	tp_write(&t, "hello", 5);
	tp_expect(&t, "PA", 1, 1, 5);
	while (tcp_sk(tp_sk(&t))->total_rto < 2)
		fx_advance(&t.f, 10 * FX_MS);
	fx_advance(&t.f, 200 * FX_MS);
	fx_flush(&t.f);
	get_info(&t, &info);
	assert_int_equal(info.total_rto, 2);
	assert_int_equal(info.total_rto_recoveries, 1);
	assert_in_range(info.total_rto_time, 300, 3000);
	tp_send(&t, "A", 1, 6, NULL, 0);
	tp_write(&t, "hello", 5);
	tp_send(&t, "A", 1, 11, NULL, 0);
	fx_advance(&t.f, 5000 * FX_MS);
	fx_flush(&t.f);
	get_info(&t, &info);
	assert_in_range(info.total_rto_time, 300, 3000);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_is_told_that_sending_waited_for_the_window),
		cmocka_unit_test(time_is_told_that_sending_waited_for_the_buffer),
		cmocka_unit_test(timeouts_and_the_time_that_they_took_are_told),
		cmocka_unit_test(full_windows_show_the_rate_of_the_path),
		cmocka_unit_test(acks_in_a_heap_are_no_faster_path),
		cmocka_unit_test(selected_segments_count),
		cmocka_unit_test(duplicate_acks_count),
		cmocka_unit_test(little_text_does_not_hide_the_path),
		cmocka_unit_test(sample_shorter_than_a_round_trip_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
