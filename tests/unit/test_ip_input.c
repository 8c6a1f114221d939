/* SPDX-License-Identifier: BSD-2-Clause */
/* ipv4/ip_input.c, ip_options.c, ip_forward.c: what arrives, and where it may
 * go. Each attack is run with frames in one piece, in pieces, and at each
 * alignment. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <inet/netfilter.h>
#include <inet/socket.h>

#include "attack.h"
#include "fixture.h"
#include "ipv4/ip.h"
#include "lib/checksum.h"
#include "wire/ip_options.h"

static struct fx f;
static struct fx_pkt p;
static u8 frame[FX_FRAME_MAX];
static struct net_device *dev1;
static const u8 mac1[ETH_ALEN] = { 2, 0, 0, 0, 1, 2 };

#define A FX_ADDR

/* A second network behind test1, its host 10.1.0.1 known, forwarding on. */
static void become_router(void)
{
	dev1 = fx_add_dev(&f, "test1", mac1, "10.1.0.2/24");
	assert_int_equal(inet_neigh_add(dev1,
			 "10.1.0.1 lladdr 02:00:00:00:01:01"), 0);
	fx_sysctl(&f, "net.ipv4.ip_forward", "1");
	fx_advance(&f, 3 * FX_SEC);
	fx_flush(&f);
	fx_mark(&f);
}

static void inject_ip(const struct fx_ip *ip, const void *l4, u32 len)
{
	fx_inject(&f, frame, fx_build_ip(frame, ip, l4, len));
}

/* A UDP socket on port 7. */
static struct socket *open_udp(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = cpu_to_be16(7) };
	struct socket *s = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0);

	assert_non_null(s);
	assert_int_equal(inet_bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	return s;
}

/* Bytes of the next datagram, -1: none. */
static int receive(struct socket *s, void *buf, size_t size)
{
	return (int)inet_recv(s, buf, size, MSG_DONTWAIT);
}

/* The shapes in which frames lie in memory. */
static const struct {
	u32 cut, align;
} shapes[] = {
	{ 0, 0 }, { 0, 1 }, { 0, 2 }, { 0, 3 }, { 0, 4 }, { 0, 5 }, { 0, 6 },
	{ 0, 7 }, { 14, 0 }, { 15, 1 }, { 20, 0 }, { 33, 3 }, { 34, 0 },
	{ 35, 0 }, { 40, 5 }, { 64, 0 },
};

static void shape(size_t i)
{
	f.rx_cut = shapes[i].cut;
	f.rx_align = shapes[i].align;
}

/* ---- the header ------------------------------------------------------------ */

static void datagram_in_any_shape_is_delivered(void **state)
{
	struct socket *s = open_udp();
	struct fx_ip ip = { 0 };
	u8 data[200], got[300];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (u8)i;
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		shape(i);
		fx_inject(&f, frame, fx_build_udp(frame, &ip, 1000, 7, data,
						  sizeof(data)));
		assert_int_equal(receive(s, got, sizeof(got)), sizeof(data));
		assert_memory_equal(got, data, sizeof(data));
	}
	fx_assert_no_drops(&f);
	assert_int_equal(inet_close(s), 0);
}

/* RFC 1042: length, LLC and SNAP instead of the type. */
/* @req 1122-2.3.3b */
static void datagram_in_an_802_frame_is_delivered(void **state)
{
	static const u8 snap[8] = { 0xaa, 0xaa, 3, 0, 0, 0, 8, 0 };
	u8 ether[256], data[100] = { 1, 2, 3 };
	struct fx_ip ip = { 0 };
	u32 len = fx_build_icmp(ether, &ip, ICMP_ECHO, 0, 7, data,
				sizeof(data));
	size_t i;

	(void)state;
	memcpy(frame, ether, 2 * ETH_ALEN);
	put_unaligned_be16((u16)(len - ETH_HLEN + sizeof(snap)),
			   frame + 2 * ETH_ALEN);
	memcpy(frame + ETH_HLEN, snap, sizeof(snap));
	memcpy(frame + ETH_HLEN + sizeof(snap), ether + ETH_HLEN,
	       len - ETH_HLEN);
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		shape(i);
		fx_inject(&f, frame, len + sizeof(snap));
		fx_expect(&f, &p);
		assert_int_equal(p.icmp->type, ICMP_ECHOREPLY);
		assert_int_equal(p.data_len, sizeof(data));
		assert_memory_equal(p.data, data, sizeof(data));
		/* RFC 894 is what is sent */
		assert_int_equal(p.eth->h_proto, cpu_to_be16(ETH_P_IP));
	}
	fx_assert_no_drops(&f);
}

