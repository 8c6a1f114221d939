/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet-trace: shows the road of one packet or one call through the stack.
 *
 *	inet-trace [-hm] [-f FILTER] SCENARIO
 *
 * Two stacks, client and server, joined by a wire in memory, live in this
 * process; the scenario runs once with the recorder on around the one step
 * that its name says. Text, or with -m a Mermaid flowchart.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>
#include <inet/socket.h>
#include <inet/trace.h>

#define MAX_POINTS 4096
#define TURNS 200
#define PORT 7
#define TIMER_TURNS 5000	/* of a millisecond */

struct lab {
	struct net *client, *server;
	struct inet_wire *wire;
	struct socket *csock, *ssock, *listener;
	struct net *traced;	/* whose road is printed */
	const char *filter;
};

static void __attribute__((noreturn)) die(struct net *net, const char *what)
{
	int err = errno;
	const char *why = inet_strerror(net);

	if (*why)
		fprintf(stderr, "inet-trace: %s\n", why);
	else
		fprintf(stderr, "inet-trace: %s: %s\n", what, strerror(err));
	exit(1);
}

/* Lets both stacks do what is due. */
static void settle(struct lab *lab)
{
	int i;

	for (i = 0; i < TURNS; i++) {
		inet_run(lab->client, 0);
		inet_run(lab->server, 0);
	}
}

static void trace_on(struct lab *lab, struct net *net)
{
	lab->traced = net;
	if (inet_trace_start_filter(net, MAX_POINTS, lab->filter))
		die(net, "trace");
}

static void trace_off(struct lab *lab)
{
	inet_trace_stop(lab->traced);
}

static struct net *host(const char *name)
{
	struct inet_config cfg = { .size = sizeof(cfg), .name = name };
	struct net *net = inet_create(&cfg);

	if (!net)
		die(NULL, name);
	return net;
}

static void address(struct net *net, const char *name, const char *addr)
{
	struct net_device *dev = inet_netdev_find(net, name);

	if (!dev || inet_addr_add(dev, addr) || inet_netdev_up(dev))
		die(net, addr);
}

static void lab_open(struct lab *lab)
{
	lab->client = host("client");
	lab->server = host("server");
	lab->wire = inet_wire_connect(lab->client, "wire0", lab->server,
				      "wire0", NULL);
	if (!lab->wire)
		die(lab->client, "wire");
	address(lab->client, "wire0", "10.0.0.1/24");
	address(lab->server, "wire0", "10.0.0.2/24");
	settle(lab);
}

static void lab_close(struct lab *lab)
{
	if (lab->csock)
		inet_close(lab->csock);
	if (lab->ssock)
		inet_close(lab->ssock);
	if (lab->listener)
		inet_close(lab->listener);
	settle(lab);
	inet_wire_close(lab->wire);
	inet_destroy(lab->client);
	inet_destroy(lab->server);
}

static struct sockaddr_in server_addr(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(PORT) };

	a.sin_addr.s_addr = inet_addr("10.0.0.2");
	return a;
}

static struct socket *open_socket(struct net *net, int type, int protocol)
{
	struct socket *sock = inet_socket(net, AF_INET, type | SOCK_NONBLOCK,
					  protocol);

	if (!sock)
		die(net, "socket");
	return sock;
}

/* ---- scenarios -------------------------------------------------------- */

static void run_socket(struct lab *lab)
{
	trace_on(lab, lab->client);
	lab->csock = open_socket(lab->client, SOCK_STREAM, 0);
	trace_off(lab);
}

/* An echo request, and its reply. */
static void ping_once(struct lab *lab)
{
	struct sockaddr_in to = server_addr();
	u8 echo[16] = { 8 };

	if (inet_sendto(lab->csock, echo, sizeof(echo), 0,
			(struct sockaddr *)&to, sizeof(to)) < 0)
		die(lab->client, "send");
	settle(lab);
}

static void run_ping(struct lab *lab)
{
	lab->csock = open_socket(lab->client, SOCK_DGRAM, IPPROTO_ICMP);
	ping_once(lab);
	trace_on(lab, lab->server);
	ping_once(lab);
	trace_off(lab);
}

static void run_arp(struct lab *lab)
{
	lab->csock = open_socket(lab->client, SOCK_DGRAM, IPPROTO_ICMP);
	trace_on(lab, lab->server);
	ping_once(lab);
	trace_off(lab);
}

