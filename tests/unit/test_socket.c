/* SPDX-License-Identifier: BSD-2-Clause */
/* The public calls: errno as POSIX and Linux have it, for every lie of the
 * caller; families registered at run time; the roads. */
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <inet/trace.h>

#include "core/iov.h"
#include "core/net.h"
#include "corenet.h"
#include "fakefam.h"
#include "road.h"

static struct socket *p[2];

static int open_bare(void **state)
{
	*state = corenet_open(INET_SIMULATED, 0);
	return 0;
}

static int close_bare(void **state)
{
	corenet_close(*state);
	return 0;
}

static int open_dgram(void **state)
{
	*state = fake_open(INET_SIMULATED, 0);
	fake_pair(*state, SOCK_DGRAM, p);
	return 0;
}

static int close_net(void **state)
{
	fake_close_pair(*state, p);
	return 0;
}

static void assert_fails(ssize_t ret, int err)
{
	assert_int_equal(ret, -1);
	assert_int_equal(errno, err);
}

static void assert_no_socket(struct net *net, int family, int type,
			     int protocol, int err)
{
	errno = 0;
	assert_null(inet_socket(net, family, type, protocol));
	assert_int_equal(errno, err);
}

/* ---- families --------------------------------------------------------- */

static void unknown_family_refused_until_registered(void **state)
{
	struct net *net = *state;
	struct socket *s;

	assert_no_socket(net, PF_FAKE, SOCK_DGRAM, 0, EAFNOSUPPORT);
	assert_int_equal(sock_register(net, &fake_family), 0);
	assert_int_equal(sock_register(net, &fake_family), -EEXIST);
	s = inet_socket(net, PF_FAKE, SOCK_DGRAM, 0);
	assert_non_null(s);
	assert_ptr_equal(inet_socket_net(s), net);
	inet_close(s);
	sock_unregister(net, PF_FAKE);
	assert_no_socket(net, PF_FAKE, SOCK_DGRAM, 0, EAFNOSUPPORT);
}

static void family_of_one_stack_unknown_to_another(void **state)
{
	struct net *net = *state, *other = corenet_open(INET_SIMULATED, 0);

	assert_int_equal(sock_register(net, &fake_family), 0);
	assert_no_socket(other, PF_FAKE, SOCK_DGRAM, 0, EAFNOSUPPORT);
	sock_unregister(net, PF_FAKE);
	corenet_close(other);
}

static void family_number_out_of_range_refused(void **state)
{
	struct net_proto_family f = fake_family;

	f.family = NET_NPROTO;
	assert_int_equal(sock_register(*state, &f), -EINVAL);
	f.family = -1;
	assert_int_equal(sock_register(*state, &f), -EINVAL);
	sock_unregister(*state, -1);
	sock_unregister(*state, NET_NPROTO);
}

static void socket_arguments_checked_in_linux_order(void **state)
{
	struct net *net = *state;

	assert_no_socket(net, -1, SOCK_DGRAM, 0, EAFNOSUPPORT);
	assert_no_socket(net, NET_NPROTO, SOCK_DGRAM, 0, EAFNOSUPPORT);
	assert_no_socket(net, INT_MAX, SOCK_DGRAM, 0, EAFNOSUPPORT);
	assert_no_socket(net, PF_FAKE, 11, 0, EINVAL);
	assert_no_socket(net, PF_FAKE, 15, 0, EINVAL);
	assert_no_socket(net, PF_FAKE, SOCK_DGRAM | 0x100, 0, EINVAL);
	assert_no_socket(net, PF_FAKE, -1, 0, EINVAL);
	assert_no_socket(net, PF_FAKE, SOCK_RAW, 0, ESOCKTNOSUPPORT);
	assert_no_socket(net, PF_FAKE, SOCK_DGRAM, 9, EPROTONOSUPPORT);
	assert_no_socket(net, PF_UNIX, SOCK_DGRAM, 0, EAFNOSUPPORT);
}

static void nonblock_by_type_call_and_ioctl(void **state)
{
	struct socket *s = inet_socket(*state, PF_FAKE,
				       SOCK_DGRAM | SOCK_NONBLOCK |
					       SOCK_CLOEXEC, 0);
	int off = 0;

	assert_true(s->nonblock);
	assert_int_equal(inet_set_nonblock(s, false), 0);
	assert_false(s->nonblock);
	inet_set_nonblock(s, true);
	assert_int_equal(inet_ioctl(s, FIONBIO, &off), 0);
	assert_false(s->nonblock);
	inet_close(s);
}

