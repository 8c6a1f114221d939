/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The forwarding table: looking up, adding, deleting, flushing routes.
 *
 * Linux keeps the routes of own addresses in a table "local" that is asked
 * before the table "main", and merges both into one trie as long as no rules
 * say otherwise. Here there is only that: one trie, a route's membership is a
 * flag, and for the same prefix the local ones come first.
 */
#include "ipv4/fib.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "ipv4/devinet.h"
#include "ipv4/route_cache.h"

#define GATEWAY_RETRY_NS (60ULL * 1000000000)

/* ---- looking up ------------------------------------------------------- */

/* Did the gateway not answer lately? Context: RCU. */
static bool fib_gateway_is_dead(struct net *net, const struct fib_nh *nh)
{
	struct neighbour *n = __neigh_lookup_noref(net->ipv4.arp_tbl, &nh->gw,
						   nh->dev);

	return n && READ_ONCE(n->nud_state) == NUD_FAILED &&
	       net_now(net) - READ_ONCE(n->updated_ns) < GATEWAY_RETRY_NS;
}

/*
 * RFC 1122 3.3.1.2: of several gateways for a prefix the first that works.
 * @fa has one that may be dead: the next one with a gateway that is not, else
 * @fa again. Costs nothing where there is one route.
 */
static struct fib_alias *fib_select_gateway(struct net *net,
					    struct fib_alias *fa,
					    const struct flowi4 *fl4)
{
	struct fib_alias *alt = fa;

	if (likely(!rcu_access_pointer(fa->node.next)) || !fa->fi->nh.gw)
		return fa;
	if (!fib_gateway_is_dead(net, &fa->fi->nh))
		return fa;
	while ((alt = hlist_entry_safe(rcu_dereference(alt->node.next),
				       struct fib_alias, node)) != NULL) {
		const struct fib_info *fi = alt->fi;

		if (READ_ONCE(fi->flags) & RTNH_F_DEAD || !fi->nh.gw ||
		    fi->type != RTN_UNICAST || fi->scope < fl4->scope ||
		    (fl4->oif && fi->nh.dev->ifindex != fl4->oif))
			continue;
		if (!fib_gateway_is_dead(net, &fi->nh))
			return alt;
	}
	return fa;
}

/* Is it a route for this flow? */
static bool fib_alias_fits(const struct fib_alias *fa,
			   const struct flowi4 *fl4, u32 flags)
{
	const struct fib_info *fi = fa->fi;

	if (READ_ONCE(fi->flags) & RTNH_F_DEAD || fi->scope < fl4->scope)
		return false;
	if (flags & FIB_LOOKUP_LOCAL && !fa->local)
		return false;
	return !fl4->oif || !fi->nh.dev || fi->nh.dev->ifindex == fl4->oif;
}

int fib_lookup(struct net *net, const struct flowi4 *fl4,
	       struct fib_result *res, u32 flags)
{
	struct fib_trie_match m;
	struct fib_leaf *leaf;
	struct fib_alias *fa;
	int err;

	fib_trie_lookup(&net->ipv4.fib->trie, be32_to_cpu(fl4->daddr), &m);
	while ((leaf = fib_trie_next(&m)) != NULL) {
		hlist_for_each_entry_rcu(fa, &leaf->aliases, node) {
			if (!fib_alias_fits(fa, fl4, flags))
				continue;
			res->steady = !rcu_access_pointer(fa->node.next) ||
				      !fa->fi->nh.gw;
			fa = fib_select_gateway(net, fa, fl4);
			res->fi = fa->fi;
			res->prefixlen = leaf->plen;
			res->type = fa->fi->type;
			res->scope = fa->fi->scope;
			err = fib_type_error(res->type);
			return err == -EAGAIN ? -ENETUNREACH : err;
		}
	}
	return -ENETUNREACH;
}

/* ---- changing --------------------------------------------------------- */

