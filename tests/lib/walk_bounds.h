/* SPDX-License-Identifier: BSD-2-Clause */
/* What lib/walks.def says of each walk of enum inet_walk. */
#ifndef TESTS_WALK_BOUNDS_H
#define TESTS_WALK_BOUNDS_H

static const struct walk_bound {
	const char *name;
	u32 bound;		/* steps, in a world of the simulator */
} walk_bounds[] = {
#define WALK(name, bound, text) { #name, bound },
#include "lib/walks.def"
#undef WALK
};

#endif /* TESTS_WALK_BOUNDS_H */
