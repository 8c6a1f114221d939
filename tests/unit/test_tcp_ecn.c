/* SPDX-License-Identifier: BSD-2-Clause */
/* Explicit congestion notification (RFC 3168). */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>

#include "core/skbuff.h"
#include "ipv4/tcp_ecn.h"
#include "tcp_flight.h"

#define MSS 1460u

/* The mark of the segment that was taken last. */
static u8 mark(const struct tp *t)
{
	return t->p.ip->tos & INET_ECN_MASK;
}

/* A connection that the peer asked for, and for ECN; Reno's windows, SACK. */
static void open_ecn(struct tp *t, u32 cwnd)
{
	tp_open(t);
	fx_sysctl(&t->f, "net.ipv4.tcp_congestion_control", "reno");
	t->sack = true;
	t->ecn = true;
	flight_connect(t, cwnd);
	fx_mark(&t->f);
}

/* The same, with @n segments in flight and more written, a round trip ago. */
static void fly(struct tp *t, u32 n)
{
	open_ecn(t, n);
	flight_write(t, 60 * MSS);
	flight_expect(t, 0, n);
	fx_advance(&t->f, FLIGHT_RTT);
}

/* The next @n segments are new text, the first of them says CWR if @cwr. */
static void expect_new(struct tp *t, u32 first, u32 n, bool cwr)
{
	u32 i;

	for (i = 0; i < n; i++) {
		flight_expect(t, first + i, 1);
		assert_int_equal(mark(t), INET_ECN_ECT_0);
		assert_int_equal(t->p.tcp->cwr, cwr && i == 0);
	}
}

static struct tcp_info info(const struct tp *t)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);

	assert_int_equal(inet_getsockopt(t->s, IPPROTO_TCP, TCP_INFO, &i, &len),
			 0);
	return i;
}

/* ---- the handshake ----------------------------------------------------- */

/* @req 3168-1, RFC9293:SHLD-8 */
static void listen_syn_that_asks_is_agreed_with(void **state)
{
	struct tp t;

	(void)state;
	open_ecn(&t, 10);
	assert_int_equal(mark(&t), INET_ECN_NOT_ECT);	/* the SYN-ACK */
	assert_true(info(&t).tcpi_options & TCPI_OPT_ECN);
	assert_false(info(&t).tcpi_options & TCPI_OPT_ECN_SEEN);
	tp_write(&t, "hi", 2);
	tp_expect(&t, "PA", 1, 1, 2);
	assert_int_equal(mark(&t), INET_ECN_ECT_0);
	tp_close(&t);
}

/* @req 3168-1 */
static void listen_other_syns_get_a_connection_without(void **state)
{
	static const struct {
		const char *flags, *knob;
		u8 tos;
	} rows[] = {
		{ "S", "2", 0 }, { "SE", "2", 0 }, { "SC", "2", 0 },
		{ "SEC", "0", 0 }, { "SEC", "2", INET_ECN_ECT_0 },
		{ "SEC", "1", INET_ECN_CE },
	};
	struct tp t;
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		tp_open(&t);
		fx_sysctl(&t.f, "net.ipv4.tcp_ecn", rows[i].knob);
		tp_listen(&t, 8);
		t.tos = rows[i].tos;
		tp_send(&t, rows[i].flags, 0, 0, NULL, 0);
		tp_next(&t);
		assert_int_equal(t.p.tcp->flags, TCPHDR_SYN | TCPHDR_ACK);
		t.irs = ntohl(t.p.tcp->seq);
		t.tos = INET_ECN_CE;
		tp_send(&t, "PAC", 1, 1, "hi", 2);
		tp_accept(&t);
		tp_expect(&t, "A", 1, 3, 0);
		tp_write(&t, "hi", 2);
		tp_expect(&t, "PA", 1, 3, 2);
		assert_int_equal(mark(&t), INET_ECN_NOT_ECT);
		assert_false(info(&t).tcpi_options & TCPI_OPT_ECN);
		tp_close(&t);
	}
}

