/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures: a tap at ETH_P_ALL that writes pcapng.
 *
 * Theory of operation. The tap runs wherever a frame passes: in any softnet
 * and, for frames that leave, in any thread that sends. The filter runs there
 * without a lock, on the frame in place (a frame in fragments is copied to the
 * scratch memory, under the lock). What it takes is appended to the buffer
 * under the lock, and the buffer is written out when it is half full, or after
 * each frame ("immediate").
 *
 * Nothing waits: a regular file takes what it is given; any other output is
 * asked by poll() first and given at most a page at a time, which a pipe with
 * room never makes wait. What does not fit the buffer is dropped and counted.
 * Only inet_capture_close() waits, for FINAL_WAIT_MS at most.
 *
 * When the output fails (a full disk, a limit of the file's size, a reader that
 * has gone) the capture is over and the stack goes on. A file is cut behind its
 * last whole block, so that it can be read; the frames that are not in it count
 * as dropped. No signal reaches the program.
 *
 * A device gets its interface block when its first frame is taken.
 */
#include <inet/capture.h>
#include <inet/inet.h>
#include <inet/netdevice.h>
#include <inet/protocol.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture_filter.h"
#include "lib/byteorder.h"
#include "lib/compiler.h"
#include "lib/lock.h"
#include "lib/seqlock.h"
#include "pcapng.h"

#define SNAPLEN_MAX 262144u
#define BUFFER_DEFAULT (1u << 20)
#define BUFFER_MIN (128u << 10)
#define BUFFER_MAX (1u << 30)
#define CHUNK 4096u		/* PIPE_BUF of Linux: never waits after poll() */
#define FINAL_WAIT_MS 2000
#define SCRATCH_SIZE 65600u	/* the longest frame and its link header */
#define ETH_P_EVERYTHING 0x0003
#define ADDRESSES 12u		/* of Ethernet */
#define UNTAGGED_HEADER 14u
#define TAGGED_HEADER 18u

struct capture_device {
	int ifindex;
	u64 received, accepted, dropped;
};

struct inet_capture {
	struct packet_type pt;
	struct net *net;
	struct net_device *dev;		/* the only one, referenced; or NULL */
	struct capture_filter *filter;
	char *filter_text;
	int fd;
	bool close_fd;
	bool regular;			/* fd is a regular file */
	bool immediate;
	enum inet_capture_direction direction;
	u32 snaplen;
	u64 max_frames;

	struct inet_lock lock;		/* all below */
	struct outbuf out;
	u8 *scratch;
	int error;			/* errno of the output; then it is over */
	struct {
		u32 len, left;		/* left 0: no block is */
		bool packet;
	} part;				/* the block that is written in part */
	u32 nr_devices;
	struct capture_device devices[INET_CAPTURE_MAX_DEVICES];
	struct inet_capture_stats stats;
};

/* One frame as a capture sees it. */
struct frame_view {
	struct sk_buff *skb;
	struct net_device *dev;
	const u8 *head;		/* link header, in place */
	u32 head_len;		/* of it, before skb->data */
	u32 len;		/* all */
	u16 linktype;
	bool outgoing;
};

/* ---- the output ------------------------------------------------------- */

