/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct virtio_net_hdr, read and written.
 *
 * The kernel is not believed: every number is compared with the frame. What
 * leaves here may be used by the stack as it is: the field of a checksum lies in
 * the linear part, behind the link header, and a packet to be cut is TCP over
 * IPv4 with whole headers, whose checksum is the one to be filled in.
 */
#include "tap_vnet.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <linux/virtio_net.h>

#include "driver.h"
#include "lib/byteorder.h"

#define IP_HEADER 20u
#define TCP_HEADER 20u
#define TCP_CSUM_OFFSET 16u
#define TCP_CWR 0x80
#define GSO_SIZE_MIN 8u		/* Linux's TCP_MIN_GSO_SIZE */

/* ---- received --------------------------------------------------------- */

/* The checksum that is to be filled in. 0 or -EINVAL. */
static int vnet_csum(const struct virtio_net_hdr *h, u32 head,
		     struct tap_vnet *res)
{
	if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return 0;
	if (h->csum_start < res->link_len ||
	    ((h->csum_start | h->csum_offset) & 1) ||
	    (u32)h->csum_start + h->csum_offset + 2u > head)
		return -EINVAL;
	res->partial = true;
	res->csum_start = h->csum_start;
	res->csum_offset = h->csum_offset;
	return 0;
}

/* Octets of the headers up to the text of TCP; 0: this is no such packet. */
static u32 vnet_tcp4_headers(const u8 *frame, u32 link, u32 head)
{
	const u8 *ip = frame + link, *tcp;
	u32 ihl, doff;

	if (head < link + IP_HEADER ||
	    (link && get_unaligned_be16(frame + 12) != 0x0800))
		return 0;
	ihl = 4u * (ip[0] & 15);
	if (ip[0] >> 4 != 4 || ihl < IP_HEADER || ip[9] != 6 ||
	    (get_unaligned_be16(ip + 6) & 0x3fff) ||
	    head < link + ihl + TCP_HEADER)
		return 0;
	tcp = ip + ihl;
	doff = 4u * (tcp[12] >> 4);
	if (doff < TCP_HEADER || head < link + ihl + doff)
		return 0;
	return link + ihl + doff;
}

/* The packet that is to be cut. 0 or -EINVAL. */
static int vnet_gso(const struct virtio_net_hdr *h, const u8 *frame, u32 head,
		    u32 len, struct tap_vnet *res)
{
	u32 link = res->link_len, hlen = vnet_tcp4_headers(frame, link, head);

	if (!hlen || hlen >= len || !res->partial ||
	    h->gso_size < GSO_SIZE_MIN ||
	    res->csum_start != link + 4u * (frame[link] & 15) ||
	    res->csum_offset != TCP_CSUM_OFFSET)
		return -EINVAL;
	res->hlen = (u16)hlen;
	if (len - hlen <= h->gso_size)
		return 0;		/* one segment: nothing to cut */
	res->gso_size = h->gso_size;
	res->gso_segs = (u16)DIV_ROUND_UP(len - hlen, (u32)h->gso_size);
	return 0;
}

int tap_vnet_parse(const u8 hdr[TAP_VNET_LEN], const u8 *frame, u32 head,
		   u32 len, struct tap_vnet *res)
{
	const u8 known = VIRTIO_NET_HDR_F_NEEDS_CSUM |
			 VIRTIO_NET_HDR_F_DATA_VALID;
	struct virtio_net_hdr h;
	int err;

	static_assert(sizeof(h) == TAP_VNET_LEN, "the header of the kernel");
	memcpy(&h, hdr, sizeof(h));
	*res = (struct tap_vnet){ .link_len = res->link_len };
	if ((h.flags & ~known) || h.hdr_len > len)
		return -EINVAL;
	err = vnet_csum(&h, head, res);
	if (err)
		return err;
	res->valid = h.flags & VIRTIO_NET_HDR_F_DATA_VALID;
	switch (h.gso_type) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return 0;
	case VIRTIO_NET_HDR_GSO_TCPV4:
	case VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN:
		return vnet_gso(&h, frame, head, len, res);
	default:
		return -EINVAL;
	}
}

/* ---- sent ------------------------------------------------------------- */

int tap_vnet_build(u8 hdr[TAP_VNET_LEN], const struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb->shinfo;
	struct virtio_net_hdr h = { 0 };
	u32 start, head = skb_headlen(skb);

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		start = skb->csum_start - skb_headroom(skb);
		if (start + skb->csum_offset + 2u > head)
			return -EINVAL;
		h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
		h.csum_start = (u16)start;
		h.csum_offset = skb->csum_offset;
	}
	if (si->gso_size) {
		if (!(si->gso_type & SKB_GSO_TCPV4) || !h.flags ||
		    h.csum_start + TCP_HEADER > head)
			return -EINVAL;
		h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		if (skb->data[h.csum_start + 13] & TCP_CWR)
			h.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
		h.gso_size = si->gso_size;
		h.hdr_len = (u16)min(head, 0xffffu);
	}
	memcpy(hdr, &h, sizeof(h));
	return 0;
}
