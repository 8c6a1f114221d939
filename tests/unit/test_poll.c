/* SPDX-License-Identifier: BSD-2-Clause */
/* Readiness: inet_poll(), callbacks, descriptors. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/net.h"
#include "corenet.h"
#include "fakefam.h"

static struct socket *p[2];

static int open_dgram(void **state)
{
	*state = fake_open(INET_SIMULATED, 0);
	fake_pair(*state, SOCK_DGRAM, p);
	return 0;
}

static int open_embedded(void **state)
{
	*state = fake_open(INET_EMBEDDED, 0);
	fake_pair(*state, SOCK_DGRAM, p);
	return 0;
}

static int open_stream(void **state)
{
	*state = fake_open(INET_SIMULATED, 0);
	fake_pair(*state, SOCK_STREAM, p);
	return 0;
}

static int close_net(void **state)
{
	fake_close_pair(*state, p);
	return 0;
}

static void drain(struct socket *s)
{
	char b[64];

	while (inet_recv(s, b, sizeof(b), MSG_DONTWAIT) > 0)
		;
}

/* ---- inet_poll() ------------------------------------------------------ */

static void idle_sockets_poll_writable_only(void **state)
{
	struct inet_pollfd f[3] = { { p[0], POLLIN | POLLOUT, 0 },
				    { NULL, POLLIN, 7 },
				    { p[1], POLLIN, 7 } };

	(void)state;
	assert_int_equal(inet_poll(f, 3, 0), 1);
	assert_int_equal(f[0].revents, POLLOUT);
	assert_int_equal(f[1].revents, 0);
	assert_int_equal(f[2].revents, 0);
}

static void data_polls_readable(void **state)
{
	struct inet_pollfd f = { p[1], POLLIN | POLLPRI | POLLRDNORM, 0 };

	(void)state;
	inet_send(p[0], "x", 1, 0);
	assert_int_equal(inet_poll(&f, 1, 0), 1);
	assert_int_equal(f.revents, POLLIN | POLLRDNORM);
	drain(p[1]);
	assert_int_equal(inet_poll(&f, 1, 0), 0);
}

static void errors_and_hangups_polled_unasked(void **state)
{
	struct inet_pollfd f = { p[1], 0, 0 };

	(void)state;
	p[1]->sk->sk_err = EIO;
	assert_int_equal(inet_poll(&f, 1, 0), 1);
	assert_int_equal(f.revents, POLLERR);
	p[1]->sk->sk_err = 0;
	inet_shutdown(p[1], SHUT_RDWR);
	assert_int_equal(inet_poll(&f, 1, 0), 1);
	assert_int_equal(f.revents, POLLHUP);
}

