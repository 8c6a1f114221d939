/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP's socket options (tcp(7)), one row each, and TCP_INFO. What has no row
 * answers ENOPROTOOPT.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "core/sockopt.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_chrono.h"
#include "ipv4/tcp_ecn.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_md5.h"
#include "ipv4/tcp_rate.h"
#include "ipv4/tcp_repair.h"
#include "ipv4/tcp_secret.h"

#define MAX_TCP_KEEPIDLE 32767
#define MAX_TCP_KEEPINTVL 32767
#define MAX_TCP_KEEPCNT 127
#define MAX_TCP_SYNCNT 127
#define TCP_FIN_TIMEOUT_MAX_S 120
#define TCP_RTO_LEAST_US 8000	/* two ticks of Linux at 250 Hz */

/* What libc may be too old to know. */
#ifndef TCP_IS_MPTCP
#define TCP_IS_MPTCP 43
#endif
#ifndef TCP_RTO_MAX_MS
#define TCP_RTO_MAX_MS 44
#endif
#ifndef TCP_RTO_MIN_US
#define TCP_RTO_MIN_US 45
#endif

/* ---- Nagle, cork, quick ACK ------------------------------------------- */

static int set_nodelay(struct sock *sk, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!val) {
		tp->nonagle &= (u8)~TCP_NAGLE_OFF;
		return 0;
	}
	tp->nonagle |= TCP_NAGLE_OFF | TCP_NAGLE_PUSH;
	tcp_mstamp_refresh(sk);
	tcp_push_pending_frames(sk);
	return 0;
}

static int get_nodelay(struct sock *sk, int *val)
{
	*val = !!(tcp_sk(sk)->nonagle & TCP_NAGLE_OFF);
	return 0;
}

void __tcp_sock_set_cork(struct sock *sk, bool on)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (on) {
		tp->nonagle |= TCP_NAGLE_CORK;
		return;
	}
	tp->nonagle &= (u8)~TCP_NAGLE_CORK;
	if (tp->nonagle & TCP_NAGLE_OFF)
		tp->nonagle |= TCP_NAGLE_PUSH;
	tcp_mstamp_refresh(sk);
	tcp_push_pending_frames(sk);
}

static int set_cork(struct sock *sk, int val)
{
	__tcp_sock_set_cork(sk, val);
	return 0;
}

static int get_cork(struct sock *sk, int *val)
{
	*val = !!(tcp_sk(sk)->nonagle & TCP_NAGLE_CORK);
	return 0;
}

void __tcp_sock_set_quickack(struct sock *sk, int val)
{
	const u32 open = TCPF(TCP_ESTABLISHED) | TCPF(TCP_CLOSE_WAIT);

	if (!val) {
		inet_csk_enter_pingpong_mode(sk);
		return;
	}
	inet_csk_exit_pingpong_mode(sk);
	if ((TCPF(sk->sk_state) & open) && inet_csk_ack_scheduled(sk)) {
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_PUSHED;
		tcp_cleanup_rbuf(sk, 1);
		if (!(val & 1))
			inet_csk_enter_pingpong_mode(sk);
	}
}

static int set_quickack(struct sock *sk, int val)
{
	__tcp_sock_set_quickack(sk, val);
	return 0;
}

static int get_quickack(struct sock *sk, int *val)
{
	*val = !inet_csk_in_pingpong_mode(sk);
	return 0;
}

/* ---- sizes ------------------------------------------------------------ */

static int set_maxseg(struct sock *sk, int val)
{
	if (val && (val < (int)TCP_MIN_MSS || val > (int)MAX_TCP_WINDOW))
		return -EINVAL;
	tcp_sk(sk)->rx_opt.user_mss = (u16)val;
	return 0;
}

static int get_maxseg(struct sock *sk, int *val)
{
	struct tcp_sock *tp = tcp_sk(sk);

	*val = (int)tp->mss_cache;
	if (tp->rx_opt.user_mss &&
	    (TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN))))
		*val = tp->rx_opt.user_mss;
	return 0;
}

/* 0 takes the clamp away, only before the handshake. */
static int set_window_clamp(struct sock *sk, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!val) {
		if (sk->sk_state != TCP_CLOSE)
			return -EINVAL;
		tp->window_clamp = 0;
		return 0;
	}
	tp->window_clamp = (u32)max(val, SOCK_MIN_RCVBUF / 2);
	tp->rcv_ssthresh = min(tp->rcv_wnd, tp->window_clamp);
	return 0;
}

