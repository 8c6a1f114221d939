/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 output: headers, identification, fragmentation, the way to the
 * neighbour.
 *
 *	ip_queue_xmit (TCP)  ip_send_datagram (UDP, ping, raw)  ip_send_reply
 *	        \                   |                          /
 *	              ip_local_out -> NF LOCAL_OUT -> dst_output
 *	                            |
 *	           ip_output / ip_mc_output -> NF POST_ROUTING
 *	                            |
 *	          ip_finish_output -> (ip_fragment) -> neigh_output
 *
 * Identification (RFC 6864, 7739). A datagram that cannot be fragmented needs
 * none and gets 0, or a connected socket's own counter. Others take it from one
 * of 2048 counters, chosen by a keyed hash of (source, destination, protocol)
 * and shifted by a second one, so that what X sees says nothing about what Y
 * gets; a counter also moves by a random amount for the time that has passed.
 */
#include <errno.h>
#include <string.h>

#include "core/dev.h"
#include "core/gro.h"
#include "core/netfilter.h"
#include "core/iov.h"
#include "core/skbuff.h"
#include "core/ubuf.h"
#include "ipv4/devinet.h"
#include "ipv4/ip.h"
#include "ipv4/ip_net.h"
#include "ipv4/ip_options.h"
#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "lib/err.h"
#include "lib/random.h"
#include "wire/eth.h"

#define IP_IDENTS_SHIFT 11
#define IP_IDENT_TICK_NS 4000000ULL	/* 250 Hz */
#define IP_MAX_DATAGRAM 65535u

struct ip_idents {
	siphash_key_t key;
	struct {
		u32 id;			/* atomic */
		u32 stamp;		/* ticks */
	} counter[1 << IP_IDENTS_SHIFT];
};

/* ---- identification ----------------------------------------------------- */

/* @segs fresh identifications for packets like @iph: the first of them. */
static __noinline u16 ip_idents_reserve(struct net *net, const struct iphdr *iph,
			     u32 segs)
{
	struct ip_idents *t = net->ipv4.idents;
	struct {
		__be32 saddr, daddr;
		u32 protocol;
	} key = { iph->saddr, iph->daddr, iph->protocol };
	u64 hash = siphash(&t->key, &key, sizeof(key));
	u32 slot = (u32)(hash >> (64 - IP_IDENTS_SHIFT));
	u32 now = (u32)(net_now(net) / IP_IDENT_TICK_NS);
	u32 old = READ_ONCE(t->counter[slot].stamp), delta = 0;

	if (old != now &&
	    __atomic_compare_exchange_n(&t->counter[slot].stamp, &old, now,
					false, __ATOMIC_RELAXED,
					__ATOMIC_RELAXED) && old)
		delta = (u32)((u64)net_random(net) * (now - old) >> 32);
	return (u16)(__atomic_fetch_add(&t->counter[slot].id, segs + delta,
					__ATOMIC_RELAXED) + delta + (u16)hash);
}

/* The identification of a packet of @sk, which may be NULL. */
static inline __be16 ip_ident(struct net *net, const struct iphdr *iph,
			      struct sock *sk, u32 segs)
{
	u16 id;

	if (unlikely(!(iph->frag_off & cpu_to_be16(IP_DF))))
		return cpu_to_be16(ip_idents_reserve(net, iph, segs));
	if (!sk || !inet_sk(sk)->inet_daddr)
		return 0;
	id = inet_sk(sk)->inet_id;
	inet_sk(sk)->inet_id = (u16)(id + segs);
	return cpu_to_be16(id);
}

void ip_select_ident(struct net *net, struct sk_buff *skb, struct sock *sk,
		     u32 segs)
{
	struct iphdr *iph = ip_hdr(skb);

	iph->id = ip_ident(net, iph, sk, segs);
}

int ip_idents_init(struct net *net)
{
	struct ip_idents *t = mem_zalloc(&net->mem, sizeof(*t));

	if (!t)
		return -ENOMEM;
	net_random_bytes(net, net->ipv4.ipid_secret,
			 sizeof(net->ipv4.ipid_secret));
	memcpy(&t->key, net->ipv4.ipid_secret, sizeof(t->key));
	net_random_bytes(net, t->counter, sizeof(t->counter));
	net->ipv4.idents = t;
	return 0;
}

void ip_idents_exit(struct net *net)
{
	mem_free(&net->mem, net->ipv4.idents, sizeof(struct ip_idents));
	net->ipv4.idents = NULL;
}

