/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: congestion control. The list of what there is in a stack, and the parts
 * that all have in common.
 *
 * The window counts packets of at most one segment size each. A packet counts
 * as acknowledged when its last byte is, so a peer that acknowledges a packet
 * in many pieces gains nothing (RFC 3465).
 *
 * The list (struct tcp_net) is changed under rtnl and read under RCU. A socket has
 * a pointer of its own into it, which outlives the row. cong_allowed has a bit for
 * each row that TCP_CONGESTION may name.
 */
#include <errno.h>
#include <string.h>

#include "ipv4/tcp.h"
#include "ipv4/tcp_chrono.h"
#include "ipv4/tcp_ecn.h"

/* ---- the list --------------------------------------------------------- */

static const struct tcp_congestion_ops *const tcp_cong_builtin[] = {
	&tcp_cubic,		/* the default */
	&tcp_reno,
	&tcp_bbr,
	&tcp_dctcp,
};

/* The row that is called @name, or @len bytes of it; -1: none. Context: RCU or
 * rtnl. */
static int tcp_ca_row(const struct net *net, const char *name, size_t len)
{
	const struct tcp_congestion_ops *ca;
	int i;

	for (i = 0; i < TCP_CA_MAX; i++) {
		ca = rcu_dereference(net->ipv4.tcp->cong[i]);
		if (ca && !strncmp(ca->name, name, len) && !ca->name[len])
			return i;
	}
	return -1;
}

const struct tcp_congestion_ops *tcp_ca_find(struct net *net, const char *name)
{
	int i = tcp_ca_row(net, name, strlen(name));

	return i < 0 ? NULL : rcu_dereference(net->ipv4.tcp->cong[i]);
}

static bool tcp_ca_valid(const struct tcp_congestion_ops *ca)
{
	size_t len = ca->name ? strlen(ca->name) : 0;

	return len && len < TCP_CA_NAME_MAX && !strpbrk(ca->name, " \t\n") &&
	       ca->ssthresh && ca->undo_cwnd &&
	       (ca->cong_avoid || ca->cong_control);
}

/* Context: rtnl. */
static int tcp_ca_add(struct tcp_net *tn, const struct tcp_congestion_ops *ca)
{
	int i;

	for (i = 0; i < TCP_CA_MAX; i++)
		if (!tn->cong[i]) {
			rcu_assign_pointer(tn->cong[i], ca);
			return 0;
		}
	return -ENOSPC;
}

int tcp_register_congestion_control(struct net *net,
				    const struct tcp_congestion_ops *ca)
{
	int err;

	if (!net || !ca || !tcp_ca_valid(ca))
		return -EINVAL;
	rtnl_lock(net);
	err = tcp_ca_find(net, ca->name) ? -EEXIST :
					   tcp_ca_add(net->ipv4.tcp, ca);
	rtnl_unlock(net);
	return err;
}

/* Context: rtnl. */
static int tcp_ca_remove(struct net *net, const struct tcp_congestion_ops *ca)
{
	struct tcp_net *tn = net->ipv4.tcp;
	int i;

	if (tn->cong_default == ca)
		return -EBUSY;
	for (i = 0; i < TCP_CA_MAX; i++)
		if (tn->cong[i] == ca) {
			rcu_assign_pointer(tn->cong[i], NULL);
			/* whoever comes there */
			WRITE_ONCE(tn->cong_allowed, tn->cong_allowed | 1u << i);
			return 0;
		}
	return -ENOENT;
}

int tcp_unregister_congestion_control(struct net *net,
				      const struct tcp_congestion_ops *ca)
{
	int err;

	if (!net || !ca)
		return -ENOENT;
	rtnl_lock(net);
	err = tcp_ca_remove(net, ca);
	rtnl_unlock(net);
	if (!err)
		synchronize_rcu(&net->rcu);
	return err;
}

/* ---- its knobs --------------------------------------------------------- */

