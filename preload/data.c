/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls that move bytes. They go straight to the kernel; what is done here is to give
 * errors their name in TCP, and to keep the names of AF_UNIX from the program.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload.h"

/* The program has filtered its system calls: who asked the kernel what a descriptor is
 * might be ended for it, as sshd's process without rights would. It goes on to read and
 * write, without asking. Never taken back, as the filter never is. */
static bool filtered;

static bool may_ask(void)
{
	return !__atomic_load_n(&filtered, __ATOMIC_RELAXED);
}

/* After a filter may_ask() says no. */
SHIM_EXPORT int prctl(int option, ...)
{
	unsigned long args[4];
	va_list ap;
	int i, ret;

	va_start(ap, option);
	for (i = 0; i < 4; i++)
		args[i] = va_arg(ap, unsigned long);
	va_end(ap);
	ret = shim_next_prctl()(option, args[0], args[1], args[2], args[3]);
	if (option == PR_SET_SECCOMP && !ret)
		__atomic_store_n(&filtered, true, __ATOMIC_RELAXED);
	return ret;
}

/* The result of a call that received. */
static ssize_t received(int fd, ssize_t n)
{
	struct shim_socket sock;
	int err = errno;

	if (n >= 0 || (err != EINVAL && err != ECONNRESET) || !may_ask())
		return n;
	if (shim_identify(fd, &sock)) {
		if (err == ECONNRESET)
			err = shim_why(&sock, err);
		else if (!sock.attached)
			err = ENOTCONN;
	}
	errno = err;
	return n;
}

/* The result of a call that sent. */
static ssize_t sent(int fd, ssize_t n, int flags)
{
	struct shim_socket sock;
	int err = errno;

	if (n >= 0 || (err != ENOTCONN && err != ECONNRESET) || !may_ask())
		return n;
	if (shim_identify(fd, &sock)) {
		if (err == ECONNRESET) {
			err = shim_why(&sock, err);
		} else {
			err = EPIPE;
			if (!(flags & MSG_NOSIGNAL))
				raise(SIGPIPE);
		}
	}
	errno = err;
	return n;
}

SHIM_EXPORT ssize_t write(int fd, const void *buf, size_t len)
{
	return sent(fd, shim_next_write()(fd, buf, len), 0);
}

SHIM_EXPORT ssize_t writev(int fd, const struct iovec *iov, int n)
{
	return sent(fd, shim_next_writev()(fd, iov, n), 0);
}

SHIM_EXPORT ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	return sent(fd, shim_next_send()(fd, buf, len, flags), flags);
}

SHIM_EXPORT ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct shim_socket sock;

	if (msg && (msg->msg_name || msg->msg_controllen) && shim_is_dgram(fd, &sock))
		return shim_dgram_send(fd, &sock, msg, flags);
	return sent(fd, shim_next_sendmsg()(fd, msg, flags), flags);
}

/* A connected stream's sendto() goes to its peer, whatever is said. */
SHIM_EXPORT ssize_t sendto(int fd, const void *buf, size_t len, int flags,
			   const struct sockaddr *addr, socklen_t addrlen)
{
	struct iovec iov = { (void *)buf, len };
	struct msghdr msg = { .msg_name = (void *)addr, .msg_namelen = addrlen,
			      .msg_iov = &iov, .msg_iovlen = 1 };
	struct shim_socket sock;

	if (addr && shim_identify(fd, &sock)) {
		if (sock.kind == 'd')
			return shim_dgram_send(fd, &sock, &msg, flags);
		addr = NULL;
	}
	return sent(fd, shim_next_sendto()(fd, buf, len, flags, addr,
					   addr ? addrlen : 0), flags);
}

/* MSG_TRUNC throws away what it reads of a stream. */
static ssize_t stream_recv(int fd, void *buf, size_t len, int flags)
{
	char waste[4096];

	if (!(flags & MSG_TRUNC))
		return shim_next_recv()(fd, buf, len, flags);
	return shim_next_recv()(fd, waste, len < sizeof(waste) ? len : sizeof(waste),
				flags & ~MSG_TRUNC);
}

/* A datagram into one buffer. */
static ssize_t dgram_recv(int fd, const struct shim_socket *sock, struct iovec iov,
			  int flags, struct msghdr *msg)
{
	msg->msg_iov = &iov;
	msg->msg_iovlen = 1;
	return shim_dgram_recv(fd, sock, msg, flags);
}

/* Whether it is a datagram socket is one question to the kernel, for each read() of any
 * file; without it, what is in front of a datagram would take the place of its end. */
SHIM_EXPORT ssize_t read(int fd, void *buf, size_t len)
{
	struct shim_socket sock;
	struct msghdr msg = { 0 };

	if (may_ask() && shim_is_dgram(fd, &sock))
		return dgram_recv(fd, &sock, (struct iovec){ buf, len }, 0, &msg);
	return received(fd, shim_next_read()(fd, buf, len));
}

