/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the device layer: what the stack itself needs beyond
 * <inet/netdevice.h>.
 */
#ifndef CORE_DEV_H
#define CORE_DEV_H

#include <inet/netdevice.h>

#include "core/net.h"
#include "core/sch_generic.h"
#include "core/tstamp.h"
#include "lib/points.h"
#include "lib/seqlock.h"
#include "wire/eth.h"

enum { NETREG_UNINITIALIZED, NETREG_REGISTERED, NETREG_UNREGISTERING };

/* Events for the protocols, told in the order of the list in dev.c. */
enum netdev_event {
	NETDEV_REGISTER,
	NETDEV_UP,
	NETDEV_GOING_DOWN,
	NETDEV_DOWN,
	NETDEV_UNREGISTER,
	NETDEV_CHANGEMTU,
	NETDEV_CHANGEADDR,
	NETDEV_CHANGE,		/* carrier */
};

/* Inside rtnl. Return: 0, or for NETDEV_UP -E with a sentence: not with us. */
typedef int netdev_notifier(struct net *net, int event,
			    struct net_device *dev);	/* netdev_event */
int register_netdevice_notifier(struct net *net, netdev_notifier *fn);
int call_netdevice_notifiers(struct net_device *dev, enum netdev_event event);

extern const struct pernet_operations net_dev_ops;	/* softirqs, backlog */
extern const struct pernet_operations loopback_net_ops;

/* RCU: borrowed. */
struct net_device *dev_get_by_index_rcu(struct net *net, int ifindex);
#define for_each_netdev_rcu(net, dev) \
	for ((dev) = rcu_dereference((net)->dev_base); (dev); \
	     (dev) = rcu_dereference((dev)->next))

int __netif_receive_skb_core(struct sk_buff *skb);
void flush_backlogs(struct net_device *dev);
int process_backlog(struct napi_struct *napi, int budget);
/* Queues @skb for @sd, from any context. *@qtail (if not NULL) is where the
 * packet is in its row. Consumes. NET_RX_*. */
int enqueue_to_backlog(struct sk_buff *skb, struct softnet_data *sd,
		       u32 *qtail);
void dev_queue_xmit_nit(struct sk_buff *skb, struct net_device *dev);

/* To the driver. Under txq->xmit_lock. On NETDEV_TX_BUSY @skb stays ours. */
static inline enum netdev_tx dev_hard_start_xmit(struct sk_buff *skb,
						 struct net_device *dev,
						 struct netdev_queue *txq)
{
	u32 len = skb->len;
	enum netdev_tx ret;

	NET_ROAD(dev->net, skb);
	if (unlikely(data_race(dev->net->ptype_all) ||
		     data_race(dev->ptype_all)))
		dev_queue_xmit_nit(skb, dev);
	NET_ROAD_AT(dev->net, skb, "ndo_start_xmit");
	ret = dev->netdev_ops->ndo_start_xmit(skb, dev);
	if (likely(ret == NETDEV_TX_OK)) {
		txq->tx_packets++;
		txq->tx_bytes += len;
	}
	return ret;
}

/* The same, and tells the sender when it left. Return: the driver took it. */
bool dev_xmit_stamped(struct sk_buff *skb, struct net_device *dev,
		      struct netdev_queue *txq);

/* Return: false when the driver takes no more, and @skb stays ours. @more: others
 * follow at once. Under txq->xmit_lock. */
static inline bool dev_xmit_one(struct sk_buff *skb, struct net_device *dev,
				struct netdev_queue *txq, bool more)
{
	txq->more = more;
	if (netif_xmit_stopped(txq) || INET_BUGGIFY(TX_BUSY))
		return false;
	if (unlikely(skb_tx_flags(skb) & SKBTX_SW_TSTAMP))
		return dev_xmit_stamped(skb, dev, txq);
	return dev_hard_start_xmit(skb, dev, txq) == NETDEV_TX_OK;
}

/* The same for a packet or a list by skb->next. Return: what the driver did not
 * take. */
