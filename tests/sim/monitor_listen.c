/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor counts what a listener's accept queue holds: a connection enters
 * it with the ACK of its handshake and leaves it by accept(). A queue is full
 * when it holds one more than the backlog: then no SYN is taken, and an ACK of
 * a handshake is ignored with all that it brings, so that the connection stays
 * in SYN-RECEIVED until there is room and the client speaks again.
 */
#include "monitor.h"

/* A request's SYN-ACK waits 1, 2, 4, 8, 16 and 32 seconds; where more than half
 * of a short queue is taken, it is given up after the third time. */
#define REQUEST_LIFE (63 * SIM_S)
#define REQUEST_SHORT_LIFE (7 * SIM_S)
#define SHORT_BACKLOG (2 * SIM_MAX_CONNS)

static bool is_full(const struct host *h)
{
	return h->backlog && h->queued > h->backlog;
}

static bool is_listener(const struct flow *f, int h)
{
	return f->port[h] == SIM_PORT;
}

void monitor_sent_request(struct world *w, struct flow *f, int h,
			  const struct segment *s)
{
	struct host *host = &w->host[f->host[h]];
	struct stream *me = &f->of[h];

	if (!(s->flags & ACK) || !is_listener(f, h) ||
	    (me->syn && me->iss == s->seq) || (f->over && me->late_iss == s->seq))
		return;
	/* two processors: the SYN came before the ACK that filled it */
	if (monitor_judges(w, f, h, RULE_LISTENERS) && is_full(host) &&
	    !(host->belated && host->filled_ns == w->now))
		monitor_bad(w, f, h, "takes a SYN although its queue is full",
			    host->queued, host->backlog);
	if (!me->syn) {
		me->request_ns = w->now;
		return;
	}
	me->late_iss = s->seq;
	/* the ACK that came together with the SYN finds another request */
	if (me->queued && monitor_old_state(w, f, h) == SYN_RECEIVED) {
		me->queued = false;
		host->queued--;
	}
}

bool monitor_request_over(const struct world *w, const struct flow *f, int h)
{
	const struct stream *me = &f->of[h];
	u64 life = w->host[f->host[h]].backlog < SHORT_BACKLOG ?
		   REQUEST_SHORT_LIFE : REQUEST_LIFE;

	return is_listener(f, h) &&
	       (me->state == SYN_RECEIVED ||
		monitor_old_state(w, f, h) == SYN_RECEIVED) &&
	       w->now >= me->request_ns + life;
}

bool monitor_no_room(struct world *w, struct flow *f, int h,
		     const struct segment *s)
{
	struct host *host = &w->host[f->host[h]];
	struct stream *me = &f->of[h];
	u32 iss = f->over ? me->late_iss : me->iss;

	if (!is_listener(f, h) || !me->syn || me->queued ||
	    (me->state != SYN_RECEIVED && !f->over) || !(s->flags & ACK) ||
	    s->ack != iss + 1)
		return false;
	if (!monitor_judges(w, f, h, RULE_LISTENERS)) {
		me->queued = true;
		return false;
	}
	if (is_full(host)) {
		/* with RPS another may have come before: nobody knows whom it
		 * was that found the queue full */
		if (!host->steers)
			return true;
		monitor_excuse(w, f->host[h], WHY_FORGETS);
		return false;
	}
	me->queued = true;
	host->queued++;
	if (is_full(host))
		host->filled_ns = w->now;
	return false;
}

void monitor_accept(struct world *w, int host, int peer, u16 port,
		    u16 peer_port)
{
	struct flow *f = monitor_flow(w, host, peer, port, peer_port);
	struct stream *me;

	if (w->again && !w->forge_gap)
		return;
	if (!f) {
		sim_fail(w, "monitor: host %d accepts port %u, whose SYN never "
			 "came", host, peer_port);
		return;
	}
	me = &f->of[host > peer];
	if (monitor_judges(w, f, host > peer, RULE_CALLS) && me->accepted)
		monitor_bad(w, f, host > peer, "accepted twice", 0, 0);
	if (!me->queued && monitor_judges(w, f, host > peer, RULE_LISTENERS))
		monitor_bad(w, f, host > peer,
			    "accepted before its handshake was done", 0, 0);
	me->accepted = true;
	if (w->host[host].queued)
		w->host[host].queued--;
}
