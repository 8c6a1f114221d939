/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: reading the stream. sk_receive_queue holds in-order text, headers
 * pulled; tp->copied_seq is the next octet for the reader. An urgent octet
 * that is not inline stands in the way once: reading stops before it and then
 * skips it.
 *
 * A reader who wants frames (inet_msg.lend) gets the packets instead of copies,
 * by the same rules. They stay charged, so the window opens when he gives them
 * back.
 */
#include <errno.h>

#include "core/loan.h"
#include "ipv4/ip.h"
#include "ipv4/tcp_tstamp.h"

/* One call of recvmsg on its way. */
struct tcp_reader {
	struct sock *sk;
	struct inet_msg *msg;
	u32 *seq;		/* copied_seq, or the peeker's own */
	u32 peek_seq;
	size_t len;		/* still wanted */
	int flags;
	int target;		/* return no less, if it may wait */
	int copied;
	s64 timeo_ns;
	u64 tstamp;		/* when the last segment read arrived */
};

/* The segment that holds *seq, and how far into it. NULL: not here yet. */
static struct sk_buff *tcp_recv_skb(struct sock *sk, u32 seq, u32 *off)
{
	struct sk_buff *skb;

	INET_WALK(RECEIVE_QUEUE);
	skb_queue_walk(&sk->sk_receive_queue, skb) {
		INET_STEP(RECEIVE_QUEUE);
		*off = seq - TCP_SKB_CB(skb)->seq;
		if (*off < skb->len ||
		    (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN))
			return skb;
	}
	return NULL;
}

/* The reader has @n octets of the sequence; tcp_poll() may look meanwhile. */
static inline void tcp_reader_step(const struct tcp_reader *r, u32 n)
{
	WRITE_ONCE(*r->seq, *r->seq + n);
}

/* All of @skb was read, @lent: by who has it now. */
static void tcp_eat_recv_skb(struct tcp_reader *r, struct sk_buff *skb,
			     bool lent)
{
	__skb_unlink(skb, &r->sk->sk_receive_queue);
	if (unlikely(lent))
		skb_lender_take(r->msg->lend, skb);
	else
		consume_skb(skb);
}

/* @len octets at @off to the reader. Return: how many he took. */
static u32 tcp_reader_give(struct tcp_reader *r, const struct sk_buff *skb,
			   u32 off, u32 len)
{
	if (likely(!r->msg->lend)) {
		skb_copy_datagram_msg(skb, off, r->msg, len);
		return len;
	}
	len = skb_lend(r->msg->lend, skb, off, len);
	if (skb_lender_full(r->msg->lend))
		r->len = len;		/* the last ones */
	return len;
}

/* Octets that a read would give now. Context: locked. */
u32 tcp_inq(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 n;

	if (TCPF(sk->sk_state) & (TCPF(TCP_SYN_SENT) | TCPF(TCP_SYN_RECV)))
		return 0;
	if (sock_flag(sk, SOCK_URGINLINE) || !tp->urg_data ||
	    before(tp->urg_seq, tp->copied_seq) ||
	    !before(tp->urg_seq, tp->rcv_nxt)) {
		n = tp->rcv_nxt - tp->copied_seq;
		if (n && sock_flag(sk, SOCK_DONE))
			n--;		/* the FIN */
		return n;
	}
	return tp->urg_seq - tp->copied_seq;
}

/*
 * SWS avoidance at the receiver (RFC 9293 3.8.6.2.2): tells the peer that the
 * window opened when it opened twofold, or an ACK is due anyway.
 */
