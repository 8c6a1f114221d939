/* SPDX-License-Identifier: BSD-2-Clause */
/* DCTCP (RFC 8257). */
#include "unit.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <netinet/tcp.h>
#include <string.h>

#include "ipv4/tcp_ecn.h"
#include "tcp_flight.h"

static u8 mark(const struct tp *t)
{
	return t->p.ip->tos & INET_ECN_MASK;
}

static void name_is(const struct tp *t, const char *want)
{
	char name[16];
	socklen_t len = sizeof(name);

	assert_int_equal(inet_getsockopt(t->s, IPPROTO_TCP, TCP_CONGESTION, name,
					 &len), 0);
	assert_string_equal(name, want);
}

/* A connection that the peer asked for, with a window of @cwnd. */
static void open_dctcp(struct tp *t, u32 cwnd)
{
	tp_open(t);
	fx_sysctl(&t->f, "net.ipv4.tcp_congestion_control", "dctcp");
	fx_sysctl(&t->f, "net.ipv4.tcp_ecn", "0");	/* it asks all the same */
	t->sack = true;
	t->ecn = true;
	flight_connect(t, cwnd);
	name_is(t, "dctcp");
	fx_mark(&t->f);
}

/* @n segments are acknowledged, one ACK each, from number *@at on; the last
 * @marked of the ACKs tell of marks. What is sent is nobody's. */
static void acknowledge(struct tp *t, u32 *at, u32 n, u32 marked)
{
	for (; n; n--)
		tp_send(t, n <= marked ? "AE" : "A", 1, SEG(++*at), NULL, 0);
	fx_flush(&t->f);
}

/* ---- the handshake ----------------------------------------------------- */

static void all_packets_may_be_marked(void **state)
{
	struct tp t;

	(void)state;
	open_dctcp(&t, 10);
	assert_int_equal(mark(&t), INET_ECN_ECT_0);	/* the SYN-ACK */
	tp_write(&t, "hi", 2);
	tp_expect(&t, "PA", 1, 1, 2);
	assert_int_equal(mark(&t), INET_ECN_ECT_0);
	fx_advance(&t.f, FX_SEC);			/* it is sent again */
	tp_expect(&t, "PA", 1, 1, 2);
	assert_int_equal(mark(&t), INET_ECN_ECT_0);
	fx_flush(&t.f);
	t.tos = INET_ECN_ECT_0;
	tp_send(&t, "PA", 1, 3, "ho", 2);
	fx_advance(&t.f, FX_SEC);
	tp_expect(&t, "A", 3, 3, 0);
	assert_int_equal(mark(&t), INET_ECN_ECT_0);
	tp_close(&t);

	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "dctcp");
	t.ecn = true;
	tp_connect(&t);
	assert_int_equal(mark(&t), INET_ECN_ECT_0);	/* and so is a SYN */
	tp_close(&t);
}

/* A SYN that may be marked is agreed with: the peer needs it, too. */
static void listen_syn_that_may_be_marked_is_agreed_with(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "dctcp");
	t.ecn = true;
	t.tos = INET_ECN_ECT_0;
	tp_passive(&t);
	tp_close(&t);
}

/* A peer that knows nothing of it. */
static void without_ecn_it_is_reno(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "dctcp");
	t.ecn = true;
	tp_connect(&t);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	name_is(&t, "dctcp-reno");
	tp_write(&t, "hi", 2);
	tp_expect(&t, "PA", 1, 1, 2);
	assert_int_equal(mark(&t), INET_ECN_NOT_ECT);
	tp_close(&t);
}

/* ---- the sender -------------------------------------------------------- */

/* RFC 8257 3.3: at first a mark is as bad as a loss. Then what counts is how many
 * were marked, a 16th for each window. */
static void window_comes_down_by_the_share_of_marks(void **state)
{
	u32 at = 0, i, cwnd, before;
	struct tp t;

	(void)state;
	open_dctcp(&t, 64);
	flight_tcp(&t)->snd_ssthresh = 64;	/* no slow start */
	for (i = 0; i < 2; i++)
		flight_write(&t, 128 * 1460);
	fx_flush(&t.f);
	acknowledge(&t, &at, 1, 1);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 32);
	acknowledge(&t, &at, 63, 0);
	acknowledge(&t, &at, 2, 0);
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	/* windows without a mark: alpha is 15/16 of what it was, each time */
	for (i = 0; i < 40; i++) {
		flight_write(&t, 40 * 1460);
		fx_flush(&t.f);
		acknowledge(&t, &at, flight_tcp(&t)->packets_out, 0);
	}
	flight_write(&t, 120 * 1460);
	fx_flush(&t.f);
	before = flight_tcp(&t)->snd_cwnd;
	acknowledge(&t, &at, 1, 1);
	cwnd = flight_tcp(&t)->snd_ssthresh;
	assert_true(cwnd < before);
	assert_true(cwnd > before * 7 / 8);
	tp_close(&t);
}

