/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections begin: CLOSED, LISTEN, SYN-SENT, SYN-RECEIVED. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "sockets.h"
#include "tcp_peer.h"

/* The stack's ISN is not known: the answer's own numbers, absolute. */
static void expect_reset(struct tp *t, u32 seq, bool ack, u32 ack_seq)
{
	tp_next(t);
	assert_true(t->p.tcp->rst);
	assert_int_equal(ntohl(t->p.tcp->seq), seq);
	assert_int_equal(t->p.tcp->ack, ack);
	if (ack)
		assert_int_equal(ntohl(t->p.tcp->ack_seq), ack_seq);
	assert_int_equal(t->p.data_len, 0);
}

/* ---- CLOSED ----------------------------------------------------------- */

/* @req 9293-SM-1 */
static void closed_segment_with_ack_is_reset_at_its_ack(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	t.irs = 0x55550000;
	tp_send(&t, "A", 5, 9, "x", 1);
	expect_reset(&t, 0x55550009, false, 0);
	tp_silence(&t);
	tp_close(&t);
}

/* @req 9293-SM-1 */
static void closed_segment_without_ack_is_reset_at_zero(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_send(&t, "S", 0, 0, "abc", 3);	/* SYN and text: 4 */
	expect_reset(&t, 0, true, t.iss + 4);
	tp_send(&t, "F", 0, 0, "abc", 3);
	expect_reset(&t, 0, true, t.iss + 4);
	tp_send(&t, "", 0, 0, NULL, 0);
	expect_reset(&t, 0, true, t.iss);
	tp_close(&t);
}

/* @req 9293-SM-1 */
static void closed_reset_is_not_answered(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_send(&t, "R", 0, 0, NULL, 0);
	tp_send(&t, "RA", 0, 0, NULL, 0);
	tp_send(&t, "RS", 0, 0, "abc", 3);
	tp_silence(&t);
	tp_close(&t);
}

/* @attack S3 */
static void closed_flood_gets_few_resets(void **state)
{
	struct tp t;
	u32 i, n = 0;

	(void)state;
	tp_open_watched(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_rst_per_sec", "100");
	for (i = 0; i < 1000; i++)
		tp_send(&t, "A", i, i, NULL, 0);
	n = fx_flush(&t.f);
	assert_int_equal(n, 100);
	fx_advance(&t.f, FX_SEC / 2);
	for (i = 0; i < 1000; i++)
		tp_send(&t, "SA", i, i, NULL, 0);
	assert_int_equal(fx_flush(&t.f), 50);
	tp_close(&t);
}

/* ---- LISTEN ----------------------------------------------------------- */

/* @req 9293-SM-2 */
static void listen_reset_is_ignored(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	tp_send(&t, "R", 0, 0, NULL, 0);
	tp_send(&t, "RA", 0, 0, NULL, 0);
	tp_silence(&t);
	tp_close(&t);
}

/* @req 9293-SM-2 */
static void listen_ack_is_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	t.irs = 0x77770000;
	tp_send(&t, "A", 0, 3, NULL, 0);
	expect_reset(&t, 0x77770003, false, 0);
	tp_send(&t, "SA", 0, 4, NULL, 0);
	expect_reset(&t, 0x77770004, false, 0);
	tp_close(&t);
}

/* @req 9293-SM-2 @req 9293-SM-14 @attack T6 */
static void listen_other_flags_are_dropped(void **state)
{
	static const char *const flags[] = {
		"", "F", "P", "U", "PU", "FPU", "SF", "SFPU", "E", "C",
	};
	struct tp t;
	size_t i;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 4);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		fx_mark(&t.f);
		tp_send(&t, flags[i], 0, 0, NULL, 0);
		fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_FLAGS, 1);
		tp_silence(&t);
	}
	/* xmas: everything with ACK is an ACK; RST wins */
	tp_send(&t, "FSRPAU", 0, 0, NULL, 0);
	tp_silence(&t);
	tp_close(&t);
}

/* It was found before another thread closed it. */
static void listen_syn_of_a_listener_that_dies_is_dropped(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	refcount_init(&t.l->sk->sk_refcnt, 0, false);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_silence_for(&t, 5 * NSEC_PER_SEC);
	refcount_init(&t.l->sk->sk_refcnt, 1, false);
	tp_close(&t);
}

/* @req RFC9293:MUST-14 @req RFC9293:MUST-67 @req RFC9293:SHLD-5
 * @req 9293-SM-2 */
static void listen_syn_gets_syn_ack_and_becomes_established(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	tp_passive(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_PASSIVEOPENS), 1);
	assert_int_equal(tp_sk(&t)->sk_daddr, FX_PEER);
	tp_close(&t);
}

