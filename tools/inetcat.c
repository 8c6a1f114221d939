/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inetcat: netcat on a stack of its own. Connects, sends standard input,
 * prints what comes back; at the end of the input it sends a FIN and reads on
 * (half-close). With -l it waits for one client first: over UDP, whoever sends
 * the first datagram.
 *
 *	inetcat [-lu] [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY] [-w SECONDS]
 *		[HOST] PORT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#define BUFFER 65536
#define MOST_SECONDS 86400

struct cat {
	struct net *net;
	struct socket *sock;
	const char *device, *addr, *gateway;
	struct sockaddr_in peer;
	bool listen, udp;
	unsigned int wait_s;
	bool in_eof, out_eof;
	size_t start, end;	/* of buf: read from stdin, not sent yet */
	char buf[BUFFER];
};

static int fail(const char *what)
{
	fprintf(stderr, "inetcat: %s: %s\n", what, strerror(errno));
	return 1;
}

/* After -h, or a mistake. Return: what to exit with. */
static int help(int option)
{
	fputs("usage: inetcat [-hlu] [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY]\n"
	      "               [-w SECONDS] [HOST] PORT\n"
	      "  -h          this text (--help too)\n"
	      "  -l          wait for one client on PORT\n"
	      "  -u          UDP\n"
	      "  -d DEVICE   such as tap:NAME or xdp:NAME (default tap:tap0)\n"
	      "  -a ADDR/LEN own address (default 10.0.0.2/24)\n"
	      "  -g GATEWAY  default route\n"
	      "  -w SECONDS  end after this long without traffic (default 60)\n",
	      option == 'h' ? stdout : stderr);
	return option == 'h' ? 0 : 2;
}

/* A stack on the device, with address and route. 0 or 1. */
static int open_stack(struct cat *c)
{
	struct net_device *dev;
	char route[64] = "";

	if (c->gateway)
		snprintf(route, sizeof(route), "default via %s", c->gateway);
	c->net = inet_create(NULL);
	dev = c->net ? inet_netdev_open(c->net, c->device) : NULL;
	if (!dev || inet_addr_add(dev, c->addr) || inet_netdev_up(dev) ||
	    (c->gateway && inet_route_add(c->net, route))) {
		fprintf(stderr, "inetcat: %s\n", inet_strerror(c->net));
		return 1;
	}
	return 0;
}

/* Waits for a datagram, and has its sender as the only peer. */
static int adopt_sender(struct cat *c)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char byte;

	fprintf(stderr, "inetcat: listening\n");
	if (inet_recvfrom(c->sock, &byte, sizeof(byte), MSG_PEEK,
			  (struct sockaddr *)&from, &len) < 0)
		return fail("receive");
	if (inet_connect(c->sock, (struct sockaddr *)&from, sizeof(from)))
		return fail("connect");
	return 0;
}

/* Waits for a client and takes its socket in the listener's place. */
static int accept_one(struct cat *c)
{
	struct socket *listener = c->sock;

	if (inet_bind(listener, (struct sockaddr *)&c->peer, sizeof(c->peer))) {
		fprintf(stderr, "inetcat: %s\n", inet_strerror(c->net));
		return 1;
	}
	if (c->udp)
		return adopt_sender(c);
	if (inet_listen(listener, 1))
		return fail("listen");
	fprintf(stderr, "inetcat: listening\n");
	c->sock = inet_accept(listener, NULL, NULL);
	inet_close(listener);
	return c->sock ? 0 : fail("accept");
}

