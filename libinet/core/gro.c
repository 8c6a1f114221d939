/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generic receive offload, the part that knows no protocol: the registry of
 * offloads, and the buckets of a NAPI in which packets wait for more of their
 * flow.
 *
 *	napi_gro_receive -> dev_gro_receive -> inet_gro_receive
 *	  -> tcp4_gro_receive -> skb_gro_receive	merged, or held
 *	napi_gro_complete -> netif_receive_skb		what is held goes up:
 *		when its poll ends, when the next one does not fit behind it,
 *		when its bucket is full
 *
 * A bucket holds its oldest packet first. What is held was received in this
 * poll of this NAPI and never outlives it (but for a poll that comes again at
 * once because its budget was used up).
 */
#include "core/gro.h"

#include <errno.h>
#include <string.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "lib/points.h"
#include "wire/eth.h"

#define MAX_GRO_SKBS 8		/* held in one bucket */
#define GRO_MAX_SIZE 65535u	/* the longest IPv4 packet */

/* Who merges must also say how the headers are made whole again. */
int dev_add_offload(struct net *net, struct packet_offload *po)
{
	if (!net || !po || (!po->gro_receive && !po->gso_segment) ||
	    (po->gro_receive && !po->gro_complete))
		return -EINVAL;
	return net_registry_add(net, &net->offload_base, po);
}

