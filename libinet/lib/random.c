/* SPDX-License-Identifier: BSD-2-Clause */
/* Random numbers below a bound, SipHash, and a stream for jitter. */
#include "lib/random.h"

#include "lib/assert.h"
#include "lib/byteorder.h"

#include <sodium.h>

/* A secret word of each size. */
u32 get_random_u32(const struct inet_env *env)
{
	u32 v;

	get_random_bytes(env, &v, sizeof(v));
	return v;
}

/* The same, wider. */
u64 get_random_u64(const struct inet_env *env)
{
	u64 v;

	get_random_bytes(env, &v, sizeof(v));
	return v;
}

/*
 * Daniel Lemire's method: the high half of a product; the few values of the
 * low half that would favour some results are drawn again.
 */
u32 get_random_u32_below(const struct inet_env *env, u32 ceil)
{
	u64 product;

	inet_assert(ceil);
	do {
		product = (u64)get_random_u32(env) * ceil;
	} while (unlikely((u32)product < -ceil % ceil));
	return (u32)(product >> 32);
}

static_assert(crypto_shorthash_siphash24_KEYBYTES == sizeof(siphash_key_t) &&
		      crypto_shorthash_siphash24_BYTES == sizeof(u64),
	      "SipHash-2-4: a 128-bit key, a 64-bit value");

/* libsodium stores the value in little-endian order. */
u64 siphash(const siphash_key_t *key, const void *buf, size_t len)
{
	u64 hash;

	crypto_shorthash_siphash24((u8 *)&hash, buf, len, key->bytes);
	return le64_to_cpu(hash);
}

/* SplitMix64 of Sebastiano Vigna, as its author advises for seeding. */
static u64 splitmix64(u64 *x)
{
	u64 z = (*x += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void prandom_seed_state(struct rnd_state *state, u64 seed)
{
	for (int i = 0; i < 4; i++)
		state->s[i] = splitmix64(&seed);
}

static u64 rol64(u64 x, unsigned int n)
{
	return (x << n) | (x >> (64 - n));
}

/* xoshiro256** of David Blackman and Sebastiano Vigna (public domain). */
u64 prandom_u64_state(struct rnd_state *state)
{
	u64 *s = state->s;
	u64 result = rol64(s[1] * 5, 7) * 9;
	u64 t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rol64(s[3], 45);
	return result;
}