void tcp_cleanup_rbuf(struct sock *sk, u32 copied)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool time_to_ack = false;
	u32 now, next;

	if (inet_csk_ack_scheduled(sk)) {
		if (tp->rcv_nxt - tp->rcv_wup > icsk->icsk_ack.rcv_mss ||
		    (copied > 0 &&
		     ((icsk->icsk_ack.pending & ICSK_ACK_PUSHED2) ||
		      ((icsk->icsk_ack.pending & ICSK_ACK_PUSHED) &&
		       !inet_csk_in_pingpong_mode(sk))) &&
		     !sk_rmem_alloc_get(sk)))
			time_to_ack = true;
	}
	if (copied > 0 && !time_to_ack && !(sk->sk_shutdown & RCV_SHUTDOWN)) {
		now = tcp_receive_window(tp);
		if (2 * now <= tp->window_clamp) {
			next = min(__tcp_select_window(sk),
				   tcp_largest_window(sk));
			time_to_ack = next && next >= 2 * now;
		}
	}
	if (time_to_ack) {
		INET_PROBE(WINDOW_UPDATE);
		tcp_mstamp_refresh(sk);
		tcp_send_ack(sk);
	}
	/* what was read is for everybody, if it is wanted or not needed here */
	if (unlikely(sk_under_memory_pressure(sk) || sk->sk_state == TCP_CLOSE))
		sk_mem_reclaim(sk);
}

/*
 * Stops @used before the urgent octet, or lets it start behind it. Return:
 * octets that may be copied at @off now.
 */
static u32 tcp_reader_urgent(struct tcp_reader *r, u32 *off, u32 used)
{
	struct tcp_sock *tp = tcp_sk(r->sk);
	u32 urg_off = tp->urg_seq - *r->seq;

	if (!tp->urg_data || urg_off >= used)
		return used;
	if (urg_off)
		return urg_off;
	if (sock_flag(r->sk, SOCK_URGINLINE))
		return used;
	tcp_reader_step(r, 1);		/* not in the stream: skip it */
	(*off)++;
	return used - 1;
}

/* Takes what the reader wants out of @skb. Return: false when it is the end
 * of the stream. */
static bool tcp_reader_copy(struct tcp_reader *r, struct sk_buff *skb, u32 off)
{
	struct tcp_sock *tp = tcp_sk(r->sk);
	bool fin = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;
	bool lent = false;
	u32 used = 0;

	if (off < skb->len) {
		used = (u32)min((size_t)(skb->len - off), r->len);
		used = tcp_reader_urgent(r, &off, used);
		if (used && !(r->flags & MSG_TRUNC)) {
			used = tcp_reader_give(r, skb, off, used);
			lent = r->msg->lend;
		}
		r->tstamp = skb->tstamp;
		tcp_reader_step(r, used);
		r->copied += (int)used;
		r->len -= used;
		if (!(r->flags & MSG_PEEK))
			tcp_rcv_space_adjust(r->sk);
	}
	if (tp->urg_data && after(tp->copied_seq, tp->urg_seq)) {
		WRITE_ONCE(tp->urg_data, 0);
		tcp_fast_path_check(r->sk);
	}
	if (off + used < skb->len) {
		if (unlikely(lent))
			skb_lender_share(r->msg->lend, skb);
		return true;
	}
	if (fin)
		tcp_reader_step(r, 1);
	if (!(r->flags & MSG_PEEK))
		tcp_eat_recv_skb(r, skb, lent);
	return !fin;
}

/* Nothing to copy: is the call over? Return: 1 over (r->copied is the
 * answer), 0 wait, -E. */
static int tcp_reader_done(struct tcp_reader *r)
{
	struct sock *sk = r->sk;

	if (r->copied) {
		return r->copied >= r->target || sk->sk_err ||
		       sk->sk_state == TCP_CLOSE ||
		       (sk->sk_shutdown & RCV_SHUTDOWN) || !r->timeo_ns ||
		       (r->flags & MSG_PEEK);
	}
	if (sock_flag(sk, SOCK_DONE))
		return 1;
	if (sk->sk_err)
		return sock_error(sk);
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		return 1;
	if (sk->sk_state == TCP_CLOSE)
		return -ENOTCONN;	/* it was never connected */
	return r->timeo_ns ? 0 : -EAGAIN;
}

static bool tcp_at_urgent(const struct tcp_reader *r)
{
	const struct tcp_sock *tp = tcp_sk(r->sk);

	return tp->urg_data && tp->urg_seq == *r->seq;
}

