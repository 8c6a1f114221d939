/* SPDX-License-Identifier: BSD-2-Clause */
/* Datagram sockets: addresses, messages, errors, options. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "body.h"

static int udp(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* Where the peer receives datagrams. */
static struct sockaddr_in there(void)
{
	struct sockaddr_in addr = peer_address();
	char answer[32];

	peer_do("udp", answer, sizeof(answer));
	addr.sin_port = htons((uint16_t)atoi(answer));
	return addr;
}

static int udp_bound(struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = udp();

	*addr = own_address();
	bind(fd, (struct sockaddr *)addr, sizeof(*addr));
	getsockname(fd, (struct sockaddr *)addr, &len);
	return fd;
}

/* The peer sends @text to us. */
static void peer_sends(const struct sockaddr_in *addr, const char *text)
{
	char command[200];

	snprintf(command, sizeof(command), "usend %d %s", ntohs(addr->sin_port), text);
	peer_do(command, NULL, 0);
}

static void said_peer_got(const char *name)
{
	char answer[64];

	peer_do("urecv", answer, sizeof(answer));
	said(name, "%s", answer);
}

static void wait_in(int fd)
{
	poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, PATIENCE_MS);
}

static int option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	getsockopt(fd, level, name, &value, &len);
	return value;
}

static void fresh(void)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);
	int fd = udp();
	char byte;

	said_poll("udp_fresh", fd);
	said("udp_is", "%d %d %d", option(fd, SOL_SOCKET, SO_TYPE),
	     option(fd, SOL_SOCKET, SO_DOMAIN), option(fd, SOL_SOCKET, SO_PROTOCOL));
	said_result("udp_recv_nothing", recv(fd, &byte, 1, MSG_DONTWAIT));
	said_result("udp_listen", listen(fd, 1));
	said_result("udp_accept", accept(fd, NULL, NULL));
	said_result("udp_shutdown", shutdown(fd, SHUT_RD));
	said_result("udp_peername", getpeername(fd, (void *)&addr, &len));
	said_result("udp_sockname", getsockname(fd, (void *)&addr, &len));
	said("udp_fresh_name", "%d %d", addr.sin_family, addr.sin_port);
	close(fd);
}

static void unconnected(void)
{
	struct sockaddr_in addr, peer = there(), from;
	socklen_t len = sizeof(from);
	int n = -1, other, fd = udp_bound(&addr);
	char buf[16] = "";

	said_result("udp_sendto", sendto(fd, "one", 3, 0, (void *)&peer, sizeof(peer)));
	said_peer_got("udp_peer_got");
	peer_sends(&addr, "answer");
	wait_in(fd);
	said_poll("udp_poll_in", fd);
	ioctl(fd, FIONREAD, &n);
	said("udp_FIONREAD", "%d", n);
	said("udp_peek", "%zd %.3s", recv(fd, buf, 3, MSG_PEEK), buf);
	said("udp_trunc_peek", "%zd", recv(fd, buf, 2, MSG_PEEK | MSG_TRUNC));
	n = (int)recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &len);
	said("udp_recvfrom", "%d %.6s from %s, %u bytes", n, buf,
	     from.sin_addr.s_addr == peer.sin_addr.s_addr &&
	     from.sin_port == peer.sin_port ? "the peer" : "whom?", len);
	peer_sends(&addr, "long");
	said("udp_cut_off", "%zd", recv(fd, buf, 2, 0));
	peer_sends(&addr, "read");
	wait_in(fd);
	said("udp_read", "%zd %.4s", read(fd, memset(buf, 0, 16), sizeof(buf)), buf);
	said_result("udp_empty", sendto(fd, "", 0, 0, (void *)&peer, sizeof(peer)));
	said_peer_got("udp_peer_got_empty");
	other = udp();
	said_result("udp_in_use", bind(other, (void *)&addr, sizeof(addr)));
	close(fd);
	said_result("udp_free_again", bind(other, (void *)&addr, sizeof(addr)));
	close(other);
}

static void errors(void)
{
	struct sockaddr_in peer = there(), bad = peer;
	static char large[70000];
	int fd = udp();

	said_result("udp_too_long", sendto(fd, large, 65508, 0, (void *)&peer,
					   sizeof(peer)));
	said_result("udp_short_address", sendto(fd, "x", 1, 0, (void *)&peer, 8));
	bad.sin_family = 77;
	said_result("udp_bad_family", sendto(fd, "x", 1, 0, (void *)&bad, sizeof(bad)));
	bad = peer;
	bad.sin_port = 0;
	said_result("udp_port_0", sendto(fd, "x", 1, 0, (void *)&bad, sizeof(bad)));
	close(fd);
}

