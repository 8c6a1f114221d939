/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What moves routes: addresses that come and go, devices that go up and down,
 * and sentences as ip-route(8) takes them. And what the table says about the
 * source of a received packet.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inet/control.h>

#include "ipv4/devinet.h"
#include "ipv4/fib.h"
#include "wire/ipv4.h"

#define ROUTE_MAX_TEXT 256
#define ROUTE_MAX_WORDS 32

/* ---- sources ---------------------------------------------------------- */

int fib_validate_source(struct sk_buff *skb, __be32 src, __be32 dst,
			struct net_device *dev)
{
	struct flowi4 fl4 = { .daddr = src, .saddr = dst };
	struct net *net = dev_net(dev);
	s32 rpf = READ_ONCE(net->ipv4.sysctl_rp_filter);
	struct fib_result res;
	int err;

	(void)skb;
	err = fib_lookup(net, &fl4, &res, 0);
	if (READ_ONCE(dev->flags) & NETDEV_IFF_LOOPBACK)
		return 0;
	if (err)
		return rpf ? -EXDEV : 0;
	if (unlikely(res.type != RTN_UNICAST))
		return -EINVAL;
	if (rpf == 1 && res.fi->nh.dev != dev)
		return -EXDEV;
	return 0;
}

/* ---- addresses -------------------------------------------------------- */

/* One route that an address brings along, or perhaps another one of the same
 * device has brought. Return: 0; adding: -ENOMEM with a sentence. */
static int fib_magic(const struct in_ifaddr *ifa, bool add, u8 type,
		      __be32 dst, u8 dst_len)
{
	struct net_device *dev = ifa->ifa_dev->dev;
	struct fib_config cfg = {
		.type = type, .dst = dst, .dst_len = dst_len,
		.oif = dev->ifindex, .prefsrc = ifa->ifa_local,
		.protocol = RTPROT_KERNEL, .local = type != RTN_UNICAST,
		.scope = type == RTN_LOCAL ? RT_SCOPE_HOST : RT_SCOPE_LINK,
		.has_type = true, .append = true,
	};

	int err;

	if (!add) {
		fib_table_delete(dev_net(dev), &cfg);
		return 0;
	}
	err = fib_table_insert(dev_net(dev), &cfg);
	return err == -EEXIST ? 0 : err;
}

/* Has the address a network besides itself, with a broadcast address? */
static bool ifa_has_prefix(const struct in_ifaddr *ifa)
{
	return ifa->ifa_prefixlen < 32 && !ipv4_is_zeronet(
		ifa->ifa_local & ifa->ifa_mask);
}

static bool ifa_has_broadcast(const struct in_ifaddr *ifa)
{
	return ifa->ifa_broadcast && ifa->ifa_broadcast != 0xffffffffu;
}

/* Some other address of the device with the same network. */
static const struct in_ifaddr *ifa_sibling(const struct in_ifaddr *ifa)
{
	const struct in_ifaddr *other;

	for (other = ifa->ifa_dev->ifa_list; other; other = other->ifa_next)
		if (other != ifa && other->ifa_mask == ifa->ifa_mask &&
		    inet_ifa_match(other->ifa_local, ifa))
			return other;
	return NULL;
}

/* The same address of the device, with another prefix. */
static const struct in_ifaddr *ifa_twin(const struct in_ifaddr *ifa)
{
	const struct in_ifaddr *other;

	for (other = ifa->ifa_dev->ifa_list; other; other = other->ifa_next)
		if (other != ifa && other->ifa_local == ifa->ifa_local)
			return other;
	return NULL;
}

/* The address itself. */
static int fib_ifaddr_local(const struct in_ifaddr *ifa, bool add)
{
	if (!add && ifa_twin(ifa))
		return 0;
	return fib_magic(ifa, add, RTN_LOCAL, ifa->ifa_local, 32);
}

/* The network, by the device of @ifa. */
static int fib_ifaddr_prefix(const struct in_ifaddr *ifa, bool add)
{
	const struct net_device *dev = ifa->ifa_dev->dev;
	__be32 network = ifa->ifa_local & ifa->ifa_mask;

	if (!ifa_has_prefix(ifa))
		return 0;
	/* All of 127/8 is local (RFC 1122 3.2.1.3 (g)). */
	return fib_magic(ifa, add, READ_ONCE(dev->flags) & NETDEV_IFF_LOOPBACK ? RTN_LOCAL :
		  RTN_UNICAST, network, ifa->ifa_prefixlen);
}

/* The broadcast address of the network, unless a twin has the same. */
static int fib_ifaddr_broadcast(const struct in_ifaddr *ifa, bool add)
{
	const struct in_ifaddr *twin = add ? NULL : ifa_twin(ifa);

	if (!ifa_has_broadcast(ifa) ||
	    (twin && twin->ifa_broadcast == ifa->ifa_broadcast))
		return 0;
	return fib_magic(ifa, add, RTN_BROADCAST, ifa->ifa_broadcast, 32);
}

