/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stacks of several softnets, whose devices spread what they receive over them:
 * maps that stay or change under load, tables of a few flows or of many. Packets
 * of a flow that came by one device must be gone on with in the order in which
 * its cable brought them, whatever maps say. The draws are no part of the other
 * streams.
 */
#include "core/net.h"
#include "monitor.h"

#define ETH_LEN 14
#define IP_LEN 20
#define MAX_TURNS 1000

/* Maps change in every second world. */
static void draw_gap(struct host *h, struct rng *r)
{
	if (rng_chance(r, 50))
		h->steer_gap = rng_log(r, SIM_MS, SIM_S);
	h->steer_ns = h->w->now + h->steer_gap;
}

void steer_draw(struct world *w, struct host *h)
{
	struct rng *r = &h->steer;
	bool many, steers;

	rng_init(r, w->seed, 500 + (u64)(h - w->host));
	h->nr_softnets = 1;
	if (w->without >> SIM_RPS & 1)
		return;
	many = rng_chance(r, 40) ^ (w->other == OTHER_SOFTNETS);
	steers = rng_chance(r, 60) && many;
	h->steers = steers ^ (w->other == OTHER_RPS);
	if (many || h->steers)
		h->nr_softnets = (u32)rng_range(r, 2, SIM_MAX_SOFTNETS);
	if (h->steers) {
		h->belated = true;
		draw_gap(h, r);
	}
}

/* Any of the softnets, or none: then packets stay where they are polled. */
static int set_map(struct host *h, struct net_device *dev)
{
	char mask[8];

	snprintf(mask, sizeof(mask), "%x",
		 (unsigned int)rng_range(&h->steer, 0,
					 (1u << h->nr_softnets) - 1));
	return inet_netdev_set_rps_cpus(dev, 0, mask);
}

int steer_device(struct host *h, struct net_device *dev)
{
	if (!h->steers)
		return 0;
	if (inet_netdev_set_rps_flow_cnt(dev, 0,
					 1u << rng_range(&h->steer, 0, 8)))
		return -1;
	return set_map(h, dev);
}

/* All its devices get other maps; without memory the old one stays. */
static void change_maps(struct world *w, struct host *h)
{
	unsigned int i, end;

	for (i = 0; i < w->nr_links; i++)
		for (end = 0; end < 2; end++)
			if (w->link[i].at[end] == h)
				(void)set_map(h, inet_wire_device(
					w->link[i].wire, "ab"[end]));
	h->steer_ns = w->now + h->steer_gap;
}

/* Is it time for other maps? Best while packets wait. */
static bool change_due(struct host *h)
{
	return h->steer_ns <= h->w->now ||
	       (!inet_next_timeout_ns(h->net) && rng_chance(&h->steer, 20));
}

u64 steer_step(struct world *w)
{
	u64 next = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < w->nr_stacks && !w->healed; i++) {
		struct host *h = &w->host[i];

		if (!h->steer_gap || h->paused_until > w->now)
			continue;
		if (change_due(h))
			change_maps(w, h);
		next = h->steer_ns < next ? h->steer_ns : next;
	}
	return next;
}

void steer_settle(struct host *h)
{
	u32 turns;

	for (turns = 0; h->steers && turns < MAX_TURNS &&
	     !inet_next_timeout_ns(h->net); turns++)
		inet_run(h->net, 0);
}

/* ---- order ------------------------------------------------------------ */

/* The last packet of the same flow, 0: not known; now it is @mark. */
static u32 exchange(struct host *h, u32 key, u32 mark)
{
	struct steered *s = &h->steered[(key ^ key >> 16) % SIM_STEERED];
	u32 last = s->key == key ? s->mark : 0;

	*s = (struct steered){ .key = key, .mark = mark };
	return last;
}

/* A number for a frame's flow, 0: it is not one of IPv4. */
static u32 flow_of(const u8 *frame, u32 len)
{
	const u8 *ip = frame + ETH_LEN;
	u32 head, key = 0, i;

	if (len < ETH_LEN + IP_LEN || frame[12] != 8 || frame[13])
		return 0;
	head = 4u * (ip[0] & 15);
	for (i = 12; i < 20; i++)
		key = (key ^ ip[i]) * 0x01000193u;
	key = (key ^ ip[9]) * 0x01000193u;
	if ((ip[9] == 6 || ip[9] == 17) && !(ip[6] & 0x3f) && !ip[7] &&
	    len >= ETH_LEN + head + 4)
		for (i = head; i < head + 4; i++)
			key = (key ^ ip[i]) * 0x01000193u;
	return key;
}

/* Whose device it is. */
static struct host *owner_of(struct world *w, const struct net_device *dev)
{
	unsigned int i;

	for (i = 0; i < w->nr_stacks; i++)
		if (w->host[i].net == dev_net(dev))
			break;
	return &w->host[i];
}

/* A damaged one GRO may leave for lost. */
void steer_arrives(struct world *w, const struct net_device *dev,
		   struct sk_buff *skb)
{
	struct segment s;

	if (owner_of(w, dev)->steers &&
	    monitor_parse(&s, skb->data, skb_headlen(skb)) != FRAME_DAMAGED)
		skb->mark = ++w->arrivals;
}

void steer_goes_on(struct host *h, const struct sk_buff *skb, const u8 *frame,
		   u32 len)
{
	u32 key = flow_of(frame, len), last;

	if (!key || !skb->mark)
		return;
	last = exchange(h, key ^ (u32)skb->skb_iif, skb->mark);
	if (skb->mark <= last)
		sim_fail(h->w, "host %d: a packet that came as number %u is "
			 "behind number %u of its flow",
			 (int)(h - h->w->host), skb->mark, last);
}
