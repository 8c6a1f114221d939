/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the IPv4 header (RFC 791 3.1, RFC 1122 3.2.1.8, RFC 2113).
 *
 * Four options carry a pointer or a value that somebody acts upon: loose and
 * strict source route, record route, timestamp, router alert. Each may come
 * once, a header has one source route at most. Their pointer counts from 1 at
 * the kind: the first slot is 4 (timestamp: 5), a full list has a pointer one
 * past the length; anything beyond that no honest host can produce, and is
 * refused although Linux lets it pass.
 *
 * Parsing is strict and happens once; the functions that change a header take
 * what parsing found, and check every offset again against the header they are
 * given, so that a mix-up cannot write outside it.
 */
#include "wire/ip_options.h"

#include "lib/byteorder.h"
#include "wire/cursor.h"

#define IPOPT_MIN_LEN	2		/* kind and length */
#define RR_MIN_LEN	3		/* and the pointer; source routes too */
#define TS_MIN_LEN	4		/* and overflow, flags */
#define TS_MINOFF	5
#define TS_OVERFLOW_MAX	15
#define RA_LEN		4
#define SLOT		4		/* an address, or a time */

/* ---- parsing ---- */

/* The option in hand: its bytes, its length, its place in the header. */
struct option {
	const u8 *p;
	u8 len;
	u8 off;
};

/* Point @pp_ptr at byte @at of the option. */
static int option_bad(const struct option *o, unsigned int at, u8 *pp_ptr)
{
	*pp_ptr = (u8)(o->off + at);
	return -WIRE_OPTION;
}

/*
 * Check the pointer of a list of addresses or times.
 *
 * @min: the first slot
 * @slot: bytes one entry takes
 * @room: set when the next entry fits
 */
static int check_pointer(const struct option *o, unsigned int min,
			 unsigned int slot, bool *room, u8 *pp_ptr)
{
	unsigned int ptr = o->p[IPOPT_OFFSET];

	if (ptr < min || ptr > o->len + 1u)
		return option_bad(o, IPOPT_OFFSET, pp_ptr);
	if (ptr <= o->len && ptr - 1 + slot > o->len)
		return option_bad(o, IPOPT_OFFSET, pp_ptr);
	*room = ptr <= o->len;
	return 0;
}

/* A source route, loose or strict; one of both at most (RFC 1122 3.2.1.8). */
static int parse_srr(const struct option *o, struct ip_options_info *got,
		     u8 *pp_ptr)
{
	bool room;
	int err;

	if (got->srr)
		return option_bad(o, IPOPT_OPTVAL, pp_ptr);
	if (o->len < RR_MIN_LEN)
		return option_bad(o, IPOPT_OLEN, pp_ptr);
	err = check_pointer(o, IPOPT_MINOFF, SLOT, &room, pp_ptr);
	if (err)
		return err;
	got->srr = o->off;
	got->is_strictroute = o->p[IPOPT_OPTVAL] == IPOPT_SSRR;
	if (room)
		memcpy(&got->next_hop, o->p + o->p[IPOPT_OFFSET] - 1, SLOT);
	return 0;
}

/* Record route. */
static int parse_rr(const struct option *o, struct ip_options_info *got,
		    u8 *pp_ptr)
{
	if (got->rr)
		return option_bad(o, IPOPT_OPTVAL, pp_ptr);
	if (o->len < RR_MIN_LEN)
		return option_bad(o, IPOPT_OLEN, pp_ptr);
	got->rr = o->off;
	return check_pointer(o, IPOPT_MINOFF, SLOT, &got->rr_room, pp_ptr);
}

