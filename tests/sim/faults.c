/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What goes wrong in a world: cables that harm frames all the time, and events
 * that come and go. Each fault has a stream of random numbers of its own.
 */
#include "sim.h"

/* What slows frames down: stays when the world is healed. The sender is @from. */
static void draw_distance(struct world *w, struct inet_fault_config *f,
			  unsigned int from)
{
	struct rng own, *r = &w->config;

	if (sim_draw(w, r, SIM_DELAY, 80, &own))
		f->delay_ns = rng_log(&own, 10000, 100 * SIM_MS);
	if (sim_draw(w, r, SIM_RATE, 30, &own)) {
		f->rate_bps = rng_log(&own, 2000000, 1000000000);
		f->queue_bytes = (u32)rng_log(&own, 20000, 1000000);
		/* or it is the sender's: its frames are old when they leave */
		if (rng_chance(&own, 10)) {
			f->queue_bytes = 0;
			monitor_excuse(w, from, WHY_LATE);
		}
	}
}

/* Some cables mark what may be, where many wait or by chance. The draw is no part of
 * the other streams. */
static void draw_marks(const struct world *w, struct inet_fault_config *f)
{
	struct rng own;

	rng_init(&own, f->seed, 900);
	if (w->without >> SIM_KNOBS & 1 || !rng_chance(&own, 40))
		return;
	f->mark_bytes = f->queue_bytes / 4;
	if (rng_chance(&own, 50))
		f->mark_ppm = (u32)rng_log(&own, 1000, 300000);
}

/* Each kind of fault is there in every second world, or more seldom. */
void faults_draw_link(struct world *w, struct inet_fault_config *f,
		      struct inet_fault_config *healthy, unsigned int from)
{
	struct rng own, *r = &w->config;

	*f = (struct inet_fault_config){ .seed = rng_next(r) };
	draw_distance(w, f, from);
	draw_marks(w, f);
	*healthy = *f;
	if (sim_draw(w, r, SIM_JITTER, 50, &own))
		f->jitter_ns = rng_log(&own, 1000, 20 * SIM_MS);
	if (sim_draw(w, r, SIM_LOSS, 50, &own))
		f->loss_ppm = (u32)rng_log(&own, 100, 150000);
	if (sim_draw(w, r, SIM_BURST, 20, &own)) {
		f->burst_enter_ppm = (u32)rng_log(&own, 1000, 20000);
		f->burst_leave_ppm = (u32)rng_log(&own, 100000, 500000);
	}
	if (sim_draw(w, r, SIM_REORDER, 50, &own)) {
		f->reorder_ppm = (u32)rng_log(&own, 1000, 150000);
		f->reorder_ns = rng_log(&own, 1000, 100 * SIM_MS);
	}
	if (sim_draw(w, r, SIM_DUP, 50, &own)) {
		f->dup_ppm = (u32)rng_log(&own, 1000, 50000);
		f->dup_max = rng_chance(&own, 40) ?
			     (u32)rng_range(&own, 1, 10) : 1;
		w->dups = true;
	}
	/* On one cable of a path only: what two of them flip may add up to a
	 * sum that is right again. */
	if (sim_draw(w, r, SIM_CORRUPT, 50, &own) && !w->nr_links)
		f->corrupt_ppm = (u32)rng_log(&own, 1000, 50000);
	if (sim_draw(w, r, SIM_TRUNCATE, 20, &own))
		f->truncate_ppm = (u32)rng_log(&own, 1000, 20000);
	if (sim_draw(w, r, SIM_PAD, 20, &own))
		f->pad_ppm = (u32)rng_log(&own, 1000, 50000);
}

/* ---- what comes and goes ---------------------------------------------- */

/* All of them together are shorter than an orphan lives: eight RTOs, each twice
 * the last. */
#define OUTAGES_NS (12 * SIM_S)
#define RETRY_NS (20 * SIM_MS)	/* after a call for which there was no memory */

/* One event of @kind, somewhere before the world heals. */
static void draw_event(struct world *w, enum sim_feature kind,
		       unsigned int percent, unsigned int nr)
{
	struct event *e = &w->event[w->nr_events];
	u64 chaos = w->heal_ns - w->now, limit = w->now + OUTAGES_NS;
	struct rng own;

	if (!sim_draw(w, &w->config, kind, percent, &own))
		return;
	*e = (struct event){ .kind = kind };
	e->which = (u8)rng_range(&own, 0, nr - 1);
	e->direction = (u8)rng_range(&own, INET_WIRE_A_TO_B, INET_WIRE_BOTH);
	e->at_ns = w->now + rng_range(&own, 0, chaos);
	e->off_ns = e->at_ns + rng_log(&own, SIM_MS, OUTAGES_NS);
	if (e->off_ns > limit)
		e->off_ns = limit;
	if (e->off_ns > w->heal_ns)
		w->heal_ns = e->off_ns;
	e->size = (u32)rng_range(&own, 560, 1400);
	rng_init(&own, w->seed, 1200 + w->nr_events);
	e->silent = kind == SIM_PMTU && rng_chance(&own, 30);
	w->nr_events++;
}

void faults_draw_events(struct world *w)
{
	struct rng own;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		draw_event(w, SIM_PARTITION, 10, w->nr_links);
		draw_event(w, SIM_CARRIER, 5, w->nr_links);
		draw_event(w, SIM_PAUSE, 5, w->nr_hosts);
	}
	draw_event(w, SIM_ADDRESS, 4, w->nr_hosts);
	if (w->nr_stacks > w->nr_hosts)
		draw_event(w, SIM_PMTU, 20, w->nr_links);
	for (i = 0; i < w->nr_stacks; i++) {
		if (!sim_draw(w, &w->config, SIM_ALLOC, 5, &own))
			continue;
		w->host[i].alloc_ppm = (u32)rng_log(&own, 100, 100000);
		monitor_excuse(w, i, WHY_FORGETS);
	}
}

