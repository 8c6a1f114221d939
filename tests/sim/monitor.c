/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor: sees the frames that leave a host and those that reach it,
 * knows TCP only from RFC 9293, and shares no code with the stacks.
 *
 * For each direction of a connection it keeps the bytes that were sent, which
 * of them arrived, and the furthest window that was promised. Positions are
 * relative to the initial sequence number: 0 is the SYN, 1 the first byte.
 *
 *	sender		a byte sent again is the same byte; nothing behind the
 *			FIN; nothing beyond the window that had arrived (one
 *			byte of a probe excepted); no segment above the
 *			peer's MSS or the MTU
 *	receiver	ACK never covers what did not arrive, never goes back;
 *			the right edge of the window never moves left
 *	both		every frame has a right checksum; a RST answers
 *			something; timestamps never go back
 */
#include "sim.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16
#define SEQ_MAX (SIM_MAX_BYTES + 2)	/* SYN, bytes, FIN */

/* One direction: what @sender did, and what arrived of it. */
struct stream {
	bool syn, seen;		/* sent; arrived */
	u32 iss;
	u32 end;		/* sent so far */
	u32 fin;		/* position of the FIN, 0: not sent */
	u16 mss;		/* that the sender of this stream offers */
	bool scale_offered, ts_offered;
	u8 scale;
	u32 ts;			/* last timestamp */
	/* as a receiver of the other stream */
	bool acked_any;
	u32 acked, edge;	/* positions in the other stream */
	/* what the other side has seen of it */
	u32 contiguous;		/* everything below has arrived */
	u32 promised;		/* furthest right edge that arrived here,
				 * in positions of this stream */
	u8 *bytes, *arrived;	/* SEQ_MAX of each */
};

struct flow {
	struct flow *next;
	u8 client;
	u16 port;		/* the client's */
	bool over;		/* a late SYN opened it again */
	struct stream of[2];	/* by the host that sends */
};

struct segment {
	u32 seq, ack;
	u16 window;
	u8 flags;
	u16 sport, dport;
	const u8 *opt, *data;
	u32 opt_len, len;
	u32 ip_len;
	bool has_ts;
	u32 ts, mss;
	int scale;		/* -1: none */
};

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
			s->has_ts = true, s->ts = get32(o + 2);
		i += n;
	}
	return true;
}

/* 1: a TCP segment that is whole; 0: something else; -1: damaged. */
static int parse(struct segment *s, const u8 *p, u32 len)
{
	u32 ihl, total, off;

	if (len < 34 || get16(p + 12) != 0x0800)
		return 0;
	p += 14;
	len -= 14;
	ihl = (p[0] & 15) * 4u;
	total = get16(p + 2);
	if (p[0] >> 4 != 4 || ihl < 20 || total > len || total < ihl ||
	    !folds(sum16(p, ihl, 0)))
		return -1;
	if (p[9] != 6)
		return 0;
	if (total < ihl + 20 ||
	    !folds(sum16(p + ihl, total - ihl,
			 sum16(p + 12, 8, 6 + total - ihl))))
		return -1;
	*s = (struct segment){ .ip_len = total, .scale = -1 };
	p += ihl;
	off = (p[12] >> 4) * 4u;
	if (off < 20 || off > total - ihl)
		return -1;
	s->sport = get16(p);
	s->dport = get16(p + 2);
	s->seq = get32(p + 4);
	s->ack = get32(p + 8);
	s->flags = p[13];
	s->window = get16(p + 14);
	s->opt = p + 20;
	s->opt_len = off - 20;
	s->data = p + off;
	s->len = total - ihl - off;
	return parse_options(s) ? 1 : -1;
}

static void flow_reset(struct flow *f)
{
	int i;

	for (i = 0; i < 2; i++) {
		free(f->of[i].bytes);
		free(f->of[i].arrived);
		memset(&f->of[i], 0, sizeof(f->of[i]));
	}
}

