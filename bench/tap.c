/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap, xdp: libinet against the Linux kernel over a TAP device, or with AF_XDP
 * over a veth, in a network namespace of its own.
 *
 *	tap|xdp [ROW] [COUNT]
 *
 * bulk-out: libinet sends COUNT MiB, bulk-in: the kernel does; rr: COUNT
 * one-byte questions of the kernel and libinet's answers, with everybody asleep
 * until there is something to do; rr-adaptive: the server polls the device for a
 * while before it sleeps (SO_BUSY_POLL); rr-spin: neither side sleeps at all;
 * connect: COUNT connections of the kernel's with a question each, 32 of them
 * under way; connect-one: one after another; udp: COUNT datagrams of 1,472 bytes
 * there and back, 32 of them on their way; udp-18: of 18 bytes.
 *
 * The stack is embedded and has one thread and one core: inet_run() waits for
 * frames, and each socket's callback answers. The kernel's side is a process on
 * another core (peer.c). Plain frames, no offloads, but for what BENCH_TAP adds
 * to the device's arguments (",vnet"), and VETH_OFFLOADS=1 and BENCH_MTU=N to a
 * veth. Beside it: tap-lwip and xdp-lwip, tap-kernel, xdp-kernel and tap-slirp
 * (kernel.c), and the ceiling, tap-dumb and xdp-dumb (dumb.c). What a system call
 * per frame costs is in the figures of all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "host.h"
#include "peer.h"

#ifdef BENCH_XDP
#define DEVICE "xdp:" PEER_VETH
#define NAME PEER_VETH
#define MAKE_LINK peer_veth
#else
#define DEVICE "tap:" PEER_TAP
#define NAME PEER_TAP
#define MAKE_LINK peer_tun
#endif
#define CHUNK 65536
#define ADAPTIVE_US 100
#define SPIN_US 1000000		/* for ever, as questions go */

struct tap {
	struct net *net;
	struct socket *echo, *discard, *source, *udp;
	u64 left;		/* bytes that source still sends */
	char buf[CHUNK];
};

static void echo_event(struct socket *sock, int revents, void *arg)
{
	struct tap *t = arg;
	ssize_t n;

	(void)revents;
	while ((n = inet_recv(sock, t->buf, CHUNK, 0)) > 0)
		if (inet_send(sock, t->buf, (size_t)n, MSG_NOSIGNAL) != n)
			break;
	if (n == 0 || errno != EAGAIN)
		inet_close(sock);
}

static void discard_event(struct socket *sock, int revents, void *arg)
{
	struct tap *t = arg;
	ssize_t n;

	(void)revents;
	while ((n = inet_recv(sock, t->buf, CHUNK, 0)) > 0)
		;
	if (n == 0 || errno != EAGAIN)
		inet_close(sock);
}

static void source_event(struct socket *sock, int revents, void *arg)
{
	struct tap *t = arg;
	ssize_t n = 1;

	(void)revents;
	while (t->left && (n = inet_send(sock, t->buf, t->left < CHUNK ?
					 (size_t)t->left : CHUNK,
					 MSG_NOSIGNAL)) > 0)
		t->left -= (u64)n;
	if (!t->left || errno != EAGAIN)
		inet_close(sock);
}

static void udp_event(struct socket *sock, int revents, void *arg)
{
	struct tap *t = arg;
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	(void)revents;
	while ((n = inet_recvfrom(sock, t->buf, CHUNK, 0,
				  (struct sockaddr *)&from, &len)) >= 0) {
		inet_sendto(sock, t->buf, (size_t)n, 0,
			    (struct sockaddr *)&from, len);
		len = sizeof(from);
	}
}

