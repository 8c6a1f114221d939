/* SPDX-License-Identifier: BSD-2-Clause */
/* GRO: what becomes one packet, what does not, and that nobody can tell. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "core/skbuff.h"
#include "core/softnet.h"
#include "tcp_peer.h"

#define MSS 1448u
#define TEXT_MAX (64 * MSS)

static u8 text[TEXT_MAX];

/* A connection over a device that merges, its first ACKs behind it. */
static void open_ts(struct tp *t, bool ts)
{
	u32 i;

	for (i = 0; i < sizeof(text); i++)
		text[i] = (u8)(i * 7 + 1);
	tp_open(t);
	t->ts = ts;
	assert_int_equal(dev_set_feature(t->f.dev, "gro", true), 0);
	tp_passive(t);
	fx_mark(&t->f);
}

static void open_merging(struct tp *t)
{
	open_ts(t, true);
}

/* Octets from @seq on, as the peer's stream has them. */
static const u8 *text_at(u32 seq)
{
	return text + seq - 1;
}

static void queue_text(struct tp *t, const struct fx_ip *ip, const char *flags,
		       u32 seq, u32 len)
{
	tp_queue(t, ip, flags, seq, text_at(seq), len);
}

/* How many packets IPv4 has seen since the last question. */
static s64 packets(struct tp *t)
{
	s64 n = fx_mib_delta(&t->f, MIB_IP_INRECEIVES);

	fx_mark(&t->f);
	return n;
}

/* The stream of the peer is there up to @len. */
static void read_text(struct tp *t, u32 len)
{
	tp_read(t, text, len);
	fx_flush(&t->f);
	tp_close(t);
}

/* ---- what is merged --------------------------------------------------- */

/* What waits together is taken in before it is acknowledged: by one ACK.
 * @req RFC9293:MUST-59 */
static void row_of_full_segments_goes_up_once(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	open_merging(&t);
	for (i = 0; i < 20; i++)
		queue_text(&t, NULL, "A", 1 + i * MSS, MSS);
	fx_run(&t.f);
	assert_int_equal(packets(&t), 1);
	tp_expect(&t, "A", 1, 1 + 20 * MSS, 0);		/* one ACK for all */
	tp_silence(&t);
	assert_int_equal(tcp_sk(tp_sk(&t))->segs_in, 21);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_ack.rcv_mss, MSS);
	read_text(&t, 20 * MSS);
}

static void short_segment_joins_and_ends_the_row(void **state)
{
	struct tp t;

	(void)state;
	open_merging(&t);
	queue_text(&t, NULL, "A", 1, MSS);
	queue_text(&t, NULL, "A", 1 + MSS, 100);
	queue_text(&t, NULL, "A", 101 + MSS, MSS);
	fx_run(&t.f);
	assert_int_equal(packets(&t), 2);
	read_text(&t, 2 * MSS + 100);
}

static void push_and_fin_join_and_end_the_row(void **state)
{
	struct tp t;

	(void)state;
	open_merging(&t);
	queue_text(&t, NULL, "A", 1, MSS);
	queue_text(&t, NULL, "PA", 1 + MSS, MSS);
	queue_text(&t, NULL, "A", 1 + 2 * MSS, MSS);
	queue_text(&t, NULL, "FA", 1 + 3 * MSS, MSS);
	fx_run(&t.f);
	assert_int_equal(packets(&t), 2);
	tp_read(&t, text, 4 * MSS);
	tp_read_eof(&t);
	fx_flush(&t.f);
	tp_close(&t);
}

static void single_segments_are_left_as_they_are(void **state)
{
	struct tp t;

	(void)state;
	open_merging(&t);
	queue_text(&t, NULL, "PA", 1, 10);	/* not even held */
	fx_run(&t.f);
	queue_text(&t, NULL, "A", 11, MSS);	/* held and passed on */
	fx_run(&t.f);
	tp_queue(&t, NULL, "A", 11 + MSS, NULL, 0);
	tp_queue(&t, NULL, "A", 11 + MSS, NULL, 0);
	fx_run(&t.f);
	assert_int_equal(packets(&t), 4);
	assert_int_equal(tcp_sk(tp_sk(&t))->segs_in, 5);
	read_text(&t, 10 + MSS);
}

