/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of AF_INET that wait in a threaded stack, and what ends them: a stop,
 * the end of the stack, a close or shutdown by another thread. And storms of
 * all calls on one socket. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/time.h>

#include <inet/control.h>

#include "core/net.h"
#include "core/socket.h"
#include "storm.h"
#include "threaded.h"

enum { RECV_TCP, RECV_UDP, RECVMMSG, SEND_TCP, ACCEPT, CONNECT, POLL, POLL_MANY,
       NR_CALLS };

static const char *const call_names[] = {
	"recv of TCP", "recv of UDP", "recvmmsg", "send", "accept", "connect",
	"poll", "poll of many",
};

/* One thread in one call that waits. */
struct waiter {
	pthread_t thread;
	struct socket *s;
	struct socket *other;	/* its peer; NULL: none */
	int call, err;
	ssize_t ret;
	short revents;
	u32 inside;		/* atomic */
};

static ssize_t wait_recvmmsg(struct socket *s)
{
	char buf[2][10];
	struct iovec iov[2] = { { buf[0], 10 }, { buf[1], 10 } };
	struct mmsghdr vec[2] = { { .msg_hdr = { .msg_iov = &iov[0],
						 .msg_iovlen = 1 } },
				  { .msg_hdr = { .msg_iov = &iov[1],
						 .msg_iovlen = 1 } } };

	return inet_recvmmsg(s, vec, 2, 0, NULL);
}

/* poll() of one entry, or of more than fit its stack. */
static ssize_t wait_poll(struct waiter *w, unsigned int nr)
{
	struct inet_pollfd f[40] = { { w->s, POLLIN, 0 } };
	ssize_t ret = inet_poll(f, nr, -1);

	w->revents = f[0].revents;
	return ret;
}

/* One by one: a call that has sent a part would be told so, and the next one
 * would begin when the stack may be gone. */
static ssize_t wait_send(struct socket *s)
{
	ssize_t n;

	do
		n = inet_send(s, "", 1, 0);
	while (n > 0);
	return n;
}

static void *wait_in_call(void *arg)
{
	struct waiter *w = arg;
	char buf[100];

	__atomic_store_n(&w->inside, 1, __ATOMIC_RELEASE);
	errno = 0;
	switch (w->call) {
	case RECV_TCP:
	case RECV_UDP:
		w->ret = inet_recv(w->s, buf, sizeof(buf), 0);
		break;
	case RECVMMSG:
		w->ret = wait_recvmmsg(w->s);
		break;
	case SEND_TCP:
		w->ret = wait_send(w->s);
		break;
	case ACCEPT:
		w->ret = inet_accept(w->s, NULL, NULL) ? 0 : -1;
		break;
	case CONNECT:
		w->ret = threaded_connect(w->s, 1, 9) ? -1 : 0;
		break;
	default:
		w->ret = wait_poll(w, w->call == POLL ? 1 : 40);
	}
	w->err = errno;
	return NULL;
}

/* A socket of side 0 on which @call has to wait for ever. */
static void make_socket(struct threaded_pair *p, struct waiter *w, int call)
{
	struct socket *c[2];

	*w = (struct waiter){ .call = call };
	switch (call) {
	case RECV_TCP:
	case SEND_TCP:
		threaded_join(p, c);
		w->s = c[0];
		w->other = c[1];
		threaded_small_buffers(w->s);
		threaded_small_buffers(w->other);
		inet_setsockopt(w->s, SOL_SOCKET, SO_SNDBUF, &(int){ 1 },
				sizeof(int));
		break;
	case ACCEPT:
		w->s = threaded_listener(p, 0, 1234);
		break;
	case CONNECT:
		w->s = threaded_socket(p, 0, SOCK_STREAM, 0);
		break;
	default:
		w->s = threaded_socket(p, 0, SOCK_DGRAM, 0);
	}
}

