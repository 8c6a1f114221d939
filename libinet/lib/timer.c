/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hierarchical timer wheel.
 *
 * Theory of operation. Time is counted in ticks of 2^16 ns; a tick number is
 * eight digits of six bits, and level L has one slot for each value of digit
 * L. Let `clk` be the tick up to which all is done. A timer for a later tick
 * is queued at the level of the highest digit in which its tick differs from
 * clk, in the slot of that digit. Three facts follow:
 *
 *   - at each level only slots above clk's own digit are ever occupied;
 *   - whatever is on a lower level comes before all that is on a higher one,
 *     so the next slot to come is the first bit of the lowest level that has
 *     any: two instructions for each level;
 *   - when clk reaches the first tick of a slot of level L > 0, all lower
 *     levels are empty, and spreading that slot over them (the cascade)
 *     happens before anything can be queued there directly: order within a
 *     tick is order of queueing.
 *
 * `next` is the first tick of the first slot that holds a timer, or earlier: up
 * to there wheel_advance() is one comparison, and clk may lag behind the time.
 *
 * A timer is spread at most seven times in its life, whatever its distance;
 * setting and deleting are O(1). wheel_advance() jumps from slot to slot, so
 * that a long sleep costs no more than a short one. A slot may hold every timer
 * that there is: what is not spread in one call waits on the list `spreading`,
 * and clk with it.
 *
 * A timer whose time is put off stays where it is and only notes the new time;
 * when its slot comes it is queued again. TCP moves its retransmission timer
 * at each ACK: that is one store.
 *
 * Ticks are rounded up, so that no timer is early. What is set to the past
 * goes to the list `due` and runs at the next wheel_advance(), not in the
 * present one: a function that sets its timer to now does not loop.
 *
 * In a threaded stack other threads set and delete timers under the wheel's
 * lock; only the owner advances. `running` tells deleters whose function is
 * being called without the lock. The owner sleeps until the tick that
 * wheel_next() promised, or until somebody has set an earlier timer and wakes
 * it; while it is awake nothing is promised.
 */
#include "lib/timer.h"

#include "lib/assert.h"
#include "lib/points.h"
#include "lib/thread.h"

#define MAX_TICK (U64_MAX >> WHEEL_TICK_SHIFT)
#define NEXT_SCAN 8	/* timers looked at by wheel_next() */

static_assert(WHEEL_LEVELS * WHEEL_SLOT_BITS + WHEEL_TICK_SHIFT == 64,
	      "every u64 of nanoseconds has a slot");

void wheel_init(struct wheel *w, u64 now_ns, bool smp)
{
	lock_init(&w->lock, smp);
	w->clk = now_ns >> WHEEL_TICK_SHIFT;
	w->next = U64_MAX;
	w->running = NULL;
	w->promised = 0;
	w->wake = NULL;
	INIT_LIST_HEAD(&w->due);
	INIT_LIST_HEAD(&w->spreading);
	for (int level = 0; level < WHEEL_LEVELS; level++) {
		w->occupied[level] = 0;
		for (int slot = 0; slot < WHEEL_SLOTS; slot++)
			INIT_LIST_HEAD(&w->slots[level][slot]);
	}
}

void timer_setup(struct timer_list *t, void (*function)(struct timer_list *))
{
	*t = (struct timer_list){ .function = function, .slot = TIMER_IDLE };
}

/* ---- queueing; under the lock ---- */

/* The first tick that is not before the time. */
static u64 expiry_tick(u64 expires_ns)
{
	u64 tick = expires_ns >> WHEEL_TICK_SHIFT;

	return tick + (tick < MAX_TICK && expires_ns % WHEEL_TICK_NS != 0);
}

/* The highest digit in which a and b, not equal, differ. */
static int differing_level(u64 a, u64 b)
{
	return ilog2(a ^ b) / WHEEL_SLOT_BITS;
}

/* Puts t into the slot of its expiry, or into `due` if that has passed. */
static void enqueue(struct wheel *w, struct timer_list *t) must_hold(w->lock)
{
	int level, slot;
	u64 first;

	t->tick = expiry_tick(t->expires_ns);
	if (t->tick <= w->clk) {
		WRITE_ONCE(t->slot, TIMER_DUE);
		list_add_tail(&t->entry, &w->due);
		WRITE_ONCE(w->next, 0);
		return;
	}
	level = differing_level(t->tick, w->clk);
	first = t->tick >> (level * WHEEL_SLOT_BITS);
	slot = (int)(first % WHEEL_SLOTS);
	first <<= level * WHEEL_SLOT_BITS;
	if (first < w->next)
		WRITE_ONCE(w->next, first);
	WRITE_ONCE(t->slot, (u16)(level * WHEEL_SLOTS + slot));
	w->occupied[level] |= BIT_ULL(slot);
	list_add_tail(&t->entry, &w->slots[level][slot]);
}

