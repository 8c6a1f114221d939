/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: what happens when nothing happens.
 *
 *	icsk_retransmit_timer	retransmission, or window probe (icsk_pending)
 *	icsk_delack_timer	delayed ACK
 *	sk_timer		keep-alive; FIN-WAIT-2 of an orphan
 *
 * The first two are moved lazily: the wheel may fire one before its time, and
 * the handler then sends it on its way again. An armed timer holds a
 * reference to the sock. When it finds the sock owned, it leaves a note in
 * sk->sk_deferred, and release_sock() does the work.
 *
 * RFC 6298 5 (RTO), RFC 9293 3.8.3 (R1, R2), 3.8.4 (keep-alive), 3.8.6.1
 * (zero window probes), RFC 5482 (user timeout).
 */
#include <errno.h>

#include "ipv4/tcp.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_mtu_probe.h"

#define ORPHAN_RETRIES_ALIVE 8

static const u32 handshake = TCPF(TCP_SYN_SENT) | TCPF(TCP_SYN_RECV);
static const u32 no_timers = TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN);

static u64 us_to_ns(u32 us)
{
	return (u64)us * NSEC_PER_USEC;
}

/* ---- giving up -------------------------------------------------------- */

/* R2 is reached: the user learns ETIMEDOUT, or what ICMP said. */
static void tcp_write_err(struct sock *sk)
{
	WRITE_ONCE(sk->sk_err, sk->sk_err_soft ? sk->sk_err_soft : ETIMEDOUT);
	sk->sk_error_report(sk);
	tcp_write_queue_purge(sk);
	tcp_done(sk);
	NET_INC_STATS(sock_net(sk), TCP_ABORTONTIMEOUT);
}

/*
 * An orphan must not hold memory when that is short. @do_reset: tell the peer.
 *
 * Return: true when it is gone.
 */
static bool tcp_out_of_resources(struct sock *sk, bool do_reset)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 idle_ns = tp->mstamp_ns - tp->lsndtime_ns;
	int shift = 0;

	/* idle for long, or about to give up anyway: the first to go */
	if (idle_ns > 2 * us_to_ns(TCP_RTO_MAX_US) || !do_reset)
		shift++;
	if (sk->sk_err_soft)
		shift++;
	if (!tcp_check_oom(sk, shift))
		return false;
	/* recently spoken to: a RST is better than silence */
	if (idle_ns <= TCP_TIMEWAIT_LEN_NS ||
	    (!tp->snd_wnd && !tp->packets_out))
		do_reset = true;
	if (do_reset)
		tcp_send_active_reset(sk);
	tcp_done(sk);
	NET_INC_STATS(sock_net(sk), TCP_ABORTONMEMORY);
	return true;
}

/* How often an orphan retries; not at all when ICMP told that it is in vain. */
static u32 tcp_orphan_retries(const struct sock *sk, bool alive)
{
	u32 retries = (u32)READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_orphan_retries);

	if (sk->sk_err_soft && !alive)
		return 0;
	return !retries && alive ? ORPHAN_RETRIES_ALIVE : retries;
}

/* How long @n retransmissions and the wait after the last take, the first
 * after @base_us, doubling up to the maximum. */
static u64 tcp_model_timeout_ns(const struct sock *sk, u32 n, u32 base_us)
{
	u64 max_us = inet_csk(sk)->icsk_rto_max_us, step = base_us, sum = 0;
	u32 i;

	for (i = 0; i <= n && i < 256; i++) {
		sum += min(step, max_us);
		step = min(step * 2, max_us);
	}
	return sum * NSEC_PER_USEC;
}

/*
 * Has the head of the queue been retransmitted for as long as @n timeouts take
 * (@user_ms 0), or for @user_ms (MUST-21)? By time, not by count: a short RTO
 * must not end a connection early.
 */
static bool retransmits_timed_out(const struct sock *sk, u32 n, u32 user_ms)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 base = TCPF(sk->sk_state) & handshake ? TCP_TIMEOUT_INIT_US :
						    icsk->icsk_rto_min_us;
	u64 limit = user_ms ? user_ms * NSEC_PER_MSEC :
			      tcp_model_timeout_ns(sk, n, base);

	return icsk->icsk_retransmits && tp->retrans_stamp_ns &&
	       tp->mstamp_ns - tp->retrans_stamp_ns >= limit;
}

