/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes whose end is the end of the world.
 */
#include "guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void guard_die(const char *what)
{
	perror(what);
	abort();
}

void guard_open(struct guard *g, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *map;

	g->size = (size + page - 1) / page * page;
	map = mmap(NULL, g->size + page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		guard_die("guard_open: mmap");
	g->map = map;
	g->end = g->map + g->size;
	if (mprotect(g->end, page, PROT_NONE) != 0)
		guard_die("guard_open: mprotect");
}

void guard_close(struct guard *g)
{
	munmap(g->map, g->size + (size_t)sysconf(_SC_PAGESIZE));
	memset(g, 0, sizeof(*g));
}

u8 *guard_take(struct guard *g, size_t len, u8 fill)
{
	u8 *p = g->end - len;

	if (len > g->size)
		guard_die("guard_take: too long");
	if (len)
		memset(p, fill, len);
	return p;
}

u8 *guard_copy(struct guard *g, const void *src, size_t len)
{
	u8 *p = g->end - len;

	if (len > g->size)
		guard_die("guard_copy: too long");
	if (len)
		memmove(p, src, len);
	return p;
}

u8 *guard_copy_aligned(struct guard *g, const void *src, size_t len,
		       unsigned int align)
{
	u8 *p = g->end - (len + 7) / 8 * 8 - 8 + align;

	if (len + 16 > g->size)
		guard_die("guard_copy_aligned: too long");
	memmove(p, src, len);
	return p;
}

struct guard guard;

int guard_setup(void **state)
{
	(void)state;
	guard_open(&guard, 4096);
	return 0;
}

int guard_teardown(void **state)
{
	(void)state;
	guard_close(&guard);
	return 0;
}
