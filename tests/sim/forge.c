/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Somebody who is not on the path but knows addresses, ports and nearly all
 * numbers: RSTs, SYNs and data that almost fit, fragments that never become
 * whole or overlap, ICMP, ARP, options, frames of every kind, and garbage; now
 * and then a burst. None of it may harm a connection. His frames appear at
 * the device of a host or the router; IPv4 carries SIM_FORGED_TOS for the
 * monitor.
 */
#include "sim.h"

#include <arpa/inet.h>
#include <string.h>

#include "packet.h"

#define MAX_LEN 200
#define ETH_LEN 14
#define IP_LEN 20
#define TCP_LEN 20

/* A datagram with an IPv4 header, and who gets it by which device. */
struct forgery {
	struct host *to;
	struct net_device *dev;	/* NULL: the host's */
	u8 mac[6];		/* all zeroes: that of the device */
	bool odd_source;	/* a group's link address */
	u16 type;		/* of the frame; 0: IPv4 */
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
	ip[8] = (u8)(rng_chance(&f->to->w->forge, 50) ? 64 :
		     rng_range(&f->to->w->forge, 1, 255));
	ip[9] = proto;
	put32(ip + 12, SIM_ADDR(from));
	put32(ip + 16, SIM_ADDR(to));
	put16(ip + 10, fold(sum(ip, IP_LEN, 0)));
}

/* The addresses are others. */
static void forge_addresses(struct forgery *f, u32 from, u32 to)
{
	put32(f->p + 12, from);
	put32(f->p + 16, to);
	put16(f->p + 10, 0);
	put16(f->p + 10, fold(sum(f->p, IP_LEN, 0)));
}

static void fill(struct world *w, u8 *p, u32 len)
{
	while (len--)
		*p++ = (u8)(rng_next(&w->forge) >> 32);
}

bool forge_is_own(const u8 *frame)
{
	static const u8 from[5] = { 6, 6, 6, 6, 6 };

	return !memcmp(frame + 7, from, sizeof(from));
}

/* Puts @f on the backlog of the host, as if its device had received it. */
static void inject(const struct forgery *f)
{
	struct net_device *dev = f->dev ? f->dev : f->to->dev;
	struct sk_buff *skb = napi_alloc_skb(dev, ETH_LEN + f->len);
	static const u8 zero[6];
	u8 *p;

	if (!skb)
		return;
	p = skb_put(skb, ETH_LEN + f->len);
	memcpy(p, memcmp(f->mac, zero, 6) ? f->mac : dev->dev_addr, 6);
	memcpy(p + 6, (u8[]){ f->odd_source ? 3 : 2, 6, 6, 6, 6, 6 }, 6);
	put16(p + 12, f->type ? f->type : 0x0800);
	memcpy(p + ETH_LEN, f->p, f->len);
	skb->protocol = eth_type_trans(skb, dev);
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
	static const u8 flags[] = { 4, 4, 2, 16, 24, 17, 18, 20, 0, 1, 8 };
	struct rng *r = &w->forge;
	u8 *t = f->p + IP_LEN;
	u32 len = 0, seq, mine, theirs, opt;

	if (!monitor_iss(w, victim, peer, &mine) ||
	    !monitor_iss(w, peer, victim, &theirs))
		return;
	f->to = &w->host[victim->host];
	memset(t, 0, TCP_LEN);
	t[13] = flags[rng_range(r, 0, w->strange ? sizeof(flags) - 1 : 7)];
	seq = theirs + 1 + (u32)rng_range(r, 0, peer->to_send);
	if (t[13] & 4)
		seq = theirs + 3 + peer->to_send + (u32)rng_range(r, 1, 2000);
	/* without an ACK: also where everything has arrived */
	if (!(t[13] & 22) && rng_chance(r, 50))
		seq = theirs + 1 + peer->to_send + (u32)rng_range(r, 0, 1000);
	if (t[13] & 16 && !(t[13] & 4))
		len = (u32)rng_range(r, 0, MAX_LEN - TCP_LEN);
	put16(t, ntohs(peer->port));
	put16(t + 2, ntohs(victim->port));
	put32(t + 4, seq);
	put32(t + 8, mine + 0x80000000u + (u32)rng_range(r, 0, 1 << 28));
	/* at times the text, if there is any, is options without a meaning */
	opt = rng_chance(r, 20) && w->strange ? (len < 40 ? len : 40) / 4 : 0;
	t[12] = (u8)((TCP_LEN / 4 + opt) << 4);
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
	u32 to = (u32)(f->to - w->host);
	u32 len = (u32)rng_range(r, 0, MAX_LEN / 8) * 8, frag = 0;
	u8 proto = (u8)rng_next(r);

	if (rng_chance(r, 50)) {
		frag = 0x2000 | (u32)rng_range(r, 0, 400);
		proto = rng_chance(r, 50) ? 6 : 17;
	}
	fill(w, f->p + IP_LEN, len);
	forge_ip(f, (to + 1) % w->nr_hosts, proto, len, frag);
	inject(f);
}

