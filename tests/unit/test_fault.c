/* SPDX-License-Identifier: BSD-2-Clause */
/* Each fault happens as often as it should, repeats by its seed, and damages
 * only what it may. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "lib/fault.h"

#define N 100000u
#define MS 1000000ull

static struct fault_state make(const struct inet_fault_config *c)
{
	struct fault_state f;

	assert_int_equal(fault_init(&f, c), 0);
	return f;
}

/* Runs N frames of 1,000 bytes, one each 10 us. */
static struct inet_fault_counters run(const struct inet_fault_config *c)
{
	struct fault_state f = make(c);
	struct fault_verdict v;

	for (u32 i = 0; i < N; i++)
		fault_decide(&f, i * 10000ull, 1000, &v);
	return f.counters;
}

/* Whether @n of @of is @ppm to within five standard deviations. */
static void assert_share(u64 n, u64 of, u32 ppm)
{
	double p = ppm / 1e6, mean = (double)of * p;
	double off = (double)n - mean, variance = mean * (1 - p);

	if (off * off > 25 * variance)
		fail_msg("%llu of %llu is not %u ppm", (unsigned long long)n,
			 (unsigned long long)of, ppm);
}

/* A frame with an IPv4 header that claims @len - 14 bytes, filled by @seed. */
static void make_frame(u8 *frame, u32 len, u32 seed)
{
	for (u32 i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		frame[i] = (u8)(seed >> 24);
	}
	frame[12] = 0x08;
	frame[13] = 0x00;
	frame[14] = 0x45;
	frame[16] = (u8)((len - 14) >> 8);
	frame[17] = (u8)(len - 14);
}

/* The ones-complement sum over @len bytes, folded to 16 bits. */
static u32 sum16(const u8 *p, u32 len)
{
	u32 sum = 0;

	for (u32 i = 0; i + 1 < len; i += 2)
		sum += (u32)p[i] << 8 | p[i + 1];
	if (len & 1)
		sum += (u32)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff ? 0 : sum;
}

static u32 bits_that_differ(const u8 *a, const u8 *b, u32 len)
{
	u32 n = 0;

	for (u32 i = 0; i < len; i++)
		n += (u32)__builtin_popcount(a[i] ^ b[i]);
	return n;
}

static void no_faults_pass_at_once(void **state)
{
	const struct inet_fault_config c = { .seed = 7 };
	struct fault_state f = make(&c);
	struct fault_verdict v;

	(void)state;
	assert_true(fault_config_none(&c));
	for (u32 i = 0; i < 1000; i++) {
		fault_decide(&f, i, 1514, &v);
		assert_int_equal(v.nr_copies, 1);
		assert_int_equal(v.due_ns[0], i);
		assert_int_equal(v.damage, 0);
	}
	assert_int_equal(f.counters.passed, 1000);
	assert_int_equal(f.counters.bytes, 1514000);
}

static void loss_happens_as_often_as_asked(void **state)
{
	static const u32 ppm[] = { 100, 1000, 10000, 50000, 300000, 1000000 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(ppm); i++) {
		struct inet_fault_config c = { .seed = i, .loss_ppm = ppm[i] };
		struct inet_fault_counters n = run(&c);

		assert_share(n.lost, N, ppm[i]);
		assert_int_equal(n.lost + n.passed, N);
	}
}

static void periodic_loss_takes_each_nth(void **state)
{
	const struct inet_fault_config c = { .loss_every = 7 };
	struct fault_state f = make(&c);
	struct fault_verdict v;

	(void)state;
	for (u32 i = 1; i <= 70; i++) {
		fault_decide(&f, i, 100, &v);
		assert_int_equal(v.nr_copies, i % 7 ? 1 : 0);
	}
}

/* Gilbert: share of bad = enter / (enter + leave), bursts of 1 / leave. */
static void gilbert_loses_in_bursts(void **state)
{
	const struct inet_fault_config c = {
		.seed = 3, .burst_enter_ppm = 10000, .burst_leave_ppm = 250000,
	};
	struct fault_state f = make(&c);
	u32 lost = 0, bursts = 0;
	bool before = false;

	(void)state;
	for (u32 i = 0; i < N; i++) {
		struct fault_verdict v;

		fault_decide(&f, i, 100, &v);
		lost += !v.nr_copies;
		bursts += !v.nr_copies && !before;
		before = !v.nr_copies;
	}
	assert_in_range(lost, N * 33 / 1000, N * 44 / 1000);	/* 3.85 % */
	assert_in_range(lost * 100 / bursts, 350, 450);		/* 4 frames */
	assert_int_equal(f.counters.lost_burst, lost);
}

