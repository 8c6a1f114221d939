/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One world: the loop that jumps from event to event.
 *
 *	chaos		faults as drawn, until heal_ns
 *	healed		what is left of them is delay and rate; all
 *			connections must end within HEAL_S
 *	silence		applications are gone; TIME-WAIT and orphans die out
 *			within DRAIN_S, and the stacks hold what they held
 */
#include "sim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define START_NS (1000 * SIM_S)
#define HEAL_S 600
#define DRAIN_S 600
#define IDLE_TURNS 20000	/* without the clock moving */
#define MAX_EVENTS 20000000u

/* Listeners and sockets, what they held before, and what will be done. */
static int world_create(struct world *w)
{
	unsigned int i;

	if (topology_create(w))
		return -1;
	for (i = 0; i < w->nr_stacks; i++) {
		struct host *h = &w->host[i];

		inet_run(h->net, 0);
		inet_get_usage(h->net, &h->base);
		if (i < w->nr_hosts && (app_listen(h) || messages_open(h))) {
			sim_fail(w, "listen: %s", strerror(errno));
			return -1;
		}
	}
	app_draw(w);
	messages_draw(w);
	w->heal_ns = w->now + rng_log(&w->config, 100 * SIM_MS, 10 * SIM_S);
	faults_draw_events(w);
	forge_draw(w);
	points_draw(w);
	return 0;
}

static void world_destroy(struct world *w)
{
	app_close_all(w);
	points_collect(w);
	topology_destroy(w);
	app_free(w);
	monitor_free(w);
}

/* ---- the loop --------------------------------------------------------- */

/* Runs every stack that is not paused. */
static u64 run_stacks(struct world *w, u64 next)
{
	unsigned int i;

	for (i = 0; i < w->nr_stacks; i++) {
		struct host *h = &w->host[i];

		if (h->paused_until <= w->now)
			inet_run(h->net, 0);
		else if (h->paused_until < next)
			next = h->paused_until;
	}
	return next;
}

/* Asks the hosts now and then, and ever more seldom, what they have; not those
 * in whose backlogs packets wait that the monitor has seen. */
static void list_connections(struct world *w)
{
	unsigned int i;
	size_t len;
	char *text;
	FILE *f;

	if (w->now < w->listing_ns || w->again)
		return;
	w->listing_gap = w->listing_gap ? 2 * w->listing_gap : 50 * SIM_MS;
	w->listing_ns = w->now + w->listing_gap;
	for (i = 0; i < w->nr_hosts; i++) {
		if (w->host[i].steers && !inet_next_timeout_ns(w->host[i].net))
			continue;
		f = open_memstream(&text, &len);
		if (!f)
			continue;
		if (inet_socket_show(w->host[i].net, f))
			len = 0;	/* no memory for it */
		fclose(f);
		if (len)
			monitor_listing(w, (int)i, text);
		free(text);
	}
}

/* Everything due now. Return: when the next thing is due. */
static u64 turn(struct world *w)
{
	u64 next = faults_step(w), t;
	unsigned int i;
	s64 left;

	if (!w->healed && w->now >= w->heal_ns) {
		faults_heal(w);
		next = UINT64_MAX;
	}
	t = steer_step(w);
	next = t < next ? t : next;
	t = forge_step(w);
	next = t < next ? t : next;
	next = run_stacks(w, next);
	t = app_step(w);
	next = t < next ? t : next;
	t = messages_step(w);
	next = t < next ? t : next;
	verify_step(w);
	list_connections(w);
	for (i = 0; i < w->nr_stacks; i++) {
		struct host *h = &w->host[i];

		left = inet_next_timeout_ns(h->net);
		if (left < 0 || h->paused_until > w->now)
			continue;
		t = w->now + (u64)left;
		if (left && h->tick_ns)		/* its next tick */
			t += h->tick_ns - 1 - (t - 1) % h->tick_ns;
		next = t < next ? t : next;
	}
	return next;
}

/* Runs until @done, or fails: at @deadline, or when nothing is ever due. */
static int run_until(struct world *w, bool (*done)(const struct world *),
		     u64 deadline, const char *what)
{
	u32 idle = 0, events = 0;
	u64 next;

	while (!w->why[0]) {
		next = turn(w);
		if (done(w))
			return 0;
		if (next == UINT64_MAX)
			sim_fail(w, "%s: nothing is due any more", what);
		else if (next > deadline)
			sim_fail(w, "%s: not in time", what);
		else if (next <= w->now && ++idle > IDLE_TURNS)
			sim_fail(w, "%s: the clock stands still", what);
		else if (++events > MAX_EVENTS)
			sim_fail(w, "%s: too many events", what);
		if (!w->why[0] && next > w->now) {
			w->now = next;
			idle = 0;
		}
	}
	return -1;
}

/* The host holds what it held before the first socket, and no more. Each
 * neighbour that it learnt keeps a timer. */
static bool silent(const struct world *w)
{
	struct inet_usage u;
	unsigned int i;

	for (i = 0; i < w->nr_stacks; i++) {
		const struct inet_usage *b = &w->host[i].base;

		inet_get_usage(w->host[i].net, &u);
		if (u.sockets > b->sockets || u.rcu_callbacks ||
		    u.skbs > b->skbs || u.frames_used > b->frames_used ||
		    u.timers > b->timers + u.neighbours)
			return false;
	}
	return true;
}

/* What is left over where there should be silence. */
static void explain(struct world *w)
{
	size_t n = strlen(w->why);
	struct inet_usage u;
	unsigned int i;

	for (i = 0; i < w->nr_stacks && n + 60 < sizeof(w->why); i++) {
		inet_get_usage(w->host[i].net, &u);
		n += (size_t)snprintf(w->why + n, sizeof(w->why) - n,
			"; host %u: skbs %llu frames %llu timers %llu "
			"sockets %llu", i, (unsigned long long)u.skbs,
			(unsigned long long)u.frames_used,
			(unsigned long long)u.timers,
			(unsigned long long)u.sockets);
	}
}

int world_run(struct world *w, u64 seed)
{
	w->seed = seed;
	w->now = START_NS;
	w->hash = 0xcbf29ce484222325ull;
	rng_init(&w->config, seed, 1);
	rng_init(&w->app, seed, 2);
	verify_init(w);
	if (world_create(w) ||
	    run_until(w, app_done, w->heal_ns + HEAL_S * SIM_S,
		      "connections end")) {
		if (w->chatty)
			app_show(w);
		world_destroy(w);
		return -1;
	}
	app_close_all(w);
	if (run_until(w, silent, w->now + DRAIN_S * SIM_S, "silence"))
		explain(w);
	monitor_end(w);
	world_destroy(w);
	return w->why[0] ? -1 : 0;
}
