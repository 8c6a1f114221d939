/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets down: dev_queue_xmit() to ndo_start_xmit(), and net_tx_action(). */
#include "core/dev.h"

#include <errno.h>

#include "core/gro.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "core/ubuf.h"
#include "core/xps.h"
#include "wire/eth.h"

/* Shows a leaving frame to the taps; each gets a clone. Borrows @skb. */
void dev_queue_xmit_nit(struct sk_buff *skb, struct net_device *dev)
{
	struct packet_type *lists[2] = {
		rcu_dereference(dev->net->ptype_all),
		rcu_dereference(dev->ptype_all),
	};
	struct packet_type *pt;
	struct sk_buff *n;
	int i;

	for (i = 0; i < 2; i++) {
		for (pt = lists[i]; pt; pt = rcu_dereference(pt->next)) {
			if (pt->ignore_outgoing || (pt->dev && pt->dev != dev))
				continue;
			/* never back to the packet socket it came from */
			if (pt->af_packet_priv && pt->af_packet_priv == skb->sk)
				continue;
			n = skb_clone(skb);
			if (!n)
				return;
			/* a tap keeps it as long as it likes */
			if (skb_orphan_frags(n)) {
				kfree_skb_reason(n, SKB_DROP_REASON_NOMEM);
				return;
			}
			n->dev = dev;
			n->pkt_type = SKB_PACKET_OUTGOING;
			skb_reset_mac_header(n);
			skb_pull(n, min_t(u32, dev->hard_header_len,
					  skb_headlen(n)));
			skb_reset_network_header(n);
			pt->func(n, dev, pt, dev);
		}
	}
}

/* What @dev does for @skb. */
static u64 netif_skb_features(const struct sk_buff *skb, struct net_device *dev)
{
	u64 features = READ_ONCE(dev->features);

	return dev->netdev_ops->ndo_features_check ?
		dev->netdev_ops->ndo_features_check(skb, dev, features) :
		features;
}

/* A packet that dies on its way to the driver. */
static void xmit_drop(struct sk_buff *skb, struct net_device *dev)
{
	DEV_STATS_INC(dev, tx_dropped);
	kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
}

/* The segments of a GSO packet at *@tail: as the device takes them, but for what
 * is not linear. Consumes. Return: the new tail. */
static struct sk_buff **xmit_cut(struct sk_buff *skb, struct net_device *dev,
				 u64 features, struct sk_buff **tail)
{
	struct sk_buff *segs = skb_mac_gso_segment(skb, features);

	if (!segs) {
		xmit_drop(skb, dev);
		return tail;
	}
	consume_skb(skb);
	*tail = segs;
	while ((segs = *tail)) {
		if (likely(!skb_is_nonlinear(segs)) || (features & NETIF_F_SG) ||
		    !skb_linearize(segs)) {
			tail = &segs->next;
			continue;
		}
		*tail = segs->next;
		segs->next = NULL;
		xmit_drop(segs, dev);
	}
	return tail;
}

struct sk_buff *__validate_xmit_skb(struct sk_buff *skb, struct net_device *dev)
{
	struct sk_buff *next, *list = NULL, **tail = &list;
	u64 features;

	for (; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		features = netif_skb_features(skb, dev);
		if (skb->shinfo->gso_size && !netif_gso_ok(skb, features)) {
			tail = xmit_cut(skb, dev, features, tail);
		} else if ((skb_is_nonlinear(skb) && !(features & NETIF_F_SG) &&
			    skb_linearize(skb)) ||
			   (skb->ip_summed == CHECKSUM_PARTIAL &&
			    !(features & NETIF_F_HW_CSUM) &&
			    skb_checksum_help(skb))) {
			xmit_drop(skb, dev);
		} else {
			*tail = skb;
			tail = &skb->next;
		}
	}
	return list;
}

/* Who had it sent may be gone with the packet. */
bool dev_xmit_stamped(struct sk_buff *skb, struct net_device *dev,
		      struct netdev_queue *txq)
{
	struct sock *sk = skb->sk;
	struct sk_buff *entry;
	bool sent;

	if (!sk || !refcount_inc_not_zero(&sk->sk_refcnt))
		return dev_hard_start_xmit(skb, dev, txq) == NETDEV_TX_OK;
	entry = skb_tstamp_entry(skb, sk, SCM_TSTAMP_SND);
	sent = dev_hard_start_xmit(skb, dev, txq) == NETDEV_TX_OK;
	if (sent && entry)
		skb_tstamp_queue(sk, entry);
	else
		consume_skb(entry);
	sock_put(sk);
	return sent;
}

struct sk_buff *__dev_hard_start_xmit_list(struct sk_buff *skb,
					   struct net_device *dev,
					   struct netdev_queue *txq, bool more)
{
	struct sk_buff *next;

	for (; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		if (!dev_xmit_one(skb, dev, txq, next || more)) {
			skb->next = next;
			break;
		}
	}
	return skb;
}