/* ---- to the neighbour --------------------------------------------------- */

/* The same to a next hop that is not known yet. */
static __noinline int ip_output_new_neigh(struct net *net, struct sk_buff *skb,
					  __be32 nexthop)
{
	struct neighbour *n = neigh_create(net->ipv4.arp_tbl, &nexthop,
					   skb->dev);
	int err;

	if (!n) {
		NET_INC_STATS(net, IP_OUTDISCARDS);
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_CREATEFAIL);
		return -ENOBUFS;
	}
	err = neigh_output(n, skb);
	neigh_release(n);
	return err;
}

/* Sends @skb, complete and small enough, to its next hop. Consumes. */
static __always_inline int ip_finish_output2(struct net *net, struct sock *sk,
					     struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);
	struct neigh_table *tbl = net->ipv4.arp_tbl;
	struct net_device *dev = skb->dev;
	struct neighbour *n;
	__be32 nexthop;

	(void)sk;
	NET_ROAD(net, skb);
	if (rt->rt_type == RTN_MULTICAST)
		NET_UPD_PO_STATS(net, IP_OUTMCASTPKTS, IP_OUTMCASTOCTETS, skb->len);
	else if (rt->rt_type == RTN_BROADCAST)
		NET_UPD_PO_STATS(net, IP_OUTBCASTPKTS, IP_OUTBCASTOCTETS, skb->len);
	NET_UPD_PO_STATS(net, IP_OUTTRANSMITS, IP_OUTOCTETS, skb->len);
	if (unlikely(skb_headroom(skb) < dev->hard_header_len) &&
	    skb_cow_head(skb, LL_RESERVED_SPACE(dev))) {
		NET_INC_STATS(net, IP_OUTDISCARDS);
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOMEM;
	}
	nexthop = ip_neigh_key(rt, dev, ip_hdr(skb)->daddr);
	n = __neigh_lookup_noref(tbl, &nexthop, dev);
	if (likely(n))
		return neigh_output(n, skb);
	return ip_output_new_neigh(net, skb, nexthop);
}

/* ---- fragments ---------------------------------------------------------- */

/* What ip_do_fragment() cuts. */
struct ip_frag_out {
	struct sk_buff *skb;	/* whole */
	u32 hlen;
	u32 mtu;		/* of payload, a multiple of 8 */
	u32 ll;			/* room for the link header */
	u32 at;			/* next byte of payload */
	u32 left;
	u16 offset;		/* of the whole one itself, bytes */
	bool more;		/* the whole one has fragments behind it */
	u8 first_hdr[IP_HLEN_MAX];
};

/* The next fragment, a packet of its own, or NULL. */
static struct sk_buff *ip_frag_next(struct net *net, struct ip_frag_out *f)
{
	u32 len = min(f->left, f->mtu);
	struct sk_buff *frag;
	struct iphdr *iph;
	u16 off;

