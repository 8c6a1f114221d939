/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: received text.
 *
 * sk_receive_queue holds what is in order, from copied_seq to rcv_nxt;
 * out_of_order_queue, a tree by sequence number without overlaps, what came
 * too early. Both are charged to sk_rcvbuf by truesize. Small segments are
 * copied behind their predecessor when its frame has room: a peer that sends
 * single bytes must not make us hold a frame for each. When the buffer is
 * exceeded all the same, text is packed, for a window that was offered must be
 * taken; then the out-of-order queue is given up from its far end, which the
 * peer keeps until we acknowledge it; text in order is refused only when nothing
 * else is left.
 *
 * Delayed ACK (RFC 9293 3.8.6.3, RFC 5681 4.2): the first segments and
 * whatever is out of order are acknowledged at once, else every second full
 * segment, or when the timer runs out.
 */
#include "core/skbuff.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_tstamp.h"

#define TCP_COLLAPSE_SIZE 8192u	/* of a packet that several have become */

/* ---- when to acknowledge ---------------------------------------------- */

void tcp_incr_quickack(struct sock *sk, u32 max_quickacks)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 quick = tcp_sk(sk)->rcv_wnd / (2u * icsk->icsk_ack.rcv_mss);

	quick = clamp(quick, 2u, max_quickacks);
	if (quick > icsk->icsk_ack.quick)
		icsk->icsk_ack.quick = (u8)quick;
}

void tcp_enter_quickack_mode(struct sock *sk, u32 max_quickacks)
{
	tcp_incr_quickack(sk, max_quickacks);
	inet_csk_exit_pingpong_mode(sk);
	inet_csk(sk)->icsk_ack.ato_us = TCP_ATO_MIN_US;
}

/* Learns how large the peer's full segments are. */
static void tcp_measure_rcv_mss(struct sock *sk, const struct sk_buff *skb)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 last = icsk->icsk_ack.last_seg_size;
	u32 len = skb->shinfo->gso_size ? : skb->len;

	icsk->icsk_ack.last_seg_size = 0;
	if (len >= icsk->icsk_ack.rcv_mss) {
		WRITE_ONCE(icsk->icsk_ack.rcv_mss,
			   (u16)min(len, (u32)tcp_sk(sk)->advmss));
		return;
	}
	/* two of the same size, above the smallest that a path may have: that
	 * is the peer's size */
	icsk->icsk_ack.last_seg_size = (u16)len;
	if (len == last &&
	    (len >= TCP_MSS_DEFAULT ||
	     (len >= TCP_MIN_MSS &&
	      !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_PSH)))) {
		WRITE_ONCE(icsk->icsk_ack.rcv_mss, (u16)len);
		return;
	}
	if (icsk->icsk_ack.pending & ICSK_ACK_PUSHED)
		icsk->icsk_ack.pending |= ICSK_ACK_PUSHED2;
	icsk->icsk_ack.pending |= ICSK_ACK_PUSHED;
}

/* A round trip as the receiver sees it, from a timestamp or a whole window. */
static void tcp_rcv_rtt_update(struct tcp_sock *tp, u32 sample_us,
			       bool smoothed)
{
	u32 old = tp->rcv_rtt_est.rtt_us;
	u32 sample = max(sample_us, 1u) << 3;

	if (!old)
		tp->rcv_rtt_est.rtt_us = sample;
	else if (smoothed)
		tp->rcv_rtt_est.rtt_us = old - (old >> 3) + (sample >> 3);
	else
		tp->rcv_rtt_est.rtt_us = min(old, sample);
}

/* Without timestamps: the time a full window takes. */
static void tcp_rcv_rtt_measure(struct tcp_sock *tp)
{
	if (tp->rcv_rtt_est.time_ns) {
		if (before(tp->rcv_nxt, tp->rcv_rtt_est.seq))
			return;
		tcp_rcv_rtt_update(tp, tcp_us_since(tp, tp->rcv_rtt_est.time_ns),
				   false);
	}
	tp->rcv_rtt_est.seq = tp->rcv_nxt + tp->rcv_wnd;
	tp->rcv_rtt_est.time_ns = tp->mstamp_ns;
}

