/* SPDX-License-Identifier: BSD-2-Clause */
/* Transmit packet steering: by which queue of a device a packet leaves. */
#ifndef CORE_XPS_H
#define CORE_XPS_H

#include <inet/netdevice.h>

/* One of the queues of @dev, which has several. Context: RCU. */
u16 netdev_pick_tx_queue(struct net_device *dev, struct sk_buff *skb);

/* Who sends by transmit queue @queue: a bit for each softnet. Under rtnl. 0 or
 * -ENOMEM. */
int xps_set(struct net_device *dev, u32 queue, u64 softnets);
/* Nobody sends by @dev any more. */
void xps_free(struct net_device *dev);

#endif /* CORE_XPS_H */
