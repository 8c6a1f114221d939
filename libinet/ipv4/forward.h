/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forwarders (inet/forward.h), inside: forward.c requests and flows of any
 * protocol, tcp_forward.c and udp_forward.c what a verdict does.
 */
#ifndef IPV4_FORWARD_H
#define IPV4_FORWARD_H

#include <inet/forward.h>

#include "core/net.h"
#include "core/skbuff.h"
#include "core/softnet.h"
#include "ipv4/inet_sock.h"
#include "ipv4/ip.h"
#include "ipv4/route.h"
#include "lib/refcount.h"
#include "lib/timer.h"
#include "wire/tcp.h"

/* Who speaks to whom: as the packets of the peer have it. */
struct forward_key {
	__be32 saddr, daddr;
	__be16 sport, dport;
};

/* What a request is to be made of. */
struct forward_want {
	struct forward_key key;
	u32 len;		/* of the packet, from its network header on */
	u32 seq, isn;		/* as in struct forward_flow */
};

/* Whom requests go to. */
struct forward_owner {
	inet_forward_cb *cb;
	void *arg;
};

enum forward_state {
	FORWARD_HELD,		/* no verdict yet */
	FORWARD_BUSY,		/* being accepted */
	FORWARD_OPEN,		/* TCP: handshake; UDP: it has a socket */
};

/* What one address has. All: fwd->lock. */
struct forward_source {
	struct hlist_node node;		/* of fwd->sources */
	__be32 saddr;
	u32 nr;				/* flows; with the last one it goes */
	u32 held_bytes;
};

/* A request, and what it becomes. Members without a comment: fwd->lock. */
struct forward_flow {
	struct hlist_node node;		/* of fwd->chains */
	struct inet_forwarder *fwd;	/* constant; holds a reference */
	struct forward_key key;		/* constant */
	struct forward_source *source;	/* while it is in the table */
	refcount_t refcnt;		/* the table, the timer, the call that
					 * asks, verdicts */
	enum forward_state state;
	struct app_call ask;		/* of fwd->cb */
	struct inet_forward_request req;	/* constant; the low half of its id:
						 * the hash */
	struct timer_list timer;	/* of the verdict, or of idleness */
	struct sk_buff *skb;		/* what is asked about, in heap memory: of
					 * him whose verdict it is */
	u32 bytes;			/* constant: of it */
	struct sock *sk;		/* UDP, FORWARD_OPEN: with a reference */
	u32 seq;			/* TCP: of the SYN; UDP: 0 */
	u32 isn;			/* TCP: where ours must begin, 0: anywhere */
};

struct forward_ops {
	u8 protocol;
	u32 max_flows;			/* unless the options say */
	/* Makes the socket; flow->skb has its dst. 0 or -E. Context:
	 * RCU; the flow is FORWARD_BUSY. */
	int (*accept)(struct forward_flow *flow, struct socket **res);
	/* Answers with a RST; NULL: there is no such thing. Context: RCU. */
	void (*reset)(struct sk_buff *skb);
	/* When an open flow will have been idle for too long; NULL: it never is.
	 * Context: fwd->lock. */
	u64 (*idle_at)(const struct forward_flow *flow);
	/* It was, and is no flow any more. Context: softnet, RCU. */
	void (*idle)(struct sock *sk);
};

struct inet_forwarder {
	struct inet_forwarder *next;	/* RCU: net->ipv4.forwarders */
	struct net *net;
	const struct forward_ops *ops;
	inet_forward_cb *cb;
	void *arg;
	int ifindex;			/* 0: any but loopback */
	bool own, echo;
	u32 max_flows, max_per_source;
	u64 hold_ns, idle_ns;
	u32 secret;
	refcount_t refcnt;		/* until the end, and of each flow */
	struct rcu_head rcu;

	struct inet_lock lock;		/* guards what follows, and flows */
	bool dead;
	u32 nr, mask;			/* flows; chains - 1 */
	u32 serial;			/* of the last id */
	u32 held_bytes;
	struct hlist_head *chains;	/* by forward_key */
	struct hlist_head *sources;	/* by address; as many */
	u32 asking;			/* threads in cb */
	struct wait_queue_head asked;	/* waits for them to return */
	struct inet_forward_stats stats;
};

