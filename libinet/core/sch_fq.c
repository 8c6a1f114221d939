/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fq: fair queueing and pacing.
 *
 * Theory of operation. Each flow, which is what has one hash, has a queue of its
 * own in the order of the times when its packets are to leave. Flows that may
 * send take turns, each by a quantum of bytes (deficit round robin): on the list
 * of new ones, which comes first and where a flow that had nothing to say gets
 * one turn, or of old ones. A flow whose next packet has yet to wait is in a tree
 * by time, off both lists; when nobody else can send, a watchdog is set to the
 * first of them.
 *
 * When a packet is to leave says its tstamp (EDT, earliest departure time; TCP
 * and SO_TXTIME write it). One that has none is paced here, by the sk_pacing_rate
 * of its socket and by maxrate: whenever a flow has used up its quantum it waits
 * as long as the bytes take. Up to half of that is forgiven to one that was let
 * go late.
 *
 * A flow that ran empty waits on the list of old ones for its turn, or it could
 * have a new quantum as often as it likes; then it is idle: forgotten after a
 * while, bit by bit, by those that come.
 *
 * Packets of priority 7 (TC_PRIO_CONTROL) go before all.
 */
#include <stdio.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/sch_generic.h"
#include "core/skbuff.h"
#include "core/sock.h"
#include "core/verify.h"
#include "lib/list.h"
#include "lib/points.h"
#include "lib/rbtree.h"

#define NS_PER_SEC 1000000000ull
#define TC_PRIO_MASK 15u
#define TC_PRIO_CONTROL 7u

#define FQ_BUCKETS 1024u		/* a power of two */
#define FQ_GC_AGE_NS (3 * NS_PER_SEC)	/* idle flows are remembered */
#define FQ_GC_MAX 8			/* forgotten when one comes */
#define FQ_REFILL_NS 40000000ull	/* idle: a whole quantum again */
#define FQ_FLOW_LIMIT_MAX 65535

struct fq_skb_cb {
	u64 time_to_send;
};

static_assert(sizeof(struct fq_skb_cb) <= sizeof(((struct sk_buff *)0)->cb),
	      "the control block fits in skb->cb");

enum fq_where { FQ_IDLE, FQ_NEW, FQ_OLD, FQ_THROTTLED };

struct fq_flow {
	struct hlist_node node;		/* of its bucket */
	struct list_head list;		/* new, old or idle ones */
	struct rb_node rate_node;	/* of those that wait */
	struct sk_buff *head, *tail;
	u64 time_next_packet;		/* the rate allows none before */
	u64 delayed_until;		/* when it is throttled */
	u64 idle_ns;			/* since when */
	u32 hash;
	u32 qlen;
	s32 credit;
	enum fq_where where;
};

struct fq_sched_data {
	/* options */
	u32 flow_limit;
	u32 quantum, initial_quantum;
	u64 maxrate, low_rate_threshold;	/* bytes a second */
	u64 horizon_ns;
	bool horizon_drop;
	bool pacing;

	struct list_head new_flows, old_flows;
	struct list_head idle_flows;	/* longest first */
	struct rb_root delayed;		/* by delayed_until */
	struct fq_flow internal;	/* TC_PRIO_CONTROL */
	struct hlist_head *buckets;

	u32 flows, inactive_flows, throttled_flows;
	u64 gc_flows, internal_packets, throttled;
	u64 flows_plimit, horizon_drops, horizon_caps, allocation_errors;
};

static struct fq_skb_cb *fq_cb(struct sk_buff *skb)
{
	return (struct fq_skb_cb *)skb->cb;
}

/* ---- flows ------------------------------------------------------------ */

/* Moves @f, which is not in the tree, to the end of a list. */
static void fq_move(struct fq_flow *f, struct list_head *list,
		    enum fq_where where)
{
	list_move_tail(&f->list, list);
	f->where = where;
}

/* It has nothing to send and has had its turn. */
static void fq_flow_set_idle(struct fq_sched_data *p, struct fq_flow *f,
			     u64 now)
{
	fq_move(f, &p->idle_flows, FQ_IDLE);
	f->idle_ns = now;
	p->inactive_flows++;
}

