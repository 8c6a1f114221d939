/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: what happens when nothing happens.
 *
 * Three timers per connection: icsk_retransmit_timer (retransmission or window
 * probe, as icsk_pending says), icsk_delack_timer, and sk_timer (keep-alive,
 * FIN-WAIT-2). The first two are moved lazily: the wheel may fire one before
 * its time, and the handler then sends it on its way again. An armed timer
 * holds a reference to the sock. When it finds the sock owned, the work is
 * left to tcp_release_cb(), and so is the reference.
 *
 * RFC 6298 5 (RTO), RFC 9293 3.8.3 (R1, R2), 3.8.4 (keep-alive), 3.8.6.1
 * (zero window probes), RFC 5482 (user timeout).
 */
#include <errno.h>

#include "ipv4/tcp.h"

#define KEEPALIVE_BUSY_NS (50 * NSEC_PER_MSEC)	/* sock owned: try again */
#define ORPHAN_RETRIES_ALIVE 8

static u64 us_to_ns(u32 us)
{
	return (u64)us * NSEC_PER_USEC;
}

/* ---- giving up -------------------------------------------------------- */

/* The connection is dead: the user learns ETIMEDOUT, or what ICMP said. */
static void tcp_write_err(struct sock *sk)
{
	WRITE_ONCE(sk->sk_err, sk->sk_err_soft ? sk->sk_err_soft : ETIMEDOUT);
	sk->sk_error_report(sk);
	tcp_write_queue_purge(sk);
	tcp_done(sk);
	NET_INC_STATS(sock_net(sk), TCP_ABORTONTIMEOUT);
}

/* An orphan that costs too much ends early. Return: true: it is gone. */
static bool tcp_out_of_resources(struct sock *sk, bool do_reset)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u64 idle_ns = tp->mstamp_ns - tp->lsndtime_ns;
	int shift = 0;

	if (idle_ns > 2 * us_to_ns(TCP_RTO_MAX_US) || !do_reset)
		shift++;
	if (sk->sk_err_soft)
		shift++;
	if (!tcp_check_oom(sk, shift))
		return false;
	if (idle_ns <= TCP_TIMEWAIT_LEN_NS ||
	    (!tp->snd_wnd && !tp->packets_out))
		do_reset = true;
	if (do_reset)
		tcp_send_active_reset(sk);
	tcp_done(sk);
	NET_INC_STATS(sock_net(sk), TCP_ABORTONMEMORY);
	return true;
}

static u32 tcp_orphan_retries(const struct sock *sk, bool alive)
{
	u32 retries = (u32)sock_net(sk)->ipv4.sysctl_tcp_orphan_retries;

	if (sk->sk_err_soft && !alive)
		return 0;
	return !retries && alive ? ORPHAN_RETRIES_ALIVE : retries;
}

/* How long @boundary timeouts take, the first @base_us, doubling to the
 * maximum. */
static u64 tcp_model_timeout_us(const struct sock *sk, u32 boundary,
				u32 base_us)
{
	u64 max_us = inet_csk(sk)->icsk_rto_max_us, step = base_us, sum = 0;
	u32 i;

	for (i = 0; i <= boundary && i < 256; i++) {
		sum += step;
		step = min(step * 2, max_us);
	}
	return sum;
}

/*
 * Has the head of the queue been retransmitted for as long as @boundary
 * timeouts take (@timeout_ms 0), or for @timeout_ms? By time, not by count: a
 * short RTO must not end a connection early.
 */
static bool retransmits_timed_out(struct sock *sk, u32 boundary,
				  u32 timeout_ms)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool syn = TCPF(sk->sk_state) & (TCPF(TCP_SYN_SENT) |
					 TCPF(TCP_SYN_RECV));
	u32 base = syn ? TCP_TIMEOUT_INIT_US : inet_csk(sk)->icsk_rto_min_us;
	u64 limit_ns = timeout_ms * NSEC_PER_MSEC;

	if (!inet_csk(sk)->icsk_retransmits || !tp->retrans_stamp_ns)
		return false;
	if (!limit_ns)
		limit_ns = tcp_model_timeout_us(sk, boundary, base) *
			   NSEC_PER_USEC;
	return tp->mstamp_ns - tp->retrans_stamp_ns >= limit_ns;
}

