/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The frame pool: one region of memory per stack, carved into frames of one
 * size. Devices receive into frames, sockets send from frames; the region is
 * what AF_XDP calls UMEM and VFIO maps for DMA. Bookkeeping (shared_info)
 * lives in an array beside the region, out of any device's reach.
 *
 * Allocation is LIFO through a cache per softnet; the pool behind it is
 * locked. Below the low-water mark only devices get frames: senders and
 * queues get ordinary memory ("heap frames"), so that a reader that stops
 * reading cannot starve a device.
 */
#ifndef CORE_FRAME_POOL_H
#define CORE_FRAME_POOL_H

#include <stddef.h>
#include <string.h>

#include <inet/skbuff.h>

#include "lib/lock.h"

#if defined(__SANITIZE_ADDRESS__)
#define FRAME_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FRAME_ASAN 1
#endif
#endif
#ifdef FRAME_ASAN
#include <sanitizer/asan_interface.h>
#define frame_poison(si) ASAN_POISON_MEMORY_REGION((si)->frame, (si)->size)
#define frame_unpoison(si) ASAN_UNPOISON_MEMORY_REGION((si)->frame, (si)->size)
#else
#define frame_poison(si) ((void)(si))
#define frame_unpoison(si) ((void)(si))
#endif

struct net;

#define FRAME_CACHE_MAX 1024	/* the window of a fast connection; a small pool
				 * keeps less at its softnets */
#define FRAME_CACHE_BATCH 64u

/* Per softnet; its owner only. */
struct frame_cache {
	struct skb_shared_info *free;
	u32 nr;
};

struct frame_pool {
	u8 *region;
	size_t region_size;
	u8 *info;		/* a skb_shared_info for each frame */
	u32 info_shift;		/* from one to the next: 1 << this bytes */
	u32 frame_size;
	u32 nr_frames;
	u32 low_water;		/* kept for devices */
	u32 cache_max;		/* of a softnet: frames alone, and as many with
				 * a header */

	/* what changes: apart from what each packet reads */
	struct inet_lock lock __aligned(SMP_APART_BYTES);
	u32 nr_fresh;		/* frames never handed out yet, from the end */
	u32 nr_free;		/* under lock; fresh ones included */
	struct skb_shared_info *free;	/* under lock */
	u64 nr_heap;		/* heap frames out, atomic */
} __aligned(SMP_APART_BYTES);

int frame_pool_init(struct net *net, u32 nr_frames, u32 frame_size);
void frame_pool_destroy(struct net *net);

/* A frame with dataref 1. @for_device: may go below the low-water mark, and
 * is never a heap frame. NULL when memory is short. */
struct skb_shared_info *frame_alloc(struct net *net, bool for_device);
/* The same, whatever is left. */
struct skb_shared_info *frame_alloc_pool(struct net *net);
/* Ordinary memory of @size bytes in the shape of a frame. */
struct skb_shared_info *frame_alloc_heap(struct net *net, u32 size);
void frame_free(struct skb_shared_info *si);
/* A softnet ends: up to @nr frames of its cache go back to the pool. */
void frame_cache_flush(struct net *net, struct frame_cache *c, u32 nr);

/* The bookkeeping of the frame that @p points into; @p is checked: NULL when it
 * is outside the pool (a device's ring lied). */
struct skb_shared_info *frame_of(struct net *net, const void *p);

/* Drops one reference; the last one frees frame, fragments and frag_list. */
void frame_put(struct skb_shared_info *si);

u32 frame_pool_used(struct net *net);

/* The bookkeeping of frame @nr. */
static inline struct skb_shared_info *frame_info(const struct frame_pool *pool,
						 size_t nr)
{
	return (struct skb_shared_info *)(void *)(pool->info +
						  (nr << pool->info_shift));
}

/* A free frame becomes one with a single holder. */
static inline void frame_reset(struct skb_shared_info *si)
{
	const size_t begin = offsetof(struct skb_shared_info, frags);

	frame_unpoison(si);
	si->dataref = 1;
	memset((u8 *)si + begin, 0, sizeof(*si) - begin);
}

/* A frame of the pool with nothing hanging off it? */
static inline bool frame_is_plain(const struct skb_shared_info *si)
{
	return likely(!si->frags) && likely(!si->frag_list) && likely(!si->heap);
}

#endif /* CORE_FRAME_POOL_H */
