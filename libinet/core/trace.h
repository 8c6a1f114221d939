/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NET_ROAD(net, skb): a station on the road of a packet or a call, placed at
 * the head of the functions that the tours of ARCHITECTURE.md name. @skb may
 * be NULL.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include <inet/netdevice.h>
#include <inet/trace.h>

#include "lib/compiler.h"

struct net;
struct sk_buff;

/* First member of struct net, so that the test below costs one load. */
struct net_trace_switch {
	u8 on;			/* a byte: compared where it lies */
};

/*
 * What is recorded. Handed over by value, which is on the stack: a call that
 * wants none of the argument registers lets the function around it leave its
 * own arguments where they are, so that a station costs a function nothing but
 * the test.
 */
struct net_road_point {
	struct net *net;
	const struct sk_buff *skb;
	const struct netdev_station *station;
};

void net_trace_record(struct net_road_point point) __attribute__((cold));
void net_trace_forget(struct net *net, const struct sk_buff *skb)
	__attribute__((cold));

#define NET_ROAD(net, skb) NET_ROAD_AT(net, skb, __func__)

/* A station that is not a function of ours: a call through a table. */
#define NET_ROAD_AT(net, skb, name)					\
	do {								\
		static const struct netdev_station station_ = {	\
			name, __FILE__, __LINE__ };			\
									\
		if (unlikely(data_race(					\
			    ((struct net_trace_switch *)(net))->on)))	\
			net_trace_record((struct net_road_point){	\
				(net), (skb), &station_ });		\
	} while (0)

/* The packet dies: whoever gets its frame next is another one. */
#define NET_ROAD_END(net, skb)						\
	do {								\
		if (unlikely(data_race(					\
			    ((struct net_trace_switch *)(net))->on)))	\
			net_trace_forget((net), (skb));			\
	} while (0)

/* The library's side of <inet/trace.h>; 0 or -E. */
int net_trace_start(struct net *net, size_t max, const char *filter);
void net_trace_stop(struct net *net);
size_t net_trace_count(struct net *net);
u64 net_trace_lost(struct net *net);
const struct inet_trace_point *net_trace_get(struct net *net, size_t i);
void net_trace_free(struct net *net);

#endif /* CORE_TRACE_H */
