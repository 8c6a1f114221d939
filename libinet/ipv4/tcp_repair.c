/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: moving a connection to another socket, perhaps of another stack
 * (TCP_REPAIR, as in Linux; inet-options(7) says how). A socket in repair is
 * taken apart and put together without a segment being sent: its struct proto is
 * another one, so that sockets that are not pay nothing.
 *
 *	connect()	makes it ESTABLISHED at once
 *	send()		fills the queue that TCP_REPAIR_QUEUE names: what the peer
 *			has not acknowledged, or what nobody has read
 *	recv()		peeks at it
 *	close()		forgets it, without a FIN or a RST
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/iov.h"
#include "core/skbuff.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_mtu_probe.h"
#include "ipv4/tcp_md5.h"
#include "ipv4/tcp_repair.h"
#include "ipv4/tcp_tstamp.h"

/* ---- queues ----------------------------------------------------------- */

/* Up to @most octets of @msg, and their place from @seq on. NULL: no memory. */
static struct sk_buff *repair_segment(struct sock *sk, struct inet_msg *msg,
				      u32 seq, u32 most)
{
	u32 len = (u32)min(msg->iter.count, (size_t)most);
	struct sk_buff *skb = tcp_stream_alloc_skb(sk, len, true);

	if (!skb)
		return NULL;
	len = min(len, skb_tailroom(skb));
	tcp_init_nondata_skb(skb, seq, TCPHDR_ACK | TCPHDR_PSH);
	copy_from_iter(skb_put(skb, len), len, &msg->iter);
	skb->ip_summed = CHECKSUM_PARTIAL;	/* nobody has summed it */
	TCP_SKB_CB(skb)->end_seq += len;
	return skb;
}

/* It was sent, long ago. */
static void repair_sent(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	skb->tstamp = tp->mstamp_ns;
	TCP_SKB_CB(skb)->sacked = TCPCB_EVER_RETRANS;	/* no round trip */
	tcp_connect_queue_skb(sk, skb);
	tp->snd_sml = tp->write_seq;
}

/* It came, and nobody has read it. Consumes. 0, -ENOMEM. */
static int repair_received(struct sock *sk, struct sk_buff *skb)
{
	if (!tcp_try_rmem_schedule(sk, skb)) {
		consume_skb(skb);
		return -ENOMEM;
	}
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (tcp_queue_rcv(sk, skb))
		consume_skb(skb);
	WRITE_ONCE(tcp_sk(sk)->rcv_wup, tcp_sk(sk)->rcv_nxt);
	return 0;
}

/* One segment of @msg into the queue. Return: octets, or -E: -EAGAIN and -ENOMEM
 * when the buffer of that direction is full. */
static int repair_fill_one(struct sock *sk, struct inet_msg *msg)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool sending = tp->repair_queue == TCP_SEND_QUEUE;
	struct sk_buff *skb;
	int len, err = 0;

	if (sending && !sk_stream_memory_free(sk))
		return -EAGAIN;
	skb = repair_segment(sk, msg, sending ? tp->write_seq : tp->rcv_nxt,
			     tp->mss_cache);
	if (!skb)
		return -ENOMEM;
	len = (int)skb->len;
	if (sending)
		repair_sent(sk, skb);
	else
		err = repair_received(sk, skb);
	return err ? err : len;
}

/* send(). Return: octets, or -E. */
static int repair_fill(struct sock *sk, struct inet_msg *msg)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int done = 0, n;

	if (tp->repair_queue == TCP_NO_QUEUE)
		return -EINVAL;
	if (sk->sk_state != TCP_ESTABLISHED)
		return -EPIPE;
	if (tp->repair_queue == TCP_SEND_QUEUE &&
	    !skb_queue_empty(&sk->sk_write_queue))
		return -EBUSY;		/* it would come before what waits */
	tcp_mstamp_refresh(sk);
	while (msg->iter.count) {
		n = repair_fill_one(sk, msg);
		if (n < 0)
			return done ? done : n;
		done += n;
	}
	return done;
}

static int tcp_repair_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	int ret;

	(void)len;
	lock_sock(sk);
	ret = repair_fill(sk, msg);
	release_sock(sk);
	return ret;
}

