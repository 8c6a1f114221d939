/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sockets of an AF_XDP device, one for each queue.
 *
 * libxdp makes them: the first registers the frames of the stack's pool as its
 * memory (UMEM); the others share it and have rings of their own. Its own
 * program stays away, ours is attached (xdp_prog.c). A mode is a way to attach the
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
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/if_link.h>

#include "lib/compiler.h"
#include "xdp.h"

#ifndef SO_PREFER_BUSY_POLL
#define SO_PREFER_BUSY_POLL 69
#define SO_BUSY_POLL_BUDGET 70
#endif

#define BUSY_RETRY_NS 10000000L		/* until a queue is free: */
#define BUSY_RETRIES 300		/* three seconds */

/* ---- one socket ------------------------------------------------------- */

/* The frames of the stack as memory of the sockets, with the rings of the first
 * queue that lend and return them. Return: 0 or -errno. */
static int umem_open(struct xdp *xdp)
{
	const struct netdev_frames *frames = &xdp->frames;
	const struct xsk_umem_config config = {
		.fill_size = xdp->ring, .comp_size = xdp->ring,
		.frame_size = frames->frame_size, .frame_headroom = XDP_PAD,
	};
	struct xdp_rings *r = &xdp->queues[0].rings;
	int err;

	err = xsk_umem__create(&xdp->umem, frames->region,
			       (u64)frames->nr_frames * frames->frame_size,
			       &r->fill, &r->completion, &config);
	if (err)
		xdp->umem = NULL;
	else
		fcntl(xsk_umem__fd(xdp->umem), F_SETFD, FD_CLOEXEC);
	return err;
}

/* Where a socket belongs. */
struct place {
	const char *ifname;
	u32 queue;
	struct xsk_umem *umem;
};

/* A socket at @at, asked for again and again while its queue is busy. Return: 0
 * or -errno. */
static int bind_patiently(struct xsk_socket **xsk, const struct place *at,
			  struct xdp_rings *r,
			  const struct xsk_socket_config *config)
{
	const struct timespec wait = { .tv_nsec = BUSY_RETRY_NS };
	int err;

	for (u32 i = 0; ; i++) {
		err = xsk_socket__create_shared(xsk, at->ifname, at->queue,
						at->umem, &r->rx, &r->tx,
						&r->fill, &r->completion,
						config);
		if (err != -EBUSY || i == BUSY_RETRIES)
			break;
		nanosleep(&wait, NULL);
	}
	if (err)
		*xsk = NULL;
	return err;
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

/* The socket of @q, bound with @flags. Return: 0 or -errno. */
static int socket_open(struct xdp_queue *q, u16 flags)
{
	struct xdp *xdp = q->xdp;
	const struct xsk_socket_config config = {
		.rx_size = xdp->ring, .tx_size = xdp->ring,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = flags,
	};
	const struct place at = {
		.ifname = xdp->link.ifname, .queue = xdp->first + q->index,
		.umem = xdp->umem,
	};
	int err = bind_patiently(&q->xsk, &at, &q->rings, &config);

	if (err)
		return err;
	q->fd = xsk_socket__fd(q->xsk);
	fcntl(q->fd, F_SETFD, FD_CLOEXEC);
	if (xdp->busy_poll)
		xdp->busy_poll = busy_poll_on(q);
	return 0;
}

/* ---- all of them ------------------------------------------------------ */

/* What there is of sockets and their memory. */
static void sockets_unbind(struct xdp *xdp)
{
	for (u32 i = 0; i < xdp->nr_queues; i++) {
		xsk_socket__delete(xdp->queues[i].xsk);
		xdp->queues[i].xsk = NULL;
		xdp->queues[i].fd = -1;
	}
	xsk_umem__delete(xdp->umem);
	xdp->umem = NULL;
}

/* Return: 0, or -errno and what failed; then none is open. */
static int sockets_bind(struct xdp *xdp, u16 flags, const char **what)
{
	int err;

	*what = "UMEM";
	xdp->busy_poll = xdp->busy_poll_us;
	err = umem_open(xdp);
	for (u32 i = 0; !err && i < xdp->nr_queues; i++) {
		*what = "bind";
		err = socket_open(&xdp->queues[i], flags);
	}
	if (err) {
		sockets_unbind(xdp);
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
		hint = xdp_prog_attached(xdp->link.ifindex) ?
		       "; an XDP program is attached (ip link show)" :
		       "; another socket has the queue";
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
	enum inet_xdp_mode asked = xdp->mode;
	const char *what = "";
	int err = -EINVAL;
	u32 p = 0;

	while (plans[p].asked != asked || (plans[p].on_veth && !xdp->on_veth))
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
	const struct netdev_frames *frames = &q->xdp->frames;

	if (!r->in_fill || !r->in_tx)
		return;		/* memory was short: it never had any */
	for (u32 i = 0; i < r->nr_frames; i++) {
		if (r->in_fill[i])
			netdev_frame_put(netdev_frame(frames, i));
		for (; r->in_tx[i]; r->in_tx[i]--)
			netdev_frame_put(netdev_frame(frames, i));
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
	const struct xsk_umem_config umem_config = {
		.fill_size = 16, .comp_size = 16, .frame_size = 4096,
	};
	const struct xsk_socket_config config = {
		.rx_size = 16, .tx_size = 16, .bind_flags = XDP_COPY,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
	};
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char ifname[IFNAMSIZ];
	struct place at = { .ifname = ifname, .queue = queue };
	struct xsk_socket *xsk = NULL;
	struct xdp_rings r;

	if (memory != MAP_FAILED && if_indextoname((u32)ifindex, ifname) &&
	    !xsk_umem__create(&at.umem, memory, len, &r.fill, &r.completion,
			      &umem_config))
		bind_patiently(&xsk, &at, &r, &config);
	xsk_socket__delete(xsk);
	xsk_umem__delete(at.umem);
	if (memory != MAP_FAILED)
		munmap(memory, len);
}

void xdp_sockets_close(struct xdp *xdp)
{
	xdp_prog_detach(&xdp->prog);
	for (u32 i = 0; i < xdp->nr_queues; i++) {
		consume_skb(xdp->queues[i].skb);
		xdp->queues[i].skb = NULL;
	}
	sockets_unbind(xdp);
	/* The kernel copies no more, but a driver goes on for a while. */
	for (u32 i = 0; xdp->zerocopy && i < xdp->nr_queues; i++)
		xdp_wait_released(xdp->link.ifindex, xdp->first + i);
	for (u32 i = 0; i < xdp->nr_queues; i++)
		take_frames_back(&xdp->queues[i]);
}
