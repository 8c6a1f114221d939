/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What strangers and old segments can do to a connection: RFC 5961, PAWS,
 * ICMP errors (RFC 5927), path MTU, and urgent data.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>

#include "attack.h"
#include "tcp_peer.h"

static u8 big[65536];

static struct tcp_sock *tsk(const struct tp *t)
{
	return tcp_sk(tp_sk(t));
}

/* ---- RST, SYN --------------------------------------------------------- */

/* @req 5961-3a @req 5961-3b @req 5961-3c @attack B1 @req RFC9293:SHLD-2 */
static void established_reset_must_be_exact(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	tp_send(&t, "R", 2, 0, NULL, 0);		/* inside */
	tp_expect(&t, "A", 1, 1, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_CHALLENGEACK), 1);
	tp_send(&t, "R", 0, 0, NULL, 0);		/* before */
	tp_send(&t, "R", 70000, 0, NULL, 0);		/* beyond */
	tp_send(&t, "RA", -7u, 1, NULL, 0);
	tp_silence(&t);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_send(&t, "R", 1, 0, "why not", 7);		/* with text */
	tp_silence(&t);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_error(&t), ECONNRESET);
	tp_close(&t);
}

/* Linux believes a RST at the right edge of what it has SACKed; here only RCV.NXT
 * counts. @attack B2 */
static void established_reset_at_a_sacked_edge_is_challenged(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	t.sack = true;
	tp_passive(&t);
	tp_send(&t, "PA", 1001, 1, "beyond the hole", 15);
	tp_expect(&t, "A", 1, 1, 0);
	tp_send(&t, "R", 1016, 0, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_CHALLENGEACK), 1);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_close(&t);
}

/* @req 5961-7a @req 5961-7b @attack B5 @attack B6 */
static void established_challenge_acks_are_limited(void **state)
{
	struct tp t;
	u32 i, n = 0;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	for (i = 0; i < 1000; i++) {
		tp_send(&t, "R", 2 + i, 0, NULL, 0);
		t.f.now_ns += 10 * FX_MS;
		n += fx_flush(&t.f);
	}
	/* two a second, for ten seconds */
	assert_in_range(n, 18, 21);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_ACKSKIPPEDCHALLENGE) > 900);
	tp_close(&t);
}

/* With a limit for the whole stack, nobody can count it. */
/* @req 5961-7b @attack B5 */
static void challenge_ack_limit_is_random_each_second(void **state)
{
	u32 i, k, n[8], same = 0;
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_challenge_ack_limit", "100");
	fx_sysctl(&t.f, "net.ipv4.tcp_invalid_ratelimit", "0");
	tp_passive(&t);
	for (k = 0; k < 8; k++) {
		for (i = n[k] = 0; i < 300; i++) {
			tp_send(&t, "R", 2, 0, NULL, 0);
			n[k] += fx_flush(&t.f);
		}
		assert_in_range(n[k], 50, 150);
		same += k && n[k] == n[k - 1];
		fx_advance(&t.f, FX_SEC);
	}
	assert_true(same < 3);
	fx_sysctl(&t.f, "net.ipv4.tcp_challenge_ack_limit", "1");
	for (k = 0; k < 8; k++) {	/* never none: a SYN-ACK sent again */
		fx_advance(&t.f, FX_SEC);
		tp_send(&t, "R", 2, 0, NULL, 0);
		tp_send(&t, "R", 2, 0, NULL, 0);
		assert_int_equal(fx_flush(&t.f), 1);
	}
	tp_close(&t);
}

/* @req 5961-4 @req 9293-SM-17 @attack B3 */
static void established_syn_is_challenged_wherever_it_is(void **state)
{
	static const u32 seq[] = { 0, 1, 5, -100u, 70000, 0x80000000u };
	struct tp t;
	size_t i;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	for (i = 0; i < ARRAY_SIZE(seq); i++) {
		tp_send(&t, i & 1 ? "S" : "SA", seq[i], 1, NULL, 0);
		tp_expect(&t, "A", 1, 1, 0);
		tp_silence(&t);
		assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
		fx_advance(&t.f, FX_SEC);
	}
	tp_close(&t);
}