static int get_window_clamp(struct sock *sk, int *val)
{
	*val = (int)tcp_sk(sk)->window_clamp;
	return 0;
}

static int set_notsent_lowat(struct sock *sk, int val)
{
	tcp_sk(sk)->notsent_lowat = (u32)val;
	sk->sk_write_space(sk);
	return 0;
}

static int get_notsent_lowat(struct sock *sk, int *val)
{
	*val = (int)tcp_sk(sk)->notsent_lowat;
	return 0;
}

/* ---- times and counts ------------------------------------------------- */

static int set_keepidle(struct sock *sk, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->keepalive_time_s = (u32)val;
	if (sock_flag(sk, SOCK_KEEPOPEN) &&
	    !(TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN))))
		inet_csk_reset_keepalive_timer(sk, keepalive_time_ns(tp));
	return 0;
}

static int get_keepidle(struct sock *sk, int *val)
{
	*val = (int)(keepalive_time_ns(tcp_sk(sk)) / NSEC_PER_SEC);
	return 0;
}

static int set_keepintvl(struct sock *sk, int val)
{
	tcp_sk(sk)->keepalive_intvl_s = (u32)val;
	return 0;
}

static int get_keepintvl(struct sock *sk, int *val)
{
	u32 own = tcp_sk(sk)->keepalive_intvl_s;

	*val = own ? (int)own : READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_keepalive_intvl);
	return 0;
}

static int set_keepcnt(struct sock *sk, int val)
{
	tcp_sk(sk)->keepalive_probes = (u8)val;
	return 0;
}

static int get_keepcnt(struct sock *sk, int *val)
{
	u8 own = tcp_sk(sk)->keepalive_probes;

	*val = own ? own : READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_keepalive_probes);
	return 0;
}

static int set_syncnt(struct sock *sk, int val)
{
	inet_csk(sk)->icsk_syn_retries = (u8)val;
	return 0;
}

static int get_syncnt(struct sock *sk, int *val)
{
	u8 own = inet_csk(sk)->icsk_syn_retries;

	*val = own ? own : READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_syn_retries);
	return 0;
}

static int set_linger2(struct sock *sk, int val)
{
	tcp_sk(sk)->linger2_s = val < 0 ? -1 : min(val, TCP_FIN_TIMEOUT_MAX_S);
	return 0;
}

static int get_linger2(struct sock *sk, int *val)
{
	*val = tcp_sk(sk)->linger2_s;
	if (!*val)
		*val = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_fin_timeout);
	return 0;
}

static int set_user_timeout(struct sock *sk, int val)
{
	inet_csk(sk)->icsk_user_timeout_ms = (u32)val;
	return 0;
}

static int get_user_timeout(struct sock *sk, int *val)
{
	*val = (int)inet_csk(sk)->icsk_user_timeout_ms;
	return 0;
}

/* The period of so many SYN-ACKs, each twice as long as the one before: the
 * seconds that TCP_DEFER_ACCEPT says are rounded up to one. */
static u32 synacks_to_seconds(u32 nr)
{
	const u32 most = TCP_RTO_MAX_US / USEC_PER_SEC;
	u32 timeout = TCP_TIMEOUT_INIT_US / USEC_PER_SEC, s = 0;

	for (; nr; nr--) {
		s += timeout;
		timeout = min(2 * timeout, most);
	}
	return s;
}

static int set_defer_accept(struct sock *sk, int val)
{
	u32 nr = 0;

	while (val > 0 && nr < 255 && synacks_to_seconds(nr) < (u32)val)
		nr++;
	WRITE_ONCE(inet_csk(sk)->icsk_defer_accept, (u8)nr);
	return 0;
}

static int get_defer_accept(struct sock *sk, int *val)
{
	*val = (int)synacks_to_seconds(inet_csk(sk)->icsk_defer_accept);
	return 0;
}

static int set_rto_max_ms(struct sock *sk, int val)
{
	inet_csk(sk)->icsk_rto_max_us = (u32)val * USEC_PER_MSEC;
	return 0;
}

