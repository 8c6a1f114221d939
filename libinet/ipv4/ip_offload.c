/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 with many packets at once: what GRO compares and GSO fills in of its
 * header, and the table of the transports that go on from there.
 *
 * Packets are merged only if their headers differ in what is theirs alone:
 * length, checksum, and an identification that counts up. Of atomic datagrams
 * (DF set, RFC 6864) the identification means nothing and is not looked at.
 */
#include <errno.h>
#include <string.h>

#include "core/gro.h"
#include "ipv4/ip.h"
#include "ipv4/ip_net.h"
#include "ipv4/protocol.h"
#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "wire/eth.h"

int inet_add_offload(struct net *net, const struct net_offload *off,
		     u8 protocol)
{
	const struct net_offload *none = NULL;

	if (!net || !off || (!off->gro_receive && !off->gso_segment) ||
	    (off->gro_receive && !off->gro_complete))
		return -EINVAL;
	return __atomic_compare_exchange_n(&net->ipv4.inet_offloads[protocol],
					   &none, off, false, __ATOMIC_RELEASE,
					   __ATOMIC_RELAXED) ? 0 : -EEXIST;
}

int inet_del_offload(struct net *net, const struct net_offload *off,
		     u8 protocol)
{
	const struct net_offload *old = off;

	if (!net || !off)
		return -EINVAL;
	if (!__atomic_compare_exchange_n(&net->ipv4.inet_offloads[protocol],
					 &old, NULL, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		return -ENOENT;
	synchronize_rcu(&net->rcu);
	return 0;
}

static const struct net_offload *inet_offload(struct net *net, u8 protocol)
{
	return rcu_dereference(net->ipv4.inet_offloads[protocol]);
}

/* ---- receiving -------------------------------------------------------- */

/* Can it be merged, as far as its header, which is linear, says? Not if it is
 * padded. */
static bool inet_gro_usable(const struct sk_buff *skb, const struct iphdr *iph)
{
	return iph->ver_ihl == (IPVERSION << 4 | 5) && !ip_is_fragment(iph) &&
	       be16_to_cpu(iph->tot_len) == skb->len && !ip_fast_csum(iph, 5);
}

/* Of the flow of @iph? Then *@flush tells whether merging would lose what
 * differs. */
static bool inet_gro_same_flow(const struct sk_buff *p, const struct iphdr *iph,
			       u8 *flush)
{
	const struct iphdr *held = ip_hdr(p);
	__be16 df = iph->frag_off & cpu_to_be16(IP_DF);

	if (held->saddr != iph->saddr || held->daddr != iph->daddr ||
	    held->protocol != iph->protocol)
		return false;
	*flush = held->ttl != iph->ttl || held->tos != iph->tos ||
		 (held->frag_off & cpu_to_be16(IP_DF)) != df ||
		 (!df && (u16)(be16_to_cpu(held->id) + NAPI_GRO_CB(p)->count) !=
				 be16_to_cpu(iph->id));
	return true;
}

struct sk_buff *inet_gro_lookup_ports(struct sk_buff *held, const void *header)
{
	struct sk_buff *p, *found = NULL;
	u32 ports, other;

	memcpy(&ports, header, sizeof(ports));
	for (p = held; p; p = p->next) {
		if (!NAPI_GRO_CB(p)->same_flow)
			continue;
		memcpy(&other, skb_transport_header(p), sizeof(other));
		if (other == ports)
			found = p;
		else
			NAPI_GRO_CB(p)->same_flow = 0;
	}
	return found;
}

/* packet_offload.gro_receive. */
static struct sk_buff *inet_gro_receive(struct sk_buff *held,
					struct sk_buff *skb)
{
	const struct net_offload *off;
	const struct iphdr *iph;
	struct sk_buff *p;

	NET_ROAD(skb_net(skb), skb);
	if (!pskb_may_pull(skb, sizeof(*iph)))
		goto flush;
	iph = ip_hdr(skb);
	off = inet_offload(skb_net(skb), iph->protocol);
	if (!off || !off->gro_receive || !inet_gro_usable(skb, iph))
		goto flush;
	for (p = held; p; p = p->next)
		if (NAPI_GRO_CB(p)->same_flow &&
		    !inet_gro_same_flow(p, iph, &NAPI_GRO_CB(p)->flush))
			NAPI_GRO_CB(p)->same_flow = 0;
	NAPI_GRO_CB(skb)->data_offset = sizeof(*iph);
	skb_set_transport_header(skb, sizeof(*iph));
	return off->gro_receive(held, skb);
flush:
	NAPI_GRO_CB(skb)->flush = 1;
	return NULL;
}

/* packet_offload.gro_complete: the length of all of it. */
static int inet_gro_complete(struct sk_buff *skb, int nhoff)
{
	struct iphdr *iph = (struct iphdr *)(void *)(skb->data + nhoff);
	__be16 len = cpu_to_be16((u16)(skb->len - (u32)nhoff));
	const struct net_offload *off;
	__sum16 check = iph->check;

	csum_replace2(&check, iph->tot_len, len);
	iph->check = check;
	iph->tot_len = len;
	off = inet_offload(skb_net(skb), iph->protocol);
	if (!off || !off->gro_complete)
		return -ENOENT;
	return off->gro_complete(skb, nhoff + (int)sizeof(*iph));
}

/* ---- sending ---------------------------------------------------------- */

/* packet_offload.gso_segment: length, identification and checksum of each. */
static struct sk_buff *inet_gso_segment(struct sk_buff *skb, u64 features)
{
	const struct net_offload *off;
	struct sk_buff *segs, *s;
	struct iphdr *iph;
	u32 hlen;
	u16 id;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return NULL;
	hlen = ipv4_hdr_len(ip_hdr(skb));
	if (hlen < sizeof(*iph) || !pskb_may_pull(skb, hlen))
		return NULL;
	id = be16_to_cpu(ip_hdr(skb)->id);
	off = inet_offload(skb_net(skb), ip_hdr(skb)->protocol);
	if (!off || !off->gso_segment)
		return NULL;
	skb_pull(skb, hlen);
	skb_reset_transport_header(skb);
	segs = off->gso_segment(skb, features);
	skb_push(skb, hlen);
	for (s = segs; s; s = s->next) {
		iph = ip_hdr(s);
		iph->tot_len = cpu_to_be16((u16)(s->len -
						 (u32)skb_network_offset(s)));
		iph->id = cpu_to_be16(id++);
		iph->check = 0;
		iph->check = ip_fast_csum(iph, hlen / 4);
	}
	return segs;
}

/* ---- life ------------------------------------------------------------- */

static int ip_offload_net_init(struct net *net)
{
	struct packet_offload *po = &net->ipv4.ip_packet_offload;

	po->type = cpu_to_be16(ETH_P_IP);
	po->gro_receive = inet_gro_receive;
	po->gro_complete = inet_gro_complete;
	po->gso_segment = inet_gso_segment;
	return dev_add_offload(net, po);
}

static void ip_offload_net_exit(struct net *net)
{
	dev_remove_offload(net, &net->ipv4.ip_packet_offload);
}

const struct pernet_operations ip_offload_net_ops = {
	.name = "ip_offload",
	.init = ip_offload_net_init,
	.exit = ip_offload_net_exit,
};
