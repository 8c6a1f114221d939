/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cursors never leave their bytes, and remember that they were asked to.
 */
#include "unit.h"

#include "guard.h"
#include "wire/cursor.h"

static void reader_in_range_gives_values_in_order(void **state)
{
	static const u8 bytes[] = {
		1, 0x23, 0x45, 0x89, 0xab, 0xcd, 0xef, 0x0a, 0, 0, 2,
		0x12, 0x34, 'x', 'y', 'z'
	};
	static const u8 addr[4] = { 0x0a, 0, 0, 2 };
	static const u8 port[2] = { 0x12, 0x34 };
	struct cursor c = cur_init(guard_copy(&guard, bytes, sizeof(bytes)),
				   sizeof(bytes));
	__be32 a;
	__be16 p;
	const u8 *rest;

	(void)state;
	assert_int_equal(cur_u8(&c), 1);
	assert_int_equal(cur_be16(&c), 0x2345);
	assert_int_equal(cur_be32(&c), 0x89abcdef);
	a = cur_raw_be32(&c);
	assert_memory_equal(&a, addr, 4);
	p = cur_raw_be16(&c);
	assert_memory_equal(&p, port, 2);
	assert_int_equal(cur_left(&c), 3);
	cur_skip(&c, 1);
	rest = cur_bytes(&c, 2);
	assert_memory_equal(rest, "yz", 2);
	assert_int_equal(cur_left(&c), 0);
	assert_true(cur_ok(&c));
}

/* The guard page catches a reader that looks first and asks later. */
static void reader_past_end_gives_zero_and_stays_bad(void **state)
{
	u8 *p = guard_take(&guard, 3, 0xff);
	u8 copy[4] = { 9, 9, 9, 9 };
	struct cursor c;

	(void)state;
	c = cur_init(p, 3);
	assert_int_equal(cur_be32(&c), 0);
	assert_false(cur_ok(&c));
	assert_int_equal(cur_left(&c), 0);
	assert_int_equal(cur_u8(&c), 0);	/* there is one, but too late */
	assert_null(cur_bytes(&c, 0));

	c = cur_init(p, 3);
	cur_copy(&c, copy, 4);
	assert_memory_equal(copy, "\0\0\0\0", 4);
	c = cur_init(p, 1);
	assert_int_equal(cur_be16(&c), 0);
	c = cur_init(p, 3);
	cur_skip(&c, SIZE_MAX);
	assert_false(cur_ok(&c));
	c = cur_init(p, 3);
	cur_skip(&c, 4);
	assert_int_equal(cur_raw_be16(&c), 0);
	assert_int_equal(cur_raw_be32(&c), 0);
}

static void reader_of_nothing_fails_on_first_byte(void **state)
{
	struct cursor c = cur_init(NULL, 0);

	(void)state;
	assert_true(cur_ok(&c));
	assert_int_equal(cur_left(&c), 0);
	cur_copy(&c, NULL, 0);
	assert_true(cur_ok(&c));
	assert_int_equal(cur_u8(&c), 0);
	assert_false(cur_ok(&c));
}

static void reader_sub_is_bounded_and_passed_over(void **state)
{
	static const u8 bytes[] = { 1, 2, 3, 4 };
	struct cursor c = cur_init(bytes, sizeof(bytes));
	struct cursor sub = cur_sub(&c, 2);

	(void)state;
	assert_int_equal(cur_be16(&sub), 0x0102);
	assert_int_equal(cur_u8(&sub), 0);
	assert_false(cur_ok(&sub));
	assert_true(cur_ok(&c));
	assert_int_equal(cur_u8(&c), 3);
	sub = cur_sub(&c, 2);
	assert_false(cur_ok(&sub));
	assert_false(cur_ok(&c));
}

static void writer_in_room_writes_wire_order(void **state)
{
	static const u8 want[] = {
		7, 0x12, 0x34, 0xde, 0xad, 0xbe, 0xef, 'h', 'i', 0, 0, 0x1f, 2
	};
	u8 *p = guard_take(&guard, sizeof(want), 0xcc);
	struct wcursor w = wcur_init(p, sizeof(want));
	__be16 raw;

	(void)state;
	memcpy(&raw, "\x1f\x02", 2);
	wcur_u8(&w, 7);
	wcur_be16(&w, 0x1234);
	wcur_be32(&w, 0xdeadbeef);
	wcur_bytes(&w, "hi", 2);
	wcur_zero(&w, 2);
	wcur_raw_be16(&w, raw);
	assert_true(wcur_ok(&w));
	assert_int_equal(wcur_len(&w), sizeof(want));
	assert_int_equal(wcur_room(&w), 0);
	assert_memory_equal(p, want, sizeof(want));
}

static void writer_past_end_writes_nothing_and_stays_full(void **state)
{
	u8 *p = guard_take(&guard, 3, 0xcc);
	struct wcursor w = wcur_init(p, 3);

	(void)state;
	wcur_be32(&w, 0x01020304);
	assert_false(wcur_ok(&w));
	wcur_u8(&w, 1);				/* would fit, but too late */
	wcur_zero(&w, 1);
	assert_int_equal(wcur_len(&w), 0);
	assert_int_equal(wcur_room(&w), 0);
	assert_memory_equal(p, "\xcc\xcc\xcc", 3);

	w = wcur_init(p, 3);
	wcur_be16(&w, 0x0102);
	wcur_be16(&w, 0x0304);
	assert_int_equal(wcur_len(&w), 2);
	assert_memory_equal(p, "\x01\x02\xcc", 3);
	w = wcur_init(NULL, 0);
	wcur_u8(&w, 1);
	assert_false(wcur_ok(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_in_range_gives_values_in_order),
		cmocka_unit_test(reader_past_end_gives_zero_and_stays_bad),
		cmocka_unit_test(reader_of_nothing_fails_on_first_byte),
		cmocka_unit_test(reader_sub_is_bounded_and_passed_over),
		cmocka_unit_test(writer_in_room_writes_wire_order),
		cmocka_unit_test(writer_past_end_writes_nothing_and_stays_full),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
