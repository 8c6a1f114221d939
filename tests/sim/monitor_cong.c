/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's congestion window: the largest that a sender may have, as far as
 * its frames and those that reach it tell. RFC 5681, 6675, 6937, 9438, 3168.
 *
 *	growth		by what is delivered: one for one below the slow start
 *			threshold; above it as Reno, or half of it, which is
 *			the most that CUBIC may
 *	loss		the first segment that is sent again, before which all
 *			was well, brings both down: Reno to half of the flight,
 *			CUBIC to 0.7 of the window; so does CWR on a mark. Until
 *			all that was under way is acknowledged (the episode) no
 *			more leaves than was delivered, but for one segment and
 *			one for each ACK; behind it the window holds
 *	timeout		one segment, and then slow start: what left since, less
 *			what was delivered since, is within the new window
 *	repaired on	what left in an episode, and again in it, is repaired when
 *			the next one begins: no frame shows when. Until all that
 *			was under way then is acknowledged nothing is judged
 *	undo		D-SACKs of all that was sent again, an ACK of something
 *			older (Eifel), or of what was not sent again after a
 *			timeout (F-RTO): both may be what they were
 *
 * Where frames leave it open what it was the monitor takes what allows more: the
 * end of a flight sent again may be a probe (RFC 8985 7), which costs nothing;
 * what was sent again after something had been heard may have been so by a timer;
 * what a narrower path made too large is no loss. BBR has no such window: of it
 * only the growth is judged, while nothing is lost; without SACK nobody can tell
 * what is out, and nothing is.
 */
#include "monitor.h"

#define INITIAL_WINDOW 10u		/* RFC 6928 */
#define LEAST_THRESH 2u			/* RFC 5681 equation 4 */
#define NEVER UINT32_MAX

void monitor_cong_open(struct stream *me)
{
	me->cong.v.cwnd = INITIAL_WINDOW;
	me->cong.thresh = NEVER;
}

static bool has_sack(const struct flow *f)
{
	return f->of[0].sack_offered && f->of[1].sack_offered;
}

/* Is something being repaired, of which not all is acknowledged yet? */
static bool in_episode(const struct stream *me)
{
	return me->cong.episode != EPISODE_NONE;
}

/* ---- growing ---------------------------------------------------------- */

/* @n segments more have been delivered, to who repairs after a timeout (@lossy). */
static void grow(const struct world *w, const struct host *host,
		 struct window *v, u32 thresh, u32 n, bool lossy)
{
	u32 slow = thresh > v->cwnd ? thresh - v->cwnd : 0, per;

	/* RFC 3465 2.3; Linux does not care */
	if (lossy && !w->recorded && slow && n > 1)
		n = 1;
	slow = n < slow ? n : slow;
	v->cwnd += slow;
	v->credit += n - slow;
	per = host->control == CONTROL_RENO ? v->cwnd : 2;
	v->cwnd += v->credit / per;
	v->credit %= per;
}

/* Segments that begin in [@from, @to) and were not known to be delivered. *@old: one
 * of them left before the episode, and not again. Such a one below what an ACK before
 * selected was late. */
static u32 deliver(struct stream *me, u32 from, u32 to, bool *old)
{
	struct congestion *c = &me->cong;
	const u8 *p;
	bool first;
	u32 n = 0;

	while (from < to && (p = memchr(me->told + from, 0, to - from))) {
		for (from = (u32)(p - me->told); from < to && !me->told[from];
		     from++) {
			me->told[from] = 1;
			if (!me->sent_us[from])
				continue;
			n++;
			first = (s32)(me->sent_us[from] - c->begin_us) < 0;
			*old |= first;
			c->overtaken |= from < me->sacked &&
					(first || !in_episode(me));
		}
	}
	return n;
}

/* ---- coming down ------------------------------------------------------ */

/* Segments sent and not acknowledged. */
static u32 flight_of(const struct stream *me)
{
	return me->cong.begun - me->segments_acked;
}

/* What the window comes down to, of @flight. */
static u32 reduced(const struct world *w, const struct host *host,
		   const struct stream *me, u32 flight)
{
	u32 now = me->cong.v.cwnd;

	/* it may not know yet what came together */
	if (host->belated || host->late)
		flight += me->cong.last;
	if (host->control == CONTROL_RENO && !w->recorded && !host->unseen) {
		now = flight < now ? flight : now;
		now /= 2;
	} else {
		now = (now * 7 + 9) / 10;
	}
	return now > LEAST_THRESH ? now : LEAST_THRESH;
}

