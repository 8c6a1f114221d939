/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routing: from a flow, or a received packet, to an rtable.
 *
 * Theory of operation. There is no route per destination. The forwarding table
 * says which next hop (fib_nh) a packet takes, and the rtable of a next hop,
 * made on first use, is kept there: one for output and one for input. A
 * destination that differs (a smaller path MTU, a redirect) has an exception at
 * the next hop with rtables of its own (route_exception.c). Routes that no
 * table entry stands for (broadcast, groups, a socket bound to a device) are
 * kept at the device. So routing a packet takes lookups but no memory, and a
 * received packet borrows its rtable for the length of the RCU read section.
 *
 * Each softnet remembers the last packets for us (struct rt_input, a few dozen
 * pairs of addresses, the newer takes the place of the older), so that a flow
 * asks the tables once and not twice for each packet; and the last questions
 * about packets of ours (struct rt_output), so that connections of one peer ask
 * once. Memory does not grow with what arrives, and who makes it miss only gets
 * the ordinary lookup.
 *
 * Whatever changes a table moves net->ipv4.rt_genid; an rtable of an older
 * generation is not used any more, wherever it was kept (rt_is_valid(),
 * ipv4_dst_check()).
 *
 * The host is multihomed by the weak model, as Linux: an address of any device
 * is ours on every device (RFC 1122 3.3.4.2), and a packet may leave by another
 * device than the one its source address belongs to. net.ipv4.conf.all.rp_filter
 * makes it stricter.
 *
 * A received packet is refused before any table is asked when its addresses
 * cannot be on a wire (RFC 1122 3.2.1.3, 1812 5.3.7), and after when its source
 * is our own or a broadcast address.
 */
#include "ipv4/route.h"

#include <errno.h>
#include <string.h>

#include "ipv4/devinet.h"
#include "ipv4/fib.h"
#include "ipv4/forward.h"
#include "ipv4/ip.h"
#include "ipv4/route_cache.h"
#include "lib/points.h"

#define NO_ENTRY_MSS_HEADERS 40u	/* IPv4 and TCP */

static const struct dst_ops ipv4_dst_ops;

/* ---- rtables ---------------------------------------------------------- */

/* A new rtable by @dev for packets of @type, or NULL. */
struct rtable *rt_alloc(struct net *net, struct net_device *dev, u8 type,
			u32 flags)
{
	struct rt_state *st = net->ipv4.rt;
	struct rtable *rt = kmem_cache_zalloc(st->cache);

	if (!rt)
		return NULL;
	rt->rt_type = type;
	rt->rt_flags = flags;
	spin_lock(&st->lock);
	if (!rcu_access_pointer(dev->ip_ptr)) {
		/* The device has left IPv4: rt_flush_dev() may be over. */
		spin_unlock(&st->lock);
		kmem_cache_free(st->cache, rt);
		return NULL;
	}
	dst_init(&rt->dst, &ipv4_dst_ops, dev);
	rt->dst.genid = smp_load_acquire(&net->ipv4.rt_genid);
	list_add_tail(&rt->rt_all, &st->all);
	st->nr++;
	spin_unlock(&st->lock);
	if (flags & RTCF_LOCAL)
		rt->dst.input = ip_local_deliver;
	return rt;
}

/* dst_ops.destroy: the last reference is gone and nobody reads it. */
static void ipv4_dst_destroy(struct dst_entry *dst)
{
	struct rtable *rt = container_of(dst, struct rtable, dst);
	struct rt_state *st = dst->net->ipv4.rt;

	spin_lock(&st->lock);
	list_del(&rt->rt_all);
	st->nr--;
	dst_fini(dst);
	spin_unlock(&st->lock);
	kmem_cache_free(st->cache, rt);
}

void rt_kill(struct rtable *rt)
{
	if (!rt)
		return;
	WRITE_ONCE(rt->dst.genid, READ_ONCE(rt->dst.net->ipv4.rt_genid) - 1);
	dst_release(&rt->dst);
}

struct rtable *rt_cache_set(struct inet_lock *lock, struct rtable **slot,
			    struct rtable *rt)
{
	struct rtable *old;

	spin_lock(lock);
	old = *slot;
	if (rt_is_valid(old)) {
		spin_unlock(lock);
		dst_release(&rt->dst);
		return old;
	}
	rcu_assign_pointer(*slot, rt);
	spin_unlock(lock);
	if (old)
		dst_release(&old->dst);
	return rt;
}

void rt_flush_dev(struct net_device *dev)
{
	struct net *net = dev_net(dev);
	struct net_device *lo = net->loopback_dev;
	struct rt_state *st = net->ipv4.rt;
	struct rtable *rt;

	rt_cache_flush(net);
	if (dev == lo)
		return;
	spin_lock(&st->lock);
	list_for_each_entry(rt, &st->all, rt_all) {
		if (rt->dst.dev != dev)
			continue;
		dev_hold(lo);
		WRITE_ONCE(rt->dst.input, dst_discard);
		WRITE_ONCE(rt->dst.output, dst_discard_out);
		WRITE_ONCE(rt->dst.dev, lo);
		dev_put(dev);
	}
	spin_unlock(&st->lock);
}

/* ---- dst_ops ---------------------------------------------------------- */

