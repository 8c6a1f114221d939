/* SPDX-License-Identifier: BSD-2-Clause */
/* Fast Open (RFC 7413): text in the SYN, of clients and for listeners. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "attack.h"
#include "sockets.h"
#include "tcp_peer.h"

static const u8 peers_cookie[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

/* ---- the peer's segments ---------------------------------------------- */

/* A SYN, or a SYN-ACK, with MSS, Fast Open with @cookie, and text. */
static void send_tfo(struct tp *t, u8 flags, u32 ack, const u8 *cookie,
		     u32 cookie_len, const void *text, u32 len)
{
	const struct tcp_seg_info seg = {
		.source = htons(t->pport), .dest = htons(t->lport),
		.seq = t->iss, .window = t->win, .flags = flags,
		.ack_seq = flags & TCPHDR_ACK ? t->irs + ack : 0,
		.payload_len = len,
	};
	struct fx_ip ip = { .proto = IPPROTO_TCP };
	u8 opt[40] = { TCPOPT_MSS, TCPOLEN_MSS, 0x05, 0xb4, TCPOPT_FASTOPEN };
	u32 opt_len = 4 + ((2 + cookie_len + 3) & ~3u);
	static u8 frame[FX_FRAME_MAX];

	opt[5] = (u8)(2 + cookie_len);
	if (cookie_len)
		memcpy(opt + 6, cookie, cookie_len);
	memset(opt + 6 + cookie_len, TCPOPT_NOP, opt_len - 6 - cookie_len);
	fx_inject(&t->f, frame, fx_build_tcp(frame, &ip, &seg, opt, opt_len,
					     text, len));
	tcp_verify_all(t->f.net);
}

static struct tcp_info tcp_info_of(struct tp *t)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	assert_int_equal(inet_getsockopt(t->s, IPPROTO_TCP, TCP_INFO, &info,
					 &len), 0);
	return info;
}

/* ---- a listener ------------------------------------------------------- */

static void open_server(struct tp *t, int pending)
{
	tp_open(t);
	fx_sysctl(&t->f, "net.ipv4.tcp_fastopen", "3");
	tp_listen(t, 16);
	assert_int_equal(inet_setsockopt(t->l, IPPROTO_TCP, TCP_FASTOPEN,
					 &pending, sizeof(pending)), 0);
}

/* The SYN-ACK that comes: it acknowledges @ack. */
static void expect_synack(struct tp *t, u32 ack)
{
	tp_next(t);
	assert_int_equal(t->p.tcp->flags, TCPHDR_SYN | TCPHDR_ACK);
	assert_int_equal(ntohl(t->p.tcp->ack_seq) - t->iss, ack);
	t->irs = ntohl(t->p.tcp->seq);
}

/* Asks for a cookie. */
static void get_cookie(struct tp *t, u8 *cookie)
{
	send_tfo(t, TCPHDR_SYN, 0, NULL, 0, NULL, 0);
	expect_synack(t, 1);
	assert_true(t->opt.saw_fastopen);
	assert_int_equal(t->opt.fastopen_len, 8);
	memcpy(cookie, t->opt.fastopen_cookie, 8);
	tp_send(t, "R", 1, 0, NULL, 0);
	t->pport++;
	t->iss += 100000;
}

/* A SYN with a cookie and text, whose answer acknowledges so much. */
static void ask(struct tp *t, const u8 *cookie, u32 ack)
{
	send_tfo(t, TCPHDR_SYN, 0, cookie, 8, "GET /", 5);
	expect_synack(t, ack);
}

/* A child that has answered, and waits for its ACK. */
static void open_answered(struct tp *t)
{
	u8 cookie[8];

	open_server(t, 5);
	get_cookie(t, cookie);
	ask(t, cookie, 6);
	tp_accept(t);
	tp_read(t, "GET /", 5);
	tp_write(t, "bye", 3);
	tp_expect(t, "PA", 1, 6, 3);
}

