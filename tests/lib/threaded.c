/* SPDX-License-Identifier: BSD-2-Clause */
/* Two threaded stacks with a wire between them. */
#include "threaded.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inet/control.h>

static struct net *start(u32 nr_threads)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_THREADED,
		.nr_threads = nr_threads, .nr_frames = 4096,
	};
	struct net *net = inet_create(&cfg);

	assert_non_null(net);
	assert_int_equal(inet_start(net), 0);
	return net;
}

static void bring_up(struct threaded_pair *p, int i)
{
	assert_int_equal(inet_addr_add(p->dev[i], i ? "10.0.0.2/24" :
					       "10.0.0.1/24"), 0);
	assert_int_equal(inet_netdev_up(p->dev[i]), 0);
}

void threaded_open(struct threaded_pair *p, u32 nr_threads,
		   const struct inet_wire_config *config)
{
	for (int i = 0; i < 2; i++)
		p->net[i] = start(nr_threads);
	p->wire = inet_wire_connect(p->net[0], "w0", p->net[1], "w0", config);
	assert_non_null(p->wire);
	for (int i = 0; i < 2; i++) {
		p->dev[i] = inet_wire_device(p->wire, i ? 'b' : 'a');
		bring_up(p, i);
	}
}

void threaded_open_on(struct threaded_pair *p, u32 nr_threads,
		      const char *const specs[2])
{
	p->wire = NULL;
	for (int i = 0; i < 2; i++) {
		p->net[i] = start(nr_threads);
		p->dev[i] = inet_netdev_open(p->net[i], specs[i]);
		if (!p->dev[i])
			fail_msg("%s: %s", specs[i], inet_strerror(p->net[i]));
		bring_up(p, i);
	}
}

void threaded_close(struct threaded_pair *p)
{
	inet_wire_close(p->wire);
	for (int i = 0; i < 2; i++)
		inet_destroy(p->net[i]);
}

struct sockaddr_in threaded_addr(int side, u16 port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(0x0a000001u + (u32)side),
	};
}

struct socket *threaded_socket(struct threaded_pair *p, int side, int type,
			       u16 port)
{
	struct sockaddr_in sin = threaded_addr(side, port);
	struct socket *s = inet_socket(p->net[side], AF_INET, type, 0);
	int on = 1;

	assert_non_null(s);
	if (!port)
		return s;
	inet_setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(inet_bind(s, (struct sockaddr *)&sin, sizeof(sin)), 0);
	return s;
}

struct socket *threaded_listener(struct threaded_pair *p, int side, u16 port)
{
	struct socket *s = threaded_socket(p, side, SOCK_STREAM, port);

	assert_int_equal(inet_listen(s, 64), 0);
	return s;
}

int threaded_connect(struct socket *s, int side, u16 port)
{
	struct sockaddr_in sin = threaded_addr(side, port);

	return inet_connect(s, (struct sockaddr *)&sin, sizeof(sin)) ?
		       -errno : 0;
}

void threaded_join(struct threaded_pair *p, struct socket *c[2])
{
	struct socket *l = threaded_listener(p, 1, TT_PORT);

	c[0] = threaded_socket(p, 0, SOCK_STREAM, 0);
	assert_int_equal(threaded_connect(c[0], 1, TT_PORT), 0);
	c[1] = inet_accept(l, NULL, NULL);
	assert_non_null(c[1]);
	inet_close(l);
}

int threaded_small_buffers(struct socket *s)
{
	int size = 32768;

	if (inet_setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) ||
	    inet_setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)))
		return -errno;
	return 0;
}

ssize_t threaded_send_all(struct socket *s, const void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = inet_send(s, (const char *)buf + done, len - done,
				      0);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t threaded_recv_all(struct socket *s, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = inet_recv(s, (char *)buf + done, len - done, 0);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

void threaded_pause_us(u32 us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000L };

	nanosleep(&ts, NULL);
}

bool threaded_wait(const u32 *what, u32 value)
{
	for (u32 ms = 0; ms < TT_PATIENCE_MS; ms++) {
		if (threaded_read(what) >= value)
			return true;
		threaded_pause_us(1000);
	}
	return false;
}

u32 threaded_count(u32 *what)
{
	return __atomic_add_fetch(what, 1, __ATOMIC_ACQ_REL);
}

u32 threaded_read(const u32 *what)
{
	return __atomic_load_n(what, __ATOMIC_ACQUIRE);
}
