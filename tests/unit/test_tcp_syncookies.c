/* SPDX-License-Identifier: BSD-2-Clause */
/* SYN cookies: a listener without room, under flood and under forgers. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"
#include "crowd.h"
#include "sockets.h"
#include "tcp_peer.h"

static u64 mem_held(struct net *net)
{
	struct inet_usage usage;

	assert_int_equal(inet_get_usage(net, &usage), 0);
	return usage.mem_bytes;
}

#define MINUTE_NS (60 * NSEC_PER_SEC)

/* A stack that answers every SYN by a cookie. */
static void open_with_cookies(struct tp *t)
{
	tp_open(t);
	fx_sysctl(&t->f, "net.ipv4.tcp_syncookies", "2");
	tp_listen(t, 8);
}

static void expect_accepted(struct tp *t)
{
	tp_silence(t);
	tp_accept(t);
	assert_int_equal(tp_state(t), TCP_ESTABLISHED);
	tp_send(t, "PA", 1, 1, "hello", 5);
	tp_read(t, "hello", 5);
	fx_flush(&t->f);
	tp_write(t, "good day", 8);
	tp_expect(t, "PA", 1, 6, 8);
}

/* @req 4987-1 */
static void listen_cookie_becomes_a_connection(void **state)
{
	struct tp t;
	u64 held;

	(void)state;
	open_with_cookies(&t);
	tp_syn(&t);			/* caches take their first page */
	held = mem_held(t.f.net);
	t.pport++;
	tp_syn(&t);
	assert_int_equal(mem_held(t.f.net), held);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SYNCOOKIESSENT), 2);
	tp_silence_for(&t, 70 * NSEC_PER_SEC);	/* nobody sends it again */
	tp_send(&t, "A", 1, 1, NULL, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SYNCOOKIESRECV), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SYNCOOKIESFAILED), 0);
	expect_accepted(&t);
	tp_close(&t);
}

/* The ACK was lost; the text behind it says as much. */
static void listen_cookie_comes_back_with_text(void **state)
{
	struct tp t;

	(void)state;
	open_with_cookies(&t);
	tp_syn(&t);
	tp_send(&t, "PA", 1, 1, "first", 5);
	tp_expect(&t, "A", 1, 6, 0);
	tp_accept(&t);
	tp_read(&t, "first", 5);
	tp_close(&t);
}

/* The ACK was lost, and the first text: what comes is no cookie, but no reason to
 * end what may begin. */
static void listen_text_that_overtook_the_cookie_is_not_reset(void **state)
{
	struct tp t;

	(void)state;
	open_with_cookies(&t);
	tp_syn(&t);
	tp_send(&t, "PA", 6, 1, "second", 6);
	tp_send(&t, "FA", 12, 1, NULL, 0);
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SYNCOOKIESFAILED), 2);
	tp_send(&t, "PA", 1, 1, "first", 5);
	tp_expect(&t, "A", 1, 6, 0);
	tp_accept(&t);
	tp_send(&t, "PA", 6, 1, "second", 6);
	tp_read(&t, "firstsecond", 11);
	fx_flush(&t.f);
	tp_close(&t);
}

/* What the SYN offered and timestamps can carry. @req 4987-1 */
static void listen_cookie_keeps_options_in_the_timestamp(void **state)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	u32 echoed;
	struct tp t;
	int ws;

	(void)state;
	for (ws = -1; ws <= 14; ws++) {
		open_with_cookies(&t);
		t.ts = true;
		t.sack = ws & 1;
		t.ws = (s8)ws;
		t.mss = (u16)(ws & 2 ? 1460 : 1000);
		fx_advance(&t.f, (u64)(ws + 2) * 77777777);
		tp_syn(&t);
		echoed = t.ts_ecr;
		fx_advance(&t.f, NSEC_PER_SEC);
		tp_send(&t, "A", 1, 1, NULL, 0);
		expect_accepted(&t);
		/* the peer must not see time go backwards */
		assert_in_range(t.opt.rcv_tsval - echoed, 0, 1000);
		assert_int_equal(inet_getsockopt(t.s, IPPROTO_TCP, TCP_INFO,
						 &info, &len), 0);
		assert_int_equal(!!(info.tcpi_options & TCPI_OPT_WSCALE),
				 ws >= 0);
		assert_int_equal(info.tcpi_snd_wscale, max(ws, 0));
		assert_int_equal(!!(info.tcpi_options & TCPI_OPT_SACK),
				 ws & 1);
		assert_int_equal(info.tcpi_snd_mss,
				 (ws & 2 ? 1460 : 536) - 12);
		tp_close(&t);
	}
}

