/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rcu.c and rcu_thread.c. With the macro EARLY_FREE the writer frees without
 * waiting for its readers: a build for ThreadSanitizer must then fail, which
 * shows that a clean run means something.
 */
#include "unit.h"

#include <pthread.h>

#include "lib/list.h"
#include "lib/rcu.h"

struct fixture {
	struct mem mem;
	struct rcu_domain rcu;
	int calls;
};

static void fixture_init(struct fixture *f, bool smp)
{
	*f = (struct fixture){ .calls = 0 };
	mem_init(&f->mem, inet_env_default(), smp);
	rcu_domain_init(&f->rcu, &f->mem, smp);
}

/* An object that notes when it was reclaimed. */
struct thing {
	struct rcu_head rcu;
	struct hlist_node node;
	struct fixture *f;
	int value;
	int order;	/* 1 .. in the order of reclaiming; 0: alive */
	bool again;	/* queue another one from the callback */
	struct thing *other;
};

static void reclaim(struct rcu_head *head)
{
	struct thing *t = container_of(head, struct thing, rcu);

	t->order = __atomic_add_fetch(&t->f->calls, 1, __ATOMIC_RELAXED);
	if (t->other)
		call_rcu(&t->f->rcu, &t->other->rcu, reclaim);
}

/* ---- one thread ---- */

static void single_threaded_callbacks_run_when_told_in_order(void **state)
{
	struct thing t[10] = { 0 };
	struct fixture f;

	(void)state;
	fixture_init(&f, false);
	rcu_read_lock(&f.rcu);
	rcu_read_lock(&f.rcu);
	for (int i = 0; i < 10; i++) {
		t[i].f = &f;
		call_rcu(&f.rcu, &t[i].rcu, reclaim);
	}
	rcu_read_unlock(&f.rcu);
	rcu_read_unlock(&f.rcu);
	assert_int_equal(f.calls, 0);
	assert_true(rcu_domain_pending(&f.rcu));
	assert_int_equal(rcu_domain_run(&f.rcu), 10);
	for (int i = 0; i < 10; i++)
		assert_int_equal(t[i].order, i + 1);
	assert_int_equal(rcu_domain_run(&f.rcu), 0);
	assert_false(rcu_domain_pending(&f.rcu));
}

static void single_threaded_callback_queues_for_next_round(void **state)
{
	struct thing a = { 0 }, b = { 0 };
	struct fixture f;

	(void)state;
	fixture_init(&f, false);
	a.f = b.f = &f;
	a.other = &b;
	call_rcu(&f.rcu, &a.rcu, reclaim);
	assert_int_equal(rcu_domain_run(&f.rcu), 1);
	assert_int_equal(b.order, 0);
	synchronize_rcu(&f.rcu);
	rcu_barrier(&f.rcu);
	assert_int_equal(b.order, 2);
}

static void single_threaded_stop_drains_all(void **state)
{
	struct thing a = { 0 }, b = { 0 };
	struct fixture f;

	(void)state;
	fixture_init(&f, false);
	a.f = b.f = &f;
	a.other = &b;
	assert_int_equal(rcu_domain_start(&f.rcu), 0);
	assert_false(f.rcu.running);
	call_rcu(&f.rcu, &a.rcu, reclaim);
	rcu_domain_stop(&f.rcu);
	assert_int_equal(f.calls, 2);
}

#ifdef INET_DEBUG
static void run_inside_section(void *arg)
{
	struct rcu_domain *d = arg;

	rcu_read_lock(d);
	rcu_domain_run(d);
}

static void unlock_unlocked(void *arg)
{
	rcu_read_unlock(arg);
}

static void single_threaded_misuse_aborts(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f, false);
	assert_true(aborts(run_inside_section, &f.rcu));
	assert_true(aborts(unlock_unlocked, &f.rcu));
}
#endif

/* ---- many threads ---- */

#define READERS 2
#define UPDATES 3000

