/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The four rings of an AF_XDP socket, and who holds which frame.
 *
 *	fill		ours to the kernel: frames to receive into
 *	rx		the kernel's to us: frames that it filled
 *	tx		ours to the kernel: frames to send
 *	completion	the kernel's to us: frames that it has sent
 *
 * A ring is memory that both write; libxdp has mapped it and keeps our indices
 * and what we know of the kernel's (cached_prod and cached_cons, of which an
 * empty place of ours is ahead by the ring's size). Its calls believe what the
 * other side says, so they are asked for slots, and for indices to be checked:
 * what the other side says is a claim. An
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

#include <xdp/xsk.h>

/* Newer than some headers of the kernel. */
#ifndef XDP_USE_SG
#define XDP_USE_SG (1 << 4)
#endif
#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD (1 << 0)
#endif

/* The rings of one queue. */
struct xdp_rings {
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons rx, completion;
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

#endif /* LIBDEV_XDP_RING_H */
