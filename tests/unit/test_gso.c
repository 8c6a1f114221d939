/* SPDX-License-Identifier: BSD-2-Clause */
/* GSO and TSO: when segments go down as one packet, and that nobody can tell
 * on the wire. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>

#include <inet/netfilter.h>

#include "core/gro.h"
#include "core/skbuff.h"
#include "tcp_peer.h"

#define MSS 1460u

/* A connection; its device cuts and sums itself if @tso. */
static void open_gso(struct tp *t, bool tso)
{
	tp_open(t);
	t->ws = 4;
	if (tso)
		t->f.dev->features |= NETIF_F_SG | NETIF_F_HW_CSUM |
				      NETIF_F_TSO;
	tp_passive(t);
	tp_setsockopt(t, SOL_SOCKET, SO_SNDBUF, 1 << 19);
}

/* The octets of tp_write_pattern() from @off on. */
static void assert_pattern(const u8 *data, u32 off, u32 len)
{
	u32 i;

	for (i = 0; i < len; i++)
		assert_int_equal(data[i], (u8)((off + i) * 7 + 1));
}

/* ---- what becomes one packet ------------------------------------------ */

static void full_segments_go_down_as_one_packet(void **state)
{
	struct tp t;

	(void)state;
	open_gso(&t, true);
	tcp_sk(tp_sk(&t))->snd_cwnd = 20;
	tp_write_pattern(&t, 5 * MSS + 17);
	tp_expect(&t, "PA", 1, 1, 5 * MSS + 17);
	assert_pattern(t.p.data, 0, 5 * MSS + 17);
	tp_silence(&t);
	assert_int_equal(tcp_sk(tp_sk(&t))->packets_out, 6);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_OUTSEGS), 7);	/* SYN */
	tp_send(&t, "A", 1, 1 + 5 * MSS + 17, NULL, 0);
	assert_int_equal(tcp_sk(tp_sk(&t))->packets_out, 0);
	tp_close(&t);
}

/* Half of the congestion window, so that two acknowledgments come back. */
static void windows_bound_the_packet(void **state)
{
	struct tp t;

	(void)state;
	open_gso(&t, true);
	tp_write_pattern(&t, 30 * MSS);
	tp_expect(&t, "PA", 1, 1, 5 * MSS);		/* the first window */
	tp_expect(&t, "PA", 1 + 5 * MSS, 1, 5 * MSS);
	tp_silence(&t);
	t.win = (4 * MSS + 100) >> 4;
	tp_send(&t, "A", 1, 1 + 10 * MSS, NULL, 0);
	tp_expect(&t, "PA", 1 + 10 * MSS, 1, 4 * MSS);	/* the peer's */
	tp_silence(&t);
	tp_close(&t);
}

static void packet_is_no_longer_than_ip_allows(void **state)
{
	u32 segs = (65535 - MAX_TCP_HEADER) / MSS;
	struct tp t;

	(void)state;
	open_gso(&t, true);
	tcp_sk(tp_sk(&t))->snd_cwnd = 1000;
	tp_write_pattern(&t, 100 * MSS);
	tp_expect(&t, "PA", 1, 1, segs * MSS);
	tp_next(&t);
	assert_true(t.p.data_len <= segs * MSS);
	tp_close(&t);
}

static void acks_of_one_round_open_for_one_packet(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	open_gso(&t, true);
	tp_write_pattern(&t, 30 * MSS);
	tp_expect(&t, "PA", 1, 1, 5 * MSS);
	tp_expect(&t, "PA", 1 + 5 * MSS, 1, 5 * MSS);
	for (i = 1; i <= 5; i++) {
		struct fx_ip ip = { 0 };
		u8 frame[FX_FRAME_MAX];
		struct tcp_seg_info seg = {
			.source = htons(t.pport), .dest = htons(t.lport),
			.seq = t.iss + 1, .ack_seq = t.irs + 1 + 2 * i * MSS,
			.flags = TCPHDR_ACK, .window = t.win,
		};
		u32 len = fx_build_tcp(frame, &ip, &seg, NULL, 0, NULL, 0);

		fx_queue(&t.f, t.f.dev, frame, len);
	}
	fx_run(&t.f);
	tcp_verify_all(t.f.net);
	tp_expect(&t, "PA", 1 + 10 * MSS, 1, 10 * MSS);
	tp_expect(&t, "PA", 1 + 20 * MSS, 1, 10 * MSS);
	tp_silence(&t);
	tp_close(&t);
}

