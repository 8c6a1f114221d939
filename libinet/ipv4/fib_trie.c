/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trie of IPv4 prefixes for longest match.
 *
 * Theory of operation. A "tree bitmap" (Eatherton, Varghese, Dittia 2004) with
 * skipped levels. A node stands at a bit offset that is a multiple of six and
 * decides six bits of the address. Prefixes that end inside it (0 to 5 of its
 * bits) are bits of `internal`, at 1 << length | bits; longer ones go on in a
 * child, one bit of `external` for each value of the six bits. Leaves and
 * children are packed in one array, indexed by counting bits. A chain of nodes
 * that holds nothing but its only child is not there: the child carries the
 * bits that were skipped (`key`, `off`) and a reader compares them.
 *
 * So any walk passes at most six nodes, two or three in ordinary tables, and a
 * prefix costs at most two nodes of memory. A walk remembers the nodes in which
 * something matched; fib_trie_next() takes these from the longest to the
 * shortest, for a route may be found unfit (device down, other interface).
 *
 * Writers (one at a time) never change a node that readers can see, but for a
 * child pointer, one word: they publish a changed copy and free the old one
 * after a grace period.
 */
#include "ipv4/fib_trie.h"

#include <string.h>

#include "lib/assert.h"
#include "lib/points.h"

/* What RCU needs to free a node, behind its slots, off the readers' lines. */
struct fib_node_tail {
	struct rcu_head rcu;
	struct fib_trie *trie;
	struct fib_node *node;
};

/* The places of `internal` that match the six bits @c: one per length. */
#define ANC(c) (1ULL << 1 | 1ULL << (2 | (c) >> 5) | 1ULL << (4 | (c) >> 4) | \
		1ULL << (8 | (c) >> 3) | 1ULL << (16 | (c) >> 2) |	      \
		1ULL << (32 | (c) >> 1))
#define ANC4(c) ANC(c), ANC((c) + 1), ANC((c) + 2), ANC((c) + 3)
#define ANC16(c) ANC4(c), ANC4((c) + 4), ANC4((c) + 8), ANC4((c) + 12)

static const u64 fib_ancestors[64] = {
	ANC16(0), ANC16(16), ANC16(32), ANC16(48)
};

/* The six bits of @key from @off on; zeroes follow the last bit. */
static inline u32 fib_chunk(u32 key, u8 off)
{
	return (key << off) >> (32 - FIB_STRIDE);
}

/* Processors count bits by an instruction that the compiler may not use without
 * asking: readers ask, with a load and a test. */
#if defined(__x86_64__) && !defined(__POPCNT__) && !defined(FIB_WITHOUT_POPCNT)
#define ASK_FOR_POPCNT 1
#endif

/* By adding in parallel: the builtin is a call where the target has no such
 * instruction. */
static inline int fib_popcount(u64 v)
{
#ifndef __POPCNT__
	v -= v >> 1 & 0x5555555555555555u;
	v = (v & 0x3333333333333333u) + (v >> 2 & 0x3333333333333333u);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return (int)(v * 0x0101010101010101u >> 56);
#else
	return __builtin_popcountll(v);
#endif
}

/* Do the bits before the node agree? */
static inline bool fib_node_skips(const struct fib_node *n, u32 key)
{
	return !((key ^ n->key) & n->skipped);
}

static inline int fib_child_index(const struct fib_node *n, u32 chunk)
{
	return n->nr_internal +
	       fib_popcount(n->external & (BIT_ULL(chunk) - 1));
}

/* ---- reading ---------------------------------------------------------- */

/* @popcnt: the builtin is the processor's instruction. */
static __always_inline void fib_trie_walk(const struct fib_trie *t, u32 key,
					  struct fib_trie_match *m, bool popcnt)
{
	const struct fib_node *n = rcu_dereference(t->root);
	int nr = 0, steps = 0;

