/* SPDX-License-Identifier: BSD-2-Clause */
/* Selective acknowledgments of what was received (RFC 2018, RFC 2883). */
#include "unit.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <string.h>

#include "tcp_peer.h"

static u8 big[65536];

/* The blocks of the last segment, relative to the peer's SYN, are these: pairs,
 * ended by 0, 0. */
static void blocks(const struct tp *t, ...)
{
	u32 left, right, n = 0;
	va_list ap;

	va_start(ap, t);
	for (;; n++) {
		left = va_arg(ap, u32);
		right = va_arg(ap, u32);
		if (!left && !right)
			break;
		assert_true(n < t->opt.num_sacks);
		assert_int_equal(t->opt.sacks[n].start_seq - t->iss, left);
		assert_int_equal(t->opt.sacks[n].end_seq - t->iss, right);
	}
	va_end(ap);
	assert_int_equal(t->opt.num_sacks, n);
}

#define BLOCKS(t, ...) blocks(t, __VA_ARGS__, 0u, 0u)
#define NO_BLOCKS(t) blocks(t, 0u, 0u)

/* A connection with SACK; @ts: and timestamps. */
static void open_sack(struct tp *t, bool ts)
{
	tp_open(t);
	t->sack = true;
	t->ts = ts;
	t->ts_val = 100;
	tp_passive(t);
	assert_true(t->opt.sack_ok);
	inet_csk(tp_sk(t))->icsk_ack.quick = 0;
}

/* The peer sends [@seq, @end), which begins with the pattern's octet. */
static void text(struct tp *t, u32 seq, u32 end)
{
	tp_send(t, "A", seq, 1, big + seq, end - seq);
}

/* ... and gets an ACK of @ack. */
static void text_ack(struct tp *t, u32 seq, u32 end, u32 ack)
{
	text(t, seq, end);
	tp_expect(t, "A", 1, ack, 0);
}

/* ---- agreeing --------------------------------------------------------- */

/* @req 2018-1 */
static void sack_is_permitted_in_syns_only_and_if_both_want_it(void **state)
{
	struct tp t;

	(void)state;
	for (u32 i = 0; i < 8; i++) {
		bool passive = i & 1, peer = i & 2, knob = i & 4;

		tp_open(&t);
		t.sack = peer;
		fx_sysctl(&t.f, "net.ipv4.tcp_sack", knob ? "1" : "0");
		if (passive) {
			tp_listen(&t, 8);
			tp_syn(&t);
			assert_int_equal(t.opt.sack_ok, peer && knob);
			tp_send(&t, "A", 1, 1, NULL, 0);
			tp_accept(&t);
		} else {
			tp_connect(&t);
			assert_int_equal(t.opt.sack_ok, knob);
			tp_send(&t, "SA", 0, 1, NULL, 0);
			tp_expect(&t, "A", 1, 1, 0);
			assert_false(t.opt.sack_ok);
		}
		text_ack(&t, 11, 21, 1);
		assert_int_equal(t.opt.num_sacks, peer && knob);
		text_ack(&t, 11, 21, 1);	/* no D-SACK either */
		assert_int_equal(t.opt.num_sacks, peer && knob ? 2 : 0);
		assert_false(t.opt.sack_ok);
		tp_close(&t);
	}
}

/* ---- what waits ------------------------------------------------------- */

