/* SPDX-License-Identifier: BSD-2-Clause */
/* inet-ip: addresses, routes, neighbours and devices of a running inetstackd. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "admin.h"

/* After -h, or a mistake. Return: what to exit with. */
static int help(int option)
{
	fputs("usage: inet-ip [-h] [-N NAME] OBJECT [COMMAND [WORD]...]\n"
	      "  -h        this text (--help too)\n"
	      "  -N NAME   of the stack (default: INET_STACK, or \"default\")\n"
	      "  inet-ip address|link|neighbour|route [show] [dev DEVICE]\n"
	      "  inet-ip address|neighbour|route add|del WORD... dev DEVICE\n"
	      "  inet-ip link set DEVICE [up|down] [mtu BYTES] [address MAC]\n",
	      option == 'h' ? stdout : stderr);
	return option == 'h' ? 0 : 2;
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	char question[ADMIN_REQUEST] = "ip";
	const char *name = NULL;
	size_t used;
	FILE *answer;
	int c;

	while ((c = getopt_long(argc, argv, "+hN:", words, NULL)) != -1) {
		if (c != 'N')
			return help(c);
		name = optarg;
	}
	if (optind == argc)
		return help('?');
	for (; optind < argc; optind++) {
		used = strlen(question);
		snprintf(question + used, sizeof(question) - used, " %s", argv[optind]);
	}
	answer = admin_ask("inet-ip", admin_stack(name), question);
	if (!answer)
		return 1;
	while ((c = getc(answer)) != EOF)
		putchar(c);
	fclose(answer);
	return fflush(stdout) ? 1 : 0;
}
