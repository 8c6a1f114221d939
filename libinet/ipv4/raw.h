/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw sockets, as IP input and ICMP see them. */
#ifndef IPV4_RAW_H
#define IPV4_RAW_H

#include <inet/skbuff.h>

/*
 * Gives a copy of a received packet to each raw socket that wants @protocol.
 * @skb at its transport header, network_header set; borrowed. Return: whether
 * some socket took one. Context: RCU.
 */
bool raw_local_deliver(struct sk_buff *skb, int protocol);

/* An ICMP error quotes a packet of @protocol: @skb at the quoted IP header,
 * borrowed; @info as net_protocol.err_handler has it. Context: RCU. */
void raw_icmp_error(struct sk_buff *skb, int protocol, u32 info);

/* The table is whole, or the program ends. For tests. */
void raw_verify(struct net *net);

#endif /* IPV4_RAW_H */