static int get_rto_max_ms(struct sock *sk, int *val)
{
	*val = (int)(inet_csk(sk)->icsk_rto_max_us / USEC_PER_MSEC);
	return 0;
}

static int set_rto_min_us(struct sock *sk, int val)
{
	inet_csk(sk)->icsk_rto_min_us = (u32)val;
	return 0;
}

static int get_rto_min_us(struct sock *sk, int *val)
{
	*val = (int)inet_csk(sk)->icsk_rto_min_us;
	return 0;
}

/* ---- what came -------------------------------------------------------- */

static int set_save_syn(struct sock *sk, int val)
{
	tcp_sk(sk)->save_syn = (u8)val & 3;
	return 0;
}

static int get_save_syn(struct sock *sk, int *val)
{
	*val = tcp_sk(sk)->save_syn;
	return 0;
}

/* Once; too little room: how much it takes. */
static int get_saved_syn(struct sock *sk, void *val, socklen_t *len)
{
	struct tcp_seldom *seldom = tcp_sk(sk)->seldom;
	struct tcp_saved_syn *saved = seldom ? seldom->saved_syn : NULL;
	socklen_t room = *len;

	*len = saved ? saved->len : 0;
	if (room < *len)
		return -EINVAL;
	if (!saved)
		return 0;
	memcpy(val, saved->data, saved->len);
	tcp_saved_syn_free(sock_net(sk), &seldom->saved_syn);
	return 0;
}

static int set_inq(struct sock *sk, int val)
{
	tcp_sk(sk)->recvmsg_inq = val & 1;
	return 0;
}

static int get_inq(struct sock *sk, int *val)
{
	*val = tcp_sk(sk)->recvmsg_inq;
	return 0;
}

static int get_is_mptcp(struct sock *sk, int *val)
{
	(void)sk;
	*val = 0;
	return 0;
}

/* ---- a connection that moves (tcp_repair.c) --------------------------- */

static int get_repair(struct sock *sk, int *val)
{
	*val = tcp_sk(sk)->repair;
	return 0;
}

static int set_repair_queue(struct sock *sk, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->repair)
		return -EPERM;
	if (val < TCP_NO_QUEUE || val >= TCP_QUEUES_NR)
		return -EINVAL;
	tp->repair_queue = (u8)val & 3;
	return 0;
}

static int get_repair_queue(struct sock *sk, int *val)
{
	*val = tcp_sk(sk)->repair_queue;
	return tcp_sk(sk)->repair ? 0 : -EINVAL;
}

static int get_queue_seq(struct sock *sk, int *val)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	*val = (int)(tp->repair_queue == TCP_SEND_QUEUE ? tp->write_seq :
							  tp->rcv_nxt);
	return tp->repair_queue == TCP_NO_QUEUE ? -EINVAL : 0;
}

static int set_timestamp(struct sock *sk, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!tp->repair)
		return -EPERM;
	tp->tsoffset = (u32)val - tcp_ns_to_ts(net_now(sock_net(sk)));
	return 0;
}

static int get_timestamp(struct sock *sk, int *val)
{
	*val = (int)(tcp_ns_to_ts(net_now(sock_net(sk))) +
		     tcp_sk(sk)->tsoffset);
	return 0;
}

/* ---- Fast Open -------------------------------------------------------- */

/* What may be said of a sock only before it is in use. */
static bool not_in_use(const struct sock *sk)
{
	return TCPF(sk->sk_state) & (TCPF(TCP_CLOSE) | TCPF(TCP_LISTEN));
}

static int set_fastopen(struct sock *sk, int val)
{
	u32 somaxconn = (u32)READ_ONCE(sock_net(sk)->sysctl_somaxconn);
	struct tcp_seldom *seldom;

	if (!not_in_use(sk))
		return -EINVAL;
	seldom = tcp_seldom_get(sk);
	if (!seldom)
		return -ENOMEM;
	WRITE_ONCE(seldom->max_pending, min((u32)val, somaxconn));
	return 0;
}

static int get_fastopen(struct sock *sk, int *val)
{
	const struct tcp_seldom *seldom = tcp_sk(sk)->seldom;

	*val = seldom ? (int)seldom->max_pending : 0;
	return 0;
}

