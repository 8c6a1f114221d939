/* SPDX-License-Identifier: BSD-2-Clause */
/* <inet/trace.h>: recording the road, and printing it. */
#include <inet/trace.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "api/api.h"
#include "core/net.h"

#define MERMAID_MAX_STEPS 512	/* distinct steps of one chart */

int inet_trace_start(struct net *net, size_t max)
{
	return api_result(net_trace_start(net, max, NULL));
}

int inet_trace_start_filter(struct net *net, size_t max, const char *filter)
{
	return api_result(net_trace_start(net, max, filter));
}

void inet_trace_stop(struct net *net)
{
	net_trace_stop(net);
}

size_t inet_trace_count(struct net *net)
{
	return net_trace_count(net);
}

const struct inet_trace_point *inet_trace_get(struct net *net, size_t i)
{
	return net_trace_get(net, i);
}

u64 inet_trace_lost(struct net *net)
{
	return net_trace_lost(net);
}

int inet_trace_print_text(struct net *net, FILE *out)
{
	const struct inet_trace_point *pt;
	u64 start = 0;
	char where[24], packet[32];
	size_t i;

	for (i = 0; (pt = net_trace_get(net, i)); i++) {
		if (!i)
			start = pt->time_ns;
		if (pt->softnet < 0)
			snprintf(where, sizeof(where), "app");
		else
			snprintf(where, sizeof(where), "softnet %d",
				 pt->softnet);
		packet[0] = '\0';
		if (pt->skb)
			snprintf(packet, sizeof(packet), "packet %" PRIu64,
				 pt->skb);
		fprintf(out, "%10.3f us  %-10s %-10s %-32s %s:%d\n",
			(double)(pt->time_ns - start) / 1000, where, packet,
			pt->function, pt->file, pt->line);
	}
	if (net_trace_lost(net))
		fprintf(out, "(%" PRIu64 " more points did not fit)\n",
			net_trace_lost(net));
	return ferror(out) ? api_result(-EIO) : 0;
}

/* True when step i -> i+1 stands earlier in the recording. */
static bool step_seen(struct net *net, size_t i)
{
	const struct inet_trace_point *a = net_trace_get(net, i);
	const struct inet_trace_point *b = net_trace_get(net, i + 1);
	size_t j;

	for (j = 0; j < i; j++)
		if (!strcmp(net_trace_get(net, j)->function, a->function) &&
		    !strcmp(net_trace_get(net, j + 1)->function, b->function))
			return true;
	return false;
}

/* True when point @i is the first of its function. */
static bool first_pass(struct net *net, size_t i)
{
	const char *function = net_trace_get(net, i)->function;
	size_t j;

	for (j = 0; j < i; j++)
		if (!strcmp(net_trace_get(net, j)->function, function))
			return false;
	return true;
}

/* A box: its name as Mermaid lets it be, and @text, once in a chart. */
static void print_box(struct net *net, size_t i, bool text, FILE *out)
{
	const struct inet_trace_point *pt = net_trace_get(net, i);
	const char *p;

	for (p = pt->function; *p; p++)
		fputc(isalnum((unsigned char)*p) ? *p : '_', out);
	if (!text)
		return;
	fprintf(out, "[\"");
	for (p = pt->function; *p; p++) {
		if (*p == '>')
			fprintf(out, "#gt;");
		else
			fputc(*p, out);
	}
	fprintf(out, "<br/>%s\"]", pt->file);
}

int inet_trace_print_mermaid(struct net *net, FILE *out)
{
	size_t i, steps = 0;

	fprintf(out, "flowchart TD\n");
	for (i = 0; steps < MERMAID_MAX_STEPS && net_trace_get(net, i + 1);
	     i++) {
		if (step_seen(net, i))
			continue;
		fprintf(out, "  ");
		print_box(net, i, i == 0, out);
		fprintf(out, " --> ");
		print_box(net, i + 1, first_pass(net, i + 1), out);
		fputc('\n', out);
		steps++;
	}
	return ferror(out) ? api_result(-EIO) : 0;
}