/* @req RFC9293:MUST-14 @req RFC9293:MUST-67 @req RFC9293:MUST-65 */
/* @req RFC9293:MAY-3 */
static void listen_syn_ack_tells_mss_of_the_device(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_next(&t);
	assert_true(t.opt.saw_mss);
	assert_int_equal(t.opt.mss, 1460);
	assert_false(t.opt.saw_tstamp || t.opt.wscale_ok || t.opt.sack_ok);
	tp_close(&t);
}

/* @req RFC9293:MUST-15 @req RFC9293:MUST-16 */
static void listen_syn_without_mss_means_536(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	t.mss = 0;
	tp_passive(&t);
	tp_write_pattern(&t, 1000);
	tp_expect(&t, "A", 1, 1, 536);
	tp_close(&t);
}

/* @req RFC9293:MUST-16 @attack T3 */
static void listen_syn_with_tiny_mss_gets_the_floor(void **state)
{
	static const u16 mss[] = { 1, 8, 47, 48, 65535 };
	static const u32 want[] = { 48, 48, 48, 48, 1460 };
	struct tp t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(mss); i++) {
		tp_open_watched(&t);
		t.mss = mss[i];
		tp_passive(&t);
		tp_write_pattern(&t, i < 4 ? 200 : 2000);
		tp_next(&t);
		assert_int_equal(t.p.data_len, want[i]);
		tp_close(&t);
	}
}

/* @req 7323-2.2a @req 7323-2.2b @req 7323-2.3a @req 7323-2.3b @attack T4 */
static void listen_window_scale_is_agreed_and_bounded(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	t.ws = 15;
	t.win = 1000;
	tp_listen(&t, 4);
	tp_syn(&t);
	assert_true(t.opt.wscale_ok);
	assert_int_equal(t.opt.snd_wscale, 7);
	/* its own window is not scaled on the SYN-ACK */
	assert_int_equal(ntohs(t.p.tcp->window), 64240);
	t.win = 2;
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	assert_int_equal(tcp_sk(tp_sk(&t))->snd_wnd, 2u << 14);
	tp_write_pattern(&t, 100);
	tp_next(&t);
	/* rounded up: what was offered stays offered (7323-2.4) */
	assert_int_equal(ntohs(t.p.tcp->window), DIV_ROUND_UP(64240, 128));
	tp_close(&t);
}

/* @req 7323-2.2a */
static void listen_syn_without_window_scale_gets_none(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	assert_int_equal(tcp_sk(tp_sk(&t))->rx_opt.rcv_wscale, 0);
	tp_write_pattern(&t, 1);
	tp_next(&t);
	assert_int_equal(ntohs(t.p.tcp->window), 64240);
	tp_close(&t);
}

/* @req RFC9293:MUST-57 @attack S5 */
static void listen_syn_to_broadcast_is_dropped(void **state)
{
	static u8 frame[200];
	struct tcp_seg_info seg = {
		.source = htons(5), .dest = htons(TP_PORT), .seq = 1,
		.window = 100, .flags = TCPHDR_SYN,
	};
	const __be32 to[] = { FX_ADDR(10, 0, 0, 255), 0xffffffff,
			      FX_ADDR(224, 0, 0, 1) };
	struct tp t;
	size_t i;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 4);
	for (i = 0; i < ARRAY_SIZE(to); i++) {
		struct fx_ip ip = { .daddr = to[i] };

		fx_inject(&t.f, frame, fx_build_tcp(frame, &ip, &seg, NULL, 0,
						    NULL, 0));
		tp_silence(&t);
	}
	assert_int_equal(reqsk_queue_len(
		&inet_csk(t.l->sk)->icsk_accept_queue), 0);
	tp_close(&t);
}

/* @req RFC9293:MUST-63 @attack S5 */
static void listen_syn_from_invalid_source_is_dropped(void **state)
{
	static u8 frame[200];
	struct tcp_seg_info seg = {
		.source = htons(TP_PORT), .dest = htons(TP_PORT), .seq = 1,
		.window = 100, .flags = TCPHDR_SYN,
	};
	const __be32 from[] = {
		FX_ADDR(10, 0, 0, 255), 0xffffffff, FX_ADDR(224, 0, 0, 1),
		FX_ADDR(240, 0, 0, 1), FX_ADDR(127, 0, 0, 1), FX_IP,
		FX_ADDR(0, 1, 2, 3),
	};
	struct tp t;
	size_t i;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 4);
	for (i = 0; i < ARRAY_SIZE(from); i++) {
		struct fx_ip ip = { .saddr = from[i] };

		fx_inject(&t.f, frame, fx_build_tcp(frame, &ip, &seg, NULL, 0,
						    NULL, 0));
		tp_silence(&t);
	}
	tp_close(&t);
}