/* Without timestamps neither is told, so neither is promised. */
static void listen_cookie_without_timestamps_promises_nothing(void **state)
{
	struct tp t;

	(void)state;
	open_with_cookies(&t);
	t.sack = true;
	t.ws = 7;
	tp_syn(&t);
	assert_false(t.opt.sack_ok);
	assert_false(t.opt.wscale_ok);
	tp_send(&t, "A", 1, 1, NULL, 0);
	expect_accepted(&t);
	assert_int_equal(tcp_sk(tp_sk(&t))->snd_wnd, 65535);
	tp_close(&t);
}

static void listen_cookie_tells_no_more_than_the_peers_mss(void **state)
{
	static const u16 mss[] = { 1, 48, 255, 536, 1219, 1460, 9000, 65535 };
	static const u16 told[] = { 48, 48, 48, 536, 536, 1460, 8960, 8960 };
	struct tp t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(mss); i++) {
		open_with_cookies(&t);
		t.mss = mss[i];
		tp_syn(&t);
		tp_send(&t, "A", 1, 1, NULL, 0);
		tp_accept(&t);
		assert_int_equal(tcp_sk(tp_sk(&t))->rx_opt.mss_clamp, told[i]);
		fx_flush(&t.f);
		tp_close(&t);
	}
}

/* ---- forgers ---------------------------------------------------------- */

/* An ACK that must be refused as one of nothing. */
static void expect_refused(struct tp *t, u32 failed)
{
	tp_send(t, "A", 1, 1, NULL, 0);
	tp_next(t);
	assert_true(t->p.tcp->rst);
	assert_null(inet_accept(t->l, NULL, NULL));
	assert_int_equal(fx_mib_delta(&t->f, MIB_TCP_SYNCOOKIESFAILED), failed);
	assert_int_equal(fx_mib_delta(&t->f, MIB_TCP_SYNCOOKIESRECV), 0);
}

/* @attack S2 */
static void cookie_of_another_tuple_or_isn_is_refused(void **state)
{
	struct tp t;

	(void)state;
	open_with_cookies(&t);
	tp_syn(&t);
	t.pport++;
	expect_refused(&t, 1);
	t.pport--;
	t.iss++;
	expect_refused(&t, 2);
	t.iss--;
	tp_send(&t, "A", 1, 1, NULL, 0);
	expect_accepted(&t);
	tp_close(&t);
}

/* @attack S2 @req 4987-1 */
static void cookie_of_two_minutes_ago_is_refused(void **state)
{
	struct tp t;

	(void)state;
	open_with_cookies(&t);
	tp_syn(&t);
	fx_advance(&t.f, 2 * MINUTE_NS - 1);
	t.f.now_ns -= t.f.now_ns % MINUTE_NS;	/* of the next minute but one */
	fx_advance(&t.f, 1);
	expect_refused(&t, 1);
	tp_close(&t);
}

/* Once no cookie was sent for two minutes nobody can guess one. @attack S2 */
static void cookie_is_looked_for_only_after_a_flood(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 8);
	expect_refused(&t, 0);
	fx_sysctl(&t.f, "net.ipv4.tcp_syncookies", "2");
	tp_syn(&t);
	fx_advance(&t.f, 2 * MINUTE_NS + NSEC_PER_MSEC);
	expect_refused(&t, 0);
	tp_close(&t);
}

/* One number in 2^28 is good; none of these is. @attack S2 */
static void cookie_guesses_are_refused(void **state)
{
	u32 i, tries = 1000000;
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	attack_allow(&t.f, 1);
	fx_sysctl(&t.f, "net.ipv4.tcp_syncookies", "2");
	fx_sysctl(&t.f, "net.ipv4.tcp_rst_per_sec", "1");
	tp_listen(&t, 8);
	tp_syn(&t);
	if (getenv("COOKIE_GUESSES"))
		tries = (u32)strtoul(getenv("COOKIE_GUESSES"), NULL, 10);
	for (i = 0; i < tries; i++) {
		t.irs = i * 2654435761u;	/* all over the 2^32 */
		tp_send(&t, "A", 1, 1, NULL, 0);
		if (i % 4096 == 0)
			fx_flush(&t.f);
	}
	fx_flush(&t.f);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SYNCOOKIESRECV), 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SYNCOOKIESFAILED), tries);
	assert_null(inet_accept(t.l, NULL, NULL));
	tp_close(&t);
}

