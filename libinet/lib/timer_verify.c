/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must always be true of a timer wheel. Simulations and tests ask;
 * nothing here runs in production.
 */
#include "lib/assert.h"
#include "lib/timer.h"

/* One timer of a slot: the digits of its tick are those of the slot. */
static void timer_verify(const struct wheel *w, const struct timer_list *t,
			 int level, u64 slot)
{
	int shift = level * WHEEL_SLOT_BITS;
	u64 last = t->expires_ns >> WHEEL_TICK_SHIFT;

	inet_assert(t->wheel == w);
	inet_assert(t->function != NULL);
	inet_assert(t->slot == level * WHEEL_SLOTS + (int)slot);
	inet_assert(t->tick > w->clk);
	inet_assert(t->tick <= last + 1);	/* put off, or exact */
	inet_assert((t->tick >> shift) % WHEEL_SLOTS == slot);
	inet_assert(t->tick >> shift >> WHEEL_SLOT_BITS ==
		    w->clk >> shift >> WHEEL_SLOT_BITS);
}

/* One slot: the list is whole, and its bit says whether it is empty. */
static void slot_verify(const struct wheel *w, int level, u64 slot)
{
	const struct list_head *head = &w->slots[level][slot];
	const struct timer_list *t;

	inet_assert(list_empty(head) == !(w->occupied[level] >> slot & 1));
	list_for_each_entry(t, head, entry) {
		inet_assert(t->entry.next->prev == &t->entry);
		timer_verify(w, t, level, slot);
	}
}

void wheel_verify(struct wheel *w)
{
	const struct timer_list *t;
	int level;
	u64 slot;

	spin_lock(&w->lock);
	inet_assert(!w->running);
	list_for_each_entry(t, &w->due, entry) {
		inet_assert(t->slot == TIMER_DUE && t->wheel == w);
		inet_assert(t->entry.next->prev == &t->entry);
	}
	list_for_each_entry(t, &w->spreading, entry) {
		inet_assert(t->slot < TIMER_DUE && t->wheel == w);
		inet_assert(t->tick >= w->clk);
	}
	for (level = 0; level < WHEEL_LEVELS; level++)
		for (slot = 0; slot < WHEEL_SLOTS; slot++)
			slot_verify(w, level, slot);
	spin_unlock(&w->lock);
}