/* @req 3168-1, 3168-2 */
static void syn_sent_asks_when_it_is_to(void **state)
{
	static const struct {
		const char *answer;
		bool agreed;
	} rows[] = {
		{ "SAE", true }, { "SA", false },
		{ "SAEC", false },	/* reflects what it does not know */
		{ "SAC", false },
	};
	struct tp t;
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		tp_open(&t);
		fx_sysctl(&t.f, "net.ipv4.tcp_ecn", "1");
		t.ecn = true;
		tp_connect(&t);
		assert_int_equal(mark(&t), INET_ECN_NOT_ECT);
		tp_send(&t, rows[i].answer, 0, 1, NULL, 0);
		tp_expect(&t, "A", 1, 1, 0);
		assert_int_equal(mark(&t), INET_ECN_NOT_ECT);
		tp_write(&t, "hi", 2);
		tp_expect(&t, "PA", 1, 1, 2);
		assert_int_equal(mark(&t), rows[i].agreed ? INET_ECN_ECT_0 :
							    INET_ECN_NOT_ECT);
		tp_close(&t);
	}
	tp_open(&t);			/* by default it does not ask */
	tp_active(&t);
	tp_close(&t);
}

/* @req 3168-1, 3168-8 */
static void syn_sent_again_does_not_ask(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_ecn", "1");
	t.ecn = true;
	tp_connect(&t);
	tp_expect_after(&t, FX_SEC, "S", 0);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	tp_write(&t, "hi", 2);
	tp_expect(&t, "PA", 1, 1, 2);
	assert_int_equal(mark(&t), INET_ECN_NOT_ECT);
	tp_close(&t);

	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_ecn", "1");
	t.ecn = true;
	tp_connect(&t);			/* the answer to the first is late */
	tp_expect_after(&t, FX_SEC, "S", 0);
	tp_send(&t, "SAE", 0, 1, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	t.tos = INET_ECN_CE;
	tp_send(&t, "PA", 1, 1, "hi", 2);
	tp_expect(&t, "AE", 1, 3, 0);
	tp_write(&t, "hi", 2);
	tp_expect(&t, "PAE", 1, 3, 2);
	assert_int_equal(mark(&t), INET_ECN_NOT_ECT);
	tp_close(&t);

	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_ecn", "1");
	fx_sysctl(&t.f, "net.ipv4.tcp_ecn_fallback", "0");
	t.ecn = true;
	tp_connect(&t);
	tp_expect_after(&t, FX_SEC, "SEC", 0);
	tp_close(&t);
}

static void syn_sent_that_cross_agree(void **state)
{
	static const char *const syns[] = { "SEC", "S" };
	struct tp t;
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(syns); i++) {
		tp_open(&t);
		fx_sysctl(&t.f, "net.ipv4.tcp_ecn", "1");
		t.ecn = true;
		tp_connect(&t);
		tp_send(&t, syns[i], 0, 0, NULL, 0);
		tp_expect(&t, i ? "SA" : "SAE", 0, 1, 0);
		assert_int_equal(mark(&t), INET_ECN_NOT_ECT);
		tp_send(&t, "A", 1, 1, NULL, 0);
		tp_write(&t, "hi", 2);
		tp_expect(&t, "PA", 1, 1, 2);
		assert_int_equal(mark(&t), i ? INET_ECN_NOT_ECT :
					       INET_ECN_ECT_0);
		tp_close(&t);
	}
}

/* Nothing is kept of a SYN that is answered by a cookie but what its timestamp
 * brings back. */
static void cookie_keeps_it_in_the_timestamp(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		tp_open(&t);
		fx_sysctl(&t.f, "net.ipv4.tcp_syncookies", "2");
		t.ts = i;
		t.ecn = i;		/* without timestamps there is no place */
		tp_passive(&t);
		tp_write(&t, "hi", 2);
		tp_expect(&t, "PA", 1, 1, 2);
		assert_int_equal(mark(&t), i ? INET_ECN_ECT_0 :
					       INET_ECN_NOT_ECT);
		tp_close(&t);
	}
}

/* ---- what may be marked ------------------------------------------------ */

/* Of all that was sent by now only text that is new may be marked. *@end: where the
 * last ended. Return: how many segments were no new text. */
static u32 others(struct tp *t, u32 *end)
{
	u32 nr = 0, seq;

	while (fx_pop(&t->f, &t->p)) {
		seq = ntohl(t->p.tcp->seq) - t->irs;
		if (t->p.data_len && !before(seq, *end)) {
			assert_int_equal(mark(t), INET_ECN_ECT_0);
			*end = seq + t->p.data_len;
		} else {
			assert_int_equal(mark(t), INET_ECN_NOT_ECT);
			nr++;
		}
	}
	return nr;
}

