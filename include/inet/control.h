/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Set-up of a stack: devices, addresses, routes, neighbours, knobs, counters.
 * All return 0, or -1 with errno and a sentence in inet_strerror().
 */
#ifndef INET_CONTROL_H
#define INET_CONTROL_H

#include <stdio.h>

#include <inet/export.h>
#include <inet/inet.h>
#include <inet/types.h>

INET_BEGIN_DECLS

struct net_device;
struct inet_netdev_stats;

/* ---- devices ---------------------------------------------------------- */

/* "eth0" of this stack, or NULL with ENODEV. Borrowed: good until the device
 * is closed. */
struct net_device *inet_netdev_find(struct net *net, const char *name) INET_API;
/* Calls @fn for each, in the order in which they came. It may ask of the device what
 * there is to ask, and change nothing. */
int inet_netdev_each(struct net *net,
		     void (*fn)(void *arg, struct net_device *dev), void *arg) INET_API;
/* Up and down; down also fails what is queued. */
int inet_netdev_up(struct net_device *dev) INET_API;
int inet_netdev_down(struct net_device *dev) INET_API;
/* Closes the device and frees it, with its addresses, routes, neighbours. */
int inet_netdev_close(struct net_device *dev) INET_API;
int inet_netdev_set_mtu(struct net_device *dev, unsigned int mtu) INET_API;
int inet_netdev_set_mac(struct net_device *dev, const u8 mac[6]) INET_API;
/* As ethtool -K: "rx", "tx" (checksums), "sg", "tso", "tx-tcp-ecn-segmentation",
 * "tx-udp-segmentation", "gso", "gro". EINVAL, EOPNOTSUPP (this device's is fixed). */
int inet_netdev_set_feature(struct net_device *dev, const char *name,
			    bool on) INET_API;
/* Return: 1 on, 0 off, -1 with EINVAL. */
int inet_netdev_get_feature(const struct net_device *dev,
			    const char *name) INET_API;
/*
 * Receive packet steering: the softnets to which the flows of receive queue
 * @queue are spread, as a hexadecimal mask ("f": 0 to 3; "0": packets stay
 * where they are polled). As queues/rx-N/rps_cpus below /sys on Linux. EINVAL.
 */
int inet_netdev_set_rps_cpus(struct net_device *dev, unsigned int queue,
			     const char *softnets) INET_API;
/* ERANGE: 17 bytes are enough. */
int inet_netdev_get_rps_cpus(struct net_device *dev, unsigned int queue,
			     char *buf, size_t size) INET_API;
/* How many flows such a queue tells apart, as rps_flow_cnt: a power of 2, 4096
 * if nothing is said, before its first mask. EINVAL, EBUSY. */
int inet_netdev_set_rps_flow_cnt(struct net_device *dev, unsigned int queue,
				 unsigned int flows) INET_API;
/*
 * The queue discipline of the device's transmit queues, in the words of tc(8):
 * "pfifo_fast", or "fq" and its options, such as "fq maxrate 10mbit". What waits
 * is dropped. EINVAL, EOPNOTSUPP (lo has no queues), ENOMEM.
 */
int inet_netdev_set_qdisc(struct net_device *dev, const char *spec) INET_API;
/* The same with every option; 256 bytes are enough. EOPNOTSUPP, ERANGE. */
int inet_netdev_get_qdisc(struct net_device *dev, char *spec, size_t size)
	INET_API;
/*
 * A knob of one queue under its name below Linux's /sys/class/net/DEV/queues, as
 * text: "tx-0/byte_queue_limits/limit_max", "3000". ENOENT, EINVAL, ERANGE.
 */
int inet_netdev_set_queue(struct net_device *dev, const char *knob,
			  const char *value) INET_API;
int inet_netdev_get_queue(struct net_device *dev, const char *knob, char *value,
			  size_t size) INET_API;
/* Between inet_netdev_up() and inet_netdev_down(). */
bool inet_netdev_is_up(const struct net_device *dev) INET_API;
unsigned int inet_netdev_get_mtu(const struct net_device *dev) INET_API;
const char *inet_netdev_name(const struct net_device *dev) INET_API;
int inet_netdev_index(const struct net_device *dev) INET_API;
/* Return: 1 the link is up, 0 it is not, -1 with EINVAL. A change is a line in
 * the stack's log too. */
int inet_netdev_get_carrier(const struct net_device *dev) INET_API;
int inet_netdev_get_stats(struct net_device *dev,
			  struct inet_netdev_stats *stats) INET_API;
/* Calls @fn for each counter that the device itself keeps, a card for example, as
 * ethtool -S names them. Many have none. */
int inet_netdev_counter_each(struct net_device *dev,
			     void (*fn)(void *arg, const char *name, u64 value),
			     void *arg) INET_API;

/* ---- VLANs ------------------------------------------------------------ */

