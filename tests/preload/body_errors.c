/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that go wrong, and calls in the wrong state. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "body.h"

static const struct sockaddr *sa(const struct sockaddr_in *addr)
{
	return (const struct sockaddr *)addr;
}

static void sockets(void)
{
	said_result("socket_bad_protocol", socket(AF_INET, SOCK_STREAM, 17));
	said_result("socket_bad_type", socket(AF_INET, 77, 0));
	said_result("socket_bad_family", socket(77, SOCK_STREAM, 0));
}

static void binds(void)
{
	struct sockaddr_in addr = own_address(), other = addr;
	socklen_t len = sizeof(addr);
	int a = tcp(), b = tcp();

	said_result("bind_short", bind(a, sa(&addr), 8));
	other.sin_family = 77;
	said_result("bind_bad_family", bind(a, sa(&other), sizeof(other)));
	other = addr;
	inet_pton(AF_INET, "10.99.99.99", &other.sin_addr);
	said_result("bind_foreign", bind(a, sa(&other), sizeof(other)));
	said_result("bind", bind(a, sa(&addr), sizeof(addr)));
	getsockname(a, (struct sockaddr *)&addr, &len);
	said("bound", "%u bytes, port %s", len, addr.sin_port ? "given" : "none");
	said_result("bind_again", bind(a, sa(&addr), sizeof(addr)));
	said_result("bind_in_use", bind(b, sa(&addr), sizeof(addr)));
	close(a);
	said_result("bind_free_again", bind(b, sa(&addr), sizeof(addr)));
	close(b);
	a = tcp();
	listen(a, 1);
	len = sizeof(addr);
	getsockname(a, (struct sockaddr *)&addr, &len);
	said("listen_unbound", "port %s", addr.sin_port ? "given" : "none");
	close(a);
}

static void names(void)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	int fd = tcp();

	said_result("getsockname_fresh", getsockname(fd, (void *)&addr, &len));
	said("fresh_name", "%u bytes, family %d, port %d, %s", len, addr.sin_family,
	     addr.sin_port, inet_ntoa(addr.sin_addr));
	len = sizeof(addr);
	said_result("getpeername_fresh", getpeername(fd, (void *)&addr, &len));
	len = 4;
	said_result("getsockname_short", getsockname(fd, (void *)&addr, &len));
	said("short_name", "%u bytes", len);
	len = (socklen_t)-1;
	said_result("getsockname_negative", getsockname(fd, (void *)&addr, &len));
	close(fd);
	said_result("getsockname_closed", getsockname(fd, (void *)&addr, &len));
}

static void fresh(void)
{
	char buf[4] = "abc";
	int fd = tcp();

	said_result("send_fresh", send(fd, buf, 3, MSG_NOSIGNAL));
	said_result("write_fresh", write(fd, buf, 3));
	said_result("recv_fresh", recv(fd, buf, 3, 0));
	said_result("read_fresh", read(fd, buf, 3));
	said_result("shutdown_fresh", shutdown(fd, SHUT_WR));
	said_result("shutdown_bad_how", shutdown(fd, 77));
	said_result("accept_fresh", accept(fd, NULL, NULL));
	nonblock(fd);
	said_result("accept_fresh_nonblock", accept(fd, NULL, NULL));
	close(fd);
}

static void listeners(void)
{
	struct sockaddr_in addr, peer = peer_address(), from;
	socklen_t len = sizeof(from);
	int fd, l = tcp_listening(&addr);
	char buf[4];

	said_result("listen_again", listen(l, 4));
	said_result("connect_listening", connect(l, sa(&peer), sizeof(peer)));
	said_result("recv_listening", recv(l, buf, 4, 0));
	said_result("send_listening", send(l, buf, 4, MSG_NOSIGNAL));
	nonblock(l);
	said_result("accept_nobody", accept(l, NULL, NULL));
	peer_connect(&addr);
	poll(&(struct pollfd){ .fd = l, .events = POLLIN }, 1, PATIENCE_MS);
	fd = accept(l, (struct sockaddr *)&from, &len);
	said("accept_address", "%u bytes, family %d, %s", len, from.sin_family,
	     from.sin_addr.s_addr == peer.sin_addr.s_addr ? "the peer" : "who?");
	said_result("listen_connected", listen(fd, 4));
	said_result("accept_connected", accept(fd, NULL, NULL));
	said_result("bind_connected", bind(fd, sa(&addr), sizeof(addr)));
	close(fd);
	said_result("shutdown_listener", shutdown(l, SHUT_RDWR));
	said_result("accept_shut", accept(l, NULL, NULL));
	close(l);
}

static void connects(void)
{
	struct sockaddr_in peer = peer_address(), none = peer;
	int fd = tcp();

	said_result("connect_short", connect(fd, sa(&peer), 8));
	none.sin_family = 77;
	said_result("connect_bad_family", connect(fd, sa(&none), sizeof(none)));
	none = peer;
	none.sin_port = htons(1);
	said_result("connect_refused", connect(fd, sa(&none), sizeof(none)));
	said_result("connect_after_refused", connect(fd, sa(&peer), sizeof(peer)));
	peer_do("accept", NULL, 0);
	said_result("connect_again", connect(fd, sa(&peer), sizeof(peer)));
	close(fd);
	fd = tcp();
	inet_pton(AF_INET, "224.0.0.1", &none.sin_addr);
	said_result("connect_multicast", connect(fd, sa(&none), sizeof(none)));
	inet_pton(AF_INET, "255.255.255.255", &none.sin_addr);
	said_result("connect_broadcast", connect(fd, sa(&none), sizeof(none)));
	close(fd);
}

static volatile sig_atomic_t pipes;

static void on_pipe(int number)
{
	(void)number;
	pipes++;
}

static void signals(void)
{
	struct sigaction action = { .sa_handler = on_pipe };
	int fd = tcp();
	char buf[4] = "abc";

	sigaction(SIGPIPE, &action, NULL);
	said_result("write_raises", write(fd, buf, 3));
	said("sigpipe_fresh", "%d", (int)pipes);
	send(fd, buf, 3, MSG_NOSIGNAL);
	said("sigpipe_nosignal", "%d", (int)pipes);
	close(fd);
	fd = tcp_connected();
	shutdown(fd, SHUT_WR);
	said_result("write_shut_raises", write(fd, buf, 3));
	said("sigpipe_shut", "%d", (int)pipes);
	close(fd);
	signal(SIGPIPE, SIG_IGN);
}

/* The other families are the kernel's. */
static void unix_sockets(void)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);
	int pair[2], fd = socket(AF_UNIX, SOCK_STREAM, 0);

	said_result("unix_listen_unbound", listen(fd, 1));
	said_result("unix_getsockname", getsockname(fd, (void *)&un, &len));
	said("unix_name", "%u bytes, family %d", len, un.sun_family);
	said_result("unix_shutdown", shutdown(fd, SHUT_WR));
	close(fd);
	said_result("unix_pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	said_result("unix_send", send(pair[0], "x", 1, 0));
	said_result("unix_recv", recv(pair[1], &un, 1, 0));
	close(pair[0]);
	close(pair[1]);
}

void test_errors(void)
{
	sockets();
	binds();
	names();
	fresh();
	listeners();
	connects();
	signals();
	unix_sockets();
}
