/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sending. Descriptors point into the packet's own frames, and the packet stays
 * until the card is done with its last one. What does not lie in the pool is copied
 * into it, because the card sees nothing else.
 *
 * Who sends writes at next_to_use, under the ring's lock; poll() frees behind, at
 * next_to_clean, without it. Each publishes its index when it is done. The queue
 * stops while the longest packet does not fit; whoever stops it looks again
 * afterwards, and whoever frees looks whether it has stopped.
 *
 * A packet is done when the card has written so into its last descriptor, and
 * which one that is we have noted. Where it writes its head instead (headwb) that
 * counts as far as there are descriptors that it has: one beyond says nothing.
 */
#include "igb/igb.h"

#include <errno.h>
#include <string.h>

#define ENABLE_WAITS 10u	/* of 1 ms */

/* ---- the ring --------------------------------------------------------- */

/* Where the card is to say what it has sent: in the descriptors, or at one place. */
static void set_head_writeback(struct igb_q_vector *q)
{
	struct igb_tx_ring *tx = &q->tx;
	u32 enable = 0;

	if (tx->head) {
		*tx->head = 0;
		enable = E1000_TDWBAL_HEAD_WB_ENABLE;
	}
	igb_wr32(q->igb, E1000_TDWBAH(q->index), (u32)(tx->head_dma >> 32));
	igb_wr32(q->igb, E1000_TDWBAL(q->index), (u32)tx->head_dma | enable);
}

int igb_tx_ring_up(struct igb_q_vector *q)
{
	struct igb *igb = q->igb;
	struct igb_tx_ring *tx = &q->tx;
	u32 n = q->index, waits = ENABLE_WAITS;

	tx->next_to_use = tx->next_to_clean = 0;
	tx->context_known = tx->untold = tx->watched_pending = false;
	memset(tx->desc, 0, tx->size * sizeof(*tx->desc));
	igb_wr32(igb, E1000_TXDCTL(n), 0);
	igb_wr32(igb, E1000_TDBAL(n), (u32)tx->dma);
	igb_wr32(igb, E1000_TDBAH(n), (u32)(tx->dma >> 32));
	igb_wr32(igb, E1000_TDLEN(n), tx->size * (u32)sizeof(*tx->desc));
	igb_wr32(igb, E1000_TDH(n), 0);
	igb_wr32(igb, E1000_TDT(n), 0);
	set_head_writeback(q);
	/* descriptors that wait to be written back would keep the head back, too */
	igb_wr32(igb, E1000_TXDCTL(n), E1000_TXDCTL_QUEUE_ENABLE |
		 E1000_DCTL_THRESH(8, 1, tx->head ? 0 : igb->part->tx_wthresh));
	while (!(igb_rd32(igb, E1000_TXDCTL(n)) & E1000_TXDCTL_QUEUE_ENABLE)) {
		if (!waits--)
			return -EIO;
		igb_sleep_us(igb, 1000);
	}
	return 0;
}

void igb_tx_ring_down(struct igb_q_vector *q)
{
	struct igb_tx_ring *tx = &q->tx;

	for (u32 i = 0; i < tx->size; i++) {
		consume_skb(tx->buffer[i].skb);
		tx->buffer[i].skb = NULL;
	}
	tx->next_to_use = tx->next_to_clean = 0;
	netdev_tx_reset_queue(q->igb->dev, q->index);
}

/* ---- what was sent ---------------------------------------------------- */

static u32 tx_room(const struct igb_tx_ring *tx)
{
	return igb_ring_unused(tx->size, data_race(tx->next_to_use),
			       smp_load_acquire(&tx->next_to_clean));
}

/* Has the queue go on when it has stopped and there is room again. */
static void wake(struct igb_q_vector *q)
{
	smp_mb();		/* pairs with stop() */
	if (tx_room(&q->tx) >= q->tx.size / 2)
		netif_tx_wake_queue(q->igb->dev, q->index);
}

/* Descriptors from @i on, of @used, that the card says it is done with by its
 * head. */
static u32 head_claim(const struct igb_tx_ring *tx, u32 i, u32 used)
{
	u32 head = le32_to_cpu(READ_ONCE(*tx->head));
	u32 done = igb_ring_used(tx->size, head, i);

	vfio_rmb(tx->head);
	return head < tx->size && done <= used ? done : 0;
}

/* Is it done with the one @i? */
static bool is_done(const struct igb_tx_ring *tx, u32 i)
{
	if (!(le32_to_cpu(READ_ONCE(tx->desc[i].wb.status)) & E1000_TXD_STAT_DD))
		return false;
	vfio_rmb(&tx->desc[i]);
	return true;
}

