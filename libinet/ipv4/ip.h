/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 for its users: input, output, control messages, errors. */
#ifndef IPV4_IP_H
#define IPV4_IP_H

#include "core/sockopt.h"
#include "core/tstamp.h"
#include "ipv4/inet_sock.h"

#include <inet/ip.h>

#include "ipv4/route.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

/* Source and destination in one word, as they lie. */
static inline u64 ip_hdr_addrs(const struct iphdr *iph)
{
	u64 addrs;

	memcpy(&addrs, &iph->saddr, sizeof(addrs));
	return addrs;
}

static inline struct iphdr *ip_hdr(const struct sk_buff *skb)
{
	return (struct iphdr *)skb_network_header(skb);
}

/* ---- input ------------------------------------------------------------ */

int ip_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt,
	   struct net_device *orig_dev);
int ip_local_deliver(struct sk_buff *skb);
int ip_forward(struct sk_buff *skb);
/* The packet at its transport header, to the handler of @protocol. */
void ip_protocol_deliver_rcu(struct net *net, struct sk_buff *skb,
			     int protocol);

/* ---- output ----------------------------------------------------------- */

/*
 * TCP's way out: @skb at the transport header, dst from the socket's cache or
 * a new lookup; pushes the IP header (options, ttl, tos, DF by pmtudisc).
 * Consumes. 0, NET_XMIT_*, or -E.
 */
int ip_queue_xmit(struct sock *sk, struct sk_buff *skb, const struct flowi4 *fl);
/* SYN-ACK: skb already has its dst. */
int ip_build_and_send_pkt(struct sk_buff *skb, const struct sock *sk,
			  __be32 saddr, __be32 daddr,
			  const struct ip_options_sock *opt, u8 tos);
int ip_local_out(struct net *net, struct sock *sk, struct sk_buff *skb);
int ip_output(struct net *net, struct sock *sk, struct sk_buff *skb);
int ip_mc_output(struct net *net, struct sock *sk, struct sk_buff *skb);
/* Is @skb, or a segment of it if it is a GSO packet, longer than @mtu? */
bool ip_exceeds_mtu(const struct sk_buff *skb, u32 mtu);
/* Cuts @skb into fragments of @mtu, each sent by @output. Consumes. */
int ip_do_fragment(struct net *net, struct sock *sk, struct sk_buff *skb,
		   u32 mtu,
		   int (*output)(struct net *, struct sock *, struct sk_buff *));

/* What one sendmsg() says about its datagram. */
struct ipcm_cookie {
	__be32 addr;		/* source, 0: routing's choice; when sending
				 * by a source route: the destination */
	int oif;
	s16 ttl;		/* 0: the socket's */
	s16 tos;		/* -1: the socket's */
	u8 protocol;
	u16 gso_size;		/* UDP_SEGMENT; 0: one datagram */
	const struct ip_options_sock *opt;
	u32 tsflags;
	u64 txtime;		/* ns: leaves not before; 0: at once */
};

void ipcm_init_sk(struct ipcm_cookie *ipc, const struct inet_sock *inet);
/* Reads IP_PKTINFO, IP_TTL, IP_TOS, IP_RETOPTS, SCM_TXTIME, SO_TIMESTAMPING. 0 or
 * -EINVAL, -ENOBUFS. */
int ip_cmsg_send(struct sock *sk, const struct inet_msg *msg,
		 struct ipcm_cookie *ipc);
/* The same of a stream: those of SOL_SOCKET. */
int sock_cmsg_send(struct sock *sk, const struct inet_msg *msg,
		   struct ipcm_cookie *ipc);
/* Takes a copy of the socket's own options unless the message had some. 0 or
 * -ENOBUFS. */
int ipcm_use_sock_opt(struct ipcm_cookie *ipc, struct sock *sk);
/* Gives back what these two allocated. */
void ipcm_free(struct sock *sk, struct ipcm_cookie *ipc);
/* When @skb leaves, and which of its stamps are wanted. */
static inline void ipcm_time(const struct ipcm_cookie *ipc, struct sock *sk,
			     struct sk_buff *skb)
{
	skb->tstamp = ipc->txtime;
	if (unlikely(ipc->tsflags))
		sock_tx_timestamp(sk, skb, ipc->tsflags);
}
/* Which sums a sender makes, if no device does. */
enum datagram_csum {
	DATAGRAM_CSUM_NONE,
	DATAGRAM_CSUM_COPY,	/* skb->csum: the payload, summed while copied */
	DATAGRAM_CSUM_WHOLE,	/* skb->csum: 0; @finish sums it with the header */
};

/*
 * One datagram from user bytes: allocates, copies (and sums with
 * CHECKSUM_PARTIAL semantics left to @finish), pushes IP header, fragments when
 * needed. @transhdrlen bytes are reserved in front for the caller's header,
 * which @finish fills in: skb->data at it, skb->len whole. 0 or -E.
 */
