/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forwarder: what arrives by a device for any address goes on by sockets of the
 * host, as in a VPN that needs no privileges but for its device.
 *
 *	forwarder [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY] [-t HOST[:PORT]] [-n MAX]
 *		  [-i SECONDS] [-e]
 *
 * A connection is dialled at the host before the SYN is answered: who asks for a
 * port where nobody listens gets a RST, who asks for a host that is not reached an
 * ICMP error. So is a flow of datagrams, whose socket of the host is connected.
 *
 * The stack runs embedded: poll() waits for its descriptor and for those of the
 * host. Each link is two sockets and two buffers. What one side does not take is
 * kept, one buffer at most, and no more is read from the other side until it does:
 * its window closes. The end of one direction is passed on as a FIN.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/forward.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#define LINK_BUFFER 65536
#define MAX_LINKS 10000
#define HOLD_MS 10000		/* the host is given to answer */

/* Bytes on their way; or a datagram, which goes whole. */
struct pipe {
	char buf[LINK_BUFFER];
	size_t start, end;
	bool eof;		/* nothing comes any more */
	bool shut;		/* and the other side was told */
};

struct link {
	struct forwarder *f;
	struct inet_forwarder *fwd;
	u64 id;			/* of the request, until it is accepted */
	u64 asked_ms;
	u8 protocol;
	struct socket *sock;	/* of the stack; NULL: not accepted yet */
	int fd;			/* of the host */
	bool gone;
	bool moving, again;	/* bytes: a call on the socket may call back */
	struct pipe up, down;	/* to the host, to the stack */
};

struct options {
	const char *device, *addr, *gateway;
	struct sockaddr_in to;	/* address 0: where it was sent; port 0: so */
	unsigned int max_links, idle_s;
	bool echo;
};

struct forwarder {
	struct net *net;
	const struct options *o;
	struct inet_forwarder *tcp, *udp;
	struct link *links[MAX_LINKS];
	struct pollfd fds[MAX_LINKS + 1];
	unsigned int nr;
	unsigned long long connections, flows, refused;
};

static volatile sig_atomic_t stopped;

static u64 now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (u64)now.tv_sec * 1000 + (u64)now.tv_nsec / 1000000;
}

/* ---- bytes ------------------------------------------------------------ */

static ssize_t end_read(struct link *l, bool host, void *buf, size_t len)
{
	return host ? recv(l->fd, buf, len, MSG_DONTWAIT) :
		      inet_recv(l->sock, buf, len, MSG_DONTWAIT);
}

static ssize_t end_write(struct link *l, bool host, const void *buf, size_t len)
{
	return host ? send(l->fd, buf, len, MSG_DONTWAIT | MSG_NOSIGNAL) :
		      inet_send(l->sock, buf, len, MSG_DONTWAIT);
}

static bool wants_patience(void)
{
	return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ||
	       errno == EINTR;
}

/* Writes what is there. Return: 1 all of it, 0 some is left, -1 it is over. */
static int pipe_flush(struct link *l, struct pipe *p, bool to_host)
{
	ssize_t n;

	while (p->start < p->end) {
		n = end_write(l, to_host, p->buf + p->start, p->end - p->start);
		if (n < 0 && wants_patience())
			return 0;
		if (n < 0)
			return -1;
		p->start += (size_t)n;
	}
	p->start = p->end = 0;
	if (p->eof && !p->shut) {
		p->shut = true;
		if (to_host)
			shutdown(l->fd, SHUT_WR);
		else
			inet_shutdown(l->sock, SHUT_WR);
	}
	return 1;
}

/* Reads once. Return: 1 something, 0 nothing now, -1 it is over. */
static int pipe_fill(struct link *l, struct pipe *p, bool from_host)
{
	ssize_t n;

	if (p->eof)
		return 0;
	n = end_read(l, from_host, p->buf, sizeof(p->buf));
	if (n < 0)
		return wants_patience() ? 0 : -1;
	p->end = (size_t)n;
	p->eof = !n && l->protocol == IPPROTO_TCP;
	return 1;
}

/* One direction, as far as it goes now. Return: -1 it is over, else 0. */
static int pipe_move(struct link *l, struct pipe *p, bool to_host)
{
	int ret;

	do {
		ret = pipe_flush(l, p, to_host);
		if (ret == 1)
			ret = pipe_fill(l, p, !to_host);
	} while (ret == 1);
	return ret;
}

/* ---- links ------------------------------------------------------------ */

/* An error, or both ends said that they have said all. A cut stream must not look
 * whole: what is not at its end is reset. */
static void link_end(struct link *l, bool whole)
{
	const struct linger linger = { .l_onoff = 1 };

	if (l->gone)
		return;
	l->gone = true;
	if (!whole && l->sock && l->protocol == IPPROTO_TCP)
		inet_setsockopt(l->sock, SOL_SOCKET, SO_LINGER, &linger,
				sizeof(linger));
	if (!whole)
		setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &linger,
			   sizeof(linger));
	if (l->sock)
		inet_close(l->sock);
	close(l->fd);
}

