/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: urgent data (RFC 9293 3.8.5, RFC 6093).
 *
 * The pointer names the octet behind the urgent one, unless tcp_stdurg says
 * that this peer follows the letter of RFC 1122. One octet is urgent at a
 * time; it is read with MSG_OOB, or in its place in the stream (SO_OOBINLINE).
 * Readers of the stream stop at the mark, so that SIOCATMARK can be asked.
 */
#include <errno.h>

#include "core/skbuff.h"
#include "ipv4/tcp.h"

/* The next octet to be read is an urgent one that nobody read: it is lost from
 * the urgent mark, and is skipped, so that the mark may move on. */
static void tcp_urg_overtaken(struct sock *sk)
{
	struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);
	struct tcp_sock *tp = tcp_sk(sk);

	if (tp->urg_seq != tp->copied_seq || !tp->urg_data ||
	    sock_flag(sk, SOCK_URGINLINE) || tp->copied_seq == tp->rcv_nxt)
		return;
	tp->copied_seq++;
	if (skb && !before(tp->copied_seq, TCP_SKB_CB(skb)->end_seq)) {
		__skb_unlink(skb, &sk->sk_receive_queue);
		consume_skb(skb);
	}
}

/* A segment carries an urgent pointer: is it news? */
void tcp_check_urg(struct sock *sk, const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 ptr = ntohs(th->urg_ptr);

	if (ptr && !READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_stdurg))
		ptr--;
	ptr += ntohl(th->seq);

	/* behind what was read: the octet is gone (or never was: pointer 0) */
	if (after(tp->copied_seq, ptr))
		return;
	/* before what is in order: it was part of the stream already */
	if (before(ptr, tp->rcv_nxt))
		return;
	if (tp->urg_data && !after(ptr, tp->urg_seq))
		return;
	tcp_urg_overtaken(sk);
	WRITE_ONCE(tp->urg_data, TCP_URG_NOTYET);
	WRITE_ONCE(tp->urg_seq, ptr);
	tp->pred_flags = 0;		/* no fast path while it is pending */
	/* MUST-32: told as soon as the pointer is known */
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
}

/* @skb with its header: takes the urgent octet out of it if it is there. */
void tcp_urg(struct sock *sk, const struct sk_buff *skb,
	     const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 off;
	u8 octet;

	if (th->urg)
		tcp_check_urg(sk, th);
	if (tp->urg_data != TCP_URG_NOTYET)
		return;
	off = tp->urg_seq - ntohl(th->seq) + __tcp_hdrlen(th) - th->syn;
	if (off >= skb->len || off < __tcp_hdrlen(th))
		return;
	if (skb_copy_bits(skb, off, &octet, 1))
		return;
	WRITE_ONCE(tp->urg_data, (u16)(TCP_URG_VALID | octet));
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
}

/* recv(MSG_OOB). Context: owner. */
int tcp_recv_urg(struct sock *sk, struct inet_msg *msg, size_t len, int flags)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 octet = (u8)tp->urg_data;

	if (sock_flag(sk, SOCK_URGINLINE) || !tp->urg_data ||
	    tp->urg_data == TCP_URG_READ)
		return -EINVAL;		/* there is none, or not any more */
	if (sk->sk_state == TCP_CLOSE && !sock_flag(sk, SOCK_DONE))
		return -ENOTCONN;
	if (!(tp->urg_data & TCP_URG_VALID)) {
		if (sk->sk_state == TCP_CLOSE ||
		    (sk->sk_shutdown & RCV_SHUTDOWN))
			return 0;
		return -EAGAIN;		/* announced, on its way: never waits */
	}
	if (!(flags & MSG_PEEK))
		WRITE_ONCE(tp->urg_data, TCP_URG_READ);
	msg->flags |= MSG_OOB;
	if (!len) {
		msg->flags |= MSG_TRUNC;
		return 0;
	}
	if (!(flags & MSG_TRUNC) && copy_to_iter(&octet, 1, &msg->iter) != 1)
		return -EFAULT;
	return 1;
}
