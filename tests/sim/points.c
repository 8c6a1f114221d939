/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulator's side of lib/points.h: which points misbehave in a world and
 * how often, which probes were reached, how long walks were. What the library
 * counts itself, its MIB and the reasons of drops, is taken as a probe too.
 *
 * A batch of 50,000 worlds or more fails when something was never reached, unless
 * it stands in the list of what no world can reach.
 */
#include "sim.h"

#include <string.h>

#include "core/net.h"
#include "core/snmp.h"
#include "walk_bounds.h"

static const char *const point_names[] = {
#define BUGGIFY(name, text) #name,
#define PROBE(name, text)
#include "lib/points.def"
#undef BUGGIFY
#undef PROBE
};

static const char *const probe_names[] = {
#define BUGGIFY(name, text)
#define PROBE(name, text) #name,
#include "lib/points.def"
#undef BUGGIFY
#undef PROBE
};

static const char *const mib_names[] = {
#define MIB(name, text) #name,
#include "core/mib.def"
#undef MIB
};

static const char *const drop_names[] = {
	"",
#define DROP(name, text) #name,
#include <inet/drop_reason.def>
#undef DROP
};

/* The world that runs, and where its counts go. */
static struct world *running;
static struct reach *reached;
static u32 steps[NR_WALKS];

/* ---- in a world ------------------------------------------------------- */

void points_draw(struct world *w)
{
	struct rng own;
	unsigned int i;
	bool on;

	rng_init(&w->points, w->seed, 5);
	if (!sim_draw(w, &w->config, SIM_BUGGIFY, 40, &own))
		return;
	for (i = 0; i < NR_BUGGIFY; i++) {
		on = rng_chance(&own, 25);
		w->point_ppm[i] = (u32)rng_log(&own, 100, 50000);
		w->point_ppm[i] *= on;
	}
	w->forgetful |= w->point_ppm[BUGGIFY_PMTU_EXPIRES] != 0;
	/* what waits for a neighbour that is dropped dies unseen */
	if (w->point_ppm[BUGGIFY_NEIGH_FORGOTTEN] && w->arp) {
		monitor_excuse_all(w, WHY_UNSEEN);
		monitor_excuse_all(w, WHY_FORGOTTEN);
	}
	if (w->point_ppm[BUGGIFY_NO_MEMORY])
		monitor_excuse_all(w, WHY_FORGETS);
	if (w->point_ppm[BUGGIFY_TIME_WAIT_FULL])
		monitor_excuse_all(w, WHY_FULL);
}

void points_begin(struct world *w, struct reach *reach)
{
	running = w;
	reached = w->again ? NULL : reach;
}

/* Adds what the stacks of @w have counted. */
void points_collect(const struct world *w)
{
	unsigned int i, j;

	for (i = 0; reached && i < w->nr_stacks; i++) {
		struct net *net = w->host[i].net;

		for (j = 0; net && j < MIB_MAX; j++)
			reached->mib[j] += net_mib_read(net, j);
		for (j = 0; net && j < SKB_DROP_REASON_MAX; j++)
			reached->drops[j] += net_drop_read(net, j);
	}
}

bool sim_buggify(enum inet_point point)
{
	struct world *w = running;

	if (!w->point_ppm[point] || w->healed ||
	    rng_next(&w->points) % 1000000 >= w->point_ppm[point])
		return false;
	if (reached)
		reached->points[point]++;
	return true;
}

void sim_probe(enum inet_probe probe)
{
	if (reached)
		reached->probes[probe]++;
}

void sim_walk(enum inet_walk walk)
{
	steps[walk] = 0;
}

void sim_step(enum inet_walk walk)
{
	u32 n = ++steps[walk];

	if (reached && n > reached->walks[walk])
		reached->walks[walk] = n;
	if (n > walk_bounds[walk].bound)
		sim_fail(running, "walk %s takes more than %u steps",
			 walk_bounds[walk].name, walk_bounds[walk].bound);
}

void sim_cable_sent(struct net_device *dev, const struct sk_buff *skb)
{
	topology_sent(running, dev, skb);
}

