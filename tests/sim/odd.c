/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers that are odd, but within the law: they take back a part of the window
 * that they have offered, or all of it, and offer it again later; they
 * acknowledge less than they have. It is the cable that changes what it brings
 * to a host, before the monitor sees it; now and then it loses a frame.
 */
#include "sim.h"

#include <arpa/inet.h>
#include <string.h>

#define ODD_PERCENT 5		/* of the segments */

static u32 get32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/* Replaces 16 bits at @p, and mends the checksum at @sum (RFC 1624). */
static void replace16(u8 *p, u8 *sum, u32 new)
{
	u32 old = (u32)p[0] << 8 | p[1];
	u32 s = (u32)sum[0] << 8 | sum[1];

	s = (~s & 0xffff) + (~old & 0xffff) + new;
	s = (s & 0xffff) + (s >> 16);
	s = ~((s & 0xffff) + (s >> 16));
	p[0] = (u8)(new >> 8);
	p[1] = (u8)new;
	sum[0] = (u8)(s >> 8);
	sum[1] = (u8)s;
}

/* Whose segment it is that comes to @h, NULL: of nobody who is known yet. */
static struct end *end_of(const struct host *h, const u8 *tcp)
{
	struct world *w = h->w;
	unsigned int i;

	for (i = 0; i < 2 * w->nr_conns; i++) {
		struct end *e = &w->conn[i / 2].end[i % 2];
		struct end *peer = &w->conn[i / 2].end[!(i % 2)];

		if (&w->host[e->host] == h && !memcmp(&peer->port, tcp, 2) &&
		    !memcmp(&e->port, tcp + 2, 2))
			return e;
	}
	return NULL;
}

/* The ACK of a segment becomes smaller by @n, unless that is too much. */
static void lower_ack(const struct end *e, u8 *tcp, u32 n)
{
	u32 ack = get32(tcp + 8);

	if (!e || ack - e->first_ack <= n ||
	    ack - e->first_ack > SIM_MAX_BYTES + 2)
		return;
	ack -= n;
	replace16(tcp + 8, tcp + 16, ack >> 16);
	replace16(tcp + 10, tcp + 16, ack & 0xffff);
}

/* The window of a segment becomes smaller, or its ACK. */
bool odd_frame(struct host *h, u8 *frame, u32 len)
{
	u8 *ip = frame + 14, *tcp = ip + 20;
	struct world *w = h->w;
	struct end *e;
	u32 window;

	if (w->healed || len < 14 + 40 || frame[12] != 8 || frame[13] ||
	    ip[0] != 0x45 || ip[9] != 6 || ip[6] & 0x3f || ip[7])
		return false;
	e = end_of(h, tcp);
	if (e && !e->first_ack && tcp[13] & 16)
		e->first_ack = get32(tcp + 8);
	if (!rng_chance(&w->odd, ODD_PERCENT))
		return false;
	if (rng_chance(&w->odd, 10))
		return true;
	if (tcp[13] & 2)	/* not of a SYN */
		return false;
	if (rng_chance(&w->odd, 30)) {
		lower_ack(e, tcp, (u32)rng_log(&w->odd, 1, 2000));
		return false;
	}
	window = (u32)tcp[14] << 8 | tcp[15];
	replace16(tcp + 14, tcp + 16,
		  window >> rng_range(&w->odd, 1, 16));
	return false;
}

void odd_draw(struct world *w)
{
	struct rng own;
	unsigned int i;

	rng_init(&w->odd, w->seed, 6);
	for (i = 0; i < w->nr_hosts; i++)
		w->host[i].odd = sim_draw(w, &w->config, SIM_ODD, 5, &own);
}