static void fib_alias_free_rcu(struct rcu_head *head)
{
	struct fib_alias *fa = container_of(head, struct fib_alias, rcu);

	mem_free(fa->leaf->trie->mem, fa, sizeof(*fa));
}

/* Takes one route out. */
static void fib_remove_alias(struct fib_table *t, struct fib_alias *fa)
{
	struct fib_leaf *leaf = fa->leaf;

	hlist_del_rcu(&fa->node);
	list_del(&fa->all);
	t->nr--;
	fib_release_info(fa->fi);
	call_rcu(&t->net->rcu, &fa->rcu, fib_alias_free_rcu);
	if (hlist_empty(&leaf->aliases))
		fib_trie_remove(&t->trie, leaf);
}

/*
 * Where a route goes among those of its prefix. Return: -EEXIST when there is
 * one of the same table and priority (@cfg->append: the very same). *@before,
 * *@behind: one is set, or none: the list is empty.
 */
static int fib_alias_place(struct fib_leaf *leaf, const struct fib_config *cfg,
			   const struct fib_info *fi,
			   struct fib_alias **before,
			   struct fib_alias **behind)
{
	struct fib_alias *fa;

	*before = *behind = NULL;
	hlist_for_each_entry(fa, &leaf->aliases, node) {
		if (fa->local == cfg->local &&
		    fa->fi->priority == cfg->priority &&
		    (!cfg->append || fa->fi == fi))
			return -EEXIST;
		if ((cfg->local && !fa->local) ||
		    (cfg->local == fa->local &&
		     fa->fi->priority > cfg->priority)) {
			*before = fa;
			return 0;
		}
		*behind = fa;
	}
	return 0;
}

static void fib_insert_alias(struct fib_table *t, struct fib_alias *fa,
			     struct fib_alias *before,
			     struct fib_alias *behind)
{
	if (before)
		hlist_add_before_rcu(&fa->node, &before->node);
	else if (behind)
		hlist_add_behind_rcu(&fa->node, &behind->node);
	else
		hlist_add_head_rcu(&fa->node, &fa->leaf->aliases);
	list_add_tail(&fa->all, &t->all);
	t->nr++;
}

/* A prefix, or "default", in @buf. */
static char *fib_print_prefix(u32 key, u8 plen, char *buf, size_t size)
{
	char addr[INET_ADDR_STRLEN];

	inet_addr_print(cpu_to_be32(key), addr);
	if (plen == 0)
		snprintf(buf, size, "default");
	else if (plen == 32)
		snprintf(buf, size, "%s", addr);
	else
		snprintf(buf, size, "%s/%u", addr, plen);
	return buf;
}

int fib_table_insert(struct net *net, const struct fib_config *cfg)
{
	struct fib_table *t = net->ipv4.fib;
	struct fib_alias *fa, *before, *behind;
	struct fib_leaf *leaf;
	struct fib_info *fi;
	char prefix[32];
	int err = -ENOMEM;

	fi = fib_create_info(net, cfg);
	if (IS_ERR(fi))
		return (int)PTR_ERR(fi);
	fa = mem_zalloc(&net->mem, sizeof(*fa));
	leaf = fib_trie_get(&t->trie, be32_to_cpu(cfg->dst), cfg->dst_len);
	if (!fa || !leaf)
		goto fail;
	err = fib_alias_place(leaf, cfg, fi, &before, &behind);
	if (err)
		goto fail;
	fa->leaf = leaf;
	fa->fi = fi;
	fa->local = cfg->local;
	fib_insert_alias(t, fa, before, behind);
	rt_cache_flush(net);
	return 0;

fail:
	mem_free(&net->mem, fa, sizeof(*fa));
	if (leaf && hlist_empty(&leaf->aliases))
		fib_trie_remove(&t->trie, leaf);
	fib_release_info(fi);
	fib_print_prefix(be32_to_cpu(cfg->dst), cfg->dst_len, prefix,
			 sizeof(prefix));
	if (err == -EEXIST)
		return net_error(net, err,
				 "%s has a route of metric %u already",
				 prefix, cfg->priority);
	return net_error(net, err, "memory is short");
}

