/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the level IPPROTO_IP, one row each (ip(7)).
 *
 * An option of Linux that has no row answers ENOPROTOOPT: IP_PASSSEC,
 * IP_IPSEC_POLICY, IP_XFRM_POLICY, IP_PKTOPTIONS, IP_CHECKSUM, and source
 * filters (IP_MSFILTER, IP_BLOCK_SOURCE, MCAST_*), which come with IGMP.
 */
#include <errno.h>
#include <string.h>

#include "core/sockopt.h"
#include "ipv4/igmp.h"
#include "ipv4/inet_connection_sock.h"
#include "ipv4/ip.h"
#include "lib/byteorder.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "wire/ip_options.h"

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

/* ---- what the reader wants to be told --------------------------------- */

#define CMSG_OPTION(name, flag)						\
	static int set_##name(struct sock *sk, int on)			\
	{								\
		u32 flags = inet_sk(sk)->cmsg_flags;			\
									\
		WRITE_ONCE(inet_sk(sk)->cmsg_flags,			\
			   on ? flags | (flag) : flags & ~(u32)(flag));	\
		return 0;						\
	}								\
	static int get_##name(struct sock *sk, int *on)			\
	{								\
		*on = !!(inet_sk(sk)->cmsg_flags & (flag));		\
		return 0;						\
	}

CMSG_OPTION(pktinfo, IP_CMSG_PKTINFO)
CMSG_OPTION(recvttl, IP_CMSG_TTL)
CMSG_OPTION(recvtos, IP_CMSG_TOS)
CMSG_OPTION(recvopts, IP_CMSG_RECVOPTS)
CMSG_OPTION(retopts, IP_CMSG_RETOPTS)
CMSG_OPTION(recvorigdstaddr, IP_CMSG_ORIGDSTADDR)

/* IP_RECVFRAGSIZE: only where fragments are visible. */
static int set_recvfragsize(struct sock *sk, int on)
{
	u32 flags = inet_sk(sk)->cmsg_flags;

	if (sk->sk_type != SOCK_DGRAM && sk->sk_type != SOCK_RAW)
		return -EINVAL;
	WRITE_ONCE(inet_sk(sk)->cmsg_flags,
		   on ? flags | IP_CMSG_RECVFRAGSIZE :
			flags & ~(u32)IP_CMSG_RECVFRAGSIZE);
	return 0;
}

static int get_recvfragsize(struct sock *sk, int *on)
{
	*on = !!(inet_sk(sk)->cmsg_flags & IP_CMSG_RECVFRAGSIZE);
	return 0;
}

/* ---- flags of the socket ---------------------------------------------- */

#define BIT_OPTION(name, flag)						\
	static int set_##name(struct sock *sk, int on)			\
	{								\
		inet_assign_bit(flag, sk, on);				\
		return 0;						\
	}								\
	static int get_##name(struct sock *sk, int *on)			\
	{								\
		*on = inet_test_bit(flag, sk);				\
		return 0;						\
	}

BIT_OPTION(freebind, FREEBIND)
BIT_OPTION(transparent, TRANSPARENT)
BIT_OPTION(bind_address_no_port, BIND_ADDRESS_NO_PORT)
BIT_OPTION(mc_loop, MC_LOOP)
BIT_OPTION(mc_all, MC_ALL)

/* What was queued goes when nobody wants it any more. */
static int set_recverr(struct sock *sk, int on)
{
	inet_assign_bit(RECVERR, sk, on);
	if (!on)
		sk_error_queue_purge(sk);
	return 0;
}

static int get_recverr(struct sock *sk, int *on)
{
	*on = inet_test_bit(RECVERR, sk);
	return 0;
}

/* IP_HDRINCL: only raw sockets can. */
static int set_hdrincl(struct sock *sk, int on)
{
	if (sk->sk_type != SOCK_RAW)
		return -ENOPROTOOPT;
	inet_assign_bit(HDRINCL, sk, on);
	return 0;
}

static int get_hdrincl(struct sock *sk, int *on)
{
	*on = inet_test_bit(HDRINCL, sk);
	return 0;
}

/* ---- header fields ---------------------------------------------------- */

/* RFC 9293 SHLD-21: holds for what a connection sends from now on. A stream's
 * ECN bits are TCP's own (RFC 3168), not the application's. */
