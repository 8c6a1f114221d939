/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The applications: each connection has two ends that write and read what the
 * seed says, in pieces and with pauses, and check every byte they read.
 */
#include "sim.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

#define PIECES 48		/* of packets that an end is lent */
#define RETRY_NS (20 * SIM_MS)	/* after a call for which there was no memory */

u8 app_byte(u32 key, u32 pos)
{
	u32 x = pos * 0x9e3779b1u + key;

	return (u8)((x ^ (x >> 15)) >> 7);
}

/* What an end does to test the other one's patience. */
static void draw_habits(struct world *w, struct end *e)
{
	struct rng own, *r = &w->config;

	if (sim_draw(w, r, SIM_STALL, 10, &own)) {
		e->stall_at = (u32)rng_log(&own, 1, SIM_MAX_BYTES);
		e->stall_ns = rng_log(&own, 10 * SIM_MS, 60 * SIM_S);
	}
	if (sim_draw(w, r, SIM_ABORT, 4, &own)) {
		e->abort_at = (u32)rng_log(&own, 1, SIM_MAX_BYTES);
		e->abort_rst = rng_chance(&own, 50);
	}
	if (sim_draw(w, r, SIM_URGENT, 10, &own))
		e->urgent = (u8)rng_range(&own, 1, 50);
}

static void draw_end(struct world *w, struct end *e, bool one_byte)
{
	struct rng *r = &w->config;

	e->key = (u32)rng_next(r);
	e->to_send = rng_chance(r, 10) ? 0 :
		     (u32)rng_log(r, 1, one_byte ? 64 : SIM_MAX_BYTES);
	e->burst = (u32)rng_range(r, 1, 16);
	e->think_ns = rng_chance(r, 50) ? 0 : rng_log(r, 1000, 20 * SIM_MS);
	e->half = rng_chance(r, 70);
	e->wake_ns = UINT64_MAX;
	draw_habits(w, e);
}

/* Pieces such that an end makes some hundred calls at the most. */
static void draw_chunks(struct world *w, struct end *e)
{
	struct rng *r = &w->config;

	e->write_chunk = (u32)rng_log(r, 1 + e->to_send / 128, SIM_MAX_BYTES);
	e->read_chunk = (u32)rng_log(r, 1 + e->to_recv / 128, SIM_MAX_BYTES);
}

/* Who connects to whom, from where. */
static void draw_conn(struct world *w, struct conn *c, unsigned int i)
{
	struct rng own, *r = &w->config;
	u64 client = rng_next(r), server = rng_next(r);

	c->w = w;
	c->end[0].host = (u8)(client % w->nr_hosts);
	c->end[1].host = (u8)((c->end[0].host + 1 +
			       server % (w->nr_hosts - 1)) % w->nr_hosts);
	c->end[1].port = htons(SIM_PORT);
	c->aborted = w->fragile;
	c->crossing = sim_draw(w, r, SIM_CROSSING, 5, &own);
	c->doomed = sim_draw(w, r, SIM_DOOMED, 1, &own);
	if (c->doomed) {
		c->crossing = false;
		c->aborted = true;
		c->end[1].port = htons(SIM_CLOSED_PORT);
		return;
	}
	c->reuse = rng_chance(r, 30) && w->reuse && !c->crossing;
	if (c->reuse)
		c->end[0].port = htons((u16)(SIM_REUSED_PORT + i % 2));
	if (!c->crossing)
		return;
	c->end[0].port = htons((u16)(10000 + i));
	c->end[1].port = htons((u16)(11000 + i));
}

