/* SPDX-License-Identifier: BSD-2-Clause */
/* inet_diag_each(): the sockets of a stack, as sock_diag(7) tells of them. */
#include <inet/sock_diag.h>

#include <errno.h>
#include <netinet/in.h>

#include "api/api.h"
#include "core/socket.h"
#include "ipv4/inet_hashtables.h"
#include "ipv4/inet_timewait_sock.h"
#include "ipv4/tcp.h"

/* Who asks. */
struct asker {
	void (*fn)(void *arg, const struct inet_diag_info *info);
	void *arg;
};

static u32 ms_until(const struct sock_common *skc, u64 expires_ns)
{
	u64 now = net_now(skc->skc_net);

	return expires_ns > now ? (u32)((expires_ns - now) / NSEC_PER_MSEC) : 0;
}

/* Which timer runs, as inet_csk_diag_fill() of Linux has it. */
static void fill_timer(struct inet_diag_info *info, const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	u64 expires_ns = READ_ONCE(icsk->icsk_timeout_ns);
	u8 pending = READ_ONCE(icsk->icsk_pending);

	if (pending == ICSK_TIME_PROBE0) {
		info->timer = INET_DIAG_TIMER_PERSIST;
		info->retransmits = READ_ONCE(icsk->icsk_probes_out);
	} else if (pending) {
		info->timer = INET_DIAG_TIMER_ON;
		info->retransmits = READ_ONCE(icsk->icsk_retransmits);
	} else if (timer_pending(&sk->sk_timer)) {
		info->timer = INET_DIAG_TIMER_KEEPALIVE;
		info->retransmits = READ_ONCE(icsk->icsk_probes_out);
		expires_ns = timer_expires_ns(&sk->sk_timer);
	} else {
		return;
	}
	info->expires_ms = ms_until(&sk->__sk_common, expires_ns);
}

/* What only connections have. */
static void fill_tcp(struct inet_diag_info *info, const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 unread = READ_ONCE(tp->rcv_nxt) - READ_ONCE(tp->copied_seq);

	if (info->state == TCP_LISTEN) {
		info->rqueue = READ_ONCE(sk->sk_ack_backlog);
		info->wqueue = READ_ONCE(sk->sk_max_ack_backlog);
		return;
	}
	info->rqueue = (s32)unread > 0 ? unread : 0;
	info->wqueue = READ_ONCE(tp->write_seq) - READ_ONCE(tp->snd_una);
	if (info->state != TCP_CLOSE)
		fill_timer(info, sk);
}

/* What every whole sock has. */
static void fill_sock(struct inet_diag_info *info, const struct sock *sk)
{
	info->type = (u8)sk->sk_type;
	info->protocol = sk->sk_protocol;
	info->shutdown = READ_ONCE(sk->sk_shutdown);
	info->mark = READ_ONCE(sk->sk_mark);
	info->rmem = (u32)sk_rmem_alloc_get(sk);
	info->rcvbuf = (u32)READ_ONCE(sk->sk_rcvbuf);
	info->wmem = (u32)sk_wmem_alloc_get(sk);
	info->sndbuf = (u32)READ_ONCE(sk->sk_sndbuf);
	info->fwd_alloc = (u32)READ_ONCE(sk->sk_forward_alloc);
	info->wmem_queued = (u32)READ_ONCE(sk->sk_wmem_queued);
	info->optmem = (u32)READ_ONCE(sk->sk_omem_alloc);
	info->backlog = READ_ONCE(sk->sk_backlog.len);
	info->drops = READ_ONCE(sk->sk_drops);
	info->cookie = READ_ONCE(sk->sk_cookie);
	info->sock = READ_ONCE(sk->sk_socket);
	info->rqueue = info->rmem;
	info->wqueue = info->wmem;
	if (info->family == AF_INET && sk->sk_type == SOCK_STREAM)
		fill_tcp(info, sk);
}

/* Tells of @skc, which is no whole sock when its state says so. */
static void tell(const struct asker *asker, const struct sock_common *skc, u8 state)
{
	const struct inet_timewait_sock *tw = (const void *)skc;
	struct inet_diag_info info = {
		.family = (u8)skc->skc_family, .type = SOCK_STREAM, .state = state,
		.protocol = IPPROTO_TCP,
		.src = { .sin_family = AF_INET, .sin_port = htons(skc->skc_num),
			 .sin_addr.s_addr = skc->skc_rcv_saddr },
		.dst = { .sin_family = AF_INET, .sin_port = skc->skc_dport,
			 .sin_addr.s_addr = skc->skc_daddr },
		.ifindex = skc->skc_bound_dev_if,
	};

	if (state == TCP_TIME_WAIT) {
		info.state = READ_ONCE(tw->tw_substate);
		info.timer = INET_DIAG_TIMER_TIMEWAIT;
		info.expires_ms = ms_until(skc, timer_expires_ns(&tw->tw_timer));
	} else if (state == TCP_NEW_SYN_RECV) {
		info.state = TCP_SYN_RECV;
	} else {
		fill_sock(&info, (const struct sock *)skc);
	}
	asker->fn(asker->arg, &info);
}

/* A connection that no struct socket stands for. */
static void tell_unowned(void *asker, struct sock_common *skc)
{
	u8 state = READ_ONCE(skc->skc_state);

	if (state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV ||
	    !READ_ONCE(((struct sock *)skc)->sk_socket))
		tell(asker, skc, state);
}

/* Those of the application, then the others. */
int inet_diag_each(struct net *net,
		   void (*fn)(void *arg, const struct inet_diag_info *info), void *arg)
{
	struct asker asker = { fn, arg };
	struct socket *sock;

	if (!net || !fn)
		return net_null(net, __func__);
	spin_lock(&net->sockets_lock);
	list_for_each_entry(sock, &net->sockets, net_list)
		if (sock->sk)
			tell(&asker, &sock->sk->__sk_common,
			     READ_ONCE(sock->sk->sk_state));
	spin_unlock(&net->sockets_lock);
	inet_ehash_each(net, tell_unowned, &asker);
	return 0;
}
