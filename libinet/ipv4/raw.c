/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw sockets: whole IPv4 packets of one protocol, in and out (raw(7)).
 *
 * In: every packet of the protocol that was meant for this host, header
 * included, beside the protocol's own handler. bind() and connect() narrow it
 * to an address of ours and a peer, ICMP_FILTER to some types of ICMP. Out:
 * the payload, or with IP_HDRINCL (always for IPPROTO_RAW) a header as well,
 * of which we fill in length and checksum, and source and identification if
 * they are 0. With MSG_MORE pieces are gathered, and the last one says where the
 * packet goes and how; one that has its own header goes by itself.
 */
#include "ipv4/raw.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>

#include "core/dev.h"
#include "core/snmp.h"
#include "core/sockopt.h"
#include "core/trace.h"
#include "ipv4/datagram.h"
#include "ipv4/igmp.h"
#include "ipv4/inet_common.h"
#include "ipv4/ip.h"
#include "ipv4/protocol.h"
#include "lib/byteorder.h"
#include "lib/list.h"
#include "lib/mem.h"

#ifndef SOL_RAW
#define SOL_RAW 255
#endif
#define ICMP_FILTER 1		/* a bit set: this type is not wanted */
#define RAW_MAX_PAYLOAD (65535u - IP_HLEN_MIN)

struct raw_sock {
	struct inet_sock inet;	/* first */
	u32 icmp_filter;
	bool corked;		/* pieces are waiting; sock lock */
	struct ip4_pieces pieces;	/* sock lock */
};

static struct raw_sock *raw_sk(const struct sock *sk)
{
	return (struct raw_sock *)sk;
}

/* ---- the table -------------------------------------------------------- */

/* proto.hash: packets of its protocol reach it from now on. */
static void raw_hash(struct sock *sk)
{
	struct raw_hashinfo *h = sock_net(sk)->ipv4.raw_hashinfo;

	spin_lock(&h->lock);
	hlist_add_head_rcu(&sk->sk_node,
			   &h->chain[sk->sk_num % INET_MAX_PROTOS]);
	spin_unlock(&h->lock);
}

/* proto.unhash. */
static void raw_unhash(struct sock *sk)
{
	struct raw_hashinfo *h = sock_net(sk)->ipv4.raw_hashinfo;

	spin_lock(&h->lock);
	hlist_del_init_rcu(&sk->sk_node);
	spin_unlock(&h->lock);
}

/* ---- in --------------------------------------------------------------- */

/* Does ICMP_FILTER keep this message (at its ICMP header) away? */
static bool raw_filtered(const struct sock *sk, struct sk_buff *skb)
{
	u8 type;

	if (!raw_sk(sk)->icmp_filter)
		return false;
	if (skb_copy_bits(skb, 0, &type, 1))
		return true;
	return type < 32 && raw_sk(sk)->icmp_filter >> type & 1;
}

/* A packet of its own, at the transport header, for @sk. Consumes it. */
static void raw_rcv(struct sock *sk, struct sk_buff *skb)
{
	skb_push(skb, (u32)-skb_network_offset(skb));
	ip4_datagram_rcv(sk, skb);
}

/* To the raw sockets of one chain. Return: as raw_local_deliver(). */
bool raw_deliver_chain(struct hlist_head *chain, struct sk_buff *skb,
			      int protocol)
{
	const struct iphdr *iph = ip_hdr(skb);
	bool delivered = false;
	struct sk_buff *clone;
	struct sock *sk;

	hlist_for_each_entry_rcu(sk, chain, sk_node) {
		if (!ip4_sk_match(sk, iph->saddr, iph->daddr, skb->skb_iif) ||
		    !ip_mc_sf_allow(sk, iph->daddr, iph->saddr, skb->skb_iif))
			continue;
		/* it has its reader, even if that one filters it */
		delivered = true;
		if (protocol == IPPROTO_ICMP && raw_filtered(sk, skb))
			continue;
		clone = skb_clone(skb);
		if (clone)
			raw_rcv(sk, clone);
		else
			sk_drops_add(sk, 1);
	}
	return delivered;
}

