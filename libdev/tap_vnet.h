/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header that IFF_VNET_HDR puts before each frame (struct virtio_net_hdr, in
 * the host's byte order): what the sender left to be done, a checksum or the
 * cutting into segments. Reading it knows no device and no stack: it is fuzzed.
 */
#ifndef LIBDEV_TAP_VNET_H
#define LIBDEV_TAP_VNET_H

#include <inet/netdevice.h>

#define TAP_VNET_LEN 10u	/* without the count of mergeable buffers */

/* What a header says, checked. */
struct tap_vnet {
	u16 link_len;		/* told: octets of the link header, 14 or 0, */
	bool uso;		/* and whether UDP was offered to be cut */
	bool valid;		/* somebody has checked the checksum */
	bool partial;		/* it is to be filled in */
	u16 csum_start;		/* from the frame's first octet */
	u16 csum_offset;
	bool udp;		/* with gso_size: UDP, else TCP, over IPv4 */
	bool ecn;		/* CWR is of the first only */
	u16 gso_size;		/* to be cut, 0: not */
	u16 gso_segs;
	u16 hlen;		/* with gso_size: octets of all headers */
};

/*
 * Reads the header @hdr of a frame of @len octets, of which the first @head are
 * at @frame; @res has what is told. Return: 0, or -EINVAL: what it says cannot be
 * true of this frame, or was never offered; -EPFNOSUPPORT: it may be true, of a
 * packet that nobody here takes.
 */
int tap_vnet_parse(const u8 hdr[TAP_VNET_LEN], const u8 *frame, u32 head,
		   u32 len, struct tap_vnet *res);

/* The header for a packet that is sent. Return: 0, or -EINVAL: none can say what
 * the packet wants. */
int tap_vnet_build(u8 hdr[TAP_VNET_LEN], const struct sk_buff *skb);

#endif /* LIBDEV_TAP_VNET_H */
