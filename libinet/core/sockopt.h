/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Socket options: one row each. setsockopt and getsockopt look the row up and
 * do what is the same for all: length and range checks, copying, locking.
 */
#ifndef CORE_SOCKOPT_H
#define CORE_SOCKOPT_H

#include <sys/socket.h>

#include <inet/types.h>

struct sock;

enum sockopt_kind {
	SOCKOPT_INT,		/* an int; a single byte is accepted by IP level */
	SOCKOPT_BOOL,		/* int, stored as 0 or 1 */
	SOCKOPT_BYTES,		/* raw: the row's functions see buffer, length */
};

struct sockopt_row {
	int level;
	int optname;
	const char *name;	/* "SO_REUSEADDR" */
	enum sockopt_kind kind;
	s64 min, max;		/* INT: range, else -EINVAL */
	u8 min_len;		/* IPPROTO_IP: 1 refuses an empty value, which
				 * else means 0; others need a whole int */
	/* Locked. NULL: cannot be set, -ENOPROTOOPT. */
	int (*set)(struct sock *sk, int val);
	/* Locked. NULL: cannot be read, -ENOPROTOOPT. */
	int (*get)(struct sock *sk, int *val);
	/* Instead of the two above for SOCKOPT_BYTES; @len of get: capacity
	 * in, length out. */
	int (*set_bytes)(struct sock *sk, const void *val, socklen_t len);
	int (*get_bytes)(struct sock *sk, void *val, socklen_t *len);
};

#define SOCKOPT_ROW(lvl, opt, k, lo, hi, setter, getter)		\
	{ .level = (lvl), .optname = (opt), .name = #opt,		\
	  .kind = SOCKOPT_##k, .min = (lo), .max = (hi),		\
	  .set = (setter), .get = (getter) }
/* Of IPPROTO_IP, at least one byte. */
#define SOCKOPT_ROW_LEN1(lvl, opt, k, lo, hi, setter, getter)		\
	{ .level = (lvl), .optname = (opt), .name = #opt,		\
	  .kind = SOCKOPT_##k, .min = (lo), .max = (hi), .min_len = 1,	\
	  .set = (setter), .get = (getter) }
#define SOCKOPT_ROW_BYTES(lvl, opt, setter, getter)			\
	{ .level = (lvl), .optname = (opt), .name = #opt,		\
	  .kind = SOCKOPT_BYTES,					\
	  .set_bytes = (setter), .get_bytes = (getter) }

/* The row of one option, or NULL. */
const struct sockopt_row *sockopt_find(const struct sockopt_row *rows, u32 nr,
				       int level, int optname);

/* Sets or reads through @rows; -ENOPROTOOPT when none fits. Takes the lock. */
int sockopt_set(struct sock *sk, const struct sockopt_row *rows, u32 nr,
		int level, int optname, const void *val, socklen_t len);
int sockopt_get(struct sock *sk, const struct sockopt_row *rows, u32 nr,
		int level, int optname, void *val, socklen_t *len);

/* The end of a get_bytes: as much of the @n bytes at @src as there is room for. 0. */
int sockopt_put(void *val, socklen_t *len, const void *src, size_t n);

/* SOL_SOCKET: the same for every family. */
extern const struct sockopt_row sock_options[];
extern const u32 nr_sock_options;

/* What sock->ops->setsockopt of inet sockets calls: SOL_SOCKET rows, then
 * sk->sk_prot->setsockopt. */
int sock_common_setsockopt(struct sock *sk, int level, int optname,
			   const void *val, socklen_t len);
int sock_common_getsockopt(struct sock *sk, int level, int optname, void *val,
			   socklen_t *len);

#endif /* CORE_SOCKOPT_H */
