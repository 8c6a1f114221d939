/* SPDX-License-Identifier: BSD-2-Clause */
/* Filter expressions of captures, by libpcap where it is there. */
#ifndef LIBDEV_CAPTURE_FILTER_H
#define LIBDEV_CAPTURE_FILTER_H

#include <inet/types.h>

struct capture_filter;
struct net;

/*
 * Compiles @text for Ethernet and raw IP frames.
 * Return: 0 and *@filter (NULL for no text), -EINVAL (with libpcap's
 * sentence), -ENOTSUP, -ENOMEM.
 */
int capture_filter_open(struct net *net, const char *text, u32 snaplen,
			struct capture_filter **filter);
void capture_filter_close(struct capture_filter *filter);

/* Whether the filter takes the frame, of which @len bytes are at @frame. */
bool capture_filter_match(const struct capture_filter *filter, u16 linktype,
			  const u8 *frame, u32 len);

#endif /* LIBDEV_CAPTURE_FILTER_H */
