/* SPDX-License-Identifier: BSD-2-Clause */
/* Socket options of SOL_SOCKET: what each does. test_sockopt_linux.c compares
 * the answers with the host's. */
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>

#include "core/net.h"
#include "core/sockopt.h"
#include "corenet.h"
#include "fakefam.h"

static struct socket *s;

static int open_dgram(void **state)
{
	*state = fake_open(INET_SIMULATED, 0);
	s = fake_socket(*state, SOCK_DGRAM, 0);
	return 0;
}

static int open_stream(void **state)
{
	*state = fake_open(INET_SIMULATED, 0);
	s = fake_socket(*state, SOCK_STREAM, 0);
	return 0;
}

static int open_with_lo(void **state)
{
	*state = corenet_open_cfg(&(struct corenet_config){
		.mode = INET_SIMULATED, .with_lo = true });
	assert_int_equal(sock_register(*state, &fake_family), 0);
	s = fake_socket(*state, SOCK_DGRAM, 0);
	return 0;
}

static int close_net(void **state)
{
	inet_close(s);
	fake_close(*state);
	return 0;
}

static int set(int opt, int val)
{
	return inet_setsockopt(s, SOL_SOCKET, opt, &val, sizeof(val)) ?
		       -errno : 0;
}

static int get(int opt)
{
	int v = -77;
	socklen_t l = sizeof(v);

	if (inet_getsockopt(s, SOL_SOCKET, opt, &v, &l))
		return -errno;
	assert_int_equal(l, sizeof(v));
	return v;
}

/* ---- what they do ----------------------------------------------------- */

static void what_the_socket_is_can_be_read_only(void **state)
{
	static const int opts[] = { SO_TYPE, SO_PROTOCOL, SO_DOMAIN, SO_ERROR,
				    SO_ACCEPTCONN, SO_SNDLOWAT, SO_COOKIE,
				    SO_MEMINFO, SO_INCOMING_CPU };

	(void)state;
	assert_int_equal(get(SO_TYPE), SOCK_DGRAM);
	assert_int_equal(get(SO_DOMAIN), PF_FAKE);
	assert_int_equal(get(SO_PROTOCOL), 0);
	assert_int_equal(get(SO_ACCEPTCONN), 0);
	assert_int_equal(get(SO_SNDLOWAT), 1);
	assert_int_equal(get(SO_INCOMING_CPU), -1);
	for (size_t i = 0; i < ARRAY_SIZE(opts); i++)
		assert_int_equal(set(opts[i], 1), -ENOPROTOOPT);
}

static void flags_are_0_or_1(void **state)
{
	static const int opts[] = { SO_REUSEADDR, SO_REUSEPORT, SO_BROADCAST,
				    SO_DONTROUTE, SO_KEEPALIVE, SO_OOBINLINE,
				    SO_NO_CHECK, SO_RXQ_OVFL, SO_TIMESTAMP,
				    SO_TIMESTAMPNS };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(opts); i++) {
		assert_int_equal(get(opts[i]), 0);
		assert_int_equal(set(opts[i], 4711), 0);
		assert_int_equal(get(opts[i]), 1);
		assert_int_equal(set(opts[i], 0), 0);
		assert_int_equal(get(opts[i]), 0);
		assert_int_equal(set(opts[i], -1), 0);
		assert_int_equal(get(opts[i]), 1);
		set(opts[i], 0);
	}
}

static void flags_reach_the_sock(void **state)
{
	struct sock *sk = s->sk;

	(void)state;
	set(SO_REUSEADDR, 1);
	set(SO_REUSEPORT, 1);
	set(SO_NO_CHECK, 1);
	set(SO_BROADCAST, 1);
	set(SO_OOBINLINE, 1);
	set(SO_DONTROUTE, 1);
	set(SO_KEEPALIVE, 1);
	assert_true(sk->sk_reuse && sk->sk_reuseport && sk->sk_no_check_tx);
	assert_true(sock_flag(sk, SOCK_BROADCAST));
	assert_true(sock_flag(sk, SOCK_URGINLINE));
	assert_true(sock_flag(sk, SOCK_LOCALROUTE));
	assert_true(sock_flag(sk, SOCK_KEEPOPEN));
}

