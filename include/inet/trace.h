/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The road: which functions of the stack a packet or a call passed through.
 * Off, it costs one load and a branch that is never taken per station.
 */
#ifndef INET_TRACE_H
#define INET_TRACE_H

#include <stdio.h>

#include <inet/export.h>
#include <inet/inet.h>
#include <inet/types.h>

INET_BEGIN_DECLS

/* One station. */
struct inet_trace_point {
	const char *function;
	const char *file;	/* below the source tree: "core/dev_rx.c" */
	int line;
	int softnet;		/* number, -1: a thread of the application */
	u64 time_ns;
	u64 skb;		/* which packet (an ordinal), 0: none */
};

/* Records every station from now on, at most @max points (the rest are
 * counted as lost). Threaded mode: all threads. 0 or -1 (ENOMEM, EBUSY). */
int inet_trace_start(struct net *net, size_t max) INET_API;
/*
 * The same, only of packets that @filter fits: words apart by blanks, all of
 * which must be true. "arp", "ip", "icmp", "tcp", "udp"; "dev NAME"; "src
 * ADDRESS", "dst ADDRESS", "host ADDRESS" (either); "sport N", "dport N",
 * "port N" (either); "next N": no more than N packets. "dev tap0 tcp port 80
 * next 1" is one packet. Calls and other stations that have no packet are left
 * out. EINVAL, ENODEV: see inet_strerror().
 */
int inet_trace_start_filter(struct net *net, size_t max, const char *filter)
	INET_API;
/* Stops recording; the points stay readable until the next start. Waits for
 * threads that record: not from a handler that a packet has called. */
void inet_trace_stop(struct net *net) INET_API;
size_t inet_trace_count(struct net *net) INET_API;
/* NULL past the end. */
const struct inet_trace_point *inet_trace_get(struct net *net, size_t i)
	INET_API;
u64 inet_trace_lost(struct net *net) INET_API;

/* Prints the recorded road: text, one station a line; or a Mermaid flowchart
 * of the distinct steps in order of first passing. */
int inet_trace_print_text(struct net *net, FILE *out) INET_API;
int inet_trace_print_mermaid(struct net *net, FILE *out) INET_API;

INET_END_DECLS

#endif /* INET_TRACE_H */
