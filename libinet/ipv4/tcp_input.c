/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: a segment arrives at a connection (RFC 9293 3.10.7).
 *
 *	tcp_rcv_established()	the fast path: the header is the one we expect
 *				(Van Jacobson's prediction), so only the
 *				timestamp, the ACK and the text are left to do
 *	tcp_rcv_state_process()	every other state
 *
 * Both go through tcp_validate_incoming() for what is not predicted: PAWS
 * (RFC 7323 5), the sequence number, RST and SYN (RFC 5961), in the order of
 * RFC 9293 3.10.7.4. LISTEN is in tcp_listen.c, SYN-SENT in tcp_synsent.c;
 * SYN-RECEIVED of a passive open and TIME-WAIT have no sock:
 * tcp_minisocks.c.
 *
 * Sequence numbers are accepted as Linux does, which is a little wider than
 * the four cases of RFC 9293: from rcv_wup (a bare ACK that was overtaken by
 * text still counts) to the right edge itself (where a sender stands whose
 * text was lost). Text is cut to the window afterwards, and RST must be inside
 * it in the strict sense.
 */
#include <errno.h>

#include "core/skbuff.h"
#include "ipv4/forward.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_chrono.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_md5.h"
#include "ipv4/tcp_tstamp.h"

/* ---- options ---------------------------------------------------------- */

/* @skb with its header linear. */
void tcp_parse_options(const struct sk_buff *skb, struct tcp_options_info *info)
{
	const struct tcphdr *th = tcp_hdr(skb);

	tcp_options_parse(th + 1, __tcp_hdrlen(th) - TCP_HLEN_MIN, th->syn,
			  info);
}

/* Takes timestamps that stand alone on their words, as they do nearly always.
 * The three words behind @th are there. False: something else stands there. */
static inline bool tcp_parse_aligned_timestamp(struct tcp_sock *tp,
					       const struct tcphdr *th)
{
	u32 v[3];

	memcpy(v, th + 1, sizeof(v));
	if (v[0] != htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 |
			  TCPOPT_TIMESTAMP << 8 | TCPOLEN_TIMESTAMP))
		return false;
	tp->rx_opt.saw_tstamp = 1;
	tp->rx_opt.rcv_tsval = ntohl(v[1]);
	tp->rx_opt.rcv_tsecr = th->ack ? ntohl(v[2]) : 0;
	return true;
}

/* Options in an unusual layout. Those that are malformed are counted and left
 * alone: whoever can guess a sequence number must not be able to kill by garbage
 * (MUST-7). */
static __noinline void tcp_slow_parse_options(struct sock *sk,
					      const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_options_info info;

	tcp_parse_options(skb, &info);
	if (unlikely(info.malformed || info.bad_len))
		NET_INC_STATS(sock_net(sk), TCP_OPTERRORS);
	if (!info.saw_tstamp || !tp->rx_opt.tstamp_ok)
		return;
	tp->rx_opt.saw_tstamp = 1;
	tp->rx_opt.rcv_tsval = info.rcv_tsval;
	tp->rx_opt.rcv_tsecr = th->ack ? info.rcv_tsecr : 0;
}

/* Only timestamps mean anything to a connection. */
void tcp_fast_parse_options(struct sock *sk, const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 hlen = __tcp_hdrlen(th);

	tp->rx_opt.saw_tstamp = 0;
	if (hlen == TCP_HLEN_MIN)
		return;
	if (unlikely(hlen != TCP_HLEN_MIN + TCPOLEN_TSTAMP_ALIGNED ||
		     !tp->rx_opt.tstamp_ok ||
		     !tcp_parse_aligned_timestamp(tp, th)))
		tcp_slow_parse_options(sk, skb);
}

/* ---- answers to what is wrong ----------------------------------------- */

