/* SPDX-License-Identifier: BSD-2-Clause */
/* IP options that a socket puts on what it sends. */
#ifndef IPV4_IP_OPTIONS_SOCK_H
#define IPV4_IP_OPTIONS_SOCK_H

#include "lib/rcu.h"

#define IP_OPTIONS_MAX 40

struct ip_options_sock {
	struct rcu_head rcu;
	__be32 faddr;		/* first hop of a source route, 0: none */
	u8 optlen;		/* multiple of 4 */
	u8 srr;			/* offset of a source route in data + 1, 0: none;
				 * its first hop is taken out, the room at its
				 * end is for the destination */
	bool is_strictroute;
	u8 data[IP_OPTIONS_MAX];
};

/* Where what is for @daddr goes first. */
static inline __be32 ip_options_next_hop(const struct ip_options_sock *opt,
					 __be32 daddr)
{
	return opt && opt->faddr ? opt->faddr : daddr;
}

#endif /* IPV4_IP_OPTIONS_SOCK_H */
