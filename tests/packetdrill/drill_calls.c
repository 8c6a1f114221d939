/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of sockets. The stack is simulated and never waits: a call that would
 * block is tried again whenever something has happened. A descriptor that is not of
 * the stack (a pipe) is the system's.
 */
#include "drill.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "interface.h"


/* A call answered @ret. Return: whether to try it once more. */
static bool again(const struct drill_file *f, ssize_t ret, int flags)
{
	return ret < 0 && errno == EAGAIN && !f->nonblock &&
	       !(flags & MSG_DONTWAIT) && drill_wait(DRILL_NEVER);
}

u64 drill_deadline(int timeout_ms)
{
	return timeout_ms < 0 ? DRILL_NEVER :
		drill.now_ns + (u64)timeout_ms * NS_PER_MS;
}

/* ---- making and closing ------------------------------------------------ */

static int call_socket(void *ud __maybe_unused, int family, int type, int protocol)
{
	struct socket *sock;

	drill_enter();
	drill_read_knobs();
	drill_read_device();
	sock = inet_socket(drill.net, family, type | SOCK_NONBLOCK, protocol);
	return (int)drill_leave(sock ? drill_fd_new(sock, NULL, type & SOCK_NONBLOCK) :
			  -1);
}

static int call_bind(void *ud __maybe_unused, int fd, const struct sockaddr *addr,
		     socklen_t len)
{
	struct drill_file *f;

	drill_enter();
	f = drill_socket(fd);
	return (int)drill_leave(f ? inet_bind(f->sock, addr, len) : -1);
}

static int call_listen(void *ud __maybe_unused, int fd, int backlog)
{
	struct drill_file *f;

	drill_enter();
	f = drill_socket(fd);
	return (int)drill_leave(f ? inet_listen(f->sock, backlog) : -1);
}

static int call_accept(void *ud __maybe_unused, int fd, struct sockaddr *addr,
		       socklen_t *len)
{
	struct socket *sock = NULL;
	struct drill_file *f;

	drill_enter();
	f = drill_socket(fd);
	if (f)
		do
			sock = inet_accept4(f->sock, addr, len, SOCK_NONBLOCK);
		while (again(f, sock ? 0 : -1, 0));
	return (int)drill_leave(sock ? drill_fd_new(sock, NULL, false) : -1);
}

/* One that blocks asks until it knows. */
static int call_connect(void *ud __maybe_unused, int fd, const struct sockaddr *addr,
			socklen_t len)
{
	struct drill_file *f;
	int ret = -1;

	drill_enter();
	f = drill_socket(fd);
	if (!f)
		return (int)drill_leave(-1);
	do {
		ret = inet_connect(f->sock, addr, len);
		if (ret && !f->nonblock &&
		    (errno == EINPROGRESS || errno == EALREADY))
			errno = EAGAIN;
	} while (again(f, ret, 0));
	return (int)drill_leave(ret);
}

static int call_close(void *ud __maybe_unused, int fd)
{
	drill_enter();
	return (int)drill_leave(drill_fd_close(fd));
}

static int call_shutdown(void *ud __maybe_unused, int fd, int how)
{
	struct drill_file *f;

	drill_enter();
	f = drill_socket(fd);
	return (int)drill_leave(f ? inet_shutdown(f->sock, how) : -1);
}

/* ---- receiving --------------------------------------------------------- */

static ssize_t call_recvmsg(void *ud __maybe_unused, int fd, struct msghdr *msg,
			    int flags)
{
	struct drill_file *f;
	struct msghdr given;
	ssize_t n = -1;

	drill_enter();
	f = drill_socket(fd);
	if (f) {
		given = *msg;
		do {
			*msg = given;
			n = inet_recvmsg(f->sock, msg, flags);
		} while (!(flags & MSG_ERRQUEUE) && again(f, n, flags));
	}
	return drill_leave(n);
}

static ssize_t call_recvfrom(void *ud, int fd, void *buf, size_t len, int flags,
			     struct sockaddr *addr, socklen_t *alen)
{
	struct iovec iov = { buf, len };
	struct msghdr msg = {
		.msg_name = addr, .msg_namelen = alen ? *alen : 0,
		.msg_iov = &iov, .msg_iovlen = 1,
	};
	ssize_t n = call_recvmsg(ud, fd, &msg, flags);

	if (n >= 0 && alen)
		*alen = msg.msg_namelen;
	return n;
}

static ssize_t call_recv(void *ud, int fd, void *buf, size_t len, int flags)
{
	return call_recvfrom(ud, fd, buf, len, flags, NULL, NULL);
}

static ssize_t call_readv(void *ud, int fd, const struct iovec *iov, int nr)
{
	struct msghdr msg = {
		.msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)nr,
	};

	if (!drill_file(fd))
		return readv(fd, iov, nr);
	return call_recvmsg(ud, fd, &msg, 0);
}

