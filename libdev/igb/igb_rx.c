/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving. The card writes into frames of the pool that we lent it. For each that
 * comes back full another one is lent before it goes up; when there is none the
 * packet is lost and its frame lent again, so that the card always has as many as
 * at first.
 *
 * What the card writes back is a claim. A descriptor is read once; its length must
 * fit the frame, and of the ring only what it was lent is looked at, by our own
 * indices: where it says that it stands nobody asks. A packet that does not end is
 * thrown away when it is longer than any may be, and what follows of it.
 */
#include "igb/igb.h"

#include <errno.h>

#include <inet/env.h>

#define RX_RETURN 16u		/* descriptors that go back at once */
#define ENABLE_WAITS 10u	/* of 1 ms */

/* ---- the ring --------------------------------------------------------- */

/*
 * As many KiB as there is room for. But where the longest frame that the card
 * passes (RLPML) fits into a frame of ours one is enough, whatever the KiB say.
 */
u32 igb_rx_buffer_size(const struct igb *igb, u32 *room)
{
	u32 most = igb->frames.frame_size - IGB_HEADROOM - IGB_PAD;
	u32 frame = igb->dev->mtu + ETHER_HEADER + ETHER_VLAN + IGB_FCS;

	*room = most;
	if (frame <= most)
		return DIV_ROUND_UP(frame, 1024u);
	*room = ALIGN_DOWN(most, 1024u);
	return most / 1024;
}

/* Lends @frame by descriptor @i, whose write-back it wipes out. */
static void lend(struct igb_q_vector *q, u32 i, struct skb_shared_info *frame)
{
	union e1000_adv_rx_desc *d = &q->rx.desc[i];

	q->rx.frame[i] = frame;
	d->read.pkt_addr = cpu_to_le64(igb_dma(q->igb, frame, IGB_HEADROOM +
					       IGB_PAD));
	WRITE_ONCE(d->read.hdr_addr, 0);
}

/* Tells the card what it was lent. */
static void publish(struct igb_q_vector *q)
{
	q->rx.tail = q->rx.next_to_use;
	vfio_wmb();
	igb_wr32(q->igb, E1000_RDT(q->index), q->rx.tail);
}

/* Lends frames until the ring is full. Return: 0 or -ENOMEM. */
static int fill(struct igb_q_vector *q)
{
	struct igb_rx_ring *rx = &q->rx;

	while (igb_ring_unused(rx->size, rx->next_to_use, rx->next_to_clean)) {
		struct skb_shared_info *frame = netdev_alloc_frame(q->igb->dev);

		if (!frame)
			return -ENOMEM;
		lend(q, rx->next_to_use, frame);
		rx->next_to_use = (rx->next_to_use + 1) & (rx->size - 1);
	}
	return 0;
}

int igb_rx_ring_up(struct igb_q_vector *q)
{
	struct igb *igb = q->igb;
	struct igb_rx_ring *rx = &q->rx;
	u32 n = q->index, waits = ENABLE_WAITS;
	u32 kib = igb_rx_buffer_size(igb, &rx->room);

	rx->next_to_use = rx->next_to_clean = rx->tail = 0;
	if (fill(q))
		return -ENOMEM;
	igb_wr32(igb, E1000_RXDCTL(n), 0);
	igb_wr32(igb, E1000_RDBAL(n), (u32)rx->dma);
	igb_wr32(igb, E1000_RDBAH(n), (u32)(rx->dma >> 32));
	igb_wr32(igb, E1000_RDLEN(n), rx->size * (u32)sizeof(*rx->desc));
	/* a full queue must not stop the others */
	igb_wr32(igb, E1000_SRRCTL(n), kib | E1000_SRRCTL_DESCTYPE_ADV_ONEBUF |
		 (igb->nr_queues > 1 ? E1000_SRRCTL_DROP_EN : 0));
	if (igb->part->crc_per_queue)
		igb_wr32(igb, E1000_DVMOLR(n), igb_rd32(igb, E1000_DVMOLR(n)) |
			 E1000_DVMOLR_STRCRC);
	igb_wr32(igb, E1000_RDH(n), 0);
	igb_wr32(igb, E1000_RDT(n), 0);
	igb_wr32(igb, E1000_RXDCTL(n), E1000_RXDCTL_QUEUE_ENABLE |
		 E1000_DCTL_THRESH(8, 8, igb->part->rx_wthresh));
	while (!(igb_rd32(igb, E1000_RXDCTL(n)) & E1000_RXDCTL_QUEUE_ENABLE)) {
		if (!waits--)
			return -EIO;
		igb_sleep_us(igb, 1000);
	}
	publish(q);
	return 0;
}

