/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets of an AF_XDP device, one for each queue.
 *
 * The first registers the frames of the stack's pool as its memory (UMEM); the
 * others share it and have rings of their own. A mode is a way to attach the
 * program and a way to bind the sockets:
 *
 *	zerocopy	native program, the driver reads and writes our frames
 *	native		native program, the driver copies
 *	generic		the program runs on the kernel's sk_buffs, a copy
 *
 * "auto" takes the first that works, but on veth, where a native program costs
 * a copy more, generic before native.
 *
 * A queue that was in use a moment ago is still busy: the kernel takes sockets
 * apart behind their close(). We ask again for a while.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_link.h>

#include "lib/compiler.h"
#include "xdp.h"

#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#define SO_BUSY_POLL_BUDGET 70
#endif

#define BUSY_RETRY_NS 10000000L		/* until a queue is free: */
#define BUSY_RETRIES 300		/* three seconds */

/* ---- rings ------------------------------------------------------------ */

/* Maps one ring. Return: 0 or -errno. */
static int ring_map(const struct xdp_queue *q, struct xdp_ring *ring, u64 where,
		    const struct xdp_ring_offset *off, size_t slot_size)
{
	u32 size = q->xdp->ring;
	u8 *p;

	ring->map_len = off->desc + size * slot_size;
	p = mmap(NULL, ring->map_len, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_POPULATE, q->fd, (off_t)where);
	if (p == MAP_FAILED) {
		ring->map_len = 0;
		return -errno;
	}
	ring->map = p;
	ring->size = size;
	ring->producer = (u32 *)(void *)(p + off->producer);
	ring->consumer = (u32 *)(void *)(p + off->consumer);
	ring->flags = (u32 *)(void *)(p + off->flags);
	ring->slots = p + off->desc;
	ring->ours = ring->theirs = 0;
	return 0;
}

static void ring_unmap(struct xdp_ring *ring)
{
	if (ring->map)
		munmap(ring->map, ring->map_len);
	*ring = (struct xdp_ring){ 0 };
}

static void queue_unmap(struct xdp_queue *q)
{
	ring_unmap(&q->rings.fill);
	ring_unmap(&q->rings.rx);
	ring_unmap(&q->rings.tx);
	ring_unmap(&q->rings.completion);
}

static int set_ring_sizes(int fd, u32 size)
{
	static const int options[] = {
		XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING,
		XDP_TX_RING,
	};

	for (u32 i = 0; i < ARRAY_SIZE(options); i++)
		if (setsockopt(fd, SOL_XDP, options[i], &size, sizeof(size)))
			return -errno;
	return 0;
}

/* Sizes the four rings and maps them. Return: 0 or -errno. */
static int queue_map(struct xdp_queue *q)
{
	struct xdp_rings *r = &q->rings;
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);
	int err = set_ring_sizes(q->fd, q->xdp->ring);

	if (err)
		return err;
	if (getsockopt(q->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		return -errno;
	err = ring_map(q, &r->fill, XDP_UMEM_PGOFF_FILL_RING, &off.fr,
		       sizeof(u64));
	if (!err)
		err = ring_map(q, &r->completion,
			       XDP_UMEM_PGOFF_COMPLETION_RING, &off.cr,
			       sizeof(u64));
	if (!err)
		err = ring_map(q, &r->rx, XDP_PGOFF_RX_RING, &off.rx,
			       sizeof(struct xdp_desc));
	if (!err)
		err = ring_map(q, &r->tx, XDP_PGOFF_TX_RING, &off.tx,
			       sizeof(struct xdp_desc));
	return err;
}

/* ---- one socket ------------------------------------------------------- */

static int umem_register(const struct xdp *xdp, int fd)
{
	struct xdp_umem_reg reg = {
		.addr = (u64)(uintptr_t)xdp->frames.region,
		.len = (u64)xdp->frames.nr_frames * xdp->frames.frame_size,
		.chunk_size = xdp->frames.frame_size,
		.headroom = XDP_PAD,
	};

	return setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) ?
	       -errno : 0;
}

/* Binds, again and again while the queue is busy. Return: 0 or -errno. */
static int bind_patiently(int fd, const struct sockaddr_xdp *sxdp)
{
	const struct timespec wait = { .tv_nsec = BUSY_RETRY_NS };

	for (u32 i = 0; bind(fd, (const struct sockaddr *)sxdp, sizeof(*sxdp));
	     i++) {
		if (errno != EBUSY || i == BUSY_RETRIES)
			return -errno;
		nanosleep(&wait, NULL);
	}
	return 0;
}

