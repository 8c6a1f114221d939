/* SPDX-License-Identifier: BSD-2-Clause */
/* See fakefam.h. */
#include "fakefam.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/dev.h"
#include "core/sockopt.h"
#include "corenet.h"

static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;
static struct list_head fake_socks = LIST_HEAD_INIT(fake_socks);
static u16 fake_next_num = 1000;

/* ---- finding one another ---------------------------------------------- */

/* With a reference. */
static struct sock *fake_lookup(struct net *net, u16 num)
{
	struct fake_sock *fs;
	struct sock *found = NULL;

	pthread_mutex_lock(&fake_lock);
	list_for_each_entry(fs, &fake_socks, node) {
		if (fs->num == num && sock_net(&fs->sk) == net) {
			found = &fs->sk;
			sock_hold(found);
			break;
		}
	}
	pthread_mutex_unlock(&fake_lock);
	return found;
}

static void fake_link(struct sock *sk)
{
	pthread_mutex_lock(&fake_lock);
	list_add_tail(&fake_sk(sk)->node, &fake_socks);
	pthread_mutex_unlock(&fake_lock);
}

static void fake_unlink(struct sock *sk)
{
	pthread_mutex_lock(&fake_lock);
	list_del(&fake_sk(sk)->node);
	INIT_LIST_HEAD(&fake_sk(sk)->node);
	pthread_mutex_unlock(&fake_lock);
}

static int fake_bind(struct socket *sock, const struct sockaddr *addr,
		     socklen_t len)
{
	const struct sockaddr_fake *a = (const void *)addr;

	if (len < sizeof(*a) || a->family != PF_FAKE)
		return -EINVAL;
	pthread_mutex_lock(&fake_lock);
	WRITE_ONCE(fake_sk(sock->sk)->num, a->num);
	pthread_mutex_unlock(&fake_lock);
	return 0;
}

static int fake_getname(struct socket *sock, struct sockaddr *addr,
			socklen_t *len, int peer)
{
	struct fake_sock *fs = fake_sk(sock->sk);
	struct sockaddr_fake a = { PF_FAKE, peer ? fs->peer :
						 READ_ONCE(fs->num) };

	if (peer == 1 && !fs->peer)
		return -ENOTCONN;
	memcpy(addr, &a, sizeof(a));
	*len = sizeof(a);
	return 0;
}

/* ---- datagrams -------------------------------------------------------- */

static int fake_dgram_connect(struct socket *sock, const struct sockaddr *addr,
			      socklen_t len, int flags)
{
	const struct sockaddr_fake *a = (const void *)addr;

	(void)flags;
	if (len < sizeof(*a) || a->family != PF_FAKE)
		return -EINVAL;
	fake_sk(sock->sk)->peer = a->num;
	return 0;
}

/* skb->cb: the sender. */
static u16 *fake_cb(struct sk_buff *skb)
{
	return (u16 *)(void *)skb->cb;
}

static int fake_deliver(struct net *net, struct sk_buff *skb, u16 to)
{
	struct sock *sk = fake_lookup(net, to);
	int err = -ECONNREFUSED;

	if (sk)
		err = sock_queue_rcv_skb(sk, skb);
	if (err)
		kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
	if (sk)
		sock_put(sk);
	return err == -ECONNREFUSED ? err : 0;
}

static int fake_dgram_sendmsg(struct socket *sock, struct inet_msg *msg,
			      size_t len)
{
	struct fake_sock *fs = fake_sk(sock->sk);
	const struct sockaddr_fake *a = (const void *)msg->name;
	struct sk_buff *skb;
	int err;

	if (a && (msg->namelen < sizeof(*a) || a->family != PF_FAKE))
		return -EINVAL;
	if (!a && !fs->peer)
		return -EDESTADDRREQ;
	if (len > 65536)
		return -EMSGSIZE;
	skb = sock_alloc_send_skb(sock->sk, (u32)len,
				  msg->flags & MSG_DONTWAIT, &err);
	if (!skb)
		return err;
	if (copy_from_iter(skb_put(skb, (u32)len), len, &msg->iter) != len) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOT_SPECIFIED);
		return -EFAULT;
	}
	*fake_cb(skb) = READ_ONCE(fs->num);
	if (fs->hold) {
		skb->next = fs->held;
		fs->held = skb;
		return (int)len;
	}
	err = fake_deliver(sock->net, skb, a ? a->num : fs->peer);
	return err ? err : (int)len;
}