/* R1: the path may be dead, ask IP for another (RFC 9293 MUST-20). */
static void tcp_negative_advice(struct sock *sk)
{
	struct dst_entry *dst = sk->sk_dst_cache;

	if (dst && dst->ops->negative_advice)
		dst->ops->negative_advice(sk, dst);
}

/* Is it time to give up (R2)? Return: true: the connection is gone. */
static bool tcp_write_timeout(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	bool expired = false, alive;
	u32 until;

	if (TCPF(sk->sk_state) & (TCPF(TCP_SYN_SENT) | TCPF(TCP_SYN_RECV))) {
		if (icsk->icsk_retransmits)
			tcp_negative_advice(sk);
		until = icsk->icsk_syn_retries ? icsk->icsk_syn_retries :
			(u32)ipv4->sysctl_tcp_syn_retries;
		expired = icsk->icsk_retransmits >= until;
	} else {
		if (retransmits_timed_out(sk, (u32)ipv4->sysctl_tcp_retries1,
					  0))
			tcp_negative_advice(sk);
		until = (u32)ipv4->sysctl_tcp_retries2;
		if (sock_flag(sk, SOCK_DEAD)) {
			alive = icsk->icsk_rto_us < icsk->icsk_rto_max_us;
			until = tcp_orphan_retries(sk, alive);
			if (tcp_out_of_resources(sk, alive ||
					!retransmits_timed_out(sk, until, 0)))
				return true;
		}
	}
	if (!expired && (icsk->icsk_user_timeout_ms || !(TCPF(sk->sk_state) &
	    (TCPF(TCP_SYN_SENT) | TCPF(TCP_SYN_RECV)))))
		expired = retransmits_timed_out(sk, until,
						icsk->icsk_user_timeout_ms);
	if (!expired)
		return false;
	tcp_write_err(sk);
	return true;
}

/* ---- retransmission --------------------------------------------------- */

static void tcp_rearm_backed_off(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	/* RFC 6298 5.5: back off */
	icsk->icsk_rto_us = min(icsk->icsk_rto_us << 1,
				icsk->icsk_rto_max_us);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS,
				  tcp_sk(sk)->mstamp_ns,
				  us_to_ns(icsk->icsk_rto_us));
	if (retransmits_timed_out(sk, (u32)sock_net(sk)->ipv4.
				  sysctl_tcp_retries1 + 1, 0))
		sk_dst_reset(sk);
}

/*
 * The peer took its window back (RFC 9293 3.8.6, SHLD-17): the segments in
 * flight are probes now. Only a silent peer ends the connection.
 */
static void tcp_retransmit_shrunk(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tp->mstamp_ns - tp->rcv_tstamp_ns > us_to_ns(TCP_RTO_MAX_US) &&
	    inet_csk(sk)->icsk_retransmits >
	    sock_net(sk)->ipv4.sysctl_tcp_retries2) {
		tcp_write_err(sk);
		return;
	}
	tcp_enter_loss(sk);
	tcp_retransmit_skb(sk, tcp_rtx_queue_head(sk));
	sk_dst_reset(sk);
	inet_csk(sk)->icsk_retransmits++;
	tcp_rearm_backed_off(sk);
}

/* RFC 6298 5.4 - 5.7. */
static void tcp_retransmit_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->packets_out)
		return;
	inet_assert(!tcp_rtx_queue_empty(sk));
	if (!tp->snd_wnd && !sock_flag(sk, SOCK_DEAD) &&
	    !(TCPF(sk->sk_state) & (TCPF(TCP_SYN_SENT) |
				   TCPF(TCP_SYN_RECV)))) {
		tcp_retransmit_shrunk(sk);
		return;
	}
	if (tcp_write_timeout(sk))
		return;
	if (!icsk->icsk_retransmits)
		NET_INC_STATS(sock_net(sk), TCP_TIMEOUTS);
	tcp_enter_loss(sk);
	icsk->icsk_retransmits++;
	if (tcp_retransmit_skb(sk, tcp_rtx_queue_head(sk)) > 0) {
		/* Refused below us: that is no loss, try again soon. */
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tp->mstamp_ns,
			us_to_ns(min(icsk->icsk_rto_us,
				     TCP_RESOURCE_PROBE_INTERVAL_US)));
		return;
	}
	icsk->icsk_backoff++;
	tcp_rearm_backed_off(sk);
}