/* Asks for polling of the driver by our calls. Return: whether we have it. */
static bool busy_poll_on(const struct xdp_queue *q)
{
	int on = 1, us = (int)q->xdp->busy_poll_us, budget = NAPI_POLL_WEIGHT;

	return !setsockopt(q->fd, SOL_SOCKET, SO_PREFER_BUSY_POLL, &on,
			   sizeof(on)) &&
	       !setsockopt(q->fd, SOL_SOCKET, SO_BUSY_POLL, &us, sizeof(us)) &&
	       !setsockopt(q->fd, SOL_SOCKET, SO_BUSY_POLL_BUDGET, &budget,
			   sizeof(budget));
}

static void socket_close(struct xdp_queue *q)
{
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
	queue_unmap(q);
}

/* The socket of @q, bound with @flags. Return: 0 or -errno; @what failed. */
static int socket_open(struct xdp_queue *q, u16 flags, const char **what)
{
	struct xdp *xdp = q->xdp;
	struct sockaddr_xdp sxdp = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = q->index ? XDP_SHARED_UMEM : flags,
		.sxdp_ifindex = (u32)xdp->link.ifindex,
		.sxdp_queue_id = xdp->first + q->index,
	};
	int err;

	*what = "AF_XDP";
	q->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (q->fd < 0)
		return -errno;
	*what = "XDP_UMEM_REG";
	err = q->index ? 0 : umem_register(xdp, q->fd);
	if (!err) {
		*what = "rings";
		err = queue_map(q);
	}
	if (!err && xdp->busy_poll_us)
		xdp->busy_poll = busy_poll_on(q);
	if (!err) {
		*what = "bind";
		if (q->index)
			sxdp.sxdp_shared_umem_fd = (u32)xdp->queues[0].fd;
		err = bind_patiently(q->fd, &sxdp);
	}
	if (err)
		socket_close(q);
	return err;
}

/* ---- all of them ------------------------------------------------------ */

/* Return: 0, or -errno and what failed; then none is open. */
static int sockets_bind(struct xdp *xdp, u16 flags, const char **what)
{
	u32 i;
	int err;

	for (i = 0; i < xdp->nr_queues; i++) {
		err = socket_open(&xdp->queues[i], flags, what);
		if (!err)
			continue;
		while (i)
			socket_close(&xdp->queues[--i]);
		return err;
	}
	xdp->sg = flags & XDP_USE_SG;
	xdp->zerocopy = flags & XDP_ZEROCOPY;
	xdp->need_wakeup = flags & XDP_USE_NEED_WAKEUP;
	return 0;
}

/* With packets in several frames and wake-ups on demand, and without what the
 * kernel or the driver does not know. */
static int sockets_bind_best(struct xdp *xdp, u16 flags, const char **what)
{
	static const u16 more[] = {
		XDP_USE_NEED_WAKEUP | XDP_USE_SG, XDP_USE_NEED_WAKEUP, 0,
	};
	int err = -EINVAL;

	for (u32 i = 0; i < ARRAY_SIZE(more); i++) {
		if ((more[i] & XDP_USE_SG) && !xdp->prog.frags)
			continue;
		err = sockets_bind(xdp, flags | more[i], what);
		if (err != -EINVAL && err != -EOPNOTSUPP)
			break;
	}
	return err;
}