/* Its next packet leaves at @when. */
static void fq_flow_throttle(struct fq_sched_data *p, struct fq_flow *f,
			     u64 when)
{
	struct rb_node **link = &p->delayed.rb_node, *parent = NULL;
	struct fq_flow *other;

	while (*link) {
		parent = *link;
		other = rb_entry(parent, struct fq_flow, rate_node);
		link = when < other->delayed_until ? &parent->rb_left :
						     &parent->rb_right;
	}
	f->delayed_until = when;
	rb_link_node(&f->rate_node, parent, link);
	rb_insert_color(&f->rate_node, &p->delayed);
	list_del(&f->list);
	INIT_LIST_HEAD(&f->list);
	f->where = FQ_THROTTLED;
	p->throttled_flows++;
	p->throttled++;
}

/* The one that waits least; NULL: none does. */
static struct fq_flow *fq_first_delayed(const struct fq_sched_data *p)
{
	return rb_entry_safe(rb_first(&p->delayed), struct fq_flow, rate_node);
}

/* It may send. */
static void fq_flow_unthrottle(struct fq_sched_data *p, struct fq_flow *f)
{
	rb_erase(&f->rate_node, &p->delayed);
	p->throttled_flows--;
	fq_move(f, &p->old_flows, FQ_OLD);
}

/* Whose time has come may send. */
static void fq_check_throttled(struct fq_sched_data *p, u64 now)
{
	struct fq_flow *f;

	while ((f = fq_first_delayed(p)) && f->delayed_until <= now)
		fq_flow_unthrottle(p, f);
}

static void fq_flow_free(struct Qdisc *q, struct fq_flow *f)
{
	struct fq_sched_data *p = q->priv;

	hlist_del(&f->node);
	list_del(&f->list);
	p->flows--;
	mem_free(&q->dev->net->mem, f, sizeof(*f));
}

/* Forgets some of those that were idle for long. */
static void fq_gc(struct Qdisc *q, u64 now)
{
	struct fq_sched_data *p = q->priv;
	struct fq_flow *f;
	int i;

	for (i = 0; i < FQ_GC_MAX && !list_empty(&p->idle_flows); i++) {
		f = list_first_entry(&p->idle_flows, struct fq_flow, list);
		if (now - f->idle_ns < FQ_GC_AGE_NS)
			break;
		p->inactive_flows--;
		p->gc_flows++;
		fq_flow_free(q, f);
	}
}

/* A new flow, idle; NULL: memory is short. */
static struct fq_flow *fq_flow_new(struct Qdisc *q, u32 hash, u64 now)
{
	struct fq_sched_data *p = q->priv;
	struct fq_flow *f;

	fq_gc(q, now);
	f = mem_zalloc(&q->dev->net->mem, sizeof(*f));
	if (!f) {
		p->allocation_errors++;
		return NULL;
	}
	f->hash = hash;
	f->credit = (s32)p->initial_quantum;
	f->idle_ns = now;
	INIT_LIST_HEAD(&f->list);
	list_add_tail(&f->list, &p->idle_flows);
	hlist_add_head(&f->node, &p->buckets[hash % FQ_BUCKETS]);
	p->flows++;
	p->inactive_flows++;
	return f;
}

/* The flow of @skb; without memory it goes with those that go first. */
static struct fq_flow *fq_classify(struct sk_buff *skb, struct Qdisc *q,
				   u64 now)
{
	struct fq_sched_data *p = q->priv;
	struct fq_flow *f;
	u32 hash;

	if (unlikely((skb->priority & TC_PRIO_MASK) == TC_PRIO_CONTROL))
		return &p->internal;
	hash = skb_get_hash(skb);
	INET_WALK(FQ_BUCKET);
	hlist_for_each_entry(f, &p->buckets[hash % FQ_BUCKETS], node) {
		INET_STEP(FQ_BUCKET);
		if (f->hash == hash)
			return f;
	}
	f = fq_flow_new(q, hash, now);
	return f ? f : &p->internal;
}

/* ---- queueing --------------------------------------------------------- */

/* Into the queue of @f, behind those that leave no later. */
static void fq_flow_add(struct fq_flow *f, struct sk_buff *skb)
{
	u64 when = fq_cb(skb)->time_to_send;
	struct sk_buff **at = &f->head;

	if (f->head && fq_cb(f->tail)->time_to_send <= when)
		at = &f->tail->next;
	while (*at && fq_cb(*at)->time_to_send <= when)
		at = &(*at)->next;
	skb->next = *at;
	*at = skb;
	if (!skb->next)
		f->tail = skb;
	f->qlen++;
}

