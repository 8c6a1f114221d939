/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scripts turn the kernel's tun0 with ethtool(8) and tc(8) while they run. What they
 * say there holds for the stack's device: segmentation offload, and the queue
 * discipline, of which one that has room for nothing is made by a queue of no length
 * that stands still.
 */
#include "drill.h"

#include <linux/ethtool.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define QDISC_NAME_MAX 16
#define QUEUE_LEN 1000

struct kernel_qdisc {
	char kind[QDISC_NAME_MAX];
	bool full;			/* its limit is 0 */
};

/* Does the kernel's tun0 take rows of segments as one packet? True if that is not
 * known. */
static bool kernel_gso(int fd)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GGSO };
	struct ifreq ifr = { .ifr_name = "tun0" };

	ifr.ifr_data = (void *)&value;
	return ioctl(fd, SIOCETHTOOL, &ifr) || value.data;
}

/* The root discipline of @ifindex, if @nh is about that. */
static void take_qdisc(struct nlmsghdr *nh, int ifindex, struct kernel_qdisc *q)
{
	const struct tcmsg *tc = NLMSG_DATA(nh);
	struct tc_fifo_qopt fifo = { .limit = 1 };
	int len = (int)TCA_PAYLOAD(nh);

	if (nh->nlmsg_type != RTM_NEWQDISC || tc->tcm_ifindex != ifindex ||
	    tc->tcm_parent != TC_H_ROOT)
		return;
	for (struct rtattr *a = TCA_RTA(tc); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		size_t size = RTA_PAYLOAD(a);

		if (a->rta_type == TCA_KIND)
			snprintf(q->kind, sizeof(q->kind), "%s",
				 (const char *)RTA_DATA(a));
		if (a->rta_type == TCA_OPTIONS && size >= sizeof(fifo))
			memcpy(&fifo, RTA_DATA(a), sizeof(fifo));
	}
	q->full = strcmp(q->kind, "pfifo") == 0 && fifo.limit == 0;
}

/* False: it cannot be asked. */
static bool kernel_qdisc(struct kernel_qdisc *q)
{
	struct {
		struct nlmsghdr nh;
		struct tcmsg tc;
	} ask = {
		.nh = { .nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETQDISC,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.tc = { .tcm_family = AF_UNSPEC,
			.tcm_ifindex = (int)if_nametoindex("tun0") },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	_Alignas(struct nlmsghdr) char buf[8192];
	ssize_t len = -1;

	memset(q, 0, sizeof(*q));
	if (ask.tc.tcm_ifindex && send(fd, &ask, sizeof(ask), 0) > 0)
		len = recv(fd, buf, sizeof(buf), 0);
	for (struct nlmsghdr *nh = (void *)buf;
	     len > 0 && NLMSG_OK(nh, (size_t)len); nh = NLMSG_NEXT(nh, len))
		take_qdisc(nh, ask.tc.tcm_ifindex, q);
	if (fd >= 0)
		close(fd);
	return q->kind[0];
}

/* The stack's queue becomes as @q is. */
static void set_qdisc(const struct kernel_qdisc *q)
{
	static struct kernel_qdisc now = { .kind = "pfifo" };
	bool fq = strcmp(q->kind, "fq") == 0;

	if (strcmp(q->kind, now.kind) == 0 && q->full == now.full)
		return;
	now = *q;
	drill.dev->tx_queue_len = q->full ? 0 : QUEUE_LEN;
	(void)inet_netdev_set_qdisc(drill.dev, fq ? "fq" : "pfifo_fast");
	if (q->full)
		netif_tx_stop_queue(drill.dev, 0);
	else
		netif_tx_wake_queue(drill.dev, 0);
}

void drill_read_device(void)
{
	struct kernel_qdisc q;
	int fd;

	if (!drill.knobs)
		return;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		(void)inet_netdev_set_feature(drill.dev, "tso", kernel_gso(fd));
		close(fd);
	}
	if (kernel_qdisc(&q))
		set_qdisc(&q);
}
