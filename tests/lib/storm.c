/* SPDX-License-Identifier: BSD-2-Clause */
/* Storms of calls on one socket. See storm.h. */
#include "storm.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "core/socket.h"
#include "lib/compiler.h"
#include "threaded.h"

#define NR_STORMERS 8
#define NR_ROUNDS 60
#define CLOSE_AT 45
#define NR_CALLS 11
#define NR_PASSIVE 8		/* of these, the first */

/* One storm while it lasts. */
struct weather {
	const struct storm *st;
	struct socket *s;
	pthread_barrier_t barrier;
	u32 nr_bad;		/* atomic */
	int bad_errno, bad_call;
};

struct stormer {
	struct weather *w;
	int id;
	pthread_t thread;
};

/* errno values that a call in the middle of a storm may meet. */
static bool storm_errno(int err)
{
	static const int may[] = {
		EBADF, EAGAIN, EINVAL, ECONNREFUSED, ENOTCONN, EPIPE, EISCONN,
		EOPNOTSUPP, EDESTADDRREQ, EINPROGRESS, EALREADY, EADDRINUSE,
		ECONNRESET, ECONNABORTED, EADDRNOTAVAIL, EMSGSIZE, ENOBUFS,
	};

	for (size_t i = 0; i < ARRAY_SIZE(may); i++)
		if (may[i] == err)
			return true;
	return false;
}

/* Calls that have to do with addresses. */
static int storm_name(const struct storm *st, struct socket *s, int what, int id)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);

	if (what == 9)
		return inet_getpeername(s, (struct sockaddr *)&a, &len);
	st->address(id, what == 10, &a, &len);
	return what == 10 ? inet_connect(s, (struct sockaddr *)&a, len) :
			    inet_bind(s, (struct sockaddr *)&a, len);
}

static ssize_t storm_call(const struct storm *st, struct socket *s, int what,
			  int id)
{
	struct inet_pollfd f = { s, POLLIN | POLLOUT, 0 };
	struct socket *child;
	char buf[2000] = { 0 };
	int v = 20000;

	switch (what) {
	case 1:
		return inet_listen(s, 3);
	case 2:
		child = inet_accept(s, NULL, NULL);
		return child ? inet_close(child) : -1;
	case 3:
		return inet_send(s, buf, sizeof(buf), MSG_DONTWAIT);
	case 4:
		return inet_recv(s, buf, sizeof(buf), MSG_DONTWAIT);
	case 5:
		return inet_poll(&f, 1, 0);
	case 6:
		return inet_setsockopt(s, SOL_SOCKET, SO_RCVBUF, &v, sizeof(v));
	case 7:
		return inet_socket_fd(s, POLLIN);
	case 8:
		return inet_shutdown(s, id % 3);
	default:
		return storm_name(st, s, what, id);
	}
}

static void *run_stormer(void *arg)
{
	struct stormer *me = arg;
	struct weather *w = me->w;

	pthread_barrier_wait(&w->barrier);
	for (int i = 0; i < NR_ROUNDS; i++) {
		int call = (i * 7 + me->id) %
			   (w->st->passive ? NR_PASSIVE : NR_CALLS);

		if (me->id == 0 && i == CLOSE_AT && inet_close(w->s))
			threaded_count(&w->nr_bad);
		errno = 0;
		if (storm_call(w->st, w->s, call, me->id) < 0 &&
		    !storm_errno(errno)) {
			__atomic_store_n(&w->bad_errno, errno, __ATOMIC_RELAXED);
			__atomic_store_n(&w->bad_call, call, __ATOMIC_RELAXED);
			threaded_count(&w->nr_bad);
		}
		if (w->st->beside)
			w->st->beside(w->st->arg, me->id, i);
	}
	return NULL;
}

void storm_round(const struct storm *st, struct socket *s)
{
	struct weather w = { .st = st, .s = s };
	struct stormer t[NR_STORMERS];

	inet_set_nonblock(s, true);
	sock_user_get(s);	/* what a descriptor table would hold */
	pthread_barrier_init(&w.barrier, NULL, NR_STORMERS);
	for (int i = 0; i < NR_STORMERS; i++) {
		t[i] = (struct stormer){ .w = &w, .id = i };
		assert_int_equal(pthread_create(&t[i].thread, NULL, run_stormer,
						&t[i]), 0);
	}
	for (int i = 0; i < NR_STORMERS; i++)
		pthread_join(t[i].thread, NULL);
	pthread_barrier_destroy(&w.barrier);
	assert_int_equal(inet_close(s), -1);
	assert_int_equal(errno, EBADF);
	sock_user_put(s);
	if (w.nr_bad)
		fail_msg("call %d: %s", w.bad_call, strerror(w.bad_errno));
}
