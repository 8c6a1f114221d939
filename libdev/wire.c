/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * wire: a cable in memory between two stacks of one process.
 *
 * Theory of operation. A wire has two ends, each a net_device of its stack,
 * and two directions (wire_queue.h). Sending is what a network card's DMA
 * does: the frame is copied into the receiver's memory and the sender's
 * sk_buff is done with at once.
 *
 *	both ends in one thread		the sender allocates from the
 *		receiver's pool, copies once, puts the sk_buff on the ring and
 *		calls napi_schedule()
 *	in different threads		the sender copies into a wire_buf; the
 *		receiver copies into its pool. When the receiver sleeps the
 *		sender writes to its eventfd, which is its interrupt
 *	faults				wire_bufs in a heap by the time they are
 *		due; the receiver's timer takes them out
 *
 * Offloads ("tx", "tso", "tx-udp-segmentation"; off at first). Between two ends
 * in one thread a packet may cross without its checksum, and whole when it stands
 * for many: the receiver gets it as GRO would hand it up. On the other roads it is
 * completed and cut before (ndo_features_check): what they carry are frames.
 *
 * Who runs an embedded stack is seen by its end: poll() notes its thread. The
 * first frames before that take the road between threads, which is right for
 * both. A simulated stack has the thread of whoever calls (and no descriptors);
 * the threads of a threaded one are never the sender's.
 *
 * A link with a rate and no queue of its own is one that the sender's device
 * waits for: what waits is said by byte queue limits, and the device's timer
 * says what has left meanwhile, as an interrupt would.
 *
 * A full ring stops the sender's queue. The receiver, once the ring is half
 * empty, marks the sender's end and rings it: its own poll() wakes the queue,
 * so that nobody touches a queue of a stack that he does not run.
 *
 * struct inet_wire belongs to the process, not to a stack: it goes when both
 * devices and the handle are gone. wire->lock guards what both ends look at;
 * nothing is called under it. The order is rtnl, wire->lock, wire_queue.lock.
 */
#include <inet/inet.h>
#include <inet/netdev.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "driver.h"
#include "lib/points.h"
#include "wire_queue.h"

#define RING_DEFAULT 128u	/* what a processor keeps in its cache */
#define RING_MIN 8u
#define RING_MAX 4096u
#define DUE_BATCH 16u		/* frames taken from the heap at once */
#define FRAG_ROOM 192u		/* before what is copied to a fragment */
#define TCP_HLEN_MAX 60u
#define UDP_HLEN 8u

struct wire_end {
	struct inet_wire *wire;
	struct wire_end *peer;
	struct net_device *dev;		/* NULL: gone; under wire->lock */
	struct wire_queue rx;		/* frames on their way to this end */
	struct napi_struct napi;
	struct netdev_timer *timer;	/* while the device is up, as: */
	struct netdev_timer *tx_timer;	/* frames leave for the link */
	u32 tx_armed;		/* atomic: tx_timer runs, or poll() will look */
	u64 tx_given, tx_left;	/* bytes: to the link, and what has left */
	uintptr_t owner;	/* the thread that polls; 0: not known */
	int irq_fd;		/* eventfd, -1 for a simulated stack */
	bool simulated;
	bool threaded;		/* then nobody else is ever the owner */
	bool up;		/* between ndo_open and ndo_stop */
	bool reachable;		/* up and plugged in: frames may come */
	u32 wake;		/* atomic: our own queue may go on */

	/* Each has one writer: the sender, or poll(). */
	u64 sent, waited;			/* towards this end */
	u64 lost_nomem_tx, lost_nomem_rx;
	u64 lost_down;				/* both: atomic */
	u64 rx_packets, rx_bytes, rx_over;
};

struct inet_wire {
	struct inet_lock lock;
	bool plugged;			/* under lock */
	u32 refs;			/* under lock: devices and the handle */
	struct wire_end end[2];		/* 'a', 'b' */
};

static inline struct wire_end *wire_end(const struct net_device *dev)
{
	return *(struct wire_end **)dev->priv;
}

static inline uintptr_t this_thread(void)
{
	return (uintptr_t)pthread_self();
}

/* True when the caller runs the stack of @end: it may touch it. */
static inline bool end_is_mine(const struct wire_end *end)
{
	return end->simulated || READ_ONCE(end->owner) == this_thread();
}

/* Makes poll() of @end run, in whatever thread that is. */
static void ring_end(struct wire_end *end)
{
	u64 one = 1;

	if (end_is_mine(end)) {
		if (READ_ONCE(end->up))
			napi_schedule(&end->napi);
		return;
	}
	/* It fails only when 2^64 - 2 rings were not heard. */
	if (write(end->irq_fd, &one, sizeof(one)) < 0)
		return;
}

