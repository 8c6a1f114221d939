/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network devices: registration, up and down, what can be changed about them.
 * Everything here runs under rtnl; the packet path reads under RCU.
 */
#include "core/dev.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/busy_poll.h"
#include "core/gro.h"
#include "core/net.h"
#include "core/rps.h"
#include "core/skbuff.h"
#include "core/vlan.h"
#include "core/xps.h"
#include "lib/assert.h"

#define TX_QUEUE_LEN 1000
#define MAX_UNITS 1024		/* numbers tried for a %d in a name */

/* Its address tells threads apart. */
static __thread char rtnl_self;

/* Recursive: a notifier may call what takes it again. */
void rtnl_lock(struct net *net)
{
	if (READ_ONCE(net->rtnl_owner) == &rtnl_self) {
		net->rtnl_depth++;
		return;
	}
	mutex_lock(&net->rtnl);
	WRITE_ONCE(net->rtnl_owner, &rtnl_self);
	net->rtnl_depth = 1;
}

void rtnl_unlock(struct net *net)
{
	inet_assert(net->rtnl_owner == &rtnl_self);
	if (--net->rtnl_depth)
		return;
	WRITE_ONCE(net->rtnl_owner, NULL);
	mutex_unlock(&net->rtnl);
}

/* ---- notifiers -------------------------------------------------------- */

int register_netdevice_notifier(struct net *net, netdev_notifier *fn)
{
	if (net->nr_notifiers == NET_MAX_NOTIFIERS)
		return -ENOSPC;
	net->notifiers[net->nr_notifiers++] = fn;
	return 0;
}

/* Until one refuses. Return: 0, or why it does. */
int call_netdevice_notifiers(struct net_device *dev, enum netdev_event event)
{
	int err = 0;
	u32 i;

	for (i = 0; i < dev->net->nr_notifiers && !err; i++)
		err = dev->net->notifiers[i](dev->net, event, dev);
	return err;
}

/* ---- life ------------------------------------------------------------- */

struct net_device *alloc_netdev(struct net *net, u32 priv_size,
				const char *name,
				void (*setup)(struct net_device *dev))
{
	struct net_device *dev;

	if (strlen(name) >= sizeof(dev->name)) {
		net_error(net, -EINVAL, "%.40s: device name longer than %zu",
			  name, sizeof(dev->name) - 1);
		return NULL;
	}
	dev = mem_zalloc(&net->mem, sizeof(*dev));
	if (!dev)
		return NULL;
	dev->net = net;
	dev->priv_size = priv_size;
	if (priv_size) {
		dev->priv = mem_zalloc(&net->mem, priv_size);
		if (!dev->priv) {
			mem_free(&net->mem, dev, sizeof(*dev));
			return NULL;
		}
	}
	memcpy(dev->name, name, strlen(name) + 1);
	dev->tx_queue_len = TX_QUEUE_LEN;
	dev->num_tx_queues = 1;
	dev->num_rx_queues = 1;
	dev->carrier = true;
	dev->refcnt = 1;
	dev->gso_max_size = 65536;
	setup(dev);
	return dev;
}

void free_netdev(struct net_device *dev)
{
	struct net *net = dev->net;
	struct netdev_hw_addr *mc;

	while ((mc = dev->mc)) {
		dev->mc = mc->next;
		mem_free(&net->mem, mc, sizeof(*mc));
	}
	if (dev->priv)
		mem_free(&net->mem, dev->priv, dev->priv_size);
	mem_free(&net->mem, dev, sizeof(*dev));
}

static struct net_device *netdev_find(struct net *net, const char *name)
{
	struct net_device *dev;

	for_each_netdev_rcu(net, dev)
		if (!strcmp(dev->name, name))
			return dev;
	return NULL;
}

/* May a route, a knob and a line of a table have this word in them? */
static bool dev_valid_name(const char *name)
{
	return name[0] && strcmp(name, ".") && strcmp(name, "..") &&
	       !strpbrk(name, "/: \t\n\v\f\r");
}

