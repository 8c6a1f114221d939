/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP with many datagrams at once.
 *
 * GRO: only for a socket that asked (UDP_GRO). A datagram joins the one before it
 * when it is of the same flow and as long as the first, or shorter: then it is
 * the last. Both must have a checksum, and it must be right; a wrong one is left
 * for the reader to count. What is not merged goes up behind what is held of its
 * flow.
 *
 * GSO: what udp_sendmsg() was given with UDP_SEGMENT is cut into the datagrams
 * that would have been sent one by one. The header of the whole packet says the
 * length of it all, and its checksum field holds the sum of the pseudo-header:
 * from that of each datagram follows, whatever addresses it was made for (a
 * source route does not show them).
 */
#include "core/dev.h"
#include "core/gro.h"
#include "core/trace.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"
#include "ipv4/udp.h"
#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "lib/points.h"

/* ---- receiving -------------------------------------------------------- */

/* Has the socket that @skb is for asked for merged packets? */
static bool udp_gro_wanted(struct sk_buff *skb, const struct udphdr *uh)
{
	struct net *net = skb_net(skb);
	struct udp_flow flow;
	struct sock *sk;

	if (!READ_ONCE(net->ipv4.udp_gro_sockets))
		return false;
	flow = (struct udp_flow){
		.saddr = ip_hdr(skb)->saddr,
		.daddr = ip_hdr(skb)->daddr,
		.sport = uh->source,
		.dport = be16_to_cpu(uh->dest),
		.dif = skb->dev->ifindex,
	};
	sk = udp4_lib_lookup(net, &flow);
	return sk && READ_ONCE(udp_sk(sk)->gro_enabled);
}

/* A whole datagram with a checksum that is there and right? Then nobody sums it
 * again. */
static bool udp_gro_sound(struct sk_buff *skb, const struct udphdr *uh)
{
	u32 off = NAPI_GRO_CB(skb)->data_offset, len = be16_to_cpu(uh->len);
	const struct iphdr *iph = ip_hdr(skb);
	__wsum sum;

	if (!uh->check || len <= UDP_HLEN || len != skb->len - off)
		return false;
	if (skb->ip_summed == CHECKSUM_UNNECESSARY ||
	    skb->ip_summed == CHECKSUM_PARTIAL)
		return true;
	/* an IPv4 header adds nothing to CHECKSUM_COMPLETE */
	sum = skb->ip_summed == CHECKSUM_COMPLETE ? skb->csum :
						    skb_checksum(skb, off, len, 0);
	if (udp_v4_check(len, iph->saddr, iph->daddr, sum))
		return false;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	return true;
}

/* Puts @skb behind @p. Return: whether more may follow. */
static bool udp_gro_merge(struct sk_buff *p, struct sk_buff *skb)
{
	u32 len = be16_to_cpu(udp_hdr(skb)->len);
	u32 first = be16_to_cpu(udp_hdr(p)->len);

	if (NAPI_GRO_CB(p)->flush || len > first || skb_gro_receive(p, skb))
		return false;
	INET_PROBE(UDP_MERGED);
	p->shinfo->gso_size = (u16)(first - UDP_HLEN);
	return len == first;
}

/* net_offload.gro_receive. */
static struct sk_buff *udp4_gro_receive(struct sk_buff *held,
					struct sk_buff *skb)
{
	u32 off = NAPI_GRO_CB(skb)->data_offset;
	const struct udphdr *uh;
	struct sk_buff *p;

	NET_ROAD(skb_net(skb), skb);
	if (!pskb_may_pull(skb, off + UDP_HLEN)) {
		NAPI_GRO_CB(skb)->flush = 1;
		return NULL;
	}
	uh = udp_hdr(skb);
	p = inet_gro_lookup_ports(held, uh);
	/* who is held for asked for it */
	if ((!p && !udp_gro_wanted(skb, uh)) || !udp_gro_sound(skb, uh)) {
		NAPI_GRO_CB(skb)->flush = 1;
		return p;
	}
	NAPI_GRO_CB(skb)->data_offset = off + UDP_HLEN;
	return p && !udp_gro_merge(p, skb) ? p : NULL;
}

/* net_offload.gro_complete: the merged packet is as the other side's stack
 * would have handed it to a device that cuts. */
static int udp4_gro_complete(struct sk_buff *skb, int thoff)
{
	struct udphdr *uh = (struct udphdr *)(void *)(skb->data + thoff);
	u32 len = skb->len - (u32)thoff;
	const struct iphdr *iph = ip_hdr(skb);

	uh->len = cpu_to_be16((u16)len);
	udp_partial_csum(skb, udp_v4_check(len, iph->saddr, iph->daddr, 0));
	skb->shinfo->gso_segs = NAPI_GRO_CB(skb)->count;
	skb->shinfo->gso_type = SKB_GSO_UDP_L4;
	return 0;
}

/* ---- sending ---------------------------------------------------------- */

/* Length and checksum of one datagram, or what the device needs to fill it in.
 * @pseudo: the sum of the pseudo-header without the length. @summed: its payload
 * was summed before. */
static void udp_gso_header(struct sk_buff *skb, u64 features, __wsum pseudo,
			   bool summed)
{
	u32 off = (u32)skb_transport_offset(skb);
	struct udphdr *uh = udp_hdr(skb);
	__wsum sum;

	uh->len = cpu_to_be16((u16)(skb->len - off));
	pseudo = csum_add(pseudo, (__wsum)uh->len);
	if (features & NETIF_F_HW_CSUM) {
		udp_partial_csum(skb, csum_fold(pseudo));
		return;
	}
	uh->check = 0;
	sum = summed ? csum_partial(uh, UDP_HLEN, skb_segment_sum(skb)) :
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
	.gro_receive = udp4_gro_receive,
	.gro_complete = udp4_gro_complete,
	.gso_segment = udp4_gso_segment,
};
