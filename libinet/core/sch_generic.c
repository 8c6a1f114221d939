/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queue disciplines: the machine that moves packets from a qdisc to a driver,
 * and pfifo_fast.
 *
 * One context at a time dequeues (q->running, taken under q->lock), so that
 * packets keep their order; it hands the frame to the driver under the
 * transmit lock. A packet that the driver does not segment is cut there, behind
 * the queue: it is one packet for the discipline. What the driver refuses waits
 * in gso_skb, a list, and goes first when the driver wakes the queue.
 */
#include "core/sch_generic.h"

#include <errno.h>
#include <string.h>

#include "core/dev.h"
#include "core/dst.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "core/verify.h"
#include "lib/points.h"

#define QDISC_QUOTA 64		/* frames in one qdisc_run() */

/* ---- the machine ------------------------------------------------------ */

/* On the list of a softnet. Under q->lock: who deactivates finds it there. */
static void __netif_reschedule(struct Qdisc *q)
{
	struct net *net = q->dev->net;
	struct softnet_data *sd = this_softnet(net);

	q->scheduled = true;
	if (sd) {
		q->next_sched = NULL;
		*sd->output_queue_tailp = q;
		sd->output_queue_tailp = &q->next_sched;
		raise_softirq(sd, NET_TX_SOFTIRQ);
		return;
	}
	sd = net->softnets;
	spin_lock(&sd->input_lock);
	q->next_sched = sd->remote_output;
	sd->remote_output = q;
	spin_unlock(&sd->input_lock);
	kick_softnet(sd);
}

void __netif_schedule(struct Qdisc *q)
{
	spin_lock(&q->lock);
	if (!q->scheduled && !q->deactivated)
		__netif_reschedule(q);
	spin_unlock(&q->lock);
}

/* Takes the next frame. Under q->lock. */
static struct sk_buff *dequeue_skb(struct Qdisc *q)
{
	struct sk_buff *skb = q->gso_skb;

	if (netif_xmit_stopped(q->txq))
		return NULL;
	if (unlikely(skb)) {
		q->gso_skb = NULL;
		q->qlen--;
		return skb;
	}
	return q->ops->dequeue(q);
}

/* What the driver refused goes first when it takes more. */
static __noinline void dev_requeue_skb(struct sk_buff *skb, struct Qdisc *q)
{
	spin_lock(&q->lock);
	INET_PROBE(QDISC_REQUEUED);
	q->gso_skb = skb;
	q->qlen++;
	q->requeues++;
	spin_unlock(&q->lock);
	/* Woken between its refusal and our putting the frame back? */
	if (!netif_xmit_stopped(q->txq))
		__netif_schedule(q);
}

/* Sends a packet, or the list that it was cut into; what is refused goes back.
 * Return: false to stop. */
static __always_inline bool sch_direct_xmit(struct sk_buff *skb,
					    struct Qdisc *q, bool more)
{
	struct netdev_queue *txq = q->txq;

	NET_ROAD(q->dev->net, skb);
	skb = validate_xmit_skb(skb, q->dev);
	if (!skb)
		return true;
	spin_lock(&txq->xmit_lock);
	skb = dev_hard_start_xmit_list(skb, q->dev, txq, more);
	spin_unlock(&txq->xmit_lock);
	if (likely(!skb))
		return true;
	dev_requeue_skb(skb, q);
	return false;
}

/* Dequeues until empty or the quota is used. Called with q->running taken. */
static __noinline void __qdisc_run(struct Qdisc *q)
{
	int quota = QDISC_QUOTA;
	struct sk_buff *skb;
	bool more;

	NET_ROAD(q->dev->net, NULL);
	while (quota-- > 0) {
		spin_lock(&q->lock);
		skb = dequeue_skb(q);
		if (!skb) {
			q->running = false;
			spin_unlock(&q->lock);
			return;
		}
		more = q->qlen > 0 && quota > 0 &&
		       (q->can_bypass || q->ops->peek(q));
		spin_unlock(&q->lock);
		if (!sch_direct_xmit(skb, q, more))
			break;
	}
	spin_lock(&q->lock);
	q->running = false;
	more = q->qlen > 0 && !netif_xmit_stopped(q->txq);
	spin_unlock(&q->lock);
	if (more)
		__netif_schedule(q);
}

