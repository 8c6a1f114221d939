/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening an igb card: what it is, its memory, its interrupts, and the device. */
#include "igb/igb.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include <inet/env.h>
#include <inet/inet.h>
#include <inet/netdev.h>

#define VENDOR_INTEL 0x8086u
#define QUEUES_DEFAULT 8u	/* at most, in a threaded stack */

/* Passes the sentence of the last failure on. */
static int igb_refused(const struct igb *igb, int err)
{
	return netdev_error(igb->dev->net, err, "%s", igb->vfio.why);
}

static int igb_bad(const struct igb *igb, int err, const char *what)
{
	return netdev_error(igb->dev->net, err, "%s: %s", igb->vfio.bdf, what);
}

static int igb_no_memory(const struct igb *igb)
{
	return igb_bad(igb, -ENOMEM, "out of memory");
}

/* ---- the card --------------------------------------------------------- */

/* Which card it is. Return: 0 or -E with a sentence. */
static int identify(struct igb *igb)
{
	u32 id = 0;
	int err = vfio_config_read(&igb->vfio, PCI_VENDOR_ID, 4, &id);

	if (err)
		return igb_refused(igb, err);
	if ((id & 0xffff) == VENDOR_INTEL)
		igb->part = igb_part_find((u16)(id >> 16));
	if (igb->part)
		return 0;
	return netdev_error(igb->dev->net, -ENODEV, "%s: %04x:%04x is no card "
			    "that this driver knows: 82576, I350, I210 and I211 "
			    "with copper ports", igb->vfio.bdf, id & 0xffff,
			    id >> 16);
}

/* Resets it and reads its address. Return: 0 or -E with a sentence. */
static int start_card(struct igb *igb, u8 mac[6])
{
	int err = vfio_set_master(&igb->vfio, true);

	if (err)
		return igb_refused(igb, err);
	if (igb_reset_hw(igb))
		return igb_bad(igb, -EIO, "the card does not answer");
	if (igb_rd32(igb, E1000_CTRL_EXT) & E1000_CTRL_EXT_LINK_MODE_MASK)
		return igb_bad(igb, -EOPNOTSUPP, "the port is no copper port");
	if (igb_read_mac_addr(igb, mac))
		return igb_bad(igb, -EIO, "the card has no link address");
	return 0;
}

/* ---- memory ----------------------------------------------------------- */

/* Octets of the frames that lie in huge pages, of which the card's IOMMU needs few
 * entries, by the kernel's own account; 0 where it gives none. */
static u64 frames_in_huge_pages(const struct igb *igb)
{
	uintptr_t from = (uintptr_t)igb->frames.region, start = 0, end;
	uintptr_t to = from + (uintptr_t)igb->frames.nr_frames *
			      igb->frames.frame_size;
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long long kib;
	char line[256];
	u64 huge = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &start, &end) == 2)
			continue;
		if (start >= from && start < to &&
		    (sscanf(line, "AnonHugePages: %llu kB", &kib) == 1 ||
		     sscanf(line, "Private_Hugetlb: %llu kB", &kib) == 1))
			huge += kib << 10;
	}
	if (f)
		fclose(f);
	return min(huge, (u64)(to - from));
}

/* The frames of the stack, as the card sees them. Return: 0 or -E. */
static int map_frames(struct igb *igb)
{
	struct netdev_frames *f = &igb->frames;
	u64 len;
	int err;

	netdev_get_frames(igb->dev, f);
	len = (u64)f->nr_frames * f->frame_size;
	if (len % VFIO_PAGE)
		return igb_bad(igb, -EINVAL, "the frames are no whole pages: "
			       "inet_config.nr_frames must be even");
	err = vfio_dma_map(&igb->vfio, f->region, len, &igb->frames_dma);
	if (err)
		return igb_refused(igb, err);
	igb->huge_bytes = frames_in_huge_pages(igb);
	return 0;
}

