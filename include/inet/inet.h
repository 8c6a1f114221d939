/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One stack: creation, the three ways to run it, destruction.
 *
 * A `struct net` is a whole host: devices, addresses, routes, sockets,
 * counters, knobs. Any number of them live in one process and share nothing.
 *
 *	embedded	one thread of the application runs the stack by
 *			inet_run(); all calls on this stack come from that
 *			thread. A blocking call runs the stack while it waits.
 *	threaded	inet_start() gives nr_threads softirq threads; every
 *			call may come from any thread.
 *	simulated	like embedded, on the clock of inet_config.env, and
 *			nothing is ever waited for: a call that would have to
 *			block fails with EWOULDBLOCK. inet_run() gives a turn
 *			to one of nr_threads softnets, drawn by inet_env.random
 *			among those with work.
 *
 * Errors. Calls return 0 or a useful value; on failure -1 or NULL with errno.
 * Set-up calls, and those on a socket, leave a sentence: inet_strerror().
 */
#ifndef INET_INET_H
#define INET_INET_H

#include <inet/env.h>
#include <inet/export.h>
#include <inet/types.h>

INET_BEGIN_DECLS

struct net;

enum inet_mode {
	INET_EMBEDDED,
	INET_THREADED,
	INET_SIMULATED,
};

/* Zero means the default for every member but @size. */
struct inet_config {
	size_t size;		/* sizeof(struct inet_config) */
	enum inet_mode mode;
	unsigned int nr_threads;	/* threaded: softirq threads, 1..64;
					 * simulated: softnets */
	bool pin_threads;	/* thread i runs on cpu i */
	const struct inet_env *env;	/* NULL: inet_env_default() */
	u32 nr_frames;		/* of the frame pool; default 16384 */
	u32 frame_size;		/* 2048 (default) or 4096 */
	const char *name;	/* host name in logs and captures */
};

/* "1.2.3", the version of the library that runs. */
const char *inet_version(void) INET_API;

/* A new stack with a loopback device "lo", up, 127.0.0.1/8. @config may be
 * NULL: embedded, defaults. NULL with errno ENOMEM or EINVAL. */
struct net *inet_create(const struct inet_config *config) INET_API;

/*
 * Stops the threads, closes the devices, aborts what is left of connections,
 * frees everything. Sockets that the application still holds become invalid.
 * NULL is fine. Not from a callback of the stack.
 */
void inet_destroy(struct net *net) INET_API;

/* Threaded mode: starts the threads. 0, or -1 with errno EINVAL (other mode,
 * or started already), EAGAIN (no threads left). */
int inet_start(struct net *net) INET_API;

/* Threaded mode: stops and joins the threads; the stack can be started again.
 * Waiting callers wake with ESHUTDOWN. */
void inet_stop(struct net *net) INET_API;

/*
 * Embedded mode: runs what is due, waits at most @timeout_ns for more (0: do
 * not wait, negative: for ever), runs that, returns. Return: how many packets
 * and timers were handled, or -1 with errno EINTR (inet_wake() was called),
 * EINVAL. A signal ends the wait, and perhaps nothing was handled: 0.
 */
int inet_run(struct net *net, s64 timeout_ns) INET_API;

/*
 * For somebody else's event loop (embedded mode): wait until inet_poll_fd()
 * is readable or inet_next_timeout_ns() has passed, then inet_run(net, 0).
 * Ask for the timeout again before each wait: any call may change it.
 * inet_next_timeout_ns(): ns from now, 0: run at once, -1: nothing is due.
 */
int inet_poll_fd(struct net *net) INET_API;
s64 inet_next_timeout_ns(struct net *net) INET_API;

/* Any thread: makes a waiting inet_run() or blocking call of the embedded
 * mode return early (EINTR). Async-signal-safe. */
void inet_wake(struct net *net) INET_API;

/* The sentence for the last failure of a call of this thread on @net or a
 * socket of it: what was wrong and where. Never NULL; "" when there was none.
 * @net NULL: of inet_create(). Valid until the thread's next failing call. */
const char *inet_strerror(struct net *net) INET_API;

/* The stack's clock, ns. */
u64 inet_now_ns(struct net *net) INET_API;

/* The time of day as the stack shows it to applications: ns since 1970. */
u64 inet_wall_ns(struct net *net) INET_API;

/* How the stack is run. */
enum inet_mode inet_get_mode(const struct net *net) INET_API;

INET_END_DECLS

#endif /* INET_INET_H */
