/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers: one hierarchical wheel per softnet. A timer never fires early and,
 * when the wheel is advanced in time, never more than one tick late.
 */
#ifndef INET_LIB_TIMER_H
#define INET_LIB_TIMER_H

#include "lib/list.h"
#include "lib/lock.h"

#define WHEEL_TICK_SHIFT 16			/* a tick is 65,536 ns */
#define WHEEL_TICK_NS (1ULL << WHEEL_TICK_SHIFT)
#define WHEEL_SPREAD_MOST 1024			/* timers moved by one call */
#define WHEEL_SLOT_BITS 6
#define WHEEL_SLOTS (1 << WHEEL_SLOT_BITS)
/* 8 * 6 + 16 = 64 bits: every u64 of nanoseconds has its place. */
#define WHEEL_LEVELS ((64 - WHEEL_TICK_SHIFT) / WHEEL_SLOT_BITS)

struct wheel;

/* Members are the wheel's own: read them through the functions below. */
struct timer_list {
	struct list_head entry;
	u64 expires_ns;
	u64 tick;			/* where it is queued: <= expires */
	void (*function)(struct timer_list *t);
	struct wheel *wheel;		/* the last one it was queued on */
	u16 slot;			/* level * WHEEL_SLOTS + slot, or: */
};

#define TIMER_IDLE 0xffff		/* in no list */
#define TIMER_DUE 0xfffe		/* in wheel.due */

#define from_timer(var, t, member) \
	container_of(t, __typeof__(*(var)), member)

struct wheel {
	struct inet_lock lock;		/* guards all below; a leaf */
	u64 next;			/* before this tick nothing is due */
	u64 clk;			/* all ticks <= clk are done */
	u64 promised;			/* the owner may sleep until this tick */
	struct timer_list *running;	/* whose function is being called */
	struct list_head due;		/* late when queued, or cut by budget */
	struct list_head spreading;	/* in clk's slot, not looked at yet */
	u64 occupied[WHEEL_LEVELS];	/* a bit for each slot not empty */
	struct list_head slots[WHEEL_LEVELS][WHEEL_SLOTS];
	/* Constant; NULL, or wakes the owner: a timer was set to an earlier
	 * time than the last wheel_next() said. Without the lock. */
	void (*wake)(struct wheel *w);
};

/* @smp: do other threads than the owner set timers on it? Then the owner who
 * sleeps sets wake. */
void wheel_init(struct wheel *w, u64 now_ns, bool smp);

/* The same as below, whether or not anything is due. */
int __wheel_advance(struct wheel *w, u64 now_ns, int budget);

/*
 * Calls the functions of the timers that expired at or before now_ns, earlier
 * ticks first and in the order of queueing within a tick (beyond
 * WHEEL_SPREAD_MOST, in that among those which were queued in time). A function
 * runs without the lock, may set and delete timers, and may free its own; a
 * timer it sets to the past runs at the next call.
 * @budget: at most so many functions; the rest waits for the next call
 * Return: the number of functions called. Context: the wheel's owner.
 */
static inline int wheel_advance(struct wheel *w, u64 now_ns, int budget)
{
	/* mostly: a turn is far below a tick, and its owner did not sleep */
	if (likely(now_ns >> WHEEL_TICK_SHIFT < READ_ONCE(w->next) &&
		   !w->promised))
		return 0;
	return __wheel_advance(w, now_ns, budget);
}

/*
 * Return: when wheel_advance() has something to do, U64_MAX when there is no
 * timer. Never later than the first expiry, rounded up to a tick; earlier when
 * many far timers are close together or a timer was put off. Then
 * wheel_advance() may call no function, but the next answer is later: at most
 * WHEEL_LEVELS times for each time that was set. Constant time.
 */
u64 wheel_next(struct wheel *w);

/* Must come first; the timer is idle. */
void timer_setup(struct timer_list *t, void (*function)(struct timer_list *));

/*
 * (Re)arms t. Cheap when the new time is later than the old one: t stays where
 * it is and moves on when the old time comes. Any thread, if the wheel is smp;
 * on one wheel after the other, t moves (not while its function runs).
 * Return: whether t was pending.
 */
bool mod_timer(struct wheel *w, struct timer_list *t, u64 expires_ns);

/* As mod_timer(), but only ever to an earlier time than the pending one. */
bool timer_reduce(struct wheel *w, struct timer_list *t, u64 expires_ns);

/*
 * Disarms t; its function may still be running in the wheel's owner.
 * Return: whether t was pending.
 */
bool del_timer(struct timer_list *t) unchecked_locking;

/*
 * Disarms t unless its function runs.
 * Return: -1 when it runs; else whether t was pending.
 */
int try_to_del_timer_sync(struct timer_list *t) unchecked_locking;

/*
 * Disarms t and waits until its function has returned. Context: no lock that
 * the function takes, and not the function itself.
 */
bool del_timer_sync(struct timer_list *t);

static inline bool timer_pending(const struct timer_list *t)
{
	return data_race(t->slot) != TIMER_IDLE;
}

/* Everything about @w is as it must be, or the program ends. For tests;
 * context: the owner, not in a timer's function. */
void wheel_verify(struct wheel *w);

/* Of a pending timer. */
static inline u64 timer_expires_ns(const struct timer_list *t)
{
	return READ_ONCE(t->expires_ns);
}

#endif /* INET_LIB_TIMER_H */