/* The first window is of text: what the SYN-ACK takes is not of it. */
static void child_sends_a_whole_window_before_its_ack(void **state)
{
	static const u8 text[14000];
	struct tp t;
	u8 cookie[8];
	u32 got = 0;

	(void)state;
	open_server(&t, 5);
	t.win = sizeof(text);
	get_cookie(&t, cookie);
	ask(&t, cookie, 6);
	tp_accept(&t);
	assert_int_equal(tcp_info_of(&t).tcpi_snd_cwnd, 10);
	tp_write(&t, text, sizeof(text));
	while (fx_pop(&t.f, &t.p))
		got += t.p.data_len;
	assert_int_equal(got, sizeof(text));
	tp_send(&t, "A", 6, 1, NULL, 0);
	assert_int_equal(tcp_info_of(&t).tcpi_snd_cwnd, 10);
	assert_int_equal(tcp_sk(tp_sk(&t))->tx.delivered, 1);
	tp_close(&t);
}

/* @req 7413-3 */
static void syn_with_cookie_and_text_is_a_connection(void **state)
{
	struct tp t;
	u8 cookie[8];

	(void)state;
	open_server(&t, 5);
	get_cookie(&t, cookie);
	ask(&t, cookie, 6);
	assert_false(t.opt.saw_fastopen);
	tp_accept(&t);
	assert_int_equal(tp_state(&t), TCP_SYN_RECV);
	assert_true(tp_poll(&t) & POLLIN);
	assert_true(tp_poll(&t) & POLLOUT);
	tp_read(&t, "GET /", 5);
	tp_write(&t, "hello", 5);	/* before the ACK */
	tp_expect(&t, "PA", 1, 6, 5);
	tp_send(&t, "A", 6, 6, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FASTOPENPASSIVE), 1);
	assert_true(tp_getsockopt(&t, IPPROTO_TCP, TCP_FASTOPEN) == 0);
	tp_send(&t, "FPA", 6, 6, "more", 4);
	tp_read(&t, "more", 4);
	tp_read_eof(&t);
	fx_flush(&t.f);
	tp_close(&t);
}

/* Neither the option of a listener alone nor the knob alone does it. */
/* @req 7413-1 */
static void syn_with_text_needs_both_who_ask_for_it(void **state)
{
	struct tp t;
	u8 cookie[8];
	int none = 0;

	(void)state;
	open_server(&t, 5);
	get_cookie(&t, cookie);
	fx_sysctl(&t.f, "net.ipv4.tcp_fastopen", "1");
	ask(&t, cookie, 1);
	assert_false(t.opt.saw_fastopen);
	tp_send(&t, "R", 1, 0, NULL, 0);
	fx_sysctl(&t.f, "net.ipv4.tcp_fastopen", "3");
	assert_int_equal(inet_setsockopt(t.l, IPPROTO_TCP, TCP_FASTOPEN, &none,
					 sizeof(none)), 0);
	ask(&t, cookie, 1);
	assert_null(inet_accept(t.l, NULL, NULL));
	tp_close(&t);
}

/* Text without a good cookie is as if it had not come, and a new one is given.
 * @req 7413-2 @attack S7 */
static void text_without_a_good_cookie_is_not_taken(void **state)
{
	static const u32 lens[] = { 0, 1, 2, 3, 4, 6, 7, 9, 10, 16, 18 };
	u8 cookie[8], bad[20] = { 0 };
	struct tp t;
	size_t i;
	u32 bit;

	(void)state;
	open_server(&t, 5);
	get_cookie(&t, cookie);
	memcpy(bad, cookie, 8);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		send_tfo(&t, TCPHDR_SYN, 0, bad, lens[i], "GET /", 5);
		expect_synack(&t, 1);
		if (lens[i] % 2 == 0 && lens[i] <= 16 && lens[i] != 2)
			assert_memory_equal(t.opt.fastopen_cookie, cookie, 8);
		else
			assert_false(t.opt.saw_fastopen);
		tp_send(&t, "R", 1, 0, NULL, 0);
	}
	for (bit = 0; bit < 64; bit++) {
		bad[bit / 8] ^= (u8)(1u << bit % 8);
		send_tfo(&t, TCPHDR_SYN, 0, bad, 8, "GET /", 5);
		expect_synack(&t, 1);
		tp_send(&t, "R", 1, 0, NULL, 0);
		bad[bit / 8] ^= (u8)(1u << bit % 8);
	}
	assert_null(inet_accept(t.l, NULL, NULL));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FASTOPENPASSIVE), 0);
	/* the first asked, and once here; a length that cannot be is no cookie */
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FASTOPENCOOKIEREQD), 2);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FASTOPENPASSIVEFAIL), 64 + 4);
	tp_close(&t);
}

