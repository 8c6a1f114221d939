/* SPDX-License-Identifier: BSD-2-Clause */
/* VLAN tags of packets, and which device above another has which. */
#include "core/vlan.h"

#include <errno.h>
#include <string.h>

#include "core/net.h"
#include "core/skbuff.h"

/* ---- the devices above another ---------------------------------------- */

static struct net_device **group_slot(struct net_device **part, u16 vid)
{
	return part ? &part[vid % VLAN_GROUP_PART_LEN] : NULL;
}

struct net_device *vlan_find_dev(const struct net_device *dev, bool stag,
				 u16 vid)
{
	const struct vlan_info *info = rcu_dereference(dev->vlan_info);
	struct net_device **slot;

	if (!info)
		return NULL;
	slot = group_slot(rcu_dereference(info->part[stag]
						    [vid / VLAN_GROUP_PART_LEN]),
			  vid);
	return slot ? rcu_dereference(*slot) : NULL;
}

/* The part of @info for @vlan, made if there is none yet. NULL: no memory. */
static struct net_device **group_part(struct vlan_info *info,
				      const struct net_device *vlan)
{
	const struct vlan_dev_priv *priv = vlan_dev_priv(vlan);
	bool stag = priv->vlan_proto == cpu_to_be16(ETH_P_8021AD);
	struct net_device ***at =
		&info->part[stag][priv->vlan_id / VLAN_GROUP_PART_LEN];
	struct net_device **part = *at;

	if (part)
		return part;
	part = mem_zalloc(&vlan->net->mem, VLAN_GROUP_PART_LEN * sizeof(*part));
	if (part)
		rcu_assign_pointer(*at, part);
	return part;
}

static void group_free(struct net *net, struct vlan_info *info)
{
	for (u32 i = 0; i < 2 * VLAN_GROUP_PARTS; i++) {
		struct net_device **part =
			info->part[i / VLAN_GROUP_PARTS][i % VLAN_GROUP_PARTS];

		if (part)
			mem_free(&net->mem, part,
				 VLAN_GROUP_PART_LEN * sizeof(*part));
	}
	mem_free(&net->mem, info, sizeof(*info));
}

int vlan_group_add(struct net_device *vlan)
{
	struct vlan_dev_priv *priv = vlan_dev_priv(vlan);
	struct net_device *real = priv->real_dev, **part, **slot;
	struct vlan_info *info = real->vlan_info, *fresh = NULL;

	if (!info) {
		info = fresh = mem_zalloc(&vlan->net->mem, sizeof(*info));
		if (!info)
			return -ENOMEM;
	}
	part = group_part(info, vlan);
	slot = group_slot(part, priv->vlan_id);
	if (!slot || *slot) {
		if (fresh)
			group_free(vlan->net, fresh);
		return slot ? -EEXIST : -ENOMEM;
	}
	rcu_assign_pointer(*slot, vlan);
	info->nr_devs++;
	if (fresh)
		rcu_assign_pointer(real->vlan_info, info);
	return 0;
}

void vlan_group_del(struct net_device *vlan)
{
	struct vlan_dev_priv *priv = vlan_dev_priv(vlan);
	struct vlan_info *info = priv->real_dev->vlan_info;
	struct net_device **slot = group_slot(group_part(info, vlan),
					      priv->vlan_id);

	rcu_assign_pointer(*slot, NULL);
	if (--info->nr_devs)
		return;
	rcu_assign_pointer(priv->real_dev->vlan_info, NULL);
	priv->unused = info;
}

void vlan_group_free(struct net_device *vlan)
{
	struct vlan_dev_priv *priv = vlan_dev_priv(vlan);

	if (priv->unused)
		group_free(vlan->net, priv->unused);
	priv->unused = NULL;
}

/* ---- tags ------------------------------------------------------------- */

enum skb_drop_reason skb_vlan_untag(struct sk_buff *skb, __be16 *proto)
{
	const struct ethhdr *eth;
	u8 *mac;

	if (!pskb_may_pull(skb, VLAN_HLEN))
		return SKB_DROP_REASON_VLAN;
	if (skb_cow_head(skb, 0))
		return SKB_DROP_REASON_NOMEM;
	mac = skb_mac_header(skb);
	eth = (const void *)mac;
	skb->vlan_stag = eth->h_proto == cpu_to_be16(ETH_P_8021AD);
	skb->vlan_present = 1;
	skb->vlan_tci = get_unaligned_be16(skb->data);
	memmove(mac + VLAN_HLEN, mac, 2 * ETH_ALEN);
	skb->mac_header += VLAN_HLEN;
	skb_pull(skb, VLAN_HLEN);
	eth = (const void *)skb_mac_header(skb);
	*proto = eth->h_proto;
	/* it no longer is of these octets */
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	return SKB_NOT_DROPPED_YET;
}

int skb_vlan_push(struct sk_buff *skb, __be16 proto, u16 tci)
{
	u8 *frame;
	int err = skb_cow_head(skb, VLAN_HLEN);

	if (err)
		return err;
	frame = skb_push(skb, VLAN_HLEN);
	memmove(frame, frame + VLAN_HLEN, 2 * ETH_ALEN);
	memcpy(frame + 2 * ETH_ALEN, &proto, sizeof(proto));
	put_unaligned_be16(tci, frame + 2 * ETH_ALEN + 2);
	skb_reset_mac_header(skb);
	return 0;
}

bool vlan_do_receive(struct sk_buff *skb)
{
	struct net_device *dev = vlan_find_dev(skb->dev, skb->vlan_stag,
					       skb->vlan_tci & VLAN_VID_MASK);
	const struct ethhdr *eth;

	if (!dev || !netif_running(dev))
		return false;
	NET_ROAD(dev->net, skb);
	eth = (const void *)skb_mac_header(skb);
	skb->dev = dev;
	skb->vlan_present = 0;
	skb->priority = vlan_dev_priv(dev)->ingress[skb->vlan_tci >>
						    VLAN_PRIO_SHIFT];
	/* the device may have an address of its own */
	if (skb->pkt_type == SKB_PACKET_OTHERHOST &&
	    dev_addr_equal(dev, eth->h_dest))
		skb->pkt_type = SKB_PACKET_HOST;
	DEV_STATS_INC(dev, rx_packets);
	DEV_STATS_ADD(dev, rx_bytes, skb->len + ETH_HLEN);
	return true;
}