static struct dst_entry *ipv4_dst_check(struct dst_entry *dst, u32 cookie)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);

	(void)cookie;
	if (dst->pmtu && INET_BUGGIFY(PMTU_EXPIRES))
		WRITE_ONCE(dst->expires_ns, 0);
	return rt_is_valid(rt) && !INET_BUGGIFY(ROUTE_FORGOTTEN) ? dst : NULL;
}

u32 ipv4_mtu_learned(const struct dst_entry *dst, u32 mtu)
{
	u32 pmtu = READ_ONCE(dst->pmtu);

	if (pmtu && pmtu < mtu) {
		if (net_now(dst->net) < READ_ONCE(dst->expires_ns))
			mtu = pmtu;
		else
			INET_PROBE(PMTU_EXPIRED);
	}
	return min(mtu, IP_MAX_MTU);
}

/* dst_ops.mtu. */
static u32 ipv4_dst_mtu(const struct dst_entry *dst)
{
	return ipv4_mtu(dst);
}

static u32 ipv4_default_advmss(const struct dst_entry *dst)
{
	u32 advmss = dst->metric_advmss;
	u32 mtu;

	if (advmss)
		return advmss;
	mtu = min(READ_ONCE(dst->dev->mtu), IP_MAX_MTU);
	if (dst->metric_mtu)
		mtu = min(mtu, dst->metric_mtu);
	mtu = max(mtu, NO_ENTRY_MSS_HEADERS) - NO_ENTRY_MSS_HEADERS;
	return max(mtu, (u32)READ_ONCE(dst->net->ipv4.sysctl_min_adv_mss));
}

static struct neighbour *ipv4_neigh_lookup(struct dst_entry *dst,
					   struct sk_buff *skb,
					   const void *daddr)
{
	struct rtable *rt = container_of(dst, struct rtable, dst);
	__be32 nexthop;

	(void)skb;
	memcpy(&nexthop, daddr, sizeof(nexthop));
	nexthop = ip_neigh_key(rt, READ_ONCE(dst->dev), nexthop);
	return neigh_create(dst->net->ipv4.arp_tbl, &nexthop,
			    READ_ONCE(dst->dev));
}

/* No progress for long: a learned MTU or redirect is forgotten, and the tables
 * are asked again, where another gateway may stand (RFC 1122 3.3.1.4). */
static void ipv4_negative_advice(struct sock *sk, struct dst_entry *dst)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);

	if (!rt_is_valid(rt) || rt->rt_flags & RTCF_REDIRECTED || dst->pmtu ||
	    rt->rt_uses_gateway)
		sk_dst_reset(sk);
}

/*
 * Notes that the path of @rt to @daddr carries only @mtu bytes. Never raises
 * what is known (RFC 1191 3), never believes less than min_pmtu.
 */
static void __ip_rt_update_pmtu(struct rtable *rt, __be32 daddr, u32 mtu)
{
	struct net *net = rt->dst.net;
	u32 old = ipv4_mtu(&rt->dst), floor = (u32)READ_ONCE(net->ipv4.sysctl_min_pmtu);
	struct flowi4 fl4 = { .daddr = daddr };
	struct fib_result res;
	bool lock = false;

	if (rt->rt_flags & (RTCF_LOCAL | RTCF_BROADCAST | RTCF_MULTICAST) ||
	    old < mtu)
		return;
	if (mtu < floor) {
		lock = true;
		mtu = min(old, floor);
	}
	if (rt->dst.pmtu == mtu && rt->rt_mtu_locked == lock &&
	    net_now(net) + (u64)READ_ONCE(net->ipv4.sysctl_mtu_expires) * 500000000ULL <
		    rt->dst.expires_ns)
		return;
	rcu_read_lock(&net->rcu);
	if (fib_lookup(net, &fl4, &res, 0) == 0 && res.fi->nh.dev &&
	    !res.fi->mtu_lock)
		update_or_create_fnhe(net, &res.fi->nh, daddr,
				      &(struct fnhe_change){
					      .pmtu = mtu, .mtu_lock = lock });
	rcu_read_unlock(&net->rcu);
}

/* dst_ops.update_pmtu: @skb at the quoted header, or NULL: a socket's own. */
static void ip_rt_update_pmtu(struct dst_entry *dst, struct sock *sk,
			      struct sk_buff *skb, u32 mtu)
{
	struct rtable *rt = container_of(dst, struct rtable, dst);
	__be32 daddr = 0;

	if (skb)
		memcpy(&daddr, skb->data + offsetof(struct iphdr, daddr),
		       sizeof(daddr));
	else if (sk)
		daddr = inet_sk(sk)->inet_daddr;
	if (daddr)
		__ip_rt_update_pmtu(rt, daddr, mtu);
}

static const struct dst_ops ipv4_dst_ops = {
	.family = AF_INET,
	.check = ipv4_dst_check,
	.mtu = ipv4_dst_mtu,
	.default_advmss = ipv4_default_advmss,
	.update_pmtu = ip_rt_update_pmtu,
	.neigh_lookup = ipv4_neigh_lookup,
	.negative_advice = ipv4_negative_advice,
	.destroy = ipv4_dst_destroy,
};

/* The flow of the packet that an ICMP error quotes: one of this host, or of a
 * forwarder's socket (icmp_error()), whose address is foreign. */
static bool quote_flow(const struct sk_buff *quote, struct flowi4 *fl4)
{
	struct iphdr iph;

	if (skb_headlen(quote) < sizeof(iph))
		return false;
	memcpy(&iph, quote->data, sizeof(iph));
	memset(fl4, 0, sizeof(*fl4));
	fl4->daddr = iph.daddr;
	fl4->saddr = iph.saddr;
	fl4->proto = iph.protocol;
	fl4->flags = FLOWI_FLAG_ANYSRC;
	return true;
}

