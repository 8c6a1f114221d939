/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stacks of a world and what is between them: two hosts on one cable, or
 * up to four around a router that forwards.
 */
#include "sim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/sch_generic.h"

#define ETH_LEN 14

/* ---- the environment of a stack --------------------------------------- */

static u64 env_now(void *opaque)
{
	const struct host *h = opaque;

	return h->tick_ns ? h->w->now - h->w->now % h->tick_ns : h->w->now;
}

static u64 env_wall(void *opaque)
{
	return 1700000000 * SIM_S + env_now(opaque);
}

static void env_random(void *opaque, void *buf, size_t len)
{
	struct host *h = opaque;
	u8 *p = buf;

	for (; len; len--)
		*p++ = (u8)(rng_next(&h->random) >> 32);
}

static void *env_alloc(void *opaque, size_t size, size_t align)
{
	struct host *h = opaque;
	void *p = NULL;

	if (h->alloc_ppm && rng_next(&h->memory) % 1000000 < h->alloc_ppm)
		return NULL;
	if (posix_memalign(&p, align, size))
		return NULL;
	h->allocated += size;
	return p;
}

static void env_free(void *opaque, void *p, size_t size)
{
	struct host *h = opaque;

	h->allocated -= size;
	free(p);
}

static void env_log(void *opaque, int level, const char *line)
{
	struct host *h = opaque;

	if (h->w->chatty && level <= INET_LOG_WARNING)
		printf("# host %d: %s\n", (int)(h - h->w->host), line);
}

/* ---- stacks ----------------------------------------------------------- */

/* Knobs turned in few worlds: each makes something rare happen. */
static int set_rare_knobs(struct world *w, struct host *h)
{
	static const char *const knobs[][2] = {
		{ "net.core.netdev_budget", "8" },
		{ "net.core.netdev_max_backlog", "4" },
		{ "net.ipv4.conf.all.rp_filter", "1" },
		{ "net.ipv4.icmp_msgs_burst", "1" },
		{ "net.ipv4.icmp_msgs_per_sec", "1" },
		{ "net.ipv4.ipfrag_high_thresh", "4000" },
		{ "net.ipv4.neigh.default.base_reachable_time_ms", "1000" },
		{ "net.ipv4.neigh.default.unres_qlen_bytes", "2500" },
		{ "net.ipv4.route.mtu_expires", "1" },
		{ "net.ipv4.tcp_adv_win_scale", "-2" },
		{ "net.ipv4.tcp_fin_timeout", "90" },
		{ "net.ipv4.tcp_max_syn_backlog", "8" },
		{ "net.ipv4.tcp_notsent_lowat", "1000" },
		{ "net.ipv4.tcp_reordering", "1" },
		{ "net.ipv4.tcp_tw_reuse", "1" },
		{ "net.ipv4.tcp_workaround_signed_windows", "1" },
	};
	struct rng own;
	unsigned int i;

	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		if (!sim_draw(w, &w->config, SIM_KNOBS, 4, &own))
			continue;
		if (inet_sysctl_set(h->net, knobs[i][0], knobs[i][1]))
			return -1;
		w->forgetful |= strstr(knobs[i][0], "mtu_expires") != NULL;
		h->short_arp |= strstr(knobs[i][0], "unres_qlen") != NULL;
		/* what RPS finds no room for the monitor has seen */
		if (strstr(knobs[i][0], "netdev_max_backlog") && h->steers)
			monitor_excuse(w, (unsigned int)(h - w->host), WHY_FORGETS);
	}
	return 0;
}

/* A peer who is dead is given up soon; or memory for a few packets, in all. */
static int set_poor(struct world *w, struct host *h)
{
	static const char *const knobs[][2] = {
		{ "net.ipv4.tcp_retries2", "8" },
		{ "net.ipv4.tcp_mem", "6 12 24" },
		{ "net.ipv4.udp_mem", "2 3 4" },
		{ "net.ipv4.tcp_max_orphans", "1" },
	};
	unsigned int i, nr = w->death_ns ? 1 : sizeof(knobs) / sizeof(knobs[0]);

	for (i = 0; w->fragile && i < nr; i++)
		if (inet_sysctl_set(h->net, knobs[i][0], knobs[i][1]))
			return -1;
	return 0;
}

