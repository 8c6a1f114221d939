/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP header (RFC 768).
 */
#include "wire/udp.h"

#include <string.h>

#include "lib/byteorder.h"

/*
 * Check the header of a datagram; the checksum is udp_v4_check()'s.
 *
 * @avail: bytes that can be read at @buf
 * @len: bytes that IP carries; what is beyond the length of UDP is trimmed
 *
 * Return: 0, -WIRE_SHORT, or -WIRE_TOT_LEN.
 */
int udp_parse(const void *buf, size_t avail, size_t len,
	      struct udp_info *info)
{
	struct udphdr h;
	u16 ulen;

	if (avail < sizeof(h) || len < avail)
		return -WIRE_SHORT;
	memcpy(&h, buf, sizeof(h));
	ulen = be16_to_cpu(h.len);
	if (ulen < UDP_HLEN || ulen > len)
		return -WIRE_TOT_LEN;
	info->source = h.source;
	info->dest = h.dest;
	info->len = ulen;
	info->no_check = h.check == 0;
	return 0;
}

/*
 * Write a header; the checksum is left 0 for the caller to fill.
 *
 * Return: UDP_HLEN, -WIRE_NO_ROOM or -WIRE_RANGE.
 */
int udp_build(void *buf, size_t room, const struct udp_info *info)
{
	struct udphdr h = {
		.source = info->source,
		.dest = info->dest,
		.len = cpu_to_be16(info->len),
	};

	if (info->len < UDP_HLEN)
		return -WIRE_RANGE;
	if (room < sizeof(h))
		return -WIRE_NO_ROOM;
	memcpy(buf, &h, sizeof(h));
	return UDP_HLEN;
}
