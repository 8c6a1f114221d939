/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPv4 side of a device: its addresses and the groups it listens to.
 *
 * Written under rtnl, read under RCU.
 */
#ifndef IPV4_DEVINET_H
#define IPV4_DEVINET_H

#include "core/dev.h"
#include "core/net.h"
#include "ipv4/route.h"
#include "lib/byteorder.h"
#include "lib/timer.h"

#define IFA_F_SECONDARY 0x01	/* another address of the same prefix was first */

/* One address. */
struct in_ifaddr {
	struct hlist_node hash;		/* RCU: of all addresses of the stack */
	struct in_ifaddr *ifa_next;	/* RCU: of the device, primaries first */
	struct in_device *ifa_dev;
	__be32 ifa_local;
	__be32 ifa_mask;
	__be32 ifa_broadcast;		/* 0: none */
	u8 ifa_prefixlen;
	u8 ifa_scope;
	u8 ifa_flags;			/* IFA_F_* */

	/* RFC 5227: announcements and defence, softnet (arp.c) */
	u8 announces_left;
	struct timer_list announce_timer;
	u64 defended_ns;		/* 0: never */
	struct rcu_head rcu;
};

/* One multicast group that somebody of this host wants. */
struct ip_mc_list {
	struct ip_mc_list *next;	/* RCU */
	__be32 multiaddr;
	u32 users;			/* rtnl */
	struct net *net;
	struct rcu_head rcu;
};

/* Routes kept at a device. */
enum indev_rt {
	INDEV_RT_BCAST_OUT,
	INDEV_RT_MCAST_OUT,
	INDEV_RT_BCAST_IN,
	INDEV_RT_MCAST_IN,
	INDEV_RT_ONLINK,	/* output bound to the device, no route */
	INDEV_RT_FOREIGN,	/* input for addresses of others: a forwarder's */
	NR_INDEV_RT,
};

/* dev->ip_ptr. */
struct in_device {
	struct net_device *dev;		/* owns this; no reference */
	struct in_ifaddr *ifa_list;	/* RCU */
	struct ip_mc_list *mc_list;	/* RCU */
	/* routes that no table entry stands for; RCU, made on first use */
	struct rtable *rt[NR_INDEV_RT];
	struct inet_lock lock;		/* of rt */
	bool dead;
	struct rcu_head rcu;
};

static inline struct in_device *__in_dev_get_rcu(const struct net_device *dev)
{
	return rcu_dereference(dev->ip_ptr);
}

static inline __be32 inet_make_mask(u8 plen)
{
	return plen ? cpu_to_be32(~(u32)0 << (32 - plen)) : 0;
}

#define in_dev_for_each_ifa_rcu(ifa, in_dev) \
	for ((ifa) = rcu_dereference((in_dev)->ifa_list); (ifa); \
	     (ifa) = rcu_dereference((ifa)->ifa_next))

static inline bool inet_ifa_match(__be32 addr, const struct in_ifaddr *ifa)
{
	return !((addr ^ ifa->ifa_local) & ifa->ifa_mask);
}

/* Ours, on any device? Borrowed under RCU, NULL: no. */
struct in_ifaddr *inet_lookup_ifaddr_rcu(struct net *net, __be32 addr);

/* Under rtnl. 0, -EEXIST, -EINVAL, -ENOMEM, -EADDRNOTAVAIL; sentences. */
int inet_insert_ifa(struct net_device *dev, __be32 local, u8 plen,
		    __be32 broadcast);
int inet_del_ifa(struct net_device *dev, __be32 local, int plen);

/* Groups. Under rtnl. 0, -EINVAL, -ENOMEM, -EADDRNOTAVAIL. */
int ip_mc_inc_group(struct net_device *dev, __be32 group);
int ip_mc_dec_group(struct net_device *dev, __be32 group);
/* Does somebody here want @group from @dev? Context: RCU. */
bool ip_check_mc_rcu(const struct in_device *in_dev, __be32 group);

/* "10.0.0.2/24" or "10.0.0.2": 0, or -EINVAL. *@plen: -1 when there is none. */
int inet_parse_prefix(const char *text, __be32 *addr, int *plen);
/* Splits a line into words, in place. Return: how many, at most @max. */
int inet_split_words(char *text, char **words, int max);
/* "10.0.0.2" in a buffer of at least INET_ADDR_STRLEN bytes: that buffer. */
#define INET_ADDR_STRLEN 16
char *inet_addr_print(__be32 addr, char *buf);

extern const struct pernet_operations devinet_net_ops;

#endif /* IPV4_DEVINET_H */