/* One sample of the round trip per full segment, if there are timestamps. */
static void tcp_rcv_rtt_measure_ts(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 delta;

	if (!tp->rx_opt.saw_tstamp) {
		tcp_rcv_rtt_measure(tp);
		return;
	}
	if (!tp->rx_opt.rcv_tsecr ||
	    skb->len < inet_csk(sk)->icsk_ack.rcv_mss)
		return;
	delta = tcp_time_stamp(tp) - tp->rx_opt.rcv_tsecr;
	if (delta < TCP_RTO_MAX_US / USEC_PER_MSEC)
		tcp_rcv_rtt_update(tp, max(delta * USEC_PER_MSEC,
					   USEC_PER_MSEC), true);
}

/* Full segments in full frames: the window may open up to what the buffer
 * has. Others make it grow slowly. */
static void tcp_grow_window(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	s32 room = min((s32)tp->window_clamp, tcp_space(sk)) -
		   (s32)tp->rcv_ssthresh;
	u32 incr;

	if (room <= 0 || sk_under_memory_pressure(sk))
		return;
	incr = tcp_win_from_space(sk, (s32)skb->truesize) <= (s32)skb->len ?
		2u * tp->advmss : skb->len;
	tp->rcv_ssthresh += min((u32)room, incr);
	inet_csk(sk)->icsk_ack.quick |= 1;
}

/* Text came: predicts when the next will, for the delayed ACK. */
void tcp_event_data_recv(struct sock *sk, struct sk_buff *skb)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u64 now = tp->mstamp_ns;
	u32 gap;

	if (unlikely(tp->ecn_flags))
		tcp_ecn_check_ce(sk, skb);
	inet_csk_schedule_ack(sk);
	tcp_measure_rcv_mss(sk, skb);
	tcp_rcv_rtt_measure_ts(sk, skb);
	tp->data_segs_in += tcp_skb_pcount(skb);
	if (!icsk->icsk_ack.ato_us) {		/* the first */
		tcp_incr_quickack(sk, TCP_MAX_QUICKACKS);
		icsk->icsk_ack.ato_us = TCP_ATO_MIN_US;
	} else {
		gap = tcp_us_since(tp, icsk->icsk_ack.lrcvtime_ns);
		if (gap <= TCP_ATO_MIN_US / 2)
			icsk->icsk_ack.ato_us = icsk->icsk_ack.ato_us / 2 +
						TCP_ATO_MIN_US / 2;
		else if (gap < icsk->icsk_ack.ato_us)
			icsk->icsk_ack.ato_us =
				min(icsk->icsk_ack.ato_us / 2 + gap,
				    icsk->icsk_rto_us);
		else if (gap > icsk->icsk_rto_us)
			/* a pause: the sender probably starts anew, slowly */
			tcp_incr_quickack(sk, TCP_MAX_QUICKACKS);
	}
	icsk->icsk_ack.lrcvtime_ns = now;
	if (skb->len > 128)
		tcp_grow_window(sk, skb);
}

/* ---- the receive buffer tunes itself ---------------------------------- */

/*
 * The application read: once per round trip, if it read more than ever
 * before, the buffer grows so that the sender can double its rate (up to
 * tcp_rmem[2]).
 */