/* @req RFC9293:MUST-41 @req RFC9293:MUST-42 */
static void listen_beside_connections_disturbs_none(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	/* a new listener on the same port, while a connection lives on it */
	inet_close(t.l);
	t.l = NULL;
	{
		struct socket *s = inet_socket(t.f.net, AF_INET, SOCK_STREAM, 0);
		struct sockaddr_in any = { .sin_family = AF_INET,
					   .sin_port = htons(TP_PORT) };
		int on = 1;

		inet_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		/* the child did not say SO_REUSEADDR */
		assert_int_equal(inet_bind(s, (void *)&any, sizeof(any)), -1);
		assert_int_equal(errno, EADDRINUSE);
		inet_setsockopt(t.s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		assert_int_equal(inet_bind(s, (void *)&any, sizeof(any)), 0);
		assert_int_equal(inet_listen(s, 1), 0);
		t.l = s;
	}
	tp_send(&t, "PA", 1, 1, "hello", 5);
	tp_read(&t, "hello", 5);
	t.pport++;
	tp_send(&t, "S", 0, 0, NULL, 0);
	fx_flush(&t.f);
	tp_close(&t);
}

/* Port 7 is that of a connection that waits for an answer to its SYN, or to its
 * SYN-ACK: who listens on it takes others, and leaves that one alone.
 * @req RFC9293:MUST-41 @req RFC9293:MUST-42 */
static void listen_beside_half_open_connections_disturbs_none(void **state)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(TP_PORT) };
	u32 irs;
	int received;
	struct tp t;

	(void)state;
	for (received = 0; received < 2; received++) {
		tp_open(&t);
		t.s = inet_socket(t.f.net, AF_INET,
				  SOCK_STREAM | SOCK_NONBLOCK, 0);
		tp_setsockopt(&t, SOL_SOCKET, SO_REUSEADDR, 1);
		assert_int_equal(inet_bind(t.s, (void *)&any, sizeof(any)), 0);
		tp_connect(&t);
		if (received) {
			tp_send(&t, "S", 0, 0, NULL, 0);
			tp_expect(&t, "SA", 0, 1, 0);
		}
		irs = t.irs;
		t.l = inet_socket(t.f.net, AF_INET,
				  SOCK_STREAM | SOCK_NONBLOCK, 0);
		inet_setsockopt(t.l, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 },
				sizeof(int));
		assert_int_equal(inet_bind(t.l, (void *)&any, sizeof(any)), 0);
		assert_int_equal(inet_listen(t.l, 1), 0);
		tp_silence(&t);
		assert_int_equal(tp_state(&t), received ? TCP_SYN_RECV :
				 TCP_SYN_SENT);
		/* another peer finds the listener */
		t.pport++;
		tp_syn(&t);
		tp_send(&t, "A", 1, 1, NULL, 0);
		inet_close(inet_accept(t.l, NULL, NULL));
		fx_run(&t.f);
		fx_flush(&t.f);
		/* and the first one the connection that it waits for */
		t.pport--;
		t.irs = irs;
		tp_send(&t, received ? "A" : "SA", received, 1, NULL, 0);
		if (!received)
			tp_expect(&t, "A", 1, 1, 0);
		assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
		assert_null(inet_accept(t.l, NULL, NULL));
		tp_send(&t, "PA", 1, 1, "hi", 2);
		tp_read(&t, "hi", 2);
		fx_flush(&t.f);
		tp_close(&t);
	}
}

/* @attack S8 */
static void listen_full_accept_queue_takes_no_syn(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_syncookies", "0");
	tp_listen(&t, 0);
	tp_send(&t, "S", 0, 0, NULL, 0);	/* backlog 0 holds one */
	tp_next(&t);
	t.pport++;
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_REQQFULLDROP), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LISTENDROPS), 1);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_LISTEN_OVERFLOW, 1);
	tp_close(&t);
}

static void handshake_from(struct tp *t, u16 port)
{
	t->pport = port;
	tp_send(t, "S", 0, 0, NULL, 0);
	if (!fx_pop(&t->f, &t->p))
		return;
	t->irs = ntohl(t->p.tcp->seq);
	tp_send(t, "A", 1, 1, NULL, 0);
}

/* The queue of those that nobody accepts is full, not that of requests. */
/* @attack S8 */
static void listen_connections_not_accepted_take_no_syn(void **state)
{
	struct tp t;
	u16 i;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 2);
	for (i = 0; i < 3; i++)			/* one more than it says */
		handshake_from(&t, 1000 + i);
	t.pport = 1003;
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LISTENOVERFLOWS), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_REQQFULLDROP), 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_LISTEN_OVERFLOW, 1);
	tp_close(&t);
}

/* @attack S8 */
static void listen_backlog_bounds_connections_not_accepted(void **state)
{
	struct tp t;
	u16 i;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 2);
	for (i = 0; i < 10; i++)
		handshake_from(&t, 1000 + i);
	assert_int_equal(t.l->sk->sk_ack_backlog, 3);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_LISTENOVERFLOWS) > 0);
	tp_close(&t);
}

