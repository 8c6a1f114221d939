/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections end: FIN, RST, linger, orphans, TIME-WAIT. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tcp_peer.h"

static u32 tw_count(const struct tp *t)
{
	return t->f.net->ipv4.tcp->death_row.tw_count;
}

static u32 orphans(const struct tp *t)
{
	return t->f.net->ipv4.tcp->orphan_count;
}

static void shut(struct tp *t)
{
	assert_int_equal(inet_shutdown(t->s, SHUT_WR), 0);
	fx_run(&t->f);
}

static void app_close(struct tp *t)
{
	assert_int_equal(inet_close(t->s), 0);
	t->s = NULL;
	fx_run(&t->f);
	tcp_verify_all(t->f.net);
}

/* ---- the peer closes first -------------------------------------------- */

/* @req RFC9293:MUST-12 @req 9293-SM-11 @req 9293-SM-14 */
static void close_wait_then_last_ack_then_closed(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "FA", 1, 1, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_CLOSE_WAIT);
	fx_advance(&t.f, 200 * FX_MS);
	tp_expect(&t, "A", 1, 2, 0);
	assert_true(tp_poll(&t) & POLLRDHUP);
	tp_read_eof(&t);
	tp_read_eof(&t);
	tp_write(&t, "bye", 3);			/* half-closed: still may */
	tp_expect(&t, "PA", 1, 2, 3);
	tp_send(&t, "A", 2, 4, NULL, 0);
	app_close(&t);
	tp_expect(&t, "FA", 4, 2, 0);
	assert_int_equal(orphans(&t), 1);
	tp_send(&t, "A", 2, 5, NULL, 0);
	assert_int_equal(orphans(&t), 0);
	assert_int_equal(tw_count(&t), 0);
	tp_silence_for(&t, 300 * FX_SEC);
	tp_close(&t);
}

/* Whoever closes at once sends it along. */
static void established_fin_without_text_is_answered_soon(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "FA", 1, 1, NULL, 0);
	tp_silence(&t);
	fx_advance(&t.f, 2 * FX_MS);
	tp_expect(&t, "A", 1, 2, 0);
	tp_close(&t);
}

/* The window is full, and nothing would come behind it. */
static void established_fin_waits_for_no_congestion_window(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_write_pattern(&t, 10 * 1460);
	assert_int_equal(fx_flush(&t.f), 10);
	inet_shutdown(t.s, SHUT_WR);
	tp_expect(&t, "FA", 1 + 10 * 1460, 1, 0);
	tp_close(&t);
}

/* @req 9293-SM-13 */
static void close_wait_text_after_fin_is_ignored(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "FA", 1, 1, NULL, 0);
	fx_advance(&t.f, 200 * FX_MS);
	fx_flush(&t.f);
	tp_send(&t, "PA", 2, 1, "more", 4);
	tp_read_eof(&t);
	assert_int_equal(tcp_sk(tp_sk(&t))->rcv_nxt, t.iss + 2);
	/* its FIN again: the ACK again */
	tp_send(&t, "FA", 1, 1, NULL, 0);
	tp_expect(&t, "A", 1, 2, 0);
	tp_close(&t);
}

/* ---- we close first --------------------------------------------------- */

