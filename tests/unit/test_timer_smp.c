/* SPDX-License-Identifier: BSD-2-Clause */
/* timer.c with a thread that advances and others that set and delete. */
#include "unit.h"

#include "lib/assert.h"
#include "lib/random.h"
#include "lib/thread.h"
#include "lib/timer.h"

#define TICK WHEEL_TICK_NS
#define NR 32
#define ROUNDS 20000

struct owner {
	struct wheel wheel;
	struct thread thread;
	u64 now;		/* written by the owner */
	bool stop;
};

struct probe {
	struct timer_list timer;
	int inside;		/* how many threads run the function */
	int fired;
	u32 guarded;		/* plain: del_timer_sync() hands it over */
};

static void own(void *arg)
{
	struct owner *o = arg;

	while (!READ_ONCE(o->stop)) {
		WRITE_ONCE(o->now, o->now + TICK / 2);
		wheel_advance(&o->wheel, o->now, 16);
		(void)wheel_next(&o->wheel);
		thread_yield();
	}
}

static void owner_start(struct owner *o)
{
	o->now = 0;
	o->stop = false;
	wheel_init(&o->wheel, 0, true);
	assert_int_equal(thread_create(&o->thread, "owner", own, o,
				       THREAD_ANY_CPU), 0);
}

static void owner_stop(struct owner *o)
{
	WRITE_ONCE(o->stop, true);
	thread_join(&o->thread);
}

static void fire(struct timer_list *t)
{
	struct probe *p = from_timer(p, t, timer);

	inet_assert(__atomic_add_fetch(&p->inside, 1, __ATOMIC_RELAXED) == 1);
	p->guarded++;
	__atomic_fetch_add(&p->fired, 1, __ATOMIC_RELAXED);
	thread_yield();
	__atomic_sub_fetch(&p->inside, 1, __ATOMIC_RELAXED);
}

/* After del_timer_sync() the function is not inside, and its writes are seen. */
static void deleted_sync_function_has_returned(void **state)
{
	struct owner *o = test_calloc(1, sizeof(*o));
	struct probe p = { .fired = 0 };
	struct rnd_state rnd;

	(void)state;
	owner_start(o);
	prandom_seed_state(&rnd, 14);
	timer_setup(&p.timer, fire);
	for (int i = 0; i < ROUNDS; i++) {
		mod_timer(&o->wheel, &p.timer,
			  READ_ONCE(o->now) + prandom_u32_below(&rnd, 4) * TICK);
		if (i % 4 == 0)
			thread_yield();
		del_timer_sync(&p.timer);
		inet_assert(p.inside == 0);
		inet_assert(p.guarded == (u32)p.fired);
	}
	mod_timer(&o->wheel, &p.timer, 0);
	while (timer_pending(&p.timer))
		thread_yield();		/* the owner does get there */
	owner_stop(o);
	assert_true(p.fired > 0);
	test_free(o);
}

/* Two owners; timers wander between their wheels and never run twice at once. */
static void moved_between_running_wheels_runs_one_at_a_time(void **state)
{
	struct owner *o = test_calloc(2, sizeof(*o));
	struct probe p[NR] = { 0 };
	struct rnd_state rnd;

	(void)state;
	for (int i = 0; i < 2; i++)
		owner_start(&o[i]);
	for (int i = 0; i < NR; i++)
		timer_setup(&p[i].timer, fire);
	prandom_seed_state(&rnd, 15);
	for (int i = 0; i < ROUNDS; i++) {
		struct probe *one = &p[prandom_u32_below(&rnd, NR)];
		struct owner *at = &o[prandom_u32_below(&rnd, 2)];
		u64 due = READ_ONCE(at->now) +
			  prandom_u32_below(&rnd, 100) * TICK / 10;

		if (i % 8 == 0)
			del_timer(&one->timer);
		else if (i % 8 == 1)
			timer_reduce(&at->wheel, &one->timer, due);
		else
			mod_timer(&at->wheel, &one->timer, due);
		if (i % 16 == 0)
			thread_yield();
	}
	for (int i = 0; i < NR; i++) {
		del_timer_sync(&p[i].timer);
		assert_int_equal(p[i].guarded, p[i].fired);
	}
	for (int i = 0; i < 2; i++) {
		owner_stop(&o[i]);
		assert_true(wheel_next(&o[i].wheel) == U64_MAX);
	}
	test_free(o);
}

struct gate {
	struct timer_list timer;
	int step;	/* 1: inside, 2: may leave */
};

static void pass_gate(struct timer_list *t)
{
	struct gate *g = from_timer(g, t, timer);

	smp_store_release(&g->step, 1);
	while (smp_load_acquire(&g->step) != 2)
		thread_yield();
}

static void running_function_try_to_delete_says_so(void **state)
{
	struct owner *o = test_calloc(1, sizeof(*o));
	struct gate g = { .step = 0 };

	(void)state;
	owner_start(o);
	timer_setup(&g.timer, pass_gate);
	assert_int_equal(try_to_del_timer_sync(&g.timer), 0);
	mod_timer(&o->wheel, &g.timer, 0);
	while (smp_load_acquire(&g.step) != 1)
		thread_yield();
	assert_int_equal(try_to_del_timer_sync(&g.timer), -1);
	assert_false(del_timer(&g.timer));
	smp_store_release(&g.step, 2);
	assert_false(del_timer_sync(&g.timer));
	owner_stop(o);
	test_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deleted_sync_function_has_returned),
		cmocka_unit_test(
			moved_between_running_wheels_runs_one_at_a_time),
		cmocka_unit_test(running_function_try_to_delete_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