/* @req 2018-2 @req 2018-3 */
static void newest_is_first_then_those_before_it(void **state)
{
	struct tp t;

	(void)state;
	open_sack(&t, false);
	text_ack(&t, 11, 21, 1);
	BLOCKS(&t, 11u, 21u);
	text_ack(&t, 31, 41, 1);
	BLOCKS(&t, 31u, 41u, 11u, 21u);
	text_ack(&t, 51, 61, 1);
	BLOCKS(&t, 51u, 61u, 31u, 41u, 11u, 21u);
	text_ack(&t, 71, 81, 1);
	BLOCKS(&t, 71u, 81u, 51u, 61u, 31u, 41u, 11u, 21u);
	text_ack(&t, 91, 101, 1);		/* the oldest falls off */
	BLOCKS(&t, 91u, 101u, 71u, 81u, 51u, 61u, 31u, 41u);
	text_ack(&t, 41, 51, 1);		/* joins two */
	BLOCKS(&t, 31u, 61u, 91u, 101u, 71u, 81u);
	text_ack(&t, 21, 26, 1);		/* comes back, whole */
	BLOCKS(&t, 11u, 26u, 31u, 61u, 91u, 101u, 71u, 81u);
	text_ack(&t, 1, 11, 26);		/* is acknowledged now */
	BLOCKS(&t, 31u, 61u, 91u, 101u, 71u, 81u);
	text_ack(&t, 26, 31, 61);
	BLOCKS(&t, 91u, 101u, 71u, 81u);
	text_ack(&t, 61, 91, 101);
	BLOCKS(&t, 71u, 81u);			/* came twice */
	text_ack(&t, 101, 111, 111);
	NO_BLOCKS(&t);
	tp_read(&t, big + 1, 110);
	tp_close(&t);
}

/* @req 2018-3 */
static void three_blocks_fit_beside_a_timestamp(void **state)
{
	struct tp t;

	(void)state;
	open_sack(&t, true);
	for (u32 i = 1; i <= 5; i++)
		text_ack(&t, i * 20, i * 20 + 10, 1);
	BLOCKS(&t, 100u, 110u, 80u, 90u, 60u, 70u);
	assert_true(t.opt.saw_tstamp);
	assert_int_equal(t.opt.rcv_tsecr, 100);
	tp_close(&t);
}

/* A segment in many pieces: what is next to a block that fell off the list is a
 * part of the new one. */
static void block_that_fell_off_comes_back_from_either_side(void **state)
{
	struct tp t;

	(void)state;
	for (u32 above = 0; above < 2; above++) {
		open_sack(&t, false);
		for (u32 i = 1; i <= 6; i++)
			text_ack(&t, i * 2000, i * 2000 + 1000, 1);
		if (above) {
			text_ack(&t, 3000, 3500, 1);
			assert_int_equal(t.opt.sacks[0].start_seq - t.iss, 2000);
			assert_int_equal(t.opt.sacks[0].end_seq - t.iss, 3500);
		} else {
			text_ack(&t, 1500, 2000, 1);
			assert_int_equal(t.opt.sacks[0].start_seq - t.iss, 1500);
			assert_int_equal(t.opt.sacks[0].end_seq - t.iss, 3000);
		}
		tp_close(&t);
	}
}

/* Random segments: each ACK tells of its own first, and of nothing that did not
 * come; the stream is whole at the end. */
static void random_order_is_told_truly(void **state)
{
	static u8 came[4001];
	u32 seed = 7, ack = 1, at, len;
	struct tp t;

	(void)state;
	for (u32 round = 0; round < 20; round++) {
		open_sack(&t, round & 1);
		memset(came, 0, sizeof(came));
		for (ack = 1; ack < 4001;) {
			seed = seed * 1664525 + 1013904223;
			at = 1 + (seed >> 8) % 4000;
			len = 1 + (seed >> 20) % 200;
			if (seed % 8 == 0)
				at = ack;
			len = min(len, 4001 - at);
			memset(came + at, 1, len);
			text(&t, at, at + len);
			for (; ack < 4001 && came[ack]; ack++)
				;
			if (!fx_pop(&t.f, &t.p)) {	/* delayed */
				fx_advance(&t.f, 250 * FX_MS);
				assert_true(fx_pop(&t.f, &t.p));
			}
			assert_int_equal(ntohl(t.p.tcp->ack_seq) - t.iss, ack);
			tcp_options_parse(t.p.tcp + 1, __tcp_hdrlen(t.p.tcp) -
					  TCP_HLEN_MIN, false, &t.opt);
			for (u32 i = 0; i < t.opt.num_sacks; i++) {
				u32 left = t.opt.sacks[i].start_seq - t.iss;
				u32 right = t.opt.sacks[i].end_seq - t.iss;

				assert_true(left < right && right <= 4001);
				assert_null(memchr(came + left, 0,
						   right - left));
				assert_true(!i || left > ack);
				if (i == 0 && at > ack)
					assert_true(left < at + len &&
						    right > at);
			}
			assert_true(at <= ack || t.opt.num_sacks);
		}
		tp_read(&t, big + 1, 4000);
		tp_close(&t);
	}
}

