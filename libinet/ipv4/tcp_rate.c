/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: how fast the path delivers (draft-cheng-iccrg-delivery-rate-estimation).
 *
 * Theory of operation. Each segment takes down, when it leaves, how many packets had
 * arrived by then and when the last of them was heard of (struct tcp_tx). When it
 * has arrived itself, what arrived since, over the time since, is a rate. Two times
 * are measured, of sending (from when the newest that had arrived was sent) and of
 * ACKs, and the longer one counts: ACKs may come in a heap, and so may segments.
 *
 * Times are in ticks of 1024 ns, in 32 bits.
 *
 * Where the application had nothing more to send, the rate is what it sent, and says
 * little of the path: tp->app_limited is the count of deliveries up to which that
 * holds, 0: it does not.
 */
#include "ipv4/tcp_rate.h"

/* What the segment that was sent last of those that have just arrived says. */
void tcp_rate_gen(struct sock *sk, struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 now = tcp_ticks(tp->mstamp_ns), sent, delivered;
	s32 ticks;

	if (!a->tx_ns) {
		if (a->delivered)	/* counted, without SACK */
			tp->tx.at = now;
		return;
	}
	tp->tx.at = now;
	if (unlikely(tp->app_limited) &&
	    after(tp->tx.delivered, tp->app_limited))
		tp->app_limited = 0;
	sent = tcp_ticks(a->tx_ns);
	ticks = max((s32)(sent - a->tx.first), (s32)(now - a->tx.at));
	tp->tx.first = sent;
	/* shorter than any round trip: what was sent twice arrived the first
	 * time */
	if (unlikely(ticks <= 0 ||
		     (u32)ticks + ((u32)ticks >> 5) + 1 < tp->rtt_min_us))
		return;
	delivered = tp->tx.delivered - a->tx.delivered;
	a->rate_delivered = delivered;
	a->rate_ticks = (u32)ticks;
	if ((a->tx_sacked & TCPCB_APP_LIMITED) &&
	    (u64)delivered * tp->rate_ticks <
		    (u64)tp->rate_delivered * (u32)ticks)
		return;
	tp->rate_delivered = delivered;
	tp->rate_ticks = (u32)ticks;
	tp->rate_limited = a->tx_sacked & TCPCB_APP_LIMITED;
}

u64 tcp_delivery_rate(const struct tcp_sock *tp)
{
	if (!tp->rate_ticks)
		return 0;
	return (u64)tp->rate_delivered * tp->mss_cache *
	       (NSEC_PER_SEC / 1024) / tp->rate_ticks;
}
