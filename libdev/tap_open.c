/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a TAP or a TUN: the arguments of "tap:tap0", the descriptors, the
 * device. */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include <inet/netdev.h>

#include "driver.h"

#define TUN_PATH "/dev/net/tun"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

struct tap_args {
	char ifname[IFNAMSIZ];
	char name[INET_IFNAMSIZ];
	u32 mtu;
	bool tun;		/* IFF_TUN, else IFF_TAP */
	bool vnet;		/* IFF_VNET_HDR */
	bool uso;		/* found out: the kernel knows TUN_F_USO4 */
	u32 queues;		/* 0: one, of an interface that has one */
	u8 mac[6];
};

static const struct arg_row tap_rows[] = {
	ARG_ROW("", struct tap_args, ifname, STRING, 0, 0),
	ARG_ROW("name", struct tap_args, name, STRING, 0, 0),
	ARG_ROW("mtu", struct tap_args, mtu, U32, ETHER_MIN_MTU,
		ETHER_MAX_MTU),
	ARG_ROW("mac", struct tap_args, mac, MAC, 0, 0),
	ARG_ROW("vnet", struct tap_args, vnet, FLAG, 0, 1),
	ARG_ROW("queues", struct tap_args, queues, U32, 1, TAP_MAX_QUEUES),
};

static const struct arg_row tun_rows[] = {
	ARG_ROW("", struct tap_args, ifname, STRING, 0, 0),
	ARG_ROW("name", struct tap_args, name, STRING, 0, 0),
	ARG_ROW("mtu", struct tap_args, mtu, U32, ETHER_MIN_MTU, RAW_MAX_MTU),
	ARG_ROW("vnet", struct tap_args, vnet, FLAG, 0, 1),
	ARG_ROW("queues", struct tap_args, queues, U32, 1, TAP_MAX_QUEUES),
};

#define TUN_USAGE "tun:IFNAME[,name=NAME][,mtu=N][,queues=N][,vnet]"
#define TAP_USAGE "tap:IFNAME[,name=NAME][,mtu=N][,mac=ADDR][,queues=N][,vnet]"

static const struct args_spec tap_spec = {
	.driver = "tap",
	.usage = TAP_USAGE,
	.rows = tap_rows,
	.nr_rows = ARRAY_SIZE(tap_rows),
};

static const struct args_spec tun_spec = {
	.driver = "tun",
	.usage = TUN_USAGE,
	.rows = tun_rows,
	.nr_rows = ARRAY_SIZE(tun_rows),
};

/* As ip(8) says it. */
static const char *tap_mode(const struct tap_args *args)
{
	return args->tun ? "tun" : "tap";
}

/* Says why the kernel refused. Return: -err. */
static int tap_refused(struct net *net, const struct tap_args *args,
		       const char *what, int err)
{
	const char *kind = args->tun ? "TUN" : "TAP", *mode = tap_mode(args);
	char hint[160] = "";

	if (err == EACCES)
		strcpy(hint, "; this user may not open it, which Debian lets all");
	else if (err == EPERM)
		snprintf(hint, sizeof(hint), "; needs CAP_NET_ADMIN, or a %s "
			 "of your own (ip tuntap add mode %s user NAME)", kind,
			 mode);
	else if (err == EBUSY)
		strcpy(hint, "; another program has it open");
	else if (err == EINVAL && args->queues)
		snprintf(hint, sizeof(hint), "; it is no %s, or one without "
			 "several queues (ip tuntap add mode %s multi_queue)",
			 kind, mode);
	else if (err == EINVAL)
		snprintf(hint, sizeof(hint), "; it is no %s, or one with "
			 "several queues (queues=N)", kind);
	else if (err == E2BIG)
		strcpy(hint, "; other programs have queues of it");
	else if (err == ENOENT || err == ENODEV)
		strcpy(hint, "; the kernel has no tun driver loaded");
	return netdev_error(net, -err, "%s: %s: %s%s", args->ifname, what,
			    strerror(err), hint);
}

/* What the kernel may leave to us: whoever had the interface before may have left
 * something else. Before Linux 6.2 UDP is not among it, and later only that of
 * both IPs. Return: 0 or -E with a sentence. */
static int tap_offload(struct net *net, struct tap_args *args, int fd)
{
	const unsigned long ours = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO_ECN;
	const unsigned long uso = TUN_F_USO4 | TUN_F_USO6;
	int len = TAP_VNET_LEN;

	if (args->vnet && ioctl(fd, TUNSETVNETHDRSZ, &len))
		return tap_refused(net, args, "TUNSETVNETHDRSZ", errno);
	args->uso = args->vnet && !ioctl(fd, TUNSETOFFLOAD, ours | uso);
	if (!args->uso && ioctl(fd, TUNSETOFFLOAD, args->vnet ? ours : 0UL))
		return tap_refused(net, args, "TUNSETOFFLOAD", errno);
	return 0;
}

/* Opens a queue of the interface and learns its final name. Without IFF_NAPI,
 * which is slower (ARCHITECTURE.md 4). Return: the descriptor or -E with a
 * sentence. */
