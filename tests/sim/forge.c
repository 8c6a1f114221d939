/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Somebody who is not on the path but knows addresses, ports and nearly all
 * numbers: RSTs, SYNs and data that almost fit, fragments that never become
 * whole, and garbage. None of it may harm a connection. His frames appear at
 * the host's device and carry SIM_FORGED_TOS for the monitor.
 */
#include "sim.h"

#include <arpa/inet.h>
#include <string.h>

#include "packet.h"

#define MAX_LEN 200
#define ETH_LEN 14
#define IP_LEN 20
#define TCP_LEN 20

/* A datagram with an IPv4 header, and who gets it. */
struct forgery {
	struct host *to;
	u8 p[IP_LEN + MAX_LEN];
	u32 len;
};

/* An IPv4 header of host @from for @f, whose payload is @len bytes. */
static void forge_ip(struct forgery *f, unsigned int from, u8 proto, u32 len,
		     u32 frag)
{
	u8 *ip = f->p;
	u32 to = (u32)(f->to - f->to->w->host);

	memset(ip, 0, IP_LEN);
	f->len = IP_LEN + len;
	ip[0] = 0x45;
	ip[1] = SIM_FORGED_TOS;
	put16(ip + 2, f->len);
	put16(ip + 4, (u32)rng_next(&f->to->w->forge));
	put16(ip + 6, frag);
	ip[8] = 64;
	ip[9] = proto;
	put32(ip + 12, SIM_ADDR(from));
	put32(ip + 16, SIM_ADDR(to));
	put16(ip + 10, fold(sum(ip, IP_LEN, 0)));
}

static void fill(struct world *w, u8 *p, u32 len)
{
	while (len--)
		*p++ = (u8)(rng_next(&w->forge) >> 32);
}

/* Puts @f on the backlog of the host, as if its device had received it. */
static void inject(struct forgery *f)
{
	struct sk_buff *skb = napi_alloc_skb(f->to->dev, ETH_LEN + f->len);
	u8 *p;

	if (!skb)
		return;
	p = skb_put(skb, ETH_LEN + f->len);
	memcpy(p, f->to->dev->dev_addr, 6);
	memcpy(p + 6, (u8[]){ 2, 6, 6, 6, 6, 6 }, 6);
	put16(p + 12, 0x0800);
	memcpy(p + ETH_LEN, f->p, f->len);
	skb->protocol = eth_type_trans(skb, f->to->dev);
	netif_rx(skb);
	f->to->w->forged++;
}

/*
 * A segment from @peer to @victim. What it is makes it harmless to a stack that
 * does as RFC 5961 says: a RST beyond all that @peer will ever send, a SYN, or
 * data whose ACK is half the number space away.
 */
static void forge_segment(struct world *w, struct forgery *f,
			  const struct end *victim, const struct end *peer)
{
	static const u8 flags[] = { 4, 4, 2, 16, 24, 17, 18, 20 };
	struct rng *r = &w->forge;
	u8 *t = f->p + IP_LEN;
	u32 len = 0, seq, mine, theirs;

	if (!monitor_iss(w, victim, peer, &mine) ||
	    !monitor_iss(w, peer, victim, &theirs))
		return;
	f->to = &w->host[victim->host];
	memset(t, 0, TCP_LEN);
	t[13] = flags[rng_range(r, 0, sizeof(flags) - 1)];
	seq = theirs + 1 + (u32)rng_range(r, 0, peer->to_send);
	if (t[13] & 4)
		seq = theirs + 3 + peer->to_send + (u32)rng_range(r, 1, 2000);
	if (t[13] & 16 && !(t[13] & 4))
		len = (u32)rng_range(r, 0, MAX_LEN - TCP_LEN);
	put16(t, ntohs(peer->port));
	put16(t + 2, ntohs(victim->port));
	put32(t + 4, seq);
	put32(t + 8, mine + 0x80000000u + (u32)rng_range(r, 0, 1 << 28));
	t[12] = TCP_LEN / 4 << 4;
	put16(t + 14, (u32)rng_range(r, 0, 65535));
	fill(w, t + TCP_LEN, len);
	forge_ip(f, peer->host, 6, TCP_LEN + len, 0);
	put16(t + 16, fold(sum(t, TCP_LEN + len,
			       sum(f->p + 12, 8, 6 + TCP_LEN + len))));
	inject(f);
}

/* Bytes of any protocol, or a piece of a datagram that never comes whole. */
static void forge_garbage(struct world *w, struct forgery *f)
{
	struct rng *r = &w->forge;
	unsigned int to = (unsigned int)rng_range(r, 0, w->nr_hosts - 1);
	u32 len = (u32)rng_range(r, 0, MAX_LEN / 8) * 8, frag = 0;
	u8 proto = (u8)rng_next(r);

	f->to = &w->host[to];
	if (rng_chance(r, 50)) {
		frag = 0x2000 | (u32)rng_range(r, 0, 400);
		proto = rng_chance(r, 50) ? 6 : 17;
	}
	fill(w, f->p + IP_LEN, len);
	forge_ip(f, (to + 1) % w->nr_hosts, proto, len, frag);
	inject(f);
}

void forge_draw(struct world *w)
{
	struct rng own;

	rng_init(&w->forge, w->seed, 3);
	if (!sim_draw(w, &w->config, SIM_FORGE, 20, &own))
		return;
	w->forge_gap = rng_log(&own, SIM_MS, 500 * SIM_MS);
	w->forge_ns = w->now + w->forge_gap;
}

u64 forge_step(struct world *w)
{
	const struct conn *c;
	struct forgery f;
	unsigned int way;

	if (!w->forge_gap || w->healed)
		return UINT64_MAX;
	if (w->now < w->forge_ns)
		return w->forge_ns;
	w->forge_ns = w->now + rng_range(&w->forge, 1, 2 * w->forge_gap);
	c = &w->conn[rng_range(&w->forge, 0, w->nr_conns - 1)];
	way = (unsigned int)rng_range(&w->forge, 0, 1);
	if (rng_chance(&w->forge, 30))
		forge_garbage(w, &f);
	else if (c->end[0].sock && c->end[1].sock && !c->crossing)
		forge_segment(w, &f, &c->end[way], &c->end[!way]);
	return w->forge_ns;
}
