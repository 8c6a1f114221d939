/* SPDX-License-Identifier: BSD-2-Clause */
/* ipv4/icmp.c: echo, errors sent and not sent, their limits, errors told. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <inet/socket.h>

#include "attack.h"
#include "fixture.h"
#include "ipv4/ip.h"
#include "ipv4/ip_options.h"
#include "lib/checksum.h"
#include "lib/err.h"
#include "lib/random.h"

static struct fx f;
static struct fx_pkt p;
static u8 frame[FX_FRAME_MAX];

#define A FX_ADDR

static void inject_icmp(const struct fx_ip *ip, u8 type, u8 code, u32 rest,
			const void *data, u32 len)
{
	fx_inject(&f, frame, fx_build_icmp(frame, ip, type, code, rest, data,
					   len));
}

static const struct fx_ip from_peer = { 0 };

/* A UDP socket connected to the peer's port 53. */
static struct socket *open_udp(u16 *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = cpu_to_be16(53),
				  .sin_addr.s_addr = FX_PEER };
	struct sockaddr_in me;
	struct socket *s = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(me);

	assert_non_null(s);
	assert_int_equal(inet_connect(s, (struct sockaddr *)&to, sizeof(to)),
			 0);
	assert_int_equal(inet_getsockname(s, (struct sockaddr *)&me, &len), 0);
	*port = be16_to_cpu(me.sin_port);
	return s;
}

static int so_error(struct socket *s)
{
	int err = -1;
	socklen_t len = sizeof(err);

	assert_int_equal(inet_getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len),
			 0);
	return err;
}

/* The head of a datagram of ours, as an error quotes it. */
static u32 quote(u8 *q, __be32 saddr, __be32 daddr, u16 sport, u16 dport)
{
	struct iphdr *iph = (struct iphdr *)q;

	memset(q, 0, 28);
	iph->ver_ihl = 0x45;
	iph->tot_len = cpu_to_be16(100);
	iph->ttl = 60;
	iph->protocol = IPPROTO_UDP;
	iph->saddr = saddr;
	iph->daddr = daddr;
	put_unaligned_be16(sport, q + 20);
	put_unaligned_be16(dport, q + 22);
	put_unaligned_be16(80, q + 24);
	return 28;
}

/* ---- echo ---------------------------------------------------------------------- */

/* @req 1122-3.2.2.6a @req 1122-3.2.2.6c @attack C8 */
/* @req 1122-3.1a */
static void echo_of_any_size_returns_the_same_bytes(void **state)
{
	static const u32 sizes[] = { 0, 1, 2, 7, 8, 55, 56, 100, 1000, 1471,
				     1472 };
	static const u32 cuts[] = { 0, 14, 20, 41, 64 };
	u8 data[1472];
	size_t i, c;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 13);
	for (c = 0; c < ARRAY_SIZE(cuts); c++)
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			f.rx_cut = cuts[c];
			f.rx_align = (u32)i % 8;
			inject_icmp(&from_peer, ICMP_ECHO, 0, 0xabcd0001u + i,
				    data, sizes[i]);
			fx_expect(&f, &p);
			assert_int_equal(p.icmp->type, ICMP_ECHOREPLY);
			assert_int_equal(be32_to_cpu(p.icmp->un.gateway),
					 0xabcd0001u + i);
			assert_int_equal(p.data_len, sizes[i]);
			assert_memory_equal(p.data, data, sizes[i]);
			assert_int_equal(p.ip->saddr, FX_IP);
			assert_int_equal(p.ip->ttl, 64);
		}
	fx_assert_no_drops(&f);
	fx_assert_no_skbs(&f);
}

/* Whose sum is not zero: fx_expect() looks. */
static void echo_of_zeros_is_answered_with_a_sum(void **state)
{
	(void)state;
	for (u32 n = 0; n < 3; n++) {
		inject_icmp(&from_peer, ICMP_ECHO, 0, 0, "\0\0", n);
		fx_expect(&f, &p);
		assert_int_equal(p.icmp->type, ICMP_ECHOREPLY);
		assert_int_equal(p.icmp->checksum, 0xffff);
	}
}

/* @req 1122-3.2.2.6c */
static void echo_reply_comes_from_the_address_that_was_asked(void **state)
{
	struct fx_ip ip = { .daddr = A(10, 0, 0, 3), .tos = 0xb8 };

	(void)state;
	assert_int_equal(inet_addr_add(f.dev, "10.0.0.3/24"), 0);
	fx_flush(&f);
	inject_icmp(&ip, ICMP_ECHO, 0, 1, "x", 1);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->saddr, A(10, 0, 0, 3));
	assert_int_equal(p.ip->tos, 0xb8);
}

