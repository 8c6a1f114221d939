/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor knows the eleven states of RFC 9293 3.3.2: it derives those of
 * both ends from the frames, and compares what leaves with the state and with
 * what the application has asked for.
 *
 * A segment that reached a host may have been refused there (an old copy below
 * what was acknowledged, RFC 9293 3.10.7.4). What such a segment acknowledges
 * allows its receiver more, but forbids it nothing: `una` is what it may have
 * heard, `sure` what it must have.
 */
#include "monitor.h"

#include <arpa/inet.h>
#include <errno.h>

/* What a segment is to a state; the first that fits. */
enum kind { KIND_RST, KIND_SYN_ACK, KIND_SYN, KIND_FIN, KIND_DATA, KIND_ACK };

#define MAY(k) (1u << KIND_##k)
#define TEXT (MAY(ACK) | MAY(DATA) | MAY(FIN) | MAY(RST))

/* What may leave in each state. A FIN and bytes behind it: sent again. */
static const u8 allowed[] = {
	[CLOSED] = MAY(SYN) | MAY(SYN_ACK) | MAY(RST),
	[SYN_SENT] = MAY(SYN) | MAY(SYN_ACK) | MAY(RST),
	[SYN_RECEIVED] = MAY(SYN_ACK) | MAY(ACK) | MAY(FIN) | MAY(RST),
	[ESTABLISHED] = TEXT,
	[FIN_WAIT_1] = TEXT,
	[FIN_WAIT_2] = MAY(ACK) | MAY(RST),
	[CLOSE_WAIT] = TEXT,
	[CLOSING] = TEXT,
	[LAST_ACK] = TEXT,
	[TIME_WAIT] = MAY(ACK) | MAY(RST),
	[GONE] = MAY(RST),
};

static const char *const kinds[] = {
	[KIND_RST] = "a RST", [KIND_SYN_ACK] = "a SYN-ACK",
	[KIND_SYN] = "a SYN", [KIND_FIN] = "a FIN", [KIND_DATA] = "data",
	[KIND_ACK] = "an ACK",
};

static const char *const states[] = {
	[CLOSED] = "CLOSED", [SYN_SENT] = "SYN-SENT",
	[SYN_RECEIVED] = "SYN-RECEIVED", [ESTABLISHED] = "ESTABLISHED",
	[FIN_WAIT_1] = "FIN-WAIT-1", [FIN_WAIT_2] = "FIN-WAIT-2",
	[CLOSE_WAIT] = "CLOSE-WAIT", [CLOSING] = "CLOSING",
	[LAST_ACK] = "LAST-ACK", [TIME_WAIT] = "TIME-WAIT",
	[GONE] = "CLOSED after its end",
};

static enum kind kind_of(const struct segment *s)
{
	if (s->flags & RST)
		return KIND_RST;
	if (s->flags & SYN)
		return s->flags & ACK ? KIND_SYN_ACK : KIND_SYN;
	if (s->flags & FIN)
		return KIND_FIN;
	return s->len ? KIND_DATA : KIND_ACK;
}

/* The state after the peer has acknowledged up to @una. */
static u8 after_heard(const struct stream *me, u32 una)
{
	bool fin = me->fin && una > me->fin;

	switch (me->state) {
	case SYN_RECEIVED:
		return una ? ESTABLISHED : SYN_RECEIVED;
	case FIN_WAIT_1:
		return fin ? FIN_WAIT_2 : FIN_WAIT_1;
	case CLOSING:
		return fin ? TIME_WAIT : CLOSING;
	case LAST_ACK:
		return fin ? GONE : LAST_ACK;
	default:
		return me->state;
	}
}

/* The state after this end has acknowledged the peer's FIN. */
static u8 after_fin(const struct stream *me, u8 state)
{
	switch (state) {
	case ESTABLISHED: return me->passive ? CLOSE_WAIT : CLOSING;
	case FIN_WAIT_1: return CLOSING;
	case FIN_WAIT_2: return TIME_WAIT;
	default: return state;
	}
}

/* The state that what is sent needs: its ACK tells what was received. */
static u8 before_sent(const struct stream *me, const struct stream *peer,
		      const struct segment *s, u8 state)
{
	if (!(s->flags & ACK) || s->flags & SYN)
		return state;
	if (state == SYN_SENT && peer->seen && me->una)
		state = ESTABLISHED;
	if (peer->fin && s->ack - peer->iss == peer->fin + 1)
		state = after_fin(me, state);
	return state;
}

