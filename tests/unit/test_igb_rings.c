/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rings of the igb device: descriptors bit by bit, which no emulated card looks
 * at, checksums and segments, buffers that are short, completions that are late.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <inet/netdev.h>
#include <inet/socket.h>

#include "core/net.h"
#include "core/skbuff.h"
#include "igb_lab.h"

#define IP 14u
#define PAYLOAD_MAX 60000u

static union e1000_adv_tx_desc *tx_desc(struct igb_lab *l, u32 i)
{
	return &l->igb->q_vector[0].tx.desc[i];
}

static u32 cmd_of(struct igb_lab *l, u32 i)
{
	return le32_to_cpu(tx_desc(l, i)->read.cmd_type_len);
}

static u32 olinfo_of(struct igb_lab *l, u32 i)
{
	return le32_to_cpu(tx_desc(l, i)->read.olinfo_status);
}

/* ---- packets with open checksums -------------------------------------- */

static u32 sum16(const u8 *p, u32 len, u32 sum)
{
	for (u32 i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (u32)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put16(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

/* What is asked of packet(). */
struct spec {
	u8 proto;
	u32 options;		/* of IPv4, bytes */
	u32 tcp_options;
	u32 len;		/* of the payload */
	u32 mss;		/* 0: not to be cut */
	u8 flags;		/* of TCP */
	bool heap;		/* payload in ordinary memory */
};

/* Headers of @s at @f, its checksum open. Return: their length. */
static u32 put_headers(u8 *f, const struct spec *s)
{
	u32 ihl = 20 + s->options;
	u32 l4 = s->proto == IPPROTO_TCP ? 20 + s->tcp_options : 8;
	u32 total = ihl + l4 + s->len, sum;
	u8 *ip = f + IP, *th = ip + ihl;

	memset(f, 0, IP + ihl + l4);
	memcpy(f, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00",
	       14);
	ip[0] = (u8)(0x40 | ihl / 4);
	put16(ip + 2, total & 0xffff);
	put16(ip + 4, 0x1234);
	ip[8] = 64;
	ip[9] = s->proto;
	memcpy(ip + 12, "\x0a\x00\x00\x02\x0a\x00\x00\x01", 8);
	memset(ip + 20, 1, s->options);
	put16(ip + 10, ~sum16(ip, ihl, 0) & 0xffff);
	put16(th, 4000);
	put16(th + 2, 80);
	sum = sum16(ip + 12, 8, s->proto + l4 + s->len);
	if (s->proto == IPPROTO_TCP) {
		put16(th + 6, 100);
		th[12] = (u8)(l4 / 4 << 4);
		th[13] = s->flags ? s->flags : 0x18;
		memset(th + 20, 1, s->tcp_options);
		put16(th + 16, sum);
	} else {
		put16(th + 4, l4 + s->len);
		put16(th + 6, sum);
	}
	return IP + ihl + l4;
}

/* Appends the payload, in fragments as TCP makes them. */
static void put_payload(struct igb_lab *l, struct sk_buff *skb,
			const struct spec *s)
{
	u32 piece = s->mss ? s->mss : 1000;

	for (u32 off = 0; off < s->len; off += piece) {
		u32 n = min(piece, s->len - off);
		struct skb_shared_info *si = s->heap ?
			frame_alloc_heap(l->net, 2048) :
			frame_alloc(l->net, false);

		for (u32 i = 0; i < n; i++)
			si->frame[100 + i] = (u8)((off + i) * 7);
		assert_int_equal(skb_add_frag(skb, si, 100, n), 0);
	}
}

static struct sk_buff *packet(struct igb_lab *l, const struct spec *s)
{
	struct sk_buff *skb = alloc_skb(l->net, 300);
	u32 ihl = 20 + s->options, n;

	skb_reserve(skb, 64);
	n = put_headers(skb_put(skb, IP + ihl + (s->proto == IPPROTO_TCP ?
				20 + s->tcp_options : 8)), s);
	assert_int_equal(n, skb->len);
	put_payload(l, skb, s);
	skb->dev = l->dev;
	skb->protocol = htons(0x0800);
	skb_reset_mac_header(skb);
	skb->network_header = (u16)(64 + IP);
	skb->transport_header = (u16)(64 + IP + ihl);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u16)(64 + IP + ihl);
	skb->csum_offset = s->proto == IPPROTO_TCP ? 16 : 6;
	if (s->mss) {
		skb->shinfo->gso_size = (u16)s->mss;
		skb->shinfo->gso_segs = (u16)DIV_ROUND_UP(s->len, s->mss);
		skb->shinfo->gso_type = SKB_GSO_TCPV4;
	}
	return skb;
}

static void send_packet(struct igb_lab *l, const struct spec *s)
{
	assert_int_equal(dev_queue_xmit(packet(l, s)), 0);
	igb_lab_run(l);
}

/* Both sums of a frame that was sent are right. */
static void assert_sums(const struct dut_frame *f)
{
	const u8 *ip = f->bytes + IP;
	u32 ihl = (ip[0] & 15u) * 4, total = (u32)ip[2] << 8 | ip[3];

	assert_int_equal(total, f->len - IP);
	assert_int_equal(sum16(ip, ihl, 0), 0xffff);
	assert_int_equal(sum16(ip + ihl, total - ihl,
			       sum16(ip + 12, 8, ip[9] + total - ihl)), 0xffff);
}

/* ---- descriptors ------------------------------------------------------ */

static void frame_in_one_piece_is_one_descriptor(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	l->m->hold = true;
	assert_int_equal(igb_lab_send(l, 300, 1), 0);
	/* DTYP 3, EOP, IFCS, RS, DEXT; PAYLEN */
	assert_int_equal(cmd_of(l, 0), 0x2b300000 | 300);
	assert_int_equal(olinfo_of(l, 0), 300 << 14);
	assert_int_equal(igb_lab_reg(l, E1000_TDT(0)), 1);
	igb_model_complete(l->m);
	assert_int_equal(olinfo_of(l, 0), 1);
}

static void fragments_have_descriptors_of_their_own(void **state)
{
	const struct spec s = { .proto = IPPROTO_UDP, .len = 1300 };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	l->m->hold = true;
	dev_set_feature(l->dev, "tx", false);
	send_packet(l, &s);
	assert_int_equal(cmd_of(l, 0), 0x22300000 | 42);
	assert_int_equal(olinfo_of(l, 0), 1342 << 14);
	assert_int_equal(cmd_of(l, 1), 0x22300000 | 1000);
	assert_int_equal(olinfo_of(l, 1), 0);
	assert_int_equal(cmd_of(l, 2), 0x2b300000 | 300);
	assert_int_equal(olinfo_of(l, 2), 0);
	assert_int_equal(l->sent.nr, 1);
	assert_sums(&l->sent.frame[0]);
}

static void open_checksum_has_a_context(void **state)
{
	static const struct {
		u8 proto;
		u32 options, macip, tucmd;
	} rows[] = {
		{ IPPROTO_TCP, 0, 14 << 9 | 20, 0x20200c00 },
		{ IPPROTO_UDP, 0, 14 << 9 | 20, 0x20200400 },
		{ IPPROTO_TCP, 40, 14 << 9 | 60, 0x20200c00 },
	};
	struct igb_lab *l = *state;
	u32 at = 0;

	igb_lab_open(l);
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++, at += 3) {
		const struct spec s = { .proto = rows[i].proto, .len = 500,
					.options = rows[i].options };
		const struct e1000_adv_tx_context_desc *c =
			(void *)tx_desc(l, at);
		u32 head = 34 + s.options + (s.proto == IPPROTO_TCP ? 20 : 8);

		l->m->hold = true;
		send_packet(l, &s);
		assert_int_equal(le32_to_cpu(c->vlan_macip_lens),
				 rows[i].macip);
		assert_int_equal(c->seqnum_seed, 0);
		assert_int_equal(le32_to_cpu(c->type_tucmd_mlhl),
				 rows[i].tucmd);
		assert_int_equal(c->mss_l4len_idx, 0);
		assert_int_equal(cmd_of(l, at + 1), 0x22300000 | head);
		assert_int_equal(olinfo_of(l, at + 1),
				 (head + 500) << 14 | 1 << 9);
		igb_model_complete(l->m);
		igb_lab_run(l);
		assert_sums(&l->sent.frame[i]);
	}
}

static void context_that_the_card_has_is_not_sent_again(void **state)
{
	const struct spec tcp = { .proto = IPPROTO_TCP, .len = 100 };
	const struct spec udp = { .proto = IPPROTO_UDP, .len = 100 };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	for (u32 i = 0; i < 10; i++)
		send_packet(l, &tcp);
	assert_int_equal(l->m->contexts, 1);
	igb_lab_send(l, 100, 1);		/* needs none */
	send_packet(l, &tcp);
	assert_int_equal(l->m->contexts, 1);
	send_packet(l, &udp);
	send_packet(l, &tcp);
	assert_int_equal(l->m->contexts, 3);
	/* after a reset the card has none */
	assert_int_equal(inet_netdev_set_mtu(l->dev, 1400), 0);
	send_packet(l, &tcp);
	assert_int_equal(l->m->contexts, 4);
}

static void row_of_segments_is_cut_by_the_card(void **state)
{
	const struct spec s = { .proto = IPPROTO_TCP, .len = 5000, .mss = 1000,
				.tcp_options = 12 };
	const struct e1000_adv_tx_context_desc *c;
	struct igb_lab *l = *state;

	igb_lab_open(l);
	l->m->hold = true;
	send_packet(l, &s);
	c = (void *)tx_desc(l, 0);
	assert_int_equal(le32_to_cpu(c->mss_l4len_idx), 1000 << 16 | 32 << 8);
	/* TSE; PAYLEN without headers, TXSM, IXSM */
	assert_int_equal(cmd_of(l, 1), 0xa2300000 | 66);
	assert_int_equal(olinfo_of(l, 1), 5000 << 14 | 3 << 8);
	assert_int_equal(cmd_of(l, 6), 0xab300000 | 1000);
	assert_int_equal(olinfo_of(l, 6), 0);
	assert_int_equal(l->sent.nr, 5);
	for (u32 i = 0; i < 5; i++)
		assert_sums(&l->sent.frame[i]);
}

/* What the card cuts is what the stack cuts, byte for byte. */
static void segments_are_those_of_the_stack(void **state)
{
	static const struct spec specs[] = {
		{ .proto = IPPROTO_TCP, .len = 5000, .mss = 1000 },
		{ .proto = IPPROTO_TCP, .len = 5001, .mss = 1000 },
		{ .proto = IPPROTO_TCP, .len = 1001, .mss = 1000,
		  .tcp_options = 12, .flags = 0x99 },
		{ .proto = IPPROTO_TCP, .len = 40000, .mss = 1440,
		  .tcp_options = 12, .options = 8 },
		{ .proto = IPPROTO_TCP, .len = 20, .mss = 1, .tcp_options = 40 },
		{ .proto = IPPROTO_TCP, .len = 60000, .mss = 1460 },
	};
	struct igb_lab *l = *state;

	igb_lab_open(l);
	for (u32 i = 0; i < ARRAY_SIZE(specs); i++) {
		u32 nr;

		dut_frames_clear(&l->sent);
		dev_set_feature(l->dev, "tso", true);
		send_packet(l, &specs[i]);
		nr = l->sent.nr;
		assert_int_equal(nr, DIV_ROUND_UP(specs[i].len, specs[i].mss));
		dev_set_feature(l->dev, "tso", false);
		send_packet(l, &specs[i]);
		assert_int_equal(l->sent.nr, 2 * nr);
		for (u32 k = 0; k < nr; k++) {
			assert_int_equal(l->sent.frame[k].len,
					 l->sent.frame[nr + k].len);
			assert_memory_equal(l->sent.frame[k].bytes,
					    l->sent.frame[nr + k].bytes,
					    l->sent.frame[k].len);
			assert_sums(&l->sent.frame[k]);
		}
	}
}

/* The same frames with and without. */
static void open_checksums_are_those_of_the_stack(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	for (u32 len = 0; len < 200; len++) {
		const struct spec s = { .len = len, .proto = len % 2 ?
					IPPROTO_TCP : IPPROTO_UDP };

		dut_frames_clear(&l->sent);
		dev_set_feature(l->dev, "tx", len % 3);
		send_packet(l, &s);
		assert_int_equal(l->sent.nr, 1);
		assert_sums(&l->sent.frame[0]);
	}
}

/* ---- what the card does not do ---------------------------------------- */

/* Done in software: the frame that leaves is right all the same. */
static void headers_beyond_the_card_are_left_to_the_stack(void **state)
{
	struct spec s = { .proto = IPPROTO_TCP, .len = 100 };
	struct igb_lab *l = *state;
	struct sk_buff *skb;
	u64 asked = NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_SG;

	igb_lab_open(l);
	skb = packet(l, &s);
	assert_int_equal(igb_features_check(skb, l->dev, asked), asked);
	skb->data[12] = 0x86;			/* another ethertype */
	assert_int_equal(igb_features_check(skb, l->dev, asked), NETIF_F_SG);
	skb->data[12] = 0x08;
	skb->data[IP] = 0x65;			/* another version */
	assert_int_equal(igb_features_check(skb, l->dev, asked), NETIF_F_SG);
	skb->data[IP] = 0x44;			/* a header that is none */
	assert_int_equal(igb_features_check(skb, l->dev, asked), NETIF_F_SG);
	skb->data[IP] = 0x45;
	skb->data[IP + 6] = 0x20;		/* a fragment */
	assert_int_equal(igb_features_check(skb, l->dev, asked), NETIF_F_SG);
	skb->data[IP + 6] = 0;
	skb->data[IP + 9] = 132;		/* another transport */
	assert_int_equal(igb_features_check(skb, l->dev, asked), NETIF_F_SG);
	skb->data[IP + 9] = 6;
	skb->csum_start++;			/* another place */
	assert_int_equal(igb_features_check(skb, l->dev, asked), NETIF_F_SG);
	skb->csum_start--;
	skb->csum_offset = 6;			/* another field */
	assert_int_equal(igb_features_check(skb, l->dev, asked), NETIF_F_SG);
	skb->csum_offset = 16;
	skb->shinfo->gso_size = 50;
	skb->shinfo->gso_type = SKB_GSO_UDP_L4;	/* other rows */
	assert_int_equal(igb_features_check(skb, l->dev, asked), NETIF_F_SG);
	skb->shinfo->gso_type = SKB_GSO_TCPV4;
	assert_int_equal(igb_features_check(skb, l->dev, asked), asked);
	skb->data[IP + 20 + 12] = 0x40;		/* a TCP header that is none */
	assert_int_equal(igb_features_check(skb, l->dev, asked), NETIF_F_SG);
	skb->data[IP + 20 + 12] = 0xf0;		/* and one beyond the frame */
	assert_int_equal(igb_features_check(skb, l->dev, asked), NETIF_F_SG);
	kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
}

static void memory_that_the_card_does_not_see_is_copied(void **state)
{
	const struct spec s = { .proto = IPPROTO_TCP, .len = 10000, .mss = 1000,
				.heap = true };
	struct igb_lab *l = *state;

	igb_lab_open(l);
	send_packet(l, &s);
	assert_int_equal(l->sent.nr, 10);
	for (u32 i = 0; i < 10; i++) {
		assert_sums(&l->sent.frame[i]);
		for (u32 k = 0; k < 1000; k++)
			assert_int_equal(l->sent.frame[i].bytes[54 + k],
					 (u8)((i * 1000 + k) * 7));
	}
	assert_int_equal(igb_lab_stats(l).tx_errors, 0);
}

/* What frames hold before they are used is of no stack's business. */
static void dirty_pool(struct igb_lab *l)
{
	struct skb_shared_info *si[400];

	for (u32 i = 0; i < ARRAY_SIZE(si); i++) {
		si[i] = netdev_alloc_frame(l->dev);
		memset(si[i]->frame, 0xaa, 2048);
	}
	for (u32 i = 0; i < ARRAY_SIZE(si); i++)
		netdev_frame_put(si[i]);
}

static void frame_too_short_for_the_card_has_zeros_behind(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	dirty_pool(l);
	for (u32 len = 15; len < 20; len++) {
		dut_frames_clear(&l->sent);
		assert_int_equal(igb_lab_send(l, len, len), 0);
		igb_lab_run(l);
		assert_int_equal(l->sent.nr, 1);
		assert_int_equal(l->sent.frame[0].len, max(len, 17u));
		for (u32 i = len; i < 17; i++)
			assert_int_equal(l->sent.frame[0].bytes[i], 0);
	}
}

/* Without a frame to copy into the packet is lost, and counted. */
static void copy_without_memory_is_lost_and_counted(void **state)
{
	static struct skb_shared_info *hoard[4096];
	const struct spec s = { .proto = IPPROTO_TCP, .len = 10000, .mss = 1000,
				.heap = true };
	struct igb_lab *l = *state;
	struct sk_buff *skb;
	u32 nr = 0;

	igb_lab_open(l);
	skb = packet(l, &s);
	while ((hoard[nr] = netdev_alloc_frame(l->dev)))
		nr++;
	for (u32 keep = 0; keep < 4 && nr; keep++)
		netdev_frame_put(hoard[--nr]);
	assert_int_equal(dev_queue_xmit(skb), 0);
	igb_lab_run(l);
	assert_int_equal(l->sent.nr, 0);
	assert_int_equal(igb_lab_stats(l).tx_errors, 1);
	while (nr)
		netdev_frame_put(hoard[--nr]);
	igb_lab_assert_works(l);
}

/* ---- how the ring fills ----------------------------------------------- */

static void full_ring_stops_and_goes_on(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	l->m->hold = true;
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(igb_lab_send(l, 64, i), 0);
	assert_true(l->sent.nr < 256);		/* one stays free */
	l->m->hold = false;
	for (u32 i = 0; i < 100 && l->sent.nr < 1000; i++) {
		igb_model_complete(l->m);
		igb_lab_run(l);
	}
	assert_int_equal(l->sent.nr, 1000);
	for (u32 i = 0; i < 1000; i++)
		assert_true(dut_frame_is(&l->sent.frame[i], 64, i));
	assert_int_equal(igb_lab_stats(l).tx_dropped, 0);
}

/* Of the longest packet: headers, 45 fragments, and a context before. */
static void longest_packet_waits_until_it_fits(void **state)
{
	const struct spec s = { .proto = IPPROTO_TCP, .len = 45 * 100,
				.mss = 100 };
	struct igb_lab *l = *state;

	l->config.ring_size = 64;
	igb_lab_open(l);
	inet_netdev_set_queue(l->dev, "tx-0/byte_queue_limits/limit_min",
			      "1000000");
	l->m->hold = true;
	for (u32 i = 0; i < 10; i++)
		send_packet(l, &s);
	assert_int_equal(l->sent.nr, 45);
	for (u32 i = 0; i < 10; i++) {
		igb_model_complete(l->m);
		igb_lab_run(l);
	}
	assert_int_equal(l->sent.nr, 450);
	for (u32 i = 0; i < 450; i++)
		assert_sums(&l->sent.frame[i]);
}

/* A row that the queue discipline holds goes by one tail. */
static void batch_has_one_doorbell(void **state)
{
	struct igb_lab *l = *state;
	u32 before;

	igb_lab_open(l);
	inet_netdev_set_queue(l->dev, "tx-0/byte_queue_limits/limit_min",
			      "1000000");
	netif_tx_stop_queue(l->dev, 0);
	for (u32 i = 0; i < 40; i++)
		assert_int_equal(igb_lab_send(l, 100, i), NET_XMIT_SUCCESS);
	before = l->m->doorbells;
	netif_tx_wake_queue(l->dev, 0);
	igb_lab_run(l);
	assert_int_equal(l->sent.nr, 40);
	assert_in_range(l->m->doorbells - before, 1, 10);
}

static int answer(struct sk_buff *skb, struct net_device *dev,
		  struct packet_type *pt, struct net_device *orig __maybe_unused)
{
	u8 frame[200];

	dut_frame(frame, 100, 1);
	dut_xmit(pt->af_packet_priv, dev, frame, 100);
	consume_skb(skb);
	return 0;
}

/* What is sent while packets are received is told when they are all through. */
static void answers_of_one_run_share_doorbells(void **state)
{
	struct igb_lab *l = *state;
	struct packet_type pt = { .type = cpu_to_be16(DUT_ETHERTYPE),
				  .func = answer, .ignore_outgoing = true };
	u32 before;

	igb_lab_open(l);
	inet_netdev_set_queue(l->dev, "tx-0/byte_queue_limits/limit_min",
			      "1000000");
	igb_lab_assert_works(l);	/* and the limit holds */
	pt.af_packet_priv = l->net;
	assert_int_equal(dev_add_pack(l->net, &pt), 0);
	before = l->m->doorbells;
	for (u32 i = 0; i < 20; i++)
		igb_lab_inject(l, 100, i);
	igb_lab_run(l);
	dev_remove_pack(l->net, &pt);
	assert_int_equal(l->sent.nr, 20);
	assert_int_equal(l->m->doorbells - before, 1);
}

/* The rings go round many times, in batches that do not divide them. */
static void rings_go_round(void **state)
{
	struct igb_lab *l = *state;
	u32 seq = 0;

	l->config.ring_size = 64;
	igb_lab_open(l);
	for (u32 round = 0; round < 300; round++) {
		u32 n = 1 + round % 13;

		dut_frames_clear(&l->rx);
		dut_frames_clear(&l->sent);
		for (u32 i = 0; i < n; i++) {
			igb_lab_inject(l, 60 + (seq + i) % 1400, seq + i);
			igb_lab_send(l, 60 + (seq + i) % 1400, seq + i);
		}
		igb_lab_run(l);
		assert_int_equal(l->rx.nr, n);
		assert_int_equal(l->sent.nr, n);
		for (u32 i = 0; i < n; i++) {
			assert_true(dut_frame_is(&l->rx.frame[i],
						 60 + (seq + i) % 1400, seq + i));
			assert_true(dut_frame_is(&l->sent.frame[i],
						 60 + (seq + i) % 1400, seq + i));
		}
		seq += n;
	}
	assert_int_equal(igb_model_lent(l->m, 0), 63);
}

/* The same when the card says by one number how far it is. */
static void head_that_is_written_back_completes(void **state)
{
	struct igb_lab *l = *state;

	l->config.head_writeback = true;
	l->config.ring_size = 64;
	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_TDWBAL(0)),
			 (u32)l->igb->q_vector[0].tx.head_dma | 1);
	assert_int_equal(igb_lab_reg(l, E1000_TXDCTL(0)) >> 16 & 0x1f, 0);
	inet_netdev_set_queue(l->dev, "tx-0/byte_queue_limits/limit_min",
			      "1000000");
	for (u32 round = 0; round < 100; round++) {
		u32 n = 1 + round % 13;

		dut_frames_clear(&l->sent);
		l->m->hold = round % 2;
		for (u32 i = 0; i < n; i++)
			igb_lab_send(l, 60 + i, i);
		igb_lab_run(l);
		if (l->m->hold && n < 3)
			assert_int_equal(igb_ring_used(64,
				l->igb->q_vector[0].tx.next_to_use,
				l->igb->q_vector[0].tx.next_to_clean), n);
		igb_model_complete(l->m);
		igb_lab_run(l);
		assert_int_equal(l->sent.nr, n);
		assert_int_equal(l->igb->q_vector[0].tx.next_to_clean,
				 l->igb->q_vector[0].tx.next_to_use);
		assert_false(tx_desc(l, 0)->wb.status & E1000_TXD_STAT_DD);
	}
	/* after a reset it begins again */
	assert_int_equal(inet_netdev_set_mtu(l->dev, 1400), 0);
	igb_lab_assert_works(l);
}

