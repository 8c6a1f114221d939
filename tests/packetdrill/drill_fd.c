/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors. packetdrill closes what a script left open by close(2) itself and
 * asks some of them by getsockopt(2), so a number has to be a real one: each is an
 * eventfd of its own, and a table says what it stands for.
 */
#include "drill.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Edges are counted for every epoll that may look. */
static void count_edge(struct socket *sock __maybe_unused, int revents,
		       void *arg)
{
	struct drill_file *f = arg;

	if (revents)
		f->edges++;
}

int drill_fd_new(struct socket *sock, struct drill_epoll *epoll, bool nonblock)
{
	struct drill_file *f = calloc(1, sizeof(*f));
	int fd = eventfd(0, EFD_CLOEXEC);

	if (!f || fd < 0 || fd >= DRILL_FDS) {
		free(f);
		if (fd >= 0)
			syscall(SYS_close, fd);
		inet_close(sock);
		drill_epoll_free(epoll);
		errno = EMFILE;
		return -1;
	}
	f->sock = sock;
	f->epoll = epoll;
	f->nonblock = nonblock;
	drill.files[fd] = f;
	if (sock)
		inet_set_event_cb(sock, EPOLLIN | EPOLLOUT | EPOLLRDHUP |
				  EPOLLPRI | EPOLLERR | EPOLLHUP, count_edge, f);
	return fd;
}

struct drill_file *drill_file(int fd)
{
	if (fd >= 0 && fd < DRILL_FDS && drill.files[fd])
		return drill.files[fd];
	errno = EBADF;
	return NULL;
}

struct drill_file *drill_socket(int fd)
{
	struct drill_file *f = drill_file(fd);

	if (!f || f->sock)
		return f;
	errno = ENOTSOCK;
	return NULL;
}

int drill_fd_close(int fd)
{
	struct drill_file *f = drill_file(fd);
	int ret = 0;

	if (!f)
		return (int)syscall(SYS_close, fd);
	drill.files[fd] = NULL;
	drill_epoll_forget(fd);
	if (f->sock)
		ret = inet_close(f->sock);
	drill_epoll_free(f->epoll);
	free(f);
	syscall(SYS_close, fd);
	return ret;
}
