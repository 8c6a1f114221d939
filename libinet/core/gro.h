/* SPDX-License-Identifier: BSD-2-Clause */
/* Offloads: merging packets of one flow before the layers (GRO), cutting one
 * behind them (GSO). */
#ifndef CORE_GRO_H
#define CORE_GRO_H

#include <inet/netdevice.h>
#include <inet/protocol.h>

/* Passes everything held up the stack. */
void napi_gro_flush(struct napi_struct *napi);

/* The offload for an ethertype, or NULL. Context: RCU. */
struct packet_offload *offload_find(struct net *net, __be16 type);

/*
 * Cuts @skb, whose headers lie linear from mac_header to skb->data and whose
 * payload follows, into packets with gso_size bytes of payload and the same
 * headers; the last one takes over the sock. Return: a list by skb->next, each
 * at its link header. NULL: memory is short. Borrows @skb.
 */
struct sk_buff *skb_segment(struct sk_buff *skb);

/* The sum of the payload of one of them, which is one frame's (SKBTX_FRAG_CSUM):
 * its own, or the one that hangs behind its headers. */
static inline __wsum skb_segment_sum(const struct sk_buff *skb)
{
	const struct skb_shared_info *si = skb->shinfo;

	return si->nr_frags ? si->frags[0].frame->csum : si->csum;
}

/* Bytes of the longest segment of a GSO packet, network header included; both
 * headers are set. */
u32 skb_gso_network_seglen(const struct sk_buff *skb);

/* Cuts a GSO packet by its ethertype's offload. NULL: it cannot be cut, and
 * @skb (at its link header) is still the caller's. */
struct sk_buff *skb_mac_gso_segment(struct sk_buff *skb, u64 features);

#endif /* CORE_GRO_H */