/* @req 9293-SM-10 @req RFC9293:MUST-13 @req 9293-SM-12 */
static void fin_wait_1_then_2_then_time_wait(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	shut(&t);
	tp_expect(&t, "FA", 1, 1, 0);
	assert_int_equal(tp_state(&t), TCP_FIN_WAIT1);
	tp_send(&t, "A", 1, 2, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_FIN_WAIT2);
	tp_send(&t, "PA", 1, 2, "late", 4);	/* half-closed: still comes */
	tp_expect(&t, "A", 2, 5, 0);
	tp_send(&t, "FA", 5, 2, NULL, 0);
	tp_expect(&t, "A", 2, 6, 0);
	assert_int_equal(tw_count(&t), 1);
	tp_read(&t, "late", 4);
	tp_read_eof(&t);
	app_close(&t);
	tp_silence(&t);
	/* a FIN sent again: the ACK again, and 2 MSL from now */
	fx_advance(&t.f, 59 * FX_SEC);
	tp_send(&t, "FA", 5, 2, NULL, 0);
	tp_expect(&t, "A", 2, 6, 0);
	fx_advance(&t.f, 59 * FX_SEC);
	assert_int_equal(tw_count(&t), 1);
	/* other segments do not prolong it */
	tp_send(&t, "A", 6, 2, NULL, 0);
	fx_advance(&t.f, 2 * FX_SEC);
	assert_int_equal(tw_count(&t), 0);
	tp_close(&t);
}

/* FIN and its ACK in one. */
/* @req 9293-SM-10 */
static void fin_wait_1_fin_with_ack_is_time_wait(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	app_close(&t);
	tp_expect(&t, "FA", 1, 1, 0);
	tp_send(&t, "FA", 1, 2, NULL, 0);
	tp_expect(&t, "A", 2, 2, 0);
	assert_int_equal(tw_count(&t), 1);
	assert_int_equal(orphans(&t), 0);
	fx_advance(&t.f, 61 * FX_SEC);
	assert_int_equal(tw_count(&t), 0);
	tp_close(&t);
}

/* @req 9293-SM-18 @req 9293-SM-10 @req 9293-SM-11 */
static void fin_wait_1_fin_alone_is_closing(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	shut(&t);
	tp_expect(&t, "FA", 1, 1, 0);
	tp_send(&t, "FA", 1, 1, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_CLOSING);
	tp_expect(&t, "A", 2, 2, 0);
	tp_send(&t, "A", 2, 2, NULL, 0);
	assert_int_equal(tw_count(&t), 1);
	tp_read_eof(&t);
	tp_close(&t);
}

/* The FIN overtakes the last text: both are in order at once, and one segment
 * causes one ACK. */
static void fin_wait_1_fin_from_behind_a_hole_is_answered_once(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	shut(&t);
	tp_expect(&t, "FA", 1, 1, 0);
	tp_send(&t, "FA", 5, 1, NULL, 0);
	tp_expect(&t, "A", 2, 1, 0);
	tp_send(&t, "PA", 1, 1, "late", 4);
	assert_int_equal(tp_state(&t), TCP_CLOSING);
	tp_expect(&t, "A", 2, 6, 0);
	tp_silence(&t);
	tp_read(&t, "late", 4);
	tp_read_eof(&t);
	tp_close(&t);
}

/* The FIN is lost, and sent again until it is answered. */
/* @req 6298-5.4-5.6 */
static void fin_wait_1_fin_is_retransmitted(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	app_close(&t);
	tp_expect(&t, "FA", 1, 1, 0);
	fx_advance(&t.f, 2 * FX_SEC);
	tp_expect(&t, "FA", 1, 1, 0);
	tp_send(&t, "FA", 1, 2, NULL, 0);
	assert_int_equal(tw_count(&t), 1);
	tp_close(&t);
}

/* Text goes first, then the FIN rides on its last segment. */
static void close_with_unsent_text_sends_it_first(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	t.win = 1460;
	tp_passive(&t);
	tp_write_pattern(&t, 3000);
	tp_expect(&t, "A", 1, 1, 730);
	app_close(&t);
	t.win = 60000;
	fx_flush(&t.f);
	tp_send(&t, "A", 1, 1461, NULL, 0);
	while (fx_pop(&t.f, &t.p))
		;
	assert_true(t.p.tcp->fin);
	assert_int_equal(ntohl(t.p.tcp->seq) - t.irs + t.p.data_len, 3001);
	tp_send(&t, "FA", 1, 3002, NULL, 0);
	assert_int_equal(tw_count(&t), 1);
	tp_close(&t);
}