/* R1: the path may be dead, asks IP for another (MUST-20, SHLD-9). */
static void tcp_negative_advice(struct sock *sk)
{
	struct dst_entry *dst = rcu_access_pointer(sk->sk_dst_cache);

	if (dst && dst->ops->negative_advice)
		dst->ops->negative_advice(sk, dst);
}

/* The handshake is not answered: is that enough (MUST-22, MUST-23)? */
static bool tcp_syn_timed_out(struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct netns_ipv4 *ipv4 = &sock_net(sk)->ipv4;
	u32 until = icsk->icsk_syn_retries ?
		icsk->icsk_syn_retries :
		(u32)(tcp_sk(sk)->passive_fastopen || tcp_sk(sk)->forwarded ?
			      READ_ONCE(ipv4->sysctl_tcp_synack_retries) :
			      READ_ONCE(ipv4->sysctl_tcp_syn_retries));

	if (unlikely(tcp_sk(sk)->syn_fastopen) && sk->sk_state == TCP_SYN_SENT)
		tcp_fastopen_syn_lost(sk);
	if (icsk->icsk_retransmits)
		tcp_negative_advice(sk);
	if (icsk->icsk_retransmits >= until)
		INET_PROBE(SYN_GIVES_UP);
	return icsk->icsk_retransmits >= until ||
	       (icsk->icsk_user_timeout_ms &&
		retransmits_timed_out(sk, 0, icsk->icsk_user_timeout_ms));
}

/* Before a retransmission: is it time to give up (R2)? Return: true when the
 * sock is gone. */
static bool tcp_write_timeout(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct net *net = sock_net(sk);
	u32 until = (u32)READ_ONCE(net->ipv4.sysctl_tcp_retries2);
	bool expired, alive;

	if (TCPF(sk->sk_state) & handshake) {
		expired = tcp_syn_timed_out(sk);
	} else {
		if (retransmits_timed_out(sk, (u32)READ_ONCE(net->ipv4.sysctl_tcp_retries1),
					  0)) {
			INET_PROBE(R1_REACHED);
			tcp_mtup_black_hole(sk);
			tcp_negative_advice(sk);
		}
		if (sock_flag(sk, SOCK_DEAD)) {
			alive = icsk->icsk_rto_us < icsk->icsk_rto_max_us;
			until = tcp_orphan_retries(sk, alive);
			if (tcp_out_of_resources(sk, alive ||
					!retransmits_timed_out(sk, until, 0)))
				return true;
		}
		expired = retransmits_timed_out(sk, until,
						icsk->icsk_user_timeout_ms);
		if (expired && sock_flag(sk, SOCK_DEAD))
			INET_PROBE(ORPHAN_GIVES_UP);
		else if (expired)
			INET_PROBE(R2_REACHED);
	}
	if (expired)
		tcp_write_err(sk);
	return expired;
}

/* ---- retransmission --------------------------------------------------- */

/* For TCP_INFO. */
static void tcp_count_timeout(struct tcp_sock *tp)
{
	if (!tp->inet_conn.icsk_retransmits && !tp->rto_since_ms) {
		tp->total_rto_recoveries++;
		tp->rto_since_ms = max(tcp_ns_to_ts(tp->mstamp_ns), 1u);
	}
	tp->total_rto++;
}

/* By how much a backed-off timeout ends sooner, at random, so that nobody knows when:
 * at most tcp_rto_jitter, a share of it. */
static u64 tcp_rto_jitter_ns(const struct sock *sk)
{
	struct net *net = sock_net(sk);
	u32 most = READ_ONCE(net->ipv4.sysctl_tcp_rto_jitter);
	u32 random;

	if (!most)
		return 0;
	net_random_bytes(net, &random, sizeof(random));
	return us_to_ns(inet_csk(sk)->icsk_rto_us) / 100 * most *
	       (random >> 16) >> 16;
}

/* RFC 6298 5.5: twice as long the next time; but not beyond what
 * TCP_USER_TIMEOUT leaves. */
