/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP over IPv4: where segments come in (tcp_v4_rcv) and go to a sock, its
 * backlog, a request or a timewait sock; the answers that need no sock; the
 * routes of connections; ICMP errors.
 *
 * Resets that end nothing, to segments for nobody, for a listener or for a
 * handshake, are limited per peer (net.ipv4.tcp_rst_per_sec):
 * a bucket for each value of a keyed hash of the address, so that a flood gets
 * few answers and tells nobody else anything.
 */
#include <errno.h>

#include "core/rps.h"
#include "core/skbuff.h"
#include "ipv4/forward.h"
#include "ipv4/inet_common.h"
#include "ipv4/ip.h"
#include "ipv4/ip_options.h"
#include "ipv4/route.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_md5.h"
#include "ipv4/tcp_repair.h"
#include "ipv4/tcp_syncookies.h"
#include "lib/checksum.h"
#include "lib/err.h"
#include "lib/jhash.h"
#include "lib/mem.h"

/* ---- routes ----------------------------------------------------------- */

/* A connection's route went bad: finds it again, by whatever device it leads
 * now, unless the socket is bound to one. */
static int tcp_v4_rebuild_header(struct sock *sk)
{
	struct flowi4 fl4 = inet_csk(sk)->icsk_fl;
	struct rtable *rt;

	if (likely(__sk_dst_check(sk, 0)))
		return 0;
	fl4.oif = sk->sk_bound_dev_if;
	fl4.daddr = ip_options_next_hop(inet_sk(sk)->inet_opt, fl4.daddr);
	rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
	if (IS_ERR(rt)) {
		WRITE_ONCE(sk->sk_err_soft, (int)-PTR_ERR(rt));
		return -EHOSTUNREACH;
	}
	sk_dst_set(sk, &rt->dst);
	return 0;
}

/* The question that the route of a request's connection answers. */
static void tcp_v4_req_flow(const struct request_sock *req,
			    const struct sock *sk, struct flowi4 *fl4)
{
	*fl4 = (struct flowi4){
		.daddr = req->__req_common.skc_daddr,
		.saddr = req->__req_common.skc_rcv_saddr,
		.fl4_sport = htons(req->__req_common.skc_num),
		.fl4_dport = req->__req_common.skc_dport,
		.oif = req->__req_common.skc_bound_dev_if,
		.mark = tcp_rsk(req)->ir_mark,
		.tos = inet_sk(sk)->tos,
		.proto = IPPROTO_TCP,
		.flags = inet_test_bit(TRANSPARENT, sk) ? FLOWI_FLAG_ANYSRC : 0,
	};
}

struct dst_entry *inet_csk_route_req(const struct sock *sk,
				     const struct request_sock *req)
{
	struct dst_entry *dst = tcp_rsk(req)->dst;
	struct flowi4 fl4;
	struct rtable *rt;

	if (likely(dst && dst->ops->check(dst, 0)))
		return dst_hold(dst);
	tcp_v4_req_flow(req, sk, &fl4);
	fl4.daddr = ip_options_next_hop(tcp_rsk(req)->ireq_opt, fl4.daddr);
	rt = ip_route_output_flow(sock_net(sk), &fl4, NULL);
	if (IS_ERR(rt)) {
		NET_INC_STATS(sock_net(sk), IP_OUTNOROUTES);
		return NULL;
	}
	if (unlikely(tcp_rsk(req)->ireq_opt && rt_is_to_many(rt))) {
		dst_release(&rt->dst);
		return NULL;
	}
	return &rt->dst;
}

/* ---- connect ---------------------------------------------------------- */

/* Asks routing for the way (of a source route: to its first hop, MUST-51) and,
 * if the application did not say, for the source address (MUST-44). */
static struct rtable *tcp_v4_connect_route(struct sock *sk, __be32 daddr,
					   __be16 dport)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 *fl4 = &inet_csk(sk)->icsk_fl;
	__be32 hop = ip_options_next_hop(inet->inet_opt, daddr);
	struct rtable *rt;

	if (unlikely(hop != daddr) &&
	    (!daddr || ipv4_is_multicast(daddr) || ipv4_is_lbcast(daddr)))
		return ERR_PTR(-EINVAL);
	rt = ip_route_connect(fl4, hop, inet->inet_saddr, sk->sk_bound_dev_if,
			      IPPROTO_TCP, inet->inet_sport, dport, sk);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			NET_INC_STATS(sock_net(sk), IP_OUTNOROUTES);
		return rt;
	}
	if (rt_is_to_many(rt)) {	/* MUST-46 */
		dst_release(&rt->dst);
		return ERR_PTR(-ENETUNREACH);
	}
	if (unlikely(hop != daddr))
		fl4->daddr = daddr;
	return rt;
}

void tcp_v4_connect_undo(struct sock *sk)
{
	tcp_set_state(sk, TCP_CLOSE);
	tcp_write_queue_purge(sk);
	inet_csk_clear_xmit_timers(sk);
	sk_dst_reset(sk);
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		inet_sk(sk)->inet_saddr = 0;
		WRITE_ONCE(sk->sk_rcv_saddr, 0);
	}
	WRITE_ONCE(sk->sk_dport, 0);
	WRITE_ONCE(sk->sk_daddr, 0);
}