	frag = alloc_skb(net, f->ll + f->hlen + len);
	if (!frag)
		return NULL;
	skb_copy_header(frag, f->skb);
	frag->ip_summed = CHECKSUM_NONE;
	skb_reserve(frag, f->ll);
	skb_reset_network_header(frag);
	memcpy(skb_put(frag, f->hlen), f->first_hdr, f->hlen);
	skb_set_transport_header(frag, (int)f->hlen);
	if (skb_copy_bits(f->skb, f->hlen + f->at, skb_put(frag, len), len)) {
		kfree_skb_reason(frag, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	iph = ip_hdr(frag);
	off = (u16)((f->offset + f->at) / 8);
	/* RFC 791 3.2: options without the copied flag are in the first */
	if (f->at == 0)
		ip_options_fragment(f->first_hdr + IP_HLEN_MIN,
				    f->hlen - IP_HLEN_MIN);
	f->at += len;
	f->left -= len;
	if (f->left || f->more)
		off |= IP_MF;
	iph->frag_off = cpu_to_be16(off);
	iph->tot_len = cpu_to_be16((u16)(f->hlen + len));
	ip_send_check(iph);
	return frag;
}

int ip_do_fragment(struct net *net, struct sock *sk, struct sk_buff *skb,
		   u32 mtu,
		   int (*output)(struct net *, struct sock *, struct sk_buff *))
{
	const struct iphdr *iph = ip_hdr(skb);
	struct ip_frag_out f = {
		.skb = skb, .hlen = ipv4_hdr_len(iph),
		.ll = LL_RESERVED_SPACE(skb->dev),
		.offset = (u16)((be16_to_cpu(iph->frag_off) & IP_OFFSET) * 8),
		.more = be16_to_cpu(iph->frag_off) & IP_MF,
	};
	struct sk_buff *frag;
	int err = -EMSGSIZE;

	if (mtu < f.hlen + 8)
		goto fail;
	err = skb->ip_summed == CHECKSUM_PARTIAL ? skb_checksum_help(skb) : 0;
	if (err)
		goto fail;
	f.mtu = (mtu - f.hlen) & ~7u;
	f.left = skb->len - f.hlen;
	memcpy(f.first_hdr, ip_hdr(skb), f.hlen);
	skb_tstamp_tx(skb, SKBTX_SCHED_TSTAMP, SCM_TSTAMP_SCHED);
	while (f.left) {
		err = -ENOMEM;
		frag = ip_frag_next(net, &f);
		if (!frag)
			goto fail;
		NET_INC_STATS(net, IP_FRAGCREATES);
		err = output(net, sk, frag);
		if (err < 0)
			goto fail;
	}
	NET_INC_STATS(net, IP_FRAGOKS);
	skb_tstamp_tx(skb, SKBTX_SW_TSTAMP, SCM_TSTAMP_SND);
	consume_skb(skb);
	return 0;
fail:
	NET_INC_STATS(net, IP_FRAGFAILS);
	kfree_skb_reason(skb, err == -EMSGSIZE ? SKB_DROP_REASON_PKT_TOO_BIG :
			 SKB_DROP_REASON_NOMEM);
	return err;
}

/* A packet larger than @mtu: cut, or refused when it says so. Consumes. */
static int ip_fragment(struct net *net, struct sock *sk, struct sk_buff *skb,
		       u32 mtu)
{
	if (likely(!(ip_hdr(skb)->frag_off & cpu_to_be16(IP_DF))))
		return ip_do_fragment(net, sk, skb, mtu, ip_finish_output2);
	NET_INC_STATS(net, IP_FRAGFAILS);
	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, cpu_to_be32(mtu));
	kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
	return -EMSGSIZE;
}

__always_inline bool ip_exceeds_mtu(const struct sk_buff *skb, u32 mtu)
{
	return skb->len > mtu && (!skb->shinfo->gso_size ||
				  skb_gso_network_seglen(skb) > mtu);
}

/* A GSO packet whose segments are larger than @mtu (forwarded, and DF is not
 * set): each of them is cut. Consumes. */
static int ip_fragment_gso(struct net *net, struct sock *sk,
			   struct sk_buff *skb, u32 mtu)
{
	struct sk_buff *segs, *next;
	int err = 0, ret;

	segs = skb_mac_gso_segment(skb, 0);
	if (!segs) {
		kfree_skb_reason(skb, SKB_DROP_REASON_PKT_TOO_BIG);
		return -ENOMEM;
	}
	consume_skb(skb);
	for (; segs; segs = next) {
		next = segs->next;
		segs->next = NULL;
		ret = ip_fragment(net, sk, segs, mtu);
		if (ret && !err)
			err = ret;
	}
	return err;
}

static __always_inline int ip_finish_output(struct net *net, struct sock *sk,
					    struct sk_buff *skb)
{
	u32 mtu = ipv4_mtu(skb_dst(skb));

	NET_ROAD(net, skb);
	if (likely(!ip_exceeds_mtu(skb, mtu)))
		return ip_finish_output2(net, sk, skb);
	return skb->shinfo->gso_size ? ip_fragment_gso(net, sk, skb, mtu) :
				       ip_fragment(net, sk, skb, mtu);
}

/* ---- dst.output --------------------------------------------------------- */

int ip_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct net_device *in = skb->dev, *dev = READ_ONCE(skb_dst(skb)->dev);

	NET_ROAD(net, skb);
	skb->dev = dev;
	skb->protocol = cpu_to_be16(ETH_P_IP);
	return NF_HOOK(NF_INET_POST_ROUTING, net, sk, skb, in, dev,
		       ip_finish_output);
}

/* The copy of a group's or everybody's packet that we get ourselves. */
static int ip_loop_copy(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	(void)net;
	(void)sk;
	skb_orphan(skb);
	if (!skb_dst_force(skb)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
		return 0;
	}
	skb_reset_mac_header(skb);
	skb->pkt_type = rt->rt_type == RTN_MULTICAST ? SKB_PACKET_MULTICAST :
			SKB_PACKET_BROADCAST;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	netif_rx(skb);
	return 0;
}

