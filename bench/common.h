/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What all bench programs share, whatever stack they measure: rows, the clock
 * and the line that bench/run reads.
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A row of the table. A program's rows end in one without a name; @run does
 * @count of what the row counts (bulk: MiB) and returns when all of it arrived.
 */
struct bench_row {
	const char *name;
	uint64_t count;		/* where the command line has none */
	void (*run)(void *bench, uint64_t count);
};

/* What a run counted; segments are TCP's, of the host that began. */
struct bench_result {
	const struct bench_row *row;
	uint64_t count;
	double seconds;
	uint64_t out, in;
	double p50_us, p99_us;	/* of a question and its answer; 0: not known */
};

double bench_now(void);
bool bench_wants_help(int argc, char **argv);
int bench_arguments(int argc, char **argv, const struct bench_row *rows,
		    struct bench_result *result);
void bench_print(const struct bench_result *result);
void bench_die(const char *what, const char *why)
	__attribute__((noreturn));
void bench_want(int is, const char *what);
void bench_skip(const char *what, const char *why)
	__attribute__((noreturn));

#endif
