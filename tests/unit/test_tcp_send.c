/* SPDX-License-Identifier: BSD-2-Clause */
/* ESTABLISHED, sending: segments, Nagle, windows, timers, losses. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#include "attack.h"
#include "tcp_peer.h"

static u8 big[1 << 20];

static struct tcp_sock *tsk(const struct tp *t)
{
	return tcp_sk(tp_sk(t));
}

/* Makes the handshake's round trip known, so that the RTO is the least. */
static void open_passive(struct tp *t)
{
	tp_open(t);
	fx_sysctl(&t->f, "net.ipv4.tcp_congestion_control", "reno");
	tp_passive(t);
}

/* The same under attack.h's eyes; what the stack sends is its own. */
static void open_attacked(struct tp *t)
{
	tp_open_watched(t);
	attack_allow(&t->f, UINT32_MAX);
	tp_passive(t);
}

/* The peer acknowledges everything up to @seq. */
static void ack(struct tp *t, u32 seq)
{
	tp_send(t, "A", 1, seq, NULL, 0);
}

/* Pops full segments from @seq on. Return: how many came. */
static u32 drain(struct tp *t)
{
	u32 n = 0;

	while (fx_pop(&t->f, &t->p))
		n++;
	return n;
}

/* ---- segments --------------------------------------------------------- */

/* @req RFC9293:MUST-61 @req RFC9293:SHLD-28 @req RFC9293:SHLD-27
 * @req RFC9293:MUST-60 @req RFC9293:MUST-2 */
static void established_write_is_cut_into_full_segments(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_write_pattern(&t, 4000);
	tp_expect(&t, "A", 1, 1, 1460);
	tp_expect(&t, "A", 1461, 1, 1460);
	tp_expect(&t, "PA", 2921, 1, 1080);
	tp_silence(&t);
	ack(&t, 4001);
	tp_silence_for(&t, 10 * FX_SEC);
	assert_int_equal(tsk(&t)->packets_out, 0);
	tp_close(&t);
}

/* @req RFC9293:SHLD-7 */
static void established_nagle_holds_the_second_small_segment(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_write(&t, "a", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	tp_write(&t, "b", 1);
	tp_write(&t, "c", 1);
	tp_silence(&t);
	ack(&t, 2);
	tp_expect(&t, "PA", 2, 1, 2);
	tp_close(&t);
}

/* @req RFC9293:MUST-17 */
static void established_nodelay_sends_at_once(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_NODELAY, 1);
	assert_int_equal(tp_getsockopt(&t, IPPROTO_TCP, TCP_NODELAY), 1);
	tp_write(&t, "a", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	tp_write(&t, "b", 1);
	tp_expect(&t, "PA", 2, 1, 1);
	tp_close(&t);
}

/* A full segment goes although a small one is out (Minshall). */
static void established_nagle_lets_full_segments_pass(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_write(&t, "a", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	tp_write(&t, big, 1500);
	tp_expect(&t, "A", 2, 1, 1460);
	tp_silence(&t);
	tp_close(&t);
}

/* @req RFC9293:MAY-16 */
static void established_cork_and_more_wait_for_full_segments(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_CORK, 1);
	tp_write(&t, big, 700);
	tp_silence(&t);
	tp_write(&t, big, 1000);
	tp_expect(&t, "A", 1, 1, 1460);
	tp_silence(&t);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_CORK, 0);
	tp_expect(&t, "PA", 1461, 1, 240);
	ack(&t, 1701);
	assert_int_equal(inet_send(t.s, big, 10, MSG_MORE), 10);
	fx_run(&t.f);
	tp_silence(&t);
	assert_int_equal(inet_send(t.s, big, 10, 0), 10);
	fx_run(&t.f);
	tp_expect(&t, "PA", 1701, 1, 20);
	tp_close(&t);
}

/* Corked text does not wait for ever. */
/* @req RFC9293:MUST-60 */
static void established_corked_text_goes_after_a_while(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_CORK, 1);
	tp_write(&t, big, 10);
	tp_silence_for(&t, 150 * FX_MS);
	fx_advance(&t.f, 400 * FX_MS);
	tp_expect(&t, "PA", 1, 1, 10);
	tp_close(&t);
}

/* Segments of one octet take far more than that: the buffer is full when they take
 * three times what it says. */
static void established_small_segments_fill_the_buffer(void **state)
{
	struct tp t;
	u32 total = 0;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_NODELAY, 1);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 20000);
	for (; inet_send(t.s, big, 1, MSG_EOR) == 1; total++)
		assert_true(total < 40000);
	assert_int_equal(errno, EAGAIN);
	assert_in_range(tp_sk(&t)->sk_wmem_queued, 3 * 40000, 3 * 40000 + 4096);
	fx_flush(&t.f);
	tp_close(&t);
}

