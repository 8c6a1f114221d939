/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Neighbours: from a next hop's protocol address to its link address, with
 * Linux's states, timers and limits. ARP (and later ND) is a neigh_ops.
 */
#ifndef CORE_NEIGHBOUR_H
#define CORE_NEIGHBOUR_H

#include <inet/netdevice.h>
#include <inet/skbuff.h>

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/rcu.h"
#include "lib/refcount.h"
#include "lib/seqlock.h"
#include "lib/timer.h"

#define NUD_INCOMPLETE 0x01
#define NUD_REACHABLE 0x02
#define NUD_STALE 0x04
#define NUD_DELAY 0x08
#define NUD_PROBE 0x10
#define NUD_FAILED 0x20
#define NUD_NOARP 0x40
#define NUD_PERMANENT 0x80
#define NUD_NONE 0x00

#define NUD_IN_TIMER \
	(NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE)
#define NUD_VALID \
	(NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | \
	 NUD_DELAY)
#define NUD_CONNECTED (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE)

#define NEIGH_UPDATE_F_OVERRIDE 0x1	/* change a known link address */
#define NEIGH_UPDATE_F_ADMIN 0x2	/* the administrator says so */
#define NEIGH_MAX_KEY 16

struct neigh_hash_table;
struct neigh_table;
struct neighbour;

struct neigh_ops {
	/* Asks who has the address; @skb is the newest packet that waits, may
	 * be NULL, borrowed. Context: no lock. */
	void (*solicit)(struct neighbour *n, struct sk_buff *skb);
	/* The packet that waited could not be sent: report and free it. */
	void (*error_report)(struct neighbour *n, struct sk_buff *skb);
};

/* Knobs, as net.ipv4.neigh.default.*; times in ms unless said. */
struct neigh_parms {
	s32 base_reachable_time_ms;	/* 30000 */
	s32 retrans_time_ms;		/* 1000 */
	s32 gc_stale_time_s;		/* 60 */
	s32 delay_first_probe_time_s;	/* 5 */
	s32 ucast_probes, mcast_probes, app_probes;	/* 3, 3, 0 */
	s32 locktime_ms;		/* 1000 */
	s32 unres_qlen_bytes;		/* 212992 */
	s32 gc_thresh1, gc_thresh2, gc_thresh3;	/* 128, 512, 1024 */
};

/* Room for a ready link header, and for a link address, in words. */
#define HH_DATA_WORDS 2
#define HH_DATA_LEN (HH_DATA_WORDS * (int)sizeof(seq_word_t))
static_assert(MAX_ADDR_LEN == sizeof(seq_word_t), "an address is one word");

struct neighbour {
	/* the fast path: read without a lock */
	struct hlist_node hash;		/* RCU, table lock */
	struct net_device *dev;		/* holds a reference */
	u8 primary_key[NEIGH_MAX_KEY] __attribute__((aligned(4)));
	/* neigh_resolve_output, neigh_connected_output, … */
	int (*output)(struct neighbour *n, struct sk_buff *skb);
	seqcount_t ha_lock;		/* of ha and hh_*; writers: lock */
	u8 nud_state;			/* under lock */
	u8 hh_len;			/* 0: no header kept */
	u8 type;			/* RTN_* of the address */
	u8 dead;			/* under lock: left the table */
	seq_word_t hh_data[HH_DATA_WORDS]; /* the header, at the end */

	union {
		u8 ha[MAX_ADDR_LEN];	/* for those who hold the lock */
		seq_word_t ha_word;	/* for those who do not */
	};
	struct inet_lock lock;
	refcount_t refcnt;
	u8 probes;			/* requests sent in this state */
	bool on_gc_list;		/* table lock */
	struct neigh_table *tbl;
	const struct neigh_ops *ops;
	struct list_head gc_list;	/* table lock, oldest first */
	struct sk_buff_head arp_queue;	/* under lock */
	u32 arp_queue_len_bytes;
	struct timer_list timer;	/* pending: holds a reference */
	u64 confirmed_ns, updated_ns, used_ns;
	struct rcu_head rcu;
};

