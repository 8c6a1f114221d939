/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ping sockets: socket(PF_INET, SOCK_DGRAM, IPPROTO_ICMP). The application
 * writes an echo request, header and all; identifier and checksum become
 * ours. It reads the replies to its own requests and nothing else: the
 * identifier is the socket's "port". Anybody may open one (ping_group_range
 * does not apply: a stack has no users).
 */
#include "ipv4/ping.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>

#include "core/snmp.h"
#include "core/trace.h"
#include "ipv4/datagram.h"
#include "ipv4/inet_common.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"
#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "lib/list.h"
#include "lib/mem.h"
#include "lib/points.h"
#include "lib/random.h"

#define PING_CHAINS 256		/* chain: the identifier modulo this */

struct ping_table {
	struct inet_lock lock;		/* guards changes; a leaf */
	u32 moves;			/* atomic; see sk_join_chain() */
	struct hlist_head chain[PING_CHAINS];	/* of sk_node, RCU */
};

/* ---- identifiers ------------------------------------------------------ */

static struct hlist_head *ping_chain(struct net *net, u16 ident)
{
	return &net->ipv4.ping_table->chain[ident % PING_CHAINS];
}

/* May @sk not have @ident? Context: table lock. */
static bool ping_conflict(struct sock *sk, u16 ident)
{
	const struct sock *sk2;

	hlist_for_each_entry(sk2, ping_chain(sock_net(sk), ident), sk_node) {
		if (sk2->sk_num == ident && sk2 != sk &&
		    !(sk2->sk_reuse && sk->sk_reuse) &&
		    (!sk2->sk_rcv_saddr || !sk->sk_rcv_saddr ||
		     sk2->sk_rcv_saddr == sk->sk_rcv_saddr))
			return true;
	}
	return false;
}

/* A free identifier, from a random one on; 0: none. Context: table lock. */
static u16 ping_choose(struct sock *sk)
{
	u16 ident = (u16)get_random_u32(&sock_net(sk)->env);
	u32 i;

	for (i = 0; i < 65536; i++, ident++)
		if (ident && !ping_conflict(sk, ident))
			return ident;
	return 0;
}

/* proto.get_port. */
static int ping_get_port(struct sock *sk, u16 ident)
{
	struct net *net = sock_net(sk);
	struct ping_table *t = net->ipv4.ping_table;
	int err = -EADDRINUSE;

	spin_lock(&t->lock);
	if (!ident)
		ident = ping_choose(sk);
	else if (ping_conflict(sk, ident))
		ident = 0;
	if (ident) {
		WRITE_ONCE(sk->sk_num, ident);
		WRITE_ONCE(inet_sk(sk)->inet_sport, cpu_to_be16(ident));
		sk_join_chain(sk, &t->moves);
		hlist_add_head_rcu(&sk->sk_node, ping_chain(net, ident));
		err = 0;
	}
	spin_unlock(&t->lock);
	return err;
}

/* proto.unhash: nobody finds it any more, and the identifier is free. */
static void ping_unhash(struct sock *sk)
{
	struct ping_table *t = sock_net(sk)->ipv4.ping_table;

	spin_lock(&t->lock);
	if (!hlist_unhashed(&sk->sk_node)) {
		hlist_del_init_rcu(&sk->sk_node);
		WRITE_ONCE(sk->sk_num, 0);
		WRITE_ONCE(inet_sk(sk)->inet_sport, 0);
	}
	spin_unlock(&t->lock);
}

/* One walk of the chain: ping_lookup(). */
static struct sock *ping_walk_chain(struct net *net, u16 ident, __be32 daddr,
				    int dif)
{
	struct sock *sk;

	INET_WALK(PING);
	hlist_for_each_entry_rcu(sk, ping_chain(net, ident), sk_node) {
		__be32 rcv_saddr = READ_ONCE(sk->sk_rcv_saddr);
		int dev = READ_ONCE(sk->sk_bound_dev_if);

		INET_STEP(PING);
		if (READ_ONCE(sk->sk_num) == ident &&
		    (!rcv_saddr || rcv_saddr == daddr) && (!dev || dev == dif))
			return sk;
	}
	return NULL;
}

/* Whose echo with @ident, answered to our address @daddr, came by @dif?
 * Context: RCU. */
