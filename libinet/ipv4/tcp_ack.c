/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: what an acknowledgment does, in stages.
 *
 *	acceptable?		RFC 9293 3.10.7.4, RFC 5961 5
 *	window update		WL1, WL2
 *	clean the queue		what is acknowledged is freed; a round trip
 *				is measured (RFC 6298, Karn)
 *	loss recovery		tcp_recovery.c, only when something is wrong
 *	congestion control	tcp_cong.c
 *	timer, probes
 *
 * The stages hand one another a struct tcp_ack_state. The cost of an ACK
 * depends on what it acknowledges, not on the length of the queue.
 */
#include "ipv4/tcp.h"
#include "ipv4/tcp_chrono.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_mtu_probe.h"
#include "ipv4/tcp_rate.h"
#include "ipv4/tcp_tstamp.h"

/* ---- round trips (RFC 6298) ------------------------------------------- */

/*
 * Takes one sample. Several samples come per round trip; mdev follows them
 * all, but rttvar comes down only once per round trip, and never below
 * rto_min: the RTO is SRTT plus at least tcp_rto_min_us (200 ms, where RFC
 * 6298 2.4 has 1 s for the whole).
 */
void tcp_rtt_estimator(struct sock *sk, u32 mrtt_us)
{
	u32 rto_min = inet_csk(sk)->icsk_rto_min_us;
	struct tcp_sock *tp = tcp_sk(sk);
	s64 err;

	if (!tp->srtt_us) {		/* 2.2 */
		tp->srtt_us = mrtt_us << 3;
		tp->mdev_us = mrtt_us << 1;	/* 4 * R/2 */
		tp->rttvar_us = max(tp->mdev_us, rto_min);
		tp->mdev_max_us = tp->rttvar_us;
		tp->rtt_seq = tp->snd_nxt;
		tp->rtt_min_us = mrtt_us;
		return;
	}
	tp->rtt_min_us = min(tp->rtt_min_us, mrtt_us);
	/* 2.3: rttvar with the old srtt; mdev is kept times four */
	err = (s64)mrtt_us - (tp->srtt_us >> 3);
	tp->mdev_us = (u32)((s64)tp->mdev_us - (tp->mdev_us >> 2) +
			    (err < 0 ? -err : err));
	tp->srtt_us = (u32)max((s64)tp->srtt_us + err, 8);
	if (tp->mdev_us > tp->mdev_max_us) {
		tp->mdev_max_us = tp->mdev_us;
		tp->rttvar_us = max(tp->rttvar_us, tp->mdev_max_us);
	}
	if (after(tp->snd_una, tp->rtt_seq)) {
		if (tp->mdev_max_us < tp->rttvar_us)
			tp->rttvar_us -= (tp->rttvar_us - tp->mdev_max_us) >> 2;
		tp->rtt_seq = tp->snd_nxt;
		tp->mdev_max_us = rto_min;
	}
}

void tcp_set_rto(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_rto_us = min((tp->srtt_us >> 3) + tp->rttvar_us,
				icsk->icsk_rto_max_us);
}

/*
 * The round trip of what was sent again, or -1. The timestamps tell which
 * transmission is acknowledged, but not when the peer reports a duplicate: it came
 * just now and its timestamp was not kept, so that the one echoed is of a segment
 * whose ACK was lost, maybe long ago. Then it is what was sent last that came, if not
 * sooner than anything ever did.
 */
static s64 tcp_rtt_resent(const struct tcp_sock *tp,
			  const struct tcp_ack_state *a)
{
	s64 rtt_us, delta;

	if (!tp->rx_opt.saw_tstamp || !tp->rx_opt.rcv_tsecr)
		return -1;
	if (a->flag & FLAG_DSACK_ANY) {
		rtt_us = tcp_us_since(tp, a->resent_ns);
		return a->resent_ns && rtt_us >= tp->rtt_min_us ? rtt_us : -1;
	}
	delta = tcp_time_stamp(tp) - tp->rx_opt.rcv_tsecr;
	if (delta > TCP_RTO_MAX_US / (s64)USEC_PER_MSEC)
		return -1;
	return max(delta, (s64)1) * (s64)USEC_PER_MSEC;	/* a tick at least */
}