/* The router's end of a cable takes less than the host's, which must learn it
 * from ICMP; what the host itself sends to it is too large. */
static void narrow_path(struct world *w, const struct event *e, bool on)
{
	struct net_device *dev = inet_wire_device(w->link[e->which].wire, 'b');
	u32 mtu = w->host[e->which].mtu;

	if (on && e->size < mtu)
		mtu = e->size;
	(void)inet_netdev_set_mtu(dev, mtu);
}

/* Frames that are too large for the cable vanish. Whoever broke it meanwhile mends it
 * himself. */
static void black_hole(struct world *w, const struct event *e, bool on)
{
	const struct link *l = &w->link[e->which];
	bool broken = false;

	for (unsigned int i = 0; i < w->nr_events; i++)
		broken |= w->event[i].kind == SIM_PARTITION && w->event[i].on &&
			  w->event[i].which == e->which;
	for (unsigned int i = 0; i < 2; i++) {
		struct inet_fault_config f = w->healed ? l->healthy[i] :
							 l->harmed[i];

		f.mtu = on ? e->size : 0;
		f.partition = broken || l->healthy[i].partition;
		inet_wire_set_faults(l->wire, i ? INET_WIRE_B_TO_A :
						  INET_WIRE_A_TO_B, &f);
	}
}

/* The address goes or comes; without memory it comes a little later. */
static void move_address(struct world *w, struct event *e, bool on)
{
	monitor_excuse(w, e->which, WHY_FORGETS);
	monitor_excuse(w, e->which, WHY_UNSEEN);
	monitor_excuse(w, e->which, WHY_MOVED);
	if (!host_address(w, e->which, e->direction & 1, !on) || on)
		return;
	e->on = true;
	e->off_ns = w->now + RETRY_NS;
	if (e->off_ns > w->heal_ns)
		w->heal_ns = e->off_ns;
}

/* What hosts at the ends of a cable say may be lost, and answers wait. */
static void pull_plug(struct world *w, const struct link *l, bool out)
{
	unsigned int i, h;

	for (i = 0; i < 2; i++) {
		h = (unsigned int)(l->at[i] - w->host);
		if (out) {
			w->host[h].unseen = true;
			monitor_unplugged(w, h);
		}
		monitor_excuse_flows(w, h, WHY_UNPLUGGED);
	}
	inet_wire_set_carrier(l->wire, !out);
}

/* The host stops, or goes on with all that has come. */
static void pause_host(struct world *w, const struct event *e, bool on)
{
	steer_settle(&w->host[e->which]);
	w->host[e->which].paused_until = on ? e->off_ns : 0;
	monitor_excuse_flows(w, e->which, WHY_SLOW);
}

/* Begins or ends one event. */
static void event_set(struct world *w, struct event *e, bool on)
{
	struct inet_wire *wire = w->link[e->which].wire;

	e->on = on;
	if (e->kind == SIM_PARTITION) {
		inet_wire_partition(wire, e->direction,
				    on || w->link[e->which].healthy[0].partition);
	} else if (e->kind == SIM_CARRIER) {
		pull_plug(w, &w->link[e->which], on);
	} else if (e->kind == SIM_ADDRESS) {
		move_address(w, e, on);
	} else if (e->kind == SIM_PMTU && e->silent) {
		black_hole(w, e, on);
	} else if (e->kind == SIM_PMTU) {
		narrow_path(w, e, on);
	} else {
		pause_host(w, e, on);
	}
}

/* A cable breaks, and stays broken. Return: as faults_step(). */
static u64 death_step(struct world *w)
{
	struct link *l = &w->link[w->dead_link];

	if (!w->death_ns)
		return UINT64_MAX;
	if (w->now < w->death_ns)
		return w->death_ns;
	inet_wire_partition(l->wire, INET_WIRE_BOTH, true);
	l->healthy[0].partition = l->healthy[1].partition = true;
	w->death_ns = 0;
	return UINT64_MAX;
}

u64 faults_step(struct world *w)
{
	u64 next = death_step(w);
	unsigned int i;

	if (!w->healed && w->heal_ns < next)
		next = w->heal_ns;

	for (i = 0; i < w->nr_events; i++) {
		struct event *e = &w->event[i];

		if (!e->on && e->at_ns <= w->now && w->now < e->off_ns)
			event_set(w, e, true);
		else if (e->on && e->off_ns <= w->now)
			event_set(w, e, false);
		if (e->on && e->off_ns < next)
			next = e->off_ns;
		else if (!e->on && e->at_ns > w->now && e->at_ns < next)
			next = e->at_ns;
	}
	return next;
}

void faults_heal(struct world *w)
{
	unsigned int i;

	w->healed = true;
	for (i = 0; i < w->nr_stacks; i++)
		w->host[i].tick_ns = 0;
	for (i = 0; i < w->nr_links; i++) {
		inet_wire_set_faults(w->link[i].wire, INET_WIRE_A_TO_B,
				     &w->link[i].healthy[0]);
		inet_wire_set_faults(w->link[i].wire, INET_WIRE_B_TO_A,
				     &w->link[i].healthy[1]);
	}
	for (i = 0; i < w->nr_stacks; i++)
		w->host[i].alloc_ppm = 0;
}