static void connected(void)
{
	struct sockaddr_in addr, peer = there(), from, none = { .sin_family = AF_UNSPEC };
	socklen_t len = sizeof(from);
	int fd = udp_bound(&addr), n, status = 0;
	char buf[16] = "";

	said_result("udp_connect", connect(fd, (void *)&peer, sizeof(peer)));
	said_result("udp_connected_peername", getpeername(fd, (void *)&from, &len));
	said("udp_peer_is", "%s", from.sin_port == peer.sin_port ? "right" : "wrong");
	said_result("udp_write", write(fd, "two", 3));
	said_peer_got("udp_peer_got_two");
	peer_sends(&addr, "pong");
	wait_in(fd);
	said("udp_connected_read", "%zd %.4s", read(fd, buf, 4), buf);
	peer_sends(&addr, "raw");
	wait_in(fd);
	said("udp_past_libc", "%ld %.3s", syscall(SYS_read, fd, buf, 3), buf);
	peer_sends(&addr, "pang");
	len = sizeof(from);
	n = (int)recvfrom(fd, buf, sizeof(buf), 0, (void *)&from, &len);
	said("udp_connected_recvfrom", "%d %.4s from %s", n, buf,
	     from.sin_port == peer.sin_port ? "the peer" : "whom?");
	if (!fork())
		_exit(send(fd, "child", 5, 0) == 5 ? 0 : 1);
	wait(&status);
	said("udp_fork", "%d", status);
	said_peer_got("udp_peer_got_child");
	said_result("udp_disconnect", connect(fd, (void *)&none, sizeof(none)));
	len = sizeof(from);
	said_result("udp_disconnected", getpeername(fd, (void *)&from, &len));
	close(fd);
	fd = udp();
	peer.sin_port = htons(1);
	connect(fd, (void *)&peer, sizeof(peer));
	said_result("udp_send_nobody", send(fd, "x", 1, 0));
	wait_in(fd);
	said_result("udp_refused", recv(fd, buf, 4, MSG_DONTWAIT));
	said_result("udp_refused_once", recv(fd, buf, 4, MSG_DONTWAIT));
	close(fd);
}

static void messages(void)
{
	struct sockaddr_in addr, peer = there(), from;
	char buf[2][8] = { "", "" }, space[128];
	struct iovec iov[2] = { { buf[0], 3 }, { buf[1], 8 } };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from),
			      .msg_iov = iov, .msg_iovlen = 2, .msg_control = space,
			      .msg_controllen = sizeof(space) };
	struct mmsghdr many[2] = { { .msg_hdr = { &peer, sizeof(peer), iov, 1, NULL, 0,
						  0 } },
				   { .msg_hdr = { &peer, sizeof(peer), iov, 2, NULL, 0,
						  0 } } };
	int on = 1, ttl = -1, fd = udp_bound(&addr);
	struct cmsghdr *cmsg;

	setsockopt(fd, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on));
	peer_sends(&addr, "abcdef");
	said("udp_recvmsg", "%zd %.3s %.3s", recvmsg(fd, &msg, 0), buf[0], buf[1]);
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_TTL)
			memcpy(&ttl, CMSG_DATA(cmsg), sizeof(ttl));
	said("udp_ttl", "%d, name %u bytes, flags %d", ttl, msg.msg_namelen,
	     msg.msg_flags);
	iov[0].iov_len = 3;
	iov[1].iov_len = 2;
	said_result("udp_sendmmsg", sendmmsg(fd, many, 2, 0));
	said("udp_sendmmsg_lens", "%u %u", many[0].msg_len, many[1].msg_len);
	said_peer_got("udp_mmsg_1");
	said_peer_got("udp_mmsg_2");
	peer_sends(&addr, "first");
	peer_sends(&addr, "second");
	wait_in(fd);
	poll(NULL, 0, 50);
	many[0].msg_hdr.msg_name = many[1].msg_hdr.msg_name = &from;
	said_result("udp_recvmmsg", recvmmsg(fd, many, 2, MSG_WAITFORONE, NULL));
	close(fd);
}

/* Who reads no more is told so. */
static void shut(void)
{
	struct sockaddr_in peer = there();
	int fd = udp();
	char byte;

	connect(fd, (void *)&peer, sizeof(peer));
	said_result("udp_shutdown_both", shutdown(fd, SHUT_RDWR));
	said_result("udp_shutdown_recv", recv(fd, &byte, 1, 0));
	said_result("udp_shutdown_recv_again", recv(fd, &byte, 1, 0));
	said_result("udp_shutdown_send", send(fd, &byte, 1, MSG_NOSIGNAL));
	close(fd);
}

/* The longest there is, both ways. */
static void longest(void)
{
	struct sockaddr_in addr, peer = there(), from;
	static char out[65507], in[65535];
	socklen_t len = sizeof(from);
	int i, n, fd = udp_bound(&addr);

	for (i = 0; i < (int)sizeof(out); i++)
		out[i] = (char)(i * 2654435761u >> 11);
	said_result("udp_send_longest",
		    sendto(fd, out, sizeof(out), 0, (void *)&peer, sizeof(peer)));
	peer_do("uecho", NULL, 0);
	wait_in(fd);
	n = (int)recvfrom(fd, in, sizeof(in), MSG_DONTWAIT, (void *)&from, &len);
	said("udp_longest_back", "%d %s", n, n == (int)sizeof(out) &&
	     !memcmp(in, out, sizeof(out)) ? "the same" : "other");
	close(fd);
}

void test_dgram(void)
{
	fresh();
	unconnected();
	errors();
	connected();
	messages();
	shut();
	longest();
}
