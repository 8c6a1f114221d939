/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP and peers who lie: in their options, about who opens a connection, about
 * the way to them; and what many small writes cost. Whole roads, the parsers
 * alone have programs of their own.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include <netinet/tcp.h>

#include "attack.h"
#include "crowd.h"
#include "tcp_peer.h"

/* ---- options ---------------------------------------------------------- */

/* A segment of the peer with an area of options that is @kind and @len, then
 * NOPs, and one octet of text if it is no SYN. */
static void send_pair(struct tp *t, u32 seq, u8 kind, u8 len)
{
	static u8 frame[200];
	const struct fx_ip ip = { 0 };
	struct tcp_seg_info seg = {
		.source = htons(t->pport), .dest = htons(TP_PORT),
		.seq = t->iss + seq, .window = 60000,
		.flags = seq ? TCPHDR_ACK : TCPHDR_SYN,
		.ack_seq = seq ? t->irs + 1 : 0,
	};
	u8 opt[40];

	memset(opt, TCPOPT_NOP, sizeof(opt));
	opt[0] = kind;
	opt[1] = len;
	fx_inject(&t->f, frame,
		  fx_build_tcp(frame, &ip, &seg, opt, kind & 1 ? 12 : 40, "x",
			       !!seq));
}

/* All pairs of kind and length in a SYN: each gets a SYN-ACK that offers no
 * more than a SYN without them would get, but for the two that are right.
 * @attack T2 */
static void listen_syn_with_any_option_is_a_syn(void **state)
{
	struct tp t;
	u32 pair;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 4);
	for (pair = 0; pair < 65536; pair++) {
		u8 kind = (u8)(pair >> 8), len = (u8)pair;

		t.pport = (u16)(1024 + pair % 60000);
		send_pair(&t, 0, kind, len);
		tp_next(&t);
		assert_int_equal(t.p.tcp->flags, TCPHDR_SYN | TCPHDR_ACK);
		assert_int_equal(ntohl(t.p.tcp->ack_seq), t.iss + 1);
		assert_false(t.opt.malformed);
		assert_int_equal(t.opt.sack_ok, kind == 4 && len == 2);
		assert_int_equal(t.opt.wscale_ok, kind == 3 && len == 3);
		assert_int_equal(t.opt.saw_tstamp, kind == 8 && len == 10);
		tp_silence(&t);
		tp_send(&t, "R", 1, 0, NULL, 0);
		tp_silence(&t);
	}
	assert_int_equal(reqsk_queue_len(
		&inet_csk(t.l->sk)->icsk_accept_queue), 0);
	tp_close(&t);
}

/* ... and in a segment with text: the text is the stream's. @attack T2 */
static void established_text_with_any_option_is_text(void **state)
{
	struct tp t;
	u32 pair;
	u8 b[2];

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	for (pair = 0; pair < 65536; pair++) {
		send_pair(&t, 1 + pair, (u8)(pair >> 8), (u8)pair);
		if (inet_recv(t.s, b, 2, 0) != 1 || b[0] != 'x')
			fail_msg("kind %u length %u", pair >> 8, pair & 255);
		fx_flush(&t.f);
	}
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	assert_int_equal(tp_error(&t), 0);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_OPTERRORS) > 40000);
	tp_close(&t);
}

/* An MSS of 0 is none: no division by it, and the default. @attack T3 */
static void listen_syn_with_mss_zero_gets_the_default(void **state)
{
	static const u8 zero[4] = { TCPOPT_MSS, TCPOLEN_MSS, 0, 0 };
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_listen(&t, 4);
	tp_send_opt(&t, "S", 0, 0, zero, sizeof(zero));
	tp_next(&t);
	t.irs = ntohl(t.p.tcp->seq);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_accept(&t);
	tp_write_pattern(&t, 1000);
	tp_next(&t);
	assert_int_equal(t.p.data_len, 536);
	tp_close(&t);
}

/* How much a peer may ask for by tiny segments is the operator's to say.
 * @attack M4 */
static void listen_syn_with_tiny_mss_gets_what_the_knob_says(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_min_snd_mss", "500");
	t.mss = 48;
	tp_passive(&t);
	tp_write_pattern(&t, 1000);
	tp_expect(&t, "A", 1, 1, 500);
	tp_expect(&t, "PA", 501, 1, 500);
	tp_close(&t);
}

/* ---- three at a handshake --------------------------------------------- */

/* A segment that a stranger sends from his own address, with the ports of the
 * connection. */
