/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a fuzz target needs: FUZZ_TARGET("name") once, then
 * LLVMFuzzerTestOneInput(), which returns 0 for every input and dies when a
 * property does not hold. The bytes it is given end where reading ends.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>

#include <inet/types.h>

#define FUZZ_TARGET(name) const char fuzz_name[] = name

/* The folder of tests/fuzz/corpus, and the name in reports. */
extern const char fuzz_name[];

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define fuzz_assert(expr) \
	do { \
		if (!(expr)) { \
			fprintf(stderr, "%s:%d: does not hold: %s\n", \
				__FILE__, __LINE__, #expr); \
			abort(); \
		} \
	} while (0)

#endif /* TESTS_FUZZ_H */