static void merged_packet_never_exceeds_what_ip_can_say(void **state)
{
	struct tp t;
	u32 i;

	(void)state;
	open_merging(&t);
	for (i = 0; i < 50; i++)
		queue_text(&t, NULL, "A", 1 + i * MSS, MSS);
	fx_run(&t.f);
	assert_int_equal(packets(&t), 2);	/* 44 segments, then 6 */
	read_text(&t, 50 * MSS);
}

/* Cut anywhere, at any alignment: frames in pieces merge as others do. */
static void pieces_and_alignments_merge_too(void **state)
{
	static const u32 cuts[] = { 0, 70, 700 };
	u32 align, c, i;
	struct tp t;

	(void)state;
	for (align = 0; align < 8; align++)
		for (c = 0; c < 3; c++) {
			open_merging(&t);
			t.f.rx_align = align;
			t.f.rx_cut = cuts[c];
			for (i = 0; i < 8; i++)
				queue_text(&t, NULL, "A", 1 + i * MSS, MSS);
			fx_run(&t.f);
			assert_true(packets(&t) < 8);
			fx_assert_no_drops(&t.f);
			read_text(&t, 8 * MSS);
		}
}

/* ---- what is not ------------------------------------------------------ */

/* A second segment that follows the first in the stream but differs. */
struct other {
	const char *name;
	struct fx_ip ip;
	const char *flags;
	u16 win;
	u32 ts_later;
};

static const struct other others[] = {
	{ .name = "ttl", .ip = { .ttl = 63 } },
	{ .name = "tos", .ip = { .tos = 4 } },
	{ .name = "DF", .ip = { .frag = 0x4000 } },
	{ .name = "identification", .ip = { .id = 77 } },
	{ .name = "CWR", .flags = "CA" },
	{ .name = "ECE", .flags = "EA" },
	{ .name = "window", .win = 1234 },
	{ .name = "timestamp", .ts_later = 1 },
};

/* @attack L9 */
static void header_that_says_something_new_ends_the_row(void **state)
{
	const struct other *o;
	struct tp t;

	(void)state;
	for (o = others; o < others + sizeof(others) / sizeof(*o); o++) {
		struct fx_ip first = { .id = 1 }, second = o->ip;

		if (!second.id)
			second.id = 2;
		open_merging(&t);
		queue_text(&t, &first, "A", 1, MSS);
		t.win = o->win ? o->win : t.win;
		t.ts_val += o->ts_later;
		queue_text(&t, &second, o->flags ? o->flags : "A", 1 + MSS,
			   MSS);
		fx_run(&t.f);
		if (packets(&t) != 2)
			fail_msg("merged: %s", o->name);
		read_text(&t, 2 * MSS);
	}
}

static void identification_without_meaning_is_not_looked_at(void **state)
{
	const struct fx_ip first = { .id = 1, .frag = 0x4000 };
	const struct fx_ip second = { .id = 77, .frag = 0x4000 };
	struct tp t;

	(void)state;
	open_merging(&t);
	queue_text(&t, &first, "A", 1, MSS);
	queue_text(&t, &second, "A", 1 + MSS, MSS);
	fx_run(&t.f);
	assert_int_equal(packets(&t), 1);
	read_text(&t, 2 * MSS);
}

/* A frame shorter than Ethernet's shortest has octets behind the packet: it goes
 * up behind what is held, not before. */
static void padded_segment_does_not_overtake(void **state)
{
	const struct fx_ip first = { .id = 1 }, second = { .id = 2 };
	u8 frame[FX_FRAME_MAX];
	struct tcp_seg_info seg;
	struct tp t;
	u32 len;

	(void)state;
	open_ts(&t, false);
	seg = (struct tcp_seg_info){
		.source = htons(t.pport), .dest = htons(t.lport),
		.seq = t.iss + 1 + MSS, .ack_seq = t.irs + 1,
		.flags = TCPHDR_ACK, .window = t.win,
	};
	queue_text(&t, &first, "A", 1, MSS);
	len = fx_build_tcp(frame, &second, &seg, NULL, 0, text_at(1 + MSS), 3);
	assert_true(len < ETH_ZLEN);
	memset(frame + len, 0, ETH_ZLEN - len);
	fx_queue(&t.f, t.f.dev, frame, ETH_ZLEN);
	fx_run(&t.f);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_OFOQUEUE), 0);
	assert_int_equal(packets(&t), 2);
	read_text(&t, MSS + 3);
}

