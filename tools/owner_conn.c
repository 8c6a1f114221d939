/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One socket of a program: bytes from its AF_UNIX socket to the stack's and back.
 *
 * Each side is drained when it has something, until the other has no room. What was
 * taken and is not wanted yet is kept, one buffer at most; nothing more is read until
 * that is gone. So the program's send() blocks, or its peer's window closes.
 *
 * The end. The peer's FIN is shutdown(B, SHUT_WR); its RST is close(B) with a byte
 * unread, which is ECONNRESET for A (protocol.h). The program's shutdown() shows
 * in B as EPOLLRDHUP, the last close() as EPOLLHUP, with ECONNRESET when it had not
 * read all: then TCP wants a RST, else a FIN behind the last byte.
 *
 * A socket without B (only bound, listening, about to connect) does not tell of its
 * end; but its name is free again then, which is tried ten times a second, and of a
 * listener before each SYN.
 */
#include <errno.h>
#include <limits.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "owner.h"

#define SWEEP_NS 100000000ull
#define CONN_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* ---- table ------------------------------------------------------------ */

static struct conn **bucket(struct owner *o, uint64_t id)
{
	return &o->buckets[(id ^ id >> 20) & (OWNER_BUCKETS - 1)];
}

struct conn *conn_find(struct owner *o, uint64_t id)
{
	struct conn *c = *bucket(o, id);

	while (c && c->id != id)
		c = c->next;
	return c;
}

static void bare_add(struct conn *c)
{
	c->next_bare = c->owner->bare;
	c->prev_bare = &c->owner->bare;
	if (c->next_bare)
		c->next_bare->prev_bare = &c->next_bare;
	c->owner->bare = c;
}

static void bare_del(struct conn *c)
{
	if (!c->prev_bare)
		return;
	*c->prev_bare = c->next_bare;
	if (c->next_bare)
		c->next_bare->prev_bare = c->prev_bare;
	c->prev_bare = NULL;
}

struct conn *conn_new(struct owner *o, uint64_t id, char kind, struct socket *sock)
{
	struct conn *c = calloc(1, sizeof(*c));
	struct conn **head = bucket(o, id);

	if (!c) {
		inet_close(sock);
		return NULL;
	}
	c->owner = o;
	c->id = id;
	c->kind = kind;
	c->sock = sock;
	c->watch.fd = -1;
	c->next = *head;
	*head = c;
	o->nr_conns++;
	bare_add(c);
	return c;
}

/* Closes the inet socket. A program that wants its close() to wait does not get it: the
 * owner waits for nobody. */
