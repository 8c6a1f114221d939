/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: what must always be true of a connection. Simulations and tests walk
 * all of it after each step; nothing here runs in production.
 */
#include "core/dev.h"
#include "core/skbuff.h"
#include "core/verify.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_md5.h"

/* What the walk of the queues adds up. */
struct tcp_verify_sum {
	u32 packets, lost, retrans, sacked;
	u32 sacked_end;		/* said so far, while it goes on */
	bool hinted;		/* the hint was passed */
	s64 truesize;
};

/* One segment that is queued for sending. Return: where the next begins. */
static u32 verify_segment(const struct sk_buff *skb, u32 seq,
			  struct tcp_verify_sum *sum)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	u32 control = !!(tcb->tcp_flags & TCPHDR_SYN) +
		      !!(tcb->tcp_flags & TCPHDR_FIN);

	inet_assert(tcb->seq == seq);
	inet_assert(tcb->end_seq - tcb->seq == skb->len + control);
	inet_assert(tcb->tcp_gso_segs == 1);
	sum->truesize += skb->truesize;
	return tcb->end_seq;
}

/* What is said of a segment in flight: it arrived, is lost, was sent again, in no
 * other combination; it is on the list by time as long as it may be found lost;
 * all that has arrived together with it is known to have; and where it waits to be
 * sent again, the hint is not behind it. */
static void verify_marks(const struct tcp_sock *tp, const struct sk_buff *skb,
			 struct tcp_verify_sum *sum)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	u8 marks = tcb->sacked & (TCPCB_LOST | TCPCB_SACKED_RETRANS);
	bool arrived = tcb->sacked & TCPCB_SACKED_ACKED;

	sum->packets++;
	sum->lost += !!(marks & TCPCB_LOST);
	sum->retrans += !!(marks & TCPCB_SACKED_RETRANS);
	sum->sacked += arrived;
	inet_assert(!arrived || !marks);
	if (tp->rtx_indexed)
		inet_assert(tcp_skb_is_tsorted(skb) ==
			    (marks != TCPCB_LOST && !arrived));
	if (arrived) {
		inet_assert(!before(tcb->sacked_end, tcb->end_seq));
		if (sum->sacked == 1 || after(tcb->sacked_end, sum->sacked_end))
			sum->sacked_end = tcb->sacked_end;
	} else {
		/* or has, but for the FIN that was put on it */
		inet_assert(!sum->sacked || !after(sum->sacked_end, tcb->seq) ||
			    (tcb->tcp_flags & TCPHDR_FIN &&
			     sum->sacked_end == tcb->end_seq - 1));
	}
	sum->hinted |= skb == tp->retransmit_skb_hint;
	if (tp->retransmit_skb_hint && marks == TCPCB_LOST)
		inet_assert(sum->hinted);
}

/* The list by time is that. */
static void verify_tsorted(const struct tcp_sock *tp)
{
	struct list_head *pos;
	u64 sent = 0;

	list_for_each(pos, &tp->tsorted_sent) {
		inet_assert(tcp_tsorted_skb(pos)->tstamp >= sent);
		sent = tcp_tsorted_skb(pos)->tstamp;
	}
}

/* The tree has the queue, in its order. */
static void verify_index(const struct tcp_sock *tp)
{
	struct rb_node *n = rb_first(&tp->rtx_tree);
	const struct sk_buff *skb;

	inet_assert(tp->rtx_indexed == !RB_EMPTY_ROOT(&tp->rtx_tree));
	if (!tp->rtx_indexed) {
		inet_assert(list_empty(&tp->tsorted_sent));
		return;
	}
	skb_queue_walk(&tp->rtx_queue, skb) {
		inet_assert(n == &TCP_SKB_CB(skb)->rtx_node);
		n = rb_next(n);
	}
	inet_assert(!n);
}

/* Sequence variables and the two queues of the sender. */
static void verify_send(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_verify_sum sum = { 0 };
	const struct sk_buff *skb = tcp_rtx_queue_head(sk);
	u32 seq;

	inet_assert(!after(tp->snd_una, tp->snd_nxt));
	inet_assert(!after(tp->snd_nxt, tp->write_seq));
	inet_assert(!skb == (tp->snd_una == tp->snd_nxt));
	seq = skb ? TCP_SKB_CB(skb)->seq : tp->snd_nxt;
	inet_assert(!after(seq, tp->snd_una));
	if (skb)
		inet_assert(after(TCP_SKB_CB(skb)->end_seq, tp->snd_una));
	skb_queue_walk(&tp->rtx_queue, skb) {
		seq = verify_segment(skb, seq, &sum);
		verify_marks(tp, skb, &sum);
	}
	inet_assert(seq == tp->snd_nxt);
	inet_assert(!tp->retransmit_skb_hint || sum.hinted);
	inet_assert(!sum.sacked || !after(sum.sacked_end, seq));
	verify_index(tp);
	verify_tsorted(tp);
	skb_queue_walk(&sk->sk_write_queue, skb)
		seq = verify_segment(skb, seq, &sum);
	inet_assert(seq == tp->write_seq);
	inet_assert(sum.packets == tp->packets_out);
	inet_assert(sum.lost == tp->lost_out);
	inet_assert(sum.retrans == tp->retrans_out);
	if (tp->rx_opt.sack_ok)
		inet_assert(sum.sacked == tp->sacked_out);
	inet_assert(sum.truesize == sk->sk_wmem_queued);
}

