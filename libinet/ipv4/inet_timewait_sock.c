/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TIME-WAIT without a sock.
 *
 * One reference stands for the places in the tables and the running timer;
 * whoever ends the timer (it fires, or is deleted in time) takes it. Lookups
 * add their own.
 */
#include "ipv4/inet_timewait_sock.h"

#include "ipv4/inet_connection_sock.h"
#include "ipv4/tcp.h"
#include "ipv4/tcp_md5.h"
#include "lib/points.h"

static struct inet_timewait_death_row *
inet_twsk_death_row(const struct inet_timewait_sock *tw)
{
	return &tw->tw_net->ipv4.tcp->death_row;
}

static void inet_twsk_free_rcu(struct rcu_head *head)
{
	struct inet_timewait_sock *tw =
		container_of(head, struct inet_timewait_sock, tw_rcu);

	tcp_md5_timewait_free(tcp_twsk((struct sock *)tw));
	kmem_cache_free(inet_twsk_death_row(tw)->cache, tw);
}

void inet_twsk_put(struct inet_timewait_sock *tw)
{
	if (refcount_dec_and_test(&tw->tw_refcnt))
		call_rcu(&tw->tw_net->rcu, &tw->tw_rcu, inet_twsk_free_rcu);
}

/* Gives the port back, if connect() did not take it over. */
static void inet_twsk_bind_unhash(struct inet_timewait_sock *tw)
{
	struct inet_hashinfo *h = inet_hashinfo(tw->tw_net);
	struct inet_lock *lock = inet_bhash_lock(h, tw->tw_num);

	spin_lock(lock);
	if (tw->tw_tb) {
		hlist_del(&tw->__tw_common.skc_bind_node);
		inet_bind_bucket_destroy(h, tw->tw_tb);
		tw->tw_tb = NULL;
	}
	spin_unlock(lock);
}

/* Out of all tables. Context: the timer has been ended by the caller. */
static void inet_twsk_kill(struct inet_timewait_sock *tw)
{
	inet_ehash_remove(&tw->__tw_common);
	inet_twsk_bind_unhash(tw);
	count_add(&inet_twsk_death_row(tw)->tw_count, -1, tw->tw_net->smp);
	inet_twsk_put(tw);
}

static void tw_timer_handler(struct timer_list *t)
{
	struct inet_timewait_sock *tw = from_timer(tw, t, tw_timer);

	inet_twsk_kill(tw);
}

struct inet_timewait_sock *inet_twsk_alloc(const struct sock *sk,
					   struct inet_timewait_death_row *dr,
					   u8 state)
{
	struct inet_timewait_sock *tw;

	if ((s32)READ_ONCE(dr->tw_count) >=
		    READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_max_tw_buckets) ||
	    INET_BUGGIFY(TIME_WAIT_FULL))
		return NULL;
	tw = kmem_cache_zalloc(dr->cache);
	if (!tw)
		return NULL;
	/* Neighbours in the chain and holders of references are others' work. */
	memcpy_shared(&tw->__tw_common, &sk->__sk_common,
		      sizeof(tw->__tw_common));
	INIT_HLIST_NODE(&tw->tw_node);
	INIT_HLIST_NODE(&tw->__tw_common.skc_bind_node);
	refcount_init(&tw->tw_refcnt, 0, sk_smp(sk));
	tw->tw_state = TCP_TIME_WAIT;
	tw->tw_substate = state;
	tw->tw_mark = sk->sk_mark;
	tw->tw_priority = (u8)sk->sk_priority;
	timer_setup(&tw->tw_timer, tw_timer_handler);
	count_add(&dr->tw_count, 1, sk_smp(sk));
	return tw;
}

void inet_twsk_hashdance_schedule(struct inet_timewait_sock *tw,
				  struct sock *sk, u64 timeo_ns)
{
	struct net *net = tw->tw_net;
	struct inet_hashinfo *h = inet_hashinfo(net);
	struct inet_lock *lock = inet_bhash_lock(h, tw->tw_num);

	spin_lock(lock);
	tw->tw_tb = inet_csk(sk)->icsk_bind_hash;
	inet_assert(tw->tw_tb);
	hlist_add_head(&tw->__tw_common.skc_bind_node, &tw->tw_tb->owners);
	spin_unlock(lock);

	/* from here on others may find it: the timer is set before, so that
	 * it can be ended */
	refcount_init(&tw->tw_refcnt, 1, net->smp);
	mod_timer(net_wheel(net), &tw->tw_timer, net_now(net) + timeo_ns);
	if (!inet_ehash_insert((struct sock *)tw, sk))
		inet_twsk_deschedule(tw);
}

void inet_twsk_reschedule(struct inet_timewait_sock *tw, u64 timeo_ns)
{
	struct net *net = tw->tw_net;

	/* it fired meanwhile: it is ending, and the timer must not run again */
	if (!mod_timer(net_wheel(net), &tw->tw_timer, net_now(net) + timeo_ns))
		del_timer(&tw->tw_timer);
}

void inet_twsk_deschedule(struct inet_timewait_sock *tw)
{
	if (del_timer(&tw->tw_timer))
		inet_twsk_kill(tw);
}

void inet_twsk_deschedule_put(struct inet_timewait_sock *tw)
{
	inet_twsk_deschedule(tw);
	inet_twsk_put(tw);
}
