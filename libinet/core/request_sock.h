/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * request_sock: a connection that is being opened by a peer (SYN-RECEIVED),
 * much smaller than a sock. It sits in the established table, so that the ACK
 * finds it, and holds a reference to its listener. When the handshake is done
 * it carries the child on the listener's accept queue.
 */
#ifndef CORE_REQUEST_SOCK_H
#define CORE_REQUEST_SOCK_H

#include "core/sock.h"
#include "lib/list.h"
#include "lib/lock.h"
#include "lib/rcu.h"
#include "lib/timer.h"

struct request_sock;

/* What a transport does with its requests. */
struct request_sock_ops {
	u16 family;
	u32 obj_size;
	/* Sends the SYN-ACK once more. 0 or -E. */
	int (*rtx_syn_ack)(const struct sock *sk, struct request_sock *req);
	/* Answers a segment that does not fit with the request's state. */
	void (*send_ack)(const struct sock *sk, struct sk_buff *skb,
			 struct request_sock *req);
	void (*send_reset)(const struct sock *sk, const struct sk_buff *skb);
	/* Gives back what the request holds beside itself; may be NULL. */
	void (*destructor)(struct request_sock *req);
};

struct request_sock {
	struct sock_common __req_common;	/* first */
#define rsk_net __req_common.skc_net
#define rsk_refcnt __req_common.skc_refcnt
	union {
		struct {		/* on the accept queue, under its lock */
			struct request_sock *dl_next;
			struct sock *sk;	/* the child */
		};
		struct rcu_head rsk_rcu;	/* when it is over */
	};
	struct sock *rsk_listener;	/* holds a reference */
	const struct request_sock_ops *rsk_ops;
	struct kmem_cache *rsk_cache;
	struct timer_list rsk_timer;	/* retransmits the SYN-ACK */
	u16 mss;			/* the peer's */
	u8 num_retrans;			/* SYN-ACKs sent again */
	u8 num_timeout;			/* timer expiries */
};

/*
 * A listener's queues. Requests that wait for their ACK are only counted here
 * (the established table holds them); those that finished form the accept
 * queue, oldest first.
 */
struct request_sock_queue {
	struct inet_lock rskq_lock;	/* guards the accept queue */
	struct request_sock *rskq_accept_head, *rskq_accept_tail;
	u32 qlen;			/* atomic: requests in SYN-RECEIVED */
	u32 young;			/* atomic: of these, never timed out */
};

/* A zeroed request of @listener (whose reference it takes) with refcnt 0: it
 * becomes findable by inet_csk_reqsk_queue_hash_add(). NULL: no memory, or the
 * listener is dying. */
struct request_sock *reqsk_alloc(struct kmem_cache *cache,
				 const struct request_sock_ops *ops,
				 struct sock *listener);
/* Frees one that was never findable. */
void reqsk_free(struct request_sock *req);
/* Drops a reference; the last one frees after a grace period. */
void reqsk_put(struct request_sock *req);

static inline struct request_sock *inet_reqsk(const struct sock *sk)
{
	return (struct request_sock *)sk;
}

static inline struct sock *req_to_sk(struct request_sock *req)
{
	return (struct sock *)req;
}

void reqsk_queue_init(struct request_sock_queue *queue, bool smp);

static inline bool reqsk_queue_empty(const struct request_sock_queue *queue)
{
	return READ_ONCE(queue->rskq_accept_head) == NULL;
}

static inline u32 reqsk_queue_len(const struct request_sock_queue *queue)
{
	return READ_ONCE(queue->qlen);
}

static inline u32 reqsk_queue_len_young(const struct request_sock_queue *queue)
{
	return READ_ONCE(queue->young);
}

/* Appends a finished request. Context: rskq_lock held. */
void reqsk_queue_add_tail(struct request_sock_queue *queue,
			  struct request_sock *req)
	must_hold(queue->rskq_lock);
/* The oldest finished request, or NULL. */
struct request_sock *reqsk_queue_remove(struct request_sock_queue *queue,
					struct sock *parent);
void reqsk_queue_added(struct request_sock_queue *queue);
void reqsk_queue_removed(struct request_sock_queue *queue,
			 const struct request_sock *req);

#endif /* CORE_REQUEST_SOCK_H */
