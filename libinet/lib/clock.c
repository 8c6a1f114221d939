/* SPDX-License-Identifier: BSD-2-Clause */
/* Anchors: see clock.h. */
#include "lib/clock.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define WINDOW_NS 1000000ULL		/* how long an anchor is good */
#define BASE_NS 1000000000ULL		/* how old what we measure from may be */
#define SAMPLE_CYCLES 20000ULL		/* nobody slept within so many */

bool tsc_clock_usable(void)
{
	static const char name[] =
		"/sys/devices/system/clocksource/clocksource0/current_clocksource";
	char source[8] = "";
	ssize_t n;
	int fd;

	if (!tsc_cycles())
		return false;
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, source, sizeof(source) - 1);
	close(fd);
	return n > 0 && strcmp(source, "tsc\n") == 0;
}

void tsc_clock_init(struct tsc_clock *c, u64 (*now)(void *opaque), void *opaque)
{
	*c = (struct tsc_clock){ .now = now, .opaque = opaque };
}

/* Measuring begins anew: the counter has not run evenly, or never ran yet. */
static void tsc_clock_restart(struct tsc_clock *c, u64 tsc, u64 ns)
{
	c->base_tsc = tsc;
	c->base_ns = ns;
	c->window = 0;
	c->mult = 0;
}

u64 tsc_clock_anchor(struct tsc_clock *c, const struct tsc_sample *s)
{
	u64 tsc = s->before + (s->after - s->before) / 2;
	u64 cycles = tsc - c->base_tsc, passed = s->ns - c->base_ns;

	if (s->after - s->before > SAMPLE_CYCLES) {
		c->window = 0;	/* a bad pair: the kernel's clock alone */
	} else if (!c->base_ns || tsc <= c->base_tsc ||
		   passed > 2 * BASE_NS) {
		tsc_clock_restart(c, tsc, s->ns);
	} else if (passed >= WINDOW_NS) {
		c->mult = (passed << 32) / cycles;
		c->window = c->mult ? (WINDOW_NS << 32) / c->mult : 0;
		if (passed > BASE_NS) {
			c->base_tsc = tsc;
			c->base_ns = s->ns;
		}
	}
	c->tsc = tsc;
	c->ns = s->ns;
	if (likely(s->ns > c->last))
		c->last = s->ns;
	return c->last;
}

u64 tsc_clock_read_slow(struct tsc_clock *c)
{
	struct tsc_sample s;

	s.before = tsc_cycles();
	s.ns = c->now(c->opaque);
	s.after = tsc_cycles();
	return tsc_clock_anchor(c, &s);
}
