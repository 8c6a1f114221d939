/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queue disciplines: which there are, their options as text, and changing that of
 * a device while it sends.
 *
 * A device's queues get new disciplines of one kind: made first, then put in the
 * place of the old ones for whoever comes next, and when nobody can be inside
 * those any more, what they hold is dropped, as on Linux.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/sch_generic.h"

#define MAX_WORD 32		/* of a spec, with its end */
#define MAX_STATS 512		/* characters of one queue's counters */

static const struct Qdisc_ops *const qdisc_list[] = {
	&pfifo_fast_ops,
	&fq_qdisc_ops,
};

/* ---- text ------------------------------------------------------------- */

static const struct unit {
	int kind;
	const char *name;
	u64 factor;
} units[] = {
	{ QDISC_OPT_U32, "", 1 },	 { QDISC_OPT_U32, "p", 1 },
	{ QDISC_OPT_BYTES, "", 1 },	 { QDISC_OPT_BYTES, "b", 1 },
	{ QDISC_OPT_RATE, "", 1 },	 { QDISC_OPT_RATE, "bit", 1 },
	{ QDISC_OPT_RATE, "kbit", 1000 },
	{ QDISC_OPT_RATE, "mbit", 1000000 },
	{ QDISC_OPT_RATE, "gbit", 1000000000 },
	{ QDISC_OPT_TIME, "", 1000 },	 { QDISC_OPT_TIME, "us", 1000 },
	{ QDISC_OPT_TIME, "ms", 1000000 },
	{ QDISC_OPT_TIME, "s", 1000000000 },
};

/* The value of @word for @o. Return: false: it is none, or out of range. */
static bool option_value(const struct qdisc_option *o, const char *word,
			 u64 *value)
{
	unsigned long long n;
	char *end;
	u32 i;

	if (o->kind == QDISC_OPT_RATE && !strcmp(word, "max")) {
		*value = U64_MAX;
		return true;
	}
	errno = 0;
	n = strtoull(word, &end, 10);
	if (end == word || *word < '0' || *word > '9' || errno)
		return false;
	for (i = 0; i < ARRAY_SIZE(units); i++)
		if (units[i].kind == (int)o->kind && !strcmp(units[i].name, end))
			break;
	if (i == ARRAY_SIZE(units) ||
	    __builtin_mul_overflow(n, units[i].factor, &n))
		return false;
	*value = o->kind == QDISC_OPT_RATE ? n / 8 : n;
	return *value >= o->min && *value <= o->max;
}

/* Where @q keeps @o. */
static void *option_place(struct Qdisc *q, const struct qdisc_option *o)
{
	return (u8 *)q + o->offset;
}

static u64 option_load(struct Qdisc *q, const struct qdisc_option *o)
{
	switch (o->kind) {
	case QDISC_OPT_U32:
	case QDISC_OPT_BYTES:
		return *(u32 *)option_place(q, o);
	case QDISC_OPT_FLAG:
		return *(bool *)option_place(q, o);
	default:
		return *(u64 *)option_place(q, o);
	}
}

/* @v is in range. */
static void option_store(struct Qdisc *q, const struct qdisc_option *o, u64 v)
{
	switch (o->kind) {
	case QDISC_OPT_U32:
	case QDISC_OPT_BYTES:
		*(u32 *)option_place(q, o) = (u32)v;
		break;
	case QDISC_OPT_FLAG:
		*(bool *)option_place(q, o) = v;
		break;
	default:
		*(u64 *)option_place(q, o) = v;
	}
}

/* The next word of *@s, and moves on. Return: false: it is too long. */
static bool next_word(const char **s, char *word)
{
	size_t len;

	*s += strspn(*s, " ");
	len = strcspn(*s, " ");
	if (len >= MAX_WORD)
		return false;
	memcpy(word, *s, len);
	word[len] = '\0';
	*s += len;
	return true;
}

/* Sets a flag "name", "noname", or an option whose value follows in *@s.
 * Return: NULL, or what is wrong. */
static const char *option_parse(struct Qdisc *q, const char *word, const char **s)
{
	const struct qdisc_option *o = q->ops->options;
	u32 left = q->ops->nr_options;
	char value[MAX_WORD];
	bool no;
	u64 v;

	for (; left; left--, o++) {
		if (o->kind == QDISC_OPT_FLAG) {
			no = !strncmp(word, "no", 2) &&
			     !strcmp(word + 2, o->name);
			if (!no && strcmp(word, o->name))
				continue;
			option_store(q, o, !no);
			return NULL;
		}
		if (strcmp(word, o->name))
			continue;
		if (!next_word(s, value) || !option_value(o, value, &v))
			return "no value of this option";
		option_store(q, o, v);
		return NULL;
	}
	return "no such option";
}

