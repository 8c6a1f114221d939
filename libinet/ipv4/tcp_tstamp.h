/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SO_TIMESTAMPING of a stream: what a write asked for is the business of the segment
 * that has its last byte, whose number (tskey) and flags are in its frame. Such a
 * segment is marked TCPCB_TSTAMP, and ends a row that leaves as one packet.
 */
#ifndef IPV4_TCP_TSTAMP_H
#define IPV4_TCP_TSTAMP_H

#include "core/tstamp.h"
#include "ipv4/tcp.h"

/* What the message and the socket ask for: *@tsflags. 0 or -EINVAL. */
int tcp_tsflags(struct sock *sk, const struct inet_msg *msg, u32 *tsflags);
/* The write of @msg, which tcp_tsflags() has liked, ends here. Locked. */
void tcp_tx_timestamp(struct sock *sk, const struct inet_msg *msg);

void __tcp_tstamp_split(struct sk_buff *skb, struct sk_buff *rest);

/* @skb was cut, and @rest is what was behind it: which of them has the byte? */
static inline void tcp_tstamp_split(struct sk_buff *skb, struct sk_buff *rest)
{
	if (unlikely(TCP_SKB_CB(skb)->sacked & TCPCB_TSTAMP))
		__tcp_tstamp_split(skb, rest);
}

/* @skb is acknowledged. */
static inline void tcp_tstamp_acked(struct sock *sk, struct sk_buff *skb)
{
	if (unlikely(TCP_SKB_CB(skb)->sacked & TCPCB_TSTAMP) &&
	    (skb_tx_flags(skb) & SKBTX_ACK_TSTAMP))
		__skb_tstamp_tx(skb, sk, SCM_TSTAMP_ACK);
}

/* struct proto's tskey. */
int tcp_tskey(struct sock *sk, bool unwritten, u32 *key);

/* When @skb, whose text is queued for the reader, arrived. */
static inline void tcp_rx_timestamp(const struct sock *sk, struct sk_buff *skb)
{
	struct net *net = sock_net(sk);

	if (unlikely(sock_wants_rx_tstamp(sk)))
		skb->tstamp = net->env.wall(net->env.opaque);
}

#endif /* IPV4_TCP_TSTAMP_H */
