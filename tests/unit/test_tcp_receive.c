/* SPDX-License-Identifier: BSD-2-Clause */
/* ESTABLISHED, receiving: acceptability, queues, windows, delayed ACKs. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "tcp_peer.h"

static u8 big[65536];

/* The first segments are acknowledged at once; let that be over, so that
 * delays show: everything is answered, the session is a conversation. */
static void no_quick_acks(struct tp *t)
{
	inet_csk(tp_sk(t))->icsk_ack.quick = 0;
}

/* Changes the word at the data offset, and the checksum with it. */
static void set_offset(u8 *frame, u8 doff_res)
{
	u8 *l4 = frame + ETH_HLEN + IP_HLEN_MIN;
	__sum16 check;

	memcpy(&check, l4 + 16, sizeof(check));
	csum_replace2(&check, htons((u16)(l4[12] << 8)),
		      htons((u16)(doff_res << 8)));
	l4[12] = doff_res;
	memcpy(l4 + 16, &check, sizeof(check));
}

/* ---- in order --------------------------------------------------------- */

/* @req 5681-11 */
static void established_text_is_delivered_and_acknowledged(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_read_nothing(&t);
	tp_send(&t, "PA", 1, 1, "hello", 5);
	tp_expect(&t, "A", 1, 6, 0);	/* the first: at once */
	tp_silence(&t);
	assert_true(tp_poll(&t) & POLLIN);
	tp_read(&t, "hello", 5);
	tp_read_nothing(&t);
	tp_close(&t);
}

/* One ACK for two full segments, and none by itself where text goes the same
 * way. (Of segments that came together: test_gro.)
 * @req RFC9293:MUST-58 */
static void established_acks_are_aggregated(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "A", 1, 1, big, 1460);
	fx_flush(&t.f);
	no_quick_acks(&t);
	tp_send(&t, "A", 1461, 1, big, 1460);
	tp_silence(&t);
	tp_send(&t, "A", 2921, 1, big, 1460);
	tp_expect(&t, "A", 1, 4381, 0);
	tp_silence(&t);
	for (i = 0; i < 4; i++)
		tp_queue(&t, NULL, "A", 4381 + 1460 * i, big, 1460);
	fx_run(&t.f);
	tp_expect(&t, "A", 1, 7301, 0);
	tp_expect(&t, "A", 1, 10221, 0);
	tp_silence(&t);
	tp_send(&t, "PA", 10221, 1, "ask", 3);
	tp_silence(&t);
	tp_write(&t, "answer", 6);
	tp_expect(&t, "PA", 1, 10224, 6);
	tp_send(&t, "A", 10224, 7, NULL, 0);
	tp_silence_for(&t, FX_SEC);
	tp_close(&t);
}

/* @req RFC9293:MUST-40 @req RFC9293:SHLD-18 */
static void established_single_segment_ack_is_delayed(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	no_quick_acks(&t);
	inet_csk(tp_sk(&t))->icsk_ack.ato_us = TCP_ATO_MIN_US;
	tp_send(&t, "A", 1, 1, big, 100);
	tp_silence_for(&t, 30 * FX_MS);
	fx_advance(&t.f, 170 * FX_MS);
	tp_expect(&t, "A", 1, 101, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DELAYEDACKS), 1);
	tp_close(&t);
}

/* TCP_QUICKACK 0 before connect(): the request takes the handshake's ACK along;
 * without one it comes by itself. */
static void connect_without_quickack_lets_the_request_acknowledge(void **state)
{
	const int off = 0;
	struct tp t;

	(void)state;
	for (int ask = 0; ask < 2; ask++) {
		tp_open(&t);
		t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK,
				  0);
		assert_int_equal(inet_setsockopt(t.s, IPPROTO_TCP, TCP_QUICKACK,
						 &off, sizeof(off)), 0);
		tp_connect(&t);
		tp_send(&t, "SA", 0, 1, NULL, 0);
		tp_silence_for(&t, 30 * FX_MS);
		assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
		if (ask) {
			tp_write(&t, "q", 1);
			tp_expect(&t, "PA", 1, 1, 1);
			tp_silence_for(&t, 180 * FX_MS);
		} else {
			fx_advance(&t.f, 200 * FX_MS);
			tp_expect(&t, "A", 1, 1, 0);
		}
		tp_close(&t);
	}
}

/* As on Linux: what a listener has, its connections get; listen() forgets what
 * was set before. */
static void accepted_socket_has_the_listeners_quickack(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 8);
	t.s = t.l;
	tp_setsockopt(&t, IPPROTO_TCP, TCP_QUICKACK, 0);
	assert_int_equal(inet_listen(t.l, 8), 0);
	assert_int_equal(tp_getsockopt(&t, IPPROTO_TCP, TCP_QUICKACK), 0);
	tp_passive(&t);
	assert_int_equal(tp_getsockopt(&t, IPPROTO_TCP, TCP_QUICKACK), 0);
	tp_send(&t, "PA", 1, 1, "q", 1);
	tp_read(&t, "q", 1);
	tp_silence_for(&t, 30 * FX_MS);
	tp_write(&t, "a", 1);
	tp_expect(&t, "PA", 1, 2, 1);
	tp_close(&t);
}