static int set_fastopen_connect(struct sock *sk, int val)
{
	if (!(READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_fastopen) &
	      TFO_CLIENT_ENABLE))
		return -EOPNOTSUPP;
	if (sk->sk_state != TCP_CLOSE)
		return -EINVAL;
	if (val && !tcp_seldom_get(sk))
		return -ENOMEM;
	tcp_sk(sk)->fastopen_connect = val & 1;
	return 0;
}

static int get_fastopen_connect(struct sock *sk, int *val)
{
	*val = tcp_sk(sk)->fastopen_connect;
	return 0;
}

static int set_fastopen_no_cookie(struct sock *sk, int val)
{
	if (!not_in_use(sk))
		return -EINVAL;
	tcp_sk(sk)->fastopen_no_cookie = val & 1;
	return 0;
}

static int get_fastopen_no_cookie(struct sock *sk, int *val)
{
	*val = tcp_sk(sk)->fastopen_no_cookie;
	return 0;
}

/* One key, or two: the second is understood, too. */
static int set_fastopen_key(struct sock *sk, const void *val, socklen_t len)
{
	struct tcp_net *tn = sock_net(sk)->ipv4.tcp;
	struct tcp_secrets keys = { .nr = (u8)(len / sizeof(keys.key[0])) };
	struct tcp_seldom *seldom;

	if (len != sizeof(keys.key[0]) && len != sizeof(keys.key))
		return -EINVAL;
	seldom = tcp_seldom_get(sk);
	if (!seldom)
		return -ENOMEM;
	memcpy(keys.key, val, len);
	spin_lock(&tn->limit_lock);
	seldom->fastopen_keys = keys;
	spin_unlock(&tn->limit_lock);
	return 0;
}

static int get_fastopen_key(struct sock *sk, void *val, socklen_t *len)
{
	struct tcp_net *tn = sock_net(sk)->ipv4.tcp;
	const struct tcp_seldom *seldom = tcp_sk(sk)->seldom;
	struct tcp_secrets keys;

	tcp_secrets_read(tn, seldom && seldom->fastopen_keys.nr ?
				     &seldom->fastopen_keys :
				     &tn->fastopen_keys, &keys);
	*len = min(*len, (socklen_t)(keys.nr * sizeof(keys.key[0])));
	memcpy(val, keys.key, *len);
	return 0;
}

/* ---- congestion control ----------------------------------------------- */

static int set_congestion(struct sock *sk, const void *val, socklen_t len)
{
	char name[TCP_CA_NAME_MAX] = "";

	if (len < 1)
		return -EINVAL;
	memcpy(name, val, min(len, (socklen_t)sizeof(name) - 1));
	return tcp_set_congestion_control(sk, name);
}

static int get_congestion(struct sock *sk, void *val, socklen_t *len)
{
	char name[TCP_CA_NAME_MAX] = "";

	strncpy(name, inet_csk(sk)->icsk_ca_ops->name, sizeof(name) - 1);
	*len = min(*len, (socklen_t)sizeof(name));
	memcpy(val, name, *len);
	return 0;
}

/* What the congestion control says of itself, once there is a connection. */
static int get_cc_info(struct sock *sk, void *val, socklen_t *len)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	*len = icsk->icsk_ca_initialized && icsk->icsk_ca_ops->get_info ?
		       icsk->icsk_ca_ops->get_info(sk, val, *len) : 0;
	return 0;
}

/* ---- TCP_INFO --------------------------------------------------------- */

/* Linux's layout beyond what libc declares. */
struct tcp_info_linux {
	struct tcp_info base;
	u64 tcpi_pacing_rate, tcpi_max_pacing_rate;
	u64 tcpi_bytes_acked, tcpi_bytes_received;
	u32 tcpi_segs_out, tcpi_segs_in;
	u32 tcpi_notsent_bytes, tcpi_min_rtt;
	u32 tcpi_data_segs_in, tcpi_data_segs_out;
	u64 tcpi_delivery_rate;
	u64 tcpi_busy_time, tcpi_rwnd_limited, tcpi_sndbuf_limited;
	u32 tcpi_delivered, tcpi_delivered_ce;
	u64 tcpi_bytes_sent, tcpi_bytes_retrans;
	u32 tcpi_dsack_dups, tcpi_reord_seen;
	u32 tcpi_rcv_ooopack, tcpi_snd_wnd;
	u32 tcpi_rcv_wnd, tcpi_rehash;
	u16 tcpi_total_rto, tcpi_total_rto_recoveries;
	u32 tcpi_total_rto_time;
	/* of accurate ECN */
	u32 tcpi_received_ce;
	u32 tcpi_delivered_e1_bytes, tcpi_delivered_e0_bytes;
	u32 tcpi_delivered_ce_bytes;
	u32 tcpi_received_e1_bytes, tcpi_received_e0_bytes;
	u32 tcpi_received_ce_bytes;
	u16 tcpi_accecn_fail_mode, tcpi_accecn_opt_seen;
};