/* @attack L8 @req 791-1 */
static void padding_of_the_link_is_never_seen(void **state)
{
	struct socket *s = open_udp();
	struct fx_ip ip = { 0 };
	u8 got[64];
	size_t i;
	u32 len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		shape(i);
		len = fx_build_udp(frame, &ip, 1000, 7, NULL, 0);
		assert_int_equal(len, 42);
		memset(frame + len, 0xee, ETH_ZLEN - len);
		fx_inject(&f, frame, ETH_ZLEN);
		assert_int_equal(receive(s, got, sizeof(got)), 0);
		len = fx_build_udp(frame, &ip, 1000, 7, "ab", 2);
		memset(frame + len, 0xee, ETH_ZLEN - len);
		fx_inject(&f, frame, ETH_ZLEN);
		assert_int_equal(receive(s, got, sizeof(got)), 2);
		assert_memory_equal(got, "ab", 2);
		assert_int_equal(receive(s, got, sizeof(got)), -1);
	}
	fx_assert_no_drops(&f);
	assert_int_equal(inet_close(s), 0);
}

/* An ICMP error or echo reply quotes no padding either. @attack L8 */
static void padding_is_not_quoted(void **state)
{
	struct fx_ip ip = { 0 };
	u32 len;

	(void)state;
	len = fx_build_udp(frame, &ip, 1000, 9, "ab", 2);
	memset(frame + len, 0xee, ETH_ZLEN - len);
	fx_inject(&f, frame, ETH_ZLEN);
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->type, ICMP_DEST_UNREACH);
	assert_int_equal(p.data_len, 20 + 8 + 2);
	len = fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 1, "x", 1);
	memset(frame + len, 0xee, ETH_ZLEN - len);
	fx_inject(&f, frame, ETH_ZLEN);
	fx_expect(&f, &p);
	assert_int_equal(p.data_len, 1);
}

/* What must become of a header that says these three things. */
static enum skb_drop_reason verdict(u8 ver, u32 ihl, u32 totlen, u32 room)
{
	if (ver != 4 || ihl < 5 || ihl * 4 > room)
		return SKB_DROP_REASON_IP_INHDR;
	if (totlen > room || totlen < ihl * 4)
		return SKB_DROP_REASON_IP_TOTLEN;
	return SKB_DROP_REASON_IP_NOPROTO;
}

/* @attack I1 @req 1122-3.2.1.1 @req 791-1 */
static void header_every_version_ihl_and_length_is_judged(void **state)
{
	u32 ver, ihl, t, room = 20 + 44, totlen;
	struct iphdr *iph = (struct iphdr *)(frame + ETH_HLEN);
	struct fx_ip ip = { .proto = 253 };
	u8 l4[44] = { 0 };
	size_t s = 0;

	(void)state;
	fx_sysctl(&f, "net.ipv4.icmp_ratelimit", "0");
	for (ver = 0; ver < 16; ver++)
		for (ihl = 0; ihl < 16; ihl++) {
			const u32 lens[] = { 0, 1, 19, 20, ihl * 4 - 1,
					     ihl * 4, room - 1, room, room + 1,
					     1500, 65535 };

			for (t = 0; t < ARRAY_SIZE(lens); t++) {
				totlen = lens[t] & 0xffff;
				fx_build_ip(frame, &ip, l4, sizeof(l4));
				iph->ver_ihl = (u8)(ver << 4 | ihl);
				iph->tot_len = cpu_to_be16((u16)totlen);
				iph->check = 0;
				if (ihl >= 5)
					iph->check = ip_fast_csum(iph, ihl);
				shape(s++ % ARRAY_SIZE(shapes));
				fx_inject(&f, frame, ETH_HLEN + room);
				fx_flush(&f);
				fx_assert_dropped(&f, verdict((u8)ver, ihl,
							      totlen, room),
						  1);
			}
		}
	fx_assert_no_skbs(&f);
}

/* @attack I1 */
static void header_cut_anywhere_is_dropped(void **state)
{
	struct fx_ip ip = { .proto = 253 };
	u32 len, cut;

	(void)state;
	len = fx_build_ip(frame, &ip, "12345678", 8);
	for (cut = ETH_HLEN; cut < len; cut++)
		attack_dies(&f, frame, cut, cut < ETH_HLEN + 20 ?
			    SKB_DROP_REASON_IP_INHDR :
			    SKB_DROP_REASON_IP_TOTLEN);
}

/* @attack I2 @req 1122-3.2.1.2 */
static void header_any_bit_flipped_is_dropped(void **state)
{
	struct fx_ip ip = { .proto = 253 };
	u32 bit;

	(void)state;
	for (bit = 0; bit < 160; bit++) {
		u32 len = fx_build_ip(frame, &ip, "12345678", 8);
		s64 gone;

		frame[ETH_HLEN + bit / 8] ^= (u8)(1 << bit % 8);
		fx_inject(&f, frame, len);
		gone = fx_drop_delta(&f, SKB_DROP_REASON_IP_CSUM) +
		       fx_drop_delta(&f, SKB_DROP_REASON_IP_INHDR);
		assert_int_equal(gone, 1);
		fx_expect_silence(&f);
		fx_mark(&f);
	}
	ip.bad_csum = true;
	inject_ip(&ip, "12345678", 8);
	assert_true(fx_mib_delta(&f, MIB_IP_INCSUMERRORS) == 1);
	assert_true(fx_mib_delta(&f, MIB_IP_INHDRERRORS) == 1);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_CSUM, 1);
}

