/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters and drop reasons: counting in the right place, adding up. */
#include "core/snmp.h"

#include "core/net.h"

static const char *const mib_names[] = {
#define MIB(ident, name) name,
#include "core/mib.def"
#undef MIB
};

u64 net_mib_read(struct net *net, enum mib_counter id)
{
	u64 sum = READ_ONCE(net->app_mib[id]);
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		sum += READ_ONCE(net->softnets[i].mib[id]);
	return sum;
}

const char *net_mib_name(unsigned int id)
{
	return id < MIB_MAX ? mib_names[id] : NULL;
}

void net_count_drop(struct net *net, enum skb_drop_reason reason)
{
	struct softnet_data *sd = this_softnet(net);

	if (likely(sd))
		WRITE_ONCE(sd->drops[reason], sd->drops[reason] + 1);
	else
		__atomic_fetch_add(&net->app_drops[reason], 1,
				   __ATOMIC_RELAXED);
}

u64 net_drop_read(struct net *net, enum skb_drop_reason reason)
{
	u64 sum = READ_ONCE(net->app_drops[reason]);
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		sum += READ_ONCE(net->softnets[i].drops[reason]);
	return sum;
}
