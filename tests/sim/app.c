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
#include <string.h>

#define ADDR(h) (0x0a000001u + (u32)(h))

u8 app_byte(u32 key, u32 pos)
{
	u32 x = pos * 0x9e3779b1u + key;

	return (u8)((x ^ (x >> 15)) >> 7);
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
}

/* Pieces such that an end makes some hundred calls at the most. */
static void draw_chunks(struct world *w, struct end *e)
{
	struct rng *r = &w->config;

	e->write_chunk = (u32)rng_log(r, 1 + e->to_send / 128, SIM_MAX_BYTES);
	e->read_chunk = (u32)rng_log(r, 1 + e->to_recv / 128, SIM_MAX_BYTES);
}

void app_draw(struct world *w)
{
	struct rng *r = &w->config;
	u64 spread = rng_log(r, SIM_MS, 5 * SIM_S);
	bool small = rng_chance(r, 50);
	unsigned int i;

	w->nr_conns = (unsigned int)rng_log(r, 1, SIM_MAX_CONNS);
	w->nr_ends_open = 2 * w->nr_conns;
	for (i = 0; i < w->nr_conns; i++) {
		struct conn *c = &w->conn[i];
		bool lazy = rng_chance(r, 50);
		unsigned int who = (unsigned int)rng_range(r, 0, 1);

		c->w = w;
		c->client = (u8)rng_range(r, 0, 1);
		c->start_ns = w->now + rng_range(r, 0, spread);
		draw_end(w, &c->end[0], small);
		draw_end(w, &c->end[1], small);
		c->end[0].to_recv = c->end[1].to_send;
		c->end[1].to_recv = c->end[0].to_send;
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

static struct sockaddr_in addr_of(int h)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(SIM_PORT) };

	a.sin_addr.s_addr = htonl(ADDR(h));
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

/* Half the sockets get buffers of their own, some no Nagle. */
static void set_options(struct world *w, struct socket *s)
{
	struct rng own, *r = &w->app;
	int v;

	if (sim_draw(w, r, SIM_BUFFERS, 25, &own)) {
		v = (int)rng_log(&own, 2304, 1 << 18);
		inet_setsockopt(s, SOL_SOCKET, SO_RCVBUF, &v, sizeof(v));
	}
	if (sim_draw(w, r, SIM_BUFFERS, 25, &own)) {
		v = (int)rng_log(&own, 4608, 1 << 18);
		inet_setsockopt(s, SOL_SOCKET, SO_SNDBUF, &v, sizeof(v));
	}
	v = rng_chance(r, 30);
	inet_setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v));
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
	struct sockaddr_in a = addr_of((int)(h - h->w->host));

	h->listener = inet_socket(h->net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK,
				  0);
	if (!h->listener)
		return -1;
	set_options(h->w, h->listener);
	inet_set_event_cb(h->listener, POLLIN, host_ready, h);
	if (inet_bind(h->listener, (struct sockaddr *)&a, sizeof(a)))
		return -1;
	return inet_listen(h->listener, SIM_MAX_CONNS);
}

static void app_connect(struct conn *c)
{
	struct world *w = c->w;
	struct sockaddr_in a = addr_of(!c->client), me;
	socklen_t len = sizeof(me);
	struct socket *s = inet_socket(w->host[c->client].net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);

	c->started = true;
	if (!s) {
		sim_fail(w, "socket: %s", strerror(errno));
		return;
	}
	set_options(w, s);
	end_start(&c->end[0], s);
	if (inet_connect(s, (struct sockaddr *)&a, sizeof(a)) &&
	    errno != EINPROGRESS)
		sim_fail(w, "connect: %s", strerror(errno));
	if (inet_getsockname(s, (struct sockaddr *)&me, &len))
		sim_fail(w, "getsockname: %s", strerror(errno));
	c->port = me.sin_port;
}

/* Whose connection it is, by the client's port. */
static struct conn *app_find(struct world *w, int client, u16 port)
{
	unsigned int i;

	for (i = 0; i < w->nr_conns; i++) {
		struct conn *c = &w->conn[i];

		if (c->started && c->client == client && c->port == port &&
		    !c->end[1].sock && !c->end[1].closed)
			return c;
	}
	return NULL;
}

static void app_accept(struct world *w, int h)
{
	struct sockaddr_in a;
	struct socket *s;
	unsigned int i;

	for (i = 0; i <= SIM_MAX_CONNS; i++) {
		socklen_t len = sizeof(a);
		struct conn *c;

		s = inet_accept4(w->host[h].listener, (struct sockaddr *)&a,
				 &len, SOCK_NONBLOCK);
		if (!s) {
			if (errno != EAGAIN)
				sim_fail(w, "accept: %s", strerror(errno));
			return;
		}
		c = app_find(w, !h, a.sin_port);
		if (!c) {
			sim_fail(w, "host %d accepts port %u, which nobody "
				 "opened or which came before", h,
				 ntohs(a.sin_port));
			inet_close(s);
			return;
		}
		end_start(&c->end[1], s);
	}
}

