/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * losssend: sends without end to a TCP server, by libinet or by the kernel.
 *
 *	losssend [-c CONGESTION] [-d DEVICE -a ADDR/LEN] [-t SECONDS] HOST PORT
 *
 * With -d on a stack of its own, without it through the kernel's sockets.
 * The buffers may grow to 16 MiB, so that no window ends what a long link
 * holds. Prints what TCP_INFO says at the end; the server counts what came.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/tcp.h>

#include "common.h"
#include "host.h"

#define CHUNK 65536
#define WAIT_MS 100
#define WMEM "4096 65536 16777216"

struct sender {
	const char *device, *addr, *congestion;
	struct sockaddr_in to;
	double seconds;
	struct net *net;	/* NULL: the kernel sends */
	struct socket *sock;
	int fd;
};

static void __attribute__((noreturn)) sender_die(struct sender *s,
						 const char *what)
{
	if (s->net)
		host_die(s->net, what);
	bench_die(what, strerror(errno));
}

/* ---- one socket, libinet's or the kernel's ----------------------------- */

static void open_stack(struct sender *s)
{
	struct net_device *dev;

	s->net = host_create("sender", INET_THREADED);
	dev = inet_netdev_open(s->net, s->device);
	if (!dev || inet_start(s->net) ||
	    inet_sysctl_set(s->net, "net.ipv4.tcp_wmem", WMEM))
		sender_die(s, s->device);
	host_up(s->net, inet_netdev_name(dev), s->addr);
}

static void set_option(struct sender *s, int option, const void *value,
		       socklen_t len)
{
	int err = s->net ?
		inet_setsockopt(s->sock, IPPROTO_TCP, option, value, len) :
		setsockopt(s->fd, IPPROTO_TCP, option, value, len);

	if (err)
		sender_die(s, "setsockopt");
}

static void sender_connect(struct sender *s)
{
	const struct sockaddr *to = (const struct sockaddr *)&s->to;
	int err;

	if (s->device)
		open_stack(s);
	if (s->net)
		s->sock = inet_socket(s->net, AF_INET, SOCK_STREAM, 0);
	else
		s->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (s->net ? !s->sock : s->fd < 0)
		sender_die(s, "socket");
	set_option(s, TCP_CONGESTION, s->congestion,
		   (socklen_t)strlen(s->congestion));
	err = s->net ? inet_connect(s->sock, to, sizeof(s->to)) :
		       connect(s->fd, to, sizeof(s->to));
	if (err)
		sender_die(s, "connect");
}

/* Waits for room at most so long that the end is not missed. */
static void wait_for_room(struct sender *s)
{
	struct inet_pollfd ours = { .sock = s->sock, .events = POLLOUT };
	struct pollfd fd = { .fd = s->fd, .events = POLLOUT };

	if (s->net)
		inet_poll(&ours, 1, WAIT_MS);
	else
		poll(&fd, 1, WAIT_MS);
}

/* Until the time is over, or the server has seen enough. */
static void send_until(struct sender *s, double end)
{
	static const char text[CHUNK];
	const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
	ssize_t n;

	while (bench_now() < end) {
		n = s->net ? inet_send(s->sock, text, CHUNK, flags) :
			     send(s->fd, text, CHUNK, flags);
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			break;
		if (n < 0 && errno != EAGAIN)
			sender_die(s, "send");
		if (n < 0)
			wait_for_room(s);
	}
}

static void print_info(struct sender *s)
{
	struct tcp_info i = { 0 };
	socklen_t len = sizeof(i);

	if (s->net ? inet_getsockopt(s->sock, IPPROTO_TCP, TCP_INFO, &i, &len) :
		     getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &i, &len))
		sender_die(s, "TCP_INFO");
	printf("segments %u, again %u, cwnd %u, ssthresh %u, srtt %.1f ms, "
	       "D-SACKs %u, reordering %u\n", i.tcpi_segs_out,
	       i.tcpi_total_retrans, i.tcpi_snd_cwnd, i.tcpi_snd_ssthresh,
	       i.tcpi_rtt / 1e3, i.tcpi_dsack_dups, i.tcpi_reord_seen);
}

/* ---- the command line -------------------------------------------------- */

static void __attribute__((noreturn)) usage(int option)
{
	fprintf(option == 'h' ? stdout : stderr,
		"usage: losssend [-h] [-c CONGESTION] [-d DEVICE -a ADDR/LEN]\n"
		"                [-t SECONDS] HOST PORT\n");
	exit(option == 'h' ? 0 : 2);
}

static void parse_options(struct sender *s, int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "hc:d:a:t:", words, NULL)) != -1) {
		switch (opt) {
		case 'c':
			s->congestion = optarg;
			break;
		case 'd':
			s->device = optarg;
			break;
		case 'a':
			s->addr = optarg;
			break;
		case 't':
			s->seconds = atof(optarg);
			break;
		default:
			usage(opt);
		}
	}
	if (argc - optind != 2 || !s->device != !s->addr || s->seconds <= 0 ||
	    !inet_aton(argv[optind], &s->to.sin_addr))
		usage('?');
	s->to.sin_family = AF_INET;
	s->to.sin_port = htons((uint16_t)atoi(argv[optind + 1]));
}

int main(int argc, char **argv)
{
	struct sender s = { .congestion = "cubic", .seconds = 8 };

	parse_options(&s, argc, argv);
	sender_connect(&s);
	send_until(&s, bench_now() + s.seconds);
	print_info(&s);
	if (s.net) {
		inet_close(s.sock);
		inet_destroy(s.net);
	} else {
		close(s.fd);
	}
	return 0;
}
