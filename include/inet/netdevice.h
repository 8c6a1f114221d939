/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For writers of device drivers: net_device, its operations, NAPI, interrupts.
 *
 * A driver allocates a net_device with alloc_netdev(), fills it and hands it
 * to register_netdevice(). Its "hard interrupt" is the readiness of a file
 * descriptor: request_irq() names the descriptor and the handler, which only
 * calls napi_schedule(). net_rx_action() then calls napi->poll() under a
 * budget; when the device is drained the driver calls napi_complete_done().
 *
 *	fd ready -> handler -> napi_schedule -> net_rx_action -> poll
 *	  -> napi_alloc_skb, eth_type_trans, napi_gro_receive
 *	  -> napi_complete_done
 *
 * Contexts. "softnet" is the thread that owns the queue's softnet_data; the
 * handler runs there only, poll() there or in a thread that waits for its packets
 * (SO_BUSY_POLL), one at a time. ndo_start_xmit() runs in any thread that
 * sends, one at a time per transmit queue. ndo_open() and ndo_stop() run in
 * the caller of dev_open()/dev_close(), with the device's traffic stopped.
 */
#ifndef INET_NETDEVICE_H
#define INET_NETDEVICE_H

#include <inet/export.h>
#include <inet/skbuff.h>
#include <inet/types.h>

INET_BEGIN_DECLS

#define INET_IFNAMSIZ 16
#define MAX_ADDR_LEN 8		/* Ethernet needs 6 */
#define NAPI_POLL_WEIGHT 64

struct inet_netdev_stats;
struct napi_struct;
struct neighbour;
struct netdev_queue;
struct softnet_data;
struct vlan_info;
struct xps_map;

/* net_device.flags: the values of IFF_* in <net/if.h>. */
enum netdev_flags {
	NETDEV_IFF_UP = 0x1,
	NETDEV_IFF_BROADCAST = 0x2,
	NETDEV_IFF_LOOPBACK = 0x8,
	NETDEV_IFF_POINTOPOINT = 0x10,
	NETDEV_IFF_NOARP = 0x80,
	NETDEV_IFF_PROMISC = 0x100,
	NETDEV_IFF_ALLMULTI = 0x200,
	NETDEV_IFF_MULTICAST = 0x1000,
};

/* net_device.features: what the device does so that the stack need not, and
 * what the stack may do with its packets. GRO can be switched on every device,
 * the others where the driver says so in hw_features. */
#define NETIF_F_SG (1ULL << 0)		/* transmits fragments */
#define NETIF_F_HW_CSUM (1ULL << 1)	/* fills CHECKSUM_PARTIAL */
#define NETIF_F_RXCSUM (1ULL << 2)	/* may set CHECKSUM_UNNECESSARY */
#define NETIF_F_TSO (1ULL << 3)		/* cuts SKB_GSO_TCPV4 */
#define NETIF_F_GSO_UDP_L4 (1ULL << 4)	/* cuts SKB_GSO_UDP_L4 */
#define NETIF_F_TSO_ECN (1ULL << 5)	/* cuts SKB_GSO_TCP_ECN */
#define NETIF_F_GRO (1ULL << 6)		/* the stack may merge received */
#define NETIF_F_LOOPBACK (1ULL << 7)	/* frames cannot be corrupted */
#define NETIF_F_GSO (1ULL << 8)		/* the stack cuts what it cannot */
#define NETIF_F_HW_VLAN_CTAG_TX (1ULL << 9)	/* writes skb->vlan_tci */
#define NETIF_F_HW_VLAN_CTAG_RX (1ULL << 10)	/* takes it off */
#define NETIF_F_HW_VLAN_CTAG_FILTER (1ULL << 11) /* ndo_vlan_rx_add_vid() */
#define NETIF_F_LLTX (1ULL << 12)	/* sends in several threads at once */