void raw_icmp_error(struct sk_buff *skb, int protocol, u32 info)
{
	const struct iphdr *quote = (const struct iphdr *)skb->data;
	struct net *net = skb_net(skb);
	struct hlist_head *chain =
		&net->ipv4.raw_hashinfo->chain[protocol % INET_MAX_PROTOS];
	struct sock *sk;

	if (skb_headlen(skb) < sizeof(*quote))
		return;
	hlist_for_each_entry_rcu(sk, chain, sk_node)
		if (ip4_sk_match(sk, quote->daddr, quote->saddr, skb->skb_iif))
			ip4_datagram_err(sk, skb, info);
}

/* ---- out -------------------------------------------------------------- */

/* Completes the header that the application wrote. 0 or -EINVAL. */
static int raw_check_header(struct sock *sk, struct sk_buff *skb,
			    const struct ip_datagram *d)
{
	struct iphdr *iph = (struct iphdr *)skb->data;
	u32 hlen = ipv4_hdr_len(iph);

	if (hlen < IP_HLEN_MIN || hlen > skb->len)
		return -EINVAL;
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, (int)hlen);
	if (!iph->saddr)
		iph->saddr = d->fl4.saddr;
	if (!iph->id)
		ip_select_ident(sock_net(sk), skb, sk, 1);
	return 0;
}

/* Counts @skb, whose message begins @off octets behind its data, if it is ICMP's. */
static void raw_count_icmp(const struct sock *sk, const struct sk_buff *skb,
			   u8 protocol, u32 off)
{
	u8 type;

	if (protocol == IPPROTO_ICMP && !skb_copy_bits(skb, off, &type, 1))
		icmp_out_count(sock_net(sk), type);
}

/* What ip4_datagram_sendmsg() does last. */
static int raw_finish(struct sock *sk, struct sk_buff *skb)
{
	raw_count_icmp(sk, skb, (u8)sk->sk_protocol, 0);
	return 0;
}

/* ip_datagram.send for IP_HDRINCL: @msg is the whole packet. Context: RCU. */
static int raw_send_hdrinc(struct sock *sk, struct inet_msg *msg, size_t len,
			   struct ip_datagram *d)
{
	struct net_device *dev = d->rt->dst.dev;
	u32 mtu = READ_ONCE(dev->mtu);
	struct sk_buff *skb;
	int err;

	if (len > mtu) {
		ip_local_error(sk, EMSGSIZE, d->fl4.daddr, 0, mtu);
		return -EMSGSIZE;
	}
	if (len < IP_HLEN_MIN)
		return -EINVAL;
	skb = sock_alloc_send_skb(sk, LL_RESERVED_SPACE(dev) + (u32)len,
				  msg->flags & MSG_DONTWAIT, &err);
	if (!skb)
		return err;
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	err = -EFAULT;
	if (copy_from_iter(skb_put(skb, (u32)len), len, &msg->iter) == len)
		err = raw_check_header(sk, skb, d);
	if (err) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOT_SPECIFIED);
		return err;
	}
	raw_count_icmp(sk, skb, ip_hdr(skb)->protocol, ipv4_hdr_len(ip_hdr(skb)));
	skb->ip_summed = CHECKSUM_NONE;
	skb->priority = sk->sk_priority;
	skb->mark = sk->sk_mark;
	ipcm_time(d->ipc, sk, skb);
	skb_dst_set_noref(skb, &d->rt->dst);
	err = ip_local_out(sock_net(sk), sk, skb);
	return err > 0 ? 0 : err;
}

/* The pieces become the caller's. Context: sock lock. */
static struct ip4_pieces raw_take_pieces(struct raw_sock *rp)
{
	struct ip4_pieces pieces = rp->pieces;

