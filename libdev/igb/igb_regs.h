/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Registers and descriptors of the igb family (82576, 82580, I350, I210, I211),
 * by the names that Intel gives them.
 */
#ifndef LIBDEV_IGB_REGS_H
#define LIBDEV_IGB_REGS_H

#include <inet/types.h>

#define IGB_BAR_SIZE 0x20000u

/* ---- general ---------------------------------------------------------- */

#define E1000_CTRL 0x00000u
#define E1000_CTRL_FD (1u << 0)
#define E1000_CTRL_GIO_MASTER_DISABLE (1u << 2)
#define E1000_CTRL_SLU (1u << 6)
#define E1000_CTRL_FRCSPD (1u << 11)
#define E1000_CTRL_FRCDPX (1u << 12)
#define E1000_CTRL_RST (1u << 26)
#define E1000_CTRL_RFCE (1u << 27)
#define E1000_CTRL_TFCE (1u << 28)
#define E1000_CTRL_VME (1u << 30)

#define E1000_STATUS 0x00008u
#define E1000_STATUS_FD (1u << 0)
#define E1000_STATUS_LU (1u << 1)
#define E1000_STATUS_FUNC_SHIFT 2
#define E1000_STATUS_FUNC_MASK 3u
#define E1000_STATUS_SPEED_SHIFT 6
#define E1000_STATUS_SPEED_MASK 3u
#define E1000_STATUS_GIO_MASTER_ENABLE (1u << 19)
#define E1000_STATUS_DEV_RST_SET (1u << 20)

#define E1000_EECD 0x00010u
#define E1000_EECD_AUTO_RD (1u << 9)
#define E1000_CTRL_EXT 0x00018u
#define E1000_CTRL_EXT_LINK_MODE_MASK (3u << 22)	/* 0: copper */
#define E1000_CTRL_EXT_DRV_LOAD (1u << 28)
#define E1000_MDIC 0x00020u
#define E1000_MDIC_REG_SHIFT 16
#define E1000_MDIC_PHY_SHIFT 21
#define E1000_MDIC_OP_WRITE (1u << 26)
#define E1000_MDIC_OP_READ (2u << 26)
#define E1000_MDIC_READY (1u << 28)
#define E1000_MDIC_ERROR (1u << 30)
#define E1000_VET 0x00038u
#define E1000_WUC 0x05800u
#define E1000_PHPM 0x00E14u
#define E1000_PHPM_GO_LINKD (1u << 5)
#define E1000_SWSM 0x05B50u
#define E1000_SWSM_SMBI (1u << 0)
#define E1000_SWSM_SWESMBI (1u << 1)
#define E1000_SW_FW_SYNC 0x05B5Cu

/* ---- interrupts ------------------------------------------------------- */

#define E1000_ICR 0x000C0u
#define E1000_ICS 0x000C8u
#define E1000_IMS 0x000D0u
#define E1000_IMC 0x000D8u
#define E1000_ICR_LSC (1u << 2)
#define E1000_ICR_DRSTA (1u << 30)
#define E1000_GPIE 0x01514u
#define E1000_GPIE_NSICR (1u << 0)
#define E1000_GPIE_MSIX_MODE (1u << 4)
#define E1000_GPIE_EIAME (1u << 30)
#define E1000_GPIE_PBA (1u << 31)
#define E1000_EICS 0x01520u
#define E1000_EIMS 0x01524u
#define E1000_EIMC 0x01528u
#define E1000_EIAC 0x0152Cu
#define E1000_EIAM 0x01530u
#define E1000_EICR 0x01580u
#define E1000_EITR(v) (0x01680u + 4u * (v))
#define E1000_EITR_INTERVAL_SHIFT 2		/* microseconds */
#define E1000_EITR_INTERVAL_MASK 0x7ffcu
#define E1000_EITR_CNT_IGNR (1u << 31)
#define E1000_IVAR(i) (0x01700u + 4u * (i))
#define E1000_IVAR_MISC 0x01740u
#define E1000_IVAR_VALID 0x80u

/* ---- receiving -------------------------------------------------------- */

