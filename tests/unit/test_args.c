/* SPDX-License-Identifier: BSD-2-Clause */
/* Arguments of drivers: what is read, and the sentence for what is not. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "args.h"
#include "lib/compiler.h"

struct values {
	char name[16];
	u32 mtu;
	u64 seed;
	bool flag;
	u8 mac[6];
	struct inet_fault_config faults;
};

static const struct arg_row rows[] = {
	ARG_ROW("", struct values, name, STRING, 0, 0),
	ARG_ROW("mtu", struct values, mtu, U32, 68, 65521),
	ARG_ROW("fd", struct values, mtu, U32, 0, 1 << 20),
	ARG_ROW("id", struct values, seed, U64, 0, UINT64_MAX),
	ARG_ROW("flag", struct values, flag, FLAG, 0, 1),
	ARG_ROW("mac", struct values, mac, MAC, 0, 0),
	FAULT_ARG_ROWS(struct values, faults),
};

static const struct args_spec spec = {
	.driver = "dev", .usage = "dev:NAME[,mtu=N]",
	.rows = rows, .nr_rows = ARRAY_SIZE(rows),
};

static char why[128];

static int parse(const char *text, struct values *v)
{
	memset(v, 0, sizeof(*v));
	why[0] = '\0';
	return args_parse(&spec, text, v, why, sizeof(why));
}

/* Asserts that @text is refused with a sentence that holds @part. */
static void refused(const char *text, const char *part)
{
	struct values v;

	assert_int_equal(parse(text, &v), -EINVAL);
	if (strncmp(why, "dev: ", 5) != 0 || !strstr(why, part))
		fail_msg("'%s' gave: %s", text, why);
}

static void everything_given_is_read(void **state)
{
	struct values v;

	(void)state;
	assert_int_equal(parse("tap0,mtu=1400,id=0xdeadbeefcafe,flag,"
			       "mac=02:00:00:00:AB:01", &v), 0);
	assert_string_equal(v.name, "tap0");
	assert_int_equal(v.mtu, 1400);
	assert_true(v.seed == 0xdeadbeefcafeull);
	assert_true(v.flag);
	assert_memory_equal(v.mac, "\2\0\0\0\xab\1", 6);
}

static void nothing_given_keeps_the_defaults(void **state)
{
	struct values v;

	(void)state;
	assert_int_equal(parse("", &v), 0);
	assert_int_equal(v.mtu, 0);
	assert_int_equal(parse("mtu=9000", &v), 0);
	assert_int_equal(v.mtu, 9000);
	assert_string_equal(v.name, "");
}

static void units_are_understood(void **state)
{
	struct values v;

	(void)state;
	assert_int_equal(parse("x,rate=1.5gbit,queue=64k,delay=20ms,"
			       "jitter=1.5us,reorder-late=2s,loss=0.1%,"
			       "corrupt=250ppm,burst-enter=100%", &v), 0);
	assert_true(v.faults.rate_bps == 1500000000ull);
	assert_int_equal(v.faults.queue_bytes, 65536);
	assert_true(v.faults.delay_ns == 20000000);
	assert_true(v.faults.jitter_ns == 1500);
	assert_true(v.faults.reorder_ns == 2000000000ull);
	assert_int_equal(v.faults.loss_ppm, 1000);
	assert_int_equal(v.faults.corrupt_ppm, 250);
	assert_int_equal(v.faults.burst_enter_ppm, 1000000);
	assert_int_equal(parse("x,partition,dup=2%,dup-max=10", &v), 0);
	assert_true(v.faults.partition);
	assert_int_equal(parse("x,flag=0", &v), 0);
	assert_false(v.flag);
}

static void unknown_key_is_named_with_the_usage(void **state)
{
	(void)state;
	refused("tap0,mtx=1500", "unknown argument 'mtx'; usage: dev:NAME");
	refused("tap0,,mtu=1500", "unknown argument ''");
	refused("tap0,other", "unknown argument 'other'");
	refused("=5", "unknown argument ''");
}

static void bad_numbers_are_named(void **state)
{
	(void)state;
	refused("x,mtu=9x", "mtu: '9x' is not a number");
	refused("x,mtu=-5", "mtu: '-5' is not a number");
	refused("x,mtu= 5", "is not a number");
	refused("x,mtu=1.5", "is not a number");
	refused("x,id=0x", "is not a number");
	refused("x,delay=20", "delay: '20' is not a time");
	refused("x,delay=ms", "is not a time");
	refused("x,delay=99999999999999999999", "is not a time");
	refused("x,rate=5", "is not a rate");
	refused("x,loss=0.5", "is not a share");
	refused("x,flag=2", "neither 0 nor 1");
}

static void numbers_out_of_range_are_told_the_range(void **state)
{
	(void)state;
	refused("x,mtu=67", "mtu=67 is out of range: 68 to 65521");
	refused("x,mtu=65522", "mtu=65522 is out of range: 68 to 65521");
	refused("x,mtu=99999999999999999999", "out of range: 68 to 65521");
	refused("x,fd=2M", "fd=2M is out of range: 0 to 1M");
	refused("x,dup-max=11", "dup-max=11 is out of range: 1 to 10");
	refused("x,id=18446744073709551616",
		"out of range: 0 to 18446744073709551615");
	refused("x,id=0x10000000000000000",
		"out of range: 0 to 18446744073709551615");
	refused("x,delay=2000000000s",
		"delay=2000000000s is out of range: 0s to 1000000000s");
	refused("x,delay=18446744073709551615s", "0s to 1000000000s");
	refused("x,reorder-late=0ms", "out of range: 1ns to 1000000000s");
	refused("x,rate=0bit", "out of range: 1bit to 1000000gbit");
	refused("x,rate=1000001gbit", "out of range: 1bit to 1000000gbit");
	refused("x,loss=101%", "loss=101% is out of range: 0% to 100%");
}

static void missing_values_are_named(void **state)
{
	(void)state;
	refused("x,mtu", "mtu needs a value");
	refused("x,mtu=", "mtu needs a value");
	refused("x,mac=", "mac needs a value");
}

static void what_is_said_twice_is_named(void **state)
{
	(void)state;
	refused("x,mtu=1500,mtu=1400", "mtu is said twice");
	refused("x,flag,mtu=1500,flag=0", "flag is said twice");
}

static void bad_addresses_are_named(void **state)
{
	static const char *const bad[] = {
		"x,mac=02:00:00:00:00", "x,mac=02:00:00:00:00:01:02",
		"x,mac=0200:00:00:00:01", "x,mac=02:00:00:00:00:1",
		"x,mac=02:00:00:00:00:0g", "x,mac=02-00-00-00-00-01", "x,mac=0",
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		refused(bad[i], "is not an address");
}

static void long_texts_are_refused(void **state)
{
	char text[2 * ARGS_MAX];

	(void)state;
	refused("a-name-of-sixteen", "is longer than 15 characters");
	memset(text, 'a', sizeof(text));
	text[ARGS_MAX] = '\0';
	refused(text, "more than 511 characters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_given_is_read),
		cmocka_unit_test(nothing_given_keeps_the_defaults),
		cmocka_unit_test(units_are_understood),
		cmocka_unit_test(unknown_key_is_named_with_the_usage),
		cmocka_unit_test(bad_numbers_are_named),
		cmocka_unit_test(numbers_out_of_range_are_told_the_range),
		cmocka_unit_test(missing_values_are_named),
		cmocka_unit_test(what_is_said_twice_is_named),
		cmocka_unit_test(bad_addresses_are_named),
		cmocka_unit_test(long_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
