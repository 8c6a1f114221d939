/* SPDX-License-Identifier: BSD-2-Clause */
/* See verify.h. */
#include "core/verify.h"

#include "core/dev.h"
#include "core/net.h"
#include "core/sch_generic.h"
#include "core/skbuff.h"
#include "core/sock.h"

u64 skb_queue_verify(const struct sk_buff_head *q)
{
	const struct sk_buff *skb, *prev = (const struct sk_buff *)q;
	u64 truesize = 0;
	u32 n = 0;

	skb_queue_walk(q, skb) {
		inet_assert(skb->prev == prev);
		inet_assert(skb->users >= 1);
		truesize += skb->truesize;
		prev = skb;
		inet_assert(++n <= q->qlen);
	}
	inet_assert(q->prev == prev && n == q->qlen);
	return truesize;
}

/* ---- softnets --------------------------------------------------------- */

/* NAPIs that wait for their poll. */
static void verify_poll_list(struct softnet_data *sd)
{
	struct napi_struct **tail = &sd->poll_head;

	for (; *tail; tail = &(*tail)->poll_next) {
		inet_assert((*tail)->softnet == sd);
		inet_assert((*tail)->state & NAPIF_STATE_SCHED);
	}
	inet_assert(sd->poll_tail == tail);
	if (sd->poll_head)
		inet_assert(sd->pending & 1u << NET_RX_SOFTIRQ);
}

/* What other stacks and threads, or netif_rx(), left for process_backlog(). */
static void verify_backlog(struct softnet_data *sd)
{
	u32 max_backlog = (u32)READ_ONCE(sd->net->sysctl_netdev_max_backlog);

	skb_queue_verify(&sd->input_pkt_queue);
	skb_queue_verify(&sd->process_queue);
	inet_assert(sd->input_pkt_queue.qlen <= max_backlog + 1);
	if (!skb_queue_empty(&sd->input_pkt_queue) ||
	    !skb_queue_empty(&sd->process_queue))
		inet_assert(sd->kicked ||
			    sd->backlog.state & NAPIF_STATE_SCHED);
}

void softnet_verify(struct softnet_data *sd)
{
	struct Qdisc **tail = &sd->output_queue;

	inet_assert(!sd->in_softirq && !sd->xmit_recursion);
	verify_poll_list(sd);
	verify_backlog(sd);
	for (; *tail; tail = &(*tail)->next_sched)
		inet_assert((*tail)->scheduled);
	inet_assert(sd->output_queue_tailp == tail);
	if (sd->output_queue || sd->completion_queue)
		inet_assert(sd->pending & 1u << NET_TX_SOFTIRQ);
	if (sd->remote_poll || sd->remote_output || sd->remote_completion)
		inet_assert(sd->kicked);
}

/* The frames that are free: in the softnet's cache and in the pool. */
static void verify_frames(const struct softnet_data *sd)
{
	const struct frame_pool *pool = &sd->net->pool;
	const struct skb_shared_info *si;
	u32 cached = 0, n = 0;

	for (si = sd->frames.free; si && cached <= pool->nr_frames;
	     si = si->next_free) {
		inet_assert(!si->heap);
		cached++;
	}
	inet_assert(cached == sd->frames.nr && cached <= pool->cache_max);
	for (si = pool->free; si && n <= pool->nr_frames; si = si->next_free)
		n++;
	inet_assert(n + pool->nr_fresh == pool->nr_free);
	inet_assert(pool->nr_free <= pool->nr_frames);
}

void softnet_verify_caches(struct softnet_data *sd)
{
	const struct sk_buff *skb;
	u32 n = 0;

	for (skb = sd->skb_cache; skb && n <= sd->nr_skb_cache; skb = skb->next)
		n++;
	inet_assert(n == sd->nr_skb_cache);
	n = 0;
	for (skb = sd->skb_whole; skb && n <= sd->nr_skb_whole; skb = skb->next) {
		inet_assert(!frame_shared(skb->shinfo) &&
			    frame_is_plain(skb->shinfo));
		n++;
	}
	inet_assert(n == sd->nr_skb_whole && n <= sd->net->pool.cache_max);
	verify_frames(sd);
	wheel_verify(&sd->wheel);
}

void dev_verify(struct net *net)
{
	const struct net_device *dev;
	u32 i;

	for (dev = net->dev_base; dev; dev = dev->next)
		for (i = 0; i < dev->num_tx_queues; i++)
			if (dev->tx[i].qdisc)
				qdisc_verify(dev->tx[i].qdisc);
}

/* ---- socks ------------------------------------------------------------ */

/* The largest datagram, in one piece. */
#define ONE_DATAGRAM SKB_TRUESIZE(65536 + 4096)

s64 net_largest_packet(const struct net *net)
{
	s64 size = net->pool.frame_size;
	const struct net_device *dev;

	for_each_netdev_rcu(net, dev)
		if (dev->features & (NETIF_F_GRO | NETIF_F_TSO))
			return SKB_TRUESIZE(size) + MAX_SKB_FRAGS * size;
	return SKB_TRUESIZE(size);
}

/* Datagrams that wait for their reader, and errors. */
static void verify_datagrams(struct sock *sk)
{
	u64 held = skb_queue_verify(&sk->sk_receive_queue);

	/* and what was lent is in no queue */
	if (sk->sk_omem_alloc)
		inet_assert(held <= (u64)sk_rmem_alloc_get(sk));
	held += skb_queue_verify(&sk->sk_error_queue);
	if (!sk->sk_omem_alloc)
		inet_assert(held == (u64)sk_rmem_alloc_get(sk));
	inet_assert(skb_queue_empty(&sk->sk_write_queue));
}

void sock_verify(struct sock *sk)
{
	if (sock_owned_by_user(sk))
		return;
	inet_assert(!sk->sk_backlog.head && !sk->sk_backlog.len);
	inet_assert(sk_rmem_alloc_get(sk) >= 0 && sk_wmem_alloc_get(sk) >= 0);
	inet_assert(sk->sk_wmem_queued >= 0 && sk->sk_omem_alloc >= 0);
	inet_assert(sk->sk_forward_alloc >= 0);
	/* exceeded by the packet that was let in last */
	inet_assert(sk_rmem_alloc_get(sk) <= sk->sk_rcvbuf +
		    max(net_largest_packet(sock_net(sk)), (s64)ONE_DATAGRAM));
	if (sk->sk_type != SOCK_STREAM)
		verify_datagrams(sk);
}
