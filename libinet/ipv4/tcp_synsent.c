/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: SYN-SENT (RFC 9293 3.10.7.3), and what begins a connection on either
 * side.
 */
#include <errno.h>

#include "ipv4/forward.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_md5.h"
#include "ipv4/tcp_mtu_probe.h"

/* The peer's options are known: what was agreed on? */
static void tcp_take_syn_options(struct sock *sk, const struct sk_buff *skb,
				 const struct tcp_options_info *info)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_options_received *rx = &tp->rx_opt;
	const struct net *net = sock_net(sk);

	rx->tstamp_ok = info->saw_tstamp && READ_ONCE(net->ipv4.sysctl_tcp_timestamps);
	rx->wscale_ok = info->wscale_ok && READ_ONCE(net->ipv4.sysctl_tcp_window_scaling);
	rx->sack_ok = info->sack_ok && READ_ONCE(net->ipv4.sysctl_tcp_sack);
	rx->snd_wscale = rx->wscale_ok ? info->snd_wscale & 0xf : 0;
	rx->saw_tstamp = rx->tstamp_ok;
	rx->rcv_tsval = info->rcv_tsval;
	rx->rcv_tsecr = tcp_hdr(skb)->ack ? info->rcv_tsecr : 0;
	rx->mss_clamp = tcp_options_mss(info, rx->user_mss, TCP_MSS_DEFAULT,
					(u16)READ_ONCE(net->ipv4.sysctl_tcp_min_snd_mss));
	if (!rx->wscale_ok) {
		rx->rcv_wscale = 0;
		tp->window_clamp = min(tp->window_clamp, 65535u);
	}
	tp->tcp_header_len = TCP_HLEN_MIN + tcp_md5_header_len(tp);
	if (rx->tstamp_ok) {
		tp->tcp_header_len += TCPOLEN_TSTAMP_ALIGNED;
		tp->advmss -= TCPOLEN_TSTAMP_ALIGNED;
		tcp_store_ts_recent(tp);
	} else {
		rx->ts_recent = 0;
		rx->ts_recent_stamp = 0;
	}
}

/* The peer's SYN: its sequence number, its window (never scaled). */
static void tcp_take_syn(struct sock *sk, const struct sk_buff *skb,
			 const struct tcp_options_info *info)
{
	struct tcp_sock *tp = tcp_sk(sk);

	WRITE_ONCE(tp->rcv_nxt, TCP_SKB_CB(skb)->seq + 1);
	WRITE_ONCE(tp->rcv_wup, tp->rcv_nxt);
	WRITE_ONCE(tp->copied_seq, tp->rcv_nxt);
	tp->snd_wnd = ntohs(tcp_hdr(skb)->window);
	tp->max_window = tp->snd_wnd;
	tcp_update_wl(tp, TCP_SKB_CB(skb)->seq);
	tcp_ecn_rcv_syn(tp, tcp_hdr(skb));
	tcp_take_syn_options(sk, skb, info);
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	tcp_initialize_rcv_mss(sk);
}

/* Both sides are ready: buffers, congestion control. */
void tcp_init_transfer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	(void)icsk->icsk_af_ops->rebuild_header(sk);
	tcp_mtup_init(sk);
	tcp_sync_mss(sk, icsk->icsk_pmtu_cookie);
	/* RFC 5681 3.1, RFC 6298 5.7: a SYN was lost, so be careful */
	tp->snd_cwnd = tp->total_retrans ? 1 : TCP_INIT_CWND;
	if (!tp->srtt_us && tp->total_retrans)
		icsk->icsk_rto_us = TCP_TIMEOUT_FALLBACK_US;
	tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
	tcp_rto_recovered(tp);
	tcp_init_congestion_control(sk);
	tcp_init_buffer_space(sk);
	tcp_sndbuf_expand(sk);
}

void tcp_finish_connect(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_set_state(sk, TCP_ESTABLISHED);
	tp->lsndtime_ns = tp->mstamp_ns;
	inet_csk(sk)->icsk_ack.lrcvtime_ns = tp->mstamp_ns;
	tcp_init_transfer(sk);
	if (sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk, keepalive_time_ns(tp));
	if (!tp->rx_opt.snd_wscale)
		tcp_fast_path_on(tp);
	else
		tp->pred_flags = 0;
}

