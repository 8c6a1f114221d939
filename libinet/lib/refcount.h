/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference counts: always atomic, and asserted against overflow, increment
 * from zero and decrement below zero.
 */
#ifndef INET_LIB_REFCOUNT_H
#define INET_LIB_REFCOUNT_H

#include "lib/assert.h"
#include "lib/compiler.h"

typedef struct refcount {
	u32 refs;
} refcount_t;

#define REFCOUNT_MAX 0x7fffffffu
#define REFCOUNT_INIT(n) { .refs = (n) }

static inline void refcount_set(refcount_t *r, u32 n)
{
	WRITE_ONCE(r->refs, n);
}

static inline u32 refcount_read(const refcount_t *r)
{
	return READ_ONCE(r->refs);
}

/* One more reference, by somebody who holds one. */
static inline void refcount_inc(refcount_t *r)
{
	u32 old = __atomic_fetch_add(&r->refs, 1, __ATOMIC_RELAXED);

	inet_assert(old - 1 < REFCOUNT_MAX - 1);
}

/*
 * One more reference, by an RCU reader who holds none.
 * Return: false when the object is already dying.
 */
static inline bool __must_check refcount_inc_not_zero(refcount_t *r)
{
	u32 old = READ_ONCE(r->refs);

	do {
		if (!old)
			return false;
		inet_assert(old < REFCOUNT_MAX);
	} while (!__atomic_compare_exchange_n(&r->refs, &old, old + 1, true,
					      __ATOMIC_ACQUIRE,
					      __ATOMIC_RELAXED));
	return true;
}

/* Return: true when this was the last one and the caller must free. */
static inline bool __must_check refcount_dec_and_test(refcount_t *r)
{
	u32 old = __atomic_fetch_sub(&r->refs, 1, __ATOMIC_ACQ_REL);

	inet_assert(old - 1 < REFCOUNT_MAX);
	return old == 1;
}

/*
 * As refcount_dec_and_test(), without an atomic operation when the caller's
 * reference is the only one. Only for objects that nobody can find without
 * holding a reference (sk_buffs, frames): an RCU reader's
 * refcount_inc_not_zero() could come between the look and the end.
 */
static inline bool __must_check refcount_dec_and_test_unshared(refcount_t *r)
{
	if (smp_load_acquire(&r->refs) == 1) {
		WRITE_ONCE(r->refs, 0);
		return true;
	}
	return refcount_dec_and_test(r);
}

#endif /* INET_LIB_REFCOUNT_H */
