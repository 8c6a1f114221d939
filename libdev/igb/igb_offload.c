/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the card does with a packet beside sending it: the checksum of TCP and UDP
 * over IPv4, cutting TCP, and a VLAN tag. It is told where the headers are by a context
 * descriptor, and believes it: so they are looked at here.
 */
#include "igb/igb.h"

#include <netinet/in.h>

#define IP_OFFSET ETHER_HEADER
#define HEADERS_MAX 512u	/* of a packet that is cut */
#define MSS_MAX 9216u

/* Where the IPv4 header at @ip, with @len bytes, ends; 0: it is none, or part of
 * a datagram. */
static u32 ip_header_len(const u8 *ip, u32 len)
{
	u32 ihl = (ip[0] & 15u) * 4;

	if (ip[0] >> 4 != 4 || ihl < 20 || ihl > len)
		return 0;
	return (get_unaligned_be16(ip + 6) & 0x3fff) ? 0 : ihl;
}

/* The transport whose checksum is open, as the context names it. Return: false:
 * the card knows none like this. */
static bool l4_type(const struct sk_buff *skb, u8 proto, u32 *type)
{
	if (proto == IPPROTO_TCP && skb->csum_offset == 16)
		*type = E1000_ADVTXD_TUCMD_L4T_TCP;
	else if (proto == IPPROTO_UDP && skb->csum_offset == 6)
		*type = E1000_ADVTXD_TUCMD_L4T_UDP;
	else
		return false;
	return true;
}

/* Cutting: behind the headers, which are @l4_off and those of TCP. */
static bool tso_of(const struct sk_buff *skb, u32 l4_off,
		   struct igb_tx_offload *o)
{
	const struct skb_shared_info *si = skb->shinfo;
	u32 l4_len, headers;

	if (!(si->gso_type & SKB_GSO_TCPV4) || skb_headlen(skb) < l4_off + 20)
		return false;
	l4_len = (skb->data[l4_off + 12] >> 4) * 4u;
	headers = l4_off + l4_len;
	if (l4_len < 20 || headers > HEADERS_MAX || headers > skb_headlen(skb) ||
	    headers >= skb->len || si->gso_size > MSS_MAX)
		return false;
	o->mss_l4len_idx = l4_len << E1000_ADVTXD_L4LEN_SHIFT |
			   (u32)si->gso_size << E1000_ADVTXD_MSS_SHIFT;
	o->cmd |= E1000_ADVTXD_DCMD_TSE;
	o->popts |= E1000_ADVTXD_POPTS_IXSM;
	o->paylen = skb->len - headers;
	return true;
}

/* The tag beside @skb is written behind the addresses; it counts nowhere. */
static void tag_of(const struct sk_buff *skb, struct igb_tx_offload *o)
{
	o->context = true;
	o->vlan_macip_lens = (u32)skb->vlan_tci << E1000_ADVTXD_VLAN_SHIFT |
			     IP_OFFSET << E1000_ADVTXD_MACLEN_SHIFT;
	o->type_tucmd_mlhl = E1000_ADVTXD_DTYP_CTXT | E1000_ADVTXD_DCMD_DEXT;
	o->cmd = E1000_ADVTXD_DCMD_VLE;
}

bool igb_tx_offload_of(const struct sk_buff *skb, struct igb_tx_offload *o)
{
	const u8 *frame = skb->data;
	u32 len = skb_headlen(skb), ihl, type, l4_off;

	*o = (struct igb_tx_offload){ .paylen = skb->len };
	if (unlikely(skb->vlan_present))
		tag_of(skb, o);
	if (likely(skb->ip_summed != CHECKSUM_PARTIAL))
		return !skb->shinfo->gso_size;
	if (len < IP_OFFSET + 20 || frame[12] != 0x08 || frame[13] != 0x00)
		return false;
	ihl = ip_header_len(frame + IP_OFFSET, len - IP_OFFSET);
	l4_off = IP_OFFSET + ihl;
	if (!ihl || skb->csum_start != skb_headroom(skb) + l4_off ||
	    len < l4_off + skb->csum_offset + 2u ||
	    !l4_type(skb, frame[IP_OFFSET + 9], &type))
		return false;
	o->context = true;
	o->vlan_macip_lens |= ihl | IP_OFFSET << E1000_ADVTXD_MACLEN_SHIFT;
	o->type_tucmd_mlhl = E1000_ADVTXD_DTYP_CTXT | E1000_ADVTXD_DCMD_DEXT |
			     E1000_ADVTXD_TUCMD_IPV4 | type;
	o->popts = E1000_ADVTXD_POPTS_TXSM;
	return !skb->shinfo->gso_size || tso_of(skb, l4_off, o);
}

u64 igb_features_check(const struct sk_buff *skb,
		       struct net_device *dev __maybe_unused, u64 features)
{
	struct igb_tx_offload o;

	return igb_tx_offload_of(skb, &o) ? features :
	       features & ~(NETIF_F_HW_CSUM | NETIF_F_TSO);
}

/* The sum of two addresses and a protocol, folded, as it lies on the wire. */
static u16 pseudo_sum(const u8 *ip)
{
	u32 sum = ip[9];

	for (u32 i = 12; i < 20; i += 2)
		sum += get_unaligned_be16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)(sum + (sum >> 16));
}

/* The lengths, and so the sums, are those of each segment: the card's. */
int igb_tso_prepare(struct sk_buff *skb)
{
	int err = skb_cow_head(skb, 0);
	u32 ihl;
	u8 *ip;

	if (err)
		return err;
	ip = skb->data + IP_OFFSET;
	ihl = (ip[0] & 15u) * 4;
	put_unaligned_be16(0, ip + 2);
	put_unaligned_be16(0, ip + 10);
	put_unaligned_be16(pseudo_sum(ip), ip + ihl + 16);
	return 0;
}