bool sim_cable_lost(struct net_device *dev, struct sk_buff *skb)
{
	return topology_lost(running, dev, skb);
}

/* ---- at the end of a batch -------------------------------------------- */

/* What no world reaches, and why. All of it has its cases in tests/unit. */
static const struct {
	const char *why;
	const char *names[12];
} excused[] = {
	{ "a gauge, 0 at the end", { "TCP_CURRESTAB" } },
	{ "several threads use one stack",
	  { "TCP_LOCKDROPPEDICMPS", "TCP_DELAYEDACKLOCKED", "TCP_BACKLOGDROP",
	    "SOCKET_BACKLOG", "TCP_BUSYPOLLRXPACKETS" } },
	{ "a peer sends beyond the window, and the monitor would see it",
	  { "TEXT_TRIMMED", "TCP_OVERWINDOWDROP", "TCP_ZEROWINDOWDROP",
	    "TCP_OVERWINDOW", "TCP_ZEROWINDOW" } },
	{ "an answer to a SYN with a timestamp that was never sent",
	  { "TCP_PAWSACTIVEREJECTED" } },
	{ "nobody sends to all or to groups, pings, or has many neighbours",
	  { "IP_OUTBCASTPKTS", "IP_OUTMCASTPKTS", "IP_OUTBCASTOCTETS",
	    "IP_OUTMCASTOCTETS", "UDP_IGNOREDMULTI",
	    "ICMP_OUTECHOS", "ARP_CHANGED", "ARP_TABLEFULL" } },
	{ "a router with two gateways on one link",
	  { "ICMP_OUTREDIRECTS" } },
	{ "drivers and protocols that make mistakes",
	  { "NOT_SPECIFIED", "FULL_RING", "XMIT_ERROR", "PKT_TOO_BIG",
	    "IP_INDISCARDS" } },
	{ "a device goes while packets wait", { "DEV_DOWN" } },
	{ "a TAP device whose kernel lies", { "DEV_HDR" } },
	{ "one flow makes up most of 128 packets that wait for a softnet",
	  { "FLOW_LIMIT" } },
	{ "a hundred packets of one connection, or times of its own",
	  { "FQ_FLOW_LIMIT", "FQ_HORIZON_LIMIT" } },
};

static bool is_excused(const char *name)
{
	size_t i, j;

	for (i = 0; i < sizeof(excused) / sizeof(excused[0]); i++)
		for (j = 0; excused[i].names[j]; j++)
			if (!strcmp(excused[i].names[j], name))
				return true;
	return false;
}

/* Prints what of one kind was never reached. Return: how much. */
static unsigned int missing(const char *kind, const char *const *names,
			    const u64 *count, size_t nr)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (count[i] || !names[i][0] || is_excused(names[i]))
			continue;
		printf("# never reached: %s %s\n", kind, names[i]);
		n++;
	}
	return n;
}

/* As missing(): the counts, for the curious. */
static void show(const char *kind, const char *const *names, const u64 *count,
		 size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (names[i][0])	/* the first reason is none */
			printf("# %s %s: %llu\n", kind, names[i],
			       (unsigned long long)count[i]);
}

void points_show(const struct reach *r)
{
	size_t i;

	show("buggify", point_names, r->points, NR_BUGGIFY);
	show("probe", probe_names, r->probes, NR_PROBES);
	show("counter", mib_names, r->mib, MIB_MAX);
	show("drop", drop_names, r->drops, SKB_DROP_REASON_MAX);
	for (i = 0; i < NR_WALKS; i++)
		printf("# walk %s: %u steps of %u\n", walk_bounds[i].name,
		       r->walks[i], walk_bounds[i].bound);
}

unsigned int points_missing(const struct reach *r)
{
	return missing("buggify", point_names, r->points, NR_BUGGIFY) +
	       missing("probe", probe_names, r->probes, NR_PROBES) +
	       missing("counter", mib_names, r->mib, MIB_MAX) +
	       missing("drop", drop_names, r->drops, SKB_DROP_REASON_MAX);
}
