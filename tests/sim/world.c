/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One world: its clock, memory and randomness, two stacks, the cable and its
 * faults, and the loop that jumps from event to event.
 *
 *	chaos		faults as drawn, until heal_ns
 *	healed		what is left of them is delay and rate; all
 *			connections must end within HEAL_S
 *	silence		applications are gone; TIME-WAIT and orphans die out
 *			within DRAIN_S, and the stacks hold what they held
 */
#include "sim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipv4/tcp.h"

#define START_NS (1000 * SIM_S)
#define HEAL_S 600
#define DRAIN_S 600
#define IDLE_TURNS 20000	/* without the clock moving */
#define MAX_EVENTS 20000000u

/* ---- the environment of a stack --------------------------------------- */

static u64 env_now(void *opaque)
{
	return ((struct host *)opaque)->w->now;
}

static u64 env_wall(void *opaque)
{
	return 1700000000 * SIM_S + env_now(opaque);
}

static void env_random(void *opaque, void *buf, size_t len)
{
	struct host *h = opaque;
	u8 *p = buf;

	for (; len; len--)
		*p++ = (u8)(rng_next(&h->random) >> 32);
}

static void *env_alloc(void *opaque, size_t size, size_t align)
{
	struct host *h = opaque;
	void *p = NULL;

	if (posix_memalign(&p, align, size))
		return NULL;
	h->allocated += size;
	return p;
}

static void env_free(void *opaque, void *p, size_t size)
{
	struct host *h = opaque;

	h->allocated -= size;
	free(p);
}

static void env_log(void *opaque, int level, const char *line)
{
	struct host *h = opaque;

	if (h->w->chatty && level <= INET_LOG_WARNING)
		printf("# host %d: %s\n", (int)(h - h->w->host), line);
}

/* ---- drawing ---------------------------------------------------------- */

/* What slows frames down: stays when the world is healed. */
static void draw_distance(struct world *w, struct inet_fault_config *f)
{
	struct rng own, *r = &w->config;

	if (sim_draw(w, r, SIM_DELAY, 80, &own))
		f->delay_ns = rng_log(&own, 10000, 100 * SIM_MS);
	if (sim_draw(w, r, SIM_RATE, 30, &own)) {
		f->rate_bps = rng_log(&own, 2000000, 1000000000);
		f->queue_bytes = (u32)rng_log(&own, 20000, 1000000);
	}
}

/* Each kind of fault is there in every second world, or more seldom. */
static void draw_faults(struct world *w, struct inet_fault_config *f,
			struct inet_fault_config *healthy)
{
	struct rng own, *r = &w->config;

	*f = (struct inet_fault_config){ .seed = rng_next(r) };
	draw_distance(w, f);
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
	}
	if (sim_draw(w, r, SIM_CORRUPT, 50, &own))
		f->corrupt_ppm = (u32)rng_log(&own, 1000, 50000);
	if (sim_draw(w, r, SIM_TRUNCATE, 20, &own))
		f->truncate_ppm = (u32)rng_log(&own, 1000, 20000);
	if (sim_draw(w, r, SIM_PAD, 20, &own))
		f->pad_ppm = (u32)rng_log(&own, 1000, 50000);
}

/* A knob turned in every fourth world. */
static int set_knobs(struct world *w, struct host *h)
{
	static const char *const knobs[][2] = {
		{ "net.ipv4.tcp_timestamps", "0" },
		{ "net.ipv4.tcp_window_scaling", "0" },
		{ "net.ipv4.tcp_rto_min_us", "50000" },
		{ "net.ipv4.tcp_slow_start_after_idle", "0" },
		{ "net.ipv4.tcp_moderate_rcvbuf", "0" },
	};
	struct rng own;
	unsigned int i;

	for (i = 0; i < sizeof(knobs) / sizeof(knobs[0]); i++)
		if (sim_draw(w, &w->config, SIM_KNOBS, 25, &own) &&
		    inet_sysctl_set(h->net, knobs[i][0], knobs[i][1]))
			return -1;
	return 0;
}

/* ---- making and ending ------------------------------------------------ */

/* Copies a frame out of the stack for the monitor. */
static int tap(struct sk_buff *skb, struct net_device *dev,
	       struct packet_type *pt, struct net_device *orig_dev)
{
	struct host *h = pt->af_packet_priv;
	u8 frame[4096];
	u32 head = (u32)(skb->data - skb_mac_header(skb));

	(void)orig_dev;
	if (dev == h->dev && head + skb->len <= sizeof(frame)) {
		memcpy(frame, skb_mac_header(skb), head);
		skb_copy_bits(skb, 0, frame + head, skb->len);
		monitor_frame(h->w, (int)(h - h->w->host),
			      skb->pkt_type == SKB_PACKET_OUTGOING, frame,
			      head + skb->len);
	}
	consume_skb(skb);
	return 0;
}

static int host_create(struct world *w, int i)
{
	struct host *h = &w->host[i];
	struct inet_env env = {
		.size = sizeof(env), .opaque = h, .now = env_now,
		.wall = env_wall, .random = env_random, .alloc = env_alloc,
		.free = env_free, .log = env_log,
	};
	struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_SIMULATED, .env = &env,
		.nr_frames = 4096, .frame_size = 2048,
		.name = i ? "b" : "a",
	};

	h->w = w;
	rng_init(&h->random, w->seed, 100 + (u64)i);
	h->net = inet_create(&cfg);
	if (!h->net) {
		sim_fail(w, "create: %s", inet_strerror(NULL));
		return -1;
	}
	return set_knobs(w, h);
}

