/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Softnets: who runs the stack.
 *
 * Theory of operation. A softnet is a run-to-completion loop over four sources
 * of work: kicks from other threads (packets, NAPIs and queues handed over),
 * timers, softirqs (NET_TX, NET_RX and what they raise), and, where no thread can
 * be inside an RCU read section any more, RCU callbacks. softnet_run() makes one
 * turn. In threaded mode softirqd() calls it between waits on the poller; in
 * embedded mode inet_run() and blocking calls do; in simulated mode the simulator
 * does.
 *
 * Hand-over. Everything that another thread gives to a softnet goes through
 * the members under input_lock, followed by kick_softnet(). The owner declares
 * itself asleep before it looks a last time: either it sees the kick or the
 * kicker sees it asleep and wakes it.
 *
 * Softirq handlers run inside an RCU read section, like Linux's.
 */
#include "core/softnet.h"

#include <errno.h>
#include <string.h>

#include "core/irq.h"
#include "core/net.h"
#include "core/rps.h"
#include "core/sch_generic.h"
#include "core/skbuff.h"
#include "lib/assert.h"
#include "lib/points.h"

#define MAX_SOFTIRQ_RESTART 10	/* rounds of do_softirq() */
#define TIMERS_PER_TURN 256

__thread struct softnet_data *current_softnet;

/* ---- softirqs --------------------------------------------------------- */

void open_softirq(struct net *net, enum softirq_nr nr, softirq_action *action)
{
	net->softirq_vec[nr] = action;
}

void do_softirq(struct softnet_data *sd)
{
	struct net *net = sd->net;
	u32 pending;
	int round;

	if (sd->in_softirq)
		return;
	sd->in_softirq = true;
	rcu_read_lock(&net->rcu);
	for (round = 0; sd->pending && round < MAX_SOFTIRQ_RESTART; round++) {
		pending = sd->pending;
		sd->pending = 0;
		for (; pending; pending &= pending - 1)
			net->softirq_vec[__builtin_ctz(pending)](sd);
		if (unlikely(sd->rps_ipi))
			net_rps_send_ipi(sd);
	}
	rcu_read_unlock(&net->rcu);
	sd->in_softirq = false;
}

/* ---- hand-over -------------------------------------------------------- */

void kick_softnet(struct softnet_data *sd)
{
	if (this_softnet(sd->net) == sd) {
		sd->kicked = 1;
		return;
	}
	/* Not collected yet: whoever kicked first has woken it. */
	if (__atomic_exchange_n(&sd->kicked, 1, __ATOMIC_SEQ_CST))
		return;
	if (__atomic_load_n(&sd->sleeping, __ATOMIC_SEQ_CST))
		poller_wake(&sd->poller);
}

/* A timer that another thread set comes before the owner would wake. */
static void softnet_wheel_wake(struct wheel *w)
{
	kick_softnet(container_of(w, struct softnet_data, wheel));
}

/* Takes what other threads left under input_lock. */
static void softnet_collect(struct softnet_data *sd)
{
	struct sk_buff *done, *skb;
	struct napi_struct *napi;
	struct Qdisc *q;

	/* Reads what the last kicker wrote: all that he and those who found it
	 * kicked have left is seen from here on. */
	__atomic_exchange_n(&sd->kicked, 0, __ATOMIC_SEQ_CST);
	spin_lock(&sd->input_lock);
	napi = sd->remote_poll;
	q = sd->remote_output;
	done = sd->remote_completion;
	sd->remote_poll = NULL;
	sd->remote_output = NULL;
	sd->remote_completion = NULL;
	if (!skb_queue_empty(&sd->input_pkt_queue))
		napi_schedule(&sd->backlog);
	spin_unlock(&sd->input_lock);
	if (!llist_empty(&sd->app_calls))
		raise_softirq(sd, APP_CALL_SOFTIRQ);

	while (napi) {
		struct napi_struct *next = napi->remote_next;

		__napi_schedule(napi);
		napi = next;
	}
	while (q) {
		struct Qdisc *next = q->next_sched;

		q->next_sched = NULL;
		*sd->output_queue_tailp = q;
		sd->output_queue_tailp = &q->next_sched;
		raise_softirq(sd, NET_TX_SOFTIRQ);
		q = next;
	}
	while ((skb = done)) {
		done = skb->next;
		skb->next = sd->completion_queue;
		sd->completion_queue = skb;
		raise_softirq(sd, NET_TX_SOFTIRQ);
	}
}

/* ---- callbacks of the application ------------------------------------- */

void app_call_queue(struct net *net, struct app_call *call)
{
	struct softnet_data *mine = this_softnet(net);
	struct softnet_data *sd = mine ? mine : &net->softnets[0];

	llist_add(&call->node, &sd->app_calls);
	if (mine)
		raise_softirq(sd, APP_CALL_SOFTIRQ);
	else
		kick_softnet(sd);
}

/* Makes the calls that are queued, in their order. */
static void app_calls_run(struct softnet_data *sd, bool alive)
{
	struct llist_node *node = llist_reverse_order(
		llist_del_all(&sd->app_calls));
	struct llist_node *next;
	struct app_call *call;

	for (; node; node = next) {
		next = node->next;
		call = container_of(node, struct app_call, node);
		if (call->fn(call, alive ? sd : NULL)) {
			llist_add(&call->node, &sd->app_calls);
			raise_softirq(sd, APP_CALL_SOFTIRQ);
		}
	}
}

void app_calls_drop(struct net *net)
{
	u32 i;

	for (i = 0; i < net->nr_softnets; i++)
		app_calls_run(&net->softnets[i], false);
}

