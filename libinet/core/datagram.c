/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datagram sockets: the queue between the softnet and the reader.
 *
 * sk_queue_lock guards the receive and the error queue and, for these
 * sockets, sk_forward_alloc. A datagram is charged while it is queued; the
 * reader who takes it off gives the charge back under the same lock, so that
 * nothing is left to do when he frees it.
 */
#include <poll.h>
#include <string.h>

#include "core/iov.h"
#include "core/sock.h"
#include "core/socket.h"
#include "core/tstamp.h"
#include "lib/checksum.h"

/* The last word of skb->cb of a queued datagram. */
#define SOCK_SKB_DROPS(skb) \
	((u32 *)(void *)((skb)->cb + sizeof((skb)->cb) - sizeof(u32)))

/* ---- in --------------------------------------------------------------- */

/* Under sk_queue_lock. 0, -ENOMEM, -ENOBUFS. */
static int sock_charge_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	if (sk_rmem_alloc_get(sk) >= READ_ONCE(sk->sk_rcvbuf))
		return -ENOMEM;
	if (!sk_mem_schedule(sk, (s32)skb->truesize, true))
		return -ENOBUFS;
	skb_set_owner_r(skb, sk);
	return 0;
}

int sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	struct net *net = sock_net(sk);
	struct softnet_data *sd;
	int err;

	NET_ROAD(net, skb);
	skb_orphan(skb);
	if (unlikely(skb_leave_pool(skb))) {
		sk_drops_add(sk, 1);
		return -ENOBUFS;
	}
	spin_lock(&sk->sk_queue_lock);
	err = sock_charge_rcv_skb(sk, skb);
	if (likely(!err)) {
		skb->dev = NULL;
		skb_dst_drop(skb);
		skb->tstamp = unlikely(sock_wants_rx_tstamp(sk)) ?
				net->env.wall(net->env.opaque) : 0;
		*SOCK_SKB_DROPS(skb) = READ_ONCE(sk->sk_drops);
		__skb_queue_tail(&sk->sk_receive_queue, skb);
	}
	spin_unlock(&sk->sk_queue_lock);
	if (unlikely(err)) {
		sk_drops_add(sk, 1);
		return err;
	}
	sd = this_softnet(net);
	WRITE_ONCE(sk->sk_incoming_cpu, sd ? (s32)sd->id : -1);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
	return 0;
}

int sock_queue_err_skb(struct sock *sk, struct sk_buff *skb)
{
	if (sk_rmem_alloc_get(sk) + (s64)skb->truesize >=
	    READ_ONCE(sk->sk_rcvbuf))
		return -ENOMEM;
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_rmem_free;
	sk_count_add(sk, &sk->sk_rmem_alloc, (s32)skb->truesize);
	skb_dst_drop(skb);
	skb->dev = NULL;
	spin_lock(&sk->sk_queue_lock);
	__skb_queue_tail(&sk->sk_error_queue, skb);
	spin_unlock(&sk->sk_queue_lock);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_error_report(sk);
	return 0;
}

struct sk_buff *sock_dequeue_err_skb(struct sock *sk)
{
	struct sk_buff *skb;

	spin_lock(&sk->sk_queue_lock);
	skb = __skb_dequeue(&sk->sk_error_queue);
	spin_unlock(&sk->sk_queue_lock);
	if (skb)
		skb_orphan(skb);
	return skb;
}

void sk_error_queue_purge(struct sock *sk)
{
	struct sk_buff_head q;

	skb_queue_head_init(&q);
	spin_lock(&sk->sk_queue_lock);
	skb_queue_splice_tail_init(&sk->sk_error_queue, &q);
	spin_unlock(&sk->sk_queue_lock);
	skb_queue_purge_reason(&q, SKB_DROP_REASON_SOCKET_CLOSED);
}

/* ---- out -------------------------------------------------------------- */

/* Under sk_queue_lock: off the queue, no longer charged. */
static void sock_unqueue(struct sock *sk, struct sk_buff *skb)
{
	__skb_unlink(skb, &sk->sk_receive_queue);
	skb_orphan(skb);
	if (skb_queue_empty(&sk->sk_receive_queue))
		sk_mem_reclaim(sk);
}

/* The first datagram, if there is one. */
static struct sk_buff *datagram_try(struct sock *sk, int flags)
{
	struct sk_buff *skb;

	spin_lock(&sk->sk_queue_lock);
	skb = skb_peek(&sk->sk_receive_queue);
	if (skb) {
		if (flags & MSG_PEEK)
			skb_get(skb);
		else
			sock_unqueue(sk, skb);
	}
	spin_unlock(&sk->sk_queue_lock);
	return skb;
}