static int set_default(struct net *net, const struct sysctl_row *row,
		       const char *value)
{
	struct tcp_net *tn = net->ipv4.tcp;
	int i = tcp_ca_row(net, value, strlen(value));

	if (i < 0)
		return net_error(net, -ENOENT,
				 "%s: \"%.16s\": no such congestion control",
				 row->name, value);
	WRITE_ONCE(tn->cong_default, tn->cong[i]);
	WRITE_ONCE(tn->cong_allowed, tn->cong_allowed | 1u << i);
	return 0;
}

static int get_default(struct net *net, const struct sysctl_row *row, char *buf,
		       size_t size)
{
	const struct tcp_congestion_ops *ca =
		READ_ONCE(net->ipv4.tcp->cong_default);

	(void)row;
	return (size_t)snprintf(buf, size, "%s", ca->name) < size ? 0 : -ERANGE;
}

/* The names of the rows in @rows, with blanks between. */
static int list_names(struct net *net, u32 rows, char *buf, size_t size)
{
	const struct tcp_congestion_ops *ca;
	size_t n = 0;
	int i;

	rcu_read_lock(&net->rcu);
	for (i = 0; i < TCP_CA_MAX && n < size; i++) {
		ca = rcu_dereference(net->ipv4.tcp->cong[i]);
		if (!ca || !(rows >> i & 1))
			continue;
		n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? " " : "",
				      ca->name);
	}
	rcu_read_unlock(&net->rcu);
	return n < size ? 0 : -ERANGE;
}

static int get_available(struct net *net, const struct sysctl_row *row,
			 char *buf, size_t size)
{
	(void)row;
	return list_names(net, UINT32_MAX, buf, size);
}

static int set_available(struct net *net, const struct sysctl_row *row,
			 const char *value)
{
	(void)value;
	return net_error(net, -EPERM, "%s: only to be read", row->name);
}

static int get_allowed(struct net *net, const struct sysctl_row *row, char *buf,
		       size_t size)
{
	(void)row;
	return list_names(net, READ_ONCE(net->ipv4.tcp->cong_allowed), buf, size);
}

/* All names are known, or nothing changes. */
static int set_allowed(struct net *net, const struct sysctl_row *row,
		       const char *value)
{
	u32 allowed = 0;
	size_t len;
	int i;

	for (value += strspn(value, " \t\n"); *value;
	     value += len + strspn(value + len, " \t\n")) {
		len = strcspn(value, " \t\n");
		i = tcp_ca_row(net, value, len);
		if (i < 0)
			return net_error(net, -ENOENT, "%s: \"%.*s\": no such "
					 "congestion control", row->name,
					 (int)min(len, (size_t)16), value);
		allowed |= 1u << i;
	}
	WRITE_ONCE(net->ipv4.tcp->cong_allowed, allowed);
	return 0;
}

static const struct sysctl_row tcp_cong_knobs[] = {
	{ .name = "net.ipv4.tcp_congestion_control", .kind = SYSCTL_STRING,
	  .set = set_default, .get = get_default },
	{ .name = "net.ipv4.tcp_available_congestion_control",
	  .kind = SYSCTL_STRING, .set = set_available, .get = get_available },
	{ .name = "net.ipv4.tcp_allowed_congestion_control",
	  .kind = SYSCTL_STRING, .set = set_allowed, .get = get_allowed },
};

int tcp_cong_net_init(struct net *net)
{
	struct tcp_net *tn = net->ipv4.tcp;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tcp_cong_builtin); i++)
		tn->cong[i] = tcp_cong_builtin[i];
	tn->cong_allowed = UINT32_MAX;
	tn->cong_default = tn->cong[0];
	return register_net_sysctl(net, tcp_cong_knobs,
				   ARRAY_SIZE(tcp_cong_knobs));
}

/* ---- of a socket -------------------------------------------------------- */

/* May each packet be marked? */
static void tcp_ca_mark(struct sock *sk)
{
	if (unlikely(tcp_ca_needs_ecn(sk)))
		INET_ECN_xmit(sk);
	else
		INET_ECN_dontxmit(sk);
}

void tcp_assign_congestion_control(struct sock *sk)
{
	inet_csk(sk)->icsk_ca_ops =
		READ_ONCE(sock_net(sk)->ipv4.tcp->cong_default);
	tcp_ca_mark(sk);
}