/* Descriptors of all rings, on pages of their own. Return: 0 or -E with a
 * sentence. */
static int map_rings(struct igb *igb)
{
	size_t one = igb->ring_size * sizeof(union e1000_adv_rx_desc);
	size_t heads = 2 * igb->nr_queues * one;
	size_t all = ALIGN(heads + igb->nr_queues * IGB_HEAD_SIZE, VFIO_PAGE);
	u64 dma;
	u8 *p;
	int err;

	igb->rings_size = all + VFIO_PAGE;
	igb->rings = netdev_alloc_mem(igb->dev, igb->rings_size);
	if (!igb->rings)
		return igb_no_memory(igb);
	p = (u8 *)ALIGN((uintptr_t)igb->rings, VFIO_PAGE);
	err = vfio_dma_map(&igb->vfio, p, all, &dma);
	if (err)
		return igb_refused(igb, err);
	for (u32 i = 0; i < igb->nr_queues; i++) {
		struct igb_q_vector *q = &igb->q_vector[i];

		q->rx.desc = (void *)(p + 2 * i * one);
		q->rx.dma = dma + 2 * i * one;
		q->tx.desc = (void *)(p + (2 * i + 1) * one);
		q->tx.dma = dma + (2 * i + 1) * one;
		if (!igb->head_writeback)
			continue;
		q->tx.head = (void *)(p + heads + i * IGB_HEAD_SIZE);
		q->tx.head_dma = dma + heads + i * IGB_HEAD_SIZE;
	}
	return 0;
}

/* Queues without descriptors. Return: 0 or -ENOMEM. */
static int alloc_queues(struct igb *igb)
{
	struct net_device *dev = igb->dev;
	bool threaded = inet_get_mode(dev->net) == INET_THREADED;

	igb->q_vector = netdev_alloc_mem(dev, igb->nr_queues *
					 sizeof(*igb->q_vector));
	if (!igb->q_vector)
		return -ENOMEM;
	for (u32 i = 0; i < igb->nr_queues; i++) {
		struct igb_q_vector *q = &igb->q_vector[i];

		q->igb = igb;
		q->index = i;
		q->fd = -1;
		q->rx.size = q->tx.size = igb->ring_size;
		lock_init(&q->tx.lock, threaded);
		netif_napi_add(dev, &q->napi, i, igb_poll);
		q->rx.frame = netdev_alloc_mem(dev, q->rx.size *
					       sizeof(*q->rx.frame));
		q->tx.buffer = netdev_alloc_mem(dev, q->tx.size *
						sizeof(*q->tx.buffer));
	}
	for (u32 i = 0; i < igb->nr_queues; i++)
		if (!igb->q_vector[i].rx.frame || !igb->q_vector[i].tx.buffer)
			return -ENOMEM;
	return 0;
}

/* What alloc_queues() and map_rings() have made of them. */
static void free_queues(struct igb *igb)
{
	struct net_device *dev = igb->dev;

	for (u32 i = 0; igb->q_vector && i < igb->nr_queues; i++) {
		struct igb_q_vector *q = &igb->q_vector[i];

		netif_napi_del(&q->napi);
		netdev_free_mem(dev, q->rx.frame, q->rx.size *
				sizeof(*q->rx.frame));
		netdev_free_mem(dev, q->tx.buffer, q->tx.size *
				sizeof(*q->tx.buffer));
	}
	netdev_free_mem(dev, igb->q_vector, igb->nr_queues *
			sizeof(*igb->q_vector));
	netdev_free_mem(dev, igb->rings, igb->rings_size);
}

/* ---- interrupts ------------------------------------------------------- */

