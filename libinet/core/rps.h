/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive packet steering: which softnet goes on with a received packet. */
#ifndef CORE_RPS_H
#define CORE_RPS_H

#include <inet/netdevice.h>

#include "core/net.h"
#include "core/sock.h"
#include "lib/rcu.h"

#define RPS_NO_SOFTNET 0xffff
#define RPS_DEFAULT_FLOWS 4096u
#define RPS_MAX_FLOWS (1u << 20)

/* Softnets among which a queue's flows are spread; none: they stay with who
 * polls. */
struct rps_map {
	u32 len;
	u16 softnets[];
};

/* Where the flows of one bucket go. Written by the queue's owner. */
struct rps_dev_flow {
	u16 softnet;		/* or RPS_NO_SOFTNET */
	u32 last_qtail;		/* of its backlog, behind the last packet */
};

struct rps_dev_flow_table {
	u32 mask;
	struct rps_dev_flow flows[];
};

/* A receive queue; changed under rtnl, read under RCU. Both or none. */
struct netdev_rx_queue {
	struct rps_map *rps_map;
	struct rps_dev_flow_table *rps_flow_table;
	u32 rps_flow_cnt;	/* that the table has or will have */
};

/* Where readers want the packets of a flow: the hash's upper bits and the
 * softnet. 0: nobody said. */
struct rps_sock_flow_table {
	u32 mask;
	u32 ents[];
};

/* Flows that fill more than half of a backlog. Under input_lock. */
struct sd_flow_limit {
	u32 nr_buckets;
	u32 history_head;
	u16 history[128];	/* buckets of the last packets */
	u8 buckets[];		/* how often each is among them */
};

/* Which softnet shall go on with the packet; NULL: this one. *@flow: what
 * enqueue_to_backlog() marks. Context: RCU; net->rps_needed. */
struct softnet_data *get_rps_cpu(struct net_device *dev, struct sk_buff *skb,
				 struct rps_dev_flow **flow);

/* Is the flow of @skb one that fills the backlog of @sd, which holds @qlen?
 * Under input_lock. */
bool skb_flow_limit(struct softnet_data *sd, struct sk_buff *skb, u32 qlen);

void __sock_rps_record_flow(struct net *net, u32 hash);

/* Here a socket is read: its packets had better come to a softnet near by. */
static inline void sock_rps_record_flow(const struct sock *sk)
{
	u32 hash = READ_ONCE(sk->sk_rxhash);

	if (unlikely(hash && rcu_access_pointer(sock_net(sk)->rps_sock_flow)))
		__sock_rps_record_flow(sock_net(sk), hash);
}

/* A packet arrived for @sk: which NAPI brought it? */
static inline void sk_mark_napi(struct sock *sk, const struct sk_buff *skb)
{
	u32 napi = (u32)skb->skb_iif << 8 | (skb->queue_mapping & 0xffu);

	if (unlikely(READ_ONCE(sk->sk_napi) != napi))
		WRITE_ONCE(sk->sk_napi, napi);
}

/* The flow of a packet that arrived for @sk. */
static inline void sock_rps_save_rxhash(struct sock *sk,
					const struct sk_buff *skb)
{
	if (unlikely(data_race(sock_net(sk)->rps_sock_flow) &&
		     READ_ONCE(sk->sk_rxhash) != skb->hash))
		WRITE_ONCE(sk->sk_rxhash, skb->hash);
	if (unlikely(READ_ONCE(sk->sk_ll_usec) ||
		     data_race(sock_net(sk)->sysctl_busy_poll)))
		sk_mark_napi(sk, skb);
}

/* "f" or "00000000,0000000f", as Linux's rps_cpus. 0, or -EINVAL with a
 * sentence that begins with @what. */
int softnets_parse(struct net *net, const char *what, const char *text,
		   u64 *set);

/* The softnet runs on another processor than last time, perhaps. */
void rps_note_cpu(struct softnet_data *sd);

/* The queues of @dev. 0, -EINVAL, -ENOMEM. */
int rps_alloc_queues(struct net_device *dev);
/* Nobody receives by @dev any more. */
void rps_free_queues(struct net_device *dev);

extern const struct pernet_operations rps_net_ops;

#endif /* CORE_RPS_H */
