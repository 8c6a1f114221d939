/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The public calls on sockets: from POSIX's arguments to struct inet_msg and
 * back. Addresses are copied, so that they may be unaligned or lie about their
 * length.
 */
#include <inet/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "api/api.h"
#include "core/iov.h"
#include "core/loan.h"
#include "core/net.h"
#include "core/socket.h"
#include "core/sockopt.h"
#include "core/trace.h"
#include "ipv4/ip.h"
#include "ipv4/tcp.h"
#include "ipv4/udp.h"

#define SOCK_FLAGS (SOCK_NONBLOCK | SOCK_CLOEXEC)

/* <linux/sockios.h>, which collides with libc's headers */
#define SIOCGSTAMP_CMD 0x8906
#define SIOCGSTAMPNS_CMD 0x8907
#define SIOCGSTAMP_NEW_CMD 0x80108906UL
#define SIOCGSTAMPNS_NEW_CMD 0x80108907UL

/* ---- addresses -------------------------------------------------------- */

/* 0, -EINVAL (too long), -EFAULT. */
static int addr_from_user(struct sockaddr_storage *to,
			  const struct sockaddr *addr, socklen_t len)
{
	if (len > sizeof(*to))
		return -EINVAL;
	if (!len)
		return 0;
	if (!addr)
		return -EFAULT;
	memcpy(to, addr, len);
	return 0;
}

/* What fits of @klen bytes; *@len becomes @klen. 0, -EINVAL, -EFAULT. */
static int addr_to_user(const struct sockaddr_storage *from, socklen_t klen,
			struct sockaddr *addr, socklen_t *len)
{
	if (!len)
		return -EFAULT;
	if ((int)*len < 0)
		return -EINVAL;
	if (!addr && *len)
		return -EFAULT;
	if (addr)
		memcpy(addr, from, min(*len, klen));
	*len = klen;
	return 0;
}

/* ---- what a call was about, in the sentence of its failure ------------- */

/* Return: NULL. Context: errno says why. */
static __cold struct socket *about_socket(const struct net *net, int family,
					  int type, int protocol)
{
	net_error(net, 0, "inet_socket: family %d, type %d, protocol %d: %s",
		  family, type, protocol, strerror(errno));
	return NULL;
}

/* Return: -1, as the next one. Context: errno says why. */
static __cold int about_address(const struct net *net, const char *call,
				const struct sockaddr_storage *ss, socklen_t len)
{
	const struct sockaddr_in *sin = (const struct sockaddr_in *)ss;
	char text[INET_ADDRSTRLEN];

	if (len > sizeof(*ss) || (errno == EINVAL && len < sizeof(*sin)))
		net_error(net, 0, "%s: an address of %u bytes: %s", call, len,
			  strerror(errno));
	else if (sin->sin_family == AF_INET)
		net_error(net, 0, "%s: %s port %u: %s", call,
			  inet_ntop(AF_INET, &sin->sin_addr, text,
				    sizeof(text)), ntohs(sin->sin_port),
			  strerror(errno));
	return -1;
}

/* Its row, of whatever socket, or NULL. */
static const struct sockopt_row *option_row(int level, int optname)
{
	const struct {
		const struct sockopt_row *rows;
		u32 nr;
	} tables[] = {
		{ sock_options, nr_sock_options },
		{ ip_options_rows, nr_ip_options_rows },
		{ tcp_options, nr_tcp_options },
		{ udp_options, nr_udp_options },
	};
	const struct sockopt_row *row = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(tables) && !row; i++)
		row = sockopt_find(tables[i].rows, tables[i].nr, level, optname);
	return row;
}