void tcp_rcv_space_adjust(struct sock *sk)
{
	struct net *net = sock_net(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 copied;
	s64 rcvbuf;

	if (!tp->rcv_rtt_est.rtt_us ||
	    tcp_us_since(tp, tp->rcvq_space.time_ns) <
		    tp->rcv_rtt_est.rtt_us >> 3)
		return;
	copied = tp->copied_seq - tp->rcvq_space.seq;
	if (copied > tp->rcvq_space.space) {
		if (READ_ONCE(net->ipv4.sysctl_tcp_moderate_rcvbuf) &&
		    !(sk->sk_userlocks & SOCK_RCVBUF_LOCK)) {
			rcvbuf = tcp_space_from_win(
				sk, 2 * (s64)copied + 16 * (s64)tp->advmss);
			rcvbuf = min(rcvbuf, (s64)READ_ONCE(net->ipv4.sysctl_tcp_rmem[2]));
			if (rcvbuf > sk->sk_rcvbuf) {
				INET_PROBE(RCVBUF_GROWN);
				WRITE_ONCE(sk->sk_rcvbuf, (s32)rcvbuf);
				tp->window_clamp = (u32)tcp_full_space(sk);
			}
		}
		tp->rcvq_space.space = copied;
	}
	tp->rcvq_space.seq = tp->copied_seq;
	tp->rcvq_space.time_ns = tp->mstamp_ns;
}

/* ---- memory ----------------------------------------------------------- */

/* Does @from follow @to, and fit behind it in a frame of its own? */
static bool tcp_may_coalesce(const struct sk_buff *to,
			     const struct sk_buff *from)
{
	return TCP_SKB_CB(to)->end_seq == TCP_SKB_CB(from)->seq &&
	       from->len <= skb_tailroom(to) && !skb_cloned(to) &&
	       !skb_shared(to);
}

/*
 * Copies @from behind @to, which it follows directly, when @to's frame has
 * room. Return: true: @from is not needed any more.
 */
static bool tcp_try_coalesce(struct sock *sk, struct sk_buff *to,
			     const struct sk_buff *from)
{
	if (!tcp_may_coalesce(to, from))
		return false;
	if (from->len && skb_copy_bits(from, 0, skb_put(to, from->len),
				       from->len))
		inet_assert(false);	/* all lengths were checked */
	TCP_SKB_CB(to)->end_seq = TCP_SKB_CB(from)->end_seq;
	TCP_SKB_CB(to)->tcp_flags |= TCP_SKB_CB(from)->tcp_flags;
	to->tstamp = from->tstamp;
	NET_INC_STATS(sock_net(sk), TCP_RCVCOALESCE);
	return true;
}

/*
 * Gives up out-of-order text, from the far end, until the buffer is kept; an
 * eighth of it at once, so that not each segment of a flood brings us here.
 * Return: true when something was freed.
 */
static bool tcp_prune_ofo_queue(struct sock *sk, const struct sk_buff *in_skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	s32 goal = sk->sk_rcvbuf >> 3;
	bool pruned = false;
	struct sk_buff *skb;
	struct rb_node *n;

	while (!RB_EMPTY_ROOT(&tp->out_of_order_queue)) {
		skb = tp->ooo_last_skb;
		/* what just came is farther away than what we hold: not for
		 * its sake */
		if (after(TCP_SKB_CB(in_skb)->seq, TCP_SKB_CB(skb)->seq))
			break;
		n = rb_prev(tcp_skb_rb(skb));
		tp->ooo_last_skb = n ? tcp_rb_skb(n) : NULL;
		rb_erase(tcp_skb_rb(skb), &tp->out_of_order_queue);
		goal -= (s32)skb->truesize;
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OFO_QUEUE_PRUNE);
		NET_INC_STATS(sock_net(sk), TCP_OFOPRUNED);
		pruned = true;
		if (goal <= 0 && sk_rmem_alloc_get(sk) <= sk->sk_rcvbuf &&
		    !sk_under_memory_pressure(sk))
			break;
	}
	if (pruned)			/* nobody is to count on it */
		tp->num_sacks = 0;
	return pruned;
}

/* Does the text of @skb cost more than the window has counted for it? */
static bool tcp_is_bloated(const struct sock *sk, const struct sk_buff *skb)
{
	return tcp_win_from_space(sk, (s32)skb->truesize) > (s32)skb->len &&
	       !skb_cloned(skb) && !skb_shared(skb);
}

/* Is it less memory to pack @len octets, which cost @cost now? */
static bool tcp_collapse_saves(const struct sock *sk, u32 len, u32 cost)
{
	return SKB_TRUESIZE(max(len, sock_net(sk)->pool.frame_size)) < cost;
}

/* A packet with room for @len octets, which begin with those of @first; NULL: no
 * memory. */
static struct sk_buff *tcp_collapse_begin(const struct sock *sk,
					  const struct sk_buff *first, u32 len)
{
	struct sk_buff *to = alloc_skb(sock_net(sk), len);

	if (!to)
		return NULL;
	*TCP_SKB_CB(to) = *TCP_SKB_CB(first);
	TCP_SKB_CB(to)->end_seq = TCP_SKB_CB(to)->seq;
	return to;
}

/* @skb, on no queue any more, goes behind @to. Consumes it. */
static void tcp_collapse_take(struct sock *sk, struct sk_buff *to,
			      struct sk_buff *skb)
{
	if (!tcp_try_coalesce(sk, to, skb))
		inet_assert(false);	/* all lengths were summed */
	consume_skb(skb);
	NET_INC_STATS(sock_net(sk), TCP_RCVCOLLAPSED);
}

/* @to is whole: the sock is charged for it, too. */
static void tcp_collapse_end(struct sock *sk, struct sk_buff *to)
{
	sk_forced_mem_schedule(sk, (s32)to->truesize);
	skb_set_owner_r(to, sk);
}

