/* SPDX-License-Identifier: BSD-2-Clause */
/* Short words for tests that use sockets of a stack. */
#ifndef TESTS_SOCKETS_H
#define TESTS_SOCKETS_H

#include <netinet/in.h>

#include <inet/socket.h>

/* An address as sockets want it; @addr and @port in host order. */
struct sockaddr_in sk_addr(u32 addr, u16 port);
#define SK_ADDR(a, p) ((const struct sockaddr *)&(struct sockaddr_in[1]){ \
	sk_addr(a, p) })

#define SK_HOST 0x0a000002u		/* the fixture's stack */
#define SK_PEER 0x0a000001u
#define SK_LOOPBACK 0x7f000001u

/* A datagram socket bound to @addr:@port (both 0: not bound). */
struct socket *sk_udp(struct net *net, u32 addr, u16 port);
/* bind(), connect(): 0 or -errno. */
int sk_bind(struct socket *s, u32 addr, u16 port);
int sk_connect(struct socket *s, u32 addr, u16 port);
/* Bytes or -errno. */
int sk_sendto(struct socket *s, const void *data, size_t len, u32 addr,
	      u16 port);
int sk_send(struct socket *s, const void *data, size_t len);
int sk_recv(struct socket *s, void *data, size_t len, int flags);
/* setsockopt() of an int: 0 or -errno. */
int sk_set(struct socket *s, int level, int name, int value);
/* getsockopt() of an int; fails the test when it fails. */
int sk_get(struct socket *s, int level, int name);
/* The socket's own port. */
u16 sk_port(struct socket *s);
/* What a poll() with POLLIN | POLLOUT says now. */
int sk_poll(struct socket *s);

#endif /* TESTS_SOCKETS_H */