/* The peer rebooted: our ACK to its SYN makes it reset us, then it connects. */
/* @req 9293-SM-19 */
static void established_half_open_is_recovered(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	t.iss += 0x5000000;
	tp_send(&t, "S", 0, 0, NULL, 0);
	tp_next(&t);					/* challenge */
	assert_int_equal(t.p.tcp->flags, TCPHDR_ACK);
	t.iss = ntohl(t.p.tcp->ack_seq);
	tp_send(&t, "R", 0, 0, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_error(&t), ECONNRESET);
	inet_close(t.s);
	t.s = NULL;
	t.iss += 0x5000000;
	tp_passive(&t);
	tp_close(&t);
}

/* Our own data meets a peer that forgot us. */
/* @req 9293-SM-19 */
static void established_data_to_rebooted_peer_aborts(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_write(&t, "x", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	tp_send(&t, "R", 1, 0, NULL, 0);
	assert_int_equal(tp_error(&t), ECONNRESET);
	tp_close(&t);
}

/* @attack T6 @req 9293-SM-5 */
static void established_segment_without_ack_is_dropped(void **state)
{
	static const char *const flags[] = { "", "F", "P", "U", "FPU" };
	struct tp t;
	size_t i;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		fx_mark(&t.f);
		tp_send(&t, flags[i], 1, 0, "x", 1);
		fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_NO_ACK_FLAG, 1);
		tp_silence(&t);
	}
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_read_nothing(&t);
	tp_close(&t);
}

/* ---- timestamps ------------------------------------------------------- */

static void open_ts(struct tp *t)
{
	tp_open(t);
	t->ts = true;
	tp_passive(t);
}

/* @req 7323-3.2a @req 7323-4.3 */
static void timestamps_are_echoed(void **state)
{
	struct tp t;

	(void)state;
	open_ts(&t);
	t.ts_val = 2000;
	tp_send(&t, "PA", 1, 1, "x", 1);
	tp_next(&t);
	assert_int_equal(t.opt.rcv_tsecr, 2000);
	/* of a delayed ACK: the first segment's, since Last.ACK.sent counts */
	inet_csk(tp_sk(&t))->icsk_ack.quick = 0;
	t.ts_val = 3000;
	tp_send(&t, "A", 2, 1, "x", 1);
	t.ts_val = 4000;
	tp_send(&t, "A", 3, 1, "x", 1);
	fx_advance(&t.f, 200 * FX_MS);
	tp_next(&t);
	assert_int_equal(t.opt.rcv_tsecr, 3000);
	tp_close(&t);
}

/* @req 7323-5.3a @req 7323-5.2 */
static void timestamps_old_segment_is_answered_and_dropped(void **state)
{
	struct tp t;

	(void)state;
	open_ts(&t);
	t.ts_val -= 10;
	tp_send(&t, "PA", 1, 1, "old", 3);
	tp_expect(&t, "A", 1, 1, 0);
	tp_read_nothing(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_PAWSESTABREJECTED), 1);
	/* without text no more than one in 500 ms */
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_ACKSKIPPEDPAWS), 1);
	/* a RST is never checked so */
	tp_send(&t, "R", 1, 0, NULL, 0);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	tp_close(&t);
}

/* @req 7323-5.3b */
static void timestamps_of_24_days_ago_say_nothing(void **state)
{
	struct tp t;

	(void)state;
	open_ts(&t);
	t.f.now_ns += 25ull * 86400 * FX_SEC;
	t.ts_val -= 1000;
	tp_send(&t, "PA", 1, 1, "new", 3);
	fx_flush(&t.f);
	tp_read(&t, "new", 3);
	tp_close(&t);
}

/* @req 7323-3.2b */
static void timestamps_missing_segment_is_dropped_silently(void **state)
{
	struct tp t;

	(void)state;
	open_ts(&t);
	fx_mark(&t.f);
	tp_send_opt(&t, "A", 1, 1, NULL, 0);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_NO_TIMESTAMP, 1);
	tp_silence(&t);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	tp_send_opt(&t, "R", 1, 0, NULL, 0);		/* a RST may */
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	tp_close(&t);
}

/* @req 7323-3.2c */
static void timestamps_not_agreed_on_are_ignored(void **state)
{
	static const u8 opt[12] = { 1, 1, 8, 10, 0, 0, 0, 1 };
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send_opt(&t, "A", 1, 1, opt, 12);
	assert_int_equal(tsk(&t)->rx_opt.ts_recent, 0);
	tp_send(&t, "PA", 1, 1, "x", 1);
	tp_expect(&t, "A", 1, 2, 0);
	tp_close(&t);
}