static void link_move(struct link *l)
{
	bool broken;

	l->again = true;
	if (l->gone || !l->sock || l->moving)
		return;
	l->moving = true;
	do {
		l->again = false;
		broken = pipe_move(l, &l->up, true) ||
			 pipe_move(l, &l->down, false);
	} while (l->again && !broken);
	l->moving = false;
	if (broken)
		link_end(l, false);
	else if (l->up.shut && l->down.shut)
		link_end(l, true);
}

static void stack_event(struct socket *sock, int revents, void *arg)
{
	(void)sock;
	(void)revents;
	link_move(arg);
}

/* The host has answered: @err is what connect() led to. */
static void link_dialled(struct link *l, int err)
{
	if (!err) {
		l->sock = inet_forward_accept(l->fwd, l->id, SOCK_NONBLOCK);
		if (l->sock)
			inet_set_event_cb(l->sock, POLLIN | POLLOUT,
					  stack_event, l);
		else
			link_end(l, false);
		return;
	}
	l->f->refused++;
	if (err == ECONNREFUSED && l->protocol == IPPROTO_TCP)
		inet_forward_reset(l->fwd, l->id);
	else
		inet_forward_unreachable(l->fwd, l->id,
					 err == ECONNREFUSED ? ICMP_PORT_UNREACH :
					 err == ENETUNREACH ? ICMP_NET_UNREACH :
							      ICMP_HOST_UNREACH);
	link_end(l, false);
}

/* What poll() said of the host's side. */
static void link_event(struct link *l, short revents)
{
	socklen_t len = sizeof(int);
	int err = 0;

	if (l->gone || !revents)
		return;
	if (l->sock) {
		link_move(l);
		return;
	}
	getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	link_dialled(l, err);
}

/* What is waited for at the host; while the stack must take something first, not
 * even errors. */
static struct pollfd link_pollfd(const struct link *l)
{
	struct pollfd p = { .fd = l->fd };

	if (!l->sock || l->up.end)
		p.events |= POLLOUT;
	if (l->sock && !l->down.end && !l->down.eof)
		p.events |= POLLIN;
	if (!p.events)
		p.fd = -1;
	return p;
}

/* A socket of the host on its way to @to, or -1. */
static int dial(u8 protocol, const struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_NONBLOCK | SOCK_CLOEXEC |
			(protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM), 0);
	int err;

	if (fd < 0)
		return -1;
	if (!connect(fd, (const struct sockaddr *)to, sizeof(*to)) ||
	    errno == EINPROGRESS)
		return fd;
	err = errno;
	close(fd);
	errno = err;
	return -1;
}

/* A request: the host is asked first. No room, no memory: it will ask again. */
static void asked(struct inet_forwarder *fwd,
		  const struct inet_forward_request *req, void *arg)
{
	struct forwarder *f = arg;
	struct sockaddr_in to = req->dst;
	struct link *l;

	l = f->nr < f->o->max_links ? calloc(1, sizeof(*l)) : NULL;
	if (!l) {
		inet_forward_drop(fwd, req->id);
		return;
	}
	if (f->o->to.sin_addr.s_addr)
		to.sin_addr = f->o->to.sin_addr;
	if (f->o->to.sin_port)
		to.sin_port = f->o->to.sin_port;
	*l = (struct link){ .f = f, .fwd = fwd, .id = req->id,
			    .protocol = req->protocol, .asked_ms = now_ms() };
	if (req->protocol == IPPROTO_TCP)
		f->connections++;
	else
		f->flows++;
	f->links[f->nr++] = l;
	l->fd = dial(req->protocol, &to);
	if (l->fd < 0)
		link_dialled(l, errno);
}

/* ---- the loop --------------------------------------------------------- */

/* Those that ended leave the table, with those whose request has: the peer that
 * asks again is dialled for again. */
static void forget_links(struct forwarder *f, bool all)
{
	u64 now = now_ms();
	unsigned int i, kept = 0;

	for (i = 0; i < f->nr; i++) {
		if (all || (!f->links[i]->sock &&
			    now - f->links[i]->asked_ms >= HOLD_MS))
			link_end(f->links[i], false);
		if (f->links[i]->gone)
			free(f->links[i]);
		else
			f->links[kept++] = f->links[i];
	}
	f->nr = kept;
}

static int timeout_ms(struct net *net)
{
	s64 ns = inet_next_timeout_ns(net);

	return ns < 0 || ns > 1000000000 ? 1000 : (int)((ns + 999999) / 1000000);
}

static void run(struct forwarder *f)
{
	unsigned int i, n;

	while (!stopped) {
		forget_links(f, false);
		f->fds[0] = (struct pollfd){ .fd = inet_poll_fd(f->net),
					     .events = POLLIN };
		for (i = 0; i < f->nr; i++)
			f->fds[i + 1] = link_pollfd(f->links[i]);
		n = f->nr;
		if (poll(f->fds, n + 1, timeout_ms(f->net)) < 0)
			continue;
		for (i = 0; i < n; i++)
			link_event(f->links[i], f->fds[i + 1].revents);
		inet_run(f->net, 0);
	}
}

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

