/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct socket: the user's side of a socket, and the road of every call.
 *
 * Users. `users` counts the calls that are inside the socket, the callbacks
 * that are queued, and the owner, until inet_close(). Closing marks the socket
 * and wakes all who wait on it; they leave with EBADF, and whoever is the last
 * one out runs ops->release(). So a close from another thread, or from a
 * callback that runs below a blocking call of the same thread, needs no wait.
 * The struct itself is freed after a grace period, because packets that arrive
 * find it through sk->sk_socket under RCU.
 */
#include <errno.h>
#include <string.h>

#include "core/iov.h"
#include "core/loan.h"
#include "core/socket.h"
#include "core/trace.h"
#include "lib/thread.h"

#define MAX_SOCKET_BYTES (1 << 30)

/* ---- families --------------------------------------------------------- */

int sock_register(struct net *net, const struct net_proto_family *family)
{
	const struct net_proto_family *old = NULL;

	if (!net || !family || !family->create || family->family < 0 ||
	    family->family >= NET_NPROTO)
		return -EINVAL;
	if (!__atomic_compare_exchange_n(&net->net_families[family->family],
					 &old, family, false, __ATOMIC_RELEASE,
					 __ATOMIC_RELAXED))
		return -EEXIST;
	return 0;
}

void sock_unregister(struct net *net, int family)
{
	if (!net || family < 0 || family >= NET_NPROTO)
		return;
	__atomic_store_n(&net->net_families[family], NULL, __ATOMIC_SEQ_CST);
	/* Nobody enters create() any more; those inside will come out. */
	while (__atomic_load_n(&net->family_users[family], __ATOMIC_SEQ_CST))
		thread_yield();
}

/* ---- creation --------------------------------------------------------- */

struct socket *sock_alloc(struct net *net)
{
	struct socket *sock;

	NET_ROAD(net, NULL);
	sock = kmem_cache_zalloc(net->socket_slab);
	if (!sock)
		return NULL;
	sock->net = net;
	sock->state = SS_UNCONNECTED;
	sock->users = 1;
	sock_events_init(sock);
	spin_lock(&net->sockets_lock);
	list_add_tail(&sock->net_list, &net->sockets);
	spin_unlock(&net->sockets_lock);
	return sock;
}

/* One more, or (@n -1) one less, is inside create() of @family, which may
 * sleep, so that sock_unregister() counts instead of RCU. */
static void sock_family_use(struct net *net, int family, u32 n)
{
	if (net->smp)
		__atomic_fetch_add(&net->family_users[family], n,
				   __ATOMIC_SEQ_CST);
	else
		net->family_users[family] += n;
}

/* Asks the family for ops and sk. On failure the socket is gone. */
static int sock_create_family(struct net *net, int family, int protocol,
			      struct socket *sock)
{
	const struct net_proto_family *pf;
	int err = -EAFNOSUPPORT;

	sock_family_use(net, family, 1);
	pf = __atomic_load_n(&net->net_families[family], __ATOMIC_SEQ_CST);
	NET_ROAD_AT(net, NULL, "net_families[]");
	if (pf)
		err = pf->create(net, sock, protocol);
	sock_family_use(net, family, -1u);
	if (err)
		sock_release(sock);
	return err;
}

int __sock_create(struct net *net, int family, int type, int protocol,
		  struct socket **res)
{
	struct socket *sock;
	int err;

	NET_ROAD(net, NULL);
	if (family < 0 || family >= NET_NPROTO)
		return -EAFNOSUPPORT;
	if (type < 0 || type > SOCK_PACKET)
		return -EINVAL;
	if (!rcu_access_pointer(net->net_families[family]))
		return -EAFNOSUPPORT;
	if (__atomic_load_n(&net->nr_socks, __ATOMIC_RELAXED) >=
	    (u64)READ_ONCE(net->sysctl_max_sockets))
		return -ENFILE;
	sock = sock_alloc(net);
	if (!sock)
		return -ENOMEM;
	sock->type = (u16)type;
	err = sock_create_family(net, family, protocol, sock);
	if (!err)
		*res = sock;
	return err;
}