int fib_table_delete(struct net *net, const struct fib_config *cfg)
{
	struct fib_table *t = net->ipv4.fib;
	struct fib_alias *fa;
	struct fib_leaf *leaf;
	char prefix[32];

	leaf = fib_trie_find(&t->trie, be32_to_cpu(cfg->dst), cfg->dst_len);
	if (leaf)
		hlist_for_each_entry(fa, &leaf->aliases, node) {
			if (fa->local != cfg->local ||
			    !fib_info_matches(fa->fi, cfg))
				continue;
			fib_remove_alias(t, fa);
			rt_cache_flush(net);
			return 0;
		}
	return net_error(net, -ESRCH, "there is no such route to %s",
			 fib_print_prefix(be32_to_cpu(cfg->dst), cfg->dst_len,
					  prefix, sizeof(prefix)));
}

u32 fib_flush(struct net *net)
{
	struct fib_table *t = net->ipv4.fib;
	struct fib_alias *fa, *tmp;
	u32 removed = 0;

	list_for_each_entry_safe(fa, tmp, &t->all, all)
		if (fa->fi->flags & RTNH_F_DEAD) {
			fib_remove_alias(t, fa);
			removed++;
		}
	if (removed)
		rt_cache_flush(net);
	return removed;
}

/* ---- showing ---------------------------------------------------------- */

/* Appends to a line that may be cut. */
static void __printf(4, 5) line_add(char *buf, size_t size, size_t *at,
				    const char *fmt, ...)
{
	va_list ap;
	int n;

	if (*at >= size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(buf + *at, size - *at, fmt, ap);
	va_end(ap);
	if (n > 0)
		*at += (size_t)n;
}

static const char *fib_scope_name(u8 scope)
{
	switch (scope) {
	case RT_SCOPE_UNIVERSE:	return "global";
	case RT_SCOPE_LINK:	return "link";
	case RT_SCOPE_HOST:	return "host";
	default:		return "nowhere";
	}
}

static const char *fib_protocol_name(u8 protocol)
{
	switch (protocol) {
	case RTPROT_KERNEL:	return "kernel";
	case RTPROT_BOOT:	return "boot";
	case RTPROT_STATIC:	return "static";
	default:		return "unspec";
	}
}

void fib_alias_print(const struct fib_alias *fa, char *buf, size_t size)
{
	const struct fib_info *fi = fa->fi;
	char text[32];
	size_t at = 0;

	if (fi->type != RTN_UNICAST)
		line_add(buf, size, &at, "%s ", fib_type_name(fi->type));
	line_add(buf, size, &at, "%s", fib_print_prefix(
		fa->leaf->key, fa->leaf->plen, text, sizeof(text)));
	if (fi->nh.gw)
		line_add(buf, size, &at, " via %s",
			 inet_addr_print(fi->nh.gw, text));
	if (fi->nh.dev)
		line_add(buf, size, &at, " dev %s", fi->nh.dev->name);
	if (fi->protocol != RTPROT_BOOT)
		line_add(buf, size, &at, " proto %s",
			 fib_protocol_name(fi->protocol));
	if (fi->scope != RT_SCOPE_UNIVERSE)
		line_add(buf, size, &at, " scope %s",
			 fib_scope_name(fi->scope));
	if (fi->prefsrc)
		line_add(buf, size, &at, " src %s",
			 inet_addr_print(fi->prefsrc, text));
	if (fi->priority)
		line_add(buf, size, &at, " metric %u", fi->priority);
	if (fi->mtu)
		line_add(buf, size, &at, " mtu %s%u",
			 fi->mtu_lock ? "lock " : "", fi->mtu);
	if (fi->advmss)
		line_add(buf, size, &at, " advmss %u", fi->advmss);
	if (fi->flags & RTNH_F_ONLINK)
		line_add(buf, size, &at, " onlink");
}
