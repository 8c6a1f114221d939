/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor knows of one host below and beside TCP: whom it asks and
 * answers by ARP, where its frames go, which errors and echoes it sends and
 * what for, its datagrams, the limits of all that, and the TTL.
 */
#include "monitor.h"

#include <stdlib.h>
#include <string.h>

#define NR_TARGETS 8
#define NR_LINKS 32
#define ROUTER SIM_MAX_HOSTS	/* who is no host */
#define NR_PEERS (SIM_MAX_HOSTS + 1)
#define ERROR_BURST 6		/* net.ipv4.icmp_ratelimit: saved tokens */
#define RST_RING 16
#define NR_CAME 64
#define MIN_PMTU 552		/* net.ipv4.route.min_pmtu */
#define PMTU_LIFE (600 * SIM_S)	/* net.ipv4.route.mtu_expires */

enum icmp { ECHO_REPLY = 0, UNREACHABLE = 3, QUENCH = 4, REDIRECT = 5,
	    ECHO = 8, TIME_EXCEEDED = 11, PARAMETER = 12 };

struct asked {
	u32 addr;
	u64 ns;			/* its last request */
	u32 owed;		/* requests from there, unanswered */
};

/* A datagram, or a piece of one: who sent it, its identification, its protocol. */
struct came {
	u64 key, ns;
};

struct watch {
	struct asked asked[NR_TARGETS];
	u8 link[NR_LINKS][6];	/* addresses that ARP has brought */
	u64 arp_ns;		/* ... the last of them */
	u64 asking_ns;		/* since then it has asked; 0: it does not */
	u64 asked_ns;		/* ... for the last that came */
	unsigned int nr_links;
	u32 datagrams[NR_PEERS], echoes[NR_PEERS];	/* unanswered */
	u64 error_ns[NR_PEERS][ERROR_BURST + 1];	/* made not before */
	unsigned int nr_errors[NR_PEERS];
	struct came came[NR_CAME];
	unsigned int nr_came;
	u64 rst_ns[NR_PEERS][RST_RING];
	unsigned int nr_rsts[NR_PEERS];
	u64 challenge_s;
	u32 challenges;		/* in that second */
	u32 pmtu[NR_PEERS];
	u64 pmtu_ns[NR_PEERS];
};

static void bad(struct world *w, int h, const char *what, u64 a, u64 b)
{
	if (!w->host[h].unjudged)
		sim_fail(w, "monitor: host %d: %s (%llx, %llx)", h, what,
			 (unsigned long long)a, (unsigned long long)b);
}

static struct watch *watch_of(struct world *w, int h)
{
	if (!w->watch)
		w->watch = calloc(SIM_MAX_HOSTS, sizeof(*w->watch));
	if (!w->watch)
		abort();
	return &w->watch[h];
}

static u32 get16(const u8 *p)
{
	return (u32)(p[0] << 8 | p[1]);
}