/* One descriptor for each vector. Return: 0 or -E with a sentence. */
static int open_msix(struct igb *igb)
{
	int fds[VFIO_MAX_VECTORS], err;

	fds[IGB_OTHER_VECTOR] = igb->other_fd =
		eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	for (u32 i = 0; i < igb->nr_queues; i++)
		fds[i + 1] = igb->q_vector[i].fd =
			eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	for (u32 i = 0; i <= igb->nr_queues; i++)
		if (fds[i] < 0)
			return igb_bad(igb, -EMFILE, "no descriptors are left");
	err = vfio_msix_enable(&igb->vfio, fds, igb->nr_queues + 1);
	return err ? igb_refused(igb, err) : 0;
}

/* What the kernel may have to say; an old one has nothing. Return: 0 or -E with
 * a sentence. */
static int open_notices(struct igb *igb)
{
	for (u32 i = 0; i < ARRAY_SIZE(igb->notice_fd); i++) {
		int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), err;

		if (fd < 0)
			return igb_bad(igb, -EMFILE, "no descriptors are left");
		err = vfio_notify(&igb->vfio, (enum vfio_notice)i, fd);
		if (!err) {
			igb->notice_fd[i] = fd;
			continue;
		}
		close(fd);
		if (err != -ENOENT)
			return igb_refused(igb, err);
	}
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* ---- from opening to closing ------------------------------------------ */

/* How many queues there are to be. Return: 0 or -E with a sentence. */
static int choose_queues(struct igb *igb, const struct igb_config *c)
{
	u32 most = igb->vfio.nr_vectors;
	u32 lend = igb->frames.nr_frames / 4;

	most = most ? min(most - 1, (u32)igb->part->nr_queues) : 0;
	if (!most)
		return igb_bad(igb, -ENXIO, "it has no MSI-X interrupts");
	if (c->nr_queues > most)
		return netdev_error(igb->dev->net, -EINVAL, "%s: it has %u "
				    "queues", igb->vfio.bdf, most);
	igb->nr_queues = c->nr_queues;
	if (!c->nr_queues)
		igb->nr_queues =
			inet_get_mode(igb->dev->net) == INET_THREADED ?
			min(most, QUEUES_DEFAULT) : 1;
	igb->ring_size = c->ring_size ? c->ring_size : IGB_RING_DEFAULT;
	while (igb->ring_size > IGB_RING_MIN &&
	       igb->ring_size * igb->nr_queues > lend)
		igb->ring_size /= 2;
	igb->dev->num_tx_queues = igb->dev->num_rx_queues = igb->nr_queues;
	return 0;
}

/* The card, with all it needs. Return: 0 or -E with a sentence. */
static int igb_sw_init(struct igb *igb, const struct igb_config *c)
{
	int err = map_frames(igb);

	if (!err)
		err = choose_queues(igb, c);
	if (err)
		return err;
	if (alloc_queues(igb))
		return igb_no_memory(igb);
	err = map_rings(igb);
	if (!err)
		err = open_msix(igb);
	if (!err)
		err = open_notices(igb);
	return err;
}

/* The card goes first: it is reset, and sees no memory any more. */
void igb_remove(struct net_device *dev)
{
	struct igb *igb = igb_priv(dev);

	vfio_close(&igb->vfio);
	close_fd(igb->other_fd);
	for (u32 i = 0; i < ARRAY_SIZE(igb->notice_fd); i++)
		close_fd(igb->notice_fd[i]);
	for (u32 i = 0; igb->q_vector && i < igb->nr_queues; i++)
		close_fd(igb->q_vector[i].fd);
	free_queues(igb);
}

/* For alloc_netdev(). */
static void igb_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->min_mtu = ETHER_MIN_MTU;
	dev->max_mtu = IGB_MAX_MTU;
	dev->features |= NETIF_F_SG | NETIF_F_GRO | NETIF_F_GSO | NETIF_F_RXCSUM |
			 NETIF_F_HW_CSUM | NETIF_F_TSO |
			 NETIF_F_HW_VLAN_CTAG_TX | NETIF_F_HW_VLAN_CTAG_RX |
			 NETIF_F_HW_VLAN_CTAG_FILTER;
	dev->hw_features |= NETIF_F_RXCSUM | NETIF_F_HW_CSUM | NETIF_F_TSO |
			    NETIF_F_HW_VLAN_CTAG_FILTER;
	dev->netdev_ops = &igb_netdev_ops;
	dev->carrier = false;
}

