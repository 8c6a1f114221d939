/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The igb device: igb_main.c is the device, its interrupts and its watchdog,
 * igb_open.c opens one, igb_hw.c resets the card and knows its parts, igb_rx.c and
 * igb_tx.c are the rings, igb_offload.c says what of a packet the card does,
 * igb_itr.c how often it may interrupt, igb_stats.c what it has counted.
 */
#ifndef LIBDEV_IGB_H
#define LIBDEV_IGB_H

#include <inet/netdevice.h>

#include "driver.h"
#include "igb/igb_regs.h"
#include "lib/lock.h"
#include "vfio/vfio.h"

#define IGB_MAX_QUEUES 16u
#define IGB_RING_MIN 64u	/* the longest packet has 47 descriptors */
#define IGB_RING_MAX 4096u
#define IGB_RING_DEFAULT 256u
#define IGB_MAX_MTU 9216u
#define IGB_HEADROOM 256u	/* in a frame, for who forwards it */
#define IGB_PAD 2u		/* and this puts the IP header on 4 bytes */
#define IGB_FCS 4u
#define IGB_ITR_MAX 8191u	/* us between two messages of a vector */
#define IGB_ITR_ADAPTIVE U32_MAX	/* by what there is to do */
#define IGB_TX_MIN 17u		/* the shortest frame that the card pads */
#define IGB_TX_DESCS (MAX_SKB_FRAGS + 2u)	/* context, head, fragments */
#define IGB_WATCHDOG_NS 4000000000ull
#define IGB_HEAD_SIZE 64u	/* for one that is written back */
#define IGB_OTHER_VECTOR 0u	/* link; queue i has 1 + i */
#define IGB_OTHER_BIT (1u << IGB_OTHER_VECTOR)
#define IGB_USAGE							\
	"igb:PCI-ADDRESS[,name=NAME][,mtu=N][,mac=ADDR][,queues=N]"	\
	"[,ring=N][,itr=US][,headwb]"

/* What tells the members of the family apart. */
struct igb_part {
	const char *name;
	u8 nr_queues;
	u8 nr_rar;		/* addresses that the filter holds */
	u8 rx_wthresh, tx_wthresh;
	bool ivar_by_row;	/* two queues in a row, not 8 in a column */
	bool reset_flag;	/* a reset is told, and takes longer */
	bool crc_per_queue;	/* queues strip the CRC each */
	bool phpm;		/* leaves the link alone if told */
	bool rss_of_many;	/* hashes with more than one queue only */
	u8 vfta_writes;		/* until a word of the VLANs' table is there */
	bool tested;		/* somebody has run this one */
};

/* What is asked of the opener. */
struct igb_config {
	char bdf[16];
	char name[INET_IFNAMSIZ];	/* empty: "igb%d" */
	u32 mtu;
	u8 mac[6];			/* zero: the card's */
	u32 nr_queues;			/* 0: one for each softnet, or less */
	u32 ring_size;
	u32 itr_us;			/* or IGB_ITR_ADAPTIVE */
	bool head_writeback;
};

/* ---- interrupts ------------------------------------------------------- */

/* What passes, from an answer that somebody waits for to many bytes. */
enum igb_latency {
	IGB_LOWEST_LATENCY,
	IGB_LOW_LATENCY,
	IGB_BULK_LATENCY,
};

/* Of one direction: what it is, and had done when that was looked at. */
struct igb_itr {
	enum igb_latency latency;
	u64 packets, bytes;
};

/* ---- rings ------------------------------------------------------------ */

struct igb_rx_ring {
	union e1000_adv_rx_desc *desc;
	struct skb_shared_info **frame;	/* of each descriptor */
	u64 dma;			/* where the card finds desc */
	u32 size;
	u32 next_to_use;		/* first that the card does not have */
	u32 next_to_clean;		/* oldest that it has */
	u32 tail;			/* next_to_use as it knows it */
	u32 room;			/* bytes that it may write into one */
	struct sk_buff *skb;		/* begun, the rest is to come */
	bool skip;			/* the rest is to be thrown away */
	u64 packets, bytes, over, dropped, bad;	/* by poll() */
	struct igb_itr itr;
};

struct igb_tx_buffer {
	struct sk_buff *skb;	/* of the first descriptor of a packet */
	u32 bytes;
	u32 eop;		/* the last one */
};

/* What the card is to do with a packet beside sending it. */
struct igb_tx_offload {
	u32 vlan_macip_lens, type_tucmd_mlhl, mss_l4len_idx;	/* context */
	u32 cmd, popts;
	u32 paylen;
	bool context;
};

