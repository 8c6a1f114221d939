/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device's transmit queue, as its driver sees it: stopped, woken, and not
 * given more than it needs (byte queue limits).
 */
#include "core/dev.h"
#include "core/net.h"
#include "lib/points.h"

/* Any context. */
static void set_state(struct netdev_queue *txq, u32 bit)
{
	if (txq->dev->net->smp)
		__atomic_fetch_or(&txq->state, bit, __ATOMIC_SEQ_CST);
	else
		txq->state |= bit;
}

/* Return: whether @bit was set. Any context. */
static bool clear_state(struct netdev_queue *txq, u32 bit)
{
	u32 old = txq->dev->net->smp ?
		__atomic_fetch_and(&txq->state, ~bit, __ATOMIC_SEQ_CST) :
		txq->state;

	if (!txq->dev->net->smp)
		txq->state &= ~bit;
	return old & bit;
}

void netif_tx_stop_queue(struct net_device *dev, u32 queue)
{
	set_state(&dev->tx[queue], QUEUE_STATE_DRV_XOFF);
}

/* One reason less not to send. */
static void wake(struct netdev_queue *txq, u32 bit)
{
	struct net *net = txq->dev->net;
	struct Qdisc *q;

	if (!(__atomic_load_n(&txq->state, __ATOMIC_SEQ_CST) & bit) ||
	    !clear_state(txq, bit))
		return;
	rcu_read_lock(&net->rcu);
	q = rcu_dereference(txq->qdisc);
	if (q)
		__netif_schedule(q);
	rcu_read_unlock(&net->rcu);
}

void netif_tx_wake_queue(struct net_device *dev, u32 queue)
{
	wake(&dev->tx[queue], QUEUE_STATE_DRV_XOFF);
}

void netif_tx_freeze(struct netdev_queue *txq)
{
	set_state(txq, QUEUE_STATE_FROZEN);
}

void netif_tx_unfreeze(struct netdev_queue *txq)
{
	wake(txq, QUEUE_STATE_FROZEN);
}

bool netdev_xmit_more(struct net_device *dev, u32 queue)
{
	return dev->tx[queue].more;
}

/* ---- byte queue limits ------------------------------------------------ */

/* It has all that it may: stops, and looks whether some was completed in
 * between. */
static __noinline void sent_enough(struct netdev_queue *txq)
{
	INET_PROBE(BQL_STOPPED);
	set_state(txq, QUEUE_STATE_STACK_XOFF);
	if (unlikely(dql_avail(&txq->dql) >= 0))
		clear_state(txq, QUEUE_STATE_STACK_XOFF);
}

bool netdev_tx_sent_queue(struct net_device *dev, u32 queue, u32 bytes)
{
	struct netdev_queue *txq = &dev->tx[queue];

	dql_queued(&txq->dql, bytes);
	if (unlikely(dql_avail(&txq->dql) < 0))
		sent_enough(txq);
	return !txq->more || netif_xmit_stopped(txq);
}

void netdev_tx_completed_queue(struct net_device *dev, u32 queue, u32 bytes)
{
	struct netdev_queue *txq = &dev->tx[queue];

	if (!bytes)
		return;
	dql_completed(&txq->dql, bytes, net_now(dev->net));
	if (dql_avail(&txq->dql) >= 0)
		wake(txq, QUEUE_STATE_STACK_XOFF);
}

void netdev_tx_reset_queue(struct net_device *dev, u32 queue)
{
	struct netdev_queue *txq = &dev->tx[queue];

	clear_state(txq, QUEUE_STATE_STACK_XOFF);
	dql_reset(&txq->dql, net_now(dev->net));
}
