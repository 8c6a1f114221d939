/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datagrams: messages of the AF_UNIX socket, some of which have an address in front
 * (protocol.h).
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload.h"

#define PIECES 64		/* of a program's message; more are EMSGSIZE */
#define LONGEST 65535		/* less of UDP */
#define UDP_LONGEST 65507

bool shim_is_dgram(int fd, struct shim_socket *sock)
{
	int type = 0, err = errno;
	socklen_t len = sizeof(type);

	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &len))
		errno = err;
	return type == SOCK_SEQPACKET && shim_identify(fd, sock) && sock->kind == 'd';
}

/* Is there something in front of the @n bytes at @head? */
static bool headed(const struct shim_socket *sock, const struct shim_dgram *head, ssize_t n)
{
	return n >= (ssize_t)sizeof(*head) && head->control_len <= SHIM_CONTROL &&
	       head->mark == sock->own.mark;
}

/* Copies @len bytes from place @at of the pieces to @buf, or the other way. */
static void copy(const struct iovec *iov, size_t at, char *buf, size_t len, bool out)
{
	size_t n;

	for (; len; iov++) {
		if (at >= iov->iov_len) {
			at -= iov->iov_len;
			continue;
		}
		n = iov->iov_len - at < len ? iov->iov_len - at : len;
		if (out)
			memcpy(buf, (char *)iov->iov_base + at, n);
		else
			memcpy((char *)iov->iov_base + at, buf, n);
		buf += n;
		len -= n;
		at = 0;
	}
}

/* Moves @len bytes of the pieces from place @from to place @to. */
static void move(const struct iovec *iov, size_t from, size_t to, size_t len)
{
	char buf[512];
	size_t done, n, at;

	for (done = 0; done < len; done += n) {
		n = len - done < sizeof(buf) ? len - done : sizeof(buf);
		at = to < from ? done : len - done - n;
		copy(iov, from + at, buf, n, true);
		copy(iov, to + at, buf, n, false);
	}
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

/* Control messages, for who wants them. */
static void control_out(const struct iovec *iov, size_t len, struct msghdr *msg)
{
	if (len > msg->msg_controllen) {
		msg->msg_flags |= MSG_CTRUNC;
		len = 0;
	}
	copy(iov, 0, msg->msg_control, len, true);
	msg->msg_controllen = len;
}

/* An error is taken, also by who only looks. One of several readers may take what is
 * another's then: a datagram is lost, as they are. */
static ssize_t fail(int fd, const struct shim_dgram *head, int flags)
{
	char byte;

	if (flags & MSG_PEEK)
		shim_next_recv()(fd, &byte, 1, MSG_DONTWAIT);
	errno = head->err;
	return -1;
}

/*
 * Who sees the end of a descriptor must know whether its program or the owner's death
 * made it. The descriptor remembers the former itself, for all that have it, by a
 * priority, which means nothing to AF_UNIX (the program's own is the owner's).
 */
#define READ_NO_MORE 1

void shim_dgram_read_no_more(int fd)
{
	const int mark = READ_NO_MORE;

	syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_PRIORITY, &mark, sizeof(mark));
}

/* Nothing was read: an empty datagram, or the end, which is the owner's unless it knows
 * the socket still, or the program reads no more. */
static bool owner_is_gone(int fd, const struct shim_socket *sock)
{
	struct shim_call call = { .op = SHIM_SOCKNAME };
	struct pollfd p = { .fd = fd };
	struct shim_reply reply;
	socklen_t len = sizeof(int);
	int mark = 0;

	syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_PRIORITY, &mark, &len);
	return mark != READ_NO_MORE && poll(&p, 1, 0) > 0 && (p.revents & POLLHUP) &&
	       shim_call(sock, &call, &reply);
}

/*
 * It is taken at one go, so that each of several readers has a whole one: the first
 * bytes to @head, which is what they are in most cases, the last to @tail, as many as
 * the control messages may have moved it. Then it is moved to its place.
 */
ssize_t shim_dgram_recv(int fd, const struct shim_socket *sock, struct msghdr *msg,
			int flags)
{
	struct shim_dgram head;
	char tail[SHIM_CONTROL];
	struct iovec iov[PIECES + 2] = { { &head, sizeof(head) } };
	struct msghdr all = { .msg_iov = iov, .msg_iovlen = msg->msg_iovlen + 2 };
	size_t i, room = 0, len;
	bool has;
	ssize_t n;

	if (msg->msg_iovlen > PIECES) {
		errno = EMSGSIZE;
		return -1;
	}
	for (i = 0; i < msg->msg_iovlen; i++)
		room += msg->msg_iov[i].iov_len;
	memcpy(iov + 1, msg->msg_iov, msg->msg_iovlen * sizeof(*iov));
	iov[msg->msg_iovlen + 1] = (struct iovec){ tail, sizeof(tail) };
	n = shim_next_recvmsg()(fd, &all, flags | MSG_TRUNC);
	has = headed(sock, &head, n);
	if (n < 0 || (has && head.err))
		return n < 0 ? n : fail(fd, &head, flags);
	if (!n && owner_is_gone(fd, sock)) {
		errno = ENETDOWN;
		return -1;
	}
	len = (size_t)n - (has ? sizeof(head) + head.control_len : 0);
	msg->msg_flags = len > room ? MSG_TRUNC : 0;
	n = (ssize_t)(flags & MSG_TRUNC || len < room ? len : room);
	len = len < room ? len : room;
	control_out(iov + 1, has ? head.control_len : 0, msg);
	if (has && head.control_len) {
		move(iov + 1, head.control_len, 0, len);
	} else if (!has) {
		i = len < sizeof(head) ? len : sizeof(head);
		move(iov + 1, 0, i, len - i);
		copy(iov + 1, 0, (char *)&head, i, false);
	}
	name_out(sock, has ? &head : NULL, msg);
	return n;
}

