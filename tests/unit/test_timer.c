/* SPDX-License-Identifier: BSD-2-Clause */
/* timer.c: order, rounding, putting off, and a naive model of it all. */
#include "unit.h"

#include "lib/assert.h"
#include "lib/random.h"
#include "lib/timer.h"

#define TICK WHEEL_TICK_NS
#define ALL 1000000	/* a budget that does not bind */

/* A timer that notes when it fired. */
struct probe {
	struct timer_list timer;
	u64 due;		/* the model: U64_MAX when idle */
	u64 fired_at;
	int fired;
	int order;
	struct fixture *f;
};

struct fixture {
	struct wheel wheel;
	u64 now;
	int calls;
};

static void note(struct timer_list *t)
{
	struct probe *p = from_timer(p, t, timer);

	p->fired++;
	p->fired_at = p->f->now;
	p->order = p->f->calls++;
	p->due = U64_MAX;
}

static void probe_init(struct probe *p, struct fixture *f)
{
	*p = (struct probe){ .f = f, .due = U64_MAX };
	timer_setup(&p->timer, note);
}

static void arm(struct probe *p, u64 due)
{
	p->due = due;
	mod_timer(&p->f->wheel, &p->timer, due);
}

static int advance(struct fixture *f, u64 now, int budget)
{
	f->now = now;
	return wheel_advance(&f->wheel, now, budget);
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	f->now = 12345 * TICK + 99;
	wheel_init(&f->wheel, f->now, false);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	test_free(*state);
	return 0;
}

static void empty_wheel_has_no_next(void **state)
{
	struct fixture *f = *state;

	assert_true(wheel_next(&f->wheel) == U64_MAX);
	assert_int_equal(advance(f, f->now + 1000000000, ALL), 0);
	assert_true(wheel_next(&f->wheel) == U64_MAX);
}

/* Every distance: not a nanosecond early, at most a tick late. */
static void armed_any_distance_fires_within_a_tick(void **state)
{
	struct fixture *f = *state;
	struct probe p;
	u64 far = 1;

	for (int i = 0; i < 60; i++, far = far * 2 + (u64)i % 3) {
		u64 due = f->now + far;

		if (due < f->now || due > U64_MAX - TICK)
			break;
		probe_init(&p, f);
		arm(&p, due);
		assert_true(timer_pending(&p.timer));
		assert_true(timer_expires_ns(&p.timer) == due);
		assert_int_equal(advance(f, due - 1, ALL), 0);
		assert_int_equal(advance(f, due + TICK - 1, ALL), 1);
		assert_int_equal(p.fired, 1);
		assert_false(timer_pending(&p.timer));
	}
	assert_true(far > 1ULL << 50);
}

static void armed_in_the_past_fires_at_next_advance(void **state)
{
	struct fixture *f = *state;
	struct probe p, q;

	probe_init(&p, f);
	probe_init(&q, f);
	arm(&p, 0);
	arm(&q, f->now / TICK * TICK);
	assert_true(wheel_next(&f->wheel) <= f->now);
	assert_int_equal(advance(f, f->now, ALL), 2);
	assert_true(p.order < q.order);
}

static void armed_at_end_of_time_waits(void **state)
{
	struct fixture *f = *state;
	struct probe p;

	probe_init(&p, f);
	arm(&p, U64_MAX);
	assert_int_equal(advance(f, U64_MAX - 2 * TICK, ALL), 0);
	assert_true(timer_pending(&p.timer));
	assert_true(wheel_next(&f->wheel) >= U64_MAX - TICK);
	assert_true(del_timer(&p.timer));
}

/* Many in one tick, armed near and from afar: order of arming. */
static void same_tick_fires_in_order_of_arming(void **state)
{
	struct fixture *f = *state;
	struct probe p[100];
	u64 due = f->now + 5000 * TICK;

	for (int i = 0; i < 100; i++) {
		probe_init(&p[i], f);
		arm(&p[i], due - (u64)i * 100 % TICK / 2);
		if (i % 10 == 0)
			advance(f, f->now + 490 * TICK, ALL);
	}
	assert_int_equal(advance(f, due + TICK, ALL), 100);
	for (int i = 1; i < 100; i++) {
		u64 before = DIV_ROUND_UP(timer_expires_ns(&p[i - 1].timer), TICK);
		u64 after = DIV_ROUND_UP(timer_expires_ns(&p[i].timer), TICK);

		if (before == after)
			assert_true(p[i - 1].order < p[i].order);
	}
}