/* Starts all calls; returns when they wait, as far as one can see. */
static void start_waiters(struct threaded_pair *p, struct waiter *w)
{
	struct inet_pollfd full = { .events = POLLOUT };

	for (int i = 0; i < NR_CALLS; i++)
		make_socket(p, &w[i], i);
	full.sock = w[SEND_TCP].s;
	inet_wire_partition(p->wire, INET_WIRE_BOTH, true);	/* connect */
	for (int i = 0; i < NR_CALLS; i++) {
		pthread_create(&w[i].thread, NULL, wait_in_call, &w[i]);
		while (!threaded_read(&w[i].inside))
			threaded_pause_us(100);
	}
	while (inet_poll(&full, 1, 0) > 0)
		threaded_pause_us(100);
	threaded_pause_us(20000);
}

static void assert_ended(struct waiter *w, int err)
{
	pthread_join(w->thread, NULL);
	if (w->ret != -1 || w->err != err)
		fail_msg("%s: %d, %s", call_names[w->call], (int)w->ret,
			 strerror(w->err));
}

static void close_waiters(struct waiter *w)
{
	for (int i = 0; i < NR_CALLS; i++) {
		inet_close(w[i].s);
		if (w[i].other)
			inet_close(w[i].other);
	}
}

/* ---- the end of the stack --------------------------------------------- */

static void calls_that_wait_in_a_stopped_stack_get_eshutdown(void **state)
{
	struct waiter w[NR_CALLS];
	struct threaded_pair p;
	char c;

	(void)state;
	threaded_open(&p, 2, NULL);
	start_waiters(&p, w);
	inet_stop(p.net[0]);
	for (int i = 0; i < NR_CALLS; i++)
		assert_ended(&w[i], ESHUTDOWN);
	/* another one does not begin to wait */
	assert_int_equal(inet_recv(w[RECV_TCP].s, &c, 1, 0), -1);
	assert_int_equal(errno, ESHUTDOWN);
	/* and the sockets live on */
	inet_wire_partition(p.wire, INET_WIRE_BOTH, false);
	assert_int_equal(inet_start(p.net[0]), 0);
	assert_int_equal(inet_send(w[RECV_TCP].other, "x", 1, 0), 1);
	assert_int_equal(inet_recv(w[RECV_TCP].s, &c, 1, 0), 1);
	close_waiters(w);
	threaded_close(&p);
}

/* Started again before those who waited have looked. */
static void calls_that_wait_get_eshutdown_when_it_starts_at_once(void **state)
{
	struct waiter w[NR_CALLS];
	struct threaded_pair p;

	(void)state;
	threaded_open(&p, 2, NULL);
	start_waiters(&p, w);
	inet_stop(p.net[0]);
	assert_int_equal(inet_start(p.net[0]), 0);
	for (int i = 0; i < NR_CALLS; i++)
		assert_ended(&w[i], ESHUTDOWN);
	inet_wire_partition(p.wire, INET_WIRE_BOTH, false);
	close_waiters(w);
	threaded_close(&p);
}

/* The sockets are not closed: they end with their stack. */
static void calls_that_wait_in_a_destroyed_stack_get_eshutdown(void **state)
{
	struct waiter w[NR_CALLS];
	struct threaded_pair p;

	(void)state;
	for (u32 threads = 1; threads <= 4; threads *= 2) {
		threaded_open(&p, threads, NULL);
		start_waiters(&p, w);
		inet_destroy(p.net[0]);
		for (int i = 0; i < NR_CALLS; i++)
			assert_ended(&w[i], ESHUTDOWN);
		for (int i = 0; i < NR_CALLS; i++)
			if (w[i].other)
				inet_close(w[i].other);
		inet_wire_close(p.wire);
		inet_destroy(p.net[1]);
	}
}

static void *close_and_linger(void *arg)
{
	struct waiter *w = arg;
	const struct linger forever = { 1, 10000 };

	inet_setsockopt(w->s, SOL_SOCKET, SO_LINGER, &forever,
			sizeof(forever));
	__atomic_store_n(&w->inside, 1, __ATOMIC_RELEASE);
	w->ret = inet_close(w->s);
	return NULL;
}

