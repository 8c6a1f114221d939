/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The AF_XDP device: xdp.c is the device and its opening, xdp_queue.c sends
 * and receives, xdp_socket.c makes the sockets, xdp_prog.c the program that
 * feeds them, xdp_link.c asks about the kernel's interface, xdp_ring.c keeps
 * the rings.
 */
#ifndef LIBDEV_XDP_H
#define LIBDEV_XDP_H

#include <inet/netdev.h>

#include <net/if.h>

#include "driver.h"
#include "lib/lock.h"
#include "xdp_ring.h"

#define XDP_HEADROOM 256u	/* what the kernel keeps free in a frame */
#define XDP_PAD 2u		/* and we: puts the IP header on 4 bytes */
#define XDP_MAX_QUEUES 64u	/* transmit queues of a device */
#define XDP_MAX_DESCS 17u	/* of one packet: the kernel's MAX_SKB_FRAGS */
#define XDP_RING_MIN 64u
#define XDP_RING_MAX 8192u
#define XDP_RING_DEFAULT 2048u
#define XDP_TIMER_NS 1000000ull	/* while something is on its way */
#define XDP_NEEDS "; needs CAP_NET_ADMIN, CAP_NET_RAW and CAP_BPF"
#define XDP_MODES "auto|zerocopy|native|generic|copy"
#define XDP_USAGE							\
	"xdp:IFNAME[,name=NAME][,mtu=N][,mac=ADDR]"			\
	"[,mode=" XDP_MODES "][,queue=N]"				\
	"[,queues=N][,ring=N][,busy-poll=US][,except=RULES|,only=RULES]" \
	"[,rxcsum]"
#define XDP_RULES_LEN 128u	/* of except= and only= as text */

/* ---- the kernel's interface ------------------------------------------- */

struct xdp_link {
	int nl_fd;		/* netlink: told of changes */
	int filter_fd;		/* a packet socket that holds memberships */
	int ifindex;
	char ifname[IFNAMSIZ];
	char driver[32];
	u32 mtu;
	u32 nr_queues;		/* that receive and transmit */
	u8 mac[6];
	bool promisc;		/* by filter_fd */
};

enum xdp_link_state { XDP_LINK_DOWN, XDP_LINK_UP, XDP_LINK_GONE };

/* Finds @ifname. Return: 0 or -errno. */
int xdp_link_open(struct xdp_link *link, const char *ifname);
void xdp_link_close(struct xdp_link *link);
enum xdp_link_state xdp_link_state(struct xdp_link *link);
/* Reads what netlink said. Return: whether it was about the interface. */
bool xdp_link_changed(struct xdp_link *link);
/* Has the interface pass frames for others, or no longer. */
void xdp_link_promisc(struct xdp_link *link, bool on);

/* ---- the program ------------------------------------------------------ */

enum xdp_rule_kind { XDP_RULE_ETHER, XDP_RULE_PROTO, XDP_RULE_PORT,
		     XDP_RULE_SOURCE_PORT, XDP_RULE_ADDR };

struct xdp_rule {
	enum xdp_rule_kind kind;
	u16 ethertype;
	u8 proto;
	u16 lo, hi;		/* ports */
	__be32 addr;		/* destination */
};

#define XDP_MAX_RULES 32u

struct xdp_rules {
	struct xdp_rule rule[XDP_MAX_RULES];
	u32 nr;
	bool only;		/* what matches is ours, not the kernel's */
};

struct xdp_prog {
	int map_fd;		/* XSKMAP: queue to socket */
	int prog_fd;
	int link_fd;		/* the program goes with this descriptor */
	bool frags;		/* it takes packets in several buffers */
};

/* Adds the rules of "tcp/22+arp". Return: 0, -EINVAL and *@bad is the item. */
int xdp_rules_parse(struct xdp_rules *rules, const char *text,
		    const char **bad);
/* Loads the program, for queues below @nr_queues. Return: 0 or -errno. */
int xdp_prog_load(struct xdp_prog *prog, const struct xdp_rules *rules,
		  u32 nr_queues);
/* Attaches it. @flags: XDP_FLAGS_SKB_MODE or XDP_FLAGS_DRV_MODE. 0 or -errno. */
int xdp_prog_attach(struct xdp_prog *prog, int ifindex, u32 flags);
void xdp_prog_detach(struct xdp_prog *prog);
/* @fd is the socket of @queue from now on; -1: what comes is the kernel's. */
int xdp_prog_set(const struct xdp_prog *prog, u32 queue, int fd);
void xdp_prog_close(struct xdp_prog *prog);
/* Is any program attached to the interface? */
bool xdp_prog_attached(int ifindex);

/* ---- the device ------------------------------------------------------- */

struct xdp;

struct xdp_queue {
	struct xdp *xdp;
	struct xsk_socket *xsk;
	int fd;			/* of xsk */
	u32 index;		/* of the device; the interface's: + first */
	struct napi_struct napi;
	struct xdp_rings rings;
	struct sk_buff *skb;	/* begun, the rest is to come */
	bool skip;		/* the rest is to be thrown away */
	bool napi_seen;		/* the kernel was asked which one */
	struct inet_lock tx_lock;	/* tx and completion rings */
	bool tx_stopped;		/* under tx_lock */

	u64 rx_packets, rx_bytes, rx_over, rx_dropped;	/* by poll() */
	u64 tx_errors, tx_dropped;		/* under xmit_lock */
};

struct xdp {
	struct net_device *dev;
	struct netdev_timer *timer;	/* while the device is up */
	u32 timer_armed;		/* atomic */
	struct netdev_frames frames;
	struct xdp_link link;
	struct xdp_prog prog;
	struct xsk_umem *umem;		/* frames, as memory of the sockets */
	struct xdp_queue *queues;
	u32 nr_queues;
	u32 first;			/* queue of the interface */
	u32 ring;
	enum inet_xdp_mode mode;	/* asked for, then chosen */
	u32 busy_poll_us;
	bool zerocopy;
	bool sg;			/* packets in several frames */
	bool need_wakeup;
	bool busy_poll;			/* our calls poll the driver */
	bool on_veth;
	bool gone;			/* the interface */
};

static inline struct xdp *xdp_priv(const struct net_device *dev)
{
	return dev->priv;
}

/* A counter with one writer, read by others. */
static inline void xdp_count(u64 *counter, u64 n)
{
	WRITE_ONCE(*counter, *counter + n);
}

/* The longest frame that fits one frame of the pool. */
static inline u32 xdp_room(const struct xdp *xdp)
{
	return xdp->frames.frame_size - XDP_HEADROOM - XDP_PAD;
}

/* Makes the sockets of all queues and attaches the program, in the mode asked
 * for or the best there is. Return: 0 or -E with a sentence. */
int xdp_sockets_open(struct xdp *xdp);
/* Says why the kernel refused @what. Return: @err. */
int xdp_refused(const struct xdp *xdp, const char *what, int err);
/* Closes them; the frames that the kernel held come back. */
void xdp_sockets_close(struct xdp *xdp);

void xdp_wait_released(int ifindex, u32 queue);

int xdp_poll(struct napi_struct *napi, int budget);
enum netdev_tx xdp_start_xmit(struct sk_buff *skb, struct net_device *dev);
/* Gives the kernel frames to fill until its ring is full. */
u32 xdp_refill(struct xdp_queue *q);
/* Throws away what was received. */
void xdp_rx_drain(struct xdp_queue *q);
/* Takes back what was sent, sends what waits, lets the queue go on. Return:
 * whether something is still on its way. */
bool xdp_tx_service(struct xdp_queue *q);

#endif /* LIBDEV_XDP_H */
