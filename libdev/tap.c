/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap and tun: a device whose other side is the Linux kernel, an Ethernet one or
 * one whose packets have no link header.
 *
 * Theory of operation. /dev/net/tun gives a descriptor for one queue of a
 * kernel interface, either made for us or existing ("ip tuntap add"). One
 * read() is one frame that the kernel sends, one write() one that it receives.
 *
 *	fd readable -> tap_irq -> napi_schedule -> tap_poll: read() straight
 *	  into frames of the pool until EAGAIN or the budget is used
 *	tap_start_xmit: one write() of the frame, writev() of its fragments
 *
 * The descriptor is edge triggered: tap_poll() ends only at EAGAIN (or comes
 * again), so no frame is left waiting. The kernel takes what we write into its
 * own memory, so EAGAIN there is rare (only with a send buffer limit on the
 * interface); the queue then stops and a timer tries again.
 *
 * Carrier. What happens to the kernel's interface is told by a netlink socket
 * (tap_link.c), the device's second interrupt. A frame may find out sooner: a
 * write to an interface that is down fails with EIO; the carrier goes, and a
 * timer asks after it, since the interface may have come up meanwhile. A deleted
 * interface (EBADFD) takes the carrier for good: its descriptors leave the wait,
 * nothing is written or read any more.
 *
 * Queues. Each descriptor is a queue with a NAPI of its own, polled by the
 * softnet of its number; what is sent is spread by its flow (netdev_pick_tx()),
 * and the kernel answers a flow by the queue that it came from.
 *
 * Offloads (IFF_VNET_HDR). A header before each frame says what was left to be
 * done (tap_vnet.c): the kernel hands over packets of up to 64 KiB that are to be
 * cut, and whose checksum is to be filled in, and takes such from us. One readv()
 * then fills the first frame and as many more as a packet may need, which wait in
 * spare[]; the header lands in the headroom of the first. The packet goes up like
 * one that GRO has merged.
 */
#include "tap.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "driver.h"

#define CHECK_NS 100000000ull		/* after errors that may pass */
#define RETRY_NS 1000000ull		/* after EAGAIN of a write */
#define STALE_MAX 65536			/* frames thrown away at ndo_open */

/* ---- the kernel's side ------------------------------------------------ */

static void tap_timer_in(struct tap *tap, u64 ns)
{
	netdev_timer_arm(tap->timer, netdev_now_ns(tap->dev) + ns);
}

/* Wakes all queues: they go on, or what waits is dropped by tap_start_xmit(). */
static void tap_wake(struct net_device *dev)
{
	for (u32 i = 0; i < tap_priv(dev)->nr_queues; i++)
		netif_tx_wake_queue(dev, i);
}

/* Something is told about the kernel's interface. Context: softnet. */
static void tap_link_irq(int fd __maybe_unused, void *data)
{
	struct tap *tap = data;

	if (!tap_link_read(tap))
		tap_timer_in(tap, 0);
	tap_wake(tap->dev);
}

/* Looks whether what stopped us has passed. Context: softnet. */
static void tap_timer(struct net_device *dev)
{
	struct tap *tap = tap_priv(dev);

	for (u32 i = 0; i < tap->nr_queues; i++)
		if (__atomic_exchange_n(&tap->queue[i].again, false,
					__ATOMIC_RELAXED))
			napi_schedule(&tap->queue[i].napi);
	if (!READ_ONCE(dev->carrier) && !READ_ONCE(tap->gone) &&
	    !tap_link_ask(tap))
		tap_timer_in(tap, 0);
	tap_wake(dev);
}

/* ---- sending ---------------------------------------------------------- */

/* One frame to the kernel. Return: 0 or -errno. Borrows @skb. */
static int tap_write(const struct tap_queue *q, const struct sk_buff *skb)
{
	struct iovec iov[2 + MAX_SKB_FRAGS];
	const struct skb_shared_info *si = skb->shinfo;
	u8 hdr[TAP_VNET_LEN];
	int nr = 0;
	ssize_t n;

	if (q->tap->vnet_len) {
		if (unlikely(tap_vnet_build(hdr, skb)))
			return -EINVAL;
		iov[nr++] = (struct iovec){ hdr, sizeof(hdr) };
	}
	iov[nr++] = (struct iovec){ skb->data, skb_headlen(skb) };
	for (u32 i = 0; i < si->nr_frags; i++)
		iov[nr++] = (struct iovec){
			si->frags[i].frame->frame + si->frags[i].off,
			si->frags[i].len,
		};
	/* one piece, as most plain frames: a list of them costs 100 ns more */
	n = nr == 1 ? write(q->fd, iov[0].iov_base, iov[0].iov_len) :
		      writev(q->fd, iov, nr);
	return n < 0 ? -errno : 0;
}