static bool connection_based(const struct sock *sk)
{
	return sk->sk_type == SOCK_STREAM || sk->sk_type == SOCK_SEQPACKET;
}

/* A datagram, an error or the end. */
static bool datagram_ready(struct sock *sk, void *arg)
{
	(void)arg;
	return !skb_queue_empty_lockless(&sk->sk_receive_queue) ||
	       READ_ONCE(sk->sk_err) ||
	       (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN);
}

/* Why there is nothing: 0 waits, 1 is the end. */
static int datagram_over(struct sock *sk)
{
	int err = sock_error(sk);

	if (err)
		return err;
	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		return 1;
	if (connection_based(sk) && sk->sk_state != TCP_ESTABLISHED &&
	    sk->sk_state != TCP_LISTEN)
		return -ENOTCONN;
	return 0;
}

struct sk_buff *skb_recv_datagram(struct sock *sk, int flags, int *err)
{
	s64 timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	struct sk_buff *skb;
	int over;

	*err = sock_error(sk);
	while (!*err) {
		skb = datagram_try(sk, flags);
		if (likely(skb))
			return skb;
		over = datagram_over(sk);
		if (over) {
			/* as Linux: only who would wait hears of the end */
			*err = over > 0 && !timeo ? -EAGAIN : min(over, 0);
			break;
		}
		/* Another reader may be faster: then we wait again. */
		*err = sk_wait_event_unlocked(sk, &timeo, datagram_ready, NULL);
	}
	return NULL;
}

bool skb_kill_datagram(struct sock *sk, struct sk_buff *skb,
		       enum skb_drop_reason reason)
{
	bool mine;

	spin_lock(&sk->sk_queue_lock);
	mine = skb_peek(&sk->sk_receive_queue) == skb;
	if (mine)
		sock_unqueue(sk, skb);
	spin_unlock(&sk->sk_queue_lock);
	if (mine) {
		kfree_skb_reason(skb, reason);
		sk_drops_add(sk, 1);
	}
	return mine;
}

u32 sock_first_datagram_len(struct sock *sk)
{
	const struct sk_buff *skb;
	u32 len = 0;

	spin_lock(&sk->sk_queue_lock);
	skb = skb_peek(&sk->sk_receive_queue);
	if (skb)
		len = skb->len;
	spin_unlock(&sk->sk_queue_lock);
	return len;
}

/* ---- to the user ------------------------------------------------------ */

/* What is done with a run of bytes of a packet. */
struct skb_copier {
	struct inet_iov_iter *iter;
	bool sum;
	__wsum csum;
	u32 done;
};

/* All of @len bytes to the user. False: his buffer is full. */
static bool skb_copier_run(struct skb_copier *c, const u8 *p, u32 len)
{
	size_t n;

	if (c->sum)
		n = csum_and_copy_to_iter(p, len, c->done, &c->csum, c->iter);
	else
		n = copy_to_iter(p, len, c->iter);
	c->done += (u32)n;
	return n == len;
}

/* Takes up to *@len bytes at *@off of one piece of @size bytes at @p. */
static bool skb_copier_piece(struct skb_copier *c, const u8 *p, u32 size,
			     u32 *off, u32 *len)
{
	u32 n;

	if (*off >= size) {
		*off -= size;
		return true;
	}
	n = min(size - *off, *len);
	if (!skb_copier_run(c, p + *off, n))
		return false;
	*off = 0;
	*len -= n;
	return true;
}

/* Linear part and fragments of one sk_buff. */
static bool skb_copier_one(struct skb_copier *c, const struct sk_buff *skb,
			   u32 *off, u32 *len)
{
	const struct skb_shared_info *si = skb->shinfo;
	u32 i;

	if (!skb_copier_piece(c, skb->data, skb_headlen(skb), off, len))
		return false;
	for (i = 0; i < si->nr_frags && *len; i++) {
		const struct skb_frag *f = &si->frags[i];

		if (!skb_copier_piece(c, f->frame->frame + f->off, f->len, off,
				      len))
			return false;
	}
	return true;
}

/* The whole packet; members of a frag_list have none of their own. */
static int skb_copier_walk(struct skb_copier *c, const struct sk_buff *skb,
			   u32 off, u32 len)
{
	const struct sk_buff *part;

	if (!skb_copier_one(c, skb, &off, &len))
		return -EFAULT;
	for (part = skb->shinfo->frag_list; part && len; part = part->next)
		if (!skb_copier_one(c, part, &off, &len))
			return -EFAULT;
	return len ? -EFAULT : 0;
}

int skb_copy_datagram_msg(const struct sk_buff *skb, u32 off,
			  struct inet_msg *msg, u32 len)
{
	struct skb_copier c = { .iter = &msg->iter };

