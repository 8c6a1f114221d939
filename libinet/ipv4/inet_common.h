/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What PF_INET's transports share: the calls of struct proto_ops (the
 * application's side of the socket) and the rules for addresses and ports.
 */
#ifndef IPV4_INET_COMMON_H
#define IPV4_INET_COMMON_H

#include "core/socket.h"

#include <inet/ip.h>

#include "ipv4/inet_sock.h"

extern const struct proto_ops inet_stream_ops;
extern const struct proto_ops inet_dgram_ops;
extern const struct net_proto_family inet_family_ops;

/* ---- struct proto_ops ------------------------------------------------- */

int inet_stream_release(struct socket *sock);
int inet_sock_bind(struct socket *sock, const struct sockaddr *addr,
		   socklen_t len);
int inet_stream_connect(struct socket *sock, const struct sockaddr *addr,
			socklen_t len, int flags);
int __inet_stream_connect(struct socket *sock, const struct sockaddr *addr,
			  socklen_t len, int flags);
int inet_dgram_connect(struct socket *sock, const struct sockaddr *addr,
		       socklen_t len, int flags);
int inet_stream_accept(struct socket *sock, struct socket *newsock, int flags);
int inet_stream_listen(struct socket *sock, int backlog);
int inet_sock_shutdown(struct socket *sock, int how);
int inet_sock_getname(struct socket *sock, struct sockaddr *addr,
		      socklen_t *len, int peer);
int inet_sock_ioctl(struct socket *sock, unsigned long cmd, void *arg);
int inet_sock_setsockopt(struct socket *sock, int level, int optname,
			 const void *val, socklen_t len);
int inet_sock_getsockopt(struct socket *sock, int level, int optname, void *val,
			 socklen_t *len);
int inet_stream_sendmsg(struct socket *sock, struct inet_msg *msg, size_t len);
int inet_stream_recvmsg(struct socket *sock, struct inet_msg *msg, size_t len,
			int flags);
int inet_dgram_sendmsg(struct socket *sock, struct inet_msg *msg, size_t len);
int inet_dgram_recvmsg(struct socket *sock, struct inet_msg *msg, size_t len,
		       int flags);

/* At the end of a stack: frees rows of inetsw[] that nobody unregistered. */
void inet_protosw_purge(struct net *net);

/* ---- for transports --------------------------------------------------- */

/* sk->sk_destruct of every inet_sock: options, memberships. */
void inet_sock_destruct(struct sock *sk);

/* Binds the socket to a free port if it has none. Context: the sock is locked.
 * 0 or -EAGAIN. */
int inet_autobind(struct sock *sk);

/* May a socket bind to @addr, which is of the kind @type (RTN_*)? */
bool inet_addr_valid_or_nonlocal(struct net *net, const struct inet_sock *inet,
				 __be32 addr, u8 type);

/* Ports that bind(0) and connect() choose from: *@low to *@high, both in; the
 * socket's own range (IP_LOCAL_PORT_RANGE) inside the stack's. */
void inet_sk_get_local_port_range(const struct sock *sk, int *low, int *high);
/* Does net.ipv4.ip_local_reserved_ports keep @port from them? */
bool inet_is_local_reserved_port(struct net *net, u16 port);

/* Checks the address of a call. 0, -EINVAL (too short), -EAFNOSUPPORT. */
int inet_check_addr(const struct sockaddr *addr, socklen_t len);
/* Answers with an address: as much as fits, its true length in *@len. */
void inet_put_addr(struct sockaddr *to, socklen_t *len, __be32 addr,
		   __be16 port);

#endif /* IPV4_INET_COMMON_H */