/* As much of @q from @*seq on as @msg has room for. Return: octets. */
static int repair_peek(const struct sk_buff_head *q, u32 *seq,
		       struct inet_msg *msg)
{
	const struct sk_buff *skb;
	int done = 0;
	u32 off, n;

	skb_queue_walk(q, skb) {
		off = *seq - TCP_SKB_CB(skb)->seq;
		if (off >= skb->len || !msg->iter.count)
			continue;
		n = (u32)min((size_t)(skb->len - off), msg->iter.count);
		(void)copy_to_iter(skb->data + off, n, &msg->iter);
		*seq += n;
		done += (int)n;
	}
	return done;
}

/* recv(), which only looks. Return: octets, or -E. */
static int tcp_repair_recvmsg(struct sock *sk, struct inet_msg *msg, size_t len,
			      int flags)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 seq;
	int ret;

	if (!(flags & MSG_PEEK))
		return -EPERM;
	if (tp->repair_queue == TCP_NO_QUEUE)
		return -EINVAL;
	if (tp->repair_queue == TCP_RECV_QUEUE)
		return tcp_recvmsg(sk, msg, len, flags | MSG_DONTWAIT);
	lock_sock(sk);
	seq = tp->snd_una;
	ret = repair_peek(&tp->rtx_queue, &seq, msg);
	ret += repair_peek(&sk->sk_write_queue, &seq, msg);
	release_sock(sk);
	return ret;
}

/* ---- the life of a socket in repair ----------------------------------- */

int tcp_repair_connect(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 rcv_nxt = tp->rcv_nxt;

	tcp_mstamp_refresh(sk);
	tcp_connect_init(sk);
	WRITE_ONCE(tp->rcv_nxt, rcv_nxt);
	WRITE_ONCE(tp->rcv_wup, rcv_nxt);
	WRITE_ONCE(tp->copied_seq, rcv_nxt);
	tp->tcp_header_len = TCP_HLEN_MIN + tcp_md5_header_len(tp);
	tp->rcv_tstamp_ns = tp->mstamp_ns;
	tp->rx_opt.mss_clamp = TCP_MSS_DEFAULT;
	tp->rx_opt.rcv_wscale = 0;
	tcp_finish_connect(sk);
	return 0;
}

/* Forgets the connection. Context: locked. */
static void repair_forget(struct sock *sk)
{
	if (sk->sk_state == TCP_CLOSE)
		return;
	tcp_set_state(sk, TCP_CLOSE);
	WRITE_ONCE(sk->sk_err, 0);
	inet_csk_clear_xmit_timers(sk);
	tcp_write_queue_purge(sk);
}

static void tcp_repair_close(struct sock *sk, s64 timeout_ns)
{
	lock_sock(sk);
	repair_forget(sk);
	release_sock(sk);
	tcp_close(sk, timeout_ns);
}

static int tcp_repair_disconnect(struct sock *sk, int flags)
{
	repair_forget(sk);
	return tcp_disconnect(sk, flags);
}

/* The calls of a socket that is in repair, or is not. */
static const struct proto *repair_proto(bool on)
{
	static const struct proto repair = {
		TCP_PROTO_COMMON,
		.close = tcp_repair_close,
		.disconnect = tcp_repair_disconnect,
		.sendmsg = tcp_repair_sendmsg,
		.recvmsg = tcp_repair_recvmsg,
	};

	return on ? &repair : &tcp_prot;
}

/* It lives again: what was sent waits for its ACK, and the peer is asked where it
 * is. */
static void repair_resume(struct sock *sk, bool probe)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (sk->sk_state != TCP_ESTABLISHED)
		return;
	tcp_mstamp_refresh(sk);
	if (tp->packets_out)
		tcp_rearm_rto(sk);
	if (probe)
		(void)tcp_write_wakeup(sk, true);
}

/* ---- the options ------------------------------------------------------ */

int tcp_set_repair(struct sock *sk, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool was = tp->repair;

	if (sk->sk_state == TCP_LISTEN)
		return -EPERM;
	if (val < TCP_REPAIR_OFF_NO_WP || val > TCP_REPAIR_ON)
		return -EINVAL;
	tp->repair = val == TCP_REPAIR_ON;
	tp->repair_queue = TCP_NO_QUEUE;
	WRITE_ONCE(sk->sk_prot, repair_proto(tp->repair));
	if (was && !tp->repair)
		repair_resume(sk, val == TCP_REPAIR_OFF);
	return 0;
}

