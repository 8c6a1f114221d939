/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ethernet II, IEEE 802.3 with LLC/SNAP, and VLAN tags.
 *
 * Can be included beside <linux/if_ether.h>, before or after it.
 */
#ifndef INET_WIRE_ETH_H
#define INET_WIRE_ETH_H

#include <assert.h>
#include <string.h>

#include <inet/types.h>

#include "wire/reason.h"

#define ETH_ALEN	6		/* Octets in one ethernet addr	 */
#define ETH_HLEN	14		/* Total octets in header.	 */
#define ETH_ZLEN	60		/* Min. octets in frame sans FCS */
#define ETH_DATA_LEN	1500		/* Max. octets in payload	 */
#define ETH_FRAME_LEN	1514		/* Max. octets in frame sans FCS */
#define ETH_FCS_LEN	4		/* Octets in the FCS		 */
#define ETH_MIN_MTU	68		/* Min IPv4 MTU per RFC791	 */

/* EtherTypes; as in Linux the ones below 0x0600 never stand on the wire */
#define ETH_P_802_3_MIN	0x0600		/* from here on: not a length */
#define ETH_P_IP	0x0800
#define ETH_P_ARP	0x0806
#define ETH_P_RARP	0x8035
#define ETH_P_8021Q	0x8100
#define ETH_P_IPV6	0x86DD
#define ETH_P_8021AD	0x88A8
#define ETH_P_802_3	0x0001		/* raw 802.3: no LLC header */
#define ETH_P_ALL	0x0003		/* every packet: taps */
#define ETH_P_802_2	0x0004		/* 802.2 LLC */

#define VLAN_HLEN	4
#define VLAN_VID_MASK	0x0fff
#define VLAN_CFI_MASK	0x1000
#define VLAN_PRIO_MASK	0xe000
#define VLAN_PRIO_SHIFT	13
#define VLAN_MAX_DEPTH	2		/* a service and a customer tag */

#define LLC_HLEN	3
#define SNAP_HLEN	5		/* after the LLC header */

#ifndef _LINUX_IF_ETHER_H
#define __UAPI_DEF_ETHHDR 0		/* that header then leaves it to us */
struct ethhdr {
	u8 h_dest[ETH_ALEN];
	u8 h_source[ETH_ALEN];
	__be16 h_proto;
} __attribute__((packed));
#endif

static_assert(sizeof(struct ethhdr) == ETH_HLEN, "ethhdr");

struct eth_info {
	u8 dest[ETH_ALEN];
	u8 source[ETH_ALEN];
	__be16 proto;		/* EtherType after tags and SNAP, or ETH_P_802_2/3 */
	__be16 vlan_proto;	/* of the outermost tag; 0: untagged */
	u16 vlan_tci;		/* of the outermost tag, host order */
	u8 nr_vlan;
	u8 hdr_len;		/* the payload starts here */
	u32 payload_len;	/* 802.3: what its length says; else the rest */
};

int eth_parse(const void *frame, size_t len, struct eth_info *info);
int eth_build(void *buf, size_t room, const u8 *dest, const u8 *source,
	      __be16 proto);

static inline bool is_multicast_ether_addr(const u8 *addr)
{
	return addr[0] & 0x01;
}

static inline bool is_broadcast_ether_addr(const u8 *addr)
{
	return (addr[0] & addr[1] & addr[2] & addr[3] & addr[4] & addr[5]) == 0xff;
}

static inline bool is_zero_ether_addr(const u8 *addr)
{
	return !(addr[0] | addr[1] | addr[2] | addr[3] | addr[4] | addr[5]);
}

static inline bool is_local_ether_addr(const u8 *addr)
{
	return addr[0] & 0x02;
}

/* May a station have this address? */
static inline bool is_valid_ether_addr(const u8 *addr)
{
	return !is_multicast_ether_addr(addr) && !is_zero_ether_addr(addr);
}

static inline bool ether_addr_equal(const u8 *a, const u8 *b)
{
	return memcmp(a, b, ETH_ALEN) == 0;
}

static inline void ether_addr_copy(u8 *dst, const u8 *src)
{
	memcpy(dst, src, ETH_ALEN);
}

static inline void eth_broadcast_addr(u8 *addr)
{
	memset(addr, 0xff, ETH_ALEN);
}

static inline void eth_zero_addr(u8 *addr)
{
	memset(addr, 0, ETH_ALEN);
}

/* The group address of an IPv4 multicast address (RFC 1112 6.4). */
static inline void ip_eth_mc_map(__be32 group, u8 *addr)
{
	u8 g[4];

	memcpy(g, &group, sizeof(g));
	addr[0] = 0x01;
	addr[1] = 0x00;
	addr[2] = 0x5e;
	addr[3] = g[1] & 0x7f;
	addr[4] = g[2];
	addr[5] = g[3];
}

#endif /* INET_WIRE_ETH_H */