/* A sample from this ACK, if there is an honest one: without timestamps segments
 * that were sent twice say nothing (Karn). */
static void tcp_ack_update_rtt(struct sock *sk, const struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);
	s64 rtt_us = a->rtt_us;

	if (unlikely(rtt_us < 0))
		rtt_us = tcp_rtt_resent(tp, a);
	if (rtt_us < 0)
		return;
	tcp_rtt_estimator(sk, (u32)rtt_us);
	tcp_set_rto(sk);
	tp->tlp_sampled = true;
	inet_csk(sk)->icsk_backoff = 0;
}

/* The handshake of a passive open is a sample, unless the SYN-ACK was sent
 * twice. */
void tcp_synack_rtt_meas(struct sock *sk, const struct request_sock *req)
{
	const struct tcp_request_sock *treq = tcp_rsk(req);

	if (!req->num_retrans && treq->snt_synack_us) {
		tcp_rtt_estimator(sk, max(tcp_us(tcp_sk(sk)->mstamp_ns) -
					  treq->snt_synack_us, 1u));
		tcp_set_rto(sk);
	}
}

/* RFC 6298 5.2, 5.3: off when nothing is in flight, else a whole RTO from
 * now. */
void tcp_rearm_rto(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->packets_out)
		inet_csk_clear_xmit_timer(sk);
	else
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tp->mstamp_ns,
					  (u64)inet_csk(sk)->icsk_rto_us *
						  NSEC_PER_USEC);
}

void tcp_set_xmit_timer(struct sock *sk)
{
	if (!tcp_sk(sk)->packets_out || !tcp_schedule_loss_probe(sk))
		tcp_rearm_rto(sk);
}

/* ---- windows ---------------------------------------------------------- */

void tcp_update_wl(struct tcp_sock *tp, u32 seq)
{
	tp->snd_wl1 = seq;
}

/* RFC 9293 3.10.7.4: is this segment's window at least as new as the one we
 * have? (WL2 is SND.UNA: an older ACK does not come here.) */
static bool tcp_may_update_window(const struct tcp_sock *tp,
				  const struct tcp_ack_state *a)
{
	return after(a->ack, a->prior_una) || !before(a->ack_seq, tp->snd_wl1);
}

/* Takes the window from @skb. */
static void tcp_ack_update_window(struct sock *sk, const struct sk_buff *skb,
				  struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 nwin = ntohs(tcp_hdr(skb)->window);

	if (likely(!tcp_hdr(skb)->syn))		/* RFC 7323 2.2 */
		nwin <<= tp->rx_opt.snd_wscale;
	if (!tcp_may_update_window(tp, a))
		return;
	a->flag |= FLAG_WIN_UPDATE;
	tcp_update_wl(tp, a->ack_seq);
	if (tp->snd_wnd == nwin) {
		/* same size: an ACK that is no duplicate advances una, so it
		 * is not this that makes it one */
		if (!(a->flag & FLAG_SND_UNA_ADVANCED))
			a->flag &= ~FLAG_WIN_UPDATE;
		return;
	}
	tp->snd_wnd = nwin;
	tp->pred_flags = 0;
	tcp_fast_path_check(sk);
	if (unlikely(!tp->packets_out) && !tcp_write_queue_empty(sk))
		tcp_slow_start_after_idle_check(sk);	/* closed so long */
	if (nwin > tp->max_window) {
		tp->max_window = nwin;
		tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	}
}

static void tcp_snd_una_update(struct tcp_sock *tp, u32 ack)
{
	tp->bytes_acked += ack - tp->snd_una;
	WRITE_ONCE(tp->snd_una, ack);
}