/* @attack B8 @req 7323-4.3 */
static void timestamps_of_unacceptable_segments_are_not_kept(void **state)
{
	struct tp t;

	(void)state;
	open_ts(&t);
	t.ts_val += 1000000;
	tp_send(&t, "PA", 1, 5000, "evil", 4);		/* ack of unsent */
	tp_send(&t, "PA", 100000, 1, "evil", 4);	/* beyond */
	assert_int_equal(tsk(&t)->rx_opt.ts_recent, 1000);
	tp_close(&t);
}

/* @req 7323-7 @attack R2 */
static void timestamps_offset_differs_by_connection(void **state)
{
	struct tcp_seq_and_ts_off a, other_peer, other_port, later;
	struct net *net;
	struct tp t;

	(void)state;
	tp_open(&t);
	net = t.f.net;
	a = secure_tcp_seq_and_ts_off(net, FX_IP, FX_PEER, 1, 2);
	other_peer = secure_tcp_seq_and_ts_off(net, FX_IP, FX_STRANGER, 1, 2);
	other_port = secure_tcp_seq_and_ts_off(net, FX_IP, FX_PEER, 1, 3);
	assert_true(a.ts_off && a.ts_off != a.seq);
	assert_int_not_equal(a.ts_off, other_peer.ts_off);
	assert_int_not_equal(a.ts_off, other_port.ts_off);
	/* a tuple used again (RFC 6191) goes on from where it was */
	fx_advance(&t.f, FX_SEC);
	later = secure_tcp_seq_and_ts_off(net, FX_IP, FX_PEER, 1, 2);
	assert_int_equal(a.ts_off, later.ts_off);
	assert_int_not_equal(a.seq, later.seq);
	fx_sysctl(&t.f, "net.ipv4.tcp_timestamps", "0");
	later = secure_tcp_seq_and_ts_off(net, FX_IP, FX_PEER, 1, 2);
	assert_int_equal(later.ts_off, 0);
	tp_close(&t);
}

/* ---- ICMP ------------------------------------------------------------- */

/* @req 5927-1 @req 5927-2 @req RFC9293:MUST-56 @req RFC9293:SHLD-26
 * @req RFC9293:MUST-54 @req RFC9293:MUST-47 @req RFC9293:SHLD-25 @attack C3 */
/* @req RFC9293:SHLD-20 */
static void established_icmp_errors_are_soft(void **state)
{
	u32 code;
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	tp_write(&t, "x", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	for (code = 0; code <= NR_ICMP_UNREACH; code++)
		if (code != ICMP_FRAG_NEEDED)
			tp_icmp(&t, ICMP_DEST_UNREACH, (u8)code, 0, 1);
	tp_icmp(&t, ICMP_TIME_EXCEEDED, 0, 0, 1);
	tp_icmp(&t, ICMP_PARAMETERPROB, 0, 0, 1);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	assert_false(tp_poll(&t) & POLLERR);
	assert_int_equal(tp_error(&t), EPROTO);		/* who asks is told */
	/* and so is everybody when the connection dies of silence */
	tp_icmp(&t, ICMP_PARAMETERPROB, 0, 0, 1);
	fx_advance(&t.f, 2000 * FX_SEC);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_error(&t), EPROTO);
	tp_close(&t);
}

/* @req 5927-1 @attack C3 */
static void established_icmp_about_what_is_not_in_flight_is_forged(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	tp_write(&t, "x", 1);
	tp_expect(&t, "PA", 1, 1, 1);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 0);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 2);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 70000);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 600, 5000);
	assert_int_equal(tp_sk(&t)->sk_err_soft, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_OUTOFWINDOWICMPS), 4);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_pmtu_cookie, 1500);
	tp_close(&t);
}

/* @req RFC9293:MUST-55 @req 6633-1 @attack C7 */
static void established_source_quench_is_ignored(void **state)
{
	struct tp t;
	u32 cwnd;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	tp_write(&t, "x", 1);
	cwnd = tsk(&t)->snd_cwnd;
	tp_icmp(&t, ICMP_SOURCE_QUENCH, 0, 0, 1);
	assert_int_equal(tsk(&t)->snd_cwnd, cwnd);
	assert_int_equal(tp_sk(&t)->sk_err_soft, 0);
	tp_close(&t);
}