	INET_WALK(TRIE);
	while (n) {
		u32 chunk = fib_chunk(key, n->off);
		u64 mask = n->internal & fib_ancestors[chunk], upto;

		INET_STEP(TRIE);
		steps++;
		if (!fib_node_skips(n, key))
			break;
		if (mask) {
			m->node[nr] = n;
			m->mask[nr++] = mask;
		}
		upto = n->external << (63 - chunk);	/* its child's is the */
		if (!(upto >> 63))			/* highest bit */
			break;
		n = rcu_dereference(n->slot[n->nr_internal - 1 + (popcnt ?
				__builtin_popcountll(upto) : fib_popcount(upto))]);
	}
	m->nr = nr;
	m->steps = steps;
}

#ifdef ASK_FOR_POPCNT
static __attribute__((target("popcnt"))) void
fib_trie_walk_popcnt(const struct fib_trie *t, u32 key, struct fib_trie_match *m)
{
	fib_trie_walk(t, key, m, true);
}
#endif

void fib_trie_lookup(const struct fib_trie *t, u32 key,
		     struct fib_trie_match *m)
{
#ifdef ASK_FOR_POPCNT
	if (likely(__builtin_cpu_supports("popcnt"))) {
		fib_trie_walk_popcnt(t, key, m);
		return;
	}
#endif
	fib_trie_walk(t, key, m, false);
}

struct fib_leaf *fib_trie_next(struct fib_trie_match *m)
{
	const struct fib_node *n;
	u64 *mask;
	int place;

	if (!m->nr)
		return NULL;
	n = m->node[m->nr - 1];
	mask = &m->mask[m->nr - 1];
	place = fls64(*mask) - 1;
	*mask &= ~BIT_ULL(place);
	if (!*mask)
		m->nr--;
	return n->slot[fib_popcount(n->internal & (BIT_ULL(place) - 1))];
}

/* ---- places ----------------------------------------------------------- */

/* The offset of the node in which a prefix of @plen bits ends. */
static u8 fib_level(u8 plen)
{
	return (u8)(plen / FIB_STRIDE * FIB_STRIDE);
}

/* The place in `internal` of a prefix that ends in a node at @off. */
static u32 fib_place(u32 key, u8 plen, u8 off)
{
	u8 len = plen - off;

	return 1u << len | (len ? fib_chunk(key, off) >> (FIB_STRIDE - len) : 0);
}

static u32 fib_mask_key(u32 key, u8 bits)
{
	return bits ? key & ~(u32)0 << (32 - bits) : 0;
}

static int fib_leaf_index(const struct fib_node *n, u32 place)
{
	return fib_popcount(n->internal & (BIT_ULL(place) - 1));
}

/* ---- nodes ------------------------------------------------------------ */

static size_t fib_node_size(u32 slots)
{
	return sizeof(struct fib_node) + slots * sizeof(void *) +
	       sizeof(struct fib_node_tail);
}

static struct fib_node_tail *fib_tail(struct fib_node *n)
{
	return (struct fib_node_tail *)&n->slot[n->nr_internal +
						n->nr_external];
}

/* A node with the counts of @internal and @external set, slots empty. */
static struct fib_node *fib_node_alloc(struct fib_trie *t, u32 key, u8 off,
				       u64 internal, u64 external)
{
	u32 slots = (u32)(fib_popcount(internal) + fib_popcount(external));
	struct fib_node *n = mem_alloc(t->mem, fib_node_size(slots));

	if (!n)
		return NULL;
	n->internal = internal;
	n->external = external;
	n->key = fib_mask_key(key, off);
	n->skipped = fib_mask_key(~(u32)0, off);
	n->off = off;
	n->nr_internal = (u8)fib_popcount(internal);
	n->nr_external = (u8)fib_popcount(external);
	t->nr_nodes++;
	t->bytes += fib_node_size(slots);
	return n;
}

static void fib_node_free(struct fib_trie *t, struct fib_node *n)
{
	mem_free(t->mem, n,
		 fib_node_size((u32)n->nr_internal + n->nr_external));
}

static void fib_node_free_rcu(struct rcu_head *head)
{
	struct fib_node_tail *tail = container_of(head, struct fib_node_tail,
						  rcu);

	fib_node_free(tail->trie, tail->node);
}