/* The buffer is full: EAGAIN, no POLLOUT, and POLLOUT again. */
static void established_full_send_buffer_blocks(void **state)
{
	struct tp t;
	ssize_t n, total = 0;

	(void)state;
	tp_open(&t);
	t.win = 1000;
	tp_passive(&t);
	while ((n = inet_send(t.s, big, 10000, 0)) > 0)
		total += n;
	assert_int_equal(errno, EAGAIN);
	/* segments are of half a window; and no more than one packet beyond what it
	 * says */
	assert_in_range(total, tp_sk(&t)->sk_sndbuf / 2,
			tp_sk(&t)->sk_sndbuf + 65536);
	assert_false(tp_poll(&t) & POLLOUT);
	drain(&t);
	t.win = 65535;
	while (total > 0 && !(tp_poll(&t) & POLLOUT)) {
		ack(&t, tsk(&t)->snd_nxt - t.irs);
		drain(&t);
		fx_advance(&t.f, 10 * FX_MS);
	}
	assert_true(tp_poll(&t) & POLLOUT);
	tp_close(&t);
}

/* ---- windows ---------------------------------------------------------- */

/* @req 5681-1 */
static void established_never_sends_beyond_the_window(void **state)
{
	struct tp t;
	u32 last = 1;

	(void)state;
	tp_open(&t);
	t.win = 3000;
	tp_passive(&t);
	tp_write(&t, big, 10000);
	while (fx_pop(&t.f, &t.p)) {
		last = ntohl(t.p.tcp->seq) - t.irs + t.p.data_len;
		assert_true(last <= 3001);
	}
	assert_in_range(last, 2000, 3001);
	tp_close(&t);
}

/* @req RFC9293:MUST-38 @attack W3 */
static void established_small_windows_do_not_make_small_segments(void **state)
{
	struct tp t;
	u32 acked, i;

	(void)state;
	tp_open_watched(&t);
	attack_allow(&t.f, UINT32_MAX);
	t.win = 10000;
	tp_passive(&t);
	tp_write(&t, big, 16000);
	drain(&t);
	acked = tsk(&t)->snd_nxt - t.irs;
	/* the window opens octet by octet: nothing small goes out */
	for (i = 1; i < 100; i++) {
		t.win = (u16)i;
		ack(&t, acked);
		tp_silence(&t);
	}
	t.win = 1460;
	ack(&t, acked);
	tp_expect(&t, "A", acked, 1, 1460);
	tp_close(&t);
}

/* @req RFC9293:MUST-35 @req RFC9293:MUST-36 @req RFC9293:SHLD-29
 * @req RFC9293:SHLD-30 @req RFC9293:MUST-37 @attack W1 */