/* Does this host want the packet too? */
static bool ip_wants_loop(const struct sk_buff *skb, const struct sock *sk,
			  const struct net_device *dev)
{
	const struct rtable *rt = skb_rtable(skb);
	const struct in_device *in_dev = __in_dev_get_rcu(dev);

	if (READ_ONCE(dev->flags) & NETDEV_IFF_LOOPBACK)
		return false;
	if (rt->rt_type == RTN_BROADCAST)
		return true;
	return in_dev && (!sk || inet_test_bit(MC_LOOP, sk)) &&
	       ip_check_mc_rcu(in_dev, ip_hdr(skb)->daddr);
}

int ip_mc_output(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct net_device *in = skb->dev, *dev = READ_ONCE(skb_dst(skb)->dev);
	struct sk_buff *copy;

	NET_ROAD(net, skb);
	skb->dev = dev;
	skb->protocol = cpu_to_be16(ETH_P_IP);
	if (ip_wants_loop(skb, sk, dev)) {
		copy = skb_clone(skb);
		if (copy)
			NF_HOOK(NF_INET_POST_ROUTING, net, sk, copy, NULL, dev,
				ip_loop_copy);
	}
	/* TTL 0 stays in this host (RFC 1112 6.1) */
	if (ip_hdr(skb)->ttl == 0) {
		consume_skb(skb);
		return 0;
	}
	return NF_HOOK(NF_INET_POST_ROUTING, net, sk, skb, in, dev,
		       ip_finish_output);
}

/* ---- local packets ------------------------------------------------------ */

/* A complete header; consumes. Context: RCU. */
static __always_inline int __ip_local_out(struct net *net, struct sock *sk,
					  struct sk_buff *skb)
{
	NET_ROAD_AT(net, skb, "ip_local_out");
	NET_INC_STATS(net, IP_OUTREQUESTS);
	skb->protocol = cpu_to_be16(ETH_P_IP);
	return NF_HOOK(NF_INET_LOCAL_OUT, net, sk, skb, NULL,
		       skb_dst(skb)->dev, dst_output);
}

/* A complete header but for length and checksum; consumes. */
int ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	struct iphdr *iph = ip_hdr(skb);
	int err;

	iph->tot_len = cpu_to_be16((u16)skb->len);
	ip_send_check(iph);
	rcu_read_lock(&net->rcu);
	err = __ip_local_out(net, sk, skb);
	rcu_read_unlock(&net->rcu);
	return err;
}

/* What goes into a header, for all who build one. */
struct ip_build {
	__be32 saddr, daddr;
	const struct ip_options_sock *opt;
	u8 protocol, tos, ttl;
	bool df;
};

/* Pushes the header in front of the transport's. */
static inline struct iphdr *ip_push_header(struct sk_buff *skb,
				    const struct ip_build *b)
{
	u32 optlen = b->opt ? b->opt->optlen : 0;
	struct iphdr *iph = skb_push(skb, IP_HLEN_MIN + optlen);

	skb_reset_network_header(skb);
	iph->ver_ihl = (u8)(IPVERSION << 4 | (IP_HLEN_MIN + optlen) / 4);
	iph->tos = b->tos;
	iph->frag_off = b->df ? cpu_to_be16(IP_DF) : 0;
	iph->ttl = b->ttl;
	iph->protocol = b->protocol;
	iph->saddr = b->saddr;
	iph->daddr = b->daddr;
	memset(IPCB(skb), 0, sizeof(struct inet_skb_parm));
	if (unlikely(optlen)) {
		ip_options_build(iph, b->opt, b->daddr);
		IPCB(skb)->optlen = (u8)optlen;
	}
	return iph;
}

static u8 ip_select_ttl(const struct inet_sock *inet)
{
	s16 ttl = READ_ONCE(inet->uc_ttl);

	return ttl < 0 ?
	       (u8)READ_ONCE(sock_net(&inet->sk)->ipv4.sysctl_ip_default_ttl) :
	       (u8)ttl;
}

