/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Next hop exceptions: destinations with a path MTU or a gateway of their own.
 *
 * A table of 256 buckets per next hop, made when the first exception is, keyed
 * by a secret, five entries deep: a flood of ICMP errors recycles the entry of
 * its bucket that was touched longest ago (attack-plan C5), and its collisions
 * say nothing about other destinations.
 */
#include <string.h>

#include "ipv4/ip.h"
#include "ipv4/route_cache.h"
#include "lib/err.h"
#include "lib/jhash.h"
#include "lib/points.h"

#define NSEC_PER_SEC 1000000000ULL

static u32 fnhe_hash(const struct fnhe_table *t, __be32 daddr)
{
	return jhash_1word(daddr, t->secret) >> (32 - FNHE_HASH_SHIFT);
}

struct fib_nh_exception *find_exception(struct fib_nh *nh, __be32 daddr)
{
	struct fnhe_table *t = rcu_dereference(nh->exceptions);
	struct fib_nh_exception *e;

	if (likely(!t))
		return NULL;
	e = rcu_dereference(t->bucket[fnhe_hash(t, daddr)]);
	INET_WALK(FNHE);
	while (e && e->daddr != daddr) {
		INET_STEP(FNHE);
		e = rcu_dereference(e->next);
	}
	return e;
}

static void fnhe_free(struct fib_nh_exception *e)
{
	if (e->rth_output)
		dst_release(&e->rth_output->dst);
	if (e->rth_input)
		dst_release(&e->rth_input->dst);
	mem_free(&e->net->mem, e, sizeof(*e));
}

static void fnhe_free_rcu(struct rcu_head *head)
{
	fnhe_free(container_of(head, struct fib_nh_exception, rcu));
}

/* Sockets that hold its rtables look up again. Context: nh->lock. */
static void fnhe_forget_routes(struct fib_nh_exception *e)
{
	struct rtable *out = e->rth_output, *in = e->rth_input;

	rcu_assign_pointer(e->rth_output, NULL);
	rcu_assign_pointer(e->rth_input, NULL);
	rt_kill(out);
	rt_kill(in);
}

/* The entry of a bucket that was touched longest ago, when there are too many,
 * out of it. Context: nh->lock. */
static void fnhe_recycle(struct fnhe_table *t, u32 bucket)
{
	struct fib_nh_exception **pp, **oldest = NULL, *e;
	u32 depth = 0;

	for (pp = &t->bucket[bucket]; (e = *pp) != NULL; pp = &e->next) {
		if (!oldest || e->stamp_ns < (*oldest)->stamp_ns)
			oldest = pp;
		depth++;
	}
	if (depth < FNHE_DEPTH)
		return;
	e = *oldest;
	rcu_assign_pointer(*oldest, e->next);
	t->nr--;
	fnhe_forget_routes(e);
	call_rcu(&t->net->rcu, &e->rcu, fnhe_free_rcu);
}

/* The exceptions of a next hop, made on first use. Context: nh->lock. */
static struct fnhe_table *fnhe_table_get(struct net *net, struct fib_nh *nh)
{
	struct fnhe_table *t = nh->exceptions;

	if (t)
		return t;
	t = mem_zalloc(&net->mem, sizeof(*t));
	if (!t)
		return NULL;
	t->net = net;
	net_random_bytes(net, &t->secret, sizeof(t->secret));
	rcu_assign_pointer(nh->exceptions, t);
	return t;
}

/* A new entry in its bucket, or NULL. Context: nh->lock. */
static struct fib_nh_exception *fnhe_create(struct net *net, struct fib_nh *nh,
					    __be32 daddr)
{
	struct fnhe_table *t = fnhe_table_get(net, nh);
	struct fib_nh_exception *e;
	u32 bucket;

	if (!t)
		return NULL;
	e = mem_zalloc(&net->mem, sizeof(*e));
	if (!e)
		return NULL;
	bucket = fnhe_hash(t, daddr);
	fnhe_recycle(t, bucket);
	INET_PROBE(FNHE_CREATED);
	e->net = net;
	e->daddr = daddr;
	e->next = t->bucket[bucket];
	t->nr++;
	rcu_assign_pointer(t->bucket[bucket], e);
	return e;
}