static void duplicates_are_as_many_as_asked(void **state)
{
	struct inet_fault_config c = { .seed = 5, .dup_ppm = 50000 };
	struct inet_fault_counters n = run(&c);

	(void)state;
	assert_share(n.duplicated, N, 50000);
	assert_int_equal(n.passed, N + n.duplicated);
	c.dup_max = 10;		/* 5.5 each on average */
	n = run(&c);
	assert_in_range(n.duplicated, N / 20 * 5, N / 20 * 6);
}

static void damage_is_as_frequent_as_asked(void **state)
{
	const struct inet_fault_config c = {
		.seed = 11, .corrupt_ppm = 20000, .truncate_ppm = 10000,
		.pad_ppm = 5000, .corrupt_hidden_ppm = 8000,
	};
	struct fault_state f = make(&c);
	u8 frame[1000 + INET_FAULT_MAX_PAD];
	struct fault_verdict v;

	(void)state;
	for (u32 i = 0; i < N; i++) {
		fault_decide(&f, i, 1000, &v);
		if (!v.damage)
			continue;
		make_frame(frame, 1000, i);
		fault_damage(&f, &v, frame, 1000);
	}
	assert_share(f.counters.corrupted, N, 20000);
	assert_share(f.counters.corrupted_hidden, N, 8000);
	assert_share(f.counters.truncated, N, 10000);
	assert_share(f.counters.padded, N, 5000);
}

static void corruption_always_breaks_the_checksum(void **state)
{
	const struct inet_fault_config c = { .corrupt_ppm = 1000000 };
	struct fault_state f = make(&c);
	u32 seen[4] = { 0 };

	(void)state;
	for (u32 i = 0; i < 20000; i++) {
		u32 len = 60 + i % 1400, n, differ;
		u8 frame[1500], before[1500];
		struct fault_verdict v;

		make_frame(frame, len, i);
		memcpy(before, frame, len);
		fault_decide(&f, 0, len, &v);
		n = fault_damage(&f, &v, frame, len);
		assert_int_equal(n, len);
		assert_memory_equal(frame, before, 14);
		differ = bits_that_differ(frame, before, len);
		assert_in_range(differ, 1, 3);
		seen[differ]++;
		/* IP header and the rest are summed apart. */
		assert_true(sum16(frame + 14, 20) != sum16(before + 14, 20) ||
			    sum16(frame + 34, len - 34) !=
			    sum16(before + 34, len - 34));
	}
	assert_true(seen[1] > 5000 && seen[2] > 5000 && seen[3] > 5000);
}

static void hidden_corruption_keeps_every_checksum(void **state)
{
	const struct inet_fault_config c = { .corrupt_hidden_ppm = 1000000 };
	struct fault_state f = make(&c);

	(void)state;
	for (u32 i = 0; i < 20000; i++) {
		u32 len = 100 + i % 1400;
		u8 frame[1500], before[1500];
		struct fault_verdict v;

		make_frame(frame, len, i);
		memcpy(before, frame, len);
		fault_decide(&f, 0, len, &v);
		fault_damage(&f, &v, frame, len);
		assert_int_equal(bits_that_differ(frame, before, len), 2);
		assert_memory_equal(frame, before, 66);
		assert_int_equal(sum16(frame + 34, len - 34),
				 sum16(before + 34, len - 34));
	}
	assert_int_equal(f.counters.corrupted_hidden, 20000);
}

/* ARP has no checksum: a flipped bit would be believed. */
static void frames_without_checksum_are_not_corrupted(void **state)
{
	const struct inet_fault_config c = {
		.corrupt_ppm = 1000000, .corrupt_hidden_ppm = 1000000,
	};
	struct fault_state f = make(&c);
	u8 frame[100] = { [12] = 0x08, [13] = 0x06 }, before[100];
	struct fault_verdict v;

	(void)state;
	memcpy(before, frame, sizeof(frame));
	fault_decide(&f, 0, sizeof(frame), &v);
	fault_damage(&f, &v, frame, sizeof(frame));
	assert_memory_equal(frame, before, sizeof(frame));
	assert_int_equal(f.counters.corrupted, 0);
}

