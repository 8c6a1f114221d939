/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounting and failure of allocations, and slabs.
 *
 * A slab is one allocation: a link to the next slab, then as many objects as
 * fit. Objects are cut off it one by one when first needed, so that a fresh
 * slab is not touched as a whole; freed ones are chained through their first
 * word. A slab belongs to one home (mem_home); an object that another thread frees
 * goes back there: where there are several homes, a slab begins at a multiple of
 * its size, so that its objects find it.
 */
#include "lib/mem.h"

#include "lib/assert.h"
#include "lib/points.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_ALIGN _Alignof(max_align_t)
#define SLAB_BYTES 16384
#define SLAB_ROOM 64		/* left to the allocator's own words */
#define POISON_FREE 0x6b

/* Under a sanitizer every object is an allocation of its own. */
#define SEPARATE (INET_ASAN || INET_TSAN)

__thread u32 mem_home;

struct slab {
	struct slab *next;
	struct kmem_home *home;
};

/* What the threads of one home are handed. */
struct kmem_home {
	struct inet_lock lock;		/* guards the rest; a leaf */
	u32 fresh;			/* objects of slabs never handed out */
	char *next_fresh;
	void *free;			/* chained through the first word */
	struct slab *slabs;
	size_t live;
} __aligned(SMP_APART_BYTES);

struct kmem_cache {
	struct mem *mem;
	const char *name;
	size_t size;			/* of one object, a multiple of align */
	size_t align;
	u32 per_slab;
	u32 nr_homes;
	struct list_head node;		/* in mem.caches */
	struct kmem_home homes[];
};

void mem_init(struct mem *mem, const struct inet_env *env, bool smp)
{
	*mem = (struct mem){ .env = env, .smp = smp, .nr_homes = 1 };
	lock_init(&mem->lock, smp);
	INIT_LIST_HEAD(&mem->caches);
}

size_t mem_destroy(struct mem *mem)
{
	const struct inet_env *env = mem->env;
	const struct list_head *node;
	struct kmem_cache *c;
	char line[160];

	if (!mem->live_objects)
		return 0;
	/* not by list_for_each_entry(): its end is no cache, nor aligned as one */
	for (node = mem->caches.next; node != &mem->caches; node = node->next) {
		c = list_entry(node, struct kmem_cache, node);
		snprintf(line, sizeof(line),
			 "leak: cache %s is alive with %zu objects", c->name,
			 kmem_cache_live(c));
		env->log(env->opaque, INET_LOG_ERR, line);
	}
	snprintf(line, sizeof(line), "leak: %zu bytes in %zu allocations",
		 mem->live_bytes, mem->live_objects);
	env->log(env->opaque, INET_LOG_ERR, line);
	return mem->live_objects;
}

/* ---- the armed failure ---- */

void mem_fail_nth(struct mem *mem, u64 n)
{
	spin_lock(&mem->lock);
	WRITE_ONCE(mem->fail_nth, n);
	WRITE_ONCE(mem->failed, false);
	spin_unlock(&mem->lock);
}

bool mem_failed(const struct mem *mem)
{
	return READ_ONCE(mem->failed);
}

/* Return: whether this allocation is the one to fail. */
static bool must_fail(struct mem *mem)
{
	bool fail = false;

	if (INET_BUGGIFY(NO_MEMORY))
		return true;
	if (likely(!READ_ONCE(mem->fail_nth)))
		return false;
	spin_lock(&mem->lock);
	if (mem->fail_nth) {
		WRITE_ONCE(mem->fail_nth, mem->fail_nth - 1);
		fail = mem->fail_nth == 0;
		if (fail)
			WRITE_ONCE(mem->failed, true);
	}
	spin_unlock(&mem->lock);
	return fail;
}

/* ---- memory ---- */

/* One more allocation lives. */
static void account(struct mem *mem, size_t size)
{
	spin_lock(&mem->lock);
	WRITE_ONCE(mem->live_bytes, mem->live_bytes + size);
	mem->live_objects++;
	mem->peak_bytes = max(mem->peak_bytes, mem->live_bytes);
	spin_unlock(&mem->lock);
}