static void urgent_data_is_sent_segment_by_segment(void **state)
{
	struct tp t;

	(void)state;
	open_gso(&t, true);
	tp_write_pattern(&t, 10 * MSS);
	tp_expect(&t, "PA", 1, 1, 5 * MSS);
	tp_expect(&t, "PA", 1 + 5 * MSS, 1, 5 * MSS);
	tp_write_pattern(&t, 3 * MSS - 1);
	assert_int_equal(inet_send(t.s, "!", 1, MSG_OOB), 1);
	fx_run(&t.f);
	tp_send(&t, "A", 1, 1 + 10 * MSS, NULL, 0);
	tp_expect(&t, "UA", 1 + 10 * MSS, 1, MSS);
	tp_expect(&t, "UA", 1 + 11 * MSS, 1, MSS);
	tp_expect(&t, "UPA", 1 + 12 * MSS, 1, MSS);
	tp_close(&t);
}

static void feature_off_means_segments(void **state)
{
	struct tp t;

	(void)state;
	open_gso(&t, true);
	assert_int_equal(inet_netdev_set_feature(t.f.dev, "gso", false), 0);
	tp_write_pattern(&t, 3 * MSS);
	tp_expect(&t, "A", 1, 1, MSS);
	tp_expect(&t, "A", 1 + MSS, 1, MSS);
	tp_expect(&t, "PA", 1 + 2 * MSS, 1, MSS);
	tp_close(&t);
}

