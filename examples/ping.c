/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ping: ICMP echo from a stack of its own, with ping(8)'s options, lines, sums
 * and exit status: 0 somebody answered, 1 nobody did, 2 trouble.
 *
 * One ping socket (SOCK_DGRAM, IPPROTO_ICMP) sends the requests and gets the
 * replies; IP_RECVERR makes it tell which ICMP error came for which request.
 * One loop sends when the next request is due, and else waits in inet_poll(),
 * which runs the stack; the signal handlers end that wait by inet_wake().
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/errqueue.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#define MAX_PAYLOAD 65507
#define SEEN_WINDOW 65536	/* sequence numbers told apart */
#define NS_PER_S 1e9
#define FLOOD_NS 10000000	/* -i 0: a reply, or this long, and the next */

struct echo {
	struct icmphdr icmp;
	u8 data[MAX_PAYLOAD];	/* our clock (u64) if it fits, then 8, 9, … */
};

struct options {
	const char *device, *addr, *gateway;
	unsigned int count, size, ttl;
	double interval_s, wait_s, deadline_s;
	int pmtudisc;		/* IP_MTU_DISCOVER, -1: as it is */
	bool quiet;
	struct in_addr dst;
};

struct pinger {
	struct net *net;
	struct socket *sock;
	struct options o;
	u64 start_ns, sent_ns, next_ns;	/* first, last, next request */
	unsigned int sent, received, duplicates, errors, pipe;
	double min_ms, max_ms, sum_ms, sum2_ms, ewma_ms;
	u8 seen[SEEN_WINDOW / 8];
	struct echo packet;
};

static volatile sig_atomic_t interrupted, sums_wanted;
static struct net *woken_net;	/* for the signal handlers */

static void on_signal(int sig)
{
	if (sig == SIGQUIT)
		sums_wanted = 1;
	else
		interrupted = 1;
	inet_wake(woken_net);
}

/* The stack's sentence says what and where. */
static int fail(struct pinger *p)
{
	int err = errno;
	const char *why = inet_strerror(p->net);

	fprintf(stderr, "ping: %s\n", *why ? why : strerror(err));
	return 2;
}

/* ---- what came back --------------------------------------------------- */

static const char *unreachable(unsigned int code)
{
	static const char *const text[] = {
		"Destination Net Unreachable",
		"Destination Host Unreachable",
		"Destination Protocol Unreachable",
		"Destination Port Unreachable",
		"Frag needed and DF set",
		"Source Route Failed",
		"Destination Net Unknown",
		"Destination Host Unknown",
		"Source Host Isolated",
		"Destination Net Prohibited",
		"Destination Host Prohibited",
		"Destination Net Unreachable for Type of Service",
		"Destination Host Unreachable for Type of Service",
		"Packet filtered",
		"Precedence Violation",
		"Precedence Cutoff",
	};

	return code < sizeof(text) / sizeof(text[0])
		       ? text[code] : "Dest Unreachable, Bad Code";
}

/* What an ICMP error says, in ping(8)'s words. */
static void print_icmp_error(const struct sock_extended_err *e)
{
	if (e->ee_type == ICMP_DEST_UNREACH && e->ee_code == ICMP_FRAG_NEEDED)
		printf("%s (mtu = %u)\n", unreachable(e->ee_code), e->ee_info);
	else if (e->ee_type == ICMP_DEST_UNREACH)
		printf("%s\n", unreachable(e->ee_code));
	else if (e->ee_type == ICMP_TIME_EXCEEDED)
		printf("%s\n", e->ee_code ? "Frag reassembly time exceeded"
					  : "Time to live exceeded");
	else if (e->ee_type == ICMP_PARAMETERPROB)
		printf("Parameter problem: pointer = %u\n", e->ee_info >> 24);
	else
		printf("Bad ICMP type: %u\n", e->ee_type);
}

/* The control message @type of IPPROTO_IP, or NULL. */
static void *control(struct msghdr *msg, int type)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == type)
			return CMSG_DATA(c);
	return NULL;
}

/* A request as old as this came back in some way. */
static void note_pipe(struct pinger *p, u16 seq)
{
	unsigned int open = (u16)((u16)p->sent - seq) + 1u;

	if (open > p->pipe && open <= p->sent)
		p->pipe = open;
}

