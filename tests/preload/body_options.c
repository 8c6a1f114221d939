/* SPDX-License-Identifier: BSD-2-Clause */
/* Options: their defaults, what is set is what is got, what is refused. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "body.h"

#define OPTION(level, name) { level, name, #name }

static const struct option {
	int level, name;
	const char *text;
} options[] = {
	OPTION(SOL_SOCKET, SO_TYPE),
	OPTION(SOL_SOCKET, SO_DOMAIN),
	OPTION(SOL_SOCKET, SO_PROTOCOL),
	OPTION(SOL_SOCKET, SO_ACCEPTCONN),
	OPTION(SOL_SOCKET, SO_ERROR),
	OPTION(SOL_SOCKET, SO_REUSEADDR),
	OPTION(SOL_SOCKET, SO_REUSEPORT),
	OPTION(SOL_SOCKET, SO_KEEPALIVE),
	OPTION(SOL_SOCKET, SO_OOBINLINE),
	OPTION(SOL_SOCKET, SO_BROADCAST),
	OPTION(SOL_SOCKET, SO_DONTROUTE),
	OPTION(SOL_SOCKET, SO_PRIORITY),
	OPTION(SOL_SOCKET, SO_RCVLOWAT),
	OPTION(IPPROTO_IP, IP_TOS),
	OPTION(IPPROTO_IP, IP_TTL),
	OPTION(IPPROTO_IP, IP_RECVERR),
	OPTION(IPPROTO_IP, IP_MTU_DISCOVER),
	OPTION(IPPROTO_TCP, TCP_NODELAY),
	OPTION(IPPROTO_TCP, TCP_CORK),
	OPTION(IPPROTO_TCP, TCP_KEEPIDLE),
	OPTION(IPPROTO_TCP, TCP_KEEPINTVL),
	OPTION(IPPROTO_TCP, TCP_KEEPCNT),
	OPTION(IPPROTO_TCP, TCP_SYNCNT),
	OPTION(IPPROTO_TCP, TCP_LINGER2),
	OPTION(IPPROTO_TCP, TCP_DEFER_ACCEPT),
	OPTION(IPPROTO_TCP, TCP_USER_TIMEOUT),
	OPTION(IPPROTO_TCP, TCP_QUICKACK),
};

static const int nr_options = sizeof(options) / sizeof(options[0]);

/* "value" or the error. */
static void said_option(const char *when, int fd, const struct option *o)
{
	socklen_t len = sizeof(int);
	char name[64];
	int value = -1;

	snprintf(name, sizeof(name), "%s_%s", when, o->text);
	if (getsockopt(fd, o->level, o->name, &value, &len))
		said_result(name, -1);
	else
		said(name, "%d, %u bytes", value, len);
}

static void defaults(void)
{
	struct sockaddr_in addr;
	int i, fd = tcp(), listener = tcp_listening(&addr), conn = tcp_accepted();

	for (i = 0; i < nr_options; i++) {
		said_option("default", fd, &options[i]);
		said_option("listening", listener, &options[i]);
		if (options[i].name != TCP_QUICKACK)
			said_option("connected", conn, &options[i]);
	}
	close(fd);
	close(listener);
	close(conn);
}

static void changes(void)
{
	int i, value = 1, fd = tcp();
	char name[64];

	for (i = 0; i < nr_options; i++) {
		snprintf(name, sizeof(name), "set_%s", options[i].text);
		said_result(name, setsockopt(fd, options[i].level, options[i].name,
					     &value, sizeof(value)));
		said_option("after_set", fd, &options[i]);
	}
	said_result("set_short", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, 1));
	said_result("set_null", setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, NULL, 4));
	said_result("set_unknown", setsockopt(fd, IPPROTO_TCP, 9999, &value, 4));
	said_result("set_unknown_level", setsockopt(fd, 9999, 1, &value, 4));
	close(fd);
}

/* Options that tell something beside the text. */
static void beside_text(void)
{
	static const struct option beside[] = {
		OPTION(SOL_SOCKET, SO_TIMESTAMP),
		OPTION(SOL_SOCKET, SO_TIMESTAMPNS),
		OPTION(SOL_SOCKET, SO_TIMESTAMPING),
		OPTION(SOL_SOCKET, SO_ZEROCOPY),
		OPTION(IPPROTO_TCP, TCP_INQ),
	};
	int value = 0, fd = tcp();
	char name[64];

	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		snprintf(name, sizeof(name), "set_%s", beside[i].text);
		said_result(name, setsockopt(fd, beside[i].level, beside[i].name,
					     &value, sizeof(value)));
	}
	close(fd);
}

/* What is set before it is connected, is kept; a listener's go on. */
static void inherited(void)
{
	struct sockaddr_in addr, peer = peer_address();
	int value = 1, fd = tcp(), listener = tcp_listening(&addr);
	const struct option *nodelay = &options[17];

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof(value));
	if (connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		said_result("inherited_connect", -1);
	peer_do("accept", NULL, 0);
	said_option("kept", fd, nodelay);
	close(fd);
	setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &value, sizeof(value));
	peer_connect(&addr);
	fd = accept(listener, NULL, NULL);
	said_option("inherited", fd, nodelay);
	close(fd);
	close(listener);
}

static void structs(void)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 7 };
	struct timeval tv = { .tv_sec = 3 };
	struct tcp_info info;
	socklen_t len = sizeof(linger);
	char text[16] = "";
	int fd = tcp_connected();

	said_result("set_SO_LINGER", setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger,
						sizeof(linger)));
	memset(&linger, 0, sizeof(linger));
	getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len);
	said("SO_LINGER", "%d %d, %u bytes", linger.l_onoff, linger.l_linger, len);
	said_result("set_SO_RCVTIMEO", setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
						  sizeof(tv)));
	memset(&tv, 0, sizeof(tv));
	len = sizeof(tv);
	getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len);
	said("SO_RCVTIMEO", "%ld s, %u bytes", (long)tv.tv_sec, len);
	memset(&info, 0, sizeof(info));
	len = sizeof(info);
	said_result("get_TCP_INFO", getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len));
	said("TCP_INFO", "state %d, %u bytes", info.tcpi_state, len);
	len = 1;
	said_result("get_short", getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, text, &len));
	said("short_option", "%u bytes", len);
	len = (socklen_t)-1;
	said_result("get_negative", getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, text,
					       &len));
	close(fd);
}

void test_options(void)
{
	defaults();
	changes();
	beside_text();
	inherited();
	structs();
}