/* @attack L7 @req 1122-3.2.1.3e */
/* @req 1122-2.4a, 1122-3.1c */
static void unicast_in_a_broadcast_frame_is_dropped(void **state)
{
	static const u8 all[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };
	static const u8 group[ETH_ALEN] = { 1, 0, 0x5e, 0, 0, 1 };
	struct fx_ip ip = { .proto = 253, .dst_mac = all };

	(void)state;
	inject_ip(&ip, "12345678", 8);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_UNICAST_IN_L2_MULTICAST, 1);
	ip.dst_mac = group;
	inject_ip(&ip, "12345678", 8);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_UNICAST_IN_L2_MULTICAST, 1);
	ip.dst_mac = fx_stranger_mac;
	inject_ip(&ip, "12345678", 8);
	fx_assert_dropped(&f, SKB_DROP_REASON_OTHERHOST, 1);
	fx_expect_silence(&f);
}

/* What stands before the datagram and lies: tags cut and nested, an 802.3
 * length past the end, SNAP cut, a source that no host has. Each dies of its
 * own reason while a connection goes on. The datagram behind is a good one.
 * @attack L1 @attack L6 @attack L7 */
static void link_header_that_lies_dies(void **state)
{
	static const struct {
		u8 len;		/* of what stands where the type should */
		u8 bytes[24];
		u32 total;	/* of the frame, 0: all of it */
		enum skb_drop_reason reason;
	} bad[] = {
		{ 4, { 0x81, 0, 0, 5 }, 16, SKB_DROP_REASON_VLAN },
		{ 22, { 0x81, 0, 0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3, 0x81, 0,
			0, 4, 0x81, 0, 0, 5, 8, 0 }, 0, SKB_DROP_REASON_VLAN },
		{ 5, { 0x05, 0xdc, 0xaa, 0xaa, 3 }, 0, SKB_DROP_REASON_LLC },
		{ 7, { 0, 5, 0xaa, 0xaa, 3, 0, 0 }, 19, SKB_DROP_REASON_LLC },
	};
	const u32 ip_len = IP_HLEN_MIN + 8;
	struct fx_ip ip = { .proto = 253 };
	u32 i, len, shape;

	(void)state;
	for (shape = 0; shape < ARRAY_SIZE(bad) * 100; shape++) {
		i = shape % ARRAY_SIZE(bad);
		len = fx_build_ip(frame, &ip, "12345678", 8);
		memmove(frame + 12 + bad[i].len, frame + ETH_HLEN, ip_len);
		memcpy(frame + 12, bad[i].bytes, bad[i].len);
		len += bad[i].len - 2u;
		attack_dies(&f, frame, bad[i].total ? bad[i].total : len,
			    bad[i].reason);
	}
	for (len = 0; len < ETH_HLEN; len++)
		attack_dies(&f, frame, len, SKB_DROP_REASON_RX_SHORT);
	for (i = 0; i < 3; i++) {
		len = fx_build_ip(frame, &ip, "12345678", 8);
		if (i == 0)
			frame[6] |= 1;
		else
			memcpy(frame + 6, i == 1 ? (const u8 *)
			       "\xff\xff\xff\xff\xff\xff" : fx_mac, 6);
		attack_dies(&f, frame, len, SKB_DROP_REASON_L2_SOURCE);
	}
}

/* @attack I7 @req 1122-3.2.1.7b */
static void ttl_zero_or_one_for_us_is_delivered(void **state)
{
	struct socket *s = open_udp();
	struct fx_ip ip = { .ttl = 1 };
	u8 got[8];

	(void)state;
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 1000, 7, "a", 1));
	assert_int_equal(receive(s, got, sizeof(got)), 1);
	ip = (struct fx_ip){ .zero_ttl = true };
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 1000, 7, "a", 1));
	assert_int_equal(receive(s, got, sizeof(got)), 1);
	fx_assert_no_drops(&f);
	assert_int_equal(inet_close(s), 0);
}

/* ---- protocols -------------------------------------------------------------- */

/* @attack I8 @req 1122-3.2.2.1a */
static void protocol_unknown_flood_is_answered_at_the_limit(void **state)
{
	struct fx_ip ip = { 0 };
	u32 proto, sent = 0, unknown = 0;

	(void)state;
	for (proto = 0; proto < 256; proto++) {
		if (f.net->ipv4.inet_protos[proto])
			continue;
		unknown++;
		ip.proto = (u8)proto;
		inject_ip(&ip, "12345678", 8);
		while (fx_pop(&f, &p)) {
			assert_int_equal(p.icmp->type, ICMP_DEST_UNREACH);
			assert_int_equal(p.icmp->code, ICMP_PROT_UNREACH);
			assert_int_equal(p.data[9], proto);
			sent++;
		}
	}
	assert_true(unknown > 240);
	assert_int_equal(sent, 6);	/* one destination's burst */
	assert_true(fx_mib_delta(&f, MIB_IP_INUNKNOWNPROTOS) == unknown);
	assert_true(fx_mib_delta(&f, MIB_ICMP_OUTRATELIMITHOST) == unknown - 6);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, unknown);
}

