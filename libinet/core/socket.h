/* SPDX-License-Identifier: BSD-2-Clause */
/* struct socket: the user's side, and the calls every public call goes by. */
#ifndef CORE_SOCKET_H
#define CORE_SOCKET_H

#include <inet/protocol.h>
#include <inet/socket.h>

#include "core/net.h"
#include "core/sock.h"
#include "lib/llist.h"

enum socket_state {
	SS_FREE,
	SS_UNCONNECTED,
	SS_CONNECTING,
	SS_CONNECTED,
	SS_DISCONNECTING,
};

struct socket {
	struct net *net;
	const struct proto_ops *ops;
	struct sock *sk;
	u32 users;		/* calls inside, queued events, and 1 for the
				 * owner until inet_close(); atomic */
	enum socket_state state;
	u16 type;
	bool nonblock;
	bool closed;		/* inet_close() was called; under event_lock */
	bool releasing;		/* the last user is in ops->release */
	struct list_head net_list;	/* all sockets of the stack */

	/* readiness: under event_lock, a leaf but for ops->poll */
	struct inet_lock event_lock;
	struct list_head pollers;	/* of inet_poll(), threaded mode */
	int cb_events;
	inet_event_cb *cb;
	void *cb_arg;
	struct softnet_data *cb_running;	/* whose thread is in cb */
	struct wait_queue_head cb_wq;	/* waits for cb to return */
	struct app_call event_call;	/* of cb */
	bool event_queued;
	bool event_again;		/* woken while cb was running */
	int event_fd, event_fd_events;	/* -1: none */
	bool event_fd_set;		/* readable now */
	struct rcu_head rcu;
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

/* Is all there that is called without asking? */
bool proto_ops_complete(const struct proto_ops *ops);

/* ---- readiness -------------------------------------------------------- */

/* POLL* bits of a socket now. */
unsigned int sock_poll(struct socket *sock);
/* Something about @mask (POLL* bits) may have changed: tells callback,
 * descriptor and pollers. Any context; RCU or a reference. */
void sock_wake(struct socket *sock, unsigned int mask);
/* All of it. */
void sock_wake_events(struct socket *sock);
/* Everybody who waits on the socket looks again. */
void sock_wake_all(struct socket *sock);
/* The descriptor says what sock_poll() says now. */
void sock_refresh_fd(struct socket *sock);
void sock_events_init(struct socket *sock);
/* The last user is about to free it: nobody is told any more. */
void sock_events_exit(struct socket *sock);
int sock_set_event_cb(struct socket *sock, int events, inet_event_cb *cb,
		      void *arg);
int sock_event_fd(struct socket *sock, int events);
int sock_do_poll(struct inet_pollfd *fds, unsigned int nfds, int timeout_ms);

/* ---- calls ------------------------------------------------------------ */

static inline void sock_user_get(struct socket *sock)
{
	count_add(&sock->users, 1, sock->net->smp);
}

/* The last one out frees the socket. */
static inline void sock_user_put(struct socket *sock)
{
	u32 left = sock->net->smp ? __atomic_sub_fetch(&sock->users, 1,
						       __ATOMIC_ACQ_REL) :
				    --sock->users;

	if (unlikely(!left))
		sock_release(sock);
}

/* The head of each public call on a socket. 0 or -EBADF. */
static inline int sock_enter(struct socket *sock)
{
	if (unlikely(!sock))
		return -EBADF;
	sock_user_get(sock);
	if (unlikely(READ_ONCE(sock->closed))) {
		sock_user_put(sock);
		return -EBADF;
	}
	net_clock_hold(sock->net);
	return 0;
}

/* The negative @err of @call in the public way: -1, errno and a sentence. */
ssize_t sock_fail(const struct net *net, ssize_t err, const char *call) __cold;

/* The end of each: tells the descriptor, drops the user, runs the stack.
 * Return: @ret, or -1 with errno and a sentence. */
static inline ssize_t __sock_leave(struct socket *sock, ssize_t ret,
				   const char *call)
{
	struct net *net = sock->net;
	bool smp = net->smp;

	if (unlikely(READ_ONCE(sock->event_fd) >= 0))
		sock_refresh_fd(sock);
	sock_user_put(sock);	/* with threads the stack may be gone now */
	if (!smp) {
		net_api_exit(net);
		net_clock_release(net);
	}
	return likely(ret >= 0) ? ret : sock_fail(net, ret, call);
}

#define sock_leave(sock, ret) __sock_leave(sock, ret, __func__)

/* inet_close(): no call comes in any more, those inside wake up. 0, -EBADF. */
int sock_close(struct socket *sock);
/* Waits until the callback has returned, unless it is the caller. */
void sock_wait_callback(struct socket *sock);

/* ---- the subsystem ---------------------------------------------------- */

/* Registers net.core.* of sockets and the event softirq; its exit comes after
 * that of all devices, which may hold packets charged to socks. */
extern const struct pernet_operations sock_net_ops;
/* inet_destroy(), before the protocols go: closes what is still open. */
void sock_net_exit(struct net *net);
/* inet_stop(): all who wait fail with ESHUTDOWN. */
void sock_net_wake(struct net *net);
/* Wakes them, and waits until all calls of other threads on sockets have
 * returned. Context: inet_destroy(), stopping is set, no softnet runs. */
void sock_net_drain(struct net *net);

#endif /* CORE_SOCKET_H */
