/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two threaded stacks with a wire between them, and threads of an application
 * that call them. A thread never asserts (CMocka's assertions belong to the
 * test's own): it counts what was wrong.
 */
#ifndef TESTS_THREADED_H
#define TESTS_THREADED_H

#include <netinet/in.h>
#include <pthread.h>

#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#define TT_PORT 7000
#define TT_PATIENCE_MS 60000u	/* a hang: fails long after every busy machine */

/* 10.0.0.1 and 10.0.0.2. */
struct threaded_pair {
	struct net *net[2];
	struct inet_wire *wire;
	struct net_device *dev[2];
};

void threaded_open(struct threaded_pair *p, u32 nr_threads,
		   const struct inet_wire_config *config);
/* The same with devices that find each other. */
void threaded_open_on(struct threaded_pair *p, u32 nr_threads,
		      const char *const specs[2]);
/* Asserts that nothing is left: the stacks count their memory. */
void threaded_close(struct threaded_pair *p);

/* The address of a side's @port. */
struct sockaddr_in threaded_addr(int side, u16 port);
/* A socket of @side, bound to its @port, if that is not 0. */
struct socket *threaded_socket(struct threaded_pair *p, int side, int type,
			       u16 port);
struct socket *threaded_listener(struct threaded_pair *p, int side, u16 port);
/* connect() to @side's port: 0 or -errno. Any thread. */
int threaded_connect(struct socket *s, int side, u16 port);
/* A connection: c[0] is side 0's, which called. */
void threaded_join(struct threaded_pair *p, struct socket *c[2]);
/* As fast as 64 KiB of memory are of use; 0 or -errno. Any thread. */
int threaded_small_buffers(struct socket *s);

/* All bytes, or up to the end: blocking. Return: bytes, or -errno. Any
 * thread. */
ssize_t threaded_send_all(struct socket *s, const void *buf, size_t len);
ssize_t threaded_recv_all(struct socket *s, void *buf, size_t len);

void threaded_pause_us(u32 us);
/* Until *what is at least @value: atomic. False: TT_PATIENCE_MS passed. */
bool threaded_wait(const u32 *what, u32 value);
u32 threaded_count(u32 *what);	/* one more, atomic */
u32 threaded_read(const u32 *what);

#endif /* TESTS_THREADED_H */
