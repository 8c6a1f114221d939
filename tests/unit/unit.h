/* SPDX-License-Identifier: BSD-2-Clause */
/* What unit tests begin with: CMocka's own includes, and a death test. */
#ifndef INET_TESTS_UNIT_H
#define INET_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Does fn(arg) end in abort()? It runs in a child that says nothing. */
static inline int aborts(void (*fn)(void *arg), void *arg)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		close(STDERR_FILENO);
		close(STDOUT_FILENO);
		fn(arg);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif /* INET_TESTS_UNIT_H */
