/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: a repair that was not needed is taken back. The windows are again what they
 * were, nothing counts as lost. Three things show it:
 *
 *	D-SACK	the peer reports each segment that was sent again as one that
 *		it had (RFC 3708)
 *	Eifel	the ACK that closes the hole echoes a timestamp from before
 *		anything was sent again (RFC 3522, 4015)
 *	F-RTO	after a timeout only the first segment was sent again, then new
 *		text; yet what lies between is acknowledged (RFC 5682)
 *
 * tp->undo remembers the windows from before the repair. It outlives the repair,
 * since reports of duplicates come a round trip later, and is forgotten when the
 * window comes down for another reason. A mark is congestion, whatever was lost:
 * where one came meanwhile the windows stay as they are.
 */
#include "ipv4/tcp_ecn.h"

void tcp_undo_arm(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->undo.armed = true;
	tp->undo.marked = false;
	tp->undo.marker = tp->snd_una;
	tp->undo.cwnd = tp->snd_cwnd;
	tp->undo.ssthresh = tp->snd_ssthresh;
	tp->undo.in_vain = 0;
	tp->undo.again = tp->retrans_out;
	if (!tp->retrans_out)
		tp->undo.tsval_set = false;
}

void tcp_undo_retransmitted(struct sock *sk, u32 segs)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->undo.armed && !tp->retrans_out)
		tp->undo.tsval_set = false;
	if (!tp->undo.tsval_set) {
		tp->undo.tsval = tcp_time_stamp(tp);
		tp->undo.tsval_set = true;
	}
	/* a probe of the tail is no repair */
	if (inet_csk(sk)->icsk_ca_state >= TCP_CA_Recovery)
		tp->undo.again += segs;
}

void tcp_undo_dsack(struct tcp_sock *tp, const struct tcp_sack_block *b)
{
	u32 segs = DIV_ROUND_UP(b->end_seq - b->start_seq, tp->mss_cache);

	if (after(b->end_seq, tp->undo.marker))
		tp->undo.in_vain += segs;
}

/* Did the hole close before what was sent again could have come? */
static bool tcp_packet_delayed(const struct tcp_sock *tp)
{
	return tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr &&
	       tp->undo.tsval_set && !tp->retrans_out &&
	       before(tp->rx_opt.rcv_tsecr, tp->undo.tsval);
}

/* Has every retransmission, and there were some, turned out to be in vain? */
static bool tcp_all_in_vain(const struct tcp_sock *tp)
{
	return tp->undo.again && tp->undo.in_vain >= tp->undo.again;
}

/* Nothing is lost: all is in flight. */
static void tcp_unmark_lost(struct tcp_sock *tp)
{
	struct tcp_tsorted_row rows = { 0 };
	struct sk_buff *skb;

	skb_queue_walk(&tp->rtx_queue, skb) {
		if (!(TCP_SKB_CB(skb)->sacked & TCPCB_LOST))
			continue;
		TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_LOST;
		if (tp->rtx_indexed && !tcp_skb_is_tsorted(skb))
			tcp_tsorted_put(tp, skb, &rows);
	}
	tp->lost_out = 0;
	tp->retransmit_skb_hint = NULL;
}

/* It was no loss: the windows, the timer and the state are as before. */
static void tcp_undo(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	INET_PROBE(UNDO);
	tcp_unmark_lost(tp);
	if (likely(!tp->undo.marked)) {
		tp->snd_cwnd = icsk->icsk_ca_ops->undo_cwnd(sk);
		tp->snd_ssthresh = max(tp->snd_ssthresh, tp->undo.ssthresh);
		tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
		tcp_ecn_withdraw_cwr(tp);
	}
	tp->undo.armed = false;
	tp->frto = TCP_FRTO_OFF;
	WRITE_ONCE(icsk->icsk_retransmits, 0);
	if (icsk->icsk_backoff && tp->srtt_us) {
		icsk->icsk_backoff = 0;
		tcp_set_rto(sk);
	}
	if (!tp->rx_opt.sack_ok)
		tp->sacked_out = 0;
	else if (icsk->icsk_ca_state == TCP_CA_Recovery)
		tcp_rack_reordering(sk, tcp_sk(sk)->mss_cache);
	tcp_set_ca_state(sk, tp->sacked_out ? TCP_CA_Disorder : TCP_CA_Open);
}

bool tcp_try_undo(struct sock *sk, const struct tcp_ack_state *a)
{
	static const enum mib_counter by_state[] = {
		[TCP_CA_Open] = MIB_TCP_DSACKUNDO,
		[TCP_CA_Disorder] = MIB_TCP_DSACKUNDO,
		[TCP_CA_Recovery] = MIB_TCP_PARTIALUNDO,
		[TCP_CA_Loss] = MIB_TCP_LOSSUNDO,
	};
	u8 state = inet_csk(sk)->icsk_ca_state;
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->undo.armed || state == TCP_CA_CWR)
		return false;
	if (!((a->flag & FLAG_DSACK) && tcp_all_in_vain(tp)) &&
	    !((a->flag & FLAG_SND_UNA_ADVANCED) && state >= TCP_CA_Recovery &&
	      tcp_packet_delayed(tp)))
		return false;
	if (state == TCP_CA_Recovery && !before(tp->snd_una, tp->high_seq))
		NET_INC_STATS(sock_net(sk), TCP_FULLUNDO);
	else
		net_mib_add(sock_net(sk), by_state[state], 1);
	tcp_undo(sk);
	return true;
}

/* ---- F-RTO (RFC 5682) -------------------------------------------------- */

void tcp_enter_frto(struct sock *sk, u8 prior_state)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	/* 5682-2: what fast recovery sent again confuses; 5682-3: the next
	 * timeout begins again */
	if (READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_frto) &&
	    (prior_state < TCP_CA_Recovery || icsk->icsk_retransmits ||
	     tp->frto))
		tp->frto = TCP_FRTO_SENT_HEAD;
	else
		tp->frto = TCP_FRTO_OFF;
}

/* Is there new text, and does the peer's window take it? */
static bool tcp_has_new_text(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return tcp_send_head(sk) && after(tcp_wnd_end(tp), tp->snd_nxt);
}

bool tcp_process_frto(struct sock *sk, const struct tcp_ack_state *a)
{
	const int news = FLAG_SND_UNA_ADVANCED | FLAG_DATA_SACKED;
	struct tcp_sock *tp = tcp_sk(sk);

	if (!(a->flag & news) && !tcp_ack_is_dup(a))
		return tp->frto;
	if (tp->frto == TCP_FRTO_SENT_NEW && (a->flag & FLAG_ORIG_ACKED) &&
	    !(a->flag & FLAG_RETRANS_DATA_ACKED)) {
		INET_PROBE(FRTO_SPURIOUS);
		NET_INC_STATS(sock_net(sk), TCP_SPURIOUSRTOS);
		NET_INC_STATS(sock_net(sk), TCP_LOSSUNDO);
		tcp_undo(sk);
		return true;
	}
	tp->frto = tp->frto == TCP_FRTO_SENT_HEAD &&
		   (a->flag & FLAG_SND_UNA_ADVANCED) && tcp_has_new_text(sk) ?
		   TCP_FRTO_SENT_NEW : TCP_FRTO_OFF;
	return tp->frto;
}