/* The tree: rising, without overlaps, beyond what is in order. Return: its
 * memory. */
static s64 verify_ofo(const struct tcp_sock *tp)
{
	struct rb_node *n = rb_first(&tp->out_of_order_queue);
	const struct sk_buff *skb = NULL;
	u32 seq = tp->rcv_nxt;
	s64 truesize = 0;

	for (; n; n = rb_next(n)) {
		skb = tcp_rb_skb(n);
		inet_assert(truesize ? !before(TCP_SKB_CB(skb)->seq, seq) :
				       after(TCP_SKB_CB(skb)->seq, seq));
		inet_assert(after(TCP_SKB_CB(skb)->end_seq,
				  TCP_SKB_CB(skb)->seq));
		seq = TCP_SKB_CB(skb)->end_seq;
		truesize += skb->truesize;
	}
	inet_assert(tp->ooo_last_skb == skb);
	return truesize;
}

/* What is told to wait does wait, in one row, and nothing is told twice. */
static void verify_sacks(const struct tcp_sock *tp)
{
	inet_assert(tp->num_sacks <= TCP_MAX_SACKS);
	inet_assert(!tcp_has_sacks(tp) || tp->rx_opt.sack_ok);
	for (u32 i = 0; i < tp->num_sacks; i++) {
		const struct tcp_sack_block *b = &tp->selective_acks[i];
		struct rb_node *n = rb_first(&tp->out_of_order_queue);
		u32 seq = b->start_seq;

		inet_assert(after(b->start_seq, tp->rcv_nxt));
		inet_assert(after(b->end_seq, b->start_seq));
		for (; n; n = rb_next(n)) {
			const struct tcp_skb_cb *tcb = TCP_SKB_CB(tcp_rb_skb(n));

			if (!after(tcb->seq, seq) && after(tcb->end_seq, seq))
				seq = tcb->end_seq;
		}
		inet_assert(!before(seq, b->end_seq));
		for (u32 j = 0; j < i; j++)
			inet_assert(after(tp->selective_acks[j].start_seq,
					  b->end_seq) ||
				    after(b->start_seq,
					  tp->selective_acks[j].end_seq));
	}
}

/* What was received. */
static void verify_receive(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);
	u32 seq = skb ? TCP_SKB_CB(skb)->seq : tp->rcv_nxt;
	s64 truesize = 0;

	inet_assert(!after(tp->copied_seq, tp->rcv_nxt));
	inet_assert(!after(seq, tp->copied_seq) || !skb);
	inet_assert(!after(tp->rcv_wup, tp->rcv_nxt));
	skb_queue_walk(&sk->sk_receive_queue, skb) {
		inet_assert(TCP_SKB_CB(skb)->seq == seq);
		seq = TCP_SKB_CB(skb)->end_seq;
		truesize += skb->truesize;
	}
	inet_assert(seq == tp->rcv_nxt);
	truesize += verify_ofo(tp);
	verify_sacks(tp);
	skb_queue_walk(&sk->sk_error_queue, skb)
		truesize += skb->destructor == sock_rmem_free ? skb->truesize : 0;
	/* and what was lent is in no queue */
	inet_assert(sk->sk_omem_alloc ? truesize <= sk_rmem_alloc_get(sk) :
					truesize == sk_rmem_alloc_get(sk));
	inet_assert(tp->rcv_wnd <= 65535u << tp->rx_opt.rcv_wscale);
}

/* Counters of congestion control. */
static void verify_congestion(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	inet_assert(tcp_left_out(tp) <= tp->packets_out);
	inet_assert(tp->retrans_out <= tp->packets_out);
	inet_assert(tp->snd_cwnd > 0 && tp->snd_ssthresh >= 2);
	inet_assert(tp->mss_cache > 0);
	inet_assert(icsk->icsk_ca_state <= TCP_CA_Loss);
	if (icsk->icsk_ca_state == TCP_CA_Open)
		inet_assert(!tp->sacked_out && !tp->lost_out);
	if (icsk->icsk_ca_state == TCP_CA_Disorder)
		inet_assert(tp->sacked_out < tp->reordering ||
			    tp->rx_opt.sack_ok);
	if (tp->mtu_probing)
		inet_assert(tp->seldom->mtup.search_low <= tp->seldom->mtup.search_high);
	if (tp->mtu_probe_out)
		inet_assert(before(tp->snd_una, tp->seldom->mtup.probe_end) &&
			    tp->packets_out);
	inet_assert(icsk->icsk_rto_us <= icsk->icsk_rto_max_us);
	inet_assert(icsk->icsk_rto_us > 0);
}

/* Bytes held, by true size, against the buffers: each may be exceeded by the
 * packet that was let in last, and the send buffer by what a smaller path MTU
 * or window cuts in two: tcp_may_cut(). */