static void tcp_back_off(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 when, user = icsk->icsk_user_timeout_ms * NSEC_PER_MSEC, spent;

	tcp_count_timeout(tcp_sk(sk));
	if (icsk->icsk_backoff < 255)
		icsk->icsk_backoff++;
	if (icsk->icsk_retransmits < 255)
		WRITE_ONCE(icsk->icsk_retransmits, icsk->icsk_retransmits + 1);
	icsk->icsk_rto_us = min(icsk->icsk_rto_us * 2, icsk->icsk_rto_max_us);
	when = us_to_ns(icsk->icsk_rto_us) - tcp_rto_jitter_ns(sk);
	if (user && tp->retrans_stamp_ns) {
		spent = tp->mstamp_ns - tp->retrans_stamp_ns;
		when = min(when, max(user - min(user, spent), NSEC_PER_MSEC));
	}
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tp->mstamp_ns, when);
}

/*
 * The peer took its window back over data in flight (RFC 9293 3.8.6): now the
 * retransmissions are probes, and as long as the peer answers anything they go
 * on (SHLD-17).
 */
static void tcp_retransmit_shrunk(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (tp->mstamp_ns - tp->rcv_tstamp_ns > us_to_ns(TCP_RTO_MAX_US) ||
	    (inet_csk(sk)->icsk_user_timeout_ms &&
	     retransmits_timed_out(sk, 0,
				   inet_csk(sk)->icsk_user_timeout_ms))) {
		tcp_write_err(sk);
		return;
	}
	tcp_enter_loss(sk);
	(void)tcp_retransmit_skb(sk, tcp_rtx_queue_head(sk));
	tcp_back_off(sk);
}

/* RFC 6298 5.4 - 5.7. */
static void tcp_retransmit_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	int err;

	NET_ROAD(sock_net(sk), NULL);
	if (!tp->packets_out)
		return;
	inet_assert(!tcp_rtx_queue_empty(sk));
	if (!tp->snd_wnd && !sock_flag(sk, SOCK_DEAD) &&
	    !(TCPF(sk->sk_state) & handshake)) {
		INET_PROBE(SHRUNK_WINDOW);
		tcp_retransmit_shrunk(sk);
		return;
	}
	if (tcp_write_timeout(sk))
		return;
	if (!icsk->icsk_retransmits)
		NET_INC_STATS(sock_net(sk), TCP_TIMEOUTS);
	if (!(TCPF(sk->sk_state) & handshake))
		tcp_enter_loss(sk);
	if (unlikely(tp->ptb_mtu))
		tcp_believe_too_big(sk);
	err = tcp_retransmit_skb(sk, tcp_rtx_queue_head(sk));
	if (err > 0 || err == -EBUSY) {
		/* our own queues are full: not the peer's fault, no backoff */
		inet_csk_reset_xmit_timer(
			sk, ICSK_TIME_RETRANS, tp->mstamp_ns,
			us_to_ns(min(icsk->icsk_rto_us,
				     TCP_RESOURCE_PROBE_INTERVAL_US)));
		return;
	}
	tcp_back_off(sk);
}

/* ---- window probes ---------------------------------------------------- */

/* An orphan whose peer keeps the window closed. Return: how many unanswered
 * probes it may send; UINT32_MAX: it is gone. */
static u32 tcp_orphan_probes(struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	bool alive = tcp_probe0_when_ns(sk) < us_to_ns(icsk->icsk_rto_max_us);
	u32 max_probes = tcp_orphan_retries(sk, alive);

	INET_PROBE(ZERO_WINDOW_ORPHAN);
	if (!alive && icsk->icsk_backoff >= max_probes) {
		tcp_write_err(sk);
		return UINT32_MAX;
	}
	return tcp_out_of_resources(sk, true) ? UINT32_MAX : max_probes;
}

/* RFC 9293 3.8.6.1: for ever while they are answered (MUST-37), since every
 * answer sets icsk_probes_out to 0. */
