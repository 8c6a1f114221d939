/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TAP of several queues under several threads: streams of the kernel's are
 * echoed while its interface goes down, comes up, and is deleted at last. In a
 * network namespace of its own; skipped where that is not allowed.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/netdev.h>
#include <inet/socket.h>

#include "dut.h"
#include "tap.h"
#include "threaded.h"

#define NR_QUEUES 4u
#define STREAMS 6u
#define LEN (1u << 20)

static bool have_namespace;

struct rig {
	struct net *net;
	struct net_device *dev;
	struct socket *listener;
	pthread_t echo[STREAMS];
	u32 failed;
};

static void *echo(void *arg)
{
	struct rig *r = arg;
	struct socket *s = inet_accept(r->listener, NULL, NULL);
	char buf[16384];
	ssize_t n;

	if (!s) {
		threaded_count(&r->failed);
		return NULL;
	}
	while ((n = inet_recv(s, buf, sizeof(buf), 0)) > 0)
		if (threaded_send_all(s, buf, (size_t)n) != n)
			break;
	if (n)
		threaded_count(&r->failed);
	inet_close(s);
	return NULL;
}

static void command(const char *text)
{
	fflush(stdout);
	if (system(text))
		fail_msg("%s", text);
}

static int open_rig(void **state)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_THREADED,
		.nr_threads = NR_QUEUES,
	};
	struct sockaddr_in own = { .sin_family = AF_INET,
				   .sin_port = htons(TT_PORT) };
	struct rig *r;

	*state = NULL;
	if (!have_namespace)
		return 0;
	r = calloc(1, sizeof(*r));
	r->net = inet_create(&cfg);
	r->dev = inet_netdev_open(r->net, "tap:t0,queues=4");
	assert_non_null(r->dev);
	command("ip address add 10.0.0.1/24 dev t0 && ip link set t0 up");
	assert_int_equal(inet_addr_add(r->dev, "10.0.0.2/24"), 0);
	assert_int_equal(inet_start(r->net), 0);
	assert_int_equal(inet_netdev_up(r->dev), 0);
	r->listener = inet_socket(r->net, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(inet_bind(r->listener, (struct sockaddr *)&own,
				   sizeof(own)), 0);
	assert_int_equal(inet_listen(r->listener, 32), 0);
	*state = r;
	return 0;
}

static int close_rig(void **state)
{
	struct rig *r = *state;

	if (!r)
		return 0;
	inet_close(r->listener);
	inet_destroy(r->net);
	free(r);
	return 0;
}

static struct rig *rig_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}

/* A stream of the kernel's, from any port. */
static int client(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(TT_PORT) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	sin.sin_addr.s_addr = htonl(0x0a000002);
	assert_int_equal(connect(fd, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static u8 octet(u32 stream, u32 pos)
{
	return (u8)((pos * 2654435761u >> 13) + stream);
}

/* Sends and takes back what goes. Return: bytes, both ways. */
static u32 pump(u32 stream, int fd, u32 *sent, u32 *back)
{
	u8 buf[16384];
	u32 len = LEN - *sent < sizeof(buf) ? LEN - *sent : sizeof(buf);
	u32 moved = 0;
	ssize_t n;

	for (u32 i = 0; i < len; i++)
		buf[i] = octet(stream, *sent + i);
	n = len ? send(fd, buf, len, MSG_NOSIGNAL) : 0;
	if (n > 0) {
		*sent += (u32)n;
		moved += (u32)n;
	}
	n = recv(fd, buf, sizeof(buf), 0);
	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(buf[i], octet(stream, *back + (u32)i));
	if (n > 0) {
		*back += (u32)n;
		moved += (u32)n;
	}
	return moved;
}

/* Each flow by a queue of its own, in any order, through an outage each. */
static void streams_by_all_queues_survive_the_link(void **state)
{
	struct rig *r = rig_of(state);
	u32 sent[STREAMS] = { 0 }, back[STREAMS] = { 0 }, done = 0, all = 0;
	u32 outages = 0;
	int fd[STREAMS];

	for (u32 i = 0; i < STREAMS; i++) {
		assert_int_equal(pthread_create(&r->echo[i], NULL, echo, r), 0);
		fd[i] = client();
	}
	while (done < STREAMS) {
		u32 moved = 0;

		done = 0;
		for (u32 i = 0; i < STREAMS; i++) {
			moved += pump(i, fd[i], &sent[i], &back[i]);
			done += back[i] == LEN;
		}
		all += moved;
		if (!moved)
			usleep(1000);
		if (outages < 3 && all > (outages + 1) * (LEN / 2)) {
			command("ip link set t0 down && ip link set t0 up");
			outages++;
		}
	}
	for (u32 i = 0; i < STREAMS; i++)	/* who echoes which is open */
		shutdown(fd[i], SHUT_WR);
	for (u32 i = 0; i < STREAMS; i++) {
		pthread_join(r->echo[i], NULL);
		close(fd[i]);
	}
	assert_int_equal(outages, 3);
	assert_int_equal(threaded_read(&r->failed), 0);
}

/* Every thread finds out for itself; none spins. */
static void deleted_under_all_threads_is_closed_cleanly(void **state)
{
	struct rig *r = rig_of(state);
	u32 sent[STREAMS] = { 0 }, back[STREAMS] = { 0 };
	struct inet_netdev_stats stats;
	int fd[STREAMS];

	for (u32 i = 0; i < STREAMS; i++) {
		assert_int_equal(pthread_create(&r->echo[i], NULL, echo, r), 0);
		fd[i] = client();
	}
	for (u32 k = 0; k < 200; k++)
		for (u32 i = 0; i < STREAMS; i++)
			pump(i, fd[i], &sent[i], &back[i]);
	command("ip link del t0");
	for (u32 ms = 0; ms < 5000 && inet_netdev_get_carrier(r->dev); ms++)
		usleep(1000);
	assert_int_equal(inet_netdev_get_carrier(r->dev), 0);
	usleep(300000);		/* who spins has had thousands by now */
	inet_netdev_get_stats(r->dev, &stats);
	assert_in_range(stats.rx_errors, 1, NR_QUEUES);
	assert_int_equal(inet_netdev_close(r->dev), 0);
	for (u32 i = 0; i < STREAMS; i++)
		close(fd[i]);
	/* Those that wait for their peers learn it by the end of the stack. */
	inet_stop(r->net);
	for (u32 i = 0; i < STREAMS; i++)
		pthread_join(r->echo[i], NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			streams_by_all_queues_survive_the_link, open_rig,
			close_rig),
		cmocka_unit_test_setup_teardown(
			deleted_under_all_threads_is_closed_cleanly, open_rig,
			close_rig),
	};

	have_namespace = dut_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
