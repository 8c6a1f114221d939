/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices without a link header: what they carry begins with the IP header, and
 * whose it is its first four bits say. There are no link addresses, so nobody is
 * asked for one, and all neighbours are one.
 */
#include <inet/netdevice.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "lib/byteorder.h"
#include "wire/eth.h"

#define RAW_IP_MIN_MTU 68
#define RAW_IP_MAX_MTU 65535

void raw_ip_setup(struct net_device *dev)
{
	dev->type = NETDEV_TYPE_NONE;
	dev->mtu = ETH_DATA_LEN;
	dev->min_mtu = RAW_IP_MIN_MTU;
	dev->max_mtu = RAW_IP_MAX_MTU;
	dev->flags = NETDEV_IFF_POINTOPOINT | NETDEV_IFF_NOARP |
		     NETDEV_IFF_MULTICAST;
}

__be16 raw_ip_type_trans(struct sk_buff *skb, struct net_device *dev)
{
	NET_ROAD(dev->net, skb);
	skb->dev = dev;
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb->pkt_type = SKB_PACKET_HOST;
	if (unlikely(!skb_headlen(skb))) {
		DEV_STATS_INC(dev, rx_length_errors);
		skb->drop_reason = SKB_DROP_REASON_RX_SHORT;
		return 0;
	}
	switch (skb->data[0] >> 4) {
	case 4:
		return cpu_to_be16(ETH_P_IP);
	case 6:
		return cpu_to_be16(ETH_P_IPV6);
	default:
		DEV_STATS_INC(dev, rx_frame_errors);
		skb->drop_reason = SKB_DROP_REASON_UNHANDLED_PROTO;
		return 0;
	}
}