/* A write failed with @err. Return: what ndo_start_xmit() says. */
static __noinline enum netdev_tx tap_refused(struct tap_queue *q,
					     struct sk_buff *skb, int err)
{
	struct tap *tap = q->tap;

	if (err == EAGAIN) {
		netif_tx_stop_queue(tap->dev, q->nr);
		tap_timer_in(tap, RETRY_NS);
		return NETDEV_TX_BUSY;
	}
	if (tap_error_is_final(err)) {
		tap_link_gone(tap);
	} else if (err == EIO && !READ_ONCE(tap->away)) {
		netif_carrier_off(tap->dev);
		tap_timer_in(tap, CHECK_NS);
	}
	count(&q->tx_errors, 1);
	kfree_skb_reason(skb, SKB_DROP_REASON_XMIT_ERROR);
	return NETDEV_TX_OK;
}

/* ndo_start_xmit: one system call for one frame; none when there is nobody. */
static enum netdev_tx tap_start_xmit(struct sk_buff *skb,
				     struct net_device *dev)
{
	struct tap *tap = tap_priv(dev);
	struct tap_queue *q = &tap->queue[skb->queue_mapping];
	int err;

	if (unlikely(skb->shinfo->frag_list) && skb_linearize(skb)) {
		count(&q->tx_errors, 1);
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NETDEV_TX_OK;
	}
	err = unlikely(READ_ONCE(tap->gone)) ? -EBADFD : tap_write(q, skb);
	if (unlikely(err))
		return tap_refused(q, skb, -err);
	consume_skb(skb);
	return NETDEV_TX_OK;
}

/* ---- receiving -------------------------------------------------------- */

/* A frame that nobody gets. Consumes @skb. */
static void tap_rx_drop(struct sk_buff *skb, u64 *counter,
			enum skb_drop_reason reason)
{
	count(counter, 1);
	kfree_skb_reason(skb, reason);
}

/* Is the packet, or are its segments, too long for the device? */
static bool tap_is_giant(const struct net_device *dev, const struct sk_buff *skb,
			 const struct tap_vnet *v)
{
	if (!v->gso_size)
		return driver_frame_is_giant(dev, skb->data, skb->len);
	return skb->len > v->link_len + 65535u ||
	       (u32)v->hlen + v->gso_size > READ_ONCE(dev->mtu) + v->link_len;
}

/* What the header says, for the stack. */
static void tap_vnet_apply(struct sk_buff *skb, const struct tap_vnet *v)
{
	if (v->partial) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = (u16)(skb_headroom(skb) + v->csum_start);
		skb->csum_offset = v->csum_offset;
	} else if (v->valid) {
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	}
	if (v->gso_size) {
		skb->shinfo->gso_size = v->gso_size;
		skb->shinfo->gso_segs = v->gso_segs;
		skb->shinfo->gso_type = v->udp ? SKB_GSO_UDP_L4 : SKB_GSO_TCPV4;
		if (v->ecn)
			skb->shinfo->gso_type |= SKB_GSO_TCP_ECN;
	}
}

/* Up into the stack. Consumes @skb, before which its header lies if it has
 * one. */
static void tap_receive(struct tap_queue *q, struct sk_buff *skb)
{
	struct net_device *dev = q->tap->dev;
	struct tap_vnet v = { .link_len = dev->hard_header_len,
			      .uso = q->tap->uso };
	int err = q->tap->vnet_len ?
		tap_vnet_parse(skb->data - TAP_VNET_LEN, skb->data,
			       skb_headlen(skb), skb->len, &v) : 0;

	if (unlikely(err == -EPFNOSUPPORT)) {
		tap_rx_drop(skb, &q->rx_dropped,
			    SKB_DROP_REASON_UNHANDLED_PROTO);
		return;
	}
	if (unlikely(err)) {
		tap_rx_drop(skb, &q->rx_bad, SKB_DROP_REASON_DEV_HDR);
		return;
	}
	if (unlikely(tap_is_giant(dev, skb, &v))) {
		tap_rx_drop(skb, &q->rx_over, SKB_DROP_REASON_RX_OVER);
		return;
	}
	count(&q->rx_packets, 1);
	count(&q->rx_bytes, skb->len);
	tap_vnet_apply(skb, &v);
	skb->protocol = driver_type_trans(skb, dev);
	skb->queue_mapping = (u16)q->nr;
	napi_gro_receive(&q->napi, skb);
}