void ipv4_update_pmtu(struct sk_buff *quote, struct net *net, u32 mtu, int oif,
		      u8 protocol)
{
	struct flowi4 fl4;
	struct rtable *rt;

	if (!quote_flow(quote, &fl4) || fl4.proto != protocol)
		return;
	fl4.oif = oif;
	rt = ip_route_output_flow(net, &fl4, NULL);
	if (IS_ERR(rt))
		return;
	__ip_rt_update_pmtu(rt, fl4.daddr, mtu);
	dst_release(&rt->dst);
}

void ipv4_sk_update_pmtu(struct sk_buff *quote, struct sock *sk, u32 mtu)
{
	ipv4_update_pmtu(quote, sock_net(sk), mtu, sk->sk_bound_dev_if,
			 (u8)sk->sk_protocol);
}

/* ---- output ----------------------------------------------------------- */

/* What the next hop, and an exception at it, say about the route. */
static void rt_set_nexthop(struct rtable *rt, const struct fib_info *fi,
			   const struct fib_nh_exception *fnhe)
{
	rt->rt_prefsrc = fi->prefsrc;
	rt->dst.metric_mtu = fi->mtu;
	rt->dst.metric_advmss = fi->advmss;
	rt->rt_mtu_locked = fi->mtu_lock;
	if (fi->nh.gw && fi->nh.scope == RT_SCOPE_LINK) {
		rt->rt_gw4 = fi->nh.gw;
		rt->rt_uses_gateway = true;
	}
	if (!fnhe)
		return;
	if (fnhe->gw) {
		rt->rt_gw4 = fnhe->gw;
		rt->rt_uses_gateway = true;
		rt->rt_flags |= RTCF_REDIRECTED;
	}
	if (fnhe->pmtu) {
		rt->dst.pmtu = fnhe->pmtu;
		rt->dst.expires_ns = fnhe->expires_ns;
		rt->rt_mtu_locked |= fnhe->mtu_lock;
	}
}

/* A new output rtable. */
static struct rtable *rt_new_output(struct net *net, struct net_device *dev,
				    u8 type, const struct fib_info *fi,
				    const struct fib_nh_exception *fnhe)
{
	struct rtable *rt;
	u32 flags = 0;

	if (type == RTN_BROADCAST)
		flags = RTCF_BROADCAST | RTCF_LOCAL;
	else if (type == RTN_MULTICAST)
		flags = RTCF_MULTICAST | RTCF_LOCAL;
	else if (type == RTN_LOCAL)
		flags = RTCF_LOCAL;
	rt = rt_alloc(net, dev, type, flags);
	if (!rt)
		return NULL;
	rt->dst.output = type == RTN_MULTICAST || type == RTN_BROADCAST ?
			 ip_mc_output : ip_output;
	if (fi && (type == RTN_UNICAST || type == RTN_LOCAL))
		rt_set_nexthop(rt, fi, fnhe);
	return rt;
}

/* The rtable at *@slot, or a new one put there, with a reference. */
static struct rtable *rt_get_output(struct net *net, struct net_device *dev,
				    u8 type, struct fib_info *fi, __be32 daddr)
{
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	struct fib_nh_exception *fnhe = NULL;
	struct inet_lock *lock;
	struct rtable **slot, *rt;

	if (type == RTN_UNICAST && fi) {
		fnhe = find_exception(&fi->nh, daddr);
		slot = fnhe ? &fnhe->rth_output : &fi->nh.rth_output;
		lock = &fi->nh.lock;
	} else if (type == RTN_LOCAL && fi) {
		slot = &fi->nh.rth_output;
		lock = &fi->nh.lock;
	} else {
		if (!in_dev)
			return ERR_PTR(-ENETUNREACH);
		slot = &in_dev->rt[type == RTN_BROADCAST ? INDEV_RT_BCAST_OUT :
				   type == RTN_MULTICAST ? INDEV_RT_MCAST_OUT :
				   INDEV_RT_ONLINK];
		lock = &in_dev->lock;
	}
	rt = rcu_dereference(*slot);
	if (likely(rt_is_valid(rt) && dst_hold_safe(&rt->dst)))
		return rt;
	rt = rt_new_output(net, dev, type, fi, fnhe);
	if (!rt)
		return ERR_PTR(-ENOBUFS);
	dst_hold(&rt->dst);
	if (rt_cache_set(lock, slot, rt) != rt) {
		/* Another was faster: this one is used once. */
		return rt;
	}
	return rt;
}

/* The source address that the caller gave must be one to send from. */
static int output_check_saddr(struct net *net, struct flowi4 *fl4)
{
	const struct in_ifaddr *ifa;

	if (ipv4_is_multicast(fl4->saddr) || ipv4_is_lbcast(fl4->saddr) ||
	    ipv4_is_this_network(fl4->saddr))
		return -EINVAL;
	ifa = inet_lookup_ifaddr_rcu(net, fl4->saddr);
	/* A group or everybody: by the device that has the source. */
	if (!fl4->oif && ifa && (ipv4_is_multicast(fl4->daddr) ||
				 ipv4_is_lbcast(fl4->daddr)))
		fl4->oif = ifa->ifa_dev->dev->ifindex;
	if (fl4->flags & FLOWI_FLAG_ANYSRC || ifa)
		return 0;
	return inet_addr_type(net, fl4->saddr) == RTN_LOCAL ? 0 : -ENETUNREACH;
}