/* It was never published, or readers may still stand on it. */
static void fib_node_forget(struct fib_trie *t, struct fib_node *n)
{
	t->nr_nodes--;
	t->bytes -= fib_node_size((u32)n->nr_internal + n->nr_external);
}

static void fib_node_discard(struct fib_trie *t, struct fib_node *n)
{
	if (!n)
		return;
	fib_node_forget(t, n);
	fib_node_free(t, n);
}

static void fib_node_retire(struct fib_trie *t, struct fib_node *n)
{
	struct fib_node_tail *tail = fib_tail(n);

	fib_node_forget(t, n);
	tail->trie = t;
	tail->node = n;
	call_rcu(t->rcu, &tail->rcu, fib_node_free_rcu);
}

/* A node that holds just @leaf. */
static struct fib_node *fib_node_of_leaf(struct fib_trie *t,
					 struct fib_leaf *leaf)
{
	u8 off = fib_level(leaf->plen);
	struct fib_node *n;

	n = fib_node_alloc(t, leaf->key, off,
			   BIT_ULL(fib_place(leaf->key, leaf->plen, off)), 0);
	if (n)
		n->slot[0] = leaf;
	return n;
}

/* A copy of @n with one slot more at @at. */
static struct fib_node *fib_node_grow(struct fib_trie *t,
				      const struct fib_node *n, u64 internal,
				      u64 external, int at)
{
	int nr = n->nr_internal + n->nr_external;
	struct fib_node *copy = fib_node_alloc(t, n->key, n->off, internal,
					       external);

	if (!copy)
		return NULL;
	memcpy(copy->slot, n->slot, (size_t)at * sizeof(void *));
	memcpy(copy->slot + at + 1, n->slot + at,
	       (size_t)(nr - at) * sizeof(void *));
	return copy;
}

/* A copy of @n without the slot at @at. */
static struct fib_node *fib_node_shrink(struct fib_trie *t,
					const struct fib_node *n, u64 internal,
					u64 external, int at)
{
	int nr = n->nr_internal + n->nr_external;
	struct fib_node *copy = fib_node_alloc(t, n->key, n->off, internal,
					       external);

	if (!copy)
		return NULL;
	memcpy(copy->slot, n->slot, (size_t)at * sizeof(void *));
	memcpy(copy->slot + at, n->slot + at + 1,
	       (size_t)(nr - at - 1) * sizeof(void *));
	return copy;
}

/* ---- inserting -------------------------------------------------------- */

/* Adds @leaf to @n, to which it belongs; the new node replaces it at @link. */
static bool fib_add_internal(struct fib_trie *t, struct fib_node **link,
			     struct fib_leaf *leaf)
{
	struct fib_node *n = *link, *copy;
	u32 place = fib_place(leaf->key, leaf->plen, n->off);
	int at = fib_leaf_index(n, place);

	copy = fib_node_grow(t, n, n->internal | BIT_ULL(place), n->external,
			     at);
	if (!copy)
		return false;
	copy->slot[at] = leaf;
	rcu_assign_pointer(*link, copy);
	fib_node_retire(t, n);
	return true;
}

/* Gives @n a new child that holds @leaf. */
static bool fib_add_child(struct fib_trie *t, struct fib_node **link,
			  struct fib_leaf *leaf)
{
	struct fib_node *n = *link, *copy, *child;
	u32 chunk = fib_chunk(leaf->key, n->off);
	int at = fib_child_index(n, chunk);

	child = fib_node_of_leaf(t, leaf);
	copy = fib_node_grow(t, n, n->internal, n->external | BIT_ULL(chunk),
			     at);
	if (!child || !copy) {
		fib_node_discard(t, child);
		fib_node_discard(t, copy);
		return false;
	}
	copy->slot[at] = child;
	rcu_assign_pointer(*link, copy);
	fib_node_retire(t, n);
	return true;
}

