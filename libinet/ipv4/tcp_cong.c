/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: congestion control. The list of what there is, the parts that all have
 * in common, and Reno (RFC 5681).
 *
 * The window counts packets of at most one segment size each. A packet counts
 * as acknowledged when its last byte is, so a peer that acknowledges a packet
 * in many pieces gains nothing (RFC 3465), and one ACK opens the window by two
 * packets at most in slow start (its limit L = 2; L = 1 after a timeout).
 */
#include <errno.h>
#include <string.h>

#include "ipv4/tcp.h"

#define TCP_ABC_L 2u

/* ---- the list --------------------------------------------------------- */

static const struct tcp_congestion_ops *const tcp_cong_list[] = {
	&tcp_reno,
};

const struct tcp_congestion_ops *tcp_ca_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tcp_cong_list); i++)
		if (strcmp(tcp_cong_list[i]->name, name) == 0)
			return tcp_cong_list[i];
	return NULL;
}

void tcp_assign_congestion_control(struct sock *sk)
{
	struct net *net = sock_net(sk);

	inet_csk(sk)->icsk_ca_ops =
		tcp_ca_find(net->ipv4.sysctl_tcp_congestion_control);
	inet_assert(inet_csk(sk)->icsk_ca_ops);
}

void tcp_init_congestion_control(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_ca_initialized)
		return;
	memset(icsk->icsk_ca_priv, 0, sizeof(icsk->icsk_ca_priv));
	if (icsk->icsk_ca_ops->init)
		icsk->icsk_ca_ops->init(sk);
	icsk->icsk_ca_initialized = 1;
}

void tcp_cleanup_congestion_control(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_ca_initialized && icsk->icsk_ca_ops->release)
		icsk->icsk_ca_ops->release(sk);
	icsk->icsk_ca_initialized = 0;
}

int tcp_set_congestion_control(struct sock *sk, const char *name)
{
	const struct tcp_congestion_ops *ca = tcp_ca_find(name);
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (!ca)
		return -ENOENT;
	icsk->icsk_ca_setsockopt = 1;
	if (ca == icsk->icsk_ca_ops)
		return 0;
	tcp_cleanup_congestion_control(sk);
	icsk->icsk_ca_ops = ca;
	if (!(TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN))))
		tcp_init_congestion_control(sk);
	return 0;
}

/* ---- growing ---------------------------------------------------------- */

u32 tcp_slow_start(struct tcp_sock *tp, u32 acked)
{
	u32 cwnd = min(tp->snd_cwnd + acked, tp->snd_ssthresh);

	acked -= cwnd - tp->snd_cwnd;
	tp->snd_cwnd = min(cwnd, tp->snd_cwnd_clamp);
	return acked;
}

/* One packet more for each @w packets acknowledged. */
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked)
{
	if (tp->snd_cwnd_cnt >= w) {	/* credit from a larger window */
		tp->snd_cwnd_cnt = 0;
		tp->snd_cwnd++;
	}
	tp->snd_cwnd_cnt += acked;
	if (tp->snd_cwnd_cnt >= w) {
		tp->snd_cwnd += tp->snd_cwnd_cnt / w;
		tp->snd_cwnd_cnt %= w;
	}
	tp->snd_cwnd = min(tp->snd_cwnd, tp->snd_cwnd_clamp);
}

/* Did the window, and not the application, bound what was sent of late? Only
 * then is it right to widen it (RFC 7661). */
bool tcp_is_cwnd_limited(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tp->is_cwnd_limited)
		return true;
	return tcp_in_slow_start(tp) && tp->snd_cwnd < 2 * tp->max_packets_out;
}

/* The application used less than the window for an RTO: the window comes down
 * to what it used (RFC 2861). */
static void tcp_cwnd_application_limited(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 used;

	if (inet_csk(sk)->icsk_ca_state == TCP_CA_Open) {
		used = max(tp->snd_cwnd_used, TCP_INIT_CWND);
		if (used < tp->snd_cwnd) {
			tp->snd_ssthresh = max(tp->snd_ssthresh,
					       tp->snd_cwnd * 3 / 4);
			tp->snd_cwnd = (tp->snd_cwnd + used) / 2;
		}
		tp->snd_cwnd_used = 0;
	}
	tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
}

/* After sending: how much of the window is in use? */
void tcp_cwnd_validate(struct sock *sk, bool is_cwnd_limited)
{
	struct tcp_sock *tp = tcp_sk(sk);

	/* the largest flight of this window's worth of data counts */
	if (!before(tp->snd_una, tp->cwnd_usage_seq) || is_cwnd_limited ||
	    (!tp->is_cwnd_limited && tp->packets_out > tp->max_packets_out)) {
		tp->is_cwnd_limited = is_cwnd_limited;
		tp->max_packets_out = tp->packets_out;
		tp->cwnd_usage_seq = tp->snd_nxt;
	}
	if (tcp_is_cwnd_limited(sk)) {
		tp->snd_cwnd_used = 0;
		tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
		return;
	}
	tp->snd_cwnd_used = max(tp->snd_cwnd_used, tp->packets_out);
	if (READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_slow_start_after_idle) &&
	    tp->mstamp_ns - tp->snd_cwnd_stamp_ns >=
		    (u64)inet_csk(sk)->icsk_rto_us * NSEC_PER_USEC)
		tcp_cwnd_application_limited(sk);
}

/* RFC 5681 4.1: after each RTO of idleness half of the window is forgotten,
 * down to the restart window. */
void tcp_cwnd_restart(struct sock *sk, u64 idle_ns)
{
	u64 rto_ns = (u64)inet_csk(sk)->icsk_rto_us * NSEC_PER_USEC;
	struct tcp_sock *tp = tcp_sk(sk);
	u32 restart = min(TCP_INIT_CWND, tp->snd_cwnd);
	u32 cwnd = tp->snd_cwnd;

	tcp_ca_event(sk, CA_EVENT_CWND_RESTART);
	tp->snd_ssthresh = max(tp->snd_ssthresh, cwnd * 3 / 4);
	for (; idle_ns > rto_ns && cwnd > restart; idle_ns -= rto_ns)
		cwnd /= 2;
	tp->snd_cwnd = max(cwnd, restart);
	tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
	tp->snd_cwnd_used = 0;
}

/* ---- Reno ------------------------------------------------------------- */

/* RFC 5681 equation 4: half of the flight, at least two segments. */
u32 tcp_reno_ssthresh(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 flight = min(tp->snd_cwnd, tp->packets_out);

	return max(flight / 2, 2u);
}

u32 tcp_reno_undo_cwnd(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return max(tp->snd_cwnd, tp->undo.cwnd);
}

void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked)
{
	bool lossy = inet_csk(sk)->icsk_ca_state == TCP_CA_Loss;
	struct tcp_sock *tp = tcp_sk(sk);

	(void)ack;
	if (!tcp_is_cwnd_limited(sk))
		return;
	if (tcp_in_slow_start(tp)) {
		acked = min(acked, lossy ? 1 : TCP_ABC_L);
		acked = tcp_slow_start(tp, acked);
		if (!acked)
			return;
	}
	tcp_cong_avoid_ai(tp, tp->snd_cwnd, acked);
}

const struct tcp_congestion_ops tcp_reno = {
	.name = "reno",
	.ssthresh = tcp_reno_ssthresh,
	.undo_cwnd = tcp_reno_undo_cwnd,
	.cong_avoid = tcp_reno_cong_avoid,
};