struct sk_buff *__dev_hard_start_xmit_list(struct sk_buff *skb,
					   struct net_device *dev,
					   struct netdev_queue *txq, bool more);

static inline struct sk_buff *dev_hard_start_xmit_list(struct sk_buff *skb,
						       struct net_device *dev,
						       struct netdev_queue *txq,
						       bool more)
{
	if (likely(!skb->next))
		return dev_xmit_one(skb, dev, txq, more) ? NULL : skb;
	return __dev_hard_start_xmit_list(skb, dev, txq, more);
}

/* Does a device with @features cut @skb, a GSO packet, itself? It has to sum and
 * to gather, too. */
static inline bool netif_gso_ok(const struct sk_buff *skb, u64 features)
{
	const u64 types = NETIF_F_TSO | NETIF_F_GSO_UDP_L4 | NETIF_F_TSO_ECN;
	u64 need = skb->shinfo->gso_type * NETIF_F_TSO;

	static_assert(SKB_GSO_UDP_L4 * NETIF_F_TSO == NETIF_F_GSO_UDP_L4 &&
		      SKB_GSO_TCP_ECN * NETIF_F_TSO == NETIF_F_TSO_ECN,
		      "in the same order");
	need = (need & types) | NETIF_F_SG | NETIF_F_HW_CSUM;
	return (features & need) == need;
}

/*
 * Cuts GSO packets, fills checksums, linearises: what the device does not do.
 * Takes a packet or a list by skb->next. Return: the list to send, NULL when all
 * was dropped.
 */
struct sk_buff *__validate_xmit_skb(struct sk_buff *skb, struct net_device *dev);

static inline struct sk_buff *validate_xmit_skb(struct sk_buff *skb,
						struct net_device *dev)
{
	if (likely(!skb_is_nonlinear(skb) && !skb->next &&
		   skb->ip_summed != CHECKSUM_PARTIAL))
		return skb;
	return __validate_xmit_skb(skb, dev);
}


u32 skb_get_hash(struct sk_buff *skb);

/* The link address of one moment: it may change meanwhile. */
static inline u64 dev_addr_word(const struct net_device *dev)
{
	static_assert(sizeof(dev->dev_addr) == sizeof(seq_word_t),
		      "an address is one word");
	return READ_ONCE(*(const seq_word_t *)dev->dev_addr);
}

/* @len bytes of it, at most a word. */
static inline void dev_addr_copy(void *to, const struct net_device *dev,
				 size_t len)
{
	u64 word = dev_addr_word(dev);

	memcpy(to, &word, len);
}

/* @addr is the device's address. */
static inline bool dev_addr_equal(const struct net_device *dev, const u8 *addr)
{
	u64 word = dev_addr_word(dev);

	return ether_addr_equal((const u8 *)&word, addr);
}

/* The link header for a packet at its network header. */
static inline int dev_hard_header(struct sk_buff *skb, struct net_device *dev,
				  u16 type, const void *daddr,
				  const void *saddr, u32 len)
{
	if (!dev->header_ops)
		return 0;
	return dev->header_ops->create(skb, dev, type, daddr, saddr, len);
}

static inline bool netif_running(const struct net_device *dev)
{
	return data_race(dev->flags) & NETDEV_IFF_UP;
}

/* Counts; atomic where several threads may. */
#define DEV_STATS_ADD(dev, member, n)					\
	do {								\
		if ((dev)->net->smp)					\
			__atomic_fetch_add(&(dev)->stats.member, (n),	\
					   __ATOMIC_RELAXED);		\
		else							\
			(dev)->stats.member += (n);			\
	} while (0)
#define DEV_STATS_INC(dev, member) DEV_STATS_ADD(dev, member, 1)

/* Room for a link header and the driver's needs, rounded for alignment. */
static inline u32 LL_RESERVED_SPACE(const struct net_device *dev)
{
	return (u32)(dev->hard_header_len + dev->needed_headroom + 16) & ~15u;
}

#endif /* CORE_DEV_H */