/* One entry of the error queue. Return: false when there is none. */
static bool receive_error(struct pinger *p)
{
	struct icmphdr icmp = { 0 };
	struct iovec iov = { .iov_base = &icmp, .iov_len = sizeof(icmp) };
	_Alignas(struct cmsghdr) char buf[512];
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = buf,
			      .msg_controllen = sizeof(buf) };
	struct sock_extended_err *e;
	struct sockaddr_in *from;

	if (inet_recvmsg(p->sock, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	e = control(&msg, IP_RECVERR);
	if (!e)
		return true;
	p->errors++;
	if (e->ee_origin == SO_EE_ORIGIN_LOCAL) {
		fprintf(stderr, "ping: local error: %s, mtu=%u\n",
			e->ee_errno == EMSGSIZE ? "message too long"
						: strerror((int)e->ee_errno),
			e->ee_info);
		return true;
	}
	note_pipe(p, ntohs(icmp.un.echo.sequence));
	if (p->o.quiet)
		return true;
	from = (struct sockaddr_in *)SO_EE_OFFENDER(e);
	printf("From %s icmp_seq=%u ", inet_ntoa(from->sin_addr),
	       ntohs(icmp.un.echo.sequence));
	print_icmp_error(e);
	return true;
}

/* Marks @seq as answered. Return: it was already. */
static bool seen_before(struct pinger *p, u16 seq)
{
	u8 *byte = &p->seen[seq / 8], bit = (u8)(1u << (seq % 8));
	bool before = *byte & bit;

	*byte |= bit;
	return before;
}

/* The sums of a first reply. */
static void count_reply(struct pinger *p, double ms)
{
	if (!p->received || ms < p->min_ms)
		p->min_ms = ms;
	if (ms > p->max_ms)
		p->max_ms = ms;
	p->ewma_ms += p->received ? (ms - p->ewma_ms) / 8 : ms;
	p->received++;
	p->sum_ms += ms;
	p->sum2_ms += ms * ms;
}

/* The first byte that is not what we sent, behind the clock. */
static void print_wrong_data(const struct pinger *p, const struct echo *echo,
			     size_t size)
{
	for (size_t i = sizeof(u64); i < size; i++) {
		if (echo->data[i] == p->packet.data[i])
			continue;
		printf("\nwrong data byte #%zu should be 0x%x but was 0x%x", i,
		       p->packet.data[i], echo->data[i]);
		return;
	}
}

/* Three digits that count, but no finer than 1 µs. */
static void print_time(double ms)
{
	printf(" time=%.*f ms",
	       ms >= 99.95 ? 0 : ms >= 9.995 ? 1 : ms >= 0.9995 ? 2 : 3, ms);
}

/* A reply of @n bytes from @from: counted, and its line printed. */
static void reply(struct pinger *p, const struct echo *echo, size_t n,
		  const struct sockaddr_in *from, const int *ttl)
{
	u16 seq = ntohs(echo->icmp.un.echo.sequence);
	size_t size = n - sizeof(echo->icmp);
	bool again = seen_before(p, seq);
	double ms = 0;
	u64 then;

	note_pipe(p, seq);
	if (size >= sizeof(then) && p->o.size >= sizeof(then)) {
		memcpy(&then, echo->data, sizeof(then));
		ms = (double)(inet_now_ns(p->net) - then) / 1e6;
	}
	if (again)
		p->duplicates++;
	else
		count_reply(p, ms);
	if (p->o.interval_s == 0)
		p->next_ns = inet_now_ns(p->net);
	if (p->o.quiet)
		return;
	printf("%zu bytes from %s: icmp_seq=%u", n, inet_ntoa(from->sin_addr),
	       seq);
	if (ttl)
		printf(" ttl=%d", *ttl);
	if (size < p->o.size)
		printf(" (truncated)");
	if (size >= sizeof(then) && p->o.size >= sizeof(then))
		print_time(ms);
	if (again)
		printf(" (DUP!)");
	print_wrong_data(p, echo, size < p->o.size ? size : p->o.size);
	printf("\n");
}

/* One reply or error. Return: false when there is none to read. */
static bool ping_receive(struct pinger *p)
{
	static struct echo echo;
	_Alignas(struct cmsghdr) char buf[512];
	struct iovec iov = { .iov_base = &echo, .iov_len = sizeof(echo) };
	struct sockaddr_in from = { 0 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_name = &from, .msg_namelen = sizeof(from),
			      .msg_control = buf,
			      .msg_controllen = sizeof(buf) };
	ssize_t n;

	if (receive_error(p))
		return true;
	n = inet_recvmsg(p->sock, &msg, MSG_DONTWAIT);
	if (n < 0)		/* what an error is stands in its queue */
		return errno != EAGAIN && errno != EINTR;
	if ((size_t)n >= sizeof(echo.icmp) && echo.icmp.type == ICMP_ECHOREPLY)
		reply(p, &echo, (size_t)n, &from, control(&msg, IP_TTL));
	return true;
}

/* ---- what goes out ---------------------------------------------------- */

/* The next request; @now is its time. */
static void ping_send(struct pinger *p, u64 now)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = p->o.dst };
	u16 seq = (u16)(p->sent + 1);
	int err;

	p->packet.icmp.un.echo.sequence = htons(seq);
	if (p->o.size >= sizeof(now))
		memcpy(p->packet.data, &now, sizeof(now));
	p->seen[seq / 8] &= (u8)~(1u << (seq % 8));
	p->sent++;
	p->sent_ns = now;
	p->next_ns = now + (p->o.interval_s > 0
				    ? (u64)(p->o.interval_s * NS_PER_S)
				    : FLOOD_NS);
	if (inet_sendto(p->sock, &p->packet,
			sizeof(p->packet.icmp) + p->o.size, 0,
			(struct sockaddr *)&to, sizeof(to)) >= 0)
		return;
	err = errno;
	if (!receive_error(p))
		fprintf(stderr, "ping: sendmsg: %s\n", strerror(err));
}