/* The socket is bound to a device. 0 or -E; *@dev is borrowed. */
static int output_check_oif(struct net *net, struct flowi4 *fl4,
			    struct net_device **dev)
{
	*dev = dev_get_by_index_rcu(net, fl4->oif);
	if (!*dev)
		return -ENODEV;
	if (!netif_running(*dev) || !__in_dev_get_rcu(*dev))
		return -ENETUNREACH;
	if (fl4->saddr)
		return 0;
	if (ipv4_is_local_multicast(fl4->daddr) || ipv4_is_lbcast(fl4->daddr))
		fl4->saddr = inet_select_addr(*dev, 0, RT_SCOPE_LINK);
	else if (ipv4_is_multicast(fl4->daddr))
		fl4->saddr = inet_select_addr(*dev, 0, fl4->scope);
	return 0;
}

/* Fills in the source and makes the route by what the table said. */
static struct rtable *output_by_result(struct net *net, struct flowi4 *fl4,
				       struct fib_result *res)
{
	struct net_device *dev = res->fi->nh.dev;

	if (res->type == RTN_LOCAL) {
		if (!fl4->saddr)
			fl4->saddr = res->fi->prefsrc ? res->fi->prefsrc :
				     fl4->daddr;
		dev = net->loopback_dev;
		fl4->oif = dev->ifindex;
		return rt_get_output(net, dev, RTN_LOCAL, res->fi, fl4->daddr);
	}
	if (!dev || !__in_dev_get_rcu(dev))
		return ERR_PTR(-ENETUNREACH);
	if (!fl4->saddr)
		fl4->saddr = res->fi->prefsrc;
	if (!fl4->saddr)
		fl4->saddr = inet_select_addr(
			dev, res->fi->nh.gw ? res->fi->nh.gw : fl4->daddr,
			RT_SCOPE_UNIVERSE);
	/* 127/8 never on a wire (RFC 1122 3.2.1.3) */
	if (ipv4_is_loopback(fl4->saddr) && !(READ_ONCE(dev->flags) & NETDEV_IFF_LOOPBACK))
		return ERR_PTR(-EINVAL);
	fl4->oif = dev->ifindex;
	return rt_get_output(net, dev, res->type, res->fi, fl4->daddr);
}

/* The table knows nothing: what a bound device alone can do. */
static struct rtable *output_by_device(struct net *net, struct flowi4 *fl4,
				       struct net_device *dev)
{
	u8 type = RTN_UNICAST;

	if (ipv4_is_lbcast(fl4->daddr))
		type = RTN_BROADCAST;
	else if (ipv4_is_multicast(fl4->daddr))
		type = RTN_MULTICAST;
	if (type == RTN_BROADCAST && !(READ_ONCE(dev->flags) & NETDEV_IFF_BROADCAST) &&
	    !(READ_ONCE(dev->flags) & NETDEV_IFF_LOOPBACK))
		return ERR_PTR(-EINVAL);
	if (!fl4->saddr)
		fl4->saddr = inet_select_addr(dev, fl4->daddr, RT_SCOPE_LINK);
	return rt_get_output(net, dev, type, NULL, fl4->daddr);
}

/*
 * Decides about a packet of ours. *@steady becomes true when the answer holds
 * until the tables change. Return: the route or ERR_PTR(-E). Context: RCU.
 */
static struct rtable *output_rcu(struct net *net, struct flowi4 *fl4,
				 bool *steady)
{
	struct net_device *dev = NULL;
	struct fib_result res;
	int err;

	if (fl4->saddr) {
		err = output_check_saddr(net, fl4);
		if (err)
			return ERR_PTR(err);
	}
	if (fl4->oif) {
		err = output_check_oif(net, fl4, &dev);
		if (err)
			return ERR_PTR(err);
	}
	if (!fl4->daddr) {
		/* 0.0.0.0 is this host */
		if (!fl4->saddr)
			fl4->saddr = cpu_to_be32(INADDR_LOOPBACK);
		fl4->daddr = fl4->saddr;
		fl4->oif = 0;
	}
	if (ipv4_is_this_network(fl4->daddr))
		return ERR_PTR(-EINVAL);
	if (dev && (ipv4_is_lbcast(fl4->daddr) ||
		    ipv4_is_multicast(fl4->daddr)))
		return output_by_device(net, fl4, dev);
	err = fib_lookup(net, fl4, &res, 0);
	if (err)
		return dev ? output_by_device(net, fl4, dev) : ERR_PTR(err);
	if ((ipv4_is_multicast(fl4->daddr) || ipv4_is_lbcast(fl4->daddr)) &&
	    res.fi->nh.dev)
		return output_by_device(net, fl4, res.fi->nh.dev);
	*steady = res.steady;
	return output_by_result(net, fl4, &res);
}

/* Where this softnet would remember the answer to @fl4; NULL: nowhere. */
static struct rt_output *output_place(struct net *net, const struct flowi4 *fl4)
{
	const struct softnet_data *sd = this_softnet(net);
	u32 hash = (fl4->saddr ^ rol32(fl4->daddr, 16)) * 0x9e3779b1u;