/* The route of a connected socket, looked for anew. Context: RCU. */
static __noinline struct rtable *ip_sk_new_route(struct sock *sk,
						 const struct flowi4 *fl)
{
	struct inet_sock *inet = inet_sk(sk);
	const struct ip_options_sock *opt = rcu_dereference(inet->inet_opt);
	struct flowi4 fl4;
	struct rtable *rt;

	fl4 = (struct flowi4){
		.daddr = fl ? fl->daddr : inet->inet_daddr,
		.saddr = fl ? fl->saddr : inet->inet_saddr,
		.fl4_sport = inet->inet_sport, .fl4_dport = inet->inet_dport,
		.oif = sk->sk_bound_dev_if, .mark = sk->sk_mark,
		.tos = inet->tos, .proto = (u8)sk->sk_protocol,
		.scope = ip_sock_scope(sk),
		.flags = inet_test_bit(TRANSPARENT, sk) ? FLOWI_FLAG_ANYSRC : 0,
	};
	fl4.daddr = ip_options_next_hop(opt, fl4.daddr);
	rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
	if (IS_ERR(rt))
		return NULL;
	sk_dst_set(sk, &rt->dst);	/* the socket's reference now */
	return rt;
}

/* Its own while it is good. */
static __always_inline struct rtable *ip_sk_route(struct sock *sk,
						  const struct flowi4 *fl)
{
	struct dst_entry *dst = __sk_dst_check(sk, 0);

	return likely(dst) ? container_of(dst, struct rtable, dst) :
			     ip_sk_new_route(sk, fl);
}

/* The header of a packet of a connection with options, or in which others must
 * not see how many packets it sends. */
static __noinline void ip_push_slow_header(struct sock *sk, struct sk_buff *skb,
					   const struct rtable *rt,
					   __be32 saddr, __be32 daddr)
{
	const struct ip_build b = {
		.saddr = saddr, .daddr = daddr,
		.opt = rcu_dereference(inet_sk(sk)->inet_opt),
		.protocol = (u8)sk->sk_protocol, .tos = inet_sk(sk)->tos,
		.ttl = ip_select_ttl(inet_sk(sk)), .df = ip_wants_df(sk, rt),
	};
	struct iphdr *iph = ip_push_header(skb, &b);

	iph->id = ip_ident(sock_net(sk), iph, sk,
			   max_t(u32, skb->shinfo->gso_segs, 1));
	iph->tot_len = cpu_to_be16((u16)skb->len);
	ip_send_check(iph);
}

/*
 * The same without options, not to be fragmented, of a connected socket. It is
 * summed while its words are at hand: reading back what was just written in
 * smaller pieces would make the processor wait.
 */
static __always_inline void ip_push_sock_header(struct sock *sk,
						struct sk_buff *skb,
						__be32 saddr, __be32 daddr)
{
	struct inet_sock *inet = inet_sk(sk);
	u32 len = skb->len + IP_HLEN_MIN, segs = skb->shinfo->gso_segs;
	__be32 first = cpu_to_be32((u32)(IPVERSION << 4 | IP_HLEN_MIN / 4) << 24 |
				   (u32)inet->tos << 16 | (u16)len);
	__be32 second = cpu_to_be32((u32)inet->inet_id << 16 | IP_DF);
	__be16 third = cpu_to_be16((u16)(ip_select_ttl(inet) << 8 |
					 (u8)sk->sk_protocol));
	u64 sum = (u64)first + second + third + saddr + daddr;
	struct iphdr *iph = skb_push(skb, IP_HLEN_MIN);

	skb_reset_network_header(skb);
	memcpy(iph, &first, sizeof(first));
	memcpy(&iph->id, &second, sizeof(second));
	memcpy(&iph->ttl, &third, sizeof(third));
	sum = (sum & 0xffffffffu) + (sum >> 32);
	iph->check = csum_fold((__wsum)(sum + (sum >> 32)));
	iph->saddr = saddr;
	iph->daddr = daddr;
	memset(IPCB(skb), 0, sizeof(struct inet_skb_parm));
	inet->inet_id = (u16)(inet->inet_id + (segs ? segs : 1));
}

