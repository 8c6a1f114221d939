/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim [-s SEED] [-n COUNT] [-c CONNECTIONS] [-t SECONDS] [-v] [-p FILE.pcap]
 *
 * Runs COUNT worlds from SEED on, or as many as CONNECTIONS need, or for
 * SECONDS. A world that fails is run again into a pcap file, and the command
 * that does so is printed.
 */
#include "sim.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TWICE_EVERY 16		/* one world in so many is run again */

struct options {
	u64 seed, count, conns;
	unsigned int seconds;
	bool verbose;
	const char *pcap;
};

struct totals {
	u64 worlds, conns, frames, bytes, virtual_ns;
};

u64 rng_next(struct rng *r)
{
	u64 z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

void rng_init(struct rng *r, u64 seed, u64 purpose)
{
	r->state = seed * 0xd1342543de82ef95ull + purpose;
	r->state = rng_next(r);
}

u64 rng_range(struct rng *r, u64 lo, u64 hi)
{
	return lo + rng_next(r) % (hi - lo + 1);
}

/* Draws how many times lo is doubled, then a place within the doubling. */
u64 rng_log(struct rng *r, u64 lo, u64 hi)
{
	unsigned int doublings = 0;
	u64 base, top;

	while (lo << doublings < hi && doublings < 40)
		doublings++;
	base = lo << rng_range(r, 0, doublings ? doublings - 1 : 0);
	top = base * 2 < hi ? base * 2 : hi;
	return rng_range(r, base, top);
}

bool rng_chance(struct rng *r, unsigned int percent)
{
	return rng_next(r) % 100 < percent;
}

void sim_fail(struct world *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (w->why[0])
		return;
	n = snprintf(w->why, sizeof(w->why), "%llu.%09llu s: ",
		     (unsigned long long)(w->now / SIM_S),
		     (unsigned long long)(w->now % SIM_S));
	va_start(ap, fmt);
	vsnprintf(w->why + n, sizeof(w->why) - (size_t)n, fmt, ap);
	va_end(ap);
}

/* The head of a pcap file with nanoseconds, of Ethernet frames. */
static FILE *pcap_open(const char *path)
{
	static const u32 head[6] = { 0xa1b23c4d, 2 | 4 << 16, 0, 0, 262144, 1 };
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(head, sizeof(head), 1, f) != 1) {
		perror(path);
		exit(2);
	}
	return f;
}

/* Runs one world, with a pcap if there is a path. */
static int run_once(struct world *w, u64 seed, const char *pcap, bool chatty)
{
	int err;

	memset(w, 0, sizeof(*w));
	w->chatty = chatty;
	w->pcap = pcap ? pcap_open(pcap) : NULL;
	err = world_run(w, seed);
	if (w->pcap)
		fclose(w->pcap);
	return err;
}

/* Says what broke, how to see it again, and leaves the frames. */
static void report(struct world *w, u64 seed, const char *pcap)
{
	char path[64], why[sizeof(w->why)];
	unsigned long long s = (unsigned long long)seed;

	memcpy(why, w->why, sizeof(why));
	snprintf(path, sizeof(path), "sim-%llu.pcap", s);
	if (!pcap)
		run_once(w, seed, path, false);
	printf("# seed %llu: %s\n", s, why);
	printf("# replay: tests/sim/sim -s %llu -n 1 -v -p sim-%llu.pcap\n", s,
	       s);
	printf("# frames: %s\n", pcap ? pcap : path);
}

/* One seed, sometimes twice. Return: true when all was well. */
static bool run_seed(struct world *w, const struct options *o, u64 seed,
		     struct totals *t)
{
	u64 hash;

	if (run_once(w, seed, o->pcap, o->verbose))
		return false;
	t->worlds++;
	t->conns += w->nr_conns;
	t->frames += w->frames;
	t->bytes += w->bytes;
	t->virtual_ns += w->now;
	if (o->verbose)
		printf("# seed %llu: %u connections, %llu frames, trace %016llx\n",
		       (unsigned long long)seed, w->nr_conns,
		       (unsigned long long)w->frames,
		       (unsigned long long)w->hash);
	if (seed % TWICE_EVERY && !o->verbose)
		return true;
	hash = w->hash;
	if (!run_once(w, seed, NULL, false) && w->hash != hash)
		sim_fail(w, "another trace: %016llx, then %016llx",
			 (unsigned long long)hash,
			 (unsigned long long)w->hash);
	return !w->why[0];
}

static void usage(void)
{
	fprintf(stderr, "usage: sim [-s SEED] [-n COUNT] [-c CONNECTIONS] "
		"[-t SECONDS] [-v] [-p FILE.pcap]\n");
	exit(2);
}

static void parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "s:n:c:t:vp:")) != -1) {
		switch (c) {
		case 's':
			o->seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			o->count = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			o->conns = strtoull(optarg, NULL, 0);
			break;
		case 't':
			o->seconds = (unsigned int)strtoul(optarg, NULL, 0);
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'p':
			o->pcap = optarg;
			break;
		default:
			usage();
		}
	}
	if (optind != argc)
		usage();
	if (!o->count && !o->conns && !o->seconds)
		o->count = 1;
}

/* True while one of the goals that were given is not reached. */
static bool more(const struct options *o, const struct totals *t, time_t start)
{
	return t->worlds < o->count || t->conns < o->conns ||
	       (o->seconds && time(NULL) - start < (time_t)o->seconds);
}

int main(int argc, char **argv)
{
	struct options o = { .seed = 1 };
	struct totals t = { 0 };
	struct world *w = calloc(1, sizeof(*w));
	time_t start = time(NULL);
	bool ok = true;
	u64 seed;

	parse(&o, argc, argv);
	if (!w)
		return 2;
	for (seed = o.seed; ok && more(&o, &t, start); seed++) {
		ok = run_seed(w, &o, seed, &t);
		if (!ok)
			report(w, seed, o.pcap);
	}
	printf("# %llu worlds, %llu connections, %llu frames, %llu bytes, "
	       "%llu virtual seconds\n", (unsigned long long)t.worlds,
	       (unsigned long long)t.conns, (unsigned long long)t.frames,
	       (unsigned long long)t.bytes,
	       (unsigned long long)(t.virtual_ns / SIM_S));
	free(w);
	return ok ? 0 : 1;
}