/* @req RFC9293:MAY-8 */
static void established_zero_window_is_probed_for_ever(void **state)
{
	struct tp t;
	u64 begin;
	u32 i;

	(void)state;
	open_attacked(&t);
	t.win = 0;
	tp_write(&t, "a", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	ack(&t, 2);
	tp_write(&t, big, 100);
	tp_silence(&t);
	begin = t.f.now_ns;
	/* probes: an RTO, then twice as long each time, up to two minutes */
	for (i = 0; i < 60; i++) {
		u64 before = t.f.now_ns;

		while (!fx_pop(&t.f, &t.p))
			fx_advance(&t.f, 50 * FX_MS);
		assert_true(t.p.data_len <= 1);
		if (i == 0)
			assert_in_range((t.f.now_ns - before) / FX_MS, 190,
					1100);
		if (i > 12)
			assert_in_range((t.f.now_ns - before) / FX_SEC, 115,
					125);
		ack(&t, 2);
	}
	assert_true(t.f.now_ns - begin > 3600 * FX_SEC);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	t.win = 1000;
	ack(&t, 2);
	tp_expect(&t, "PA", 2, 1, 100);
	tp_close(&t);
}

/* Probes that nobody answers are an end. */
/* @req RFC9293:MUST-20 */
static void established_unanswered_probes_end_it(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	t.win = 0;
	tp_write(&t, "a", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	ack(&t, 2);
	tp_write(&t, big, 100);
	fx_advance(&t.f, 3000 * FX_SEC);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_error(&t), ETIMEDOUT);
	tp_close(&t);
}

/* @req RFC9293:MUST-34 @req RFC9293:SHLD-15 @req RFC9293:SHLD-16
 * @req RFC9293:SHLD-17 @attack W2 */
static void established_shrunken_window_is_survived(void **state)
{
	struct tp t;

	(void)state;
	open_attacked(&t);
	tp_write(&t, big, 5000);
	assert_int_equal(drain(&t), 4);
	/* the peer takes back all but 2000 octets */
	t.win = 2000;
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_write(&t, big, 1000);
	tp_silence(&t);
	/* what is inside is sent again, nothing beyond */
	fx_advance(&t.f, FX_SEC);
	while (fx_pop(&t.f, &t.p))
		assert_true(ntohl(t.p.tcp->seq) - t.irs + t.p.data_len <=
			    2001);
	t.win = 0;
	tp_send(&t, "A", 1, 1, NULL, 0);
	fx_advance(&t.f, 60 * FX_SEC);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	t.win = 60000;
	ack(&t, 5001);
	fx_advance(&t.f, FX_MS);
	assert_true(drain(&t) > 0);
	ack(&t, 6001);
	assert_int_equal(tsk(&t)->packets_out, 0);
	tp_close(&t);
}

/* Nothing of the stream was sent: ACKs at most. */
static void no_text(struct tp *t)
{
	while (fx_pop(&t->f, &t->p))
		assert_int_equal(t->p.data_len, 0);
}

/* A window that opens by an octet, or by ever more up to half of a segment
 * and closes again: nothing goes out; nor does a late ACK with an older,
 * larger window open anything. Then the stream is whole, in full segments. */
/* @req RFC9293:MUST-38 @attack W2 */
static void established_window_that_flutters_gets_no_small_segments(void **state)
{
	const u32 len = 4380;
	struct tp t;
	u32 i, k;

	(void)state;
	open_attacked(&t);
	tp_send(&t, "PA", 1, 1, "x", 1);
	t.win = 0;
	tp_send(&t, "A", 2, 1, NULL, 0);
	fx_flush(&t.f);
	tp_write_pattern(&t, len);
	tp_silence(&t);
	for (i = 1; i < 700; i++) {
		t.win = (u16)(i & 1 ? 1 : i);
		tp_send(&t, "A", 102, 1, NULL, 0);
		no_text(&t);
		t.win = 0;
		tp_send(&t, "A", 102, 1, NULL, 0);
		t.win = 65535;
		tp_send(&t, "A", 2, 1, NULL, 0);	/* before WL1 */
		no_text(&t);
	}
	tp_send(&t, "A", 102, 1, NULL, 0);
	for (i = 0; i < len; i += t.p.data_len) {
		tp_next(&t);
		assert_int_equal(ntohl(t.p.tcp->seq) - t.irs, 1 + i);
		assert_int_equal(t.p.data_len, 1460);
		for (k = 0; k < t.p.data_len; k++)
			assert_int_equal(t.p.data[k], (u8)((i + k) * 7 + 1));
	}
	tp_send(&t, "A", 2, 1 + len, NULL, 0);
	assert_int_equal(tsk(&t)->packets_out, 0);
	tp_close(&t);
}

/* Each cut costs a frame: a peer must not have us cut without end. */
/* @attack W2 */
static void established_cuts_of_what_is_in_flight_are_bounded(void **state)
{
	struct sk_buff *head, *second;
	struct tcp_sock *tp;
	struct sock *sk;
	struct tp t;

	(void)state;
	open_attacked(&t);
	sk = tp_sk(&t);
	tp = tcp_sk(sk);
	tp_write_pattern(&t, 3 * tp->mss_cache);
	fx_flush(&t.f);
	lock_sock(sk);
	head = tcp_rtx_queue_head(sk);
	second = head->next;
	/* the window ends one octet into the second */
	tp->snd_wnd = head->len + 1;
	sk->sk_wmem_queued += 10 << 20;
	assert_int_equal(tcp_retransmit_skb(sk, second), -ENOMEM);
	assert_int_equal(tp->packets_out, 3);
	/* the first must fit the window, whatever it costs */
	tp->snd_wnd = 1;
	assert_int_equal(tcp_retransmit_skb(sk, head), 0);
	assert_int_equal(tp->packets_out, 4);
	sk->sk_wmem_queued -= 10 << 20;
	tp->snd_wnd = 2000;
	assert_int_equal(tcp_retransmit_skb(sk, second), 0);
	assert_int_equal(tp->packets_out, 5);
	release_sock(sk);
	tp_send(&t, "RA", 1, 1, NULL, 0);
	tp_close(&t);
}

/* A peer that sends octet by octet, while memory is short: each is let in, so
 * that the connection goes on, but what its reader gives back must not become
 * the writer's, or the budget is exceeded by all buffers. */
static void established_writer_gets_nothing_of_the_reader(void **state)
{
	static const u8 text[1000];
	s64 before;
	struct tp t;
	u32 i;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 100000);
	fx_sysctl(&t.f, "net.ipv4.tcp_mem", "4 6 8");
	while (inet_send(t.s, text, sizeof(text), 0) > 0)
		;
	before = t.f.net->proto_mem[PROTO_MEM_TCP];
	assert_in_range(before, 6 * 4096, 10 * 4096);
	for (i = 0; i < 50; i++) {
		tp_send(&t, "PA", 1 + i, 1, "x", 1);
		tp_read(&t, "x", 1);
		inet_send(t.s, text, sizeof(text), 0);
		fx_flush(&t.f);
		assert_true(t.f.net->proto_mem[PROTO_MEM_TCP] <= before + 4096);
	}
	tp_send(&t, "RA", 51, 1, NULL, 0);
	tp_close(&t);
}

/* EAGAIN promises that room will be made; where nothing is queued nobody makes
 * any. */
