/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For writers of protocols: what <inet/sock.h> and <inet/ip.h> declare and the
 * stack itself has inline or as members.
 *
 * The first five have an inline of their name in core/sock.h; here they get
 * another name in the source and the public one as symbol.
 */
#include "core/socket.h"
#include "ipv4/ip.h"

struct net *exported_sock_net(const struct sock *sk) INET_EXPORT(sock_net);
void exported_sock_hold(struct sock *sk) INET_EXPORT(sock_hold);
void exported_sock_put(struct sock *sk) INET_EXPORT(sock_put);
void exported_lock_sock(struct sock *sk) INET_EXPORT(lock_sock);
void exported_release_sock(struct sock *sk) INET_EXPORT(release_sock);

struct net *exported_sock_net(const struct sock *sk)
{
	return sock_net(sk);
}

void exported_sock_hold(struct sock *sk)
{
	sock_hold(sk);
}

void exported_sock_put(struct sock *sk)
{
	sock_put(sk);
}

void exported_lock_sock(struct sock *sk)
{
	lock_sock(sk);
}

void exported_release_sock(struct sock *sk)
{
	release_sock(sk);
}

__be32 inet_sk_rcv_saddr(const struct sock *sk)
{
	return READ_ONCE(sk->sk_rcv_saddr);
}

__be32 inet_sk_daddr(const struct sock *sk)
{
	return READ_ONCE(sk->sk_daddr);
}

int ip_send_skb(struct net *net, struct sk_buff *skb,
		const struct ip_packet_info *to)
{
	int err;

	skb_reset_transport_header(skb);
	rcu_read_lock(&net->rcu);
	err = ip_send_reply(net, skb, to, NULL);
	rcu_read_unlock(&net->rcu);
	return err > 0 ? 0 : err;
}
