/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast groups: which of them this host listens to, and which socket asked
 * for which. Membership is local (link filter and delivery); nothing is told
 * to routers, since IGMP itself is not here yet.
 */
#ifndef IPV4_IGMP_H
#define IPV4_IGMP_H

#include <netinet/in.h>

#include "core/sock.h"

struct net_device;

/* One group that a socket joined on one device. */
struct ip_mc_socklist {
	struct ip_mc_socklist *next;	/* RCU */
	__be32 multiaddr;
	int ifindex;
	struct net *net;
	struct rcu_head rcu;
};

/* IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP. Context: sock lock. 0, -EINVAL,
 * -ENODEV, -EADDRINUSE, -EADDRNOTAVAIL, -ENOBUFS. */
int ip_mc_join_group(struct sock *sk, const struct ip_mreqn *mreq);
int ip_mc_leave_group(struct sock *sk, const struct ip_mreqn *mreq);
/* The device that @mreq names by its index or one of its addresses. Return: its
 * index, 0 when it names none, -ENODEV. */
int ip_mc_find_dev(struct net *net, const struct ip_mreqn *mreq);
/* The socket goes: leaves all its groups. */
void ip_mc_drop_socket(struct sock *sk);
/* Shall a datagram to @group that came by @dif reach this socket? Always true
 * for addresses that are no group. Context: RCU. */
bool ip_mc_sf_allow(const struct sock *sk, __be32 group, __be32 saddr,
		    int dif);

#endif /* IPV4_IGMP_H */
