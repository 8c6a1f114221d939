/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often a vector may fire. Each poll that leaves a queue says what came and went
 * since the last one, and by that the vector is in one of three classes, as on Linux:
 * somebody waits for an answer, a few talk, or bytes come in bulk. The class moves a
 * step at a time, so that one odd moment does not turn it round.
 */
#include "igb/igb.h"

/* Of a poll: few bytes are a question, many a stream; many packets too small to be one
 * want their answers. */
#define QUESTION_BYTES 512u
#define STREAM_BYTES 10000u
#define BULK_BYTES 25000u
#define SEGMENTS_BYTES 8000u	/* a packet that long was, or will be, cut */
#define FULL_BYTES 1200u	/* one that fills a frame */
#define MANY_PACKETS 35u
#define FEW_PACKETS 10u

u32 igb_itr_us(enum igb_latency latency)
{
	static const u32 us[] = {
		[IGB_LOWEST_LATENCY] = 14,	/* 70,000 a second */
		[IGB_LOW_LATENCY] = 49,		/* 20,000 */
		[IGB_BULK_LATENCY] = 245,	/* 4,000 */
	};

	return us[latency];
}

static enum igb_latency from_low(u32 packets, u32 bytes, u32 each)
{
	if (bytes <= STREAM_BYTES)
		return packets <= 2 && bytes < QUESTION_BYTES ?
		       IGB_LOWEST_LATENCY : IGB_LOW_LATENCY;
	if (each > FULL_BYTES || packets < FEW_PACKETS)
		return IGB_BULK_LATENCY;
	return packets > MANY_PACKETS ? IGB_LOWEST_LATENCY : IGB_LOW_LATENCY;
}

enum igb_latency igb_next_latency(enum igb_latency now, u32 packets, u32 bytes)
{
	u32 each = bytes / packets;

	switch (now) {
	case IGB_LOWEST_LATENCY:
		if (each > SEGMENTS_BYTES)
			return IGB_BULK_LATENCY;
		return packets < 5 && bytes > QUESTION_BYTES ?
		       IGB_LOW_LATENCY : now;
	case IGB_LOW_LATENCY:
		return from_low(packets, bytes, each);
	case IGB_BULK_LATENCY:
		if (bytes > BULK_BYTES)
			return packets > MANY_PACKETS && each <= FULL_BYTES ?
			       IGB_LOW_LATENCY : now;
		return bytes < 1500 ? IGB_LOW_LATENCY : now;
	}
	return now;
}

/* What a direction has done since the last time; one that was idle has no say. */
static enum igb_latency take_turn(struct igb_itr *itr, u64 packets, u64 bytes)
{
	u32 new_packets = (u32)(packets - itr->packets);

	if (!new_packets)
		return IGB_LOWEST_LATENCY;
	itr->latency = igb_next_latency(itr->latency, new_packets,
					(u32)(bytes - itr->bytes));
	itr->packets = packets;
	itr->bytes = bytes;
	return itr->latency;
}

void igb_set_itr(struct igb_q_vector *q)
{
	struct igb_rx_ring *rx = &q->rx;
	struct igb_tx_ring *tx = &q->tx;
	enum igb_latency in, out;

	if (q->igb->itr_us != IGB_ITR_ADAPTIVE ||
	    (rx->packets == rx->itr.packets && tx->completed == tx->itr.packets))
		return;
	in = take_turn(&rx->itr, rx->packets, rx->bytes);
	out = take_turn(&tx->itr, tx->completed, tx->completed_bytes);
	in = max(in, out);
	if (in == q->latency)
		return;
	q->latency = in;
	/* what runs now ends as it began */
	igb_wr32(q->igb, E1000_EITR(q->index + 1), E1000_EITR_CNT_IGNR |
		 igb_itr_us(in) << E1000_EITR_INTERVAL_SHIFT);
}
