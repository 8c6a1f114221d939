/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A bounded queue of pointers from one thread to one other. Each side keeps a
 * copy of the other's index and looks at the real one only when the copy says
 * full or empty, so that a busy ring moves few cache lines.
 */
#ifndef INET_LIB_RING_H
#define INET_LIB_RING_H

#include "lib/assert.h"
#include "lib/mem.h"

#include <errno.h>

struct spsc_ring {
	void **slots;
	u32 mask;
	struct {
		u32 head;	/* next to fill; written by the producer */
		u32 tail_seen;
	} producer ____cacheline_aligned;
	struct {
		u32 tail;	/* next to take; written by the consumer */
		u32 head_seen;
	} consumer ____cacheline_aligned;
};

/* @size: a power of two. Return: 0 or -ENOMEM. */
static inline int spsc_ring_init(struct spsc_ring *r, struct mem *mem,
				 u32 size)
{
	inet_assert(is_power_of_2(size));
	*r = (struct spsc_ring){ .mask = size - 1 };
	r->slots = mem_calloc(mem, size, sizeof(*r->slots));
	return r->slots ? 0 : -ENOMEM;
}

/* The entries still inside are the caller's. */
static inline void spsc_ring_destroy(struct spsc_ring *r, struct mem *mem)
{
	mem_free(mem, r->slots, ((size_t)r->mask + 1) * sizeof(*r->slots));
	r->slots = NULL;
}

/* Return: false when full. Context: the producer. */
static inline bool spsc_ring_produce(struct spsc_ring *r, void *ptr)
{
	u32 head = r->producer.head;

	if (head - r->producer.tail_seen > r->mask) {
		/* Acquire: the consumer is done with the slot. */
		r->producer.tail_seen = smp_load_acquire(&r->consumer.tail);
		if (head - r->producer.tail_seen > r->mask)
			return false;
	}
	r->slots[head & r->mask] = ptr;
	smp_store_release(&r->producer.head, head + 1);
	return true;
}

/* Return: the oldest entry, NULL when empty. Context: the consumer. */
static inline void *spsc_ring_consume(struct spsc_ring *r)
{
	u32 tail = r->consumer.tail;
	void *ptr;

	if (tail == r->consumer.head_seen) {
		/* Acquire: the entry and what it points to. */
		r->consumer.head_seen = smp_load_acquire(&r->producer.head);
		if (tail == r->consumer.head_seen)
			return NULL;
	}
	ptr = r->slots[tail & r->mask];
	smp_store_release(&r->consumer.tail, tail + 1);
	return ptr;
}

#endif /* INET_LIB_RING_H */
