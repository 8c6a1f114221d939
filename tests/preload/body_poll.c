/* SPDX-License-Identifier: BSD-2-Clause */
/* The states of a stream socket as poll() and epoll see them. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "body.h"

static int error_of(int fd)
{
	socklen_t len = sizeof(int);
	int err = -1;

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	return err;
}

static void said_error(const char *name, int fd)
{
	int err = error_of(fd);

	said(name, "SO_ERROR %s", err ? strerrorname_np(err) : "0");
}

/* What a connected socket goes through, @made by connect() or accept(). */
static void life(const char *how, int (*make)(void))
{
	char name[64], buf[8];
	int fd = make();

#define NAME(text) (snprintf(name, sizeof(name), "%s_%s", how, text), name)
	said_poll(NAME("idle"), fd);
	peer_do("send hello", NULL, 0);
	said_poll_after(NAME("peer_wrote"), fd, POLLIN);
	said_result(NAME("read"), read(fd, buf, 5));
	said_poll(NAME("all_read"), fd);
	peer_do("fin", NULL, 0);
	said_poll_after(NAME("peer_fin"), fd, POLLIN);
	said_result(NAME("read_end"), read(fd, buf, 5));
	said_result(NAME("shutdown_wr"), shutdown(fd, SHUT_WR));
	said_poll_after(NAME("both_shut"), fd, POLLHUP);
	said_error(NAME("both_shut_error"), fd);
	close(fd);

	fd = make();
	peer_do("rst", NULL, 0);
	said_poll_after(NAME("peer_reset"), fd, POLLIN);
	said_error(NAME("peer_reset_error"), fd);
	said_poll(NAME("error_was_asked"), fd);
	said_result(NAME("read_after_reset"), read(fd, buf, 5));
	said_result(NAME("write_after_reset"), write(fd, buf, 5));
	close(fd);

	fd = make();
	peer_do("rst", NULL, 0);
	said_poll_after(NAME("reset_unasked"), fd, POLLIN);
	said_result(NAME("read_reset"), read(fd, buf, 5));
	said_result(NAME("read_reset_again"), read(fd, buf, 5));
	close(fd);

	fd = make();
	said_result(NAME("write_first"), write(fd, "12345", 5));
	peer_do("recv 5", NULL, 0);
	peer_do("rst", NULL, 0);
	said_poll_after(NAME("reset_after_write"), fd, POLLIN);
	said_result(NAME("read_after_write"), read(fd, buf, 5));
	close(fd);

	fd = make();
	said_result(NAME("shutdown_rd"), shutdown(fd, SHUT_RD));
	said_poll(NAME("own_shut_rd"), fd);
	said_result(NAME("read_own_shut_rd"), read(fd, buf, 5));
	close(fd);

	fd = make();
	said_result(NAME("shutdown_wr_first"), shutdown(fd, SHUT_WR));
	said_poll(NAME("own_shut_wr"), fd);
	said_result(NAME("write_own_shut_wr"), write(fd, buf, 5));
	peer_do("send x", NULL, 0);
	said_poll_after(NAME("peer_wrote_after"), fd, POLLIN);
	close(fd);

	fd = make();
	peer_do("close", NULL, 0);
	said_poll_after(NAME("peer_closed"), fd, POLLIN);
	close(fd);
}

static void listening(void)
{
	struct sockaddr_in addr;
	int fd, listener = tcp_listening(&addr);

	said_poll(("listen_idle"), listener);
	peer_connect(&addr);
	said_poll_after("listen_pending", listener, POLLIN);
	fd = accept(listener, NULL, NULL);
	said_poll("listen_taken", listener);
	said_poll("accepted_idle", fd);
	close(fd);
	close(listener);
}

static void connecting(void)
{
	struct sockaddr_in nobody = peer_address();
	int fd = tcp();

	said_poll("fresh", fd);
	nonblock(fd);
	inet_pton(AF_INET, "10.0.0.99", &nobody.sin_addr);
	said_result("connect_pending",
		    connect(fd, (struct sockaddr *)&nobody, sizeof(nobody)));
	said_poll("pending", fd);
	said_error("pending_error", fd);
	said_result("connect_pending_again",
		    connect(fd, (struct sockaddr *)&nobody, sizeof(nobody)));
	close(fd);

	fd = tcp();
	nonblock(fd);
	nobody = peer_address();
	nobody.sin_port = htons(1);
	said_result("connect_refused_later",
		    connect(fd, (struct sockaddr *)&nobody, sizeof(nobody)));
	said_poll_after("refused", fd, POLLOUT);
	said_error("refused_error", fd);
	said_error("refused_error_again", fd);
	close(fd);

	fd = tcp();
	nonblock(fd);
	nobody = peer_address();
	said_result("connect_later",
		    connect(fd, (struct sockaddr *)&nobody, sizeof(nobody)));
	said_poll_after("connected_later", fd, POLLOUT);
	said_error("connected_later_error", fd);
	peer_do("accept", NULL, 0);
	close(fd);
}

/* Edges, as a server with EPOLLET lives by. */
static void edges(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int fd = tcp_connected(), epoll = epoll_create1(0);

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	said_result("epoll_first", epoll_wait(epoll, &event, 1, PATIENCE_MS));
	said_result("epoll_no_edge", epoll_wait(epoll, &event, 1, 0));
	peer_do("send a", NULL, 0);
	said_result("epoll_edge", epoll_wait(epoll, &event, 1, PATIENCE_MS));
	said_result("epoll_edge_gone", epoll_wait(epoll, &event, 1, 0));
	peer_do("send b", NULL, 0);
	said_result("epoll_next_edge", epoll_wait(epoll, &event, 1, PATIENCE_MS));
	close(fd);
	close(epoll);
}

/* A descriptor of each kind in one select(). */
static void mixed(void)
{
	int fd = tcp_connected(), ends[2];
	fd_set set;

	if (pipe(ends))
		return;
	FD_ZERO(&set);
	FD_SET(fd, &set);
	FD_SET(ends[0], &set);
	peer_do("send a", NULL, 0);
	said_result("select_socket_and_pipe",
		    select(64, &set, NULL, NULL, &(struct timeval){ 5, 0 }));
	said("select_which", "%d %d", !!FD_ISSET(fd, &set), !!FD_ISSET(ends[0], &set));
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

void test_poll(void)
{
	connecting();
	listening();
	life("connected", tcp_connected);
	life("accepted", tcp_accepted);
	edges();
	mixed();
}