extern const struct forward_ops tcp_forward_ops;	/* tcp_forward.c */
extern const struct forward_ops udp_forward_ops;	/* udp_forward.c */

/* ---- forward.c -------------------------------------------------------- */

static inline bool net_forwards(const struct net *net)
{
	return rcu_access_pointer(net->ipv4.forwarders) != NULL;
}

/* Was it delivered here although it is for an address of somebody else? */
static inline bool skb_is_foreign(const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	return rt && rt->rt_flags & RTCF_FOREIGN;
}

/* Is a forwarder there for packets of @protocol (0: any) that arrive by @dev?
 * Context: RCU. */
bool forward_takes_foreign(struct net *net, const struct net_device *dev,
			   u8 protocol);
/* Are pings to foreign addresses answered? Context: RCU. */
bool forward_echoes(struct net *net, const struct net_device *dev);

/* Who is asked about @skb, or NULL. Context: RCU. */
struct inet_forwarder *forwarder_find(const struct sk_buff *skb, u8 protocol);
/* @skb, at its transport header, will be asked about, unless it is so already;
 * @req has what only its protocol knows. Borrows. Return: 0, or why it dies.
 * Context: softnet, RCU. */
enum skb_drop_reason forward_request(struct inet_forwarder *fwd,
				     const struct sk_buff *skb,
				     const struct forward_want *want,
				     const struct inet_forward_request *req);
/* What was asked about, or died of @reason. */
static inline void forward_consume(struct sk_buff *skb,
				   enum skb_drop_reason reason)
{
	if (reason)
		kfree_skb_reason(skb, reason);
	else
		consume_skb(skb);
}

/* The flow of @key with a reference, or NULL. */
struct forward_flow *forward_flow_get(struct inet_forwarder *fwd,
				      const struct forward_key *key);
void forward_flow_put(struct forward_flow *flow);
/* It ends; false: it had already. *@counter, if not NULL, counts it. */
bool forward_flow_end(struct forward_flow *flow, u64 *counter);
/* Accepting @key: @sk becomes transparent and has a route, by *@fl4, to who asked from
 * the address that he asked for. 0 or -E. */
int forward_route(struct sock *sk, struct flowi4 *fl4,
		  const struct forward_key *key);
/* The flow of @sk, which is TCP's or UDP's, is none any more. */
void forward_sock_done(const struct sock *sk, u8 protocol);

/* 0 or -E with a sentence: the public calls. */
int forwarder_create(struct net *net, const struct forward_ops *ops,
		     const struct inet_forward_options *opts,
		     struct forward_owner owner, struct inet_forwarder **res);
void forwarder_destroy(struct inet_forwarder *fwd);
int forward_accept(struct inet_forwarder *fwd, u64 id, bool nonblock,
		   struct socket **res);
int forward_reset(struct inet_forwarder *fwd, u64 id);
int forward_unreachable(struct inet_forwarder *fwd, u64 id, u8 code);
int forward_drop(struct inet_forwarder *fwd, u64 id);

/* All that are left; pre_exit of IPv4. */
void forward_net_end(struct net *net);

/* ---- tcp_forward.c ---------------------------------------------------- */

/* A segment that is for no socket; @isn: where the connection that had its names
 * wants the next to begin, or 0. True: it was taken and consumed. */
bool tcp_forward_rcv(struct sk_buff *skb, u32 isn);
/* A handshake that a forwarder began is over, in whatever way. Context: sock
 * lock. */
void tcp_forward_done(struct sock *sk);

/* Of TCP's own files, for tcp_forward.c. A forwarder accepts @syn, borrowed, at its
 * TCP header, for @sk, which has names and a route: sends the SYN-ACK. 0 or
 * -ENOBUFS. Context: sock lock, SYN-RECEIVED. */
int tcp_accept_syn(struct sock *sk, const struct sk_buff *syn);
/* connect() failed: as it was before. Context: sock lock. */
void tcp_v4_connect_undo(struct sock *sk);
/* What the header says, in host order. @skb at its header, which is linear. */
void tcp_v4_fill_cb(struct sk_buff *skb, const struct tcphdr *th);

/* ---- udp_forward.c ---------------------------------------------------- */

/* A datagram for nobody, at its header, its checksum known to be right. True: it
 * was taken and consumed. */
bool udp_forward_rcv(struct sk_buff *skb);

#endif /* IPV4_FORWARD_H */
