/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct net: one stack. Everything that can change hangs off it.
 *
 * Start and stop go in the order of the lists in api/inet.c; each step's undo
 * runs in reverse.
 */
#ifndef CORE_NET_H
#define CORE_NET_H

#include <inet/inet.h>
#include <inet/netfilter.h>
#include <inet/protocol.h>

#include "core/frame_pool.h"
#include "core/netns_ipv4.h"
#include "core/snmp.h"
#include "core/softnet.h"
#include "core/sysctl.h"
#include "core/trace.h"
#include "lib/clock.h"
#include "lib/compiler.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/multilinear.h"
#include "lib/rcu.h"

struct Qdisc_ops;
struct nf_hook_entry;
struct net_trace;
struct packet_sklist;

#define PTYPE_HASH_SIZE 16
#define NET_MAX_SYSCTL_TABLES 16
#define NET_MAX_SOFTNETS 64
#define NET_MAX_CPUS 256u	/* told apart; others share a number */
#define NET_MAX_SK_SLABS 16
#define NET_MAX_NOTIFIERS 8

enum proto_mem_id { PROTO_MEM_TCP, PROTO_MEM_UDP, PROTO_MEM_RAW, NR_PROTO_MEM };

/* What readers were lent: core/loan.c. */
#define LOAN_INDEX_BITS 20
#define LOAN_FIRST 64u		/* slots of the first block */
#define LOAN_MAX_BLOCKS 14	/* all but LOAN_FIRST of what the index can say */

struct loan_table {
	struct inet_lock lock;		/* guards all but nr_inside; a leaf */
	struct skb_loan *blocks[LOAN_MAX_BLOCKS];
	u32 nr_blocks;
	u32 free;			/* a slot's number + 1; 0: none */
	u32 nr_out;
	u32 nr_inside;			/* calls that give back, atomic */
	u64 serial;			/* of the last loan */
};

struct net {
	struct net_trace_switch trace_switch;	/* first: see NET_ROAD() */
	bool smp;			/* threaded: others may run at once */
	bool stopping;			/* inet_destroy() has begun */
	u32 woken;			/* inet_wake() was called */
	enum inet_mode mode;
	struct inet_env env;
	struct net_log log;
	char name[32];

	u32 nr_softnets;
	struct softnet_data *softnets;	/* [nr_softnets] */
	struct softnet_data *softnet;	/* whose turn it is, without threads */
	struct irq_desc *irqs;		/* under rtnl */
	softirq_action *softirq_vec[NR_SOFTIRQS];
	bool running;			/* threads are */
	bool stop_threads;
	u32 nr_stops;			/* of inet_stop(); see net_wait_over() */
	bool pin_threads;

	struct mem mem;
	struct frame_pool pool;
	struct kmem_cache *skb_slab;
	struct kmem_cache *frags_slab;
	struct kmem_cache *ubuf_slab;	/* frames over the application's memory */
	struct rcu_domain rcu;
	u64 nr_socks;			/* atomic */
	struct tsc_clock *clock;	/* instead of env.now(), or NULL */
	u64 clock_ns;			/* net_now()'s; 0: to be read */
	u32 stays;			/* 0 with threads */

	/* registries */
	const struct net_proto_family *net_families[NET_NPROTO];
	u32 family_users[NET_NPROTO];	/* inside create(), atomic */
	struct packet_type *ptype_base[PTYPE_HASH_SIZE];	/* RCU */
	struct packet_type *ptype_all;				/* RCU */
	struct packet_offload *offload_base;			/* RCU */
	struct nf_hook_entry *nf_hooks[NF_INET_NUMHOOKS];	/* RCU */
	struct sysctl_table sysctl_tables[NET_MAX_SYSCTL_TABLES];
	u32 nr_sysctl_tables;

	/* devices; all changes under rtnl */
	struct inet_lock rtnl;		/* by rtnl_lock() */
	const void *rtnl_owner;
	u32 rtnl_depth;
	struct net_device *dev_base;	/* RCU list */
	struct net_device *loopback_dev;
	int last_ifindex;
	u32 last_napi_id;
	int (*notifiers[NET_MAX_NOTIFIERS])(struct net *net, int event,
					     struct net_device *dev);
	u32 nr_notifiers;
	const struct Qdisc_ops *default_qdisc;	/* under rtnl */

	/* steering: core/rps.c */
	bool rps_needed;		/* a queue has a map */
	bool xps_needed;		/* a device has had one */
	struct rps_sock_flow_table *rps_sock_flow;	/* RCU */
	u8 softnet_of_cpu[NET_MAX_CPUS];	/* number + 1 of who ran there */
	s32 sysctl_rps_sock_flow_entries;
	s32 sysctl_flow_limit_table_len;

	struct netns_ipv4 ipv4;
	struct packet_sklist *packet;