static void listen_forgets_quickack_set_before(void **state)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(TP_PORT) };
	struct tp t;

	(void)state;
	tp_open(&t);
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(inet_bind(t.s, (void *)&any, sizeof(any)), 0);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_QUICKACK, 0);
	assert_int_equal(tp_getsockopt(&t, IPPROTO_TCP, TCP_QUICKACK), 0);
	assert_int_equal(inet_listen(t.s, 8), 0);
	assert_int_equal(tp_getsockopt(&t, IPPROTO_TCP, TCP_QUICKACK), 1);
	tp_close(&t);
}

/* @req RFC9293:SHLD-19 @req 5681-11 */
static void established_every_second_full_segment_is_acknowledged(void **state)
{
	struct tp t;
	u32 i, acks = 0;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	for (i = 0; i < 40; i++) {
		tp_send(&t, "A", 1 + i * 1460, 1, big, 1460);
		if (i == 20) {
			no_quick_acks(&t);
			acks = 0;
			fx_flush(&t.f);
		}
		acks += fx_flush(&t.f);
		tp_read(&t, big, 1460);
		acks += fx_flush(&t.f);
	}
	assert_in_range(acks, 9, 12);
	/* nor does it need a reader, who would acknowledge as well */
	for (acks = 0; i < 50; i++) {
		tp_send(&t, "A", 1 + i * 1460, 1, big, 1460);
		acks += fx_flush(&t.f);
	}
	assert_int_equal(acks, 5);
	tp_close(&t);
}

/* @req 9293-SM-16 */
static void established_sequence_wraps(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	tp_open(&t);
	t.iss = 0xffffff00;
	tp_wait_for_isn(&t, 0xfffffff0);
	tp_passive(&t);
	assert_in_range(t.irs, 0xfffffff0, 0xffffffff);
	for (i = 0; i < 10; i++) {
		tp_send(&t, "PA", 1 + i * 100, 1 + i * 50, big, 100);
		fx_flush(&t.f);
		tp_read(&t, big, 100);
		fx_flush(&t.f);
		tp_write(&t, big, 50);
		tp_expect(&t, "PA", 1 + i * 50, 101 + i * 100, 50);
	}
	tp_close(&t);
}

/* Half of each frame is empty: what was offered is taken all the same. */
/* @req RFC9293:SHLD-14 @attack W3 */
static void established_window_that_was_offered_is_taken(void **state)
{
	enum { LEN = 1030 };
	struct tp t;
	u32 seq = 1, edge;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	edge = tcp_receive_window(tcp_sk(tp_sk(&t)));
	for (; seq + LEN <= edge; seq += LEN) {
		tp_send(&t, "A", seq, 1, big, LEN);
		fx_flush(&t.f);
		assert_int_equal(tcp_sk(tp_sk(&t))->rcv_nxt,
				 t.iss + seq + LEN);
	}
	assert_true(fx_mib_delta(&t.f, MIB_TCP_RCVCOLLAPSED) > 0);
	assert_true(sk_rmem_alloc_get(tp_sk(&t)) <= tp_sk(&t)->sk_rcvbuf);
	for (edge = seq, seq = 1; seq < edge; seq += LEN)
		tp_read(&t, big, LEN);
	tp_close(&t);
}

/* The same behind a hole: the peer need not send it all again. */
static void established_window_behind_a_hole_is_taken(void **state)
{
	enum { LEN = 1030 };
	struct tp t;
	u32 seq = 1 + LEN, edge;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	edge = tcp_receive_window(tcp_sk(tp_sk(&t)));
	for (; seq + LEN <= edge; seq += LEN) {
		tp_send(&t, "A", seq, 1, big, LEN);
		fx_flush(&t.f);
	}
	assert_true(fx_mib_delta(&t.f, MIB_TCP_RCVCOLLAPSED) > 0);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_OFOPRUNED) == 0);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_OFODROP) == 0);
	assert_true(sk_rmem_alloc_get(tp_sk(&t)) <= tp_sk(&t)->sk_rcvbuf);
	tp_send(&t, "A", 1, 1, big, LEN);
	fx_flush(&t.f);
	assert_int_equal(tcp_sk(tp_sk(&t))->rcv_nxt, t.iss + seq);
	for (edge = seq, seq = 1; seq < edge; seq += LEN)
		tp_read(&t, big, LEN);
	tp_close(&t);
}

/* Small segments share a frame: single octets do not eat the buffer. */
/* @attack M6 @attack W3 */
static void established_single_octets_are_coalesced(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	for (i = 0; i < 20000; i++) {
		u8 b = (u8)(i * 7 + 1);

		tp_send(&t, "A", 1 + i, 1, &b, 1);
		fx_flush(&t.f);
	}
	assert_true(sk_rmem_alloc_get(tp_sk(&t)) <= tp_sk(&t)->sk_rcvbuf);
	assert_true(tp_sk(&t)->sk_receive_queue.qlen < 40);
	tp_read(&t, NULL, 20000);
	tp_close(&t);
}

/* The peer sends @nr octets of the pattern one by one, whether or not there is a
 * window; nobody reads. What waits is charged in full, and is not more than may
 * be but for the packet that found some room left. */