/* One packet of @len bytes for those from @skb to @end. False: no memory. */
static bool tcp_collapse_run(struct sock *sk, struct sk_buff *skb,
			     const struct sk_buff *end, u32 len)
{
	struct sk_buff *to = tcp_collapse_begin(sk, skb, len), *next;

	if (!to)
		return false;
	__skb_queue_after(&sk->sk_receive_queue, skb->prev, to);
	for (; skb != end; skb = next) {
		next = skb->next;
		__skb_unlink(skb, &sk->sk_receive_queue);
		tcp_collapse_take(sk, to, skb);
	}
	tcp_collapse_end(sk, to);
	return true;
}

/* Small segments in large frames, or what GRO made of them, may cost more than
 * the window that let them in: packs them, so that what was offered is taken. */
static void tcp_collapse(struct sock *sk)
{
	struct sk_buff_head *q = &sk->sk_receive_queue;
	struct sk_buff *skb, *end;
	u32 len, cost;

	for (skb = q->next; skb != (struct sk_buff *)q; skb = end) {
		len = cost = 0;
		for (end = skb; end != (struct sk_buff *)q; end = end->next) {
			if (!tcp_is_bloated(sk, end) ||
			    (len && len + end->len > TCP_COLLAPSE_SIZE))
				break;
			len += end->len;
			cost += end->truesize;
		}
		if (end == skb)
			end = skb->next;
		else if (tcp_collapse_saves(sk, len, cost) &&
			 !tcp_collapse_run(sk, skb, end, len))
			return;
	}
}

/* Can @next be packed with @skb, which is in front of it? */
static bool tcp_may_pack(const struct sock *sk, const struct sk_buff *skb,
			 const struct sk_buff *next)
{
	return tcp_is_bloated(sk, skb) && tcp_is_bloated(sk, next) &&
	       TCP_SKB_CB(skb)->end_seq == TCP_SKB_CB(next)->seq &&
	       !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN);
}

/* The same in the out-of-order queue, from @skb to @last. */
static bool tcp_collapse_ofo_run(struct sock *sk, struct sk_buff *skb,
				 struct sk_buff *last, u32 len)
{
	struct sk_buff *to = tcp_collapse_begin(sk, skb, len), *next = skb;
	struct tcp_sock *tp = tcp_sk(sk);

	if (!to)
		return false;
	do {
		skb = next;
		if (skb == last) {
			rb_replace_node(tcp_skb_rb(skb), tcp_skb_rb(to),
					&tp->out_of_order_queue);
		} else {
			next = tcp_rb_skb(rb_next(tcp_skb_rb(skb)));
			rb_erase(tcp_skb_rb(skb), &tp->out_of_order_queue);
		}
		tcp_collapse_take(sk, to, skb);
	} while (skb != last);
	if (tp->ooo_last_skb == last)
		tp->ooo_last_skb = to;
	tcp_collapse_end(sk, to);
	return true;
}

/*
 * The same for text that came too early, where there is no hole between two
 * segments. Who sends single octets with holes between them makes us look at an
 * eighth of a buffer of them, not at all (CVE-2018-5390).
 */
static void tcp_collapse_ofo(struct sock *sk)
{
	struct rb_node *n = rb_first(&tcp_sk(sk)->out_of_order_queue);
	struct sk_buff *skb, *last;
	u32 len, cost, alone = 0;

	while (n && alone <= (u32)sk->sk_rcvbuf >> 3) {
		skb = last = tcp_rb_skb(n);
		len = skb->len;
		cost = skb->truesize;
		while ((n = rb_next(n)) &&
		       tcp_may_pack(sk, last, tcp_rb_skb(n)) &&
		       len + tcp_rb_skb(n)->len <= TCP_COLLAPSE_SIZE) {
			last = tcp_rb_skb(n);
			len += last->len;
			cost += last->truesize;
		}
		if (skb == last)
			alone += cost;
		else if (tcp_collapse_saves(sk, len, cost) &&
			 !tcp_collapse_ofo_run(sk, skb, last, len))
			return;
	}
}

/* Too much is held. Return: true when there is room again. */
static bool tcp_prune_queue(struct sock *sk, const struct sk_buff *in_skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	NET_INC_STATS(sock_net(sk), TCP_PRUNECALLED);
	tp->rcv_ssthresh = min(tp->rcv_ssthresh, 4u * tp->advmss);
	tcp_collapse(sk);
	tcp_collapse_ofo(sk);
	if (sk_rmem_alloc_get(sk) <= sk->sk_rcvbuf &&
	    !sk_under_memory_pressure(sk))
		return true;
	tcp_prune_ofo_queue(sk, in_skb);
	if (sk_rmem_alloc_get(sk) <= sk->sk_rcvbuf)
		return true;
	NET_INC_STATS(sock_net(sk), TCP_RCVPRUNED);
	tp->pred_flags = 0;
	return false;
}

