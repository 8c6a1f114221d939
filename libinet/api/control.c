/* SPDX-License-Identifier: BSD-2-Clause */
/* <inet/control.h>: devices, knobs, counters. Addresses and routes: ipv4. */
#include <inet/control.h>

#include <errno.h>
#include <string.h>

#include "api/api.h"
#include "core/dev.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "core/vlan.h"
#include "ipv4/ip.h"

/* ---- devices ---------------------------------------------------------- */

struct net_device *inet_netdev_find(struct net *net, const char *name)
{
	struct net_device *dev;

	if ((!net || !name) && net_null(net, __func__))
		return NULL;
	dev = dev_get_by_name(net, name);
	if (!dev) {
		errno = -net_error(net, -ENODEV, "%.40s: no such device", name);
		return NULL;
	}
	dev_put(dev);	/* the registration keeps it */
	return dev;
}

struct net_device *inet_vlan_open(struct net_device *dev, u16 vid,
				  const struct inet_vlan_config *config)
{
	const struct inet_vlan_config none = { .size = sizeof(none) };
	const struct inet_vlan_config *c = config ? config : &none;
	struct net_device *vlan = NULL;

	if (!dev)
		errno = EINVAL;
	else if (c->size != sizeof(*c))
		errno = -net_error(dev->net, -EINVAL, "inet_vlan_config.size is not "
				   "sizeof(struct inet_vlan_config)");
	else
		errno = -register_vlan_dev(dev, vid, c, &vlan);
	return vlan;
}

int inet_netdev_up(struct net_device *dev)
{
	int ret;

	if (!dev)
		return api_result(-EINVAL);
	ret = dev_open(dev);
	net_api_exit(dev->net);
	return api_result(ret);
}

int inet_netdev_down(struct net_device *dev)
{
	if (!dev)
		return api_result(-EINVAL);
	dev_close(dev);
	return 0;
}

int inet_netdev_close(struct net_device *dev)
{
	if (!dev)
		return api_result(-EINVAL);
	if (dev == dev->net->loopback_dev)
		return api_result(net_error(dev->net, -EBUSY,
				  "lo: local routes need it"));
	unregister_netdevice(dev);
	return 0;
}

int inet_netdev_set_mtu(struct net_device *dev, unsigned int mtu)
{
	return api_result(dev ? dev_set_mtu(dev, mtu) : -EINVAL);
}

int inet_netdev_set_mac(struct net_device *dev, const u8 mac[6])
{
	if (!dev || !mac)
		return net_null_dev(dev, __func__);
	return api_result(dev_set_mac_address(dev, mac));
}

int inet_netdev_set_feature(struct net_device *dev, const char *name, bool on)
{
	if (!dev || !name)
		return net_null_dev(dev, __func__);
	return api_result(dev_set_feature(dev, name, on));
}

int inet_netdev_get_feature(const struct net_device *dev, const char *name)
{
	if (!dev || !name)
		return net_null_dev(dev, __func__);
	return api_result(dev_get_feature(dev, name));
}

int inet_netdev_set_rps_cpus(struct net_device *dev, unsigned int queue,
			     const char *softnets)
{
	if (!dev || !softnets)
		return net_null_dev(dev, __func__);
	return api_result(dev_set_rps_cpus(dev, queue, softnets));
}

int inet_netdev_get_rps_cpus(struct net_device *dev, unsigned int queue,
			     char *buf, size_t size)
{
	if (!dev || !buf)
		return net_null_dev(dev, __func__);
	return api_result(dev_get_rps_cpus(dev, queue, buf, size));
}

int inet_netdev_set_rps_flow_cnt(struct net_device *dev, unsigned int queue,
				 unsigned int flows)
{
	return api_result(dev ? dev_set_rps_flow_cnt(dev, queue, flows) :
				-EINVAL);
}

int inet_netdev_set_qdisc(struct net_device *dev, const char *spec)
{
	if (!dev || !spec)
		return net_null_dev(dev, __func__);
	return api_result(dev_set_qdisc(dev, spec));
}

int inet_netdev_get_qdisc(struct net_device *dev, char *spec, size_t size)
{
	if (!dev || !spec)
		return net_null_dev(dev, __func__);
	return api_result(dev_get_qdisc(dev, spec, size));
}

int inet_netdev_set_queue(struct net_device *dev, const char *knob,
			  const char *value)
{
	if (!dev || !knob || !value)
		return net_null_dev(dev, __func__);
	return api_result(dev_set_queue(dev, knob, value));
}