/* When to give up: the deadline, or some time after the last request. */
static u64 ping_end(const struct pinger *p)
{
	double wait = p->o.wait_s;

	if (p->o.deadline_s > 0)
		return p->start_ns + (u64)(p->o.deadline_s * NS_PER_S);
	if (!p->o.count || p->sent < p->o.count)
		return UINT64_MAX;
	if (p->received)
		wait = fmax(2 * p->max_ms / 1e3, p->o.interval_s);
	else if (wait == 0)
		return UINT64_MAX;
	return p->sent_ns + (u64)(wait * NS_PER_S);
}

static bool ping_is_done(const struct pinger *p, u64 now)
{
	return interrupted || now >= ping_end(p) ||
	       (p->o.count && p->received + p->errors >= p->o.count) ||
	       (p->o.deadline_s > 0 && p->errors);
}

static void print_sums(const struct pinger *p)
{
	fprintf(stderr, "\r%u/%u packets, %u%% loss", p->received, p->sent,
		p->sent ? 100 * (p->sent - p->received) / p->sent : 0);
	if (p->received && p->o.size >= sizeof(u64))
		fprintf(stderr, ", min/avg/ewma/max = %.3f/%.3f/%.3f/%.3f ms",
			p->min_ms, p->sum_ms / p->received, p->ewma_ms,
			p->max_ms);
	fprintf(stderr, "\n");
}

/* Requests, replies and errors until it is over. */
static void ping_run(struct pinger *p)
{
	struct inet_pollfd fd = { .sock = p->sock, .events = POLLIN };
	u64 now = inet_now_ns(p->net), until, end;
	bool more;

	p->start_ns = p->next_ns = now;
	for (; !ping_is_done(p, now); now = inet_now_ns(p->net)) {
		more = !p->o.count || p->sent < p->o.count ||
		       p->o.deadline_s > 0;
		if (more && now >= p->next_ns)
			ping_send(p, now);
		end = ping_end(p);
		until = more && p->next_ns < end ? p->next_ns : end;
		now = inet_now_ns(p->net);
		until = until > now ? (until - now + 999999) / 1000000 : 0;
		inet_poll(&fd, 1, until < 1000 ? (int)until : 1000);
		while (ping_receive(p))
			;
		if (sums_wanted)
			print_sums(p);
		sums_wanted = 0;
	}
}

