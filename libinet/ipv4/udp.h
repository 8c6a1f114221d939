/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP (RFC 768, RFC 1122 4.1) for its own files and for inet_dgram_ops:
 * udp.c the calls and the packets, udp_offload.c many datagrams at once,
 * udp_table.c ports and lookup.
 */
#ifndef IPV4_UDP_H
#define IPV4_UDP_H

#include "core/socket.h"
#include "core/sockopt.h"
#include "ipv4/inet_sock.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "wire/udp.h"

/* Payload of the largest datagram. */
#define UDP_MAX_PAYLOAD (65535 - 20 - UDP_HLEN)

#define UDP_MAX_SEGMENTS 128u	/* datagrams of one UDP_SEGMENT */

struct udp_cork;

struct udp_sock {
	struct inet_sock inet;		/* first; sk_node: the table of flows */
	struct hlist_node port_node;	/* all of the port; table lock */
	struct hlist_node addr_node;	/* (address, port), RCU */
	bool flow_hashed;		/* in the table of flows, not in addrs */
	u8 send_flags;			/* UDP_CORKED, ...; sock lock */
	bool gro_enabled;		/* UDP_GRO; set under the sock lock */
	u16 gso_size;			/* UDP_SEGMENT; 0: off */
	struct udp_cork *cork;		/* datagram in the making; sock lock */
	u64 used_ns;			/* UDP_NOTES_SENT: last sent or received */
};

/* udp_sock.send_flags: what is not usual about sending */
#define UDP_CORKED 0x01		/* UDP_CORK */
#define UDP_NOTES_SENT 0x02	/* of a forwarder's flow */

static inline struct udp_sock *udp_sk(const struct sock *sk)
{
	return (struct udp_sock *)sk;
}

static inline struct udphdr *udp_hdr(const struct sk_buff *skb)
{
	return (struct udphdr *)skb_transport_header(skb);
}

/* The device adds what @pseudo, the sum of the pseudo-header, does not cover. @skb
 * with its transport header. */
static inline void udp_partial_csum(struct sk_buff *skb, __sum16 pseudo)
{
	udp_hdr(skb)->check = (__sum16)~pseudo;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = offsetof(struct udphdr, check);
	skb->ip_summed = CHECKSUM_PARTIAL;
}

/* ---- ports and lookup: udp_table.c ------------------------------------ */

/* A received datagram, as the lookup sees it. */
struct udp_flow {
	__be32 saddr;		/* the sender's */
	__be32 daddr;		/* ours */
	__be16 sport;
	u16 dport;		/* host order */
	int dif;		/* device it came by */
};

int udp_table_init(struct net *net);
void udp_table_destroy(struct net *net);

/* proto.get_port. 0, -EADDRINUSE, -ENOMEM. Context: sock lock. */
int udp_v4_get_port(struct sock *sk, u16 port);
/* proto.unhash: nobody finds it any more, and the port is free. */
void udp_lib_unhash(struct sock *sk);
/* The socket's own or its peer's address is about to become these. 0 or
 * -ENOMEM, unchanged. Context: sock lock. */
int udp_lib_set_addrs(struct sock *sk, __be32 rcv_saddr, __be32 daddr,
		      __be16 dport);

/* The socket that @f is for, or NULL. Context: RCU, as long as it is used. */
struct sock *udp4_lib_lookup(struct net *net, const struct udp_flow *f);
/* Calls @fn for every socket that @f, a multicast or broadcast, is for.
 * Context: RCU. Return: how many. */
u32 udp4_lib_for_each_mcast(struct net *net, const struct udp_flow *f,
			    void (*fn)(struct sock *sk, void *arg), void *arg);
/* Calls @fn for every bound socket, by port. Under the table's lock. */
void udp_for_each_sock(struct net *net,
		       void (*fn)(struct sock *sk, void *arg), void *arg);

/* The tables agree with each other, or the program ends. For tests. */
void udp_verify(struct net *net);

/* ---- the rest: udp.c -------------------------------------------------- */

extern const struct proto udp_prot;
extern const struct sockopt_row udp_options[];
extern const u32 nr_udp_options;
extern const struct net_offload udp_offload;	/* udp_offload.c */

int udp_rcv(struct sk_buff *skb);
/* Queues what may be many datagrams in one packet, at its header. Consumes. */
void udp_queue_rcv_skb(struct sock *sk, struct sk_buff *skb);
int udp_err(struct sk_buff *skb, u32 info);
unsigned int udp_poll(struct socket *sock);

/* Is the checksum of a received datagram right? @skb at the UDP header, or
 * past it when @skb->csum has been told (udp_csum_pull()). Borrows. */
bool udp_csum_ok(struct sk_buff *skb);

#endif /* IPV4_UDP_H */