/* @val: the int that it was to be, or NULL. */
static __cold int about_option(const struct net *net, const char *call,
			       int level, int optname, const int *val)
{
	const struct sockopt_row *row = option_row(level, optname);
	const char *why = strerror(errno);

	if (!row)
		net_error(net, 0, "%s: level %d, option %d: %s", call, level,
			  optname, why);
	else if (!val || row->kind == SOCKOPT_BYTES)
		net_error(net, 0, "%s: %s: %s", call, row->name, why);
	else if (errno == EINVAL && row->kind == SOCKOPT_INT &&
		 (*val < row->min || *val > row->max))
		net_error(net, 0, "%s: %s: %d is not in %lld..%lld", call,
			  row->name, *val, (long long)row->min,
			  (long long)row->max);
	else
		net_error(net, 0, "%s: %s: %d: %s", call, row->name, *val, why);
	return -1;
}

/* ---- life ------------------------------------------------------------- */

/* What sock_leave() is to calls that have a socket from head to end. */
static void leave_stack(struct net *net)
{
	net_api_exit(net);
	net_clock_release(net);
}

struct socket *inet_socket(struct net *net, int family, int type, int protocol)
{
	struct socket *sock = NULL;
	int err = -EINVAL;

	if (!net && api_result(-EINVAL))
		return NULL;
	NET_ROAD(net, NULL);
	net_clock_hold(net);
	if (!(type & ~0xf & ~SOCK_FLAGS))
		err = sock_create(net, family, type & 0xf, protocol, &sock);
	leave_stack(net);
	if (api_result(err))
		return about_socket(net, family, type, protocol);
	sock->nonblock = type & SOCK_NONBLOCK;
	return sock;
}

int inet_close(struct socket *sock)
{
	struct net *net;
	bool smp;
	int err;

	if (!sock)
		return api_result(-EBADF);
	net = sock->net;
	smp = net->smp;
	net_clock_hold(net);
	err = sock_close(sock);
	if (!smp)	/* else the stack may be gone now */
		leave_stack(net);
	return api_result(err);
}

int inet_bind(struct socket *sock, const struct sockaddr *addr, socklen_t len)
{
	struct sockaddr_storage ss = { 0 };
	int err = sock_enter(sock);
	struct net *net;

	if (err)
		return api_result(err);
	net = sock->net;
	err = addr_from_user(&ss, addr, len);
	if (!err)
		err = sock->ops->bind(sock, (struct sockaddr *)&ss, len);
	err = (int)sock_leave(sock, err);
	return err < 0 ? about_address(net, __func__, &ss, len) : err;
}

int inet_listen(struct socket *sock, int backlog)
{
	int err = sock_enter(sock), most;

	if (err)
		return api_result(err);
	most = READ_ONCE(sock->net->sysctl_somaxconn);
	if ((unsigned int)backlog > (unsigned int)most)
		backlog = most;
	return (int)sock_leave(sock, sock->ops->listen(sock, backlog));
}

/* The address goes to *@ss. 0 or -E. */
static int do_connect(struct socket *sock, struct sockaddr_storage *ss,
		      const struct sockaddr *addr, socklen_t len)
{
	int err = addr_from_user(ss, addr, len);

	return err ? err : sock->ops->connect(sock, (struct sockaddr *)ss, len,
					      sock->nonblock ? O_NONBLOCK : 0);
}

int inet_connect(struct socket *sock, const struct sockaddr *addr,
		 socklen_t len)
{
	struct sockaddr_storage ss = { 0 };
	int err = sock_enter(sock);
	struct net *net;

	if (err)
		return api_result(err);
	net = sock->net;
	NET_ROAD(net, NULL);
	err = do_connect(sock, &ss, addr, len);
	if (sock_leave(sock, err) >= 0)
		return err;
	return err == -EINPROGRESS ? -1 : about_address(net, __func__, &ss, len);
}

/* A listener whose caller will not wait, and nobody at the door: accept loops
 * end so each time, and it should cost no struct socket. */
static bool nothing_to_accept(struct socket *sock)
{
	return sock->nonblock && READ_ONCE(sock->sk->sk_state) == TCP_LISTEN &&
	       !(sock->ops->poll(sock) & POLLIN);
}

/* The peer's address to the user. 0 or -E. */
static int accept_getname(struct socket *newsock, struct sockaddr *addr,
			  socklen_t *len)
{
	struct sockaddr_storage ss;
	socklen_t klen = sizeof(ss);

	if (!addr)
		return 0;
	if (newsock->ops->getname(newsock, (struct sockaddr *)&ss, &klen, 2))
		return -ECONNABORTED;
	return addr_to_user(&ss, klen, addr, len);
}