/* ---- aborts ----------------------------------------------------------- */

/* @req RFC9293:SHLD-3 */
/* @req RFC9293:MAY-1 */
static void close_with_unread_text_is_a_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 1, 1, "unread", 6);
	tp_expect(&t, "A", 1, 7, 0);
	app_close(&t);
	tp_expect(&t, "RA", 1, 7, 0);
	assert_int_equal(orphans(&t), 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_ABORTONCLOSE), 1);
	tp_close(&t);
}

/* @req RFC9293:SHLD-3 */
static void orphan_text_after_close_is_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	app_close(&t);
	tp_expect(&t, "FA", 1, 1, 0);
	tp_send(&t, "PA", 1, 1, "late", 4);
	tp_next(&t);
	assert_true(t.p.tcp->rst);
	assert_int_equal(orphans(&t), 0);
	tp_close(&t);
}

/* The same when the orphan is a timewait sock already. */
/* @req RFC9293:SHLD-3 */
static void fin_wait_2_orphan_text_is_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	app_close(&t);
	tp_expect(&t, "FA", 1, 1, 0);
	tp_send(&t, "A", 1, 2, NULL, 0);
	assert_int_equal(tw_count(&t), 1);
	assert_int_equal(orphans(&t), 0);
	tp_send(&t, "PA", 1, 2, "late", 4);
	tp_next(&t);
	assert_true(t.p.tcp->rst);
	assert_int_equal(ntohl(t.p.tcp->seq) - t.irs, 2);
	assert_int_equal(tw_count(&t), 0);
	tp_close(&t);
}

/* @attack W4 */
static void fin_wait_2_orphan_ends_after_fin_timeout(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_fin_timeout", "10");
	tp_passive(&t);
	app_close(&t);
	tp_send(&t, "A", 1, 2, NULL, 0);
	fx_flush(&t.f);
	fx_advance(&t.f, 9 * FX_SEC);
	assert_int_equal(tw_count(&t), 1);
	fx_advance(&t.f, 2 * FX_SEC);
	assert_int_equal(tw_count(&t), 0);
	tp_close(&t);
}

/* Its FIN comes in time: TIME-WAIT from then on. */
static void fin_wait_2_orphan_fin_is_time_wait(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	app_close(&t);
	tp_expect(&t, "FA", 1, 1, 0);
	tp_send(&t, "A", 1, 2, NULL, 0);
	fx_advance(&t.f, 30 * FX_SEC);
	tp_send(&t, "FA", 1, 2, NULL, 0);
	tp_expect(&t, "A", 2, 2, 0);
	fx_advance(&t.f, 50 * FX_SEC);
	assert_int_equal(tw_count(&t), 1);
	fx_advance(&t.f, 11 * FX_SEC);
	assert_int_equal(tw_count(&t), 0);
	tp_close(&t);
}

/* Its mini sock wants an exact RST as well (RFC 5961 3.2). */
static void fin_wait_2_orphan_reset_must_be_exact(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	app_close(&t);
	tp_expect(&t, "FA", 1, 1, 0);
	tp_send(&t, "A", 1, 2, NULL, 0);
	assert_int_equal(tw_count(&t), 1);
	tp_send(&t, "R", 100, 0, NULL, 0);
	tp_expect(&t, "A", 2, 1, 0);
	tp_send(&t, "R", 100, 0, NULL, 0);	/* within 500 ms: no answer */
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_ACKSKIPPEDFINWAIT2), 1);
	assert_int_equal(tw_count(&t), 1);
	tp_send(&t, "R", 1, 0, NULL, 0);
	tp_silence(&t);
	assert_int_equal(tw_count(&t), 0);
	tp_close(&t);
}