static void short_frames_are_damaged_within_bounds(void **state)
{
	const struct inet_fault_config c = {
		.corrupt_ppm = 1000000, .corrupt_hidden_ppm = 1000000,
		.truncate_ppm = 1000000, .pad_ppm = 1000000,
	};
	struct fault_state f = make(&c);

	(void)state;
	for (u32 len = 0; len < 80; len++) {
		u8 frame[80 + INET_FAULT_MAX_PAD];
		struct fault_verdict v;

		memset(frame, 0xff, sizeof(frame));
		if (len > 14) {
			frame[12] = 0x08;
			frame[13] = 0x00;
		}
		fault_decide(&f, 0, len, &v);
		assert_true(fault_damage(&f, &v, frame, len) <=
			    len + INET_FAULT_MAX_PAD);
	}
}

static void delay_and_jitter_keep_the_order(void **state)
{
	const struct inet_fault_config c = {
		.seed = 2, .delay_ns = 20 * MS, .jitter_ns = 5 * MS,
	};
	struct fault_state f = make(&c);
	u64 last = 0, sum = 0;

	(void)state;
	for (u32 i = 0; i < N; i++) {
		u64 now = i * 10 * MS;	/* further apart than the jitter */
		struct fault_verdict v;

		fault_decide(&f, now, 100, &v);
		assert_true(v.due_ns[0] >= now + 20 * MS &&
			    v.due_ns[0] <= now + 25 * MS);
		assert_true(v.due_ns[0] >= last);
		last = v.due_ns[0];
		sum += v.due_ns[0] - now;
	}
	assert_in_range(sum / N, 22400000, 22600000);
}

static void jitter_of_close_frames_keeps_the_order(void **state)
{
	const struct inet_fault_config c = { .jitter_ns = 5 * MS };
	struct fault_state f = make(&c);
	u64 last = 0;

	(void)state;
	for (u32 i = 0; i < N; i++) {
		struct fault_verdict v;

		fault_decide(&f, i, 100, &v);
		assert_true(v.due_ns[0] >= last);
		last = v.due_ns[0];
	}
}

static void reordered_frames_are_overtaken(void **state)
{
	const struct inet_fault_config c = {
		.seed = 9, .delay_ns = MS, .reorder_ppm = 50000,
		.reorder_ns = 3 * MS,
	};
	struct fault_state f = make(&c);
	u64 last = 0;
	u32 late = 0;

	(void)state;
	for (u32 i = 0; i < N; i++) {
		u64 now = i * 1000ull;
		struct fault_verdict v;

		fault_decide(&f, now, 100, &v);
		if (v.due_ns[0] > now + MS) {
			assert_true(v.due_ns[0] <= now + 4 * MS);
			late++;
		} else {
			assert_true(v.due_ns[0] >= last);
			last = v.due_ns[0];
		}
	}
	assert_int_equal(late, f.counters.reordered);
	assert_share(late, N, 50000);
}

/* With both limits the same a late frame is late by exactly that. */
static void late_frames_are_late_by_at_least(void **state)
{
	const struct inet_fault_config c = {
		.seed = 9, .delay_ns = MS, .reorder_ppm = 50000,
		.reorder_ns = 3 * MS, .reorder_least_ns = 3 * MS,
	};
	const struct inet_fault_config wrong = { .reorder_least_ns = 2 * MS };
	struct fault_state f = make(&c);

	(void)state;
	for (u32 i = 0; i < N; i++) {
		u64 now = i * 1000ull;
		struct fault_verdict v;

		fault_decide(&f, now, 100, &v);
		assert_true(v.due_ns[0] == now + MS ||
			    v.due_ns[0] == now + 4 * MS);
	}
	assert_share((u32)f.counters.reordered, N, 50000);
	assert_string_equal(fault_config_problem(&wrong).name,
			    "reorder_least_ns");
}

static void rate_spaces_the_frames(void **state)
{
	const struct inet_fault_config c = { .rate_bps = 8000000 };
	struct fault_state f = make(&c);
	struct fault_verdict v;

	(void)state;
	for (u64 i = 1; i <= 100; i++) {	/* 1,000 bytes take 1 ms */
		fault_decide(&f, 0, 1000, &v);
		assert_int_equal(v.due_ns[0], i * MS);
	}
	fault_decide(&f, 1000 * MS, 1000, &v);	/* it was idle meanwhile */
	assert_int_equal(v.due_ns[0], 1001 * MS);
}