bool tcp_oow_rate_limited(struct net *net, const struct sk_buff *skb,
			  enum mib_counter mib, u64 *last_oow_ack_ns)
{
	u64 now = net_now(net);
	u64 limit = (u64)READ_ONCE(net->ipv4.sysctl_tcp_invalid_ratelimit) * NSEC_PER_MSEC;

	/* text is no part of a war of ACKs */
	if (skb && TCP_SKB_CB(skb)->seq != TCP_SKB_CB(skb)->end_seq &&
	    !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN))
		return false;
	if (*last_oow_ack_ns && now - *last_oow_ack_ns < limit) {
		net_mib_add(net, mib, 1);
		return true;
	}
	*last_oow_ack_ns = now;
	return false;
}

/* The stack's own limit of challenge ACKs per second, if there is one: a
 * random part of it changes each second, so that nobody outside can count
 * (CVE-2016-5696). */
static bool tcp_challenge_budget(struct net *net)
{
	s32 limit = READ_ONCE(net->ipv4.sysctl_tcp_challenge_ack_limit);
	struct tcp_net *tn = net->ipv4.tcp;
	u32 now_s = (u32)(net_now(net) / NSEC_PER_SEC), rnd;
	bool ok;

	if (limit == INT32_MAX)
		return true;
	net_random_bytes(net, &rnd, sizeof(rnd));
	spin_lock(&tn->limit_lock);
	if (tn->challenge_stamp_s != now_s) {
		tn->challenge_stamp_s = now_s;
		tn->challenge_count = (u32)(limit - limit / 2) +
				      (limit ? rnd % (u32)limit : 0);
	}
	ok = tn->challenge_count > 0;
	tn->challenge_count -= ok;
	spin_unlock(&tn->limit_lock);
	return ok;
}

/* RFC 5961: "who are you?" Somebody guessed, or the peer has forgotten us. */
void tcp_send_challenge_ack(struct sock *sk)
{
	struct net *net = sock_net(sk);

	if (tcp_oow_rate_limited(net, NULL, MIB_TCP_ACKSKIPPEDCHALLENGE,
				 &tcp_sk(sk)->last_oow_ack_ns) ||
	    !tcp_challenge_budget(net))
		return;
	NET_INC_STATS(net, TCP_CHALLENGEACK);
	tcp_send_ack(sk);
}

/* An old or unacceptable segment: tells the peer where we are. */
static void tcp_send_dupack(struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	if (tcb->end_seq != tcb->seq && before(tcb->seq, tcp_sk(sk)->rcv_nxt)) {
		NET_INC_STATS(sock_net(sk), TCP_DELAYEDACKLOST);
		tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
		tcp_dsack_set(sk, tcb->seq,
			      before(tcb->end_seq, tcp_sk(sk)->rcv_nxt) ?
				      tcb->end_seq : tcp_sk(sk)->rcv_nxt);
	}
	tcp_send_ack(sk);
}

/* A RST that is to be believed. */
void tcp_reset(struct sock *sk)
{
	int err = ECONNRESET;

	if (unlikely(tcp_sk(sk)->passive_fastopen))
		tcp_fastopen_done(sk, true);
	switch (sk->sk_state) {
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:	/* MUST-11 */
		if (unlikely(tcp_sk(sk)->passive_fastopen))
			break;
		INET_PROBE(SYN_SENT_REFUSED);
		err = ECONNREFUSED;
		break;
	case TCP_CLOSE_WAIT:
		err = EPIPE;
		break;
	case TCP_CLOSE:
		return;
	}
	WRITE_ONCE(sk->sk_err, err);
	tcp_write_queue_purge(sk);
	tcp_done(sk);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_error_report(sk);
}

/* ---- acceptability ---------------------------------------------------- */

/* RFC 7323 5.3: is the timestamp older than what we have seen? TS.Recent that
 * is older than 24 days says nothing. */
static bool tcp_paws_discard(const struct tcp_sock *tp)
{
	const struct tcp_options_received *rx = &tp->rx_opt;

	return rx->ts_recent && (s32)(rx->ts_recent - rx->rcv_tsval) > 0 &&
	       (s64)(tp->mstamp_ns / NSEC_PER_SEC) - rx->ts_recent_stamp <
		       TCP_PAWS_24DAYS_S;
}

