/* SPDX-License-Identifier: BSD-2-Clause */
/* The card's side of igb_model.h: registers, interrupts, rings. */
#include "igb_model.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/compiler.h"

#define REG(m, off) ((m)->regs[(off) / 4])

/* The first four queues have their registers at other places as well. */
static u32 canonical(u32 off)
{
	if (off >= 0x2800 && off < 0x2c00 && (off & 0xff) < 0x40)
		return 0xc000 + ((off - 0x2800) >> 8) * 0x40 + (off & 0xff);
	if (off >= 0x3800 && off < 0x3c00 && (off & 0xff) < 0x40)
		return 0xe000 + ((off - 0x3800) >> 8) * 0x40 + (off & 0xff);
	return off;
}

/* ---- interrupts ------------------------------------------------------- */

static void send_message(struct igb_model *m, u32 v)
{
	const u64 one = 1;

	m->messages[v]++;
	if (m->deaf || v >= m->nr_armed)
		return;
	if (write(m->vector_fd[v], &one, sizeof(one)) < 0)
		abort();
}

/* Sends the vectors that are pending and not masked. */
static void send_pending(struct igb_model *m)
{
	u32 due = REG(m, E1000_EICR) & REG(m, E1000_EIMS);

	for (u32 v = 0; v < IGB_MODEL_VECTORS; v++) {
		u32 bit = 1u << v;

		if (!(due & bit))
			continue;
		if (REG(m, E1000_EIAC) & bit)
			REG(m, E1000_EICR) &= ~bit;
		if ((REG(m, E1000_EIAM) & bit) && !m->no_mask &&
		    (REG(m, E1000_GPIE) & E1000_GPIE_EIAME))
			REG(m, E1000_EIMS) &= ~bit;
		send_message(m, v);
	}
}

/* A cause that is set already says nothing new. */
static void raise_vector(struct igb_model *m, u32 v)
{
	if (REG(m, E1000_EICR) & 1u << v)
		return;
	REG(m, E1000_EICR) |= 1u << v;
	send_pending(m);
}

/* By the entry of IVAR at @shift. */
static void raise_entry(struct igb_model *m, u32 reg, u32 shift)
{
	u32 entry = REG(m, reg) >> shift & 0xff;

	if (entry & E1000_IVAR_VALID)
		raise_vector(m, entry & 31);
}

static void raise_queue(struct igb_model *m, u32 q, bool sends)
{
	u32 half = m->by_row ? q & 1 : q >> 3;

	raise_entry(m, E1000_IVAR(m->by_row ? q >> 1 : q & 7),
		    half * 16 + (sends ? 8 : 0));
}

static void raise_other(struct igb_model *m, u32 icr)
{
	bool news = icr & ~REG(m, E1000_ICR) & REG(m, E1000_IMS);

	REG(m, E1000_ICR) |= icr;
	if (news)
		raise_entry(m, E1000_IVAR_MISC, 8);
}

void igb_model_fire(struct igb_model *m, u32 vector)
{
	pthread_mutex_lock(&m->lock);
	send_message(m, vector);
	pthread_mutex_unlock(&m->lock);
}

void igb_model_cause(struct igb_model *m, u32 icr)
{
	pthread_mutex_lock(&m->lock);
	raise_other(m, icr);
	pthread_mutex_unlock(&m->lock);
}

/* ---- link and PHY ----------------------------------------------------- */

static void set_link(struct igb_model *m, bool up)
{
	u32 bits = E1000_STATUS_LU | E1000_STATUS_FD |
		   2u << E1000_STATUS_SPEED_SHIFT;

	if (up == !!(REG(m, E1000_STATUS) & E1000_STATUS_LU))
		return;
	if (up)
		REG(m, E1000_STATUS) |= bits;
	else
		REG(m, E1000_STATUS) &= ~bits;
	raise_other(m, E1000_ICR_LSC);
}

void igb_model_cable(struct igb_model *m, bool on)
{
	pthread_mutex_lock(&m->lock);
	m->cable = on;
	set_link(m, on && (REG(m, E1000_CTRL) & E1000_CTRL_SLU) &&
		 (m->phy[PHY_CONTROL] & MII_CR_AUTO_NEG_EN));
	pthread_mutex_unlock(&m->lock);
}

