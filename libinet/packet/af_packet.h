/* SPDX-License-Identifier: BSD-2-Clause */
/* PF_PACKET: sockets that see and send whole frames. */
#ifndef PACKET_AF_PACKET_H
#define PACKET_AF_PACKET_H

#include "core/net.h"

extern const struct pernet_operations packet_net_ops;

#endif /* PACKET_AF_PACKET_H */