/* Takes the first packet of @f. */
static struct sk_buff *fq_flow_take(struct fq_flow *f)
{
	struct sk_buff *skb = f->head;

	f->head = skb->next;
	skb->next = NULL;
	f->qlen--;
	return skb;
}

/* When the first packet of @f leaves, if it is its turn. */
static u64 fq_flow_when(const struct fq_flow *f)
{
	return max(fq_cb(f->head)->time_to_send, f->time_next_packet);
}

/* When it is to leave. Return: false: too far in the future, and that drops. */
static bool fq_departure(struct fq_sched_data *p, struct sk_buff *skb, u64 now)
{
	u64 when = skb->tstamp;

	if (unlikely(when > now && when - now > p->horizon_ns)) {
		if (p->horizon_drop)
			return false;
		p->horizon_caps++;
		when = skb->tstamp = now + p->horizon_ns;
	}
	fq_cb(skb)->time_to_send = max(when, now);
	return true;
}

/* An idle flow has something to send. */
static void fq_flow_wake(struct fq_sched_data *p, struct fq_flow *f, u64 now)
{
	if (now - f->idle_ns > FQ_REFILL_NS)
		f->credit = max(f->credit, (s32)p->quantum);
	fq_move(f, &p->new_flows, FQ_NEW);
	p->inactive_flows--;
}

/* Its socket knows from now on that its tstamps are obeyed. */
static void fq_claim(const struct fq_sched_data *p, struct sock *sk)
{
	if (sk && p->pacing && READ_ONCE(sk->sk_pacing_status) != SK_PACING_FQ)
		WRITE_ONCE(sk->sk_pacing_status, SK_PACING_FQ);
}

/* Into the queue of its flow, or dropped when a limit is reached. */
static int fq_enqueue(struct sk_buff *skb, struct Qdisc *q)
{
	struct fq_sched_data *p = q->priv;
	u64 now = net_now(q->dev->net);
	struct fq_flow *f;

	if (unlikely(q->qlen >= q->limit))
		return qdisc_drop_reason(skb, q, SKB_DROP_REASON_QDISC_DROP);
	if (unlikely(!fq_departure(p, skb, now))) {
		p->horizon_drops++;
		return qdisc_drop_reason(skb, q,
					 SKB_DROP_REASON_FQ_HORIZON_LIMIT);
	}
	f = fq_classify(skb, q, now);
	if (unlikely(f->qlen >= p->flow_limit && f != &p->internal)) {
		p->flows_plimit++;
		return qdisc_drop_reason(skb, q, SKB_DROP_REASON_FQ_FLOW_LIMIT);
	}
	fq_claim(p, skb->sk);
	skb_dst_drop(skb);
	fq_flow_add(f, skb);
	q->qlen++;
	if (f == &p->internal)
		p->internal_packets++;
	else if (f->where == FQ_IDLE)
		fq_flow_wake(p, f, now);
	else if (f->where == FQ_THROTTLED && f->head == skb &&
		 fq_flow_when(f) < f->delayed_until)
		fq_flow_unthrottle(p, f);	/* it comes before the others */
	return NET_XMIT_SUCCESS;
}

/* ---- sending ---------------------------------------------------------- */

/* The first of those that may send; NULL: all wait, or there is none. */
static struct fq_flow *fq_turn(const struct fq_sched_data *p)
{
	const struct list_head *list = list_empty(&p->new_flows) ?
					       &p->old_flows : &p->new_flows;

	return list_empty(list) ? NULL :
		list_first_entry(list, struct fq_flow, list);
}

/*
 * The flow whose first packet leaves now. Changes nothing that the next call
 * would see. NULL: there is none, and a watchdog is set if one has to wait.
 */
static struct fq_flow *fq_select(struct Qdisc *q, u64 now)
{
	struct fq_sched_data *p = q->priv;
	struct fq_flow *f;
	u64 when;

