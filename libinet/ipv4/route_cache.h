/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What route.c, route_exception.c and the forwarding table share: rtables kept
 * at their next hops.
 */
#ifndef IPV4_ROUTE_CACHE_H
#define IPV4_ROUTE_CACHE_H

#include "ipv4/fib.h"
#include "ipv4/route.h"

#define FNHE_HASH_SHIFT 8
#define FNHE_DEPTH 5		/* exceptions in a bucket, the oldest goes */

/* A destination behind a next hop that is not like the others. */
struct fib_nh_exception {
	struct fib_nh_exception *next;	/* RCU */
	__be32 daddr;
	__be32 gw;			/* of a redirect, 0: none */
	u32 pmtu;			/* 0: none */
	bool mtu_lock;
	u64 expires_ns;			/* of pmtu */
	u64 stamp_ns;			/* last used or changed */
	struct rtable *rth_output;	/* RCU */
	struct rtable *rth_input;
	struct net *net;
	struct rcu_head rcu;
};

struct fnhe_table {
	struct net *net;
	u32 secret;
	u32 nr;
	struct fib_nh_exception *bucket[1 << FNHE_HASH_SHIFT];
};

#define RT_INPUT_SHIFT 6	/* answers that a softnet remembers: 64 */
#define RT_OUTPUT_SHIFT 6	/* and as many about what it sends */

/* A pair of addresses that was found good, and to be for us: what the tables
 * said. Belongs to one softnet. */
struct rt_input {
	__be32 daddr, saddr;
	int iif;
	struct rtable *rt;		/* with a reference; NULL: none */
};

/* What the tables said about a packet of ours. Belongs to one softnet. */
struct rt_output {
	__be32 daddr, saddr;		/* the question; 0: any */
	int oif;
	u8 scope, flags;
	__be32 src;			/* the answer */
	int ifindex;
	struct rtable *rt;		/* with a reference; NULL: none */
};

/* All rtables of a stack, so that those of a device can be found. */
struct rt_state {
	struct inet_lock lock;
	struct list_head all;
	u32 nr;
	struct kmem_cache *cache;
	struct rt_input *input;		/* [nr_softnets << RT_INPUT_SHIFT] */
	struct rt_output *output;	/* [nr_softnets << RT_OUTPUT_SHIFT] */
};

/* A new rtable, refcnt 1, or NULL. */
struct rtable *rt_alloc(struct net *net, struct net_device *dev, u8 type,
			u32 flags);
/* Sockets that cached it look up again; drops the cache's reference. */
void rt_kill(struct rtable *rt);
/* *@slot, or @rt put there: a race is won by the first. Takes the caller's
 * reference of @rt. Return: borrowed under RCU. */
struct rtable *rt_cache_set(struct inet_lock *lock, struct rtable **slot,
			    struct rtable *rt);
/* Still made from the present tables? */
static inline bool rt_is_valid(const struct rtable *rt)
{
	return rt && READ_ONCE(rt->dst.genid) ==
		     smp_load_acquire(&rt->dst.net->ipv4.rt_genid);
}

/* Frees what is kept at a next hop. Nobody reads it any more. */
void rt_nh_free(struct net *net, struct fib_nh *nh);

/* route_exception.c. Context: RCU. */
struct fib_nh_exception *find_exception(struct fib_nh *nh, __be32 daddr);

/* What is learned about a destination; 0: nothing. */
struct fnhe_change {
	__be32 gw;
	u32 pmtu;
	bool mtu_lock;
};

void update_or_create_fnhe(struct net *net, struct fib_nh *nh, __be32 daddr,
			   const struct fnhe_change *change);

#endif /* IPV4_ROUTE_CACHE_H */