/* An echo request with options; @p is the reply. */
static const u8 *echo_with_options(const u8 *opt, u8 len)
{
	const struct fx_ip ip = { .opt = opt, .opt_len = len };

	inject_icmp(&ip, ICMP_ECHO, 0, 1, "x", 1);
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->type, ICMP_ECHOREPLY);
	assert_memory_equal(p.data, "x", 1);
	return (const u8 *)(p.ip + 1);
}

/* As "ping -R" and "ping -T tsandaddr" of the peer show the way back. */
static void echo_reply_records_us_in_route_and_timestamp(void **state)
{
	static const u8 rr[12] = { IPOPT_RR, 11, 8, 10, 0, 0, 1 };
	static const u8 recorded[12] = { IPOPT_RR, 11, 12, 10, 0, 0, 1,
					 10, 0, 0, 2 };
	static const u8 full[8] = { IPOPT_RR, 7, 8, 10, 0, 0, 1 };
	static const u8 ts[20] = { IPOPT_TIMESTAMP, 20, 5, 1 };
	static const u8 nops[4] = { IPOPT_NOOP, IPOPT_NOOP, IPOPT_NOOP,
				    IPOPT_NOOP };
	const u8 *got;

	(void)state;
	got = echo_with_options(rr, sizeof(rr));
	assert_int_equal(ipv4_hdr_len(p.ip), 20 + sizeof(rr));
	assert_memory_equal(got, recorded, sizeof(rr));
	got = echo_with_options(full, sizeof(full));
	assert_memory_equal(got, full, sizeof(full));
	got = echo_with_options(ts, sizeof(ts));
	assert_int_equal(ipv4_hdr_len(p.ip), 20 + sizeof(ts));
	assert_int_equal(got[2], 13);
	assert_memory_equal(got + 4, "\x0a\0\0\x02", 4);
	/* what is not to be answered is left out */
	echo_with_options(nops, sizeof(nops));
	assert_int_equal(ipv4_hdr_len(p.ip), 20);
	fx_assert_no_drops(&f);
}

/* By way of 10.0.0.9, who is on the link. */
static void echo_reply_takes_an_accepted_source_route_back(void **state)
{
	static const u8 there[8] = { IPOPT_LSRR, 7, 8, 10, 0, 0, 9 };
	static const u8 back[8] = { IPOPT_LSRR, 7, 4, 10, 0, 0, 1 };
	const u8 *got;

	(void)state;
	fx_sysctl(&f, "net.ipv4.conf.all.accept_source_route", "1");
	fx_arp_reply(&f, FX_STRANGER, fx_stranger_mac);
	fx_arp_request(&f, FX_STRANGER, fx_stranger_mac, FX_IP);
	fx_flush(&f);
	got = echo_with_options(there, sizeof(there));
	assert_memory_equal(p.eth->h_dest, fx_stranger_mac, ETH_ALEN);
	assert_int_equal(p.ip->daddr, FX_STRANGER);
	assert_memory_equal(got, back, sizeof(back));
}

/* @attack I4 @attack C10 @req 1122-3.2.2.6b */
static void echo_to_many_is_not_answered(void **state)
{
	static const u8 all[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };
	static const u8 group[ETH_ALEN] = { 1, 0, 0x5e, 0, 0, 1 };
	struct fx_ip ip = { .dst_mac = all, .daddr = A(10, 0, 0, 255) };

	(void)state;
	inject_icmp(&ip, ICMP_ECHO, 0, 1, "x", 1);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_BROADCAST, 1);
	ip.daddr = A(255, 255, 255, 255);
	inject_icmp(&ip, ICMP_ECHO, 0, 1, "x", 1);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_BROADCAST, 1);
	ip.daddr = A(224, 0, 0, 1);
	ip.dst_mac = group;
	inject_icmp(&ip, ICMP_ECHO, 0, 1, "x", 1);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_BROADCAST, 1);
	fx_expect_silence(&f);
	fx_sysctl(&f, "net.ipv4.icmp_echo_ignore_broadcasts", "0");
	inject_icmp(&ip, ICMP_ECHO, 0, 1, "x", 1);
	fx_expect(&f, &p);
	assert_int_equal(p.ip->saddr, FX_IP);
	fx_sysctl(&f, "net.ipv4.icmp_echo_ignore_all", "1");
	inject_icmp(&from_peer, ICMP_ECHO, 0, 1, "x", 1);
	fx_expect_silence(&f);
}