/* ---- timestamps ------------------------------------------------------- */

void tcp_store_ts_recent(struct tcp_sock *tp)
{
	tp->rx_opt.ts_recent = tp->rx_opt.rcv_tsval;
	tp->rx_opt.ts_recent_stamp = (s64)(tp->mstamp_ns / NSEC_PER_SEC);
}

/* RFC 7323 4.3: SEG.TSval >= TS.Recent and SEG.SEQ <= Last.ACK.sent. The ACK
 * has been found acceptable before (an attack could set TS.Recent else). */
static void tcp_replace_ts_recent(struct tcp_sock *tp, u32 seq)
{
	if (!tp->rx_opt.saw_tstamp || after(seq, tp->rcv_wup))
		return;
	if ((s32)(tp->rx_opt.rcv_tsval - tp->rx_opt.ts_recent) >= 0 ||
	    (s64)(tp->mstamp_ns / NSEC_PER_SEC) - tp->rx_opt.ts_recent_stamp >=
		    TCP_PAWS_24DAYS_S || !tp->rx_opt.ts_recent)
		tcp_store_ts_recent(tp);
}

/* ---- the queue -------------------------------------------------------- */

/* The path has carried @len bytes in one packet. */
static void tcp_path_carried(struct tcp_sock *tp, u32 len)
{
	const struct inet_connection_sock *icsk = &tp->inet_conn;

	tp->max_seg_acked = len;
	WRITE_ONCE(tp->max_size_acked,
		   len + tp->tcp_header_len + icsk->icsk_ext_hdr_len +
			   icsk->icsk_af_ops->net_header_len);
}

/* The oldest counts: the RTO must wait for delayed ACKs too. */
static inline void tcp_clean_rtt(const struct tcp_sock *tp,
				 const struct sk_buff *skb,
				 struct tcp_ack_state *a)
{
	if (a->rtt_us < 0 && !(a->flag & FLAG_RETRANS_DATA_ACKED))
		a->rtt_us = tcp_us_since(tp, skb->tstamp);
}

/* It was sent again, or had arrived before, or its writer wants to know. */
static __noinline void tcp_clean_marked(struct tcp_sock *tp, struct sk_buff *skb,
					struct tcp_ack_state *a)
{
	u8 sacked = TCP_SKB_CB(skb)->sacked;

	tcp_tstamp_acked((struct sock *)tp, skb);
	if (sacked & TCPCB_SACKED_RETRANS)
		tp->retrans_out -= tcp_skb_pcount(skb);
	if (sacked & TCPCB_RETRANS) {
		a->flag |= FLAG_RETRANS_DATA_ACKED;
		a->rtt_us = -1;
		a->resent_ns = max(a->resent_ns, skb->tstamp);
	} else if (!(sacked & TCPCB_SACKED_ACKED)) {
		tcp_clean_rtt(tp, skb, a);
	}
}

/* One segment is acknowledged: its counters and its round trip. */
static void tcp_clean_one(struct tcp_sock *tp, struct sk_buff *skb,
			  struct tcp_ack_state *a)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	u32 pcount = tcp_skb_pcount(skb);

	if (unlikely(tcb->sacked & TCPCB_SACKED_ACKED)) {
		tp->sacked_out -= pcount;
	} else {
		a->delivered += pcount;
		tcp_rate_skb_delivered(tcb, skb->tstamp, a);
		if (unlikely(tp->sacked_out) && tp->rx_opt.sack_ok)
			tcp_rack_advance(tp, skb, a);
		tcp_frto_came(tp, tcb, a);
	}
	if (unlikely(tcb->sacked & (TCPCB_RETRANS | TCPCB_SACKED_ACKED |
				    TCPCB_TSTAMP)))
		tcp_clean_marked(tp, skb, a);
	else
		tcp_clean_rtt(tp, skb, a);
	a->last_ns = skb->tstamp;
	if (unlikely(tcb->sacked & TCPCB_LOST))
		tp->lost_out -= pcount;
	tp->packets_out -= pcount;
	if (unlikely(skb->len > tp->max_seg_acked))
		tcp_path_carried(tp, skb->len);
	if (unlikely(tcb->tcp_flags & TCPHDR_SYN)) {
		a->flag |= FLAG_SYN_ACKED;
	} else {
		a->flag |= FLAG_DATA_ACKED;
		a->acked += pcount;
	}
}

