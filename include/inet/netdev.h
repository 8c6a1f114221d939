/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The devices of libinetdev: opening one by a line of text, and the cable in
 * memory between two stacks.
 *
 * A device belongs to the stack it was opened for; inet_netdev_close() and
 * inet_destroy() (inet/control.h, inet/inet.h) close it.
 */
#ifndef INET_NETDEV_H
#define INET_NETDEV_H

#include <inet/export.h>
#include <inet/fault.h>
#include <inet/netdevice.h>
#include <inet/types.h>

INET_BEGIN_DECLS

struct net;
struct inet_wire;

/*
 * Opens "driver:arguments", for example
 *
 *	tap:tap0			an existing TAP, or a new one
 *	tap:%d,mtu=9000			a new one, the kernel numbers it
 *	xdp:eth0,except=tcp/22		an interface, past the kernel's stack
 *	igb:0000:01:00.0		an Intel card, without the kernel
 *	vlan:tap0,id=5			a VLAN of a device
 *	wire:w0,peer=w1,delay=20ms	two devices with a cable between them
 *
 * The device is down: give it addresses, then inet_netdev_up(). The whole list
 * is inet_netdev_drivers(); inet-tap(4) and inet_wire_connect(3) explain the
 * arguments.
 * Return: the device, or NULL with errno and a sentence in inet_strerror():
 * ENODEV (no such driver), EINVAL (arguments), EEXIST (name), EPERM, ENOMEM,
 * and what the operating system says.
 */
struct net_device *inet_netdev_open(struct net *net, const char *spec) INET_API;

/* The drivers of this library, with their usage; *nr: how many. */
const struct netdev_driver *const *inet_netdev_drivers(size_t *nr) INET_API;

/* ---- the kernel's TAP and TUN ----------------------------------------- */

/* Zero and NULL mean the default for every member but @size; inet-tap(4). */
struct inet_tap_config {
	size_t size;		/* sizeof(struct inet_tap_config) */
	const char *name;	/* of the device; default: the interface's */
	u32 mtu;		/* 68 .. 65521; default: the interface's */
	u8 mac[6];		/* default: random */
	u32 nr_queues;		/* 1 .. 64, of an interface that may have
				 * several; 0: one that has one */
	bool vnet_hdr;		/* checksums and segments left to each other */
	bool tun;		/* a TUN: packets without a link header, to
				 * 65535; no mac */
};

/*
 * A device whose other side is the kernel's interface @ifname, which is made if
 * there is none ("%d": with the next number). @config NULL: all defaults.
 * Return: the device, down, or NULL with errno and a sentence in
 * inet_strerror(): EINVAL, EPERM, EBUSY (another program has it), EEXIST (the
 * stack has a device of that name).
 */
struct net_device *inet_tap_open(struct net *net, const char *ifname,
				 const struct inet_tap_config *config) INET_API;

/* ---- a descriptor of packets ------------------------------------------ */

/* Zero means the default for every member but @size; inet-fd(4). */
struct inet_fd_config {
	size_t size;		/* sizeof(struct inet_fd_config) */
	u32 mtu;		/* 68 .. 65521, raw: 65535; default 1500 */
	u8 mac[6];		/* default: random */
	bool raw;		/* packets of IP, without a link header */
};

/*
 * A device @name over @fd: a socket of datagrams or packets (SOCK_DGRAM,
 * SOCK_SEQPACKET), such as one end of a socketpair(), or a TUN's descriptor. One
 * message is one frame. The descriptor is the device's, which closes it. @config
 * NULL: all defaults.
 * Return: the device, down, or NULL with errno and a sentence in
 * inet_strerror(), and @fd is still the caller's: EINVAL, EBADF, EEXIST (the
 * name), EOPNOTSUPP (the stack is simulated).
 */
struct net_device *inet_fd_open(struct net *net, const char *name, int fd,
				const struct inet_fd_config *config) INET_API;

/* ---- AF_XDP ----------------------------------------------------------- */