/* RFC 791: an overflow count that cannot grow makes the datagram an error. */
static int parse_ts(const struct option *o, struct ip_options_info *got,
		    u8 *pp_ptr)
{
	unsigned int slot = 2 * SLOT;
	int err;

	if (got->ts)
		return option_bad(o, IPOPT_OPTVAL, pp_ptr);
	if (o->len < TS_MIN_LEN)
		return option_bad(o, IPOPT_OLEN, pp_ptr);
	got->ts = o->off;
	got->ts_flags = o->p[3] & 0x0f;
	got->ts_overflow = o->p[3] >> 4;
	if (got->ts_flags == IPOPT_TS_TSONLY)
		slot = SLOT;
	else if (got->ts_flags != IPOPT_TS_TSANDADDR &&
		 got->ts_flags != IPOPT_TS_PRESPEC)
		return option_bad(o, 3, pp_ptr);
	err = check_pointer(o, TS_MINOFF, slot, &got->ts_room, pp_ptr);
	if (err)
		return err;
	if (!got->ts_room && got->ts_overflow == TS_OVERFLOW_MAX &&
	    got->ts_flags != IPOPT_TS_PRESPEC)
		return option_bad(o, 3, pp_ptr);
	return 0;
}

/* Router alert: any value but 0 means something to others only. */
static int parse_ra(const struct option *o, struct ip_options_info *got,
		    u8 *pp_ptr)
{
	if (o->len != RA_LEN)
		return option_bad(o, IPOPT_OLEN, pp_ptr);
	if (o->p[2] == 0 && o->p[3] == 0)
		got->router_alert = o->off;
	return 0;
}

/* One option other than end-of-list and no-operation. */
static int parse_option(const struct option *o, struct ip_options_info *got,
			u8 *pp_ptr)
{
	switch (o->p[IPOPT_OPTVAL]) {
	case IPOPT_LSRR:
	case IPOPT_SSRR:
		return parse_srr(o, got, pp_ptr);
	case IPOPT_RR:
		return parse_rr(o, got, pp_ptr);
	case IPOPT_TIMESTAMP:
		return parse_ts(o, got, pp_ptr);
	case IPOPT_RA:
		return parse_ra(o, got, pp_ptr);
	default:
		got->has_unknown = true;
		return 0;
	}
}

/*
 * Walk the options of a header (RFC 791 3.1).
 *
 * @opt, @len: the bytes behind the fixed part, 0 to 40 of them. End-of-list
 *             ends the walk, whatever follows it.
 *
 * Return: 0; or -WIRE_OPTION, and of @info only pp_ptr is set: where in the
 * header the byte is that a Parameter Problem must point at.
 */
int ip_options_parse(const void *opt, size_t len, struct ip_options_info *info)
{
	struct ip_options_info got = { .opt_len = (u8)len };
	struct option o = { .off = IP_HLEN_MIN };
	const u8 *bytes = opt;
	size_t at = 0;
	int err;

	if (len > MAX_IPOPTLEN) {
		info->pp_ptr = 0;
		return -WIRE_OPTION;
	}
	while (at < len && bytes[at] != IPOPT_END) {
		o.off = (u8)(IP_HLEN_MIN + at);
		if (bytes[at] == IPOPT_NOOP) {
			at++;
			continue;
		}
		if (len - at < IPOPT_MIN_LEN)
			return option_bad(&o, IPOPT_OPTVAL, &info->pp_ptr);
		o.p = bytes + at;
		o.len = o.p[IPOPT_OLEN];
		if (o.len < IPOPT_MIN_LEN || o.len > len - at)
			return option_bad(&o, IPOPT_OLEN, &info->pp_ptr);
		err = parse_option(&o, &got, &info->pp_ptr);
		if (err)
			return err;
		at += o.len;
	}
	*info = got;
	return 0;
}

/* ---- changing a header ---- */

/*
 * The option at @off of a header, if all of it lies inside.
 *
 * @min: bytes it must have
 */
static u8 *option_at(void *iph, size_t hdr_len, u8 off, u8 min)
{
	u8 *p = (u8 *)iph + off;

	if (off < IP_HLEN_MIN || off + (size_t)min > hdr_len ||
	    p[IPOPT_OLEN] < min || off + (size_t)p[IPOPT_OLEN] > hdr_len)
		return NULL;
	return p;
}

