/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor's rules are called, who is let off which of them and why, and
 * how often each was applied. A reason lets off a host, or those connections that
 * are there at a moment, and only from what it can bend: who forgets what has come
 * may answer late, or not know a connection, but sends what was written in the
 * right order, within the window, and acknowledges nothing that has not come.
 */
#include "monitor.h"

#include <stdio.h>

#define IN(rule) (1u << RULE_##rule)
#define CLOCK (IN(BACKOFF) | IN(ANSWERS) | IN(PATH_MTU))
#define ALL_OF_TCP ((1u << RULE_ARP) - 1)

static const char *const names[] = {
#define RULE(name, text) text,
	SIM_RULES(RULE)
#undef RULE
};

static const u32 lets_off[] = {
	[WHY_FORGETS] = CLOCK | IN(STATES) | IN(LISTINGS) | IN(LISTENERS) |
			IN(TIME_WAIT) | IN(NEWEST) | IN(CONGESTION) |
			IN(REDUCTION),
	[WHY_UNSEEN] = CLOCK | IN(TIME_WAIT) | IN(CONGESTION) | IN(REDUCTION),
	[WHY_UNPLUGGED] = CLOCK | IN(CONGESTION) | IN(REDUCTION),
	[WHY_LATE] = CLOCK | IN(TIMERS) | IN(BARE) | IN(STATES) | IN(NEWEST) | IN(ICMP),
	[WHY_SLOW] = CLOCK,
	[WHY_FORGOTTEN] = IN(ARP),
	[WHY_POOR] = CLOCK | IN(TIME_WAIT) | IN(NEWEST),
	[WHY_FULL] = IN(TIME_WAIT),
	[WHY_TIGHT] = IN(NEWEST),
	[WHY_FORGED] = IN(RESETS) | IN(ECN) | IN(TIME_WAIT),
	[WHY_STRANGE] = IN(ARP) | IN(ICMP) | IN(FRAMES),
	[WHY_MOVED] = IN(ARP) | IN(ICMP) | IN(UDP) | IN(FRAMES),
	[WHY_REUSED] = ALL_OF_TCP,
	[WHY_CONTROL] = IN(REDUCTION),
};

void monitor_excuse(struct world *w, unsigned int h, enum sim_why why)
{
	w->host[h].excused |= lets_off[why];
	w->host[h].unseen |= why == WHY_UNSEEN || why == WHY_FORGETS;
	w->host[h].late |= why == WHY_LATE;
}

void monitor_excuse_all(struct world *w, enum sim_why why)
{
	unsigned int h;

	for (h = 0; h < SIM_MAX_HOSTS; h++)
		monitor_excuse(w, h, why);
}

void monitor_excuse_end(struct flow *f, int h, enum sim_why why)
{
	f->of[h].excused |= lets_off[why];
}

void monitor_excuse_flow(struct flow *f, enum sim_why why)
{
	monitor_excuse_end(f, 0, why);
	monitor_excuse_end(f, 1, why);
}

void monitor_excuse_flows(struct world *w, unsigned int h, enum sim_why why)
{
	struct flow *f;

	for (f = w->flows; f; f = f->next)
		if (f->host[0] == h || f->host[1] == h)
			monitor_excuse_end(f, f->host[1] == h, why);
}

bool monitor_judges_host(struct world *w, int h, enum sim_rule rule)
{
	bool excused = w->host[h].excused >> rule & 1;

	w->tally[rule].made += !excused;
	w->tally[rule].excused += excused;
	return !excused && !w->host[h].unjudged;
}

/* A place where @rule applies to @side. */
static void count(struct world *w, struct flow *f, int side, enum sim_rule rule,
		  bool excused)
{
	f->of[side].applied |= 1u << rule;
	f->of[side].let_off |= (u32)excused << rule;
	w->tally[rule].made += !excused;
	w->tally[rule].excused += excused;
}

bool monitor_judges(struct world *w, struct flow *f, int side,
		    enum sim_rule rule)
{
	const struct host *host = &w->host[f->host[side]];
	bool excused = (host->excused | f->of[side].excused) >> rule & 1;

	count(w, f, side, rule, excused);
	return !excused && !host->unjudged;
}

void monitor_lets_off(struct world *w, struct flow *f, int side,
		      enum sim_rule rule)
{
	count(w, f, side, rule, true);
}

void monitor_settle(struct world *w, const struct flow *f)
{
	const struct stream *me;
	unsigned int r;

	for (me = f->of; me < f->of + 2; me++)
		for (r = 0; r < SIM_NR_RULES; r++) {
			w->tally[r].sides += me->applied >> r & 1;
			w->tally[r].whole += (me->applied & ~me->let_off) >> r & 1;
		}
}

/* @part of @all, in percent. */
static double percent(u64 part, u64 all)
{
	return all ? 100.0 * (double)part / (double)all : 100.0;
}

void monitor_show(const struct tally *t)
{
	unsigned int r;

	for (r = 0; r < SIM_NR_RULES; r++, t++) {
		printf("# rule %s: %llu judgements, %.1f %%", names[r],
		       (unsigned long long)t->made,
		       percent(t->made, t->made + t->excused));
		if (t->sides)
			printf("; %llu of %llu sides of connections, %.1f %%",
			       (unsigned long long)t->whole,
			       (unsigned long long)t->sides,
			       percent(t->whole, t->sides));
		putchar('\n');
	}
}
