/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads: pthreads with the signals blocked and a name. */
#include "lib/thread.h"

#include "lib/assert.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>

/* What each new thread runs. */
static void *thread_main(void *arg)
{
	struct thread *t = arg;

	pthread_setname_np(pthread_self(), t->name);
	t->fn(t->arg);
	return NULL;
}

/* Starts the thread with all signals blocked, as threads inherit the mask. */
static int start_blocked(struct thread *t, const pthread_attr_t *attr)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&t->id, attr, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -rc;
}

int thread_create(struct thread *t, const char *name, void (*fn)(void *arg),
		  void *arg, int cpu)
{
	pthread_attr_t attr;
	cpu_set_t cpus;
	int rc;

	if (cpu != THREAD_ANY_CPU && (cpu < 0 || cpu >= CPU_SETSIZE))
		return -EINVAL;
	t->fn = fn;
	t->arg = arg;
	snprintf(t->name, sizeof(t->name), "%s", name);
	rc = -pthread_attr_init(&attr);
	if (rc)
		return rc;
	if (cpu != THREAD_ANY_CPU) {
		CPU_ZERO(&cpus);
		CPU_SET(cpu, &cpus);
		rc = -pthread_attr_setaffinity_np(&attr, sizeof(cpus), &cpus);
	}
	if (rc == 0)
		rc = start_blocked(t, &attr);
	pthread_attr_destroy(&attr);
	return rc;
}

void thread_join(struct thread *t)
{
	inet_assert(pthread_join(t->id, NULL) == 0);
}

bool thread_is_self(const struct thread *t)
{
	return pthread_equal(t->id, pthread_self());
}

unsigned int thread_cpu(void)
{
	int cpu = sched_getcpu();

	return cpu < 0 ? 0 : (unsigned int)cpu;
}

void thread_yield(void)
{
	sched_yield();
}