SHIM_EXPORT ssize_t readv(int fd, const struct iovec *iov, int n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)iov,
			      .msg_iovlen = n > 0 ? (size_t)n : 0 };
	struct shim_socket sock;

	if (iov && may_ask() && shim_is_dgram(fd, &sock))
		return shim_dgram_recv(fd, &sock, &msg, 0);
	return received(fd, shim_next_readv()(fd, iov, n));
}

SHIM_EXPORT ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	struct shim_socket sock;
	struct msghdr msg = { 0 };

	if (shim_is_dgram(fd, &sock))
		return dgram_recv(fd, &sock, (struct iovec){ buf, len }, flags, &msg);
	if ((flags & MSG_TRUNC) && shim_identify(fd, &sock))
		return received(fd, stream_recv(fd, buf, len, flags));
	return received(fd, shim_next_recv()(fd, buf, len, flags));
}

/* Of a stream it names nobody, of a datagram its sender. */
SHIM_EXPORT ssize_t recvfrom(int fd, void *buf, size_t len, int flags,
			     struct sockaddr *addr, socklen_t *addrlen)
{
	struct msghdr msg = { .msg_name = addrlen ? addr : NULL,
			      .msg_namelen = addr && addrlen ? *addrlen : 0 };
	struct shim_socket sock;
	ssize_t n;

	if (shim_is_dgram(fd, &sock)) {
		n = dgram_recv(fd, &sock, (struct iovec){ buf, len }, flags, &msg);
		if (n >= 0 && msg.msg_name)
			*addrlen = msg.msg_namelen;
		return n;
	}
	if ((!addr && !(flags & MSG_TRUNC)) || !shim_identify(fd, &sock))
		return received(fd, shim_next_recvfrom()(fd, buf, len, flags, addr,
							 addrlen));
	n = received(fd, stream_recv(fd, buf, len, flags));
	if (n >= 0 && addr && addrlen)
		*addrlen = 0;
	return n;
}

/* The same. */
SHIM_EXPORT ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct shim_socket sock;
	struct msghdr own;
	ssize_t n;

	if (msg && (flags & MSG_ERRQUEUE) && shim_identify(fd, &sock))
		return shim_errqueue(&sock, msg, flags);
	if (msg && shim_is_dgram(fd, &sock))
		return shim_dgram_recv(fd, &sock, msg, flags);
	if (!msg || !msg->msg_name || !shim_identify(fd, &sock))
		return received(fd, shim_next_recvmsg()(fd, msg, flags));
	own = *msg;
	own.msg_name = NULL;
	own.msg_namelen = 0;
	n = received(fd, shim_next_recvmsg()(fd, &own, flags));
	if (n < 0)
		return n;
	own.msg_name = msg->msg_name;
	*msg = own;
	return n;
}

/* One after another; it waits for the first only, if at all. */
SHIM_EXPORT int recvmmsg(int fd, struct mmsghdr *vec, unsigned int n, int flags,
			 struct timespec *timeout)
{
	struct shim_socket sock;
	unsigned int i;
	ssize_t got;

	if (!vec || !shim_is_dgram(fd, &sock))
		return shim_next_recvmmsg()(fd, vec, n, flags, timeout);
	for (i = 0; i < n; i++) {
		got = shim_dgram_recv(fd, &sock, &vec[i].msg_hdr,
				      flags & ~MSG_WAITFORONE);
		if (got < 0)
			return i ? (int)i : -1;
		vec[i].msg_len = (unsigned int)got;
		if (timeout || (flags & MSG_WAITFORONE))
			flags |= MSG_DONTWAIT;
	}
	return (int)i;
}

/* One after another. */
SHIM_EXPORT int sendmmsg(int fd, struct mmsghdr *vec, unsigned int n, int flags)
{
	struct shim_socket sock;
	unsigned int i;
	ssize_t done;

	if (!vec || !shim_is_dgram(fd, &sock))
		return shim_next_sendmmsg()(fd, vec, n, flags);
	for (i = 0; i < n; i++) {
		done = sendmsg(fd, &vec[i].msg_hdr, flags);
		if (done < 0)
			return i ? (int)i : -1;
		vec[i].msg_len = (unsigned int)done;
	}
	return (int)i;
}

/* The same of programs built with _FORTIFY_SOURCE: where the length is too large for
 * the buffer, libc ends them. */
SHIM_EXPORT ssize_t __read_chk(int fd, void *buf, size_t len, size_t size)
{
	if (len > size)
		return shim_next___read_chk()(fd, buf, len, size);
	return read(fd, buf, len);
}

SHIM_EXPORT ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size,
			       int flags)
{
	if (len > size)
		return shim_next___recv_chk()(fd, buf, len, size, flags);
	return recv(fd, buf, len, flags);
}

SHIM_EXPORT ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size,
				   int flags, struct sockaddr *addr,
				   socklen_t *addrlen)
{
	if (len > size)
		return shim_next___recvfrom_chk()(fd, buf, len, size, flags, addr,
						  addrlen);
	return recvfrom(fd, buf, len, flags, addr, addrlen);
}