void app_draw(struct world *w)
{
	struct rng *r = &w->config;
	u64 spread = rng_log(r, SIM_MS, 5 * SIM_S);
	bool small = rng_chance(r, 50);
	struct rng own;
	unsigned int i;

	/* late segments of a connection whose ports are used again cannot be
	 * told from those of the next, by the monitor */
	w->reuse = sim_draw(w, r, SIM_REUSE, 10, &own) && !w->fragile;
	/* nor by whom a short queue is full */
	for (i = 0; i < w->nr_hosts && w->reuse; i++)
		if (w->host[i].accept_gap)
			monitor_excuse(w, i, WHY_REUSED);
	w->nr_conns = (unsigned int)rng_log(r, 1, SIM_MAX_CONNS);
	w->nr_ends_open = 2 * w->nr_conns;
	for (i = 0; i < w->nr_conns; i++) {
		struct conn *c = &w->conn[i];
		bool lazy = rng_chance(r, 50);
		unsigned int who = (unsigned int)rng_range(r, 0, 1);

		draw_conn(w, c, i);
		c->start_ns = w->now + rng_range(r, 0, spread);
		draw_end(w, &c->end[0], small);
		draw_end(w, &c->end[1], small);
		c->end[0].to_recv = c->end[1].to_send;
		c->end[1].to_recv = c->end[0].to_send;
		/* whose connection is accepted is told by the port: the last
		 * one must have ended well */
		if (c->reuse)
			c->end[0].abort_at = c->end[1].abort_at = 0;
		c->end[who].lazy = lazy;
		c->end[0].conn = c->end[1].conn = c;
		draw_chunks(w, &c->end[0]);
		draw_chunks(w, &c->end[1]);
		if (!(w->keep >> i & 1)) {
			c->started = true;
			c->end[0].closed = c->end[1].closed = true;
			w->nr_ends_open -= 2;
		}
	}
}

static struct sockaddr_in addr_of(unsigned int h, u16 port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = port };

	a.sin_addr.s_addr = htonl(SIM_ADDR(h));
	return a;
}

static void end_ready(struct socket *sock, int revents, void *arg)
{
	struct end *e = arg;

	(void)sock;
	(void)revents;
	e->dirty = true;
}

static void host_ready(struct socket *sock, int revents, void *arg)
{
	struct host *h = arg;

	(void)sock;
	(void)revents;
	h->dirty = true;
}

static void set_int(struct socket *s, int level, int name, int v)
{
	inet_setsockopt(s, level, name, &v, sizeof(v));
}

/* Half the sockets get buffers of their own, some no Nagle. All find out that
 * a peer is gone, and read urgent bytes where they stand. */
static void set_options(struct host *h, struct socket *s, bool *tight)
{
	struct world *w = h->w;
	struct rng own, *r = &w->app;
	struct linger linger = { .l_onoff = 1, .l_linger = 5 };

	if (sim_draw(w, r, SIM_BUFFERS, 25, &own)) {
		*tight = true;
		set_int(s, SOL_SOCKET, SO_RCVBUF,
			(int)rng_log(&own, 2304, 1 << 18));
	}
	if (sim_draw(w, r, SIM_BUFFERS, 25, &own))
		set_int(s, SOL_SOCKET, SO_SNDBUF,
			(int)rng_log(&own, 4608, 1 << 18));
	set_int(s, IPPROTO_TCP, TCP_NODELAY, rng_chance(r, 30));
	set_int(s, SOL_SOCKET, SO_OOBINLINE, 1);
	if (sim_draw(w, r, SIM_KNOBS, 10, &own))
		set_int(s, IPPROTO_IP, IP_MINTTL, 63);
	if (sim_draw(w, r, SIM_LINGER, 10, &own))
		inet_setsockopt(s, SOL_SOCKET, SO_LINGER, &linger,
				sizeof(linger));
}

static void end_start(struct end *e, struct socket *s)
{
	e->sock = s;
	e->dirty = true;
	inet_set_event_cb(s, POLLIN | POLLOUT | POLLERR | POLLHUP, end_ready,
			  e);
}