struct ip_datagram {
	struct flowi4 fl4;
	struct rtable *rt;	/* borrowed */
	const struct ipcm_cookie *ipc;
	u32 transhdrlen;
	enum datagram_csum csum;
	u16 gso_size;		/* of this payload a datagram each; 0: one */
	bool lend;		/* the packet shows the user's own bytes */
	/* Called when the route is known and the whole fits into a packet: sets
	 * csum and gso_size. 0 or -E. May be NULL. */
	int (*prepare)(struct sock *sk, struct ip_datagram *d, size_t len);
	int (*finish)(struct sock *sk, struct sk_buff *skb,
		      struct ip_datagram *d);
	/* ip4_datagram_send() sends by this; NULL: by ip_send_datagram(). */
	int (*send)(struct sock *sk, struct inet_msg *msg, size_t len,
		    struct ip_datagram *d);
	const void *arg;
};
/* All but where it goes, which routing fills in. */
static inline void ip_datagram_init(struct ip_datagram *d,
				    const struct ipcm_cookie *ipc,
				    u32 transhdrlen)
{
	d->ipc = ipc;
	d->transhdrlen = transhdrlen;
	d->csum = DATAGRAM_CSUM_NONE;
	d->gso_size = 0;
	d->lend = false;
	d->prepare = NULL;
	d->finish = NULL;
	d->send = NULL;
	d->arg = NULL;
}
int ip_send_datagram(struct sock *sk, struct inet_msg *msg, size_t len,
		     struct ip_datagram *d);
/* A raw answer without a socket (RST, ICMP): @skb at its transport header;
 * @opt may be NULL. */
int ip_send_reply(struct net *net, struct sk_buff *skb,
		  const struct ip_packet_info *to,
		  const struct ip_options_sock *opt);

/* Identification for a packet (RFC 6864; keyed, per destination). */
void ip_select_ident(struct net *net, struct sk_buff *skb, struct sock *sk,
		     u32 segs);

/* ---- sockets ---------------------------------------------------------- */

/* Keeps what the control messages will want of a packet that is about to be
 * queued, and gives its dst back. Context: RCU. */
void ipv4_pktinfo_prepare(const struct sock *sk, struct sk_buff *skb);
/* Control messages a reader asked for. */
void ip_cmsg_recv(struct inet_msg *msg, struct sock *sk, struct sk_buff *skb);
/* MSG_ERRQUEUE. */
int ip_recv_error(struct sock *sk, struct inet_msg *msg, size_t len);
/* Queues an ICMP error for IP_RECVERR. @skb as net_protocol.err_handler has
 * it, borrowed; @err positive; @port of the quoted destination. */
void ip_icmp_error(struct sock *sk, struct sk_buff *skb, int err, __be16 port,
		   u32 info);
/* The same for an error of our own (-EMSGSIZE): @err positive. */
void ip_local_error(struct sock *sk, int err, __be32 daddr, __be16 port,
		    u32 info);
/*
 * MSG_ZEROCOPY. A call with the flag begins with the first, which sets msg->ubuf
 * if the socket has SO_ZEROCOPY (0 or -ENOBUFS), and ends with the second: when it
 * was @sent it has a number, and the error queue tells when the last frame over
 * its memory is gone. Context: any; the caller has a reference to @sk.
 */
int msg_zerocopy_begin(struct sock *sk, struct inet_msg *msg, size_t len);
void msg_zerocopy_end(struct sock *sk, struct inet_msg *msg, bool sent);
/* Options for packets of ours from an application's bytes: checked, padded. An
 * error pointer: -EINVAL, -ENOBUFS. Free with mem_free(). NULL: @len was 0. */
struct ip_options_sock *ip_options_get(struct net *net, const void *data,
				       size_t len);

/* Effective path MTU for a socket honouring pmtudisc. */
static inline u32 ip_sk_mtu(const struct sock *sk, const struct dst_entry *dst)
{
	if (likely(READ_ONCE(inet_sk(sk)->pmtudisc) < IP_PMTUDISC_PROBE))
		return ipv4_mtu(dst);
	return min(READ_ONCE(dst->dev->mtu), IP_MAX_MTU);
}

static inline bool ip_dont_fragment(const struct sock *sk)
{
	u8 p = READ_ONCE(inet_sk(sk)->pmtudisc);

	return p == IP_PMTUDISC_DO || p == IP_PMTUDISC_WANT;
}

/* Must nobody cut the packet on its way? Where the path claimed an MTU too small
 * to believe, it may be cut. */
static inline bool ip_wants_df(const struct sock *sk,
			       const struct rtable *rt)
{
	u8 p = READ_ONCE(inet_sk(sk)->pmtudisc);

	return p == IP_PMTUDISC_DO || p == IP_PMTUDISC_PROBE ||
	       (p == IP_PMTUDISC_WANT && !rt->rt_mtu_locked);
}

/* ---- ICMP ------------------------------------------------------------- */

/* While a net_protocol's err_handler runs: the header of the error (type,
 * code) that quotes what skb->data shows. */
static inline struct icmphdr *icmp_hdr(const struct sk_buff *skb)
{
	return (struct icmphdr *)skb_transport_header(skb);
}

#define ICMP_MSG_TYPES 256u

/* A message of @type is sent, by the stack or by a socket: IcmpOutMsgs and what counts
 * its type. */
void icmp_out_count(struct net *net, u8 type);
/* IcmpMsgInType@type, or IcmpMsgOutType@type. */
u64 icmp_msg_read(const struct net *net, bool out, u8 type);

/* errno of an unreachable code, and whether it is fatal. */
struct icmp_err {
	int err;
	bool fatal;
};
extern const struct icmp_err icmp_err_convert[];

/* ip_sockopt.c: IPPROTO_IP */
extern const struct sockopt_row ip_options_rows[];
extern const u32 nr_ip_options_rows;

#endif /* IPV4_IP_H */
