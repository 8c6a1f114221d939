/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VLANs, IEEE 802.1Q and 802.1ad: tags of packets, and the devices that have them.
 *
 * On its way a packet has its outermost tag beside it (skb->vlan_tci, valid if
 * vlan_present), whether the card has taken it off or skb_vlan_untag() has. The
 * device of that tag takes it (vlan_do_receive()). What a VLAN device sends has the
 * tag beside it too where the device below writes it (NETIF_F_HW_VLAN_CTAG_TX), and
 * in the frame where not.
 */
#ifndef CORE_VLAN_H
#define CORE_VLAN_H

#include <inet/netdevice.h>

#include "core/dev.h"
#include "lib/byteorder.h"
#include "wire/eth.h"

#define VLAN_N_VID 4096u
#define VLAN_GROUP_PARTS 8u
#define VLAN_GROUP_PART_LEN (VLAN_N_VID / VLAN_GROUP_PARTS)
#define VLAN_NR_PRIO 8u		/* what a tag can say */
#define VLAN_NR_EGRESS 16u	/* priorities of packets that map to those */

/* The VLAN devices above a device, by protocol (802.1Q, 802.1ad) and id. */
struct vlan_info {
	struct net_device **part[2][VLAN_GROUP_PARTS];
	u32 nr_devs;
};

/* priv of a VLAN device. */
struct vlan_dev_priv {
	struct net_device *real_dev;	/* below; referenced */
	__be16 vlan_proto;
	u16 vlan_id;
	u8 depth;			/* VLAN devices below */
	bool own_addr;			/* not that of the one below; rtnl */
	bool promisc, allmulti;		/* that one has them for us; rtnl */
	struct netdev_hw_addr *mc;	/* groups it has joined for us; rtnl */
	struct vlan_info *unused;	/* to be freed with the device */
	u8 egress[VLAN_NR_EGRESS];	/* skb->priority to the tag's */
	u32 ingress[VLAN_NR_PRIO];
};

extern const struct net_device_ops vlan_netdev_ops;
extern const struct pernet_operations vlan_net_ops;

static inline bool is_vlan_dev(const struct net_device *dev)
{
	return dev->netdev_ops == &vlan_netdev_ops;
}

static inline struct vlan_dev_priv *vlan_dev_priv(const struct net_device *dev)
{
	return dev->priv;
}

static inline bool eth_type_vlan(__be16 type)
{
	return type == cpu_to_be16(ETH_P_8021Q) ||
	       type == cpu_to_be16(ETH_P_8021AD);
}

/* ---- vlan_core.c ------------------------------------------------------ */

/* The device above @dev with this tag, or NULL. RCU. */
struct net_device *vlan_find_dev(const struct net_device *dev, bool stag,
				 u16 vid);
/* Enters @vlan where vlan_find_dev() looks. 0, -EEXIST, -ENOMEM. Under rtnl. */
int vlan_group_add(struct net_device *vlan);
/* What is empty afterwards is freed when nobody looks any more. Under rtnl. */
void vlan_group_del(struct net_device *vlan);
/* That moment has come. */
void vlan_group_free(struct net_device *vlan);

/*
 * Takes the tag that follows the addresses out of the frame and puts it beside
 * it; skb->data is behind the tag's ethertype, and behind the inner one
 * afterwards, which is *@proto then. Return: 0, or why it may not go on: the
 * frame ends before, or there is no memory.
 */
enum skb_drop_reason skb_vlan_untag(struct sk_buff *skb, __be16 *proto);
/* The reverse, at the link header. Return: 0 or -ENOMEM. */
int skb_vlan_push(struct sk_buff *skb, __be16 proto, u16 tci);
/* Gives a packet with a tag beside it to the device of that tag. Return: false:
 * there is none, or it is down. Context: RCU. */
bool vlan_do_receive(struct sk_buff *skb);

/* ---- vlan_dev.c ------------------------------------------------------- */

struct inet_vlan_config;

/* The device of VLAN @vid above @real, as inet_vlan_open() says. 0, or -E, most with
 * a sentence. */
int register_vlan_dev(struct net_device *real, u16 vid,
		      const struct inet_vlan_config *config,
		      struct net_device **res);
/* What was changed of @dev is passed on to those above. */
void vlan_transfer_features(struct net_device *dev);
void vlan_transfer_carrier(struct net_device *dev, bool on);

#endif /* CORE_VLAN_H */
