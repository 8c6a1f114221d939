/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The four rings of an AF_XDP socket, and who holds which frame.
 *
 *	fill		ours to the kernel: frames to receive into
 *	rx		the kernel's to us: frames that it filled
 *	tx		ours to the kernel: frames to send
 *	completion	the kernel's to us: frames that it has sent
 *
 * A ring is memory that both write. What the other side says is a claim: an
 * index that is ahead by more than the ring is long, a place outside the frames
 * or across the end of one, a frame that was not given away or has come back
 * already. Such a claim is counted and changes nothing; nothing in here trusts
 * it, so that a test can put anything into rings of its own.
 *
 * Context: fill and rx belong to the queue's softnet, tx and completion to
 * whoever holds the queue's tx_lock.
 */
#ifndef LIBDEV_XDP_RING_H
#define LIBDEV_XDP_RING_H

#include <inet/types.h>

#include <linux/if_xdp.h>

/* Newer than some headers of the kernel. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif

struct xdp_ring {
	u32 *producer;		/* shared with the kernel, as all pointers */
	u32 *consumer;
	u32 *flags;
	void *slots;		/* struct xdp_desc, or u64 */
	u32 size;		/* a power of two */
	u32 ours;		/* our index: ahead of what the kernel knows */
	u32 theirs;		/* the kernel's, when we last looked */
	void *map;
	size_t map_len;
};

/* The rings of one queue. */
struct xdp_rings {
	struct xdp_ring fill, rx, tx, completion;
	u32 frame_size;
	u32 nr_frames;
	u8 *in_fill;		/* per frame: the kernel may write into it */
	u16 *in_tx;		/* per frame: descriptors that it may read */
	u32 *tx_len;		/* tx.size: bytes of those on their way */
	u32 tx_oldest;		/* of tx_len */
	u32 tx_bytes;		/* taken back, and not reported yet */
	u32 nr_in_fill;
	u32 nr_in_tx;
	u64 rx_bad;		/* claims about rx and fill */
	u64 tx_bad;		/* claims about tx and completion */
};

/* A part of a packet, or all of it. */
struct xdp_buf {
	u32 frame;
	u32 off;
	u32 len;
	bool more;		/* the packet goes on in the next */
};

enum xdp_taken { XDP_TAKEN_NONE, XDP_TAKEN_GOOD, XDP_TAKEN_BAD };

/* Gives a frame to be filled. Return: false when the ring has no room. */
bool xdp_fill_put(struct xdp_rings *r, u32 frame);
/* Takes what was filled; a bad one is to be passed over. */
enum xdp_taken xdp_rx_take(struct xdp_rings *r, struct xdp_buf *buf);
/* Tells the kernel of everything put and taken since. */
void xdp_rx_publish(struct xdp_rings *r);

/* How many descriptors may be put. */
u32 xdp_tx_room(const struct xdp_rings *r);
void xdp_tx_put(struct xdp_rings *r, const struct xdp_buf *buf);
void xdp_tx_publish(struct xdp_rings *r);
/* Is something in the ring that the kernel has not looked at? */
bool xdp_tx_pending(const struct xdp_rings *r);
/* Takes a frame that was sent: one descriptor less points into it. */
enum xdp_taken xdp_tx_take(struct xdp_rings *r, u32 *frame);

/* Does the kernel wait for a call? */
static inline bool xdp_ring_needs_wakeup(const struct xdp_ring *ring)
{
	return *(const volatile u32 *)ring->flags & XDP_RING_NEED_WAKEUP;
}

#endif /* LIBDEV_XDP_RING_H */
