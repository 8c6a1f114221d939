/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals while a call waits: they neither end nor lengthen the wait of a
 * socket; inet_wake() in a handler ends it. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include <inet/inet.h>
#include <inet/socket.h>

#define MS 1000000ull
#define WAIT_MS 120

static struct net *net;
static volatile sig_atomic_t signals, wake_at;

static void handler(int sig)
{
	(void)sig;
	if (++signals == wake_at)
		inet_wake(net);
}

/* A signal every 10 ms from now on, that restarts nothing. */
static void storm(int wake)
{
	const struct itimerval every = { { 0, 10000 }, { 0, 10000 } };
	struct sigaction sa = { .sa_handler = handler };

	signals = 0;
	wake_at = wake;
	assert_int_equal(sigaction(SIGALRM, &sa, NULL), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &every, NULL), 0);
}

static void calm(void)
{
	const struct itimerval never = { 0 };

	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
}

static struct net *start(enum inet_mode mode)
{
	const struct inet_config config = {
		.size = sizeof(config), .mode = mode, .nr_threads = 1,
		.nr_frames = 256,
	};

	net = inet_create(&config);
	assert_non_null(net);
	if (mode == INET_THREADED)
		assert_int_equal(inet_start(net), 0);
	return net;
}

/* A receiver that waits WAIT_MS and gets nothing. */
static void wait_in_the_storm(enum inet_mode mode)
{
	const struct timeval timeout = { 0, WAIT_MS * 1000 };
	struct socket *s;
	u64 begin;
	char c;

	start(mode);
	s = inet_socket(net, AF_INET, SOCK_DGRAM, 0);
	assert_non_null(s);
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &timeout,
					 sizeof(timeout)), 0);
	storm(0);
	begin = inet_now_ns(net);
	assert_int_equal(inet_recv(s, &c, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	calm();
	assert_true(inet_now_ns(net) - begin >= WAIT_MS * MS);
	assert_true(signals > 0);
	inet_close(s);
	inet_destroy(net);
}

static void embedded_wait_of_a_socket_outlasts_signals(void **state)
{
	(void)state;
	wait_in_the_storm(INET_EMBEDDED);
}

static void threaded_wait_of_a_socket_outlasts_signals(void **state)
{
	(void)state;
	wait_in_the_storm(INET_THREADED);
}

static void embedded_wait_is_ended_by_a_handler_that_wakes(void **state)
{
	struct socket *s;
	char c;

	(void)state;
	start(INET_EMBEDDED);
	s = inet_socket(net, AF_INET, SOCK_DGRAM, 0);
	assert_non_null(s);
	storm(3);
	assert_int_equal(inet_recv(s, &c, 1, 0), -1);	/* for ever */
	assert_int_equal(errno, EINTR);
	calm();
	assert_true(signals >= 3);
	inet_close(s);
	inet_destroy(net);
}

static void embedded_run_returns_at_a_signal(void **state)
{
	(void)state;
	start(INET_EMBEDDED);
	storm(0);
	assert_true(inet_run(net, -1) >= 0);
	assert_true(signals > 0);
	storm(2);
	while (inet_run(net, -1) >= 0)
		;
	assert_int_equal(errno, EINTR);
	assert_true(signals >= 2);
	calm();
	inet_destroy(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(embedded_wait_of_a_socket_outlasts_signals),
		cmocka_unit_test(threaded_wait_of_a_socket_outlasts_signals),
		cmocka_unit_test(embedded_wait_is_ended_by_a_handler_that_wakes),
		cmocka_unit_test(embedded_run_returns_at_a_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
