/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Assertions for programmer errors. They stay on in release builds; bytes
 * from the network and arguments from the application are never asserted.
 */
#ifndef INET_LIB_ASSERT_H
#define INET_LIB_ASSERT_H

#include "lib/compiler.h"

/* Prints "file:line: expr" on standard error and aborts. */
void inet_assert_fail(const char *file, int line, const char *expr)
	__cold __noreturn;

#define inet_assert(expr)                                              \
	do {                                                           \
		if (unlikely(!(expr)))                                 \
			inet_assert_fail(__FILE__, __LINE__, #expr);   \
	} while (0)

/* For checks that cost: only with --enable-debug. */
#ifdef INET_DEBUG
#define inet_debug_assert(expr) inet_assert(expr)
#else
#define inet_debug_assert(expr) ((void)sizeof(!(expr)))
#endif

#ifndef static_assert
#define static_assert _Static_assert
#endif
#define BUILD_BUG_ON(cond) _Static_assert(!(cond), "BUILD_BUG_ON " #cond)

#endif /* INET_LIB_ASSERT_H */