/* All are marked, window for window: no less than half is left each time. */
static void marks_on_all_halve(void **state)
{
	struct tp t;
	u32 at = 0;

	(void)state;
	open_dctcp(&t, 32);
	flight_tcp(&t)->snd_ssthresh = 32;
	flight_write(&t, 128 * 1460);
	fx_flush(&t.f);
	acknowledge(&t, &at, 32, 32);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 16);
	acknowledge(&t, &at, 16, 16);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 8);
	tp_close(&t);
}

/* RFC 8257 3.4. */
static void a_loss_is_one_whatever_was_marked(void **state)
{
	u32 at = 0, i;
	struct tp t;

	(void)state;
	open_dctcp(&t, 20);
	flight_tcp(&t)->snd_ssthresh = 20;
	for (i = 0; i < 60; i++) {		/* alpha comes down to nothing */
		flight_write(&t, 20 * 1460);
		fx_flush(&t.f);
		acknowledge(&t, &at, flight_tcp(&t)->packets_out, 0);
	}
	flight_tcp(&t)->snd_cwnd = 20;
	flight_write(&t, 20 * 1460);
	fx_flush(&t.f);
	fx_advance(&t.f, FLIGHT_RTT);
	SACK(&t, SEG(at), SEG(at + 1), SEG(at + 10));
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 10);
	tp_close(&t);
}

/* TCP_CC_INFO, as far as there is room. */
static void it_tells_of_itself(void **state)
{
	struct tcp_dctcp_info info = { 0 };
	socklen_t len = sizeof(info);
	u32 at = 0;
	struct tp t;

	(void)state;
	open_dctcp(&t, 10);
	flight_write(&t, 10 * 1460);
	fx_flush(&t.f);
	acknowledge(&t, &at, 1, 0);	/* ends a window of nothing */
	acknowledge(&t, &at, 4, 1);
	assert_int_equal(inet_getsockopt(t.s, IPPROTO_TCP, TCP_CC_INFO, &info,
					 &len), 0);
	assert_int_equal(len, 16);
	assert_int_equal(info.dctcp_enabled, 1);
	assert_int_equal(info.dctcp_ce_state, 0);
	assert_int_equal(info.dctcp_alpha, 960);
	assert_int_equal(info.dctcp_ab_ecn, 1460);
	assert_int_equal(info.dctcp_ab_tot, 4 * 1460);
	len = 2;
	assert_int_equal(inet_getsockopt(t.s, IPPROTO_TCP, TCP_CC_INFO, &info,
					 &len), 0);
	assert_int_equal(len, 2);
	tp_close(&t);
}

/* ---- the receiver ------------------------------------------------------ */

/* RFC 8257 3.2: an ACK that waits says what was before. */
static void each_change_of_marks_is_told_at_once(void **state)
{
	static u8 text[100];
	struct tp t;
	u32 i;

	(void)state;
	open_dctcp(&t, 10);
	t.tos = INET_ECN_ECT_0;
	for (i = 0; i < 40; i++) {		/* the beginning is quick */
		tp_send(&t, "A", 1 + i * 100, 1, text, 100);
		fx_advance(&t.f, 100 * FX_MS);
	}
	fx_flush(&t.f);
	tp_send(&t, "A", 4001, 1, text, 100);
	tp_silence(&t);				/* it waits */
	t.tos = INET_ECN_CE;
	tp_send(&t, "A", 4101, 1, text, 100);
	tp_expect(&t, "A", 1, 4101, 0);		/* of what was not marked */
	tp_expect(&t, "AE", 1, 4201, 0);
	tp_send(&t, "A", 4201, 1, text, 100);
	fx_advance(&t.f, 300 * FX_MS);
	tp_expect(&t, "AE", 1, 4301, 0);
	t.tos = INET_ECN_ECT_0;			/* CWR or not */
	tp_send(&t, "A", 4301, 1, text, 100);
	tp_expect(&t, "A", 1, 4401, 0);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_packets_may_be_marked),
		cmocka_unit_test(listen_syn_that_may_be_marked_is_agreed_with),
		cmocka_unit_test(without_ecn_it_is_reno),
		cmocka_unit_test(window_comes_down_by_the_share_of_marks),
		cmocka_unit_test(marks_on_all_halve),
		cmocka_unit_test(a_loss_is_one_whatever_was_marked),
		cmocka_unit_test(it_tells_of_itself),
		cmocka_unit_test(each_change_of_marks_is_told_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