/* The state after @kind has left. */
static u8 after_sent(u8 state, enum kind kind)
{
	switch (kind) {
	case KIND_RST:
		return state > SYN_RECEIVED ? GONE : state;
	case KIND_SYN:
		return SYN_SENT;
	case KIND_SYN_ACK:	/* or once more, late */
		return state > SYN_RECEIVED && state < GONE ? state : SYN_RECEIVED;
	case KIND_FIN:
		if (state == ESTABLISHED || state == SYN_RECEIVED)
			return FIN_WAIT_1;
		return state == CLOSE_WAIT ? LAST_ACK : state;
	default:
		return state;
	}
}

u8 monitor_old_state(const struct world *w, const struct flow *f, int h)
{
	const struct stream *me = &f->of[h];

	return w->host[f->host[h]].belated && me->old_ns == w->now ?
	       me->old_state : me->state;
}

bool monitor_unsure(const struct world *w, struct flow *f, int h)
{
	const struct end *e = monitor_app(w, f, h);
	const struct stream *me = &f->of[h];

	return me->unsure ||
	       (w->host[f->host[h]].belated && me->passive && e && e->ending &&
		e->ending_ns == me->passive_ns);
}

void monitor_sent_state(struct world *w, struct flow *f, int h,
			const struct segment *s)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	enum kind kind = kind_of(s);
	u8 state = before_sent(me, peer, s, me->state);
	u8 maybe = before_sent(me, peer, s, after_heard(me, me->una));
	u32 end = s->seq - me->iss + s->len + !!(s->flags & (SYN | FIN));
	char what[64];

	/* It may have believed a RST, or given up. */
	if (me->got_rst || f->over)
		return;
	if (!(allowed[state] >> kind & 1) && allowed[maybe] >> kind & 1)
		state = maybe;
	/* Sent again in a state that is past by now. */
	if (!(allowed[state] >> kind & 1) && kind != KIND_RST && end <= me->end &&
	    (monitor_waited(w, f->host[h]) ||
	     (w->host[f->host[h]].belated && me->old_ns == w->now)))
		return;
	if (state == GONE && allowed[TIME_WAIT] >> kind & 1 &&
	    monitor_unsure(w, f, h))
		return;
	/* It answers the first of those that came together. */
	if (!(allowed[state] >> kind & 1) &&
	    allowed[monitor_old_state(w, f, h)] >> kind & 1)
		return;
	if (monitor_judges(w, f, h, RULE_STATES) &&
	    !(allowed[state] >> kind & 1)) {
		snprintf(what, sizeof(what), "%s in %s", kinds[kind],
			 states[state]);
		monitor_bad(w, f, h, what, s->seq - me->iss, s->len);
	}
	me->state = after_sent(state, kind);
	if (me->state == TIME_WAIT && state == TIME_WAIT && !me->time_wait_ns)
		me->time_wait_ns = me->both_ns;
}

/* Who calls close() is in FIN-WAIT-1 at once, but his FIN waits until all
 * bytes before it have left: only the calls tell who closed first. Which of two copies
 * of the peer's FIN he took, if he closed between them, nothing tells. */
void monitor_arrived_state(const struct world *w, struct flow *f, int h)
{
	struct stream *me = &f->of[h], *peer = &f->of[!h];
	const struct end *e;

	if (peer->fin && peer->contiguous > peer->fin &&
	    me->acked <= peer->fin) {
		e = monitor_app(w, f, h);
		me->unsure |= me->passive && e && e->ending;
		me->passive = me->unsure || (e && !e->ending);
		me->passive_ns = w->now;
	}
	if (me->old_ns != w->now)
		me->old_state = me->state;
	me->old_ns = w->now;
	me->state = after_heard(me, me->sure);
}

/* ---- the calls -------------------------------------------------------- */

const struct end *monitor_app(const struct world *w, struct flow *f, int side)
{
	unsigned int i;

	for (i = 0; !f->of[side].app && i < 2 * w->nr_conns; i++) {
		const struct end *e = &w->conn[i / 2].end[i % 2];
		const struct end *to = &w->conn[i / 2].end[!(i % 2)];

		if (e->host == f->host[side] && to->host == f->host[!side] &&
		    ntohs(e->port) == f->port[side] &&
		    ntohs(to->port) == f->port[!side])
			f->of[side].app = e;
	}
	return f->of[side].app;
}

/* The urgent pointer: only where the application has sent urgent bytes, not
 * beyond what it has written, and never back (RFC 9293 3.8.5, RFC 6093). */
