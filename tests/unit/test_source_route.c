/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP and source routes (RFC 9293 3.9.2.1): one that the application gave, and
 * one that a SYN came by. accept_source_route is 1 but where said.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "ipv4/ip_options.h"
#include "lib/mem.h"
#include "sockets.h"
#include "tcp_peer.h"

#define HOP1 10, 0, 0, 31	/* nearest to the stack */
#define HOP2 10, 0, 9, 32	/* nearest to the peer */
#define PEER 10, 0, 0, 1
#define ADDR(...) FX_ADDR(__VA_ARGS__)
#define ROUTE(kind, ...) { kind, 11, 4, __VA_ARGS__, IPOPT_END }

static const u8 hop_mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 31 };

/* At its end: from the peer by HOP2 and HOP1. */
static const u8 came[12] = { IPOPT_LSRR, 11, 12, HOP2, HOP1 };
/* What goes back to HOP1 with it. */
static const u8 back[12] = ROUTE(IPOPT_LSRR, HOP2, PEER);

/* A stack that takes source routes, and knows HOP1. */
static void routed_open(struct tp *t)
{
	tp_open(t);
	fx_sysctl(&t->f, "net.ipv4.conf.all.accept_source_route", "1");
	fx_arp_request(&t->f, ADDR(HOP1), hop_mac, FX_IP);
	fx_flush(&t->f);
}

/* A segment of the peer with @opt in its IP header. */
static void send_by(struct tp *t, const u8 *opt, const char *flags, u32 seq,
		    const void *data, u32 len)
{
	struct fx_ip ip = { .opt = opt, .opt_len = opt ? 12 : 0 };

	tp_queue(t, &ip, flags, seq, data, len);
	fx_run(&t->f);
}

/* The next segment has @flags, and goes to HOP1 with @opt. */
static void expect_by(struct tp *t, const u8 *opt, u8 flags)
{
	fx_expect(&t->f, &t->p);
	assert_non_null(t->p.tcp);
	assert_int_equal(t->p.tcp->flags, flags);
	assert_int_equal(t->p.ip->daddr, ADDR(HOP1));
	assert_memory_equal(t->p.eth->h_dest, hop_mac, ETH_ALEN);
	assert_int_equal(ipv4_hdr_len(t->p.ip), 32);
	assert_memory_equal(t->p.ip + 1, opt, 12);
}

/* The peer's SYN by HOP2 and HOP1, and the SYN-ACK the same way back. */
static void routed_syn(struct tp *t)
{
	send_by(t, came, "S", 0, NULL, 0);
	expect_by(t, back, TCPHDR_SYN | TCPHDR_ACK);
	t->irs = ntohl(t->p.tcp->seq);
}

/* SYN-ACK, its retransmission, text, and all that a child says. */
/* @req RFC9293:MUST-53 */
static void listen_route_of_the_syn_is_gone_back(void **state)
{
	u8 text[8], opt[40];
	socklen_t len = sizeof(opt);
	static const u8 hops[12] = { IPOPT_LSRR, 11, 4, HOP1, HOP2, 0 };
	struct tp t;

	(void)state;
	routed_open(&t);
	tp_listen(&t, 8);
	routed_syn(&t);
	fx_advance(&t.f, 1100 * FX_MS);
	expect_by(&t, back, TCPHDR_SYN | TCPHDR_ACK);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_silence(&t);
	tp_accept(&t);
	/* whatever way the rest comes by */
	tp_send(&t, "PA", 1, 1, "hello", 5);
	expect_by(&t, back, TCPHDR_ACK);
	assert_int_equal(inet_recv(t.s, text, sizeof(text), 0), 5);
	tp_write_pattern(&t, 3000);
	expect_by(&t, back, TCPHDR_ACK);
	assert_int_equal(t.p.data_len, 1460 - 12);
	tp_send(&t, "A", 6, 3001, NULL, 0);
	while (fx_pop(&t.f, &t.p))
		assert_int_equal(t.p.ip->daddr, ADDR(HOP1));
	assert_int_equal(inet_getsockopt(t.s, IPPROTO_IP, IP_OPTIONS, opt, &len),
			 0);
	assert_int_equal(len, 12);
	assert_memory_equal(opt, hops, 12);
	tp_send(&t, "R", 6, 0, NULL, 0);
	tp_close(&t);
}

/* A RST goes back as what it answers came. */
/* @req RFC9293:MUST-53 */
static void closed_reset_goes_back_by_the_route(void **state)
{
	struct tp t;

	(void)state;
	routed_open(&t);
	send_by(&t, came, "S", 0, NULL, 0);
	expect_by(&t, back, TCPHDR_RST | TCPHDR_ACK);
	tp_close(&t);
}