	rp->pieces = (struct ip4_pieces){ 0 };
	WRITE_ONCE(rp->corked, false);
	return pieces;
}

/* A piece more; all are thrown away when it does not fit. Return: 0 or -E; the
 * last one gives back all of them in @whole. */
static int raw_add_piece(struct sock *sk, struct inet_msg *msg, size_t len,
			 struct ip4_pieces *whole)
{
	struct raw_sock *rp = raw_sk(sk);
	int err;

	lock_sock(sk);
	WRITE_ONCE(rp->corked, true);
	err = ip4_pieces_add(sk, &rp->pieces, msg, len,
			     RAW_MAX_PAYLOAD);
	if (err || !(msg->flags & MSG_MORE))
		*whole = raw_take_pieces(rp);
	release_sock(sk);
	if (err)
		ip4_pieces_free(sk, whole);
	return err;
}

/* sendmsg() of a piece. Without a way to its destination it is refused, and
 * those before it wait on. Return: @len or -E. */
static int raw_cork_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	struct ip4_pieces whole = { 0 };
	struct inet_msg all = *msg;
	struct iovec iov;
	int err;

	all.iter.count = 0;
	all.flags |= MSG_PROBE;
	err = ip4_datagram_sendmsg(sk, &all, 0, 0, NULL);
	if (!err)
		err = raw_add_piece(sk, msg, len, &whole);
	if (err || (msg->flags & MSG_MORE))
		return err ? err : (int)len;
	ip4_pieces_iter(&whole, &iov, &all.iter);
	all.flags = msg->flags;
	err = ip4_datagram_sendmsg(sk, &all, whole.len, 0, raw_finish);
	ip4_pieces_free(sk, &whole);
	return err < 0 ? err : (int)len;
}

/* Sends one packet, or with IP_HDRINCL one with its header; or gathers. */
static int raw_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	struct ip_datagram d = { .send = raw_send_hdrinc };

	NET_ROAD(sock_net(sk), NULL);
	if (inet_test_bit(HDRINCL, sk))
		return ip4_datagram_sendmsg_as(sk, msg, len, &d);
	if (unlikely((msg->flags & MSG_MORE) || READ_ONCE(raw_sk(sk)->corked)))
		return raw_cork_sendmsg(sk, msg, len);
	return ip4_datagram_sendmsg(sk, msg, len, 0, raw_finish);
}

/* Reads one packet with its header. */
static int raw_recvmsg(struct sock *sk, struct inet_msg *msg, size_t len,
		       int flags)
{
	NET_ROAD(sock_net(sk), NULL);
	return ip4_datagram_recvmsg(sk, msg, len, flags);
}

/* ---- the rest --------------------------------------------------------- */

/* bind(): packets to this address of ours only. Ports mean nothing. */
static int raw_bind(struct sock *sk, const struct sockaddr *addr, socklen_t len)
{
	struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_in sin;
	u8 type;

	if (!addr || sk->sk_state != TCP_CLOSE || len < sizeof(sin))
		return -EINVAL;
	memcpy(&sin, addr, sizeof(sin));
	type = inet_addr_type(sock_net(sk), sin.sin_addr.s_addr);
	if (!inet_addr_valid_or_nonlocal(sock_net(sk), inet,
					 sin.sin_addr.s_addr, type))
		return -EADDRNOTAVAIL;
	WRITE_ONCE(inet->inet_rcv_saddr, sin.sin_addr.s_addr);
	WRITE_ONCE(inet->inet_saddr, type == RTN_MULTICAST ||
				     type == RTN_BROADCAST ?
					     0 : sin.sin_addr.s_addr);
	if (sin.sin_addr.s_addr)
		sk->sk_userlocks |= SOCK_BINDADDR_LOCK;
	sk_dst_reset(sk);
	return 0;
}