/* net_device.type: ARPHRD_* */
enum {
	NETDEV_TYPE_ETHER = 1,
	NETDEV_TYPE_LOOPBACK = 772,
	NETDEV_TYPE_NONE = 0xfffe,	/* raw IP, no link header */
};

/* What ndo_start_xmit() answers. */
enum netdev_tx {
	NETDEV_TX_OK = 0,	/* taken: the skb is the driver's */
	NETDEV_TX_BUSY = 0x10,	/* ring full: skb stays the caller's, queue is
				 * stopped and the driver will wake it */
};

typedef void netdev_counter_fn(void *arg, const char *name, u64 value);

struct net_device_ops {
	/* Brings the hardware up: rings, interrupts, napi_enable(). 0 or -E. */
	int (*ndo_open)(struct net_device *dev);

	/* Undoes ndo_open(); no poll runs and no handler is called after. */
	int (*ndo_stop)(struct net_device *dev);

	/* Sends one frame; see enum netdev_tx. Must be set. With
	 * netdev_xmit_more() true another frame follows at once and the
	 * doorbell may wait. A device with NETIF_F_LLTX, which stands above
	 * another, takes each and says what dev_queue_xmit() there does. */
	enum netdev_tx (*ndo_start_xmit)(struct sk_buff *skb,
					 struct net_device *dev);

	/* What of @features, the device's, holds for this packet: what it does
	 * not do is done in software. Asked for GSO packets, for fragments and
	 * where a checksum is missing. NULL: all. */
	u64 (*ndo_features_check)(const struct sk_buff *skb,
				  struct net_device *dev, u64 features);

	/* Changes the link address. NULL: dev->dev_addr is just stored. */
	int (*ndo_set_mac_address)(struct net_device *dev, const u8 *addr);

	/* Called before dev->features becomes @features, which differs in
	 * what hw_features allows. 0, or -E with a sentence: it does not.
	 * NULL: just stored. */
	int (*ndo_set_features)(struct net_device *dev, u64 features);

	/* Packets of this VLAN (802.1Q) are to pass, or no more: a device with
	 * NETIF_F_HW_VLAN_CTAG_FILTER drops others. Down or up. May be NULL. */
	int (*ndo_vlan_rx_add_vid)(struct net_device *dev, u16 vid);
	void (*ndo_vlan_rx_kill_vid)(struct net_device *dev, u16 vid);

	/* Called with a value inside [min_mtu, max_mtu]. NULL: just stored. */
	int (*ndo_change_mtu)(struct net_device *dev, u32 new_mtu);

	/* dev->flags (promisc, allmulti) or the multicast list changed.
	 * NULL: the device passes everything. */
	void (*ndo_set_rx_mode)(struct net_device *dev);

	/* Adds the device's own counters to @stats. May be NULL. */
	void (*ndo_get_stats64)(struct net_device *dev,
				struct inet_netdev_stats *stats);

	/* Calls @fn for each counter that the device keeps beside these, by
	 * the name that ethtool -S has for it. May be NULL. */
	void (*ndo_each_counter)(struct net_device *dev,
				 netdev_counter_fn *fn, void *arg);

	/* The device is gone for good: free what dev->priv holds (not the
	 * device). May be NULL. */
	void (*ndo_uninit)(struct net_device *dev);
};

/* How the device's link header is made. NULL: no header. */
struct header_ops {
	/* Pushes the header for @type; @saddr NULL: dev_addr. Return: its
	 * length, negative if @daddr is missing (not resolved yet). */
	int (*create)(struct sk_buff *skb, struct net_device *dev,
		      unsigned int type, const void *daddr, const void *saddr,
		      unsigned int len);
	/* Copies the sender's link address out of a received frame. Return:
	 * its length. */
	int (*parse)(const struct sk_buff *skb, u8 *haddr);
};

