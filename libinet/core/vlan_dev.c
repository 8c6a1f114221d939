/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VLAN devices: each stands above an Ethernet device and has its packets of one tag.
 *
 * Theory of operation. A VLAN device has no queue: ndo_start_xmit() gives the packet
 * its tag and hands it to dev_queue_xmit() of the device below, in whatever thread
 * sends (NETIF_F_LLTX), and says what that one said. Where the device below writes
 * tags itself the VLAN device has its other features too, and whole packets go
 * down; where not they are cut and summed first, above the tag.
 *
 * What is set below holds above (vlan_device_event()): it goes up and down with
 * the device below, has its carrier, its address unless it was given one, an MTU
 * that is no greater, and ends with it. What is wanted above is asked for below:
 * groups, promiscuity, an address of its own, in vlan_sync_filter().
 *
 * Context: but for sending everything here is under rtnl.
 */
#include "core/vlan.h"

#include <errno.h>
#include <inet/control.h>
#include <stdio.h>
#include <string.h>

#include "core/net.h"
#include "core/skbuff.h"

/* What the device below does for packets with tags, where it writes them. */
#define VLAN_FEATURES (NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_TSO_ECN | \
		       NETIF_F_GSO_UDP_L4)

/* ---- sending ---------------------------------------------------------- */

static bool writes_tag(const struct net_device *dev, __be16 proto)
{
	return (READ_ONCE(dev->features) & NETIF_F_HW_VLAN_CTAG_TX) &&
	       proto == cpu_to_be16(ETH_P_8021Q);
}

/* The tag beside @skb, where the device below writes it, or in it. 0, -EINVAL (it is
 * no frame), -ENOMEM. */
static int put_tag(struct sk_buff *skb, const struct vlan_dev_priv *vlan)
{
	u16 tci = (u16)(vlan->egress[skb->priority % VLAN_NR_EGRESS] <<
			VLAN_PRIO_SHIFT | vlan->vlan_id);

	if (unlikely(!pskb_may_pull(skb, ETH_HLEN)))
		return -EINVAL;
	if (!writes_tag(vlan->real_dev, vlan->vlan_proto))
		return skb_vlan_push(skb, vlan->vlan_proto, tci);
	skb->vlan_tci = tci;
	skb->vlan_stag = 0;
	skb->vlan_present = 1;
	return 0;
}

/* ndo_start_xmit. Return: what dev_queue_xmit() says below. */
static enum netdev_tx vlan_dev_hard_start_xmit(struct sk_buff *skb,
					       struct net_device *dev)
{
	const struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	u32 len = skb->len;
	int ret;

	NET_ROAD(dev->net, skb);
	ret = put_tag(skb, vlan);
	if (unlikely(ret)) {
		DEV_STATS_INC(dev, tx_dropped);
		kfree_skb_reason(skb, ret == -ENOMEM ? SKB_DROP_REASON_NOMEM :
				 SKB_DROP_REASON_XMIT_ERROR);
		return (enum netdev_tx)NET_XMIT_DROP;
	}
	skb->dev = vlan->real_dev;
	ret = dev_queue_xmit(skb);
	if (ret == NET_XMIT_SUCCESS || ret == NET_XMIT_CN) {
		DEV_STATS_INC(dev, tx_packets);
		DEV_STATS_ADD(dev, tx_bytes, len);
	} else {
		DEV_STATS_INC(dev, tx_dropped);
	}
	return (enum netdev_tx)ret;
}

/* ---- what it wants of the device below -------------------------------- */

/* Of @list, the one with the address of @mc; NULL: none. */
static struct netdev_hw_addr *mc_of(struct netdev_hw_addr *list,
				    const struct netdev_hw_addr *mc)
{
	while (list && memcmp(list->addr, mc->addr, ETH_ALEN))
		list = list->next;
	return list;
}

/* Leaves groups that nobody wants any more: all if @all. */
static void mc_leave(struct net_device *dev, bool all)
{
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	struct netdev_hw_addr **p = &vlan->mc, *mc;

	while ((mc = *p)) {
		if (!all && mc_of(dev->mc, mc)) {
			p = &mc->next;
			continue;
		}
		*p = mc->next;
		dev_mc_del(vlan->real_dev, mc->addr);
		mem_free(&dev->net->mem, mc, sizeof(*mc));
	}
}

