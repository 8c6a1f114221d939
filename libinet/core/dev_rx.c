/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets up: netif_receive_skb() and the softnet backlog, the taps, and the
 * dispatch to the handler of an ethertype.
 */
#include "core/dev.h"

#include <errno.h>

#include "core/net.h"
#include "core/rps.h"
#include "core/skbuff.h"
#include "core/ubuf.h"
#include "core/dst.h"
#include "core/vlan.h"
#include "lib/byteorder.h"
#include "wire/eth.h"

/* ---- packet types ----------------------------------------------------- */

static struct packet_type **ptype_head(struct net *net, struct packet_type *pt)
{
	if (pt->type == cpu_to_be16(ETH_P_ALL))
		return pt->dev ? &pt->dev->ptype_all : &net->ptype_all;
	return &net->ptype_base[be16_to_cpu(pt->type) % PTYPE_HASH_SIZE];
}

int dev_add_pack(struct net *net, struct packet_type *pt)
{
	if (!net || !pt || !pt->func || (pt->dev && pt->dev->net != net))
		return -EINVAL;
	return net_registry_add(net, ptype_head(net, pt), pt);
}

void dev_remove_pack(struct net *net, struct packet_type *pt)
{
	if (net && pt)
		net_registry_del(net, ptype_head(net, pt), pt);
}

/* Hands @skb to one handler, which consumes a reference of its own. */
static int deliver_skb(struct sk_buff *skb, struct packet_type *pt,
		       struct net_device *orig_dev)
{
	NET_ROAD(skb_net(skb), skb);
	skb_get(skb);
	return pt->func(skb, skb->dev, pt, orig_dev);
}

/*
 * Offers @skb to every packet_type of one list that wants it. The last one
 * found is not called yet but returned, so that it can have the packet itself
 * and not one more reference.
 */
static inline struct packet_type *deliver_list(struct sk_buff *skb,
					struct packet_type *list,
					struct packet_type *prev, __be16 type)
{
	struct packet_type *pt;

	for (pt = list; pt; pt = rcu_dereference(pt->next)) {
		if (pt->type != type || (pt->dev && pt->dev != skb->dev))
			continue;
		if (prev)
			deliver_skb(skb, prev, skb->dev);
		prev = pt;
	}
	return prev;
}

/* No handler may see the frame, or nobody wants it. Consumes. */
static __noinline int rx_refuse(struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_UNHANDLED_PROTO;

	if (skb->drop_reason)		/* eth_type_trans() said so */
		reason = skb->drop_reason;
	else if (!netif_running(skb->dev))
		reason = SKB_DROP_REASON_DEV_READY;
	DEV_STATS_INC(skb->dev, rx_dropped);
	kfree_skb_reason(skb, reason);
	return NET_RX_DROP;
}

/* Several handlers share the chain. Consumes. */
static __noinline int deliver_chain(struct sk_buff *skb,
				    struct packet_type *list)
{
	struct packet_type *pt = deliver_list(skb, list, NULL, skb->protocol);

	if (likely(pt))
		return pt->func(skb, skb->dev, pt, skb->dev);
	return rx_refuse(skb);
}

/* A tap sees even what is refused afterwards. */
static __noinline void deliver_taps(struct sk_buff *skb, struct net *net,
			 struct net_device *dev)
{
	const __be16 all = cpu_to_be16(ETH_P_ALL);
	struct packet_type *pt;

	pt = deliver_list(skb, rcu_dereference(net->ptype_all), NULL, all);
	pt = deliver_list(skb, rcu_dereference(dev->ptype_all), pt, all);
	if (pt)
		deliver_skb(skb, pt, dev);
}

/* To whom has the ethertype. Consumes. */
static inline int deliver(struct sk_buff *skb, struct net *net,
			  struct net_device *dev)
{
	struct packet_type *pt;

	NET_ROAD_AT(net, skb, "ptype_base[]");
	pt = rcu_dereference(net->ptype_base[be16_to_cpu(skb->protocol) %
					     PTYPE_HASH_SIZE]);
	if (likely(pt && pt->type == skb->protocol && !pt->dev &&
		   !rcu_access_pointer(pt->next)))
		return pt->func(skb, dev, pt, dev);
	return deliver_chain(skb, pt);
}

