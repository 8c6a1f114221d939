/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the simulator takes part.
 *
 *	if (INET_BUGGIFY(NAME))	true now and then: the library does something
 *				legal but rare, as often as the seed says
 *	INET_PROBE(NAME);	a branch that is seldom taken was taken: a batch
 *				of worlds in which one never was fails
 *	INET_WALK(NAME);	a walk through a chain, tree or queue begins ...
 *	INET_STEP(NAME);	... and goes one step: each has a bound
 *	INET_CABLE_SENT(dev, skb);	a cable has taken a frame, or ...
 *	if (INET_CABLE_LOST(dev, skb))	... brings one, before GRO has seen it;
 *				true: it is lost there
 *
 * Only the simulator's own copy of the library is compiled with INET_SIM;
 * anywhere else nothing is left of them. Names stand in points.def, bounds in
 * walks.def.
 */
#ifndef INET_LIB_POINTS_H
#define INET_LIB_POINTS_H

#ifdef INET_SIM

#include "lib/compiler.h"

enum inet_point {
#define BUGGIFY(name, text) BUGGIFY_##name,
#define PROBE(name, text)
#include "lib/points.def"
#undef BUGGIFY
#undef PROBE
	NR_BUGGIFY,
};

enum inet_probe {
#define BUGGIFY(name, text)
#define PROBE(name, text) PROBE_##name,
#include "lib/points.def"
#undef BUGGIFY
#undef PROBE
	NR_PROBES,
};

enum inet_walk {
#define WALK(name, bound, text) WALK_##name,
#include "lib/walks.def"
#undef WALK
	NR_WALKS,
};

struct net_device;
struct sk_buff;

/* The simulator's. */
bool sim_buggify(enum inet_point point);
void sim_probe(enum inet_probe probe);
void sim_walk(enum inet_walk walk);
void sim_step(enum inet_walk walk);
void sim_cable_sent(struct net_device *dev, const struct sk_buff *skb);
bool sim_cable_lost(struct net_device *dev, struct sk_buff *skb);

#define INET_BUGGIFY(name) unlikely(sim_buggify(BUGGIFY_##name))
#define INET_PROBE(name) sim_probe(PROBE_##name)
#define INET_WALK(name) sim_walk(WALK_##name)
#define INET_STEP(name) sim_step(WALK_##name)
#define INET_CABLE_SENT(dev, skb) sim_cable_sent(dev, skb)
#define INET_CABLE_LOST(dev, skb) sim_cable_lost(dev, skb)

#else

#define INET_BUGGIFY(name) false
#define INET_PROBE(name) ((void)0)
#define INET_WALK(name) ((void)0)
#define INET_STEP(name) ((void)0)
#define INET_CABLE_SENT(dev, skb) ((void)0)
#define INET_CABLE_LOST(dev, skb) false

#endif
#endif /* INET_LIB_POINTS_H */