/* @attack B12 @req RFC9293:SHLD-26 @req RFC9293:MUST-56 */
static void syn_sent_only_hard_icmp_refuses(void **state)
{
	struct tp t;

	(void)state;
	tp_open_watched(&t);
	tp_connect(&t);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 5);
	assert_int_equal(tp_state(&t), TCP_SYN_SENT);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0, 0);
	tp_icmp(&t, ICMP_TIME_EXCEEDED, 0, 0, 0);
	assert_int_equal(tp_state(&t), TCP_SYN_SENT);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, 0);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_error(&t), ECONNREFUSED);
	tp_close(&t);
}

/* A soft error is what a connect() that times out reports. */
/* @req RFC9293:MUST-47 */
static void syn_sent_soft_icmp_is_told_at_the_end(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_connect(&t);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0, 0);
	fx_advance(&t.f, 400 * FX_SEC);
	assert_int_equal(tp_state(&t), TCP_CLOSE);
	assert_int_equal(tp_error(&t), EHOSTUNREACH);
	tp_close(&t);
}

/* @req 7323-5.7 @req RFC9293:MUST-16 @req 1191-5 */
static void established_path_mtu_makes_smaller_segments(void **state)
{
	struct tp t;
	u32 n = 0, end = 1;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_write(&t, big, 5840);
	assert_int_equal(fx_flush(&t.f), 4);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000, 1);
	assert_int_equal(tsk(&t)->mss_cache, 960);
	/* all of it again at once, in pieces that fit */
	while (fx_pop(&t.f, &t.p)) {
		assert_true(t.p.ip_len <= 1000);
		n++;
		end = ntohl(t.p.tcp->seq) - t.irs + t.p.data_len;
	}
	assert_true(n >= 6 && end >= 5000);
	assert_true(tsk(&t)->snd_cwnd >= 10);
	tp_send(&t, "A", 1, 5841, NULL, 0);
	assert_int_equal(tsk(&t)->packets_out, 0);
	tp_close(&t);
}

/* Another connection has met a narrower path: who has nothing in flight, and so
 * believes no ICMP, sends what fits all the same. */
/* @req 1191-5 */
static void established_path_mtu_of_another_connection_is_known(void **state)
{
	struct dst_entry *dst;
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	dst = rcu_access_pointer(tp_sk(&t)->sk_dst_cache);
	dst->ops->update_pmtu(dst, tp_sk(&t), NULL, 1000);
	tp_write(&t, big, 2880);
	tp_expect(&t, "A", 1, 1, 960);
	tp_expect(&t, "A", 961, 1, 960);
	tp_expect(&t, "PA", 1921, 1, 960);
	tp_close(&t);
}

/* ... and so does who had more to send than the window was open for. */
/* @req 1191-5 */
static void established_path_mtu_of_another_connection_cuts_what_waits(void **state)
{
	struct dst_entry *dst;
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_write(&t, big, 20000);
	assert_int_equal(fx_flush(&t.f), 10);
	dst = rcu_access_pointer(tp_sk(&t)->sk_dst_cache);
	dst->ops->update_pmtu(dst, tp_sk(&t), NULL, 1000);
	tp_send(&t, "A", 1, 14601, NULL, 0);
	tp_expect(&t, "A", 14601, 1, 960);
	tp_expect(&t, "PA", 15561, 1, 500);	/* the end of a row */
	tp_expect(&t, "A", 16061, 1, 960);
	fx_flush(&t.f);
	tp_close(&t);
}

/* Duplicate ACKs that were counted before the path became narrower are forgotten
 * with the first ACK of something new: what is in flight is never less than
 * nothing, and the window stays open. */
static void disorder_path_mtu_then_partial_ack_sends_on(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_NODELAY, 1);
	tp_write(&t, big, 1460);
	for (i = 0; i < 4; i++)
		tp_write(&t, big, 100);
	assert_int_equal(fx_flush(&t.f), 5);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_silence(&t);
	assert_int_equal(tsk(&t)->sacked_out, 2);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000, 1);
	tp_expect(&t, "A", 1, 1, 960);
	tp_expect(&t, "PA", 961, 1, 500);
	tp_silence(&t);
	tp_send(&t, "A", 1, 1761, NULL, 0);	/* all but the last */
	tp_write(&t, big, 100);
	tp_expect(&t, "PA", 1861, 1, 100);
	tp_send(&t, "A", 1, 1961, NULL, 0);
	tp_close(&t);
}

