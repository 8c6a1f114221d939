/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One direction of a wire: what is on its way from one end to the other.
 *
 * The producer is whoever holds the sending device's transmit lock, the
 * consumer is the receiving device's poll(). Between them stand
 *
 *	ring	a sk_buff that already is the receiver's (both ends run in one
 *		thread), or a wire_buf (they do not)
 *	heap	wire_bufs that are due at some time; only with faults, or while
 *		such frames are still under way; under the lock
 *	spare	empty wire_bufs on their way back to the producer
 *
 * A frame enters the ring only while the heap is empty, and the consumer
 * empties the ring first: the order of a wire without faults holds even while
 * faults are switched on and off.
 */
#ifndef LIBDEV_WIRE_QUEUE_H
#define LIBDEV_WIRE_QUEUE_H

#include <inet/netdev.h>

#include "lib/fault.h"
#include "lib/lock.h"
#include "lib/ring.h"

#define WIRE_MAX_IN_FLIGHT 16384u	/* frames in the heap of a long wire */

/* A frame in the wire's own memory. */
struct wire_buf {
	u64 due_ns;
	u64 seq;		/* in order among those due at once */
	u32 len;
	u32 room;		/* bytes at data */
	u8 data[];
};

struct wire_queue {
	struct spsc_ring ring, spare;
	struct inet_lock lock;
	struct fault_state faults;	/* under lock */
	struct wire_buf **heap;		/* under lock, as the next two */
	u32 nr_heap, heap_size;
	u64 seq;
	u32 ring_frames;
	bool slow;	/* faults, or the heap is not empty: take the lock */
	bool holds;	/* what waits for the link waits in the sender */
	u32 large_in;	/* packets that stand for many, put into the ring */
	u32 large_out;	/* … and taken out by the consumer */
	u32 armed;	/* atomic: the consumer waits to be rung for the ring */
	u32 stopped;	/* atomic: the producer waits for room */
};

/* What wire_queue_delay() says. */
enum wire_delay {
	WIRE_DELAY_DONE,	/* queued, or lost as the faults wanted */
	WIRE_DELAY_RING,	/* the same, and the consumer must be told */
	WIRE_DELAY_FULL,	/* no room: nothing happened */
};

/* Return: 0, -ENOMEM, -EINVAL (the faults). */
int wire_queue_init(struct wire_queue *q, u32 ring_frames,
		    const struct inet_fault_config *faults);
/* Nobody uses it any more, and no sk_buff is in the ring. */
void wire_queue_destroy(struct wire_queue *q);

int wire_queue_set_faults(struct wire_queue *q,
			  const struct inet_fault_config *faults);
void wire_queue_partition(struct wire_queue *q, bool on);
void wire_queue_counters(struct wire_queue *q, struct inet_fault_counters *c);

/* ---- the producer ---- */

/* A buffer for @len bytes and INET_FAULT_MAX_PAD more, NULL when short. */
struct wire_buf *wire_buf_get(struct wire_queue *q, u32 len);

/* A frame to be copied: a sk_buff, or plain bytes. */
struct wire_source {
	const struct sk_buff *skb;	/* NULL: bytes */
	const u8 *bytes;
	u32 len;
};

/* Lets the faults decide about a frame, and queues copies of it. */
enum wire_delay wire_queue_delay(struct wire_queue *q, u64 now_ns,
				 const struct wire_source *frame);

/* Entries of the ring: a wire_buf has the low bit set. */
static inline void *wire_entry(struct wire_buf *buf)
{
	return (void *)((uintptr_t)buf | 1);
}

static inline struct wire_buf *wire_entry_buf(void *entry)
{
	return (uintptr_t)entry & 1 ?
		(struct wire_buf *)((uintptr_t)entry & ~(uintptr_t)1) : NULL;
}

/* A packet that stands for many takes the place of so many frames. */
#define WIRE_LARGE_FRAMES 16u

/* Packets that stand for many in the ring. */
static inline u32 wire_queue_large(const struct wire_queue *q)
{
	return READ_ONCE(q->large_in) - READ_ONCE(q->large_out);
}

/* True when the ring takes no more. */
static inline bool wire_queue_full(struct wire_queue *q)
{
	struct spsc_ring *r = &q->ring;

	if (unlikely(wire_queue_large(q) * WIRE_LARGE_FRAMES > r->mask))
		return true;
	if (likely(r->producer.head - r->producer.tail_seen <= r->mask))
		return false;
	r->producer.tail_seen = smp_load_acquire(&r->consumer.tail);
	return r->producer.head - r->producer.tail_seen > r->mask;
}

/* Bytes that wait for a link with a rate at @now_ns; *@drain_ns: until the last
 * of them has left. */
u64 wire_queue_backlog(struct wire_queue *q, u64 now_ns, u64 *drain_ns);

/* ---- the consumer ---- */

/* Gives an empty buffer back. */
void wire_buf_put(struct wire_queue *q, struct wire_buf *buf);

/* Takes the frames that are due, oldest first. Return: how many, up to @max. */
u32 wire_queue_due(struct wire_queue *q, u64 now_ns, struct wire_buf **bufs,
		   u32 max);

/* When the next frame of the heap is due, U64_MAX: there is none. */
u64 wire_queue_next(struct wire_queue *q);

/* Empties the heap. Return: how many frames were lost. */
u32 wire_queue_flush(struct wire_queue *q);

/* True when a producer that stopped should be told to go on; says so once.
 * @own: the caller is the producer, or runs in its thread. */
bool wire_queue_may_wake(struct wire_queue *q, bool own);

#endif /* LIBDEV_WIRE_QUEUE_H */
