/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bob Jenkins' lookup3 (public domain, 2006), keyed by an initial value: for
 * tables whose key is secret and per stack. Not for values that leave the
 * machine: those are siphash() of random.h.
 */
#ifndef INET_LIB_JHASH_H
#define INET_LIB_JHASH_H

#include "lib/compiler.h"

#define JHASH_INITVAL 0xdeadbeefu

struct jhash_state_ {
	u32 a, b, c;
};

static inline void jhash_mix_(struct jhash_state_ *s)
{
	s->a -= s->c; s->a ^= rol32(s->c, 4);  s->c += s->b;
	s->b -= s->a; s->b ^= rol32(s->a, 6);  s->a += s->c;
	s->c -= s->b; s->c ^= rol32(s->b, 8);  s->b += s->a;
	s->a -= s->c; s->a ^= rol32(s->c, 16); s->c += s->b;
	s->b -= s->a; s->b ^= rol32(s->a, 19); s->a += s->c;
	s->c -= s->b; s->c ^= rol32(s->b, 4);  s->b += s->a;
}

static inline u32 jhash_final_(struct jhash_state_ *s)
{
	s->c ^= s->b; s->c -= rol32(s->b, 14);
	s->a ^= s->c; s->a -= rol32(s->c, 11);
	s->b ^= s->a; s->b -= rol32(s->a, 25);
	s->c ^= s->b; s->c -= rol32(s->b, 16);
	s->a ^= s->c; s->a -= rol32(s->c, 4);
	s->b ^= s->a; s->b -= rol32(s->a, 14);
	s->c ^= s->b; s->c -= rol32(s->b, 24);
	return s->c;
}

/* Of n 32-bit words: hashword() of lookup3. */
static inline u32 jhash2(const u32 *k, u32 n, u32 initval)
{
	u32 init = JHASH_INITVAL + (n << 2) + initval;
	struct jhash_state_ s = { init, init, init };

	for (; n > 3; n -= 3, k += 3) {
		s.a += k[0];
		s.b += k[1];
		s.c += k[2];
		jhash_mix_(&s);
	}
	switch (n) {
	case 3:
		s.c += k[2];
		fallthrough;
	case 2:
		s.b += k[1];
		fallthrough;
	case 1:
		s.a += k[0];
		return jhash_final_(&s);
	}
	return s.c;
}

/* Of one to three words, each 0 where it is not there: the same values. */
static inline u32 jhash_nwords_(u32 a, u32 b, u32 c, u32 n, u32 initval)
{
	u32 init = JHASH_INITVAL + (n << 2) + initval;
	struct jhash_state_ s = { init + a, init + b, init + c };

	return jhash_final_(&s);
}

static inline u32 jhash_3words(u32 a, u32 b, u32 c, u32 initval)
{
	return jhash_nwords_(a, b, c, 3, initval);
}

static inline u32 jhash_2words(u32 a, u32 b, u32 initval)
{
	return jhash_nwords_(a, b, 0, 2, initval);
}

static inline u32 jhash_1word(u32 a, u32 initval)
{
	return jhash_nwords_(a, 0, 0, 1, initval);
}

/* Maps a hash onto 0 .. n - 1 without a division. */
static inline u32 reciprocal_scale(u32 hash, u32 n)
{
	return (u32)(((u64)hash * n) >> 32);
}

#endif /* INET_LIB_JHASH_H */