int app_listen(struct host *h)
{
	struct sockaddr_in a = addr_of((unsigned int)(h - h->w->host),
				       htons(SIM_PORT));
	int backlog = 2 * SIM_MAX_CONNS;
	struct rng own;

	h->listener = inet_socket(h->net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK,
				  0);
	if (!h->listener)
		return -1;
	set_options(h, h->listener, &h->tight);
	inet_set_event_cb(h->listener, POLLIN, host_ready, h);
	if (inet_bind(h->listener, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	if (sim_draw(h->w, &h->w->app, SIM_BACKLOG, 10, &own)) {
		/* old requests make room for young ones: a client that is
		 * connected already may find nobody there */
		h->w->fragile = true;
		backlog = (int)rng_range(&own, 6, 10);
		h->accept_gap = rng_log(&own, SIM_MS, 200 * SIM_MS);
	}
	h->backlog = (u32)backlog;
	return inet_listen(h->listener, backlog);
}

static bool no_memory(void)
{
	return errno == ENOMEM || errno == ENOBUFS;
}

/* Connections of which an end gives up: the other one may only see silence. */
static void set_keepalive(struct end *e)
{
	struct conn *c = e->conn;

	if (!c->end[0].abort_at && !c->end[1].abort_at && !c->w->fragile)
		return;
	set_int(e->sock, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_int(e->sock, IPPROTO_TCP, TCP_KEEPIDLE, 20);
	set_int(e->sock, IPPROTO_TCP, TCP_KEEPINTVL, 5);
	set_int(e->sock, IPPROTO_TCP, TCP_KEEPCNT, 6);
	if (e->abort_at & 1)
		set_int(e->sock, IPPROTO_TCP, TCP_LINGER2,
			e->abort_at & 2 ? -1 : 61);
}

/* Forgets a socket that was never connected. */
static void end_drop(struct end *e)
{
	if (e->sock)
		inet_close(e->sock);
	e->sock = NULL;
}

/* Is there a reason to try once more later? */
static bool try_again(const struct conn *c)
{
	const struct world *w = c->w;
	unsigned int i;

	if (no_memory() || (c->reuse && (errno == EADDRINUSE ||
					 errno == EADDRNOTAVAIL)))
		return true;
	for (i = 0; i < w->nr_events; i++)	/* it has lost its address */
		if (w->event[i].kind == SIM_ADDRESS)
			return true;
	return false;
}

/* A call of @e failed. Return: false; not every reason is a good one. */
static bool connect_failed(struct end *e)
{
	if (!try_again(e->conn))
		sim_fail(e->conn->w, "connect: %s", strerror(errno));
	end_drop(e);
	return false;
}

/* A socket, bound if the port is given. Return: false: there is none. */
static bool end_open(struct end *e)
{
	struct world *w = e->conn->w;
	struct sockaddr_in me = addr_of(e->host, e->port);

	e->sock = inet_socket(w->host[e->host].net, AF_INET,
			      SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (e->sock && e->conn->reuse)
		set_int(e->sock, SOL_SOCKET, SO_REUSEADDR, 1);
	if (!e->sock || (e->port &&
	    inet_bind(e->sock, (struct sockaddr *)&me, sizeof(me))))
		return connect_failed(e);
	set_options(&w->host[e->host], e->sock, &e->tight);
	set_keepalive(e);
	return true;
}

/* Connects to the other end. Return: false: not now. */
static bool end_connect(struct end *e)
{
	struct end *to = end_peer(e);
	struct sockaddr_in a = addr_of(to->host, to->port), me;
	socklen_t len = sizeof(me);

	if ((inet_connect(e->sock, (struct sockaddr *)&a, sizeof(a)) &&
	     errno != EINPROGRESS) ||
	    inet_getsockname(e->sock, (struct sockaddr *)&me, &len))
		return connect_failed(e);
	e->port = me.sin_port;
	end_start(e, e->sock);
	return true;
}

/* Return: when to try again, or UINT64_MAX when it is under way. Those that
 * cross need both sockets before the first SYN, which any call may deliver. */
static u64 app_connect(struct conn *c)
{
	c->started = end_open(&c->end[0]) &&
		     (!c->crossing || end_open(&c->end[1])) &&
		     end_connect(&c->end[0]) &&
		     (!c->crossing || end_connect(&c->end[1]));
	if (c->started)
		return UINT64_MAX;
	/* the first SYN is on its way, and the next one will have another
	 * number from the same port */
	c->aborted |= c->crossing;
	end_drop(&c->end[0]);
	end_drop(&c->end[1]);
	c->start_ns = c->w->now + RETRY_NS;
	return c->start_ns;
}

/* Whose connection it is: host @h accepted the peer @a. */
static struct conn *app_find(struct world *w, unsigned int h,
			     const struct sockaddr_in *a)
{
	struct conn *late = NULL;
	unsigned int i;

	for (i = 0; i < w->nr_conns; i++) {
		struct conn *c = &w->conn[i];

		if (!c->started || c->crossing || c->doomed ||
		    c->end[1].host != h ||
		    c->end[0].port != a->sin_port || c->end[1].sock ||
		    htonl(SIM_ADDR(c->end[0].host)) != a->sin_addr.s_addr)
			continue;
		if (!c->end[1].closed)
			return c;
		if (c->aborted)
			late = c;
	}
	return late;
}

/* Accepts one. Return: false when there is none. */
static bool app_accept_one(struct world *w, unsigned int h)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	struct socket *s = inet_accept4(w->host[h].listener,
					(struct sockaddr *)&a, &len,
					SOCK_NONBLOCK);
	struct conn *c;

	if (!s) {
		if (no_memory())
			w->host[h].dirty = true;
		else if (errno != EAGAIN && errno != ECONNABORTED)
			sim_fail(w, "accept: %s", strerror(errno));
		return errno == ECONNABORTED;
	}
	c = app_find(w, h, &a);
	if (c)
		monitor_accept(w, (int)h, c->end[0].host, SIM_PORT,
			       ntohs(a.sin_port));
	if (c && !c->end[1].closed) {
		end_start(&c->end[1], s);
		set_keepalive(&c->end[1]);
		return true;
	}
	if (!c)
		sim_fail(w, "host %u accepts port %u, which nobody opened or "
			 "which came before", h, ntohs(a.sin_port));
	inet_close(s);		/* too late: the client has given up */
	return true;
}

static void app_accept(struct world *w, unsigned int h)
{
	unsigned int i;

	for (i = 0; i <= SIM_MAX_CONNS; i++) {
		if (!app_accept_one(w, h))
			return;
		if (!w->host[h].accept_gap)
			continue;
		w->host[h].accept_ns = w->now + w->host[h].accept_gap;
		w->host[h].dirty = true;
		return;
	}
}

/* ---- without copies ------------------------------------------------------ */

/*
 * Some ends read packets that they are lent, and keep the last ones for a while;
 * some lend what they write (MSG_ZEROCOPY), each call's bytes in memory of their own,
 * which is spoiled the moment the stack says that it is done with it. Whoever
 * sends it later is seen by the reader at the other end.
 */

/* What one call lent. */
struct sim_lent {
	struct sim_lent *next;
	u32 call, len;
	u8 bytes[];
};

/* Habits that the seed gave, without a draw of their own. */
static bool reads_frames(const struct end *e)
{
	return e->key % 8 == 0;
}

static bool writes_frames(const struct end *e)
{
	return e->key % 8 < 2;
}

/* recv(): the bytes are copied from where they lie; what was lent before goes
 * back. */
static ssize_t lend_recv(struct world *w, struct end *e, u8 *buf, size_t n)
{
	struct iovec iov[PIECES];
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = PIECES };
	struct net *net = w->host[e->host].net;
	u64 frames;
	ssize_t got;
	size_t i, off = 0;

	if (!reads_frames(e))
		return inet_recv(e->sock, buf, n, 0);
	inet_frames_put(net, e->frames);
	got = inet_recv_frames(e->sock, &m, n, 0, &frames);
	e->frames = frames;
	for (i = 0; got > 0 && i < m.msg_iovlen; i++) {
		memcpy(buf + off, iov[i].iov_base, iov[i].iov_len);
		off += iov[i].iov_len;
	}
	return got;
}

/* Calls @from to @to are over. */
static void lend_spoil(struct end *e, u32 from, u32 to)
{
	struct sim_lent **p = &e->lent, *l;

	while ((l = *p)) {
		if (l->call - from > to - from) {
			p = &l->next;
			continue;
		}
		*p = l->next;
		explicit_bzero(l->bytes, l->len);	/* for who looks */
		free(l);
	}
}

/* What the error queue says is over. */
static void lend_reap(struct end *e)
{
	char control[128] __attribute__((aligned(8)));
	struct sock_extended_err ee;
	struct msghdr m = { .msg_control = control,
			    .msg_controllen = sizeof(control) };

	while (e->lent && inet_recvmsg(e->sock, &m, MSG_ERRQUEUE) == 0) {
		memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(ee));
		if (ee.ee_origin == SO_EE_ORIGIN_ZEROCOPY)
			lend_spoil(e, ee.ee_info, ee.ee_data);
		m.msg_controllen = sizeof(control);
	}
}

/* send() of bytes that stay where they are until that is over. */
static ssize_t lend_send(struct end *e, const u8 *buf, size_t n, int flags)
{
	const int on = 1;
	struct sim_lent *l;
	ssize_t got;
	int err;

	if (!writes_frames(e))
		return inet_send(e->sock, buf, n, flags);
	lend_reap(e);
	inet_setsockopt(e->sock, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof(on));
	l = malloc(sizeof(*l) + n);
	if (!l)
		abort();
	memcpy(l->bytes, buf, n);
	got = inet_send(e->sock, l->bytes, n, flags | MSG_ZEROCOPY);
	if (got <= 0) {
		err = errno;
		free(l);
		errno = err;
		return got;
	}
	l->call = e->nr_lent++;
	l->len = (u32)n;
	l->next = e->lent;
	e->lent = l;
	return got;
}

static void lend_gone(struct world *w, struct end *e)
{
	if (e->frames)
		inet_frames_put(w->host[e->host].net, e->frames);
	e->frames = 0;
}

/* Before a call that closes. */
static void end_ending(const struct world *w, struct end *e)
{
	if (!e->ending)
		e->ending_ns = w->now;
	e->ending = true;
}

/* The connection of an end is no more, or of its peer: closes what is left. */
static void end_gone(struct world *w, struct end *e)
{
	if (e->closed)
		return;
	end_ending(w, e);
	if (e->sock)
		inet_close(e->sock);
	lend_gone(w, e);
	e->sock = NULL;
	e->closed = true;
	e->wake_ns = UINT64_MAX;
	w->nr_ends_open--;
}

/* The first hop did not answer ARP while the connection was opened: the client
 * tries again, by another port; those that cross have failed. */
static bool end_unreached(struct end *e)
{
	struct conn *c = e->conn;

	if (errno != EHOSTUNREACH || e->sent || e->rcvd || c->aborted)
		return false;
	c->aborted = c->crossing;
	if (c->crossing || e != &c->end[0] || c->end[1].sock)
		return false;
	inet_close(e->sock);
	e->sock = NULL;
	if (!c->reuse)
		e->port = 0;
	c->started = false;
	c->start_ns = c->w->now + RETRY_NS;
	return true;
}

/* A call failed for good: right only when an end has given up. */
static void end_error(struct world *w, struct end *e, const char *call)
{
	struct end *peer = end_peer(e);

	if (end_unreached(e))
		return;
	if (e->conn->aborted) {
		monitor_error(w, e, errno);
		end_gone(w, e);
		if (!peer->sock)
			end_gone(w, peer);
		return;
	}
	sim_fail(w, "port %u: %s after %u of %u sent, %u of %u received: %s",
		 ntohs(e->conn->end[0].port), call, e->sent, e->to_send,
		 e->rcvd, e->to_recv, strerror(errno));
}

/* Writes one piece. Return: false when the socket takes no more. */
static bool end_write(struct world *w, struct end *e)
{
	u8 buf[4096];
	u32 left = e->to_send - e->sent, i, n;
	ssize_t got;
	int flags;

	n = (u32)rng_range(&w->app, 1, e->write_chunk);
	n = n < left ? n : left;
	n = n < sizeof(buf) ? n : (u32)sizeof(buf);
	for (i = 0; i < n; i++)
		buf[i] = app_byte(e->key, e->sent + i);
	flags = rng_chance(&w->app, e->urgent) ? MSG_OOB : 0;
	e->writing = n;
	got = lend_send(e, buf, n, flags);
	e->writing = 0;
	e->cut = got != (ssize_t)n;
	if (got > 0)
		e->sent += (u32)got;
	else if (got < 0 && no_memory())
		e->wake_ns = w->now + RETRY_NS;
	else if (got == 0 || errno != EAGAIN)
		end_error(w, e, "send");
	return got > 0;
}

static void check_bytes(struct world *w, struct end *e, const u8 *p, u32 n)
{
	u32 key = end_peer(e)->key, i;

	if (n > e->to_recv - e->rcvd)
		sim_fail(w, "port %u: more than the %u bytes written",
			 ntohs(e->conn->end[0].port), e->to_recv);
	for (i = 0; i < n; i++)
		if (p[i] != app_byte(key, e->rcvd + i))
			sim_fail(w, "port %u: byte %u of %u is wrong",
				 ntohs(e->conn->end[0].port), e->rcvd + i, e->to_recv);
	e->rcvd += n;
	w->bytes += n;
}

/* An EOF stands behind every byte that was written, and for a FIN: a RST is
 * never taken for one. */
static void check_eof(struct world *w, const struct end *e)
{
	const struct end *peer = end_peer(e);

	if (e->rcvd != peer->sent || (peer->reset && !peer->shut))
		sim_fail(w, "port %u: EOF after %u of %u bytes written%s",
			 ntohs(e->conn->end[0].port), e->rcvd, peer->sent,
			 peer->reset ? ", and a RST" : "");
}

/* Reads one piece. Return: false when there is nothing now. */
static bool end_read(struct world *w, struct end *e)
{
	u8 buf[4096];
	u32 n = (u32)rng_range(&w->app, 1, e->read_chunk);
	ssize_t got = lend_recv(w, e, buf, n < sizeof(buf) ? n : sizeof(buf));

	if (got > 0) {
		check_bytes(w, e, buf, (u32)got);
		return true;
	}
	if (got == 0) {
		e->eof = true;
		check_eof(w, e);
	} else if (no_memory()) {
		e->wake_ns = w->now + RETRY_NS;
	} else if (errno != EAGAIN) {
		end_error(w, e, "receive");
	}
	return false;
}

/* Gives up in the middle: with a RST, or by a close() that may need one. */
static void end_abort(struct world *w, struct end *e)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };
	struct end *peer = end_peer(e);

	if (e->abort_rst)
		inet_setsockopt(e->sock, SOL_SOCKET, SO_LINGER, &linger,
				sizeof(linger));
	else if (e->abort_at % 3 == 0)
		inet_connect(e->sock, &(struct sockaddr){ .sa_family =
							  AF_UNSPEC },
			     sizeof(struct sockaddr));
	e->reset = e->abort_rst || e->abort_at % 3 == 0;
	e->conn->aborted = true;
	end_gone(w, e);
	if (!peer->sock)
		end_gone(w, peer);
}

