/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel at the other end of a veth left to be done: a checksum, the
 * cutting into segments. For a card it would do both in software; it knows that a
 * veth has no wire. AF_XDP hands over no word of it, so it is read off the packet.
 * Reading it knows no device and no stack.
 */
#ifndef LIBDEV_XDP_LEFT_H
#define LIBDEV_XDP_LEFT_H

#include <inet/types.h>

struct xdp_left {
	bool partial;		/* the checksum is to be filled in */
	u16 csum_start;		/* from the frame's first octet */
	u16 csum_offset;
	u16 gso_size;		/* TCP over IPv4 to be cut, 0: not */
	u16 gso_segs;
};

/*
 * Looks at a frame of @len octets with a link header, of which the first @head
 * are at @frame, for a device with @mtu. What @res says may be used by the stack
 * as it is: the field of the checksum lies within @head, and a packet to be cut
 * is TCP over IPv4 with whole headers.
 */
void xdp_left_parse(const u8 *frame, u32 head, u32 len, u32 mtu,
		    struct xdp_left *res);

#endif /* LIBDEV_XDP_LEFT_H */