/* In a segment that is no SYN the option means nothing. @req 7413-2 */
static void cookie_outside_a_syn_is_ignored(void **state)
{
	static const u8 opt[12] = { TCPOPT_FASTOPEN, 10, 1, 2, 3, 4, 5, 6, 7, 8,
				    TCPOPT_NOP, TCPOPT_NOP };
	struct tp t;

	(void)state;
	open_server(&t, 5);
	tp_passive(&t);
	tp_send_opt(&t, "A", 1, 1, opt, sizeof(opt));
	tp_silence(&t);
	tp_send(&t, "PA", 1, 1, "x", 1);
	tp_read(&t, "x", 1);
	fx_flush(&t.f);
	tp_close(&t);
}

/* The key changes: an old cookie is good as long as its key is the second, and
 * brings a new one. @req 7413-3 */
static void cookie_of_the_key_before_brings_a_new_one(void **state)
{
	const char *key = "net.ipv4.tcp_fastopen_key";
	char own[64], both[128];
	u8 cookie[8], fresh[8];
	struct tp t;

	(void)state;
	open_server(&t, 5);
	get_cookie(&t, cookie);
	assert_int_equal(inet_sysctl_get(t.f.net, key, own, sizeof(own)), 0);
	snprintf(both, sizeof(both), "00112233-44556677-8899aabb-ccddeeff,%s",
		 own);
	fx_sysctl(&t.f, key, both);
	send_tfo(&t, TCPHDR_SYN, 0, cookie, 8, "old", 3);
	expect_synack(&t, 4);
	assert_int_equal(t.opt.fastopen_len, 8);
	memcpy(fresh, t.opt.fastopen_cookie, 8);
	assert_memory_not_equal(fresh, cookie, 8);
	tp_send(&t, "A", 4, 1, NULL, 0);
	tp_accept(&t);
	tp_read(&t, "old", 3);
	inet_close(t.s);
	fx_run(&t.f);
	fx_flush(&t.f);
	t.pport++;
	send_tfo(&t, TCPHDR_SYN, 0, fresh, 8, "new", 3);
	expect_synack(&t, 4);
	assert_false(t.opt.saw_fastopen);
	tp_accept(&t);
	tp_read(&t, "new", 3);
	fx_flush(&t.f);
	tp_close(&t);
}

/* A listener's own key. */
static void cookie_by_the_listeners_own_key(void **state)
{
	u8 key[16], got[32], cookie[8], other[8];
	socklen_t len = sizeof(got);
	struct tp t;

	(void)state;
	open_server(&t, 5);
	get_cookie(&t, other);
	memset(key, 0x5a, sizeof(key));
	assert_int_equal(inet_setsockopt(t.l, IPPROTO_TCP, TCP_FASTOPEN_KEY,
					 key, sizeof(key)), 0);
	assert_int_equal(inet_getsockopt(t.l, IPPROTO_TCP, TCP_FASTOPEN_KEY,
					 got, &len), 0);
	assert_int_equal(len, 16);
	assert_memory_equal(got, key, 16);
	get_cookie(&t, cookie);
	assert_memory_not_equal(cookie, other, 8);
	send_tfo(&t, TCPHDR_SYN, 0, cookie, 8, "hi", 2);
	expect_synack(&t, 3);
	tp_close(&t);
}

/* As many as TCP_FASTOPEN says; the next has its handshake, and its text comes
 * again. @req 7413-4 @attack S7 */
static void children_without_an_ack_are_bounded(void **state)
{
	u8 cookie[8];
	struct tp t;
	u32 i;

	(void)state;
	open_server(&t, 3);
	get_cookie(&t, cookie);
	for (i = 0; i < 10; i++, t.pport++) {
		ask(&t, cookie, i < 3 ? 6 : 1);
	}
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FASTOPENPASSIVE), 3);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FASTOPENLISTENOVERFLOW), 7);
	/* the third gives its ACK: a place is free */
	t.pport = (u16)(t.pport - 8);
	fx_flush(&t.f);
	ask(&t, cookie, 6);	/* the same SYN: the same child */
	tp_send(&t, "A", 6, 1, NULL, 0);
	t.pport = 50000;
	ask(&t, cookie, 6);
	tp_close(&t);
}

