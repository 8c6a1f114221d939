/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The card: its parts, its reset, its PHY, its filters. Whatever it is asked for may
 * never come: every wait ends.
 */
#include "igb/igb.h"

#include <errno.h>
#include <string.h>

#define POLL_US 50u		/* from look to look */
#define MASTER_US 80000u	/* until the bus is quiet */
#define AUTO_RD_US 10000u	/* until the address is loaded */
#define MDIC_US 100000u		/* for the PHY */
#define SWFW_US 200000u		/* until firmware lets go */

/* ---- parts ------------------------------------------------------------ */

static const struct igb_part part_82576 = {
	.name = "82576", .nr_queues = 16, .nr_rar = 24,
	.rx_wthresh = 1, .tx_wthresh = 1, .vfta_writes = 1, .tested = true,
};

static const struct igb_part part_i350 = {
	.name = "I350", .nr_queues = 8, .nr_rar = 32,
	.rx_wthresh = 4, .tx_wthresh = 16, .ivar_by_row = true,
	.reset_flag = true, .crc_per_queue = true, .phpm = true,
	.vfta_writes = 10,	/* an erratum */
};

static const struct igb_part part_i210 = {
	.name = "I210", .nr_queues = 4, .nr_rar = 16,
	.rx_wthresh = 4, .tx_wthresh = 16, .ivar_by_row = true,
	.reset_flag = true, .crc_per_queue = true, .phpm = true,
	.rss_of_many = true, .vfta_writes = 1,
};

static const struct igb_part part_i211 = {
	.name = "I211", .nr_queues = 2, .nr_rar = 16,
	.rx_wthresh = 4, .tx_wthresh = 16, .ivar_by_row = true,
	.reset_flag = true, .crc_per_queue = true, .phpm = true,
	.rss_of_many = true, .vfta_writes = 1,
};

static const struct {
	u16 id;
	const struct igb_part *part;
} ids[] = {
	{ 0x10c9, &part_82576 }, { 0x10e8, &part_82576 },
	{ 0x1526, &part_82576 }, { 0x150a, &part_82576 },
	{ 0x1521, &part_i350 }, { 0x1533, &part_i210 },
	{ 0x1539, &part_i211 },
};

const struct igb_part *igb_part_find(u16 device_id)
{
	for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
		if (ids[i].id == device_id)
			return ids[i].part;
	return NULL;
}

u32 igb_ivar_reg(const struct igb_part *part, u32 q, u32 *shift)
{
	if (part->ivar_by_row) {
		*shift = q & 1 ? 16 : 0;
		return E1000_IVAR(q >> 1);
	}
	*shift = q & 8 ? 16 : 0;
	return E1000_IVAR(q & 7);
}

/* ---- reset ------------------------------------------------------------ */

/* Waits until @bit of @reg is @set, @us at most. Return: whether it was. */
static bool wait_for(struct igb *igb, u32 reg, u32 bit, bool set, u32 us)
{
	while (!!(igb_rd32(igb, reg) & bit) != set) {
		if (us < POLL_US)
			return false;
		igb_sleep_us(igb, POLL_US);
		us -= POLL_US;
	}
	return true;
}

void igb_irq_disable(struct igb *igb)
{
	igb_wr32(igb, E1000_EIMC, U32_MAX);
	igb_wr32(igb, E1000_EIAC, 0);
	igb_wr32(igb, E1000_IMC, U32_MAX);
	igb_rd32(igb, E1000_ICR);
}

/* Nothing is read or written by the card any more. */
static void quiesce(struct igb *igb)
{
	igb_irq_disable(igb);
	igb_wr32(igb, E1000_RCTL, 0);
	igb_wr32(igb, E1000_TCTL, E1000_TCTL_PSP);
	igb_flush(igb);
	igb_sleep_us(igb, 10000);
	igb_wr32(igb, E1000_CTRL, igb_rd32(igb, E1000_CTRL) |
		 E1000_CTRL_GIO_MASTER_DISABLE);
	/* the reset that follows ends what goes on nevertheless */
	wait_for(igb, E1000_STATUS, E1000_STATUS_GIO_MASTER_ENABLE, false,
		 MASTER_US);
}

int igb_reset_hw(struct igb *igb)
{
	quiesce(igb);
	igb_wr32(igb, E1000_CTRL, igb_rd32(igb, E1000_CTRL) | E1000_CTRL_RST);
	igb_sleep_us(igb, igb->part->reset_flag ? 5000 : 1000);
	wait_for(igb, E1000_EECD, E1000_EECD_AUTO_RD, true, AUTO_RD_US);
	if (igb->part->reset_flag)
		igb_wr32(igb, E1000_STATUS, E1000_STATUS_DEV_RST_SET);
	igb_irq_disable(igb);
	igb_wr32(igb, E1000_WUC, 0);
	return igb_rd32(igb, E1000_STATUS) == U32_MAX ? -EIO : 0;
}

