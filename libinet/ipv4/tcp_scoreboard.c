/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: what the peer says has arrived behind a hole (RFC 2018, RFC 6675's
 * scoreboard), as marks on the segments of tp->rtx_queue.
 *
 * Finding the segment that a block begins with takes a tree, and what is lost a list
 * by the time of sending (tcp_rack.c). Both are made of the whole queue when the
 * first block comes, and kept until the queue is empty: who never loses anything
 * never pays for them, and each segment is put in once. A
 * block that comes again is not walked again: each segment that has arrived knows
 * how far those behind it have (sacked_end), and each walk brings that up to date
 * for all that it passes. So an ACK costs what is new in it, and some steps of the
 * tree, whatever the peer makes up (CVE-2019-11478, CVE-2018-5390).
 *
 * Context: the sock is locked.
 */
#include "ipv4/tcp.h"
#include "ipv4/tcp_rate.h"

/* ---- the tree ---------------------------------------------------------- */

static struct sk_buff *rtx_skb(struct rb_node *n)
{
	struct tcp_skb_cb *tcb = rb_entry_safe(n, struct tcp_skb_cb, rtx_node);

	return tcb ? container_of((void *)tcb, struct sk_buff, cb) : NULL;
}

/* @skb, which is in the queue behind @prev (NULL: the first). */
static void rtx_tree_add(struct tcp_sock *tp, struct sk_buff *prev,
			 struct sk_buff *skb)
{
	struct rb_node *parent = prev ? &TCP_SKB_CB(prev)->rtx_node : NULL;
	struct rb_node **link = parent ? &parent->rb_right :
					 &tp->rtx_tree.rb_node;

	while (*link) {
		parent = *link;
		link = &parent->rb_left;
	}
	rb_link_node(&TCP_SKB_CB(skb)->rtx_node, parent, link);
	rb_insert_color(&TCP_SKB_CB(skb)->rtx_node, &tp->rtx_tree);
}

void tcp_tsorted_put(struct tcp_sock *tp, struct sk_buff *skb,
		     struct tcp_tsorted_row *rows)
{
	struct list_head **last =
		&rows->last[!!(TCP_SKB_CB(skb)->sacked & TCPCB_RETRANS)];
	struct list_head *at = *last;

	if (!at || tcp_tsorted_skb(at)->tstamp > skb->tstamp)
		at = &tp->tsorted_sent;
	while (at->next != &tp->tsorted_sent &&
	       tcp_tsorted_skb(at->next)->tstamp <= skb->tstamp)
		at = at->next;
	list_add(tcp_skb_tsorted(skb), at);
	*last = tcp_skb_tsorted(skb);
}

void tcp_rtx_index_build(struct tcp_sock *tp)
{
	struct tcp_tsorted_row rows = { 0 };
	struct sk_buff *skb, *prev = NULL;

	skb_queue_walk(&tp->rtx_queue, skb) {
		const u8 marks = TCP_SKB_CB(skb)->sacked &
				 (TCPCB_LOST | TCPCB_SACKED_RETRANS);

		rtx_tree_add(tp, prev, skb);
		prev = skb;
		if (marks != TCPCB_LOST)
			tcp_tsorted_put(tp, skb, &rows);
	}
	tp->rtx_indexed = true;
}

void tcp_rtx_index_add(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct sk_buff *prev = skb->prev;

	if (prev == (struct sk_buff *)&tp->rtx_queue)
		prev = NULL;
	rtx_tree_add(tp, prev, skb);
}

void tcp_rtx_index_remove(struct tcp_sock *tp, struct sk_buff *skb)
{
	tcp_tsorted_del(skb);
	rb_erase(&TCP_SKB_CB(skb)->rtx_node, &tp->rtx_tree);
	if (RB_EMPTY_ROOT(&tp->rtx_tree))
		tp->rtx_indexed = false;
}