/* @attack I9 */
static void tunnels_nested_deep_are_unknown_protocols(void **state)
{
	static const u8 protos[] = { 4, 41, 47 };
	static u8 nest[64 * 20 + 8];
	struct fx_ip ip = { 0 };
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(protos); i++) {
		for (n = 0; n < 64; n++) {
			u8 *h = nest + n * 20;

			memset(h, 0, 20);
			h[0] = 0x45;
			h[3] = (u8)(20 * (64 - n));
			h[8] = 64;
			h[9] = protos[i];
			memcpy(h + 12, &(__be32){ FX_PEER }, 4);
			memcpy(h + 16, &(__be32){ FX_IP }, 4);
		}
		ip.proto = protos[i];
		inject_ip(&ip, nest, sizeof(nest));
		fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
		fx_expect(&f, &p);
		assert_int_equal(p.icmp->code, ICMP_PROT_UNREACH);
		assert_true(p.ip_len <= 576);
		fx_expect_silence(&f);
	}
}

/* Hands every packet to protocol 200, and says so. */
static u32 resubmits;

static int resubmit_handler(struct sk_buff *skb)
{
	(void)skb;
	resubmits++;
	return -200;
}

/* @attack I9 */
static void protocol_that_resubmits_for_ever_is_stopped(void **state)
{
	static const struct net_protocol loop = { .handler = resubmit_handler };
	struct fx_ip ip = { .proto = 200 };

	(void)state;
	resubmits = 0;
	assert_int_equal(inet_add_protocol(f.net, &loop, 200), 0);
	inject_ip(&ip, "12345678", 8);
	assert_int_equal(resubmits, 4);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_NOPROTO, 1);
	assert_int_equal(inet_del_protocol(f.net, &loop, 200), 0);
}

/* A raw socket takes what no protocol handles, and no error is sent. */
static void protocol_unknown_with_a_raw_socket_is_delivered(void **state)
{
	struct socket *s = inet_socket(f.net, AF_INET, SOCK_RAW, 253);
	struct fx_ip ip = { .proto = 253 };
	u8 got[64];

	(void)state;
	assert_non_null(s);
	inject_ip(&ip, "12345678", 8);
	fx_expect_silence(&f);
	fx_assert_no_drops(&f);
	assert_int_equal(receive(s, got, sizeof(got)), 28);
	assert_memory_equal(got + 20, "12345678", 8);
	assert_int_equal(inet_close(s), 0);
}

/* ---- options ------------------------------------------------------------------ */

/* Injects a datagram to port 7 with these options. */
static void with_options(const u8 *opt, u32 len)
{
	struct fx_ip ip = { .opt = opt, .opt_len = (u8)len };

	fx_inject(&f, frame, fx_build_udp(frame, &ip, 1000, 7, "a", 1));
}

/* @attack I6 @req 791-2 @req 7126-1 @req 1122-3.2.1.8c */
static void options_malformed_die_and_are_pointed_at(void **state)
{
	static const struct {
		u8 opt[40];
		u8 len;
		u8 ptr;		/* the octet that the problem points at */
	} bad[] = {
		{ { IPOPT_RR, 0 }, 4, 21 },
		{ { IPOPT_RR, 1 }, 4, 21 },
		{ { IPOPT_RR, 40 }, 4, 21 },
		{ { IPOPT_RR, 7, 3 }, 8, 22 },
		{ { IPOPT_RR, 7, 9 }, 8, 22 },
		{ { IPOPT_RR, 7, 5 }, 8, 22 },
		{ { 99, 0 }, 4, 21 },
		{ { 99, 5 }, 4, 21 },
		{ { IPOPT_NOOP, IPOPT_NOOP, IPOPT_NOOP, 99 }, 4, 23 },
		{ { IPOPT_TIMESTAMP, 8, 4, 0 }, 8, 22 },
		{ { IPOPT_TIMESTAMP, 8, 9, 0xf0 }, 8, 23 },
		{ { IPOPT_TIMESTAMP, 8, 5, 3 }, 8, 22 },
		{ { IPOPT_TIMESTAMP, 8, 5, 2 }, 8, 23 },
		{ { IPOPT_LSRR, 7, 8, 0, 0, 0, 0, IPOPT_SSRR, 7, 8 }, 16, 27 },
		{ { IPOPT_RA, 3, 0, 0 }, 4, 21 },
	};
	struct socket *s = open_udp();
	size_t i;

	(void)state;
	fx_sysctl(&f, "net.ipv4.icmp_ratelimit", "0");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		shape(i % ARRAY_SIZE(shapes));
		with_options(bad[i].opt, bad[i].len);
		fx_expect(&f, &p);
		assert_int_equal(p.icmp->type, ICMP_PARAMETERPROB);
		assert_int_equal(p.icmp->un.reserved[0], bad[i].ptr);
		/* the error carries no options and quotes the datagram */
		assert_int_equal(ipv4_hdr_len(p.ip), 20);
		assert_memory_equal(p.data, frame + ETH_HLEN, p.data_len);
		assert_true(fx_mib_delta(&f, MIB_IP_INHDRERRORS) == 1);
		fx_assert_dropped(&f, SKB_DROP_REASON_IP_OPTIONS, 1);
		fx_expect_silence(&f);
		fx_advance(&f, FX_SEC / 10);
	}
	assert_int_equal(inet_close(s), 0);
}