static void established_write_without_memory_says_so(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	skb_cache_flush(t.f.net->softnets);
	mem_fail_nth(&t.f.net->mem, 1);
	errno = 0;
	assert_int_equal(inet_send(t.s, "x", 1, 0), -1);
	assert_int_equal(errno, ENOBUFS);
	assert_true(mem_failed(&t.f.net->mem));
	tp_write(&t, "x", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	/* the ACK of this one will say that there is room */
	skb_cache_flush(t.f.net->softnets);
	mem_fail_nth(&t.f.net->mem, 1);
	assert_int_equal(inet_send(t.s, "y", 1, MSG_EOR), -1);
	assert_int_equal(errno, EAGAIN);
	tp_send(&t, "RA", 1, 2, NULL, 0);
	tp_close(&t);
}

/* @req 9293-SM-9 */
static void established_old_window_update_is_ignored(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	t.win = 5000;
	tp_send(&t, "PA", 1, 1, "x", 1);	/* WL1 = 1 */
	assert_int_equal(tsk(&t)->snd_wnd, 5000);
	t.win = 7000;
	tp_send(&t, "A", 102, 1, NULL, 0);	/* newer, behind text to come */
	assert_int_equal(tsk(&t)->snd_wnd, 7000);
	t.win = 100;
	tp_send(&t, "A", 2, 1, NULL, 0);	/* overtaken: seq < WL1 */
	assert_int_equal(tsk(&t)->snd_wnd, 7000);
	t.win = 200;
	tp_send(&t, "A", 102, 1, NULL, 0);	/* same seq and ack: taken */
	assert_int_equal(tsk(&t)->snd_wnd, 200);
	tp_close(&t);
}

/* ---- retransmission by the timer -------------------------------------- */

/* @req 6298-5.4-5.6 @req RFC9293:MUST-18 @req RFC9293:MUST-19
 * @req 6298-5a @req 5681-6 */
/* @req 8961-1 */
static void established_timeout_sends_first_segment_and_backs_off(void **state)
{
	struct tp t;
	u64 rto;
	u32 i;

	(void)state;
	open_passive(&t);
	tp_write(&t, big, 4380);
	tp_expect(&t, "A", 1, 1, 1460);
	rto = inet_csk(tp_sk(&t))->icsk_rto_us * NSEC_PER_USEC;
	drain(&t);
	for (i = 0; i < 5; i++) {
		tp_expect_after(&t, rto << i, "A", 1);
		assert_int_equal(t.p.data_len, 1460);
		assert_int_equal(tsk(&t)->snd_cwnd, 1);
		assert_int_equal(tsk(&t)->snd_ssthresh, 2);
	}
	/* go on in slow start once it is acknowledged */
	ack(&t, 1461);
	assert_int_equal(drain(&t), 2);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SLOWSTARTRETRANS), 2);
	ack(&t, 4381);
	assert_int_equal(tsk(&t)->packets_out, 0);
	tp_close(&t);
}

static void established_retransmission_without_memory_is_counted(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_write(&t, big, 1460);
	drain(&t);
	skb_cache_flush(t.f.net->softnets);
	mem_fail_nth(&t.f.net->mem, 1);
	fx_advance(&t.f, FX_SEC / 4);
	assert_true(mem_failed(&t.f.net->mem));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RETRANSFAIL), 1);
	fx_advance(&t.f, FX_SEC);
	assert_true(drain(&t) > 0);
	tp_close(&t);
}

/* @req 6298-3 */
/* @req 8961-1 */
static void established_karn_no_sample_from_retransmission(void **state)
{
	struct tp t;
	u32 srtt;

	(void)state;
	open_passive(&t);
	tp_write(&t, "a", 1);
	drain(&t);
	fx_advance(&t.f, 20 * FX_MS);
	ack(&t, 2);
	srtt = tsk(&t)->srtt_us;
	assert_true(srtt > 0);
	tp_write(&t, "b", 1);
	fx_advance(&t.f, FX_SEC);
	assert_true(drain(&t) >= 2);
	ack(&t, 3);
	assert_int_equal(tsk(&t)->srtt_us, srtt);
	assert_true(inet_csk(tp_sk(&t))->icsk_rto_us > 400000);
	/* and the next good one brings the RTO back */
	tp_write(&t, "c", 1);
	drain(&t);
	fx_advance(&t.f, 20 * FX_MS);
	ack(&t, 4);
	assert_true(inet_csk(tp_sk(&t))->icsk_rto_us < 400000);
	/* what waited for the hole before it says nothing either */
	tp_setsockopt(&t, IPPROTO_TCP, TCP_NODELAY, 1);
	srtt = tsk(&t)->srtt_us;
	tp_write(&t, "d", 1);
	tp_write(&t, "e", 1);
	tp_expect(&t, "PA", 4, 1, 1);
	tp_expect(&t, "PA", 5, 1, 1);
	fx_advance(&t.f, 300 * FX_MS);
	tp_expect(&t, "PA", 4, 1, 1);
	tp_silence(&t);
	ack(&t, 6);
	assert_int_equal(tsk(&t)->srtt_us, srtt);
	assert_int_equal(tsk(&t)->packets_out, 0);
	tp_close(&t);
}

