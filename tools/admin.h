/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What inet-ss, inet-nstat, inet-ip and inet-dump say to a running inetstackd.
 *
 * They connect to its place "admin" (preload/protocol.h), a stream, and send one line.
 * The answer begins with "ok\n", or is "error SENTENCE\n"; then comes, to the end:
 *
 *	sockets			a struct admin_socket for each
 *	counters		"NAME VALUE\n" each: SNMP
 *	drops			the same: reasons of drops
 *	device NAME		the same: what the device itself counts
 *	metrics			text of Prometheus
 *	ip OBJECT COMMAND ...	as inet-ip(1); text
 *	dump DEVICE SNAPLEN COUNT DIRECTION FILTER	pcapng
 *
 * Everybody whom the stack serves may ask; what changes something, and dump, is for
 * root and who runs inetstackd.
 */
#ifndef TOOLS_ADMIN_H
#define TOOLS_ADMIN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <inet/sock_diag.h>

#define ADMIN_REQUEST 2048	/* bytes of a line */
#define ADMIN_TCP_INFO 512	/* of TCP_INFO */

/* One socket of a stack, and whose it is. */
struct admin_socket {
	struct inet_diag_info info;
	uint64_t id;		/* of protocol.h */
	uint64_t inode;		/* of the owner's end; 0: there is none yet */
	uint32_t uid;		/* whose end is the other one */
	uint32_t tcp_info_len;
	char kind;		/* of protocol.h; 0: no program's */
	char congestion[15];
	unsigned char tcp_info[ADMIN_TCP_INFO];
};

/* The name of the stack: @name, or what INET_STACK says, or "default". */
const char *admin_stack(const char *name);
/*
 * Asks the owner of that stack. Return: what follows "ok\n", to be read and closed, or
 * NULL after a sentence on standard error, which begins with @program.
 */
FILE *admin_ask(const char *program, const char *stack, const char *request);

#endif /* TOOLS_ADMIN_H */