static void verify_buffers(const struct sock *sk)
{
	const struct net *net = sock_net(sk);
	s64 one = net_largest_packet(net);

	inet_assert(sk->sk_forward_alloc >= 0);
	inet_assert(sk_rmem_alloc_get(sk) <= sk->sk_rcvbuf + one);
	if (!net->proto_pressure[PROTO_MEM_TCP])
		inet_assert(sk->sk_wmem_queued / 4 <= sk->sk_sndbuf + one +
			    2 * (s64)SKB_TRUESIZE(65536));
}

/* The budget: a FIN and the first segment of a queue are let in always, and
 * whole quanta are taken; so is what cutting makes of @sent, the text that
 * waits for its ACK or for the window, or has had it: then it is the sock's to
 * use again. */
static void verify_budget(const struct net *net, s64 sent)
{
	s64 limit = net->ipv4.sysctl_tcp_mem[2] * SK_MEM_QUANTUM;

	inet_assert(net->proto_mem[PROTO_MEM_TCP] - sent <= limit +
		    2 * (net_largest_packet(net) + SK_MEM_QUANTUM) *
		    (s64)net->proto_sockets[PROTO_MEM_TCP]);
}

/* Whatever waits has a timer: no connection may fall asleep for ever. */
static void verify_timers(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tp->packets_out)
		inet_assert(icsk->icsk_pending == ICSK_TIME_RETRANS ||
			    icsk->icsk_pending == ICSK_TIME_REO_TIMEOUT ||
			    icsk->icsk_pending == ICSK_TIME_LOSS_PROBE);
	else if (!tcp_write_queue_empty(sk) || tp->fin_pending)
		inet_assert(icsk->icsk_pending == ICSK_TIME_PROBE0 ||
			    timer_pending(&icsk->icsk_pacing_timer));
	if (icsk->icsk_pending) {
		inet_assert(timer_pending(&icsk->icsk_retransmit_timer));
		inet_assert(timer_expires_ns(&icsk->icsk_retransmit_timer) <=
			    icsk->icsk_timeout_ns);
	}
	if (icsk->icsk_ack.pending & ICSK_ACK_TIMER) {
		inet_assert(timer_pending(&icsk->icsk_delack_timer));
		inet_assert(timer_expires_ns(&icsk->icsk_delack_timer) <=
			    icsk->icsk_ack.timeout_ns);
	}
	if (inet_csk_ack_scheduled(sk))
		inet_assert(icsk->icsk_ack.pending & ICSK_ACK_TIMER);
	if (sk->sk_state == TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD))
		inet_assert(timer_pending(&sk->sk_timer));
}

/* The state against what was sent and said. */
static void verify_state(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 bit = TCPF(sk->sk_state);

	inet_assert(!hlist_unhashed(&sk->sk_node));
	inet_assert(inet_csk(sk)->icsk_bind_hash);
	inet_assert(sk->sk_num == inet_csk(sk)->icsk_bind_hash->port);
	if (bit & TCPF(TCP_FIN_WAIT2))
		inet_assert(tp->snd_una == tp->write_seq);
	if (bit & (TCPF(TCP_CLOSE_WAIT) | TCPF(TCP_LAST_ACK) |
		   TCPF(TCP_CLOSING))) {
		inet_assert(sk->sk_shutdown & RCV_SHUTDOWN);
		inet_assert(RB_EMPTY_ROOT(&tp->out_of_order_queue));
	}
	if (bit & (TCPF(TCP_ESTABLISHED) | TCPF(TCP_SYN_SENT)))
		inet_assert(!sock_flag(sk, SOCK_DEAD));
	inet_assert(sk->sk_err >= 0 && sk->sk_err_soft >= 0);
}

void tcp_verify(struct sock *sk)
{
	u8 state = sk->sk_state;

	if (sock_owned_by_user(sk) || state == TCP_LISTEN || state == TCP_CLOSE)
		return;
	verify_state(sk);
	verify_send(sk);
	if (state != TCP_SYN_SENT)
		verify_receive(sk);
	verify_congestion(sk);
	verify_timers(sk);
	verify_buffers(sk);
	tcp_md5_verify(sk);
}

/* Requests and timewait socks: little, but as sure. */
static void tcp_verify_entry(void *arg, struct sock_common *skc)
{
	struct sock *sk = (struct sock *)skc;
	s64 *sent = arg;

	if (sk->sk_state == TCP_TIME_WAIT) {
		inet_assert(timer_pending(&inet_twsk(sk)->tw_timer));
		inet_assert(inet_twsk(sk)->tw_tb);
	} else if (sk->sk_state == TCP_NEW_SYN_RECV) {
		inet_assert(timer_pending(&inet_reqsk(sk)->rsk_timer));
	} else {
		*sent += sk->sk_wmem_queued + sk->sk_forward_alloc;
		tcp_verify(sk);
	}
}

void tcp_verify_all(struct net *net)
{
	s64 sent = 0;

	inet_ehash_each(net, tcp_verify_entry, &sent);
	verify_budget(net, sent);
}