/* Context: the sock is locked, in CLOSE. */
int tcp_v4_connect(struct sock *sk, const struct sockaddr *addr, socklen_t len)
{
	const struct sockaddr_in *to = (const void *)addr;
	struct inet_sock *inet = inet_sk(sk);
	struct net *net = sock_net(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_seq_and_ts_off st;
	struct rtable *rt;
	int err = inet_check_addr(addr, len);

	NET_ROAD(net, NULL);
	if (err)
		return err;
	rt = tcp_v4_connect_route(sk, to->sin_addr.s_addr, to->sin_port);
	if (IS_ERR(rt))
		return (int)PTR_ERR(rt);
	if (!inet->inet_saddr)
		inet->inet_saddr = inet_csk(sk)->icsk_fl.saddr;
	WRITE_ONCE(sk->sk_rcv_saddr, inet->inet_saddr);
	WRITE_ONCE(sk->sk_daddr, inet_csk(sk)->icsk_fl.daddr);
	WRITE_ONCE(sk->sk_dport, to->sin_port);
	sk_dst_set(sk, &rt->dst);
	inet_csk(sk)->icsk_ext_hdr_len =
		inet->inet_opt ? inet->inet_opt->optlen : 0;
	tp->rx_opt.mss_clamp = TCP_MSS_DEFAULT;
	tp->rx_opt.ts_recent = 0;
	tp->rx_opt.ts_recent_stamp = 0;
	if (likely(!tp->repair))
		WRITE_ONCE(tp->write_seq, 0);

	tcp_set_state(sk, TCP_SYN_SENT);
	err = inet_hash_connect(net, sk);
	if (!err) {
		inet_csk(sk)->icsk_fl.fl4_sport = inet->inet_sport;
		st = secure_tcp_seq_and_ts_off(net, inet->inet_saddr,
					       sk->sk_daddr, inet->inet_sport,
					       sk->sk_dport);
		/* no TIME-WAIT was taken over */
		if (!tp->write_seq && likely(!tp->repair))
			WRITE_ONCE(tp->write_seq, st.seq);
		tp->high_seq = tp->write_seq;
		tp->tsoffset = st.ts_off;
		if (unlikely(tp->repair))
			err = tcp_repair_connect(sk);
		else if (likely(!tp->fastopen_connect ||
				!tcp_fastopen_defers_connect(sk)))
			err = tcp_connect(sk);
	}
	if (err)
		tcp_v4_connect_undo(sk);
	return err;
}

/* ---- checksums -------------------------------------------------------- */

/* The device is to do it, or who cuts the packet. */
static __noinline void tcp_v4_send_check_hw(const struct sock *sk,
					    struct sk_buff *skb)
{
	__tcp_v4_send_check(skb, skb->len, inet_sk(sk)->inet_saddr,
			    sk->sk_daddr);
}

/* @header and @text are what is sent. */
static inline void tcp_v4_put_check(const struct sock *sk, struct sk_buff *skb,
				    __wsum header, __wsum text)
{
	tcp_hdr(skb)->check = tcp_v4_check(skb->len, inet_sk(sk)->inet_saddr,
					   sk->sk_daddr, csum_add(text, header));
	skb->ip_summed = CHECKSUM_NONE;
}

/* Nobody has summed the text yet. */
static __noinline void tcp_v4_send_check_text(const struct sock *sk,
					      struct sk_buff *skb, __wsum header)
{
	u32 hlen = __tcp_hdrlen(tcp_hdr(skb));

	skb->csum = skb_checksum(skb, hlen, skb->len - hlen, 0);
	tcp_v4_put_check(sk, skb, header, skb->csum);
}

/* Fills in the checksum of a segment about to be sent (MUST-2). */
static void tcp_v4_send_check(struct sock *sk, struct sk_buff *skb,
			      __wsum header)
{
	const struct dst_entry *dst = rcu_access_pointer(sk->sk_dst_cache);

	if (skb->shinfo->gso_size || (dst && dst_hw_csum(dst)))
		tcp_v4_send_check_hw(sk, skb);
	else if (unlikely(skb->ip_summed == CHECKSUM_PARTIAL))
		tcp_v4_send_check_text(sk, skb, header);
	else
		tcp_v4_put_check(sk, skb, header, skb->csum);
}

/* The pseudo header's sum first: what is left to do needs little of the packet.
 * An IPv4 header adds nothing to a sum: CHECKSUM_COMPLETE may include it. */
bool tcp_v4_checksum_ok(const struct sk_buff *skb, u32 off)
{
	const struct iphdr *iph = ip_hdr(skb);
	u32 len = skb->len - off;
	__wsum sum = csum_tcpudp_nofold(iph->saddr, iph->daddr, len,
					IPPROTO_TCP, 0);

	if (likely(skb->ip_summed == CHECKSUM_NONE && !skb_is_nonlinear(skb)))
		return !csum_fold(csum_partial(skb->data + off, len, sum));
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		return !csum_fold(csum_add(skb->csum, sum));
	return skb->ip_summed != CHECKSUM_NONE ||
	       !csum_fold(skb_checksum(skb, off, len, sum));
}

/* ---- answers without a sock ------------------------------------------- */

/* A segment of a header only. */
struct tcp_v4_answer {
	__be32 saddr, daddr;	/* of the answer */
	__be16 sport, dport;
	u32 seq, ack_seq;
	u16 window;
	u8 flags;
	u8 tos;
	bool ts;
	u32 tsval, tsecr;
	int oif;
	const struct sk_buff *to;	/* what is answered */
	const struct tcp_md5_key *key;	/* signed by it; or NULL */
	bool any_saddr;			/* which was for an address not ours */
};

/* A segment without a connection of its own: RST, or the ACK of a mini sock. */
static void tcp_v4_send_answer(struct net *net, const struct tcp_v4_answer *a)
{
	struct tcp_out_options opts = {
		.options = (u8)((a->ts ? OPTION_TS : 0) |
				(a->key ? OPTION_MD5 : 0)),
		.tsval = a->tsval, .tsecr = a->tsecr,
	};
	const struct ip_packet_info to = {
		.daddr = a->daddr, .saddr = a->saddr, .protocol = IPPROTO_TCP,
		.tos = a->tos, .oif = a->oif, .any_saddr = a->any_saddr,
	};
	u32 hlen = TCP_HLEN_MIN + (u32)tcp_options_size(&opts);
	struct sk_buff *skb = alloc_skb(net, MAX_TCP_HEADER);
	struct ip_options_sock route = { .optlen = 0 };
	struct tcphdr *th;

	if (!skb)
		return;
	skb_reserve(skb, MAX_TCP_HEADER);
	th = skb_push(skb, hlen);
	skb_reset_transport_header(skb);
	th->source = a->sport;
	th->dest = a->dport;
	th->seq = htonl(a->seq);
	th->ack_seq = htonl(a->ack_seq);
	th->doff_res = (u8)(hlen << 2);
	th->flags = a->flags;
	th->window = htons(a->window);
	th->check = 0;
	th->urg_ptr = 0;
	(void)tcp_options_write(th + 1, hlen - TCP_HLEN_MIN, &opts);
	if (unlikely(a->key))
		tcp_md5_sign(a->key, a->saddr, a->daddr, skb);
	th->check = tcp_v4_check(hlen, a->saddr, a->daddr,
				 csum_partial(th, hlen, 0));
	skb->ip_summed = CHECKSUM_NONE;
	NET_INC_STATS(net, TCP_OUTSEGS);
	(void)ip_send_reply(net, skb, &to,
			    ip_options_return_route(a->to, &route) ? &route :
								     NULL);
}

/* May another RST go to @addr? */
static bool tcp_rst_allowed(struct net *net, __be32 addr)
{
	u32 rate = (u32)READ_ONCE(net->ipv4.sysctl_tcp_rst_per_sec);
	u32 now_ms = (u32)(net_now(net) / NSEC_PER_MSEC);
	u32 hash = jhash_1word(addr, net->hash_secret);
	struct tcp_net *tn = net->ipv4.tcp;
	struct tcp_rst_bucket *b = &tn->rst_buckets[hash % TCP_RST_BUCKETS];
	u64 back;
	bool ok;

	if (!rate)
		return true;
	spin_lock(&tn->limit_lock);
	back = min(now_ms - b->stamp_ms, 1000u) * (u64)rate / 1000;
	if (back) {
		b->sent -= (u32)min(back, (u64)b->sent);
		b->stamp_ms = now_ms;
	}
	ok = b->sent < rate;
	b->sent += ok;
	spin_unlock(&tn->limit_lock);
	return ok;
}

/* Does the RST leave everything as it is, so that the next such segment will
 * ask for another? */
static bool tcp_rst_ends_nothing(const struct sock *sk)
{
	const u32 opening = TCPF(TCP_LISTEN) | TCPF(TCP_SYN_SENT) |
			    TCPF(TCP_SYN_RECV);

	return !sk || TCPF(READ_ONCE(sk->sk_state)) & opening;
}

/* Was @skb for an address of somebody else? From the backlog it has lost its
 * route. @sk, if not NULL, may be any sock else. */
static bool tcp_v4_for_foreign(const struct sock *sk, const struct sk_buff *skb)
{
	return skb_dst(skb) ? skb_is_foreign(skb) :
			      sk && inet_test_bit(TRANSPARENT, sk);
}

/* RFC 9293 3.10.7.1. */
void tcp_v4_send_reset(const struct sock *sk, const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	const struct iphdr *iph = ip_hdr(skb);
	struct net *net = skb_net(skb);
	struct tcp_v4_answer a = {
		.saddr = iph->daddr, .daddr = iph->saddr,
		.sport = th->dest, .dport = th->source,
		.flags = TCPHDR_RST,
		.oif = sk ? sk->sk_bound_dev_if : 0,
		.to = skb, .any_saddr = tcp_v4_for_foreign(sk, skb),
	};

	NET_ROAD(net, skb);
	if (th->rst)
		return;
	if (!sk && (!skb_dst(skb) || skb_rtable(skb)->rt_type != RTN_LOCAL))
		return;
	if (unlikely(!tcp_md5_reset_key(sk, skb, &a.key)))
		return;
	if (tcp_rst_ends_nothing(sk) && !tcp_rst_allowed(net, iph->saddr))
		return;
	if (th->ack) {
		a.seq = TCP_SKB_CB(skb)->ack_seq;
	} else {
		a.flags |= TCPHDR_ACK;
		a.ack_seq = TCP_SKB_CB(skb)->end_seq;
	}
	NET_INC_STATS(net, TCP_OUTRSTS);
	tcp_v4_send_answer(net, &a);
}

/* An ACK of a request: to what does not fit. */
static void tcp_v4_reqsk_send_ack(const struct sock *sk, struct sk_buff *skb,
				  struct request_sock *req)
{
	const struct tcp_request_sock *treq = tcp_rsk(req);
	struct tcp_v4_answer a = {
		.saddr = ip_hdr(skb)->daddr, .daddr = ip_hdr(skb)->saddr,
		.sport = tcp_hdr(skb)->dest, .dport = tcp_hdr(skb)->source,
		.seq = treq->snt_isn + 1, .ack_seq = treq->rcv_nxt,
		.window = (u16)min(treq->rsk_rcv_wnd >> treq->rcv_wscale,
				   65535u),
		.flags = TCPHDR_ACK,
		.tos = inet_sk(sk)->tos & (u8)~INET_ECN_MASK,
		.ts = treq->tstamp_ok,
		.tsval = tcp_ns_to_ts(net_now(req->rsk_net)) + treq->ts_off,
		.tsecr = treq->ts_recent,
		.oif = sk->sk_bound_dev_if,
		.to = skb, .any_saddr = skb_is_foreign(skb),
		.key = tcp_md5_lookup(sk, ip_hdr(skb)->saddr),
	};

	tcp_v4_send_answer(req->rsk_net, &a);
}

/* An ACK of a timewait sock. */
static void tcp_v4_timewait_ack(struct inet_timewait_sock *tw,
				const struct sk_buff *skb)
{
	const struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);
	struct tcp_v4_answer a = {
		.saddr = ip_hdr(skb)->daddr, .daddr = ip_hdr(skb)->saddr,
		.sport = tcp_hdr(skb)->dest, .dport = tcp_hdr(skb)->source,
		.seq = tcptw->tw_snd_nxt, .ack_seq = tcptw->tw_rcv_nxt,
		.window = (u16)min(tcptw->tw_rcv_wnd >> tw->tw_rcv_wscale,
				   65535u),
		.flags = TCPHDR_ACK, .tos = tw->tw_tos,
		.ts = tcptw->tw_ts_recent_stamp != 0,
		.tsval = tcp_ns_to_ts(net_now(tw->tw_net)) +
			 tcptw->tw_ts_offset,
		.tsecr = tcptw->tw_ts_recent,
		.oif = tw->tw_bound_dev_if,
		.to = skb, .any_saddr = skb_is_foreign(skb),
		.key = tcp_md5_timewait((struct sock *)tw),
	};

	tcp_v4_send_answer(tw->tw_net, &a);
}

