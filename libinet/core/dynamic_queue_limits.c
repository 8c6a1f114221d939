/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dynamic queue limits.
 *
 * Theory of operation. What waits in a device waits behind nothing that a queue
 * discipline could do for it. So a device gets no more bytes than it sends until
 * it is looked after again: the limit. A packet is given as long as the device
 * holds no more than that, so it may be exceeded by one. At each completion,
 *
 *   - the device ran dry although more was there (the limit had been reached):
 *     the limit grows by what it sent that it had not been given before;
 *   - it was busy all the time: what it still held, unsent, is slack. The least
 *     slack seen in slack_hold_ns comes off the limit: it was of no use.
 *
 * The last packet given is no slack, however large: the queue had to be stopped
 * somewhere.
 */
#include "core/dynamic_queue_limits.h"

#include "lib/assert.h"

/* a - b, 0 when that is negative; both counts wrap. */
static u32 posdiff(u32 a, u32 b)
{
	return (s32)(a - b) > 0 ? a - b : 0;
}

/* A new limit is in force: slack is measured from here on. */
static void dql_restart_slack(struct dql *dql, u64 now_ns)
{
	dql->slack_start_ns = now_ns;
	dql->lowest_slack = U32_MAX;
}

/* Bytes that were in the device and never needed, when it had sent up to
 * @completed: what it held beyond twice of what it sent, or what of the last
 * packet lay within the limit. */
static u32 dql_slack(const struct dql *dql, u32 completed)
{
	u32 sent = completed - dql->num_completed;
	u32 held = dql->limit + dql->prev_ovlimit;
	u32 last = dql->prev_ovlimit ?
			   posdiff(dql->prev_last_obj_cnt, dql->prev_ovlimit) :
			   0;

	return max(posdiff(held, 2 * sent), last);
}

/* The limit that fits what was seen up to @completed, @queued by now. */
static u32 dql_adapt(struct dql *dql, u32 completed, u32 queued, u64 now_ns)
{
	u32 before = dql->prev_num_queued;	/* given when we looked last */
	bool was_busy = before != dql->num_completed;
	bool all_before = (s32)(completed - before) >= 0;
	bool busy = queued != completed;
	u32 limit = dql->limit;
	bool over = posdiff(queued - dql->num_completed, limit) > 0;

	if ((over && !busy) || (dql->prev_ovlimit && all_before)) {
		limit += posdiff(completed, before) + dql->prev_ovlimit;
		dql_restart_slack(dql, now_ns);
	} else if (busy && was_busy && !all_before) {
		dql->lowest_slack = min(dql->lowest_slack,
					dql_slack(dql, completed));
		if (now_ns - dql->slack_start_ns > dql->slack_hold_ns) {
			limit = posdiff(limit, dql->lowest_slack);
			dql_restart_slack(dql, now_ns);
		}
	}
	return clamp(limit, READ_ONCE(dql->min_limit),
		     READ_ONCE(dql->max_limit));
}

void dql_completed(struct dql *dql, u32 count, u64 now_ns)
{
	u32 queued = READ_ONCE(dql->num_queued);
	u32 completed = dql->num_completed + count;
	u32 ovlimit = posdiff(queued - dql->num_completed, dql->limit);
	u32 limit;

	inet_assert(count <= queued - dql->num_completed);
	limit = dql_adapt(dql, completed, queued, now_ns);
	if (limit != dql->limit) {
		WRITE_ONCE(dql->limit, limit);
		ovlimit = 0;
	}
	dql->prev_ovlimit = ovlimit;
	dql->prev_last_obj_cnt = READ_ONCE(dql->last_obj_cnt);
	dql->prev_num_queued = queued;
	WRITE_ONCE(dql->num_completed, completed);
	/* pairs with the sender, who says that he stops and looks again */
	__atomic_store_n(&dql->adj_limit, limit + completed, __ATOMIC_SEQ_CST);
}

void dql_init(struct dql *dql)
{
	*dql = (struct dql){ .max_limit = DQL_MAX_LIMIT,
			     .slack_hold_ns = DQL_HOLD_NS };
	dql_reset(dql, 0);
}

void dql_reset(struct dql *dql, u64 now_ns)
{
	u32 limit = dql->min_limit;

	WRITE_ONCE(dql->limit, limit);
	WRITE_ONCE(dql->num_queued, 0);
	WRITE_ONCE(dql->num_completed, 0);
	__atomic_store_n(&dql->adj_limit, limit, __ATOMIC_SEQ_CST);
	dql->last_obj_cnt = 0;
	dql->prev_num_queued = 0;
	dql->prev_ovlimit = 0;
	dql->prev_last_obj_cnt = 0;
	dql_restart_slack(dql, now_ns);
}