static void send_single_octets(struct tp *t, u32 nr)
{
	for (u32 i = 0; i < nr; i++) {
		u8 b = (u8)(i * 7 + 1);

		tp_queue(t, NULL, "A", 1 + i, &b, 1);
		if (i % 50 < 49 && i < nr - 1)
			continue;
		fx_run(&t->f);
		assert_in_range(sk_rmem_alloc_get(tp_sk(t)),
				tcp_sk(tp_sk(t))->rcv_nxt - t->iss - 1,
				tp_sk(t)->sk_rcvbuf + SKB_TRUESIZE(2048));
		if (i < nr - 1)
			fx_flush(&t->f);
	}
	tcp_verify_all(t->f.net);
	assert_true(fx_mib_delta(&t->f, MIB_TCP_RCVCOALESCE) > 0);
}

/* The octets that the window had room for are taken, in few packets; all that
 * follow are refused, until somebody reads.
 * @attack M6 */
static void established_million_single_octets_close_the_window(void **state)
{
	struct tp t;
	u32 taken;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	send_single_octets(&t, 1000000);
	taken = tcp_sk(tp_sk(&t))->rcv_nxt - t.iss - 1;
	assert_in_range(taken, 65535, tp_sk(&t)->sk_rcvbuf);
	assert_true(tp_sk(&t)->sk_receive_queue.qlen < taken / 500);
	assert_int_equal(tcp_receive_window(tcp_sk(tp_sk(&t))), 0);
	while (fx_pop(&t.f, &t.p))
		assert_int_equal(t.p.tcp->window, 0);
	tp_read(&t, NULL, taken);
	tp_read_nothing(&t);
	fx_flush(&t.f);
	tp_send(&t, "PA", 1 + taken, 1, "x", 1);
	tp_read(&t, "x", 1);
	tp_close(&t);
}

/* With a buffer for all of them, all of them: at most two octets of memory for
 * one.
 * @attack M6 */
static void established_million_single_octets_are_kept_in_little(void **state)
{
	enum { MILLION = 1000000 };
	int size = MILLION;
	struct tp t;

	(void)state;
	tp_open(&t);
	t.ws = 7;
	fx_sysctl(&t.f, "net.core.rmem_max", "4000000");
	tp_listen(&t, 8);
	assert_int_equal(inet_setsockopt(t.l, SOL_SOCKET, SO_RCVBUF, &size,
					 sizeof(size)), 0);
	tp_passive(&t);
	send_single_octets(&t, MILLION);
	assert_int_equal(tcp_sk(tp_sk(&t))->rcv_nxt - t.iss - 1, MILLION);
	assert_true(sk_rmem_alloc_get(tp_sk(&t)) < 2 * MILLION);
	assert_true(tp_sk(&t)->sk_receive_queue.qlen < MILLION / 500);
	tp_read(&t, NULL, MILLION);
	tp_close(&t);
}

/* ---- acceptability ---------------------------------------------------- */

/* @req 9293-SM-4 @req 9293-SM-5 */
static void established_old_segment_is_acknowledged_and_dropped(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 1, 1, "hello", 5);
	tp_expect(&t, "A", 1, 6, 0);
	tp_send(&t, "PA", 1, 1, "HELLO", 5);
	tp_expect(&t, "A", 1, 6, 0);
	tp_read(&t, "hello", 5);
	tp_read_nothing(&t);
	tp_close(&t);
}

/* One octet beyond the right edge nothing of a segment counts, its ACK neither;
 * at the edge it does. */
static void established_right_edge_is_exact(void **state)
{
	struct tp t;
	u32 wnd;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_write(&t, "hello", 5);
	tp_expect(&t, "PA", 1, 1, 5);
	wnd = tcp_receive_window(tcp_sk(tp_sk(&t)));
	tp_send(&t, "A", 1 + wnd + 1, 6, "x", 1);
	tp_expect(&t, "A", 6, 1, 0);
	assert_int_equal(tcp_sk(tp_sk(&t))->snd_una - t.irs, 1);
	tp_send(&t, "A", 1 + wnd, 6, NULL, 0);
	assert_int_equal(tcp_sk(tp_sk(&t))->snd_una - t.irs, 6);
	fx_flush(&t.f);
	tp_close(&t);
}

/* @req 9293-SM-4 @req 9293-SM-5 */
static void established_segment_beyond_window_is_answered(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "A", 1 + 70000, 1, "x", 1);
	tp_expect(&t, "A", 1, 1, 0);
	tp_read_nothing(&t);
	assert_true(RB_EMPTY_ROOT(&tcp_sk(tp_sk(&t))->out_of_order_queue));
	tp_close(&t);
}

/* The same with segments that lie in memory in pieces: what is cut off is more
 * than the first one. */
static void established_overlapping_segment_in_pieces_is_trimmed(void **state)
{
	static u8 text[3000];
	struct tp t;
	u32 i, cut;

	(void)state;
	for (i = 0; i < sizeof(text); i++)
		text[i] = (u8)(i * 7 + 1);
	for (cut = 60; cut < 1500; cut += 97) {
		tp_open(&t);
		t.f.rx_cut = cut;
		tp_passive(&t);
		tp_send(&t, "A", 1, 1, text, 1000);
		tp_send(&t, "A", 701, 1, text + 700, 800);	/* front */
		tp_send(&t, "A", 2001, 1, text + 2000, 500);	/* a hole */
		tp_send(&t, "A", 2301, 1, text + 2300, 700);	/* behind */
		tp_send(&t, "A", 1401, 1, text + 1400, 800);	/* over it */
		tp_read(&t, NULL, 3000);
		fx_flush(&t.f);
		tp_close(&t);
	}
}

