/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Red-black trees whose nodes live inside the objects. The caller searches and
 * chooses the place; rb_link_node() puts the node there and rb_insert_color()
 * restores the balance. Height is at most 2 log2(n + 1).
 */
#ifndef INET_LIB_RBTREE_H
#define INET_LIB_RBTREE_H

#include "lib/compiler.h"

struct rb_node {
	unsigned long rb_parent_color;	/* parent | 1 when black */
	union {
		struct {
			struct rb_node *rb_left;
			struct rb_node *rb_right;
		};
		struct rb_node *rb_child[2];	/* the same two */
	};
} __aligned(sizeof(long));

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT ((struct rb_root){ NULL })
#define RB_EMPTY_ROOT(root) (!READ_ONCE((root)->rb_node))
/* A node that is in no tree, if RB_CLEAR_NODE() was used when it left. */
#define RB_EMPTY_NODE(node) \
	((node)->rb_parent_color == (unsigned long)(node))
#define RB_CLEAR_NODE(node) \
	((node)->rb_parent_color = (unsigned long)(node))

#define rb_entry(ptr, type, member) container_of(ptr, type, member)
#define rb_entry_safe(ptr, type, member)                             \
	({                                                           \
		__typeof__(ptr) p_ = (ptr);                          \
		p_ ? rb_entry(p_, type, member) : NULL;              \
	})

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->rb_parent_color & ~1UL);
}

/*
 * Hangs node, red, at *link below parent (NULL: node is the root). Must be
 * followed by rb_insert_color().
 */
static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	node->rb_parent_color = (unsigned long)parent;
	node->rb_left = NULL;
	node->rb_right = NULL;
	*link = node;
}

void rb_insert_color(struct rb_node *node, struct rb_root *root);
void rb_erase(struct rb_node *node, struct rb_root *root);

/* Puts node where victim was; both must compare alike. */
void rb_replace_node(struct rb_node *victim, struct rb_node *node,
		     struct rb_root *root);

/* In sorted order; NULL past either end and in an empty tree. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* Children before parents: for tearing a tree down. */
struct rb_node *rb_first_postorder(const struct rb_root *root);
struct rb_node *rb_next_postorder(const struct rb_node *node);

/* pos may be freed inside the loop; the tree is not usable after that. */
#define rbtree_postorder_for_each_entry_safe(pos, n, root, member)        \
	for (pos = rb_entry_safe(rb_first_postorder(root),                \
				 __typeof__(*pos), member);               \
	     pos && ({                                                    \
		     n = rb_entry_safe(rb_next_postorder(&pos->member),   \
				       __typeof__(*pos), member);         \
		     true;                                                \
	     });                                                          \
	     pos = n)

#endif /* INET_LIB_RBTREE_H */