/* ---- sending ---------------------------------------------------------- */

/* There is a frame in the ring: has the receiver look, unless it does. */
static void ring_doorbell(struct wire_end *to, bool mine)
{
	struct wire_queue *q = &to->rx;

	if (mine) {
		if (READ_ONCE(q->armed)) {
			WRITE_ONCE(q->armed, 0);
			napi_schedule(&to->napi);
		}
		return;
	}
	/* Pairs with the exchange in wire_rearm(): whoever comes second sees
	 * what the other did before. */
	if (__atomic_exchange_n(&q->armed, 0, __ATOMIC_ACQ_REL))
		ring_end(to);
}

/* No room: stops the queue of @dev. Return: false when there is room after
 * all, and the queue goes on. */
static bool stop_sender(struct net_device *dev, struct wire_end *to)
{
	struct wire_queue *q = &to->rx;

	netif_tx_stop_queue(dev, 0);
	/* Pairs with wire_queue_may_wake() in the consumer. */
	__atomic_exchange_n(&q->stopped, 1, __ATOMIC_ACQ_REL);
	if (!wire_queue_may_wake(q, true)) {
		count(&to->waited, 1);
		return true;
	}
	netif_tx_wake_queue(dev, 0);
	return false;
}

/* Appends a copy of @len bytes to @n, in frames of the stack of @dev. 0 or
 * -ENOMEM, -EMSGSIZE. */
static int copy_to_frags(struct sk_buff *n, struct net_device *dev,
			 const u8 *from, u32 len)
{
	struct skb_shared_info *frame;
	u32 part, room;
	int err;

	while (len) {
		frame = netdev_alloc_frame(dev);
		if (!frame)
			return -ENOMEM;
		/* room for headers: the packet may be cut again */
		room = frame->size >= FRAG_ROOM + len ? FRAG_ROOM : 0;
		part = min(len, frame->size - room);
		memcpy(frame->frame + room, from, part);
		err = skb_add_frag(n, frame, room, part);
		if (err) {
			netdev_frame_put(frame);
			return err;
		}
		from += part;
		len -= part;
	}
	return 0;
}

/* A copy of a packet that stands for many: its headers linear, its text in
 * fragments as they are in @skb. NULL: memory is short. */
static __noinline struct sk_buff *copy_large(struct net_device *dev,
					     const struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb->shinfo;
	u32 hlen = si->gso_type & SKB_GSO_UDP_L4 ? UDP_HLEN : TCP_HLEN_MAX;
	u32 headlen = skb_headlen(skb), i;
	u32 head = min(headlen, (u32)skb_transport_offset(skb) + hlen);
	struct sk_buff *n = napi_alloc_skb(dev, head);
	int err;

	if (unlikely(!n))
		return NULL;
	memcpy(skb_put(n, head), skb->data, head);
	err = copy_to_frags(n, dev, skb->data + head, headlen - head);
	for (i = 0; i < si->nr_frags && !err; i++)
		err = copy_to_frags(n, dev, si->frags[i].frame->frame +
					    si->frags[i].off, si->frags[i].len);
	if (err) {
		consume_skb(n);
		return NULL;
	}
	n->shinfo->gso_size = si->gso_size;
	n->shinfo->gso_segs = si->gso_segs;
	n->shinfo->gso_type = si->gso_type;
	return n;
}

/* The same for what a device that sums and cuts is given. */
static __noinline struct sk_buff *copy_offloaded(struct wire_end *to,
						 const struct sk_buff *skb)
{
	bool large = skb->shinfo->gso_size;
	struct sk_buff *n;

	if (large) {
		n = copy_large(to->dev, skb);
	} else {
		n = napi_alloc_skb(to->dev, skb->len);
		if (n)
			skb_copy_bits(skb, 0, skb_put(n, skb->len), skb->len);
	}
	if (!n)
		return NULL;
	WRITE_ONCE(to->rx.large_in, to->rx.large_in + large);
	n->ip_summed = CHECKSUM_PARTIAL;
	n->csum_start = (u16)(skb_headroom(n) + skb->csum_start -
			      skb_headroom(skb));
	n->csum_offset = skb->csum_offset;
	return n;
}

/* A copy of @skb that belongs to the stack of @to. */
static struct sk_buff *copy_to_end(struct wire_end *to,
				   const struct sk_buff *skb)
{
	struct sk_buff *n;

	if (unlikely(skb->ip_summed == CHECKSUM_PARTIAL))
		return copy_offloaded(to, skb);
	n = napi_alloc_skb(to->dev, skb->len);
	if (unlikely(!n))
		return NULL;
	skb_copy_bits(skb, 0, skb_put(n, skb->len), skb->len);
	return n;
}