/* @attack S8 */
static void listen_overflow_with_abort_on_overflow_is_reset(void **state)
{
	struct tp t;
	u32 irs;

	(void)state;
	tp_open_watched(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_abort_on_overflow", "1");
	tp_listen(&t, 2);
	/* four requests, but only three places */
	t.pport = 1;
	tp_syn(&t);
	irs = t.irs;
	handshake_from(&t, 2);
	handshake_from(&t, 3);
	handshake_from(&t, 4);
	assert_int_equal(t.l->sk->sk_ack_backlog, 3);
	fx_flush(&t.f);
	t.pport = 1;
	t.irs = irs;
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_next(&t);
	assert_true(t.p.tcp->rst);
	tp_close(&t);
}

/* @attack S8 @attack P7 */
static void listen_close_frees_children_and_requests(void **state)
{
	struct tp t;
	u16 i;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 100);
	for (i = 0; i < 50; i++)
		handshake_from(&t, 1000 + i);
	for (i = 0; i < 50; i++) {
		t.pport = 2000 + i;
		tp_send(&t, "S", 0, 0, NULL, 0);
	}
	fx_flush(&t.f);
	inet_close(t.l);
	t.l = NULL;
	fx_run(&t.f);
	assert_int_equal(fx_flush(&t.f), 50);	/* a RST to each child */
	/* the ACK of a request finds no listener any more */
	t.irs = secure_tcp_seq_and_ts_off(t.f.net, FX_IP, FX_PEER,
					  htons(TP_PORT), htons(2000)).seq;
	t.pport = 2000;
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_next(&t);
	assert_true(t.p.tcp->rst);
	fx_advance(&t.f, 10 * FX_SEC);
	assert_int_equal(t.f.net->ipv4.tcp_hashinfo->ehash_count, 0);
	assert_int_equal(t.f.net->ipv4.tcp->orphan_count, 0);
	tp_close(&t);
}

/* Requests of the listener that was are not requests of the one that is, but
 * they end on its account. */
static void listen_again_with_requests_left_takes_connections(void **state)
{
	struct tp t;
	u16 i;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 100);
	for (i = 0; i < 5; i++) {
		t.pport = 2000 + i;
		tp_send(&t, "S", 0, 0, NULL, 0);
	}
	assert_int_equal(fx_flush(&t.f), 5);
	assert_int_equal(inet_shutdown(t.l, SHUT_RD), 0);
	assert_int_equal(inet_listen(t.l, 100), 0);
	fx_advance(&t.f, 200 * FX_SEC);		/* the five are given up */
	fx_flush(&t.f);
	assert_int_equal(t.f.net->ipv4.tcp_hashinfo->ehash_count, 0);
	t.pport = 3000;
	tp_passive(&t);
	tp_close(&t);
}

/* ---- SYN-RECEIVED ----------------------------------------------------- */

/* The route that the SYN found serves the request, until tables change. */
static void syn_received_route_is_asked_again_when_it_changed(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 5);
	tp_syn(&t);
	assert_int_equal(inet_route_add(t.f.net, "blackhole 10.0.0.1"), 0);
	tp_silence_for(&t, 2 * FX_SEC);		/* no SYN-ACK goes there */
	assert_int_equal(inet_route_del(t.f.net, "10.0.0.1"), 0);
	tp_expect_after(&t, 3 * FX_SEC, "SA", 0);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	tp_close(&t);
}

/* @attack S4 */
static void syn_received_syn_ack_is_sent_again_and_given_up(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 4);
	tp_syn(&t);
	for (i = 0; i < 5; i++)		/* tcp_synack_retries */
		tp_expect_after(&t, FX_SEC << i, "SA", 0);
	tp_silence_for(&t, 200 * FX_SEC);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SYNRETRANS), 5);
	assert_int_equal(reqsk_queue_len(
		&inet_csk(t.l->sk)->icsk_accept_queue), 0);
	tp_close(&t);
}

/* @attack S6 */
static void syn_received_same_syn_gets_syn_ack_again(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 4);
	tp_syn(&t);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_expect(&t, "SA", 0, 1, 0);
	tp_send(&t, "S", 0, 0, NULL, 0);	/* within 500 ms: no answer */
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_ACKSKIPPEDSYNRECV), 1);
	tp_close(&t);
}

/* @req 9293-SM-7 */
static void syn_received_wrong_ack_is_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	tp_syn(&t);
	tp_send(&t, "A", 1, 0, NULL, 0);
	expect_reset(&t, t.irs, false, 0);
	tp_send(&t, "A", 1, 2, NULL, 0);
	expect_reset(&t, t.irs + 2, false, 0);
	tp_send(&t, "A", 1, 1, NULL, 0);	/* it lives */
	tp_accept(&t);
	tp_close(&t);
}