/* One less; more freed than allocated is a programmer's error. */
static void unaccount(struct mem *mem, size_t size)
{
	spin_lock(&mem->lock);
	inet_assert(mem->live_objects && mem->live_bytes >= size);
	WRITE_ONCE(mem->live_bytes, mem->live_bytes - size);
	mem->live_objects--;
	spin_unlock(&mem->lock);
}

/* An allocation that the armed failure does not count. */
static void *get(struct mem *mem, size_t size, size_t align)
{
	void *p = mem->env->alloc(mem->env->opaque, size, align);

	if (p)
		account(mem, size);
	return p;
}

static void put(struct mem *mem, void *p, size_t size)
{
	unaccount(mem, size);
	mem->env->free(mem->env->opaque, p, size);
}

void *mem_alloc_aligned(struct mem *mem, size_t size, size_t align)
{
	inet_assert(is_power_of_2(align));
	if (must_fail(mem))
		return NULL;
	return get(mem, max_t(size_t, size, 1), max(align, sizeof(void *)));
}

/* A type is at least as large as its alignment: a cache line at most. */
void *mem_alloc(struct mem *mem, size_t size)
{
	size_t align = 1UL << ilog2(size | 1);

	return mem_alloc_aligned(mem, size,
				 clamp_t(size_t, align, DEFAULT_ALIGN,
					 SMP_CACHE_BYTES));
}

void *mem_zalloc(struct mem *mem, size_t size)
{
	void *p = mem_alloc(mem, size);

	return p ? memset(p, 0, size) : NULL;
}

void *mem_zalloc_aligned(struct mem *mem, size_t size, size_t align)
{
	void *p = mem_alloc_aligned(mem, size, align);

	return p ? memset(p, 0, size) : NULL;
}

void *mem_calloc(struct mem *mem, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return mem_zalloc(mem, total);
}

void mem_free(struct mem *mem, void *p, size_t size)
{
	if (p)
		put(mem, p, max_t(size_t, size, 1));
}

/* ---- caches ---- */

static size_t slab_header(const struct kmem_cache *c)
{
	return ALIGN(sizeof(struct slab), c->align);
}

static size_t slab_size(const struct kmem_cache *c)
{
	return slab_header(c) + c->per_slab * c->size;
}

static size_t cache_size(const struct mem *mem)
{
	return sizeof(struct kmem_cache) +
	       mem->nr_homes * sizeof(struct kmem_home);
}

struct kmem_cache *kmem_cache_create(struct mem *mem, const char *name,
				     size_t size, size_t align)
{
	struct kmem_cache *c = mem_zalloc_aligned(mem, cache_size(mem),
						  _Alignof(struct kmem_cache));
	u32 i;

	if (!c)
		return NULL;
	c->mem = mem;
	c->name = name;
	c->align = max(align ? align : DEFAULT_ALIGN, sizeof(void *));
	inet_assert(is_power_of_2(c->align));
	c->size = ALIGN(max(size, sizeof(void *)), c->align);
	c->per_slab = (u32)max_t(size_t, 1,
				 (SLAB_BYTES - SLAB_ROOM - slab_header(c)) /
					 c->size);
	c->nr_homes = mem->nr_homes;
	for (i = 0; i < c->nr_homes; i++)
		lock_init(&c->homes[i].lock, mem->smp);
	spin_lock(&mem->lock);
	list_add_tail(&c->node, &mem->caches);
	spin_unlock(&mem->lock);
	return c;
}

static void free_slabs(struct kmem_cache *c, struct slab *slab)
{
	struct slab *next;

	for (; slab; slab = next) {
		next = slab->next;
		put(c->mem, slab, slab_size(c));
	}
}

void kmem_cache_destroy(struct kmem_cache *c)
{
	struct mem *mem;
	u32 i;

	if (!c)
		return;
	mem = c->mem;
	if (kmem_cache_live(c)) {
		mem_destroy(mem);	/* names the cache before the end */
		inet_assert(kmem_cache_live(c) == 0);
	}
	for (i = 0; i < c->nr_homes; i++)
		free_slabs(c, c->homes[i].slabs);
	spin_lock(&mem->lock);
	list_del(&c->node);
	spin_unlock(&mem->lock);
	mem_free(mem, c, cache_size(mem));
}