/* Commands of one who has not asked firmware are a violation. */
static void mdic(struct igb_model *m, u32 v)
{
	u32 reg = v >> E1000_MDIC_REG_SHIFT & 31;

	if (!(REG(m, E1000_SW_FW_SYNC) & 2))
		igb_model_violation(m, "the PHY is used without its semaphore");
	if (m->phy_dead)
		return;
	if (v & E1000_MDIC_OP_READ)
		v = (v & ~0xffffu) | m->phy[reg];
	else
		m->phy[reg] = (u16)v;
	REG(m, E1000_MDIC) = v | E1000_MDIC_READY |
			     (m->phy_error ? E1000_MDIC_ERROR : 0);
	if (reg != PHY_CONTROL || !(m->phy[reg] & MII_CR_RESTART_AUTO_NEG))
		return;
	m->phy[reg] &= (u16)~MII_CR_RESTART_AUTO_NEG;
	if (!m->link_slow)
		set_link(m, m->cable);
}

/* ---- queues ----------------------------------------------------------- */

static u64 base_of(struct igb_model *m, u32 low)
{
	return REG(m, low) | (u64)REG(m, low + 4) << 32;
}

/* A queue is switched on: its ring is what the card can use. */
static void enable_queue(struct igb_model *m, u32 bal, u32 ctl, u32 value)
{
	u32 len = REG(m, bal + 8), q = (bal & 0x3ff) / 0x40;
	bool was = REG(m, ctl) & E1000_RXDCTL_QUEUE_ENABLE;

	REG(m, ctl) = value;
	if (was || !(value & E1000_RXDCTL_QUEUE_ENABLE))
		return;
	if (REG(m, bal) % 128 || !len || len % 128)
		igb_model_violation(m, "queue %u: ring at %#x of %u bytes", q,
				    REG(m, bal), len);
	igb_model_dma(m, base_of(m, bal), len);
	if (bal < E1000_TDBAL(0)) {
		u32 srrctl = REG(m, E1000_SRRCTL(q));

		if ((srrctl & 7u << 25) != E1000_SRRCTL_DESCTYPE_ADV_ONEBUF ||
		    !(srrctl & E1000_SRRCTL_BSIZEPKT_MASK))
			igb_model_violation(m, "queue %u: SRRCTL is %#x", q,
					    srrctl);
		m->rx[q].head = REG(m, E1000_RDH(q));
	} else {
		m->tx[q] = (struct igb_model_ring){
			.head = REG(m, E1000_TDH(q)),
			.told = REG(m, E1000_TDH(q)),
		};
	}
}

/* Descriptor @i of the ring at register @bal, NULL: a violation. */
static void *desc_of(struct igb_model *m, u32 bal, u32 i)
{
	return igb_model_dma(m, base_of(m, bal) + 16ull * i, 16);
}

static u32 nr_descs(struct igb_model *m, u32 bal)
{
	return REG(m, bal + 8) / 16;
}

/* Is a tail what the card takes? One of a queue that is off is lost, but for the
 * 0 of a start. */
static bool tail_is_good(struct igb_model *m, u32 bal, u32 ctl, u32 tail)
{
	if (!(REG(m, ctl) & E1000_RXDCTL_QUEUE_ENABLE) && !tail)
		return false;
	if ((REG(m, ctl) & E1000_RXDCTL_QUEUE_ENABLE) &&
	    tail < nr_descs(m, bal))
		return true;
	igb_model_violation(m, "tail %u of ring %#x, which is off or shorter",
			    tail, bal);
	return false;
}

/* ---- sending ---------------------------------------------------------- */

/* Where the driver wants it, and not the descriptors. */
static void write_head(struct igb_model *m, u32 q, u32 head)
{
	u64 iova = (u64)REG(m, E1000_TDWBAH(q)) << 32 |
		   (REG(m, E1000_TDWBAL(q)) & ~3u);
	u32 *p = igb_model_dma(m, iova, sizeof(*p));

	if (REG(m, E1000_TXDCTL(q)) >> 16 & 0x1f)
		igb_model_violation(m, "a head that is written back late");
	if (!p)
		return;
	inet_tsan_release(p);
	WRITE_ONCE(*p, cpu_to_le32(m->head_lie ? m->head_lie : head));
}

