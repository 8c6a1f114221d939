/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The road recorder: an array of points filled by NET_ROAD() while the switch
 * is on. Points are claimed by an atomic index, so that all threads may
 * record; a packet is told apart by an ordinal given to its frame when it is
 * seen first.
 */
#include "core/trace.h"

#include <errno.h>
#include <string.h>

#include "core/net.h"
#include "core/trace_filter.h"

#define TRACE_MAX_POINTS (1u << 22)
#define TRACE_MAX_FRAMES 64	/* remembered at once, the oldest goes */

struct net_trace {
	size_t max;
	struct trace_filter filter;
	u64 claimed;			/* atomic; may pass max */
	struct inet_lock lock;		/* guards the frames */
	const void *frames[TRACE_MAX_FRAMES];
	u64 ordinals[TRACE_MAX_FRAMES];
	u64 last_ordinal;
	struct inet_trace_point points[];
};

static size_t trace_size(size_t max)
{
	return sizeof(struct net_trace) +
	       max * sizeof(struct inet_trace_point);
}

/* The number of the packet over @frame: the same for all its clones. */
static u64 trace_ordinal(struct net_trace *tr, const void *frame)
{
	u64 n = 0;
	u32 i;

	spin_lock(&tr->lock);
	for (i = 0; i < TRACE_MAX_FRAMES && !n; i++)
		if (tr->frames[i] == frame)
			n = tr->ordinals[i];
	if (!n) {
		n = ++tr->last_ordinal;
		tr->frames[n % TRACE_MAX_FRAMES] = frame;
		tr->ordinals[n % TRACE_MAX_FRAMES] = n;
	}
	spin_unlock(&tr->lock);
	return n;
}

/* The path below libinet/ or libdev/, whatever the build called it. */
static const char *trace_file(const char *file)
{
	const char *p = strstr(file, "libinet/"), *next;

	while (p && (next = strstr(p + 1, "libinet/")))
		p = next;
	return p ? p + strlen("libinet/") : file;
}

/* One station into the next free place. Context: RCU. */
static void trace_point(const struct net_road_point *p)
{
	const char *function = p->station->function;
	struct softnet_data *sd = this_softnet(p->net);
	struct net_trace *tr = p->net->trace;
	struct inet_trace_point *pt;
	u64 i;

	if (!trace_filter_takes(&tr->filter, p->skb, function))
		return;
	i = __atomic_fetch_add(&tr->claimed, 1, __ATOMIC_RELAXED);
	if (i >= tr->max)
		return;
	pt = &tr->points[i];
	pt->function = function;
	pt->file = trace_file(p->station->file);
	pt->line = p->station->line;
	pt->softnet = sd ? (int)sd->id : -1;
	pt->time_ns = net_clock(p->net);
	pt->skb = p->skb ? trace_ordinal(tr, p->skb->shinfo) : 0;
}

/* The switch counts as it is inside the read section: net_trace_stop() turns
 * it off and waits for those that are in one. */
static bool trace_enter(struct net *net)
{
	rcu_read_lock(&net->rcu);
	return __atomic_load_n(&net->trace_switch.on, __ATOMIC_ACQUIRE);
}

static void trace_leave(struct net *net)
{
	rcu_read_unlock(&net->rcu);
}

void net_trace_record(struct net_road_point point)
{
	if (trace_enter(point.net))
		trace_point(&point);
	trace_leave(point.net);
}

/* Its number goes with it, unless a clone still uses the frame. */
static void trace_forget(struct net_trace *tr, const struct skb_shared_info *si)
{
	u32 i;

	if (__atomic_load_n(&si->dataref, __ATOMIC_ACQUIRE) != 1)
		return;
	spin_lock(&tr->lock);
	for (i = 0; i < TRACE_MAX_FRAMES; i++)
		if (tr->frames[i] == si)
			tr->frames[i] = NULL;
	spin_unlock(&tr->lock);
}

void net_trace_forget(struct net *net, const struct sk_buff *skb)
{
	if (trace_enter(net))
		trace_forget(net->trace, skb->shinfo);
	trace_leave(net);
}

int net_trace_start(struct net *net, size_t max, const char *filter)
{
	struct trace_filter f;
	struct net_trace *tr;
	int err;

	if (READ_ONCE(net->trace_switch.on))
		return net_error(net, -EBUSY, "a trace is running already");
	if (!max || max > TRACE_MAX_POINTS)
		return net_error(net, -EINVAL, "trace of %zu points: 1..%u",
				 max, TRACE_MAX_POINTS);
	err = trace_filter_parse(net, filter, &f);
	if (err)
		return err;
	net_trace_free(net);
	tr = mem_zalloc(&net->mem, trace_size(max));
	if (!tr)
		return -ENOMEM;
	tr->max = max;
	tr->filter = f;
	lock_init(&tr->lock, net->smp);
	net->trace = tr;
	__atomic_store_n(&net->trace_switch.on, 1, __ATOMIC_RELEASE);
	return 0;
}

void net_trace_stop(struct net *net)
{
	WRITE_ONCE(net->trace_switch.on, 0);
	synchronize_rcu(&net->rcu);
}

void net_trace_free(struct net *net)
{
	if (!net->trace)
		return;
	mem_free(&net->mem, net->trace, trace_size(net->trace->max));
	net->trace = NULL;
}

size_t net_trace_count(struct net *net)
{
	if (!net->trace)
		return 0;
	return min(READ_ONCE(net->trace->claimed), (u64)net->trace->max);
}

u64 net_trace_lost(struct net *net)
{
	if (!net->trace)
		return 0;
	return READ_ONCE(net->trace->claimed) - net_trace_count(net);
}

const struct inet_trace_point *net_trace_get(struct net *net, size_t i)
{
	return i < net_trace_count(net) ? &net->trace->points[i] : NULL;
}