/* Takes t out of whatever list it is in. */
static void dequeue(struct wheel *w, struct timer_list *t) must_hold(w->lock)
{
	int level = t->slot / WHEEL_SLOTS;
	int slot = t->slot % WHEEL_SLOTS;

	list_del(&t->entry);
	if (t->slot != TIMER_DUE && list_empty(&w->slots[level][slot]))
		w->occupied[level] &= ~BIT_ULL(slot);
	WRITE_ONCE(t->slot, TIMER_IDLE);
}

/* The lowest level that has a timer, or WHEEL_LEVELS. */
static int first_level(const struct wheel *w)
{
	int level = 0;

	while (level < WHEEL_LEVELS && !w->occupied[level])
		level++;
	return level;
}

/* The first tick of the first slot of a level that has a timer. */
static u64 first_tick(const struct wheel *w, int level)
{
	int shift = level * WHEEL_SLOT_BITS;
	u64 above = w->clk >> shift >> WHEEL_SLOT_BITS << WHEEL_SLOT_BITS;

	return (above | (u64)__ffs64(w->occupied[level])) << shift;
}

/* ---- advancing ---- */

/* Goes on to the next slot, if it comes at or before target, and takes what is
 * in it. Return: whether there was one. */
static bool take_slot(struct wheel *w, u64 target) must_hold(w->lock)
{
	int level = first_level(w);

	if (level == WHEEL_LEVELS || first_tick(w, level) > target) {
		w->clk = max(w->clk, target);
		return false;
	}
	w->clk = first_tick(w, level);
	list_splice_init(&w->slots[level][__ffs64(w->occupied[level])],
			 &w->spreading);
	w->occupied[level] &= w->occupied[level] - 1;
	return true;
}

/*
 * The timers of one slot, at most *most of them, go to run, or to finer slots,
 * or, when they were put off, to later ones. Return: whether there were any.
 */
static bool step(struct wheel *w, u64 target, struct list_head *run, int *most)
	must_hold(w->lock)
{
	struct timer_list *t;

	if (list_empty(&w->spreading) && !take_slot(w, target))
		return false;
	if (!*most)
		return false;
	while (*most && !list_empty(&w->spreading)) {
		t = list_first_entry(&w->spreading, struct timer_list, entry);
		list_del(&t->entry);
		--*most;
		if (expiry_tick(t->expires_ns) > w->clk) {
			enqueue(w, t);
		} else {
			WRITE_ONCE(t->slot, TIMER_DUE);
			list_add_tail(&t->entry, run);
		}
	}
	return true;
}

/* Calls one function without the lock; it may free t. */
static void call(struct wheel *w, struct timer_list *t)
	must_hold(w->lock) unchecked_locking
{
	void (*function)(struct timer_list *) = t->function;

	dequeue(w, t);
	w->running = t;
	spin_unlock(&w->lock);
	function(t);
	spin_lock(&w->lock);
	w->running = NULL;
}

/* Calls the functions of a list, except of those put off in the meantime. */
static int call_all(struct wheel *w, struct list_head *run, int budget)
	must_hold(w->lock)
{
	struct timer_list *t;
	int nr = 0;

	while (nr < budget && !list_empty(run)) {
		t = list_first_entry(run, struct timer_list, entry);
		if (expiry_tick(t->expires_ns) > w->clk) {
			dequeue(w, t);
			enqueue(w, t);
		} else {
			call(w, t);
			nr++;
		}
	}
	return nr;
}

/* The tick from which on wheel_advance() has something to do. */
static u64 first_work(const struct wheel *w) must_hold(w->lock)
{
	int level = first_level(w);

	if (!list_empty(&w->due) || !list_empty(&w->spreading))
		return 0;
	return level == WHEEL_LEVELS ? U64_MAX : first_tick(w, level);
}

int __wheel_advance(struct wheel *w, u64 now_ns, int budget)
{
	u64 target = now_ns >> WHEEL_TICK_SHIFT;
	int nr = 0, most = WHEEL_SPREAD_MOST;
	LIST_HEAD(run);

	spin_lock(&w->lock);
	w->promised = 0;
	list_splice_init(&w->due, &run);
	INET_WALK(WHEEL);
	do {
		INET_STEP(WHEEL);
		nr += call_all(w, &run, budget - nr);
	} while (list_empty(&run) && step(w, target, &run, &most));
	list_splice_init(&run, &w->due);
	WRITE_ONCE(w->next, first_work(w));
	spin_unlock(&w->lock);
	return nr;
}

/*
 * The first slot is exact at level 0. Above, the timers in it say more, if
 * they are few; but not more than where the slot ends, since others follow.
 */