void raw_verify(struct net *net)
{
	const struct raw_hashinfo *h = net->ipv4.raw_hashinfo;
	const struct sock *sk;
	u32 i;

	for (i = 0; i < INET_MAX_PROTOS; i++)
		hlist_for_each_entry(sk, &h->chain[i], sk_node) {
			inet_assert(sk->sk_num % INET_MAX_PROTOS == i);
			inet_assert(sk->sk_type == SOCK_RAW);
		}
}

/* Pieces that wait for their last one are forgotten. */
static void raw_close(struct sock *sk, s64 timeout_ns)
{
	struct ip4_pieces pieces;

	(void)timeout_ns;
	lock_sock(sk);
	pieces = raw_take_pieces(raw_sk(sk));
	release_sock(sk);
	ip4_pieces_free(sk, &pieces);
	sk_common_release(sk);
}

static int raw_init_sock(struct sock *sk)
{
	sk->sk_mem_id = PROTO_MEM_RAW;
	return 0;
}

/* ICMP_FILTER: types not wanted, a bit each; of a short value, the first
 * bytes. */
static int raw_set_filter(struct sock *sk, const void *val, socklen_t len)
{
	u32 filter = raw_sk(sk)->icmp_filter;

	if (sk->sk_protocol != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	if (len)
		memcpy(&filter, val, min_t(size_t, len, sizeof(filter)));
	WRITE_ONCE(raw_sk(sk)->icmp_filter, filter);
	return 0;
}

/* ICMP_FILTER as it was set. */
static int raw_get_filter(struct sock *sk, void *val, socklen_t *len)
{
	if (sk->sk_protocol != IPPROTO_ICMP)
		return -EOPNOTSUPP;
	*len = min_t(socklen_t, *len, sizeof(u32));
	memcpy(val, &raw_sk(sk)->icmp_filter, *len);
	return 0;
}

static const struct sockopt_row raw_options[] = {
	SOCKOPT_ROW_BYTES(SOL_RAW, ICMP_FILTER, raw_set_filter, raw_get_filter),
};

/* The stack's table of raw sockets. */
static int raw_net_init(struct net *net)
{
	struct raw_hashinfo *h = mem_zalloc(&net->mem, sizeof(*h));

	if (!h)
		return -ENOMEM;
	lock_init(&h->lock, net->smp);
	net->ipv4.raw_hashinfo = h;
	return 0;
}

static void raw_net_exit(struct net *net)
{
	mem_free(&net->mem, net->ipv4.raw_hashinfo,
		 sizeof(*net->ipv4.raw_hashinfo));
	net->ipv4.raw_hashinfo = NULL;
}

static const struct proto raw_prot = {
	.name = "RAW",
	.obj_size = sizeof(struct raw_sock),
	.init = raw_init_sock,
	.close = raw_close,
	.bind = raw_bind,
	.connect = ip4_datagram_connect,
	.disconnect = ip4_datagram_disconnect,
	.ioctl = ip4_datagram_ioctl,
	.setsockopt = ip4_datagram_setsockopt,
	.getsockopt = ip4_datagram_getsockopt,
	.sendmsg = raw_sendmsg,
	.recvmsg = raw_recvmsg,
	.hash = raw_hash,
	.unhash = raw_unhash,
	.options = raw_options,
	.nr_options = ARRAY_SIZE(raw_options),
};

static const struct inet_protosw raw_protosw = {
	.type = SOCK_RAW,
	.protocol = IPPROTO_IP,		/* a wildcard: any but 0 */
	.prot = &raw_prot,
	.ops = &inet_sockraw_ops,
	.flags = INET_PROTOSW_PERMANENT | INET_PROTOSW_REUSE,
};

/* Its packets come by way of ip_input.c. */
const struct inet_protocol raw_protocol = {
	.name = "raw",
	.protocol = IPPROTO_RAW,
	.sw = &raw_protosw,
	.nr_sw = 1,
	.net_init = raw_net_init,
	.net_exit = raw_net_exit,
};