/* @attack I6 @req 1122-3.2.1.8c @req 1122-3.3.5 @req 7126-1 */
static void options_source_route_is_dropped(void **state)
{
	static const u8 kinds[] = { IPOPT_LSRR, IPOPT_SSRR };
	struct socket *s = open_udp();
	u8 opt[40] = { 0 }, got[8];
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		opt[0] = kinds[i];
		opt[1] = 39;
		opt[2] = 40;		/* nine addresses, all visited */
		with_options(opt, 40);
		fx_assert_dropped(&f, SKB_DROP_REASON_IP_SOURCE_ROUTE, 1);
		opt[2] = 4;		/* we are asked to pass it on */
		with_options(opt, 40);
		fx_assert_dropped(&f, SKB_DROP_REASON_IP_SOURCE_ROUTE, 1);
	}
	fx_expect_silence(&f);
	fx_sysctl(&f, "net.ipv4.conf.all.accept_source_route", "1");
	opt[2] = 40;
	with_options(opt, 40);
	assert_int_equal(receive(s, got, sizeof(got)), 1);
	opt[2] = 4;
	with_options(opt, 40);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_SOURCE_ROUTE, 1);
	assert_int_equal(inet_close(s), 0);
}

/* @req 1122-3.2.1.8a @req 1122-3.2.1.8b @req RFC9293:MUST-50 */
static void options_harmless_or_unknown_are_ignored(void **state)
{
	static const struct {
		u8 opt[40];
		u8 len;
	} fine[] = {
		{ { IPOPT_NOOP, IPOPT_NOOP, IPOPT_NOOP, IPOPT_NOOP }, 4 },
		{ { IPOPT_END, 0xff, 0xff, 0xff }, 4 },
		{ { IPOPT_SID, 4, 1, 2 }, 4 },
		{ { 99, 4, 1, 2 }, 4 },
		{ { IPOPT_RR, 7, 4 }, 8 },
		{ { IPOPT_RR, 7, 8 }, 8 },
		{ { IPOPT_TIMESTAMP, 8, 5, 0 }, 8 },
		{ { IPOPT_RA, 4, 0, 0 }, 4 },
		{ { 200, 40 }, 40 },
	};
	struct socket *s = open_udp();
	u8 got[8];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(fine); i++) {
		with_options(fine[i].opt, fine[i].len);
		assert_int_equal(receive(s, got, sizeof(got)), 1);
	}
	fx_assert_no_drops(&f);
	assert_int_equal(inet_close(s), 0);
}

/* ---- netfilter ---------------------------------------------------------------- */

static u32 nf_seen[NF_INET_NUMHOOKS];
static int nf_drop_at;

static unsigned int nf_count(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *st)
{
	(void)priv;
	(void)skb;
	nf_seen[st->hook]++;
	return nf_drop_at == (int)st->hook ? NF_DROP : NF_ACCEPT;
}

static struct nf_hook_ops nf_ops[NF_INET_NUMHOOKS];

static void nf_open(void)
{
	int i;

	nf_drop_at = -1;
	memset(nf_seen, 0, sizeof(nf_seen));
	for (i = 0; i < NF_INET_NUMHOOKS; i++) {
		nf_ops[i] = (struct nf_hook_ops){ .hook = nf_count,
						  .hooknum = i };
		assert_int_equal(nf_register_net_hook(f.net, &nf_ops[i]), 0);
	}
}

static void nf_close(void)
{
	int i;

	for (i = 0; i < NF_INET_NUMHOOKS; i++)
		nf_unregister_net_hook(f.net, &nf_ops[i]);
}

static void nf_was(u32 pre, u32 in, u32 fwd, u32 out, u32 post)
{
	assert_int_equal(nf_seen[NF_INET_PRE_ROUTING], pre);
	assert_int_equal(nf_seen[NF_INET_LOCAL_IN], in);
	assert_int_equal(nf_seen[NF_INET_FORWARD], fwd);
	assert_int_equal(nf_seen[NF_INET_LOCAL_OUT], out);
	assert_int_equal(nf_seen[NF_INET_POST_ROUTING], post);
	memset(nf_seen, 0, sizeof(nf_seen));
}