/* Of congestion control, which follows the newest: the path as it is now. */
static __always_inline void tcp_ack_sample(struct sock *sk,
					   const struct tcp_ack_state *a)
{
	const struct tcp_congestion_ops *ca = inet_csk(sk)->icsk_ca_ops;
	struct ack_sample sample;

	if (!ca->pkts_acked || a->rtt_us < 0)
		return;
	sample.pkts_acked = a->acked;
	sample.rtt_us = a->acked == 1 ? (s32)a->rtt_us :
			(s32)tcp_us_since(tcp_sk(sk), a->last_ns);
	sample.in_flight = a->prior_packets;
	ca->pkts_acked(sk, &sample);
}

/* Frees what is acknowledged. */
static void tcp_clean_rtx_queue(struct sock *sk, struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	while ((skb = tcp_rtx_queue_head(sk)) != NULL) {
		if (after(TCP_SKB_CB(skb)->end_seq, tp->snd_una))
			break;
		tcp_clean_one(tp, skb, a);
		tcp_rtx_queue_unlink_and_free(sk, skb);
	}
	if (!skb && tcp_write_queue_empty(sk))
		tcp_chrono_idle(tp);
	if (likely(between(tp->snd_up, a->prior_una, tp->snd_una)))
		tp->snd_up = tp->snd_una;
	if (tp->urg_mode && !after(tp->snd_up, tp->snd_una))
		tp->urg_mode = false;
	if (a->flag & FLAG_ACKED) {
		tcp_ack_sample(sk, a);
		tcp_ack_update_rtt(sk, a);
		a->flag |= FLAG_SET_XMIT_TIMER;
	}
	/* part of a segment: progress all the same (RFC 6298 5.3) */
	if (a->flag & FLAG_SND_UNA_ADVANCED)
		a->flag |= FLAG_SET_XMIT_TIMER;
}

/* ---- probes ----------------------------------------------------------- */

/* Nothing is in flight: does the window allow the next segment, or is it to be
 * probed? */
static void tcp_ack_probe(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *head = tcp_send_head(sk);

	if (!head)
		return;
	if (!after(TCP_SKB_CB(head)->end_seq, tcp_wnd_end(tp))) {
		icsk->icsk_backoff = 0;
		icsk->icsk_probes_tstamp_ns = 0;
		inet_csk_clear_xmit_timer(sk);
		/* tcp_data_snd_check() sends, or arms the timer again */
	} else if (icsk->icsk_pending != ICSK_TIME_PROBE0) {
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tp->mstamp_ns,
					  tcp_probe0_when_ns(sk));
	}
}

/* A probe is out. */
static __noinline void tcp_ack_probes_out(struct sock *sk,
					  const struct tcp_ack_state *a)
{
	if (tcp_sk(sk)->tlp_out)
		tcp_process_tlp_ack(sk, a);
	if (tcp_sk(sk)->mtu_probe_out)
		tcp_mtup_ack(sk);
}

/* ---- the whole -------------------------------------------------------- */

/* RFC 5961 5, RFC 9293 3.10.7.4 fifth check: 1: go on; 0: ignore; -1: drop,
 * answered. An old ACK is of something that was sent: while little was, that
 * is far less than a window (CVE-2023-52881). */