/* ---- lies ------------------------------------------------------------- */

/* @attack P5 */
static void null_socket_is_ebadf_everywhere(void **state)
{
	struct sockaddr_fake a = { PF_FAKE, 1 };
	struct sockaddr *sa = (struct sockaddr *)&a;
	socklen_t l = sizeof(a);
	struct msghdr m = { 0 };
	struct mmsghdr mm = { .msg_len = 0 };
	char b[4] = { 0 };
	int v = 0;

	(void)state;
	assert_fails(inet_close(NULL), EBADF);
	assert_fails(inet_bind(NULL, sa, l), EBADF);
	assert_fails(inet_listen(NULL, 1), EBADF);
	assert_fails(inet_connect(NULL, sa, l), EBADF);
	assert_null(inet_accept(NULL, NULL, NULL));
	assert_int_equal(errno, EBADF);
	assert_fails(inet_shutdown(NULL, 0), EBADF);
	assert_fails(inet_getsockname(NULL, sa, &l), EBADF);
	assert_fails(inet_getpeername(NULL, sa, &l), EBADF);
	assert_fails(inet_send(NULL, b, 1, 0), EBADF);
	assert_fails(inet_sendto(NULL, b, 1, 0, sa, l), EBADF);
	assert_fails(inet_sendmsg(NULL, &m, 0), EBADF);
	assert_fails(inet_sendmmsg(NULL, &mm, 1, 0), EBADF);
	assert_fails(inet_recv(NULL, b, 1, 0), EBADF);
	assert_fails(inet_recvfrom(NULL, b, 1, 0, sa, &l), EBADF);
	assert_fails(inet_recvmsg(NULL, &m, 0), EBADF);
	assert_fails(inet_recvmmsg(NULL, &mm, 1, 0, NULL), EBADF);
	assert_fails(inet_setsockopt(NULL, 1, 1, &v, 4), EBADF);
	assert_fails(inet_getsockopt(NULL, 1, 1, &v, &l), EBADF);
	assert_fails(inet_ioctl(NULL, FIONREAD, &v), EBADF);
	assert_fails(inet_set_nonblock(NULL, true), EBADF);
	assert_fails(inet_set_event_cb(NULL, 0, NULL, NULL), EBADF);
	assert_fails(inet_socket_fd(NULL, 0), EBADF);
}

/* @attack P5 */
static void addresses_that_lie_refused(void **state)
{
	struct sockaddr_fake a = { PF_FAKE, 1 };
	struct sockaddr *sa = (struct sockaddr *)&a;
	socklen_t l;
	char b[4] = { 0 };

	(void)state;
	assert_fails(inet_bind(p[0], NULL, sizeof(a)), EFAULT);
	assert_fails(inet_bind(p[0], sa, 0), EINVAL);
	assert_fails(inet_bind(p[0], sa, 3), EINVAL);
	assert_fails(inet_bind(p[0], sa, 129), EINVAL);
	assert_fails(inet_bind(p[0], sa, (socklen_t)-1), EINVAL);
	assert_fails(inet_connect(p[0], NULL, sizeof(a)), EFAULT);
	assert_fails(inet_connect(p[0], sa, 129), EINVAL);
	assert_fails(inet_sendto(p[0], b, 1, 0, sa, 129), EINVAL);
	assert_fails(inet_sendto(p[0], b, 1, 0, sa, (socklen_t)-5), EINVAL);
	assert_fails(inet_sendto(p[0], b, 1, 0, sa, 2), EINVAL);
	l = sizeof(a);
	assert_fails(inet_getsockname(p[0], NULL, &l), EFAULT);
	assert_fails(inet_getsockname(p[0], sa, NULL), EFAULT);
	l = (socklen_t)-1;
	assert_fails(inet_getsockname(p[0], sa, &l), EINVAL);
}

static void name_cut_to_the_room_and_true_length_told(void **state)
{
	u8 buf[8];
	socklen_t l = 3;

	(void)state;
	memset(buf, 0xee, sizeof(buf));
	assert_int_equal(inet_getsockname(p[0], (struct sockaddr *)buf, &l), 0);
	assert_int_equal(l, sizeof(struct sockaddr_fake));
	assert_int_equal(buf[0], PF_FAKE);
	assert_int_equal(buf[3], 0xee);
	l = 0;
	assert_int_equal(inet_getsockname(p[0], NULL, &l), 0);
	assert_int_equal(l, sizeof(struct sockaddr_fake));
}