#define E1000_RCTL 0x00100u
#define E1000_RCTL_EN (1u << 1)
#define E1000_RCTL_UPE (1u << 3)
#define E1000_RCTL_MPE (1u << 4)
#define E1000_RCTL_LPE (1u << 5)
#define E1000_RCTL_BAM (1u << 15)
#define E1000_RCTL_VFE (1u << 18)
#define E1000_RCTL_SECRC (1u << 26)
#define E1000_RXCSUM 0x05000u
#define E1000_RXCSUM_IPOFL (1u << 8)
#define E1000_RXCSUM_TUOFL (1u << 9)
#define E1000_RXCSUM_PCSD (1u << 13)
#define E1000_RLPML 0x05004u
#define E1000_RFCTL 0x05008u
#define E1000_RFCTL_IPV6_EX_DIS (1u << 16)
#define E1000_MTA(i) (0x05200u + 4u * (i))
#define E1000_MTA_REGS 128u
#define E1000_RAL(i) ((i) < 16 ? 0x05400u + 8u * (i) : 0x054E0u + 8u * ((i) - 16))
#define E1000_RAH(i) (E1000_RAL(i) + 4u)
#define E1000_RAH_AV (1u << 31)
#define E1000_VFTA(i) (0x05600u + 4u * (i))
#define E1000_VFTA_REGS 128u
#define E1000_UTA(i) (0x0A000u + 4u * (i))
#define E1000_UTA_REGS 128u
#define E1000_MRQC 0x05818u
#define E1000_MRQC_ENABLE_RSS (2u << 0)
#define E1000_MRQC_RSS_FIELD_IPV4_TCP (1u << 16)
#define E1000_MRQC_RSS_FIELD_IPV4 (1u << 17)
#define E1000_MRQC_RSS_FIELD_IPV6 (1u << 20)
#define E1000_MRQC_RSS_FIELD_IPV6_TCP (1u << 21)
#define E1000_RETA(i) (0x05C00u + 4u * (i))
#define E1000_RETA_ENTRIES 128u
#define E1000_RSSRK(i) (0x05C80u + 4u * (i))
#define E1000_RSSRK_REGS 10u
#define E1000_DVMOLR(q) (0x0C038u + 0x40u * (q))
#define E1000_DVMOLR_STRCRC (1u << 31)

#define E1000_RDBAL(q) (0x0C000u + 0x40u * (q))
#define E1000_RDBAH(q) (0x0C004u + 0x40u * (q))
#define E1000_RDLEN(q) (0x0C008u + 0x40u * (q))
#define E1000_SRRCTL(q) (0x0C00Cu + 0x40u * (q))
#define E1000_SRRCTL_BSIZEPKT_MASK 0x7fu		/* KiB */
#define E1000_SRRCTL_DESCTYPE_ADV_ONEBUF (1u << 25)
#define E1000_SRRCTL_DROP_EN (1u << 31)
#define E1000_RDH(q) (0x0C010u + 0x40u * (q))
#define E1000_RDT(q) (0x0C018u + 0x40u * (q))
#define E1000_RXDCTL(q) (0x0C028u + 0x40u * (q))
#define E1000_RXDCTL_QUEUE_ENABLE (1u << 25)
#define E1000_RQDPC(q) (0x0C030u + 0x40u * (q))

/* ---- transmitting ----------------------------------------------------- */

#define E1000_TCTL 0x00400u
#define E1000_TCTL_EN (1u << 1)
#define E1000_TCTL_PSP (1u << 3)
#define E1000_TCTL_CT_SHIFT 4
#define E1000_TCTL_CT_MASK (0xffu << 4)
#define E1000_TCTL_RTLC (1u << 24)
#define E1000_TDBAL(q) (0x0E000u + 0x40u * (q))
#define E1000_TDBAH(q) (0x0E004u + 0x40u * (q))
#define E1000_TDLEN(q) (0x0E008u + 0x40u * (q))
#define E1000_TDH(q) (0x0E010u + 0x40u * (q))
#define E1000_TDT(q) (0x0E018u + 0x40u * (q))
#define E1000_TXDCTL(q) (0x0E028u + 0x40u * (q))
#define E1000_TXDCTL_QUEUE_ENABLE (1u << 25)
#define E1000_TDWBAL(q) (0x0E038u + 0x40u * (q))
#define E1000_TDWBAL_HEAD_WB_ENABLE (1u << 0)
#define E1000_TDWBAH(q) (0x0E03Cu + 0x40u * (q))

/* Thresholds of RXDCTL and TXDCTL: prefetch, host, write-back. */
#define E1000_DCTL_THRESH(p, h, w) \
	((u32)(p) | (u32)(h) << 8 | (u32)(w) << 16)

/* ---- counters, which a read clears ------------------------------------ */

#define E1000_CRCERRS 0x04000u
#define E1000_ALGNERRC 0x04004u
#define E1000_RXERRC 0x0400Cu
#define E1000_MPC 0x04010u
#define E1000_SCC 0x04014u
#define E1000_ECOL 0x04018u
#define E1000_MCC 0x0401Cu
#define E1000_LATECOL 0x04020u
#define E1000_COLC 0x04028u
#define E1000_DC 0x04030u
#define E1000_RLEC 0x04040u
#define E1000_GPRC 0x04074u
#define E1000_BPRC 0x04078u
#define E1000_MPRC 0x0407Cu
#define E1000_GPTC 0x04080u
#define E1000_GORCL 0x04088u		/* the high word is next, and clears */
#define E1000_GOTCL 0x04090u
#define E1000_RNBC 0x040A0u
#define E1000_RUC 0x040A4u
#define E1000_RFC 0x040A8u
#define E1000_ROC 0x040ACu
#define E1000_RJC 0x040B0u
#define E1000_MPTC 0x040F0u
#define E1000_BPTC 0x040F4u
#define E1000_TSCTC 0x040F8u
#define E1000_STATS_FIRST 0x04000u
#define E1000_STATS_END 0x04104u