static void igb_announce(const struct igb *igb)
{
	netdev_printk(INET_LOG_INFO, igb->dev, "%s at %s: %u of %u queues, rings "
		      "of %u%s", igb->part->name, igb->vfio.bdf, igb->nr_queues,
		      igb->part->nr_queues, igb->ring_size, igb->part->tested ?
		      "" : "; nobody has run this driver on one yet");
	netdev_printk(INET_LOG_DEBUG, igb->dev, "%llu of %llu MiB of frames lie in "
		      "huge pages", (unsigned long long)igb->huge_bytes >> 20,
		      (unsigned long long)igb->frames.nr_frames *
			      igb->frames.frame_size >> 20);
}

/* All but the registration. Return: 0 or -E with a sentence. */
static int igb_start(struct igb *igb, const struct igb_config *c,
		     const struct vfio_ops *ops, void *opaque)
{
	static const u8 none[6];
	struct net_device *dev = igb->dev;
	u8 mac[6];
	int err = vfio_open(&igb->vfio, ops, opaque, c->bdf, IGB_BAR_SIZE);

	if (err)
		return igb_refused(igb, err);
	err = identify(igb);
	if (!err)
		err = start_card(igb, mac);
	if (err)
		return err;
	memcpy(dev->dev_addr, memcmp(c->mac, none, sizeof(none)) ? c->mac : mac,
	       sizeof(mac));
	dev->mtu = c->mtu ? c->mtu : dev->mtu;
	igb->itr_us = c->itr_us;
	igb->head_writeback = c->head_writeback;
	return igb_sw_init(igb, c);
}

/* What is wrong with a configuration. Return: 0 or -E with a sentence. */
static int igb_check(struct net *net, const struct igb_config *c)
{
	const char *what = NULL;

	if (inet_get_mode(net) == INET_SIMULATED)
		return netdev_error(net, -EOPNOTSUPP, "igb: a card cannot be in "
				    "a simulated stack");
	if (!c->bdf[0])
		what = "which card? usage: " IGB_USAGE;
	else if (c->mtu && (c->mtu < ETHER_MIN_MTU || c->mtu > IGB_MAX_MTU))
		what = "mtu: not from 68 to 9216";
	else if (c->ring_size && (c->ring_size < IGB_RING_MIN ||
				  c->ring_size > IGB_RING_MAX))
		what = "ring: not from 64 to 4096";
	else if (c->itr_us > IGB_ITR_MAX && c->itr_us != IGB_ITR_ADAPTIVE)
		what = "itr: more than 8191 microseconds";
	else if (c->ring_size && !is_power_of_2(c->ring_size))
		what = "ring: not a power of 2 from 64 to 4096";
	else if (c->mac[0] & 1)
		what = "mac: a station's address cannot be multicast";
	return what ? netdev_error(net, -EINVAL, "igb: %s", what) : 0;
}

int igb_probe(struct net *net, const struct igb_config *c,
	      const struct vfio_ops *ops, void *opaque, struct net_device **res)
{
	const char *name = c->name[0] ? c->name : "igb%d";
	struct net_device *dev;
	struct igb *igb;
	int err = igb_check(net, c);

	if (err)
		return err;
	dev = alloc_netdev(net, sizeof(*igb), name, igb_setup);
	if (!dev)
		return netdev_error(net, -ENOMEM, "igb: out of memory");
	igb = igb_priv(dev);
	igb->dev = dev;
	igb->vlans[0] = 1;	/* tags that only say a priority */
	igb->other_fd = igb->notice_fd[0] = igb->notice_fd[1] = -1;
	lock_init(&igb->lock, inet_get_mode(net) == INET_THREADED);
	lock_init(&igb->stats_lock, inet_get_mode(net) == INET_THREADED);
	err = igb_start(igb, c, ops, opaque);
	if (!err)
		err = driver_register(dev);
	if (err) {
		igb_remove(dev);
		free_netdev(dev);
		return err;
	}
	igb_announce(igb);
	*res = dev;
	return 0;
}