static int set_tos(struct sock *sk, int tos)
{
	struct inet_sock *inet = inet_sk(sk);

	if (sk->sk_type == SOCK_STREAM)
		tos = (tos & ~INET_ECN_MASK) | (inet->tos & INET_ECN_MASK);
	if (inet->tos != (u8)tos) {
		WRITE_ONCE(inet->tos, (u8)tos);
		WRITE_ONCE(sk->sk_priority, rt_tos2priority((u8)tos));
		sk_dst_reset(sk);
	}
	return 0;
}

static int get_tos(struct sock *sk, int *tos)
{
	*tos = inet_sk(sk)->tos;
	return 0;
}

/* IP_TTL: -1 goes back to the stack's default. */
static int set_ttl(struct sock *sk, int ttl)
{
	if (!ttl)
		return -EINVAL;
	WRITE_ONCE(inet_sk(sk)->uc_ttl, (s16)ttl);
	return 0;
}

/* What the next packet will have. */
static int get_ttl(struct sock *sk, int *ttl)
{
	*ttl = inet_sk(sk)->uc_ttl;
	if (*ttl < 0)
		*ttl = READ_ONCE(sock_net(sk)->ipv4.sysctl_ip_default_ttl);
	return 0;
}

static int set_minttl(struct sock *sk, int ttl)
{
	WRITE_ONCE(inet_sk(sk)->min_ttl, (u8)ttl);
	return 0;
}

static int get_minttl(struct sock *sk, int *ttl)
{
	*ttl = inet_sk(sk)->min_ttl;
	return 0;
}

static int set_mtu_discover(struct sock *sk, int how)
{
	WRITE_ONCE(inet_sk(sk)->pmtudisc, (u8)how);
	return 0;
}

static int get_mtu_discover(struct sock *sk, int *how)
{
	*how = inet_sk(sk)->pmtudisc;
	return 0;
}

/* The route to the peer anew: the cached one was overtaken. -E or the MTU. */
static int mtu_by_route(struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct flowi4 fl4 = {
		.daddr = inet->inet_daddr,
		.saddr = inet->inet_saddr,
		.oif = sk->sk_bound_dev_if,
		.mark = sk->sk_mark,
		.tos = inet->tos,
		.proto = (u8)sk->sk_protocol,
		.flags = inet_test_bit(TRANSPARENT, sk) ? FLOWI_FLAG_ANYSRC : 0,
	};
	struct rtable *rt;
	int mtu;

	if (!fl4.daddr)
		return -ENOTCONN;
	rt = ip_route_output_flow(sock_net(sk), &fl4, sk);
	if (IS_ERR(rt))
		return -ENOTCONN;
	mtu = (int)dst_mtu(&rt->dst);
	dst_release(&rt->dst);
	return mtu;
}

/* IP_MTU: of the path a connected socket uses. */
static int get_mtu(struct sock *sk, int *mtu)
{
	struct net *net = sock_net(sk);
	struct dst_entry *dst;
	int found;

	rcu_read_lock(&net->rcu);
	dst = __sk_dst_check(sk, 0);
	found = dst ? (int)dst_mtu(dst) : mtu_by_route(sk);
	rcu_read_unlock(&net->rcu);
	if (found < 0)
		return found;
	*mtu = found;
	return 0;
}

/* ---- IP options ------------------------------------------------------- */

/*
 * A source route of ours names the first hop in front: that becomes the
 * address we send to, the rest moves up, and the last place is left for the
 * destination.
 */
static int options_take_first_hop(struct ip_options_sock *opt, u32 at)
{
	u8 *p = opt->data + at;
	u32 len = p[IPOPT_OLEN];

	if (p[IPOPT_OFFSET] != IPOPT_MINOFF || len < 7 || (len - 3) % 4)
		return -EINVAL;
	memcpy(&opt->faddr, p + 3, 4);
	memmove(p + 3, p + 7, len - 7);
	memset(p + len - 4, 0, 4);
	opt->srr = (u8)(at + 1);
	opt->is_strictroute = p[0] == IPOPT_SSRR;
	return 0;
}

/* Nothing of the application's goes out behind the end of the list. Only after
 * the list was checked. */
static void options_clear_tail(struct ip_options_sock *opt)
{
	u32 at = 0;

	while (at < opt->optlen && opt->data[at] != IPOPT_END)
		at += opt->data[at] == IPOPT_NOOP ?
			      1 : opt->data[at + IPOPT_OLEN];
	if (at < opt->optlen)
		memset(opt->data + at, IPOPT_END, opt->optlen - at);
}