static void earlier_tick_armed_later_fires_first(void **state)
{
	struct fixture *f = *state;
	struct probe a, b;

	probe_init(&a, f);
	probe_init(&b, f);
	arm(&a, f->now + 300 * TICK);
	arm(&b, f->now + 299 * TICK);
	assert_int_equal(advance(f, f->now + 1000 * TICK, ALL), 2);
	assert_int_equal(b.order, 0);
	assert_int_equal(a.order, 1);
}

static void pending_deleted_does_not_fire(void **state)
{
	struct fixture *f = *state;
	struct probe p;

	probe_init(&p, f);
	assert_false(del_timer(&p.timer));
	assert_false(del_timer_sync(&p.timer));
	arm(&p, f->now + 70 * TICK);
	assert_true(del_timer(&p.timer));
	assert_false(del_timer(&p.timer));
	assert_true(wheel_next(&f->wheel) == U64_MAX);
	arm(&p, f->now + 70 * TICK);
	assert_true(del_timer_sync(&p.timer));
	assert_int_equal(advance(f, f->now + 200 * TICK, ALL), 0);
}

static void pending_put_off_fires_once_at_new_time(void **state)
{
	struct fixture *f = *state;
	struct probe p;
	u64 due = f->now;

	probe_init(&p, f);
	/* As TCP does: later and later, a thousand times. */
	for (int i = 0; i < 1000; i++) {
		due = f->now + 200000000;
		arm(&p, due);
		assert_int_equal(advance(f, f->now + 1000000, ALL), 0);
	}
	assert_int_equal(advance(f, due - 1, ALL), 0);
	assert_true(wheel_next(&f->wheel) <= due + TICK);
	assert_int_equal(advance(f, due + TICK, ALL), 1);
	assert_int_equal(p.fired, 1);
}

static void pending_put_off_then_moved_forward_fires_early(void **state)
{
	struct fixture *f = *state;
	struct probe p;

	probe_init(&p, f);
	arm(&p, f->now + 1000 * TICK);
	arm(&p, f->now + 5000 * TICK);
	arm(&p, f->now + 10 * TICK);
	assert_int_equal(advance(f, f->now + 11 * TICK, ALL), 1);
	assert_int_equal(advance(f, f->now + 9000 * TICK, ALL), 0);
}

static void pending_reduced_moves_only_forward(void **state)
{
	struct fixture *f = *state;
	struct probe p;
	u64 now = f->now;

	probe_init(&p, f);
	assert_false(timer_reduce(&f->wheel, &p.timer, now + 50 * TICK));
	assert_true(timer_reduce(&f->wheel, &p.timer, now + 90 * TICK));
	assert_true(timer_expires_ns(&p.timer) == now + 50 * TICK);
	assert_true(timer_reduce(&f->wheel, &p.timer, now + 20 * TICK));
	assert_int_equal(advance(f, now + 21 * TICK, ALL), 1);
}

static void mod_timer_tells_whether_pending(void **state)
{
	struct fixture *f = *state;
	struct probe p;

	probe_init(&p, f);
	assert_false(mod_timer(&f->wheel, &p.timer, f->now + TICK));
	assert_true(mod_timer(&f->wheel, &p.timer, f->now + 9 * TICK));
	assert_int_equal(advance(f, f->now + 20 * TICK, ALL), 1);
	assert_false(mod_timer(&f->wheel, &p.timer, f->now + TICK));
	assert_true(del_timer(&p.timer));
}

static void many_due_small_budget_continues_in_order(void **state)
{
	struct fixture *f = *state;
	struct probe p[25];
	u64 now = f->now + 50 * TICK;
	int total = 0;

	for (int i = 0; i < 25; i++) {
		probe_init(&p[i], f);
		arm(&p[i], f->now + (u64)(i / 5) * TICK + TICK);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(advance(f, now, 7), 7);
		assert_true(wheel_next(&f->wheel) <= now);
		total += 7;
	}
	assert_int_equal(advance(f, now, 7), 25 - total);
	for (int i = 0; i < 25; i++)
		assert_int_equal(p[i].order, i);
	assert_int_equal(advance(f, now, 0), 0);
}

static void cut_by_budget_then_deleted_does_not_fire(void **state)
{
	struct fixture *f = *state;
	struct probe p[3];

	for (int i = 0; i < 3; i++) {
		probe_init(&p[i], f);
		arm(&p[i], f->now + TICK);
	}
	assert_int_equal(advance(f, f->now + 5 * TICK, 1), 1);
	assert_true(timer_pending(&p[1].timer));
	assert_true(del_timer(&p[1].timer));
	arm(&p[2], f->now + 100 * TICK);	/* put off while due */
	assert_int_equal(advance(f, f->now, ALL), 0);
	assert_int_equal(advance(f, f->now + 101 * TICK, ALL), 1);
	assert_int_equal(p[1].fired, 0);
	assert_int_equal(p[2].fired, 1);
}

