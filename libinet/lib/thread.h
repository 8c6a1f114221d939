/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads of a stack: started only when the application asked for them. */
#ifndef INET_LIB_THREAD_H
#define INET_LIB_THREAD_H

#include "lib/compiler.h"

#include <pthread.h>

struct thread {
	pthread_t id;
	void (*fn)(void *arg);
	void *arg;
	char name[16];
};

#define THREAD_ANY_CPU (-1)

/*
 * Starts fn(arg) in a new thread that blocks all signals, so that handlers run
 * in the application's own threads. *t must live until thread_join().
 * @name: shown by ps and gdb, cut at 15 characters
 * @cpu: the processor it stays on, or THREAD_ANY_CPU
 * Return: 0, -EAGAIN (no more threads), -EINVAL (no such processor).
 */
int thread_create(struct thread *t, const char *name, void (*fn)(void *arg),
		  void *arg, int cpu) __must_check;

/* Waits for fn to return. */
void thread_join(struct thread *t);

/* Return: whether the caller is the thread t. */
bool thread_is_self(const struct thread *t);

/* The processor that the caller runs on; it may be another one already. */
unsigned int thread_cpu(void);

/* Lets another thread run. */
void thread_yield(void);

#endif /* INET_LIB_THREAD_H */
