/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls of programs to the owner, one connection each. The caller waits for the reply,
 * so the call is over in no time; only a connect() that blocks gets a second reply.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "owner.h"

/* A call under way. */
struct caller {
	struct watch watch;	/* first */
	struct caller *next, **prev;
	struct conn *waits;	/* for this one's handshake */
};

/* A process that the owner is there for. */
struct lease {
	struct watch watch;	/* of its pidfd; first */
};

/* ---- one call --------------------------------------------------------- */

/* The socket that is meant, which is made when the program has only just made its
 * own. 0 or an errno. */
static int call_conn(struct owner *o, const struct shim_call *call, bool make,
		     struct conn **c)
{
	struct socket *sock;

	*c = conn_find(o, call->id);
	if (!*c && call->kind == 'd') {
		owner_accept_dgrams(o);
		*c = conn_find(o, call->id);
	}
	if (*c)
		return (*c)->kind == (char)call->kind ? 0 : ENOENT;
	if (!make || call->kind != 's')
		return ENOENT;
	sock = inet_socket(o->net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (!sock)
		return errno;
	*c = conn_new(o, call->id, 's', sock);
	return *c ? 0 : ENOBUFS;
}

static int call_bind(struct owner *o, struct conn *c, const struct shim_call *call)
{
	const struct sockaddr *addr = (const struct sockaddr *)call->data;

	if (!inet_bind(c->sock, addr, call->len))
		return 0;
	if (errno != EADDRINUSE)
		return errno;
	conn_sweep(o, true);	/* its user may be gone */
	return inet_bind(c->sock, addr, call->len) ? errno : 0;
}

/* Connections are handed on from now on. */
static int call_listen(struct conn *c, const struct shim_call *call)
{
	struct sockaddr_in addr = { 0 };
	socklen_t len = sizeof(addr);

	if (inet_listen(c->sock, call->value))
		return errno;
	if (!c->listening) {
		inet_getsockname(c->sock, (struct sockaddr *)&addr, &len);
		c->port = addr.sin_port;
		c->listening = true;
		conn_watch_sock(c);
	}
	return 0;
}

/* Begins to connect; 0 and EINPROGRESS are the good answers. */
static int call_connect(struct conn *c, const struct shim_call *call)
{
	const struct sockaddr *addr = (const struct sockaddr *)call->data;

	if (!inet_connect(c->sock, addr, call->len)) {
		c->connecting = false;
		c->bare = addr->sa_family != AF_UNSPEC;
		conn_watch_sock(c);
		return 0;
	}
	if (errno == EINPROGRESS) {
		c->connecting = true;
		conn_watch_sock(c);
		return EINPROGRESS;
	}
	return errno;
}

static int call_name(struct conn *c, bool peer, struct shim_reply *reply)
{
	struct sockaddr *addr = (struct sockaddr *)reply->data;
	socklen_t len = SHIM_DATA;

	if (peer ? inet_getpeername(c->sock, addr, &len) :
		   inet_getsockname(c->sock, addr, &len))
		return errno;
	reply->len = len;
	return 0;
}

static int call_getsockopt(struct conn *c, const struct shim_call *call,
			   struct shim_reply *reply)
{
	socklen_t len = call->size < SHIM_DATA ? call->size : SHIM_DATA;

	if (inet_getsockopt(c->sock, call->level, call->value, reply->data, &len))
		return errno;
	reply->len = len;
	return 0;
}

static int call_error(struct conn *c, struct shim_reply *reply)
{
	int err = c->err;

	c->err = 0;
	memcpy(reply->data, &err, sizeof(err));
	reply->len = sizeof(err);
	return 0;
}

/* SIOCOUTQ: what the program has sent, and the peer has not acknowledged. */
static int call_ioctl(struct conn *c, const struct shim_call *call,
		      struct shim_reply *reply)
{
	int n = 0;

	if (inet_ioctl(c->sock, (unsigned long)call->value, &n))
		return errno;
	if (call->value == SIOCOUTQ)
		n += conn_unsent(c);
	memcpy(reply->data, &n, sizeof(n));
	reply->len = sizeof(n);
	return 0;
}

/* The next message of the error queue; what is too long is cut. */
static int call_errqueue(struct conn *c, const struct shim_call *call,
			 struct shim_reply *reply)
{
	alignas(struct cmsghdr) char control[SHIM_CONTROL];
	struct shim_errqueue head = { 0 };
	char data[SHIM_DATA - SHIM_CONTROL - sizeof(head)];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_name = &head.addr, .msg_namelen = sizeof(head.addr),
			      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = inet_recvmsg(c->sock, &msg,
				 MSG_DONTWAIT | MSG_ERRQUEUE | (call->value & MSG_PEEK));