/* A shutdown() before the handshake's end would give the connection up. */
static bool end_connected(struct end *e)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	return !inet_getpeername(e->sock, (struct sockaddr *)&a, &len);
}

/* Shuts and closes when the time has come. */
static void end_finish(struct world *w, struct end *e)
{
	bool over = e->conn->aborted && e->eof;

	if (!e->shut && e->sent == e->to_send && (!e->lazy || e->eof) &&
	    (e->half || !e->eof) && end_connected(e)) {
		end_ending(w, e);
		if (!inet_shutdown(e->sock, SHUT_WR))
			e->shut = true;
		else if (no_memory())
			e->wake_ns = w->now + RETRY_NS;
		else
			end_error(w, e, "shutdown");
	}
	if (over || (e->eof && e->sent == e->to_send))
		end_gone(w, e);
}

/* Is this an end that reads nothing for a while? */
static bool end_stalls(struct world *w, struct end *e)
{
	if (e->stall_ns && e->rcvd >= e->stall_at) {
		e->stall_until = w->now + e->stall_ns;
		e->stall_ns = 0;
	}
	return e->stall_until > w->now;
}

/* Reads and writes until nothing goes, or the application thinks. */
static void end_work(struct world *w, struct end *e)
{
	bool out = e->sent < e->to_send, in = !e->eof;
	u32 calls = 0;

	while ((out || in) && !w->why[0]) {
		if (out)
			out = end_write(w, e) && e->sent < e->to_send;
		if (in && e->sock)
			in = !end_stalls(w, e) && end_read(w, e);
		if (!e->sock)
			return;		/* an error has */
		if (++calls >= e->burst && (out || in)) {
			e->wake_ns = w->now + e->think_ns;
			break;
		}
	}
	if (e->stall_until > w->now && e->stall_until < e->wake_ns)
		e->wake_ns = e->stall_until;
}