	return unlikely(!sd) ? NULL :
	       net->ipv4.rt->output + (sd->id << RT_OUTPUT_SHIFT) +
		       (hash >> (32 - RT_OUTPUT_SHIFT));
}

/* The answer to the same question since the tables changed, or NULL. */
static struct rtable *output_remembered(struct net *net, struct flowi4 *fl4)
{
	const struct rt_output *e = output_place(net, fl4);

	if (unlikely(!e) || e->daddr != fl4->daddr || e->saddr != fl4->saddr ||
	    e->oif != fl4->oif || e->scope != fl4->scope ||
	    e->flags != fl4->flags || !rt_is_valid(e->rt) ||
	    !dst_hold_safe(&e->rt->dst))
		return NULL;
	fl4->saddr = e->src;
	fl4->oif = e->ifindex;
	return e->rt;
}

/* @rt, @fl4: the answer to @asked. Not what is learned of a path and may be
 * forgotten. Context: RCU. */
static void output_remember(struct net *net, const struct flowi4 *asked,
			    const struct flowi4 *fl4, struct rtable *rt)
{
	struct rt_output *e = output_place(net, asked);

	if (unlikely(!e) || rt->rt_flags & RTCF_REDIRECTED || rt->dst.pmtu ||
	    fl4->daddr != asked->daddr)
		return;
	dst_hold(&rt->dst);
	if (e->rt)
		dst_release(&e->rt->dst);
	*e = (struct rt_output){
		.daddr = asked->daddr, .saddr = asked->saddr,
		.oif = asked->oif, .scope = asked->scope,
		.flags = asked->flags, .src = fl4->saddr,
		.ifindex = fl4->oif, .rt = rt,
	};
}

/* Where does a packet of this host go? See route.h. */
struct rtable *ip_route_output_flow(struct net *net, struct flowi4 *fl4,
				    struct sock *sk)
{
	struct flowi4 asked;
	struct rtable *rt;
	bool steady = false;

	if (sk && !fl4->oif)
		fl4->oif = READ_ONCE(sk->sk_bound_dev_if);
	rcu_read_lock(&net->rcu);
	rt = output_remembered(net, fl4);
	if (!rt) {
		asked = *fl4;
		rt = output_rcu(net, fl4, &steady);
		if (steady && !IS_ERR(rt))
			output_remember(net, &asked, fl4, rt);
	}
	rcu_read_unlock(&net->rcu);
	return rt;
}

struct rtable *ip_route_connect(struct flowi4 *fl4, __be32 daddr, __be32 saddr,
				int oif, u8 proto, __be16 sport, __be16 dport,
				struct sock *sk)
{
	*fl4 = (struct flowi4){
		.daddr = daddr, .saddr = saddr, .oif = oif, .proto = proto,
		.fl4_sport = sport, .fl4_dport = dport, .mark = sk->sk_mark,
		.tos = inet_sk(sk)->tos, .scope = ip_sock_scope(sk),
		.flags = inet_test_bit(TRANSPARENT, sk) ? FLOWI_FLAG_ANYSRC : 0,
	};
	return ip_route_output_flow(sock_net(sk), fl4, sk);
}

/* ---- input ------------------------------------------------------------ */

/* Puts the rtable of @slot on @skb, or the new one that @rt is. */
static int rt_use_input(struct sk_buff *skb, struct inet_lock *lock,
			struct rtable **slot, struct rtable *rt)
{
	if (!rt)
		return -ENOBUFS;
	rt->rt_is_input = true;
	rt = rt_cache_set(lock, slot, rt);
	skb_dst_set_noref(skb, &rt->dst);
	return 0;
}

/* A broadcast, or a group we listen to: kept at the device. */
static int input_to_all(struct sk_buff *skb, struct net_device *dev,
			struct in_device *in_dev, u8 type)
{
	bool group = type == RTN_MULTICAST;
	struct rtable **slot = &in_dev->rt[group ? INDEV_RT_MCAST_IN :
					   INDEV_RT_BCAST_IN];
	struct rtable *rt = rcu_dereference(*slot);

	if (likely(rt_is_valid(rt))) {
		skb_dst_set_noref(skb, &rt->dst);
		return 0;
	}
	rt = rt_alloc(dev_net(dev), dev, type, RTCF_LOCAL |
		      (group ? RTCF_MULTICAST : RTCF_BROADCAST));
	return rt_use_input(skb, &in_dev->lock, slot, rt);
}

/* Where this softnet would remember a packet like this; NULL: nowhere. */
static inline struct rt_input *input_place(struct net *net, __be32 daddr, __be32 saddr)
{
	const struct softnet_data *sd = this_softnet(net);
	u32 hash = (saddr ^ rol32(daddr, 16)) * 0x9e3779b1u;

	return unlikely(!sd) ? NULL :
	       net->ipv4.rt->input + (sd->id << RT_INPUT_SHIFT) +
		       (hash >> (32 - RT_INPUT_SHIFT));
}

/*
 * Has this pair been found good since the tables changed? Then @skb has its
 * route. rp_filter may depend on which gateways are alive: nothing is kept.
 */
static inline bool input_remembered(struct sk_buff *skb, __be32 daddr, __be32 saddr,
			     const struct net_device *dev)
{
	struct net *net = dev_net(dev);
	const struct rt_input *e = input_place(net, daddr, saddr);

	if (unlikely(!e) || e->saddr != saddr || e->daddr != daddr ||
	    e->iif != dev->ifindex || !rt_is_valid(e->rt) ||
	    READ_ONCE(net->ipv4.sysctl_rp_filter))
		return false;
	skb_dst_set_noref(skb, &e->rt->dst);
	return true;
}