/* @req 3168-2 */
static void established_marks_new_text_only(void **state)
{
	struct tp t;
	u32 end = 1;

	(void)state;
	open_ecn(&t, 10);
	tp_write_pattern(&t, 100);
	assert_int_equal(others(&t, &end), 0);
	tp_send(&t, "PA", 1, 1, "hi", 2);	/* ACKs */
	tp_send(&t, "PA", 3, 1, "hi", 2);
	fx_advance(&t.f, 100 * FX_MS);
	assert_true(others(&t, &end) > 0);
	fx_advance(&t.f, 2 * FX_SEC);		/* the probe of the tail, timeouts */
	assert_true(fx_mib_delta(&t.f, MIB_TCP_TIMEOUTS) > 0);
	assert_true(others(&t, &end) > 1);
	t.win = 0;
	tp_send(&t, "A", 5, 101, NULL, 0);
	tp_write(&t, "more", 4);
	fx_advance(&t.f, 20 * FX_SEC);		/* a closed window is probed */
	assert_true(fx_mib_delta(&t.f, MIB_TCP_WINPROBE) > 0);
	assert_true(others(&t, &end) > 0);
	t.win = 1000;
	tp_send(&t, "A", 5, 101, NULL, 0);
	assert_int_equal(others(&t, &end), 0);
	assert_int_equal(end, 105);
	tp_send(&t, "A", 5, 105, NULL, 0);
	assert_int_equal(inet_shutdown(t.s, SHUT_WR), 0);
	fx_run(&t.f);
	assert_int_equal(others(&t, &end), 1);	/* a FIN without text */
	tp_close(&t);
}

/* What the application says of the service is in all of them. */
static void established_service_class_stays(void **state)
{
	struct tp t;

	(void)state;
	open_ecn(&t, 10);
	tp_setsockopt(&t, IPPROTO_IP, IP_TOS, 0x20);
	tp_write(&t, "hi", 2);
	tp_expect(&t, "PA", 1, 1, 2);
	assert_int_equal(t.p.ip->tos, 0x20 | INET_ECN_ECT_0);
	tp_setsockopt(&t, IPPROTO_IP, IP_TOS, 0x43);	/* the rest is TCP's */
	tp_write(&t, "ho", 2);
	tp_send(&t, "A", 1, 3, NULL, 0);
	tp_expect(&t, "PA", 3, 1, 2);
	assert_int_equal(t.p.ip->tos, 0x40 | INET_ECN_ECT_0);
	tp_send(&t, "FA", 1, 5, NULL, 0);
	inet_close(t.s);
	t.s = NULL;
	fx_run(&t.f);
	fx_flush(&t.f);
	tp_send(&t, "A", 2, 6, NULL, 0);
	tp_close(&t);
}

/* ---- a mark comes ------------------------------------------------------ */

/* @req 3168-3 */
static void established_mark_is_told_until_cwr_comes(void **state)
{
	struct tp t;

	(void)state;
	open_ecn(&t, 10);
	t.tos = INET_ECN_ECT_0;
	tp_send(&t, "PA", 1, 1, "a", 1);
	tp_expect(&t, "A", 1, 2, 0);
	fx_mark(&t.f);
	t.tos = INET_ECN_CE;
	tp_send(&t, "PA", 2, 1, "b", 1);
	tp_expect(&t, "AE", 1, 3, 0);		/* at once */
	assert_int_equal(fx_mib_delta(&t.f, MIB_IP_INCEPKTS), 1);
	assert_true(info(&t).tcpi_options & TCPI_OPT_ECN_SEEN);
	t.tos = INET_ECN_ECT_0;
	tp_send(&t, "PA", 3, 1, "c", 1);
	tp_expect(&t, "AE", 1, 4, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_IP_INECT0PKTS), 1);
	tp_write(&t, "text", 4);		/* on text, too */
	tp_expect(&t, "PAE", 1, 4, 4);
	t.tos = INET_ECN_ECT_1;
	tp_send(&t, "PAC", 4, 5, "d", 1);
	tp_expect(&t, "A", 5, 5, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_IP_INECT1PKTS), 1);
	t.tos = INET_ECN_CE;			/* and again */
	tp_send(&t, "PAC", 5, 5, "e", 1);
	tp_expect(&t, "AE", 5, 6, 0);
	tp_close(&t);
}