static void fib_del_network(const struct in_ifaddr *ifa)
{
	fib_ifaddr_prefix(ifa, false);
	fib_ifaddr_broadcast(ifa, false);
}

/* Both, or none. */
static int fib_add_network(const struct in_ifaddr *ifa)
{
	int err = fib_ifaddr_broadcast(ifa, true);

	if (err)
		return err;
	err = fib_ifaddr_prefix(ifa, true);
	if (err)
		fib_ifaddr_broadcast(ifa, false);
	return err;
}

/* Context: rtnl; @ifa is on its device's list. */
int fib_add_ifaddr(struct in_ifaddr *ifa)
{
	int err = fib_ifaddr_local(ifa, true);

	if (err || !netif_running(ifa->ifa_dev->dev) || ifa_sibling(ifa))
		return err;
	err = fib_add_network(ifa);
	if (err)
		fib_ifaddr_local(ifa, false);
	return err;
}

/* A sibling takes the network over, as with Linux's promote_secondaries.
 * Context: rtnl. */
int fib_promote_heir(const struct in_ifaddr *ifa)
{
	const struct in_ifaddr *heir = ifa_sibling(ifa);

	if (!heir || ifa->ifa_flags & IFA_F_SECONDARY ||
	    !netif_running(ifa->ifa_dev->dev))
		return 0;
	return fib_add_network(heir);
}

/* Context: rtnl; @ifa is off its device's list. */
void fib_del_ifaddr(struct in_ifaddr *ifa)
{
	struct net_device *dev = ifa->ifa_dev->dev;
	struct net *net = dev_net(dev);

	fib_ifaddr_local(ifa, false);
	if (netif_running(dev) &&
	    !(ifa->ifa_flags & IFA_F_SECONDARY && ifa_sibling(ifa)))
		fib_del_network(ifa);
	/* unless it is an address of ours all the same */
	if (inet_addr_type(net, ifa->ifa_local) != RTN_LOCAL) {
		fib_sync_down_addr(net, ifa->ifa_local);
		fib_flush(net);
	}
	if (!ifa->ifa_dev->ifa_list)	/* no source is left to send from */
		fib_disable_ip(dev, true);
}

/* The device came up: its networks are there. When there is no memory for
 * one it has to go down again. */
int fib_enable_ip(struct net_device *dev)
{
	struct in_device *in_dev = dev->ip_ptr;
	const struct in_ifaddr *ifa;
	int err = 0;

	for (ifa = in_dev->ifa_list; ifa && !err; ifa = ifa->ifa_next)
		if (!(ifa->ifa_flags & IFA_F_SECONDARY))
			err = fib_add_network(ifa);
	rt_cache_flush(dev_net(dev));
	return err;
}

/* It went down, or @gone away. */
void fib_disable_ip(struct net_device *dev, bool gone)
{
	struct net *net = dev_net(dev);

	if (fib_sync_down_dev(net, dev, gone))
		fib_flush(net);
	rt_cache_flush(net);
}

/* ---- routes as text --------------------------------------------------- */

/* What is being read, for messages. */
struct route_text {
	struct net *net;
	const char *text;
	char *words[ROUTE_MAX_WORDS];
	int nr, at;
	u32 said;		/* bit i: route_words[i], or what means the same */
	struct fib_config *cfg;
};

static const struct {
	const char *name;
	u8 type;
} route_types[] = {
	{ "unicast", RTN_UNICAST },
	{ "unreachable", RTN_UNREACHABLE },
	{ "blackhole", RTN_BLACKHOLE },
	{ "prohibit", RTN_PROHIBIT },
	{ "throw", RTN_THROW },
};

/* "route "…": word 3, "x": what is wrong". */
static int route_error(const struct route_text *r, int err, const char *what)
{
	if (r->at < r->nr)
		return net_error(r->net, err, "route \"%s\": word %d, \"%s\": %s",
				 r->text, r->at + 1, r->words[r->at], what);
	return net_error(r->net, err, "route \"%s\": at its end: %s", r->text,
			 what);
}

/* The word after a keyword: an address. */
static int route_addr(struct route_text *r, __be32 *addr)
{
	int plen;

	r->at++;
	if (r->at >= r->nr || inet_parse_prefix(r->words[r->at], addr, &plen) ||
	    plen != -1)
		return route_error(r, -EINVAL, "an address is wanted, A.B.C.D");
	return 0;
}

