/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inet_timewait_sock: what is left of a connection in TIME-WAIT (or in
 * FIN-WAIT-2 without a user): enough to answer, in three lines of the cache.
 */
#ifndef IPV4_INET_TIMEWAIT_SOCK_H
#define IPV4_INET_TIMEWAIT_SOCK_H

#include "core/sock.h"
#include "ipv4/inet_hashtables.h"

/* One per stack and transport. */
struct inet_timewait_death_row {
	u32 tw_count;			/* atomic */
	struct kmem_cache *cache;
};

struct inet_timewait_sock {
	struct sock_common __tw_common;		/* first */
#define tw_node __tw_common.skc_node
#define tw_net __tw_common.skc_net
#define tw_daddr __tw_common.skc_daddr
#define tw_rcv_saddr __tw_common.skc_rcv_saddr
#define tw_dport __tw_common.skc_dport
#define tw_num __tw_common.skc_num
#define tw_hash __tw_common.skc_hash
#define tw_state __tw_common.skc_state
#define tw_refcnt __tw_common.skc_refcnt
#define tw_bound_dev_if __tw_common.skc_bound_dev_if
	struct inet_bind_bucket *tw_tb;
	union {
		struct timer_list tw_timer;
		struct rcu_head tw_rcu;	/* after the last reference */
	};
	u32 tw_mark;
	u8 tw_substate;		/* TCP_FIN_WAIT2 or TCP_TIME_WAIT */
	u8 tw_rcv_wscale;
	u8 tw_tos;
	u8 tw_priority;
};

static inline struct inet_timewait_sock *inet_twsk(const struct sock *sk)
{
	return (struct inet_timewait_sock *)sk;
}

/* A timewait sock like @sk with refcnt 0, not hashed yet. NULL: no memory or
 * net.ipv4.tcp_max_tw_buckets reached. */
struct inet_timewait_sock *inet_twsk_alloc(const struct sock *sk,
					   struct inet_timewait_death_row *dr,
					   u8 state);
/* Takes @sk's place in all tables and starts the timer. After it the caller
 * has no reference. */
void inet_twsk_hashdance_schedule(struct inet_timewait_sock *tw,
				  struct sock *sk, u64 timeo_ns);
void inet_twsk_reschedule(struct inet_timewait_sock *tw, u64 timeo_ns);
/* Ends it now, if its timer does not at this moment. With a reference: that is
 * consumed by inet_twsk_deschedule_put(). */
void inet_twsk_deschedule(struct inet_timewait_sock *tw);
void inet_twsk_deschedule_put(struct inet_timewait_sock *tw);
void inet_twsk_put(struct inet_timewait_sock *tw);
#endif /* IPV4_INET_TIMEWAIT_SOCK_H */
