/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For writers of protocols: IPv4 below, and PF_INET above a protocol.
 *
 * A protocol of datagrams without ports needs little of its own: a struct
 * proto made of the functions here, one callback that writes its header, and a
 * net_protocol.handler that reads it and finds the sock.
 *
 *	static const struct proto my_prot = {
 *		.name = "MINE", .priv_size = sizeof(struct my_sock),
 *		.init = my_hash, .unhash = my_unhash,
 *		.connect = ip4_datagram_connect,
 *		.disconnect = ip4_datagram_disconnect,
 *		.sendmsg = my_sendmsg,		-> ip4_datagram_sendmsg()
 *		.recvmsg = ip4_datagram_recvmsg,
 *		.setsockopt = ip_setsockopt, .getsockopt = ip_getsockopt,
 *	};
 *	static const struct inet_protosw my_sw = {
 *		.type = SOCK_RDM, .protocol = 253,
 *		.prot = &my_prot, .ops = &inet_sockraw_ops,
 *	};
 *
 * @sk is always a sock of PF_INET. Addresses are in wire order.
 */
#ifndef INET_IP_H
#define INET_IP_H

#include <inet/export.h>
#include <inet/protocol.h>
#include <inet/sock.h>
#include <inet/types.h>

INET_BEGIN_DECLS

/* What the user's calls do to sockets without ports: addresses, shutdown,
 * poll and options by the stack, the rest by struct proto. */
extern const struct proto_ops inet_sockraw_ops INET_API;

/* ---- which sock ------------------------------------------------------- */

/* The address it was bound to, of its peer; 0: any, none. */
__be32 inet_sk_rcv_saddr(const struct sock *sk) INET_API;
__be32 inet_sk_daddr(const struct sock *sk) INET_API;
/* Is a received packet for this sock: by bind(), connect(), SO_BINDTODEVICE?
 * @skb has its network_header. Any context. */
bool ip4_datagram_match(const struct sock *sk, const struct sk_buff *skb)
	INET_EXPORT(ip4_datagram_match);

/* ---- in --------------------------------------------------------------- */

/* The end of a handler: queues @skb, whose data is what the user shall read,
 * or drops it. Consumes. Return: 0 or the -E of sock_queue_rcv_skb(). */
int ip4_datagram_rcv(struct sock *sk, struct sk_buff *skb)
	INET_EXPORT(ip4_datagram_rcv);
/* The end of an err_handler: tells @sk what ICMP said about a packet of its,
 * by IP_RECVERR and, if it is hard and the sock connected, as its error. */
void ip4_datagram_err(struct sock *sk, struct sk_buff *skb, u32 info)
	INET_EXPORT(ip4_datagram_err);
/* The same question as ip4_datagram_match(), about the packet of ours that an
 * ICMP error quotes; @skb as err_handler has it. */
bool ip4_datagram_match_quoted(const struct sock *sk,
			       const struct sk_buff *skb)
	INET_EXPORT(ip4_datagram_match_quoted);
/* Sends an error about @skb, if the rules allow one (rate limits, never about
 * errors, broadcasts or fragments). Context: a handler. Borrows. */
void icmp_send(struct sk_buff *skb, u8 type, u8 code, __be32 info)
	INET_EXPORT(icmp_send);

/* ---- out -------------------------------------------------------------- */

/*
 * One message as one datagram of sk's protocol: destination (of @msg, or the
 * peer), control messages, route, memory, fragments. @hdr_len bytes in front of
 * the payload are the protocol's: @finish writes them. It sees the datagram at
 * skb->data, and returns 0 or -E, which ends the call. NULL: nothing to write.
 * Return: @len, -EDESTADDRREQ, -EMSGSIZE, -EAGAIN, -EHOSTUNREACH, -EPIPE, …
 * Context: user, sock not owned; it may wait.
 */
int ip4_datagram_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len,
			 u32 hdr_len,
			 int (*finish)(struct sock *sk, struct sk_buff *skb))
	INET_EXPORT(ip4_datagram_sendmsg);

/* Where a packet without a socket goes. Zero: the stack's choice. */
struct ip_packet_info {
	__be32 daddr, saddr;
	u8 protocol, tos, ttl;
	int oif;		/* ifindex of the device */
	bool any_saddr;		/* also from an address that is not ours */
};

/* Sends @skb, which begins at its transport header: puts an IP header in
 * front (IP_XMIT_HEADROOM free bytes there spare a copy), routes, fragments.
 * Consumes. Any context. */
#define IP_XMIT_HEADROOM 128
int ip_send_skb(struct net *net, struct sk_buff *skb,
		const struct ip_packet_info *to) INET_EXPORT(ip_send_skb);

/* ---- for struct proto ------------------------------------------------- */

int ip4_datagram_connect(struct sock *sk, const struct sockaddr *addr,
			 socklen_t len) INET_EXPORT(ip4_datagram_connect);
int ip4_datagram_disconnect(struct sock *sk, int flags)
	INET_EXPORT(ip4_datagram_disconnect);
/* One datagram, its sender and control messages. */
int ip4_datagram_recvmsg(struct sock *sk, struct inet_msg *msg, size_t len,
			 int flags) INET_EXPORT(ip4_datagram_recvmsg);
/* SIOCINQ, SIOCOUTQ. */
int ip4_datagram_ioctl(struct sock *sk, unsigned long cmd, int *karg)
	INET_EXPORT(ip4_datagram_ioctl);
/* Level IPPROTO_IP. */
int ip_setsockopt(struct sock *sk, int level, int optname, const void *val,
		  socklen_t len) INET_EXPORT(ip_setsockopt);
int ip_getsockopt(struct sock *sk, int level, int optname, void *val,
		  socklen_t *len) INET_EXPORT(ip_getsockopt);

INET_END_DECLS

#endif /* INET_IP_H */
