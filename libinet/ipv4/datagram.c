/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What UDP, ping and raw sockets do alike: connect() as a filter and a cached
 * route, and the way of one sendmsg() from its destination to IP.
 */
#include "ipv4/datagram.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/sockopt.h"
#include "ipv4/inet_common.h"
#include "lib/byteorder.h"
#include "lib/err.h"

#define IP_MAX_DATAGRAM 0xffffu

/* ---- connect ---------------------------------------------------------- */

/* There is no @rt. As in Linux whoever sends counts it, not who looks it up. */
static void ip4_count_no_route(const struct sock *sk, const struct rtable *rt)
{
	if (PTR_ERR(rt) == -ENETUNREACH && sk->sk_type != SOCK_RAW)
		NET_INC_STATS(sock_net(sk), IP_OUTNOROUTES);
}

struct rtable *ip4_datagram_route(struct sock *sk, const struct sockaddr *addr,
				  socklen_t len, struct flowi4 *fl4)
{
	const struct inet_sock *inet = inet_sk(sk);
	__be32 saddr = inet->inet_saddr;
	int oif = sk->sk_bound_dev_if;
	struct sockaddr_in sin;
	struct rtable *rt;
	int err;

	err = inet_check_addr(addr, len);
	if (err)
		return ERR_PTR(err);
	memcpy(&sin, addr, sizeof(sin));
	if (ipv4_is_multicast(sin.sin_addr.s_addr)) {
		oif = oif ? oif : inet->mc_index;
		saddr = saddr ? saddr : inet->mc_addr;
	} else if (!oif) {
		oif = inet->uc_index;
	}
	rt = ip_route_connect(fl4, sin.sin_addr.s_addr, saddr, oif,
			      (u8)sk->sk_protocol, inet->inet_sport,
			      sin.sin_port, sk);
	if (IS_ERR(rt)) {
		ip4_count_no_route(sk, rt);
		return rt;
	}
	if ((rt->rt_flags & RTCF_BROADCAST) && !sock_flag(sk, SOCK_BROADCAST)) {
		dst_release(&rt->dst);
		return ERR_PTR(-EACCES);
	}
	return rt;
}

int ip4_datagram_connect(struct sock *sk, const struct sockaddr *addr,
			 socklen_t len)
{
	struct inet_sock *inet = inet_sk(sk);
	struct flowi4 fl4;
	struct rtable *rt;

	sk_dst_reset(sk);
	rt = ip4_datagram_route(sk, addr, len, &fl4);
	if (IS_ERR(rt))
		return (int)PTR_ERR(rt);
	if (!inet->inet_saddr)
		WRITE_ONCE(inet->inet_saddr, fl4.saddr);
	if (!inet->inet_rcv_saddr)
		WRITE_ONCE(inet->inet_rcv_saddr, fl4.saddr);
	WRITE_ONCE(inet->inet_daddr, fl4.daddr);
	WRITE_ONCE(inet->inet_dport, fl4.fl4_dport);
	WRITE_ONCE(sk->sk_state, TCP_ESTABLISHED);
	sk_dst_set(sk, &rt->dst);
	return 0;
}

int ip4_datagram_disconnect(struct sock *sk, int flags)
{
	struct inet_sock *inet = inet_sk(sk);

	(void)flags;
	WRITE_ONCE(sk->sk_state, TCP_CLOSE);
	WRITE_ONCE(inet->inet_daddr, 0);
	WRITE_ONCE(inet->inet_dport, 0);
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		WRITE_ONCE(inet->inet_rcv_saddr, 0);
		WRITE_ONCE(inet->inet_saddr, 0);
	}
	sk_dst_reset(sk);
	return 0;
}

/* ---- send ------------------------------------------------------------- */

/* The destination of @msg, or the peer. */
static int ip4_datagram_dest(const struct sock *sk, const struct inet_msg *msg,
			     struct ip4_dest *dest)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct sockaddr_in sin;

	if (!msg->name) {
		if (READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
			return -EDESTADDRREQ;
		dest->daddr = READ_ONCE(inet->inet_daddr);
		dest->dport = READ_ONCE(inet->inet_dport);
		dest->connected = true;
		return 0;
	}
	if (msg->namelen < sizeof(sin))
		return -EINVAL;
	memcpy(&sin, msg->name, sizeof(sin));
	if (sin.sin_family != AF_INET && sin.sin_family != AF_UNSPEC)
		return -EAFNOSUPPORT;
	dest->daddr = sin.sin_addr.s_addr;
	dest->dport = sin.sin_port;
	dest->connected = false;
	return 0;
}