/* @attack I4 */
static void datagram_to_many_is_not_complained_about(void **state)
{
	static const u8 all[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };
	struct fx_ip ip = { .dst_mac = all, .daddr = A(10, 0, 0, 255) };

	(void)state;
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 19, 7, "x", 1));
	ip.daddr = A(255, 255, 255, 255);
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 19, 7, "x", 1));
	fx_expect_silence(&f);
	fx_assert_no_skbs(&f);
}

/* A million frames, an echo request each, from the peer and, every second one,
 * from anybody; in @ns. Return: how many were answered. */
static u64 echo_flood(u64 ns)
{
	const u32 nr = 1000000, batch = 64;
	struct fx_ip ip = { 0 };
	u64 answers = 0;
	u32 i, len = 0;

	for (i = 0; i < nr; i++) {
		if (i & 1 || !len) {
			ip.saddr = i & 2 ? 0 : cpu_to_be32(0x14000000u + i);
			len = fx_build_icmp(frame, &ip, ICMP_ECHO, 0, i,
					    "flood", 5);
		}
		fx_queue(&f, f.dev, frame, len);
		if (i % batch != batch - 1)
			continue;
		fx_advance(&f, ns / (nr / batch));
		answers += fx_flush(&f);
	}
	return answers;
}

/* Echo replies are not limited by default, as in Linux; and if asked for, then
 * as errors are, for each host and for all. @attack C8 */
static void echo_flood_is_answered_or_limited_as_asked(void **state)
{
	u64 n;

	(void)state;
	assert_int_equal(inet_route_add(f.net, "default via 10.0.0.1"), 0);
	assert_int_equal(echo_flood(0), 1000000);
	fx_sysctl(&f, "net.ipv4.icmp_ratemask", "1");
	fx_advance(&f, 60 * FX_SEC);
	fx_mark(&f);
	n = echo_flood(10 * FX_SEC);
	/* 1,000 a second and a burst of 50 for all */
	assert_in_range(n, 5000, 10 * 1000 + 50);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_RATELIMIT, 1000000 - n);
	fx_advance(&f, 60 * FX_SEC);
	fx_sysctl(&f, "net.ipv4.icmp_msgs_per_sec", "1000000");
	for (n = 0; n < 10000; n++)		/* to one host six, then one */
		inject_icmp(&from_peer, ICMP_ECHO, 0, (u32)n, "flood", 5);
	assert_int_equal(fx_flush(&f), 6);
}

/* A rate that gives less than a message in the time between two looks. */
static void slow_rate_of_errors_is_kept(void **state)
{
	const struct fx_ip ip = { 0 };
	u32 i, len = fx_build_udp(frame, &ip, 5000, 9, "x", 1);

	(void)state;
	fx_sysctl(&f, "net.ipv4.icmp_ratelimit", "0");
	fx_sysctl(&f, "net.ipv4.icmp_msgs_per_sec", "15");
	fx_sysctl(&f, "net.ipv4.icmp_msgs_burst", "5");
	for (i = 0; i < 1000; i++) {
		fx_inject(&f, frame, len);
		fx_advance(&f, 30 * FX_MS);
	}
	assert_true(fx_mib_delta(&f, MIB_ICMP_OUTRATELIMITGLOBAL) >= 1000 - 15 * 45 - 5);
	/* 30 seconds; each costs 0 to 2, but not more than there is */
	assert_in_range(fx_flush(&f), 15 * 30 / 2, 15 * 30 * 3 / 2 + 5);
}

/* The largest there is. @attack C8 */
static void echo_large_arrives_in_fragments_and_leaves_so(void **state)
{
	static u8 data[65507], back[65515];
	struct fx_ip ip = { .id = 0x77 };
	u32 at, len, n;
	u8 *l4;

	(void)state;
	attack_allow(&f, 46);		/* as many fragments as came */
	for (at = 0; at < sizeof(data); at++)
		data[at] = (u8)(at * 31 >> 3);
	len = fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 0x10002, data,
			    sizeof(data));
	l4 = malloc(len);
	memcpy(l4, frame + ETH_HLEN + 20, len - ETH_HLEN - 20);
	len -= ETH_HLEN + 20;
	ip.proto = IPPROTO_ICMP;
	for (at = 0; at < len; at += n) {
		n = min(len - at, 1480u);
		ip.frag = (u16)(at / 8 | (at + n < len ? IP_MF : 0));
		fx_inject(&f, frame, fx_build_ip(frame, &ip, l4 + at, n));
	}
	free(l4);
	for (at = 0; fx_pop(&f, &p); at += p.l4_len)
		memcpy(back + at, p.l4, p.l4_len);
	assert_int_equal(at, sizeof(back));
	assert_int_equal(back[0], ICMP_ECHOREPLY);
	assert_memory_equal(back + 8, data, sizeof(data));
	assert_int_equal(ip_compute_csum(back, sizeof(back)), 0);
	fx_assert_no_drops(&f);
	fx_assert_no_skbs(&f);
}