/* Half old, half new. */
/* @req 9293-SM-4 */
static void established_overlapping_segment_is_trimmed(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 1, 1, "hello", 5);
	tp_expect(&t, "A", 1, 6, 0);
	tp_send(&t, "PA", 4, 1, "LOworld", 7);
	tp_expect(&t, "A", 1, 11, 0);
	tp_read(&t, "helloworld", 10);
	tp_close(&t);
}

/* Text that reaches over the right edge is cut there. */
/* @req 9293-SM-4 @attack T9 */
static void established_text_beyond_right_edge_is_cut(void **state)
{
	const struct tcp_sock *tp;
	struct tp t;
	u32 i, edge;

	(void)state;
	tp_open_watched(&t);
	t.f.rx_vary = false;	/* small pieces cost more than the window */
	tp_passive(&t);
	tp = tcp_sk(tp_sk(&t));
	for (i = 1; tcp_receive_window(tp) > 1400; i += 1400)
		tp_send(&t, "A", i, 1, big, 1400);
	edge = tp->rcv_nxt + tcp_receive_window(tp);
	fx_flush(&t.f);
	tp_send(&t, "AF", i, 1, big, 1400);
	tp_next(&t);
	assert_int_equal(ntohl(t.p.tcp->ack_seq), edge);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_close(&t);
}

/* The text of a RST is a diagnosis that nobody reads. */
/* @attack T9 */
static void established_rst_with_text_is_a_rst(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	tp_send(&t, "R", 1, 0, big, 1460);
	tp_silence(&t);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	tp_read_error(&t, ECONNRESET);
	tp_close(&t);
}

/* @attack T9 */
static void listen_syn_with_text_is_a_syn(void **state)
{
	static u8 text[60000];
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 1);
	tp_send(&t, "S", 0, 0, text, sizeof(text));
	tp_next(&t);
	assert_int_equal(t.p.tcp->flags, TCPHDR_SYN | TCPHDR_ACK);
	assert_int_equal(ntohl(t.p.tcp->ack_seq), t.iss + 1);
	t.irs = ntohl(t.p.tcp->seq);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	tp_read_nothing(&t);
	tp_send(&t, "PA", 1, 1, "text", 4);
	tp_read(&t, "text", 4);
	tp_close(&t);
}

/* @req RFC9293:MUST-5 @req RFC9293:MUST-6 @req RFC9293:MUST-64
 * @req RFC9293:MUST-4 @attack T2 */
static void established_odd_options_do_not_matter(void **state)
{
	static const u8 opts[][8] = {
		{ 1, 1, 1, 0 },			/* NOP NOP NOP EOL */
		{ 0xf3, 4, 9, 9 },		/* unknown */
		{ 1, 0xf3, 3, 9 },		/* not on a word boundary */
		{ 2, 4, 0, 9 },			/* MSS outside a SYN */
		{ 4, 2, 1, 1 },			/* SACK permitted */
		{ 3, 3, 9, 1 },			/* window scale */
		{ 0xf3, 0, 9, 9 },		/* length 0 */
		{ 0xf3, 1, 9, 9 },		/* length 1 */
		{ 0xf3, 41, 9, 9 },		/* past the end */
		{ 8, 9, 0, 0 },			/* short timestamps */
		{ 5, 3, 1, 1 },			/* SACK of no whole block */
		{ 34, 3, 1, 1 }, { 19, 2, 1, 1 }, { 29, 3, 1, 1 },
		{ 30, 4, 0, 0 }, { 254, 4, 0xf9, 0x89 },
	};
	struct tp t;
	size_t i;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	for (i = 0; i < ARRAY_SIZE(opts); i++) {
		tp_send_opt(&t, "A", 1 + (u32)i, 1, opts[i], 4);
		assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
		tp_send(&t, "PA", 1 + (u32)i, 1, "x", 1);
		tp_read(&t, "x", 1);
		fx_flush(&t.f);
	}
	assert_true(fx_mib_delta(&t.f, MIB_TCP_OPTERRORS) >= 5);
	tp_close(&t);
}

/* @req 9293-SM-15 @attack T10 */
static void established_reserved_bits_are_ignored(void **state)
{
	static u8 frame[200];
	struct tcp_seg_info seg = {
		.source = htons(TP_PEER_PORT), .dest = htons(TP_PORT),
		.window = 1000, .flags = TCPHDR_ACK | TCPHDR_ECE | TCPHDR_CWR,
		.payload_len = 2,
	};
	struct fx_ip ip = { .proto = IPPROTO_TCP };
	struct tp t;
	u32 len;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	seg.seq = t.iss + 1;
	seg.ack_seq = t.irs + 1;
	len = fx_build_tcp(frame, &ip, &seg, NULL, 0, "hi", 2);
	set_offset(frame, 0x5f);
	fx_inject(&t.f, frame, len);
	tp_expect(&t, "A", 1, 3, 0);
	tp_read(&t, "hi", 2);
	tp_close(&t);
}

