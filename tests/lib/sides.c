/* SPDX-License-Identifier: BSD-2-Clause */
/* The same calls on a stack and on the kernel: see sides.h. */
#include "sides.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <inet/socket.h>

#include "sockets.h"

static int err_of(ssize_t n)
{
	return n < 0 ? -errno : (int)n;
}

/* ---- the stack -------------------------------------------------------- */

static int stack_open(struct side *d, int type, int protocol, union sk *s)
{
	s->s = inet_socket(d->f->net, AF_INET, type | SOCK_NONBLOCK, protocol);
	return s->s ? 0 : -errno;
}

static void stack_close(union sk s)
{
	inet_close(s.s);
}

static int stack_bind(union sk s, const struct sockaddr *a, socklen_t len)
{
	return err_of(inet_bind(s.s, a, len));
}

static int stack_listen(union sk s, int backlog)
{
	return err_of(inet_listen(s.s, backlog));
}

static int stack_accept(union sk l, union sk *s)
{
	s->s = inet_accept4(l.s, NULL, NULL, SOCK_NONBLOCK);
	return s->s ? 0 : -errno;
}

static int stack_connect(union sk s, const struct sockaddr *a, socklen_t len)
{
	return err_of(inet_connect(s.s, a, len));
}

static int stack_getname(union sk s, int peer, struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	struct sockaddr *sa = (struct sockaddr *)a;

	return err_of(peer ? inet_getpeername(s.s, sa, &len) :
			  inet_getsockname(s.s, sa, &len));
}

static int stack_shutdown(union sk s, int how)
{
	return err_of(inet_shutdown(s.s, how));
}

static int stack_send(union sk s, const struct msghdr *m, int flags)
{
	return err_of(inet_sendmsg(s.s, m, flags));
}

static int stack_recv(union sk s, struct msghdr *m, int flags)
{
	return err_of(inet_recvmsg(s.s, m, flags));
}

static int stack_set(union sk s, int level, int name, const void *v,
		     socklen_t l)
{
	return err_of(inet_setsockopt(s.s, level, name, v, l));
}

static int stack_get(union sk s, int level, int name, void *v, socklen_t *l)
{
	return err_of(inet_getsockopt(s.s, level, name, v, l));
}

static int stack_ioctl(union sk s, unsigned long cmd, int *v)
{
	return err_of(inet_ioctl(s.s, cmd, v));
}

static int stack_poll(union sk s)
{
	struct inet_pollfd p = {
		.sock = s.s,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP,
	};

	inet_poll(&p, 1, 0);
	return p.revents;
}

/* ---- the kernel ------------------------------------------------------- */

static int host_open(struct side *d, int type, int protocol, union sk *s)
{
	(void)d;
	s->fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	return s->fd < 0 ? -errno : 0;
}

static void host_close(union sk s)
{
	close(s.fd);
}

static int host_bind(union sk s, const struct sockaddr *a, socklen_t len)
{
	return err_of(bind(s.fd, a, len));
}

static int host_listen(union sk s, int backlog)
{
	return err_of(listen(s.fd, backlog));
}

static int host_accept(union sk l, union sk *s)
{
	s->fd = accept4(l.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

static int host_connect(union sk s, const struct sockaddr *a, socklen_t len)
{
	return err_of(connect(s.fd, a, len));
}

static int host_getname(union sk s, int peer, struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);
	struct sockaddr *sa = (struct sockaddr *)a;

	return err_of(peer ? getpeername(s.fd, sa, &len) :
			  getsockname(s.fd, sa, &len));
}

static int host_shutdown(union sk s, int how)
{
	return err_of(shutdown(s.fd, how));
}

/* Past a sanitizer, which would read what a test lies about. */
static int host_send(union sk s, const struct msghdr *m, int flags)
{
	return err_of(syscall(SYS_sendmsg, s.fd, m, flags | MSG_NOSIGNAL));
}

static int host_recv(union sk s, struct msghdr *m, int flags)
{
	return err_of(syscall(SYS_recvmsg, s.fd, m, flags));
}

static int host_set(union sk s, int level, int name, const void *v,
		    socklen_t l)
{
	return err_of(setsockopt(s.fd, level, name, v, l));
}

static int host_get(union sk s, int level, int name, void *v, socklen_t *l)
{
	return err_of(getsockopt(s.fd, level, name, v, l));
}

static int host_ioctl(union sk s, unsigned long cmd, int *v)
{
	return err_of(ioctl(s.fd, cmd, v));
}

static int host_poll(union sk s)
{
	struct pollfd p = {
		.fd = s.fd, .events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP,
	};

	poll(&p, 1, 0);
	return p.revents;
}

const struct side stack_side = {
	.name = "stack",
	.open = stack_open,
	.close = stack_close,
	.bind = stack_bind,
	.listen = stack_listen,
	.accept = stack_accept,
	.connect = stack_connect,
	.getname = stack_getname,
	.shutdown = stack_shutdown,
	.send = stack_send,
	.recv = stack_recv,
	.set = stack_set,
	.get = stack_get,
	.ioctl = stack_ioctl,
	.poll = stack_poll,
};

const struct side host_side = {
	.name = "kernel",
	.open = host_open,
	.close = host_close,
	.bind = host_bind,
	.listen = host_listen,
	.accept = host_accept,
	.connect = host_connect,
	.getname = host_getname,
	.shutdown = host_shutdown,
	.send = host_send,
	.recv = host_recv,
	.set = host_set,
	.get = host_get,
	.ioctl = host_ioctl,
	.poll = host_poll,
};

const char *side_result(int n)
{
	static char text[32];

	if (n >= 0)
		snprintf(text, sizeof(text), "%d", n);
	else
		snprintf(text, sizeof(text), "%s", strerrorname_np(-n));
	return text;
}

void side_note(struct side *d, const char *fmt, ...)
{
	va_list ap;

	if (d->size - d->len < 256) {
		d->size = d->size ? d->size * 2 : 65536;
		d->log = realloc(d->log, d->size);
		assert_non_null(d->log);
	}
	va_start(ap, fmt);
	d->len += (size_t)vsnprintf(d->log + d->len, d->size - d->len, fmt, ap);
	va_end(ap);
	d->log[d->len++] = '\n';
	d->log[d->len] = '\0';
}

static bool host_has_loopback(void)
{
	struct sockaddr_in a = sk_addr(SK_LOOPBACK, 0);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	bool ok = fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)) &&
		  (a.sin_port = htons(9), true) &&
		  !connect(fd, (struct sockaddr *)&a, sizeof(a));

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Prints the first lines that differ and fails. */
static void compare(const struct side *a, const struct side *b)
{
	const char *p = a->log, *q = b->log;
	size_t n = 0, line;

	while (*p && *q) {
		line = strcspn(p, "\n");
		if (strncmp(p, q, line + 1)) {
			print_error("%s: %.*s\n%s: %.*s\n", a->name, (int)line,
				    p, b->name, (int)strcspn(q, "\n"), q);
			if (++n == 60)
				break;
		}
		p += line + (p[line] != 0);
		line = strcspn(q, "\n");
		q += line + (q[line] != 0);
	}
	assert_int_equal(n, 0);
	assert_int_equal(a->len, b->len);
}

void sides_compare(void (*script)(struct side *d))
{
	struct side stack = stack_side, host = host_side;
	struct fx f;

	if (!host_has_loopback())
		skip();
	fx_open_bare(&f, 0);
	stack.f = &f;
	script(&stack);
	script(&host);
	fx_close(&f);
	compare(&stack, &host);
	free(stack.log);
	free(host.log);
}