int ip_queue_xmit(struct sock *sk, struct sk_buff *skb, const struct flowi4 *fl)
{
	__be32 saddr = fl ? fl->saddr : inet_sk(sk)->inet_saddr;
	__be32 daddr = fl ? fl->daddr : inet_sk(sk)->inet_daddr;
	struct net *net = sock_net(sk);
	struct rtable *rt;
	int err;

	NET_ROAD(net, skb);
	rcu_read_lock(&net->rcu);
	rt = skb_rtable(skb);
	if (!rt) {
		rt = ip_sk_route(sk, fl);
		if (unlikely(!rt)) {
			rcu_read_unlock(&net->rcu);
			NET_INC_STATS(net, IP_OUTNOROUTES);
			kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
			return -EHOSTUNREACH;
		}
		skb_dst_set_noref(skb, &rt->dst);
	}
	if (likely(!rcu_access_pointer(inet_sk(sk)->inet_opt) &&
		   inet_sk(sk)->inet_daddr && ip_wants_df(sk, rt)))
		ip_push_sock_header(sk, skb, saddr, daddr);
	else
		ip_push_slow_header(sk, skb, rt, saddr, daddr);
	skb->priority = sk->sk_priority;
	skb->mark = sk->sk_mark;
	err = __ip_local_out(net, sk, skb);
	rcu_read_unlock(&net->rcu);
	return err;
}

int ip_build_and_send_pkt(struct sk_buff *skb, const struct sock *sk,
			  __be32 saddr, __be32 daddr,
			  const struct ip_options_sock *opt, u8 tos)
{
	const struct rtable *rt = skb_rtable(skb);
	struct net *net = sock_net(sk);
	struct ip_build b = {
		.saddr = saddr, .daddr = daddr, .opt = opt, .tos = tos,
		.protocol = (u8)sk->sk_protocol,
		.ttl = ip_select_ttl(inet_sk(sk)),
		.df = ip_wants_df(sk, rt),
	};

	ip_push_header(skb, &b);
	/* Not a socket's counter: the listener is not connected. */
	ip_select_ident(net, skb, NULL, 1);
	skb->priority = sk->sk_priority;
	if (!skb->mark)
		skb->mark = sk->sk_mark;
	return ip_local_out(net, skb->sk, skb);
}

int ip_send_reply(struct net *net, struct sk_buff *skb,
		  const struct ip_packet_info *to,
		  const struct ip_options_sock *opt)
{
	struct flowi4 fl4 = {
		.daddr = ip_options_next_hop(opt, to->daddr),
		.saddr = to->saddr, .proto = to->protocol, .tos = to->tos,
		.oif = to->oif,
		.flags = to->any_saddr ? FLOWI_FLAG_ANYSRC : 0,
	};
	struct ip_build b = { .protocol = to->protocol, .tos = to->tos,
			      .daddr = to->daddr, .opt = opt };
	u32 hlen = IP_HLEN_MIN + (opt ? opt->optlen : 0);
	struct rtable *rt = ip_route_output_flow(net, &fl4, NULL);
	int err;

	if (IS_ERR(rt)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_OUTNOROUTES);
		return (int)PTR_ERR(rt);
	}
	/* never to many because the sender's source route says so */
	if (unlikely(fl4.daddr != to->daddr && rt_is_to_many(rt))) {
		dst_release(&rt->dst);
		kfree_skb_reason(skb, SKB_DROP_REASON_IP_SOURCE_ROUTE);
		return -EHOSTUNREACH;
	}
	if (skb_cow_head(skb, LL_RESERVED_SPACE(rt->dst.dev) + hlen)) {
		dst_release(&rt->dst);
		NET_INC_STATS(net, IP_OUTDISCARDS);
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOMEM;
	}
	b.saddr = fl4.saddr;
	b.ttl = to->ttl ? to->ttl : (u8)READ_ONCE(net->ipv4.sysctl_ip_default_ttl);
	b.df = skb->len + hlen <= dst_mtu(&rt->dst) &&
	       !rt->rt_mtu_locked;
	skb_dst_drop(skb);
	skb_dst_set(skb, &rt->dst);
	ip_push_header(skb, &b);
	ip_select_ident(net, skb, NULL, 1);
	err = ip_local_out(net, NULL, skb);
	return err;
}

/* ---- datagrams of sockets ------------------------------------------------ */

/* Does the datagram fit what IP, and the socket's own wish not to be cut,
 * allow? 0 or -EMSGSIZE, told to the error queue. */
static int datagram_check_size(struct sock *sk, const struct ip_datagram *d,
			       u64 total)
{
	struct inet_sock *inet = inet_sk(sk);
	u8 p = READ_ONCE(inet->pmtudisc);
	u32 mtu = ip_sk_mtu(sk, &d->rt->dst);
	u32 most = p < IP_PMTUDISC_DO || p == IP_PMTUDISC_OMIT ?
		   IP_MAX_DATAGRAM : mtu;

	if (likely(total <= most) ||
	    (d->ipc->gso_size && total <= IP_MAX_DATAGRAM))
		return 0;
	ip_local_error(sk, EMSGSIZE, d->fl4.daddr, d->fl4.fl4_dport, mtu);
	return -EMSGSIZE;
}

