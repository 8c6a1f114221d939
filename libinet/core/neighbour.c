/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbours: states, timers, queues and limits, the same for every family.
 *
 * Theory of operation. A table maps (next hop, device) to a link address. The
 * states are Linux's (RFC 4861 7.3 with NONE, FAILED, NOARP and PERMANENT):
 *
 *	NONE --packet--> INCOMPLETE --answer--> REACHABLE --silence--> STALE
 *	                     |                      ^                    |
 *	                 3 requests                 |confirmed         packet
 *	                     v                      |                    v
 *	                  FAILED <--3 unicast-- PROBE <--delay_first-- DELAY
 *
 * Packets for an INCOMPLETE entry wait on arp_queue, bounded by bytes, oldest
 * dropped first; when the entry fails each goes to ops->error_report(). One
 * timer per entry drives the machine; while it is pending it holds a
 * reference.
 *
 * The fast path. neigh_output() calls n->output: neigh_connected_output while
 * the address is known to be good, else neigh_resolve_output. Both copy a ready
 * link header from hh_data, which is the header that the device made for the
 * first packet, kept. Reading it takes no lock: ha, hh_data and hh_len are under
 * the sequence counter ha_lock, whose writers hold n->lock.
 *
 * Limits. Above gc_thresh1 entries the periodic collector takes what was not
 * used for gc_stale_time; above gc_thresh2 a creation first collects, at most
 * every five seconds; above gc_thresh3 always, and fails when nothing can go.
 * What is REACHABLE, being resolved, PERMANENT or referenced never goes, so
 * that a flood of strangers cannot evict the gateway; nor can it make the
 * stack ask for one address more than once a second, for an entry that asked
 * lately stays.
 *
 * Locks: table, then entry. No lock is held while ops or the device are called.
 */
#include "core/neighbour.h"

#include <errno.h>
#include <string.h>

#include "core/dev.h"
#include "core/dst.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "lib/byteorder.h"
#include "lib/points.h"

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC 1000000000ULL

#define NEIGH_HASH_SHIFT_MIN 4
#define NEIGH_HASH_SHIFT_MAX 20
#define NEIGH_RAND_NS (300 * NSEC_PER_SEC)	/* new reachable time */
#define NEIGH_FLUSH_NS (5 * NSEC_PER_SEC)	/* between collections */
#define NEIGH_FULL_RETRY_NS (100 * NSEC_PER_MSEC)
#define NEIGH_TIMER_MIN_NS (10 * NSEC_PER_MSEC)
#define NEIGH_PERIODIC_MIN_NS NSEC_PER_SEC

struct neigh_hash_table {
	struct rcu_head rcu;
	struct neigh_table *tbl;
	u32 shift;
	u32 rnd[4];
	struct hlist_head buckets[];
};

static void neigh_timer_handler(struct timer_list *t);

static u64 ms_to_ns(s32 ms)
{
	return (u64)ms * NSEC_PER_MSEC;
}

static u64 sec_to_ns(s32 s)
{
	return (u64)s * NSEC_PER_SEC;
}

static u64 neigh_now(const struct neigh_table *tbl)
{
	return net_now(tbl->net);
}

/* ---- the hash table --------------------------------------------------- */

static size_t nht_size(u32 shift)
{
	return sizeof(struct neigh_hash_table) +
	       sizeof(struct hlist_head) * ((size_t)1 << shift);
}

/* Keyed by the wire, so the multipliers are secret and odd. */
static u32 neigh_hash(const struct neigh_hash_table *nht, const void *key,
		      const struct net_device *dev)
{
	u32 k[4], val;

	memcpy(k, key, 4);
	val = (k[0] ^ (u32)dev->ifindex * 0x9e3779b9u) * nht->rnd[0];
	if (nht->tbl->key_len == 16) {
		memcpy(k, key, 16);
		val += k[1] * nht->rnd[1] + k[2] * nht->rnd[2] +
		       k[3] * nht->rnd[3];
	}
	return val >> (32 - nht->shift);
}

/* A table of 2^shift buckets with its own secret. Return: NULL: no memory. */
static struct neigh_hash_table *nht_alloc(struct neigh_table *tbl, u32 shift)
{
	struct neigh_hash_table *nht = mem_zalloc(&tbl->net->mem,
						  nht_size(shift));

	if (!nht)
		return NULL;
	nht->tbl = tbl;
	nht->shift = shift;
	net_random_bytes(tbl->net, nht->rnd, sizeof(nht->rnd));
	for (int i = 0; i < 4; i++)
		nht->rnd[i] |= 1;
	return nht;
}

static void nht_free(struct neigh_hash_table *nht)
{
	mem_free(&nht->tbl->net->mem, nht, nht_size(nht->shift));
}

static void nht_free_rcu(struct rcu_head *head)
{
	nht_free(container_of(head, struct neigh_hash_table, rcu));
}

/*
 * Doubles the table. A reader in the old one may miss an entry that is moved, or
 * be taken along by one: neigh_lookup() sees that and asks again under the
 * lock; who borrows by __neigh_lookup_noref() and finds nothing goes on to
 * neigh_create(). Context: table lock.
 */