static int fake_dgram_recvmsg(struct socket *sock, struct inet_msg *msg,
			      size_t len, int flags)
{
	struct sockaddr_fake a = { PF_FAKE, 0 };
	struct sk_buff *skb;
	size_t n;
	int err;

	skb = skb_recv_datagram(sock->sk, flags, &err);
	if (!skb)
		return err;
	n = min(len, (size_t)skb->len);
	if (n < skb->len)
		msg->flags |= MSG_TRUNC;
	err = skb_copy_datagram_msg(skb, 0, msg, (u32)n);
	if (!err)
		sock_recv_cmsgs(msg, sock->sk, skb);
	a.num = *fake_cb(skb);
	if (msg->name) {
		memcpy(msg->name, &a, sizeof(a));
		msg->namelen = sizeof(a);
	}
	if (!err)
		err = (int)(flags & MSG_TRUNC ? skb->len : n);
	consume_skb(skb);
	return err;
}

static int fake_ioctl(struct socket *sock, unsigned long cmd, void *arg)
{
	int n;

	if (cmd == FIONREAD)
		n = (int)sock_first_datagram_len(sock->sk);
	else if (cmd == TIOCOUTQ)
		n = sk_wmem_alloc_get(sock->sk);
	else
		return -ENOTTY;
	memcpy(arg, &n, sizeof(n));
	return 0;
}

static int fake_dgram_shutdown(struct socket *sock, int how)
{
	struct sock *sk = sock->sk;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	lock_sock(sk);
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | (u8)(how + 1));
	sk->sk_state_change(sk);
	release_sock(sk);
	return 0;
}

/* ---- streams ---------------------------------------------------------- */

static void fake_stream_queue(struct sock *sk, struct sk_buff *skb)
{
	if ((sk->sk_shutdown & RCV_SHUTDOWN) ||
	    !sk_mem_schedule(sk, (s32)skb->truesize, true)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_PROTO_MEM);
		return;
	}
	skb_set_owner_r(skb, sk);
	__skb_queue_tail(&sk->sk_receive_queue, skb);
	sk->sk_data_ready(sk);
}

static int fake_stream_backlog_rcv(struct sock *sk, struct sk_buff *skb)
{
	fake_sk(sk)->nr_backlog++;
	fake_stream_queue(sk, skb);
	return 0;
}

/* As a softnet would. */
static int fake_stream_rcv(struct sock *sk, struct sk_buff *skb)
{
	int err = 0;

	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk))
		fake_stream_queue(sk, skb);
	else
		err = sk_add_backlog(sk, skb, 1 << 22);
	bh_unlock_sock(sk);
	if (err)
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_BACKLOG);
	return err;
}

static int fake_stream_sendmsg(struct socket *sock, struct inet_msg *msg,
			       size_t len)
{
	struct sock *sk = sock->sk, *other;
	struct sk_buff *skb;
	int err = 0;

	lock_sock(sk);
	other = fake_sk(sk)->other;
	if (!other || (sk->sk_shutdown & SEND_SHUTDOWN))
		err = sk_stream_error(sk, 0, -EPIPE);
	else
		sock_hold(other);
	release_sock(sk);
	if (err)
		return err;
	len = min(len, (size_t)1024);
	skb = alloc_skb(sock->net, (u32)len);
	if (skb) {
		copy_from_iter(skb_put(skb, (u32)len), len, &msg->iter);
		err = fake_stream_rcv(other, skb);
	} else {
		err = -ENOBUFS;
	}
	sock_put(other);
	return err ? err : (int)len;
}

