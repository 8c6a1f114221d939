/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: probes of the tail (TLP, RFC 8985 7). When the last segments of a flight are
 * lost nothing behind them tells of it, and the retransmission timer is slow and
 * dear. So two round trips after the last one went a probe follows, new text or the
 * last segment once more: its SACK shows the hole, and tcp_rack.c repairs it.
 *
 * If the probe itself was the repair, one loss would have gone unpunished: what its
 * acknowledgment says is looked at in tcp_process_tlp_ack().
 */
#include "ipv4/tcp.h"

/* How long until the oldest segment has been under way for an RTO; at least 1. */
static u64 tcp_rto_left_ns(const struct sock *sk)
{
	s64 rto_ns = (s64)(inet_csk(sk)->icsk_rto_us * NSEC_PER_USEC);

	return (u64)max(rto_ns + (s64)(tcp_rtx_queue_head(sk)->tstamp -
				       tcp_sk(sk)->mstamp_ns), 1ll);
}

/* Is nothing known to be missing, and the flight's end worth a probe? */
static bool tcp_may_probe(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	return (icsk->icsk_ca_state == TCP_CA_Open ||
		icsk->icsk_ca_state == TCP_CA_CWR) &&
	       !tcp_sk(sk)->sacked_out && !icsk->icsk_retransmits &&
	       READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_early_retrans) >= 3;
}

bool tcp_schedule_loss_probe(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 pto_us;

	if (!tp->rx_opt.sack_ok || !tcp_may_probe(sk) || tp->tlp_out ||
	    !tp->tlp_sampled)
		return false;
	pto_us = TCP_TIMEOUT_INIT_US;
	if (likely(tp->srtt_us))	/* a single segment's ACK may be delayed */
		pto_us = (tp->srtt_us >> 2) + (tp->packets_out == 1 ?
				TCP_DELACK_MAX_US : TCP_PTO_SLACK_US);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_LOSS_PROBE, tp->mstamp_ns,
				  min(pto_us * NSEC_PER_USEC,
				      tcp_rto_left_ns(sk)));
	return true;
}

/* New text, or the newest segment once more. Return: one of them went. */
static bool tcp_probe_tail(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->tlp_retrans = !tcp_send_one_new(sk);
	return !tp->tlp_retrans ||
	       !tcp_retransmit_skb(sk, skb_peek_tail(&tp->rtx_queue));
}

void tcp_send_loss_probe(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->packets_out)
		return;
	tp->tlp_sampled = false;	/* 8985-7: no other before a sample */
	if (tcp_may_probe(sk) && tcp_probe_tail(sk)) {
		INET_PROBE(TAIL_PROBE);
		tp->tlp_out = true;
		tp->tlp_high_seq = tp->snd_nxt;
		tp->tlp_flight = tp->packets_out;
		NET_INC_STATS(sock_net(sk), TCP_LOSSPROBES);
	}
	tcp_rearm_rto(sk);		/* 8985-9: from now on */
}

/* RFC 8985 7.4.2: the segment that the probe sent again had been lost, and nothing
 * else will tell of it. */
static void tcp_tlp_repaired(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 cwnd = tp->snd_cwnd;

	INET_PROBE(TAIL_PROBE_REPAIRED);
	NET_INC_STATS(sock_net(sk), TCP_LOSSPROBERECOVERY);
	if (inet_csk(sk)->icsk_ca_state >= TCP_CA_CWR)
		return;			/* it comes down already */
	tcp_enter_cwr(sk);
	/* what was under way when it got lost counts, not what is now */
	tp->snd_ssthresh = max(tp->snd_ssthresh, tp->tlp_flight / 2);
	tp->snd_cwnd = min(cwnd, tp->snd_ssthresh);
	/* and nothing else is under way that it would have to wait for */
	tcp_ca_event(sk, CA_EVENT_COMPLETE_CWR);
	tcp_set_ca_state(sk, tp->sacked_out ? TCP_CA_Disorder : TCP_CA_Open);
}

void tcp_process_tlp_ack(struct sock *sk, const struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (before(a->ack, tp->tlp_high_seq))
		return;
	if (!tp->tlp_retrans || (a->flag & FLAG_DSACK_TLP) ||
	    (tcp_ack_is_dup(a) && !(a->flag & FLAG_DATA_SACKED))) {
		/* both came */
		tp->tlp_out = false;
	} else if (after(a->ack, tp->tlp_high_seq)) {
		tp->tlp_out = false;
		tcp_tlp_repaired(sk);
	}
}