/* @req 6298-2.2 @req 6298-2.3 @req 6298-4 @req 6298-2.4 @req 6298-2.5 */
/* @req 8961-1 */
static void rtt_estimator_follows_rfc_6298(void **state)
{
	struct tcp_sock *tp;
	struct sock *sk;
	struct tp t;
	int i;

	(void)state;
	open_passive(&t);
	sk = tp_sk(&t);
	tp = tcp_sk(sk);
	tp->srtt_us = 0;
	tcp_rtt_estimator(sk, 100000);
	assert_int_equal(tp->srtt_us >> 3, 100000);
	assert_int_equal(tp->mdev_us, 4 * 50000);
	tcp_set_rto(sk);
	assert_int_equal(inet_csk(sk)->icsk_rto_us, 100000 + 200000);
	tcp_rtt_estimator(sk, 180000);
	assert_int_equal(tp->srtt_us >> 3, 110000);
	assert_int_equal(tp->mdev_us, 4 * (50000 * 3 / 4 + 80000 / 4));
	for (i = 0; i < 1000; i++)
		tcp_rtt_estimator(sk, 1);
	tcp_set_rto(sk);
	assert_in_range(inet_csk(sk)->icsk_rto_us, 200000, 400000);
	for (i = 0; i < 100; i++)
		tcp_rtt_estimator(sk, 0x7fffffff / 16);
	tcp_set_rto(sk);
	assert_int_equal(inet_csk(sk)->icsk_rto_us, TCP_RTO_MAX_US);
	tp_close(&t);
}

/* @req RFC9293:MUST-20 @req RFC9293:SHLD-11 @req RFC9293:SHLD-10
 * @attack W6 */
static void established_silent_peer_is_given_up(void **state)
{
	struct tp t;
	u64 begin;

	(void)state;
	open_attacked(&t);
	begin = t.f.now_ns;
	tp_write(&t, "a", 1);
	while (tp_state(&t) == TCP_ESTABLISHED)
		fx_advance(&t.f, FX_SEC);
	assert_in_range((t.f.now_ns - begin) / FX_SEC, 100, 1200);
	assert_true(drain(&t) >= 10);
	assert_int_equal(tp_error(&t), ETIMEDOUT);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_ABORTONTIMEOUT) == 1);
	tp_close(&t);
}

static u32 nr_advices;

static void count_advice(struct sock *sk, struct dst_entry *dst)
{
	(void)sk;
	(void)dst;
	nr_advices++;
}

/* R1: IP is asked for another way, and the connection goes on. */
/* @req RFC9293:MUST-20 */
static void established_silence_makes_ip_look_for_another_way(void **state)
{
	struct dst_entry *dst;
	struct dst_ops ops;
	struct tp t;

	(void)state;
	open_passive(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_retries1", "3");
	dst = rcu_access_pointer(tp_sk(&t)->sk_dst_cache);
	ops = *dst->ops;
	ops.negative_advice = count_advice;
	dst->ops = &ops;
	nr_advices = 0;
	tp_write(&t, "a", 1);
	fx_advance(&t.f, 2500 * FX_MS);	/* three timers: 0.2, 0.6, 1.4 s */
	assert_int_equal(nr_advices, 0);
	fx_advance(&t.f, 4000 * FX_MS);
	assert_int_equal(nr_advices, 1);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_close(&t);
}

/* @req RFC9293:MUST-21 @req 9293-SM-20 */
static void established_user_timeout_ends_it_in_time(void **state)
{
	struct tp t;
	u64 begin;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
	begin = t.f.now_ns;
	tp_write(&t, "a", 1);
	while (tp_state(&t) == TCP_ESTABLISHED)
		fx_advance(&t.f, 10 * FX_MS);
	assert_in_range((t.f.now_ns - begin) / FX_MS, 5000, 6500);
	assert_int_equal(tp_error(&t), ETIMEDOUT);
	assert_int_equal(tp_sk(&t)->sk_wmem_queued, 0);
	tp_close(&t);
}

/* Progress, however slow, starts R2 anew. */
/* @req RFC9293:MUST-20 @attack W5 */
static void established_slow_progress_is_no_timeout(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	open_attacked(&t);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
	tp_write(&t, big, 1400);
	for (i = 1; i < 100; i++) {
		fx_advance(&t.f, 4 * FX_SEC);
		ack(&t, 1 + i * 10);
		drain(&t);
		assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	}
	tp_close(&t);
}

/* ---- duplicate ACKs --------------------------------------------------- */

/* Sends @n full segments and takes them. */
static void flight(struct tp *t, u32 n)
{
	tsk(t)->snd_cwnd = n;
	tp_write(t, big, n * 1460);
	assert_int_equal(drain(t), n);
}

static void dup_acks(struct tp *t, u32 seq, u32 n)
{
	while (n--)
		ack(t, seq);
}

/* @req 5681-8 @req 5681-9 @req 6582-1 @req 3042-1 */
static void established_third_duplicate_ack_retransmits(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 1 << 18);
	flight(&t, 8);
	tp_write(&t, big, 8 * 1460);
	tp_silence(&t);
	dup_acks(&t, 1, 1);		/* limited transmit: one new each */
	tp_expect(&t, "A", 1 + 8 * 1460, 1, 1460);
	dup_acks(&t, 1, 1);
	tp_expect(&t, "A", 1 + 9 * 1460, 1, 1460);
	assert_int_equal(tsk(&t)->snd_cwnd, 8);
	dup_acks(&t, 1, 1);
	tp_expect(&t, "A", 1, 1, 1460);
	assert_int_equal(tsk(&t)->snd_ssthresh, 4);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_ca_state, TCP_CA_Recovery);
	/* more of them inflate the window until new segments may go */
	dup_acks(&t, 1, 6);
	assert_in_range(drain(&t), 1, 4);
	/* everything arrived: out of recovery at ssthresh */
	ack(&t, tsk(&t)->snd_nxt - t.irs);
	drain(&t);
	assert_true(tsk(&t)->snd_cwnd <= 4);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RENORECOVERY), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_TIMEOUTS), 0);
	tp_close(&t);
}

