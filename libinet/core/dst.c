/* SPDX-License-Identifier: BSD-2-Clause */
/* dst_entry: what all destinations have in common, whatever their family. */
#include "core/dst.h"

#include <inet/netdevice.h>

#include "core/neighbour.h"
#include "core/net.h"

/* A packet came to a destination that leads nowhere. */
int dst_discard(struct sk_buff *skb)
{
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
	return 0;
}

int dst_discard_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	(void)net;
	(void)sk;
	return dst_discard(skb);
}

void dst_init(struct dst_entry *dst, const struct dst_ops *ops,
	      struct net_device *dev)
{
	dev_hold(dev);
	dst->dev = dev;
	dst->ops = ops;
	dst->net = dev_net(dev);
	dst->input = dst_discard;
	dst->output = dst_discard_out;
	refcount_init(&dst->refcnt, 1, dst->net->smp);
}

void dst_fini(struct dst_entry *dst)
{
	dev_put(dst->dev);
	dst->dev = NULL;
}

static void dst_destroy_rcu(struct rcu_head *head)
{
	struct dst_entry *dst = container_of(head, struct dst_entry, rcu);

	dst->ops->destroy(dst);
}

/* Drops one reference; readers may hold the dst without one until the grace
 * period has passed. */
void dst_release(struct dst_entry *dst)
{
	if (dst && refcount_dec_and_test(&dst->refcnt))
		call_rcu(&dst->net->rcu, &dst->rcu, dst_destroy_rcu);
}

/* Tells the neighbour behind @dst that it was heard of. */
void dst_confirm_neigh(struct dst_entry *dst, const void *daddr)
{
	struct neighbour *n;

	if (!dst->ops->neigh_lookup)
		return;
	n = dst->ops->neigh_lookup(dst, NULL, daddr);
	if (!n)
		return;
	neigh_confirm(n);
	neigh_release(n);
}