/* Right, had it come from somebody else. */
/* @attack T8 */
static void established_checksum_of_another_address_is_wrong(void **state)
{
	static u8 frame[200], other[200];
	const u32 check = ETH_HLEN + IP_HLEN_MIN +
			  (u32)offsetof(struct tcphdr, check);
	struct tcp_seg_info seg = {
		.source = htons(TP_PEER_PORT), .dest = htons(TP_PORT),
		.window = 1000, .flags = TCPHDR_ACK, .payload_len = 8,
	};
	struct fx_ip ip = { .proto = IPPROTO_TCP };
	struct fx_ip from = { .proto = IPPROTO_TCP, .saddr = FX_STRANGER };
	struct tp t;
	u32 len;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	seg.seq = t.iss + 1;
	seg.ack_seq = t.irs + 1;
	len = fx_build_tcp(frame, &ip, &seg, NULL, 0, "12345678", 8);
	fx_build_tcp(other, &from, &seg, NULL, 0, "12345678", 8);
	memcpy(frame + check, other + check, 2);
	fx_mark(&t.f);
	fx_inject(&t.f, frame, len);
	tp_silence(&t);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_CSUM, 1);
	tp_read_nothing(&t);
	tp_close(&t);
}

/* @req RFC9293:MUST-3 @attack T8 */
static void established_bad_checksum_is_dropped_silently(void **state)
{
	static u8 frame[200];
	struct tcp_seg_info seg = {
		.source = htons(TP_PEER_PORT), .dest = htons(TP_PORT),
		.window = 1000, .flags = TCPHDR_ACK, .payload_len = 8,
	};
	struct fx_ip ip = { .proto = IPPROTO_TCP };
	struct tp t;
	u32 len, bit;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	seg.seq = t.iss + 1;
	seg.ack_seq = t.irs + 1;
	len = fx_build_tcp(frame, &ip, &seg, NULL, 0, "12345678", 8);
	for (bit = 0; bit < 28 * 8; bit++) {
		u8 *b = frame + ETH_HLEN + IP_HLEN_MIN + bit / 8;

		*b ^= (u8)(1u << bit % 8);
		fx_inject(&t.f, frame, len);
		*b ^= (u8)(1u << bit % 8);
	}
	tp_silence(&t);
	tp_read_nothing(&t);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_INCSUMERRORS) > 200);
	fx_inject(&t.f, frame, len);
	tp_read(&t, "12345678", 8);
	tp_close(&t);
}

/* @attack T1 @req RFC9293:MUST-7 */
static void segment_with_lying_data_offset_is_dropped(void **state)
{
	static u8 frame[200];
	struct tcp_seg_info seg = {
		.source = htons(TP_PEER_PORT), .dest = htons(TP_PORT),
		.flags = TCPHDR_SYN,
	};
	struct fx_ip ip = { .proto = IPPROTO_TCP };
	struct tp t;
	u32 len, doff, cut;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 4);
	for (doff = 0; doff < 16; doff++) {
		if (doff == 5)
			continue;
		len = fx_build_tcp(frame, &ip, &seg, NULL, 0, NULL, 0);
		set_offset(frame, (u8)(doff << 4));
		fx_mark(&t.f);
		fx_inject(&t.f, frame, len);
		fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_INVALID, 1);
	}
	for (cut = 0; cut < 20; cut++) {
		u8 l4[20] = { 0 };

		len = fx_build_ip(frame, &ip, l4, cut);
		fx_mark(&t.f);
		fx_inject(&t.f, frame, len);
		fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_INVALID, 1);
	}
	tp_silence(&t);
	tp_close(&t);
}

/* @req 9293-SM-8 @req RFC9293:MAY-12 @req 5961-5 @attack B4 */
static void established_ack_of_unsent_is_answered_and_dropped(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 1, 2, "evil", 4);
	tp_expect(&t, "A", 1, 1, 0);
	tp_read_nothing(&t);
	assert_int_equal(tcp_sk(tp_sk(&t))->snd_una, t.irs + 1);
	/* a second one within tcp_invalid_ratelimit: not even an ACK */
	tp_send(&t, "PA", 1, 3, "evil", 4);
	tp_silence(&t);
	fx_advance(&t.f, FX_SEC);
	/* too old: below SND.UNA - MAX.SND.WND */
	tp_send(&t, "PA", 1, 1 - 70000u, "evil", 4);
	tp_expect(&t, "A", 1, 1, 0);
	tp_read_nothing(&t);
	fx_advance(&t.f, FX_SEC);
	/* within a window, but of nothing that was ever sent */
	tp_send(&t, "PA", 1, 0, "evil", 4);
	tp_expect(&t, "A", 1, 1, 0);
	tp_read_nothing(&t);
	tp_close(&t);
}

/* @req 9293-SM-8 */
static void established_old_ack_with_text_is_taken(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_write(&t, "abcd", 4);
	tp_expect(&t, "PA", 1, 1, 4);
	tp_send(&t, "A", 1, 5, NULL, 0);
	tp_send(&t, "PA", 1, 3, "x", 1);	/* ack below SND.UNA */
	tp_read(&t, "x", 1);
	assert_int_equal(tcp_sk(tp_sk(&t))->snd_una, t.irs + 5);
	tp_close(&t);
}

/* A stream has no senders: no name is written. */
static void established_text_comes_without_a_name(void **state)
{
	struct sockaddr_in from = { .sin_port = 0xeeee };
	socklen_t len = sizeof(from);
	char text[2];
	struct iovec iov = { text, 1 };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from),
			    .msg_iov = &iov, .msg_iovlen = 1 };
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 1, 1, "ab", 2);
	assert_int_equal(inet_recvfrom(t.s, text, 1, 0, (void *)&from, &len),
			 1);
	assert_int_equal(len, 0);
	assert_int_equal(inet_recvmsg(t.s, &m, 0), 1);
	assert_int_equal(m.msg_namelen, 0);
	assert_int_equal(from.sin_port, 0xeeee);
	tp_close(&t);
}

