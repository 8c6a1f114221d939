/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The UDP header (RFC 768).
 *
 * Can be included beside <netinet/udp.h> in any order: that header is read
 * here first and keeps its own struct udphdr, ours is meant from here on.
 */
#ifndef INET_WIRE_UDP_H
#define INET_WIRE_UDP_H

#include <assert.h>

#include <netinet/in.h>
#include <netinet/udp.h>

#include <inet/types.h>

#include "lib/checksum.h"
#include "wire/reason.h"

#define udphdr inet_udphdr

struct udphdr {
	__be16 source;
	__be16 dest;
	__be16 len;
	__sum16 check;
} __attribute__((packed));

#define UDP_HLEN	8

static_assert(sizeof(struct udphdr) == UDP_HLEN, "udphdr");

struct udp_info {
	__be16 source;
	__be16 dest;
	u16 len;		/* header and payload; trim the datagram to it */
	bool no_check;		/* the sender computed no checksum */
};

int udp_parse(const void *buf, size_t avail, size_t len,
	      struct udp_info *info);
int udp_build(void *buf, size_t room, const struct udp_info *info);

/*
 * The checksum over @base (the sum of header and payload) and the pseudo
 * header. Zero for a received datagram that is intact.
 */
static inline __sum16 udp_v4_check(u32 len, __be32 saddr, __be32 daddr,
				   __wsum base)
{
	return csum_tcpudp_magic(saddr, daddr, len, IPPROTO_UDP, base);
}

/* What goes out for a computed checksum: 0 would mean "none" (RFC 768). */
static inline __sum16 udp_mangle_zero(__sum16 check)
{
	return check ? check : (__sum16)0xffff;
}

#endif /* INET_WIRE_UDP_H */