/* In every eighth world a part of loss recovery is missing. The draws are no part
 * of the other streams. */
static int set_recovery_knobs(struct world *w, struct host *h)
{
	static const char *const knobs[] = { "net.ipv4.tcp_early_retrans",
					     "net.ipv4.tcp_frto" };
	struct rng own;
	unsigned int i;

	rng_init(&own, w->seed, 600 + (u64)(h - w->host));
	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		if (!rng_chance(&own, 12) || w->without >> SIM_KNOBS & 1)
			continue;
		if (inet_sysctl_set(h->net, knobs[i], "0"))
			return -1;
		h->tail_probes &= i != 0;
	}
	return 0;
}

/* Its congestion control, mostly the default one. The draw is no part of the other
 * streams. */
static int set_congestion(struct world *w, struct host *h)
{
	static const struct {
		const char *name;
		u8 control;
		u32 least_window;
	} cas[] = { { "reno", CONTROL_RENO, 0 }, { "bbr", CONTROL_BBR, 4 } };
	const unsigned int nr = sizeof(cas) / sizeof(cas[0]);
	struct rng own;
	unsigned int i;

	rng_init(&own, w->seed, 700 + (u64)(h - w->host));
	if (w->without >> SIM_KNOBS & 1 || !rng_chance(&own, 50))
		return 0;
	i = (unsigned int)rng_range(&own, 0, nr - 1);
	h->control = cas[i].control;
	if (h->control == CONTROL_BBR)
		monitor_excuse(w, (unsigned int)(h - w->host), WHY_CONTROL);
	h->least_window = cas[i].least_window;
	return inet_sysctl_set(h->net, "net.ipv4.tcp_congestion_control",
			       cas[i].name);
}

/* Some ask for ECN, and few know nothing of it. The draw is no part of the other
 * streams. */
static int set_ecn(struct world *w, struct host *h)
{
	struct rng own;

	rng_init(&own, w->seed, 800 + (u64)(h - w->host));
	if (w->without >> SIM_KNOBS & 1 || !rng_chance(&own, 40))
		return 0;
	return inet_sysctl_set(h->net, "net.ipv4.tcp_ecn",
			       rng_chance(&own, 10) ? "0" : "1");
}

/* Some search for the path's MTU, when nothing is answered or from the beginning, few
 * of them again and again. The draw is no part of the other streams. */
static int set_mtu_probing(struct world *w, struct host *h)
{
	struct rng own;

	rng_init(&own, w->seed, 1100 + (u64)(h - w->host));
	if (w->without >> SIM_KNOBS & 1 || !rng_chance(&own, 15))
		return 0;
	if (rng_chance(&own, 30) &&
	    inet_sysctl_set(h->net, "net.ipv4.tcp_probe_interval", "1"))
		return -1;
	return inet_sysctl_set(h->net, "net.ipv4.tcp_mtu_probing",
			       rng_chance(&own, 60) ? "2" : "1");
}

/* A knob turned in every fourth world. */
static int set_knobs(struct world *w, struct host *h)
{
	static const char *const knobs[][2] = {
		{ "net.ipv4.tcp_rto_min_us", "50000" },
		{ "net.ipv4.tcp_timestamps", "0" },
		{ "net.ipv4.tcp_window_scaling", "0" },
		{ "net.ipv4.tcp_slow_start_after_idle", "0" },
		{ "net.ipv4.tcp_moderate_rcvbuf", "0" },
		{ "net.ipv4.tcp_sack", "0" },
	};
	struct rng own;
	unsigned int i;

	h->rto_min_us = 200000;
	h->tail_probes = true;
	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++) {
		if (!sim_draw(w, &w->config, SIM_KNOBS, 25, &own))
			continue;
		if (inet_sysctl_set(h->net, knobs[i][0], knobs[i][1]))
			return -1;
		if (i == 0)
			h->rto_min_us = 50000;
	}
	return set_rare_knobs(w, h) || set_poor(w, h) ||
	       set_recovery_knobs(w, h) || set_congestion(w, h) ||
	       set_ecn(w, h) || set_mtu_probing(w, h) ? -1 : 0;
}

/* Turns a knob, unless @value is 0. */
static int set_limit(struct host *h, const char *knob, u32 value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	return value ? inet_sysctl_set(h->net, knob, text) : 0;
}