static ssize_t call_read(void *ud, int fd, void *buf, size_t len)
{
	const struct iovec iov = { buf, len };

	return call_readv(ud, fd, &iov, 1);
}

/* ---- sending ----------------------------------------------------------- */

/* Takes the first @n octets off @msg, whose iovec is the caller's. */
static void advance(struct msghdr *msg, size_t n)
{
	while (n) {
		struct iovec *v = msg->msg_iov;
		size_t part = n < v->iov_len ? n : v->iov_len;

		v->iov_base = (char *)v->iov_base + part;
		v->iov_len -= part;
		n -= part;
		if (!v->iov_len) {
			msg->msg_iov++;
			msg->msg_iovlen--;
		}
	}
}

static size_t octets(const struct msghdr *msg)
{
	size_t len = 0;

	for (size_t i = 0; i < msg->msg_iovlen; i++)
		len += msg->msg_iov[i].iov_len;
	return len;
}

/* Has the SYN not been answered? */
static bool is_opening(const struct drill_file *f)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	return !inet_getsockopt(f->sock, IPPROTO_TCP, TCP_INFO, &info, &len) &&
	       info.tcpi_state == TCP_SYN_SENT;
}

/* A call that blocks and whose text went with the SYN waits for the answer. -1 and
 * errno: there is no connection. */
static int wait_open(struct drill_file *f, int flags)
{
	int err = 0;
	socklen_t len = sizeof(err);

	if (!is_opening(f))
		return 0;
	do
		errno = EAGAIN;
	while (again(f, -1, flags) && is_opening(f));
	if (is_opening(f))
		return 0;
	(void)inet_getsockopt(f->sock, SOL_SOCKET, SO_ERROR, &err, &len);
	errno = err;
	return err ? -1 : 0;
}

/* A writer that waits has more to say: what it is answered it need not acknowledge
 * before that. */
static void is_waiting_writer(struct drill_file *f)
{
	int off = 0;

	if (is_opening(f))
		(void)inet_setsockopt(f->sock, IPPROTO_TCP, TCP_QUICKACK, &off,
				      sizeof(off));
}

/* As again(), of a call that has octets left: it is woken when there is room, not as
 * soon as one more would do. */
static bool again_with_room(struct drill_file *f, int flags)
{
	if (errno != EAGAIN || f->nonblock || (flags & MSG_DONTWAIT))
		return false;
	do
		if (!drill_wait(DRILL_NEVER))
			return false;
	while (!drill_ready(f, POLLOUT));
	return true;
}

/* A call that blocks sends all. */
static ssize_t send_all(struct drill_file *f, struct msghdr *msg, int flags)
{
	size_t len = octets(msg), sent = 0;
	ssize_t n;

	do {
		n = inet_sendmsg(f->sock, msg, flags);
		if (n < 0 && errno == EINPROGRESS && !f->nonblock &&
		    !(flags & MSG_DONTWAIT)) {
			flags &= ~MSG_FASTOPEN;
			errno = EAGAIN;
		}
		if (n > 0 && (size_t)n < len - sent && !f->nonblock &&
		    !(flags & MSG_DONTWAIT))
			is_waiting_writer(f);
		if (n > 0 && wait_open(f, flags))
			return -1;
		if (n > 0) {
			flags &= ~MSG_FASTOPEN;
			advance(msg, (size_t)n);
			sent += (size_t)n;
			msg->msg_control = NULL;
			msg->msg_controllen = 0;
			if (sent < len)
				errno = EAGAIN;
		}
	} while ((n < 0 || sent < len) && again_with_room(f, flags));
	return sent || n >= 0 ? (ssize_t)sent : -1;
}

static ssize_t call_sendmsg(void *ud __maybe_unused, int fd, const struct msghdr *given,
			    int flags)
{
	struct msghdr msg = *given;
	struct drill_file *f;
	struct iovec *iov;
	ssize_t n = -1;

	drill_enter();
	drill_read_device();
	f = drill_socket(fd);
	if (flags & MSG_FASTOPEN)
		drill_read_knobs();
	iov = calloc(given->msg_iovlen + 1, sizeof(*iov));
	if (f && iov) {
		if (given->msg_iovlen)
			memcpy(iov, given->msg_iov,
			       given->msg_iovlen * sizeof(*iov));
		msg.msg_iov = iov;
		n = send_all(f, &msg, flags);
	}
	n = drill_leave(n);
	free(iov);
	return n;
}

static ssize_t call_sendto(void *ud, int fd, const void *buf, size_t len,
			   int flags, const struct sockaddr *addr, socklen_t alen)
{
	struct iovec iov = { (void *)(uintptr_t)buf, len };
	const struct msghdr msg = {
		.msg_name = (void *)(uintptr_t)addr, .msg_namelen = alen,
		.msg_iov = &iov, .msg_iovlen = 1,
	};

	return call_sendmsg(ud, fd, &msg, flags);
}

