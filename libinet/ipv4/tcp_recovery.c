/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: losses, found by duplicate ACKs or by the timer, and repaired: fast
 * retransmit and fast recovery of NewReno (RFC 5681, 6582), limited transmit
 * (RFC 3042), slow start after a timeout.
 *
 *	Open		nothing wrong
 *	Disorder	duplicate ACKs, fewer than tp->reordering: each lets one
 *			new segment out (limited transmit)
 *	Recovery	tp->high_seq is NewReno's "recover": the first hole
 *			was sent again, each partial ACK shows the next one
 *	Loss		the timer fired: all is taken for lost and sent again as
 *			slow start allows; or the path became narrower: what is
 *			too large for it is, and no window shrinks
 *	CWR		our own device dropped, or a mark came (tcp_ecn.c): the
 *			window comes down until what was in flight is
 *			acknowledged, and a little more, which told the peer
 *
 * With SACK the states are the same, but tcp_scoreboard.c knows what has arrived,
 * tcp_rack.c what is lost, and the window comes down bit by bit (RFC 6937): see the
 * end of the file. Without it, NewReno:
 *
 * A duplicate ACK says that one packet has left the network, but not which:
 * sacked_out counts them. So the packets in flight become fewer by one with
 * each, which is RFC 5681's inflation of the window, and a partial ACK sets
 * the count right, which is RFC 6582's deflation.
 */
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_mtu_probe.h"

/* ---- counting duplicate ACKs ------------------------------------------ */

/* More cannot have arrived than were sent, less the one that is missing. */
static void tcp_limit_reno_sacked(struct tcp_sock *tp)
{
	u32 holes = max(tp->lost_out, 1u);

	if (tp->rx_opt.sack_ok)
		return;
	holes = min(holes, tp->packets_out);
	tp->sacked_out = min(tp->sacked_out, tp->packets_out - holes);
}

/* Of what arrived, @nr are known by an ACK that tells of a mark. */
static void tcp_count_marked(struct sock *sk, u32 nr)
{
	tcp_sk(sk)->delivered_ce += nr;
	NET_ADD_STATS(sock_net(sk), TCP_DELIVEREDCE, nr);
}

/* A duplicate ACK: one packet more has been delivered, if one can have been. */
static void tcp_add_reno_sack(struct sock *sk, const struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 before = tp->sacked_out++;

	tcp_limit_reno_sacked(tp);
	if (tp->sacked_out <= before)
		return;
	tp->tx.delivered++;
	NET_INC_STATS(sock_net(sk), TCP_DELIVERED);
	if (a->flag & FLAG_ECE)
		tcp_count_marked(sk, 1);
}

/* Of the packets that are acknowledged those arrived before for which duplicate ACKs
 * came: the window is not to grow for them twice. */
void tcp_reno_delivered(const struct tcp_sock *tp, struct tcp_ack_state *a)
{
	if (a->delivered > 1)
		a->delivered -= min(tp->sacked_out, a->delivered - 1);
}

/* @acked packets left the queue: all but the hole had been counted. */
static void tcp_remove_reno_sacks(struct tcp_sock *tp, u32 acked)
{
	if (acked > 1)
		tp->sacked_out -= min(acked - 1, tp->sacked_out);
	tcp_limit_reno_sacked(tp);
}

/* ---- entering and leaving --------------------------------------------- */

