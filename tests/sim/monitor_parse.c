/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor reads a frame, with code of its own.
 */
#include "monitor.h"

static u16 get16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static u32 get32(const u8 *p)
{
	return (u32)get16(p) << 16 | get16(p + 2);
}

static u32 sum16(const u8 *p, u32 len, u32 sum)
{
	for (; len > 1; len -= 2, p += 2)
		sum += get16(p);
	if (len)
		sum += (u32)*p << 8;
	return sum;
}

static bool folds(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

/* The blocks of a SACK, the @n octets at @o. Return: false if it lies. */
static bool parse_sack(struct segment *s, const u8 *o, u32 n)
{
	u32 i;

	if (n % 8 != 2 || n < 10 || n > 2 + 8 * MAX_SACKS)
		return false;
	for (i = 2; i < n; i += 8, s->nr_sacks++) {
		s->sack[s->nr_sacks][0] = get32(o + i);
		s->sack[s->nr_sacks][1] = get32(o + i + 4);
	}
	return true;
}

/* Reads MSS, window scale, timestamp and SACK. Return: false if the list
 * lies; what stands before that counts. */
static bool parse_options(struct segment *s)
{
	u32 i = 0, n;

	while (i < s->opt_len) {
		const u8 *o = s->opt + i;

		if (o[0] == 0)
			break;
		n = o[0] == 1 ? 1 : i + 1 < s->opt_len ? o[1] : 0;
		if (!n || (o[0] != 1 && n < 2) || i + n > s->opt_len)
			return false;
		if (o[0] == 2 && n == 4)
			s->mss = get16(o + 2);
		else if (o[0] == 3 && n == 3)
			s->scale = o[2] < 14 ? o[2] : 14;
		else if (o[0] == 8 && n == 10)
			s->has_ts = true, s->ts = get32(o + 2),
			s->ts_echo = get32(o + 6);
		else if (o[0] == 4 && n == 2)
			s->sack_ok = true;
		else if (o[0] == 5 && (s->nr_sacks || !parse_sack(s, o, n)))
			return false;
		i += n;
	}
	return true;
}

/* An ICMP error quotes a datagram that is no ICMP error itself. */
static bool icmp_is_right(const u8 *p, u32 len)
{
	static const u32 errors = 1u << 3 | 1u << 4 | 1u << 5 | 1u << 11 |
				  1u << 12;
	u32 ihl;

	if (len < 8 || !folds(sum16(p, len, 0)))
		return false;
	if (p[0] > 31 || !(errors >> p[0] & 1))
		return true;
	if (len < 8 + 20)
		return false;
	ihl = (p[8] & 15) * 4u;
	return p[8 + 9] != 1 || len < 8 + ihl + 1 || p[8 + ihl] > 31 ||
	       !(errors >> p[8 + ihl] & 1);
}

/* The TCP header at @p of a datagram of which @len bytes follow. */
static enum monitor_kind parse_tcp(struct segment *s, const u8 *p, u32 len)
{
	u32 off;

	if (len < 20 || !folds(sum16(p, len, s->pseudo + 6 + len)))
		return FRAME_DAMAGED;
	off = (p[12] >> 4) * 4u;
	if (off < 20 || off > len)
		return FRAME_DAMAGED;
	s->port[0] = get16(p);
	s->port[1] = get16(p + 2);
	s->seq = get32(p + 4);
	s->ack = get32(p + 8);
	s->reserved = p[12] & 15;
	s->flags = p[13];
	s->window = get16(p + 14);
	s->urgent = get16(p + 18);
	s->opt = p + 20;
	s->opt_len = off - 20;
	s->data = p + off;
	s->len = len - off;
	s->lies = !parse_options(s);
	return FRAME_TCP;
}

/* UDP: its checksum may be left out, but not be wrong. */
static enum monitor_kind parse_udp(struct segment *s, const u8 *p, u32 len)
{
	if (len < 8 || get16(p + 4) != len ||
	    (get16(p + 6) && !folds(sum16(p, len, s->pseudo + 17 + len))))
		return FRAME_DAMAGED;
	s->port[0] = get16(p);
	s->port[1] = get16(p + 2);
	return FRAME_UDP;
}

/* ARP for IPv4 over Ethernet (RFC 826). */
static enum monitor_kind parse_arp(struct segment *s, const u8 *p, u32 len)
{
	if (len < 28 || get16(p) != 1 || get16(p + 2) != 0x0800 || p[4] != 6 ||
	    p[5] != 4)
		return FRAME_DAMAGED;
	s->op = get16(p + 6);
	s->sender = p + 8;
	s->addr[0] = get32(p + 14);
	s->target = p + 18;
	s->addr[1] = get32(p + 24);
	return FRAME_ARP;
}

/* The payload of a datagram, or its first piece. */
static enum monitor_kind parse_payload(struct segment *s, bool more)
{
	const u8 *p = s->payload;
	u32 len = s->payload_len;

	if (s->frag || more)
		return FRAME_IP;
	if (s->proto == 1)
		return icmp_is_right(p, len) ? FRAME_ICMP : FRAME_DAMAGED;
	if (s->proto == 17)
		return parse_udp(s, p, len);
	return s->proto == 6 ? parse_tcp(s, p, len) : FRAME_IP;
}

enum monitor_kind monitor_parse(struct segment *s, const u8 *p, u32 len)
{
	u32 ihl, total;

	*s = (struct segment){ .scale = -1, .to = p, .from = p + 6,
			       .ip = p + 14 };
	if (len < 34)
		return FRAME_OTHER;
	if (get16(p + 12) == 0x0806)
		return parse_arp(s, p + 14, len - 14);
	if (get16(p + 12) != 0x0800)
		return FRAME_OTHER;
	p += 14;
	len -= 14;
	ihl = (p[0] & 15) * 4u;
	total = get16(p + 2);
	if (p[0] >> 4 != 4 || ihl < 20 || total > len || total < ihl ||
	    !folds(sum16(p, ihl, 0)))
		return FRAME_DAMAGED;
	s->tos = p[1];
	s->ttl = p[8];
	s->proto = p[9];
	s->addr[0] = get32(p + 12);
	s->addr[1] = get32(p + 16);
	s->pseudo = sum16(p + 12, 8, 0);
	s->ip_len = total;
	s->frag = (u16)((get16(p + 6) & 0x1fff) * 8);
	s->payload = p + ihl;
	s->payload_len = total - ihl;
	return parse_payload(s, get16(p + 6) & 0x2000);
}