/* The options behind the name. 0, -EINVAL with a sentence. */
static int options_parse(struct Qdisc *q, const char *text)
{
	const struct net_device *dev = q->dev;
	char word[MAX_WORD];
	const char *s = text, *at, *why;

	for (;;) {
		at = s + strspn(s, " ");
		if (!*at)
			return 0;
		why = next_word(&s, word) ? option_parse(q, word, &s) :
					    "no such option";
		if (why)
			return net_error(dev->net, -EINVAL, "%s: %s: \"%.40s\": "
					 "%s", dev->name, q->ops->id, at, why);
	}
}

/* "fq", and behind it *@rest. Return: NULL, with a sentence, if there is none. */
static const struct Qdisc_ops *qdisc_find(struct net *net, const char *spec,
					  const char **rest)
{
	char word[MAX_WORD] = "";
	u32 i;

	*rest = spec;
	if (next_word(rest, word))
		for (i = 0; i < ARRAY_SIZE(qdisc_list); i++)
			if (!strcmp(word, qdisc_list[i]->id))
				return qdisc_list[i];
	net_error(net, -EINVAL, "%.40s: no such queue discipline; there are: "
		  "pfifo_fast, fq", spec);
	return NULL;
}

/* Appends to @buf, of which *@used are. */
static void print(char *buf, size_t size, size_t *used, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static void print(char *buf, size_t size, size_t *used, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (*used < size)
		*used += (size_t)vsnprintf(buf + *used, size - *used, fmt, ap);
	va_end(ap);
}

/* What options_parse() would read. Return: characters, >= @size: cut. */
static size_t qdisc_print(struct Qdisc *q, char *buf, size_t size)
{
	const struct qdisc_option *o = q->ops->options;
	u32 left = q->ops->nr_options;
	size_t used = 0;
	u64 v;

	print(buf, size, &used, "%s", q->ops->id);
	for (; left; left--, o++) {
		v = option_load(q, o);
		if (o->kind == QDISC_OPT_FLAG)
			print(buf, size, &used, " %s%s", v ? "" : "no", o->name);
		else if (o->kind == QDISC_OPT_RATE && v == U64_MAX)
			print(buf, size, &used, " %s max", o->name);
		else if (o->kind == QDISC_OPT_RATE)
			print(buf, size, &used, " %s %llubit", o->name,
			      (unsigned long long)v * 8);
		else if (o->kind == QDISC_OPT_TIME)
			print(buf, size, &used, " %s %lluus", o->name,
			      (unsigned long long)v / 1000);
		else
			print(buf, size, &used, " %s %llu%s", o->name,
			      (unsigned long long)v,
			      o->kind == QDISC_OPT_BYTES ? "b" : "p");
	}
	return used;
}

/* ---- changing --------------------------------------------------------- */

struct Qdisc *qdisc_create_dflt(struct netdev_queue *txq)
{
	return qdisc_alloc(txq, txq->dev->net->default_qdisc);
}

static void qdiscs_destroy(struct Qdisc **list, u32 nr)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (list[i])
			qdisc_destroy(list[i]);
}

/* One for each queue of @dev, nobody's yet. 0 or -E, and none is left. */
static int qdiscs_create(struct net_device *dev, const char *spec,
			 struct Qdisc **list)
{
	const char *options;
	const struct Qdisc_ops *ops = qdisc_find(dev->net, spec, &options);
	int err = ops ? 0 : -EINVAL;
	u32 i;

	for (i = 0; !err && i < dev->num_tx_queues; i++) {
		list[i] = qdisc_alloc(&dev->tx[i], ops);
		if (!list[i])
			err = net_error(dev->net, -ENOMEM,
					"%s: out of memory", dev->name);
		else
			err = options_parse(list[i], options);
	}
	if (err)
		qdiscs_destroy(list, dev->num_tx_queues);
	return err;
}

/* Nobody gives it packets any more: what it holds is lost, and so is it. */
static void qdisc_retire(struct Qdisc *q)
{
	u32 lost;

	qdisc_unschedule(q);
	spin_lock(&q->lock);
	lost = q->qlen;
	spin_unlock(&q->lock);
	DEV_STATS_ADD(q->dev, tx_dropped, lost);
	qdisc_destroy(q);
}

