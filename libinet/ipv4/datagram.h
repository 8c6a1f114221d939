/* SPDX-License-Identifier: BSD-2-Clause */
/* What UDP, ping and raw sockets share: a peer without a connection. */
#ifndef IPV4_DATAGRAM_H
#define IPV4_DATAGRAM_H

#include "ipv4/ip.h"
#include "lib/compiler.h"

#ifndef MSG_PROBE
#define MSG_PROBE 0x10
#endif

/* Checks a peer's address and finds the way there: @fl4 is the question and
 * the answer. Return: the route with a reference, or an error pointer:
 * -EINVAL, -EAFNOSUPPORT, -EACCES (broadcast), routing's. Context: sock lock. */
struct rtable *ip4_datagram_route(struct sock *sk, const struct sockaddr *addr,
				  socklen_t len, struct flowi4 *fl4);

/* Where one sendmsg() goes. */
struct ip4_dest {
	__be32 daddr;
	__be16 dport;		/* wire order */
	bool connected;		/* the socket's peer: its cached route will do */
	bool on_link;		/* MSG_DONTROUTE, SO_DONTROUTE, a strict route */
};

/*
 * What one sendmsg() says about where and how: the destination of @msg or the
 * peer, control messages, the socket's options, device and source. @ipc is
 * initialised first: call ipcm_free() also after a failure. 0, -EINVAL,
 * -EAFNOSUPPORT, -EDESTADDRREQ, -ENOBUFS.
 */
int ip4_datagram_target(struct sock *sk, const struct inet_msg *msg,
			struct ip4_dest *dest, struct ipcm_cookie *ipc);
/* Fills in the question for routing. With a source route ipc->addr becomes the
 * destination, which IP writes at its end. */
void ip4_datagram_flow(struct sock *sk, const struct ip4_dest *dest,
		       struct ipcm_cookie *ipc, struct flowi4 *fl4);
/*
 * ip_send_datagram() for a caller who may wait: routes (@dest->connected: from
 * the socket's cache), sends without waiting, and while the send buffer is
 * full waits and starts over. d->fl4 is the question. Context: the sock is not
 * owned. 0 or -E.
 */
int ip4_datagram_send(struct sock *sk, struct inet_msg *msg, size_t len,
		      struct ip_datagram *d, const struct ip4_dest *dest);
/*
 * ip4_datagram_sendmsg() by the functions of @d, whose fl4, rt and ipc are
 * filled in here. With d->send the message has its own IPv4 header, which
 * leaves no room for options: -EINVAL.
 */
int ip4_datagram_sendmsg_as(struct sock *sk, struct inet_msg *msg, size_t len,
			    struct ip_datagram *d);

/* A datagram in the making: what calls with MSG_MORE have brought. Context of
 * all: sock lock, or out of everybody's reach. */
struct ip4_pieces {
	u32 len;		/* bytes gathered */
	u32 size;		/* room at buf */
	u8 *buf;
};

/* One piece more, at most @max bytes in all. 0, -EMSGSIZE, -ENOBUFS, -EFAULT. */
int ip4_pieces_add(struct sock *sk, struct ip4_pieces *p, struct inet_msg *msg,
		   size_t len, u32 max);
/* For a send of all of them; @iov must live as long. */
void ip4_pieces_iter(const struct ip4_pieces *p, struct iovec *iov,
		     struct inet_iov_iter *iter);
/* Empty again. */
void ip4_pieces_free(struct sock *sk, struct ip4_pieces *p);

/* proto.setsockopt and proto.getsockopt: the rows of proto.options, which are
 * all of one level, else the level IPPROTO_IP. */
int ip4_datagram_setsockopt(struct sock *sk, int level, int optname,
			    const void *val, socklen_t len);
int ip4_datagram_getsockopt(struct sock *sk, int level, int optname, void *val,
			    socklen_t *len);

/*
 * An ICMP error about a packet that @sk sent to @port; @skb and @info as
 * net_protocol.err_handler has them. The route hears of a new path MTU or
 * gateway, a socket with IP_RECVERR of every error, a connected one of those
 * that are hard. Context: RCU.
 */
void ip4_datagram_tell_err(struct sock *sk, struct sk_buff *skb, __be16 port,
			   u32 info);
/* Is a packet from @peer to our @local, by the device @dif, for this sock? */
static inline bool ip4_sk_match(const struct sock *sk, __be32 peer,
				__be32 local, int dif)
{
	__be32 daddr = READ_ONCE(sk->sk_daddr);
	__be32 rcv_saddr = READ_ONCE(sk->sk_rcv_saddr);
	int dev = READ_ONCE(sk->sk_bound_dev_if);

	return (!daddr || daddr == peer) &&
	       (!rcv_saddr || rcv_saddr == local) && (!dev || dev == dif);
}

#endif /* IPV4_DATAGRAM_H */