/*
 * Has an empty sk_buff ready in q->next, and frames for what does not fit into
 * it, so that a frame that is no giant leaves room: a longer one then shows by
 * its length. Return: the room, as far as there is memory.
 */
static u32 tap_prepare(struct tap_queue *q)
{
	struct net_device *dev = q->tap->dev;
	u32 need = READ_ONCE(dev->mtu) + ETHER_HEADER + ETHER_VLAN + 1, room;

	if (!q->next || (!q->tap->vnet_len && skb_tailroom(q->next) < need)) {
		consume_skb(q->next);
		q->next = napi_alloc_skb(dev, q->tap->vnet_len ? 1 : need);
		if (unlikely(!q->next))
			return 0;
	}
	room = skb_tailroom(q->next);
	if (!q->tap->vnet_len)
		return room;
	room += q->nr_spares * q->tap->frame_size;
	while (room < TAP_VNET_ROOM) {
		struct skb_shared_info *frame = netdev_alloc_frame(dev);

		if (unlikely(!frame))
			break;
		q->spare[q->nr_spares++] = frame;
		room += q->tap->frame_size;
	}
	return room;
}

/* Gives q->next its @len octets: what is not in its own frame lies in spares,
 * the last of them first. Return: 0 or -ENOMEM. */
static int tap_fill(struct tap_queue *q, struct sk_buff *skb, u32 len)
{
	u32 part = min(len, skb_tailroom(skb));

	skb_put(skb, part);
	for (len -= part; len; len -= part) {
		part = min(len, q->tap->frame_size);
		if (skb_add_frag(skb, q->spare[q->nr_spares - 1], 0, part))
			return -ENOMEM;
		q->nr_spares--;
	}
	return 0;
}

/* Without memory a frame is read all the same, and lost: the kernel would tell
 * of it only once. Return: 0 or -errno. */
static int tap_read_lost(struct tap_queue *q)
{
	u8 few[TAP_VNET_LEN + 1];

	if (read(q->fd, few, sizeof(few)) < 0)
		return -errno;
	count(&q->rx_dropped, 1);
	return 0;
}

/* Reads one frame and delivers it. Return: 0 or -errno. */
static int tap_read(struct tap_queue *q)
{
	u32 hlen = q->tap->vnet_len, room = tap_prepare(q);
	struct sk_buff *skb = q->next;
	struct iovec iov[1 + TAP_SPARES];
	int nr = 0;
	ssize_t n;

	if (unlikely(!skb))
		return tap_read_lost(q);
	iov[nr++] = (struct iovec){ skb->data - hlen,
				    hlen + skb_tailroom(skb) };
	for (u32 i = q->nr_spares; i; i--)
		iov[nr++] = (struct iovec){ q->spare[i - 1]->frame,
					    q->tap->frame_size };
	n = nr == 1 ? read(q->fd, iov[0].iov_base, iov[0].iov_len) :
		      readv(q->fd, iov, nr);
	if (n < 0)
		return -errno;
	q->next = NULL;
	if (unlikely((size_t)n < hlen))
		tap_rx_drop(skb, &q->rx_bad, SKB_DROP_REASON_DEV_HDR);
	else if (unlikely(hlen && (u32)n - hlen == room && room < TAP_VNET_ROOM) ||
		 unlikely(tap_fill(q, skb, (u32)n - hlen)))
		tap_rx_drop(skb, &q->rx_dropped, SKB_DROP_REASON_NOMEM);
	else
		tap_receive(q, skb);
	return 0;
}

/*
 * A read failed with @err. A dead queue is nobody's to wait for any more; what
 * may pass is tried again later, since frames that wait make no new edge.
 * Context: softnet.
 */
static __noinline void tap_read_failed(struct tap_queue *q, int err)
{
	count(&q->rx_errors, 1);
	if (tap_error_is_final(err)) {
		tap_link_gone(q->tap);
		disable_irq_nosync(q->tap->dev, q->nr, q->fd);
		tap_wake(q->tap->dev);
		return;
	}
	WRITE_ONCE(q->again, true);
	tap_timer_in(q->tap, CHECK_NS);
}