/* Replaces "%d" in the device's name by a free number; refuses a used name. */
static int dev_get_valid_name(struct net_device *dev)
{
	char name[INET_IFNAMSIZ + 12], *pct = strstr(dev->name, "%d");
	struct net *net = dev->net;
	int i;

	if (!dev_valid_name(dev->name))
		return net_error(net, -EINVAL, "\"%s\": not a device name",
				 dev->name);
	if (!pct) {
		if (netdev_find(net, dev->name))
			return net_error(net, -EEXIST,
					 "%s: a device has this name already",
					 dev->name);
		return 0;
	}
	for (i = 0; i < MAX_UNITS; i++) {
		snprintf(name, sizeof(name), "%.*s%d%s",
			 (int)(pct - dev->name), dev->name, i, pct + 2);
		if (strlen(name) < sizeof(dev->name) &&
		    !netdev_find(net, name)) {
			memcpy(dev->name, name, strlen(name) + 1);
			return 0;
		}
	}
	return net_error(net, -ENFILE, "%s: no free number", dev->name);
}

static void netdev_free_queues(struct net_device *dev)
{
	u32 i;

	for (i = 0; i < dev->num_tx_queues; i++)
		if (dev->tx[i].qdisc)
			qdisc_destroy(dev->tx[i].qdisc);
	mem_free(&dev->net->mem, dev->tx,
		 dev->num_tx_queues * sizeof(*dev->tx));
	dev->tx = NULL;
	rps_free_queues(dev);
	xps_free(dev);
}

/* One transmit queue each; tx_queue_len 0 means no queue discipline. */
static int netdev_alloc_queues(struct net_device *dev)
{
	struct net *net = dev->net;
	int err;
	u32 i;

	if (!dev->num_tx_queues || dev->num_tx_queues > MAX_TX_QUEUES)
		return net_error(net, -EINVAL, "%s: %u transmit queues: 1..%d",
				 dev->name, dev->num_tx_queues, MAX_TX_QUEUES);
	dev->tx = mem_zalloc_aligned(&net->mem,
				     dev->num_tx_queues * sizeof(*dev->tx),
				     _Alignof(struct netdev_queue));
	if (!dev->tx)
		return -ENOMEM;
	err = rps_alloc_queues(dev);
	if (err) {
		netdev_free_queues(dev);
		return err;
	}
	for (i = 0; i < dev->num_tx_queues; i++) {
		struct netdev_queue *txq = &dev->tx[i];

		txq->dev = dev;
		lock_init(&txq->xmit_lock, net->smp);
		dql_init(&txq->dql);
		if (!dev->tx_queue_len)
			continue;
		txq->qdisc = qdisc_create_dflt(txq);
		if (!txq->qdisc) {
			netdev_free_queues(dev);
			return -ENOMEM;
		}
	}
	return 0;
}

int register_netdevice(struct net_device *dev)
{
	struct net *net = dev->net;
	struct net_device **p;
	int err;

	inet_assert(dev->netdev_ops && dev->netdev_ops->ndo_start_xmit);
	dev->hw_features |= NETIF_F_GRO | NETIF_F_GSO;
	dev->features |= NETIF_F_GSO;
	rtnl_lock(net);
	err = dev_get_valid_name(dev);
	if (!err)
		err = netdev_alloc_queues(dev);
	if (!err) {
		dev->ifindex = ++net->last_ifindex;
		dev->reg_state = NETREG_REGISTERED;
		for (p = &net->dev_base; *p; p = &(*p)->next)
			;
		rcu_assign_pointer(*p, dev);
		call_netdevice_notifiers(dev, NETDEV_REGISTER);
	}
	rtnl_unlock(net);
	return err;
}

/* Drops what the queue disciplines hold, and takes them off every list that
 * net_tx_action() would look at. */
static void dev_deactivate(struct net_device *dev)
{
	u32 i;

	synchronize_rcu(&dev->net->rcu);	/* nobody is in dev_queue_xmit */
	for (i = 0; i < dev->num_tx_queues; i++) {
		if (!dev->tx[i].qdisc)
			continue;
		qdisc_reset(dev->tx[i].qdisc);
		qdisc_unschedule(dev->tx[i].qdisc);
		WRITE_ONCE(dev->tx[i].state, 0);
	}
}

/* Takes back what dev_deactivate() did. */
static void dev_activate(struct net_device *dev)
{
	for (u32 i = 0; i < dev->num_tx_queues; i++)
		if (dev->tx[i].qdisc)
			qdisc_activate(dev->tx[i].qdisc);
}

