/* SPDX-License-Identifier: BSD-2-Clause */
/* ARP: IPv4 addresses to Ethernet addresses (RFC 826, 5227). */
#ifndef IPV4_ARP_H
#define IPV4_ARP_H

#include "core/neighbour.h"
#include "core/net.h"

struct in_ifaddr;

int arp_rcv(struct sk_buff *skb, struct net_device *dev,
	    struct packet_type *pt, struct net_device *orig_dev);
/* One ARP packet by @dev; @dst_hw NULL: broadcast. */
void arp_send(struct net_device *dev, u16 op, __be32 dest_ip, __be32 src_ip,
	      const u8 *dest_hw, const u8 *target_hw);

/* The address is new, or its device came up: tell the link, twice. */
void arp_announce_start(struct in_ifaddr *ifa);
/* The address goes: no timer is left. */
void arp_announce_stop(struct in_ifaddr *ifa);
void arp_ifa_init(struct in_ifaddr *ifa);

/* Devices; under rtnl. */
void arp_ifdown(struct net_device *dev);
void arp_changeaddr(struct net_device *dev);

extern const struct pernet_operations arp_net_ops;

#endif /* IPV4_ARP_H */