/* A call for no octets says what one for some would say. */
static void established_read_of_nothing_learns_the_same(void **state)
{
	static const int flags[] = { 0, MSG_PEEK, MSG_WAITALL, MSG_TRUNC };
	struct tp t;
	u8 b;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		assert_int_equal(inet_recv(t.s, &b, 0, flags[i]), -1);
		assert_int_equal(errno, EAGAIN);
	}
	assert_int_equal(inet_recv(t.s, &b, 1, MSG_ERRQUEUE | MSG_OOB), -1);
	assert_int_equal(errno, EAGAIN);
	tp_send(&t, "PA", 1, 1, "a", 1);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		assert_int_equal(inet_recv(t.s, &b, 0, flags[i]), 0);
	tp_read(&t, "a", 1);
	tp_send(&t, "R", 2, 0, NULL, 0);
	assert_int_equal(inet_recv(t.s, &b, 0, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	tp_close(&t);
}

/* ---- out of order ----------------------------------------------------- */

/* @req RFC9293:SHLD-31 @req RFC9293:MAY-13 @req 5681-7 */
static void established_gap_is_reported_and_filled(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	no_quick_acks(&t);
	tp_send(&t, "A", 6, 1, "world", 5);
	tp_expect(&t, "A", 1, 1, 0);
	tp_read_nothing(&t);
	tp_send(&t, "A", 1, 1, "hello", 5);
	tp_expect(&t, "A", 1, 11, 0);
	tp_read(&t, "helloworld", 10);
	tp_close(&t);
}

/* A reader that stops reading must not keep the devices' frames: not those of
 * text in order, nor of text that came too early. */
static void established_text_in_a_short_pool_leaves_it(void **state)
{
	struct skb_shared_info *hog[2048];
	struct net *net;
	struct sock *sk;
	struct tp t;
	u32 n = 0;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	net = t.f.net;
	sk = tp_sk(&t);
	while (!frame_pool_low(net))
		hog[n++] = frame_alloc(net, true);
	tp_send(&t, "A", 6, 1, "world", 5);
	assert_true(tcp_sk(sk)->ooo_last_skb->shinfo->heap);
	tp_send(&t, "A", 1, 1, "hell", 4);
	assert_true(skb_peek(&sk->sk_receive_queue)->shinfo->heap);
	tp_send(&t, "A", 5, 1, "o", 1);
	tp_read(&t, "helloworld", 10);
	while (n)
		frame_put(hog[--n]);
	tp_close(&t);
}

/* All orders of four pieces that overlap give the same stream. */
/* @req RFC9293:SHLD-31 */
static void established_overlaps_in_any_order_are_exact(void **state)
{
	static const struct { u8 seq, len; } piece[] = {
		{ 0, 10 }, { 5, 12 }, { 15, 6 }, { 2, 25 },
	};
	const char text[] = "abcdefghijklmnopqrstuvwxyz0";
	int a, b, c;
	struct tp t;

	(void)state;
	for (a = 0; a < 4; a++)
		for (b = 0; b < 4; b++)
			for (c = 0; c < 4; c++) {
				int order[] = { a, b, c, 0, 1, 2, 3 };
				size_t i;

				tp_open(&t);
				tp_passive(&t);
				for (i = 0; i < ARRAY_SIZE(order); i++)
					tp_send(&t, "A",
						1u + piece[order[i]].seq, 1,
						text + piece[order[i]].seq,
						piece[order[i]].len);
				tp_read(&t, text, 27);
				tp_read_nothing(&t);
				fx_flush(&t.f);
				tp_close(&t);
			}
}

/* What is held stays against copies that overlap it; only one that covers it
 * as a whole takes its place. What was in order stays in any case. */
static void established_conflicting_overlap_keeps_the_first(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "A", 4, 1, "DEF", 3);
	tp_send(&t, "A", 3, 1, "qqq", 3);
	tp_send(&t, "A", 6, 1, "yyy", 3);
	tp_send(&t, "A", 1, 1, "ab", 2);
	tp_send(&t, "A", 1, 1, "zzzzzzzz", 8);
	tp_read(&t, "abqDEFyy", 8);
	fx_flush(&t.f);
	tp_send(&t, "A", 12, 1, "D", 1);
	tp_send(&t, "A", 11, 1, "qqq", 3);
	tp_send(&t, "A", 9, 1, "ab", 2);
	tp_read(&t, "abqqq", 5);
	fx_flush(&t.f);
	tp_close(&t);
}

