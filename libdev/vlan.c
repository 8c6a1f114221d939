/* SPDX-License-Identifier: BSD-2-Clause */
/* vlan: a VLAN device of the stack by a line of text. The device itself is
 * libinet's (inet_vlan_open()). */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>

#include "driver.h"

#define VLAN_USAGE "vlan:DEVICE,id=N[,name=NAME][,mac=ADDR][,ad]"
#define VLAN_AD 0x88a8

struct vlan_args {
	char below[INET_IFNAMSIZ], name[INET_IFNAMSIZ];
	u32 id;
	u8 mac[6];
	bool ad;
};

static const struct arg_row vlan_rows[] = {
	ARG_ROW("", struct vlan_args, below, STRING, 0, 0),
	ARG_ROW("id", struct vlan_args, id, U32, 0, 4094),
	ARG_ROW("name", struct vlan_args, name, STRING, 0, 0),
	ARG_ROW("mac", struct vlan_args, mac, MAC, 0, 0),
	ARG_ROW("ad", struct vlan_args, ad, FLAG, 0, 1),
};

static const struct args_spec vlan_spec = {
	.driver = "vlan",
	.usage = VLAN_USAGE,
	.rows = vlan_rows,
	.nr_rows = ARRAY_SIZE(vlan_rows),
};

/* netdev_driver.open. */
static int vlan_open(struct net *net, const char *text, struct net_device **dev)
{
	struct inet_vlan_config c = { .size = sizeof(c) };
	struct vlan_args a = { .id = UINT32_MAX };
	struct net_device *below;
	int err = driver_args(net, &vlan_spec, text, &a);

	if (err)
		return err;
	if (a.id == UINT32_MAX)
		return netdev_error(net, -EINVAL, "vlan: which id? usage: "
				    VLAN_USAGE);
	below = inet_netdev_find(net, a.below);
	if (!below)
		return -errno;
	c.name = a.name;
	c.proto = a.ad ? VLAN_AD : 0;
	memcpy(c.mac, a.mac, sizeof(c.mac));
	*dev = inet_vlan_open(below, (u16)a.id, &c);
	return *dev ? 0 : -errno;
}

const struct netdev_driver vlan_driver = {
	.name = "vlan",
	.usage = VLAN_USAGE,
	.open = vlan_open,
};
