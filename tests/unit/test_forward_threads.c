/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarders of a threaded stack: requests in two softirq threads, verdicts in the
 * callback and from threads of the application, while forwarders come and go.
 * Meant to run under ThreadSanitizer too.
 */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include <inet/control.h>
#include <inet/forward.h>
#include <inet/netdev.h>

#include "threaded.h"

#define NR_CLIENTS 4
#define ROUNDS 30
#define MAX_WAITING 256
#define FOREIGN 0xcb007100u

/* Requests that the callback leaves to another thread. */
struct desk {
	pthread_mutex_t lock;
	u64 id[MAX_WAITING];
	u32 nr;
	struct inet_forwarder *fwd;	/* NULL: none now */
	u32 stop, wrong, served, refused;
};

static struct desk desk = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* A quarter is refused at once, the rest is served later. */
static void asked(struct inet_forwarder *fwd,
		  const struct inet_forward_request *req, void *arg)
{
	struct desk *d = arg;

	if (ntohs(req->dst.sin_port) % 4 == 2) {
		inet_forward_reset(fwd, req->id);
		return;
	}
	pthread_mutex_lock(&d->lock);
	if (d->nr < MAX_WAITING)
		d->id[d->nr++] = req->id;
	pthread_mutex_unlock(&d->lock);
}

/* Says what was said, until the end. */
static void serve(struct desk *d, struct socket *s)
{
	char buf[64];
	ssize_t n;

	while ((n = inet_recv(s, buf, sizeof(buf), 0)) > 0)
		if (inet_send(s, buf, (size_t)n, 0) != n)
			break;
	threaded_count(&d->served);
	inet_close(s);
}

/* One request off the desk and its verdict, if there is one. Return: whether. */
static bool decide(struct desk *d, struct socket **s)
{
	u64 id = 0;

	*s = NULL;
	pthread_mutex_lock(&d->lock);
	if (d->nr && d->fwd) {
		id = d->id[--d->nr];
		*s = inet_forward_accept(d->fwd, id, 0);
		if (!*s && errno != ENOENT)
			threaded_count(&d->wrong);
	}
	pthread_mutex_unlock(&d->lock);
	return id;
}

static void *clerk(void *arg)
{
	struct desk *d = arg;
	struct socket *s;

	while (!threaded_read(&d->stop)) {
		if (!decide(d, &s))
			threaded_pause_us(100);
		if (s)
			serve(d, s);
	}
	return NULL;
}

struct client {
	pthread_t thread;
	struct threaded_pair *p;
	u32 nr;
};

/* Connects to many addresses; is served, refused, or the forwarder was gone. */
static void *connects(void *arg)
{
	const struct timeval patience = { .tv_sec = 20 };
	struct client *c = arg;
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct socket *s;
	char buf[16];
	u32 i;

	for (i = 0; i < ROUNDS; i++) {
		a.sin_addr.s_addr = htonl(FOREIGN + c->nr);
		a.sin_port = htons((u16)(1000 + i % 4));
		s = inet_socket(c->p->net[0], AF_INET, SOCK_STREAM, 0);
		inet_setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience,
				sizeof(patience));
		inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience,
				sizeof(patience));
		if (inet_connect(s, (struct sockaddr *)&a, sizeof(a))) {
			threaded_count(&desk.refused);
			if (errno != ECONNREFUSED || i % 4 != 2)
				threaded_count(&desk.wrong);
		} else if (inet_send(s, "abc", 3, 0) != 3 ||
			   inet_recv(s, buf, sizeof(buf), 0) != 3 ||
			   memcmp(buf, "abc", 3)) {
			threaded_count(&desk.wrong);
		}
		inet_close(s);
	}
	return NULL;
}

static void pair_open(struct threaded_pair *p)
{
	threaded_open(p, 2, NULL);
	assert_int_equal(inet_route_add(p->net[0], "default via 10.0.0.2"), 0);
}

static void requests_are_decided_by_other_threads(void **state)
{
	struct threaded_pair p;
	struct client c[NR_CLIENTS];
	pthread_t clerks[2];
	u32 i;

	(void)state;
	pair_open(&p);
	desk.fwd = inet_tcp_forwarder(p.net[1], NULL, asked, &desk);
	assert_non_null(desk.fwd);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&clerks[i], NULL, clerk, &desk),
				 0);
	for (i = 0; i < NR_CLIENTS; i++) {
		c[i] = (struct client){ .p = &p, .nr = i };
		assert_int_equal(pthread_create(&c[i].thread, NULL, connects,
						&c[i]), 0);
	}
	for (i = 0; i < NR_CLIENTS; i++)
		pthread_join(c[i].thread, NULL);
	__atomic_store_n(&desk.stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++)
		pthread_join(clerks[i], NULL);
	assert_int_equal(desk.wrong, 0);
	assert_true(desk.served > 0 && desk.refused > 0);
	inet_forwarder_destroy(desk.fwd);
	desk.fwd = NULL;
	threaded_close(&p);
}