/* Counted per device; every member counts since registration. */
struct inet_netdev_stats {
	u64 rx_packets, tx_packets;
	u64 rx_bytes, tx_bytes;
	u64 rx_errors, tx_errors;
	u64 rx_dropped, tx_dropped;
	u64 multicast;
	u64 rx_length_errors, rx_over_errors, rx_frame_errors;
	u64 tx_fifo_errors;
};

struct netdev_hw_addr {
	u8 addr[MAX_ADDR_LEN];
	u32 refcount;
	struct netdev_hw_addr *next;
};

struct net_device {
	char name[INET_IFNAMSIZ];
	struct net *net;
	int ifindex;
	u32 flags;		/* enum netdev_flags; dev_change_flags() */
	u32 mtu, min_mtu, max_mtu;
	u64 features;		/* NETIF_F_*; dev_set_feature() */
	u64 hw_features;	/* of these, what may be switched */
	u16 type;
	u16 hard_header_len;
	u16 needed_headroom;	/* what the driver pushes beside the header */
	u8 addr_len;
	bool carrier;		/* link is up: netif_carrier_on/off() */
	/* One word, stored as one: dev_set_mac_address() may change it while
	 * packets are sent. A driver writes it before it registers. */
	u8 dev_addr[MAX_ADDR_LEN] __attribute__((__aligned__(8)));
	u8 broadcast[MAX_ADDR_LEN];
	const struct net_device_ops *netdev_ops;
	const struct header_ops *header_ops;
	void *priv;		/* the driver's, priv_size bytes, zeroed */
	u32 priv_size;

	u32 num_tx_queues;	/* set before register_netdevice(); 1 if 0 */
	u32 num_rx_queues;
	u32 tx_queue_len;	/* packets a pfifo_fast holds; default 1000 */

	/* The stack's from here on; drivers do not touch these. */
	struct netdev_queue *tx;
	struct netdev_rx_queue *rx;
	struct xps_map *xps;		/* RCU; NULL: queues by hash */
	struct in_device *ip_ptr;	/* IPv4 configuration, RCU */
	struct vlan_info *vlan_info;	/* VLAN devices above, RCU */
	struct netdev_hw_addr *mc;	/* multicast list, under net's lock */
	struct napi_struct *napi_list;
	struct net_device *next;
	struct packet_type *ptype_all;	/* taps of this device only, RCU */
	struct inet_netdev_stats stats;
	u32 promiscuity, allmulti;
	u32 refcnt;
	u8 reg_state;
	bool free_on_unregister;
	u32 gso_max_size;
	u32 group;
};

/* ---- devices ---------------------------------------------------------- */

/*
 * A new device of @net with @priv_size zeroed bytes at dev->priv. @name may
 * hold one %d, replaced by the lowest free number. @setup fills in the type
 * (ether_setup() for Ethernet). Return: NULL when memory is short.
 */
struct net_device *alloc_netdev(struct net *net, u32 priv_size,
				const char *name,
				void (*setup)(struct net_device *dev))
	INET_EXPORT(alloc_netdev);

/* Frees a device that was never registered. */
void free_netdev(struct net_device *dev) INET_EXPORT(free_netdev);

/* Makes the device known, down. 0, -EEXIST (name), -EINVAL, -ENOMEM. */
int register_netdevice(struct net_device *dev) INET_EXPORT(register_netdevice);

/* Closes it, removes addresses, routes and neighbours, waits until nobody
 * uses it, calls ndo_uninit() and frees it. */
void unregister_netdevice(struct net_device *dev)
	INET_EXPORT(unregister_netdevice);

/* Up and down. Return: 0 or what ndo_open() said. */
int dev_open(struct net_device *dev) INET_EXPORT(dev_open);
void dev_close(struct net_device *dev) INET_EXPORT(dev_close);

/* Return: 0, -EINVAL (a sentence is left for inet_strerror()). */
int dev_set_mtu(struct net_device *dev, u32 mtu) INET_EXPORT(dev_set_mtu);
int dev_set_mac_address(struct net_device *dev, const u8 *addr)
	INET_EXPORT(dev_set_mac_address);