/* Two pieces of a datagram that overlap, or do not, or are the same. */
static void forge_fragments(struct world *w, struct forgery *f)
{
	u32 to = (u32)(f->to - w->host);
	struct rng *r = &w->forge;
	u16 id = (u16)rng_next(r);
	int i;

	for (i = 0; i < 2; i++) {
		memset(f->p + IP_LEN, i, 64);
		forge_ip(f, (to + 1) % w->nr_hosts, 17, 64,
			 0x2000 | (u32)rng_range(r, 0, 12));
		put16(f->p + 4, id);
		forge_addresses(f, SIM_ADDR((to + 1) % w->nr_hosts),
				SIM_ADDR(to));
		inject(f);
	}
}

/* ICMP of any type; errors quote a segment whose number was never sent. */
static void forge_icmp(struct world *w, struct forgery *f)
{
	static const u8 types[] = { 0, 3, 4, 5, 8, 11, 12, 13, 14, 42 };
	u32 to = (u32)(f->to - w->host), from = (to + 1) % w->nr_hosts;
	const struct conn *c = &w->conn[rng_range(&w->forge, 0,
						  w->nr_conns - 1)];
	struct rng *r = &w->forge;
	u8 *m = f->p + IP_LEN, *quote = m + 8;

	memset(m, 0, 8 + IP_LEN + 8);
	m[0] = types[rng_range(r, 0, sizeof(types) - 1)];
	m[1] = (u8)rng_range(r, 0, m[0] == 3 ? 15 : 1);
	quote[0] = 0x45;
	put16(quote + 2, 1000);
	quote[8] = 64;
	quote[9] = rng_chance(r, 80) ? 6 : 17;
	put32(quote + 12, SIM_ADDR(to));
	put32(quote + 16, SIM_ADDR(from));
	put16(quote + IP_LEN, ntohs(c->end[0].port));
	put16(quote + IP_LEN + 2, ntohs(c->end[1].port));
	put32(quote + IP_LEN + 4, (u32)rng_next(r) | 1u << 31);
	put16(m + 2, rng_chance(r, 90) ?
		     fold(sum(m, 8 + IP_LEN + 8, 0)) : 1);
	forge_ip(f, from, 1, 8 + IP_LEN + 8, 0);
	if (m[0] == 8 && rng_chance(r, 30)) {	/* to all of the network */
		forge_addresses(f, SIM_ADDR(from), w->nr_stacks > w->nr_hosts ?
				SIM_ADDR(to) | 255 : SIM_ADDR(0) | 0xffff);
		memset(f->mac, 0xff, 6);
	}
	inject(f);
}

/* A header with options: some sound, most of them not. */
static void forge_options(struct world *w, struct forgery *f)
{
	static const u8 kinds[] = { 1, 7, 68, 131, 137, 148, 20 };
	u32 to = (u32)(f->to - w->host);
	struct rng *r = &w->forge;
	u8 *ip = f->p;

	fill(w, ip + IP_LEN, 64);
	ip[IP_LEN] = kinds[rng_range(r, 0, sizeof(kinds) - 1)];
	ip[IP_LEN + 1] = (u8)rng_range(r, 0, 14);
	ip[IP_LEN + 2] = (u8)rng_range(r, 0, 12);
	forge_ip(f, (to + 1) % w->nr_hosts, 17, 64, 0);
	ip[0] = 0x48;
	put16(ip + 10, 0);
	put16(ip + 10, fold(sum(ip, IP_LEN + 12, 0)));
	inject(f);
}

/* Addresses that cannot be, or that are not here. */
static void forge_martian(struct world *w, struct forgery *f)
{
	static const u32 odd[] = {
		0x7f000001, 0, 0xffffffff, 0xe0000001, 0xf0000001, 0xc0000201,
	};
	u32 to = (u32)(f->to - w->host), from = SIM_ADDR((to + 1) % w->nr_hosts);
	u32 other = odd[rng_range(&w->forge, 0, sizeof(odd) / sizeof(*odd) - 1)];

	fill(w, f->p + IP_LEN, 32);
	forge_ip(f, 0, 17, 32, 0);
	if (rng_chance(&w->forge, 50))
		forge_addresses(f, other, SIM_ADDR(to));
	else
		forge_addresses(f, from, other);
	if (rng_chance(&w->forge, 20))
		memset(f->mac, 0xff, 6);
	inject(f);
}

