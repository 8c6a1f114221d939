/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP header (RFC 9293 3.1).
 */
#include "wire/tcp.h"

#include <string.h>

#include "lib/byteorder.h"

#define TCP_DOFF_AE	0x01		/* in doff_res */

/*
 * Check the header of a segment; the checksum is tcp_v4_check()'s.
 *
 * @avail: bytes that can be read at @buf; all of the header must be there
 * @len: bytes that IP carries
 *
 * The reserved bits are ignored (RFC 9293 3.1).
 *
 * Return: 0, -WIRE_SHORT or -WIRE_HDR_LEN.
 */
int tcp_parse(const void *buf, size_t avail, size_t len,
	      struct tcp_seg_info *info)
{
	unsigned int hdr_len;
	struct tcphdr h;

	if (avail < sizeof(h) || len < avail)
		return -WIRE_SHORT;
	memcpy(&h, buf, sizeof(h));
	hdr_len = __tcp_hdrlen(&h);
	if (hdr_len < TCP_HLEN_MIN || hdr_len > avail)
		return -WIRE_HDR_LEN;
	info->source = h.source;
	info->dest = h.dest;
	info->seq = be32_to_cpu(h.seq);
	info->ack_seq = be32_to_cpu(h.ack_seq);
	info->window = be16_to_cpu(h.window);
	info->urg_ptr = be16_to_cpu(h.urg_ptr);
	info->flags = h.flags;
	info->ae = h.doff_res & TCP_DOFF_AE;
	info->hdr_len = (u8)hdr_len;
	info->payload_len = (u32)(len - hdr_len);
	return 0;
}

/*
 * Write the fixed part of a header. Reserved bits are zero, the checksum is
 * left 0 for the caller to fill; options are tcp_options_write()'s.
 *
 * Return: TCP_HLEN_MIN, -WIRE_NO_ROOM or -WIRE_RANGE.
 */
int tcp_build(void *buf, size_t room, const struct tcp_seg_info *info)
{
	struct tcphdr h = {
		.source = info->source,
		.dest = info->dest,
		.seq = cpu_to_be32(info->seq),
		.ack_seq = cpu_to_be32(info->ack_seq),
		.window = cpu_to_be16(info->window),
		.urg_ptr = cpu_to_be16(info->urg_ptr),
	};

	if (info->hdr_len < TCP_HLEN_MIN || info->hdr_len > TCP_HLEN_MAX ||
	    info->hdr_len % 4)
		return -WIRE_RANGE;
	if (room < info->hdr_len)
		return -WIRE_NO_ROOM;
	h.doff_res = (u8)(info->hdr_len / 4 << 4);
	if (info->ae)
		h.doff_res |= TCP_DOFF_AE;
	h.flags = info->flags;
	memcpy(buf, &h, sizeof(h));
	return TCP_HLEN_MIN;
}
