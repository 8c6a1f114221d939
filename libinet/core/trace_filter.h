/* SPDX-License-Identifier: BSD-2-Clause */
/* Which packets a trace is of: words such as "dev tap0 tcp port 80 next 1". */
#ifndef CORE_TRACE_FILTER_H
#define CORE_TRACE_FILTER_H

#include <inet/types.h>

#include "lib/compiler.h"

struct net;
struct sk_buff;

/* 0 in a member: any. Addresses in wire order, ports in host order. */
struct trace_filter {
	bool on;		/* false: everything, calls as well */
	bool limited;		/* only @left more packets */
	int ifindex;
	u16 ethertype;
	u8 protocol;
	__be32 saddr, daddr, host;
	u16 sport, dport, port;
	u64 left;		/* atomic */
};

/* Reads @text (NULL or "": everything). 0, -EINVAL, -ENODEV with a sentence. */
int trace_filter_parse(struct net *net, const char *text,
		       struct trace_filter *f);

/* Is a point of @skb (may be NULL) at @station recorded? A packet is taken
 * for good by the first station that knows enough of it. Context: any. */
bool trace_filter_takes(struct trace_filter *f, const struct sk_buff *skb,
			const char *station);

#endif /* CORE_TRACE_FILTER_H */