/* Does the road to @to carry what is no frame yet? */
static bool takes_offloads(const struct wire_end *to)
{
	return end_is_mine(to) && !data_race(to->rx.slow);
}

/* ndo_features_check. */
static u64 wire_features_check(const struct sk_buff *skb __maybe_unused,
			       struct net_device *dev, u64 features)
{
	return takes_offloads(wire_end(dev)->peer) ? features :
		features & ~(NETIF_F_HW_CSUM | NETIF_F_TSO |
			     NETIF_F_GSO_UDP_L4);
}

/* A copy of @skb in memory of the wire, as an entry of the ring. */
static void *copy_to_buf(struct wire_end *to, const struct sk_buff *skb)
{
	struct wire_buf *buf = wire_buf_get(&to->rx, skb->len);

	if (unlikely(!buf))
		return NULL;
	skb_copy_bits(skb, 0, buf->data, skb->len);
	buf->len = skb->len;
	return wire_entry(buf);
}

/* @skb has been copied, or lost: the sender's stack may have it back. */
static void wire_done(struct net_device *dev __maybe_unused,
		      struct sk_buff *skb)
{
	INET_CABLE_SENT(dev, skb);
	if (INET_BUGGIFY(COMPLETION_LATE))
		dev_consume_skb_any(skb);
	else
		consume_skb(skb);
}

/* The link sends at its rate: half of what it holds is a moment to look. */
static void arm_tx_timer(struct wire_end *end, u64 drain_ns)
{
	netdev_timer_arm(end->tx_timer,
			 netdev_now_ns(end->dev) + drain_ns / 2);
}

/* @len bytes wait in @end, the sender, for a link with a rate. */
static void link_given(struct wire_end *end, u32 len)
{
	netdev_tx_sent_queue(end->dev, 0, len);
	/* from here on poll() may report it */
	smp_store_release(&end->tx_given, end->tx_given + len);
	if (!READ_ONCE(end->tx_armed) &&
	    !__atomic_exchange_n(&end->tx_armed, 1, __ATOMIC_SEQ_CST))
		arm_tx_timer(end, 0);
}

/* Reports what has left for the link. Context: poll(). */
static __noinline void link_sent(struct wire_end *end)
{
	u64 held = smp_load_acquire(&end->tx_given) - end->tx_left;
	u64 drain_ns, waits;

	waits = min(wire_queue_backlog(&end->peer->rx, netdev_now_ns(end->dev),
				       &drain_ns), held);
	end->tx_left += held - waits;
	netdev_tx_completed_queue(end->dev, 0, (u32)(held - waits));
	if (!waits) {
		__atomic_store_n(&end->tx_armed, 0, __ATOMIC_SEQ_CST);
		if (READ_ONCE(end->tx_given) == end->tx_left ||
		    __atomic_exchange_n(&end->tx_armed, 1, __ATOMIC_SEQ_CST))
			return;
	}
	arm_tx_timer(end, drain_ns);
}

/* The road with faults: the heap. */
static enum netdev_tx xmit_delayed(struct sk_buff *skb, struct net_device *dev,
				   struct wire_end *to)
{
	const struct wire_source frame = { .skb = skb, .len = skb->len };
	bool mine = end_is_mine(to);
	u64 now_ns = netdev_now_ns(mine ? to->dev : dev);
	enum wire_delay ret;

	ret = wire_queue_delay(&to->rx, now_ns, &frame);
	if (ret == WIRE_DELAY_FULL) {
		stop_sender(dev, to);
		return NETDEV_TX_BUSY;
	}
	count(&to->sent, 1);
	if (READ_ONCE(to->rx.holds))
		link_given(wire_end(dev), skb->len);
	wire_done(dev, skb);
	if (ret == WIRE_DELAY_RING)
		ring_end(to);
	return NETDEV_TX_OK;
}

/* ndo_start_xmit: the copy, which a DMA engine would make. */
static enum netdev_tx wire_start_xmit(struct sk_buff *skb,
				      struct net_device *dev)
{
	struct wire_end *to = wire_end(dev)->peer;
	struct wire_queue *q = &to->rx;
	bool mine, stopped = false;
	void *entry;