/* ---- window probes ---------------------------------------------------- */

/* RFC 9293 3.8.6.1: for ever while they are answered (MUST-37), since every
 * answer sets icsk_probes_out to 0. */
static void tcp_probe_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 max_probes = (u32)sock_net(sk)->ipv4.sysctl_tcp_retries2;
	u64 waited_ns;
	bool alive;

	if (tp->packets_out || tcp_write_queue_empty(sk)) {
		icsk->icsk_probes_out = 0;
		icsk->icsk_probes_tstamp_ns = 0;
		return;
	}
	if (!icsk->icsk_probes_tstamp_ns)
		icsk->icsk_probes_tstamp_ns = tp->mstamp_ns;
	waited_ns = tp->mstamp_ns - icsk->icsk_probes_tstamp_ns;
	if (icsk->icsk_user_timeout_ms &&
	    waited_ns >= icsk->icsk_user_timeout_ms * NSEC_PER_MSEC) {
		tcp_write_err(sk);
		return;
	}
	if (sock_flag(sk, SOCK_DEAD)) {
		alive = ((u64)icsk->icsk_rto_us << icsk->icsk_backoff) <
			icsk->icsk_rto_max_us;
		max_probes = tcp_orphan_retries(sk, alive);
		if (!alive && icsk->icsk_backoff >= max_probes) {
			tcp_write_err(sk);
			return;
		}
		if (tcp_out_of_resources(sk, true))
			return;
	}
	if (icsk->icsk_probes_out >= max_probes)
		tcp_write_err(sk);
	else
		tcp_send_probe0(sk);
}

/* Context: bh_lock_sock() and not owned, or owner; mstamp fresh. */
void tcp_write_timer_handler(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u8 event = icsk->icsk_pending;

	if ((TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN))) ||
	    !event)
		return;
	if (icsk->icsk_timeout_ns > tcp_sk(sk)->mstamp_ns) {
		sk_reset_timer(sk, &icsk->icsk_retransmit_timer,
			       icsk->icsk_timeout_ns);
		return;
	}
	icsk->icsk_pending = 0;
	if (event == ICSK_TIME_RETRANS)
		tcp_retransmit_timer(sk);
	else
		tcp_probe_timer(sk);
}

/* Runs @handler now, or leaves it to the owner. Consumes the reference of
 * the timer. */
static void tcp_timer_fire(struct sock *sk, u8 deferred,
			   void (*handler)(struct sock *sk))
{
	struct tcp_sock *tp = tcp_sk(sk);

	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk)) {
		tcp_mstamp_refresh(sk);
		handler(sk);
	} else if (!(__atomic_fetch_or(&tp->deferred, deferred,
				       __ATOMIC_ACQ_REL) & deferred)) {
		sock_hold(sk);
	}
	bh_unlock_sock(sk);
	sock_put(sk);
}

static void tcp_write_timer(struct timer_list *t)
{
	struct inet_connection_sock *icsk =
		from_timer(icsk, t, icsk_retransmit_timer);

	tcp_timer_fire(&icsk->icsk_inet.sk, TCP_WRITE_TIMER_DEFERRED,
		       tcp_write_timer_handler);
}

/* ---- delayed ACK ------------------------------------------------------ */

void tcp_delack_timer_handler(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if ((TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN))) ||
	    !(icsk->icsk_ack.pending & ICSK_ACK_TIMER))
		return;
	if (icsk->icsk_ack.timeout_ns > tcp_sk(sk)->mstamp_ns) {
		sk_reset_timer(sk, &icsk->icsk_delack_timer,
			       icsk->icsk_ack.timeout_ns);
		return;
	}
	icsk->icsk_ack.pending &= (u8)~ICSK_ACK_TIMER;
	if (!inet_csk_ack_scheduled(sk))
		return;
	if (!inet_csk_in_pingpong_mode(sk)) {
		/* The guess was too short: wait longer next time. */
		icsk->icsk_ack.ato_us = min(icsk->icsk_ack.ato_us << 1,
					    icsk->icsk_rto_us);
	} else {
		/* No answer to ride on came: it is not interactive. */
		inet_csk_exit_pingpong_mode(sk);
		icsk->icsk_ack.ato_us = TCP_ATO_MIN_US;
	}
	tcp_send_ack(sk);
	NET_INC_STATS(sock_net(sk), TCP_DELAYEDACKS);
}

