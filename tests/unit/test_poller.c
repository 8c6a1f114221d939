/* SPDX-License-Identifier: BSD-2-Clause */
/* poller.c: events, edges, kicks and the end of time. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <inet/env.h>

#include "lib/poller.h"
#include "lib/thread.h"

#define MSEC 1000000ULL

struct fixture {
	struct poller p;
	int fds[2];		/* a pair of sockets */
	struct poller_event ev[4];
};

static u64 now(void)
{
	const struct inet_env *env = inet_env_default();

	return env->now(env->opaque);
}

static int setup(void **state)
{
	struct fixture *f = test_calloc(1, sizeof(*f));

	assert_int_equal(poller_create(&f->p), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, f->fds), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	poller_destroy(&f->p);
	poller_destroy(&f->p);	/* twice is allowed */
	close(f->fds[0]);
	close(f->fds[1]);
	test_free(f);
	return 0;
}

static bool readable(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

static void descriptor_ready_level_reported_until_read(void **state)
{
	struct fixture *f = *state;
	char c;

	assert_int_equal(poller_add(&f->p, f->fds[0], POLLER_IN, false, f), 0);
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 0), 0);
	assert_false(readable(poller_fd(&f->p)));
	assert_int_equal(write(f->fds[1], "x", 1), 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(poller_wait(&f->p, f->ev, 4, U64_MAX), 1);
		assert_ptr_equal(f->ev[0].data, f);
		assert_int_equal(f->ev[0].events, POLLER_IN);
		assert_true(readable(poller_fd(&f->p)));
	}
	assert_int_equal(read(f->fds[0], &c, 1), 1);
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 0), 0);
}

static void descriptor_ready_edge_reported_once(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(poller_add(&f->p, f->fds[0], POLLER_IN, true, f), 0);
	assert_int_equal(write(f->fds[1], "x", 1), 1);
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 0), 1);
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 0), 0);
	assert_int_equal(write(f->fds[1], "x", 1), 1);
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 0), 1);
}

static void descriptor_modified_and_deleted_obeys(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(poller_add(&f->p, f->fds[0], POLLER_IN, false, f), 0);
	assert_int_equal(poller_add(&f->p, f->fds[0], POLLER_IN, false, f),
			 -EEXIST);
	assert_int_equal(poller_mod(&f->p, f->fds[0], POLLER_OUT, false,
				    f->fds), 0);
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 0), 1);
	assert_ptr_equal(f->ev[0].data, f->fds);
	assert_int_equal(f->ev[0].events, POLLER_OUT);
	assert_int_equal(poller_del(&f->p, f->fds[0]), 0);
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 0), 0);
	assert_int_equal(poller_del(&f->p, f->fds[0]), -ENOENT);
}

static void peer_closed_reports_hangup(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(poller_add(&f->p, f->fds[0], POLLER_RDHUP, false, f),
			 0);
	close(f->fds[1]);
	f->fds[1] = dup(f->fds[0]);
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 0), 1);
	assert_int_equal(f->ev[0].events & (POLLER_RDHUP | POLLER_HUP),
			 POLLER_RDHUP | POLLER_HUP);
}

static void plain_file_is_refused(void **state)
{
	struct fixture *f = *state;
	int fd = open("/dev/null", O_RDONLY);

	assert_int_equal(poller_add(&f->p, fd, POLLER_IN, false, f), -EPERM);
	close(fd);
	assert_int_equal(poller_add(&f->p, -1, POLLER_IN, false, f), -EBADF);
}

static void timeout_is_not_shortened(void **state)
{
	struct fixture *f = *state;

	for (int coarse = 0; coarse < 2; coarse++) {
		u64 before = now();

		f->p.coarse = coarse;
		assert_int_equal(poller_wait(&f->p, f->ev, 4, 1500000), 0);
		assert_in_range(now() - before, 1500000, 5000 * MSEC);
	}
}

static void kicked_wait_ends_without_event(void **state)
{
	struct fixture *f = *state;

	poller_wake(&f->p);
	poller_wake(&f->p);
	assert_true(readable(poller_fd(&f->p)));
	assert_int_equal(poller_wait(&f->p, f->ev, 4, U64_MAX), 0);
	assert_false(readable(poller_fd(&f->p)));
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 0), 0);
}

static void kick_and_event_both_arrive_with_room_for_one(void **state)
{
	struct fixture *f = *state;
	int events = 0;

	assert_int_equal(poller_add(&f->p, f->fds[0], POLLER_OUT, true, f), 0);
	poller_wake(&f->p);
	for (int i = 0; i < 2; i++)
		events += poller_wait(&f->p, f->ev, 1, 0);
	assert_int_equal(events, 1);
}

struct kicker {
	struct poller *p;
	int value;	/* plain: the kick hands it over */
};

static void kick_later(void *arg)
{
	struct kicker *k = arg;

	usleep(20000);
	k->value = 7;
	poller_wake(k->p);
}

static void waiting_kicked_by_other_thread_ends(void **state)
{
	struct fixture *f = *state;
	struct kicker k = { .p = &f->p };
	struct thread t;

	assert_int_equal(thread_create(&t, "kicker", kick_later, &k,
				       THREAD_ANY_CPU), 0);
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 60000 * MSEC), 0);
	assert_int_equal(k.value, 7);
	thread_join(&t);
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void waiting_interrupted_by_signal_ends(void **state)
{
	struct fixture *f = *state;
	struct sigaction sa = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	assert_int_equal(poller_wait(&f->p, f->ev, 4, 60000 * MSEC), 0);
	alarm(0);
}

/* Neither the first nor the second descriptor is left open. */
static void creation_without_descriptors_fails_clean(void **state)
{
	struct rlimit old, limit;
	struct poller p;
	int probe = dup(0);

	(void)state;
	close(probe);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	for (rlim_t n = 0; n < 2; n++) {
		limit = (struct rlimit){ (rlim_t)probe + n, old.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
		assert_int_equal(poller_create(&p), -EMFILE);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
		assert_int_equal(dup(0), probe);
		close(probe);
	}
}

#define C(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		C(descriptor_ready_level_reported_until_read),
		C(descriptor_ready_edge_reported_once),
		C(descriptor_modified_and_deleted_obeys),
		C(peer_closed_reports_hangup),
		C(plain_file_is_refused),
		C(timeout_is_not_shortened),
		C(kicked_wait_ends_without_event),
		C(kick_and_event_both_arrive_with_room_for_one),
		C(waiting_kicked_by_other_thread_ends),
		C(waiting_interrupted_by_signal_ends),
		cmocka_unit_test(creation_without_descriptors_fails_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
