/* SPDX-License-Identifier: BSD-2-Clause */
/* What the drivers of libinetdev share. */
#ifndef LIBDEV_DRIVER_H
#define LIBDEV_DRIVER_H

#include <inet/netdevice.h>

#include "args.h"
#include "lib/compiler.h"

/* One per driver, defined at the end of its file, listed in drivers.c. */
extern const struct netdev_driver tap_driver;
extern const struct netdev_driver tun_driver;
extern const struct netdev_driver fd_driver;
extern const struct netdev_driver igb_driver;
extern const struct netdev_driver vlan_driver;
extern const struct netdev_driver wire_driver;
extern const struct netdev_driver xdp_driver;

#define ETHER_HEADER 14u	/* two addresses and the ethertype */
#define ETHER_VLAN 4u
#define ETHER_MIN_MTU 68u
#define ETHER_MAX_MTU 65521u	/* 65535 with the header */
#define RAW_MAX_MTU 65535u	/* without one */

/* args_parse() whose sentence goes to inet_strerror(@net). */
int driver_args(struct net *net, const struct args_spec *spec,
		const char *text, void *out);

/* The structure that an inet_@driver_open() was given, into ours at @config, whose
 * @size octets begin with a size_t that says so; NULL: ours stays as it is.
 * Return: 0; -EINVAL with a sentence, if there is a stack for it. */
int driver_config(struct net *net, const char *driver, const void *given,
		  void *config, size_t size);

/* register_netdevice() that leaves a sentence in each case. */
int driver_register(struct net_device *dev);

/* A netlink socket, not blocking, that tells of changes of the kernel's
 * interfaces (RTMGRP_LINK); -E. */
int driver_link_watch(void);

/* ether_setup(), and MTUs as drivers without hardware take them. */
void driver_ether_setup(struct net_device *dev);
/* The link address that was asked for; all zero: a random one. */
void driver_set_mac(struct net_device *dev, const u8 mac[6]);

/* A counter with one writer, read by others. */
static inline void count(u64 *counter, u64 n)
{
	WRITE_ONCE(*counter, *counter + n);
}

/* eth_type_trans(), or raw_ip_type_trans() where there is no link header. */
static inline __be16 driver_type_trans(struct sk_buff *skb,
				       struct net_device *dev)
{
	return dev->hard_header_len ? eth_type_trans(skb, dev) :
				      raw_ip_type_trans(skb, dev);
}

/* Whether a received frame is too long for @dev: a tag, of a link that has any,
 * is not counted. */
static inline bool driver_frame_is_giant(const struct net_device *dev,
					 const u8 *frame, u32 len)
{
	u32 most = READ_ONCE(dev->mtu) + dev->hard_header_len;

	if (__builtin_expect(len <= most, 1))
		return false;
	return !dev->hard_header_len || len > most + ETHER_VLAN ||
	       !((frame[12] == 0x81 && frame[13] == 0x00) ||
		 (frame[12] == 0x88 && frame[13] == 0xa8));
}

#endif /* LIBDEV_DRIVER_H */
