/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP for IPv4 (RFC 792) and the packet that an ICMP error quotes.
 */
#include "wire/icmp.h"

#include <string.h>

#include <netinet/in.h>

#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "wire/cursor.h"
#include "wire/ipv4.h"
#include "wire/tcp.h"

#define ICMP_QUOTE_MIN	8	/* bytes that RFC 792 quotes behind the header */

/*
 * Read a header whose message has been verified, or is verified elsewhere.
 *
 * Return: 0 or -WIRE_SHORT.
 */
int icmp_parse_header(const void *buf, size_t len, struct icmp_info *info)
{
	struct icmphdr h;

	if (len < sizeof(h))
		return -WIRE_SHORT;
	memcpy(&h, buf, sizeof(h));
	info->type = h.type;
	info->code = h.code;
	info->pointer = h.un.reserved[0];
	info->id = h.un.echo.id;
	info->sequence = h.un.echo.sequence;
	info->gateway = h.un.gateway;
	info->mtu = be16_to_cpu(h.un.frag.mtu);
	info->data_len = (u32)(len - sizeof(h));
	return 0;
}

/*
 * Read a whole message and verify its checksum.
 *
 * Return: 0, -WIRE_SHORT or -WIRE_CSUM.
 */
int icmp_parse(const void *buf, size_t len, struct icmp_info *info)
{
	if (len < ICMP_HLEN)
		return -WIRE_SHORT;
	if (ip_compute_csum(buf, len) != 0)
		return -WIRE_CSUM;
	return icmp_parse_header(buf, len, info);
}

/* Does the transport begin with a source and a destination port? */
static bool has_ports(u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_DCCP ||
	       protocol == IPPROTO_UDPLITE;
}

/* Read the transport's head; @c holds at least ICMP_QUOTE_MIN bytes. */
static void quote_transport(struct cursor *c, struct icmp_quote *q)
{
	if (q->protocol == IPPROTO_ICMP) {
		q->has_echo = true;
		q->icmp_type = cur_u8(c);
		q->icmp_code = cur_u8(c);
		cur_skip(c, 2);
		q->icmp_id = cur_raw_be16(c);
		q->icmp_sequence = cur_raw_be16(c);
		return;
	}
	if (!has_ports(q->protocol))
		return;
	q->has_ports = true;
	q->sport = cur_raw_be16(c);
	q->dport = cur_raw_be16(c);
	if (q->protocol != IPPROTO_TCP)
		return;
	q->has_seq = true;
	q->seq = cur_be32(c);
	if (cur_left(c) >= sizeof(u32)) {
		q->has_ack = true;
		q->ack_seq = cur_be32(c);
	}
}

/*
 * Read the packet that an ICMP error quotes: a header and at least 8 bytes.
 *
 * The quoted checksum and total length are not checked: routers on the way
 * changed the TTL, and some senders rewrite the length before they quote.
 *
 * @buf, @len: the bytes after the ICMP header
 *
 * Return: 0, -WIRE_SHORT, -WIRE_VERSION, -WIRE_HDR_LEN, -WIRE_QUOTE (less
 * than 8 bytes of the transport) or -WIRE_FRAGMENT (a later fragment, which
 * names nobody).
 */
int icmp_quote_parse(const void *buf, size_t len, struct icmp_quote *quote)
{
	struct cursor c = cur_init(buf, len);
	struct icmp_quote q = { .saddr = 0 };
	unsigned int frag, hdr_len;
	struct iphdr h;

	cur_copy(&c, &h, sizeof(h));
	if (!cur_ok(&c))
		return -WIRE_SHORT;
	hdr_len = ipv4_hdr_len(&h);
	if (h.ver_ihl >> 4 != IPVERSION)
		return -WIRE_VERSION;
	if (hdr_len < IP_HLEN_MIN)
		return -WIRE_HDR_LEN;
	cur_skip(&c, hdr_len - IP_HLEN_MIN);
	if (!cur_ok(&c))
		return -WIRE_HDR_LEN;
	frag = be16_to_cpu(h.frag_off);
	if (frag & IP_OFFSET)
		return -WIRE_FRAGMENT;
	if (cur_left(&c) < ICMP_QUOTE_MIN)
		return -WIRE_QUOTE;

	q.saddr = h.saddr;
	q.daddr = h.daddr;
	q.tot_len = be16_to_cpu(h.tot_len);
	q.id = be16_to_cpu(h.id);
	q.protocol = h.protocol;
	q.ttl = h.ttl;
	q.hdr_len = (u8)hdr_len;
	q.df = frag & IP_DF;
	q.quoted_len = (u32)cur_left(&c);
	quote_transport(&c, &q);
	*quote = q;
	return 0;
}
