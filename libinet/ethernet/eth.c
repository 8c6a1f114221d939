/* SPDX-License-Identifier: BSD-2-Clause */
/* Ethernet: what makes a net_device an Ethernet device. */
#include <errno.h>
#include <string.h>

#include <inet/netdevice.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "core/vlan.h"
#include "lib/byteorder.h"
#include "wire/eth.h"
#include "wire/reason.h"

#define ETH_MAX_MTU 65535

/*
 * header_ops.create of Ethernet. Return: the length, negative when the
 * destination is still to be filled in.
 */
static int eth_header(struct sk_buff *skb, struct net_device *dev,
		      unsigned int type, const void *daddr, const void *saddr,
		      unsigned int len)
{
	struct ethhdr *eth = skb_push(skb, ETH_HLEN);

	(void)len;
	eth->h_proto = cpu_to_be16((u16)type);
	if (saddr)
		memcpy(eth->h_source, saddr, ETH_ALEN);
	else
		dev_addr_copy(eth->h_source, dev, ETH_ALEN);
	if (daddr) {
		memcpy(eth->h_dest, daddr, ETH_ALEN);
		return ETH_HLEN;
	}
	memset(eth->h_dest, 0, ETH_ALEN);
	return READ_ONCE(dev->flags) & (NETDEV_IFF_LOOPBACK | NETDEV_IFF_NOARP) ?
	       ETH_HLEN : -ETH_HLEN;
}

static int eth_header_parse(const struct sk_buff *skb, u8 *haddr)
{
	memcpy(haddr, ((struct ethhdr *)skb_mac_header(skb))->h_source,
	       ETH_ALEN);
	return ETH_ALEN;
}

static const struct header_ops eth_header_ops = {
	.create = eth_header,
	.parse = eth_header_parse,
};

void ether_setup(struct net_device *dev)
{
	dev->type = NETDEV_TYPE_ETHER;
	dev->header_ops = &eth_header_ops;
	dev->hard_header_len = ETH_HLEN;
	dev->addr_len = ETH_ALEN;
	dev->mtu = ETH_DATA_LEN;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = ETH_DATA_LEN;
	dev->flags = NETDEV_IFF_BROADCAST | NETDEV_IFF_MULTICAST;
	memset(dev->broadcast, 0xff, ETH_ALEN);
}

void eth_hw_addr_random(struct net_device *dev)
{
	net_random_bytes(dev->net, dev->dev_addr, ETH_ALEN);
	dev->dev_addr[0] &= 0xfe;	/* a station */
	dev->dev_addr[0] |= 0x02;	/* locally administered */
}

static u8 eth_pkt_type(const struct net_device *dev, const u8 *dest)
{
	if (likely(dev_addr_equal(dev, dest)))
		return SKB_PACKET_HOST;
	if (!is_multicast_ether_addr(dest))
		return SKB_PACKET_OTHERHOST;
	return is_broadcast_ether_addr(dest) ? SKB_PACKET_BROADCAST :
	       SKB_PACKET_MULTICAST;
}

/* The drop reason for what wire/eth.c refused. */
static enum skb_drop_reason eth_reason(int err)
{
	switch (-err) {
	case WIRE_LLC:
	case WIRE_TOT_LEN:	/* 802.3 */
		return SKB_DROP_REASON_LLC;
	default:
		return SKB_DROP_REASON_RX_SHORT;
	}
}

/* A frame that is not plain Ethernet II: 802.3 with SNAP, VLAN tags. @skb is
 * behind the header. Return: its ethertype; sets skb->drop_reason when it may
 * not go on. */
static __be16 eth_type_slow(struct sk_buff *skb)
{
	const struct ethhdr *eth = (const void *)skb_mac_header(skb);
	__be16 proto = eth->h_proto;
	enum skb_drop_reason reason;
	struct eth_info info;
	int err;

	/* what the next tag is about finds out who has the first */
	if (eth_type_vlan(proto) && !skb->vlan_present) {
		reason = skb_vlan_untag(skb, &proto);
		if (reason)
			skb->drop_reason = (u8)reason;
	}
	if (skb->drop_reason || be16_to_cpu(proto) >= ETH_P_802_3_MIN)
		return proto;

	/* an 802.3 length is about all pieces of the frame */
	if (skb_linearize(skb)) {
		skb->drop_reason = SKB_DROP_REASON_NOMEM;
		return 0;
	}
	err = eth_parse(skb_mac_header(skb), ETH_HLEN + skb_headlen(skb),
			&info);
	if (err) {
		skb->drop_reason = (u8)eth_reason(err);
		return 0;
	}
	skb_pull(skb, info.hdr_len - ETH_HLEN);
	(void)pskb_trim(skb, info.payload_len);	/* it is linear */
	return info.proto;
}

/* No header at all. */
static __noinline __be16 eth_too_short(struct sk_buff *skb,
				       struct net_device *dev)
{
	DEV_STATS_INC(dev, rx_length_errors);
	skb->drop_reason = SKB_DROP_REASON_RX_SHORT;
	return 0;
}

__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev)
{
	const struct ethhdr *eth = (const struct ethhdr *)skb->data;

	NET_ROAD(dev->net, skb);
	skb->dev = dev;
	skb_reset_mac_header(skb);
	if (unlikely(skb_headlen(skb) < ETH_HLEN))
		return eth_too_short(skb, dev);
	skb->len -= ETH_HLEN;
	skb->data += ETH_HLEN;
	skb->pkt_type = eth_pkt_type(dev, eth->h_dest);
	if (unlikely(is_multicast_ether_addr(eth->h_source) ||
		     (dev_addr_equal(dev, eth->h_source) &&
		      !(READ_ONCE(dev->flags) & NETDEV_IFF_LOOPBACK)))) {
		skb->drop_reason = SKB_DROP_REASON_L2_SOURCE;
		return eth->h_proto;
	}
	if (likely(eth->h_proto == cpu_to_be16(ETH_P_IP) ||
		   eth->h_proto == cpu_to_be16(ETH_P_ARP)))
		return eth->h_proto;
	return eth_type_slow(skb);
}
