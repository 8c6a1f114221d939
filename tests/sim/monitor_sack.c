/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor and selective acknowledgements (RFC 2018, RFC 2883): agreed on
 * by both SYNs, about bytes that have arrived, the newest first.
 */
#include "monitor.h"

#include <string.h>

#define FEW 16u

/* Has all of [@left, @right) arrived? */
static bool has_arrived(const struct stream *peer, u32 left, u32 right)
{
	if (left >= right || right > peer->end || right > peer->room)
		return false;
	return !memchr(peer->arrived + left, 0, right - left);
}

/* One block. A first one below the ACK, or within the second, tells of a
 * duplicate (RFC 2883 4); all others are above the ACK. */
static void check_block(struct world *w, struct flow *f, int h,
			const struct segment *s, u32 i)
{
	const struct stream *peer = &f->of[!h];
	u32 left = s->sack[i][0] - peer->iss, right = s->sack[i][1] - peer->iss;
	u32 ack = s->ack - peer->iss;

	if (!monitor_judges(w, f, h, RULE_SACK))
		return;
	if (!has_arrived(peer, left, right))
		monitor_bad(w, f, h, "a SACK of what did not arrive", left,
			    right);
	else if (i && left <= ack)
		monitor_bad(w, f, h, "a SACK block below the ACK", left, ack);
}

/* Has [@left, @right), or what is below @ack, some of one of the last @nr segments?
 * Of more than are known here nobody can tell. */
static bool has_recent(const struct stream *me, u32 left, u32 right, u32 ack,
		       u32 nr)
{
	u32 i, at, pos;

	for (i = 1; i <= nr && i <= NR_RECENT && i <= me->nr_recent; i++) {
		at = (me->nr_recent - i) % NR_RECENT;
		pos = me->recent[at];
		if (pos < ack || (pos < right && me->recent_end[at] > left))
			return true;
	}
	return nr > NR_RECENT;
}

/*
 * RFC 2018 4: the first block has the segment that caused this ACK, unless
 * the ACK covers it. A duplicate may be longer than the block that names it. Of
 * several segments that came at once it is any that was not answered yet.
 *
 * In a recording what has reached the host may still wait for its socket: two
 * processors need not record segments in the order in which the socket gets
 * them, and a thread that owns it may lose its processor. Linux holds ACKs back
 * that would only tell of another SACK, too. So there this ACK was caused by
 * one of the segments that none has answered, or of the last few: it covers
 * that one, or has it in its first block.
 */
static void check_newest(struct world *w, struct flow *f, int h,
			 const struct segment *s)
{
	const struct stream *me = &f->of[h], *peer = &f->of[!h];
	u32 ack = s->ack - peer->iss, left, right, unanswered;

	/* a FIN is caused by the application */
	if (s->len || s->flags & FIN || me->last_pos <= ack ||
	    me->last_end > me->edge)
		return;
	/* It has no memory for what came in order, and so for nothing else. */
	if (peer->contiguous > ack)
		return;
	left = s->nr_sacks ? s->sack[0][0] - peer->iss : 0;
	right = s->nr_sacks ? s->sack[0][1] - peer->iss : 0;
	unanswered = w->recorded && me->credit < FEW ? FEW : me->credit;
	if (w->recorded && !s->nr_sacks)
		return;
	if (monitor_judges(w, f, h, RULE_NEWEST) &&
	    !has_recent(me, left, right, ack, unanswered ? unanswered : 1))
		monitor_bad(w, f, h, "the first SACK block is not the newest",
			    left, me->last_pos);
}

/* Has its socket a small receive buffer? What waits in one may be dropped. */
static bool is_tight(const struct world *w, struct flow *f, int h)
{
	const struct end *e = monitor_app(w, f, h);

	return f->port[h] == SIM_PORT ? w->host[f->host[h]].tight :
					e && e->tight;
}

void monitor_sent_sack(struct world *w, struct flow *f, int h,
		       const struct segment *s)
{
	const struct stream *me = &f->of[h], *peer = &f->of[!h];
	u32 i;

	if (monitor_judges(w, f, h, RULE_SACK) &&
	    s->sack_ok && s->flags & ACK && peer->syn && !peer->sack_offered)
		monitor_bad(w, f, h, "SACK that the SYN did not have", 0, 0);
	if (s->flags & SYN || !(s->flags & ACK) || !peer->arrived)
		return;
	if (s->nr_sacks && !(me->sack_offered && peer->sack_offered))
		monitor_bad(w, f, h, "a SACK that was not agreed", s->nr_sacks,
			    0);
	for (i = 0; i < s->nr_sacks; i++)
		check_block(w, f, h, s, i);
	if (is_tight(w, f, h))
		monitor_excuse_end(f, h, WHY_TIGHT);
	if (me->sack_offered && peer->sack_offered && !w->blurred)
		check_newest(w, f, h, s);
}
