/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet-nstat: counters of a running inetstackd, as nstat(8) shows the kernel's; drop
 * reasons, and what a device counts itself.
 *
 * What was there the last time is kept in a file of the user's, one for each stack.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin.h"

#define COUNTERS 1024

struct counter {
	char name[64];
	unsigned long long value, before;
};

struct options {
	const char *name, *device;
	bool absolute, zeros, no_update, drops, metrics, json;
};

static struct counter counters[COUNTERS];
static size_t nr_counters;

/* After -h, or a mistake. Return: what to exit with. */
static int help(int option)
{
	fputs("usage: inet-nstat [-adhjmsz] [-N NAME] [-i DEVICE] [PATTERN]...\n"
	      "  -h          this text (--help too)\n"
	      "  -N NAME     of the stack (default: INET_STACK, or \"default\")\n"
	      "  -a          since the stack began (default: since the last time)\n"
	      "  -z          also what is 0\n"
	      "  -s          the next time is to count from the same point\n"
	      "  -j          JSON\n"
	      "  -d          packets that were dropped, by reason\n"
	      "  -i DEVICE   what it counts itself, as ethtool -S\n"
	      "  -m          all as Prometheus reads it\n",
	      option == 'h' ? stdout : stderr);
	return option == 'h' ? 0 : 2;
}

/* Reads the stack's counters. 0 or 1. */
static int ask(const struct options *o)
{
	char question[256] = "counters";
	struct counter *c = counters;
	FILE *answer;

	if (o->device)
		snprintf(question, sizeof(question), "device %s", o->device);
	else if (o->drops)
		strcpy(question, "drops");
	answer = admin_ask("inet-nstat", admin_stack(o->name), question);
	if (!answer)
		return 1;
	while (c < counters + COUNTERS &&
	       fscanf(answer, "%63s %llu", c->name, &c->value) == 2)
		c++;
	nr_counters = (size_t)(c - counters);
	fclose(answer);
	return 0;
}

/* Where the last values are. */
static const char *history_path(const char *stack)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	static char path[512];

	snprintf(path, sizeof(path), "%s/.inet-nstat.u%u.%s", dir ? dir : "/tmp", getuid(),
		 stack);
	return path;
}

/* The values of the last time, if the file is ours and nobody else's to write. */
static void read_history(const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	unsigned long long value;
	struct stat st;
	char name[64];
	size_t i;

	if (!file)
		return;
	if (!fstat(fd, &st) && st.st_uid == getuid() && !(st.st_mode & 022)) {
		while (fscanf(file, "%63s %llu", name, &value) == 2)
			for (i = 0; i < nr_counters; i++)
				if (!strcmp(counters[i].name, name) &&
				    value <= counters[i].value)
					counters[i].before = value;
	}
	fclose(file);
}

/* Those of now, in a new file that takes the place of the last one. */
static void write_history(const char *path)
{
	char new[560];
	FILE *file;
	size_t i;
	int fd;

	snprintf(new, sizeof(new), "%s.%d", path, getpid());
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file)
		return;
	for (i = 0; i < nr_counters; i++)
		fprintf(file, "%s %llu\n", counters[i].name, counters[i].value);
	if (fclose(file) || rename(new, path))
		unlink(new);
}

static bool wanted(const char *name, char **patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (!fnmatch(*patterns, name, 0))
			return true;
	return false;
}

/* As nstat(8) prints. */
static void print(const struct options *o, char **patterns)
{
	const char *comma = "";
	unsigned long long n;
	size_t i;

	if (o->json)
		printf("{\"inet\":{");
	else if (!o->device)
		printf("#%s\n", admin_stack(o->name));
	for (i = 0; i < nr_counters; i++) {
		n = counters[i].value - (o->absolute ? 0 : counters[i].before);
		if ((!n && !o->zeros) || !wanted(counters[i].name, patterns))
			continue;
		if (o->json)
			printf("%s\"%s\":%llu", comma, counters[i].name, n);
		else if (o->device)
			printf("     %s: %llu\n", counters[i].name, n);
		else
			printf("%-32s%-16llu%6.1f\n", counters[i].name, n, 0.0);
		comma = ",";
	}
	if (o->json)
		puts("}}");
}

/* The page of Prometheus. Return: what to exit with. */
static int print_metrics(const char *name)
{
	FILE *answer = admin_ask("inet-nstat", admin_stack(name), "metrics");
	int c;

	if (!answer)
		return 1;
	while ((c = getc(answer)) != EOF)
		putchar(c);
	fclose(answer);
	return fflush(stdout) ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = "json", .val = 'j' },
		{ .name = "zeros", .val = 'z' }, { .name = "noupdate", .val = 's' },
		{ .name = NULL },
	};
	struct options o = { 0 };
	bool keeps;
	int c;

	while ((c = getopt_long(argc, argv, "adhjmszN:i:", words, NULL)) != -1) {
		o.absolute |= c == 'a';
		o.drops |= c == 'd';
		o.json |= c == 'j';
		o.metrics |= c == 'm';
		o.no_update |= c == 's';
		o.zeros |= c == 'z';
		if (c == 'N')
			o.name = optarg;
		else if (c == 'i')
			o.device = optarg;
		else if (!strchr("adjmsz", c))
			return help(c);
	}
	if (o.metrics)
		return print_metrics(o.name);
	if (ask(&o))
		return 1;
	keeps = !o.drops && !o.device;
	o.absolute |= !keeps;
	o.zeros |= o.device != NULL;
	if (!o.absolute)
		read_history(history_path(admin_stack(o.name)));
	print(&o, argv + optind);
	if (keeps && !o.no_update)
		write_history(history_path(admin_stack(o.name)));
	return fflush(stdout) ? 1 : 0;
}