/* A gap, an overlap, a repetition, a longer segment. */
static void text_that_does_not_follow_ends_the_row(void **state)
{
	static const struct {
		u32 seq, len;
	} second[] = {
		{ 1 + MSS + 1, MSS - 1 }, { 1 + MSS - 1, MSS }, { 1, MSS },
		{ 1 + MSS, MSS + 1 },
	};
	struct tp t;
	u32 i;

	(void)state;
	for (i = 0; i < sizeof(second) / sizeof(*second); i++) {
		open_merging(&t);
		queue_text(&t, NULL, "A", 1, MSS);
		queue_text(&t, NULL, "A", second[i].seq, second[i].len);
		fx_run(&t.f);
		assert_int_equal(packets(&t), 2);
		fx_flush(&t.f);
		tp_send(&t, "A", 1 + MSS, 1, text_at(1 + MSS), MSS);
		read_text(&t, 2 * MSS);
	}
}

/* What cannot be merged goes up at once, behind what is held of its flow: a
 * short segment that the link has padded (a FIN, the end of a text), or one with
 * options of IP. */
static void segment_that_cannot_merge_passes_none_of_its_flow(void **state)
{
	static const u8 nops[4] = { 1, 1, 1, 1 };
	static const struct fx_ip second[] = {
		{ .pad = 5 }, { .opt = nops, .opt_len = 4 },
	};
	struct tp t;
	u32 i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(second); i++) {
		open_ts(&t, false);
		queue_text(&t, NULL, "A", 1, MSS);
		queue_text(&t, &second[i], "FA", 1 + MSS, 1);
		fx_run(&t.f);
		assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_OFOQUEUE), 0);
		assert_int_equal(packets(&t), 2);
		tp_read(&t, text, MSS + 1);
		tp_read_eof(&t);
		fx_flush(&t.f);
		tp_close(&t);
	}
}

static void wrong_checksum_inside_a_row_is_counted_and_lost(void **state)
{
	const struct fx_ip bad = { .bad_l4_csum = true };
	struct tp t;

	(void)state;
	open_merging(&t);
	queue_text(&t, NULL, "A", 1, MSS);
	queue_text(&t, &bad, "A", 1 + MSS, MSS);
	queue_text(&t, NULL, "A", 1 + 2 * MSS, MSS);
	fx_run(&t.f);
	fx_assert_dropped(&t.f, SKB_DROP_REASON_TCP_CSUM, 1);
	fx_flush(&t.f);
	tp_send(&t, "A", 1 + MSS, 1, text_at(1 + MSS), MSS);
	read_text(&t, 3 * MSS);
}

/* More flows than a bucket holds: none is lost, none mixed. */
static void many_flows_share_the_buckets(void **state)
{
	struct tp t;
	u32 i, n;
	u16 port;

	(void)state;
	open_merging(&t);
	port = t.pport;
	for (i = 0; i < 2; i++) {
		for (n = 1; n <= 200; n++) {	/* strangers */
			t.pport = (u16)(port + n);
			queue_text(&t, NULL, "A", 1 + i * MSS, MSS);
		}
		t.pport = port;
		queue_text(&t, NULL, "A", 1 + i * MSS, MSS);
	}
	fx_run(&t.f);
	assert_true(fx_drop_delta(&t.f, SKB_DROP_REASON_TCP_FLAGS) >= 200);
	fx_flush(&t.f);
	read_text(&t, 2 * MSS);
}

/* ---- nobody can tell -------------------------------------------------- */

/* One random frame of the peer: mostly what comes next, sometimes something
 * odd that carries the right octets. Moves *@next. */
