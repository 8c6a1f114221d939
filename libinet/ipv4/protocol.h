/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One descriptor per protocol: everything a transport is to the stack in one
 * struct, listed once in protocols.c.
 */
#ifndef IPV4_PROTOCOL_H
#define IPV4_PROTOCOL_H

#include <inet/protocol.h>

#include "core/net.h"
#include "core/sysctl.h"

struct inet_protocol {
	const char *name;
	u8 protocol;			/* IPPROTO_* */
	/* socket(PF_INET, type, protocol): up to two rows; may be NULL */
	const struct inet_protosw *sw;
	u32 nr_sw;
	/* payload of IPv4; NULL: sockets only */
	const struct net_protocol *net_protocol;
	const struct net_offload *offload;	/* may be NULL */
	const struct sysctl_row *knobs;
	u32 nr_knobs;
	int (*net_init)(struct net *net);	/* may be NULL */
	/* Ends what lives on without a socket: connections. May be NULL. */
	void (*net_pre_exit)(struct net *net);
	void (*net_exit)(struct net *net);
};

/* For gro_receive() of a transport whose @header begins with its two ports: the
 * held packet between them, or NULL; others are of another flow. */
struct sk_buff *inet_gro_lookup_ports(struct sk_buff *held, const void *header);

/* THE list, in protocols.c, and what stands in it. */
extern const struct inet_protocol icmp_protocol;	/* icmp.c */
extern const struct inet_protocol udp_protocol;		/* udp.c */
extern const struct inet_protocol tcp_protocol;		/* tcp_net.c */
extern const struct inet_protocol ping_protocol;	/* ping.c */
extern const struct inet_protocol raw_protocol;		/* raw.c */

extern const struct inet_protocol *const inet_protocols[];
extern const u32 nr_inet_protocols;

#endif /* IPV4_PROTOCOL_H */
