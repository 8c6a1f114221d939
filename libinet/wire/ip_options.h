/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the IPv4 header: walk, check, update, echo.
 *
 * Offsets count from the first byte of the IPv4 header, which is what the
 * pointer of an ICMP Parameter Problem wants; 0 means "not there".
 */
#ifndef INET_WIRE_IP_OPTIONS_H
#define INET_WIRE_IP_OPTIONS_H

#include <inet/types.h>

#include "wire/ipv4.h"
#include "wire/reason.h"

#define IPOPT_END	0
#define IPOPT_NOOP	1
#define IPOPT_RR	7
#define IPOPT_TIMESTAMP	68
#define IPOPT_SEC	130
#define IPOPT_LSRR	131
#define IPOPT_CIPSO	134
#define IPOPT_SID	136
#define IPOPT_SSRR	137
#define IPOPT_RA	148

#define IPOPT_COPY	0x80		/* goes into every fragment */
#define IPOPT_COPIED(kind) ((kind) & IPOPT_COPY)

#define IPOPT_OPTVAL	0		/* offsets inside an option */
#define IPOPT_OLEN	1
#define IPOPT_OFFSET	2
#define IPOPT_MINOFF	4

#define IPOPT_TS_TSONLY		0	/* timestamps only */
#define IPOPT_TS_TSANDADDR	1	/* timestamps and addresses */
#define IPOPT_TS_PRESPEC	3	/* only by the modules named there */

#define MAX_IPOPTLEN	40
#define IPOPT_MAX_ADDRS	9		/* that fit into 40 bytes */

struct ip_options_info {
	__be32 next_hop;	/* of a source route with addresses left; else 0 */
	u8 opt_len;		/* bytes of options, as in the header */
	u8 srr;			/* source route, loose or strict */
	u8 rr;			/* record route */
	u8 ts;			/* timestamp */
	u8 router_alert;	/* router alert with value 0 (RFC 2113) */
	u8 ts_flags;		/* IPOPT_TS_* */
	u8 ts_overflow;		/* how many could not register */
	u8 pp_ptr;		/* after a failure: the offending byte */
	bool is_strictroute;
	bool rr_room;		/* our address fits into the record */
	bool ts_room;		/* our timestamp fits, or it is our turn to look */
	bool has_unknown;	/* an option that was skipped by its length */
};

int ip_options_parse(const void *opt, size_t len, struct ip_options_info *info);

bool ip_options_rr_update(void *iph, size_t hdr_len,
			  const struct ip_options_info *info, __be32 addr);
bool ip_options_ts_update(void *iph, size_t hdr_len,
			  const struct ip_options_info *info, __be32 addr,
			  u32 ms);
bool ip_options_srr_update(void *iph, size_t hdr_len,
			   const struct ip_options_info *info, __be32 addr);
int ip_options_echo(const void *iph, size_t hdr_len,
		    const struct ip_options_info *info,
		    u8 out[MAX_IPOPTLEN], __be32 *first_hop);
void ip_options_fragment(void *opt, size_t len);

#endif /* INET_WIRE_IP_OPTIONS_H */
