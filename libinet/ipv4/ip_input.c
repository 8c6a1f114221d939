/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 input: from a frame's payload to a transport, or on to forwarding.
 *
 * The checks stand in the order of Linux's ip_rcv(), which is RFC 1122 3.2.1's;
 * each that fails has its drop reason and counter. Nothing behind the header is
 * looked at before it is known to be there (pskb_may_pull()).
 */
#include <errno.h>
#include <string.h>

#include "core/netfilter.h"
#include "core/skbuff.h"
#include "ipv4/arp.h"
#include "ipv4/devinet.h"
#include "ipv4/fib.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fragment.h"
#include "ipv4/ip_net.h"
#include "ipv4/ip_options.h"
#include "ipv4/raw.h"
#include "lib/checksum.h"
#include "wire/eth.h"

#define IP_MAX_RESUBMIT 4	/* protocols that hand a packet to another */

/* ---- delivery ----------------------------------------------------------- */

/* Nobody here speaks the packet's protocol. Consumes. */
static void ip_no_protocol(struct net *net, struct sk_buff *skb)
{
	NET_INC_STATS(net, IP_INUNKNOWNPROTOS);
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH, 0);
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_NOPROTO);
}

/* Where raw sockets listen, nobody else does, or a protocol hands the packet to
 * another: at most @tries of them. Consumes. */
static __noinline void ip_protocol_deliver_slow(struct sk_buff *skb,
						int protocol, int tries)
{
	const struct net_protocol *ipprot;
	struct net *net = skb_net(skb);
	int ret;

	while (tries-- > 0) {
		bool raw = raw_local_deliver(skb, protocol);

		ipprot = rcu_dereference(net->ipv4.inet_protos[protocol & 0xff]);
		if (unlikely(!ipprot)) {
			if (!raw) {
				ip_no_protocol(net, skb);
				return;
			}
			NET_INC_STATS(net, IP_INDELIVERS);
			consume_skb(skb);
			return;
		}
		NET_INC_STATS(net, IP_INDELIVERS);
		NET_ROAD_AT(net, skb, "inet_protos[]");
		ret = ipprot->handler(skb);
		if (likely(ret >= 0))
			return;
		protocol = -ret;
	}
	kfree_skb_reason(skb, SKB_DROP_REASON_IP_NOPROTO);
}

__always_inline void ip_protocol_deliver_rcu(struct net *net,
					     struct sk_buff *skb, int protocol)
{
	const struct net_protocol *ipprot;
	int ret;

	NET_ROAD(net, skb);
	ipprot = rcu_dereference(net->ipv4.inet_protos[protocol & 0xff]);
	if (unlikely(!ipprot || raw_wanted(net, protocol))) {
		ip_protocol_deliver_slow(skb, protocol, IP_MAX_RESUBMIT);
		return;
	}
	NET_INC_STATS(net, IP_INDELIVERS);
	NET_ROAD_AT(net, skb, "inet_protos[]");
	ret = ipprot->handler(skb);
	if (unlikely(ret < 0))
		ip_protocol_deliver_slow(skb, -ret, IP_MAX_RESUBMIT - 1);
}

static __always_inline int ip_local_deliver_finish(struct net *net,
						   struct sock *sk,
						   struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

	(void)sk;
	NET_ROAD(net, skb);
	skb_pull(skb, ipv4_hdr_len(iph));
	skb_reset_transport_header(skb);
	ip_protocol_deliver_rcu(net, skb, iph->protocol);
	return 0;
}

/* dst.input of packets for this host: whole ones go up. */
int ip_local_deliver(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);

	NET_ROAD(net, skb);
	if (unlikely(ip_is_fragment(ip_hdr(skb)))) {
		skb = ip_defrag(net, skb);
		if (!skb)
			return 0;
	}
	return NF_HOOK(NF_INET_LOCAL_IN, net, NULL, skb, skb->dev, NULL,
		       ip_local_deliver_finish);
}

/* ---- routing ------------------------------------------------------------ */

/* What the kind of destination means for the packet; false: dropped. */
static bool ip_rcv_type(struct net *net, struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	if (rt->rt_type == RTN_MULTICAST) {
		NET_UPD_PO_STATS(net, IP_INMCASTPKTS, IP_INMCASTOCTETS, skb->len);
	} else if (rt->rt_type == RTN_BROADCAST) {
		NET_UPD_PO_STATS(net, IP_INBCASTPKTS, IP_INBCASTOCTETS, skb->len);
	} else if (skb->pkt_type == SKB_PACKET_BROADCAST ||
		   skb->pkt_type == SKB_PACKET_MULTICAST) {
		/* RFC 1122 3.3.6: one host's address, everybody's frame */
		kfree_skb_reason(skb,
				 SKB_DROP_REASON_IP_UNICAST_IN_L2_MULTICAST);
		return false;
	}
	return true;
}