static void neigh_hash_grow(struct neigh_table *tbl)
{
	struct neigh_hash_table *old = tbl->nht, *nht;
	struct neighbour *n;
	struct hlist_node *tmp;
	u32 i;

	if (old->shift >= NEIGH_HASH_SHIFT_MAX)
		return;
	nht = nht_alloc(tbl, old->shift + 1);
	if (!nht)
		return;
	write_seqcount_begin(&tbl->growth);
	for (i = 0; i < 1u << old->shift; i++)
		hlist_for_each_entry_safe(n, tmp, &old->buckets[i], hash) {
			hlist_del_rcu(&n->hash);
			hlist_add_head_rcu(&n->hash, &nht->buckets[neigh_hash(
				nht, n->primary_key, n->dev)]);
		}
	rcu_assign_pointer(tbl->nht, nht);
	write_seqcount_end(&tbl->growth);
	call_rcu(&tbl->net->rcu, &old->rcu, nht_free_rcu);
}

/* The first word tells most strangers, and is all that IPv4 has. */
static inline bool neigh_key_is(const struct neighbour *n, const void *key,
				u32 len)
{
	u64 k[2], mine[2];

	if (memcmp(n->primary_key, key, 4) != 0)
		return false;
	if (likely(len == 4))
		return true;
	memcpy(k, key, NEIGH_MAX_KEY);
	memcpy(mine, n->primary_key, NEIGH_MAX_KEY);
	return !((k[0] ^ mine[0]) | (k[1] ^ mine[1]));
}

/* Finds an entry without taking a reference. Context: RCU. */
struct neighbour *__neigh_lookup_noref(struct neigh_table *tbl,
				       const void *key,
				       const struct net_device *dev)
{
	struct neigh_hash_table *nht = rcu_dereference(tbl->nht);
	struct hlist_head *head = &nht->buckets[neigh_hash(nht, key, dev)];
	struct neighbour *n;

	INET_WALK(NEIGH);
	hlist_for_each_entry_rcu(n, head, hash) {
		INET_STEP(NEIGH);
		if (n->dev == dev && neigh_key_is(n, key, tbl->key_len))
			return n;
	}
	return NULL;
}

/* neigh_lookup() where nothing moves. Context: RCU. */
static struct neighbour *neigh_lookup_locked(struct neigh_table *tbl,
					     const void *key,
					     struct net_device *dev)
{
	struct neighbour *n;

	spin_lock(&tbl->lock);
	n = __neigh_lookup_noref(tbl, key, dev);
	if (n)
		neigh_hold(n);
	spin_unlock(&tbl->lock);
	return n;
}

/* Asks under the lock where the table grew beside an entry that was not found,
 * or the one that was found died: it may have an heir. */
struct neighbour *neigh_lookup(struct neigh_table *tbl, const void *key,
			       struct net_device *dev)
{
	struct neighbour *n;
	u32 seq;

	rcu_read_lock(&tbl->net->rcu);
	seq = smp_load_acquire(&tbl->growth.sequence);
	n = __neigh_lookup_noref(tbl, key, dev);
	if (n ? !refcount_inc_not_zero(&n->refcnt) :
		(seq & 1 || read_seqcount_retry(&tbl->growth, seq)))
		n = neigh_lookup_locked(tbl, key, dev);
	rcu_read_unlock(&tbl->net->rcu);
	return n;
}

/* ---- life ------------------------------------------------------------- */

static void neigh_destroy_rcu(struct rcu_head *head)
{
	struct neighbour *n = container_of(head, struct neighbour, rcu);

	dev_put(n->dev);
	kmem_cache_free(n->tbl->cache, n);
}

/* Drops one reference; the last one frees. */
void neigh_release(struct neighbour *n)
{
	if (!n || !refcount_dec_and_test(&n->refcnt))
		return;
	inet_assert(n->dead);
	skb_queue_purge_reason(&n->arp_queue, SKB_DROP_REASON_NEIGH_DEAD);
	call_rcu(&n->tbl->net->rcu, &n->rcu, neigh_destroy_rcu);
}

/* Output of an entry that has left its table. */
static int neigh_blackhole(struct neighbour *n, struct sk_buff *skb)
{
	(void)n;
	kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_DEAD);
	return -ENETDOWN;
}

/* Context: n->lock. */
static void neigh_add_timer(struct neighbour *n, u64 when)
{
	neigh_hold(n);
	if (mod_timer(net_wheel(n->tbl->net), &n->timer, when))
		neigh_release(n);
}

/* Context: n->lock; the caller holds a reference besides the timer's. */
static void neigh_del_timer(struct neighbour *n)
{
	if (n->nud_state & NUD_IN_TIMER && del_timer(&n->timer))
		neigh_release(n);
}

/* Context: n->lock. */
static void neigh_set_state(struct neighbour *n, u8 state)
{
	WRITE_ONCE(n->nud_state, state);
}

/* The address is doubtful: output asks the state machine. Context: lock. */
static void neigh_suspect(struct neighbour *n)
{
	WRITE_ONCE(n->output, neigh_resolve_output);
}

/* The address is good: output need not ask. Context: lock. */
static void neigh_connect(struct neighbour *n)
{
	WRITE_ONCE(n->output, neigh_connected_output);
}

/* Unhashes @n. Context: table lock. Return: false when it was out already. */
static bool neigh_unlink(struct neigh_table *tbl, struct neighbour *n)
{
	if (hlist_unhashed(&n->hash))
		return false;
	hlist_del_rcu(&n->hash);
	WRITE_ONCE(tbl->entries, tbl->entries - 1);
	if (n->on_gc_list) {
		list_del(&n->gc_list);
		n->on_gc_list = false;
		WRITE_ONCE(tbl->gc_entries, tbl->gc_entries - 1);
	}
	return true;
}