static void unaligned_address_understood(void **state)
{
	u8 buf[16];
	struct sockaddr_fake a = { PF_FAKE, 4321 };

	(void)state;
	for (int off = 0; off < 8; off++) {
		memcpy(buf + off, &a, sizeof(a));
		assert_int_equal(inet_bind(p[0], (void *)(buf + off),
					   sizeof(a)), 0);
	}
}

/* @attack P5 */
static void messages_that_lie_refused(void **state)
{
	char b[8] = { 0 };
	struct iovec v[INET_UIO_MAXIOV + 1];
	struct msghdr m = { .msg_iov = v };

	(void)state;
	for (int i = 0; i <= INET_UIO_MAXIOV; i++)
		v[i] = (struct iovec){ b, 1 };
	assert_fails(inet_sendmsg(p[0], NULL, 0), EFAULT);
	assert_fails(inet_recvmsg(p[0], NULL, 0), EFAULT);
	m.msg_iovlen = INET_UIO_MAXIOV + 1;
	assert_fails(inet_sendmsg(p[0], &m, 0), EMSGSIZE);
	assert_fails(inet_recvmsg(p[0], &m, 0), EMSGSIZE);
	m.msg_iovlen = SIZE_MAX;
	assert_fails(inet_sendmsg(p[0], &m, 0), EMSGSIZE);
	m.msg_iovlen = INET_UIO_MAXIOV;
	assert_int_equal(inet_sendmsg(p[0], &m, 0), INET_UIO_MAXIOV);
	m.msg_iovlen = 2;
	v[1].iov_len = (size_t)INT_MIN;
	assert_fails(inet_sendmsg(p[0], &m, 0), EINVAL);
	v[1] = (struct iovec){ NULL, 4 };
	assert_fails(inet_sendmsg(p[0], &m, 0), EFAULT);
	m.msg_iov = NULL;
	assert_fails(inet_sendmsg(p[0], &m, 0), EFAULT);
	m = (struct msghdr){ .msg_control = NULL, .msg_controllen = 16 };
	assert_fails(inet_sendmsg(p[0], &m, 0), EFAULT);
	m.msg_controllen = (size_t)INT_MAX + 1;
	assert_fails(inet_sendmsg(p[0], &m, 0), ENOBUFS);
	m = (struct msghdr){ .msg_name = b, .msg_namelen = (socklen_t)-1 };
	assert_fails(inet_sendmsg(p[0], &m, 0), EINVAL);
	assert_fails(inet_send(p[0], NULL, 1, 0), EFAULT);
	assert_fails(inet_send(p[0], b, (size_t)-1, 0), EINVAL);
	assert_fails(inet_recv(p[0], NULL, 1, 0), EFAULT);
}

/* @attack P5: a vector whose parts overlap is read as it is. */
static void overlapping_vector_gathers_and_scatters(void **state)
{
	char b[8] = "abcd", r[8] = { 0 };
	struct iovec out[] = { { b, 4 }, { b + 1, 2 } };
	struct iovec in[] = { { r, 3 }, { r + 1, 3 } };
	struct msghdr m = { .msg_iov = out, .msg_iovlen = 2 };

	(void)state;
	assert_int_equal(inet_sendmsg(p[0], &m, 0), 6);
	m.msg_iov = in;
	assert_int_equal(inet_recvmsg(p[1], &m, 0), 6);
	assert_memory_equal(r, "adbc", 4);
}

static void received_message_says_where_from(void **state)
{
	struct sockaddr_fake from = { 0, 0 };
	char b[8];
	struct iovec v = { b, 8 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_name = &from,
			    .msg_namelen = sizeof(from) };
	socklen_t l = sizeof(from);
	u16 num = fake_sk(p[0]->sk)->num;

	(void)state;
	inet_send(p[0], "a", 1, 0);
	inet_send(p[0], "b", 1, 0);
	assert_int_equal(inet_recvmsg(p[1], &m, 0), 1);
	assert_int_equal(from.num, num);
	assert_int_equal(m.msg_namelen, sizeof(from));
	assert_int_equal(m.msg_flags, 0);
	from.num = 0;
	assert_int_equal(inet_recvfrom(p[1], b, 8, 0, (struct sockaddr *)&from,
				       &l), 1);
	assert_int_equal(from.num, num);
	inet_send(p[0], "c", 1, 0);
	assert_fails(inet_recvfrom(p[1], b, 8, 0, (struct sockaddr *)&from,
				   NULL), EFAULT);
}

