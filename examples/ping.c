/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ping: ICMP echo from a stack of its own, with ping(8)'s options and sums.
 *
 *	ping [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY] [-c COUNT] [-i SECONDS]
 *	     [-s BYTES] [-W SECONDS] DESTINATION
 *
 * Exit status as ping(8): 0 somebody answered, 1 nobody did, 2 trouble.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#define ICMP_ECHOREPLY 0
#define ICMP_ECHO 8
#define MAX_PAYLOAD 65507
#define SEEN_WINDOW 65536	/* sequence numbers told apart */

struct icmp_echo {
	u8 type, code;
	u16 checksum;
	u16 id, sequence;
};

struct options {
	const char *device, *addr, *gateway;
	unsigned int count, size;
	double interval_s, wait_s;
	struct in_addr dst;
};

struct pinger {
	struct net *net;
	struct socket *sock;
	struct options o;
	u64 start_ns;
	unsigned int sent, received, duplicates, errors;
	double min_ms, max_ms, sum_ms, sum2_ms;
	u8 seen[SEEN_WINDOW / 8];
	u8 packet[sizeof(struct icmp_echo) + MAX_PAYLOAD];
};

static volatile sig_atomic_t interrupted;
static struct net *interrupted_net;	/* for the signal handler */

static void on_sigint(int sig)
{
	(void)sig;
	interrupted = 1;
	inet_wake(interrupted_net);
}

static int fail(struct pinger *p, const char *what)
{
	const char *why = inet_strerror(p->net);

	fprintf(stderr, "ping: %s: %s\n", what, *why ? why : strerror(errno));
	return 2;
}

static void ping_send(struct pinger *p)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = p->o.dst };
	struct icmp_echo *echo = (struct icmp_echo *)p->packet;
	u64 now = inet_now_ns(p->net);
	unsigned int i;

	memset(echo, 0, sizeof(*echo));
	echo->type = ICMP_ECHO;
	echo->sequence = htons((u16)(p->sent + 1));
	for (i = 0; i < p->o.size; i++)
		p->packet[sizeof(*echo) + i] = (u8)i;
	if (p->o.size >= sizeof(now))
		memcpy(p->packet + sizeof(*echo), &now, sizeof(now));
	p->sent++;
	p->seen[(p->sent % SEEN_WINDOW) / 8] &= (u8)~(1u << (p->sent % 8));
	if (inet_sendto(p->sock, p->packet, sizeof(*echo) + p->o.size, 0,
			(struct sockaddr *)&to, sizeof(to)) < 0) {
		p->errors++;
		fail(p, "send");
	}
}

static void count_reply(struct pinger *p, double ms)
{
	if (!p->received || ms < p->min_ms)
		p->min_ms = ms;
	if (ms > p->max_ms)
		p->max_ms = ms;
	p->received++;
	p->sum_ms += ms;
	p->sum2_ms += ms * ms;
}

/* One reply, or an error. Return: false when there is none to read. */
static bool ping_receive(struct pinger *p)
{
	static u8 buf[sizeof(struct icmp_echo) + MAX_PAYLOAD];
	struct icmp_echo *echo = (struct icmp_echo *)buf;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	unsigned int seq, bit;
	double ms = -1;
	char time[48] = "";
	u64 sent_ns;
	ssize_t n;

	n = inet_recvfrom(p->sock, buf, sizeof(buf), MSG_DONTWAIT,
			  (struct sockaddr *)&from, &len);
	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return false;
		p->errors++;
		printf("ping: %s\n", strerror(errno));
		return true;
	}
	if ((size_t)n < sizeof(*echo) || echo->type != ICMP_ECHOREPLY)
		return true;
	seq = ntohs(echo->sequence);
	bit = 1u << (seq % 8);
	if ((size_t)n >= sizeof(*echo) + sizeof(sent_ns)) {
		memcpy(&sent_ns, buf + sizeof(*echo), sizeof(sent_ns));
		ms = (double)(inet_now_ns(p->net) - sent_ns) / 1e6;
		snprintf(time, sizeof(time), " time=%.3f ms", ms);
	}
	if (p->seen[seq / 8] & bit)
		p->duplicates++;
	else
		count_reply(p, ms < 0 ? 0 : ms);
	printf("%zd bytes from %s: icmp_seq=%u%s%s\n", n,
	       inet_ntoa(from.sin_addr), seq, time,
	       p->seen[seq / 8] & bit ? " (DUP!)" : "");
	p->seen[seq / 8] |= (u8)bit;
	return true;
}

/* Reads until @deadline_ns, or until every request is answered. */
static void ping_wait(struct pinger *p, u64 deadline_ns, bool all)
{
	struct inet_pollfd fd = { .sock = p->sock, .events = POLLIN };
	u64 now;

	while (!interrupted && (now = inet_now_ns(p->net)) < deadline_ns) {
		if (all && p->received + p->errors >= p->sent)
			return;
		inet_poll(&fd, 1, (int)((deadline_ns - now) / 1000000) + 1);
		while (ping_receive(p))
			;
	}
}

