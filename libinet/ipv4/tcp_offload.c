/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP with many segments at once.
 *
 * GRO: a segment joins the one before it when it is the next of the same
 * connection and its header says nothing new: flags, window, acknowledgment
 * and options are the same, its length is that of the others, or less for the
 * last. Flags that want attention (SYN, FIN, RST, URG, PSH) end the row. CWR is
 * the first one's, and a packet that was marked on its way joins none that was not
 * (ip_offload.c).
 * Merging looks at nothing that it has not checked: a wrong checksum is left
 * for tcp_v4_rcv() to count.
 *
 * GSO: what tcp_write_xmit() or a GRO packet that is forwarded stands for is
 * cut into the segments that would have been sent one by one.
 */
#include <errno.h>
#include <string.h>

#include "core/gro.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"
#include "ipv4/tcp.h"
#include "lib/checksum.h"

/* ---- receiving -------------------------------------------------------- */

/* The header at data_offset with its options, linear; NULL: there is none. */
static struct tcphdr *tcp_gro_header(struct sk_buff *skb)
{
	u32 off = NAPI_GRO_CB(skb)->data_offset, hlen;

	if (!pskb_may_pull(skb, off + TCP_HLEN_MIN))
		return NULL;
	hlen = __tcp_hdrlen(tcp_hdr(skb));
	if (hlen < TCP_HLEN_MIN || !pskb_may_pull(skb, off + hlen))
		return NULL;
	return tcp_hdr(skb);
}

/* Octets of text of a held packet, and of each but the last of its segments. */
static u32 tcp_gro_text(const struct sk_buff *p)
{
	return p->len - NAPI_GRO_CB(p)->data_offset;
}

static u32 tcp_gro_mss(const struct sk_buff *p)
{
	return NAPI_GRO_CB(p)->count > 1 ? p->shinfo->gso_size :
					   tcp_gro_text(p);
}

/* Do both headers say the same, but for what a row of segments differs in? */
static bool tcp_gro_same_header(const struct tcphdr *a, const struct tcphdr *b)
{
	const u8 may_differ = TCPHDR_FIN | TCPHDR_PSH | TCPHDR_CWR;

	return a->doff_res == b->doff_res && a->window == b->window &&
	       !((a->flags ^ b->flags) & ~may_differ) &&
	       !(b->flags & TCPHDR_CWR) && a->ack_seq == b->ack_seq &&
	       !memcmp(a + 1, b + 1, __tcp_hdrlen(a) - TCP_HLEN_MIN);
}

/* Is @th with @len octets of text what follows @p? */
static bool tcp_gro_follows(const struct sk_buff *p, const struct tcphdr *th,
			    u32 len)
{
	return !NAPI_GRO_CB(p)->flush && len && len <= tcp_gro_mss(p) &&
	       ntohl(tcp_hdr(p)->seq) + tcp_gro_text(p) == ntohl(th->seq) &&
	       tcp_gro_same_header(tcp_hdr(p), th);
}

static bool tcp_gro_merge(struct sk_buff *p, struct sk_buff *skb, u8 flags)
{
	u32 mss = tcp_gro_mss(p);

	if (skb_gro_receive(p, skb))
		return false;
	p->shinfo->gso_size = (u16)mss;
	tcp_hdr(p)->flags |= flags & (TCPHDR_FIN | TCPHDR_PSH);
	return true;
}

/* Merges @skb, whose header is @th, into what it follows. Return: what must go
 * up now: this row is at its end, or @skb could not join it. */
static struct sk_buff *tcp_gro_receive(struct sk_buff *held,
				       struct sk_buff *skb,
				       const struct tcphdr *th)
{
	const u8 urgent = TCPHDR_URG | TCPHDR_PSH | TCPHDR_RST | TCPHDR_SYN |
			  TCPHDR_FIN;
	struct sk_buff *p = inet_gro_lookup_ports(held, th);
	u32 len, mss = 1;
	bool last;

	NET_ROAD(skb_net(skb), skb);
	NAPI_GRO_CB(skb)->data_offset += __tcp_hdrlen(th);
	len = tcp_gro_text(skb);
	if (p && tcp_gro_follows(p, th, len)) {
		mss = tcp_gro_mss(p);
		if (!tcp_gro_merge(p, skb, th->flags))
			mss = 1;
	}
	last = len < mss || (th->flags & urgent);
	NAPI_GRO_CB(skb)->flush |= last;
	return last || !NAPI_GRO_CB(skb)->same_flow ? p : NULL;
}