static int fake_stream_recvmsg(struct socket *sock, struct inet_msg *msg,
			       size_t len, int flags)
{
	struct sock *sk = sock->sk;
	s64 timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	struct sk_buff *skb;
	int ret = 0;
	u32 n;

	lock_sock(sk);
	while (!(skb = skb_peek(&sk->sk_receive_queue)) && !ret) {
		ret = sock_error(sk);
		if (ret || (sk->sk_shutdown & RCV_SHUTDOWN))
			break;
		ret = sk->sk_state == TCP_CLOSE ?
			      -ENOTCONN : sk_wait_data(sk, &timeo, NULL);
	}
	if (skb) {
		n = (u32)min(len, (size_t)skb->len);
		ret = skb_copy_datagram_msg(skb, 0, msg, n);
		if (!ret && n == skb->len) {
			__skb_unlink(skb, &sk->sk_receive_queue);
			consume_skb(skb);
		} else if (!ret) {
			skb_pull(skb, n);
		}
		if (!ret)
			ret = (int)n;
	}
	release_sock(sk);
	return ret;
}

static int fake_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;

	lock_sock(sk);
	WRITE_ONCE(sk->sk_max_ack_backlog, (u32)backlog);
	WRITE_ONCE(sk->sk_state, TCP_LISTEN);
	release_sock(sk);
	return 0;
}

/* The two ends hold one another. */
static void fake_join(struct sock *a, struct sock *b)
{
	sock_hold(a);
	sock_hold(b);
	fake_sk(a)->other = b;
	fake_sk(b)->other = a;
	WRITE_ONCE(a->sk_state, TCP_ESTABLISHED);
	WRITE_ONCE(b->sk_state, TCP_ESTABLISHED);
}

/* A child for the listener, joined to @sk. NULL: full, or no memory. */
static struct sock *fake_child(struct sock *listener, struct sock *sk)
{
	struct sock *child = NULL;

	bh_lock_sock(listener);
	/* owned: a real protocol would use the backlog */
	pthread_mutex_lock(&fake_lock);
	if (!sock_owned_by_user(listener) &&
	    listener->sk_state == TCP_LISTEN && !sk_acceptq_is_full(listener))
		child = sk_clone_lock(listener);
	pthread_mutex_unlock(&fake_lock);
	if (child) {
		INIT_LIST_HEAD(&fake_sk(child)->node);
		INIT_LIST_HEAD(&fake_sk(child)->accept_queue);
		fake_sk(child)->peer = READ_ONCE(fake_sk(sk)->num);
		fake_sk(child)->other = NULL;
		fake_join(child, sk);
		sk_acceptq_added(listener);
		list_add_tail(&fake_sk(child)->accept,
			      &fake_sk(listener)->accept_queue);
		bh_unlock_sock(child);
		sock_put(child);	/* the hash table's, which we lack */
		listener->sk_data_ready(listener);
	}
	bh_unlock_sock(listener);
	return child;
}

static int fake_stream_connect(struct socket *sock, const struct sockaddr *addr,
			       socklen_t len, int flags)
{
	const struct sockaddr_fake *a = (const void *)addr;
	struct sock *listener;
	int err = -ECONNREFUSED;

	(void)flags;
	if (len < sizeof(*a) || a->family != PF_FAKE)
		return -EINVAL;
	listener = fake_lookup(sock->net, a->num);
	if (!listener)
		return err;
	fake_sk(sock->sk)->peer = a->num;
	if (fake_child(listener, sock->sk))
		err = 0;
	sock_put(listener);
	return err;
}

static bool fake_acceptable(struct sock *sk, void *arg)
{
	(void)arg;
	return !list_empty(&fake_sk(sk)->accept_queue);
}