struct igb_tx_ring {
	union e1000_adv_tx_desc *desc;
	struct igb_tx_buffer *buffer;
	u64 dma;
	u32 *head;			/* the card writes it; NULL: DD */
	u64 head_dma;
	u32 size;
	u32 next_to_use;		/* by who sends */
	u32 next_to_clean;		/* by poll() */
	struct inet_lock lock;		/* up, and what sending changes */
	bool up;
	bool untold;			/* the card does not know of all yet */
	struct e1000_adv_tx_context_desc context;	/* that it has */
	bool context_known;
	u64 errors;			/* under lock */
	u64 completed, completed_bytes;	/* by poll() */
	struct igb_itr itr;
	u64 watched;			/* completed, at the last watch */
	bool watched_pending;
};

/* A vector with a queue each way. */
struct igb_q_vector {
	struct igb *igb;
	u32 index;
	int fd;
	enum igb_latency latency;	/* as the card knows it */
	u64 drops;			/* RQDPC: it had no descriptor; stats_lock */
	struct napi_struct napi;
	struct igb_rx_ring rx;
	struct igb_tx_ring tx;
};

/* ---- the device ------------------------------------------------------- */

/* What the card counts, by its registers. */
enum igb_stat {
	IGB_STAT_GPRC, IGB_STAT_GPTC, IGB_STAT_GORC, IGB_STAT_GOTC,
	IGB_STAT_BPRC, IGB_STAT_BPTC, IGB_STAT_MPRC, IGB_STAT_MPTC,
	IGB_STAT_COLC, IGB_STAT_CRCERRS, IGB_STAT_ALGNERRC, IGB_STAT_RXERRC,
	IGB_STAT_RNBC, IGB_STAT_MPC, IGB_STAT_RLEC, IGB_STAT_RUC, IGB_STAT_RFC,
	IGB_STAT_ROC, IGB_STAT_RJC, IGB_STAT_ECOL, IGB_STAT_LATECOL,
	IGB_STAT_SCC, IGB_STAT_MCC, IGB_STAT_DC, IGB_STAT_TSCTC,
	IGB_NR_STATS
};

struct igb {
	struct net_device *dev;
	struct vfio_device vfio;
	const struct igb_part *part;
	struct netdev_frames frames;
	u64 frames_dma;
	u64 huge_bytes;			/* of the frames, in huge pages */
	struct igb_q_vector *q_vector;
	u32 nr_queues;
	u32 ring_size;
	u32 itr_us;
	bool head_writeback;
	u8 *rings;			/* descriptors of all of them, and heads */
	size_t rings_size;
	int other_fd;			/* link */
	int notice_fd[2];		/* of enum vfio_notice; -1: none */
	struct netdev_timer *timer;	/* while the device is up */
	u32 timer_armed;		/* atomic */
	struct inet_lock lock;		/* going up and down */
	bool up, running;		/* is, and is to be; under lock */
	bool gone;			/* the card */
	u32 vlans[E1000_VFTA_REGS];	/* that pass the filter; under lock */
	u32 mbit;			/* of the last link */
	u64 resets;
	struct inet_lock stats_lock;
	u64 hw_stats[IGB_NR_STATS];	/* since it was opened */
};

static inline struct igb *igb_priv(const struct net_device *dev)
{
	return dev->priv;
}

static inline u32 igb_rd32(struct igb *igb, u32 reg)
{
	return vfio_read32(&igb->vfio, reg);
}

static inline void igb_wr32(struct igb *igb, u32 reg, u32 value)
{
	vfio_write32(&igb->vfio, reg, value);
}

/* What was written has arrived: a read pushes it. */
static inline void igb_flush(struct igb *igb)
{
	igb_rd32(igb, E1000_STATUS);
}

static inline void igb_sleep_us(struct igb *igb, u32 us)
{
	igb->vfio.ops->sleep_us(igb->vfio.opaque, us);
}

/* The address at which the card finds byte @off of @frame, one of the pool. */
static inline u64 igb_dma(const struct igb *igb,
			  const struct skb_shared_info *frame, u32 off)
{
	return igb->frames_dma +
	       (u64)netdev_frame_nr(&igb->frames, frame) *
		       igb->frames.frame_size + off;
}

/* Descriptors that may still be used: one less than there are. */
static inline u32 igb_ring_unused(u32 size, u32 next_to_use, u32 next_to_clean)
{
	return (next_to_clean - next_to_use - 1) & (size - 1);
}

static inline u32 igb_ring_used(u32 size, u32 next_to_use, u32 next_to_clean)
{
	return (next_to_use - next_to_clean) & (size - 1);
}

/* ---- igb_hw.c --------------------------------------------------------- */

