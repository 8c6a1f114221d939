/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPv4 side of devices: their addresses and groups.
 *
 * A device has an in_device from its registration to its end. Each address is
 * on its device's list and in one hash table of the stack, which answers "is
 * this one ours" for received packets. Adding one brings routes along
 * (fib_frontend.c) and is announced on the link (arp.c).
 */
#include "ipv4/devinet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <inet/control.h>

#include "ipv4/arp.h"
#include "ipv4/fib.h"
#include "ipv4/route_cache.h"
#include "lib/jhash.h"
#include "wire/eth.h"
#include "wire/ipv4.h"

#define INET_ADDR_HASH_SHIFT 8
#define INET_MAX_ADDRS 4096	/* of a device */
#define INET_MAX_GROUPS 1024	/* of a device */

struct inet_addr_table {
	struct hlist_head bucket[1 << INET_ADDR_HASH_SHIFT];
};

/* ---- text ------------------------------------------------------------- */

char *inet_addr_print(__be32 addr, char *buf)
{
	if (!inet_ntop(AF_INET, &addr, buf, INET_ADDR_STRLEN))
		buf[0] = '\0';
	return buf;
}

int inet_parse_prefix(const char *text, __be32 *addr, int *plen)
{
	const char *slash = strchr(text, '/');
	char copy[INET_ADDR_STRLEN];
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits;
	char *end;

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, addr) != 1)
		return -EINVAL;
	*plen = -1;
	if (!slash)
		return 0;
	if (slash[1] < '0' || slash[1] > '9')
		return -EINVAL;
	bits = strtoul(slash + 1, &end, 10);
	if (*end || bits > 32)
		return -EINVAL;
	*plen = (int)bits;
	return 0;
}

int inet_split_words(char *text, char **words, int max)
{
	int nr = 0;

	while (nr < max) {
		text += strspn(text, " \t\n");
		if (!*text)
			break;
		words[nr++] = text;
		text += strcspn(text, " \t\n");
		if (!*text)
			break;
		*text++ = '\0';
	}
	return nr;
}

/* ---- finding ---------------------------------------------------------- */

static struct hlist_head *addr_bucket(struct net *net, __be32 addr)
{
	u32 hash = jhash_1word(addr, net->hash_secret);

	return &net->ipv4.addrs->bucket[hash >> (32 - INET_ADDR_HASH_SHIFT)];
}

struct in_ifaddr *inet_lookup_ifaddr_rcu(struct net *net, __be32 addr)
{
	struct in_ifaddr *ifa;

	hlist_for_each_entry_rcu(ifa, addr_bucket(net, addr), hash)
		if (ifa->ifa_local == addr)
			return ifa;
	return NULL;
}

/* The best address of one device, or 0. */
static __be32 select_addr_of(const struct in_device *in_dev, __be32 dst,
			     u8 scope)
{
	const struct in_ifaddr *ifa;
	__be32 addr = 0;

	in_dev_for_each_ifa_rcu(ifa, in_dev) {
		if (ifa->ifa_flags & IFA_F_SECONDARY || ifa->ifa_scope > scope)
			continue;
		if (!dst || inet_ifa_match(dst, ifa))
			return ifa->ifa_local;
		if (!addr)
			addr = ifa->ifa_local;
	}
	return addr;
}

/*
 * A source address for packets to @dst (0: anybody) by @dev: one of its own,
 * of the same network if there is one; else one of another device, never one
 * of this host alone unless @scope allows it.
 */
__be32 inet_select_addr(const struct net_device *dev, __be32 dst, u8 scope)
{
	struct net *net = dev_net(dev);
	const struct in_device *in_dev;
	const struct net_device *other;
	__be32 addr = 0;

	rcu_read_lock(&net->rcu);
	in_dev = __in_dev_get_rcu(dev);
	if (in_dev)
		addr = select_addr_of(in_dev, dst, scope);
	if (!addr)
		for_each_netdev_rcu(net, other) {
			in_dev = __in_dev_get_rcu(other);
			if (!in_dev || other == dev)
				continue;
			addr = select_addr_of(in_dev, 0, min_t(u8, scope,
							       RT_SCOPE_LINK - 1));
			if (addr)
				break;
		}
	rcu_read_unlock(&net->rcu);
	return addr;
}

