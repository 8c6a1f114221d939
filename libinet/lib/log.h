/* SPDX-License-Identifier: BSD-2-Clause */
/* Sentences for people: levelled, bounded, rate-limited, to env->log. */
#ifndef INET_LIB_LOG_H
#define INET_LIB_LOG_H

#include <inet/env.h>

#include "lib/lock.h"

#define NET_LOG_LINE 256		/* with the final zero byte */
#define NET_LOG_BURST 10		/* lines in one interval … */
#define NET_LOG_INTERVAL_NS 5000000000ULL	/* … as in Linux */

/* One per stack. */
struct net_log {
	struct inet_lock lock;		/* guards all below; a leaf */
	const struct inet_env *env;
	int level;			/* less urgent lines are not written */
	u64 begin_ns;			/* of the present interval */
	u32 printed;			/* limited lines in it */
	u32 missed;
};

void net_log_init(struct net_log *log, const struct inet_env *env, bool smp);

/* Writes always: for lines that the application itself causes. */
void net_log(struct net_log *log, int level, const char *fmt, ...)
	__printf(3, 4);

/* Writes a few lines per interval: for lines that packets cause. */
void net_log_ratelimited(struct net_log *log, int level, const char *fmt, ...)
	__printf(3, 4);

#define net_err(log, ...) net_log(log, INET_LOG_ERR, __VA_ARGS__)
#define net_warn(log, ...) net_log(log, INET_LOG_WARNING, __VA_ARGS__)
#define net_info(log, ...) net_log(log, INET_LOG_INFO, __VA_ARGS__)
#define net_dbg(log, ...) net_log(log, INET_LOG_DEBUG, __VA_ARGS__)
#define net_err_ratelimited(log, ...) \
	net_log_ratelimited(log, INET_LOG_ERR, __VA_ARGS__)
#define net_warn_ratelimited(log, ...) \
	net_log_ratelimited(log, INET_LOG_WARNING, __VA_ARGS__)
#define net_info_ratelimited(log, ...) \
	net_log_ratelimited(log, INET_LOG_INFO, __VA_ARGS__)
#define net_dbg_ratelimited(log, ...) \
	net_log_ratelimited(log, INET_LOG_DEBUG, __VA_ARGS__)

#endif /* INET_LIB_LOG_H */