/* Writes back what was sent, as far as it was asked for. */
static void write_back_sent(struct igb_model *m, u32 q)
{
	struct igb_model_ring *r = &m->tx[q];
	u32 bal = E1000_TDBAL(q);
	bool any = false;

	for (; r->told != r->head; r->told = (r->told + 1) % nr_descs(m, bal)) {
		union e1000_adv_tx_desc *d = desc_of(m, bal, r->told);
		u32 cmd = d ? le32_to_cpu(d->read.cmd_type_len) : 0;

		if (!d || (cmd & E1000_ADVTXD_DTYP_MASK) !=
			  E1000_ADVTXD_DTYP_DATA ||
		    !(cmd & E1000_ADVTXD_DCMD_RS))
			continue;
		if (REG(m, E1000_TDWBAL(q)) & E1000_TDWBAL_HEAD_WB_ENABLE) {
			write_head(m, q, (r->told + 1) % nr_descs(m, bal));
		} else {
			inet_tsan_release(d);
			WRITE_ONCE(d->wb.status, cpu_to_le32(E1000_TXD_STAT_DD));
		}
		any = true;
	}
	if (any)
		raise_queue(m, q, true);
}

/* One piece of a frame. */
static void gather(struct igb_model *m, struct igb_model_ring *r, u64 addr,
		   u32 cmd, u32 olinfo)
{
	const u32 same = E1000_ADVTXD_DCMD_IFCS | E1000_ADVTXD_DCMD_TSE |
			 E1000_ADVTXD_DCMD_VLE;
	u32 len = cmd & E1000_ADVTXD_LEN_MASK;
	const void *p = igb_model_dma(m, addr, len);

	if (!r->nr++) {
		r->cmd = cmd;
		r->olinfo = olinfo;
		r->len = 0;
	} else if (olinfo || (cmd & same) != (r->cmd & same)) {
		igb_model_violation(m, "descriptor %u of a frame: %#x %#x",
				    r->nr, cmd, olinfo);
	}
	if (!len || !(cmd & E1000_ADVTXD_DCMD_IFCS) ||
	    (addr & 4095) + len > 4096)
		igb_model_violation(m, "%u bytes at %#llx, command %#x", len,
				    (unsigned long long)addr, cmd);
	if (!p || r->len + len > sizeof(r->frame)) {
		igb_model_violation(m, "a frame of %u bytes", r->len + len);
		return;
	}
	memcpy(r->frame + r->len, p, len);
	r->len += len;
	if (!(cmd & E1000_ADVTXD_DCMD_EOP))
		return;
	if (!(cmd & E1000_ADVTXD_DCMD_RS))
		igb_model_violation(m, "the end of a frame without a report");
	igb_model_transmit(m, r);
	r->nr = 0;
}

/* One descriptor. */
static void fetch(struct igb_model *m, struct igb_model_ring *r,
		  const union e1000_adv_tx_desc *d)
{
	u32 cmd = le32_to_cpu(d->read.cmd_type_len);
	u32 type = cmd & E1000_ADVTXD_DTYP_MASK;

	if (!(cmd & E1000_ADVTXD_DCMD_DEXT)) {
		igb_model_violation(m, "a legacy descriptor");
	} else if (type == E1000_ADVTXD_DTYP_DATA) {
		gather(m, r, le64_to_cpu(d->read.buffer_addr), cmd,
		       le32_to_cpu(d->read.olinfo_status));
	} else if (type == E1000_ADVTXD_DTYP_CTXT) {
		if (r->nr)
			igb_model_violation(m, "a context inside a frame");
		memcpy(&r->ctx, d, sizeof(r->ctx));
		r->ctx_known = true;
		m->contexts++;
	} else {
		igb_model_violation(m, "a descriptor of type %#x", type);
	}
}