/* A mark of text that is not taken says nothing of this connection's path. */
/* @req 3168-6 */
static void established_mark_on_what_is_not_taken_is_ignored(void **state)
{
	struct tp t;

	(void)state;
	open_ecn(&t, 10);
	tp_send(&t, "PA", 1, 1, "abc", 3);
	tp_expect(&t, "A", 1, 4, 0);
	t.tos = INET_ECN_CE;
	tp_send(&t, "PA", 100000, 1, "far", 3);	/* behind the window */
	tp_expect(&t, "A", 1, 4, 0);
	tp_send(&t, "PA", 1, 1, "abc", 3);	/* old */
	tp_next(&t);
	assert_false(t.p.tcp->ece);
	tp_send(&t, "A", 4, 1, NULL, 0);	/* no text */
	t.tos = 0;
	tp_send(&t, "PA", 4, 1, "d", 1);
	tp_expect(&t, "A", 1, 5, 0);
	t.tos = INET_ECN_CE;
	tp_send(&t, "PA", 6, 1, "f", 1);	/* behind a hole: it is taken */
	tp_next(&t);
	assert_true(t.p.tcp->ece);
	tp_close(&t);
}

/* ---- ECE comes --------------------------------------------------------- */

/* @req 3168-4 */
static void established_echo_brings_the_window_down_once(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	fly(&t, 20);
	tp_send(&t, "AE", 1, SEG(1), NULL, 0);
	assert_int_equal(flight_state(&t), TCP_CA_CWR);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 9);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DELIVEREDCE), 1);
	/* RFC 6937: of two that arrive one goes, and the first tells */
	for (i = 2; i <= 20; i++)
		tp_send(&t, "AE", 1, SEG(i), NULL, 0);
	expect_new(&t, 20, 9, true);
	tp_silence(&t);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 9);
	assert_int_equal(flight_state(&t), TCP_CA_CWR);
	/* the peer has seen CWR: no more */
	tp_send(&t, "A", 1, SEG(21), NULL, 0);
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_int_equal(flight_tcp(&t)->snd_cwnd, 9);
	expect_new(&t, 29, 1, false);
	/* another window, another mark */
	tp_send(&t, "AE", 1, SEG(22), NULL, 0);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 4);
	tp_send(&t, "AE", 1, SEG(24), NULL, 0);
	expect_new(&t, 30, 1, true);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RETRANSSEGS), 0);
	tp_close(&t);
}

/* The same without SACK. */
static void established_echo_needs_no_sack(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "reno");
	t.ecn = true;
	flight_connect(&t, 20);
	flight_write(&t, 60 * MSS);
	flight_expect(&t, 0, 20);
	for (i = 1; i <= 20; i++)
		tp_send(&t, "AE", 1, SEG(i), NULL, 0);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, 9);
	expect_new(&t, 20, 9, true);
	tp_silence(&t);
	tp_send(&t, "A", 1, SEG(22), NULL, 0);
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_int_equal(flight_tcp(&t)->snd_cwnd, 9);
	tp_close(&t);
}

/* Who has not agreed on it, or says so in a SYN, says nothing. */
static void established_echo_that_was_not_agreed_on_is_ignored(void **state)
{
	struct tp t;

	(void)state;
	flight_open(&t, 20);
	tp_send(&t, "AE", 1, SEG(2), NULL, 0);
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, TCP_INFINITE_SSTHRESH);
	tp_close(&t);
}

/* A window of one segment cannot come down: the next one waits for the timer, which
 * begins anew. */
/* @req 3168-5 */
static void established_echo_at_a_window_of_one_resets_the_timer(void **state)
{
	struct tp t;
	u64 due;

	(void)state;
	fly(&t, 1);
	due = inet_csk(tp_sk(&t))->icsk_timeout_ns;
	fx_advance(&t.f, FX_MS);
	tp_send(&t, "AE", 1, 1, NULL, 0);	/* nothing new is acknowledged */
	assert_true(inet_csk(tp_sk(&t))->icsk_timeout_ns > due);
	tp_close(&t);
}

/* After a loss the peer learns, too, that the window came down. */
static void recovery_tells_cwr(void **state)
{
	struct tp t;

	(void)state;
	fly(&t, 10);
	SACK(&t, 1, SEG(1), SEG(10));
	flight_expect(&t, 0, 1);
	assert_int_equal(mark(&t), INET_ECN_NOT_ECT);
	assert_false(t.p.tcp->cwr);		/* it is sent again */
	ACK(&t, SEG(10));
	expect_new(&t, 10, 1, true);
	tp_close(&t);
}