/* The statistics. Return: the exit status. */
static int ping_report(const struct pinger *p)
{
	double n = p->received, avg = n > 0 ? p->sum_ms / n : 0;
	const char *comma = "";

	printf("\n--- %s ping statistics ---\n", inet_ntoa(p->o.dst));
	printf("%u packets transmitted, %u received", p->sent, p->received);
	if (p->duplicates)
		printf(", +%u duplicates", p->duplicates);
	if (p->errors)
		printf(", +%u errors", p->errors);
	if (p->sent)
		printf(", %g%% packet loss, time %.0fms",
		       (double)(float)(100. * (p->sent - n) / p->sent),
		       (double)((p->sent_ns - p->start_ns) / 1000000));
	printf("\n");
	if (p->received && p->o.size >= sizeof(u64)) {
		printf("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms",
		       p->min_ms, avg, p->max_ms,
		       sqrt(fmax(p->sum2_ms / n - avg * avg, 0)));
		comma = ", ";
	}
	if (p->pipe > 1)
		printf("%spipe %u", comma, p->pipe);
	printf("\n");
	return !p->received ||
	       (p->o.deadline_s > 0 && p->received < p->o.count);
}

/* ---- start ------------------------------------------------------------ */

/* Is there a way to the destination? Asked as ping(8) asks. */
static int find_route(struct pinger *p)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = p->o.dst,
				  .sin_port = htons(1025) };
	struct socket *probe = inet_socket(p->net, AF_INET, SOCK_DGRAM, 0);
	int ret = !probe || inet_connect(probe, (struct sockaddr *)&to,
					 sizeof(to));

	if (ret)
		fprintf(stderr, "ping: connect: %s\n", strerror(errno));
	inet_close(probe);
	return ret ? 2 : 0;
}

/* The socket that asks, with what the options want of it. */
static int open_socket(struct pinger *p)
{
	const int on = 1, ttl = (int)p->o.ttl;

	p->sock = inet_socket(p->net, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	if (!p->sock ||
	    inet_setsockopt(p->sock, IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) ||
	    inet_setsockopt(p->sock, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)))
		return fail(p);
	if (ttl && inet_setsockopt(p->sock, IPPROTO_IP, IP_TTL, &ttl,
				   sizeof(ttl)))
		return fail(p);
	if (p->o.pmtudisc >= 0 &&
	    inet_setsockopt(p->sock, IPPROTO_IP, IP_MTU_DISCOVER,
			    &p->o.pmtudisc, sizeof(p->o.pmtudisc)))
		return fail(p);
	return 0;
}

/* The stack, its device, address and route, and the first request. */
static int ping_start(struct pinger *p)
{
	struct net_device *dev;
	char route[64];

	p->net = inet_create(NULL);
	if (!p->net)
		return fail(p);
	dev = inet_netdev_open(p->net, p->o.device);
	if (!dev || inet_addr_add(dev, p->o.addr) || inet_netdev_up(dev))
		return fail(p);
	if (p->o.gateway) {
		snprintf(route, sizeof(route), "default via %s", p->o.gateway);
		if (inet_route_add(p->net, route))
			return fail(p);
	}
	if (find_route(p) || open_socket(p))
		return 2;
	woken_net = p->net;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGQUIT, on_signal);
	p->packet.icmp.type = ICMP_ECHO;
	for (unsigned int i = 0; i < p->o.size; i++)
		p->packet.data[i] = (u8)i;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("PING %s (%s) %u(%zu) bytes of data.\n", inet_ntoa(p->o.dst),
	       inet_ntoa(p->o.dst), p->o.size,
	       p->o.size + sizeof(p->packet.icmp) + 20);
	return 0;
}

