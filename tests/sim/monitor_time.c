/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's clock: when a segment may be sent, and when it must be. What
 * is measured is the wire, so the rules rest while something may come between
 * a timer and the wire: a host that is paused, short of memory or without a
 * neighbour's address, a cable without carrier.
 */
#include "monitor.h"

#define DELACK_MAX (500 * SIM_MS)	/* RFC 9293 MUST-40 */
#define SYN_RTO SIM_S			/* RFC 6298 2.1 */
#define RTO_MAX (120 * SIM_S)
#define INITIAL_WINDOW 10		/* RFC 6928 */

/* The clock in microseconds from some moment on, never 0. */
static u32 stamp(const struct world *w)
{
	return (u32)(w->now / 1000) | 1;
}

/* Sent again although nothing was heard since: the timer's work. */
static void sent_by_timer(struct world *w, struct flow *f, int h, u32 pos,
			  u64 gap)
{
	struct stream *me = &f->of[h];
	u64 least = pos ? w->host[f->host[h]].rto_min_us * 1000ull : SYN_RTO;
	u64 twice = 2 * me->rto_gap;

	if (gap + 4000 < least)
		monitor_bad(w, f, h, "sent again before the RTO", gap, least);
	if (twice > RTO_MAX)
		twice = RTO_MAX;
	if (pos && me->rto_ns && me->rto_pos == pos &&
	    me->heard_ns < me->rto_ns && gap < twice / 16 * 15)
		monitor_bad(w, f, h, "the RTO did not back off", gap, twice);
	me->rto_gap = me->heard_ns < me->rto_ns || !me->rto_ns ? gap : 0;
	me->rto_pos = pos;
	me->rto_ns = w->now;
}

void monitor_sent_again(struct world *w, struct flow *f, int h, u32 pos,
			u32 len)
{
	struct stream *me = &f->of[h];
	u32 last = me->sent_us[pos], now = stamp(w);
	u64 last_ns = w->now - (u64)(now - last) * 1000;
	u64 rto_min = w->host[f->host[h]].rto_min_us * 1000ull;

	me->sent_us[pos] = now;
	if (!w->timely)
		return;
	if (last && me->heard_ns + 2000 < last_ns) {
		sent_by_timer(w, f, h, pos, w->now - last_ns);
		return;
	}
	if (len && me->rto_ns && me->heard_ns < me->rto_ns &&
	    pos != me->rto_pos && w->now - me->rto_ns < rto_min)
		monitor_bad(w, f, h, "more than one segment after a timeout",
			    pos, me->rto_pos);
}

void monitor_flight(struct world *w, struct flow *f, int h, u32 end)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	u32 mss = w->host[f->host[h]].mtu - 40, bound;

	if (peer->mss < mss)
		mss = peer->mss;
	bound = (INITIAL_WINDOW + me->segments_acked + me->dup_acks) * mss + 1;
	if (peer->seen && end - me->una > bound)
		monitor_bad(w, f, h, "more than the congestion window",
			    end - me->una, bound);
}

/* Bare ACKs: each answers a segment, moves the window, or is a probe. */
static void sent_bare(struct world *w, struct flow *f, int h,
		      const struct segment *s)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	u32 pos = s->seq - me->iss, scale = 0;
	u64 rto_min = w->host[f->host[h]].rto_min_us * 1000ull;

	if (me->scale_offered && peer->scale_offered)
		scale = me->scale;
	if (pos + 1 == me->una && pos < me->end) {
		if (w->timely && me->probe_ns && me->heard_ns < me->probe_ns &&
		    w->now + 4000 < me->probe_ns + rto_min)
			monitor_bad(w, f, h, "a probe before the RTO",
				    w->now - me->probe_ns, rto_min);
		me->probe_ns = w->now;
		return;
	}
	if (me->acked_any && me->acked == s->ack - peer->iss &&
	    me->edge == me->acked + ((u32)s->window << scale)) {
		if (!me->credit)
			monitor_bad(w, f, h, "an ACK that answers nothing",
				    me->acked, 0);
		else
			me->credit--;
	}
}

void monitor_sent_time(struct world *w, struct flow *f, int h,
		       const struct segment *s)
{
	struct stream *me = &f->of[h];

	if (w->timely && me->owed_ns && w->now > me->owed_ns + DELACK_MAX)
		monitor_bad(w, f, h, "an ACK after more than 500 ms",
			    w->now - me->owed_ns, 0);
	if (s->flags & ACK)
		me->owed_ns = 0;
	if (!s->len && !(s->flags & (SYN | FIN | RST)))
		sent_bare(w, f, h, s);
}

void monitor_arrived_time(struct world *w, struct flow *f, int h,
			  const struct segment *s)
{
	struct stream *me = &f->of[h];

	(void)s;
	if (w->timely && me->owed_ns && !me->rst && !me->got_rst &&
	    w->now > me->owed_ns + DELACK_MAX)
		monitor_bad(w, f, h, "no ACK for more than 500 ms",
			    w->now - me->owed_ns, 0);
}