/* ---- forwarders that come and go -------------------------------------- */

static u32 nr_asked;

static void counts(struct inet_forwarder *fwd,
		   const struct inet_forward_request *req, void *arg)
{
	u32 *alive = arg;
	struct socket *s;

	/* no callback after the end of inet_forwarder_destroy() */
	if (!threaded_read(alive))
		threaded_count(&desk.wrong);
	s = inet_forward_accept(fwd, req->id, SOCK_NONBLOCK);
	if (s)
		inet_close(s);
	threaded_count(&nr_asked);
}

static u32 flooding;

/* Datagrams and SYNs to everywhere, until it is enough. */
static void *floods(void *arg)
{
	struct client *c = arg;
	struct sockaddr_in a = { .sin_family = AF_INET };
	struct socket *u = inet_socket(c->p->net[0], AF_INET,
				       SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct socket *t;
	u32 i;

	for (i = 0; threaded_read(&flooding); i++) {
		a.sin_addr.s_addr = htonl(FOREIGN + i % 200);
		a.sin_port = htons((u16)(1 + i % 1000));
		inet_sendto(u, "x", 1, 0, (struct sockaddr *)&a, sizeof(a));
		t = inet_socket(c->p->net[0], AF_INET,
				SOCK_STREAM | SOCK_NONBLOCK, 0);
		inet_connect(t, (struct sockaddr *)&a, sizeof(a));
		inet_close(t);
	}
	inet_close(u);
	return NULL;
}

static void forwarders_come_and_go_under_a_flood(void **state)
{
	struct inet_forwarder *tcp, *udp;
	struct inet_forward_stats s;
	struct threaded_pair p;
	struct client c[2];
	u32 i, alive[40] = { 0 };

	(void)state;
	desk.wrong = 0;
	pair_open(&p);
	flooding = 1;
	for (i = 0; i < 2; i++) {
		c[i] = (struct client){ .p = &p };
		assert_int_equal(pthread_create(&c[i].thread, NULL, floods,
						&c[i]), 0);
	}
	for (i = 0; i < 40; i++) {
		u32 before = threaded_read(&nr_asked);

		__atomic_store_n(&alive[i], 1, __ATOMIC_RELEASE);
		tcp = inet_tcp_forwarder(p.net[1], NULL, counts, &alive[i]);
		udp = inet_udp_forwarder(p.net[1], NULL, counts, &alive[i]);
		assert_non_null(tcp);
		assert_non_null(udp);
		assert_true(threaded_wait(&nr_asked, before + 5));
		inet_forwarder_stats(tcp, &s);
		assert_true(s.held + s.open <= 1024);
		inet_forwarder_destroy(tcp);
		inet_forwarder_destroy(udp);
		__atomic_store_n(&alive[i], 0, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&flooding, 0, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++)
		pthread_join(c[i].thread, NULL);
	assert_int_equal(desk.wrong, 0);
	threaded_close(&p);
}

/* ---- flows of UDP that end in all ways at once ------------------------- */

/* Sockets that another thread closes. */
struct shelf {
	pthread_mutex_t lock;
	struct socket *s[MAX_WAITING];
	u32 nr, stop;
};

/* Half of them is for the shelf, the rest expires. */
static void shelves(struct inet_forwarder *fwd,
		    const struct inet_forward_request *req, void *arg)
{
	struct shelf *sh = arg;
	struct socket *s = NULL;

	threaded_count(&nr_asked);
	if (ntohs(req->dst.sin_port) % 2)
		s = inet_forward_accept(fwd, req->id, SOCK_NONBLOCK);
	pthread_mutex_lock(&sh->lock);
	if (s && sh->nr < MAX_WAITING) {
		sh->s[sh->nr++] = s;
		s = NULL;
	}
	pthread_mutex_unlock(&sh->lock);
	if (s)
		inet_close(s);
}

/* Closes the oldest half, of which some are idle for long. */
static void *closes(void *arg)
{
	struct socket *s[MAX_WAITING];
	struct shelf *sh = arg;
	u32 i, n, stop;

	do {
		stop = threaded_read(&sh->stop);
		pthread_mutex_lock(&sh->lock);
		n = stop ? sh->nr : (sh->nr + 1) / 2;
		memcpy(s, sh->s, n * sizeof(*s));
		sh->nr -= n;
		memmove(sh->s, sh->s + n, sh->nr * sizeof(*s));
		pthread_mutex_unlock(&sh->lock);
		for (i = 0; i < n; i++)
			inet_close(s[i]);
		threaded_pause_us(1000);
	} while (!stop);
	return NULL;
}

static void flows_end_by_time_by_close_and_with_the_forwarder(void **state)
{
	struct inet_forward_options o = { .size = sizeof(o), .hold_ms = 2,
					  .idle_ms = 2 };
	struct shelf sh = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct inet_forward_stats st = { .open = 1 };
	struct inet_forwarder *fwd;
	struct threaded_pair p;
	struct client c = { .p = &p };
	pthread_t closer;
	u32 i, before;

	(void)state;
	pair_open(&p);
	__atomic_store_n(&flooding, 1, __ATOMIC_RELEASE);
	assert_int_equal(pthread_create(&c.thread, NULL, floods, &c), 0);
	assert_int_equal(pthread_create(&closer, NULL, closes, &sh), 0);
	for (i = 0; i < 10; i++) {
		before = threaded_read(&nr_asked);
		fwd = inet_udp_forwarder(p.net[1], &o, shelves, &sh);
		assert_non_null(fwd);
		assert_true(threaded_wait(&nr_asked, before + 100));
		if (i < 9)
			inet_forwarder_destroy(fwd);
	}
	__atomic_store_n(&flooding, 0, __ATOMIC_RELEASE);
	pthread_join(c.thread, NULL);
	for (i = 0; i < 20000 && st.held + st.open; i++) {
		threaded_pause_us(1000);
		inet_forwarder_stats(fwd, &st);
	}
	assert_int_equal(st.held + st.open, 0);
	assert_true(st.accepted && st.expired);
	inet_forwarder_destroy(fwd);
	__atomic_store_n(&sh.stop, 1, __ATOMIC_RELEASE);
	pthread_join(closer, NULL);
	threaded_close(&p);
}

/* ---- a callback may do what waits -------------------------------------- */

static void never_told(struct socket *s, int revents, void *arg)
{
	(void)s;
	(void)revents;
	(void)arg;
}

/* Takes rtnl, and waits for a grace period, as an application may that makes a
 * route to each who asks; then ends the forwarder, the 200th time. */
static void rearranges(struct inet_forwarder *fwd,
		       const struct inet_forward_request *req, void *arg)
{
	struct threaded_pair *p = arg;
	struct socket *s = inet_socket(p->net[1], AF_INET, SOCK_DGRAM, 0);

	if (inet_route_add(p->net[1], "198.51.100.0/24 dev w0") && errno != EEXIST)
		threaded_count(&desk.wrong);
	if (inet_route_del(p->net[1], "198.51.100.0/24 dev w0") && errno != ESRCH)
		threaded_count(&desk.wrong);
	if (inet_set_event_cb(s, POLLIN, never_told, NULL) || inet_close(s))
		threaded_count(&desk.wrong);
	inet_forward_drop(fwd, req->id);
	if (threaded_count(&nr_asked) == 200)
		inet_forwarder_destroy(fwd);
}

static void callback_may_change_the_stack(void **state)
{
	struct inet_forwarder *fwd;
	struct threaded_pair p;
	struct client c = { .p = &p };
	pthread_t thread;

	(void)state;
	desk.wrong = 0;
	pair_open(&p);
	__atomic_store_n(&nr_asked, 0, __ATOMIC_RELEASE);
	__atomic_store_n(&flooding, 1, __ATOMIC_RELEASE);
	fwd = inet_udp_forwarder(p.net[1], NULL, rearranges, &p);
	assert_non_null(fwd);
	assert_int_equal(pthread_create(&thread, NULL, floods, &c), 0);
	assert_true(threaded_wait(&nr_asked, 200));
	__atomic_store_n(&flooding, 0, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_int_equal(desk.wrong, 0);
	threaded_close(&p);
}

/* Requests are held while the stack is stopped, and end with it. */
static void stopped_stack_holds_requests(void **state)
{
	struct inet_forward_stats s = { 0 };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(7) };
	struct threaded_pair p;
	struct inet_forwarder *fwd;
	struct socket *t;
	u32 tries;

	(void)state;
	pair_open(&p);
	desk.nr = 0;
	fwd = inet_tcp_forwarder(p.net[1], NULL, asked, &desk);
	assert_non_null(fwd);
	t = inet_socket(p.net[0], AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	a.sin_addr.s_addr = htonl(FOREIGN);
	inet_connect(t, (struct sockaddr *)&a, sizeof(a));
	for (tries = 0; tries < 10000 && !s.held; tries++) {
		threaded_pause_us(1000);
		inet_forwarder_stats(fwd, &s);
	}
	assert_int_equal(s.held, 1);
	inet_stop(p.net[1]);
	assert_int_equal(inet_forward_drop(fwd, desk.id[0]), 0);
	assert_int_equal(inet_start(p.net[1]), 0);
	inet_forwarder_stats(fwd, &s);
	assert_int_equal(s.dropped, 1);
	inet_close(t);
	threaded_close(&p);			/* with the forwarder */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_decided_by_other_threads),
		cmocka_unit_test(forwarders_come_and_go_under_a_flood),
		cmocka_unit_test(flows_end_by_time_by_close_and_with_the_forwarder),
		cmocka_unit_test(callback_may_change_the_stack),
		cmocka_unit_test(stopped_stack_holds_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