static int tcp_ack_acceptable(struct sock *sk, const struct tcp_ack_state *a)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 old = (u32)min((u64)tp->max_window, tp->bytes_acked);

	if (likely(between(a->ack, tp->snd_una, tp->snd_nxt)))
		return 1;
	if (!after(a->ack, tp->snd_nxt) && !before(a->ack, tp->snd_una - old))
		return 0;
	tcp_send_challenge_ack(sk);
	return -1;
}

/* Does anything but plain progress have to be looked at? */
static bool tcp_ack_is_dubious(const struct sock *sk,
			       const struct tcp_ack_state *a)
{
	return !(a->flag & FLAG_NOT_DUP) ||
	       (a->flag & (FLAG_DATA_SACKED | FLAG_DSACK | FLAG_ECE)) ||
	       inet_csk(sk)->icsk_ca_state != TCP_CA_Open;
}

/* The congestion control that looks at rates. */
static __noinline void tcp_ca_control(struct sock *sk,
				      const struct tcp_ack_state *a)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct rate_sample rs = {
		.prior_delivered = a->tx.delivered,
		.delivered = (s32)a->rate_delivered,
		.interval_us = (s32)((u64)a->rate_ticks * 1024 / 1000),
		.rtt_us = a->rtt_us < 0 ? -1 :
			  (s32)tcp_us_since(tp, a->last_ns),
		.acked_sacked = a->delivered,
		.losses = tp->lost - a->prior_lost,
		.prior_in_flight = a->prior_in_flight,
		.is_app_limited = a->tx_sacked & TCPCB_APP_LIMITED,
	};

	inet_csk(sk)->icsk_ca_ops->cong_control(sk, &rs);
}

/* Widens the congestion window, unless a loss is being repaired. */
static void tcp_cong_control(struct sock *sk, const struct tcp_ack_state *a)
{
	const s32 *usual = &sock_net(sk)->ipv4.sysctl_tcp_reordering;

	if (unlikely(tcp_ca_controls(sk))) {
		tcp_ca_control(sk, a);
		return;
	}
	if (tcp_in_cwnd_reduction(sk))
		return;
	/* where packets overtake others, each that comes is progress */
	if (!(a->flag & FLAG_DATA_ACKED) &&
	    (!(a->flag & FLAG_DATA_SACKED) ||
	     tcp_sk(sk)->reordering <= (u32)READ_ONCE(*usual)))
		return;
	inet_csk(sk)->icsk_ca_ops->cong_avoid(sk, a->ack, a->delivered);
}

/* What arrived is known. */
static __always_inline void tcp_ack_delivered(struct sock *sk,
					      struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (unlikely(a->late))
		tcp_rack_reordering(sk, a->prior_sack_high - a->late_seq);
	tp->tx.delivered += a->delivered;
	tcp_rate_gen(sk, a);
}

/* An ACK that was overtaken: its blocks may tell of what later ones, which had no room
 * or were lost, did not. */
static __noinline void tcp_ack_old(struct sock *sk, const struct sk_buff *skb,
				   struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->rx_opt.sack_ok || tcp_hdr(skb)->syn ||
	    __tcp_hdrlen(tcp_hdr(skb)) <= tp->tcp_header_len)
		return;
	a->flag = 0;
	tcp_sacktag_write_queue(sk, skb, a);
	if (!(a->flag & (FLAG_DATA_SACKED | FLAG_DSACK)))
		return;
	INET_PROBE(OLD_ACK_WITH_NEWS);
	tcp_ack_delivered(sk, a);
	tcp_fastretrans_alert(sk, a);
	NET_ADD_STATS(sock_net(sk), TCP_DELIVERED, a->delivered);
	tcp_xmit_retransmit_queue(sk);
}