static int fake_accept(struct socket *sock, struct socket *newsock, int flags)
{
	struct sock *sk = sock->sk, *child;
	s64 timeo = sock_rcvtimeo(sk, flags & O_NONBLOCK);
	int err = -EINVAL;

	lock_sock(sk);
	if (READ_ONCE(sk->sk_state) == TCP_LISTEN)
		err = sk_wait_event(sk, &timeo, fake_acceptable, NULL);
	if (!err) {
		child = &list_first_entry(&fake_sk(sk)->accept_queue,
					  struct fake_sock, accept)->sk;
		list_del(&fake_sk(child)->accept);
		sk_acceptq_removed(sk);
		sock_graft(child, newsock);
	}
	release_sock(sk);
	return err;
}

static unsigned int fake_stream_poll(struct socket *sock)
{
	struct sock *sk = sock->sk;
	unsigned int mask = 0;

	if (READ_ONCE(sk->sk_state) == TCP_LISTEN)
		return list_empty(&fake_sk(sk)->accept_queue) ?
			       0 : POLLIN | POLLRDNORM;
	if (READ_ONCE(sk->sk_err))
		mask |= POLLERR;
	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		mask |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (!skb_queue_empty_lockless(&sk->sk_receive_queue))
		mask |= POLLIN | POLLRDNORM;
	if (sk_stream_is_writeable(sk))
		mask |= POLLOUT | POLLWRNORM;
	return mask;
}

/* The other end is told that nothing more comes. */
static void fake_stream_cut(struct sock *sk)
{
	struct sock *other;

	lock_sock(sk);
	other = fake_sk(sk)->other;
	fake_sk(sk)->other = NULL;
	WRITE_ONCE(sk->sk_state, TCP_CLOSE);
	release_sock(sk);
	if (!other)
		return;
	lock_sock(other);
	WRITE_ONCE(other->sk_shutdown, RCV_SHUTDOWN | SEND_SHUTDOWN);
	other->sk_state_change(other);
	release_sock(other);
	sock_put(other);
}

/* ---- life ------------------------------------------------------------- */

static void fake_drop_children(struct sock *sk)
{
	struct fake_sock *child;

	while (!list_empty(&fake_sk(sk)->accept_queue)) {
		child = list_first_entry(&fake_sk(sk)->accept_queue,
					 struct fake_sock, accept);
		list_del(&child->accept);
		fake_stream_cut(&child->sk);
		sk_common_release(&child->sk);
	}
}

static int fake_release(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (!sk)
		return 0;
	fake_release_held(sock);
	fake_unlink(sk);
	WRITE_ONCE(sock->sk, NULL);
	if (sk->sk_type == SOCK_STREAM) {
		lock_sock(sk);
		WRITE_ONCE(sk->sk_state, TCP_CLOSE);
		release_sock(sk);
		fake_drop_children(sk);
		fake_stream_cut(sk);
	}
	sk_common_release(sk);
	return 0;
}

static int fake_setsockopt(struct socket *sock, int level, int optname,
			   const void *val, socklen_t len)
{
	return sock_common_setsockopt(sock->sk, level, optname, val, len);
}

static int fake_getsockopt(struct socket *sock, int level, int optname,
			   void *val, socklen_t *len)
{
	return sock_common_getsockopt(sock->sk, level, optname, val, len);
}

static const struct proto_ops fake_dgram_ops = {
	.family = PF_FAKE,
	.release = fake_release,
	.bind = fake_bind,
	.connect = fake_dgram_connect,
	.accept = sock_no_accept,
	.listen = sock_no_listen,
	.shutdown = fake_dgram_shutdown,
	.getname = fake_getname,
	.poll = datagram_poll,
	.ioctl = fake_ioctl,
	.setsockopt = fake_setsockopt,
	.getsockopt = fake_getsockopt,
	.sendmsg = fake_dgram_sendmsg,
	.recvmsg = fake_dgram_recvmsg,
};

static const struct proto_ops fake_stream_ops = {
	.family = PF_FAKE,
	.release = fake_release,
	.bind = fake_bind,
	.connect = fake_stream_connect,
	.accept = fake_accept,
	.listen = fake_listen,
	.shutdown = fake_dgram_shutdown,
	.getname = fake_getname,
	.poll = fake_stream_poll,
	.sendmsg = fake_stream_sendmsg,
	.recvmsg = fake_stream_recvmsg,
};