/* @req 9293-SM-6 @req RFC9293:MUST-11 */
static void syn_received_reset_returns_to_listen(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	tp_syn(&t);
	tp_send(&t, "R", 1, 0, NULL, 0);
	tp_silence(&t);
	assert_int_equal(reqsk_queue_len(
		&inet_csk(t.l->sk)->icsk_accept_queue), 0);
	assert_null(inet_accept(t.l, NULL, NULL));
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(t.l->sk->sk_state, TCP_LISTEN);
	tp_close(&t);
}

/* @req 5961-3b */
static void syn_received_reset_inside_window_is_challenged(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	tp_syn(&t);
	tp_send(&t, "R", 100, 0, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	tp_close(&t);
}

/* Text and FIN with the ACK that ends the handshake. */
static void syn_received_ack_with_text_is_taken(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 4);
	tp_syn(&t);
	tp_send(&t, "PAF", 1, 1, "hello", 5);
	fx_advance(&t.f, 200 * FX_MS);
	tp_expect(&t, "A", 1, 7, 0);
	tp_accept(&t);
	assert_int_equal(tp_state(&t), TCP_CLOSE_WAIT);
	tp_read(&t, "hello", 5);
	tp_read_eof(&t);
	tp_close(&t);
}

/* ---- SYN-SENT --------------------------------------------------------- */

/* @req RFC9293:MUST-44 @req RFC9293:MUST-45 @req RFC9293:MUST-14 */
static void syn_sent_syn_ack_makes_it_established(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_active(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_ACTIVEOPENS), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_CURRESTAB), 1);
	assert_true(tp_poll(&t) & POLLOUT);
	assert_int_equal(tp_error(&t), 0);
	tp_write(&t, "hello", 5);
	tp_expect(&t, "PA", 1, 1, 5);
	tp_close(&t);
}

/* Window scale, timestamps: offered, and used only when both did. */
/* @req 7323-2.2a @req 7323-3.2a */
static void syn_sent_options_are_offered(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_connect(&t);
	assert_int_equal(t.opt.mss, 1460);
	assert_true(t.opt.saw_tstamp && t.opt.wscale_ok);
	assert_true(t.opt.sack_ok);
	assert_int_equal(t.opt.rcv_tsecr, 0);
	assert_int_equal(t.p.tcp->ack_seq, 0);
	tp_close(&t);
}

/* @req 9293-SM-3 @attack S6 */
static void syn_sent_wrong_ack_is_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_connect(&t);
	tp_send(&t, "SA", 0, 0, NULL, 0);
	expect_reset(&t, t.irs, false, 0);
	tp_send(&t, "SA", 0, 2, NULL, 0);
	expect_reset(&t, t.irs + 2, false, 0);
	tp_send(&t, "A", 0, 7, NULL, 0);
	expect_reset(&t, t.irs + 7, false, 0);
	tp_send(&t, "RA", 0, 7, NULL, 0);	/* never to a RST */
	tp_silence(&t);
	assert_int_equal(tp_state(&t), TCP_SYN_SENT);
	tp_close(&t);
}

/* An answer must tell a timestamp of ours. */
static void syn_sent_timestamp_never_sent_is_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	t.ts = true;
	tp_connect(&t);
	t.ts_ecr += 100000;
	tp_send(&t, "SA", 0, 1, NULL, 0);
	expect_reset(&t, t.irs + 1, false, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_PAWSACTIVEREJECTED), 1);
	assert_int_equal(tp_state(&t), TCP_SYN_SENT);
	tp_close(&t);
}

/* @req 9293-SM-3 @attack B12 */
static void syn_sent_reset_needs_a_good_ack(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_connect(&t);
	tp_send(&t, "R", 0, 0, NULL, 0);
	tp_send(&t, "RA", 0, 2, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_SYN_SENT);
	tp_send(&t, "RA", 0, 1, NULL, 0);
	tp_silence(&t);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_error(&t), ECONNREFUSED);
	tp_close(&t);
}

/* @req 9293-SM-3 @req 9293-SM-14 */
static void syn_sent_segment_without_syn_is_dropped(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_connect(&t);
	tp_send(&t, "A", 1, 1, "x", 1);
	tp_send(&t, "F", 0, 0, NULL, 0);
	tp_send(&t, "", 0, 0, NULL, 0);
	tp_silence(&t);
	assert_int_equal(tp_state(&t), TCP_SYN_SENT);
	tp_close(&t);
}

/* @req RFC9293:MUST-18 @req RFC9293:MUST-22 @req RFC9293:MUST-23
 * @req 6298-2.1 @req RFC9293:SHLD-11 */
