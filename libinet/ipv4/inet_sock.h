/* SPDX-License-Identifier: BSD-2-Clause */
/* struct inet_sock: what every PF_INET socket has beyond struct sock. */
#ifndef IPV4_INET_SOCK_H
#define IPV4_INET_SOCK_H

#include <netinet/in.h>

#include "core/sock.h"
#include "ipv4/ip_options_sock.h"

struct ip_mc_socklist;

/* Where a flow goes: question and answer of routing. */
struct flowi4 {
	__be32 daddr, saddr;
	__be16 fl4_dport, fl4_sport;	/* host decides by hash among paths */
	int oif;			/* bound device, 0: any */
	int iif;
	u32 mark;
	u8 tos;
	u8 proto;
	u8 scope;
	u8 flags;			/* FLOWI_FLAG_* */
};

#define FLOWI_FLAG_ANYSRC 0x01	/* saddr need not be ours */

struct inet_sock {
	struct sock sk;		/* first */
#define inet_daddr sk.__sk_common.skc_daddr
#define inet_rcv_saddr sk.__sk_common.skc_rcv_saddr
#define inet_dport sk.__sk_common.skc_dport
#define inet_num sk.__sk_common.skc_num
	__be32 inet_saddr;	/* source to send from; 0: routing chooses */
	__be16 inet_sport;	/* wire order of inet_num */
	u16 inet_id;
	struct ip_options_sock *inet_opt;	/* IP_OPTIONS, RCU */
	s16 uc_ttl;		/* -1: the knob */
	u8 mc_ttl;
	u8 tos;
	u8 min_ttl;
	u8 pmtudisc;		/* IP_PMTUDISC_* */
	u8 rcv_tos;
	u32 inet_flags;		/* enum inet_sock_flags; inet_test_bit() */
	u32 cmsg_flags;		/* IP_CMSG_* wanted by the reader */
	int uc_index, mc_index;
	__be32 mc_addr;
	struct ip_mc_socklist *mc_list;
	s32 local_port_range[2];
};

/* Linux's names. Packets ask for them without the lock of the socket. */
enum inet_sock_flags {
	INET_FLAGS_RECVERR,
	INET_FLAGS_IS_ICSK,
	INET_FLAGS_FREEBIND,
	INET_FLAGS_HDRINCL,
	INET_FLAGS_MC_LOOP,
	INET_FLAGS_TRANSPARENT,
	INET_FLAGS_MC_ALL,
	INET_FLAGS_BIND_ADDRESS_NO_PORT,
	INET_FLAGS_DEFER_CONNECT,
};

#define IP_CMSG_PKTINFO 0x01
#define IP_CMSG_TTL 0x02
#define IP_CMSG_TOS 0x04
#define IP_CMSG_RECVOPTS 0x08
#define IP_CMSG_RETOPTS 0x10
#define IP_CMSG_ORIGDSTADDR 0x40
#define IP_CMSG_CHECKSUM 0x80
#define IP_CMSG_RECVFRAGSIZE 0x100

static inline struct inet_sock *inet_sk(const struct sock *sk)
{
	return (struct inet_sock *)sk;
}

/* inet_test_bit(RECVERR, sk). Any thread. */
#define inet_test_bit(name, sk) \
	inet_sock_flag(sk, INET_FLAGS_##name)
#define inet_assign_bit(name, sk, on) \
	inet_sock_set_flag(sk, INET_FLAGS_##name, on)

static inline bool inet_sock_flag(const struct sock *sk, enum inet_sock_flags f)
{
	return READ_ONCE(inet_sk(sk)->inet_flags) >> f & 1;
}

static inline void inet_sock_set_flag(struct sock *sk, enum inet_sock_flags f,
				      bool on)
{
	u32 *flags = &inet_sk(sk)->inet_flags;

	if (on)
		__atomic_fetch_or(flags, 1u << f, __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(flags, ~(1u << f), __ATOMIC_RELAXED);
}

/* skb->cb of a received IPv4 packet, for sockets and ICMP. */
struct inet_skb_parm {
	int iif;
	u16 flags;		/* IPSKB_* */
	u16 frag_max_size;
	u8 optlen;		/* bytes of options in the header */
	u8 srr, rr, ts, router_alert;	/* offsets in the header, 0: none */
	u8 rr_needaddr : 1, ts_needtime : 1, ts_needaddr : 1;
};

#define IPSKB_FORWARDED 0x01
#define IPSKB_FRAG_COMPLETE 0x08
#define IPSKB_REROUTED 0x10

#define IPCB(skb) ((struct inet_skb_parm *)(skb)->cb)

#endif /* IPV4_INET_SOCK_H */
