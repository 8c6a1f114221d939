/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo: RFC 862 over TCP and UDP on a stack of its own, driven by libev.
 *
 *	echo [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY] [-p PORT] [-n MAX] [-t N]
 *
 * The stack runs embedded: libev waits for its descriptor and its next timer
 * (ev_io, ev_timer, ev_prepare), and calls inet_run(). Each client is a
 * struct whose callback runs when its socket becomes readable or writable;
 * what the client does not take is kept and no more is read until it does.
 * -t records the road of the first N stations and prints it at the end.
 * SIGUSR1 prints what the stack holds; SIGTERM and SIGINT end it all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>
#include <inet/trace.h>

#define ECHO_BUFFER 65536
#define ECHO_DATAGRAM 65536
#define LINGER_MS 100		/* for the last bytes when we are told to end */

struct client {
	struct client *next, *prev;
	struct server *server;
	struct socket *sock;
	size_t start, end;	/* of what is read and not yet sent back */
	bool eof;
	char buf[ECHO_BUFFER];
};

struct server {
	struct net *net;
	struct socket *tcp, *udp;
	struct client *clients;
	unsigned int nr_clients, max_clients;
	unsigned long long accepted, bytes, datagrams;
	u16 port;
	struct ev_loop *loop;
	ev_io io;
	ev_timer timer;
	ev_prepare prepare;
	ev_signal sigterm, sigint, sigusr1;
};

struct options {
	const char *device, *addr, *gateway;
	unsigned int port, max_clients, trace;
};

/* ---- TCP clients ------------------------------------------------------ */

static void client_free(struct client *c)
{
	struct server *s = c->server;

	if (c->prev)
		c->prev->next = c->next;
	else
		s->clients = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->nr_clients--;
	inet_close(c->sock);
	free(c);
}

/* Sends what waits. Return: 1 all sent, 0 some is left, -1 the peer is gone. */
static int client_flush(struct client *c)
{
	ssize_t n;

	while (c->start < c->end) {
		n = inet_send(c->sock, c->buf + c->start, c->end - c->start,
			      MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == ENOBUFS ||
			       errno == ENOMEM ? 0 : -1;
		c->start += (size_t)n;
		c->server->bytes += (unsigned long long)n;
	}
	c->start = c->end = 0;
	return 1;
}

/* Reads and sends until one of them would block. */
static void client_event(struct socket *sock, int revents, void *arg)
{
	struct client *c = arg;
	ssize_t n;
	int ret;

	(void)revents;
	while ((ret = client_flush(c)) == 1 && !c->eof) {
		n = inet_recv(sock, c->buf, sizeof(c->buf), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			ret = -1;
			break;
		}
		c->eof = n == 0;
		c->end = (size_t)n;
	}
	if (ret == 0)
		return;		/* POLLOUT calls us again */
	client_free(c);
}

static void accept_event(struct socket *listener, int revents, void *arg)
{
	struct server *s = arg;
	struct socket *sock;
	struct client *c;

	(void)revents;
	while ((sock = inet_accept4(listener, NULL, NULL, SOCK_NONBLOCK))) {
		c = s->nr_clients < s->max_clients ? malloc(sizeof(*c)) : NULL;
		if (!c) {
			inet_close(sock);
			continue;
		}
		c->server = s;
		c->sock = sock;
		c->start = c->end = 0;
		c->eof = false;
		c->prev = NULL;
		c->next = s->clients;
		if (c->next)
			c->next->prev = c;
		s->clients = c;
		s->nr_clients++;
		s->accepted++;
		inet_set_event_cb(sock, POLLIN | POLLOUT, client_event, c);
	}
}

/* ---- UDP -------------------------------------------------------------- */

/* Who sends from one of these ports answers whatever comes, as we do: echo,
 * discard, daytime, quotd, chargen, time, and ourselves. With a forged source
 * two such servers would talk for ever (RFC 862). */
static bool port_answers_by_itself(const struct server *s, u16 port)
{
	static const u16 known[] = { 7, 9, 13, 17, 19, 37 };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (port == known[i])
			return true;
	return port == s->port;
}

static void udp_event(struct socket *sock, int revents, void *arg)
{
	static char buf[ECHO_DATAGRAM];
	struct server *s = arg;
	struct sockaddr_in from;
	socklen_t len;
	ssize_t n;

	(void)revents;
	for (;;) {
		len = sizeof(from);
		n = inet_recvfrom(sock, buf, sizeof(buf), MSG_DONTWAIT,
				  (struct sockaddr *)&from, &len);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			continue;	/* an ICMP error of an earlier answer */
		if (port_answers_by_itself(s, ntohs(from.sin_port)))
			continue;
		s->datagrams++;
		inet_sendto(sock, buf, (size_t)n, MSG_DONTWAIT,
			    (struct sockaddr *)&from, len);
	}
}

/* ---- the event loop --------------------------------------------------- */

static void io_cb(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop;
	(void)revents;
	inet_run(((struct server *)w->data)->net, 0);
}

static void timer_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	inet_run(((struct server *)w->data)->net, 0);
}

/* Before each wait: what is due now runs, the rest sets the timer. */
static void prepare_cb(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct server *s = w->data;
	s64 ns = inet_next_timeout_ns(s->net);

	(void)revents;
	ev_timer_stop(loop, &s->timer);
	if (ns < 0)
		return;
	ev_timer_set(&s->timer, (double)ns / 1e9, 0.);
	ev_timer_start(loop, &s->timer);
}

