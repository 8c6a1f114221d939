/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recording the frames of a stack's devices as pcapng, the format that
 * tcpdump and wireshark read.
 *
 * A capture is a tap (ETH_P_ALL): it sees what arrives before the stack looks
 * at it and what leaves just before the driver. It never makes the stack
 * wait: frames go to a buffer of a fixed size, and when the reader of a pipe
 * does not keep up they are counted as dropped.
 */
#ifndef INET_CAPTURE_H
#define INET_CAPTURE_H

#include <inet/export.h>
#include <inet/types.h>

INET_BEGIN_DECLS

struct net;
struct inet_capture;

#define INET_CAPTURE_MAX_DEVICES 64	/* of one capture */

enum inet_capture_direction {
	INET_CAPTURE_BOTH,
	INET_CAPTURE_IN,
	INET_CAPTURE_OUT,
};

/* Zero means the default for every member but @size. */
struct inet_capture_config {
	size_t size;		/* sizeof(struct inet_capture_config) */
	const char *device;	/* its name; NULL: all, those to come too */
	const char *filter;	/* as in pcap-filter(7); NULL: everything */
	const char *path;	/* a new file, a FIFO, "-" for standard output;
				 * NULL: @fd */
	int fd;			/* used when @path is NULL; stays open */
	u32 snaplen;		/* bytes kept of each frame; default 262144 */
	enum inet_capture_direction direction;
	u32 buffer_bytes;	/* 128 KiB .. 1 GiB; default 1 MiB */
	bool immediate;		/* write each frame at once; always so when the
				 * output is not a regular file */
	u64 max_frames;		/* stop after so many; 0: no limit */
	const char *comment;	/* for the head of the file */
};

/* Counted since the capture was opened. */
struct inet_capture_stats {
	u64 seen;		/* frames of the device and direction */
	u64 accepted;		/* ... that the filter took */
	u64 written;		/* ... that are in the output, or buffered */
	u64 dropped;		/* buffer full, too many devices, write error */
	u64 bytes;		/* written to the output */
};

/*
 * Starts a capture.
 * Return: NULL with errno and a sentence in inet_strerror(): ENODEV (no such
 * device), EINVAL (filter, numbers), ENOTSUP (a filter, and built without
 * libpcap), ENOMEM, and what open(2) says.
 */
struct inet_capture *
inet_capture_open(struct net *net, const struct inet_capture_config *config)
	INET_API;

/*
 * Stops it, writes what is buffered and the statistics of each device. Call
 * it before inet_destroy(). NULL is fine.
 * Return: 0, or -1 with errno when something could not be written.
 */
int inet_capture_close(struct inet_capture *capture) INET_API;

/* Writes what is buffered, as far as the output takes it without waiting.
 * Return: 0, or -1 with errno; EAGAIN when something is left. */
int inet_capture_flush(struct inet_capture *capture) INET_API;

void inet_capture_get_stats(struct inet_capture *capture,
			    struct inet_capture_stats *stats) INET_API;

INET_END_DECLS

#endif /* INET_CAPTURE_H */
