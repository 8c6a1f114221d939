/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim [-h] [-s SEED] [-n COUNT] [-c CONNECTIONS] [-t SECONDS] [-x FEATURE,...]
 *     [-k MASK] [-f FRAME] [-a FRAME] [-1] [-v] [-q] [-r] [-p FILE.pcap]
 *
 * Runs COUNT worlds from SEED on, or as many as CONNECTIONS need, or for
 * SECONDS. -x turns faults and habits off, -k keeps only the connections whose
 * bit is set, -f lets a world fail at this frame and -a the process abort, to
 * see what follows, -1 runs no world twice (else each is, for its trace). -q prints how
 * often each point, probe, counter and drop reason was reached; -r tells which
 * never was (points.c), and fails when one was not in 50,000 worlds.
 *
 * The worlds run in a child process. When one fails, crashes or hangs, the
 * parent shrinks it: it turns off one feature after the other and drops one
 * connection after the other, as long as the world still fails. Then it leaves
 * the frames in a pcap file and prints the one command that does it all again.
 */
#include "sim.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HANG_S 120		/* a world that takes longer hangs */
#define REACH_WORLDS 50000	/* fewer may miss what is rarest by chance */
#define OTHER_EVERY 10		/* seeds, the first runs once more with GRO the
				 * other way, the next with RPS, and so on */
#define SHRINK_RUNS 400		/* worlds that shrinking may cost */

struct options {
	u64 seed, count, conns, fail_at, abort_at;
	unsigned int seconds;
	u64 without;
	u32 keep;
	bool verbose, once, reach, counts;
	const char *pcap;
};

/* What the child tells the parent, and goes on telling when it has died. */
struct shared {
	u64 seed;		/* the world that runs */
	u64 worlds, conns, frames, bytes, virtual_ns, twice, hash;
	u64 forged;
	struct tally tally[SIM_NR_RULES];
	struct reach reach;
	u32 nr_conns;
	bool failed;
	char why[256];
};

#define FEATURE_NAME(name, text) text,
static const char *const features[] = { SIM_FEATURES(FEATURE_NAME) };
#undef FEATURE_NAME

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