bool inet_addr_onlink(struct net_device *dev, __be32 a, __be32 b)
{
	struct net *net = dev_net(dev);
	const struct in_device *in_dev;
	const struct in_ifaddr *ifa;
	bool found = false;

	rcu_read_lock(&net->rcu);
	in_dev = __in_dev_get_rcu(dev);
	if (in_dev)
		in_dev_for_each_ifa_rcu(ifa, in_dev)
			if (inet_ifa_match(a, ifa) &&
			    (!b || inet_ifa_match(b, ifa))) {
				found = true;
				break;
			}
	rcu_read_unlock(&net->rcu);
	return found;
}

/* ---- adding and deleting ----------------------------------------------- */

static void ifa_free_rcu(struct rcu_head *head)
{
	struct in_ifaddr *ifa = container_of(head, struct in_ifaddr, rcu);

	mem_free(&dev_net(ifa->ifa_dev->dev)->mem, ifa, sizeof(*ifa));
}

/* Where a new address goes: primaries first. Fails when it is there, or when
 * there are too many. */
static int ifa_place(struct in_device *in_dev, struct in_ifaddr *ifa,
		     struct in_ifaddr ***link)
{
	struct in_ifaddr **pp, *other;
	u32 nr = 0;

	*link = &in_dev->ifa_list;
	for (pp = &in_dev->ifa_list; (other = *pp) != NULL;
	     pp = &other->ifa_next) {
		if (other->ifa_local == ifa->ifa_local &&
		    other->ifa_mask == ifa->ifa_mask)
			return -EEXIST;
		if (other->ifa_mask == ifa->ifa_mask &&
		    inet_ifa_match(other->ifa_local, ifa))
			ifa->ifa_flags |= IFA_F_SECONDARY;
		if (!(other->ifa_flags & IFA_F_SECONDARY))
			*link = &other->ifa_next;
		if (++nr >= INET_MAX_ADDRS)
			return -ENOSPC;
	}
	if (ifa->ifa_flags & IFA_F_SECONDARY)
		*link = pp;
	return 0;
}

/* May anybody own this address? */
static bool ifa_is_valid(__be32 local)
{
	return !ipv4_is_this_network(local) && !ipv4_is_multicast(local) &&
	       !ipv4_is_class_e(local);
}

/* Nobody will find the address at @link any more. Return: it. */
static struct in_ifaddr *ifa_unlink(struct in_ifaddr **link)
{
	struct in_ifaddr *ifa = *link;

	rcu_assign_pointer(*link, ifa->ifa_next);
	hlist_del_rcu(&ifa->hash);
	return ifa;
}

int inet_insert_ifa(struct net_device *dev, __be32 local, u8 plen,
		    __be32 broadcast)
{
	struct in_device *in_dev = dev->ip_ptr;
	struct net *net = dev_net(dev);
	char text[INET_ADDR_STRLEN];
	struct in_ifaddr *ifa, **link;
	int err;

	inet_addr_print(local, text);
	if (!in_dev)
		return net_error(net, -ENODEV, "%s: the device is going away",
				 dev->name);
	if (!ifa_is_valid(local))
		return net_error(net, -EINVAL,
				 "%s: no host may have the address %s",
				 dev->name, text);
	ifa = mem_zalloc(&net->mem, sizeof(*ifa));
	if (!ifa)
		return net_error(net, -ENOMEM, "memory is short");
	ifa->ifa_dev = in_dev;
	ifa->ifa_local = local;
	ifa->ifa_prefixlen = plen;
	ifa->ifa_mask = inet_make_mask(plen);
	ifa->ifa_broadcast = broadcast;
	ifa->ifa_scope = ipv4_is_loopback(local) ? RT_SCOPE_HOST :
			 RT_SCOPE_UNIVERSE;
	arp_ifa_init(ifa);
	err = ifa_place(in_dev, ifa, &link);
	if (err) {
		mem_free(&net->mem, ifa, sizeof(*ifa));
		return net_error(net, err, err == -EEXIST ?
				 "%s: has the address %s/%u already" :
				 "%s: too many addresses to add %s/%u",
				 dev->name, text, plen);
	}
	ifa->ifa_next = *link;
	rcu_assign_pointer(*link, ifa);
	hlist_add_head_rcu(&ifa->hash, addr_bucket(net, local));
	err = fib_add_ifaddr(ifa);
	rt_cache_flush(net);
	if (err) {
		ifa_unlink(link);
		call_rcu(&net->rcu, &ifa->rcu, ifa_free_rcu);
		return err;
	}
	if (netif_running(dev))
		arp_announce_start(ifa);
	return 0;
}