/* The word after a keyword: a number. */
static int route_number(struct route_text *r, u32 lo, u32 hi, u32 *val)
{
	unsigned long long v;
	char range[40];
	char *end;

	r->at++;
	if (r->at >= r->nr || r->words[r->at][0] < '0' ||
	    r->words[r->at][0] > '9')
		return route_error(r, -EINVAL, "a number is wanted");
	v = strtoull(r->words[r->at], &end, 10);
	if (*end)
		return route_error(r, -EINVAL, "a number is wanted");
	if (v < lo || v > hi) {
		snprintf(range, sizeof(range), "not in %u..%u", lo, hi);
		return route_error(r, -EINVAL, range);
	}
	*val = (u32)v;
	return 0;
}

static int route_via(struct route_text *r)
{
	return route_addr(r, &r->cfg->gw);
}

/* "dev NAME" of a route. */
static int route_dev(struct route_text *r)
{
	struct net_device *dev;

	r->at++;
	if (r->at >= r->nr)
		return route_error(r, -EINVAL, "the name of a device is wanted");
	dev = dev_get_by_name(r->net, r->words[r->at]);
	if (!dev)
		return route_error(r, -ENODEV, "there is no such device");
	r->cfg->oif = dev->ifindex;
	dev_put(dev);
	return 0;
}

static int route_metric(struct route_text *r)
{
	r->cfg->has_priority = true;
	return route_number(r, 0, U32_MAX, &r->cfg->priority);
}

static int route_src(struct route_text *r)
{
	return route_addr(r, &r->cfg->prefsrc);
}

static int route_mtu(struct route_text *r)
{
	if (r->at + 1 < r->nr && strcmp(r->words[r->at + 1], "lock") == 0) {
		r->cfg->mtu_lock = true;
		r->at++;
	}
	return route_number(r, 68, 65535, &r->cfg->mtu);
}

static int route_advmss(struct route_text *r)
{
	return route_number(r, 48, 65495, &r->cfg->advmss);
}

static int route_onlink(struct route_text *r)
{
	r->cfg->flags |= RTNH_F_ONLINK;
	return 0;
}

/* "scope NAME" of a route. */
static int route_scope(struct route_text *r)
{
	static const struct {
		const char *name;
		u8 scope;
	} scopes[] = {
		{ "global", RT_SCOPE_UNIVERSE },
		{ "link", RT_SCOPE_LINK },
		{ "host", RT_SCOPE_HOST },
	};
	size_t i;

	r->at++;
	for (i = 0; r->at < r->nr && i < ARRAY_SIZE(scopes); i++)
		if (strcmp(r->words[r->at], scopes[i].name) == 0) {
			r->cfg->scope = scopes[i].scope;
			r->cfg->has_scope = true;
			return 0;
		}
	return route_error(r, -EINVAL, "a scope is global, link or host");
}

/* "proto NAME" of a route. */
static int route_proto(struct route_text *r)
{
	static const struct {
		const char *name;
		u8 protocol;
	} protocols[] = {
		{ "kernel", RTPROT_KERNEL },
		{ "boot", RTPROT_BOOT },
		{ "static", RTPROT_STATIC },
	};
	size_t i;

	r->at++;
	for (i = 0; r->at < r->nr && i < ARRAY_SIZE(protocols); i++)
		if (strcmp(r->words[r->at], protocols[i].name) == 0) {
			r->cfg->protocol = protocols[i].protocol;
			return 0;
		}
	return route_error(r, -EINVAL, "a proto is kernel, boot or static");
}

static const struct {
	const char *word;
	int (*parse)(struct route_text *r);
} route_words[] = {
	{ "via", route_via },		{ "dev", route_dev },
	{ "metric", route_metric },	{ "priority", route_metric },
	{ "preference", route_metric },	{ "src", route_src },
	{ "mtu", route_mtu },		{ "advmss", route_advmss },
	{ "onlink", route_onlink },	{ "scope", route_scope },
	{ "proto", route_proto },
};

/* One keyword and what belongs to it, once. */
static int route_option(struct route_text *r)
{
	u32 i, first = 0;
	int err;

	for (i = 0; i < ARRAY_SIZE(route_words); i++) {
		if (strcmp(r->words[r->at], route_words[i].word))
			continue;
		while (route_words[first].parse != route_words[i].parse)
			first++;
		if (r->said & 1u << first)
			return route_error(r, -EINVAL, "is said twice");
		r->said |= 1u << first;
		err = route_words[i].parse(r);
		r->at++;
		return err;
	}
	return route_error(r, -EINVAL,
			   "via, dev, metric, src, mtu, advmss, scope, proto or onlink is wanted");
}