static void nothing_to_poll_and_mixed_stacks_refused(void **state)
{
	struct net *other = fake_open(INET_SIMULATED, 0);
	struct socket *s = fake_socket(other, SOCK_DGRAM, 0);
	struct inet_pollfd f[2] = { { p[0], POLLIN, 0 }, { s, POLLIN, 0 } };

	(void)state;
	assert_int_equal(inet_poll(f, 2, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_poll(NULL, 1, 0), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(inet_poll(NULL, 0, 0), 0);
	assert_int_equal(inet_poll(NULL, 0, 10), -1);
	inet_close(s);
	fake_close(other);
}

static void poll_of_many_sockets_finds_the_one(void **state)
{
	struct inet_pollfd f[100];

	for (int i = 0; i < 100; i++) {
		f[i] = (struct inet_pollfd){
			fake_socket(*state, SOCK_DGRAM, 0), POLLIN, 0 };
	}
	fake_inject(f[63].sock, 5, 1);
	assert_int_equal(inet_poll(f, 100, 0), 1);
	assert_int_equal(f[63].revents, POLLIN);
	for (int i = 0; i < 100; i++)
		inet_close(f[i].sock);
}

static void poll_of_many_without_memory_is_enomem(void **state)
{
	struct net *net = *state;
	struct inet_pollfd f[100] = { { p[0], POLLIN, 0 } };

	mem_fail_nth(&net->mem, 1);
	assert_int_equal(inet_poll(f, 100, 0), -1);
	assert_int_equal(errno, ENOMEM);
	mem_fail_nth(&net->mem, 0);
}

static void poll_simulated_never_waits(void **state)
{
	struct inet_pollfd f = { p[0], POLLIN, 0 };

	(void)state;
	assert_int_equal(inet_poll(&f, 1, -1), 0);
}

static void poll_embedded_times_out(void **state)
{
	struct net *net = *state;
	struct inet_pollfd f = { p[0], POLLIN, 9 };
	u64 t0 = net_now(net), dt;

	assert_int_equal(inet_poll(&f, 1, 20), 0);
	dt = net_now(net) - t0;
	assert_true(dt >= 20000000 && dt < 1000000000);
	assert_int_equal(f.revents, 0);
}

static struct timer_list timer;

static void timer_sends(struct timer_list *t)
{
	(void)t;
	fake_inject(p[1], 3, 1);
}

static void timer_closes(struct timer_list *t)
{
	(void)t;
	inet_close(p[1]);
	p[1] = NULL;
}

static void in_5ms(struct net *net, void (*fn)(struct timer_list *))
{
	timer_setup(&timer, fn);
	mod_timer(net_wheel(net), &timer, net_now(net) + 5000000);
}

static void poll_embedded_runs_the_stack(void **state)
{
	struct inet_pollfd f = { p[1], POLLIN, 0 };

	in_5ms(*state, timer_sends);
	assert_int_equal(inet_poll(&f, 1, 5000), 1);
	assert_int_equal(f.revents, POLLIN);
}

/* @attack P4 */
static void poll_embedded_of_socket_closed_below_is_nval(void **state)
{
	struct inet_pollfd f = { p[1], POLLIN, 0 };

	in_5ms(*state, timer_closes);
	assert_int_equal(inet_poll(&f, 1, 5000), 1);
	assert_int_equal(f.revents, POLLNVAL);
}

/* ---- callbacks -------------------------------------------------------- */

struct seen {
	int calls, revents;
	int close, send_back, drain, unset, wait;
};

static void on_event(struct socket *s, int revents, void *arg)
{
	struct seen *seen = arg;
	char b[8];

	seen->calls++;
	seen->revents = revents;
	if (seen->drain)
		drain(s);
	if (seen->wait) {
		errno = 0;
		assert_int_equal(inet_recv(s, b, 8, 0), -1);
		assert_int_equal(errno, EAGAIN);
	}
	if (seen->send_back)
		inet_send(s, "back", 4, 0);
	if (seen->unset)
		inet_set_event_cb(s, 0, NULL, NULL);
	if (seen->close)
		inet_close(s);
}

static void callback_told_of_each_arrival(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	inet_set_event_cb(p[1], POLLIN, on_event, &seen);
	assert_int_equal(seen.calls, 0);
	inet_send(p[0], "a", 1, 0);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.revents, POLLIN);
	inet_send(p[0], "a", 1, 0);
	assert_int_equal(seen.calls, 2);
	drain(p[1]);
	assert_int_equal(seen.calls, 2);
}

static void callback_set_on_ready_socket_called_at_once(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	inet_send(p[0], "a", 1, 0);
	inet_set_event_cb(p[1], POLLIN, on_event, &seen);
	assert_int_equal(seen.calls, 1);
}

static void callback_not_told_of_what_it_did_not_ask(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	inet_send(p[0], "a", 1, 0);
	drain(p[1]);
	inet_set_event_cb(p[1], POLLPRI, on_event, &seen);
	inet_send(p[0], "a", 1, 0);
	assert_int_equal(seen.calls, 0);
	p[1]->sk->sk_err = EIO;
	p[1]->sk->sk_error_report(p[1]->sk);
	net_api_exit(*state);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.revents, POLLERR);
	p[1]->sk->sk_err = 0;
}

static void callback_may_close_its_socket(void **state)
{
	struct net *net = *state;
	struct seen seen = { .close = 1 };

	inet_set_event_cb(p[1], POLLIN, on_event, &seen);
	inet_send(p[0], "a", 1, 0);
	inet_send(p[0], "a", 1, 0);
	assert_int_equal(seen.calls, 1);
	p[1] = NULL;
	while (rcu_domain_pending(&net->rcu))
		rcu_domain_run(&net->rcu);
	assert_int_equal(net->nr_socks, 1);
}

