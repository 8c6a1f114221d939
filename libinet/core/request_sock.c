/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections being opened by peers: requests and a listener's queues. */
#include "core/request_sock.h"

#include "core/net.h"

struct request_sock *reqsk_alloc(struct kmem_cache *cache,
				 const struct request_sock_ops *ops,
				 struct sock *listener)
{
	struct request_sock *req = kmem_cache_zalloc(cache);

	if (!req)
		return NULL;
	/* found under RCU: it may be closed by now */
	if (!refcount_inc_not_zero(&listener->sk_refcnt)) {
		kmem_cache_free(cache, req);
		return NULL;
	}
	req->rsk_net = sock_net(listener);
	req->__req_common.skc_state = TCP_NEW_SYN_RECV;
	req->__req_common.skc_family = ops->family;
	req->__req_common.skc_prot = listener->sk_prot;
	req->__req_common.skc_bound_dev_if = READ_ONCE(listener->sk_bound_dev_if);
	req->rsk_ops = ops;
	req->rsk_cache = cache;
	req->rsk_listener = listener;
	return req;
}

/* Gives back all but the memory. */
static void reqsk_release(struct request_sock *req)
{
	if (req->rsk_ops->destructor)
		req->rsk_ops->destructor(req);
	sock_put(req->rsk_listener);
}

void reqsk_free(struct request_sock *req)
{
	reqsk_release(req);
	kmem_cache_free(req->rsk_cache, req);
}

static void reqsk_free_rcu(struct rcu_head *head)
{
	struct request_sock *req = container_of(head, struct request_sock,
						rsk_rcu);

	kmem_cache_free(req->rsk_cache, req);
}

void reqsk_put(struct request_sock *req)
{
	if (!refcount_dec_and_test(&req->rsk_refcnt))
		return;
	reqsk_release(req);
	call_rcu(&req->rsk_net->rcu, &req->rsk_rcu, reqsk_free_rcu);
}

void reqsk_queue_init(struct request_sock_queue *queue, bool smp)
{
	lock_init(&queue->rskq_lock, smp);
	queue->rskq_accept_head = NULL;
	queue->rskq_accept_tail = NULL;
	queue->qlen = 0;
	queue->young = 0;
}

void reqsk_queue_add_tail(struct request_sock_queue *queue,
			  struct request_sock *req)
{
	req->dl_next = NULL;
	if (queue->rskq_accept_head)
		queue->rskq_accept_tail->dl_next = req;
	else
		WRITE_ONCE(queue->rskq_accept_head, req);
	queue->rskq_accept_tail = req;
}

struct request_sock *reqsk_queue_remove(struct request_sock_queue *queue,
					struct sock *parent)
{
	struct request_sock *req;

	spin_lock(&queue->rskq_lock);
	req = queue->rskq_accept_head;
	if (req) {
		sk_acceptq_removed(parent);
		WRITE_ONCE(queue->rskq_accept_head, req->dl_next);
		if (!req->dl_next)
			queue->rskq_accept_tail = NULL;
	}
	spin_unlock(&queue->rskq_lock);
	return req;
}

void reqsk_queue_added(struct request_sock_queue *queue)
{
	count_add(&queue->young, 1, lock_smp(&queue->rskq_lock));
	count_add(&queue->qlen, 1, lock_smp(&queue->rskq_lock));
}

void reqsk_queue_removed(struct request_sock_queue *queue,
			 const struct request_sock *req)
{
	if (req->num_timeout == 0)
		count_add(&queue->young, -1, lock_smp(&queue->rskq_lock));
	count_add(&queue->qlen, -1, lock_smp(&queue->rskq_lock));
}
