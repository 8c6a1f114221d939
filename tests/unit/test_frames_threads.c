/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that one thread is lent and others give back, in every order, also
 * when their socket is closed, and each by two of them at once. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "threaded.h"

#define BULK (1u << 20)
#define DATAGRAMS 2000u
#define QUEUE 16u
#define PIECES 64
#define NR_GIVERS 2

static u8 byte_of(u32 at)
{
	return (u8)(at * 7 + (at >> 8) * 13);
}

/* ---- who gives back --------------------------------------------------- */

/* What was lent: bytes of the stream from at on, @len of them. */
struct lent {
	u64 frames;
	struct iovec iov[PIECES];
	u32 nr, at, len;
};

/* The reader puts in, the givers take out. */
static struct givers {
	struct net *net;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct lent queue[QUEUE];
	u32 nr;
	bool over;
	u64 before[NR_GIVERS];		/* what each gave back last */
	u32 nr_back, nr_bad;
	pthread_t thread[NR_GIVERS];
} givers;

/* Are the bytes right? */
static bool right(const struct lent *l)
{
	u32 i, k, n = 0;

	for (i = 0; i < l->nr; i++)
		for (k = 0; k < l->iov[i].iov_len; k++, n++)
			if (((u8 *)l->iov[i].iov_base)[k] != byte_of(l->at + n))
				return false;
	return n == l->len;
}

/* One of those that wait, the last or the first; false: no more will come. */
static bool take(struct givers *g, struct lent *l, bool first)
{
	bool taken;

	pthread_mutex_lock(&g->lock);
	while (!g->nr && !g->over)
		pthread_cond_wait(&g->moved, &g->lock);
	taken = g->nr > 0;
	if (taken) {
		*l = g->queue[first ? 0 : g->nr - 1];
		if (first)
			g->queue[0] = g->queue[g->nr - 1];
		g->nr--;
	}
	pthread_cond_broadcast(&g->moved);
	pthread_mutex_unlock(&g->lock);
	return taken;
}

/* Counts what came back: each loan once, whoever is faster. */
static void give_back(struct givers *g, u64 frames)
{
	if (!frames)
		return;
	if (inet_frames_put(g->net, frames) == 0)
		threaded_count(&g->nr_back);
	else if (errno != EINVAL)
		threaded_count(&g->nr_bad);
}

/* Gives back what it gets, and tries what the other one gives back; who gives back
 * knows that all have read. */
static void *give(void *arg)
{
	struct givers *g = &givers;
	u32 me = (u32)(uintptr_t)arg;
	struct lent l;

	while (take(g, &l, me)) {
		if (!right(&l))
			threaded_count(&g->nr_bad);
		__atomic_store_n(&g->before[me], l.frames, __ATOMIC_RELEASE);
		give_back(g, l.frames);
		give_back(g, __atomic_load_n(&g->before[!me],
					     __ATOMIC_ACQUIRE));
	}
	return NULL;
}

static void givers_start(struct net *net)
{
	u32 i;

	givers = (struct givers){ .net = net,
				  .lock = PTHREAD_MUTEX_INITIALIZER,
				  .moved = PTHREAD_COND_INITIALIZER };
	for (i = 0; i < NR_GIVERS; i++)
		assert_int_equal(pthread_create(&givers.thread[i], NULL, give,
						(void *)(uintptr_t)i), 0);
}

static void hand_over(const struct lent *l)
{
	pthread_mutex_lock(&givers.lock);
	while (givers.nr == QUEUE)
		pthread_cond_wait(&givers.moved, &givers.lock);
	givers.queue[givers.nr++] = *l;
	pthread_cond_broadcast(&givers.moved);
	pthread_mutex_unlock(&givers.lock);
}

/* All of @n loans came back right. */
static void givers_end(u32 n)
{
	u32 i;

	pthread_mutex_lock(&givers.lock);
	givers.over = true;
	pthread_cond_broadcast(&givers.moved);
	pthread_mutex_unlock(&givers.lock);
	for (i = 0; i < NR_GIVERS; i++)
		pthread_join(givers.thread[i], NULL);
	assert_int_equal(givers.nr_back, n);
	assert_int_equal(givers.nr_bad, 0);
}

