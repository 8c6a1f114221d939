/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Netfilter's hooks of one stack: per hook a list sorted by priority, read
 * under RCU, changed under rtnl. A list node is the stack's, so that the
 * caller's nf_hook_ops may go as soon as it is unregistered.
 */
#include "core/netfilter.h"

#include <errno.h>

struct nf_hook_entry {
	struct nf_hook_entry *next;	/* RCU */
	struct nf_hook_ops *ops;
	struct rcu_head rcu;
	struct net *net;
};

static void nf_entry_free(struct rcu_head *head)
{
	struct nf_hook_entry *e = container_of(head, struct nf_hook_entry, rcu);

	mem_free(&e->net->mem, e, sizeof(*e));
}

int nf_register_net_hook(struct net *net, struct nf_hook_ops *ops)
{
	struct nf_hook_entry *e, **p;

	if ((unsigned int)ops->hooknum >= NF_INET_NUMHOOKS || !ops->hook)
		return net_error(net, -EINVAL, "netfilter hook %u: no such hook",
				 (unsigned int)ops->hooknum);
	e = mem_zalloc(&net->mem, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->ops = ops;
	e->net = net;
	rtnl_lock(net);
	for (p = &net->nf_hooks[ops->hooknum];
	     *p && (*p)->ops->priority <= ops->priority; p = &(*p)->next)
		;
	e->next = *p;
	rcu_assign_pointer(*p, e);
	rtnl_unlock(net);
	return 0;
}

void nf_unregister_net_hook(struct net *net, struct nf_hook_ops *ops)
{
	struct nf_hook_entry **p, *e = NULL;

	rtnl_lock(net);
	for (p = &net->nf_hooks[ops->hooknum]; (e = *p); p = &e->next) {
		if (e->ops == ops) {
			rcu_assign_pointer(*p, e->next);
			break;
		}
	}
	rtnl_unlock(net);
	if (!e)
		return;
	synchronize_rcu(&net->rcu);	/* @ops may go when we return */
	call_rcu(&net->rcu, &e->rcu, nf_entry_free);
}

int nf_hook_slow(struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct nf_hook_entry *e;

	NET_ROAD(state->net, skb);
	for (e = rcu_dereference(state->net->nf_hooks[state->hook]); e;
	     e = rcu_dereference(e->next)) {
		switch (e->ops->hook(e->ops->priv, skb, state)) {
		case NF_ACCEPT:
			break;
		case NF_STOLEN:
			return 0;
		default:
			kfree_skb_reason(skb, SKB_DROP_REASON_NETFILTER_DROP);
			return -EPERM;
		}
	}
	return 1;
}

void netfilter_net_exit(struct net *net)
{
	struct nf_hook_entry *e;
	u32 i;

	for (i = 0; i < NF_INET_NUMHOOKS; i++) {
		while ((e = net->nf_hooks[i])) {
			net->nf_hooks[i] = e->next;
			mem_free(&net->mem, e, sizeof(*e));
		}
	}
}