/* What was sent again in vain is taken back, unless a mark came as well. */
static void recovery_with_a_mark_is_not_taken_back(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		fly(&t, 10);
		SACK(&t, 1, SEG(1), SEG(9));
		flight_expect(&t, 0, 1);
		if (i)
			tp_send(&t, "AE", 1, SEG(1), NULL, 0);
		ACK(&t, SEG(10));
		SACK(&t, SEG(10), SEG(0), SEG(1));
		if (i)
			assert_int_equal(flight_tcp(&t)->snd_ssthresh, 5);
		else
			assert_int_equal(flight_tcp(&t)->snd_ssthresh,
					 TCP_INFINITE_SSTHRESH);
		tp_close(&t);
	}
}

/* ---- many segments in one packet --------------------------------------- */

/* CWR is the first segment's: a device that knows that gets the packet whole, for
 * another it is cut before. */
static void cwr_is_in_the_first_segment_of_a_packet(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		tp_open(&t);
		fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "reno");
		t.ecn = true;
		t.f.dev->features |= NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO |
				     (i ? NETIF_F_TSO_ECN : 0);
		flight_connect(&t, 20);
		flight_tcp(&t)->ecn_flags |= TCP_ECN_QUEUE_CWR;
		flight_write(&t, 60 * MSS);
		tp_next(&t);
		assert_true(t.p.tcp->cwr);
		assert_int_equal(mark(&t), INET_ECN_ECT_0);
		assert_int_equal(t.p.data_len > MSS, i);
		tp_next(&t);
		assert_false(t.p.tcp->cwr);
		assert_int_equal(mark(&t), INET_ECN_ECT_0);
		tp_close(&t);
	}
}

/* Segments in one poll: those that were marked are no row with those that were
 * not, and CWR begins one. */
static void merged_packets_keep_their_marks(void **state)
{
	static const struct {
		u8 tos;
		const char *flags;
	} rows[] = {
		{ INET_ECN_ECT_0, "A" }, { INET_ECN_ECT_0, "A" },
		{ INET_ECN_CE, "A" }, { INET_ECN_CE, "A" },
		{ INET_ECN_ECT_0, "AC" }, { INET_ECN_ECT_0, "A" },
	};
	static u8 text[1000];
	struct tp t;
	u32 i;

	(void)state;
	open_ecn(&t, 10);
	t.f.dev->features |= NETIF_F_GRO;
	fx_mark(&t.f);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct fx_ip ip = { .tos = rows[i].tos };

		tp_queue(&t, &ip, rows[i].flags, 1 + i * 1000, text, 1000);
	}
	fx_run(&t.f);
	assert_int_equal(fx_mib_delta(&t.f, MIB_IP_INRECEIVES), 3);
	assert_int_equal(fx_mib_delta(&t.f, MIB_IP_INECT0PKTS), 4);
	assert_int_equal(fx_mib_delta(&t.f, MIB_IP_INCEPKTS), 2);
	while (fx_pop(&t.f, &t.p))
		;
	assert_false(t.p.tcp->ece);		/* CWR came last */
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_syn_that_asks_is_agreed_with),
		cmocka_unit_test(listen_other_syns_get_a_connection_without),
		cmocka_unit_test(syn_sent_asks_when_it_is_to),
		cmocka_unit_test(syn_sent_again_does_not_ask),
		cmocka_unit_test(syn_sent_that_cross_agree),
		cmocka_unit_test(cookie_keeps_it_in_the_timestamp),
		cmocka_unit_test(established_marks_new_text_only),
		cmocka_unit_test(established_service_class_stays),
		cmocka_unit_test(established_mark_is_told_until_cwr_comes),
		cmocka_unit_test(
			established_mark_on_what_is_not_taken_is_ignored),
		cmocka_unit_test(established_echo_brings_the_window_down_once),
		cmocka_unit_test(established_echo_needs_no_sack),
		cmocka_unit_test(
			established_echo_that_was_not_agreed_on_is_ignored),
		cmocka_unit_test(
			established_echo_at_a_window_of_one_resets_the_timer),
		cmocka_unit_test(recovery_tells_cwr),
		cmocka_unit_test(recovery_with_a_mark_is_not_taken_back),
		cmocka_unit_test(cwr_is_in_the_first_segment_of_a_packet),
		cmocka_unit_test(merged_packets_keep_their_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
