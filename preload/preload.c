/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls of calls.def, for sockets of the stack. Each first asks the kernel what
 * the descriptor is; what is not ours goes on as it came.
 *
 * A socket of the stack is a fresh AF_UNIX socket with a name (protocol.h). Until
 * connect() or listen() all that is known of it, its address and its options, is
 * with the owner, under the number in that name; so it is with a copy of the
 * descriptor in another process, or behind exec.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "preload.h"

#define TYPE_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

/* Looked up once, by whoever comes first; all find the same. */
#define CALL(type, name, parameters) \
	type(*shim_next_##name(void)) parameters \
	{ \
		static void *found; \
		void *next = __atomic_load_n(&found, __ATOMIC_ACQUIRE); \
\
		if (!next) { \
			next = dlsym(RTLD_NEXT, #name); \
			__atomic_store_n(&found, next, __ATOMIC_RELEASE); \
		} \
		return (type(*) parameters)next; \
	}
#include "calls.def"
#undef CALL

/* All of them at the beginning: dlsym() takes locks, which a handler of a signal may
 * not. What other libraries do before is no handler's. */
__attribute__((constructor)) static void find_next_calls(void)
{
#define CALL(type, name, parameters) shim_next_##name();
#include "calls.def"
#undef CALL
}

/* A call that did not work: -1 with errno. */
static int failed(int err)
{
	if (!err)
		return 0;
	errno = err;
	return -1;
}

/* ---- socket ----------------------------------------------------------- */

/* Gives A its name, and a socket of datagrams its B. 0 or an errno. */
static int name_socket(int fd, const char *owner, int type, int protocol)
{
	const char kind = type == SOCK_STREAM ? 's' : 'd';
	struct shim_name name = { .kind = kind, .type = (uint8_t)type,
				  .protocol = (uint16_t)protocol };
	const int sndbuf = SHIM_SNDBUF;
	struct sockaddr_un un;
	socklen_t len = sizeof(name.id);

	strncpy(name.owner, owner, SHIM_OWNER_MAX);
	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_COOKIE, &name.id, &len))
		return errno;
	if (kind == 'd' && syscall(SYS_getrandom, &name.mark, sizeof(name.mark), 0) < 0)
		return errno;
	len = shim_build(&un, &name);
	if (syscall(SYS_bind, fd, &un, len))
		return errno;
	if (kind != 'd')
		return 0;
	syscall(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	return shim_connect_place(fd, owner, "dgram");
}

/* Does the owner let us have a raw socket? 0 or an errno. */
static int may_raw(const char *owner, int protocol)
{
	struct shim_call call = { .op = SHIM_MAY_RAW, .value = protocol };
	struct shim_socket nobody = { .fd = -1 };
	struct shim_reply reply;

	strncpy(nobody.own.owner, owner, SHIM_OWNER_MAX);
	return shim_call(&nobody, &call, &reply);
}

/* Why a socket of AF_INET is refused; 0: it is not. *@protocol 0 becomes the usual
 * one. */
static int refused(const char *owner, int type, int *protocol)
{
	if (type < SOCK_STREAM || type > SOCK_PACKET || *protocol < 0 ||
	    *protocol >= IPPROTO_MAX)
		return EINVAL;
	if (type > SOCK_RAW)
		return ESOCKTNOSUPPORT;
	if (type == SOCK_RAW)
		return *protocol ? may_raw(owner, *protocol) : EPROTONOSUPPORT;
	if (!*protocol)
		*protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	if (*protocol == (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP) ||
	    (type == SOCK_DGRAM && *protocol == IPPROTO_ICMP))
		return 0;
	return EPROTONOSUPPORT;
}

/* Sockets of AF_INET are the stack's; AF_INET6, and what the stack has not, is refused:
 * nothing goes past it. The other families are the kernel's. */
SHIM_EXPORT int socket(int family, int type, int protocol)
{
	const char *owner = shim_owner();
	int fd, err, kernels = SOCK_STREAM, flags = type & TYPE_FLAGS;

	if (!owner || (family != AF_INET && family != AF_INET6))
		return shim_next_socket()(family, type, protocol);
	if (family == AF_INET6)
		return failed(EAFNOSUPPORT);
	type &= ~TYPE_FLAGS;
	err = refused(owner, type, &protocol);
	if (err)
		return failed(err);
	if (type != SOCK_STREAM)
		kernels = SOCK_SEQPACKET;
	fd = shim_next_socket()(AF_UNIX, kernels | flags, 0);
	if (fd < 0)
		return -1;
	err = name_socket(fd, owner, type, protocol);
	if (err)
		close(fd);
	return err ? failed(err) : fd;
}

/* ---- addresses -------------------------------------------------------- */

/* Is it an address of the Internet? What is not goes to the kernel, which says what
 * is wrong with it. */
static bool is_inet(const struct sockaddr *addr, socklen_t len)
{
	return addr && len >= sizeof(addr->sa_family) && len <= SHIM_DATA &&
	       addr->sa_family != AF_UNIX;
}

/* The owner binds, unless it is to the host's loopback. */
SHIM_EXPORT int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct shim_call call = { .op = SHIM_BIND, .len = len };
	struct shim_reply reply;
	struct shim_socket sock;
	int hosts;

	if (!is_inet(addr, len) || !shim_identify(fd, &sock))
		return shim_next_bind()(fd, addr, len);
	hosts = shim_loopback(&sock, addr, len, true);
	if (hosts)
		return hosts < 0 ? -1 : shim_next_bind()(fd, addr, len);
	memcpy(call.data, addr, len);
	return failed(shim_call(&sock, &call, &reply));
}

