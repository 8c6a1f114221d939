/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs see of the stack's interfaces: SHIM_INTERFACES of protocol.h. */
#include <net/if.h>
#include <string.h>

#include <inet/control.h>
#include <inet/netdevice.h>

#include "owner.h"

#define IFF_LOWER_UP 0x10000	/* <linux/if.h>, which <net/if.h> does not like */

/* Rows on their way into a reply. */
struct rows {
	struct shim_reply *reply;
	int skip;		/* so many more are not wanted */
};

/* As Linux's dev_get_flags(): running is what is up and has a link. */
static uint32_t flags_of(const struct net_device *dev)
{
	uint32_t flags = dev->flags;

	if (inet_netdev_is_up(dev))
		flags |= inet_netdev_get_carrier(dev) == 1 ? IFF_RUNNING | IFF_LOWER_UP : 0;
	return flags;
}

/* One more row, if it is wanted and there is room. */
static void add(struct rows *rows, const struct net_device *dev,
		const struct inet_addr_info *addr)
{
	struct shim_interface row = {
		.index = (uint32_t)inet_netdev_index(dev), .flags = flags_of(dev),
		.mtu = inet_netdev_get_mtu(dev), .type = dev->type,
		.hwaddr_len = dev->addr_len, .is_address = addr != NULL,
	};

	if (rows->skip > 0) {
		rows->skip--;
		return;
	}
	if (rows->reply->len + sizeof(row) > SHIM_DATA)
		return;
	strncpy(row.name, inet_netdev_name(dev), sizeof(row.name) - 1);
	memcpy(row.hwaddr, dev->dev_addr, sizeof(row.hwaddr));
	memcpy(row.hwbroadcast, dev->broadcast, sizeof(row.hwbroadcast));
	if (addr) {
		row.prefix_len = addr->prefix_len;
		row.local.s_addr = addr->local;
		row.broadcast.s_addr = addr->broadcast;
	}
	memcpy(rows->reply->data + rows->reply->len, &row, sizeof(row));
	rows->reply->len += sizeof(row);
}

static void add_device(void *arg, struct net_device *dev)
{
	add(arg, dev, NULL);
}

static void add_address(void *arg, const struct inet_addr_info *addr)
{
	add(arg, addr->dev, addr);
}

void interfaces_tell(struct net *net, int first, struct shim_reply *reply)
{
	struct rows rows = { reply, first };

	inet_netdev_each(net, add_device, &rows);
	inet_addr_each(net, add_address, &rows);
}