/* Who resets them does not make room: for a minute. @attack S7 */
static void children_that_were_reset_count_for_a_while(void **state)
{
	u8 cookie[8];
	struct tp t;
	u32 i;

	(void)state;
	open_server(&t, 3);
	get_cookie(&t, cookie);
	for (i = 0; i < 3; i++, t.pport++) {
		ask(&t, cookie, 6);
		tp_send(&t, "R", 6, 0, NULL, 0);
		tp_accept(&t);
		tp_read(&t, "GET /", 5);
		tp_read_error(&t, ECONNRESET);
		inet_close(t.s);
		t.s = NULL;
	}
	ask(&t, cookie, 1);
	tp_send(&t, "R", 1, 0, NULL, 0);
	fx_advance(&t.f, 60 * NSEC_PER_SEC);
	fx_flush(&t.f);
	ask(&t, cookie, 6);
	tp_close(&t);
}

/* A listener that does not ask for it, where the stack says that all have it; a
 * cookie without text is good, too, as in Linux. */
static void every_listener_has_it_if_the_stack_says_so(void **state)
{
	u8 cookie[8];
	struct tp t;

	(void)state;
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_fastopen", "0x402");
	tp_listen(&t, 16);
	get_cookie(&t, cookie);
	send_tfo(&t, TCPHDR_SYN, 0, cookie, 8, NULL, 0);
	expect_synack(&t, 1);
	tp_accept(&t);
	assert_int_equal(tp_state(&t), TCP_SYN_RECV);
	tp_read_nothing(&t);
	tp_write(&t, "hello", 5);
	tp_expect(&t, "PA", 1, 1, 5);
	tp_send(&t, "A", 1, 6, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_close(&t);
}

/* A child that was closed before its ACK has its place until that comes, or a RST,
 * which counts. @attack S7 */
static void child_closed_before_its_ack_gives_its_place_back(void **state)
{
	static const char *const ends[] = { "A", "RA" };
	u8 cookie[8];
	struct tp t;
	u32 i;

	(void)state;
	open_server(&t, 1);
	get_cookie(&t, cookie);
	for (i = 0; i < 2; i++) {
		ask(&t, cookie, 6);
		tp_accept(&t);
		tp_read(&t, "GET /", 5);
		inet_close(t.s);
		fx_run(&t.f);
		tp_expect(&t, "FA", 1, 6, 0);
		assert_int_equal(tcp_sk(t.l->sk)->seldom->pending, 1);
		tp_send(&t, ends[i], 6, 1, NULL, 0);
		assert_int_equal(tcp_sk(t.l->sk)->seldom->pending, 0);
		assert_int_equal(tcp_sk(t.l->sk)->seldom->nr_reset, i);
		fx_flush(&t.f);
		t.pport++;
	}
	t.s = NULL;
	ask(&t, cookie, 1);
	tp_close(&t);
}

/* 100,000 SYNs with text and a cookie that was stolen. @attack S7 */
static void flood_with_a_cookie_takes_no_more_than_its_places(void **state)
{
	struct inet_usage before, now;
	static const char text[1400];
	u8 cookie[8];
	struct tp t;
	u32 i;

	(void)state;
	open_server(&t, 8);
	get_cookie(&t, cookie);
	for (i = 0; i < 100000; i++) {
		if (i == 1000)
			inet_get_usage(t.f.net, &before);
		t.pport = (u16)(1024 + i % 60000);
		t.iss += 2000;
		send_tfo(&t, TCPHDR_SYN, 0, cookie, 8, text, sizeof(text));
		fx_flush(&t.f);
	}
	inet_get_usage(t.f.net, &now);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_FASTOPENPASSIVE) <= 8);
	assert_true(now.mem_bytes <= before.mem_bytes + before.mem_bytes / 20);
	inet_close(t.l);		/* with all of them on its queue */
	t.l = NULL;
	fx_advance(&t.f, 100 * NSEC_PER_SEC);
	fx_flush(&t.f);
	tp_close(&t);
}