/* @req 6582-1 */
static void recovery_partial_ack_retransmits_next_hole(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 1 << 18);
	flight(&t, 10);
	dup_acks(&t, 1, 3);
	tp_expect(&t, "A", 1, 1, 1460);
	ack(&t, 1 + 3 * 1460);			/* the fourth is missing too */
	tp_expect(&t, "A", 1 + 3 * 1460, 1, 1460);
	tp_silence(&t);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_ca_state, TCP_CA_Recovery);
	ack(&t, 1 + 10 * 1460);
	assert_int_equal(tsk(&t)->packets_out, 0);
	tp_write(&t, "x", 1);
	drain(&t);
	ack(&t, 2 + 10 * 1460);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_ca_state, TCP_CA_Open);
	tp_close(&t);
}

/* After recovery, duplicates of what was sent twice start no new one. */
/* @req 6582-1 @req 6675-5 */
static void recovery_end_is_guarded_against_late_duplicates(void **state)
{
	struct tp t;
	u32 ssthresh;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 1 << 18);
	flight(&t, 10);
	dup_acks(&t, 1, 3);
	drain(&t);
	ack(&t, 1 + 10 * 1460);
	ssthresh = tsk(&t)->snd_ssthresh;
	tp_write(&t, big, 2 * 1460);
	drain(&t);
	dup_acks(&t, 1 + 10 * 1460, 5);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RENORECOVERY), 1);
	assert_int_equal(tsk(&t)->snd_ssthresh, ssthresh);
	tp_close(&t);
}

/* @req 5681-9 */
static void established_window_updates_are_no_duplicates(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	open_passive(&t);
	flight(&t, 5);
	for (i = 0; i < 10; i++) {
		t.win = (u16)(30000 + i);
		ack(&t, 1);
	}
	tp_silence(&t);
	/* nor is text with an old ACK */
	for (i = 0; i < 10; i++)
		tp_send(&t, "A", 1 + i, 1, "x", 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RENORECOVERY), 0);
	tp_close(&t);
}

/* ---- the congestion window -------------------------------------------- */

/* @req 5681-2 @req 5681-3 */
static void established_initial_window_is_ten_segments(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 1 << 18);
	tp_write(&t, big, 30 * 1460);
	assert_int_equal(drain(&t), 10);
	tp_close(&t);
}

/* @req 5681-2 @req 6298-5.7 */
static void established_after_lost_syn_begins_with_one_segment(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_connect(&t);
	tp_expect_after(&t, FX_SEC, "S", 0);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	assert_int_equal(tsk(&t)->snd_cwnd, 1);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_rto_us, 3000000);
	tp_close(&t);
}

/* @req RFC9293:MUST-19 @req 5681-4 @attack B11 */
static void slow_start_grows_by_what_is_acknowledged(void **state)
{
	struct tp t;
	u32 i, cwnd;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 1 << 19);
	tp_write(&t, big, 100 * 1460);
	drain(&t);
	cwnd = tsk(&t)->snd_cwnd;
	ack(&t, 1 + 1460);
	assert_int_equal(tsk(&t)->snd_cwnd, cwnd + 1);
	ack(&t, 1 + 3 * 1460);
	assert_int_equal(tsk(&t)->snd_cwnd, cwnd + 3);
	ack(&t, 1 + 9 * 1460);		/* L = 2 */
	assert_int_equal(tsk(&t)->snd_cwnd, cwnd + 5);
	/* ACK division: one segment in 100 pieces is one segment */
	cwnd = tsk(&t)->snd_cwnd;
	for (i = 1; i <= 100; i++)
		ack(&t, 1 + 9 * 1460 + i * 1460 / 100);
	assert_int_equal(tsk(&t)->snd_cwnd, cwnd + 1);
	tp_close(&t);
}

/* @req RFC9293:MUST-19 @req 5681-5 */
static void congestion_avoidance_grows_by_one_per_window(void **state)
{
	struct tp t;
	u32 i, seq = 1;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 1 << 19);
	tsk(&t)->snd_ssthresh = 10;
	tp_write(&t, big, 150 * 1460);
	drain(&t);
	for (i = 0; i < 10; i++) {
		assert_int_equal(tsk(&t)->snd_cwnd, 10);
		seq += 1460;
		ack(&t, seq);
		drain(&t);
	}
	assert_int_equal(tsk(&t)->snd_cwnd, 11);
	tp_close(&t);
}