struct ip_options_sock *ip_options_get(struct net *net, const void *data,
				       size_t len)
{
	struct ip_options_sock *opt;
	struct ip_options_info info;
	int err = 0;

	if (len > MAX_IPOPTLEN)
		return ERR_PTR(-EINVAL);
	if (!len)
		return NULL;
	opt = mem_zalloc(&net->mem, sizeof(*opt));
	if (!opt)
		return ERR_PTR(-ENOBUFS);
	memcpy(opt->data, data, len);
	opt->optlen = (u8)ALIGN(len, 4);	/* the rest is IPOPT_END */
	if (ip_options_parse(opt->data, opt->optlen, &info))
		err = -EINVAL;
	else
		options_clear_tail(opt);
	if (!err && info.srr)
		err = options_take_first_hop(opt, info.srr - IP_HLEN_MIN);
	if (err) {
		mem_free(&net->mem, opt, sizeof(*opt));
		return ERR_PTR(err);
	}
	return opt;
}

/* Frees the options that were replaced, when no sender reads them. */
static void options_free(struct net *net, struct ip_options_sock *opt)
{
	if (!opt)
		return;
	synchronize_rcu(&net->rcu);
	mem_free(&net->mem, opt, sizeof(*opt));
}

/* IP_OPTIONS: on everything the socket sends from now on. */
static int set_options(struct sock *sk, const void *val, socklen_t len)
{
	struct inet_sock *inet = inet_sk(sk);
	struct ip_options_sock *opt, *old = inet->inet_opt;

	opt = ip_options_get(sock_net(sk), val, len);
	if (IS_ERR(opt))
		return (int)PTR_ERR(opt);
	if (inet_test_bit(IS_ICSK, sk))
		inet_csk(sk)->icsk_ext_hdr_len =
			(u16)(inet_csk(sk)->icsk_ext_hdr_len +
			      (opt ? opt->optlen : 0) -
			      (old ? old->optlen : 0));
	rcu_assign_pointer(inet->inet_opt, opt);
	sk_dst_reset(sk);
	options_free(sock_net(sk), old);
	return 0;
}

/* As they were set: the first hop back in its place. */
static int get_options(struct sock *sk, void *val, socklen_t *len)
{
	const struct ip_options_sock *opt = inet_sk(sk)->inet_opt;
	u8 data[IP_OPTIONS_MAX], *p;

	if (!opt) {
		*len = 0;
		return 0;
	}
	memcpy(data, opt->data, sizeof(data));
	if (opt->srr) {
		p = data + opt->srr - 1;
		memmove(p + 7, p + 3, (size_t)p[IPOPT_OLEN] - 7);
		memcpy(p + 3, &opt->faddr, 4);
	}
	*len = min_t(socklen_t, *len, opt->optlen);
	memcpy(val, data, *len);
	return 0;
}

/* ---- multicast -------------------------------------------------------- */

/* IP_MULTICAST_TTL: -1 goes back to 1. */
static int set_mc_ttl(struct sock *sk, int ttl)
{
	if (sk->sk_type == SOCK_STREAM)
		return -EINVAL;
	WRITE_ONCE(inet_sk(sk)->mc_ttl, ttl < 0 ? 1 : (u8)ttl);
	return 0;
}

static int get_mc_ttl(struct sock *sk, int *ttl)
{
	*ttl = inet_sk(sk)->mc_ttl;
	return 0;
}

/* struct ip_mreqn, its elder ip_mreq, or (if @addr_ok) only an address. */
static int read_mreqn(const void *val, socklen_t len, bool addr_ok,
		      struct ip_mreqn *mreq)
{
	memset(mreq, 0, sizeof(*mreq));
	if (len >= sizeof(struct ip_mreqn))
		memcpy(mreq, val, sizeof(struct ip_mreqn));
	else if (len >= sizeof(struct ip_mreq))
		memcpy(mreq, val, sizeof(struct ip_mreq));
	else if (addr_ok && len >= sizeof(struct in_addr))
		memcpy(&mreq->imr_address, val, sizeof(struct in_addr));
	else
		return -EINVAL;
	return 0;
}