/* The loop of a read: copies, waits. Return: 0 or -E. */
static int tcp_reader_run(struct tcp_reader *r)
{
	struct sock *sk = r->sk;
	struct sk_buff *skb;
	u32 off;
	int ret;

	/* once at least: a call for no octets learns of errors, too */
	do {
		/* Out-of-band data ends a read once (POSIX SIGURG rules). */
		if (r->copied && tcp_at_urgent(r)) {
			INET_PROBE(URGENT_READ);
			return 0;
		}
		if (r->copied && INET_BUGGIFY(SHORT_READ))
			return 0;
		skb = tcp_recv_skb(sk, *r->seq, &off);
		if (skb) {
			if (!tcp_reader_copy(r, skb, off))
				return 0;
			continue;
		}
		if (r->copied >= r->target && !READ_ONCE(sk->sk_backlog.tail))
			return 0;
		ret = tcp_reader_done(r);
		if (ret)
			return ret < 0 ? ret : 0;
		tcp_cleanup_rbuf(sk, (u32)r->copied);
		ret = sk_wait_data(sk, &r->timeo_ns,
				   skb_peek_tail(&sk->sk_receive_queue));
		if (ret)
			return r->copied ? 0 : ret;
	} while (r->len > 0);
	return 0;
}

/* What the reader wants to know beside the text. */
static __noinline void tcp_recv_cmsgs(const struct tcp_reader *r)
{
	struct sock *sk = r->sk;
	int inq;

	if (r->copied && sock_wants_rx_tstamp(sk))
		sock_recv_timestamp(r->msg, sk, r->tstamp);
	if (tcp_sk(sk)->recvmsg_inq) {
		inq = (int)tcp_inq(sk);
		if (!inq && sock_flag(sk, SOCK_DONE))
			inq = 1;	/* the end is there to be read */
		put_cmsg(r->msg, IPPROTO_TCP, TCP_CM_INQ, sizeof(inq), &inq);
	}
}

/* Context: locks the sock. Return: octets, 0 at the end, -E. */
int tcp_recvmsg(struct sock *sk, struct inet_msg *msg, size_t len, int flags)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_reader r = { .sk = sk, .msg = msg, .len = len,
				.flags = flags, .seq = &tp->copied_seq };
	int ret;

	NET_ROAD(sock_net(sk), NULL);
	if (unlikely(flags & MSG_ERRQUEUE))
		return ip_recv_error(sk, msg, len);
	lock_sock(sk);
	ret = -ENOTCONN;
	if (sk->sk_state == TCP_LISTEN)
		goto out;
	r.timeo_ns = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	if (flags & MSG_OOB) {
		ret = tcp_recv_urg(sk, msg, len, flags);
		goto out;
	}
	if (flags & MSG_PEEK) {
		r.peek_seq = tp->copied_seq;
		r.seq = &r.peek_seq;
	}
	r.target = max(flags & MSG_WAITALL ? (s32)len :
					     min(sk->sk_rcvlowat, (s32)len), 1);
	ret = tcp_reader_run(&r);
	if (!ret || r.copied)
		ret = r.copied;
	tcp_cleanup_rbuf(sk, (u32)r.copied);
	if (unlikely(tp->recvmsg_inq || sock_wants_rx_tstamp(sk)) && ret >= 0)
		tcp_recv_cmsgs(&r);
out:
	release_sock(sk);
	return ret;
}

/* As a softnet that has a segment for the sock: an orphan has no owner. The
 * window may open. */
void tcp_frames_put(struct sock *sk, struct skb_loan *loan)
{
	const u32 open = TCPF(TCP_ESTABLISHED) | TCPF(TCP_FIN_WAIT1) |
			 TCPF(TCP_FIN_WAIT2);

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk))
		__lock_sock(sk);
	skb_loan_free(loan);
	if (TCPF(sk->sk_state) & open)
		tcp_cleanup_rbuf(sk, 1);
	else			/* perhaps the last that knows of the sock */
		sk_mem_reclaim(sk);
	bh_unlock_sock(sk);
}