static bool tcp_sequence(const struct tcp_sock *tp,
			 const struct tcp_skb_cb *tcb)
{
	return !before(tcb->end_seq, tp->rcv_wup) &&
	       !after(tcb->seq, tp->rcv_nxt + tcp_receive_window(tp));
}

/* A RST: RFC 5961 3.2. */
static void tcp_validate_rst(struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 off = TCP_SKB_CB(skb)->seq - tp->rcv_nxt;

	if (off == 0) {
		tcp_reset(sk);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_RESET);
	} else if (off < tcp_receive_window(tp)) {
		tcp_send_challenge_ack(sk);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_CHALLENGE_ACK);
	} else {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_INVALID_SEQUENCE);
	}
}

/* Timestamps of a segment. Return: 0, or why it is dropped (and answered). */
static enum skb_drop_reason tcp_validate_ts(struct sock *sk,
					    const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->rx_opt.tstamp_ok || tcp_hdr(skb)->rst)
		return SKB_NOT_DROPPED_YET;
	if (!tp->rx_opt.saw_tstamp)	/* RFC 7323 3.2: silently */
		return tcp_hdr(skb)->syn ? SKB_NOT_DROPPED_YET :
					   SKB_DROP_REASON_TCP_NO_TIMESTAMP;
	if (!tcp_paws_discard(tp))
		return SKB_NOT_DROPPED_YET;
	NET_INC_STATS(sock_net(sk), TCP_PAWSESTABREJECTED);
	if (!tcp_oow_rate_limited(sock_net(sk), skb, MIB_TCP_ACKSKIPPEDPAWS,
				  &tp->last_oow_ack_ns))
		tcp_send_dupack(sk, skb);
	return SKB_DROP_REASON_TCP_RFC7323_PAWS;
}

/* A SYN to a synchronized connection (RFC 5961 4.2). */
static void tcp_validate_syn(struct sock *sk, struct sk_buff *skb)
{
	NET_INC_STATS(sock_net(sk), TCP_SYNCHALLENGE);
	NET_INC_STATS(sock_net(sk), TCP_INERRS);
	tcp_send_challenge_ack(sk);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_INVALID_SYN);
}

/* The SYN-ACK of a simultaneous open (RFC 9293 3.5, figure 8): its SYN is one
 * we have, its ACK is what we wait for. */
static bool tcp_is_crossing_synack(const struct sock *sk,
				   const struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	const struct tcp_sock *tp = tcp_sk(sk);

	return sk->sk_state == TCP_SYN_RECV && tcp_hdr(skb)->ack &&
	       !tcp_hdr(skb)->rst && tcb->seq + 1 == tp->rcv_nxt &&
	       tcb->end_seq == tp->rcv_nxt && tcb->ack_seq == tp->snd_nxt;
}

/* Before or beyond the window, and neither a RST nor a SYN. Consumes. */
static void tcp_refuse_sequence(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (after(TCP_SKB_CB(skb)->seq, tp->rcv_nxt))
		NET_INC_STATS(sock_net(sk), TCP_OVERWINDOWDROP);
	if (!tcp_oow_rate_limited(sock_net(sk), skb, MIB_TCP_ACKSKIPPEDSEQ,
				  &tp->last_oow_ack_ns))
		tcp_send_dupack(sk, skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_INVALID_SEQUENCE);
}

/*
 * The checks of RFC 9293 3.10.7.4 before the ACK field.
 *
 * Return: false: @skb was not acceptable, has been answered and consumed.
 */
