/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's interface behind a TAP: is it there, up, what is it called?
 *
 * A TUN descriptor tells of none of this by itself: a write fails when the
 * interface is down (EIO) or deleted (EBADFD), and who only reads learns
 * nothing. A netlink socket that listens to RTMGRP_LINK does tell. What it loses
 * (ENOBUFS) is asked for again.
 */
#include "tap.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "driver.h"

#define LINK_READS_MAX 64		/* in one call of tap_link_read() */
#define LINK_BUFFER 16384		/* a message with all its attributes */
#define LINK_LOWER_UP 0x10000u		/* IFF_LOWER_UP; <net/if.h> has it not */

/* ---- what is told ----------------------------------------------------- */

void tap_link_gone(struct tap *tap)
{
	if (!__atomic_exchange_n(&tap->gone, true, __ATOMIC_RELAXED))
		netdev_printk(INET_LOG_WARNING, tap->dev,
			      "the kernel's interface was deleted");
	netif_carrier_off(tap->dev);
}

/* The name may come from anybody who is root: what it holds is text. */
static void link_named(struct tap *tap, const char *name, size_t size)
{
	size_t len = strnlen(name, size);

	if (len >= sizeof(tap->ifname) ||
	    (tap->ifname[len] == '\0' && !memcmp(tap->ifname, name, len)))
		return;
	memset(tap->ifname, 0, sizeof(tap->ifname));
	memcpy(tap->ifname, name, len);
	netdev_printk(INET_LOG_INFO, tap->dev,
		      "the kernel's interface is called %s now", tap->ifname);
}

/* RTM_NEWLINK: @len bytes of it behind its header. */
static void link_new(struct tap *tap, const struct ifinfomsg *ifi, size_t len)
{
	const unsigned int up = IFF_UP | LINK_LOWER_UP;
	const u8 *p = (const u8 *)ifi + NLMSG_ALIGN(sizeof(*ifi));
	size_t left = len - NLMSG_ALIGN(sizeof(*ifi));
	struct rtattr rta;

	tap->up = (ifi->ifi_flags & up) == up;
	WRITE_ONCE(tap->away, false);
	while (left >= sizeof(rta)) {
		memcpy(&rta, p, sizeof(rta));
		if (rta.rta_len < sizeof(rta) || rta.rta_len > left)
			break;
		if (rta.rta_type == IFLA_IFNAME)
			link_named(tap, (const char *)p + sizeof(rta),
				   rta.rta_len - sizeof(rta));
		else if (rta.rta_type == IFLA_MTU &&
			 rta.rta_len == sizeof(rta) + sizeof(tap->mtu))
			memcpy(&tap->mtu, p + sizeof(rta), sizeof(tap->mtu));
		if (RTA_ALIGN(rta.rta_len) >= left)
			break;
		p += RTA_ALIGN(rta.rta_len);
		left -= RTA_ALIGN(rta.rta_len);
	}
}

/* Our namespace has no such interface any more: deleted, or moved to another
 * one, from where nothing is told. */
static void link_lost(struct tap *tap)
{
	struct ifreq ifr;

	if (ioctl(tap->queue[0].fd, TUNGETIFF, &ifr) &&
	    tap_error_is_final(errno)) {
		tap_link_gone(tap);
		return;
	}
	if (!tap->away)
		netdev_printk(INET_LOG_INFO, tap->dev, "the kernel's interface "
			      "is in another network namespace");
	WRITE_ONCE(tap->away, true);
}

/* One message. @len is its own length, and is there. */
static void link_message(struct tap *tap, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *ifi = NLMSG_DATA(nlh);

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		if (nlh->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)) &&
		    ((const struct nlmsgerr *)NLMSG_DATA(nlh))->error == -ENODEV)
			link_lost(tap);
		return;
	}
	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(*ifi)) ||
	    ifi->ifi_family != AF_UNSPEC || ifi->ifi_index != tap->ifindex)
		return;
	if (nlh->nlmsg_type == RTM_NEWLINK)
		link_new(tap, ifi, nlh->nlmsg_len - NLMSG_HDRLEN);
	else if (nlh->nlmsg_type == RTM_DELLINK)
		link_lost(tap);
}

/* Brings the device's carrier in line with what is known. */
static void link_apply(struct tap *tap)
{
	if (READ_ONCE(tap->gone))
		return;
	if (tap->up || tap->away)
		netif_carrier_on(tap->dev);
	else
		netif_carrier_off(tap->dev);
}

/* ---- the socket ------------------------------------------------------- */

/* Messages of one datagram. */
static void link_datagram(struct tap *tap, const struct nlmsghdr *nlh,
			  size_t len)
{
	while (len >= sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) &&
	       nlh->nlmsg_len <= len) {
		size_t step = NLMSG_ALIGN(nlh->nlmsg_len);

		link_message(tap, nlh);
		if (step >= len)
			break;
		len -= step;
		nlh = (const struct nlmsghdr *)(const void *)
			((const u8 *)nlh + step);
	}
}

/* Asks for all about our interface; the answer is there when this returns. */
static void link_request(const struct tap *tap)
{
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg ifi;
	} req = {
		.nlh = { .nlmsg_len = sizeof(req), .nlmsg_type = RTM_GETLINK,
			 .nlmsg_flags = NLM_F_REQUEST },
		.ifi = { .ifi_index = tap->ifindex },
	};

	(void)!send(tap->link_fd, &req, sizeof(req), MSG_NOSIGNAL);
}

bool tap_link_read(struct tap *tap)
{
	u8 buf[LINK_BUFFER] __aligned(8);
	bool lost = false;
	ssize_t n;
	int i;

	for (i = 0; i < LINK_READS_MAX; i++) {
		n = recv(tap->link_fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n >= 0) {
			link_datagram(tap, (const void *)buf, (size_t)n);
		} else if (errno == ENOBUFS) {
			lost = true;
		} else if (errno != EINTR) {
			if (!lost)
				break;
			lost = false;
			link_request(tap);
		}
	}
	link_apply(tap);
	return i < LINK_READS_MAX;
}

bool tap_link_ask(struct tap *tap)
{
	link_request(tap);
	return tap_link_read(tap);
}

/* An interface that does not persist was made when it was opened. */
void tap_link_hint(const struct tap *tap)
{
	struct ifreq ifr = { .ifr_flags = IFF_PERSIST };
	const char *name = tap->ifname;

	if (tap->up || tap->away || READ_ONCE(tap->gone))
		return;
	(void)!ioctl(tap->queue[0].fd, TUNGETIFF, &ifr);
	if (ifr.ifr_flags & IFF_PERSIST)
		netdev_printk(INET_LOG_INFO, tap->dev, "the kernel's interface "
			      "is down: ip link set %s up", name);
	else
		netdev_printk(INET_LOG_INFO, tap->dev, "the kernel's interface "
			      "is new: ip address add A.B.C.D/LENGTH dev %s; "
			      "ip link set %s up", name, name);
}

int tap_link_open(struct tap *tap)
{
	tap->ifindex = (int)if_nametoindex(tap->ifname);
	tap->link_fd = driver_link_watch();
	return min(tap->link_fd, 0);
}

void tap_link_close(struct tap *tap)
{
	close(tap->link_fd);
}
