/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the card of igb_model.h computes over frames: checksums both ways, cutting
 * of TCP, and the hash of RSS. It trusts offsets and seeds that it is given, as a
 * card does; what cannot be is a violation as well.
 */
#include "igb_model.h"

#include <string.h>

#include "lib/compiler.h"

#define ADDRESSES 12u
#define ETH 14u
#define VLAN 4u

/* Ones-complement sum of octets, added to @sum. */
static u32 sum_of(const u8 *p, u32 len, u32 sum)
{
	for (u32 i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (u32)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put_be16(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

/* ---- sending ---------------------------------------------------------- */

/* The headers that a context names. */
struct where {
	u32 ip, ip_len, l4;
	u32 csum;		/* of the transport: offset of its field */
	bool tcp;
};

/* Where the headers are by the context; checked against what stands there. */
static struct where headers_of(struct igb_model *m,
			       const struct igb_model_ring *r)
{
	u32 lens = le32_to_cpu(r->ctx.vlan_macip_lens);
	u32 type = le32_to_cpu(r->ctx.type_tucmd_mlhl);
	struct where w = {
		.ip = lens >> E1000_ADVTXD_MACLEN_SHIFT & E1000_ADVTXD_MACLEN_MASK,
		.ip_len = lens & E1000_ADVTXD_IPLEN_MASK,
		.tcp = (type & E1000_ADVTXD_TUCMD_L4T_MASK) ==
		       E1000_ADVTXD_TUCMD_L4T_TCP,
	};
	const u8 *ip = r->frame + w.ip;

	w.l4 = w.ip + w.ip_len;
	w.csum = w.l4 + (w.tcp ? 16 : 6);
	if (!r->ctx_known || !(type & E1000_ADVTXD_TUCMD_IPV4) || w.ip != ETH ||
	    w.ip_len != (ip[0] & 15u) * 4 || w.csum + 2 > r->len ||
	    ip[9] != (w.tcp ? 6 : 17))
		igb_model_violation(m, "a context %#x %#x for another frame",
				    lens, type);
	return w;
}

/* On the wire, with the tag of the context if a descriptor says so. */
static void emit(struct igb_model *m, const struct igb_model_ring *r,
		 const u8 *frame, u32 len)
{
	u8 tagged[IGB_MODEL_FRAME + VLAN];
	u32 tci = le32_to_cpu(r->ctx.vlan_macip_lens) >> E1000_ADVTXD_VLAN_SHIFT;

	if (r->cmd & E1000_ADVTXD_DCMD_VLE) {
		if (!r->ctx_known || !(m->regs[E1000_CTRL / 4] & E1000_CTRL_VME))
			igb_model_violation(m, "a tag that nobody has set");
		memcpy(tagged, frame, ADDRESSES);
		put_be16(tagged + ADDRESSES, 0x8100);
		put_be16(tagged + ADDRESSES + 2, tci);
		memcpy(tagged + ADDRESSES + VLAN, frame + ADDRESSES,
		       len - ADDRESSES);
		frame = tagged;
		len += VLAN;
	}
	if (m->sent)
		m->sent(m->sent_arg, frame, len);
}

/* Fills the checksum of the transport in: its field holds the seed. */
static void insert_l4(u8 *frame, u32 len, const struct where *w, u32 seed)
{
	u32 sum = ~sum_of(frame + w->l4, len - w->l4, seed) & 0xffff;

	if (!sum && !w->tcp)
		sum = 0xffff;
	frame[w->csum] = (u8)(sum >> 8);
	frame[w->csum + 1] = (u8)sum;
}

/* Segment @n of what was gathered: @len octets of payload from @off on. */
static void emit_segment(struct igb_model *m, const struct igb_model_ring *r,
			 const struct where *w, u32 headers, u32 n)
{
	u8 seg[IGB_MODEL_FRAME];
	u32 mss = le32_to_cpu(r->ctx.mss_l4len_idx) >> E1000_ADVTXD_MSS_SHIFT;
	u32 off = headers + n * mss, len = min(mss, r->len - off);
	bool last = off + len == r->len;
	u32 seq, sum;

	memcpy(seg, r->frame, headers);
	memcpy(seg + headers, r->frame + off, len);
	put_be16(seg + w->ip + 2, headers - w->ip + len);
	put_be16(seg + w->ip + 4, (u32)(seg[w->ip + 4] << 8 | seg[w->ip + 5]) + n);
	seq = (u32)seg[w->l4 + 4] << 24 | (u32)seg[w->l4 + 5] << 16 |
	      (u32)seg[w->l4 + 6] << 8 | seg[w->l4 + 7];
	seq += n * mss;
	put_be16(seg + w->l4 + 4, seq >> 16);
	put_be16(seg + w->l4 + 6, seq & 0xffff);
	if (!last)
		seg[w->l4 + 13] &= 0xf6;	/* FIN and PSH */
	if (n)
		seg[w->l4 + 13] &= 0x7f;	/* CWR */
	sum = ~sum_of(seg + w->ip, w->ip_len, 0) & 0xffff;
	put_be16(seg + w->ip + 10, sum);
	insert_l4(seg, headers + len, w, headers - w->l4 + len);
	emit(m, r, seg, headers + len);
}

/* Cuts what was gathered. */
static void transmit_tso(struct igb_model *m, const struct igb_model_ring *r)
{
	struct where w = headers_of(m, r);
	u32 idx = le32_to_cpu(r->ctx.mss_l4len_idx);
	u32 mss = idx >> E1000_ADVTXD_MSS_SHIFT;
	u32 l4_len = idx >> E1000_ADVTXD_L4LEN_SHIFT & 0xff;
	u32 headers = w.l4 + l4_len;
	const u32 both = E1000_ADVTXD_POPTS_TXSM | E1000_ADVTXD_POPTS_IXSM;

	if (!w.tcp || !mss || l4_len != (r->frame[w.l4 + 12] >> 4) * 4u ||
	    headers >= r->len || headers > 512 ||
	    r->olinfo >> E1000_ADVTXD_PAYLEN_SHIFT != r->len - headers ||
	    (r->olinfo & both) != both || r->frame[w.ip + 2] ||
	    r->frame[w.ip + 3] || r->frame[w.ip + 10] || r->frame[w.ip + 11]) {
		igb_model_violation(m, "cutting %u bytes: %#x %#x", r->len, idx,
				    r->olinfo);
		return;
	}
	m->regs[E1000_TSCTC / 4]++;
	for (u32 n = 0; headers + n * mss < r->len; n++)
		emit_segment(m, r, &w, headers, n);
}

void igb_model_transmit(struct igb_model *m, struct igb_model_ring *r)
{
	struct where w;

	if (r->cmd & E1000_ADVTXD_DCMD_TSE) {
		transmit_tso(m, r);
		return;
	}
	if (r->olinfo >> E1000_ADVTXD_PAYLEN_SHIFT != r->len || r->len < 17 ||
	    r->len > 9728)
		igb_model_violation(m, "a frame of %u bytes, which says %#x",
				    r->len, r->olinfo);
	if (r->olinfo & E1000_ADVTXD_POPTS_TXSM) {
		w = headers_of(m, r);
		insert_l4(r->frame, r->len, &w, 0);
	}
	if (r->olinfo & E1000_ADVTXD_POPTS_IXSM)
		igb_model_violation(m, "IXSM without TSE is not what is meant");
	m->regs[E1000_GPTC / 4]++;
	emit(m, r, r->frame, r->len);
}

/* ---- receiving -------------------------------------------------------- */

u32 igb_model_toeplitz(const struct igb_model *m, const u8 *data, u32 len)
{
	u8 key[40];
	u32 hash = 0;

	for (u32 i = 0; i < sizeof(key); i++)
		key[i] = (u8)(m->regs[E1000_RSSRK(0) / 4 + i / 4] >> (i % 4 * 8));
	for (u32 bit = 0; bit < len * 8; bit++) {
		u32 window = 0;

		if (!(data[bit / 8] >> (7 - bit % 8) & 1))
			continue;
		for (u32 k = 0; k < 32; k++)
			window = window << 1 |
				 (key[(bit + k) / 8] >> (7 - (bit + k) % 8) & 1);
		hash ^= window;
	}
	return hash;
}

/* Is the sum of the transport right? */
static bool l4_is_right(const u8 *ip, u32 ihl, u32 total)
{
	u32 sum = sum_of(ip + 12, 8, ip[9] + total - ihl);

	return sum_of(ip + ihl, total - ihl, sum) == 0xffff;
}

/* Status of a datagram's transport. */
static u32 judge_l4(const u8 *ip, u32 ihl, u32 total)
{
	bool udp = ip[9] == 17;

	if ((ip[6] & 0x3f) || ip[7] || (ip[9] != 6 && !udp) ||
	    total < ihl + (udp ? 8 : 20))
		return 0;
	if (udp && !ip[ihl + 6] && !ip[ihl + 7])
		return 0;
	return E1000_RXD_STAT_TCPCS |
	       (l4_is_right(ip, ihl, total) ? 0 : E1000_RXDEXT_STATERR_TCPE);
}

bool igb_model_take_tag(struct igb_model *m, u8 *frame, u32 *len,
			union e1000_adv_rx_desc *d)
{
	u32 vid, tci;

	if (*len < ETH + 2 || frame[ADDRESSES] != 0x81 || frame[ADDRESSES + 1])
		return true;
	tci = (u32)frame[ETH] << 8 | frame[ETH + 1];
	vid = tci & 0xfff;
	if ((m->regs[E1000_RCTL / 4] & E1000_RCTL_VFE) &&
	    !(m->regs[E1000_VFTA(vid >> 5) / 4] >> (vid & 31) & 1))
		return false;
	if (!(m->regs[E1000_CTRL / 4] & E1000_CTRL_VME))
		return true;
	*len -= VLAN;
	memmove(frame + ADDRESSES, frame + ADDRESSES + VLAN, *len - ADDRESSES);
	d->wb.vlan = cpu_to_le16((u16)tci);
	d->wb.status_error = cpu_to_le32(E1000_RXD_STAT_VP);
	return true;
}

/* IPv4 only; of all else it says nothing. */
void igb_model_judge(struct igb_model *m, const u8 *frame, u32 len,
		     union e1000_adv_rx_desc *d)
{
	const u8 *ip = frame + ETH;
	u32 ihl, total, status, type = E1000_RXDADV_RSSTYPE_IPV4;
	u8 tuple[12];

	if (len < ETH + 20 || frame[12] != 8 || frame[13] || ip[0] >> 4 != 4)
		return;
	ihl = (ip[0] & 15u) * 4;
	total = (u32)ip[2] << 8 | ip[3];
	if (ihl < 20 || total < ihl || total > len - ETH)
		return;
	status = E1000_RXD_STAT_IPCS | judge_l4(ip, ihl, total);
	if (sum_of(ip, ihl, 0) != 0xffff)
		status |= E1000_RXDEXT_STATERR_IPE;
	memcpy(tuple, ip + 12, 8);
	if (ip[9] == 6 && !(ip[6] & 0x3f) && !ip[7] && total >= ihl + 20) {
		memcpy(tuple + 8, ip + ihl, 4);
		type = E1000_RXDADV_RSSTYPE_IPV4_TCP;
	}
	d->wb.pkt_info = cpu_to_le16((u16)(type | E1000_RXDADV_PKTTYPE_IPV4));
	d->wb.rss = cpu_to_le32(igb_model_toeplitz(m, tuple, type ==
				E1000_RXDADV_RSSTYPE_IPV4_TCP ? 12 : 8));
	d->wb.status_error |= cpu_to_le32(status);
}
