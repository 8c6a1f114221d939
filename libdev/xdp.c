/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xdp: an Ethernet device on an interface of the Linux kernel, past its stack.
 *
 * Theory of operation. A program on the interface hands frames to AF_XDP
 * sockets, one for each queue, whose memory is the frame pool of the stack: the
 * kernel, or the network card itself, writes into the frames that travel up
 * here and reads from those that travel down.
 *
 *	fd readable -> xdp_irq -> napi_schedule -> xdp_poll (xdp_queue.c)
 *	xdp_start_xmit: descriptors, and one call when the queue ends
 *
 * The program and the sockets are there from opening to closing; while the
 * device is down its sockets are not in the program's map, and the kernel gets
 * its frames back. All that hangs on descriptors: nothing is left behind by a
 * process that ends, in whatever way.
 *
 * Carrier. Netlink tells of the interface; when it is deleted the carrier is
 * gone for good.
 */
#include <inet/env.h>
#include <inet/inet.h>
#include <inet/netdev.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "driver.h"
#include "lib/compiler.h"
#include "xdp.h"

/* ---- carrier ---------------------------------------------------------- */

/* Brings the device's carrier in line with the interface's. */
static void xdp_sync_carrier(struct xdp *xdp)
{
	enum xdp_link_state state = XDP_LINK_GONE;

	if (!READ_ONCE(xdp->gone))
		state = xdp_link_state(&xdp->link);
	if (state == XDP_LINK_GONE)
		WRITE_ONCE(xdp->gone, true);
	if ((state == XDP_LINK_UP) == READ_ONCE(xdp->dev->carrier))
		return;
	if (state == XDP_LINK_UP)
		netif_carrier_on(xdp->dev);
	else
		netif_carrier_off(xdp->dev);
}

/* Netlink says something. Context: softnet. */
static void xdp_link_irq(int fd __maybe_unused, void *data)
{
	struct xdp *xdp = data;

	if (!xdp_link_changed(&xdp->link))
		return;
	xdp_sync_carrier(xdp);
	if (!READ_ONCE(xdp->dev->carrier))
		return;
	for (u32 i = 0; i < xdp->nr_queues; i++)
		napi_schedule(&xdp->queues[i].napi);
}

/* While something is on its way, or cannot go. Context: softnet. */
static void xdp_timer(struct net_device *dev)
{
	struct xdp *xdp = xdp_priv(dev);
	bool left = false;

	__atomic_store_n(&xdp->timer_armed, 0, __ATOMIC_RELEASE);
	for (u32 i = 0; i < xdp->nr_queues; i++)
		left |= xdp_tx_service(&xdp->queues[i]);
	/* What an interface that is down keeps, it keeps. */
	if (left && READ_ONCE(dev->carrier) &&
	    !__atomic_exchange_n(&xdp->timer_armed, 1, __ATOMIC_ACQ_REL))
		netdev_timer_arm(xdp->timer, netdev_now_ns(dev) +
				 XDP_TIMER_NS);
}

static void xdp_irq(int fd __maybe_unused, void *data)
{
	struct xdp_queue *q = data;

	napi_schedule(&q->napi);
}

/* ---- up and down ------------------------------------------------------ */

/* Frames of the first @nr queues are the kernel's again. */
static void xdp_queues_down(struct xdp *xdp, u32 nr)
{
	while (nr) {
		struct xdp_queue *q = &xdp->queues[--nr];

		xdp_prog_set(&xdp->prog, xdp->first + nr, -1);
		free_irq(xdp->dev, q->fd);
		napi_disable(&q->napi);
	}
}

/* Frames of the queue are ours. Return: 0 or -errno. */
static int xdp_queue_up(struct xdp_queue *q)
{
	struct xdp *xdp = q->xdp;
	int err;

	xdp_rx_drain(q);
	xdp_refill(q);
	napi_enable(&q->napi);
	err = request_irq(xdp->dev, q->index, q->fd, xdp_irq, q);
	if (err) {
		napi_disable(&q->napi);
		return err;
	}
	err = xdp_prog_set(&xdp->prog, xdp->first + q->index, q->fd);
	if (!err || READ_ONCE(xdp->gone))
		return 0;
	free_irq(xdp->dev, q->fd);
	napi_disable(&q->napi);
	return err;
}