/* Takes the address at @link from its device. Context: rtnl. */
static void inet_remove_ifa(struct in_ifaddr **link)
{
	struct in_ifaddr *ifa = ifa_unlink(link), *heir;
	struct net *net = dev_net(ifa->ifa_dev->dev);

	fib_del_ifaddr(ifa);
	if (!(ifa->ifa_flags & IFA_F_SECONDARY))
		for (heir = ifa->ifa_dev->ifa_list; heir; heir = heir->ifa_next)
			if (heir->ifa_mask == ifa->ifa_mask &&
			    inet_ifa_match(heir->ifa_local, ifa)) {
				heir->ifa_flags &= ~IFA_F_SECONDARY;
				break;
			}
	rt_cache_flush(net);
	arp_announce_stop(ifa);
	call_rcu(&net->rcu, &ifa->rcu, ifa_free_rcu);
}

int inet_del_ifa(struct net_device *dev, __be32 local, int plen)
{
	struct in_device *in_dev = dev->ip_ptr;
	char text[INET_ADDR_STRLEN];
	struct in_ifaddr **link;
	int err;

	for (link = in_dev ? &in_dev->ifa_list : NULL; link && *link;
	     link = &(*link)->ifa_next)
		if ((*link)->ifa_local == local &&
		    (plen < 0 || (*link)->ifa_prefixlen == plen)) {
			err = fib_promote_heir(*link);
			if (!err)
				inet_remove_ifa(link);
			return err;
		}
	return net_error(dev_net(dev), -EADDRNOTAVAIL,
			 "%s: has no address %s", dev->name,
			 inet_addr_print(local, text));
}

/* ---- groups ------------------------------------------------------------ */

static void mc_free_rcu(struct rcu_head *head)
{
	struct ip_mc_list *im = container_of(head, struct ip_mc_list, rcu);

	mem_free(&im->net->mem, im, sizeof(*im));
}

bool ip_check_mc_rcu(const struct in_device *in_dev, __be32 group)
{
	const struct ip_mc_list *im;

	/* 224.0.0.1 is always joined (RFC 1112 4) */
	if (group == cpu_to_be32(0xe0000001))
		return true;
	for (im = rcu_dereference(in_dev->mc_list); im;
	     im = rcu_dereference(im->next))
		if (im->multiaddr == group)
			return true;
	return false;
}

int ip_mc_inc_group(struct net_device *dev, __be32 group)
{
	struct in_device *in_dev = dev->ip_ptr;
	struct net *net = dev_net(dev);
	struct ip_mc_list *im;
	u8 hw[MAX_ADDR_LEN] = { 0 };
	u32 nr = 0;
	int err;

	if (!ipv4_is_multicast(group) || !in_dev)
		return -EINVAL;
	for (im = in_dev->mc_list; im; im = im->next, nr++)
		if (im->multiaddr == group) {
			im->users++;
			return 0;
		}
	if (nr >= INET_MAX_GROUPS)
		return -ENOBUFS;
	im = mem_zalloc(&net->mem, sizeof(*im));
	if (!im)
		return -ENOMEM;
	ip_eth_mc_map(group, hw);
	err = dev->type == NETDEV_TYPE_ETHER ? dev_mc_add(dev, hw) : 0;
	if (err) {
		mem_free(&net->mem, im, sizeof(*im));
		return err;
	}
	im->net = net;
	im->multiaddr = group;
	im->users = 1;
	im->next = in_dev->mc_list;
	rcu_assign_pointer(in_dev->mc_list, im);
	return 0;
}