/* The first packet that is not acknowledged is lost. */
static void tcp_mark_head_lost(struct sock *sk)
{
	struct sk_buff *head = tcp_rtx_queue_head(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	tp->retransmit_skb_hint = head;
	if (!head || (TCP_SKB_CB(head)->sacked & TCPCB_LOST))
		return;
	TCP_SKB_CB(head)->sacked |= TCPCB_LOST;
	tp->lost_out += tcp_skb_pcount(head);
	tp->lost += tcp_skb_pcount(head);
	tcp_limit_reno_sacked(tp);
}

/* Sends the first hole again, whatever the window says: RFC 5681 3.2 step 3,
 * RFC 6582 3.2 step 3. */
static void tcp_retransmit_head(struct sock *sk)
{
	struct sk_buff *head = tcp_rtx_queue_head(sk);

	if (!head || (TCP_SKB_CB(head)->sacked & TCPCB_SACKED_RETRANS))
		return;
	if (!tcp_retransmit_skb(sk, head)) {
		NET_INC_STATS(sock_net(sk), TCP_FASTRETRANS);
		tcp_rearm_rto(sk);
	}
}

/* RFC 5681 3.1 equation 4. */
static void tcp_reduce_ssthresh(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->snd_ssthresh = inet_csk(sk)->icsk_ca_ops->ssthresh(sk);
	tp->snd_cwnd_cnt = 0;
	tp->tlp_out = false;		/* its loss would be this one */
	tcp_ecn_queue_cwr(tp);
}

/* From the window of now it comes down bit by bit: tcp_cwnd_reduction(). */
static void tcp_begin_cwnd_reduction(struct tcp_sock *tp)
{
	tp->prior_cwnd = tp->snd_cwnd;
	tp->prr_delivered = tp->prr_out = 0;
}

/* Fast recovery begins (RFC 6582 3.2, step 2). */
static void tcp_enter_recovery(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	NET_INC_STATS(sock_net(sk), TCP_RENORECOVERY);
	tcp_undo_arm(sk);
	if (!tcp_in_cwnd_reduction(sk))
		tcp_reduce_ssthresh(sk);
	if (!tcp_ca_controls(sk))
		tp->snd_cwnd = tp->snd_ssthresh;
	tp->high_seq = tp->snd_nxt;
	tcp_set_ca_state(sk, TCP_CA_Recovery);
	tcp_mark_head_lost(sk);
	tcp_retransmit_head(sk);
}

/* RFC 6582 3.2 step 3, option 1: no burst when little is in flight. */
static void tcp_deflate_cwnd(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_ca_controls(sk))
		return;
	tp->snd_cwnd = min(tp->snd_ssthresh,
			   max(tcp_packets_in_flight(tp), 1u) + 1);
	tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
}

void tcp_enter_cwr(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (inet_csk(sk)->icsk_ca_state >= TCP_CA_CWR)
		return;
	INET_PROBE(CWR);
	tp->undo.armed = false;
	tcp_begin_cwnd_reduction(tp);
	tcp_reduce_ssthresh(sk);
	tp->high_seq = tp->snd_nxt;
	tcp_set_ca_state(sk, TCP_CA_CWR);
}

/*
 * The retransmission timer fired: everything in flight counts as lost. A
 * second timeout of the same segment leaves ssthresh alone (RFC 5681 3.1).
 */
void tcp_enter_loss(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	if (icsk->icsk_ca_state <= TCP_CA_Disorder ||
	    !after(tp->high_seq, tp->snd_una) ||
	    (icsk->icsk_ca_state == TCP_CA_Loss && !icsk->icsk_retransmits)) {
		tcp_undo_arm(sk);
		tcp_reduce_ssthresh(sk);
		tcp_ca_event(sk, CA_EVENT_LOSS);
	}
	tcp_enter_frto(sk, icsk->icsk_ca_state);
	skb = tcp_rtx_queue_head(sk);
	if (skb && (TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED))
		tcp_sack_renege(sk);
	if (!tp->rx_opt.sack_ok)
		tp->sacked_out = 0;
	tp->lost_out = 0;
	tp->retrans_out = 0;
	skb_queue_walk(&tp->rtx_queue, skb) {
		if (TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED)
			continue;
		tcp_tsorted_del(skb);
		TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_SACKED_RETRANS;
		TCP_SKB_CB(skb)->sacked |= TCPCB_LOST;
		tp->lost_out += tcp_skb_pcount(skb);
	}
	tp->retransmit_skb_hint = tcp_rtx_queue_head(sk);
	tp->snd_cwnd = 1;
	tp->snd_cwnd_cnt = 0;
	tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
	tp->high_seq = tp->snd_nxt;
	tcp_set_ca_state(sk, TCP_CA_Loss);
}

/* What is marked lost was refused, not lost: it goes again, and no window shrinks. */
static void tcp_resend_refused(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->retransmit_skb_hint = tcp_rtx_queue_head(sk);
	tp->undo.armed = false;
	tp->frto = TCP_FRTO_OFF;
	tp->high_seq = tp->snd_nxt;	/* in Loss too: the newest may be lost */
	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Loss)
		tcp_set_ca_state(sk, TCP_CA_Loss);
	tcp_xmit_retransmit_queue(sk);
}