void tcp_init_congestion_control(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_ca_initialized)
		return;
	memset(icsk->icsk_ca_priv, 0, sizeof(icsk->icsk_ca_priv));
	tcp_ca_mark(sk);
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

/* As tcp_ca_find(), if TCP_CONGESTION may name it. 0, -ENOENT, -EPERM. */
static int tcp_ca_find_allowed(struct net *net, const char *name,
			       const struct tcp_congestion_ops **ca)
{
	const struct tcp_net *tn = net->ipv4.tcp;
	int i, err = -ENOENT;

	rcu_read_lock(&net->rcu);
	i = tcp_ca_row(net, name, strlen(name));
	if (i >= 0) {
		*ca = rcu_dereference(tn->cong[i]);
		err = READ_ONCE(tn->cong_allowed) >> i & 1 ? 0 : -EPERM;
	}
	rcu_read_unlock(&net->rcu);
	return *ca ? err : -ENOENT;
}

int tcp_set_congestion_control(struct sock *sk, const char *name)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_congestion_ops *ca = NULL;
	int err = tcp_ca_find_allowed(sock_net(sk), name, &ca);

	if (err)
		return err;
	icsk->icsk_ca_setsockopt = 1;
	if (ca == icsk->icsk_ca_ops)
		return 0;
	tcp_cleanup_congestion_control(sk);
	icsk->icsk_ca_ops = ca;
	tcp_ca_mark(sk);
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
	if (READ_ONCE(sk->sk_nospace) && tcp_write_queue_empty(sk) &&
	    (TCPF(sk->sk_state) & (TCPF(TCP_ESTABLISHED) | TCPF(TCP_CLOSE_WAIT))))
		tcp_chrono_start(tp, TCP_CHRONO_SNDBUF_LIMITED);
	tp->snd_cwnd_used = max(tp->snd_cwnd_used, tp->packets_out);
	if (!tcp_ca_controls(sk) &&
	    READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_slow_start_after_idle) &&
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

	if (tcp_ca_controls(sk) ||
	    !READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_slow_start_after_idle))
		return;
	tcp_ca_event(sk, CA_EVENT_CWND_RESTART);
	tp->snd_ssthresh = max(tp->snd_ssthresh, cwnd * 3 / 4);
	for (; idle_ns > rto_ns && cwnd > restart; idle_ns -= rto_ns)
		cwnd /= 2;
	tp->snd_cwnd = max(cwnd, restart);
	tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
	tp->snd_cwnd_used = 0;
}

/* ---- <inet/congestion.h> ----------------------------------------------- */

void *tcp_cong_priv(const struct sock *sk)
{
	return inet_csk_ca(sk);
}

void tcp_cong_get_info(const struct sock *sk, struct tcp_cong_info *info)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	*info = (struct tcp_cong_info){
		.now_ns = tp->mstamp_ns,
		.snd_cwnd = tp->snd_cwnd,
		.snd_ssthresh = tp->snd_ssthresh,
		.snd_cwnd_clamp = tp->snd_cwnd_clamp,
		.packets_in_flight = tcp_packets_in_flight(tp),
		.delivered = tp->tx.delivered,
		.delivered_ce = tp->delivered_ce,
		.mss = tp->mss_cache,
		.srtt_us = tp->srtt_us >> 3,
		.min_rtt_us = tp->rtt_min_us,
		.ca_state = inet_csk(sk)->icsk_ca_state,
		.cwnd_limited = tcp_is_cwnd_limited(sk),
	};
}

void tcp_cong_set_cwnd(struct sock *sk, u32 cwnd)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->snd_cwnd = clamp(cwnd, 1u, tp->snd_cwnd_clamp);
}

void tcp_cong_set_ssthresh(struct sock *sk, u32 ssthresh)
{
	tcp_sk(sk)->snd_ssthresh = max(ssthresh, 2u);
}

void tcp_cong_set_pacing_rate(struct sock *sk, u64 rate)
{
	if (sk->sk_pacing_status == SK_PACING_NONE)
		WRITE_ONCE(sk->sk_pacing_status, SK_PACING_NEEDED);
	WRITE_ONCE(sk->sk_pacing_rate, min(rate, sk->sk_max_pacing_rate));
}