/* Where the pointer of @p points, if @size bytes fit there; else NULL. */
static u8 *option_slot(u8 *p, unsigned int min, unsigned int size)
{
	unsigned int ptr = p[IPOPT_OFFSET];

	if (ptr < min || ptr - 1 + size > p[IPOPT_OLEN])
		return NULL;
	return p + ptr - 1;
}

/*
 * Record our address in the route (RFC 791 "Record Route").
 *
 * @iph, @hdr_len: a whole header that parsed into @info
 *
 * Return: whether the header changed, so that its checksum must be redone.
 */
bool ip_options_rr_update(void *iph, size_t hdr_len,
			  const struct ip_options_info *info, __be32 addr)
{
	u8 *p = option_at(iph, hdr_len, info->rr, RR_MIN_LEN);
	u8 *slot = p ? option_slot(p, IPOPT_MINOFF, SLOT) : NULL;

	if (!slot)
		return false;
	memcpy(slot, &addr, SLOT);
	p[IPOPT_OFFSET] += SLOT;
	return true;
}

/*
 * Count a station that found no room; never past what four bits hold. A
 * prespecified list has room for just those it names.
 */
static bool ts_count_overflow(u8 *p)
{
	u8 overflow = p[3] >> 4;

	if ((p[3] & 0x0f) == IPOPT_TS_PRESPEC ||
	    p[IPOPT_OFFSET] <= p[IPOPT_OLEN] || overflow == TS_OVERFLOW_MAX)
		return false;
	p[3] = (u8)((overflow + 1) << 4 | (p[3] & 0x0f));
	return true;
}

/*
 * Write our time into the timestamp option, with our address where the option
 * asks for it, or count the overflow (RFC 791 "Internet Timestamp").
 *
 * @ms: milliseconds since midnight UT
 *
 * Return: whether the header changed.
 */
bool ip_options_ts_update(void *iph, size_t hdr_len,
			  const struct ip_options_info *info, __be32 addr,
			  u32 ms)
{
	u8 *p = option_at(iph, hdr_len, info->ts, TS_MIN_LEN);
	unsigned int size = SLOT;
	u8 *slot;

	if (!p)
		return false;
	if ((p[3] & 0x0f) != IPOPT_TS_TSONLY)
		size = 2 * SLOT;
	slot = option_slot(p, TS_MINOFF, size);
	if (!slot)
		return ts_count_overflow(p);
	if ((p[3] & 0x0f) == IPOPT_TS_PRESPEC && memcmp(slot, &addr, SLOT) != 0)
		return false;
	if (size == 2 * SLOT) {
		memcpy(slot, &addr, SLOT);
		slot += SLOT;
	}
	put_unaligned_be32(ms, slot);
	p[IPOPT_OFFSET] += (u8)size;
	return true;
}

/*
 * Send a source-routed datagram on: its destination becomes the next address
 * of the route, and ours is recorded in its place.
 *
 * Return: whether the header changed; false when the route is used up.
 */
bool ip_options_srr_update(void *iph, size_t hdr_len,
			   const struct ip_options_info *info, __be32 addr)
{
	u8 *p = option_at(iph, hdr_len, info->srr, RR_MIN_LEN);
	u8 *slot = p ? option_slot(p, IPOPT_MINOFF, SLOT) : NULL;

	if (!slot)
		return false;
	memcpy((u8 *)iph + offsetof(struct iphdr, daddr), slot, SLOT);
	memcpy(slot, &addr, SLOT);
	p[IPOPT_OFFSET] += SLOT;
	return true;
}

