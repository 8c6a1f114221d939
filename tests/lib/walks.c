/* SPDX-License-Identifier: BSD-2-Clause */
/* The hooks of lib/points.h that count steps; a program may have its own. */
#define INET_SIM 1	/* the hooks are declared */

#include "walks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "lib/compiler.h"
#include "lib/points.h"
#include "walk_bounds.h"

#define WEAK __attribute__((weak))

static u32 steps[NR_WALKS], most[NR_WALKS], nr_walks;

WEAK bool sim_buggify(enum inet_point point)
{
	(void)point;
	return false;
}

WEAK void sim_probe(enum inet_probe probe)
{
	(void)probe;
}

WEAK void sim_walk(enum inet_walk walk)
{
	steps[walk] = 0;
	nr_walks++;
}

WEAK void sim_step(enum inet_walk walk)
{
	steps[walk]++;
	most[walk] = max(most[walk], steps[walk]);
}

WEAK void sim_cable_sent(struct net_device *dev, const struct sk_buff *skb)
{
	(void)dev;
	(void)skb;
}

WEAK bool sim_cable_lost(struct net_device *dev, struct sk_buff *skb)
{
	(void)dev;
	(void)skb;
	return false;
}

void walks_begin(void)
{
	memset(most, 0, sizeof(most));
	nr_walks = 0;
}

/* The ports that connect() tries are the application's doing, not a peer's. */
void walks_judge(void)
{
	if (!nr_walks)
		fail_msg("no step is counted: the program is to link $(STEP_LIBS)");
	for (u32 i = 0; i < NR_WALKS; i++)
		if (i != WALK_BIND && most[i] > 2 * walk_bounds[i].bound)
			fail_msg("walk %s: %u steps", walk_bounds[i].name, most[i]);
}