static u64 next_tick(const struct wheel *w) must_hold(w->lock)
{
	int level = first_level(w);
	const struct list_head *slot;
	struct timer_list *t;
	u64 first, best;
	int nr = 0;

	if (!list_empty(&w->due) || !list_empty(&w->spreading))
		return w->clk;
	if (level == WHEEL_LEVELS)
		return U64_MAX;
	first = first_tick(w, level);
	if (level == 0)
		return first;
	best = first + BIT_ULL(level * WHEEL_SLOT_BITS);
	slot = &w->slots[level][__ffs64(w->occupied[level])];
	list_for_each_entry(t, slot, entry) {
		if (++nr > NEXT_SCAN)
			return first;
		best = min(best, expiry_tick(t->expires_ns));
	}
	return min(best, MAX_TICK);
}

u64 wheel_next(struct wheel *w)
{
	u64 tick;

	spin_lock(&w->lock);
	tick = next_tick(w);
	w->promised = tick;
	spin_unlock(&w->lock);
	return tick == U64_MAX ? U64_MAX : tick << WHEEL_TICK_SHIFT;
}

/* ---- setting and deleting ---- */

/* Locks the wheel that t is on; NULL when it has never been on one. */
static inline struct wheel *lock_wheel(struct timer_list *t) unchecked_locking
{
	struct wheel *w;

	while ((w = READ_ONCE(t->wheel))) {
		spin_lock(&w->lock);
		if (t->wheel == w)
			break;
		spin_unlock(&w->lock);	/* it moved meanwhile */
	}
	return w;
}

/*
 * Locks the wheel that t is to be queued on: w, or the one where its function
 * runs at this moment, so that it never runs twice at a time. Leaves the
 * former wheel; *pending says whether t was pending there.
 */
static __noinline struct wheel *lock_for_moving(struct wheel *w,
						struct timer_list *t,
						bool *pending) unchecked_locking
{
	struct wheel *old;

	*pending = false;
	while ((old = lock_wheel(t)) != w && old->running != t) {
		if (timer_pending(t)) {
			dequeue(old, t);
			*pending = true;
		}
		WRITE_ONCE(t->wheel, w);
		spin_unlock(&old->lock);
	}
	*pending |= timer_pending(t);
	return old;
}

/* The same where t was on w before, or on none. */
static inline struct wheel *lock_for_arming(struct wheel *w,
					    struct timer_list *t,
					    bool *pending) unchecked_locking
{
	if (!t->wheel)
		WRITE_ONCE(t->wheel, w);
	if (unlikely(READ_ONCE(t->wheel) != w))
		return lock_for_moving(w, t, pending);
	spin_lock(&w->lock);
	if (likely(t->wheel == w)) {
		*pending = timer_pending(t);
		return w;
	}
	spin_unlock(&w->lock);		/* it moved meanwhile */
	return lock_for_moving(w, t, pending);
}

/* Arms t; with only_earlier, a pending timer is never put off. */
static bool arm(struct wheel *w, struct timer_list *t, u64 expires_ns,
		bool only_earlier) unchecked_locking
{
	bool pending, early = false;

	w = lock_for_arming(w, t, &pending);
	if (timer_pending(t)) {
		if (only_earlier && expires_ns >= t->expires_ns)
			goto out;
		WRITE_ONCE(t->expires_ns, expires_ns);
		if (t->slot == TIMER_DUE || expiry_tick(expires_ns) >= t->tick)
			goto out;	/* its slot comes first, and looks */
		dequeue(w, t);
	}
	WRITE_ONCE(t->expires_ns, expires_ns);
	enqueue(w, t);
	early = t->tick < w->promised;
out:
	spin_unlock(&w->lock);
	if (unlikely(early) && w->wake)
		w->wake(w);
	return pending;
}

bool mod_timer(struct wheel *w, struct timer_list *t, u64 expires_ns)
{
	return arm(w, t, expires_ns, false);
}

bool timer_reduce(struct wheel *w, struct timer_list *t, u64 expires_ns)
{
	return arm(w, t, expires_ns, true);
}

bool del_timer(struct timer_list *t)
{
	struct wheel *w;
	bool pending;

	if (!timer_pending(t))
		return false;
	w = lock_wheel(t);
	pending = timer_pending(t);
	if (pending)
		dequeue(w, t);
	spin_unlock(&w->lock);
	return pending;
}

int try_to_del_timer_sync(struct timer_list *t)
{
	struct wheel *w = lock_wheel(t);
	int rc;

	if (!w)
		return 0;
	rc = timer_pending(t);
	if (w->running == t && lock_smp(&w->lock))
		rc = -1;
	else if (rc)
		dequeue(w, t);
	spin_unlock(&w->lock);
	return rc;
}

bool del_timer_sync(struct timer_list *t)
{
	int rc;

	while ((rc = try_to_del_timer_sync(t)) < 0)
		thread_yield();
	return rc;
}
