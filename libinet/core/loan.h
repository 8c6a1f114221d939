/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loans: packets that a reader was lent instead of a copy of their bytes, until
 * he gives them back by a number (inet_recv_frames(), inet_frames_put()).
 */
#ifndef CORE_LOAN_H
#define CORE_LOAN_H

#include <sys/uio.h>

#include "core/skbuff.h"
#include "core/sock.h"

struct inet_msg;

/* inet_msg.lend, while recvmsg() runs: where the reader is told of the pieces,
 * and the packets that they lie in. */
struct skb_lender {
	struct iovec *iov;
	u32 nr, max;			/* pieces told, at most */
	struct sk_buff *list, **tail;	/* off the queue, by skb->next */
	struct sk_buff *part;		/* lent in part: not ours alone */
};

/* One loan. */
struct skb_loan {
	u64 frames;			/* its number; 0: none, a free slot */
	struct sock *sk;		/* charged; a reference */
	struct sk_buff *list;
	struct sk_buff *part;
	u32 next_free;
};

/* Begins a loan for @sk, which is charged for its bookkeeping. 0 or -ENOBUFS. */
int skb_loan_begin(struct sock *sk, struct skb_loan **loan);
/* Nothing was lent after all. */
void skb_loan_cancel(struct skb_loan *loan, struct sock *sk);
/* What @l has is lent. Return: its number. */
u64 skb_loan_commit(struct skb_loan *loan, struct sock *sk,
		    const struct skb_lender *l);
/* Frees the packets. Context: what their destructors want. */
void skb_loan_free(struct skb_loan *loan);
/* Takes back loan number @frames. Any thread. 0, or -EINVAL: there is none. */
int skb_loan_return(struct net *net, u64 frames);

/* Takes back all. Context: inet_destroy(), nobody else is inside. */
void skb_loans_return(struct net *net);
/* The table's memory. */
void skb_loans_exit(struct net *net);

/* ---- what lends -------------------------------------------------------- */

static inline void skb_lender_init(struct skb_lender *l, struct iovec *iov,
				   u32 max)
{
	*l = (struct skb_lender){ .iov = iov, .max = max };
	l->tail = &l->list;
}

static inline bool skb_lender_full(const struct skb_lender *l)
{
	return l->nr == l->max;
}

/* Tells of up to @len bytes at @off. Return: of how many. */
u32 skb_lend(struct skb_lender *l, const struct sk_buff *skb, u32 off, u32 len);

/* @skb, on no queue, is the loan's now. */
static inline void skb_lender_take(struct skb_lender *l, struct sk_buff *skb)
{
	skb->next = NULL;
	*l->tail = skb;
	l->tail = &skb->next;
}

/* @skb stays where it is; the loan has a reference. */
static inline void skb_lender_share(struct skb_lender *l, struct sk_buff *skb)
{
	inet_assert(!l->part);
	l->part = skb_get(skb);
}

/* A datagram that was read is lent: charged again. Consumes. */
void sock_lend_datagram(struct sock *sk, struct skb_lender *l,
			struct sk_buff *skb);
/* proto.frames_put of datagram sockets. */
void sock_frames_put(struct sock *sk, struct skb_loan *loan);

#endif /* CORE_LOAN_H */