/* ---- start and end ---------------------------------------------------- */

/* The stack's sentence says what and where. */
static int fail(struct forwarder *f)
{
	int err = errno;
	const char *why = inet_strerror(f->net);

	fprintf(stderr, "forwarder: %s\n", *why ? why : strerror(err));
	return 1;
}

/* One for connections and one for datagrams, at the device. */
static int forward(struct forwarder *f, const char *dev)
{
	struct inet_forward_options opts = {
		.size = sizeof(opts), .dev = dev, .echo = f->o->echo,
		.max_flows = f->o->max_links, .max_per_source = f->o->max_links,
		.hold_ms = HOLD_MS };

	f->tcp = inet_tcp_forwarder(f->net, &opts, asked, f);
	opts.idle_ms = f->o->idle_s * 1000;
	f->udp = inet_udp_forwarder(f->net, &opts, asked, f);
	return f->tcp && f->udp ? 0 : -1;
}

static int start(struct forwarder *f)
{
	const struct options *o = f->o;
	struct net_device *dev;
	char route[64];

	f->net = inet_create(NULL);
	dev = f->net ? inet_netdev_open(f->net, o->device) : NULL;
	if (!dev || inet_addr_add(dev, o->addr) || inet_netdev_up(dev))
		return fail(f);
	if (o->gateway) {
		snprintf(route, sizeof(route), "default via %s", o->gateway);
		if (inet_route_add(f->net, route))
			return fail(f);
	}
	if (forward(f, inet_netdev_name(dev)))
		return fail(f);
	fprintf(stderr, "forwarder: %s on %s, all addresses\n", o->addr,
		inet_netdev_name(dev));
	return 0;
}

static void usage(FILE *out)
{
	fputs("usage: forwarder [-h] [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY]\n"
	      "                 [-t HOST[:PORT]] [-n MAX] [-i SECONDS] [-e]\n"
	      "  -d DEVICE   tap:NAME, tun:NAME, ... (default tap:tap0)\n"
	      "  -a ADDR/LEN own address (default 10.0.0.2/24)\n"
	      "  -g GATEWAY  default route, to peers of other networks\n"
	      "  -t HOST[:PORT]  all goes there (default: where it was sent)\n"
	      "  -n MAX      connections and flows at once, 1..10000 (default 1000)\n"
	      "  -i SECONDS  a flow of datagrams ends without any, 1..3600 (default 60)\n"
	      "  -e          answer pings to all addresses\n"
	      "  -h          this text (--help too)\n"
	      "SIGTERM and SIGINT end it.\n", out);
}

/* A number in [1, hi] for option @c; else a sentence, and the end. */
static unsigned int number(int c, unsigned int hi)
{
	char *end;
	long v = strtol(optarg, &end, 10);

	if (*optarg && !*end && v >= 1 && v <= (long)hi)
		return (unsigned int)v;
	fprintf(stderr, "forwarder: -%c \"%s\": a number from 1 to %u is wanted\n",
		c, optarg, hi);
	exit(2);
}

/* "HOST" or "HOST:PORT" of -t; else a sentence, and the end. */
static void target(struct sockaddr_in *to)
{
	const char *colon = strchr(optarg, ':');
	size_t len = colon ? (size_t)(colon - optarg) : strlen(optarg);
	char host[INET_ADDRSTRLEN] = "", *end = NULL;
	long port = colon ? strtol(colon + 1, &end, 10) : 0;

	if (len < sizeof(host))
		memcpy(host, optarg, len);
	if (inet_pton(AF_INET, host, &to->sin_addr) != 1 ||
	    (colon && (!colon[1] || *end || port < 1 || port > 65535))) {
		fprintf(stderr, "forwarder: -t \"%s\": A.B.C.D or A.B.C.D:PORT is wanted\n",
			optarg);
		exit(2);
	}
	to->sin_port = htons((u16)port);
}

/* The command line. Ends the program when it is wrong. */
static void parse(struct options *o, int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:a:g:t:n:i:eh", words,
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
		case 't':
			target(&o->to);
			break;
		case 'n':
			o->max_links = number(c, MAX_LINKS);
			break;
		case 'i':
			o->idle_s = number(c, 3600);
			break;
		case 'e':
			o->echo = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind == argc)
		return;
	fprintf(stderr, "forwarder: \"%s\" is one word too many\n", argv[optind]);
	usage(stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	struct options o = { .device = "tap:tap0", .addr = "10.0.0.2/24",
			     .max_links = 1000, .idle_s = 60 };
	const struct sigaction sa = { .sa_handler = stop };
	static struct forwarder f;
	int ret;

	parse(&o, argc, argv);
	f.o = &o;
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	ret = start(&f);
	if (!ret)
		run(&f);
	forget_links(&f, true);
	inet_destroy(f.net);
	if (!ret)
		fprintf(stderr, "forwarder: %llu connections, %llu flows, %llu refused\n",
			f.connections, f.flows, f.refused);
	return ret;
}
