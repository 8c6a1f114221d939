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

/*
 * Gives a copy of a received packet to each raw socket that wants @protocol.
 * @skb at its transport header, network_header set; borrowed. Return: whether
 * some socket took one. Context: RCU.
 */
static inline bool raw_local_deliver(struct sk_buff *skb, int protocol)
{
	struct raw_hashinfo *h = skb_net(skb)->ipv4.raw_hashinfo;
	struct hlist_head *chain = &h->chain[protocol & (INET_MAX_PROTOS - 1)];

	return unlikely(rcu_access_pointer(chain->first)) &&
	       raw_deliver_chain(chain, skb, protocol);
}

/* An ICMP error quotes a packet of @protocol: @skb at the quoted IP header,
 * borrowed; @info as net_protocol.err_handler has it. Context: RCU. */
void raw_icmp_error(struct sk_buff *skb, int protocol, u32 info);

/* The table is whole, or the program ends. For tests. */
void raw_verify(struct net *net);

#endif /* IPV4_RAW_H */