bool tcp_try_rmem_schedule(struct sock *sk, const struct sk_buff *skb)
{
	s32 size = (s32)skb->truesize;

	if (INET_BUGGIFY(OFO_PRUNED))
		tcp_prune_ofo_queue(sk, skb);
	if (likely(sk_rmem_alloc_get(sk) <= sk->sk_rcvbuf &&
		   sk_mem_schedule(sk, size, true)))
		return true;
	if (!tcp_prune_queue(sk, skb))
		return false;
	while (!sk_mem_schedule(sk, size, true))
		if (!tcp_prune_ofo_queue(sk, skb))
			return false;
	return true;
}

/* ---- queues ----------------------------------------------------------- */

bool tcp_queue_rcv(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 seq = TCP_SKB_CB(skb)->end_seq;
	bool eaten;

	NET_ROAD(sock_net(sk), skb);
	eaten = tail && tcp_try_coalesce(sk, tail, skb);
	tp->bytes_received += seq - tp->rcv_nxt;
	WRITE_ONCE(tp->rcv_nxt, seq);
	if (!eaten) {
		(void)skb_leave_pool(skb);
		__skb_queue_tail(&sk->sk_receive_queue, skb);
		skb_set_owner_r(skb, sk);
	}
	return eaten;
}

void tcp_ofo_queue_purge(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct rb_node *n;

	while ((n = rb_first(&tp->out_of_order_queue)) != NULL) {
		rb_erase(n, &tp->out_of_order_queue);
		kfree_skb_reason(tcp_rb_skb(n), SKB_DROP_REASON_SOCKET_CLOSED);
	}
	tp->ooo_last_skb = NULL;
	tp->num_sacks = 0;
}

/* Cuts off the front of @skb what lies before @seq: it is there already. */
static void tcp_trim_front(struct sk_buff *skb, u32 seq)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	if (!before(tcb->seq, seq))
		return;
	(void)pskb_pull(skb, seq - tcb->seq);
	tcb->seq = seq;
}

/* A segment that ends at @end_seq has text that @skb had already: says so, if it is
 * the first of which that is true, or follows that. */
static void tcp_ofo_duplicate(struct sock *sk, const struct sk_buff *skb,
			      u32 end_seq)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!before(tcb->seq, end_seq))
		return;
	if (before(tcb->end_seq, end_seq))
		end_seq = tcb->end_seq;
	if (!tp->dsack)
		tcp_dsack_set(sk, tcb->seq, end_seq);
	else if (tp->duplicate_sack.end_seq == tcb->seq)
		tp->duplicate_sack.end_seq = end_seq;
}

/* The hole before it is filled: moves from the out-of-order queue to the
 * receive queue what is in order now. */
static void tcp_ofo_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb, *tail;
	struct rb_node *n;
	bool fin;

	while ((n = rb_first(&tp->out_of_order_queue)) != NULL) {
		skb = tcp_rb_skb(n);
		if (after(TCP_SKB_CB(skb)->seq, tp->rcv_nxt))
			break;
		rb_erase(n, &tp->out_of_order_queue);
		if (skb == tp->ooo_last_skb)
			tp->ooo_last_skb = NULL;
		tcp_ofo_duplicate(sk, skb, tp->rcv_nxt);
		if (!after(TCP_SKB_CB(skb)->end_seq, tp->rcv_nxt)) {
			kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OFOMERGE);
			continue;
		}
		tcp_trim_front(skb, tp->rcv_nxt);
		fin = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;
		tail = skb_peek_tail(&sk->sk_receive_queue);
		tp->bytes_received += TCP_SKB_CB(skb)->end_seq - tp->rcv_nxt;
		WRITE_ONCE(tp->rcv_nxt, TCP_SKB_CB(skb)->end_seq);
		if (tail && !INET_BUGGIFY(NO_COALESCE) &&
		    tcp_try_coalesce(sk, tail, skb))
			consume_skb(skb);
		else
			__skb_queue_tail(&sk->sk_receive_queue, skb);
		if (unlikely(fin)) {	/* nothing may follow it */
			tcp_fin(sk);
			break;
		}
	}
}

