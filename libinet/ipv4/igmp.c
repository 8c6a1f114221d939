/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multicast memberships of sockets (RFC 1112 7.1: the host's side).
 *
 * A socket keeps the list of its groups; the device keeps, with a count, the
 * union of them (devinet.c), which is its link filter and what input accepts.
 * The lists change under rtnl and the sock's lock and are read under RCU.
 */
#include "ipv4/igmp.h"

#include <errno.h>

#include "ipv4/devinet.h"
#include "ipv4/inet_sock.h"
#include "ipv4/route.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "wire/ipv4.h"

/* The device that routing would send the group by. */
static int mc_dev_by_route(struct net *net, __be32 group)
{
	struct flowi4 fl4 = { .daddr = group };
	struct rtable *rt = ip_route_output_flow(net, &fl4, NULL);
	int ifindex;

	if (IS_ERR(rt))
		return -ENODEV;
	ifindex = rt->dst.dev->ifindex;
	dst_release(&rt->dst);
	return ifindex;
}

int ip_mc_find_dev(struct net *net, const struct ip_mreqn *mreq)
{
	const struct in_ifaddr *ifa;
	const struct net_device *dev;
	int ifindex = -ENODEV;

	if (!mreq->imr_ifindex && !mreq->imr_address.s_addr)
		return 0;
	rcu_read_lock(&net->rcu);
	if (mreq->imr_ifindex) {
		dev = dev_get_by_index_rcu(net, mreq->imr_ifindex);
		if (dev)
			ifindex = dev->ifindex;
	} else {
		ifa = inet_lookup_ifaddr_rcu(net, mreq->imr_address.s_addr);
		if (ifa)
			ifindex = ifa->ifa_dev->dev->ifindex;
	}
	rcu_read_unlock(&net->rcu);
	return ifindex;
}

/* Where the socket's list has (@group, @ifindex); @ifindex 0: any device.
 * *@nr: how many entries were passed. */
static struct ip_mc_socklist **mc_list_find(struct inet_sock *inet,
					    __be32 group, int ifindex,
					    s32 *nr)
{
	struct ip_mc_socklist **pos = &inet->mc_list;

	for (*nr = 0; *pos; pos = &(*pos)->next, ++*nr)
		if ((*pos)->multiaddr == group &&
		    (!ifindex || (*pos)->ifindex == ifindex))
			break;
	return pos;
}

/* Under rtnl. */
static int mc_join(struct sock *sk, __be32 group, int ifindex)
{
	struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);
	struct ip_mc_socklist *entry;
	struct net_device *dev;
	s32 nr;
	int err;

	if (*mc_list_find(inet, group, ifindex, &nr))
		return -EADDRINUSE;
	if (nr >= READ_ONCE(net->ipv4.sysctl_igmp_max_memberships))
		return -ENOBUFS;
	entry = mem_zalloc(&net->mem, sizeof(*entry));
	if (!entry)
		return -ENOBUFS;
	dev = dev_get_by_index(net, ifindex);
	err = dev ? ip_mc_inc_group(dev, group) : -ENODEV;
	if (dev)
		dev_put(dev);
	if (err) {
		mem_free(&net->mem, entry, sizeof(*entry));
		return err;
	}
	entry->multiaddr = group;
	entry->ifindex = ifindex;
	entry->net = net;
	entry->next = inet->mc_list;
	rcu_assign_pointer(inet->mc_list, entry);
	return 0;
}

int ip_mc_join_group(struct sock *sk, const struct ip_mreqn *mreq)
{
	__be32 group = mreq->imr_multiaddr.s_addr;
	struct net *net = sock_net(sk);
	int ifindex, err;

	if (!ipv4_is_multicast(group))
		return -EINVAL;
	ifindex = ip_mc_find_dev(net, mreq);
	if (!ifindex)
		ifindex = mc_dev_by_route(net, group);
	if (ifindex < 0)
		return ifindex;
	rtnl_lock(net);
	err = mc_join(sk, group, ifindex);
	rtnl_unlock(net);
	return err;
}

/* No reader sees the entry any more. */
static void mc_entry_free(struct rcu_head *head)
{
	struct ip_mc_socklist *entry =
		container_of(head, struct ip_mc_socklist, rcu);

	mem_free(&entry->net->mem, entry, sizeof(*entry));
}

/* Takes one entry off the list and its group off the device, if that is still
 * there. Under rtnl. */
static void mc_leave(struct sock *sk, struct ip_mc_socklist **pos)
{
	struct net *net = sock_net(sk);
	struct ip_mc_socklist *entry = *pos;
	struct net_device *dev = dev_get_by_index(net, entry->ifindex);

	rcu_assign_pointer(*pos, entry->next);
	if (dev) {
		ip_mc_dec_group(dev, entry->multiaddr);
		dev_put(dev);
	}
	call_rcu(&net->rcu, &entry->rcu, mc_entry_free);
}

int ip_mc_leave_group(struct sock *sk, const struct ip_mreqn *mreq)
{
	struct net *net = sock_net(sk);
	struct ip_mc_socklist **pos;
	int ifindex, err = -EADDRNOTAVAIL;
	s32 nr;

	ifindex = ip_mc_find_dev(net, mreq);
	if (ifindex < 0)
		return ifindex;
	rtnl_lock(net);
	pos = mc_list_find(inet_sk(sk), mreq->imr_multiaddr.s_addr, ifindex,
			   &nr);
	if (*pos) {
		mc_leave(sk, pos);
		err = 0;
	}
	rtnl_unlock(net);
	return err;
}

void ip_mc_drop_socket(struct sock *sk)
{
	struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);

	if (likely(!rcu_access_pointer(inet->mc_list)))
		return;
	rtnl_lock(net);
	while (inet->mc_list)
		mc_leave(sk, &inet->mc_list);
	rtnl_unlock(net);
}

bool ip_mc_sf_allow(const struct sock *sk, __be32 group, __be32 saddr, int dif)
{
	const struct inet_sock *inet = inet_sk(sk);
	const struct ip_mc_socklist *entry;

	(void)saddr;		/* filters by source come with IGMP */
	if (!ipv4_is_multicast(group))
		return true;
	for (entry = rcu_dereference(inet->mc_list); entry;
	     entry = rcu_dereference(entry->next))
		if (entry->multiaddr == group && entry->ifindex == dif)
			return true;
	return inet_test_bit(MC_ALL, &inet->sk);
}
