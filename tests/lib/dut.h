/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device under test: a stack with one device, and a far side that sends
 * frames to it and sees what it sends. The contract suite runs on every one.
 *
 * Frames of the tests have the ethertype 0x88b5 (for experiments), so that
 * whatever else a kernel says on its interface does not count. On devices without
 * a link header they are of version 6, which no stack here takes.
 */
#ifndef TESTS_DUT_H
#define TESTS_DUT_H

#include <pthread.h>

#include <inet/inet.h>
#include <inet/netdevice.h>
#include <inet/protocol.h>

#define DUT_ETHERTYPE 0x88b5
#define DUT_RAW_ETHERTYPE 0x86dd	/* without a link header: nobody's else */
#define DUT_HEADER 14u
#define DUT_MAX_FRAMES 4096u

/* Frames that arrived somewhere, oldest first. */
struct dut_frames {
	pthread_mutex_t lock;
	u32 nr;
	struct dut_frame {
		u32 len;
		u8 pkt_type;
		u8 *bytes;
	} frame[DUT_MAX_FRAMES];
};

struct dut {
	const struct dut_ops *ops;
	struct net *net;
	struct net_device *dev;
	struct packet_type pt;		/* collects into rx */
	struct dut_frames rx;		/* the stack received these */

	/* the far side's own */
	struct net *far_net;
	struct net_device *far_dev;
	struct packet_type far_pt;
	struct dut_frames far_rx;	/* the device sent these */
	struct inet_wire *wire;
	struct igb_model *card;
	struct net_device *below;	/* dev stands above it */
	int far_fd;
	int home_fd;			/* the namespace to go back to */
	char far_name[16];
	char near_name[16];
};

struct dut_ops {
	const char *name;
	const char *spec;	/* for inet_netdev_open(); NULL: by other ways */
	bool loops;		/* what is sent is what is received */
	bool in_kernel;		/* the far side is: needs a namespace */
	bool permanent;		/* cannot be closed */
	bool has_carrier;	/* set_carrier works */
	bool has_napi;		/* of its own */
	bool by_fd;		/* its interrupt is a descriptor */
	bool raw;		/* without a link header */
	bool above;		/* another, which judges frames */
	u32 padded;		/* what is shorter is sent with zeros behind */
	bool filters;		/* a card drops giants that are no tag longer
				 * than allowed, and counts them */
	u32 min_inject;		/* shortest frame the far side can send */
	u32 max_inject;		/* and the longest */
	u32 max_mtu;
	/* A new stack and, with dut_open(), its device, down. Return: false
	 * when this cannot be had here. */
	bool (*create)(struct dut *d);
	struct net_device *(*open)(struct dut *d);
	void (*destroy)(struct dut *d);
	/* The far side sends. */
	void (*inject)(struct dut *d, const u8 *frame, u32 len);
	/* Lets the far side collect into far_rx. NULL: nothing to do. */
	void (*far_run)(struct dut *d);
	void (*set_far_mtu)(struct dut *d, u32 mtu);
	void (*set_carrier)(struct dut *d, bool on);
};

extern const struct dut_ops dut_loopback, dut_wire, dut_tap, dut_tun;
extern const struct dut_ops dut_tap_vnet, dut_tap_queues, dut_tun_vnet;
extern const struct dut_ops dut_fd, dut_fd_raw;
extern const struct dut_ops dut_igb, dut_igb_queues;
extern const struct dut_ops dut_vlan;
#ifdef HAVE_XDP
extern const struct dut_ops dut_xdp, dut_xdp_native;
/* dut_namespace(), and whether interfaces can be made there and programs loaded;
 * says why not. */
bool dut_xdp_allowed(void);
#endif

/* The device is up when it returns true. */
bool dut_create(struct dut *d, const struct dut_ops *ops);
void dut_destroy(struct dut *d);

/* Fills a frame; its bytes depend on @seq and @len, its first ones on the kind of
 * the device that was made last. */
void dut_frame(u8 *frame, u32 len, u32 seq);
/* Whether a frame that arrived is that one. */
bool dut_frame_is(const struct dut_frame *f, u32 len, u32 seq);

/* Octets of the link header. */
u32 dut_header(const struct dut *d);

/* The stack sends a frame. Return: what dev_queue_xmit() says. */
int dut_send(struct dut *d, const u8 *frame, u32 len);

/* Runs both sides until @nr frames are in @frames, or half a second passed
 * without. Return: how many there are. */
u32 dut_wait(struct dut *d, struct dut_frames *frames, u32 nr);
/* Runs both sides until nothing happens. */
void dut_settle(struct dut *d);
void dut_frames_clear(struct dut_frames *f);
/* Where what the device sends ends up. */
struct dut_frames *dut_sent(struct dut *d);

/* Nothing is due in the next second: only collectors of garbage have timers. */
bool dut_is_quiet(struct net *net);

u64 dut_drops(struct dut *d, const char *reason);

/* For the devices: a handler that collects, on a stack. */
void dut_collect(struct dut_frames *f, struct net *net, struct packet_type *pt,
		 struct net_device *dev);
void dut_keep(struct dut_frames *f, const u8 *bytes, u32 len, u8 pkt_type);
int dut_xmit(struct net *net, struct net_device *dev, const u8 *frame, u32 len);

/* A network namespace of our own for the whole process. Return: false when
 * that is not allowed here. */
bool dut_namespace(void);

#endif /* TESTS_DUT_H */