static void write_tdt(struct igb_model *m, u32 q, u32 tail)
{
	struct igb_model_ring *r = &m->tx[q];
	u32 bal = E1000_TDBAL(q);

	REG(m, E1000_TDT(q)) = tail;
	m->doorbells++;
	if (!tail_is_good(m, bal, E1000_TXDCTL(q), tail) || m->deaf)
		return;
	if (!(REG(m, E1000_TCTL) & E1000_TCTL_EN))
		igb_model_violation(m, "a tail while sending is off");
	while (r->head != tail) {
		const union e1000_adv_tx_desc *d = desc_of(m, bal, r->head);

		if (!d)
			return;
		fetch(m, r, d);
		r->head = (r->head + 1) % nr_descs(m, bal);
	}
	REG(m, E1000_TDH(q)) = r->head;
	if (!m->hold)
		write_back_sent(m, q);
}

void igb_model_complete(struct igb_model *m)
{
	pthread_mutex_lock(&m->lock);
	for (u32 q = 0; q < IGB_MODEL_QUEUES; q++)
		if (REG(m, E1000_TXDCTL(q)) & E1000_TXDCTL_QUEUE_ENABLE)
			write_back_sent(m, q);
	pthread_mutex_unlock(&m->lock);
}

/* ---- receiving -------------------------------------------------------- */

static void write_rdt(struct igb_model *m, u32 q, u32 tail)
{
	REG(m, E1000_RDT(q)) = tail;
	if (tail_is_good(m, E1000_RDBAL(q), E1000_RXDCTL(q), tail) &&
	    !(REG(m, E1000_RCTL) & E1000_RCTL_EN))
		igb_model_violation(m, "a tail while receiving is off");
	if (m->lent)
		m->lent(m->tamper_arg);
}

/* Is @dst one of the addresses that RAR holds? */
static bool is_station(struct igb_model *m, const u8 *dst)
{
	for (u32 i = 0; i < 24; i++) {
		u32 ral = REG(m, E1000_RAL(i)), rah = REG(m, E1000_RAH(i));

		if ((rah & E1000_RAH_AV) && dst[0] == (u8)ral &&
		    dst[1] == (u8)(ral >> 8) && dst[2] == (u8)(ral >> 16) &&
		    dst[3] == (u8)(ral >> 24) && dst[4] == (u8)rah &&
		    dst[5] == (u8)(rah >> 8))
			return true;
	}
	return false;
}

/* Does the filter pass a frame for @dst? */
static bool passes(struct igb_model *m, const u8 *dst)
{
	static const u8 all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	u32 rctl = REG(m, E1000_RCTL), bit;

	if (!memcmp(dst, all, sizeof(all)))
		return rctl & E1000_RCTL_BAM;
	if (!(dst[0] & 1))
		return (rctl & E1000_RCTL_UPE) || is_station(m, dst);
	bit = (dst[4] >> 4 | dst[5] << 4) & 0xfffu;
	return (rctl & E1000_RCTL_MPE) ||
	       (REG(m, E1000_MTA(bit >> 5)) >> (bit & 31) & 1);
}

/* The queue of a frame whose hash is in @d. */
static u32 queue_of(struct igb_model *m, const union e1000_adv_rx_desc *d)
{
	u32 rss = le32_to_cpu(d->wb.rss);

	if ((REG(m, E1000_MRQC) & 7) != E1000_MRQC_ENABLE_RSS ||
	    !(le16_to_cpu(d->wb.pkt_info) & E1000_RXDADV_RSSTYPE_MASK))
		return 0;
	return REG(m, E1000_RETA(rss % 128 / 4)) >> (rss % 4 * 8) & 15;
}

static u32 lent(struct igb_model *m, u32 q)
{
	u32 n = nr_descs(m, E1000_RDBAL(q));

	if (!n || !(REG(m, E1000_RXDCTL(q)) & E1000_RXDCTL_QUEUE_ENABLE))
		return 0;
	return (REG(m, E1000_RDT(q)) + n - m->rx[q].head) % n;
}

u32 igb_model_lent(struct igb_model *m, u32 q)
{
	u32 n;

	pthread_mutex_lock(&m->lock);
	n = lent(m, q);
	pthread_mutex_unlock(&m->lock);
	return n;
}

/* Fills one buffer. Return: how many bytes it took. */
static u32 fill(struct igb_model *m, u32 q, const u8 *p, u32 len,
		union e1000_adv_rx_desc wb)
{
	struct igb_model_ring *r = &m->rx[q];
	u32 bal = E1000_RDBAL(q);
	u32 most = (REG(m, E1000_SRRCTL(q)) & E1000_SRRCTL_BSIZEPKT_MASK) << 10;
	union e1000_adv_rx_desc *d = desc_of(m, bal, r->head);
	u32 take = min(len, most);
	u8 *to;

