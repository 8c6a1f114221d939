/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Knobs: finding a row by name, checking and storing values, printing them.
 * Rows come from the subsystems by register_net_sysctl().
 */
#include "core/sysctl.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/net.h"

#define SYSCTL_MAX_VALUES 3

static u32 kind_values(enum sysctl_kind kind)
{
	switch (kind) {
	case SYSCTL_S32_VEC2:
		return 2;
	case SYSCTL_S64_VEC3:
		return 3;
	default:
		return 1;
	}
}

static bool kind_is_64(enum sysctl_kind kind)
{
	return kind == SYSCTL_S64 || kind == SYSCTL_S64_VEC3;
}

static void sysctl_store(struct net *net, const struct sysctl_row *row,
			 const s64 *v)
{
	u8 *p = (u8 *)net + row->offset;
	u32 i;

	for (i = 0; i < kind_values(row->kind); i++) {
		if (kind_is_64(row->kind))
			WRITE_ONCE(((s64 *)p)[i], v[i]);
		else
			WRITE_ONCE(((s32 *)p)[i], (s32)v[i]);
	}
}

/* The values of a knob, of whatever width, into @v. */
static void sysctl_load(const struct net *net, const struct sysctl_row *row,
			s64 *v)
{
	const u8 *p = (const u8 *)net + row->offset;
	u32 i;

	for (i = 0; i < kind_values(row->kind); i++) {
		if (kind_is_64(row->kind))
			v[i] = READ_ONCE(((const s64 *)p)[i]);
		else if (row->kind == SYSCTL_U32)
			v[i] = READ_ONCE(((const u32 *)p)[i]);
		else
			v[i] = READ_ONCE(((const s32 *)p)[i]);
	}
}

int register_net_sysctl(struct net *net, const struct sysctl_row *rows,
			size_t nr)
{
	size_t i;

	if (net->nr_sysctl_tables == NET_MAX_SYSCTL_TABLES)
		return -ENOSPC;
	net->sysctl_tables[net->nr_sysctl_tables++] =
		(struct sysctl_table){ rows, nr };
	for (i = 0; i < nr; i++)
		if (rows[i].kind != SYSCTL_STRING)
			sysctl_store(net, &rows[i], rows[i].def);
	return 0;
}

static const struct sysctl_row *sysctl_find(struct net *net, const char *name)
{
	const struct sysctl_table *t = net->sysctl_tables;
	size_t i;

	for (; t < net->sysctl_tables + net->nr_sysctl_tables; t++)
		for (i = 0; i < t->nr; i++)
			if (!strcmp(t->rows[i].name, name))
				return &t->rows[i];
	return NULL;
}

/* Reads exactly @n numbers. Return: 0, -EINVAL, -ERANGE. */
static int parse_values(const char *text, s64 *v, u32 n)
{
	char *end;
	u32 i;

	for (i = 0; i < n; i++) {
		errno = 0;
		v[i] = strtoll(text, &end, 0);
		if (end == text)
			return -EINVAL;
		if (errno == ERANGE)
			return -ERANGE;
		text = end;
	}
	return text[strspn(text, " \t\n")] ? -EINVAL : 0;
}

/* Checks range and, for vectors, that values do not fall. */
static int check_values(struct net *net, const struct sysctl_row *row,
			const s64 *v)
{
	u32 i;

	for (i = 0; i < kind_values(row->kind); i++) {
		if (v[i] < row->min || v[i] > row->max)
			return net_error(net, -EINVAL, "%s: %" PRId64
					 " is not in %" PRId64 "..%" PRId64,
					 row->name, v[i], row->min, row->max);
		if (i && v[i] < v[i - 1])
			return net_error(net, -EINVAL,
					 "%s: the values must not fall: %" PRId64
					 " after %" PRId64,
					 row->name, v[i], v[i - 1]);
	}
	return 0;
}

/* Parses, checks, stores, tells the owner, and takes it back if he says no. */
static int sysctl_set_row(struct net *net, const struct sysctl_row *row,
			  const char *value)
{
	s64 v[SYSCTL_MAX_VALUES], old[SYSCTL_MAX_VALUES];
	int err;

	if (row->kind == SYSCTL_STRING)
		return row->set(net, row, value);
	err = parse_values(value, v, kind_values(row->kind));
	if (err == -ERANGE)
		return net_error(net, -EINVAL, "%s: \"%.40s\" is not in %" PRId64
				 "..%" PRId64, row->name, value, row->min,
				 row->max);
	if (err)
		return net_error(net, err, "%s: \"%.40s\": %u number%s wanted",
				 row->name, value, kind_values(row->kind),
				 kind_values(row->kind) > 1 ? "s" : "");
	err = check_values(net, row, v);
	if (err)
		return err;
	sysctl_load(net, row, old);
	sysctl_store(net, row, v);
	if (row->set) {
		err = row->set(net, row, value);
		if (err)
			sysctl_store(net, row, old);
	}
	return err;
}

int sysctl_set(struct net *net, const char *name, const char *value)
{
	const struct sysctl_row *row = sysctl_find(net, name);
	int err;

	if (!row)
		return net_error(net, -ENOENT, "%.80s: no such knob", name);
	rtnl_lock(net);
	err = sysctl_set_row(net, row, value);
	rtnl_unlock(net);
	return err;
}

/* The values of a knob as /proc/sys shows them. 0 or -ERANGE. */
static int sysctl_print(struct net *net, const struct sysctl_row *row,
			char *buf, size_t size)
{
	s64 v[SYSCTL_MAX_VALUES];
	int len;

	if (row->kind == SYSCTL_STRING)
		return row->get(net, row, buf, size);
	sysctl_load(net, row, v);
	switch (kind_values(row->kind)) {
	case 1:
		len = snprintf(buf, size, "%" PRId64, v[0]);
		break;
	case 2:
		len = snprintf(buf, size, "%" PRId64 "\t%" PRId64, v[0], v[1]);
		break;
	default:
		len = snprintf(buf, size, "%" PRId64 "\t%" PRId64 "\t%" PRId64,
			       v[0], v[1], v[2]);
	}
	return (size_t)len < size ? 0 : -ERANGE;
}

int sysctl_get(struct net *net, const char *name, char *buf, size_t size)
{
	const struct sysctl_row *row = sysctl_find(net, name);

	if (!row)
		return net_error(net, -ENOENT, "%.80s: no such knob", name);
	if (sysctl_print(net, row, buf, size))
		return net_error(net, -ERANGE,
				 "%.80s: %zu bytes are too few for its value",
				 name, size);
	return 0;
}

/* The row whose name follows @after in the order of names, NULL: none. */
static const struct sysctl_row *sysctl_next(struct net *net, const char *after)
{
	const struct sysctl_table *t = net->sysctl_tables;
	const struct sysctl_row *best = NULL;
	size_t i;

	for (; t < net->sysctl_tables + net->nr_sysctl_tables; t++)
		for (i = 0; i < t->nr; i++)
			if (strcmp(t->rows[i].name, after) > 0 &&
			    (!best || strcmp(t->rows[i].name, best->name) < 0))
				best = &t->rows[i];
	return best;
}

void sysctl_each(struct net *net,
		 void (*fn)(void *arg, const char *name, const char *value),
		 void *arg)
{
	const struct sysctl_row *row;
	char value[128];

	for (row = sysctl_next(net, ""); row; row = sysctl_next(net, row->name))
		if (!sysctl_print(net, row, value, sizeof(value)))
			fn(arg, row->name, value);
}
