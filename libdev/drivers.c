/* SPDX-License-Identifier: BSD-2-Clause */
/* THE list of drivers, and inet_netdev_open(), which chooses from it. */
#include <inet/netdev.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "driver.h"
#include "lib/compiler.h"

/* One row each; a driver that is not here does not exist. */
static const struct netdev_driver *const drivers[] = {
	&tap_driver,
	&tun_driver,
	&wire_driver,
	&fd_driver,
	&vlan_driver,
	&igb_driver,
#ifdef HAVE_XDP
	&xdp_driver,
#endif
};

/* Passes the sentence of args_parse() on. */
int driver_args(struct net *net, const struct args_spec *spec,
		const char *text, void *out)
{
	char why[512];
	int err = args_parse(spec, text, out, why, sizeof(why));

	return err ? netdev_error(net, err, "%s", why) : 0;
}

int driver_config(struct net *net, const char *driver, const void *given,
		  void *config, size_t size)
{
	size_t says;

	if (!net)
		return -EINVAL;
	if (!given)
		return 0;
	memcpy(&says, given, sizeof(says));
	if (says != size)
		return netdev_error(net, -EINVAL, "%s: size is not "
				    "sizeof(struct inet_%s_config)", driver,
				    driver);
	memcpy(config, given, size);
	return 0;
}

const struct netdev_driver *const *inet_netdev_drivers(size_t *nr)
{
	*nr = ARRAY_SIZE(drivers);
	return drivers;
}

/* Only the name of a device can be wrong; else it is memory. */
int driver_register(struct net_device *dev)
{
	int err = register_netdevice(dev);

	if (err == -ENOMEM)
		netdev_error(dev->net, err, "%s: out of memory", dev->name);
	return err;
}

void driver_ether_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->min_mtu = ETHER_MIN_MTU;
	dev->max_mtu = ETHER_MAX_MTU;
}

void driver_set_mac(struct net_device *dev, const u8 mac[6])
{
	static const u8 none[6];

	if (memcmp(mac, none, sizeof(none)) == 0)
		eth_hw_addr_random(dev);
	else
		memcpy(dev->dev_addr, mac, sizeof(none));
}

/* A descriptor, or -E. */
int driver_link_watch(void)
{
	const struct sockaddr_nl sa = { .nl_family = AF_NETLINK,
					.nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&sa, sizeof(sa))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* The driver whose name is the first @len characters of @name, or NULL. */
static const struct netdev_driver *find_driver(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++)
		if (strlen(drivers[i]->name) == len &&
		    memcmp(drivers[i]->name, name, len) == 0)
			return drivers[i];
	return NULL;
}

/* Says that there is no such driver, and which there are. Return: -ENODEV. */
static int no_driver(struct net *net, const char *name, size_t len)
{
	char known[128] = "";
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		size_t more = strlen(drivers[i]->name);

		if (used + more + 2 > sizeof(known))
			break;
		known[used++] = ' ';
		memcpy(known + used, drivers[i]->name, more + 1);
		used += more;
	}
	return netdev_error(net, -ENODEV,
			    "'%.*s' is no device driver; there are:%s",
			    (int)(len < 64 ? len : 64), name, known);
}

/* The driver is named before the first colon. */
struct net_device *inet_netdev_open(struct net *net, const char *spec)
{
	const struct netdev_driver *driver;
	struct net_device *dev = NULL;
	size_t len;
	int err;

	if (!net || !spec) {
		if (net)
			netdev_error(net, 0, "%s: an argument is NULL", __func__);
		errno = EINVAL;
		return NULL;
	}
	len = strcspn(spec, ":");
	driver = find_driver(spec, len);
	if (!driver)
		err = no_driver(net, spec, len);
	else
		err = driver->open(net, spec[len] ? spec + len + 1 : "", &dev);
	if (err) {
		errno = -err;
		return NULL;
	}
	return dev;
}