static void sent_urgent(struct world *w, struct flow *f, int h,
			const struct segment *s, const struct end *e)
{
	struct stream *me = &f->of[h];
	u32 pos = s->seq - me->iss, up = pos + s->urgent, before = me->urgent;

	if (up > me->urgent)
		me->urgent = up;
	if (!monitor_judges(w, f, h, RULE_CALLS))
		return;
	if (!w->recorded && (!e || !e->urgent))
		monitor_bad(w, f, h, "URG where nothing is urgent", pos,
			    s->urgent);
	if (!s->urgent)
		monitor_bad(w, f, h, "URG without a pointer", pos, 0);
	if (up < before && s->urgent != 0xffff)
		monitor_bad(w, f, h, "the urgent pointer goes back", up,
			    before);
	if (e && up > 1 + e->sent + e->writing)
		monitor_bad(w, f, h, "urgent is what nobody wrote", up,
			    e->sent + e->writing);
}

void monitor_sent_calls(struct world *w, struct flow *f, int h,
			const struct segment *s)
{
	const struct stream *me = &f->of[h];
	const struct end *e = monitor_app(w, f, h);
	u32 end = s->seq - me->iss + s->len;

	if (s->flags & URG)
		sent_urgent(w, f, h, s, e);
	if (!e || f->over || e->conn->aborted ||
	    !monitor_judges(w, f, h, RULE_CALLS))
		return;
	if (s->len && end > 1 + e->sent + e->writing)
		monitor_bad(w, f, h, "bytes that nobody wrote", end,
			    e->sent + e->writing);
	if (s->flags & FIN && !e->ending)
		monitor_bad(w, f, h, "a FIN that nobody asked for", end, 0);
	if (s->flags & FIN && end != 1 + e->sent)
		monitor_bad(w, f, h, "a FIN before the last byte", end,
			    e->sent);
}

/* MUST-61: the last of what was written is pushed. A write that was cut short
 * by a full buffer is not: its rest is still to come. */
void monitor_all_heard(struct world *w, struct flow *f, int h)
{
	const struct stream *me = &f->of[h];
	const struct end *e = monitor_app(w, f, h);

	if (e && monitor_judges(w, f, h, RULE_CALLS) && me->una > 1 &&
	    me->una == 1 + e->sent && !e->writing &&
	    !e->cut && !e->conn->aborted && me->pushed != me->una && !me->fin)
		monitor_bad(w, f, h, "no PSH on the last byte written",
			    me->pushed, me->una);
}

struct flow *monitor_flow(const struct world *w, int host, int peer, u16 port,
			  u16 peer_port)
{
	int side = host > peer;
	struct flow *f;

	for (f = w->flows; f; f = f->next)
		if (f->host[side] == host && f->host[!side] == peer &&
		    f->port[side] == port && f->port[!side] == peer_port)
			return f;
	return NULL;
}

void monitor_error(struct world *w, const struct end *e, int err)
{
	const struct end *to = end_peer(e);
	struct flow *f = monitor_flow(w, e->host, to->host, ntohs(e->port),
				      ntohs(to->port));
	int h = e->host > to->host;
	struct stream *me;

	if (!f || w->again || f->over || !monitor_judges(w, f, h, RULE_RESETS))
		return;
	me = &f->of[h];
	if ((err == ECONNRESET || err == EPIPE || err == ECONNREFUSED) &&
	    !me->got_rst)
		monitor_bad(w, f, h, "an error for a RST that did not come",
			    (u64)err, 0);
	if (err == ETIMEDOUT && w->now < me->spoke_ns + 10 * SIM_S)
		monitor_bad(w, f, h, "a timeout although the peer was heard",
			    (w->now - me->spoke_ns) / SIM_MS, 0);
}

/* ---- the end ---------------------------------------------------------- */

/* Nothing is due any more at @h's side: it must have heard of all it sent. */
static void check_silence(struct world *w, struct flow *f, int h)
{
	const struct stream *me = &f->of[h], *peer = &f->of[!h];
	const struct end *e = monitor_app(w, f, h);
	/* of what a cable that is out hides, an ACK may be sure or not */
	u8 end = w->host[f->host[h]].unseen ? after_heard(me, me->una) : me->state;

	/* who found no neighbour has tried once more, from another port */
	if (!e || e->conn->aborted || ntohs(e->port) != f->port[h] ||
	    ntohs(end_peer(e)->port) != f->port[!h] ||
	    !me->syn || me->rst || me->got_rst || f->over || peer->rst ||
	    !monitor_judges(w, f, h, RULE_END))
		return;
	if (me->una < me->end)
		monitor_bad(w, f, h, "silence, but not all is acknowledged",
			    me->una, me->end);
	if (me->fin && peer->fin && end != TIME_WAIT && end != GONE)
		monitor_bad(w, f, h, "silence, but not closed", end, 0);
}

void monitor_end(struct world *w)
{
	struct flow *f;

	for (f = w->flows; f && !w->again; f = f->next) {
		check_silence(w, f, 0);
		check_silence(w, f, 1);
	}
}