	if (unlikely(!data_race(to->reachable))) {
		__atomic_fetch_add(&to->lost_down, 1, __ATOMIC_RELAXED);
		wire_done(dev, skb);
		return NETDEV_TX_OK;
	}
	/* no frame yet, and the road has changed since it was looked at */
	if (unlikely(skb->ip_summed == CHECKSUM_PARTIAL && !takes_offloads(to)))
		return NETDEV_TX_BUSY;
	if (unlikely(data_race(q->slow)))
		return xmit_delayed(skb, dev, to);
	if (unlikely(wire_queue_full(q)) && stop_sender(dev, to))
		return NETDEV_TX_BUSY;
	mine = end_is_mine(to);
	entry = mine ? (void *)copy_to_end(to, skb) : copy_to_buf(to, skb);
	if (likely(entry)) {
		spsc_ring_produce(&q->ring, entry);
		count(&to->sent, 1);
		if (unlikely(wire_queue_full(q)))
			stopped = stop_sender(dev, to);
	} else {
		count(&to->lost_nomem_tx, 1);
	}
	wire_done(dev, skb);
	if (stopped || !netdev_xmit_more(dev, 0))
		ring_doorbell(to, mine);
	return NETDEV_TX_OK;
}

/* ---- receiving -------------------------------------------------------- */

/* Up into the stack. Context: poll(). */
static void wire_receive(struct wire_end *end, struct sk_buff *skb)
{
	struct net_device *dev = end->dev;

	if (unlikely(driver_frame_is_giant(dev, skb->data, skb->len) &&
		     (!skb->shinfo->gso_size ||
		      skb->shinfo->gso_size > READ_ONCE(dev->mtu)))) {
		count(&end->rx_over, 1);
		kfree_skb_reason(skb, SKB_DROP_REASON_RX_OVER);
		return;
	}
	if (INET_CABLE_LOST(dev, skb)) {
		consume_skb(skb);
		return;
	}
	count(&end->rx_packets, 1);
	count(&end->rx_bytes, skb->len);
	skb->protocol = eth_type_trans(skb, dev);
	napi_gro_receive(&end->napi, skb);
}

/* The same for what the sender has made ours already. */
static void wire_receive_skb(struct wire_end *end, struct sk_buff *skb)
{
	if (unlikely(skb->shinfo->gso_size))
		WRITE_ONCE(end->rx.large_out, end->rx.large_out + 1);
	wire_receive(end, skb);
}

/* The same for a frame that still is in the wire's memory. */
static void wire_receive_buf(struct wire_end *end, struct wire_buf *buf)
{
	struct sk_buff *skb = napi_alloc_skb(end->dev, buf->len);

	if (likely(skb))
		memcpy(skb_put(skb, buf->len), buf->data, buf->len);
	else
		count(&end->lost_nomem_rx, 1);
	wire_buf_put(&end->rx, buf);
	if (likely(skb))
		wire_receive(end, skb);
}

/* Delivers what is due in the heap and sets the timer for the rest. */
static __noinline int wire_poll_heap(struct wire_end *end, int budget)
{
	u64 now_ns = netdev_now_ns(end->dev), next_ns;
	struct wire_buf *bufs[DUE_BATCH];
	int work = 0;
	u32 nr;

	do {
		nr = wire_queue_due(&end->rx, now_ns, bufs,
				    min_t(u32, DUE_BATCH, budget - work));
		for (u32 i = 0; i < nr; i++)
			wire_receive_buf(end, bufs[i]);
		work += (int)nr;
	} while (nr == DUE_BATCH && work < budget);
	next_ns = wire_queue_next(&end->rx);
	if (next_ns != U64_MAX)
		netdev_timer_arm(end->timer, next_ns);
	return work;
}

/* Brings the device's carrier in line with the cable. */
static void sync_carrier(struct wire_end *end)
{
	struct inet_wire *wire = end->wire;
	bool on;

	spin_lock(&wire->lock);
	on = wire->plugged && end->peer->dev;
	spin_unlock(&wire->lock);
	if (on == READ_ONCE(end->dev->carrier))
		return;
	if (on)
		netif_carrier_on(end->dev);
	else
		netif_carrier_off(end->dev);
}

/* Has the other end go on if it stopped and there is room again. */
static void wake_sender(struct wire_end *end)
{
	if (!wire_queue_may_wake(&end->rx, end_is_mine(end->peer)))
		return;
	__atomic_store_n(&end->peer->wake, 1, __ATOMIC_SEQ_CST);
	ring_end(end->peer);
}

/* Nothing is left: the next frame has to ring. */
static void wire_rearm(struct wire_end *end)
{
	struct wire_queue *q = &end->rx;

	if (READ_ONCE(q->armed))
		return;		/* nobody has rung since */
	if (end->simulated)	/* whoever rings is in this thread */
		WRITE_ONCE(q->armed, 1);
	else			/* pairs with the exchange in ring_doorbell() */
		__atomic_exchange_n(&q->armed, 1, __ATOMIC_ACQ_REL);
	if (smp_load_acquire(&q->ring.producer.head) !=
		    READ_ONCE(q->ring.consumer.tail) &&
	    __atomic_exchange_n(&q->armed, 0, __ATOMIC_ACQ_REL))
		napi_schedule(&end->napi);
}

