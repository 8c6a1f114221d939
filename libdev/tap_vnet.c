/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct virtio_net_hdr, read and written.
 *
 * The kernel is not believed: every number is compared with the frame. What
 * leaves here may be used by the stack as it is: the field of a checksum lies in
 * the linear part, behind the link header, and a packet to be cut is TCP or UDP
 * over IPv4 with whole headers, whose checksum is the one to be filled in; of UDP
 * all lengths agree, and the datagrams are not more than a sender may ask for.
 */
#include "tap_vnet.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <linux/virtio_net.h>

#include "driver.h"
#include "lib/byteorder.h"

#define IP_HEADER 20u
#define PROTO_TCP 6
#define PROTO_UDP 17
#define TCP_HEADER 20u
#define UDP_HEADER 8u
#define TCP_CSUM_OFFSET 16u
#define UDP_CSUM_OFFSET 6u
#define TCP_CWR 0x80
#define GSO_SIZE_MIN 8u		/* Linux's TCP_MIN_GSO_SIZE */
#define UDP_SEGMENTS_MAX 128u	/* Linux's UDP_MAX_SEGMENTS */

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

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

/* Octets of the headers up to the text of @protocol; 0: this is no such
 * packet. */
static u32 vnet_ip4_headers(const u8 *frame, u32 link, u32 head, u8 protocol)
{
	const u32 least = protocol == PROTO_UDP ? UDP_HEADER : TCP_HEADER;
	const u8 *ip = frame + link;
	u32 ihl, doff;

	if (head < link + IP_HEADER ||
	    (link && get_unaligned_be16(frame + 12) != 0x0800))
		return 0;
	ihl = 4u * (ip[0] & 15);
	if (ip[0] >> 4 != 4 || ihl < IP_HEADER || ip[9] != protocol ||
	    (get_unaligned_be16(ip + 6) & 0x3fff) || head < link + ihl + least)
		return 0;
	doff = protocol == PROTO_UDP ? UDP_HEADER : 4u * (ip[ihl + 12] >> 4);
	if (doff < least || head < link + ihl + doff)
		return 0;
	return link + ihl + doff;
}

/* The packet that is to be cut: its headers are whole. 0 or -EINVAL. */
static int vnet_cut(const struct virtio_net_hdr *h, const u8 *frame, u32 hlen,
		    u32 len, struct tap_vnet *res)
{
	if (!hlen || hlen >= len || !res->partial ||
	    res->csum_start != res->link_len + 4u * (frame[res->link_len] & 15))
		return -EINVAL;
	res->hlen = (u16)hlen;
	if (len - hlen <= h->gso_size)
		return 0;		/* one segment: nothing to cut */
	res->gso_size = h->gso_size;
	res->gso_segs = (u16)DIV_ROUND_UP(len - hlen, (u32)h->gso_size);
	return 0;
}

/* The same, TCP. */
static int vnet_gso_tcp(const struct virtio_net_hdr *h, const u8 *frame,
			u32 head, u32 len, struct tap_vnet *res)
{
	u32 hlen = vnet_ip4_headers(frame, res->link_len, head, PROTO_TCP);

	if (h->gso_size < GSO_SIZE_MIN || res->csum_offset != TCP_CSUM_OFFSET)
		return -EINVAL;
	return vnet_cut(h, frame, hlen, len, res);
}

/* Is it what an IPv6 host sends? Who offers to cut one must offer both. */
static bool vnet_is_ip6(const u8 *frame, u32 link, u32 head)
{
	return head > link && frame[link] >> 4 == 6 &&
	       (!link || get_unaligned_be16(frame + 12) == 0x86dd);
}

/* The same, UDP. Return: 0, -EINVAL, -EPFNOSUPPORT. */
static int vnet_gso_udp(const struct virtio_net_hdr *h, const u8 *frame,
			u32 head, u32 len, struct tap_vnet *res)
{
	u32 link = res->link_len;
	u32 hlen = vnet_ip4_headers(frame, link, head, PROTO_UDP);

	if (!res->uso)
		return -EINVAL;
	if (vnet_is_ip6(frame, link, head))
		return -EPFNOSUPPORT;
	if (!hlen || !h->gso_size || res->csum_offset != UDP_CSUM_OFFSET ||
	    get_unaligned_be16(frame + link + 2) != len - link ||
	    get_unaligned_be16(frame + hlen - 4) != len - hlen + UDP_HEADER ||
	    len - hlen > UDP_SEGMENTS_MAX * h->gso_size)
		return -EINVAL;
	res->udp = true;
	return vnet_cut(h, frame, hlen, len, res);
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
	*res = (struct tap_vnet){ .link_len = res->link_len, .uso = res->uso };
	if ((h.flags & ~known) || h.hdr_len > len)
		return -EINVAL;
	err = vnet_csum(&h, head, res);
	if (err)
		return err;
	res->valid = h.flags & VIRTIO_NET_HDR_F_DATA_VALID;
	switch (h.gso_type) {
	case VIRTIO_NET_HDR_GSO_NONE:
		return 0;
	case VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN:
		res->ecn = true;
		fallthrough;
	case VIRTIO_NET_HDR_GSO_TCPV4:
		return vnet_gso_tcp(&h, frame, head, len, res);
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		return vnet_gso_udp(&h, frame, head, len, res);
	default:
		return -EINVAL;
	}
}

/* ---- sent ------------------------------------------------------------- */

/* What is to be cut. 0 or -EINVAL. */
static int vnet_build_gso(struct virtio_net_hdr *h, const struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb->shinfo;
	u32 head = skb_headlen(skb);

	if (!h->flags || h->csum_start + (si->gso_type & SKB_GSO_UDP_L4 ?
					  UDP_HEADER : TCP_HEADER) > head)
		return -EINVAL;
	if (si->gso_type & SKB_GSO_UDP_L4) {
		h->gso_type = VIRTIO_NET_HDR_GSO_UDP_L4;
	} else {
		h->gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
		if (skb->data[h->csum_start + 13] & TCP_CWR)
			h->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	}
	h->gso_size = si->gso_size;
	h->hdr_len = (u16)min(head, 0xffffu);
	return 0;
}

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
	if (si->gso_size && vnet_build_gso(&h, skb))
		return -EINVAL;
	memcpy(hdr, &h, sizeof(h));
	return 0;
}
