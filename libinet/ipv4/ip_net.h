/* SPDX-License-Identifier: BSD-2-Clause */
/* IPv4 itself as one subsystem of a stack: routing, addresses, ARP, input,
 * reassembly. After the device layer, before the sockets of PF_INET. */
#ifndef IPV4_IP_NET_H
#define IPV4_IP_NET_H

#include "core/net.h"

extern const struct pernet_operations ipv4_net_ops;

/* ip_offload.c: GRO and GSO of IPv4; a part of ipv4_net_ops. */
extern const struct pernet_operations ip_offload_net_ops;

/* ip_output.c: counters of identifications. */
int ip_idents_init(struct net *net);
void ip_idents_exit(struct net *net);

#endif /* IPV4_IP_NET_H */