/* NAPI poll: ring, heap, and what the other end asked for. */
static int wire_poll(struct napi_struct *napi, int budget)
{
	struct wire_end *end = container_of(napi, struct wire_end, napi);
	struct wire_queue *q = &end->rx;
	struct wire_buf *buf;
	int work = 0;
	void *entry;

	if (!end->simulated && !end->threaded &&
	    unlikely(end->owner != this_thread()))
		WRITE_ONCE(end->owner, this_thread());
	if (unlikely(__atomic_load_n(&end->wake, __ATOMIC_RELAXED) &&
		     __atomic_exchange_n(&end->wake, 0, __ATOMIC_SEQ_CST))) {
		sync_carrier(end);
		netif_tx_wake_queue(end->dev, 0);
	}
	if (unlikely(READ_ONCE(end->tx_armed)))
		link_sent(end);
	while (work < budget && (entry = spsc_ring_consume(&q->ring))) {
		buf = wire_entry_buf(entry);
		if (buf)
			wire_receive_buf(end, buf);
		else
			wire_receive_skb(end, entry);
		work++;
	}
	if (unlikely(data_race(q->slow)) && work < budget)
		work += wire_poll_heap(end, budget - work);
	if (!end_is_mine(end->peer) || unlikely(data_race(q->stopped)))
		wake_sender(end);
	if (work < budget && napi_complete_done(napi, work))
		wire_rearm(end);
	return work;
}

static void wire_irq(int fd __maybe_unused, void *data)
{
	struct wire_end *end = data;

	napi_schedule(&end->napi);
}

static void wire_timer(struct net_device *dev)
{
	napi_schedule(&wire_end(dev)->napi);
}

/* ---- the device ------------------------------------------------------- */

/* Under wire->lock: frames may come, or may not. */
static void set_reachable(struct wire_end *end)
{
	WRITE_ONCE(end->reachable, end->up && end->wire->plugged);
}

/* What is on its way to @end is lost: the device is down. */
static void lose_in_flight(struct wire_end *end)
{
	struct wire_queue *q = &end->rx;
	struct wire_buf *buf;
	u64 lost = 0;
	void *entry;

	while ((entry = spsc_ring_consume(&q->ring))) {
		buf = wire_entry_buf(entry);
		if (buf)
			wire_buf_put(q, buf);
		else
			kfree_skb_reason(entry, SKB_DROP_REASON_DEV_DOWN);
		lost++;
	}
	WRITE_ONCE(q->large_out, READ_ONCE(q->large_in));
	lost += wire_queue_flush(q);
	__atomic_fetch_add(&end->lost_down, lost, __ATOMIC_RELAXED);
	if (wire_queue_may_wake(q, false)) {
		__atomic_store_n(&end->peer->wake, 1, __ATOMIC_SEQ_CST);
		ring_end(end->peer);
	}
}

static void destroy_timers(struct wire_end *end)
{
	netdev_timer_destroy(end->timer);
	netdev_timer_destroy(end->tx_timer);
	end->timer = end->tx_timer = NULL;
}

/* Return: 0, -ENOMEM with a sentence. */
static int create_timers(struct wire_end *end)
{
	end->timer = netdev_timer_create(end->dev, wire_timer);
	end->tx_timer = netdev_timer_create(end->dev, wire_timer);
	if (end->timer && end->tx_timer)
		return 0;
	destroy_timers(end);
	return netdev_error(end->dev->net, -ENOMEM, "%s: out of memory",
			    end->dev->name);
}

/* ndo_open. NAPI first: the first ring of the other end must find it. */
static int wire_open(struct net_device *dev)
{
	struct wire_end *end = wire_end(dev);
	struct inet_wire *wire = end->wire;
	int err;

	err = create_timers(end);
	if (err)
		return err;
	lose_in_flight(end);
	end->tx_given = end->tx_left = end->tx_armed = 0;
	netdev_tx_reset_queue(dev, 0);
	__atomic_store_n(&end->wake, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&end->rx.armed, 1, __ATOMIC_SEQ_CST);
	napi_enable(&end->napi);
	if (!end->simulated) {
		err = request_irq(dev, 0, end->irq_fd, wire_irq, end);
		if (err) {
			napi_disable(&end->napi);
			destroy_timers(end);
			return err;
		}
	}
	sync_carrier(end);
	spin_lock(&wire->lock);
	WRITE_ONCE(end->up, true);
	set_reachable(end);
	spin_unlock(&wire->lock);
	return 0;
}