/* Of IPv4 packets only those that say they may be; their sum stays right. */
static void crowded_queue_marks_what_may_be(void **state)
{
	const struct inet_fault_config c = {
		.rate_bps = 8000000, .mark_bytes = 10000,
	};
	struct fault_state f = make(&c);
	struct fault_verdict v;
	u8 frame[200 + INET_FAULT_MAX_PAD], before[200];

	(void)state;
	for (u32 i = 0; i < 50; i++) {
		make_frame(frame, 200, i);
		frame[15] = (u8)(0xb8 | (i & 3));
		memcpy(before, frame, 200);
		fault_decide(&f, 0, 1000, &v);
		assert_int_equal(v.damage, i < 11 ? 0 : BIT(FAULT_MARK));
		assert_int_equal(fault_damage(&f, &v, frame, 200), 200);
		if (i < 11 || (i & 3) == 0 || (i & 3) == 3)
			assert_memory_equal(frame, before, 200);
		else
			assert_int_equal(frame[15], 0xbb);
		assert_int_equal(sum16(frame + 14, 20), sum16(before + 14, 20));
	}
	assert_int_equal(f.counters.marked, 19);
	fault_decide(&f, 1000 * MS, 1000, &v);	/* nothing waits any more */
	assert_int_equal(v.damage, 0);
}

static void marks_come_by_chance(void **state)
{
	const struct inet_fault_config c = { .seed = 7, .mark_ppm = 30000 };
	struct fault_state f = make(&c);
	struct fault_verdict v;
	u32 nr = 0;

	(void)state;
	assert_false(fault_config_none(&c));
	for (u32 i = 0; i < N; i++) {
		fault_decide(&f, i, 1000, &v);
		nr += v.damage == BIT(FAULT_MARK);
	}
	assert_share(nr, N, c.mark_ppm);
}

static void full_queue_drops_the_tail(void **state)
{
	const struct inet_fault_config c = {
		.rate_bps = 8000000, .queue_bytes = 10000,
	};
	struct fault_state f = make(&c);
	struct fault_verdict v;

	(void)state;
	for (u32 i = 0; i < 50; i++) {
		fault_decide(&f, 0, 1000, &v);
		assert_int_equal(v.nr_copies, i < 11 ? 1 : 0);
	}
	assert_int_equal(f.counters.lost_queue, 39);
	fault_decide(&f, 5 * MS, 1000, &v);	/* five have left */
	assert_int_equal(v.nr_copies, 1);
}

static void black_hole_takes_big_frames_only(void **state)
{
	const struct inet_fault_config c = { .mtu = 1400 };
	struct fault_state f = make(&c);
	struct fault_verdict v;

	(void)state;
	fault_decide(&f, 0, 1414, &v);
	assert_int_equal(v.nr_copies, 1);
	fault_decide(&f, 0, 1415, &v);
	assert_int_equal(v.nr_copies, 0);
	fault_decide(&f, 0, 3, &v);
	assert_int_equal(v.nr_copies, 1);
	assert_int_equal(f.counters.lost_mtu, 1);
}

static void partition_takes_everything_until_it_ends(void **state)
{
	struct inet_fault_config c = { .partition = true };
	struct fault_state f = make(&c);
	struct fault_verdict v;

	(void)state;
	fault_decide(&f, 0, 100, &v);
	assert_int_equal(v.nr_copies, 0);
	c.partition = false;
	assert_int_equal(fault_change(&f, &c), 0);
	fault_decide(&f, 0, 100, &v);
	assert_int_equal(v.nr_copies, 1);
	assert_int_equal(f.counters.lost_partition, 1);
	assert_int_equal(v.index, 1);
}

/* A digest of what happens to 20,000 frames. */
static u64 digest(struct fault_state *f)
{
	u64 h = 0;

	for (u32 i = 0; i < 20000; i++) {
		u8 frame[200 + INET_FAULT_MAX_PAD];
		struct fault_verdict v;
		u32 len = 200;

		fault_decide(f, i * 1000ull, len, &v);
		make_frame(frame, len, i);
		if (v.nr_copies)
			len = fault_damage(f, &v, frame, len);
		h = h * 31 + v.nr_copies * 7 + len;
		for (u32 n = 0; n < v.nr_copies; n++)
			h = h * 1099511628211ull + v.due_ns[n];
		for (u32 n = 0; n < len; n++)
			h = h * 31 + frame[n];
	}
	return h;
}

static const struct inet_fault_config everything = {
	.seed = 42, .delay_ns = MS, .jitter_ns = MS, .reorder_ppm = 20000,
	.loss_ppm = 20000, .dup_ppm = 20000, .dup_max = 3,
	.corrupt_ppm = 20000, .truncate_ppm = 5000, .pad_ppm = 5000,
	.burst_enter_ppm = 1000, .burst_leave_ppm = 200000,
};

static void same_seed_repeats_another_does_not(void **state)
{
	struct inet_fault_config c = everything;
	struct fault_state f = make(&c), g = make(&c), h;

	(void)state;
	c.seed = 43;
	h = make(&c);
	assert_true(digest(&f) == digest(&g));
	assert_memory_equal(&f.counters, &g.counters, sizeof(f.counters));
	f = make(&everything);
	assert_true(digest(&f) != digest(&h));
}