/* ---- handshake -------------------------------------------------------- */

int tcp_v4_send_synack(const struct sock *sk, struct request_sock *req,
		       struct dst_entry *dst)
{
	struct sk_buff *skb = tcp_make_synack(sk, dst, req);
	__be32 saddr = req->__req_common.skc_rcv_saddr;
	__be32 daddr = req->__req_common.skc_daddr;
	const struct tcp_md5_key *key;
	struct tcphdr *th;

	if (!skb)
		return -ENOMEM;
	th = tcp_hdr(skb);
	key = tcp_md5_lookup(sk, daddr);
	if (unlikely(key))
		tcp_md5_sign(key, saddr, daddr, skb);
	th->check = tcp_v4_check(skb->len, saddr, daddr,
				 csum_partial(th, skb->len, 0));
	return ip_build_and_send_pkt(skb, sk, saddr, daddr,
				     tcp_rsk(req)->ireq_opt, inet_sk(sk)->tos);
}

/* The SYN-ACK once more. */
static int tcp_v4_rtx_synack(const struct sock *sk, struct request_sock *req)
{
	struct dst_entry *dst = inet_csk_route_req(sk, req);
	int err;

	if (!dst)
		return -EHOSTUNREACH;
	err = tcp_v4_send_synack(sk, req, dst);
	dst_release(dst);
	if (err)
		return err;
	if (req->num_retrans < 255)
		req->num_retrans++;
	NET_INC_STATS(sock_net(sk), TCP_RETRANSSEGS);
	NET_INC_STATS(sock_net(sk), TCP_SYNRETRANS);
	return 0;
}