int inet_netdev_get_queue(struct net_device *dev, const char *knob, char *value,
			  size_t size)
{
	if (!dev || !knob || !value)
		return net_null_dev(dev, __func__);
	return api_result(dev_get_queue(dev, knob, value, size));
}

const char *inet_netdev_name(const struct net_device *dev)
{
	return dev->name;
}

int inet_netdev_index(const struct net_device *dev)
{
	return dev ? dev->ifindex : api_result(-EINVAL);
}

int inet_netdev_get_carrier(const struct net_device *dev)
{
	return dev ? READ_ONCE(dev->carrier) : api_result(-EINVAL);
}

/* Counters, which others count on meanwhile: each for itself. */
static void netdev_stats_copy(struct inet_netdev_stats *to,
			      const struct inet_netdev_stats *from)
{
	const u64 *f = &from->rx_packets;
	u64 *t = &to->rx_packets;

	static_assert(sizeof(*to) % sizeof(u64) == 0, "counters and no more");
	for (u32 i = 0; i < sizeof(*to) / sizeof(u64); i++)
		t[i] = READ_ONCE(f[i]);
}

int inet_netdev_get_stats(struct net_device *dev,
			  struct inet_netdev_stats *stats)
{
	u32 i;

	if (!dev || !stats)
		return net_null_dev(dev, __func__);
	netdev_stats_copy(stats, &dev->stats);
	for (i = 0; i < dev->num_tx_queues; i++) {
		spin_lock(&dev->tx[i].xmit_lock);
		stats->tx_packets += dev->tx[i].tx_packets;
		stats->tx_bytes += dev->tx[i].tx_bytes;
		spin_unlock(&dev->tx[i].xmit_lock);
	}
	if (dev->netdev_ops->ndo_get_stats64)
		dev->netdev_ops->ndo_get_stats64(dev, stats);
	return 0;
}

int inet_netdev_each(struct net *net,
		     void (*fn)(void *arg, struct net_device *dev), void *arg)
{
	struct net_device *dev;

	if (!net || !fn)
		return net_null(net, __func__);
	rcu_read_lock(&net->rcu);
	for_each_netdev_rcu(net, dev)
		fn(arg, dev);
	rcu_read_unlock(&net->rcu);
	return 0;
}

bool inet_netdev_is_up(const struct net_device *dev)
{
	return dev && netif_running(dev);
}

unsigned int inet_netdev_get_mtu(const struct net_device *dev)
{
	return dev ? READ_ONCE(dev->mtu) : 0;
}

int inet_netdev_counter_each(struct net_device *dev,
			     void (*fn)(void *arg, const char *name, u64 value),
			     void *arg)
{
	if (!dev || !fn)
		return net_null_dev(dev, __func__);
	if (dev->netdev_ops->ndo_each_counter)
		dev->netdev_ops->ndo_each_counter(dev, fn, arg);
	return 0;
}

/* One line. Context: RCU. */
static void link_show(const struct net_device *dev, FILE *out)
{
	bool up = netif_running(dev), carrier = READ_ONCE(dev->carrier);
	u8 a[MAX_ADDR_LEN];

	dev_addr_copy(a, dev, sizeof(a));
	fprintf(out, "%d: %s: <%s%s%s%s> mtu %u state %s link/%s",
		dev->ifindex, dev->name,
		up && !carrier ? "NO-CARRIER," : "", up ? "UP" : "DOWN",
		carrier ? ",LOWER_UP" : "",
		READ_ONCE(dev->flags) & NETDEV_IFF_PROMISC ? ",PROMISC" : "",
		READ_ONCE(dev->mtu), up && carrier ? "UP" : "DOWN",
		dev->type == NETDEV_TYPE_LOOPBACK ?
		"loopback" : dev->type == NETDEV_TYPE_ETHER ? "ether" : "none");
	if (dev->addr_len)
		fprintf(out, " %02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1],
			a[2], a[3], a[4], a[5]);
	fputc('\n', out);
}

int inet_link_show(struct net *net, FILE *out)
{
	struct net_device *dev;

	if (!net || !out)
		return net_null(net, __func__);
	rcu_read_lock(&net->rcu);
	for_each_netdev_rcu(net, dev)
		link_show(dev, out);
	rcu_read_unlock(&net->rcu);
	return ferror(out) ? api_result(-EIO) : 0;
}

