/* SPDX-License-Identifier: BSD-2-Clause */
/* What locks and wait queues do when they must wait: futex(2). */
#include "lib/lock.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000ULL
#define SEQ_ASLEEP 1u		/* in wait_queue_head.seq */
#define LOCK_SPINS 64	/* about a microsecond, then sleep */

/*
 * Sleeps while *word == val, until somebody wakes it or deadline_ns comes.
 * Return: 0, -EAGAIN (*word is another), -EINTR, -ETIMEDOUT.
 */
static int futex_wait(u32 *word, u32 val, u64 deadline_ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(deadline_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(deadline_ns % NSEC_PER_SEC),
	};
	long rc = syscall(SYS_futex, word,
			  FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, val,
			  deadline_ns == WAIT_FOREVER ? NULL : &ts, NULL,
			  FUTEX_BITSET_MATCH_ANY);

	return rc < 0 ? -errno : 0;
}

static void futex_wake(u32 *word, int nr)
{
	syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, nr, NULL,
		NULL, 0);
}

/*
 * Ulrich Drepper, "Futexes Are Tricky", the second mutex: whoever has slept
 * takes the lock as state 2, since others may sleep still.
 */
void inet_lock_slow(struct inet_lock *l)
{
	inet_assert(lock_smp(l));	/* taken twice */
	for (int i = 0; i < LOCK_SPINS; i++) {
		if (READ_ONCE(l->state) == 0 && spin_trylock(l))
			return;
		cpu_relax();
	}
	while (__atomic_exchange_n(&l->state, 2, __ATOMIC_ACQUIRE) != 0)
		futex_wait(&l->state, 2, WAIT_FOREVER);
}

/* @old: what it was before it was set free. */
void inet_lock_wake(struct inet_lock *l, u32 old)
{
	inet_assert(old == 2);		/* not held */
	futex_wake(&l->state, 1);
}

/*
 * The waker stores the condition, then reads waiters; the waiter counts
 * itself, then reads the condition; both with a full fence between, so that
 * one of them sees the other. Between its look and its sleep the waiter is
 * covered by seq, which is even until a waiter is about to sleep and makes it
 * odd. Whoever wakes makes it even again, and enters the kernel only if it was
 * odd: a packet after packet for a thread that was woken and has not run yet
 * costs one system call.
 */
void wake_up(struct wait_queue_head *wq)
{
	u32 old, new;

	if (!wq->smp || !__atomic_fetch_or(&wq->waiters, 0, __ATOMIC_SEQ_CST))
		return;
	old = __atomic_load_n(&wq->seq, __ATOMIC_RELAXED);
	do
		new = (old | SEQ_ASLEEP) + 1;
	while (!__atomic_compare_exchange_n(&wq->seq, &old, new, true,
					    __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED));
	if (old & SEQ_ASLEEP)
		futex_wake(&wq->seq, INT_MAX);
}

u32 prepare_to_wait(struct wait_queue_head *wq)
{
	__atomic_fetch_add(&wq->waiters, 1, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&wq->seq, __ATOMIC_SEQ_CST) & ~SEQ_ASLEEP;
}

int wait_for_wake(struct wait_queue_head *wq, u32 *key, u64 deadline_ns)
{
	u32 seen = *key, asleep = *key | SEQ_ASLEEP;
	int rc = 0;

	if (!wq->smp)
		return -EDEADLK;
	if (__atomic_compare_exchange_n(&wq->seq, &seen, asleep, false,
					__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) ||
	    seen == asleep)
		do
			rc = futex_wait(&wq->seq, asleep, deadline_ns);
		while (rc == -EINTR);
	*key = __atomic_load_n(&wq->seq, __ATOMIC_SEQ_CST) & ~SEQ_ASLEEP;
	return rc == -ETIMEDOUT ? rc : 0;
}

void finish_wait(struct wait_queue_head *wq)
{
	__atomic_fetch_sub(&wq->waiters, 1, __ATOMIC_SEQ_CST);
}

int wait_event_until(struct wait_queue_head *wq, u64 deadline_ns,
		     bool (*cond)(void *arg), void *arg)
{
	bool holds = cond(arg);
	int rc = 0;
	u32 key;

	if (holds)
		return 0;
	key = prepare_to_wait(wq);
	while (!(holds = cond(arg)) && rc == 0)
		rc = wait_for_wake(wq, &key, deadline_ns);
	finish_wait(wq);
	return holds ? 0 : rc;
}