/* Its data is not acknowledged, so that it would wait for hours. */
static void close_that_lingers_ends_with_the_stack(void **state)
{
	struct threaded_pair p;
	struct socket *c[2];
	struct waiter w = { 0 };

	(void)state;
	threaded_open(&p, 1, NULL);
	threaded_join(&p, c);
	inet_wire_partition(p.wire, INET_WIRE_BOTH, true);
	assert_int_equal(inet_send(c[0], "x", 1, 0), 1);
	w.s = c[0];
	pthread_create(&w.thread, NULL, close_and_linger, &w);
	assert_true(threaded_wait(&w.inside, 1));
	threaded_pause_us(20000);
	inet_destroy(p.net[0]);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.ret, 0);
	inet_close(c[1]);
	inet_wire_close(p.wire);
	inet_destroy(p.net[1]);
}

/* ---- stopped under traffic -------------------------------------------- */

struct flow {
	struct socket *s;
	bool sends, stop;
	pthread_t thread;
	u32 pieces, nr_bad;	/* atomic */
};

/* Sends or receives until told, whatever ESHUTDOWN says in between. */
static void *run_flow(void *arg)
{
	struct flow *f = arg;
	static __thread u8 buf[3000];
	ssize_t n;

	while (!__atomic_load_n(&f->stop, __ATOMIC_ACQUIRE)) {
		n = f->sends ? inet_send(f->s, buf, sizeof(buf), 0) :
			       inet_recv(f->s, buf, sizeof(buf), 0);
		if (n > 0)
			threaded_count(&f->pieces);
		else if (n == 0 || errno != ESHUTDOWN)
			threaded_count(&f->nr_bad);
		else
			threaded_pause_us(100);
		if (n == 0)
			break;
	}
	return NULL;
}

static void *churn_sockets(void *arg)
{
	struct threaded_pair *p = arg;

	for (int i = 0; i < 300; i++) {
		struct socket *s = inet_socket(p->net[0], AF_INET, i % 2 ?
					       SOCK_STREAM : SOCK_DGRAM, 0);
		struct sockaddr_in lo = { .sin_family = AF_INET,
					  .sin_port = htons(99),
					  .sin_addr.s_addr = htonl(0x7f000001) };

		inet_set_nonblock(s, true);
		inet_connect(s, (struct sockaddr *)&lo, sizeof(lo));
		inet_send(s, "x", 1, 0);
		inet_close(s);
	}
	return NULL;
}