/* NAPI poll: reads until there is no frame left. Context: softnet. */
int tap_poll(struct napi_struct *napi, int budget)
{
	struct tap_queue *q = container_of(napi, struct tap_queue, napi);
	int work = 0, err = 0;

	while (work < budget) {
		err = tap_read(q);
		if (err && err != -EINTR)
			break;
		work++;
	}
	if (work == budget)
		return work;
	if (unlikely(err != -EAGAIN))
		tap_read_failed(q, -err);
	napi_complete_done(napi, work);
	return work;
}

static void tap_irq(int fd __maybe_unused, void *data)
{
	struct tap_queue *q = data;

	napi_schedule(&q->napi);
}

/* ---- the device ------------------------------------------------------- */

/* Throws away what the kernel sent while the device was down. */
static void tap_drain(const struct tap_queue *q)
{
	u8 few[TAP_VNET_LEN + 1];

	for (int i = 0; i < STALE_MAX; i++)
		if (read(q->fd, few, sizeof(few)) < 0 && errno != EINTR)
			break;
}

/* Undoes tap_queue_start(). */
static void tap_queue_stop(struct tap_queue *q)
{
	free_irq(q->tap->dev, q->fd);
	napi_disable(&q->napi);
	consume_skb(q->next);
	q->next = NULL;
	while (q->nr_spares)
		netdev_frame_put(q->spare[--q->nr_spares]);
}

/* NAPI first: the first edge of the descriptor must find it. 0 or -errno. */
static int tap_queue_start(struct tap_queue *q)
{
	int err;

	tap_drain(q);
	napi_enable(&q->napi);
	err = request_irq(q->tap->dev, q->nr, q->fd, tap_irq, q);
	if (err)
		napi_disable(&q->napi);
	return err;
}

/* Stops the first @nr queues, and the watch of the link. */
static void tap_stop_queues(struct tap *tap, u32 nr)
{
	while (nr)
		tap_queue_stop(&tap->queue[--nr]);
	free_irq(tap->dev, tap->link_fd);
	netdev_timer_destroy(tap->timer);
	tap->timer = NULL;
}

/* ndo_open. What is told of the link meanwhile waits for its first edge. */
static int tap_open(struct net_device *dev)
{
	struct tap *tap = tap_priv(dev);
	int err = -ENOMEM;
	u32 i = 0;

	tap->timer = netdev_timer_create(dev, tap_timer);
	if (tap->timer) {
		tap_link_ask(tap);
		tap_link_hint(tap);
		err = request_irq(dev, 0, tap->link_fd, tap_link_irq, tap);
		while (!err && i < tap->nr_queues) {
			err = tap_queue_start(&tap->queue[i]);
			i += !err;
		}
	}
	if (!err)
		return 0;
	if (tap->timer)
		tap_stop_queues(tap, i);
	return netdev_error(dev->net, err, "%s: %s", dev->name, strerror(-err));
}

/* ndo_stop: the kernel may go on sending, nobody reads. */
static int tap_stop(struct net_device *dev)
{
	struct tap *tap = tap_priv(dev);

	tap_stop_queues(tap, tap->nr_queues);
	return 0;
}

/* ndo_get_stats64: what the stack does not count itself. */
static void tap_get_stats(struct net_device *dev,
			  struct inet_netdev_stats *stats)
{
	const struct tap *tap = tap_priv(dev);

	for (u32 i = 0; i < tap->nr_queues; i++) {
		const struct tap_queue *q = &tap->queue[i];

		stats->rx_packets += READ_ONCE(q->rx_packets);
		stats->rx_bytes += READ_ONCE(q->rx_bytes);
		stats->rx_errors += READ_ONCE(q->rx_errors) +
				    READ_ONCE(q->rx_over) +
				    READ_ONCE(q->rx_bad);
		stats->rx_frame_errors += READ_ONCE(q->rx_bad);
		stats->rx_over_errors += READ_ONCE(q->rx_over);
		stats->rx_dropped += READ_ONCE(q->rx_dropped);
		stats->tx_errors += READ_ONCE(q->tx_errors);
	}
}

/* ndo_uninit: an interface that was made for us goes with its last queue. */
static void tap_uninit(struct net_device *dev)
{
	struct tap *tap = tap_priv(dev);

	for (u32 i = 0; i < tap->nr_queues; i++) {
		netif_napi_del(&tap->queue[i].napi);
		close(tap->queue[i].fd);
	}
	tap_link_close(tap);
}

const struct net_device_ops tap_netdev_ops = {
	.ndo_open = tap_open,
	.ndo_stop = tap_stop,
	.ndo_start_xmit = tap_start_xmit,
	.ndo_get_stats64 = tap_get_stats,
	.ndo_uninit = tap_uninit,
};
