/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the card counts. A read clears a counter, so all are read at once and added
 * up here, before the 32 bits of one are full. Names are those of Linux's igb.
 */
#include "igb/igb.h"

#include <stdio.h>
#include <string.h>

/* A row of the table; two words, the low one first, where wide. */
struct counter {
	const char *name;
	u32 reg;
	bool wide;
};

#define COUNTER(name, reg) [IGB_STAT_##reg] = { name, E1000_##reg, false }
#define WIDE(name, reg) [IGB_STAT_##reg] = { name, E1000_##reg##L, true }

static const struct counter counters[IGB_NR_STATS] = {
	COUNTER("rx_packets", GPRC), COUNTER("tx_packets", GPTC),
	WIDE("rx_bytes", GORC), WIDE("tx_bytes", GOTC),
	COUNTER("rx_broadcast", BPRC), COUNTER("tx_broadcast", BPTC),
	COUNTER("rx_multicast", MPRC), COUNTER("tx_multicast", MPTC),
	COUNTER("collisions", COLC), COUNTER("rx_crc_errors", CRCERRS),
	COUNTER("rx_align_errors", ALGNERRC), COUNTER("rx_symbol_errors", RXERRC),
	COUNTER("rx_no_buffer_count", RNBC), COUNTER("rx_missed_errors", MPC),
	COUNTER("rx_length_errors", RLEC),
	COUNTER("rx_short_length_errors", RUC), COUNTER("rx_fragments", RFC),
	COUNTER("rx_long_length_errors", ROC), COUNTER("rx_jabbers", RJC),
	COUNTER("tx_aborted_errors", ECOL), COUNTER("tx_window_errors", LATECOL),
	COUNTER("tx_single_coll_ok", SCC), COUNTER("tx_multi_coll_ok", MCC),
	COUNTER("tx_deferred_ok", DC), COUNTER("tx_tcp_seg_good", TSCTC),
};

/* A card that is gone has counted nothing. */
static u64 take_count(struct igb *igb, u32 reg)
{
	u32 n = igb_rd32(igb, reg);

	return n == U32_MAX ? 0 : n;
}

static u64 take_counter(struct igb *igb, const struct counter *c)
{
	u64 n = take_count(igb, c->reg);

	return c->wide ? n | take_count(igb, c->reg + 4) << 32 : n;
}

void igb_update_stats(struct igb *igb)
{
	spin_lock(&igb->stats_lock);
	for (u32 i = 0; i < IGB_NR_STATS; i++)
		igb->hw_stats[i] += take_counter(igb, &counters[i]);
	for (u32 q = 0; q < igb->nr_queues; q++)
		igb->q_vector[q].drops += take_count(igb, E1000_RQDPC(q)) & 0xfff;
	spin_unlock(&igb->stats_lock);
}

/* ndo_get_stats64: what the stack does not count itself. */
void igb_get_stats64(struct net_device *dev, struct inet_netdev_stats *stats)
{
	struct igb *igb = igb_priv(dev);
	const u64 *hw = igb->hw_stats;
	u64 frame, length;

	igb_update_stats(igb);
	spin_lock(&igb->stats_lock);
	frame = hw[IGB_STAT_CRCERRS] + hw[IGB_STAT_ALGNERRC] +
		hw[IGB_STAT_RXERRC];
	length = hw[IGB_STAT_RLEC] + hw[IGB_STAT_RUC] + hw[IGB_STAT_RFC] +
		 hw[IGB_STAT_RJC];
	stats->rx_dropped += hw[IGB_STAT_MPC];
	stats->rx_frame_errors += frame;
	stats->rx_length_errors += length;
	stats->rx_over_errors += hw[IGB_STAT_ROC];
	stats->rx_errors += frame + length + hw[IGB_STAT_ROC];
	for (u32 i = 0; i < igb->nr_queues; i++)
		stats->rx_dropped += igb->q_vector[i].drops;
	spin_unlock(&igb->stats_lock);
	for (u32 i = 0; i < igb->nr_queues; i++) {
		const struct igb_rx_ring *rx = &igb->q_vector[i].rx;

		stats->rx_packets += READ_ONCE(rx->packets);
		stats->rx_bytes += READ_ONCE(rx->bytes);
		stats->rx_over_errors += READ_ONCE(rx->over);
		stats->rx_errors += READ_ONCE(rx->over) + READ_ONCE(rx->bad);
		stats->rx_dropped += READ_ONCE(rx->dropped);
		stats->tx_errors += READ_ONCE(igb->q_vector[i].tx.errors);
	}
}

/* Those of one queue, as Linux spells them. */
static void each_of_queue(const struct igb_q_vector *q, u64 drops,
			  netdev_counter_fn *fn, void *arg)
{
	const struct {
		const char *format;
		u64 value;
	} rows[] = {
		{ "tx_queue_%u_packets", READ_ONCE(q->tx.completed) },
		{ "tx_queue_%u_bytes", READ_ONCE(q->tx.completed_bytes) },
		{ "rx_queue_%u_packets", READ_ONCE(q->rx.packets) },
		{ "rx_queue_%u_bytes", READ_ONCE(q->rx.bytes) },
		{ "rx_queue_%u_drops", drops },
		{ "rx_queue_%u_alloc_failed", READ_ONCE(q->rx.dropped) },
	};
	char name[40];

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
		snprintf(name, sizeof(name), rows[i].format, q->index);
		fn(arg, name, rows[i].value);
	}
}

/* ndo_each_counter. The function is called without a lock: it may ask for more. */
void igb_each_counter(struct net_device *dev, netdev_counter_fn *fn, void *arg)
{
	struct igb *igb = igb_priv(dev);
	u64 hw[IGB_NR_STATS], drops[IGB_MAX_QUEUES];

	igb_update_stats(igb);
	spin_lock(&igb->stats_lock);
	memcpy(hw, igb->hw_stats, sizeof(hw));
	for (u32 i = 0; i < igb->nr_queues; i++)
		drops[i] = igb->q_vector[i].drops;
	spin_unlock(&igb->stats_lock);
	for (u32 i = 0; i < IGB_NR_STATS; i++)
		fn(arg, counters[i].name, hw[i]);
	fn(arg, "resets", READ_ONCE(igb->resets));
	for (u32 i = 0; i < igb->nr_queues; i++)
		each_of_queue(&igb->q_vector[i], drops[i], fn, arg);
}