/* ---- keys ------------------------------------------------------------- */

#define KEY_A "00112233-44556677-8899aabb-ccddeeff"
#define KEY_B "f0e0d0c0-b0a09080-70605040-30201000"

/* Another stack gave it out, with a key in common. @attack S2 */
static void cookie_of_a_node_with_the_same_key_is_taken(void **state)
{
	static const struct {
		const char *ours, *theirs;
		bool taken;
	} rows[] = {
		{ KEY_A, KEY_A, true },
		{ KEY_A, KEY_B "," KEY_A, true },	/* change over */
		{ KEY_A "," KEY_B, KEY_B, false },	/* the first is used */
		{ KEY_A, KEY_B, false },
	};
	struct tp one, two;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		open_with_cookies(&one);
		fx_sysctl(&one.f, "net.ipv4.tcp_syncookie_key", rows[i].ours);
		one.ts = true;
		one.ws = 9;
		tp_syn(&one);
		tp_open(&two);
		two.f.seed += 12345;
		fx_sysctl(&two.f, "net.ipv4.tcp_syncookie_key",
			  rows[i].theirs);
		tp_listen(&two, 8);
		two.irs = one.irs;
		two.ts = two.ts_on = true;
		two.ts_ecr = one.ts_ecr;
		if (rows[i].taken) {
			tp_send(&two, "A", 1, 1, NULL, 0);
			expect_accepted(&two);
			assert_in_range(two.opt.rcv_tsval - one.ts_ecr, 0,
					1000);
			assert_int_equal(
				tcp_sk(tp_sk(&two))->rx_opt.snd_wscale, 9);
		} else {
			expect_refused(&two, 1);
		}
		tp_close(&one);
		tp_close(&two);
	}
}

static void key_is_read_as_it_was_written(void **state)
{
	static const char *const bad[] = {
		"", "0", KEY_A ",", KEY_A "x", KEY_A "," KEY_B "," KEY_A,
		"00112233-44556677-8899aabb-ccddeefg",
		"00112233+44556677-8899aabb-ccddeeff",
		"0011223 -44556677-8899aabb-ccddeeff", KEY_A ";" KEY_B,
	};
	const char *name = "net.ipv4.tcp_syncookie_key";
	char own[64], buf[128];
	struct tp t;
	size_t i;

	(void)state;
	tp_open(&t);
	assert_int_equal(inet_sysctl_get(t.f.net, name, own, sizeof(own)), 0);
	assert_int_equal(strlen(own), 35);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(inet_sysctl_set(t.f.net, name, bad[i]), -1);
	assert_int_equal(inet_sysctl_get(t.f.net, name, buf, sizeof(buf)), 0);
	assert_string_equal(buf, own);
	fx_sysctl(&t.f, name, KEY_A "," KEY_B);
	assert_int_equal(inet_sysctl_get(t.f.net, name, buf, sizeof(buf)), 0);
	assert_string_equal(buf, KEY_A "," KEY_B);
	assert_int_equal(inet_sysctl_get(t.f.net, name, buf, 71), -1);
	fx_sysctl(&t.f, name, "ABCDEF01-44556677-8899aabb-ccddeeff");
	assert_int_equal(inet_sysctl_get(t.f.net, name, buf, sizeof(buf)), 0);
	assert_string_equal(buf, "abcdef01-44556677-8899aabb-ccddeeff");
	tp_close(&t);
}

/* ---- floods ----------------------------------------------------------- */

#define FLOOD_BACKLOG 64
#define FLOOD_LEGIT 2000u
#define FLOOD_PER_LEGIT 10u

/* A SYN of one that will never answer. */
static void flood_syn(struct fx *f, u32 n)
{
	static const u8 opt[20] = {
		2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 1, 1, 0, 0, 0, 0, 1, 3, 3, 7
	};
	const struct fx_ip ip = { .saddr = htonl(0x15000000 + n * 7919u % 0x1000000) };
	const struct tcp_seg_info seg = {
		.source = htons((u16)(1024 + n % 60000)),
		.dest = htons(CROWD_PORT), .seq = n * 2654435761u,
		.window = 1024, .flags = TCPHDR_SYN,
	};
	static u8 frame[256];

	fx_inject(f, frame, fx_build_tcp(frame, &ip, &seg, opt, sizeof(opt),
					 NULL, 0));
}