/* It becomes narrower once more: what was sent in between is lost too, and all
 * is not well before it is acknowledged. */
static void loss_path_mtu_again_lasts_longer(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_write(&t, big, 1460);
	assert_int_equal(fx_flush(&t.f), 1);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000, 1);
	assert_int_equal(fx_flush(&t.f), 2);
	tp_write(&t, big, 1920);
	assert_int_equal(fx_flush(&t.f), 2);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 600, 1);
	fx_flush(&t.f);
	tp_send(&t, "A", 1, 2421, NULL, 0);	/* not the last 960 */
	assert_true(tsk(&t)->lost_out > 0);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_ca_state, TCP_CA_Loss);
	tp_send(&t, "A", 1, 3381, NULL, 0);
	assert_int_equal(tsk(&t)->lost_out, 0);
	tp_close(&t);
}

/* @attack C4 */
static void established_path_mtu_lies_are_bounded(void **state)
{
	static const u32 mtu[] = { 1, 67, 68, 296, 551 };
	struct tp t;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(mtu); i++) {
		tp_open_watched(&t);
		attack_allow(&t.f, UINT32_MAX);
		tp_passive(&t);
		tp_write(&t, big, 1460);
		tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu[i], 1);
		assert_true(tsk(&t)->mss_cache >= 552 - 40);
		/* never up again by an error */
		tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 65535, 1);
		assert_true(tsk(&t)->mss_cache <= 1460);
		tp_send(&t, "A", 1, 1461, NULL, 0);
		tp_close(&t);
	}
}

/* Segments of @len octets go there and are acknowledged, then one that is not
 * yet; the next octet is returned. */
static u32 large_ones_arrive(struct tp *t, u32 len)
{
	tp_write(t, big, len);
	fx_flush(&t->f);
	tp_send(t, "A", 1, 1 + len, NULL, 0);
	tp_write(t, big, len);
	fx_flush(&t->f);
	return 1 + len;
}

/* What arrived proves the path: an error that denies it is believed only when
 * its segment is not acknowledged in time. @req 5927-3 @attack C4 */
static void established_path_mtu_is_not_lowered_while_there_is_progress(void **state)
{
	static const u32 mtu[] = { 0, 1, 67, 68, 296, 551, 1000, 1499 };
	struct tp t;
	size_t i;
	u32 next;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(mtu); i++) {
		tp_open_watched(&t);
		tp_passive(&t);
		next = large_ones_arrive(&t, 1460);
		tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu[i], next);
		tp_silence(&t);
		assert_int_equal(tsk(&t)->mss_cache, 1460);
		tp_send(&t, "A", 1, next + 1460, NULL, 0);	/* progress */
		assert_int_equal(tsk(&t)->ptb_mtu, 0);
		tp_write(&t, big, 1460);
		tp_expect(&t, "PA", next + 1460, 1, 1460);
		fx_advance(&t.f, FX_SEC / 4);	/* lost, but not for its size */
		tp_expect(&t, "PA", next + 1460, 1, 1460);
		tp_close(&t);
	}
}

/* The path did become narrower: after one timeout it is believed, for ten
 * minutes, but never below 552 octets. @req 5927-3 @attack C4 */
static void established_path_mtu_is_lowered_when_the_segment_times_out(void **state)
{
	static const u32 mtu[] = { 0, 68, 551, 1000 };
	static const u32 mss[] = { 512, 512, 512, 960 };
	struct tp t;
	size_t i;
	u32 next;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(mtu); i++) {
		tp_open_watched(&t);
		tp_passive(&t);
		next = large_ones_arrive(&t, 1460);
		tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu[i], next);
		tp_silence(&t);
		fx_advance(&t.f, FX_SEC / 4);
		tp_expect(&t, "A", next, 1, mss[i]);
		assert_int_equal(tsk(&t)->mss_cache, mss[i]);
		tp_send(&t, "A", 1, next + 1460, NULL, 0);
		tp_write(&t, big, mss[i]);
		fx_flush(&t.f);
		tp_send(&t, "A", 1, next + 1460 + mss[i], NULL, 0);
		/* a lower one would have to wait again, a higher is no news */
		tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 65535, next);
		assert_int_equal(tsk(&t)->mss_cache, mss[i]);
		fx_advance(&t.f, 600 * FX_SEC);
		tp_write(&t, big, 1460);
		tp_expect(&t, "PA", next + 1460 + mss[i], 1, 1460);
		tp_close(&t);
	}
}

