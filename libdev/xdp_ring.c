/* SPDX-License-Identifier: BSD-2-Clause */
/* The rings of an AF_XDP socket: see xdp_ring.h. */
#include "xdp_ring.h"

#include "lib/compiler.h"

/*
 * How many entries the kernel has put into a ring that it fills; no more than
 * there are slots, or its index is a lie, which *@bad counts.
 */
static u32 ring_filled(struct xdp_ring *ring, u64 *bad)
{
	u32 nr = ring->theirs - ring->ours;

	if (likely(nr))
		return nr;
	/* Acquire: what stands in the slots was written before. */
	nr = smp_load_acquire(ring->producer) - ring->ours;
	if (unlikely(nr > ring->size)) {
		WRITE_ONCE(*bad, *bad + 1);
		return 0;
	}
	ring->theirs = ring->ours + nr;
	return nr;
}

/* How many entries fit into a ring that the kernel empties. */
static u32 ring_room(struct xdp_ring *ring, u64 *bad)
{
	u32 nr = ring->ours - ring->theirs;

	if (likely(nr < ring->size))
		return ring->size - nr;
	nr = ring->ours - smp_load_acquire(ring->consumer);
	if (unlikely(nr > ring->size)) {
		WRITE_ONCE(*bad, *bad + 1);
		return 0;
	}
	ring->theirs = ring->ours - nr;
	return ring->size - nr;
}

static inline u64 *addr_slot(const struct xdp_ring *ring, u32 index)
{
	return (u64 *)ring->slots + (index & (ring->size - 1));
}

static inline struct xdp_desc *desc_slot(const struct xdp_ring *ring, u32 index)
{
	return (struct xdp_desc *)ring->slots + (index & (ring->size - 1));
}

/* ---- receiving -------------------------------------------------------- */

bool xdp_fill_put(struct xdp_rings *r, u32 frame)
{
	struct xdp_ring *ring = &r->fill;

	if (unlikely(!ring_room(ring, &r->rx_bad)))
		return false;
	*addr_slot(ring, ring->ours++) = (u64)frame * r->frame_size;
	r->in_fill[frame] = 1;
	r->nr_in_fill++;
	return true;
}

/* The slot is read once: the kernel could change it meanwhile. */
enum xdp_taken xdp_rx_take(struct xdp_rings *r, struct xdp_buf *buf)
{
	struct xdp_ring *ring = &r->rx;
	struct xdp_desc *slot;
	u64 addr, frame;
	u32 options;

	if (!ring_filled(ring, &r->rx_bad))
		return XDP_TAKEN_NONE;
	slot = desc_slot(ring, ring->ours++);
	addr = READ_ONCE(slot->addr);
	options = READ_ONCE(slot->options);
	buf->len = READ_ONCE(slot->len);
	frame = addr / r->frame_size;
	buf->off = (u32)(addr % r->frame_size);
	buf->more = options & XDP_PKT_CONTD;
	if (unlikely(frame >= r->nr_frames || !r->in_fill[frame] ||
		     !buf->len || buf->len > r->frame_size - buf->off)) {
		WRITE_ONCE(r->rx_bad, r->rx_bad + 1);
		return XDP_TAKEN_BAD;
	}
	buf->frame = (u32)frame;
	r->in_fill[frame] = 0;
	r->nr_in_fill--;
	return XDP_TAKEN_GOOD;
}

void xdp_rx_publish(struct xdp_rings *r)
{
	/* Release: the slots are written, and read, before. */
	smp_store_release(r->fill.producer, r->fill.ours);
	smp_store_release(r->rx.consumer, r->rx.ours);
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
	struct xdp_desc *slot = desc_slot(&r->tx, r->tx.ours);

	r->tx_len[r->tx.ours++ & (r->tx.size - 1)] = buf->len;
	slot->addr = (u64)buf->frame * r->frame_size + buf->off;
	slot->len = buf->len;
	slot->options = buf->more ? XDP_PKT_CONTD : 0;
	r->in_tx[buf->frame]++;
	WRITE_ONCE(r->nr_in_tx, r->nr_in_tx + 1);
}

void xdp_tx_publish(struct xdp_rings *r)
{
	smp_store_release(r->tx.producer, r->tx.ours);
}

bool xdp_tx_pending(const struct xdp_rings *r)
{
	return READ_ONCE(*r->tx.consumer) != r->tx.ours;
}

enum xdp_taken xdp_tx_take(struct xdp_rings *r, u32 *frame)
{
	struct xdp_ring *ring = &r->completion;
	u64 index;

	if (!ring_filled(ring, &r->tx_bad))
		return XDP_TAKEN_NONE;
	index = READ_ONCE(*addr_slot(ring, ring->ours)) / r->frame_size;
	smp_store_release(ring->consumer, ++ring->ours);
	if (unlikely(index >= r->nr_frames || !r->in_tx[index])) {
		WRITE_ONCE(r->tx_bad, r->tx_bad + 1);
		return XDP_TAKEN_BAD;
	}
	/* frames may come back in any order: the sum is right */
	r->tx_bytes += r->tx_len[r->tx_oldest++ & (r->tx.size - 1)];
	r->in_tx[index]--;
	WRITE_ONCE(r->nr_in_tx, r->nr_in_tx - 1);
	*frame = (u32)index;
	return XDP_TAKEN_GOOD;
}