/* @req 8961-1 */
static void syn_sent_no_answer_retries_for_three_minutes(void **state)
{
	struct tp t;
	u64 begin;
	u32 i;

	(void)state;
	tp_open(&t);
	tp_connect(&t);
	begin = t.f.now_ns;
	for (i = 0; i < 7; i++)
		tp_expect_after(&t, FX_SEC << i, "S", 0);
	/* and after three minutes it has not given up yet */
	tp_silence_for(&t, begin + 180 * FX_SEC - t.f.now_ns);
	assert_int_equal(tp_state(&t), TCP_SYN_SENT);
	assert_int_equal(tp_poll(&t), 0);
	/* but when the last one would have been sent again: 127 s, and the most
	 * that an RTO is */
	while (tp_state(&t) == TCP_SYN_SENT && t.f.now_ns < begin + 400 * FX_SEC)
		tp_silence_for(&t, FX_SEC);
	assert_in_range((t.f.now_ns - begin) / FX_SEC, 247, 249);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_error(&t), ETIMEDOUT);
	tp_close(&t);
}

/* Nobody answers ARP at the first hop: that is no hint of a router's, to be
 * waited over, but what this host knows, as in Linux. */
static void syn_sent_silent_neighbour_is_told_after_three_requests(void **state)
{
	struct tp t;
	u32 n;

	(void)state;
	tp_open(&t);
	assert_int_equal(inet_neigh_del(t.f.dev, "10.0.0.1"), 0);
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(sk_connect(t.s, SK_PEER, TP_PEER_PORT), -EINPROGRESS);
	fx_advance(&t.f, 2900 * FX_MS);
	assert_int_equal(tp_state(&t), TCP_SYN_SENT);
	assert_int_equal(tp_poll(&t), 0);
	fx_advance(&t.f, 300 * FX_MS);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_poll(&t), POLLOUT | POLLIN | POLLRDHUP | POLLERR |
				      POLLHUP);
	assert_int_equal(tp_error(&t), EHOSTUNREACH);
	for (n = 0; fx_pop(&t.f, &t.p); n++)
		assert_int_equal(t.p.proto, ETH_P_ARP);
	assert_int_equal(n, 3);
	tp_close(&t);
}

/* A connection that is there survives it (RFC 1122 4.2.3.9). */
static void established_silent_neighbour_is_a_soft_error(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	assert_int_equal(inet_neigh_del(t.f.dev, "10.0.0.1"), 0);
	tp_write(&t, "x", 1);
	fx_advance(&t.f, 4 * FX_SEC);
	fx_flush(&t.f);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	assert_int_equal(tp_sk(&t)->sk_err, 0);
	assert_int_equal(tp_sk(&t)->sk_err_soft, EHOSTUNREACH);
	fx_learn(&t.f);
	fx_advance(&t.f, 10 * FX_SEC);
	tp_next(&t);
	assert_int_equal(t.p.data_len, 1);
	fx_flush(&t.f);
	tp_close(&t);
}