	if (unlikely(p->internal.head))
		return &p->internal;
	fq_check_throttled(p, now);
	while ((f = fq_turn(p))) {
		if (f->credit <= 0) {
			f->credit += (s32)p->quantum;
			fq_move(f, &p->old_flows, FQ_OLD);
		} else if (!f->head) {
			if (f->where == FQ_NEW && !list_empty(&p->old_flows))
				fq_move(f, &p->old_flows, FQ_OLD);
			else
				fq_flow_set_idle(p, f, now);
		} else {
			when = fq_flow_when(f);
			if (when <= now)
				return f;
			fq_flow_throttle(p, f, when);
		}
	}
	f = fq_first_delayed(p);
	if (f)
		qdisc_watchdog_schedule_ns(q, f->delayed_until);
	return NULL;
}

/* @skb of @f leaves: when may the next one? */
static void fq_pace(struct fq_sched_data *p, struct fq_flow *f,
		    const struct sk_buff *skb, u64 now)
{
	u64 rate = p->maxrate, len = skb->len, ns, late;

	if (!skb->tstamp) {
		if (skb->sk)
			rate = min(rate, READ_ONCE(skb->sk->sk_pacing_rate));
		if (rate > p->low_rate_threshold) {
			len = max(len, (u64)p->quantum);
			if (f->credit > 0)
				return;
		}
	}
	if (rate == U64_MAX)
		return;
	ns = min(len * NS_PER_SEC / max(rate, (u64)1), NS_PER_SEC);
	late = now - f->time_next_packet;
	if (f->time_next_packet)
		ns -= min(ns / 2, late);
	f->time_next_packet = now + ns;
}

/* The next packet whose time has come. */
static struct sk_buff *fq_dequeue(struct Qdisc *q)
{
	struct fq_sched_data *p = q->priv;
	u64 now = net_now(q->dev->net);
	struct fq_flow *f;
	struct sk_buff *skb;

	if (!q->qlen)
		return NULL;
	f = fq_select(q, now);
	if (!f)
		return NULL;
	skb = fq_flow_take(f);
	q->qlen--;
	if (unlikely(f == &p->internal))
		return skb;
	f->credit -= (s32)skb->len;
	if (p->pacing)
		fq_pace(p, f, skb, now);
	return skb;
}

static struct sk_buff *fq_peek(struct Qdisc *q)
{
	struct fq_flow *f = q->qlen ? fq_select(q, net_now(q->dev->net)) : NULL;

	return f ? f->head : NULL;
}

/* ---- life ------------------------------------------------------------- */

/* Loses what @f holds. Return: packets. */
static u32 fq_flow_purge(struct fq_flow *f)
{
	u32 nr = f->qlen;

	kfree_skb_list_reason(f->head, SKB_DROP_REASON_DEV_DOWN);
	f->head = NULL;
	f->qlen = 0;
	return nr;
}

/* Loses all packets and flows. */
static void fq_reset(struct Qdisc *q)
{
	struct fq_sched_data *p = q->priv;
	struct hlist_node *next;
	struct fq_flow *f;
	u32 i;

	q->qlen -= fq_flow_purge(&p->internal);
	for (i = 0; i < FQ_BUCKETS; i++) {
		hlist_for_each_entry_safe(f, next, &p->buckets[i], node) {
			q->qlen -= fq_flow_purge(f);
			fq_flow_free(q, f);
		}
	}
	p->delayed = RB_ROOT;
	p->inactive_flows = p->throttled_flows = 0;
}

/* Defaults: Linux's. */
static int fq_init(struct Qdisc *q)
{
	struct fq_sched_data *p = q->priv;
	u32 mtu = q->dev->mtu + q->dev->hard_header_len;

	p->buckets = mem_calloc(&q->dev->net->mem, FQ_BUCKETS,
				sizeof(*p->buckets));
	if (!p->buckets)
		return -ENOMEM;
	q->limit = 10000;
	p->flow_limit = 100;
	p->quantum = 2 * mtu;
	p->initial_quantum = 10 * mtu;
	p->maxrate = U64_MAX;
	p->low_rate_threshold = 550000 / 8;
	p->horizon_ns = 10 * NS_PER_SEC;
	p->horizon_drop = true;
	p->pacing = true;
	INIT_LIST_HEAD(&p->new_flows);
	INIT_LIST_HEAD(&p->old_flows);
	INIT_LIST_HEAD(&p->idle_flows);
	p->delayed = RB_ROOT;
	return 0;
}

static void fq_destroy(struct Qdisc *q)
{
	struct fq_sched_data *p = q->priv;

	mem_free(&q->dev->net->mem, p->buckets,
		 FQ_BUCKETS * sizeof(*p->buckets));
}

