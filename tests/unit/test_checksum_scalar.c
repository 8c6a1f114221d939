/* SPDX-License-Identifier: BSD-2-Clause */
/* The same tests of the version for processors without vectors. */
#define CSUM_WITHOUT_VECTORS
#include "lib/checksum.c"

#include "test_checksum.c"
