/* SPDX-License-Identifier: BSD-2-Clause */
/* inet-dump: the frames of a running inetstackd's devices as pcapng, with a filter. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"

struct options {
	const char *name, *device, *file, *direction;
	unsigned long snaplen, count;
};

/* After -h, or a mistake. Return: what to exit with. */
static int help(int option)
{
	fputs("usage: inet-dump [-Dh] [-N NAME] [-i DEVICE] [-w FILE] [-c COUNT] [-s BYTES]\n"
	      "                 [-Q in|out|inout] [EXPRESSION]...\n"
	      "  -h          this text (--help too)\n"
	      "  -N NAME     of the stack (default: INET_STACK, or \"default\")\n"
	      "  -D          list the devices\n"
	      "  -i DEVICE   frames of this one (default: any)\n"
	      "  -w FILE     pcapng to this file; - is standard output, the default\n"
	      "  -c COUNT    end after so many frames\n"
	      "  -s BYTES    keep so much of each (default: all)\n"
	      "  -Q WHICH    frames that came in, or went out\n",
	      option == 'h' ? stdout : stderr);
	return option == 'h' ? 0 : 2;
}

/* A number of the command line. Return: it is one, up to @max. */
static bool number(const char *text, unsigned long max, unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno && *value <= max;
}

/* Copies the capture. Return: what to exit with. */
static int copy(FILE *from, FILE *to)
{
	char buf[65536];
	ssize_t n;
	int first;

	setvbuf(from, NULL, _IONBF, 0);		/* frames are copied past it */
	first = getc(from);
	if (first == 'e') {	/* no pcapng, which begins with a line's end */
		if (fgets(buf, sizeof(buf), from))
			fprintf(stderr, "inet-dump: %s", buf + strlen("rror "));
		return 1;
	}
	if (first == EOF)
		return 1;
	putc(first, to);
	while (!fflush(to) && (n = read(fileno(from), buf, sizeof(buf))) > 0)
		if (fwrite(buf, 1, (size_t)n, to) != (size_t)n)
			break;
	return ferror(to) ? 1 : 0;
}

/* All frames that are wanted, to where they are wanted. Return: what to exit with. */
static int dump(const struct options *o, char **expression)
{
	char question[ADMIN_REQUEST];
	FILE *answer, *to = stdout;
	size_t used;
	int ret;

	if ((!o->file || !strcmp(o->file, "-")) && isatty(1)) {
		fputs("inet-dump: a terminal shows no pcapng; -w FILE, or | tcpdump -r -\n",
		      stderr);
		return 2;
	}
	snprintf(question, sizeof(question), "dump %s %lu %lu %s", o->device, o->snaplen,
		 o->count, o->direction);
	for (; *expression; expression++) {
		used = strlen(question);
		snprintf(question + used, sizeof(question) - used, " %s", *expression);
	}
	if (o->file && strcmp(o->file, "-"))
		to = fopen(o->file, "we");
	if (!to) {
		fprintf(stderr, "inet-dump: %s: %s\n", o->file, strerror(errno));
		return 1;
	}
	answer = admin_ask("inet-dump", admin_stack(o->name), question);
	if (!answer)
		return 1;
	ret = copy(answer, to);
	fclose(answer);
	return fclose(to) ? 1 : ret;
}

/* The devices' names and numbers, as tcpdump -D. Return: what to exit with. */
static int list(const char *name)
{
	FILE *answer = admin_ask("inet-dump", admin_stack(name), "ip link");
	char line[512], device[64], flags[64];
	int index;

	if (!answer)
		return 1;
	while (fgets(line, sizeof(line), answer))
		if (sscanf(line, "%d: %63[^:]: <%63[^>]", &index, device, flags) == 3)
			printf("%d.%s [%s]\n", index, device, flags);
	fclose(answer);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	struct options o = { .device = "any", .direction = "inout" };
	bool list_devices = false, good = true;
	int c;

	while ((c = getopt_long(argc, argv, "DhN:i:w:c:s:Q:", words, NULL)) != -1) {
		if (c == 'N')
			o.name = optarg;
		else if (c == 'D')
			list_devices = true;
		else if (c == 'i')
			o.device = optarg;
		else if (c == 'w')
			o.file = optarg;
		else if (c == 'c')
			good &= number(optarg, 1ul << 32, &o.count);
		else if (c == 's')
			good &= number(optarg, 262144, &o.snaplen);
		else if (c == 'Q')
			o.direction = optarg;
		else
			return help(c);
	}
	good &= !strchr(o.device, ' ') && *o.device;
	if (!good || (strcmp(o.direction, "in") && strcmp(o.direction, "out") &&
		      strcmp(o.direction, "inout")))
		return help('?');
	return list_devices ? list(o.name) : dump(&o, argv + optind);
}