/* ---- input --------------------------------------------------------------------- */

/* @attack C1 @req 1122-3.2.2a */
static void message_short_or_wrong_is_dropped(void **state)
{
	struct fx_ip ip = { .proto = IPPROTO_ICMP };
	u8 bytes[8] = { ICMP_ECHO };
	u32 len, bit;

	(void)state;
	for (len = 0; len < 8; len++) {
		fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, len));
		fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_INVALID, 1);
	}
	for (bit = 0; bit < 8 * 12; bit++) {
		len = fx_build_icmp(frame, &from_peer, ICMP_ECHO, 0, 1, "abcd",
				    4);
		frame[ETH_HLEN + 20 + bit / 8] ^= (u8)(1 << bit % 8);
		fx_inject(&f, frame, len);
		assert_true(fx_mib_delta(&f, MIB_ICMP_INCSUMERRORS) == 1);
		assert_true(fx_mib_delta(&f, MIB_ICMP_INERRORS) == 1);
		fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_CSUM, 1);
	}
	fx_expect_silence(&f);
}

/* @attack C1 @attack C7 @req 1122-3.2.2.7 @req 1122-3.2.2.8 @req 1122-3.2.2.9
 * @req 1122-3.2.2.3 @req RFC9293:MUST-55 */
static void message_every_type_and_code_gets_no_answer_but_echo(void **state)
{
	u8 data[40] = { 0 };
	u32 type, code;

	(void)state;
	quote(data, FX_IP, FX_PEER, 4000, 53);
	for (type = 0; type < 256; type++)
		for (code = 0; code < 256; code++) {
			if (type == ICMP_ECHO)
				continue;
			inject_icmp(&from_peer, (u8)type, (u8)code, 0, data,
				    sizeof(data));
		}
	fx_expect_silence(&f);
	assert_true(fx_mib_delta(&f, MIB_ICMP_INMSGS) == 255 * 256);
	assert_true(fx_mib_delta(&f, MIB_ICMP_OUTMSGS) == 0);
	fx_assert_no_skbs(&f);
}

/* @req 1122-3.2.2c @req 1122-4.1.3.3 @req 1122-3.2.2.1b */
static void unreachable_port_reaches_its_socket(void **state)
{
	struct socket *s;
	u8 q[28];
	u16 port;

	(void)state;
	s = open_udp(&port);
	quote(q, FX_IP, FX_PEER, port, 53);
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, q,
		    sizeof(q));
	fx_assert_no_drops(&f);
	assert_int_equal(so_error(s), ECONNREFUSED);
	/* another port, another peer: nobody is meant */
	quote(q, FX_IP, FX_PEER, port + 1, 53);
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, q,
		    sizeof(q));
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_NOSOCK, 1);
	quote(q, FX_IP, FX_STRANGER, port, 53);
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, q,
		    sizeof(q));
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_NOSOCK, 1);
	assert_int_equal(so_error(s), 0);
	assert_int_equal(inet_close(s), 0);
}

/* @req 1122-3.2.2.4 @req 1122-3.2.2.5 */
static void soft_errors_reach_the_error_queue(void **state)
{
	static const struct {
		u8 type, code;
		int err;
	} told[] = {
		{ ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, EHOSTUNREACH },
		{ ICMP_PARAMETERPROB, 0, EPROTO },
		{ ICMP_DEST_UNREACH, ICMP_NET_UNREACH, ENETUNREACH },
		{ ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, EHOSTUNREACH },
		{ ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, ENOPROTOOPT },
		{ ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, EMSGSIZE },
		{ ICMP_DEST_UNREACH, ICMP_PREC_CUTOFF, EHOSTUNREACH },
	};
	struct socket *s;
	u8 q[28];
	u16 port;
	int on = 1;
	size_t i;

	(void)state;
	s = open_udp(&port);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_RECVERR, &on,
					 sizeof(on)), 0);
	quote(q, FX_IP, FX_PEER, port, 53);
	for (i = 0; i < ARRAY_SIZE(told); i++) {
		u8 got[64];

		inject_icmp(&from_peer, told[i].type, told[i].code, 1400, q,
			    sizeof(q));
		assert_int_equal(so_error(s), told[i].err);
		while (inet_recv(s, got, sizeof(got),
				 MSG_ERRQUEUE | MSG_DONTWAIT) >= 0)
			;
	}
	assert_int_equal(inet_close(s), 0);
}