static void __dev_close(struct net_device *dev)
{
	if (!netif_running(dev))
		return;
	call_netdevice_notifiers(dev, NETDEV_GOING_DOWN);
	WRITE_ONCE(dev->flags, dev->flags & ~(u32)NETDEV_IFF_UP);
	dev_deactivate(dev);
	if (dev->netdev_ops->ndo_stop)
		dev->netdev_ops->ndo_stop(dev);
	flush_backlogs(dev);
	call_netdevice_notifiers(dev, NETDEV_DOWN);
}

int dev_open(struct net_device *dev)
{
	int err = 0;

	rtnl_lock(dev->net);
	if (!netif_running(dev)) {
		dev_activate(dev);
		if (dev->netdev_ops->ndo_open)
			err = dev->netdev_ops->ndo_open(dev);
		if (!err) {
			WRITE_ONCE(dev->flags, dev->flags | NETDEV_IFF_UP);
			if (dev->netdev_ops->ndo_set_rx_mode)
				dev->netdev_ops->ndo_set_rx_mode(dev);
			err = call_netdevice_notifiers(dev, NETDEV_UP);
			if (err)
				__dev_close(dev);
		}
	}
	rtnl_unlock(dev->net);
	return err;
}

void dev_close(struct net_device *dev)
{
	rtnl_lock(dev->net);
	__dev_close(dev);
	rtnl_unlock(dev->net);
}

/*
 * References other than the registration's end by themselves: packets that
 * hold a dst, neighbours, cached routes. They are dropped by RCU callbacks and
 * flushed queues; whoever frees the last one frees the device.
 */
void dev_put(struct net_device *dev)
{
	if (__atomic_sub_fetch(&dev->refcnt, 1, __ATOMIC_ACQ_REL) == 0)
		free_netdev(dev);
}

void dev_hold(struct net_device *dev)
{
	__atomic_fetch_add(&dev->refcnt, 1, __ATOMIC_RELAXED);
}

void unregister_netdevice(struct net_device *dev)
{
	struct net *net = dev->net;
	struct net_device **p;

	rtnl_lock(net);
	__dev_close(dev);
	dev->reg_state = NETREG_UNREGISTERING;
	call_netdevice_notifiers(dev, NETDEV_UNREGISTER);
	for (p = &net->dev_base; *p && *p != dev; p = &(*p)->next)
		;
	if (*p)
		rcu_assign_pointer(*p, dev->next);
	if (net->loopback_dev == dev)
		net->loopback_dev = NULL;
	rtnl_unlock(net);
	synchronize_rcu(&net->rcu);
	if (dev->netdev_ops->ndo_uninit)
		dev->netdev_ops->ndo_uninit(dev);
	netdev_free_queues(dev);
	dev_put(dev);
}

/* ---- finding ---------------------------------------------------------- */

struct net_device *dev_get_by_name(struct net *net, const char *name)
{
	struct net_device *dev;

	rcu_read_lock(&net->rcu);
	dev = netdev_find(net, name);
	if (dev)
		dev_hold(dev);
	rcu_read_unlock(&net->rcu);
	return dev;
}

struct net_device *dev_get_by_index_rcu(struct net *net, int ifindex)
{
	struct net_device *dev;

	for_each_netdev_rcu(net, dev)
		if (dev->ifindex == ifindex)
			return dev;
	return NULL;
}

struct net_device *dev_get_by_index(struct net *net, int ifindex)
{
	struct net_device *dev;

	rcu_read_lock(&net->rcu);
	dev = dev_get_by_index_rcu(net, ifindex);
	if (dev)
		dev_hold(dev);
	rcu_read_unlock(&net->rcu);
	return dev;
}

/* ---- changing --------------------------------------------------------- */

int dev_set_mtu(struct net_device *dev, u32 mtu)
{
	struct net *net = dev->net;
	int err = 0;

	rtnl_lock(net);
	if (mtu < dev->min_mtu || mtu > dev->max_mtu)
		err = net_error(net, -EINVAL, "%s: mtu %u: not in %u..%u",
				dev->name, mtu, dev->min_mtu, dev->max_mtu);
	else if (dev->netdev_ops->ndo_change_mtu)
		err = dev->netdev_ops->ndo_change_mtu(dev, mtu);
	if (!err) {
		WRITE_ONCE(dev->mtu, mtu);
		call_netdevice_notifiers(dev, NETDEV_CHANGEMTU);
	}
	rtnl_unlock(net);
	return err;
}

