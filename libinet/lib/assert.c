/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of a failed assertion. */
#include "lib/assert.h"

#include <stdio.h>
#include <stdlib.h>

void inet_assert_fail(const char *file, int line, const char *expr)
{
	fprintf(stderr, "libinet: %s:%d: assertion failed: %s\n", file, line,
		expr);
	abort();
}