/* ndo_stop. From now on frames that come are lost. */
static int wire_stop(struct net_device *dev)
{
	struct wire_end *end = wire_end(dev);
	struct inet_wire *wire = end->wire;

	spin_lock(&wire->lock);
	WRITE_ONCE(end->up, false);
	set_reachable(end);
	spin_unlock(&wire->lock);
	if (!end->simulated)
		free_irq(dev, end->irq_fd);
	napi_disable(&end->napi);
	destroy_timers(end);
	lose_in_flight(end);
	WRITE_ONCE(end->owner, 0);
	return 0;
}

/* ndo_get_stats64: what the stack does not count itself. */
static void wire_get_stats(struct net_device *dev,
			   struct inet_netdev_stats *stats)
{
	const struct wire_end *end = wire_end(dev);

	stats->rx_packets += READ_ONCE(end->rx_packets);
	stats->rx_bytes += READ_ONCE(end->rx_bytes);
	stats->rx_errors += READ_ONCE(end->rx_over);
	stats->rx_over_errors += READ_ONCE(end->rx_over);
	stats->rx_dropped += READ_ONCE(end->lost_nomem_tx) +
			     READ_ONCE(end->lost_nomem_rx);
}

/* Frees the wire when nobody refers to it. */
static void wire_put(struct inet_wire *wire)
{
	u32 refs;

	spin_lock(&wire->lock);
	refs = --wire->refs;
	spin_unlock(&wire->lock);
	if (refs)
		return;
	for (int i = 0; i < 2; i++) {
		wire_queue_destroy(&wire->end[i].rx);
		if (wire->end[i].irq_fd >= 0)
			close(wire->end[i].irq_fd);
	}
	free(wire);
}

/* The device is gone: the other end loses its carrier. */
static void wire_uninit(struct net_device *dev)
{
	struct wire_end *end = wire_end(dev);
	struct inet_wire *wire = end->wire;

	netif_napi_del(&end->napi);
	spin_lock(&wire->lock);
	end->dev = NULL;
	spin_unlock(&wire->lock);
	__atomic_store_n(&end->peer->wake, 1, __ATOMIC_SEQ_CST);
	ring_end(end->peer);
	wire_put(wire);
}

static const struct net_device_ops wire_netdev_ops = {
	.ndo_open = wire_open,
	.ndo_stop = wire_stop,
	.ndo_start_xmit = wire_start_xmit,
	.ndo_features_check = wire_features_check,
	.ndo_get_stats64 = wire_get_stats,
	.ndo_uninit = wire_uninit,
};

/* ---- making a wire ---------------------------------------------------- */

/* For alloc_netdev(). */
static void wire_setup(struct net_device *dev)
{
	driver_ether_setup(dev);
	dev->features |= NETIF_F_SG | NETIF_F_TSO_ECN;
	dev->hw_features |= NETIF_F_HW_CSUM | NETIF_F_TSO | NETIF_F_GSO_UDP_L4;
	dev->netdev_ops = &wire_netdev_ops;
}

/* The ends and queues of a new wire, without devices. NULL: -ENOMEM. */
static struct inet_wire *wire_alloc(const struct inet_wire_config *config)
{
	struct inet_wire *wire = aligned_alloc(SMP_CACHE_BYTES,
					       ALIGN(sizeof(*wire),
						     (size_t)SMP_CACHE_BYTES));
	const struct inet_fault_config *faults[2] = {
		&config->b_to_a, &config->a_to_b,
	};

	if (!wire)
		return NULL;
	memset(wire, 0, sizeof(*wire));
	lock_init(&wire->lock, true);
	wire->plugged = true;
	wire->refs = 1;
	for (int i = 0; i < 2; i++) {
		wire->end[i].wire = wire;
		wire->end[i].peer = &wire->end[!i];
		wire->end[i].irq_fd = -1;
	}
	for (int i = 0; i < 2; i++) {
		if (wire_queue_init(&wire->end[i].rx, config->ring_frames,
				    faults[i])) {
			wire_put(wire);
			return NULL;
		}
	}
	return wire;
}