/* ---- urgent data ------------------------------------------------------ */

static int at_mark(struct tp *t)
{
	int mark = -1;

	assert_int_equal(inet_ioctl(t->s, SIOCATMARK, &mark), 0);
	return mark;
}

/* @req RFC9293:MUST-30 @req RFC9293:MUST-32 @req RFC9293:MUST-33
 * @req 6093-1 @attack T7 */
static void urgent_octet_is_apart_from_the_stream(void **state)
{
	struct tp t;
	char buf[8];

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	t.urg_ptr = 4;			/* behind "abcX" */
	tp_send(&t, "UPA", 1, 1, "abcXde", 6);
	t.urg_ptr = 0;
	assert_true(tp_poll(&t) & POLLPRI);
	assert_int_equal(at_mark(&t), 0);
	/* a read stops at the mark */
	assert_int_equal(inet_recv(t.s, buf, 8, 0), 3);
	assert_memory_equal(buf, "abc", 3);
	assert_int_equal(at_mark(&t), 1);
	assert_int_equal(inet_recv(t.s, buf, 1, MSG_OOB | MSG_PEEK), 1);
	assert_int_equal(inet_recv(t.s, buf, 1, MSG_OOB), 1);
	assert_int_equal(buf[0], 'X');
	assert_int_equal(inet_recv(t.s, buf, 1, MSG_OOB), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_recv(t.s, buf, 8, 0), 2);
	assert_memory_equal(buf, "de", 2);
	assert_int_equal(at_mark(&t), 0);
	tp_close(&t);
}

/* @req RFC9293:MUST-30 @attack T7 */
static void urgent_octet_inline_is_in_its_place(void **state)
{
	struct tp t;
	char buf[8];

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	tp_setsockopt(&t, SOL_SOCKET, SO_OOBINLINE, 1);
	t.urg_ptr = 4;
	tp_send(&t, "UPA", 1, 1, "abcXde", 6);
	assert_int_equal(inet_recv(t.s, buf, 8, 0), 3);
	assert_int_equal(at_mark(&t), 1);
	assert_int_equal(inet_recv(t.s, buf, 8, 0), 3);
	assert_memory_equal(buf, "Xde", 3);
	assert_int_equal(inet_recv(t.s, buf, 1, MSG_OOB), -1);
	assert_int_equal(errno, EINVAL);
	tp_close(&t);
}

/* The pointer comes before its octet. */
/* @req RFC9293:MUST-31 @req RFC9293:MUST-32 */
static void urgent_pointer_ahead_of_its_octet_is_waited_for(void **state)
{
	struct tp t;
	char buf[8];

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	t.urg_ptr = 10;
	tp_send(&t, "UA", 1, 1, "abc", 3);
	assert_int_equal(inet_recv(t.s, buf, 1, MSG_OOB), -1);
	assert_int_equal(errno, EAGAIN);
	t.urg_ptr = 0;
	tp_send(&t, "PA", 4, 1, "defghiX", 7);
	assert_int_equal(inet_recv(t.s, buf, 1, MSG_OOB), 1);
	assert_int_equal(buf[0], 'X');
	tp_read(&t, "abcdefghi", 9);
	tp_read_nothing(&t);
	tp_close(&t);
}

/* @req RFC9293:MUST-62 @req RFC9293:MUST-30 */
static void urgent_send_points_behind_the_octet(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	assert_int_equal(inet_send(t.s, "abX", 3, MSG_OOB), 3);
	fx_run(&t.f);
	tp_expect(&t, "UPA", 1, 1, 3);
	assert_int_equal(ntohs(t.p.tcp->urg_ptr), 3);
	tp_send(&t, "A", 1, 4, NULL, 0);
	tp_write(&t, "c", 1);
	tp_expect(&t, "PA", 4, 1, 1);	/* no URG any more */
	/* what is urgent does not wait for that to be acknowledged (Nagle) */
	assert_int_equal(inet_send(t.s, "Y", 1, MSG_OOB), 1);
	fx_run(&t.f);
	tp_expect(&t, "UPA", 5, 1, 1);
	tp_close(&t);
}

