/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes, by every call that moves them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "body.h"

/* Waits until @n bytes can be read. */
static void wait_bytes(int fd, int n)
{
	int i, queued = 0;

	for (i = 0; i < PATIENCE_MS && queued < n; i++) {
		ioctl(fd, FIONREAD, &queued);
		if (queued < n)
			poll(NULL, 0, 1);
	}
}

static void reading(void)
{
	char buf[16] = "", more[16] = "";
	struct iovec iov[2] = { { buf, 2 }, { more, 3 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int n = -1, fd = tcp_connected();

	said_result("recv_dontwait", recv(fd, buf, 1, MSG_DONTWAIT));
	peer_do("send abcdefghijklmnop", NULL, 0);
	wait_bytes(fd, 16);
	ioctl(fd, FIONREAD, &n);
	said("FIONREAD", "%d", n);
	said("peek", "%zd %.3s", recv(fd, buf, 3, MSG_PEEK), buf);
	said("recvfrom", "%zd %.1s", recvfrom(fd, buf, 1, 0, (void *)&from, &len), buf);
	said("recvfrom_name", "%u bytes", len);
	said("readv", "%zd %.2s %.3s", readv(fd, iov, 2), buf, more);
	msg.msg_name = &from;
	msg.msg_namelen = sizeof(from);
	said("recvmsg", "%zd %.2s %.3s", recvmsg(fd, &msg, 0), buf, more);
	said("recvmsg_name", "%u bytes, flags %d", msg.msg_namelen, msg.msg_flags);
	said("trunc", "%zd", recv(fd, NULL, 2, MSG_TRUNC));
	said("waitall", "%zd %.3s", recv(fd, buf, 3, MSG_WAITALL), buf);
	close(fd);
}

static void writing(void)
{
	struct sockaddr_in peer = peer_address();
	char answer[64], buf[8] = "abcdefg";
	struct iovec iov[2] = { { buf, 2 }, { buf + 2, 3 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	int n = -1, fd = tcp_connected(), file;
	FILE *temporary = tmpfile(), *stream;

	said_result("write", write(fd, buf, 1));
	said_result("writev", writev(fd, iov, 2));
	said_result("sendmsg", sendmsg(fd, &msg, 0));
	said_result("send_more", send(fd, buf, 1, MSG_MORE));
	said_result("sendto_connected",
		    sendto(fd, buf, 1, 0, (struct sockaddr *)&peer, sizeof(peer)));
	file = fileno(temporary);
	if (write(file, "file!", 5) == 5)
		said_result("sendfile", sendfile(fd, file, &(off_t){ 0 }, 5));
	dprintf(fd, "%s", "printed");
	stream = fdopen(dup(fd), "w");
	fputs("stdio", stream);
	fclose(stream);
	peer_do("recv 30", answer, sizeof(answer));
	said("peer_got", "%s", answer);
	for (int i = 0; i < PATIENCE_MS; i++) {
		if (ioctl(fd, SIOCOUTQ, &n) || !n)
			break;
		poll(NULL, 0, 1);
	}
	said("SIOCOUTQ", "%d", n);
	fclose(temporary);
	close(fd);
}

static void timeouts(void)
{
	struct timeval tv = { .tv_usec = 20000 };
	int fd = tcp_connected();
	char buf[4];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	said_result("recv_timeout", recv(fd, buf, 4, 0));
	close(fd);
}

/* A megabyte there and back, with a half-close. */
static void bulk(const char *name, int fd)
{
	size_t total = 1 << 20, i, sent = 0, got = 0;
	char *out = malloc(total), *in = malloc(total + 1);
	struct pollfd p = { .fd = fd };
	ssize_t n;

	for (i = 0; i < total; i++)
		out[i] = (char)(i * 2654435761u >> 13);
	nonblock(fd);
	for (;;) {
		p.events = (short)(POLLIN | (sent < total ? POLLOUT : 0));
		if (poll(&p, 1, PATIENCE_MS) <= 0)
			break;
		if (p.revents & POLLOUT && sent < total) {
			n = write(fd, out + sent, total - sent);
			sent += n > 0 ? (size_t)n : 0;
			if (sent == total)
				shutdown(fd, SHUT_WR);
		}
		n = read(fd, in + got, total + 1 - got);
		if (!n || (n < 0 && errno != EAGAIN))
			break;
		got += n > 0 ? (size_t)n : 0;
	}
	said(name, "%zu sent, %zu back, %s", sent, got,
	     memcmp(in, out, total) ? "other bytes" : "the same");
	free(out);
	free(in);
	close(fd);
}

static void echoes(void)
{
	int fd = tcp_connected();

	peer_do("echo", NULL, 0);
	bulk("bulk_connected", fd);
	fd = tcp_accepted();
	peer_do("echo", NULL, 0);
	bulk("bulk_accepted", fd);
}

/* What the peer sees of our ends. */
static void ends(void)
{
	struct linger linger = { .l_onoff = 1 };
	char answer[64];
	int fd = tcp_connected();

	close(fd);
	peer_do("recv 1", answer, sizeof(answer));
	said("close_is_fin", "%s", answer);
	fd = tcp_connected();
	peer_do("send x", NULL, 0);
	wait_bytes(fd, 1);
	close(fd);
	peer_do("recv 1", answer, sizeof(answer));
	said("close_unread_is_reset", "%s", answer);
	fd = tcp_connected();
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
	peer_do("recv 1", answer, sizeof(answer));
	said("linger_0_is_reset", "%s", answer);
	fd = tcp_connected();
	said_result("write_then_close", write(fd, "bye", 3));
	close(fd);
	peer_do("recv 4", answer, sizeof(answer));
	said("last_bytes", "%s", answer);
	fd = tcp_connected();
	shutdown(fd, SHUT_RDWR);
	peer_do("recv 1", answer, sizeof(answer));
	said("shutdown_is_fin", "%s", answer);
	close(fd);
}

/* Who is in the backlog when the listener goes, is reset; who comes later, refused. */
static void listener_ends(void)
{
	struct sockaddr_in addr;
	char answer[64], command[64];
	int l = tcp_listening(&addr);

	peer_connect(&addr);
	poll(&(struct pollfd){ .fd = l, .events = POLLIN }, 1, PATIENCE_MS);
	close(l);
	peer_do("recv 1", answer, sizeof(answer));
	said("backlog_is_reset", "%s", answer);
	snprintf(command, sizeof(command), "refused %d", ntohs(addr.sin_port));
	peer_do(command, answer, sizeof(answer));
	said("later_is_refused", "%s", answer);
}

void test_data(void)
{
	reading();
	writing();
	timeouts();
	echoes();
	ends();
	listener_ends();
}
