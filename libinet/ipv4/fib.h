/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forwarding table: a trie of prefixes, for each its routes by metric,
 * each route a shared fib_info with its next hop.
 *
 * Written under rtnl, read under RCU.
 */
#ifndef IPV4_FIB_H
#define IPV4_FIB_H

#include <stdio.h>

#include "core/dev.h"
#include "core/net.h"
#include "ipv4/fib_trie.h"
#include "ipv4/route.h"
#include "lib/err.h"
#include "lib/refcount.h"

struct fnhe_table;
struct in_ifaddr;

#define RTN_MAX RTN_THROW

/* fib_info.flags */
#define RTNH_F_DEAD 0x01	/* the device is down or gone */
#define RTNH_F_ONLINK 0x04	/* the gateway is on the link, whatever */

/* fib_config.protocol: who made the route, as ip-route(8) prints it */
#define RTPROT_KERNEL 2
#define RTPROT_BOOT 3
#define RTPROT_STATIC 4

/* Where packets go that use a route. */
struct fib_nh {
	struct net_device *dev;		/* holds a reference; NULL: reject */
	__be32 gw;			/* 0: the destination itself */
	u8 scope;			/* of the gateway */
	struct rtable *rth_output;	/* RCU; made on first use, kept */
	struct rtable *rth_input;
	struct fnhe_table *exceptions;	/* RCU; PMTU and redirects */
	struct inet_lock lock;		/* of the three above */
};

struct fib_info {
	struct hlist_node hash;		/* rtnl: equal ones are shared */
	struct net *net;
	refcount_t refcnt;
	u8 type;			/* RTN_* */
	u8 scope;
	u8 protocol;
	u8 flags;			/* RTNH_F_* */
	bool mtu_lock;
	u32 priority;
	__be32 prefsrc;
	u32 mtu, advmss;		/* 0: the device's */
	struct fib_nh nh;
	struct rcu_head rcu;
};

/* One route of a prefix. */
struct fib_alias {
	struct hlist_node node;		/* RCU: local first, then by priority */
	struct list_head all;		/* rtnl: of the table, in order of birth */
	struct fib_leaf *leaf;
	struct fib_info *fi;
	bool local;			/* of Linux's table "local" */
	struct rcu_head rcu;
};

struct fib_table {
	struct net *net;
	struct fib_trie trie;
	struct list_head all;		/* fib_alias.all */
	u32 nr;				/* aliases */
	u32 nr_infos;
	u32 info_shift;
	struct hlist_head *info_hash;	/* rtnl */
};

/* A route to be added or deleted. */
struct fib_config {
	__be32 dst, gw, prefsrc;
	int oif;			/* 0: none given */
	u8 dst_len, type, scope, protocol;
	u8 flags;			/* RTNH_F_ONLINK */
	bool local, mtu_lock;
	bool append;			/* beside one of the same metric */
	bool has_priority;		/* deleting: it must match */
	bool has_type, has_scope;
	u32 priority, mtu, advmss;
};

struct fib_result {
	u8 prefixlen, type, scope;
	bool steady;			/* holds until the tables change: no
					 * other gateway may come into use */
	struct fib_info *fi;		/* borrowed under RCU */
};

/* Only what makes up Linux's table "local". */
#define FIB_LOOKUP_LOCAL 0x1

/* 0, -ENETUNREACH, or what a reject route says. Context: RCU. */
int fib_lookup(struct net *net, const struct flowi4 *fl4,
	       struct fib_result *res, u32 flags);

/* Under rtnl; a sentence is left on failure. */
int fib_table_insert(struct net *net, const struct fib_config *cfg);
int fib_table_delete(struct net *net, const struct fib_config *cfg);
/* Removes what became dead. Return: how many. */
u32 fib_flush(struct net *net);
/* @dev goes down or, @gone, away: marks its routes. Local addresses outlive
 * a device that is only down. Return: how many. */
u32 fib_sync_down_dev(struct net *net, struct net_device *dev, bool gone);
/* Routes that prefer a source which is no longer ours. */
u32 fib_sync_down_addr(struct net *net, __be32 local);
/* One line as ip-route(8) prints it, without the newline. */
void fib_alias_print(const struct fib_alias *fa, char *buf, size_t size);

/* fib_semantics.c */
struct fib_info *fib_create_info(struct net *net,
				 const struct fib_config *cfg);
void fib_release_info(struct fib_info *fi);
int fib_type_error(u8 type);
const char *fib_type_name(u8 type);
bool fib_info_matches(const struct fib_info *fi, const struct fib_config *cfg);

/* fib_frontend.c: addresses and devices move routes. */
/* All routes of an address, or none: 0, -ENOMEM. */
int fib_add_ifaddr(struct in_ifaddr *ifa);
/* Before @ifa goes: those that its heir needs, or none: 0, -ENOMEM. */
int fib_promote_heir(const struct in_ifaddr *ifa);
void fib_del_ifaddr(struct in_ifaddr *ifa);
int fib_enable_ip(struct net_device *dev);
void fib_disable_ip(struct net_device *dev, bool gone);
int fib_parse_route(struct net *net, const char *text, bool adding,
		    struct fib_config *cfg);
/*
 * Is @src a possible source of a packet that came in by @dev? 0 or -EINVAL
 * (martian), -EXDEV (reverse path filter). Context: RCU.
 */
int fib_validate_source(struct sk_buff *skb, __be32 src, __be32 dst,
			struct net_device *dev);

/* Trie, routes, next hops and exceptions agree, or the program ends. For
 * tests. */
void fib_verify(struct net *net);

extern const struct pernet_operations fib_net_ops;

#endif /* IPV4_FIB_H */