/* Something was in flight. */
static void tcp_ack_in_flight(struct sock *sk, struct tcp_ack_state *a)
{
	tcp_clean_rtx_queue(sk, a);
	if (unlikely(tcp_sk(sk)->sacked_out) && !tcp_sk(sk)->rx_opt.sack_ok)
		tcp_reno_delivered(tcp_sk(sk), a);
	tcp_ack_delivered(sk, a);
	if (unlikely(tcp_ack_is_dubious(sk, a)))
		tcp_fastretrans_alert(sk, a);
	NET_ADD_STATS(sock_net(sk), TCP_DELIVERED, a->delivered);
	tcp_cong_control(sk, a);
	if (unlikely(tcp_is_paced(sk)))
		tcp_update_pacing_rate(sk);
	if (a->flag & FLAG_SET_XMIT_TIMER)
		tcp_set_xmit_timer(sk);
	if (unlikely(tcp_sk(sk)->lost_out))
		tcp_xmit_retransmit_queue(sk);
}

int tcp_ack(struct sock *sk, const struct sk_buff *skb, int flag)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_ack_state a = {
		.ack = TCP_SKB_CB(skb)->ack_seq, .flag = flag, .rtt_us = -1,
		.ack_seq = TCP_SKB_CB(skb)->seq, .prior_una = tp->snd_una,
		.prior_packets = tp->packets_out,
		.prior_in_flight = tcp_packets_in_flight(tp),
		.prior_lost = tp->lost,
		.prior_sack_high = tp->sack_high,
	};
	int verdict = tcp_ack_acceptable(sk, &a);

	NET_ROAD(sock_net(sk), skb);
	if (unlikely(verdict <= 0)) {
		if (!verdict)
			tcp_ack_old(sk, skb, &a);
		return verdict;
	}
	if (after(a.ack, a.prior_una)) {
		a.flag |= FLAG_SND_UNA_ADVANCED;
		WRITE_ONCE(inet_csk(sk)->icsk_retransmits, 0);
		tp->retrans_stamp_ns = 0;	/* R1, R2 count from here */
		if (unlikely(tp->ptb_mtu) && after(a.ack, tp->ptb_seq))
			tp->ptb_mtu = 0;	/* it did arrive */
	}
	if (flag & FLAG_UPDATE_TS_RECENT)
		tcp_replace_ts_recent(tp, a.ack_seq);
	if (!(flag & FLAG_SLOWPATH) && (a.flag & FLAG_SND_UNA_ADVANCED)) {
		/* the header was predicted: the window is the same */
		tcp_update_wl(tp, a.ack_seq);
		a.flag |= FLAG_WIN_UPDATE;
		NET_INC_STATS(sock_net(sk), TCP_HPACKS);
	} else {
		if (a.ack_seq != TCP_SKB_CB(skb)->end_seq)
			a.flag |= FLAG_DATA;
		else
			NET_INC_STATS(sock_net(sk), TCP_PUREACKS);
		tcp_ack_update_window(sk, skb, &a);
		if (tcp_ecn_rcv_ecn_echo(tp, tcp_hdr(skb)))
			a.flag |= FLAG_ECE;
	}
	tcp_snd_una_update(tp, a.ack);
	WRITE_ONCE(sk->sk_err_soft, 0);
	WRITE_ONCE(inet_csk(sk)->icsk_probes_out, 0);
	tp->rcv_tstamp_ns = tp->mstamp_ns;
	/* more options than usual: SACK */
	if (unlikely(__tcp_hdrlen(tcp_hdr(skb)) > tp->tcp_header_len) &&
	    tp->rx_opt.sack_ok && !tcp_hdr(skb)->syn)
		tcp_sacktag_write_queue(sk, skb, &a);
	if (unlikely(tp->probes_out))
		tcp_ack_probes_out(sk, &a);
	if (a.prior_packets) {
		tcp_ack_in_flight(sk, &a);
	} else {
		if (unlikely(a.flag & FLAG_DSACK))
			tcp_try_undo(sk, &a);
		tcp_ack_probe(sk);
	}
	return 1;
}