void tcp_retransmit_refused(struct sock *sk, struct sk_buff *head)
{
	TCP_SKB_CB(head)->sacked |= TCPCB_LOST;
	tcp_sk(sk)->lost_out += tcp_skb_pcount(head);
	tcp_resend_refused(sk);
}

/* A SYN with text did not fit: it goes again, alone, and tells the peer, too. What
 * becomes of the text the SYN-ACK decides. */
static void tcp_retransmit_narrow_syn(struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct sk_buff *syn = tcp_rtx_queue_head(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 fits = icsk->icsk_pmtu_cookie - TCP_HLEN_MIN -
		   icsk->icsk_af_ops->net_header_len;

	if (!syn || !tp->syn_data || tp->syn_plain)
		return;
	tp->syn_plain = 1;
	tp->advmss = (u16)min((u32)tp->advmss, fits);
	if (!tcp_retransmit_skb(sk, syn))
		tp->total_retrans--;	/* nothing was lost: RFC 5681 3.1 */
}

/*
 * The path takes less than we sent: what is too large for it is lost, which
 * says nothing about congestion (RFC 1191 6.3).
 */
void tcp_simple_retransmit(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;
	bool any = false;

	if (sk->sk_state == TCP_SYN_SENT) {
		tcp_retransmit_narrow_syn(sk);
		return;
	}
	/* by time: what is smaller may have been sent again before */
	if (tp->rx_opt.sack_ok && !tp->rtx_indexed && tp->packets_out)
		tcp_rtx_index_build(tp);
	skb_queue_walk(&tp->rtx_queue, skb) {
		struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

		if (skb->len <= tp->mss_cache ||
		    (tcb->sacked & TCPCB_SACKED_ACKED))
			continue;
		any = true;
		if (tcb->sacked & TCPCB_SACKED_RETRANS)
			tp->retrans_out -= tcp_skb_pcount(skb);
		if (!(tcb->sacked & TCPCB_LOST))
			tp->lost_out += tcp_skb_pcount(skb);
		tcb->sacked &= (u8)~TCPCB_SACKED_RETRANS;
		tcb->sacked |= TCPCB_LOST;
		tcp_tsorted_del(skb);
	}
	if (!any)
		return;
	INET_PROBE(SIMPLE_RETRANSMIT);
	tcp_limit_reno_sacked(tp);
	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Loss)
		tp->snd_ssthresh = max(tp->snd_ssthresh, tp->snd_cwnd);
	tcp_resend_refused(sk);
}

/* ---- one ACK in each state -------------------------------------------- */

/* Open and Disorder: enough duplicates to believe in a loss? */
static void tcp_alert_open(struct sock *sk, const struct tcp_ack_state *a, bool dup)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (dup)
		tcp_add_reno_sack(sk, a);
	else
		tp->sacked_out = 0;
	if (tp->sacked_out && tp->sacked_out < tp->reordering)
		INET_PROBE(LIMITED_TRANSMIT);
	/* RFC 6582 3.2 step 2 is seen to by the states: no way leads from Loss
	 * here before high_seq is passed */
	if (tp->sacked_out >= tp->reordering) {
		if (!tcp_mtup_probe_lost(sk))
			tcp_enter_recovery(sk);
	} else {
		tcp_set_ca_state(sk, tp->sacked_out ? TCP_CA_Disorder :
						      TCP_CA_Open);
	}
}

/* Recovery before high_seq is passed. */
static void tcp_alert_recovery(struct sock *sk, const struct tcp_ack_state *a,
			       bool dup)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (a->flag & FLAG_SND_UNA_ADVANCED) {	/* a partial ACK */
		INET_PROBE(PARTIAL_ACK);
		tcp_remove_reno_sacks(tp, a->acked);
		tcp_mark_head_lost(sk);
		tcp_retransmit_head(sk);
	} else if (dup) {
		tcp_add_reno_sack(sk, a);
	}
}

/* The window has come down to where it was to. */
static void tcp_end_cwnd_reduction(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcp_ca_controls(sk))
		return;
	tp->snd_cwnd = tp->snd_ssthresh;
	tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
}

/*
 * high_seq is reached. At exactly high_seq duplicate ACKs may still come that
 * our own retransmissions caused, or that tell of a mark until CWR has come: they
 * must not bring the window down again, so the state is held until something
 * beyond is acknowledged (RFC 6582 4.1).
 *
 * Return: true when the state was left.
 */
