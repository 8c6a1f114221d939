/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket-semantics suite: what its parts share. usage: body PEER PORT OWN FD */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "body.h"

static struct sockaddr_in peer, own;
static int control;

void said(const char *name, const char *format, ...)
{
	va_list ap;

	printf("%s: ", name);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

void said_result(const char *name, long result)
{
	if (result == -1)
		said(name, "-1 %s", strerrorname_np(errno));
	else
		said(name, "%ld", result);
}

void said_poll_after(const char *name, int fd, int events)
{
	static const struct {
		int bit;
		const char *name;
	} bits[] = {
		{ POLLIN, "IN" },	{ POLLPRI, "PRI" }, { POLLOUT, "OUT" },
		{ POLLRDHUP, "RDHUP" }, { POLLHUP, "HUP" }, { POLLERR, "ERR" },
		{ POLLNVAL, "NVAL" },
	};
	struct pollfd p = { .fd = fd, .events = (short)events };
	char text[64] = "";
	size_t i;

	if (events)
		poll(&p, 1, PATIENCE_MS);
	p.events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP;
	poll(&p, 1, 0);
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (p.revents & bits[i].bit)
			strcat(strcat(text, " "), bits[i].name);
	said(name, "poll%s", *text ? text : " none");
}

void said_poll(const char *name, int fd)
{
	said_poll_after(name, fd, 0);
}

void peer_do(const char *command, char *answer, size_t size)
{
	char line[256];
	ssize_t n;

	if (send(control, command, strlen(command), 0) < 0) {
		perror("peer");
		exit(1);
	}
	n = recv(control, line, sizeof(line) - 1, 0);
	if (n <= 0) {
		fprintf(stderr, "body: the peer is gone\n");
		exit(1);
	}
	line[n] = 0;
	if (answer)
		snprintf(answer, size, "%s", line);
}

struct sockaddr_in peer_address(void)
{
	return peer;
}

struct sockaddr_in own_address(void)
{
	return own;
}

static int must(int result, const char *what)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "body: %s: %s\n", what, strerror(errno));
	exit(1);
}

int tcp(void)
{
	return must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
}

int tcp_connected(void)
{
	int fd = tcp();

	must(connect(fd, (struct sockaddr *)&peer, sizeof(peer)), "connect");
	peer_do("accept", NULL, 0);
	return fd;
}

int tcp_listening(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = tcp();

	*addr = own;
	must(bind(fd, (struct sockaddr *)addr, len), "bind");
	must(listen(fd, 8), "listen");
	must(getsockname(fd, (struct sockaddr *)addr, &len), "getsockname");
	return fd;
}

void peer_connect(const struct sockaddr_in *addr)
{
	char command[64];

	snprintf(command, sizeof(command), "connect %d", ntohs(addr->sin_port));
	peer_do(command, NULL, 0);
}

int tcp_accepted(void)
{
	struct sockaddr_in addr;
	int fd, listener = tcp_listening(&addr);

	peer_connect(&addr);
	fd = must(accept(listener, NULL, NULL), "accept");
	close(listener);
	return fd;
}

void nonblock(int fd)
{
	must(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), "fcntl");
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "child"))
		return child(argv[2]);
	if (argc != 5) {
		fprintf(stderr, "usage: body PEER PORT OWN FD\n");
		return 2;
	}
	peer.sin_family = own.sin_family = AF_INET;
	peer.sin_port = htons((uint16_t)atoi(argv[2]));
	inet_pton(AF_INET, argv[1], &peer.sin_addr);
	inet_pton(AF_INET, argv[3], &own.sin_addr);
	control = atoi(argv[4]);
	signal(SIGPIPE, SIG_IGN);
	test_poll();
	test_errors();
	test_options();
	test_data();
	test_dgram();
	test_icmp();
	test_interfaces();
	test_processes(argv[0]);
	return 0;
}