static void udp_open(struct lab *lab)
{
	struct sockaddr_in to = server_addr();

	lab->csock = open_socket(lab->client, SOCK_DGRAM, 0);
	lab->ssock = open_socket(lab->server, SOCK_DGRAM, 0);
	if (inet_bind(lab->ssock, (struct sockaddr *)&to, sizeof(to)))
		die(lab->server, "bind");
	if (inet_connect(lab->csock, (struct sockaddr *)&to, sizeof(to)))
		die(lab->client, "connect");
	inet_send(lab->csock, "warm", 4, 0);
	settle(lab);
}

static void tcp_listen(struct lab *lab)
{
	struct sockaddr_in to = server_addr();

	lab->listener = open_socket(lab->server, SOCK_STREAM, 0);
	if (inet_bind(lab->listener, (struct sockaddr *)&to, sizeof(to)) ||
	    inet_listen(lab->listener, 1))
		die(lab->server, "listen");
}

static void tcp_connect(struct lab *lab)
{
	struct sockaddr_in to = server_addr();

	lab->csock = open_socket(lab->client, SOCK_STREAM, 0);
	if (inet_connect(lab->csock, (struct sockaddr *)&to, sizeof(to)) &&
	    errno != EINPROGRESS)
		die(lab->client, "connect");
	settle(lab);
}

static void tcp_accept(struct lab *lab)
{
	lab->ssock = inet_accept4(lab->listener, NULL, NULL, SOCK_NONBLOCK);
	if (!lab->ssock)
		die(lab->server, "accept");
}

/* An established connection, its server end accepted. */
static void tcp_open(struct lab *lab)
{
	tcp_listen(lab);
	tcp_connect(lab);
	tcp_accept(lab);
}

/* The server's side of what send() with @flags makes. */
static void traced_receive(struct lab *lab, int flags)
{
	char buf[64];

	trace_on(lab, lab->server);
	if (inet_send(lab->csock, "hello", 5, flags) != 5)
		die(lab->client, "send");
	settle(lab);
	if (inet_recv(lab->ssock, buf, sizeof(buf), 0) < 0)
		die(lab->server, "receive");
	trace_off(lab);
}

static void traced_send(struct lab *lab)
{
	trace_on(lab, lab->client);
	if (inet_send(lab->csock, "hello", 5, 0) != 5)
		die(lab->client, "send");
	trace_off(lab);
}

static void run_udp_rx(struct lab *lab)
{
	udp_open(lab);
	traced_receive(lab, 0);
}

static void run_udp_tx(struct lab *lab)
{
	udp_open(lab);
	traced_send(lab);
}

static void run_tcp_rx(struct lab *lab)
{
	tcp_open(lab);
	traced_receive(lab, 0);
}

static void run_tcp_slow(struct lab *lab)
{
	tcp_open(lab);
	traced_receive(lab, MSG_OOB);
}

static void run_tcp_tx(struct lab *lab)
{
	tcp_open(lab);
	traced_send(lab);
}

/* A datagram of the client to itself. */
static void run_loopback(struct lab *lab)
{
	struct sockaddr_in to = server_addr();

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	lab->csock = open_socket(lab->client, SOCK_DGRAM, 0);
	if (inet_bind(lab->csock, (struct sockaddr *)&to, sizeof(to)))
		die(lab->client, "bind");
	trace_on(lab, lab->client);
	if (inet_sendto(lab->csock, "hello", 5, 0, (struct sockaddr *)&to,
			sizeof(to)) != 5)
		die(lab->client, "send");
	settle(lab);
	trace_off(lab);
}

static void run_connect(struct lab *lab)
{
	tcp_listen(lab);
	trace_on(lab, lab->client);
	tcp_connect(lab);
	trace_off(lab);
}

static void run_accept(struct lab *lab)
{
	tcp_listen(lab);
	trace_on(lab, lab->server);
	tcp_connect(lab);
	tcp_accept(lab);
	trace_off(lab);
}

/* Nobody acknowledges what the client sends: its timer sends it again. */
static void run_timer(struct lab *lab)
{
	int turn;

	tcp_open(lab);
	if (inet_netdev_down(inet_netdev_find(lab->server, "wire0")))
		die(lab->server, "wire0");
	if (inet_send(lab->csock, "hello", 5, 0) != 5)
		die(lab->client, "send");
	trace_on(lab, lab->client);
	for (turn = 0; turn < TIMER_TURNS && !inet_trace_count(lab->client);
	     turn++)
		inet_run(lab->client, 1000000);
	trace_off(lab);
}