/* Puts @list in the place of the disciplines of @dev. Under rtnl. */
static void qdiscs_graft(struct net_device *dev, struct Qdisc **list)
{
	struct Qdisc *old[MAX_TX_QUEUES];
	u32 i;

	for (i = 0; i < dev->num_tx_queues; i++) {
		old[i] = dev->tx[i].qdisc;
		list[i]->deactivated = !netif_running(dev);
		/* what comes now stays behind what is on its way */
		netif_tx_freeze(&dev->tx[i]);
		rcu_assign_pointer(dev->tx[i].qdisc, list[i]);
	}
	synchronize_rcu(&dev->net->rcu);
	for (i = 0; i < dev->num_tx_queues; i++) {
		qdisc_retire(old[i]);
		netif_tx_unfreeze(&dev->tx[i]);
	}
}

/* A device without queues has no discipline. */
static int needs_queue(const struct net_device *dev)
{
	return dev->tx[0].qdisc ? 0 :
		net_error(dev->net, -EOPNOTSUPP, "%s: has no queue", dev->name);
}

int dev_set_qdisc(struct net_device *dev, const char *spec)
{
	struct Qdisc *list[MAX_TX_QUEUES] = { NULL };
	int err;

	rtnl_lock(dev->net);
	err = needs_queue(dev);
	if (!err)
		err = qdiscs_create(dev, spec, list);
	if (!err)
		qdiscs_graft(dev, list);
	rtnl_unlock(dev->net);
	return err;
}

int dev_get_qdisc(struct net_device *dev, char *buf, size_t size)
{
	int err;

	rtnl_lock(dev->net);
	err = needs_queue(dev);
	if (!err && qdisc_print(dev->tx[0].qdisc, buf, size) >= size)
		err = net_error(dev->net, -ERANGE, "%s: %zu bytes are too few "
				"for its queue discipline", dev->name, size);
	rtnl_unlock(dev->net);
	return err;
}

/* ---- counters --------------------------------------------------------- */

/* Some lines. Under rtnl. */
static void queue_show(struct netdev_queue *txq, FILE *out)
{
	struct Qdisc *q = txq->qdisc;
	char text[MAX_STATS], stats[MAX_STATS] = "";
	u64 packets, bytes, drops, requeues;
	u32 qlen;

	spin_lock(&txq->xmit_lock);
	packets = txq->tx_packets;
	bytes = txq->tx_bytes;
	spin_unlock(&txq->xmit_lock);
	qdisc_print(q, text, sizeof(text));
	spin_lock(&q->lock);
	qlen = q->qlen;
	drops = q->drops;
	requeues = q->requeues;
	if (q->ops->dump_stats)
		q->ops->dump_stats(q, stats, sizeof(stats));
	spin_unlock(&q->lock);
	fprintf(out, "qdisc %s dev %s queue %u\n Sent %llu bytes %llu pkt "
		"(dropped %llu, requeues %llu)\n backlog %up\n%s", text,
		txq->dev->name, (u32)(txq - txq->dev->tx),
		(unsigned long long)bytes, (unsigned long long)packets,
		(unsigned long long)drops, (unsigned long long)requeues, qlen,
		stats);
}

int qdisc_show(struct net *net, FILE *out)
{
	struct net_device *dev;
	u32 i;

	rtnl_lock(net);
	for (dev = net->dev_base; dev; dev = dev->next)
		for (i = 0; dev->tx[0].qdisc && i < dev->num_tx_queues; i++)
			queue_show(&dev->tx[i], out);
	rtnl_unlock(net);
	return ferror(out) ? -EIO : 0;
}

/* ---- the knob --------------------------------------------------------- */

static int set_default_qdisc(struct net *net, const struct sysctl_row *row,
			     const char *value)
{
	const char *rest;
	const struct Qdisc_ops *ops = qdisc_find(net, value, &rest);

	if (!ops || *rest)
		return net_error(net, -EINVAL, "%s: %s", row->name, ops ?
				 "a name and no more" : net_strerror(net));
	net->default_qdisc = ops;
	return 0;
}

static int get_default_qdisc(struct net *net, const struct sysctl_row *row,
			     char *buf, size_t size)
{
	(void)row;
	return (size_t)snprintf(buf, size, "%s", net->default_qdisc->id) < size ?
		       0 : -ERANGE;
}

static const struct sysctl_row sch_knobs[] = {
	{ .name = "net.core.default_qdisc", .kind = SYSCTL_STRING,
	  .set = set_default_qdisc, .get = get_default_qdisc },
};

int sch_net_init(struct net *net)
{
	net->default_qdisc = &pfifo_fast_ops;
	return register_net_sysctl(net, sch_knobs, ARRAY_SIZE(sch_knobs));
}
