/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP: how fast the path delivers; see tcp_rate.c. */
#ifndef IPV4_TCP_RATE_H
#define IPV4_TCP_RATE_H

#include "ipv4/tcp.h"

/* @tcb leaves. */
static __always_inline void tcp_rate_skb_sent(const struct tcp_sock *tp,
					      struct tcp_skb_cb *tcb)
{
	tcb->tx = tp->tx;
	tcb->sacked &= (u8)~TCPCB_APP_LIMITED;
	if (unlikely(tp->app_limited))
		tcb->sacked |= TCPCB_APP_LIMITED;
}

/* Nothing was in flight: time begins here. */
static __always_inline void tcp_rate_begin(struct tcp_sock *tp, u64 ns)
{
	tp->tx.first = tp->tx.at = tcp_ticks(ns);
}

/* A segment, sent at @ns, has arrived, and was not known to. */
static __always_inline void tcp_rate_skb_delivered(const struct tcp_skb_cb *tcb,
						   u64 ns,
						   struct tcp_ack_state *a)
{
	if (unlikely(a->tx_ns && before(tcb->tx.delivered, a->tx.delivered)))
		return;
	a->tx_ns = ns;
	a->tx = tcb->tx;
	a->tx_sacked = tcb->sacked;
}

/* A sample of this ACK, if there is one. */
void tcp_rate_gen(struct sock *sk, struct tcp_ack_state *a);
/* Octets per second. */
u64 tcp_delivery_rate(const struct tcp_sock *tp);

/* The application writes: had it nothing more to send, while more would have been
 * let go? */
static inline void tcp_rate_check_app_limited(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 in_flight = tcp_packets_in_flight(tp);

	if (tcp_write_queue_empty(sk) && in_flight < tp->snd_cwnd &&
	    tp->lost_out <= tp->retrans_out)
		tp->app_limited = max(tp->tx.delivered + in_flight, 1u);
}

#endif /* IPV4_TCP_RATE_H */
