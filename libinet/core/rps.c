/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receive packet steering.
 *
 * Theory of operation. The softnet that polls a queue may hand packets to the
 * backlog of another one, which goes on with them:
 *
 *	RPS	the map of the queue names softnets; a flow goes to one of them
 *		by its hash
 *	RFS	the thread that reads a socket has left in rps_sock_flow_table
 *		which softnet shares its processor; that one is preferred
 *
 * Order. Each queue remembers, by buckets of flows, where it sent the last
 * packet and where the end of that backlog was then. A flow moves to another
 * softnet only when that mark has been passed: whatever maps and readers say,
 * packets of a flow that came by one queue stay in order.
 *
 * Wakes. Softnets that were given something are kicked at the end of the round
 * of polls (net_rps_send_ipi()), each once.
 *
 * Flow limit. When a backlog is half full, packets of a flow that makes up more
 * than half of the last 128 are dropped, so that one flood leaves room for
 * others.
 *
 * Everything here is off until the first map is set; till then a packet costs
 * one comparison.
 */
#include "core/rps.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/dev.h"
#include "core/softnet.h"
#include "core/sysctl.h"
#include "lib/hex.h"
#include "lib/points.h"
#include "lib/thread.h"

#define RPS_MAX_QUEUES 256u
#define RPS_SOFTNET_MASK (NET_MAX_SOFTNETS - 1)

static_assert(!(NET_MAX_SOFTNETS & RPS_SOFTNET_MASK) && NET_MAX_SOFTNETS <= 64,
	      "a softnet's number fits below a hash, a set of them in 64 bits");

/* ---- which softnet ---------------------------------------------------- */

/* The softnet that a reader of the flow asked for, or one by the hash. */
static u16 rps_wanted(struct net *net, const struct rps_map *map, u32 hash)
{
	const struct rps_sock_flow_table *t = rcu_dereference(net->rps_sock_flow);
	u32 ent;

	if (t) {
		ent = READ_ONCE(t->ents[hash & t->mask]);
		if (ent && !((ent ^ hash) & ~(u32)RPS_SOFTNET_MASK) &&
		    (ent & RPS_SOFTNET_MASK) < net->nr_softnets)
			return (u16)(ent & RPS_SOFTNET_MASK);
	}
	if (!map->len)
		return (u16)this_softnet(net)->id;
	return map->softnets[(u64)hash * map->len >> 32];
}

/* Has everything that @flow left at its softnet been dealt with? What this
 * softnet itself goes on with never waits. */
static bool rps_flow_may_move(struct net *net,
			      const struct rps_dev_flow *flow, u16 now)
{
	const struct softnet_data *sd;

	if (now == RPS_NO_SOFTNET)
		return true;
	sd = &net->softnets[now];
	return sd == this_softnet(net) ||
	       (s32)(smp_load_acquire(&sd->input_queue_head) -
		     READ_ONCE(flow->last_qtail)) >= 0;
}

struct softnet_data *get_rps_cpu(struct net_device *dev, struct sk_buff *skb,
				   struct rps_dev_flow **flow)
{
	struct netdev_rx_queue *rxq = dev->rx;
	struct rps_dev_flow_table *table;
	struct net *net = dev->net;
	const struct rps_map *map;
	struct softnet_data *sd;
	u16 want, now;
	u32 hash;

	NET_ROAD(net, skb);
	if (skb->queue_mapping < dev->num_rx_queues)
		rxq += skb->queue_mapping;
	map = rcu_dereference(rxq->rps_map);
	table = rcu_dereference(rxq->rps_flow_table);
	if (!map || !table)
		return NULL;
	hash = skb_get_hash(skb);
	want = rps_wanted(net, map, hash);
	*flow = &table->flows[hash & table->mask];
	now = READ_ONCE((*flow)->softnet);
	if (now != want) {
		if (rps_flow_may_move(net, *flow, now)) {
			WRITE_ONCE((*flow)->softnet, want);
			now = want;
		} else {
			INET_PROBE(RPS_FLOW_STAYED);
		}
	}
	sd = &net->softnets[now];
	return sd == this_softnet(net) ? NULL : sd;
}

/* ---- readers ---------------------------------------------------------- */

void rps_note_cpu(struct softnet_data *sd)
{
	u32 cpu = thread_cpu() % NET_MAX_CPUS;

	if (likely(sd->cpu == cpu))
		return;
	sd->cpu = cpu;
	WRITE_ONCE(sd->net->softnet_of_cpu[cpu], (u8)(sd->id + 1));
}

