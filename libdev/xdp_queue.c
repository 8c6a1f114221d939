/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A queue of an AF_XDP device: frames to and from its socket.
 *
 * Receiving. The kernel fills frames of the pool that we lent it. For each that
 * comes back full another one is lent before it goes up; when there is none the
 * packet is lost and its frame lent again, so that the kernel always has as
 * many as at first.
 *
 * Sending. Descriptors point into the packet's own frames, on each of which the
 * ring holds a reference until the kernel says it is done. What does not lie in
 * the pool, or in more pieces than the kernel takes, is copied into it. When the
 * rings are full the queue stops; poll() and, while nothing is received, the
 * timer look for what was sent.
 *
 * The call that has the kernel send costs as much as a frame. What is sent in a
 * softirq, acknowledgements and the answers of sockets' callbacks, waits for
 * the next poll(), which comes before the softnet waits, and goes by one call.
 */
#include <errno.h>
#include <sys/socket.h>

#include <inet/env.h>

#include "lib/compiler.h"
#include "xdp.h"
#include "xdp_left.h"

/* ---- sending ---------------------------------------------------------- */

/* Has the timer look, if it does not already. Any context. */
static void arm_timer(struct xdp *xdp)
{
	if (READ_ONCE(xdp->timer_armed) ||
	    __atomic_exchange_n(&xdp->timer_armed, 1, __ATOMIC_ACQ_REL))
		return;
	netdev_timer_arm(xdp->timer, netdev_now_ns(xdp->dev) + XDP_TIMER_NS);
}

/* Takes back what was sent. Context: tx_lock. */
static void tx_reap(struct xdp_queue *q)
{
	enum xdp_taken taken;
	u32 frame;

	while ((taken = xdp_tx_take(&q->rings, &frame)) != XDP_TAKEN_NONE)
		if (likely(taken == XDP_TAKEN_GOOD))
			netdev_frame_put(netdev_frame(&q->xdp->frames, frame));
	netdev_tx_completed_queue(q->xdp->dev, q->index, q->rings.tx_bytes);
	q->rings.tx_bytes = 0;
}

/*
 * Has the kernel send what is in the ring. A copying socket sends some 32
 * frames a call, and fewer when its buffer is full: as long as it gets on it is
 * called again. Context: tx_lock.
 */
