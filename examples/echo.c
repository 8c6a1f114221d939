/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * echo: RFC 862 over TCP and UDP on a stack of its own, driven by libev.
 *
 *	echo [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY] [-p PORT] [-n MAX] [-t N]
 *	     [-f FILTER] [-e SECONDS] [-w FILE]
 *
 * The stack runs embedded: libev waits for its descriptor and its next timer
 * (ev_io, ev_timer, ev_prepare), and calls inet_run(). Each client is a small
 * struct whose callback runs when its socket becomes readable or writable.
 *
 * Back-pressure. Bytes are read into one buffer of the server and sent at
 * once. What a client does not take is kept for it, one buffer at most, and no
 * more is read from it until it does: its window closes. When there are MAX
 * clients the next ones wait in the backlog.
 *
 * The end. At SIGTERM or SIGINT nobody is accepted any more. A client that has
 * got back all it sent gets a FIN, and is closed when its own has come. One
 * that is owed bytes gets a RST, so that a cut stream does not look whole, and
 * so does, after SECONDS or at a second signal, whoever is still there.
 * SIGUSR1 prints what the stack holds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <inet/capture.h>
#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>
#include <inet/trace.h>

#define ECHO_BUFFER 65536
#define MAX_CLIENTS 1000000

struct client {
	struct client *next, *prev;
	struct server *server;
	struct socket *sock;
	char *rest;		/* read, but not taken back yet; or NULL */
	size_t start, end;	/* of what is left in @rest */
};

struct server {
	struct net *net;
	struct inet_capture *capture;
	struct socket *tcp, *udp;
	struct client *clients;
	unsigned int nr_clients, max_clients;
	bool full;		/* somebody may wait in the backlog */
	bool ending;
	unsigned long long accepted, bytes, datagrams;
	u16 port;
	struct ev_loop *loop;
	ev_io io;
	ev_timer timer, deadline;
	ev_prepare prepare;
	ev_signal sigterm, sigint, sigusr1;
	char buf[ECHO_BUFFER];
};

struct options {
	const char *device, *addr, *gateway, *record, *filter;
	unsigned int port, max_clients, trace, wait_s;
};

/* ---- TCP clients ------------------------------------------------------ */

/* Closes: with a FIN, unless that was sent, or with a RST. */
static void client_free(struct client *c, bool reset)
{
	const struct linger linger = { .l_onoff = 1 };
	struct server *s = c->server;

	if (c->prev)
		c->prev->next = c->next;
	else
		s->clients = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->nr_clients--;
	if (reset)
		inet_setsockopt(c->sock, SOL_SOCKET, SO_LINGER, &linger,
				sizeof(linger));
	inet_close(c->sock);
	free(c->rest);
	free(c);
}

/* Sends as much as goes. Return: how much, or -1: the client is gone. */
static ssize_t client_send(struct client *c, const char *buf, size_t len)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = inet_send(c->sock, buf + done, len - done, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != ENOBUFS &&
		    errno != ENOMEM)
			return -1;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	c->server->bytes += done;
	return (ssize_t)done;
}

/* Keeps what the client did not take. Return: 0, or -1: no memory. */
static int client_keep(struct client *c, const char *buf, size_t len)
{
	c->rest = malloc(len);
	if (!c->rest)
		return -1;
	memcpy(c->rest, buf, len);
	c->start = 0;
	c->end = len;
	return 0;
}

/* Sends what was kept. Return: 1 all of it, 0 some is left, -1 gone. */
static int client_flush(struct client *c)
{
	ssize_t n;

	if (!c->rest)
		return 1;
	n = client_send(c, c->rest + c->start, c->end - c->start);
	if (n < 0)
		return -1;
	c->start += (size_t)n;
	if (c->start < c->end)
		return 0;
	free(c->rest);
	c->rest = NULL;
	return 1;
}

/* Reads once and sends that back. Return: 1 and there may be more to do, 0
 * wait for the next event, or it is over: -1, -2 if bytes are owed. */