static void tcp_v4_reqsk_destructor(struct request_sock *req)
{
	struct tcp_request_sock *treq = tcp_rsk(req);

	mem_free(&req->rsk_net->mem, treq->ireq_opt, sizeof(*treq->ireq_opt));
	if (unlikely(treq->saved_syn))
		tcp_saved_syn_free(req->rsk_net, &treq->saved_syn);
	dst_release(treq->dst);
}

const struct request_sock_ops tcp_request_sock_ops = {
	.family = PF_INET,
	.obj_size = sizeof(struct tcp_request_sock),
	.rtx_syn_ack = tcp_v4_rtx_synack,
	.send_ack = tcp_v4_reqsk_send_ack,
	.send_reset = tcp_v4_send_reset,
	.destructor = tcp_v4_reqsk_destructor,
};

/* MUST-57, MUST-63: a SYN from or to an address of many. */
static void tcp_v4_conn_request(struct sock *sk, struct sk_buff *skb)
{
	__be32 saddr = ip_hdr(skb)->saddr;

	NET_ROAD(sock_net(sk), skb);
	if ((skb_dst(skb) && (skb_rtable(skb)->rt_flags &
			      (RTCF_BROADCAST | RTCF_MULTICAST))) ||
	    ipv4_is_multicast(saddr) || ipv4_is_lbcast(saddr) ||
	    ipv4_is_this_network(saddr)) {
		NET_INC_STATS(sock_net(sk), TCP_LISTENDROPS);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_INVALID_SYN);
		return;
	}
	tcp_conn_request(sk, skb);
}

/* A child has no place: as if it had never been. Context: its lock. */
static void tcp_v4_discard_child(struct sock *newsk)
{
	struct tcp_net *tn = sock_net(newsk)->ipv4.tcp;

	sock_set_flag(newsk, SOCK_DEAD);
	count_add(&tn->orphan_count, 1, sk_smp(newsk));
	newsk->sk_state = TCP_CLOSE;
	inet_csk_destroy_sock(newsk);
}

/* Segment sizes of a child whose route is known. */
static void tcp_v4_child_init_mss(struct sock *newsk)
{
	const struct dst_entry *dst = newsk->sk_dst_cache;
	struct tcp_sock *tp = tcp_sk(newsk);
	u32 mss = dst->ops->default_advmss(dst);

	tcp_sync_mss(newsk, ip_sk_mtu(newsk, dst));
	if (tp->rx_opt.user_mss && tp->rx_opt.user_mss < mss)
		mss = tp->rx_opt.user_mss;
	tp->advmss = (u16)(min(mss, 65535u) -
			   (tp->tcp_header_len - TCP_HLEN_MIN -
			    tcp_md5_header_len(tp)));
	tcp_initialize_rcv_mss(newsk);
}