/* @req 5681-10 */
static void established_idle_connection_restarts_slowly(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 1 << 19);
	flight(&t, 40);
	ack(&t, 1 + 40 * 1460);
	assert_true(tsk(&t)->snd_cwnd >= 40);
	fx_advance(&t.f, 60 * FX_SEC);
	tp_write(&t, big, 40 * 1460);
	assert_int_equal(drain(&t), 10);
	tp_close(&t);
}

/* Idle because the window was closed: what was written meanwhile waits for no write.
 * @req 5681-10 */
static void established_window_opens_after_long_restarts_slowly(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 1 << 19);
	flight(&t, 40);
	t.win = 0;
	ack(&t, 1 + 40 * 1460);
	tp_write(&t, big, 40 * 1460);
	fx_advance(&t.f, 30 * FX_SEC);
	fx_flush(&t.f);
	t.win = 65535;
	ack(&t, 1 + 40 * 1460);
	assert_int_equal(drain(&t), 10);
	tp_close(&t);
}

/* @req 5681-12 */
static void established_two_losses_halve_twice(void **state)
{
	struct tp t;
	u32 seq = 1;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, 1 << 19);
	flight(&t, 32);
	dup_acks(&t, seq, 3);
	assert_int_equal(tsk(&t)->snd_ssthresh, 16);
	drain(&t);
	seq = tsk(&t)->snd_nxt - t.irs;
	ack(&t, seq);
	flight(&t, 16);
	ack(&t, seq + 1460);
	drain(&t);
	dup_acks(&t, seq + 1460, 3);
	assert_int_equal(tsk(&t)->snd_ssthresh, 7);
	tp_close(&t);
}

/* ---- keep-alive ------------------------------------------------------- */

/* @req RFC9293:MUST-25 @req RFC9293:MUST-28 */
static void established_keepalive_is_off_by_default(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	assert_int_equal(tp_getsockopt(&t, SOL_SOCKET, SO_KEEPALIVE), 0);
	assert_true(tp_getsockopt(&t, IPPROTO_TCP, TCP_KEEPIDLE) >= 7200);
	tp_silence_for(&t, 20000 * FX_SEC);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_close(&t);
}

/* A connection whose peer is asked after 100 s, and then every 10 s, three times. */
static void open_kept_alive(struct tp *t)
{
	open_passive(t);
	tp_setsockopt(t, SOL_SOCKET, SO_KEEPALIVE, 1);
	tp_setsockopt(t, IPPROTO_TCP, TCP_KEEPIDLE, 100);
	tp_setsockopt(t, IPPROTO_TCP, TCP_KEEPINTVL, 10);
	tp_setsockopt(t, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

/* @req RFC9293:MUST-24 @req RFC9293:MUST-26 @req RFC9293:MUST-27
 * @req RFC9293:MUST-29 @req RFC9293:SHLD-12 */
/* @req RFC9293:MAY-5 */
static void established_keepalive_probes_and_gives_up(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	open_kept_alive(&t);
	tp_silence_for(&t, 99 * FX_SEC);
	fx_advance(&t.f, 2 * FX_SEC);
	tp_expect(&t, "A", 0, 1, 0);
	ack(&t, 1);				/* it lives */
	tp_silence_for(&t, 99 * FX_SEC);
	for (i = 0; i < 3; i++) {
		fx_advance(&t.f, (i ? 10 : 2) * FX_SEC);
		tp_expect(&t, "A", 0, 1, 0);
		assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	}
	fx_advance(&t.f, 11 * FX_SEC);
	tp_expect(&t, "RA", 1, 1, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_KEEPALIVE), 4);
	assert_int_equal(tp_error(&t), ETIMEDOUT);
	tp_close(&t);
}

/* Answers that somebody guessed are no sign of life. @attack W7 */
static void established_keepalive_answer_must_fit(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	open_kept_alive(&t);
	for (i = 0; i < 3; i++) {
		fx_advance(&t.f, (i ? 10 : 101) * FX_SEC);
		tp_expect(&t, "A", 0, 1, 0);
		tp_send(&t, "A", 1u << 30, 1, NULL, 0);	/* no such place */
		tp_send(&t, "A", (u32)-70000, 1, NULL, 0);
		tp_send(&t, "A", 1, 2, NULL, 0);	/* of nothing sent */
		tp_send(&t, "A", 1, 1u << 31, NULL, 0);
		fx_flush(&t.f);
	}
	fx_advance(&t.f, 11 * FX_SEC);
	tp_expect(&t, "RA", 1, 1, 0);
	assert_int_equal(tp_error(&t), ETIMEDOUT);
	tp_close(&t);
}

/* What waits for its ACK, or for the window, is sent again or probed for: beside
 * that nothing asks whether the peer lives, and it is not counted dead.
 * @req RFC9293:MUST-26 */
static void established_keepalive_waits_for_what_is_outstanding(void **state)
{
	u32 i, nr = 0;
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_KEEPALIVE, 1);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_KEEPIDLE, 5);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_KEEPINTVL, 1);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_KEEPCNT, 1);
	/* text behind a closed window: only the probes of that, ever slower */
	t.win = 0;
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_write(&t, "abc", 3);
	for (i = 0; i < 60; i++) {
		fx_advance(&t.f, FX_SEC);
		for (; fx_pop(&t.f, &t.p); nr++)
			tp_send(&t, "A", 1, 1, NULL, 0);
	}
	assert_in_range(nr, 5, 12);
	/* text in flight */
	t.win = 5000;
	tp_send(&t, "A", 1, 1, NULL, 0);
	for (i = 0, nr = 0; i < 60; i++) {
		fx_advance(&t.f, FX_SEC);
		for (; fx_pop(&t.f, &t.p); nr++)
			assert_int_equal(t.p.data_len, 3);
	}
	assert_in_range(nr, 5, 12);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	/* idle again: it begins to count at the last word of the peer */
	ack(&t, 4);
	tp_silence_for(&t, 4900 * FX_MS);
	fx_advance(&t.f, 200 * FX_MS);
	tp_expect(&t, "A", 3, 1, 0);
	tp_close(&t);
}