static void stack_stopped_and_started_under_traffic_goes_on(void **state)
{
	struct flow f[4] = { 0 };
	struct threaded_pair p;
	struct socket *c[2];
	pthread_t churner[2];
	u32 before;

	(void)state;
	threaded_open(&p, 2, NULL);
	threaded_join(&p, c);
	for (int i = 0; i < 4; i++) {
		f[i] = (struct flow){ .s = c[i / 2], .sends = i % 2 };
		pthread_create(&f[i].thread, NULL, run_flow, &f[i]);
	}
	for (int i = 0; i < 2; i++)
		pthread_create(&churner[i], NULL, churn_sockets, &p);
	for (int i = 0; i < 20; i++) {
		inet_stop(p.net[0]);
		threaded_pause_us(500);
		assert_int_equal(inet_start(p.net[0]), 0);
		threaded_pause_us(3000);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(churner[i], NULL);
	for (int i = 0; i < 4; i++) {
		before = threaded_read(&f[i].pieces);
		assert_true(threaded_wait(&f[i].pieces, before + 20));
	}
	for (int i = 0; i < 4; i++)
		__atomic_store_n(&f[i].stop, true, __ATOMIC_RELEASE);
	inet_shutdown(c[0], SHUT_RDWR);
	inet_shutdown(c[1], SHUT_RDWR);
	for (int i = 0; i < 4; i++)
		pthread_join(f[i].thread, NULL);
	inet_close(c[0]);
	inet_close(c[1]);
	threaded_close(&p);
}

/* ---- another thread ---------------------------------------------------- */

/* @attack P4 */
static void calls_that_wait_on_a_closed_socket_get_ebadf(void **state)
{
	struct waiter w[NR_CALLS];
	struct threaded_pair p;

	(void)state;
	threaded_open(&p, 2, NULL);
	start_waiters(&p, w);
	for (int i = 0; i < NR_CALLS; i++)
		sock_user_get(w[i].s);	/* as a descriptor table would */
	for (int i = 0; i < NR_CALLS; i++) {
		assert_int_equal(inet_close(w[i].s), 0);
		if (i != POLL && i != POLL_MANY) {
			assert_ended(&w[i], EBADF);
			continue;
		}
		pthread_join(w[i].thread, NULL);
		assert_int_equal(w[i].ret, 1);
		assert_int_equal(w[i].revents, POLLNVAL);
	}
	for (int i = 0; i < NR_CALLS; i++) {
		sock_user_put(w[i].s);
		if (w[i].other)
			inet_close(w[i].other);
	}
	threaded_close(&p);
}

/* As Linux: the end for who reads, an error for the others. */
static void calls_that_wait_on_a_shut_socket_return(void **state)
{
	static const struct {
		ssize_t ret;
		int err;
	} as[NR_CALLS] = {
		[RECV_TCP] = { 0, 0 },
		[RECV_UDP] = { 0, 0 },
		[RECVMMSG] = { 2, 0 },
		[SEND_TCP] = { -1, EPIPE },
		[ACCEPT] = { -1, EINVAL },
		[CONNECT] = { -1, ECONNRESET },
		[POLL] = { 1, 0 },
		[POLL_MANY] = { 1, 0 },
	};
	struct waiter w[NR_CALLS];
	struct threaded_pair p;

	(void)state;
	threaded_open(&p, 2, NULL);
	start_waiters(&p, w);
	for (int i = 0; i < NR_CALLS; i++) {
		inet_shutdown(w[i].s, SHUT_RDWR);
		pthread_join(w[i].thread, NULL);
		if (w[i].ret != as[i].ret || w[i].err != as[i].err)
			fail_msg("%s: %d, %s", call_names[i], (int)w[i].ret,
				 strerror(w[i].err));
	}
	assert_true(w[POLL].revents & POLLIN);
	close_waiters(w);
	threaded_close(&p);
}

/* ---- storms ------------------------------------------------------------ */

static void storm_address(int id, bool peer, struct sockaddr_storage *to,
			  socklen_t *len)
{
	struct sockaddr_in sin = threaded_addr(peer, peer ? TT_PORT :
						     (u16)(2000 + id));

	if (peer && id % 4 == 3)
		sin = (struct sockaddr_in){ .sin_family = AF_UNSPEC };
	memcpy(to, &sin, sizeof(sin));
	*len = sizeof(sin);
}

/* @attack P4: eight threads on one socket of TCP or UDP, one of which closes
 * it; the other stack accepts and resets, or is no listener. */
static void storms_on_sockets_of_tcp_and_udp_are_survived(void **state)
{
	struct storm st = { .address = storm_address };
	struct threaded_pair p;
	struct socket *l, *c;

	(void)state;
	threaded_open(&p, 2, NULL);
	l = threaded_listener(&p, 1, TT_PORT);
	inet_set_nonblock(l, true);
	for (int round = 0; round < 30; round++) {
		storm_round(&st, threaded_socket(&p, 0, round % 3 ?
						 SOCK_STREAM : SOCK_DGRAM, 0));
		while ((c = inet_accept(l, NULL, NULL)))
			inet_close(c);
	}
	inet_close(l);
	threaded_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			calls_that_wait_in_a_stopped_stack_get_eshutdown),
		cmocka_unit_test(
			calls_that_wait_get_eshutdown_when_it_starts_at_once),
		cmocka_unit_test(
			calls_that_wait_in_a_destroyed_stack_get_eshutdown),
		cmocka_unit_test(close_that_lingers_ends_with_the_stack),
		cmocka_unit_test(
			stack_stopped_and_started_under_traffic_goes_on),
		cmocka_unit_test(calls_that_wait_on_a_closed_socket_get_ebadf),
		cmocka_unit_test(calls_that_wait_on_a_shut_socket_return),
		cmocka_unit_test(
			storms_on_sockets_of_tcp_and_udp_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
