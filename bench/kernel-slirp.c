/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's servers behind libslirp, as user networks of virtual machines
 * have it: it ends the peer's connections, which arrive by a TAP, and makes others
 * over the loopback to the servers. The kernel's sockets are in its figures.
 */
#include "kernel.h"

#include <arpa/inet.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"
#include "peer.h"

#define BATCH 64
#define FRAME 1514
#define MOST_FDS 128

static int tap;
static struct pollfd fds[MOST_FDS];
static unsigned int nr_fds;

/* ---- what libslirp asks for ------------------------------------------- */

static ssize_t send_packet(const void *frame, size_t len, void *unused)
{
	(void)unused;
	return write(tap, frame, len);
}

static void guest_error(const char *msg, void *unused)
{
	(void)unused;
	bench_die("libslirp", msg);
}

static int64_t clock_ns(void *unused)
{
	(void)unused;
	return (int64_t)(bench_now() * 1e9);
}

/* Its timers are for IPv6, which is off. */
static void *timer_new(SlirpTimerCb fn, void *arg, void *unused)
{
	static char timer;

	(void)fn;
	(void)arg;
	(void)unused;
	return &timer;
}

static void timer_mod(void *timer, int64_t expires_ms, void *unused)
{
	(void)timer;
	(void)expires_ms;
	(void)unused;
}

static void ignore_pointer(void *timer, void *unused)
{
	(void)timer;
	(void)unused;
}

static void ignore_fd(int fd, void *unused)
{
	(void)fd;
	(void)unused;
}

static void ignore(void *unused)
{
	(void)unused;
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = clock_ns,
	.timer_new = timer_new,
	.timer_free = ignore_pointer,
	.timer_mod = timer_mod,
	.register_poll_fd = ignore_fd,
	.unregister_poll_fd = ignore_fd,
	.notify = ignore,
};

/* ---- its loop --------------------------------------------------------- */

static const struct {
	int slirp;
	short poll;
} events[] = {
	{ SLIRP_POLL_IN, POLLIN }, { SLIRP_POLL_OUT, POLLOUT },
	{ SLIRP_POLL_PRI, POLLPRI }, { SLIRP_POLL_ERR, POLLERR },
	{ SLIRP_POLL_HUP, POLLHUP },
};
#define NR_EVENTS (sizeof(events) / sizeof(events[0]))

static int add_poll(int fd, int wanted, void *unused)
{
	unsigned int i;

	(void)unused;
	if (nr_fds == MOST_FDS)
		bench_die("libslirp", "too many connections");
	fds[nr_fds].fd = fd;
	fds[nr_fds].events = 0;
	for (i = 0; i < NR_EVENTS; i++)
		if (wanted & events[i].slirp)
			fds[nr_fds].events |= events[i].poll;
	return (int)nr_fds++;
}

static int get_revents(int at, void *unused)
{
	int came = 0;
	unsigned int i;

	(void)unused;
	for (i = 0; i < NR_EVENTS; i++)
		if (fds[at].revents & events[i].poll)
			came |= events[i].slirp;
	return came;
}

static void take_in(Slirp *slirp)
{
	unsigned char frame[FRAME];
	ssize_t n;
	int i;

	for (i = 0; i < BATCH; i++) {
		n = read(tap, frame, sizeof(frame));
		if (n <= 0)
			break;
		slirp_input(slirp, frame, (int)n);
	}
}

static void carry(void)
{
	SlirpConfig cfg = { .version = SLIRP_CONFIG_VERSION_MIN,
			    .in_enabled = true };
	Slirp *slirp;
	uint32_t ms;

	cfg.vnetwork.s_addr = htonl(PEER_KERNEL & 0xffffff00u);
	cfg.vnetmask.s_addr = htonl(0xffffff00u);
	cfg.vhost.s_addr = htonl(PEER_STACK);
	cfg.vnameserver.s_addr = htonl(PEER_STACK + 1);
	cfg.vdhcp_start.s_addr = htonl(PEER_STACK + 2);
	slirp = slirp_new(&cfg, &callbacks, NULL);
	if (!slirp)
		bench_die("libslirp", "no memory");
	for (;;) {
		fds[0].fd = tap;
		fds[0].events = POLLIN;
		nr_fds = 1;
		ms = PEER_LOOK_MS;
		slirp_pollfds_fill(slirp, &ms, add_poll, NULL);
		slirp_pollfds_poll(slirp, poll(fds, nr_fds, (int)ms) < 0,
				   get_revents, NULL);
		take_in(slirp);
	}
}

void (*const kernel_carry)(void) = carry;

/* ---- the link --------------------------------------------------------- */

void kernel_near_end(int second)
{
	(void)second;
	peer_tun();
	tap = peer_tap(PEER_TAP, false);
}

void kernel_far_end(void)
{
	peer_loopback();
}
