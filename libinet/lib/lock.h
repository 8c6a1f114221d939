/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locks that know from birth whether anybody can contend, and wait queues.
 *
 * In a stack that one thread runs (embedded, simulated) a lock is one flag
 * that catches taking it twice. In a threaded stack it is a futex: one atomic
 * exchange to take, one to release, a short spin and then sleep when held by
 * another. spin_lock() and mutex_lock() are the same; the name tells the
 * reader whether long sections are expected.
 */
#ifndef INET_LIB_LOCK_H
#define INET_LIB_LOCK_H

#include "lib/assert.h"
#include "lib/compiler.h"

struct lockable("lock") inet_lock {
	/* 0 free, 1 held, 2 held and somebody sleeps; or LOCK_ALONE, free or
	 * with LOCK_HELD: nobody else can want it */
	u32 state;
};

#define LOCK_HELD 1u
#define LOCK_ALONE 0x80000000u

/* @smp: may two threads ever want it? */
static inline void lock_init(struct inet_lock *l, bool smp)
{
	l->state = smp ? 0 : LOCK_ALONE;
}

/* What lock_init() was told. */
static inline bool lock_smp(const struct inet_lock *l)
{
	return !(data_race(l->state) & LOCK_ALONE);
}

/* The roads less travelled of the three functions below. */
void inet_lock_slow(struct inet_lock *l) unchecked_locking;
void inet_lock_wake(struct inet_lock *l, u32 old);

static inline void spin_lock(struct inet_lock *l) acquires(l) unchecked_locking;
static inline bool spin_trylock(struct inet_lock *l)
	tries_to_acquire(true, l) unchecked_locking;
static inline void spin_unlock(struct inet_lock *l)
	releases(l) unchecked_locking;

static inline void spin_lock(struct inet_lock *l)
{
	u32 expect = 0;

	if (likely(data_race(l->state) == LOCK_ALONE))
		l->state = LOCK_ALONE | LOCK_HELD;
	else if (unlikely(!__atomic_compare_exchange_n(
			 &l->state, &expect, LOCK_HELD, false,
			 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
		inet_lock_slow(l);
}

/* Return: true when the lock was free and now is held. */
static inline bool spin_trylock(struct inet_lock *l)
{
	u32 expect = 0;

	if (likely(data_race(l->state) == LOCK_ALONE)) {
		l->state = LOCK_ALONE | LOCK_HELD;
		return true;
	}
	return __atomic_compare_exchange_n(&l->state, &expect, LOCK_HELD, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static inline void spin_unlock(struct inet_lock *l)
{
	u32 old;

	if (likely(data_race(l->state) == (LOCK_ALONE | LOCK_HELD))) {
		l->state = LOCK_ALONE;
		return;
	}
	old = __atomic_exchange_n(&l->state, 0, __ATOMIC_RELEASE);
	if (unlikely(old != LOCK_HELD))
		inet_lock_wake(l, old);
}

/* Somebody holds it; in a debug assertion: the caller should. */
static inline bool spin_is_locked(const struct inet_lock *l)
{
	return READ_ONCE(l->state) & ~LOCK_ALONE;
}

#define mutex_init(l, smp) lock_init(l, smp)
#define mutex_lock(l) spin_lock(l)
#define mutex_trylock(l) spin_trylock(l)
#define mutex_unlock(l) spin_unlock(l)
#define lockdep_assert_held(l) inet_debug_assert(spin_is_locked(l))

/* ---- wait queues ---- */

/*
 * Threads that wait until a condition holds. Whoever makes it true calls
 * wake_up() afterwards, and keeps the queue alive until that returns; with
 * nobody waiting it is one fence. Times are CLOCK_MONOTONIC nanoseconds.
 */
struct wait_queue_head {
	u32 seq;	/* moves at each wake_up() that found a waiter; odd
			 * while one of them may sleep */
	u32 waiters;
	bool smp;	/* constant after init_waitqueue_head() */
};

#define WAIT_FOREVER U64_MAX

static inline void init_waitqueue_head(struct wait_queue_head *wq, bool smp)
{
	wq->seq = 0;
	wq->waiters = 0;
	wq->smp = smp;
}

/* Wakes all waiters. With !smp there can be none: the waiter runs the stack. */
void wake_up(struct wait_queue_head *wq);

/*
 * The pieces, for a condition that needs a lock: prepare, look at the
 * condition, sleep, and again; then finish.
 *
 *	u32 key = prepare_to_wait(wq);
 *	while (!condition && err == 0)
 *		err = wait_for_wake(wq, &key, deadline_ns);
 *	finish_wait(wq);
 *
 * wait_for_wake() returns 0 when woken (perhaps for nothing) and -ETIMEDOUT
 * past the deadline. Signals are not seen: the wait goes on after the handler.
 */
u32 prepare_to_wait(struct wait_queue_head *wq);
int wait_for_wake(struct wait_queue_head *wq, u32 *key, u64 deadline_ns);
void finish_wait(struct wait_queue_head *wq);

/* Was it woken since *@key, which is brought up to date? For who does not sleep. */
static inline bool wait_was_woken(const struct wait_queue_head *wq, u32 *key)
{
	u32 seq = __atomic_load_n(&wq->seq, __ATOMIC_SEQ_CST) & ~1u;

	if (seq == *key)
		return false;
	*key = seq;
	return true;
}

/*
 * Waits until cond(arg) is true. cond is called without a lock held by this
 * function and may take some itself.
 * Return: 0; -ETIMEDOUT past the deadline; -EDEADLK when the condition does
 * not hold and the queue is !smp, so that nobody could ever wake us.
 */
int wait_event_until(struct wait_queue_head *wq, u64 deadline_ns,
		     bool (*cond)(void *arg), void *arg);

#endif /* INET_LIB_LOCK_H */
