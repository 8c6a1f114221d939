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

/* Reads MSS, window scale and timestamp. Return: false if the list lies. */
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
	return parse_options(s) ? FRAME_TCP : FRAME_DAMAGED;
}

enum monitor_kind monitor_parse(struct segment *s, const u8 *p, u32 len)
{
	u32 ihl, total;

	*s = (struct segment){ .scale = -1 };
	if (len < 34 || get16(p + 12) != 0x0800)
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
	s->addr[0] = get32(p + 12);
	s->addr[1] = get32(p + 16);
	s->pseudo = sum16(p + 12, 8, 0);
	s->ip_len = total;
	if (get16(p + 6) & 0x3fff)
		return FRAME_IP;	/* a fragment */
	if (p[9] == 1 && !icmp_is_right(p + ihl, total - ihl))
		return FRAME_DAMAGED;
	if (p[9] != 6)
		return p[9] == 1 ? FRAME_ICMP : FRAME_IP;
	return parse_tcp(s, p + ihl, total - ihl);
}