static void signal_cb(struct ev_loop *loop, ev_signal *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

static void usage_cb(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct server *s = w->data;
	struct inet_usage u;

	(void)loop;
	(void)revents;
	if (inet_get_usage(s->net, &u))
		return;
	fprintf(stderr,
		"echo: clients=%u sockets=%llu skbs=%llu frames=%llu timers=%llu\n",
		s->nr_clients, (unsigned long long)u.sockets,
		(unsigned long long)u.skbs, (unsigned long long)u.frames_used,
		(unsigned long long)u.timers);
}

static void server_watch(struct server *s)
{
	s->loop = ev_default_loop(0);
	ev_io_init(&s->io, io_cb, inet_poll_fd(s->net), EV_READ);
	ev_timer_init(&s->timer, timer_cb, 0., 0.);
	ev_prepare_init(&s->prepare, prepare_cb);
	ev_signal_init(&s->sigterm, signal_cb, SIGTERM);
	ev_signal_init(&s->sigint, signal_cb, SIGINT);
	ev_signal_init(&s->sigusr1, usage_cb, SIGUSR1);
	s->io.data = s->timer.data = s->prepare.data = s->sigusr1.data = s;
	ev_io_start(s->loop, &s->io);
	ev_prepare_start(s->loop, &s->prepare);
	ev_signal_start(s->loop, &s->sigterm);
	ev_signal_start(s->loop, &s->sigint);
	ev_signal_start(s->loop, &s->sigusr1);
}

/* ---- start and end ---------------------------------------------------- */

static int server_fail(struct server *s, const char *what)
{
	const char *why = inet_strerror(s->net);

	fprintf(stderr, "echo: %s: %s\n", what, *why ? why : strerror(errno));
	return 1;
}

static int server_listen(struct server *s, const struct options *o)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons((u16)o->port) };
	const int on = 1;

	s->tcp = inet_socket(s->net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	s->udp = inet_socket(s->net, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (!s->tcp || !s->udp)
		return server_fail(s, "socket");
	inet_setsockopt(s->tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (inet_bind(s->tcp, (struct sockaddr *)&any, sizeof(any)) ||
	    inet_listen(s->tcp, 4096) ||
	    inet_bind(s->udp, (struct sockaddr *)&any, sizeof(any)))
		return server_fail(s, "listen");
	inet_set_event_cb(s->tcp, POLLIN, accept_event, s);
	inet_set_event_cb(s->udp, POLLIN, udp_event, s);
	return 0;
}

static int server_start(struct server *s, const struct options *o)
{
	struct net_device *dev;
	char route[64];

	s->port = (u16)o->port;
	s->max_clients = o->max_clients;
	s->net = inet_create(NULL);
	if (!s->net)
		return server_fail(s, "stack");
	dev = inet_netdev_open(s->net, o->device);
	if (!dev || inet_addr_add(dev, o->addr) || inet_netdev_up(dev))
		return server_fail(s, o->device);
	if (o->gateway) {
		snprintf(route, sizeof(route), "default via %s", o->gateway);
		if (inet_route_add(s->net, route))
			return server_fail(s, route);
	}
	if (server_listen(s, o))
		return 1;
	if (o->trace && inet_trace_start(s->net, o->trace))
		return server_fail(s, "trace");
	server_watch(s);
	fprintf(stderr, "echo: %s on %s, port %u, TCP and UDP\n", o->addr,
		inet_netdev_name(dev), o->port);
	return 0;
}

/* Lets the peers have their last bytes, then ends everything. */
static void server_end(struct server *s, const struct options *o)
{
	u64 deadline;

	if (o->trace)
		inet_trace_print_text(s->net, stdout);
	while (s->clients)
		client_free(s->clients);
	inet_close(s->tcp);
	inet_close(s->udp);
	deadline = inet_now_ns(s->net) + LINGER_MS * 1000000ull;
	while (inet_now_ns(s->net) < deadline)
		inet_run(s->net, LINGER_MS * 1000000ll / 10);
	inet_destroy(s->net);
	fprintf(stderr, "echo: %llu connections, %llu bytes, %llu datagrams\n",
		s->accepted, s->bytes, s->datagrams);
}

static int usage(void)
{
	fprintf(stderr,
		"usage: echo [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY] [-p PORT]\n"
		"            [-n MAX] [-t N]\n"
		"  -d DEVICE   tap:NAME (default tap:tap0)\n"
		"  -a ADDR/LEN own address (default 10.0.0.2/24)\n"
		"  -g GATEWAY  default route\n"
		"  -p PORT     1..65535 (default 7)\n"
		"  -n MAX      clients at once (default 65536)\n"
		"  -t N        print the road of the first N stations\n");
	return 2;
}

/* A number in [lo, hi], or 0 with a sentence. */
static unsigned int number(const char *text, unsigned int lo, unsigned int hi)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text && !*end && v >= lo && v <= hi)
		return (unsigned int)v;
	fprintf(stderr, "echo: \"%s\": a number from %u to %u is wanted\n",
		text, lo, hi);
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { .device = "tap:tap0", .addr = "10.0.0.2/24",
			     .port = 7, .max_clients = 65536 };
	static struct server s;
	int c;

	while ((c = getopt(argc, argv, "d:a:g:p:n:t:")) != -1) {
		switch (c) {
		case 'd':
			o.device = optarg;
			break;
		case 'a':
			o.addr = optarg;
			break;
		case 'g':
			o.gateway = optarg;
			break;
		case 'p':
			o.port = number(optarg, 1, 65535);
			break;
		case 'n':
			o.max_clients = number(optarg, 1, 1000000);
			break;
		case 't':
			o.trace = number(optarg, 1, 1000000);
			if (!o.trace)
				return 2;
			break;
		default:
			return usage();
		}
	}
	if (optind < argc || !o.port || !o.max_clients)
		return usage();
	if (server_start(&s, &o)) {
		inet_destroy(s.net);
		return 1;
	}
	ev_run(s.loop, 0);
	server_end(&s, &o);
	return 0;
}