static void closed_while_the_card_holds_packets_leaks_nothing(void **state)
{
	const struct spec s = { .proto = IPPROTO_TCP, .len = 5000, .mss = 1000 };
	struct igb_lab *l = *state;
	struct inet_usage u;

	igb_lab_open(l);
	l->m->hold = true;
	for (u32 i = 0; i < 20; i++)
		assert_int_equal(dev_queue_xmit(packet(l, &s)), 0);
	assert_int_equal(inet_netdev_down(l->dev), 0);
	igb_lab_run(l);
	assert_int_equal(inet_get_usage(l->net, &u), 0);
	assert_int_equal(u.skbs, 0);
	assert_int_equal(u.frames_used, 0);
	l->m->hold = false;
	assert_int_equal(inet_netdev_up(l->dev), 0);
	igb_lab_assert_works(l);
}

/* ---- received --------------------------------------------------------- */

/* Keeps what the device says of packets of IPv4. */
struct verdict {
	u8 ip_summed;
	u32 hash;
	u8 l4_hash;
	u32 nr;
};

static int keep_verdict(struct sk_buff *skb, struct net_device *dev,
			struct packet_type *pt, struct net_device *orig)
{
	struct verdict *v = pt->af_packet_priv;

	(void)dev;
	(void)orig;
	*v = (struct verdict){ .ip_summed = skb->ip_summed, .hash = skb->hash,
			       .l4_hash = skb->l4_hash, .nr = v->nr + 1 };
	consume_skb(skb);
	return 0;
}

