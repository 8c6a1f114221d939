/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a route means: fib_info and its next hop, checked when it is made and
 * shared by all routes that say the same.
 */
#include <errno.h>
#include <string.h>

#include "ipv4/devinet.h"
#include "ipv4/fib.h"
#include "ipv4/route_cache.h"
#include "lib/jhash.h"

static const struct {
	const char *name;
	int error;
	u8 scope;		/* the widest that makes sense */
} fib_props[RTN_MAX + 1] = {
	[RTN_UNSPEC] = { "unspec", 0, RT_SCOPE_NOWHERE },
	[RTN_UNICAST] = { "unicast", 0, RT_SCOPE_UNIVERSE },
	[RTN_LOCAL] = { "local", 0, RT_SCOPE_HOST },
	[RTN_BROADCAST] = { "broadcast", 0, RT_SCOPE_LINK },
	[RTN_ANYCAST] = { "anycast", 0, RT_SCOPE_LINK },
	[RTN_MULTICAST] = { "multicast", 0, RT_SCOPE_UNIVERSE },
	[RTN_BLACKHOLE] = { "blackhole", -EINVAL, RT_SCOPE_UNIVERSE },
	[RTN_UNREACHABLE] = { "unreachable", -EHOSTUNREACH, RT_SCOPE_UNIVERSE },
	[RTN_PROHIBIT] = { "prohibit", -EACCES, RT_SCOPE_UNIVERSE },
	[RTN_THROW] = { "throw", -EAGAIN, RT_SCOPE_UNIVERSE },
};

int fib_type_error(u8 type)
{
	return type <= RTN_MAX ? fib_props[type].error : -EINVAL;
}

const char *fib_type_name(u8 type)
{
	return type <= RTN_MAX ? fib_props[type].name : "?";
}

/* ---- sharing ---------------------------------------------------------- */

#define FIB_INFO_SHIFT_MIN 4
#define FIB_INFO_SHIFT_MAX 20

static u32 fib_info_hash(const struct fib_table *t, const struct fib_info *fi)
{
	u32 words[] = { (u32)fi->type << 24 | (u32)fi->scope << 16 |
			(u32)fi->protocol << 8 | fi->flags,
			fi->priority, fi->prefsrc, fi->mtu ^ fi->advmss << 16,
			fi->nh.dev ? (u32)fi->nh.dev->ifindex : 0, fi->nh.gw };

	return jhash2(words, ARRAY_SIZE(words), t->net->hash_secret) >>
	       (32 - t->info_shift);
}

static bool fib_info_equal(const struct fib_info *a, const struct fib_info *b)
{
	return a->type == b->type && a->scope == b->scope &&
	       a->protocol == b->protocol &&
	       (a->flags & ~RTNH_F_DEAD) == (b->flags & ~RTNH_F_DEAD) &&
	       a->priority == b->priority && a->prefsrc == b->prefsrc &&
	       a->mtu == b->mtu && a->mtu_lock == b->mtu_lock &&
	       a->advmss == b->advmss && a->nh.dev == b->nh.dev &&
	       a->nh.gw == b->nh.gw && a->nh.scope == b->nh.scope;
}

/* One that is alive and says the same, or NULL. */
static struct fib_info *fib_find_info(struct fib_table *t,
				      const struct fib_info *like)
{
	struct fib_info *fi;

	if (!t->info_hash)
		return NULL;
	hlist_for_each_entry(fi, &t->info_hash[fib_info_hash(t, like)], hash)
		if (!(fi->flags & RTNH_F_DEAD) && fib_info_equal(fi, like))
			return fi;
	return NULL;
}

/* Doubles the hash when there is an entry per bucket. */
static int fib_info_hash_grow(struct fib_table *t)
{
	u32 shift = t->info_hash ? t->info_shift + 1 : FIB_INFO_SHIFT_MIN;
	u32 old_size = t->info_hash ? 1u << t->info_shift : 0, i;
	struct hlist_head *old = t->info_hash, *hash;
	struct hlist_node *tmp;
	struct fib_info *fi;

	if (old && (t->nr_infos < old_size || shift > FIB_INFO_SHIFT_MAX))
		return 0;
	hash = mem_calloc(&t->net->mem, (size_t)1 << shift, sizeof(*hash));
	if (!hash)
		return old ? 0 : -ENOMEM;
	t->info_shift = shift;
	t->info_hash = hash;
	for (i = 0; i < old_size; i++)
		hlist_for_each_entry_safe(fi, tmp, &old[i], hash)
			hlist_add_head(&fi->hash,
				       &hash[fib_info_hash(t, fi)]);
	mem_free(&t->net->mem, old, old_size * sizeof(*old));
	return 0;
}

