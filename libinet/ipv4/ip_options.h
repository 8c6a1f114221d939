/* SPDX-License-Identifier: BSD-2-Clause */
/* IP options of packets on their road; wire/ip_options.h knows the bytes. */
#ifndef IPV4_IP_OPTIONS_H
#define IPV4_IP_OPTIONS_H

#include "ipv4/ip.h"
#include "ipv4/ip_options_sock.h"
#include "wire/ip_options.h"

/* Reads the options of a header that is linear into IPCB(@skb). 0; or -EINVAL
 * and *@pp_ptr is the offset of the bad octet in the header. */
int ip_options_compile(struct sk_buff *skb, u8 *pp_ptr);

/* A received packet with options, routed. 0, or -EINVAL: it was dropped and
 * @skb is gone. */
int ip_rcv_options(struct sk_buff *skb);

/* Behind the header of a new packet at @iph: what the socket asked for. */
void ip_options_build(struct iphdr *iph, const struct ip_options_sock *opt,
		      __be32 daddr);

/* What an answer to @skb carries: the record route and timestamp that came,
 * with our address and the time added, and the source route reversed. */
void ip_options_reply(const struct sk_buff *skb, struct ip_options_sock *opt);

/* The way back of the source route at whose end @skb arrived, and nothing
 * else, into a zeroed @opt (RFC 9293 MUST-53). Return: whether there is one. */
bool ip_options_return_route(const struct sk_buff *skb,
			     struct ip_options_sock *opt);

/* A copy of @opt, NULL: no memory. */
struct ip_options_sock *ip_options_dup(struct net *net,
				       const struct ip_options_sock *opt);

/* A router adds what record route and timestamp ask for; the checksum is
 * redone. @addr: of the device it leaves by. */
void ip_forward_options(struct sk_buff *skb, __be32 addr);

#endif /* IPV4_IP_OPTIONS_H */