/* The SYN-ACK is lost: it is the child's to send it again, and to give up. */
static void synack_of_a_child_is_sent_again_and_given_up(void **state)
{
	u8 cookie[8];
	struct tp t;
	int i;

	(void)state;
	open_server(&t, 5);
	get_cookie(&t, cookie);
	ask(&t, cookie, 6);
	for (i = 0; i < 5; i++)
		tp_expect_after(&t, (1ull << i) * NSEC_PER_SEC, "SA", 0);
	tp_silence_for(&t, 200 * NSEC_PER_SEC);
	tp_accept(&t);
	tp_read(&t, "GET /", 5);
	tp_read_error(&t, ETIMEDOUT);
	tp_close(&t);
}

/* Its answer was lost: it begins with a window of one. */
static void child_whose_synack_was_lost_begins_with_one_segment(void **state)
{
	u8 cookie[8];
	struct tp t;

	(void)state;
	open_server(&t, 5);
	get_cookie(&t, cookie);
	ask(&t, cookie, 6);
	tp_expect_after(&t, NSEC_PER_SEC, "SA", 0);
	tp_send(&t, "A", 6, 1, NULL, 0);
	tp_accept(&t);
	assert_int_equal(tcp_sk(tp_sk(&t))->snd_cwnd, 1);
	tp_send(&t, "R", 6, 0, NULL, 0);
	tp_close(&t);
}

/* Closed before the ACK came: the FIN goes all the same. */
static void child_closed_before_its_ack_sends_a_fin(void **state)
{
	struct tp t;

	(void)state;
	open_answered(&t);
	inet_close(t.s);
	t.s = NULL;
	fx_run(&t.f);
	tp_send(&t, "A", 6, 4, NULL, 0);
	tp_expect(&t, "FA", 4, 6, 0);
	tp_send(&t, "FA", 6, 5, NULL, 0);
	tp_expect(&t, "A", 5, 7, 0);
	tp_close(&t);
}

/* The other direction may end before the ACK, too; the FIN follows it. */
static void child_shut_down_before_its_ack_sends_a_fin(void **state)
{
	struct tp t;

	(void)state;
	open_answered(&t);
	assert_int_equal(inet_shutdown(t.s, SHUT_WR), 0);
	fx_run(&t.f);
	tp_send(&t, "A", 6, 4, NULL, 0);
	tp_expect(&t, "FA", 4, 6, 0);
	tp_close(&t);
}

/* ---- a client --------------------------------------------------------- */

static void open_client(struct tp *t)
{
	tp_open(t);
	t->s = inet_socket(t->f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_non_null(t->s);
}

static ssize_t send_first(struct tp *t, const void *text, size_t len)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(t->pport),
				  .sin_addr.s_addr = FX_PEER };
	ssize_t n = inet_sendto(t->s, text, len, MSG_FASTOPEN, (void *)&to,
				sizeof(to));
	int err = errno;

	fx_run(&t->f);
	t->lport = tp_sk(t)->sk_num;
	errno = err;
	return n;
}

/* The SYN, with so much text. */
static void expect_syn(struct tp *t, u32 len)
{
	tp_next(t);
	assert_int_equal(t->p.tcp->flags, TCPHDR_SYN);
	assert_int_equal(t->p.data_len, len);
	t->irs = ntohl(t->p.tcp->seq);
}