/* Makes and registers the device of one end. Return: 0 or -E. */
static int wire_attach(struct wire_end *end, struct net *net, const char *name,
		       const struct inet_wire_config *config)
{
	const u8 *mac = end == &end->wire->end[0] ? config->mac_a :
						    config->mac_b;
	struct net_device *dev;
	int err;

	end->simulated = inet_get_mode(net) == INET_SIMULATED;
	end->threaded = inet_get_mode(net) == INET_THREADED;
	if (!end->simulated) {
		end->irq_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (end->irq_fd < 0)
			return netdev_error(net, -errno, "%s: no eventfd: %s",
					    name, strerror(errno));
	}
	dev = alloc_netdev(net, sizeof(struct wire_end *), name, wire_setup);
	if (!dev)
		return strlen(name) < INET_IFNAMSIZ ?
			netdev_error(net, -ENOMEM, "%s: out of memory", name) :
			-EINVAL;
	*(struct wire_end **)dev->priv = end;
	driver_set_mac(dev, mac);
	dev->mtu = config->mtu;
	netif_napi_add(dev, &end->napi, 0, wire_poll);
	end->dev = dev;
	err = driver_register(dev);
	if (err) {
		end->dev = NULL;
		netif_napi_del(&end->napi);
		free_netdev(dev);
		return err;
	}
	end->wire->refs++;
	return 0;
}

/* Fills *c from what the caller gave. Return: 0, -EINVAL with a sentence. */
static int wire_config(struct net *net, const struct inet_wire_config *given,
		       struct inet_wire_config *c)
{
	struct fault_problem problem;

	*c = (struct inet_wire_config){ 0 };
	if (given && given->size != sizeof(*c))
		return netdev_error(net, -EINVAL, "wire: size is not "
				    "sizeof(struct inet_wire_config)");
	if (given)
		*c = *given;
	if (!c->mtu)
		c->mtu = 1500;
	if (!c->ring_frames)
		c->ring_frames = RING_DEFAULT;
	if (c->mtu < ETHER_MIN_MTU || c->mtu > ETHER_MAX_MTU)
		return netdev_error(net, -EINVAL, "wire: mtu %u: not in %u..%u",
				    c->mtu, ETHER_MIN_MTU, ETHER_MAX_MTU);
	if (!is_power_of_2(c->ring_frames) || c->ring_frames < RING_MIN ||
	    c->ring_frames > RING_MAX)
		return netdev_error(net, -EINVAL, "wire: ring_frames %u: not a "
				    "power of two in %u..%u", c->ring_frames,
				    RING_MIN, RING_MAX);
	if ((c->mac_a[0] | c->mac_b[0]) & 1)
		return netdev_error(net, -EINVAL, "wire: mac of end %c: a "
				    "station's address cannot be multicast",
				    c->mac_a[0] & 1 ? 'a' : 'b');
	problem = fault_config_problem(&c->a_to_b);
	if (!problem.name)
		problem = fault_config_problem(&c->b_to_a);
	if (problem.name)
		return netdev_error(net, -EINVAL, "wire: %s %llu: not in 0..%llu",
				    problem.name,
				    (unsigned long long)problem.value,
				    (unsigned long long)problem.max);
	return 0;
}

/* End a first; it goes again when end b cannot be made. */
struct inet_wire *inet_wire_connect(struct net *a, const char *name_a,
				    struct net *b, const char *name_b,
				    const struct inet_wire_config *config)
{
	struct inet_wire_config c;
	struct inet_wire *wire;
	int err = a && b && name_a && name_b ? wire_config(a, config, &c) :
					       -EINVAL;

	if (err)
		goto fail;
	err = -ENOMEM;
	wire = wire_alloc(&c);
	if (!wire) {
		netdev_error(a, err, "%s: out of memory", name_a);
		goto fail;
	}
	err = wire_attach(&wire->end[0], a, name_a, &c);
	if (err)
		goto put;
	err = wire_attach(&wire->end[1], b, name_b, &c);
	if (err)
		goto detach;
	return wire;
detach:
	if (a != b)
		netdev_error(a, err, "wire: %s", inet_strerror(b));
	unregister_netdevice(wire->end[0].dev);
put:
	wire_put(wire);
fail:
	errno = -err;
	return NULL;
}

/* ---- the handle ------------------------------------------------------- */

/* Each device drops its reference in ndo_uninit, we drop the last. */
void inet_wire_close(struct inet_wire *wire)
{
	struct net_device *dev;

	if (!wire)
		return;
	for (char end = 'a'; end <= 'b'; end++) {
		dev = inet_wire_device(wire, end);
		if (dev)
			unregister_netdevice(dev);
	}
	wire_put(wire);
}

/* The answer is good until the device is closed. */
struct net_device *inet_wire_device(struct inet_wire *wire, char end)
{
	struct net_device *dev = NULL;

	spin_lock(&wire->lock);
	if (end == 'a' || end == 'b')
		dev = wire->end[end == 'b'].dev;
	spin_unlock(&wire->lock);
	return dev;
}

/* The end that frames of @direction arrive at; NULL: it is not one. */
static struct wire_end *arrival_end(struct inet_wire *wire,
				    enum inet_wire_direction direction)
{
	switch (direction) {
	case INET_WIRE_A_TO_B:
		return &wire->end[1];
	case INET_WIRE_B_TO_A:
		return &wire->end[0];
	default:
		return NULL;
	}
}

