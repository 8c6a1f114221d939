/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames to and from the kernel by plain system calls, for programs without
 * libinet: what a wire carries at most. frames-tap.c does it over a TAP,
 * frames-xdp.c by an AF_XDP socket on a veth, in the mode that libinet chooses
 * there. One link a process, in a namespace of its own.
 */
#ifndef BENCH_FRAMES_H
#define BENCH_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

struct frames {
	int fd;			/* readable when there is a frame */
	size_t most;		/* bytes of the longest frame that is sent */
	bool partial;		/* checksums are left to the receiver */
};

/* Makes the link and opens it; the kernel's end is up. @vnet: with a
 * virtio_net_hdr before each frame, where the link has that. */
void frames_open(struct frames *f, bool vnet);
/* The next frame, or NULL. It may be changed and sent; it is the caller's until
 * the next call. */
void *frames_receive(struct frames *f, size_t *len);
/* A frame to send, of f->most bytes: the first SEGMENT_HLEN may be written, the
 * others are zero. NULL: not now. */
void *frames_room(struct frames *f);
/* Sends what one of the two returned. False: it was lost. */
bool frames_send(struct frames *f, void *frame, size_t len);
/* The same with memory of the caller's and without a header, whatever it costs
 * there. frames_read() returns 0 when there is no frame. */
size_t frames_read(struct frames *f, void *to, size_t size);
bool frames_write(struct frames *f, const struct iovec *iov, int nr);
/* What was sent leaves now; frames_receive() may wait with that. */
void frames_flush(struct frames *f);
/* Until all that was sent has left. */
void frames_drain(struct frames *f);
/* Until there is a frame, @ms at most. */
void frames_wait(const struct frames *f, int ms);

#endif