/*
 * Receive packet steering: the softnets to which flows of receive queue @queue
 * are spread, as a hexadecimal mask ("f": 0 to 3; "0": none, packets stay where
 * they are polled). As Linux's queues/rx-N/rps_cpus. 0, -EINVAL, -ENOMEM.
 */
int dev_set_rps_cpus(struct net_device *dev, u32 queue, const char *softnets)
	INET_EXPORT(dev_set_rps_cpus);
int dev_get_rps_cpus(struct net_device *dev, u32 queue, char *buf, size_t size)
	INET_EXPORT(dev_get_rps_cpus);
/* Flows that a queue tells apart, a power of 2, 4096 if nothing is said: before
 * its first mask. As rps_flow_cnt. 0, -EINVAL, -EBUSY. */
int dev_set_rps_flow_cnt(struct net_device *dev, u32 queue, u32 nr)
	INET_EXPORT(dev_set_rps_flow_cnt);

/*
 * The queue discipline of all transmit queues, in the words of tc(8):
 * "pfifo_fast", "fq maxrate 10mbit flow_limit 200". What waits in the old ones is
 * dropped. 0, -EINVAL, -EOPNOTSUPP (the device has no queues), -ENOMEM, with a
 * sentence.
 */
int dev_set_qdisc(struct net_device *dev, const char *spec)
	INET_EXPORT(dev_set_qdisc);
/* The same with every option. 0, -EOPNOTSUPP, -ERANGE. */
int dev_get_qdisc(struct net_device *dev, char *buf, size_t size)
	INET_EXPORT(dev_get_qdisc);

/*
 * A knob of one queue by its name below Linux's /sys/class/net/DEV/queues, such
 * as "tx-0/byte_queue_limits/limit_max", as text. 0, -EINVAL, -ENOENT, -ERANGE,
 * with a sentence.
 */
int dev_set_queue(struct net_device *dev, const char *knob, const char *value)
	INET_EXPORT(dev_set_queue);
int dev_get_queue(struct net_device *dev, const char *knob, char *buf,
		  size_t size) INET_EXPORT(dev_get_queue);

/* Switches a feature by ethtool's name: "rx", "tx" (checksums), "sg", "tso",
 * "gso", "gro". 0, -EINVAL (no such feature), -EOPNOTSUPP (it is fixed). */
int dev_set_feature(struct net_device *dev, const char *name, bool on)
	INET_EXPORT(dev_set_feature);
/* Return: 1 on, 0 off, -EINVAL. */
int dev_get_feature(const struct net_device *dev, const char *name)
	INET_EXPORT(dev_get_feature);

/* Counted: each +1 needs its -1. */
void dev_set_promiscuity(struct net_device *dev, int inc)
	INET_EXPORT(dev_set_promiscuity);
void dev_set_allmulti(struct net_device *dev, int inc)
	INET_EXPORT(dev_set_allmulti);
int dev_mc_add(struct net_device *dev, const u8 *addr) INET_EXPORT(dev_mc_add);
int dev_mc_del(struct net_device *dev, const u8 *addr) INET_EXPORT(dev_mc_del);

/* The link; a change is a line in the log. Any context. */
void netif_carrier_on(struct net_device *dev) INET_EXPORT(netif_carrier_on);
void netif_carrier_off(struct net_device *dev) INET_EXPORT(netif_carrier_off);

/* Finds a device and takes a reference; dev_put() gives it back. */
struct net_device *dev_get_by_name(struct net *net, const char *name)
	INET_EXPORT(dev_get_by_name);
struct net_device *dev_get_by_index(struct net *net, int ifindex)
	INET_EXPORT(dev_get_by_index);
void dev_put(struct net_device *dev) INET_EXPORT(dev_put);
void dev_hold(struct net_device *dev) INET_EXPORT(dev_hold);