static void close_sock(struct conn *c, bool reset)
{
	struct linger linger = { 0 };
	socklen_t len = sizeof(linger);

	if (!c->sock)
		return;
	inet_getsockopt(c->sock, SOL_SOCKET, SO_LINGER, &linger, &len);
	if (reset || linger.l_linger) {
		linger = (struct linger){ .l_onoff = reset };
		inet_setsockopt(c->sock, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	}
	inet_close(c->sock);
	c->sock = NULL;
}

/* Closes B; what it holds unread becomes A's ECONNRESET. */
static void close_fd(struct conn *c)
{
	if (c->watch.fd < 0)
		return;
	owner_unwatch(&c->watch);
	if (!c->prev_bare)
		bare_add(c);
}

void rest_free(struct rest *r)
{
	free(r->buf);
	memset(r, 0, sizeof(*r));
}

void conn_free(struct conn *c, bool reset)
{
	struct owner *o = c->owner;
	struct conn **p = bucket(o, c->id);

	if (c->dead)
		return;
	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	close_sock(c, reset);
	close_fd(c);
	bare_del(c);
	rest_free(&c->in);
	rest_free(&c->out);
	if (c->waiter)
		call_answer(c->waiter, ECONNABORTED);
	c->waiter = NULL;
	c->dead = true;
	c->next = o->dead;
	o->dead = c;
	o->nr_conns--;
}

/* ---- data ------------------------------------------------------------- */

/* Bytes in B that nobody has looked at. */
static size_t queued(const struct conn *c)
{
	int n = 0;

	if (c->watch.fd < 0 || ioctl(c->watch.fd, FIONREAD, &n) || n < 0)
		return 0;
	return (size_t)n - (c->held && n);
}

int conn_unsent(const struct conn *c)
{
	return (int)(queued(c) + (c->out.end - c->out.start));
}

int rest_keep(struct rest *r, const char *buf, size_t len)
{
	r->buf = malloc(len);
	if (!r->buf)
		return -1;
	memcpy(r->buf, buf, len);
	r->start = 0;
	r->end = len;
	return 0;
}

/* The connection is gone, and why is known: A must have an error, which it gets by
 * what is unread in B; if the prologue has not come yet, as soon as it comes. */
static void conn_over(struct conn *c, int err)
{
	c->err = err;
	close_sock(c, false);
	rest_free(&c->out);
	c->over = true;
	if (!c->hung_up && c->watch.fd >= 0 && !c->held && !queued(c))
		return;
	if (c->kind == 'c')
		conn_free(c, false);
	else
		close_fd(c);
}

/* Bytes to B. Return: how many were taken, or -1: A does not want any. */
static ssize_t to_program(struct conn *c, const char *buf, size_t len)
{
	ssize_t n = send(c->watch.fd, buf, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n < 0)
		c->deaf = true;
	return n < 0 ? (ssize_t)len : n;
}

/* Return: nothing is kept for the program any more. */
static bool flush_in(struct conn *c)
{
	if (!c->in.buf)
		return true;
	c->in.start += (size_t)to_program(c, c->in.buf + c->in.start,
					  c->in.end - c->in.start);
	if (c->in.start < c->in.end)
		return false;
	rest_free(&c->in);
	return true;
}

/* From the network to the program. Return: false, @c is no more. */
static bool conn_in(struct conn *c)
{
	char *buf = c->owner->buf;
	ssize_t n, done;

	while (c->sock && c->watch.fd >= 0 && !c->net_ended && flush_in(c)) {
		n = inet_recv(c->sock, buf, OWNER_BUFFER, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) {
			conn_over(c, errno);
			return false;
		}
		if (!n) {
			c->net_ended = true;
			shutdown(c->watch.fd, SHUT_WR);
			return true;
		}
		if (c->hung_up) {	/* nobody will read it: RFC 1122 4.2.2.13 */
			conn_free(c, true);
			return false;
		}
		done = c->deaf ? n : to_program(c, buf, (size_t)n);
		if (done < n && rest_keep(&c->in, buf + done, (size_t)(n - done))) {
			conn_free(c, true);
			return false;
		}
	}
	return true;
}

/* Bytes to the stack. Return: how many it took, -1: none, ever. */
static ssize_t to_network(struct conn *c, const char *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = inet_send(c->sock, buf + done, len - done, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ENOMEM)
			return -1;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Return: 1 nothing is kept for the network, 0 something is, -1 it is over. */
static int flush_out(struct conn *c)
{
	ssize_t n;

	if (!c->out.buf)
		return 1;
	n = to_network(c, c->out.buf + c->out.start, c->out.end - c->out.start);
	if (n < 0)
		return -1;
	c->out.start += (size_t)n;
	if (c->out.start < c->out.end)
		return 0;
	rest_free(&c->out);
	return 1;
}

/* Reads what is new in B, but for the last byte, which is only looked at. *@len: how
 * much. What comes after that look is another event of B. Return: where. */
static const char *from_program(struct conn *c, size_t *len)
{
	char *buf = c->owner->buf;
	size_t avail = queued(c), want, last;
	ssize_t n = 0;

	*len = 0;
	want = avail < OWNER_BUFFER ? avail : OWNER_BUFFER - 1;
	c->unread = want < avail;
	if (!want)
		return buf;
	last = want == avail;
	if (c->held + want > last)
		n = recv(c->watch.fd, buf, c->held + want - last, MSG_DONTWAIT);
	if (n < 0 || (size_t)n < c->held) {
		c->unread = false;
		return buf;
	}
	c->unread |= (size_t)n < c->held + want - last;
	*len = (size_t)n - c->held;
	buf += c->held;
	c->held = false;
	if (last && *len == want - 1 &&
	    recv(c->watch.fd, buf + *len, 1, MSG_DONTWAIT | MSG_PEEK) == 1) {
		c->held = true;
		++*len;
	}
	return buf;
}

/* Takes the prologue out of B. Return: it is out. What begins otherwise came from an
 * accept() that is not ours, and is data. */
static bool read_prologue(struct conn *c)
{
	char *buf = c->owner->buf;
	uint32_t total;
	size_t n;

	if (c->prologue_read)
		return true;
	n = queued(c);
	if (n < SHIM_PROLOGUE)
		return false;
	if (recv(c->watch.fd, buf, SHIM_PROLOGUE, MSG_DONTWAIT | MSG_PEEK) !=
	    SHIM_PROLOGUE)
		return false;
	total = shim_prologue_parse(buf, c->id);
	if (n < total)
		return false;
	c->prologue_read = true;
	if (!total)
		return true;
	c->held = true;
	return recv(c->watch.fd, buf, total - 1, MSG_DONTWAIT) ==
	       (ssize_t)total - 1;
}

/* From the program to the network. Return: false, @c is no more, or over. */
static bool conn_out(struct conn *c)
{
	const char *buf;
	ssize_t done;
	size_t len;

	if (!c->sock || c->connecting || c->watch.fd < 0 || !read_prologue(c))
		return true;
	for (;;) {
		done = flush_out(c);
		if (!done || (done > 0 && !c->unread))
			return true;
		buf = done > 0 ? from_program(c, &len) : NULL;
		if (buf && !len)
			continue;
		done = buf ? to_network(c, buf, len) : -1;
		if (done < 0) {
			int err = 0;
			socklen_t size = sizeof(err);

			inet_getsockopt(c->sock, SOL_SOCKET, SO_ERROR, &err, &size);
			conn_over(c, err ? err : EPIPE);
			return false;
		}
		if ((size_t)done < len &&
		    rest_keep(&c->out, buf + done, len - (size_t)done)) {
			conn_free(c, true);
			return false;
		}
	}
}

/* The program is gone, and left more than the stack has room for: it gets the room, a
 * buffer of ours at most, so that the end of a socket which nobody has any more is the
 * stack's business (tcp_orphan_retries, tcp_max_orphans). Return: as conn_out(). */
static bool take_all(struct conn *c)
{
	const int all = INT_MAX / 2;

	if (!c->sock || c->connecting || (!c->out.buf && !queued(c)))
		return true;
	inet_setsockopt(c->sock, SOL_SOCKET, SO_SNDBUFFORCE, &all, sizeof(all));
	c->unread = true;
	return conn_out(c);
}

/* The program has ended its direction, or itself, and all it said is on its way.
 * Return: false, @c is no more. */
static bool conn_end(struct conn *c)
{
	char last;

	if (c->hung_up && !take_all(c))
		return false;
	if ((!c->hung_up && !c->shut) || c->out.buf || queued(c))
		return true;
	if (c->hung_up) {
		/* Perhaps A is only shut both ways: it shall see no reset. */
		if (c->held && recv(c->watch.fd, &last, 1, MSG_DONTWAIT) == 1)
			c->held = false;
		conn_free(c, c->in.buf);
		return false;
	}
	if (!c->program_ended && c->sock && !c->connecting) {
		c->program_ended = true;
		inet_shutdown(c->sock, SHUT_WR);
	}
	return true;
}

/* B has hung up: there is no A any more, or it is shut both ways. Return: false, @c
 * is no more. */
static bool hung_up(struct conn *c)
{
	socklen_t len = sizeof(int);
	int err = 0;

	c->hung_up = true;
	getsockopt(c->watch.fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (!err && !c->connecting && c->sock)
		return true;
	conn_free(c, true);
	return false;
}

/* The handshake has come to an end, this or that. Return: false, it has failed. */
static bool handshake_over(struct conn *c)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	struct watch *waiter = c->waiter;
	socklen_t len = sizeof(int);
	int err = 0;

	if (!waiter)
		inet_getsockopt(c->sock, SOL_SOCKET, SO_ERROR, &err, &len);
	else if (inet_connect(c->sock, (const struct sockaddr *)&any, sizeof(any)))
		err = errno;	/* the end of the connect() that waits */
	c->connecting = false;
	c->waiter = NULL;
	if (waiter)
		call_answer(waiter, err);
	/* Who waits may try again; else A is attached, or about to be. */
	if (err && !waiter)
		conn_over(c, err);
	return !err;
}

static void accept_all(struct conn *listener);

/* What the events of both sides ask for. */
static void work_on(struct conn *c)
{
	uint32_t events = c->events;
	int revents = c->revents;

	c->events = 0;
	c->revents = 0;
	if (c->kind == 'd') {
		dgram_work(c, events);
		return;
	}
	if (c->listening) {
		accept_all(c);
		return;
	}
	c->unread |= events & EPOLLIN;
	if (events & (EPOLLRDHUP | EPOLLHUP))
		c->shut = true;
	if ((events & EPOLLHUP) && !hung_up(c))
		return;
	if (c->over) {
		conn_over(c, c->err);
		return;
	}
	if (c->connecting && (revents & (POLLOUT | POLLERR | POLLHUP)) &&
	    !handshake_over(c))
		return;
	if (c->sock && c->watch.fd >= 0 && conn_out(c) && conn_in(c))
		conn_end(c);
}

static void to_work(struct conn *c)
{
	struct owner *o = c->owner;

	if (c->to_work)
		return;
	c->to_work = true;
	c->next_work = NULL;
	*o->work_tail = c;
	o->work_tail = &c->next_work;
}

void conn_put_off(struct conn *c)
{
	if (c->is_put_off)
		return;
	c->is_put_off = true;
	c->next_put_off = c->owner->put_off;
	c->owner->put_off = c;
}

void conn_work(struct owner *o)
{
	struct conn *c;

	while ((c = o->put_off)) {
		o->put_off = c->next_put_off;
		c->is_put_off = false;
		to_work(c);
	}
	while ((c = o->work)) {
		o->work = c->next_work;
		if (!o->work)
			o->work_tail = &o->work;
		c->to_work = false;
		/* What it has sent may have woken it, too. */
		if (!c->dead && !c->is_put_off)
			work_on(c);
	}
}

void conn_bury(struct owner *o)
{
	struct conn *c, **p = &o->dead;

	while ((c = *p)) {
		if (c->is_put_off) {
			p = &c->next;
			continue;
		}
		*p = c->next;
		free(c);
	}
}

/* Events of B. */
static void conn_ready(struct owner *o, struct watch *w, uint32_t events)
{
	struct conn *c = (struct conn *)w;

	(void)o;
	c->events |= events;
	to_work(c);
}

static void sock_event(struct socket *sock, int revents, void *arg)
{
	struct conn *c = arg;

	(void)sock;
	c->revents |= revents;
	to_work(c);
}

void conn_watch_sock(struct conn *c)
{
	inet_set_event_cb(c->sock, POLLIN | POLLOUT, sock_event, c);
}

void conn_attach(struct conn *c, int fd)
{
	struct owner *o = c->owner;

	c->watch.fd = fd;
	c->watch.ready = conn_ready;
	bare_del(c);
	if (owner_watch(o, &c->watch, CONN_EVENTS))
		conn_free(c, true);
	else
		to_work(c);
}

/* ---- accept ----------------------------------------------------------- */

/* The abstract name of A. */
static socklen_t name_of(const struct conn *c, struct sockaddr_un *un)
{
	struct shim_name name = { .kind = 's', .id = c->id };

	strncpy(name.owner, c->owner->name, SHIM_OWNER_MAX);
	return shim_build(un, &name);
}

/* Does A live? Its name is taken then. */
static bool program_lives(const struct conn *c)
{
	struct sockaddr_un un;
	socklen_t len = name_of(c, &un);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool taken;

	if (fd < 0)
		return true;	/* who knows */
	taken = bind(fd, (struct sockaddr *)&un, len) && errno == EADDRINUSE;
	close(fd);
	return taken;
}

/* Connects a B of @c to the listening A. 0, or an errno: EAGAIN, later. */
static int deliver(struct conn *listener, struct conn *c)
{
	struct shim_name name = { .kind = 'c', .id = c->id };
	socklen_t len = sizeof(name.local);
	struct sockaddr_un un;
	int err = 0, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
				 0);

	if (fd < 0)
		return EAGAIN;
	strncpy(name.owner, c->owner->name, SHIM_OWNER_MAX);
	inet_getsockname(c->sock, (struct sockaddr *)&name.local, &len);
	len = sizeof(name.peer);
	/* Of one that is reset already: nobody. */
	if (inet_getpeername(c->sock, (struct sockaddr *)&name.peer, &len))
		name.peer = (struct sockaddr_in){ .sin_family = AF_INET };
	len = shim_build(&un, &name);
	if (bind(fd, (struct sockaddr *)&un, len))
		err = errno;
	len = name_of(listener, &un);
	if (!err && connect(fd, (struct sockaddr *)&un, len))
		err = errno;
	/* Between the owner's listen() and the kernel's. */
	if (err == ECONNREFUSED && program_lives(listener))
		err = EAGAIN;
	if (err) {
		close(fd);
		return err;
	}
	conn_attach(c, fd);
	return 0;
}

/* A connection of the stack becomes one of the table. NULL: none waits. */
static struct conn *accept_one(struct conn *listener)
{
	struct owner *o = listener->owner;
	struct socket *sock = inet_accept4(listener->sock, NULL, NULL, SOCK_NONBLOCK);
	uint64_t id;

	if (!sock)
		return NULL;
	if (getrandom(&id, sizeof(id), 0) != sizeof(id) || conn_find(o, id)) {
		inet_close(sock);
		return NULL;
	}
	return conn_new(o, id, 'c', sock);
}

/* Everybody who waits, while the program's queue has room. */
static void accept_all(struct conn *listener)
{
	struct conn *c;
	int err;

	while ((c = listener->parked ? listener->parked : accept_one(listener))) {
		listener->parked = NULL;
		err = deliver(listener, c);
		if (err == EAGAIN) {
			listener->parked = c;
			listener->owner->parked = true;
			return;
		}
		if (err) {
			conn_free(c, true);
			conn_free(listener, false);
			return;
		}
		if (c->sock)
			conn_watch_sock(c);
	}
}

void conn_unpark(struct owner *o)
{
	struct conn *c, *next;

	if (!o->parked)
		return;
	o->parked = false;
	for (c = o->bare; c; c = next) {
		next = c->next_bare;
		if (!c->dead && c->parked)
			accept_all(c);
	}
}

void conn_unlisten(struct conn *listener)
{
	if (listener->parked)
		conn_free(listener->parked, true);
	listener->parked = NULL;
	listener->listening = false;
	/* At once; an event that is under way puts off the end of the socket. */
	if (listener->sock)
		inet_shutdown(listener->sock, SHUT_RD);
	conn_free(listener, false);
}

/* ---- the end of sockets without B ------------------------------------- */

void conn_sweep(struct owner *o, bool now)
{
	u64 ns = inet_now_ns(o->net);
	struct conn *c, *next;

	if (!now && ns - o->swept_ns < SWEEP_NS)
		return;
	o->swept_ns = ns;
	for (c = o->bare; c; c = next) {
		next = c->next_bare;
		if (c->dead || c->kind != 's' || program_lives(c))
			continue;
		if (c->parked && next == c->parked)
			next = next->next_bare;
		conn_unlisten(c);
	}
}

/* A SYN for port @port: who listens there shall live, or be gone before TCP sees it. */
static void check_listeners(struct owner *o, u16 port)
{
	struct conn *c, *next;

	for (c = o->bare; c; c = next) {
		next = c->next_bare;
		if (c->dead || !c->listening || c->port != port || program_lives(c))
			continue;
		conn_unlisten(c);
		return;
	}
}

unsigned int conn_see_packet(void *owner, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	struct tcphdr tcp;
	struct iphdr ip;

	(void)state;
	if (!skb_copy_bits(skb, 0, &ip, sizeof(ip)) && ip.protocol == IPPROTO_TCP &&
	    !skb_copy_bits(skb, ip.ihl * 4u, &tcp, sizeof(tcp)) && tcp.syn && !tcp.ack)
		check_listeners(owner, tcp.dest);
	return NF_ACCEPT;
}
