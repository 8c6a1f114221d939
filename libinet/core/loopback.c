/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lo: what is sent comes back through the softnet backlog. Every stack has
 * one, since local routes point at it.
 */
#include <errno.h>

#include <inet/netdevice.h>

#include "core/dev.h"
#include "core/dst.h"
#include "core/net.h"
#include "core/skbuff.h"

#define LOOPBACK_MTU 65536

/* What goes out comes in again: ndo_start_xmit of lo. */
static enum netdev_tx loopback_xmit(struct sk_buff *skb, struct net_device *dev)
{
	u32 len = skb->len;

	NET_ROAD(dev->net, skb);
	skb->tstamp = 0;	/* no longer its departure */
	skb_orphan(skb);
	skb_dst_force(skb);
	skb->protocol = eth_type_trans(skb, dev);
	/* It never touched a wire: its checksum cannot have gone wrong. */
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	DEV_STATS_INC(dev, rx_packets);
	DEV_STATS_ADD(dev, rx_bytes, len);
	netif_rx(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops loopback_ops = {
	.ndo_start_xmit = loopback_xmit,
};

static void loopback_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->type = NETDEV_TYPE_LOOPBACK;
	dev->flags = NETDEV_IFF_LOOPBACK;
	dev->mtu = LOOPBACK_MTU;
	dev->min_mtu = 68;
	dev->max_mtu = LOOPBACK_MTU;
	dev->tx_queue_len = 0;
	dev->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_RXCSUM |
			NETIF_F_GSO_UDP_L4 | NETIF_F_LOOPBACK;
	dev->netdev_ops = &loopback_ops;
}

/* Every stack has its own lo from the beginning. */
static int loopback_net_init(struct net *net)
{
	struct net_device *dev = alloc_netdev(net, 0, "lo", loopback_setup);
	int err;

	if (!dev)
		return -ENOMEM;
	err = register_netdevice(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	net->loopback_dev = dev;
	return 0;
}

const struct pernet_operations loopback_net_ops = {
	.name = "lo",
	.init = loopback_net_init,
};