/* ---- <inet/netdev.h> -------------------------------------------------- */

struct net_device *inet_igb_open(struct net *net, const char *pci_address,
				 const struct inet_igb_config *config)
{
	struct inet_igb_config given = { .size = sizeof(given) };
	struct net_device *dev = NULL;
	struct igb_config c = { 0 };
	int err = driver_config(net, "igb", config, &given, sizeof(given));

	if (!err) {
		snprintf(c.bdf, sizeof(c.bdf), "%s",
			 pci_address ? pci_address : "");
		snprintf(c.name, sizeof(c.name), "%s",
			 given.name ? given.name : "");
		memcpy(c.mac, given.mac, sizeof(c.mac));
		c.mtu = given.mtu;
		c.nr_queues = given.nr_queues;
		c.ring_size = given.ring_size;
		c.itr_us = given.itr_us ? given.itr_us : IGB_ITR_ADAPTIVE;
		c.head_writeback = given.head_writeback;
		err = igb_probe(net, &c, &vfio_kernel, NULL, &dev);
	}
	if (err)
		errno = -err;
	return dev;
}

int inet_igb_get_info(struct net_device *dev, struct inet_igb_info *info)
{
	struct igb *igb;

	if (!dev || !info || dev->netdev_ops != &igb_netdev_ops) {
		errno = EINVAL;
		return -1;
	}
	igb = igb_priv(dev);
	*info = (struct inet_igb_info){
		.part = igb->part->name,
		.nr_queues = igb->nr_queues,
		.nr_card_queues = igb->part->nr_queues,
		.ring_size = igb->ring_size,
		.link_mbit = READ_ONCE(dev->carrier) ? READ_ONCE(igb->mbit) : 0,
		.resets = READ_ONCE(igb->resets),
		.huge_bytes = igb->huge_bytes,
		.gone = READ_ONCE(igb->gone),
	};
	memcpy(info->pci_address, igb->vfio.bdf, sizeof(info->pci_address));
	return 0;
}

/* ---- "igb:0000:01:00.0" ----------------------------------------------- */

static const struct arg_row igb_rows[] = {
	ARG_ROW("", struct igb_config, bdf, STRING, 0, 0),
	ARG_ROW("name", struct igb_config, name, STRING, 0, 0),
	ARG_ROW("mtu", struct igb_config, mtu, U32, ETHER_MIN_MTU, IGB_MAX_MTU),
	ARG_ROW("mac", struct igb_config, mac, MAC, 0, 0),
	ARG_ROW("queues", struct igb_config, nr_queues, U32, 1, IGB_MAX_QUEUES),
	ARG_ROW("ring", struct igb_config, ring_size, U32, IGB_RING_MIN,
		IGB_RING_MAX),
	ARG_ROW("itr", struct igb_config, itr_us, U32, 0, IGB_ITR_MAX),
	ARG_ROW("headwb", struct igb_config, head_writeback, FLAG, 0, 1),
};

static const struct args_spec igb_spec = {
	.driver = "igb",
	.usage = IGB_USAGE,
	.rows = igb_rows,
	.nr_rows = ARRAY_SIZE(igb_rows),
};

/* netdev_driver.open. */
static int igb_open_spec(struct net *net, const char *text,
			 struct net_device **dev)
{
	struct igb_config c = { .itr_us = IGB_ITR_ADAPTIVE };
	int err = driver_args(net, &igb_spec, text, &c);

	return err ? err : igb_probe(net, &c, &vfio_kernel, NULL, dev);
}

const struct netdev_driver igb_driver = {
	.name = "igb",
	.usage = IGB_USAGE,
	.open = igb_open_spec,
};
