/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: the end of a connection as its user asks for it: shutdown(), close(),
 * disconnect(), and what lets go of everything a sock holds.
 *
 * RFC 9293 3.10.4 (CLOSE), 3.10.5 (ABORT); RFC 1122 4.2.2.13 (half-closed
 * connections; a close with unread data is a reset).
 */
#include <errno.h>

#include "ipv4/forward.h"
#include "ipv4/inet_common.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_chrono.h"

/* What close() makes of a state; TCP_ACTION_FIN: and a FIN must go out. */
#define TCP_ACTION_FIN 0x80
#define TCP_STATE_MASK 0x7f

static const u8 new_state[TCP_MAX_STATES] = {
	[TCP_ESTABLISHED] = TCP_FIN_WAIT1 | TCP_ACTION_FIN,
	[TCP_SYN_SENT] = TCP_CLOSE,
	[TCP_SYN_RECV] = TCP_FIN_WAIT1 | TCP_ACTION_FIN,
	[TCP_FIN_WAIT1] = TCP_FIN_WAIT1,
	[TCP_FIN_WAIT2] = TCP_FIN_WAIT2,
	[TCP_TIME_WAIT] = TCP_CLOSE,
	[TCP_CLOSE] = TCP_CLOSE,
	[TCP_CLOSE_WAIT] = TCP_LAST_ACK | TCP_ACTION_FIN,
	[TCP_LAST_ACK] = TCP_LAST_ACK,
	[TCP_LISTEN] = TCP_CLOSE,
	[TCP_CLOSING] = TCP_CLOSING,
	[TCP_NEW_SYN_RECV] = TCP_CLOSE,
};

/* Return: true when a FIN must be sent. */
static bool tcp_close_state(struct sock *sk)
{
	u8 next = new_state[sk->sk_state];

	tcp_set_state(sk, next & TCP_STATE_MASK);
	return next & TCP_ACTION_FIN;
}

/* Context: locked. */
void tcp_shutdown(struct sock *sk, int how)
{
	const u32 open = TCPF(TCP_ESTABLISHED) | TCPF(TCP_SYN_SENT) |
			 TCPF(TCP_CLOSE_WAIT);

	if (!(how & SEND_SHUTDOWN) || !(TCPF(sk->sk_state) & open))
		return;
	tcp_mstamp_refresh(sk);
	if (tcp_close_state(sk))
		tcp_send_fin(sk);
}

/* ---- orphans ---------------------------------------------------------- */

bool tcp_check_oom(struct sock *sk, int shift)
{
	u32 orphans = __atomic_load_n(&sock_net(sk)->ipv4.tcp->orphan_count,
				      __ATOMIC_RELAXED);

	if (orphans << shift > (u32)READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_max_orphans))
		return true;
	return sk->sk_wmem_queued > SOCK_MIN_SNDBUF &&
	       sk_under_memory_pressure(sk);
}

/* Both queues go; nothing is in flight any more. */
void tcp_write_queue_purge(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&tp->rtx_queue))) {
		tcp_tsorted_del(skb);
		tcp_wmem_free_skb(sk, skb);
	}
	tp->rtx_tree = RB_ROOT;
	tp->rtx_indexed = false;
	tp->retransmit_skb_hint = NULL;
	while ((skb = __skb_dequeue(&sk->sk_write_queue)))
		tcp_wmem_free_skb(sk, skb);
	tp->packets_out = 0;
	tcp_chrono_idle(tp);
	tp->tlp_out = tp->undo.armed = false;
	tp->retrans_out = tp->lost_out = tp->sacked_out = 0;
	inet_csk(sk)->icsk_backoff = 0;
	sk_mem_reclaim(sk);
}

/* Drops what nobody read. Return: octets of data among it. */
static u32 tcp_drop_unread(struct sock *sk)
{
	struct sk_buff *skb;
	u32 unread = 0, len;

	while ((skb = __skb_dequeue(&sk->sk_receive_queue))) {
		len = TCP_SKB_CB(skb)->end_seq - TCP_SKB_CB(skb)->seq;
		if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
			len--;
		/* what was read of the first one does not count */
		if (after(tcp_sk(sk)->copied_seq, TCP_SKB_CB(skb)->seq))
			len -= min(len, tcp_sk(sk)->copied_seq -
					TCP_SKB_CB(skb)->seq);
		unread += len;
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_CLOSED);
	}
	return unread;
}

