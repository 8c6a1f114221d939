/* SPDX-License-Identifier: BSD-2-Clause */
/* The rings of an AF_XDP socket: see xdp_ring.h. */
#include "xdp_ring.h"

#include "lib/compiler.h"

/* A claim that is not believed. */
static void refuse(u64 *bad)
{
	WRITE_ONCE(*bad, *bad + 1);
}

/*
 * How many entries the kernel has put into a ring that it fills; no more than
 * there are slots, or its index is a lie, which *@bad counts.
 */
static u32 ring_filled(struct xsk_ring_cons *ring, u64 *bad)
{
	u32 nr = xsk_cons_nb_avail(ring, UINT32_MAX);

	if (likely(nr <= ring->size))
		return nr;
	ring->cached_prod = ring->cached_cons;
	refuse(bad);
	return 0;
}

/* How many entries fit into a ring that the kernel empties. */
static u32 ring_room(struct xsk_ring_prod *ring, u64 *bad)
{
	u32 nr = xsk_prod_nb_free(ring, 1);

	if (likely(nr <= ring->size))
		return nr;
	ring->cached_cons = ring->cached_prod;
	refuse(bad);
	return 0;
}

/* Tells the kernel of our index as we know it: libxdp would add to what stands
 * in the shared place. Release: the slots are written, and read, before. */
static void publish(u32 *shared, u32 index)
{
	smp_store_release(shared, index);
}

/* ---- receiving -------------------------------------------------------- */

bool xdp_fill_put(struct xdp_rings *r, u32 frame)
{
	struct xsk_ring_prod *ring = &r->fill;

	if (unlikely(!ring_room(ring, &r->rx_bad)))
		return false;
	*xsk_ring_prod__fill_addr(ring, ring->cached_prod++) =
		(u64)frame * r->frame_size;
	r->in_fill[frame] = 1;
	r->nr_in_fill++;
	return true;
}

/* The slot is read once: the kernel could change it meanwhile. */
enum xdp_taken xdp_rx_take(struct xdp_rings *r, struct xdp_buf *buf)
{
	struct xsk_ring_cons *ring = &r->rx;
	const struct xdp_desc *slot;
	u64 addr, frame;
	u32 options;

	if (!ring_filled(ring, &r->rx_bad))
		return XDP_TAKEN_NONE;
	slot = xsk_ring_cons__rx_desc(ring, ring->cached_cons++);
	addr = READ_ONCE(slot->addr);
	options = READ_ONCE(slot->options);
	buf->len = READ_ONCE(slot->len);
	frame = addr / r->frame_size;
	buf->off = (u32)(addr % r->frame_size);
	buf->more = options & XDP_PKT_CONTD;
	if (unlikely(frame >= r->nr_frames || !r->in_fill[frame] ||
		     !buf->len || buf->len > r->frame_size - buf->off)) {
		refuse(&r->rx_bad);
		return XDP_TAKEN_BAD;
	}
	buf->frame = (u32)frame;
	r->in_fill[frame] = 0;
	r->nr_in_fill--;
	return XDP_TAKEN_GOOD;
}

void xdp_rx_publish(struct xdp_rings *r)
{
	publish(r->fill.producer, r->fill.cached_prod);
	publish(r->rx.consumer, r->rx.cached_cons);
}

/* ---- sending ---------------------------------------------------------- */

/* What was not completed keeps its place, so that the completion ring, of the
 * same size, takes all that is on its way. */
u32 xdp_tx_room(const struct xdp_rings *r)
{
	return r->tx.size - r->nr_in_tx;
}

void xdp_tx_put(struct xdp_rings *r, const struct xdp_buf *buf)
{
	u32 index = r->tx.cached_prod++;
	struct xdp_desc *slot = xsk_ring_prod__tx_desc(&r->tx, index);

	r->tx_len[index & r->tx.mask] = buf->len;
	slot->addr = (u64)buf->frame * r->frame_size + buf->off;
	slot->len = buf->len;
	slot->options = buf->more ? XDP_PKT_CONTD : 0;
	r->in_tx[buf->frame]++;
	WRITE_ONCE(r->nr_in_tx, r->nr_in_tx + 1);
}

void xdp_tx_publish(struct xdp_rings *r)
{
	publish(r->tx.producer, r->tx.cached_prod);
}

bool xdp_tx_pending(const struct xdp_rings *r)
{
	return READ_ONCE(*r->tx.consumer) != r->tx.cached_prod;
}

enum xdp_taken xdp_tx_take(struct xdp_rings *r, u32 *frame)
{
	struct xsk_ring_cons *ring = &r->completion;
	const __u64 *slot;
	u64 index;

	if (!ring_filled(ring, &r->tx_bad))
		return XDP_TAKEN_NONE;
	slot = xsk_ring_cons__comp_addr(ring, ring->cached_cons++);
	index = READ_ONCE(*slot) / r->frame_size;
	publish(ring->consumer, ring->cached_cons);
	if (unlikely(index >= r->nr_frames || !r->in_tx[index])) {
		refuse(&r->tx_bad);
		return XDP_TAKEN_BAD;
	}
	/* frames may come back in any order: the sum is right */
	r->tx_bytes += r->tx_len[r->tx_oldest++ & r->tx.mask];
	r->in_tx[index]--;
	WRITE_ONCE(r->nr_in_tx, r->nr_in_tx - 1);
	*frame = (u32)index;
	return XDP_TAKEN_GOOD;
}