static void fib_info_free(struct fib_info *fi)
{
	struct net *net = fi->net;

	rt_nh_free(net, &fi->nh);
	if (fi->nh.dev)
		dev_put(fi->nh.dev);
	mem_free(&net->mem, fi, sizeof(*fi));
}

static void fib_info_free_rcu(struct rcu_head *head)
{
	fib_info_free(container_of(head, struct fib_info, rcu));
}

/* Drops one reference. Context: rtnl. */
void fib_release_info(struct fib_info *fi)
{
	if (!refcount_dec_and_test(&fi->refcnt))
		return;
	hlist_del(&fi->hash);
	fi->net->ipv4.fib->nr_infos--;
	WRITE_ONCE(fi->flags, fi->flags | RTNH_F_DEAD);
	call_rcu(&fi->net->rcu, &fi->rcu, fib_info_free_rcu);
}

/* ---- checking --------------------------------------------------------- */

static bool dev_is_up(const struct net_device *dev)
{
	return dev && READ_ONCE(dev->flags) & NETDEV_IFF_UP;
}

/* The gateway must be a neighbour: reached by a route of narrower scope. */
static int fib_check_gateway(struct fib_info *fi, const struct fib_config *cfg)
{
	struct flowi4 fl4 = { .daddr = cfg->gw, .oif = cfg->oif };
	struct net *net = fi->net;
	struct fib_result res;
	char gw[INET_ADDR_STRLEN];
	int err;

	inet_addr_print(cfg->gw, gw);
	if (cfg->flags & RTNH_F_ONLINK) {
		if (!fi->nh.dev)
			return net_error(net, -EINVAL,
					 "onlink needs a device (dev NAME)");
		if (inet_addr_type(net, cfg->gw) != RTN_UNICAST)
			return net_error(net, -EINVAL,
					 "Nexthop has invalid gateway: %s is not a host", gw);
		if (!dev_is_up(fi->nh.dev))
			return net_error(net, -ENETDOWN,
					 "Nexthop device %s is not up",
					 fi->nh.dev->name);
		fi->nh.scope = RT_SCOPE_LINK;
		return 0;
	}
	fl4.scope = max_t(u8, cfg->scope + 1, RT_SCOPE_LINK);
	err = fib_lookup(net, &fl4, &res, 0);
	if (err)
		return net_error(net, -ENETUNREACH,
				 "Nexthop has invalid gateway: no device has %s on its link", gw);
	if (res.type != RTN_UNICAST)
		return net_error(net, -EINVAL,
				 "Nexthop has invalid gateway: %s is a %s address",
				 gw, fib_type_name(res.type));
	fi->nh.scope = res.scope;
	if (!fi->nh.dev && res.fi->nh.dev) {
		fi->nh.dev = res.fi->nh.dev;
		dev_hold(fi->nh.dev);
	}
	if (!dev_is_up(fi->nh.dev))
		return net_error(net, -ENETDOWN, "Nexthop device is not up");
	return 0;
}

/* A route without a gateway: the destinations are on the device's link. */
static int fib_check_link(struct fib_info *fi, const struct fib_config *cfg)
{
	struct net *net = fi->net;

	if (!fi->nh.dev)
		return net_error(net, -ENODEV,
				 "a route needs a gateway (via ADDRESS) or a device (dev NAME)");
	if (cfg->scope == RT_SCOPE_HOST) {
		fi->nh.scope = RT_SCOPE_NOWHERE;
		return 0;
	}
	if (!dev_is_up(fi->nh.dev))
		return net_error(net, -ENETDOWN, "Nexthop device %s is not up",
				 fi->nh.dev->name);
	fi->nh.scope = RT_SCOPE_HOST;
	return 0;
}

/*
 * Whether the parts of a route fit one another; finds its device.
 * Return: 0 or -E with a sentence.
 */