/* Where the calling thread gets objects. */
static inline struct kmem_home *home_of_caller(struct kmem_cache *c)
{
	u32 home;

	if (SEPARATE || c->nr_homes == 1)
		return &c->homes[0];
	home = mem_home;
	return &c->homes[home < c->nr_homes ? home : 0];
}

/* Where @p was handed out. */
static inline struct kmem_home *home_of_object(struct kmem_cache *c,
					       const void *p)
{
	if (SEPARATE || c->nr_homes == 1)
		return &c->homes[0];
	return ((struct slab *)((uintptr_t)p & ~(uintptr_t)(SLAB_BYTES - 1)))->home;
}

/* Gets one more slab, to be cut up from its beginning. */
static bool grow(struct kmem_cache *c, struct kmem_home *h) must_hold(h->lock)
{
	struct slab *slab = get(c->mem, slab_size(c),
				c->nr_homes == 1 ? c->align : SLAB_BYTES);

	if (!slab)
		return false;
	slab->next = h->slabs;
	slab->home = h;
	h->slabs = slab;
	h->next_fresh = (char *)slab + slab_header(c);
	h->fresh = c->per_slab;
	return true;
}

/* A freed object, or a fresh one of the newest slab, or of another. */
static void *take(struct kmem_cache *c, struct kmem_home *h) must_hold(h->lock)
{
	void *p = h->free;

	if (SEPARATE)
		return get(c->mem, c->size, c->align);
	if (likely(p)) {
		memcpy(&h->free, p, sizeof(h->free));
		return p;
	}
	if (!h->fresh && !grow(c, h))
		return NULL;
	p = h->next_fresh;
	h->next_fresh += c->size;
	h->fresh--;
	return p;
}

/* Chains p to the free ones; whoever still reads it sees the poison. */
static void give_back(struct kmem_cache *c, struct kmem_home *h, void *p)
	must_hold(h->lock)
{
	inet_assert(h->live);
	h->live--;
	if (SEPARATE) {
		put(c->mem, p, c->size);
		return;
	}
#ifdef INET_DEBUG
	memset(p, POISON_FREE, c->size);
#endif
	memcpy(p, &h->free, sizeof(h->free));
	h->free = p;
}

/* Counts as one allocation, whether or not a slab is needed. */
static __always_inline u32 alloc_objects(struct kmem_cache *c, u32 n, void **p)
{
	struct kmem_home *h = home_of_caller(c);
	u32 i;

	if (must_fail(c->mem))
		return 0;
	spin_lock(&h->lock);
	for (i = 0; i < n && (p[i] = take(c, h)); i++)
		;
	h->live += i;
	spin_unlock(&h->lock);
	return i;
}

u32 kmem_cache_alloc_bulk(struct kmem_cache *c, u32 n, void **p)
{
	return alloc_objects(c, n, p);
}

void *kmem_cache_alloc(struct kmem_cache *c)
{
	void *p;

	return alloc_objects(c, 1, &p) ? p : NULL;
}

void *kmem_cache_zalloc(struct kmem_cache *c)
{
	void *p = kmem_cache_alloc(c);

	return p ? memset(p, 0, c->size) : NULL;
}

/* Objects of one home in a row are given back together. */
void kmem_cache_free_bulk(struct kmem_cache *c, u32 n, void **p)
{
	struct kmem_home *h;
	u32 i = 0;

	while (i < n) {
		h = home_of_object(c, p[i]);
		spin_lock(&h->lock);
		for (; i < n && home_of_object(c, p[i]) == h; i++)
			give_back(c, h, p[i]);
		spin_unlock(&h->lock);
	}
}

void kmem_cache_free(struct kmem_cache *c, void *p)
{
	struct kmem_home *h;

	if (!p)
		return;
	h = home_of_object(c, p);
	spin_lock(&h->lock);
	give_back(c, h, p);
	spin_unlock(&h->lock);
}

size_t kmem_cache_live(struct kmem_cache *c)
{
	size_t live = 0;
	u32 i;

	for (i = 0; i < c->nr_homes; i++) {
		spin_lock(&c->homes[i].lock);
		live += c->homes[i].live;
		spin_unlock(&c->homes[i].lock);
	}
	return live;
}
