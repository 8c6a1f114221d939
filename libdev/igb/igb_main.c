/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * igb: an Ethernet device on an Intel igb card that VFIO hands to this process.
 *
 * Theory of operation. The card reads and writes the frame pool of the stack itself,
 * through its IOMMU, and each message of MSI-X is an event of a descriptor:
 *
 *	fd readable -> igb_msix_ring -> napi_schedule -> igb_poll
 *	  -> igb_clean_tx_irq, igb_clean_rx_irq -> napi_gro_receive
 *	igb_xmit_frame: descriptors, and the tail when a batch ends, or in igb_poll
 *
 * Vectors. Vector 0 is the link and whatever else the card has to say; queue i has
 * vector 1 + i for both directions. A vector masks itself when it fires (EIAM) and
 * poll() unmasks it when it has found nothing more; what came between is pending
 * and fires at once. An event without a cause is an empty poll.
 *
 * Up and down. The card is reset at each. Frames are lent to it only while the device
 * is up. A ring's `up` keeps senders out while it is taken down, so that the
 * watchdog and a change of the MTU may do it in full flight (igb_reinit()).
 *
 * The watchdog runs only when something was sent, or received, or there is no link:
 * an idle device has no timer. It looks for a queue that has not moved since it
 * looked last, and resets the card; collects counters before they are full; and
 * has each queue polled once, should a message have been lost.
 *
 * Trust. Where the card says it stands (heads) is never read; lengths and states of
 * descriptors are judged in igb_rx.c and igb_tx.c; registers are numbers to add or
 * bits to test. One that reads as ones means that the card is gone.
 *
 * Gone. A card that does not answer, or that the kernel wants back, is let go at
 * once (igb_release()): who unbinds it does not wait for the program. Registers are
 * touched where the lock, a ring's `up`, the lock of the counters or NAPI says that
 * they are still there.
 */
#include "igb/igb.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <inet/env.h>
#include <inet/netdev.h>

/* ---- carrier ---------------------------------------------------------- */

/* Brings the carrier in line with the link. */
static void igb_update_link(struct igb *igb)
{
	u32 mbit;
	bool up = !READ_ONCE(igb->gone) && igb_link_is_up(igb, &mbit);

	if (!up)
		igb_arm_watchdog(igb);
	if (up == READ_ONCE(igb->dev->carrier))
		return;
	if (up) {
		WRITE_ONCE(igb->mbit, mbit);
		netdev_printk(INET_LOG_INFO, igb->dev, "%u Mbit/s", mbit);
		netif_carrier_on(igb->dev);
	} else {
		netif_carrier_off(igb->dev);
	}
}

/* ---- interrupts ------------------------------------------------------- */

/* Takes the events of @fd; how many is of no interest. */
static void take_events(int fd)
{
	u64 n;

	/* none: an event that somebody has taken already */
	if (read(fd, &n, sizeof(n)) < 0)
		return;
}

static void igb_msix_ring(int fd, void *data)
{
	struct igb_q_vector *q = data;

	NETDEV_ROAD(q->igb->dev, NULL);
	take_events(fd);
	napi_schedule(&q->napi);
}

/* The bits of all queues' vectors. */
static u32 queue_vectors(const struct igb *igb)
{
	return ((1u << igb->nr_queues) - 1) << 1;
}

/* Microseconds between two messages of @q, until it is known what it has to do. */
static u32 start_itr(struct igb_q_vector *q)
{
	if (q->igb->itr_us != IGB_ITR_ADAPTIVE)
		return q->igb->itr_us;
	q->latency = q->rx.itr.latency = q->tx.itr.latency = IGB_LOW_LATENCY;
	return igb_itr_us(IGB_LOW_LATENCY);
}

/* GPIE before the others, which are taken by its mode. */
static void configure_msix(struct igb *igb)
{
	u32 queues = queue_vectors(igb), shift, reg, ivar;

	igb_wr32(igb, E1000_GPIE, E1000_GPIE_MSIX_MODE | E1000_GPIE_PBA |
		 E1000_GPIE_EIAME | E1000_GPIE_NSICR);
	for (u32 i = 0; i < igb->nr_queues; i++) {
		reg = igb_ivar_reg(igb->part, i, &shift);
		ivar = igb_rd32(igb, reg) & ~(0xffffu << shift);
		igb_wr32(igb, reg, ivar |
			 ((i + 1) | E1000_IVAR_VALID) * 0x101u << shift);
		igb_wr32(igb, E1000_EITR(i + 1), start_itr(&igb->q_vector[i]) <<
			 E1000_EITR_INTERVAL_SHIFT);
	}
	igb_wr32(igb, E1000_IVAR_MISC,
		 (IGB_OTHER_VECTOR | E1000_IVAR_VALID) << 8);
	igb_wr32(igb, E1000_EIAC, queues | IGB_OTHER_BIT);
	igb_wr32(igb, E1000_EIAM, queues);
}

