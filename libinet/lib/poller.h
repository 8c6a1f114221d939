/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting for many descriptors and for a kick from another thread. */
#ifndef INET_LIB_POLLER_H
#define INET_LIB_POLLER_H

#include "lib/compiler.h"

/* Bits of poller_event.events; ERR and HUP are always reported. */
#define POLLER_IN 0x001u
#define POLLER_OUT 0x004u
#define POLLER_ERR 0x008u
#define POLLER_HUP 0x010u
#define POLLER_RDHUP 0x2000u

#define POLLER_MAX_EVENTS 64	/* of one poller_wait() */

struct poller {
	int epfd;
	int wakefd;
	bool coarse;	/* the kernel has no epoll_pwait2() */
};

struct poller_event {
	void *data;
	u32 events;
};

/* Return: 0, -EMFILE, -ENFILE, -ENOMEM. */
int poller_create(struct poller *p) __must_check;

/* Closes its own two descriptors, not those that were added. */
void poller_destroy(struct poller *p);

/*
 * @events: POLLER_* bits
 * @edge: report changes only, not states
 * @data: returned with each event; not NULL, which means the kick
 * Return: 0, -EEXIST, -EPERM (a plain file), -ENOMEM, -ENOSPC.
 */
int poller_add(struct poller *p, int fd, u32 events, bool edge, void *data);
int poller_mod(struct poller *p, int fd, u32 events, bool edge, void *data);
int poller_del(struct poller *p, int fd);

/*
 * Waits for events, a kick, or the end of timeout_ns (0: only look; U64_MAX:
 * no end). A kick ends the wait and is not reported as an event; so does a
 * signal handler. Context: one thread at a time.
 * Return: the number of events, at most max (and POLLER_MAX_EVENTS); or the
 * error of epoll_wait(2), a programmer's mistake.
 */
int poller_wait(struct poller *p, struct poller_event *events, int max,
		u64 timeout_ns);

/* Ends the wait of another thread, or the next one. Any thread. */
void poller_wake(struct poller *p);

/* Return: a descriptor that is readable when poller_wait() would not wait. */
static inline int poller_fd(const struct poller *p)
{
	return p->epfd;
}

#endif /* INET_LIB_POLLER_H */