void qdisc_run(struct Qdisc *q)
{
	spin_lock(&q->lock);
	if (q->running || !q->qlen) {
		spin_unlock(&q->lock);
		return;
	}
	q->running = true;
	spin_unlock(&q->lock);
	__qdisc_run(q);
}

/* Behind others, whom somebody sends. Under q->lock, which it drops. Consumes.
 * NET_XMIT_*. */
static __noinline int dev_enqueue_and_run(struct sk_buff *skb, struct Qdisc *q)
	releases(q->lock)
{
	int ret = q->ops->enqueue(skb, q);
	bool running = q->running;

	q->running = true;
	spin_unlock(&q->lock);
	if (!running)
		__qdisc_run(q);
	return ret;
}

/* Through the qdisc, or past it when it is empty. Consumes. NET_XMIT_*. */
int __dev_xmit_skb(struct sk_buff *skb, struct Qdisc *q)
{
	NET_ROAD(q->dev->net, skb);
	spin_lock(&q->lock);
	if (likely(!q->running && !q->qlen && q->can_bypass &&
		   !netif_xmit_stopped(q->txq))) {
		q->running = true;
		spin_unlock(&q->lock);
		sch_direct_xmit(skb, q, false);
		spin_lock(&q->lock);
		if (likely(!q->qlen)) {
			q->running = false;
			spin_unlock(&q->lock);
			return NET_XMIT_SUCCESS;
		}
		spin_unlock(&q->lock);
		__qdisc_run(q);
		return NET_XMIT_SUCCESS;
	}
	return dev_enqueue_and_run(skb, q);
}

/* ---- up and down ------------------------------------------------------ */

/* Takes @q off one list of queues. */
static bool unlink_sched(struct Qdisc **head, struct Qdisc *q)
{
	struct Qdisc **p;

	for (p = head; *p; p = &(*p)->next_sched) {
		if (*p == q) {
			*p = q->next_sched;
			return true;
		}
	}
	return false;
}

/* Nobody sends by it any more, but a driver may still wake it: after this no
 * softnet will look at it. */
void qdisc_unschedule(struct Qdisc *q)
{
	struct net *net = q->dev->net;
	struct softnet_data *sd;
	struct Qdisc **p;
	u32 i;

	spin_lock(&q->lock);
	q->deactivated = true;
	spin_unlock(&q->lock);
	qdisc_watchdog_cancel(q);
	for (i = 0; i < net->nr_softnets; i++) {
		sd = &net->softnets[i];
		if (!softnet_is_mine(sd)) {
			softnet_quiesce(sd);
			softnet_quiesce(sd);	/* collected, then run */
			continue;
		}
		spin_lock(&sd->input_lock);
		unlink_sched(&sd->remote_output, q);
		spin_unlock(&sd->input_lock);
		if (unlink_sched(&sd->output_queue, q)) {
			for (p = &sd->output_queue; *p; p = &(*p)->next_sched)
				;
			sd->output_queue_tailp = p;
		}
	}
	spin_lock(&q->lock);
	q->scheduled = false;
	spin_unlock(&q->lock);
}

void qdisc_activate(struct Qdisc *q)
{
	spin_lock(&q->lock);
	q->deactivated = false;
	spin_unlock(&q->lock);
}

/* ---- life ------------------------------------------------------------- */

struct Qdisc *qdisc_alloc(struct netdev_queue *txq,
			  const struct Qdisc_ops *ops)
{
	struct net *net = txq->dev->net;
	struct Qdisc *q = mem_zalloc_aligned(&net->mem,
					     sizeof(*q) + ops->priv_size,
					     _Alignof(struct Qdisc));

	if (!q)
		return NULL;
	q->ops = ops;
	q->dev = txq->dev;
	q->txq = txq;
	q->limit = txq->dev->tx_queue_len;
	q->can_bypass = ops->can_bypass;
	q->watchdog_ns = U64_MAX;
	q->priv = q + 1;
	lock_init(&q->lock, net->smp);
	if (ops->init(q)) {
		mem_free(&net->mem, q, sizeof(*q) + ops->priv_size);
		return NULL;
	}
	return q;
}

void qdisc_reset(struct Qdisc *q)
{
	struct sk_buff *skb;

	spin_lock(&q->lock);
	skb = q->gso_skb;
	q->gso_skb = NULL;
	if (skb)
		q->qlen--;
	q->ops->reset(q);
	spin_unlock(&q->lock);
	kfree_skb_list_reason(skb, SKB_DROP_REASON_DEV_DOWN);
}

