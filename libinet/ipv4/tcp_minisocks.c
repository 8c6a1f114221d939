/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: the states that need no whole sock. SYN-RECEIVED of a passive open is a
 * request_sock until its ACK makes a child of it; TIME-WAIT, and FIN-WAIT-2 of
 * an orphan, are an inet_timewait_sock.
 *
 * Context: softnet, RCU.
 */
#include "ipv4/ip.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_md5.h"

/* RFC 9293 3.10.7.4, first check, on plain numbers. */
static bool tcp_in_window(u32 seq, u32 end_seq, u32 s_win, u32 e_win)
{
	if (seq == s_win)
		return true;
	if (after(end_seq, s_win) && before(seq, e_win))
		return true;
	return seq == e_win && seq == end_seq;
}

/* ---- TIME-WAIT -------------------------------------------------------- */

/* Copies what a timewait sock needs to know. */
static void tcp_time_wait_init(struct inet_timewait_sock *tw,
			       const struct sock *sk)
{
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);
	const struct tcp_sock *tp = tcp_sk(sk);

	tw->tw_rcv_wscale = tp->rx_opt.rcv_wscale;
	tw->tw_tos = inet_sk(sk)->tos & (u8)~INET_ECN_MASK;
	tcptw->tw_rcv_nxt = tp->rcv_nxt;
	tcptw->tw_snd_nxt = tp->snd_nxt;
	tcptw->tw_rcv_wnd = tcp_receive_window(tp);
	tcptw->tw_ts_offset = tp->tsoffset;
	tcptw->tw_ts_recent = tp->rx_opt.ts_recent;
	tcptw->tw_ts_recent_stamp = tp->rx_opt.tstamp_ok ?
		(u32)tp->rx_opt.ts_recent_stamp : 0;
	tcptw->tw_last_oow_ack_ns = tp->last_oow_ack_ns;
}

/*
 * @sk has done its work: a timewait sock takes its place, and it goes to
 * CLOSE. @state: TCP_TIME_WAIT (2 MSL, whatever @timeo_ns) or TCP_FIN_WAIT2.
 */
void tcp_time_wait(struct sock *sk, u8 state, u64 timeo_ns)
{
	u64 rto = (u64)inet_csk(sk)->icsk_rto_us * NSEC_PER_USEC;
	struct net *net = sock_net(sk);
	struct inet_timewait_sock *tw;

	NET_ROAD(net, NULL);
	tw = inet_twsk_alloc(sk, &net->ipv4.tcp->death_row, state);
	if (tw) {
		tcp_time_wait_init(tw, sk);
		if (unlikely(tcp_sk(sk)->signs))
			tcp_md5_time_wait(sk, tcp_twsk((struct sock *)tw));
		timeo_ns = max(timeo_ns, rto * 7 / 2);
		if (state == TCP_TIME_WAIT)
			timeo_ns = TCP_TIMEWAIT_LEN_NS;
		inet_twsk_hashdance_schedule(tw, sk, timeo_ns);
		NET_INC_STATS(net, TCP_TIMEWAITED);
	} else {
		/* the table is full: rather no TIME-WAIT than no service */
		NET_INC_STATS(net, TCP_TIMEWAITOVERFLOW);
	}
	tcp_done(sk);
}

/* An unacceptable segment: an ACK says what we wait for, not too often. */
static enum tcp_tw_status tcp_tw_oow(struct inet_timewait_sock *tw,
				     const struct sk_buff *skb,
				     enum mib_counter mib)
{
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);

	if (!tcp_oow_rate_limited(tw->tw_net, skb, mib,
				  &tcptw->tw_last_oow_ack_ns))
		return TCP_TW_ACK;
	inet_twsk_put(tw);
	return TCP_TW_SUCCESS;
}

/* Remembers the timestamp of an acceptable segment. */
static void tcp_tw_store_ts(struct tcp_timewait_sock *tcptw,
			    const struct tcp_options_info *info)
{
	if (!info->saw_tstamp || !tcptw->tw_ts_recent_stamp)
		return;
	tcptw->tw_ts_recent = info->rcv_tsval;
	tcptw->tw_ts_recent_stamp =
		(u32)(net_now(tcptw->tw_sk.tw_net) / NSEC_PER_SEC);
}