/* Last: from here on the card may tell us something. */
static void igb_irq_enable(struct igb *igb)
{
	igb_rd32(igb, E1000_ICR);
	igb_wr32(igb, E1000_IMS, E1000_ICR_LSC | E1000_ICR_DRSTA);
	igb_wr32(igb, E1000_EIMS, queue_vectors(igb) | IGB_OTHER_BIT);
}

int igb_poll(struct napi_struct *napi, int budget)
{
	struct igb_q_vector *q = container_of(napi, struct igb_q_vector, napi);
	int work;

	NETDEV_ROAD(q->igb->dev, NULL);
	igb_tx_tell(q);
	igb_clean_tx_irq(q);
	work = igb_clean_rx_irq(q, budget);
	if (work)
		igb_arm_watchdog(q->igb);
	if (work == budget)
		return work;
	igb_set_itr(q);
	if (napi_complete_done(napi, work))
		igb_wr32(q->igb, E1000_EIMS, 1u << (q->index + 1));
	return work;
}

/* ---- up and down ------------------------------------------------------ */

/* Where flows go: over the queues in turn, by a key of our own. */
static void setup_mrqc(struct igb *igb)
{
	u32 reta = 0;

	for (u32 i = 0; i < E1000_RSSRK_REGS; i++)
		igb_wr32(igb, E1000_RSSRK(i), netdev_random(igb->dev));
	for (u32 i = 0; i < E1000_RETA_ENTRIES; i++) {
		reta = reta >> 8 |
		       (i * igb->nr_queues / E1000_RETA_ENTRIES) << 24;
		if (i % 4 == 3)
			igb_wr32(igb, E1000_RETA(i / 4), reta);
	}
	igb_wr32(igb, E1000_RXCSUM, E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL |
		 E1000_RXCSUM_PCSD);
	igb_wr32(igb, E1000_MRQC, (igb->nr_queues > 1 || !igb->part->rss_of_many ?
				   E1000_MRQC_ENABLE_RSS : 0) |
		 E1000_MRQC_RSS_FIELD_IPV4 | E1000_MRQC_RSS_FIELD_IPV4_TCP |
		 E1000_MRQC_RSS_FIELD_IPV6 | E1000_MRQC_RSS_FIELD_IPV6_TCP);
}

/* What a reset leaves open: tables, and our address. */
static void setup_tables(struct igb *igb)
{
	for (u32 i = 1; i < igb->part->nr_rar; i++)
		igb_rar_set(igb, i, NULL);
	for (u32 i = 0; i < E1000_UTA_REGS; i++)
		igb_wr32(igb, E1000_UTA(i), 0);
	for (u32 i = 0; i < E1000_VFTA_REGS; i++)
		igb_write_vfta(igb, i);
	igb_rar_set(igb, 0, igb->dev->dev_addr);
	igb_set_rx_filter(igb, READ_ONCE(igb->dev->features));
	igb_wr32(igb, E1000_VET, 0x81008100);
	igb_wr32(igb, E1000_RFCTL, igb_rd32(igb, E1000_RFCTL) |
		 E1000_RFCTL_IPV6_EX_DIS);
}

/* Both directions on. Receive rings are filled afterwards: a tail that is written
 * before is not seen. */
static void enable_mac(struct igb *igb)
{
	u32 tctl = igb_rd32(igb, E1000_TCTL) & ~E1000_TCTL_CT_MASK;

	igb_wr32(igb, E1000_RLPML, igb->dev->mtu + ETHER_HEADER + ETHER_VLAN +
		 IGB_FCS);
	igb_wr32(igb, E1000_TCTL, tctl | E1000_TCTL_EN | E1000_TCTL_PSP |
		 E1000_TCTL_RTLC | 15u << E1000_TCTL_CT_SHIFT);
	igb_wr32(igb, E1000_RCTL, igb_rd32(igb, E1000_RCTL) | E1000_RCTL_EN |
		 E1000_RCTL_LPE | E1000_RCTL_SECRC);
}