/* write() without the signal of a reader that has gone, or of a size limit. */
static ssize_t write_quietly(int fd, const void *p, size_t len)
{
	const struct timespec now = { 0 };
	sigset_t ours, pending, old;
	int err, sig;
	ssize_t n;

	sigpending(&pending);
	sigemptyset(&ours);
	sigaddset(&ours, SIGPIPE);
	sigaddset(&ours, SIGXFSZ);
	pthread_sigmask(SIG_BLOCK, &ours, &old);
	n = write(fd, p, len);
	err = errno;
	sig = n >= 0 ? 0 : err == EPIPE ? SIGPIPE : err == EFBIG ? SIGXFSZ : 0;
	if (sig && !sigismember(&pending, sig)) {
		sigemptyset(&ours);
		sigaddset(&ours, sig);
		sigtimedwait(&ours, NULL, &now);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = err;
	return n;
}

/* @n bytes are in the output: where does that leave us? */
static void output_written(struct inet_capture *c, size_t n)
{
	struct outbuf *b = &c->out;
	size_t pos = b->start + c->part.left;

	b->start += n;
	c->stats.bytes += n;
	while (pos < b->start) {
		c->part.len = pcapng_block(b->data + pos, &c->part.packet);
		pos += c->part.len;
	}
	c->part.left = (u32)(pos - b->start);
}

/* Takes the beginning of a block off the end of the file. */
static void output_cut(struct inet_capture *c)
{
	u32 begun = c->part.len - c->part.left;
	off_t at = lseek(c->fd, 0, SEEK_CUR);
	struct stat st;

	if (at >= begun && !fstat(c->fd, &st) && st.st_size == at &&
	    !ftruncate(c->fd, at - begun))
		c->stats.bytes -= begun;
}

/* The output takes nothing any more: the frames that wait are lost. */
static void output_fail(struct inet_capture *c, int err)
{
	const struct outbuf *b = &c->out;
	size_t pos = b->start + c->part.left;
	u64 lost = c->part.left && c->part.packet;
	bool packet;

	c->error = err;
	while (pos < b->end) {
		pos += pcapng_block(b->data + pos, &packet);
		lost += packet;
	}
	c->stats.written -= lost;
	c->stats.dropped += lost;
	if (c->regular && c->part.left)
		output_cut(c);
}

/* Whether the output takes a chunk now, or in @wait_ms. */
static bool output_is_ready(const struct inet_capture *c, int wait_ms)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLOUT };

	return c->regular || poll(&pfd, 1, wait_ms) > 0;
}

/*
 * Writes what waits, as far as the output takes it.
 * @wait_ms: for each piece; 0: not at all
 * Return: 0, -EAGAIN (something is left), -E. Under the lock.
 */
static int output_flush(struct inet_capture *c, int wait_ms)
{
	struct outbuf *b = &c->out;
	ssize_t n;

	while (!c->error && b->start < b->end) {
		size_t len = b->end - b->start;

		if (!output_is_ready(c, wait_ms))
			return -EAGAIN;
		if (!c->regular)
			len = min(len, (size_t)CHUNK);
		n = write_quietly(c->fd, b->data + b->start, len);
		if (n < 0 && errno == EAGAIN)
			return -EAGAIN;
		if (n < 0 && errno != EINTR)
			output_fail(c, errno);
		if (n > 0)
			output_written(c, (size_t)n);
	}
	if (b->start == b->end)
		b->start = b->end = 0;
	return -c->error;
}

/* Moves what waits to the front. Return: false when that makes no room. */
static bool output_compact(struct inet_capture *c)
{
	struct outbuf *b = &c->out;

	if (b->start == 0)
		return false;
	memmove(b->data, b->data + b->start, b->end - b->start);
	b->end -= b->start;
	b->start = 0;
	return true;
}

/* ---- one frame -------------------------------------------------------- */

/* Writes the interface block of @dev. Return: false: no room. */
static bool add_interface(struct inet_capture *c, const struct net_device *dev,
			  u16 linktype)
{
	/* as it is now: dev_set_mac_address() stores a word */
	const u64 mac = READ_ONCE(*(const seq_word_t *)dev->dev_addr);
	const struct pcapng_interface i = {
		.name = dev->name,
		.filter = c->filter_text,
		.mac = dev->addr_len == 6 ? (const u8 *)&mac : NULL,
		.linktype = linktype,
		.snaplen = c->snaplen,
	};

	return pcapng_interface(&c->out, &i) ||
	       (output_compact(c) && pcapng_interface(&c->out, &i));
}

/* The entry of a device, made when it is new; NULL: there are too many. */
static struct capture_device *find_device(struct inet_capture *c,
					  const struct frame_view *v)
{
	struct capture_device *d = c->devices;

	for (; d < c->devices + c->nr_devices; d++)
		if (d->ifindex == v->dev->ifindex)
			return d;
	if (c->nr_devices == INET_CAPTURE_MAX_DEVICES ||
	    !add_interface(c, v->dev, v->linktype))
		return NULL;
	*d = (struct capture_device){ .ifindex = v->dev->ifindex };
	c->nr_devices++;
	return d;
}