/* Takes a child off @sock. 0 and *@res, or -E. */
static int do_accept(struct socket *sock, struct socket **res)
{
	struct socket *newsock;

	if (nothing_to_accept(sock))
		return -EAGAIN;
	*res = newsock = sock_alloc(sock->net);
	if (!newsock)
		return -ENOMEM;
	newsock->type = sock->type;
	newsock->ops = sock->ops;
	return sock->ops->accept(sock, newsock,
				 sock->nonblock ? O_NONBLOCK : 0);
}

/* @call: by which it was called. */
static struct socket *accept_as(struct socket *sock, struct sockaddr *addr,
				socklen_t *len, int flags, const char *call)
{
	struct socket *newsock = NULL;
	int err = flags & ~SOCK_FLAGS ? -EINVAL : sock_enter(sock);

	if (api_result(err))
		return NULL;
	err = do_accept(sock, &newsock);
	if (!err)
		err = accept_getname(newsock, addr, len);
	if (!err)
		newsock->nonblock = flags & SOCK_NONBLOCK;
	else if (newsock)
		sock_release(newsock);
	return __sock_leave(sock, err, call) ? NULL : newsock;
}

struct socket *inet_accept4(struct socket *sock, struct sockaddr *addr,
			    socklen_t *len, int flags)
{
	if (sock)
		NET_ROAD(sock->net, NULL);
	return accept_as(sock, addr, len, flags, __func__);
}

struct socket *inet_accept(struct socket *sock, struct sockaddr *addr,
			   socklen_t *len)
{
	if (sock)
		NET_ROAD(sock->net, NULL);
	return accept_as(sock, addr, len, 0, __func__);
}

int inet_shutdown(struct socket *sock, int how)
{
	int err = sock_enter(sock);

	if (err)
		return api_result(err);
	return (int)sock_leave(sock, sock->ops->shutdown(sock, how));
}

/* Own name (@peer 0) or the peer's. */
static int do_getname(struct socket *sock, struct sockaddr *addr,
		      socklen_t *len, int peer)
{
	struct sockaddr_storage ss;
	socklen_t klen = sizeof(ss);
	int err = sock_enter(sock);

	if (err)
		return api_result(err);
	err = sock->ops->getname(sock, (struct sockaddr *)&ss, &klen, peer);
	if (!err)
		err = addr_to_user(&ss, klen, addr, len);
	return (int)__sock_leave(sock, err, peer ? "inet_getpeername" :
						   "inet_getsockname");
}

int inet_getsockname(struct socket *sock, struct sockaddr *addr, socklen_t *len)
{
	return do_getname(sock, addr, len, 0);
}

int inet_getpeername(struct socket *sock, struct sockaddr *addr, socklen_t *len)
{
	return do_getname(sock, addr, len, 1);
}

/* ---- sending ---------------------------------------------------------- */

static int call_flags(const struct socket *sock, int flags)
{
	return READ_ONCE(sock->nonblock) ? flags | MSG_DONTWAIT : flags;
}

/* One buffer; @msg brings the address. Return: bytes, or -E. */
static __always_inline ssize_t send_buffer(struct socket *sock, struct inet_msg *msg,
			   const void *buf, size_t len, int flags)
{
	struct iovec iov;
	int err = import_single_range(&msg->iter, &iov, (void *)buf, len);

	if (unlikely(err))
		return err;
	msg->flags = call_flags(sock, flags);
	return __sock_sendmsg(sock, msg);
}

ssize_t inet_send(struct socket *sock, const void *buf, size_t len, int flags)
{
	struct inet_msg msg = { 0 };
	int err = sock_enter(sock);

	if (unlikely(err))
		return api_result(err);
	NET_ROAD(sock->net, NULL);
	return sock_leave(sock, send_buffer(sock, &msg, buf, len, flags));
}