static void error_read_once(void **state)
{
	(void)state;
	s->sk->sk_err = ECONNRESET;
	s->sk->sk_err_soft = EHOSTUNREACH;
	assert_int_equal(get(SO_ERROR), ECONNRESET);
	assert_int_equal(get(SO_ERROR), EHOSTUNREACH);
	assert_int_equal(get(SO_ERROR), 0);
}

static void listening_stream_accepts_conn(void **state)
{
	(void)state;
	assert_int_equal(get(SO_ACCEPTCONN), 0);
	inet_listen(s, 1);
	assert_int_equal(get(SO_ACCEPTCONN), 1);
}

static void buffers_doubled_and_kept_in_their_limits(void **state)
{
	struct net *net = *state;

	assert_int_equal(set(SO_RCVBUF, 10000), 0);
	assert_int_equal(get(SO_RCVBUF), 20000);
	set(SO_RCVBUF, 0);
	assert_int_equal(get(SO_RCVBUF), SOCK_MIN_RCVBUF);
	set(SO_RCVBUF, INT_MAX);
	assert_int_equal(get(SO_RCVBUF), 2 * net->sysctl_rmem_max);
	set(SO_RCVBUF, -1);
	assert_int_equal(get(SO_RCVBUF), 2 * net->sysctl_rmem_max);
	set(SO_SNDBUF, 1);
	assert_int_equal(get(SO_SNDBUF), SOCK_MIN_SNDBUF);
	set(SO_SNDBUF, INT_MAX);
	assert_int_equal(get(SO_SNDBUF), 2 * net->sysctl_wmem_max);
	assert_int_equal(s->sk->sk_userlocks,
			 SOCK_RCVBUF_LOCK | SOCK_SNDBUF_LOCK);
}

static void forced_buffers_go_beyond_the_limit(void **state)
{
	(void)state;
	assert_int_equal(set(SO_RCVBUFFORCE, 100000000), 0);
	assert_int_equal(get(SO_RCVBUF), 200000000);
	assert_int_equal(set(SO_SNDBUFFORCE, INT_MAX), 0);
	assert_int_equal(get(SO_SNDBUF), INT_MAX - 1);
	assert_int_equal(set(SO_SNDBUFFORCE, -5), 0);
	assert_int_equal(get(SO_SNDBUF), SOCK_MIN_SNDBUF);
	assert_int_equal(get(SO_RCVBUFFORCE), -ENOPROTOOPT);
	assert_int_equal(get(SO_SNDBUFFORCE), -ENOPROTOOPT);
}