/* Two writes, the first with PSH at its end, go down together. */
static void what_was_pushed_does_not_end_the_packet(void **state)
{
	const int on = 1, off = 0;
	struct tp t;

	(void)state;
	open_gso(&t, true);
	tcp_sk(tp_sk(&t))->snd_cwnd = 20;
	inet_setsockopt(t.s, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
	tp_write_pattern(&t, 100);
	inet_setsockopt(t.s, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	tp_expect(&t, "PA", 1, 1, 100);
	t.win = 0;
	tp_send(&t, "A", 1, 101, NULL, 0);
	tp_write_pattern(&t, 2 * MSS);
	tp_write_pattern(&t, 2 * MSS);
	tp_silence(&t);
	t.win = 4096;
	tp_send(&t, "A", 1, 101, NULL, 0);
	tp_expect(&t, "PA", 101, 1, 4 * MSS);
	tp_close(&t);
}

/* As much as the connection sends in a millisecond, and the more the nearer the peer
 * is. */
static void slow_connections_send_small_packets(void **state)
{
	struct tp t;

	(void)state;
	for (u32 least = 2; least <= 6; least += 4) {
		open_gso(&t, true);
		inet_sysctl_set(t.f.net, "net.ipv4.tcp_min_tso_segs",
				least == 2 ? "2" : "6");
		tcp_sk(tp_sk(&t))->snd_cwnd = 24;
		tcp_sk(tp_sk(&t))->srtt_us = 100000 << 3;
		tcp_sk(tp_sk(&t))->rtt_min_us = 100000;
		tp_write_pattern(&t, 12 * MSS);
		tp_expect(&t, "PA", 1, 1, least * MSS);
		tp_expect(&t, "PA", 1 + least * MSS, 1, least * MSS);
		fx_flush(&t.f);
		tp_send(&t, "A", 1, 1 + 12 * MSS, NULL, 0);
		tcp_sk(tp_sk(&t))->srtt_us = 1100 << 3;
		tcp_sk(tp_sk(&t))->rtt_min_us = 1100;
		tcp_sk(tp_sk(&t))->snd_cwnd = 200;
		tp_write_pattern(&t, 30 * MSS);
		tp_next(&t);
		/* a quarter of 64 kB, and what 400 segments a round trip are */
		assert_true(t.p.data_len > 11 * MSS);
		tp_close(&t);
	}
}

/* ---- the cut ---------------------------------------------------------- */

/* fx_watch: the driver stops its queue behind some frames. */
struct stopper {
	struct fx_watch watch;
	struct net_device *dev;
	u32 after;
};

static bool stopper_sent(struct fx_watch *w, struct fx *f, const u8 *frame,
			 u32 len)
{
	struct stopper *s = (struct stopper *)w;

	(void)f;
	(void)frame;
	(void)len;
	if (s->after && !--s->after)
		netif_tx_stop_queue(s->dev, 0);
	return false;
}

static void stopper_nothing(struct fx_watch *w, struct fx *f)
{
	(void)w;
	(void)f;
}

/* The driver takes two of five: the others wait, and go first. */
static void what_the_driver_refuses_keeps_its_place(void **state)
{
	struct stopper s = { { stopper_nothing, stopper_sent, stopper_nothing },
			     NULL, 2 };
	struct tp t;
	u32 i;

	(void)state;
	open_gso(&t, false);
	s.dev = t.f.dev;
	t.f.watch = &s.watch;
	tp_write_pattern(&t, 5 * MSS);
	tp_expect(&t, "A", 1, 1, MSS);
	tp_expect(&t, "A", 1 + MSS, 1, MSS);
	tp_silence(&t);
	tp_write_pattern(&t, 100);
	tp_silence(&t);
	netif_tx_wake_queue(t.f.dev, 0);
	fx_run(&t.f);
	for (i = 2; i < 5; i++) {
		tp_expect(&t, i == 4 ? "PA" : "A", 1 + i * MSS, 1, MSS);
		assert_pattern(t.p.data, i * MSS, MSS);
	}
	tp_expect(&t, "PA", 1 + 5 * MSS, 1, 100);
	t.f.watch = NULL;
	tp_close(&t);
}

/* Sent again while the first packet waits in the queue: both are whole. */
static void retransmission_does_not_touch_what_waits(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	open_gso(&t, false);
	netif_tx_stop_queue(t.f.dev, 0);
	tp_write_pattern(&t, 4 * MSS);
	tp_silence_for(&t, 5 * FX_SEC);
	/* the peer says, against all reason, that it has the first two */
	tp_send(&t, "A", 1, 1 + 2 * MSS, NULL, 0);
	tp_silence_for(&t, 5 * FX_SEC);
	netif_tx_wake_queue(t.f.dev, 0);
	fx_run(&t.f);
	for (i = 0; i < 4; i++) {
		tp_expect(&t, i == 3 ? "PA" : "A", 1 + i * MSS, 1, MSS);
		assert_pattern(t.p.data, i * MSS, MSS);
	}
	fx_advance(&t.f, 60 * FX_SEC);
	tp_next(&t);			/* the retransmission, by its timer */
	assert_int_equal(ntohl(t.p.tcp->seq) - t.irs, 1 + 2 * MSS);
	assert_pattern(t.p.data, 2 * MSS, MSS);
	tp_close(&t);
}

/* A netfilter hook that keeps a clone of the large packet. */
static struct sk_buff *kept;

static unsigned int keep_large(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *hook)
{
	(void)priv;
	(void)hook;
	if (!kept && skb->shinfo->gso_size)
		kept = skb_clone(skb);
	return NF_ACCEPT;
}

/* Cuts the clone, as whoever sends it to somebody else would. */
static void cut_kept(void)
{
	struct sk_buff *segs;

	skb_push(kept, ETH_HLEN);
	memset(kept->data, 0xee, ETH_HLEN);
	segs = skb_mac_gso_segment(kept, 0);
	assert_non_null(segs);
	kfree_skb_list_reason(segs, SKB_DROP_REASON_NOMEM);
	consume_skb(kept);
}

/* Of two packets with the same frames only one may write before them. */
static void clone_is_cut_while_the_segments_wait(void **state)
{
	struct nf_hook_ops ops = { .hook = keep_large,
				   .hooknum = NF_INET_POST_ROUTING };
	struct stopper s = { { stopper_nothing, stopper_sent, stopper_nothing },
			     NULL, 1 };
	struct tp t;
	u32 i;

	(void)state;
	open_gso(&t, false);
	kept = NULL;
	assert_int_equal(nf_register_net_hook(t.f.net, &ops), 0);
	s.dev = t.f.dev;
	t.f.watch = &s.watch;
	tp_write_pattern(&t, 4 * MSS);
	tp_expect(&t, "A", 1, 1, MSS);
	assert_non_null(kept);
	assert_int_equal(kept->len, 40 + 4 * MSS);
	cut_kept();
	netif_tx_wake_queue(t.f.dev, 0);
	fx_run(&t.f);
	for (i = 1; i < 4; i++) {
		tp_expect(&t, i == 3 ? "PA" : "A", 1 + i * MSS, 1, MSS);
		assert_memory_equal(t.p.eth->h_dest, fx_peer_mac, ETH_ALEN);
		assert_pattern(t.p.data, i * MSS, MSS);
	}
	nf_unregister_net_hook(t.f.net, &ops);
	t.f.watch = NULL;
	tp_close(&t);
}

/* ---- nobody can tell -------------------------------------------------- */

/* A step of a script that a seed writes. */
static u32 roll(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*seed >> 33) % n;
}

struct script {
	struct tp t;
	u64 seed;
	u32 acked;		/* highest, relative */
	u64 hash;
	u32 frames;
};

/* Takes what was sent into the hash: each octet of it, but for PSH and so the
 * checksum (which fx_pop() has looked at): a writer who finds the buffer full
 * pushes, and what he has to push is not the same. */
static void script_take(struct script *s)
{
	static struct fx_pkt p;
	struct tcphdr *th;
	u32 i;

	while (fx_pop(&s->t.f, &p)) {
		assert_true(p.ip_len <= s->t.f.dev->mtu);
		assert_non_null(p.tcp);
		th = (struct tcphdr *)p.tcp;
		th->flags &= (u8)~TCPHDR_PSH;
		th->check = 0;
		s->frames++;
		for (i = 0; i < p.len; i++)
			s->hash = (s->hash ^ p.frame[i]) * 1099511628211ULL;
		s->hash = (s->hash ^ p.time_ns) * 1099511628211ULL;
	}
}

static void script_step(struct script *s)
{
	struct tcp_sock *tp = tcp_sk(tp_sk(&s->t));
	static u8 buf[40000];
	u32 i, len, sent;

	switch (roll(&s->seed, 8)) {
	case 0: case 1: case 2:
		len = 1 + roll(&s->seed, roll(&s->seed, 3) ? 20000 : 2000);
		for (i = 0; i < len; i++)
			buf[i] = (u8)(tp->write_seq + i);
		(void)inet_send(s->t.s, buf, len,
				roll(&s->seed, 4) ? 0 : MSG_MORE);
		fx_run(&s->t.f);
		break;
	case 3:
		fx_advance(&s->t.f, roll(&s->seed, 4) * 150 * FX_MS);
		break;
	default:
		if (!roll(&s->seed, 5))
			s->t.win = (u16)(roll(&s->seed, 65535) + 1);
		sent = tp->snd_nxt - s->t.irs;
		if (roll(&s->seed, 4))
			s->acked += roll(&s->seed, sent - s->acked + 1);
		tp_send(&s->t, "A", 1, s->acked, NULL, 0);
	}
	tcp_verify_all(s->t.f.net);
}

/* Runs a script. Return: the hash of all that was on the wire. */
static u64 run_script(u64 seed, bool gso, u32 mtu)
{
	struct script *s = calloc(1, sizeof(*s));
	u64 hash;
	u32 i;

	assert_non_null(s);
	s->seed = seed;
	s->acked = 1;
	tp_open(&s->t);
	s->t.f.dev->max_mtu = mtu;
	assert_int_equal(dev_set_mtu(s->t.f.dev, mtu), 0);
	s->t.mss = (u16)(mtu - 40);
	s->t.ts = seed & 1;
	assert_int_equal(dev_set_feature(s->t.f.dev, "gso", gso), 0);
	/* a writer pushes more often without: then it shows earlier, in the
	 * middle of a write, that the window was not used (RFC 2861) */
	fx_sysctl(&s->t.f, "net.ipv4.tcp_slow_start_after_idle", "0");
	/* what a full buffer takes goes by packets, too */
	fx_sysctl(&s->t.f, "net.ipv4.tcp_wmem", "4096 4194304 4194304");
	if (seed & 2)
		s->t.f.dev->features |= NETIF_F_SG;
	if (seed & 4)
		s->t.f.dev->features |= NETIF_F_HW_CSUM;
	tp_passive(&s->t);
	if (seed & 8)
		tp_setsockopt(&s->t, IPPROTO_TCP, TCP_NODELAY, 1);
	for (i = 0; i < 60; i++) {
		script_step(s);
		script_take(s);
	}
	(void)inet_shutdown(s->t.s, SHUT_WR);	/* unless it timed out */
	fx_run(&s->t.f);
	script_take(s);
	tp_close(&s->t);
	hash = s->hash + s->frames;
	free(s);
	return hash;
}

static void wire_is_the_same_with_and_without(void **state)
{
	static const u32 mtus[] = { 1500, 576, 9000 };
	u32 seed;

	(void)state;
	for (seed = 1; seed <= 300; seed++) {
		u32 mtu = mtus[seed % 3];

		if (run_script(seed, true, mtu) != run_script(seed, false, mtu))
			fail_msg("seed %u, mtu %u", seed, mtu);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_segments_go_down_as_one_packet),
		cmocka_unit_test(windows_bound_the_packet),
		cmocka_unit_test(packet_is_no_longer_than_ip_allows),
		cmocka_unit_test(acks_of_one_round_open_for_one_packet),
		cmocka_unit_test(urgent_data_is_sent_segment_by_segment),
		cmocka_unit_test(feature_off_means_segments),
		cmocka_unit_test(what_was_pushed_does_not_end_the_packet),
		cmocka_unit_test(slow_connections_send_small_packets),
		cmocka_unit_test(what_the_driver_refuses_keeps_its_place),
		cmocka_unit_test(retransmission_does_not_touch_what_waits),
		cmocka_unit_test(clone_is_cut_while_the_segments_wait),
		cmocka_unit_test(wire_is_the_same_with_and_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