static void ping_run(struct pinger *p)
{
	u64 interval = (u64)(p->o.interval_s * 1e9);
	u64 next = inet_now_ns(p->net);

	p->start_ns = next;
	while (!interrupted && (!p->o.count || p->sent < p->o.count)) {
		ping_send(p);
		next += interval;
		if (!p->o.count || p->sent < p->o.count)
			ping_wait(p, next, false);
	}
	ping_wait(p, inet_now_ns(p->net) + (u64)(p->o.wait_s * 1e9), true);
}

static int ping_report(struct pinger *p)
{
	double ms = (double)(inet_now_ns(p->net) - p->start_ns) / 1e6;
	double n = p->received, avg = n ? p->sum_ms / n : 0;
	unsigned int lost = p->sent - p->received;

	printf("\n--- %s ping statistics ---\n", inet_ntoa(p->o.dst));
	printf("%u packets transmitted, %u received", p->sent, p->received);
	if (p->duplicates)
		printf(", +%u duplicates", p->duplicates);
	if (p->errors)
		printf(", +%u errors", p->errors);
	printf(", %g%% packet loss, time %.0fms\n",
	       p->sent ? 100. * lost / p->sent : 0., ms);
	if (n && p->o.size >= sizeof(u64))
		printf("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n",
		       p->min_ms, avg, p->max_ms,
		       sqrt(fmax(p->sum2_ms / n - avg * avg, 0)));
	return p->received ? 0 : 1;
}

static int ping_start(struct pinger *p)
{
	struct net_device *dev;
	char route[64];

	p->net = inet_create(NULL);
	if (!p->net)
		return fail(p, "stack");
	dev = inet_netdev_open(p->net, p->o.device);
	if (!dev || inet_addr_add(dev, p->o.addr) || inet_netdev_up(dev))
		return fail(p, p->o.device);
	if (p->o.gateway) {
		snprintf(route, sizeof(route), "default via %s", p->o.gateway);
		if (inet_route_add(p->net, route))
			return fail(p, route);
	}
	p->sock = inet_socket(p->net, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	if (!p->sock)
		return fail(p, "socket");
	interrupted_net = p->net;
	signal(SIGINT, on_sigint);
	signal(SIGTERM, on_sigint);
	printf("PING %s %u(%zu) bytes of data.\n", inet_ntoa(p->o.dst),
	       p->o.size, p->o.size + sizeof(struct icmp_echo) + 20);
	return 0;
}

static int usage(void)
{
	fprintf(stderr,
		"usage: ping [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY] [-c COUNT]\n"
		"            [-i SECONDS] [-s BYTES] [-W SECONDS] DESTINATION\n"
		"  -d DEVICE   tap:NAME (default tap:tap0)\n"
		"  -a ADDR/LEN own address (default 10.0.0.2/24)\n"
		"  -g GATEWAY  default route\n"
		"  -c COUNT    stop after COUNT requests (default: never)\n"
		"  -i SECONDS  between requests, 0..3600 (default 1)\n"
		"  -s BYTES    of payload, 0..65507 (default 56)\n"
		"  -W SECONDS  wait for the last replies (default 10)\n");
	return 2;
}

/* A number in [lo, hi]; else a sentence, and the program ends. */
static double number(const char *text, double lo, double hi)
{
	char *end;
	double v = strtod(text, &end);

	if (*text && !*end && v >= lo && v <= hi)
		return v;
	fprintf(stderr, "ping: \"%s\": a number from %g to %g is wanted\n",
		text, lo, hi);
	exit(2);
}

static int parse(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "d:a:g:c:i:s:W:")) != -1) {
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
		case 'c':
			o->count = (unsigned int)number(optarg, 1, 1e9);
			break;
		case 'i':
			o->interval_s = number(optarg, 0, 3600);
			break;
		case 's':
			o->size = (unsigned int)number(optarg, 0, MAX_PAYLOAD);
			break;
		case 'W':
			o->wait_s = number(optarg, 0, 3600);
			break;
		default:
			return usage();
		}
	}
	if (optind != argc - 1)
		return usage();
	if (inet_pton(AF_INET, argv[optind], &o->dst) == 1)
		return 0;
	fprintf(stderr, "ping: \"%s\" is not an IPv4 address\n", argv[optind]);
	return 2;
}

int main(int argc, char **argv)
{
	static struct pinger p = { .o = { .device = "tap:tap0",
		.addr = "10.0.0.2/24", .size = 56, .interval_s = 1,
		.wait_s = 10 } };
	int ret = parse(&p.o, argc, argv);

	if (ret)
		return ret;
	ret = ping_start(&p);
	if (!ret) {
		ping_run(&p);
		ret = ping_report(&p);
		inet_close(p.sock);
	}
	inet_destroy(p.net);
	return ret;
}