/* Behind PRE_ROUTING: where does it go? A route, the options, dst_input(). */
static int ip_rcv_finish(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	enum skb_drop_reason reason;
	int err;

	(void)sk;
	NET_ROAD(net, skb);
	if (likely(!skb_dst(skb))) {
		err = ip_route_input_noref(skb, iph->daddr, iph->saddr,
					   skb->dev, &reason);
		if (unlikely(err)) {
			ip_route_input_error(skb, err, reason);
			return NET_RX_DROP;
		}
	}
	if (unlikely(ipv4_hdr_len(iph) > IP_HLEN_MIN) && ip_rcv_options(skb))
		return NET_RX_DROP;
	if (unlikely(!ip_rcv_type(net, skb)))
		return NET_RX_DROP;
	return dst_input(skb);
}

/* ---- the header --------------------------------------------------------- */

static_assert(MIB_IP_INECT1PKTS == MIB_IP_INNOECTPKTS + INET_ECN_ECT_1 &&
	      MIB_IP_INECT0PKTS == MIB_IP_INNOECTPKTS + INET_ECN_ECT_0 &&
	      MIB_IP_INCEPKTS == MIB_IP_INNOECTPKTS + INET_ECN_CE,
	      "a counter for each value of the ECN field, in their order");

/* May the packet be marked, or was it? Of what GRO merged each one counts. */
static __always_inline void ip_count_ecn(struct net *net,
					 const struct sk_buff *skb, u8 ecn)
{
	u32 segs = skb->shinfo->gso_segs;

	net_mib_add(net, MIB_IP_INNOECTPKTS + ecn, segs + !segs);
}

/* Counts a packet with a header as ip_header_usual() likes it. */
static __always_inline void ip_count_usual(struct net *net,
					   const struct sk_buff *skb, u32 len)
{
	u32 segs = skb->shinfo->gso_segs;
	u64 *mib = net_mib_alone(net);

	if (likely(mib)) {
		mib[MIB_IP_INRECEIVES]++;
		mib[MIB_IP_INOCTETS] += len;
		mib[MIB_IP_INNOECTPKTS] += segs + !segs;
	} else {
		NET_UPD_PO_STATS(net, IP_INRECEIVES, IP_INOCTETS, len);
		ip_count_ecn(net, skb, INET_ECN_NOT_ECT);
	}
}

/*
 * Checks the header (RFC 1122 3.2.1.1, .2; RFC 791), cuts the padding of the
 * link, counts marks. Return: SKB_NOT_DROPPED_YET, or why not; counted.
 */
static __noinline enum skb_drop_reason ip_rcv_header(struct net *net,
						     struct sk_buff *skb)
{
	const struct iphdr *iph;
	u32 hlen, len;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		goto header;
	iph = ip_hdr(skb);
	hlen = ipv4_hdr_len(iph);
	if (iph->ver_ihl >> 4 != IPVERSION || hlen < sizeof(*iph))
		goto header;
	ip_count_ecn(net, skb, iph->tos & INET_ECN_MASK);
	if (!pskb_may_pull(skb, hlen))
		goto header;
	iph = ip_hdr(skb);
	if (unlikely(ip_fast_csum(iph, hlen / 4))) {
		NET_INC_STATS(net, IP_INCSUMERRORS);
		NET_INC_STATS(net, IP_INHDRERRORS);
		return SKB_DROP_REASON_IP_CSUM;
	}
	len = be16_to_cpu(iph->tot_len);
	if (unlikely(skb->len < len)) {
		NET_INC_STATS(net, IP_INTRUNCATEDPKTS);
		return SKB_DROP_REASON_IP_TOTLEN;
	}
	if (unlikely(len < hlen)) {
		NET_INC_STATS(net, IP_INHDRERRORS);
		return SKB_DROP_REASON_IP_TOTLEN;
	}
	if (skb->len > len) {
		if (skb->ip_summed == CHECKSUM_COMPLETE)
			skb->ip_summed = CHECKSUM_NONE;
		if (pskb_trim(skb, len)) {
			NET_INC_STATS(net, IP_INDISCARDS);
			return SKB_DROP_REASON_NOMEM;
		}
	}
	return SKB_NOT_DROPPED_YET;
header:
	NET_INC_STATS(net, IP_INHDRERRORS);
	return SKB_DROP_REASON_IP_INHDR;
}

/* Is it at first sight a header that passes all these checks, with nothing behind
 * the packet, and not about ECN? Nearly each is. */
static inline bool ip_header_usual(const struct sk_buff *skb, u32 len)
{
	const u32 version = (IPVERSION << 4 | IP_HLEN_MIN / 4) << 24;
	const __be32 looked_at = cpu_to_be32(0xff00ffff | INET_ECN_MASK << 16);
	const struct iphdr *iph = ip_hdr(skb);
	__be32 word;

	if (len - skb->data_len < IP_HLEN_MIN || len > U16_MAX)
		return false;
	memcpy(&word, iph, sizeof(word));
	return (word & looked_at) == cpu_to_be32(version | len) &&
	       !ip_fast_csum(iph, IP_HLEN_MIN / 4);
}

/* packet_type.func of ETH_P_IP. */
int ip_rcv(struct sk_buff *skb, struct net_device *dev,
	   struct packet_type *pt, struct net_device *orig_dev)
{
	struct net *net = dev_net(dev);
	enum skb_drop_reason reason;
	u32 len;