static const struct {
	const char *name;	/* as ethtool -K calls it */
	u64 bit;
} dev_features[] = {
	{ "rx", NETIF_F_RXCSUM },
	{ "tx", NETIF_F_HW_CSUM },
	{ "sg", NETIF_F_SG },
	{ "tso", NETIF_F_TSO },
	{ "tx-tcp-ecn-segmentation", NETIF_F_TSO_ECN },
	{ "tx-udp-segmentation", NETIF_F_GSO_UDP_L4 },
	{ "gso", NETIF_F_GSO },
	{ "gro", NETIF_F_GRO },
	{ "rxvlan", NETIF_F_HW_VLAN_CTAG_RX },
	{ "txvlan", NETIF_F_HW_VLAN_CTAG_TX },
	{ "rx-vlan-filter", NETIF_F_HW_VLAN_CTAG_FILTER },
};

/* The feature with this name, 0: there is none, and a sentence says which there
 * are. */
static u64 dev_feature_find(struct net *net, const char *name)
{
	char all[256] = "";
	size_t n = 0;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(dev_features); i++)
		if (!strcmp(dev_features[i].name, name))
			return dev_features[i].bit;
	for (i = 0; i < ARRAY_SIZE(dev_features) && n < sizeof(all); i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s",
				      i ? ", " : "", dev_features[i].name);
	net_error(net, -EINVAL, "%.20s: no such feature; there are: %s", name,
		  all);
	return 0;
}

/* By the wish to change @name, what there is becomes @next. 0 or -E with a
 * sentence. Under rtnl. */
static int dev_change_features(struct net_device *dev, const char *name,
			       u64 next)
{
	int err = 0;

	if ((dev->features ^ next) & ~dev->hw_features)
		return net_error(dev->net, -EOPNOTSUPP, "%s: %s: is fixed",
				 dev->name, name);
	if (dev->netdev_ops->ndo_set_features)
		err = dev->netdev_ops->ndo_set_features(dev, next);
	if (err)
		return err;
	WRITE_ONCE(dev->features, next);
	vlan_transfer_features(dev);
	return 0;
}

int dev_set_feature(struct net_device *dev, const char *name, bool on)
{
	u64 bit = dev_feature_find(dev->net, name), next;
	int err = 0;

	if (!bit)
		return -EINVAL;
	rtnl_lock(dev->net);
	next = on ? dev->features | bit : dev->features & ~bit;
	if (next != dev->features)
		err = dev_change_features(dev, name, next);
	rtnl_unlock(dev->net);
	return err;
}

int dev_get_feature(const struct net_device *dev, const char *name)
{
	u64 bit = dev_feature_find(dev->net, name);

	return bit ? !!(READ_ONCE(dev->features) & bit) : -EINVAL;
}

/* A word at once, for those who read it meanwhile. Context: rtnl. */
static void dev_addr_store(struct net_device *dev, const u8 *addr)
{
	u64 word = 0;

	memcpy(&word, addr, dev->addr_len);
	WRITE_ONCE(*(seq_word_t *)dev->dev_addr, word);
}

int dev_set_mac_address(struct net_device *dev, const u8 *addr)
{
	static const u8 none[MAX_ADDR_LEN];
	struct net *net = dev->net;
	int err = 0;

	rtnl_lock(net);
	if (!dev->addr_len || (addr[0] & 1) ||
	    !memcmp(addr, none, dev->addr_len))
		err = net_error(net, dev->addr_len ? -EADDRNOTAVAIL :
				-EOPNOTSUPP, "%s: %s", dev->name,
				dev->addr_len ? "a station's address cannot be "
				"multicast or zero" :
				"this device has no link address");
	else if (dev->netdev_ops->ndo_set_mac_address)
		err = dev->netdev_ops->ndo_set_mac_address(dev, addr);
	if (!err) {
		dev_addr_store(dev, addr);
		call_netdevice_notifiers(dev, NETDEV_CHANGEADDR);
	}
	rtnl_unlock(net);
	return err;
}