/* @leaf leaves the road to *@link after @bits: a node must stand there. */
static bool fib_add_branch(struct fib_trie *t, struct fib_node **link,
			   struct fib_leaf *leaf, u8 bits)
{
	struct fib_node *n = *link, *branch, *child = NULL;
	u8 off = fib_level(min_t(u8, bits, leaf->plen));
	u32 to_n = fib_chunk(n->key, off);
	u64 internal = 0, external = BIT_ULL(to_n);

	if (fib_level(leaf->plen) == off) {
		internal = BIT_ULL(fib_place(leaf->key, leaf->plen, off));
	} else {
		child = fib_node_of_leaf(t, leaf);
		if (!child)
			return false;
		external |= BIT_ULL(fib_chunk(leaf->key, off));
	}
	branch = fib_node_alloc(t, leaf->key, off, internal, external);
	if (!branch) {
		fib_node_discard(t, child);
		return false;
	}
	if (child)
		branch->slot[fib_child_index(branch,
					     fib_chunk(leaf->key, off))] = child;
	else
		branch->slot[0] = leaf;
	branch->slot[fib_child_index(branch, to_n)] = n;
	rcu_assign_pointer(*link, branch);
	return true;
}

/* Leading bits in which @key and the road to @n agree, at most n->off. */
static u8 fib_common_bits(const struct fib_node *n, u32 key)
{
	u32 diff = fib_mask_key(key ^ n->key, n->off);

	return diff ? (u8)(32 - fls(diff)) : n->off;
}

/*
 * Puts @leaf where its prefix belongs, in one pointer that readers see
 * change. Return: false: no memory.
 */
static bool fib_trie_insert(struct fib_trie *t, struct fib_leaf *leaf)
{
	struct fib_node **link = &t->root, *n;
	u8 level = fib_level(leaf->plen);

	while ((n = *link) != NULL) {
		u8 common = fib_common_bits(n, leaf->key);
		u32 chunk;

		if (common < n->off || leaf->plen < n->off)
			return fib_add_branch(t, link, leaf, common);
		if (n->off == level)
			return fib_add_internal(t, link, leaf);
		chunk = fib_chunk(leaf->key, n->off);
		if (!(n->external >> chunk & 1))
			return fib_add_child(t, link, leaf);
		link = (struct fib_node **)&n->slot[fib_child_index(n, chunk)];
	}
	n = fib_node_of_leaf(t, leaf);
	if (!n)
		return false;
	rcu_assign_pointer(*link, n);
	return true;
}

struct fib_leaf *fib_trie_find(const struct fib_trie *t, u32 key, u8 plen)
{
	const struct fib_node *n = t->root;
	u8 level = fib_level(plen);

	while (n && n->off <= level && fib_node_skips(n, key)) {
		u32 chunk = fib_chunk(key, n->off), place;

		if (n->off == level) {
			place = fib_place(key, plen, level);
			return n->internal >> place & 1 ?
			       n->slot[fib_leaf_index(n, place)] : NULL;
		}
		if (!(n->external >> chunk & 1))
			return NULL;
		n = n->slot[fib_child_index(n, chunk)];
	}
	return NULL;
}

struct fib_leaf *fib_trie_get(struct fib_trie *t, u32 key, u8 plen)
{
	struct fib_leaf *leaf = fib_trie_find(t, key, plen);

	if (leaf)
		return leaf;
	leaf = mem_zalloc(t->mem, sizeof(*leaf));
	if (!leaf)
		return NULL;
	leaf->key = fib_mask_key(key, plen);
	leaf->plen = plen;
	leaf->trie = t;
	if (!fib_trie_insert(t, leaf)) {
		mem_free(t->mem, leaf, sizeof(*leaf));
		return NULL;
	}
	t->nr_leaves++;
	t->bytes += sizeof(*leaf);
	return leaf;
}

/* ---- removing --------------------------------------------------------- */

static void fib_leaf_free_rcu(struct rcu_head *head)
{
	struct fib_leaf *leaf = container_of(head, struct fib_leaf, rcu);

	mem_free(leaf->trie->mem, leaf, sizeof(*leaf));
}

/*
 * Takes the slot at @at out of the node at @link, which is left with @internal
 * and @external. A node left with a single child gives way to it. Return: false
 * when memory is short and nothing was changed.
 */