void app_call_action(struct softnet_data *sd)
{
	struct rcu_domain *rcu = &sd->net->rcu;

	rcu_read_unlock(rcu);
	app_calls_run(sd, true);
	rcu_read_lock(rcu);
}

/* ---- turns ------------------------------------------------------------ */

void softnet_quiesce(struct softnet_data *sd)
{
	u32 turn;

	if (softnet_is_mine(sd))
		return;
	turn = __atomic_load_n(&sd->turns, __ATOMIC_ACQUIRE);
	while (__atomic_load_n(&sd->turns, __ATOMIC_ACQUIRE) == turn &&
	       READ_ONCE(sd->net->running)) {
		kick_softnet(sd);
		thread_yield();
	}
}

u32 softnet_run(struct softnet_data *sd)
{
	struct net *net = sd->net;
	u64 before = sd->mib[MIB_SOFTNET_PROCESSED];
	int timers;

	net_clock_hold(net);
	net_clock_tick(net);
	if (__atomic_load_n(&sd->kicked, __ATOMIC_ACQUIRE))
		softnet_collect(sd);
	timers = wheel_advance(&sd->wheel, net_now(net),
			       INET_BUGGIFY(TIMERS_CUT) ? 1 : TIMERS_PER_TURN);
	if (unlikely(READ_ONCE(sd->watchdog_ns) != U64_MAX))
		qdisc_watchdogs(sd, net_now(net));
	if (sd->pending)
		do_softirq(sd);
	if (!net->smp && rcu_domain_pending(&net->rcu))
		timers += (int)rcu_domain_run(&net->rcu);
	net_clock_tick(net);
	net_clock_release(net);
	return (u32)timers + (u32)(sd->mib[MIB_SOFTNET_PROCESSED] - before);
}

u64 softnet_next(struct softnet_data *sd)
{
	if (sd->pending || __atomic_load_n(&sd->kicked, __ATOMIC_ACQUIRE) ||
	    (!sd->net->smp && rcu_domain_pending(&sd->net->rcu)))
		return 0;
	return min(wheel_next(&sd->wheel), READ_ONCE(sd->watchdog_ns));
}

/* How long the owner may sleep: until the next timer, at most @timeout_ns. */
static u64 softnet_sleep_ns(struct softnet_data *sd, u64 timeout_ns)
{
	u64 next = softnet_next(sd), now;

	if (next == 0)
		return 0;
	if (next == U64_MAX)
		return timeout_ns;
	now = net_clock(sd->net);
	return next <= now ? 0 : min(next - now, timeout_ns);
}

u32 softnet_wait_run(struct softnet_data *sd, u64 timeout_ns)
{
	struct poller_event events[POLLER_MAX_EVENTS];
	u32 work = 0;
	u64 sleep_ns;
	int i, n;

	__atomic_fetch_add(&sd->turns, 1, __ATOMIC_ACQ_REL);
	irq_free_dead(sd);
	__atomic_store_n(&sd->sleeping, 1, __ATOMIC_SEQ_CST);
	sleep_ns = __atomic_load_n(&sd->kicked, __ATOMIC_SEQ_CST) ?
		   0 : softnet_sleep_ns(sd, timeout_ns);
	n = poller_wait(&sd->poller, events, POLLER_MAX_EVENTS, sleep_ns);
	__atomic_store_n(&sd->sleeping, 0, __ATOMIC_SEQ_CST);
	if (unlikely(rcu_access_pointer(sd->net->rps_sock_flow) ||
		     READ_ONCE(sd->net->xps_needed)))
		rps_note_cpu(sd);
	for (i = 0; i < n; i++)
		work += irq_handle(events[i].data, events[i].events);
	return work + softnet_run(sd);
}

/* ---- life ------------------------------------------------------------- */

/* Makes softnet @id usable; nothing runs on it yet. 0 or -E. */
int softnet_init(struct net *net, u32 id)
{
	struct softnet_data *sd = &net->softnets[id];

	sd->net = net;
	sd->id = id;
	sd->poll_tail = &sd->poll_head;
	sd->output_queue_tailp = &sd->output_queue;
	sd->tsq_tailp = &sd->tsq_head;
	sd->watchdog_ns = U64_MAX;
	skb_queue_head_init(&sd->process_queue);
	skb_queue_head_init(&sd->input_pkt_queue);
	lock_init(&sd->input_lock, net->smp);
	wheel_init(&sd->wheel, net_now(net), net->smp);
	if (net->smp)
		sd->wheel.wake = softnet_wheel_wake;
	prandom_seed_state(&sd->rnd, get_random_u64(&net->env));
	if (net->mode == INET_SIMULATED)
		return 0;
	return poller_create(&sd->poller);
}

/* Frees what devices were done with: its next net_tx_action() does not come. */
static void completions_purge(struct sk_buff **list)
{
	struct sk_buff *skb;

	while ((skb = *list)) {
		*list = skb->next;
		consume_skb(skb);
	}
}

void softnet_purge(struct softnet_data *sd)
{
	if (!sd->net)
		return;
	skb_queue_purge_reason(&sd->input_pkt_queue, SKB_DROP_REASON_DEV_DOWN);
	skb_queue_purge_reason(&sd->process_queue, SKB_DROP_REASON_DEV_DOWN);
	completions_purge(&sd->completion_queue);
	completions_purge(&sd->remote_completion);
}

void softnet_destroy(struct softnet_data *sd)
{
	struct net *net = sd->net;

	if (!net)
		return;
	irq_free_dead(sd);
	softnet_purge(sd);
	skb_cache_flush(sd);
	if (net->pool.region)
		frame_cache_flush(net, &sd->frames, sd->frames.nr);
	if (net->mode != INET_SIMULATED)
		poller_destroy(&sd->poller);
}