	if (n < 0)
		return errno;
	head.flags = (uint32_t)msg.msg_flags;
	head.control_len = (uint32_t)msg.msg_controllen;
	head.len = (uint32_t)n;
	memcpy(reply->data, &head, sizeof(head));
	memcpy(reply->data + sizeof(head), control, head.control_len);
	memcpy(reply->data + sizeof(head) + head.control_len, data, head.len);
	reply->len = (uint32_t)sizeof(head) + head.control_len + head.len;
	return 0;
}

/* May the process at the other end of @fd have a raw socket? 0 or an errno. */
static int call_may_raw(struct owner *o, int fd, const struct shim_call *call)
{
	struct socket *sock;

	if (!shim_peer_trusted(fd))
		return EPERM;
	sock = inet_socket(o->net, AF_INET, SOCK_RAW, call->value);
	if (!sock)
		return errno;
	inet_close(sock);
	return 0;
}

/* An option of a stream that is answered by control messages or the error queue: text
 * goes through AF_UNIX without them. */
static bool tells_beside_text(const struct conn *c, const struct shim_call *call)
{
	static const struct {
		int level, name;
	} options[] = {
		{ SOL_SOCKET, SO_TIMESTAMP }, { SOL_SOCKET, SO_TIMESTAMPNS },
		{ SOL_SOCKET, SO_TIMESTAMPING }, { SOL_SOCKET, SO_ZEROCOPY },
		{ IPPROTO_TCP, TCP_INQ },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].level == call->level &&
		    options[i].name == call->value)
			return c->kind != 'd';
	return false;
}

/* Calls on a socket. 0 or an errno. */
static int call_on(struct owner *o, struct conn *c, const struct shim_call *call,
		   struct shim_reply *reply)
{
	if (call->op == SHIM_SO_ERROR)
		return call_error(c, reply);
	if (!c->sock)
		return call->op == SHIM_PEERNAME ? ENOTCONN : EINVAL;
	switch (call->op) {
	case SHIM_BIND:
		return call_bind(o, c, call);
	case SHIM_LISTEN:
		return call_listen(c, call);
	case SHIM_UNLISTEN:
		if (!c->listening)
			return ENOTCONN;
		conn_unlisten(c);
		return 0;
	case SHIM_CONNECT:
		return call_connect(c, call);
	case SHIM_SOCKNAME:
	case SHIM_PEERNAME:
		return call_name(c, call->op == SHIM_PEERNAME, reply);
	case SHIM_SETSOCKOPT:
		if (tells_beside_text(c, call))
			return ENOPROTOOPT;
		return inet_setsockopt(c->sock, call->level, call->value, call->data,
				       call->len) ? errno : 0;
	case SHIM_GETSOCKOPT:
		return call_getsockopt(c, call, reply);
	case SHIM_IOCTL:
		return call_ioctl(c, call, reply);
	case SHIM_ERRQUEUE:
		return call_errqueue(c, call, reply);
	default:
		return ENOSYS;
	}
}

/* ---- leases ----------------------------------------------------------- */

/* The process has ended. */
static void lease_over(struct owner *o, struct watch *w, uint32_t events)
{
	(void)events;
	owner_unwatch(w);
	free(w);
	o->nr_leases--;
}

/* The owner stays while the process at the other end of @fd lives. */
static int call_lease(struct owner *o, int fd, struct shim_reply *reply)
{
	struct lease *lease = calloc(1, sizeof(*lease));
	socklen_t len = sizeof(struct ucred);
	struct ucred cred;

	if (!lease)
		return ENOBUFS;
	lease->watch.ready = lease_over;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		goto fail;
	lease->watch.fd = (int)syscall(SYS_pidfd_open, cred.pid, 0);
	if (lease->watch.fd < 0 || owner_watch(o, &lease->watch, EPOLLIN))
		goto fail;
	o->nr_leases++;
	memcpy(reply->data, &o->lease, sizeof(o->lease));
	reply->len = sizeof(o->lease);
	return 0;
fail:
	free(lease);
	return errno;
}

/* ---- connections of calls --------------------------------------------- */

static void caller_free(struct caller *caller)
{
	if (caller->waits)
		caller->waits->waiter = NULL;
	*caller->prev = caller->next;
	if (caller->next)
		caller->next->prev = caller->prev;
	owner_unwatch(&caller->watch);
	free(caller);
}