/* Nobody sends any more, and it is on no output_queue. */
void qdisc_destroy(struct Qdisc *q)
{
	qdisc_reset(q);
	if (q->ops->destroy)
		q->ops->destroy(q);
	mem_free(&q->dev->net->mem, q, sizeof(*q) + q->ops->priv_size);
}

int qdisc_drop_reason(struct sk_buff *skb, struct Qdisc *q,
		      enum skb_drop_reason reason)
{
	q->drops++;
	DEV_STATS_INC(q->dev, tx_dropped);
	kfree_skb_reason(skb, reason);
	return NET_XMIT_DROP;
}

/* ---- pfifo_fast ------------------------------------------------------- */

#define PFIFO_FAST_BANDS 3
#define TC_PRIO_MAX 15

/* Priority to band, Linux's: interactive first, bulk last. */
static const u8 prio2band[TC_PRIO_MAX + 1] = {
	1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,
};

struct pfifo_fast_priv {
	struct sk_buff_head band[PFIFO_FAST_BANDS];
};

static int pfifo_fast_init(struct Qdisc *q)
{
	struct pfifo_fast_priv *p = q->priv;
	int i;

	for (i = 0; i < PFIFO_FAST_BANDS; i++)
		skb_queue_head_init(&p->band[i]);
	return 0;
}

/* Into the band of its priority, or dropped when the queue is full. */
static int pfifo_fast_enqueue(struct sk_buff *skb, struct Qdisc *q)
{
	struct pfifo_fast_priv *p = q->priv;

	if (unlikely(q->qlen >= q->limit))
		return qdisc_drop_reason(skb, q, SKB_DROP_REASON_QDISC_DROP);
	skb_dst_drop(skb);
	__skb_queue_tail(&p->band[prio2band[skb->priority & TC_PRIO_MAX]], skb);
	q->qlen++;
	return NET_XMIT_SUCCESS;
}

static struct sk_buff *pfifo_fast_peek(struct Qdisc *q)
{
	struct pfifo_fast_priv *p = q->priv;
	int i;

	for (i = 0; i < PFIFO_FAST_BANDS; i++)
		if (!skb_queue_empty(&p->band[i]))
			return skb_peek(&p->band[i]);
	return NULL;
}

static struct sk_buff *pfifo_fast_dequeue(struct Qdisc *q)
{
	struct pfifo_fast_priv *p = q->priv;
	struct sk_buff *skb = NULL;
	int i;

	for (i = 0; i < PFIFO_FAST_BANDS && !skb; i++)
		skb = __skb_dequeue(&p->band[i]);
	if (skb)
		q->qlen--;
	return skb;
}

static void pfifo_fast_reset(struct Qdisc *q)
{
	struct pfifo_fast_priv *p = q->priv;
	int i;

	for (i = 0; i < PFIFO_FAST_BANDS; i++)
		skb_queue_purge_reason(&p->band[i], SKB_DROP_REASON_DEV_DOWN);
	q->qlen = q->gso_skb ? 1 : 0;
}

static u32 pfifo_fast_verify(struct Qdisc *q)
{
	struct pfifo_fast_priv *p = q->priv;
	u32 n = 0;
	int i;

	for (i = 0; i < PFIFO_FAST_BANDS; i++) {
		skb_queue_verify(&p->band[i]);
		n += p->band[i].qlen;
	}
	return n;
}

const struct Qdisc_ops pfifo_fast_ops = {
	.id = "pfifo_fast",
	.priv_size = sizeof(struct pfifo_fast_priv),
	.can_bypass = true,
	.init = pfifo_fast_init,
	.enqueue = pfifo_fast_enqueue,
	.dequeue = pfifo_fast_dequeue,
	.peek = pfifo_fast_peek,
	.reset = pfifo_fast_reset,
	.verify = pfifo_fast_verify,
};

void qdisc_verify(struct Qdisc *q)
{
	inet_assert(!q->running);
	inet_assert(q->ops->verify(q) + !!q->gso_skb == q->qlen);
	/* the frame that was refused may be one too many */
	inet_assert(q->qlen <= q->limit + 1);
	if (q->qlen)
		inet_assert(q->scheduled || netif_xmit_stopped(q->txq) ||
			    q->watchdog_ns != U64_MAX);
}
