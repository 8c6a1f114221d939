/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's clock: when a segment may be sent, and when it must be. What
 * is measured is the wire, so the rules rest while something may come between
 * a timer and the wire: a host that is paused or short of memory, a cable
 * without carrier. What had to wait for a neighbour's address leaves when ARP
 * answers, and was made at some time since ARP began to ask.
 */
#include "monitor.h"

#define DELACK_MAX (500 * SIM_MS)	/* RFC 9293 MUST-40 */
#define SYN_RTO SIM_S			/* RFC 6298 2.1 */
#define RTO_MAX (120 * SIM_S)
#define OVERTAKEN 4		/* on their way by other processors */
#define BUFFER_MAX 65535u	/* what a buffer of Linux holds at most */

/* The clock in microseconds from some moment on, never 0. */
static u32 stamp(const struct world *w)
{
	return (u32)(w->now / 1000) | 1;
}

/* The newest of the segments that @ack covers was sent so long ago: no sample
 * of the stack's can be shorter (nor its SRTT, and so its RTO; RFC 6298 2). */
void monitor_round_trip(const struct world *w, struct stream *me, u32 ack)
{
	u32 now = stamp(w), rtt = UINT32_MAX, pos;

	for (pos = me->una; pos < ack; pos++)
		if (me->sent_us[pos] && now - me->sent_us[pos] < rtt)
			rtt = now - me->sent_us[pos];
	if (rtt != UINT32_MAX && (!me->rtt_us || rtt < me->rtt_us))
		me->rtt_us = rtt ? rtt : 1;
}

/* RFC 8985 7: the last segment, once in a silence, after two round trips (who has a
 * coarse clock takes them for shorter by a tick each, and sends as early), or when
 * the RTO of the oldest is over (7.2: the probe goes in its place). Linux takes it
 * from the end of its last buffer, or the first one of that if the segments have
 * become longer meanwhile: their SACK blocks are no more. */
static bool tail_probe(const struct world *w, const struct flow *f, int h,
		       struct stream *me, u32 end, u64 gap)
{
	const struct host *host = &w->host[f->host[h]];
	u32 behind = w->recorded ? BUFFER_MAX : 0, oldest = me->sent_us[me->una];
	u64 age = oldest ? (stamp(w) - oldest) * 1000ull : 0;

	if (!host->tail_probes || !me->sack_offered ||
	    !f->of[!h].sack_offered || me->probed || end + behind < me->end ||
	    (!host->late && gap + 3 * w->slack_ns < 2000ull * me->rtt_us &&
	     age + 4000 + w->slack_ns < host->rto_min_us * 1000ull))
		return false;
	me->probed = true;
	return true;
}

/* Sent again although nothing was heard since: the timer's work. */
static void sent_by_timer(struct world *w, struct flow *f, int h, u32 pos,
			  u32 len, u64 gap)
{
	const struct host *host = &w->host[f->host[h]];
	struct stream *me = &f->of[h];
	u64 least = pos ? host->rto_min_us * 1000ull : SYN_RTO;
	u64 twice = 2 * me->rto_gap;
	u64 late = 2 * w->late_ns;	/* the one before may have been */
	u64 last_ns = w->now - gap;
	/* what left last, long after it, may have been a probe, too */
	bool probed = me->probed || (host->tail_probes &&
				     me->before_ns > last_ns + 2000ull * me->rtt_us);

	if (pos && least < me->rtt_us * 1000ull)
		least = me->rtt_us * 1000ull;
	if (tail_probe(w, f, h, me, pos + len + (me->fin == pos + len), gap))
		return;
	if (monitor_judges(w, f, h, RULE_TIMERS) &&
	    gap + 4000 + w->slack_ns < least)
		monitor_bad(w, f, h, "sent again before the RTO", gap, least);
	if (twice > RTO_MAX)
		twice = RTO_MAX;
	if (monitor_judges(w, f, h, RULE_BACKOFF) &&
	    pos && me->rto_ns && me->rto_pos == pos &&
	    me->heard_ns < me->rto_ns && gap + late < twice / 16 * 15)
		monitor_bad(w, f, h, "the RTO did not back off", gap, twice);
	/* the first after a probe waits for the answer to that, too */
	me->rto_gap = me->heard_ns < me->rto_ns ||
		      (!me->rto_ns && !probed) ? gap : 0;
	me->rto_pos = pos;
	me->rto_ns = w->now;
}