static void hooks_see_the_packet_on_its_road(void **state)
{
	struct fx_ip ip = { 0 };
	u32 len;

	(void)state;
	become_router();
	nf_open();
	len = fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 1, "x", 1);
	fx_inject(&f, frame, len);
	nf_was(1, 1, 0, 1, 1);
	fx_expect(&f, &p);
	ip.daddr = A(10, 1, 0, 1);
	fx_inject(&f, frame, fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 1, "x",
					   1));
	nf_was(1, 0, 1, 0, 1);
	fx_expect(&f, &p);
	assert_ptr_equal(p.dev, dev1);
	nf_close();
}

static void hooks_that_say_drop_kill_the_packet(void **state)
{
	static const int on_echo[] = { NF_INET_PRE_ROUTING, NF_INET_LOCAL_IN,
				       NF_INET_LOCAL_OUT,
				       NF_INET_POST_ROUTING };
	struct fx_ip ip = { 0 };
	size_t i;

	(void)state;
	nf_open();
	for (i = 0; i < ARRAY_SIZE(on_echo); i++) {
		nf_drop_at = on_echo[i];
		fx_inject(&f, frame, fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 1,
						   "x", 1));
		fx_assert_dropped(&f, SKB_DROP_REASON_NETFILTER_DROP, 1);
		fx_expect_silence(&f);
	}
	nf_close();
	fx_assert_no_skbs(&f);
}

/* ---- forwarding ---------------------------------------------------------------- */

/* @req 791-8 */
static void forward_one_hop_less_and_a_right_checksum(void **state)
{
	struct fx_ip ip = { .daddr = A(10, 1, 0, 1), .proto = 253, .tos = 0x10,
			    .id = 0x1234 };
	u32 ttl, nr = 0;
	size_t i;

	(void)state;
	become_router();
	for (i = 0; i < ARRAY_SIZE(shapes); i++)
		for (ttl = 2; ttl < 256; ttl += 11) {
			shape(i);
			ip.ttl = (u8)ttl;
			nr++;
			inject_ip(&ip, "12345678", 8);
			fx_expect(&f, &p);
			assert_ptr_equal(p.dev, dev1);
			assert_int_equal(p.ip->ttl, ttl - 1);
			assert_int_equal(p.ip->saddr, FX_PEER);
			assert_int_equal(p.ip->tos, 0x10);
			assert_int_equal(p.ip->id, cpu_to_be16(0x1234));
			assert_memory_equal(p.l4, "12345678", 8);
		}
	assert_int_equal(fx_mib_delta(&f, MIB_IP_FORWDATAGRAMS), nr);
	fx_assert_no_drops(&f);
	fx_assert_no_skbs(&f);
}

/* The next link wants more room before the packet, and memory is short. */
static void forward_without_memory_says_so(void **state)
{
	struct fx_ip ip = { .daddr = A(10, 1, 0, 1), .proto = 253 };

	(void)state;
	become_router();
	f.rx_vary = false;
	dev1->needed_headroom = 4000;
	for (u32 n = 1; n < 5; n++) {
		mem_fail_nth(&f.net->mem, n);
		inject_ip(&ip, "12345678", 8);
	}
	mem_fail_nth(&f.net->mem, 0);
	fx_flush(&f);
	assert_true(net_drop_read(f.net, SKB_DROP_REASON_NOMEM) > 0);
	assert_int_equal(net_drop_read(f.net, SKB_DROP_REASON_IP_INADDRERRORS),
			 0);
}

/* @attack I7 @req 1122-3.2.1.7a */
static void forward_ttl_out_tells_the_sender(void **state)
{
	struct fx_ip ip = { .daddr = A(10, 1, 0, 1), .proto = 253, .ttl = 1 };

	(void)state;
	become_router();
	inject_ip(&ip, "12345678", 8);
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->type, ICMP_TIME_EXCEEDED);
	assert_int_equal(p.icmp->code, ICMP_EXC_TTL);
	assert_int_equal(fx_mib_delta(&f, MIB_ICMP_OUTTIMEEXCDS), 1);
	assert_int_equal(p.icmp->un.gateway, 0);	/* unused */
	assert_int_equal(p.ip->daddr, FX_PEER);
	assert_int_equal(p.ip->saddr, FX_IP);
	assert_memory_equal(p.data, frame + ETH_HLEN, 28);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_TTL_EXPIRED, 1);
	ip.ttl = 0;
	ip.zero_ttl = true;
	inject_ip(&ip, "12345678", 8);
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->type, ICMP_TIME_EXCEEDED);
	fx_expect_silence(&f);
}

static struct sk_buff *held;

/* packet_type.func of who keeps what it is shown. */
static int hold(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt,
		struct net_device *orig_dev)
{
	(void)dev;
	(void)pt;
	(void)orig_dev;
	if (held || skb->pkt_type == SKB_PACKET_OUTGOING)
		consume_skb(skb);
	else
		held = skb;
	return 0;
}

