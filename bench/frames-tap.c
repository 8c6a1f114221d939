/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames over a TAP: a system call for each. */
#include "frames.h"

#include <poll.h>
#include <unistd.h>

#include <linux/virtio_net.h>

#include "peer.h"
#include "segment.h"

#define ROOM 65550u		/* an IPv4 packet with its link header */
#define WHOLE 44u		/* segments of a packet that is not cut */

struct buffer {
	struct virtio_net_hdr vnet;
	unsigned char frame[ROOM];
} __attribute__((packed));

static struct buffer in, out;

/* Where @b begins with @ahead of the bytes before its frame. */
static unsigned char *buffer_at(struct buffer *b, size_t ahead)
{
	return (unsigned char *)b + sizeof(b->vnet) - ahead;
}

void frames_open(struct frames *f, bool vnet)
{
	peer_tun();
	f->fd = peer_tap(PEER_TAP, vnet);
	f->partial = vnet;
	f->most = f->partial ? SEGMENT_HLEN + WHOLE * SEGMENT_MSS : SEGMENT_FRAME;
	peer_up();
}

void *frames_receive(struct frames *f, size_t *len)
{
	size_t ahead = f->partial ? sizeof(in.vnet) : 0;
	ssize_t n = read(f->fd, buffer_at(&in, ahead), ROOM + ahead);

	if (n <= (ssize_t)ahead)
		return NULL;
	*len = (size_t)n - ahead;
	return in.frame;
}

void *frames_room(struct frames *f)
{
	(void)f;
	return out.frame;
}

bool frames_send(struct frames *f, void *frame, size_t len)
{
	struct buffer *b = frame == in.frame ? &in : &out;
	size_t ahead = f->partial ? sizeof(b->vnet) : 0;

	if (ahead)
		segment_offload(&b->vnet, frame, len);
	return write(f->fd, buffer_at(b, ahead), len + ahead) > 0;
}

size_t frames_read(struct frames *f, void *to, size_t size)
{
	ssize_t n = read(f->fd, to, size);

	return n > 0 ? (size_t)n : 0;
}

bool frames_write(struct frames *f, const struct iovec *iov, int nr)
{
	return writev(f->fd, iov, nr) > 0;
}

void frames_flush(struct frames *f)
{
	(void)f;
}

void frames_drain(struct frames *f)
{
	(void)f;
}

void frames_wait(const struct frames *f, int ms)
{
	struct pollfd pfd = { .fd = f->fd, .events = POLLIN };

	poll(&pfd, 1, ms);
}