/* TCP_LINGER2 below zero: nobody waits for the peer's FIN. */
static void fin_wait_2_orphan_without_time_is_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_LINGER2, -1);
	assert_int_equal(inet_shutdown(t.s, SHUT_WR), 0);
	tp_expect(&t, "FA", 1, 1, 0);
	tp_send(&t, "A", 1, 2, NULL, 0);
	app_close(&t);
	tp_expect(&t, "RA", 2, 1, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_ABORTONLINGER), 1);
	assert_int_equal(tw_count(&t), 0);
	tp_close(&t);
}

/* Without memory for the RST the connection is gone all the same. */
static void reset_without_memory_is_counted(void **state)
{
	const struct linger now = { .l_onoff = 1 };
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	assert_int_equal(inet_setsockopt(t.s, SOL_SOCKET, SO_LINGER, &now, sizeof(now)),
			 0);
	skb_cache_flush(t.f.net->softnets);
	mem_fail_nth(&t.f.net->mem, 1);
	app_close(&t);
	assert_true(mem_failed(&t.f.net->mem));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_ABORTFAILED), 1);
	assert_int_equal(orphans(&t), 0);
	fx_flush(&t.f);
	tp_close(&t);
}

/* And answers a SYN, wherever it is, by a challenge (RFC 5961 4.2). */
static void fin_wait_2_orphan_syn_is_challenged(void **state)
{
	static const u32 seqs[] = { 1, 100 };
	struct tp t;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		tp_open_watched(&t);
		tp_passive(&t);
		app_close(&t);
		tp_expect(&t, "FA", 1, 1, 0);
		tp_send(&t, "A", 1, 2, NULL, 0);
		assert_int_equal(tw_count(&t), 1);
		tp_send(&t, "S", seqs[i], 0, NULL, 0);
		tp_expect(&t, "A", 2, 1, 0);
		tp_silence(&t);
		assert_int_equal(tw_count(&t), 1);
		tp_send(&t, "R", 1, 0, NULL, 0);
		tp_close(&t);
	}
}

/* @attack W4 @attack W1 */
static void fin_wait_1_orphan_gives_up(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	app_close(&t);
	fx_advance(&t.f, 300 * FX_SEC);
	assert_int_equal(orphans(&t), 0);
	assert_int_equal(t.f.net->ipv4.tcp_hashinfo->ehash_count, 0);
	tp_close(&t);
}

/* Seconds that an orphan lives whose peer answers each probe with a closed
 * window. */
