/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll(7) over the sockets of the stack: level and edge triggered, one shot. An
 * edge is what inet_set_event_cb() reports.
 */
#include "drill.h"

#include <errno.h>
#include <stdlib.h>

#define ITEMS 64

struct item {
	int fd;			/* -1: free */
	u32 events;
	u32 edges;		/* of the file, when it was last reported */
	bool off;		/* EPOLLONESHOT has been reported */
	epoll_data_t data;
};

struct drill_epoll {
	struct item items[ITEMS];
};

struct drill_epoll *drill_epoll_new(void)
{
	struct drill_epoll *ep = calloc(1, sizeof(*ep));

	for (int i = 0; ep && i < ITEMS; i++)
		ep->items[i].fd = -1;
	return ep;
}

void drill_epoll_free(struct drill_epoll *ep)
{
	free(ep);
}

static struct item *find(struct drill_epoll *ep, int fd)
{
	for (int i = 0; i < ITEMS; i++)
		if (ep->items[i].fd == fd)
			return &ep->items[i];
	return NULL;
}

void drill_epoll_forget(int fd)
{
	struct item *item;

	for (int i = 0; i < DRILL_FDS; i++) {
		if (!drill.files[i] || !drill.files[i]->epoll)
			continue;
		item = find(drill.files[i]->epoll, fd);
		if (item)
			item->fd = -1;
	}
}

/* What is asked for begins anew: what is ready then is an edge. */
static void set_item(struct item *item, int fd, const struct epoll_event *event)
{
	item->fd = fd;
	item->events = event->events;
	item->data = event->data;
	item->off = false;
	item->edges = drill.files[fd]->edges - 1;
}

/* Return: 0 or an errno. */
static int ctl(struct drill_file *f, int op, int fd, struct epoll_event *event)
{
	struct item *item = find(f->epoll, fd);

	switch (op) {
	case EPOLL_CTL_ADD:
		if (item)
			return EEXIST;
		item = find(f->epoll, -1);
		if (!item)
			return ENOSPC;
		break;
	case EPOLL_CTL_MOD:
	case EPOLL_CTL_DEL:
		if (!item)
			return ENOENT;
		break;
	default:
		return EINVAL;
	}
	if (op == EPOLL_CTL_DEL)
		item->fd = -1;
	else if (event)
		set_item(item, fd, event);
	else
		return EFAULT;
	return 0;
}

/* Return: 0 or an errno. */
static int checked_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct drill_file *f = drill_file(epfd);

	if (!f || !drill_file(fd))
		return EBADF;
	return f->epoll && fd != epfd ? ctl(f, op, fd, event) : EINVAL;
}

int drill_epoll_ctl(void *userdata __maybe_unused, int epfd, int op,
		    int fd, struct epoll_event *event)
{
	int err;

	drill_enter();
	err = checked_ctl(epfd, op, fd, event);
	if (err)
		errno = err;
	return (int)drill_leave(err ? -1 : 0);
}

/* Return: what to report of @item, 0: nothing. */
static u32 look(struct item *item)
{
	struct drill_file *f = drill.files[item->fd];
	u32 ready = drill_ready(f, item->events), edges = f->edges;

	if (item->off || !ready ||
	    ((item->events & EPOLLET) && item->edges == edges))
		return 0;
	item->edges = edges;
	item->off = item->events & EPOLLONESHOT;
	return ready;
}

static int wait_once(struct drill_epoll *ep, struct epoll_event *events, int max)
{
	u32 ready;
	int n = 0;

	for (int i = 0; i < ITEMS && n < max; i++) {
		if (ep->items[i].fd < 0)
			continue;
		ready = look(&ep->items[i]);
		if (!ready)
			continue;
		events[n].events = ready;
		events[n++].data = ep->items[i].data;
	}
	return n;
}

int drill_epoll_wait(void *userdata __maybe_unused, int epfd,
		     struct epoll_event *events, int max, int timeout_ms)
{
	struct drill_file *f;
	int n = -1;
	u64 end_ns;

	drill_enter();
	f = drill_file(epfd);
	end_ns = drill_deadline(timeout_ms);
	if (f && f->epoll && max > 0)
		do
			n = wait_once(f->epoll, events, max);
		while (!n && drill_wait(end_ns));
	else if (f)
		errno = EINVAL;
	return (int)drill_leave(n);
}
