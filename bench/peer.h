/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Linux kernel as the peer of a stack over TAP or veth: a namespace of our
 * own with its end of the link, and a process beside that talks to the stack through the
 * kernel's sockets and measures the rows. The stack is 10.0.0.2, the kernel
 * 10.0.0.1; the stack has a server on each port below and knows no rows.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common.h"

#define PEER_TAP "bench0"
#define PEER_VETH "bench1"	/* the stack's end of a veth */
#define PEER_ECHO 7		/* TCP and UDP: sends back what comes */
#define PEER_DISCARD 9		/* TCP: reads to the end, then closes */
#define PEER_SOURCE 19		/* TCP: sends the row's count of MiB, closes */
#define PEER_KERNEL 0x0a000001u
#define PEER_STACK 0x0a000002u
#define PEER_LOOK_MS 100	/* how long a stack may wait for a frame */

struct peer {
	pid_t pid;
	int fd;			/* the pipe with the result */
};

extern const struct bench_row peer_rows[];

void peer_namespace(void);
void peer_tun(void);
bool peer_vnet(void);
int peer_tap(const char *name, bool vnet);
void peer_veth(void);
void peer_move(int netns);
void peer_loopback(void);
void peer_configure_stack(void);
void peer_up(void);
void peer_start(struct peer *peer, const struct bench_result *result);
int peer_runs(void);
void peer_result(struct peer *peer, struct bench_result *result);
int peer_patience(const struct bench_result *result);

#endif