/* What is left to do after neigh_unlink(); gives up the table's reference. */
static void neigh_cleanup(struct neighbour *n)
{
	struct sk_buff_head queue;

	skb_queue_head_init(&queue);
	spin_lock(&n->lock);
	neigh_del_timer(n);
	n->dead = 1;
	neigh_set_state(n, NUD_NONE);
	WRITE_ONCE(n->output, neigh_blackhole);
	skb_queue_splice_tail_init(&n->arp_queue, &queue);
	n->arp_queue_len_bytes = 0;
	spin_unlock(&n->lock);
	skb_queue_purge_reason(&queue, SKB_DROP_REASON_NEIGH_DEAD);
	neigh_release(n);
}

/* Takes an entry out of its table. */
void neigh_remove(struct neighbour *n)
{
	struct neigh_table *tbl = n->tbl;
	bool mine;

	spin_lock(&tbl->lock);
	mine = neigh_unlink(tbl, n);
	spin_unlock(&tbl->lock);
	if (mine)
		neigh_cleanup(n);
}

/* ---- collection ------------------------------------------------------- */

/*
 * May forced collection take @n? Nobody refers to it and no timer runs for
 * it: the table's reference is the only one. @all: also what was heard of in
 * the last five seconds.
 */
static bool neigh_may_evict(const struct neighbour *n, u64 now, bool all)
{
	u8 state = READ_ONCE(n->nud_state);

	if (refcount_read(&n->refcnt) != 1 || state & NUD_IN_TIMER)
		return false;
	return all || state & (NUD_FAILED | NUD_NOARP) || state == NUD_NONE ||
	       now - READ_ONCE(n->updated_ns) > NEIGH_FLUSH_NS;
}

/*
 * Makes room down to gc_thresh2, oldest entries first: in the first pass only
 * what was silent for a while, in the second, when the table is really full,
 * whatever may go. Return: whether the table is below gc_thresh3 now.
 */
static bool neigh_forced_gc(struct neigh_table *tbl, u64 now)
{
	u32 goal = (u32)READ_ONCE(tbl->parms->gc_thresh2);
	u32 full = (u32)READ_ONCE(tbl->parms->gc_thresh3);
	struct neighbour *n, *tmp;
	LIST_HEAD(victims);

	spin_lock(&tbl->lock);
	tbl->last_flush_ns = now;
	for (int pass = 0; pass < 2; pass++) {
		if (pass && tbl->gc_entries < full)
			break;
		list_for_each_entry_safe(n, tmp, &tbl->gc_list, gc_list) {
			if (tbl->gc_entries <= goal)
				break;
			if (!neigh_may_evict(n, now, pass))
				continue;
			neigh_unlink(tbl, n);
			list_add_tail(&n->gc_list, &victims);
		}
	}
	full = tbl->gc_entries < full;
	spin_unlock(&tbl->lock);
	list_for_each_entry_safe(n, tmp, &victims, gc_list)
		neigh_cleanup(n);
	return full;
}

/* Is there room for one more? Collects when it must. */
static bool neigh_make_room(struct neigh_table *tbl, u64 now)
{
	const struct neigh_parms *p = tbl->parms;
	u32 entries = READ_ONCE(tbl->gc_entries);

	if (likely(entries < (u32)p->gc_thresh2))
		return true;
	if (entries < (u32)p->gc_thresh3) {
		if (now - tbl->last_flush_ns > NEIGH_FLUSH_NS)
			neigh_forced_gc(tbl, now);
		return true;
	}
	/* A full table of live entries: looked through ten times a second, not
	 * for each packet of a flood. */
	if (now - tbl->last_flush_ns < NEIGH_FULL_RETRY_NS &&
	    tbl->table_fulls && tbl->last_flush_ns)
		goto full;
	if (neigh_forced_gc(tbl, now)) {
		tbl->table_fulls = 0;
		return true;
	}
full:
	tbl->table_fulls++;
	NET_INC_STATS(tbl->net, ARP_TABLEFULL);
	return false;
}

/* Every base_reachable_time / 2: drops what is not used, above gc_thresh1. */
static void neigh_periodic_collect(struct neigh_table *tbl, u64 now)
{
	u64 stale = sec_to_ns(READ_ONCE(tbl->parms->gc_stale_time_s));
	struct neighbour *n, *tmp;
	LIST_HEAD(victims);

	spin_lock(&tbl->lock);
	list_for_each_entry_safe(n, tmp, &tbl->gc_list, gc_list) {
		u64 used =
			max(READ_ONCE(n->used_ns), READ_ONCE(n->confirmed_ns));

		if (refcount_read(&n->refcnt) != 1 ||
		    READ_ONCE(n->nud_state) & NUD_IN_TIMER)
			continue;
		if (!(READ_ONCE(n->nud_state) & NUD_FAILED) &&
		    (now < used || now - used <= stale))
			continue;
		neigh_unlink(tbl, n);
		list_add_tail(&n->gc_list, &victims);
	}
	spin_unlock(&tbl->lock);
	list_for_each_entry_safe(n, tmp, &victims, gc_list)
		neigh_cleanup(n);
}

