/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Transmit packet steering.
 *
 * Theory of operation. Where each softnet has a transmit queue of its own nobody
 * waits for another one's lock, and what is done with is freed where it was made.
 * xps_cpus of a queue says which softnets send by it; of several queues of one
 * softnet, and where nothing is said, the flow's hash chooses. A thread of the
 * application counts as the softnet that ran on its processor.
 *
 * A socket stays with the queue that its first packet got: threads move, and what
 * has been given to one queue must not be overtaken by another. It may go to
 * another one with a packet of which the protocol says that it overtakes nothing
 * (ooo_okay), and with a new route.
 */
#include "core/xps.h"

#include <errno.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/sock.h"

struct xps_map {
	struct rcu_head rcu;
	struct net *net;
	u64 queues[];		/* of each softnet, a bit per queue; 0: any */
};

static size_t map_size(const struct net *net)
{
	return sizeof(struct xps_map) + net->nr_softnets * sizeof(u64);
}

/* ---- choosing --------------------------------------------------------- */

/* The softnet that the caller is, or is near to; -1: none. */
static int this_sender(struct net *net)
{
	const struct softnet_data *sd = this_softnet(net);

	return sd ? (int)sd->id :
		(int)READ_ONCE(net->softnet_of_cpu[thread_cpu() %
						   NET_MAX_CPUS]) - 1;
}

/* The queues that the caller may send by, a bit each; 0: any. */
static u64 xps_queues(const struct net_device *dev)
{
	const struct xps_map *map = rcu_dereference(dev->xps);
	int sender;

	if (likely(!map))
		return 0;
	sender = this_sender(dev->net);
	return sender < 0 ? 0 : map->queues[sender];
}

/* Of the caller's queues that of the flow. */
static u16 xps_choose(const struct net_device *dev, struct sk_buff *skb)
{
	u64 queues = xps_queues(dev);
	u32 n;

	if (!queues)
		return (u16)(skb_get_hash(skb) % dev->num_tx_queues);
	if (queues & (queues - 1)) {
		n = skb_get_hash(skb) % (u32)__builtin_popcountll(queues);
		while (n--)
			queues &= queues - 1;
	}
	return (u16)__builtin_ctzll(queues);
}

u16 netdev_pick_tx_queue(struct net_device *dev, struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	u32 old = sk ? READ_ONCE(sk->sk_tx_queue) : 0;
	u16 queue;

	if (likely(old && old <= dev->num_tx_queues && !skb->ooo_okay))
		return (u16)(old - 1);
	queue = xps_choose(dev, skb);
	if (sk && old != queue + 1u && rcu_access_pointer(sk->sk_dst_cache))
		WRITE_ONCE(sk->sk_tx_queue, (u16)(queue + 1));
	return queue;
}

/* ---- maps ------------------------------------------------------------- */

static void map_free(struct rcu_head *head)
{
	struct xps_map *map = container_of(head, struct xps_map, rcu);

	mem_free(&map->net->mem, map, map_size(map->net));
}

/* Puts @map, or NULL, in the place of the old one. */
static void map_replace(struct net_device *dev, struct xps_map *map)
{
	struct xps_map *old = dev->xps;

	rcu_assign_pointer(dev->xps, map);
	if (old)
		call_rcu(&dev->net->rcu, &old->rcu, map_free);
}

int xps_set(struct net_device *dev, u32 queue, u64 softnets)
{
	struct net *net = dev->net;
	struct xps_map *map = mem_zalloc(&net->mem, map_size(net));
	u32 i, q;

	if (!map)
		return net_error(net, -ENOMEM, "%s: out of memory", dev->name);
	map->net = net;
	dev->tx[queue].xps_softnets = softnets;
	for (i = 0; i < net->nr_softnets; i++)
		for (q = 0; q < dev->num_tx_queues; q++)
			map->queues[i] |= (dev->tx[q].xps_softnets >> i & 1) << q;
	WRITE_ONCE(net->xps_needed, true);
	map_replace(dev, map);
	return 0;
}

void xps_free(struct net_device *dev)
{
	if (dev->xps)
		map_replace(dev, NULL);
}