/* Direction, and for what arrives how it was addressed. */
static u32 epb_flags(const struct frame_view *v)
{
	static const u32 kinds[] = {
		[SKB_PACKET_HOST] = PCAPNG_UNICAST,
		[SKB_PACKET_BROADCAST] = PCAPNG_BROADCAST,
		[SKB_PACKET_MULTICAST] = PCAPNG_MULTICAST,
		[SKB_PACKET_OTHERHOST] = PCAPNG_PROMISC,
	};

	return v->outgoing ? PCAPNG_OUT : PCAPNG_IN | kinds[v->skb->pkt_type];
}

/* Copies the first @len bytes of the frame. */
static void copy_frame(const struct frame_view *v, u8 *to, u32 len)
{
	u32 head = min(len, v->head_len);

	memcpy(to, v->head, head);
	skb_copy_bits(v->skb, 0, to + head, len - head);
}

/* Appends one frame. Return: false when there is no room. Under the lock. */
static bool append_frame(struct inet_capture *c, const struct frame_view *v,
			 const struct capture_device *d)
{
	const struct pcapng_packet p = {
		.interface = (u32)(d - c->devices),
		.captured = min(v->len, c->snaplen),
		.length = v->len,
		.flags = epb_flags(v),
		.time_ns = inet_wall_ns(c->net),
	};
	u8 *to = pcapng_packet(&c->out, &p);

	if (!to && output_flush(c, 0) == 0)
		to = pcapng_packet(&c->out, &p);
	if (!to && output_compact(c))
		to = pcapng_packet(&c->out, &p);
	if (to)
		copy_frame(v, to, p.captured);
	return to;
}

/* Whether the filter takes a frame in fragments. Under the lock. */
static bool match_scattered(struct inet_capture *c, const struct frame_view *v)
{
	u32 len = min(v->len, SCRATCH_SIZE);

	copy_frame(v, c->scratch, len);
	return capture_filter_match(c->filter, v->linktype, c->scratch, len);
}

/* Counts and appends a frame; @taken: by the filter, if it was asked. */
static void capture_frame(struct inet_capture *c, const struct frame_view *v,
			  bool linear, bool taken)
{
	struct capture_device *d;

	spin_lock(&c->lock);
	c->stats.seen++;
	d = find_device(c, v);
	if (d)
		d->received++;
	if (!linear)
		taken = match_scattered(c, v);
	if (!taken || (c->max_frames && c->stats.written >= c->max_frames))
		goto unlock;
	c->stats.accepted++;
	if (d)
		d->accepted++;
	if (d && !c->error && append_frame(c, v, d) && !c->error) {
		c->stats.written++;
		if (c->immediate || c->out.end - c->out.start >= c->out.size / 2)
			output_flush(c, 0);
	} else {
		c->stats.dropped++;
		if (d)
			d->dropped++;
	}
unlock:
	spin_unlock(&c->lock);
}

/* A tag that the card has taken off, or is to write, is back in the header, which
 * becomes that in @head. */
static void put_tag_back(struct frame_view *v, u8 head[TAGGED_HEADER])
{
	u16 type = v->skb->vlan_stag ? 0x88a8 : 0x8100;

	memcpy(head, v->head, ADDRESSES);
	put_unaligned_be16(type, head + ADDRESSES);
	put_unaligned_be16(v->skb->vlan_tci, head + ADDRESSES + 2);
	memcpy(head + ADDRESSES + 4, v->head + ADDRESSES, 2);
	v->head = head;
	v->head_len = TAGGED_HEADER;
}