/* Applies the socket's device and source for multicast and unicast. */
static void ip4_datagram_source(const struct sock *sk, struct ip4_dest *dest,
				struct ipcm_cookie *ipc)
{
	const struct inet_sock *inet = inet_sk(sk);
	__be32 saddr = READ_ONCE(inet->inet_saddr);

	/* a device, a source or options of this message: not the cached way */
	if (ipc->oif || ipc->opt || (ipc->addr && ipc->addr != saddr))
		dest->connected = false;
	if (!ipc->oif)
		ipc->oif = READ_ONCE(sk->sk_bound_dev_if);
	if (!ipc->addr)
		ipc->addr = saddr;
	if (ipv4_is_multicast(dest->daddr)) {
		if (!ipc->oif)
			ipc->oif = READ_ONCE(inet->mc_index);
		if (!ipc->addr)
			ipc->addr = READ_ONCE(inet->mc_addr);
		dest->connected = false;
	} else if (!ipc->oif) {
		ipc->oif = READ_ONCE(inet->uc_index);
	}
}

int ip4_datagram_target(struct sock *sk, const struct inet_msg *msg,
			struct ip4_dest *dest, struct ipcm_cookie *ipc)
{
	int err;

	ipcm_init_sk(ipc, inet_sk(sk));
	err = ip4_datagram_dest(sk, msg, dest);
	if (!err && msg->controllen)
		err = ip_cmsg_send(sk, msg, ipc);
	if (!err && unlikely(rcu_access_pointer(inet_sk(sk)->inet_opt)))
		err = ipcm_use_sock_opt(ipc, sk);
	if (err)
		return err;
	ip4_datagram_source(sk, dest, ipc);
	dest->on_link = sock_flag(sk, SOCK_LOCALROUTE) ||
			(msg->flags & MSG_DONTROUTE) ||
			(ipc->opt && ipc->opt->is_strictroute);
	return 0;
}

void ip4_datagram_flow(struct sock *sk, const struct ip4_dest *dest,
		       struct ipcm_cookie *ipc, struct flowi4 *fl4)
{
	const struct inet_sock *inet = inet_sk(sk);

	*fl4 = (struct flowi4){
		.daddr = ipc->opt && ipc->opt->faddr ? ipc->opt->faddr :
						       dest->daddr,
		.saddr = ipc->addr,
		.fl4_dport = dest->dport,
		.fl4_sport = READ_ONCE(inet->inet_sport),
		.oif = ipc->oif,
		.mark = sk->sk_mark,
		.tos = ipc->tos >= 0 ? (u8)ipc->tos :
					READ_ONCE(inet->tos),
		.proto = ipc->protocol,
		.scope = dest->on_link ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
		.flags = inet_test_bit(TRANSPARENT, sk) ||
			 inet_test_bit(HDRINCL, sk) ?
				 FLOWI_FLAG_ANYSRC : 0,
	};
	if (unlikely(ipc->opt && ipc->opt->faddr))
		ipc->addr = dest->daddr;
}

/* Something a blocked sender should look at. */
static bool ip4_sender_ready(struct sock *sk, void *arg)
{
	(void)arg;
	return sk_wmem_alloc_get(sk) < READ_ONCE(sk->sk_sndbuf) ||
	       READ_ONCE(sk->sk_err) ||
	       (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN);
}

/* The route for d->fl4, borrowed: the socket's own, or a new one, of which the
 * socket (if @cache) or @*owned keeps the reference. Context: RCU. */
static int ip4_sender_route(struct sock *sk, struct ip_datagram *d, bool cache,
			    struct rtable **owned)
{
	struct rtable *rt;

