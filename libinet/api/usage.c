/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stack holds now. */
#include <inet/control.h>

#include "core/neighbour.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "ipv4/fib.h"

/* Timers on one wheel. It is walked: this is for tests and dashboards. */
static u64 wheel_count(struct wheel *w)
{
	const struct list_head *pos;
	u64 n = 0;
	u32 level, slot;

	spin_lock(&w->lock);
	list_for_each(pos, &w->due)
		n++;
	for (level = 0; level < WHEEL_LEVELS; level++)
		for (slot = 0; slot < WHEEL_SLOTS; slot++)
			list_for_each(pos, &w->slots[level][slot])
				n++;
	spin_unlock(&w->lock);
	return n;
}

int inet_get_usage(struct net *net, struct inet_usage *usage)
{
	u32 i;

	*usage = (struct inet_usage){
		.mem_bytes = READ_ONCE(net->mem.live_bytes),
		.frames_used = frame_pool_used(net),
		.skbs = skb_pool_used(net),
		.sockets = READ_ONCE(net->nr_socks),
		.rcu_callbacks = rcu_domain_count(&net->rcu),
		.neighbours = READ_ONCE(net->ipv4.arp_tbl->entries),
		.routes = READ_ONCE(net->ipv4.fib->nr),
	};
	for (i = 0; i < net->nr_softnets; i++)
		usage->timers += wheel_count(&net->softnets[i].wheel);
	return 0;
}
