/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libinet behind packetdrill's interface: one simulated stack with one device of
 * packets, whose clock is moved by packetdrill.
 *
 *	drill_stack.c	the stack, its device, its clock, and who waits for what
 *	drill_fd.c	descriptors: real numbers, ours by a table
 *	drill_calls.c	the calls of sockets
 *	drill_epoll.c	epoll over the sockets of the stack
 *	drill_init.c	the table of the interface, and what is taken from libc
 *
 * Two threads come: packetdrill's first one, which runs the script and moves the
 * clock, and another for calls that the script says block. Whoever is inside holds
 * drill.lock; who blocks sleeps on drill.moved. Before the first thread moves the
 * clock on, one that blocks and could go on does so and has asked for the time
 * (drill_hand_over()): what a call takes does not depend on the machine's threads.
 */
#ifndef TESTS_PACKETDRILL_DRILL_H
#define TESTS_PACKETDRILL_DRILL_H

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdevice.h>
#include <inet/socket.h>

#include "lib/compiler.h"

#define DRILL_FDS 1024
#define DRILL_NEVER (~0ull)
#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

struct drill_epoll;

struct drill_file {
	struct socket *sock;		/* one of these two */
	struct drill_epoll *epoll;
	bool nonblock;			/* O_NONBLOCK, of the caller */
	u32 edges;			/* what became ready, counted */
};

struct drill_packet {
	struct drill_packet *next;
	u64 left_ns;
	size_t len;
	u8 data[];
};

/* The thread that blocks: there is one at most. */
enum drill_blocked {
	BLOCKED_NOT,
	BLOCKED_SLEEPS,		/* until something may have changed */
	BLOCKED_TRIES,		/* it has been told to look */
	BLOCKED_RETURNED,	/* and has not asked for the time yet */
};

struct drill {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	pthread_t first;		/* the thread that runs the script */
	enum drill_blocked blocked;
	pid_t settles;			/* it has come out, and tells packetdrill; or 0 */

	u64 now_ns;			/* of the stack */
	u64 random;
	struct net *net;
	struct net_device *dev;
	struct socket *sniffer;
	struct napi_struct napi;
	const u8 *rx;			/* on its way to the stack */
	size_t rx_len;
	struct drill_packet *tx, **tx_tail;	/* has left it */

	struct drill_file *files[DRILL_FDS];
	char **knobs;			/* names, NULL ends */
};

extern struct drill drill;

/* ---- drill_stack.c ---- */

/* @flags: "ip=ADDR,mtu=N,knobs=kernel|own". Ends the program with a sentence if it
 * fails. */
void drill_start(const char *flags);
void drill_stop(void);
/* What /proc/sys says of the knobs that the stack has becomes theirs. */
void drill_read_knobs(void);
/* What ethtool(8) and tc(8) say of the kernel's tun0 holds for the stack's. */
void drill_read_device(void);
/* Moves the clock to @ns, and does what is due on the way. */
void drill_run_until(u64 ns);
/* Does what is due now. */
void drill_run(void);
/* Waits until what was not ready may be, @deadline_ns at most. Return: false when
 * that has come, or nothing will ever happen. */
bool drill_wait(u64 deadline_ns);
/* Around each call, which may have waited. Return: @ret; errno stays. */
void drill_enter(void);
ssize_t drill_leave(ssize_t ret);
/* What time it is, in a thread that is in no call. */
u64 drill_time(void);
/* Until packetdrill knows what the call that blocked has brought. */
void drill_settle(void);
/* A packet to the stack. */
int drill_inject(const void *buf, size_t len);
/* The next packet from it, taken off; NULL: none within some seconds. */
struct drill_packet *drill_next_packet(void);

/* ---- drill_fd.c ---- */

/* A descriptor for @sock or @epoll, which is closed if there is none. -1, errno. */
int drill_fd_new(struct socket *sock, struct drill_epoll *epoll, bool nonblock);
/* NULL with EBADF: not one of ours. */
struct drill_file *drill_file(int fd);
struct drill_file *drill_socket(int fd);	/* ... and ENOTSOCK */
int drill_fd_close(int fd);

/* ---- drill_epoll.c ---- */

struct drill_epoll *drill_epoll_new(void);
void drill_epoll_free(struct drill_epoll *ep);
/* @fd is closed. */
void drill_epoll_forget(int fd);
int drill_epoll_ctl(void *userdata, int epfd, int op, int fd,
		    struct epoll_event *event);
int drill_epoll_wait(void *userdata, int epfd, struct epoll_event *events,
		     int max, int timeout_ms);

/* ---- drill_calls.c ---- */

struct packetdrill_interface;
void drill_fill_calls(struct packetdrill_interface *ifc);
/* What is ready of @events, POLLERR and POLLHUP besides. */
u32 drill_ready(struct drill_file *f, u32 events);
/* The moment that a timeout ends. */
u64 drill_deadline(int timeout_ms);

#endif /* TESTS_PACKETDRILL_DRILL_H */
