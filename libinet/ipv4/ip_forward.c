/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarding, when net.ipv4.ip_forward allows it (RFC 1812 5).
 */
#include <errno.h>

#include "core/netfilter.h"
#include "ipv4/devinet.h"
#include "ipv4/ip.h"
#include "ipv4/ip_options.h"
#include "lib/checksum.h"

/* One hop less, and the checksum after it (RFC 1624). */
static void ip_decrease_ttl(struct iphdr *iph)
{
	__be16 old = cpu_to_be16((u16)(iph->ttl << 8 | iph->protocol));
	__sum16 check = iph->check;

	iph->ttl--;
	csum_replace2(&check, old,
		      cpu_to_be16((u16)(iph->ttl << 8 | iph->protocol)));
	iph->check = check;
}

static int ip_forward_finish(struct net *net, struct sock *sk,
			     struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	NET_ROAD(net, skb);
	NET_INC_STATS(net, IP_FORWDATAGRAMS);
	if (unlikely(IPCB(skb)->optlen))
		ip_forward_options(skb, inet_select_addr(rt->dst.dev, 0,
							 RT_SCOPE_UNIVERSE));
	return dst_output(net, sk, skb);
}

/* Was this packet never meant to go on? */
static bool ip_forward_forbidden(const struct sk_buff *skb,
				 const struct iphdr *iph)
{
	return skb->pkt_type != SKB_PACKET_HOST || skb->sk ||
	       ipv4_is_linklocal_169(iph->saddr) ||
	       ipv4_is_linklocal_169(iph->daddr) || iph->saddr == 0;
}

/* The sender is on the link that the packet leaves by again: it could have
 * asked the next hop itself (RFC 1812 5.2.7.2). */
static void ip_send_redirect(struct net *net, struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct rtable *rt = skb_rtable(skb);
	__be32 gw = rt_nexthop(rt, iph->daddr);

	if (!READ_ONCE(net->ipv4.sysctl_send_redirects) || rt->dst.dev != skb->dev ||
	    IPCB(skb)->srr || !inet_addr_onlink(skb->dev, iph->saddr, gw))
		return;
	icmp_send(skb, ICMP_REDIRECT, ICMP_REDIR_HOST, gw);
}

/* dst.input of packets for others. */
int ip_forward(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);
	struct rtable *rt = skb_rtable(skb);
	struct iphdr *iph = ip_hdr(skb);
	enum skb_drop_reason reason = SKB_DROP_REASON_IP_INADDRERRORS;
	u32 mtu;

	NET_ROAD(net, skb);
	if (ip_forward_forbidden(skb, iph))
		goto drop;
	if (iph->ttl <= 1) {
		NET_INC_STATS(net, IP_INHDRERRORS);
		icmp_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
		reason = SKB_DROP_REASON_IP_TTL_EXPIRED;
		goto drop;
	}
	mtu = dst_mtu(&rt->dst);
	if (ip_exceeds_mtu(skb, mtu) && iph->frag_off & cpu_to_be16(IP_DF)) {
		NET_INC_STATS(net, IP_FRAGFAILS);
		icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			  cpu_to_be32(mtu));
		reason = SKB_DROP_REASON_IP_FRAG_NEEDED;
		goto drop;
	}
	ip_send_redirect(net, skb);
	if (skb_cow_head(skb, LL_RESERVED_SPACE(rt->dst.dev))) {
		reason = SKB_DROP_REASON_NOMEM;
		goto drop;
	}
	ip_decrease_ttl(ip_hdr(skb));
	IPCB(skb)->flags |= IPSKB_FORWARDED;
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	return NF_HOOK(NF_INET_FORWARD, net, NULL, skb, skb->dev, rt->dst.dev,
		       ip_forward_finish);
drop:
	kfree_skb_reason(skb, reason);
	return NET_RX_DROP;
}