static void greater_send_buffer_wakes_the_writer(void **state)
{
	char b[1000] = { 0 };
	struct inet_pollfd f = { s, POLLOUT, 0 };

	(void)state;
	set(SO_SNDBUF, 5000);
	fake_sk(s->sk)->hold = true;
	fake_connect(s, 1);
	while (inet_send(s, b, sizeof(b), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(inet_poll(&f, 1, 0), 0);
	set(SO_SNDBUF, 100000);
	assert_int_equal(inet_poll(&f, 1, 0), 1);
}

/* @attack P6 */
static void receive_low_water_mark_bounded(void **state)
{
	struct net *net = *state;

	assert_int_equal(get(SO_RCVLOWAT), 1);
	set(SO_RCVLOWAT, 0);
	assert_int_equal(get(SO_RCVLOWAT), 1);
	set(SO_RCVLOWAT, -3);
	assert_int_equal(get(SO_RCVLOWAT), INT_MAX);
	/* TCP never waits for more than it can hold */
	s->sk->sk_mem_id = PROTO_MEM_TCP;
	net->ipv4.sysctl_tcp_rmem[2] = 6291456;
	set(SO_RCVLOWAT, INT_MAX);
	assert_int_equal(get(SO_RCVLOWAT), 6291456 / 2);
	assert_true(get(SO_RCVBUF) >= 6291456);
	set(SO_RCVBUF, 50000);
	set(SO_RCVLOWAT, INT_MAX);
	assert_int_equal(get(SO_RCVLOWAT), 50000);
	s->sk->sk_mem_id = PROTO_MEM_RAW;
}

static void timeouts_in_and_out(void **state)
{
	static const int opts[] = { SO_RCVTIMEO, SO_SNDTIMEO };
	struct timeval tv;
	socklen_t l;

	(void)state;
	for (int i = 0; i < 2; i++) {
		l = sizeof(tv);
		inet_getsockopt(s, SOL_SOCKET, opts[i], &tv, &l);
		assert_int_equal(tv.tv_sec | tv.tv_usec, 0);
		tv = (struct timeval){ 3, 250000 };
		assert_int_equal(inet_setsockopt(s, SOL_SOCKET, opts[i], &tv,
						 sizeof(tv)), 0);
		tv = (struct timeval){ 0, 0 };
		inet_getsockopt(s, SOL_SOCKET, opts[i], &tv, &l);
		assert_int_equal(tv.tv_sec, 3);
		assert_int_equal(tv.tv_usec, 250000);
	}
	assert_int_equal(s->sk->sk_rcvtimeo_ns, 3250000000LL);
	tv = (struct timeval){ 1, 1000000 };
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv,
					 sizeof(tv)), -1);
	assert_int_equal(errno, EDOM);
	tv = (struct timeval){ -1, 0 };
	inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	assert_int_equal(s->sk->sk_rcvtimeo_ns, 0);
	tv = (struct timeval){ INT64_MAX, 0 };
	inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	assert_int_equal(s->sk->sk_rcvtimeo_ns, -1);
}

static void linger_in_and_out(void **state)
{
	struct linger l = { 1, 7 };
	socklen_t len = sizeof(l);

	(void)state;
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_LINGER, &l,
					 sizeof(l)), 0);
	l = (struct linger){ 0, 0 };
	inet_getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &len);
	assert_int_equal(l.l_onoff, 1);
	assert_int_equal(l.l_linger, 7);
	l = (struct linger){ 0, 99 };
	inet_setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	assert_false(sock_flag(s->sk, SOCK_LINGER));
	inet_getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &len);
	assert_int_equal(l.l_onoff, 0);
	assert_int_equal(l.l_linger, 7);
}

static void one_kind_of_timestamp_at_a_time(void **state)
{
	(void)state;
	set(SO_TIMESTAMP, 1);
	set(SO_TIMESTAMPNS, 1);
	assert_int_equal(get(SO_TIMESTAMP), 0);
	assert_int_equal(get(SO_TIMESTAMPNS), 1);
	set(SO_TIMESTAMP, 0);
	assert_int_equal(get(SO_TIMESTAMPNS), 0);
}

static void cookies_are_unique_and_stay(void **state)
{
	struct socket *t = fake_socket(*state, SOCK_DGRAM, 0);
	u64 a = 0, b = 0, c = 0;
	socklen_t l = sizeof(a);

	inet_getsockopt(s, SOL_SOCKET, SO_COOKIE, &a, &l);
	inet_getsockopt(t, SOL_SOCKET, SO_COOKIE, &b, &l);
	inet_getsockopt(s, SOL_SOCKET, SO_COOKIE, &c, &l);
	assert_true(a && b && a != b && a == c);
	l = 7;
	assert_int_equal(inet_getsockopt(s, SOL_SOCKET, SO_COOKIE, &a, &l), -1);
	assert_int_equal(errno, EINVAL);
	inet_close(t);
}

static void meminfo_counts(void **state)
{
	u32 info[9];
	socklen_t l = sizeof(info);

	(void)state;
	fake_inject(s, 500, 1);
	inet_getsockopt(s, SOL_SOCKET, SO_MEMINFO, info, &l);
	assert_int_equal(l, sizeof(info));
	assert_true(info[0] > 500);
	assert_int_equal(info[1], get(SO_RCVBUF));
	assert_int_equal(info[3], get(SO_SNDBUF));
	assert_int_equal(info[8], 0);
}