static bool fib_drop_slot(struct fib_trie *t, struct fib_node **link,
			  u64 internal, u64 external, int at)
{
	struct fib_node *n = *link, *next;

	if (!internal && !(external & (external - 1)))
		next = n->slot[at == 0 ? 1 : 0];
	else
		next = fib_node_shrink(t, n, internal, external, at);
	if (!next)
		return false;
	rcu_assign_pointer(*link, next);
	fib_node_retire(t, n);
	return true;
}

/* Unlinks the last thing that the node at @link holds, and so the node. */
static bool fib_drop_node(struct fib_trie *t, struct fib_node **parent,
			  struct fib_node **link)
{
	struct fib_node *n = *link, *p;
	u32 chunk;

	if (!parent) {
		rcu_assign_pointer(*link, NULL);
	} else {
		p = *parent;
		chunk = fib_chunk(n->key, p->off);
		if (!fib_drop_slot(t, parent, p->internal,
				   p->external & ~BIT_ULL(chunk),
				   fib_child_index(p, chunk)))
			return false;
	}
	fib_node_retire(t, n);
	return true;
}

void fib_trie_remove(struct fib_trie *t, struct fib_leaf *leaf)
{
	struct fib_node **parent = NULL, **link = &t->root, *n = *link;
	u8 level = fib_level(leaf->plen);
	u64 rest;
	bool done;
	u32 place;

	inet_assert(hlist_empty(&leaf->aliases));
	while (n->off != level) {
		parent = link;
		link = (struct fib_node **)&n->slot[fib_child_index(
			n, fib_chunk(leaf->key, n->off))];
		n = *link;
	}
	place = fib_place(leaf->key, leaf->plen, level);
	inet_assert(n->slot[fib_leaf_index(n, place)] == leaf);
	rest = n->internal & ~BIT_ULL(place);
	if (!rest && !n->external)
		done = fib_drop_node(t, parent, link);
	else
		done = fib_drop_slot(t, link, rest, n->external,
				     fib_leaf_index(n, place));
	if (!done)
		return;
	t->nr_leaves--;
	t->bytes -= sizeof(*leaf);
	call_rcu(t->rcu, &leaf->rcu, fib_leaf_free_rcu);
}

/* ---- walking ---------------------------------------------------------- */

/*
 * In a node the order is: for each of the 64 values the prefixes that begin
 * with it, shortest first, then the child. A prefix of length l begins at a
 * value whose low 6 - l bits are 0. Place 2 * v + 0 stands for the prefixes at
 * value v, taken one by one by their length (pos counts them in steps of
 * FIB_STRIDE + 1).
 */
#define ITER_STEPS (FIB_STRIDE + 1)

/* What stands at step @s of value @v: a leaf or, at the last step, a child. */
static void *fib_iter_slot(const struct fib_node *n, u32 v, u32 s, bool *child)
{
	u32 place;

	*child = s == FIB_STRIDE;
	if (*child)
		return n->external >> v & 1 ? n->slot[fib_child_index(n, v)] :
		       NULL;
	if (v & ((1u << (FIB_STRIDE - s)) - 1))
		return NULL;
	place = 1u << s | v >> (FIB_STRIDE - s);
	return n->internal >> place & 1 ? n->slot[fib_leaf_index(n, place)] :
	       NULL;
}

struct fib_leaf *fib_trie_iter_next(const struct fib_trie *t,
				    struct fib_trie_iter *it)
{
	bool child;

	if (!it->started) {
		it->started = true;
		it->depth = t->root ? 1 : 0;
		it->node[0] = t->root;
		it->pos[0] = 0;
	}
	while (it->depth) {
		const struct fib_node *n = it->node[it->depth - 1];
		u16 *pos = &it->pos[it->depth - 1];
		void *slot;

		if (*pos == 64 * ITER_STEPS) {
			it->depth--;
			continue;
		}
		slot = fib_iter_slot(n, *pos / ITER_STEPS, *pos % ITER_STEPS,
				     &child);
		(*pos)++;
		if (slot && !child)
			return slot;
		if (slot) {
			inet_assert(it->depth < FIB_TRIE_DEPTH);
			it->node[it->depth] = slot;
			it->pos[it->depth++] = 0;
		}
	}
	return NULL;
}