/* The segment with octet @seq, or the first behind it; NULL: none. */
static struct sk_buff *rtx_find(struct tcp_sock *tp, u32 seq)
{
	struct rb_node *n = tp->rtx_tree.rb_node, *found = NULL;

	INET_WALK(SCOREBOARD);
	while (n) {
		INET_STEP(SCOREBOARD);
		if (after(rb_entry(n, struct tcp_skb_cb, rtx_node)->end_seq,
			  seq)) {
			found = n;
			n = n->rb_left;
		} else {
			n = n->rb_right;
		}
	}
	return rtx_skb(found);
}

/* ---- blocks ------------------------------------------------------------ */

/* 2018-6: what was not sent, or is acknowledged, cannot be selected. */
static bool sack_is_valid(const struct tcp_sock *tp,
			  const struct tcp_sack_block *b)
{
	return before(b->start_seq, b->end_seq) &&
	       !before(b->start_seq, tp->snd_una) &&
	       !after(b->end_seq, tp->snd_nxt);
}

/* RFC 2883 4: is the first block about a duplicate? It is below the ACK, not
 * farther than a window, or within the second (2883-3: of this packet alone). */
static bool sack_is_duplicate(const struct tcp_sock *tp,
			      const struct tcp_options_info *info, u32 ack)
{
	const struct tcp_sack_block *b = info->sacks;

	if (!before(b[0].start_seq, b[0].end_seq))
		return false;
	if (before(b[0].start_seq, ack))
		return !after(b[0].end_seq, ack) &&
		       ack - b[0].start_seq <= tp->max_window;
	return info->num_sacks > 1 &&
	       !before(b[0].start_seq, b[1].start_seq) &&
	       !after(b[0].end_seq, b[1].end_seq);
}

/* Did what @b names leave once only? Of what is acknowledged nobody knows. */
static bool sack_left_once(struct tcp_sock *tp, const struct tcp_sack_block *b)
{
	const struct sk_buff *skb = tp->packets_out ?
				    rtx_find(tp, b->start_seq) : NULL;

	return skb && !after(TCP_SKB_CB(skb)->seq, b->start_seq) &&
	       !(TCP_SKB_CB(skb)->sacked & TCPCB_EVER_RETRANS);
}

/* What @b names came twice. */
static void sack_duplicate(struct sock *sk, const struct tcp_sack_block *b,
			   struct tcp_ack_state *a)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->dsack_dups++;
	a->flag |= FLAG_DSACK_ANY;
	NET_INC_STATS(sock_net(sk), TCP_DSACKRECV);
	if (tp->dsack_dups > tp->total_retrans || sack_left_once(tp, b)) {
		/* the network doubles: not ours, and no sign of anything */
		NET_INC_STATS(sock_net(sk), TCP_DSACKIGNOREDDUBIOUS);
		return;
	}
	a->flag |= FLAG_DSACK;
	if (tp->tlp_out && tp->tlp_retrans && b->end_seq == tp->tlp_high_seq) {
		a->flag |= FLAG_DSACK_TLP;
	} else {
		tcp_undo_dsack(tp, b);
		tcp_rack_dsack(tp);
	}
}

/* @skb has arrived. */
static void sack_one(struct tcp_sock *tp, struct sk_buff *skb,
		     struct tcp_ack_state *a)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	u32 pcount = tcp_skb_pcount(skb);

	tcp_frto_came(tp, tcb, a);
	tcp_rack_advance(tp, skb, a);
	tcp_rate_skb_delivered(tcb, skb->tstamp, a);
	if (tcb->sacked & TCPCB_SACKED_RETRANS)
		tp->retrans_out -= pcount;
	if (tcb->sacked & TCPCB_LOST)
		tp->lost_out -= pcount;
	tcb->sacked &= (u8)~(TCPCB_SACKED_RETRANS | TCPCB_LOST);
	tcb->sacked |= TCPCB_SACKED_ACKED;
	tcb->sacked_end = tcb->end_seq;
	tcp_tsorted_del(skb);
	tp->sacked_out += pcount;
	a->delivered += pcount;
	a->flag |= FLAG_DATA_SACKED;
}