/* IP_MULTICAST_IF: by index or by an address of the device. */
static int set_mc_if(struct sock *sk, const void *val, socklen_t len)
{
	struct inet_sock *inet = inet_sk(sk);
	struct ip_mreqn mreq;
	int ifindex = 0;

	if (sk->sk_type == SOCK_STREAM || read_mreqn(val, len, true, &mreq))
		return -EINVAL;
	if (mreq.imr_ifindex || mreq.imr_address.s_addr) {
		ifindex = ip_mc_find_dev(sock_net(sk), &mreq);
		if (ifindex <= 0)
			return -EADDRNOTAVAIL;
		if (sk->sk_bound_dev_if && sk->sk_bound_dev_if != ifindex)
			return -EINVAL;
	}
	WRITE_ONCE(inet->mc_index, ifindex);
	WRITE_ONCE(inet->mc_addr, mreq.imr_address.s_addr);
	return 0;
}

/* As Linux: the address, even if the device was named by its index. */
static int get_mc_if(struct sock *sk, void *val, socklen_t *len)
{
	struct in_addr addr = { .s_addr = inet_sk(sk)->mc_addr };

	*len = min_t(socklen_t, *len, sizeof(addr));
	memcpy(val, &addr, *len);
	return 0;
}

/* IP_ADD_MEMBERSHIP. */
static int set_add_membership(struct sock *sk, const void *val, socklen_t len)
{
	struct ip_mreqn mreq;

	if (inet_test_bit(IS_ICSK, sk))
		return -EPROTO;
	return read_mreqn(val, len, false, &mreq) ? -EINVAL :
						    ip_mc_join_group(sk, &mreq);
}

/* IP_DROP_MEMBERSHIP. */
static int set_drop_membership(struct sock *sk, const void *val, socklen_t len)
{
	struct ip_mreqn mreq;

	if (inet_test_bit(IS_ICSK, sk))
		return -EPROTO;
	return read_mreqn(val, len, false, &mreq) ?
		       -EINVAL : ip_mc_leave_group(sk, &mreq);
}

/* ---- which device, which ports ---------------------------------------- */

/* The index comes in wire order, as Linux has it. */
static int set_unicast_if(struct sock *sk, const void *val, socklen_t len)
{
	struct net_device *dev;
	__be32 wire;
	int ifindex;

	if (len != sizeof(wire))
		return -EINVAL;
	memcpy(&wire, val, sizeof(wire));
	ifindex = (int)be32_to_cpu(wire);
	if (ifindex) {
		dev = dev_get_by_index(sock_net(sk), ifindex);
		if (!dev)
			return -EADDRNOTAVAIL;
		dev_put(dev);
		if (sk->sk_bound_dev_if && sk->sk_bound_dev_if != ifindex)
			return -EINVAL;
	}
	WRITE_ONCE(inet_sk(sk)->uc_index, ifindex);
	return 0;
}

/* IP_UNICAST_IF, in wire order too; an int for short buffers, so that a small
 * one is a byte. */
static int get_unicast_if(struct sock *sk, void *val, socklen_t *len)
{
	__be32 wire = cpu_to_be32((u32)inet_sk(sk)->uc_index);

	if (*len < sizeof(wire) && *len && wire <= 255)
		*len = 1;
	*len = min_t(socklen_t, *len, sizeof(wire));
	memcpy(val, &wire, *len);
	return 0;
}

/* The lower port in the low half, the upper one in the high half; 0: as the
 * stack's. */
static int set_local_port_range(struct sock *sk, const void *val, socklen_t len)
{
	u32 both, lo, hi;

	if (len != sizeof(both))
		return -EINVAL;
	memcpy(&both, val, sizeof(both));
	lo = both & 0xffff;
	hi = both >> 16;
	if (lo && hi && lo > hi)
		return -EINVAL;
	inet_sk(sk)->local_port_range[0] = (s32)lo;
	inet_sk(sk)->local_port_range[1] = (s32)hi;
	return 0;
}

/* IP_LOCAL_PORT_RANGE as it was set. */
static int get_local_port_range(struct sock *sk, void *val, socklen_t *len)
{
	const s32 *range = inet_sk(sk)->local_port_range;
	u32 both = (u32)range[0] | (u32)range[1] << 16;

	*len = min_t(socklen_t, *len, sizeof(both));
	memcpy(val, &both, *len);
	return 0;
}

/* ---- the table -------------------------------------------------------- */