/* net_offload.gro_receive. */
static struct sk_buff *tcp4_gro_receive(struct sk_buff *held,
					struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_gro_header(skb);
	bool ok = th != NULL;

	if (ok && skb->ip_summed != CHECKSUM_UNNECESSARY &&
	    skb->ip_summed != CHECKSUM_PARTIAL) {
		ok = tcp_v4_checksum_ok(skb, NAPI_GRO_CB(skb)->data_offset);
		if (ok)
			skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	if (ok)
		return tcp_gro_receive(held, skb, th);
	NAPI_GRO_CB(skb)->flush = 1;
	return NULL;
}

/* net_offload.gro_complete: the merged packet is as the other side's stack
 * would have handed it to a device that segments. */
static int tcp4_gro_complete(struct sk_buff *skb, int thoff)
{
	const struct iphdr *iph = ip_hdr(skb);

	__tcp_v4_send_check(skb, skb->len - (u32)thoff, iph->saddr, iph->daddr);
	skb->shinfo->gso_segs = NAPI_GRO_CB(skb)->count;
	skb->shinfo->gso_type = SKB_GSO_TCPV4;
	if (tcp_hdr(skb)->cwr)
		skb->shinfo->gso_type |= SKB_GSO_TCP_ECN;
	return 0;
}

/* ---- sending ---------------------------------------------------------- */

/* The checksum of one segment, or what the device needs to fill it in. @summed:
 * its text was summed before. */
static void tcp_gso_checksum(struct sk_buff *skb, u64 features, bool summed)
{
	u32 off = (u32)skb_transport_offset(skb), len = skb->len - off;
	const struct iphdr *iph = ip_hdr(skb);
	struct tcphdr *th = tcp_hdr(skb);
	__wsum sum;

	if (features & NETIF_F_HW_CSUM) {
		__tcp_v4_send_check(skb, len, iph->saddr, iph->daddr);
		return;
	}
	th->check = 0;
	sum = summed ? csum_partial(th, __tcp_hdrlen(th), skb_segment_sum(skb)) :
		       skb_checksum(skb, off, len, 0);
	th->check = tcp_v4_check(len, iph->saddr, iph->daddr, sum);
	skb->ip_summed = CHECKSUM_NONE;
}

/* net_offload.gso_segment: sequence numbers and flags of each. */
static struct sk_buff *tcp4_gso_segment(struct sk_buff *skb, u64 features)
{
	u32 seq, hlen, mss = skb->shinfo->gso_size;
	u8 not_here = TCPHDR_FIN | TCPHDR_PSH;
	struct sk_buff *segs, *s;
	bool summed;

	if (!pskb_may_pull(skb, TCP_HLEN_MIN))
		return NULL;
	hlen = __tcp_hdrlen(tcp_hdr(skb));
	if (hlen < TCP_HLEN_MIN || !pskb_may_pull(skb, hlen) ||
	    skb->len == hlen || skb->shinfo->frag_list)
		return NULL;
	seq = ntohl(tcp_hdr(skb)->seq);
	skb_pull(skb, hlen);
	summed = skb->shinfo->tx_flags & SKBTX_FRAG_CSUM;
	segs = skb_segment(skb);
	skb_push(skb, hlen);
	for (s = segs; s; s = s->next) {
		struct tcphdr *th = tcp_hdr(s);

		if (!s->next)
			not_here &= (u8)~(TCPHDR_FIN | TCPHDR_PSH);
		th->seq = htonl(seq);
		th->flags &= (u8)~not_here;
		not_here |= TCPHDR_CWR;		/* of the first only */
		seq += mss;
		tcp_gso_checksum(s, features, summed);
	}
	return segs;
}

const struct net_offload tcp_offload = {
	.gro_receive = tcp4_gro_receive,
	.gro_complete = tcp4_gro_complete,
	.gso_segment = tcp4_gso_segment,
};
