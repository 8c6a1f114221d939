/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: LISTEN (RFC 9293 3.10.7.2). A good SYN makes a request_sock, which
 * answers for itself from then on (tcp_minisocks.c).
 *
 * Limits: a listener holds at most backlog requests (and the stack wants less
 * than tcp_max_syn_backlog in one listener), and while its accept queue is full
 * it takes no SYN at all. What finds no room among the requests is answered
 * without one (tcp_syncookies.c).
 *
 * Context: softnet, RCU; the listener is not locked.
 */
#include "ipv4/ip.h"
#include "ipv4/ip_options.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_md5.h"
#include "ipv4/tcp_syncookies.h"

/* The window that a child will begin with. */
static void tcp_openreq_init_rwin(struct request_sock *req,
				  const struct sock *sk,
				  const struct dst_entry *dst)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_request_sock *treq = tcp_rsk(req);
	u32 mss = dst->ops->default_advmss(dst);
	struct tcp_initial_window w = {
		.space = (u32)tcp_full_space(sk),
		.mss = mss,
		.wscale_ok = treq->wscale_ok,
		.window_clamp = READ_ONCE(tp->window_clamp),
	};

	if (tp->rx_opt.user_mss && tp->rx_opt.user_mss < mss)
		w.mss = tp->rx_opt.user_mss;
	if (treq->tstamp_ok)
		w.mss -= TCPOLEN_TSTAMP_ALIGNED;
	tcp_select_initial_window(sk, &w);
	treq->rsk_rcv_wnd = w.rcv_wnd;
	treq->rsk_window_clamp = w.window_clamp;
	treq->rcv_wscale = w.rcv_wscale & 0xf;
}

void tcp_openreq_init_names(struct request_sock *req, const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);

	req->__req_common.skc_rcv_saddr = ip_hdr(skb)->daddr;
	req->__req_common.skc_daddr = ip_hdr(skb)->saddr;
	req->__req_common.skc_num = ntohs(th->dest);
	req->__req_common.skc_dport = th->source;
	tcp_rsk(req)->ir_mark = req->rsk_listener->sk_mark;
}

/* What the SYN says. */
static void tcp_openreq_init(struct request_sock *req, const struct sock *sk,
			     const struct sk_buff *skb)
{
	struct tcp_request_sock *treq = tcp_rsk(req);
	const struct net *net = sock_net(sk);
	struct tcp_options_info info;

	tcp_parse_options(skb, &info);
	tcp_openreq_init_names(req, skb);
	req->mss = tcp_options_mss(&info, tcp_sk(sk)->rx_opt.user_mss,
				   TCP_MSS_DEFAULT,
				   (u16)READ_ONCE(net->ipv4.sysctl_tcp_min_snd_mss));
	treq->tstamp_ok = info.saw_tstamp && READ_ONCE(net->ipv4.sysctl_tcp_timestamps);
	treq->ts_recent = treq->tstamp_ok ? info.rcv_tsval : 0;
	treq->wscale_ok = info.wscale_ok && READ_ONCE(net->ipv4.sysctl_tcp_window_scaling);
	treq->sack_ok = info.sack_ok && READ_ONCE(net->ipv4.sysctl_tcp_sack);
	treq->snd_wscale = treq->wscale_ok ? info.snd_wscale & 0xf : 0;
	treq->rcv_isn = TCP_SKB_CB(skb)->seq;
	treq->rcv_nxt = treq->rcv_isn + 1;
	treq->syn_tos = ip_hdr(skb)->tos;
	tcp_ecn_create_request(req, skb, sk);
}

/* How a SYN is answered. */
enum tcp_syn_answer {
	TCP_SYN_REQUEST, TCP_SYN_COOKIE, TCP_SYN_NONE
};

/* Is there room for one more request? Counts what is not usual. */
static enum tcp_syn_answer tcp_conn_request_room(struct sock *sk)
{
	struct net *net = sock_net(sk);
	u32 qlen = reqsk_queue_len(&inet_csk(sk)->icsk_accept_queue);
	s32 cookies = READ_ONCE(net->ipv4.sysctl_tcp_syncookies);
	bool full = inet_csk_reqsk_queue_is_full(sk) ||
		qlen >= (u32)READ_ONCE(net->ipv4.sysctl_tcp_max_syn_backlog) ||
		INET_BUGGIFY(SYN_DROPPED);

