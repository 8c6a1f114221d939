/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions to a recording of inet/trace.h. */
#ifndef TESTS_ROAD_H
#define TESTS_ROAD_H

#include <inet/trace.h>
#include <inet/types.h>

/* How often @function was passed. */
u32 road_passed(struct net *net, const char *function);
/* Each of @names (the last is NULL) was passed, for the first time after the
 * one before it; others may lie between. Fails the test otherwise. */
void road_assert_order(struct net *net, const char *const *names);

#endif /* TESTS_ROAD_H */