/* The kernel's listen() comes last: the owner tries again until then. */
SHIM_EXPORT int listen(int fd, int backlog)
{
	struct shim_call call = { .op = SHIM_LISTEN, .value = backlog };
	struct shim_reply reply;
	struct shim_socket sock;

	if (shim_identify(fd, &sock) &&
	    shim_call(&sock, &call, &reply))
		return failed(reply.err);
	return shim_next_listen()(fd, backlog);
}

/* One of the names of a socket that the owner knows, or has never heard of. */
static int ask_name(const struct shim_socket *sock, bool peer,
		    struct sockaddr *addr, socklen_t *len)
{
	const struct sockaddr_in none = { .sin_family = AF_INET };
	struct shim_call call = { .op = peer ? SHIM_PEERNAME : SHIM_SOCKNAME };
	struct shim_reply reply;

	if (!addr || !len)
		return EFAULT;
	if ((int)*len < 0)
		return EINVAL;
	if (sock->kind == 'c') {
		shim_copy_out(peer ? &sock->peer : &sock->local, sizeof(none), addr,
			      len);
		return 0;
	}
	shim_call(sock, &call, &reply);
	if (reply.err == ENOENT && !peer)
		shim_copy_out(&none, sizeof(none), addr, len);
	else if (reply.err)
		return reply.err == ENOENT ? ENOTCONN : reply.err;
	else
		shim_copy_out(reply.data, reply.len, addr, len);
	return 0;
}

SHIM_EXPORT int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct shim_socket sock;

	if (!shim_identify(fd, &sock))
		return shim_next_getsockname()(fd, addr, len);
	return failed(ask_name(&sock, false, addr, len));
}

SHIM_EXPORT int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	struct shim_socket sock;

	if (!shim_identify(fd, &sock))
		return shim_next_getpeername()(fd, addr, len);
	return failed(ask_name(&sock, true, addr, len));
}

/* ---- connect, accept, shutdown ---------------------------------------- */

/* Waits for the end of the handshake on @control; a signal ends the wait as it ends
 * the kernel's. A then becomes what it would be with O_NONBLOCK. An errno or 0. */
static int wait_connected(int control, int fd, const struct shim_socket *sock)
{
	struct timeval patience = { 0 };
	socklen_t len = sizeof(patience);
	struct shim_reply reply;
	ssize_t n;
	int err, why;

	syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &patience, &len);
	syscall(SYS_setsockopt, control, SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof(patience));
	n = syscall(SYS_recvfrom, control, &reply, sizeof(reply), 0, NULL, NULL);
	if (n >= (ssize_t)offsetof(struct shim_reply, data))
		return reply.err ? reply.err :
				   shim_attach(fd, sock, SHIM_PROLOGUE);
	why = n < 0 && errno == EINTR ? EINTR : EINPROGRESS;
	err = n < 0 ? shim_attach(fd, sock, SHIM_FILL) : ENETDOWN;
	return err ? err : why;
}