/* @rt is the answer for such packets from now on. Context: softnet, RCU. */
static void input_remember(struct net *net, __be32 daddr, __be32 saddr,
			   int iif, struct rtable *rt)
{
	struct rt_input *e = input_place(net, daddr, saddr);

	if (unlikely(!e))
		return;
	if (e->rt != rt) {
		if (!dst_hold_safe(&rt->dst))
			return;
		if (e->rt)
			dst_release(&e->rt->dst);
		e->rt = rt;
	}
	e->daddr = daddr;
	e->saddr = saddr;
	e->iif = iif;
}

/* For us: kept at the next hop of the local route. */
static int input_local(struct sk_buff *skb, struct net *net,
		       struct fib_info *fi)
{
	struct rtable *rt = rcu_dereference(fi->nh.rth_input);

	if (likely(rt_is_valid(rt))) {
		skb_dst_set_noref(skb, &rt->dst);
		return 0;
	}
	rt = rt_alloc(net, net->loopback_dev, RTN_LOCAL, RTCF_LOCAL);
	return rt_use_input(skb, &fi->nh.lock, &fi->nh.rth_input, rt);
}

/* For somebody behind another link: kept at the next hop, or its exception. */
static int input_forward(struct sk_buff *skb, struct net *net, __be32 daddr,
			 struct fib_result *res)
{
	struct fib_nh *nh = &res->fi->nh;
	struct fib_nh_exception *fnhe;
	struct rtable **slot, *rt;

	if (!nh->dev || !__in_dev_get_rcu(nh->dev))
		return -EHOSTUNREACH;
	fnhe = find_exception(nh, daddr);
	slot = fnhe ? &fnhe->rth_input : &nh->rth_input;
	rt = rcu_dereference(*slot);
	if (likely(rt_is_valid(rt))) {
		skb_dst_set_noref(skb, &rt->dst);
		return 0;
	}
	rt = rt_alloc(net, nh->dev, RTN_UNICAST, 0);
	if (rt) {
		rt->dst.input = ip_forward;
		rt->dst.output = ip_output;
		rt_set_nexthop(rt, res->fi, fnhe);
	}
	return rt_use_input(skb, &nh->lock, slot, rt);
}

/* Addresses that no packet from outside may carry. */
static enum skb_drop_reason input_martian(__be32 daddr, __be32 saddr,
					  bool loopback)
{
	if (ipv4_is_multicast(saddr) || ipv4_is_class_e(saddr))
		return SKB_DROP_REASON_IP_MARTIAN_SOURCE;
	/* 0.0.0.0 asks for an address (RFC 1122 3.2.1.3 (a)) */
	if (ipv4_is_this_network(saddr) &&
	    !(saddr == 0 && (ipv4_is_lbcast(daddr) ||
			     ipv4_is_local_multicast(daddr))))
		return SKB_DROP_REASON_IP_MARTIAN_SOURCE;
	if (ipv4_is_this_network(daddr) ||
	    (ipv4_is_class_e(daddr) && !ipv4_is_lbcast(daddr)))
		return SKB_DROP_REASON_IP_MARTIAN_DEST;
	if (loopback)
		return SKB_NOT_DROPPED_YET;
	if (ipv4_is_loopback(daddr))
		return SKB_DROP_REASON_IP_MARTIAN_DEST;
	if (ipv4_is_loopback(saddr))
		return SKB_DROP_REASON_IP_MARTIAN_SOURCE;
	return SKB_NOT_DROPPED_YET;
}

/* 0, or -EINVAL with the reason: the source is ours, a broadcast address, or
 * reached by another device. */
static int input_check_source(struct sk_buff *skb, __be32 daddr, __be32 saddr,
			      struct net_device *dev,
			      enum skb_drop_reason *reason)
{
	int err;

	if (saddr == 0)
		return 0;
	err = fib_validate_source(skb, saddr, daddr, dev);
	if (likely(!err))
		return 0;
	*reason = err == -EXDEV ? SKB_DROP_REASON_IP_RPFILTER :
		  SKB_DROP_REASON_IP_MARTIAN_SOURCE;
	return -EINVAL;
}

/* A multicast packet: somebody listens, or nobody does. */
static int input_multicast(struct sk_buff *skb, __be32 daddr,
			   struct net_device *dev, struct in_device *in_dev,
			   enum skb_drop_reason *reason)
{
	if (!ip_check_mc_rcu(in_dev, daddr)) {
		*reason = SKB_DROP_REASON_IP_INADDRERRORS;
		return -EHOSTUNREACH;
	}
	return input_to_all(skb, dev, in_dev, RTN_MULTICAST);
}

/* No route: a host is not concerned, a router says so. */
static int input_no_route(struct net *net, int err,
			  enum skb_drop_reason *reason)
{
	if (!READ_ONCE(net->ipv4.sysctl_ip_forward)) {
		*reason = SKB_DROP_REASON_IP_INADDRERRORS;
		return -EHOSTUNREACH;
	}
	*reason = SKB_DROP_REASON_IP_INNOROUTES;
	return err;
}

/*
 * Is what is for nobody here a forwarder's? Not where a route says that nobody
 * shall have it. A router forwards the rest: then it depends on the protocol, and
 * is not to be remembered.
 */
