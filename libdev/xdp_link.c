/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's interface under an AF_XDP device: what it is, whether it is up,
 * and which frames it passes. Two descriptors that go with the process: netlink
 * tells of changes, a packet socket without traffic holds the memberships.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>

#include "xdp.h"

#define NETLINK_READS 64	/* at most, at a time */

static struct ifreq request(const struct xdp_link *link)
{
	struct ifreq ifr = { 0 };

	memcpy(ifr.ifr_name, link->ifname, sizeof(ifr.ifr_name));
	return ifr;
}

static int ethtool(const struct xdp_link *link, void *cmd)
{
	struct ifreq ifr = request(link);

	ifr.ifr_data = cmd;
	return ioctl(link->filter_fd, SIOCETHTOOL, &ifr);
}

/* Queues that both receive and transmit; a driver that does not say has one. */
static u32 link_queues(const struct xdp_link *link)
{
	struct ethtool_channels ch = { .cmd = ETHTOOL_GCHANNELS };
	u32 rx, tx;

	if (ethtool(link, &ch))
		return 1;
	rx = ch.combined_count + ch.rx_count;
	tx = ch.combined_count + ch.tx_count;
	return max(min(rx, tx), 1u);
}

/* Index, MTU, address and driver. Return: 0 or -errno. */
static int link_ask(struct xdp_link *link)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq ifr = request(link);

	if (ioctl(link->filter_fd, SIOCGIFHWADDR, &ifr))
		return -errno;
	if (ifr.ifr_hwaddr.sa_family != NETDEV_TYPE_ETHER)
		return -EMEDIUMTYPE;
	memcpy(link->mac, ifr.ifr_hwaddr.sa_data, sizeof(link->mac));
	ifr = request(link);
	if (ioctl(link->filter_fd, SIOCGIFMTU, &ifr))
		return -errno;
	link->mtu = (u32)ifr.ifr_mtu;
	if (!ethtool(link, &info)) {
		memcpy(link->driver, info.driver, sizeof(link->driver));
		link->driver[sizeof(link->driver) - 1] = '\0';
	}
	link->nr_queues = link_queues(link);
	return 0;
}

/* Adds or drops a membership of the interface. */
static void membership(const struct xdp_link *link, u16 type, bool add)
{
	struct packet_mreq mreq = { .mr_ifindex = link->ifindex,
				    .mr_type = type };

	/* Without it the interface passes less: not worth an end. */
	if (setsockopt(link->filter_fd, SOL_PACKET, add ?
		       PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP, &mreq,
		       sizeof(mreq)))
		return;
}

/* Netlink before the questions: no change falls between. */
int xdp_link_open(struct xdp_link *link, const char *ifname)
{
	int err;

	*link = (struct xdp_link){ .nl_fd = -1, .filter_fd = -1 };
	memcpy(link->ifname, ifname, strlen(ifname) + 1);
	link->ifindex = (int)if_nametoindex(ifname);
	if (!link->ifindex)
		return -errno;
	link->filter_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (link->filter_fd < 0)
		return -errno;
	link->nl_fd = driver_link_watch();
	err = link->nl_fd < 0 ? link->nl_fd : link_ask(link);
	if (err)
		xdp_link_close(link);
	else
		membership(link, PACKET_MR_ALLMULTI, true);
	return err;
}

void xdp_link_close(struct xdp_link *link)
{
	if (link->nl_fd >= 0)
		close(link->nl_fd);
	if (link->filter_fd >= 0)
		close(link->filter_fd);
	link->nl_fd = link->filter_fd = -1;
}

/* Does it have a carrier? The driver is asked: IFF_RUNNING follows up to a second
 * later. */
static bool link_is_up(const struct xdp_link *link, const struct ifreq *ifr)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GLINK };

	if (!(ifr->ifr_flags & IFF_UP))
		return false;
	if (ethtool(link, &value))
		return ifr->ifr_flags & IFF_RUNNING;
	return value.data;
}

/* It may have another name now. One that has moved to another network namespace
 * is gone, and has lost its sockets. */
enum xdp_link_state xdp_link_state(struct xdp_link *link)
{
	struct ifreq ifr;

	if (!if_indextoname((u32)link->ifindex, link->ifname))
		return XDP_LINK_GONE;
	ifr = request(link);
	if (ioctl(link->filter_fd, SIOCGIFFLAGS, &ifr))
		return XDP_LINK_GONE;
	return link_is_up(link, &ifr) ? XDP_LINK_UP : XDP_LINK_DOWN;
}

/* True when one of the messages in @buf is about the interface. */
static bool about_link(const struct xdp_link *link, const u8 *buf, size_t len)
{
	const struct nlmsghdr *nh = (const void *)buf;
	const struct ifinfomsg *ifi;

	for (; NLMSG_OK(nh, len); nh = NLMSG_NEXT(nh, len)) {
		if (nh->nlmsg_len < NLMSG_LENGTH(sizeof(*ifi)))
			continue;
		ifi = NLMSG_DATA(nh);
		if (ifi->ifi_index == link->ifindex)
			return true;
	}
	return false;
}

/* When messages were lost, one may have been ours. */
bool xdp_link_changed(struct xdp_link *link)
{
	u8 buf[8192] __aligned(8);
	bool changed = false;

	for (u32 i = 0; i < NETLINK_READS; i++) {
		ssize_t n = recv(link->nl_fd, buf, sizeof(buf), 0);

		if (n < 0 && errno == EAGAIN)
			return changed;
		if (n < 0 || about_link(link, buf, (size_t)n))
			changed = true;
	}
	return true;
}

void xdp_link_promisc(struct xdp_link *link, bool on)
{
	if (link->promisc == on)
		return;
	link->promisc = on;
	membership(link, PACKET_MR_PROMISC, on);
}