/* Leaves where the caller runs for the flow's next packet. Context: any. */
void __sock_rps_record_flow(struct net *net, u32 hash)
{
	struct rps_sock_flow_table *t;
	u32 softnet, ent;

	softnet = READ_ONCE(net->softnet_of_cpu[thread_cpu() % NET_MAX_CPUS]);
	if (!softnet)
		return;
	rcu_read_lock(&net->rcu);
	t = rcu_dereference(net->rps_sock_flow);
	ent = (hash & ~(u32)RPS_SOFTNET_MASK) | (softnet - 1);
	if (t && READ_ONCE(t->ents[hash & t->mask]) != ent)
		WRITE_ONCE(t->ents[hash & t->mask], ent);
	rcu_read_unlock(&net->rcu);
}

/* ---- flow limit ------------------------------------------------------- */

bool skb_flow_limit(struct softnet_data *sd, struct sk_buff *skb, u32 qlen)
{
	struct sd_flow_limit *fl = sd->flow_limit;
	u32 bucket, old;

	if (!fl || qlen <
		     (u32)READ_ONCE(sd->net->sysctl_netdev_max_backlog) / 2)
		return false;
	bucket = skb_get_hash(skb) & (fl->nr_buckets - 1);
	old = fl->history[fl->history_head];
	fl->history[fl->history_head] = (u16)bucket;
	fl->history_head = (fl->history_head + 1) % ARRAY_SIZE(fl->history);
	if (fl->buckets[old])
		fl->buckets[old]--;
	return ++fl->buckets[bucket] > ARRAY_SIZE(fl->history) / 2;
}

static size_t flow_limit_size(u32 nr_buckets)
{
	return sizeof(struct sd_flow_limit) + nr_buckets;
}

/* Switches the limit of one softnet. 0 or -ENOMEM. Under rtnl. */
static int flow_limit_switch(struct softnet_data *sd, bool on)
{
	struct sd_flow_limit *fl = NULL, *old;
	u32 nr = (u32)sd->net->sysctl_flow_limit_table_len;

	if (!on == !sd->flow_limit)
		return 0;
	if (on) {
		fl = mem_zalloc(&sd->net->mem, flow_limit_size(nr));
		if (!fl)
			return -ENOMEM;
		fl->nr_buckets = nr;
	}
	spin_lock(&sd->input_lock);
	old = sd->flow_limit;
	sd->flow_limit = fl;
	spin_unlock(&sd->input_lock);
	if (old)
		mem_free(&sd->net->mem, old, flow_limit_size(old->nr_buckets));
	return 0;
}

/* ---- sets of softnets, as text ---------------------------------------- */

int softnets_parse(struct net *net, const char *what, const char *text,
		   u64 *set)
{
	const u64 all = net->nr_softnets == 64 ? U64_MAX :
			(1ULL << net->nr_softnets) - 1;
	const char *p;
	u64 v = 0;

	for (p = text; *p && !(hex_to_bin(*p) < 0 || v >> 60); p++) {
		v = v << 4 | (u32)hex_to_bin(*p);
		if (p[1] == ',' && p[2])
			p++;
	}
	if (p == text || *p)
		return net_error(net, -EINVAL, "%s: %.40s: no mask of "
				 "softnets, such as f", what, text);
	if (v & ~all)
		return net_error(net, -EINVAL, "%s: %.40s: there are softnets "
				 "0 to %u", what, text, net->nr_softnets - 1);
	*set = v;
	return 0;
}

/* ---- maps ------------------------------------------------------------- */

static size_t map_size(u32 len)
{
	return sizeof(struct rps_map) + len * sizeof(u16);
}

static size_t table_size(u32 nr)
{
	return sizeof(struct rps_dev_flow_table) +
	       nr * sizeof(struct rps_dev_flow);
}

/* Frees what nobody reads any more. */
static void rps_free(struct net *net, struct rps_map *map,
		     struct rps_dev_flow_table *table)
{
	if (map)
		mem_free(&net->mem, map, map_size(map->len));
	if (table)
		mem_free(&net->mem, table, table_size(table->mask + 1));
}

/* A map of the softnets in @set; NULL: no memory. */
static struct rps_map *rps_map_of(struct net *net, u64 set)
{
	u32 len = (u32)__builtin_popcountll(set);
	struct rps_map *map = mem_alloc(&net->mem, map_size(len));
	u32 i;

	if (!map)
		return NULL;
	map->len = len;
	for (i = 0; set; set &= set - 1)
		map->softnets[i++] = (u16)__builtin_ctzll(set);
	return map;
}

/* A table of @nr flows (a power of 2) that have been nowhere yet. */
static struct rps_dev_flow_table *rps_table_of(struct net *net, u32 nr)
{
	struct rps_dev_flow_table *t = mem_alloc(&net->mem, table_size(nr));
	u32 i;

	if (!t)
		return NULL;
	t->mask = nr - 1;
	for (i = 0; i < nr; i++)
		t->flows[i] = (struct rps_dev_flow){ .softnet = RPS_NO_SOFTNET };
	return t;
}