/* A frame as a peer sends it: sums filled in. Return: its length. */
static u32 finished(u8 *f, const struct spec *s)
{
	u32 n = put_headers(f, s), at = IP + 20 + (s->proto == 6 ? 16 : 6);

	memset(f + n, 0x5a, s->len);
	put16(f + at, ~sum16(f + IP + 20, n + s->len - IP - 20, 0) & 0xffff);
	return n + s->len;
}

static void checksum_verdict_is_passed_on(void **state)
{
	const struct spec tcp = { .proto = IPPROTO_TCP, .len = 100 };
	const struct spec udp = { .proto = IPPROTO_UDP, .len = 100 };
	struct igb_lab *l = *state;
	struct verdict v = { .nr = 0 };
	struct packet_type pt = { .type = htons(0x0800), .func = keep_verdict,
				  .af_packet_priv = &v };
	u8 f[400];
	u32 len;

	igb_lab_open(l);
	dev_set_feature(l->dev, "gro", false);
	dev_set_promiscuity(l->dev, 1);
	pt.dev = l->dev;
	dev_add_pack(l->net, &pt);
	len = finished(f, &tcp);
	igb_model_inject(l->m, f, len);
	igb_lab_run(l);
	assert_int_equal(v.nr, 1);
	assert_int_equal(v.ip_summed, CHECKSUM_UNNECESSARY);
	f[len - 1] ^= 1;			/* wrong: looked at here */
	igb_model_inject(l->m, f, len);
	igb_lab_run(l);
	assert_int_equal(v.ip_summed, CHECKSUM_NONE);
	len = finished(f, &udp);
	igb_model_inject(l->m, f, len);
	igb_lab_run(l);
	assert_int_equal(v.ip_summed, CHECKSUM_UNNECESSARY);
	put16(f + IP + 26, 0);			/* none: not looked at */
	igb_model_inject(l->m, f, len);
	igb_lab_run(l);
	assert_int_equal(v.ip_summed, CHECKSUM_NONE);
	len = finished(f, &tcp);
	f[IP + 10] ^= 1;			/* of the IP header */
	igb_model_inject(l->m, f, len);
	igb_lab_run(l);
	assert_int_equal(v.ip_summed, CHECKSUM_NONE);
	dev_set_feature(l->dev, "rx", false);
	len = finished(f, &tcp);
	igb_model_inject(l->m, f, len);
	igb_lab_run(l);
	assert_int_equal(v.ip_summed, CHECKSUM_NONE);
	assert_int_equal(v.nr, 6);
	dev_remove_pack(l->net, &pt);
}

