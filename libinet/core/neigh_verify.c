/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must always be true of a table of neighbours. Simulations and tests
 * ask; nothing here runs in production.
 */
#include "core/neighbour.h"

#include "core/net.h"
#include "core/verify.h"

/* What the walk counts. */
struct neigh_verify_sum {
	u32 entries, gc_entries;
};

/* The state against its timer and the way out. */
static void verify_state(struct neighbour *n)
{
	u8 state = n->nud_state;

	inet_assert(!(state & (state - 1)));
	inet_assert(timer_pending(&n->timer) == !!(state & NUD_IN_TIMER));
	inet_assert(refcount_read(&n->refcnt) >=
		    1u + timer_pending(&n->timer));
	if (state & (NUD_PERMANENT | NUD_REACHABLE))
		inet_assert(n->output != neigh_resolve_output);
	if (state & ~NUD_CONNECTED)
		inet_assert(n->output != neigh_connected_output);
	inet_assert(n->hh_len <= HH_DATA_LEN);
}

/* One entry. */
static void neigh_verify_entry(struct neighbour *n, void *arg)
{
	const struct neigh_parms *p = n->tbl->parms;
	struct neigh_verify_sum *sum = arg;
	u64 bytes;

	inet_assert(!n->dead);
	inet_assert(n->dev->net == n->tbl->net);
	inet_assert(__neigh_lookup_noref(n->tbl, n->primary_key, n->dev) == n);
	inet_assert(n->on_gc_list == !(n->nud_state & NUD_PERMANENT));
	verify_state(n);
	bytes = skb_queue_verify(&n->arp_queue);
	inet_assert(bytes == n->arp_queue_len_bytes);
	inet_assert(bytes <= (u32)p->unres_qlen_bytes);
	if (!(n->nud_state & NUD_INCOMPLETE))
		inet_assert(skb_queue_empty(&n->arp_queue));
	sum->entries++;
	sum->gc_entries += n->on_gc_list;
}

void neigh_verify(struct neigh_table *tbl)
{
	struct neigh_verify_sum sum = { 0 };
	const struct neighbour *n;
	u32 listed = 0;

	rcu_read_lock(&tbl->net->rcu);
	neigh_for_each(tbl, neigh_verify_entry, &sum);
	list_for_each_entry(n, &tbl->gc_list, gc_list) {
		inet_assert(n->on_gc_list && n->tbl == tbl);
		listed++;
	}
	rcu_read_unlock(&tbl->net->rcu);
	inet_assert(sum.entries == tbl->entries);
	inet_assert(sum.gc_entries == tbl->gc_entries);
	inet_assert(listed == tbl->gc_entries);
	inet_assert(tbl->gc_entries <= (u32)tbl->parms->gc_thresh3);
	inet_assert(tbl->closing || timer_pending(&tbl->gc_timer));
}
