/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPv4 header (RFC 791) and the classes of IPv4 addresses.
 *
 * Can be included beside <netinet/in.h>; never beside <netinet/ip.h>.
 */
#ifndef INET_WIRE_IPV4_H
#define INET_WIRE_IPV4_H

#include <assert.h>
#include <string.h>

#include <netinet/in.h>		/* IPPROTO_*, INADDR_*, struct in_addr */

#include <inet/types.h>

#include "lib/checksum.h"
#include "wire/reason.h"

#define IPVERSION	4
#define IPDEFTTL	64
#define MAXTTL		255
#define IP_HLEN_MIN	20
#define IP_HLEN_MAX	60
#define IP_MAX_TOT_LEN	65535
#define IPV4_MIN_MTU	68		/* RFC 791 3.2 */

/* frag_off, host order */
#define IP_CE		0x8000		/* reserved: zero on send, ignored */
#define IP_DF		0x4000
#define IP_MF		0x2000
#define IP_OFFSET	0x1FFF		/* in units of 8 bytes */

/* The low two bits of the type of service (RFC 3168) */
#define INET_ECN_NOT_ECT 0
#define INET_ECN_ECT_1	1
#define INET_ECN_ECT_0	2
#define INET_ECN_CE	3
#define INET_ECN_MASK	3

struct iphdr {
	union {
		u8 ver_ihl;
		struct {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			u8 ihl:4, version:4;
#else
			u8 version:4, ihl:4;
#endif
		};
	};
	u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	u8 ttl;
	u8 protocol;
	__sum16 check;
	__be32 saddr;
	__be32 daddr;
} __attribute__((packed));

static_assert(sizeof(struct iphdr) == IP_HLEN_MIN, "iphdr");

struct ipv4_info {
	__be32 saddr;
	__be32 daddr;
	u16 tot_len;		/* header and payload */
	u16 id;
	u16 frag_off;		/* in bytes */
	u8 hdr_len;		/* in bytes: 20 to 60 */
	u8 opt_len;		/* hdr_len - 20 */
	u8 tos;
	u8 ttl;
	u8 protocol;
	bool df;
	bool mf;
};

int ipv4_parse_header(const void *buf, size_t avail, size_t len,
		      struct ipv4_info *info);
int ipv4_build(void *buf, size_t room, const struct ipv4_info *info);

/*
 * Compute the checksum of a header anew, after a change to it. The header,
 * with as many bytes as its IHL says, is ours and valid.
 */
static inline void ip_send_check(struct iphdr *iph)
{
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ver_ihl & 0x0fu);
}

/*
 * Check a datagram that lies in one piece: @len bytes at @buf are all that the
 * frame carries, padding included. See ipv4_parse_header().
 */
static inline int ipv4_parse(const void *buf, size_t len,
			     struct ipv4_info *info)
{
	return ipv4_parse_header(buf, len, len, info);
}

/* Header length in bytes. */
static inline unsigned int ipv4_hdr_len(const struct iphdr *iph)
{
	return (iph->ver_ihl & 0x0fu) * 4;
}

/* Is it a piece of a datagram? */
static inline bool ip_is_fragment(const struct iphdr *iph)
{
	return iph->frag_off & htons(IP_MF | IP_OFFSET);
}

/* Address in host order, for the classes below. */
static inline u32 ipv4_host_order(__be32 addr)
{
	return ntohl(addr);
}

/* 127.0.0.0/8 */
static inline bool ipv4_is_loopback(__be32 addr)
{
	return ipv4_host_order(addr) >> 24 == 127;
}

/* 224.0.0.0/4 */
static inline bool ipv4_is_multicast(__be32 addr)
{
	return ipv4_host_order(addr) >> 28 == 0xe;
}

/* 224.0.0.0/24: never forwarded */
static inline bool ipv4_is_local_multicast(__be32 addr)
{
	return ipv4_host_order(addr) >> 8 == 0xe00000;
}

/* 224.0.0.106 (RFC 4286) */
static inline bool ipv4_is_all_snoopers(__be32 addr)
{
	return ipv4_host_order(addr) == 0xe000006a;
}

/* 255.255.255.255 */
static inline bool ipv4_is_lbcast(__be32 addr)
{
	return addr == 0xffffffffu;
}

/* 0.0.0.0, "this host"; as in Linux only the one address, not the /8 */
static inline bool ipv4_is_zeronet(__be32 addr)
{
	return addr == 0;
}

/* 0.0.0.0/8: no such address may be the source of a packet but 0.0.0.0 */
static inline bool ipv4_is_this_network(__be32 addr)
{
	return ipv4_host_order(addr) >> 24 == 0;
}

/* 240.0.0.0/4, the limited broadcast included */
static inline bool ipv4_is_class_e(__be32 addr)
{
	return ipv4_host_order(addr) >> 28 == 0xf;
}

/* 169.254.0.0/16 */
static inline bool ipv4_is_linklocal_169(__be32 addr)
{
	return ipv4_host_order(addr) >> 16 == 0xa9fe;
}

static inline bool ipv4_is_private_10(__be32 addr)
{
	return ipv4_host_order(addr) >> 24 == 10;
}

static inline bool ipv4_is_private_172(__be32 addr)
{
	return ipv4_host_order(addr) >> 20 == 0xac1;
}

static inline bool ipv4_is_private_192(__be32 addr)
{
	return ipv4_host_order(addr) >> 16 == 0xc0a8;
}

#endif /* INET_WIRE_IPV4_H */