	/* sockets */
	struct inet_lock sockets_lock;	/* guards the list and the slabs */
	struct list_head sockets;	/* of socket.net_list */
	struct kmem_cache *socket_slab;
	struct loan_table loans;
	struct {
		u32 size;
		struct kmem_cache *slab;
	} sk_slabs[NET_MAX_SK_SLABS];	/* one per size of a sock */
	u64 sock_cookie;		/* last given out, atomic */

	/* accounting of socket memory, bytes, atomic */
	s64 proto_mem[NR_PROTO_MEM];
	u32 proto_sockets[NR_PROTO_MEM];
	bool proto_pressure[NR_PROTO_MEM];

	/* counters of threads that own no softnet: atomic */
	u64 app_mib[MIB_MAX];
	u64 app_drops[SKB_DROP_REASON_MAX];

	/* net.core.* */
	s32 sysctl_netdev_max_backlog;
	s32 sysctl_netdev_budget;
	s32 sysctl_netdev_budget_usecs;
	s32 sysctl_dev_weight;
	s32 sysctl_somaxconn;
	s32 sysctl_rmem_max, sysctl_wmem_max;
	s32 sysctl_rmem_default, sysctl_wmem_default;
	s32 sysctl_optmem_max;
	s32 sysctl_busy_poll, sysctl_busy_read;	/* us */
	s32 sysctl_max_sockets;

	u32 hash_secret;		/* of every table keyed by the wire */
	u64 flow_keys[MULTILINEAR_SECRETS];	/* of skb_get_hash() */
	struct tsc_clock tsc_clock;
	struct net_trace *trace;
	struct inet_lock random_lock;
	u32 random_left;		/* bytes of random_batch not given out */
	u8 random_batch[256];
};

/* One subsystem of a stack, in api/inet.c's list. */
struct pernet_operations {
	const char *name;
	int (*init)(struct net *net);
	/* The stack ends: let go of what others hold (connections, packets).
	 * Last first, before any exit(). May be NULL. */
	void (*pre_exit)(struct net *net);
	void (*exit)(struct net *net);	/* NULL: nothing to undo */
};

/* ns, from the environment; monotonic. */
u64 net_clock(const struct net *net);
/* net_now() where it does not stand still, or was not read yet. */
u64 net_now_read(struct net *net);

/*
 * The time to work with, ns. Where one thread runs the stack it is read once
 * and then stands still during a stay: a turn of softnet_run(), one poll of a
 * device in it, a public call on a socket, each up to where it waits or calls
 * the application. Reading the clock costs as much as a good part of a small
 * segment's road. With threads it is read each time: two that worked with
 * times of their own would see answers come before the questions.
 */
static inline u64 net_now(struct net *net)
{
	return likely(net->clock_ns) ? net->clock_ns : net_now_read(net);
}

/* Time has passed within a stay. */
static inline void net_clock_tick(struct net *net)
{
	if (!net->smp)
		net->clock_ns = 0;
}

/* A stay begins; stays nest. */
static inline void net_clock_hold(struct net *net)
{
	if (!net->smp)
		net->stays++;
}

static inline void net_clock_release(struct net *net)
{
	if (!net->smp && !--net->stays)
		net->clock_ns = 0;
}

static inline struct net *dev_net(const struct net_device *dev)
{
	return dev->net;
}

/* The parts that belong to no subsystem: memory, softnets, locks. 0 or -E;
 * net_cleanup() also undoes half of it. */
int net_setup(struct net *net, const struct inet_config *cfg);
void net_cleanup(struct net *net);
/* Simulated mode: a turn of one softnet. As softnet_run(). */
u32 net_run_softnet(struct net *net);
/* When one has work again; as softnet_next(). */
u64 net_next(struct net *net);
/* The softirq threads. */
int net_start(struct net *net);
void net_stop(struct net *net);

/* Recursive, which the analysis cannot express. */
void rtnl_lock(struct net *net) unchecked_locking;
void rtnl_unlock(struct net *net) unchecked_locking;

/*
 * A registry whose members hang one behind the other by ->next: *@head is read
 * under RCU, changed under rtnl. To add one twice would tie it to a ring: 0 or
 * -EEXIST.
 */
#define net_registry_add(net, head, entry)				\
({									\
	__typeof__(head) at_ = (head);					\
	int err_ = 0;							\
									\
	rtnl_lock(net);							\
	for (__typeof__(*at_) p_ = *at_; p_ && !err_; p_ = p_->next)	\
		err_ = p_ == (entry) ? -EEXIST : 0;			\
	if (!err_) {							\
		(entry)->next = *at_;					\
		rcu_assign_pointer(*at_, entry);			\
	}								\
	rtnl_unlock(net);						\
	err_;								\
})

/* Takes @entry out, if it is in, and waits until no reader sees it any more.
 * May sleep. */
#define net_registry_del(net, head, entry)				\
do {									\
	__typeof__(head) at_ = (head);					\
									\
	rtnl_lock(net);							\
	while (*at_ && *at_ != (entry))					\
		at_ = &(*at_)->next;					\
	if (*at_)							\
		rcu_assign_pointer(*at_, (entry)->next);		\
	rtnl_unlock(net);						\
	synchronize_rcu(&(net)->rcu);					\
} while (0)