ssize_t inet_sendto(struct socket *sock, const void *buf, size_t len, int flags,
		    const struct sockaddr *addr, socklen_t addrlen)
{
	struct inet_msg msg = { .namelen = addr ? addrlen : 0 };
	struct sockaddr_storage ss;
	ssize_t ret = sock_enter(sock);

	if (unlikely(ret))
		return api_result((int)ret);
	NET_ROAD(sock->net, NULL);
	msg.name = addr ? (struct sockaddr *)&ss : NULL;
	ret = addr_from_user(&ss, addr, msg.namelen);
	return sock_leave(sock, ret ? ret : send_buffer(sock, &msg, buf, len,
							flags));
}

/* One message of the user into @msg, its address into @ss. 0 or -E. */
static int msg_from_user(struct inet_msg *msg, const struct msghdr *user,
			 struct sockaddr_storage *ss)
{
	*msg = (struct inet_msg){ 0 };
	if (!user)
		return -EFAULT;
	if (user->msg_name && (int)user->msg_namelen < 0)
		return -EINVAL;
	msg->control = user->msg_control;
	msg->controllen = user->msg_controllen;
	if (user->msg_name && user->msg_namelen) {
		msg->name = (struct sockaddr *)ss;
		msg->namelen = min(user->msg_namelen, (socklen_t)sizeof(*ss));
	}
	return import_iovec(&msg->iter, user->msg_iov, user->msg_iovlen);
}

/* One message. Return: bytes, or -E. */
static int do_sendmsg(struct socket *sock, const struct msghdr *user, int flags)
{
	struct sockaddr_storage ss;
	struct inet_msg msg;
	int ret = msg_from_user(&msg, user, &ss);

	if (ret)
		return ret;
	if (msg.controllen > (size_t)READ_ONCE(sock_net(sock->sk)->sysctl_optmem_max))
		return -ENOBUFS;
	if (msg.controllen && !msg.control)
		return -EFAULT;
	if (msg.name)
		memcpy(&ss, user->msg_name, msg.namelen);
	msg.flags = call_flags(sock, flags);
	return __sock_sendmsg(sock, &msg);
}

ssize_t inet_sendmsg(struct socket *sock, const struct msghdr *msg, int flags)
{
	int err = sock_enter(sock);

	if (err)
		return api_result(err);
	NET_ROAD(sock->net, NULL);
	return sock_leave(sock, do_sendmsg(sock, msg, flags));
}

int inet_sendmmsg(struct socket *sock, struct mmsghdr *vec, unsigned int n,
		  int flags)
{
	int ret = sock_enter(sock), sent = 0;

	if (ret)
		return api_result(ret);
	NET_ROAD(sock->net, NULL);
	for (n = min(n, (unsigned int)INET_UIO_MAXIOV); (u32)sent < n; sent++) {
		ret = vec ? do_sendmsg(sock, &vec[sent].msg_hdr, flags) :
			    -EFAULT;
		if (ret < 0)
			break;
		vec[sent].msg_len = (unsigned int)ret;
	}
	return (int)sock_leave(sock, sent ? sent : min(ret, 0));
}

/* ---- receiving -------------------------------------------------------- */

/* Into one buffer; @msg brings room for the address. Return: bytes, or -E. */
static __always_inline ssize_t recv_buffer(struct socket *sock, struct inet_msg *msg,
			   void *buf, size_t len, int flags)
{
	struct iovec iov;
	int err = import_single_range(&msg->iter, &iov, buf, len);

	if (unlikely(err))
		return err;
	return sock_recvmsg(sock, msg, call_flags(sock, flags));
}

ssize_t inet_recv(struct socket *sock, void *buf, size_t len, int flags)
{
	struct inet_msg msg = { 0 };
	int err = sock_enter(sock);

	if (unlikely(err))
		return api_result(err);
	NET_ROAD(sock->net, NULL);
	return sock_leave(sock, recv_buffer(sock, &msg, buf, len, flags));
}