/* Header fields of a datagram: the message's, else the socket's. */
static void datagram_build(struct sock *sk, const struct ip_datagram *d,
			   u32 total, struct ip_build *b)
{
	struct inet_sock *inet = inet_sk(sk);
	const struct ipcm_cookie *ipc = d->ipc;

	b->saddr = d->fl4.saddr;
	/* routed to the first hop of a source route, which ends elsewhere */
	b->daddr = ipc->opt && ipc->opt->faddr ? ipc->addr : d->fl4.daddr;
	b->opt = ipc->opt;
	b->protocol = ipc->protocol ? ipc->protocol : (u8)sk->sk_protocol;
	b->tos = ipc->tos >= 0 ? (u8)ipc->tos : READ_ONCE(inet->tos);
	if (ipc->ttl)
		b->ttl = (u8)ipc->ttl;
	else if (d->rt->rt_type == RTN_MULTICAST)
		b->ttl = READ_ONCE(inet->mc_ttl);
	else
		b->ttl = ip_select_ttl(inet);
	b->df = ip_wants_df(sk, d->rt) &&
		(READ_ONCE(inet->pmtudisc) != IP_PMTUDISC_WANT ||
		 total <= dst_mtu(&d->rt->dst) || d->gso_size);
}

/* The user's bytes behind room for all headers. 0 or -E. */
static int datagram_copy(struct sk_buff *skb, struct inet_msg *msg, size_t len,
			 const struct ip_datagram *d)
{
	void *to = skb_put(skb, (u32)len);
	__wsum csum = 0;
	size_t n;

	if (!len)
		n = 0;
	else if (d->csum == DATAGRAM_CSUM_COPY)
		n = csum_and_copy_from_iter(to, len, &csum, &msg->iter);
	else
		n = copy_from_iter(to, len, &msg->iter);
	if (n != len)
		return -EFAULT;
	skb->csum = csum;
	return 0;
}

/* May the packet show the user's bytes where they lie, for one host and never in
 * fragments? */
static bool datagram_may_lend(const struct sock *sk, const struct inet_msg *msg,
			      const struct ip_datagram *d, u64 total)
{
	return dst_may_lend(&d->rt->dst) && d->rt->rt_type == RTN_UNICAST &&
	       !d->ipc->opt &&
	       (d->gso_size || total <= ip_sk_mtu(sk, &d->rt->dst)) &&
	       iov_iter_npieces(msg->iter, MAX_SKB_FRAGS) <= MAX_SKB_FRAGS;
}

/* Shows them: a fragment for each piece. Nobody has summed them. 0 or -E. */
static int datagram_lend(struct sk_buff *skb, struct inet_msg *msg, size_t len,
			 struct ip_datagram *d)
{
	struct skb_shared_info *frame;
	u32 truesize = skb->truesize;
	u8 *p = NULL;
	size_t n;
	int err = 0;

	d->csum = DATAGRAM_CSUM_NONE;
	for (; len && !err; len -= n) {
		n = iov_iter_piece(&msg->iter, len, &p);
		frame = n ? frame_over_ubuf(skb_net(skb), msg->ubuf, p, (u32)n) :
			    NULL;
		if (!frame) {
			err = -ENOBUFS;
			break;
		}
		err = skb_add_frag(skb, frame, 0, (u32)n);
		if (err)
			frame_put(frame);
		iov_iter_advance(&msg->iter, n);
	}
	sk_count_add(skb->sk, &skb->sk->sk_wmem_alloc,
		     (s32)(skb->truesize - truesize));
	return err ? -ENOBUFS : 0;
}

/* @len of the user's bytes as a fragment of a frame of its own, behind @room
 * octets for headers, and their sum if @sum. 0 or -E. */
static int datagram_add_frag(struct sk_buff *skb, struct inet_msg *msg,
			     u32 len, u32 room, bool sum)
{
	struct net *net = skb_net(skb);
	struct skb_shared_info *frame = room + len > net->pool.frame_size ?
		frame_alloc_heap(net, room + len) : frame_alloc(net, false);
	size_t n;
	int err;

	if (!frame)
		return -ENOBUFS;
	if (sum)
		n = csum_and_copy_from_iter(frame->frame + room, len,
					    &frame->csum, &msg->iter);
	else
		n = copy_from_iter(frame->frame + room, len, &msg->iter);
	err = n == len ? skb_add_frag(skb, frame, room, len) : -EFAULT;
	if (err)
		frame_put(frame);
	return err == -ENOMEM ? -ENOBUFS : err;
}

