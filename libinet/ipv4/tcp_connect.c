/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: SYN and SYN-ACK, and the options that go with them (RFC 9293 3.7.1,
 * RFC 7323 2.2, 3.2, RFC 2018 2).
 */
#include <errno.h>

#include "ipv4/ip.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_md5.h"

/* The MSS we tell the peer: what the path's first hop takes, and not more than
 * TCP_MAXSEG says (MUST-67, SHLD-6). */
static u16 tcp_mss_to_advertise(u16 user_mss, const struct dst_entry *dst)
{
	u32 mss = dst->ops->default_advmss(dst);

	return (u16)(user_mss && user_mss < mss ? user_mss : min(mss, 65535u));
}

/* Timestamps and a signature would leave no place for SACK. */
static bool tcp_asks_timestamps(const struct sock *sk)
{
	return READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_timestamps) &&
	       likely(!tcp_sk(sk)->signs);
}

u32 tcp_syn_options(struct sock *sk, struct tcp_out_options *opts)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct net *net = sock_net(sk);
	bool answer = sk->sk_state == TCP_SYN_RECV;
	bool ts = answer ? tp->rx_opt.tstamp_ok :
			   tcp_asks_timestamps(sk);
	bool ws = answer ? tp->rx_opt.wscale_ok :
			   READ_ONCE(net->ipv4.sysctl_tcp_window_scaling);
	bool sack = answer ? tp->rx_opt.sack_ok :
			     READ_ONCE(net->ipv4.sysctl_tcp_sack);

	memset(opts, 0, sizeof(*opts));
	opts->options = OPTION_MSS;
	opts->mss = tp->advmss;
	if (unlikely(tp->signs))
		opts->options |= OPTION_MD5;
	if (sack)
		opts->options |= OPTION_SACK_ADVERTISE;
	if (ts) {
		opts->options |= OPTION_TS;
		opts->tsval = tcp_time_stamp(tp);
		opts->tsecr = tp->rx_opt.ts_recent;
		/* timestamps were taken off it when they were agreed on */
		if (answer)
			opts->mss += TCPOLEN_TSTAMP_ALIGNED;
	}
	if (ws) {
		opts->options |= OPTION_WSCALE;
		opts->ws = tp->rx_opt.rcv_wscale;
	}
	if (unlikely(tp->syn_fastopen && !tp->syn_plain &&
		     (!answer || tp->passive_fastopen)))
		tcp_fastopen_syn_options(sk, opts);
	return (u32)tcp_options_size(opts);
}

void tcp_connect_init(struct sock *sk)
{
	const struct dst_entry *dst = rcu_access_pointer(sk->sk_dst_cache);
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_initial_window w = { 0 };

	tp->tcp_header_len = TCP_HLEN_MIN;
	if (unlikely(tp->seldom))
		tcp_md5_connect(sk);
	if (tcp_asks_timestamps(sk))
		tp->tcp_header_len += TCPOLEN_TSTAMP_ALIGNED;
	tp->max_window = 0;
	tcp_sync_mss(sk, ip_sk_mtu(sk, dst));
	tp->advmss = tcp_mss_to_advertise(tp->rx_opt.user_mss, dst);
	tcp_initialize_rcv_mss(sk);

	w.space = (u32)tcp_full_space(sk);
	w.mss = tp->advmss;
	w.wscale_ok = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_window_scaling);
	w.window_clamp = tp->window_clamp;
	tcp_select_initial_window(sk, &w);
	tp->window_clamp = w.window_clamp;
	tp->rcv_ssthresh = w.rcv_wnd;
	WRITE_ONCE(tp->rcv_wnd, w.rcv_wnd);
	tp->rx_opt.rcv_wscale = w.rcv_wscale & 0xf;

	WRITE_ONCE(sk->sk_err, 0);
	WRITE_ONCE(sk->sk_err_soft, 0);
	sock_reset_flag(sk, SOCK_DONE);
	tp->snd_wnd = 0;
	tp->snd_sml = tp->snd_up = tp->write_seq;
	WRITE_ONCE(tp->snd_una, tp->write_seq);
	WRITE_ONCE(tp->snd_nxt, tp->write_seq);
	tp->pushed_seq = tp->write_seq;
	WRITE_ONCE(tp->rcv_nxt, 0);
	WRITE_ONCE(tp->rcv_wup, 0);
	WRITE_ONCE(tp->copied_seq, 0);
	icsk->icsk_rto_us = TCP_TIMEOUT_INIT_US;
	WRITE_ONCE(icsk->icsk_retransmits, 0);
	tp->retrans_out = 0;
	tp->total_retrans = 0;
	/* R2 of the SYN counts from now; a SYN-ACK echoes nothing older */
	tp->retrans_stamp_ns = tp->lsndtime_ns = tp->mstamp_ns;
}

