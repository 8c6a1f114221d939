/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A keyed hash of three words: multilinear modulo 2^64 (of two different keys
 * nobody without the secrets knows that they collide), then mixed once. Without
 * the mixing, keys in a row (a port, the next) give values in a row: a few steps
 * are a whole turn for some secrets, and one collision found leads to others.
 */
#ifndef INET_LIB_MULTILINEAR_H
#define INET_LIB_MULTILINEAR_H

#include "lib/compiler.h"

#define MULTILINEAR_SECRETS 4		/* 64-bit random words */
#define MULTILINEAR_MIX 0x9e3779b97f4a7c15u	/* 2^64 over the golden ratio */

static inline u32 multilinear_3words(const u64 *secret, u32 a, u32 b, u32 c)
{
	u64 sum = secret[0] + secret[1] * a + secret[2] * b + secret[3] * c;

	return (u32)(((sum ^ sum >> 32) * MULTILINEAR_MIX) >> 32);
}

#endif /* INET_LIB_MULTILINEAR_H */
