/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Knobs: one row each, {name, place in struct net, kind, min, max, default}.
 * Rows live beside the code that obeys them and are listed in sysctl.c.
 */
#ifndef CORE_SYSCTL_H
#define CORE_SYSCTL_H

#include <stddef.h>

#include <inet/types.h>

struct net;

enum sysctl_kind {
	SYSCTL_S32,
	SYSCTL_U32,
	SYSCTL_S64,
	SYSCTL_S32_VEC2,	/* "32768 60999": two, the first <= the second */
	SYSCTL_S64_VEC3,	/* "4096 131072 6291456": three, rising */
	SYSCTL_STRING,		/* checked by ->set */
};

struct sysctl_row {
	const char *name;	/* "net.ipv4.ip_forward" */
	size_t offset;		/* in struct net */
	enum sysctl_kind kind;
	s64 min, max;
	s64 def[3];
	/* Called after the value was stored (strings: instead of storing), to
	 * act on it; -E takes it back. May be NULL. */
	int (*set)(struct net *net, const struct sysctl_row *row,
		   const char *value);
	/* Strings: writes the current value. */
	int (*get)(struct net *net, const struct sysctl_row *row, char *buf,
		   size_t size);
};

/* SYSCTL_ROW("net.ipv4.ip_forward", ipv4.sysctl_ip_forward, S32, 0, 1, 0) */
#define SYSCTL_ROW(n, member, k, lo, hi, ...)				\
	{ .name = (n), .offset = offsetof(struct net, member),		\
	  .kind = SYSCTL_##k, .min = (lo), .max = (hi),			\
	  .def = { __VA_ARGS__ } }

struct sysctl_table {
	const struct sysctl_row *rows;
	size_t nr;
};

/* By name, as text. 0, -ENOENT, -EINVAL, -ERANGE, with a sentence. */
int sysctl_set(struct net *net, const char *name, const char *value);
int sysctl_get(struct net *net, const char *name, char *buf, size_t size);
void sysctl_each(struct net *net,
		 void (*fn)(void *arg, const char *name, const char *value),
		 void *arg);

#endif /* CORE_SYSCTL_H */