ssize_t inet_recvfrom(struct socket *sock, void *buf, size_t len, int flags,
		      struct sockaddr *addr, socklen_t *addrlen)
{
	struct sockaddr_storage ss;
	struct inet_msg msg = { 0 };
	int err = sock_enter(sock);
	ssize_t ret;

	if (unlikely(err))
		return api_result(err);
	NET_ROAD(sock->net, NULL);
	msg.name = addr ? (struct sockaddr *)&ss : NULL;
	ret = recv_buffer(sock, &msg, buf, len, flags);
	if (ret >= 0 && addr)
		err = addr_to_user(&ss, msg.namelen, addr, addrlen);
	return sock_leave(sock, err ? err : ret);
}

/* What the family said about a message, back into @user. */
static void msg_to_user(const struct inet_msg *msg, struct msghdr *user)
{
	if (user->msg_name)
		addr_to_user((struct sockaddr_storage *)(void *)msg->name,
			     msg->namelen, user->msg_name, &user->msg_namelen);
	user->msg_controllen = msg->controllen;
	user->msg_flags = msg->flags;
}

/* One message; what the family said about it goes back into @user. */
static int do_recvmsg(struct socket *sock, struct msghdr *user, int flags)
{
	struct sockaddr_storage ss;
	struct inet_msg msg;
	int ret = msg_from_user(&msg, user, &ss);

	if (ret)
		return ret;
	msg.name = user->msg_name ? (struct sockaddr *)&ss : NULL;
	msg.namelen = 0;
	ret = sock_recvmsg(sock, &msg, call_flags(sock, flags));
	if (ret < 0)
		return ret;
	msg_to_user(&msg, user);
	return ret;
}

ssize_t inet_recvmsg(struct socket *sock, struct msghdr *msg, int flags)
{
	int err = sock_enter(sock);

	if (err)
		return api_result(err);
	NET_ROAD(sock->net, NULL);
	return sock_leave(sock, do_recvmsg(sock, msg, flags));
}

/* What may be lent: all but a second look, urgent data and errors. 0 or -E. */
static int lender_from_user(struct inet_msg *msg, const struct socket *sock,
			    const struct msghdr *user, size_t len, int flags)
{
	if (!user || (user->msg_iovlen && !user->msg_iov))
		return -EFAULT;
	if (user->msg_iovlen > INET_UIO_MAXIOV)
		return -EMSGSIZE;
	if ((ssize_t)len < 0)
		return -EINVAL;
	if (!sock->sk->sk_prot->frames_put ||
	    flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return -EOPNOTSUPP;
	msg->iter.count = user->msg_iovlen ?
			  min(len, (size_t)INET_MAX_RW_COUNT) : 0;
	msg->control = user->msg_control;
	msg->controllen = user->msg_controllen;
	return 0;
}

/* One message, lent instead of copied. Return: bytes, or -E. */
static int lend_message(struct socket *sock, struct msghdr *user,
			struct inet_msg *msg, int flags)
{
	struct sockaddr_storage ss;
	int ret;

	skb_lender_init(msg->lend, user->msg_iov, (u32)user->msg_iovlen);
	msg->name = user->msg_name ? (struct sockaddr *)&ss : NULL;
	ret = sock_recvmsg(sock, msg, call_flags(sock, flags));
	if (ret < 0)
		return ret;
	user->msg_iovlen = msg->lend->nr;
	msg_to_user(msg, user);
	return ret;
}

/* The same, and the number of the loan into @frames. */
static int do_recv_frames(struct socket *sock, struct msghdr *user,
			  struct inet_msg *msg, int flags, u64 *frames)
{
	struct sock *sk = sock->sk;
	struct skb_loan *loan;
	int ret = skb_loan_begin(sk, &loan);

	if (ret)
		return ret;
	ret = lend_message(sock, user, msg, flags);
	if (msg->lend->nr)
		*frames = skb_loan_commit(loan, sk, msg->lend);
	else
		skb_loan_cancel(loan, sk);
	return ret;
}

ssize_t inet_recv_frames(struct socket *sock, struct msghdr *msg, size_t len,
			 int flags, u64 *frames)
{
	struct skb_lender lend;
	struct inet_msg im = { .lend = &lend };
	int err = frames ? sock_enter(sock) : -EFAULT;

	if (frames)
		*frames = 0;
	if (err)
		return api_result(err);
	NET_ROAD(sock->net, NULL);
	err = lender_from_user(&im, sock, msg, len, flags);
	return sock_leave(sock, err ? err :
				do_recv_frames(sock, msg, &im, flags, frames));
}

int inet_frames_put(struct net *net, u64 frames)
{
	int err = 0;

	net_clock_hold(net);
	if (frames)
		err = skb_loan_return(net, frames);
	if (!net->smp)
		leave_stack(net);
	return api_result(err);
}

/* The stack's time when @timeout is over. 0 or -EINVAL. */
static int recvmmsg_deadline(struct net *net, const struct timespec *timeout,
			     u64 *deadline_ns)
{
	*deadline_ns = U64_MAX;
	if (!timeout)
		return 0;
	if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 ||
	    timeout->tv_nsec >= 1000000000)
		return -EINVAL;
	if ((u64)timeout->tv_sec < U64_MAX / 4 / 1000000000)
		*deadline_ns = net_now(net) +
			       (u64)timeout->tv_sec * 1000000000 +
			       (u64)timeout->tv_nsec;
	return 0;
}

