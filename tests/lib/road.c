/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to a recording: how often, in which order. */
#include "road.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

u32 road_passed(struct net *net, const char *function)
{
	const struct inet_trace_point *pt;
	u32 n = 0;
	size_t i;

	for (i = 0; (pt = inet_trace_get(net, i)); i++)
		n += !strcmp(pt->function, function);
	return n;
}

/* Where @function was passed first; -1: it was not. */
static int first_pass(struct net *net, const char *function)
{
	for (size_t i = 0; i < inet_trace_count(net); i++)
		if (!strcmp(inet_trace_get(net, i)->function, function))
			return (int)i;
	return -1;
}

void road_assert_order(struct net *net, const char *const *names)
{
	int last = -1, i;

	for (; *names; names++) {
		i = first_pass(net, *names);
		if (i <= last)
			fail_msg("%s: at %d, after %d", *names, i, last);
		last = i;
	}
}
