/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: how large segments are, and how large a window we offer.
 *
 * Receive window. The buffer limit sk_rcvbuf counts truesize; a window is
 * offered only for the part that payload can take of it (tcp_adv_win_scale).
 * rcv_ssthresh bounds it further, and grows while segments come that fill
 * their frames. The right edge never moves back (SHLD-14), and forward only by
 * a worthwhile step (MUST-39).
 */
#include "ipv4/ip.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_mtu_probe.h"

/* ---- segment size ----------------------------------------------------- */

/* Payload of a full segment through a path of @pmtu, options of the TCP header
 * not taken off (MUST-16). */
static u32 __tcp_mtu_to_mss(const struct sock *sk, u32 pmtu)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	s32 floor = READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_min_snd_mss);
	s32 mss = (s32)pmtu - icsk->icsk_af_ops->net_header_len - TCP_HLEN_MIN;

	mss = min(mss, (s32)tcp_sk(sk)->rx_opt.mss_clamp);
	mss -= icsk->icsk_ext_hdr_len;
	return (u32)max(mss, floor);
}

u32 tcp_mtu_to_mss(const struct sock *sk, u32 pmtu)
{
	return __tcp_mtu_to_mss(sk, pmtu) -
	       (tcp_sk(sk)->tcp_header_len - TCP_HLEN_MIN);
}

/* No segment is larger than half of the largest window that the peer ever
 * offered (RFC 1122 4.2.3.4): else the two could wait for one another. */
static u32 tcp_bound_to_half_wnd(const struct tcp_sock *tp, u32 mss)
{
	u32 cutoff = tp->max_window > TCP_MSS_DEFAULT ? tp->max_window / 2 :
							tp->max_window;

	if (cutoff && mss > cutoff)
		return max(cutoff, 68u - tp->tcp_header_len);
	return mss;
}

u32 tcp_sync_mss(struct sock *sk, u32 pmtu)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 mtu = pmtu;

	if (unlikely(tp->mtu_probing))
		mtu = tcp_mtup_follow(sk, pmtu);
	inet_csk(sk)->icsk_pmtu_cookie = pmtu;
	tp->mss_cache = tcp_bound_to_half_wnd(tp, tcp_mtu_to_mss(sk, mtu));
	return tp->mss_cache;
}

/* By the route that will be taken, which may know of a narrower path that
 * another connection has met. */
u32 tcp_current_mss(struct sock *sk)
{
	const struct dst_entry *dst = __sk_dst_check(sk, 0);
	u32 mtu;

	if (unlikely(!dst) &&
	    !inet_csk(sk)->icsk_af_ops->rebuild_header(sk))
		dst = rcu_access_pointer(sk->sk_dst_cache);
	if (likely(dst)) {
		mtu = ip_sk_mtu(sk, dst);
		if (unlikely(mtu != inet_csk(sk)->icsk_pmtu_cookie))
			return tcp_sync_mss(sk, mtu);
	}
	return tcp_sk(sk)->mss_cache;
}

u32 tcp_advertise_mss(const struct sock *sk)
{
	const struct dst_entry *dst = rcu_access_pointer(sk->sk_dst_cache);
	u32 mss = tcp_sk(sk)->advmss;

	if (dst && dst->ops->default_advmss)
		mss = min(mss, dst->ops->default_advmss(dst));
	return mss;
}

/* ---- the window we offer ---------------------------------------------- */

/* What the buffer allows to offer now. */
static inline u32 window_by_space(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 scale = tp->rx_opt.rcv_wscale;
	s32 full = min(tcp_full_space(sk), (s32)tp->window_clamp);
	s32 cur = (s32)tcp_receive_window(tp);
	s32 free = full, step;

	if (tcp_rmem_held(sk))
		free = min(tcp_space(sk), full);
	if (free < full / 2 && sk_under_memory_pressure(sk))
		tp->rcv_ssthresh = min(tp->rcv_ssthresh, 4u * tp->advmss);
	free = min(free, (s32)tp->rcv_ssthresh);
	if (free <= 0)
		return 0;
	free = (s32)ALIGN_DOWN((u32)free, 1u << scale);
	/* MUST-39: the right edge moves by min(half a buffer, a segment) */
	step = min(full / 2, (s32)inet_csk(sk)->icsk_ack.rcv_mss);
	if (free < cur + step)
		return min((u32)cur, (u32)max(free, 0));
	return (u32)free;
}

