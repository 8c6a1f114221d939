/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAPI: from an interrupt to a bounded poll. The first interrupt takes the
 * SCHED bit and puts the NAPI on its softnet's poll list; further interrupts
 * only leave MISSED until poll() has drained the device and
 * napi_complete_done() lets go of the bit.
 */
#include <inet/netdevice.h>

#include "core/dev.h"
#include "core/gro.h"
#include "core/net.h"
#include "lib/assert.h"
#include "lib/points.h"

#define NAPIF_SCHED NAPIF_STATE_SCHED
#define NAPIF_MISSED NAPIF_STATE_MISSED
#define NAPIF_DISABLE NAPIF_STATE_DISABLE

void netif_napi_add(struct net_device *dev, struct napi_struct *napi, u32 queue,
		    int (*poll)(struct napi_struct *napi, int budget))
{
	struct net *net = dev->net;

	napi->dev = dev;
	napi->queue = queue;
	napi->poll = poll;
	napi->weight = NAPI_POLL_WEIGHT;
	napi->softnet = &net->softnets[queue % net->nr_softnets];
	napi->state = NAPIF_SCHED | NAPIF_DISABLE;
	napi->id = ++net->last_napi_id;
	napi->dev_next = dev->napi_list;
	dev->napi_list = napi;
}

void netif_napi_del(struct napi_struct *napi)
{
	struct napi_struct **p;

	inet_assert(napi->state & NAPIF_DISABLE);
	inet_assert(!napi->gro_bitmask);
	for (p = &napi->dev->napi_list; *p; p = &(*p)->dev_next) {
		if (*p == napi) {
			*p = napi->dev_next;
			return;
		}
	}
}

void napi_enable(struct napi_struct *napi)
{
	inet_assert(__atomic_load_n(&napi->state, __ATOMIC_RELAXED) &
		    NAPIF_DISABLE);
	__atomic_store_n(&napi->state, 0, __ATOMIC_RELEASE);
}

/* Takes a NAPI off its poll list. Context: owner. */
static void napi_unlist(struct napi_struct *napi)
{
	struct softnet_data *sd = napi->softnet;
	struct napi_struct **p;

	for (p = &sd->poll_head; *p; p = &(*p)->poll_next) {
		if (*p == napi) {
			*p = napi->poll_next;
			if (!*p)
				sd->poll_tail = p;
			return;
		}
	}
	spin_lock(&sd->input_lock);
	for (p = &sd->remote_poll; *p; p = &(*p)->remote_next) {
		if (*p == napi) {
			*p = napi->remote_next;
			break;
		}
	}
	spin_unlock(&sd->input_lock);
}

void napi_disable(struct napi_struct *napi)
{
	struct softnet_data *sd = napi->softnet;
	u32 old;

	old = __atomic_fetch_or(&napi->state, NAPIF_DISABLE, __ATOMIC_ACQ_REL);
	if (old & NAPIF_DISABLE)
		return;
	/* The owner lets go of SCHED when it sees DISABLE; see napi_poll(). */
	while (__atomic_fetch_or(&napi->state, NAPIF_SCHED, __ATOMIC_ACQ_REL) &
	       NAPIF_SCHED) {
		if (softnet_is_mine(sd) &&
		    !(__atomic_load_n(&napi->state, __ATOMIC_ACQUIRE) &
		      NAPIF_STATE_BUSY_POLL)) {
			napi_unlist(napi);
			rcu_read_lock(&sd->net->rcu);
			napi_gro_flush(napi);
			rcu_read_unlock(&sd->net->rcu);
			break;
		}
		softnet_quiesce(sd);
		thread_yield();
	}
	__atomic_fetch_and(&napi->state, ~NAPIF_MISSED, __ATOMIC_RELAXED);
}

/* From *@old to @new. False: another thread was first; *@old is what it is. */
static bool napi_state_change(struct napi_struct *napi, u32 *old, u32 new)
{
	if (unlikely(napi->softnet->net->smp))
		return __atomic_compare_exchange_n(&napi->state, old, new, true,
						   __ATOMIC_ACQ_REL,
						   __ATOMIC_RELAXED);
	napi->state = new;
	return true;
}

__always_inline bool napi_schedule_prep(struct napi_struct *napi)
{
	u32 old = __atomic_load_n(&napi->state, __ATOMIC_RELAXED), new;

	do {
		if (unlikely(old & NAPIF_DISABLE))
			return false;
		new = old | NAPIF_SCHED | (old & NAPIF_SCHED ? NAPIF_MISSED : 0);
	} while (!napi_state_change(napi, &old, new));
	return !(old & NAPIF_SCHED);
}

