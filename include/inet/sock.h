/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For writers of protocols: a socket as its protocol sees it.
 *
 * struct socket is the user's side, struct sock the protocol's. Both stay
 * closed; a protocol keeps what is its own behind the sock (sk_priv(), of
 * proto.priv_size bytes) and reaches the rest by the functions here. Finding
 * the sock for a packet is the protocol's own business: proto.init() is a good
 * place to enter a table, proto.unhash() to leave it.
 *
 * Life. A sock begins with one reference, its struct socket's. Who keeps a
 * pointer to one outside of a lock of his own takes another. When the last one
 * is gone, no packet is charged to the sock any more and all packet handlers
 * that might have seen it have returned, proto.destroy() is called and the
 * memory freed.
 *
 * Context. Packet handlers run in a thread of the stack and must not wait;
 * calls of the user run in the user's. In a threaded stack both happen at
 * once: private parts need atomics or a lock.
 *
 * All int functions return 0, a count, or a negative errno.
 */
#ifndef INET_SOCK_H
#define INET_SOCK_H

#include <inet/export.h>
#include <inet/protocol.h>
#include <inet/skbuff.h>
#include <inet/types.h>

INET_BEGIN_DECLS

/* ---- life ------------------------------------------------------------- */

/* The protocol's own part, proto.priv_size bytes, zeroed at the start. */
void *sk_priv(const struct sock *sk) INET_EXPORT(sk_priv);

#ifndef CORE_SOCK_H	/* the stack itself has these inline */
struct net *sock_net(const struct sock *sk) INET_EXPORT(sock_net);
void sock_hold(struct sock *sk) INET_EXPORT(sock_hold);
/* The last one frees. Any context. */
void sock_put(struct sock *sk) INET_EXPORT(sock_put);
/* One user at a time; release_sock() lets the next one in. User context. */
void lock_sock(struct sock *sk) INET_EXPORT(lock_sock);
void release_sock(struct sock *sk) INET_EXPORT(release_sock);
#endif

/* What an ordinary proto.close() does, and the stack when there is none:
 * unhash(), no user any more, drops his reference. */
void sk_common_release(struct sock *sk) INET_EXPORT(sk_common_release);

/* ---- for a family of one's own: net_proto_family.create() ------------- */

/* A zeroed sock of @prot with one reference. NULL: short of memory, or
 * net.core.max_sockets reached. */
struct sock *sk_alloc(struct net *net, int family, const struct proto *prot)
	INET_EXPORT(sk_alloc);
/* Queues, defaults of the knobs; ties it to @sock. */
void sock_init_data(struct socket *sock, struct sock *sk)
	INET_EXPORT(sock_init_data);
/* What the user's calls do from now on. Set it together with the sock: when
 * create() fails later, ops->release() is still called. */
void sock_set_ops(struct socket *sock, const struct proto_ops *ops)
	INET_EXPORT(sock_set_ops);
/* Type (SOCK_*) that was asked for; the sock, NULL when there is none. */
int sock_type(const struct socket *sock) INET_EXPORT(sock_type);
struct sock *sock_sk(const struct socket *sock) INET_EXPORT(sock_sk);
/* proto_ops.release(): the sock goes by sk_common_release(). */
int sock_common_release(struct socket *sock) INET_EXPORT(sock_common_release);

/* Answers for the rest of a proto_ops: -EOPNOTSUPP. Its ioctl, setsockopt and
 * getsockopt may be NULL; SOL_SOCKET is the stack's own. */
int sock_no_bind(struct socket *sock, const struct sockaddr *a, socklen_t l)
	INET_EXPORT(sock_no_bind);
int sock_no_connect(struct socket *sock, const struct sockaddr *a, socklen_t l,
		    int flags) INET_EXPORT(sock_no_connect);
int sock_no_accept(struct socket *sock, struct socket *newsock, int flags)
	INET_EXPORT(sock_no_accept);
int sock_no_listen(struct socket *sock, int backlog)
	INET_EXPORT(sock_no_listen);
int sock_no_shutdown(struct socket *sock, int how)
	INET_EXPORT(sock_no_shutdown);
int sock_no_getname(struct socket *sock, struct sockaddr *a, socklen_t *l,
		    int peer) INET_EXPORT(sock_no_getname);
int sock_no_ioctl(struct socket *sock, unsigned long cmd, void *arg)
	INET_EXPORT(sock_no_ioctl);
int sock_no_sendmsg(struct socket *sock, struct inet_msg *msg, size_t len)
	INET_EXPORT(sock_no_sendmsg);
int sock_no_recvmsg(struct socket *sock, struct inet_msg *msg, size_t len,
		    int flags) INET_EXPORT(sock_no_recvmsg);

/* ---- datagrams -------------------------------------------------------- */

/* Memory for @size bytes that leave, charged to @sk; waits for room unless
 * @noblock. *@err is -E when it returns NULL. Headroom 0: skb_reserve(). */
struct sk_buff *sock_alloc_send_skb(struct sock *sk, u32 size, bool noblock,
				    int *err)
	INET_EXPORT(sock_alloc_send_skb);
/* Queues a received datagram and wakes the reader. 0, -ENOMEM (the buffer is
 * full: drop it), -ENOBUFS (the stack is short); on failure @skb stays the
 * caller's. Its dev and dst are dropped, so save what the reader needs in
 * skb->cb, whose last four bytes become the drop count (SO_RXQ_OVFL). Any
 * context. */
int sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
	INET_EXPORT(sock_queue_rcv_skb);
/* The next datagram (with MSG_PEEK: a reference, read only). Waits by the
 * flags; the caller does not own the sock. *@err is -E when it returns NULL, 0
 * after shutdown. Give it back with consume_skb(). */
struct sk_buff *skb_recv_datagram(struct sock *sk, int flags, int *err)
	INET_EXPORT(skb_recv_datagram);
/* @len bytes from @off on, to the reader. 0 or -EFAULT. Borrows. */
int skb_copy_datagram_msg(const struct sk_buff *skb, u32 off,
			  struct inet_msg *msg, u32 len)
	INET_EXPORT(skb_copy_datagram_msg);
/* proto_ops.poll: readable when there is a datagram. */
unsigned int datagram_poll(struct socket *sock) INET_EXPORT(datagram_poll);

/* ---- waiting and waking ----------------------------------------------- */

/* Wakes who waits on the sock and tells callbacks, descriptors and pollers
 * that @mask (POLL* bits) may have changed. Any context. */
void sk_wake_up(struct sock *sk, unsigned int mask) INET_EXPORT(sk_wake_up);
/* The owner waits, with the sock released, until @cond says true, @timeo_ns
 * (lowered by the wait; -1: for ever) is over, or the socket goes. 0, -EAGAIN,
 * -EINTR, -EBADF, -ESHUTDOWN. */
int sk_wait_event(struct sock *sk, s64 *timeo_ns,
		  bool (*cond)(struct sock *sk, void *arg), void *arg)
	INET_EXPORT(sk_wait_event);
/* The next call of the user fails with @err (positive), and he is woken. */
void sk_report_error(struct sock *sk, int err) INET_EXPORT(sk_report_error);
/* Takes that error away: 0 or -E. */
int sock_error(struct sock *sk) INET_EXPORT(sock_error);

INET_END_DECLS

#endif /* INET_SOCK_H */