static int xdp_queues_up(struct xdp *xdp)
{
	int err;

	for (u32 i = 0; i < xdp->nr_queues; i++) {
		err = xdp_queue_up(&xdp->queues[i]);
		if (!err)
			continue;
		xdp_queues_down(xdp, i);
		return err;
	}
	return 0;
}

/* ndo_open. */
static int xdp_open(struct net_device *dev)
{
	struct xdp *xdp = xdp_priv(dev);
	int err = -ENOMEM;

	xdp->timer = netdev_timer_create(dev, xdp_timer);
	if (!xdp->timer)
		goto fail;
	xdp->timer_armed = 0;
	xdp_link_changed(&xdp->link);	/* what it said while we were down */
	err = request_irq(dev, 0, xdp->link.nl_fd, xdp_link_irq, xdp);
	if (err)
		goto destroy_timer;
	xdp_sync_carrier(xdp);
	err = xdp_queues_up(xdp);
	if (!err)
		return 0;
	free_irq(dev, xdp->link.nl_fd);
destroy_timer:
	netdev_timer_destroy(xdp->timer);
	xdp->timer = NULL;
fail:
	return netdev_error(dev->net, err, "%s: %s", dev->name, strerror(-err));
}

/* ndo_stop: the kernel has its frames again. */
static int xdp_stop(struct net_device *dev)
{
	struct xdp *xdp = xdp_priv(dev);

	free_irq(dev, xdp->link.nl_fd);
	xdp_queues_down(xdp, xdp->nr_queues);
	netdev_timer_destroy(xdp->timer);
	xdp->timer = NULL;
	return 0;
}

/* ---- what can be set and asked ---------------------------------------- */

/* Frames for others pass when somebody wants all, or our address is not the
 * interface's. */
static void xdp_filter(struct xdp *xdp, const u8 *addr)
{
	xdp_link_promisc(&xdp->link,
			 (xdp->dev->flags & NETDEV_IFF_PROMISC) ||
			 memcmp(addr, xdp->link.mac, sizeof(xdp->link.mac)));
}

static void xdp_set_rx_mode(struct net_device *dev)
{
	xdp_filter(xdp_priv(dev), dev->dev_addr);
}

static int xdp_set_mac(struct net_device *dev, const u8 *addr)
{
	xdp_filter(xdp_priv(dev), addr);
	return 0;
}

/* Adds what the kernel counts for the socket of @q. */
static void kernel_stats(const struct xdp_queue *q, struct inet_xdp_info *info)
{
	struct xdp_statistics s = { 0 };
	socklen_t len = sizeof(s);

	if (getsockopt(q->fd, SOL_XDP, XDP_STATISTICS, &s, &len))
		return;
	info->rx_dropped += s.rx_dropped;
	info->rx_ring_full += s.rx_ring_full;
	info->rx_fill_ring_empty += s.rx_fill_ring_empty_descs;
	info->tx_invalid += s.tx_invalid_descs;
}

/* What inet_xdp_get_info() says. */
static void xdp_info(struct xdp *xdp, struct inet_xdp_info *info)
{
	*info = (struct inet_xdp_info){
		.mode = xdp->mode,
		.queue = xdp->first,
		.nr_queues = xdp->nr_queues,
		.ring_size = xdp->ring,
		.multi_buffer = xdp->sg,
		.need_wakeup = xdp->need_wakeup,
		.busy_poll = READ_ONCE(xdp->busy_poll),
	};
	for (u32 i = 0; i < xdp->nr_queues; i++) {
		struct xdp_queue *q = &xdp->queues[i];

		kernel_stats(q, info);
		info->rx_bad += READ_ONCE(q->rings.rx_bad);
		info->tx_bad += READ_ONCE(q->rings.tx_bad);
	}
}

/* ndo_get_stats64: what the stack does not count itself. */
static void xdp_get_stats(struct net_device *dev,
			  struct inet_netdev_stats *stats)
{
	struct xdp *xdp = xdp_priv(dev);
	struct inet_xdp_info info;