	if (!d)
		return len;
	if (d->read.hdr_addr || (le64_to_cpu(d->read.pkt_addr) & 1))
		igb_model_violation(m, "a receive descriptor %#llx %#llx",
				    (unsigned long long)d->read.pkt_addr,
				    (unsigned long long)d->read.hdr_addr);
	to = igb_model_dma(m, le64_to_cpu(d->read.pkt_addr), take);
	if (to)
		memcpy(to, p, take);
	wb.wb.length = cpu_to_le16((u16)take);
	if (take == len)
		wb.wb.status_error |= cpu_to_le32(E1000_RXD_STAT_EOP);
	else
		wb.wb.status_error = 0;
	wb.wb.status_error |= cpu_to_le32(E1000_RXD_STAT_DD);
	if (m->tamper)
		m->tamper(m->tamper_arg, &wb);
	d->read.pkt_addr = wb.read.pkt_addr;
	inet_tsan_release(d);
	smp_store_release(&d->read.hdr_addr, wb.read.hdr_addr);
	r->head = (r->head + 1) % nr_descs(m, bal);
	REG(m, E1000_RDH(q)) = r->head;
	return take;
}

/* Context: lock. */
static int receive(struct igb_model *m, const u8 *wire, u32 len)
{
	u8 frame[IGB_MODEL_FRAME];
	u32 rctl = REG(m, E1000_RCTL), q, off;
	u32 longest = rctl & E1000_RCTL_LPE ? REG(m, E1000_RLPML) : 1522;
	union e1000_adv_rx_desc wb = { .read = { 0 } };

	if (!(rctl & E1000_RCTL_EN) || len < 6 ||
	    !(REG(m, E1000_STATUS) & E1000_STATUS_LU) || !passes(m, wire))
		return -1;
	if (!(rctl & E1000_RCTL_SECRC))
		igb_model_violation(m, "the CRC is not cut off");
	if (len + 4 > longest) {
		REG(m, E1000_ROC)++;
		return -1;
	}
	memcpy(frame, wire, len);
	if (!igb_model_take_tag(m, frame, &len, &wb))
		return -1;
	igb_model_judge(m, frame, len, &wb);
	q = queue_of(m, &wb);
	off = (REG(m, E1000_SRRCTL(q)) & E1000_SRRCTL_BSIZEPKT_MASK) << 10;
	if (lent(m, q) < (off ? DIV_ROUND_UP(len, off) : 1)) {
		if (REG(m, E1000_SRRCTL(q)) & E1000_SRRCTL_DROP_EN)
			REG(m, E1000_RQDPC(q))++;
		else
			REG(m, E1000_MPC)++;
		return -1;
	}
	for (off = 0; off < len;)
		off += fill(m, q, frame + off, len - off, wb);
	raise_queue(m, q, false);
	return (int)q;
}

int igb_model_inject(struct igb_model *m, const u8 *frame, u32 len)
{
	int q;

	pthread_mutex_lock(&m->lock);
	q = receive(m, frame, len);
	m->lost += q < 0;
	pthread_mutex_unlock(&m->lock);
	return q;
}

/* ---- registers -------------------------------------------------------- */

void igb_model_reset(struct igb_model *m)
{
	m->nr_reset++;
	memset(m->regs, 0, sizeof(m->regs));
	for (u32 q = 0; q < IGB_MODEL_QUEUES; q++)
		m->tx[q].nr = m->rx[q].nr = 0;
	REG(m, E1000_STATUS) = E1000_STATUS_GIO_MASTER_ENABLE;
	if (m->by_row) {
		REG(m, E1000_STATUS) |= E1000_STATUS_DEV_RST_SET;
		REG(m, E1000_PHPM) = E1000_PHPM_GO_LINKD;
	}
	REG(m, E1000_EECD) = E1000_EECD_AUTO_RD;
	REG(m, E1000_TXDCTL(0)) = E1000_TXDCTL_QUEUE_ENABLE;
	REG(m, E1000_RLPML) = 0x2600;
	REG(m, E1000_RXCSUM) = E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL;
	REG(m, E1000_RAL(0)) = m->mac[0] | (u32)m->mac[1] << 8 |
			       (u32)m->mac[2] << 16 | (u32)m->mac[3] << 24;
	REG(m, E1000_RAH(0)) = m->mac[4] | (u32)m->mac[5] << 8 | E1000_RAH_AV;
	m->phy[PHY_CONTROL] = 0;
}

