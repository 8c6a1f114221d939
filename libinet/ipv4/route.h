/* SPDX-License-Identifier: BSD-2-Clause */
/* Routing: from a flow or a received packet to an rtable. */
#ifndef IPV4_ROUTE_H
#define IPV4_ROUTE_H

#include "core/dst.h"
#include "core/net.h"
#include "ipv4/inet_sock.h"

/* rt_type: the kinds of a route, Linux's RTN_*. */
enum {
	RTN_UNSPEC,
	RTN_UNICAST,
	RTN_LOCAL,
	RTN_BROADCAST,
	RTN_ANYCAST,
	RTN_MULTICAST,
	RTN_BLACKHOLE,
	RTN_UNREACHABLE,
	RTN_PROHIBIT,
	RTN_THROW,
};

#define RT_SCOPE_UNIVERSE 0
#define RT_SCOPE_LINK 253
#define RT_SCOPE_HOST 254
#define RT_SCOPE_NOWHERE 255

#define RTCF_LOCAL 0x80000000u
#define RTCF_BROADCAST 0x10000000u
#define RTCF_MULTICAST 0x20000000u
#define RTCF_REDIRECTED 0x00040000u
#define RTCF_DOREDIRECT 0x01000000u
#define RTCF_FOREIGN 0x00000100u	/* a forwarder's: the address is not ours */

struct rtable {
	struct dst_entry dst;	/* first */
	u32 rt_flags;
	u8 rt_type;
	bool rt_uses_gateway;
	bool rt_is_input;
	bool rt_mtu_locked;	/* the path claims too small an MTU: no DF */
	int rt_iif;
	__be32 rt_gw4;		/* next hop, 0: the destination itself */
	__be32 rt_prefsrc;	/* source address to use */
	struct list_head rt_all;	/* of the stack, under rt_state.lock */
};

/* SO_DONTROUTE: how far away the other end may be. */
static inline u8 ip_sock_scope(const struct sock *sk)
{
	return sock_flag(sk, SOCK_LOCALROUTE) ? RT_SCOPE_LINK :
						RT_SCOPE_UNIVERSE;
}

/* To an address of more than one host? */
static inline bool rt_is_to_many(const struct rtable *rt)
{
	return rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST);
}

#define IP_MAX_MTU 65535u

/* The same where @dst has learned from ICMP, which may have become too old. */
u32 ipv4_mtu_learned(const struct dst_entry *dst, u32 mtu) __cold;

/* What a packet by @dst may be, header included. */
static inline u32 ipv4_mtu(const struct dst_entry *dst)
{
	u32 mtu = dst->metric_mtu;

	if (likely(!mtu))
		mtu = READ_ONCE(dst->dev->mtu);
	if (unlikely(READ_ONCE(dst->pmtu)))
		return ipv4_mtu_learned(dst, mtu);
	return min(mtu, IP_MAX_MTU);
}

static inline struct rtable *skb_rtable(const struct sk_buff *skb)
{
	return (struct rtable *)skb_dst(skb);
}

/* Output: fills in fl4->saddr and oif when they are 0. A reference, or an
 * error pointer (IS_ERR/PTR_ERR of lib/err.h): -ENETUNREACH, -EHOSTUNREACH,
 * -EINVAL, -EACCES (broadcast without SO_BROADCAST is the caller's test). */
struct rtable *ip_route_output_flow(struct net *net, struct flowi4 *fl4,
				    struct sock *sk);
/* For a connected socket: caches, chooses the source address. */
struct rtable *ip_route_connect(struct flowi4 *fl4, __be32 daddr, __be32 saddr,
				int oif, u8 proto, __be16 sport, __be16 dport,
				struct sock *sk);
/* Input: sets the skb's dst (noref). 0, or -E with *@reason. Context: RCU. */
int ip_route_input_noref(struct sk_buff *skb, __be32 daddr, __be32 saddr,
			 struct net_device *dev, enum skb_drop_reason *reason);

/* RTN_*: what @addr is to this stack. */
u8 inet_addr_type(struct net *net, __be32 addr);
u8 inet_dev_addr_type(struct net *net, const struct net_device *dev,
		      __be32 addr);
/* Source address for @dst on @dev. 0: none. */
__be32 inet_select_addr(const struct net_device *dev, __be32 dst, u8 scope);
/* True when @addr is one of @dev's. */
bool inet_addr_onlink(struct net_device *dev, __be32 a, __be32 b);

/* The next hop of a packet to @daddr by @rt. */
static inline __be32 rt_nexthop(const struct rtable *rt, __be32 daddr)
{
	return rt->rt_gw4 ? rt->rt_gw4 : daddr;
}

/* Under which its neighbour stands in the table: without link addresses all are
 * one. */
static inline __be32 ip_neigh_key(const struct rtable *rt,
				  const struct net_device *dev, __be32 daddr)
{
	return likely(dev->hard_header_len) ? rt_nexthop(rt, daddr) : 0;
}

/* The priority that a type of service asks of queues, Linux's: none, bulk,
 * interactive, interactive bulk. */
static inline u32 rt_tos2priority(u8 tos)
{
	static const u8 prio[] = { 0, 2, 6, 4 };

	return prio[tos >> 3 & 3];
}

/* An input route could not be found (@err of ip_route_input_noref()): a router
 * tells the sender. Consumes @skb. */
void ip_route_input_error(struct sk_buff *skb, int err,
			  enum skb_drop_reason reason);

/* The neighbour of a packet does not answer: tells its sender. Consumes. */
void ipv4_link_failure(struct sk_buff *skb);

/* @dev goes away: what still refers to it leads nowhere. Context: rtnl. */
void rt_flush_dev(struct net_device *dev);

extern const struct pernet_operations route_net_ops;

/* Routing tables changed: every cached dst must be looked up again. */
static inline void rt_cache_flush(struct net *net)
{
	__atomic_fetch_add(&net->ipv4.rt_genid, 1, __ATOMIC_RELEASE);
}

/* ICMP told: the path to fl4->daddr carries only @mtu; another gateway. */
void ipv4_update_pmtu(struct sk_buff *quote, struct net *net, u32 mtu, int oif,
		      u8 protocol);
void ipv4_sk_update_pmtu(struct sk_buff *quote, struct sock *sk, u32 mtu);
/* A redirect, as an err_handler has it, about a live flow. Obeyed only with
 * accept_redirects, from the first hop, to a neighbour. */
void ipv4_redirect(struct sk_buff *quote, struct net *net, int oif);
void ipv4_sk_redirect(struct sk_buff *quote, struct sock *sk);

#endif /* IPV4_ROUTE_H */