static void tcp_probe_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u64 user = icsk->icsk_user_timeout_ms * NSEC_PER_MSEC;
	u32 max_probes = (u32)READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_retries2);

	if (tp->fin_pending) {
		tcp_send_fin(sk);
		return;
	}
	if (tp->packets_out || tcp_write_queue_empty(sk)) {
		WRITE_ONCE(icsk->icsk_probes_out, 0);
		icsk->icsk_probes_tstamp_ns = 0;
		return;
	}
	if (!icsk->icsk_probes_tstamp_ns) {
		icsk->icsk_probes_tstamp_ns = tp->mstamp_ns;
	} else if (user && tp->mstamp_ns - icsk->icsk_probes_tstamp_ns >= user) {
		tcp_write_err(sk);
		return;
	}
	if (sock_flag(sk, SOCK_DEAD))
		max_probes = tcp_orphan_probes(sk);
	if (max_probes == UINT32_MAX)
		return;
	if (icsk->icsk_probes_out >= max_probes)
		tcp_write_err(sk);
	else
		tcp_send_probe0(sk);
}

/* Context: bh lock; nobody else works on the sock. */
void tcp_write_timer_handler(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u8 event = icsk->icsk_pending;

	if ((TCPF(sk->sk_state) & no_timers) || !event)
		return;
	tcp_mstamp_refresh(sk);
	if (icsk->icsk_timeout_ns > tcp_sk(sk)->mstamp_ns) {
		sk_reset_timer(sk, &icsk->icsk_retransmit_timer,
			       icsk->icsk_timeout_ns);
		return;
	}
	WRITE_ONCE(icsk->icsk_pending, 0);
	if (event == ICSK_TIME_RETRANS)
		tcp_retransmit_timer(sk);
	else if (event == ICSK_TIME_REO_TIMEOUT)
		tcp_rack_reo_timeout(sk);
	else if (event == ICSK_TIME_LOSS_PROBE)
		tcp_send_loss_probe(sk);
	else
		tcp_probe_timer(sk);
}

/* ---- delayed ACK ------------------------------------------------------ */

/* Context: as above. */
void tcp_delack_timer_handler(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if ((TCPF(sk->sk_state) & no_timers) ||
	    !(icsk->icsk_ack.pending & ICSK_ACK_TIMER))
		return;
	tcp_mstamp_refresh(sk);
	if (icsk->icsk_ack.timeout_ns > tcp_sk(sk)->mstamp_ns) {
		sk_reset_timer(sk, &icsk->icsk_delack_timer,
			       icsk->icsk_ack.timeout_ns);
		return;
	}
	icsk->icsk_ack.pending &= (u8)~ICSK_ACK_TIMER;
	if (!inet_csk_ack_scheduled(sk))
		return;
	if (!inet_csk_in_pingpong_mode(sk)) {
		/* the prediction was too short: wait longer the next time */
		icsk->icsk_ack.ato_us = min(icsk->icsk_ack.ato_us * 2,
					    icsk->icsk_rto_us);
	} else {
		/* the answer that was to carry it did not come */
		inet_csk_exit_pingpong_mode(sk);
		icsk->icsk_ack.ato_us = TCP_ATO_MIN_US;
	}
	tcp_send_ack(sk);
	NET_INC_STATS(sock_net(sk), TCP_DELAYEDACKS);
}

/* ---- keep-alive, FIN-WAIT-2 ------------------------------------------- */

void tcp_set_keepalive(struct sock *sk, bool on)
{
	if (TCPF(sk->sk_state) & no_timers)
		return;
	if (on && !sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk,
					       keepalive_time_ns(tcp_sk(sk)));
	else if (!on)
		inet_csk_delete_keepalive_timer(sk);
}

static u64 keepalive_intvl_ns(const struct sock *sk)
{
	u32 s = tcp_sk(sk)->keepalive_intvl_s;

	return NSEC_PER_SEC *
	       (s ? s : (u32)READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_keepalive_intvl));
}

static int keepalive_probes(const struct sock *sk)
{
	int n = tcp_sk(sk)->keepalive_probes;

	return n ? n : READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_keepalive_probes);
}

/* Are there enough unanswered probes to call it dead (MUST-29)? */
static bool keepalive_dead(const struct sock *sk, u64 silent_ns)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	u64 user = icsk->icsk_user_timeout_ms * NSEC_PER_MSEC;

	if (user)
		return silent_ns >= user && icsk->icsk_probes_out > 0;
	return icsk->icsk_probes_out >= keepalive_probes(sk);
}

/* Nothing is outstanding: has the peer been silent for too long? Return: when
 * to look again, 0: never, the connection is gone. */