/* Has the owner connect. An errno or 0. */
static int connect_by_owner(int fd, const struct shim_socket *sock,
			    const struct shim_call *call)
{
	bool wait = call->value;
	struct shim_reply reply;
	int control = shim_call_start(sock, call, &reply), err, err2;

	if (control < 0)
		return errno;
	err = reply.err;
	if (sock->attached || (err && err != EINPROGRESS))
		;
	else if (!err)
		err = shim_attach(fd, sock, SHIM_PROLOGUE);
	else if (wait) {
		err = wait_connected(control, fd, sock);
	} else {
		err2 = shim_attach(fd, sock, SHIM_FILL);
		err = err2 ? err2 : err;
	}
	close(control);
	return err;
}

/* The owner connects; A follows when, or as if, it has. */
SHIM_EXPORT int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	struct shim_call call = { .op = SHIM_CONNECT, .len = len };
	struct shim_socket sock;
	int flags, before, err, hosts;

	if (!is_inet(addr, len) || !shim_identify(fd, &sock))
		return shim_next_connect()(fd, addr, len);
	hosts = shim_loopback(&sock, addr, len, false);
	if (hosts)
		return hosts < 0 ? -1 : shim_next_connect()(fd, addr, len);
	flags = fcntl(fd, F_GETFL);
	memcpy(call.data, addr, len);
	call.id = sock.id;
	call.kind = (uint32_t)sock.kind;
	call.value = !(flags & O_NONBLOCK) && !sock.attached;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	err = connect_by_owner(fd, &sock, &call);
	pthread_setcancelstate(before, NULL);
	return failed(err);
}

/* The next one who has connected to @fd, and his name. */
static int next_accepted(int fd, int flags, struct sockaddr_un *un, socklen_t *len)
{
	*len = sizeof(*un);
	memset(un, 0, sizeof(*un));
	return shim_next_accept4()(fd, (struct sockaddr *)un, len, flags);
}

/* Was it the owner who connected @fd to @sock? */
static bool from_owner(int fd, const struct shim_socket *sock,
		       const struct sockaddr_un *un, socklen_t len,
		       struct shim_name *name)
{
	return shim_parse(un, len, name) && name->kind == 'c' &&
	       !strcmp(name->owner, sock->own.owner) && shim_peer_trusted(fd);
}

/* Where nothing can come any more the kernel says EAGAIN, TCP says EINVAL. */
static int accept_error(int fd)
{
	struct pollfd p = { .fd = fd };
	struct shim_socket sock;
	int err = errno;

	if (err == EINVAL && shim_identify(fd, &sock) && sock.kind == 'd')
		err = EOPNOTSUPP;
	if (err == EAGAIN && poll(&p, 1, 0) > 0 && (p.revents & POLLHUP))
		err = EINVAL;
	return failed(err);
}

/* A listens for the owner, whose end has the addresses in its name; anybody else who
 * connects to it is hung up on. What other sockets accept is none of ours. */
SHIM_EXPORT int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	struct sockaddr_un un;
	socklen_t un_len;
	struct shim_name name;
	struct shim_socket sock;
	int new = next_accepted(fd, flags, &un, &un_len);

	if (new >= 0 && (un.sun_family != AF_UNIX || !shim_identify(fd, &sock))) {
		if (addr && len)
			shim_copy_out(&un, un_len, addr, len);
		return new;
	}
	while (new >= 0 && !from_owner(new, &sock, &un, un_len, &name)) {
		close(new);
		new = next_accepted(fd, flags, &un, &un_len);
	}
	if (new < 0)
		return accept_error(fd);
	shim_send_prologue(new, name.id, SHIM_PROLOGUE);
	if (addr && len)
		shim_copy_out(&name.peer, sizeof(name.peer), addr, len);
	return new;
}

SHIM_EXPORT int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	return accept4(fd, addr, len, 0);
}

/* A connected A tells the owner itself. */
SHIM_EXPORT int shutdown(int fd, int how)
{
	struct shim_call call = { .op = SHIM_UNLISTEN, .value = how };
	struct shim_reply reply;
	struct shim_socket sock;

	if (how >= SHUT_RD && how <= SHUT_RDWR && shim_identify(fd, &sock) &&
	    (!sock.attached || sock.kind == 'd')) {
		if (sock.kind == 'd')
			call.op = SHIM_PEERNAME;	/* ENOTCONN, or all right */
		if (shim_call(&sock, &call, &reply))
			return failed(reply.err == ENOENT ? ENOTCONN : reply.err);
		if (sock.kind == 'd' && how != SHUT_WR)
			shim_dgram_read_no_more(fd);
	}
	return shim_next_shutdown()(fd, how);
}