/*
 * Where a segment belongs in the tree: behind *@parent at the returned link.
 * NULL: all of it is there already, in *@parent.
 */
static struct rb_node **tcp_ofo_find(struct tcp_sock *tp,
				     const struct sk_buff *skb,
				     struct rb_node **parent)
{
	struct rb_node **p = &tp->out_of_order_queue.rb_node;
	const struct tcp_skb_cb *old, *tcb = TCP_SKB_CB(skb);

	*parent = NULL;
	INET_WALK(OFO);
	while (*p) {
		INET_STEP(OFO);
		*parent = *p;
		old = TCP_SKB_CB(tcp_rb_skb(*p));
		if (before(tcb->seq, old->seq))
			p = &(*p)->rb_left;
		else if (before(tcb->seq, old->end_seq) &&
			 !after(tcb->end_seq, old->end_seq))
			return NULL;
		else
			p = &(*p)->rb_right;
	}
	return p;
}

/* Takes out what @skb, just put into the tree, covers; cuts the overlap with
 * what it covers in part off itself, since what came first is kept. */
static void tcp_ofo_trim_followers(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *next;
	struct rb_node *n;

	while ((n = rb_next(tcp_skb_rb(skb))) != NULL) {
		next = tcp_rb_skb(n);
		if (!after(tcb->end_seq, TCP_SKB_CB(next)->seq))
			break;
		if (before(tcb->end_seq, TCP_SKB_CB(next)->end_seq)) {
			INET_PROBE(OFO_TRIMMED);
			tcp_ofo_duplicate(sk, next, tcb->end_seq);
			if (tcb->tcp_flags & TCPHDR_FIN)
				tcb->end_seq--;
			tcb->tcp_flags &= (u8)~TCPHDR_FIN;
			(void)pskb_trim(skb, TCP_SKB_CB(next)->seq - tcb->seq);
			tcb->end_seq = TCP_SKB_CB(next)->seq;
			break;
		}
		tcp_ofo_duplicate(sk, next, tcb->end_seq);
		rb_erase(n, &tp->out_of_order_queue);
		kfree_skb_reason(next, SKB_DROP_REASON_TCP_OFOMERGE);
		NET_INC_STATS(sock_net(sk), TCP_OFOMERGE);
	}
	if (!n)
		tp->ooo_last_skb = skb;
}

/* What the segments around @skb, in the tree, have to tell the sender: the newest
 * block. What is next to it may have fallen off the list. */
static void tcp_ofo_sack(struct sock *sk, struct sk_buff *skb)
{
	u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;
	struct tcp_sock *tp = tcp_sk(sk);
	struct rb_node *n;

	if (!tp->rx_opt.sack_ok)
		return;
	n = rb_prev(tcp_skb_rb(skb));
	if (n && TCP_SKB_CB(tcp_rb_skb(n))->end_seq == seq)
		seq = TCP_SKB_CB(tcp_rb_skb(n))->seq;
	n = rb_next(tcp_skb_rb(skb));
	if (n && TCP_SKB_CB(tcp_rb_skb(n))->seq == end_seq)
		end_seq = TCP_SKB_CB(tcp_rb_skb(n))->end_seq;
	tcp_sack_new(tp, seq, end_seq);
}