/* Joins those that are new. One that there is no memory for is tried again with
 * the next change. */
static void mc_join(struct net_device *dev)
{
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	struct netdev_hw_addr *mc, *ours;

	for (mc = dev->mc; mc; mc = mc->next) {
		if (mc_of(vlan->mc, mc))
			continue;
		ours = mem_zalloc(&dev->net->mem, sizeof(*ours));
		if (!ours)
			return;
		if (dev_mc_add(vlan->real_dev, mc->addr)) {
			mem_free(&dev->net->mem, ours, sizeof(*ours));
			return;
		}
		memcpy(ours->addr, mc->addr, sizeof(ours->addr));
		ours->next = vlan->mc;
		vlan->mc = ours;
	}
}

/* Brings the filter below in line with what is wanted here, if it is @up. A station
 * address that is not the device's own passes one that is promiscuous. */
static void vlan_sync_filter(struct net_device *dev, bool up)
{
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	bool promisc = up && (vlan->own_addr ||
			      (dev->flags & NETDEV_IFF_PROMISC));
	bool allmulti = up && (dev->flags & NETDEV_IFF_ALLMULTI);

	if (promisc != vlan->promisc)
		dev_set_promiscuity(vlan->real_dev, promisc ? 1 : -1);
	if (allmulti != vlan->allmulti)
		dev_set_allmulti(vlan->real_dev, allmulti ? 1 : -1);
	vlan->promisc = promisc;
	vlan->allmulti = allmulti;
	mc_leave(dev, !up);
	if (up)
		mc_join(dev);
}

static void vlan_dev_set_rx_mode(struct net_device *dev)
{
	vlan_sync_filter(dev, true);
}

/* ---- up, down, and what can be set ------------------------------------ */

static int vlan_dev_open(struct net_device *dev)
{
	struct net_device *real = vlan_dev_priv(dev)->real_dev;

	if (!netif_running(real))
		return net_error(dev->net, -ENETDOWN, "%s: %s is down",
				 dev->name, real->name);
	vlan_sync_filter(dev, true);
	return 0;
}

static int vlan_dev_stop(struct net_device *dev)
{
	vlan_sync_filter(dev, false);
	return 0;
}

static int vlan_dev_change_mtu(struct net_device *dev, u32 new_mtu)
{
	struct net_device *real = vlan_dev_priv(dev)->real_dev;

	if (new_mtu <= real->mtu)
		return 0;
	return net_error(dev->net, -ERANGE, "%s: mtu %u: that of %s is %u",
			 dev->name, new_mtu, real->name, real->mtu);
}

static int vlan_dev_set_mac_address(struct net_device *dev, const u8 *addr)
{
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);

	vlan->own_addr = !dev_addr_equal(vlan->real_dev, addr);
	if (netif_running(dev))
		vlan_sync_filter(dev, true);
	return 0;
}

/* Does @dev have a filter of 802.1Q that is to know of this one? */
static bool filters(const struct net_device *dev, __be16 proto)
{
	return ((dev->hw_features | dev->features) &
		NETIF_F_HW_VLAN_CTAG_FILTER) &&
	       proto == cpu_to_be16(ETH_P_8021Q);
}

static void vlan_vid_del(const struct vlan_dev_priv *vlan)
{
	struct net_device *real = vlan->real_dev;

	if (filters(real, vlan->vlan_proto) &&
	    real->netdev_ops->ndo_vlan_rx_kill_vid)
		real->netdev_ops->ndo_vlan_rx_kill_vid(real, vlan->vlan_id);
}

static int vlan_vid_add(const struct vlan_dev_priv *vlan)
{
	struct net_device *real = vlan->real_dev;

	if (!filters(real, vlan->vlan_proto) ||
	    !real->netdev_ops->ndo_vlan_rx_add_vid)
		return 0;
	return real->netdev_ops->ndo_vlan_rx_add_vid(real, vlan->vlan_id);
}

/* Nobody looks for it any more. */
static void vlan_dev_uninit(struct net_device *dev)
{
	vlan_group_free(dev);
	dev_put(vlan_dev_priv(dev)->real_dev);
}