static void stranger(struct tp *t, u8 flags, u32 seq, u32 ack)
{
	static u8 frame[100];
	const struct fx_ip ip = { .saddr = FX_STRANGER,
				  .src_mac = fx_stranger_mac };
	const struct tcp_seg_info seg = {
		.source = htons(t->pport), .dest = htons(t->lport),
		.seq = seq, .ack_seq = ack, .window = 1000, .flags = flags,
	};

	fx_inject(&t->f, frame, fx_build_tcp(frame, &ip, &seg, NULL, 0, NULL,
					     0));
}

/* Both ends open, and a third joins them, under his own address: he is told
 * that there is nothing, and the two do not notice. @attack S6 */
static void syn_sent_stranger_who_opens_too_is_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_connect(&t);
	assert_int_equal(inet_neigh_add(t.f.dev,
			 "10.0.0.9 lladdr 02:00:00:00:00:09"), 0);
	stranger(&t, TCPHDR_SYN, 500, 0);
	fx_expect(&t.f, &t.p);
	assert_int_equal(t.p.ip->daddr, FX_STRANGER);
	assert_int_equal(t.p.tcp->flags, TCPHDR_RST | TCPHDR_ACK);
	assert_int_equal(ntohl(t.p.tcp->ack_seq), 501);
	stranger(&t, TCPHDR_SYN | TCPHDR_ACK, 500, t.irs + 1);
	fx_expect(&t.f, &t.p);
	assert_int_equal(t.p.ip->daddr, FX_STRANGER);
	assert_int_equal(t.p.tcp->flags, TCPHDR_RST);
	assert_int_equal(ntohl(t.p.tcp->seq), t.irs + 1);
	assert_int_equal(tp_state(&t), TCP_SYN_SENT);
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_expect(&t, "SA", 0, 1, 0);
	stranger(&t, TCPHDR_RST, t.iss + 1, 0);
	stranger(&t, TCPHDR_ACK, t.iss + 1, t.irs + 1);
	fx_expect(&t.f, &t.p);
	assert_int_equal(t.p.tcp->flags, TCPHDR_RST);
	assert_int_equal(tp_state(&t), TCP_SYN_RECV);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	fx_flush(&t.f);
	tp_send(&t, "PA", 1, 1, "hi", 2);
	tp_read(&t, "hi", 2);
	tp_close(&t);
}

/* The third forges the peer's SYN, which RFC 9293 takes for a simultaneous
 * open: the peer, who knows nothing of that number, resets it (figure 12), and
 * connect() says so. @attack S6 */
static void syn_sent_forged_syn_is_found_out_by_the_peer(void **state)
{
	struct tp t;
	u32 iss;

	(void)state;
	tp_open_watched(&t);
	tp_connect(&t);
	iss = t.iss;
	t.iss += 0x5000;			/* X's */
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_expect(&t, "SA", 0, 1, 0);
	assert_int_equal(tp_state(&t), TCP_SYN_RECV);
	/* the peer's own SYN-ACK has a number from before that window */
	t.iss = iss;
	tp_send(&t, "SA", 0, 1, NULL, 0);
	tp_expect(&t, "A", 1, 0x5001, 0);
	tp_send(&t, "PA", 1, 1, "hi", 2);	/* no text gets in so */
	tp_expect(&t, "A", 1, 0x5001, 0);
	assert_int_equal(tp_state(&t), TCP_SYN_RECV);
	/* the SYN-ACK acknowledged what the peer never sent */
	t.iss += 0x5000;
	tp_send(&t, "R", 1, 0, NULL, 0);
	tp_silence(&t);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_error(&t), ECONNREFUSED);
	tp_close(&t);
}

/* ---- small writes ----------------------------------------------------- */

/* An application that writes octet by octet, each 10 us, to a peer 2 ms away:
 * not twice the octets go out, with all headers. @attack W3 */
