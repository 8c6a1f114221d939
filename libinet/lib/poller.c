/* SPDX-License-Identifier: BSD-2-Clause */
/* The poller: epoll, and an eventfd for kicks whose data is NULL. */
#include "lib/poller.h"

#include "lib/assert.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MSEC 1000000ULL

static_assert(POLLER_IN == EPOLLIN && POLLER_OUT == EPOLLOUT &&
		      POLLER_ERR == EPOLLERR && POLLER_HUP == EPOLLHUP &&
		      POLLER_RDHUP == EPOLLRDHUP,
	      "POLLER_* are passed to the kernel as they are");

/* epoll_ctl(2). What the caller wrote before is seen after the event. */
static int control(struct poller *p, int op, int fd, u32 events, void *data)
{
	struct epoll_event ev = { .events = events, .data.ptr = data };

	inet_tsan_release(p);
	return epoll_ctl(p->epfd, op, fd, &ev) < 0 ? -errno : 0;
}

int poller_create(struct poller *p)
{
	int rc;

	*p = (struct poller){ .wakefd = -1 };
	p->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (p->epfd < 0)
		return -errno;
	p->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = p->wakefd < 0 ? -errno :
			     control(p, EPOLL_CTL_ADD, p->wakefd, EPOLLIN, NULL);
	if (rc)
		poller_destroy(p);
	return rc;
}

void poller_destroy(struct poller *p)
{
	if (p->wakefd >= 0)
		close(p->wakefd);
	if (p->epfd >= 0)
		close(p->epfd);
	p->wakefd = -1;
	p->epfd = -1;
}

int poller_add(struct poller *p, int fd, u32 events, bool edge, void *data)
{
	inet_assert(data);
	return control(p, EPOLL_CTL_ADD, fd, events | (edge ? EPOLLET : 0),
		       data);
}

int poller_mod(struct poller *p, int fd, u32 events, bool edge, void *data)
{
	inet_assert(data);
	return control(p, EPOLL_CTL_MOD, fd, events | (edge ? EPOLLET : 0),
		       data);
}

int poller_del(struct poller *p, int fd)
{
	return control(p, EPOLL_CTL_DEL, fd, 0, NULL);
}

/* epoll_wait(2) by milliseconds, rounded up so as not to wake too early. */
static int wait_ms(int epfd, struct epoll_event *evs, int max, u64 timeout_ns)
{
	u64 ms = timeout_ns / NSEC_PER_MSEC + !!(timeout_ns % NSEC_PER_MSEC);

	return epoll_wait(epfd, evs, max,
			  timeout_ns == U64_MAX ? -1 :
						  (int)min_t(u64, ms, INT_MAX));
}

/* By nanoseconds where the kernel (5.11) can; else by milliseconds. */
static int wait_ns(struct poller *p, struct epoll_event *evs, int max,
		   u64 timeout_ns)
{
#ifdef SYS_epoll_pwait2
	struct timespec ts = {
		.tv_sec = (time_t)(timeout_ns / NSEC_PER_SEC),
		.tv_nsec = (long)(timeout_ns % NSEC_PER_SEC),
	};
	int n;

	if (timeout_ns == 0 || timeout_ns == U64_MAX || p->coarse)
		return wait_ms(p->epfd, evs, max, timeout_ns);
	n = (int)syscall(SYS_epoll_pwait2, p->epfd, evs, max, &ts, NULL, 0);
	if (n >= 0 || errno != ENOSYS)
		return n;
	p->coarse = true;
#endif
	return wait_ms(p->epfd, evs, max, timeout_ns);
}

int poller_wait(struct poller *p, struct poller_event *events, int max,
		u64 timeout_ns)
{
	struct epoll_event evs[POLLER_MAX_EVENTS];
	int nr = 0;
	int n = wait_ns(p, evs, min(max, POLLER_MAX_EVENTS), timeout_ns);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	inet_tsan_acquire(p);
	for (int i = 0; i < n; i++) {
		if (!evs[i].data.ptr) {
			eventfd_t kicks;

			(void)eventfd_read(p->wakefd, &kicks);
			continue;
		}
		events[nr].data = evs[i].data.ptr;
		events[nr++].events = evs[i].events;
	}
	return nr;
}

void poller_wake(struct poller *p)
{
	inet_tsan_release(p);
	/* EAGAIN: the counter is full, so the other is awake already. */
	(void)eventfd_write(p->wakefd, 1);
}
