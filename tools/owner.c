/* SPDX-License-Identifier: BSD-2-Clause */
/* The owner's loop: epoll, the stack's turn, and what must be looked at by the clock. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "owner.h"

#define EVENTS 64
#define BACKLOG 4096
#define LISTEN_FIRST 3		/* SD_LISTEN_FDS_START */
#define LISTEN_MAX 64
#define PARKED_NS 1000000ll	/* a full listener is tried again */
#define BARE_NS 100000000ll	/* sockets without B are looked at */

int owner_watch(struct owner *o, struct watch *w, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = w };

	return epoll_ctl(o->epoll, EPOLL_CTL_ADD, w->fd, &event);
}

void owner_unwatch(struct watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

bool owner_serves(const struct owner *o, int fd)
{
	return o->everybody || shim_peer_trusted(fd);
}

/* accept4(); who finds no descriptor left is hung up on, since he would be there, and
 * wake us, for ever. */
static int accept_or_refuse(struct owner *o, int place, struct sockaddr_un *un,
			    socklen_t *len)
{
	int fd = accept4(place, (struct sockaddr *)un, len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	bool refused;

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE) || o->spare < 0)
		return fd;
	close(o->spare);
	fd = accept4(place, NULL, NULL, SOCK_CLOEXEC);
	refused = fd >= 0;
	if (refused)
		close(fd);
	o->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	errno = refused ? ECONNABORTED : EAGAIN;
	return -1;
}

int owner_accept(struct owner *o, struct watch *w, struct sockaddr_un *un,
		 socklen_t *len)
{
	int fd;

	do {
		*len = sizeof(*un);
		fd = accept_or_refuse(o, w->fd, un, len);
		if (fd >= 0 && owner_serves(o, fd))
			return fd;
		if (fd >= 0)
			close(fd);
	} while (fd >= 0 || errno == ECONNABORTED);
	return -1;
}

/* Programs call. */
static void control_ready(struct owner *o, struct watch *w, uint32_t events)
{
	struct sockaddr_un un;
	socklen_t len;
	int fd;

	(void)events;
	while ((fd = owner_accept(o, w, &un, &len)) >= 0)
		call_new(o, fd);
}

/* Tools ask. */
static void admin_ready(struct owner *o, struct watch *w, uint32_t events)
{
	struct sockaddr_un un;
	socklen_t len;
	int fd;

	(void)events;
	while ((fd = owner_accept(o, w, &un, &len)) >= 0)
		admin_new(o, fd);
}

/* Programs have connected their sockets: whose, the name of A says. */
static void stream_ready(struct owner *o, struct watch *w, uint32_t events)
{
	struct shim_name name = { 0 };
	struct sockaddr_un un;
	struct conn *c;
	socklen_t len;
	int fd;

	(void)events;
	while ((fd = owner_accept(o, w, &un, &len)) >= 0) {
		c = shim_parse(&un, len, &name) && name.kind == 's' ?
			    conn_find(o, name.id) : NULL;
		if (c && c->watch.fd < 0)
			conn_attach(c, fd);
		else
			close(fd);
	}
}

/* The same for datagrams. */
static void dgram_ready(struct owner *o, struct watch *w, uint32_t events)
{
	struct shim_name name = { 0 };
	struct sockaddr_un un;
	socklen_t len;
	int fd;

	(void)events;
	while ((fd = owner_accept(o, w, &un, &len)) >= 0) {
		if (shim_parse(&un, len, &name) && name.kind == 'd' &&
		    !conn_find(o, name.id) &&
		    (name.type != SOCK_RAW || shim_peer_trusted(fd)))
			dgram_new(o, fd, &name);
		else
			close(fd);
	}
}

void owner_accept_dgrams(struct owner *o)
{
	dgram_ready(o, &o->dgram, EPOLLIN);
}

static void stack_ready(struct owner *o, struct watch *w, uint32_t events)
{
	(void)o;
	(void)w;
	(void)events;	/* it has its turn anyway */
}

/* The socket of that name and type which listens already and was given to us as
 * sd_listen_fds(3) describes: from 3 on, LISTEN_FDS of them, if LISTEN_PID is ours.
 * -1: there is none. */