static bool tcp_validate_incoming(struct sock *sk, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	enum skb_drop_reason reason = tcp_validate_ts(sk, skb);

	if (reason) {
		kfree_skb_reason(skb, reason);
		return false;
	}
	if (th->syn && tcp_is_crossing_synack(sk, skb)) {
		INET_PROBE(CROSSING_SYNACK);
		return true;
	}
	if (!tcp_sequence(tp, TCP_SKB_CB(skb))) {
		if (th->rst) {		/* RFC 5961 3: silently */
			kfree_skb_reason(skb,
					 SKB_DROP_REASON_TCP_INVALID_SEQUENCE);
			return false;
		}
		if (th->syn) {
			tcp_validate_syn(sk, skb);
			return false;
		}
		tcp_refuse_sequence(sk, skb);
		return false;
	}
	if (th->rst) {
		tcp_validate_rst(sk, skb);
		return false;
	}
	if (th->syn) {
		tcp_validate_syn(sk, skb);
		return false;
	}
	if (!th->ack) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_NO_ACK_FLAG);
		return false;
	}
	return true;
}

/* ---- what we owe afterwards ------------------------------------------- */

/* The congestion window is open, and the buffer is what holds us back: room
 * for two windows (up to tcp_wmem[2]). */
void tcp_sndbuf_expand(struct sock *sk)
{
	struct net *net = sock_net(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 segs = max(max(TCP_INIT_CWND, tp->snd_cwnd), tp->reordering + 1);
	u64 size = max(net->pool.frame_size, tp->mss_cache + MAX_TCP_HEADER);

	if (sk->sk_userlocks & SOCK_SNDBUF_LOCK)
		return;
	size = 2 * segs * SKB_TRUESIZE(size);
	size = min(size, (u64)READ_ONCE(net->ipv4.sysctl_tcp_wmem[2]));
	if ((u64)sk->sk_sndbuf < size) {
		INET_PROBE(SNDBUF_GROWN);
		WRITE_ONCE(sk->sk_sndbuf, (s32)size);
	}
}

/* New data may go, and there may be room for more. */
void tcp_data_snd_check(struct sock *sk)
{
	tcp_tsq_push(sk);
	if (likely(!READ_ONCE(sk->sk_nospace)))
		return;
	if (!sk_under_memory_pressure(sk) &&
	    tcp_sk(sk)->packets_out < tcp_sk(sk)->snd_cwnd)
		tcp_sndbuf_expand(sk);
	if (tcp_stream_memory_free(sk))
		sk->sk_write_space(sk);
	if (!READ_ONCE(sk->sk_nospace))
		tcp_chrono_stop(tcp_sk(sk), TCP_CHRONO_SNDBUF_LIMITED);
}

void tcp_ack_snd_check(struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!inet_csk_ack_scheduled(sk))
		return;
	/* SHLD-19: more than one full segment; or the first, or a hole */
	if (tp->rcv_nxt - tp->rcv_wup > icsk->icsk_ack.rcv_mss ||
	    (icsk->icsk_ack.quick && !inet_csk_in_pingpong_mode(sk)) ||
	    (icsk->icsk_ack.pending & ICSK_ACK_NOW) ||
	    INET_BUGGIFY(ACK_AT_ONCE))
		tcp_send_ack(sk);
	else
		tcp_send_delayed_ack(sk);
}

/* ---- header prediction ------------------------------------------------ */

/* The header word from the data offset to the window, without what may
 * change: reserved bits and PSH. */
#define TCP_HP_BITS htonl(0xf0f7ffffu)

static __be32 tcp_flag_word(const struct tcphdr *th)
{
	__be32 word;

	memcpy(&word, &th->doff_res, sizeof(word));
	return word;
}

void tcp_fast_path_on(struct tcp_sock *tp)
{
	u32 wnd = tp->snd_wnd >> tp->rx_opt.snd_wscale;

	if (unlikely(tp->signs))	/* each is to be looked at */
		return;
	tp->pred_flags = htonl((u32)tp->tcp_header_len << 26 |
			       (u32)TCPHDR_ACK << 16 | wnd);
}