static void end_step(struct world *w, struct end *e)
{
	e->dirty = false;
	e->wake_ns = UINT64_MAX;
	end_work(w, e);
	if (!e->sock)
		return;
	if (e->abort_at && e->sent + e->rcvd >= e->abort_at)
		end_abort(w, e);
	else
		end_finish(w, e);
}

/* When @c may be opened: not while its hosts are paused. */
static u64 start_of(const struct conn *c)
{
	const struct world *w = c->w;
	u64 at = c->start_ns, paused;
	int i;

	for (i = 0; i < 2; i++) {
		paused = w->host[c->end[i].host].paused_until;
		at = paused > at ? paused : at;
	}
	return at;
}

/* One connection. Return: when it is due next. */
static u64 conn_step(struct conn *c)
{
	struct world *w = c->w;
	u64 next = UINT64_MAX;
	int i;

	if (!c->started) {
		if (w->now < start_of(c))
			return start_of(c);
		next = app_connect(c);
	}
	for (i = 0; i < 2; i++) {
		struct end *e = &c->end[i];

		if (w->host[e->host].paused_until > w->now)
			continue;
		if (e->sock && (e->dirty || e->wake_ns <= w->now))
			end_step(w, e);
		if (e->sock && e->dirty)
			next = w->now;
		if (e->wake_ns < next)
			next = e->wake_ns;
	}
	return !c->started && c->start_ns < next ? c->start_ns : next;
}