static int inherited(const struct sockaddr_un *wanted, socklen_t wanted_len, int type)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int fd, is = 0, end = LISTEN_FIRST;
	socklen_t len, is_len;
	struct sockaddr_un un;

	if (pid && fds && atol(pid) == (long)getpid() && atoi(fds) <= LISTEN_MAX)
		end += atoi(fds);
	for (fd = LISTEN_FIRST; fd < end; fd++) {
		len = sizeof(un);
		is_len = sizeof(is);
		if (getsockname(fd, (struct sockaddr *)&un, &len) || len != wanted_len ||
		    memcmp(&un, wanted, len) ||
		    getsockopt(fd, SOL_SOCKET, SO_TYPE, &is, &is_len) || is != type ||
		    fcntl(fd, F_SETFD, FD_CLOEXEC) ||
		    fcntl(fd, F_SETFL, O_NONBLOCK))
			continue;
		return fd;
	}
	return -1;
}

/* One place where programs connect. 0 or -1. */
static int place_open(struct owner *o, struct watch *w, const char *place, int type)
{
	struct sockaddr_un un;
	socklen_t len = shim_place(&un, o->name, place);

	w->fd = inherited(&un, len, type);
	if (w->fd >= 0)
		return owner_watch(o, w, EPOLLIN);
	w->fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0 || bind(w->fd, (struct sockaddr *)&un, len) ||
	    listen(w->fd, BACKLOG))
		return -1;
	return owner_watch(o, w, EPOLLIN);
}

int owner_listen(struct owner *o)
{
	o->work_tail = &o->work;
	o->everybody = !geteuid();
	o->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	o->control.ready = control_ready;
	o->stream.ready = stream_ready;
	o->dgram.ready = dgram_ready;
	o->admin.ready = admin_ready;
	o->stack.ready = stack_ready;
	o->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (o->epoll < 0)
		return -1;
	o->stack.fd = inet_poll_fd(o->net);
	o->hook.hook = conn_see_packet;
	o->hook.priv = o;
	o->hook.hooknum = NF_INET_LOCAL_IN;
	if (nf_register_net_hook(o->net, &o->hook))
		return -1;
	if (owner_watch(o, &o->stack, EPOLLIN) ||
	    place_open(o, &o->stream, "stream", SOCK_STREAM) ||
	    place_open(o, &o->dgram, "dgram", SOCK_SEQPACKET) ||
	    place_open(o, &o->admin, "admin", SOCK_STREAM) ||
	    place_open(o, &o->control, "control", SOCK_SEQPACKET))
		return -1;
	return 0;
}

/* How long to sleep, ns; -1: for ever. */
static s64 next_timeout(const struct owner *o)
{
	s64 ns = inet_next_timeout_ns(o->net);
	s64 own = -1;

	if (o->put_off || o->scraped)
		return 0;
	if (o->parked)
		own = PARKED_NS;
	else if (o->bare)
		own = BARE_NS;
	else if (o->idle_s && !o->nr_conns && !o->nr_leases)
		own = BARE_NS;
	if (own >= 0 && (ns < 0 || own < ns))
		return own;
	return ns;
}

/* Nobody has used it for a while. */
static bool idle(struct owner *o)
{
	u64 now = inet_now_ns(o->net);

	if (!o->idle_s || o->nr_conns || o->nr_leases)
		o->busy_ns = now;
	return now - o->busy_ns > o->idle_s * 1000000000ull;
}

int owner_run(struct owner *o, const volatile sig_atomic_t *stop)
{
	struct epoll_event events[EVENTS];
	struct timespec patience;
	struct watch *w;
	s64 ns;
	int i, n;

	o->busy_ns = inet_now_ns(o->net);
	while (!*stop && !idle(o)) {
		ns = next_timeout(o);
		patience.tv_sec = ns / 1000000000;
		patience.tv_nsec = ns % 1000000000;
		n = epoll_pwait2(o->epoll, events, EVENTS,
				 ns < 0 ? NULL : &patience, NULL);
		if (n < 0 && errno != EINTR)
			return -1;
		for (i = 0; i < n; i++) {
			w = events[i].data.ptr;
			w->ready(o, w, events[i].events);
		}
		conn_unpark(o);
		conn_sweep(o, false);
		inet_run(o->net, 0);
		metrics_work(o);
		conn_work(o);
		conn_bury(o);
		admin_work(o);
		admin_bury(o);
	}
	return 0;
}