void tcp_connect_queue_skb(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	sk_wmem_queued_add(sk, (s32)skb->truesize);
	sk_mem_charge(sk, (s32)skb->truesize);
	__skb_queue_tail(&tp->rtx_queue, skb);
	tp->packets_out += tcp_skb_pcount(skb);
	WRITE_ONCE(tp->write_seq, TCP_SKB_CB(skb)->end_seq);
	WRITE_ONCE(tp->snd_nxt, tp->write_seq);
	tp->pushed_seq = tp->write_seq;
}

int tcp_connect(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	NET_ROAD(sock_net(sk), NULL);
	tcp_mstamp_refresh(sk);
	if (inet_csk(sk)->icsk_af_ops->rebuild_header(sk))
		return -EHOSTUNREACH;
	tcp_connect_init(sk);
	skb = tcp_stream_alloc_skb(sk, 0, true);
	if (!skb)
		return -ENOBUFS;
	tcp_init_nondata_skb(skb, tp->write_seq, TCPHDR_SYN);
	tcp_ecn_send_syn(sk, skb);
	tcp_connect_queue_skb(sk, skb);
	NET_INC_STATS(sock_net(sk), TCP_ACTIVEOPENS);
	/* what cannot be sent now is sent again by the timer */
	if (likely(!tp->seldom) || !tcp_send_syn_data(sk, skb))
		(void)tcp_transmit_skb(sk, skb, true);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tp->mstamp_ns,
				  (u64)inet_csk(sk)->icsk_rto_us *
					  NSEC_PER_USEC);
	return 0;
}

void tcp_send_synack(struct sock *sk)
{
	struct sk_buff *skb = tcp_rtx_queue_head(sk);

	inet_assert(skb && (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN));
	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_ACK;
	tcp_ecn_send_synack(sk, skb);
	/* which of the two will be acknowledged only a timestamp tells (Karn) */
	TCP_SKB_CB(skb)->sacked |= TCPCB_EVER_RETRANS;
	(void)tcp_transmit_skb(sk, skb, true);
}

/* ---- SYN-ACK of a request --------------------------------------------- */

/* The options of a SYN-ACK: what the SYN asked for and we do. Return: size. */
static void tcp_synack_options(const struct request_sock *req,
			       const struct dst_entry *dst,
			       struct tcp_out_options *opts, u8 *cookie)
{
	const struct tcp_request_sock *treq = tcp_rsk(req);

	memset(opts, 0, sizeof(*opts));
	opts->options = OPTION_MSS;
	if (unlikely(tcp_md5_lookup(req->rsk_listener, req->__req_common.skc_daddr)))
		opts->options |= OPTION_MD5;
	opts->mss = tcp_mss_to_advertise(
		tcp_sk(req->rsk_listener)->rx_opt.user_mss, dst);
	if (treq->sack_ok)
		opts->options |= OPTION_SACK_ADVERTISE;
	if (treq->wscale_ok) {
		opts->options |= OPTION_WSCALE;
		opts->ws = treq->rcv_wscale;
	}
	if (treq->tstamp_ok) {
		opts->options |= OPTION_TS;
		opts->tsval = tcp_ns_to_ts(net_now(req->rsk_net)) +
			      treq->ts_off;
		opts->tsecr = treq->ts_recent;
	}
	if (unlikely(treq->tfo_reqd))
		tcp_fastopen_synack_options(req, cookie, opts);
}

/*
 * A SYN-ACK, whole but for its checksum, with a reference to @dst. Borrows
 * @dst. NULL: no memory.
 */
struct sk_buff *tcp_make_synack(const struct sock *sk, struct dst_entry *dst,
				struct request_sock *req)
{
	const struct tcp_request_sock *treq = tcp_rsk(req);
	u8 cookie[TCP_FASTOPEN_COOKIE_MAX];
	struct tcp_out_options opts;
	struct sk_buff *skb;
	struct tcphdr *th;
	u32 optlen;

	skb = alloc_skb(sock_net(sk), MAX_TCP_HEADER);
	if (!skb)
		return NULL;
	skb_reserve(skb, MAX_TCP_HEADER);
	skb_dst_set(skb, dst_hold(dst));
	tcp_synack_options(req, dst, &opts, cookie);
	optlen = (u32)tcp_options_size(&opts);
	th = skb_push(skb, TCP_HLEN_MIN + optlen);
	skb_reset_transport_header(skb);
	th->source = htons(req->__req_common.skc_num);
	th->dest = req->__req_common.skc_dport;
	th->seq = htonl(treq->snt_isn);
	th->ack_seq = htonl(treq->rcv_nxt);
	th->doff_res = (u8)((TCP_HLEN_MIN + optlen) << 2);
	th->flags = TCPHDR_SYN | TCPHDR_ACK | (treq->ecn_ok ? TCPHDR_ECE : 0);
	th->window = htons((u16)min(treq->rsk_rcv_wnd, 65535u));
	th->check = 0;
	th->urg_ptr = 0;
	(void)tcp_options_write(th + 1, optlen, &opts);
	skb->ip_summed = CHECKSUM_NONE;
	skb->csum = 0;
	skb->mark = treq->ir_mark;
	skb->priority = sk->sk_priority;
	NET_INC_STATS(sock_net(sk), TCP_OUTSEGS);
	return skb;
}