/* A socket with its peer: it connects, or waits for a client. 0 or 1. */
static int open_socket(struct cat *c)
{
	struct timeval patience = { .tv_sec = (time_t)c->wait_s };

	c->sock = inet_socket(c->net, AF_INET,
			      c->udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	if (!c->sock)
		return fail("socket");
	if (c->listen)
		return accept_one(c);
	if (inet_setsockopt(c->sock, SOL_SOCKET, SO_SNDTIMEO, &patience,
			    sizeof(patience)))
		return fail("SO_SNDTIMEO");
	if (inet_connect(c->sock, (struct sockaddr *)&c->peer,
			 sizeof(c->peer))) {
		errno = errno == EINPROGRESS ? ETIMEDOUT : errno;
		return fail("connect");
	}
	return 0;
}

/* Has standard input something, or ended? It is not made non-blocking for that:
 * a terminal would be so for standard output, too, and for whoever comes next. */
static bool input_waits(void)
{
	struct pollfd fd = { .fd = 0, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

/* Sends what waits, reads more. Return: progress, or -1. */
static int pump_out(struct cat *c)
{
	ssize_t n;

	if (c->start == c->end && !c->in_eof) {
		if (!input_waits())
			return 0;
		n = read(0, c->buf, sizeof(c->buf));
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		c->start = 0;
		c->end = (size_t)n;
		if (!n) {
			c->in_eof = true;
			if (!c->udp)
				inet_shutdown(c->sock, SHUT_WR);
			return 1;
		}
	}
	if (c->start == c->end)
		return 0;
	n = inet_send(c->sock, c->buf + c->start, c->end - c->start,
		      MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	c->start += (size_t)n;
	return 1;
}

/* All of it, also where standard output was non-blocking before. 0 or -1. */
static int print(const char *buf, size_t len)
{
	struct pollfd fd = { .fd = 1, .events = POLLOUT };
	ssize_t put;

	while (len) {
		put = write(1, buf, len);
		if (put < 0 && errno == EAGAIN)
			poll(&fd, 1, -1);
		else if (put < 0)
			return -1;
		else
			buf += put, len -= (size_t)put;
	}
	return 0;
}

/* Prints what came. Return: progress, or -1. */
static int pump_in(struct cat *c)
{
	static char buf[BUFFER];
	ssize_t n;

	n = inet_recv(c->sock, buf, sizeof(buf), MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	if (!n && !c->udp)
		c->out_eof = true;
	return print(buf, (size_t)n) ? -1 : 1;
}

/* Both directions until both ended, or nothing moved for a while. */
static int pump(struct cat *c)
{
	u64 last = inet_now_ns(c->net);
	struct inet_pollfd fd = { .sock = c->sock };
	int out = 0, in = 0;

	while (!(c->out_eof && c->in_eof && c->start == c->end)) {
		in = c->out_eof ? 0 : pump_in(c);
		out = in < 0 ? -1 : pump_out(c);
		if (in < 0 || out < 0)
			return fail("transfer");
		if (in || out) {
			last = inet_now_ns(c->net);
			inet_run(c->net, 0);
			continue;
		}
		if (inet_now_ns(c->net) - last > c->wait_s * 1000000000ull)
			return c->udp ? 0 : (errno = ETIMEDOUT,
					     fail("transfer"));
		fd.events = (short)(POLLIN | (c->end > c->start ? POLLOUT : 0));
		inet_poll(&fd, 1, c->in_eof || c->end > c->start ? 100 : 1);
	}
	return 0;
}

/* The last segments and the peer's FIN want a living stack. */
static void linger(struct cat *c)
{
	u64 end = inet_now_ns(c->net) + 200000000;

	inet_close(c->sock);
	while (inet_now_ns(c->net) < end)
		inet_run(c->net, 10000000);
}

/* A number from 1 to @most, or 0 after a sentence. */
static unsigned long number(const char *text, const char *what,
			    unsigned long most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text >= '0' && *text <= '9' && !*end && n && n <= most)
		return n;
	fprintf(stderr, "inetcat: %s \"%s\" is not a number from 1 to %lu\n",
		what, text, most);
	return 0;
}

/* [HOST] PORT. 0, or 2 after a sentence. */
static int parse_peer(struct cat *c, int argc, char **argv)
{
	const char *host = argc == 2 ? argv[0] : "0.0.0.0";
	unsigned long port;

	if (argc < 1 || argc > 2 || (argc == 1 && !c->listen))
		return help('?');
	port = number(argv[argc - 1], "PORT", 65535);
	if (!port)
		return 2;
	c->peer.sin_family = AF_INET;
	c->peer.sin_port = htons((u16)port);
	if (inet_pton(AF_INET, host, &c->peer.sin_addr) == 1)
		return 0;
	fprintf(stderr, "inetcat: \"%s\" is not an IPv4 address\n", host);
	return 2;
}

/* Options, stack, socket, transfer, end. */
int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	static struct cat c = { .device = "tap:tap0", .addr = "10.0.0.2/24",
				.wait_s = 60 };
	int o, ret;

	while ((o = getopt_long(argc, argv, "hlud:a:g:w:", words, NULL)) != -1) {
		switch (o) {
		case 'l':
			c.listen = true;
			break;
		case 'u':
			c.udp = true;
			break;
		case 'd':
			c.device = optarg;
			break;
		case 'a':
			c.addr = optarg;
			break;
		case 'g':
			c.gateway = optarg;
			break;
		case 'w':
			c.wait_s = (unsigned int)number(optarg, "SECONDS",
							MOST_SECONDS);
			if (!c.wait_s)
				return 2;
			break;
		default:
			return help(o);
		}
	}
	ret = parse_peer(&c, argc - optind, argv + optind);
	if (ret)
		return ret;
	ret = open_stack(&c);
	if (!ret)
		ret = open_socket(&c);
	if (!ret)
		ret = pump(&c);
	if (c.sock)
		linger(&c);
	inet_destroy(c.net);
	return ret;
}
