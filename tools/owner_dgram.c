/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datagram sockets of programs, those of ICMP and raw ones too: a message of B is a
 * datagram. What the stack or the program has no room for just now is kept, one of each
 * way, and nothing more is read; the rest waits in the inet socket's queue, whose limit
 * drops as on Linux.
 */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdalign.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "owner.h"

#define BUDGET 64		/* messages of one program before others have their turn */

/* A message to the program. Return: false, it has no room. */
static bool give(struct conn *c, const char *buf, size_t len)
{
	return send(c->watch.fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 ||
	       errno != EAGAIN;
}

/* An error that the next receiving call is to have. */
static void give_error(struct conn *c, int err)
{
	struct shim_dgram head = { .mark = c->mark, .err = err };

	give(c, (char *)&head, sizeof(head));
}

/* The stack's next datagram, with what belongs in front, in the owner's buffer.
 * Return: where it begins, *@len how long it is; NULL with errno. */
static char *next_datagram(struct conn *c, size_t *len)
{
	alignas(struct cmsghdr) char control[SHIM_CONTROL];
	char *buf = c->owner->buf, *data;
	struct shim_dgram head = { .mark = c->mark };
	struct iovec iov = { buf + sizeof(head) + SHIM_CONTROL, OWNER_BUFFER };
	struct msghdr msg = {
		.msg_name = &head.addr, .msg_namelen = sizeof(head.addr),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t n = inet_recvmsg(c->sock, &msg, MSG_DONTWAIT);

	if (n < 0)
		return NULL;
	data = iov.iov_base;
	*len = (size_t)n;
	if (c->bare && !msg.msg_controllen)
		return data;
	head.control_len = (uint32_t)msg.msg_controllen;
	data -= msg.msg_controllen;
	memcpy(data, control, msg.msg_controllen);
	data -= sizeof(head);
	memcpy(data, &head, sizeof(head));
	*len += sizeof(head) + msg.msg_controllen;
	return data;
}

/* From the network to the program. */
static void dgram_in(struct conn *c)
{
	size_t len;
	char *data;

	for (;;) {
		if (c->in.buf && !give(c, c->in.buf, c->in.end))
			return;
		rest_free(&c->in);
		data = next_datagram(c, &len);
		if (!data && errno == EAGAIN)
			return;
		if (!data)
			give_error(c, errno);
		else if (!give(c, data, len) && rest_keep(&c->in, data, len))
			return;
	}
}

/* A message of the program to the stack. 0 or an errno. */
static int transmit(struct conn *c, char *buf, size_t len)
{
	struct shim_dgram head;
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	memcpy(&head, buf, len < sizeof(head) ? len : sizeof(head));
	if (len >= sizeof(head) && head.mark == c->mark) {
		if (head.control_len > len - sizeof(head))
			return EINVAL;
		iov.iov_base = buf + sizeof(head) + head.control_len;
		iov.iov_len = len - sizeof(head) - head.control_len;
		msg.msg_control = head.control_len ? buf + sizeof(head) : NULL;
		msg.msg_controllen = head.control_len;
		if (head.addr.sin_family != AF_UNSPEC) {
			msg.msg_name = &head.addr;
			msg.msg_namelen = sizeof(head.addr);
		}
	}
	return inet_sendmsg(c->sock, &msg, MSG_DONTWAIT) < 0 ? errno : 0;
}

/* Sends it. Return: false, there is no room. An error that waits is that of an earlier
 * datagram; this one goes next. */
static bool dgram_send(struct conn *c, char *buf, size_t len)
{
	int err = transmit(c, buf, len);

	if (err == ECONNREFUSED) {
		give_error(c, err);
		err = transmit(c, buf, len);
	}
	if (err == EAGAIN || err == ENOBUFS)
		return false;
	if (err)
		give_error(c, err);
	return true;
}

/* Is what was read no empty datagram, but the end? */
static bool program_shut(const struct conn *c)
{
	struct pollfd p = { .fd = c->watch.fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP));
}

/* From the program to the network. Return: false, the rest is the next round's. */
static bool dgram_out(struct conn *c)
{
	char *buf = c->owner->buf;
	ssize_t n;
	int i;

	for (i = 0; i < BUDGET; i++) {
		if (c->out.buf && !dgram_send(c, c->out.buf, c->out.end))
			return true;
		rest_free(&c->out);
		n = recv(c->watch.fd, buf, sizeof(c->owner->buf), MSG_DONTWAIT);
		if (n < 0 || (!n && program_shut(c)))
			return true;
		if (!dgram_send(c, buf, (size_t)n) && n &&
		    rest_keep(&c->out, buf, (size_t)n))
			return true;
	}
	conn_put_off(c);
	return false;
}

void dgram_work(struct conn *c, uint32_t events)
{
	c->hung_up |= (events & EPOLLHUP) != 0;
	if (dgram_out(c) && c->hung_up)
		conn_free(c, false);
	else
		dgram_in(c);
}

void dgram_new(struct owner *o, int fd, const struct shim_name *name)
{
	bool known = name->type == SOCK_DGRAM || name->type == SOCK_RAW;
	struct socket *sock = !known ? NULL :
			      inet_socket(o->net, AF_INET, name->type | SOCK_NONBLOCK,
					  name->protocol);
	struct conn *c = sock ? conn_new(o, name->id, 'd', sock) : NULL;
	const int sndbuf = SHIM_SNDBUF;

	if (!c) {
		close(fd);
		return;
	}
	c->mark = name->mark;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
	conn_attach(c, fd);
	if (c->sock)
		conn_watch_sock(c);
}
