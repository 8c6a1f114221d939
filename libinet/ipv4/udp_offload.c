/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP with many datagrams at once.
 *
 * GSO: what udp_sendmsg() was given with UDP_SEGMENT is cut into the datagrams
 * that would have been sent one by one. The header of the whole packet says the
 * length of it all, and its checksum field holds the sum of the pseudo-header:
 * from that of each datagram follows, whatever addresses it was made for (a
 * source route does not show them).
 */
#include "core/gro.h"
#include "ipv4/ip.h"
#include "ipv4/udp.h"
#include "lib/byteorder.h"
#include "lib/checksum.h"

/* ---- sending ---------------------------------------------------------- */

/* The sum of the payload of a datagram, which is one frame's (SKBTX_FRAG_CSUM):
 * its own, or the one that hangs behind its headers. */
static __wsum udp_gso_payload_sum(const struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb->shinfo;

	return si->nr_frags ? si->frags[0].frame->csum : si->csum;
}

/* Length and checksum of one datagram, or what the device needs to fill it in.
 * @pseudo: the sum of the pseudo-header without the length. @summed: its payload
 * was summed before. */
static void udp_gso_header(struct sk_buff *skb, u64 features, __wsum pseudo,
			   bool summed)
{
	u32 off = (u32)skb_transport_offset(skb);
	struct udphdr *uh = (struct udphdr *)(void *)skb_transport_header(skb);
	__wsum sum;

	uh->len = cpu_to_be16((u16)(skb->len - off));
	pseudo = csum_add(pseudo, (__wsum)uh->len);
	if (features & NETIF_F_HW_CSUM) {
		uh->check = (__sum16)~csum_fold(pseudo);
		skb->csum_start = skb->transport_header;
		skb->csum_offset = offsetof(struct udphdr, check);
		skb->ip_summed = CHECKSUM_PARTIAL;
		return;
	}
	uh->check = 0;
	sum = summed ? csum_partial(uh, UDP_HLEN, udp_gso_payload_sum(skb)) :
		       skb_checksum(skb, off, skb->len - off, 0);
	uh->check = udp_mangle_zero(csum_fold(csum_add(pseudo, sum)));
	skb->ip_summed = CHECKSUM_NONE;
}

/* net_offload.gso_segment. */
static struct sk_buff *udp4_gso_segment(struct sk_buff *skb, u64 features)
{
	const struct udphdr *uh;
	struct sk_buff *segs, *s;
	__wsum pseudo;
	bool summed;

	if (!pskb_may_pull(skb, UDP_HLEN) || skb->len == UDP_HLEN ||
	    skb->shinfo->frag_list)
		return NULL;
	uh = (const struct udphdr *)(const void *)skb->data;
	pseudo = csum_sub((__wsum)uh->check, (__wsum)uh->len);
	skb_pull(skb, UDP_HLEN);
	summed = skb->shinfo->tx_flags & SKBTX_FRAG_CSUM;
	segs = skb_segment(skb);
	skb_push(skb, UDP_HLEN);
	for (s = segs; s; s = s->next)
		udp_gso_header(s, features, pseudo, summed);
	return segs;
}

const struct net_offload udp_offload = {
	.gso_segment = udp4_gso_segment,
};
