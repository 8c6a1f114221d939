/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: RACK (RFC 8985): a segment is lost when one that was sent later has
 * arrived, and a little time has passed in which it could have been overtaken.
 * That holds for retransmissions, too.
 *
 * tp->tsorted_sent has what is in flight and neither arrived nor lost, by the time
 * of its last transmission. So each ACK looks at those that it finds lost, and one
 * more.
 */
#include "ipv4/tcp.h"

/* Was a segment sent at @t1, ending at @end1, sent after the other? */
static bool tcp_rack_sent_after(u64 t1, u64 t2, u32 end1, u32 end2)
{
	return t1 > t2 || (t1 == t2 && after(end1, end2));
}

/* An answer to the first transmission, before the second came there? */
static bool tcp_rack_spurious(const struct tcp_sock *tp,
			      const struct sk_buff *skb, u32 rtt_us)
{
	if (!(TCP_SKB_CB(skb)->sacked & TCPCB_RETRANS))
		return false;
	return rtt_us < tp->rtt_min_us ||
	       (tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr &&
		before(tp->rx_opt.rcv_tsecr,
		       tcp_ns_to_ts(skb->tstamp) + tp->tsoffset));
}

/* RFC 8985 6.2 steps 1 to 3: @skb has arrived; late, if it was sent once, and something
 * behind it was told of by an ACK before. */
void tcp_rack_advance(struct tcp_sock *tp, const struct sk_buff *skb,
		      struct tcp_ack_state *a)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	u32 rtt_us = tcp_us_since(tp, skb->tstamp);

	if (!(tcb->sacked & TCPCB_RETRANS) &&
	    before(tcb->end_seq, a->prior_sack_high) &&
	    (!a->late || before(tcb->seq, a->late_seq))) {
		a->late = true;
		a->late_seq = tcb->seq;
	}
	if (tcp_rack_spurious(tp, skb, rtt_us))
		return;
	if (tcp_rack_sent_after(skb->tstamp, tp->rack.mstamp_ns, tcb->end_seq,
				tp->rack.end_seq)) {
		tp->rack.rtt_us = rtt_us;	/* of the newest: 5.3 */
		tp->rack.mstamp_ns = skb->tstamp;
		tp->rack.end_seq = tcb->end_seq;
	}
}

void tcp_rack_reordering(struct sock *sk, u32 octets)
{
	u32 most = (u32)READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_max_reordering);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 segs = (octets + tp->mss_cache - 1) / tp->mss_cache;

	tp->reordering = max(tp->reordering, min(segs, most));
	tp->rack.reord_seen++;
	NET_INC_STATS(sock_net(sk), TCP_SACKREORDER);
}

/* RFC 8985 6.2 step 4: once a round trip a report of a duplicate widens the window.
 * It stays so for TCP_RACK_PERSIST repairs. */
void tcp_rack_dsack(struct tcp_sock *tp)
{
	if (tp->rack.reo_wnd_persist &&
	    before(tp->snd_una, tp->rack.dsack_round))
		return;
	tp->rack.dsack_round = tp->snd_nxt;
	tp->rack.reo_wnd_persist = TCP_RACK_PERSIST;
	if (tp->rack.reo_wnd_steps < 255)
		tp->rack.reo_wnd_steps++;
}

void tcp_rack_recovered(struct tcp_sock *tp)
{
	if (tp->rack.reo_wnd_persist && !--tp->rack.reo_wnd_persist)
		tp->rack.reo_wnd_steps = 0;
}

/* How long a segment may be late. */
static u32 tcp_rack_reo_wnd_us(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->rack.reord_seen &&
	    (inet_csk(sk)->icsk_ca_state >= TCP_CA_Recovery ||
	     tp->sacked_out >= tp->reordering))
		return 0;
	return (u32)min((u64)tp->rtt_min_us / 4 * (1u + tp->rack.reo_wnd_steps),
			(u64)tp->srtt_us >> 3);
}

/* @skb, or its retransmission, is lost. */
static void tcp_mark_skb_lost(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcb->sacked & TCPCB_SACKED_RETRANS) {
		tcb->sacked &= (u8)~TCPCB_SACKED_RETRANS;
		tp->retrans_out -= tcp_skb_pcount(skb);
		NET_ADD_STATS(sock_net(sk), TCP_LOSTRETRANSMIT,
			      tcp_skb_pcount(skb));
	}
	if (!(tcb->sacked & TCPCB_LOST)) {
		tcb->sacked |= TCPCB_LOST;
		tp->lost_out += tcp_skb_pcount(skb);
		tp->lost += tcp_skb_pcount(skb);
	}
	tcp_tsorted_del(skb);
	if (!tp->retransmit_skb_hint ||
	    before(tcb->seq, TCP_SKB_CB(tp->retransmit_skb_hint)->seq))
		tp->retransmit_skb_hint = skb;
}

/* RFC 8985 6.2 step 5. Return: how long until the next may be lost; 0: none. */
static u64 tcp_rack_detect_loss(struct sock *sk)
{
	u64 wait_ns, late_ns = (u64)tcp_rack_reo_wnd_us(sk) * NSEC_PER_USEC;
	struct tcp_sock *tp = tcp_sk(sk);
	struct list_head *pos, *next;

	wait_ns = (u64)tp->rack.rtt_us * NSEC_PER_USEC + late_ns;
	for (pos = tp->tsorted_sent.next; pos != &tp->tsorted_sent; pos = next) {
		struct sk_buff *skb = tcp_tsorted_skb(pos);

		next = pos->next;
		if (!tcp_rack_sent_after(tp->rack.mstamp_ns, skb->tstamp,
					 tp->rack.end_seq,
					 TCP_SKB_CB(skb)->end_seq))
			break;
		if (skb->tstamp + wait_ns > tp->mstamp_ns)
			return skb->tstamp + wait_ns - tp->mstamp_ns;
		tcp_mark_skb_lost(sk, skb);
	}
	return 0;
}

bool tcp_rack_mark_lost(struct sock *sk)
{
	u64 when = tcp_rack_detect_loss(sk);

	if (when)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_REO_TIMEOUT,
					  tcp_sk(sk)->mstamp_ns, when);
	return when;
}

/* The reordering window of a segment is over, and no ACK came meanwhile. */
void tcp_rack_reo_timeout(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior_lost = tp->lost_out;

	u64 when = tcp_rack_detect_loss(sk);

	if (tp->lost_out > prior_lost) {
		tcp_enter_recovery_by_timer(sk);
		tcp_xmit_retransmit_queue(sk);
	}
	if (when)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_REO_TIMEOUT,
					  tp->mstamp_ns, when);
	else if (inet_csk(sk)->icsk_pending != ICSK_TIME_RETRANS)
		tcp_rearm_rto(sk);
}