	*owned = NULL;
	if (cache) {
		rt = (struct rtable *)__sk_dst_check(sk, 0);
		if (rt) {
			if (!d->fl4.saddr)
				d->fl4.saddr = rt->rt_prefsrc;
			d->rt = rt;
			return 0;
		}
	}
	rt = ip_route_output_flow(sock_net(sk), &d->fl4, sk);
	if (IS_ERR(rt)) {
		ip4_count_no_route(sk, rt);
		return (int)PTR_ERR(rt);
	}
	*owned = rt;
	if ((rt->rt_flags & RTCF_BROADCAST) && !sock_flag(sk, SOCK_BROADCAST))
		return -EACCES;
	if (cache)
		sk_dst_set(sk, dst_hold(&rt->dst));
	d->rt = rt;
	return 0;
}

/* One try: no waiting. */
static int ip4_datagram_try(struct sock *sk, struct inet_msg *msg, size_t len,
			    struct ip_datagram *d, bool cache)
{
	struct net *net = sock_net(sk);
	struct rtable *owned;
	int err;

	rcu_read_lock(&net->rcu);
	err = ip4_sender_route(sk, d, cache, &owned);
	if (!err && (msg->flags & MSG_CONFIRM))
		dst_confirm_neigh(&d->rt->dst, &d->fl4.daddr);
	if (!err && (!(msg->flags & MSG_PROBE) || len))
		err = d->send ? d->send(sk, msg, len, d) :
				ip_send_datagram(sk, msg, len, d);
	if (owned)
		dst_release(&owned->dst);
	rcu_read_unlock(&net->rcu);
	return err;
}

/* Tries until there is room, for as long as the socket waits. */
static int ip4_datagram_try_long(struct sock *sk, struct inet_msg *msg,
				 size_t len, struct ip_datagram *d, bool cache)
{
	s64 timeo_ns = sock_sndtimeo(sk, false);
	const struct inet_iov_iter iter = msg->iter;
	const struct flowi4 question = d->fl4;
	int err;

	for (;;) {
		err = ip4_datagram_try(sk, msg, len, d, cache);
		if (likely(err != -EAGAIN))
			return err;
		err = sk_wait_event_unlocked(sk, &timeo_ns, ip4_sender_ready,
					     NULL);
		if (err)
			return err;
		msg->iter = iter;
		d->fl4 = question;
	}
}

int ip4_datagram_send(struct sock *sk, struct inet_msg *msg, size_t len,
		      struct ip_datagram *d, const struct ip4_dest *dest)
{
	bool waits = sock_sndtimeo(sk, msg->flags & MSG_DONTWAIT);
	int err, flags = msg->flags;

	msg->flags = flags | MSG_DONTWAIT;
	err = waits ? ip4_datagram_try_long(sk, msg, len, d, dest->connected) :
		      ip4_datagram_try(sk, msg, len, d, dest->connected);
	msg->flags = flags;
	return err;
}

int ip4_datagram_sendmsg_as(struct sock *sk, struct inet_msg *msg, size_t len,
			    struct ip_datagram *d)
{
	struct ipcm_cookie ipc;
	struct ip4_dest dest;
	int err;

	if (len > IP_MAX_DATAGRAM || d->transhdrlen > IP_MAX_DATAGRAM)
		return -EMSGSIZE;
	if (msg->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
		return -EPIPE;
	d->ipc = &ipc;
	err = ip4_datagram_target(sk, msg, &dest, &ipc);
	if (!err && d->send && ipc.opt)
		err = -EINVAL;
	if (!err) {
		dest.dport = 0;
		ip4_datagram_flow(sk, &dest, &ipc, &d->fl4);
		d->fl4.fl4_sport = 0;
		err = ip4_datagram_send(sk, msg, len, d, &dest);
	}
	ipcm_free(sk, &ipc);
	return err ? err : (int)len;
}

/* What ip4_datagram_sendmsg() writes in front of the payload. */
struct ip4_header {
	int (*finish)(struct sock *sk, struct sk_buff *skb);
};

/* ip_datagram.finish: the protocol's header, if it has one. */
static int ip4_header_finish(struct sock *sk, struct sk_buff *skb,
			     struct ip_datagram *d)
{
	const struct ip4_header *h = d->arg;