const struct sockopt_row ip_options_rows[] = {
	SOCKOPT_ROW(IPPROTO_IP, IP_TOS, INT, INT32_MIN, INT32_MAX,
		    set_tos, get_tos),
	SOCKOPT_ROW(IPPROTO_IP, IP_TTL, INT, -1, 255, set_ttl, get_ttl),
	SOCKOPT_ROW_LEN1(IPPROTO_IP, IP_MINTTL, INT, 0, 255, set_minttl, get_minttl),
	SOCKOPT_ROW(IPPROTO_IP, IP_HDRINCL, BOOL, 0, 0, set_hdrincl,
		    get_hdrincl),
	SOCKOPT_ROW_BYTES(IPPROTO_IP, IP_OPTIONS, set_options, get_options),
	SOCKOPT_ROW(IPPROTO_IP, IP_RECVOPTS, BOOL, 0, 0, set_recvopts,
		    get_recvopts),
	SOCKOPT_ROW(IPPROTO_IP, IP_RETOPTS, BOOL, 0, 0, set_retopts,
		    get_retopts),
	SOCKOPT_ROW(IPPROTO_IP, IP_PKTINFO, BOOL, 0, 0, set_pktinfo,
		    get_pktinfo),
	SOCKOPT_ROW(IPPROTO_IP, IP_RECVTTL, BOOL, 0, 0, set_recvttl,
		    get_recvttl),
	SOCKOPT_ROW(IPPROTO_IP, IP_RECVTOS, BOOL, 0, 0, set_recvtos,
		    get_recvtos),
	SOCKOPT_ROW(IPPROTO_IP, IP_RECVORIGDSTADDR, BOOL, 0, 0,
		    set_recvorigdstaddr, get_recvorigdstaddr),
	SOCKOPT_ROW(IPPROTO_IP, IP_RECVFRAGSIZE, BOOL, 0, 0, set_recvfragsize,
		    get_recvfragsize),
	SOCKOPT_ROW(IPPROTO_IP, IP_RECVERR, BOOL, 0, 0, set_recverr,
		    get_recverr),
	SOCKOPT_ROW(IPPROTO_IP, IP_MTU_DISCOVER, INT, IP_PMTUDISC_DONT,
		    IP_PMTUDISC_OMIT, set_mtu_discover, get_mtu_discover),
	SOCKOPT_ROW(IPPROTO_IP, IP_MTU, INT, 0, 0, NULL, get_mtu),
	SOCKOPT_ROW_LEN1(IPPROTO_IP, IP_FREEBIND, BOOL, 0, 0, set_freebind,
		    get_freebind),
	SOCKOPT_ROW_LEN1(IPPROTO_IP, IP_TRANSPARENT, BOOL, 0, 0, set_transparent,
		    get_transparent),
	SOCKOPT_ROW_LEN1(IPPROTO_IP, IP_MULTICAST_TTL, INT, -1, 255, set_mc_ttl,
		    get_mc_ttl),
	SOCKOPT_ROW_LEN1(IPPROTO_IP, IP_MULTICAST_LOOP, BOOL, 0, 0, set_mc_loop,
		    get_mc_loop),
	SOCKOPT_ROW_BYTES(IPPROTO_IP, IP_MULTICAST_IF, set_mc_if, get_mc_if),
	SOCKOPT_ROW_LEN1(IPPROTO_IP, IP_MULTICAST_ALL, INT, 0, 1, set_mc_all,
		    get_mc_all),
	SOCKOPT_ROW_BYTES(IPPROTO_IP, IP_ADD_MEMBERSHIP, set_add_membership,
			  NULL),
	SOCKOPT_ROW_BYTES(IPPROTO_IP, IP_DROP_MEMBERSHIP, set_drop_membership,
			  NULL),
	SOCKOPT_ROW(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, BOOL, 0, 0,
		    set_bind_address_no_port, get_bind_address_no_port),
	SOCKOPT_ROW_BYTES(IPPROTO_IP, IP_UNICAST_IF, set_unicast_if,
			  get_unicast_if),
	SOCKOPT_ROW_BYTES(IPPROTO_IP, IP_LOCAL_PORT_RANGE,
			  set_local_port_range, get_local_port_range),
};

const u32 nr_ip_options_rows = ARRAY_SIZE(ip_options_rows);

int ip_setsockopt(struct sock *sk, int level, int optname, const void *val,
		  socklen_t len)
{
	if (level != IPPROTO_IP)
		return -ENOPROTOOPT;
	return sockopt_set(sk, ip_options_rows, ARRAY_SIZE(ip_options_rows), level,
			   optname, val, len);
}

int ip_getsockopt(struct sock *sk, int level, int optname, void *val,
		  socklen_t *len)
{
	if (level != IPPROTO_IP)
		return -EOPNOTSUPP;	/* as in Linux */
	return sockopt_get(sk, ip_options_rows, ARRAY_SIZE(ip_options_rows), level,
			   optname, val, len);
}
