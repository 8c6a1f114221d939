/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of a threaded stack, from many threads at once: closed while others
 * are inside, read by two, told by callback and descriptor. Meant to run
 * under ThreadSanitizer too.
 */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <time.h>

#include "core/net.h"
#include "fakefam.h"
#include "storm.h"

static int open_net(void **state)
{
	*state = fake_open(INET_THREADED, 2);
	return 0;
}

static int close_net(void **state)
{
	fake_close(*state);
	return 0;
}

static void pause_ms(int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

/* ---- closed while somebody waits -------------------------------------- */

enum { CALL_RECV, CALL_ACCEPT, CALL_POLL, CALL_SEND, CALL_RECV_STREAM,
       NR_CALLS };

struct blocked {
	pthread_t thread;
	struct socket *sock;
	int call, ret, err;
	short revents;
	u32 inside;
};

static void *block(void *arg)
{
	struct blocked *b = arg;
	struct inet_pollfd f = { b->sock, POLLIN, 0 };
	char buf[100] = { 0 };

	__atomic_store_n(&b->inside, 1, __ATOMIC_RELEASE);
	errno = 0;
	switch (b->call) {
	case CALL_RECV:
	case CALL_RECV_STREAM:
		b->ret = (int)inet_recv(b->sock, buf, sizeof(buf), 0);
		break;
	case CALL_ACCEPT:
		b->ret = inet_accept(b->sock, NULL, NULL) ? 0 : -1;
		break;
	case CALL_POLL:
		b->ret = inet_poll(&f, 1, -1);
		b->revents = f.revents;
		break;
	case CALL_SEND:
		do
			b->ret = (int)inet_send(b->sock, buf, 100, 0);
		while (b->ret > 0);
		break;
	}
	b->err = errno;
	return NULL;
}

static void start_blocked(struct blocked *b, struct socket *s, int call)
{
	*b = (struct blocked){ .sock = s, .call = call };
	assert_int_equal(pthread_create(&b->thread, NULL, block, b), 0);
	while (!__atomic_load_n(&b->inside, __ATOMIC_ACQUIRE))
		pause_ms(1);
	pause_ms(10);
}

static void assert_left(struct blocked *b, int err)
{
	pthread_join(b->thread, NULL);
	if (b->call == CALL_POLL && err == EBADF) {
		assert_int_equal(b->ret, 1);
		assert_int_equal(b->revents, POLLNVAL);
	} else {
		assert_int_equal(b->ret, -1);
		assert_int_equal(b->err, err);
	}
}

static struct socket *socket_to_block_on(struct net *net, int call,
					 struct socket **other)
{
	struct socket *p[2];
	int v = 5000;

	*other = NULL;
	if (call == CALL_ACCEPT) {
		p[0] = fake_socket(net, SOCK_STREAM, 0);
		inet_listen(p[0], 1);
		return p[0];
	}
	fake_pair(net, call == CALL_RECV_STREAM ? SOCK_STREAM : SOCK_DGRAM, p);
	if (call == CALL_SEND) {
		fake_sk(p[0]->sk)->hold = true;
		inet_setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof(v));
	}
	*other = p[1];
	return p[0];
}

/* @attack P4 */
static void blocked_call_closed_from_outside_gets_ebadf(void **state)
{
	struct socket *s, *other;
	struct blocked b[3];

	for (int call = 0; call < NR_CALLS; call++) {
		s = socket_to_block_on(*state, call, &other);
		for (int i = 0; i < 3; i++)
			start_blocked(&b[i], s, call);
		assert_int_equal(inet_close(s), 0);
		for (int i = 0; i < 3; i++)
			assert_left(&b[i], EBADF);
		if (other)
			inet_close(other);
	}
}

static void blocked_call_in_stopped_stack_gets_eshutdown(void **state)
{
	struct net *net = *state;
	struct socket *s[NR_CALLS], *other[NR_CALLS];
	struct blocked b[NR_CALLS];
	char c;

	for (int call = 0; call < NR_CALLS; call++) {
		s[call] = socket_to_block_on(net, call, &other[call]);
		start_blocked(&b[call], s[call], call);
	}
	net_stop(net);
	sock_net_wake(net);
	for (int call = 0; call < NR_CALLS; call++)
		assert_left(&b[call], ESHUTDOWN);
	assert_int_equal(inet_recv(s[CALL_RECV], &c, 1, 0), -1);
	assert_int_equal(errno, ESHUTDOWN);
	for (int call = 0; call < NR_CALLS; call++) {
		inet_close(s[call]);
		if (other[call])
			inet_close(other[call]);
	}
}