/* Is everything as usual, so that headers can be predicted? */
void tcp_fast_path_check(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (RB_EMPTY_ROOT(&tp->out_of_order_queue) && tp->rcv_wnd &&
	    sk_rmem_alloc_get(sk) < sk->sk_rcvbuf && !tp->urg_data)
		tcp_fast_path_on(tp);
}

/* Timestamps of a predicted header. False: not as predicted. */
static bool tcp_predict_timestamps(struct tcp_sock *tp, const struct tcphdr *th)
{
	if (tp->tcp_header_len == TCP_HLEN_MIN)
		return true;
	if (!tcp_parse_aligned_timestamp(tp, th))
		return false;
	if ((s32)(tp->rx_opt.rcv_tsval - tp->rx_opt.ts_recent) < 0)
		return false;		/* PAWS, in the slow path */
	/* RFC 7323 4.3: seq == rcv_nxt is told by the prediction */
	if (tp->rcv_nxt == tp->rcv_wup)
		tcp_store_ts_recent(tp);
	return true;
}

/* Predicted, with text. False: memory must be looked for: slow path. */
static bool tcp_rcv_fast_data(struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	bool eaten, acked = tcb->ack_seq != tp->snd_una;

	if (sk_rmem_alloc_get(sk) > sk->sk_rcvbuf ||
	    !sk_mem_schedule(sk, (s32)skb->truesize, true))
		return false;
	NET_INC_STATS(sock_net(sk), TCP_HPHITS);
	if (acked)
		(void)tcp_ack(sk, skb, FLAG_DATA);
	else
		tcp_update_wl(tp, tcb->seq);
	skb_dst_drop(skb);
	skb_pull(skb, tp->tcp_header_len);
	tcp_event_data_recv(sk, skb);
	tcp_rx_timestamp(sk, skb);
	eaten = tcp_queue_rcv(sk, skb);
	if (acked)
		tcp_data_snd_check(sk);
	tcp_ack_snd_check(sk);
	if (eaten)
		consume_skb(skb);
	tcp_data_ready(sk);
	return true;
}

/* Return: whether @skb was as predicted, and is consumed. */
static bool tcp_rcv_fast_path(struct sock *sk, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	if ((tcp_flag_word(th) & TCP_HP_BITS) != tp->pred_flags ||
	    TCP_SKB_CB(skb)->seq != tp->rcv_nxt ||
	    after(TCP_SKB_CB(skb)->ack_seq, tp->snd_nxt) ||
	    before(TCP_SKB_CB(skb)->ack_seq, tp->snd_una))
		return false;
	if (skb->len > tp->tcp_header_len &&
	    skb->len - tp->tcp_header_len > tcp_receive_window(tp))
		return false;
	if (!tcp_predict_timestamps(tp, th))
		return false;
	if (skb->len > tp->tcp_header_len)
		return tcp_rcv_fast_data(sk, skb);
	(void)tcp_ack(sk, skb, 0);
	consume_skb(skb);
	tcp_data_snd_check(sk);
	return true;
}

/* Consumes @skb: its TCP header is linear and checked. */
void tcp_rcv_established(struct sock *sk, struct sk_buff *skb)
{
	NET_ROAD(sock_net(sk), skb);
	tcp_mstamp_refresh(sk);
	tcp_sk(sk)->rx_opt.saw_tstamp = 0;
	if (!INET_BUGGIFY(NOT_PREDICTED) && likely(tcp_rcv_fast_path(sk, skb)))
		return;
	if (tcp_md5_refuses(sk, skb))
		return;
	tcp_fast_parse_options(sk, skb);
	if (!tcp_validate_incoming(sk, skb))
		return;
	if (tcp_ack(sk, skb, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_INVALID_ACK_SEQUENCE);
		return;
	}
	tcp_urg(sk, skb, tcp_hdr(skb));
	tcp_data_queue(sk, skb);
	tcp_data_snd_check(sk);
	tcp_ack_snd_check(sk);
}

/* ---- the other states ------------------------------------------------- */

