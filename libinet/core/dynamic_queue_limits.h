/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dynamic queue limits: how many bytes a device may hold so that it never runs
 * dry, and no more. See dynamic_queue_limits.c.
 */
#ifndef CORE_DYNAMIC_QUEUE_LIMITS_H
#define CORE_DYNAMIC_QUEUE_LIMITS_H

#include <inet/types.h>

#include "lib/compiler.h"

#define DQL_MAX_LIMIT ((1u << 31) - (1u << 16))
#define DQL_HOLD_NS 1000000000ull

/* Counts of bytes only ever grow, and wrap. */
struct dql {
	/* the sender's, under xmit_lock; read by others */
	u32 num_queued;		/* bytes ever given to the device */
	u32 last_obj_cnt;	/* of the last packet */

	/* whoever completes; read by the sender: */
	u32 adj_limit;		/* num_queued may go up to here */
	/* and by nobody else: */
	u32 num_completed;	/* bytes that the device is done with */
	u32 limit;		/* bytes that it may hold now */
	u32 prev_num_queued;	/* at the completion before */
	u32 prev_ovlimit;	/* by how much they were above the limit then */
	u32 prev_last_obj_cnt;
	u32 lowest_slack;	/* since slack_start_ns: what it never needed */
	u64 slack_start_ns;

	/* knobs */
	u32 max_limit, min_limit;
	u64 slack_hold_ns;
};

void dql_init(struct dql *dql);
/* Nothing is on its way any more, and nothing is known. */
void dql_reset(struct dql *dql, u64 now_ns);
/* The device is done with @count bytes. One caller at a time. */
void dql_completed(struct dql *dql, u32 count, u64 now_ns);

static inline void dql_queued(struct dql *dql, u32 count)
{
	WRITE_ONCE(dql->last_obj_cnt, count);
	WRITE_ONCE(dql->num_queued, dql->num_queued + count);
}

/* Bytes that the device may still get; < 0: it has more than it may. */
static inline s32 dql_avail(const struct dql *dql)
{
	return (s32)(__atomic_load_n(&dql->adj_limit, __ATOMIC_SEQ_CST) -
		     READ_ONCE(dql->num_queued));
}

/* Bytes that the device holds. */
static inline u32 dql_inflight(const struct dql *dql)
{
	return READ_ONCE(dql->num_queued) - READ_ONCE(dql->num_completed);
}

#endif /* CORE_DYNAMIC_QUEUE_LIMITS_H */
