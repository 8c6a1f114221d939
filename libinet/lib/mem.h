/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory of one stack: everything it allocates goes through one struct
 * mem, which counts what lives, can fail a chosen allocation, and says at the
 * end whether anything was forgotten. A kmem_cache hands out objects of one
 * type.
 */
#ifndef INET_LIB_MEM_H
#define INET_LIB_MEM_H

#include <inet/env.h>

#include "lib/list.h"
#include "lib/lock.h"

struct mem {
	struct inet_lock lock;		/* guards the counters; a leaf */
	const struct inet_env *env;
	bool smp;
	u32 nr_homes;			/* of caches made from now on; 1 */
	u64 fail_nth;			/* allocations until one fails, or 0 */
	bool failed;			/* the armed failure has happened */
	size_t live_bytes;
	size_t live_objects;
	size_t peak_bytes;
	struct list_head caches;	/* of kmem_cache.node */
};

/*
 * @env: must outlive the mem
 * @smp: will more than one thread use it?
 */
void mem_init(struct mem *mem, const struct inet_env *env, bool smp);

/*
 * Says through env->log what still lives.
 * Return: the number of objects alive, 0 when all was given back.
 */
size_t mem_destroy(struct mem *mem);

/*
 * Return: memory aligned for any type of this size, also a
 * ____cacheline_aligned one; or NULL. size 0 counts as 1.
 */
void *mem_alloc(struct mem *mem, size_t size) __must_check;
void *mem_zalloc(struct mem *mem, size_t size) __must_check;

/* As mem_zalloc() for n objects; NULL too when n * size overflows. */
void *mem_calloc(struct mem *mem, size_t n, size_t size) __must_check;

/* As mem_alloc() and mem_zalloc() at a multiple of align, a power of two. */
void *mem_alloc_aligned(struct mem *mem, size_t size, size_t align)
	__must_check;
void *mem_zalloc_aligned(struct mem *mem, size_t size, size_t align)
	__must_check;

/* @size: the one asked for. p may be NULL. */
void mem_free(struct mem *mem, void *p, size_t size);

/*
 * Arms one failure: the n-th allocation from now (1 is the next) of memory or
 * of a cache's object returns NULL; 0 disarms.
 */
void mem_fail_nth(struct mem *mem, u64 n);

/* Return: whether the failure armed last has happened. */
bool mem_failed(const struct mem *mem);

/* ---- objects of one type ---- */

struct kmem_cache;

/*
 * Where the calling thread is at home: it is handed objects of slabs from which
 * nobody of another home is. What two processors work on lies pages apart then; in
 * neighbouring lines they would take it from one another, by reading ahead. Below
 * mem.nr_homes, or it counts as 0.
 */
extern __thread u32 mem_home;

/*
 * @name: for the leak report; must outlive the cache
 * @align: a power of two, or 0 for that of any type
 * Return: a cache, or NULL. Memory is taken in slabs of about 16 KiB and given
 * back only by kmem_cache_destroy(). Under a sanitizer each object is an
 * allocation of its own, so that a use after its end is seen.
 */
struct kmem_cache *kmem_cache_create(struct mem *mem, const char *name,
				     size_t size, size_t align) __must_check;

/* Asserts that no object lives. c may be NULL. */
void kmem_cache_destroy(struct kmem_cache *c);

void *kmem_cache_alloc(struct kmem_cache *c) __must_check;
void *kmem_cache_zalloc(struct kmem_cache *c) __must_check;

/* p may be NULL. Any thread, if the mem is smp. */
void kmem_cache_free(struct kmem_cache *c, void *p);

/*
 * The same for many, as one allocation.
 * Return: how many of @n objects are in @p now: less when memory is short.
 */
u32 kmem_cache_alloc_bulk(struct kmem_cache *c, u32 n, void **p) __must_check;
void kmem_cache_free_bulk(struct kmem_cache *c, u32 n, void **p);

/* Return: the number of objects that live. */
size_t kmem_cache_live(struct kmem_cache *c);

#endif /* INET_LIB_MEM_H */
