/* SPDX-License-Identifier: BSD-2-Clause */
/* inet_version() names the version that was configured. */
#include "unit.h"

#include <inet/version.h>

static void version_asked_is_the_configured_one(void **state)
{
	(void)state;
	assert_string_equal(inet_version(), PACKAGE_VERSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_asked_is_the_configured_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
