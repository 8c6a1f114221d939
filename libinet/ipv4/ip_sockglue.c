/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control messages of the level IPPROTO_IP: what a sender says about one
 * datagram, and what a reader asked to be told about it (ip(7)).
 */
#include <errno.h>
#include <string.h>

#include "core/tstamp.h"
#include "ipv4/ip.h"
#include "lib/assert.h"
#include "lib/byteorder.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "wire/ip_options.h"

/* ---- out -------------------------------------------------------------- */

void ipcm_init_sk(struct ipcm_cookie *ipc, const struct inet_sock *inet)
{
	*ipc = (struct ipcm_cookie){
		.tos = -1,
		.protocol = (u8)inet->sk.sk_protocol,
		.tsflags = inet->sk.sk_tsflags,
	};
}

void ipcm_free(struct sock *sk, struct ipcm_cookie *ipc)
{
	if (unlikely(ipc->opt)) {
		mem_free(&sock_net(sk)->mem, (void *)(uintptr_t)ipc->opt,
			 sizeof(*ipc->opt));
		ipc->opt = NULL;
	}
}

int ipcm_use_sock_opt(struct ipcm_cookie *ipc, struct sock *sk)
{
	struct net *net = sock_net(sk);
	const struct ip_options_sock *own;
	struct ip_options_sock *copy;

	if (ipc->opt)
		return 0;
	copy = mem_alloc(&net->mem, sizeof(*copy));
	if (!copy)
		return -ENOBUFS;
	rcu_read_lock(&net->rcu);
	own = rcu_dereference(inet_sk(sk)->inet_opt);
	if (own)
		memcpy(copy, own, sizeof(*copy));
	rcu_read_unlock(&net->rcu);
	if (own)
		ipc->opt = copy;
	else
		mem_free(&net->mem, copy, sizeof(*copy));
	return 0;
}

/* Reads an int, or a single byte where Linux allows one. */
static int cmsg_int(const void *data, size_t len, bool byte_ok, int *val)
{
	if (len == sizeof(int)) {
		memcpy(val, data, sizeof(int));
		return 0;
	}
	if (byte_ok && len == 1) {
		*val = *(const u8 *)data;
		return 0;
	}
	return -EINVAL;
}

/* IP_PKTINFO: the device to send by and the source. */
static int cmsg_pktinfo(const void *data, size_t len, struct ipcm_cookie *ipc)
{
	struct in_pktinfo info;

	if (len != sizeof(info))
		return -EINVAL;
	memcpy(&info, data, sizeof(info));
	if (info.ipi_ifindex)
		ipc->oif = info.ipi_ifindex;
	ipc->addr = info.ipi_spec_dst.s_addr;
	return 0;
}

/* IP_RETOPTS: options of this datagram alone. */
static int cmsg_options(struct sock *sk, const void *data, size_t len,
			struct ipcm_cookie *ipc)
{
	struct ip_options_sock *opt;

	opt = ip_options_get(sock_net(sk), data, min_t(size_t, len, 40));
	if (IS_ERR(opt))
		return (int)PTR_ERR(opt);
	ipcm_free(sk, ipc);
	ipc->opt = opt;
	return 0;
}

/* One control message of ours; @len: bytes at @data. */
static int ip_cmsg_one(struct sock *sk, int type, const void *data, size_t len,
		       struct ipcm_cookie *ipc)
{
	int val, err;

	switch (type) {
	case IP_RETOPTS:
		return cmsg_options(sk, data, len, ipc);
	case IP_PKTINFO:
		return cmsg_pktinfo(data, len, ipc);
	case IP_TTL:
		err = cmsg_int(data, len, false, &val);
		if (err || val < 1 || val > 255)
			return -EINVAL;
		ipc->ttl = (s16)val;
		return 0;
	case IP_TOS:
		err = cmsg_int(data, len, true, &val);
		if (err || val < 0 || val > 255)
			return -EINVAL;
		ipc->tos = (s16)val;
		return 0;
	default:
		return -EINVAL;
	}
}

/* The stamps that this message wants, in place of those of its socket. */
static int cmsg_tsflags(const void *data, size_t len, u32 *tsflags)
{
	u32 val;

	if (len != sizeof(val))
		return -EINVAL;
	memcpy(&val, data, sizeof(val));
	if (val & ~(u32)SOF_TIMESTAMPING_TX_HERE)
		return -EINVAL;
	*tsflags = (*tsflags & ~(u32)SOF_TIMESTAMPING_TX_HERE) | val;
	return 0;
}

/* One of SOL_SOCKET. */
static int sock_cmsg_one(struct sock *sk, int type, const void *data,
			 size_t len, struct ipcm_cookie *ipc)
{
	switch (type) {
	case SO_TIMESTAMPING:
		return cmsg_tsflags(data, len, &ipc->tsflags);
	case SCM_TXTIME:
		if (!sock_flag(sk, SOCK_TXTIME) || len != sizeof(ipc->txtime))
			return -EINVAL;
		memcpy(&ipc->txtime, data, sizeof(ipc->txtime));
		return 0;
	case SCM_RIGHTS:	/* AF_UNIX's two are ignored, as in Linux */
	case SCM_CREDENTIALS:
		return 0;
	default:
		return -EINVAL;
	}
}

/* Those of SOL_SOCKET, and of IPPROTO_IP if @ip. */
static int cmsg_send(struct sock *sk, const struct inet_msg *msg,
		     struct ipcm_cookie *ipc, bool ip)
{
	struct cmsghdr hdr;
	const void *data;
	size_t pos = 0, len;
	int err;