static void dev_set_rx_mode(struct net_device *dev)
{
	if (netif_running(dev) && dev->netdev_ops->ndo_set_rx_mode)
		dev->netdev_ops->ndo_set_rx_mode(dev);
}

/* @inc more want @flag, which *@users counts: it is set while any does. */
static void dev_count_flag(struct net_device *dev, u32 flag, u32 *users,
			   int inc)
{
	rtnl_lock(dev->net);
	inet_assert(inc >= 0 || *users >= (u32)-inc);
	*users += (u32)inc;
	WRITE_ONCE(dev->flags, *users ? dev->flags | flag :
					dev->flags & ~flag);
	dev_set_rx_mode(dev);
	rtnl_unlock(dev->net);
}

void dev_set_promiscuity(struct net_device *dev, int inc)
{
	dev_count_flag(dev, NETDEV_IFF_PROMISC, &dev->promiscuity, inc);
}

void dev_set_allmulti(struct net_device *dev, int inc)
{
	dev_count_flag(dev, NETDEV_IFF_ALLMULTI, &dev->allmulti, inc);
}

static struct netdev_hw_addr **mc_find(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr **p;

	for (p = &dev->mc; *p; p = &(*p)->next)
		if (!memcmp((*p)->addr, addr, dev->addr_len))
			break;
	return p;
}

/* Under rtnl or not: takes it. */
int dev_mc_add(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr **p, *mc;
	int err = 0;

	rtnl_lock(dev->net);
	p = mc_find(dev, addr);
	if (*p) {
		(*p)->refcount++;
	} else {
		mc = mem_zalloc(&dev->net->mem, sizeof(*mc));
		if (mc) {
			memcpy(mc->addr, addr, dev->addr_len);
			mc->refcount = 1;
			*p = mc;
			dev_set_rx_mode(dev);
		} else {
			err = -ENOMEM;
		}
	}
	rtnl_unlock(dev->net);
	return err;
}

int dev_mc_del(struct net_device *dev, const u8 *addr)
{
	struct netdev_hw_addr **p, *mc;
	int err = 0;

	rtnl_lock(dev->net);
	p = mc_find(dev, addr);
	mc = *p;
	if (!mc) {
		err = -ENOENT;
	} else if (--mc->refcount == 0) {
		*p = mc->next;
		mem_free(&dev->net->mem, mc, sizeof(*mc));
		dev_set_rx_mode(dev);
	}
	rtnl_unlock(dev->net);
	return err;
}

/* From any thread; whoever changes it says so. */
static void netif_carrier_set(struct net_device *dev, bool on)
{
	if (__atomic_exchange_n(&dev->carrier, on, __ATOMIC_RELAXED) == on)
		return;
	net_log_ratelimited(&dev->net->log, INET_LOG_INFO, "%s: link is %s",
			    dev->name, on ? "up" : "down");
	if (rcu_access_pointer(dev->vlan_info))
		vlan_transfer_carrier(dev, on);
}

void netif_carrier_on(struct net_device *dev)
{
	netif_carrier_set(dev, true);
}

void netif_carrier_off(struct net_device *dev)
{
	netif_carrier_set(dev, false);
}

/* ---- services for drivers --------------------------------------------- */

u64 netdev_now_ns(const struct net_device *dev)
{
	return net_now(dev->net);
}

u32 netdev_random(struct net_device *dev)
{
	return net_random(dev->net);
}

void *netdev_alloc_mem(struct net_device *dev, size_t size)
{
	return mem_zalloc(&dev->net->mem, size);
}

void netdev_free_mem(struct net_device *dev, void *p, size_t size)
{
	if (p)
		mem_free(&dev->net->mem, p, size);
}

void netdev_get_frames(const struct net_device *dev,
		       struct netdev_frames *frames)
{
	const struct frame_pool *pool = &dev->net->pool;

	*frames = (struct netdev_frames){
		.region = pool->region, .info = frame_info(pool, 0),
		.info_shift = pool->info_shift,
		.nr_frames = pool->nr_frames, .frame_size = pool->frame_size,
	};
}

struct skb_shared_info *netdev_alloc_frame(struct net_device *dev)
{
	return frame_alloc(dev->net, true);
}

void netdev_frame_get(struct skb_shared_info *frame)
{
	frame_get(frame);
}

void netdev_frame_put(struct skb_shared_info *frame)
{
	frame_put(frame);
}