int sock_create(struct net *net, int family, int type, int protocol,
		struct socket **res)
{
	NET_ROAD(net, NULL);
	return __sock_create(net, family, type, protocol, res);
}

/* ---- what a family of the application says ----------------------------- */

bool proto_ops_complete(const struct proto_ops *ops)
{
	return ops && ops->release && ops->bind && ops->connect &&
	       ops->accept && ops->listen && ops->shutdown && ops->getname &&
	       ops->poll && ops->sendmsg && ops->recvmsg;
}

void sock_set_ops(struct socket *sock, const struct proto_ops *ops)
{
	inet_assert(proto_ops_complete(ops));
	sock->ops = ops;
}

int sock_type(const struct socket *sock)
{
	return sock->type;
}

struct sock *sock_sk(const struct socket *sock)
{
	return sock->sk;
}

/* The ordinary proto_ops.release(). */
int sock_common_release(struct socket *sock)
{
	struct sock *sk = sock->sk;

	WRITE_ONCE(sock->sk, NULL);
	if (sk && sk->sk_prot->close)
		sk->sk_prot->close(sk, 0);
	else if (sk)
		sk_common_release(sk);
	return 0;
}

/* ---- the end ---------------------------------------------------------- */

static void sock_free_rcu(struct rcu_head *head)
{
	struct socket *sock = container_of(head, struct socket, rcu);

	kmem_cache_free(sock->net->socket_slab, sock);
}

/* Context: the last user, or its creator before anybody else saw it. */
void sock_release(struct socket *sock)
{
	struct net *net = sock->net;

	sock_events_exit(sock);
	if (sock->ops)
		sock->ops->release(sock);
	/* Off the list is out of the stack: see sock_net_drain(). */
	spin_lock(&net->sockets_lock);
	list_del(&sock->net_list);
	call_rcu(&net->rcu, &sock->rcu, sock_free_rcu);
	spin_unlock(&net->sockets_lock);
}

int sock_close(struct socket *sock)
{
	bool again;

	spin_lock(&sock->event_lock);
	again = sock->closed;
	WRITE_ONCE(sock->closed, true);
	sock->cb = NULL;
	sock->cb_events = 0;
	spin_unlock(&sock->event_lock);
	if (again)
		return -EBADF;
	sock_wake_all(sock);
	sock_wait_callback(sock);
	sock_user_put(sock);
	return 0;
}

/* ---- one call --------------------------------------------------------- */

ssize_t sock_fail(const struct net *net, ssize_t err, const char *call)
{
	errno = (int)-err;
	net_call_failed(net, (int)err, call);
	return -1;
}

int __sock_sendmsg(struct socket *sock, struct inet_msg *msg)
{
	NET_ROAD(sock->net, NULL);
	return sock->ops->sendmsg(sock, msg, msg->iter.count);
}

/* msg->control and controllen come back as they were given to the family, but
 * controllen is the number of bytes used. */
int sock_recvmsg(struct socket *sock, struct inet_msg *msg, int flags)
{
	void *control = msg->control;
	size_t room = msg->controllen;
	int ret;

	NET_ROAD(sock->net, NULL);
	if (likely(!control)) {
		msg->controllen = 0;
		return sock->ops->recvmsg(sock, msg, msg->iter.count, flags);
	}
	ret = sock->ops->recvmsg(sock, msg, msg->iter.count, flags);
	msg->controllen = room - msg->controllen;
	msg->control = control;
	return ret;
}

/* ---- the subsystem ---------------------------------------------------- */

