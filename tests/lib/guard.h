/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes whose end is the end of the world: behind the last one lies a page
 * that may not be read, so that a parser that looks one byte too far dies in
 * every build, not only under a sanitizer.
 */
#ifndef TESTS_GUARD_H
#define TESTS_GUARD_H

#include <inet/types.h>

struct guard {
	u8 *map;
	u8 *end;		/* first byte of the forbidden page */
	size_t size;		/* bytes before it */
};

/* Map at least @size bytes before a forbidden page; aborts on failure. */
void guard_open(struct guard *g, size_t size);
void guard_close(struct guard *g);

/* The last @len bytes before the page, filled with @fill. */
u8 *guard_take(struct guard *g, size_t len, u8 fill);

/* A copy of @len bytes that ends at the page. */
u8 *guard_copy(struct guard *g, const void *src, size_t len);

/* A copy that begins @align (0 to 7) bytes behind an address divisible by 8. */
u8 *guard_copy_aligned(struct guard *g, const void *src, size_t len,
		       unsigned int align);

/* The one of a test: setup and teardown of a CMocka group map 4,096 bytes. */
extern struct guard guard;
int guard_setup(void **state);
int guard_teardown(void **state);

#endif /* TESTS_GUARD_H */