void igb_rx_ring_down(struct igb_q_vector *q)
{
	struct igb_rx_ring *rx = &q->rx;

	for (u32 i = 0; i < rx->size; i++) {
		if (rx->frame[i])
			netdev_frame_put(rx->frame[i]);
		rx->frame[i] = NULL;
	}
	consume_skb(rx->skb);
	rx->skb = NULL;
	rx->skip = false;
	rx->next_to_use = rx->next_to_clean = 0;
}

/* ---- packets ---------------------------------------------------------- */

/* What a descriptor says, read once. */
struct claim {
	u32 status, len, rss;
	u16 pkt_info, vlan;
};

/* Takes the claim of the oldest descriptor that was lent, of which there always is
 * one. Return: false: it is the card's. */
static bool claim_of(const struct igb_rx_ring *rx, struct claim *c)
{
	const union e1000_adv_rx_desc *d = &rx->desc[rx->next_to_clean];

	c->status = le32_to_cpu(READ_ONCE(d->wb.status_error));
	if (!(c->status & E1000_RXD_STAT_DD))
		return false;
	vfio_rmb(d);
	c->len = le16_to_cpu(READ_ONCE(d->wb.length));
	c->rss = le32_to_cpu(READ_ONCE(d->wb.rss));
	c->pkt_info = le16_to_cpu(READ_ONCE(d->wb.pkt_info));
	c->vlan = le16_to_cpu(READ_ONCE(d->wb.vlan));
	return true;
}

/* The packet that was begun is lost, and with it what belongs to it in the
 * descriptors to come. */
static void lose(struct igb_rx_ring *rx, bool more, enum skb_drop_reason reason)
{
	kfree_skb_reason(rx->skb, reason);
	rx->skb = NULL;
	rx->skip = more;
}

/* What the card has found out. */
static void set_offloads(struct igb_q_vector *q, const struct claim *c,
			 struct sk_buff *skb)
{
	u32 type = c->pkt_info & E1000_RXDADV_RSSTYPE_MASK;

	if ((READ_ONCE(q->igb->dev->features) & NETIF_F_RXCSUM) &&
	    (c->status & E1000_RXD_STAT_TCPCS) &&
	    !(c->status & (E1000_RXDEXT_STATERR_TCPE |
			   E1000_RXDEXT_STATERR_IPE)))
		skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (type == E1000_RXDADV_RSSTYPE_IPV4_TCP ||
	    type == E1000_RXDADV_RSSTYPE_IPV6_TCP) {
		skb->hash = c->rss;
		skb->l4_hash = 1;
	}
	if (unlikely(c->status & E1000_RXD_STAT_VP)) {
		skb->vlan_tci = c->vlan;
		skb->vlan_present = 1;
	}
}

/* Up into the stack. */
static void deliver(struct igb_q_vector *q, const struct claim *c)
{
	struct net_device *dev = q->igb->dev;
	struct sk_buff *skb = q->rx.skb;

	q->rx.skb = NULL;
	if (unlikely(driver_frame_is_giant(dev, skb->data, skb->len))) {
		count(&q->rx.over, 1);
		kfree_skb_reason(skb, SKB_DROP_REASON_RX_OVER);
		return;
	}
	count(&q->rx.packets, 1);
	count(&q->rx.bytes, skb->len);
	set_offloads(q, c, skb);
	skb->queue_mapping = (u16)q->index;
	skb->protocol = eth_type_trans(skb, dev);
	napi_gro_receive(&q->napi, skb);
}