/* @attack C2 */
static void quote_too_short_or_not_ours_is_ignored(void **state)
{
	struct socket *s;
	u8 q[100] = { 0 };
	u16 port;
	u32 len;

	(void)state;
	s = open_udp(&port);
	quote(q, FX_IP, FX_PEER, port, 53);
	for (len = 0; len < 28; len++) {
		inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH,
			    0, q, len);
		fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_INVALID, 1);
	}
	q[0] = 0x4f;		/* 60 bytes of header in 28 */
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, q,
		    28);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_INVALID, 1);
	q[0] = 0x44;
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, q,
		    28);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_INVALID, 1);
	q[0] = 0x65;
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, q,
		    28);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_INVALID, 1);
	quote(q, FX_IP, FX_PEER, port, 53);
	q[7] = 1;		/* a later fragment */
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, q,
		    28);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_INVALID, 1);
	quote(q, FX_STRANGER, FX_PEER, port, 53);
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, q,
		    28);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_NOSOCK, 1);
	quote(q, FX_IP, A(10, 0, 0, 255), port, 53);
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0, q,
		    28);
	fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_INVALID, 1);
	assert_int_equal(so_error(s), 0);
	assert_int_equal(inet_close(s), 0);
}

/* @attack C11 */
static void problem_that_points_past_the_header_is_ignored(void **state)
{
	struct socket *s;
	u8 q[28];
	u16 port;
	u32 ptr;
	int on = 1;

	(void)state;
	s = open_udp(&port);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_RECVERR, &on,
					 sizeof(on)), 0);
	quote(q, FX_IP, FX_PEER, port, 53);
	for (ptr = 0; ptr < 256; ptr++) {
		inject_icmp(&from_peer, ICMP_PARAMETERPROB, 0, ptr << 24, q,
			    sizeof(q));
		assert_int_equal(so_error(s), ptr < 20 ? EPROTO : 0);
		if (ptr >= 20)
			fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_INVALID, 1);
	}
	assert_int_equal(inet_close(s), 0);
}

/* @attack C7 */
static void queries_nobody_should_answer_are_dropped(void **state)
{
	static const u8 types[] = { ICMP_SOURCE_QUENCH, ICMP_ROUTERADVERT,
				    ICMP_ROUTERSOLICIT, ICMP_TIMESTAMP,
				    ICMP_TIMESTAMPREPLY, ICMP_INFO_REQUEST,
				    ICMP_INFO_REPLY, ICMP_ADDRESS,
				    ICMP_ADDRESSREPLY, ICMP_EXT_ECHO };
	u8 q[28];
	size_t i;

	(void)state;
	quote(q, FX_IP, FX_PEER, 4000, 53);
	for (i = 0; i < sizeof(types); i++) {
		inject_icmp(&from_peer, types[i], 0, 0, q, sizeof(q));
		fx_assert_dropped(&f, SKB_DROP_REASON_ICMP_TYPE, 1);
	}
	fx_expect_silence(&f);
	assert_int_equal(net_mib_read(f.net, MIB_ICMP_INTIMESTAMPS), 1);
}

/* ---- path MTU from the wire ------------------------------------------------------ */

