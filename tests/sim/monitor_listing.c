/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a host says of its connections (inet_socket_show(), as ss(8) prints
 * them) against what its frames have shown: each connection has one owner, is
 * in the state that the monitor has derived, and nobody who closed first
 * forgets it before 2 MSL are over.
 */
#include "monitor.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define TWO_MSL (60 * SIM_S)

static const char *const names[] = {
	[CLOSED] = "", [SYN_SENT] = "SYN-SENT", [SYN_RECEIVED] = "SYN-RECV",
	[ESTABLISHED] = "ESTAB", [FIN_WAIT_1] = "FIN-WAIT-1",
	[FIN_WAIT_2] = "FIN-WAIT-2", [CLOSE_WAIT] = "CLOSE-WAIT",
	[CLOSING] = "CLOSING", [LAST_ACK] = "LAST-ACK",
	[TIME_WAIT] = "TIME-WAIT",
};

#define IN(state) (1u << (state))

/* The states that @side may be in: the one its segments showed, and what may
 * have happened since that no segment has told yet. */
static u32 possible(const struct world *w, struct flow *f, int side)
{
	const struct stream *me = &f->of[side], *peer = &f->of[!side];
	const struct end *e = monitor_app(w, f, side);
	u32 mask = IN(me->state), before;
	bool acked = me->fin && me->una > me->fin;
	bool fin = peer->fin && peer->contiguous > peer->fin;

	do {
		before = mask;
		if (mask & IN(SYN_SENT) && peer->seen)
			mask |= IN(SYN_RECEIVED) | IN(ESTABLISHED);
		if (mask & IN(SYN_RECEIVED) && me->una)
			mask |= IN(ESTABLISHED);
		if (mask & (IN(SYN_RECEIVED) | IN(ESTABLISHED)) && e &&
		    e->ending)
			mask |= IN(FIN_WAIT_1);
		if (mask & IN(ESTABLISHED) && fin)
			mask |= IN(CLOSE_WAIT);
		if (mask & IN(FIN_WAIT_1) && acked)
			mask |= IN(FIN_WAIT_2);
		if (mask & IN(FIN_WAIT_1) && fin)
			mask |= IN(CLOSING);
		if (mask & IN(FIN_WAIT_2) && fin)
			mask |= IN(TIME_WAIT);
		if (mask & IN(CLOSING) && acked)
			mask |= IN(TIME_WAIT);
		if (mask & IN(CLOSE_WAIT) && e && e->ending)
			mask |= IN(LAST_ACK);
		/* a call that closes may first deliver the FIN */
		if (mask & IN(CLOSING))
			mask |= IN(CLOSE_WAIT);
	} while (mask != before);
	if (!monitor_unsure(w, f, side))
		return mask;
	if (mask & (IN(CLOSE_WAIT) | IN(LAST_ACK)))
		mask |= IN(CLOSING);
	return mask & IN(GONE) ? mask | IN(TIME_WAIT) : mask;
}

/* "10.0.0.1:7000" as numbers. Return: false: it has no port. */
static bool parse_name(char *text, u32 *addr, u16 *port)
{
	char *colon = strchr(text, ':');
	struct in_addr a;

	if (!colon || colon[1] == '*')
		return false;
	*colon = '\0';
	if (inet_pton(AF_INET, text, &a) != 1)
		return false;
	*addr = ntohl(a.s_addr);
	*port = (u16)atoi(colon + 1);
	return true;
}

/* One connection that host @h has. */
static void listed(struct world *w, int h, const struct segment *s,
		   const char *state)
{
	struct stream *me;
	struct flow *f;
	char what[64];
	u32 mask;
	bool judged;
	int side;

	f = monitor_find(w, s, &side);
	if (!f)
		return;
	me = &f->of[side];
	judged = monitor_judges(w, f, side, RULE_LISTINGS);
	if (judged && me->listed == w->nr_listings)
		monitor_bad(w, f, side, "two owners of one connection", 0, 0);
	me->listed = w->nr_listings;
	/* It may have no frame yet, or a RST may have ended it. */
	if (!judged || !me->syn || f->over || me->got_rst || me->rst)
		return;
	for (mask = possible(w, f, side); mask; mask &= mask - 1)
		if (!strcmp(state, names[__builtin_ctz(mask) % GONE]))
			return;
	snprintf(what, sizeof(what), "says that it is in %.16s", state);
	monitor_bad(w, f, side, what, me->state, (u64)h);
}

/* Why @side must have its connection, NULL: it need not. */
static const char *must_have(struct world *w, struct flow *f, int side)
{
	const struct stream *me = &f->of[side];
	const struct end *e = monitor_app(w, f, side);

	if (f->over || me->got_rst || me->rst)
		return NULL;
	/* The table may be full, and then there is none. */
	if (me->state == TIME_WAIT)
		return me->time_wait_ns &&
		       w->now + w->slack_ns < me->time_wait_ns + TWO_MSL &&
		       monitor_judges(w, f, side, RULE_TIME_WAIT) ?
		       "left TIME-WAIT too early" : NULL;
	return me->state >= ESTABLISHED && me->state < TIME_WAIT && e &&
	       !e->conn->aborted && possible(w, f, side) == IN(me->state) &&
	       monitor_judges(w, f, side, RULE_LISTINGS) ?
	       "a connection without an owner" : NULL;
}

/* Connections that @h must have, and has not. */
static void check_unlisted(struct world *w, int h)
{
	struct flow *f;
	const char *why;
	int side;

	for (f = w->flows; f; f = f->next) {
		side = f->host[1] == h;
		if (f->host[side] != h ||
		    f->of[side].listed == w->nr_listings)
			continue;
		why = must_have(w, f, side);
		if (why)
			monitor_bad(w, f, side, why, f->of[side].state,
				    w->now - f->of[side].time_wait_ns);
	}
}

void monitor_listing(struct world *w, int h, char *text)
{
	char *line, *rest = NULL, state[16], local[32], peer[32];
	struct segment s;

	w->nr_listings++;
	for (line = strtok_r(text, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest)) {
		s = (struct segment){ .scale = -1 };
		if (!strncmp(line, "tcp ", 4) &&
		    sscanf(line, "tcp %15s %*d %*d %31s %31s", state, local,
			   peer) == 3 &&
		    strcmp(state, "UNCONN") &&	/* it was one's */
		    parse_name(local, &s.addr[0], &s.port[0]) &&
		    parse_name(peer, &s.addr[1], &s.port[1]))
			listed(w, h, &s, state);
	}
	check_unlisted(w, h);
}