static void hash_of_a_flow_is_the_cards(void **state)
{
	const struct spec tcp = { .proto = IPPROTO_TCP, .len = 100 };
	struct igb_lab *l = *state;
	struct verdict v = { .nr = 0 };
	struct packet_type pt = { .type = htons(0x0800), .func = keep_verdict,
				  .af_packet_priv = &v };
	u8 f[400];

	igb_lab_open(l);
	dev_set_promiscuity(l->dev, 1);
	pt.dev = l->dev;
	dev_add_pack(l->net, &pt);
	igb_model_inject(l->m, f, finished(f, &tcp));
	igb_lab_run(l);
	assert_int_equal(v.nr, 1);
	assert_int_equal(v.hash, igb_model_toeplitz(l->m, f + IP + 12, 12));
	assert_true(v.l4_hash);
	dev_remove_pack(l->net, &pt);
}

/* The examples that Microsoft publishes for its key. */
static void hash_is_toeplitz(void **state)
{
	static const u8 key[40] = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
		0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
		0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
		0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
	};
	/* 66.9.149.187:2794 to 161.142.100.80:1766 */
	static const u8 flow[12] = { 66, 9, 149, 187, 161, 142, 100, 80,
				     0x0a, 0xea, 0x06, 0xe6 };
	struct igb_lab *l = *state;

	for (u32 i = 0; i < 40; i++)
		l->m->regs[E1000_RSSRK(0) / 4 + i / 4] |=
			(u32)key[i] << (i % 4 * 8);
	assert_int_equal(igb_model_toeplitz(l->m, flow, 12), 0x51ccc178);
	assert_int_equal(igb_model_toeplitz(l->m, flow, 8), 0x323e8fc2);
}

