/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of COMPLIANCE.md that no other test shows: what an application may
 * ask of a TCP socket, and small rules of clocks, windows and ports.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "core/neighbour.h"
#include "sockets.h"
#include "tcp_peer.h"

static u8 big[65536];

/* A stream socket that is not bound. */
static struct socket *stream(struct net *net)
{
	struct socket *s = inet_socket(net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_non_null(s);
	return s;
}

/* @req RFC9293:MUST-43 */
static void closed_bound_address_is_the_source(void **state)
{
	struct socket *s;
	struct tp t;

	(void)state;
	tp_open(&t);
	assert_int_equal(inet_addr_add(t.f.dev, "10.0.0.22/24"), 0);
	fx_advance(&t.f, 10 * FX_SEC);
	fx_flush(&t.f);
	s = stream(t.f.net);
	assert_int_equal(sk_bind(s, 0x0a000063, 0), -EADDRNOTAVAIL);
	assert_int_equal(sk_bind(s, 0x0a000016, 5555), 0);
	assert_int_equal(sk_connect(s, SK_PEER, 80), -EINPROGRESS);
	fx_run(&t.f);
	fx_expect(&t.f, &t.p);
	assert_true(t.p.tcp->syn);
	assert_int_equal(t.p.ip->saddr, FX_ADDR(10, 0, 0, 22));
	assert_int_equal(ntohs(t.p.tcp->source), 5555);
	inet_close(s);
	fx_run(&t.f);
	fx_flush(&t.f);
	tp_close(&t);
}

/* The two low bits are ECN's and not the application's, as in Linux. */
/* @req RFC9293:MUST-48 @req RFC9293:SHLD-21 @req RFC9293:SHLD-22 */
static void established_dscp_is_set_and_changed(void **state)
{
	static const u8 tos[] = { 0xb8, 0x28, 0xfc, 0 };
	struct tp t;
	u32 i;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	for (i = 0; i < ARRAY_SIZE(tos); i++) {
		tp_setsockopt(&t, IPPROTO_IP, IP_TOS, tos[i]);
		assert_int_equal(tp_getsockopt(&t, IPPROTO_IP, IP_TOS), tos[i]);
		tp_write(&t, "x", 1);
		tp_expect(&t, "PA", 1 + i, 1, 1);
		assert_int_equal(t.p.ip->tos, tos[i]);
		tp_send(&t, "A", 1, 2 + i, NULL, 0);
	}
	tp_close(&t);
}

/* @req RFC9293:REC-1 */
static void windows_are_32_bits_wide(void **state)
{
	struct tcp_sock tp;

	(void)state;
	memset(&tp, 0xff, sizeof(tp));
	assert_true(tp.snd_wnd == 0xffffffffu);
	assert_true(tp.rcv_wnd == 0xffffffffu);
	assert_true(tp.snd_cwnd == 0xffffffffu);
	assert_true(tp.snd_ssthresh == 0xffffffffu);
}

/* @req 6298-5.1-5.3 */
static void established_timer_restarts_and_stops(void **state)
{
	struct tp t;
	u64 rto;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_write(&t, big, 2920);
	tp_expect(&t, "A", 1, 1, 1460);
	tp_expect(&t, "PA", 1461, 1, 1460);
	rto = inet_csk(tp_sk(&t))->icsk_rto_us * NSEC_PER_USEC;
	/* new text is acknowledged: the time begins anew */
	fx_advance(&t.f, rto / 2);
	tp_send(&t, "A", 1, 1461, NULL, 0);
	rto = inet_csk(tp_sk(&t))->icsk_rto_us * NSEC_PER_USEC;
	tp_silence_for(&t, rto - 5 * FX_MS);
	fx_advance(&t.f, 10 * FX_MS);
	tp_expect(&t, "PA", 1461, 1, 1460);
	/* all is acknowledged: it ends */
	tp_send(&t, "A", 1, 2921, NULL, 0);
	tp_silence_for(&t, 600 * FX_SEC);
	tp_close(&t);
}

/* Takes what the stack says. The right edge of its window, relative, is never
 * to the left of what it was. */
static void follow_edge(struct tp *t, u32 *edge)
{
	u32 now, scale = tcp_sk(tp_sk(t))->rx_opt.rcv_wscale;

	while (fx_pop(&t->f, &t->p)) {
		now = ntohl(t->p.tcp->ack_seq) - t->iss +
		      ((u32)ntohs(t->p.tcp->window) << scale);
		if (now < *edge)
			fail_msg("the window shrinks from %u to %u", *edge,
				 now);
		*edge = now;
	}
}

/* Windows count in steps of 2^scale, ACKs move by anything: what was offered
 * is offered still, and is taken. */
/* @req 7323-2.4 @req RFC9293:SHLD-14 */
static void established_scaled_window_never_shrinks(void **state)
{
	u32 i, len, seq = 1, edge = 0;
	struct tp t;

	(void)state;
	tp_open(&t);
	t.ws = 7;
	tp_passive(&t);
	assert_true(tcp_sk(tp_sk(&t))->rx_opt.rcv_wscale > 0);
	for (i = 0; i < 3000; i++) {
		len = 1 + i * 7919 % 1459;
		if (edge)
			len = min(len, edge - seq);
		if (len) {
			tp_send(&t, "A", seq, 1, big, len);
			seq += len;
		}
		if (i % 5 == 4)
			fx_advance(&t.f, 100 * FX_MS);
		follow_edge(&t, &edge);
		if (i % 7 == 6)		/* reads less than comes */
			inet_recv(t.s, big, 1 + i * 104729 % 3000, 0);
		follow_edge(&t, &edge);
	}
	while (seq < edge) {
		len = min(edge - seq, 1460u);
		tp_send(&t, "A", seq, 1, big, len);
		seq += len;
		fx_advance(&t.f, 100 * FX_MS);
		assert_int_equal(tcp_sk(tp_sk(&t))->rcv_nxt - t.iss, seq);
		follow_edge(&t, &edge);
	}
	tp_close(&t);
}

/* @req 7323-5.4 */
static void established_timestamps_tick_in_milliseconds(void **state)
{
	struct tp t;
	u32 first, i;

	(void)state;
	tp_open(&t);
	t.ts = true;
	tp_passive(&t);
	tp_write(&t, "x", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	first = t.opt.rcv_tsval;
	for (i = 1; i < 50; i++) {
		tp_send(&t, "A", 1, 1 + i, NULL, 0);
		fx_advance(&t.f, 1000 * FX_MS);
		tp_write(&t, "x", 1);
		tp_expect(&t, "PA", 1 + i, 1, 1);
		assert_in_range(t.opt.rcv_tsval - first, i * 1000,
				i * 1000 + 1);
	}
	tp_close(&t);
}

/* @req 6056-2 */
static void connect_takes_no_reserved_or_bound_port(void **state)
{
	struct socket *l, *s[3];
	struct tp t;
	u32 i;

	(void)state;
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.ip_local_port_range", "40000 40003");
	fx_sysctl(&t.f, "net.ipv4.ip_local_reserved_ports", "40001");
	l = stream(t.f.net);
	assert_int_equal(sk_bind(l, 0, 40002), 0);
	assert_int_equal(inet_listen(l, 1), 0);
	for (i = 0; i < 3; i++) {
		s[i] = stream(t.f.net);
		assert_int_equal(sk_connect(s[i], SK_PEER, 80),
				 i < 2 ? -EINPROGRESS : -EADDRNOTAVAIL);
		if (i < 2)
			assert_true(sk_port(s[i]) == 40000 ||
				    sk_port(s[i]) == 40003);
	}
	for (i = 0; i < 3; i++)
		inet_close(s[i]);
	inet_close(l);
	fx_run(&t.f);
	fx_flush(&t.f);
	tp_close(&t);
}

/* @req 1122-2.3.2.1c */
static void neighbour_timeout_is_what_the_knob_says(void **state)
{
	struct fx f;

	(void)state;
	fx_open(&f);
	fx_sysctl(&f, "net.ipv4.neigh.default.base_reachable_time_ms", "4000");
	fx_advance(&f, 301 * FX_SEC);
	assert_in_range(f.net->ipv4.arp_tbl->reachable_time_ns, 2 * FX_SEC,
			6 * FX_SEC);
	fx_close(&f);
}

/* IEEE 802.3 with SNAP reaches the socket as Ethernet II does. */
/* @req 1122-2.3.3b */
static void snap_datagram_is_delivered(void **state)
{
	static const u8 snap[] = { 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 };
	u8 frame[128], out[136], got[8];
	struct fx_ip ip = { 0 };
	struct socket *s;
	struct fx f;
	u32 len;

	(void)state;
	fx_open(&f);
	fx_learn(&f);
	s = sk_udp(f.net, 0, 9999);
	len = fx_build_udp(frame, &ip, 1000, 9999, "snap", 4);
	memcpy(out, frame, 12);
	out[12] = 0;
	out[13] = (u8)(len - ETH_HLEN + sizeof(snap));
	memcpy(out + ETH_HLEN, snap, sizeof(snap));
	memcpy(out + ETH_HLEN + sizeof(snap), frame + ETH_HLEN,
	       len - ETH_HLEN);
	fx_inject(&f, out, len + sizeof(snap));
	assert_int_equal(sk_recv(s, got, sizeof(got), MSG_DONTWAIT), 4);
	assert_memory_equal(got, "snap", 4);
	inet_close(s);
	fx_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_bound_address_is_the_source),
		cmocka_unit_test(established_dscp_is_set_and_changed),
		cmocka_unit_test(windows_are_32_bits_wide),
		cmocka_unit_test(established_timer_restarts_and_stops),
		cmocka_unit_test(established_scaled_window_never_shrinks),
		cmocka_unit_test(established_timestamps_tick_in_milliseconds),
		cmocka_unit_test(connect_takes_no_reserved_or_bound_port),
		cmocka_unit_test(neighbour_timeout_is_what_the_knob_says),
		cmocka_unit_test(snap_datagram_is_delivered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
