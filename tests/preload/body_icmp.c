/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket-semantics suite: ping sockets, raw sockets, the error queue. */
#include <errno.h>
#include <time.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <netinet/ip.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "body.h"

/* An echo request of 20 bytes. */
struct echo {
	struct icmphdr icmp;
	char data[12];
};

static struct echo request(int number)
{
	struct echo echo = { .icmp = { .type = ICMP_ECHO }, .data = "hello, ping" };

	echo.icmp.un.echo.sequence = htons((uint16_t)number);
	return echo;
}

static struct sockaddr_in there(void)
{
	struct sockaddr_in addr = peer_address();

	addr.sin_port = 0;
	return addr;
}

static void wait_in(int fd)
{
	poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, PATIENCE_MS);
}

static void said_kind(const char *name, int fd)
{
	int type = -1, protocol = -1;
	socklen_t len = sizeof(type);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
	getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len);
	said(name, "%d %d", type, protocol);
}

static void ping(void)
{
	struct sockaddr_in peer = there(), from = { 0 }, own = { 0 };
	socklen_t len = sizeof(from), own_len = sizeof(own);
	struct echo echo = request(7), back = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);
	ssize_t n;

	said_kind("ping_is", fd);
	said_poll("ping_fresh", fd);
	said_result("ping_sendto", sendto(fd, &echo, sizeof(echo), 0, (void *)&peer,
					  sizeof(peer)));
	wait_in(fd);
	getsockname(fd, (void *)&own, &own_len);
	n = recvfrom(fd, &back, sizeof(back), MSG_DONTWAIT, (void *)&from, &len);
	said("ping_answer", "%zd type %d number %d id %s data %.11s", n, back.icmp.type,
	     ntohs(back.icmp.un.echo.sequence),
	     back.icmp.un.echo.id == own.sin_port ? "ours" : "other", back.data);
	said("ping_from", "%s port %d", from.sin_addr.s_addr == peer.sin_addr.s_addr ?
	     "the peer" : "whom?", from.sin_port);
	said_result("ping_connect", connect(fd, (void *)&peer, sizeof(peer)));
	echo = request(8);
	said_result("ping_write", write(fd, &echo, sizeof(echo)));
	wait_in(fd);
	n = recv(fd, &back, sizeof(back), MSG_DONTWAIT);
	said("ping_connected", "%zd number %d", n, ntohs(back.icmp.un.echo.sequence));
	said_result("ping_nothing", recv(fd, &back, sizeof(back), MSG_DONTWAIT));
	close(fd);
}

static void raw_sockets(void)
{
	static const struct {
		const char *name;
		int type, protocol;
	} wrong[] = {
		{ "raw_any", SOCK_RAW, 0 }, { "raw_negative", SOCK_RAW, -1 },
		{ "raw_too_large", SOCK_RAW, IPPROTO_MAX },
		{ "raw_above_a_byte", SOCK_RAW, 256 },
		{ "stream_icmp", SOCK_STREAM, IPPROTO_ICMP },
		{ "dgram_too_large", SOCK_DGRAM, IPPROTO_MAX },
		{ "dgram_tcp", SOCK_DGRAM, IPPROTO_TCP },
		{ "dgram_raw", SOCK_DGRAM, IPPROTO_RAW },
		{ "seqpacket", SOCK_SEQPACKET, 0 },
	};
	struct icmp_filter filter = { ~(1u << ICMP_ECHOREPLY) };
	struct sockaddr_in peer = there(), from = { 0 };
	socklen_t len = sizeof(from), filter_len = sizeof(filter);
	struct {
		struct iphdr ip;
		struct echo echo;
	} __attribute__((packed)) back = { 0 };
	struct echo echo = request(9);
	int fd, sum;
	ssize_t n;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		said_result(wrong[i].name, socket(AF_INET, wrong[i].type,
						  wrong[i].protocol));
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
	said_kind("raw_is", fd);
	said_poll("raw_fresh", fd);
	said_result("raw_filter", setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter,
					     sizeof(filter)));
	memset(&filter, 0, sizeof(filter));
	getsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, &filter_len);
	said("raw_filter_is", "%x, %u bytes", filter.data, filter_len);
	echo.icmp.un.echo.id = htons(0x1234);
	for (sum = 0, i = 0; i < sizeof(echo) / 2; i++)
		sum += ((unsigned short *)&echo)[i];
	sum = (sum & 0xffff) + (sum >> 16);
	echo.icmp.checksum = (uint16_t)~((sum & 0xffff) + (sum >> 16));
	said_result("raw_sendto", sendto(fd, &echo, sizeof(echo), 0, (void *)&peer,
					 sizeof(peer)));
	wait_in(fd);
	n = recvfrom(fd, &back, sizeof(back), MSG_DONTWAIT, (void *)&from, &len);
	said("raw_answer", "%zd ip %d, %d bytes, protocol %d, type %d id %x number %d", n,
	     back.ip.version, ntohs(back.ip.tot_len), back.ip.protocol,
	     back.echo.icmp.type, ntohs(back.echo.icmp.un.echo.id),
	     ntohs(back.echo.icmp.un.echo.sequence));
	said("raw_from", "%s port %d", from.sin_addr.s_addr == peer.sin_addr.s_addr ?
	     "the peer" : "whom?", from.sin_port);
	close(fd);
}

/* What ICMP says of a datagram, with the datagram. */
static void error_queue(void)
{
	struct sockaddr_in peer = there(), from = { 0 };
	union {
		struct cmsghdr cmsg;
		char buf[256];
	} control;
	struct sock_extended_err err = { 0 };
	char data[8] = "";
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from),
			      .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	int on = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), stream = tcp();
	struct cmsghdr *cmsg;

	setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	said_result("errqueue_empty", recvmsg(fd, &msg, MSG_ERRQUEUE));
	said_result("errqueue_of_tcp", recvmsg(stream, &msg, MSG_ERRQUEUE));
	peer.sin_port = htons(1);
	sendto(fd, "lost", 4, 0, (void *)&peer, sizeof(peer));
	wait_in(fd);
	said_result("errqueue_recv", recv(fd, data, sizeof(data), MSG_DONTWAIT));
	msg.msg_controllen = sizeof(control);
	said("errqueue", "%zd %.4s", recvmsg(fd, &msg, MSG_ERRQUEUE), data);
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		if (cmsg->cmsg_level == IPPROTO_IP && cmsg->cmsg_type == IP_RECVERR)
			memcpy(&err, CMSG_DATA(cmsg), sizeof(err));
	said("errqueue_is", "errno %u origin %d type %d code %d, flags %x", err.ee_errno,
	     err.ee_origin, err.ee_type, err.ee_code, msg.msg_flags);
	said("errqueue_of", "%s port %d", from.sin_addr.s_addr == peer.sin_addr.s_addr ?
	     "the peer" : "whom?", ntohs(from.sin_port));
	said_result("errqueue_again", recvmsg(fd, &msg, MSG_ERRQUEUE));
	close(stream);
	close(fd);
}

void test_icmp(void)
{
	ping();
	raw_sockets();
	error_queue();
}