static u32 orphan_lives(const char *retries)
{
	struct tp t;
	u32 i;

	tp_open_watched(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_orphan_retries", retries);
	t.win = 0;
	tp_passive(&t);
	tp_write(&t, "x", 1);
	app_close(&t);
	for (i = 0; i < 2000 && orphans(&t); i++) {
		fx_advance(&t.f, FX_SEC);
		if (fx_flush(&t.f))
			tp_send(&t, "A", 1, 1, NULL, 0);
	}
	assert_int_equal(orphans(&t), 0);
	tp_close(&t);
	return i;
}

/* The peer keeps its window closed over what we still have to say: until the
 * backoff is at its most, and tcp_orphan_retries were made. */
/* @attack W1 */
static void orphan_with_zero_window_is_limited(void **state)
{
	u32 usual;

	(void)state;
	usual = orphan_lives("0");
	assert_in_range(usual, 200, 400);
	/* three more, two minutes apart */
	assert_in_range(orphan_lives("13") - usual, 350, 370);
}

/* @attack W4 */
static void orphans_are_counted_and_bounded(void **state)
{
	struct tp t;
	u16 i;

	(void)state;
	tp_open_watched(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_max_orphans", "5");
	tp_listen(&t, 50);
	for (i = 0; i < 20; i++) {
		t.pport = 1000 + i;
		tp_passive(&t);
		app_close(&t);
		assert_true(orphans(&t) <= 6);
		fx_flush(&t.f);
	}
	assert_true(fx_mib_delta(&t.f, MIB_TCP_ABORTONMEMORY) > 0);
	tp_close(&t);
}

/* @attack P6 */
static void linger_zero_is_a_reset(void **state)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	assert_int_equal(inet_setsockopt(t.s, SOL_SOCKET, SO_LINGER, &l,
					 sizeof(l)), 0);
	tp_write(&t, "x", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	app_close(&t);
	tp_expect(&t, "RA", 2, 1, 0);
	assert_int_equal(orphans(&t), 0);
	tp_close(&t);
}

/* @req RFC9293:MUST-12 */
static void established_reset_is_told_as_such(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 1, 1, "abc", 3);
	fx_flush(&t.f);
	tp_send(&t, "R", 4, 0, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_true(tp_poll(&t) & (POLLERR | POLLHUP));
	tp_read(&t, "abc", 3);		/* what came before it may be read */
	tp_read_error(&t, ECONNRESET);
	tp_read_eof(&t);
	tp_close(&t);
}

static void close_wait_reset_is_a_broken_pipe(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "FA", 1, 1, NULL, 0);
	tp_send(&t, "R", 2, 0, NULL, 0);
	assert_int_equal(inet_send(t.s, "x", 1, 0), -1);
	assert_int_equal(errno, EPIPE);
	tp_close(&t);
}

/* connect(AF_UNSPEC), and the socket can be used again. */
static void disconnect_resets_and_frees_the_socket(void **state)
{
	struct sockaddr_in unspec = { .sin_family = AF_UNSPEC };
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_active(&t);
	assert_int_equal(inet_connect(t.s, (void *)&unspec, sizeof(unspec)), 0);
	fx_run(&t.f);
	tp_expect(&t, "RA", 1, 1, 0);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	tp_error(&t);
	tp_active(&t);
	tp_write(&t, "again", 5);
	tp_expect(&t, "PA", 1, 1, 5);
	tp_close(&t);
}

/* ---- TIME-WAIT -------------------------------------------------------- */

/* Ends in TIME-WAIT: the peer's next octet is 2, ours too. */
static void to_time_wait(struct tp *t)
{
	app_close(t);
	tp_expect(t, "FA", 1, 1, 0);
	tp_send(t, "FA", 1, 2, NULL, 0);
	tp_expect(t, "A", 2, 2, 0);
	assert_int_equal(tw_count(t), 1);
	fx_advance(&t->f, FX_SEC);
}

/* @req 1337-1 @attack P3 */
static void time_wait_reset_does_not_end_it(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	to_time_wait(&t);
	tp_send(&t, "R", 2, 0, NULL, 0);
	tp_send(&t, "RA", 2, 2, NULL, 0);
	tp_silence(&t);
	assert_int_equal(tw_count(&t), 1);
	fx_sysctl(&t.f, "net.ipv4.tcp_rfc1337", "0");
	tp_send(&t, "R", 2, 0, NULL, 0);
	assert_int_equal(tw_count(&t), 0);
	tp_close(&t);
}

/* @req 6191-1 @req RFC9293:MAY-2 @attack S10 */
static void time_wait_syn_above_reopens(void **state)
{
	struct tp t;
	u32 old_irs;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	to_time_wait(&t);
	old_irs = t.irs;
	t.iss += 1000;
	tp_passive(&t);
	assert_int_equal(tw_count(&t), 0);
	assert_true(after(t.irs, old_irs + 2));
	tp_close(&t);
}

/* @attack S10 */
static void time_wait_syn_below_is_challenged(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	to_time_wait(&t);
	tp_send(&t, "S", -5000u, 0, NULL, 0);
	tp_expect(&t, "A", 2, 2, 0);
	tp_send(&t, "A", -5000u, 2, NULL, 0);	/* within 500 ms: no answer */
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_ACKSKIPPEDTIMEWAIT), 1);
	assert_int_equal(tw_count(&t), 1);
	tp_close(&t);
}

