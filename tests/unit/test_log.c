/* SPDX-License-Identifier: BSD-2-Clause */
/* log.c and the default environment's members. */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "lib/log.h"

#define SECOND 1000000000ULL

struct host {
	struct inet_env env;
	struct net_log log;
	u64 now;
	int lines;
	int level;
	char line[512];
};

static u64 host_now(void *opaque)
{
	return ((struct host *)opaque)->now;
}

static void host_log(void *opaque, int level, const char *line)
{
	struct host *h = opaque;

	h->lines++;
	h->level = level;
	snprintf(h->line, sizeof(h->line), "%s", line);
}

static int setup(void **state)
{
	struct host *h = test_calloc(1, sizeof(*h));

	h->env = *inet_env_default();
	h->env.opaque = h;
	h->env.now = host_now;
	h->env.log = host_log;
	net_log_init(&h->log, &h->env, false);
	*state = h;
	return 0;
}

static int teardown(void **state)
{
	test_free(*state);
	return 0;
}

static void line_urgent_is_written_with_level(void **state)
{
	struct host *h = *state;

	net_err(&h->log, "%s: %d", "tap0", 7);
	assert_string_equal(h->line, "tap0: 7");
	assert_int_equal(h->level, INET_LOG_ERR);
	net_warn(&h->log, "w");
	assert_int_equal(h->level, INET_LOG_WARNING);
	net_info(&h->log, "i");
	assert_int_equal(h->level, INET_LOG_INFO);
	assert_int_equal(h->lines, 3);
}

static void line_below_level_is_not_written(void **state)
{
	struct host *h = *state;

	net_dbg(&h->log, "d");
	net_dbg_ratelimited(&h->log, "d");
	assert_int_equal(h->lines, 0);
	h->log.level = INET_LOG_DEBUG;
	net_dbg(&h->log, "d");
	assert_int_equal(h->lines, 1);
}

static void line_too_long_is_cut(void **state)
{
	struct host *h = *state;

	net_info(&h->log, "%0400d", 1);
	assert_int_equal(strlen(h->line), NET_LOG_LINE - 1);
}

static void line_with_control_bytes_is_cleaned(void **state)
{
	struct host *h = *state;

	net_info(&h->log, "a\nb\033[31m\x7f\xc3\xa4");
	assert_string_equal(h->line, "a?b?[31m?\xc3\xa4");
}

static void many_lines_limited_then_missing_counted(void **state)
{
	struct host *h = *state;

	h->now = 100 * SECOND;
	for (int i = 0; i < 25; i++)
		net_warn_ratelimited(&h->log, "packet %d", i);
	assert_int_equal(h->lines, NET_LOG_BURST);
	net_info(&h->log, "not limited");
	assert_int_equal(h->lines, NET_LOG_BURST + 1);
	h->now += 5 * SECOND - 1;
	net_warn_ratelimited(&h->log, "early");
	assert_int_equal(h->lines, NET_LOG_BURST + 1);
	h->now += 1;
	net_err_ratelimited(&h->log, "late");
	assert_int_equal(h->lines, NET_LOG_BURST + 3);
	assert_string_equal(h->line, "late");
	h->now += 9 * SECOND;
	net_info_ratelimited(&h->log, "quiet before");
	assert_int_equal(h->lines, NET_LOG_BURST + 4);
}

static void default_env_clocks_move_forward(void **state)
{
	const struct inet_env *env = inet_env_default();
	u64 now = env->now(env->opaque);

	(void)state;
	assert_ptr_equal(env, inet_env_default());
	assert_int_equal(env->size, sizeof(*env));
	usleep(2000);
	assert_in_range(env->now(env->opaque) - now, 2000000, 60 * SECOND);
	/* After 2023 and before 2100. */
	assert_in_range(env->wall(env->opaque) / SECOND, 1672531200u,
			4102444800u);
}

static void default_env_allocates_at_any_alignment(void **state)
{
	const struct inet_env *env = inet_env_default();

	(void)state;
	for (size_t align = sizeof(void *); align <= 65536; align *= 2) {
		void *p = env->alloc(env->opaque, 100, align);

		assert_true(IS_ALIGNED((uintptr_t)p, align));
		memset(p, 1, 100);
		env->free(env->opaque, p, 100);
	}
}

#define C(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		C(line_urgent_is_written_with_level),
		C(line_below_level_is_not_written),
		C(line_too_long_is_cut),
		C(line_with_control_bytes_is_cleaned),
		C(many_lines_limited_then_missing_counted),
		cmocka_unit_test(default_env_clocks_move_forward),
		cmocka_unit_test(default_env_allocates_at_any_alignment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