/* An episode of @kind begins: the window comes down, unless it does already. */
static void begin(const struct world *w, const struct host *host,
		  struct stream *me, enum monitor_episode kind, u32 recover)
{
	struct congestion *c = &me->cong;
	bool once_more = c->episode == EPISODE_TIMEOUT && me->una > c->una;
	u32 flight = flight_of(me);

	/* it may have come down for the mark, and not told yet */
	if (kind == EPISODE_MARKED ||
	    (me->una < c->mark_end && flight < c->mark_flight))
		flight = c->mark_flight;
	if (!in_episode(me)) {
		c->prior_cwnd = c->v.cwnd;
		c->prior_thresh = c->thresh;
		c->again = c->in_vain = 0;
		c->ts_known = false;
	}
	if (!in_episode(me) || (kind == EPISODE_TIMEOUT && once_more))
		c->thresh = reduced(w, host, me, flight);
	if (me->una < c->kept_recover && c->thresh < c->kept_thresh)
		c->thresh = c->kept_thresh;
	/* a window that comes down for another reason already may owe segments */
	c->maybe_timer = kind == EPISODE_FAST &&
			 (c->cue_ns < w->now || host->belated || host->late);
	c->counted = kind == EPISODE_TIMEOUT ||
		     (!c->unsure && !c->maybe_timer && !c->marked &&
		      !in_episode(me));
	c->after = (struct window){ .cwnd = 1 };
	c->unsure = false;
	c->episode = kind;
	c->recover = recover;
	c->una = me->una;
	c->begin_ns = w->now;
	c->begin_us = (u32)(w->now / 1000) | 1;
	c->out = 0;
	c->heard = 1;
	/* what came last made it begin */
	c->back = c->last_ns == w->now ? c->last : 1;
	c->v.credit = 0;
	c->marked = false;
	if (kind == EPISODE_TIMEOUT) {
		c->v = c->after;
		c->back = c->heard = 0;
		memset(me->told + me->una, 0, me->room - me->una);
	}
}

/* All that was under way is acknowledged. Perhaps this was all the time slow start
 * after a timeout, or after one that only seemed to be undone. */
static void end(struct congestion *c)
{
	u32 grown = c->kept_cwnd + c->back;

	if (grown > c->kept_thresh + c->back / 2)
		grown = c->kept_thresh + c->back / 2;
	if (c->episode != EPISODE_TIMEOUT && c->thresh < c->v.cwnd)
		c->v.cwnd = c->thresh;
	if (c->maybe_timer && c->v.cwnd <= c->after.cwnd)
		c->v = c->after;
	if (c->una < c->kept_recover && c->v.cwnd < grown)
		c->v.cwnd = grown;
	c->kept_recover = 0;
	c->episode = EPISODE_NONE;
}

/* Perhaps the next episode is on, since that what is lost was sent again in the one
 * before. What it has to repair may wait in the sender's queue, too. */
static void repaired_on(const struct host *host, struct stream *me, u32 ack)
{
	struct congestion *c = &me->cong;

	if (c->beyond && ack <= c->beyond)
		c->vague = me->end + c->v.cwnd * host->mtu;
	else if (ack > c->vague)
		c->vague = 0;
	if (ack > c->beyond)
		c->beyond = 0;
}

/* It was no loss; or the sender does not believe it, and goes on. */
static void undo(struct congestion *c)
{
	if (!c->prior_cwnd)
		return;
	c->kept_recover = c->episode != EPISODE_NONE ? c->recover : 0;
	c->kept_cwnd = c->v.cwnd;
	c->kept_thresh = c->thresh;
	if (c->v.cwnd < c->prior_cwnd)
		c->v.cwnd = c->prior_cwnd;
	if (c->thresh < c->prior_thresh)
		c->thresh = c->prior_thresh;
	c->unsure = c->episode != EPISODE_NONE;
	c->episode = EPISODE_NONE;
	c->prior_cwnd = 0;
}

/* RFC 2883: the first block tells of a duplicate if it is below the ACK, or within
 * the second. Return: of how many segments. */
static u32 duplicates(const struct stream *me, const struct segment *s)
{
	u32 left, right, n = 0;

	if (!s->nr_sacks)
		return 0;
	left = s->sack[0][0] - me->iss;
	right = s->sack[0][1] - me->iss;
	if (right > me->end || left >= right)
		return 0;
	if (right > s->ack - me->iss &&
	    (s->nr_sacks < 2 || left < s->sack[1][0] - me->iss ||
	     right > s->sack[1][1] - me->iss))
		return 0;
	for (; left < right; left++)
		n += me->sent_us[left] != 0;
	return n ? n : 1;
}

/* ---- what arrives ------------------------------------------------------ */

