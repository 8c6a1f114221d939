/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The environment of one stack: the clock, randomness, memory and log that it
 * takes from its host. The stack asks nothing else of the outside world, so
 * whoever supplies another struct inet_env decides what time it is, which
 * allocation fails and where a sentence is printed.
 *
 * The structure is copied when a stack is created; `opaque` and what it
 * points to must live until the stack has been destroyed. All members are
 * required. In threaded mode every function may be called from any thread of
 * the stack and from any thread that calls into the stack, at the same time;
 * in embedded and simulated mode only from the thread that runs the stack.
 * None of them may call back into the stack.
 */
#ifndef INET_ENV_H
#define INET_ENV_H

#include <inet/export.h>
#include <inet/types.h>

INET_BEGIN_DECLS

/* Levels of inet_env.log, the more urgent the smaller; as in syslog(3). */
#define INET_LOG_ERR 3		/* something does not work */
#define INET_LOG_WARNING 4	/* something may soon not work */
#define INET_LOG_INFO 6		/* a milestone: a device went up */
#define INET_LOG_DEBUG 7	/* for the developer of the stack */

struct inet_env {
	/*
	 * sizeof(struct inet_env) of the program that filled it, so that the
	 * structure may grow at its end.
	 */
	size_t size;

	/* Passed to each function below; the stack never looks inside. */
	void *opaque;

	/*
	 * The time that passes: nanoseconds since any fixed moment, never
	 * running backwards. It must be less than 2^63. In threaded mode it
	 * must be CLOCK_MONOTONIC, because waiting threads sleep on that
	 * clock. Called several times for each packet: keep it cheap.
	 * Cannot fail.
	 */
	u64 (*now)(void *opaque);

	/*
	 * The time of day: nanoseconds since 1970-01-01 00:00 UTC. Used only
	 * for what applications see (SO_TIMESTAMP, captures) and for SYN
	 * cookies, which are good for a minute or two; it may jump.
	 * Cannot fail.
	 */
	u64 (*wall)(void *opaque);

	/*
	 * Fills `len` bytes at `buf` with randomness that an attacker cannot
	 * predict: keys of hash tables, initial sequence numbers and ports
	 * come from here. Must not fail; abort rather than return with less.
	 */
	void (*random)(void *opaque, void *buf, size_t len);

	/*
	 * Returns `size` (> 0) bytes whose address is a multiple of `align` (a
	 * power of two, at least sizeof(void *)), with any contents, or NULL
	 * when there are none left: the stack then drops a packet or fails a
	 * call with ENOBUFS or ENOMEM.
	 */
	void *(*alloc)(void *opaque, size_t size, size_t align);

	/*
	 * Takes back what alloc() returned; `size` is the one asked for then.
	 * `p` is never NULL. Cannot fail.
	 */
	void (*free)(void *opaque, void *p, size_t size);

	/*
	 * Takes one line of text (no newline at its end, at most 255 bytes) of
	 * the given INET_LOG_* level. The string is valid only during the
	 * call. Lines are rate-limited by the stack. Failure is ignored.
	 */
	void (*log)(void *opaque, int level, const char *line);
};

/*
 * The environment of an ordinary program: CLOCK_MONOTONIC and CLOCK_REALTIME,
 * libsodium's randombytes, the C library's memory, and standard error.
 * Copy it to replace single members. May be used by any number of stacks and
 * threads.
 */
const struct inet_env *inet_env_default(void) INET_API;

INET_END_DECLS

#endif /* INET_ENV_H */