/* Throws away what goes to the flooders' addresses. */
static void flood_answers(struct fx *f, u32 *nr)
{
	*nr += fx_flush(f);
}

/*
 * Ten forged SYNs for each of somebody who means it, a hundred times what the
 * backlog holds in the life of a request: all of those come in at once, and memory
 * stays what it was when the queue was full. @attack S1 @req 4987-1
 */
static void flood_at_ten_times_capacity_turns_nobody_away(void **state)
{
	struct crowd c;
	u64 full = 0, most = 0;
	u32 i, j, n = 0, answers = 0, ok = 0;
	struct fx f;

	(void)state;
	fx_open(&f);
	fx_learn(&f);
	crowd_open(&c, &f, FLOOD_LEGIT);
	(void)inet_route_add(f.net, "21.0.0.0/8 via 10.0.0.1");
	crowd_listen(&c, FLOOD_BACKLOG);
	for (i = 0; i < FLOOD_LEGIT; i++) {
		for (j = 0; j < FLOOD_PER_LEGIT; j++)
			flood_syn(&f, n++);
		flood_answers(&f, &answers);
		crowd_send(&c, i, TCPHDR_SYN, NULL, 0);
		assert_int_equal(crowd_hear(&c), 1);
		crowd_send(&c, i, TCPHDR_ACK, NULL, 0);
		c.conn[i].s = inet_accept4(c.l, NULL, NULL, SOCK_NONBLOCK);
		ok += c.conn[i].s && c.conn[i].s->sk->sk_state ==
		      TCP_ESTABLISHED;
		if (c.conn[i].s)
			crowd_app_close(&c, i);
		crowd_send(&c, i, TCPHDR_RST, NULL, 0);
		fx_advance(&f, NSEC_PER_MSEC);
		flood_answers(&f, &answers);
		if (n == 100 * FLOOD_PER_LEGIT)
			full = mem_held(f.net);
		most = max(most, mem_held(f.net));
	}
	assert_int_equal(ok, FLOOD_LEGIT);
	assert_true(fx_mib_delta(&f, MIB_TCP_SYNCOOKIESSENT) >
		    n - 10 * FLOOD_BACKLOG);
	assert_int_equal(fx_mib_delta(&f, MIB_TCP_REQQFULLDOCOOKIES),
			 fx_mib_delta(&f, MIB_TCP_SYNCOOKIESSENT));
	assert_int_equal(fx_mib_delta(&f, MIB_TCP_REQQFULLDROP), 0);
	assert_true(most <= full + full / 20);
	print_message("# %u of %u, %llu bytes when full, %llu at most\n", ok,
		      FLOOD_LEGIT, (unsigned long long)full,
		      (unsigned long long)most);
	crowd_close(&c);
	fx_close(&f);
}

/* The same with cookies off: so the test above sees what it should. */
static void flood_without_cookies_turns_away(void **state)
{
	struct crowd c;
	struct fx f;
	u32 i;

	(void)state;
	fx_open(&f);
	fx_learn(&f);
	fx_sysctl(&f, "net.ipv4.tcp_syncookies", "0");
	crowd_open(&c, &f, 1);
	(void)inet_route_add(f.net, "21.0.0.0/8 via 10.0.0.1");
	crowd_listen(&c, FLOOD_BACKLOG);
	for (i = 0; i < 2 * FLOOD_BACKLOG; i++)
		flood_syn(&f, i);
	fx_flush(&f);
	crowd_send(&c, 0, TCPHDR_SYN, NULL, 0);
	assert_int_equal(crowd_hear(&c), 0);
	assert_int_equal(fx_mib_delta(&f, MIB_TCP_REQQFULLDROP),
			 FLOOD_BACKLOG);
	assert_int_equal(fx_mib_delta(&f, MIB_TCP_REQQFULLDOCOOKIES), 0);
	crowd_close(&c);
	fx_close(&f);
}

/* Nobody accepts: then a cookie is no way past the accept queue. @attack S8 */
static void flood_of_cookies_fills_no_more_than_the_accept_queue(void **state)
{
	struct tp t;
	u16 i;

	(void)state;
	open_with_cookies(&t);
	inet_close(t.l);
	tp_listen(&t, 2);
	for (i = 0; i < 3; i++) {
		t.pport = (u16)(2000 + i);
		tp_syn(&t);
		tp_send(&t, "A", 1, 1, NULL, 0);
		tp_silence(&t);
	}
	t.pport = 2003;
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LISTENOVERFLOWS), 1);
	tp_close(&t);
}

