/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatting and limiting of log lines. */
#include "lib/log.h"

#include <stdarg.h>
#include <stdio.h>

/* Lines of the level INET_LOG_INFO and above; nothing counted yet. */
void net_log_init(struct net_log *log, const struct inet_env *env, bool smp)
{
	*log = (struct net_log){
		.env = env,
		.level = INET_LOG_INFO,
	};
	lock_init(&log->lock, smp);
}

/* A line may quote bytes of a packet: what is no character becomes a '?'. */
static void __printf(3, 0)
emit(struct net_log *log, int level, const char *fmt, va_list args)
{
	char line[NET_LOG_LINE];

	vsnprintf(line, sizeof(line), fmt, args);
	for (char *p = line; *p; p++) {
		if ((u8)*p < 0x20 || (u8)*p == 0x7f)
			*p = '?';
	}
	log->env->log(log->env->opaque, level, line);
}

void net_log(struct net_log *log, int level, const char *fmt, ...)
{
	va_list args;

	if (level > READ_ONCE(log->level))
		return;
	va_start(args, fmt);
	emit(log, level, fmt, args);
	va_end(args);
}

/*
 * Counts one more line of this interval.
 * @missed: how many the last interval lost, when this line opens a new one
 * Return: whether the line may be written.
 */
static bool admit(struct net_log *log, u32 *missed)
{
	u64 now = log->env->now(log->env->opaque);
	bool ok;

	spin_lock(&log->lock);
	if (log->printed && now - log->begin_ns >= NET_LOG_INTERVAL_NS) {
		*missed = log->missed;
		log->missed = 0;
		log->printed = 0;
	}
	if (!log->printed)
		log->begin_ns = now;
	ok = log->printed < NET_LOG_BURST;
	if (ok)
		log->printed++;
	else
		log->missed++;
	spin_unlock(&log->lock);
	return ok;
}

void net_log_ratelimited(struct net_log *log, int level, const char *fmt, ...)
{
	u32 missed = 0;
	va_list args;

	if (level > READ_ONCE(log->level) || !admit(log, &missed))
		return;
	if (missed)
		net_log(log, INET_LOG_WARNING, "%u lines not written", missed);
	va_start(args, fmt);
	emit(log, level, fmt, args);
	va_end(args);
}