/* A child goes its request's way. Return: false when there is no memory. */
static bool tcp_v4_child_init_route(const struct sock *sk, struct sock *newsk,
				    const struct request_sock *req)
{
	const struct ip_options_sock *opt = tcp_rsk(req)->ireq_opt;
	struct ip_options_sock *own = NULL;

	tcp_v4_req_flow(req, sk, &inet_csk(newsk)->icsk_fl);
	if (unlikely(opt))
		own = ip_options_dup(sock_net(newsk), opt);
	inet_sk(newsk)->inet_opt = own;
	inet_csk(newsk)->icsk_ext_hdr_len = own ? own->optlen : 0;
	return own || !opt;
}

/* The handshake is done: see inet_connection_sock_af_ops. */
unchecked_locking
static struct sock *tcp_v4_syn_recv_sock(const struct sock *sk,
					 struct sk_buff *skb,
					 struct request_sock *req,
					 bool *own_req)
{
	struct net *net = sock_net(sk);
	struct dst_entry *dst;
	struct sock *newsk;
	bool routed;

	NET_ROAD(net, skb);
	if (sk_acceptq_is_full(sk)) {
		NET_INC_STATS(net, TCP_LISTENOVERFLOWS);
		NET_INC_STATS(net, TCP_LISTENDROPS);
		return NULL;
	}
	dst = inet_csk_route_req(sk, req);
	newsk = dst ? tcp_create_openreq_child(sk, req, skb) : NULL;
	if (!newsk) {
		dst_release(dst);
		NET_INC_STATS(net, TCP_LISTENDROPS);
		return NULL;
	}
	sk_dst_set(newsk, dst);
	routed = tcp_v4_child_init_route(sk, newsk, req);
	if (unlikely(READ_ONCE(tcp_sk(sk)->seldom)))
		routed &= tcp_md5_inherit(sk, newsk);
	tcp_v4_child_init_mss(newsk);
	/* no memory, or the listener was closed */
	if (!routed || __inet_inherit_port(sk, newsk) < 0) {
		tcp_v4_discard_child(newsk);
		bh_unlock_sock(newsk);
		sock_put(newsk);
		NET_INC_STATS(net, TCP_LISTENDROPS);
		return NULL;
	}
	*own_req = unlikely(tcp_rsk(req)->unhashed) ?
			   inet_ehash_insert_new(newsk) :
			   inet_ehash_insert(newsk, req_to_sk(req));
	if (!*own_req)
		tcp_v4_discard_child(newsk);
	return newsk;
}

/* ---- ICMP errors (RFC 5927, RFC 9293 3.9.2.2) ------------------------- */

/* Path MTU went down: smaller segments, and what is too large again. Context:
 * sock lock. */
void tcp_v4_mtu_reduced(struct sock *sk)
{
	const struct dst_entry *dst;
	u32 mtu;

	if (TCPF(sk->sk_state) & (TCPF(TCP_LISTEN) | TCPF(TCP_CLOSE)))
		return;
	sk_dst_reset(sk);
	if (tcp_v4_rebuild_header(sk))
		return;
	dst = rcu_access_pointer(sk->sk_dst_cache);
	mtu = ip_sk_mtu(sk, dst);
	if (ip_dont_fragment(sk) && inet_csk(sk)->icsk_pmtu_cookie > mtu) {
		tcp_mstamp_refresh(sk);
		tcp_sync_mss(sk, mtu);
		tcp_simple_retransmit(sk);
	}
}

/* The errno of an error that is to be told, 0: none. */
static int tcp_v4_icmp_errno(const struct icmphdr *icmph, bool *fatal)
{
	*fatal = false;
	switch (icmph->type) {
	case ICMP_DEST_UNREACH:
		if (icmph->code > NR_ICMP_UNREACH)
			return 0;
		*fatal = icmp_err_convert[icmph->code].fatal;
		return icmp_err_convert[icmph->code].err;
	case ICMP_PARAMETERPROB:
		return EPROTO;
	case ICMP_TIME_EXCEEDED:
		return EHOSTUNREACH;
	default:	/* MUST-55: Source Quench, and what we do not know */
		return 0;
	}
}

/* What the path is known to carry does not exceed @mtu any more. */
static void tcp_path_carries(struct sock *sk, u32 mtu)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->max_seg_acked = min(tp->max_seg_acked, tcp_mtu_to_mss(sk, mtu));
	WRITE_ONCE(tp->max_size_acked, min(tp->max_size_acked, mtu));
}

void tcp_believe_too_big(struct sock *sk)
{
	struct dst_entry *dst = rcu_access_pointer(sk->sk_dst_cache);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 mtu = tp->ptb_mtu;

	tp->ptb_mtu = 0;
	if (!dst || after(tp->snd_una, tp->ptb_seq))
		return;
	dst->ops->update_pmtu(dst, sk, NULL, mtu);
	sk_dst_reset(sk);	/* the retransmission finds the new one */
	tcp_path_carries(sk, mtu);
}

/*
 * Must a Too Big wait (RFC 5927 7.2)? Segments as large have arrived, so it may
 * be forged: if this one arrives too, it was. Until a retransmission timeout.
 */
static bool tcp_ptb_waits(struct sock *sk, const struct icmp_quote *quote,
			  u32 mtu)
{
	struct tcp_sock *tp = tcp_sk(sk);

	mtu = max(mtu, (u32)sock_net(sk)->ipv4.sysctl_min_pmtu);
	if (READ_ONCE(tp->max_size_acked) <= mtu)
		return false;
	if (sock_owned_by_user(sk)) {	/* there will be another */
		NET_INC_STATS(sock_net(sk), TCP_LOCKDROPPEDICMPS);
		return true;
	}
	tp->ptb_mtu = mtu;
	tp->ptb_seq = quote->seq;
	return true;
}

/* A path too narrow. The error must be about a segment that is in flight and
 * indeed larger than it says. */
