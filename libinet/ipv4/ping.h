/* SPDX-License-Identifier: BSD-2-Clause */
/* Ping sockets (SOCK_DGRAM, IPPROTO_ICMP), as ICMP sees them. */
#ifndef IPV4_PING_H
#define IPV4_PING_H

#include <inet/skbuff.h>

/*
 * An echo reply, its checksum verified: @skb at the ICMP header. Consumes it;
 * the caller counts nothing. Return: SKB_NOT_DROPPED_YET when a socket got it,
 * else the reason it died of (counted already). Context: RCU.
 */
enum skb_drop_reason ping_rcv(struct sk_buff *skb);

/* An ICMP error quotes an echo request: @skb at the quoted IP header,
 * borrowed; the error's own ICMP header is at skb_transport_header().
 * Return: 0, or -ENOENT when no socket of ours sent it. Context: RCU. */
int ping_err(struct sk_buff *skb, u32 info);

/* The table is whole, or the program ends. For tests. */
void ping_verify(struct net *net);

#endif /* IPV4_PING_H */