/* Waits for up to @len bytes. Return: bytes, or -errno. */
static int borrow(struct socket *s, struct lent *l, size_t len)
{
	struct msghdr m = { .msg_iov = l->iov, .msg_iovlen = PIECES };
	ssize_t n = inet_recv_frames(s, &m, len, 0, &l->frames);

	l->nr = (u32)m.msg_iovlen;
	l->len = n > 0 ? (u32)n : 0;
	return n < 0 ? -errno : (int)n;
}

/* ---- the cases --------------------------------------------------------- */

static void *send_bulk(void *s)
{
	static u8 bytes[BULK];
	u32 i;

	for (i = 0; i < BULK; i++)
		bytes[i] = byte_of(i);
	if (threaded_send_all(s, bytes, BULK) != BULK)
		threaded_count(&givers.nr_bad);
	inet_shutdown(s, SHUT_WR);
	return NULL;
}

/* The reader closes as soon as it has all. */
static void stream_is_given_back_by_others(void **state)
{
	struct threaded_pair p;
	struct socket *c[2];
	pthread_t sender;
	struct lent l;
	u32 at = 0, nr = 0;
	int n;

	(void)state;
	threaded_open(&p, 2, NULL);
	threaded_join(&p, c);
	givers_start(p.net[1]);
	assert_int_equal(pthread_create(&sender, NULL, send_bulk, c[0]), 0);
	while ((n = borrow(c[1], &l, 1 + at % 30000)) > 0) {
		l.at = at;
		at += (u32)n;
		hand_over(&l);
		nr++;
	}
	assert_int_equal(n, 0);
	assert_int_equal(at, BULK);
	inet_close(c[1]);
	givers_end(nr);
	pthread_join(sender, NULL);
	inet_close(c[0]);
	threaded_close(&p);
}

static void *send_datagrams(void *s)
{
	const struct sockaddr_in to = threaded_addr(1, TT_PORT);
	u8 bytes[1000];
	u32 i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = byte_of(i);
	for (i = 0; i < DATAGRAMS; i++)
		inet_sendto(s, bytes, 1 + i % sizeof(bytes), 0,
			    (const struct sockaddr *)&to, sizeof(to));
	return NULL;
}

/* Some may be dropped on their way. */
static void datagrams_are_given_back_by_others(void **state)
{
	const struct timeval patience = { .tv_usec = 300000 };
	struct threaded_pair p;
	struct socket *s[2];
	pthread_t sender;
	struct lent l;
	u32 nr = 0;

	(void)state;
	threaded_open(&p, 2, NULL);
	s[0] = threaded_socket(&p, 0, SOCK_DGRAM, 0);
	s[1] = threaded_socket(&p, 1, SOCK_DGRAM, TT_PORT);
	assert_int_equal(inet_setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO,
					 &patience, sizeof(patience)), 0);
	givers_start(p.net[1]);
	assert_int_equal(pthread_create(&sender, NULL, send_datagrams, s[0]), 0);
	while (borrow(s[1], &l, 2000) > 0) {
		l.at = 0;
		hand_over(&l);
		nr++;
	}
	assert_int_equal(errno, EAGAIN);	/* the patience */
	assert_true(nr > 0);
	inet_close(s[1]);
	givers_end(nr);
	pthread_join(sender, NULL);
	inet_close(s[0]);
	threaded_close(&p);
}

/* inet_stop() leaves them; inet_destroy() takes them. */
static void stopped_stacks_take_frames_back(void **state)
{
	struct threaded_pair p;
	struct socket *c[2];
	struct lent l, other;

	(void)state;
	threaded_open(&p, 1, NULL);
	threaded_join(&p, c);
	assert_int_equal(inet_send(c[0], "0123456789", 10, 0), 10);
	assert_int_equal(borrow(c[1], &l, 5), 5);
	assert_int_equal(borrow(c[1], &other, 5), 5);
	inet_stop(p.net[1]);
	assert_memory_equal(l.iov[0].iov_base, "01234", 5);
	assert_int_equal(inet_frames_put(p.net[1], l.frames), 0);
	assert_int_equal(inet_frames_put(p.net[1], l.frames), -1);
	inet_close(c[0]);
	threaded_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_is_given_back_by_others),
		cmocka_unit_test(datagrams_are_given_back_by_others),
		cmocka_unit_test(stopped_stacks_take_frames_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