static u64 tcp_keepalive_probe(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 silent = tp->mstamp_ns - max(tp->rcv_tstamp_ns,
					 icsk->icsk_ack.lrcvtime_ns);
	u64 idle = keepalive_time_ns(tp);

	if (silent < idle)
		return idle - silent;
	if (keepalive_dead(sk, silent)) {
		INET_PROBE(KEEPALIVE_DEAD);
		tcp_send_active_reset(sk);
		tcp_write_err(sk);
		return 0;
	}
	if (tcp_write_wakeup(sk, true) > 0)	/* our own queues are full */
		return us_to_ns(TCP_RESOURCE_PROBE_INTERVAL_US);
	WRITE_ONCE(icsk->icsk_probes_out, icsk->icsk_probes_out + 1);
	return keepalive_intvl_ns(sk);
}

/* An orphan in FIN-WAIT-2: TIME-WAIT takes over, or the end. */
static void tcp_fin_wait2_timer(struct sock *sk)
{
	u64 fin_time = tcp_fin_time_ns(sk);

	INET_PROBE(FIN_WAIT2_TIMEOUT);
	if (tcp_sk(sk)->linger2_s >= 0 && fin_time > TCP_TIMEWAIT_LEN_NS) {
		tcp_time_wait(sk, TCP_FIN_WAIT2, TCP_TIMEWAIT_LEN_NS);
		return;
	}
	tcp_send_active_reset(sk);
	tcp_done(sk);
}

/* Context: as above. */
void tcp_keepalive_timer_handler(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 again;

	if (TCPF(sk->sk_state) & (no_timers | TCPF(TCP_SYN_SENT)))
		return;
	tcp_mstamp_refresh(sk);
	if (sk->sk_state == TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD)) {
		tcp_fin_wait2_timer(sk);
		return;
	}
	if (!sock_flag(sk, SOCK_KEEPOPEN))
		return;
	/* MUST-26: only when nothing is outstanding */
	again = keepalive_time_ns(tp);
	if (!tp->packets_out && tcp_write_queue_empty(sk))
		again = tcp_keepalive_probe(sk);
	if (again)
		inet_csk_reset_keepalive_timer(sk, again);
}

/* ---- the timers themselves; context: softnet -------------------------- */

/* Runs @handler for @sk, or leaves the note @deferred; drops the timer's
 * reference. */
static void tcp_run_timer(struct sock *sk, void (*handler)(struct sock *sk),
			  u8 deferred)
{
	struct net *net = sock_net(sk);

	rcu_read_lock(&net->rcu);
	bh_lock_sock(sk);
	if (INET_BUGGIFY(SPURIOUS_WAKE) && !sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
	if (!sock_owned_by_user(sk)) {
		handler(sk);
	} else {
		sk_defer(sk, deferred);
		if (deferred & TCP_DELACK_TIMER_DEFERRED)
			NET_INC_STATS(net, TCP_DELAYEDACKLOCKED);
	}
	bh_unlock_sock(sk);
	rcu_read_unlock(&net->rcu);
	sock_put(sk);
}

static void tcp_write_timer(struct timer_list *t)
{
	struct inet_connection_sock *icsk =
		from_timer(icsk, t, icsk_retransmit_timer);

	NET_ROAD(sock_net(&icsk->icsk_inet.sk), NULL);
	tcp_run_timer(&icsk->icsk_inet.sk, tcp_write_timer_handler,
		      TCP_WRITE_TIMER_DEFERRED);
}

static void tcp_delack_timer(struct timer_list *t)
{
	struct inet_connection_sock *icsk =
		from_timer(icsk, t, icsk_delack_timer);

	NET_ROAD(sock_net(&icsk->icsk_inet.sk), NULL);
	tcp_run_timer(&icsk->icsk_inet.sk, tcp_delack_timer_handler,
		      TCP_DELACK_TIMER_DEFERRED);
}

static void tcp_keepalive_timer(struct timer_list *t)
{
	struct sock *sk = from_timer(sk, t, sk_timer);

	NET_ROAD(sock_net(sk), NULL);
	tcp_run_timer(sk, tcp_keepalive_timer_handler, TCP_KEEPALIVE_DEFERRED);
}

void tcp_init_xmit_timers(struct sock *sk)
{
	inet_csk_init_xmit_timers(sk, tcp_write_timer, tcp_delack_timer,
				  tcp_keepalive_timer, tcp_pacing_timer);
}