	if (likely(off + len <= skb_headlen(skb)))
		return copy_to_iter(skb->data + off, len, &msg->iter) == len ?
			       0 : -EFAULT;
	return skb_copier_walk(&c, skb, off, len);
}

/* Does the checksum over all hold? */
static bool skb_csum_holds(const struct sk_buff *skb)
{
	__wsum sum = skb->csum;

	if (skb->ip_summed != CHECKSUM_COMPLETE)
		sum = skb_checksum(skb, 0, skb->len, sum);
	return !csum_fold(sum);
}

int skb_copy_and_csum_datagram_msg(struct sk_buff *skb, u32 hlen,
				   struct inet_msg *msg)
{
	struct inet_iov_iter before = msg->iter;
	struct skb_copier c = { .iter = &msg->iter, .sum = true };
	u32 len = skb->len - hlen;
	__wsum sum;
	int err;

	if (skb->ip_summed == CHECKSUM_UNNECESSARY || skb->csum_valid)
		return skb_copy_datagram_msg(skb, hlen, msg,
					     min_t(u32, len, msg->iter.count));
	if (msg->iter.count < len || skb->ip_summed == CHECKSUM_COMPLETE) {
		if (!skb_csum_holds(skb))
			return -EINVAL;
		return skb_copy_datagram_msg(skb, hlen, msg,
					     min_t(u32, len, msg->iter.count));
	}
	err = skb_copier_walk(&c, skb, hlen, len);
	if (err)
		return err;
	sum = skb_checksum(skb, 0, hlen, skb->csum);
	if (csum_fold(csum_block_add(sum, c.csum, hlen))) {
		msg->iter = before;
		return -EINVAL;
	}
	return 0;
}

/* ---- control messages ------------------------------------------------- */

void sock_recv_cmsgs(struct inet_msg *msg, struct sock *sk,
		     struct sk_buff *skb)
{
	u32 drops;

	if (unlikely(sock_wants_rx_tstamp(sk)))
		sock_recv_timestamp(msg, sk, skb->tstamp);
	if (skb->tstamp)
		WRITE_ONCE(sk->sk_stamp_ns, skb->tstamp);
	if (sock_flag(sk, SOCK_RXQ_OVFL)) {
		drops = *SOCK_SKB_DROPS(skb);
		if (drops)
			put_cmsg(msg, SOL_SOCKET, SO_RXQ_OVFL, sizeof(drops),
				 &drops);
	}
}

/* ---- sending ---------------------------------------------------------- */

/* Room, or a reason not to wait for it. */
static bool send_room(struct sock *sk, void *arg)
{
	(void)arg;
	return sk_wmem_alloc_get(sk) < READ_ONCE(sk->sk_sndbuf) ||
	       READ_ONCE(sk->sk_err) ||
	       (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN);
}

struct sk_buff *sock_alloc_send_skb(struct sock *sk, u32 size, bool noblock,
				    int *err)
{
	s64 timeo = sock_sndtimeo(sk, noblock);
	struct sk_buff *skb;

	for (;;) {
		*err = sock_error(sk);
		if (*err)
			return NULL;
		if (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN) {
			*err = -EPIPE;
			return NULL;
		}
		if (likely(sk_wmem_alloc_get(sk) < READ_ONCE(sk->sk_sndbuf)))
			break;
		WRITE_ONCE(sk->sk_nospace, true);
		*err = sk_wait_event_unlocked(sk, &timeo, send_room, NULL);
		if (*err)
			return NULL;
	}
	skb = alloc_skb(sock_net(sk), size);
	if (!skb) {
		*err = -ENOBUFS;
		return NULL;
	}
	skb_set_owner_w(skb, sk);
	return skb;
}

/* ---- poll ------------------------------------------------------------- */

unsigned int datagram_poll(struct socket *sock)
{
	const struct sock *sk = sock->sk;
	u8 shutdown = READ_ONCE(sk->sk_shutdown);
	unsigned int mask = 0;

	if (READ_ONCE(sk->sk_err) ||
	    !skb_queue_empty_lockless(&sk->sk_error_queue))
		mask |= POLLERR;
	if (shutdown & RCV_SHUTDOWN)
		mask |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (shutdown == SHUTDOWN_MASK)
		mask |= POLLHUP;
	if (!skb_queue_empty_lockless(&sk->sk_receive_queue))
		mask |= POLLIN | POLLRDNORM;
	if (connection_based(sk)) {
		if (READ_ONCE(sk->sk_state) == TCP_CLOSE)
			mask |= POLLHUP;
		if (READ_ONCE(sk->sk_state) == TCP_SYN_SENT)
			return mask;
	}
	if (sock_writeable(sk))
		mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return mask;
}