/* From the client by way of the server, which is a router, back to it. */
static void run_forward(struct lab *lab)
{
	struct sockaddr_in to = server_addr();
	struct inet_wire *back;
	int i;

	back = inet_wire_connect(lab->client, "wire1", lab->server, "wire1",
				 NULL);
	if (!back)
		die(lab->client, "wire");
	address(lab->client, "wire1", "10.1.0.1/24");
	address(lab->server, "wire1", "10.1.0.2/24");
	if (inet_sysctl_set(lab->server, "net.ipv4.ip_forward", "1") ||
	    inet_route_add(lab->server, "10.9.0.0/24 via 10.1.0.1") ||
	    inet_route_add(lab->client, "10.9.0.0/24 via 10.0.0.2"))
		die(lab->server, "route");
	lab->csock = open_socket(lab->client, SOCK_DGRAM, 0);
	to.sin_addr.s_addr = inet_addr("10.9.0.9");
	for (i = 0; i < 2; i++) {	/* the first asks for the neighbours */
		if (i)
			trace_on(lab, lab->server);
		if (inet_sendto(lab->csock, "hello", 5, 0,
				(struct sockaddr *)&to, sizeof(to)) != 5)
			die(lab->client, "send");
		settle(lab);
	}
	trace_off(lab);
	inet_wire_close(back);
}

static const struct scenario {
	const char *name, *text;
	void (*run)(struct lab *lab);
} scenarios[] = {
	{ "socket", "the call inet_socket(PF_INET, SOCK_STREAM)", run_socket },
	{ "arp", "an ARP request and what follows it, received", run_arp },
	{ "ping", "an ICMP echo request received and answered", run_ping },
	{ "udp-rx", "a datagram received and read", run_udp_rx },
	{ "udp-tx", "a datagram sent", run_udp_tx },
	{ "tcp-rx", "a TCP segment received and read", run_tcp_rx },
	{ "tcp-slow", "the same with urgent data: not foreseen", run_tcp_slow },
	{ "tcp-tx", "a TCP segment sent", run_tcp_tx },
	{ "connect", "a TCP connection opened, at the client", run_connect },
	{ "accept", "a TCP connection opened, at the server", run_accept },
	{ "timer", "a TCP segment sent again by its timer", run_timer },
	{ "forward", "a datagram forwarded by a router", run_forward },
	{ "loopback", "a datagram to 127.0.0.1", run_loopback },
};

#define NR_SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

static void usage(FILE *out)
{
	size_t i;

	fputs("usage: inet-trace [-hm] [-f FILTER] SCENARIO\n"
	      "  -f FILTER  only these packets, such as \"tcp dport 7 next 1\"\n"
	      "  -h         this text (--help too)\n"
	      "  -m         print a Mermaid flowchart instead of text\n", out);
	for (i = 0; i < NR_SCENARIOS; i++)
		fprintf(out, "  %-8s %s\n", scenarios[i].name,
			scenarios[i].text);
}

/* After -h, or a mistake. Return: what to exit with. */
static int help(int option)
{
	usage(option == 'h' ? stdout : stderr);
	return option == 'h' ? 0 : 2;
}

/* Runs one scenario and prints its road. */
int main(int argc, char **argv)
{
	static const struct option words[] = {
		{ .name = "help", .val = 'h' }, { .name = NULL },
	};
	struct lab lab = { 0 };
	bool mermaid = false, seen;
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "hmf:", words, NULL)) != -1) {
		if (c == 'f')
			lab.filter = optarg;
		else if (c == 'm')
			mermaid = true;
		else
			return help(c);
	}
	for (i = 0; optind == argc - 1 && i < NR_SCENARIOS; i++)
		if (!strcmp(argv[optind], scenarios[i].name))
			break;
	if (optind == argc - 1 && i == NR_SCENARIOS)
		fprintf(stderr, "inet-trace: '%s' is no scenario\n",
			argv[optind]);
	if (optind != argc - 1 || i == NR_SCENARIOS)
		return help('?');
	lab_open(&lab);
	scenarios[i].run(&lab);
	seen = inet_trace_count(lab.traced) > 0;
	if (!seen)
		fprintf(stderr, "inet-trace: no packet of '%s' fits \"%s\"\n",
			argv[optind], lab.filter);
	else if (mermaid)
		inet_trace_print_mermaid(lab.traced, stdout);
	else
		inet_trace_print_text(lab.traced, stdout);
	lab_close(&lab);
	return seen ? 0 : 1;
}