/* Notes what was learned about one destination: a gateway, an MTU. */
void update_or_create_fnhe(struct net *net, struct fib_nh *nh, __be32 daddr,
			   const struct fnhe_change *change)
{
	u64 now = net_now(net);
	struct fib_nh_exception *e;
	struct rtable *rt;

	spin_lock(&nh->lock);
	e = find_exception(nh, daddr);
	if (!e)
		e = fnhe_create(net, nh, daddr);
	if (!e) {
		spin_unlock(&nh->lock);
		return;
	}
	e->stamp_ns = now;
	if (change->gw)
		e->gw = change->gw;
	if (change->pmtu) {
		e->pmtu = change->pmtu;
		e->mtu_lock = change->mtu_lock;
		e->expires_ns = now + (u64)READ_ONCE(net->ipv4.sysctl_mtu_expires) *
				      NSEC_PER_SEC;
	}
	fnhe_forget_routes(e);
	/* Sockets to this destination may hold the next hop's own rtable. */
	rt = nh->rth_output;
	rcu_assign_pointer(nh->rth_output, NULL);
	rt_kill(rt);
	rt = nh->rth_input;
	rcu_assign_pointer(nh->rth_input, NULL);
	rt_kill(rt);
	spin_unlock(&nh->lock);
}

/* Frees a table. Nobody reads it any more. */
static void fnhe_table_free(struct fnhe_table *t)
{
	struct fib_nh_exception *e, *next;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(t->bucket); i++)
		for (e = t->bucket[i]; e; e = next) {
			next = e->next;
			fnhe_free(e);
		}
	mem_free(&t->net->mem, t, sizeof(*t));
}

void rt_nh_free(struct net *net, struct fib_nh *nh)
{
	(void)net;
	if (nh->rth_output)
		dst_release(&nh->rth_output->dst);
	if (nh->rth_input)
		dst_release(&nh->rth_input->dst);
	if (nh->exceptions)
		fnhe_table_free(nh->exceptions);
}

/* ---- redirects --------------------------------------------------------- */

/*
 * May a router at @from move the flow of @rt to @gw? (RFC 1122 3.2.2.2): it is
 * the present first hop, the new one is a host on the same link.
 */
static bool redirect_is_honest(const struct rtable *rt, __be32 from, __be32 gw,
			       __be32 daddr)
{
	struct net_device *dev = rt->dst.dev;
	struct flowi4 fl4 = { .daddr = gw, .scope = RT_SCOPE_LINK };
	struct net *net = rt->dst.net;
	struct fib_result res;

	if (rt_nexthop(rt, daddr) != from || gw == from ||
	    rt->rt_flags & (RTCF_LOCAL | RTCF_BROADCAST | RTCF_MULTICAST))
		return false;
	if (inet_addr_type(net, gw) != RTN_UNICAST || ipv4_is_class_e(gw) ||
	    ipv4_is_loopback(gw) || ipv4_is_this_network(gw))
		return false;
	return fib_lookup(net, &fl4, &res, 0) == 0 &&
	       res.type == RTN_UNICAST && res.fi->nh.dev == dev &&
	       !res.fi->nh.gw;
}

void ipv4_redirect(struct sk_buff *quote, struct net *net, int oif)
{
	__be32 gw = icmp_hdr(quote)->un.gateway, from = ip_hdr(quote)->saddr;
	struct fnhe_change change = { .gw = gw };
	struct flowi4 fl4 = { .oif = oif, .flags = FLOWI_FLAG_ANYSRC }, to;
	struct fib_result res;
	struct rtable *rt;
	struct iphdr iph;

	if (!READ_ONCE(net->ipv4.sysctl_accept_redirects) ||
	    skb_headlen(quote) < sizeof(iph))
		return;
	memcpy(&iph, quote->data, sizeof(iph));
	fl4.daddr = iph.daddr;
	fl4.saddr = iph.saddr;
	rt = ip_route_output_flow(net, &fl4, NULL);
	if (IS_ERR(rt))
		return;
	to = (struct flowi4){ .daddr = iph.daddr };
	rcu_read_lock(&net->rcu);
	if (redirect_is_honest(rt, from, gw, iph.daddr) &&
	    fib_lookup(net, &to, &res, 0) == 0 && res.fi->nh.gw)
		update_or_create_fnhe(net, &res.fi->nh, iph.daddr, &change);
	rcu_read_unlock(&net->rcu);
	dst_release(&rt->dst);
}

void ipv4_sk_redirect(struct sk_buff *quote, struct sock *sk)
{
	ipv4_redirect(quote, sock_net(sk), sk->sk_bound_dev_if);
}
