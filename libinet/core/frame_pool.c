/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame pool: see frame_pool.h for what it is and how it is shared. */
#include "core/frame_pool.h"

#include <errno.h>
#include <string.h>

#include "core/net.h"
#include "core/skbuff.h"
#include "core/ubuf.h"
#include "lib/assert.h"
#include "lib/points.h"

#define POOL_ALIGN 4096		/* what AF_XDP and VFIO ask of the region */
#define POOL_HUGE_ALIGN ((size_t)2 << 20)	/* so that pages may be huge */
#define POOL_MIN_FRAMES 64
#define POOL_MAX_FRAMES (1u << 24)

static size_t info_size(const struct frame_pool *pool)
{
	return (size_t)pool->nr_frames << pool->info_shift;
}

/* Return: 0, -EINVAL (sizes), -ENOMEM. */
int frame_pool_init(struct net *net, u32 nr_frames, u32 frame_size)
{
	struct frame_pool *pool = &net->pool;
	size_t align = POOL_ALIGN;

	if (frame_size != 2048 && frame_size != 4096)
		return net_error(net, -EINVAL,
				 "frame_size %u: must be 2048 or 4096",
				 frame_size);
	if (nr_frames < POOL_MIN_FRAMES || nr_frames > POOL_MAX_FRAMES)
		return net_error(net, -EINVAL, "nr_frames %u: not in %u..%u",
				 nr_frames, POOL_MIN_FRAMES, POOL_MAX_FRAMES);
	pool->frame_size = frame_size;
	pool->nr_frames = nr_frames;
	pool->region_size = (size_t)nr_frames * frame_size;
	if (pool->region_size >= POOL_HUGE_ALIGN) {
		align = POOL_HUGE_ALIGN;
		pool->region_size = ALIGN(pool->region_size, align);
	}
	pool->region = mem_alloc_aligned(&net->mem, pool->region_size, align);
	if (!pool->region)
		return -ENOMEM;
	/* where frames go from one processor to another, what they count in
	 * lies apart */
	pool->info_shift = (u32)ilog2(net->smp ? SMP_APART_BYTES :
						 sizeof(struct skb_shared_info));
	pool->info = mem_alloc_aligned(&net->mem, info_size(pool),
				       1UL << pool->info_shift);
	if (!pool->info) {
		mem_free(&net->mem, pool->region, pool->region_size);
		pool->region = NULL;
		return -ENOMEM;
	}
	lock_init(&pool->lock, net->smp);
	pool->nr_fresh = nr_frames;
	pool->nr_free = nr_frames;
	pool->low_water = nr_frames / 8;
	pool->cache_max = clamp(nr_frames / 16 / net->nr_softnets,
				(u32)FRAME_CACHE_BATCH, (u32)FRAME_CACHE_MAX);
	return 0;
}

/* Gives the region back. Every frame must have come home. */
void frame_pool_destroy(struct net *net)
{
	struct frame_pool *pool = &net->pool;
	struct skb_shared_info *si;

	if (!pool->region)
		return;
	inet_assert(pool->nr_free == pool->nr_frames);
	for (si = pool->free; si; si = si->next_free)
		frame_unpoison(si);
	mem_free(&net->mem, pool->info, info_size(pool));
	mem_free(&net->mem, pool->region, pool->region_size);
	pool->region = NULL;
}

/* Under pool->lock; the caller saw nr_free > 0 and counts. Frames that were never
 * used come last, so that a small load touches little memory. */
static struct skb_shared_info *pool_take_locked(struct net *net)
{
	struct frame_pool *pool = &net->pool;
	struct skb_shared_info *si = pool->free;
	size_t nr;

	if (si) {
		pool->free = si->next_free;
		return si;
	}
	nr = pool->nr_frames - pool->nr_fresh--;
	si = frame_info(pool, nr);
	si->frame = pool->region + nr * pool->frame_size;
	si->size = pool->frame_size;
	si->net = net;
	si->heap = 0;
	return si;
}

/* The caller counts. */
static void pool_give_locked(struct frame_pool *pool,
			     struct skb_shared_info *si)
{
	si->next_free = pool->free;
	pool->free = si;
}

/* @n frames more are in the pool: once for many, as whoever allocates looks. */
static void pool_count_locked(struct frame_pool *pool, u32 n)
{
	WRITE_ONCE(pool->nr_free, pool->nr_free + n);
}

/* Fills an empty cache with a batch. Return: false when the pool is empty. */
static bool cache_refill(struct net *net, struct frame_cache *c)
{
	struct frame_pool *pool = &net->pool;
	struct skb_shared_info *si;
	u32 i, n;

	spin_lock(&pool->lock);
	n = min(FRAME_CACHE_BATCH, pool->nr_free);
	for (i = 0; i < n; i++) {
		si = pool_take_locked(net);
		si->next_free = c->free;
		c->free = si;
	}
	pool_count_locked(pool, -n);
	spin_unlock(&pool->lock);
	WRITE_ONCE(c->nr, c->nr + n);
	return c->nr > 0;
}