struct shared {
	struct fixture f;
	struct thing *current;
	struct hlist_head chain;
	bool stop;
	int reading;		/* readers that have begun */
};

static void free_thing(struct rcu_head *head)
{
	struct thing *t = container_of(head, struct thing, rcu);
	struct fixture *f = t->f;

	t->value = -1;		/* a write that a late reader would race with */
	mem_free(&f->mem, t, sizeof(*t));
	__atomic_fetch_add(&f->calls, 1, __ATOMIC_RELAXED);
}

static struct thing *thing_new(struct shared *s, int value)
{
	struct thing *t = mem_zalloc(&s->f.mem, sizeof(*t));

	inet_assert(t);
	t->f = &s->f;
	t->value = value;
	return t;
}

static void thing_retire(struct shared *s, struct thing *t)
{
#ifdef EARLY_FREE
	free_thing(&t->rcu);
#else
	call_rcu(&s->f.rcu, &t->rcu, free_thing);
#endif
	(void)s;
}

static void read_all(void *arg)
{
	struct shared *s = arg;

	__atomic_fetch_add(&s->reading, 1, __ATOMIC_RELAXED);
	while (!READ_ONCE(s->stop)) {
		struct thing *t;

		rcu_read_lock(&s->f.rcu);
		t = rcu_dereference(s->current);
		inet_assert(t->value >= 0);
		rcu_read_lock(&s->f.rcu);
		hlist_for_each_entry_rcu(t, &s->chain, node)
			inet_assert(t->value >= 0);
		rcu_read_unlock(&s->f.rcu);
		rcu_read_unlock(&s->f.rcu);
	}
}

/* Replaces the pointer, and takes one of the chain for each that it adds. */
static void update(struct shared *s, int i)
{
	struct thing *old = s->current;
	struct thing *last, *t = thing_new(s, i);

	rcu_assign_pointer(s->current, t);
	thing_retire(s, old);
	t = thing_new(s, i);
	hlist_add_head_rcu(&t->node, &s->chain);
	last = hlist_entry(t->node.next, struct thing, node);
	hlist_del_rcu(&last->node);
	thing_retire(s, last);
	if (i % 64 == 0)
		thread_yield();
	if (i % 1000 == 999)
		rcu_barrier(&s->f.rcu);
}

static void threads_read_while_replaced_see_live_objects(void **state)
{
	struct shared s = { .stop = false };
	struct thread t[READERS];
	struct thing *first;

	(void)state;
	fixture_init(&s.f, true);
	s.current = thing_new(&s, 0);
	first = thing_new(&s, 0);
	hlist_add_head_rcu(&first->node, &s.chain);
	assert_int_equal(rcu_domain_start(&s.f.rcu), 0);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(thread_create(&t[i], "reader", read_all, &s,
					       THREAD_ANY_CPU), 0);
	while (READ_ONCE(s.reading) < READERS)
		thread_yield();
	for (int i = 0; i < UPDATES; i++)
		update(&s, i);
	WRITE_ONCE(s.stop, true);
	for (int i = 0; i < READERS; i++)
		thread_join(&t[i]);
	rcu_domain_stop(&s.f.rcu);
	assert_int_equal(s.f.calls, 2 * UPDATES);
	mem_free(&s.f.mem, s.current, sizeof(struct thing));
	mem_free(&s.f.mem,
		 hlist_entry(s.chain.first, struct thing, node),
		 sizeof(struct thing));
	assert_int_equal(mem_destroy(&s.f.mem), 0);
}

/* A reader that stays inside holds back the callback; leaving lets it run. */
struct holder {
	struct fixture *f;
	int step;	/* 1: inside, 2: may leave */
};

static void hold(void *arg)
{
	struct holder *h = arg;

	rcu_read_lock(&h->f->rcu);
	smp_store_release(&h->step, 1);
	while (smp_load_acquire(&h->step) != 2)
		thread_yield();
	rcu_read_unlock(&h->f->rcu);
}

