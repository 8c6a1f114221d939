/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table that packetdrill asks for; and three calls that it makes past the
 * table, of libc: with this file preloaded as well they find the stack's
 * descriptors.
 */
#include "drill.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "interface.h"

#define EXPORTED __attribute__((visibility("default")))
#define PIECE 65536

static struct packetdrill_interface *table;

/* ---- the wire and the clock -------------------------------------------- */

static int netdev_send_packet(void *ud __maybe_unused, const void *buf, size_t len)
{
	int ret;

	pthread_mutex_lock(&drill.lock);
	ret = drill_inject(buf, len);
	pthread_mutex_unlock(&drill.lock);
	return ret;
}

static int netdev_receive_packet(void *ud __maybe_unused, void *buf, size_t *len,
				 long long *usecs)
{
	struct drill_packet *p;
	size_t room = *len;

	pthread_mutex_lock(&drill.lock);
	p = drill_next_packet();
	pthread_mutex_unlock(&drill.lock);
	*len = p ? p->len < room ? p->len : room : 0;
	*usecs = 0;
	if (p) {
		memcpy(buf, p->data, *len);
		*usecs = (long long)(p->left_ns / NS_PER_US);
	}
	free(p);
	return 0;
}

static int pass_time(void *ud __maybe_unused, useconds_t usecs)
{
	drill_settle();
	pthread_mutex_lock(&drill.lock);
	drill_run_until(drill.now_ns + usecs * NS_PER_US);
	pthread_mutex_unlock(&drill.lock);
	return 0;
}

static int tell_time(void *ud __maybe_unused, struct timeval *tv,
		     struct timezone *tz __maybe_unused)
{
	u64 ns = drill_time();

	tv->tv_sec = (time_t)(ns / NS_PER_S);
	tv->tv_usec = (suseconds_t)(ns % NS_PER_S / NS_PER_US);
	return 0;
}

/* ---- what is no socket ------------------------------------------------- */

static int make_epoll(void *ud __maybe_unused, int size)
{
	struct drill_epoll *ep;
	int fd;

	if (size <= 0) {
		errno = EINVAL;
		return -1;
	}
	pthread_mutex_lock(&drill.lock);
	ep = drill_epoll_new();
	fd = drill_fd_new(NULL, ep, false);
	pthread_mutex_unlock(&drill.lock);
	return fd;
}

static int make_pipe(void *ud __maybe_unused, int fds[2])
{
	return pipe(fds);
}

/* The stack has none: the answer of Linux for such a descriptor. */
static int no_splice(void *ud __maybe_unused, int in __maybe_unused,
		     loff_t *in_off __maybe_unused, int out __maybe_unused,
		     loff_t *out_off __maybe_unused, size_t len __maybe_unused,
		     unsigned int flags __maybe_unused)
{
	errno = EINVAL;
	return -1;
}

static void end(void *ud __maybe_unused)
{
	pthread_mutex_lock(&drill.lock);
	drill_stop();
	pthread_mutex_unlock(&drill.lock);
}

EXPORTED void packetdrill_interface_init(const char *flags,
					 struct packetdrill_interface *ifc)
{
	memset(ifc, 0, sizeof(*ifc));
	drill_start(flags);
	drill_fill_calls(ifc);
	ifc->free = end;
	ifc->netdev_send = netdev_send_packet;
	ifc->netdev_receive = netdev_receive_packet;
	ifc->usleep = pass_time;
	ifc->gettimeofday = tell_time;
	ifc->epoll_create = make_epoll;
	ifc->pipe = make_pipe;
	ifc->splice = no_splice;
	table = ifc;
}

/* ---- past the table ---------------------------------------------------- */

static bool is_ours(int fd)
{
	int err = errno;
	bool ours = table && drill_file(fd);

	errno = err;
	return ours;
}

EXPORTED int close(int fd)
{
	return is_ours(fd) ? table->close(NULL, fd) :
			     (int)syscall(SYS_close, fd);
}

EXPORTED int getsockopt(int fd, int level, int name, void *__restrict val,
			socklen_t *__restrict len)
{
	return is_ours(fd) ? table->getsockopt(NULL, fd, level, name, val, len) :
		(int)syscall(SYS_getsockopt, fd, level, name, val, len);
}

/* From a file into a socket, as far as it takes it. */
EXPORTED ssize_t sendfile(int out, int in, off_t *off, size_t count)
{
	char piece[PIECE];
	size_t sent = 0;
	ssize_t n = 0, part;

	if (!is_ours(out))
		return syscall(SYS_sendfile, out, in, off, count);
	while (sent < count) {
		part = count - sent < PIECE ? (ssize_t)(count - sent) : PIECE;
		part = off ? pread(in, piece, (size_t)part, *off) :
			     read(in, piece, (size_t)part);
		if (part <= 0)
			break;
		n = table->write(NULL, out, piece, (size_t)part);
		if (n > 0 && off)
			*off += n;
		if (!off && n < part)
			lseek(in, n < 0 ? -part : n - part, SEEK_CUR);
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	return sent || n >= 0 ? (ssize_t)sent : -1;
}