/* Several buffers make a frame; each size around their borders. */
static void long_frames_lie_in_several_buffers(void **state)
{
	struct igb_lab *l = *state;

	igb_lab_open(l);
	assert_int_equal(inet_netdev_set_mtu(l->dev, 9216), 0);
	igb_lab_run(l);
	for (u32 n = 1; n <= 9; n++) {
		for (u32 len = n * 1024 - 2; len <= n * 1024 + 2; len++) {
			if (len > 9230)
				break;
			dut_frames_clear(&l->rx);
			igb_lab_inject(l, len, n);
			igb_lab_run(l);
			assert_int_equal(l->rx.nr, 1);
			assert_true(dut_frame_is(&l->rx.frame[0], len, n));
		}
	}
	/* all descriptors at once */
	dut_frames_clear(&l->rx);
	for (u32 round = 0; round < 10; round++) {
		for (u32 i = 0; i < 25; i++)
			igb_lab_inject(l, 9230, i);
		igb_lab_run(l);
	}
	assert_int_equal(l->rx.nr, 250);
	assert_int_equal(igb_lab_stats(l).rx_errors, 0);
}

/* No frame left to lend: the packet is lost, its buffer stays the card's. */
static void packet_without_a_frame_to_lend_is_lost(void **state)
{
	static struct skb_shared_info *hoard[4096];
	struct igb_lab *l = *state;
	u32 nr = 0;

	igb_lab_open(l);
	while ((hoard[nr] = netdev_alloc_frame(l->dev)))
		nr++;
	for (u32 i = 0; i < 300; i++) {
		igb_lab_inject(l, 100, i);
		igb_lab_run(l);
	}
	assert_int_equal(l->rx.nr, 0);
	assert_int_equal(igb_lab_stats(l).rx_dropped, 300);
	assert_int_equal(igb_model_lent(l->m, 0), 255);
	while (nr)
		netdev_frame_put(hoard[--nr]);
	igb_lab_assert_works(l);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, igb_lab_setup, \
						igb_lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(frame_in_one_piece_is_one_descriptor),
		CASE(fragments_have_descriptors_of_their_own),
		CASE(open_checksum_has_a_context),
		CASE(context_that_the_card_has_is_not_sent_again),
		CASE(row_of_segments_is_cut_by_the_card),
		CASE(segments_are_those_of_the_stack),
		CASE(open_checksums_are_those_of_the_stack),
		CASE(headers_beyond_the_card_are_left_to_the_stack),
		CASE(memory_that_the_card_does_not_see_is_copied),
		CASE(frame_too_short_for_the_card_has_zeros_behind),
		CASE(copy_without_memory_is_lost_and_counted),
		CASE(full_ring_stops_and_goes_on),
		CASE(longest_packet_waits_until_it_fits),
		CASE(batch_has_one_doorbell),
		CASE(answers_of_one_run_share_doorbells),
		CASE(rings_go_round),
		CASE(head_that_is_written_back_completes),
		CASE(closed_while_the_card_holds_packets_leaks_nothing),
		CASE(checksum_verdict_is_passed_on),
		CASE(hash_of_a_flow_is_the_cards),
		CASE(hash_is_toeplitz),
		CASE(long_frames_lie_in_several_buffers),
		CASE(packet_without_a_frame_to_lend_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