/* Frames of other kinds, or for others; ARP that claims what it must not. */
static void forge_frame(struct world *w, struct forgery *f)
{
	static const u16 types[] = { 0x0806, 0x0806, 0x8100, 0x88a8, 0x86dd,
				     0x1234, 100, 1500, 0x0800 };
	u32 to = (u32)(f->to - w->host);
	struct rng *r = &w->forge;

	f->len = MAX_LEN;
	f->odd_source = rng_chance(r, 10);
	fill(w, f->p, f->len);
	f->p[1] = SIM_FORGED_TOS;
	f->type = types[rng_range(r, 0, sizeof(types) / sizeof(*types) - 1)];
	if (f->type == 0x0800 || rng_chance(r, 20))
		memcpy(f->mac, (u8[]){ (u8)(rng_next(r) & 3), 7, 7, 7, 7, 7 }, 6);
	if (f->type == 0x0806) {
		memcpy(f->p, (u8[]){ 0, 1, 8, 0, 6, 4, 0, 1 }, 8);
		f->p[7] = (u8)rng_range(r, 1, 3);
		memcpy(f->p + 8, (u8[]){ 2, 6, 6, 6, 6, 6 }, 6);
		put32(f->p + 14, rng_chance(r, 50) ? SIM_ADDR(to) : 0x7f000001);
		put32(f->p + 24, SIM_ADDR(to));
	}
	inject(f);
}

/* To the router: for a host whose TTL is over, or for nobody. */
static void forge_transit(struct world *w, struct forgery *f)
{
	unsigned int link = (unsigned int)rng_range(&w->forge, 0,
						    w->nr_links - 1);
	u32 far = SIM_ADDR((link + 1) % w->nr_hosts);

	if (w->nr_stacks == w->nr_hosts)
		return;
	fill(w, f->p + IP_LEN, 32);
	forge_ip(f, 0, 17, 32, 0);
	f->to = &w->host[w->nr_hosts];
	f->dev = inet_wire_device(w->link[link].wire, 'b');
	if (rng_chance(&w->forge, 50))
		f->p[8] = 1;
	else
		far = 0x0a636363;
	forge_addresses(f, SIM_ADDR(link), far);
	inject(f);
}

static void (*const forgers[])(struct world *w, struct forgery *f) = {
	forge_garbage, forge_garbage, forge_fragments, forge_icmp, forge_icmp,
	forge_options, forge_martian, forge_frame, forge_frame, forge_transit,
};

/* One frame of any kind, or a burst of the same kind. */
static void forge_any(struct world *w)
{
	struct rng *r = &w->forge;
	size_t nr = w->strange ? sizeof(forgers) / sizeof(*forgers) : 1;
	size_t kind = rng_range(r, 0, nr - 1);
	int n = rng_chance(r, 10) && w->strange ? (int)rng_range(r, 2, 20) : 1;
	unsigned int to = (unsigned int)rng_range(r, 0, w->nr_hosts - 1);

	while (n--) {
		struct forgery f = { .to = &w->host[to] };

		forgers[kind](w, &f);
	}
}

void forge_draw(struct world *w)
{
	struct rng own;

	rng_init(&w->forge, w->seed, 3);
	if (!sim_draw(w, &w->config, SIM_FORGE, 20, &own))
		return;
	w->forge_gap = rng_log(&own, SIM_MS, 500 * SIM_MS);
	/* answers to what nobody has sent look odd to the monitor */
	w->strange = sim_draw(w, &w->config, SIM_STRANGE, 30, &own);
	if (w->strange)
		monitor_excuse_all(w, WHY_STRANGE);
	w->forge_ns = w->now + w->forge_gap;
}

u64 forge_step(struct world *w)
{
	struct forgery f = { 0 };
	const struct conn *c;
	unsigned int way;

	if (!w->forge_gap || w->healed)
		return UINT64_MAX;
	if (w->now < w->forge_ns)
		return w->forge_ns;
	w->forge_ns = w->now + rng_range(&w->forge, 1, 2 * w->forge_gap);
	c = &w->conn[rng_range(&w->forge, 0, w->nr_conns - 1)];
	way = (unsigned int)rng_range(&w->forge, 0, 1);
	if (rng_chance(&w->forge, w->strange ? 60 : 30))
		forge_any(w);
	else if (c->end[0].sock && c->end[1].sock && !c->crossing)
		forge_segment(w, &f, &c->end[way], &c->end[!way]);
	return w->forge_ns;
}