static void tcp_v4_err_frag_needed(struct sock *sk, struct sk_buff *skb,
				   const struct icmp_quote *quote, u32 mtu)
{
	if ((mtu && quote->tot_len <= mtu) || tcp_ptb_waits(sk, quote, mtu))
		return;
	ipv4_sk_update_pmtu(skb, sk, mtu);
	if (!sock_owned_by_user(sk))
		tcp_v4_mtu_reduced(sk);
	else
		sk_defer(sk, TCP_MTU_REDUCED_DEFERRED);
}

/*
 * Soft errors never abort (MUST-56), and in synchronized states all are soft
 * (RFC 5927 5.2): they are told when the connection dies of silence, or at
 * once to who asked for it (IP_RECVERR). What this host itself says, that nobody
 * answers ARP at the first hop, is no hint from the network but what is: it ends
 * connect(), as in Linux.
 */
static void tcp_v4_err_report(struct sock *sk, int err, bool fatal)
{
	bool opening = TCPF(READ_ONCE(sk->sk_state)) &
		       (TCPF(TCP_SYN_SENT) | TCPF(TCP_SYN_RECV));

	if (opening && fatal && !sock_owned_by_user(sk)) {
		WRITE_ONCE(sk->sk_err, err);
		sk->sk_error_report(sk);
		tcp_done(sk);
	} else if (!opening && inet_test_bit(RECVERR, sk) &&
		   !sock_owned_by_user(sk)) {
		WRITE_ONCE(sk->sk_err, err);
		sk->sk_error_report(sk);
	} else {
		WRITE_ONCE(sk->sk_err_soft, err);
	}
}

/* Did this host send the error to itself? What claims to be ours and comes from
 * a wire is a Martian. */
static bool icmp_of_this_host(const struct sk_buff *skb)
{
	return READ_ONCE(skb->dev->flags) & NETDEV_IFF_LOOPBACK;
}

/* An error that quotes a segment of a sock of ours. Context: bh lock; a thread
 * may own the sock and write what is read here. */
static void tcp_v4_err_sock(struct sock *sk, struct sk_buff *skb,
			    const struct icmp_quote *quote, u32 info)
{
	const struct icmphdr *icmph = icmp_hdr(skb);
	const struct tcp_sock *tp = tcp_sk(sk);
	u8 state = READ_ONCE(sk->sk_state);
	bool fatal;
	int err;

	if (state == TCP_CLOSE)
		return;
	/* RFC 5927 4.1: of something in flight, or it is forged */
	if (state == TCP_LISTEN || before(quote->seq, READ_ONCE(tp->snd_una)) ||
	    !before(quote->seq, READ_ONCE(tp->snd_nxt))) {
		NET_INC_STATS(sock_net(sk), TCP_OUTOFWINDOWICMPS);
		return;
	}
	if (icmph->type == ICMP_REDIRECT) {
		if (!sock_owned_by_user(sk))
			ipv4_sk_redirect(skb, sk);
		return;
	}
	if (icmph->type == ICMP_DEST_UNREACH &&
	    icmph->code == ICMP_FRAG_NEEDED) {
		tcp_v4_err_frag_needed(sk, skb, quote, info);
		return;
	}
	if (sock_owned_by_user(sk))
		NET_INC_STATS(sock_net(sk), TCP_LOCKDROPPEDICMPS);
	err = tcp_v4_icmp_errno(icmph, &fatal);
	if (err)
		tcp_v4_err_report(sk, err, fatal || icmp_of_this_host(skb));
}

/* An error about a SYN-ACK: the request has nobody at the other end. */
static void tcp_v4_err_req(struct request_sock *req, const struct sk_buff *skb,
			   const struct icmp_quote *quote)
{
	struct net *net = req->rsk_net;
	bool fatal;

	if (quote->seq != tcp_rsk(req)->snt_isn) {
		NET_INC_STATS(net, TCP_OUTOFWINDOWICMPS);
	} else if (tcp_v4_icmp_errno(icmp_hdr(skb), &fatal) && fatal) {
		inet_csk_reqsk_queue_drop(req->rsk_listener, req);
		NET_INC_STATS(net, TCP_LISTENDROPS);
	}
}

/* net_protocol.err_handler: @skb at the quoted IP header, borrowed. */
int tcp_v4_err(struct sk_buff *skb, u32 info)
{
	struct net *net = skb_net(skb);
	struct icmp_quote quote;
	struct inet_lookup key;
	struct sock *sk;
	u8 state;

	if (icmp_quote_parse(skb->data, skb_headlen(skb), &quote) ||
	    !quote.has_ports || !quote.has_seq) {
		NET_INC_STATS(net, ICMP_INERRORS);
		return -ENOENT;
	}
	key = (struct inet_lookup){
		.saddr = quote.daddr, .daddr = quote.saddr,
		.sport = quote.dport, .hnum = ntohs(quote.sport),
		.dif = skb->skb_iif,
	};
	sk = __inet_lookup_established(net, &key);
	if (!sk) {
		NET_INC_STATS(net, ICMP_INERRORS);
		return -ENOENT;
	}
	state = READ_ONCE(sk->sk_state);
	if (state == TCP_NEW_SYN_RECV) {
		tcp_v4_err_req(inet_reqsk(sk), skb, &quote);
	} else if (state != TCP_TIME_WAIT) {
		bh_lock_sock(sk);
		tcp_v4_err_sock(sk, skb, &quote, info);
		bh_unlock_sock(sk);
	}
	sock_gen_put(sk);
	return 0;
}

/* ---- segments in ------------------------------------------------------ */

