/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dst_entry: the answer of routing, attached to a packet or cached in a
 * socket: where it goes next and which functions take it there.
 */
#ifndef CORE_DST_H
#define CORE_DST_H

#include <inet/netdevice.h>
#include <inet/skbuff.h>

#include "lib/rcu.h"
#include "lib/refcount.h"

struct dst_entry;
struct neighbour;

struct dst_ops {
	u16 family;
	/* Still good? NULL when it must be looked up again. */
	struct dst_entry *(*check)(struct dst_entry *dst, u32 cookie);
	u32 (*mtu)(const struct dst_entry *dst);
	u32 (*default_advmss)(const struct dst_entry *dst);
	/* An ICMP frag-needed said @mtu. */
	void (*update_pmtu)(struct dst_entry *dst, struct sock *sk,
			    struct sk_buff *skb, u32 mtu);
	/* The neighbour for @daddr (wire order address), with a reference. */
	struct neighbour *(*neigh_lookup)(struct dst_entry *dst,
					  struct sk_buff *skb,
					  const void *daddr);
	/* Upper layer: no answer for long, choose another way if there is. */
	void (*negative_advice)(struct sock *sk, struct dst_entry *dst);
	void (*destroy)(struct dst_entry *dst);
};

struct dst_entry {
	struct net_device *dev;	/* holds a reference */
	const struct dst_ops *ops;
	struct net *net;
	/* Each consumes the skb. */
	int (*input)(struct sk_buff *skb);
	int (*output)(struct net *net, struct sock *sk, struct sk_buff *skb);
	refcount_t refcnt;
	u32 genid;		/* of the routing tables it was made from */
	s16 error;		/* -E for unreachable, prohibit, blackhole */
	u16 flags;		/* DST_* */
	u32 pmtu;		/* learned, 0: the device's */
	u32 metric_mtu;		/* of the route, 0: none */
	u32 metric_advmss;
	u64 expires_ns;		/* of pmtu; 0: never */
	u64 last_error_ns;	/* for ICMP rate limits */
	u32 error_tokens;
	struct rcu_head rcu;
};

#define DST_HOST 0x0001
#define DST_NOCOUNT 0x0002

static inline struct dst_entry *skb_dst(const struct sk_buff *skb)
{
	return (struct dst_entry *)(skb->refdst & ~SKB_DST_NOREF);
}

/* A new dst, refcnt 1: takes a reference to @dev. input and output discard
 * until the caller sets them. */
void dst_init(struct dst_entry *dst, const struct dst_ops *ops,
	      struct net_device *dev);
/* The destroy operation of @dst calls it first: gives the device back. */
void dst_fini(struct dst_entry *dst);

/* Frees under RCU when the last reference goes. NULL is fine. */
void dst_release(struct dst_entry *dst);

/* input and output of a dst that leads nowhere. */
int dst_discard(struct sk_buff *skb);
int dst_discard_out(struct net *net, struct sock *sk, struct sk_buff *skb);

/* Progress was made towards @daddr (wire order address): its neighbour is
 * alive. Any context. */
void dst_confirm_neigh(struct dst_entry *dst, const void *daddr);

static inline struct dst_entry *dst_hold(struct dst_entry *dst)
{
	refcount_inc(&dst->refcnt);
	return dst;
}

/* For an RCU reader: false when the dst is already dying. */
static inline bool dst_hold_safe(struct dst_entry *dst)
{
	return refcount_inc_not_zero(&dst->refcnt);
}

static inline void skb_dst_drop(struct sk_buff *skb)
{
	if (skb->refdst && !(skb->refdst & SKB_DST_NOREF))
		dst_release(skb_dst(skb));
	skb->refdst = 0;
}

/* Takes over the caller's reference. */
static inline void skb_dst_set(struct sk_buff *skb, struct dst_entry *dst)
{
	skb->refdst = (unsigned long)dst;
}

/* Borrowed while the RCU read section lasts. */
static inline void skb_dst_set_noref(struct sk_buff *skb, struct dst_entry *dst)
{
	skb->refdst = (unsigned long)dst | SKB_DST_NOREF;
}

/*
 * Makes a borrowed dst an owned one (before the packet is queued). Return:
 * false, and no dst any more, when there was none or the route is dying.
 */
static inline bool skb_dst_force(struct sk_buff *skb)
{
	if (skb->refdst & SKB_DST_NOREF) {
		skb->refdst &= ~SKB_DST_NOREF;
		if (!dst_hold_safe(skb_dst(skb)))
			skb->refdst = 0;
	}
	return skb->refdst != 0;
}

/* @to gets a reference of its own to the dst of @from, unless that is a
 * borrowed one and dying: then none. Overwrites what @to had. */
static inline void skb_dst_copy(struct sk_buff *to, const struct sk_buff *from)
{
	struct dst_entry *dst = skb_dst(from);

	to->refdst = dst && dst_hold_safe(dst) ? (unsigned long)dst : 0;
}

static inline u32 dst_mtu(const struct dst_entry *dst)
{
	return dst->ops->mtu(dst);
}

/* The device sums what is sent there. Both words may change meanwhile. */
static inline bool dst_hw_csum(const struct dst_entry *dst)
{
	const struct net_device *dev = READ_ONCE(dst->dev);

	return data_race(dev->features) & NETIF_F_HW_CSUM;
}

/* May packets for that device show memory of the application? It sends fragments
 * as they lie, and to others. */
static inline bool dst_may_lend(const struct dst_entry *dst)
{
	const struct net_device *dev = READ_ONCE(dst->dev);

	return (data_race(dev->features) & (NETIF_F_SG | NETIF_F_LOOPBACK)) ==
	       NETIF_F_SG;
}

/* Most bytes of a packet that is to be cut for that device, 0: it wants none. */
static inline u32 dst_gso_max_size(const struct dst_entry *dst)
{
	const struct net_device *dev = READ_ONCE(dst->dev);

	return READ_ONCE(dev->features) & NETIF_F_GSO ? dev->gso_max_size : 0;
}

static inline int dst_input(struct sk_buff *skb)
{
	return skb_dst(skb)->input(skb);
}

static inline int dst_output(struct net *net, struct sock *sk,
			     struct sk_buff *skb)
{
	return skb_dst(skb)->output(net, sk, skb);
}

#endif /* CORE_DST_H */
