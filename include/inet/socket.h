/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of a stack: POSIX's calls with the prefix inet_, on a pointer
 * instead of a descriptor. Constants, structs and errno values are libc's;
 * code written for BSD sockets ports by renaming.
 *
 * Blocking. A new socket blocks, unless type carries SOCK_NONBLOCK or
 * inet_set_nonblock() says so; MSG_DONTWAIT works per call; SO_RCVTIMEO and
 * SO_SNDTIMEO bound a wait (EAGAIN). In embedded mode a blocking call runs
 * the stack while it waits, and fails with EINTR when inet_wake() was called.
 * A signal does not end a wait, nor lengthen it; a handler that wants to calls
 * inet_wake(). In simulated mode nothing blocks.
 *
 * Threads. Threaded mode: any thread, also several on one socket. Embedded
 * and simulated: the stack's one thread.
 */
#ifndef INET_SOCKET_H
#define INET_SOCKET_H

#include <sys/socket.h>
#include <sys/uio.h>

#include <inet/export.h>
#include <inet/inet.h>
#include <inet/types.h>

INET_BEGIN_DECLS

struct socket;
struct mmsghdr;
struct timespec;

/*
 * Creates a socket. @type may carry SOCK_NONBLOCK. Fails with EAFNOSUPPORT,
 * ESOCKTNOSUPPORT, EPROTONOSUPPORT, EINVAL, ENFILE (net.core.max_sockets),
 * ENOMEM.
 */
struct socket *inet_socket(struct net *net, int family, int type, int protocol)
	INET_API;

/* Closes as close(2): TCP sends what is queued and a FIN, or a RST when data
 * was left unread; SO_LINGER decides whether to wait. NULL: EBADF. */
int inet_close(struct socket *sock) INET_API;

int inet_bind(struct socket *sock, const struct sockaddr *addr, socklen_t len)
	INET_API;
int inet_listen(struct socket *sock, int backlog) INET_API;
int inet_connect(struct socket *sock, const struct sockaddr *addr,
		 socklen_t len) INET_API;
/* @flags: SOCK_NONBLOCK for the new socket. NULL with errno on failure. */
struct socket *inet_accept4(struct socket *sock, struct sockaddr *addr,
			    socklen_t *len, int flags) INET_API;
struct socket *inet_accept(struct socket *sock, struct sockaddr *addr,
			   socklen_t *len) INET_API;
int inet_shutdown(struct socket *sock, int how) INET_API;
int inet_getsockname(struct socket *sock, struct sockaddr *addr,
		     socklen_t *len) INET_API;
int inet_getpeername(struct socket *sock, struct sockaddr *addr,
		     socklen_t *len) INET_API;

/* The three send calls meet in __sock_sendmsg(), the three receive calls in
 * sock_recvmsg(). No call raises SIGPIPE: EPIPE is all. */
ssize_t inet_send(struct socket *sock, const void *buf, size_t len, int flags)
	INET_API;
ssize_t inet_sendto(struct socket *sock, const void *buf, size_t len, int flags,
		    const struct sockaddr *addr, socklen_t addrlen) INET_API;
ssize_t inet_sendmsg(struct socket *sock, const struct msghdr *msg, int flags)
	INET_API;
ssize_t inet_recv(struct socket *sock, void *buf, size_t len, int flags)
	INET_API;
ssize_t inet_recvfrom(struct socket *sock, void *buf, size_t len, int flags,
		      struct sockaddr *addr, socklen_t *addrlen) INET_API;
ssize_t inet_recvmsg(struct socket *sock, struct msghdr *msg, int flags)
	INET_API;
int inet_sendmmsg(struct socket *sock, struct mmsghdr *vec, unsigned int n,
		  int flags) INET_API;
/* @timeout as recvmmsg(2), checked after each message. */
int inet_recvmmsg(struct socket *sock, struct mmsghdr *vec, unsigned int n,
		  int flags, struct timespec *timeout) INET_API;

/*
 * inet_recvmsg() without the copy: TCP and UDP sockets lend the packets that the
 * bytes lie in. At most @len bytes; msg->msg_iov has room for msg->msg_iovlen
 * pieces, and both say afterwards where they are: to be read, not written.
 * *@frames is the number to give them back by, 0 when none were lent. What is
 * lent counts against SO_RCVBUF: TCP's window does not open. MSG_PEEK, MSG_OOB and
 * MSG_ERRQUEUE: EOPNOTSUPP. ENOBUFS: too many loans (net.core.optmem_max).
 */
ssize_t inet_recv_frames(struct socket *sock, struct msghdr *msg, size_t len,
			 int flags, u64 *frames) INET_API;
/* Gives back what was lent, once; any thread, also when the socket is closed.
 * inet_destroy() takes back what is still out. 0 is nothing. EINVAL: no such
 * loan. */
int inet_frames_put(struct net *net, u64 frames) INET_API;

int inet_setsockopt(struct socket *sock, int level, int optname,
		    const void *val, socklen_t len) INET_API;
int inet_getsockopt(struct socket *sock, int level, int optname, void *val,
		    socklen_t *len) INET_API;
/* FIONREAD, SIOCINQ, SIOCOUTQ, SIOCATMARK, FIONBIO, SIOCGSTAMP, … */
int inet_ioctl(struct socket *sock, unsigned long cmd, void *arg) INET_API;
int inet_set_nonblock(struct socket *sock, bool nonblock) INET_API;

/* ---- readiness -------------------------------------------------------- */

struct inet_pollfd {
	struct socket *sock;	/* NULL entries are skipped */
	short events;		/* POLLIN, POLLOUT, POLLPRI, … */
	short revents;
};

/* poll(2) over sockets of one stack. @timeout_ms as poll(2). */
int inet_poll(struct inet_pollfd *fds, unsigned int nfds, int timeout_ms)
	INET_API;

/*
 * Calls @cb in the stack's context each time readiness of @sock changes to
 * include any of @events (edge triggered; also once now if it is ready).
 * @events 0 turns it off. The callback may call anything on the socket but a
 * blocking call; it may close it.
 */
typedef void inet_event_cb(struct socket *sock, int revents, void *arg);
int inet_set_event_cb(struct socket *sock, int events, inet_event_cb *cb,
		      void *arg) INET_API;

/*
 * A real descriptor, for an event loop: readable while any of @events is
 * true for the socket (level triggered). It stays the socket's and is closed
 * with it. Ask again with other @events to change them. -1: EMFILE, …
 */
int inet_socket_fd(struct socket *sock, int events) INET_API;

/* The stack a socket belongs to. */
struct net *inet_socket_net(const struct socket *sock) INET_API;

INET_END_DECLS

#endif /* INET_SOCKET_H */
