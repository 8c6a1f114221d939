/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queue disciplines: between dev_queue_xmit() and the driver. pfifo_fast has
 * three bands by priority and bypasses itself when empty; fq (sch_fq.c) has a
 * queue per flow and paces; noqueue (loopback) sends directly. sch_api.c knows
 * which there are and changes a device's.
 */
#ifndef CORE_SCH_GENERIC_H
#define CORE_SCH_GENERIC_H

#include <stddef.h>
#include <stdio.h>

#include <inet/netdevice.h>

#include "core/dynamic_queue_limits.h"
#include "lib/lock.h"

#define MAX_TX_QUEUES 64

struct Qdisc;

/* An option of a discipline, a number in its private part. */
struct qdisc_option {
	const char *name;
	size_t offset;
	enum {
		QDISC_OPT_U32,
		QDISC_OPT_BYTES,	/* u32 */
		QDISC_OPT_RATE,		/* u64, bytes a second; text: bits */
		QDISC_OPT_TIME,		/* u64, ns; text: us, ms, s */
		QDISC_OPT_FLAG,		/* bool; text: the name, or "no" before */
	} kind;
	u64 min, max;
};

/* All but init() and destroy() under q->lock. */
struct Qdisc_ops {
	const char *id;
	u32 priv_size;
	bool can_bypass;	/* empty: a packet may pass it by */
	const struct qdisc_option *options;
	u32 nr_options;
	/* Sets the options' defaults. 0 or -E. */
	int (*init)(struct Qdisc *q);
	/* Consumes @skb. NET_XMIT_*. */
	int (*enqueue)(struct sk_buff *skb, struct Qdisc *q);
	/* NULL: there is none, or it has yet to wait (a watchdog will tell). */
	struct sk_buff *(*dequeue)(struct Qdisc *q);
	/* What dequeue() would give, which stays. */
	struct sk_buff *(*peek)(struct Qdisc *q);
	void (*reset)(struct Qdisc *q);
	void (*destroy)(struct Qdisc *q);
	/* Prints what it has counted, lines. May be NULL. */
	void (*dump_stats)(struct Qdisc *q, char *buf, size_t size);
	/* Asserts that all is as it must be. Return: packets that it holds. */
	u32 (*verify)(struct Qdisc *q);
};

struct Qdisc {
	const struct Qdisc_ops *ops;
	struct net_device *dev;
	struct netdev_queue *txq;
	struct inet_lock lock;		/* guards the queue */
	u32 qlen;			/* packets, under lock */
	u32 limit;
	bool can_bypass;		/* constant, of ops */
	bool running;			/* somebody dequeues, under lock */
	bool scheduled;			/* on an output_queue, under lock */
	bool deactivated;		/* its device is down, under lock */
	struct Qdisc *next_sched;
	struct Qdisc *next_watchdog;	/* of a softnet, under its input_lock */
	u64 watchdog_ns;		/* when; U64_MAX: it is on no list */
	struct sk_buff *gso_skb;	/* refused by the driver, goes first */
	u64 drops, requeues;		/* under lock */
	void *priv;
} __aligned(SMP_APART_BYTES);

struct netdev_queue {
	struct net_device *dev;
	struct Qdisc *qdisc;		/* RCU; NULL: noqueue */
	struct inet_lock xmit_lock;	/* around ndo_start_xmit() */
	u32 state;			/* QUEUE_STATE_*, atomic; 0: go on */
	bool more;			/* netdev_xmit_more() */
	u64 tx_packets, tx_bytes;	/* under xmit_lock */
	struct dql dql;			/* see netdev_tx_sent_queue() */
	u64 xps_softnets;		/* who sends by it, under rtnl */
} __aligned(SMP_APART_BYTES);

/* Why a queue gets no packets: its ring is full, it holds as much as it shall (byte
 * queue limits), or its discipline is being changed. */
#define QUEUE_STATE_DRV_XOFF 1u
#define QUEUE_STATE_STACK_XOFF 2u
#define QUEUE_STATE_FROZEN 4u

static inline bool netif_xmit_stopped(const struct netdev_queue *txq)
{
	return READ_ONCE(txq->state) != 0;
}

extern const struct Qdisc_ops pfifo_fast_ops;
extern const struct Qdisc_ops fq_qdisc_ops;
/* The knob of disciplines. 0 or -E. */
int sch_net_init(struct net *net);

/* Its driver gets nothing in between. */
void netif_tx_freeze(struct netdev_queue *txq);
void netif_tx_unfreeze(struct netdev_queue *txq);

struct Qdisc *qdisc_alloc(struct netdev_queue *txq,
			  const struct Qdisc_ops *ops);
/* The one that net.core.default_qdisc names; NULL: memory is short. */
struct Qdisc *qdisc_create_dflt(struct netdev_queue *txq);
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
/* The same at @when_ns, by the softnet that has its queue: to the nanosecond,
 * where the timers' wheel has ticks. An earlier time that was set stays. Under
 * q->lock. */
void qdisc_watchdog_schedule_ns(struct Qdisc *q, u64 when_ns);
void qdisc_watchdog_cancel(struct Qdisc *q);
/* Those that are due. Context: the owner of @sd. */
void qdisc_watchdogs(struct softnet_data *sd, u64 now_ns);
/* Drops one packet that was to be queued. NET_XMIT_DROP. Under q->lock. */
int qdisc_drop_reason(struct sk_buff *skb, struct Qdisc *q,
		      enum skb_drop_reason reason);
void qdisc_verify(struct Qdisc *q);
/* For inet_qdisc_show(). 0 or -E. */
int qdisc_show(struct net *net, FILE *out);

#endif /* CORE_SCH_GENERIC_H */