	xdp_info(xdp, &info);
	stats->rx_dropped += info.rx_dropped + info.rx_ring_full;
	stats->rx_errors += info.rx_bad;
	stats->tx_errors += info.tx_invalid + info.tx_bad;
	for (u32 i = 0; i < xdp->nr_queues; i++) {
		const struct xdp_queue *q = &xdp->queues[i];

		stats->rx_packets += READ_ONCE(q->rx_packets);
		stats->rx_bytes += READ_ONCE(q->rx_bytes);
		stats->rx_errors += READ_ONCE(q->rx_over);
		stats->rx_over_errors += READ_ONCE(q->rx_over);
		stats->rx_dropped += READ_ONCE(q->rx_dropped);
		stats->tx_errors += READ_ONCE(q->tx_errors);
		stats->tx_dropped += READ_ONCE(q->tx_dropped);
	}
}

/* ---- from opening to closing ------------------------------------------ */

/* Everything but the device itself, as far as it was made. */
static void xdp_free(struct xdp *xdp)
{
	u32 n = xdp->frames.nr_frames;

	if (xdp->queues)
		xdp_sockets_close(xdp);
	xdp_prog_close(&xdp->prog);
	xdp_link_close(&xdp->link);
	for (u32 i = 0; xdp->queues && i < xdp->nr_queues; i++) {
		struct xdp_queue *q = &xdp->queues[i];

		netif_napi_del(&q->napi);
		netdev_free_mem(xdp->dev, q->rings.in_fill, n);
		netdev_free_mem(xdp->dev, q->rings.in_tx, n * sizeof(u16));
		netdev_free_mem(xdp->dev, q->rings.tx_len,
				xdp->ring * sizeof(u32));
	}
	netdev_free_mem(xdp->dev, xdp->queues,
			xdp->nr_queues * sizeof(*xdp->queues));
}

/* ndo_uninit. */
static void xdp_uninit(struct net_device *dev)
{
	xdp_free(xdp_priv(dev));
}

static const struct net_device_ops xdp_netdev_ops = {
	.ndo_open = xdp_open,
	.ndo_stop = xdp_stop,
	.ndo_start_xmit = xdp_start_xmit,
	.ndo_set_rx_mode = xdp_set_rx_mode,
	.ndo_set_mac_address = xdp_set_mac,
	.ndo_get_stats64 = xdp_get_stats,
	.ndo_uninit = xdp_uninit,
};

/* For alloc_netdev(). */
static void xdp_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->min_mtu = ETHER_MIN_MTU;
	dev->features |= NETIF_F_SG | NETIF_F_GRO;
	dev->hw_features |= NETIF_F_RXCSUM;
	dev->netdev_ops = &xdp_netdev_ops;
}

/* Queues without sockets. Return: 0 or -ENOMEM. */
static int xdp_alloc_queues(struct xdp *xdp)
{
	struct net_device *dev = xdp->dev;
	u32 n = xdp->frames.nr_frames;

	xdp->queues = netdev_alloc_mem(dev, xdp->nr_queues *
				       sizeof(*xdp->queues));
	if (!xdp->queues)
		return -ENOMEM;
	for (u32 i = 0; i < xdp->nr_queues; i++) {
		struct xdp_queue *q = &xdp->queues[i];

		q->xdp = xdp;
		q->fd = -1;
		q->index = i;
		lock_init(&q->tx_lock,
			  inet_get_mode(dev->net) == INET_THREADED);
		netif_napi_add(dev, &q->napi, i, xdp_poll);
		q->rings.nr_frames = n;
		q->rings.frame_size = xdp->frames.frame_size;
		q->rings.in_fill = netdev_alloc_mem(dev, n);
		q->rings.in_tx = netdev_alloc_mem(dev, n * sizeof(u16));
		q->rings.tx_len = netdev_alloc_mem(dev, xdp->ring *
						   sizeof(u32));
	}
	for (u32 i = 0; i < xdp->nr_queues; i++)
		if (!xdp->queues[i].rings.in_fill ||
		    !xdp->queues[i].rings.in_tx ||
		    !xdp->queues[i].rings.tx_len)
			return -ENOMEM;
	return 0;
}

