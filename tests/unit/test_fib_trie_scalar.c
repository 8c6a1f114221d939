/* SPDX-License-Identifier: BSD-2-Clause */
/* The same tests of the version for processors that do not count bits. */
#define FIB_WITHOUT_POPCNT
#include "ipv4/fib_trie.c"

#include "test_fib_trie.c"