/* The segment behind those that are known to have arrived together with @skb, which
 * has; NULL: there is none. */
static struct sk_buff *sack_behind(struct tcp_sock *tp, struct sk_buff *skb)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	return after(tcb->sacked_end, tcb->end_seq) ?
	       rtx_find(tp, tcb->sacked_end) : tcp_rtx_next(tp, skb);
}

/* Marks what lies in @b, whole segments only. */
static void sack_block(struct tcp_sock *tp, const struct tcp_sack_block *b,
		       struct tcp_ack_state *a)
{
	struct sk_buff *first = rtx_find(tp, b->start_seq), *skb, *next;
	u32 end = b->start_seq;

	if (first && before(TCP_SKB_CB(first)->seq, b->start_seq))
		first = tcp_rtx_next(tp, first);
	INET_WALK(SACK_BLOCK);
	for (skb = first; skb; skb = next) {
		struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

		INET_STEP(SACK_BLOCK);
		if (after(tcb->end_seq, b->end_seq))
			break;
		if (!(tcb->sacked & TCPCB_SACKED_ACKED))
			sack_one(tp, skb, a);
		next = sack_behind(tp, skb);
		end = tcb->sacked_end;
	}
	/* the same way, so that nobody need go it again */
	for (skb = first; skb && before(TCP_SKB_CB(skb)->seq, end); skb = next) {
		INET_STEP(SACK_BLOCK);
		next = sack_behind(tp, skb);
		TCP_SKB_CB(skb)->sacked_end = end;
	}
	if (end != b->start_seq && after(end, tp->sack_high))
		tp->sack_high = end;
}

void tcp_sacktag_write_queue(struct sock *sk, const struct sk_buff *ack,
			     struct tcp_ack_state *a)
{
	struct tcp_options_info info;
	struct tcp_sock *tp = tcp_sk(sk);
	u32 i = 0;

	tcp_parse_options(ack, &info);
	if (!info.num_sacks)
		return;
	if (tp->packets_out && !tp->rtx_indexed)
		tcp_rtx_index_build(tp);
	if (sack_is_duplicate(tp, &info, a->ack)) {
		sack_duplicate(sk, &info.sacks[0], a);
		i++;
	}
	if (!tp->packets_out)
		return;
	if (!tp->sacked_out) {
		tp->sack_high = tp->snd_una;
		a->prior_sack_high = a->prior_una;
	}
	for (; i < info.num_sacks; i++)
		if (sack_is_valid(tp, &info.sacks[i]))
			sack_block(tp, &info.sacks[i], a);
		else
			NET_INC_STATS(sock_net(sk), TCP_SACKDISCARD);
}

/* @skb is not known to have arrived any more. Return: whether it was. */
static bool sack_clear(struct tcp_sock *tp, struct sk_buff *skb)
{
	if (!(TCP_SKB_CB(skb)->sacked & TCPCB_SACKED_ACKED))
		return false;
	TCP_SKB_CB(skb)->sacked &= (u8)~TCPCB_SACKED_ACKED;
	TCP_SKB_CB(skb)->tx = tp->tx;	/* sacked_end was there */
	tp->sacked_out -= tcp_skb_pcount(skb);
	return true;
}

void tcp_sack_forget(struct tcp_sock *tp, struct sk_buff *skb)
{
	struct tcp_tsorted_row rows = { 0 };

	if (sack_clear(tp, skb))
		tcp_tsorted_put(tp, skb, &rows);
}

/* The peer threw away what it had told (RFC 2018 8): nothing is known any more, and
 * all of it counts as lost. */
void tcp_sack_renege(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	NET_INC_STATS(sock_net(sk), TCP_SACKRENEGING);
	skb_queue_walk(&tp->rtx_queue, skb)
		sack_clear(tp, skb);
}