/* Somebody has a map: packets must ask. Under rtnl. */
static void rps_update_needed(struct net *net)
{
	struct net_device *dev;
	bool needed = false;
	u32 i;

	for (dev = net->dev_base; dev; dev = dev->next)
		for (i = 0; dev->rx && i < dev->num_rx_queues; i++)
			needed |= dev->rx[i].rps_map != NULL;
	WRITE_ONCE(net->rps_needed, needed);
}

/*
 * Puts a map of @set in place of the queue's. The table of flows stays once it
 * is there: it keeps the order while maps change, and after the last one was
 * taken away, which leaves a map without softnets.
 */
static int rps_replace_map(struct net_device *dev, struct netdev_rx_queue *rxq,
			   u64 set)
{
	struct rps_dev_flow_table *table = rxq->rps_flow_table;
	struct rps_map *map, *old = rxq->rps_map;
	struct net *net = dev->net;

	if (!set && !old)
		return 0;
	map = rps_map_of(net, set);
	if (map && !table)
		table = rps_table_of(net, rxq->rps_flow_cnt);
	if (!map || !table) {
		rps_free(net, map, NULL);
		return -ENOMEM;
	}
	rcu_assign_pointer(rxq->rps_flow_table, table);
	rcu_assign_pointer(rxq->rps_map, map);
	rps_update_needed(net);
	if (!old)
		return 0;
	synchronize_rcu(&net->rcu);
	rps_free(net, old, NULL);
	return 0;
}

/* The queue with this number; NULL, and a sentence says which there are. */
static struct netdev_rx_queue *rps_queue(struct net_device *dev, u32 queue)
{
	if (queue < dev->num_rx_queues)
		return &dev->rx[queue];
	net_error(dev->net, -EINVAL, "%s: rx-%u: there are rx-0 to rx-%u",
		  dev->name, queue, dev->num_rx_queues - 1);
	return NULL;
}

int dev_set_rps_cpus(struct net_device *dev, u32 queue, const char *softnets)
{
	struct netdev_rx_queue *rxq = rps_queue(dev, queue);
	u64 set;
	int err;

	if (!rxq)
		return -EINVAL;
	err = softnets_parse(dev->net, dev->name, softnets, &set);
	if (err)
		return err;
	rtnl_lock(dev->net);
	err = rps_replace_map(dev, rxq, set);
	rtnl_unlock(dev->net);
	return err;
}

int dev_get_rps_cpus(struct net_device *dev, u32 queue, char *buf, size_t size)
{
	struct netdev_rx_queue *rxq = rps_queue(dev, queue);
	u64 set = 0;
	u32 i;

	if (!rxq)
		return -EINVAL;
	rtnl_lock(dev->net);
	for (i = 0; rxq->rps_map && i < rxq->rps_map->len; i++)
		set |= 1ULL << rxq->rps_map->softnets[i];
	rtnl_unlock(dev->net);
	if (snprintf(buf, size, "%llx", (unsigned long long)set) >= (int)size)
		return net_error(dev->net, -ERANGE, "%s: rx-%u: no room for "
				 "the mask", dev->name, queue);
	return 0;
}

int dev_set_rps_flow_cnt(struct net_device *dev, u32 queue, u32 nr)
{
	struct netdev_rx_queue *rxq = rps_queue(dev, queue);
	struct net *net = dev->net;
	int err = 0;

	if (!rxq)
		return -EINVAL;
	if (!nr || nr > RPS_MAX_FLOWS || (nr & (nr - 1)))
		return net_error(net, -EINVAL, "%s: %u flows: not a power of 2 "
				 "in 1..%u", dev->name, nr, RPS_MAX_FLOWS);
	rtnl_lock(net);
	if (rxq->rps_flow_table)
		err = net_error(net, -EBUSY, "%s: rx-%u: has had a mask: its "
				"flows are counted", dev->name, queue);
	else
		rxq->rps_flow_cnt = nr;
	rtnl_unlock(net);
	return err;
}

int rps_alloc_queues(struct net_device *dev)
{
	struct net *net = dev->net;
	u32 i;

	if (!dev->num_rx_queues || dev->num_rx_queues > RPS_MAX_QUEUES)
		return net_error(net, -EINVAL, "%s: %u receive queues: 1..%u",
				 dev->name, dev->num_rx_queues, RPS_MAX_QUEUES);
	dev->rx = mem_calloc(&net->mem, dev->num_rx_queues, sizeof(*dev->rx));
	if (!dev->rx)
		return -ENOMEM;
	for (i = 0; i < dev->num_rx_queues; i++)
		dev->rx[i].rps_flow_cnt = RPS_DEFAULT_FLOWS;
	return 0;
}