u64 app_step(struct world *w)
{
	u64 next = UINT64_MAX, t;
	unsigned int i;

	for (i = 0; i < w->nr_hosts; i++) {
		struct host *h = &w->host[i];

		if (!h->dirty || h->paused_until > w->now || !h->listener)
			continue;
		if (h->accept_ns > w->now) {
			next = h->accept_ns < next ? h->accept_ns : next;
			continue;
		}
		h->dirty = false;
		app_accept(w, i);
		t = h->accept_ns > w->now ? h->accept_ns : w->now + RETRY_NS;
		if (h->dirty && t < next)
			next = t;
	}
	for (i = 0; i < w->nr_conns; i++) {
		if (w->conn[i].end[0].closed && w->conn[i].end[1].closed)
			continue;
		t = conn_step(&w->conn[i]);
		next = t < next ? t : next;
	}
	return next;
}

/* Prints the ends that are still open. */
void app_show(const struct world *w)
{
	unsigned int i;

	for (i = 0; i < 2 * w->nr_conns; i++) {
		const struct end *e = &w->conn[i / 2].end[i % 2];

		if (!e->closed)
			printf("# port %u, host %d: wrote %u of %u, read %u of "
			       "%u, shut %d, eof %d, lazy %d\n",
			       ntohs(e->conn->end[0].port),
			       e->host,
			       e->sent, e->to_send, e->rcvd, e->to_recv,
			       e->shut, e->eof, e->lazy);
	}
}