/* The peer's keep-alive, with one octet of garbage and without. */
/* @req RFC9293:MAY-6 */
static void established_keepalive_of_the_peer_is_answered(void **state)
{
	struct tp t;

	(void)state;
	open_passive(&t);
	tp_send(&t, "A", 0, 1, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	fx_advance(&t.f, FX_SEC);
	tp_send(&t, "A", 0, 1, "x", 1);
	tp_expect(&t, "A", 1, 1, 0);
	tp_read_nothing(&t);
	tp_close(&t);
}

/* The largest buffer that can be said takes all of a write. */
static void largest_buffer_takes_all(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	fx_sysctl(&t.f, "net.core.wmem_max", "1073741824");
	tp_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_SNDBUF, INT_MAX);
	t.win = 0;
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_write_pattern(&t, 200000);
	tcp_verify_all(t.f.net);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(largest_buffer_takes_all),
		cmocka_unit_test(established_write_is_cut_into_full_segments),
		cmocka_unit_test(established_nagle_holds_the_second_small_segment),
		cmocka_unit_test(established_nodelay_sends_at_once),
		cmocka_unit_test(established_nagle_lets_full_segments_pass),
		cmocka_unit_test(established_cork_and_more_wait_for_full_segments),
		cmocka_unit_test(established_corked_text_goes_after_a_while),
		cmocka_unit_test(established_small_segments_fill_the_buffer),
		cmocka_unit_test(established_full_send_buffer_blocks),
		cmocka_unit_test(established_never_sends_beyond_the_window),
		cmocka_unit_test(established_small_windows_do_not_make_small_segments),
		cmocka_unit_test(established_zero_window_is_probed_for_ever),
		cmocka_unit_test(established_unanswered_probes_end_it),
		cmocka_unit_test(established_shrunken_window_is_survived),
		cmocka_unit_test(established_window_that_flutters_gets_no_small_segments),
		cmocka_unit_test(
			established_cuts_of_what_is_in_flight_are_bounded),
		cmocka_unit_test(established_writer_gets_nothing_of_the_reader),
		cmocka_unit_test(established_write_without_memory_says_so),
		cmocka_unit_test(established_old_window_update_is_ignored),
		cmocka_unit_test(established_timeout_sends_first_segment_and_backs_off),
		cmocka_unit_test(established_retransmission_without_memory_is_counted),
		cmocka_unit_test(established_karn_no_sample_from_retransmission),
		cmocka_unit_test(rtt_estimator_follows_rfc_6298),
		cmocka_unit_test(established_silent_peer_is_given_up),
		cmocka_unit_test(established_silence_makes_ip_look_for_another_way),
		cmocka_unit_test(established_user_timeout_ends_it_in_time),
		cmocka_unit_test(established_slow_progress_is_no_timeout),
		cmocka_unit_test(established_third_duplicate_ack_retransmits),
		cmocka_unit_test(recovery_partial_ack_retransmits_next_hole),
		cmocka_unit_test(recovery_end_is_guarded_against_late_duplicates),
		cmocka_unit_test(established_window_updates_are_no_duplicates),
		cmocka_unit_test(established_initial_window_is_ten_segments),
		cmocka_unit_test(established_after_lost_syn_begins_with_one_segment),
		cmocka_unit_test(slow_start_grows_by_what_is_acknowledged),
		cmocka_unit_test(congestion_avoidance_grows_by_one_per_window),
		cmocka_unit_test(established_idle_connection_restarts_slowly),
		cmocka_unit_test(established_window_opens_after_long_restarts_slowly),
		cmocka_unit_test(established_two_losses_halve_twice),
		cmocka_unit_test(established_keepalive_is_off_by_default),
		cmocka_unit_test(established_keepalive_probes_and_gives_up),
		cmocka_unit_test(established_keepalive_answer_must_fit),
		cmocka_unit_test(
			established_keepalive_waits_for_what_is_outstanding),
		cmocka_unit_test(established_keepalive_of_the_peer_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