/* Uniform in 0.5 to 1.5 times base (RFC 4861 6.3.2). */
void neigh_rand_reach_time(struct neigh_table *tbl)
{
	u64 base = ms_to_ns(READ_ONCE(tbl->parms->base_reachable_time_ms));

	WRITE_ONCE(tbl->reachable_time_ns,
		   base / 2 + (base * (u64)net_random(tbl->net) >> 32));
}

/* A time of confirmation that counts no more. */
static u64 neigh_long_ago(const struct neigh_table *tbl, u64 now)
{
	u64 ago = 2 * READ_ONCE(tbl->reachable_time_ns);

	return now > ago ? now - ago : 0;
}

/* The table's timer: new reachable time now and then, old entries go. */
static void neigh_periodic_work(struct timer_list *t)
{
	struct neigh_table *tbl = from_timer(tbl, t, gc_timer);
	u64 now = neigh_now(tbl);
	u64 next = max(ms_to_ns(READ_ONCE(tbl->parms->base_reachable_time_ms)) / 2,
		       NEIGH_PERIODIC_MIN_NS);

	if (now - tbl->last_rand_ns >= NEIGH_RAND_NS) {
		neigh_rand_reach_time(tbl);
		tbl->last_rand_ns = now;
	}
	if (READ_ONCE(tbl->entries) >= (u32)READ_ONCE(tbl->parms->gc_thresh1))
		neigh_periodic_collect(tbl, now);
	if (!READ_ONCE(tbl->closing))
		mod_timer(net_wheel(tbl->net), &tbl->gc_timer, now + next);
}

/* ---- creation --------------------------------------------------------- */

/* An entry that is in no table yet. Return: NULL: no memory. */
static struct neighbour *neigh_alloc(struct neigh_table *tbl, const void *key,
				     struct net_device *dev, u64 now)
{
	struct neighbour *n = kmem_cache_zalloc(tbl->cache);

	if (!n)
		return NULL;
	n->tbl = tbl;
	n->dev = dev;
	memcpy(n->primary_key, key, tbl->key_len);
	lock_init(&n->lock, tbl->net->smp);
	seqcount_init(&n->ha_lock);
	skb_queue_head_init(&n->arp_queue);
	timer_setup(&n->timer, neigh_timer_handler);
	refcount_init(&n->refcnt, 1, tbl->net->smp);
	INIT_HLIST_NODE(&n->hash);
	n->dead = 1;
	n->nud_state = NUD_NONE;
	n->output = neigh_blackhole;
	n->updated_ns = n->used_ns = now;
	return n;
}

/* Puts @n into the table unless another was faster: then that one. Return: a
 * referenced entry. */
static struct neighbour *neigh_insert(struct neigh_table *tbl,
				      struct neighbour *n)
{
	struct neigh_hash_table *nht;
	struct neighbour *old;

	spin_lock(&tbl->lock);
	if (tbl->entries > 1u << tbl->nht->shift ||
	    (tbl->nht->shift < 8 && INET_BUGGIFY(NEIGH_GROWS)))
		neigh_hash_grow(tbl);
	nht = tbl->nht;
	old = __neigh_lookup_noref(tbl, n->primary_key, n->dev);
	if (old) {
		neigh_hold(old);
		spin_unlock(&tbl->lock);
		return old;
	}
	n->dead = 0;
	WRITE_ONCE(tbl->entries, tbl->entries + 1);
	list_add_tail(&n->gc_list, &tbl->gc_list);
	n->on_gc_list = true;
	WRITE_ONCE(tbl->gc_entries, tbl->gc_entries + 1);
	neigh_hold(n);
	hlist_add_head_rcu(&n->hash, &nht->buckets[neigh_hash(
		nht, n->primary_key, n->dev)]);
	spin_unlock(&tbl->lock);
	return n;
}

/* Finds or creates the entry for (@key, @dev). */
struct neighbour *neigh_create(struct neigh_table *tbl, const void *key,
			       struct net_device *dev)
{
	u64 now = neigh_now(tbl);
	struct neighbour *n = neigh_lookup(tbl, key, dev), *n1;

	if (n)
		return n;
	if (READ_ONCE(tbl->closing) || !neigh_make_room(tbl, now))
		return NULL;
	n = neigh_alloc(tbl, key, dev, now);
	if (!n)
		return NULL;
	n->confirmed_ns = neigh_long_ago(tbl, now);
	if (tbl->constructor(n)) {
		kmem_cache_free(tbl->cache, n);
		return NULL;
	}
	n1 = neigh_insert(tbl, n);
	if (n1 != n)
		kmem_cache_free(tbl->cache, n);
	else
		dev_hold(dev);
	return n1;
}

/* ---- the state machine ------------------------------------------------ */

static u32 neigh_max_probes(const struct neighbour *n)
{
	const struct neigh_parms *p = n->tbl->parms;

	return (u32)(p->ucast_probes + p->app_probes) +
	       (n->nud_state & NUD_PROBE ? 0 : (u32)p->mcast_probes);
}

/* Hands what waits to error_report(). Context: n->lock, dropped meanwhile. */
static void neigh_invalidate(struct neighbour *n) must_hold(&n->lock)
{
	struct sk_buff_head queue;
	struct sk_buff *skb;

	skb_queue_head_init(&queue);
	skb_queue_splice_tail_init(&n->arp_queue, &queue);
	n->arp_queue_len_bytes = 0;
	spin_unlock(&n->lock);
	while ((skb = __skb_dequeue(&queue)) != NULL)
		n->ops->error_report(n, skb);
	spin_lock(&n->lock);
}