static ssize_t call_send(void *ud, int fd, const void *buf, size_t len, int flags)
{
	return call_sendto(ud, fd, buf, len, flags, NULL, 0);
}

static ssize_t call_writev(void *ud, int fd, const struct iovec *iov, int nr)
{
	const struct msghdr msg = {
		.msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)nr,
	};

	if (!drill_file(fd))
		return writev(fd, iov, nr);
	return call_sendmsg(ud, fd, &msg, 0);
}

static ssize_t call_write(void *ud, int fd, const void *buf, size_t len)
{
	const struct iovec iov = { (void *)(uintptr_t)buf, len };

	return call_writev(ud, fd, &iov, 1);
}

/* ---- options ----------------------------------------------------------- */

static int call_getsockopt(void *ud __maybe_unused, int fd, int level, int name,
			   void *val, socklen_t *len)
{
	struct drill_file *f;

	drill_enter();
	f = drill_socket(fd);
	return (int)drill_leave(f ? inet_getsockopt(f->sock, level, name, val, len) :
			  -1);
}

static int call_setsockopt(void *ud __maybe_unused, int fd, int level, int name,
			   const void *val, socklen_t len)
{
	struct drill_file *f;

	drill_enter();
	drill_read_knobs();
	f = drill_socket(fd);
	return (int)drill_leave(f ? inet_setsockopt(f->sock, level, name, val, len) :
			  -1);
}

static int call_fcntl(void *ud __maybe_unused, int fd, int cmd, ...)
{
	struct drill_file *f = drill_file(fd);
	va_list ap;
	int arg;

	va_start(ap, cmd);
	arg = va_arg(ap, int);
	va_end(ap);
	if (!f)
		return fcntl(fd, cmd, arg);
	switch (cmd) {
	case F_GETFL:
		return O_RDWR | (f->nonblock ? O_NONBLOCK : 0);
	case F_SETFL:
		f->nonblock = arg & O_NONBLOCK;
		return 0;
	default:
		return fcntl(fd, cmd, arg);
	}
}

static int call_ioctl(void *ud __maybe_unused, int fd, unsigned long cmd, ...)
{
	struct drill_file *f;
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!drill_file(fd))
		return ioctl(fd, cmd, arg);
	drill_enter();
	f = drill_socket(fd);
	return (int)drill_leave(f ? inet_ioctl(f->sock, cmd, arg) : -1);
}

/* ---- poll -------------------------------------------------------------- */

u32 drill_ready(struct drill_file *f, u32 events)
{
	struct inet_pollfd p = { .sock = f->sock, .events = (short)events };

	if (!f->sock || inet_poll(&p, 1, 0) <= 0)
		return 0;
	return (u32)(unsigned short)p.revents;
}

/* Fills in revents. Return: how many are not 0. */
static int poll_once(struct pollfd *fds, nfds_t nr)
{
	struct drill_file *f;
	int ready = 0;

	for (nfds_t i = 0; i < nr; i++) {
		fds[i].revents = 0;
		if (fds[i].fd < 0)
			continue;
		f = drill_file(fds[i].fd);
		fds[i].revents = f ? (short)drill_ready(f, (u32)fds[i].events) :
				     POLLNVAL;
		ready += fds[i].revents != 0;
	}
	return ready;
}

static int call_poll(void *ud __maybe_unused, struct pollfd *fds, nfds_t nr,
		     int timeout_ms)
{
	u64 end_ns;
	int ready;

	drill_enter();
	end_ns = drill_deadline(timeout_ms);
	do
		ready = poll_once(fds, nr);
	while (!ready && drill_wait(end_ns));
	return (int)drill_leave(ready);
}

void drill_fill_calls(struct packetdrill_interface *ifc)
{
	ifc->socket = call_socket;
	ifc->bind = call_bind;
	ifc->listen = call_listen;
	ifc->accept = call_accept;
	ifc->connect = call_connect;
	ifc->read = call_read;
	ifc->readv = call_readv;
	ifc->recv = call_recv;
	ifc->recvfrom = call_recvfrom;
	ifc->recvmsg = call_recvmsg;
	ifc->write = call_write;
	ifc->writev = call_writev;
	ifc->send = call_send;
	ifc->sendto = call_sendto;
	ifc->sendmsg = call_sendmsg;
	ifc->fcntl = call_fcntl;
	ifc->ioctl = call_ioctl;
	ifc->close = call_close;
	ifc->shutdown = call_shutdown;
	ifc->getsockopt = call_getsockopt;
	ifc->setsockopt = call_setsockopt;
	ifc->poll = call_poll;
	ifc->epoll_ctl = drill_epoll_ctl;
	ifc->epoll_wait = drill_epoll_wait;
}
