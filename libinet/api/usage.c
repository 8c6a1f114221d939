/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stack holds now. */
#include <inet/control.h>

#include <errno.h>

#include "api/api.h"
#include "core/neighbour.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "ipv4/fib.h"
#include "ipv4/tcp.h"

/* Timers on one wheel. It is walked: this is for tests and dashboards. */
static u64 wheel_count(struct wheel *w)
{
	const struct list_head *pos;
	u64 n = 0;
	u32 level, slot;

	spin_lock(&w->lock);
	list_for_each(pos, &w->due)
		n++;
	list_for_each(pos, &w->spreading)
		n++;
	for (level = 0; level < WHEEL_LEVELS; level++)
		for (slot = 0; slot < WHEEL_SLOTS; slot++)
			list_for_each(pos, &w->slots[level][slot])
				n++;
	spin_unlock(&w->lock);
	return n;
}

/* Timers that are pending on all softnets. */
static u64 timers_pending(struct net *net)
{
	u64 n = 0;
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		n += wheel_count(&net->softnets[i].wheel);
	return n;
}

int inet_get_usage(struct net *net, struct inet_usage *usage)
{
	if (!net || !usage)
		return net_null(net, __func__);
	*usage = (struct inet_usage){
		.mem_bytes = READ_ONCE(net->mem.live_bytes),
		.frames_used = frame_pool_used(net),
		.skbs = skb_pool_used(net),
		.sockets = READ_ONCE(net->nr_socks),
		.timewaits = READ_ONCE(net->ipv4.tcp->death_row.tw_count),
		.timers = timers_pending(net),
		.rcu_callbacks = rcu_domain_count(&net->rcu),
		.neighbours = READ_ONCE(net->ipv4.arp_tbl->entries),
		.routes = READ_ONCE(net->ipv4.fib->nr),
	};
	return 0;
}
