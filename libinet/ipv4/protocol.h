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
	const struct sysctl_row *knobs;
	u32 nr_knobs;
	int (*net_init)(struct net *net);	/* may be NULL */
	void (*net_exit)(struct net *net);
};

extern const struct inet_protocol *const inet_protocols[];
extern const u32 nr_inet_protocols;

#endif /* IPV4_PROTOCOL_H */