/* Receives until an error, @n messages, or the deadline. Return: how many, or
 * the error of the first one; of a later one the next call tells. */
static int do_recvmmsg(struct socket *sock, struct mmsghdr *vec, unsigned int n,
		       int flags, u64 deadline_ns)
{
	unsigned int got = 0;
	int ret = 0;

	while (got < n) {
		ret = do_recvmsg(sock, &vec[got].msg_hdr,
				 flags & ~MSG_WAITFORONE);
		if (ret < 0)
			break;
		vec[got++].msg_len = (unsigned int)ret;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (vec[got - 1].msg_hdr.msg_flags & MSG_OOB)
			break;
		if (deadline_ns != U64_MAX && net_now(sock->net) >= deadline_ns)
			break;
	}
	if (got && ret < 0 && ret != -EAGAIN)
		WRITE_ONCE(sock->sk->sk_err, -ret);
	return got ? (int)got : min(ret, 0);
}

/* As recvmmsg(2) with a timeout: what is left of it goes back. */
static int timed_recvmmsg(struct socket *sock, struct mmsghdr *vec,
			  unsigned int n, int flags, struct timespec *timeout)
{
	u64 deadline_ns = 0, now;
	int ret = recvmmsg_deadline(sock->net, timeout, &deadline_ns);

	if (ret)
		return ret;
	ret = do_recvmmsg(sock, vec, n, flags, deadline_ns);
	if (ret > 0 && deadline_ns != U64_MAX) {
		now = min(net_now(sock->net), deadline_ns);
		timeout->tv_sec = (time_t)((deadline_ns - now) / 1000000000);
		timeout->tv_nsec = (long)((deadline_ns - now) % 1000000000);
	}
	return ret;
}

int inet_recvmmsg(struct socket *sock, struct mmsghdr *vec, unsigned int n,
		  int flags, struct timespec *timeout)
{
	int ret = sock_enter(sock);

	if (ret)
		return api_result(ret);
	NET_ROAD(sock->net, NULL);
	n = min(n, (unsigned int)INET_UIO_MAXIOV);
	ret = n && !vec ? -EFAULT :
			  timed_recvmmsg(sock, vec, n, flags, timeout);
	return (int)sock_leave(sock, ret);
}

/* ---- options ---------------------------------------------------------- */

/* SOL_SOCKET is the same for all; the rest is the family's. */
static int do_setsockopt(struct socket *sock, int level, int optname,
			 const void *val, socklen_t len)
{
	if ((int)len < 0)
		return -EINVAL;
	if (level == SOL_SOCKET)
		return sock_common_setsockopt(sock->sk, level, optname, val,
					      len);
	if (!sock->ops->setsockopt)
		return -EOPNOTSUPP;
	return sock->ops->setsockopt(sock, level, optname, val, len);
}