static_assert(sizeof(struct tcp_info) == 104, "libc's tcp_info");

#define TCPI_FLAGS_OFFSET 7
#define TCPI_RATE_APP_LIMITED 0x01

static u32 ms_since(const struct tcp_sock *tp, u64 ns)
{
	return ns ? (u32)((tp->mstamp_ns - ns) / NSEC_PER_MSEC) : 0;
}

/* The part of TCP_INFO that libc declares. */
static void tcp_info_base(struct sock *sk, struct tcp_info *info)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	info->tcpi_state = sk->sk_state;
	info->tcpi_ca_state = icsk->icsk_ca_state;
	info->tcpi_retransmits = icsk->icsk_retransmits;
	info->tcpi_probes = icsk->icsk_probes_out;
	info->tcpi_backoff = icsk->icsk_backoff;
	if (tp->rx_opt.tstamp_ok)
		info->tcpi_options |= TCPI_OPT_TIMESTAMPS;
	if (tp->rx_opt.sack_ok)
		info->tcpi_options |= TCPI_OPT_SACK;
	if (tp->rx_opt.wscale_ok) {
		info->tcpi_options |= TCPI_OPT_WSCALE;
		info->tcpi_snd_wscale = tp->rx_opt.snd_wscale;
		info->tcpi_rcv_wscale = tp->rx_opt.rcv_wscale;
	}
	if (tp->ecn_flags & TCP_ECN_OK)
		info->tcpi_options |= TCPI_OPT_ECN;
	if (tp->ecn_flags & TCP_ECN_SEEN)
		info->tcpi_options |= TCPI_OPT_ECN_SEEN;
	if (tp->syn_data_acked)
		info->tcpi_options |= TCPI_OPT_SYN_DATA;
	info->tcpi_rto = icsk->icsk_rto_us;
	info->tcpi_ato = icsk->icsk_ack.ato_us;
	info->tcpi_snd_mss = tp->mss_cache;
	info->tcpi_rcv_mss = icsk->icsk_ack.rcv_mss;
	if (sk->sk_state == TCP_LISTEN) {
		info->tcpi_unacked = sk->sk_ack_backlog;
		info->tcpi_sacked = sk->sk_max_ack_backlog;
	} else {
		info->tcpi_unacked = tp->packets_out;
		info->tcpi_sacked = tp->sacked_out;
	}
	info->tcpi_lost = tp->lost_out;
	info->tcpi_retrans = tp->retrans_out;
	info->tcpi_last_data_sent = ms_since(tp, tp->lsndtime_ns);
	info->tcpi_last_data_recv = ms_since(tp, icsk->icsk_ack.lrcvtime_ns);
	info->tcpi_last_ack_recv = ms_since(tp, tp->rcv_tstamp_ns);
	info->tcpi_pmtu = icsk->icsk_pmtu_cookie;
	info->tcpi_rcv_ssthresh = tp->rcv_ssthresh;
	info->tcpi_rtt = tp->srtt_us >> 3;
	info->tcpi_rttvar = tp->mdev_us >> 2;
	info->tcpi_snd_ssthresh = tp->snd_ssthresh;
	info->tcpi_snd_cwnd = tp->snd_cwnd;
	if (unlikely(tcp_fastopen_waits(sk)) && !tp->total_retrans)
		info->tcpi_snd_cwnd--;		/* the place of the SYN-ACK */
	info->tcpi_advmss = tp->advmss;
	info->tcpi_reordering = tp->reordering;
	info->tcpi_rcv_rtt = tp->rcv_rtt_est.rtt_us >> 3;
	info->tcpi_rcv_space = tp->rcvq_space.space;
	info->tcpi_total_retrans = tp->total_retrans;
}