/* What the modes are called, in arguments and in the log. */
static const struct {
	const char *name;
	enum inet_xdp_mode mode;
} modes[] = {
	{ "auto", INET_XDP_AUTO },
	{ "zerocopy", INET_XDP_ZEROCOPY },
	{ "native", INET_XDP_NATIVE },
	{ "generic", INET_XDP_GENERIC },
	{ "copy", INET_XDP_COPY },
};

/* One line, and what the user may want to change. */
static void xdp_announce(const struct xdp *xdp)
{
	netdev_printk(INET_LOG_INFO, xdp->dev, "%s on %s (%s): %u of %u queues "
		      "from %u, rings of %u%s%s%s", modes[xdp->mode].name,
		      xdp->link.ifname, xdp->link.driver, xdp->nr_queues,
		      xdp->link.nr_queues, xdp->first, xdp->ring,
		      xdp->sg ? ", multi-buffer" : "",
		      xdp->need_wakeup ? ", wake-ups on demand" : "",
		      xdp->busy_poll ? ", busy polling" : "");
	if (xdp->busy_poll_us && !xdp->busy_poll)
		netdev_printk(INET_LOG_WARNING, xdp->dev,
			      "busy polling was refused");
	if (xdp->nr_queues < xdp->link.nr_queues)
		netdev_printk(INET_LOG_WARNING, xdp->dev, "frames of the other "
			      "queues stay with the kernel: ethtool -L %s "
			      "combined %u", xdp->link.ifname, xdp->nr_queues);
}

/* The longest frame depends on whether several buffers make one. */
static void xdp_set_mtu(struct xdp *xdp, u32 mtu)
{
	struct net_device *dev = xdp->dev;
	u32 most = xdp_room(xdp) * (xdp->sg ? XDP_MAX_DESCS - 1 : 1);

	if (!xdp->sg)
		dev->features &= ~NETIF_F_SG;
	dev->max_mtu = min(most - ETHER_HEADER - ETHER_VLAN, ETHER_MAX_MTU);
	dev->mtu = clamp(mtu ? mtu : xdp->link.mtu, dev->min_mtu, dev->max_mtu);
	if (dev->mtu < (mtu ? mtu : xdp->link.mtu))
		netdev_printk(INET_LOG_WARNING, dev, "the MTU is %u: more does "
			      "not fit a frame of %u", dev->mtu,
			      xdp->frames.frame_size);
}

/* How many frames each queue may lend: not more than a quarter of all. */
static u32 xdp_ring_size(const struct xdp *xdp, u32 wanted)
{
	u32 most = xdp->frames.nr_frames / 4 / xdp->nr_queues;
	u32 size = wanted ? wanted : XDP_RING_DEFAULT;

	while (size > XDP_RING_MIN && size > most)
		size /= 2;
	return size;
}

/* Program, sockets and frames of a device that is not registered yet. */
static int xdp_start(struct xdp *xdp, const struct xdp_rules *rules)
{
	int err = xdp_alloc_queues(xdp);

	if (err)
		return netdev_error(xdp->dev->net, err, "%s: out of memory",
				    xdp->dev->name);
	err = xdp_prog_load(&xdp->prog, rules, xdp->first + xdp->nr_queues);
	if (err)
		return xdp_refused(xdp, "XDP program", err);
	err = xdp_sockets_open(xdp);
	if (err)
		return err;
	for (u32 i = 0; i < xdp->nr_queues; i++)
		if (!xdp_refill(&xdp->queues[i]))
			return netdev_error(xdp->dev->net, -ENOMEM, "%s: no "
					    "frames to receive into",
					    xdp->dev->name);
	return 0;
}

/* Makes and registers the device on @link, which is the device's from then on.
 * Return: 0 or -E with a sentence. */