static void callback_may_unset_itself(void **state)
{
	struct seen seen = { .unset = 1 };

	(void)state;
	inet_set_event_cb(p[1], POLLIN, on_event, &seen);
	inet_send(p[0], "a", 1, 0);
	inet_send(p[0], "a", 1, 0);
	assert_int_equal(seen.calls, 1);
}

static void callback_may_read_and_send(void **state)
{
	struct seen seen = { .send_back = 1, .drain = 1 };
	char b[8];

	(void)state;
	inet_set_event_cb(p[1], POLLIN, on_event, &seen);
	inet_send(p[0], "a", 1, 0);
	assert_int_equal(inet_recv(p[0], b, 8, 0), 4);
	assert_int_equal(seen.calls, 1);
}

/* Two callbacks that answer one another for ever give way to the caller. */
static void callbacks_in_ping_pong_are_bounded(void **state)
{
	struct seen a = { .send_back = 1, .drain = 1 }, b = a;
	struct net *net = *state;

	inet_set_event_cb(p[0], POLLIN, on_event, &a);
	inet_set_event_cb(p[1], POLLIN, on_event, &b);
	inet_send(p[0], "a", 1, 0);
	assert_true(b.calls >= 1 && b.calls < 1000);
	assert_true(net->softnets->pending);	/* the rest is for later */
	inet_set_event_cb(p[0], 0, NULL, NULL);
	inet_set_event_cb(p[1], 0, NULL, NULL);
}

static void callback_that_would_block_gets_eagain(void **state)
{
	struct seen seen = { .wait = 1, .drain = 1 };

	(void)state;
	inet_set_event_cb(p[1], POLLIN, on_event, &seen);
	inet_send(p[0], "a", 1, 0);
	assert_int_equal(seen.calls, 1);
}

static void callback_told_when_room_comes(void **state)
{
	struct seen seen = { 0 };
	char b[1000] = { 0 };
	int v = 10000;

	(void)state;
	inet_setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof(v));
	fake_sk(p[0]->sk)->hold = true;
	while (inet_send(p[0], b, sizeof(b), MSG_DONTWAIT) > 0)
		;
	inet_set_event_cb(p[0], POLLOUT, on_event, &seen);
	assert_int_equal(seen.calls, 0);
	fake_release_held(p[0]);
	net_api_exit(*state);
	assert_true(seen.calls >= 1);
	assert_int_equal(seen.revents, POLLOUT);
}

static void listener_told_of_a_connection(void **state)
{
	struct socket *l = fake_socket(*state, SOCK_STREAM, 500), *c;
	struct seen seen = { 0 };

	inet_listen(l, 5);
	inet_set_event_cb(l, POLLIN, on_event, &seen);
	c = fake_socket(*state, SOCK_STREAM, 0);
	assert_int_equal(fake_connect(c, 500), 0);
	assert_int_equal(seen.calls, 1);
	inet_close(c);
	inet_close(l);
}

static void reader_told_of_the_end(void **state)
{
	struct seen seen = { 0 };

	(void)state;
	inet_set_event_cb(p[1], POLLIN | POLLRDHUP, on_event, &seen);
	inet_close(p[0]);
	p[0] = NULL;
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.revents, POLLIN | POLLRDHUP);
}

static void callback_without_function_refused(void **state)
{
	(void)state;
	assert_int_equal(inet_set_event_cb(p[0], POLLIN, NULL, NULL), -1);
	assert_int_equal(errno, EFAULT);
}

static void stack_destroyed_with_event_pending(void **state)
{
	static struct seen seen;

	(void)state;
	seen = (struct seen){ 0 };
	inet_set_event_cb(p[1], POLLIN, on_event, &seen);
	fake_inject(p[1], 1, 1);	/* no API call: stays queued */
	assert_int_equal(seen.calls, 0);
	p[0] = p[1] = NULL;		/* left to the stack */
}

/* ---- descriptors ------------------------------------------------------ */

static bool readable(int fd)
{
	struct pollfd f = { fd, POLLIN, 0 };

	return poll(&f, 1, 0) == 1;
}