/* @attack C4 @req 1122-3.3.3a */
static void frag_needed_for_a_live_socket_sets_its_path(void **state)
{
	struct flowi4 fl4 = { .daddr = FX_PEER };
	struct rtable *rt;
	struct socket *s;
	u8 q[28];
	u16 port;

	(void)state;
	s = open_udp(&port);
	quote(q, FX_IP, FX_PEER, port + 1, 53);
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1200, q,
		    sizeof(q));
	rt = ip_route_output_flow(f.net, &fl4, NULL);
	assert_int_equal(dst_mtu(&rt->dst), 1500);	/* nobody's flow */
	dst_release(&rt->dst);
	quote(q, FX_IP, FX_PEER, port, 53);
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1200, q,
		    sizeof(q));
	rt = ip_route_output_flow(f.net, &fl4, NULL);
	assert_int_equal(dst_mtu(&rt->dst), 1200);
	dst_release(&rt->dst);
	fx_sysctl(&f, "net.ipv4.ip_no_pmtu_disc", "1");
	inject_icmp(&from_peer, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 600, q,
		    sizeof(q));
	rt = ip_route_output_flow(f.net, &fl4, NULL);
	assert_int_equal(dst_mtu(&rt->dst), 1200);
	dst_release(&rt->dst);
	assert_int_equal(inet_close(s), 0);
}

/* ---- errors we send ---------------------------------------------------------------- */

static void to_closed_port(const struct fx_ip *ip, const void *data, u32 len)
{
	fx_inject(&f, frame, fx_build_udp(frame, ip, 4000, 9, data, len));
}

/* @req 1122-3.2.2b @req 1122-3.2.2d @req 1122-3.3.8 @req 1122-4.1.3.1 */
static void error_quotes_what_came_up_to_576_bytes(void **state)
{
	static const u8 opt[8] = { 1, 1, 1, 1, 1, 1, 1, 0 };
	struct fx_ip ip = { .tos = 0x1c, .opt = opt, .opt_len = 8 };
	u8 data[1400];
	u32 len;

	(void)state;
	memset(data, 0x3c, sizeof(data));
	for (len = 0; len <= sizeof(data); len += 100) {
		fx_sysctl(&f, "net.ipv4.icmp_ratelimit", "0");
		fx_advance(&f, FX_SEC);
		to_closed_port(&ip, data, len);
		fx_expect(&f, &p);
		assert_int_equal(p.icmp->type, ICMP_DEST_UNREACH);
		assert_int_equal(p.icmp->code, ICMP_PORT_UNREACH);
		assert_int_equal(p.icmp->un.gateway, 0);
		assert_int_equal(p.ip->saddr, FX_IP);
		assert_int_equal(p.ip->daddr, FX_PEER);
		assert_int_equal(p.ip->tos & 0x1f, 0);	/* normal service */
		assert_int_equal(ipv4_hdr_len(p.ip), 20);
		assert_int_equal(p.data_len, min(28 + 8 + len, 576u - 28));
		assert_memory_equal(p.data, frame + ETH_HLEN, p.data_len);
	}
	fx_expect_silence(&f);
}

/* @attack C10 @req 1122-3.2.2e @attack F12 */
static void error_about_what_must_not_be_complained_of_is_not_sent(void **state)
{
	static const u8 all[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };
	static const u8 errors[] = { 3, 4, 5, 11, 12 };
	static const u8 unknown_type[] = { 19, 41, 255 };
	struct fx_ip ip = { .proto = 253 };
	u8 msg[36] = { 0 };
	size_t i;

	(void)state;
	/* link or network broadcast */
	ip.dst_mac = all;
	ip.daddr = A(10, 0, 0, 255);
	fx_inject(&f, frame, fx_build_ip(frame, &ip, msg, sizeof(msg)));
	ip.daddr = A(224, 0, 0, 1);
	fx_inject(&f, frame, fx_build_ip(frame, &ip, msg, sizeof(msg)));
	/* a later fragment with nobody to take it: it is held, then times out
	 * without a first one */
	ip = (struct fx_ip){ .proto = 253, .frag = 100 };
	fx_inject(&f, frame, fx_build_ip(frame, &ip, msg, 32));
	fx_advance(&f, 60 * FX_SEC);
	fx_expect_silence(&f);
	/* errors, and what may be one; a router would say TTL exceeded */
	fx_sysctl(&f, "net.ipv4.ip_forward", "1");
	ip = (struct fx_ip){ .proto = IPPROTO_ICMP, .ttl = 1,
			     .daddr = A(10, 0, 0, 50) };
	for (i = 0; i < sizeof(errors); i++) {
		inject_icmp(&ip, errors[i], 0, 0, msg, sizeof(msg));
		fx_expect_silence(&f);
	}
	for (i = 0; i < sizeof(unknown_type); i++) {
		inject_icmp(&ip, unknown_type[i], 0, 0, msg, sizeof(msg));
		fx_expect_silence(&f);
	}
	inject_icmp(&ip, ICMP_ECHO, 0, 0, msg, sizeof(msg));
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->type, ICMP_TIME_EXCEEDED);
	/* an ICMP packet too short to show its type */
	fx_inject(&f, frame, fx_build_ip(frame, &ip, msg, 0));
	fx_expect_silence(&f);
}