	(void)pt;
	(void)orig_dev;
	NET_ROAD(net, skb);
	/* For the neighbour; only a promiscuous device shows it. */
	if (unlikely(skb->pkt_type == SKB_PACKET_OTHERHOST)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_OTHERHOST);
		return NET_RX_DROP;
	}
	len = skb->len;
	if (unlikely(skb_shared(skb))) {
		skb = skb_share_check(skb);
		if (!skb) {
			NET_UPD_PO_STATS(net, IP_INRECEIVES, IP_INOCTETS, len);
			NET_INC_STATS(net, IP_INDISCARDS);
			return NET_RX_DROP;
		}
	}
	if (likely(ip_header_usual(skb, len))) {
		ip_count_usual(net, skb, len);
	} else {
		NET_UPD_PO_STATS(net, IP_INRECEIVES, IP_INOCTETS, len);
		reason = ip_rcv_header(net, skb);
		if (reason) {
			kfree_skb_reason(skb, reason);
			return NET_RX_DROP;
		}
	}
	skb->transport_header = (u16)(skb->network_header + ipv4_hdr_len(ip_hdr(skb)));
	memset(IPCB(skb), 0, sizeof(struct inet_skb_parm));
	IPCB(skb)->iif = skb->skb_iif;
	return NF_HOOK(NF_INET_PRE_ROUTING, net, NULL, skb, dev, NULL,
		       ip_rcv_finish);
}

/* ---- life --------------------------------------------------------------- */

/* net.ipv4.ip_forward: what was a forwarder's may be a router's now. */
static int set_ip_forward(struct net *net, const struct sysctl_row *row,
			  const char *value)
{
	(void)row;
	(void)value;
	rt_cache_flush(net);
	return 0;
}

#define CONF_ROW(n, member, lo, hi, def) \
	SYSCTL_ROW("net.ipv4.conf.all." n, ipv4.member, S32, lo, hi, def)

static const struct sysctl_row ip_sysctls[] = {
	{ .name = "net.ipv4.ip_forward", .kind = SYSCTL_S32,
	  .offset = offsetof(struct net, ipv4.sysctl_ip_forward),
	  .max = 1, .set = set_ip_forward },
	SYSCTL_ROW("net.ipv4.ip_default_ttl", ipv4.sysctl_ip_default_ttl, S32,
		   1, 255, IPDEFTTL),
	SYSCTL_ROW("net.ipv4.ip_no_pmtu_disc", ipv4.sysctl_ip_no_pmtu_disc,
		   S32, 0, 3, 0),
	CONF_ROW("accept_source_route", sysctl_accept_source_route, 0, 1, 0),
	CONF_ROW("accept_redirects", sysctl_accept_redirects, 0, 1, 0),
	CONF_ROW("send_redirects", sysctl_send_redirects, 0, 1, 0),
	CONF_ROW("rp_filter", sysctl_rp_filter, 0, 2, 0),
	CONF_ROW("log_martians", sysctl_log_martians, 0, 1, 0),
};

/* The handler of ETH_P_IP, the knobs and the ids of IPv4. */
static int ip_net_init(struct net *net)
{
	struct packet_type *pt = &net->ipv4.ip_packet_type;
	int err;

	err = register_net_sysctl(net, ip_sysctls, ARRAY_SIZE(ip_sysctls));
	if (!err)
		err = ip_idents_init(net);
	if (err)
		return err;
	pt->type = cpu_to_be16(ETH_P_IP);
	pt->func = ip_rcv;
	dev_add_pack(net, pt);
	return 0;
}

static void ip_net_exit(struct net *net)
{
	dev_remove_pack(net, &net->ipv4.ip_packet_type);
	ip_idents_exit(net);
}

static const struct pernet_operations ip_net_ops = {
	.name = "ip",
	.init = ip_net_init,
	.exit = ip_net_exit,
};

/* The parts of IPv4 in the order in which they need one another. */
static const struct pernet_operations *const ipv4_parts[] = {
	&route_net_ops,
	&fib_net_ops,
	&arp_net_ops,
	&devinet_net_ops,
	&ip_frag_net_ops,
	&ip_net_ops,
	&ip_offload_net_ops,
};

static void ipv4_parts_exit(struct net *net, size_t nr)
{
	while (nr-- > 0)
		ipv4_parts[nr]->exit(net);
}

/* Starts the parts of IPv4 in order; undoes those that ran if one fails. */
static int ipv4_net_init(struct net *net)
{
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(ipv4_parts); i++) {
		err = ipv4_parts[i]->init(net);
		if (err) {
			ipv4_parts_exit(net, i);
			return err;
		}
	}
	return 0;
}

static void ipv4_net_exit(struct net *net)
{
	ipv4_parts_exit(net, ARRAY_SIZE(ipv4_parts));
}

const struct pernet_operations ipv4_net_ops = {
	.name = "ipv4",
	.init = ipv4_net_init,
	.exit = ipv4_net_exit,
};