int igb_read_mac_addr(struct igb *igb, u8 mac[6])
{
	static const u8 none[6];
	u32 ral = igb_rd32(igb, E1000_RAL(0)), rah = igb_rd32(igb, E1000_RAH(0));

	for (u32 i = 0; i < 4; i++)
		mac[i] = (u8)(ral >> (8 * i));
	mac[4] = (u8)rah;
	mac[5] = (u8)(rah >> 8);
	return (mac[0] & 1) || !memcmp(mac, none, sizeof(none)) ? -EIO : 0;
}

/* ---- the PHY ---------------------------------------------------------- */

/* The semaphore that guards the one below. Return: 0, -EBUSY. */
static int get_hw_semaphore(struct igb *igb)
{
	if (!wait_for(igb, E1000_SWSM, E1000_SWSM_SMBI, false, SWFW_US))
		return -EBUSY;
	/* it does not stay set while firmware has it */
	for (u32 us = 0; us < SWFW_US; us += POLL_US) {
		igb_wr32(igb, E1000_SWSM, igb_rd32(igb, E1000_SWSM) |
			 E1000_SWSM_SWESMBI);
		if (igb_rd32(igb, E1000_SWSM) & E1000_SWSM_SWESMBI)
			return 0;
		igb_sleep_us(igb, POLL_US);
	}
	igb_wr32(igb, E1000_SWSM, 0);
	return -EBUSY;
}

static void put_hw_semaphore(struct igb *igb)
{
	igb_wr32(igb, E1000_SWSM, igb_rd32(igb, E1000_SWSM) &
		 ~(E1000_SWSM_SMBI | E1000_SWSM_SWESMBI));
}

/* The PHY's bit of SW_FW_SYNC; firmware's is 16 higher. */
static u32 phy_bit(struct igb *igb)
{
	static const u8 bit[] = { 1, 2, 5, 6 };
	u32 port = igb_rd32(igb, E1000_STATUS) >> E1000_STATUS_FUNC_SHIFT &
		   E1000_STATUS_FUNC_MASK;

	return 1u << bit[port];
}

/* Keeps firmware off the PHY. Return: 0, -EBUSY. */
static int acquire_phy(struct igb *igb)
{
	u32 bit = phy_bit(igb), sync;
	int err;

	for (u32 us = 0; us < SWFW_US; us += 1000) {
		err = get_hw_semaphore(igb);
		if (err)
			return err;
		sync = igb_rd32(igb, E1000_SW_FW_SYNC);
		if (!(sync & (bit | bit << 16))) {
			igb_wr32(igb, E1000_SW_FW_SYNC, sync | bit);
			put_hw_semaphore(igb);
			return 0;
		}
		put_hw_semaphore(igb);
		igb_sleep_us(igb, 1000);
	}
	return -EBUSY;
}

static void release_phy(struct igb *igb)
{
	if (get_hw_semaphore(igb))
		return;
	igb_wr32(igb, E1000_SW_FW_SYNC, igb_rd32(igb, E1000_SW_FW_SYNC) &
		 ~phy_bit(igb));
	put_hw_semaphore(igb);
}

/* One command to the PHY. Return: 0, -EIO. */
static int mdic(struct igb *igb, u32 reg, u32 command, u16 *value)
{
	u32 answer;

	igb_wr32(igb, E1000_MDIC, command | reg << E1000_MDIC_REG_SHIFT |
		 1u << E1000_MDIC_PHY_SHIFT);
	if (!wait_for(igb, E1000_MDIC, E1000_MDIC_READY, true, MDIC_US))
		return -EIO;
	answer = igb_rd32(igb, E1000_MDIC);
	if (answer & E1000_MDIC_ERROR || answer == U32_MAX)
		return -EIO;
	*value = (u16)answer;
	return 0;
}

int igb_read_phy_reg(struct igb *igb, u32 reg, u16 *value)
{
	return mdic(igb, reg, E1000_MDIC_OP_READ, value);
}

int igb_write_phy_reg(struct igb *igb, u32 reg, u16 value)
{
	return mdic(igb, reg, E1000_MDIC_OP_WRITE | value, &value);
}

