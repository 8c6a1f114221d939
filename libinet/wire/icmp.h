/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP for IPv4 (RFC 792, 1122 3.2.2, 1191, 1812) and the packet that an ICMP
 * error quotes.
 */
#ifndef INET_WIRE_ICMP_H
#define INET_WIRE_ICMP_H

#include <assert.h>

#include <inet/types.h>

#include "wire/reason.h"

#define ICMP_ECHOREPLY		0
#define ICMP_DEST_UNREACH	3
#define ICMP_SOURCE_QUENCH	4
#define ICMP_REDIRECT		5
#define ICMP_ECHO		8
#define ICMP_ROUTERADVERT	9
#define ICMP_ROUTERSOLICIT	10
#define ICMP_TIME_EXCEEDED	11
#define ICMP_PARAMETERPROB	12
#define ICMP_TIMESTAMP		13
#define ICMP_TIMESTAMPREPLY	14
#define ICMP_INFO_REQUEST	15
#define ICMP_INFO_REPLY		16
#define ICMP_ADDRESS		17
#define ICMP_ADDRESSREPLY	18
#define NR_ICMP_TYPES		18
#define ICMP_EXT_ECHO		42	/* RFC 8335 */
#define ICMP_EXT_ECHOREPLY	43

/* Codes of ICMP_DEST_UNREACH */
#define ICMP_NET_UNREACH	0
#define ICMP_HOST_UNREACH	1
#define ICMP_PROT_UNREACH	2
#define ICMP_PORT_UNREACH	3
#define ICMP_FRAG_NEEDED	4	/* and DF set: carries the MTU */
#define ICMP_SR_FAILED		5
#define ICMP_NET_UNKNOWN	6
#define ICMP_HOST_UNKNOWN	7
#define ICMP_HOST_ISOLATED	8
#define ICMP_NET_ANO		9
#define ICMP_HOST_ANO		10
#define ICMP_NET_UNR_TOS	11
#define ICMP_HOST_UNR_TOS	12
#define ICMP_PKT_FILTERED	13
#define ICMP_PREC_VIOLATION	14
#define ICMP_PREC_CUTOFF	15
#define NR_ICMP_UNREACH		15

/* Codes of ICMP_REDIRECT */
#define ICMP_REDIR_NET		0
#define ICMP_REDIR_HOST		1
#define ICMP_REDIR_NETTOS	2
#define ICMP_REDIR_HOSTTOS	3

/* Codes of ICMP_TIME_EXCEEDED */
#define ICMP_EXC_TTL		0
#define ICMP_EXC_FRAGTIME	1

/* Codes of ICMP_PARAMETERPROB */
#define ICMP_PARAMPROB_PTR	0	/* the pointer says where */
#define ICMP_PARAMPROB_OPTABSENT 1
#define ICMP_PARAMPROB_LEN	2

struct icmphdr {
	u8 type;
	u8 code;
	__sum16 checksum;
	union {
		struct {
			__be16 id;
			__be16 sequence;
		} __attribute__((packed)) echo;
		__be32 gateway;
		struct {
			__be16 __unused;
			__be16 mtu;
		} __attribute__((packed)) frag;
		u8 reserved[4];		/* [0]: pointer of a Parameter Problem */
	} __attribute__((packed)) un;
} __attribute__((packed));

#define ICMP_HLEN	8

static_assert(sizeof(struct icmphdr) == ICMP_HLEN, "icmphdr");

struct icmp_info {
	u8 type;
	u8 code;
	u8 pointer;		/* of a Parameter Problem */
	__be16 id;		/* echo, timestamp */
	__be16 sequence;
	__be32 gateway;		/* redirect */
	u16 mtu;		/* fragmentation needed, host order; may be 0 */
	u32 data_len;		/* bytes after the header */
};

/*
 * The head of the packet that an error speaks of, as far as it was quoted.
 * Nothing in it is to be believed before it is compared with a live flow.
 */
struct icmp_quote {
	__be32 saddr;		/* ours, if the error is honest */
	__be32 daddr;
	u16 tot_len;		/* what the quoted header says */
	u16 id;
	u8 protocol;
	u8 ttl;
	u8 hdr_len;		/* of the quoted IPv4 header, in bytes */
	bool df;
	bool has_ports;		/* TCP, UDP, SCTP, DCCP, UDP-Lite */
	bool has_seq;		/* TCP */
	bool has_ack;		/* TCP, when more than 8 bytes were quoted */
	bool has_echo;		/* ICMP with an identifier */
	__be16 sport;
	__be16 dport;
	u32 seq;
	u32 ack_seq;
	u8 icmp_type;
	u8 icmp_code;
	__be16 icmp_id;
	__be16 icmp_sequence;
	u32 quoted_len;		/* bytes after the quoted IPv4 header */
};

int icmp_parse_header(const void *buf, size_t len, struct icmp_info *info);
int icmp_parse(const void *buf, size_t len, struct icmp_info *info);
int icmp_quote_parse(const void *buf, size_t len, struct icmp_quote *quote);

/* Does the type report an error about another packet (RFC 1122 3.2.2)? */
static inline bool icmp_is_err(u8 type)
{
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
	       type == ICMP_REDIRECT || type == ICMP_TIME_EXCEEDED ||
	       type == ICMP_PARAMETERPROB;
}

#endif /* INET_WIRE_ICMP_H */
