/* SPDX-License-Identifier: BSD-2-Clause */
/* inet-ss: the sockets of a running inetstackd, in the columns of ss(8). */
#include <arpa/inet.h>
#include <getopt.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "ss.h"

#define CELL 256		/* bytes */
#define COLUMNS 9		/* Netid, State, queues, two addresses with ports, process */

struct options {
	const char *name;
	bool tcp, udp, raw, numeric, processes, info, memory, extended, timers;
	bool no_header, one_line, json;
	unsigned int states;
};

/* One line. */
struct line {
	char cell[COLUMNS][CELL];
	char *rest;		/* behind the columns */
};

/* After -h, or a mistake. Return: what to exit with. */
static int help(int option)
{
	fputs("usage: inet-ss [-haltuwnpimeojHO] [-N NAME] [state STATE]... [EXPRESSION]\n"
	      "  -h       this text (--help too)\n"
	      "  -N NAME  of the stack (default: INET_STACK, or \"default\")\n"
	      "  -a       all states;  -l  those that listen, or are not connected\n"
	      "  -t -u -w TCP, UDP and ICMP, raw sockets (default: all)\n"
	      "  -n       ports as numbers\n"
	      "  -p       the processes that have it\n"
	      "  -i -m    what TCP knows; memory\n"
	      "  -e -o    user, numbers; timers\n"
	      "  -j       JSON;  -H  no headers;  -O  one line for each\n",
	      option == 'h' ? stdout : stderr);
	return option == 'h' ? 0 : 2;
}

/* "tcp", "udp", "icmp", "raw", "p_raw". */
static const char *netid(const struct inet_diag_info *info)
{
	if (info->family != AF_INET)
		return info->type == SOCK_DGRAM ? "p_dgr" : "p_raw";
	if (info->protocol == IPPROTO_TCP && info->type == SOCK_STREAM)
		return "tcp";
	if (info->type == SOCK_RAW)
		return "raw";
	return info->protocol == IPPROTO_UDP ? "udp" : "icmp";
}

static bool wanted(const struct options *o, const struct admin_socket *as)
{
	const char *id = netid(&as->info);
	bool all = !o->tcp && !o->udp && !o->raw;
	bool family = *id == 't' ? o->tcp : *id == 'u' || *id == 'i' ? o->udp : o->raw;

	return (all || family) && (o->states & SS_STATE(as->info.state)) &&
	       ss_filter_wants(as);
}

/* One end: the address in @cell[0], and ":PORT" in @cell[1]. */
static void name_end(const struct options *o, const struct admin_socket *as,
		     const struct sockaddr_in *addr, char (*cell)[CELL])
{
	char *ip = cell[0], *port = cell[1];
	const char *proto = as->info.protocol == IPPROTO_TCP ? "tcp" : "udp";
	struct servent *service = NULL;

	inet_ntop(AF_INET, &addr->sin_addr, ip, CELL);
	if (as->info.family != AF_INET)
		strcpy(ip, "*");
	if (as->info.ifindex && addr == &as->info.src)
		snprintf(ip + strlen(ip), CELL - strlen(ip), "%%if%d", as->info.ifindex);
	if (!addr->sin_port) {
		strcpy(port, ":*");
		return;
	}
	if (!o->numeric)
		service = getservbyport(addr->sin_port, proto);
	if (service)
		snprintf(port, CELL, ":%s", service->s_name);
	else
		snprintf(port, CELL, ":%u", ntohs(addr->sin_port));
}

/* What stands behind the columns, and on the next line. */
static char *rest_of(const struct options *o, const struct admin_socket *as)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (o->timers)
		ss_timer_print(as, out);
	if (o->extended) {
		if (as->uid)
			fprintf(out, " uid:%u", as->uid);
		fprintf(out, " ino:%llu sk:%llx", (unsigned long long)as->inode,
			(unsigned long long)(as->kind ? as->id : as->info.cookie));
		fputs(as->info.shutdown == 1 ? " --> " : as->info.shutdown == 2 ? " <-- " :
		      as->info.shutdown == 3 ? " --- " : " <-> ", out);
	}
	if (o->memory || (o->info && as->tcp_info_len))
		fputs(o->one_line ? "" : "\n\t", out);
	if (o->memory)
		ss_memory_print(as, out);
	if (o->info)
		ss_tcp_print(as, out);
	fclose(out);
	return text;
}

/* All of one socket. */
static void fill(const struct options *o, const struct admin_socket *as, struct line *line)
{
	const char *state = ss_state_name(as->info.state);

	snprintf(line->cell[0], 8, "%s", netid(&as->info));
	snprintf(line->cell[1], 16, "%s", state ? state : "UNKNOWN");
	snprintf(line->cell[2], 16, "%u", as->info.rqueue);
	snprintf(line->cell[3], 16, "%u", as->info.wqueue);
	name_end(o, as, &as->info.src, &line->cell[4]);
	name_end(o, as, &as->info.dst, &line->cell[6]);
	if (o->processes)
		ss_users_print(as, line->cell[8], sizeof(line->cell[8]));
	line->rest = rest_of(o, as);
}

