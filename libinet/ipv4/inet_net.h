/* SPDX-License-Identifier: BSD-2-Clause */
/* PF_INET as one subsystem of a stack. */
#ifndef IPV4_INET_NET_H
#define IPV4_INET_NET_H

#include "core/net.h"

/* The registries, the list of protocols.c, the family. After the devices and
 * IPv4's tables, before anybody opens a socket. */
extern const struct pernet_operations inet_net_ops;

#endif /* IPV4_INET_NET_H */
