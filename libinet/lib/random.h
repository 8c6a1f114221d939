/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Randomness of three kinds: secrets from the environment, a keyed hash whose
 * values may be shown to the world (SipHash), and a fast predictable stream
 * for jitter.
 */
#ifndef INET_LIB_RANDOM_H
#define INET_LIB_RANDOM_H

#include <inet/env.h>

#include "lib/compiler.h"

/* ---- secrets ---- */

static inline void get_random_bytes(const struct inet_env *env, void *buf,
				    size_t len)
{
	env->random(env->opaque, buf, len);
}

u32 get_random_u32(const struct inet_env *env);
u64 get_random_u64(const struct inet_env *env);

/* Return: 0 .. ceil - 1, each alike; ceil > 0. */
u32 get_random_u32_below(const struct inet_env *env, u32 ceil);

/* ---- SipHash-2-4 ---- */

typedef struct siphash_key {
	u8 bytes[16];
} siphash_key_t;

u64 siphash(const siphash_key_t *key, const void *buf, size_t len);

/* ---- a stream for jitter: xoshiro256**; one owner, no lock ---- */

struct rnd_state {
	u64 s[4];
};

/* The same seed gives the same stream. */
void prandom_seed_state(struct rnd_state *state, u64 seed);

u64 prandom_u64_state(struct rnd_state *state);

static inline u32 prandom_u32_state(struct rnd_state *state)
{
	return (u32)(prandom_u64_state(state) >> 32);
}

/* Return: 0 .. ceil - 1, alike to within 2^-32 * ceil; ceil > 0. */
static inline u32 prandom_u32_below(struct rnd_state *state, u32 ceil)
{
	return (u32)(((u64)prandom_u32_state(state) * ceil) >> 32);
}

#endif /* INET_LIB_RANDOM_H */