/* ---- life ------------------------------------------------------------- */

void fib_trie_init(struct fib_trie *t, struct mem *mem, struct rcu_domain *rcu)
{
	memset(t, 0, sizeof(*t));
	t->mem = mem;
	t->rcu = rcu;
}

/* Children before parents, with a stack as deep as the trie. Context: nobody
 * reads. */
void fib_trie_destroy(struct fib_trie *t)
{
	struct fib_node *stack[FIB_TRIE_DEPTH], *n = t->root;
	u8 next[FIB_TRIE_DEPTH] = { 0 };
	int depth = 0, i;

	while (n) {
		if (next[depth] < n->nr_external) {
			stack[depth] = n;
			n = n->slot[n->nr_internal + next[depth]++];
			depth++;
			inet_assert(depth < FIB_TRIE_DEPTH);
			next[depth] = 0;
			continue;
		}
		for (i = 0; i < n->nr_internal; i++)
			mem_free(t->mem, n->slot[i], sizeof(struct fib_leaf));
		fib_node_free(t, n);
		n = depth ? stack[--depth] : NULL;
	}
	t->root = NULL;
}

/* ---- for tests -------------------------------------------------------- */

/* What the walk counts. */
struct fib_verify_sum {
	u32 nodes, leaves;
	size_t bytes;
};

/* One node, with its leaves. */
static void fib_node_verify(const struct fib_trie *t, const struct fib_node *n,
			    struct fib_verify_sum *sum)
{
	u32 slots = (u32)n->nr_internal + n->nr_external, place;
	int i;

	inet_assert(n->nr_internal == fib_popcount(n->internal));
	inet_assert(n->nr_external == fib_popcount(n->external));
	inet_assert(n->off % FIB_STRIDE == 0 && n->off < FIB_STRIDE * 6);
	inet_assert(n->skipped == fib_mask_key(~(u32)0, n->off));
	inet_assert(n->key == (n->key & n->skipped));
	/* what holds a single child and nothing else is not there */
	inet_assert(slots > 1 || n->nr_internal);
	for (i = 0; i < n->nr_internal; i++) {
		const struct fib_leaf *leaf = n->slot[i];

		inet_assert(leaf->trie == t && fib_level(leaf->plen) == n->off);
		inet_assert(fib_node_skips(n, leaf->key));
		inet_assert(leaf->key == fib_mask_key(leaf->key, leaf->plen));
		place = fib_place(leaf->key, leaf->plen, n->off);
		inet_assert(n->internal >> place & 1);
		inet_assert(fib_leaf_index(n, place) == i);
	}
	sum->nodes++;
	sum->leaves += n->nr_internal;
	sum->bytes += fib_node_size(slots) +
		      n->nr_internal * sizeof(struct fib_leaf);
}

void fib_trie_verify(const struct fib_trie *t)
{
	const struct fib_node *stack[FIB_TRIE_DEPTH], *n = t->root, *child;
	struct fib_verify_sum sum = { 0 };
	u8 next[FIB_TRIE_DEPTH] = { 0 };
	int depth = 0;

	while (n) {
		if (next[depth] == 0)
			fib_node_verify(t, n, &sum);
		if (next[depth] == n->nr_external) {
			n = depth ? stack[--depth] : NULL;
			continue;
		}
		child = n->slot[n->nr_internal + next[depth]++];
		inet_assert(child->off > n->off && fib_node_skips(n, child->key));
		inet_assert(n->slot[fib_child_index(n, fib_chunk(
			child->key, n->off))] == child);
		inet_assert(depth + 1 < FIB_TRIE_DEPTH);
		stack[depth++] = n;
		n = child;
		next[depth] = 0;
	}
	inet_assert(sum.nodes == t->nr_nodes && sum.leaves == t->nr_leaves);
	inet_assert(sum.bytes == t->bytes);
}