static void queue_random(struct tp *t, u64 *seed, u32 *next)
{
	static const char *const odd[] = { "PA", "CA", "EA", "A", "A" };
	struct fx_ip ip = { .id = (u16)(*next / MSS) };
	u32 seq = *next, len = MSS, r;

	*seed = *seed * 6364136223846793005ULL + 1;
	r = (u32)(*seed >> 33);
	if (seq + 2 * MSS > TEXT_MAX)
		return;
	switch (r % 16) {
	case 0:
		len = 1 + r / 16 % MSS;
		break;
	case 1:		/* from further back */
		seq -= min(seq - 1, r / 16 % (2 * MSS));
		break;
	case 2:		/* what comes later */
		seq += r / 16 % MSS;
		break;
	case 3:
		ip.ttl = 60;
		break;
	case 4:
		ip.tos = 8;
		break;
	case 5:
		ip.id = (u16)r;
		break;
	case 6:
		ip.bad_l4_csum = true;
		break;
	case 7:		/* never arrives */
		return;
	}
	queue_text(t, &ip, r % 16 > 12 ? odd[r / 16 % 5] : "A", seq, len);
	if (seq == *next && !ip.bad_l4_csum)
		*next += len;
}

/* The stream that a connection reads from batches of frames of a seed. */
static u32 read_random(u64 seed, bool gro, u8 *got)
{
	u32 next = 1, n = 0, batch;
	struct tp t;
	ssize_t r;

	open_ts(&t, seed & 1);
	assert_int_equal(dev_set_feature(t.f.dev, "gro", gro), 0);
	for (batch = 0; batch < 4; batch++) {
		u32 i;

		for (i = 0; i < 16; i++)
			queue_random(&t, &seed, &next);
		fx_run(&t.f);
		tcp_verify_all(t.f.net);
		while ((r = inet_recv(t.s, got + n, TEXT_MAX - n,
				      MSG_DONTWAIT)) > 0)
			n += (u32)r;
		fx_flush(&t.f);
	}
	assert_int_equal(tcp_sk(tp_sk(&t))->rcv_nxt - t.iss, n + 1);
	tp_close(&t);
	return n;
}

/* @attack L9 */
static void stream_is_the_same_with_and_without(void **state)
{
	static u8 with[TEXT_MAX], without[TEXT_MAX];
	u32 n, seed;

	(void)state;
	for (seed = 1; seed <= 300; seed++) {
		n = read_random(seed, true, with);
		if (n != read_random(seed, false, without) ||
		    memcmp(with, without, n) || memcmp(with, text, n))
			fail_msg("seed %u", seed);
	}
}

/* ---- forwarded -------------------------------------------------------- */

#define FAR FX_ADDR(10, 0, 1, 9)

static const u8 far_mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 0x19 };

/* A router whose second device is test1, 10.0.1.2/24; FAR is known there. */
static struct net_device *open_router(struct tp *t)
{
	static const u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 0, 0x12 };
	struct net_device *out;

	open_merging(t);
	out = fx_add_dev(&t->f, "test1", mac, "10.0.1.2/24");
	fx_sysctl(&t->f, "net.ipv4.ip_forward", "1");
	assert_int_equal(inet_neigh_add(out, "10.0.1.9 lladdr "
					"02:00:00:00:00:19 nud permanent"), 0);
	fx_advance(&t->f, 3 * FX_SEC);
	fx_flush(&t->f);
	fx_mark(&t->f);
	return out;
}

/* The frame is the text from @seq on, on its way to FAR. */
static void expect_forwarded(struct tp *t, u32 seq, u32 len, u16 id,
			     const char *flags)
{
	struct fx_pkt p;

	fx_expect(&t->f, &p);
	assert_memory_equal(p.eth->h_dest, far_mac, ETH_ALEN);
	assert_int_equal(p.ip->ttl, 63);
	assert_int_equal(ntohs(p.ip->id), id);
	assert_int_equal(p.ip_len, 52 + len);
	assert_non_null(p.tcp);			/* its checksum is right */
	assert_int_equal(ntohl(p.tcp->seq) - t->iss, seq);
	assert_int_equal(p.data_len, len);
	assert_memory_equal(p.data, text_at(seq), len);
	assert_int_equal(!!p.tcp->psh, !!strchr(flags, 'P'));
	assert_int_equal(!!p.tcp->fin, !!strchr(flags, 'F'));
}