const struct net_device_ops vlan_netdev_ops = {
	.ndo_open = vlan_dev_open,
	.ndo_stop = vlan_dev_stop,
	.ndo_start_xmit = vlan_dev_hard_start_xmit,
	.ndo_set_mac_address = vlan_dev_set_mac_address,
	.ndo_change_mtu = vlan_dev_change_mtu,
	.ndo_set_rx_mode = vlan_dev_set_rx_mode,
	.ndo_uninit = vlan_dev_uninit,
};

/* ---- what happens below ----------------------------------------------- */

static bool stands_above(const struct net_device *dev,
			 const struct net_device *real)
{
	return is_vlan_dev(dev) && vlan_dev_priv(dev)->real_dev == real;
}

static void set_features(struct net_device *dev)
{
	const struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	u64 below = READ_ONCE(vlan->real_dev->features);
	u64 features = writes_tag(vlan->real_dev, vlan->vlan_proto) ?
		       below & VLAN_FEATURES : below & NETIF_F_SG;

	WRITE_ONCE(dev->features, features | NETIF_F_LLTX | NETIF_F_RXCSUM |
		   (dev->features & (NETIF_F_GSO | NETIF_F_GRO)));
}

/* What stands above one above @dev has it all from that one. */
void vlan_transfer_features(struct net_device *dev)
{
	struct net_device *d;

	if (!dev->vlan_info)
		return;
	for_each_netdev_rcu(dev->net, d)
		if (stands_above(d, dev))
			set_features(d);
}

/* Any context: two VLAN devices are one above the other at most. */
void vlan_transfer_carrier(struct net_device *dev, bool on)
{
	struct net_device *d;

	rcu_read_lock(&dev->net->rcu);
	for_each_netdev_rcu(dev->net, d) {
		if (!stands_above(d, dev))
			continue;
		if (on)
			netif_carrier_on(d);
		else
			netif_carrier_off(d);
	}
	rcu_read_unlock(&dev->net->rcu);
}

/* @event of the device below @dev. */
static void vlan_below_event(struct net_device *dev, int event)
{
	const struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	struct net_device *real = vlan->real_dev;

	switch (event) {
	case NETDEV_UP:
		/* one that cannot go up has said so */
		dev_open(dev);
		break;
	case NETDEV_GOING_DOWN:
		dev_close(dev);
		break;
	case NETDEV_CHANGEMTU:
		if (dev->mtu > real->mtu)
			dev_set_mtu(dev, real->mtu);
		break;
	case NETDEV_CHANGEADDR:
		if (!vlan->own_addr || dev_addr_equal(dev, real->dev_addr))
			dev_set_mac_address(dev, real->dev_addr);
		break;
	default:
		break;
	}
}

/* The device ends before the one below it does. */
static void vlan_unregister_above(struct net_device *real)
{
	struct net_device *d, *next;

	for (d = real->net->dev_base; d; d = next) {
		next = d->next;
		if (!stands_above(d, real))
			continue;
		unregister_netdevice(d);
		next = real->net->dev_base;	/* others went with it */
	}
}

/* Of @dev: its own end takes it from the group below it, all else is told to those
 * above it. */
static int vlan_device_event(struct net *net, int event, struct net_device *dev)
{
	struct net_device *d;

	if (event == NETDEV_UNREGISTER && is_vlan_dev(dev)) {
		vlan_vid_del(vlan_dev_priv(dev));
		vlan_group_del(dev);
	}
	if (!dev->vlan_info)
		return 0;
	if (event == NETDEV_UNREGISTER) {
		vlan_unregister_above(dev);
		return 0;
	}
	for (d = net->dev_base; d; d = d->next)
		if (stands_above(d, dev))
			vlan_below_event(d, event);
	return 0;
}

static int vlan_net_init(struct net *net)
{
	return register_netdevice_notifier(net, vlan_device_event);
}

const struct pernet_operations vlan_net_ops = {
	.name = "VLAN devices",
	.init = vlan_net_init,
};

/* ---- opening ---------------------------------------------------------- */

static void vlan_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->tx_queue_len = 0;
	dev->netdev_ops = &vlan_netdev_ops;
}

