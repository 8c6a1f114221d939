/* SPDX-License-Identifier: BSD-2-Clause */
/* The knobs of net.ipv4 that belong to no single protocol. */
#ifndef IPV4_SYSCTL_NET_IPV4_H
#define IPV4_SYSCTL_NET_IPV4_H

struct net;

int ipv4_sysctl_init(struct net *net);
void ipv4_sysctl_exit(struct net *net);

#endif /* IPV4_SYSCTL_NET_IPV4_H */
