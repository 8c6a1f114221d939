/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flow hash of a packet: keyed, symmetric in nothing, the same for every
 * packet of a flow; fragments hash by addresses alone, so that they stay
 * together. Used to choose queues, softnets and GRO buckets.
 */
#include "core/dev.h"
#include "core/net.h"
#include "lib/byteorder.h"
#include "lib/jhash.h"
#include "wire/eth.h"
#include "wire/ipv4.h"

#define FLOW_PORTS_LEN 4

/* Ports of a whole TCP or UDP packet, or 0. Reads, never pulls. */
static u32 flow_ports(const struct sk_buff *skb, u32 off,
		      const struct iphdr *iph)
{
	u32 ports;

	if (iph->protocol != IPPROTO_TCP && iph->protocol != IPPROTO_UDP)
		return 0;
	if (iph->frag_off & cpu_to_be16(IP_MF | IP_OFFSET))
		return 0;
	if (skb_copy_bits(skb, off + 4u * (iph->ver_ihl & 15), &ports,
			  FLOW_PORTS_LEN))
		return 0;
	return ports;
}

/* 0 is kept for "not computed"; every other bit chooses. */
static u32 flow_hash_set(struct sk_buff *skb, u32 hash)
{
	skb->hash = hash ? hash : 1;
	return skb->hash;
}

/* Context: any; @skb at or before its network header by mac_header. */
u32 skb_get_hash(struct sk_buff *skb)
{
	u32 secret = skb_net(skb)->hash_secret;
	struct iphdr iph;
	u32 off = 0;

	if (skb->hash)
		return skb->hash;
	if (skb->data == skb_mac_header(skb) && skb->dev &&
	    skb->dev->hard_header_len == ETH_HLEN)
		off = ETH_HLEN;
	if (skb->protocol != cpu_to_be16(ETH_P_IP) ||
	    skb_copy_bits(skb, off, &iph, sizeof(iph)))
		return flow_hash_set(skb, jhash_2words((u32)skb->protocol, 0,
						       secret));
	return flow_hash_set(skb, jhash_3words((u32)iph.saddr, (u32)iph.daddr,
					       flow_ports(skb, off, &iph) ^
					       iph.protocol, secret));
}