/* What was told may be taken back when memory is short (RFC 2018 8), but then it
 * is not told any more. */
static void text_that_is_given_up_is_not_told_again(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	open_sack(&t, false);
	tp_setsockopt(&t, SOL_SOCKET, SO_RCVBUF, 8192);
	for (i = 0; i < 40 && !fx_mib_delta(&t.f, MIB_TCP_OFOPRUNED); i++) {
		u32 at = 60000 - i * 1000;

		text(&t, at, at + 10);
		tp_next(&t);
		for (u32 n = 0; n < t.opt.num_sacks; n++)
			assert_true(t.opt.sacks[n].start_seq - t.iss >= at);
	}
	assert_true(fx_mib_delta(&t.f, MIB_TCP_OFOPRUNED) > 0);
	assert_int_equal(t.opt.num_sacks, 1);
	tp_close(&t);
}

/* ---- together with data ------------------------------------------------ */

/* Blocks ride on data where there is place; where there is none they come in an
 * ACK of their own. */
static void blocks_ride_on_short_segments_not_on_full_ones(void **state)
{
	struct tp t;

	(void)state;
	open_sack(&t, false);
	t.s->sk->sk_sndbuf = 1 << 20;
	text_ack(&t, 11, 21, 1);
	tp_write(&t, big, 100);
	tp_expect(&t, "PA", 1, 1, 100);
	BLOCKS(&t, 11u, 21u);
	tp_send(&t, "A", 1, 101, NULL, 0);
	tp_write(&t, big, 1460 - 12);		/* one block fits */
	tp_expect(&t, "PA", 101, 1, 1448);
	BLOCKS(&t, 11u, 21u);
	tp_send(&t, "A", 1, 1549, NULL, 0);
	tp_write(&t, big, 1460 - 11);		/* none does */
	tp_expect(&t, "PA", 1549, 1, 1449);
	NO_BLOCKS(&t);
	tp_silence(&t);				/* it was told before */
	tp_close(&t);
}

/* An ACK lets data out, and brings text behind a hole. */
static void news_without_place_come_in_an_ack(void **state)
{
	struct tp t;

	(void)state;
	open_sack(&t, false);
	t.win = 1460;
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_write(&t, big, 2920);
	tp_expect(&t, "A", 1, 1, 1460);
	tp_silence(&t);
	tp_send(&t, "A", 11, 1461, big + 11, 10);
	tp_expect(&t, "PA", 1461, 1, 1460);
	NO_BLOCKS(&t);
	tp_expect(&t, "A", 2921, 1, 0);
	BLOCKS(&t, 11u, 21u);
	tp_silence_for(&t, 100 * FX_MS);
	tp_close(&t);
}

static void urgent_pointer_and_blocks_ride_together(void **state)
{
	struct tp t;

	(void)state;
	open_sack(&t, true);
	text_ack(&t, 11, 21, 1);
	assert_int_equal(inet_send(t.s, "u", 1, MSG_OOB), 1);
	fx_run(&t.f);
	tp_expect(&t, "PAU", 1, 1, 1);
	assert_int_equal(ntohs(t.p.tcp->urg_ptr), 1);
	BLOCKS(&t, 11u, 21u);
	assert_true(t.opt.saw_tstamp);
	tp_close(&t);
}

/* ---- what came twice --------------------------------------------------- */