/* Zero and NULL mean the default for every member but @size; inet-vlan(4). */
struct inet_vlan_config {
	size_t size;		/* sizeof(struct inet_vlan_config) */
	const char *name;	/* of the device; default: eth0.5 */
	u16 proto;		/* 0x8100: 802.1Q, the default; 0x88a8: 802.1ad */
	u8 mac[6];		/* default: that of the device below */
	u8 egress[16];		/* the tag's priority, 0 to 7, of packets with
				 * each SO_PRIORITY */
	u32 ingress[8];		/* and the reverse */
};

/*
 * A device above @dev, which is one of Ethernet: it sends with, and has what arrives
 * with, a tag of VLAN @vid, 0 to 4094. It goes up and down with @dev and is closed
 * with it. @config NULL: all defaults.
 * Return: the device, down, or NULL with errno and a sentence in inet_strerror():
 * EINVAL, ERANGE, EEXIST (the VLAN has one, or the name), EMLINK (above two
 * others), ENOMEM.
 */
struct net_device *inet_vlan_open(struct net_device *dev, u16 vid,
				  const struct inet_vlan_config *config)
	INET_API;

/* ---- addresses, routes, neighbours ------------------------------------ */

/* "10.0.0.2/24" (no length: /32), optionally " broadcast 10.0.0.255". Adds
 * the connected route. EEXIST, EINVAL. */
int inet_addr_add(struct net_device *dev, const char *addr) INET_API;
int inet_addr_del(struct net_device *dev, const char *addr) INET_API;

/* One address of a device; addresses are in network order. */
struct inet_addr_info {
	struct net_device *dev;
	u32 local;
	u32 broadcast;		/* 0: none */
	u8 prefix_len;
	bool secondary;		/* not the first of its network */
};
/* Calls @fn for each address, device by device. It may ask of the device what there is
 * to ask, and change nothing. */
int inet_addr_each(struct net *net,
		   void (*fn)(void *arg, const struct inet_addr_info *addr),
		   void *arg) INET_API;

/*
 * As ip-route(8): "default via 10.0.0.1", "10.1.0.0/16 via 10.0.0.1 dev tap0
 * metric 10 src 10.0.0.2 mtu 1400 onlink", "unreachable|blackhole|prohibit
 * 10.2.0.0/16".
 */
int inet_route_add(struct net *net, const char *route) INET_API;
int inet_route_del(struct net *net, const char *route) INET_API;

/* "10.0.0.9 lladdr 02:00:00:00:00:09 nud permanent" */
int inet_neigh_add(struct net_device *dev, const char *neigh) INET_API;
int inet_neigh_del(struct net_device *dev, const char *neigh) INET_API;

/* Text as ip(8) prints it, one entry a line. Return: 0 or -1. */
int inet_addr_show(struct net *net, FILE *out) INET_API;
int inet_route_show(struct net *net, FILE *out) INET_API;
int inet_neigh_show(struct net *net, FILE *out) INET_API;
int inet_link_show(struct net *net, FILE *out) INET_API;
/* As tc -s qdisc: what each transmit queue has done, a few lines each. */
int inet_qdisc_show(struct net *net, FILE *out) INET_API;
/* As ss(8) -tuwan: state, queues, addresses, one socket a line. */
int inet_socket_show(struct net *net, FILE *out) INET_API;

/* ---- knobs: Linux's sysctl names -------------------------------------- */

/* "net.ipv4.ip_forward", "1". ENOENT, EINVAL, ERANGE. */
int inet_sysctl_set(struct net *net, const char *name, const char *value)
	INET_API;
/* The value as text. ENOENT, ERANGE (buffer too small). */
int inet_sysctl_get(struct net *net, const char *name, char *value, size_t size)
	INET_API;
/* Calls @fn for each knob in the order of their names. */
int inet_sysctl_each(struct net *net,
		     void (*fn)(void *arg, const char *name, const char *value),
		     void *arg) INET_API;

/* ---- counters --------------------------------------------------------- */

/* An SNMP counter by Linux's name: "TcpExtListenDrops", "IpInReceives",
 * "UdpInErrors". ENOENT: returns -1. */
int inet_counter_get(struct net *net, const char *name, u64 *value) INET_API;
int inet_counter_each(struct net *net,
		      void (*fn)(void *arg, const char *name, u64 value),
		      void *arg) INET_API;
/* Packets that died of "TCP_CSUM", … (drop_reason.def). */
int inet_drop_get(struct net *net, const char *reason, u64 *value) INET_API;
int inet_drop_each(struct net *net,
		   void (*fn)(void *arg, const char *reason, u64 value),
		   void *arg) INET_API;

/* What the stack holds now: for leak checks and dashboards. */
struct inet_usage {
	u64 mem_bytes;		/* from env->alloc, the pool included */
	u64 frames_used;	/* of the pool */
	u64 skbs;
	u64 sockets;		/* those the application closed included */
	u64 timewaits;		/* connections in TIME-WAIT */
	u64 timers;		/* pending */
	u64 rcu_callbacks;	/* not run yet */
	u64 neighbours;
	u64 routes;
};
int inet_get_usage(struct net *net, struct inet_usage *usage) INET_API;

INET_END_DECLS

#endif /* INET_CONTROL_H */