static void device_bound_by_name_and_number(void **state)
{
	char name[IFNAMSIZ] = { 0 };
	socklen_t l = sizeof(name);
	int lo = ((struct net *)*state)->loopback_dev->ifindex;

	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "lo",
					 2), 0);
	assert_int_equal(get(SO_BINDTOIFINDEX), lo);
	assert_int_equal(inet_getsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, name,
					 &l), 0);
	assert_int_equal(l, 3);
	assert_string_equal(name, "lo");
	l = 15;
	assert_int_equal(inet_getsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, name,
					 &l), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE,
					 "nosuch", 7), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(get(SO_BINDTOIFINDEX), lo);
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, "",
					 0), 0);
	assert_int_equal(get(SO_BINDTOIFINDEX), 0);
	l = 15;
	assert_int_equal(inet_getsockopt(s, SOL_SOCKET, SO_BINDTODEVICE, name,
					 &l), 0);
	assert_int_equal(l, 0);
	assert_int_equal(set(SO_BINDTOIFINDEX, lo), 0);
	assert_int_equal(set(SO_BINDTOIFINDEX, -1), -EINVAL);
}

static void priority_and_mark_any_value(void **state)
{
	(void)state;
	assert_int_equal(set(SO_PRIORITY, 6), 0);
	assert_int_equal(get(SO_PRIORITY), 6);
	assert_int_equal(set(SO_MARK, -2), 0);
	assert_int_equal(get(SO_MARK), -2);
	assert_int_equal(s->sk->sk_mark, 0xfffffffe);
}

static void what_is_not_built_says_so(void **state)
{
	static const int opts[] = { SO_DEBUG, SO_BSDCOMPAT, SO_PASSCRED,
				    SO_PEEK_OFF,
				    SO_ATTACH_FILTER, 9999, -1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(opts); i++) {
		assert_int_equal(set(opts[i], 1), -ENOPROTOOPT);
		assert_int_equal(get(opts[i]), -ENOPROTOOPT);
	}
}

static void pointers_that_lie_refused(void **state)
{
	int v = 1;
	socklen_t l = 4;

	(void)state;
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, NULL, 4),
			 -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_LINGER, NULL, 8),
			 -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(inet_getsockopt(s, SOL_SOCKET, SO_TYPE, &v, NULL), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(inet_getsockopt(s, SOL_SOCKET, SO_TYPE, NULL, &l), -1);
	assert_int_equal(errno, EFAULT);
	l = 0;
	assert_int_equal(inet_getsockopt(s, SOL_SOCKET, SO_TYPE, NULL, &l), 0);
}

static void rows_are_complete_and_unique(void **state)
{
	(void)state;
	for (u32 i = 0; i < nr_sock_options; i++) {
		const struct sockopt_row *r = &sock_options[i];

		assert_int_equal(r->level, SOL_SOCKET);
		assert_true(r->set || r->get || r->set_bytes || r->get_bytes);
		for (u32 k = 0; k < i; k++)
			assert_true(sock_options[k].optname != r->optname);
	}
}

#define T(t) cmocka_unit_test_setup_teardown(t, open_dgram, close_net)
#define S(t) cmocka_unit_test_setup_teardown(t, open_stream, close_net)
#define L(t) cmocka_unit_test_setup_teardown(t, open_with_lo, close_net)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_the_socket_is_can_be_read_only),
		T(flags_are_0_or_1),
		T(flags_reach_the_sock),
		T(error_read_once),
		S(listening_stream_accepts_conn),
		T(buffers_doubled_and_kept_in_their_limits),
		T(forced_buffers_go_beyond_the_limit),
		T(greater_send_buffer_wakes_the_writer),
		S(receive_low_water_mark_bounded),
		T(timeouts_in_and_out),
		T(linger_in_and_out),
		T(one_kind_of_timestamp_at_a_time),
		T(cookies_are_unique_and_stay),
		T(meminfo_counts),
		L(device_bound_by_name_and_number),
		T(priority_and_mark_any_value),
		T(what_is_not_built_says_so),
		T(pointers_that_lie_refused),
		T(rows_are_complete_and_unique),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