/* The ACK comes when there is no room: as if it had not. */
static void cookie_that_finds_no_room_is_ignored(void **state)
{
	struct tp t;
	u32 irs;

	(void)state;
	open_with_cookies(&t);
	inet_close(t.l);
	tp_listen(&t, 0);
	tp_syn(&t);
	irs = t.irs;
	t.pport++;
	tp_syn(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);
	t.pport--;
	t.irs = irs;
	fx_mark(&t.f);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LISTENOVERFLOWS), 1);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_LISTEN_OVERFLOW, 1);
	/* it says so again when there is */
	inet_close(inet_accept(t.l, NULL, NULL));
	fx_run(&t.f);
	fx_flush(&t.f);
	tp_send(&t, "A", 1, 1, NULL, 0);
	expect_accepted(&t);
	tp_close(&t);
}

/* ---- chains ----------------------------------------------------------- */

/* The longest chain of the table of connections. */
static u32 longest_chain(struct net *net, u32 *entries)
{
	const struct inet_ehash_table *t = net->ipv4.tcp_hashinfo->ehash;
	const struct sock_common *skc;
	u32 i, n, most = 0;

	*entries = 0;
	for (i = 0; i <= t->mask; i++) {
		n = 0;
		hlist_for_each_entry(skc, &t->chains[i], skc_node)
			n++;
		*entries += n;
		most = max(most, n);
	}
	return most;
}

/* 100,000 tuples whose addresses and ports have few different sums and
 * differences, bit by bit: only whoever knows the key finds more than a few of one
 * chain. @attack S9 */
static void tuples_that_collide_without_a_key_do_not(void **state)
{
	static const u8 opt[4] = { 2, 4, 5, 0xb4 };
	struct tcp_seg_info seg = { .window = 1024, .flags = TCPHDR_SYN,
				    .dest = htons(CROWD_PORT) };
	struct fx_ip ip = { 0 };
	static u8 frame[256];
	struct crowd c;
	struct fx f;
	u32 i, n;
	u16 port;

	(void)state;
	fx_open(&f);
	fx_learn(&f);
	fx_sysctl(&f, "net.core.somaxconn", "200000");
	fx_sysctl(&f, "net.ipv4.tcp_max_syn_backlog", "200000");
	crowd_open(&c, &f, 1);
	(void)inet_route_add(f.net, "21.0.0.0/8 via 10.0.0.1");
	crowd_listen(&c, 200000);
	for (i = 0; i < 100000; i++) {
		port = (u16)(1024 + i % 50000);
		ip.saddr = htonl(0x15000000 + (i / 50000 << 20) +
				 (port ^ 0x5555u));
		seg.source = htons(port);
		seg.seq = i;
		fx_inject(&f, frame, fx_build_tcp(frame, &ip, &seg, opt,
						  sizeof(opt), NULL, 0));
		if (i % 1000 == 0)
			fx_flush(&f);
	}
	assert_true(longest_chain(f.net, &n) <= 20);
	assert_int_equal(n, 100000);
	fx_flush(&f);
	crowd_close(&c);
	fx_advance(&f, 100 * NSEC_PER_SEC);
	fx_flush(&f);
	fx_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_cookie_becomes_a_connection),
		cmocka_unit_test(listen_cookie_comes_back_with_text),
		cmocka_unit_test(listen_text_that_overtook_the_cookie_is_not_reset),
		cmocka_unit_test(listen_cookie_keeps_options_in_the_timestamp),
		cmocka_unit_test(listen_cookie_without_timestamps_promises_nothing),
		cmocka_unit_test(listen_cookie_tells_no_more_than_the_peers_mss),
		cmocka_unit_test(cookie_of_another_tuple_or_isn_is_refused),
		cmocka_unit_test(cookie_of_two_minutes_ago_is_refused),
		cmocka_unit_test(cookie_is_looked_for_only_after_a_flood),
		cmocka_unit_test(cookie_guesses_are_refused),
		cmocka_unit_test(cookie_of_a_node_with_the_same_key_is_taken),
		cmocka_unit_test(key_is_read_as_it_was_written),
		cmocka_unit_test(flood_at_ten_times_capacity_turns_nobody_away),
		cmocka_unit_test(flood_without_cookies_turns_away),
		cmocka_unit_test(flood_of_cookies_fills_no_more_than_the_accept_queue),
		cmocka_unit_test(cookie_that_finds_no_room_is_ignored),
		cmocka_unit_test(tuples_that_collide_without_a_key_do_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