/* Text that came too early. Consumes; header pulled. */
static void tcp_data_queue_ofo(struct sock *sk, struct sk_buff *skb)
{
	struct rb_node *parent, **link, *n;
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *prev;

	if (unlikely(tp->ecn_flags))
		tcp_ecn_check_ce(sk, skb);
	/* MAY-13: the sender must learn of the hole at once */
	inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW | ICSK_ACK_SCHED;
	if (unlikely(!tcp_try_rmem_schedule(sk, skb))) {
		NET_INC_STATS(sock_net(sk), TCP_OFODROP);
		kfree_skb_reason(skb, SKB_DROP_REASON_PROTO_MEM);
		return;
	}
	tp->pred_flags = 0;
	tp->rcv_ooopack++;
	NET_INC_STATS(sock_net(sk), TCP_OFOQUEUE);
	link = tcp_ofo_find(tp, skb, &parent);
	if (!link) {
		tcp_dsack_set(sk, TCP_SKB_CB(skb)->seq,
			      TCP_SKB_CB(skb)->end_seq);
		tcp_ofo_sack(sk, tcp_rb_skb(parent));
		NET_INC_STATS(sock_net(sk), TCP_OFOMERGE);
		kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OFOMERGE);
		return;
	}
	rb_link_node(tcp_skb_rb(skb), parent, link);
	n = rb_prev(tcp_skb_rb(skb));
	prev = n ? tcp_rb_skb(n) : NULL;
	if (prev && before(TCP_SKB_CB(skb)->seq, TCP_SKB_CB(prev)->end_seq)) {
		tcp_dsack_set(sk, TCP_SKB_CB(skb)->seq,
			      TCP_SKB_CB(prev)->end_seq);
		tcp_trim_front(skb, TCP_SKB_CB(prev)->end_seq);
	}
	if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
		INET_PROBE(FIN_OUT_OF_ORDER);
	rb_insert_color(tcp_skb_rb(skb), &tp->out_of_order_queue);
	tcp_ofo_trim_followers(sk, skb);
	tcp_ofo_sack(sk, skb);
	if (TCP_SKB_CB(skb)->seq == TCP_SKB_CB(skb)->end_seq ||
	    (prev && !(TCP_SKB_CB(prev)->tcp_flags & TCPHDR_FIN) &&
	     !INET_BUGGIFY(NO_COALESCE) && tcp_try_coalesce(sk, prev, skb))) {
		if (tp->ooo_last_skb == skb)
			tp->ooo_last_skb = prev;
		rb_erase(tcp_skb_rb(skb), &tp->out_of_order_queue);
		consume_skb(skb);
		return;
	}
	(void)skb_leave_pool(skb);
	skb_set_owner_r(skb, sk);
	if (skb->len > 128)
		tcp_grow_window(sk, skb);
}

/* ---- arrival ---------------------------------------------------------- */

/* Is there something that the reader wants to know? */
void tcp_data_ready(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 avail = tp->rcv_nxt - tp->copied_seq;

	if (avail < (u32)READ_ONCE(sk->sk_rcvlowat) &&
	    sk_rmem_alloc_get(sk) < sk->sk_rcvbuf / 2 &&
	    !sock_flag(sk, SOCK_DONE) && !(sk->sk_shutdown & RCV_SHUTDOWN))
		return;
	sk->sk_data_ready(sk);
}

/* Cuts to what the window has room for. False: nothing is left. */
static bool tcp_trim_to_window(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	u32 wnd = tcp_receive_window(tp);
	u32 edge = tp->rcv_nxt + wnd;

	if (!after(tcb->end_seq, edge))
		return true;
	if (!before(tcb->seq, edge))	/* a bare FIN takes no room */
		return !skb->len && tcb->seq == tp->rcv_nxt;
	if (tcb->tcp_flags & TCPHDR_FIN) {	/* the last to fit */
		tcb->tcp_flags &= (u8)~TCPHDR_FIN;
		tcb->end_seq--;
		if (!after(tcb->end_seq, edge))
			return true;
	}
	INET_PROBE(TEXT_TRIMMED);
	(void)pskb_trim(skb, edge - tcb->seq);
	tcb->end_seq = edge;
	return true;
}

/* Text, or a FIN, exactly at rcv_nxt. */
static void tcp_data_queue_in_order(struct sock *sk, struct sk_buff *skb)
{
	const struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
	bool eaten, fin = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;
	struct tcp_sock *tp = tcp_sk(sk);

	if (!(tail && tcp_may_coalesce(tail, skb)) &&
	    unlikely(!tcp_try_rmem_schedule(sk, skb))) {
		/* the first one always finds room, so that it goes on; but if
		 * it is lent frames that fill the buffer, not before they come
		 * back */
		if (tail || sk_rmem_alloc_get(sk) > sk->sk_rcvbuf) {
			NET_INC_STATS(sock_net(sk), TCP_RCVQDROP);
			inet_csk(sk)->icsk_ack.pending |=
				ICSK_ACK_NOW | ICSK_ACK_SCHED;
			kfree_skb_reason(skb, SKB_DROP_REASON_PROTO_MEM);
			return;
		}
		sk_forced_mem_schedule(sk, (s32)skb->truesize);
	}
	if (skb->len)
		tcp_event_data_recv(sk, skb);
	eaten = tcp_queue_rcv(sk, skb);
	if (fin)
		tcp_fin(sk);
	if (!RB_EMPTY_ROOT(&tp->out_of_order_queue)) {
		tcp_ofo_queue(sk);
		tcp_sack_remove(tp);
		/* RFC 5681 4.2: a hole was filled, all of it or in part */
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW | ICSK_ACK_SCHED;
	}
	tcp_fast_path_check(sk);
	if (eaten)
		consume_skb(skb);
	if (!sock_flag(sk, SOCK_DEAD))
		tcp_data_ready(sk);
}