int inet_qdisc_show(struct net *net, FILE *out)
{
	if (!net || !out)
		return net_null(net, __func__);
	return api_result(qdisc_show(net, out));
}

/* ---- knobs ------------------------------------------------------------ */

int inet_sysctl_set(struct net *net, const char *name, const char *value)
{
	if (!net || !name || !value)
		return net_null(net, __func__);
	return api_result(sysctl_set(net, name, value));
}

int inet_sysctl_get(struct net *net, const char *name, char *value, size_t size)
{
	if (!net || !name || !value)
		return net_null(net, __func__);
	return api_result(sysctl_get(net, name, value, size));
}

int inet_sysctl_each(struct net *net,
		     void (*fn)(void *arg, const char *name, const char *value),
		     void *arg)
{
	if (!net || !fn)
		return net_null(net, __func__);
	sysctl_each(net, fn, arg);
	return 0;
}

/* ---- counters --------------------------------------------------------- */

#define ICMP_MSG_NAME_SIZE sizeof("IcmpMsgOutType255")

/* The name of one of the counters by ICMP's type, of which Linux, too, shows only
 * those that have moved. */
static void icmp_msg_name(char *name, bool out, u32 type)
{
	snprintf(name, ICMP_MSG_NAME_SIZE, "IcmpMsg%sType%u", out ? "Out" : "In",
		 type % ICMP_MSG_TYPES);
}

/* Is @name one of them? */
static bool icmp_msg_get(const struct net *net, const char *name, u64 *value)
{
	char its[ICMP_MSG_NAME_SIZE];
	u32 i;

	for (i = 0; i < 2 * ICMP_MSG_TYPES; i++) {
		icmp_msg_name(its, i & 1, i / 2);
		if (strcmp(its, name))
			continue;
		*value = icmp_msg_read(net, i & 1, (u8)(i / 2));
		return true;
	}
	return false;
}

/* All that have moved. */
static void icmp_msg_each(const struct net *net,
			  void (*fn)(void *arg, const char *name, u64 value),
			  void *arg)
{
	char name[ICMP_MSG_NAME_SIZE];
	u64 value;
	u32 i;

	for (i = 0; i < 2 * ICMP_MSG_TYPES; i++) {
		icmp_msg_name(name, i >= ICMP_MSG_TYPES, i);
		value = icmp_msg_read(net, i >= ICMP_MSG_TYPES, (u8)i);
		if (value)
			fn(arg, name, value);
	}
}

int inet_counter_get(struct net *net, const char *name, u64 *value)
{
	u32 i;

	if (!net || !name || !value)
		return net_null(net, __func__);
	for (i = 0; i < MIB_MAX; i++) {
		if (!strcmp(net_mib_name(i), name)) {
			*value = net_mib_read(net, (enum mib_counter)i);
			return 0;
		}
	}
	if (icmp_msg_get(net, name, value))
		return 0;
	return api_result(net_error(net, -ENOENT, "%.60s: no such counter",
				    name));
}

int inet_counter_each(struct net *net,
		      void (*fn)(void *arg, const char *name, u64 value),
		      void *arg)
{
	u32 i;

	if (!net || !fn)
		return net_null(net, __func__);
	for (i = 0; i < MIB_MAX; i++)
		fn(arg, net_mib_name(i), net_mib_read(net, (enum mib_counter)i));
	icmp_msg_each(net, fn, arg);
	return 0;
}

int inet_drop_get(struct net *net, const char *reason, u64 *value)
{
	u32 i;

	if (!net || !reason || !value)
		return net_null(net, __func__);
	for (i = 1; i < SKB_DROP_REASON_MAX; i++) {
		if (!strcmp(skb_drop_reason_name(i), reason)) {
			*value = net_drop_read(net, (enum skb_drop_reason)i);
			return 0;
		}
	}
	return api_result(net_error(net, -ENOENT, "%.60s: no such drop reason",
				    reason));
}

int inet_drop_each(struct net *net,
		   void (*fn)(void *arg, const char *reason, u64 value),
		   void *arg)
{
	u32 i;

	if (!net || !fn)
		return net_null(net, __func__);
	for (i = 1; i < SKB_DROP_REASON_MAX; i++)
		fn(arg, skb_drop_reason_name(i),
		   net_drop_read(net, (enum skb_drop_reason)i));
	return 0;
}