static void packet_that_another_holds_is_copied_or_dropped(void **state)
{
	struct packet_type all = { .type = cpu_to_be16(ETH_P_ALL), .func = hold };
	struct fx_ip ip = { .proto = 253 };
	u32 n;

	(void)state;
	assert_int_equal(dev_add_pack(f.net, &all), 0);
	fx_mark(&f);
	for (n = 0; n < 2; n++) {
		held = NULL;
		fx_queue(&f, f.dev, frame, fx_build_ip(frame, &ip, "12345678", 8));
		skb_cache_flush(f.net->softnets);
		mem_fail_nth(&f.net->mem, 2 * n);	/* the device has the first */
		fx_run(&f);
		mem_fail_nth(&f.net->mem, 0);
		if (held)
			consume_skb(held);
		fx_flush(&f);
	}
	dev_remove_pack(f.net, &all);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_INDISCARDS), 1);
	fx_assert_no_skbs(&f);
}

/* @req 791-6 */
static void forward_too_big_with_df_tells_the_mtu(void **state)
{
	struct fx_ip ip = { .daddr = A(10, 1, 0, 1), .proto = 253,
			    .frag = IP_DF };
	static u8 big[1400];

	(void)state;
	become_router();
	assert_int_equal(inet_netdev_set_mtu(dev1, 1300), 0);
	inject_ip(&ip, big, sizeof(big));
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->type, ICMP_DEST_UNREACH);
	assert_int_equal(p.icmp->code, ICMP_FRAG_NEEDED);
	assert_int_equal(p.icmp->un.frag.mtu, cpu_to_be16(1300));
	assert_int_equal(p.ip_len, 576);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_FRAGFAILS), 1);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_FRAG_NEEDED, 1);
	ip.frag = 0;
	inject_ip(&ip, big, sizeof(big));
	fx_expect(&f, &p);
	assert_int_equal(p.ip_len, 20 + 1280);
	fx_expect(&f, &p);
	assert_int_equal(p.ip_len, 20 + 120);
	fx_expect_silence(&f);
	fx_assert_no_drops(&f);
}

static void forward_no_route_says_net_unreachable(void **state)
{
	struct fx_ip ip = { .daddr = A(8, 8, 8, 8), .proto = 253 };

	(void)state;
	become_router();
	inject_ip(&ip, "12345678", 8);
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->type, ICMP_DEST_UNREACH);
	assert_int_equal(p.icmp->code, ICMP_NET_UNREACH);
	assert_true(fx_mib_delta(&f, MIB_IP_INNOROUTES) == 1);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_INNOROUTES, 1);
	assert_int_equal(inet_route_add(f.net, "unreachable 8.8.8.0/24"), 0);
	inject_ip(&ip, "12345678", 8);
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->code, ICMP_HOST_UNREACH);
	assert_int_equal(inet_route_add(f.net, "prohibit 8.8.8.8"), 0);
	inject_ip(&ip, "12345678", 8);
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->code, ICMP_PKT_FILTERED);
	assert_int_equal(inet_route_add(f.net, "blackhole 8.8.8.8 metric 0"),
			 -1);
	assert_int_equal(inet_route_del(f.net, "8.8.8.8"), 0);
	assert_int_equal(inet_route_add(f.net, "blackhole 8.8.8.8"), 0);
	inject_ip(&ip, "12345678", 8);
	fx_expect_silence(&f);
}

/* @req 919/922 @req 3927-1 */
static void forward_never_broadcast_link_local_or_martian(void **state)
{
	static const struct {
		__be32 saddr, daddr;
	} bad[] = {
		{ FX_PEER, A(255, 255, 255, 255) },
		{ FX_PEER, A(10, 1, 0, 255) },
		{ FX_PEER, A(169, 254, 1, 1) },
		{ A(169, 254, 1, 1), A(10, 1, 0, 1) },
		{ A(127, 0, 0, 1), A(10, 1, 0, 1) },
		{ A(10, 1, 0, 2), A(10, 1, 0, 1) },
		{ A(224, 0, 0, 1), A(10, 1, 0, 1) },
		{ FX_PEER, A(127, 0, 0, 1) },
		{ FX_PEER, A(240, 0, 0, 1) },
	};
	struct fx_ip ip = { .proto = 253 };
	size_t i;

	(void)state;
	become_router();
	assert_int_equal(inet_route_add(f.net, "default via 10.1.0.1"), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ip.saddr = bad[i].saddr;
		ip.daddr = bad[i].daddr;
		inject_ip(&ip, "12345678", 8);
		while (fx_pop(&f, &p))
			assert_ptr_not_equal(p.dev, dev1);
	}
	fx_assert_no_skbs(&f);
}

