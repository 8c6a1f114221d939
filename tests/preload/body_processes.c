/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets that are copied, inherited, passed on, and left by the killed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "body.h"

extern char **environ;

/* Whose is @fd? "peer yes, 16 bytes" */
static void said_names(const char *name, int fd)
{
	struct sockaddr_in peer = peer_address(), got = { 0 }, own = { 0 };
	socklen_t len = sizeof(got), own_len = sizeof(own);

	getsockname(fd, (void *)&own, &own_len);
	if (getpeername(fd, (void *)&got, &len))
		said_result(name, -1);
	else
		said(name, "peer %s, family %d, own port %s",
		     got.sin_addr.s_addr == peer.sin_addr.s_addr ? "yes" : "no",
		     own.sin_family, own.sin_port ? "yes" : "no");
}

/* What is executed: standard input is a socket. */
int child(const char *what)
{
	struct sockaddr_in got;
	socklen_t len = sizeof(got);
	int listening = 0;

	if (!strcmp(what, "stdin")) {
		len = sizeof(got);
		if (getpeername(0, (void *)&got, &len))
			return 1;
		return write(0, "child", 5) == 5 && got.sin_family == AF_INET ? 0 : 2;
	}
	len = sizeof(listening);
	getsockopt(0, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len);
	if (!listening)
		return 3;
	listening = accept(0, NULL, NULL);
	return write(listening, "inetd", 5) == 5 ? 0 : 4;
}

/* Waits for @pid. */
static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void said_peer_got(const char *name, const char *command)
{
	char answer[64];

	peer_do(command, answer, sizeof(answer));
	said(name, "%s", answer);
}

static void forks(void)
{
	int fd = tcp_connected(), copy = dup(fd);
	pid_t pid;

	close(fd);
	said_result("dup_write", write(copy, "dup", 3));
	said_peer_got("dup_got", "recv 3");
	said_names("dup_names", copy);
	pid = fork();
	if (!pid)
		_exit(write(copy, "fork", 4) == 4 ? 0 : 1);
	said("fork_status", "%d", status_of(pid));
	said_peer_got("fork_got", "recv 4");
	said_result("parent_write", write(copy, "parent", 6));
	said_peer_got("parent_got", "recv 6");
	pid = fork();
	if (!pid) {
		close(copy);
		_exit(0);
	}
	status_of(pid);
	said_result("child_closed_ours_is_open", write(copy, "open", 4));
	said_peer_got("still_open", "recv 4");
	close(copy);
	said_peer_got("last_close", "recv 1");
}

/* Runs ourselves with @fd as standard input. */
static int spawn(const char *self, int fd, const char *what)
{
	char *argv[] = { (char *)self, "child", (char *)what, NULL };
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 0);
	if (posix_spawn(&pid, self, &actions, NULL, argv, environ))
		return -1;
	posix_spawn_file_actions_destroy(&actions);
	return status_of(pid);
}

static void executes(const char *self)
{
	struct sockaddr_in addr;
	int fd = tcp_connected(), l;

	said("exec_stdin", "%d", spawn(self, fd, "stdin"));
	said_peer_got("exec_got", "recv 5");
	close(fd);
	l = tcp_listening(&addr);
	peer_connect(&addr);
	said("exec_listener", "%d", spawn(self, l, "listener"));
	said_peer_got("inetd_got", "recv 5");
	close(l);
}

/* Two workers on one listener, as nginx has them. */
static void workers(void)
{
	struct sockaddr_in addr;
	int i, fd, l = tcp_listening(&addr);
	pid_t pids[2];

	for (i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		fd = accept(l, NULL, NULL);
		_exit(write(fd, "work", 4) == 4 ? 0 : 1);
	}
	close(l);
	peer_connect(&addr);
	said_peer_got("worker_1", "recv 4");
	peer_connect(&addr);
	said_peer_got("worker_2", "recv 4");
	said("workers", "%d %d", status_of(pids[0]), status_of(pids[1]));
}

static void passes(void)
{
	char space[CMSG_SPACE(sizeof(int))] = "", byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	int fd = tcp_connected(), pair[2];

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
	said_result("pass", sendmsg(pair[0], &msg, 0));
	close(fd);
	fd = -1;
	said_result("receive", recvmsg(pair[1], &msg, 0));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	said_names("passed_names", fd);
	said_result("passed_write", write(fd, "passed", 6));
	said_peer_got("passed_got", "recv 6");
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

/* kill -9 with a connection: a FIN; with something unread: a RST. */
static void killed(const char *name, bool unread)
{
	int fd = tcp_connected();
	pid_t pid = fork();

	if (!pid) {
		pause();
		_exit(0);
	}
	if (unread) {
		peer_do("send x", NULL, 0);
		poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, PATIENCE_MS);
	}
	close(fd);
	kill(pid, SIGKILL);
	status_of(pid);
	said_peer_got(name, "recv 1");
}

static void on_alarm(int number)
{
	(void)number;
}

/* A signal ends accept() and recv(), without SA_RESTART. */
static void interrupted(void)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_interval = { 0, 20000 }, .it_value = { 0, 20000 } };
	struct sockaddr_in addr, nobody = peer_address();
	int fd = tcp_connected(), l = tcp_listening(&addr), c = tcp();
	char buf[4];

	nobody.sin_addr.s_addr = htonl(ntohl(nobody.sin_addr.s_addr) + 98);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	said_result("recv_interrupted", recv(fd, buf, 4, 0));
	said_result("accept_interrupted", accept(l, NULL, NULL));
	said_result("connect_interrupted",
		    connect(c, (struct sockaddr *)&nobody, sizeof(nobody)));
	memset(&soon, 0, sizeof(soon));
	setitimer(ITIMER_REAL, &soon, NULL);
	said_poll("interrupted_goes_on", c);
	close(fd);
	close(l);
	close(c);
}

void test_processes(const char *self)
{
	forks();
	executes(self);
	workers();
	passes();
	killed("killed_is_fin", false);
	killed("killed_unread_is_reset", true);
	interrupted();
}