u32 __tcp_select_window(struct sock *sk)
{
	return window_by_space(sk);
}

/* The offered window closes, opens again, or should be closed. Return: the
 * window field. */
static __noinline u16 tcp_window_edge(struct sock *sk, u32 old_win, u32 new_win,
				      bool want_zero)
{
	if (want_zero)
		NET_INC_STATS(sock_net(sk), TCP_WANTZEROWINDOWADV);
	if (!new_win) {
		tcp_sk(sk)->pred_flags = 0;
		if (old_win)
			NET_INC_STATS(sock_net(sk), TCP_TOZEROWINDOWADV);
	} else if (!old_win) {
		NET_INC_STATS(sock_net(sk), TCP_FROMZEROWINDOWADV);
	}
	return (u16)new_win;
}

u32 tcp_largest_window(const struct sock *sk)
{
	u32 scale = tcp_sk(sk)->rx_opt.rcv_wscale;

	if (!scale &&
	    READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_workaround_signed_windows))
		return MAX_TCP_WINDOW;
	return 65535u << scale;
}

u16 tcp_select_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 scale = tp->rx_opt.rcv_wscale;
	u32 old_win = tp->rcv_wnd;
	u32 cur_win = tcp_receive_window(tp);
	u32 new_win = window_by_space(sk);
	bool want_zero = !new_win && cur_win;

	/* SHLD-14: what was offered, stays; no more is lost by scaling (RFC
	 * 7323 2.4) */
	if (new_win <= cur_win)
		new_win = ALIGN(cur_win, 1u << scale);
	if (unlikely(new_win > MAX_TCP_WINDOW << scale)) {
		new_win = min(new_win, max(cur_win, tcp_largest_window(sk)));
		new_win = min(new_win, 65535u << scale);
	}
	WRITE_ONCE(tp->rcv_wnd, new_win);
	WRITE_ONCE(tp->rcv_wup, tp->rcv_nxt);
	new_win >>= scale;
	if (unlikely(!new_win || !old_win || want_zero))
		return tcp_window_edge(sk, old_win, new_win, want_zero);
	return (u16)new_win;
}

/* ---- at the beginning ------------------------------------------------- */

void tcp_select_initial_window(const struct sock *sk,
			       struct tcp_initial_window *w)
{
	const struct net *net = sock_net(sk);
	u64 space = w->space;

	if (!w->window_clamp)
		w->window_clamp = 65535u << TCP_MAX_WINDOW_SHIFT;
	space = min(space, (u64)w->window_clamp);
	if (space > w->mss)
		space -= space % w->mss;
	w->rcv_wnd = (u32)min(space,
			      READ_ONCE(net->ipv4.sysctl_tcp_workaround_signed_windows) ?
				      (u64)MAX_TCP_WINDOW : 65535ull);
	w->rcv_wscale = 0;
	if (w->wscale_ok) {
		/* room for what the buffer may grow to */
		space = max(space, (u64)READ_ONCE(net->ipv4.sysctl_tcp_rmem[2]));
		space = max(space, (u64)READ_ONCE(net->sysctl_rmem_max));
		space = min(space, (u64)w->window_clamp);
		w->rcv_wscale = (u8)clamp(fls64(space) - 16, 0,
					  TCP_MAX_WINDOW_SHIFT);
	}
	w->window_clamp = min(w->window_clamp, 65535u << w->rcv_wscale);
}

void tcp_initialize_rcv_mss(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 hint = min((u32)tp->advmss, tp->mss_cache);

	hint = min(hint, tp->rcv_wnd / 2);
	hint = min(hint, TCP_MSS_DEFAULT);
	WRITE_ONCE(inet_csk(sk)->icsk_ack.rcv_mss,
		   (u16)max(hint, TCP_MIN_MSS));
}

void tcp_init_buffer_space(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 max_win = (u32)max(tcp_full_space(sk), 0);

	tp->rcvq_space.space = min(tp->rcv_wnd, TCP_INIT_CWND * tp->advmss);
	tp->rcvq_space.time_ns = tp->mstamp_ns;
	tp->rcvq_space.seq = tp->copied_seq;
	if (tp->window_clamp >= max_win)
		tp->window_clamp = max(max_win, 2u * tp->advmss);
	tp->rcv_ssthresh = min(tp->rcv_wnd, tp->window_clamp);
	tp->snd_cwnd_stamp_ns = tp->mstamp_ns;
}
