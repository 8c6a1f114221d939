/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GRO and GSO, the part that knows no protocol: the registry of offloads and
 * the buckets of a NAPI in which packets wait for more of their flow.
 */
#include "core/gro.h"

#include <errno.h>

#include "core/dev.h"
#include "core/net.h"

#define MAX_GRO_SKBS 8		/* held in one bucket */

/* Who merges must also say how the headers are made whole again. */
int dev_add_offload(struct net *net, struct packet_offload *po)
{
	struct packet_offload *p;
	int err = 0;

	if (!net || !po || (!po->gro_receive && !po->gso_segment) ||
	    (po->gro_receive && !po->gro_complete))
		return -EINVAL;
	rtnl_lock(net);
	for (p = net->offload_base; p && !err; p = p->next)
		err = p == po ? -EEXIST : 0;
	if (!err) {
		po->next = net->offload_base;
		rcu_assign_pointer(net->offload_base, po);
	}
	rtnl_unlock(net);
	return err;
}

/* Takes @po out and waits until nobody can be inside it. May sleep. */
void dev_remove_offload(struct net *net, struct packet_offload *po)
{
	struct packet_offload **p;

	if (!net || !po)
		return;
	rtnl_lock(net);
	for (p = &net->offload_base; *p; p = &(*p)->next) {
		if (*p == po) {
			rcu_assign_pointer(*p, po->next);
			break;
		}
	}
	rtnl_unlock(net);
	synchronize_rcu(&net->rcu);
}

struct packet_offload *offload_find(struct net *net, __be16 type)
{
	struct packet_offload *po;

	for (po = rcu_dereference(net->offload_base); po;
	     po = rcu_dereference(po->next))
		if (po->type == type)
			return po;
	return NULL;
}

struct sk_buff *skb_mac_gso_segment(struct sk_buff *skb, u64 features)
{
	struct packet_offload *po = offload_find(skb_net(skb), skb->protocol);

	return po && po->gso_segment ? po->gso_segment(skb, features) : NULL;
}

/* Passes one held packet up, its headers made whole again. */
static void napi_gro_complete(struct net *net, struct sk_buff *skb)
{
	struct packet_offload *po;

	if (skb->shinfo->gso_segs > 1) {
		po = offload_find(net, skb->protocol);
		if (!po || !po->gro_complete ||
		    po->gro_complete(skb, skb_network_offset(skb))) {
			kfree_skb_reason(skb, SKB_DROP_REASON_NOT_SPECIFIED);
			return;
		}
	}
	netif_receive_skb(skb);
}

static void gro_flush_bucket(struct net *net, struct gro_list *list)
{
	struct sk_buff *skb = list->head, *next;

	list->head = list->tail = NULL;
	list->count = 0;
	for (; skb; skb = next) {
		next = skb->next;
		skb->next = NULL;
		napi_gro_complete(net, skb);
	}
}

void napi_gro_flush(struct napi_struct *napi)
{
	u32 i;

	if (likely(!napi->gro_bitmask))
		return;
	for (i = 0; i < GRO_HASH_BUCKETS; i++)
		if (napi->gro_bitmask & (1u << i))
			gro_flush_bucket(napi->softnet->net,
					 &napi->gro_hash[i]);
	napi->gro_bitmask = 0;
}

/* Offers @skb to the offload of its ethertype. */
static enum gro_result dev_gro_receive(struct napi_struct *napi,
				       struct packet_offload *po,
				       struct sk_buff *skb)
{
	u32 i = skb_get_hash(skb) % GRO_HASH_BUCKETS;
	struct gro_list *list = &napi->gro_hash[i];
	enum gro_result ret;

	NET_ROAD(napi->softnet->net, skb);
	skb_reset_network_header(skb);
	ret = (enum gro_result)po->gro_receive(&list->head, skb);
	if (ret != GRO_HELD)
		return ret;
	if (list->count >= MAX_GRO_SKBS)
		gro_flush_bucket(napi->softnet->net, list);
	skb->next = list->head;
	list->head = skb;
	list->count++;
	napi->gro_bitmask |= 1u << i;
	return ret;
}

void napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb)
{
	struct net *net = napi->softnet->net;
	struct packet_offload *po;

	NET_ROAD(net, skb);
	if (rcu_dereference(net->offload_base) &&
	    (skb->dev->features & NETIF_F_GRO)) {
		po = offload_find(net, skb->protocol);
		if (po && po->gro_receive &&
		    dev_gro_receive(napi, po, skb) != GRO_NORMAL)
			return;
	}
	netif_receive_skb(skb);
}