static void rearm_now(struct timer_list *t)
{
	struct probe *p = from_timer(p, t, timer);

	note(t);
	mod_timer(&p->f->wheel, t, p->f->now);
}

static void function_rearms_to_now_runs_once_per_advance(void **state)
{
	struct fixture *f = *state;
	struct probe p;

	probe_init(&p, f);
	timer_setup(&p.timer, rearm_now);
	arm(&p, f->now);
	for (int i = 0; i < 5; i++)
		assert_int_equal(advance(f, f->now + 3 * TICK, ALL), 1);
	assert_true(del_timer(&p.timer));
}

static void rearm_next_tick(struct timer_list *t)
{
	struct probe *p = from_timer(p, t, timer);

	note(t);
	mod_timer(&p->f->wheel, t, timer_expires_ns(t) + TICK);
}

static void function_rearms_within_advance_runs_for_each_tick(void **state)
{
	struct fixture *f = *state;
	struct probe p;

	probe_init(&p, f);
	timer_setup(&p.timer, rearm_next_tick);
	arm(&p, f->now);
	assert_int_equal(advance(f, f->now + 200 * TICK, ALL), 200);
	assert_true(del_timer(&p.timer));
}

static void free_self(struct timer_list *t)
{
	struct probe *p = from_timer(p, t, timer);

	test_free(p);
}

static void function_frees_its_own_timer(void **state)
{
	struct fixture *f = *state;
	struct probe *p = test_malloc(sizeof(*p));

	probe_init(p, f);
	timer_setup(&p->timer, free_self);
	arm(p, f->now + TICK);
	assert_int_equal(advance(f, f->now + 9 * TICK, ALL), 1);
}

struct killer {
	struct timer_list timer;
	struct probe *victim;
};

static void kill_other(struct timer_list *t)
{
	struct killer *k = from_timer(k, t, timer);

	assert_true(del_timer(&k->victim->timer));
	assert_false(del_timer_sync(t));	/* itself: no longer pending */
}

static void function_deletes_next_of_same_tick(void **state)
{
	struct fixture *f = *state;
	struct probe victim;
	struct killer k = { .victim = &victim };

	probe_init(&victim, f);
	timer_setup(&k.timer, kill_other);
	mod_timer(&f->wheel, &k.timer, f->now + TICK);
	arm(&victim, f->now + TICK);
	assert_int_equal(advance(f, f->now + 9 * TICK, ALL), 1);
	assert_int_equal(victim.fired, 0);
}

static void pending_on_other_wheel_moves(void **state)
{
	struct fixture *f = *state;
	struct fixture *g = test_calloc(1, sizeof(*g));
	struct probe p;

	wheel_init(&g->wheel, f->now, false);
	g->now = f->now;
	probe_init(&p, f);
	arm(&p, f->now + 9 * TICK);
	assert_true(mod_timer(&g->wheel, &p.timer, f->now + 9 * TICK));
	assert_true(wheel_next(&f->wheel) == U64_MAX);
	assert_int_equal(advance(f, f->now + 99 * TICK, ALL), 0);
	assert_int_equal(advance(g, g->now + 99 * TICK, ALL), 1);
	test_free(g);
}

static void time_going_back_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct probe p;

	probe_init(&p, f);
	arm(&p, f->now + 10 * TICK);
	assert_int_equal(advance(f, f->now - 500 * TICK, ALL), 0);
	assert_int_equal(advance(f, f->now + 511 * TICK, ALL), 1);
}

/* A lone far timer: asked when to wake, the wheel names its very tick. */
static void far_timer_alone_next_is_exact(void **state)
{
	struct fixture *f = *state;
	struct probe p;

	probe_init(&p, f);
	for (u64 far = 3; far < 1ULL << 45; far *= 5) {
		u64 due = f->now + far * 1000;

		arm(&p, due);
		assert_true(wheel_next(&f->wheel) ==
			    DIV_ROUND_UP(due, TICK) * TICK);
		assert_true(del_timer(&p.timer));
	}
}

/* ---- the model ---- */

#define NR 200
/* ---- who sleeps ---- */

static int nr_woken;

static void note_wake(struct wheel *w)
{
	(void)w;
	nr_woken++;
}