static void blocked_call_with_timeout_ends_in_time(void **state)
{
	struct socket *s = fake_socket(*state, SOCK_DGRAM, 0);
	struct timeval tv = { 0, 20000 };
	u64 t0 = net_now(*state), dt;
	char c;

	inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	assert_int_equal(inet_recv(s, &c, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	dt = net_now(*state) - t0;
	assert_true(dt >= 20000000 && dt < 5000000000);
	inet_close(s);
}

/* ---- storms ----------------------------------------------------------- */

static void storm_address(int id, bool peer, struct sockaddr_storage *to,
			  socklen_t *len)
{
	struct sockaddr_fake a = { PF_FAKE, (u16)(2000 + id) };

	(void)peer;
	memcpy(to, &a, sizeof(a));
	*len = sizeof(a);
}

/* Others connect to the ports of the storm meanwhile. */
static void storm_beside(void *arg, int id, int i)
{
	struct socket *mine;

	if (!(id & 1) || i & 3)
		return;
	mine = fake_socket(arg, SOCK_STREAM, 0);
	inet_set_nonblock(mine, true);
	fake_connect(mine, (u16)(2000 + (i & 7)));
	inet_close(mine);
}

/* @attack P4: eight threads on one socket, one of which closes it. */
static void storm_of_all_calls_on_one_socket_survives(void **state)
{
	struct net *net = *state;
	struct storm st = { .address = storm_address, .beside = storm_beside,
			    .arg = net, .passive = true };

	for (int round = 0; round < 20; round++)
		storm_round(&st, fake_socket(net, round & 1 ? SOCK_STREAM :
							      SOCK_DGRAM, 2000));
	rcu_barrier(&net->rcu);
	rcu_barrier(&net->rcu);
	assert_int_equal(net->nr_socks, 0);
}

/* ---- data ------------------------------------------------------------- */

#define NR_MESSAGES 4000

struct flow {
	struct socket *tx, *rx;
	u8 seen[NR_MESSAGES];
	u32 nr_seen;
	u64 sum;
};

static void *flow_send(void *arg)
{
	struct flow *f = arg;
	struct inet_pollfd p = { f->tx, POLLOUT, 0 };

	for (u32 i = 0; i < NR_MESSAGES; i++) {
		/* not more than the reader can hold */
		while (i - __atomic_load_n(&f->nr_seen, __ATOMIC_RELAXED) > 50)
			inet_poll(&p, 1, 0);
		if (inet_send(f->tx, &i, sizeof(i), 0) != sizeof(i))
			break;
	}
	return NULL;
}

static void *flow_recv(void *arg)
{
	struct flow *f = arg;
	u32 i;

	while (inet_recv(f->rx, &i, sizeof(i), 0) == sizeof(i)) {
		if (i < NR_MESSAGES)
			__atomic_fetch_add(&f->seen[i], 1, __ATOMIC_RELAXED);
		if (__atomic_add_fetch(&f->nr_seen, 1, __ATOMIC_RELAXED) ==
		    NR_MESSAGES)
			break;
	}
	return NULL;
}

static void two_readers_get_each_datagram_once(void **state)
{
	static struct flow f;
	struct socket *p[2];
	pthread_t tx, rx[2];

	memset(&f, 0, sizeof(f));
	fake_pair(*state, SOCK_DGRAM, p);
	f.tx = p[0];
	f.rx = p[1];
	for (int i = 0; i < 2; i++)
		pthread_create(&rx[i], NULL, flow_recv, &f);
	pthread_create(&tx, NULL, flow_send, &f);
	pthread_join(tx, NULL);
	while (__atomic_load_n(&f.nr_seen, __ATOMIC_RELAXED) < NR_MESSAGES)
		pause_ms(1);
	inet_close(p[1]);	/* the slower one of the two still waits */
	for (int i = 0; i < 2; i++)
		pthread_join(rx[i], NULL);
	for (int i = 0; i < NR_MESSAGES; i++)
		assert_int_equal(f.seen[i], 1);
	inet_close(p[0]);
}

static void *stream_send(void *arg)
{
	struct flow *f = arg;

	for (u32 i = 0; i < NR_MESSAGES; i++)
		while (inet_send(f->tx, &i, sizeof(i), 0) != sizeof(i))
			;
	return NULL;
}

/* The sender finds the reader inside again and again: backlog. */
static void stream_through_the_backlog_keeps_order(void **state)
{
	static struct flow f;
	struct net *net = *state;
	struct socket *p[2];
	pthread_t tx;
	u32 v, out_of_order = 0;

	memset(&f, 0, sizeof(f));
	for (int i = 0; i < 3; i++)
		net->ipv4.sysctl_tcp_mem[i] = 100000;
	fake_pair(net, SOCK_STREAM, p);
	p[1]->sk->sk_mem_id = PROTO_MEM_TCP;
	f.tx = p[0];
	pthread_create(&tx, NULL, stream_send, &f);
	for (u32 i = 0; i < NR_MESSAGES; i++) {
		if (inet_recv(p[1], &v, sizeof(v), 0) != sizeof(v) || v != i)
			out_of_order++;
	}
	pthread_join(tx, NULL);
	assert_int_equal(out_of_order, 0);
	inet_close(p[0]);
	inet_close(p[1]);
	rcu_barrier(&net->rcu);
	rcu_barrier(&net->rcu);
	assert_int_equal(net->proto_mem[PROTO_MEM_TCP], 0);
}

/* ---- told ------------------------------------------------------------- */

struct told {
	struct socket *rx;
	u32 calls, got, off;
};

static void on_event(struct socket *s, int revents, void *arg)
{
	struct told *t = arg;
	char b[16];

	(void)revents;
	__atomic_fetch_add(&t->calls, 1, __ATOMIC_RELAXED);
	/* after inet_set_event_cb() returned this may not run */
	if (__atomic_load_n(&t->off, __ATOMIC_RELAXED))
		__atomic_store_n(&t->got, 1u << 30, __ATOMIC_RELAXED);
	while (inet_recv(s, b, sizeof(b), MSG_DONTWAIT) > 0)
		__atomic_fetch_add(&t->got, 1, __ATOMIC_RELAXED);
}

static void wait_until(u32 *what, u32 value)
{
	for (int i = 0; i < 20000; i++) {
		if (__atomic_load_n(what, __ATOMIC_RELAXED) >= value)
			return;
		pause_ms(1);
	}
	fail_msg("waited 20 s for %u, have %u", value, *what);
}

static void callback_in_softnet_reads_all(void **state)
{
	struct told t = { 0 };
	struct socket *p[2];

	fake_pair(*state, SOCK_DGRAM, p);
	inet_set_event_cb(p[1], POLLIN, on_event, &t);
	for (u32 i = 0; i < 2000; i++) {
		while (i - __atomic_load_n(&t.got, __ATOMIC_RELAXED) > 50)
			pause_ms(1);
		assert_int_equal(inet_send(p[0], "x", 1, 0), 1);
	}
	wait_until(&t.got, 2000);
	assert_int_equal(__atomic_load_n(&t.got, __ATOMIC_RELAXED), 2000);
	inet_close(p[0]);
	inet_close(p[1]);
}

static void *send_some(void *arg)
{
	struct socket *s = arg;

	for (int i = 0; i < 300; i++)
		inet_send(s, "x", 1, MSG_DONTWAIT);
	return NULL;
}

static void callback_switched_off_never_runs_again(void **state)
{
	struct socket *p[2];
	pthread_t tx;

	fake_pair(*state, SOCK_DGRAM, p);
	for (int round = 0; round < 30; round++) {
		struct told t = { 0 };	/* gone at the end of the round */

		pthread_create(&tx, NULL, send_some, p[0]);
		inet_set_event_cb(p[1], POLLIN, on_event, &t);
		pause_ms(round % 3);
		inet_set_event_cb(p[1], 0, NULL, NULL);
		__atomic_store_n(&t.off, 1, __ATOMIC_RELAXED);
		pthread_join(tx, NULL);
		assert_true(__atomic_load_n(&t.got, __ATOMIC_RELAXED) < 1u << 30);
	}
	inet_close(p[0]);
	inet_close(p[1]);
}

static void close_waits_for_the_callback(void **state)
{
	struct socket *p[2];
	pthread_t tx;

	for (int round = 0; round < 30; round++) {
		struct told t = { 0 };

		fake_pair(*state, SOCK_DGRAM, p);
		inet_set_event_cb(p[1], POLLIN, on_event, &t);
		pthread_create(&tx, NULL, send_some, p[0]);
		pause_ms(round % 3);
		inet_close(p[1]);
		__atomic_store_n(&t.off, 1, __ATOMIC_RELAXED);
		pthread_join(tx, NULL);
		assert_true(__atomic_load_n(&t.got, __ATOMIC_RELAXED) < 1u << 30);
		inet_close(p[0]);
	}
}

static void close_inside(struct socket *s, int revents, void *arg)
{
	(void)revents;
	inet_close(s);
	__atomic_store_n((u32 *)arg, 1, __ATOMIC_RELAXED);
}

static void callback_in_softnet_may_close(void **state)
{
	struct net *net = *state;
	struct socket *p[2];

	for (int round = 0; round < 50; round++) {
		u32 done = 0;

		fake_pair(net, SOCK_DGRAM, p);
		inet_set_event_cb(p[1], POLLIN, close_inside, &done);
		inet_send(p[0], "x", 1, 0);
		inet_send(p[0], "x", 1, 0);
		wait_until(&done, 1);
		inet_close(p[0]);
	}
	rcu_barrier(&net->rcu);
	rcu_barrier(&net->rcu);
	assert_int_equal(net->nr_socks, 0);
}

/* The descriptor tells the truth however the threads race: the reader that
 * sleeps in epoll until it is readable gets everything. */
static void descriptor_never_loses_a_wakeup(void **state)
{
	static struct flow f;
	struct socket *p[2];
	pthread_t tx;
	int ep = epoll_create1(0);
	struct epoll_event ev = { .events = EPOLLIN }, got;
	u32 v, n = 0;

	memset(&f, 0, sizeof(f));
	fake_pair(*state, SOCK_DGRAM, p);
	f.tx = p[0];
	epoll_ctl(ep, EPOLL_CTL_ADD, inet_socket_fd(p[1], POLLIN), &ev);
	pthread_create(&tx, NULL, flow_send, &f);
	while (n < NR_MESSAGES) {
		assert_int_equal(epoll_wait(ep, &got, 1, 20000), 1);
		while (inet_recv(p[1], &v, sizeof(v), MSG_DONTWAIT) > 0)
			__atomic_store_n(&f.nr_seen, ++n, __ATOMIC_RELAXED);
	}
	pthread_join(tx, NULL);
	assert_int_equal(epoll_wait(ep, &got, 1, 0), 0);
	close(ep);
	inet_close(p[0]);
	inet_close(p[1]);
}

static void poller_never_loses_a_wakeup(void **state)
{
	static struct flow f;
	struct socket *p[2];
	struct inet_pollfd fds[3];
	pthread_t tx;
	u32 v, n = 0;

	memset(&f, 0, sizeof(f));
	fake_pair(*state, SOCK_DGRAM, p);
	fds[0] = (struct inet_pollfd){ NULL, 0, 0 };
	fds[1] = (struct inet_pollfd){ p[0], POLLIN, 0 };
	fds[2] = (struct inet_pollfd){ p[1], POLLIN, 0 };
	f.tx = p[0];
	pthread_create(&tx, NULL, flow_send, &f);
	while (n < NR_MESSAGES) {
		assert_int_equal(inet_poll(fds, 3, 20000), 1);
		while (inet_recv(p[1], &v, sizeof(v), MSG_DONTWAIT) > 0)
			__atomic_store_n(&f.nr_seen, ++n, __ATOMIC_RELAXED);
	}
	pthread_join(tx, NULL);
	assert_int_equal(inet_poll(fds, 3, 0), 0);
	inet_close(p[0]);
	inet_close(p[1]);
}

/* ---- families --------------------------------------------------------- */

static void *make_sockets(void *arg)
{
	struct net *net = arg;

	for (int i = 0; i < 300; i++) {
		struct socket *s = inet_socket(net, PF_FAKE, SOCK_DGRAM, 0);

		if (s)
			inet_close(s);
	}
	return NULL;
}

static void family_goes_while_sockets_are_made(void **state)
{
	struct net *net = *state;
	pthread_t t[2];

	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, make_sockets, net);
	for (int i = 0; i < 100; i++) {
		sock_unregister(net, PF_FAKE);
		assert_int_equal(sock_register(net, &fake_family), 0);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
}

#define T(t) cmocka_unit_test_setup_teardown(t, open_net, close_net)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(blocked_call_closed_from_outside_gets_ebadf),
		T(blocked_call_in_stopped_stack_gets_eshutdown),
		T(blocked_call_with_timeout_ends_in_time),
		T(storm_of_all_calls_on_one_socket_survives),
		T(two_readers_get_each_datagram_once),
		T(stream_through_the_backlog_keeps_order),
		T(callback_in_softnet_reads_all),
		T(callback_switched_off_never_runs_again),
		T(close_waits_for_the_callback),
		T(callback_in_softnet_may_close),
		T(descriptor_never_loses_a_wakeup),
		T(poller_never_loses_a_wakeup),
		T(family_goes_while_sockets_are_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
