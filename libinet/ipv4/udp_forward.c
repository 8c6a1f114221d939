/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP's forwarders: the first datagram of a flow that is for nobody is held until
 * the application decides. What it accepts is a connected socket, bound to the
 * address that was asked for; the datagram is the first on its queue. A socket
 * notes when it sends (UDP_NOTES_SENT in udp_sock.send_flags, which every send
 * asks anyway) and when something arrives for it, which only the way of foreign
 * packets asks.
 */
#include "ipv4/forward.h"

#include <errno.h>

#include "core/socket.h"
#include "ipv4/udp.h"

#define UDP_FORWARD_MAX 4096u

/* ---- datagrams -------------------------------------------------------- */

bool udp_forward_rcv(struct sk_buff *skb)
{
	struct inet_forwarder *fwd = forwarder_find(skb, IPPROTO_UDP);
	const struct udphdr *uh = (const struct udphdr *)skb->data;
	const struct forward_want want = {
		.key = { .saddr = ip_hdr(skb)->saddr,
			 .daddr = ip_hdr(skb)->daddr,
			 .sport = uh->source, .dport = uh->dest },
		.len = (u32)((int)skb->len - skb_network_offset(skb)),
	};
	const struct inet_forward_request req = { .len = skb->len - UDP_HLEN };

	if (!fwd || !uh->source || !uh->dest)
		return false;
	forward_consume(skb, forward_request(fwd, skb, &want, &req));
	return true;
}

/* ---- verdicts --------------------------------------------------------- */

/* Names, a way back and a place in the table. 0 or -E. Context: sock lock. */
static int udp_forward_connect(struct sock *sk, const struct forward_key *key)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 fl4;
	int err = forward_route(sk, &fl4, key);

	if (err)
		return err;
	WRITE_ONCE(inet->inet_saddr, key->daddr);
	(void)udp_lib_set_addrs(sk, key->daddr, key->saddr, key->sport);
	udp_sk(sk)->send_flags |= UDP_NOTES_SENT;
	WRITE_ONCE(udp_sk(sk)->used_ns, net_now(sock_net(sk)));
	err = udp_v4_get_port(sk, ntohs(key->dport));
	if (err)
		return err;
	WRITE_ONCE(inet->inet_sport, key->dport);
	WRITE_ONCE(sk->sk_state, TCP_ESTABLISHED);
	return 0;
}

/* The datagram of @flow, which keeps its own in case that the rest fails. */
static int udp_forward_queue(struct sock *sk, const struct forward_flow *flow)
{
	struct sk_buff *skb = skb_clone(flow->skb);

	if (!skb)
		return -ENOMEM;
	skb_pull(skb, (u32)skb_transport_offset(skb));
	udp_queue_rcv_skb(sk, skb);
	return 0;
}

/* forward_ops.accept. What the socket reads first is there before others can find
 * it. */
static int udp_forward_accept(struct forward_flow *flow, struct socket **res)
{
	struct socket *sock;
	struct sock *sk;
	int err = sock_create(flow->fwd->net, PF_INET, SOCK_DGRAM, 0, &sock);

	if (err)
		return err;
	sk = sock->sk;
	err = udp_forward_queue(sk, flow);
	lock_sock(sk);
	if (!err)
		err = udp_forward_connect(sk, &flow->key);
	if (!err)
		sock->state = SS_CONNECTED;
	release_sock(sk);
	if (err)
		sock_release(sock);
	else
		*res = sock;
	return err;
}

/* forward_ops.idle_at. */
static u64 udp_forward_idle_at(const struct forward_flow *flow)
{
	return READ_ONCE(udp_sk(flow->sk)->used_ns) + flow->fwd->idle_ns;
}

/* forward_ops.idle. */
static void udp_forward_idle(struct sock *sk)
{
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	udp_lib_unhash(sk);
	WRITE_ONCE(sk->sk_err, ETIMEDOUT);
	sk->sk_error_report(sk);
	sk->sk_state_change(sk);
}

const struct forward_ops udp_forward_ops = {
	.protocol = IPPROTO_UDP,
	.max_flows = UDP_FORWARD_MAX,
	.accept = udp_forward_accept,
	.idle_at = udp_forward_idle_at,
	.idle = udp_forward_idle,
};
