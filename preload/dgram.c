/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datagrams: messages of the AF_UNIX socket, some of which have an address in front
 * (protocol.h). A message is looked at before it is taken, since only a place for what
 * is in front keeps the program's buffer for the datagram.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload.h"

#define PIECES 64		/* of a program's message; more are EMSGSIZE */
#define LONGEST 65507

bool shim_is_dgram(int fd, struct shim_socket *sock)
{
	int type = 0, err = errno;
	socklen_t len = sizeof(type);

	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len))
		errno = err;
	return type == SOCK_SEQPACKET && shim_identify(fd, sock) && sock->kind == 'd';
}

/* Is there something in front of the @n bytes at @head? */
static bool headed(const struct shim_dgram *head, ssize_t n)
{
	return n >= (ssize_t)sizeof(*head) && head->control_len <= SHIM_CONTROL &&
	       !memcmp(head->magic, SHIM_MAGIC, sizeof(head->magic));
}

/* The next message's head. Return: 1 it has one, 0 it has none, -1 with errno. */
static int look(int fd, struct shim_dgram *head, int flags)
{
	ssize_t n = shim_next_recv()(fd, head, sizeof(*head),
				     (flags & MSG_DONTWAIT) | MSG_PEEK);

	return n < 0 ? -1 : headed(head, n);
}

/* The address of a datagram, for who wants it. */
static void name_out(const struct shim_socket *sock, const struct shim_dgram *head,
		     struct msghdr *msg)
{
	struct shim_call call = { .op = SHIM_PEERNAME };
	struct shim_reply reply;

	if (!msg->msg_name)
		return;
	if (head)
		shim_copy_out(&head->addr, sizeof(head->addr), msg->msg_name,
			      &msg->msg_namelen);
	else if (!shim_call(sock, &call, &reply))
		shim_copy_out(reply.data, reply.len, msg->msg_name,
			      &msg->msg_namelen);
	else
		msg->msg_namelen = 0;
}

/* Takes a message that has @head. */
static ssize_t take_headed(int fd, const struct shim_dgram *head, struct msghdr *msg,
			   int flags)
{
	char front[sizeof(*head) + SHIM_CONTROL];
	size_t len = sizeof(*head) + head->control_len, room = msg->msg_controllen;
	struct iovec iov[PIECES + 1] = { { front, len } };
	struct msghdr all = { .msg_iov = iov, .msg_iovlen = msg->msg_iovlen + 1 };
	ssize_t n;

	memcpy(iov + 1, msg->msg_iov, msg->msg_iovlen * sizeof(*iov));
	n = shim_next_recvmsg()(fd, &all, flags);
	if (n < (ssize_t)len)
		return n < 0 ? n : 0;
	msg->msg_flags = all.msg_flags;
	msg->msg_controllen = head->control_len;
	if (head->control_len > room) {
		msg->msg_controllen = 0;
		msg->msg_flags |= MSG_CTRUNC;
	} else if (head->control_len) {
		memcpy(msg->msg_control, front + sizeof(*head), head->control_len);
	}
	return n - (ssize_t)len;
}

ssize_t shim_dgram_recv(int fd, const struct shim_socket *sock, struct msghdr *msg,
			int flags)
{
	struct shim_dgram head;
	struct msghdr bare;
	ssize_t n;
	int has;

	if (msg->msg_iovlen > PIECES) {
		errno = EMSGSIZE;
		return -1;
	}
	has = look(fd, &head, flags);
	if (has < 0)
		return -1;
	if (has && head.err) {
		shim_next_recv()(fd, &head, sizeof(head), MSG_DONTWAIT);
		errno = head.err;
		return -1;
	}
	if (has) {
		n = take_headed(fd, &head, msg, flags);
	} else {
		bare = *msg;
		bare.msg_name = NULL;
		bare.msg_namelen = 0;
		bare.msg_control = NULL;
		bare.msg_controllen = 0;
		n = shim_next_recvmsg()(fd, &bare, flags);
		msg->msg_flags = bare.msg_flags;
		msg->msg_controllen = 0;
	}
	if (n >= 0)
		name_out(sock, has ? &head : NULL, msg);
	return n;
}

/* What sendmsg() refuses of datagrams. 0 or an errno. */
static int refused(const struct msghdr *msg)
{
	const struct sockaddr_in *addr = msg->msg_name;
	size_t i, len = 0;

	if (msg->msg_iovlen > PIECES || msg->msg_controllen > SHIM_CONTROL)
		return EMSGSIZE;
	for (i = 0; i < msg->msg_iovlen; i++)
		len += msg->msg_iov[i].iov_len;
	if (len > LONGEST)
		return EMSGSIZE;
	if (addr && msg->msg_namelen < sizeof(*addr))
		return EINVAL;
	if (addr && addr->sin_family != AF_INET && addr->sin_family != AF_UNSPEC)
		return EAFNOSUPPORT;
	if (addr && !addr->sin_port)
		return EINVAL;
	return 0;
}

ssize_t shim_dgram_send(int fd, const struct msghdr *msg, int flags)
{
	struct shim_dgram head = { .control_len = (uint32_t)msg->msg_controllen };
	struct iovec iov[PIECES + 2] = {
		{ &head, sizeof(head) }, { msg->msg_control, msg->msg_controllen },
	};
	struct msghdr all = { .msg_iov = iov, .msg_iovlen = msg->msg_iovlen + 2 };
	size_t front = sizeof(head) + msg->msg_controllen;
	int err = refused(msg);
	ssize_t n;

	if (err) {
		errno = err;
		return -1;
	}
	memcpy(head.magic, SHIM_MAGIC, sizeof(head.magic));
	if (msg->msg_name)
		memcpy(&head.addr, msg->msg_name, sizeof(head.addr));
	memcpy(iov + 2, msg->msg_iov, msg->msg_iovlen * sizeof(*iov));
	n = shim_next_sendmsg()(fd, &all, flags);
	return n < (ssize_t)front ? n : n - (ssize_t)front;
}

int shim_dgram_next(int fd)
{
	struct shim_dgram head;
	int err = errno;
	ssize_t n = shim_next_recv()(fd, &head, sizeof(head),
				     MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

	errno = err;
	if (n <= 0)
		return 0;
	return (int)(headed(&head, n) ? n - (ssize_t)(sizeof(head) + head.control_len) :
					n);
}