/* ---- options ---------------------------------------------------------- */

/* Options of SOL_SOCKET that are A's own: its waits are the kernel's. */
static bool kernels_option(int level, int name)
{
	return level == SOL_SOCKET &&
	       (name == SO_RCVTIMEO || name == SO_SNDTIMEO ||
		name == SO_ACCEPTCONN || name == SO_COOKIE);
}

/* The owner has forgotten a connection that is gone. */
static int option_error(int err)
{
	return err == ENOENT ? EINVAL : err;
}

/* All but the waits are the owner's business. */
SHIM_EXPORT int setsockopt(int fd, int level, int name, const void *val,
			   socklen_t len)
{
	struct shim_call call = { .op = SHIM_SETSOCKOPT, .level = level,
				  .value = name, .len = len };
	struct shim_reply reply;
	struct shim_socket sock;

	if (kernels_option(level, name) || !shim_identify(fd, &sock))
		return shim_next_setsockopt()(fd, level, name, val, len);
	if ((int)len < 0 || len > SHIM_DATA)
		return failed(EINVAL);
	if (len && !val)
		return failed(EFAULT);
	if (len)
		memcpy(call.data, val, len);
	return failed(option_error(shim_call(&sock, &call, &reply)));
}

static int ask_error(int fd, const struct shim_socket *sock, int *value)
{
	socklen_t len = sizeof(*value);

	if (syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, value, &len))
		return errno;
	if (*value || !sock->attached)
		*value = shim_why(sock, *value);
	return 0;
}

/* Options that are answered here. Return: whether it is one; *@err 0 or an errno. */
static bool own_option(int fd, const struct shim_socket *sock, int name, int *value,
		       int *err)
{
	*err = 0;
	switch (name) {
	case SO_DOMAIN:
		*value = AF_INET;
		return true;
	case SO_TYPE:
		*value = sock->kind == 'd' ? sock->own.type : SOCK_STREAM;
		return true;
	case SO_PROTOCOL:
		*value = sock->kind == 'd' ? sock->own.protocol : IPPROTO_TCP;
		return true;
	case SO_ERROR:
		if (sock->kind == 'd')
			return false;
		*err = ask_error(fd, sock, value);
		return true;
	default:
		return false;
	}
}

/* The same, and what an AF_UNIX socket would say otherwise. */
SHIM_EXPORT int getsockopt(int fd, int level, int name, void *val, socklen_t *len)
{
	struct shim_call call = { .op = SHIM_GETSOCKOPT, .level = level,
				  .value = name };
	struct shim_reply reply;
	struct shim_socket sock;
	int value, err;

	if (kernels_option(level, name) || !shim_identify(fd, &sock))
		return shim_next_getsockopt()(fd, level, name, val, len);
	if (!len || !val)
		return failed(EFAULT);
	if ((int)*len < 0)
		return failed(EINVAL);
	if (level == SOL_SOCKET && own_option(fd, &sock, name, &value, &err)) {
		*len = *len < sizeof(value) ? *len : sizeof(value);
		if (!err)
			shim_copy_out(&value, *len, val, len);
		return failed(err);
	}
	call.size = *len < SHIM_DATA ? *len : SHIM_DATA;
	if (shim_call(&sock, &call, &reply))
		return failed(option_error(reply.err));
	shim_copy_out(reply.data, reply.len, val, len);
	return 0;
}

/* What waits at the owner is unsent, too; interfaces are the stack's. */
SHIM_EXPORT int ioctl(int fd, unsigned long request, ...)
{
	struct shim_call call = { .op = SHIM_IOCTL, .value = (int)request };
	struct shim_reply reply;
	struct shim_socket sock;
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request == FIONREAD && shim_is_dgram(fd, &sock)) {
		*(int *)arg = shim_dgram_next(fd, &sock);
		return 0;
	}
	if (shim_is_device_ioctl(request) && shim_identify(fd, &sock))
		return failed(shim_device_ioctl(sock.own.owner, request, arg));
	if ((request != SIOCOUTQ && request != SIOCATMARK) ||
	    !shim_identify(fd, &sock))
		return shim_next_ioctl()(fd, request, arg);
	if (shim_call(&sock, &call, &reply))
		return failed(reply.err);
	memcpy(arg, reply.data, sizeof(int));
	return 0;
}