/* Why what was sent last at @last_ns, 0: it is not known, is sent again now. */
static enum monitor_again why_again(const struct world *w, const struct flow *f,
				    int h, u32 end, u64 last_ns)
{
	const struct host *host = &w->host[f->host[h]];
	const struct stream *me = &f->of[h];
	bool tail = end >= me->end ||
		    (w->recorded && end + BUFFER_MAX >= me->end &&
		     w->now - me->heard_ns + w->slack_ns > 2000ull * me->rtt_us);

	if (tail && !me->probed && host->tail_probes && me->sack_offered &&
	    f->of[!h].sack_offered)
		return AGAIN_PROBE;
	return last_ns && me->heard_ns + 2000 < last_ns && !host->late ?
	       AGAIN_TIMER : AGAIN_MAYBE;
}

void monitor_sent_again(struct world *w, struct flow *f, int h, u32 pos,
			u32 len)
{
	struct stream *me = &f->of[h];
	u32 end = pos + len + (me->fin == pos + len);
	enum monitor_again how = AGAIN_NOT;
	u32 last = me->sent_us[pos], now = stamp(w);
	u64 last_ns = w->now - (u64)(now - last) * 1000;
	u64 rto_min = w->host[f->host[h]].rto_min_us * 1000ull;
	u64 waited = monitor_waited(w, f->host[h]);

	/* what waited for ARP was sent earlier than it was seen */
	if (last == me->left_us)
		last_ns = me->made_ns;
	if (waited) {
		me->left_us = now;
		me->made_ns = waited;
	}
	if (pos && pos < me->end)
		how = why_again(w, f, h, end, last ? last_ns : 0);
	monitor_cong_sent(w, f, h, how, pos, end);
	me->sent_us[pos] = now;
	me->before_ns = me->sent_ns;
	me->sent_ns = w->now;
	me->probed |= how == AGAIN_PROBE && w->host[f->host[h]].late;
	if (monitor_judges(w, f, h, RULE_BACKOFF) && me->before_ns &&
	    me->una < me->end &&
	    me->before_ns > me->heard_ns &&
	    w->now > me->before_ns + RTO_MAX + SIM_S)
		monitor_bad(w, f, h, "silent for longer than the largest RTO",
			    (w->now - me->before_ns) / SIM_MS, me->una);
	if (last && me->heard_ns + 2000 < last_ns) {
		sent_by_timer(w, f, h, pos, len, w->now - last_ns);
		return;
	}
	if (monitor_judges(w, f, h, RULE_TIMERS) && len &&
	    !(me->fin && end > me->fin) && me->rto_ns &&
	    me->heard_ns < me->rto_ns &&
	    pos != me->rto_pos && w->now - me->rto_ns < rto_min)
		monitor_bad(w, f, h, "more than one segment after a timeout",
			    pos, me->rto_pos);
}

bool monitor_tail_probe(const struct world *w, struct flow *f, int h, u32 end)
{
	struct stream *me = &f->of[h];

	return tail_probe(w, f, h, me, end, w->now - me->before_ns);
}

/* A probe of a window, or that the peer is still there: one number back. */
static void sent_probe(struct world *w, struct flow *f, int h)
{
	struct stream *me = &f->of[h];
	u64 rto_min = w->host[f->host[h]].rto_min_us * 1000ull;

	if (monitor_judges(w, f, h, RULE_TIMERS) && me->probe_ns &&
	    me->heard_ns < me->probe_ns &&
	    w->now + 4000 + w->slack_ns < me->probe_ns + rto_min)
		monitor_bad(w, f, h, "a probe before the RTO",
			    w->now - me->probe_ns, rto_min);
	me->probe_ns = w->now;
}

/* RFC 5961 7: answers to what may be forged are limited, for a connection by
 * net.ipv4.tcp_invalid_ratelimit. */
static void sent_challenge(struct world *w, struct flow *f, int h)
{
	struct stream *me = &f->of[h];

	if (monitor_judges(w, f, h, RULE_CHALLENGES) && me->challenge_ns &&
	    w->now + 4000 + w->slack_ns <
	    me->challenge_ns + DELACK_MAX)
		monitor_bad(w, f, h, "two challenge ACKs within 500 ms",
			    w->now - me->challenge_ns, 0);
	me->challenge_ns = w->now;
	monitor_challenge(w, f->host[h]);
}

/*
 * Bare ACKs: each is a probe, or tells of more room, or answers a segment: a
 * delayed one all that have come, later ones nothing more. RFC 9293 3.10.7.4:
 * one segment causes one ACK.
 */