static u32 get32(const u8 *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static int peer_of(const struct world *w, u32 addr)
{
	int h = monitor_host(w, addr);

	return h < 0 ? ROUTER : h;
}

/* ---- ARP and link addresses (RFC 826, RFC 1122 2.3.2.1) --------------- */

/* What is known about @addr; the oldest gives way. */
static struct asked *asked_of(struct watch *v, u32 addr)
{
	struct asked *a, *oldest = v->asked;

	for (a = v->asked; a < v->asked + NR_TARGETS; a++) {
		if (a->addr == addr)
			return a;
		if (a->ns < oldest->ns)
			oldest = a;
	}
	*oldest = (struct asked){ .addr = addr };
	return oldest;
}

static bool link_known(const struct world *w, const struct watch *v, int h,
		       const u8 *to)
{
	unsigned int i;

	if (!memcmp(w->host[h].neighbour, to, 6))
		return true;
	for (i = 0; i < NR_LINKS && i < v->nr_links; i++)
		if (!memcmp(v->link[i], to, 6))
			return true;
	return false;
}

static void sent_request(struct world *w, int h, const struct segment *s)
{
	struct watch *v = watch_of(w, h);
	struct asked *a = asked_of(v, s->addr[1]);

	if (!v->asking_ns)
		v->asking_ns = w->now;
	if (monitor_judges_host(w, h, RULE_ARP) && a->ns &&
	    w->now + w->slack_ns < a->ns + SIM_S)
		bad(w, h, "more than one ARP request in a second", s->addr[1],
		    w->now - a->ns);
	a->ns = w->now;
}

static void sent_arp(struct world *w, int h, const struct segment *s)
{
	bool judged = monitor_judges_host(w, h, RULE_ARP);
	struct asked *a;

	if (judged && memcmp(s->sender, w->host[h].mac, 6))
		bad(w, h, "ARP with somebody else's link address", s->op, 0);
	if (judged && s->addr[0] != w->host[h].addr && (s->op != 1 || s->addr[0]))
		bad(w, h, "ARP for somebody else's address", s->addr[0],
		    s->op);
	if (s->op == 1) {
		sent_request(w, h, s);
		return;
	}
	a = asked_of(watch_of(w, h), s->addr[1]);
	if (!a->owed && judged)
		bad(w, h, "an ARP reply that nobody asked for", s->addr[1], 0);
	else if (a->owed)
		a->owed--;
}

static void arrived_arp(struct world *w, int h, const struct segment *s)
{
	struct watch *v = watch_of(w, h);

	if (!link_known(w, v, h, s->sender))
		memcpy(v->link[v->nr_links++ % NR_LINKS], s->sender, 6);
	/* not its copy; a question tells it, too, what nobody heard it ask for */
	if (v->asking_ns)
		v->asked_ns = v->asking_ns;
	else if (v->arp_ns != w->now)
		v->asked_ns = s->op == 1 ? 1 : w->now;
	v->asking_ns = 0;
	v->arp_ns = w->now;
	if (s->op == 1 && s->addr[1] == w->host[h].addr)
		asked_of(v, s->addr[0])->owed++;
}

void monitor_unplugged(struct world *w, unsigned int h)
{
	static const u8 unknown[6];
	struct watch *v;

	if (h >= w->nr_hosts || memcmp(w->host[h].neighbour, unknown, 6))
		return;
	v = watch_of(w, (int)h);
	if (!v->asking_ns)
		v->asking_ns = w->now;
}

u64 monitor_waited(const struct world *w, int h)
{
	return w->watch && w->watch[h].arp_ns == w->now ?
	       w->watch[h].asked_ns : 0;
}

bool monitor_asking(const struct world *w, int h)
{
	return w->watch && w->watch[h].asking_ns;
}

/* Where a frame goes: to all only if it asks, else to an address that ARP
 * has brought or somebody has set. */
static void sent_link(struct world *w, int h, enum monitor_kind kind,
		      const struct segment *s)
{
	static const u8 all[6] = { 255, 255, 255, 255, 255, 255 };

	if (!monitor_judges_host(w, h, RULE_ARP))
		return;
	if (memcmp(s->from, w->host[h].mac, 6))
		bad(w, h, "somebody else's link address", kind, 0);
	if (!memcmp(s->to, all, 6)) {
		if (kind != FRAME_ARP || s->op != 1)
			bad(w, h, "a frame to everybody", kind, 0);
		return;
	}
	if (!link_known(w, watch_of(w, h), h, s->to))
		bad(w, h, "a frame to an unknown link address",
		    get16(s->to), get32(s->to + 2));
}

/* ---- ICMP ------------------------------------------------------------- */

static bool is_error(const struct segment *s)
{
	return s->payload[0] == UNREACHABLE || s->payload[0] == QUENCH ||
	       s->payload[0] == REDIRECT || s->payload[0] == TIME_EXCEEDED ||
	       s->payload[0] == PARAMETER;
}

/* What tells the datagram at @ip from others that come to a host. */
static u64 key_of(const u8 *ip)
{
	return (u64)get32(ip + 12) << 32 | get16(ip + 4) << 8 | ip[9];
}

/*
 * When the error @s was made: it may have waited for ARP, but it answers what
 * it quotes at once, or, when pieces are missing, any time later. Not known
 * (the datagram is forgotten): between 0 and now.
 */
static void error_made(const struct world *w, const struct watch *v,
		       const struct segment *s, u64 *from, u64 *to)
{
	u64 key = key_of(s->payload + 8);
	unsigned int i;

	*from = UINT64_MAX;
	*to = 0;
	for (i = 0; i < NR_CAME && i < v->nr_came; i++) {
		const struct came *c = &v->came[i];

		if (c->key != key)
			continue;
		*from = c->ns < *from ? c->ns : *from;
		*to = c->ns > *to ? c->ns : *to;
	}
	if (*from > *to)
		*from = 0;
	if (!*from || s->payload[0] == TIME_EXCEEDED)
		*to = w->now;
}

/* RFC 1812 4.3.2.8: one a second and destination, of which some may be saved
 * up. "Fragmentation needed" is never held back. */
static void check_error_rate(struct world *w, int h, int peer,
			     const struct segment *s)
{
	struct watch *v = watch_of(w, h);
	u64 *ns = &v->error_ns[peer][v->nr_errors[peer]++ % (ERROR_BURST + 1)];
	u64 from, to;

	error_made(w, v, s, &from, &to);
	if (monitor_judges_host(w, h, RULE_ICMP) &&
	    w->host[h].icmp_ratelimit_ms && *ns && to + w->slack_ns < *ns +
	    w->host[h].icmp_ratelimit_ms * SIM_MS)
		bad(w, h, "more ICMP errors than the limit", (u64)peer,
		    to - *ns);
	*ns = from;
}

/* An error answers a datagram: one that came from where it goes to. */
static void sent_error(struct world *w, int h, const struct segment *s)
{
	struct watch *v = watch_of(w, h);
	const u8 *quoted = s->payload + 8;
	int peer = peer_of(w, s->addr[1]);
	bool judged = monitor_judges_host(w, h, RULE_ICMP);

	if (judged && (get32(quoted + 12) != s->addr[1] ||
	    get32(quoted + 16) != w->host[h].addr))
		bad(w, h, "an ICMP error about what did not come here",
		    get32(quoted + 12), get32(quoted + 16));
	if (judged && get16(quoted + 6) & 0x1fff)
		bad(w, h, "an ICMP error about a later fragment", 0, 0);
	if (!v->datagrams[peer] && judged)
		bad(w, h, "more ICMP errors than datagrams", s->payload[0],
		    s->addr[1]);
	else if (v->datagrams[peer])
		v->datagrams[peer]--;
	if (s->payload[0] != UNREACHABLE || s->payload[1] != 4)
		check_error_rate(w, h, peer, s);
}

static void sent_icmp(struct world *w, int h, const struct segment *s)
{
	struct watch *v = watch_of(w, h);
	int peer = peer_of(w, s->addr[1]);

	if (is_error(s))
		sent_error(w, h, s);
	if (s->payload[0] != ECHO_REPLY)
		return;
	if (!v->echoes[peer] && monitor_judges_host(w, h, RULE_ICMP))
		bad(w, h, "an echo reply that nobody asked for", s->addr[1],
		    0);
	else if (v->echoes[peer])
		v->echoes[peer]--;
}

/* The way of a connection of this host has become narrower (RFC 1191). */
static void arrived_too_big(struct world *w, int h, const struct segment *s)
{
	const u8 *quoted = s->payload + 8;
	u32 ihl = (quoted[0] & 15) * 4u, mtu = get16(s->payload + 6);
	int to = monitor_host(w, get32(quoted + 16));
	struct watch *v = watch_of(w, h);
	struct segment of;
	struct flow *f;
	int side;

	if (to < 0 || quoted[9] != 6 || s->payload_len < 8 + ihl + 8 ||
	    get32(quoted + 12) != w->host[h].addr)
		return;
	of = (struct segment){ .addr = { w->host[h].addr,
					 w->host[to].addr } };
	of.port[0] = (u16)get16(quoted + ihl);
	of.port[1] = (u16)get16(quoted + ihl + 2);
	of.seq = get32(quoted + ihl + 4);
	f = monitor_find(w, &of, &side);
	if (!f || f->over || f->of[side].got_rst || f->of[side].rst)
		return;		/* nobody is there to believe it */
	if (of.seq - f->of[side].iss < f->of[side].una ||
	    of.seq - f->of[side].iss >= f->of[side].end)
		return;
	/* where larger ones have come through, it is not believed at once */
	if (f->of[side].carried + 40 > mtu)
		return;
	mtu = mtu < MIN_PMTU ? MIN_PMTU : mtu;
	if (!v->pmtu[to] || mtu < v->pmtu[to] ||
	    w->now >= v->pmtu_ns[to] + PMTU_LIFE) {
		v->pmtu[to] = mtu;
		v->pmtu_ns[to] = w->now;
	}
}

u32 monitor_pmtu(const struct world *w, int h, int to)
{
	const struct watch *v = w->watch ? &w->watch[h] : NULL;

	if (!v || !v->pmtu[to] || w->forgetful || w->now >= v->pmtu_ns[to] + PMTU_LIFE)
		return w->host[h].mtu;
	return v->pmtu[to] < w->host[h].mtu ? v->pmtu[to] : w->host[h].mtu;
}

/* RFC 5961 7: no more answers to forged segments than
 * net.ipv4.tcp_challenge_ack_limit, half as many more by chance. */
void monitor_challenge(struct world *w, int h)
{
	struct watch *v = watch_of(w, h);
	u32 limit = w->host[h].challenge_limit;

	if (w->now % SIM_S < w->slack_ns)
		return;		/* its own second may still be the last one */
	if (v->challenge_s != w->now / SIM_S)
		v->challenges = 0;
	v->challenge_s = w->now / SIM_S;
	if (monitor_judges_host(w, h, RULE_CHALLENGES) && limit &&
	    ++v->challenges > limit + limit / 2)
		bad(w, h, "more challenge ACKs than the limit", v->challenges,
		    limit);
}

/* net.ipv4.tcp_rst_per_sec: as many at once, as many each second. */
void monitor_reset(struct world *w, int h, int to)
{
	struct watch *v = watch_of(w, h);
	u32 n = v->nr_rsts[to]++, limit = 2 * w->host[h].rst_limit;
	u64 before = n < limit ? 0 : v->rst_ns[to][(n - limit) % RST_RING];

	v->rst_ns[to][n % RST_RING] = w->now;
	if (monitor_judges_host(w, h, RULE_RESETS) && limit && limit < RST_RING && before &&
	    w->now + w->slack_ns < before + SIM_S)
		bad(w, h, "more RSTs than the limit", limit, w->now - before);
}

/* ---- datagrams -------------------------------------------------------- */

/* The message in a datagram or its first piece, NULL: none. */
static struct message *message_of(struct world *w, enum monitor_kind kind,
				  const struct segment *s)
{
	u32 id;

	if (s->proto != 17 || s->frag || s->payload_len < 10 || !kind ||
	    get16(s->payload + 2) != SIM_UDP_PORT)
		return NULL;
	id = get16(s->payload + 8);
	return id < w->nr_messages ? &w->message[id] : NULL;
}

/* A datagram leaves once, as long as it was written, for whom it was meant. */
static void sent_message(struct world *w, int h, const struct message *m,
			 u32 sent, const struct segment *s)
{
	if (!monitor_judges_host(w, h, RULE_UDP))
		return;
	if (m->from != h || w->host[m->to].addr != s->addr[1] || !m->sent ||
	    get16(s->payload + 4) != m->len + 8u)
		bad(w, h, "a datagram that nobody wrote",
		    (u64)(m - w->message), get16(s->payload + 4));
	if (sent > 1)
		bad(w, h, "a datagram that leaves twice",
		    (u64)(m - w->message), sent);
}

void monitor_message(struct world *w, const struct message *m)
{
	if (!w->again && monitor_judges_host(w, m->to, RULE_UDP) &&
	    m->seen > m->arrived)
		bad(w, m->to, "a datagram delivered more often than it came",
		    m->seen, m->arrived);
}

/* ---- all together ----------------------------------------------------- */

void monitor_sent_frame(struct world *w, int h, enum monitor_kind kind,
			const struct segment *s)
{
	struct message *m = message_of(w, kind, s);

	sent_link(w, h, kind, s);
	if (kind == FRAME_ARP)
		sent_arp(w, h, s);
	else if (kind == FRAME_ICMP)
		sent_icmp(w, h, s);
	if (m)
		sent_message(w, h, m, ++m->left, s);
}

/* The TTL is what the sender set, less one for each router. */
static void check_ttl(struct world *w, int h, const struct segment *s)
{
	int from = monitor_host(w, s->addr[0]);
	bool routed = w->nr_stacks > w->nr_hosts && from >= 0;

	if (monitor_judges_host(w, h, RULE_FRAMES) &&
	    s->ttl != (routed ? 63 : 64) && s->tos != SIM_FORGED_TOS)
		bad(w, from < 0 ? h : from, "the TTL is wrong", s->ttl, routed);
}

void monitor_arrived_frame(struct world *w, int h, enum monitor_kind kind,
			   const struct segment *s)
{
	struct watch *v = watch_of(w, h);
	struct message *m = message_of(w, kind, s);
	int peer;

	if (kind == FRAME_ARP) {
		arrived_arp(w, h, s);
		return;
	}
	if (s->addr[1] != w->host[h].addr)
		return;
	peer = peer_of(w, s->addr[0]);
	v->came[v->nr_came++ % NR_CAME] = (struct came){
		.key = key_of(s->ip), .ns = w->now };
	check_ttl(w, h, s);
	if (!s->frag && (kind != FRAME_ICMP || !is_error(s)))
		v->datagrams[peer]++;
	if (kind == FRAME_ICMP && s->payload[0] == ECHO)
		v->echoes[peer]++;
	if (kind == FRAME_ICMP && s->payload[0] == UNREACHABLE &&
	    s->payload[1] == 4)
		arrived_too_big(w, h, s);
	if (m)
		m->arrived++;
}
