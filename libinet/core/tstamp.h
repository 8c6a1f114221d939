/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING: when packets came and left, by
 * the wall clock of the stack's environment.
 *
 * What came is stamped when its socket queues it. What is to leave carries in its
 * frame which stamps are wanted (SKBTX_*) and of which byte or datagram (tskey);
 * each is an entry of the error queue. A packet that is cut has them on the last
 * piece: all before it has left then, too.
 */
#ifndef CORE_TSTAMP_H
#define CORE_TSTAMP_H

#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "core/skbuff.h"
#include "core/sock.h"

#define SOF_TIMESTAMPING_TX_HERE \
	(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED | \
	 SOF_TIMESTAMPING_TX_ACK)

/* Of a sock: is the arrival of packets to be noted? */
static inline bool sock_wants_rx_tstamp(const struct sock *sk)
{
	return data_race(sk->sk_flags) & (1UL << SOCK_RCVTSTAMP |
					  1UL << SOCK_RCVTSTAMPNS |
					  1UL << SOCK_TIMESTAMPING_RX_SOFTWARE);
}

int sock_set_timestamping(struct sock *sk, const void *val, socklen_t len);
int sock_get_timestamping(struct sock *sk, void *val, socklen_t *len);

/* The control messages that were asked for; @ns: 0 if it was not noted. */
void sock_recv_timestamp(struct inet_msg *msg, struct sock *sk, u64 ns);

/* What SOF_TIMESTAMPING_TX_* ask of a packet: SKBTX_*. */
static inline u8 tstamp_tx_flags(u32 tsflags)
{
	return (u8)((tsflags & SOF_TIMESTAMPING_TX_SOFTWARE ? SKBTX_SW_TSTAMP : 0) |
		    (tsflags & SOF_TIMESTAMPING_TX_SCHED ? SKBTX_SCHED_TSTAMP : 0) |
		    (tsflags & SOF_TIMESTAMPING_TX_ACK ? SKBTX_ACK_TSTAMP : 0));
}

/* What @tsflags ask of the next datagram of @sk, @skb. */
void sock_tx_timestamp(struct sock *sk, struct sk_buff *skb, u32 tsflags);

static inline u8 skb_tx_flags(const struct sk_buff *skb)
{
	return READ_ONCE(skb->shinfo->tx_flags);
}

/* @to is what leaves of @from, or the last piece of it. */
static inline void skb_tstamp_copy(struct sk_buff *to, const struct sk_buff *from)
{
	u8 flags = skb_tx_flags(from) & SKBTX_ANY_TSTAMP;

	if (likely(!flags) || to->shinfo == from->shinfo)
		return;
	to->shinfo->tskey = from->shinfo->tskey;
	WRITE_ONCE(to->shinfo->tx_flags, to->shinfo->tx_flags | flags);
}

/* ipv4/errqueue.c: the entry SCM_TSTAMP_@type of @skb, made now. NULL: @sk is over, or
 * memory short. Context: any. */
struct sk_buff *skb_tstamp_entry(struct sk_buff *skb, struct sock *sk, u32 type);
/* For its reader. Consumes. */
void skb_tstamp_queue(struct sock *sk, struct sk_buff *entry);
/* Both, for @skb which is of @sk, or of nobody any more. */
void __skb_tstamp_tx(struct sk_buff *skb, struct sock *sk, u32 type);

/* @skb has come as far as @type, for which a packet with @flag asks. */
static inline void skb_tstamp_tx(struct sk_buff *skb, u8 flag, u32 type)
{
	if (unlikely(skb_tx_flags(skb) & flag))
		__skb_tstamp_tx(skb, skb->sk, type);
}

#endif /* CORE_TSTAMP_H */
