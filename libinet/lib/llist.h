/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A lock-free stack of objects: any thread adds, any thread takes all. Used to
 * hand work and kicks to another thread.
 */
#ifndef INET_LIB_LLIST_H
#define INET_LIB_LLIST_H

#include "lib/compiler.h"

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

static inline void init_llist_head(struct llist_head *head)
{
	head->first = NULL;
}

static inline bool llist_empty(const struct llist_head *head)
{
	return !READ_ONCE(head->first);
}

/*
 * Adds a chain first .. last, already linked.
 * Return: true when the list was empty: its consumer may need a kick.
 */
static inline bool llist_add_batch(struct llist_node *first,
				   struct llist_node *last,
				   struct llist_head *head)
{
	struct llist_node *old = READ_ONCE(head->first);

	do {
		last->next = old;
		/* Release: the consumer sees the objects' contents. */
	} while (!__atomic_compare_exchange_n(&head->first, &old, first, true,
					      __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	return !old;
}

/* As llist_add(), where no other thread is. */
static inline void llist_add_alone(struct llist_node *node,
				   struct llist_head *head)
{
	node->next = head->first;
	head->first = node;
}

static inline bool llist_add(struct llist_node *node, struct llist_head *head)
{
	return llist_add_batch(node, node, head);
}

/* Takes everything; the last one added comes first. */
static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	if (llist_empty(head))
		return NULL;
	return __atomic_exchange_n(&head->first, NULL, __ATOMIC_ACQUIRE);
}

/* As llist_del_all(), where no other thread is. */
static inline struct llist_node *llist_del_all_alone(struct llist_head *head)
{
	struct llist_node *first = head->first;

	head->first = NULL;
	return first;
}

/* Turns what llist_del_all() gave into the order of addition. */
static inline struct llist_node *llist_reverse_order(struct llist_node *head)
{
	struct llist_node *done = NULL;

	while (head) {
		struct llist_node *next = head->next;

		head->next = done;
		done = head;
		head = next;
	}
	return done;
}

#define llist_entry(ptr, type, member) container_of(ptr, type, member)
#define llist_for_each_safe(pos, n, node) \
	for (pos = (node); pos && ((n = pos->next), true); pos = n)

#endif /* INET_LIB_LLIST_H */