bool sim_draw(struct world *w, struct rng *r, enum sim_feature f,
	      unsigned int percent, struct rng *own)
{
	rng_init(own, rng_next(r), (u64)f);
	return rng_chance(own, percent) && !(w->without >> f & 1);
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

/* The head of a pcap file with nanoseconds, of Ethernet frames. Unbuffered:
 * a crash must not take the last frames with it. */
static FILE *pcap_open(const char *path)
{
	static const u32 head[6] = { 0xa1b23c4d, 2 | 4 << 16, 0, 0, 262144, 1 };
	FILE *f = fopen(path, "wb");

	if (!f || setvbuf(f, NULL, _IONBF, 0) ||
	    fwrite(head, sizeof(head), 1, f) != 1) {
		perror(path);
		exit(2);
	}
	return f;
}

/* ---- in the child ----------------------------------------------------- */

/* Adds how often the monitor's rules were applied. */
static void add_tally(struct tally *sum, const struct tally *t)
{
	const struct tally *end = sum + SIM_NR_RULES;

	for (; sum < end; sum++, t++) {
		sum->made += t->made;
		sum->excused += t->excused;
		sum->sides += t->sides;
		sum->whole += t->whole;
	}
}

/* Runs one world, with a pcap if there is a path. Without @sh: again, for its
 * trace. */
static int run_once(struct world *w, const struct options *o, u64 seed,
		    enum sim_other other, struct shared *sh)
{
	const char *pcap = sh ? o->pcap : NULL;
	int err;

	alarm(HANG_S);
	memset(w, 0, sizeof(*w));
	w->chatty = o->verbose && pcap;
	w->without = o->without;
	w->fail_at = o->fail_at;
	w->abort_at = o->abort_at;
	w->keep = o->keep;
	w->again = !sh;
	w->other = other;
	points_begin(w, sh ? &sh->reach : NULL);
	w->pcap = pcap ? pcap_open(pcap) : NULL;
	err = world_run(w, seed);
	if (sh)
		add_tally(sh->tally, w->tally);
	if (w->pcap)
		fclose(w->pcap);
	return err;
}

/* Runs the world of some seeds with something the other way: applications must see
 * the same. */
static void run_other(struct world *w, const struct options *o, u64 seed,
		      struct shared *sh)
{
	static const char *const names[NR_OTHERS] = {
		[OTHER_GRO] = "and without GRO", [OTHER_RPS] = "and without RPS",
		[OTHER_TSO] = "and without TSO",
		[OTHER_SOFTNETS] = "one softnet and with several",
	};
	u64 outcome = app_outcome(w), nth = seed % OTHER_EVERY + 1;
	enum sim_other other = nth < NR_OTHERS ? (enum sim_other)nth : SAME;

	if (other != SAME && !run_once(w, o, seed, other, sh) &&
	    app_outcome(w) != outcome)
		sim_fail(w, "another outcome with %s", names[other]);
}

/* One seed, twice for its trace; some a third time, the other way. Return: true
 * when all was well. */
static bool run_seed(struct world *w, const struct options *o, u64 seed,
		     struct shared *sh)
{
	u64 hash;

	if (run_once(w, o, seed, SAME, sh))
		return false;
	hash = w->hash;
	sh->worlds++;
	sh->conns += w->nr_conns;
	sh->frames += w->frames;
	sh->bytes += w->bytes;
	sh->forged += w->forged;
	sh->virtual_ns += w->now;
	sh->hash = sh->hash * 31 + hash;
	if (o->verbose)
		printf("# seed %llu: %u connections, %llu frames, trace %016llx\n",
		       (unsigned long long)seed, w->nr_conns,
		       (unsigned long long)w->frames,
		       (unsigned long long)hash);
	if (o->once)
		return true;
	sh->twice++;
	if (!run_once(w, o, seed, SAME, NULL) && w->hash != hash)
		sim_fail(w, "another trace: %016llx, then %016llx",
			 (unsigned long long)hash,
			 (unsigned long long)w->hash);
	if (!w->why[0])
		run_other(w, o, seed, sh);
	return !w->why[0];
}

/* True while one of the goals that were given is not reached. */
static bool more(const struct options *o, const struct shared *sh, time_t start)
{
	return sh->worlds < o->count || sh->conns < o->conns ||
	       (o->seconds && time(NULL) - start < (time_t)o->seconds);
}

/* All worlds until one fails. Return: what the process exits with. */
static int run_all(const struct options *o, struct shared *sh)
{
	struct world *w = calloc(1, sizeof(*w));
	time_t start = time(NULL);
	bool ok = w;

	for (; ok && more(o, sh, start); sh->seed++) {
		sh->nr_conns = 0;	/* not known if it dies */
		ok = run_seed(w, o, sh->seed, sh);
		sh->nr_conns = w->nr_conns;
		if (!ok)
			break;
	}
	if (w)
		memcpy(sh->why, w->why, sizeof(sh->why));
	free(w);
	return ok ? 0 : 1;
}

/* ---- in the parent ---------------------------------------------------- */

/* Runs the worlds of @o in a child. Return: true when all was well; else
 * sh->why says why not. */
static bool spawn(const struct options *o, struct shared *sh, bool quiet)
{
	int status = 0;
	pid_t pid;

	memset(sh, 0, sizeof(*sh));
	sh->seed = o->seed;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (quiet && !freopen("/dev/null", "w", stderr))
			_exit(2);
		status = run_all(o, sh);
		fflush(stdout);
		exit(status);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			break;
	if (pid > 0 && WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	if (pid < 0)
		snprintf(sh->why, sizeof(sh->why), "fork: %s", strerror(errno));
	else if (!sh->why[0])
		snprintf(sh->why, sizeof(sh->why), "%s %d", WIFSIGNALED(status) ?
			 "killed by signal" : "exit status",
			 WIFSIGNALED(status) ? WTERMSIG(status) :
			 WEXITSTATUS(status));
	return false;
}

/* What the message says without its numbers, so that shrinking does not stray
 * to another failure. */
static bool same_kind(const char *a, const char *b)
{
	static const char skip[] = "0123456789abcdef.";

	for (;;) {
		a += strspn(a, skip);
		b += strspn(b, skip);
		if (*a != *b)
			return false;
		if (!*a)
			return true;
		a++, b++;
	}
}

/* Does one world still fail in the same way? Takes a run from the budget. */
static bool still_fails(const struct options *o, const char *why,
			struct shared *sh, u32 *budget)
{
	if (!*budget)
		return false;
	(*budget)--;
	return !spawn(o, sh, true) && same_kind(why, sh->why);
}

/* Turns off, and leaves off, all that the failure does not need. */
static void shrink(struct options *o, const char *why, u32 nr_conns,
		   struct shared *sh)
{
	u32 budget = SHRINK_RUNS, before, width, at;
	struct options t;

	o->keep &= (u32)((1ull << nr_conns) - 1);
	do {
		before = budget;
		for (at = 0; at < SIM_NR_FEATURES; at++) {
			t = *o;
			t.without |= 1ull << at;
			if (t.without != o->without &&
			    still_fails(&t, why, sh, &budget))
				*o = t, before = 0;
		}
		for (width = 16; width; width /= 2) {
			for (at = 0; at < nr_conns; at += width) {
				t = *o;
				t.keep &= ~(u32)(((1ull << width) - 1) << at);
				if (t.keep != o->keep && t.keep &&
				    still_fails(&t, why, sh, &budget))
					*o = t, before = 0;
			}
		}
	} while (!before && budget);
}

static void print_command(const struct options *o)
{
	unsigned int i;
	char sep = ' ';

	printf("# replay: tests/sim/sim -s %llu -n 1 -v",
	       (unsigned long long)o->seed);
	for (i = 0; i < SIM_NR_FEATURES; i++) {
		if (!(o->without >> i & 1))
			continue;
		printf("%s%c%s", sep == ' ' ? " -x" : "", sep, features[i]);
		sep = ',';
	}
	if (o->keep != UINT32_MAX)
		printf(" -k 0x%x", o->keep);
	if (o->fail_at)
		printf(" -f %llu", (unsigned long long)o->fail_at);
	if (o->abort_at)
		printf(" -a %llu", (unsigned long long)o->abort_at);
	printf(" -p %s\n", o->pcap);
}

/* Says what broke, how to see it again, and leaves the frames. */
static void report(struct options o, struct shared *sh)
{
	char path[64], why[sizeof(sh->why)];
	u32 nr_conns = sh->nr_conns ? sh->nr_conns : SIM_MAX_CONNS;

	memcpy(why, sh->why, sizeof(why));
	printf("# seed %llu: %s\n", (unsigned long long)sh->seed, why);
	fflush(stdout);
	o.seed = sh->seed;
	o.count = 1;
	o.conns = o.seconds = 0;
	o.verbose = false;
	if (!o.pcap) {
		shrink(&o, why, nr_conns, sh);
		snprintf(path, sizeof(path), "sim-%llu.pcap",
			 (unsigned long long)o.seed);
		o.pcap = path;
		spawn(&o, sh, true);
		printf("# shrunk: %s\n", sh->why);
	}
	print_command(&o);
	printf("# frames: %s\n", o.pcap);
}

/* After -h, or a mistake. */
static void usage(int option)
{
	FILE *out = option == 'h' ? stdout : stderr;
	unsigned int i;

	fputs("usage: sim [-h] [-s SEED] [-n COUNT] [-c CONNECTIONS] "
	      "[-t SECONDS] [-x FEATURE,...] [-k MASK] [-f FRAME] [-a FRAME] "
	      "[-1] [-v] [-q] [-r] [-p FILE.pcap]\nfeatures:", out);
	for (i = 0; i < SIM_NR_FEATURES; i++)
		fprintf(out, " %s", features[i]);
	fputs("\n", out);
	exit(option == 'h' ? 0 : 2);
}

/* "loss,dup" as bits; ends the program when there is no such feature. */
static u64 parse_features(char *list)
{
	char *name, *rest = NULL;
	unsigned int i;
	u64 bits = 0;

	for (name = strtok_r(list, ",", &rest); name;
	     name = strtok_r(NULL, ",", &rest)) {
		for (i = 0; i < SIM_NR_FEATURES; i++)
			if (!strcmp(name, features[i]))
				break;
		if (i == SIM_NR_FEATURES) {
			fprintf(stderr, "sim: -x %s: no such feature\n", name);
			usage('?');
		}
		bits |= 1ull << i;
	}
	return bits;
}

static u64 parse_number(const char *text, char option)
{
	char *end;
	u64 n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end) {
		fprintf(stderr, "sim: -%c %s: not a number\n", option, text);
		usage('?');
	}
	return n;
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	int c;

	while ((c = getopt_long(argc, argv, "hs:n:c:t:x:k:f:a:1vrqp:", words,
				NULL)) != -1) {
		switch (c) {
		case 's': o->seed = parse_number(optarg, 's'); break;
		case 'n': o->count = parse_number(optarg, 'n'); break;
		case 'c': o->conns = parse_number(optarg, 'c'); break;
		case 't':
			o->seconds = (unsigned int)parse_number(optarg, 't');
			break;
		case 'x': o->without |= parse_features(optarg); break;
		case 'k': o->keep = (u32)parse_number(optarg, 'k'); break;
		case 'f': o->fail_at = parse_number(optarg, 'f'); break;
		case 'a': o->abort_at = parse_number(optarg, 'a'); break;
		case '1': o->once = true; break;
		case 'v': o->verbose = true; break;
		case 'r': o->reach = true; break;
		case 'q': o->counts = true; break;
		case 'p': o->pcap = optarg; break;
		default: usage(c);
		}
	}
	if (optind != argc)
		usage('?');
	if (!o->count && !o->conns && !o->seconds)
		o->count = 1;
}

int main(int argc, char **argv)
{
	struct options o = { .seed = 1, .keep = UINT32_MAX };
	struct shared *sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	/* each world takes some megabytes and gives them back */
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
	parse(&o, argc, argv);
	if (sh == MAP_FAILED)
		return 2;
	if (!spawn(&o, sh, false)) {
		report(o, sh);
		return 1;
	}
	printf("# %llu worlds (%llu twice), "
	       "%llu connections, %llu frames, %llu forged, %llu bytes, "
	       "%llu virtual seconds, trace %016llx\n",
	       (unsigned long long)sh->worlds, (unsigned long long)sh->twice,
	       (unsigned long long)sh->conns, (unsigned long long)sh->frames,
	       (unsigned long long)sh->forged,
	       (unsigned long long)sh->bytes,
	       (unsigned long long)(sh->virtual_ns / SIM_S),
	       (unsigned long long)sh->hash);
	if (o.counts || o.once || o.conns)
		monitor_show(sh->tally);
	if (o.counts)
		points_show(&sh->reach);
	if (o.reach && points_missing(&sh->reach) &&
	    sh->worlds >= REACH_WORLDS)
		return 1;
	return 0;
}