/* Sends one request. Context: n->lock, which it drops. */
static void neigh_probe(struct neighbour *n) releases(&n->lock)
{
	struct sk_buff *skb = skb_peek_tail(&n->arp_queue);

	if (skb)
		skb = skb_clone(skb);
	spin_unlock(&n->lock);
	if (n->ops->solicit)
		n->ops->solicit(n, skb);
	n->probes++;
	consume_skb(skb);
}

/* REACHABLE or DELAY and its time is over. Return: when to look again. */
static u64 neigh_timer_known(struct neighbour *n, u64 now)
{
	u64 delay = sec_to_ns(READ_ONCE(n->tbl->parms->delay_first_probe_time_s));
	u64 reachable = READ_ONCE(n->tbl->reachable_time_ns);
	u64 confirmed = READ_ONCE(n->confirmed_ns);

	if (n->nud_state & NUD_REACHABLE) {
		if (now < confirmed + reachable)
			return confirmed + reachable;
		WRITE_ONCE(n->updated_ns, now);
		neigh_suspect(n);
		if (now > READ_ONCE(n->used_ns) + delay) {
			neigh_set_state(n, NUD_STALE);
			return 0;
		}
		neigh_set_state(n, NUD_DELAY);
		return now + delay;
	}
	WRITE_ONCE(n->updated_ns, now);
	if (now < confirmed + delay) {
		neigh_set_state(n, NUD_REACHABLE);
		neigh_connect(n);
		return confirmed + reachable;
	}
	INET_PROBE(NEIGH_PROBED);
	neigh_set_state(n, NUD_PROBE);
	n->probes = 0;
	return now + ms_to_ns(READ_ONCE(n->tbl->parms->retrans_time_ms));
}

/* The time of a state is over: the next state, a probe or the end. */
static void neigh_timer_handler(struct timer_list *t)
{
	struct neighbour *n = from_timer(n, t, timer);
	u64 now = neigh_now(n->tbl), next;

	NET_ROAD(n->dev->net, NULL);
	spin_lock(&n->lock);
	if (!(n->nud_state & NUD_IN_TIMER))
		goto out;
	if (n->nud_state & (NUD_REACHABLE | NUD_DELAY))
		next = neigh_timer_known(n, now);
	else
		next = now + ms_to_ns(READ_ONCE(n->tbl->parms->retrans_time_ms));

	if (n->nud_state & (NUD_INCOMPLETE | NUD_PROBE) &&
	    n->probes >= neigh_max_probes(n)) {
		INET_PROBE(NEIGH_FAILED);
		neigh_set_state(n, NUD_FAILED);
		WRITE_ONCE(n->updated_ns, now);
		neigh_suspect(n);
		neigh_invalidate(n);
		goto out;
	}
	if (n->nud_state & NUD_IN_TIMER)
		neigh_add_timer(n, max(next, now + NEIGH_TIMER_MIN_NS));
	if (n->nud_state & (NUD_INCOMPLETE | NUD_PROBE)) {
		neigh_probe(n);
		goto release;
	}
out:
	spin_unlock(&n->lock);
release:
	neigh_release(n);
}

/* Lets @skb wait, dropping the oldest when there is no room. Context: lock. */
static void neigh_queue_skb(struct neighbour *n, struct sk_buff *skb)
{
	u32 limit = (u32)READ_ONCE(n->tbl->parms->unres_qlen_bytes);
	struct sk_buff *old;

	skb_dst_force(skb);
	(void)skb_leave_pool(skb);
	__skb_queue_tail(&n->arp_queue, skb);
	n->arp_queue_len_bytes += skb->truesize;
	while (n->arp_queue_len_bytes > limit &&
	       (old = __skb_dequeue(&n->arp_queue)) != NULL) {
		n->arp_queue_len_bytes -= old->truesize;
		kfree_skb_reason(old, SKB_DROP_REASON_NEIGH_QUEUEFULL);
	}
}

/* The first packet for an unknown address. Context: lock. */
static bool neigh_start_resolving(struct neighbour *n, u64 now)
{
	const struct neigh_parms *p = n->tbl->parms;
	u64 retrans = ms_to_ns(READ_ONCE(p->retrans_time_ms));

	if (p->mcast_probes + p->app_probes == 0) {
		neigh_set_state(n, NUD_FAILED);
		WRITE_ONCE(n->updated_ns, now);
		return false;
	}
	n->probes = (u8)p->ucast_probes;
	neigh_del_timer(n);
	neigh_set_state(n, NUD_INCOMPLETE);
	WRITE_ONCE(n->updated_ns, now);
	neigh_add_timer(n, now + max(retrans, NEIGH_TIMER_MIN_NS));
	return true;
}