int tcp_set_queue_seq(struct sock *sk, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (sk->sk_state != TCP_CLOSE)
		return -EPERM;
	switch (tp->repair_queue) {
	case TCP_SEND_QUEUE:
		WRITE_ONCE(tp->write_seq, (u32)val);
		return 0;
	case TCP_RECV_QUEUE:
		WRITE_ONCE(tp->rcv_nxt, (u32)val);
		WRITE_ONCE(tp->copied_seq, (u32)val);
		return 0;
	}
	return -EINVAL;
}

/* One of what the two had agreed on. 0 or -E. */
static int repair_option(struct sock *sk, const struct tcp_repair_opt *opt)
{
	struct tcp_sock *tp = tcp_sk(sk);

	switch (opt->opt_code) {
	case TCPOPT_MSS:
		tp->rx_opt.mss_clamp = (u16)opt->opt_val;
		tcp_mtup_init(sk);
		tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
		return 0;
	case TCPOPT_WINDOW:
		if ((opt->opt_val & 0xffff) > TCP_MAX_WINDOW_SHIFT ||
		    opt->opt_val >> 16 > TCP_MAX_WINDOW_SHIFT)
			return -EFBIG;
		tp->rx_opt.snd_wscale = opt->opt_val & 0xf;
		tp->rx_opt.rcv_wscale = opt->opt_val >> 16 & 0xf;
		tp->rx_opt.wscale_ok = 1;
		return 0;
	case TCPOPT_SACK_PERM:
		if (opt->opt_val)
			return -EINVAL;
		tp->rx_opt.sack_ok = 1;
		return 0;
	case TCPOPT_TIMESTAMP:
		if (opt->opt_val)
			return -EINVAL;
		if (!tp->rx_opt.tstamp_ok) {
			tp->rx_opt.tstamp_ok = 1;
			tp->tcp_header_len += TCPOLEN_TSTAMP_ALIGNED;
			tp->advmss -= TCPOLEN_TSTAMP_ALIGNED;
			tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
		}
		return 0;
	}
	return 0;
}

int tcp_set_repair_options(struct sock *sk, const void *val, socklen_t len)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_repair_opt opt;
	size_t at;
	int err = 0;

	if (!tp->repair)
		return -EINVAL;
	if (sk->sk_state != TCP_ESTABLISHED || tp->bytes_sent)
		return -EPERM;
	for (at = 0; !err && at + sizeof(opt) <= len; at += sizeof(opt)) {
		memcpy(&opt, (const u8 *)val + at, sizeof(opt));
		err = repair_option(sk, &opt);
	}
	return err;
}

int tcp_set_repair_window(struct sock *sk, const void *val, socklen_t len)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_repair_window w;

	if (len < sizeof(int))
		return -EINVAL;
	if (!tp->repair)
		return -EPERM;
	if (len != sizeof(w))
		return -EINVAL;
	memcpy(&w, val, sizeof(w));
	if (w.max_window < w.snd_wnd ||
	    after(w.snd_wl1, tp->rcv_nxt + w.rcv_wnd) ||
	    after(w.rcv_wup, tp->rcv_nxt))
		return -EINVAL;
	tp->snd_wl1 = w.snd_wl1;
	tp->snd_wnd = w.snd_wnd;
	tp->max_window = w.max_window;
	WRITE_ONCE(tp->rcv_wnd, w.rcv_wnd);
	WRITE_ONCE(tp->rcv_wup, w.rcv_wup);
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	return 0;
}

int tcp_get_repair_window(struct sock *sk, void *val, socklen_t *len)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_repair_window w = {
		.snd_wl1 = tp->snd_wl1, .snd_wnd = tp->snd_wnd,
		.max_window = tp->max_window, .rcv_wnd = tp->rcv_wnd,
		.rcv_wup = tp->rcv_wup,
	};

	if (*len != sizeof(w))
		return -EINVAL;
	if (!tp->repair)
		return -EPERM;
	memcpy(val, &w, sizeof(w));
	return 0;
}