/* All of it is old, or lies outside the window: says so at once, drops. */
static void tcp_data_refuse(struct sock *sk, struct sk_buff *skb,
			    enum skb_drop_reason reason)
{
	tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
	inet_csk_schedule_ack(sk);
	inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW;
	kfree_skb_reason(skb, reason);
}

/* Text in several pieces that is not exactly what is expected next: it will be
 * cut, or may be when more comes, and for that it must be in one. False: no
 * memory. */
static bool tcp_data_make_whole(const struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	if (tcb->seq == tp->rcv_nxt &&
	    !after(tcb->end_seq, tp->rcv_nxt + tcp_receive_window(tp)))
		return true;
	return skb_linearize(skb) == 0;
}

void tcp_data_queue(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	NET_ROAD(sock_net(sk), skb);
	if (tcb->seq == tcb->end_seq) {		/* a bare ACK */
		consume_skb(skb);
		return;
	}
	skb_dst_drop(skb);
	if (unlikely(tcp_hdr(skb)->cwr))
		tcp_ecn_accept_cwr(sk, skb);
	skb_pull(skb, __tcp_hdrlen(tcp_hdr(skb)));
	/* after this trims cannot fail */
	if (unlikely(skb_own_frags(skb))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return;
	}
	if (!after(tcb->end_seq, tp->rcv_nxt)) {
		INET_PROBE(DSACKABLE);
		NET_INC_STATS(sock_net(sk), TCP_DELAYEDACKLOST);
		tcp_dsack_set(sk, tcb->seq, tcb->end_seq);
		tcp_data_refuse(sk, skb, SKB_DROP_REASON_TCP_OLD_DATA);
		return;
	}
	if (unlikely(!tcp_data_make_whole(tp, skb))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return;
	}
	if (!tcp_trim_to_window(tp, skb)) {
		if (!tcp_receive_window(tp)) {
			NET_INC_STATS(sock_net(sk), TCP_ZEROWINDOWDROP);
			tcp_data_refuse(sk, skb,
					SKB_DROP_REASON_TCP_ZEROWINDOW);
		} else {
			NET_INC_STATS(sock_net(sk), TCP_OVERWINDOWDROP);
			tcp_data_refuse(sk, skb, SKB_DROP_REASON_TCP_OVERWINDOW);
		}
		return;
	}
	if (before(tcb->seq, tp->rcv_nxt)) {	/* the front is old */
		tcp_dsack_set(sk, tcb->seq, tp->rcv_nxt);
		tcp_trim_front(skb, tp->rcv_nxt);
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW | ICSK_ACK_SCHED;
	}
	tcp_rx_timestamp(sk, skb);
	if (tcb->seq == tp->rcv_nxt)
		tcp_data_queue_in_order(sk, skb);
	else
		tcp_data_queue_ofo(sk, skb);
}

/* ---- FIN -------------------------------------------------------------- */

/* The peer's FIN is in order: it will send no more (RFC 9293 3.10.7.4, eighth
 * check). */
void tcp_fin(struct sock *sk)
{
	tcp_ofo_queue_purge(sk);	/* nothing follows a FIN */
	inet_csk_schedule_ack(sk);
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | RCV_SHUTDOWN);
	sock_set_flag(sk, SOCK_DONE);
	switch (sk->sk_state) {
	case TCP_SYN_RECV:
	case TCP_ESTABLISHED:
		tcp_set_state(sk, TCP_CLOSE_WAIT);
		inet_csk_enter_pingpong_mode(sk);
		break;
	case TCP_FIN_WAIT1:	/* simultaneous close */
		INET_PROBE(SIMULTANEOUS_CLOSE);
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW;
		tcp_set_state(sk, TCP_CLOSING);
		break;
	case TCP_FIN_WAIT2:
		INET_PROBE(FIN_IN_FIN_WAIT2);
		tcp_send_ack(sk);
		tcp_time_wait(sk, TCP_TIME_WAIT, 0);
		break;
	default:		/* CLOSE-WAIT and later: a FIN sent again */
		break;
	}
	if (sock_flag(sk, SOCK_DEAD))
		return;
	sk->sk_state_change(sk);
	sk->sk_data_ready(sk);
}