/* The same in a state in which something is to be done. */
static __noinline int __neigh_event_send(struct neighbour *n,
					 struct sk_buff *skb, u64 now)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_NEIGH_FAILED;
	bool probe = false;

	spin_lock(&n->lock);
	if (n->dead) {
		reason = SKB_DROP_REASON_NEIGH_DEAD;
		goto drop;
	}
	if (n->nud_state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE))
		goto send;
	if (n->nud_state & NUD_STALE) {
		neigh_del_timer(n);
		neigh_set_state(n, NUD_DELAY);
		WRITE_ONCE(n->updated_ns, now);
		neigh_add_timer(n, now + sec_to_ns(
			READ_ONCE(n->tbl->parms->delay_first_probe_time_s)));
		goto send;
	}
	if (!(n->nud_state & NUD_INCOMPLETE)) {
		probe = neigh_start_resolving(n, now);
		if (!probe)
			goto drop;
	}
	if (skb)
		neigh_queue_skb(n, skb);
	if (probe)
		neigh_probe(n);
	else
		spin_unlock(&n->lock);
	return 1;
send:
	spin_unlock(&n->lock);
	return 0;
drop:
	spin_unlock(&n->lock);
	kfree_skb_reason(skb, reason);
	return 1;
}

/* An upper layer heard from the host behind @n. Any context. */
void neigh_confirm(struct neighbour *n)
{
	WRITE_ONCE(n->confirmed_ns, neigh_now(n->tbl));
}

/* ---- updates ---------------------------------------------------------- */

/* Stores another link address. Context: lock. */
static void neigh_set_ha(struct neighbour *n, const u8 *lladdr)
{
	u8 ha[MAX_ADDR_LEN] = { 0 };

	memcpy(ha, lladdr, n->dev->addr_len);
	write_seqcount_begin(&n->ha_lock);
	seq_words_write(&n->ha_word, ha, 1);
	WRITE_ONCE(n->hh_len, 0);
	write_seqcount_end(&n->ha_lock);
}

void neigh_ha_snapshot(u8 *dst, struct neighbour *n)
{
	u32 seq;

	do {
		seq = read_seqcount_begin(&n->ha_lock);
		seq_words_read(dst, &n->ha_word, 1);
	} while (read_seqcount_retry(&n->ha_lock, seq));
}

/* PERMANENT entries are out of reach of the collectors. */
static void neigh_update_gc_list(struct neighbour *n)
{
	struct neigh_table *tbl = n->tbl;
	bool want = !(READ_ONCE(n->nud_state) & NUD_PERMANENT);

	spin_lock(&tbl->lock);
	if (!hlist_unhashed(&n->hash) && want != n->on_gc_list) {
		if (want) {
			list_add_tail(&n->gc_list, &tbl->gc_list);
			WRITE_ONCE(tbl->gc_entries, tbl->gc_entries + 1);
		} else {
			list_del(&n->gc_list);
			WRITE_ONCE(tbl->gc_entries, tbl->gc_entries - 1);
		}
		n->on_gc_list = want;
	}
	spin_unlock(&tbl->lock);
}

/* Sends what waited for the answer. Context: lock, dropped meanwhile. */
static void neigh_send_queued(struct neighbour *n) must_hold(&n->lock)
{
	struct sk_buff_head queue;
	struct sk_buff *skb;

	skb_queue_head_init(&queue);
	skb_queue_splice_tail_init(&n->arp_queue, &queue);
	n->arp_queue_len_bytes = 0;
	spin_unlock(&n->lock);
	while ((skb = __skb_dequeue(&queue)) != NULL)
		neigh_output(n, skb);
	spin_lock(&n->lock);
}

/* The entry loses its address: FAILED or NONE. Context: lock. */
static void neigh_update_invalid(struct neighbour *n, u8 old, u8 state)
	must_hold(&n->lock)
{
	neigh_del_timer(n);
	if (old & NUD_CONNECTED)
		neigh_suspect(n);
	neigh_set_state(n, state);
	WRITE_ONCE(n->updated_ns, neigh_now(n->tbl));
	if (old & (NUD_INCOMPLETE | NUD_PROBE) && state & NUD_FAILED)
		neigh_invalidate(n);
}

/* Enters @state. Context: lock. */
static void neigh_enter(struct neighbour *n, u8 state, u64 now)
{
	neigh_del_timer(n);
	if (state & NUD_PROBE)
		n->probes = 0;
	neigh_set_state(n, state);
	if (state & NUD_IN_TIMER)
		neigh_add_timer(n, now + (state & NUD_REACHABLE ?
					  READ_ONCE(n->tbl->reachable_time_ns) :
					  NEIGH_TIMER_MIN_NS));
}

/*
 * What to do with an address that is offered to an entry that has one.
 * Return: false: nothing. *@lladdr is NULL when the address stays.
 */
static bool neigh_accept_lladdr(const struct neighbour *n, const u8 **lladdr,
				u8 *state, u32 flags)
{
	u8 old = n->nud_state;

	if (!n->dev->addr_len)
		*lladdr = NULL;
	if (!(old & NUD_VALID))
		return true;
	if (*lladdr && memcmp(*lladdr, n->ha, n->dev->addr_len) == 0)
		*lladdr = NULL;
	if (*lladdr)
		return flags & NEIGH_UPDATE_F_OVERRIDE;
	if (*state == NUD_STALE && !(flags & NEIGH_UPDATE_F_ADMIN))
		*state = old;
	return true;
}