static void reader_inside_holds_callback_back(void **state)
{
	struct thing a = { 0 };
	struct thread t;
	struct fixture f;
	struct holder h = { .f = &f };

	(void)state;
	fixture_init(&f, true);
	a.f = &f;
	assert_int_equal(rcu_domain_start(&f.rcu), 0);
	assert_int_equal(thread_create(&t, "holder", hold, &h, THREAD_ANY_CPU),
			 0);
	while (smp_load_acquire(&h.step) != 1)
		thread_yield();
	call_rcu(&f.rcu, &a.rcu, reclaim);
	usleep(30000);
	assert_int_equal(__atomic_load_n(&f.calls, __ATOMIC_RELAXED), 0);
	smp_store_release(&h.step, 2);
	rcu_barrier(&f.rcu);
	assert_int_equal(__atomic_load_n(&f.calls, __ATOMIC_RELAXED), 1);
	thread_join(&t);
	rcu_domain_stop(&f.rcu);
}

static void reclaimer_stopped_runs_what_callbacks_add(void **state)
{
	struct thing t[20] = { 0 };
	struct fixture f;

	(void)state;
	fixture_init(&f, true);
	for (int i = 0; i < 20; i++) {
		t[i].f = &f;
		t[i].other = i < 19 ? &t[i + 1] : NULL;
	}
	for (int round = 0; round < 2; round++) {
		assert_int_equal(rcu_domain_start(&f.rcu), 0);
		call_rcu(&f.rcu, &t[0].rcu, reclaim);
		rcu_domain_stop(&f.rcu);
		assert_int_equal(f.calls, 20 * (round + 1));
	}
}

static void threaded_domain_not_started_runs_by_hand(void **state)
{
	struct thing a = { 0 };
	struct fixture f;

	(void)state;
	fixture_init(&f, true);
	a.f = &f;
	call_rcu(&f.rcu, &a.rcu, reclaim);
	assert_int_equal(f.calls, 0);
	rcu_barrier(&f.rcu);
	assert_int_equal(f.calls, 1);
	rcu_domain_stop(&f.rcu);
}

/* ---- the end of threads ---- */

static void read_at_exit(void *unused)
{
	(void)unused;
	for (int i = 0; i < 3; i++) {
		inet_rcu_read_lock();
		inet_rcu_read_lock();
		inet_rcu_read_unlock();
		inet_rcu_read_unlock();
	}
}

struct exiting {
	pthread_key_t key;
	bool reads_before;
};

static void set_key(void *arg)
{
	struct exiting *e = arg;

	if (e->reads_before)
		read_at_exit(NULL);
	pthread_setspecific(e->key, e);
}

/*
 * The destructor of an application's key reads when the thread is nearly gone.
 * Were it still registered then, a grace period would look at its memory.
 */
static void thread_reads_in_its_destructors_is_forgotten(void **state)
{
	struct exiting e;

	(void)state;
	assert_int_equal(pthread_key_create(&e.key, read_at_exit), 0);
	for (int i = 0; i < 40; i++) {
		struct thread t;

		e.reads_before = i % 4 != 0;
		assert_int_equal(thread_create(&t, "exiting", set_key, &e,
					       THREAD_ANY_CPU), 0);
		thread_join(&t);
		inet_rcu_synchronize();
	}
	pthread_key_delete(e.key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			single_threaded_callbacks_run_when_told_in_order),
		cmocka_unit_test(
			single_threaded_callback_queues_for_next_round),
		cmocka_unit_test(single_threaded_stop_drains_all),
#ifdef INET_DEBUG
		cmocka_unit_test(single_threaded_misuse_aborts),
#endif
		cmocka_unit_test(threads_read_while_replaced_see_live_objects),
		cmocka_unit_test(reader_inside_holds_callback_back),
		cmocka_unit_test(reclaimer_stopped_runs_what_callbacks_add),
		cmocka_unit_test(threaded_domain_not_started_runs_by_hand),
		cmocka_unit_test(thread_reads_in_its_destructors_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