/* How many segments @s says to have arrived that were not known to; *old as
 * in deliver(). Without SACK each duplicate is one. */
static u32 delivered(const struct flow *f, struct stream *me,
		     const struct segment *s, u32 ack, bool *old)
{
	u32 n = deliver(me, me->una ? me->una : 1, ack, old), i, left, right;

	for (i = 0; i < s->nr_sacks; i++) {
		left = s->sack[i][0] - me->iss;
		right = s->sack[i][1] - me->iss;
		if (left < right && right <= me->end && left >= ack)
			n += deliver(me, left, right, old);
	}
	if (has_sack(f))
		return n;
	if (ack > me->una)
		me->cong.dups -= n < me->cong.dups ? n : me->cong.dups;
	else
		me->cong.dups++, n++;
	return n;
}

/* Counts the segments that begin below @ack as acknowledged. Return: how many. */
static u32 acknowledge(struct stream *me, u32 ack)
{
	u32 before = me->segments_acked, pos;

	for (pos = me->una; pos < ack; pos++)
		me->segments_acked += me->sent_us[pos] != 0;
	return me->segments_acked - before;
}

void monitor_cong_heard(const struct world *w, struct flow *f, int h,
			const struct segment *s, u32 ack)
{
	const struct host *host = &w->host[f->host[h]];
	struct stream *me = &f->of[h];
	struct congestion *c = &me->cong;
	bool old = false, news = ack > me->una, ended = false;
	u32 n = delivered(f, me, s, ack, &old), flight = flight_of(me), opens;

	/* what a SACK names opens the window with the ACK: but at once beside another,
	 * or where packets overtake others; and what was repaired meanwhile never */
	opens = acknowledge(me, ack);
	opens -= opens && !me->una;	/* RFC 5681 3.1: the SYN's does not */

	c->last = c->last_ns == w->now ? c->last + n : n;
	c->last_ns = w->now;
	c->back += n;
	c->probes &= n == 0;
	c->heard++;
	if (n)			/* it told something */
		c->cue_ns = w->now;
	c->in_vain += duplicates(me, s);
	if ((c->again && c->in_vain >= c->again) ||
	    (in_episode(me) && news && s->has_ts && c->ts_known &&
	     (s32)(s->ts_echo - c->ts) < 0) ||
	    ((c->episode == EPISODE_TIMEOUT || c->maybe_timer) && old &&
	     (w->recorded || me->una > c->una)))
		undo(c);
	if (in_episode(me) &&
	    (ack > c->recover ||
	     (ack == c->recover && c->episode != EPISODE_MARKED))) {
		end(c);
		ended = true;
	}
	if (!in_episode(me))
		repaired_on(host, me, ack);
	if (s->flags & ECE && !(s->flags & SYN) && !in_episode(me) &&
	    !c->marked) {
		c->marked = true;
		c->mark_end = me->end;
		c->mark_flight = flight;
	}
	if (ended || w->recorded || host->control == CONTROL_BBR ||
	    ((news || host->belated || c->overtaken) && opens < n))
		opens = n;
	if (c->episode == EPISODE_NONE || c->episode == EPISODE_TIMEOUT)
		grow(w, host, &c->v, c->thresh, opens,
		     c->episode == EPISODE_TIMEOUT);
	else
		grow(w, host, &c->after, c->thresh, opens, true);
}

void monitor_cong_narrower(struct stream *me)
{
	me->cong.narrow = me->end;
	me->cong.counted = false;
}

/* ---- what leaves ------------------------------------------------------- */

/* Does what ends at @end? As Linux does, the last segment may go beyond the window
 * with its FIN. */
static bool has_fin(const struct stream *me, u32 end)
{
	return me->fin && end > me->fin;
}

/* It has told the peer that its window is smaller now. */
void monitor_cong_cwr(const struct world *w, struct flow *f, int h)
{
	const struct host *host = &w->host[f->host[h]];
	struct stream *me = &f->of[h];

	/* without SACK an episode may last until one more is acknowledged; of
	 * what came together it is not known when the mark was seen */
	if (me->cong.marked && !in_episode(me) && has_sack(f) &&
	    !host->belated && !host->late &&
	    host->control != CONTROL_BBR)
		begin(w, host, me, EPISODE_MARKED, me->cong.mark_end);
	me->cong.marked = false;
}

/* Some of it was sent before. */
static void sent_again(const struct world *w, struct flow *f, int h,
		       enum monitor_again how, u32 pos, u32 end)
{
	const struct host *host = &w->host[f->host[h]];
	struct stream *me = &f->of[h];
	struct congestion *c = &me->cong;
	bool repeats = c->episode == EPISODE_TIMEOUT && pos != c->pos &&
		       me->heard_ns < c->begin_ns;

