/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Knobs of a device's queues under the names that Linux gives them below
 * /sys/class/net/DEV/queues: "tx-0/byte_queue_limits/limit_max". One row each.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/rps.h"
#include "core/xps.h"

/* The place of a knob: tx-@queue of @dev. */
struct queue_ref {
	struct net_device *dev;
	u32 queue;
	const char *knob;	/* whole, for sentences */
};

struct queue_knob {
	const char *name;	/* behind "tx-0/" */
	/* Under rtnl. 0 or -E with a sentence; NULL: it can only be read. */
	int (*set)(const struct queue_ref *q, const char *value);
	/* As snprintf(), or -E with a sentence. */
	int (*get)(const struct queue_ref *q, char *buf, size_t size);
};

/* ---- tx: byte queue limits -------------------------------------------- */

static struct dql *queue_dql(const struct queue_ref *q)
{
	return &q->dev->tx[q->queue].dql;
}

/* A number of at most @max, "max" for that. 0, -EINVAL with a sentence. */
static int queue_number(const struct queue_ref *q, const char *value, u32 max,
			u32 *n)
{
	unsigned long v;
	char *end;

	if (!strcmp(value, "max")) {
		*n = max;
		return 0;
	}
	errno = 0;
	v = strtoul(value, &end, 10);
	if (end == value || *end || *value == '-' || errno || v > max)
		return net_error(q->dev->net, -EINVAL,
				 "%s: %s: %.20s: a number of at most %u wanted",
				 q->dev->name, q->knob, value, max);
	*n = (u32)v;
	return 0;
}

/* set_limit_max() and get_limit_max(), of a dql's max_limit. */
#define LIMIT_KNOB(which)						\
	static int set_limit_##which(const struct queue_ref *q,		\
				     const char *value)			\
	{								\
		u32 n;							\
		int err = queue_number(q, value, DQL_MAX_LIMIT, &n);	\
									\
		if (!err)						\
			WRITE_ONCE(queue_dql(q)->which##_limit, n);	\
		return err;						\
	}								\
	static int get_limit_##which(const struct queue_ref *q, char *buf, \
				     size_t size)			\
	{								\
		return snprintf(buf, size, "%u",			\
				READ_ONCE(queue_dql(q)->which##_limit)); \
	}

LIMIT_KNOB(max)
LIMIT_KNOB(min)

static int get_limit(const struct queue_ref *q, char *buf, size_t size)
{
	return snprintf(buf, size, "%u", READ_ONCE(queue_dql(q)->limit));
}

static int get_inflight(const struct queue_ref *q, char *buf, size_t size)
{
	return snprintf(buf, size, "%u", dql_inflight(queue_dql(q)));
}

/* Milliseconds. */
static int set_hold_time(const struct queue_ref *q, const char *value)
{
	u32 ms;
	int err = queue_number(q, value, 1000 * 1000, &ms);

	if (!err)
		WRITE_ONCE(queue_dql(q)->slack_hold_ns, ms * 1000000ull);
	return err;
}

static int get_hold_time(const struct queue_ref *q, char *buf, size_t size)
{
	return snprintf(buf, size, "%llu", (unsigned long long)
			READ_ONCE(queue_dql(q)->slack_hold_ns) / 1000000);
}

/* ---- tx: who sends by it ---------------------------------------------- */

static int set_xps_cpus(const struct queue_ref *q, const char *value)
{
	u64 set;
	int err = softnets_parse(q->dev->net, q->dev->name, value, &set);

	return err ? err : xps_set(q->dev, q->queue, set);
}

static int get_xps_cpus(const struct queue_ref *q, char *buf, size_t size)
{
	return snprintf(buf, size, "%llx", (unsigned long long)
			q->dev->tx[q->queue].xps_softnets);
}

/* ---- the list --------------------------------------------------------- */

static const struct queue_knob queue_knobs[] = {
	{ "byte_queue_limits/limit", NULL, get_limit },
	{ "byte_queue_limits/limit_max", set_limit_max, get_limit_max },
	{ "byte_queue_limits/limit_min", set_limit_min, get_limit_min },
	{ "byte_queue_limits/hold_time", set_hold_time, get_hold_time },
	{ "byte_queue_limits/inflight", NULL, get_inflight },
	{ "xps_cpus", set_xps_cpus, get_xps_cpus },
};

/* Reads "tx-0/" of @knob. Return: what follows; NULL: it is something else. */
static const char *queue_parse(const char *knob, u32 *queue)
{
	char *end;

	if (strncmp(knob, "tx-", 3) || knob[3] < '0' || knob[3] > '9')
		return NULL;
	*queue = (u32)min(strtoul(knob + 3, &end, 10), (unsigned long)U32_MAX);
	return *end == '/' ? end + 1 : NULL;
}

/* The row of @knob and the queue it is of. Return: NULL, with a sentence. */
static const struct queue_knob *queue_knob_find(struct net_device *dev,
						const char *knob,
						struct queue_ref *q)
{
	u32 queue = 0, i;
	const char *name = queue_parse(knob, &queue);

	*q = (struct queue_ref){ dev, queue, knob };
	for (i = 0; name && i < ARRAY_SIZE(queue_knobs); i++) {
		if (strcmp(queue_knobs[i].name, name))
			continue;
		if (queue < dev->num_tx_queues)
			return &queue_knobs[i];
		net_error(dev->net, -ENOENT, "%s: %.60s: there are tx-0 to "
			  "tx-%u", dev->name, knob, dev->num_tx_queues - 1);
		return NULL;
	}
	net_error(dev->net, -ENOENT, "%s: %.60s: no such knob of a queue",
		  dev->name, knob);
	return NULL;
}

int dev_set_queue(struct net_device *dev, const char *knob, const char *value)
{
	struct queue_ref q;
	const struct queue_knob *row = queue_knob_find(dev, knob, &q);
	int err;

	if (!row)
		return -ENOENT;
	if (!row->set)
		return net_error(dev->net, -EINVAL, "%s: %s: can only be read",
				 dev->name, knob);
	rtnl_lock(dev->net);
	err = row->set(&q, value);
	rtnl_unlock(dev->net);
	return err;
}

int dev_get_queue(struct net_device *dev, const char *knob, char *buf,
		  size_t size)
{
	struct queue_ref q;
	const struct queue_knob *row = queue_knob_find(dev, knob, &q);
	int len;

	if (!row)
		return -ENOENT;
	rtnl_lock(dev->net);
	len = row->get(&q, buf, size);
	rtnl_unlock(dev->net);
	if (len >= 0 && (size_t)len >= size)
		return net_error(dev->net, -ERANGE, "%s: %s: %zu bytes are too "
				 "few for its value", dev->name, knob, size);
	return len < 0 ? len : 0;
}
