/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reference counts and counters that know from birth whether two threads can
 * meet at them: in a stack that one thread runs they cost an addition, with
 * threads an atomic one. Reference counts are asserted against overflow,
 * increment from zero and decrement below zero.
 */
#ifndef INET_LIB_REFCOUNT_H
#define INET_LIB_REFCOUNT_H

#include "lib/assert.h"
#include "lib/compiler.h"

typedef struct refcount {
	u32 refs;	/* REFCOUNT_ALONE: no other thread */
} refcount_t;

#define REFCOUNT_ALONE 0x80000000u
#define REFCOUNT_MAX 0x7fffffffu

/* @smp: may two threads ever hold one? */
static inline void refcount_init(refcount_t *r, u32 n, bool smp)
{
	WRITE_ONCE(r->refs, smp ? n : n | REFCOUNT_ALONE);
}

static inline u32 refcount_read(const refcount_t *r)
{
	return READ_ONCE(r->refs) & REFCOUNT_MAX;
}

/* Adds to a counter; gives the new value. */
#define count_add(p, n, smp)						\
	((smp) ? __atomic_add_fetch(p, n, __ATOMIC_RELAXED) : (*(p) += (n)))

/*
 * Drops one reference that is a plain counter: of objects that nobody finds
 * without holding one (packets), so that the only holder need not be atomic.
 * Return: true when it was the last; the counter may still say 1.
 */
static inline bool __must_check count_put(u32 *p, bool smp)
{
	if (likely(__atomic_load_n(p, __ATOMIC_ACQUIRE) == 1))
		return true;
	return smp ? __atomic_sub_fetch(p, 1, __ATOMIC_ACQ_REL) == 0 :
		     --*p == 0;
}

/* Adds @n, 1 or -1, to what is not shared. Return: the count before. */
static inline u32 refcount_add_alone(refcount_t *r, u32 old, u32 n)
{
	WRITE_ONCE(r->refs, old + n);
	return old & REFCOUNT_MAX;
}

/* One more reference, by somebody who holds one. */
static inline void refcount_inc(refcount_t *r)
{
	u32 old = READ_ONCE(r->refs);

	if (likely(old & REFCOUNT_ALONE))
		old = refcount_add_alone(r, old, 1);
	else
		old = __atomic_fetch_add(&r->refs, 1, __ATOMIC_RELAXED);
	inet_assert(old - 1 < REFCOUNT_MAX - 1);
}

/*
 * One more reference, by an RCU reader who holds none.
 * Return: false when the object is already dying.
 */
static inline bool __must_check refcount_inc_not_zero(refcount_t *r)
{
	u32 old = READ_ONCE(r->refs);

	if (likely(old & REFCOUNT_ALONE)) {
		if (old == REFCOUNT_ALONE)
			return false;
		old = refcount_add_alone(r, old, 1);
		inet_assert(old < REFCOUNT_MAX);
		return true;
	}
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
	u32 old = READ_ONCE(r->refs);

	if (likely(old & REFCOUNT_ALONE))
		old = refcount_add_alone(r, old, -1u);
	else
		old = __atomic_fetch_sub(&r->refs, 1, __ATOMIC_ACQ_REL);
	inet_assert(old - 1 < REFCOUNT_MAX);
	return old == 1;
}

#endif /* INET_LIB_REFCOUNT_H */