static int wire_create(struct world *w)
{
	static const u8 mac[2][6] = { { 2, 0, 0, 0, 0, 1 },
				      { 2, 0, 0, 0, 0, 2 } };
	struct inet_wire_config cfg = { .size = sizeof(cfg) };
	struct rng own, *r = &w->config;
	bool arp = sim_draw(w, r, SIM_ARP, 30, &own);
	int i;

	w->mtu = 1500;
	if (sim_draw(w, r, SIM_MTU, 50, &own))
		w->mtu = (u32)rng_range(&own, 200, 1500);
	cfg.mtu = w->mtu;
	memcpy(cfg.mac_a, mac[0], 6);
	memcpy(cfg.mac_b, mac[1], 6);
	draw_faults(w, &cfg.a_to_b, &w->healthy[0]);
	draw_faults(w, &cfg.b_to_a, &w->healthy[1]);
	w->wire = inet_wire_connect(w->host[0].net, "w0", w->host[1].net, "w0",
				    &cfg);
	for (i = 0; w->wire && i < 2; i++) {
		struct host *h = &w->host[i];

		h->dev = inet_wire_device(w->wire, i ? 'b' : 'a');
		if (inet_addr_add(h->dev, i ? "10.0.0.2/24" : "10.0.0.1/24") ||
		    inet_netdev_up(h->dev) ||
		    (!arp && inet_neigh_add(h->dev, i ?
			"10.0.0.1 lladdr 02:00:00:00:00:01 nud permanent" :
			"10.0.0.2 lladdr 02:00:00:00:00:02 nud permanent")))
			return -1;
		h->tap = (struct packet_type){ .type = htons(3), .func = tap,
					       .af_packet_priv = h };
		dev_add_pack(h->net, &h->tap);
	}
	return w->wire ? 0 : -1;
}

static int world_create(struct world *w)
{
	int i;

	for (i = 0; i < 2; i++)
		if (host_create(w, i))
			return -1;
	if (wire_create(w)) {
		sim_fail(w, "wire: %s %s", inet_strerror(w->host[0].net),
			 inet_strerror(w->host[1].net));
		return -1;
	}
	for (i = 0; i < 2; i++) {
		inet_run(w->host[i].net, 0);
		inet_get_usage(w->host[i].net, &w->host[i].base);
		if (app_listen(&w->host[i])) {
			sim_fail(w, "listen: %s", strerror(errno));
			return -1;
		}
	}
	app_draw(w);
	w->heal_ns = w->now + rng_log(&w->config, 100 * SIM_MS, 10 * SIM_S);
	return 0;
}

static void world_destroy(struct world *w)
{
	int i;

	app_close_all(w);
	if (w->wire)
		inet_wire_close(w->wire);
	for (i = 0; i < 2; i++) {
		struct host *h = &w->host[i];

		if (!h->net)
			continue;
		if (h->tap.func)
			dev_remove_pack(h->net, &h->tap);
		inet_destroy(h->net);
		if (h->allocated)
			sim_fail(w, "host %d: %llu bytes not given back", i,
				 (unsigned long long)h->allocated);
	}
	monitor_free(w);
}

/* ---- the loop --------------------------------------------------------- */

static void heal(struct world *w)
{
	w->healed = true;
	inet_wire_set_faults(w->wire, INET_WIRE_A_TO_B, &w->healthy[0]);
	inet_wire_set_faults(w->wire, INET_WIRE_B_TO_A, &w->healthy[1]);
}

/* Everything due now. Return: when the next thing is due. */
static u64 turn(struct world *w)
{
	u64 next;
	s64 t;
	int i;

	if (!w->healed && w->now >= w->heal_ns)
		heal(w);
	for (i = 0; i < 2; i++) {
		inet_run(w->host[i].net, 0);
		tcp_verify_all(w->host[i].net);
	}
	next = app_step(w);
	for (i = 0; i < 2; i++)
		tcp_verify_all(w->host[i].net);
	for (i = 0; i < 2; i++) {
		t = inet_next_timeout_ns(w->host[i].net);
		if (t >= 0 && w->now + (u64)t < next)
			next = w->now + (u64)t;
	}
	if (!w->healed && w->heal_ns < next)
		next = w->heal_ns;
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
	int i;

	for (i = 0; i < 2; i++) {
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
	char why[sizeof(w->why)];
	struct inet_usage u[2];

	inet_get_usage(w->host[0].net, &u[0]);
	inet_get_usage(w->host[1].net, &u[1]);
	memcpy(why, w->why, sizeof(why));
	snprintf(w->why, sizeof(w->why), "%.100s; left: skbs %llu %llu, "
		 "frames %llu %llu, timers %llu %llu, sockets %llu %llu", why,
		 (unsigned long long)u[0].skbs, (unsigned long long)u[1].skbs,
		 (unsigned long long)u[0].frames_used,
		 (unsigned long long)u[1].frames_used,
		 (unsigned long long)u[0].timers,
		 (unsigned long long)u[1].timers,
		 (unsigned long long)u[0].sockets,
		 (unsigned long long)u[1].sockets);
}

int world_run(struct world *w, u64 seed)
{
	w->seed = seed;
	w->now = START_NS;
	w->hash = 0xcbf29ce484222325ull;
	rng_init(&w->config, seed, 1);
	rng_init(&w->app, seed, 2);
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
	world_destroy(w);
	return w->why[0] ? -1 : 0;
}