/* @req RFC9293:MUST-10 @attack S6 */
static void syn_sent_syn_crosses_syn(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	t.sack = true;
	tp_connect(&t);
	tp_send(&t, "S", 0, 0, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_SYN_RECV);
	tp_expect(&t, "SA", 0, 1, 0);
	/* the peer did the same: its SYN-ACK */
	tp_send(&t, "SA", 0, 1, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	/* whose SYN came twice */
	tp_next(&t);
	assert_int_equal(t.opt.num_sacks, 1);
	assert_int_equal(t.opt.sacks[0].start_seq, t.iss);
	assert_int_equal(t.opt.sacks[0].end_seq, t.iss + 1);
	tp_send(&t, "PA", 1, 1, "hi", 2);
	tp_expect(&t, "A", 1, 3, 0);
	tp_read(&t, "hi", 2);
	tp_write(&t, "ho", 2);
	tp_expect(&t, "PA", 1, 3, 2);
	tp_close(&t);
}

/* The answer to our SYN comes right behind the peer's, to which we have answered
 * meanwhile: the round trip is that of the SYN, if the timestamp says so, and else
 * is not known.
 * @req 6298-3 */
static void syn_crossing_syn_is_no_sample_of_the_answer(void **state)
{
	struct tp t;
	u32 ts;

	(void)state;
	for (ts = 0; ts < 2; ts++) {
		tp_open(&t);
		t.ts = ts;
		tp_connect(&t);
		fx_advance(&t.f, 200 * FX_MS);
		tp_send(&t, "S", 0, 0, NULL, 0);
		tp_send(&t, "SA", 0, 1, NULL, 0);
		assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
		assert_in_range(tcp_sk(tp_sk(&t))->srtt_us >> 3, 199000 * ts,
				201000 * ts);
		fx_flush(&t.f);
		tp_close(&t);
	}
}

/* The peer answers with a bare ACK of our SYN-ACK (split handshake). */
/* @attack S6 */
static void syn_received_split_handshake_ack_establishes(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_connect(&t);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_expect(&t, "SA", 0, 1, 0);
	tp_send(&t, "A", 1, 1, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_silence(&t);
	tp_close(&t);
}

/* @req 9293-SM-7 */
static void syn_received_active_wrong_ack_is_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_connect(&t);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_expect(&t, "SA", 0, 1, 0);
	tp_send(&t, "A", 1, 0, NULL, 0);
	expect_reset(&t, t.irs, false, 0);
	tp_send(&t, "A", 1, 5, NULL, 0);
	expect_reset(&t, t.irs + 5, false, 0);
	assert_int_equal(tp_state(&t), TCP_SYN_RECV);
	tp_close(&t);
}

/* @req 9293-SM-6 @req RFC9293:MUST-11 */
static void syn_received_active_reset_is_refused(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_connect(&t);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_expect(&t, "SA", 0, 1, 0);
	tp_send(&t, "R", 1, 0, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_error(&t), ECONNREFUSED);
	tp_close(&t);
}

/* The SYN-ACK of a simultaneous open is lost, and sent again. */
/* @req RFC9293:MUST-10 */
static void syn_received_active_syn_ack_is_sent_again(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_connect(&t);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_expect(&t, "SA", 0, 1, 0);
	tp_expect_after(&t, FX_SEC, "SA", 0);
	tp_send(&t, "A", 1, 1, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_close(&t);
}

/* shutdown() in SYN-RECEIVED: the FIN follows the handshake. */
static void syn_received_active_shutdown_sends_fin_when_acked(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_connect(&t);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_expect(&t, "SA", 0, 1, 0);
	assert_int_equal(inet_shutdown(t.s, SHUT_WR), 0);
	tp_silence(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_expect(&t, "FA", 1, 1, 0);
	assert_int_equal(tp_state(&t), TCP_FIN_WAIT1);
	tp_close(&t);
}

/* A connection that both sides opened has keep-alive as any other. */
static void syn_received_active_established_is_kept_alive(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_connect(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_KEEPALIVE, 1);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_KEEPIDLE, 100);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_expect(&t, "SA", 0, 1, 0);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_expect_after(&t, 100 * FX_SEC, "A", 0);
	tp_close(&t);
}

/* @req RFC9293:MUST-46 */
static void connect_to_many_fails(void **state)
{
	const __be32 to[] = { FX_ADDR(10, 0, 0, 255), 0xffffffff,
			      FX_ADDR(224, 0, 0, 5) };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct socket *s;
	struct tp t;
	size_t i;

	(void)state;
	tp_open(&t);
	for (i = 0; i < ARRAY_SIZE(to); i++) {
		s = inet_socket(t.f.net, AF_INET, SOCK_STREAM, 0);
		a.sin_addr.s_addr = to[i];
		assert_int_equal(inet_connect(s, (void *)&a, sizeof(a)), -1);
		assert_int_equal(errno, ENETUNREACH);
		assert_int_equal(s->sk->sk_state, TCP_CLOSE);
		inet_close(s);
	}
	fx_run(&t.f);
	fx_expect_silence(&t.f);
	tp_close(&t);
}

/* Figure 7 of RFC 9293: an old SYN comes first, our RST lets it recover. */
/* @attack S6 @req 9293-SM-19 */
static void syn_received_old_duplicate_syn_recovers(void **state)
{
	struct tp t;
	u32 irs;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 4);
	tp_syn(&t);	/* the old one */
	irs = t.irs;
	/* the peer resets what it does not know, with our ACK as its seq */
	tp_send(&t, "R", 1, 0, NULL, 0);
	tp_silence(&t);
	t.iss += 0x1000;			/* the new one */
	tp_syn(&t);
	assert_true(t.p.tcp->syn && t.p.tcp->ack);
	assert_int_equal(ntohl(t.p.tcp->ack_seq), t.iss + 1);
	assert_false(after(irs, t.irs));
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	tp_close(&t);
}

/* What one stack says tells nothing of another: neither its numbers, nor how
 * they differ between two connections.
 * @req RFC9293:MUST-9 @req 6528-1 */
static void isn_of_one_stack_tells_nothing_of_another(void **state)
{
	struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_SIMULATED, .nr_frames = 64,
	};
	u32 mine[2], its[2];
	struct net *other;
	struct tp t;
	u16 i;

	(void)state;
	tp_open(&t);
	cfg.env = &t.f.env;	/* the same clock, random octets of its own */
	other = inet_create(&cfg);
	assert_non_null(other);
	for (i = 0; i < 2; i++) {
		mine[i] = secure_tcp_seq_and_ts_off(t.f.net, FX_IP, FX_PEER, 1,
						    i).seq;
		its[i] = secure_tcp_seq_and_ts_off(other, FX_IP, FX_PEER, 1,
						   i).seq;
		assert_int_not_equal(mine[i], its[i]);
	}
	assert_int_not_equal(mine[1] - mine[0], its[1] - its[0]);
	inet_destroy(other);
	tp_close(&t);
}