/* The tap. Context: any softnet, any thread that sends. Consumes @skb. */
static int capture_rcv(struct sk_buff *skb, struct net_device *dev,
		       struct packet_type *pt,
		       struct net_device *orig_dev __maybe_unused)
{
	struct inet_capture *c = container_of(pt, struct inet_capture, pt);
	struct frame_view v = {
		.skb = skb,
		.dev = dev,
		.head = skb_mac_header(skb),
		.linktype = dev->type == NETDEV_TYPE_NONE ?
			PCAPNG_LINKTYPE_RAW : PCAPNG_LINKTYPE_ETHERNET,
		.outgoing = skb->pkt_type == SKB_PACKET_OUTGOING,
	};
	bool linear = !skb_is_nonlinear(skb);
	u8 head[TAGGED_HEADER];

	v.head_len = (u32)(skb->data - v.head);
	if (unlikely(skb->vlan_present) && v.head_len == UNTAGGED_HEADER) {
		put_tag_back(&v, head);
		linear = false;
	}
	v.len = v.head_len + skb->len;
	if (c->direction == INET_CAPTURE_BOTH ||
	    v.outgoing == (c->direction == INET_CAPTURE_OUT))
		capture_frame(c, &v, linear,
			      linear && capture_filter_match(c->filter,
							     v.linktype, v.head,
							     v.len));
	consume_skb(skb);
	return 0;
}

/* ---- opening and closing ---------------------------------------------- */

/* Frees everything; the tap is gone. */
static void capture_free(struct inet_capture *c)
{
	if (c->dev)
		dev_put(c->dev);
	if (c->close_fd)
		close(c->fd);
	capture_filter_close(c->filter);
	free(c->filter_text);
	free(c->scratch);
	free(c->out.data);
	free(c);
}

/* Fills *cfg from what the caller gave. Return: 0, -EINVAL. */
static int capture_config(struct net *net,
			  const struct inet_capture_config *given,
			  struct inet_capture_config *cfg)
{
	memset(cfg, 0, sizeof(*cfg));
	if (given->size != sizeof(*cfg))
		return netdev_error(net, -EINVAL, "capture: size is not "
				    "sizeof(struct inet_capture_config)");
	*cfg = *given;
	if (!cfg->snaplen)
		cfg->snaplen = SNAPLEN_MAX;
	if (!cfg->buffer_bytes)
		cfg->buffer_bytes = BUFFER_DEFAULT;
	if (cfg->snaplen > SNAPLEN_MAX)
		return netdev_error(net, -EINVAL, "capture: snaplen %u: more "
				    "than %u", cfg->snaplen, SNAPLEN_MAX);
	if (cfg->direction > INET_CAPTURE_OUT)
		return netdev_error(net, -EINVAL, "capture: direction %d: there "
				    "is none such", (int)cfg->direction);
	if (cfg->buffer_bytes < BUFFER_MIN || cfg->buffer_bytes > BUFFER_MAX)
		return netdev_error(net, -EINVAL, "capture: buffer_bytes %u: "
				    "not in %u..%u", cfg->buffer_bytes,
				    BUFFER_MIN, BUFFER_MAX);
	return 0;
}

/* Opens what the frames go to. Return: 0 or -E with a sentence. */
static int capture_output(struct inet_capture *c,
			  const struct inet_capture_config *cfg)
{
	struct stat st;

	if (!cfg->path) {
		c->fd = cfg->fd;
	} else if (strcmp(cfg->path, "-") == 0) {
		c->fd = STDOUT_FILENO;
	} else {
		c->fd = open(cfg->path, O_WRONLY | O_CREAT | O_TRUNC |
			     O_CLOEXEC, 0600);
		if (c->fd < 0)
			return netdev_error(c->net, -errno, "%.150s: %s",
					    cfg->path, strerror(errno));
		c->close_fd = true;
	}
	if (fstat(c->fd, &st))
		return netdev_error(c->net, -errno, "capture: descriptor %d: "
				    "%s", c->fd, strerror(errno));
	c->regular = S_ISREG(st.st_mode);
	c->immediate = cfg->immediate || !c->regular;
	return 0;
}