/* Any state but ESTABLISHED. As below. */
static __noinline void tcp_v4_do_rcv_state(struct sock *sk, struct sk_buff *skb)
{
	if (tcp_md5_refuses(sk, skb) || !tcp_rcv_state_process(sk, skb))
		return;
	tcp_v4_send_reset(sk, skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
}

/* Context: bh lock (or owner, from the backlog). Consumes. */
__always_inline int tcp_v4_do_rcv(struct sock *sk, struct sk_buff *skb)
{
	NET_ROAD(sock_net(sk), skb);
	sock_rps_save_rxhash(sk, skb);
	if (likely(sk->sk_state == TCP_ESTABLISHED))
		tcp_rcv_established(sk, skb);
	else
		tcp_v4_do_rcv_state(sk, skb);
	return 0;
}

/* The sock is busy: release_sock() will look at it. Context: bh lock. */
static __noinline void tcp_add_backlog(struct sock *sk, struct sk_buff *skb)
{
	u32 limit = (u32)READ_ONCE(sk->sk_rcvbuf) +
		    ((u32)READ_ONCE(sk->sk_sndbuf) >> 1) + 64 * 1024;

	skb_dst_drop(skb);	/* borrowed: the RCU section will be over */
	if (!sk_add_backlog(sk, skb, limit))
		return;
	NET_INC_STATS(sock_net(sk), TCP_BACKLOGDROP);
	kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_BACKLOG);
}

__always_inline void tcp_v4_fill_cb(struct sk_buff *skb, const struct tcphdr *th)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	tcb->seq = ntohl(th->seq);
	tcb->end_seq = tcb->seq + skb->len - __tcp_hdrlen(th);
	if (unlikely(th->flags & (TCPHDR_SYN | TCPHDR_FIN)))
		tcb->end_seq += (u32)th->syn + th->fin;
	tcb->ack_seq = ntohl(th->ack_seq);
	tcb->tcp_flags = th->flags;
	tcb->tcp_gso_segs = max(skb->shinfo->gso_segs, (u16)1);
	tcb->sacked = 0;
	tcb->tcp_tw_isn = 0;
}

/* Header and checksum. Return: 0, or why it is dropped. */
static enum skb_drop_reason tcp_v4_check_segment(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);
	const struct tcphdr *th;

	if (skb->pkt_type != SKB_PACKET_HOST)
		return SKB_DROP_REASON_OTHERHOST;
	NET_INC_STATS(net, TCP_INSEGS);
	if (!pskb_may_pull(skb, TCP_HLEN_MIN))
		goto invalid;
	th = (const struct tcphdr *)skb->data;
	if (__tcp_hdrlen(th) < TCP_HLEN_MIN ||
	    !pskb_may_pull(skb, __tcp_hdrlen(th)))
		goto invalid;
	if (!tcp_v4_checksum_ok(skb, 0)) {
		NET_INC_STATS(net, TCP_INCSUMERRORS);
		NET_INC_STATS(net, TCP_INERRS);
		return SKB_DROP_REASON_TCP_CSUM;
	}
	skb_reset_transport_header(skb);
	tcp_v4_fill_cb(skb, tcp_hdr(skb));
	return SKB_NOT_DROPPED_YET;
invalid:
	NET_INC_STATS(net, TCP_INERRS);
	return SKB_DROP_REASON_TCP_INVALID;
}

/* Nobody's, or a forwarder's. Consumes. */
static void tcp_v4_no_socket(struct sk_buff *skb)
{
	if (unlikely(net_forwards(skb_net(skb))) && tcp_forward_rcv(skb, 0))
		return;
	tcp_v4_send_reset(NULL, skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
}

/* From too far away (IP_MINTTL). Consumes as below. */
static __noinline void tcp_v4_too_far(struct sock *sk, struct sk_buff *skb)
{
	NET_INC_STATS(sock_net(sk), TCP_MINTTLDROP);
	kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_FILTER);
	sock_put(sk);
}

/* For a sock with a reference of ours; a listener is not locked. Consumes both
 * the skb and the reference. */
static __always_inline void tcp_v4_rcv_sock(struct sock *sk,
					    struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool busy;

	if (unlikely(READ_ONCE(inet_sk(sk)->min_ttl) > ip_hdr(skb)->ttl)) {
		tcp_v4_too_far(sk, skb);
		return;
	}
	bh_lock_sock(sk);
	WRITE_ONCE(tp->segs_in,		/* owned or not */
		   READ_ONCE(tp->segs_in) + tcp_skb_pcount(skb));
	busy = sock_buggify_owned(sk);
	if (likely(!sock_owned_by_user(sk)))
		tcp_v4_do_rcv(sk, skb);
	else
		tcp_add_backlog(sk, skb);
	bh_unlock_sock(sk);
	if (busy)
		release_sock(sk);
	sock_put(sk);
}

/* The segment that made @nsk of the listener @sk. Consumes. */
static void tcp_v4_rcv_child(struct sock *sk, struct sock *nsk,
			     struct sk_buff *skb)
{
	tcp_sk(nsk)->segs_in += tcp_skb_pcount(skb);
	if (tcp_child_process(sk, nsk, skb)) {
		tcp_v4_send_reset(sk, skb);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
	}
}

/* For a listener, borrowed under RCU. Consumes the skb. */
static void tcp_v4_rcv_listener(struct sock *sk, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct sock *nsk = sk;

	if (tcp_md5_refuses(sk, skb))
		return;
	if (th->ack && !th->syn && !th->rst)
		nsk = cookie_v4_check(sk, skb);
	if (!nsk) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_LISTEN_OVERFLOW);
	} else if (nsk != sk) {
		tcp_v4_rcv_child(sk, nsk, skb);
	} else if (tcp_rcv_listen(sk, skb)) {
		tcp_v4_send_reset(sk, skb);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
	}
}

/*
 * For a request, with a reference of ours. Consumes the reference.
 * Return: true when the caller must look up again: somebody was faster.
 */