/* How the connection ends: RST or FIN. Context: locked, still with a socket. */
static void tcp_close_send(struct sock *sk, u32 unread)
{
	struct net *net = sock_net(sk);

	if (unread) {
		/* RFC 2525 2.17, MUST: the peer learns that data was lost */
		INET_PROBE(UNREAD_AT_CLOSE);
		NET_INC_STATS(net, TCP_ABORTONCLOSE);
		tcp_set_state(sk, TCP_CLOSE);
		tcp_send_active_reset(sk);
	} else if (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime_ns) {
		NET_INC_STATS(net, TCP_ABORTONDATA);
		sk->sk_prot->disconnect(sk, 0);
	} else if (tcp_close_state(sk)) {
		tcp_send_fin(sk);
	}
}

/* FIN-WAIT-2 without a user: RFC 9293 lets it last for ever, but everybody
 * bounds it (tcp_fin_timeout). Context: bh_lock_sock, orphan. */
static void tcp_orphan_fin_wait2(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u64 timeo_ns;

	if (tp->linger2_s < 0) {
		tcp_send_active_reset(sk);
		tcp_done(sk);
		NET_INC_STATS(sock_net(sk), TCP_ABORTONLINGER);
		return;
	}
	timeo_ns = tcp_fin_time_ns(sk);
	if (timeo_ns > TCP_TIMEWAIT_LEN_NS)
		inet_csk_reset_keepalive_timer(sk,
					       timeo_ns - TCP_TIMEWAIT_LEN_NS);
	else	/* ends in tcp_done() */
		tcp_time_wait(sk, TCP_FIN_WAIT2, timeo_ns);
}

/* What becomes of the orphan. Context: bh_lock_sock. */
static void tcp_orphan(struct sock *sk)
{
	if (sk->sk_state == TCP_FIN_WAIT2) {
		tcp_orphan_fin_wait2(sk);
		return;
	}
	if (sk->sk_state != TCP_CLOSE && tcp_check_oom(sk, 0)) {
		tcp_set_state(sk, TCP_CLOSE);
		tcp_send_active_reset(sk);
		NET_INC_STATS(sock_net(sk), TCP_ABORTONMEMORY);
	}
	if (sk->sk_state == TCP_CLOSE)
		inet_csk_destroy_sock(sk);
}

/* Context: locks the sock itself; the caller's reference is consumed. */
void tcp_close(struct sock *sk, s64 timeout_ns)
{
	struct tcp_net *tn = sock_net(sk)->ipv4.tcp;
	u32 unread;
	u8 state;

	NET_ROAD(sock_net(sk), NULL);
	lock_sock(sk);
	tcp_mstamp_refresh(sk);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	if (sk->sk_state == TCP_LISTEN) {
		tcp_set_state(sk, TCP_CLOSE);
		inet_csk_listen_stop(sk);
	} else {
		unread = tcp_drop_unread(sk);
		if (sk->sk_state != TCP_CLOSE)
			tcp_close_send(sk, unread);
		if (sk->sk_state != TCP_CLOSE)
			sk_stream_wait_close(sk, timeout_ns);
	}
	state = sk->sk_state;
	sock_hold(sk);
	sock_orphan(sk);
	count_add(&tn->orphan_count, 1, sk_smp(sk));
	release_sock(sk);	/* the last one: nobody can own it any more */

	bh_lock_sock(sk);
	if (state == TCP_CLOSE || sk->sk_state != TCP_CLOSE)
		tcp_orphan(sk);	/* else it ended, and was freed, meanwhile */
	bh_unlock_sock(sk);
	sock_put(sk);
}