/* First check: an ACK must be of our SYN; a timestamp in it one we sent. */
static bool tcp_synsent_ack_ok(struct sock *sk, const struct sk_buff *skb,
			       const struct tcp_options_info *info)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 first, ack = TCP_SKB_CB(skb)->ack_seq;

	if (!between(ack, tp->snd_una + 1, tp->snd_nxt))
		return false;
	if (!info->saw_tstamp || !info->rcv_tsecr || tcp_hdr(skb)->rst ||
	    tp->tcp_header_len == TCP_HLEN_MIN)
		return true;
	first = tcp_ns_to_ts(tp->lsndtime_ns) + tp->tsoffset;
	if (between(info->rcv_tsecr, first, tcp_time_stamp(tp)))
		return true;
	NET_INC_STATS(sock_net(sk), TCP_PAWSACTIVEREJECTED);
	return false;
}

/* SYN-ACK. Consumes. */
static void tcp_synsent_established(struct sock *sk, struct sk_buff *skb,
				    const struct tcp_options_info *info)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool answered = false, text;

	tcp_take_syn(sk, skb, info);
	(void)tcp_ack(sk, skb, FLAG_SLOWPATH);
	tcp_finish_connect(sk);
	/* without Fast Open text in a SYN-ACK is not taken: it comes again */
	if (unlikely(tp->syn_fastopen || tp->syn_data))
		answered = tcp_rcv_fastopen_synack(sk, skb, info);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_state_change(sk);
	text = tp->rcv_nxt != TCP_SKB_CB(skb)->seq + 1;
	consume_skb(skb);
	if (unlikely(answered))
		return;
	if (unlikely(text)) {
		tcp_send_ack(sk);
	} else if (!tcp_write_queue_empty(sk) || icsk->icsk_defer_accept ||
	    inet_csk_in_pingpong_mode(sk)) {
		/* there will be text soon, to carry the ACK */
		inet_csk_schedule_ack(sk);
		tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, tp->mstamp_ns,
					  TCP_DELACK_MAX_US * NSEC_PER_USEC);
		tcp_data_snd_check(sk);
	} else {
		tcp_send_ack(sk);
	}
}

/* SYN without ACK: simultaneous open, or a split handshake. Consumes. */
static void tcp_synsent_crossed(struct sock *sk, struct sk_buff *skb,
				const struct tcp_options_info *info)
{
	INET_PROBE(SIMULTANEOUS_OPEN);
	tcp_set_state(sk, TCP_SYN_RECV);
	tcp_take_syn(sk, skb, info);
	consume_skb(skb);
	tcp_send_synack(sk);
}

/* SYN-RECEIVED from the beginning; nothing is queued before all is there. */
int tcp_accept_syn(struct sock *sk, const struct sk_buff *syn)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_options_info info;
	struct sk_buff *skb;

	tcp_mstamp_refresh(sk);
	tcp_connect_init(sk);
	skb = tcp_stream_alloc_skb(sk, 0, true);
	if (!skb)
		return -ENOBUFS;
	tcp_parse_options(syn, &info);
	tp->ecn_flags = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_ecn) ||
			tcp_ca_needs_ecn(sk) ? TCP_ECN_OK : 0;
	tcp_take_syn(sk, syn, &info);
	tp->forwarded = 1;
	tcp_init_nondata_skb(skb, tp->write_seq, TCPHDR_SYN | TCPHDR_ACK);
	tcp_ecn_send_synack(sk, skb);
	tcp_connect_queue_skb(sk, skb);
	NET_INC_STATS(sock_net(sk), TCP_PASSIVEOPENS);
	/* what cannot be sent now is sent again by the timer */
	(void)tcp_transmit_skb(sk, skb, true);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tp->mstamp_ns,
				  (u64)inet_csk(sk)->icsk_rto_us *
					  NSEC_PER_USEC);
	return 0;
}

/* As tcp_rcv_state_process(). */
int tcp_rcv_synsent_state_process(struct sock *sk, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcp_options_info info;

	NET_ROAD(sock_net(sk), skb);
	if (unlikely(inet_test_bit(DEFER_CONNECT, sk))) {	/* to no SYN of ours */
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
		return 0;
	}
	tcp_parse_options(skb, &info);
	if (th->ack && !tcp_synsent_ack_ok(sk, skb, &info)) {
		if (!th->rst)
			return 1;
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_INVALID_ACK_SEQUENCE);
		return 0;
	}
	if (th->rst) {		/* second check: only with a good ACK */
		if (th->ack)
			tcp_reset(sk);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_RESET);
		return 0;
	}
	if (!th->syn)		/* fifth */
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
	else if (th->ack)
		tcp_synsent_established(sk, skb, &info);
	else
		tcp_synsent_crossed(sk, skb, &info);
	return 0;
}