/* What bounded sending, and for how long; timeouts. */
static void tcp_info_times(const struct tcp_sock *tp, struct tcp_info_linux *info)
{
	u64 us[TCP_CHRONO_NR];

	tcp_chrono_read(tp, us);
	info->tcpi_busy_time = us[TCP_CHRONO_BUSY] +
			       us[TCP_CHRONO_RWND_LIMITED] +
			       us[TCP_CHRONO_SNDBUF_LIMITED];
	info->tcpi_rwnd_limited = us[TCP_CHRONO_RWND_LIMITED];
	info->tcpi_sndbuf_limited = us[TCP_CHRONO_SNDBUF_LIMITED];
	info->tcpi_total_rto = tp->total_rto;
	info->tcpi_total_rto_recoveries = tp->total_rto_recoveries;
	info->tcpi_total_rto_time = tp->total_rto_ms;
	if (tp->rto_since_ms)
		info->tcpi_total_rto_time += tcp_ns_to_ts(tp->mstamp_ns) -
					     tp->rto_since_ms;
}

/* As much of it as *@len has room for. Context: locked. */
void tcp_get_info(struct sock *sk, void *buf, socklen_t *len)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_info_linux info;

	memset(&info, 0, sizeof(info));
	tcp_mstamp_refresh(sk);
	tcp_info_base(sk, &info.base);
	info.tcpi_dsack_dups = tp->dsack_dups;
	info.tcpi_reord_seen = tp->rack.reord_seen;
	tcp_update_pacing_rate(sk);
	info.tcpi_pacing_rate = sk->sk_pacing_rate;
	info.tcpi_max_pacing_rate = sk->sk_max_pacing_rate;
	info.tcpi_bytes_acked = tp->bytes_acked;
	info.tcpi_bytes_received = tp->bytes_received;
	info.tcpi_segs_out = tp->segs_out;
	info.tcpi_segs_in = READ_ONCE(tp->segs_in);
	info.tcpi_notsent_bytes = tp->write_seq - tp->snd_nxt;
	info.tcpi_min_rtt = tp->rtt_min_us;
	info.tcpi_data_segs_in = tp->data_segs_in;
	info.tcpi_data_segs_out = tp->data_segs_out;
	info.tcpi_delivered = tp->tx.delivered;
	info.tcpi_delivered_ce = tp->delivered_ce;
	info.tcpi_delivery_rate = tcp_delivery_rate(tp);
	/* beside the scales, where libc declares nothing */
	if (tp->rate_limited)
		((u8 *)&info)[TCPI_FLAGS_OFFSET] |= TCPI_RATE_APP_LIMITED;
	info.tcpi_bytes_sent = tp->bytes_sent;
	info.tcpi_bytes_retrans = tp->bytes_retrans;
	info.tcpi_rcv_ooopack = tp->rcv_ooopack;
	info.tcpi_snd_wnd = tp->snd_wnd;
	info.tcpi_rcv_wnd = tp->rcv_wnd;
	tcp_info_times(tp, &info);
	*len = min(*len, (socklen_t)sizeof(info));
	memcpy(buf, &info, *len);
}

static int get_info(struct sock *sk, void *val, socklen_t *len)
{
	tcp_get_info(sk, val, len);
	return 0;
}

/* ---- the rows --------------------------------------------------------- */