/* Program and sockets in one mode. Return: 0 or -errno. */
static int try_mode(struct xdp *xdp, enum inet_xdp_mode mode, const char **what)
{
	bool generic = mode == INET_XDP_GENERIC;
	int err;

	*what = generic ? "generic XDP program" : "native XDP program";
	err = xdp_prog_attach(&xdp->prog, xdp->link.ifindex, generic ?
			      XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	if (err)	/* one in the other mode is there already */
		return err == -EEXIST ? -EBUSY : err;
	err = sockets_bind_best(xdp, mode == INET_XDP_ZEROCOPY ?
				XDP_ZEROCOPY : XDP_COPY, what);
	if (err)
		xdp_prog_detach(&xdp->prog);
	else
		xdp->mode = mode;
	return err;
}

/* What stands in the way of every mode. */
static bool is_final(int err)
{
	return err == -EPERM || err == -EACCES || err == -EBUSY ||
	       err == -ENOBUFS || err == -ENOMEM || err == -ENODEV;
}

int xdp_refused(const struct xdp *xdp, const char *what, int err)
{
	const char *hint = "";

	if (err == -EPERM || err == -EACCES)
		hint = XDP_NEEDS;
	else if (err == -EBUSY)
		hint = "; another program has the queue, or an XDP program is "
		       "attached (ip link show)";
	else if (err == -ENOBUFS)
		hint = "; the frames must be locked in memory (ulimit -l), or "
		       "take fewer (inet_config.nr_frames)";
	else if (err == -EINVAL || err == -EOPNOTSUPP)
		hint = "; the interface has no such mode or queue";
	return netdev_error(xdp->dev->net, err, "%s: %s: %s%s",
			    xdp->link.ifname, what, strerror(-err), hint);
}

int xdp_sockets_open(struct xdp *xdp)
{
	static const struct {
		enum inet_xdp_mode asked;
		bool on_veth;
		enum inet_xdp_mode tried[3];
	} plans[] = {
		{ INET_XDP_AUTO, true, { INET_XDP_GENERIC, INET_XDP_NATIVE } },
		{ INET_XDP_AUTO, false, { INET_XDP_ZEROCOPY, INET_XDP_NATIVE,
					  INET_XDP_GENERIC } },
		{ INET_XDP_COPY, false, { INET_XDP_NATIVE, INET_XDP_GENERIC } },
		{ INET_XDP_ZEROCOPY, false, { INET_XDP_ZEROCOPY } },
		{ INET_XDP_NATIVE, false, { INET_XDP_NATIVE } },
		{ INET_XDP_GENERIC, false, { INET_XDP_GENERIC } },
	};
	bool veth = strcmp(xdp->link.driver, "veth") == 0;
	enum inet_xdp_mode asked = xdp->mode;
	const char *what = "";
	int err = -EINVAL;
	u32 p = 0;

	while (plans[p].asked != asked || (plans[p].on_veth && !veth))
		p++;
	for (u32 i = 0; i < 3 && plans[p].tried[i] != INET_XDP_AUTO; i++) {
		err = try_mode(xdp, plans[p].tried[i], &what);
		if (!err || is_final(err))
			break;
	}
	return err ? xdp_refused(xdp, what, err) : 0;
}

/* The frames that the kernel may read or write come back when it cannot any
 * more. */
static void take_frames_back(struct xdp_queue *q)
{
	struct xdp_rings *r = &q->rings;
	struct skb_shared_info *info = q->xdp->frames.info;

	if (!r->in_fill || !r->in_tx)
		return;		/* memory was short: it never had any */
	for (u32 i = 0; i < r->nr_frames; i++) {
		if (r->in_fill[i])
			netdev_frame_put(&info[i]);
		for (; r->in_tx[i]; r->in_tx[i]--)
			netdev_frame_put(&info[i]);
		r->in_fill[i] = 0;
	}
	r->nr_in_fill = r->nr_in_tx = 0;
}

/*
 * Returns when the driver has let go of a queue whose socket was closed, three
 * seconds later at most: a copying socket of another memory, which nobody uses,
 * can be bound to it.
 */
void xdp_wait_released(int ifindex, u32 queue)
{
	const size_t len = 16 * 4096;
	struct xdp_umem_reg reg = { .len = len, .chunk_size = 4096 };
	struct sockaddr_xdp sxdp = {
		.sxdp_family = AF_XDP, .sxdp_flags = XDP_COPY,
		.sxdp_ifindex = (u32)ifindex, .sxdp_queue_id = queue,
	};
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	reg.addr = (u64)(uintptr_t)memory;
	if (memory != MAP_FAILED && fd >= 0 &&
	    !setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) &&
	    !set_ring_sizes(fd, 16))
		bind_patiently(fd, &sxdp);
	if (fd >= 0)
		close(fd);
	if (memory != MAP_FAILED)
		munmap(memory, len);
}

void xdp_sockets_close(struct xdp *xdp)
{
	xdp_prog_detach(&xdp->prog);
	for (u32 i = 0; i < xdp->nr_queues; i++) {
		consume_skb(xdp->queues[i].skb);
		xdp->queues[i].skb = NULL;
		socket_close(&xdp->queues[i]);
	}
	/* The kernel copies no more, but a driver goes on for a while. */
	for (u32 i = 0; xdp->zerocopy && i < xdp->nr_queues; i++)
		xdp_wait_released(xdp->link.ifindex, xdp->first + i);
	for (u32 i = 0; i < xdp->nr_queues; i++)
		take_frames_back(&xdp->queues[i]);
}