/* Joins the poll list. Context: owner. */
static inline void ____napi_schedule(struct softnet_data *sd,
				     struct napi_struct *napi)
{
	NET_ROAD(sd->net, NULL);
	napi->poll_next = NULL;
	*sd->poll_tail = napi;
	sd->poll_tail = &napi->poll_next;
	raise_softirq(sd, NET_RX_SOFTIRQ);
}

__always_inline void __napi_schedule(struct napi_struct *napi)
{
	struct softnet_data *sd = napi->softnet;

	NET_ROAD(sd->net, NULL);
	if (likely(this_softnet(sd->net) == sd)) {
		____napi_schedule(sd, napi);
		return;
	}
	spin_lock(&sd->input_lock);
	napi->remote_next = sd->remote_poll;
	sd->remote_poll = napi;
	spin_unlock(&sd->input_lock);
	kick_softnet(sd);
}

void napi_schedule(struct napi_struct *napi)
{
	NET_ROAD(napi->softnet->net, NULL);
	if (napi_schedule_prep(napi))
		__napi_schedule(napi);
}

bool napi_in_softirq(const struct napi_struct *napi)
{
	const struct softnet_data *sd = this_softnet(napi->softnet->net);

	return sd == napi->softnet && sd->in_softirq;
}

bool napi_complete_done(struct napi_struct *napi, int work_done)
{
	u32 old = __atomic_load_n(&napi->state, __ATOMIC_RELAXED), new;

	(void)work_done;
	napi_gro_flush(napi);
	if (unlikely(old & NAPIF_STATE_BUSY_POLL))
		return false;		/* the caller polls on */
	do {
		new = old & ~(NAPIF_SCHED | NAPIF_MISSED);
		if (old & NAPIF_MISSED)
			new |= NAPIF_SCHED;
	} while (!napi_state_change(napi, &old, new));
	if (unlikely(old & NAPIF_MISSED)) {
		INET_PROBE(NAPI_MISSED);
		__napi_schedule(napi);
		return false;
	}
	if (INET_BUGGIFY(POLL_AGAIN))
		napi_schedule(napi);
	return true;
}

/* One poll. Return: packets; *@repoll when it used its whole weight. */
static int napi_poll(struct net *net, struct napi_struct *napi, bool *repoll)
{
	int work, weight = napi->weight;	/* poll() may change it */

	*repoll = false;
	if (unlikely(__atomic_load_n(&napi->state, __ATOMIC_ACQUIRE) &
		     NAPIF_DISABLE)) {
		napi_gro_flush(napi);
		__atomic_fetch_and(&napi->state, ~NAPIF_SCHED,
				   __ATOMIC_RELEASE);
		return 0;
	}
	NET_ROAD_AT(net, NULL, "napi->poll");
	work = napi->poll(napi, weight);
	net_clock_tick(net);
	inet_assert(work <= weight);
	*repoll = work == weight;
	return work;
}

/* Did it take too long since the first of these questions? */
static bool time_is_up(struct net *net, u64 *limit)
{
	u64 now = net_now(net);

	if (!*limit)
		*limit = now + (u64)READ_ONCE(net->sysctl_netdev_budget_usecs) * 1000;
	return now >= *limit;
}

/*
 * The receive softirq: polls the list under a budget and a time limit; what
 * is left waits for the next round, so that timers and kicks get their turn.
 */
void net_rx_action(struct softnet_data *sd)
{
	struct net *net = sd->net;
	int budget = READ_ONCE(net->sysctl_netdev_budget);
	u64 limit = 0;		/* the clock is read when others wait */
	struct napi_struct *napi;
	bool repoll;
	int work;

	NET_ROAD(net, NULL);
	while ((napi = sd->poll_head)) {
		sd->poll_head = napi->poll_next;
		if (!sd->poll_head)
			sd->poll_tail = &sd->poll_head;
		work = napi_poll(net, napi, &repoll);
		net_mib_own(sd, MIB_SOFTNET_PROCESSED, (u64)work);
		if (unlikely(sd->rps_ipi))
			net_rps_send_ipi(sd);
		if (repoll)
			____napi_schedule(sd, napi);
		budget -= work;
		if (!sd->poll_head)
			break;
		if (budget <= 0 || time_is_up(net, &limit)) {
			net_mib_own(sd, MIB_SOFTNET_TIMESQUEEZE, 1);
			raise_softirq(sd, NET_RX_SOFTIRQ);
			break;
		}
	}
}
