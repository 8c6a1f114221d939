/* SPDX-License-Identifier: BSD-2-Clause */
/* Reassembly of IPv4 datagrams. */
#ifndef IPV4_IP_FRAGMENT_H
#define IPV4_IP_FRAGMENT_H

#include "core/net.h"

/*
 * Takes a fragment for this host (at its network header). Return: the whole
 * datagram, at its network header, or NULL: not complete, or dropped. Context:
 * softnet, RCU.
 */
struct sk_buff *ip_defrag(struct net *net, struct sk_buff *skb);

/* Bytes of truesize held. */
s64 ip_frag_mem(struct net *net);

/* Queues, timers and memory agree, or the program ends. For tests. */
void ip_frags_verify(struct net *net);

extern const struct pernet_operations ip_frag_net_ops;

#endif /* IPV4_IP_FRAGMENT_H */