/* The connection of a segment from host @from; made when there is none. */
static struct flow *find(struct world *w, const struct segment *s, int from)
{
	u8 client = (u8)(s->dport == SIM_PORT ? from : !from);
	u16 port = s->dport == SIM_PORT ? s->sport : s->dport;
	struct flow *f;

	for (f = w->flows; f; f = f->next)
		if (f->client == client && f->port == port)
			return f;
	f = calloc(1, sizeof(*f));
	if (!f)
		abort();
	f->client = client;
	f->port = port;
	f->next = w->flows;
	w->flows = f;
	return f;
}

static void bad(struct world *w, const struct flow *f, int h, const char *what,
		u32 a, u32 b)
{
	sim_fail(w, "monitor: port %u, host %d: %s (%u, %u)", f->port, h, what,
		 a, b);
}

/* ---- what a sender may do --------------------------------------------- */

static void sent_syn(struct world *w, struct flow *f, int h,
		     const struct segment *s)
{
	struct stream *me = &f->of[h];

	if (me->syn && me->iss != s->seq) {
		if (s->flags & ACK && me->fin) {
			f->over = true;
			return;
		}
		if (s->flags & ACK) {
			bad(w, f, h, "SYN-ACK with another number", me->iss,
			    s->seq);
			return;
		}
		f->over = false;
		flow_reset(f);	/* a new connection on an old pair */
	}
	if (me->syn)
		return;
	me->syn = true;
	me->iss = s->seq;
	me->end = 1;
	me->mss = (u16)(s->mss ? s->mss : 536);
	me->scale_offered = s->scale >= 0;
	me->scale = (u8)(s->scale > 0 ? s->scale : 0);
	me->ts_offered = s->has_ts;
	me->bytes = calloc(1, SEQ_MAX);
	me->arrived = calloc(1, SEQ_MAX);
	if (!me->bytes || !me->arrived)
		abort();
}

/* The bytes, the FIN, and that what is repeated is the same. */
static void sent_data(struct world *w, struct flow *f, int h,
		      const struct segment *s)
{
	struct stream *me = &f->of[h];
	u32 pos = s->seq - me->iss, end = pos + s->len, known;

	if (end + (s->flags & FIN) > SEQ_MAX) {
		bad(w, f, h, "a sequence number from nowhere", pos, s->len);
		return;
	}
	if (pos > me->end)
		bad(w, f, h, "a gap in what is sent", pos, me->end);
	if (s->len && f->of[!h].seen && end > me->promised + 1)
		bad(w, f, h, "beyond the window", end, me->promised);
	if (me->fin && ((s->len && end > me->fin) ||
			(s->flags & FIN && end != me->fin)))
		bad(w, f, h, "behind the FIN", end, me->fin);
	known = me->end < end ? me->end : end;
	if (pos < known && memcmp(me->bytes + pos, s->data, known - pos))
		bad(w, f, h, "sent again with other bytes", pos, s->len);
	memcpy(me->bytes + pos, s->data, s->len);
	if (s->flags & FIN)
		me->fin = end++;
	if (end > me->end)
		me->end = end;
}

/* As a receiver: its ACK and its window. */
static void sent_ack(struct world *w, struct flow *f, int h,
		     const struct segment *s)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	u32 ack = s->ack - peer->iss, edge, scale = 0;

	if (!peer->seen || ack > peer->contiguous) {
		bad(w, f, h, "ACK of what did not arrive", ack,
		    peer->contiguous);
		return;
	}
	if (!(s->flags & SYN) && me->scale_offered && peer->scale_offered)
		scale = me->scale;
	edge = ack + ((u32)s->window << scale);
	if (me->acked_any && ack < me->acked)
		bad(w, f, h, "ACK goes back", ack, me->acked);
	if (me->acked_any && edge + (1u << scale) <= me->edge)
		bad(w, f, h, "right edge moves left", edge, me->edge);
	me->acked_any = true;
	me->acked = ack;
	me->edge = edge;
}