static void mc_remove(struct net_device *dev, struct ip_mc_list **link)
{
	struct ip_mc_list *im = *link;
	u8 hw[MAX_ADDR_LEN] = { 0 };

	rcu_assign_pointer(*link, im->next);
	ip_eth_mc_map(im->multiaddr, hw);
	if (dev->type == NETDEV_TYPE_ETHER)
		dev_mc_del(dev, hw);
	call_rcu(&im->net->rcu, &im->rcu, mc_free_rcu);
}

int ip_mc_dec_group(struct net_device *dev, __be32 group)
{
	struct in_device *in_dev = dev->ip_ptr;
	struct ip_mc_list **link;

	for (link = in_dev ? &in_dev->mc_list : NULL; link && *link;
	     link = &(*link)->next)
		if ((*link)->multiaddr == group) {
			if (--(*link)->users == 0)
				mc_remove(dev, link);
			return 0;
		}
	return -EADDRNOTAVAIL;
}

/* ---- devices ----------------------------------------------------------- */

static struct in_device *inetdev_init(struct net_device *dev)
{
	struct net *net = dev_net(dev);
	struct in_device *in_dev = mem_zalloc(&net->mem, sizeof(*in_dev));

	if (!in_dev)
		return NULL;
	in_dev->dev = dev;
	lock_init(&in_dev->lock, net->smp);
	dev_hold(dev);
	rcu_assign_pointer(dev->ip_ptr, in_dev);
	return in_dev;
}

static void in_dev_free_rcu(struct rcu_head *head)
{
	struct in_device *in_dev = container_of(head, struct in_device, rcu);
	struct net_device *dev = in_dev->dev;
	int i;

	for (i = 0; i < NR_INDEV_RT; i++)
		if (in_dev->rt[i])
			dst_release(&in_dev->rt[i]->dst);
	mem_free(&dev_net(dev)->mem, in_dev, sizeof(*in_dev));
	dev_put(dev);
}

/* The device leaves IPv4. Context: rtnl. */
static void inetdev_destroy(struct net_device *dev)
{
	struct in_device *in_dev = dev->ip_ptr;
	struct net *net = dev_net(dev);

	if (!in_dev)
		return;
	while (in_dev->mc_list)
		mc_remove(dev, &in_dev->mc_list);
	while (in_dev->ifa_list)
		inet_remove_ifa(&in_dev->ifa_list);
	fib_disable_ip(dev, true);
	arp_ifdown(dev);
	rcu_assign_pointer(dev->ip_ptr, NULL);
	rt_flush_dev(dev);
	call_rcu(&net->rcu, &in_dev->rcu, in_dev_free_rcu);
}

/* Addresses of a device that came up become routes and are announced. */
static int inetdev_up(struct net_device *dev)
{
	struct in_device *in_dev = dev->ip_ptr;
	struct in_ifaddr *ifa;
	int err;

	if (!in_dev)
		return 0;
	if (READ_ONCE(dev->flags) & NETDEV_IFF_LOOPBACK && !in_dev->ifa_list)
		err = inet_insert_ifa(dev, cpu_to_be32(INADDR_LOOPBACK), 8, 0);
	else
		err = fib_enable_ip(dev);
	for (ifa = err ? NULL : in_dev->ifa_list; ifa; ifa = ifa->ifa_next)
		arp_announce_start(ifa);
	return err;
}

static void inetdev_down(struct net_device *dev)
{
	struct in_device *in_dev = dev->ip_ptr;
	struct in_ifaddr *ifa;

	if (!in_dev)
		return;
	for (ifa = in_dev->ifa_list; ifa; ifa = ifa->ifa_next)
		arp_announce_stop(ifa);
	fib_disable_ip(dev, false);
	arp_ifdown(dev);
}