static bool input_is_foreign(struct net *net, const struct net_device *dev,
			     u8 protocol, int err, u8 type)
{
	bool router = READ_ONCE(net->ipv4.sysctl_ip_forward);

	if (likely(!net_forwards(net)) ||
	    (err ? err != -ENETUNREACH : type != RTN_UNICAST))
		return false;
	return forward_takes_foreign(net, dev, router ? protocol : 0);
}

/* For us although it is not: kept at the device. */
static int input_foreign(struct sk_buff *skb, const struct flowi4 *fl4,
			 struct net_device *dev, enum skb_drop_reason *reason)
{
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	struct rtable **slot = &in_dev->rt[INDEV_RT_FOREIGN];
	struct net *net = dev_net(dev);
	struct rtable *rt;
	int err;

	err = input_check_source(skb, fl4->daddr, fl4->saddr, dev, reason);
	if (err)
		return err;
	*reason = SKB_DROP_REASON_NOMEM;
	rt = rcu_dereference(*slot);
	if (likely(rt_is_valid(rt))) {
		skb_dst_set_noref(skb, &rt->dst);
	} else {
		rt = rt_alloc(net, net->loopback_dev, RTN_LOCAL,
			      RTCF_LOCAL | RTCF_FOREIGN);
		err = rt_use_input(skb, &in_dev->lock, slot, rt);
	}
	if (!err && !READ_ONCE(net->ipv4.sysctl_ip_forward))
		input_remember(net, fl4->daddr, fl4->saddr, dev->ifindex,
			       skb_rtable(skb));
	return err;
}

/* A unicast address, as far as one can see: what do the tables say? */
static int input_by_table(struct sk_buff *skb, const struct flowi4 *fl4,
			  struct net_device *dev, enum skb_drop_reason *reason)
{
	struct net *net = dev_net(dev);
	struct fib_result res = { .type = RTN_UNSPEC };
	int err;

	err = fib_lookup(net, fl4, &res, 0);
	if (unlikely(input_is_foreign(net, dev, ip_hdr(skb)->protocol, err,
				      res.type)))
		return input_foreign(skb, fl4, dev, reason);
	if (unlikely(err))
		return input_no_route(net, err, reason);
	if (res.type == RTN_UNICAST && !READ_ONCE(net->ipv4.sysctl_ip_forward))
		return input_no_route(net, 0, reason);
	err = input_check_source(skb, fl4->daddr, fl4->saddr, dev, reason);
	if (unlikely(err))
		return err;
	*reason = SKB_DROP_REASON_NOMEM;
	if (res.type == RTN_BROADCAST)
		return input_to_all(skb, dev, __in_dev_get_rcu(dev),
				    RTN_BROADCAST);
	if (res.type != RTN_LOCAL)
		return input_forward(skb, net, fl4->daddr, &res);
	err = input_local(skb, net, res.fi);
	if (likely(!err))
		input_remember(net, fl4->daddr, fl4->saddr, dev->ifindex,
			       skb_rtable(skb));
	return err;
}

/* What is not remembered. */
static __noinline int input_slow(struct sk_buff *skb, __be32 daddr,
				 __be32 saddr, struct net_device *dev,
				 enum skb_drop_reason *reason)
{
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	struct flowi4 fl4;
	int err;

	*reason = SKB_DROP_REASON_IP_INADDRERRORS;
	if (unlikely(!in_dev))
		return -EINVAL;
	*reason = input_martian(daddr, saddr,
				READ_ONCE(dev->flags) & NETDEV_IFF_LOOPBACK);
	if (unlikely(*reason))
		return -EINVAL;
	if (ipv4_is_lbcast(daddr)) {
		err = input_check_source(skb, daddr, saddr, dev, reason);
		return err ? err : input_to_all(skb, dev, in_dev,
						RTN_BROADCAST);
	}
	if (ipv4_is_multicast(daddr)) {
		err = input_check_source(skb, daddr, saddr, dev, reason);
		return err ? err : input_multicast(skb, daddr, dev, in_dev,
						   reason);
	}
	fl4 = (struct flowi4){ .daddr = daddr, .saddr = saddr,
			       .tos = ip_hdr(skb)->tos, .iif = dev->ifindex };
	return input_by_table(skb, &fl4, dev, reason);
}

int ip_route_input_noref(struct sk_buff *skb, __be32 daddr, __be32 saddr,
			 struct net_device *dev, enum skb_drop_reason *reason)
{
	NET_ROAD(dev_net(dev), skb);
	if (likely(input_remembered(skb, daddr, saddr, dev)))
		return 0;
	return input_slow(skb, daddr, saddr, dev, reason);
}

/* Who claims to be what nobody on a wire can be (RFC 1122 3.1). */
static void ip_log_martian(struct net *net, const struct sk_buff *skb)
{
	char from[INET_ADDR_STRLEN], to[INET_ADDR_STRLEN];

	net_warn_ratelimited(&net->log, "martian source %s to %s on %s",
			     inet_addr_print(ip_hdr(skb)->saddr, from),
			     inet_addr_print(ip_hdr(skb)->daddr, to),
			     skb->dev ? skb->dev->name : "?");
}

/* What a router says about a packet without a route (RFC 1812 5.2.7.1). */
void ip_route_input_error(struct sk_buff *skb, int err,
			  enum skb_drop_reason reason)
{
	struct net *net = skb_net(skb);