	while ((err = cmsg_next(msg, &pos, &hdr, &data)) > 0) {
		len = hdr.cmsg_len - CMSG_LEN(0);
		err = 0;
		if (hdr.cmsg_level == SOL_SOCKET)
			err = sock_cmsg_one(sk, hdr.cmsg_type, data, len, ipc);
		else if (ip && hdr.cmsg_level == IPPROTO_IP)
			err = ip_cmsg_one(sk, hdr.cmsg_type, data, len, ipc);
		if (err)
			return err;
	}
	return err;
}

int ip_cmsg_send(struct sock *sk, const struct inet_msg *msg,
		 struct ipcm_cookie *ipc)
{
	return cmsg_send(sk, msg, ipc, true);
}

int sock_cmsg_send(struct sock *sk, const struct inet_msg *msg,
		   struct ipcm_cookie *ipc)
{
	return cmsg_send(sk, msg, ipc, false);
}

/* ---- in --------------------------------------------------------------- */

/* skb->cb of a queued packet: IP's, and what its route knew. The last four
 * bytes are the queue's. */
struct ip_rx_cb {
	struct inet_skb_parm parm;
	__be32 spec_dst;	/* the address of ours to answer from */
};

static_assert(sizeof(struct ip_rx_cb) <= 44, "ip_rx_cb");

#define IP_RX_CB(skb) ((struct ip_rx_cb *)(skb)->cb)

void ipv4_pktinfo_prepare(const struct sock *sk, struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	if (unlikely(READ_ONCE(inet_sk(sk)->cmsg_flags) &
		     IP_CMSG_PKTINFO)) {
		IP_RX_CB(skb)->spec_dst = ip_hdr(skb)->daddr;
		if (rt && (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)))
			IP_RX_CB(skb)->spec_dst =
				inet_select_addr(rt->dst.dev,
						 ip_hdr(skb)->saddr,
						 RT_SCOPE_UNIVERSE);
	}
	skb_dst_drop(skb);
}

/* IP_PKTINFO: device, address to answer from, address it was sent to. */
static void put_pktinfo(struct inet_msg *msg, const struct sk_buff *skb)
{
	struct in_pktinfo info = {
		.ipi_ifindex = skb->skb_iif,
		.ipi_spec_dst.s_addr = IP_RX_CB(skb)->spec_dst,
		.ipi_addr.s_addr = ip_hdr(skb)->daddr,
	};

	put_cmsg(msg, IPPROTO_IP, IP_PKTINFO, sizeof(info), &info);
}

/* The address and port the datagram was sent to, whatever the socket's. */
static void put_origdstaddr(struct inet_msg *msg, const struct sk_buff *skb)
{
	struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = ip_hdr(skb)->daddr,
	};

	if (ip_hdr(skb)->protocol == IPPROTO_UDP)
		memcpy(&sin.sin_port, skb_transport_header(skb) + 2,
		       sizeof(sin.sin_port));
	put_cmsg(msg, IPPROTO_IP, IP_ORIGDSTADDR, sizeof(sin), &sin);
}

/* IP_RECVOPTS: as they came; IP_RETOPTS: turned round, ready to answer by. */
static void put_options(struct inet_msg *msg, const struct sk_buff *skb,
			bool turned)
{
	const u8 *iph = skb_network_header(skb);
	u32 hlen = ipv4_hdr_len((const struct iphdr *)iph);
	struct ip_options_info info;
	u8 out[MAX_IPOPTLEN];
	__be32 first_hop;
	int len;

	if (hlen <= IP_HLEN_MIN)
		return;
	if (!turned) {
		put_cmsg(msg, IPPROTO_IP, IP_RECVOPTS, hlen - IP_HLEN_MIN,
			 iph + IP_HLEN_MIN);
		return;
	}
	if (ip_options_parse(iph + IP_HLEN_MIN, hlen - IP_HLEN_MIN, &info))
		return;
	len = ip_options_echo(iph, hlen, &info, out, &first_hop);
	if (len > 0)
		put_cmsg(msg, IPPROTO_IP, IP_RETOPTS, (size_t)len, out);
}

void ip_cmsg_recv(struct inet_msg *msg, struct sock *sk, struct sk_buff *skb)
{
	u32 flags = READ_ONCE(inet_sk(sk)->cmsg_flags);
	int val;

	if (flags & IP_CMSG_PKTINFO)
		put_pktinfo(msg, skb);
	if (flags & IP_CMSG_TTL) {
		val = ip_hdr(skb)->ttl;
		put_cmsg(msg, IPPROTO_IP, IP_TTL, sizeof(val), &val);
	}
	if (flags & IP_CMSG_TOS)
		put_cmsg(msg, IPPROTO_IP, IP_TOS, 1, &ip_hdr(skb)->tos);
	if (flags & IP_CMSG_RECVOPTS)
		put_options(msg, skb, false);
	if (flags & IP_CMSG_RETOPTS)
		put_options(msg, skb, true);
	if (flags & IP_CMSG_ORIGDSTADDR)
		put_origdstaddr(msg, skb);
	if ((flags & IP_CMSG_RECVFRAGSIZE) && IPCB(skb)->frag_max_size) {
		val = IPCB(skb)->frag_max_size;
		put_cmsg(msg, IPPROTO_IP, IP_RECVFRAGSIZE, sizeof(val), &val);
	}
}