static bool tcp_try_to_leave(struct sock *sk, const struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 state = inet_csk(sk)->icsk_ca_state;

	tp->sacked_out = 0;
	if (state == TCP_CA_Recovery && before(a->prior_una, tp->high_seq))
		tcp_deflate_cwnd(sk);	/* just now */
	if (tp->snd_una == tp->high_seq)
		return false;
	INET_PROBE(FAST_RECOVERY_LEFT);
	tp->frto = TCP_FRTO_OFF;
	if (state == TCP_CA_CWR)
		tcp_end_cwnd_reduction(sk);
	if (state != TCP_CA_Loss)
		tcp_ca_event(sk, CA_EVENT_COMPLETE_CWR);
	tcp_set_ca_state(sk, TCP_CA_Open);
	return true;
}

/* ---- with SACK --------------------------------------------------------- */

/* The window comes down by proportional rate reduction (RFC 6937): what arrives
 * lets a share of it out, until ssthresh is reached. */
static void tcp_cwnd_reduction(struct sock *sk, u32 delivered, bool safe)
{
	struct tcp_sock *tp = tcp_sk(sk);
	s32 delta = (s32)(tp->snd_ssthresh - tcp_packets_in_flight(tp));
	s32 count, owed;

	if (!delivered || tcp_ca_controls(sk))
		return;
	tp->prr_delivered += delivered;
	if (delta < 0) {
		u64 share = (u64)tp->snd_ssthresh * tp->prr_delivered +
			    tp->prior_cwnd - 1;

		count = (s32)(share / tp->prior_cwnd - tp->prr_out);
	} else {
		owed = (s32)(tp->prr_delivered - tp->prr_out);
		count = max(owed, (s32)delivered);
		if (safe)		/* progress, and nothing more is lost */
			count++;
		count = min(delta, count);
	}
	/* the first retransmission goes at once */
	count = max(count, tp->prr_out ? 0 : 1);
	tp->snd_cwnd = max(tcp_packets_in_flight(tp) + (u32)count, 1u);
}

static void tcp_enter_sack_recovery(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	NET_INC_STATS(sock_net(sk), TCP_SACKRECOVERY);
	tcp_undo_arm(sk);
	if (!tcp_in_cwnd_reduction(sk)) {
		tcp_begin_cwnd_reduction(tp);
		tcp_reduce_ssthresh(sk);
	}
	tp->high_seq = tp->snd_nxt;
	tcp_set_ca_state(sk, TCP_CA_Recovery);
}

void tcp_enter_recovery_by_timer(struct sock *sk)
{
	if (inet_csk(sk)->icsk_ca_state >= TCP_CA_Recovery ||
	    tcp_mtup_probe_lost(sk))
		return;
	tcp_enter_sack_recovery(sk);
	tcp_cwnd_reduction(sk, 1, false);
}

/* high_seq is acknowledged: all is repaired. */
static void tcp_leave_with_sack(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 state = inet_csk(sk)->icsk_ca_state;

	INET_PROBE(FAST_RECOVERY_LEFT);
	if (state >= TCP_CA_Recovery)
		tcp_rack_recovered(tp);
	tp->frto = TCP_FRTO_OFF;
	if (state != TCP_CA_Loss) {
		tcp_end_cwnd_reduction(sk);
		tcp_ca_event(sk, CA_EVENT_COMPLETE_CWR);
	}
	tcp_set_ca_state(sk, TCP_CA_Open);
}

/* The first segment has arrived, as was told, and is not acknowledged: the peer threw
 * it away. The timer, which then forgets all that was told, comes soon. */
static bool tcp_check_sack_reneging(struct sock *sk, struct tcp_ack_state *a)
{
	const struct sk_buff *head = tcp_rtx_queue_head(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!(a->flag & FLAG_SND_UNA_ADVANCED) || !head ||
	    !(TCP_SKB_CB(head)->sacked & TCPCB_SACKED_ACKED))
		return false;
	INET_PROBE(EARLY_RENEGING);
	a->flag &= ~FLAG_SET_XMIT_TIMER;
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tp->mstamp_ns,
				  max((tp->srtt_us >> 4) * NSEC_PER_USEC,
				      10 * NSEC_PER_MSEC));
	return true;
}