static int xdp_create(struct net *net, struct xdp_link *link,
		      const struct inet_xdp_config *c,
		      const struct xdp_rules *rules, struct net_device **res)
{
	static const u8 none[6];
	const char *name = c->name ? c->name : link->ifname;
	struct net_device *dev;
	struct xdp *xdp;
	int err;

	dev = alloc_netdev(net, sizeof(*xdp), name, xdp_setup);
	if (!dev) {
		xdp_link_close(link);
		return netdev_error(net, -ENOMEM, "%s: out of memory", name);
	}
	xdp = xdp_priv(dev);
	*xdp = (struct xdp){
		.dev = dev, .link = *link, .mode = c->mode, .first = c->queue,
		.busy_poll_us = c->busy_poll_us,
		.on_veth = strcmp(link->driver, "veth") == 0,
		.prog = { .map_fd = -1, .prog_fd = -1, .link_fd = -1 },
	};
	netdev_get_frames(dev, &xdp->frames);
	xdp->nr_queues = c->nr_queues ? c->nr_queues :
			 min(link->nr_queues - c->queue, XDP_MAX_QUEUES);
	xdp->ring = xdp_ring_size(xdp, c->ring_size);
	dev->num_tx_queues = dev->num_rx_queues = xdp->nr_queues;
	memcpy(dev->dev_addr, memcmp(c->mac, none, sizeof(none)) ? c->mac :
	       link->mac, sizeof(none));
	if (c->trust_checksums)
		dev->features |= NETIF_F_RXCSUM;
	err = xdp_start(xdp, rules);
	if (!err) {
		xdp_set_mtu(xdp, c->mtu);
		xdp_filter(xdp, dev->dev_addr);
		err = driver_register(dev);
	}
	if (err) {
		xdp_free(xdp);
		free_netdev(dev);
		return err;
	}
	xdp_announce(xdp);
	*res = dev;
	return 0;
}

/* ---- opening ---------------------------------------------------------- */

static int xdp_bad(struct net *net, const char *ifname, const char *what)
{
	return netdev_error(net, -EINVAL, "%s: %s", ifname, what);
}

/* What is wrong with a configuration. Return: 0 or -E with a sentence. */
static int xdp_check(struct net *net, const char *ifname,
		     const struct inet_xdp_config *c)
{
	if (inet_get_mode(net) == INET_SIMULATED)
		return netdev_error(net, -EOPNOTSUPP, "%s: the kernel cannot "
				    "talk to a simulated stack", ifname);
	if (!ifname[0] || strlen(ifname) >= IFNAMSIZ)
		return xdp_bad(net, "xdp", "which interface? usage: " XDP_USAGE);
	if (c->mode >= ARRAY_SIZE(modes))
		return netdev_error(net, -EINVAL, "%s: mode %d: there is none "
				    "such", ifname, (int)c->mode);
	if (c->nr_queues > XDP_MAX_QUEUES)
		return xdp_bad(net, ifname, "64 queues at most");
	if (c->ring_size && (c->ring_size < XDP_RING_MIN ||
			     c->ring_size > XDP_RING_MAX ||
			     (c->ring_size & (c->ring_size - 1))))
		return xdp_bad(net, ifname,
			       "ring: not a power of 2 from 64 to 8192");
	if (c->mtu && c->mtu < ETHER_MIN_MTU)
		return xdp_bad(net, ifname, "mtu: less than 68");
	if (c->mac[0] & 1)
		return xdp_bad(net, ifname,
			       "mac: a station's address cannot be multicast");
	if (c->except && c->except[0] && c->only && c->only[0])
		return xdp_bad(net, ifname, "except and only exclude each other");
	return 0;
}

/* Return: 0 or -E with a sentence. */
static int xdp_read_rules(struct net *net, const char *ifname,
			  const struct inet_xdp_config *c,
			  struct xdp_rules *rules)
{
	const char *text = c->except, *bad = "";
	int err;

	rules->only = c->only && c->only[0];
	if (rules->only)
		text = c->only;
	err = text ? xdp_rules_parse(rules, text, &bad) : 0;
	return err ? netdev_error(net, err, "%s: '%.*s' is no rule; such are "
				  "tcp/22, udp/5000-5010, from-udp/53, icmp, "
				  "arp, ip/192.0.2.1", ifname,
				  (int)strcspn(bad, "+"), bad) : 0;
}

/* Return: 0 or -E with a sentence. */
static int xdp_open_config(struct net *net, const char *ifname,
			   const struct inet_xdp_config *c,
			   struct net_device **dev)
{
	struct xdp_rules rules = { .nr = 0 };
	struct xdp_link link;
	int err = xdp_check(net, ifname, c);

