/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a device makes of a packet before it is on a cable: it fills in the
 * checksum, and cuts what stands for many segments into frames (TSO). Some cables
 * of the simulation carry packets as they are; the monitor sees what would have
 * been there, cut here with code of its own.
 */
#include "sim.h"

#include <string.h>

#include "packet.h"

#define ETH_LEN 14u
#define IP_LEN 20u		/* at least */
#define FRAME_MAX 66000u
#define TCP 6
#define TCP_FIN 1
#define TCP_PSH 8
#define TCP_CWR 128

/* A packet, its frame's headers first. */
struct whole {
	u8 p[FRAME_MAX];
	u32 len, ip_len, head;	/* of IPv4; of all headers */
};

/* The checksum that the stack has left to the device, at @at for what begins at
 * @start: its field holds the sum of the pseudo header. */
static void fill_checksum(struct whole *w, u32 start, u32 at)
{
	if (start < w->len && at + 2 <= w->len)
		put16(w->p + at, fold(sum(w->p + start, w->len - start, 0)));
}

/* The headers of the @i-th frame, of @size octets of text from @off on. */
static void write_headers(const struct whole *w, u8 *f, u32 i, u32 off, u32 size)
{
	u8 *ip = f + ETH_LEN, *tcp = ip + w->ip_len;
	bool last = w->head + off + size == w->len;
	u32 len = w->head - ETH_LEN - w->ip_len + size, id, seq;

	id = (u32)ip[4] << 8 | ip[5];
	seq = (u32)tcp[4] << 24 | (u32)tcp[5] << 16 | (u32)tcp[6] << 8 | tcp[7];
	put16(ip + 2, w->ip_len + len);
	put16(ip + 4, id + i);
	put16(ip + 10, 0);
	put16(ip + 10, fold(sum(ip, w->ip_len, 0)));
	put32(tcp + 4, seq + off);
	if (i)
		tcp[13] &= (u8)~TCP_CWR;
	if (!last)
		tcp[13] &= (u8)~(TCP_FIN | TCP_PSH);
	put16(tcp + 16, 0);
	put16(tcp + 16, fold(sum(tcp, len, sum(ip + 12, 8, TCP + len))));
}

/* Frames of @size octets of text each; the last one may have fewer. */
static void cut(struct host *h, bool sent, const struct whole *w, u32 size)
{
	static u8 frame[FRAME_MAX];
	u32 off, i, n;

	for (off = i = 0; w->head + off < w->len; off += n, i++) {
		n = w->len - w->head - off < size ? w->len - w->head - off : size;
		memcpy(frame, w->p, w->head);
		memcpy(frame + w->head, w->p + w->head + off, n);
		write_headers(w, frame, i, off, n);
		monitor_frame(h->w, (int)(h - h->w->host), sent, frame,
			      w->head + n);
	}
}

void cut_frames(struct host *h, bool sent, const struct sk_buff *skb, u32 head)
{
	u32 start = (u32)skb->csum_start - (u32)(skb->data - skb->head) + head;
	u32 size = skb->shinfo->gso_size;
	static struct whole w;

	w.len = head + skb->len;
	if (w.len > sizeof(w.p)) {
		sim_fail(h->w, "a packet of %u octets", w.len);
		return;
	}
	memcpy(w.p, skb->data - head, head);
	skb_copy_bits(skb, 0, w.p + head, skb->len);
	if (size && w.p[ETH_LEN + 9] == TCP && w.len > ETH_LEN + 2 * IP_LEN) {
		w.ip_len = (w.p[ETH_LEN] & 15) * 4u;
		w.head = ETH_LEN + w.ip_len;
		w.head += (w.p[w.head + 12] >> 4) * 4u;
		cut(h, sent, &w, size);
		return;
	}
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		fill_checksum(&w, start, start + skb->csum_offset);
	monitor_frame(h->w, (int)(h - h->w->host), sent, w.p, w.len);
}
