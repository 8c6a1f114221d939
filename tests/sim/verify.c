/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * After each step of a world: every structure of every stack is whole, every
 * queue is as long as it says and no longer than it may be, and the stacks
 * hold no byte that they do not know of. What is dear is looked at in steps
 * that the seed chooses. A world that runs again for its trace only, runs
 * without.
 */
#include "sim.h"

#include "api/verify.h"
#include "core/net.h"

#define TABLES_EVERY 64		/* steps, on average */

void verify_init(struct world *w)
{
	rng_init(&w->verify, w->seed, 4);
}

/* What was allocated from the environment is what the stack knows of, and its
 * own struct net. */
static void verify_memory(struct world *w, unsigned int i)
{
	const struct host *h = &w->host[i];

	if (h->net->mem.live_bytes + sizeof(struct net) != h->allocated)
		sim_fail(w, "host %u: knows of %llu bytes, holds %llu", i,
			 (unsigned long long)h->net->mem.live_bytes,
			 (unsigned long long)h->allocated);
}

void verify_step(struct world *w)
{
	bool tables = rng_next(&w->verify) % TABLES_EVERY == 0;
	unsigned int i;

	if (w->again)
		return;
	for (i = 0; i < w->nr_stacks; i++) {
		net_verify(w->host[i].net);
		if (tables)
			net_verify_tables(w->host[i].net);
		verify_memory(w, i);
	}
}