static void sent_size(struct world *w, struct flow *f, int h,
		      const struct segment *s)
{
	struct stream *peer = &f->of[!h];
	u32 mss = peer->seen ? peer->mss : 536;

	if (s->ip_len > w->mtu)
		bad(w, f, h, "larger than the MTU", s->ip_len, w->mtu);
	if (s->len && s->len + s->opt_len > mss)
		bad(w, f, h, "larger than the peer's MSS", s->len + s->opt_len,
		    mss);
}

static void monitor_sent(struct world *w, int h, const struct segment *s)
{
	struct flow *f = find(w, s, h);
	struct stream *me = &f->of[h];

	if (s->flags & RST) {
		/* only an answer, to one who sent something here */
		if (!f->of[!h].syn)
			bad(w, f, h, "a RST that answers nothing", 0, 0);
		return;
	}
	if (s->flags & SYN)
		sent_syn(w, f, h, s);
	if (f->over)
		return;
	if (!me->syn) {
		bad(w, f, h, "a segment before the SYN", s->seq, s->len);
		return;
	}
	if (s->has_ts && me->ts && (s32)(s->ts - me->ts) < 0)
		bad(w, f, h, "the timestamp goes back", s->ts, me->ts);
	if (s->has_ts)
		me->ts = s->ts;
	sent_size(w, f, h, s);
	if (!(s->flags & SYN))
		sent_data(w, f, h, s);
	if (s->flags & ACK)
		sent_ack(w, f, h, s);
}

/* ---- what has arrived ------------------------------------------------- */

/* Host @h got a segment of its peer: it may acknowledge more and send more. */
static void monitor_arrived(struct world *w, int h, const struct segment *s)
{
	struct flow *f = find(w, s, !h);
	struct stream *peer = &f->of[!h], *me = &f->of[h];
	u32 pos = s->seq - peer->iss, end = pos + s->len, edge, scale = 0;

	if (s->flags & RST || !peer->syn || f->over ||
	    end + (s->flags & FIN) > SEQ_MAX)
		return;		/* also: an old connection's late segment */
	if (s->flags & SYN) {
		if (pos)
			return;
		peer->seen = true;
		peer->arrived[0] = 1;
	} else {
		memset(peer->arrived + pos, 1, s->len);
		if (s->flags & FIN)
			peer->arrived[end] = 1;
		if (me->scale_offered && peer->scale_offered)
			scale = peer->scale;
	}
	while (peer->contiguous < peer->end &&
	       peer->arrived[peer->contiguous])
		peer->contiguous++;
	if (!(s->flags & ACK) || !me->syn || s->ack - me->iss > me->end)
		return;
	edge = s->ack - me->iss + ((u32)s->window << scale);
	if (edge > me->promised)
		me->promised = edge;
}

/* ---- the tap ---------------------------------------------------------- */

static void fnv(struct world *w, const void *p, size_t len)
{
	const u8 *b = p;

	for (; len; len--)
		w->hash = (w->hash ^ *b++) * 0x100000001b3ull;
}

static void record(struct world *w, const u8 *p, u32 len)
{
	u32 head[4] = { (u32)(w->now / SIM_S), (u32)(w->now % SIM_S), len,
			len };

	if (fwrite(head, sizeof(head), 1, w->pcap) != 1 ||
	    fwrite(p, len, 1, w->pcap) != 1)
		perror("pcap");
}

void monitor_frame(struct world *w, int h, bool sent, const u8 *p, u32 len)
{
	struct segment s;
	int kind;

	w->frames++;
	fnv(w, &w->now, sizeof(w->now));
	fnv(w, p, len);
	if (w->pcap && sent)
		record(w, p, len);
	kind = parse(&s, p, len);
	if (kind < 0 && sent)
		sim_fail(w, "monitor: host %d sends a frame that is damaged",
			 h);
	if (kind <= 0)
		return;
	if (sent)
		monitor_sent(w, h, &s);
	else
		monitor_arrived(w, h, &s);
}

void monitor_free(struct world *w)
{
	struct flow *f;

	while ((f = w->flows)) {
		w->flows = f->next;
		flow_reset(f);
		free(f);
	}
}