/* Rings of all queues. Return: 0 or -E. */
static int rings_up(struct igb *igb)
{
	int err = 0;

	for (u32 i = 0; !err && i < igb->nr_queues; i++) {
		err = igb_tx_ring_up(&igb->q_vector[i]);
		if (!err)
			err = igb_rx_ring_up(&igb->q_vector[i]);
	}
	return err;
}

static void rings_down(struct igb *igb)
{
	for (u32 i = 0; i < igb->nr_queues; i++) {
		igb_rx_ring_down(&igb->q_vector[i]);
		igb_tx_ring_down(&igb->q_vector[i]);
	}
}

/* Whether senders may come; when none may, none is there any more. */
static void let_in(struct igb *igb, bool in)
{
	for (u32 i = 0; i < igb->nr_queues; i++) {
		struct igb_tx_ring *tx = &igb->q_vector[i].tx;

		spin_lock(&tx->lock);
		tx->up = in;
		spin_unlock(&tx->lock);
		if (in)
			netif_tx_wake_queue(igb->dev, i);
		else
			netif_tx_stop_queue(igb->dev, i);
	}
}

/* The card reads and writes nothing any more: by its own reset, by that of the
 * bus, or because it may not. */
static void igb_stand(struct igb *igb)
{
	if (igb_reset_hw(igb)) {
		if (vfio_reset(&igb->vfio))
			vfio_set_master(&igb->vfio, false);
		return;
	}
	igb_wr32(igb, E1000_CTRL_EXT, igb_rd32(igb, E1000_CTRL_EXT) &
		 ~E1000_CTRL_EXT_DRV_LOAD);
}

/* Resets the card and starts it. Return: 0, -EIO, -ENOMEM: it stands. Context:
 * lock. */
static int igb_up(struct igb *igb)
{
	int err = READ_ONCE(igb->gone) ? -ENODEV :
		  vfio_set_master(&igb->vfio, true);

	if (!err)
		err = igb_reset_hw(igb);
	if (err)
		return err;
	igb_wr32(igb, E1000_CTRL_EXT, igb_rd32(igb, E1000_CTRL_EXT) |
		 E1000_CTRL_EXT_DRV_LOAD);
	setup_tables(igb);
	setup_mrqc(igb);
	configure_msix(igb);
	enable_mac(igb);
	err = rings_up(igb);
	if (!err)
		err = igb_setup_link(igb);
	if (err) {
		igb_stand(igb);
		rings_down(igb);
		return err;
	}
	igb->up = true;
	for (u32 i = 0; i < igb->nr_queues; i++)
		napi_enable(&igb->q_vector[i].napi);
	let_in(igb, true);
	igb_irq_enable(igb);
	igb_update_link(igb);
	return 0;
}

/* Nothing of the card's is in use any more. Context: lock. */
static void igb_down(struct igb *igb)
{
	if (!igb->up)
		return;
	igb->up = false;
	let_in(igb, false);
	igb_irq_disable(igb);
	for (u32 i = 0; i < igb->nr_queues; i++)
		napi_disable(&igb->q_vector[i].napi);
	igb_update_stats(igb);
	igb_stand(igb);
	rings_down(igb);
}

/* Down and up, in full flight. Return: 0 or -E: it stays down, and the watchdog
 * tries again. Context: lock. */
static int igb_reinit(struct igb *igb)
{
	int err;

	igb_down(igb);
	err = igb_up(igb);
	if (err)
		igb_arm_watchdog(igb);
	return err;
}

/* ---- the watchdog ----------------------------------------------------- */

void igb_arm_watchdog(struct igb *igb)
{
	if (READ_ONCE(igb->timer_armed) ||
	    __atomic_exchange_n(&igb->timer_armed, 1, __ATOMIC_ACQ_REL))
		return;
	netdev_timer_arm(igb->timer, netdev_now_ns(igb->dev) +
			 IGB_WATCHDOG_NS);
}

/* Has a queue stood still since we looked last? *@pending: it holds something. */
static bool is_hung(struct igb_tx_ring *tx, bool *pending)
{
	u64 completed = READ_ONCE(tx->completed);
	bool holds = igb_ring_used(tx->size, READ_ONCE(tx->next_to_use),
				   READ_ONCE(tx->next_to_clean));
	bool hung = holds && tx->watched_pending && tx->watched == completed;

	tx->watched = completed;
	tx->watched_pending = holds;
	*pending |= holds;
	return hung;
}