/* Off, as it is by default: no such SYN is taken, no route kept. */
/* @req 7126-1 */
static void listen_by_default_takes_no_route(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 8);
	send_by(&t, came, "S", 0, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_IP_SOURCE_ROUTE, 1);
	tp_silence_for(&t, 10 * FX_SEC);
	tp_passive(&t);
	assert_null(inet_sk(tp_sk(&t))->inet_opt);
	tp_close(&t);
}

/* A last hop that is many hosts, or a record without any: nothing is sent to
 * all, and the latter is as no route. */
static void listen_bad_routes_are_not_gone(void **state)
{
	static const u8 bad[][12] = {
		{ IPOPT_LSRR, 11, 12, HOP2, 10, 0, 0, 255 },
		{ IPOPT_LSRR, 11, 12, HOP2, 255, 255, 255, 255 },
		{ IPOPT_SSRR, 11, 12, HOP2, 224, 0, 0, 1 },
	};
	static const u8 empty[12] = { IPOPT_LSRR, 3, 4 };
	struct tp t;
	u32 i;

	(void)state;
	routed_open(&t);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		send_by(&t, bad[i], "S", 0, NULL, 0);	/* RST */
		tp_silence(&t);
	}
	tp_listen(&t, 8);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		send_by(&t, bad[i], "S", 0, NULL, 0);
		tp_silence(&t);
	}
	send_by(&t, empty, "S", 0, NULL, 0);
	tp_next(&t);
	assert_int_equal(t.p.tcp->flags, TCPHDR_SYN | TCPHDR_ACK);
	assert_int_equal(ipv4_hdr_len(t.p.ip), 20);
	tp_close(&t);
}

/* Requests that come to nothing give their routes back: tp_close() looks. */
static void listen_requests_end_with_their_routes(void **state)
{
	struct tp t;

	(void)state;
	routed_open(&t);
	tp_listen(&t, 8);
	routed_syn(&t);
	tp_send(&t, "R", 1, 0, NULL, 0);
	t.iss += 100000;
	routed_syn(&t);
	tp_close(&t);
}

/* The handshake with its n-th allocation failing; what the peer sends again makes
 * up for it. Return: did it fail? */
static bool handshake_without(u64 n)
{
	bool failed;
	struct tp t;
	int i;

	routed_open(&t);
	tp_listen(&t, 8);
	mem_fail_nth(&t.f.net->mem, n);
	for (i = 0; i < 2 && !fx_pop(&t.f, &t.p); i++)
		send_by(&t, came, "S", 0, NULL, 0);
	if (i == 2)
		assert_true(fx_pop(&t.f, &t.p));
	assert_int_equal(t.p.ip->daddr, ADDR(HOP1));
	t.irs = ntohl(t.p.tcp->seq);
	for (i = 0; i < 2; i++)
		tp_send(&t, "A", 1, 1, NULL, 0);
	fx_flush(&t.f);
	failed = mem_failed(&t.f.net->mem);
	mem_fail_nth(&t.f.net->mem, 0);
	tp_accept(&t);
	assert_non_null(inet_sk(tp_sk(&t))->inet_opt);
	tp_send(&t, "R", 1, 0, NULL, 0);
	tp_close(&t);
	return failed;
}

/* Every allocation in turn: the child has its route, or is not there yet. */
static void listen_without_memory_loses_no_route(void **state)
{
	u64 n = 1;

	(void)state;
	while (handshake_without(n))
		n++;
	assert_true(n > 5);	/* skb, request, its route, SYN-ACK, child... */
}

/* connect() by HOP1 and HOP2. The peer's route back is another: ours stays. */
/* @req RFC9293:MUST-51 @req RFC9293:MUST-52 */
static void connect_by_a_route_goes_its_own_way(void **state)
{
	static const u8 asked[11] = { IPOPT_LSRR, 11, 4, HOP1, HOP2 };
	static const u8 other[12] = { IPOPT_LSRR, 11, 12, 10, 0, 7, 7,
				      10, 0, 0, 77 };
	struct tp t;

	(void)state;
	routed_open(&t);
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_non_null(t.s);
	assert_int_equal(inet_setsockopt(t.s, IPPROTO_IP, IP_OPTIONS, asked,
					 sizeof(asked)), 0);
	assert_int_equal(sk_connect(t.s, SK_PEER, TP_PEER_PORT), -EINPROGRESS);
	fx_run(&t.f);
	t.lport = tp_sk(&t)->sk_num;
	expect_by(&t, back, TCPHDR_SYN);
	t.irs = ntohl(t.p.tcp->seq);
	send_by(&t, other, "SA", 0, NULL, 0);
	expect_by(&t, back, TCPHDR_ACK);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	send_by(&t, other, "PA", 1, "x", 1);
	fx_flush(&t.f);
	tp_write(&t, "hello", 5);
	expect_by(&t, back, TCPHDR_PSH | TCPHDR_ACK);
	/* the cached route is gone, the way is not */
	sk_dst_reset(tp_sk(&t));
	fx_advance(&t.f, 1100 * FX_MS);
	expect_by(&t, back, TCPHDR_PSH | TCPHDR_ACK);
	tp_send(&t, "RA", 2, 6, NULL, 0);
	tp_close(&t);
}