/* Columns as wide as they must be; addresses stand to the right, at their colon. */
static void print(const struct options *o, struct line *lines, size_t n)
{
	bool netids = o->tcp + o->udp + o->raw != 1;
	bool states = o->states & (o->states - 1);
	int width[COLUMNS] = { 0 }, c, len;
	size_t i;

	for (i = o->no_header; i < n; i++) {
		for (c = 0; c < COLUMNS; c++) {
			len = (int)strlen(lines[i].cell[c]);
			width[c] = len > width[c] ? len : width[c];
		}
	}
	for (i = o->no_header; i < n; i++) {
		if (netids)
			printf("%-*s ", width[0], lines[i].cell[0]);
		if (states)
			printf("%-*s ", width[1], lines[i].cell[1]);
		printf("%-*s %-*s %*s%-*s %*s%-*s", width[2], lines[i].cell[2], width[3],
		       lines[i].cell[3], width[4], lines[i].cell[4], width[5],
		       lines[i].cell[5], width[6], lines[i].cell[6], width[7],
		       lines[i].cell[7]);
		printf("%s%s%s\n", lines[i].cell[8][0] && i ? " " : "", lines[i].cell[8],
		       lines[i].rest ? lines[i].rest : "");
	}
}

/* A line of JSON for each. */
static void print_json(struct line *lines, size_t n)
{
	static const char *const names[COLUMNS] = { "netid", "state", "recv-q", "send-q",
						    "local", NULL, "peer", NULL, NULL };
	size_t i;
	int c;

	for (i = 1; i < n; i++) {
		printf("%c{", i == 1 ? '[' : ',');
		for (c = 0; c < COLUMNS; c++) {
			if (!names[c])
				continue;
			printf(c == 2 || c == 3 ? "%s\"%s\":%s" : "%s\"%s\":\"%s%s\"",
			       c ? "," : "", names[c], lines[i].cell[c],
			       c > 3 ? lines[i].cell[c + 1] : "");
		}
		puts("}");
	}
	puts(n > 1 ? "]" : "[]");
}

/* ss(8)'s order: raw, udp, tcp. */
static int by_netid(const void *a, const void *b)
{
	static const char order[] = "rpiut";
	const struct line *x = a, *y = b;

	return (int)(strchr(order, *x->cell[0]) - strchr(order, *y->cell[0]));
}

/* Asks for them and shows them. Return: what to exit with. */
static int show(const struct options *o)
{
	FILE *answer = admin_ask("inet-ss", admin_stack(o->name), "sockets");
	struct line *lines = calloc(1, sizeof(*lines)), *more;
	struct line header = { .cell = { "Netid", "State", "Recv-Q", "Send-Q",
					 "Local Address", ":Port", "Peer Address", ":Port",
					 "Process" } };
	struct admin_socket as;
	size_t n = 1;

	if (!answer)
		return 1;
	if (o->processes)
		ss_users_read(admin_stack(o->name));
	while (lines && fread(&as, sizeof(as), 1, answer) == 1) {
		if (!wanted(o, &as))
			continue;
		more = n & (n - 1) ? lines : realloc(lines, 2 * n * sizeof(*lines));
		if (!more)
			break;
		lines = more;
		memset(&lines[n], 0, sizeof(*lines));
		fill(o, &as, &lines[n++]);
	}
	fclose(answer);
	if (!lines)
		return 1;
	lines[0] = header;
	qsort(lines + 1, n - 1, sizeof(*lines), by_netid);
	if (o->json)
		print_json(lines, n);
	else
		print(o, lines, n);
	while (n--)
		free(lines[n].rest);
	free(lines);
	return fflush(stdout) ? 1 : 0;
}

/* One option. Return: it is one. */
static bool option(struct options *o, int c)
{
	switch (c) {
	case 'a':
		o->states = SS_ALL;
		return true;
	case 'l':
		o->states = SS_STATE(SS_LISTEN) | SS_STATE(SS_CLOSE);
		return true;
	case 'N':
		o->name = optarg;
		return true;
	}
	o->tcp |= c == 't';
	o->udp |= c == 'u';
	o->raw |= c == 'w';
	o->numeric |= c == 'n';
	o->processes |= c == 'p';
	o->info |= c == 'i';
	o->memory |= c == 'm';
	o->extended |= c == 'e';
	o->timers |= c == 'o';
	o->json |= c == 'j';
	o->no_header |= c == 'H';
	o->one_line |= c == 'O';
	return strchr("tuwnpimeojHO", c) != NULL;
}

int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	struct options o = { .states = SS_ALL & ~(SS_STATE(SS_LISTEN) | SS_STATE(SS_CLOSE) |
						  SS_STATE(SS_TIME_WAIT) |
						  SS_STATE(SS_SYN_RECV)) };
	unsigned int states, mask;
	int c;

	while ((c = getopt_long(argc, argv, "+haltuwnpimeojHON:", words, NULL)) != -1)
		if (c == 'h' || !option(&o, c))
			return help(c);
	for (states = 0; argc - optind > 1 && (!strcmp(argv[optind], "state") ||
					       !strcmp(argv[optind], "exclude"));
	     optind += 2) {
		mask = ss_states(argv[optind + 1]);
		if (!mask)
			return help('?');
		if (*argv[optind] == 'e')
			states = (states ? states : SS_ALL) & ~mask;
		else
			states |= mask;
	}
	if (states)
		o.states = states;
	return ss_filter_parse(argv + optind) ? help('?') : show(&o);
}