	if (reason == SKB_DROP_REASON_IP_INADDRERRORS ||
	    reason == SKB_DROP_REASON_IP_MARTIAN_DEST)
		NET_INC_STATS(net, IP_INADDRERRORS);
	if (reason == SKB_DROP_REASON_IP_RPFILTER)
		NET_INC_STATS(net, IP_RPFILTER);
	if (reason == SKB_DROP_REASON_IP_INNOROUTES) {
		NET_INC_STATS(net, IP_INNOROUTES);
		if (err == -ENETUNREACH)
			icmp_send(skb, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, 0);
		else if (err == -EHOSTUNREACH)
			icmp_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
		else if (err == -EACCES)
			icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, 0);
	}
	if (reason == SKB_DROP_REASON_IP_MARTIAN_SOURCE &&
	    READ_ONCE(net->ipv4.sysctl_log_martians))
		ip_log_martian(net, skb);
	kfree_skb_reason(skb, reason);
}

void ipv4_link_failure(struct sk_buff *skb)
{
	struct rtable *rt = skb_rtable(skb);

	icmp_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	/* Where there is another gateway, let it be found. */
	if (rt && rt->rt_uses_gateway && rt_is_valid(rt))
		rt_cache_flush(rt->dst.net);
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
}

/* ---- addresses -------------------------------------------------------- */

/* What the table says about an address that is no class of its own. */
static u8 addr_type_by_table(struct net *net, const struct net_device *dev,
			     __be32 addr)
{
	struct flowi4 fl4 = { .daddr = addr };
	struct fib_result res;
	u8 type = RTN_UNICAST;

	rcu_read_lock(&net->rcu);
	if (fib_lookup(net, &fl4, &res, FIB_LOOKUP_LOCAL) == 0 &&
	    (!dev || dev == res.fi->nh.dev))
		type = res.type;
	rcu_read_unlock(&net->rcu);
	return type;
}

u8 inet_dev_addr_type(struct net *net, const struct net_device *dev,
		      __be32 addr)
{
	if (ipv4_is_zeronet(addr) || ipv4_is_lbcast(addr))
		return RTN_BROADCAST;
	if (ipv4_is_multicast(addr))
		return RTN_MULTICAST;
	return addr_type_by_table(net, dev, addr);
}

u8 inet_addr_type(struct net *net, __be32 addr)
{
	return inet_dev_addr_type(net, NULL, addr);
}

/* ---- life ------------------------------------------------------------- */

static const struct sysctl_row route_sysctls[] = {
	SYSCTL_ROW("net.ipv4.route.min_pmtu", ipv4.sysctl_min_pmtu, S32, 68,
		   65535, 552),
	SYSCTL_ROW("net.ipv4.route.mtu_expires", ipv4.sysctl_mtu_expires, S32,
		   1, 86400, 600),
	SYSCTL_ROW("net.ipv4.route.min_adv_mss", ipv4.sysctl_min_adv_mss, S32,
		   1, 65495, 256),
};

static size_t input_size(const struct net *net)
{
	return (sizeof(struct rt_input) << RT_INPUT_SHIFT) * net->nr_softnets;
}

/* What softnets remember is forgotten. Context: none of them runs. */
static void input_forget(struct net *net)
{
	struct rt_input *input = net->ipv4.rt->input;
	u32 i;

	if (!input)
		return;
	for (i = 0; i < net->nr_softnets << RT_INPUT_SHIFT; i++)
		if (input[i].rt)
			dst_release(&input[i].rt->dst);
	mem_free(&net->mem, input, input_size(net));
}

static size_t output_size(const struct net *net)
{
	return (sizeof(struct rt_output) << RT_OUTPUT_SHIFT) * net->nr_softnets;
}

/* The same for what they send. */
static void output_forget(struct net *net)
{
	struct rt_output *output = net->ipv4.rt->output;
	u32 i;

	if (!output)
		return;
	for (i = 0; i < net->nr_softnets << RT_OUTPUT_SHIFT; i++)
		if (output[i].rt)
			dst_release(&output[i].rt->dst);
	mem_free(&net->mem, output, output_size(net));
}

static void route_net_exit(struct net *net)
{
	struct rt_state *st = net->ipv4.rt;

	if (!st)
		return;
	input_forget(net);
	output_forget(net);
	rcu_barrier(&net->rcu);
	kmem_cache_destroy(st->cache);
	mem_free(&net->mem, st, sizeof(*st));
	net->ipv4.rt = NULL;
}

/* Memory and knobs of routes that packets hold. */
static int route_net_init(struct net *net)
{
	struct rt_state *st = mem_zalloc(&net->mem, sizeof(*st));

	if (!st)
		return -ENOMEM;
	lock_init(&st->lock, net->smp);
	lock_init(&net->ipv4.forwarders_lock, net->smp);
	INIT_LIST_HEAD(&st->all);
	net->ipv4.rt = st;
	st->input = mem_zalloc(&net->mem, input_size(net));
	st->output = mem_zalloc(&net->mem, output_size(net));
	st->cache = kmem_cache_create(&net->mem, "rtable",
				      sizeof(struct rtable), 0);
	if (!st->input || !st->output || !st->cache) {
		route_net_exit(net);
		return -ENOMEM;
	}
	return register_net_sysctl(net, route_sysctls,
				   ARRAY_SIZE(route_sysctls));
}

const struct pernet_operations route_net_ops = {
	.name = "route",
	.init = route_net_init,
	.exit = route_net_exit,
};