/* What stands before the route goes out as it was given: the address of the end
 * is put into the route alone. */
static void connect_by_a_route_behind_other_options(void **state)
{
	static const u8 given[2][16] = {
		{ IPOPT_NOOP, IPOPT_LSRR, 11, 4, HOP1, HOP2 },
		{ IPOPT_RR, 7, 4, 0, 0, 0, 0, IPOPT_LSRR, 7, 4, HOP1 },
	};
	static const u8 sent[2][16] = {
		{ IPOPT_NOOP, IPOPT_LSRR, 11, 4, HOP2, PEER },
		{ IPOPT_RR, 7, 4, 0, 0, 0, 0, IPOPT_LSRR, 7, 4, PEER },
	};
	static const u8 given_len[] = { 12, 14 }, sent_len[] = { 12, 16 };
	struct tp t;

	(void)state;
	for (u32 i = 0; i < 2; i++) {
		routed_open(&t);
		t.s = inet_socket(t.f.net, AF_INET,
				  SOCK_STREAM | SOCK_NONBLOCK, 0);
		assert_int_equal(inet_setsockopt(t.s, IPPROTO_IP, IP_OPTIONS,
						 given[i], given_len[i]), 0);
		assert_int_equal(sk_connect(t.s, SK_PEER, TP_PEER_PORT),
				 -EINPROGRESS);
		fx_run(&t.f);
		fx_expect(&t.f, &t.p);
		assert_int_equal(t.p.ip->daddr, ADDR(HOP1));
		assert_int_equal(ipv4_hdr_len(t.p.ip), 20 + sent_len[i]);
		assert_memory_equal(t.p.ip + 1, sent[i], sent_len[i]);
		tp_close(&t);
	}
}

/* Only the first hop needs a route: there is none to the end. */
/* @req RFC9293:MUST-51 */
static void connect_by_a_route_asks_for_its_first_hop(void **state)
{
	static const u8 asked[7] = { IPOPT_LSRR, 7, 4, HOP1 };
	static const u8 sent[8] = { IPOPT_LSRR, 7, 4, 192, 0, 2, 9, 0 };
	struct socket *s;
	struct tp t;
	int i;

	(void)state;
	routed_open(&t);
	s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_non_null(s);
	assert_int_equal(sk_connect(s, 0xc0000209, 80), -ENETUNREACH);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_OPTIONS, asked,
					 sizeof(asked)), 0);
	assert_int_equal(sk_connect(s, 0xc0000209, 80), -EINPROGRESS);
	for (i = 0; i < 2; i++) {
		fx_run(&t.f);
		fx_expect(&t.f, &t.p);
		assert_int_equal(t.p.ip->daddr, ADDR(HOP1));
		assert_memory_equal(t.p.ip + 1, sent, sizeof(sent));
		sk_dst_reset(s->sk);	/* it is asked for again */
		fx_advance(&t.f, 1100 * FX_MS);
	}
	inet_close(s);
	tp_close(&t);
}

/* The hops may be anywhere: where the end is nobody, or many, is an error. */
/* @req RFC9293:MUST-51 @req RFC9293:MUST-46 */
static void connect_by_a_route_to_nobody_fails(void **state)
{
	static const u8 asked[11] = { IPOPT_LSRR, 11, 4, HOP1, HOP2 };
	static const u32 to[] = { 0, 0xe0000001, 0xffffffff };
	struct socket *s;
	struct tp t;
	u32 i;

	(void)state;
	routed_open(&t);
	s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_non_null(s);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_OPTIONS, asked,
					 sizeof(asked)), 0);
	for (i = 0; i < ARRAY_SIZE(to); i++)
		assert_int_equal(sk_connect(s, to[i], 80), -EINVAL);
	inet_close(s);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_route_of_the_syn_is_gone_back),
		cmocka_unit_test(closed_reset_goes_back_by_the_route),
		cmocka_unit_test(listen_by_default_takes_no_route),
		cmocka_unit_test(listen_bad_routes_are_not_gone),
		cmocka_unit_test(listen_requests_end_with_their_routes),
		cmocka_unit_test(listen_without_memory_loses_no_route),
		cmocka_unit_test(connect_by_a_route_goes_its_own_way),
		cmocka_unit_test(connect_by_a_route_behind_other_options),
		cmocka_unit_test(connect_by_a_route_asks_for_its_first_hop),
		cmocka_unit_test(connect_by_a_route_to_nobody_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
