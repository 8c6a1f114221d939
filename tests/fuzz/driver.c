/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target without libFuzzer: over each file of its corpus, over
 * every file cut at every byte, and over a fixed number of mutants, always the
 * same ones. Speaks TAP, one case for each file. An input that kills the
 * target is left in ./fuzz-NAME.crash; name files on the command line to run
 * only these, as they are.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "guard.h"

#define INPUT_MAX	4096
#define FILES_MAX	256
#define MUTANTS		2000	/* of each file */
#define CHANGES_MAX	4	/* in one mutant */

static char crash_name[64];

/* What runs now; the signal handler saves it. */
static const u8 *volatile running;
static volatile size_t running_len;

static void save_and_die(int sig)
{
	int fd = open(crash_name, O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd >= 0) {
		if (write(fd, running, running_len) < 0)
			_exit(2);
		close(fd);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

/* One input; its last byte is the last that may be read. */
static void run(const u8 *data, size_t len)
{
	running = guard_copy(&guard, data, len);
	running_len = len;
	(void)LLVMFuzzerTestOneInput(running, len);
}

/* xorshift64*: the same numbers everywhere */
static u64 next(u64 *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545F4914F6CDD1DULL;
}

/* Change one thing: a bit, a byte, a pair, or the length. */
static void mutate(u8 *buf, size_t *len, u64 *seed)
{
	static const u8 edges[] = {
		0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 20, 39, 40, 41, 60, 0x7f,
		0x80, 0xfe, 0xff
	};
	u64 r = next(seed);
	size_t at = *len ? (r >> 8) % *len : 0;
	u8 edge = edges[(r >> 40) % sizeof(edges)];

	switch (*len ? r % 6 : 5) {
	case 0:
		buf[at] ^= (u8)(1 << (r >> 32) % 8);
		break;
	case 1:
		buf[at] = edge;
		break;
	case 2:
		buf[at] = (u8)(r >> 32);
		break;
	case 3:
		buf[at] = edge;
		buf[(at + 1) % *len] = (u8)(r >> 32);
		break;
	case 4:
		memmove(buf + at, buf + at + 1, *len - at - 1);
		--*len;
		break;
	case 5:
		if (*len == INPUT_MAX)
			break;
		memmove(buf + at + 1, buf + at, *len - at);
		buf[at] = edge;
		++*len;
		break;
	}
}

/* Return: bytes read into @buf, or -1. */
static ssize_t read_file(const char *path, u8 *buf)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buf, INPUT_MAX);
	close(fd);
	return n;
}

/* The file, its cuts, its mutants. */
static void run_all_of(const u8 *data, size_t len)
{
	u64 seed = 0x9e3779b97f4a7c15ULL + len;
	u8 buf[INPUT_MAX];
	size_t cut, n, k;

	for (cut = 0; cut <= len; cut++)
		run(data, cut);
	for (n = 0; n < MUTANTS; n++) {
		memcpy(buf, data, len);
		cut = len;
		for (k = next(&seed) % CHANGES_MAX + 1; k > 0; k--)
			mutate(buf, &cut, &seed);
		run(buf, cut);
	}
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Return: how many files there are; their names are for the caller to free. */
static int list_corpus(char *dir, size_t size, struct dirent ***files)
{
	const char *top = getenv("top_srcdir");
	int n;

	snprintf(dir, size, "%s/tests/fuzz/corpus/%s", top ? top : ".",
		 fuzz_name);
	n = scandir(dir, files, visible, alphasort);
	return n > FILES_MAX ? FILES_MAX : n;
}

static int run_corpus(void)
{
	char dir[2048], path[4096];
	struct dirent **files;
	u8 buf[INPUT_MAX];
	int i, n = list_corpus(dir, sizeof(dir), &files);
	ssize_t len;

	if (n <= 0) {
		printf("1..1\nnot ok 1 - no corpus in %s\n", dir);
		return 1;
	}
	printf("1..%d\n", n);
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]->d_name);
		len = read_file(path, buf);
		if (len >= 0)
			run_all_of(buf, (size_t)len);
		printf("%s %d - fuzz_%s_%s\n", len < 0 ? "not ok" : "ok",
		       i + 1, fuzz_name, files[i]->d_name);
		free(files[i]);
	}
	free(files);
	return 0;
}

int main(int argc, char **argv)
{
	u8 buf[INPUT_MAX];
	ssize_t len;
	int i;

	snprintf(crash_name, sizeof(crash_name), "fuzz-%s.crash", fuzz_name);
	guard_open(&guard, INPUT_MAX);
	signal(SIGSEGV, save_and_die);
	signal(SIGBUS, save_and_die);
	signal(SIGABRT, save_and_die);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 1)
		return run_corpus();
	for (i = 1; i < argc; i++) {
		len = read_file(argv[i], buf);
		if (len < 0) {
			perror(argv[i]);
			return 1;
		}
		run(buf, (size_t)len);
		printf("%s: %zd bytes, fine\n", argv[i], len);
	}
	return 0;
}