/* How frames come from the kernel's interface; inet-xdp(4). */
enum inet_xdp_mode {
	INET_XDP_AUTO,		/* the fastest that works */
	INET_XDP_ZEROCOPY,	/* the driver uses the stack's own frames */
	INET_XDP_NATIVE,	/* the driver runs the program, a copy */
	INET_XDP_GENERIC,	/* any interface: after the driver, a copy */
	INET_XDP_COPY,		/* native or generic */
};

/* Zero and NULL mean the default for every member but @size. */
struct inet_xdp_config {
	size_t size;		/* sizeof(struct inet_xdp_config) */
	const char *name;	/* of the device; default: the interface's */
	u32 mtu;		/* default: the interface's */
	u8 mac[6];		/* default: the interface's */
	enum inet_xdp_mode mode;
	u32 queue;		/* the first queue of the interface to use */
	u32 nr_queues;		/* default: all from there on */
	u32 ring_size;		/* frames a queue holds each way: a power of
				 * two from 64 to 8192; default 2048, less if
				 * that were more than a quarter of all */
	u32 busy_poll_us;	/* our calls poll the driver */
	const char *except;	/* rules: what stays with the kernel */
	const char *only;	/* rules: what does not, and nothing else */
	bool trust_checksums;	/* of received packets */
};

/* What an AF_XDP device is, and counts since it was opened. */
struct inet_xdp_info {
	enum inet_xdp_mode mode;	/* chosen: never auto or copy */
	u32 queue, nr_queues;
	u32 ring_size;
	bool multi_buffer;	/* packets may lie in several frames */
	bool need_wakeup;	/* the kernel says when it wants a call */
	bool busy_poll;		/* the kernel has agreed to it */
	u64 rx_dropped;		/* by the kernel: too long, no frame */
	u64 rx_ring_full;	/* by the kernel: we were too slow */
	u64 rx_fill_ring_empty;	/* times that it found no frame */
	u64 tx_invalid;		/* what it did not want to send */
	u64 rx_bad, tx_bad;	/* claims of the kernel that cannot be */
};

/*
 * A device on the kernel's interface @ifname. @config NULL: all defaults.
 * Return: the device, down, or NULL with errno and a sentence in
 * inet_strerror(): EINVAL, ENODEV, EPERM, EBUSY (another program has the queue
 * or the interface), ENOBUFS (the frames cannot be locked in memory), ENOSYS
 * (the library was built without).
 */
struct net_device *inet_xdp_open(struct net *net, const char *ifname,
				 const struct inet_xdp_config *config) INET_API;

/* 0, or -1 with EINVAL: @dev is no such device. */
int inet_xdp_get_info(struct net_device *dev, struct inet_xdp_info *info)
	INET_API;

/* ---- Intel's igb cards ------------------------------------------------ */

/* Zero and NULL mean the default for every member but @size; inet-igb(4). */
struct inet_igb_config {
	size_t size;		/* sizeof(struct inet_igb_config) */
	const char *name;	/* of the device; default: igb%d */
	u32 mtu;		/* 68 .. 9216; default 1500 */
	u8 mac[6];		/* default: the card's */
	u32 nr_queues;		/* each way; default: as the stack has threads */
	u32 ring_size;		/* packets a queue holds each way: a power of
				 * two from 64 to 4096; default 256 */
	u32 itr_us;		/* fixed: between two interrupts of a queue, to
				 * 8191; default: by what passes */
	bool head_writeback;	/* how the card says what it has sent */
};

/* What an igb device is. */
struct inet_igb_info {
	const char *part;	/* "82576"; lives as long as the library */
	char pci_address[16];
	u32 nr_queues, nr_card_queues;	/* used, and that the card has */
	u32 ring_size;
	u32 link_mbit;		/* 0: there is no link */
	u64 resets;		/* of a card that had stopped */
	u64 huge_bytes;		/* of the frame pool, in huge pages */
	bool gone;		/* it does not answer, or was wanted back */
};

/*
 * A device on the card at @pci_address ("0000:01:00.0"), which is bound to
 * vfio-pci. @config NULL: all defaults.
 * Return: the device, down, or NULL with errno and a sentence in
 * inet_strerror(): EINVAL, ENODEV, EACCES, EBUSY (another program has it),
 * ENOMEM (memory cannot be locked), EIO (the card does not answer).
 */
