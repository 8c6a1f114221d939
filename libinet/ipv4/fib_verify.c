/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must always be true of the forwarding table, its next hops and their
 * exceptions. Simulations and tests ask; nothing here runs in production.
 */
#include "ipv4/fib.h"
#include "ipv4/route_cache.h"
#include "lib/assert.h"

/* A kept rtable is alive and leads where the next hop does. */
static void verify_rtable(const struct rtable *rt, const struct fib_nh *nh)
{
	if (!rt)
		return;
	inet_assert(refcount_read(&rt->dst.refcnt) >= 1);
	inet_assert(!nh->dev || rt->dst.net == nh->dev->net);
}

/* Destinations with a path MTU or gateway of their own. */
static void verify_exceptions(const struct fib_nh *nh)
{
	const struct fnhe_table *t = nh->exceptions;
	const struct fib_nh_exception *e;
	u32 i, n = 0, depth;

	if (!t)
		return;
	for (i = 0; i < ARRAY_SIZE(t->bucket); i++) {
		depth = 0;
		for (e = t->bucket[i]; e; e = e->next) {
			verify_rtable(e->rth_output, nh);
			verify_rtable(e->rth_input, nh);
			inet_assert(!e->pmtu == !e->expires_ns);
			inet_assert(++depth <= FNHE_DEPTH);
		}
		n += depth;
	}
	inet_assert(n == t->nr);
}

/* Meanings of routes: each has at least the routes that share it. */
static void verify_infos(const struct fib_table *t)
{
	const struct fib_info *fi;
	u32 i, n = 0;

	for (i = 0; t->info_hash && i < 1u << t->info_shift; i++)
		hlist_for_each_entry(fi, &t->info_hash[i], hash) {
			inet_assert(fi->net == t->net);
			inet_assert(refcount_read(&fi->refcnt) >= 1);
			verify_rtable(fi->nh.rth_output, &fi->nh);
			verify_rtable(fi->nh.rth_input, &fi->nh);
			verify_exceptions(&fi->nh);
			n++;
		}
	inet_assert(n == t->nr_infos);
}

/* Is @fa among the routes of its prefix, and are they in order? */
static bool alias_is_listed(const struct fib_alias *fa)
{
	const struct fib_alias *at, *prev = NULL;
	bool found = false;

	hlist_for_each_entry(at, &fa->leaf->aliases, node) {
		inet_assert(!prev || prev->local >= at->local);
		if (prev && prev->local == at->local)
			inet_assert(prev->fi->priority <= at->fi->priority);
		found |= at == fa;
		prev = at;
	}
	return found;
}

void fib_verify(struct net *net)
{
	const struct fib_table *t = net->ipv4.fib;
	const struct rt_state *st = net->ipv4.rt;
	const struct fib_alias *fa;
	const struct rtable *rt;
	u32 n = 0;

	fib_trie_verify(&t->trie);
	list_for_each_entry(fa, &t->all, all) {
		inet_assert(fib_trie_find(&t->trie, fa->leaf->key,
					  fa->leaf->plen) == fa->leaf);
		inet_assert(alias_is_listed(fa));
		n++;
	}
	inet_assert(n == t->nr && t->trie.nr_leaves >= (n != 0));
	verify_infos(t);
	n = 0;
	list_for_each_entry(rt, &st->all, rt_all)
		n++;
	inet_assert(n == st->nr);
}
