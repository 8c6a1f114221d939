/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a connection is found: three tables of one transport and one stack.
 *
 *	ehash	4-tuple -> sock, request_sock or timewait sock; RCU readers,
 *		writers under a lock per group of chains; grows with its load
 *	lhash2	local address and port -> listener; RCU readers
 *	bhash	local port -> inet_bind_bucket, all that use the port; a
 *		two-level array indexed by the port, pages made on demand
 *
 * Lock order: bhash -> lhash2 or ehash.
 */
#ifndef IPV4_INET_HASHTABLES_H
#define IPV4_INET_HASHTABLES_H

#include "core/request_sock.h"
#include "core/sock.h"
#include "ipv4/inet_sock.h"
#include "lib/multilinear.h"
#include "lib/random.h"
#include "lib/seqlock.h"

#define INET_EHASH_LOCKS 64
#define INET_LHTABLE_SIZE 64		/* chains of listeners, power of two */
#define INET_BHASH_PAGE 256		/* ports in one page of bhash */
#define INET_BHASH_PAGES (65536 / INET_BHASH_PAGE)
#define INET_PORT_TABLE_PERTURB (1u << 16)	/* CVE-2022-1012's lesson */

struct inet_timewait_sock;

/* One local port in use. Guarded by its page's lock. */
struct inet_bind_bucket {
	u16 port;
	/* > 0: all owners share by SO_REUSEADDR, and none listens; < 0: only
	 * connect() chose this port; 0: a conflict must be looked for */
	s8 fastreuse;
	s8 fastreuseport;		/* > 0: all owners set SO_REUSEPORT */
	struct hlist_head owners;	/* sock_common.skc_bind_node */
};

struct inet_ehash_table {
	struct rcu_head rcu;
	struct net *net;
	u32 mask;
	struct hlist_head chains[];
};

struct inet_listen_hashbucket {
	struct inet_lock lock;
	struct hlist_head head;		/* sock_common.skc_node */
};

struct inet_bind_page {
	struct inet_bind_bucket *ports[INET_BHASH_PAGE];
};

struct inet_hashinfo {
	struct net *net;
	u64 ehash_secret[MULTILINEAR_SECRETS];
	struct inet_ehash_table *ehash;	/* RCU */
	seqcount_t ehash_seq;		/* odd while the table grows */
	u32 ehash_count;		/* atomic */
	u32 moves;			/* atomic; see sk_join_chain() */
	struct inet_lock ehash_grow;	/* before all ehash_locks */
	struct inet_lock ehash_locks[INET_EHASH_LOCKS];
	struct inet_listen_hashbucket lhash2[INET_LHTABLE_SIZE];
	struct inet_lock bhash_locks[INET_BHASH_PAGES];
	struct inet_bind_page *bhash[INET_BHASH_PAGES];
	struct kmem_cache *bind_bucket_cachep;
	u32 *table_perturb;		/* made at the first connect() */
	siphash_key_t port_key;
};

int inet_hashinfo_init(struct inet_hashinfo *h, struct net *net, u32 entries);
void inet_hashinfo_destroy(struct inet_hashinfo *h);
/* At least @entries chains. 0 or -ENOMEM. */
int inet_ehash_resize(struct inet_hashinfo *h, u32 entries);

/* The transport's tables of a sock. */
static inline struct inet_hashinfo *inet_hashinfo(const struct net *net)
{
	return net->ipv4.tcp_hashinfo;
}

/* What a received segment says of its connection. */
struct inet_lookup {
	union {
		struct {
			__be32 saddr, daddr;
		};
		u64 addrs;		/* both, as in an IP header */
	};
	union {
		struct {
			__be16 sport;
			u16 hnum;	/* our port, host order */
		};
		u32 ports;		/* both: INET_COMBINED_PORTS() */
	};
	int dif;		/* ifindex it arrived on */
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define INET_COMBINED_PORTS(sport, hnum) ((u32)(hnum) << 16 | (u16)(sport))
#else
#define INET_COMBINED_PORTS(sport, hnum) ((u32)(u16)(sport) << 16 | (hnum))
#endif

u32 inet_ehashfn(const struct net *net, __be32 laddr, u16 lport, __be32 faddr,
		 __be16 fport);

/* ---- lookup; context: RCU --------------------------------------------- */

/* By the 4-tuple. With a reference: give it back by sock_gen_put(). */
struct sock *__inet_lookup_established(struct net *net,
				       const struct inet_lookup *key);
/* The listener that fits best; among equals of SO_REUSEPORT the flow's hash
 * chooses. No reference: good inside the RCU section. */
struct sock *__inet_lookup_listener(struct net *net,
				    const struct inet_lookup *key);
/* Drops the reference of a lookup. */
void sock_gen_put(struct sock *sk);

/* ---- hash and unhash -------------------------------------------------- */

/* Into lhash2 when it listens, else into ehash. */
void inet_hash(struct sock *sk);
void inet_unhash(struct sock *sk);
/* Puts @sk into ehash in the place of @osk (may be NULL), which has the same
 * 4-tuple. False when @osk was gone already. */
bool inet_ehash_insert(struct sock *sk, struct sock *osk);
/* Puts @sk into ehash unless somebody has its 4-tuple: then false. */
bool inet_ehash_insert_new(struct sock *sk);
/* Takes what is in ehash (also a request or timewait sock) out of it. True:
 * it was there. */
bool inet_ehash_remove(struct sock_common *skc);
/* Calls @fn, which must take it out, for each entry of ehash, with a reference
 * that @fn gives back. Context: nobody else uses the stack any more. */
void inet_ehash_walk(struct inet_hashinfo *h, void (*fn)(struct sock *sk));
/* Calls @fn, which only looks and must not wait, for each entry of ehash; one
 * that comes or goes meanwhile may be missed. */
void inet_ehash_each(struct net *net,
		     void (*fn)(void *arg, struct sock_common *skc),
		     void *arg);

/* ---- ports ------------------------------------------------------------ */

struct inet_bind_bucket *inet_bind_bucket_get(struct inet_hashinfo *h,
					      u16 port);
/* Creates it when there is none. NULL: no memory. Context: bhash lock. */
struct inet_bind_bucket *inet_bind_bucket_create(struct inet_hashinfo *h,
						 u16 port);
/* Frees one without owners. */
void inet_bind_bucket_destroy(struct inet_hashinfo *h,
			      struct inet_bind_bucket *tb);
static inline struct inet_lock *inet_bhash_lock(struct inet_hashinfo *h,
						u16 port)
{
	return &h->bhash_locks[port / INET_BHASH_PAGE];
}
void inet_bind_hash(struct sock *sk, struct inet_bind_bucket *tb, u16 port);
/* Gives the port back. */
void inet_put_port(struct sock *sk);
/* Takes @port, whoever has it, for a connection of a forwarder. 0 or -ENOMEM. */
int inet_bind_forwarded(struct sock *sk, u16 port);
/* A child takes its listener's port. 0 or -ENOENT. */
int __inet_inherit_port(const struct sock *sk, struct sock *child);
/* The @i-th candidate of a walk over @range ports that begins at @offset: all
 * of the offset's parity, then the others. */
u32 inet_nth_port(u32 offset, u32 range, u32 i);
/* connect(): binds to a free port if none is bound yet, and hashes. 0,
 * -EADDRNOTAVAIL, -ENOMEM. */
int inet_hash_connect(struct net *net, struct sock *sk);

/* The three tables, listeners' queues, TIME-WAIT and the memory of all TCP
 * sockets agree, or the program ends. For tests. */
void inet_hash_verify(struct net *net);

#endif /* IPV4_INET_HASHTABLES_H */