/* Fills in a device as Ethernet: type, header_ops, lengths, broadcast, MTU. */
void ether_setup(struct net_device *dev) INET_EXPORT(ether_setup);

/* A random, locally administered unicast address. */
void eth_hw_addr_random(struct net_device *dev) INET_EXPORT(eth_hw_addr_random);

/*
 * Reads and pulls the Ethernet header of a received frame: sets mac_header,
 * skb->dev, pkt_type. Return: the ethertype (0 for a frame that is too short,
 * which __netif_receive_skb_core() drops).
 */
__be16 eth_type_trans(struct sk_buff *skb, struct net_device *dev)
	INET_EXPORT(eth_type_trans);

/* The same two for a device whose packets begin with the IP header: no link
 * header, no addresses, nobody to ask. The ethertype is that of the IP version; a
 * packet of neither 4 nor 6 is dropped and counted as rx_frame_errors. */
void raw_ip_setup(struct net_device *dev) INET_EXPORT(raw_ip_setup);
__be16 raw_ip_type_trans(struct sk_buff *skb, struct net_device *dev)
	INET_EXPORT(raw_ip_type_trans);

/* ---- interrupts and NAPI ---------------------------------------------- */

typedef void irq_handler_t(int fd, void *data);

/*
 * Calls @handler in the softnet of receive queue @queue each time @fd becomes
 * readable (edge triggered: drain it before napi_complete_done()). 0 or -E.
 */
int request_irq(struct net_device *dev, u32 queue, int fd,
		irq_handler_t *handler, void *data) INET_EXPORT(request_irq);
/* The same, and @write_handler each time @fd becomes writable again. */
int request_irq_rw(struct net_device *dev, u32 queue, int fd,
		   irq_handler_t *handler, irq_handler_t *write_handler,
		   void *data) INET_EXPORT(request_irq_rw);
/* @fd wakes nobody any more: it is dead, free_irq() will come. Any context. */
void disable_irq_nosync(struct net_device *dev, u32 queue, int fd)
	INET_EXPORT(disable_irq_nosync);
/* After it returns the handler is not running and never called again. */
void free_irq(struct net_device *dev, int fd) INET_EXPORT(free_irq);

enum napi_state_bits {
	NAPIF_STATE_SCHED = 1 << 0,	/* on a poll list, or being polled */
	NAPIF_STATE_MISSED = 1 << 1,	/* scheduled again while polled */
	NAPIF_STATE_DISABLE = 1 << 2,
	NAPIF_STATE_BUSY_POLL = 1 << 3,	/* a waiting caller polls it */
};

#define GRO_HASH_BUCKETS 8

struct gro_list {
	struct sk_buff *head, *tail;
	u32 count;
};

struct napi_struct {
	struct napi_struct *poll_next;	/* softnet's poll list */
	u32 state;			/* enum napi_state_bits, atomic */
	int weight;
	/* Receives at most @budget packets. Return: how many; less than
	 * @budget only after napi_complete_done(). */
	int (*poll)(struct napi_struct *napi, int budget);
	struct net_device *dev;
	struct softnet_data *softnet;	/* its owner */
	u32 queue;
	struct napi_struct *dev_next;
	struct napi_struct *remote_next;	/* scheduled by other threads */
	struct gro_list gro_hash[GRO_HASH_BUCKETS];
	u32 gro_bitmask;
	u32 id;
	u64 gro_flushed_ns;
};

/* Adds a NAPI of receive queue @queue, disabled; the softnet with number
 * @queue modulo their count will own it. */
void netif_napi_add(struct net_device *dev, struct napi_struct *napi,
		    u32 queue,
		    int (*poll)(struct napi_struct *napi, int budget))
	INET_EXPORT(netif_napi_add);