static void merged_packet_that_is_forwarded_is_cut_again(void **state)
{
	struct fx_ip ip = { .daddr = FAR };
	struct tp t;
	u32 i;

	(void)state;
	open_router(&t);
	for (i = 0; i < 5; i++) {
		ip.id = (u16)(100 + i);
		queue_text(&t, &ip, i == 4 ? "FPA" : "A", 1 + i * MSS,
			   i == 4 ? 17 : MSS);
	}
	fx_run(&t.f);
	assert_int_equal(packets(&t), 1);
	for (i = 0; i < 5; i++)
		expect_forwarded(&t, 1 + i * MSS, i == 4 ? 17 : MSS,
				 (u16)(100 + i), i == 4 ? "FPA" : "A");
	fx_expect_silence(&t.f);
	tp_close(&t);
}

/* The way out is narrower: cut into segments, these into fragments, or the
 * sender is told when its packets say DF. */
static void merged_packet_meets_a_smaller_mtu(void **state)
{
	struct fx_ip ip = { .daddr = FAR, .id = 1 };
	struct net_device *out;
	struct fx_pkt p;
	u32 i, frags = 0;
	struct tp t;

	(void)state;
	out = open_router(&t);
	assert_int_equal(dev_set_mtu(out, 1000), 0);
	for (i = 0; i < 3; i++, ip.id++)
		queue_text(&t, &ip, "A", 1 + i * MSS, MSS);
	fx_run(&t.f);
	assert_int_equal(packets(&t), 1);
	while (fx_pop(&t.f, &p)) {
		assert_true(p.ip_len <= 1000);
		frags++;
	}
	assert_int_equal(frags, 6);
	ip.frag = 0x4000;
	for (i = 0; i < 3; i++)
		queue_text(&t, &ip, "A", 1 + i * MSS, MSS);
	fx_run(&t.f);
	fx_expect(&t.f, &p);
	assert_non_null(p.icmp);
	assert_int_equal(p.icmp->type, 3);
	assert_int_equal(p.icmp->code, 4);
	fx_expect_silence(&t.f);
	tp_close(&t);
}

/* ---- others look at it ------------------------------------------------ */

static struct sk_buff *seen;

static int keep_packet(struct sk_buff *skb, struct net_device *dev,
		       struct packet_type *pt, struct net_device *orig_dev)
{
	(void)dev;
	(void)pt;
	(void)orig_dev;
	if (!seen && skb->len > 2 * MSS)
		seen = skb;
	else
		consume_skb(skb);
	return 0;
}

/* TCP cuts an old front off a packet that a tap keeps: the tap's stays. */
static void tap_keeps_what_tcp_trims(void **state)
{
	struct packet_type pt = { .type = htons(3), .func = keep_packet };
	static u8 copy[3 * MSS];
	struct tp t;
	u32 i;

	(void)state;
	open_merging(&t);
	tp_send(&t, "A", 1, 1, text, 2 * MSS - 5);
	fx_flush(&t.f);
	seen = NULL;
	assert_int_equal(dev_add_pack(t.f.net, &pt), 0);
	for (i = 0; i < 3; i++)
		queue_text(&t, NULL, "A", 1 + i * MSS, MSS);
	fx_run(&t.f);
	dev_remove_pack(t.f.net, &pt);
	tp_read(&t, text, 3 * MSS);
	assert_non_null(seen);
	assert_int_equal(seen->len, 52 + 3 * MSS);
	assert_int_equal(skb_copy_bits(seen, 52, copy, 3 * MSS), 0);
	assert_memory_equal(copy, text, 3 * MSS);
	consume_skb(seen);
	fx_flush(&t.f);
	tp_close(&t);
}