/* connect(AF_UNSPEC), and the hard half of linger 0. Context: locked. */
int tcp_disconnect(struct sock *sk, int flags)
{
	const u32 reset = TCPF(TCP_ESTABLISHED) | TCPF(TCP_CLOSE_WAIT) |
			  TCPF(TCP_FIN_WAIT1) | TCPF(TCP_FIN_WAIT2) |
			  TCPF(TCP_SYN_RECV);
	struct tcp_sock *tp = tcp_sk(sk);
	u8 old = sk->sk_state;

	(void)flags;
	tcp_mstamp_refresh(sk);
	if (old != TCP_CLOSE)
		tcp_set_state(sk, TCP_CLOSE);
	if (old == TCP_LISTEN) {
		inet_csk_listen_stop(sk);
	} else if ((TCPF(old) & reset) ||
		   (tp->snd_nxt != tp->write_seq &&
		    (TCPF(old) & (TCPF(TCP_CLOSING) | TCPF(TCP_LAST_ACK))))) {
		tcp_send_active_reset(sk);
		WRITE_ONCE(sk->sk_err, ECONNRESET);
	} else if (old == TCP_SYN_SENT) {
		WRITE_ONCE(sk->sk_err, ECONNRESET);
	}
	inet_csk_clear_xmit_timers(sk);
	skb_queue_purge_reason(&sk->sk_receive_queue,
			       SKB_DROP_REASON_TCP_ABORT);
	tcp_write_queue_purge(sk);
	tcp_ofo_queue_purge(sk);
	tcp_cleanup_congestion_control(sk);
	tcp_init_connection_state(sk);
	inet_assign_bit(DEFER_CONNECT, sk, false);
	tp->syn_fastopen = tp->syn_data = 0;
	tp->syn_data_acked = tp->passive_fastopen = 0;
	if (unlikely(tp->seldom))
		tcp_seldom_reset(sk);
	inet_csk_delack_init(sk);
	tp->window_clamp = 0;
	WRITE_ONCE(sk->sk_dport, 0);
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		WRITE_ONCE(sk->sk_rcv_saddr, 0);
		inet_sk(sk)->inet_saddr = 0;
	}
	WRITE_ONCE(sk->sk_shutdown, 0);
	sock_reset_flag(sk, SOCK_DONE);
	sk_dst_reset(sk);
	sk->sk_error_report(sk);
	return 0;
}

/* ---- CLOSE ------------------------------------------------------------ */

/* Out of the tables; its port to whoever wants it, unless it was asked for. */
static void tcp_leave_tables(struct sock *sk)
{
	sk->sk_prot->unhash(sk);
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
		inet_put_port(sk);
}

void tcp_set_state(struct sock *sk, int state)
{
	const u32 established = TCPF(TCP_ESTABLISHED) | TCPF(TCP_CLOSE_WAIT);
	u32 was = established >> sk->sk_state & 1;
	u32 is = established >> state & 1;

	if (is != was)
		NET_ADD_STATS(sock_net(sk), TCP_CURRESTAB, (u64)is - was);
	if (state == TCP_CLOSE) {
		NET_ADD_STATS(sock_net(sk), TCP_ESTABRESETS, was);
		if (unlikely(tcp_sk(sk)->forwarded))
			tcp_forward_done(sk);
		tcp_leave_tables(sk);
	}
	/* After unhash: who finds it hashed may trust its state. */
	WRITE_ONCE(sk->sk_state, (u8)state);
}

void tcp_done(struct sock *sk)
{
	if (sk->sk_state == TCP_SYN_SENT || sk->sk_state == TCP_SYN_RECV)
		NET_INC_STATS(sock_net(sk), TCP_ATTEMPTFAILS);
	tcp_set_state(sk, TCP_CLOSE);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	if (sock_flag(sk, SOCK_DEAD)) {
		inet_csk_destroy_sock(sk);
	} else {
		inet_csk_clear_xmit_timers(sk);
		sk_mem_reclaim(sk);
		sk->sk_state_change(sk);
	}
}

void tcp_v4_destroy_sock(struct sock *sk)
{
	inet_csk_clear_xmit_timers(sk);
	tcp_cleanup_congestion_control(sk);
	tcp_write_queue_purge(sk);
	tcp_ofo_queue_purge(sk);
	if (unlikely(tcp_sk(sk)->seldom))
		tcp_seldom_free(sk);
	inet_put_port(sk);
}