static void send_to_address_and_without(void **state)
{
	struct sockaddr_fake to = { PF_FAKE, fake_sk(p[1]->sk)->num };
	struct socket *s = fake_socket(*state, SOCK_DGRAM, 0);
	struct iovec v = { "xy", 2 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_name = &to,
			    .msg_namelen = sizeof(to) };
	char b[8];

	assert_fails(inet_send(s, "a", 1, 0), EDESTADDRREQ);
	assert_int_equal(inet_sendto(s, "a", 1, 0, (struct sockaddr *)&to,
				     sizeof(to)), 1);
	assert_int_equal(inet_sendmsg(s, &m, 0), 2);
	assert_int_equal(inet_recv(p[1], b, 8, 0), 1);
	assert_int_equal(inet_recv(p[1], b, 8, 0), 2);
	to.num = 9;
	assert_fails(inet_sendmsg(s, &m, 0), ECONNREFUSED);
	inet_close(s);
}

static void calls_that_do_not_fit_the_type_eopnotsupp(void **state)
{
	(void)state;
	assert_fails(inet_listen(p[0], 1), EOPNOTSUPP);
	assert_null(inet_accept(p[0], NULL, NULL));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_null(inet_accept4(p[0], NULL, NULL, 0x1));
	assert_int_equal(errno, EINVAL);
}