void rps_free_queues(struct net_device *dev)
{
	struct net *net = dev->net;
	u32 i;

	if (!dev->rx)
		return;
	rtnl_lock(net);
	rps_update_needed(net);
	rtnl_unlock(net);
	for (i = 0; i < dev->num_rx_queues; i++)
		rps_free(net, dev->rx[i].rps_map, dev->rx[i].rps_flow_table);
	mem_free(&net->mem, dev->rx, dev->num_rx_queues * sizeof(*dev->rx));
	dev->rx = NULL;
}

/* ---- knobs ------------------------------------------------------------ */

static size_t sock_flow_size(u32 nr)
{
	return sizeof(struct rps_sock_flow_table) + nr * sizeof(u32);
}

/* net.core.rps_sock_flow_entries was written: a table of that size, or none. */
static int set_sock_flow_entries(struct net *net, const struct sysctl_row *row,
				 const char *value)
{
	struct rps_sock_flow_table *t = NULL, *old = net->rps_sock_flow;
	u32 nr = (u32)net->sysctl_rps_sock_flow_entries;

	(void)row;
	(void)value;
	if (nr & (nr - 1))
		return net_error(net, -EINVAL, "net.core.rps_sock_flow_entries: "
				 "%u: not a power of 2", nr);
	if (nr) {
		t = mem_zalloc(&net->mem, sock_flow_size(nr));
		if (!t)
			return -ENOMEM;
		t->mask = nr - 1;
	}
	rcu_assign_pointer(net->rps_sock_flow, t);
	if (!old)
		return 0;
	synchronize_rcu(&net->rcu);
	mem_free(&net->mem, old, sock_flow_size(old->mask + 1));
	return 0;
}

/* The softnets whose backlogs are limited. Under rtnl. */
static u64 flow_limited(const struct net *net)
{
	u64 set = 0;
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		if (net->softnets[i].flow_limit)
			set |= 1ULL << i;
	return set;
}

/* net.core.flow_limit_cpu_bitmap: all of it, or without memory nothing: what can
 * fail, to begin with a limit, comes first. */
static int set_flow_limit(struct net *net, const struct sysctl_row *row,
			  const char *value)
{
	u64 set, old = flow_limited(net);
	u32 i;
	int err = softnets_parse(net, row->name, value, &set);

	if (err)
		return err;
	for (i = 0; !err && i < net->nr_softnets; i++)
		if (set >> i & 1)
			err = flow_limit_switch(&net->softnets[i], true);
	if (err)
		set = old;
	for (i = 0; i < net->nr_softnets; i++)
		if (!(set >> i & 1))
			(void)flow_limit_switch(&net->softnets[i], false);
	return err;
}

static int get_flow_limit(struct net *net, const struct sysctl_row *row,
			  char *buf, size_t size)
{
	(void)row;
	return snprintf(buf, size, "%llx",
			(unsigned long long)flow_limited(net)) <
		       (int)size ? 0 : -ERANGE;
}

static int check_table_len(struct net *net, const struct sysctl_row *row,
			   const char *value)
{
	u32 nr = (u32)net->sysctl_flow_limit_table_len;

	(void)value;
	return nr & (nr - 1) ? net_error(net, -EINVAL, "%s: %u: not a power of "
					 "2", row->name, nr) : 0;
}

static const struct sysctl_row rps_knobs[] = {
	{ .name = "net.core.rps_sock_flow_entries",
	  .offset = offsetof(struct net, sysctl_rps_sock_flow_entries),
	  .kind = SYSCTL_S32, .max = RPS_MAX_FLOWS,
	  .set = set_sock_flow_entries },
	{ .name = "net.core.flow_limit_cpu_bitmap", .kind = SYSCTL_STRING,
	  .set = set_flow_limit, .get = get_flow_limit },
	{ .name = "net.core.flow_limit_table_len",
	  .offset = offsetof(struct net, sysctl_flow_limit_table_len),
	  .kind = SYSCTL_S32, .min = 64, .max = 1 << 16, .def = { 4096 },
	  .set = check_table_len },
};

static int rps_net_init(struct net *net)
{
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		net->softnets[i].cpu = NET_MAX_CPUS;
	return register_net_sysctl(net, rps_knobs, ARRAY_SIZE(rps_knobs));
}

static void rps_net_exit(struct net *net)
{
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		(void)flow_limit_switch(&net->softnets[i], false);
	if (net->rps_sock_flow)
		mem_free(&net->mem, net->rps_sock_flow,
			 sock_flow_size(net->rps_sock_flow->mask + 1));
	net->rps_sock_flow = NULL;
}

const struct pernet_operations rps_net_ops = {
	.name = "rps",
	.init = rps_net_init,
	.exit = rps_net_exit,
};