static const struct proto fake_proto = {
	.name = "FAKE",
	.obj_size = sizeof(struct fake_sock),
	.backlog_rcv = fake_stream_backlog_rcv,
};

static int fake_create(struct net *net, struct socket *sock, int protocol)
{
	struct sock *sk;

	if (protocol)
		return -EPROTONOSUPPORT;
	if (sock->type != SOCK_DGRAM && sock->type != SOCK_STREAM)
		return -ESOCKTNOSUPPORT;
	sk = sk_alloc(net, PF_FAKE, &fake_proto);
	if (!sk)
		return -ENOMEM;
	sock->ops = sock->type == SOCK_DGRAM ? &fake_dgram_ops :
					       &fake_stream_ops;
	sock_init_data(sock, sk);
	if (sock->type == SOCK_STREAM)
		sk->sk_write_space = sk_stream_write_space;
	INIT_LIST_HEAD(&fake_sk(sk)->accept_queue);
	fake_link(sk);
	return 0;
}

const struct net_proto_family fake_family = {
	.family = PF_FAKE,
	.create = fake_create,
};

/* ---- for tests -------------------------------------------------------- */

struct net *fake_open(enum inet_mode mode, unsigned int nr_threads)
{
	struct net *net = corenet_open(mode, nr_threads);

	if (sock_register(net, &fake_family))
		abort();
	return net;
}

void fake_close(struct net *net)
{
	sock_unregister(net, PF_FAKE);
	corenet_close(net);
}

void fake_close_pair(struct net *net, struct socket *pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i])
			inet_close(pair[i]);
	fake_close(net);
}

struct socket *fake_socket(struct net *net, int type, u16 num)
{
	struct sockaddr_fake a = { PF_FAKE, num };
	struct socket *sock = inet_socket(net, PF_FAKE, type, 0);

	if (!sock)
		return NULL;
	if (!num)
		a.num = __atomic_add_fetch(&fake_next_num, 1, __ATOMIC_RELAXED);
	if (inet_bind(sock, (struct sockaddr *)&a, sizeof(a)))
		abort();
	return sock;
}

int fake_connect(struct socket *sock, u16 num)
{
	struct sockaddr_fake a = { PF_FAKE, num };

	return inet_connect(sock, (struct sockaddr *)&a, sizeof(a));
}

void fake_pair(struct net *net, int type, struct socket *pair[2])
{
	struct socket *l = NULL;
	u16 num;

	pair[0] = fake_socket(net, type, 0);
	if (type == SOCK_DGRAM) {
		pair[1] = fake_socket(net, type, 0);
		fake_connect(pair[0], fake_sk(pair[1]->sk)->num);
		fake_connect(pair[1], fake_sk(pair[0]->sk)->num);
		return;
	}
	l = fake_socket(net, type, 0);
	num = fake_sk(l->sk)->num;
	if (inet_listen(l, 1) || fake_connect(pair[0], num))
		abort();
	pair[1] = inet_accept(l, NULL, NULL);
	if (!pair[1] || inet_close(l))
		abort();
}

void fake_release_held(struct socket *sock)
{
	struct fake_sock *fs = fake_sk(sock->sk);
	struct sk_buff *skb;

	while ((skb = fs->held)) {
		fs->held = skb->next;
		skb->next = NULL;
		consume_skb(skb);
	}
}

struct sk_buff *fake_skb(struct net *net, u32 len, u8 fill)
{
	struct sk_buff *skb = alloc_skb(net, len);

	if (skb)
		memset(skb_put(skb, len), fill, len);
	return skb;
}

int fake_inject(struct socket *sock, u32 len, u8 fill)
{
	struct sk_buff *skb = fake_skb(sock->net, len, fill);
	int err;

	if (!skb)
		return -ENOMEM;
	err = sock_queue_rcv_skb(sock->sk, skb);
	if (err)
		kfree_skb_reason(skb, sock_queue_drop_reason(err));
	return err;
}