/* As tc -s prints them. */
static void fq_dump_stats(struct Qdisc *q, char *buf, size_t size)
{
	const struct fq_sched_data *p = q->priv;

	snprintf(buf, size, "  flows %u (inactive %u throttled %u)\n  gc %llu "
		 "highprio %llu throttled %llu flows_plimit %llu\n  "
		 "horizon_drops %llu horizon_caps %llu alloc_errors %llu\n",
		 p->flows, p->inactive_flows, p->throttled_flows,
		 (unsigned long long)p->gc_flows,
		 (unsigned long long)p->internal_packets,
		 (unsigned long long)p->throttled,
		 (unsigned long long)p->flows_plimit,
		 (unsigned long long)p->horizon_drops,
		 (unsigned long long)p->horizon_caps,
		 (unsigned long long)p->allocation_errors);
}

/* The queue of one flow: in order of time. Return: packets. */
static u32 fq_flow_verify(const struct fq_flow *f)
{
	struct sk_buff *skb;
	u32 nr = 0;

	for (skb = f->head; skb; skb = skb->next) {
		nr++;
		inet_assert(skb->next ? fq_cb(skb)->time_to_send <=
					fq_cb(skb->next)->time_to_send :
					skb == f->tail);
	}
	inet_assert(nr == f->qlen);
	return nr;
}

/* Every flow is where it says, and in no bucket but its own. */
static u32 fq_verify(struct Qdisc *q)
{
	const struct fq_sched_data *p = q->priv;
	u32 nr = fq_flow_verify(&p->internal), i, in[FQ_THROTTLED + 1] = { 0 };
	const struct fq_flow *f;

	for (i = 0; i < FQ_BUCKETS; i++) {
		hlist_for_each_entry(f, &p->buckets[i], node) {
			inet_assert(f->hash % FQ_BUCKETS == i);
			inet_assert(f->qlen <= p->flow_limit);
			inet_assert(f->where != FQ_IDLE || !f->head);
			inet_assert(f->where != FQ_THROTTLED || f->head);
			in[f->where]++;
			nr += fq_flow_verify(f);
		}
	}
	inet_assert(in[FQ_IDLE] == p->inactive_flows);
	inet_assert(in[FQ_THROTTLED] == p->throttled_flows);
	inet_assert(in[FQ_IDLE] + in[FQ_NEW] + in[FQ_OLD] + in[FQ_THROTTLED] ==
		    p->flows);
	return nr;
}

#define FQ_OPTION(n, member, k, lo, hi)					\
	{ .name = (n), .kind = QDISC_OPT_##k, .min = (lo), .max = (hi),	\
	  .offset = sizeof(struct Qdisc) +				\
		    offsetof(struct fq_sched_data, member) }

static const struct qdisc_option fq_options[] = {
	{ .name = "limit", .kind = QDISC_OPT_U32, .min = 1, .max = 1 << 24,
	  .offset = offsetof(struct Qdisc, limit) },
	FQ_OPTION("flow_limit", flow_limit, U32, 1, FQ_FLOW_LIMIT_MAX),
	FQ_OPTION("quantum", quantum, BYTES, 1, 1 << 20),
	FQ_OPTION("initial_quantum", initial_quantum, BYTES, 0, 1 << 20),
	FQ_OPTION("maxrate", maxrate, RATE, 1, U64_MAX),
	FQ_OPTION("low_rate_threshold", low_rate_threshold, RATE, 0, U64_MAX),
	FQ_OPTION("horizon", horizon_ns, TIME, 0, 3600 * NS_PER_SEC),
	FQ_OPTION("horizon_drop", horizon_drop, FLAG, 0, 1),
	FQ_OPTION("pacing", pacing, FLAG, 0, 1),
};

const struct Qdisc_ops fq_qdisc_ops = {
	.id = "fq",
	.priv_size = sizeof(struct fq_sched_data),
	.options = fq_options,
	.nr_options = ARRAY_SIZE(fq_options),
	.init = fq_init,
	.enqueue = fq_enqueue,
	.dequeue = fq_dequeue,
	.peek = fq_peek,
	.reset = fq_reset,
	.destroy = fq_destroy,
	.dump_stats = fq_dump_stats,
	.verify = fq_verify,
};
