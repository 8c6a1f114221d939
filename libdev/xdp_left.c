/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a sender without a wire left to be done: see xdp_left.h.
 *
 * A checksum that is to be filled in has the sum of the pseudo header in its
 * field, as Linux leaves it for a card to add the rest. By chance a checksum that
 * was filled in looks so once in 65,535 packets, and is then not verified:
 * nothing, over a veth, where none is wrong.
 *
 * TCP longer than the MTU, with such a checksum, is a row of segments; they were
 * as long as the MTU allows. Of UDP nobody can tell where it is to be cut.
 */
#include "xdp_left.h"

#include <netinet/in.h>
#include <string.h>

#include "driver.h"
#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "lib/compiler.h"

#define IP_HEADER 20u
#define TCP_HEADER 20u
#define TCP_CSUM_OFFSET 16u
#define UDP_HEADER 8u
#define UDP_CSUM_OFFSET 6u
#define GSO_SIZE_MIN 8u		/* Linux's TCP_MIN_GSO_SIZE */

/* Octets of the IPv4 header behind the link header, when a whole datagram of TCP
 * or UDP is all of the frame but padding; or 0. */
static u32 ipv4_header(const u8 *frame, u32 head, u32 len)
{
	const u8 *ip = frame + ETHER_HEADER;
	u32 ihl, total;

	if (head < ETHER_HEADER + IP_HEADER ||
	    get_unaligned_be16(frame + 12) != 0x0800 || ip[0] >> 4 != 4 ||
	    (get_unaligned_be16(ip + 6) & 0x3fff))
		return 0;
	ihl = 4u * (ip[0] & 15);
	total = get_unaligned_be16(ip + 2);
	if (ihl < IP_HEADER || total < ihl || total > len - ETHER_HEADER)
		return 0;
	return ihl;
}

/* Has the field at @csum the sum of the pseudo header, and no more? */
static bool is_partial(const u8 *ip, u32 len, const u8 *csum)
{
	__sum16 sum, pseudo;
	__be32 addrs[2];

	memcpy(addrs, ip + 12, sizeof(addrs));
	memcpy(&sum, csum, sizeof(sum));
	pseudo = (__sum16)~csum_tcpudp_magic(addrs[0], addrs[1], len, ip[9], 0);
	return sum == pseudo;
}

/* How TCP behind @hlen octets of headers, longer than the MTU, is to be cut. */
static void row_of_segments(u32 text, u32 hlen, u32 mtu, struct xdp_left *res)
{
	u32 size = mtu - hlen;

	if (mtu < hlen + GSO_SIZE_MIN || text <= size)
		return;
	res->gso_size = (u16)size;
	res->gso_segs = (u16)DIV_ROUND_UP(text, size);
}

void xdp_left_parse(const u8 *frame, u32 head, u32 len, u32 mtu,
		    struct xdp_left *res)
{
	u32 ihl = ipv4_header(frame, head, len), start, rest, doff, offset;
	const u8 *ip = frame + ETHER_HEADER;
	bool tcp;

	*res = (struct xdp_left){ .partial = false };
	tcp = ihl && ip[9] == IPPROTO_TCP;
	if (!tcp && !(ihl && ip[9] == IPPROTO_UDP))
		return;
	start = ETHER_HEADER + ihl;
	rest = get_unaligned_be16(ip + 2) - ihl;
	offset = tcp ? TCP_CSUM_OFFSET : UDP_CSUM_OFFSET;
	if (rest < (tcp ? TCP_HEADER : UDP_HEADER) ||
	    head < start + offset + 2u ||
	    !is_partial(ip, rest, frame + start + offset))
		return;
	res->partial = true;
	res->csum_start = (u16)start;
	res->csum_offset = (u16)offset;
	if (likely(len - ETHER_HEADER <= mtu) || !tcp)
		return;
	doff = 4u * (frame[start + 12] >> 4);
	if (doff >= TCP_HEADER && doff <= rest && start + doff <= head &&
	    ihl + rest == len - ETHER_HEADER)
		row_of_segments(rest - doff, ihl + doff, mtu, res);
}
