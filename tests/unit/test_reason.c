/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every reason has a sentence of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <string.h>
#include <cmocka.h>

#include "wire/reason.h"

static void reason_known_has_its_own_sentence(void **state)
{
	int a, b;

	(void)state;
	for (a = 0; a < WIRE_REASON_MAX; a++) {
		assert_non_null(wire_strreason(-a));
		assert_true(strlen(wire_strreason(-a)) > 3);
		assert_string_not_equal(wire_strreason(-a), "unknown reason");
		assert_ptr_equal(wire_strreason(a), wire_strreason(-a));
		for (b = 0; b < a; b++)
			assert_string_not_equal(wire_strreason(-a),
						wire_strreason(-b));
	}
	assert_string_equal(wire_strreason(-WIRE_CSUM), "wrong checksum");
}

static void reason_unknown_is_said_to_be_so(void **state)
{
	(void)state;
	assert_string_equal(wire_strreason(WIRE_REASON_MAX), "unknown reason");
	assert_string_equal(wire_strreason(-WIRE_REASON_MAX), "unknown reason");
	assert_string_equal(wire_strreason(INT_MIN), "unknown reason");
	assert_string_equal(wire_strreason(INT_MAX), "unknown reason");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reason_known_has_its_own_sentence),
		cmocka_unit_test(reason_unknown_is_said_to_be_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