/* Gives @nr frames of a cache back to the pool. Context: its owner. */
void frame_cache_flush(struct net *net, struct frame_cache *c, u32 nr)
{
	struct skb_shared_info *si;
	u32 i;

	nr = min(nr, c->nr);
	spin_lock(&net->pool.lock);
	for (i = 0; i < nr; i++) {
		si = c->free;
		c->free = si->next_free;
		pool_give_locked(&net->pool, si);
	}
	pool_count_locked(&net->pool, nr);
	spin_unlock(&net->pool.lock);
	WRITE_ONCE(c->nr, c->nr - nr);
}

static struct skb_shared_info *cache_take(struct frame_cache *c)
{
	struct skb_shared_info *si = c->free;

	c->free = si->next_free;
	WRITE_ONCE(c->nr, c->nr - 1);
	frame_reset(si);
	return si;
}

/* The softnet's cache is empty, or there is no softnet (@c NULL). */
static __noinline struct skb_shared_info *frame_alloc_slow(struct net *net,
							   struct frame_cache *c)
{
	struct skb_shared_info *si = NULL;

	if (c)
		return cache_refill(net, c) ? cache_take(c) : NULL;
	spin_lock(&net->pool.lock);
	if (net->pool.nr_free) {
		si = pool_take_locked(net);
		pool_count_locked(&net->pool, -1u);
	}
	spin_unlock(&net->pool.lock);
	if (si)
		frame_reset(si);
	return si;
}

struct skb_shared_info *frame_alloc_pool(struct net *net)
{
	struct softnet_data *sd = this_softnet(net);

	if (likely(sd && sd->frames.nr))
		return cache_take(&sd->frames);
	return frame_alloc_slow(net, sd ? &sd->frames : NULL);
}

struct skb_shared_info *frame_alloc(struct net *net, bool for_device)
{
	if (unlikely(frame_wants_heap(net, for_device)))
		return frame_alloc_heap(net, net->pool.frame_size);
	return frame_alloc_pool(net);
}

struct skb_shared_info *frame_alloc_heap(struct net *net, u32 size)
{
	struct skb_shared_info *si;

	si = mem_alloc(&net->mem, sizeof(*si) + size);
	if (!si)
		return NULL;
	si->frame = (u8 *)(si + 1);
	si->size = size;
	si->net = net;
	frame_reset(si);
	si->heap = FRAME_HEAP;
	count_add(&net->pool.nr_heap, 1, net->smp);
	return si;
}

/* A frame that is not of the pool, or one freed where there is no softnet. */
static __noinline void frame_free_slow(struct net *net,
				       struct skb_shared_info *si)
{
	if (frame_is_ubuf(si)) {
		frame_free_ubuf(si);
		return;
	}
	if (si->heap) {
		count_add(&net->pool.nr_heap, -1, net->smp);
		mem_free(&net->mem, si, sizeof(*si) + si->size);
		return;
	}
	frame_poison(si);
	spin_lock(&net->pool.lock);
	pool_give_locked(&net->pool, si);
	pool_count_locked(&net->pool, 1);
	spin_unlock(&net->pool.lock);
}

__always_inline void frame_free(struct skb_shared_info *si)
{
	struct net *net = si->net;
	struct softnet_data *sd = this_softnet(net);

	if (unlikely(si->heap || !sd)) {
		frame_free_slow(net, si);
		return;
	}
	frame_poison(si);
	si->next_free = sd->frames.free;
	sd->frames.free = si;
	WRITE_ONCE(sd->frames.nr, sd->frames.nr + 1);
	if (unlikely(sd->frames.nr > net->pool.cache_max))
		frame_cache_flush(net, &sd->frames, FRAME_CACHE_BATCH);
}

/* Lets go of fragments and frag_list of a frame that nobody holds, then of the
 * frame. */
static __noinline void frame_free_frags(struct skb_shared_info *si)
{
	struct sk_buff *skb, *next;
	u32 i;

	for (i = 0; i < si->nr_frags; i++)
		frame_put(si->frags[i].frame);
	if (si->frags)
		kmem_cache_free(si->net->frags_slab, si->frags);
	for (skb = si->frag_list; skb; skb = next) {
		next = skb->next;
		consume_skb(skb);
	}
	frame_free(si);
}

void frame_put(struct skb_shared_info *si)
{
	if (!count_put(&si->dataref, si->net->smp))
		return;
	if (unlikely(si->frags || si->frag_list))
		frame_free_frags(si);
	else
		frame_free(si);
}

struct skb_shared_info *frame_of(struct net *net, const void *p)
{
	size_t off = (size_t)((const u8 *)p - net->pool.region);

	if ((const u8 *)p < net->pool.region || off >= net->pool.region_size)
		return NULL;
	return frame_info(&net->pool, off / net->pool.frame_size);
}

/* Frames that somebody holds; those in caches do not count. */
u32 frame_pool_used(struct net *net)
{
	u32 used = net->pool.nr_frames - READ_ONCE(net->pool.nr_free);
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		used -= READ_ONCE(net->softnets[i].frames.nr) +
			READ_ONCE(net->softnets[i].nr_skb_whole);
	return used;
}