/* SYN-RECEIVED and the ACK is right: both sides know of one another. */
static void tcp_rcv_synrecv_acked(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	WRITE_ONCE(tp->copied_seq, tp->rcv_nxt);
	tp->snd_wnd = ntohs(tcp_hdr(skb)->window);
	if (!tcp_hdr(skb)->syn)
		tp->snd_wnd <<= tp->rx_opt.snd_wscale;
	tp->max_window = max(tp->max_window, tp->snd_wnd);
	tcp_update_wl(tp, TCP_SKB_CB(skb)->seq);
	if (!tp->tx.delivered)
		tp->tx.delivered = 1;	/* a request's SYN-ACK */
	tcp_init_transfer(sk);
	tcp_set_state(sk, TCP_ESTABLISHED);
	tcp_initialize_rcv_mss(sk);
	tcp_fast_path_on(tp);
	if (sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk, keepalive_time_ns(tp));
	sk->sk_state_change(sk);
}

/*
 * FIN-WAIT-1 and our FIN is acknowledged. An orphan has nobody left to read:
 * its wait for the peer's FIN is short, and text now means a lost cause.
 *
 * Return: -1: go on; 0: done with @skb; 1: answer a RST.
 */
static int tcp_rcv_fin_wait1_acked(struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	bool fin = tcb->tcp_flags & TCPHDR_FIN;
	u64 fin_time;

	tcp_set_state(sk, TCP_FIN_WAIT2);
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | SEND_SHUTDOWN);
	if (!sock_flag(sk, SOCK_DEAD)) {
		sk->sk_state_change(sk);	/* a lingering close() */
		return -1;
	}
	if (tp->linger2_s < 0 || (tcb->end_seq != tcb->seq &&
				  after(tcb->end_seq - fin, tp->rcv_nxt))) {
		tcp_done(sk);
		NET_INC_STATS(sock_net(sk), TCP_ABORTONDATA);
		return 1;
	}
	fin_time = tcp_fin_time_ns(sk);
	if (fin_time > TCP_TIMEWAIT_LEN_NS) {
		inet_csk_reset_keepalive_timer(sk,
					       fin_time - TCP_TIMEWAIT_LEN_NS);
	} else if (fin || sock_owned_by_user(sk)) {
		/* the FIN is looked at below; or the owner is about to leave */
		inet_csk_reset_keepalive_timer(sk, fin_time);
	} else {
		tcp_time_wait(sk, TCP_FIN_WAIT2, fin_time);
		return 0;
	}
	return -1;
}

/* Fifth check: the ACK moved snd_una; what does that mean for the state? As
 * tcp_rcv_fin_wait1_acked(). */
static int tcp_rcv_state_ack(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool all_acked = tp->snd_una == tp->write_seq && !tp->fin_pending;

	switch (sk->sk_state) {
	case TCP_SYN_RECV:
		if (unlikely(tp->passive_fastopen))
			tcp_rcv_fastopen_acked(sk, skb);
		else
			tcp_rcv_synrecv_acked(sk, skb);
		/* asked for while the FIN had to wait for this ACK */
		if (sk->sk_shutdown & SEND_SHUTDOWN) {
			INET_PROBE(SHUTDOWN_IN_SYN_RECV);
			tcp_shutdown(sk, SEND_SHUTDOWN);
		}
		break;
	case TCP_FIN_WAIT1:
		if (all_acked)
			return tcp_rcv_fin_wait1_acked(sk, skb);
		break;
	case TCP_CLOSING:
		if (all_acked) {
			tcp_time_wait(sk, TCP_TIME_WAIT, 0);
			return 0;
		}
		break;
	case TCP_LAST_ACK:
		if (all_acked) {
			tcp_done(sk);
			return 0;
		}
		break;
	}
	return -1;
}