/* What sendmsg() refuses of datagrams. 0 or an errno. */
static int refused(const struct shim_socket *sock, const struct msghdr *msg)
{
	const struct sockaddr_in *addr = msg->msg_name;
	bool udp = sock->own.protocol == IPPROTO_UDP && sock->own.type == SOCK_DGRAM;
	size_t i, len = 0;

	if (msg->msg_iovlen > PIECES || msg->msg_controllen > SHIM_CONTROL)
		return EMSGSIZE;
	for (i = 0; i < msg->msg_iovlen; i++)
		len += msg->msg_iov[i].iov_len;
	if (len > (udp ? UDP_LONGEST : LONGEST))
		return EMSGSIZE;
	if (addr && msg->msg_namelen < sizeof(*addr))
		return EINVAL;
	if (addr && addr->sin_family != AF_INET && addr->sin_family != AF_UNSPEC)
		return EAFNOSUPPORT;
	if (addr && udp && !addr->sin_port)
		return EINVAL;
	return 0;
}

ssize_t shim_dgram_send(int fd, const struct shim_socket *sock,
			const struct msghdr *msg, int flags)
{
	struct shim_dgram head = { .mark = sock->own.mark,
				   .control_len = (uint32_t)msg->msg_controllen };
	struct iovec iov[PIECES + 2] = {
		{ &head, sizeof(head) }, { msg->msg_control, msg->msg_controllen },
	};
	struct msghdr all = { .msg_iov = iov, .msg_iovlen = msg->msg_iovlen + 2 };
	size_t front = sizeof(head) + msg->msg_controllen;
	int err = refused(sock, msg);
	int hosts = err ? 0 : shim_loopback(sock, msg->msg_name, msg->msg_namelen, false);
	ssize_t n;

	if (hosts)
		return hosts < 0 ? -1 : shim_next_sendmsg()(fd, msg, flags);
	if (err) {
		errno = err;
		return -1;
	}
	if (msg->msg_name)
		memcpy(&head.addr, msg->msg_name, sizeof(head.addr));
	memcpy(iov + 2, msg->msg_iov, msg->msg_iovlen * sizeof(*iov));
	n = shim_next_sendmsg()(fd, &all, flags);
	return n < (ssize_t)front ? n : n - (ssize_t)front;
}

ssize_t shim_errqueue(const struct shim_socket *sock, struct msghdr *msg, int flags)
{
	struct shim_call call = { .op = SHIM_ERRQUEUE, .value = flags };
	struct shim_errqueue head;
	struct shim_reply reply;
	size_t i, room = 0, len;
	char *p = (char *)reply.data + sizeof(head);
	int err = shim_call(sock, &call, &reply);

	if (err) {
		errno = err == ENOENT ? EAGAIN : err;
		return -1;
	}
	memcpy(&head, reply.data, sizeof(head));
	msg->msg_flags = (int)head.flags;
	if (head.control_len > msg->msg_controllen)
		msg->msg_flags |= MSG_CTRUNC;
	else if (head.control_len)
		memcpy(msg->msg_control, p, head.control_len);
	msg->msg_controllen = msg->msg_flags & MSG_CTRUNC ? 0 : head.control_len;
	if (msg->msg_name && head.addr.sin_family == AF_INET)
		shim_copy_out(&head.addr, sizeof(head.addr), msg->msg_name,
			      &msg->msg_namelen);
	else
		msg->msg_namelen = 0;
	for (i = 0; i < msg->msg_iovlen; i++)
		room += msg->msg_iov[i].iov_len;
	len = head.len < room ? head.len : room;
	if (len < head.len)
		msg->msg_flags |= MSG_TRUNC;
	copy(msg->msg_iov, 0, p + head.control_len, len, false);
	return (ssize_t)len;
}

int shim_dgram_next(int fd, const struct shim_socket *sock)
{
	struct shim_dgram head;
	int err = errno;
	ssize_t n = shim_next_recv()(fd, &head, sizeof(head),
				     MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);

	errno = err;
	if (n <= 0)
		return 0;
	return (int)(headed(sock, &head, n) ? n - (ssize_t)(sizeof(head) + head.control_len) :
					n);
}