static int fib_check_info(struct fib_info *fi, const struct fib_config *cfg)
{
	struct net *net = fi->net;
	char src[INET_ADDR_STRLEN];
	int err;

	if (fib_props[cfg->type].error) {
		if (cfg->gw || cfg->oif)
			return net_error(net, -EINVAL,
					 "a route of type %s has neither gateway nor device",
					 fib_type_name(cfg->type));
		return 0;
	}
	if (cfg->scope < fib_props[cfg->type].scope)
		return net_error(net, -EINVAL,
				 "scope is too wide for a route of type %s",
				 fib_type_name(cfg->type));
	if (cfg->oif) {
		fi->nh.dev = dev_get_by_index(net, cfg->oif);
		if (!fi->nh.dev)
			return net_error(net, -ENODEV, "no device with index %d",
					 cfg->oif);
	}
	err = cfg->gw ? fib_check_gateway(fi, cfg) : fib_check_link(fi, cfg);
	if (err)
		return err;
	if (cfg->prefsrc &&
	    !(cfg->type == RTN_LOCAL && cfg->prefsrc == cfg->dst) &&
	    inet_addr_type(net, cfg->prefsrc) != RTN_LOCAL)
		return net_error(net, -EINVAL,
				 "Invalid prefsrc address: %s is not one of ours",
				 inet_addr_print(cfg->prefsrc, src));
	return 0;
}

/*
 * The meaning of @cfg, shared or new, with a reference. Context: rtnl.
 *
 * Return: an error pointer with a sentence left when it makes no sense.
 */
struct fib_info *fib_create_info(struct net *net, const struct fib_config *cfg)
{
	struct fib_table *t = net->ipv4.fib;
	struct fib_info *fi, *same;
	int err = -ENOMEM;

	fi = mem_zalloc(&net->mem, sizeof(*fi));
	if (!fi)
		goto nomem;
	fi->net = net;
	refcount_init(&fi->refcnt, 1, net->smp);
	fi->type = cfg->type;
	fi->scope = cfg->scope;
	fi->protocol = cfg->protocol;
	fi->flags = cfg->flags;
	fi->priority = cfg->priority;
	fi->prefsrc = cfg->prefsrc;
	fi->mtu = cfg->mtu;
	fi->mtu_lock = cfg->mtu_lock;
	fi->advmss = cfg->advmss;
	fi->nh.gw = cfg->gw;
	lock_init(&fi->nh.lock, net->smp);

	rcu_read_lock(&net->rcu);
	err = fib_check_info(fi, cfg);
	rcu_read_unlock(&net->rcu);
	if (err)
		goto free_info;
	same = fib_find_info(t, fi);
	if (same) {
		fib_info_free(fi);
		refcount_inc(&same->refcnt);
		return same;
	}
	err = fib_info_hash_grow(t);
	if (err)
		goto free_info;
	hlist_add_head(&fi->hash, &t->info_hash[fib_info_hash(t, fi)]);
	t->nr_infos++;
	return fi;

free_info:
	fib_info_free(fi);
	if (err != -ENOMEM)
		return ERR_PTR(err);
nomem:
	return ERR_PTR(net_error(net, -ENOMEM, "memory is short"));
}

/* Is @fi what a deletion describes? */
bool fib_info_matches(const struct fib_info *fi, const struct fib_config *cfg)
{
	if (cfg->has_type && fi->type != cfg->type)
		return false;
	if (cfg->has_scope && fi->scope != cfg->scope)
		return false;
	if (cfg->has_priority && fi->priority != cfg->priority)
		return false;
	if (cfg->protocol && fi->protocol != cfg->protocol)
		return false;
	if (cfg->prefsrc && fi->prefsrc != cfg->prefsrc)
		return false;
	if (cfg->gw && fi->nh.gw != cfg->gw)
		return false;
	if (cfg->oif &&
	    (!fi->nh.dev || fi->nh.dev->ifindex != cfg->oif))
		return false;
	return true;
}

/* ---- what becomes dead ------------------------------------------------- */

u32 fib_sync_down_dev(struct net *net, struct net_device *dev, bool gone)
{
	struct fib_table *t = net->ipv4.fib;
	struct fib_info *fi;
	u32 i, marked = 0;

	for (i = 0; t->info_hash && i < 1u << t->info_shift; i++)
		hlist_for_each_entry(fi, &t->info_hash[i], hash) {
			if (fi->nh.dev != dev || fi->flags & RTNH_F_DEAD)
				continue;
			if (!gone && fi->nh.scope == RT_SCOPE_NOWHERE)
				continue;
			WRITE_ONCE(fi->flags, fi->flags | RTNH_F_DEAD);
			marked++;
		}
	return marked;
}

u32 fib_sync_down_addr(struct net *net, __be32 local)
{
	struct fib_table *t = net->ipv4.fib;
	struct fib_info *fi;
	u32 i, marked = 0;

	for (i = 0; t->info_hash && i < 1u << t->info_shift; i++)
		hlist_for_each_entry(fi, &t->info_hash[i], hash) {
			if (fi->prefsrc != local || fi->flags & RTNH_F_DEAD)
				continue;
			WRITE_ONCE(fi->flags, fi->flags | RTNH_F_DEAD);
			marked++;
		}
	return marked;
}