/* The limits of answers, as the monitor will hold them against the host. The
 * numbers are no part of the other streams. */
static int set_limits(struct world *w, struct host *h, unsigned int i)
{
	struct rng r;

	h->icmp_ratelimit_ms = 1000;
	rng_init(&r, w->seed, 300 + (u64)i);
	if (w->without >> SIM_KNOBS & 1)
		return 0;
	if (rng_chance(&r, 25))
		h->icmp_ratelimit_ms = (u32)rng_log(&r, 10, 5000);
	if (rng_chance(&r, 25))
		h->challenge_limit = (u32)rng_range(&r, 1, 8);
	if (rng_chance(&r, 25))
		h->rst_limit = (u32)rng_range(&r, 1, 7);
	return set_limit(h, "net.ipv4.icmp_ratelimit", h->icmp_ratelimit_ms) ||
	       set_limit(h, "net.ipv4.tcp_challenge_ack_limit",
			 h->challenge_limit) ||
	       set_limit(h, "net.ipv4.tcp_rst_per_sec", h->rst_limit) ? -1 : 0;
}

/* Has its clock, its random numbers and its softnets from @w. */
static void host_draw(struct world *w, struct host *h, unsigned int i)
{
	struct rng own;

	h->w = w;
	if (sim_draw(w, &w->config, SIM_TICK, 3, &own)) {
		h->tick_ns = rng_log(&own, SIM_MS, 10 * SIM_MS);
		if (h->tick_ns > w->slack_ns)	/* its second may be shorter */
			w->slack_ns = w->late_ns = h->tick_ns;
	}
	rng_init(&h->random, w->seed, 100 + (u64)i);
	rng_init(&h->memory, w->seed, 200 + (u64)i);
	steer_draw(w, h);
}

/* Some hosts have fair queues, and their connections are paced: what they have
 * sent leaves later, as the monitor cannot know. The number is no part of other
 * streams. */
static int set_qdisc(struct world *w, struct host *h, unsigned int i)
{
	struct rng r;

	rng_init(&r, w->seed, 400 + (u64)i);
	if (w->without >> SIM_KNOBS & 1 || !rng_chance(&r, 5))
		return 0;
	monitor_excuse(w, i, WHY_LATE);
	return inet_sysctl_set(h->net, "net.core.default_qdisc", "fq");
}

/* Lets no forged packet in. */
static unsigned int drop_forged(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	(void)priv;
	(void)state;
	return skb->data[1] == SIM_FORGED_TOS ? NF_DROP : NF_ACCEPT;
}

/* In a few worlds: a rule against forged packets, and a limit of every kind of
 * ICMP. Of a stream of its own, too. */
static int set_filters(struct world *w, struct host *h, unsigned int i)
{
	struct rng r;

	rng_init(&r, w->seed, 500 + (u64)i);
	if (w->without >> SIM_KNOBS & 1)
		return 0;
	h->rule = (struct nf_hook_ops){ .hook = drop_forged,
					.hooknum = NF_INET_PRE_ROUTING };
	if (rng_chance(&r, 4) && nf_register_net_hook(h->net, &h->rule))
		return -1;
	return rng_chance(&r, 10) &&
	       inet_sysctl_set(h->net, "net.ipv4.icmp_ratemask", "524287");
}

/* When an ACK is lost that brings a cookie back, a connection that waits to be
 * spoken to waits for ever: no cookies here. */
static int set_no_cookies(struct host *h)
{
	return inet_sysctl_set(h->net, "net.ipv4.tcp_syncookies", "0");
}

static int host_create(struct world *w, unsigned int i)
{
	struct host *h = &w->host[i];
	struct inet_env env = {
		.size = sizeof(env), .opaque = h, .now = env_now,
		.wall = env_wall, .random = env_random, .alloc = env_alloc,
		.free = env_free, .log = env_log,
	};
	struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_SIMULATED, .env = &env,
		.nr_frames = 4096, .frame_size = 2048,
		.name = i < w->nr_hosts ? "host" : "router",
	};

	host_draw(w, h, i);
	cfg.nr_threads = h->nr_softnets;
	h->net = inet_create(&cfg);
	if (!h->net)
		return -1;
	return set_knobs(w, h) || set_limits(w, h, i) || set_qdisc(w, h, i) ||
	       set_filters(w, h, i) || set_no_cookies(h) ? -1 : 0;
}