static void set_before_the_promise_wakes_the_owner(void **state)
{
	struct fixture *f = *state;
	u64 now = f->now;
	struct probe p, q;

	nr_woken = 0;
	f->wheel.wake = note_wake;
	probe_init(&p, f);
	probe_init(&q, f);
	arm(&p, now + 100 * TICK);
	assert_int_equal(nr_woken, 0);		/* nobody sleeps */
	wheel_next(&f->wheel);
	arm(&q, now + 200 * TICK);
	assert_int_equal(nr_woken, 0);		/* later */
	arm(&q, now + 300 * TICK);
	arm(&p, now + 101 * TICK);
	assert_int_equal(nr_woken, 0);		/* put off */
	arm(&q, now + 50 * TICK);
	assert_int_equal(nr_woken, 1);
	advance(f, now + TICK, ALL);
	arm(&q, now + 40 * TICK);
	assert_int_equal(nr_woken, 1);		/* awake: it will look */
	del_timer(&p.timer);
	del_timer(&q.timer);
	assert_true(wheel_next(&f->wheel) == U64_MAX);
	arm(&q, now + 1000 * TICK);
	assert_int_equal(nr_woken, 2);		/* would sleep for ever */
	del_timer(&q.timer);
}

#define MILLION 1000000u
#define PORTION 256

struct one {
	struct timer_list timer;
	u32 order;
};

static u32 nr_fired;

static void count_one(struct timer_list *t)
{
	struct one *o = from_timer(o, t, timer);

	o->order = nr_fired++;
}

/* How many of the million, which move in their order, have left their slot in
 * the last call; *@first is the first of those that have not. */
static u32 moved(const struct one *one, u32 *first, u16 *slot)
{
	u32 begin = *first, nr;

	if (*slot >= TIMER_DUE)
		return 0;		/* all of them: they wait to run */
	while (*first < MILLION && one[*first].timer.slot != *slot)
		++*first;
	nr = *first - begin;
	if (*first == MILLION) {
		*first = 0;
		*slot = one[MILLION - 1].timer.slot;
	}
	return nr;
}

/* A call moves and runs its portion, however many there are; each is moved once
 * a level, and runs in its turn.
 * @attack M10 */
static void million_at_one_tick_are_taken_in_portions(void **state)
{
	struct one *one = test_calloc(MILLION, sizeof(*one));
	struct fixture *f = *state;
	u64 due = f->now + 5000000 * TICK;
	u32 first = 0, calls;
	u16 slot;

	nr_fired = 0;
	for (u32 i = 0; i < MILLION; i++) {
		timer_setup(&one[i].timer, count_one);
		mod_timer(&f->wheel, &one[i].timer, due);
	}
	slot = one[0].timer.slot;
	for (calls = 0; nr_fired < MILLION; calls++) {
		assert_in_range(advance(f, max(f->now, wheel_next(&f->wheel)),
					PORTION), 0, PORTION);
		assert_in_range(moved(one, &first, &slot), 0,
				WHEEL_SPREAD_MOST);
		assert_true(f->now < due + TICK);
		if (calls % 500 == 0)
			wheel_verify(&f->wheel);
	}
	assert_true(calls < MILLION / PORTION +
		    (MILLION / WHEEL_SPREAD_MOST + 2) * WHEEL_LEVELS);
	for (u32 i = 0; i < MILLION; i++)
		assert_int_equal(one[i].order, i);
	assert_true(wheel_next(&f->wheel) == U64_MAX);
	test_free(one);
}

/* Those that wait for their portion are set and deleted as ever. */
static void timers_of_a_slot_half_spread_are_set_and_deleted(void **state)
{
	enum { NR_MANY = 3 * WHEEL_SPREAD_MOST };
	struct probe *p = test_calloc(NR_MANY, sizeof(*p)), early;
	struct fixture *f = *state;
	u64 due = f->now + 100000 * TICK;

	for (int i = 0; i < NR_MANY; i++) {
		probe_init(&p[i], f);
		arm(&p[i], due);
	}
	assert_int_equal(advance(f, wheel_next(&f->wheel), ALL), 0);
	assert_false(list_empty(&f->wheel.spreading));
	assert_true(wheel_next(&f->wheel) <= f->now);	/* goes on at once */
	wheel_verify(&f->wheel);
	assert_true(del_timer(&p[NR_MANY - 1].timer));
	arm(&p[NR_MANY - 2], due + 500 * TICK);
	arm(&p[NR_MANY - 3], due - 10 * TICK);
	probe_init(&early, f);
	arm(&early, due - 20 * TICK);
	for (int i = 0; i < 20; i++)
		advance(f, due - TICK, ALL);
	assert_int_equal(early.fired + p[NR_MANY - 3].fired, 2);
	assert_int_equal(f->calls, 2);
	for (int i = 0; i < 20; i++)
		advance(f, due + TICK, ALL);
	assert_int_equal(f->calls, NR_MANY - 1);
	assert_int_equal(advance(f, due + 501 * TICK, ALL), 1);
	assert_int_equal(p[NR_MANY - 1].fired, 0);
	test_free(p);
}