/* Writes one piece. Return: false when the socket takes no more. */
static bool end_write(struct world *w, struct end *e)
{
	u8 buf[4096];
	u32 left = e->to_send - e->sent, i, n;
	ssize_t got;

	n = (u32)rng_range(&w->app, 1, e->write_chunk);
	n = n < left ? n : left;
	n = n < sizeof(buf) ? n : (u32)sizeof(buf);
	for (i = 0; i < n; i++)
		buf[i] = app_byte(e->key, e->sent + i);
	got = inet_send(e->sock, buf, n, 0);
	if (got > 0)
		e->sent += (u32)got;
	else if (got == 0 || errno != EAGAIN)
		sim_fail(w, "port %u: send after %u of %u bytes: %s",
			 ntohs(e->conn->port), e->sent, e->to_send,
			 strerror(errno));
	return got > 0;
}

static void check_bytes(struct world *w, struct end *e, const u8 *p, u32 n)
{
	u32 key = e->conn->end[e == &e->conn->end[0]].key, i;

	if (n > e->to_recv - e->rcvd)
		sim_fail(w, "port %u: more than the %u bytes written",
			 ntohs(e->conn->port), e->to_recv);
	for (i = 0; i < n; i++)
		if (p[i] != app_byte(key, e->rcvd + i))
			sim_fail(w, "port %u: byte %u of %u is wrong",
				 ntohs(e->conn->port), e->rcvd + i, e->to_recv);
	e->rcvd += n;
	w->bytes += n;
}

/* Reads one piece. Return: false when there is nothing now. */
static bool end_read(struct world *w, struct end *e)
{
	u8 buf[4096];
	u32 n = (u32)rng_range(&w->app, 1, e->read_chunk);
	ssize_t got = inet_recv(e->sock, buf,
				n < sizeof(buf) ? n : sizeof(buf), 0);

	if (got > 0) {
		check_bytes(w, e, buf, (u32)got);
		return true;
	}
	if (got == 0) {
		e->eof = true;
		if (e->rcvd != e->to_recv)
			sim_fail(w, "port %u: EOF after %u of %u bytes",
				 ntohs(e->conn->port), e->rcvd, e->to_recv);
	} else if (errno != EAGAIN) {
		sim_fail(w, "port %u: receive after %u of %u bytes: %s",
			 ntohs(e->conn->port), e->rcvd, e->to_recv,
			 strerror(errno));
	}
	return false;
}

static void end_close(struct world *w, struct end *e)
{
	inet_close(e->sock);
	e->sock = NULL;
	e->closed = true;
	e->wake_ns = UINT64_MAX;
	w->nr_ends_open--;
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
	if (!e->shut && e->sent == e->to_send && (!e->lazy || e->eof) &&
	    (e->half || !e->eof) && end_connected(e)) {
		if (inet_shutdown(e->sock, SHUT_WR))
			sim_fail(w, "port %u: shutdown: %s",
				 ntohs(e->conn->port), strerror(errno));
		e->shut = true;
	}
	if (e->eof && e->sent == e->to_send)
		end_close(w, e);
}

static void end_step(struct world *w, struct end *e)
{
	bool out = e->sent < e->to_send, in = !e->eof;
	u32 calls = 0;

	e->dirty = false;
	e->wake_ns = UINT64_MAX;
	while ((out || in) && !w->why[0]) {
		if (out)
			out = end_write(w, e) && e->sent < e->to_send;
		if (in)
			in = end_read(w, e);
		if (++calls >= e->burst && (out || in)) {
			e->wake_ns = w->now + e->think_ns;
			break;
		}
	}
	end_finish(w, e);
}

/* One connection. Return: when it is due next. */
static u64 conn_step(struct conn *c)
{
	struct world *w = c->w;
	u64 next = UINT64_MAX;
	int i;

	if (!c->started) {
		if (w->now < c->start_ns)
			return c->start_ns;
		app_connect(c);
	}
	for (i = 0; i < 2; i++) {
		struct end *e = &c->end[i];

		if (e->sock && (e->dirty || e->wake_ns <= w->now))
			end_step(w, e);
		if (e->sock && e->dirty)
			next = w->now;
		if (e->wake_ns < next)
			next = e->wake_ns;
	}
	return next;
}

u64 app_step(struct world *w)
{
	u64 next = UINT64_MAX, t;
	unsigned int i;
	int h;

	for (h = 0; h < 2; h++) {
		if (w->host[h].dirty) {
			w->host[h].dirty = false;
			app_accept(w, h);
		}
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
			       ntohs(e->conn->port),
			       i % 2 ? !e->conn->client : e->conn->client,
			       e->sent, e->to_send, e->rcvd, e->to_recv,
			       e->shut, e->eof, e->lazy);
	}
}

bool app_done(const struct world *w)
{
	return w->nr_ends_open == 0;
}

void app_close_all(struct world *w)
{
	unsigned int i;
	int h;

	for (i = 0; i < 2 * w->nr_conns; i++) {
		struct end *e = &w->conn[i / 2].end[i % 2];

		if (e->sock)
			end_close(w, e);
	}
	for (h = 0; h < 2; h++) {
		if (w->host[h].listener)
			inet_close(w->host[h].listener);
		w->host[h].listener = NULL;
	}
}
