/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap-limit, xdp-limit: what a wire carries when nobody answers.
 *
 *	tap-limit|xdp-limit [bulk-out|bulk-in] [COUNT]
 *
 * bulk-out: COUNT MiB in frames of full length to another link address, so that
 * the kernel drops them as early as it can; bulk-in: a packet socket of the
 * kernel sends such frames past its queues until COUNT MiB have come here. The
 * MiB are of payload, as TCP's would be; "segments" are the frames.
 */
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <linux/if_packet.h>
#include <linux/virtio_net.h>

#include "common.h"
#include "frames.h"
#include "peer.h"
#include "segment.h"

#define BATCH 64
#define NOBODY 0x0a000009u	/* 10.0.0.9 */

static struct frames wire;
static struct bench_result result;
static uint64_t nr_frames;	/* that the row is about */

/* A segment that nobody wants. Return: bytes of the frame. */
static size_t make(struct segment *s)
{
	segment_template(s, PEER_STACK, NOBODY);
	memcpy(s->eth.ether_dhost, "\x02\0\0\0\0\x09", ETH_ALEN);
	return segment_finish(s, (uint32_t)(wire.most - SEGMENT_HLEN), 0,
			      wire.partial);
}

static void bulk_out(void *unused, uint64_t count)
{
	struct segment *s;
	double begin = bench_now();

	(void)unused;
	(void)count;
	while (result.out < nr_frames) {
		s = frames_room(&wire);
		if (s)
			result.out += frames_send(&wire, s, make(s));
		if (!s || result.out % BATCH == 0)
			frames_flush(&wire);
	}
	frames_drain(&wire);
	result.seconds = bench_now() - begin;
}

/* A packet socket of the kernel's end, past its queues. */
static int packet_socket(void)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	const int on = 1, vnet = wire.partial;

	sll.sll_ifindex = (int)if_nametoindex(PEER_TAP);
	bench_want(fd >= 0, "packet socket");
	bench_want(!setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &vnet,
			       sizeof(vnet)), "PACKET_VNET_HDR");
	bench_want(!setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on,
			       sizeof(on)), "PACKET_QDISC_BYPASS");
	bench_want(!bind(fd, (struct sockaddr *)&sll, sizeof(sll)),
		   "packet socket");
	return fd;
}

/* The peer's part: sends until it is killed. */
static void flood(void *unused, uint64_t count)
{
	static struct {
		struct virtio_net_hdr vnet;
		unsigned char frame[1 << 16];
	} __attribute__((packed)) b;
	size_t len = make((void *)b.frame);
	struct iovec iov = { b.frame, len };
	struct mmsghdr batch[BATCH] = { 0 };
	int fd = packet_socket(), i;

	(void)unused;
	(void)count;
	if (wire.partial) {
		segment_offload(&b.vnet, (void *)b.frame, len);
		iov.iov_base = &b;
		iov.iov_len += sizeof(b.vnet);
	}
	for (i = 0; i < BATCH; i++) {
		batch[i].msg_hdr.msg_iov = &iov;
		batch[i].msg_hdr.msg_iovlen = 1;
	}
	for (;;)
		sendmmsg(fd, batch, BATCH, 0);
}

static const struct bench_row flood_row = { "flood", 1, flood };

static void bulk_in(void *unused, uint64_t count)
{
	struct bench_result all = { .row = &flood_row, .count = 1 };
	double begin = 0;
	struct peer peer;
	size_t len;

	(void)unused;
	(void)count;
	peer_start(&peer, &all);
	while (result.in < nr_frames && peer_runs()) {
		if (!frames_receive(&wire, &len))
			frames_wait(&wire, PEER_LOOK_MS);
		else if (len == wire.most && !result.in++)
			begin = bench_now();
	}
	result.seconds = bench_now() - begin;
	kill(peer.pid, SIGKILL);
}

static const struct bench_row rows[] = {
	{ "bulk-out", 1024, bulk_out },
	{ "bulk-in", 1024, bulk_in },
	{ NULL, 0, NULL },
};

int main(int argc, char **argv)
{
	if (bench_arguments(argc, argv, rows, &result))
		return 2;
	peer_namespace();
	frames_open(&wire, peer_vnet());
	nr_frames = (result.count << 20) / (wire.most - SEGMENT_HLEN) + 1;
	result.row->run(NULL, result.count);
	bench_print(&result);
	return 0;
}