/* @req 2883-1 */
static void duplicate_is_the_first_block_once(void **state)
{
	struct tp t;

	(void)state;
	open_sack(&t, false);
	text(&t, 1, 101);
	text(&t, 101, 201);
	fx_flush(&t.f);
	fx_mark(&t.f);
	text_ack(&t, 1, 101, 201);		/* all old */
	BLOCKS(&t, 1u, 101u);
	text_ack(&t, 151, 251, 251);		/* the front is */
	BLOCKS(&t, 151u, 201u);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DSACKOLDSENT), 2);
	text_ack(&t, 301, 401, 251);
	BLOCKS(&t, 301u, 401u);
	text_ack(&t, 321, 341, 251);		/* waits already */
	BLOCKS(&t, 321u, 341u, 301u, 401u);
	text_ack(&t, 501, 601, 251);
	BLOCKS(&t, 501u, 601u, 301u, 401u);	/* no more of it */
	text_ack(&t, 381, 421, 251);		/* the front waits */
	BLOCKS(&t, 381u, 401u, 301u, 421u, 501u, 601u);
	text_ack(&t, 461, 521, 251);		/* the end does */
	BLOCKS(&t, 501u, 521u, 461u, 601u, 301u, 421u);
	text_ack(&t, 440, 700, 251);		/* the middle does */
	BLOCKS(&t, 461u, 601u, 440u, 700u, 301u, 421u);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DSACKOFOSENT), 4);
	text_ack(&t, 251, 311, 421);		/* fills a hole and more */
	BLOCKS(&t, 301u, 311u, 440u, 700u);
	tp_read(&t, big + 1, 420);
	tp_close(&t);
}

/* The first probe of a closed window and a keep-alive have no text. */
static void probe_without_text_is_no_duplicate(void **state)
{
	struct tp t;

	(void)state;
	open_sack(&t, false);
	text(&t, 1, 101);
	text(&t, 101, 201);
	fx_flush(&t.f);
	tp_send(&t, "A", 200, 1, NULL, 0);
	tp_expect(&t, "A", 1, 201, 0);
	NO_BLOCKS(&t);
	fx_advance(&t.f, FX_SEC);			/* the limit of such answers */
	text_ack(&t, 200, 201, 201);		/* a keep-alive with an octet */
	BLOCKS(&t, 200u, 201u);
	tp_close(&t);
}

static void duplicate_is_not_told_when_the_knob_is_off(void **state)
{
	struct tp t;

	(void)state;
	open_sack(&t, false);
	fx_sysctl(&t.f, "net.ipv4.tcp_dsack", "0");
	text_ack(&t, 301, 401, 1);
	text_ack(&t, 321, 341, 1);
	BLOCKS(&t, 301u, 401u);
	tp_close(&t);
}

/* Nothing follows a FIN. */
static void fin_ends_what_waits_behind_it(void **state)
{
	struct tp t;

	(void)state;
	open_sack(&t, false);
	text_ack(&t, 101, 201, 1);
	tp_send(&t, "FA", 1, 1, big + 1, 50);
	fx_advance(&t.f, 200 * FX_MS);
	tp_expect(&t, "A", 1, 52, 0);
	NO_BLOCKS(&t);
	tp_send(&t, "FA", 51, 1, NULL, 0);	/* once more */
	tp_expect(&t, "A", 1, 52, 0);
	BLOCKS(&t, 51u, 52u);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			sack_is_permitted_in_syns_only_and_if_both_want_it),
		cmocka_unit_test(newest_is_first_then_those_before_it),
		cmocka_unit_test(three_blocks_fit_beside_a_timestamp),
		cmocka_unit_test(
			block_that_fell_off_comes_back_from_either_side),
		cmocka_unit_test(random_order_is_told_truly),
		cmocka_unit_test(text_that_is_given_up_is_not_told_again),
		cmocka_unit_test(
			blocks_ride_on_short_segments_not_on_full_ones),
		cmocka_unit_test(news_without_place_come_in_an_ack),
		cmocka_unit_test(urgent_pointer_and_blocks_ride_together),
		cmocka_unit_test(duplicate_is_the_first_block_once),
		cmocka_unit_test(probe_without_text_is_no_duplicate),
		cmocka_unit_test(duplicate_is_not_told_when_the_knob_is_off),
		cmocka_unit_test(fin_ends_what_waits_behind_it),
	};

	for (u32 i = 0; i < sizeof(big); i++)
		big[i] = (u8)(i * 7 + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
