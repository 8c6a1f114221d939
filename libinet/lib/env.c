/* SPDX-License-Identifier: BSD-2-Clause */
/* The default environment: the C library and libsodium. */
#include <inet/env.h>

#include "lib/assert.h"
#include "lib/compiler.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include <linux/mman.h>

#define ENV_HUGE_SHIFT 21
#define ENV_HUGE_PAGE ((size_t)1 << ENV_HUGE_SHIFT)

/* Reads a clock that every Linux has. */
static u64 clock_ns(clockid_t id)
{
	struct timespec ts;

	inet_assert(clock_gettime(id, &ts) == 0);
	return (u64)ts.tv_sec * 1000000000u + (u64)ts.tv_nsec;
}

static u64 default_now(void *opaque __maybe_unused)
{
	return clock_ns(CLOCK_MONOTONIC);
}

static u64 default_wall(void *opaque __maybe_unused)
{
	return clock_ns(CLOCK_REALTIME);
}

/* sodium_init() may be called at any time by any thread: it works once. */
static void default_random(void *opaque __maybe_unused, void *buf, size_t len)
{
	inet_assert(sodium_init() >= 0);
	randombytes_buf(buf, len);
}

/* Whole huge pages at their border: map_huge() gives such memory out, nobody else. */
static bool is_huge(const void *p, size_t size)
{
	return size && size % ENV_HUGE_PAGE == 0 && (uintptr_t)p % ENV_HUGE_PAGE == 0;
}

/* Huge pages that the machine keeps ready (vm.nr_hugepages); if it has not so many,
 * others, which the kernel may make huge as they are used. */
static void *map_huge(size_t size)
{
	const int prot = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
	size_t before;
	u8 *p = mmap(NULL, size, prot, flags | MAP_HUGETLB |
		     ENV_HUGE_SHIFT << MAP_HUGE_SHIFT, -1, 0);

	if (p != MAP_FAILED)
		return p;
	p = mmap(NULL, size + ENV_HUGE_PAGE, prot, flags, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	before = ENV_HUGE_PAGE - (uintptr_t)p % ENV_HUGE_PAGE;
	munmap(p, before);
	if (before < ENV_HUGE_PAGE)
		munmap(p + before + size, ENV_HUGE_PAGE - before);
	p += before;
	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

/* malloc() where its own alignment will do. */
static void *default_alloc(void *opaque __maybe_unused, size_t size,
			   size_t align)
{
	void *p = NULL;

	inet_assert(align <= ENV_HUGE_PAGE);
	if (align == ENV_HUGE_PAGE && size % ENV_HUGE_PAGE == 0)
		return map_huge(size);
	if (align <= _Alignof(max_align_t))
		p = malloc(size);
	else if (posix_memalign(&p, align, size))
		return NULL;
	if (likely(!p || !is_huge(p, size)))
		return p;
	free(p);		/* it lies so by chance */
	return map_huge(size);
}

static void default_free(void *opaque __maybe_unused, void *p, size_t size)
{
	if (is_huge(p, size))
		munmap(p, size);
	else
		free(p);
}

static void default_log(void *opaque __maybe_unused,
			int level __maybe_unused, const char *line)
{
	fprintf(stderr, "libinet: %s\n", line);
}

const struct inet_env *inet_env_default(void)
{
	static const struct inet_env env = {
		.size = sizeof(env),
		.now = default_now,
		.wall = default_wall,
		.random = default_random,
		.alloc = default_alloc,
		.free = default_free,
		.log = default_log,
	};

	return &env;
}