struct net_device *inet_igb_open(struct net *net, const char *pci_address,
				 const struct inet_igb_config *config) INET_API;

/* 0, or -1 with EINVAL: @dev is no such device. */
int inet_igb_get_info(struct net_device *dev, struct inet_igb_info *info)
	INET_API;

/* ---- the wire --------------------------------------------------------- */

/*
 * A cable between two stacks of this process, with a device at each end. The
 * stacks may be the same, run in one thread or in several, in any mode. A frame
 * is copied once into the receiver's memory and then is the receiver's alone.
 * Without faults a frame is never lost: when the receiver does not keep up,
 * the sender's queue stops. With faults (inet/fault.h) the cable loses,
 * delays and damages as described, by the clock of the receiving stack.
 *
 * Each end may go first, by inet_netdev_close() or with its stack; the other
 * end then loses its carrier, and frames in flight are counted as lost.
 *
 * An embedded stack that once was run by one thread must not be run by
 * another while its wire is up: set the device down and up between.
 */
enum inet_wire_direction {
	INET_WIRE_A_TO_B = 1,
	INET_WIRE_B_TO_A = 2,
	INET_WIRE_BOTH = 3,
};

/* Zero means the default for every member but @size. */
struct inet_wire_config {
	size_t size;		/* sizeof(struct inet_wire_config) */
	u32 mtu;		/* of both devices: 68 .. 65521; default 1500 */
	u32 ring_frames;	/* frames on their way to an end before its
				 * sender must wait: a power of two from 8 to
				 * 4096; default 128 */
	u8 mac_a[6], mac_b[6];	/* link addresses; zero: random */
	struct inet_fault_config a_to_b, b_to_a;
};

/* One direction since the wire was made. */
struct inet_wire_counters {
	u64 sent;		/* frames that the sending device took */
	u64 received;		/* frames given to the receiving stack */
	u64 lost_down;		/* no receiver: down, gone, no carrier */
	u64 lost_nomem;		/* the receiver had no memory */
	u64 waited;		/* times the sender's queue stopped */
	struct inet_fault_counters faults;	/* zero while there are none */
};

/*
 * Makes a device @name_a in @a and @name_b in @b and a cable between them.
 * @config NULL: all defaults.
 * Return: the wire, or NULL with errno and a sentence in inet_strerror(@a):
 * EINVAL, EEXIST, ENOMEM, EMFILE.
 * Context: both stacks are at rest, or allow calls from any thread.
 */
struct inet_wire *inet_wire_connect(struct net *a, const char *name_a,
				    struct net *b, const char *name_b,
				    const struct inet_wire_config *config)
	INET_API;

/*
 * Closes the devices that are still there, as inet_netdev_close() would, and
 * frees the handle. A device of an embedded stack of another thread has to be
 * closed there first. NULL is fine.
 */
void inet_wire_close(struct inet_wire *wire) INET_API;

/* The device at end 'a' or 'b', NULL when it has been closed. */
struct net_device *inet_wire_device(struct inet_wire *wire, char end) INET_API;

/*
 * The following may be called at any time from any thread, and go on working
 * for what is left of the wire.
 */

/* Other faults from the next frame on; the numbers of the frames and the seed
 * stay. 0, or -1 with EINVAL. */
int inet_wire_set_faults(struct inet_wire *wire,
			 enum inet_wire_direction direction,
			 const struct inet_fault_config *config) INET_API;

/* Nothing passes any more, or again; the stacks are not told. */
void inet_wire_partition(struct inet_wire *wire,
			 enum inet_wire_direction direction,
			 bool on) INET_API;

/* Pulls the plug or puts it back: both devices lose or get their carrier. */
void inet_wire_set_carrier(struct inet_wire *wire, bool on) INET_API;

/* @direction is one of the two. 0, or -1 with EINVAL. */
int inet_wire_get_counters(struct inet_wire *wire,
			   enum inet_wire_direction direction,
			   struct inet_wire_counters *counters) INET_API;

INET_END_DECLS

#endif /* INET_NETDEV_H */