/* It is on @dev now: headers, taps. */
static inline void arrived(struct sk_buff *skb, struct net *net,
			   struct net_device *dev)
{
	skb_reset_network_header(skb);
	skb_reset_transport_header(skb);
	skb->skb_iif = dev->ifindex;
	if (unlikely(data_race(net->ptype_all) ||
		     data_race(dev->ptype_all)))
		deliver_taps(skb, net, dev);
}

/* Packets with tags go to the devices that have them, one tag after another. A tag
 * of VLAN 0 says a priority and nothing else. Consumes. */
static __noinline int rx_vlan(struct sk_buff *skb)
{
	struct net *net = skb->dev->net;
	enum skb_drop_reason reason = SKB_NOT_DROPPED_YET;

	for (u32 i = 0; i < VLAN_MAX_DEPTH && skb->vlan_present; i++) {
		if (vlan_do_receive(skb))
			arrived(skb, net, skb->dev);
		else if (skb->vlan_tci & VLAN_VID_MASK)
			break;
		skb->vlan_present = 0;
		if (eth_type_vlan(skb->protocol))
			reason = skb_vlan_untag(skb, &skb->protocol);
		if (reason)
			break;
	}
	if (skb->vlan_present || eth_type_vlan(skb->protocol)) {
		skb->drop_reason = (u8)(reason ? reason : SKB_DROP_REASON_VLAN);
		return rx_refuse(skb);
	}
	return deliver(skb, net, skb->dev);
}

/* The dispatch. Consumes @skb. Context: softnet, RCU. */
__always_inline int __netif_receive_skb_core(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct net *net = dev->net;

	NET_ROAD(net, skb);
	arrived(skb, net, dev);
	if (unlikely(skb->drop_reason || !netif_running(dev)))
		return rx_refuse(skb);
	if (unlikely(skb->vlan_present))
		return rx_vlan(skb);
	return deliver(skb, net, dev);
}

/* ---- entries ---------------------------------------------------------- */

/* Where queues have maps: perhaps another softnet goes on with it. Consumes. */
static __noinline int netif_receive_skb_rps(struct sk_buff *skb)
{
	struct rps_dev_flow *flow;
	struct softnet_data *sd = get_rps_cpu(skb->dev, skb, &flow);

	if (sd)
		return enqueue_to_backlog(skb, sd, &flow->last_qtail);
	return __netif_receive_skb_core(skb);
}

int netif_receive_skb(struct sk_buff *skb)
{
	struct net *net = skb->dev->net;

	NET_ROAD(net, skb);
	if (unlikely(data_race(net->rps_needed)))
		return netif_receive_skb_rps(skb);
	return __netif_receive_skb_core(skb);
}

int netif_rx(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);
	struct softnet_data *sd = this_softnet(net);

	NET_ROAD(net, skb);
	/* a receiver of this host reads it when he likes */
	if (unlikely(skb_orphan_frags(skb))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NET_RX_DROP;
	}
	if (!sd)
		sd = &net->softnets[skb_get_hash(skb) % net->nr_softnets];
	return enqueue_to_backlog(skb, sd, NULL);
}

/* Why @skb cannot join the backlog of @sd; 0: it can. Under input_lock. */
static enum skb_drop_reason backlog_refuse(struct softnet_data *sd,
					   struct sk_buff *skb)
{
	u32 qlen = sd->input_pkt_queue.qlen;

	if (unlikely(qlen >=
		     (u32)READ_ONCE(sd->net->sysctl_netdev_max_backlog)))
		return SKB_DROP_REASON_CPU_BACKLOG;
	if (unlikely(sd->flow_limit) && skb_flow_limit(sd, skb, qlen))
		return SKB_DROP_REASON_FLOW_LIMIT;
	return SKB_NOT_DROPPED_YET;
}

/* The backlog of @sd is no longer empty: it has to look. A softnet that is in
 * a round of polls kicks others when the round is over. */