/* The counters and the numbers of the frames go on. */
int inet_wire_set_faults(struct inet_wire *wire,
			 enum inet_wire_direction direction,
			 const struct inet_fault_config *config)
{
	if (fault_config_problem(config).name || !(direction & INET_WIRE_BOTH)) {
		errno = EINVAL;
		return -1;
	}
	for (int bit = INET_WIRE_A_TO_B; bit <= INET_WIRE_B_TO_A; bit <<= 1)
		if (direction & (unsigned int)bit)
			wire_queue_set_faults(&arrival_end(wire, bit)->rx,
					      config);
	return 0;
}

void inet_wire_partition(struct inet_wire *wire,
			 enum inet_wire_direction direction, bool on)
{
	for (int bit = INET_WIRE_A_TO_B; bit <= INET_WIRE_B_TO_A; bit <<= 1)
		if (direction & (unsigned int)bit)
			wire_queue_partition(&arrival_end(wire, bit)->rx, on);
}

/* The ends see it at their next poll(). */
void inet_wire_set_carrier(struct inet_wire *wire, bool on)
{
	spin_lock(&wire->lock);
	wire->plugged = on;
	set_reachable(&wire->end[0]);
	set_reachable(&wire->end[1]);
	spin_unlock(&wire->lock);
	for (int i = 0; i < 2; i++) {
		__atomic_store_n(&wire->end[i].wake, 1, __ATOMIC_SEQ_CST);
		ring_end(&wire->end[i]);
	}
}

/* Each counter is read by itself: they may be a frame apart. */
int inet_wire_get_counters(struct inet_wire *wire,
			   enum inet_wire_direction direction,
			   struct inet_wire_counters *c)
{
	struct wire_end *to = arrival_end(wire, direction);

	if (!to) {
		errno = EINVAL;
		return -1;
	}
	c->sent = READ_ONCE(to->sent);
	c->received = READ_ONCE(to->rx_packets);
	c->lost_down = READ_ONCE(to->lost_down);
	c->lost_nomem = READ_ONCE(to->lost_nomem_tx) +
			READ_ONCE(to->lost_nomem_rx);
	c->waited = READ_ONCE(to->waited);
	wire_queue_counters(&to->rx, &c->faults);
	return 0;
}

/* ---- "wire:w0,peer=w1" ------------------------------------------------ */

struct wire_args {
	char name[INET_IFNAMSIZ], peer[INET_IFNAMSIZ];
	struct inet_wire_config config;
};

static const struct arg_row wire_rows[] = {
	ARG_ROW("", struct wire_args, name, STRING, 0, 0),
	ARG_ROW("peer", struct wire_args, peer, STRING, 0, 0),
	ARG_ROW("mtu", struct wire_args, config.mtu, U32, ETHER_MIN_MTU,
		ETHER_MAX_MTU),
	ARG_ROW("ring", struct wire_args, config.ring_frames, U32, RING_MIN,
		RING_MAX),
	ARG_ROW("mac", struct wire_args, config.mac_a, MAC, 0, 0),
	ARG_ROW("peer-mac", struct wire_args, config.mac_b, MAC, 0, 0),
	FAULT_ARG_ROWS(struct wire_args, config.a_to_b),
};

#define WIRE_USAGE							\
	"wire:NAME,peer=NAME[,mtu=N][,ring=N][,mac=ADDR][,peer-mac=ADDR]" \
	FAULT_ARGS_USAGE

static const struct args_spec wire_spec = {
	.driver = "wire",
	.usage = WIRE_USAGE,
	.rows = wire_rows,
	.nr_rows = ARRAY_SIZE(wire_rows),
};

/* Two devices of one stack with a cable between them. */
static int wire_open_spec(struct net *net, const char *text,
			  struct net_device **dev)
{
	struct wire_args args = { .config.size = sizeof(args.config) };
	struct inet_wire *wire;
	int err = driver_args(net, &wire_spec, text, &args);

	if (err)
		return err;
	if (!args.name[0] || !args.peer[0])
		return netdev_error(net, -EINVAL,
				    "wire: both ends need a name; usage: %s",
				    WIRE_USAGE);
	args.config.b_to_a = args.config.a_to_b;
	args.config.b_to_a.seed++;
	wire = inet_wire_connect(net, args.name, net, args.peer, &args.config);
	if (!wire)
		return -errno;
	*dev = inet_wire_device(wire, 'a');
	wire_put(wire);
	return 0;
}

const struct netdev_driver wire_driver = {
	.name = "wire",
	.usage = WIRE_USAGE,
	.open = wire_open_spec,
};