static void feature_is_switched_by_name(void **state)
{
	struct tp t;

	(void)state;
	open_merging(&t);
	assert_int_equal(inet_netdev_get_feature(t.f.dev, "gro"), 1);
	assert_int_equal(inet_netdev_set_feature(t.f.dev, "gro", false), 0);
	assert_int_equal(inet_netdev_get_feature(t.f.dev, "gro"), 0);
	queue_text(&t, NULL, "A", 1, MSS);
	queue_text(&t, NULL, "A", 1 + MSS, MSS);
	fx_run(&t.f);
	assert_int_equal(packets(&t), 2);
	assert_int_equal(inet_netdev_set_feature(t.f.dev, "lro", true), -1);
	assert_int_equal(errno, EINVAL);
	assert_string_equal(inet_strerror(t.f.net), "lro: no such feature; "
			    "there are: rx, tx, sg, tso, "
			    "tx-tcp-ecn-segmentation, tx-udp-segmentation, gso, "
			    "gro, rxvlan, txvlan, rx-vlan-filter");
	assert_int_equal(inet_netdev_set_feature(t.f.dev, "tso", true), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_string_equal(inet_strerror(t.f.net),
			    "test0: tso: is fixed");
	assert_int_equal(inet_netdev_set_feature(t.f.dev, "tso", false), 0);
	assert_int_equal(inet_netdev_set_feature(NULL, "gro", true), -1);
	read_text(&t, 2 * MSS);
}

/* A poll that used its budget up holds a row; the device goes down before the
 * next one. What it held has come too early or too late, but not to stay. */
static void device_down_lets_go_of_what_is_held(void **state)
{
	struct fx_dev *d;
	struct tp t;
	u32 i;

	(void)state;
	open_merging(&t);
	d = t.f.devs[0];
	fx_sysctl(&t.f, "net.core.netdev_budget", "64");
	for (i = 0; i < 80; i++)
		queue_text(&t, NULL, "A", 1 + 100 * i, 100);
	rcu_read_lock(&t.f.net->rcu);
	net_rx_action(t.f.net->softnets);
	rcu_read_unlock(&t.f.net->rcu);
	assert_true(d->queue[0].napi.gro_bitmask);
	assert_int_equal(fx_mib_delta(&t.f, MIB_SOFTNET_TIMESQUEEZE), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_SOFTNET_PROCESSED), 64);
	fx_mark(&t.f);
	assert_int_equal(inet_netdev_down(t.f.dev), 0);
	assert_int_equal(d->queue[0].napi.gro_bitmask, 0);
	assert_true(fx_drop_delta(&t.f, SKB_DROP_REASON_DEV_READY) == 1);
	assert_int_equal(inet_netdev_up(t.f.dev), 0);
	fx_run(&t.f);
	fx_flush(&t.f);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(row_of_full_segments_goes_up_once),
		cmocka_unit_test(short_segment_joins_and_ends_the_row),
		cmocka_unit_test(push_and_fin_join_and_end_the_row),
		cmocka_unit_test(single_segments_are_left_as_they_are),
		cmocka_unit_test(merged_packet_never_exceeds_what_ip_can_say),
		cmocka_unit_test(pieces_and_alignments_merge_too),
		cmocka_unit_test(header_that_says_something_new_ends_the_row),
		cmocka_unit_test(
			identification_without_meaning_is_not_looked_at),
		cmocka_unit_test(padded_segment_does_not_overtake),
		cmocka_unit_test(text_that_does_not_follow_ends_the_row),
		cmocka_unit_test(
			segment_that_cannot_merge_passes_none_of_its_flow),
		cmocka_unit_test(
			wrong_checksum_inside_a_row_is_counted_and_lost),
		cmocka_unit_test(many_flows_share_the_buckets),
		cmocka_unit_test(stream_is_the_same_with_and_without),
		cmocka_unit_test(merged_packet_that_is_forwarded_is_cut_again),
		cmocka_unit_test(merged_packet_meets_a_smaller_mtu),
		cmocka_unit_test(tap_keeps_what_tcp_trims),
		cmocka_unit_test(feature_is_switched_by_name),
		cmocka_unit_test(device_down_lets_go_of_what_is_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