static struct sock *ping_lookup(struct net *net, u16 ident, __be32 daddr,
				int dif)
{
	const u32 *moves = &net->ipv4.ping_table->moves;
	struct sock *sk;
	u32 before;

	do {
		before = smp_load_acquire(moves);
		sk = ping_walk_chain(net, ident, daddr, dif);
	} while (unlikely(READ_ONCE(*moves) != before));
	return sk;
}

/* ---- in --------------------------------------------------------------- */

enum skb_drop_reason ping_rcv(struct sk_buff *skb)
{
	const struct icmphdr *icmph = (const struct icmphdr *)skb->data;
	enum skb_drop_reason reason = SKB_DROP_REASON_NO_SOCKET;
	struct net *net = skb_net(skb);
	struct sock *sk = NULL;
	int err;

	NET_ROAD(net, skb);
	if (pskb_may_pull(skb, sizeof(*icmph))) {
		icmph = (const struct icmphdr *)skb->data;
		sk = ping_lookup(net, be16_to_cpu(icmph->un.echo.id),
				 ip_hdr(skb)->daddr, skb->skb_iif);
	}
	if (sk) {
		ipv4_pktinfo_prepare(sk, skb);
		err = sock_queue_rcv_skb(sk, skb);
		if (!err)
			return SKB_NOT_DROPPED_YET;
		reason = sock_queue_drop_reason(err);
	}
	kfree_skb_reason(skb, reason);
	return reason;
}

int ping_err(struct sk_buff *skb, u32 info)
{
	struct net *net = skb_net(skb);
	struct icmp_quote quote;
	struct sock *sk;

	if (icmp_quote_parse(skb->data, skb_headlen(skb), &quote) ||
	    !quote.has_echo || quote.icmp_type != ICMP_ECHO)
		return -ENOENT;
	sk = ping_lookup(net, be16_to_cpu(quote.icmp_id), quote.saddr,
			 skb->skb_iif);
	if (!sk)
		return -ENOENT;
	ip4_datagram_tell_err(sk, skb, 0, info);
	return 0;
}

/* ---- out -------------------------------------------------------------- */

/* ip_datagram.finish: the header the application gave, with our identifier. */
static int ping_finish_skb(struct sock *sk, struct sk_buff *skb,
			   struct ip_datagram *d)
{
	struct icmphdr *icmph = (struct icmphdr *)skb->data;

	skb_reset_transport_header(skb);
	memcpy(icmph, d->arg, sizeof(*icmph));
	icmph->un.echo.id = READ_ONCE(inet_sk(sk)->inet_sport);
	icmph->checksum = 0;
	icmph->checksum = csum_fold(csum_partial(icmph, sizeof(*icmph),
						 skb->csum));
	skb->ip_summed = CHECKSUM_NONE;
	icmp_out_count(sock_net(sk), icmph->type);
	return 0;
}

/* Sends one echo request. */
static int ping_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	struct ipcm_cookie ipc;
	struct ip4_dest dest;
	struct icmphdr icmph;
	struct ip_datagram d = {
		.ipc = &ipc,
		.transhdrlen = sizeof(icmph),
		.csum = DATAGRAM_CSUM_COPY,
		.finish = ping_finish_skb,
		.arg = &icmph,
	};
	int err;

	NET_ROAD(sock_net(sk), NULL);
	if (len > 0xffff)
		return -EMSGSIZE;
	if (len < sizeof(icmph))
		return -EINVAL;
	if (msg->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
		return -EPIPE;
	if (copy_from_iter(&icmph, sizeof(icmph), &msg->iter) != sizeof(icmph))
		return -EFAULT;
	if (icmph.type != ICMP_ECHO || icmph.code)
		return -EINVAL;
	err = ip4_datagram_target(sk, msg, &dest, &ipc);
	if (!err) {
		ip4_datagram_flow(sk, &dest, &ipc, &d.fl4);
		err = ip4_datagram_send(sk, msg, len - sizeof(icmph), &d,
					&dest);
	}
	ipcm_free(sk, &ipc);
	return err ? err : (int)len;
}

/* Reads one reply, ICMP header and all. */
static int ping_recvmsg(struct sock *sk, struct inet_msg *msg, size_t len,
			int flags)
{
	NET_ROAD(sock_net(sk), NULL);
	return ip4_datagram_recvmsg(sk, msg, len, flags);
}

/* ---- the rest --------------------------------------------------------- */