/* ---- limits -------------------------------------------------------------------------- */

static void error_limit_per_destination_refills_with_time(void **state)
{
	u32 i;

	(void)state;
	for (i = 0; i < 20; i++)
		to_closed_port(&from_peer, "x", 1);
	assert_int_equal(fx_flush(&f), 6);
	assert_true(fx_mib_delta(&f, MIB_ICMP_OUTRATELIMITHOST) == 14);
	fx_advance(&f, 1100 * FX_MS);
	for (i = 0; i < 20; i++)
		to_closed_port(&from_peer, "x", 1);
	assert_int_equal(fx_flush(&f), 1);
	fx_advance(&f, 60 * FX_SEC);
	for (i = 0; i < 20; i++)
		to_closed_port(&from_peer, "x", 1);
	assert_int_equal(fx_flush(&f), 6);
	fx_sysctl(&f, "net.ipv4.icmp_ratelimit", "0");
	fx_sysctl(&f, "net.ipv4.icmp_ratemask", "0");
	for (i = 0; i < 200; i++)
		to_closed_port(&from_peer, "x", 1);
	assert_int_equal(fx_flush(&f), 200);
}

/* One UDP datagram to a closed port from 10.0.1.@i, known by the wire. */
static u32 answer_to(u32 i)
{
	struct fx_ip ip = { .saddr = cpu_to_be32(0x0a000100u + i) };

	fx_inject(&f, frame, fx_build_udp(frame, &ip, 4000, 9, "x", 1));
	return fx_flush(&f);
}

/* @attack U6 */
static void error_limit_global_bounds_all_destinations(void **state)
{
	u32 i, sent = 0;

	(void)state;
	assert_int_equal(inet_route_add(f.net, "default via 10.0.0.1"), 0);
	for (i = 0; i < 2000; i++) {
		struct fx_ip ip = { .saddr = cpu_to_be32(0x14000000u + i) };

		fx_inject(&f, frame, fx_build_udp(frame, &ip, 4000, 9, "x", 1));
		sent += fx_flush(&f);
	}
	/* a burst of 50 at an average price of one */
	assert_in_range(sent, 30, 100);
	fx_advance(&f, 10 * FX_SEC);
	sent = 0;
	for (i = 0; i < 100000; i++) {
		struct fx_ip ip = { .saddr = cpu_to_be32(0x15000000u + i) };

		fx_queue(&f, f.dev, frame, fx_build_udp(frame, &ip, 4000, 9,
							"x", 1));
		if (i % 50)
			continue;
		fx_advance(&f, FX_MS);		/* 2 s in all */
		sent += fx_flush(&f);
	}
	assert_in_range(sent, 1500, 2600);
}

/*
 * @attack C9: X sends 50 forged datagrams to ports that are open or closed, then
 * asks once himself. The number of answers that the forged ones provoked must
 * not show in whether X is answered.
 */
static void error_limit_says_nothing_of_other_destinations(void **state)
{
	u32 round, i, seen[2] = { 0, 0 };
	const u32 rounds = 1500;
	struct socket *s = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = cpu_to_be16(7777) };
	s64 diff;

	(void)state;
	assert_int_equal(inet_route_add(f.net, "default via 10.0.0.1"), 0);
	assert_int_equal(inet_bind(s, (struct sockaddr *)&at, sizeof(at)), 0);
	for (round = 0; round < rounds; round++) {
		fx_advance(&f, 1000 * FX_MS);	/* everything is refilled */
		for (i = 0; i < 50; i++) {
			struct fx_ip ip = { .saddr = cpu_to_be32(
				0x14000000u + round * 64 + i) };
			/* in odd rounds one of them hits the open port */
			u16 port = round & 1 && i == 25 ? 7777 : 9;

			fx_queue(&f, f.dev, frame, fx_build_udp(
				frame, &ip, 4000, port, "x", 1));
		}
		fx_run(&f);
		fx_flush(&f);
		seen[round & 1] += answer_to(round % 250);
	}
	/* 750 coins each: the difference of fair ones has a standard deviation
	 * below 20; X would need it to be hundreds */
	diff = (s64)seen[0] - seen[1];
	assert_in_range(diff + 100, 0, 200);
	assert_in_range(seen[0], 100, 650);
	assert_int_equal(inet_close(s), 0);
}