/* "unreachable 10.0.0.0/8", "default": the beginning. */
static int route_prefix(struct route_text *r)
{
	struct fib_config *cfg = r->cfg;
	int plen = 0;
	size_t i;

	for (i = 0; r->nr && i < ARRAY_SIZE(route_types); i++)
		if (strcmp(r->words[0], route_types[i].name) == 0) {
			cfg->type = route_types[i].type;
			cfg->has_type = true;
			r->at++;
			break;
		}
	if (r->at < r->nr && strcmp(r->words[r->at], "default") == 0)
		cfg->dst = 0;
	else if (r->at >= r->nr ||
		 inet_parse_prefix(r->words[r->at], &cfg->dst, &plen))
		return route_error(r, -EINVAL,
				   "a prefix is wanted, A.B.C.D/LENGTH or default");
	cfg->dst_len = plen < 0 ? 32 : (u8)plen;
	if (cfg->dst & ~inet_make_mask(cfg->dst_len))
		return route_error(r, -EINVAL,
				   "address bits are set beyond the prefix length");
	r->at++;
	return 0;
}

/*
 * Reads a route. Return: 0, or -EINVAL, -ENODEV with a sentence that quotes the
 * word. Context: rtnl.
 */
int fib_parse_route(struct net *net, const char *text, bool adding,
		    struct fib_config *cfg)
{
	struct route_text r = { .net = net, .text = text, .cfg = cfg };
	char copy[ROUTE_MAX_TEXT];
	int err;

	memset(cfg, 0, sizeof(*cfg));
	cfg->type = RTN_UNICAST;
	if (strlen(text) >= sizeof(copy))
		return net_error(net, -EINVAL, "a route of more than %zu characters",
				 sizeof(copy) - 1);
	memcpy(copy, text, strlen(text) + 1);
	r.nr = inet_split_words(copy, r.words, ROUTE_MAX_WORDS);
	err = route_prefix(&r);
	while (!err && r.at < r.nr)
		err = route_option(&r);
	if (err || !adding)
		return err;
	if (!cfg->protocol)
		cfg->protocol = RTPROT_BOOT;
	if (!cfg->has_scope && cfg->type == RTN_UNICAST && !cfg->gw)
		cfg->scope = RT_SCOPE_LINK;
	return 0;
}

/* ---- the public calls -------------------------------------------------- */

/* Adds or deletes what @route says; each sentence begins with it. POSIX's way
 * to return. */
static int route_change(struct net *net, const char *route, bool adding,
			const char *call)
{
	struct fib_config cfg;
	int err;

	if (!net || !route)
		return net_null(net, call);
	rtnl_lock(net);
	err = fib_parse_route(net, route, adding, &cfg);
	if (!err) {
		err = adding ? fib_table_insert(net, &cfg) :
			       fib_table_delete(net, &cfg);
		if (err)
			net_error(net, err, "route \"%s\": %s", route,
				  net_strerror(net));
	}
	rtnl_unlock(net);
	net_api_exit(net);
	if (!err)
		return 0;
	errno = -err;
	return -1;
}

int inet_route_add(struct net *net, const char *route)
{
	return route_change(net, route, true, __func__);
}

int inet_route_del(struct net *net, const char *route)
{
	return route_change(net, route, false, __func__);
}

/* Linux's "ip route": without what makes up the table "local". */
int inet_route_show(struct net *net, FILE *out)
{
	struct fib_trie_iter it = { .started = false };
	struct fib_alias *fa;
	struct fib_leaf *leaf;
	char line[256];

	if (!net || !out) {
		errno = EINVAL;
		return -1;
	}
	rtnl_lock(net);
	while ((leaf = fib_trie_iter_next(&net->ipv4.fib->trie, &it)) != NULL)
		hlist_for_each_entry(fa, &leaf->aliases, node) {
			if (fa->local)
				continue;
			fib_alias_print(fa, line, sizeof(line));
			fprintf(out, "%s\n", line);
		}
	rtnl_unlock(net);
	return ferror(out) ? -1 : 0;
}

/* ---- life ------------------------------------------------------------- */

static int fib_net_init(struct net *net)
{
	struct fib_table *t = mem_zalloc(&net->mem, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->net = net;
	INIT_LIST_HEAD(&t->all);
	fib_trie_init(&t->trie, &net->mem, &net->rcu);
	net->ipv4.fib = t;
	return 0;
}

/* Every route dies, then the trie, each after a grace period. */
static void fib_net_exit(struct net *net)
{
	struct fib_table *t = net->ipv4.fib;
	struct fib_alias *fa;

	if (!t)
		return;
	list_for_each_entry(fa, &t->all, all)
		fa->fi->flags |= RTNH_F_DEAD;
	fib_flush(net);
	rcu_barrier(&net->rcu);
	fib_trie_destroy(&t->trie);
	rcu_barrier(&net->rcu);
	mem_free(&net->mem, t->info_hash, t->info_hash ?
		 sizeof(*t->info_hash) << t->info_shift : 0);
	mem_free(&net->mem, t, sizeof(*t));
	net->ipv4.fib = NULL;
}

const struct pernet_operations fib_net_ops = {
	.name = "fib",
	.init = fib_net_init,
	.exit = fib_net_exit,
};
