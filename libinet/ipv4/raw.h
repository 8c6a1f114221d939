/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw sockets, as IP input and ICMP see them. */
#ifndef IPV4_RAW_H
#define IPV4_RAW_H

#include <inet/skbuff.h>

#include "core/net.h"
#include "core/skbuff.h"
#include "lib/list.h"

struct raw_hashinfo {
	struct inet_lock lock;		/* guards changes; a leaf */
	struct hlist_head chain[INET_MAX_PROTOS];	/* of sk_node, RCU */
};

/* raw_local_deliver() where there is somebody. */
bool raw_deliver_chain(struct hlist_head *chain, struct sk_buff *skb,
		       int protocol);

static inline struct hlist_head *raw_chain(const struct net *net, int protocol)
{
	return &net->ipv4.raw_hashinfo->chain[protocol & (INET_MAX_PROTOS - 1)];
}

/* May some raw socket want @protocol? */
static inline bool raw_wanted(const struct net *net, int protocol)
{
	return unlikely(data_race(raw_chain(net, protocol)->first));
}

/*
 * Gives a copy of a received packet to each raw socket that wants @protocol.
 * @skb at its transport header, network_header set; borrowed. Return: whether
 * some socket took one. Context: RCU.
 */
static inline bool raw_local_deliver(struct sk_buff *skb, int protocol)
{
	const struct net *net = skb_net(skb);

	return raw_wanted(net, protocol) &&
	       raw_deliver_chain(raw_chain(net, protocol), skb, protocol);
}

/* An ICMP error quotes a packet of @protocol: @skb at the quoted IP header,
 * borrowed; @info as net_protocol.err_handler has it. Context: RCU. */
void raw_icmp_error(struct sk_buff *skb, int protocol, u32 info);

/* The table is whole, or the program ends. For tests. */
void raw_verify(struct net *net);

#endif /* IPV4_RAW_H */