static void established_single_octets_written_cost_little(void **state)
{
	const u32 nr = 20000;
	u32 i, last = 1;
	u64 before;
	struct tp t;
	u8 b;

	(void)state;
	tp_open_watched(&t);
	attack_allow(&t.f, UINT32_MAX);
	tp_passive(&t);
	before = t.f.bytes_sent;
	for (i = 0; i < nr; i++) {
		b = (u8)(i * 7 + 1);
		tp_write(&t, &b, 1);
		fx_advance(&t.f, FX_MS / 100);
		if (i % 200 != 199)
			continue;
		while (fx_pop(&t.f, &t.p)) {
			u32 k, seq = ntohl(t.p.tcp->seq) - t.irs;

			assert_int_equal(seq, last);
			last += t.p.data_len;
			for (k = 0; k < t.p.data_len; k++)
				assert_int_equal(t.p.data[k],
						 (u8)((seq - 1 + k) * 7 + 1));
		}
		tp_send(&t, "A", 1, last, NULL, 0);
	}
	fx_advance(&t.f, FX_MS);
	while (fx_pop(&t.f, &t.p))
		last += t.p.data_len;
	assert_int_equal(last, 1 + nr);
	assert_true(t.f.bytes_sent - before <= 2 * (u64)nr);
	tp_send(&t, "A", 1, last, NULL, 0);
	tp_close(&t);
}

/* ---- the way to the peer ---------------------------------------------- */

static struct fx f;
static struct crowd c;
static const u8 other_mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 50 };

/* @from says about the connection of peer 0: go by 10.0.0.50. */
static void redirect(__be32 from, const u8 *mac, u32 seq)
{
	const struct fx_ip outer = { .saddr = from, .src_mac = mac };
	static u8 frame[200];
	u8 quote[28] = { 0x45, 0, 0, 40, 0, 0, 0, 0, 63, IPPROTO_TCP };
	const __be32 me = FX_IP, peer = crowd_addr(0);

	memcpy(quote + 12, &me, 4);
	memcpy(quote + 16, &peer, 4);
	put_unaligned_be16(CROWD_PORT, quote + 20);
	put_unaligned_be16(crowd_port(0), quote + 22);
	put_unaligned_be32(seq, quote + 24);
	fx_inject(&f, frame, fx_build_icmp(frame, &outer, ICMP_REDIRECT,
					   ICMP_REDIR_HOST, 0x0a000032u, quote,
					   sizeof(quote)));
}

/* The application says something, which goes by @mac. While it is in flight
 * somebody speaks of a redirect, if at all. */
static void leaves_by(const u8 *mac, __be32 redirector, const u8 *his, u32 off)
{
	u32 seq;

	assert_int_equal(inet_send(c.conn[0].s, "x", 1, 0), 1);
	fx_run(&f);
	fx_expect(&f, &c.p);
	assert_memory_equal(c.p.eth->h_dest, mac, ETH_ALEN);
	assert_int_equal(c.p.ip->daddr, crowd_addr(0));
	seq = ntohl(c.p.tcp->seq);
	if (redirector)
		redirect(redirector, his, seq + off);
	c.conn[0].ack = seq + 1;
	crowd_send(&c, 0, TCPHDR_ACK, NULL, 0);
	fx_expect_silence(&f);
}

/* A connection under way has its route at hand. A redirect moves it only where
 * redirects are accepted, and only when its gateway says so about what is in
 * flight. @attack C6 */
static void established_redirect_moves_what_is_under_way_if_it_may(void **state)
{
	(void)state;
	assert_int_equal(inet_neigh_add(f.dev,
			 "10.0.0.50 lladdr 02:00:00:00:00:32"), 0);
	crowd_open(&c, &f, 1);
	crowd_listen(&c, 1);
	crowd_connect(&c, 0);
	leaves_by(fx_peer_mac, FX_PEER, fx_peer_mac, 0);
	fx_sysctl(&f, "net.ipv4.conf.all.accept_redirects", "1");
	leaves_by(fx_peer_mac, FX_STRANGER, fx_stranger_mac, 0);
	leaves_by(fx_peer_mac, FX_PEER, fx_peer_mac, 1);	/* not sent */
	leaves_by(fx_peer_mac, FX_PEER, fx_peer_mac, 0);
	leaves_by(other_mac, 0, NULL, 0);
	crowd_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_syn_with_any_option_is_a_syn),
		cmocka_unit_test(established_text_with_any_option_is_text),
		cmocka_unit_test(listen_syn_with_mss_zero_gets_the_default),
		cmocka_unit_test(listen_syn_with_tiny_mss_gets_what_the_knob_says),
		cmocka_unit_test(syn_sent_stranger_who_opens_too_is_reset),
		cmocka_unit_test(syn_sent_forged_syn_is_found_out_by_the_peer),
		cmocka_unit_test(established_single_octets_written_cost_little),
		cmocka_unit_test_prestate_setup_teardown(
			established_redirect_moves_what_is_under_way_if_it_may,
			attack_setup_learned, fx_teardown, &f),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