/* Pointers of every kind, with and without text, cannot confuse it. */
/* @attack T7 */
static void urgent_pointer_lies_do_no_harm(void **state)
{
	static const u16 ptr[] = { 0, 1, 2, 3, 100, 0x7fff, 0x8000, 65535 };
	struct tp t;
	u32 seq = 1, i, got = 0;
	char buf[64];
	ssize_t n;

	(void)state;
	tp_open_watched(&t);
	tp_passive(&t);
	for (i = 0; i < 2000; i++) {
		t.urg_ptr = ptr[i % ARRAY_SIZE(ptr)];
		tp_send(&t, i % 3 ? "UA" : "UPA", seq, 1, "0123456789",
			i % 11 ? 10 : 0);
		seq += i % 11 ? 10 : 0;
		if (i % 5 == 0)
			inet_recv(t.s, buf, 1, MSG_OOB);
		at_mark(&t);
		while (i % 7 == 0 && (n = inet_recv(t.s, buf, 64, 0)) > 0)
			got += (u32)n;
		fx_flush(&t.f);
	}
	while ((n = inet_recv(t.s, buf, 64, 0)) > 0)
		got += (u32)n;
	/* each octet is either in the stream or was one of the urgent ones */
	assert_true(got <= seq - 1 && got >= seq - 1 - 2000);
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	t.urg_ptr = 5;
	tp_send(&t, "UFA", seq, 1, NULL, 0);
	tp_send(&t, "URA", seq + 1, 1, NULL, 0);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(established_reset_must_be_exact),
		cmocka_unit_test(established_reset_at_a_sacked_edge_is_challenged),
		cmocka_unit_test(established_challenge_acks_are_limited),
		cmocka_unit_test(challenge_ack_limit_is_random_each_second),
		cmocka_unit_test(established_syn_is_challenged_wherever_it_is),
		cmocka_unit_test(established_half_open_is_recovered),
		cmocka_unit_test(established_data_to_rebooted_peer_aborts),
		cmocka_unit_test(established_segment_without_ack_is_dropped),
		cmocka_unit_test(timestamps_are_echoed),
		cmocka_unit_test(timestamps_old_segment_is_answered_and_dropped),
		cmocka_unit_test(timestamps_of_24_days_ago_say_nothing),
		cmocka_unit_test(timestamps_missing_segment_is_dropped_silently),
		cmocka_unit_test(timestamps_not_agreed_on_are_ignored),
		cmocka_unit_test(timestamps_of_unacceptable_segments_are_not_kept),
		cmocka_unit_test(timestamps_offset_differs_by_connection),
		cmocka_unit_test(established_icmp_errors_are_soft),
		cmocka_unit_test(established_icmp_about_what_is_not_in_flight_is_forged),
		cmocka_unit_test(established_source_quench_is_ignored),
		cmocka_unit_test(syn_sent_only_hard_icmp_refuses),
		cmocka_unit_test(syn_sent_soft_icmp_is_told_at_the_end),
		cmocka_unit_test(established_path_mtu_makes_smaller_segments),
		cmocka_unit_test(established_path_mtu_of_another_connection_is_known),
		cmocka_unit_test(established_path_mtu_of_another_connection_cuts_what_waits),
		cmocka_unit_test(disorder_path_mtu_then_partial_ack_sends_on),
		cmocka_unit_test(loss_path_mtu_again_lasts_longer),
		cmocka_unit_test(established_path_mtu_lies_are_bounded),
		cmocka_unit_test(
			established_path_mtu_is_not_lowered_while_there_is_progress),
		cmocka_unit_test(
			established_path_mtu_is_lowered_when_the_segment_times_out),
		cmocka_unit_test(urgent_octet_is_apart_from_the_stream),
		cmocka_unit_test(urgent_octet_inline_is_in_its_place),
		cmocka_unit_test(urgent_pointer_ahead_of_its_octet_is_waited_for),
		cmocka_unit_test(urgent_send_points_behind_the_octet),
		cmocka_unit_test(urgent_pointer_lies_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