/* What IPv4 does when something happens to a device. Context: rtnl. */
static int inetdev_event(struct net *net, int event, struct net_device *dev)
{
	switch (event) {
	case NETDEV_REGISTER:
		if (!dev->ip_ptr && !inetdev_init(dev))
			net_error(net, -ENOMEM, "%s: no memory for IPv4",
				  dev->name);
		break;
	case NETDEV_UP:
		return inetdev_up(dev);
	case NETDEV_DOWN:
		inetdev_down(dev);
		break;
	case NETDEV_UNREGISTER:
		inetdev_destroy(dev);
		break;
	case NETDEV_CHANGEADDR:
		arp_changeaddr(dev);
		break;
	case NETDEV_CHANGEMTU:
		rt_cache_flush(net);
		break;
	case NETDEV_GOING_DOWN:
	case NETDEV_CHANGE:
		break;
	}
	return 0;
}

/* ---- the public calls -------------------------------------------------- */

static int addr_result(struct net *net, int err)
{
	net_api_exit(net);
	if (err >= 0)
		return err;
	errno = -err;
	return -1;
}

static int addr_syntax(struct net_device *dev, const char *text)
{
	return net_error(dev_net(dev), -EINVAL,
			 "%s: \"%s\" is not an address (A.B.C.D/LENGTH, "
			 "then perhaps broadcast A.B.C.D)",
			 dev->name, text);
}

/* "10.0.0.2/24 broadcast 10.0.0.255" */
static int addr_parse(struct net_device *dev, const char *text,
		      struct in_ifaddr *want, int *plen)
{
	char copy[128], *words[4];
	int nr, none;

	if (strlen(text) >= sizeof(copy))
		return addr_syntax(dev, "…");
	memcpy(copy, text, strlen(text) + 1);
	nr = inet_split_words(copy, words, ARRAY_SIZE(words));
	if ((nr != 1 && nr != 3) ||
	    inet_parse_prefix(words[0], &want->ifa_local, plen))
		return addr_syntax(dev, text);
	want->ifa_prefixlen = *plen < 0 ? 32 : (u8)*plen;
	want->ifa_mask = inet_make_mask(want->ifa_prefixlen);
	want->ifa_broadcast = 0;
	if (want->ifa_prefixlen < 31 && READ_ONCE(dev->flags) & NETDEV_IFF_BROADCAST)
		want->ifa_broadcast = want->ifa_local | ~want->ifa_mask;
	if (nr == 1)
		return 0;
	if ((strcmp(words[1], "broadcast") && strcmp(words[1], "brd")) ||
	    inet_parse_prefix(words[2], &want->ifa_broadcast, &none) ||
	    none != -1)
		return addr_syntax(dev, text);
	return 0;
}

int inet_addr_add(struct net_device *dev, const char *addr)
{
	struct in_ifaddr want;
	struct net *net;
	int err, plen;

	if (!dev || !addr)
		return net_null_dev(dev, __func__);
	net = dev_net(dev);
	rtnl_lock(net);
	err = addr_parse(dev, addr, &want, &plen);
	if (!err && want.ifa_prefixlen < 31 && want.ifa_prefixlen &&
	    (want.ifa_local == (want.ifa_local | ~want.ifa_mask) ||
	     want.ifa_local == (want.ifa_local & want.ifa_mask)))
		err = net_error(net, -EINVAL,
				"%s: \"%s\" is the network or its broadcast address, no host's",
				dev->name, addr);
	if (!err)
		err = inet_insert_ifa(dev, want.ifa_local, want.ifa_prefixlen,
				      want.ifa_broadcast);
	rtnl_unlock(net);
	return addr_result(net, err);
}

int inet_addr_del(struct net_device *dev, const char *addr)
{
	struct in_ifaddr want;
	struct net *net;
	int err, plen;

	if (!dev || !addr)
		return net_null_dev(dev, __func__);
	net = dev_net(dev);
	rtnl_lock(net);
	err = addr_parse(dev, addr, &want, &plen);
	if (!err)
		err = inet_del_ifa(dev, want.ifa_local, plen);
	rtnl_unlock(net);
	return addr_result(net, err);
}

