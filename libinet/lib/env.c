/* SPDX-License-Identifier: BSD-2-Clause */
/* The default environment: the C library and libsodium. */
#include <inet/env.h>

#include "lib/assert.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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

/* malloc() where its own alignment will do. */
static void *default_alloc(void *opaque __maybe_unused, size_t size,
			   size_t align)
{
	void *p;

	if (align <= _Alignof(max_align_t))
		return malloc(size);
	return posix_memalign(&p, align, size) == 0 ? p : NULL;
}

static void default_free(void *opaque __maybe_unused, void *p,
			 size_t size __maybe_unused)
{
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