/* Looks after a card that is up. Return: whether to look again. Context: lock. */
static bool watch(struct igb *igb)
{
	bool pending = false, hung = false;

	for (u32 i = 0; i < igb->nr_queues; i++)
		hung |= is_hung(&igb->q_vector[i].tx, &pending);
	igb_update_stats(igb);
	igb_update_link(igb);
	if (hung && READ_ONCE(igb->dev->carrier)) {
		netdev_printk(INET_LOG_WARNING, igb->dev,
			      "sends nothing any more: reset");
		count(&igb->resets, 1);
		igb_reinit(igb);
		return true;
	}
	for (u32 i = 0; i < igb->nr_queues; i++)
		napi_schedule(&igb->q_vector[i].napi);
	return pending || !READ_ONCE(igb->dev->carrier);
}

/* Lets the card go, unless somebody has the lock: he takes it down, and the
 * watchdog comes again. Context: softnet. */
static void igb_release(struct igb *igb)
{
	if (!mutex_trylock(&igb->lock)) {
		igb_arm_watchdog(igb);
		return;
	}
	igb_down(igb);
	spin_lock(&igb->stats_lock);
	vfio_close(&igb->vfio);
	spin_unlock(&igb->stats_lock);
	mutex_unlock(&igb->lock);
}

/* The card does not answer, or is wanted back: it is not used any more. Context:
 * softnet. */
static void igb_leave(struct igb *igb, const char *why)
{
	if (!READ_ONCE(igb->gone)) {
		WRITE_ONCE(igb->gone, true);
		netdev_printk(INET_LOG_ERR, igb->dev, "%s: close the device",
			      why);
		netif_carrier_off(igb->dev);
	}
	igb_release(igb);
}

/* Resets a card that did so itself. Context: softnet. */
static void igb_was_reset(struct igb *igb)
{
	if (!mutex_trylock(&igb->lock))
		return;
	if (igb->up) {
		netdev_printk(INET_LOG_WARNING, igb->dev, "was reset");
		count(&igb->resets, 1);
		igb_reinit(igb);
	}
	mutex_unlock(&igb->lock);
}

/* The link, or the card itself. Context: softnet. */
static void igb_msix_other(int fd, void *data)
{
	struct igb *igb = data;
	u32 icr;

	take_events(fd);
	if (READ_ONCE(igb->gone))
		return;
	icr = igb_rd32(igb, E1000_ICR);
	if (icr == U32_MAX) {
		igb_leave(igb, "the card does not answer any more");
		return;
	}
	igb_update_link(igb);
	if (icr & E1000_ICR_DRSTA)
		igb_was_reset(igb);
}

static void igb_notice(int fd, void *data)
{
	struct igb *igb = data;

	take_events(fd);
	igb_leave(igb, fd == igb->notice_fd[VFIO_NOTICE_ERROR] ?
		  "the bus reports a fatal error" :
		  "the kernel wants the card back");
}

/* Context: softnet. Who has the lock takes the device down, or up. */
static void igb_watchdog(struct net_device *dev)
{
	struct igb *igb = igb_priv(dev);
	bool again = true;

	__atomic_store_n(&igb->timer_armed, 0, __ATOMIC_RELEASE);
	if (READ_ONCE(igb->gone)) {
		igb_release(igb);
		return;
	}
	if (mutex_trylock(&igb->lock)) {
		if (igb->up)
			again = watch(igb);
		else if (igb->running)
			igb_reinit(igb);
		again = again && igb->running;
		mutex_unlock(&igb->lock);
	}
	if (again)
		igb_arm_watchdog(igb);
}

/* ---- the device ------------------------------------------------------- */

/* Events of all vectors, and notices. Return: 0 or -E. */
static int request_msix(struct igb *igb)
{
	struct net_device *dev = igb->dev;
	int err = request_irq(dev, 0, igb->other_fd, igb_msix_other, igb);

	for (u32 i = 0; !err && i < igb->nr_queues; i++)
		err = request_irq(dev, i, igb->q_vector[i].fd, igb_msix_ring,
				  &igb->q_vector[i]);
	for (u32 i = 0; !err && i < ARRAY_SIZE(igb->notice_fd); i++)
		if (igb->notice_fd[i] >= 0)
			err = request_irq(dev, 0, igb->notice_fd[i], igb_notice,
					  igb);
	return err;
}

/* Those that there are. */
static void free_msix(struct igb *igb)
{
	free_irq(igb->dev, igb->other_fd);
	for (u32 i = 0; i < igb->nr_queues; i++)
		free_irq(igb->dev, igb->q_vector[i].fd);
	for (u32 i = 0; i < ARRAY_SIZE(igb->notice_fd); i++)
		if (igb->notice_fd[i] >= 0)
			free_irq(igb->dev, igb->notice_fd[i]);
}