/* May these bytes begin or continue a packet? A link header lies in the first
 * frame; and no packet is longer than the card may pass. */
static bool claim_is_good(const struct igb_rx_ring *rx, const struct claim *c)
{
	bool more = !(c->status & E1000_RXD_STAT_EOP);

	if (!c->len || c->len > rx->room ||
	    (c->status & E1000_RXDEXT_STATERR_RXE))
		return false;
	if (!rx->skb)
		return !more || c->len >= ETHER_HEADER;
	return rx->skb->len + c->len <= IGB_MAX_MTU + ETHER_HEADER +
					ETHER_VLAN + IGB_FCS;
}

/* Makes @frame a packet or adds it to the one that was begun. Takes over the
 * reference. Return: false when memory is short. */
static bool add_frame(struct igb_q_vector *q, struct skb_shared_info *frame,
		      u32 len)
{
	struct igb_rx_ring *rx = &q->rx;

	if (likely(!rx->skb)) {
		rx->skb = napi_build_skb(q->igb->dev, frame, IGB_HEADROOM +
					 IGB_PAD, len);
		return rx->skb;
	}
	if (likely(!skb_add_frag(rx->skb, frame, IGB_HEADROOM + IGB_PAD, len)))
		return true;
	netdev_frame_put(frame);
	return false;
}

/* The frame of the descriptor goes up, or is kept and lent again. */
static void take(struct igb_q_vector *q, const struct claim *c)
{
	struct igb_rx_ring *rx = &q->rx;
	struct skb_shared_info *frame = rx->frame[rx->next_to_clean], *fresh;
	bool more = !(c->status & E1000_RXD_STAT_EOP);

	rx->frame[rx->next_to_clean] = NULL;
	if (unlikely(rx->skip)) {
		rx->skip = more;
		fresh = frame;
	} else if (unlikely(!claim_is_good(rx, c))) {
		count(&rx->bad, 1);
		lose(rx, more, SKB_DROP_REASON_RX_OVER);
		fresh = frame;
	} else {
		fresh = netdev_alloc_frame(q->igb->dev);
		if (unlikely(!fresh)) {
			count(&rx->dropped, 1);
			lose(rx, more, SKB_DROP_REASON_NOMEM);
			fresh = frame;
		} else if (unlikely(!add_frame(q, frame, c->len))) {
			count(&rx->dropped, 1);
			lose(rx, more, SKB_DROP_REASON_NOMEM);
		} else if (likely(!more)) {
			deliver(q, c);
		}
	}
	lend(q, rx->next_to_use, fresh);
	rx->next_to_use = (rx->next_to_use + 1) & (rx->size - 1);
}

/* Each descriptor that ends a packet is work; a card that ends none is left
 * after one round, to be polled again. */
int igb_clean_rx_irq(struct igb_q_vector *q, int budget)
{
	struct igb_rx_ring *rx = &q->rx;
	struct claim c;
	int work = 0;

	NETDEV_ROAD(q->igb->dev, NULL);
	for (u32 n = 0; work < budget && claim_of(rx, &c); n++) {
		if (unlikely(n == rx->size)) {
			work = budget;
			break;
		}
		take(q, &c);
		rx->next_to_clean = (rx->next_to_clean + 1) & (rx->size - 1);
		work += !!(c.status & E1000_RXD_STAT_EOP);
		if (igb_ring_used(rx->size, rx->next_to_use, rx->tail) >=
		    RX_RETURN)
			publish(q);
	}
	if (rx->tail != rx->next_to_use)
		publish(q);
	return work;
}