const struct sockopt_row tcp_options[] = {
	SOCKOPT_ROW(IPPROTO_TCP, TCP_NODELAY, BOOL, 0, 0,
		    set_nodelay, get_nodelay),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_MAXSEG, INT, INT32_MIN, INT32_MAX,
		    set_maxseg, get_maxseg),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_CORK, BOOL, 0, 0, set_cork, get_cork),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_KEEPIDLE, INT, 1, MAX_TCP_KEEPIDLE,
		    set_keepidle, get_keepidle),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_KEEPINTVL, INT, 1, MAX_TCP_KEEPINTVL,
		    set_keepintvl, get_keepintvl),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_KEEPCNT, INT, 1, MAX_TCP_KEEPCNT,
		    set_keepcnt, get_keepcnt),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_SYNCNT, INT, 1, MAX_TCP_SYNCNT,
		    set_syncnt, get_syncnt),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_LINGER2, INT, INT32_MIN, INT32_MAX,
		    set_linger2, get_linger2),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_WINDOW_CLAMP, INT, 0, INT32_MAX,
		    set_window_clamp, get_window_clamp),
	SOCKOPT_ROW_BYTES(IPPROTO_TCP, TCP_INFO, NULL, get_info),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_QUICKACK, INT, INT32_MIN, INT32_MAX,
		    set_quickack, get_quickack),
	SOCKOPT_ROW_BYTES(IPPROTO_TCP, TCP_CONGESTION,
			  set_congestion, get_congestion),
	SOCKOPT_ROW_BYTES(IPPROTO_TCP, TCP_CC_INFO, NULL, get_cc_info),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_USER_TIMEOUT, INT, 0, INT32_MAX,
		    set_user_timeout, get_user_timeout),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_DEFER_ACCEPT, INT, INT32_MIN, INT32_MAX,
		    set_defer_accept, get_defer_accept),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_SAVE_SYN, INT, 0, 2,
		    set_save_syn, get_save_syn),
	SOCKOPT_ROW_BYTES(IPPROTO_TCP, TCP_SAVED_SYN, NULL, get_saved_syn),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_INQ, INT, 0, 1, set_inq, get_inq),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_FASTOPEN, INT, 0, INT32_MAX,
		    set_fastopen, get_fastopen),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_FASTOPEN_CONNECT, INT, 0, 1,
		    set_fastopen_connect, get_fastopen_connect),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, INT, 0, 1,
		    set_fastopen_no_cookie, get_fastopen_no_cookie),
	SOCKOPT_ROW_BYTES(IPPROTO_TCP, TCP_FASTOPEN_KEY,
			  set_fastopen_key, get_fastopen_key),
#ifdef HAVE_OPENSSL
	SOCKOPT_ROW_BYTES(IPPROTO_TCP, TCP_MD5SIG, tcp_set_md5sig, NULL),
	SOCKOPT_ROW_BYTES(IPPROTO_TCP, TCP_MD5SIG_EXT, tcp_set_md5sig_ext, NULL),
#endif
	SOCKOPT_ROW(IPPROTO_TCP, TCP_REPAIR, INT, INT32_MIN, INT32_MAX,
		    tcp_set_repair, get_repair),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_REPAIR_QUEUE, INT, INT32_MIN, INT32_MAX,
		    set_repair_queue, get_repair_queue),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_QUEUE_SEQ, INT, INT32_MIN, INT32_MAX,
		    tcp_set_queue_seq, get_queue_seq),
	SOCKOPT_ROW_BYTES(IPPROTO_TCP, TCP_REPAIR_OPTIONS,
			  tcp_set_repair_options, NULL),
	SOCKOPT_ROW_BYTES(IPPROTO_TCP, TCP_REPAIR_WINDOW,
			  tcp_set_repair_window, tcp_get_repair_window),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_TIMESTAMP, INT, INT32_MIN, INT32_MAX,
		    set_timestamp, get_timestamp),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_IS_MPTCP, INT, 0, 0, NULL, get_is_mptcp),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_RTO_MAX_MS, INT, 1000,
		    TCP_RTO_MAX_US / USEC_PER_MSEC,
		    set_rto_max_ms, get_rto_max_ms),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_RTO_MIN_US, INT, TCP_RTO_LEAST_US,
		    TCP_RTO_MIN_DFLT_US, set_rto_min_us, get_rto_min_us),
	SOCKOPT_ROW(IPPROTO_TCP, TCP_NOTSENT_LOWAT, INT, INT32_MIN, INT32_MAX,
		    set_notsent_lowat, get_notsent_lowat),
};

const u32 nr_tcp_options = ARRAY_SIZE(tcp_options);

int tcp_setsockopt(struct sock *sk, int level, int optname, const void *val,
		   socklen_t len)
{
	if (level != IPPROTO_TCP)
		return inet_csk(sk)->icsk_af_ops->setsockopt(sk, level, optname,
							     val, len);
	return sockopt_set(sk, tcp_options, nr_tcp_options, level, optname, val,
			   len);
}

int tcp_getsockopt(struct sock *sk, int level, int optname, void *val,
		   socklen_t *len)
{
	if (level != IPPROTO_TCP)
		return inet_csk(sk)->icsk_af_ops->getsockopt(sk, level, optname,
							     val, len);
	return sockopt_get(sk, tcp_options, nr_tcp_options, level, optname, val,
			   len);
}