static int client_echo(struct client *c)
{
	char *buf = c->server->buf;
	ssize_t n = inet_recv(c->sock, buf, ECHO_BUFFER, MSG_DONTWAIT), sent;

	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 0 : -1;
	if (c->server->ending)
		return -2;
	sent = client_send(c, buf, (size_t)n);
	if (sent < 0 || sent == n)
		return sent < 0 ? -1 : 1;
	return client_keep(c, buf + sent, (size_t)(n - sent)) ? -2 : 0;
}

/* Something came, or there is room to send. */
static void client_event(struct socket *sock, int revents, void *arg)
{
	struct client *c = arg;
	int ret;

	(void)sock;
	(void)revents;
	do {
		ret = client_flush(c);
		if (ret == 1)
			ret = client_echo(c);
	} while (ret == 1);
	if (ret < 0)
		client_free(c, ret == -2);
}

static void client_new(struct server *s, struct socket *sock)
{
	struct client *c = calloc(1, sizeof(*c));

	if (!c) {
		inet_close(sock);
		return;
	}
	c->server = s;
	c->sock = sock;
	c->next = s->clients;
	if (c->next)
		c->next->prev = c;
	s->clients = c;
	s->nr_clients++;
	s->accepted++;
	inet_set_event_cb(sock, POLLIN | POLLOUT, client_event, c);
}

