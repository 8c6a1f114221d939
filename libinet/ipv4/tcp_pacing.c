/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: pacing.
 *
 * Theory of operation. A paced connection (SO_MAX_PACING_RATE was set, or its
 * packets go through a fq discipline) spreads its window over the round trip:
 * sk_pacing_rate is what the window would need, and a fifth more, in slow start
 * twice as much, so that pacing does not hold back what growth allows. Text that
 * leaves moves wstamp_ns, the earliest time of what follows, by as long as it
 * takes at this rate; half of that is forgiven to text that comes late. The first
 * ten segments of a connection are not counted.
 *
 * wstamp_ns goes down as skb->tstamp, and round trips are measured from there. A
 * fq discipline holds each packet until then, to the nanosecond. TCP holds what
 * is to leave later than AHEAD_NS from now, so that a connection has no more than
 * that in the queues below, as Linux's small queues see to; where there is no fq,
 * it holds all that is not due. Its timer has the ticks of the wheel (65 us),
 * which the half that is forgiven makes good: packets are sized to take a
 * millisecond.
 */
#include "ipv4/tcp.h"

#define AHEAD_NS (NSEC_PER_SEC / 1000)
#define PACING_SHIFT 10			/* a packet takes 1/1024 second */

void tcp_update_pacing_rate(struct sock *sk)
{
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 rate = (u64)tp->mss_cache * max(tp->snd_cwnd, tp->packets_out);

	if (tcp_ca_controls(sk))
		return;
	if (tp->snd_cwnd < tp->snd_ssthresh / 2)
		rate *= (u32)READ_ONCE(ipv4->sysctl_tcp_pacing_ss_ratio);
	else
		rate *= (u32)READ_ONCE(ipv4->sysctl_tcp_pacing_ca_ratio);
	/* srtt_us is kept times eight */
	rate = rate * (USEC_PER_SEC * 8 / 100) / max(tp->srtt_us, 1u);
	WRITE_ONCE(sk->sk_pacing_rate, min(rate, sk->sk_max_pacing_rate));
}

bool tcp_pacing_holds(struct sock *sk)
{
	struct timer_list *timer = &inet_csk(sk)->icsk_pacing_timer;
	bool fq = READ_ONCE(sk->sk_pacing_status) == SK_PACING_FQ;
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 ahead = fq ? AHEAD_NS : 0;

	if (tp->wstamp_ns <= tp->mstamp_ns + ahead)
		return false;
	if (!timer_pending(timer))
		sk_reset_timer(sk, timer, tp->wstamp_ns - ahead / 2);
	return true;
}

/* An ACK alone waits for text that was sent before it, not for its own time. */
void tcp_pacing_sent(struct sock *sk, struct sk_buff *skb, u32 len)
{
	u64 rate = READ_ONCE(sk->sk_pacing_rate), ns, late, from;
	struct tcp_sock *tp = tcp_sk(sk);

	if (len || TCP_SKB_CB(skb)->tcp_flags != TCPHDR_ACK)
		tp->edt_ns = tcp_departure_ns(tp);
	skb->tstamp = max(tp->mstamp_ns, tp->edt_ns);
	if (rate == U64_MAX || !len || tp->data_segs_out < TCP_INIT_CWND)
		return;
	from = tcp_departure_ns(tp);
	late = from - tp->wstamp_ns;
	ns = len * NSEC_PER_SEC / max(rate, (u64)1);
	tp->wstamp_ns = from + ns - min(ns / 2, late);
}

u32 tcp_tso_autosize(struct sock *sk, u32 size, u32 mss_now)
{
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	u32 halvings = tcp_sk(sk)->rtt_min_us >>
		       READ_ONCE(ipv4->sysctl_tcp_tso_rtt_log);
	u64 bytes = 0, least;

	if (!tcp_is_paced(sk)) {
		if (!halvings)
			return size;
		if (halvings < 32)
			bytes = size >> halvings;
		tcp_update_pacing_rate(sk);
	}
	bytes += READ_ONCE(sk->sk_pacing_rate) >> PACING_SHIFT;
	least = (u64)mss_now * (u32)READ_ONCE(ipv4->sysctl_tcp_min_tso_segs);
	return (u32)min(max(bytes, least), (u64)size);
}

/* What was held may go. */
void tcp_pacing_timer(struct timer_list *t)
{
	struct inet_connection_sock *icsk =
		from_timer(icsk, t, icsk_pacing_timer);
	struct sock *sk = &icsk->icsk_inet.sk;

	NET_ROAD(sock_net(sk), NULL);
	bh_lock_sock(sk);
	tcp_tsq_handler(sk);
	bh_unlock_sock(sk);
	sock_put(sk);
}
