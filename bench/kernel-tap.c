/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's servers behind a TAP of their own, and a program that carries
 * frames between it and the peer's: what a virtual machine's network costs. With
 * BENCH_TAP=,vnet packets of 64 KiB and their headers are carried as they are.
 */
#include "kernel.h"

#include <poll.h>
#include <unistd.h>

#include "peer.h"

#define BATCH 64
#define ROOM (1 << 17)

static int near, far;

void kernel_near_end(int second)
{
	(void)second;
	peer_tun();
	near = peer_tap(PEER_TAP, peer_vnet());
}

void kernel_far_end(void)
{
	far = peer_tap(PEER_VETH, peer_vnet());
	peer_configure_stack();
}

/* Return: how many. A frame that the other side has no room for is lost. */
static int carry(int from, int to)
{
	static char frame[ROOM];
	ssize_t n;
	int i;

	for (i = 0; i < BATCH; i++) {
		n = read(from, frame, sizeof(frame));
		if (n <= 0 || write(to, frame, (size_t)n) < 0)
			break;
	}
	return i;
}

static void carry_all(void)
{
	struct pollfd pfd[] = { { .fd = near, .events = POLLIN },
				{ .fd = far, .events = POLLIN } };

	for (;;)
		if (carry(near, far) + carry(far, near) == 0)
			poll(pfd, 2, -1);
}

void (*const kernel_carry)(void) = carry_all;
