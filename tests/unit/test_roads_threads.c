/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The recorder in a threaded stack: started, read and stopped again and again
 * while the stack's own threads and the application's are on the road. Meant
 * to run under ThreadSanitizer too.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <inet/inet.h>
#include <inet/socket.h>
#include <inet/trace.h>

#define SENDERS 2
#define ROUNDS 40
#define POINTS 2000
#define PORT 1000

struct lab {
	struct net *net;
	struct socket *sink;
	int done;		/* atomic */
};

static struct sockaddr_in sink_addr(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(PORT) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

/* Sends and receives until told to stop. */
static void *sender(void *arg)
{
	struct lab *lab = arg;
	struct sockaddr_in to = sink_addr();
	struct socket *s = inet_socket(lab->net, AF_INET, SOCK_DGRAM, 0);
	char buf[16];

	while (s && !__atomic_load_n(&lab->done, __ATOMIC_ACQUIRE)) {
		inet_sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
		inet_recv(lab->sink, buf, sizeof(buf), MSG_DONTWAIT);
	}
	inet_close(s);
	return NULL;
}

/* Records until there are some points, and looks at each. Return: how many
 * were of the application's threads, and of softnets. */
static void record_round(struct net *net, const char *filter, u32 *app,
			 u32 *soft)
{
	const struct timespec nap = { 0, 1000000 };
	const struct inet_trace_point *pt;
	size_t i, turn;

	assert_int_equal(inet_trace_start_filter(net, POINTS, filter), 0);
	for (turn = 0; turn < 5000 && inet_trace_count(net) < 200; turn++)
		nanosleep(&nap, NULL);
	inet_trace_stop(net);
	assert_true(inet_trace_count(net) >= 200);
	for (i = 0; (pt = inet_trace_get(net, i)); i++) {
		assert_non_null(pt->function);
		assert_true(strlen(pt->file) > 0 && pt->line > 0);
		assert_true(pt->time_ns > 0);
		if (*filter)
			assert_true(pt->skb > 0);
		if (pt->softnet < 0)
			(*app)++;
		else
			(*soft)++;
	}
	assert_int_equal(i, inet_trace_count(net));
}

static void threads_on_the_road_are_recorded_whole(void **state)
{
	struct inet_config cfg = { .size = sizeof(cfg), .mode = INET_THREADED,
				   .nr_threads = 2 };
	struct lab lab = { .net = inet_create(&cfg) };
	struct sockaddr_in a = sink_addr();
	pthread_t threads[SENDERS];
	u32 app = 0, soft = 0;
	int i;

	(void)state;
	assert_non_null(lab.net);
	assert_int_equal(inet_start(lab.net), 0);
	lab.sink = inet_socket(lab.net, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(inet_bind(lab.sink, (struct sockaddr *)&a, sizeof(a)),
			 0);
	for (i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sender,
						&lab), 0);
	for (i = 0; i < ROUNDS; i++)
		record_round(lab.net, i % 2 ? "udp dport 1000" : "", &app,
			     &soft);
	__atomic_store_n(&lab.done, 1, __ATOMIC_RELEASE);
	for (i = 0; i < SENDERS; i++)
		pthread_join(threads[i], NULL);
	assert_true(app > 0);
	assert_true(soft > 0);
	inet_close(lab.sink);
	inet_destroy(lab.net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_on_the_road_are_recorded_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
