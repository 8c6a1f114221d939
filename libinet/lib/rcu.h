/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Read-copy-update for one stack, over liburcu.
 *
 * Theory of operation: each stack has a struct rcu_domain. When one thread
 * runs the stack (!smp), a read section costs nothing, and callbacks wait in a
 * queue until the core calls rcu_domain_run() at the end of a softirq round,
 * where nobody reads: that is deterministic. When many threads run it (smp),
 * readers are liburcu's; a reclaimer thread of the domain collects callbacks,
 * waits for a grace period and runs them in order. No thread is shared
 * between stacks, and liburcu's own call_rcu threads are not used.
 *
 * Any thread may read; rcu_thread.c tells how it becomes known to liburcu.
 */
#ifndef INET_LIB_RCU_H
#define INET_LIB_RCU_H

#include "lib/llist.h"
#include "lib/lock.h"
#include "lib/mem.h"
#include "lib/refcount.h"
#include "lib/rcu_thread.h"
#include "lib/thread.h"

/* ---- pointers ---- */

/* Reads a pointer that writers publish; inside a read section. */
#define rcu_dereference(p) smp_load_acquire(&(p))
/* Reads it by a writer, who holds the lock against other writers. */
#define rcu_dereference_protected(p) (p)
/* Only compares it, e.g. with NULL. */
#define rcu_access_pointer(p) READ_ONCE(p)
/* Publishes v: whoever reads the pointer sees what v points to. */
#define rcu_assign_pointer(p, v) smp_store_release(&(p), (v))
/* Before the object can be seen by others, or to store NULL. */
#define RCU_INIT_POINTER(p, v) WRITE_ONCE(p, v)

/* ---- one stack's domain ---- */

struct rcu_head {
	struct llist_node node;
	void (*func)(struct rcu_head *head);
};

struct rcu_domain {
	bool smp;			/* constant */
	bool running;			/* the reclaimer exists */
	bool stopping;
	bool hurry;			/* somebody waits in rcu_barrier() */
	u32 readers;			/* !smp: depth of read sections */
	struct llist_head pending;	/* the last one called comes first */
	struct wait_queue_head work;	/* the reclaimer sleeps here */
	struct wait_queue_head done;	/* rcu_barrier() sleeps here */
	struct thread thread;
	u32 nr_pending;			/* atomic: callbacks not run yet */
	struct mem *mem;
};

void rcu_domain_init(struct rcu_domain *d, struct mem *mem, bool smp);

/* Starts the reclaimer of an smp domain; does nothing for another. */
int rcu_domain_start(struct rcu_domain *d) __must_check;

/*
 * Runs all callbacks and stops the reclaimer. Context: not inside a read
 * section, and nobody else calls call_rcu() any more.
 */
void rcu_domain_stop(struct rcu_domain *d);

/*
 * Runs the callbacks that are queued now, in the order of call_rcu(); those
 * they add themselves wait for the next round. Context: no read section; in
 * an smp domain only while the reclaimer does not run, and then it waits for a
 * grace period first.
 * Return: the number of callbacks run.
 */
size_t rcu_domain_run(struct rcu_domain *d);

/* Callbacks that have not run yet. */
static inline u32 rcu_domain_count(const struct rcu_domain *d)
{
	return __atomic_load_n(&d->nr_pending, __ATOMIC_RELAXED);
}

/* Has rcu_domain_run() anything to do? */
static inline bool rcu_domain_pending(const struct rcu_domain *d)
{
	return !llist_empty(&d->pending);
}

/*
 * Calls func(head) when all read sections that run now have ended. head lies
 * inside the object, which readers can no longer find. Any context. func runs
 * in the reclaimer (smp) or in rcu_domain_run(); it may call call_rcu().
 */
void call_rcu(struct rcu_domain *d, struct rcu_head *head,
	      void (*func)(struct rcu_head *head));

/*
 * Waits until every callback queued before has run. Context: not inside a
 * read section, no lock that a callback takes.
 */
void rcu_barrier(struct rcu_domain *d);

/* Waits for a grace period only. Context: as rcu_barrier(). */
static inline void synchronize_rcu(struct rcu_domain *d)
{
	if (d->smp)
		inet_rcu_synchronize();
}

/* Read sections nest. Nothing may sleep inside. */
static inline void rcu_read_lock(struct rcu_domain *d)
{
	if (unlikely(d->smp))
		inet_rcu_read_lock();
#ifdef INET_DEBUG
	else
		d->readers++;
#endif
}

static inline void rcu_read_unlock(struct rcu_domain *d)
{
	if (unlikely(d->smp))
		inet_rcu_read_unlock();
#ifdef INET_DEBUG
	else
		inet_assert(d->readers-- > 0);
#endif
}

#endif /* INET_LIB_RCU_H */
