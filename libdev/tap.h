/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of the tap driver: tap.c moves frames, tap_open.c makes the device,
 * tap_link.c watches the kernel's interface. */
#ifndef LIBDEV_TAP_H
#define LIBDEV_TAP_H

#include <errno.h>
#include <net/if.h>

#include <inet/inet.h>
#include <inet/netdevice.h>

#include "lib/compiler.h"
#include "tap_vnet.h"

#define TAP_VNET_ROOM 65554u	/* a packet that a header describes, and a tag
				 * and an octet more */
#define TAP_SPARES 32u		/* frames of 2,048 for that, behind the first */
#define TAP_MAX_QUEUES 64u	/* as many as a device may have */

struct tap;

/* One queue of the kernel's interface: a descriptor of its own. */
struct tap_queue {
	int fd;
	u32 nr;
	struct tap *tap;
	struct napi_struct napi;
	struct sk_buff *next;		/* what the next read() fills, or NULL */
	struct skb_shared_info *spare[TAP_SPARES];	/* and what follows */
	u32 nr_spares;
	bool again;			/* the timer polls; any context */

	u64 rx_packets, rx_bytes;			/* by tap_poll() */
	u64 rx_over, rx_bad, rx_dropped, rx_errors;
	u64 tx_errors;					/* under xmit_lock */
};

struct tap {
	struct net_device *dev;
	struct netdev_timer *timer;	/* while the device is up */

	/* the kernel's interface; by the softnet of queue 0, or while the
	 * device is down */
	int link_fd;			/* where the kernel tells of it */
	int ifindex;
	char ifname[IFNAMSIZ];
	u32 mtu;
	bool up;			/* it and its link */
	bool away;			/* in another network namespace; the
					 * xmit path reads it */
	bool gone;			/* deleted; any context */

	u32 vnet_len;			/* of the header of each frame, or 0 */
	bool uso;			/* the kernel leaves UDP to be cut, too */
	u32 frame_size;			/* of the stack's pool */
	u32 nr_queues;
	struct tap_queue queue[];
};

static inline struct tap *tap_priv(const struct net_device *dev)
{
	return dev->priv;
}

extern const struct net_device_ops tap_netdev_ops;

/* NAPI poll of a queue. */
int tap_poll(struct napi_struct *napi, int budget);

/* True for the errors that a deleted interface gives. */
static inline bool tap_error_is_final(int err)
{
	return err == EBADFD || err == EFAULT || err == ENXIO;
}

/* ---- tap_link.c ------------------------------------------------------- */

/* Finds the interface that @fd is attached to, by its name in @tap, and learns
 * what it is. Return: 0 or -errno. */
int tap_link_open(struct tap *tap);
void tap_link_close(struct tap *tap);

/* Asks the kernel anew, and reads all that it has told. Return: false when there
 * may be more to read. */
bool tap_link_ask(struct tap *tap);
bool tap_link_read(struct tap *tap);

/* A line in the log says which commands an interface that is down wants. */
void tap_link_hint(const struct tap *tap);

/* The interface was deleted. Any context. */
void tap_link_gone(struct tap *tap);

#endif /* LIBDEV_TAP_H */