int inet_setsockopt(struct socket *sock, int level, int optname,
		    const void *val, socklen_t len)
{
	int err = sock_enter(sock);
	const int *given = NULL;
	struct net *net;
	int v;

	if (err)
		return api_result(err);
	net = sock->net;
	err = do_setsockopt(sock, level, optname, val, len);
	if (likely(sock_leave(sock, err) >= 0))
		return err;
	if (val && len >= (socklen_t)sizeof(v))
		given = memcpy(&v, val, sizeof(v));
	return about_option(net, __func__, level, optname, given);
}

static int do_getsockopt(struct socket *sock, int level, int optname,
			 void *val, socklen_t *len)
{
	if (level == SOL_SOCKET)
		return sock_common_getsockopt(sock->sk, level, optname, val,
					      len);
	if (!sock->ops->getsockopt)
		return -EOPNOTSUPP;
	return sock->ops->getsockopt(sock, level, optname, val, len);
}

int inet_getsockopt(struct socket *sock, int level, int optname, void *val,
		    socklen_t *len)
{
	int err = sock_enter(sock);
	struct net *net;

	if (err)
		return api_result(err);
	net = sock->net;
	err = do_getsockopt(sock, level, optname, val, len);
	err = (int)sock_leave(sock, err);
	return err < 0 ? about_option(net, __func__, level, optname, NULL) : err;
}

/* SIOCGSTAMP and SIOCGSTAMPNS: when the last packet came. */
static int do_gstamp(struct socket *sock, bool nano, void *arg)
{
	u64 ns = READ_ONCE(sock->sk->sk_stamp_ns);
	s64 out[2] = { (s64)(ns / 1000000000), (s64)(ns % 1000000000) };

	if (!ns)
		return -ENOENT;
	if (!nano)
		out[1] /= 1000;
	memcpy(arg, out, sizeof(out));
	return 0;
}

/* What every socket has; the rest is the family's. */
static int do_ioctl(struct socket *sock, unsigned long cmd, void *arg)
{
	int on;

	if (!arg)
		return -EFAULT;
	switch (cmd) {
	case FIONBIO:
		memcpy(&on, arg, sizeof(on));
		WRITE_ONCE(sock->nonblock, on);
		return 0;
	case SIOCGSTAMP_CMD:
	case SIOCGSTAMP_NEW_CMD:
		return do_gstamp(sock, false, arg);
	case SIOCGSTAMPNS_CMD:
	case SIOCGSTAMPNS_NEW_CMD:
		return do_gstamp(sock, true, arg);
	default:
		return sock->ops->ioctl ? sock->ops->ioctl(sock, cmd, arg) :
					  -ENOTTY;
	}
}

int inet_ioctl(struct socket *sock, unsigned long cmd, void *arg)
{
	int err = sock_enter(sock);

	if (err)
		return api_result(err);
	return (int)sock_leave(sock, do_ioctl(sock, cmd, arg));
}

int inet_set_nonblock(struct socket *sock, bool nonblock)
{
	int err = sock_enter(sock);

	if (err)
		return api_result(err);
	WRITE_ONCE(sock->nonblock, nonblock);
	return (int)sock_leave(sock, 0);
}

/* ---- readiness -------------------------------------------------------- */

int inet_poll(struct inet_pollfd *fds, unsigned int nfds, int timeout_ms)
{
	return api_result(nfds && !fds ? -EFAULT :
					 sock_do_poll(fds, nfds, timeout_ms));
}

int inet_set_event_cb(struct socket *sock, int events, inet_event_cb *cb,
		      void *arg)
{
	int err = sock_enter(sock);

	if (err)
		return api_result(err);
	return (int)sock_leave(sock, sock_set_event_cb(sock, events, cb, arg));
}

int inet_socket_fd(struct socket *sock, int events)
{
	int err = sock_enter(sock);

	if (err)
		return api_result(err);
	return (int)sock_leave(sock, sock_event_fd(sock, events));
}

struct net *inet_socket_net(const struct socket *sock)
{
	return sock->net;
}