void call_close(struct owner *o)
{
	while (o->callers)
		caller_free(o->callers);
}

void call_answer(struct watch *waiter, int err)
{
	struct caller *caller = (struct caller *)waiter;
	struct shim_reply reply = { .err = err };

	caller->waits = NULL;
	send(waiter->fd, &reply, SHIM_REPLY_LEN(&reply), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Is @about a descriptor of the socket that the call names? An accepted one has the
 * name of its listener, but not its number; its own name is at the other end. */
static bool names_call(struct owner *o, int about, const struct shim_call *call)
{
	struct sockaddr_un un = { 0 }, peer = { 0 };
	socklen_t len = sizeof(un), peer_len = sizeof(peer), id_len = sizeof(uint64_t);
	struct shim_name name;
	struct conn *c;
	uint64_t id;

	if (call->kind != 'c')
		return !getsockopt(about, SOL_SOCKET, SO_COOKIE, &id, &id_len) &&
		       id == call->id &&
		       !getsockname(about, (struct sockaddr *)&un, &len) &&
		       shim_parse(&un, len, &name) && name.id == id &&
		       name.kind == (char)call->kind && !strcmp(name.owner, o->name);
	c = conn_find(o, call->id);
	return !c || (!getsockname(c->watch.fd, (struct sockaddr *)&un, &len) &&
		      !getpeername(about, (struct sockaddr *)&peer, &peer_len) &&
		      len == peer_len && !memcmp(&un, &peer, len));
}

/* The next call, and the descriptor that came with it; -1: none. */
static ssize_t receive_call(int fd, struct shim_call *call, int *about)
{
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr cmsg;
	} rights;
	struct iovec iov = { call, sizeof(*call) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = rights.buf,
			      .msg_controllen = sizeof(rights.buf) };
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *cmsg = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);

	*about = -1;
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS &&
	    cmsg->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(about, CMSG_DATA(cmsg), sizeof(int));
	return n;
}

/* Does what is asked for, by who has the socket's descriptor in @about (-1: none). */
static void serve(struct owner *o, struct caller *caller,
		  const struct shim_call *call, int about)
{
	bool make = call->op == SHIM_BIND || call->op == SHIM_LISTEN ||
		    call->op == SHIM_CONNECT || call->op == SHIM_SETSOCKOPT ||
		    call->op == SHIM_GETSOCKOPT;
	struct shim_reply reply = { 0 };
	struct conn *c = NULL;

	if (call->op == SHIM_INTERFACES)
		interfaces_tell(o->net, call->value, &reply);
	else if (call->op == SHIM_MAY_RAW)
		reply.err = call_may_raw(o, caller->watch.fd, call);
	else if (call->op == SHIM_LEASE)
		reply.err = call_lease(o, caller->watch.fd, &reply);
	else if (call->op == SHIM_PING)
		;
	else if (!names_call(o, about, call))
		reply.err = about < 0 ? ENOBUFS : EPERM;
	else
		reply.err = call_conn(o, call, make, &c);
	if (c && !reply.err)
		reply.err = call_on(o, c, call, &reply);
	if (call->op == SHIM_CONNECT && call->value && c && !c->waiter &&
	    !caller->waits && reply.err == EINPROGRESS) {
		caller->waits = c;
		c->waiter = &caller->watch;
	}
	send(caller->watch.fd, &reply, SHIM_REPLY_LEN(&reply),
	     MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* A call, or its end. */
static void caller_ready(struct owner *o, struct watch *w, uint32_t events)
{
	struct caller *caller = (struct caller *)w;
	struct shim_call call;
	int about;
	ssize_t n = receive_call(w->fd, &call, &about);

	(void)events;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n < (ssize_t)offsetof(struct shim_call, data) ||
	    (size_t)n != offsetof(struct shim_call, data) + call.len)
		caller_free(caller);
	else
		serve(o, caller, &call, about);
	if (about >= 0)
		close(about);
}

void call_new(struct owner *o, int fd)
{
	struct caller *caller = calloc(1, sizeof(*caller));

	if (!caller) {
		close(fd);
		return;
	}
	caller->watch.fd = fd;
	caller->watch.ready = caller_ready;
	caller->next = o->callers;
	caller->prev = &o->callers;
	if (caller->next)
		caller->next->prev = &caller->next;
	o->callers = caller;
	if (owner_watch(o, &caller->watch, EPOLLIN | EPOLLRDHUP))
		caller_free(caller);
}