/* ---- who watches ------------------------------------------------------ */

/* The host whose end of a cable @dev is, NULL: the router's, or not yet. */
static struct host *host_of(struct world *w, const struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < w->nr_hosts; i++)
		if (w->host[i].dev == dev)
			return &w->host[i];
	return NULL;
}

void topology_sent(struct world *w, const struct net_device *dev,
		   const struct sk_buff *skb)
{
	struct host *h = host_of(w, dev);

	if (h)
		cut_frames(h, true, skb, 0);
}

bool topology_lost(struct world *w, const struct net_device *dev,
		   struct sk_buff *skb)
{
	struct host *h = host_of(w, dev);

	steer_arrives(w, dev, skb);
	if (!h)
		return false;
	/* not what is no frame yet */
	if (h->odd && skb->ip_summed != CHECKSUM_PARTIAL &&
	    odd_frame(h, skb->data, skb_headlen(skb)))
		return true;
	cut_frames(h, false, skb, 0);
	return false;
}

/* What a stack goes on with, behind RPS. Forged frames come from nowhere: they
 * are seen here. */
static int tap(struct sk_buff *skb, struct net_device *dev,
	       struct packet_type *pt, struct net_device *orig_dev)
{
	u32 head = (u32)(skb->data - skb_mac_header(skb));
	struct host *h = pt->af_packet_priv;

	(void)orig_dev;
	if (skb->pkt_type != SKB_PACKET_OUTGOING)
		steer_goes_on(h, skb, skb_mac_header(skb),
			      head + skb_headlen(skb));
	if (dev == h->dev && skb->pkt_type != SKB_PACKET_OUTGOING &&
	    head + skb->len > ETH_LEN && forge_is_own(skb_mac_header(skb)))
		cut_frames(h, false, skb, head);
	consume_skb(skb);
	return 0;
}

static void host_tap(struct host *h)
{
	h->tap = (struct packet_type){ .type = htons(3), .func = tap,
				       .af_packet_priv = h };
	dev_add_pack(h->net, &h->tap);
}

/* ---- cables ----------------------------------------------------------- */

static int set_address(struct net_device *dev, u32 addr, int bits)
{
	char text[32];

	snprintf(text, sizeof(text), "%u.%u.%u.%u/%d", addr >> 24,
		 addr >> 16 & 255, addr >> 8 & 255, addr & 255, bits);
	return inet_addr_add(dev, text) || inet_netdev_up(dev) ? -1 : 0;
}

static int set_neighbour(struct net_device *dev, u32 addr, const u8 *mac)
{
	char text[96];

	snprintf(text, sizeof(text), "%u.%u.%u.%u lladdr "
		 "%02x:%02x:%02x:%02x:%02x:%02x nud permanent", addr >> 24,
		 addr >> 16 & 255, addr >> 8 & 255, addr & 255, mac[0], mac[1],
		 mac[2], mac[3], mac[4], mac[5]);
	return inet_neigh_add(dev, text);
}

/* What the monitor has to know of an end of a cable. */
static void monitor_link(struct host *h, u32 addr, const u8 *mac,
			 const u8 *neighbour)
{
	h->addr = addr;
	memcpy(h->mac, mac, 6);
	if (neighbour)
		memcpy(h->neighbour, neighbour, 6);
}

/* What the device does not take waits in a queue of @limit frames: more than
 * that is dropped before anybody has seen it. */
static void short_queues(struct world *w, const struct link *l,
			 struct net_device **dev, u32 limit)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		dev[i]->tx[0].qdisc->limit = limit;
		monitor_excuse(w, (unsigned int)(l->at[i] - w->host), WHY_UNSEEN);
		monitor_excuse(w, (unsigned int)(l->at[i] - w->host), WHY_LATE);
	}
}

/* Segments that arrive together go up as one packet: at a router, which cuts
 * it again, or at hosts. The draws are no part of the other streams. */
static int merge_segments(struct world *w, struct host *a, struct host *b,
			  struct net_device **dev)
{
	bool routed = w->nr_stacks > w->nr_hosts, router, hosts;
	struct rng r;