/* A first connection, which brings a cookie. */
static void learn_cookie(struct tp *t)
{
	assert_int_equal(send_first(t, "hello", 5), -1);
	assert_int_equal(errno, EINPROGRESS);
	expect_syn(t, 0);
	assert_true(t->opt.saw_fastopen);
	assert_int_equal(t->opt.fastopen_len, 0);
	send_tfo(t, TCPHDR_SYN | TCPHDR_ACK, 1, peers_cookie, 8, NULL, 0);
	tp_expect(t, "A", 1, 1, 0);
	tp_send(t, "RA", 1, 1, NULL, 0);
	inet_close(t->s);
	t->s = inet_socket(t->f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

/* @req 7413-6 */
static void client_sends_text_with_the_syn_the_second_time(void **state)
{
	struct tp t;

	(void)state;
	open_client(&t);
	learn_cookie(&t);
	assert_int_equal(send_first(&t, "hello", 5), 5);
	expect_syn(&t, 5);
	assert_memory_equal(t.p.data, "hello", 5);
	assert_memory_equal(t.opt.fastopen_cookie, peers_cookie, 8);
	tp_send(&t, "SA", 0, 6, NULL, 0);
	tp_expect(&t, "A", 6, 1, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FASTOPENACTIVE), 1);
	assert_true(tcp_info_of(&t).tcpi_options & 32 /* TCPI_OPT_SYN_DATA */);
	assert_int_equal(tcp_sk(tp_sk(&t))->tx.delivered, 1);	/* one packet */
	tp_write(&t, "more", 4);
	tp_expect(&t, "PA", 6, 1, 4);
	assert_int_equal(send_first(&t, "x", 1), 1);	/* as connect() */
	assert_int_equal(send_first(&t, "x", 1), -1);
	assert_int_equal(errno, EISCONN);
	fx_flush(&t.f);
	tp_close(&t);
}

/* The path has become narrower since the cookie came: the SYN goes again at once, alone,
 * and the text in smaller segments, once there is a connection. */
static void client_hears_of_a_narrow_path_before_the_syn_ack(void **state)
{
	static const u8 text[1400];
	struct tp t;
	u32 got;

	(void)state;
	open_client(&t);
	learn_cookie(&t);
	assert_true(send_first(&t, text, sizeof(text)) > 1000);
	tp_next(&t);
	assert_int_equal(t.p.tcp->flags, TCPHDR_SYN);
	t.irs = ntohl(t.p.tcp->seq);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000, 0);
	expect_syn(&t, 0);
	assert_false(t.opt.saw_fastopen);
	assert_int_equal(t.opt.mss, 960);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	for (got = 0; fx_pop(&t.f, &t.p); got += t.p.data_len)
		assert_true(t.p.data_len <= 960);
	assert_int_equal(got, sizeof(text));
	tp_send(&t, "A", 1, 1 + got, NULL, 0);
	tp_write(&t, "more", 4);
	tp_expect(&t, "PA", 1 + got, 1, 4);
	tp_send(&t, "A", 1, 5 + got, NULL, 0);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_ca_state, TCP_CA_Open);
	tp_close(&t);
}

/* The server takes the SYN only, or a part of the text: the rest goes at once. */
static void client_sends_again_what_the_syn_ack_does_not_acknowledge(
	void **state)
{
	struct tp t;
	u32 taken;

	(void)state;
	for (taken = 0; taken < 5; taken += 2) {
		open_client(&t);
		learn_cookie(&t);
		assert_int_equal(send_first(&t, "hello", 5), 5);
		expect_syn(&t, 5);
		tp_send(&t, "SA", 0, 1 + taken, NULL, 0);
		tp_expect(&t, "PA", 1 + taken, 1, 5 - taken);
		assert_memory_equal(t.p.data, &"hello"[taken], 5 - taken);
		assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FASTOPENACTIVEFAIL),
				 1);
		tp_send(&t, "A", 1, 6, NULL, 0);
		tp_silence(&t);
		tp_close(&t);
	}
}

/* @req 7413-5 */
static void client_sends_a_lost_syn_again_without_text(void **state)
{
	struct tp t;

	(void)state;
	open_client(&t);
	learn_cookie(&t);
	assert_int_equal(send_first(&t, "hello", 5), 5);
	expect_syn(&t, 5);
	tp_expect_after(&t, NSEC_PER_SEC, "S", 0);
	assert_int_equal(t.p.data_len, 0);
	assert_false(t.opt.saw_fastopen);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	tp_expect(&t, "PA", 1, 1, 5);
	/* and leaves such SYNs be for a minute */
	inet_close(t.s);
	fx_run(&t.f);
	fx_flush(&t.f);
	t.pport++;
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(send_first(&t, "hello", 5), -1);
	expect_syn(&t, 0);
	assert_false(t.opt.saw_fastopen);
	inet_close(t.s);
	fx_advance(&t.f, 60 * NSEC_PER_SEC);
	fx_flush(&t.f);
	t.pport++;
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(send_first(&t, "hello", 5), 5);
	expect_syn(&t, 5);
	/* lost again: for two, although it answered without text */
	tp_expect_after(&t, NSEC_PER_SEC, "S", 0);
	inet_close(t.s);
	fx_advance(&t.f, 100 * NSEC_PER_SEC);
	fx_flush(&t.f);
	t.pport++;
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(send_first(&t, "hello", 5), -1);
	tp_close(&t);
}

