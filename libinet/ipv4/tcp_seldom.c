/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP: what few connections have, behind one pointer of the sock, so that the
 * others need not carry its place.
 */
#include <string.h>

#include "ipv4/ip.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_fastopen.h"
#include "ipv4/tcp_md5.h"
#include "lib/mem.h"

struct tcp_seldom *tcp_seldom_get(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	struct tcp_seldom *seldom = tp->seldom;

	if (seldom)
		return seldom;
	seldom = mem_zalloc(&sock_net(sk)->mem, sizeof(*seldom));
	if (!seldom)
		return NULL;
	seldom->net = sock_net(sk);
	__atomic_store_n(&tp->seldom, seldom, __ATOMIC_RELEASE);
	return seldom;
}

static void tcp_seldom_free_rcu(struct rcu_head *head)
{
	struct tcp_seldom *seldom = container_of(head, struct tcp_seldom, rcu);

	mem_free(&seldom->net->mem, seldom, sizeof(*seldom));
}

void tcp_seldom_reset(struct sock *sk)
{
	tcp_fastopen_done(sk, false);
	tcp_saved_syn_free(sock_net(sk), &tcp_sk(sk)->seldom->saved_syn);
}

void tcp_seldom_free(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_seldom *seldom = tp->seldom;

	tcp_seldom_reset(sk);
	tcp_md5_free(seldom);
	WRITE_ONCE(tp->seldom, NULL);
	/* a softnet may be looking at a listener's */
	call_rcu(&seldom->net->rcu, &seldom->rcu, tcp_seldom_free_rcu);
}

/* ---- TCP_SAVE_SYN ----------------------------------------------------- */

void tcp_saved_syn_free(struct net *net, struct tcp_saved_syn **saved)
{
	if (*saved)
		mem_free(&net->mem, *saved, sizeof(**saved) + (*saved)->len);
	*saved = NULL;
}

void tcp_save_syn(const struct sock *sk, struct request_sock *req,
		  const struct sk_buff *skb)
{
	const u8 *from = (const u8 *)ip_hdr(skb);
	const u8 *end = (const u8 *)tcp_hdr(skb) + __tcp_hdrlen(tcp_hdr(skb));
	struct tcp_saved_syn *saved;
	u32 len;

	if (tcp_sk(sk)->save_syn == 2)
		from = skb_mac_header(skb);
	len = (u32)(end - from);
	saved = mem_zalloc(&sock_net(sk)->mem, sizeof(*saved) + len);
	if (!saved)
		return;
	saved->len = len;
	memcpy(saved->data, from, len);
	tcp_rsk(req)->saved_syn = saved;
}

void tcp_inherit_syn(struct sock *child, struct request_sock *req)
{
	struct tcp_request_sock *treq = tcp_rsk(req);
	struct tcp_seldom *seldom = tcp_seldom_get(child);

	if (!seldom)
		return;
	seldom->saved_syn = treq->saved_syn;
	treq->saved_syn = NULL;
}
