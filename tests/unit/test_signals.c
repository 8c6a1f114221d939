/* SPDX-License-Identifier: BSD-2-Clause */
/* Signals while a call waits, each millisecond: they neither end nor lengthen
 * the wait of a socket; inet_wake() in a handler ends it. */
#include "unit.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include <inet/inet.h>
#include <inet/netfilter.h>
#include <inet/socket.h>

#define MS 1000000ull
/* How many signals a storm brings at least; ThreadSanitizer holds them back. */
#ifdef __SANITIZE_THREAD__
#define MANY -1
#else
#define MANY 0
#endif

#define WAIT_MS 120

static struct net *net;
static volatile sig_atomic_t signals, wake_at;

static void handler(int sig)
{
	(void)sig;
	if (++signals == wake_at)
		inet_wake(net);
}

/* A signal every millisecond from now on, that restarts nothing. */
static void storm(int wake)
{
	const struct itimerval every = { { 0, 1000 }, { 0, 1000 } };
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

/* ---- calls with a timeout ----------------------------------------------- */

enum call { RECV, RECVMMSG, SEND, CONNECT, ACCEPT, POLL, NR_CALLS };

/* Of this host. */
static struct sockaddr_in address(u16 port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/* What arrives is lost, so that nobody answers. */
static unsigned int swallow(void *priv, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	(void)priv, (void)skb, (void)state;
	return NF_DROP;
}

/* A connection over lo whose other side does not read. */
static void connect_pair(struct socket *s[2])
{
	struct sockaddr_in sin = address(7);
	struct socket *l = inet_socket(net, AF_INET, SOCK_STREAM, 0);

	s[0] = inet_socket(net, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(inet_bind(l, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(inet_listen(l, 1), 0);
	assert_int_equal(inet_connect(s[0], (struct sockaddr *)&sin,
				      sizeof(sin)), 0);
	s[1] = inet_accept(l, NULL, NULL);
	assert_non_null(s[1]);
	inet_close(l);
}

/* Sockets on which @call has to wait. */
static void make_waiting(enum call call, struct socket *s[2])
{
	const struct timeval timeout = { 0, WAIT_MS * 1000 };
	struct sockaddr_in sin = address(8);

	s[1] = NULL;
	if (call == SEND)
		connect_pair(s);
	else
		s[0] = inet_socket(net, AF_INET, call == CONNECT ||
				   call == ACCEPT ? SOCK_STREAM : SOCK_DGRAM,
				   0);
	assert_non_null(s[0]);
	if (call == ACCEPT) {
		assert_int_equal(inet_bind(s[0], (struct sockaddr *)&sin,
					   sizeof(sin)), 0);
		assert_int_equal(inet_listen(s[0], 1), 0);
	}
	assert_int_equal(inet_setsockopt(s[0], SOL_SOCKET,
					 call == SEND || call == CONNECT ?
					 SO_SNDTIMEO : SO_RCVTIMEO, &timeout,
					 sizeof(timeout)), 0);
}

static ssize_t call_recvmmsg(struct socket *s)
{
	char buf[2];
	struct iovec iov = { buf, sizeof(buf) };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };

	return inet_recvmmsg(s, &m, 1, 0, NULL);
}

/* Return: -errno, or what poll() gave. */
static int do_call(enum call call, struct socket *s)
{
	static const char zeroes[100000];
	struct inet_pollfd f = { s, POLLIN, 0 };
	struct sockaddr_in sin = address(9);
	ssize_t n;
	char c;

	switch (call) {
	case RECV:
		n = inet_recv(s, &c, 1, 0);
		break;
	case RECVMMSG:
		n = call_recvmmsg(s);
		break;
	case SEND:
		do
			n = inet_send(s, zeroes, sizeof(zeroes), 0);
		while (n == sizeof(zeroes));
		return n >= 0 ? -EAGAIN : -errno;	/* a part, then time */
	case CONNECT:
		n = inet_connect(s, (struct sockaddr *)&sin, sizeof(sin));
		break;
	case ACCEPT:
		n = inet_accept(s, NULL, NULL) ? 0 : -1;
		break;
	default:
		n = inet_poll(&f, 1, WAIT_MS);
	}
	return n < 0 ? -errno : (int)n;
}

/* Each call ends by its timeout, not before. */
static void wait_in_the_storm(enum inet_mode mode)
{
	static const int outcome[NR_CALLS] = {
		[RECV] = -EAGAIN, [RECVMMSG] = -EAGAIN, [SEND] = -EAGAIN,
		[CONNECT] = -EINPROGRESS, [ACCEPT] = -EAGAIN, [POLL] = 0,
	};
	struct nf_hook_ops drop = {
		.hook = swallow, .hooknum = NF_INET_PRE_ROUTING,
	};
	struct socket *s[2];
	u64 begin;
	int ret;

	start(mode);
	for (enum call call = RECV; call < NR_CALLS; call++) {
		make_waiting(call, s);
		if (call == CONNECT)
			assert_int_equal(nf_register_net_hook(net, &drop), 0);
		storm(0);
		begin = inet_now_ns(net);
		ret = do_call(call, s[0]);
		calm();
		if (ret != outcome[call])
			fail_msg("call %d: %d, %s", call, ret, strerror(-ret));
		assert_true(inet_now_ns(net) - begin >= WAIT_MS * MS);
		assert_true(signals > MANY);
		if (call == CONNECT)
			nf_unregister_net_hook(net, &drop);
		inet_close(s[0]);
		if (s[1])
			inet_close(s[1]);
	}
	inet_destroy(net);
}

static void embedded_calls_end_by_their_timeout(void **state)
{
	(void)state;
	wait_in_the_storm(INET_EMBEDDED);
}

static void threaded_calls_end_by_their_timeout(void **state)
{
	(void)state;
	wait_in_the_storm(INET_THREADED);
}

/* As the manual says: it may return early, and says so by what it returns; a
 * loop around it ends, also when each of its waits is interrupted. */
static void embedded_run_in_a_loop_ends_by_its_timeout(void **state)
{
	u64 begin, now;

	(void)state;
	start(INET_EMBEDDED);
	storm(0);
	begin = now = inet_now_ns(net);
	while (now - begin < WAIT_MS * MS) {
		assert_true(inet_run(net, (s64)(begin + WAIT_MS * MS - now)) >=
			    0);
		now = inet_now_ns(net);
	}
	calm();
	assert_true(signals > MANY);
	inet_destroy(net);
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
		cmocka_unit_test(embedded_calls_end_by_their_timeout),
		cmocka_unit_test(threaded_calls_end_by_their_timeout),
		cmocka_unit_test(embedded_run_in_a_loop_ends_by_its_timeout),
		cmocka_unit_test(embedded_wait_is_ended_by_a_handler_that_wakes),
		cmocka_unit_test(embedded_run_returns_at_a_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