static void backlog_schedule(struct softnet_data *sd)
{
	struct softnet_data *mine = this_softnet(sd->net);

	if (mine == sd)
		napi_schedule(&sd->backlog);
	else if (mine && mine->in_softirq)
		mine->rps_ipi |= 1ULL << sd->id;
	else
		kick_softnet(sd);
}

int enqueue_to_backlog(struct sk_buff *skb, struct softnet_data *sd, u32 *qtail)
{
	enum skb_drop_reason reason;
	struct net *net = sd->net;
	bool first;

	NET_ROAD(net, skb);
	skb_dst_force(skb);
	spin_lock(&sd->input_lock);
	reason = backlog_refuse(sd, skb);
	if (unlikely(reason)) {
		spin_unlock(&sd->input_lock);
		NET_INC_STATS(net, SOFTNET_DROPPED);
		kfree_skb_reason(skb, reason);
		return NET_RX_DROP;
	}
	first = skb_queue_empty(&sd->input_pkt_queue);
	__skb_queue_tail(&sd->input_pkt_queue, skb);
	sd->input_queue_tail++;
	if (qtail)
		WRITE_ONCE(*qtail, sd->input_queue_tail);
	spin_unlock(&sd->input_lock);
	if (first)
		backlog_schedule(sd);
	return NET_RX_SUCCESS;
}

void net_rps_send_ipi(struct softnet_data *sd)
{
	u64 set = sd->rps_ipi;

	sd->rps_ipi = 0;
	for (; set; set &= set - 1)
		kick_softnet(&sd->net->softnets[__builtin_ctzll(set)]);
}

/* @n packets of the backlog have been dealt with: whoever sees it may send
 * what follows them elsewhere. Pairs with rps_flow_may_move(). */
static void input_queue_head_add(struct softnet_data *sd, u32 n)
{
	__atomic_fetch_add(&sd->input_queue_head, n, __ATOMIC_RELEASE);
}

/* The poll() of a softnet's backlog NAPI. */
int process_backlog(struct napi_struct *napi, int budget)
{
	struct softnet_data *sd = container_of(napi, struct softnet_data,
					       backlog);
	struct sk_buff *skb;
	int work = 0, done = 0;

	NET_ROAD(sd->net, NULL);
	napi->weight = READ_ONCE(sd->net->sysctl_dev_weight);
	for (;;) {
		while (work < budget &&
		       (skb = __skb_dequeue(&sd->process_queue))) {
			__netif_receive_skb_core(skb);
			work++;
		}
		input_queue_head_add(sd, (u32)(work - done));
		done = work;
		if (work == budget)
			return work;
		spin_lock(&sd->input_lock);
		skb_queue_splice_tail_init(&sd->input_pkt_queue,
					   &sd->process_queue);
		spin_unlock(&sd->input_lock);
		if (skb_queue_empty(&sd->process_queue))
			break;
	}
	napi_complete_done(napi, work);
	return work;
}

/* Drops what waits in @q of @sd for a device that went down. Under its lock. */
static void flush_queue(struct softnet_data *sd, struct sk_buff_head *q,
			struct net_device *dev)
{
	struct sk_buff *skb, *tmp;

	skb_queue_walk_safe(q, skb, tmp) {
		if (skb->dev != dev)
			continue;
		__skb_unlink(skb, q);
		kfree_skb_reason(skb, SKB_DROP_REASON_DEV_DOWN);
		input_queue_head_add(sd, 1);
	}
}

/* After it returns no packet of @dev waits on any softnet. Under rtnl. */
void flush_backlogs(struct net_device *dev)
{
	struct net *net = dev->net;
	u32 i;

	for (i = 0; i < net->nr_softnets; i++) {
		struct softnet_data *sd = &net->softnets[i];

		spin_lock(&sd->input_lock);
		flush_queue(sd, &sd->input_pkt_queue, dev);
		spin_unlock(&sd->input_lock);
		if (softnet_is_mine(sd))
			flush_queue(sd, &sd->process_queue, dev);
		else
			softnet_quiesce(sd);	/* rx_refuse() drops them */
	}
}