void netif_napi_del(struct napi_struct *napi) INET_EXPORT(netif_napi_del);
void napi_enable(struct napi_struct *napi) INET_EXPORT(napi_enable);
/* After it returns poll() is not running. */
void napi_disable(struct napi_struct *napi) INET_EXPORT(napi_disable);

/* Joins the owner's poll list, from any thread. Cheap when already there. */
void napi_schedule(struct napi_struct *napi) INET_EXPORT(napi_schedule);
/* Is the caller in a softirq of the NAPI's owner? Then poll() runs before the
 * owner waits, if it is scheduled: a doorbell may be left to it. */
bool napi_in_softirq(const struct napi_struct *napi)
	INET_EXPORT(napi_in_softirq);
/* Takes the SCHED bit if it is free. Return: true when the caller must go on
 * with __napi_schedule(). */
bool napi_schedule_prep(struct napi_struct *napi)
	INET_EXPORT(napi_schedule_prep);
void __napi_schedule(struct napi_struct *napi) INET_EXPORT(__napi_schedule);

/* From poll(): the device is drained. Return: false when it was scheduled
 * again meanwhile and poll() will be called once more. */
bool napi_complete_done(struct napi_struct *napi, int work_done)
	INET_EXPORT(napi_complete_done);

/* ---- packets up ------------------------------------------------------- */

/* From poll(): a frame after eth_type_trans(). Consumes it. */
void napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb)
	INET_EXPORT(napi_gro_receive);
/* The same without merging; any softnet context. */
int netif_receive_skb(struct sk_buff *skb) INET_EXPORT(netif_receive_skb);
/* From any context: queues on the softnet backlog. NET_RX_* */
int netif_rx(struct sk_buff *skb) INET_EXPORT(netif_rx);

enum { NET_RX_SUCCESS, NET_RX_DROP };
enum { NET_XMIT_SUCCESS, NET_XMIT_DROP, NET_XMIT_CN };

/* ---- packets down ----------------------------------------------------- */

/* Sends a complete frame by skb->dev: taps, queue discipline, driver.
 * Return: NET_XMIT_* or -E. */
int dev_queue_xmit(struct sk_buff *skb) INET_EXPORT(dev_queue_xmit);

/* Ring full, ring has room again. */
void netif_tx_stop_queue(struct net_device *dev, u32 queue)
	INET_EXPORT(netif_tx_stop_queue);
void netif_tx_wake_queue(struct net_device *dev, u32 queue)
	INET_EXPORT(netif_tx_wake_queue);
/*
 * Byte queue limits, for devices that hold on to packets: so that they hold no
 * more than they need. Says that ndo_start_xmit() took @bytes, which may stop
 * the queue until some are completed. Return: whether the device is to be told
 * now: no other frame follows at once.
 */
bool netdev_tx_sent_queue(struct net_device *dev, u32 queue, u32 bytes)
	INET_EXPORT(netdev_tx_sent_queue);
/* The device is done with @bytes of them. One caller at a time per queue. */
void netdev_tx_completed_queue(struct net_device *dev, u32 queue, u32 bytes)
	INET_EXPORT(netdev_tx_completed_queue);
/* Whatever was sent will not be completed: nobody sends or completes. */
void netdev_tx_reset_queue(struct net_device *dev, u32 queue)
	INET_EXPORT(netdev_tx_reset_queue);
/* True while the caller of ndo_start_xmit() holds another frame for it. */
bool netdev_xmit_more(struct net_device *dev, u32 queue)
	INET_EXPORT(netdev_xmit_more);

/* A transmitted frame that the device is done with: freed in the softirq. */
void dev_consume_skb_any(struct sk_buff *skb) INET_EXPORT(dev_consume_skb_any);

/* ---- services for drivers --------------------------------------------- */

u64 netdev_now_ns(const struct net_device *dev) INET_EXPORT(netdev_now_ns);
u32 netdev_random(struct net_device *dev) INET_EXPORT(netdev_random);
void *netdev_alloc_mem(struct net_device *dev, size_t size)
	INET_EXPORT(netdev_alloc_mem);	/* zeroed, NULL when short */