/* What an ACK means to who knows which segments arrived: tcp_rack.c finds what is
 * lost, whatever the state. */
static void tcp_alert_with_sack(struct sock *sk, struct tcp_ack_state *a)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior_lost = tp->lost_out;

	if (tcp_check_sack_reneging(sk, a))
		return;
	if (icsk->icsk_ca_state >= TCP_CA_CWR &&
	    (icsk->icsk_ca_state == TCP_CA_CWR ?
		     after(tp->snd_una, tp->high_seq) :
		     !before(tp->snd_una, tp->high_seq)))
		tcp_leave_with_sack(sk);
	if (tcp_rack_mark_lost(sk))
		a->flag &= ~FLAG_SET_XMIT_TIMER;
	if (icsk->icsk_ca_state < TCP_CA_Recovery) {
		if (tp->lost_out && !tcp_mtup_probe_lost(sk))
			tcp_enter_sack_recovery(sk);
		else if (a->flag & FLAG_ECE)
			tcp_enter_cwr(sk);
		else if (icsk->icsk_ca_state != TCP_CA_CWR)
			tcp_set_ca_state(sk, tp->sacked_out ? TCP_CA_Disorder :
							      TCP_CA_Open);
	}
	if (tcp_in_cwnd_reduction(sk))
		tcp_cwnd_reduction(sk, a->delivered,
				   (a->flag & FLAG_SND_UNA_ADVANCED) &&
					   tp->lost_out <= prior_lost);
}

/* ---- each ACK ----------------------------------------------------------- */

/* Without SACK. */
static void tcp_alert_without_sack(struct sock *sk,
				   const struct tcp_ack_state *a)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	bool dup = tcp_ack_is_dup(a);
	struct tcp_sock *tp = tcp_sk(sk);

	if (icsk->icsk_ca_state >= TCP_CA_CWR &&
	    !before(tp->snd_una, tp->high_seq) && !tcp_try_to_leave(sk, a))
		return;
	switch (icsk->icsk_ca_state) {
	case TCP_CA_Recovery:
		tcp_alert_recovery(sk, a, dup);
		break;
	case TCP_CA_Loss:
		/* slow start sends the rest: tcp_xmit_retransmit_queue() */
		if (a->flag & FLAG_SND_UNA_ADVANCED)
			tp->sacked_out = 0;	/* of tcp_simple_retransmit() */
		else if (dup && after(tp->snd_nxt, tp->high_seq))
			tcp_add_reno_sack(sk, a);	/* new text of F-RTO came */
		break;
	case TCP_CA_CWR:
		if (dup) {
			tcp_add_reno_sack(sk, a);
			if (tp->sacked_out >= tp->reordering)
				tcp_enter_recovery(sk);
		} else if (a->flag & FLAG_SND_UNA_ADVANCED) {
			tp->sacked_out = 0;
		}
		break;
	default:
		tcp_alert_open(sk, a, dup);
		if (a->flag & FLAG_ECE)
			tcp_enter_cwr(sk);
	}
}

/* A mark came. At a window of one segment the next waits for a whole RTO (RFC 3168
 * 6.1.2). */
static void tcp_ack_marked(struct sock *sk, struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_count_marked(sk, a->delivered);
	tp->undo.marked = true;
	if (tp->snd_cwnd == 1) {
		a->flag &= ~FLAG_SET_XMIT_TIMER;
		tcp_rearm_rto(sk);
	}
}

/* What an ACK means while not all is well: see the head of the file. */
void tcp_fastretrans_alert(struct sock *sk, struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (a->flag & FLAG_ECE)
		tcp_ack_marked(sk, a);
	if (unlikely(tp->frto) && tcp_process_frto(sk, a))
		return;
	if (tcp_try_undo(sk, a) && !tp->rx_opt.sack_ok)
		return;
	if (tp->rx_opt.sack_ok) {
		tcp_alert_with_sack(sk, a);
	} else {
		tcp_alert_without_sack(sk, a);
		if (inet_csk(sk)->icsk_ca_state == TCP_CA_CWR)
			tcp_cwnd_reduction(sk, a->delivered,
					   a->flag & FLAG_SND_UNA_ADVANCED);
	}
	if (a->flag & FLAG_ECE)		/* whatever began just now */
		tp->undo.marked = true;
}
