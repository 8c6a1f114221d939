/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * softnet_data: what Linux keeps per CPU, here per stack thread. Only its
 * owner touches it, but for the members marked "others".
 */
#ifndef CORE_SOFTNET_H
#define CORE_SOFTNET_H

#include <inet/netdevice.h>
#include <inet/skbuff.h>

#include "core/frame_pool.h"
#include "core/snmp.h"
#include "lib/llist.h"
#include "lib/lock.h"
#include "lib/poller.h"
#include "lib/random.h"
#include "lib/thread.h"
#include "lib/timer.h"

struct net;

struct Qdisc;
struct irq_desc;
struct sd_flow_limit;

enum softirq_nr {
	NET_TX_SOFTIRQ,
	NET_RX_SOFTIRQ,
	TASKLET_SOFTIRQ,		/* tcp_tsq_action() */
	APP_CALL_SOFTIRQ,		/* app_call_action() */
	NR_SOFTIRQS,
};

struct softnet_data {
	/* read by others, written by nobody */
	struct net *net;
	u32 id;
	struct poller poller;		/* not in simulated mode */
	struct thread thread;

	/* ---- the owner's; others look at some of it, seldom ---- */
	u32 pending __aligned(SMP_APART_BYTES);	/* raised softirqs, bit per number */
	bool in_softirq;

	/* NAPI */
	struct napi_struct *poll_head, **poll_tail;
	struct napi_struct backlog;	/* process_backlog() */
	struct sk_buff_head process_queue;

	/* transmit */
	struct Qdisc *output_queue, **output_queue_tailp;
	struct sk_buff *completion_queue;
	u32 xmit_recursion;
	struct sock *tsq_head, **tsq_tailp;	/* tcp_tsq_action() */

	/* memory */
	struct frame_cache frames;
	struct sk_buff *skb_cache;
	u32 nr_skb_cache;
	u32 nr_skb_whole;
	struct sk_buff *skb_whole;	/* with their frames */

	struct wheel wheel;
	struct rnd_state rnd;
	u64 mib[MIB_MAX];
	u64 drops[SKB_DROP_REASON_MAX];

	/* others too, without a lock, then kick_softnet(). Not empty:
	 * APP_CALL_SOFTIRQ counts as raised. */
	struct llist_head app_calls;

	/* steering */
	u64 rps_ipi;			/* softnets to kick after this round */
	u32 cpu;			/* the processor of the last turn */
	u32 input_queue_head;		/* packets dealt with; read by others */
	struct irq_desc *dead_irqs;
	u32 turns;			/* begun; see softnet_quiesce() */

	/* ---- others: under input_lock, then kick_softnet() ---- */
	struct inet_lock input_lock __aligned(SMP_APART_BYTES);
	struct sk_buff_head input_pkt_queue;
	u32 input_queue_tail;		/* packets ever queued */
	struct sd_flow_limit *flow_limit;
	struct napi_struct *remote_poll;	/* scheduled by other threads */
	struct Qdisc *remote_output;
	struct Qdisc *watchdogs;	/* by time */
	u64 watchdog_ns;		/* of the first; read without the lock */
	struct sk_buff *remote_completion;
	u32 kicked;
	u32 sleeping;			/* read by others to skip the kick */
};

typedef void softirq_action(struct softnet_data *sd);

void open_softirq(struct net *net, enum softirq_nr nr, softirq_action *action);
static inline void raise_softirq(struct softnet_data *sd, enum softirq_nr nr)
{
	sd->pending |= 1u << nr;
}

/* Runs what is raised, bounded; what is left stays raised. */
void do_softirq(struct softnet_data *sd);
/* Any thread: makes the owner look at its shared members. */
void kick_softnet(struct softnet_data *sd);

/*
 * A callback of the application that is due. APP_CALL_SOFTIRQ makes the call, with
 * no lock held and outside the softirqs' RCU section: a callback may take rtnl, or
 * wait for a grace period when it closes something.
 */
struct app_call {
	struct llist_node node;
	/* What the call holds is given back by it. @sd NULL: the stack ends, and
	 * nobody is called. Return: call again, in the next round. */
	bool (*fn)(struct app_call *call, struct softnet_data *sd);
};

void app_call_action(struct softnet_data *sd);
/* By this softnet, or by the first. @call must not be queued. Any context. */
void app_call_queue(struct net *net, struct app_call *call);
/* Ends what is queued. Context: inet_destroy(), the threads are gone. */
void app_calls_drop(struct net *net);

/* One turn of a softnet: kicks, softirqs, timers, RCU. Return: units of work
 * done (packets and timers). */
u32 softnet_run(struct softnet_data *sd);
/* When softnet_run() has work again: 0 now, U64_MAX never, else a time. */
u64 softnet_next(struct softnet_data *sd);

/* softnet_run() after waiting at most @timeout_ns for a descriptor, a kick or
 * the next timer. Not in simulated mode. Context: owner. */
u32 softnet_wait_run(struct softnet_data *sd, u64 timeout_ns);

/* Waits until the owner has begun another turn: whatever it was doing with
 * something just taken away, it has ended. */
void softnet_quiesce(struct softnet_data *sd);

int softnet_init(struct net *net, u32 id);
/* Drops what its queues hold. Nothing runs on it any more. */
void softnet_purge(struct softnet_data *sd);
/* That, and its caches go. */
void softnet_destroy(struct softnet_data *sd);

void net_rx_action(struct softnet_data *sd);
/* Kicks those whose backlogs got something in this round. */
void net_rps_send_ipi(struct softnet_data *sd);
void net_tx_action(struct softnet_data *sd);

#endif /* CORE_SOFTNET_H */