/*
 * Write the route back (RFC 1122 3.2.1.8 (c)): the recorded addresses in
 * reverse order, then the sender. The last recorded one is where the reply
 * goes first. A sender that recorded itself is not visited twice (RFC 1812
 * 5.2.4.1).
 *
 * @p: the source route of a datagram that has arrived
 */
static void echo_srr(const u8 *p, __be32 saddr, struct wcursor *w,
		     __be32 *first_hop)
{
	unsigned int len = p[IPOPT_OLEN], ptr = p[IPOPT_OFFSET];
	unsigned int i, n, first = 0;
	const u8 *route = p + RR_MIN_LEN;
	u8 *dst;

	if (ptr < IPOPT_MINOFF || ptr > len + 1)
		return;
	n = (ptr - IPOPT_MINOFF) / SLOT;
	if (n > 0 && memcmp(route, &saddr, SLOT) == 0)
		first = 1;
	if (n == first)
		return;
	len = RR_MIN_LEN + (n - first) * SLOT;
	dst = wcur_take(w, len);
	if (!dst)
		return;
	memcpy(first_hop, route + (n - 1) * SLOT, SLOT);
	dst[IPOPT_OPTVAL] = p[IPOPT_OPTVAL];
	dst[IPOPT_OLEN] = (u8)len;
	dst[IPOPT_OFFSET] = IPOPT_MINOFF;
	dst += RR_MIN_LEN;
	for (i = n - 1; i > first; i--, dst += SLOT)
		memcpy(dst, route + (i - 1) * SLOT, SLOT);
	memcpy(dst, &saddr, SLOT);
}

/*
 * The options of the reply to a datagram that carried options: its source
 * route reversed, its record route and timestamp as they came (RFC 1122
 * 3.2.2.6), to be filled on. Anything else is not echoed; an ICMP error echoes
 * nothing at all.
 *
 * @iph, @hdr_len: the header that parsed into @info
 * @out: where the options go, filled up with end-of-list to whole words
 * @first_hop: where the reply goes first; its own address without a route
 *
 * Return: bytes in @out, 0 to 40.
 */
int ip_options_echo(const void *iph, size_t hdr_len,
		    const struct ip_options_info *info,
		    u8 out[MAX_IPOPTLEN], __be32 *first_hop)
{
	struct wcursor w = wcur_init(out, MAX_IPOPTLEN);
	struct iphdr h;
	const u8 *p;

	if (hdr_len < sizeof(h))
		return 0;
	memcpy(&h, iph, sizeof(h));
	*first_hop = h.saddr;
	p = option_at((void *)iph, hdr_len, info->srr, RR_MIN_LEN);
	if (p)
		echo_srr(p, h.saddr, &w, first_hop);
	p = option_at((void *)iph, hdr_len, info->rr, RR_MIN_LEN);
	if (p)
		wcur_bytes(&w, p, p[IPOPT_OLEN]);
	p = option_at((void *)iph, hdr_len, info->ts, TS_MIN_LEN);
	if (p)
		wcur_bytes(&w, p, p[IPOPT_OLEN]);
	while (wcur_ok(&w) && wcur_len(&w) % 4)
		wcur_u8(&w, IPOPT_END);
	return (int)wcur_len(&w);
}

/*
 * Blank the options that do not belong into a later fragment (RFC 791 3.1,
 * the copied flag).
 *
 * @opt, @len: options that ip_options_parse() accepted
 */
void ip_options_fragment(void *opt, size_t len)
{
	u8 *p = opt;
	size_t size;

	while (len > 0 && *p != IPOPT_END) {
		size = 1;
		if (*p != IPOPT_NOOP) {
			if (len < IPOPT_MIN_LEN || p[IPOPT_OLEN] < IPOPT_MIN_LEN ||
			    p[IPOPT_OLEN] > len)
				return;
			size = p[IPOPT_OLEN];
			if (!IPOPT_COPIED(*p))
				memset(p, IPOPT_NOOP, size);
		}
		p += size;
		len -= size;
	}
}
