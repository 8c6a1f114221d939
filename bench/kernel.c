/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp-kernel, tap-kernel, tap-slirp: what bench/tap and bench/xdp measure, with
 * the Linux kernel's sockets as the server, in a namespace of their own. The link
 * is in another file: kernel-veth.c, a veth without offloads (VETH_OFFLOADS=1
 * leaves them on); kernel-tap.c, two TAPs and a program that carries frames from
 * one to the other; kernel-slirp.c, a TAP and libslirp.
 *
 *	xdp-kernel|tap-kernel|tap-slirp [ROW] [COUNT]
 *
 * All of the server's side has one core, as a stack has. In the row rr-spin the
 * server does not sleep where it has that core alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"
#include "kernel.h"
#include "peer.h"

#define CHUNK 65536
#define MAX_FD 1024

enum role { NONE, ECHO, DISCARD, SOURCE, UDP, LISTEN = 8 };

static enum role roles[MAX_FD];
static uint64_t left;
static char buf[CHUNK];

/* Has @fd served as @role says, from now on. */
static void serve(int epoll, int fd, enum role role)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	bench_want(fd >= 0 && fd < MAX_FD, "too many connections");
	if (role == SOURCE)
		ev.events = EPOLLOUT;
	roles[fd] = role;
	bench_want(!epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev), "epoll");
}

/* One that answers lets the answer take the ACK along. */
static void server(int epoll, int type, uint16_t port, enum role role)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int off = 0;

	if (type == SOCK_STREAM)
		bench_want(!setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic",
				       5), "cubic");
	bench_want(!bind(fd, (struct sockaddr *)&sin, sizeof(sin)), "bind");
	if (type == SOCK_STREAM)
		bench_want(!listen(fd, 128), "listen");
	if (type == SOCK_STREAM && port == PEER_ECHO)
		bench_want(!setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off,
				       sizeof(off)), "TCP_QUICKACK");
	serve(epoll, fd, role);
}

static void on_accept(int epoll, int listener, enum role role)
{
	const int on = 1;
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		serve(epoll, fd, role);
	}
}

/* Reads what there is, and sends it back if that is its role. */
static void on_stream(int fd, enum role role)
{
	ssize_t n = 1;

	if (role == SOURCE)
		while (left && (n = write(fd, buf, left < CHUNK ?
					  (size_t)left : CHUNK)) > 0)
			left -= (uint64_t)n;
	else
		while ((n = read(fd, buf, CHUNK)) > 0)
			if (role == ECHO && write(fd, buf, (size_t)n) != n)
				break;
	if ((role == SOURCE && !left) || n == 0 || (n < 0 && errno != EAGAIN))
		close(fd);
}

static void on_datagram(int fd)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	while ((n = recvfrom(fd, buf, CHUNK, 0, (struct sockaddr *)&from,
			     &len)) >= 0) {
		sendto(fd, buf, (size_t)n, 0, (struct sockaddr *)&from, len);
		len = sizeof(from);
	}
}

static void turn(int epoll, int patience)
{
	struct epoll_event ev[64];
	int n = epoll_wait(epoll, ev, 64, patience);

	for (int i = 0; i < n; i++) {
		int fd = ev[i].data.fd;

		if (roles[fd] & LISTEN)
			on_accept(epoll, fd, roles[fd] & ~LISTEN);
		else if (roles[fd] == UDP)
			on_datagram(fd);
		else
			on_stream(fd, roles[fd]);
	}
}

/* Another namespace for the servers and their end of the link. Return: the one
 * of the peer. */
static int second_namespace(void)
{
	int first = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), second;

	bench_want(first >= 0 && !unshare(CLONE_NEWNET), "namespace");
	second = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	bench_want(second >= 0 && !setns(first, CLONE_NEWNET), "namespace");
	kernel_near_end(second);
	peer_up();
	bench_want(!setns(second, CLONE_NEWNET), "namespace");
	kernel_far_end();
	return first;
}

/* What carries frames runs beside the server, on its core. */
static void start_carrier(void)
{
	pid_t pid = kernel_carry ? fork() : 1;

	bench_want(pid >= 0, "fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	kernel_carry();
	_exit(0);
}

int main(int argc, char **argv)
{
	struct bench_result r = { 0 };
	struct peer peer;
	int epoll, first, second, patience = PEER_LOOK_MS;

	if (bench_arguments(argc, argv, peer_rows, &r))
		return 2;
	left = r.count << 20;
	peer_namespace();
	first = second_namespace();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	server(epoll, SOCK_STREAM, PEER_ECHO, LISTEN | ECHO);
	server(epoll, SOCK_STREAM, PEER_DISCARD, LISTEN | DISCARD);
	server(epoll, SOCK_STREAM, PEER_SOURCE, LISTEN | SOURCE);
	server(epoll, SOCK_DGRAM, PEER_ECHO, UDP);
	second = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	bench_want(!setns(first, CLONE_NEWNET), "namespace");
	peer_start(&peer, &r);
	bench_want(!setns(second, CLONE_NEWNET), "namespace");
	start_carrier();
	if (!kernel_carry && !strcmp(r.row->name, "rr-spin"))
		patience = 0;
	while (peer_runs())
		turn(epoll, patience);
	peer_result(&peer, &r);
	bench_print(&r);
	return 0;
}
