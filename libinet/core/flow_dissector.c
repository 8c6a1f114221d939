/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The flow hash of a packet: keyed, symmetric in nothing, the same for every
 * packet of a flow; fragments hash by addresses alone, so that they stay
 * together. Used to choose queues, softnets and GRO buckets.
 */
#include "core/dev.h"
#include "core/net.h"
#include "lib/byteorder.h"
#include "lib/multilinear.h"
#include "wire/eth.h"
#include "wire/ipv4.h"

#define FLOW_PORTS_LEN 4

/* @len bytes at @off: where they are if they lie in one piece, else copied to
 * @buf. NULL: there are not as many. */
static inline const void *flow_header(const struct sk_buff *skb, u32 off,
				      u32 len, void *buf)
{
	if (likely(off + len <= skb_headlen(skb)))
		return skb->data + off;
	return skb_copy_bits(skb, off, buf, len) ? NULL : buf;
}

/* Ports of a whole TCP or UDP packet, or 0. Reads, never pulls. */
static u32 flow_ports(const struct sk_buff *skb, u32 off,
		      const struct iphdr *iph)
{
	const void *at;
	u32 ports;

	if (iph->protocol != IPPROTO_TCP && iph->protocol != IPPROTO_UDP)
		return 0;
	if (iph->frag_off & cpu_to_be16(IP_MF | IP_OFFSET))
		return 0;
	at = flow_header(skb, off + 4u * (iph->ver_ihl & 15), FLOW_PORTS_LEN,
			 &ports);
	if (!at)
		return 0;
	memcpy(&ports, at, FLOW_PORTS_LEN);
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
	const u64 *key = skb_net(skb)->flow_keys;
	const struct iphdr *iph = NULL;
	struct iphdr buf;
	u32 off = 0;

	if (skb->hash)
		return skb->hash;
	if (skb->data == skb_mac_header(skb) && skb->dev &&
	    skb->dev->hard_header_len == ETH_HLEN)
		off = ETH_HLEN;
	if (likely(skb->protocol == cpu_to_be16(ETH_P_IP)))
		iph = flow_header(skb, off, sizeof(buf), &buf);
	if (unlikely(!iph))
		return flow_hash_set(skb,
				     multilinear_3words(key, skb->protocol, 0,
							0));
	return flow_hash_set(skb, multilinear_3words(key, iph->saddr, iph->daddr,
						     flow_ports(skb, off, iph) ^
						     iph->protocol));
}