static int tap_attach(struct net *net, struct tap_args *args)
{
	struct ifreq ifr = { .ifr_flags = IFF_NO_PI };
	int fd, err;

	ifr.ifr_flags |= args->tun ? IFF_TUN : IFF_TAP;
	if (args->queues)
		ifr.ifr_flags |= IFF_MULTI_QUEUE;
	if (args->vnet)
		ifr.ifr_flags |= IFF_VNET_HDR;
	fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return tap_refused(net, args, TUN_PATH, errno);
	memcpy(ifr.ifr_name, args->ifname, sizeof(ifr.ifr_name));
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		err = tap_refused(net, args, TUN_PATH, errno);
		close(fd);
		return err;
	}
	memcpy(args->ifname, ifr.ifr_name, sizeof(args->ifname));
	err = tap_offload(net, args, fd);
	if (err)
		close(fd);
	return err ? err : fd;
}

static void tap_detach(const int *fds, u32 nr)
{
	while (nr)
		close(fds[--nr]);
}

/* All queues. Return: how many, or -E with a sentence. */
static int tap_attach_all(struct net *net, struct tap_args *args, int *fds)
{
	u32 nr = max(args->queues, 1u);

	for (u32 i = 0; i < nr; i++) {
		fds[i] = tap_attach(net, args);
		if (fds[i] < 0) {
			tap_detach(fds, i);
			return fds[i];
		}
	}
	return (int)nr;
}

/* For alloc_netdev(). */
static void tap_setup(struct net_device *dev)
{
	driver_ether_setup(dev);
	dev->features |= NETIF_F_SG | NETIF_F_GRO;
	dev->netdev_ops = &tap_netdev_ops;
}

/* For alloc_netdev(). */
static void tun_setup(struct net_device *dev)
{
	raw_ip_setup(dev);
	dev->features |= NETIF_F_SG | NETIF_F_GRO;
	dev->netdev_ops = &tap_netdev_ops;
}

/* MTU and link address: what is asked for, or the interface's and a random one.
 * Return: 0 or -errno. */
static int tap_configure(struct tap *tap, const struct tap_args *args)
{
	struct net_device *dev = tap->dev;
	int err = tap_link_open(tap);

	if (err)
		return err;
	tap->mtu = dev->mtu;
	tap_link_ask(tap);
	dev->mtu = args->mtu ? args->mtu :
		   clamp_t(u32, tap->mtu, dev->min_mtu, dev->max_mtu);
	if (!args->tun)
		driver_set_mac(dev, args->mac);
	return 0;
}

/* Registers the device with its queues. Return: 0 or -E with a sentence. */
static int tap_register(struct tap *tap, const struct tap_args *args)
{
	struct net_device *dev = tap->dev;
	int err = tap_configure(tap, args);

	if (err)
		return netdev_error(dev->net, err, "%s: netlink: %s", dev->name,
				    strerror(-err));
	for (u32 i = 0; i < tap->nr_queues; i++)
		netif_napi_add(dev, &tap->queue[i].napi, i, tap_poll);
	err = driver_register(dev);
	if (!err)
		return 0;
	for (u32 i = 0; i < tap->nr_queues; i++)
		netif_napi_del(&tap->queue[i].napi);
	tap_link_close(tap);
	return err;
}

/* What the device does so that the stack need not. */
static void tap_features(struct tap *tap, const struct tap_args *args)
{
	struct net_device *dev = tap->dev;
	struct netdev_frames frames;

	netdev_get_frames(dev, &frames);
	tap->frame_size = frames.frame_size;
	if (!args->vnet)
		return;
	tap->vnet_len = TAP_VNET_LEN;
	tap->uso = args->uso;
	if (tap->uso) {
		dev->features |= NETIF_F_GSO_UDP_L4;
		dev->hw_features |= NETIF_F_GSO_UDP_L4;
	}
	dev->features |= NETIF_F_RXCSUM | NETIF_F_HW_CSUM | NETIF_F_TSO |
			 NETIF_F_TSO_ECN;
	dev->hw_features |= NETIF_F_HW_CSUM | NETIF_F_TSO;
}

/* Makes the device around @nr queues @fds, which are the device's if it
 * succeeds. Return: 0 or -E with a sentence. */
static int tap_create(struct net *net, const struct tap_args *args,
		      const int *fds, u32 nr, struct net_device **res)
{
	const char *name = args->name[0] ? args->name : args->ifname;
	struct net_device *dev;
	struct tap *tap;
	int err;

	dev = alloc_netdev(net, (u32)sizeof(*tap) + nr * sizeof(*tap->queue),
			   name, args->tun ? tun_setup : tap_setup);
	if (!dev)
		return netdev_error(net, -ENOMEM, "%s: out of memory", name);
	tap = tap_priv(dev);
	tap->dev = dev;
	tap->nr_queues = nr;
	for (u32 i = 0; i < nr; i++) {
		tap->queue[i].fd = fds[i];
		tap->queue[i].nr = i;
		tap->queue[i].tap = tap;
	}
	tap_features(tap, args);
	dev->num_tx_queues = dev->num_rx_queues = nr;
	memcpy(tap->ifname, args->ifname, sizeof(tap->ifname));
	err = tap_register(tap, args);
	if (err)
		free_netdev(dev);
	else
		*res = dev;
	return err;
}

