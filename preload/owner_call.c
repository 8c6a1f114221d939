/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the preloaded library asks the kernel about a descriptor, and the owner about
 * a socket. No lock, no memory, no state, and nothing before the first call: so fork,
 * vfork, threads and handlers of signals need nothing special.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload.h"

#define ATTACH_TRIES 2000	/* of a millisecond: the owner's backlog is full */

const char *shim_owner(void)
{
	const char *owner = getenv("INET_STACK");

	return owner && shim_owner_valid(owner) ? owner : NULL;
}

/* The kernel's own calls: ours of the same names would ask us. */
static bool kernel_name(int fd, long number, struct shim_name *name)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);

	return !syscall(number, fd, &un, &len) && shim_parse(&un, len, name);
}

bool shim_identify(int fd, struct shim_socket *sock)
{
	struct shim_name peer;
	int err = errno;

	memset(sock, 0, sizeof(*sock));
	sock->fd = fd;
	if (!kernel_name(fd, SYS_getsockname, &sock->own) || !sock->own.kind) {
		errno = err;
		return false;
	}
	sock->kind = sock->own.kind;
	sock->id = sock->own.id;
	sock->attached = kernel_name(fd, SYS_getpeername, &peer);
	errno = err;
	if (!sock->attached || peer.kind != 'c')
		return true;
	sock->kind = 'c';
	sock->id = peer.id;
	sock->local = peer.local;
	sock->peer = peer.peer;
	return true;
}

int shim_connect_place(int fd, const char *owner, const char *place)
{
	struct sockaddr_un un;
	socklen_t len = shim_place(&un, owner, place);
	int tries = ATTACH_TRIES;

	while (syscall(SYS_connect, fd, &un, len)) {
		if ((errno != EAGAIN && errno != EINTR) || !tries--)
			return errno == ECONNREFUSED ? ENETDOWN : errno;
		poll(NULL, 0, 1);
	}
	if (shim_peer_trusted(fd))
		return 0;
	syscall(SYS_shutdown, fd, SHUT_RDWR);	/* it may not be closed, and written to */
	return ENETDOWN;
}

/* Sends @call with the descriptor that it is about, unless that is -1, and gets the
 * reply. 0 or an errno. */
static int exchange(int fd, int about, const struct shim_call *call,
		    struct shim_reply *reply)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr cmsg;
	} rights = { .cmsg = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (void *)call, SHIM_CALL_LEN(call) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = rights.buf,
			      .msg_controllen = sizeof(rights.buf) };
	ssize_t n;

	memcpy(CMSG_DATA(&rights.cmsg), &about, sizeof(about));
	if (about < 0)
		msg.msg_controllen = 0;
	if (syscall(SYS_sendmsg, fd, &msg, MSG_NOSIGNAL) < 0)
		return errno == ETOOMANYREFS ? ENOBUFS : ENETDOWN;
	do {
		n = syscall(SYS_recvfrom, fd, reply, sizeof(*reply), 0, NULL, NULL);
	} while (n < 0 && errno == EINTR);
	return n < (ssize_t)offsetof(struct shim_reply, data) ? ENETDOWN : 0;
}

int shim_call_start(const struct shim_socket *sock, const struct shim_call *call,
		    struct shim_reply *reply)
{
	int err, fd = (int)syscall(SYS_socket, AF_UNIX,
				   SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	err = shim_connect_place(fd, sock->own.owner, "control");
	if (!err)
		err = exchange(fd, sock->fd, call, reply);
	if (!err)
		return fd;
	close(fd);
	errno = err;
	return -1;
}

int shim_call(const struct shim_socket *sock, struct shim_call *call,
	      struct shim_reply *reply)
{
	int fd, before, saved = errno;

	call->id = sock->id;
	call->kind = (uint32_t)sock->kind;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	fd = shim_call_start(sock, call, reply);
	if (fd < 0)
		reply->err = errno;
	else
		close(fd);
	pthread_setcancelstate(before, NULL);
	errno = saved;
	return reply->err;
}

int shim_why(const struct shim_socket *sock, int err)
{
	struct shim_call call = { .op = SHIM_SO_ERROR };
	struct shim_reply reply;
	int why = 0;

	if (sock->kind != 's' || shim_call(sock, &call, &reply) ||
	    reply.len != sizeof(why))
		return err;
	memcpy(&why, reply.data, sizeof(why));
	return why ? why : err;
}

void shim_send_prologue(int fd, uint64_t id, uint32_t total)
{
	static char zeros[SHIM_FILL];
	const int sndbuf = SHIM_SNDBUF;
	char start[SHIM_PROLOGUE];
	struct iovec iov[] = {
		{ start, sizeof(start) }, { zeros, total - sizeof(start) },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	shim_prologue(start, id, total);
	/* Of a connection that has failed by now: its error is told later. */
	syscall(SYS_sendmsg, fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int shim_attach(int fd, const struct shim_socket *sock, uint32_t total)
{
	int err = shim_connect_place(fd, sock->own.owner, "stream");

	if (!err)
		shim_send_prologue(fd, sock->id, total);
	return err;
}

void shim_copy_out(const void *value, socklen_t len, void *out, socklen_t *room)
{
	if (*room)
		memcpy(out, value, len < *room ? len : *room);
	*room = len;
}