static void sent_bare(struct world *w, struct flow *f, int h,
		      const struct segment *s)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	u32 pos = s->seq - me->iss, scale = 0, ack = s->ack - peer->iss;
	bool known = me->acked_any && me->acked == ack, judged;

	if (me->scale_offered && peer->scale_offered)
		scale = me->scale;
	if (pos + 1 == me->una && pos < me->end) {
		sent_probe(w, f, h);
		return;
	}
	if (s->flags & URG)
		return;		/* beside a probe: what is urgent may not go */
	if (known && me->edge != ack + ((u32)s->window << scale))
		return;
	/* unless it answers one that came before the forged one */
	if (known && me->challenged_ns == w->now &&
	    (me->credit <= 1 || !w->host[f->host[h]].belated))
		sent_challenge(w, f, h);
	/* what waited for ARP was an answer when it was made */
	judged = monitor_judges(w, f, h, RULE_ANSWERS);
	if (judged && !monitor_waited(w, f->host[h])) {
		if (w->now > me->heard_ns + w->late_ns + DELACK_MAX)
			me->credit = 0;
		else if (w->now > me->heard_ns + w->late_ns && me->credit > 1)
			me->credit = 1;
	}
	if (monitor_judges(w, f, h, RULE_BARE) && !me->credit)
		monitor_bad(w, f, h, "an ACK that answers nothing", ack,
			    (w->now - me->heard_ns) / 1000);
	else if (me->credit)
		me->credit--;
}

/* What was owed: an ACK within 500 ms of data, and at once for every second
 * segment of full size (RFC 9293 3.8.6.3). */
static void check_owed(struct world *w, struct flow *f, int h,
		       const char *late)
{
	struct stream *me = &f->of[h];
	u64 made_ns = monitor_waited(w, f->host[h]);

	if (!(me->owed_ns || me->two_ns) || me->rst || me->got_rst ||
	    monitor_asking(w, f->host[h]) ||	/* it may be waiting */
	    !monitor_judges(w, f, h, RULE_ANSWERS))
		return;
	if (!made_ns)		/* it did not wait for ARP */
		made_ns = w->now;
	if (me->owed_ns && made_ns > me->owed_ns + DELACK_MAX + w->late_ns)
		monitor_bad(w, f, h, late, made_ns - me->owed_ns, 0);
	if (me->two_ns && made_ns > me->two_ns + w->late_ns)
		monitor_bad(w, f, h, "no ACK for two full segments",
			    made_ns - me->two_ns, me->full);
}

void monitor_sent_time(struct world *w, struct flow *f, int h,
		       const struct segment *s)
{
	struct stream *me = &f->of[h];
	u32 overtaken = w->recorded ? OVERTAKEN : 0;

	check_owed(w, f, h, "an ACK after more than 500 ms");
	if (s->flags & ACK) {
		me->owed_ns = me->two_ns = 0;
		me->full = 0;
	}
	if (!s->len && !(s->flags & (SYN | FIN | RST)))
		sent_bare(w, f, h, s);
	/* What covers all that came in order has answered what came before: but
	 * for those of which a recorder knows and the socket does not yet. */
	if (s->flags & ACK && s->ack - f->of[!h].iss == f->of[!h].contiguous &&
	    me->credit > me->since + overtaken)
		me->credit = me->since + overtaken;
}

/* A FIN that comes again to TIME-WAIT is answered (RFC 9293 3.10.7.4), but
 * no two of them within 500 ms. */
static void arrived_late_fin(struct world *w, struct flow *f, int h)
{
	struct stream *me = &f->of[h];

	if (monitor_asking(w, f->host[h])) {	/* the answer may not leave */
		me->fin_ns = 0;
		return;
	}
	if (me->state != TIME_WAIT || !me->time_wait_ns || f->forged ||
	    w->now > me->time_wait_ns + 59 * SIM_S ||
	    !monitor_judges(w, f, h, RULE_TIME_WAIT))
		return;
	if (monitor_judges(w, f, h, RULE_ANSWERS) && me->fin_ns &&
	    w->now > me->fin_ns + w->late_ns)
		monitor_bad(w, f, h, "a FIN in TIME-WAIT is not answered",
			    w->now - me->fin_ns, 0);
	if (w->now > me->answer_ns + DELACK_MAX + SIM_MS)
		me->fin_ns = w->now;
}

void monitor_arrived_time(struct world *w, struct flow *f, int h,
			  const struct segment *s, u32 was)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	u32 mss = w->host[f->host[!h]].mtu - 40;

	check_owed(w, f, h, "no ACK for more than 500 ms");
	me->probed = false;
	if (s->flags & FIN)
		arrived_late_fin(w, f, h);
	if (me->mss < mss)
		mss = me->mss;
	if (s->seq - peer->iss == was && s->len && me->owed_ns &&
	    s->len + s->opt_len >= mss && ++me->full == 2)
		me->two_ns = w->now;
}