/* What arguments may not be, in whichever way they came. Return: 0 or -E with a
 * sentence. */
static int tap_check(struct net *net, struct tap_args *args)
{
	if (!args->ifname[0])
		return netdev_error(net, -EINVAL,
				    "%s: which interface? usage: %s",
				    tap_mode(args),
				    args->tun ? TUN_USAGE : TAP_USAGE);
	if (strpbrk(args->ifname, "/: \t\n\v\f\r"))
		return netdev_error(net, -EINVAL, "tap: \"%s\" is no name of "
				    "an interface", args->ifname);
	if (args->mac[0] & 1)
		return netdev_error(net, -EINVAL, "tap: mac: a station's address "
				    "cannot be multicast");
	if (strcmp(args->ifname, "%d") == 0)
		snprintf(args->ifname, sizeof(args->ifname), "%s%%d",
			 tap_mode(args));
	if (inet_get_mode(net) == INET_SIMULATED)
		return netdev_error(net, -EOPNOTSUPP, "%s: the kernel cannot "
				    "talk to a simulated stack", args->ifname);
	return 0;
}

/* Opens what @args say. Return: 0 or -E with a sentence. */
static int tap_open_args(struct net *net, struct tap_args *args,
			 struct net_device **dev)
{
	int err = tap_check(net, args);
	int fds[TAP_MAX_QUEUES], nr;

	if (err)
		return err;
	nr = tap_attach_all(net, args, fds);
	if (nr < 0)
		return nr;
	err = tap_create(net, args, fds, (u32)nr, dev);
	if (err)
		tap_detach(fds, (u32)nr);
	return err;
}

/* ---- by a structure --------------------------------------------------- */

/* @text, or nothing, into the @size octets of @to. Return: whether it fits. */
static bool tap_copy_name(char *to, size_t size, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	if (len >= size)
		return false;
	memcpy(to, text ? text : "", len + 1);
	return true;
}

/* Return: 0 or -EINVAL with a sentence. */
static int tap_read_config(struct net *net, const char *ifname,
			   const struct inet_tap_config *c,
			   struct tap_args *args)
{
	const char *mode = c->tun ? "tun" : "tap";
	u32 most = c->tun ? RAW_MAX_MTU : ETHER_MAX_MTU;

	if (!tap_copy_name(args->ifname, sizeof(args->ifname), ifname) ||
	    !tap_copy_name(args->name, sizeof(args->name), c->name))
		return netdev_error(net, -EINVAL, "%s: a name is longer than "
				    "%zu characters", mode,
				    sizeof(args->ifname) - 1);
	if (c->mtu && (c->mtu < ETHER_MIN_MTU || c->mtu > most))
		return netdev_error(net, -EINVAL, "%s: mtu %u is out of range: "
				    "%u to %u", mode, c->mtu, ETHER_MIN_MTU, most);
	if (c->nr_queues > TAP_MAX_QUEUES)
		return netdev_error(net, -EINVAL, "%s: %u queues are more than "
				    "%u", mode, c->nr_queues, TAP_MAX_QUEUES);
	if (c->tun && memcmp(c->mac, args->mac, sizeof(c->mac)))
		return netdev_error(net, -EINVAL, "tun: has no link address");
	args->mtu = c->mtu;
	args->queues = c->nr_queues;
	args->vnet = c->vnet_hdr;
	args->tun = c->tun;
	memcpy(args->mac, c->mac, sizeof(args->mac));
	return 0;
}

struct net_device *inet_tap_open(struct net *net, const char *ifname,
				 const struct inet_tap_config *config)
{
	struct inet_tap_config c = { .size = sizeof(c) };
	struct tap_args args = { 0 };
	struct net_device *dev = NULL;
	int err = driver_config(net, "tap", config, &c, sizeof(c));

	if (!err)
		err = tap_read_config(net, ifname, &c, &args);
	if (!err)
		err = tap_open_args(net, &args, &dev);
	if (err)
		errno = -err;
	return dev;
}

/* ---- by a line of text ------------------------------------------------ */

/* netdev_driver.open. */
static int tap_open_spec(struct net *net, const char *text,
			 struct net_device **dev)
{
	struct tap_args args = { 0 };
	int err = driver_args(net, &tap_spec, text, &args);

	return err ? err : tap_open_args(net, &args, dev);
}

const struct netdev_driver tap_driver = {
	.name = "tap",
	.usage = TAP_USAGE,
	.open = tap_open_spec,
};

/* netdev_driver.open. */
static int tun_open_spec(struct net *net, const char *text,
			 struct net_device **dev)
{
	struct tap_args args = { 0 };
	int err = driver_args(net, &tun_spec, text, &args);

	args.tun = true;
	return err ? err : tap_open_args(net, &args, dev);
}

const struct netdev_driver tun_driver = {
	.name = "tun",
	.usage = TUN_USAGE,
	.open = tun_open_spec,
};