/* @req 6191-1 @req RFC9293:SHLD-4 @attack S10 */
static void time_wait_newer_timestamp_reopens_whatever_the_sequence(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	t.ts = true;
	tp_passive(&t);
	to_time_wait(&t);
	t.ts_val += 1;
	t.iss -= 5000;
	tp_passive(&t);
	assert_int_equal(tw_count(&t), 0);
	tp_close(&t);
}

/* @attack S10 @req 7323-5.3a */
static void time_wait_older_timestamp_is_challenged(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	t.ts = true;
	tp_passive(&t);
	to_time_wait(&t);
	t.ts_val -= 1;
	t.iss += 100000;
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_next(&t);
	assert_int_equal(t.p.tcp->flags, TCPHDR_ACK);
	assert_int_equal(tw_count(&t), 1);
	tp_close(&t);
}

/* @attack P2 */
static void time_wait_table_full_is_no_harm(void **state)
{
	struct tp t;
	u16 i;

	(void)state;
	tp_open_watched(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_max_tw_buckets", "3");
	tp_listen(&t, 50);
	for (i = 0; i < 6; i++) {
		t.pport = 1000 + i;
		tp_passive(&t);
		app_close(&t);
		tp_expect(&t, "FA", 1, 1, 0);
		tp_send(&t, "FA", 1, 2, NULL, 0);
		fx_flush(&t.f);
		assert_int_equal(tw_count(&t), min(i + 1, 3));
	}
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_TIMEWAITOVERFLOW), 3);
	/* who watches has its own TIME-WAIT at the end */
	fx_sysctl(&t.f, "net.ipv4.tcp_max_tw_buckets", "100");
	tp_close(&t);
}

/* Our own connect() may take over a port in TIME-WAIT, a second later and with
 * timestamps; and begins above what was sent before. */
/* @attack P1 @req 6191-1 */
static void time_wait_port_is_reused_by_connect(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(TP_PEER_PORT),
				  .sin_addr.s_addr = FX_PEER };
	struct tp t;
	u32 old;

	(void)state;
	tp_open_watched(&t);
	t.ts = true;
	fx_sysctl(&t.f, "net.ipv4.ip_local_port_range", "40000 40000");
	tp_active(&t);
	to_time_wait(&t);
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(inet_connect(t.s, (void *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);	/* tcp_tw_reuse 2: loopback */
	fx_sysctl(&t.f, "net.ipv4.tcp_tw_reuse", "1");
	old = t.irs;
	t.ts_val += 2000;
	t.iss += 100;
	fx_advance(&t.f, FX_SEC);
	tp_active(&t);
	assert_int_equal(t.irs - old, 2 + 65535 + 2);
	assert_int_equal(tw_count(&t), 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_TIMEWAITRECYCLED), 1);
	tp_close(&t);
}