bool app_done(const struct world *w)
{
	return w->nr_ends_open == 0;
}

static u64 mix(u64 hash, u64 v)
{
	return (hash ^ v) * 0x100000001b3ull;
}

/* What no timing may change: who gives up, the bytes of the others, that each
 * sees the end, and who shuts down before he closes. An end that shuts down only
 * while it has not seen the other's FIN does so or not as that comes. */
static u64 end_outcome(const struct end *e, u64 hash)
{
	hash = mix(hash, e->conn->aborted);
	if (e->conn->aborted)
		return hash;
	hash = mix(mix(hash, e->sent), e->rcvd);
	hash = mix(hash, e->eof);
	return e->half || e->lazy ? mix(hash, e->shut) : hash;
}

u64 app_outcome(const struct world *w)
{
	u64 hash = 0xcbf29ce484222325ull;
	unsigned int i;

	/* those that cross may begin anew, for want of memory */
	for (i = 0; i < 2 * w->nr_conns && !w->fragile; i++)
		if (!w->conn[i / 2].crossing)
			hash = mix(end_outcome(&w->conn[i / 2].end[i % 2],
					       hash), i);
	return hash;
}

void app_close_all(struct world *w)
{
	unsigned int i;

	for (i = 0; i < 2 * w->nr_conns; i++)
		end_gone(w, &w->conn[i / 2].end[i % 2]);
	for (i = 0; i < w->nr_hosts; i++) {
		inet_close(w->host[i].listener);
		inet_close(w->host[i].udp);
		w->host[i].listener = w->host[i].udp = NULL;
		/* a call takes in what has come, also where all stands still */
		if (w->host[i].paused_until > w->now)
			steer_settle(&w->host[i]);
	}
}

void app_free(struct world *w)
{
	unsigned int i;

	for (i = 0; i < 2 * w->nr_conns; i++)
		lend_spoil(&w->conn[i / 2].end[i % 2], 0, UINT32_MAX);
}