void igb_clean_tx_irq(struct igb_q_vector *q)
{
	struct igb_tx_ring *tx = &q->tx;
	u32 first = tx->next_to_clean, i = first;
	u32 end = smp_load_acquire(&tx->next_to_use);
	u32 done = tx->head ? head_claim(tx, i, igb_ring_used(tx->size, end, i)) :
		   0;
	u32 packets = 0, bytes = 0;

	while (i != end) {
		struct igb_tx_buffer *b = &tx->buffer[i];

		if (tx->head ? igb_ring_used(tx->size, b->eop, first) >= done :
			       !is_done(tx, b->eop))
			break;
		bytes += b->bytes;
		packets++;
		dev_consume_skb_any(b->skb);
		b->skb = NULL;
		i = (b->eop + 1) & (tx->size - 1);
	}
	if (!packets)
		return;
	smp_store_release(&tx->next_to_clean, i);
	count(&tx->completed, packets);
	count(&tx->completed_bytes, bytes);
	netdev_tx_completed_queue(q->igb->dev, q->index, bytes);
	wake(q);
}

/* ---- one packet ------------------------------------------------------- */

/* Does the card see all of @skb? */
static bool is_mapped(const struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb->shinfo;

	if (si->heap || si->frag_list || skb->len < IGB_TX_MIN)
		return false;
	for (u32 i = 0; i < si->nr_frags; i++)
		if (si->frags[i].frame->heap)
			return false;
	return true;
}

/* Appends @len bytes of @skb at @off to @copy, which is NULL at first. Return:
 * the copy; NULL: memory is short. */
