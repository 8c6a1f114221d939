/* SPDX-License-Identifier: BSD-2-Clause */
/* The callbacks of one stack and the thread that runs them. */
#include "lib/rcu.h"

#include "lib/assert.h"

/* How long the reclaimer collects before it waits for a grace period. */
#define RCU_BATCH_NS 1000000ULL

/* An empty domain, whose reclaimer does not run yet. */
void rcu_domain_init(struct rcu_domain *d, struct mem *mem, bool smp)
{
	*d = (struct rcu_domain){ .smp = smp, .mem = mem };
	init_llist_head(&d->pending);
	init_waitqueue_head(&d->work, smp);
	init_waitqueue_head(&d->done, smp);
}

/* Takes what is queued, waits for a grace period, calls in order. */
static size_t run_pending(struct rcu_domain *d)
{
	struct llist_node *node, *next;
	struct rcu_head *head;
	size_t nr = 0;

	if (!rcu_domain_pending(d))
		return 0;
	node = llist_reverse_order(d->smp ? llist_del_all(&d->pending) :
					    llist_del_all_alone(&d->pending));
	synchronize_rcu(d);
	llist_for_each_safe(node, next, node) {
		head = llist_entry(node, struct rcu_head, node);
		head->func(head);
		nr++;
	}
	count_add(&d->nr_pending, -(u32)nr, d->smp);
	return nr;
}

size_t rcu_domain_run(struct rcu_domain *d)
{
	inet_assert(!d->running);
	inet_debug_assert(d->readers == 0);
	return run_pending(d);
}

/* ---- the reclaimer ---- */

static bool has_work(void *arg)
{
	struct rcu_domain *d = arg;

	return rcu_domain_pending(d) || READ_ONCE(d->stopping);
}

static bool in_hurry(void *arg)
{
	struct rcu_domain *d = arg;

	return READ_ONCE(d->hurry) || READ_ONCE(d->stopping);
}

/* Ends when it is told to and nothing is left, not even by callbacks. */
static void reclaim(void *arg)
{
	struct rcu_domain *d = arg;
	const struct inet_env *env = d->mem->env;
	bool last;

	do {
		wait_event_until(&d->work, WAIT_FOREVER, has_work, d);
		wait_event_until(&d->work,
				 env->now(env->opaque) + RCU_BATCH_NS,
				 in_hurry, d);
		WRITE_ONCE(d->hurry, false);
		last = READ_ONCE(d->stopping);
	} while (run_pending(d) || !last);
}

int rcu_domain_start(struct rcu_domain *d)
{
	int rc;

	if (!d->smp)
		return 0;
	inet_assert(!d->running);
	WRITE_ONCE(d->stopping, false);
	rc = thread_create(&d->thread, "inet-rcu", reclaim, d, THREAD_ANY_CPU);
	d->running = rc == 0;
	return rc;
}

void rcu_domain_stop(struct rcu_domain *d)
{
	if (d->running) {
		WRITE_ONCE(d->stopping, true);
		wake_up(&d->work);
		thread_join(&d->thread);
		d->running = false;
	}
	while (rcu_domain_run(d))
		continue;
}

/* ---- callers ---- */

void call_rcu(struct rcu_domain *d, struct rcu_head *head,
	      void (*func)(struct rcu_head *head))
{
	head->func = func;
	count_add(&d->nr_pending, 1, d->smp);
	if (!d->smp)
		llist_add_alone(&head->node, &d->pending);
	else if (llist_add(&head->node, &d->pending))
		wake_up(&d->work);
}

struct barrier {
	struct rcu_head head;
	struct rcu_domain *domain;
	bool passed;
};

/* All callbacks queued before have run: lets the waiter go. */
static void barrier_passed(struct rcu_head *head)
{
	struct barrier *b = container_of(head, struct barrier, head);
	struct rcu_domain *d = b->domain;

	smp_store_release(&b->passed, true);	/* then b is gone */
	wake_up(&d->done);
}

static bool has_passed(void *arg)
{
	return smp_load_acquire(&((struct barrier *)arg)->passed);
}

void rcu_barrier(struct rcu_domain *d)
{
	struct barrier b = { .domain = d };

	if (!d->running) {
		rcu_domain_run(d);
		return;
	}
	call_rcu(d, &b.head, barrier_passed);
	WRITE_ONCE(d->hurry, true);
	wake_up(&d->work);
	wait_event_until(&d->done, WAIT_FOREVER, has_passed, &b);
}