/*
 * The user's bytes for many datagrams, each of which lies alone behind room for
 * its headers, so that skb_segment() copies nothing; of more than a packet has
 * fragments, the first in each. 0 or -E.
 */
static __noinline int datagram_copy_row(struct sk_buff *skb,
					struct inet_msg *msg, u32 len, u32 room,
					const struct ip_datagram *d)
{
	u32 per = DIV_ROUND_UP(skb->shinfo->gso_segs, (u32)MAX_SKB_FRAGS);
	struct skb_shared_info *si = skb->shinfo;
	u32 truesize = skb->truesize, left, n;
	bool sum = d->csum && per == 1;
	int err = 0;

	si->tx_flags = sum ? SKBTX_FRAG_FLAGS : SKBTX_FRAG_ROOM;
	for (left = len; left && !err; left -= n) {
		n = min(left, per * d->gso_size);
		err = datagram_add_frag(skb, msg, n, room, sum);
	}
	sk_count_add(skb->sk, &skb->sk->sk_wmem_alloc,
		     (s32)(skb->truesize - truesize));
	return err;
}

/* The user's bytes into @skb, behind @room for headers. 0 or -E. */
static __noinline int datagram_fill_slow(struct sk_buff *skb,
					 struct inet_msg *msg, u32 len,
					 u32 room, struct ip_datagram *d)
{
	struct skb_shared_info *si = skb->shinfo;

	if (d->gso_size) {
		si->gso_type = SKB_GSO_UDP_L4;
		si->gso_size = d->gso_size;
		si->gso_segs = (u16)DIV_ROUND_UP(len, (u32)d->gso_size);
	}
	return d->lend ? datagram_lend(skb, msg, len, d) :
			 datagram_copy_row(skb, msg, len, room, d);
}

int ip_send_datagram(struct sock *sk, struct inet_msg *msg, size_t len,
		     struct ip_datagram *d)
{
	u32 hlen = IP_HLEN_MIN + (d->ipc->opt ? d->ipc->opt->optlen : 0);
	u64 total = (u64)hlen + d->transhdrlen + len;
	u32 room = LL_RESERVED_SPACE(d->rt->dst.dev) + hlen;
	struct net *net = sock_net(sk);
	struct ip_build b;
	struct sk_buff *skb;
	bool apart;
	int err;

	NET_ROAD(net, NULL);
	err = datagram_check_size(sk, d, total);
	if (!err && d->prepare)
		err = d->prepare(sk, d, len);
	if (err)
		return err;
	d->lend = unlikely(msg->ubuf) && datagram_may_lend(sk, msg, d, total);
	apart = d->gso_size || d->lend;
	skb = sock_alloc_send_skb(sk, room + d->transhdrlen +
				  (apart ? 0 : (u32)len),
				  msg->flags & MSG_DONTWAIT, &err);
	if (!skb)
		return err;
	skb_reserve(skb, room);
	skb_reset_transport_header(skb);
	skb_put(skb, d->transhdrlen);
	if (unlikely(apart))
		err = datagram_fill_slow(skb, msg, (u32)len,
					 room + d->transhdrlen, d);
	else
		err = datagram_copy(skb, msg, len, d);
	if (!err)
		err = d->finish(sk, skb, d);
	if (err) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOT_SPECIFIED);
		return err;
	}
	datagram_build(sk, d, (u32)total, &b);
	ip_push_header(skb, &b);
	ip_select_ident(net, skb, sk, max_t(u32, skb->shinfo->gso_segs, 1));
	skb->priority = d->ipc->tos >= 0 ? rt_tos2priority((u8)d->ipc->tos) :
					   READ_ONCE(sk->sk_priority);
	skb->mark = d->fl4.mark ? d->fl4.mark : sk->sk_mark;
	ipcm_time(d->ipc, sk, skb);
	rcu_read_lock(&net->rcu);
	skb_dst_set_noref(skb, &d->rt->dst);
	err = ip_local_out(net, sk, skb);
	rcu_read_unlock(&net->rcu);
	return err > 0 ? 0 : err;
}