/* @attack B7 @req 9293-SM-13 */
static void established_fin_out_of_order_waits(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	tp_send(&t, "FA", 6, 1, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_send(&t, "A", 1, 1, "hello", 5);
	assert_int_equal(tp_state(&t), TCP_CLOSE_WAIT);
	tp_read(&t, "hello", 5);
	tp_read_eof(&t);
	tp_close(&t);
}

/* Holes everywhere: memory is bounded, and the far end is given up first. */
/* @attack M1 */
static void established_many_gaps_stay_within_the_buffer(void **state)
{
	struct tp t;
	struct sock *sk;
	u32 i;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	sk = tp_sk(&t);
	for (i = 1; i < 30000; i += 2) {
		tp_send(&t, "A", 1 + i, 1, "x", 1);
		fx_flush(&t.f);
		assert_true(sk_rmem_alloc_get(sk) <=
			    sk->sk_rcvbuf + 4096);
	}
	/* below rcv_nxt + the window everything comes again, and is taken */
	for (i = 0; i < 30000; i++) {
		u8 b = (u8)(i * 7 + 1);

		tp_send(&t, "A", 1 + i, 1, i & 1 ? (const void *)"x" : &b, 1);
		fx_flush(&t.f);
	}
	assert_int_equal(tcp_sk(sk)->rcv_nxt, t.iss + 1 + 30000);
	tp_close(&t);
}

/* ---- windows ---------------------------------------------------------- */

/* @req RFC9293:MUST-39 @req RFC9293:SHLD-14 @attack W3 */
static void established_slow_reader_gets_no_silly_window(void **state)
{
	struct tp t;
	u32 i, seq = 1, edge, last_edge = 0, wnd;

	(void)state;
	tp_open_watched(&t);
	t.f.rx_vary = false;	/* as above */
	tp_passive(&t);
	/* fill the window */
	for (;;) {
		wnd = tcp_receive_window(tcp_sk(tp_sk(&t)));
		if (!wnd)
			break;
		tp_send(&t, "A", seq, 1, big, min(wnd, 1460u));
		seq += min(wnd, 1460u);
		fx_advance(&t.f, 300 * FX_MS);
		while (fx_pop(&t.f, &t.p))
			last_edge = ntohl(t.p.tcp->ack_seq) +
				    ntohs(t.p.tcp->window);
	}
	/* read octet by octet: the edge moves by a segment or not at all */
	for (i = 0; i < 10000; i++) {
		u8 b;

		assert_int_equal(inet_recv(t.s, &b, 1, 0), 1);
		fx_advance(&t.f, FX_MS);
		while (fx_pop(&t.f, &t.p)) {
			edge = ntohl(t.p.tcp->ack_seq) +
			       ntohs(t.p.tcp->window);
			assert_true(edge - last_edge == 0 ||
				    edge - last_edge >= 1460);
			last_edge = edge;
		}
	}
	tp_close(&t);
}

/* The reader comes back: the peer is told that the window opened. */
/* @req RFC9293:MUST-39 */
static void established_window_opens_after_reading(void **state)
{
	struct tp t;
	u32 seq = 1, wnd;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	while ((wnd = tcp_receive_window(tcp_sk(tp_sk(&t)))) > 0) {
		tp_send(&t, "A", seq, 1, big, min(wnd, 1460u));
		seq += min(wnd, 1460u);
		fx_advance(&t.f, 100 * FX_MS);
	}
	fx_flush(&t.f);
	tp_read(&t, big, 20000);
	tp_next(&t);
	assert_true(ntohs(t.p.tcp->window) >= 1460);
	assert_int_equal(ntohl(t.p.tcp->ack_seq) - t.iss, seq);
	tp_close(&t);
}

/* @req RFC9293:MUST-1 */
static void established_window_of_65535_is_not_negative(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	t.win = 65535;
	tp_passive(&t);
	assert_int_equal(tcp_sk(tp_sk(&t))->snd_wnd, 65535);
	t.win = 40000;
	tp_send(&t, "A", 1, 1, NULL, 0);
	assert_int_equal(tcp_sk(tp_sk(&t))->snd_wnd, 40000);
	tp_close(&t);
}

/* A reader who keeps up: the buffer grows with what the path carries. */
static void established_fast_reader_makes_the_buffer_grow(void **state)
{
	u32 seq = 1, i, k;
	struct tp t;
	s32 before;

	(void)state;
	tp_open(&t);
	t.ws = 7;
	t.ts = true;
	tp_passive(&t);
	before = tp_sk(&t)->sk_rcvbuf;
	for (i = 0; i < 60; i++) {
		for (k = 0; k < 20 + i; k++) {
			tp_send(&t, "A", seq, 1, big, 1448);
			seq += 1448;
			tp_read(&t, big, 1448);
			while (fx_pop(&t.f, &t.p))
				;
		}
		fx_advance(&t.f, 20 * FX_MS);
		t.ts_val += 20;
		t.ts_ecr = tcp_ns_to_ts(t.f.now_ns - 20 * FX_MS) +
			   tcp_sk(tp_sk(&t))->tsoffset;
		fx_flush(&t.f);
	}
	assert_true(tp_sk(&t)->sk_rcvbuf > before);
	assert_true(tp_sk(&t)->sk_rcvbuf <= 6291456);
	tp_close(&t);
}

/* ---- the calls -------------------------------------------------------- */

static void established_peek_leaves_and_trunc_discards(void **state)
{
	char buf[16] = "";
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 1, 1, "abcdefgh", 8);
	assert_int_equal(inet_recv(t.s, buf, 4, MSG_PEEK), 4);
	assert_memory_equal(buf, "abcd", 4);
	assert_int_equal(inet_recv(t.s, buf, 16, MSG_PEEK), 8);
	memset(buf, 'q', sizeof(buf));
	assert_int_equal(inet_recv(t.s, buf, 3, MSG_TRUNC), 3);
	assert_memory_equal(buf, "qqq", 3);
	tp_read(&t, "defgh", 5);
	tp_read_nothing(&t);
	tp_close(&t);
}