static void accept_event(struct socket *listener, int revents, void *arg)
{
	struct tap *t = arg;
	struct socket *s;
	const int on = 1;

	(void)revents;
	while ((s = inet_accept4(listener, NULL, NULL, SOCK_NONBLOCK))) {
		inet_setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (listener == t->source)
			inet_set_event_cb(s, POLLOUT, source_event, t);
		else
			inet_set_event_cb(s, POLLIN, listener == t->echo ?
					  echo_event : discard_event, t);
	}
}

/* A server that answers lets the answer take the ACK along. */
static struct socket *server(struct tap *t, int type, u16 port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port) };
	struct socket *s = host_sock(t->net, type);
	const int off = 0;

	if (inet_bind(s, (struct sockaddr *)&sin, sizeof(sin)) ||
	    (type == SOCK_STREAM &&
	     (inet_listen(s, 128) ||
	      (port == PEER_ECHO &&
	       inet_setsockopt(s, IPPROTO_TCP, TCP_QUICKACK, &off,
			       sizeof(off))))))
		host_die(t->net, "listen");
	inet_set_event_cb(s, POLLIN, type == SOCK_STREAM ? accept_event :
			  udp_event, t);
	return s;
}

/*
 * The rows rr-adaptive and rr-spin: one connection, served by calls that wait,
 * which poll the device for @us before they sleep.
 */
static void serve_busily(struct tap *t, int us)
{
	const int on = 1;
	struct socket *s = NULL;
	char byte;

	inet_set_event_cb(t->echo, 0, NULL, NULL);
	while (!s && peer_runs()) {
		inet_run(t->net, PEER_LOOK_MS * 1000000ll);
		s = inet_accept4(t->echo, NULL, NULL, 0);
	}
	if (!s || inet_setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on,
				  sizeof(on)) ||
	    inet_setsockopt(s, SOL_SOCKET, SO_BUSY_POLL, &us, sizeof(us)))
		host_die(t->net, "connection");
	while (inet_recv(s, &byte, 1, 0) == 1 && inet_send(s, &byte, 1, 0) == 1)
		;
	inet_close(s);
}

/* One that this user, or this system, cannot have is no failure. */
static void no_device(struct net *net)
{
	if (errno == EPERM || errno == ENODEV)
		bench_skip("no device", inet_strerror(net));
	host_die(net, DEVICE);
}

static void start(struct tap *t)
{
	const char *more = getenv("BENCH_TAP");
	char spec[100];

	t->net = host_create("bench", INET_EMBEDDED);
	snprintf(spec, sizeof(spec), "%s%s", DEVICE, more ? more : "");
	if (!inet_netdev_open(t->net, spec))
		no_device(t->net);
	peer_up();
	host_up(t->net, NAME, "10.0.0.2/24");
	t->echo = server(t, SOCK_STREAM, PEER_ECHO);
	t->discard = server(t, SOCK_STREAM, PEER_DISCARD);
	t->source = server(t, SOCK_STREAM, PEER_SOURCE);
	t->udp = server(t, SOCK_DGRAM, PEER_ECHO);
}

static void stop(struct tap *t)
{
	inet_close(t->echo);
	inet_close(t->discard);
	inet_close(t->source);
	inet_close(t->udp);
	inet_destroy(t->net);
}

int main(int argc, char **argv)
{
	struct bench_result r = { 0 };
	static struct tap t;
	struct peer peer;

	if (bench_arguments(argc, argv, peer_rows, &r))
		return 2;
	t.left = r.count << 20;
	peer_namespace();
	MAKE_LINK();
	start(&t);
	peer_start(&peer, &r);
	if (!peer_patience(&r))
		serve_busily(&t, strcmp(r.row->name, "rr-spin") ?
			     ADAPTIVE_US : SPIN_US);
	while (peer_runs())
		inet_run(t.net, PEER_LOOK_MS * 1000000ll);
	peer_result(&peer, &r);
	r.out = host_counter(t.net, "TcpOutSegs");
	r.in = host_counter(t.net, "TcpInSegs");
	bench_print(&r);
	stop(&t);
	return 0;
}