/* What a shrinker needs: one fault less leaves the others where they are. */
static void one_kind_switched_off_moves_no_other(void **state)
{
	struct inet_fault_config c = everything;
	struct fault_state f = make(&c), g;

	(void)state;
	c.dup_ppm = 0;
	c.corrupt_ppm = 0;
	g = make(&c);
	for (u32 i = 0; i < 20000; i++) {
		struct fault_verdict v, w;

		fault_decide(&f, i * 1000ull, 200, &v);
		fault_decide(&g, i * 1000ull, 200, &w);
		assert_int_equal(!v.nr_copies, !w.nr_copies);
		if (v.nr_copies)
			assert_true(v.due_ns[0] == w.due_ns[0]);
		assert_int_equal(v.damage & BIT(FAULT_PAD),
				 w.damage & BIT(FAULT_PAD));
	}
}

static bool veto_loss_of_frame_5(void *arg, u64 index, enum fault_kind kind)
{
	*(u32 *)arg += 1;
	return kind == FAULT_LOSS && index == 5;
}

static void vetoed_fault_does_not_happen(void **state)
{
	const struct inet_fault_config c = { .loss_ppm = 1000000 };
	struct fault_state f = make(&c);
	u32 asked = 0;

	(void)state;
	f.veto = veto_loss_of_frame_5;
	f.veto_arg = &asked;
	for (u32 i = 0; i < 10; i++) {
		struct fault_verdict v;

		fault_decide(&f, 0, 100, &v);
		assert_int_equal(v.nr_copies, i == 5);
	}
	assert_int_equal(asked, 10);
}

static void assert_problem(const struct inet_fault_config *c, const char *name,
			   u64 value, u64 max)
{
	struct fault_problem problem = fault_config_problem(c);

	assert_non_null(problem.name);
	assert_string_equal(problem.name, name);
	assert_true(problem.value == value && problem.max == max);
}

static void values_out_of_range_are_named(void **state)
{
	struct inet_fault_config c = { .dup_ppm = 1000001 };
	struct fault_state f;

	(void)state;
	assert_problem(&c, "dup_ppm", 1000001, 1000000);
	assert_int_equal(fault_init(&f, &c), -EINVAL);
	c = (struct inet_fault_config){ .dup_max = 11 };
	assert_problem(&c, "dup_max", 11, 10);
	c = (struct inet_fault_config){ .queue_bytes = 0x80000000u };
	assert_problem(&c, "queue_bytes", 0x80000000u, 0x7fffffff);
	c = (struct inet_fault_config){ .delay_ns = INET_FAULT_MAX_NS + 1 };
	assert_problem(&c, "delay_ns", INET_FAULT_MAX_NS + 1,
		       INET_FAULT_MAX_NS);
	assert_null(fault_config_problem(&everything).name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_faults_pass_at_once),
		cmocka_unit_test(loss_happens_as_often_as_asked),
		cmocka_unit_test(periodic_loss_takes_each_nth),
		cmocka_unit_test(gilbert_loses_in_bursts),
		cmocka_unit_test(duplicates_are_as_many_as_asked),
		cmocka_unit_test(damage_is_as_frequent_as_asked),
		cmocka_unit_test(corruption_always_breaks_the_checksum),
		cmocka_unit_test(hidden_corruption_keeps_every_checksum),
		cmocka_unit_test(frames_without_checksum_are_not_corrupted),
		cmocka_unit_test(short_frames_are_damaged_within_bounds),
		cmocka_unit_test(delay_and_jitter_keep_the_order),
		cmocka_unit_test(jitter_of_close_frames_keeps_the_order),
		cmocka_unit_test(reordered_frames_are_overtaken),
		cmocka_unit_test(late_frames_are_late_by_at_least),
		cmocka_unit_test(rate_spaces_the_frames),
		cmocka_unit_test(full_queue_drops_the_tail),
		cmocka_unit_test(black_hole_takes_big_frames_only),
		cmocka_unit_test(partition_takes_everything_until_it_ends),
		cmocka_unit_test(crowded_queue_marks_what_may_be),
		cmocka_unit_test(marks_come_by_chance),
		cmocka_unit_test(same_seed_repeats_another_does_not),
		cmocka_unit_test(one_kind_switched_off_moves_no_other),
		cmocka_unit_test(vetoed_fault_does_not_happen),
		cmocka_unit_test(values_out_of_range_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