static const struct sysctl_row sock_knobs[] = {
	SYSCTL_ROW("net.core.somaxconn", sysctl_somaxconn, S32, 0, INT32_MAX,
		   4096),
	SYSCTL_ROW("net.core.rmem_max", sysctl_rmem_max, S32, SOCK_MIN_RCVBUF,
		   MAX_SOCKET_BYTES, 4194304),
	SYSCTL_ROW("net.core.wmem_max", sysctl_wmem_max, S32, SOCK_MIN_SNDBUF,
		   MAX_SOCKET_BYTES, 4194304),
	SYSCTL_ROW("net.core.rmem_default", sysctl_rmem_default, S32,
		   SOCK_MIN_RCVBUF, MAX_SOCKET_BYTES, 212992),
	SYSCTL_ROW("net.core.wmem_default", sysctl_wmem_default, S32,
		   SOCK_MIN_SNDBUF, MAX_SOCKET_BYTES, 212992),
	SYSCTL_ROW("net.core.optmem_max", sysctl_optmem_max, S32, 0,
		   MAX_SOCKET_BYTES, 131072),
	SYSCTL_ROW("net.core.max_sockets", sysctl_max_sockets, S32, 1,
		   INT32_MAX, 1048576),
};

/* The knobs, the slab of sockets, the softirq. */
static int sock_net_init(struct net *net)
{
	int err;

	lock_init(&net->sockets_lock, net->smp);
	lock_init(&net->loans.lock, net->smp);
	INIT_LIST_HEAD(&net->sockets);
	err = register_net_sysctl(net, sock_knobs, ARRAY_SIZE(sock_knobs));
	if (err)
		return err;
	net->socket_slab = kmem_cache_create(&net->mem, "socket",
					     sizeof(struct socket),
					     SMP_APART_BYTES);
	return net->socket_slab ? 0 : -ENOMEM;
}

/* Closes the sockets that the application left, after it has lost what it was
 * lent. Context: inet_destroy(), the
 * threads are gone, the protocols are still there. */
void sock_net_exit(struct net *net)
{
	struct socket *sock;

	skb_loans_return(net);
	while (!list_empty(&net->sockets)) {
		sock = list_first_entry(&net->sockets, struct socket, net_list);
		sock->closed = true;
		sock->users = 0;
		sock_release(sock);
	}
}

/* The slabs go after the last grace period. Context: no thread runs. */
static void sock_net_free(struct net *net)
{
	u32 i;

	sock_net_exit(net);
	skb_loans_exit(net);
	while (rcu_domain_pending(&net->rcu))
		rcu_domain_run(&net->rcu);
	for (i = 0; i < NET_MAX_SK_SLABS; i++) {
		kmem_cache_destroy(net->sk_slabs[i].slab);
		net->sk_slabs[i].slab = NULL;
		net->sk_slabs[i].size = 0;
	}
	kmem_cache_destroy(net->socket_slab);
	net->socket_slab = NULL;
}

void sock_net_wake(struct net *net)
{
	struct socket *sock;

	spin_lock(&net->sockets_lock);
	list_for_each_entry(sock, &net->sockets, net_list)
		sock_wake_all(sock);
	spin_unlock(&net->sockets_lock);
}

/* A call of another thread is inside, or frees the socket. Under
 * sockets_lock, no softnet runs. */
static bool sock_is_used(struct socket *sock)
{
	u32 users = __atomic_load_n(&sock->users, __ATOMIC_ACQUIRE);
	bool closed;

	spin_lock(&sock->event_lock);
	closed = sock->closed;
	users -= sock->event_queued;
	spin_unlock(&sock->event_lock);
	return closed ? users || !sock->event_queued : users > 1;
}

void sock_net_drain(struct net *net)
{
	struct socket *sock;
	bool used = net->smp;

	while (used) {
		sock_net_wake(net);
		used = false;
		spin_lock(&net->sockets_lock);
		list_for_each_entry(sock, &net->sockets, net_list)
			used |= sock_is_used(sock);
		spin_unlock(&net->sockets_lock);
		if (used)
			thread_yield();
	}
}

const struct pernet_operations sock_net_ops = {
	.name = "sockets",
	.init = sock_net_init,
	.exit = sock_net_free,
};
