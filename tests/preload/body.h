/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket-semantics suite: a program that only knows libc. Run on the kernel and on
 * libinet it must print the same. Each line is one case: "name: what happened".
 *
 * Its peer is a program on the kernel's sockets, which does what it is told over a
 * descriptor (peer_do()).
 */
#ifndef TESTS_PRELOAD_BODY_H
#define TESTS_PRELOAD_BODY_H

#include <netinet/in.h>
#include <sys/socket.h>

#define PATIENCE_MS 5000

/* One case: prints NAME and what the format says. */
void said(const char *name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A result and, if it is -1, its errno's name. */
void said_result(const char *name, long result);
/* "IN OUT RDHUP", as poll() has it now. */
void said_poll(const char *name, int fd);
/* The same when one of @events is there, or after a while. */
void said_poll_after(const char *name, int fd, int events);

/* Tells the peer; @answer may be NULL. Its connection is the last one that it
 * accepted or made. */
void peer_do(const char *command, char *answer, size_t size);
/* The address where the peer listens; and ours, with port 0. */
struct sockaddr_in peer_address(void);
struct sockaddr_in own_address(void);

int tcp(void);			/* a socket */
int tcp_connected(void);	/* a socket that the peer has accepted */
int tcp_listening(struct sockaddr_in *addr);
/* A connection that the peer has made to us. */
int tcp_accepted(void);
void nonblock(int fd);
/* The peer connects to @addr. */
void peer_connect(const struct sockaddr_in *addr);

void test_poll(void);		/* body_poll.c */
void test_errors(void);		/* body_errors.c */
void test_options(void);	/* body_options.c */
void test_data(void);		/* body_data.c */
void test_dgram(void);		/* body_dgram.c */
void test_icmp(void);		/* body_icmp.c */
void test_interfaces(void);	/* body_interfaces.c */
void test_processes(const char *self);	/* body_processes.c */
int child(const char *what);	/* what it executes */

#endif /* TESTS_PRELOAD_BODY_H */
