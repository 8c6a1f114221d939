/* SPDX-License-Identifier: BSD-2-Clause */
/* What all bench programs share: rows, the clock, the line they print. */
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SKIP 77			/* the exit status for "not on this system" */

/* Seconds since some moment. */
double bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* "-h" or "--help", and nothing else. */
bool bench_wants_help(int argc, char **argv)
{
	return argc == 2 && (!strcmp(argv[1], "-h") ||
			     !strcmp(argv[1], "--help"));
}

/*
 * Take "[ROW] [COUNT]"; without them the first row and its own count.
 *
 * Return: 0, or 2 after a sentence to the user, who may have asked for it: then
 * the program has ended
 */
int bench_arguments(int argc, char **argv, const struct bench_row *rows,
		    struct bench_result *result)
{
	bool help = bench_wants_help(argc, argv);
	FILE *out = help ? stdout : stderr;
	const struct bench_row *row;
	char *end = NULL;

	result->row = rows;
	for (row = rows; argc > 1 && row->name; row++)
		if (!strcmp(row->name, argv[1]))
			break;
	result->row = argc > 1 ? row : rows;
	result->count = result->row->count;
	if (argc > 2 && *argv[2] != '-')
		result->count = strtoull(argv[2], &end, 10);
	else if (argc > 2)
		result->count = 0;
	if (result->row->name && result->count && argc <= 3 &&
	    (!end || !*end))
		return 0;
	fprintf(out, "usage: %s [-h] [", argv[0]);
	for (row = rows; row->name; row++)
		fprintf(out, "%s%s", row == rows ? "" : "|", row->name);
	fprintf(out, "] [COUNT]\n");
	if (help)
		exit(0);
	return 2;
}

/* The line of a run, which bench/run reads too. */
void bench_print(const struct bench_result *r)
{
	double rate = (double)r->count / r->seconds;
	int bulk = !strncmp(r->row->name, "bulk", 4);

	printf("%s: %.0f %sper second", r->row->name, rate, bulk ? "MiB " : "");
	if (bulk)
		printf(", %.2f Gbit/s", rate * 8.388608e-3);
	if (r->p50_us > 0)
		printf(", p50 %.2f us, p99 %.2f us", r->p50_us, r->p99_us);
	printf("; segments %llu out, %llu in\n", (unsigned long long)r->out,
	       (unsigned long long)r->in);
}

void bench_die(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

/* Ends the program with what errno says, unless @is. */
void bench_want(int is, const char *what)
{
	if (!is)
		bench_die(what, strerror(errno));
}

/* What the program needs is not to be had here. */
void bench_skip(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(SKIP);
}