	skb_reset_transport_header(skb);
	skb->ip_summed = CHECKSUM_NONE;
	return h->finish ? h->finish(sk, skb) : 0;
}

/* Sends one datagram of a protocol that has no ports. */
int ip4_datagram_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len,
			 u32 hdr_len,
			 int (*finish)(struct sock *sk, struct sk_buff *skb))
{
	const struct ip4_header header = { .finish = finish };
	struct ip_datagram d = {
		.transhdrlen = hdr_len,
		.finish = ip4_header_finish,
		.arg = &header,
	};

	return ip4_datagram_sendmsg_as(sk, msg, len, &d);
}

/* ---- datagrams in pieces ---------------------------------------------- */

#define IP4_PIECES_ROOM 2048	/* to begin with */

/* Room for @len bytes in all. 0 or -ENOBUFS. */
static int ip4_pieces_reserve(struct sock *sk, struct ip4_pieces *p, u32 len)
{
	struct mem *mem = &sock_net(sk)->mem;
	u32 size = p->size ? p->size : IP4_PIECES_ROOM;
	u8 *buf;

	if (len <= p->size)
		return 0;
	while (size < len)
		size *= 2;
	buf = mem_alloc(mem, size);
	if (!buf)
		return -ENOBUFS;
	if (p->len)
		memcpy(buf, p->buf, p->len);
	mem_free(mem, p->buf, p->size);
	p->buf = buf;
	p->size = size;
	return 0;
}

int ip4_pieces_add(struct sock *sk, struct ip4_pieces *p, struct inet_msg *msg,
		   size_t len, u32 max)
{
	int err;

	if (len > max - p->len)
		return -EMSGSIZE;
	err = ip4_pieces_reserve(sk, p, p->len + (u32)len);
	if (err)
		return err;
	if (len && copy_from_iter(p->buf + p->len, len, &msg->iter) != len)
		return -EFAULT;
	p->len += (u32)len;
	return 0;
}

void ip4_pieces_iter(const struct ip4_pieces *p, struct iovec *iov,
		     struct inet_iov_iter *iter)
{
	*iov = (struct iovec){ .iov_base = p->buf, .iov_len = p->len };
	*iter = (struct inet_iov_iter){ .iov = iov, .nr_segs = 1,
					.count = p->len };
}

void ip4_pieces_free(struct sock *sk, struct ip4_pieces *p)
{
	mem_free(&sock_net(sk)->mem, p->buf, p->size);
	*p = (struct ip4_pieces){ 0 };
}

/* ---- receive ---------------------------------------------------------- */

/* The payload of @skb, its sender and control messages, for a reader with room
 * for @len bytes: *@copied. For sockets without ports. 0 or -EFAULT. */
static int ip4_datagram_copy_out(struct sock *sk, struct sk_buff *skb,
				 struct inet_msg *msg, size_t len, u32 *copied)
{
	int err;

	*copied = (u32)min_t(size_t, len, skb->len);
	err = skb_copy_datagram_msg(skb, 0, msg, *copied);
	if (err)
		return err;
	if (*copied < skb->len)
		msg->flags |= MSG_TRUNC;
	sock_recv_cmsgs(msg, sk, skb);
	if (msg->name)
		inet_put_addr(msg->name, &msg->namelen, ip_hdr(skb)->saddr, 0);
	if (READ_ONCE(inet_sk(sk)->cmsg_flags))
		ip_cmsg_recv(msg, sk, skb);
	return 0;
}

int ip4_datagram_recvmsg(struct sock *sk, struct inet_msg *msg, size_t len,
			 int flags)
{
	struct sk_buff *skb;
	u32 copied;
	int err;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (flags & MSG_ERRQUEUE)
		return ip_recv_error(sk, msg, len);
	skb = skb_recv_datagram(sk, flags, &err);
	if (!skb)
		return err;
	err = ip4_datagram_copy_out(sk, skb, msg, len, &copied);
	if (!err)
		err = (int)(flags & MSG_TRUNC ? skb->len : copied);
	consume_skb(skb);
	return err;
}

int ip4_datagram_rcv(struct sock *sk, struct sk_buff *skb)
{
	int err;

	ipv4_pktinfo_prepare(sk, skb);
	err = sock_queue_rcv_skb(sk, skb);
	if (unlikely(err))
		kfree_skb_reason(skb, sock_queue_drop_reason(err));
	return err;
}

