/* SPDX-License-Identifier: BSD-2-Clause */
/* Short words for tests that use sockets of a stack. */
#include "sockets.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct sockaddr_in sk_addr(u32 addr, u16 port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(addr),
	};
}

struct socket *sk_udp(struct net *net, u32 addr, u16 port)
{
	struct socket *s = inet_socket(net, AF_INET,
				       SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_non_null(s);
	if (addr || port)
		assert_int_equal(sk_bind(s, addr, port), 0);
	return s;
}

int sk_bind(struct socket *s, u32 addr, u16 port)
{
	struct sockaddr_in sin = sk_addr(addr, port);

	return inet_bind(s, (struct sockaddr *)&sin, sizeof(sin)) ? -errno : 0;
}

int sk_connect(struct socket *s, u32 addr, u16 port)
{
	struct sockaddr_in sin = sk_addr(addr, port);

	return inet_connect(s, (struct sockaddr *)&sin, sizeof(sin)) ?
		       -errno : 0;
}

int sk_sendto(struct socket *s, const void *data, size_t len, u32 addr,
	      u16 port)
{
	struct sockaddr_in sin = sk_addr(addr, port);
	ssize_t n = inet_sendto(s, data, len, 0, (struct sockaddr *)&sin,
				sizeof(sin));

	return n < 0 ? -errno : (int)n;
}

int sk_send(struct socket *s, const void *data, size_t len)
{
	ssize_t n = inet_send(s, data, len, 0);

	return n < 0 ? -errno : (int)n;
}

int sk_recv(struct socket *s, void *data, size_t len, int flags)
{
	ssize_t n = inet_recv(s, data, len, flags);

	return n < 0 ? -errno : (int)n;
}

int sk_set(struct socket *s, int level, int name, int value)
{
	int ret = inet_setsockopt(s, level, name, &value, sizeof(value));

	assert_in_range(ret + 1, 0, 1);
	return ret ? -errno : 0;
}

int sk_get(struct socket *s, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = 0;

	assert_int_equal(inet_getsockopt(s, level, name, &value, &len), 0);
	return value;
}

u16 sk_port(struct socket *s)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	assert_int_equal(inet_getsockname(s, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(len, sizeof(sin));
	return ntohs(sin.sin_port);
}

int sk_poll(struct socket *s)
{
	struct inet_pollfd p = { .sock = s, .events = POLLIN | POLLOUT };

	assert_true(inet_poll(&p, 1, 0) >= 0);
	return p.revents;
}