/* For initialisation: adds a table of knobs and sets their defaults. */
int register_net_sysctl(struct net *net, const struct sysctl_row *rows,
			size_t nr);

u32 net_random(struct net *net);	/* jitter and choices, not secrets */
void net_random_bytes(struct net *net, void *buf, size_t len);	/* secrets */

/* Counts one dropped packet. */
void net_count_drop(struct net *net, enum skb_drop_reason reason);
u64 net_drop_read(struct net *net, enum skb_drop_reason reason);

/* Leaves a sentence for this thread's inet_strerror(), @net NULL: of
 * inet_create(); returns @err (negative). */
int net_error(const struct net *net, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The sentence "@call: what @err (negative) means", @call a literal. */
void net_call_failed(const struct net *net, int err, const char *call);
/* A call that wants what is NULL: a sentence, unless that is the stack. Return:
 * -1, errno is EINVAL. */
int net_null(const struct net *net, const char *call);
/* The same of a call on a device. */
static inline int net_null_dev(const struct net_device *dev, const char *call)
{
	return net_null(dev ? dev_net(dev) : NULL, call);
}
/* The sentence, "" when the last one was about another stack. */
const char *net_strerror(const struct net *net);
/* A sentence about a stack that was at the same place is not about @net. */
void net_error_forget(const struct net *net);

/* The timer wheel for objects of the calling context (its softnet's, or the
 * first one's). */
struct wheel *net_wheel(struct net *net);

/* The softnet of the calling context: of this thread in threaded mode (NULL in
 * a thread of the application), else the one whose turn it is or was. */
/* initial-exec: reading it is no call, in a shared library too. */
extern __thread struct softnet_data *current_softnet
	__attribute__((tls_model("initial-exec")));

static inline struct softnet_data *this_softnet(struct net *net)
{
	struct softnet_data *sd;

	if (likely(!net->smp)) {
		compiler_assume(net->softnet);
		return net->softnet;
	}
	sd = current_softnet;
	return sd && sd->net == net ? sd : NULL;
}

/* True where the caller, who changes the configuration, may touch the softnet's
 * own members: also while no thread runs. Packets ask this_softnet(). */
static inline bool softnet_is_mine(const struct softnet_data *sd)
{
	return likely(!sd->net->smp) || current_softnet == sd ||
	       !READ_ONCE(sd->net->running);
}

/* The stack ends, or is not running, or was stopped since @nr_stops was read
 * where the wait began: who waits gets ESHUTDOWN, also of a stack that was
 * started again before he had looked. */
static inline bool net_wait_over(const struct net *net, u32 nr_stops)
{
	return READ_ONCE(net->stopping) ||
	       (net->smp && (!READ_ONCE(net->running) ||
			     READ_ONCE(net->nr_stops) != nr_stops));
}

/* Adds @n to one counter of a softnet that is the caller's; others read it. */
static inline void net_mib_own(struct softnet_data *sd, enum mib_counter id,
			       u64 n)
{
	WRITE_ONCE(sd->mib[id], sd->mib[id] + n);
}

/* Adds @n to one counter of the calling context. Any thread. */
static inline void net_mib_add(struct net *net, enum mib_counter id, u64 n)
{
	struct softnet_data *sd = this_softnet(net);

	if (likely(!net->smp))
		sd->mib[id] += n;
	else if (likely(sd))
		WRITE_ONCE(sd->mib[id], sd->mib[id] + n);
	else
		__atomic_fetch_add(&net->app_mib[id], n, __ATOMIC_RELAXED);
}

/* The counters of a stack without threads, for who adds to several; NULL: it has some. */
static inline u64 *net_mib_alone(struct net *net)
{
	return likely(!net->smp) ? this_softnet(net)->mib : NULL;
}

/* A packet and its @len octets. Any thread. */
static inline void net_mib_add_octets(struct net *net, enum mib_counter packets,
				      enum mib_counter octets, u64 len)
{
	u64 *mib = net_mib_alone(net);

	if (likely(mib)) {
		mib[packets]++;
		mib[octets] += len;
	} else {
		net_mib_add(net, packets, 1);
		net_mib_add(net, octets, len);
	}
}

/* The end of each API call in embedded and simulated mode: runs raised
 * softirqs unless we are inside one. Nothing in threaded mode. */
static inline void net_api_exit(struct net *net)
{
	struct softnet_data *sd = net->softnet;

	if (!net->smp && unlikely(sd->pending) && !sd->in_softirq)
		do_softirq(sd);
}

/* Embedded mode, a blocking call: one turn with a wait until @deadline_ns.
 * Return: 0, -EINTR, -EAGAIN past the deadline, -EWOULDBLOCK simulated. */
int net_run_wait(struct net *net, u64 deadline_ns);

#endif /* CORE_NET_H */