/* Takes who waits in the backlog, as long as there is room. */
static void accept_event(struct socket *listener, int revents, void *arg)
{
	struct server *s = arg;
	struct socket *sock;

	(void)revents;
	while (s->nr_clients < s->max_clients) {
		sock = inet_accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (!sock) {
			s->full = errno != EAGAIN;
			return;
		}
		client_new(s, sock);
	}
	s->full = true;
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
	struct server *s = arg;
	struct sockaddr_in from;
	socklen_t len;
	ssize_t n;

	(void)revents;
	for (;;) {
		len = sizeof(from);
		n = inet_recvfrom(sock, s->buf, sizeof(s->buf), MSG_DONTWAIT,
				  (struct sockaddr *)&from, &len);
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			continue;	/* an ICMP error of an earlier answer */
		if (port_answers_by_itself(s, ntohs(from.sin_port)))
			continue;
		s->datagrams++;
		inet_sendto(sock, s->buf, (size_t)n, MSG_DONTWAIT,
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

/* Does the stack still send for somebody? */
static bool server_has_sockets(struct server *s)
{
	struct inet_usage u = { 0 };

	return !inet_get_usage(s->net, &u) && u.sockets;
}

/* Before each wait: who waits for a place gets it, the next timer is set. */
static void prepare_cb(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct server *s = w->data;
	s64 ns;

	(void)revents;
	if (s->ending && !server_has_sockets(s))
		ev_break(loop, EVBREAK_ALL);
	if (!s->ending && s->full && s->nr_clients < s->max_clients)
		accept_event(s->tcp, POLLIN, s);
	ns = inet_next_timeout_ns(s->net);
	ev_timer_stop(loop, &s->timer);
	if (ns < 0)
		return;
	ev_timer_set(&s->timer, (double)ns / 1e9, 0.);
	ev_timer_start(loop, &s->timer);
}

static void deadline_cb(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)w;
	(void)revents;
	ev_break(loop, EVBREAK_ALL);
}

/* The first time everybody may go in peace, the second time it is enough. */
static void signal_cb(struct ev_loop *loop, ev_signal *w, int revents)
{
	struct server *s = w->data;
	struct client *c, *next;

	(void)revents;
	if (s->ending) {
		ev_break(loop, EVBREAK_ALL);
		return;
	}
	s->ending = true;
	inet_close(s->tcp);
	inet_close(s->udp);
	for (c = s->clients; c; c = next) {
		next = c->next;
		if (c->rest)
			client_free(c, true);
		else
			inet_shutdown(c->sock, SHUT_WR);
	}
	ev_timer_start(loop, &s->deadline);
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
		"echo: clients=%u sockets=%llu skbs=%llu frames=%llu timers=%llu mem=%llu\n",
		s->nr_clients, (unsigned long long)u.sockets,
		(unsigned long long)u.skbs, (unsigned long long)u.frames_used,
		(unsigned long long)u.timers, (unsigned long long)u.mem_bytes);
}

static void server_watch(struct server *s, const struct options *o)
{
	s->loop = ev_default_loop(0);
	ev_io_init(&s->io, io_cb, inet_poll_fd(s->net), EV_READ);
	ev_timer_init(&s->timer, timer_cb, 0., 0.);
	ev_timer_init(&s->deadline, deadline_cb, o->wait_s, 0.);
	ev_prepare_init(&s->prepare, prepare_cb);
	ev_signal_init(&s->sigterm, signal_cb, SIGTERM);
	ev_signal_init(&s->sigint, signal_cb, SIGINT);
	ev_signal_init(&s->sigusr1, usage_cb, SIGUSR1);
	s->io.data = s->timer.data = s->prepare.data = s;
	s->sigterm.data = s->sigint.data = s->sigusr1.data = s;
	ev_io_start(s->loop, &s->io);
	ev_prepare_start(s->loop, &s->prepare);
	ev_signal_start(s->loop, &s->sigterm);
	ev_signal_start(s->loop, &s->sigint);
	ev_signal_start(s->loop, &s->sigusr1);
}

/* ---- start and end ---------------------------------------------------- */

/* The stack's sentence says what and where. */
static int server_fail(struct server *s)
{
	int err = errno;
	const char *why = inet_strerror(s->net);

	fprintf(stderr, "echo: %s\n", *why ? why : strerror(err));
	return 1;
}

/* UDP answers on its own address only: a broadcast that every echo server of
 * a network answered would be somebody's weapon. */
static int server_listen(struct server *s, const struct options *o)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons((u16)o->port) };
	struct sockaddr_in own = any;
	const int on = 1;
	char addr[INET_ADDRSTRLEN];

	snprintf(addr, sizeof(addr), "%.*s", (int)strcspn(o->addr, "/ "),
		 o->addr);
	inet_pton(AF_INET, addr, &own.sin_addr);
	s->tcp = inet_socket(s->net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	s->udp = inet_socket(s->net, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (!s->tcp || !s->udp)
		return server_fail(s);
	inet_setsockopt(s->tcp, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	if (inet_bind(s->tcp, (struct sockaddr *)&any, sizeof(any)) ||
	    inet_listen(s->tcp, 4096) ||
	    inet_bind(s->udp, (struct sockaddr *)&own, sizeof(own)))
		return server_fail(s);
	inet_set_event_cb(s->tcp, POLLIN, accept_event, s);
	inet_set_event_cb(s->udp, POLLIN, udp_event, s);
	return 0;
}

/* Records the frames as they are on the wire: not merged. */
static int server_record(struct server *s, struct net_device *dev,
			 const char *path)
{
	struct inet_capture_config capture = {
		.size = sizeof(capture), .path = path,
		.buffer_bytes = 16 << 20,
	};

	if (!path)
		return 0;
	s->capture = inet_capture_open(s->net, &capture);
	return s->capture ? inet_netdev_set_feature(dev, "gro", false) : -1;
}

/* The stack, its device, address and route, and the sockets. */
static int server_start(struct server *s, const struct options *o)
{
	struct net_device *dev;
	char route[64];

	s->port = (u16)o->port;
	s->max_clients = o->max_clients;
	s->net = inet_create(NULL);
	if (!s->net)
		return server_fail(s);
	dev = inet_netdev_open(s->net, o->device);
	if (!dev)
		return server_fail(s);
	if (server_record(s, dev, o->record) || inet_addr_add(dev, o->addr) ||
	    inet_netdev_up(dev))
		return server_fail(s);
	if (o->gateway) {
		snprintf(route, sizeof(route), "default via %s", o->gateway);
		if (inet_route_add(s->net, route))
			return server_fail(s);
	}
	if (server_listen(s, o))
		return 1;
	if (o->trace && inet_trace_start_filter(s->net, o->trace, o->filter))
		return server_fail(s);
	server_watch(s, o);
	fprintf(stderr, "echo: %s on %s, port %u, TCP and UDP\n", o->addr,
		inet_netdev_name(dev), o->port);
	return 0;
}

static void server_end(struct server *s, const struct options *o)
{
	if (o->trace)
		inet_trace_print_text(s->net, stdout);
	while (s->clients)
		client_free(s->clients, true);
	if (inet_capture_close(s->capture))
		server_fail(s);
	inet_destroy(s->net);
	fprintf(stderr, "echo: %llu connections, %llu bytes, %llu datagrams\n",
		s->accepted, s->bytes, s->datagrams);
}

static void usage(FILE *out)
{
	fputs("usage: echo [-h] [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY] [-p PORT]\n"
	      "            [-n MAX] [-t N] [-f FILTER] [-e SECONDS] [-w FILE]\n"
	      "  -d DEVICE   tap:NAME (default tap:tap0)\n"
	      "  -a ADDR/LEN own address (default 10.0.0.2/24)\n"
	      "  -g GATEWAY  default route\n"
	      "  -h          this text (--help too)\n"
	      "  -p PORT     1..65535 (default 7)\n"
	      "  -n MAX      clients at once, 1..1000000 (default 65536); others wait\n"
	      "  -t N        print the road of the first N stations, 1..1000000\n"
	      "  -f FILTER   of -t: only these packets, such as \"tcp dport 7 next 1\"\n"
	      "  -e SECONDS  for the clients to end too, 0..3600 (default 5)\n"
	      "  -w FILE     record all frames as pcapng\n"
	      "SIGTERM and SIGINT end it, SIGUSR1 prints what the stack holds.\n",
	      out);
}

/* A number in [lo, hi] for option @c; else a sentence, and the end. */
static unsigned int number(int c, unsigned int lo, unsigned int hi)
{
	char *end;
	long v = strtol(optarg, &end, 10);

	if (*optarg && !*end && v >= (long)lo && v <= (long)hi)
		return (unsigned int)v;
	fprintf(stderr, "echo: -%c \"%s\": a number from %u to %u is wanted\n",
		c, optarg, lo, hi);
	exit(2);
}

/* The command line. Ends the program when it is wrong. */
static void parse(struct options *o, int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:a:g:hp:n:t:f:e:w:", words,
				NULL)) != -1) {
		switch (c) {
		case 'd':
			o->device = optarg;
			break;
		case 'a':
			o->addr = optarg;
			break;
		case 'g':
			o->gateway = optarg;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'p':
			o->port = number(c, 1, 65535);
			break;
		case 'n':
			o->max_clients = number(c, 1, MAX_CLIENTS);
			break;
		case 't':
			o->trace = number(c, 1, 1000000);
			break;
		case 'f':
			o->filter = optarg;
			break;
		case 'w':
			o->record = optarg;
			break;
		case 'e':
			o->wait_s = number(c, 0, 3600);
			break;
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind == argc && (o->trace || !o->filter))
		return;
	if (optind == argc)
		fprintf(stderr, "echo: -f wants -t, whose packets it chooses\n");
	else
		fprintf(stderr, "echo: \"%s\" is one word too many\n",
			argv[optind]);
	usage(stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct options o = { .device = "tap:tap0", .addr = "10.0.0.2/24",
			     .port = 7, .max_clients = 65536, .wait_s = 5 };
	static struct server s;

	parse(&o, argc, argv);
	if (server_start(&s, &o)) {
		inet_capture_close(s.capture);
		inet_destroy(s.net);
		return 1;
	}
	ev_run(s.loop, 0);
	server_end(&s, &o);
	return 0;
}
