/* SPDX-License-Identifier: BSD-2-Clause */
/* Explicit congestion notification: see tcp_ecn.c. */
#ifndef IPV4_TCP_ECN_H
#define IPV4_TCP_ECN_H

#include "ipv4/tcp.h"
#include "wire/ipv4.h"

/* tcp_sock.ecn_flags; 0: it was not agreed on, or not asked for. */
#define TCP_ECN_OK 0x1
#define TCP_ECN_QUEUE_CWR 0x2	/* the window came down: the next text tells */
#define TCP_ECN_DEMAND_CWR 0x4	/* a mark came: each ACK tells, until CWR comes */
#define TCP_ECN_SEEN 0x8	/* the peer's packets may be marked */
#define TCP_ECN_NO_ECT 0x10	/* ours may not: we did not ask again */

/* net.ipv4.tcp_ecn: who asks for it. Whoever is asked agrees, but at 0. */
#define TCP_ECN_ASK 1

/* Is it nothing without marks? Then all of its packets may be marked. */
static inline bool tcp_ca_needs_ecn(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ca_ops->flags & TCP_CONG_NEEDS_ECN;
}

/* From now on the packets of @sk may be marked, or may not. */
static inline void INET_ECN_xmit(struct sock *sk)
{
	WRITE_ONCE(inet_sk(sk)->tos, inet_sk(sk)->tos | INET_ECN_ECT_0);
}

static inline void INET_ECN_dontxmit(struct sock *sk)
{
	WRITE_ONCE(inet_sk(sk)->tos, inet_sk(sk)->tos & (u8)~INET_ECN_MASK);
}

/* The window comes down. */
static inline void tcp_ecn_queue_cwr(struct tcp_sock *tp)
{
	if (tp->ecn_flags & TCP_ECN_OK)
		tp->ecn_flags |= TCP_ECN_QUEUE_CWR;
}

/* It need not have. */
static inline void tcp_ecn_withdraw_cwr(struct tcp_sock *tp)
{
	tp->ecn_flags &= (u8)~TCP_ECN_QUEUE_CWR;
}

/* Does the ACK with the header @th tell of a mark? */
static inline bool tcp_ecn_rcv_ecn_echo(const struct tcp_sock *tp,
					const struct tcphdr *th)
{
	return th->ece && !th->syn && (tp->ecn_flags & TCP_ECN_OK);
}

/* The handshake. Ours: the SYN @skb is about to be sent; again; a SYN-ACK to a SYN
 * that crossed it. */
void tcp_ecn_send_syn(struct sock *sk, struct sk_buff *skb);
void tcp_ecn_clear_syn(struct sock *sk, struct sk_buff *skb);
void tcp_ecn_send_synack(struct sock *sk, struct sk_buff *skb);
/* The peer's SYN, or SYN-ACK, to the socket that has sent a SYN. */
void tcp_ecn_rcv_syn(struct tcp_sock *tp, const struct tcphdr *th);
/* Its SYN @skb to the listener @sk: does @req agree? */
void tcp_ecn_create_request(struct request_sock *req, const struct sk_buff *skb,
			    const struct sock *sk);

/* @skb, with @payload octets of text, is about to be sent; its control block is not
 * the queue's. Context: ecn_flags. */
void tcp_ecn_send(struct sock *sk, struct sk_buff *skb, u32 payload);
/* Text came in the packet @skb, and is taken. Context: ecn_flags. */
void tcp_ecn_check_ce(struct sock *sk, const struct sk_buff *skb);
/* A segment came with CWR. */
void tcp_ecn_accept_cwr(struct sock *sk, const struct sk_buff *skb);

#endif /* IPV4_TCP_ECN_H */
