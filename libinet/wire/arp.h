/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP for IPv4 on Ethernet (RFC 826).
 */
#ifndef INET_WIRE_ARP_H
#define INET_WIRE_ARP_H

#include <assert.h>

#include <inet/types.h>

#include "wire/eth.h"
#include "wire/reason.h"

#ifndef ARPHRD_ETHER
#define ARPHRD_ETHER	1
#endif
#ifndef ARPHRD_LOOPBACK
#define ARPHRD_LOOPBACK	772
#endif
#ifndef ARPHRD_NONE
#define ARPHRD_NONE	0xFFFE		/* no link layer address */
#endif

#ifndef ARPOP_REQUEST
#define ARPOP_REQUEST	1
#define ARPOP_REPLY	2
#define ARPOP_RREQUEST	3		/* RARP */
#define ARPOP_RREPLY	4
#define ARPOP_InREQUEST	8
#define ARPOP_InREPLY	9
#endif

struct arphdr {
	__be16 ar_hrd;
	__be16 ar_pro;
	u8 ar_hln;
	u8 ar_pln;
	__be16 ar_op;
	u8 ar_sha[ETH_ALEN];
	__be32 ar_sip;
	u8 ar_tha[ETH_ALEN];
	__be32 ar_tip;
} __attribute__((packed));

#define ARP_HLEN	28

static_assert(sizeof(struct arphdr) == ARP_HLEN, "arphdr");

struct arp_info {
	u16 op;			/* ARPOP_*, host order; any value is passed on */
	u8 sha[ETH_ALEN];	/* sender */
	u8 tha[ETH_ALEN];	/* target */
	__be32 sip;
	__be32 tip;
};

int arp_parse(const void *buf, size_t len, struct arp_info *info);
int arp_build(void *buf, size_t room, const struct arp_info *info);

#endif /* INET_WIRE_ARP_H */
