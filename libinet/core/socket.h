/* SPDX-License-Identifier: BSD-2-Clause */
/* struct socket: the user's side, and the calls every public call goes by. */
#ifndef CORE_SOCKET_H
#define CORE_SOCKET_H

#include <inet/protocol.h>
#include <inet/socket.h>

#include "core/net.h"
#include "core/sock.h"

enum socket_state {
	SS_FREE,
	SS_UNCONNECTED,
	SS_CONNECTING,
	SS_CONNECTED,
	SS_DISCONNECTING,
};

struct socket {
	struct net *net;
	enum socket_state state;
	u16 type;
	bool nonblock;
	const struct proto_ops *ops;
	struct sock *sk;
	struct list_head net_list;	/* all sockets of the stack */
	refcount_t users;		/* calls inside, and the owner */
	bool closed;

	/* readiness: under lock */
	struct inet_lock event_lock;
	int cb_events;
	inet_event_cb *cb;
	void *cb_arg;
	unsigned int cb_last;		/* told last time */
	int event_fd, event_fd_events;
	bool event_fd_set;
};

/* All: 0 or -E. */
int sock_create(struct net *net, int family, int type, int protocol,
		struct socket **res);
int __sock_create(struct net *net, int family, int type, int protocol,
		  struct socket **res);
struct socket *sock_alloc(struct net *net);
void sock_release(struct socket *sock);

int __sock_sendmsg(struct socket *sock, struct inet_msg *msg);
int sock_recvmsg(struct socket *sock, struct inet_msg *msg, int flags);

/* POLL* bits of a socket now. */
unsigned int sock_poll(struct socket *sock);
/* Readiness may have changed: tells callback, descriptor, pollers. */
void sock_wake_events(struct socket *sock);

#endif /* CORE_SOCKET_H */