static void established_waitall_and_lowat(void **state)
{
	struct tp t;
	char buf[16];

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_RCVLOWAT, 6);
	tp_send(&t, "PA", 1, 1, "abcd", 4);
	assert_false(tp_poll(&t) & POLLIN);
	tp_send(&t, "PA", 5, 1, "ef", 2);
	assert_true(tp_poll(&t) & POLLIN);
	/* not blocking: what is there */
	assert_int_equal(inet_recv(t.s, buf, 16, MSG_WAITALL), 6);
	tp_close(&t);
}

/* Some peers read a window as a signed number. What is never told need not be
 * said again and again. */
static void established_signed_window_is_not_updated_for_nothing(void **state)
{
	static const u8 text[1000];
	u8 buf[10];
	struct tp t;
	u32 i;

	(void)state;
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_workaround_signed_windows", "1");
	fx_sysctl(&t.f, "net.ipv4.tcp_rmem", "4096 400000 800000");
	t.ws = -1;
	tp_passive(&t);
	for (i = 0; i < 100; i++) {	/* until it could be twice as large */
		tp_send(&t, "PA", 1 + 1000 * i, 1, text, sizeof(text));
		fx_advance(&t.f, FX_SEC);
		assert_int_equal(inet_recv(t.s, big, sizeof(text), 0), 1000);
	}
	tp_send(&t, "PA", 100001, 1, text, sizeof(text));
	fx_advance(&t.f, FX_SEC);
	fx_flush(&t.f);
	for (i = 0; i < sizeof(text) / sizeof(buf); i++) {
		assert_int_equal(inet_recv(t.s, buf, sizeof(buf), 0),
				 sizeof(buf));
		tp_silence(&t);
	}
	tp_send(&t, "PA", 101001, 1, text, sizeof(text));
	fx_advance(&t.f, FX_SEC);
	tp_expect(&t, "A", 1, 102001, 0);
	assert_int_equal(ntohs(t.p.tcp->window), 32767);
	tp_send(&t, "RA", 102001, 1, NULL, 0);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(established_text_is_delivered_and_acknowledged),
		cmocka_unit_test(established_acks_are_aggregated),
		cmocka_unit_test(established_single_segment_ack_is_delayed),
		cmocka_unit_test(
			connect_without_quickack_lets_the_request_acknowledge),
		cmocka_unit_test(accepted_socket_has_the_listeners_quickack),
		cmocka_unit_test(listen_forgets_quickack_set_before),
		cmocka_unit_test(established_every_second_full_segment_is_acknowledged),
		cmocka_unit_test(established_sequence_wraps),
		cmocka_unit_test(established_window_that_was_offered_is_taken),
		cmocka_unit_test(established_window_behind_a_hole_is_taken),
		cmocka_unit_test(established_single_octets_are_coalesced),
		cmocka_unit_test(
			established_million_single_octets_close_the_window),
		cmocka_unit_test(
			established_million_single_octets_are_kept_in_little),
		cmocka_unit_test(established_old_segment_is_acknowledged_and_dropped),
		cmocka_unit_test(established_right_edge_is_exact),
		cmocka_unit_test(established_segment_beyond_window_is_answered),
		cmocka_unit_test(established_overlapping_segment_is_trimmed),
		cmocka_unit_test(
			established_overlapping_segment_in_pieces_is_trimmed),
		cmocka_unit_test(established_text_beyond_right_edge_is_cut),
		cmocka_unit_test(established_rst_with_text_is_a_rst),
		cmocka_unit_test(listen_syn_with_text_is_a_syn),
		cmocka_unit_test(established_checksum_of_another_address_is_wrong),
		cmocka_unit_test(established_odd_options_do_not_matter),
		cmocka_unit_test(established_reserved_bits_are_ignored),
		cmocka_unit_test(established_bad_checksum_is_dropped_silently),
		cmocka_unit_test(segment_with_lying_data_offset_is_dropped),
		cmocka_unit_test(established_ack_of_unsent_is_answered_and_dropped),
		cmocka_unit_test(established_old_ack_with_text_is_taken),
		cmocka_unit_test(established_text_comes_without_a_name),
		cmocka_unit_test(established_read_of_nothing_learns_the_same),
		cmocka_unit_test(established_gap_is_reported_and_filled),
		cmocka_unit_test(established_text_in_a_short_pool_leaves_it),
		cmocka_unit_test(established_overlaps_in_any_order_are_exact),
		cmocka_unit_test(established_conflicting_overlap_keeps_the_first),
		cmocka_unit_test(established_fin_out_of_order_waits),
		cmocka_unit_test(established_many_gaps_stay_within_the_buffer),
		cmocka_unit_test(established_slow_reader_gets_no_silly_window),
		cmocka_unit_test(established_window_opens_after_reading),
		cmocka_unit_test(established_window_of_65535_is_not_negative),
		cmocka_unit_test(established_fast_reader_makes_the_buffer_grow),
		cmocka_unit_test(established_peek_leaves_and_trunc_discards),
		cmocka_unit_test(
			established_signed_window_is_not_updated_for_nothing),
		cmocka_unit_test(established_waitall_and_lowat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