/* The destination's own bucket is asked first: who is over it takes nothing of
 * the global one. @attack C9 */
static void error_limit_of_one_leaves_the_others_alone(void **state)
{
	u32 i;

	(void)state;
	assert_int_equal(inet_route_add(f.net, "default via 10.0.0.1"), 0);
	for (i = 0; i < 10000; i++)
		to_closed_port(&from_peer, "x", 1);
	assert_int_equal(fx_flush(&f), 6);
	assert_int_equal(answer_to(1), 1);
	assert_int_equal(answer_to(2), 1);
}

/* Path MTU discovery is never slowed. */
static void frag_needed_is_not_limited(void **state)
{
	static const u8 mac1[ETH_ALEN] = { 2, 0, 0, 0, 1, 2 };
	struct fx_ip ip = { .daddr = A(10, 1, 0, 1), .proto = 253,
			    .frag = IP_DF };
	static u8 data[1000];
	struct net_device *dev1;
	u32 i;

	(void)state;
	dev1 = fx_add_dev(&f, "test1", mac1, "10.1.0.2/24");
	fx_sysctl(&f, "net.ipv4.ip_forward", "1");
	assert_int_equal(inet_netdev_set_mtu(dev1, 600), 0);
	fx_advance(&f, 3 * FX_SEC);
	fx_flush(&f);
	for (i = 0; i < 200; i++)
		fx_inject(&f, frame, fx_build_ip(frame, &ip, data,
						 sizeof(data)));
	assert_int_equal(fx_flush(&f), 200);
}

/* Every allocation on the way of a message fails once. Unwatched: the memory of
 * whoever watches would be short as well. @attack M8 */
static void memory_short_anywhere_leaks_nothing(void **state)
{
	u32 n;

	(void)state;
	for (n = 1; n < 40; n++) {
		skb_cache_flush(f.net->softnets);	/* or none is needed */
		mem_fail_nth(&f.net->mem, n);
		inject_icmp(&from_peer, ICMP_ECHO, 0, 1, "abc", 3);
		to_closed_port(&from_peer, "x", 1);
		if (!mem_failed(&f.net->mem))
			break;
		fx_flush(&f);
		fx_assert_no_skbs(&f);
	}
	assert_in_range(n, 2, 39);	/* some failed, and then none */
	assert_true(fx_mib_delta(&f, MIB_ICMP_OUTERRORS) > 0);
	mem_fail_nth(&f.net->mem, 0);
	fx_flush(&f);
	inject_icmp(&from_peer, ICMP_ECHO, 0, 1, "abc", 3);
	fx_expect(&f, &p);
}

int main(void)
{
#define T(name) cmocka_unit_test_prestate_setup_teardown( \
		name, attack_setup_learned, fx_teardown, &f)
/* Unwatched: about more than what attacks may do. */
#define U(name) cmocka_unit_test_prestate_setup_teardown( \
		name, fx_setup_learned, fx_teardown, &f)
	const struct CMUnitTest tests[] = {
		T(echo_of_any_size_returns_the_same_bytes),
		T(echo_of_zeros_is_answered_with_a_sum),
		U(echo_reply_comes_from_the_address_that_was_asked),
		T(echo_reply_records_us_in_route_and_timestamp),
		T(echo_reply_takes_an_accepted_source_route_back),
		T(echo_to_many_is_not_answered),
		T(datagram_to_many_is_not_complained_about),
		T(echo_flood_is_answered_or_limited_as_asked),
		T(slow_rate_of_errors_is_kept),
		T(echo_large_arrives_in_fragments_and_leaves_so),
		T(message_short_or_wrong_is_dropped),
		T(message_every_type_and_code_gets_no_answer_but_echo),
		T(unreachable_port_reaches_its_socket),
		T(soft_errors_reach_the_error_queue),
		T(quote_too_short_or_not_ours_is_ignored),
		T(problem_that_points_past_the_header_is_ignored),
		T(queries_nobody_should_answer_are_dropped),
		T(frag_needed_for_a_live_socket_sets_its_path),
		T(error_quotes_what_came_up_to_576_bytes),
		T(error_about_what_must_not_be_complained_of_is_not_sent),
		T(error_limit_per_destination_refills_with_time),
		T(error_limit_global_bounds_all_destinations),
		T(error_limit_says_nothing_of_other_destinations),
		T(error_limit_of_one_leaves_the_others_alone),
		T(frag_needed_is_not_limited),
		U(memory_short_anywhere_leaks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