bool ip4_datagram_match(const struct sock *sk, const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

	return ip4_sk_match(sk, iph->saddr, iph->daddr, skb->skb_iif);
}

int ip4_datagram_ioctl(struct sock *sk, unsigned long cmd, int *karg)
{
	switch (cmd) {
	case SIOCOUTQ:
		*karg = sk_wmem_alloc_get(sk);
		return 0;
	case SIOCINQ:
		*karg = (int)sock_first_datagram_len(sk);
		return 0;
	default:
		return -ENOTTY;
	}
}

/* ---- options ---------------------------------------------------------- */

/* Is @level that of the protocol's own options? */
static bool ip4_own_level(const struct proto *prot, int level)
{
	return prot->nr_options && prot->options->level == level;
}

int ip4_datagram_setsockopt(struct sock *sk, int level, int optname,
			    const void *val, socklen_t len)
{
	const struct proto *prot = sk->sk_prot;

	if (ip4_own_level(prot, level))
		return sockopt_set(sk, prot->options, prot->nr_options, level,
				   optname, val, len);
	return ip_setsockopt(sk, level, optname, val, len);
}

int ip4_datagram_getsockopt(struct sock *sk, int level, int optname, void *val,
			    socklen_t *len)
{
	const struct proto *prot = sk->sk_prot;

	if (ip4_own_level(prot, level))
		return sockopt_get(sk, prot->options, prot->nr_options, level,
				   optname, val, len);
	return ip_getsockopt(sk, level, optname, val, len);
}

/* ---- ICMP errors ------------------------------------------------------ */

/*
 * What an ICMP error means to the sender of the quoted packet. Tells the route
 * about a new path MTU or gateway. Return: a positive errno and whether it is
 * *@hard, or 0: nothing to tell.
 */
static int ip4_datagram_icmp_err(struct sock *sk, struct sk_buff *skb, u32 info,
				 bool *hard)
{
	const struct icmphdr *icmph =
		(const struct icmphdr *)skb_transport_header(skb);

	*hard = false;
	switch (icmph->type) {
	case ICMP_TIME_EXCEEDED:
		return EHOSTUNREACH;
	case ICMP_PARAMETERPROB:
		*hard = true;
		return EPROTO;
	case ICMP_REDIRECT:
		ipv4_sk_redirect(skb, sk);
		return 0;
	case ICMP_DEST_UNREACH:
		break;
	default:		/* source quench and what nobody knows */
		return 0;
	}
	if (icmph->code == ICMP_FRAG_NEEDED) {
		ipv4_sk_update_pmtu(skb, sk, info);
		if (READ_ONCE(inet_sk(sk)->pmtudisc) ==
		    IP_PMTUDISC_DONT)
			return 0;
		*hard = true;
		return EMSGSIZE;
	}
	if (icmph->code > NR_ICMP_UNREACH)
		return EHOSTUNREACH;
	*hard = icmp_err_convert[icmph->code].fatal;
	return icmp_err_convert[icmph->code].err;
}

bool ip4_datagram_match_quoted(const struct sock *sk, const struct sk_buff *skb)
{
	const struct iphdr *quote = (const struct iphdr *)skb->data;

	return skb_headlen(skb) >= sizeof(*quote) &&
	       ip4_sk_match(sk, quote->daddr, quote->saddr, skb->skb_iif);
}

void ip4_datagram_tell_err(struct sock *sk, struct sk_buff *skb, __be16 port,
			   u32 info)
{
	bool hard;
	int err = ip4_datagram_icmp_err(sk, skb, info, &hard);

	if (!err)
		return;
	if (inet_test_bit(RECVERR, sk))
		ip_icmp_error(sk, skb, err, port, info);
	else if (!hard || READ_ONCE(sk->sk_state) != TCP_ESTABLISHED)
		return;
	sk_report_error(sk, err);
}

/* Told to connected sockets if it is hard, and to those with IP_RECVERR. */
void ip4_datagram_err(struct sock *sk, struct sk_buff *skb, u32 info)
{
	if (inet_test_bit(RECVERR, sk) ||
	    READ_ONCE(sk->sk_state) == TCP_ESTABLISHED)
		ip4_datagram_tell_err(sk, skb, 0, info);
}