void dev_remove_offload(struct net *net, struct packet_offload *po)
{
	if (net && po)
		net_registry_del(net, &net->offload_base, po);
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

/* Passes one held packet up, its headers made whole again. */
static void napi_gro_complete(struct net *net, struct sk_buff *skb)
{
	struct packet_offload *po;

	NET_ROAD(net, skb);
	if (NAPI_GRO_CB(skb)->count > 1) {
		po = offload_find(net, skb->protocol);
		if (!po || !po->gro_complete ||
		    po->gro_complete(skb, skb_network_offset(skb))) {
			kfree_skb_reason(skb, SKB_DROP_REASON_NOT_SPECIFIED);
			return;
		}
	}
	netif_receive_skb(skb);
}

static void gro_list_add(struct gro_list *list, struct sk_buff *skb)
{
	skb->next = NULL;
	if (list->tail)
		list->tail->next = skb;
	else
		list->head = skb;
	list->tail = skb;
	list->count++;
}

static void gro_list_del(struct gro_list *list, struct sk_buff *skb)
{
	struct sk_buff **p, *prev = NULL;

	for (p = &list->head; *p != skb; p = &(*p)->next)
		prev = *p;
	*p = skb->next;
	if (list->tail == skb)
		list->tail = prev;
	skb->next = NULL;
	list->count--;
}

/* Takes @skb out of its bucket and passes it up. */
static void gro_list_pass(struct net *net, struct gro_list *list,
			  struct sk_buff *skb)
{
	gro_list_del(list, skb);
	napi_gro_complete(net, skb);
}

/* What is held of the flow of a packet that goes up came before it. */
static void gro_list_pass_flow(struct net *net, struct gro_list *list, u32 hash)
{
	struct sk_buff *p, *next;

	for (p = list->head; p; p = next) {
		next = p->next;
		if (NAPI_GRO_CB(p)->hash == hash)
			gro_list_pass(net, list, p);
	}
}

void napi_gro_flush(struct napi_struct *napi)
{
	struct net *net = napi->softnet->net;
	u32 i;

	if (likely(!napi->gro_bitmask))
		return;
	for (i = 0; i < GRO_HASH_BUCKETS; i++)
		while (napi->gro_hash[i].head)
			gro_list_pass(net, &napi->gro_hash[i],
				      napi->gro_hash[i].head);
	napi->gro_bitmask = 0;
}

/* As memcmp() == 0, of a link header: one is nearly always of one length. */
static inline bool gro_same_bytes(const u8 *a, const u8 *b, u32 len)
{
	u64 a0, a1, b0, b1;

	if (unlikely(len != ETH_HLEN))
		return !memcmp(a, b, len);
	memcpy(&a0, a, sizeof(a0));
	memcpy(&b0, b, sizeof(b0));
	memcpy(&a1, a + ETH_HLEN - sizeof(a1), sizeof(a1));
	memcpy(&b1, b + ETH_HLEN - sizeof(b1), sizeof(b1));
	return !((a0 ^ b0) | (a1 ^ b1));
}

/* What the link tells of the flow: the same device, addresses and tag. */
static bool gro_same_link(const struct sk_buff *p, const struct sk_buff *skb)
{
	u32 len = skb_network_header(skb) - skb_mac_header(skb);

	return NAPI_GRO_CB(p)->hash == NAPI_GRO_CB(skb)->hash &&
	       p->dev == skb->dev && p->protocol == skb->protocol &&
	       p->vlan_present == skb->vlan_present &&
	       p->vlan_tci == skb->vlan_tci && p->vlan_stag == skb->vlan_stag &&
	       skb_network_header(p) - skb_mac_header(p) == len &&
	       gro_same_bytes(skb_mac_header(p), skb_mac_header(skb), len);
}

/* Which of those held may be of the flow of @skb. */
static void gro_list_prepare(struct gro_list *list, struct sk_buff *skb)
{
	struct sk_buff *p;

	for (p = list->head; p; p = p->next) {
		NAPI_GRO_CB(p)->same_flow = gro_same_link(p, skb);
		NAPI_GRO_CB(p)->flush = 0;
	}
}

int skb_gro_receive(struct sk_buff *p, struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb->shinfo;
	u32 off = NAPI_GRO_CB(skb)->data_offset, i;
	u32 head = skb_headlen(skb) - off;

	if (si->frag_list || p->shinfo->frag_list ||
	    p->len + skb->len - off > GRO_MAX_SIZE ||
	    p->shinfo->nr_frags + si->nr_frags + 1 > MAX_SKB_FRAGS)
		return -E2BIG;
	if (head && skb_add_frag(p, skb->shinfo,
				 (u32)(skb->data + off - skb->head), head))
		return -ENOMEM;
	if (likely(head && !si->nr_frags && skb_may_steal_head(skb)))
		NAPI_GRO_CB(skb)->stolen = 1;
	else if (head)
		frame_get(skb->shinfo);
	for (i = 0; i < si->nr_frags; i++)
		if (skb_add_frag_ref(p, si->frags[i].frame, si->frags[i].off,
				     si->frags[i].len))
			return -ENOMEM;
	INET_PROBE(GRO_MERGED);
	NAPI_GRO_CB(p)->count++;
	NAPI_GRO_CB(skb)->same_flow = 1;
	return 0;
}

/* Offers @skb to the offload of its ethertype. Return: whether it was merged
 * or is held; if not it is still the caller's. */
static bool dev_gro_receive(struct napi_struct *napi,
			    struct packet_offload *po, struct sk_buff *skb)
{
	struct net *net = napi->softnet->net;
	u32 hash = skb_get_hash(skb), i = hash % GRO_HASH_BUCKETS;
	struct gro_list *list = &napi->gro_hash[i];
	struct sk_buff *pass;

	NET_ROAD(net, skb);
	*NAPI_GRO_CB(skb) = (struct napi_gro_cb){ .count = 1, .hash = hash };
	skb_reset_network_header(skb);
	gro_list_prepare(list, skb);
	pass = po->gro_receive(list->head, skb);
	if (pass)
		gro_list_pass(net, list, pass);
	if (NAPI_GRO_CB(skb)->same_flow) {
		if (likely(NAPI_GRO_CB(skb)->stolen))
			skb_free_stolen_head(skb);
		else
			consume_skb(skb);
		return true;
	}
	if (NAPI_GRO_CB(skb)->flush) {
		gro_list_pass_flow(net, list, hash);
		return false;
	}
	if (list->count >= MAX_GRO_SKBS)
		gro_list_pass(net, list, list->head);
	gro_list_add(list, skb);
	napi->gro_bitmask |= 1u << i;
	return true;
}

void napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb)
{
	struct packet_offload *po;

	NET_ROAD(napi->softnet->net, skb);
	skb->queue_mapping = (u16)napi->queue;
	if ((data_race(skb->dev->features) & NETIF_F_GRO) && likely(!skb->drop_reason) &&
	    !skb->shinfo->gso_size) {
		po = offload_find(napi->softnet->net, skb->protocol);
		if (po && po->gro_receive &&
		    dev_gro_receive(napi, po, skb))
			return;
	} else if (unlikely(napi->gro_bitmask)) {
		/* what is held of its flow came before it */
		napi_gro_flush(napi);
	}
	netif_receive_skb(skb);
}
