/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * CLOCK_MONOTONIC, read from the processor's time stamp counter.
 *
 * A system call's clock waits for all instructions before it (rdtscp), twice as
 * long as the counter itself takes, and a small segment's whole road is not much
 * longer than ten such waits. So the counter is read alone and turned into time by
 * an anchor: a pair of both, good for a millisecond, then taken anew from the
 * kernel's clock. Where the kernel itself does not trust the counter (its own
 * clock is another one), or another processor than x86-64 runs, there is none.
 *
 * One thread at a time: it is for stacks that one thread runs. Another processor
 * might see the counter before what it read from memory.
 */
#ifndef INET_LIB_CLOCK_H
#define INET_LIB_CLOCK_H

#include <inet/types.h>

#include "lib/compiler.h"

struct tsc_clock {
	u64 tsc, ns;		/* the anchor: one moment on both clocks */
	u64 window;		/* cycles from it on for which it is good */
	u64 mult;		/* ns per cycle, 32 bits behind the point */
	u64 last;		/* what was told last */
	u64 base_tsc, base_ns;	/* an older anchor: mult is measured from it */
	u64 (*now)(void *opaque);
	void *opaque;
};

/* What the counter said before and after the kernel's clock was read. */
struct tsc_sample {
	u64 before, ns, after;
};

/* Can this machine have one? */
bool tsc_clock_usable(void);
/* @now: CLOCK_MONOTONIC, ns. */
void tsc_clock_init(struct tsc_clock *c, u64 (*now)(void *opaque),
		    void *opaque);
/* A new anchor, unless somebody slept between the readings. Return: the time. */
u64 tsc_clock_anchor(struct tsc_clock *c, const struct tsc_sample *s);
/* The same from what the clocks say now. */
u64 tsc_clock_read_slow(struct tsc_clock *c);

static inline u64 tsc_cycles(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	return 0;
#endif
}

/* The time at counter @tsc; never runs backwards. ns. */
static inline u64 tsc_clock_at(struct tsc_clock *c, u64 tsc)
{
	u64 ns = c->ns + ((tsc - c->tsc) * c->mult >> 32);

	if (likely(ns > c->last))
		c->last = ns;
	return c->last;
}

static inline u64 tsc_clock_read(struct tsc_clock *c)
{
	u64 tsc = tsc_cycles();

	if (likely(tsc - c->tsc < c->window))
		return tsc_clock_at(c, tsc);
	return tsc_clock_read_slow(c);
}

#endif /* INET_LIB_CLOCK_H */