	if (how == AGAIN_PROBE)
		c->unsure = true;
	/* what is acknowledged meanwhile may be undone meanwhile */
	if (how == AGAIN_PROBE || pos < me->una)
		return;
	if (how == AGAIN_TIMER && !repeats) {
		begin(w, host, me, EPISODE_TIMEOUT, me->end);
		c->pos = pos;
	} else if (!in_episode(me) || c->episode == EPISODE_MARKED) {
		if (pos < c->narrow || me->una < c->later || c->vague)
			return;
		begin(w, host, me, EPISODE_FAST, me->end);
	} else if (pos == me->una && (c->cue_ns < w->now || host->belated)) {
		c->later = me->end;
		if (!c->maybe_timer)
			c->after = (struct window){ .cwnd = 1 };
		c->maybe_timer = true;
		if (c->episode == EPISODE_TIMEOUT)	/* or a new one begins */
			c->counted = false;
	}
	if (pos >= c->recover && end > c->beyond)
		c->beyond = end;
	c->again++;
	if (!c->ts_known)
		c->ts = me->ts;
	c->ts_known = true;
}

/* What has left in this episode, against what was delivered in it. */
static void check_out(struct world *w, struct flow *f, int h)
{
	struct stream *me = &f->of[h];
	const struct congestion *c = &me->cong;

	/* duplicate ACKs do not tell what came */
	if (!c->counted || !has_sack(f)) {
		monitor_lets_off(w, f, h, RULE_REDUCTION);
		return;
	}
	if (!monitor_judges(w, f, h, RULE_REDUCTION))
		return;
	if (c->episode == EPISODE_TIMEOUT && c->out > c->back + c->v.cwnd)
		monitor_bad(w, f, h, "more than slow start after a timeout",
			    c->out - c->back, c->v.cwnd);
	if (c->episode == EPISODE_FAST && c->out > c->back + c->heard)
		monitor_bad(w, f, h, "more than was delivered, in a recovery",
			    c->out, c->back);
}

void monitor_cong_sent(struct world *w, struct flow *f, int h,
		       enum monitor_again how, u32 pos, u32 end)
{
	const struct host *host = &w->host[f->host[h]];
	struct stream *me = &f->of[h];
	struct congestion *c = &me->cong;
	u32 last = me->sent_us[pos];

	if (!last)
		c->begun++;
	if (how != AGAIN_NOT && host->control == CONTROL_BBR) {
		monitor_lets_off(w, f, h, RULE_REDUCTION);
		c->vague = me->end;
	} else if (how != AGAIN_NOT) {
		sent_again(w, f, h, how, pos, end);
	}
	if (!in_episode(me) || c->episode == EPISODE_MARKED)
		return;
	/* what is found lost by a timer, between two ACKs, leaves in its place */
	if (c->episode == EPISODE_FAST && c->cue_ns < w->now &&
	    c->begin_ns < w->now)
		return;
	if ((!last || (s32)(last - c->begin_us) < 0) && !has_fin(me, end))
		c->out++;
	check_out(w, f, h);
}

void monitor_flight(struct world *w, struct flow *f, int h, u32 last)
{
	const struct host *host = &w->host[f->host[h]];
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	u32 mss = host->mtu - 40, bound, from = me->una;

	if (peer->mss < mss)
		mss = peer->mss;
	bound = me->cong.v.cwnd * mss + 1;
	bound += (me->cong.probes + has_fin(me, last)) * mss;
	/* all is lost after a timeout, and BBR sends four all the same */
	if (me->rto_ns)
		bound += host->least_window * mss;
	/* What is below the furthest SACK has arrived, or counts as lost. */
	if (me->sacked > from)
		from = me->sacked;
	/* see check_out() */
	if (me->cong.episode == EPISODE_TIMEOUT)
		return;
	if ((me->cong.episode == EPISODE_FAST && me->cong.maybe_timer) ||
	    me->cong.vague || !has_sack(f)) {
		monitor_lets_off(w, f, h, RULE_CONGESTION);
		return;
	}
	/* RFC 8985 7.3: one more, if nothing was heard */
	if (peer->seen && last - from > bound && last - from <= bound + mss &&
	    monitor_tail_probe(w, f, h, last)) {
		me->cong.probes = 1;
		return;
	}
	if (monitor_judges(w, f, h, RULE_CONGESTION) && peer->seen &&
	    last - from > bound)
		monitor_bad(w, f, h, "more than the congestion window",
			    last - from, bound);
}