/* ---- the PHY ---------------------------------------------------------- */

#define PHY_CONTROL 0u			/* BMCR */
#define MII_CR_RESTART_AUTO_NEG 0x0200u
#define MII_CR_POWER_DOWN 0x0800u
#define MII_CR_AUTO_NEG_EN 0x1000u
#define PHY_AUTONEG_ADV 4u
#define NWAY_AR_ALL 0x01e1u		/* 10 and 100, no pause */
#define PHY_1000T_CTRL 9u
#define CR_1000T_FD_CAPS 0x0200u

/* ---- descriptors ------------------------------------------------------ */

/* Little endian, as the device has them. */
union e1000_adv_rx_desc {
	struct {
		u64 pkt_addr;
		u64 hdr_addr;
	} read;
	struct {
		u16 pkt_info;		/* RSS type 3:0, packet type 15:4 */
		u16 hdr_info;
		u32 rss;
		u32 status_error;
		u16 length;
		u16 vlan;
	} wb;
};

#define E1000_RXD_STAT_DD (1u << 0)
#define E1000_RXD_STAT_EOP (1u << 1)
#define E1000_RXD_STAT_VP (1u << 3)
#define E1000_RXD_STAT_UDPCS (1u << 4)
#define E1000_RXD_STAT_TCPCS (1u << 5)
#define E1000_RXD_STAT_IPCS (1u << 6)
#define E1000_RXDEXT_STATERR_TCPE (1u << 29)
#define E1000_RXDEXT_STATERR_IPE (1u << 30)
#define E1000_RXDEXT_STATERR_RXE (1u << 31)
#define E1000_RXDADV_RSSTYPE_MASK 0xfu
#define E1000_RXDADV_RSSTYPE_NONE 0u
#define E1000_RXDADV_RSSTYPE_IPV4_TCP 1u
#define E1000_RXDADV_RSSTYPE_IPV4 2u
#define E1000_RXDADV_RSSTYPE_IPV6_TCP 3u
#define E1000_RXDADV_PKTTYPE_IPV4 0x0010u
#define E1000_RXDADV_PKTTYPE_TCP 0x0100u
#define E1000_RXDADV_PKTTYPE_UDP 0x0200u

union e1000_adv_tx_desc {
	struct {
		u64 buffer_addr;
		u32 cmd_type_len;
		u32 olinfo_status;
	} read;
	struct {
		u64 rsvd;
		u32 nxtseq_seed;
		u32 status;
	} wb;
};

#define E1000_TXD_STAT_DD (1u << 0)
#define E1000_ADVTXD_LEN_MASK 0xffffu
#define E1000_ADVTXD_DTYP_MASK (0xfu << 20)
#define E1000_ADVTXD_DTYP_CTXT (2u << 20)
#define E1000_ADVTXD_DTYP_DATA (3u << 20)
#define E1000_ADVTXD_DCMD_EOP (1u << 24)
#define E1000_ADVTXD_DCMD_IFCS (1u << 25)
#define E1000_ADVTXD_DCMD_RS (1u << 27)
#define E1000_ADVTXD_DCMD_DEXT (1u << 29)
#define E1000_ADVTXD_DCMD_VLE (1u << 30)
#define E1000_ADVTXD_DCMD_TSE (1u << 31)
#define E1000_ADVTXD_POPTS_IXSM (1u << 8)
#define E1000_ADVTXD_POPTS_TXSM (1u << 9)
#define E1000_ADVTXD_PAYLEN_SHIFT 14

struct e1000_adv_tx_context_desc {
	u32 vlan_macip_lens;
	u32 seqnum_seed;
	u32 type_tucmd_mlhl;
	u32 mss_l4len_idx;
};

#define E1000_ADVTXD_VLAN_SHIFT 16
#define E1000_ADVTXD_IPLEN_MASK 0x1ffu
#define E1000_ADVTXD_MACLEN_SHIFT 9
#define E1000_ADVTXD_MACLEN_MASK 0x7fu
#define E1000_ADVTXD_TUCMD_IPV4 (1u << 10)
#define E1000_ADVTXD_TUCMD_L4T_MASK (3u << 11)
#define E1000_ADVTXD_TUCMD_L4T_UDP (0u << 11)
#define E1000_ADVTXD_TUCMD_L4T_TCP (1u << 11)
#define E1000_ADVTXD_L4LEN_SHIFT 8
#define E1000_ADVTXD_MSS_SHIFT 16

#endif /* LIBDEV_IGB_REGS_H */