void netdev_road(const struct net_device *dev, const struct sk_buff *skb,
		 const struct netdev_station *station)
{
	struct net *net = dev->net;

	if (unlikely(data_race(((struct net_trace_switch *)net)->on)))
		net_trace_record((struct net_road_point){ net, skb, station });
}

void netdev_printk(int level, const struct net_device *dev, const char *fmt, ...)
{
	char text[NET_LOG_LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	net_log(&dev->net->log, level, "%s: %s", dev->name, text);
}

struct netdev_timer {
	struct timer_list timer;
	struct net_device *dev;
	void (*fn)(struct net_device *dev);
};

static void netdev_timer_fire(struct timer_list *t)
{
	struct netdev_timer *nt = container_of(t, struct netdev_timer, timer);

	nt->fn(nt->dev);
}

struct netdev_timer *netdev_timer_create(struct net_device *dev,
					 void (*fn)(struct net_device *dev))
{
	struct netdev_timer *nt = mem_zalloc(&dev->net->mem, sizeof(*nt));

	if (!nt)
		return NULL;
	nt->dev = dev;
	nt->fn = fn;
	timer_setup(&nt->timer, netdev_timer_fire);
	return nt;
}

void netdev_timer_arm(struct netdev_timer *t, u64 expires_ns)
{
	mod_timer(&t->dev->net->softnets->wheel, &t->timer, expires_ns);
}

void netdev_timer_destroy(struct netdev_timer *t)
{
	if (!t)
		return;
	del_timer_sync(&t->timer);
	mem_free(&t->dev->net->mem, t, sizeof(*t));
}

/* ---- start and end ---------------------------------------------------- */

static const struct sysctl_row dev_knobs[] = {
	SYSCTL_ROW("net.core.netdev_max_backlog", sysctl_netdev_max_backlog,
		   S32, 1, 1 << 20, 1000),
	SYSCTL_ROW("net.core.netdev_budget", sysctl_netdev_budget,
		   S32, 1, 1 << 16, 300),
	SYSCTL_ROW("net.core.netdev_budget_usecs", sysctl_netdev_budget_usecs,
		   S32, 0, 1000000, 2000),
	SYSCTL_ROW("net.core.busy_poll", sysctl_busy_poll,
		   S32, 0, BUSY_POLL_MAX_US, 0),
	SYSCTL_ROW("net.core.busy_read", sysctl_busy_read,
		   S32, 0, BUSY_POLL_MAX_US, 0),
	SYSCTL_ROW("net.core.dev_weight", sysctl_dev_weight,
		   S32, 1, 1 << 16, NAPI_POLL_WEIGHT),
};

/* The two softirqs, the backlog of each softnet, the knobs of devices. */
static int net_dev_init(struct net *net)
{
	int err = sch_net_init(net);
	u32 i;

	open_softirq(net, NET_TX_SOFTIRQ, net_tx_action);
	open_softirq(net, NET_RX_SOFTIRQ, net_rx_action);
	open_softirq(net, APP_CALL_SOFTIRQ, app_call_action);
	for (i = 0; i < net->nr_softnets; i++) {
		struct softnet_data *sd = &net->softnets[i];

		sd->backlog.poll = process_backlog;
		sd->backlog.weight = NAPI_POLL_WEIGHT;
		sd->backlog.softnet = sd;
	}
	return err ? err :
	       register_net_sysctl(net, dev_knobs, ARRAY_SIZE(dev_knobs));
}

/* Devices down: no packet waits in a queue or a ring any more, and what devices
 * are done with lets its socket and route go. */
static void net_dev_pre_exit(struct net *net)
{
	struct net_device *dev;
	u32 i;

	for (dev = net->dev_base; dev; dev = dev->next)
		dev_close(dev);
	for (i = 0; i < net->nr_softnets; i++) {
		net_tx_action(&net->softnets[i]);
		softnet_purge(&net->softnets[i]);
	}
}

static void net_dev_exit(struct net *net)
{
	while (net->dev_base)
		unregister_netdevice(net->dev_base);
}

const struct pernet_operations net_dev_ops = {
	.name = "net/core devices",
	.init = net_dev_init,
	.pre_exit = net_dev_pre_exit,
	.exit = net_dev_exit,
};