/* The part with this device id, NULL: none that we know. */
const struct igb_part *igb_part_find(u16 device_id);
/* Stops what the card does and resets it; its registers are those of a start.
 * Return: 0, -EIO (it does not answer). */
int igb_reset_hw(struct igb *igb);
/* No interrupt any more. */
void igb_irq_disable(struct igb *igb);
/* The address that the reset has loaded. Return: 0, -EIO: it is none. */
int igb_read_mac_addr(struct igb *igb, u8 mac[6]);
void igb_rar_set(struct igb *igb, u32 i, const u8 *mac);
/* The filter: our address, and what flags and list of the device say; of VLANs,
 * if it has @features for it. */
void igb_set_rx_filter(struct igb *igb, u64 features);
/* Word @i of the table of VLANs. */
void igb_write_vfta(struct igb *igb, u32 i);
/* Bit of the multicast table for @addr. */
u32 igb_hash_mc_addr(const u8 *addr);
/* Has the PHY look for its partner. Return: 0, -EIO. */
int igb_setup_link(struct igb *igb);
/* Is there a link? *@mbit: its speed, 0 if there is none. */
bool igb_link_is_up(struct igb *igb, u32 *mbit);
int igb_read_phy_reg(struct igb *igb, u32 reg, u16 *value);
int igb_write_phy_reg(struct igb *igb, u32 reg, u16 value);
/* Where queue @q's vectors stand: the register, and the shift of the receiving
 * one's byte; the sending one's is 8 higher. */
u32 igb_ivar_reg(const struct igb_part *part, u32 q, u32 *shift);

/* ---- igb_main.c ------------------------------------------------------- */

extern const struct net_device_ops igb_netdev_ops;
/* NAPI's, for igb_open.c. */
int igb_poll(struct napi_struct *napi, int budget);
/* Something has happened: the watchdog looks in a while. Any context. */
void igb_arm_watchdog(struct igb *igb);

/* ---- igb_itr.c -------------------------------------------------------- */

/* The least time between two messages, of this class. */
u32 igb_itr_us(enum igb_latency latency);
/* The class after @packets, one at least, with @bytes in all. */
enum igb_latency igb_next_latency(enum igb_latency now, u32 packets, u32 bytes);
/* For who has just been polled: by what it has seen. Context: poll(). */
void igb_set_itr(struct igb_q_vector *q);

/* ---- igb_rx.c --------------------------------------------------------- */

/* How many KiB the card may write into a frame (SRRCTL), and the bytes that there
 * are. */
u32 igb_rx_buffer_size(const struct igb *igb, u32 *room);
/* Gives the ring and its frames to the card. Return: 0, -ENOMEM, -EIO. */
int igb_rx_ring_up(struct igb_q_vector *q);
/* The card has been stopped: they are ours again. */
void igb_rx_ring_down(struct igb_q_vector *q);
/* Return: packets that it ended, or @budget: there may be more. */
int igb_clean_rx_irq(struct igb_q_vector *q, int budget);

/* ---- igb_tx.c --------------------------------------------------------- */

int igb_tx_ring_up(struct igb_q_vector *q);
void igb_tx_ring_down(struct igb_q_vector *q);
/* The doorbell that was left to poll(). */
void igb_tx_tell(struct igb_q_vector *q);
/* Frees what was sent. */
void igb_clean_tx_irq(struct igb_q_vector *q);
enum netdev_tx igb_xmit_frame(struct sk_buff *skb, struct net_device *dev);

/* ---- igb_offload.c ---------------------------------------------------- */

/* What the card is asked to do with @skb. Return: false: that is beyond it. */
bool igb_tx_offload_of(const struct sk_buff *skb, struct igb_tx_offload *o);
/* ndo_features_check. */
u64 igb_features_check(const struct sk_buff *skb, struct net_device *dev,
		       u64 features);
/* Headers as the card wants them before it cuts. Return: 0, -ENOMEM. */
int igb_tso_prepare(struct sk_buff *skb);

/* ---- igb_stats.c ------------------------------------------------------ */

/* Adds what the card has counted, which clears it. */
void igb_update_stats(struct igb *igb);
void igb_get_stats64(struct net_device *dev, struct inet_netdev_stats *stats);
void igb_each_counter(struct net_device *dev, netdev_counter_fn *fn, void *arg);

/* ---- igb_open.c ------------------------------------------------------- */

/* Opens the card by @ops: the kernel's, or a model's. Return: 0, or -E with a
 * sentence left by netdev_error(). */
int igb_probe(struct net *net, const struct igb_config *c,
	      const struct vfio_ops *ops, void *opaque,
	      struct net_device **res);
/* ndo_uninit: everything but the device itself. */
void igb_remove(struct net_device *dev);

#endif /* LIBDEV_IGB_H */
