/* SPDX-License-Identifier: BSD-2-Clause */
/* Busy polling: who waits for a packet looks for it himself. */
#ifndef CORE_BUSY_POLL_H
#define CORE_BUSY_POLL_H

#include <inet/netdevice.h>

#include "core/net.h"
#include "lib/lock.h"

#define BUSY_POLL_MAX_US 1000000
#define BUSY_POLL_BUDGET 8

/* One wait. */
struct busy_loop {
	struct net *net;
	u32 napi;		/* sk_napi: which one to poll */
	struct wait_queue_head *wq;	/* woken: there is something */
	u32 *key;			/* of prepare_to_wait() */
	u32 usec;		/* at most so long, */
	u64 deadline_ns;	/* and not beyond */
	u16 budget;		/* packets of one poll */
};

/* Polls until the queue is woken or time is up. Return: whether it was. Context:
 * may sleep; no lock held. */
bool napi_busy_loop(const struct busy_loop *loop);
/* The same for @sk, for as long as it is worth it. */
bool sk_busy_loop(struct sock *sk, u32 *key, u64 deadline_ns);
/* What was waited for since then has come: was it worth to spin for it? */
void sk_busy_came(struct sock *sk, u64 since_ns);

/* The number of the NAPI that @mark (sk_napi) stands for; 0: there is none. */
u32 napi_id_of(struct net *net, u32 mark);

#endif /* CORE_BUSY_POLL_H */