static void tcp_delack_timer(struct timer_list *t)
{
	struct inet_connection_sock *icsk =
		from_timer(icsk, t, icsk_delack_timer);

	tcp_timer_fire(&icsk->icsk_inet.sk, TCP_DELACK_TIMER_DEFERRED,
		       tcp_delack_timer_handler);
}

/* ---- keep-alive, FIN-WAIT-2 ------------------------------------------- */

/* An orphan's FIN-WAIT-2 ends: as a timewait sock, or at once. */
static void tcp_fin_wait2_timer(struct sock *sk)
{
	s64 rest = (s64)(tcp_fin_time_ns(sk) - TCP_TIMEWAIT_LEN_NS);

	if (tcp_sk(sk)->linger2_s >= 0 && rest > 0) {
		tcp_time_wait(sk, TCP_FIN_WAIT2, (u64)rest);
		return;
	}
	tcp_send_active_reset(sk);
	tcp_done(sk);
}

/* Is the peer taken for dead after @idle_ns of silence? One unanswered probe
 * never is enough (MUST-29). */
static bool tcp_keepalive_dead(const struct sock *sk, u64 idle_ns)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	u32 probes = tcp_sk(sk)->keepalive_probes;

	if (icsk->icsk_user_timeout_ms)
		return icsk->icsk_probes_out > 0 &&
		       idle_ns >= icsk->icsk_user_timeout_ms * NSEC_PER_MSEC;
	if (!probes)
		probes = (u32)sock_net(sk)->ipv4.sysctl_tcp_keepalive_probes;
	return icsk->icsk_probes_out >= probes;
}

/* Probes an idle connection. Return: ns until the next look, 0: gone. */
static u64 tcp_keepalive_probe(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u64 idle_ns = tp->mstamp_ns - max(icsk->icsk_ack.lrcvtime_ns,
					  tp->rcv_tstamp_ns);
	u64 time_ns = keepalive_time_ns(tp);
	u32 intvl = tp->keepalive_intvl_s;

	if (tp->packets_out || !tcp_write_queue_empty(sk))
		return time_ns;		/* MUST-26: only when idle */
	if (idle_ns < time_ns)
		return time_ns - idle_ns;
	if (tcp_keepalive_dead(sk, idle_ns)) {
		tcp_send_active_reset(sk);
		tcp_write_err(sk);
		return 0;
	}
	if (tcp_write_wakeup(sk, true) > 0)
		return us_to_ns(TCP_RESOURCE_PROBE_INTERVAL_US);
	icsk->icsk_probes_out++;
	if (!intvl)
		intvl = (u32)sock_net(sk)->ipv4.sysctl_tcp_keepalive_intvl;
	return intvl * NSEC_PER_SEC;
}

static void tcp_keepalive_timer(struct timer_list *t)
{
	struct sock *sk = from_timer(sk, t, sk_timer);
	u64 next_ns = 0;

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk)) {
		next_ns = KEEPALIVE_BUSY_NS;
		goto out;
	}
	tcp_mstamp_refresh(sk);
	if (sk->sk_state == TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD))
		tcp_fin_wait2_timer(sk);
	else if (sock_flag(sk, SOCK_KEEPOPEN) &&
		 !(TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN) |
					TCPF(TCP_SYN_SENT))))
		next_ns = tcp_keepalive_probe(sk);
out:
	if (next_ns)
		inet_csk_reset_keepalive_timer(sk, next_ns);
	bh_unlock_sock(sk);
	sock_put(sk);
}

/* SO_KEEPALIVE was set to @on. Context: locked, before the flag changes. */
void tcp_set_keepalive(struct sock *sk, bool on)
{
	if (TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN)))
		return;
	if (on && !sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk,
					       keepalive_time_ns(tcp_sk(sk)));
	else if (!on)
		inet_csk_delete_keepalive_timer(sk);
}

void tcp_init_xmit_timers(struct sock *sk)
{
	inet_csk_init_xmit_timers(sk, tcp_write_timer, tcp_delack_timer,
				  tcp_keepalive_timer);
}