/* Who takes text without a cookie has a largest segment, too, which the next SYN
 * keeps to. */
static void client_keeps_to_the_segments_of_who_wants_no_cookie(void **state)
{
	static const char text[3000];
	struct tp t;

	(void)state;
	open_client(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_fastopen", "5");
	assert_int_equal(send_first(&t, text, 100), 100);
	expect_syn(&t, 100);
	t.mss = 940;
	tp_send(&t, "SA", 0, 101, NULL, 0);
	tp_expect(&t, "A", 101, 1, 0);
	inet_close(t.s);
	fx_run(&t.f);
	fx_flush(&t.f);
	t.pport++;
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(send_first(&t, text, sizeof(text)), 900);
	expect_syn(&t, 900);
	tp_close(&t);
}

/* The SYN that asks for a cookie is lost: one that comes all the same is taken, and who
 * gives none is asked again. */
static void client_asks_again_when_the_question_was_lost(void **state)
{
	struct tp t;

	(void)state;
	open_client(&t);
	assert_int_equal(send_first(&t, "hello", 5), -1);
	expect_syn(&t, 0);
	tp_expect_after(&t, NSEC_PER_SEC, "S", 0);
	assert_false(t.opt.saw_fastopen);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	inet_close(t.s);
	fx_run(&t.f);
	fx_flush(&t.f);
	t.pport++;
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(send_first(&t, "hello", 5), -1);
	expect_syn(&t, 0);
	assert_true(t.opt.saw_fastopen);
	tp_close(&t);
}

/* The server has an answer at once: it comes with the SYN-ACK, and so may the end. */
static void client_takes_text_of_the_syn_ack(void **state)
{
	struct tp t;

	(void)state;
	open_client(&t);
	learn_cookie(&t);
	assert_int_equal(send_first(&t, "hello", 5), 5);
	expect_syn(&t, 5);
	send_tfo(&t, TCPHDR_SYN | TCPHDR_ACK | TCPHDR_FIN, 6, peers_cookie, 8,
		 "world", 5);
	tp_expect(&t, "A", 6, 7, 0);
	assert_int_equal(tp_state(&t), TCP_CLOSE_WAIT);
	tp_read(&t, "world", 5);
	tp_read_eof(&t);
	tp_close(&t);
}

/* The text that was not taken is no small segment that others have to wait for. */
static void client_goes_on_behind_text_that_was_not_taken(void **state)
{
	static const u8 text[3000];
	struct tp t;

	(void)state;
	open_client(&t);
	learn_cookie(&t);
	assert_int_equal(send_first(&t, "hello", 5), 5);
	expect_syn(&t, 5);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	tp_expect(&t, "PA", 1, 1, 5);
	tp_write(&t, text, 10);
	tp_expect(&t, "PA", 6, 1, 10);
	/* and the first answer is acknowledged at once */
	tp_send(&t, "PA", 1, 16, "hi", 2);
	tp_expect(&t, "A", 16, 3, 0);
	tp_read(&t, "hi", 2);
	tp_close(&t);
}

/* A server that gives no cookie is not asked again at once. @req 7413-6 */
static void client_remembers_who_gives_no_cookie(void **state)
{
	struct tp t;

	(void)state;
	open_client(&t);
	assert_int_equal(send_first(&t, "hello", 5), -1);
	expect_syn(&t, 0);
	assert_true(t.opt.saw_fastopen);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	inet_close(t.s);
	fx_run(&t.f);
	fx_flush(&t.f);
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(send_first(&t, "hello", 5), -1);
	expect_syn(&t, 0);
	assert_false(t.opt.saw_fastopen);
	tp_close(&t);
}

/* TCP_FASTOPEN_CONNECT: connect() waits for the text. */
static void client_connect_waits_for_the_first_write(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(TP_PEER_PORT),
				  .sin_addr.s_addr = FX_PEER };
	struct tp t;

	(void)state;
	open_client(&t);
	learn_cookie(&t);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	assert_int_equal(inet_connect(t.s, (void *)&to, sizeof(to)), 0);
	fx_run(&t.f);
	tp_silence(&t);
	assert_int_equal(tp_poll(&t), POLLOUT);
	assert_int_equal(inet_connect(t.s, (void *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EISCONN);
	/* what knows of the ports finds nobody yet */
	t.lport = tp_sk(&t)->sk_num;
	t.irs = tcp_sk(tp_sk(&t))->write_seq;
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_send(&t, "SA", 0, 0, NULL, 0);
	tp_silence(&t);
	assert_int_equal(inet_send(t.s, "hello", 5, 0), 5);
	fx_run(&t.f);
	expect_syn(&t, 5);
	tp_send(&t, "SA", 0, 6, NULL, 0);
	tp_expect(&t, "A", 6, 1, 0);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_close(&t);
}

/* More than a SYN takes: the call takes what it can. */
static void client_syn_is_not_larger_than_a_segment(void **state)
{
	static const char text[5000];
	struct tp t;

	(void)state;
	open_client(&t);
	learn_cookie(&t);
	assert_int_equal(send_first(&t, text, sizeof(text)), 1460 - 40);
	expect_syn(&t, 1460 - 40);
	assert_true(ntohs(t.p.ip->tot_len) <= 1500);
	tp_send(&t, "SA", 0, 1461 - 40, NULL, 0);
	tp_expect(&t, "A", 1461 - 40, 1, 0);
	tp_close(&t);
}

static void client_without_the_knob_refuses(void **state)
{
	int on = 1;
	struct tp t;

	(void)state;
	open_client(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_fastopen", "0");
	assert_int_equal(send_first(&t, "hello", 5), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(inet_setsockopt(t.s, IPPROTO_TCP, TCP_FASTOPEN_CONNECT,
					 &on, sizeof(on)), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syn_with_cookie_and_text_is_a_connection),
		cmocka_unit_test(syn_with_text_needs_both_who_ask_for_it),
		cmocka_unit_test(child_sends_a_whole_window_before_its_ack),
		cmocka_unit_test(text_without_a_good_cookie_is_not_taken),
		cmocka_unit_test(cookie_outside_a_syn_is_ignored),
		cmocka_unit_test(cookie_of_the_key_before_brings_a_new_one),
		cmocka_unit_test(cookie_by_the_listeners_own_key),
		cmocka_unit_test(children_without_an_ack_are_bounded),
		cmocka_unit_test(children_that_were_reset_count_for_a_while),
		cmocka_unit_test(every_listener_has_it_if_the_stack_says_so),
		cmocka_unit_test(child_closed_before_its_ack_gives_its_place_back),
		cmocka_unit_test(flood_with_a_cookie_takes_no_more_than_its_places),
		cmocka_unit_test(synack_of_a_child_is_sent_again_and_given_up),
		cmocka_unit_test(child_whose_synack_was_lost_begins_with_one_segment),
		cmocka_unit_test(child_closed_before_its_ack_sends_a_fin),
		cmocka_unit_test(child_shut_down_before_its_ack_sends_a_fin),
		cmocka_unit_test(client_sends_text_with_the_syn_the_second_time),
		cmocka_unit_test(client_hears_of_a_narrow_path_before_the_syn_ack),
		cmocka_unit_test(client_sends_again_what_the_syn_ack_does_not_acknowledge),
		cmocka_unit_test(client_sends_a_lost_syn_again_without_text),
		cmocka_unit_test(client_asks_again_when_the_question_was_lost),
		cmocka_unit_test(client_takes_text_of_the_syn_ack),
		cmocka_unit_test(client_goes_on_behind_text_that_was_not_taken),
		cmocka_unit_test(client_remembers_who_gives_no_cookie),
		cmocka_unit_test(client_keeps_to_the_segments_of_who_wants_no_cookie),
		cmocka_unit_test(client_connect_waits_for_the_first_write),
		cmocka_unit_test(client_syn_is_not_larger_than_a_segment),
		cmocka_unit_test(client_without_the_knob_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