static void descriptor_follows_the_truth(void **state)
{
	int fd = inet_socket_fd(p[1], POLLIN);
	char b;

	(void)state;
	assert_true(fd >= 0);
	assert_false(readable(fd));
	inet_send(p[0], "a", 1, 0);
	assert_true(readable(fd));
	inet_send(p[0], "a", 1, 0);
	inet_recv(p[1], &b, 1, 0);
	assert_true(readable(fd));	/* one more is there: level */
	inet_recv(p[1], &b, 1, 0);
	assert_false(readable(fd));
	inet_send(p[0], "a", 1, 0);
	assert_true(readable(fd));
}

static void descriptor_of_ready_socket_readable_at_once(void **state)
{
	int fd;

	(void)state;
	inet_send(p[0], "a", 1, 0);
	fd = inet_socket_fd(p[1], POLLIN);
	assert_true(readable(fd));
	assert_int_equal(inet_socket_fd(p[1], POLLPRI), fd);
	assert_false(readable(fd));
	assert_int_equal(inet_socket_fd(p[1], POLLIN | POLLPRI), fd);
	assert_true(readable(fd));
}

static void descriptor_works_in_epoll_both_ways(void **state)
{
	int ep = epoll_create1(0), fd = inet_socket_fd(p[1], POLLIN);
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET }, got;

	(void)state;
	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
	assert_int_equal(epoll_wait(ep, &got, 1, 0), 0);
	for (int i = 0; i < 3; i++) {
		inet_send(p[0], "a", 1, 0);
		assert_int_equal(epoll_wait(ep, &got, 1, 0), 1);
		drain(p[1]);
		assert_int_equal(epoll_wait(ep, &got, 1, 0), 0);
	}
	close(ep);
}

static void descriptor_for_writing_follows_room(void **state)
{
	int v = 10000, fd;
	char b[1000] = { 0 };

	(void)state;
	inet_setsockopt(p[0], SOL_SOCKET, SO_SNDBUF, &v, sizeof(v));
	fd = inet_socket_fd(p[0], POLLOUT);
	assert_true(readable(fd));
	fake_sk(p[0]->sk)->hold = true;
	while (inet_send(p[0], b, sizeof(b), MSG_DONTWAIT) > 0)
		;
	assert_false(readable(fd));
	fake_release_held(p[0]);
	assert_true(readable(fd));
}

static void descriptor_closed_with_its_socket(void **state)
{
	int fd = inet_socket_fd(p[1], POLLIN);

	(void)state;
	inet_close(p[1]);
	p[1] = NULL;
	assert_int_equal(write(fd, "12345678", 8), -1);
	assert_int_equal(errno, EBADF);
}

#define T(t) cmocka_unit_test_setup_teardown(t, open_dgram, close_net)
#define E(t) cmocka_unit_test_setup_teardown(t, open_embedded, close_net)
#define S(t) cmocka_unit_test_setup_teardown(t, open_stream, close_net)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(idle_sockets_poll_writable_only),
		T(data_polls_readable),
		T(errors_and_hangups_polled_unasked),
		T(nothing_to_poll_and_mixed_stacks_refused),
		T(poll_of_many_sockets_finds_the_one),
		T(poll_of_many_without_memory_is_enomem),
		T(poll_simulated_never_waits),
		E(poll_embedded_times_out),
		E(poll_embedded_runs_the_stack),
		E(poll_embedded_of_socket_closed_below_is_nval),
		T(callback_told_of_each_arrival),
		T(callback_set_on_ready_socket_called_at_once),
		T(callback_not_told_of_what_it_did_not_ask),
		T(callback_may_close_its_socket),
		T(callback_may_unset_itself),
		T(callback_may_read_and_send),
		T(callbacks_in_ping_pong_are_bounded),
		T(callback_that_would_block_gets_eagain),
		T(callback_told_when_room_comes),
		S(listener_told_of_a_connection),
		S(reader_told_of_the_end),
		T(callback_without_function_refused),
		T(stack_destroyed_with_event_pending),
		T(descriptor_follows_the_truth),
		T(descriptor_of_ready_socket_readable_at_once),
		T(descriptor_works_in_epoll_both_ways),
		T(descriptor_for_writing_follows_room),
		T(descriptor_closed_with_its_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
