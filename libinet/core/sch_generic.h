/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queue disciplines: between dev_queue_xmit() and the driver. pfifo_fast has
 * three bands by priority and bypasses itself when empty; noqueue (loopback)
 * sends directly.
 */
#ifndef CORE_SCH_GENERIC_H
#define CORE_SCH_GENERIC_H

#include <inet/netdevice.h>

#include "core/dynamic_queue_limits.h"
#include "lib/lock.h"

struct Qdisc;

struct Qdisc_ops {
	const char *id;
	u32 priv_size;
	int (*init)(struct Qdisc *q);
	/* Consumes @skb. NET_XMIT_*. Under q->lock. */
	int (*enqueue)(struct sk_buff *skb, struct Qdisc *q);
	struct sk_buff *(*dequeue)(struct Qdisc *q);
	struct sk_buff *(*peek)(struct Qdisc *q);
	void (*reset)(struct Qdisc *q);
	void (*destroy)(struct Qdisc *q);
};

struct Qdisc {
	const struct Qdisc_ops *ops;
	struct net_device *dev;
	struct netdev_queue *txq;
	struct inet_lock lock;		/* guards the queue */
	u32 qlen;			/* packets, under lock */
	u32 limit;
	bool running;			/* somebody dequeues, under lock */
	bool scheduled;			/* on an output_queue, under lock */
	bool deactivated;		/* its device is down, under lock */
	struct Qdisc *next_sched;
	struct sk_buff *gso_skb;	/* refused by the driver, goes first */
	u64 drops, requeues;
	void *priv;
};

struct netdev_queue {
	struct net_device *dev;
	struct Qdisc *qdisc;		/* NULL: noqueue */
	struct inet_lock xmit_lock;	/* around ndo_start_xmit() */
	u32 state;			/* QUEUE_STATE_*, atomic; 0: go on */
	bool more;			/* netdev_xmit_more() */
	u64 tx_packets, tx_bytes;	/* under xmit_lock */
	struct dql dql;			/* see netdev_tx_sent_queue() */
};

/* Why a queue gets no packets: its ring is full, or it holds as much as it shall
 * (byte queue limits). */
#define QUEUE_STATE_DRV_XOFF 1u
#define QUEUE_STATE_STACK_XOFF 2u

static inline bool netif_xmit_stopped(const struct netdev_queue *txq)
{
	return READ_ONCE(txq->state) != 0;
}

extern const struct Qdisc_ops pfifo_fast_ops;

struct Qdisc *qdisc_create(struct netdev_queue *txq,
			   const struct Qdisc_ops *ops);
void qdisc_destroy(struct Qdisc *q);
/* Drops what it holds. */
void qdisc_reset(struct Qdisc *q);
/* Sends what it can, at most a budget. Any context. */
void qdisc_run(struct Qdisc *q);
/* Through the qdisc, or past it when it is empty. Consumes. NET_XMIT_*. */
int __dev_xmit_skb(struct sk_buff *skb, struct Qdisc *q);
/* Its device goes down: no softnet looks at it any more, until ... */
void qdisc_unschedule(struct Qdisc *q);
/* ... its device goes up again. */
void qdisc_activate(struct Qdisc *q);
/* Has net_tx_action() run it. */
void __netif_schedule(struct Qdisc *q);

#endif /* CORE_SCH_GENERIC_H */
