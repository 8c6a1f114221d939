/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters: one array per softnet, written by its owner only, and one for
 * threads of the application; read by adding them up.
 */
#ifndef CORE_SNMP_H
#define CORE_SNMP_H

#include <inet/types.h>

enum mib_counter {
#define MIB(ident, name) MIB_##ident,
#include "core/mib.def"
#undef MIB
	MIB_MAX,
};

struct net;

/* net_mib_add() stands in core/net.h, inline. */
#define NET_INC_STATS(net, id) net_mib_add(net, MIB_##id, 1)
#define NET_ADD_STATS(net, id, n) net_mib_add(net, MIB_##id, n)
/* A packet and its octets. */
#define NET_UPD_PO_STATS(net, packets, octets, len) \
	net_mib_add_octets(net, MIB_##packets, MIB_##octets, len)
#define NET_DEC_STATS(net, id) net_mib_add(net, MIB_##id, (u64)-1)

/* Sum over all contexts. */
u64 net_mib_read(struct net *net, enum mib_counter id);
const char *net_mib_name(unsigned int id);

#endif /* CORE_SNMP_H */