/* @req RFC9293:MUST-8 @req RFC9293:MUST-9 @req RFC9293:SHLD-1 @req 6528-1 */
static void isn_moves_with_the_clock_and_hides_the_tuple(void **state)
{
	u32 a, b, c;
	struct tp t;

	(void)state;
	tp_open(&t);
	a = secure_tcp_seq_and_ts_off(t.f.net, FX_IP, FX_PEER, 1, 2).seq;
	b = secure_tcp_seq_and_ts_off(t.f.net, FX_IP, FX_PEER, 1, 3).seq;
	fx_advance(&t.f, 4000);
	c = secure_tcp_seq_and_ts_off(t.f.net, FX_IP, FX_PEER, 1, 2).seq;
	assert_int_equal(c - a, 4000 / 64);
	assert_true(b - a > 1000 && a - b > 1000);
	assert_int_equal(sizeof(t.f.net->ipv4.isn_secret), 16);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_segment_with_ack_is_reset_at_its_ack),
		cmocka_unit_test(closed_segment_without_ack_is_reset_at_zero),
		cmocka_unit_test(closed_reset_is_not_answered),
		cmocka_unit_test(closed_flood_gets_few_resets),
		cmocka_unit_test(listen_reset_is_ignored),
		cmocka_unit_test(listen_ack_is_reset),
		cmocka_unit_test(listen_other_flags_are_dropped),
		cmocka_unit_test(listen_syn_of_a_listener_that_dies_is_dropped),
		cmocka_unit_test(listen_syn_gets_syn_ack_and_becomes_established),
		cmocka_unit_test(listen_syn_ack_tells_mss_of_the_device),
		cmocka_unit_test(listen_syn_without_mss_means_536),
		cmocka_unit_test(listen_syn_with_tiny_mss_gets_the_floor),
		cmocka_unit_test(listen_window_scale_is_agreed_and_bounded),
		cmocka_unit_test(listen_syn_without_window_scale_gets_none),
		cmocka_unit_test(listen_syn_to_broadcast_is_dropped),
		cmocka_unit_test(listen_syn_from_invalid_source_is_dropped),
		cmocka_unit_test(listen_beside_connections_disturbs_none),
		cmocka_unit_test(
			listen_beside_half_open_connections_disturbs_none),
		cmocka_unit_test(listen_full_accept_queue_takes_no_syn),
		cmocka_unit_test(listen_connections_not_accepted_take_no_syn),
		cmocka_unit_test(listen_backlog_bounds_connections_not_accepted),
		cmocka_unit_test(listen_overflow_with_abort_on_overflow_is_reset),
		cmocka_unit_test(listen_close_frees_children_and_requests),
		cmocka_unit_test(
			listen_again_with_requests_left_takes_connections),
		cmocka_unit_test(syn_received_syn_ack_is_sent_again_and_given_up),
		cmocka_unit_test(syn_received_same_syn_gets_syn_ack_again),
		cmocka_unit_test(syn_received_wrong_ack_is_reset),
		cmocka_unit_test(syn_received_reset_returns_to_listen),
		cmocka_unit_test(syn_received_reset_inside_window_is_challenged),
		cmocka_unit_test(syn_received_ack_with_text_is_taken),
		cmocka_unit_test(syn_sent_syn_ack_makes_it_established),
		cmocka_unit_test(syn_sent_options_are_offered),
		cmocka_unit_test(syn_sent_wrong_ack_is_reset),
		cmocka_unit_test(syn_sent_timestamp_never_sent_is_reset),
		cmocka_unit_test(syn_sent_reset_needs_a_good_ack),
		cmocka_unit_test(syn_sent_segment_without_syn_is_dropped),
		cmocka_unit_test(syn_sent_no_answer_retries_for_three_minutes),
		cmocka_unit_test(
			syn_sent_silent_neighbour_is_told_after_three_requests),
		cmocka_unit_test(established_silent_neighbour_is_a_soft_error),
		cmocka_unit_test(syn_sent_syn_crosses_syn),
		cmocka_unit_test(syn_crossing_syn_is_no_sample_of_the_answer),
		cmocka_unit_test(syn_received_split_handshake_ack_establishes),
		cmocka_unit_test(syn_received_active_wrong_ack_is_reset),
		cmocka_unit_test(syn_received_active_reset_is_refused),
		cmocka_unit_test(syn_received_active_syn_ack_is_sent_again),
		cmocka_unit_test(
			syn_received_active_shutdown_sends_fin_when_acked),
		cmocka_unit_test(syn_received_active_established_is_kept_alive),
		cmocka_unit_test(connect_to_many_fails),
		cmocka_unit_test(syn_received_old_duplicate_syn_recovers),
		cmocka_unit_test(syn_received_route_is_asked_again_when_it_changed),
		cmocka_unit_test(isn_of_one_stack_tells_nothing_of_another),
		cmocka_unit_test(isn_moves_with_the_clock_and_hides_the_tuple),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