	rng_init(&r, w->seed, 400 + w->nr_links);
	if (w->without >> SIM_GRO & 1)
		return 0;
	router = rng_chance(&r, 25) ^ (w->other == OTHER_GRO);
	hosts = rng_chance(&r, 25) ^ (w->other == OTHER_GRO);
	if (routed && router && inet_netdev_set_feature(dev[1], "gro", true))
		return -1;
	if (!hosts)
		return 0;
	a->belated = b->belated = true;
	return inet_netdev_set_feature(dev[0], "gro", true) ||
	       (!routed && inet_netdev_set_feature(dev[1], "gro", true)) ?
	       -1 : 0;
}

/* A few cables harm and delay nothing, and carry packets as the stack makes them;
 * the devices of some cut and sum themselves, or say so: what another cable carries
 * is cut before. The draws are no part of the other streams. */
static void draw_offloads(const struct world *w, bool *bare, bool *tso)
{
	struct rng r;

	rng_init(&r, w->seed, 1000 + w->nr_links);
	*bare = rng_chance(&r, 10);
	*tso = rng_chance(&r, 25) ^ (w->other == OTHER_TSO);
	if (w->without >> SIM_TSO & 1)
		*bare = *tso = false;
}

/* Both ends do, and what has come whole goes up as GRO's packets do. */
static int set_offloads(struct host *a, struct host *b, struct net_device **dev)
{
	unsigned int i;

	a->belated = b->belated = true;
	for (i = 0; i < 2; i++)
		if (inet_netdev_set_feature(dev[i], "tx", true) ||
		    inet_netdev_set_feature(dev[i], "tso", true))
			return -1;
	return 0;
}

/* A cable from @a to @b with faults of its own, both ends with addresses. */
static int link_create(struct world *w, struct host *a, u32 addr_a,
		       struct host *b, u32 addr_b, bool arp)
{
	struct link *l = &w->link[w->nr_links];
	struct inet_wire_config cfg = { .size = sizeof(cfg), .mtu = 1500 };
	int bits = w->nr_stacks > w->nr_hosts ? 24 : 16;
	struct net_device *dev[2];
	struct rng own;
	char name[8];
	bool ring, bare, tso;

	/* Below 552 Linux lets a router cut TCP, which hides it here. */
	if (sim_draw(w, &w->config, SIM_MTU, 50, &own))
		cfg.mtu = (u32)rng_range(&own, bits == 24 ? 600 : 200, 1500);
	memcpy(cfg.mac_a, (u8[]){ 2, 0, 0, 0, (u8)w->nr_links, 1 }, 6);
	memcpy(cfg.mac_b, (u8[]){ 2, 0, 0, 0, (u8)w->nr_links, 2 }, 6);
	monitor_link(a, addr_a, cfg.mac_a, arp ? NULL : cfg.mac_b);
	monitor_link(b, addr_b, cfg.mac_b, arp ? NULL : cfg.mac_a);
	ring = sim_draw(w, &w->config, SIM_RING, 5, &own);
	if (ring)
		cfg.ring_frames = 8;
	faults_draw_link(w, &cfg.a_to_b, &l->healthy[0],
			 (unsigned int)(a - w->host));
	faults_draw_link(w, &cfg.b_to_a, &l->healthy[1],
			 (unsigned int)(b - w->host));
	draw_offloads(w, &bare, &tso);
	if (bare)
		cfg.a_to_b = cfg.b_to_a = l->healthy[0] = l->healthy[1] =
			(struct inet_fault_config){ .seed = w->seed };
	l->harmed[0] = cfg.a_to_b;
	l->harmed[1] = cfg.b_to_a;
	snprintf(name, sizeof(name), "w%u", w->nr_links);
	l->at[0] = a;
	l->at[1] = b;
	l->wire = inet_wire_connect(a->net, name, b->net, name, &cfg);
	if (!l->wire)
		return -1;
	w->nr_links++;
	dev[0] = inet_wire_device(l->wire, 'a');
	dev[1] = inet_wire_device(l->wire, 'b');
	if (ring)
		short_queues(w, l, dev, (u32)rng_range(&own, 1, 8));
	if ((tso && set_offloads(a, b, dev)) ||
	    merge_segments(w, a, b, dev) || steer_device(a, dev[0]) ||
	    steer_device(b, dev[1]))
		return -1;
	a->dev = dev[0];
	a->mtu = cfg.mtu;
	if (b < &w->host[w->nr_hosts]) {
		b->dev = dev[1];
		b->mtu = cfg.mtu;
	}
	if (set_address(dev[0], addr_a, bits) ||
	    set_address(dev[1], addr_b, bits))
		return -1;
	if (arp)
		return 0;
	return set_neighbour(dev[0], addr_b, cfg.mac_b) ||
	       set_neighbour(dev[1], addr_a, cfg.mac_a) ? -1 : 0;
}