	if (sk_acceptq_is_full(sk)) {
		NET_INC_STATS(net, TCP_LISTENOVERFLOWS);
		return TCP_SYN_NONE;
	}
	if (likely(!full))
		return unlikely(cookies == 2) ? TCP_SYN_COOKIE :
						TCP_SYN_REQUEST;
	if (!cookies) {
		NET_INC_STATS(net, TCP_REQQFULLDROP);
		return TCP_SYN_NONE;
	}
	NET_INC_STATS(net, TCP_REQQFULLDOCOOKIES);
	return TCP_SYN_COOKIE;
}

/* The SYN came by a source route: all of the connection goes back by it
 * (MUST-53). */
bool tcp_openreq_init_route(struct request_sock *req, const struct sock *sk,
			    const struct sk_buff *skb)
{
	struct ip_options_sock route = { .optlen = 0 };
	struct tcp_request_sock *treq = tcp_rsk(req);

	if (unlikely(ip_options_return_route(skb, &route))) {
		treq->ireq_opt = ip_options_dup(req->rsk_net, &route);
		if (!treq->ireq_opt)
			return false;
	}
	treq->dst = inet_csk_route_req(sk, req);
	if (treq->dst)
		tcp_openreq_init_rwin(req, sk, treq->dst);
	return treq->dst;
}

/* Makes and answers a request, and forgets it if it is to be a cookie. Return:
 * false when there is no memory or no way back. */
static bool tcp_conn_request_new(struct sock *sk, struct sk_buff *skb,
				 bool cookie)
{
	struct net *net = sock_net(sk);
	struct tcp_seq_and_ts_off st;
	struct tcp_request_sock *treq;
	struct request_sock *req;

	req = reqsk_alloc(net->ipv4.tcp->rsk_cache, &tcp_request_sock_ops, sk);
	if (!req)
		return false;
	treq = tcp_rsk(req);
	tcp_openreq_init(req, sk, skb);
	if (unlikely(tcp_sk(sk)->save_syn) && !cookie)
		tcp_save_syn(sk, req, skb);
	if (unlikely(cookie))
		cookie_init_options(req);
	else if (unlikely(tcp_md5_lookup(sk, ip_hdr(skb)->saddr)))
		treq->tstamp_ok &= !treq->sack_ok;	/* no place for both */
	if (!tcp_openreq_init_route(req, sk, skb)) {
		reqsk_free(req);
		return false;
	}
	st = secure_tcp_seq_and_ts_off(net, ip_hdr(skb)->daddr,
				       ip_hdr(skb)->saddr, tcp_hdr(skb)->dest,
				       tcp_hdr(skb)->source);
	treq->snt_isn = TCP_SKB_CB(skb)->tcp_tw_isn;
	if (!treq->snt_isn)
		treq->snt_isn = st.seq;
	treq->ts_off = st.ts_off;
	treq->snt_synack_us = tcp_us(net_now(net));
	if (unlikely(READ_ONCE(tcp_sk(sk)->seldom)) && !cookie &&
	    tcp_fastopen_server(sk, skb, req))
		return true;
	if (unlikely(cookie)) {
		cookie_init_sequence(req, skb);
		(void)tcp_v4_send_synack(sk, req, treq->dst);
		reqsk_free(req);
		return true;
	}
	inet_csk_reqsk_queue_hash_add(sk, req);
	/* one that cannot be sent now is sent again by the timer */
	(void)tcp_v4_send_synack(sk, req, treq->dst);
	reqsk_put(req);
	return true;
}

/* Consumes @skb. */
void tcp_conn_request(struct sock *sk, struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_TCP_LISTEN_OVERFLOW;
	enum tcp_syn_answer answer;

	NET_ROAD(sock_net(sk), skb);
	answer = tcp_conn_request_room(sk);
	if (answer != TCP_SYN_NONE) {
		if (tcp_conn_request_new(sk, skb, answer == TCP_SYN_COOKIE)) {
			consume_skb(skb);
			return;
		}
		reason = SKB_DROP_REASON_NOMEM;
	}
	NET_INC_STATS(sock_net(sk), TCP_LISTENDROPS);
	sk_drops_add(sk, 1);
	kfree_skb_reason(skb, reason);
}

int tcp_rcv_listen(struct sock *sk, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);

	if (th->rst) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_RESET);
		return 0;
	}
	if (th->ack)
		return 1;
	if (!th->syn || th->fin) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
		return 0;
	}
	inet_csk(sk)->icsk_af_ops->conn_request(sk, skb);
	return 0;
}
