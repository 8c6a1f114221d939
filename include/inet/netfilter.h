/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netfilter: five places on the road of an IPv4 packet where a function of the
 * application may look at it, change it, keep it or kill it. Hooks belong to
 * one stack; an empty hook costs one load.
 */
#ifndef INET_NETFILTER_H
#define INET_NETFILTER_H

#include <inet/export.h>
#include <inet/skbuff.h>

INET_BEGIN_DECLS

enum nf_inet_hooks {
	NF_INET_PRE_ROUTING,
	NF_INET_LOCAL_IN,
	NF_INET_FORWARD,
	NF_INET_LOCAL_OUT,
	NF_INET_POST_ROUTING,
	NF_INET_NUMHOOKS,
};

/* Verdicts. NF_STOLEN: the hook owns the skb now. */
enum {
	NF_DROP,
	NF_ACCEPT,
	NF_STOLEN,
};

struct nf_hook_state {
	enum nf_inet_hooks hook;
	struct net *net;
	struct net_device *in;	/* NULL on output */
	struct net_device *out;	/* NULL on input */
	struct sock *sk;	/* sender of a local packet, or NULL */
};

typedef unsigned int nf_hookfn(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state);

/* Provided by the caller, who keeps it until nf_unregister_net_hook(). */
struct nf_hook_ops {
	nf_hookfn *hook;
	void *priv;
	enum nf_inet_hooks hooknum;
	int priority;		/* lower runs first */
};

/* Return: 0, -EINVAL for a bad hooknum, -ENOMEM. */
int nf_register_net_hook(struct net *net, struct nf_hook_ops *ops)
	INET_EXPORT(nf_register_net_hook);
void nf_unregister_net_hook(struct net *net, struct nf_hook_ops *ops)
	INET_EXPORT(nf_unregister_net_hook);

INET_END_DECLS

#endif /* INET_NETFILTER_H */