/* ndo_open. */
static int igb_open(struct net_device *dev)
{
	struct igb *igb = igb_priv(dev);
	int err = -ENOMEM;

	igb->timer_armed = 0;
	igb->timer = netdev_timer_create(dev, igb_watchdog);
	if (!igb->timer)
		goto fail;
	err = request_msix(igb);
	if (!err) {
		mutex_lock(&igb->lock);
		err = igb_up(igb);
		igb->running = !err;
		mutex_unlock(&igb->lock);
	}
	if (!err)
		return 0;
	free_msix(igb);
	netdev_timer_destroy(igb->timer);
	igb->timer = NULL;
fail:
	return netdev_error(dev->net, err, "%s: %s", dev->name, err == -ENODEV ?
			    "the card is gone" : strerror(-err));
}

/* ndo_stop: the card is at rest, and has none of our frames. */
static int igb_close(struct net_device *dev)
{
	struct igb *igb = igb_priv(dev);

	mutex_lock(&igb->lock);
	igb->running = false;
	igb_down(igb);
	mutex_unlock(&igb->lock);
	free_msix(igb);
	netdev_timer_destroy(igb->timer);
	igb->timer = NULL;
	return 0;
}

static int igb_set_mac(struct net_device *dev, const u8 *addr)
{
	struct igb *igb = igb_priv(dev);

	mutex_lock(&igb->lock);
	if (igb->up)
		igb_rar_set(igb, 0, addr);
	mutex_unlock(&igb->lock);
	return 0;
}

static void igb_set_rx_mode(struct net_device *dev)
{
	struct igb *igb = igb_priv(dev);

	mutex_lock(&igb->lock);
	if (igb->up)
		igb_set_rx_filter(igb, READ_ONCE(dev->features));
	mutex_unlock(&igb->lock);
}

/* ndo_set_features: all but the filter of VLANs is read packet by packet. */
static int igb_set_features(struct net_device *dev, u64 features)
{
	struct igb *igb = igb_priv(dev);

	mutex_lock(&igb->lock);
	if (igb->up)
		igb_set_rx_filter(igb, features);
	mutex_unlock(&igb->lock);
	return 0;
}

/* Whether frames of @vid pass. */
static void set_vlan(struct igb *igb, u16 vid, bool on)
{
	u32 *word = &igb->vlans[vid >> 5], bit = 1u << (vid & 31);

	mutex_lock(&igb->lock);
	*word = on ? *word | bit : *word & ~bit;
	if (igb->up)
		igb_write_vfta(igb, vid >> 5);
	mutex_unlock(&igb->lock);
}

static int igb_vlan_rx_add_vid(struct net_device *dev, u16 vid)
{
	set_vlan(igb_priv(dev), vid, true);
	return 0;
}

/* A tag of VLAN 0 says a priority: it is everybody's. */
static void igb_vlan_rx_kill_vid(struct net_device *dev, u16 vid)
{
	if (vid)
		set_vlan(igb_priv(dev), vid, false);
}

/* Other frames need other descriptors. */
static int igb_change_mtu(struct net_device *dev, u32 new_mtu)
{
	struct igb *igb = igb_priv(dev);
	u32 old = dev->mtu;
	int err = 0;

	mutex_lock(&igb->lock);
	WRITE_ONCE(dev->mtu, new_mtu);
	if (igb->up)
		err = igb_reinit(igb);
	if (err)
		WRITE_ONCE(dev->mtu, old);
	mutex_unlock(&igb->lock);
	return err ? netdev_error(dev->net, err, "%s: %s", dev->name,
				  strerror(-err)) : 0;
}

const struct net_device_ops igb_netdev_ops = {
	.ndo_open = igb_open,
	.ndo_stop = igb_close,
	.ndo_start_xmit = igb_xmit_frame,
	.ndo_features_check = igb_features_check,
	.ndo_set_mac_address = igb_set_mac,
	.ndo_change_mtu = igb_change_mtu,
	.ndo_set_rx_mode = igb_set_rx_mode,
	.ndo_set_features = igb_set_features,
	.ndo_vlan_rx_add_vid = igb_vlan_rx_add_vid,
	.ndo_vlan_rx_kill_vid = igb_vlan_rx_kill_vid,
	.ndo_get_stats64 = igb_get_stats64,
	.ndo_each_counter = igb_each_counter,
	.ndo_uninit = igb_remove,
};
