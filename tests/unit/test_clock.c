/* SPDX-License-Identifier: BSD-2-Clause */
/* clock.c: the counter's time beside a kernel's clock that the test invents, and
 * beside the real one. */
#include "unit.h"

#include <time.h>

#include "lib/clock.h"

#define MS 1000000ULL
#define S (1000 * MS)
#define GHZ 3			/* cycles per ns of the invented processor */

static u64 real_now(void *opaque)
{
	struct timespec ts;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * S + (u64)ts.tv_nsec;
}

/* Both clocks are read at @ns, the counter running at GHZ. */
static u64 anchor(struct tsc_clock *c, u64 ns)
{
	const struct tsc_sample s = { GHZ * ns - 30, ns, GHZ * ns + 30 };

	return tsc_clock_anchor(c, &s);
}

static bool anchored(const struct tsc_clock *c, u64 ns)
{
	return GHZ * ns - c->tsc < c->window;
}

/* A clock that has seen the first two milliseconds. */
static void begin(struct tsc_clock *c)
{
	tsc_clock_init(c, real_now, NULL);
	anchor(c, 10 * S);
	anchor(c, 10 * S + 2 * MS);
}

static void tells_the_kernels_time_until_it_has_measured(void **state)
{
	struct tsc_clock c;

	(void)state;
	tsc_clock_init(&c, real_now, NULL);
	assert_int_equal(anchor(&c, 10 * S), 10 * S);
	assert_false(anchored(&c, 10 * S + 1));
	assert_int_equal(anchor(&c, 10 * S + MS / 2), 10 * S + MS / 2);
	assert_false(anchored(&c, 10 * S + MS / 2 + 1));
	assert_int_equal(anchor(&c, 10 * S + 2 * MS), 10 * S + 2 * MS);
	assert_true(anchored(&c, 10 * S + 2 * MS + 1));
}

static void turns_cycles_into_ns_within_the_window(void **state)
{
	const u64 at = 10 * S + 2 * MS;
	struct tsc_clock c;
	u64 ns, got;

	(void)state;
	begin(&c);
	for (ns = at; ns < at + MS - 100; ns += 997) {
		assert_true(anchored(&c, ns));
		got = tsc_clock_at(&c, GHZ * ns);
		assert_true(got >= ns - 1 && got <= ns + 1);
	}
	assert_false(anchored(&c, at + MS + 100));
}

static void never_runs_backwards(void **state)
{
	const u64 at = 10 * S + 2 * MS;
	struct tsc_clock c;
	u64 told;

	(void)state;
	begin(&c);
	told = tsc_clock_at(&c, GHZ * (at + 1000));
	assert_int_equal(tsc_clock_at(&c, GHZ * (at + 900)), told);
	/* the counter ran fast: the kernel's clock has not come so far yet */
	assert_int_equal(tsc_clock_anchor(&c, &(struct tsc_sample){
		GHZ * (at + 2000), at + 500, GHZ * (at + 2000) + 60 }), told);
	assert_true(tsc_clock_at(&c, GHZ * (at + 4000)) > told);
}

static void a_pair_that_was_read_asleep_is_no_anchor(void **state)
{
	const u64 at = 10 * S + 3 * MS;
	struct tsc_clock c;

	(void)state;
	begin(&c);
	assert_int_equal(tsc_clock_anchor(&c, &(struct tsc_sample){
		GHZ * at, at + 5 * MS, GHZ * (at + 5 * MS) }), at + 5 * MS);
	assert_int_equal(c.window, 0);
	assert_int_equal(anchor(&c, at + 6 * MS), at + 6 * MS);
	assert_true(anchored(&c, at + 6 * MS + 1));
}

static void a_counter_that_jumps_back_is_measured_anew(void **state)
{
	const u64 at = 10 * S + 3 * MS;
	struct tsc_clock c;

	(void)state;
	begin(&c);
	/* below the anchor is not within the window */
	assert_false((u64)1000 - c.tsc < c.window);
	assert_int_equal(tsc_clock_anchor(&c, &(struct tsc_sample){
		1000, at, 1060 }), at);
	assert_int_equal(c.window, 0);
	assert_int_equal(tsc_clock_anchor(&c, &(struct tsc_sample){
		1000 + GHZ * 2 * MS, at + 2 * MS, 1060 + GHZ * 2 * MS }),
		at + 2 * MS);
	assert_in_range(c.mult, (1ULL << 32) / GHZ - 10000,
			(1ULL << 32) / GHZ + 10000);
}

static void after_a_long_silence_it_is_measured_anew(void **state)
{
	struct tsc_clock c;

	(void)state;
	begin(&c);
	assert_int_equal(anchor(&c, 100 * S), 100 * S);
	assert_false(anchored(&c, 100 * S + 1));
	assert_int_equal(anchor(&c, 100 * S + 2 * MS), 100 * S + 2 * MS);
	assert_true(anchored(&c, 100 * S + 2 * MS + 1));
}

static void follows_a_processor_that_changes_its_pace(void **state)
{
	u64 ns = 10 * S, tsc = 10 * S, got;
	struct tsc_clock c;

	(void)state;
	tsc_clock_init(&c, real_now, NULL);
	for (int i = 0; i < 4000; i++, ns += MS) {
		tsc_clock_anchor(&c, &(struct tsc_sample){ tsc, ns, tsc });
		tsc += i < 2000 ? 2 * MS : 4 * MS;
	}
	/* for long enough to be measured from the new pace alone */
	got = tsc_clock_at(&c, c.tsc + 4 * (MS / 2));
	assert_in_range(got, c.ns + MS / 2 - 1000, c.ns + MS / 2 + 1000);
}

static void agrees_with_the_real_clock(void **state)
{
	struct tsc_clock c;
	u64 before, ns, after, last = 0;
	bool anchored = false;

	(void)state;
	if (!tsc_clock_usable()) {
		print_message("the kernel's clock is not the counter\n");
		skip();
	}
	tsc_clock_init(&c, real_now, NULL);
	for (int i = 0; i < 300000; i++) {
		before = real_now(NULL);
		ns = tsc_clock_read(&c);
		after = real_now(NULL);
		assert_true(ns >= last);
		last = ns;
		assert_in_range(ns, before - 20000, after + 20000);
		anchored |= c.window > 0;
	}
	assert_true(anchored);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_kernels_time_until_it_has_measured),
		cmocka_unit_test(turns_cycles_into_ns_within_the_window),
		cmocka_unit_test(never_runs_backwards),
		cmocka_unit_test(a_pair_that_was_read_asleep_is_no_anchor),
		cmocka_unit_test(a_counter_that_jumps_back_is_measured_anew),
		cmocka_unit_test(after_a_long_silence_it_is_measured_anew),
		cmocka_unit_test(follows_a_processor_that_changes_its_pace),
		cmocka_unit_test(agrees_with_the_real_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