static void ioctls_answer(void **state)
{
	int n = -1;

	(void)state;
	assert_int_equal(inet_ioctl(p[1], FIONREAD, &n), 0);
	assert_int_equal(n, 0);
	inet_send(p[0], "abc", 3, 0);
	inet_send(p[0], "abcde", 5, 0);
	assert_int_equal(inet_ioctl(p[1], FIONREAD, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(inet_ioctl(p[1], TIOCOUTQ, &n), 0);
	assert_int_equal(n, 0);
	assert_fails(inet_ioctl(p[1], 0x1234, &n), ENOTTY);
	assert_fails(inet_ioctl(p[1], FIONREAD, NULL), EFAULT);
}

static void listen_backlog_cut_to_somaxconn(void **state)
{
	struct net *net = *state;
	struct socket *l = fake_socket(net, SOCK_STREAM, 0);

	net->sysctl_somaxconn = 10;
	assert_int_equal(inet_listen(l, 5), 0);
	assert_int_equal(l->sk->sk_max_ack_backlog, 5);
	inet_listen(l, 1000);
	assert_int_equal(l->sk->sk_max_ack_backlog, 10);
	inet_listen(l, -1);
	assert_int_equal(l->sk->sk_max_ack_backlog, 10);
	inet_close(l);
}

static void accepted_socket_takes_flags_and_tells_peer(void **state)
{
	struct socket *l = fake_socket(*state, SOCK_STREAM, 600), *c, *a;
	struct sockaddr_fake from = { 0, 0 };
	socklen_t n = sizeof(from);

	inet_set_nonblock(l, true);
	inet_listen(l, 5);
	assert_null(inet_accept(l, NULL, NULL));
	assert_int_equal(errno, EAGAIN);
	c = fake_socket(*state, SOCK_STREAM, 601);
	fake_connect(c, 600);
	a = inet_accept4(l, (struct sockaddr *)&from, &n, SOCK_NONBLOCK);
	assert_non_null(a);
	assert_true(a->nonblock);
	assert_int_equal(a->type, SOCK_STREAM);
	assert_int_equal(from.num, 601);
	inet_close(a);
	inet_close(l);
	inet_close(c);
}

static void accept_without_memory_leaves_the_child(void **state)
{
	struct net *net = *state;
	struct socket *l = fake_socket(net, SOCK_STREAM, 600), *c, *a;

	inet_listen(l, 5);
	c = fake_socket(net, SOCK_STREAM, 0);
	fake_connect(c, 600);
	mem_fail_nth(&net->mem, 1);
	assert_null(inet_accept(l, NULL, NULL));
	assert_int_equal(errno, ENOMEM);
	mem_fail_nth(&net->mem, 0);
	a = inet_accept(l, NULL, NULL);
	assert_non_null(a);
	inet_close(a);
	inet_close(l);
	inet_close(c);
}

/* ---- many at once ----------------------------------------------------- */

static void mmsg_sends_and_receives_many(void **state)
{
	struct mmsghdr out[5], in[8];
	struct iovec vo[5], vi[8];
	char bo[5] = "abcde", bi[8][4];

	(void)state;
	memset(out, 0, sizeof(out));
	memset(in, 0, sizeof(in));
	for (int i = 0; i < 5; i++) {
		vo[i] = (struct iovec){ bo, (size_t)i + 1 };
		out[i].msg_hdr.msg_iov = &vo[i];
		out[i].msg_hdr.msg_iovlen = 1;
	}
	for (int i = 0; i < 8; i++) {
		vi[i] = (struct iovec){ bi[i], 4 };
		in[i].msg_hdr.msg_iov = &vi[i];
		in[i].msg_hdr.msg_iovlen = 1;
	}
	assert_int_equal(inet_sendmmsg(p[0], out, 5, 0), 5);
	assert_int_equal(out[4].msg_len, 5);
	assert_int_equal(inet_recvmmsg(p[1], in, 8, 0, NULL), 5);
	assert_int_equal(in[2].msg_len, 3);
	assert_memory_equal(bi[2], "abc", 3);
	assert_int_equal(in[4].msg_len, 4);
	assert_true(in[4].msg_hdr.msg_flags & MSG_TRUNC);
	assert_fails(inet_recvmmsg(p[1], in, 8, 0, NULL), EAGAIN);
	assert_fails(inet_sendmmsg(p[0], NULL, 1, 0), EFAULT);
	assert_fails(inet_recvmmsg(p[0], NULL, 1, 0, NULL), EFAULT);
	assert_int_equal(inet_sendmmsg(p[0], out, 0, 0), 0);
}

static void mmsg_stops_at_the_bad_one(void **state)
{
	struct mmsghdr out[3];
	struct iovec v = { "a", 1 };

	(void)state;
	memset(out, 0, sizeof(out));
	for (int i = 0; i < 3; i++) {
		out[i].msg_hdr.msg_iov = &v;
		out[i].msg_hdr.msg_iovlen = 1;
	}
	out[1].msg_hdr.msg_iovlen = 5000;
	assert_int_equal(inet_sendmmsg(p[0], out, 3, 0), 1);
	assert_fails(inet_sendmmsg(p[0], out + 1, 2, 0), EMSGSIZE);
}

static void recvmmsg_error_in_the_middle_told_next_time(void **state)
{
	struct mmsghdr in[3];
	struct iovec v[3];
	char b[4];

	(void)state;
	memset(in, 0, sizeof(in));
	for (int i = 0; i < 3; i++) {
		v[i] = (struct iovec){ b, 4 };
		in[i].msg_hdr.msg_iov = &v[i];
		in[i].msg_hdr.msg_iovlen = 1;
	}
	in[1].msg_hdr.msg_iovlen = 5000;
	inet_send(p[0], "a", 1, 0);
	inet_send(p[0], "b", 1, 0);
	assert_int_equal(inet_recvmmsg(p[1], in, 3, 0, NULL), 1);
	assert_fails(inet_recv(p[1], b, 4, 0), EMSGSIZE);
	assert_int_equal(inet_recv(p[1], b, 4, 0), 1);
}

static void recvmmsg_timeout_checked(void **state)
{
	struct timespec ts = { 0, 1000000000 };
	struct mmsghdr in[2];
	struct iovec v[2];
	char b[4];

	memset(in, 0, sizeof(in));
	for (int i = 0; i < 2; i++) {
		v[i] = (struct iovec){ b, 4 };
		in[i].msg_hdr.msg_iov = &v[i];
		in[i].msg_hdr.msg_iovlen = 1;
	}
	assert_fails(inet_recvmmsg(p[1], in, 2, 0, &ts), EINVAL);
	ts = (struct timespec){ -1, 0 };
	assert_fails(inet_recvmmsg(p[1], in, 2, 0, &ts), EINVAL);
	inet_send(p[0], "a", 1, 0);
	inet_send(p[0], "b", 1, 0);
	ts = (struct timespec){ 0, 0 };
	assert_int_equal(inet_recvmmsg(p[1], in, 2, 0, &ts), 1);
	ts = (struct timespec){ 5, 5 };
	assert_int_equal(inet_recvmmsg(p[1], in, 2, 0, &ts), 1);
	assert_int_equal(ts.tv_sec, 5);
	(void)state;
}

/* ---- the end ---------------------------------------------------------- */

static void stack_destroyed_closes_what_is_open(void **state)
{
	struct socket *l = fake_socket(*state, SOCK_STREAM, 700), *c[3];

	inet_listen(l, 5);
	for (int i = 0; i < 3; i++) {
		c[i] = fake_socket(*state, SOCK_STREAM, 0);
		fake_connect(c[i], 700);
		inet_send(c[i], "data", 4, 0);
	}
	assert_non_null(inet_accept(l, NULL, NULL));
	fake_inject(p[0], 100, 1);
	p[0] = p[1] = NULL;
}

static void closed_socket_still_used_by_a_call_is_ebadf(void **state)
{
	struct socket *s = fake_socket(*state, SOCK_DGRAM, 0);
	char b;

	sock_user_get(s);	/* a call that is inside */
	assert_int_equal(inet_close(s), 0);
	assert_fails(inet_recv(s, &b, 1, 0), EBADF);
	assert_fails(inet_close(s), EBADF);
	sock_user_put(s);
}

/* ---- roads ------------------------------------------------------------ */

static void socket_goes_the_road_of_linux(void **state)
{
	static const char *const road[] = { "inet_socket", "sock_create",
					    "__sock_create", "sock_alloc",
					    "sk_alloc", NULL };
	struct net *net = *state;

	assert_int_equal(inet_trace_start(net, 1000), 0);
	inet_close(fake_socket(net, SOCK_DGRAM, 0));
	inet_trace_stop(net);
	road_assert_order(net, road);
}

/* The three send calls meet in one function, the three receive calls in
 * another. */
static void three_calls_meet_in_one(void **state)
{
	static const char *const send[] = { "inet_send", "inet_sendto",
					    "inet_sendmsg" };
	static const char *const recv[] = { "inet_recv", "inet_recvfrom",
					    "inet_recvmsg" };
	struct net *net = *state;
	char b[4];
	struct iovec v = { b, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	for (int i = 0; i < 3; i++) {
		assert_int_equal(inet_trace_start(net, 1000), 0);
		b[0] = 'a';
		if (i == 0)
			inet_send(p[0], b, 1, 0);
		else if (i == 1)
			inet_sendto(p[0], b, 1, 0, NULL, 0);
		else
			inet_sendmsg(p[0], &m, 0);
		if (i == 0)
			inet_recv(p[1], b, 1, 0);
		else if (i == 1)
			inet_recvfrom(p[1], b, 1, 0, NULL, NULL);
		else
			inet_recvmsg(p[1], &m, 0);
		inet_trace_stop(net);
		road_assert_order(net, (const char *const[]){ send[i],
			    "__sock_sendmsg", recv[i], "sock_recvmsg", NULL });
	}
}

#define B(t) cmocka_unit_test_setup_teardown(t, open_bare, close_bare)
#define T(t) cmocka_unit_test_setup_teardown(t, open_dgram, close_net)

int main(void)
{
	const struct CMUnitTest tests[] = {
		B(unknown_family_refused_until_registered),
		B(family_of_one_stack_unknown_to_another),
		B(family_number_out_of_range_refused),
		T(socket_arguments_checked_in_linux_order),
		T(nonblock_by_type_call_and_ioctl),
		T(null_socket_is_ebadf_everywhere),
		T(addresses_that_lie_refused),
		T(name_cut_to_the_room_and_true_length_told),
		T(unaligned_address_understood),
		T(messages_that_lie_refused),
		T(overlapping_vector_gathers_and_scatters),
		T(received_message_says_where_from),
		T(send_to_address_and_without),
		T(calls_that_do_not_fit_the_type_eopnotsupp),
		T(ioctls_answer),
		T(listen_backlog_cut_to_somaxconn),
		T(accepted_socket_takes_flags_and_tells_peer),
		T(accept_without_memory_leaves_the_child),
		T(mmsg_sends_and_receives_many),
		T(mmsg_stops_at_the_bad_one),
		T(recvmmsg_error_in_the_middle_told_next_time),
		T(recvmmsg_timeout_checked),
		T(stack_destroyed_closes_what_is_open),
		T(closed_socket_still_used_by_a_call_is_ebadf),
		T(socket_goes_the_road_of_linux),
		T(three_calls_meet_in_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
