/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trie of IPv4 prefixes: longest match in at most six steps, whatever the
 * number of prefixes. See fib_trie.c.
 */
#ifndef IPV4_FIB_TRIE_H
#define IPV4_FIB_TRIE_H

#include "lib/compiler.h"
#include "lib/list.h"
#include "lib/mem.h"
#include "lib/rcu.h"

#define FIB_STRIDE 6
#define FIB_TRIE_DEPTH 6	/* nodes from the root to any prefix, at most */

/* One prefix. The trie's user embeds what he needs in front of the routes. */
struct fib_leaf {
	u32 key;			/* host order, bits past plen are 0 */
	u8 plen;			/* 0 to 32 */
	struct hlist_head aliases;	/* RCU */
	struct rcu_head rcu;
	struct fib_trie *trie;
};

struct fib_node {
	u64 internal;		/* bit 1 << len | bits: a prefix ends here */
	u64 external;		/* bit chunk: a child */
	u32 key;		/* the bits before off, */
	u32 skipped;		/* and which they are */
	u8 off;			/* where this node's six bits begin */
	u8 nr_internal;
	u8 nr_external;
	/* nr_internal leaves, nr_external nodes (RCU), then fib_node_tail */
	void *slot[];
};

struct fib_trie {
	struct fib_node *root;	/* RCU */
	struct mem *mem;
	struct rcu_domain *rcu;
	u32 nr_leaves;		/* rtnl */
	u32 nr_nodes;
	size_t bytes;		/* of nodes and leaves */
};

/* Where a walk down has passed matching prefixes. */
struct fib_trie_match {
	const struct fib_node *node[FIB_TRIE_DEPTH];
	u64 mask[FIB_TRIE_DEPTH];	/* of internal: what matches */
	int nr;
	int steps;			/* nodes visited */
};

void fib_trie_init(struct fib_trie *t, struct mem *mem, struct rcu_domain *rcu);
/* Frees what is left; nobody reads any more. Aliases are the caller's. */
void fib_trie_destroy(struct fib_trie *t);

/* Walks down along @key. Context: RCU. */
void fib_trie_lookup(const struct fib_trie *t, u32 key,
		     struct fib_trie_match *m);
/* The next shorter match, NULL after the last. Context: RCU, the same. */
struct fib_leaf *fib_trie_next(struct fib_trie_match *m);

/* Writers, one at a time. */
struct fib_leaf *fib_trie_find(const struct fib_trie *t, u32 key, u8 plen);
/* Finds or makes the leaf. NULL: memory is short. */
struct fib_leaf *fib_trie_get(struct fib_trie *t, u32 key, u8 plen);
/* Takes an empty leaf out and frees it after a grace period; if memory is
 * short it stays, empty. */
void fib_trie_remove(struct fib_trie *t, struct fib_leaf *leaf);

/* The trie is whole and as large as it says, or the program ends. For tests. */
void fib_trie_verify(const struct fib_trie *t);

/* All leaves by key, then by length: start with a zeroed iterator. */
struct fib_trie_iter {
	const struct fib_node *node[FIB_TRIE_DEPTH + 1];
	u16 pos[FIB_TRIE_DEPTH + 1];	/* next place, see the code */
	int depth;
	bool started;
};
struct fib_leaf *fib_trie_iter_next(const struct fib_trie *t,
				    struct fib_trie_iter *it);

#endif /* IPV4_FIB_TRIE_H */
