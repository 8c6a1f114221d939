/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watchdogs: a queue discipline whose next packet has yet to wait is run again
 * when its time has come, to the nanosecond; a tick of the timers' wheel is some
 * packets of a fast link. Each softnet has a list by time, and sleeps no longer
 * than until the first.
 */
#include "core/dev.h"
#include "core/net.h"
#include "core/sch_generic.h"
#include "core/softnet.h"

/* The softnet whose watchdogs look after @q. */
static struct softnet_data *watchdog_softnet(const struct Qdisc *q)
{
	const struct net_device *dev = q->dev;

	return &dev->net->softnets[(u32)(q->txq - dev->tx) %
				   dev->net->nr_softnets];
}

/* Takes @q off the list of @sd. Under input_lock. */
static void watchdog_unlink(struct softnet_data *sd, struct Qdisc *q)
{
	struct Qdisc **p;

	if (q->watchdog_ns == U64_MAX)
		return;
	for (p = &sd->watchdogs; *p != q; p = &(*p)->next_watchdog)
		;
	*p = q->next_watchdog;
	q->watchdog_ns = U64_MAX;
}

/* The first of the list has changed. Under input_lock. */
static void watchdog_next(struct softnet_data *sd)
{
	WRITE_ONCE(sd->watchdog_ns, sd->watchdogs ?
					    sd->watchdogs->watchdog_ns :
					    U64_MAX);
}

/* A list in the order of time: one member for each queue at most. */
void qdisc_watchdog_schedule_ns(struct Qdisc *q, u64 when_ns)
{
	struct softnet_data *sd = watchdog_softnet(q);
	struct Qdisc **p;
	bool first;

	spin_lock(&sd->input_lock);
	if (q->watchdog_ns <= when_ns || q->deactivated) {
		spin_unlock(&sd->input_lock);
		return;
	}
	watchdog_unlink(sd, q);
	for (p = &sd->watchdogs; *p && (*p)->watchdog_ns <= when_ns;)
		p = &(*p)->next_watchdog;
	q->next_watchdog = *p;
	q->watchdog_ns = when_ns;
	*p = q;
	first = sd->watchdogs == q;
	watchdog_next(sd);
	spin_unlock(&sd->input_lock);
	if (first && this_softnet(sd->net) != sd)
		kick_softnet(sd);
}

/* Takes the first that is due at @now_ns; NULL: there is none. */
static struct Qdisc *watchdog_due(struct softnet_data *sd, u64 now_ns)
{
	struct Qdisc *q;

	spin_lock(&sd->input_lock);
	q = sd->watchdogs;
	if (q && q->watchdog_ns <= now_ns)
		watchdog_unlink(sd, q);
	else
		q = NULL;
	watchdog_next(sd);
	spin_unlock(&sd->input_lock);
	return q;
}

void qdisc_watchdogs(struct softnet_data *sd, u64 now_ns)
{
	struct Qdisc *q;

	while ((q = watchdog_due(sd, now_ns)))
		__netif_schedule(q);
}

void qdisc_watchdog_cancel(struct Qdisc *q)
{
	struct softnet_data *sd = watchdog_softnet(q);

	spin_lock(&sd->input_lock);
	watchdog_unlink(sd, q);
	watchdog_next(sd);
	spin_unlock(&sd->input_lock);
}
