/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IP options of packets on their road (RFC 791 3.1, RFC 1122 3.2.1.8).
 *
 * A host reads them to refuse what is malformed and to drop source routes,
 * which RFC 7126 advises against, unless net.ipv4.conf.all.accept_source_route
 * allows it to be their end: then TCP sends all of the connection back by them.
 * Record route and timestamp are a router's to fill in.
 */
#include "ipv4/ip_options.h"

#include <errno.h>
#include <string.h>

#include "ipv4/devinet.h"
#include "ipv4/route.h"
#include "lib/mem.h"

#define MS_PER_DAY 86400000ULL

int ip_options_compile(struct sk_buff *skb, u8 *pp_ptr)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct inet_skb_parm *cb = IPCB(skb);
	struct ip_options_info info;
	u32 len = ipv4_hdr_len(iph) - IP_HLEN_MIN;

	if (ip_options_parse(iph + 1, len, &info)) {
		*pp_ptr = info.pp_ptr;
		return -EINVAL;
	}
	cb->optlen = (u8)len;
	cb->srr = info.srr;
	cb->rr = info.rr;
	cb->ts = info.ts;
	cb->router_alert = info.router_alert;
	cb->rr_needaddr = info.rr_room;
	cb->ts_needtime = info.ts_room;
	return 0;
}

int ip_rcv_options(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);
	u8 pp_ptr = 0;

	if (ip_options_compile(skb, &pp_ptr)) {
		NET_INC_STATS(net, IP_INHDRERRORS);
		icmp_send(skb, ICMP_PARAMETERPROB, ICMP_PARAMPROB_PTR,
			  cpu_to_be32((u32)pp_ptr << 24));
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_OPTIONS);
		return -EINVAL;
	}
	if (unlikely(IPCB(skb)->srr)) {
		/* Never a hop of somebody's source route; at its end, only
		 * when that is allowed. */
		const u8 *srr = skb_network_header(skb) + IPCB(skb)->srr;

		if (!READ_ONCE(net->ipv4.sysctl_accept_source_route) ||
		    srr[IPOPT_OFFSET] <= srr[IPOPT_OLEN]) {
			kfree_skb_reason(skb,
					 SKB_DROP_REASON_IP_SOURCE_ROUTE);
			return -EINVAL;
		}
	}
	return 0;
}

/* The last address of a source route is where the packet shall end. */
static void srr_put_daddr(u8 *opt, u32 len, __be32 daddr)
{
	u32 at = 0, size;

	while (at + 1 < len && opt[at] != IPOPT_END) {
		if (opt[at] == IPOPT_NOOP) {
			at++;
			continue;
		}
		size = opt[at + 1];
		if (size < 2 || size > len - at)
			return;
		if ((opt[at] == IPOPT_LSRR || opt[at] == IPOPT_SSRR) &&
		    size >= 3 + sizeof(daddr)) {
			memcpy(opt + at + size - sizeof(daddr), &daddr,
			       sizeof(daddr));
			return;
		}
		at += size;
	}
}

void ip_options_build(struct iphdr *iph, const struct ip_options_sock *opt,
		      __be32 daddr)
{
	u8 *to = (u8 *)(iph + 1);

	memcpy(to, opt->data, opt->optlen);
	if (!opt->faddr)
		return;
	srr_put_daddr(to, opt->optlen, daddr);
	iph->daddr = opt->faddr;
}

/* Adds @addr and the time of day to the record route and timestamp of a header
 * that is or was @skb's. Return: whether it changed. */
static bool ip_options_pass(const struct sk_buff *skb, struct iphdr *iph,
			    __be32 addr)
{
	const struct inet_skb_parm *cb = IPCB(skb);
	struct net *net = skb_net(skb);
	u32 hlen = ipv4_hdr_len(iph);
	struct ip_options_info info = { .rr = cb->rr, .ts = cb->ts };
	bool changed = false;
	u64 ms;

	if (cb->rr_needaddr)
		changed = ip_options_rr_update(iph, hlen, &info, addr);
	if (cb->ts) {
		ms = net->env.wall(net->env.opaque) / 1000000 % MS_PER_DAY;
		changed |= ip_options_ts_update(iph, hlen, &info, addr,
						(u32)ms);
	}
	return changed;
}

void ip_options_reply(const struct sk_buff *skb, struct ip_options_sock *opt)
{
	const struct inet_skb_parm *cb = IPCB(skb);
	const struct ip_options_info info = {
		.srr = cb->srr, .rr = cb->rr, .ts = cb->ts,
	};
	union {
		struct iphdr iph;
		u8 bytes[IP_HLEN_MIN + MAX_IPOPTLEN];
	} h;
	u32 hlen = ipv4_hdr_len(ip_hdr(skb));
	__be32 addr = ip_hdr(skb)->daddr, first_hop;

	memcpy(h.bytes, ip_hdr(skb), hlen);
	if (skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST))
		addr = inet_select_addr(skb->dev, h.iph.saddr, RT_SCOPE_LINK);
	ip_options_pass(skb, &h.iph, addr);
	opt->optlen = (u8)ip_options_echo(h.bytes, hlen, &info, opt->data,
					  &first_hop);
	opt->faddr = cb->srr ? first_hop : 0;
}

bool ip_options_return_route(const struct sk_buff *skb,
			     struct ip_options_sock *opt)
{
	const struct iphdr *iph = ip_hdr(skb);
	u32 hlen = ipv4_hdr_len(iph);
	struct ip_options_info info;
	__be32 hop;

	if (likely(hlen == IP_HLEN_MIN) ||
	    ip_options_parse(iph + 1, hlen - IP_HLEN_MIN, &info) || !info.srr)
		return false;
	info.rr = 0;
	info.ts = 0;
	opt->optlen = (u8)ip_options_echo(iph, hlen, &info, opt->data, &hop);
	if (!opt->optlen)
		return false;
	opt->faddr = hop;
	opt->srr = 1;
	opt->is_strictroute = info.is_strictroute;
	return true;
}

struct ip_options_sock *ip_options_dup(struct net *net,
				       const struct ip_options_sock *opt)
{
	struct ip_options_sock *copy = mem_alloc(&net->mem, sizeof(*copy));

	if (copy)
		memcpy(copy, opt, sizeof(*copy));
	return copy;
}

void ip_forward_options(struct sk_buff *skb, __be32 addr)
{
	struct iphdr *iph = ip_hdr(skb);

	if (ip_options_pass(skb, iph, addr))
		ip_send_check(iph);
}