static void tx_kick(struct xdp_queue *q)
{
	struct xsk_ring_prod *ring = &q->rings.tx;

	if (q->xdp->need_wakeup && !xsk_ring_prod__needs_wakeup(ring))
		return;
	for (u32 i = 0; i < ring->size; i++) {
		u32 before = READ_ONCE(*ring->consumer);

		if (sendto(q->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
			return;
		if (errno == EBUSY)	/* one was lost on the way */
			xdp_count(&q->tx_dropped, 1);
		else if (errno != EAGAIN && errno != ENOBUFS)
			return;
		if (before == READ_ONCE(*ring->consumer) ||
		    !xdp_tx_pending(&q->rings))
			return;
	}
}

/* Sends what waits and takes back what was sent. Return: whether the queue had
 * stopped and has room again. Context: tx_lock. */
static bool tx_turn(struct xdp_queue *q)
{
	tx_reap(q);
	if (unlikely(xdp_tx_pending(&q->rings))) {
		tx_kick(q);
		tx_reap(q);
	}
	if (likely(!q->tx_stopped) ||
	    xdp_tx_room(&q->rings) < q->rings.tx.size / 2)
		return false;
	q->tx_stopped = false;
	return true;
}

bool xdp_tx_service(struct xdp_queue *q)
{
	bool wake, left;

	spin_lock(&q->tx_lock);
	wake = tx_turn(q);
	left = q->rings.nr_in_tx;
	spin_unlock(&q->tx_lock);
	if (wake)
		netif_tx_wake_queue(q->xdp->dev, q->index);
	return left;
}

/* The parts of one packet. */
struct pieces {
	struct xdp_buf buf[XDP_MAX_DESCS];
	u32 nr;
	u32 most;	/* that the kernel takes */
	const struct netdev_frames *frames;
};

/* One more part; false when the kernel cannot have it there. */
static bool add_piece(struct pieces *p, const struct skb_shared_info *frame,
		      u32 off, u32 len)
{
	if (frame->heap || p->nr == p->most)
		return false;
	p->buf[p->nr++] = (struct xdp_buf){
		.frame = netdev_frame_nr(p->frames, frame), .off = off, .len = len,
	};
	return true;
}

/* The parts of @skb where they lie, with a reference on each. Return: false when
 * it has to be copied. */
static bool pieces_of(const struct xdp *xdp, const struct sk_buff *skb,
		      struct pieces *p)
{
	const struct skb_shared_info *si = skb->shinfo;

	if (skb_headlen(skb) &&
	    !add_piece(p, si, (u32)(skb->data - si->frame), skb_headlen(skb)))
		return false;
	for (u32 i = 0; i < si->nr_frags; i++)
		if (!add_piece(p, si->frags[i].frame, si->frags[i].off,
			       si->frags[i].len))
			return false;
	if (unlikely(si->frag_list))
		return false;
	for (u32 i = 0; i < p->nr; i++)
		netdev_frame_get(netdev_frame(&xdp->frames, p->buf[i].frame));
	return true;
}

/* A copy of @skb in frames of the pool. Return: false when there are too few. */
static bool pieces_copied(const struct xdp *xdp, const struct sk_buff *skb,
			  struct pieces *p)
{
	struct skb_shared_info *frame = NULL;
	u32 off = 0, len;

	p->nr = 0;
	for (; off < skb->len; off += len) {
		len = min(skb->len - off, xdp->frames.frame_size);
		frame = p->nr < p->most ? netdev_alloc_frame(xdp->dev) : NULL;
		if (!frame)
			break;
		add_piece(p, frame, 0, len);
		skb_copy_bits(skb, off, frame->frame, len);
	}
	if (likely(frame))
		return true;
	while (p->nr)
		netdev_frame_put(netdev_frame(&xdp->frames,
					      p->buf[--p->nr].frame));
	return false;
}

/* Descriptors for @skb. Return: false when it cannot be sent. */
static bool put_packet(struct xdp_queue *q, const struct sk_buff *skb)
{
	const struct xdp *xdp = q->xdp;
	struct pieces p = {
		.nr = 0, .most = xdp->sg ? XDP_MAX_DESCS : 1,
		.frames = &xdp->frames,
	};

	if (!likely(pieces_of(xdp, skb, &p)) && !pieces_copied(xdp, skb, &p))
		return false;
	for (u32 i = 0; i < p.nr; i++) {
		p.buf[i].more = i + 1 < p.nr;
		xdp_tx_put(&q->rings, &p.buf[i]);
	}
	xdp_tx_publish(&q->rings);
	return true;
}

/* Room for any packet; looks what was sent if there is none, and stops the
 * queue when that does not help. Context: tx_lock. */
static bool tx_has_room(struct xdp_queue *q)
{
	if (likely(xdp_tx_room(&q->rings) >= XDP_MAX_DESCS))
		return true;
	tx_turn(q);
	if (xdp_tx_room(&q->rings) >= XDP_MAX_DESCS)
		return true;
	q->tx_stopped = true;
	netif_tx_stop_queue(q->xdp->dev, q->index);
	return false;
}

/* ndo_start_xmit: descriptors for one frame, a call for several. */
enum netdev_tx xdp_start_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct xdp *xdp = xdp_priv(dev);
	struct xdp_queue *q = &xdp->queues[skb->queue_mapping];
	bool room, put, ring, left = false;

	spin_lock(&q->tx_lock);
	room = tx_has_room(q);
	put = likely(room) && put_packet(q, skb);
	ring = put ? netdev_tx_sent_queue(dev, q->index, skb->len) :
		     !room || !netdev_xmit_more(dev, q->index);
	if (room && napi_in_softirq(&q->napi)) {
		napi_schedule(&q->napi);
	} else {
		if (ring) {
			tx_kick(q);
			tx_reap(q);
		}
		left = q->rings.nr_in_tx;
	}
	spin_unlock(&q->tx_lock);
	if (left)
		arm_timer(xdp);
	if (unlikely(!room))
		return NETDEV_TX_BUSY;
	if (likely(put)) {
		consume_skb(skb);
		return NETDEV_TX_OK;
	}
	xdp_count(&q->tx_errors, 1);
	kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
	return NETDEV_TX_OK;
}

/* ---- receiving -------------------------------------------------------- */

u32 xdp_refill(struct xdp_queue *q)
{
	const struct netdev_frames *frames = &q->xdp->frames;
	struct skb_shared_info *frame;

	while (q->rings.nr_in_fill < q->rings.fill.size) {
		frame = netdev_alloc_frame(q->xdp->dev);
		if (!frame)
			break;
		if (!xdp_fill_put(&q->rings, netdev_frame_nr(frames, frame))) {
			netdev_frame_put(frame);
			break;
		}
	}
	xdp_rx_publish(&q->rings);
	return q->rings.nr_in_fill;
}

/* Lends the frame of @buf again. */
static void recycle(struct xdp_queue *q, const struct xdp_buf *buf)
{
	if (unlikely(!xdp_fill_put(&q->rings, buf->frame)))
		netdev_frame_put(netdev_frame(&q->xdp->frames, buf->frame));
}

void xdp_rx_drain(struct xdp_queue *q)
{
	enum xdp_taken taken;
	struct xdp_buf buf;

	for (u32 i = 0; i < q->rings.rx.size; i++) {
		taken = xdp_rx_take(&q->rings, &buf);
		if (taken == XDP_TAKEN_NONE)
			break;
		if (taken == XDP_TAKEN_GOOD)
			recycle(q, &buf);
	}
	consume_skb(q->skb);
	q->skb = NULL;
	q->skip = false;
	xdp_rx_publish(&q->rings);
}

/* The packet that was begun is lost, and with it what belongs to it in the
 * buffers to come. */
static void lose(struct xdp_queue *q, bool more)
{
	if (!q->skip)
		xdp_count(&q->rx_dropped, 1);
	kfree_skb_reason(q->skb, SKB_DROP_REASON_NOMEM);
	q->skb = NULL;
	q->skip = more;
}

/* Makes @buf a packet or adds it to the one that was begun; its frame is
 * replaced. Return: false when memory is short. */
static bool take_buf(struct xdp_queue *q, const struct xdp_buf *buf)
{
	struct xdp *xdp = q->xdp;
	struct skb_shared_info *frame = netdev_frame(&xdp->frames, buf->frame);
	struct skb_shared_info *fresh = netdev_alloc_frame(xdp->dev);

	if (unlikely(!fresh)) {
		recycle(q, buf);
		return false;
	}
	if (unlikely(!xdp_fill_put(&q->rings, netdev_frame_nr(&xdp->frames, fresh))))
		netdev_frame_put(fresh);
	if (likely(!q->skb)) {
		q->skb = napi_build_skb(xdp->dev, frame, buf->off, buf->len);
		return q->skb;
	}
	if (likely(!skb_add_frag(q->skb, frame, buf->off, buf->len)))
		return true;
	netdev_frame_put(frame);
	return false;
}

/* What the other end of a veth left to be done, for the stack. */
static void apply_left(struct sk_buff *skb, const struct xdp_left *left)
{
	if (!left->partial)
		return;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = (u16)(skb_headroom(skb) + left->csum_start);
	skb->csum_offset = left->csum_offset;
	if (!left->gso_size)
		return;
	skb->shinfo->gso_size = left->gso_size;
	skb->shinfo->gso_segs = left->gso_segs;
	skb->shinfo->gso_type = SKB_GSO_TCPV4;
}

/* Up into the stack. */
static void deliver(struct xdp_queue *q)
{
	struct net_device *dev = q->xdp->dev;
	struct xdp_left left = { .partial = false };
	struct sk_buff *skb = q->skb;

	q->skb = NULL;
	if (q->xdp->on_veth)
		xdp_left_parse(skb->data, skb_headlen(skb), skb->len,
			       READ_ONCE(dev->mtu), &left);
	if (unlikely(!left.gso_size &&
		     driver_frame_is_giant(dev, skb->data, skb->len))) {
		xdp_count(&q->rx_over, 1);
		kfree_skb_reason(skb, SKB_DROP_REASON_RX_OVER);
		return;
	}
	xdp_count(&q->rx_packets, 1);
	xdp_count(&q->rx_bytes, skb->len);
	if (READ_ONCE(dev->features) & NETIF_F_RXCSUM)
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	apply_left(skb, &left);
	skb->queue_mapping = (u16)q->index;
	skb->protocol = eth_type_trans(skb, dev);
	napi_gro_receive(&q->napi, skb);
}

/* One buffer. Return: the packets that it ended; of a packet that is lost each
 * buffer counts as one, so that a kernel that never ends it does not keep us. */
static int receive(struct xdp_queue *q, const struct xdp_buf *buf)
{
	/* Whoever looks at a link header finds it in the first buffer. */
	bool runt = !q->skb && buf->more && buf->len < ETHER_HEADER;

	if (unlikely(q->skip || runt)) {
		recycle(q, buf);
		lose(q, buf->more);
	} else if (unlikely(!take_buf(q, buf))) {
		lose(q, buf->more);
	} else if (likely(!buf->more)) {
		deliver(q);
	}
	return !buf->more || q->skip;
}

/* The first frame has told the socket which NAPI to poll, or that there is none:
 * then a call to poll it is for nothing. */
static void see_napi(struct xdp_queue *q)
{
	struct xdp *xdp = q->xdp;
	int id = 0;
	socklen_t len = sizeof(id);

	q->napi_seen = true;
	if (!getsockopt(q->fd, SOL_SOCKET, SO_INCOMING_NAPI_ID, &id, &len) &&
	    id)
		return;
	WRITE_ONCE(xdp->busy_poll, false);
	netdev_printk(INET_LOG_WARNING, xdp->dev,
		      "busy polling is off: the driver has nothing to poll");
}

/* NAPI poll. Context: softnet. */
int xdp_poll(struct napi_struct *napi, int budget)
{
	struct xdp_queue *q = container_of(napi, struct xdp_queue, napi);
	struct xdp_rings *r = &q->rings;
	enum xdp_taken taken;
	struct xdp_buf buf;
	int work = 0;

	if (READ_ONCE(q->xdp->busy_poll))
		recvfrom(q->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
	if (READ_ONCE(r->nr_in_tx) && xdp_tx_service(q))
		arm_timer(q->xdp);
	while (work < budget) {
		taken = xdp_rx_take(r, &buf);
		if (taken == XDP_TAKEN_NONE)
			break;
		if (likely(taken == XDP_TAKEN_GOOD))
			work += receive(q, &buf);
		else
			work++;
	}
	xdp_rx_publish(r);
	if (unlikely(work && !q->napi_seen && READ_ONCE(q->xdp->busy_poll)))
		see_napi(q);
	if (q->xdp->need_wakeup && xsk_ring_prod__needs_wakeup(&r->fill))
		recvfrom(q->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
	if (work < budget)
		napi_complete_done(napi, work);
	return work;
}