/* What a read changes. */
u32 igb_model_read(struct igb_model *m, u32 off)
{
	u32 reg = canonical(off), value = REG(m, reg);
	bool counter = reg >= E1000_STATS_FIRST && reg < E1000_STATS_END;

	for (u32 q = 0; q < IGB_MODEL_QUEUES; q++)
		counter |= reg == E1000_RQDPC(q);
	if (reg == E1000_ICR || counter)
		REG(m, reg) = 0;
	if (reg == E1000_SWSM)
		REG(m, reg) |= E1000_SWSM_SMBI;
	if (reg == E1000_SWSM && m->semaphore_stuck)
		return E1000_SWSM_SMBI;
	return value;
}

static void write_ctrl(struct igb_model *m, u32 value)
{
	if (value & E1000_CTRL_RST) {
		igb_model_reset(m);
		return;
	}
	REG(m, E1000_CTRL) = value;
	if (value & E1000_CTRL_GIO_MASTER_DISABLE)
		REG(m, E1000_STATUS) &= ~E1000_STATUS_GIO_MASTER_ENABLE;
}

/* Those of interrupts. Return: false: it is none. */
static bool write_irq(struct igb_model *m, u32 reg, u32 value)
{
	switch (reg) {
	case E1000_IMS:
		REG(m, E1000_IMS) |= value;
		break;
	case E1000_IMC:
		REG(m, E1000_IMS) &= ~value;
		break;
	case E1000_EIMS:
		REG(m, E1000_EIMS) |= value;
		send_pending(m);
		break;
	case E1000_EIMC:
		REG(m, E1000_EIMS) &= ~value;
		break;
	case E1000_EICR:
		REG(m, E1000_EICR) &= ~value;
		break;
	case E1000_EICS:
		for (u32 v = 0; v < IGB_MODEL_VECTORS; v++)
			if (value >> v & 1)
				raise_vector(m, v);
		break;
	case E1000_EIAC:
	case E1000_EIAM:
		if (value && !(REG(m, E1000_GPIE) & E1000_GPIE_MSIX_MODE))
			igb_model_violation(m, "EIAC, EIAM before GPIE");
		REG(m, reg) = value;
		break;
	default:
		return false;
	}
	return true;
}

/* Those of queues. Return: false: it is none. */
static bool write_queue(struct igb_model *m, u32 reg, u32 value)
{
	u32 q = (reg & 0x3ff) / 0x40;

	if (reg >= 0xc000 && reg < 0xc400) {
		if (reg == E1000_RDT(q))
			write_rdt(m, q, value);
		else if (reg == E1000_RXDCTL(q))
			enable_queue(m, E1000_RDBAL(q), reg, value);
		else
			REG(m, reg) = value;
		return true;
	}
	if (reg < 0xe000 || reg >= 0xe400)
		return false;
	if (reg == E1000_TDT(q))
		write_tdt(m, q, value);
	else if (reg == E1000_TXDCTL(q))
		enable_queue(m, E1000_TDBAL(q), reg, value);
	else
		REG(m, reg) = value;
	return true;
}

void igb_model_write(struct igb_model *m, u32 off, u32 value)
{
	u32 reg = canonical(off);

	if (reg == E1000_SWSM && (value & E1000_SWSM_SWESMBI) &&
	    m->firmware_has) {
		m->firmware_has--;
		value &= ~E1000_SWSM_SWESMBI;
	}
	if (reg == E1000_STATUS)
		REG(m, reg) &= ~(value & E1000_STATUS_DEV_RST_SET);
	else if (reg == E1000_CTRL)
		write_ctrl(m, value);
	else if (reg == E1000_MDIC)
		mdic(m, value);
	else if (!write_irq(m, reg, value) && !write_queue(m, reg, value))
		REG(m, reg) = value;
}