struct neigh_table {
	struct net *net;
	u16 family;
	u16 key_len;			/* 4 or 16 */
	__be16 protocol;		/* ethertype of packets it serves */
	/* Sets n->ops, type, nud_state, output of a new entry. 0 or -E. */
	int (*constructor)(struct neighbour *n);
	const struct neigh_parms *parms;	/* knobs in struct net */

	/* the table's own */
	struct neigh_hash_table *nht;	/* RCU */
	seqcount_t growth;		/* of readers that miss an entry */
	struct inet_lock lock;
	u32 entries;			/* under lock, read by anybody */
	u32 gc_entries;			/* entries that gc may take */
	struct list_head gc_list;
	struct timer_list gc_timer;
	struct kmem_cache *cache;
	u64 reachable_time_ns;		/* random, 0.5 to 1.5 times base */
	u64 last_rand_ns;
	u64 last_flush_ns;		/* last forced gc */
	u64 table_fulls;		/* creations refused */
	bool closing;
};

/* The caller has set net, family, key_len, protocol, constructor, parms.
 * 0 or -ENOMEM. */
int neigh_table_init(struct net *net, struct neigh_table *tbl);
/* Drops all entries and waits until they are gone. */
void neigh_table_clear(struct neigh_table *tbl);

/* Borrowed while the RCU read section lasts, or NULL. */
struct neighbour *__neigh_lookup_noref(struct neigh_table *tbl,
				       const void *key,
				       const struct net_device *dev);
/* With a reference, or NULL. */
struct neighbour *neigh_lookup(struct neigh_table *tbl, const void *key,
			       struct net_device *dev);
/* Finds or creates; NULL: table full or memory short. */
struct neighbour *neigh_create(struct neigh_table *tbl, const void *key,
			       struct net_device *dev);
void neigh_release(struct neighbour *n);

static inline struct neighbour *neigh_hold(struct neighbour *n)
{
	refcount_inc(&n->refcnt);
	return n;
}

/* @lladdr NULL: keep. Return: 0 or -E. */
int neigh_update(struct neighbour *n, const u8 *lladdr, u8 nud, u32 flags);
/* Takes the entry out of its table. Context: rtnl or the table's owner. */
void neigh_remove(struct neighbour *n);
/* Chooses the table's reachable time anew: its base has changed. Any thread. */
void neigh_rand_reach_time(struct neigh_table *tbl);
/* Device goes down or away; NULL: all devices. */
void neigh_ifdown(struct neigh_table *tbl, struct net_device *dev);
/* The device has another link address: what is known is asked again. */
void neigh_changeaddr(struct neigh_table *tbl, struct net_device *dev);
/* Return: 0: send now (ha is good enough); 1: skb was queued or dropped. */
int neigh_event_send(struct neighbour *n, struct sk_buff *skb);
int neigh_resolve_output(struct neighbour *n, struct sk_buff *skb);
int neigh_connected_output(struct neighbour *n, struct sk_buff *skb);
/* For devices without a link header. */
int neigh_direct_output(struct neighbour *n, struct sk_buff *skb);
/* An upper layer saw progress through it. */
void neigh_confirm(struct neighbour *n);
/* A consistent copy of the link address. */
void neigh_ha_snapshot(u8 *dst, struct neighbour *n);
/* Calls @fn for each entry, in no order. Context: RCU. */
void neigh_for_each(struct neigh_table *tbl,
		    void (*fn)(struct neighbour *n, void *arg), void *arg);
/* "REACHABLE", … of one NUD_* bit. */
const char *neigh_state_name(u8 nud);

/* Sends @skb (at its network header) to @n. Consumes it. */
static inline int neigh_output(struct neighbour *n, struct sk_buff *skb)
{
	return READ_ONCE(n->output)(n, skb);
}

#endif /* CORE_NEIGHBOUR_H */