static inline struct netdev_queue *netdev_pick_tx(struct net_device *dev,
						  struct sk_buff *skb)
{
	if (likely(dev->num_tx_queues == 1)) {
		skb->queue_mapping = 0;
		return dev->tx;
	}
	skb->queue_mapping = netdev_pick_tx_queue(dev, skb);
	return &dev->tx[skb->queue_mapping];
}

/* Through a device above another, which takes a packet or a list in as many threads
 * as come. Consumes. Return: what the one below says. */
static int xmit_through(struct sk_buff *skb, struct net_device *dev)
{
	int ret = NET_XMIT_SUCCESS, one;
	struct sk_buff *next;

	for (; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		NET_ROAD(dev->net, skb);
		if (unlikely(data_race(dev->net->ptype_all) ||
			     data_race(dev->ptype_all)))
			dev_queue_xmit_nit(skb, dev);
		one = (int)dev->netdev_ops->ndo_start_xmit(skb, dev);
		if (one != NET_XMIT_SUCCESS)
			ret = one;
	}
	return ret;
}

/* A device without a queue: the driver takes it at once. Consumes. */
static __noinline int xmit_noqueue(struct sk_buff *skb, struct net_device *dev,
				   struct netdev_queue *txq)
{
	skb = validate_xmit_skb(skb, dev);
	if (!skb)
		return NET_XMIT_DROP;
	if (dev->features & NETIF_F_LLTX)
		return xmit_through(skb, dev);
	spin_lock(&txq->xmit_lock);
	skb = dev_hard_start_xmit_list(skb, dev, txq, false);
	spin_unlock(&txq->xmit_lock);
	if (likely(!skb))
		return NET_XMIT_SUCCESS;
	DEV_STATS_INC(dev, tx_dropped);
	kfree_skb_list_reason(skb, SKB_DROP_REASON_FULL_RING);
	return NET_XMIT_DROP;
}

/* Longer than the wire takes, each of its segments if it is to be cut? */
static inline bool exceeds_mtu(const struct sk_buff *skb,
			       const struct net_device *dev)
{
	u32 most = READ_ONCE(dev->mtu) + 4u;	/* and a VLAN tag */

	return skb->len > most + dev->hard_header_len &&
	       (!skb->shinfo->gso_size || skb_gso_network_seglen(skb) > most);
}

/* The device is down, which the sender is told, or its link is, which he is not
 * (Linux has noop_qdisc there): what is lost on a link is not his error. */
static __noinline int xmit_nowhere(struct sk_buff *skb, struct net_device *dev)
{
	DEV_STATS_INC(dev, tx_dropped);
	kfree_skb_reason(skb, SKB_DROP_REASON_DEV_READY);
	return netif_running(dev) ? NET_XMIT_CN : -ENETDOWN;
}

/* Longer than the device takes. Consumes. */
static __noinline int xmit_too_big(struct sk_buff *skb, struct net_device *dev)
{
	DEV_STATS_INC(dev, tx_errors);
	kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
	return -EMSGSIZE;
}

int dev_queue_xmit(struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct net *net = dev->net;
	struct netdev_queue *txq;
	struct Qdisc *q;
	int ret;

	NET_ROAD(net, skb);
	if (unlikely(!netif_running(dev) || !data_race(dev->carrier)))
		return xmit_nowhere(skb, dev);
	if (unlikely(exceeds_mtu(skb, dev)))
		return xmit_too_big(skb, dev);
	skb_reset_mac_header(skb);
	skb_tstamp_tx(skb, SKBTX_SCHED_TSTAMP, SCM_TSTAMP_SCHED);
	rcu_read_lock(&net->rcu);
	txq = netdev_pick_tx(dev, skb);
	q = rcu_dereference(txq->qdisc);
	if (likely(q))
		ret = __dev_xmit_skb(skb, q);
	else
		ret = xmit_noqueue(skb, dev, txq);
	rcu_read_unlock(&net->rcu);
	return ret;
}

void dev_consume_skb_any(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);
	struct softnet_data *sd = this_softnet(net);

	if (likely(sd)) {
		skb->next = sd->completion_queue;
		sd->completion_queue = skb;
		raise_softirq(sd, NET_TX_SOFTIRQ);
		return;
	}
	sd = net->softnets;
	spin_lock(&sd->input_lock);
	skb->next = sd->remote_completion;
	sd->remote_completion = skb;
	spin_unlock(&sd->input_lock);
	kick_softnet(sd);
}

/* The transmit softirq: frees what devices are done with, runs queues. */
void net_tx_action(struct softnet_data *sd)
{
	struct sk_buff *skb = sd->completion_queue, *next;
	struct Qdisc *q = sd->output_queue, *next_q;

	NET_ROAD(sd->net, NULL);
	sd->completion_queue = NULL;
	for (; skb; skb = next) {
		next = skb->next;
		consume_skb(skb);
	}
	sd->output_queue = NULL;
	sd->output_queue_tailp = &sd->output_queue;
	for (; q; q = next_q) {
		next_q = q->next_sched;
		spin_lock(&q->lock);
		q->scheduled = false;
		spin_unlock(&q->lock);
		qdisc_run(q);
	}
}