/* Seventh and eighth check: text and FIN. 0: consumed; 1: answer a RST. */
static int tcp_rcv_state_text(struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	bool fin = tcb->tcp_flags & TCPHDR_FIN;

	switch (sk->sk_state) {
	case TCP_CLOSE_WAIT:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
		/* after the peer's FIN there is nothing but old copies */
		if (!after(tcb->end_seq, tp->rcv_nxt))
			tcp_data_queue(sk, skb);
		else
			kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OVERWINDOW);
		return 0;
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
		/* SHLD-3: the application will not read it: say so */
		if ((sk->sk_shutdown & RCV_SHUTDOWN) &&
		    tcb->end_seq != tcb->seq &&
		    after(tcb->end_seq - fin, tp->rcv_nxt)) {
			INET_PROBE(TEXT_FOR_ORPHAN);
			NET_INC_STATS(sock_net(sk), TCP_ABORTONDATA);
			tcp_reset(sk);
			return 1;
		}
		fallthrough;
	case TCP_ESTABLISHED:
		tcp_data_queue(sk, skb);
		return 0;
	}
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_CLOSE);
	return 0;
}

/* The SYN that made the child, once more, with text or without: so our SYN-ACK has
 * not come. */
static bool tcp_is_syn_again(const struct sock *sk, const struct sk_buff *skb)
{
	return tcp_hdr(skb)->syn && !tcp_hdr(skb)->ack && !tcp_hdr(skb)->rst &&
	       before(TCP_SKB_CB(skb)->seq, tcp_sk(sk)->rcv_nxt) &&
	       (tcp_sk(sk)->forwarded || tcp_fastopen_waits(sk));
}

/* A synchronized state, or SYN-RECEIVED with a sock. */
static int tcp_rcv_synchronized(struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	int ret;

	if (unlikely(tp->passive_fastopen | tp->forwarded) &&
	    tcp_is_syn_again(sk, skb)) {
		if (!tcp_oow_rate_limited(sock_net(sk), skb,
					  MIB_TCP_ACKSKIPPEDSYNRECV,
					  &tp->last_oow_ack_ns))
			tcp_send_synack(sk);
		consume_skb(skb);
		return 0;
	}
	tcp_fast_parse_options(sk, skb);
	if (!tcp_validate_incoming(sk, skb))
		return 0;
	/* 3.10.7.4: SYN-RECEIVED wants an ACK of its SYN */
	if (sk->sk_state == TCP_SYN_RECV &&
	    !between(tcb->ack_seq, tp->snd_una + 1, tp->snd_nxt))
		return 1;
	if (unlikely(tp->passive_fastopen && tcp_fastopen_waits(sk) &&
		     !after(tcb->ack_seq, tp->snd_una)) ||
	    tcp_ack(sk, skb, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT) < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_INVALID_ACK_SEQUENCE);
		return 0;
	}
	/* of one that was closed already: its state is not SYN-RECEIVED */
	if (unlikely(tp->passive_fastopen))
		tcp_fastopen_done(sk, false);
	if (unlikely(tp->forwarded))
		tcp_forward_done(sk);
	ret = tcp_rcv_state_ack(sk, skb);
	if (ret > 0)
		return ret;
	if (ret == 0) {
		consume_skb(skb);
		return 0;
	}
	tcp_urg(sk, skb, tcp_hdr(skb));
	ret = tcp_rcv_state_text(sk, skb);
	if (!ret && sk->sk_state != TCP_CLOSE) {
		tcp_data_snd_check(sk);
		tcp_ack_snd_check(sk);
	}
	return ret;
}

int tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb)
{
	NET_ROAD(sock_net(sk), skb);
	tcp_mstamp_refresh(sk);
	switch (sk->sk_state) {
	case TCP_CLOSE:
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_CLOSE);
		return 0;
	case TCP_LISTEN:
		return tcp_rcv_listen(sk, skb);
	case TCP_SYN_SENT:
		return tcp_rcv_synsent_state_process(sk, skb);
	}
	return tcp_rcv_synchronized(sk, skb);
}