/* Memory and filter. Return: 0 or -E with a sentence. */
static int capture_resources(struct inet_capture *c,
			     const struct inet_capture_config *cfg)
{
	c->out.size = cfg->buffer_bytes;
	c->out.data = malloc(c->out.size);
	c->scratch = malloc(SCRATCH_SIZE);
	if (cfg->filter)
		c->filter_text = strdup(cfg->filter);
	if (!c->out.data || !c->scratch || (cfg->filter && !c->filter_text))
		return netdev_error(c->net, -ENOMEM, "capture: out of memory");
	return capture_filter_open(c->net, cfg->filter, c->snaplen,
				   &c->filter);
}

/* Finds the device, if there is to be only one. Return: 0, -ENODEV. */
static int capture_device(struct inet_capture *c,
			  const struct inet_capture_config *cfg)
{
	if (!cfg->device)
		return 0;
	c->dev = dev_get_by_name(c->net, cfg->device);
	if (!c->dev)
		return netdev_error(c->net, -ENODEV, "%.40s: no such device",
				    cfg->device);
	return 0;
}

/* The output comes last: a mistake must not truncate a file. */
struct inet_capture *
inet_capture_open(struct net *net, const struct inet_capture_config *config)
{
	struct inet_capture_config cfg;
	struct inet_capture *c = NULL;
	int err = -EINVAL;

	if (net && config)
		err = capture_config(net, config, &cfg);
	else if (net)
		netdev_error(net, 0, "%s: an argument is NULL", __func__);
	if (!err) {
		c = calloc(1, sizeof(*c));
		err = c ? 0 : netdev_error(net, -ENOMEM,
					   "capture: out of memory");
	}
	if (err)
		goto fail;
	c->net = net;
	c->snaplen = cfg.snaplen;
	c->max_frames = cfg.max_frames;
	c->direction = cfg.direction;
	lock_init(&c->lock, true);
	err = capture_device(c, &cfg);
	if (!err)
		err = capture_resources(c, &cfg);
	if (!err)
		err = capture_output(c, &cfg);
	if (err)
		goto fail;
	pcapng_section(&c->out, "libinet " PACKAGE_VERSION, cfg.comment);
	err = output_flush(c, 0);
	if (err && err != -EAGAIN) {
		netdev_error(net, err, "capture: nothing can be written: %s",
			     strerror(-err));
		goto fail;
	}
	c->pt = (struct packet_type){ .type = cpu_to_be16(ETH_P_EVERYTHING),
				      .dev = c->dev, .func = capture_rcv };
	dev_add_pack(net, &c->pt);
	return c;
fail:
	if (c)
		capture_free(c);
	errno = -err;
	return NULL;
}

/* Appends the statistics of one device, making room if need be. */
static void append_statistics(struct inet_capture *c,
			      const struct capture_device *d)
{
	const struct pcapng_stats s = {
		.interface = (u32)(d - c->devices),
		.time_ns = inet_wall_ns(c->net),
		.received = d->received,
		.accepted = d->accepted,
		.dropped = d->dropped,
	};

	if (pcapng_statistics(&c->out, &s))
		return;
	output_flush(c, FINAL_WAIT_MS);
	output_compact(c);
	pcapng_statistics(&c->out, &s);
}

/* After dev_remove_pack() nobody else is here. */
int inet_capture_close(struct inet_capture *c)
{
	int err;

	if (!c)
		return 0;
	dev_remove_pack(c->net, &c->pt);
	spin_lock(&c->lock);
	for (u32 i = 0; i < c->nr_devices; i++)
		append_statistics(c, &c->devices[i]);
	err = output_flush(c, FINAL_WAIT_MS);
	spin_unlock(&c->lock);
	capture_free(c);
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

/* What the tap does by itself for an immediate capture. */
int inet_capture_flush(struct inet_capture *c)
{
	int err;

	spin_lock(&c->lock);
	err = output_flush(c, 0);
	spin_unlock(&c->lock);
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

/* One moment's counters. */
void inet_capture_get_stats(struct inet_capture *c,
			    struct inet_capture_stats *stats)
{
	spin_lock(&c->lock);
	*stats = c->stats;
	spin_unlock(&c->lock);
}