#define OPS 100000

static u64 model_first(const struct probe *p)
{
	u64 first = U64_MAX;

	for (int i = 0; i < NR; i++)
		first = min(first, p[i].due);
	return first;
}

/* All that is due fired, nothing early, nothing forgotten. */
static void model_check(struct fixture *f, const struct probe *p)
{
	u64 next = wheel_next(&f->wheel);
	u64 first = model_first(p);

	for (int i = 0; i < NR; i++) {
		assert_int_equal(timer_pending(&p[i].timer),
				 p[i].due != U64_MAX);
		if (p[i].due != U64_MAX)
			assert_true(p[i].due > f->now - TICK);
	}
	if (first == U64_MAX)
		assert_true(next == U64_MAX);
	else
		assert_true(next <= DIV_ROUND_UP(first, TICK) * TICK);
}

static void model_note(struct timer_list *t)
{
	struct probe *p = from_timer(p, t, timer);

	assert_true(p->due != U64_MAX);
	assert_true(p->due <= p->f->now);
	note(t);
}

static void model_step(struct fixture *f, struct probe *p,
		       struct rnd_state *rnd)
{
	struct probe *one = &p[prandom_u32_below(rnd, NR)];
	u64 far = prandom_u64_state(rnd) >> (20 + prandom_u32_below(rnd, 40));
	u64 due = f->now + far;

	switch (prandom_u32_below(rnd, 8)) {
	case 0:
		assert_int_equal(del_timer(&one->timer), one->due != U64_MAX);
		one->due = U64_MAX;
		break;
	case 1:
		assert_int_equal(timer_reduce(&f->wheel, &one->timer, due),
				 one->due != U64_MAX);
		one->due = min(one->due, due);
		break;
	case 2:
	case 3:
		advance(f, f->now + (far >> 2), ALL);
		model_check(f, p);
		break;
	case 4:
		if (model_first(p) != U64_MAX) {
			advance(f, max(f->now, wheel_next(&f->wheel)), ALL);
			model_check(f, p);
		}
		break;
	default:
		assert_int_equal(mod_timer(&f->wheel, &one->timer, due),
				 one->due != U64_MAX);
		one->due = due;
	}
}

static void random_operations_equal_model(void **state)
{
	struct fixture *f = *state;
	struct probe p[NR];
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 12);
	for (int i = 0; i < NR; i++) {
		probe_init(&p[i], f);
		timer_setup(&p[i].timer, model_note);
	}
	for (int i = 0; i < OPS; i++)
		model_step(f, p, &rnd);
	/* Led only by wheel_next(), the rest fires in a bounded number of steps. */
	for (int i = 0; model_first(p) != U64_MAX; i++) {
		assert_true(i < NR * 2 * WHEEL_LEVELS);
		advance(f, max(f->now, wheel_next(&f->wheel)), ALL);
		model_check(f, p);
	}
	assert_true(wheel_next(&f->wheel) == U64_MAX);
}

#define C(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		C(empty_wheel_has_no_next),
		C(armed_any_distance_fires_within_a_tick),
		C(armed_in_the_past_fires_at_next_advance),
		C(armed_at_end_of_time_waits),
		C(same_tick_fires_in_order_of_arming),
		C(earlier_tick_armed_later_fires_first),
		C(pending_deleted_does_not_fire),
		C(pending_put_off_fires_once_at_new_time),
		C(pending_put_off_then_moved_forward_fires_early),
		C(pending_reduced_moves_only_forward),
		C(mod_timer_tells_whether_pending),
		C(many_due_small_budget_continues_in_order),
		C(cut_by_budget_then_deleted_does_not_fire),
		C(function_rearms_to_now_runs_once_per_advance),
		C(function_rearms_within_advance_runs_for_each_tick),
		C(function_frees_its_own_timer),
		C(function_deletes_next_of_same_tick),
		C(pending_on_other_wheel_moves),
		C(time_going_back_changes_nothing),
		C(far_timer_alone_next_is_exact),
		C(set_before_the_promise_wakes_the_owner),
		C(million_at_one_tick_are_taken_in_portions),
		C(timers_of_a_slot_half_spread_are_set_and_deleted),
		C(random_operations_equal_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