/* As "ip -oneline address". */
static void addr_show_one(const struct net_device *dev,
			  const struct in_ifaddr *ifa, FILE *out)
{
	char text[INET_ADDR_STRLEN];

	fprintf(out, "%d: %s    inet %s/%u", dev->ifindex, dev->name,
		inet_addr_print(ifa->ifa_local, text), ifa->ifa_prefixlen);
	if (ifa->ifa_broadcast)
		fprintf(out, " brd %s",
			inet_addr_print(ifa->ifa_broadcast, text));
	fprintf(out, " scope %s%s %s\n",
		ifa->ifa_scope == RT_SCOPE_HOST ? "host" : "global",
		ifa->ifa_flags & IFA_F_SECONDARY ? " secondary" : "",
		dev->name);
}

int inet_addr_each(struct net *net,
		   void (*fn)(void *arg, const struct inet_addr_info *addr), void *arg)
{
	const struct in_device *in_dev;
	const struct in_ifaddr *ifa;
	struct net_device *dev;

	if (!net || !fn)
		return net_null(net, __func__);
	rtnl_lock(net);
	for (dev = net->dev_base; dev; dev = dev->next) {
		in_dev = dev->ip_ptr;
		for (ifa = in_dev ? in_dev->ifa_list : NULL; ifa; ifa = ifa->ifa_next)
			fn(arg, &(struct inet_addr_info){
				.dev = dev,
				.local = ifa->ifa_local,
				.broadcast = ifa->ifa_broadcast,
				.prefix_len = ifa->ifa_prefixlen,
				.secondary = ifa->ifa_flags & IFA_F_SECONDARY,
			});
	}
	rtnl_unlock(net);
	return 0;
}

int inet_addr_show(struct net *net, FILE *out)
{
	const struct in_device *in_dev;
	const struct net_device *dev;
	const struct in_ifaddr *ifa;

	if (!net || !out) {
		errno = EINVAL;
		return -1;
	}
	rtnl_lock(net);
	for (dev = net->dev_base; dev; dev = dev->next) {
		in_dev = dev->ip_ptr;
		for (ifa = in_dev ? in_dev->ifa_list : NULL; ifa;
		     ifa = ifa->ifa_next)
			addr_show_one(dev, ifa, out);
	}
	rtnl_unlock(net);
	return ferror(out) ? -1 : 0;
}

/* ---- life ------------------------------------------------------------- */

/* IPv4 on every device that is here and that will come. */
static int devinet_net_init(struct net *net)
{
	struct net_device *dev;
	int err;

	net->ipv4.addrs = mem_zalloc(&net->mem, sizeof(*net->ipv4.addrs));
	if (!net->ipv4.addrs)
		return -ENOMEM;
	err = register_netdevice_notifier(net, inetdev_event);
	/* Devices that were here before us. */
	rtnl_lock(net);
	for (dev = net->dev_base; dev && !err; dev = dev->next) {
		if (dev->ip_ptr)
			continue;
		inetdev_event(net, NETDEV_REGISTER, dev);
		if (netif_running(dev))
			err = inetdev_event(net, NETDEV_UP, dev);
	}
	rtnl_unlock(net);
	return err;
}

/* Takes IPv4 off every device. */
static void devinet_net_exit(struct net *net)
{
	struct net_device *dev;

	if (!net->ipv4.addrs)
		return;
	rtnl_lock(net);
	for (dev = net->dev_base; dev; dev = dev->next)
		inetdev_destroy(dev);
	rtnl_unlock(net);
	rcu_barrier(&net->rcu);
	mem_free(&net->mem, net->ipv4.addrs, sizeof(*net->ipv4.addrs));
	net->ipv4.addrs = NULL;
}

const struct pernet_operations devinet_net_ops = {
	.name = "devinet",
	.init = devinet_net_init,
	.exit = devinet_net_exit,
};
