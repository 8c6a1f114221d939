/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of netfilter's five hooks: NF_HOOK() on the road of a packet. */
#ifndef CORE_NETFILTER_H
#define CORE_NETFILTER_H

#include <inet/netfilter.h>

#include "core/net.h"

typedef int nf_okfn(struct net *net, struct sock *sk, struct sk_buff *skb);

/* Runs the hooks. Return: 1: go on; else the skb is gone and this is the
 * result (0 stolen, -EPERM dropped). */
int nf_hook_slow(struct sk_buff *skb, const struct nf_hook_state *state);

/* Consumes @skb: by @okfn when every hook accepts. Context: RCU. */
static __always_inline int NF_HOOK(enum nf_inet_hooks hook, struct net *net,
				   struct sock *sk, struct sk_buff *skb,
				   struct net_device *in,
				   struct net_device *out, nf_okfn *okfn)
{
	if (unlikely(data_race(net->nf_hooks[hook]))) {
		struct nf_hook_state state = {
			.hook = hook, .net = net, .in = in, .out = out, .sk = sk,
		};
		int ret = nf_hook_slow(skb, &state);

		if (ret != 1)
			return ret;
	}
	return okfn(net, sk, skb);
}

void netfilter_net_exit(struct net *net);

#endif /* CORE_NETFILTER_H */