/* bind(): an address of ours, and the port is the identifier. */
static int ping_bind(struct sock *sk, const struct sockaddr *addr,
		     socklen_t len)
{
	struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_in sin;
	u8 type;
	int err;

	err = inet_check_addr(addr, len);
	if (err)
		return err;
	memcpy(&sin, addr, sizeof(sin));
	if (sk->sk_state != TCP_CLOSE || inet->inet_num)
		return -EINVAL;
	type = inet_addr_type(sock_net(sk), sin.sin_addr.s_addr);
	if (sin.sin_addr.s_addr != INADDR_ANY &&
	    (type == RTN_MULTICAST || type == RTN_BROADCAST ||
	     !inet_addr_valid_or_nonlocal(sock_net(sk), inet,
					  sin.sin_addr.s_addr, type)))
		return -EADDRNOTAVAIL;
	WRITE_ONCE(inet->inet_saddr, sin.sin_addr.s_addr);
	WRITE_ONCE(inet->inet_rcv_saddr, sin.sin_addr.s_addr);
	err = ping_get_port(sk, be16_to_cpu(sin.sin_port));
	if (err) {
		WRITE_ONCE(inet->inet_saddr, 0);
		WRITE_ONCE(inet->inet_rcv_saddr, 0);
		return err;
	}
	if (inet->inet_rcv_saddr)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	if (sin.sin_port)
		sk->sk_userlocks |= SOCK_BINDPORT_LOCK;
	sk_dst_reset(sk);
	return 0;
}

/* connect(AF_UNSPEC): an identifier that bind() did not name is forgotten with
 * the peer, and the device with them, as in Linux. */
static int ping_disconnect(struct sock *sk, int flags)
{
	int err = ip4_datagram_disconnect(sk, flags);

	WRITE_ONCE(sk->sk_bound_dev_if, 0);
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
		ping_unhash(sk);
	return err;
}

void ping_verify(struct net *net)
{
	const struct ping_table *t = net->ipv4.ping_table;
	const struct sock *sk;
	u32 i;

	for (i = 0; i < PING_CHAINS; i++)
		hlist_for_each_entry(sk, &t->chain[i], sk_node) {
			inet_assert(sk->sk_num && sk->sk_num % PING_CHAINS == i);
			inet_assert(sk->sk_protocol == IPPROTO_ICMP);
			inet_assert(inet_sk(sk)->inet_sport ==
				    cpu_to_be16(sk->sk_num));
		}
}

static int ping_init_sock(struct sock *sk)
{
	sk->sk_mem_id = PROTO_MEM_RAW;
	return 0;
}

/* The stack's table of identifiers. */
static int ping_table_init(struct net *net)
{
	struct ping_table *t = mem_zalloc(&net->mem, sizeof(*t));

	if (!t)
		return -ENOMEM;
	lock_init(&t->lock, net->smp);
	net->ipv4.ping_table = t;
	return 0;
}

static void ping_table_exit(struct net *net)
{
	mem_free(&net->mem, net->ipv4.ping_table,
		 sizeof(*net->ipv4.ping_table));
	net->ipv4.ping_table = NULL;
}

static const struct proto ping_prot = {
	.name = "PING",
	.obj_size = sizeof(struct inet_sock),
	.init = ping_init_sock,
	.bind = ping_bind,
	.connect = ip4_datagram_connect,
	.disconnect = ping_disconnect,
	.ioctl = ip4_datagram_ioctl,
	.setsockopt = ip_setsockopt,
	.getsockopt = ip_getsockopt,
	.sendmsg = ping_sendmsg,
	.recvmsg = ping_recvmsg,
	.unhash = ping_unhash,
	.get_port = ping_get_port,
};

static const struct inet_protosw ping_protosw = {
	.type = SOCK_DGRAM,
	.protocol = IPPROTO_ICMP,
	.prot = &ping_prot,
	.ops = &inet_sockraw_ops,
	.flags = INET_PROTOSW_PERMANENT | INET_PROTOSW_REUSE,
};

/* Its packets come by way of icmp.c. */
const struct inet_protocol ping_protocol = {
	.name = "ping",
	.protocol = IPPROTO_ICMP,
	.sw = &ping_protosw,
	.nr_sw = 1,
	.net_init = ping_table_init,
	.net_exit = ping_table_exit,
};