static void usage(FILE *out)
{
	fputs("usage: ping [-hnq] [-d DEVICE] [-a ADDR/LEN] [-g GATEWAY] [-c COUNT]\n"
	      "            [-i SECONDS] [-M do|dont|want] [-s BYTES] [-t TTL]\n"
	      "            [-w SECONDS] [-W SECONDS] DESTINATION\n"
	      "  -d DEVICE   tap:NAME (default tap:tap0)\n"
	      "  -a ADDR/LEN own address (default 10.0.0.2/24)\n"
	      "  -g GATEWAY  default route\n"
	      "  -c COUNT    stop after COUNT replies or errors, 1..1000000000\n"
	      "              (default: never)\n"
	      "  -h          this text (--help too)\n"
	      "  -i SECONDS  between requests, 0..3600 (default 1); 0: as fast as\n"
	      "              the replies come\n"
	      "  -M HOW      do: forbid fragments; dont: allow routers to make some;\n"
	      "              want: fit the path (default)\n"
	      "  -n          numbers only, as always\n"
	      "  -q          print the sums only\n"
	      "  -s BYTES    of payload, 0..65507 (default 56)\n"
	      "  -t TTL      routers that a request may pass, 1..255 (default 64)\n"
	      "  -w SECONDS  end after this long, 0..86400 (default 0: never)\n"
	      "  -W SECONDS  for the first reply after the last request, 0..3600\n"
	      "              (default 10); 0: for ever\n"
	      "SIGQUIT (Ctrl-\\) prints the sums so far, SIGINT (Ctrl-C) ends.\n",
	      out);
}

/* A number in [lo, hi] for option @c; else a sentence, and the end. */
static double number(int c, double lo, double hi)
{
	char *end;
	double v = strtod(optarg, &end);

	if (*optarg && !*end && v >= lo && v <= hi)
		return v;
	fprintf(stderr, "ping: -%c \"%s\": a number from %.0f to %.0f is wanted\n",
		c, optarg, lo, hi);
	exit(2);
}

/* The same for a number without a fraction. */
static unsigned int whole(int c, unsigned int lo, unsigned int hi)
{
	double v = number(c, lo, hi);

	if (v == floor(v))
		return (unsigned int)v;
	fprintf(stderr, "ping: -%c \"%s\": a whole number is wanted\n", c,
		optarg);
	exit(2);
}

static int pmtudisc(const char *how)
{
	if (!strcmp(how, "do"))
		return IP_PMTUDISC_DO;
	if (!strcmp(how, "dont"))
		return IP_PMTUDISC_DONT;
	if (!strcmp(how, "want"))
		return IP_PMTUDISC_WANT;
	fprintf(stderr, "ping: -M \"%s\": do, dont or want is wanted\n", how);
	exit(2);
}

/* One option and its argument. Ends the program when they are wrong. */
static void option(struct options *o, int c)
{
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
		o->count = whole(c, 1, 1000000000);
		break;
	case 'h':
		usage(stdout);
		exit(0);
	case 'i':
		o->interval_s = number(c, 0, 3600);
		break;
	case 'M':
		o->pmtudisc = pmtudisc(optarg);
		break;
	case 'n':
		break;
	case 'q':
		o->quiet = true;
		break;
	case 's':
		o->size = whole(c, 0, MAX_PAYLOAD);
		break;
	case 't':
		o->ttl = whole(c, 1, 255);
		break;
	case 'w':
		o->deadline_s = number(c, 0, 86400);
		break;
	case 'W':
		o->wait_s = number(c, 0, 3600);
		break;
	default:
		usage(stderr);
		exit(2);
	}
}

/* The command line. Ends the program when it is wrong. */
static void parse(struct options *o, int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	int c;

	while ((c = getopt_long(argc, argv, "d:a:g:c:hi:M:nqs:t:w:W:", words,
				NULL)) != -1)
		option(o, c);
	if (optind != argc - 1) {
		fprintf(stderr, "ping: one destination is wanted\n");
		usage(stderr);
		exit(2);
	}
	if (inet_pton(AF_INET, argv[optind], &o->dst) == 1)
		return;
	fprintf(stderr, "ping: \"%s\" is not an IPv4 address\n", argv[optind]);
	exit(2);
}

int main(int argc, char **argv)
{
	static struct pinger p = { .o = { .device = "tap:tap0",
		.addr = "10.0.0.2/24", .size = 56, .interval_s = 1,
		.wait_s = 10, .pmtudisc = -1 } };
	int ret;

	parse(&p.o, argc, argv);
	ret = ping_start(&p);
	if (!ret) {
		ping_run(&p);
		ret = ping_report(&p);
	}
	if (p.sock)
		inet_close(p.sock);
	inet_destroy(p.net);
	return ret;
}