void netdev_free_mem(struct net_device *dev, void *p, size_t size)
	INET_EXPORT(netdev_free_mem);
/*
 * The memory of the stack's frames, for a device that reads and writes it
 * itself: one region on a page boundary, frame i at i * frame_size, its
 * bookkeeping netdev_frame(). It stays where it is as long as the stack lives. A
 * frame outside (sk_buff.shinfo->heap) has to be copied.
 */
struct netdev_frames {
	u8 *region;
	struct skb_shared_info *info;	/* of frame 0 */
	u32 info_shift;			/* to the next: 1 << this bytes */
	u32 nr_frames;
	u32 frame_size;
};
void netdev_get_frames(const struct net_device *dev,
		       struct netdev_frames *frames)
	INET_EXPORT(netdev_get_frames);
static inline struct skb_shared_info *
netdev_frame(const struct netdev_frames *frames, u32 nr)
{
	return (struct skb_shared_info *)(void *)
		((u8 *)frames->info + ((size_t)nr << frames->info_shift));
}
static inline u32 netdev_frame_nr(const struct netdev_frames *frames,
				  const struct skb_shared_info *frame)
{
	return (u32)((size_t)((const u8 *)frame - (const u8 *)frames->info) >>
		     frames->info_shift);
}
/* A frame of the region, with one reference; NULL when there is none left. */
struct skb_shared_info *netdev_alloc_frame(struct net_device *dev)
	INET_EXPORT(netdev_alloc_frame);
/* One reference more, one less; any context. */
void netdev_frame_get(struct skb_shared_info *frame)
	INET_EXPORT(netdev_frame_get);
void netdev_frame_put(struct skb_shared_info *frame)
	INET_EXPORT(netdev_frame_put);

/* A place in a driver. */
struct netdev_station {
	const char *function, *file;
	int line;
};
/* A station on the road of @skb (inet/trace.h), or of no packet: NULL. It stays
 * where it is. Any context. */
void netdev_road(const struct net_device *dev, const struct sk_buff *skb,
		 const struct netdev_station *station) INET_EXPORT(netdev_road);
/* The function in which this stands. */
#define NETDEV_ROAD(dev, skb)						\
	do {								\
		static const struct netdev_station station_ = {		\
			__func__, __FILE__, __LINE__ };			\
									\
		netdev_road((dev), (skb), &station_);			\
	} while (0)

/* A line for inet_env.log, with the device's name before it. */
void netdev_printk(int level, const struct net_device *dev, const char *fmt, ...)
	INET_EXPORT(netdev_printk) __attribute__((format(printf, 3, 4)));

/* The sentence inet_strerror() gives. Return: @err, for `return net_error()`. */
int netdev_error(struct net *net, int err, const char *fmt, ...)
	INET_EXPORT(netdev_error) __attribute__((format(printf, 3, 4)));

/* A one-shot timer of a device, run in the softnet of queue 0. */
struct netdev_timer;
struct netdev_timer *netdev_timer_create(struct net_device *dev,
					 void (*fn)(struct net_device *dev))
	INET_EXPORT(netdev_timer_create);
void netdev_timer_arm(struct netdev_timer *t, u64 expires_ns)
	INET_EXPORT(netdev_timer_arm);
void netdev_timer_destroy(struct netdev_timer *t)
	INET_EXPORT(netdev_timer_destroy);

/* One driver: one row in a table; opened by "name:arguments". */
struct netdev_driver {
	const char *name;
	const char *usage;	/* "tap:IFNAME[,mtu=N]" for messages and man */
	/* Opens a device described by @args. Return: 0 and *@dev registered,
	 * or -E with a sentence left by netdev_error(). */
	int (*open)(struct net *net, const char *args, struct net_device **dev);
};

INET_END_DECLS

#endif /* INET_NETDEVICE_H */