static struct sk_buff *copy_piece(struct net_device *dev, struct sk_buff *copy,
				  const struct sk_buff *skb, u32 off, u32 len)
{
	struct skb_shared_info *frame = netdev_alloc_frame(dev);
	u32 padded = max(len, copy ? 0 : IGB_TX_MIN);

	if (unlikely(!frame)) {
		kfree_skb_reason(copy, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	memset(frame->frame, 0, padded);
	skb_copy_bits(skb, off, frame->frame, len);
	if (!copy)
		return napi_build_skb(dev, frame, 0, padded);
	if (!skb_add_frag(copy, frame, 0, len))
		return copy;
	netdev_frame_put(frame);
	kfree_skb_reason(copy, SKB_DROP_REASON_NOMEM);
	return NULL;
}

/* Replaces @skb by a copy in frames of the pool, zeros behind it where it is
 * shorter than the card sends. Return: NULL, and it is gone: memory is short. */
static struct sk_buff *copied(const struct igb *igb, struct sk_buff *skb)
{
	struct sk_buff *copy = NULL;
	u32 off = 0, len;

	for (; off < skb->len; off += len) {
		len = min(skb->len - off, igb->frames.frame_size);
		copy = copy_piece(igb->dev, copy, skb, off, len);
		if (!copy)
			break;
	}
	if (likely(copy))
		consume_skb(skb);
	else
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
	return copy;
}

static u32 next_index(const struct igb_tx_ring *tx, u32 i)
{
	return (i + 1) & (tx->size - 1);
}

/* Tells the card where the headers are, unless it knows. Return: the next
 * descriptor. */
static u32 put_context(struct igb_tx_ring *tx, const struct igb_tx_offload *o,
		       u32 i)
{
	const struct e1000_adv_tx_context_desc c = {
		.vlan_macip_lens = cpu_to_le32(o->vlan_macip_lens),
		.type_tucmd_mlhl = cpu_to_le32(o->type_tucmd_mlhl),
		.mss_l4len_idx = cpu_to_le32(o->mss_l4len_idx),
	};

	if (!o->context || (tx->context_known &&
			    !memcmp(&c, &tx->context, sizeof(c))))
		return i;
	memcpy(&tx->desc[i], &c, sizeof(c));
	tx->context = c;
	tx->context_known = true;
	return next_index(tx, i);
}

/* One piece. What holds for the packet stands in the first one, for the card
 * reads it there only. */
static void put_data(struct igb_tx_ring *tx, u32 i, u64 addr, u32 cmd_len,
		     u32 olinfo)
{
	union e1000_adv_tx_desc *d = &tx->desc[i];

	d->read.buffer_addr = cpu_to_le64(addr);
	d->read.olinfo_status = cpu_to_le32(olinfo);
	d->read.cmd_type_len = cpu_to_le32(cmd_len | E1000_ADVTXD_DTYP_DATA |
					   E1000_ADVTXD_DCMD_DEXT |
					   E1000_ADVTXD_DCMD_IFCS);
}

/* Descriptors for @skb, of which there is room. Return: the next one. */
static u32 put_packet(struct igb_q_vector *q, struct sk_buff *skb,
		       const struct igb_tx_offload *o)
{
	struct igb_tx_ring *tx = &q->tx;
	const struct skb_shared_info *si = skb->shinfo;
	u32 first = tx->next_to_use, last = first, head = skb_headlen(skb);
	u32 i = put_context(tx, o, first);
	u32 olinfo = o->popts | o->paylen << E1000_ADVTXD_PAYLEN_SHIFT;

	for (u32 k = head ? 0 : 1; k <= si->nr_frags; k++) {
		const struct skb_frag *f = k ? &si->frags[k - 1] : NULL;
		u64 addr = f ? igb_dma(q->igb, f->frame, f->off) :
			       igb_dma(q->igb, si, (u32)(skb->data - si->frame));

		put_data(tx, i, addr, o->cmd | (f ? f->len : head), olinfo);
		last = i;
		olinfo = 0;
		i = next_index(tx, i);
	}
	tx->desc[last].read.cmd_type_len |=
		cpu_to_le32(E1000_ADVTXD_DCMD_EOP | E1000_ADVTXD_DCMD_RS);
	tx->buffer[first] = (struct igb_tx_buffer){
		.skb = skb, .bytes = skb->len, .eop = last,
	};
	return i;
}

/* Tells the card of what was put, if it does not know. Context: tx.lock. */
static void ring_doorbell(struct igb_q_vector *q)
{
	if (!q->tx.untold)
		return;
	WRITE_ONCE(q->tx.untold, false);
	vfio_wmb();
	igb_wr32(q->igb, E1000_TDT(q->index), q->tx.next_to_use);
}

void igb_tx_tell(struct igb_q_vector *q)
{
	if (!READ_ONCE(q->tx.untold))
		return;
	spin_lock(&q->tx.lock);
	ring_doorbell(q);
	spin_unlock(&q->tx.lock);
}

/* Room for any packet, or the queue stops. Context: tx.lock. */
static bool has_room(struct igb_q_vector *q)
{
	if (likely(q->tx.up && tx_room(&q->tx) >= IGB_TX_DESCS))
		return true;
	netif_tx_stop_queue(q->igb->dev, q->index);
	smp_mb();		/* pairs with wake() */
	if (!q->tx.up || tx_room(&q->tx) < IGB_TX_DESCS)
		return false;
	netif_tx_wake_queue(q->igb->dev, q->index);
	return true;
}

/* What is sent for @skb: itself, or a copy, with what the card is to do. Return:
 * NULL: it was lost. */
static struct sk_buff *prepare(const struct igb *igb, struct sk_buff *skb,
			       struct igb_tx_offload *o)
{
	if (unlikely(!igb_tx_offload_of(skb, o))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_XMIT_ERROR);
		return NULL;
	}
	if ((o->cmd & E1000_ADVTXD_DCMD_TSE) && unlikely(igb_tso_prepare(skb))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NULL;
	}
	if (likely(is_mapped(skb)))
		return skb;
	skb = copied(igb, skb);
	if (skb && !(o->cmd & E1000_ADVTXD_DCMD_TSE))
		o->paylen = skb->len;
	return skb;
}

/* Descriptors for @skb, of which there is room. A card that says too early that it
 * is done finds no packet that was not counted as sent. Return: whether it is to
 * be told. */
static bool xmit(struct igb_q_vector *q, struct sk_buff *skb)
{
	struct igb_tx_offload o;
	u32 next;
	bool tell;

	skb = prepare(q->igb, skb, &o);
	if (unlikely(!skb)) {
		count(&q->tx.errors, 1);
		return !netdev_xmit_more(q->igb->dev, q->index);
	}
	next = put_packet(q, skb, &o);
	tell = netdev_tx_sent_queue(q->igb->dev, q->index, skb->len);
	WRITE_ONCE(q->tx.untold, true);
	smp_store_release(&q->tx.next_to_use, next);
	return tell;
}

/* ndo_start_xmit: descriptors for one packet, a doorbell for several: what is sent
 * from where poll() comes next is left to it. */
enum netdev_tx igb_xmit_frame(struct sk_buff *skb, struct net_device *dev)
{
	struct igb *igb = igb_priv(dev);
	struct igb_q_vector *q = &igb->q_vector[skb->queue_mapping];
	bool room, tell;

	spin_lock(&q->tx.lock);
	room = has_room(q);
	tell = likely(room) ? xmit(q, skb) : q->tx.up;
	if (room && napi_in_softirq(&q->napi))
		napi_schedule(&q->napi);
	else if (tell)
		ring_doorbell(q);
	spin_unlock(&q->tx.lock);
	igb_arm_watchdog(igb);
	return likely(room) ? NETDEV_TX_OK : NETDEV_TX_BUSY;
}