/* The inside of neigh_update(), with the address. Context: lock. */
static int neigh_update_valid(struct neighbour *n, const u8 *lladdr, u8 state,
			      u32 flags)
	must_hold(&n->lock)
{
	u64 now = neigh_now(n->tbl);
	u8 old = n->nud_state;

	if (!lladdr && !(old & NUD_VALID) && n->dev->addr_len)
		return -EINVAL;
	if (!neigh_accept_lladdr(n, &lladdr, &state, flags))
		return 0;
	if (state & NUD_CONNECTED)
		WRITE_ONCE(n->confirmed_ns, now);
	if (state != old || lladdr)
		WRITE_ONCE(n->updated_ns, now);
	if (lladdr) {
		neigh_set_ha(n, lladdr);
		if (!(state & NUD_CONNECTED))
			WRITE_ONCE(n->confirmed_ns,
				   neigh_long_ago(n->tbl, now));
	}
	if (state == old)
		return 0;
	neigh_enter(n, state, now);
	if (state & NUD_CONNECTED)
		neigh_connect(n);
	else
		neigh_suspect(n);
	if (!(old & NUD_VALID))
		neigh_send_queued(n);
	return 0;
}

/*
 * Something was learned about @n.
 *
 * @lladdr: its link address; NULL: keep the one it has
 * @nud: the state to enter
 * @flags: NEIGH_UPDATE_F_*: may a known address change; is it the
 *         administrator who may change PERMANENT and NOARP entries
 * Return: 0, -EPERM, -EINVAL (no address at all), -ENOENT (entry is dead).
 */
int neigh_update(struct neighbour *n, const u8 *lladdr, u8 nud, u32 flags)
{
	bool permanent = false;
	int err = 0;
	u8 old;

	NET_ROAD(n->dev->net, NULL);
	spin_lock(&n->lock);
	old = n->nud_state;
	if (n->dead)
		err = -ENOENT;
	else if (!(flags & NEIGH_UPDATE_F_ADMIN) &&
		 old & (NUD_NOARP | NUD_PERMANENT))
		err = -EPERM;
	else if (nud & NUD_VALID)
		err = neigh_update_valid(n, lladdr, nud, flags);
	else
		neigh_update_invalid(n, old, nud);
	permanent = (old ^ n->nud_state) & NUD_PERMANENT;
	spin_unlock(&n->lock);
	if (permanent)
		neigh_update_gc_list(n);
	return err;
}

/* ---- output ----------------------------------------------------------- */

/*
 * Pushes the kept header. Two words are copied whatever the header's length,
 * so there must be room for both. Return: false when there is none kept.
 */
static bool neigh_hh_push(struct neighbour *n, struct sk_buff *skb)
{
	u32 seq;
	u8 len;

	if (unlikely(skb_headroom(skb) < HH_DATA_LEN))
		return false;
	do {
		seq = read_seqcount_begin(&n->ha_lock);
		len = READ_ONCE(n->hh_len);
		seq_words_read(skb->data - HH_DATA_LEN, n->hh_data,
			       HH_DATA_WORDS);
	} while (read_seqcount_retry(&n->ha_lock, seq));
	if (unlikely(!len))
		return false;
	skb_push(skb, len);
	return true;
}

/* Keeps the header that @skb has just got. */
static void neigh_hh_keep(struct neighbour *n, const struct sk_buff *skb,
			  int len, const u8 *ha)
{
	u8 data[HH_DATA_LEN] = { 0 };

	if (len <= 0 || len > HH_DATA_LEN || READ_ONCE(n->hh_len))
		return;
	memcpy(data + HH_DATA_LEN - len, skb->data, (size_t)len);
	spin_lock(&n->lock);
	if (memcmp(ha, n->ha, MAX_ADDR_LEN) == 0 && !n->hh_len && !n->dead) {
		write_seqcount_begin(&n->ha_lock);
		seq_words_write(n->hh_data, data, HH_DATA_WORDS);
		WRITE_ONCE(n->hh_len, (u8)len);
		write_seqcount_end(&n->ha_lock);
	}
	spin_unlock(&n->lock);
}

/* Makes the link header of @skb, keeps it, and sends. */
static __noinline int neigh_send_first(struct neighbour *n, struct sk_buff *skb)
{
	struct net_device *dev = n->dev;
	u8 ha[MAX_ADDR_LEN];
	int len;

	if (unlikely(skb_headroom(skb) < dev->hard_header_len &&
		     skb_cow_head(skb, LL_RESERVED_SPACE(dev)))) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return -ENOMEM;
	}
	neigh_ha_snapshot(ha, n);
	len = dev_hard_header(skb, dev, be16_to_cpu(n->tbl->protocol), ha,
			      NULL, skb->len);
	if (len < 0) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
		return -EINVAL;
	}
	neigh_hh_keep(n, skb, len, ha);
	return dev_queue_xmit(skb);
}

/* Gives @skb its link header and sends it. */
static __always_inline int neigh_send_to(struct neighbour *n,
					 struct sk_buff *skb)
{
	if (likely(neigh_hh_push(n, skb)))
		return dev_queue_xmit(skb);
	return neigh_send_first(n, skb);
}

/*
 * A packet wants to go to @n, whose address may not be good.
 *
 * Return: 0 when it can be sent by n->ha; 1 when @skb (may be NULL) waits on
 * the queue or was dropped.
 */
__always_inline int neigh_event_send(struct neighbour *n, struct sk_buff *skb)
{
	u64 now = neigh_now(n->tbl);

	NET_ROAD(n->dev->net, skb);
	WRITE_ONCE(n->used_ns, now);
	if (likely(READ_ONCE(n->nud_state) &
		   (NUD_CONNECTED | NUD_DELAY | NUD_PROBE)))
		return 0;
	return __neigh_event_send(n, skb, now);
}

