/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same calls on a stack and on the kernel below us: a test writes a script
 * once, lets it run on either side, and compares what each said.
 */
#ifndef TESTS_SIDES_H
#define TESTS_SIDES_H

#include <sys/socket.h>
#include <netinet/in.h>

#include "fixture.h"

/* A socket of either side. */
union sk {
	struct socket *s;
	int fd;
};

/* Its calls: -errno on failure, everywhere; nothing blocks. */
struct side {
	const char *name;
	struct fx *f;		/* the stack's; NULL: the kernel */
	char *log;		/* the transcript, of malloc() */
	size_t len, size;

	int (*open)(struct side *d, int type, int protocol, union sk *s);
	void (*close)(union sk s);
	int (*bind)(union sk s, const struct sockaddr *a, socklen_t len);
	int (*listen)(union sk s, int backlog);
	int (*accept)(union sk l, union sk *s);
	int (*connect)(union sk s, const struct sockaddr *a, socklen_t len);
	int (*getname)(union sk s, int peer, struct sockaddr_in *a);
	int (*shutdown)(union sk s, int how);
	int (*send)(union sk s, const struct msghdr *m, int flags);
	int (*recv)(union sk s, struct msghdr *m, int flags);
	int (*set)(union sk s, int level, int name, const void *v, socklen_t l);
	int (*get)(union sk s, int level, int name, void *v, socklen_t *l);
	int (*ioctl)(union sk s, unsigned long cmd, int *v);
	int (*poll)(union sk s);	/* of IN, OUT, PRI, RDHUP and errors */
};

extern const struct side stack_side, host_side;

/* The name of an errno, or the number if it is none; static buffer. */
const char *side_result(int n);

/* A line of the transcript. */
void side_note(struct side *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Runs @script on a stack and on the kernel, over their loopbacks; fails where
 * the transcripts differ, skips without a loopback of the kernel's. */
void sides_compare(void (*script)(struct side *d));

#endif /* TESTS_SIDES_H */
