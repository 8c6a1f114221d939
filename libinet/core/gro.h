/* SPDX-License-Identifier: BSD-2-Clause */
/* Generic receive offload: merging packets of one flow before the layers. */
#ifndef CORE_GRO_H
#define CORE_GRO_H

#include <inet/netdevice.h>
#include <inet/protocol.h>

/* Passes everything held up the stack. */
void napi_gro_flush(struct napi_struct *napi);

/* The offload for an ethertype, or NULL. Context: RCU. */
struct packet_offload *offload_find(struct net *net, __be16 type);

/* Cuts a GSO packet by its ethertype's offload. NULL: it cannot be cut, and
 * @skb is still the caller's. */
struct sk_buff *skb_mac_gso_segment(struct sk_buff *skb, u64 features);

#endif /* CORE_GRO_H */