/* The port of a connection in TIME-WAIT is taken for bind(). */
static void time_wait_port_is_in_use_for_bind(void **state)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(TP_PORT) };
	struct socket *s;
	struct tp t;
	int on = 1;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	inet_setsockopt(t.s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	to_time_wait(&t);
	inet_close(t.l);
	t.l = NULL;
	s = inet_socket(t.f.net, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(inet_bind(s, (void *)&any, sizeof(any)), -1);
	assert_int_equal(errno, EADDRINUSE);
	inet_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(inet_bind(s, (void *)&any, sizeof(any)), 0);
	assert_int_equal(inet_listen(s, 1), 0);
	inet_close(s);
	tp_close(&t);
}

/* The range is used up: EADDRNOTAVAIL, after one walk. */
/* @attack P1 @req 9293/6056-x */
static void connect_without_a_free_port_fails(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(80),
				  .sin_addr.s_addr = FX_PEER };
	struct socket *s[20];
	struct tp t;
	u32 i;

	(void)state;
	tp_open_watched(&t);
	fx_sysctl(&t.f, "net.ipv4.ip_local_port_range", "40000 40015");
	for (i = 0; i < 17; i++) {
		s[i] = inet_socket(t.f.net, AF_INET,
				   SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_int_equal(inet_connect(s[i], (void *)&to, sizeof(to)),
				 -1);
		assert_int_equal(errno, i < 16 ? EINPROGRESS : EADDRNOTAVAIL);
	}
	/* another peer: the ports can be shared */
	to.sin_port = htons(81);
	assert_int_equal(inet_connect(s[16], (void *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EINPROGRESS);
	for (i = 0; i < 17; i++)
		inet_close(s[i]);
	fx_run(&t.f);
	fx_flush(&t.f);
	tp_close(&t);
}

/* Ports do not follow one another. */
/* @req 6056-1 @attack U5 */
static void connect_ports_are_spread(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = FX_PEER };
	u32 i, last = 0, close_by = 0;
	struct socket *s;
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	for (i = 0; i < 300; i++) {
		to.sin_port = htons((u16)(1000 + i));
		s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK,
				0);
		inet_connect(s, (void *)&to, sizeof(to));
		assert_in_range(s->sk->sk_num, 32768, 60999);
		/* neither up nor down */
		if (abs((int)s->sk->sk_num - (int)last) < 64)
			close_by++;
		last = s->sk->sk_num;
		inet_close(s);
	}
	assert_true(close_by < 10);
	fx_run(&t.f);
	fx_flush(&t.f);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(close_wait_then_last_ack_then_closed),
		cmocka_unit_test(close_wait_text_after_fin_is_ignored),
		cmocka_unit_test(established_fin_without_text_is_answered_soon),
		cmocka_unit_test(established_fin_waits_for_no_congestion_window),
		cmocka_unit_test(fin_wait_1_then_2_then_time_wait),
		cmocka_unit_test(fin_wait_1_fin_with_ack_is_time_wait),
		cmocka_unit_test(fin_wait_1_fin_alone_is_closing),
		cmocka_unit_test(
			fin_wait_1_fin_from_behind_a_hole_is_answered_once),
		cmocka_unit_test(fin_wait_1_fin_is_retransmitted),
		cmocka_unit_test(close_with_unsent_text_sends_it_first),
		cmocka_unit_test(close_with_unread_text_is_a_reset),
		cmocka_unit_test(orphan_text_after_close_is_reset),
		cmocka_unit_test(fin_wait_2_orphan_text_is_reset),
		cmocka_unit_test(fin_wait_2_orphan_ends_after_fin_timeout),
		cmocka_unit_test(fin_wait_2_orphan_fin_is_time_wait),
		cmocka_unit_test(fin_wait_2_orphan_reset_must_be_exact),
		cmocka_unit_test(fin_wait_2_orphan_without_time_is_reset),
		cmocka_unit_test(reset_without_memory_is_counted),
		cmocka_unit_test(fin_wait_2_orphan_syn_is_challenged),
		cmocka_unit_test(fin_wait_1_orphan_gives_up),
		cmocka_unit_test(orphan_with_zero_window_is_limited),
		cmocka_unit_test(orphans_are_counted_and_bounded),
		cmocka_unit_test(linger_zero_is_a_reset),
		cmocka_unit_test(established_reset_is_told_as_such),
		cmocka_unit_test(close_wait_reset_is_a_broken_pipe),
		cmocka_unit_test(disconnect_resets_and_frees_the_socket),
		cmocka_unit_test(time_wait_reset_does_not_end_it),
		cmocka_unit_test(time_wait_syn_above_reopens),
		cmocka_unit_test(time_wait_syn_below_is_challenged),
		cmocka_unit_test(time_wait_newer_timestamp_reopens_whatever_the_sequence),
		cmocka_unit_test(time_wait_older_timestamp_is_challenged),
		cmocka_unit_test(time_wait_table_full_is_no_harm),
		cmocka_unit_test(time_wait_port_is_reused_by_connect),
		cmocka_unit_test(time_wait_port_is_in_use_for_bind),
		cmocka_unit_test(connect_without_a_free_port_fails),
		cmocka_unit_test(connect_ports_are_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