/* @req 1122-3.2.2.2a */
static void forward_back_by_the_same_link_redirects_only_when_asked(
	void **state)
{
	struct fx_ip ip = { .daddr = A(192, 0, 2, 1), .proto = 253 };

	(void)state;
	become_router();
	assert_int_equal(inet_neigh_add(f.dev,
			 "10.0.0.9 lladdr 02:00:00:00:00:09"), 0);
	assert_int_equal(inet_route_add(f.net, "default via 10.0.0.9"), 0);
	inject_ip(&ip, "12345678", 8);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->daddr, A(192, 0, 2, 1));
	fx_expect_silence(&f);
	fx_sysctl(&f, "net.ipv4.conf.all.send_redirects", "1");
	inject_ip(&ip, "12345678", 8);
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->type, ICMP_REDIRECT);
	assert_int_equal(fx_mib_delta(&f, MIB_ICMP_OUTREDIRECTS), 1);
	assert_int_equal(p.icmp->un.gateway, FX_STRANGER);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->daddr, A(192, 0, 2, 1));
	/* not to who is behind a router himself, nor by another link */
	assert_int_equal(inet_route_add(f.net, "10.2.0.0/24 via 10.0.0.9"), 0);
	ip.saddr = A(10, 2, 0, 5);
	inject_ip(&ip, "12345678", 8);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->daddr, A(192, 0, 2, 1));
	fx_expect_silence(&f);
	ip.saddr = 0;
	ip.daddr = A(192, 0, 3, 1);
	assert_int_equal(inet_route_add(f.net, "192.0.3.0/24 via 10.0.0.9 dev "
					"test1 onlink"), 0);
	inject_ip(&ip, "12345678", 8);
	while (fx_pop(&f, &p))
		assert_ptr_equal(p.dev, dev1);
}

static void forward_fills_record_route_and_timestamp(void **state)
{
	u8 opt[20] = { IPOPT_RR, 7, 4, 0, 0, 0, 0, IPOPT_TIMESTAMP, 12, 5, 1 };
	struct fx_ip ip = { .daddr = A(10, 1, 0, 1), .proto = 253, .opt = opt,
			    .opt_len = sizeof(opt) };
	const u8 *o = p.frame + ETH_HLEN + 20;
	__be32 addr;

	(void)state;
	become_router();
	inject_ip(&ip, "12345678", 8);
	fx_expect(&f, &p);
	assert_int_equal(o[2], 8);
	memcpy(&addr, o + 3, 4);
	assert_int_equal(addr, A(10, 1, 0, 2));
	assert_int_equal(o[9], 13);
	memcpy(&addr, o + 11, 4);
	assert_int_equal(addr, A(10, 1, 0, 2));
	/* no room left: the overflow is counted */
	memcpy(opt, o, sizeof(opt));
	inject_ip(&ip, "12345678", 8);
	fx_expect(&f, &p);
	assert_int_equal(o[2], 8);
	assert_int_equal(o[10], 0x11);
}

/* @req 1122-3.1b */
static void forward_off_by_default_whatever_the_devices(void **state)
{
	struct fx_ip ip = { .daddr = A(10, 1, 0, 1), .proto = 253 };

	(void)state;
	become_router();
	fx_sysctl(&f, "net.ipv4.ip_forward", "0");
	inject_ip(&ip, "12345678", 8);
	fx_expect_silence(&f);
	fx_assert_dropped(&f, SKB_DROP_REASON_IP_INADDRERRORS, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_prestate_setup_teardown( \
		name, attack_setup_learned, fx_teardown, &f)
/* Unwatched: about more than what attacks may do. */
#define U(name) cmocka_unit_test_prestate_setup_teardown( \
		name, fx_setup_learned, fx_teardown, &f)
	const struct CMUnitTest tests[] = {
		T(datagram_in_any_shape_is_delivered),
		T(datagram_in_an_802_frame_is_delivered),
		T(padding_of_the_link_is_never_seen),
		T(padding_is_not_quoted),
		T(header_every_version_ihl_and_length_is_judged),
		T(header_cut_anywhere_is_dropped),
		T(header_any_bit_flipped_is_dropped),
		T(link_header_that_lies_dies),
		T(unicast_in_a_broadcast_frame_is_dropped),
		T(ttl_zero_or_one_for_us_is_delivered),
		T(protocol_unknown_flood_is_answered_at_the_limit),
		T(tunnels_nested_deep_are_unknown_protocols),
		T(protocol_that_resubmits_for_ever_is_stopped),
		T(protocol_unknown_with_a_raw_socket_is_delivered),
		T(options_malformed_die_and_are_pointed_at),
		T(options_source_route_is_dropped),
		T(options_harmless_or_unknown_are_ignored),
		U(hooks_see_the_packet_on_its_road),
		U(hooks_that_say_drop_kill_the_packet),
		T(forward_one_hop_less_and_a_right_checksum),
		U(forward_without_memory_says_so),
		T(forward_ttl_out_tells_the_sender),
		T(packet_that_another_holds_is_copied_or_dropped),
		U(forward_too_big_with_df_tells_the_mtu),
		T(forward_no_route_says_net_unreachable),
		T(forward_never_broadcast_link_local_or_martian),
		U(forward_back_by_the_same_link_redirects_only_when_asked),
		T(forward_fills_record_route_and_timestamp),
		T(forward_off_by_default_whatever_the_devices),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