	if (!err)
		err = xdp_read_rules(net, ifname, c, &rules);
	if (err)
		return err;
	err = xdp_link_open(&link, ifname);
	if (err == -EMEDIUMTYPE)
		return xdp_bad(net, ifname, "it is no Ethernet interface");
	if (err)
		return netdev_error(net, err, "%s: %s%s", ifname,
				    strerror(-err), err == -EPERM ?
				    XDP_NEEDS : "");
	if (c->queue >= link.nr_queues ||
	    c->nr_queues > link.nr_queues - c->queue) {
		xdp_link_close(&link);
		return netdev_error(net, -EINVAL, "%s: it has %u queues "
				    "(ethtool -l)", ifname, link.nr_queues);
	}
	return xdp_create(net, &link, c, &rules, dev);
}

struct net_device *inet_xdp_open(struct net *net, const char *ifname,
				 const struct inet_xdp_config *config)
{
	struct inet_xdp_config c = { .size = sizeof(c) };
	struct net_device *dev = NULL;
	int err = driver_config(net, "xdp", config, &c, sizeof(c));

	if (!err)
		err = xdp_open_config(net, ifname ? ifname : "", &c, &dev);
	if (err)
		errno = -err;
	return dev;
}

int inet_xdp_get_info(struct net_device *dev, struct inet_xdp_info *info)
{
	if (!dev || dev->netdev_ops != &xdp_netdev_ops) {
		errno = EINVAL;
		return -1;
	}
	xdp_info(xdp_priv(dev), info);
	return 0;
}

/* ---- "xdp:eth0" ------------------------------------------------------- */

struct xdp_args {
	char ifname[IFNAMSIZ];
	char name[INET_IFNAMSIZ];
	char mode[16];
	char except[XDP_RULES_LEN];
	char only[XDP_RULES_LEN];
	struct inet_xdp_config c;
};

static const struct arg_row xdp_rows[] = {
	ARG_ROW("", struct xdp_args, ifname, STRING, 0, 0),
	ARG_ROW("name", struct xdp_args, name, STRING, 0, 0),
	ARG_ROW("mtu", struct xdp_args, c.mtu, U32, ETHER_MIN_MTU,
		ETHER_MAX_MTU),
	ARG_ROW("mac", struct xdp_args, c.mac, MAC, 0, 0),
	ARG_ROW("mode", struct xdp_args, mode, STRING, 0, 0),
	ARG_ROW("queue", struct xdp_args, c.queue, U32, 0, 0xffff),
	ARG_ROW("queues", struct xdp_args, c.nr_queues, U32, 1, XDP_MAX_QUEUES),
	ARG_ROW("ring", struct xdp_args, c.ring_size, U32, XDP_RING_MIN,
		XDP_RING_MAX),
	ARG_ROW("busy-poll", struct xdp_args, c.busy_poll_us, U32, 0, 1000000),
	ARG_ROW("except", struct xdp_args, except, STRING, 0, 0),
	ARG_ROW("only", struct xdp_args, only, STRING, 0, 0),
	ARG_ROW("rxcsum", struct xdp_args, c.trust_checksums, FLAG, 0, 1),
};

static const struct args_spec xdp_spec = {
	.driver = "xdp",
	.usage = XDP_USAGE,
	.rows = xdp_rows,
	.nr_rows = ARRAY_SIZE(xdp_rows),
};

/* netdev_driver.open. */
static int xdp_open_spec(struct net *net, const char *text,
			 struct net_device **dev)
{
	struct xdp_args args = { .mode = "auto" };
	int err = driver_args(net, &xdp_spec, text, &args);
	u32 i = 0;

	if (err)
		return err;
	while (i < ARRAY_SIZE(modes) && strcmp(modes[i].name, args.mode) != 0)
		i++;
	if (i == ARRAY_SIZE(modes))
		return netdev_error(net, -EINVAL, "xdp: mode: '%s' is none of "
				    XDP_MODES, args.mode);
	args.c.mode = (enum inet_xdp_mode)i;
	args.c.name = args.name[0] ? args.name : NULL;
	args.c.except = args.except;
	args.c.only = args.only;
	return xdp_open_config(net, args.ifname, &args.c, dev);
}

const struct netdev_driver xdp_driver = {
	.name = "xdp",
	.usage = XDP_USAGE,
	.open = xdp_open_spec,
};