static bool tcp_v4_rcv_req(struct request_sock *req, struct sk_buff *skb)
{
	struct sock *sk = req->rsk_listener, *nsk;
	bool stolen = false;

	if (unlikely(READ_ONCE(sk->sk_state) != TCP_LISTEN)) {
		inet_csk_reqsk_queue_drop_and_put(sk, req);
		return true;
	}
	if (tcp_md5_refuses(sk, skb)) {
		reqsk_put(req);
		return false;
	}
	sock_hold(sk);
	nsk = tcp_check_req(sk, skb, req, &stolen);
	reqsk_put(req);
	if (nsk == sk) {
		tcp_v4_rcv_listener(sk, skb);
	} else if (nsk) {
		tcp_v4_rcv_child(sk, nsk, skb);
	} else if (!stolen) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_FLAGS);
	}
	sock_put(sk);
	return stolen;
}

/* Who listens to @skb; bound to no address, for those of this host only, unless
 * it is to be transparent. Borrowed under RCU, or NULL. */
static inline struct sock *tcp_v4_listener(const struct sk_buff *skb,
				    const struct inet_lookup *key)
{
	struct sock *sk = __inet_lookup_listener(skb_net(skb), key);

	if (unlikely(sk && skb_is_foreign(skb)) &&
	    !READ_ONCE(sk->sk_rcv_saddr) &&
	    !inet_test_bit(TRANSPARENT, sk))
		return NULL;
	return sk;
}

/* For a timewait sock, with a reference of ours. Consumes both. */
static void tcp_v4_rcv_timewait(struct inet_timewait_sock *tw,
				struct sk_buff *skb,
				const struct inet_lookup *key)
{
	struct sock *sk;
	u32 isn = 0;

	if (tcp_md5_refuses_timewait((struct sock *)tw, skb)) {
		inet_twsk_put(tw);
		return;
	}
	switch (tcp_timewait_state_process(tw, skb, &isn)) {
	case TCP_TW_SYN:
		sk = tcp_v4_listener(skb, key);
		if (sk) {
			inet_twsk_deschedule_put(tw);
			TCP_SKB_CB(skb)->tcp_tw_isn = isn;
			tcp_v4_rcv_listener(sk, skb);
			return;
		}
		if (unlikely(forwarder_find(skb, IPPROTO_TCP))) {
			inet_twsk_deschedule_put(tw);
			if (!tcp_forward_rcv(skb, isn))
				kfree_skb_reason(skb,
						 SKB_DROP_REASON_NO_SOCKET);
			return;
		}
		fallthrough;
	case TCP_TW_ACK:
		tcp_v4_timewait_ack(tw, skb);
		inet_twsk_put(tw);
		break;
	case TCP_TW_RST:
		tcp_v4_send_reset((struct sock *)tw, skb);
		inet_twsk_deschedule_put(tw);
		break;
	case TCP_TW_SUCCESS:
		break;
	}
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_CLOSE);
}

/* For no sock: @sk (with a reference) is a request or a timewait sock, or NULL:
 * a listener is looked for. Consumes both. */
static __noinline int tcp_v4_rcv_mini(struct sock *sk, struct sk_buff *skb,
				      const struct inet_lookup *key)
{
	struct net *net = skb_net(skb);

	while (sk) {
		if (READ_ONCE(sk->sk_state) == TCP_TIME_WAIT) {
			tcp_v4_rcv_timewait(inet_twsk(sk), skb, key);
			return 0;
		}
		if (READ_ONCE(sk->sk_state) != TCP_NEW_SYN_RECV) {
			tcp_v4_rcv_sock(sk, skb);
			return 0;
		}
		if (!tcp_v4_rcv_req(inet_reqsk(sk), skb))
			return 0;
		sk = __inet_lookup_established(net, key);
	}
	sk = tcp_v4_listener(skb, key);
	if (sk)
		tcp_v4_rcv_listener(sk, skb);
	else
		tcp_v4_no_socket(skb);
	return 0;
}

/* net_protocol.handler. Context: softnet, RCU. Consumes. */
int tcp_v4_rcv(struct sk_buff *skb)
{
	struct net *net = skb_net(skb);
	enum skb_drop_reason reason;
	struct inet_lookup key;
	struct sock *sk;
	u8 state;

	NET_ROAD(net, skb);
	reason = tcp_v4_check_segment(skb);
	if (unlikely(reason)) {
		kfree_skb_reason(skb, reason);
		return 0;
	}
	key = (struct inet_lookup){
		.addrs = ip_hdr_addrs(ip_hdr(skb)),
		.ports = INET_COMBINED_PORTS(tcp_hdr(skb)->source,
					     ntohs(tcp_hdr(skb)->dest)),
		.dif = skb->skb_iif,
	};
	sk = __inet_lookup_established(net, &key);
	state = sk ? READ_ONCE(sk->sk_state) : TCP_NEW_SYN_RECV;
	if (unlikely(state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV))
		return tcp_v4_rcv_mini(sk, skb, &key);
	tcp_v4_rcv_sock(sk, skb);
	return 0;
}

/* ---- the seam --------------------------------------------------------- */

/* But for send_check, which may have to sign. */
#define IPV4_AF_OPS							\
	.queue_xmit = ip_queue_xmit,					\
	.rebuild_header = tcp_v4_rebuild_header,			\
	.conn_request = tcp_v4_conn_request,				\
	.syn_recv_sock = tcp_v4_syn_recv_sock,				\
	.setsockopt = ip_setsockopt, .getsockopt = ip_getsockopt,	\
	.mtu_reduced = tcp_v4_mtu_reduced,				\
	.net_header_len = IP_HLEN_MIN

const struct inet_connection_sock_af_ops ipv4_specific = {
	.send_check = tcp_v4_send_check, IPV4_AF_OPS
};

#ifdef HAVE_OPENSSL
const struct inet_connection_sock_af_ops ipv4_signed = {
	.send_check = tcp_v4_send_signed, IPV4_AF_OPS
};
#endif
