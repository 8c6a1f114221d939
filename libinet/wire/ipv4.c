/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPv4 header (RFC 791).
 */
#include "wire/ipv4.h"

#include "lib/byteorder.h"
#include "lib/checksum.h"

/*
 * Check the header of a datagram.
 *
 * @avail: bytes that can be read at @buf; all of the header must be there
 * @len: bytes that the frame carries, padding included; not less than @avail
 *
 * The caller trims the datagram to tot_len. Options are not looked at: that
 * is ip_options_parse(). The reserved flag is ignored.
 *
 * Return: 0, -WIRE_SHORT, -WIRE_VERSION, -WIRE_HDR_LEN, -WIRE_CSUM or
 * -WIRE_TOT_LEN.
 */
int ipv4_parse_header(const void *buf, size_t avail, size_t len,
		      struct ipv4_info *info)
{
	unsigned int hdr_len, tot_len, frag;
	struct iphdr h;

	if (avail < sizeof(h) || len < avail)
		return -WIRE_SHORT;
	memcpy(&h, buf, sizeof(h));
	if (h.ver_ihl >> 4 != IPVERSION)
		return -WIRE_VERSION;
	hdr_len = ipv4_hdr_len(&h);
	if (hdr_len < IP_HLEN_MIN || hdr_len > avail)
		return -WIRE_HDR_LEN;
	if (ip_fast_csum(buf, hdr_len / 4) != 0)
		return -WIRE_CSUM;
	tot_len = be16_to_cpu(h.tot_len);
	if (tot_len < hdr_len || tot_len > len)
		return -WIRE_TOT_LEN;

	frag = be16_to_cpu(h.frag_off);
	info->saddr = h.saddr;
	info->daddr = h.daddr;
	info->tot_len = (u16)tot_len;
	info->id = be16_to_cpu(h.id);
	info->frag_off = (u16)((frag & IP_OFFSET) * 8);
	info->hdr_len = (u8)hdr_len;
	info->opt_len = (u8)(hdr_len - IP_HLEN_MIN);
	info->tos = h.tos;
	info->ttl = h.ttl;
	info->protocol = h.protocol;
	info->df = frag & IP_DF;
	info->mf = frag & IP_MF;
	return 0;
}

/*
 * Write a header with its checksum. Options, where hdr_len is above 20, must
 * already stand behind the fixed part; opt_len is not looked at.
 *
 * Return: hdr_len, -WIRE_NO_ROOM, or -WIRE_RANGE when a length or the
 * fragment offset cannot be said in the header.
 */
int ipv4_build(void *buf, size_t room, const struct ipv4_info *info)
{
	unsigned int hdr_len = info->hdr_len;
	u16 frag;
	struct iphdr h;

	if (hdr_len < IP_HLEN_MIN || hdr_len > IP_HLEN_MAX || hdr_len % 4 ||
	    info->tot_len < hdr_len || info->frag_off % 8)
		return -WIRE_RANGE;
	if (room < hdr_len)
		return -WIRE_NO_ROOM;

	frag = info->frag_off / 8;
	if (info->df)
		frag |= IP_DF;
	if (info->mf)
		frag |= IP_MF;
	h.ver_ihl = (u8)(IPVERSION << 4 | hdr_len / 4);
	h.tos = info->tos;
	h.tot_len = cpu_to_be16(info->tot_len);
	h.id = cpu_to_be16(info->id);
	h.frag_off = cpu_to_be16(frag);
	h.ttl = info->ttl;
	h.protocol = info->protocol;
	h.check = 0;
	h.saddr = info->saddr;
	h.daddr = info->daddr;
	memcpy(buf, &h, sizeof(h));
	ip_send_check(buf);
	return (int)hdr_len;
}