/* What the PHY offers, and that it is to start. Return: 0, -EIO. */
static int start_autoneg(struct igb *igb)
{
	u16 control;
	int err = igb_write_phy_reg(igb, PHY_AUTONEG_ADV, NWAY_AR_ALL);

	if (!err)
		err = igb_write_phy_reg(igb, PHY_1000T_CTRL, CR_1000T_FD_CAPS);
	if (!err)
		err = igb_read_phy_reg(igb, PHY_CONTROL, &control);
	if (err)
		return err;
	control |= MII_CR_AUTO_NEG_EN | MII_CR_RESTART_AUTO_NEG;
	control &= (u16)~MII_CR_POWER_DOWN;
	return igb_write_phy_reg(igb, PHY_CONTROL, control);
}

/* Pauses are neither offered nor made. Tags are taken off, and written where a
 * descriptor says so: that is one switch. */
int igb_setup_link(struct igb *igb)
{
	u32 ctrl = igb_rd32(igb, E1000_CTRL);
	int err;

	ctrl |= E1000_CTRL_SLU | E1000_CTRL_VME;
	ctrl &= ~(E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX | E1000_CTRL_RFCE |
		  E1000_CTRL_TFCE);
	igb_wr32(igb, E1000_CTRL, ctrl);
	if (igb->part->phpm)
		igb_wr32(igb, E1000_PHPM, igb_rd32(igb, E1000_PHPM) &
			 ~E1000_PHPM_GO_LINKD);
	err = acquire_phy(igb);
	if (err)
		return err;
	err = start_autoneg(igb);
	release_phy(igb);
	return err;
}

bool igb_link_is_up(struct igb *igb, u32 *mbit)
{
	static const u32 speeds[] = { 10, 100, 1000, 1000 };
	u32 status = igb_rd32(igb, E1000_STATUS);

	*mbit = 0;
	if (status == U32_MAX || !(status & E1000_STATUS_LU))
		return false;
	*mbit = speeds[status >> E1000_STATUS_SPEED_SHIFT &
		       E1000_STATUS_SPEED_MASK];
	return true;
}

/* ---- filters ---------------------------------------------------------- */

/* In two writes that no bridge may make one. */
void igb_rar_set(struct igb *igb, u32 i, const u8 *mac)
{
	u32 ral = 0, rah = 0;

	if (mac) {
		ral = mac[0] | (u32)mac[1] << 8 | (u32)mac[2] << 16 |
		      (u32)mac[3] << 24;
		rah = mac[4] | (u32)mac[5] << 8 | E1000_RAH_AV;
	}
	igb_wr32(igb, E1000_RAL(i), ral);
	igb_flush(igb);
	igb_wr32(igb, E1000_RAH(i), rah);
	igb_flush(igb);
}

u32 igb_hash_mc_addr(const u8 *addr)
{
	return ((u32)addr[4] >> 4 | (u32)addr[5] << 4) & 0xfff;
}

/* The table is written as a whole, from the list. */
static void set_multicast(struct igb *igb)
{
	u32 mta[E1000_MTA_REGS] = { 0 };
	const struct netdev_hw_addr *mc;
	u32 bit;

	for (mc = igb->dev->mc; mc; mc = mc->next) {
		bit = igb_hash_mc_addr(mc->addr);
		mta[bit >> 5] |= 1u << (bit & 31);
	}
	for (u32 i = 0; i < E1000_MTA_REGS; i++)
		igb_wr32(igb, E1000_MTA(i), mta[i]);
}

void igb_write_vfta(struct igb *igb, u32 i)
{
	for (u32 n = 0; n < igb->part->vfta_writes; n++)
		igb_wr32(igb, E1000_VFTA(i), igb->vlans[i]);
	igb_flush(igb);
}

/* Only what chooses frames; whether any come at all stays. */
void igb_set_rx_filter(struct igb *igb, u64 features)
{
	u32 rctl = igb_rd32(igb, E1000_RCTL), flags = igb->dev->flags;

	rctl &= ~(E1000_RCTL_UPE | E1000_RCTL_MPE | E1000_RCTL_VFE);
	rctl |= E1000_RCTL_BAM;
	if (flags & NETDEV_IFF_PROMISC)
		rctl |= E1000_RCTL_UPE | E1000_RCTL_MPE;
	else if (features & NETIF_F_HW_VLAN_CTAG_FILTER)
		rctl |= E1000_RCTL_VFE;
	if (flags & NETDEV_IFF_ALLMULTI)
		rctl |= E1000_RCTL_MPE;
	set_multicast(igb);
	igb_wr32(igb, E1000_RCTL, rctl);
}