/* Every host on a cable of its own to the router. */
static int star_create(struct world *w, bool arp)
{
	struct host *router = &w->host[w->nr_hosts];
	unsigned int i;
	char route[48];

	if (inet_sysctl_set(router->net, "net.ipv4.ip_forward", "1"))
		return -1;
	for (i = 0; i < w->nr_hosts; i++) {
		snprintf(route, sizeof(route), "default via 10.0.%u.254", i);
		if (link_create(w, &w->host[i], SIM_ADDR(i), router,
				SIM_ADDR(i) + 253, arp) ||
		    inet_route_add(w->host[i].net, route))
			return -1;
	}
	return 0;
}

int topology_create(struct world *w)
{
	struct rng own;
	bool star = sim_draw(w, &w->config, SIM_ROUTER, 25, &own);
	unsigned int i;
	int err = 0;

	w->nr_hosts = star ? (unsigned int)rng_range(&own, 2, SIM_MAX_HOSTS) :
			     2;
	w->nr_stacks = w->nr_hosts + star;
	w->fragile = sim_draw(w, &w->config, SIM_POOR, 4, &own);
	if (w->fragile)
		monitor_excuse_all(w, WHY_POOR);
	if (sim_draw(w, &w->config, SIM_DEATH, 2, &own)) {
		w->fragile = true;
		w->death_ns = w->now + rng_log(&own, SIM_MS, 5 * SIM_S);
		w->dead_link = star ? (unsigned int)
			       rng_range(&own, 0, w->nr_hosts - 1) : 0;
	}
	for (i = 0; i < w->nr_stacks && !err; i++)
		err = host_create(w, i);
	w->arp = sim_draw(w, &w->config, SIM_ARP, 30, &own);
	for (i = 0; i < w->nr_hosts && w->arp; i++)
		if (w->host[i].short_arp)
			monitor_excuse(w, i, WHY_UNSEEN);
	if (!err)
		err = star ? star_create(w, w->arp) :
			     link_create(w, &w->host[0], SIM_ADDR(0),
					 &w->host[1], SIM_ADDR(1), w->arp);
	for (i = 0; i < w->nr_stacks && !err; i++)
		host_tap(&w->host[i]);
	odd_draw(w);
	if (err)
		sim_fail(w, "create: %s; %s", inet_strerror(w->host[0].net),
			 inet_strerror(w->host[w->nr_stacks - 1].net));
	return err;
}

int host_address(struct world *w, unsigned int i, bool down, bool on)
{
	bool star = w->nr_stacks > w->nr_hosts;
	struct host *h = &w->host[i];
	char text[48];
	int err;

	snprintf(text, sizeof(text), "10.0.%u.1/%d", i, star ? 24 : 16);
	if (down)
		err = on ? inet_netdev_up(h->dev) : inet_netdev_down(h->dev);
	else
		err = on ? inet_addr_add(h->dev, text) :
			   inet_addr_del(h->dev, text);
	if (err && errno != EEXIST)	/* from an attempt before */
		return -1;
	snprintf(text, sizeof(text), "default via 10.0.%u.254", i);
	err = star && on ? inet_route_add(h->net, text) : 0;
	return err && errno != EEXIST ? -1 : 0;
}

void topology_destroy(struct world *w)
{
	unsigned int i;

	for (i = 0; i < w->nr_links; i++)
		inet_wire_close(w->link[i].wire);
	for (i = 0; i < w->nr_stacks; i++) {
		struct host *h = &w->host[i];

		if (!h->net)
			continue;
		if (h->tap.func)
			dev_remove_pack(h->net, &h->tap);
		inet_destroy(h->net);
		if (h->allocated)
			sim_fail(w, "host %u: %llu bytes not given back", i,
				 (unsigned long long)h->allocated);
	}
}
