/* SPDX-License-Identifier: BSD-2-Clause */
/* The version of the library. */
#include <inet/version.h>

const char *inet_version(void)
{
	return PACKAGE_VERSION;
}
