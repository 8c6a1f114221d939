/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TCP header (RFC 9293 3.1) and arithmetic on sequence numbers.
 *
 * Can be included beside <netinet/tcp.h> in any order: that header is read
 * here first, for TCP_NODELAY, TCP_ESTABLISHED and their kind, and keeps its
 * own struct tcphdr; ours is meant from here on. So a header that only says
 * `struct tcphdr;` must include this file instead.
 */
#ifndef INET_WIRE_TCP_H
#define INET_WIRE_TCP_H

#include <assert.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <inet/types.h>

#include "lib/checksum.h"
#include "wire/reason.h"

#define TCPHDR_FIN	0x01
#define TCPHDR_SYN	0x02
#define TCPHDR_RST	0x04
#define TCPHDR_PSH	0x08
#define TCPHDR_ACK	0x10
#define TCPHDR_URG	0x20
#define TCPHDR_ECE	0x40
#define TCPHDR_CWR	0x80
#define TCPHDR_AE	0x100		/* accurate ECN; never in the flag byte */
#define TCPHDR_SYN_ECN	(TCPHDR_SYN | TCPHDR_ECE | TCPHDR_CWR)

#define TCP_HLEN_MIN	20
#define TCP_HLEN_MAX	60
#define MAX_TCP_OPTION_SPACE 40

#define tcphdr inet_tcphdr

struct tcphdr {
	__be16 source;
	__be16 dest;
	__be32 seq;
	__be32 ack_seq;
	union {
		struct {
			u8 doff_res;	/* data offset, reserved bits, AE */
			u8 flags;	/* TCPHDR_* */
		};
		struct {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
			u8 ae:1, res1:3, doff:4;
			u8 fin:1, syn:1, rst:1, psh:1, ack:1, urg:1, ece:1,
			   cwr:1;
#else
			u8 doff:4, res1:3, ae:1;
			u8 cwr:1, ece:1, urg:1, ack:1, psh:1, rst:1, syn:1,
			   fin:1;
#endif
		};
	};
	__be16 window;
	__sum16 check;
	__be16 urg_ptr;
} __attribute__((packed));

static_assert(sizeof(struct tcphdr) == TCP_HLEN_MIN, "tcphdr");

struct tcp_seg_info {
	__be16 source;
	__be16 dest;
	u32 seq;		/* host order from here on */
	u32 ack_seq;
	u16 window;		/* as on the wire: not scaled */
	u16 urg_ptr;
	u8 flags;		/* TCPHDR_* but AE */
	bool ae;		/* the AE bit: reserved unless negotiated */
	u8 hdr_len;		/* in bytes: 20 to 60 */
	u32 payload_len;
};

int tcp_parse(const void *buf, size_t avail, size_t len,
	      struct tcp_seg_info *info);
int tcp_build(void *buf, size_t room, const struct tcp_seg_info *info);

/* The flags but AE. */
static inline u8 tcp_flag_byte(const struct tcphdr *th)
{
	return th->flags;
}

/* Header length in bytes; below 20 when the header lies. */
static inline unsigned int __tcp_hdrlen(const struct tcphdr *th)
{
	return (th->doff_res >> 4) * 4u;
}

/* Is @seq1 earlier than @seq2 on the circle (RFC 9293 3.4)? */
static inline bool before(u32 seq1, u32 seq2)
{
	return (s32)(seq1 - seq2) < 0;
}

static inline bool after(u32 seq1, u32 seq2)
{
	return before(seq2, seq1);
}

/* Is seq2 <= @seq1 <= seq3 on the circle? */
static inline bool between(u32 seq1, u32 seq2, u32 seq3)
{
	return seq3 - seq2 >= seq1 - seq2;
}

/*
 * The checksum over @base (the sum of header, options and payload) and the
 * pseudo header. Zero for a received segment that is intact.
 */
static inline __sum16 tcp_v4_check(u32 len, __be32 saddr, __be32 daddr,
				   __wsum base)
{
	return csum_tcpudp_magic(saddr, daddr, len, IPPROTO_TCP, base);
}

#endif /* INET_WIRE_TCP_H */