/* FIN-WAIT-2 of an orphan. */
static enum tcp_tw_status tcp_tw_fin_wait2(struct inet_timewait_sock *tw,
					   const struct sk_buff *skb,
					   const struct tcp_options_info *info,
					   bool paws_reject)
{
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	const struct tcphdr *th = tcp_hdr(skb);

	if (paws_reject ||
	    !tcp_in_window(tcb->seq, tcb->end_seq, tcptw->tw_rcv_nxt,
			   tcptw->tw_rcv_nxt + tcptw->tw_rcv_wnd)) {
		if (th->rst) {
			inet_twsk_put(tw);
			return TCP_TW_SUCCESS;
		}
		return tcp_tw_oow(tw, skb, MIB_TCP_ACKSKIPPEDFINWAIT2);
	}
	if (th->rst) {			/* RFC 5961 3.2 */
		if (tcb->seq != tcptw->tw_rcv_nxt)
			return tcp_tw_oow(tw, NULL, MIB_TCP_ACKSKIPPEDFINWAIT2);
		inet_twsk_deschedule_put(tw);
		return TCP_TW_SUCCESS;
	}
	if (th->syn)			/* RFC 5961 4.2 */
		return tcp_tw_oow(tw, skb, MIB_TCP_ACKSKIPPEDFINWAIT2);
	if (!th->ack || !after(tcb->end_seq, tcptw->tw_rcv_nxt) ||
	    tcb->end_seq == tcb->seq) {		/* nothing new */
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	/* SHLD-3: text that nobody will read */
	if (!th->fin || tcb->end_seq != tcptw->tw_rcv_nxt + 1)
		return TCP_TW_RST;
	INET_PROBE(FIN_FOR_ORPHAN);
	tw->tw_substate = TCP_TIME_WAIT;
	tcptw->tw_rcv_nxt = tcb->end_seq;
	tcp_tw_store_ts(tcptw, info);
	inet_twsk_reschedule(tw, TCP_TIMEWAIT_LEN_NS);
	return TCP_TW_ACK;
}

/* May this SYN open the connection anew (RFC 6191; MAY-2)? */
static bool tcp_tw_may_reopen(const struct tcp_timewait_sock *tcptw,
			      const struct sk_buff *skb,
			      const struct tcp_options_info *info)
{
	const struct tcphdr *th = tcp_hdr(skb);

	if (!th->syn || th->rst || th->ack || th->fin)
		return false;
	if (info->saw_tstamp && tcptw->tw_ts_recent_stamp &&
	    (s32)(info->rcv_tsval - tcptw->tw_ts_recent) > 0)
		return true;
	return after(TCP_SKB_CB(skb)->seq, tcptw->tw_rcv_nxt);
}

/* TIME-WAIT proper. */
static enum tcp_tw_status tcp_tw_time_wait(struct inet_timewait_sock *tw,
					   const struct sk_buff *skb,
					   const struct tcp_options_info *info,
					   bool paws_reject)
{
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	const struct tcphdr *th = tcp_hdr(skb);

	if (!paws_reject && tcb->seq == tcptw->tw_rcv_nxt &&
	    (tcb->seq == tcb->end_seq || th->rst)) {
		/* RFC 1337: a RST must not end it */
		if (th->rst && !READ_ONCE(tw->tw_net->ipv4.sysctl_tcp_rfc1337)) {
			inet_twsk_deschedule_put(tw);
			return TCP_TW_SUCCESS;
		}
		tcp_tw_store_ts(tcptw, info);
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	if (!paws_reject && tcp_tw_may_reopen(tcptw, skb, info))
		return TCP_TW_SYN;
	if (paws_reject)
		NET_INC_STATS(tw->tw_net, TCP_PAWSESTABREJECTED);
	if (th->rst) {
		INET_PROBE(TIME_WAIT_RESET);
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	/* only the peer's FIN, sent again, begins the wait anew */
	if (th->fin && tcb->end_seq == tcptw->tw_rcv_nxt) {
		INET_PROBE(TIME_WAIT_AGAIN);
		inet_twsk_reschedule(tw, TCP_TIMEWAIT_LEN_NS);
	}
	return tcp_tw_oow(tw, skb, MIB_TCP_ACKSKIPPEDTIMEWAIT);
}

enum tcp_tw_status tcp_timewait_state_process(struct inet_timewait_sock *tw,
					      struct sk_buff *skb, u32 *tw_isn)
{
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);
	struct tcp_options_info info;
	enum tcp_tw_status status;
	bool paws_reject;

	tcp_parse_options(skb, &info);
	paws_reject = info.saw_tstamp && tcptw->tw_ts_recent_stamp &&
		      !tcp_hdr(skb)->rst &&
		      (s32)(tcptw->tw_ts_recent - info.rcv_tsval) > 0;
	if (tw->tw_substate == TCP_FIN_WAIT2)
		return tcp_tw_fin_wait2(tw, skb, &info, paws_reject);
	status = tcp_tw_time_wait(tw, skb, &info, paws_reject);
	if (status == TCP_TW_SYN) {
		INET_PROBE(TIME_WAIT_REOPENED);
		/* above all that was sent before */
		*tw_isn = tcptw->tw_snd_nxt + 65535 + 2;
		*tw_isn += *tw_isn == 0;
	}
	return status;
}

bool tcp_twsk_unique(struct sock *sk, struct sock *sktw)
{
	const struct tcp_timewait_sock *tcptw = tcp_twsk(sktw);
	struct net *net = sock_net(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	int reuse = READ_ONCE(net->ipv4.sysctl_tcp_tw_reuse);
	s64 now_s = (s64)(net_now(net) / NSEC_PER_SEC);

	if (tcptw->tw_sk.tw_substate != TCP_TIME_WAIT ||
	    !tcptw->tw_ts_recent_stamp)
		return false;
	if (reuse == 2)		/* only on the loopback */
		reuse = ipv4_is_loopback(sk->sk_daddr);
	/* a second later every timestamp is newer than any that the old
	 * connection sent; who chose the port himself may have it at once */
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK) &&
	    (!reuse || now_s - tcptw->tw_ts_recent_stamp < 1))
		return false;
	WRITE_ONCE(tp->write_seq, tcptw->tw_snd_nxt + 65535 + 2);
	if (!tp->write_seq)
		WRITE_ONCE(tp->write_seq, 1);
	return true;
}

/* ---- SYN-RECEIVED ----------------------------------------------------- */

/* Sequence variables of a child: the handshake is the first thing that was
 * sent and received. */
static void tcp_child_init_seq(struct tcp_sock *tp,
			       const struct tcp_request_sock *treq)
{
	u32 seq = treq->rcv_isn + 1;

	tp->rcv_wup = seq;
	WRITE_ONCE(tp->copied_seq, seq);
	WRITE_ONCE(tp->rcv_nxt, seq);
	tp->rcvq_space.seq = seq;
	seq = treq->snt_isn + 1;
	tp->snd_sml = tp->snd_una = tp->snd_nxt = tp->snd_up = seq;
	tp->write_seq = tp->pushed_seq = seq;
	tp->high_seq = seq - 1;
	tcp_update_wl(tp, treq->rcv_isn);
}

/* What the two sides agreed on. */
static void tcp_child_init_options(struct tcp_sock *tp,
				   const struct request_sock *req,
				   const struct sk_buff *skb)
{
	const struct tcp_request_sock *treq = tcp_rsk(req);

	tp->rx_opt.tstamp_ok = treq->tstamp_ok;
	tp->rx_opt.wscale_ok = treq->wscale_ok;
	tp->rx_opt.sack_ok = treq->sack_ok;
	tp->ecn_flags = treq->ecn_ok ? TCP_ECN_OK : 0;
	tp->rx_opt.saw_tstamp = 0;
	tp->rx_opt.snd_wscale = treq->snd_wscale;
	tp->rx_opt.rcv_wscale = treq->wscale_ok ? treq->rcv_wscale : 0;
	tp->rx_opt.mss_clamp = req->mss;
	tp->window_clamp = treq->rsk_window_clamp;
	tp->rcv_wnd = tp->rcv_ssthresh = treq->rsk_rcv_wnd;
	tp->snd_wnd = (u32)ntohs(tcp_hdr(skb)->window) << tp->rx_opt.snd_wscale;
	tp->max_window = tp->snd_wnd;
	tp->tcp_header_len = TCP_HLEN_MIN;
	tp->rx_opt.ts_recent_stamp = 0;
	tp->rx_opt.ts_recent = 0;
	if (treq->tstamp_ok) {
		tp->rx_opt.ts_recent = treq->ts_recent;
		tp->rx_opt.ts_recent_stamp =
			(s64)(tp->mstamp_ns / NSEC_PER_SEC);
		tp->tcp_header_len += TCPOLEN_TSTAMP_ALIGNED;
	}
	tp->tsoffset = treq->ts_off;
}

/* Those of the SYN-ACK. */
static void tcp_child_count_timeouts(struct tcp_sock *tp,
				     const struct request_sock *req)
{
	u32 sent_us = tcp_rsk(req)->snt_synack_us;

	tp->total_rto = req->num_timeout;
	tp->total_rto_recoveries = 1;
	if (sent_us)
		tp->total_rto_ms = (tcp_us(tp->mstamp_ns) - sent_us) /
				   USEC_PER_MSEC;
}

/* NULL: no memory. */
struct sock *tcp_create_openreq_child(const struct sock *sk,
				      struct request_sock *req,
				      struct sk_buff *skb)
{
	struct sock *newsk = inet_csk_clone_lock(sk, req);
	struct tcp_sock *tp;

	if (!newsk)
		return NULL;
	tp = tcp_sk(newsk);
	tcp_mstamp_refresh(newsk);
	tcp_init_connection_state(newsk);
	if (!inet_csk(newsk)->icsk_ca_setsockopt)
		tcp_assign_congestion_control(newsk);
	tcp_child_init_seq(tp, tcp_rsk(req));
	tcp_child_init_options(tp, req, skb);
	tp->total_retrans = req->num_retrans;
	if (unlikely(req->num_timeout))
		tcp_child_count_timeouts(tp, req);
	tp->lsndtime_ns = tp->mstamp_ns;
	tp->rcv_tstamp_ns = tp->mstamp_ns;
	tp->last_oow_ack_ns = 0;
	inet_csk(newsk)->icsk_ack.lrcvtime_ns = tp->mstamp_ns;
	tp->seldom = NULL;
	tp->syn_fastopen = tp->syn_data = tp->syn_data_acked = tp->syn_plain = 0;
	tp->passive_fastopen = tp->fastopen_connect = 0;
	if (unlikely(tcp_rsk(req)->saved_syn))
		tcp_inherit_syn(newsk, req);
	tcp_init_xmit_timers(newsk);
	if (sock_flag(newsk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(newsk, keepalive_time_ns(tp));
	NET_INC_STATS(sock_net(sk), TCP_PASSIVEOPENS);
	return newsk;
}

/* The peer's SYN once more: so it has not got our answer. */
static void tcp_req_syn_again(struct sock *sk, const struct sk_buff *skb,
			      struct request_sock *req)
{
	struct tcp_request_sock *treq = tcp_rsk(req);

	INET_PROBE(SYN_AGAIN);
	if (!tcp_oow_rate_limited(sock_net(sk), skb,
				  MIB_TCP_ACKSKIPPEDSYNRECV,
				  &treq->last_oow_ack_ns))
		(void)req->rsk_ops->rtx_syn_ack(sk, req);
}

/* Not acceptable: an ACK, unless it is a RST or too soon. */
static void tcp_req_oow(struct sock *sk, struct sk_buff *skb,
			struct request_sock *req)
{
	struct tcp_request_sock *treq = tcp_rsk(req);

	if (!tcp_hdr(skb)->rst &&
	    !tcp_oow_rate_limited(sock_net(sk), skb,
				  MIB_TCP_ACKSKIPPEDSYNRECV,
				  &treq->last_oow_ack_ns))
		req->rsk_ops->send_ack(sk, skb, req);
}

/* A RST or a SYN in the window (RFC 9293 3.10.7.4, RFC 5961): back to LISTEN,
 * which means that the request goes. */
static void tcp_req_abort(struct sock *sk, struct sk_buff *skb,
			  struct request_sock *req)
{
	struct tcp_request_sock *treq = tcp_rsk(req);

	if (tcp_hdr(skb)->rst && TCP_SKB_CB(skb)->seq != treq->rcv_nxt) {
		if (!tcp_oow_rate_limited(sock_net(sk), NULL,
					  MIB_TCP_ACKSKIPPEDCHALLENGE,
					  &treq->last_oow_ack_ns))
			req->rsk_ops->send_ack(sk, skb, req);
		return;
	}
	INET_PROBE(REQUEST_RESET);
	NET_INC_STATS(sock_net(sk), TCP_ATTEMPTFAILS);
	NET_INC_STATS(sock_net(sk), TCP_EMBRYONICRSTS);
	inet_csk_reqsk_queue_drop(sk, req);
}

/* Timestamps of a segment for a request. False: PAWS says no, or it has none
 * although they were agreed on (the child would not take it). */
static bool tcp_req_check_ts(struct request_sock *req,
			     const struct sk_buff *skb, bool *store, u32 *tsval)
{
	const struct tcp_request_sock *treq = tcp_rsk(req);
	struct tcp_options_info info;

	*store = false;
	*tsval = 0;
	if (!treq->tstamp_ok)
		return true;
	tcp_parse_options(skb, &info);
	if (!info.saw_tstamp)
		return tcp_hdr(skb)->rst || tcp_hdr(skb)->syn;
	if ((s32)(treq->ts_recent - info.rcv_tsval) > 0 &&
	    !tcp_hdr(skb)->rst) {
		NET_INC_STATS(req->rsk_net, TCP_PAWSESTABREJECTED);
		return false;
	}
	*store = !after(TCP_SKB_CB(skb)->seq, treq->rcv_nxt);
	*tsval = info.rcv_tsval;
	return true;
}

/* The ACK of the handshake: a child, or NULL (then perhaps a RST). */
static struct sock *tcp_req_complete(struct sock *sk, struct sk_buff *skb,
				     struct request_sock *req, bool *req_stolen)
{
	struct net *net = sock_net(sk);
	struct sock *child;
	bool own_req;

	child = inet_csk(sk)->icsk_af_ops->syn_recv_sock(sk, skb, req,
							 &own_req);
	if (!child) {
		/* the peer will send again, or get our SYN-ACK again */
		if (!READ_ONCE(net->ipv4.sysctl_tcp_abort_on_overflow))
			return NULL;
		req->rsk_ops->send_reset(sk, skb);
		NET_INC_STATS(net, TCP_EMBRYONICRSTS);
		inet_csk_reqsk_queue_drop(sk, req);
		return NULL;
	}
	if (own_req)
		tcp_synack_rtt_meas(child, req);
	*req_stolen = !own_req;
	return inet_csk_complete_hashdance(sk, child, req, own_req);
}

/* TCP_DEFER_ACCEPT: is the ACK of the handshake not enough yet? */
static bool tcp_req_defers(const struct sock *sk, const struct tcp_skb_cb *tcb,
			   struct request_sock *req)
{
	struct tcp_request_sock *treq = tcp_rsk(req);

	if (likely(req->num_timeout >= READ_ONCE(inet_csk(sk)->icsk_defer_accept) ||
		   tcb->end_seq != treq->rcv_nxt))
		return false;
	treq->acked = 1;
	NET_INC_STATS(sock_net(sk), TCP_DEFERACCEPTDROP);
	return true;
}

struct sock *tcp_check_req(struct sock *sk, struct sk_buff *skb,
			   struct request_sock *req, bool *req_stolen)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_request_sock *treq = tcp_rsk(req);
	const struct tcphdr *th = tcp_hdr(skb);
	bool store_ts, paws_ok;
	u32 tsval = 0;

	NET_ROAD(sock_net(sk), skb);
	paws_ok = tcp_req_check_ts(req, skb, &store_ts, &tsval);
	if (tcb->seq == treq->rcv_isn && th->syn && !th->rst && !th->ack &&
	    paws_ok) {
		tcp_req_syn_again(sk, skb, req);
		return NULL;
	}
	/* an ACK of something else: LISTEN answers it with a RST */
	if (th->ack && !th->rst && tcb->ack_seq != treq->snt_isn + 1)
		return sk;
	/* RFC 5961 3: of a RST only its sequence number counts */
	if (!paws_ok || !tcp_in_window(tcb->seq,
				       th->rst ? tcb->seq : tcb->end_seq,
				       treq->rcv_nxt,
				       treq->rcv_nxt + treq->rsk_rcv_wnd)) {
		tcp_req_oow(sk, skb, req);
		return NULL;
	}
	if (store_ts)
		treq->ts_recent = tsval;
	/* RFC 9293 3.5, figure 8: its SYN was taken, its ACK counts */
	if (th->rst || (th->syn && tcb->seq != treq->rcv_isn)) {
		tcp_req_abort(sk, skb, req);
		return NULL;
	}
	if (!th->ack || tcp_req_defers(sk, tcb, req))
		return NULL;
	return tcp_req_complete(sk, skb, req, req_stolen);
}

unchecked_locking
int tcp_child_process(struct sock *parent, struct sock *child,
		      struct sk_buff *skb)
{
	int ret = 0;

	NET_ROAD(sock_net(child), skb);
	if (!sock_owned_by_user(child)) {
		ret = tcp_rcv_state_process(child, skb);
		if (child->sk_state != TCP_SYN_RECV)
			parent->sk_data_ready(parent);
	} else if (sk_add_backlog(child, skb, UINT32_MAX)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_BACKLOG);
	}
	bh_unlock_sock(child);
	sock_put(child);
	return ret;
}