/* Output while the address is doubtful: asks the state machine first. */
int neigh_resolve_output(struct neighbour *n, struct sk_buff *skb)
{
	NET_ROAD(n->dev->net, skb);
	if (neigh_event_send(n, skb))
		return 0;
	return neigh_send_to(n, skb);
}

int neigh_connected_output(struct neighbour *n, struct sk_buff *skb)
{
	NET_ROAD(n->dev->net, skb);
	if (INET_BUGGIFY(NEIGH_FORGOTTEN) && !(n->nud_state & NUD_PERMANENT))
		neigh_remove(n);
	return neigh_send_to(n, skb);
}

int neigh_direct_output(struct neighbour *n, struct sk_buff *skb)
{
	(void)n;
	NET_ROAD(n->dev->net, skb);
	return dev_queue_xmit(skb);
}

/* ---- tables ----------------------------------------------------------- */

/* Unlinks what belongs to @dev (NULL: everything) and cleans up. */
static void neigh_flush_dev(struct neigh_table *tbl, struct net_device *dev,
			    bool keep_permanent)
{
	struct neigh_hash_table *nht;
	struct neighbour *n, *next;
	struct hlist_node *tmp;
	LIST_HEAD(victims);
	u32 i;

	spin_lock(&tbl->lock);
	nht = tbl->nht;
	for (i = 0; i < 1u << nht->shift; i++)
		hlist_for_each_entry_safe(n, tmp, &nht->buckets[i], hash) {
			if (dev && n->dev != dev)
				continue;
			if (keep_permanent &&
			    READ_ONCE(n->nud_state) & NUD_PERMANENT)
				continue;
			neigh_unlink(tbl, n);
			list_add_tail(&n->gc_list, &victims);
		}
	spin_unlock(&tbl->lock);
	list_for_each_entry_safe(n, next, &victims, gc_list)
		neigh_cleanup(n);
}

void neigh_ifdown(struct neigh_table *tbl, struct net_device *dev)
{
	neigh_flush_dev(tbl, dev, false);
}

void neigh_changeaddr(struct neigh_table *tbl, struct net_device *dev)
{
	struct neigh_hash_table *nht;
	struct neighbour *n;
	u32 i;

	neigh_flush_dev(tbl, dev, true);
	/* The kept headers of permanent entries carry the old source. */
	spin_lock(&tbl->lock);
	nht = tbl->nht;
	for (i = 0; i < 1u << nht->shift; i++)
		hlist_for_each_entry(n, &nht->buckets[i], hash) {
			if (n->dev != dev)
				continue;
			spin_lock(&n->lock);
			neigh_set_ha(n, n->ha);
			spin_unlock(&n->lock);
		}
	spin_unlock(&tbl->lock);
}

void neigh_for_each(struct neigh_table *tbl,
		    void (*fn)(struct neighbour *n, void *arg), void *arg)
{
	struct neigh_hash_table *nht = rcu_dereference(tbl->nht);
	struct neighbour *n;
	u32 i;

	for (i = 0; i < 1u << nht->shift; i++)
		hlist_for_each_entry_rcu(n, &nht->buckets[i], hash)
			fn(n, arg);
}

const char *neigh_state_name(u8 nud)
{
	switch (nud) {
	case NUD_INCOMPLETE:	return "INCOMPLETE";
	case NUD_REACHABLE:	return "REACHABLE";
	case NUD_STALE:		return "STALE";
	case NUD_DELAY:		return "DELAY";
	case NUD_PROBE:		return "PROBE";
	case NUD_FAILED:	return "FAILED";
	case NUD_NOARP:		return "NOARP";
	case NUD_PERMANENT:	return "PERMANENT";
	default:		return "NONE";
	}
}

int neigh_table_init(struct net *net, struct neigh_table *tbl)
{
	u64 now = net_now(net);

	tbl->net = net;
	lock_init(&tbl->lock, net->smp);
	INIT_LIST_HEAD(&tbl->gc_list);
	timer_setup(&tbl->gc_timer, neigh_periodic_work);
	tbl->nht = nht_alloc(tbl, NEIGH_HASH_SHIFT_MIN);
	if (!tbl->nht)
		return -ENOMEM;
	tbl->cache = kmem_cache_create(&net->mem, "neighbour",
				       sizeof(struct neighbour),
				       SMP_CACHE_BYTES);
	if (!tbl->cache) {
		nht_free(tbl->nht);
		return -ENOMEM;
	}
	neigh_rand_reach_time(tbl);
	tbl->last_rand_ns = now;
	mod_timer(net_wheel(net), &tbl->gc_timer, now + max(
		ms_to_ns(READ_ONCE(tbl->parms->base_reachable_time_ms)) / 2,
		NEIGH_PERIODIC_MIN_NS));
	return 0;
}

void neigh_table_clear(struct neigh_table *tbl)
{
	WRITE_ONCE(tbl->closing, true);
	del_timer_sync(&tbl->gc_timer);
	neigh_flush_dev(tbl, NULL, false);
	inet_assert(tbl->entries == 0);
	rcu_barrier(&tbl->net->rcu);
	kmem_cache_destroy(tbl->cache);
	nht_free(tbl->nht);
}