/* What is wrong with it. Return: 0 or -E with a sentence. */
static int vlan_check(struct net_device *real, u16 vid,
		      const struct inet_vlan_config *c)
{
	const char *what = NULL;
	int err = -EINVAL;

	if (real->type != NETDEV_TYPE_ETHER)
		what = "it has no Ethernet";
	else if (vid >= VLAN_N_VID - 1)
		what = "VLAN ids go from 0 to 4094", err = -ERANGE;
	else if (c->proto && c->proto != ETH_P_8021Q && c->proto != ETH_P_8021AD)
		what = "proto: 0x8100 or 0x88a8";
	else if (c->mac[0] & 1)
		what = "mac: a station's address cannot be multicast";
	else if (is_vlan_dev(real) &&
		 vlan_dev_priv(real)->depth + 2u > VLAN_MAX_DEPTH)
		what = "there are tags enough", err = -EMLINK;
	for (u32 i = 0; i < VLAN_NR_EGRESS; i++)
		if (!what && c->egress[i] >= VLAN_NR_PRIO)
			what = "egress: priorities of tags go from 0 to 7";
	return what ? net_error(real->net, err, "%s: VLAN %u: %s", real->name,
				vid, what) : 0;
}

/* All that the device is but its place. */
static void vlan_fill(struct net_device *dev, struct net_device *real, u16 vid,
		      const struct inet_vlan_config *c)
{
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);

	vlan->real_dev = real;
	vlan->vlan_proto = cpu_to_be16(c->proto ? c->proto : ETH_P_8021Q);
	vlan->vlan_id = vid;
	vlan->depth = is_vlan_dev(real) ?
		      (u8)(vlan_dev_priv(real)->depth + 1) : 0;
	memcpy(vlan->egress, c->egress, sizeof(vlan->egress));
	memcpy(vlan->ingress, c->ingress, sizeof(vlan->ingress));
	vlan->own_addr = !is_zero_ether_addr(c->mac) &&
			 !dev_addr_equal(real, c->mac);
	dev_addr_copy(dev->dev_addr, real, ETH_ALEN);
	if (vlan->own_addr)
		memcpy(dev->dev_addr, c->mac, ETH_ALEN);
	dev->mtu = real->mtu;
	dev->min_mtu = real->min_mtu;
	dev->max_mtu = real->max_mtu;
	dev->needed_headroom = real->needed_headroom + VLAN_HLEN;
	dev->carrier = READ_ONCE(real->carrier);
	set_features(dev);
}

/* Into the stack. 0 or -E with a sentence; then it still is the caller's. */
static int vlan_register(struct net_device *dev)
{
	struct vlan_dev_priv *vlan = vlan_dev_priv(dev);
	int err = vlan_group_add(dev);

	if (err == -EEXIST)
		return net_error(dev->net, err, "%s: VLAN %u: it has a device",
				 vlan->real_dev->name, vlan->vlan_id);
	if (err)
		return err;
	err = vlan_vid_add(vlan);
	if (!err) {
		err = register_netdevice(dev);
		if (!err) {
			dev_hold(vlan->real_dev);
			return 0;
		}
		vlan_vid_del(vlan);
	}
	vlan_group_del(dev);
	synchronize_rcu(&dev->net->rcu);
	vlan_group_free(dev);
	return err;
}

static int vlan_no_memory(const struct net_device *real, u16 vid)
{
	return net_error(real->net, -ENOMEM, "%s: VLAN %u: out of memory",
			 real->name, vid);
}

int register_vlan_dev(struct net_device *real, u16 vid,
		      const struct inet_vlan_config *c, struct net_device **res)
{
	char by_default[INET_IFNAMSIZ + 8];
	const char *name = c->name && c->name[0] ? c->name : by_default;
	struct net_device *dev;
	int err = vlan_check(real, vid, c);

	if (err)
		return err;
	snprintf(by_default, sizeof(by_default), "%s.%u", real->name, vid);
	dev = alloc_netdev(real->net, sizeof(struct vlan_dev_priv), name,
			   vlan_setup);
	if (!dev && strlen(name) >= INET_IFNAMSIZ)
		return -EINVAL;		/* it has said so */
	if (!dev)
		return vlan_no_memory(real, vid);
	rtnl_lock(real->net);
	vlan_fill(dev, real, vid, c);
	err = vlan_register(dev);
	rtnl_unlock(real->net);
	if (!err)
		*res = dev;
	else
		free_netdev(dev);
	return err == -ENOMEM ? vlan_no_memory(real, vid) : err;
}
