/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linked lists whose links live inside the objects: list_head is a ring with
 * two ends, hlist a chain with a one-word head for hash tables. The _rcu
 * variants may be walked by readers while one writer changes them; a removed
 * element keeps its forward link until it is freed.
 */
#ifndef INET_LIB_LIST_H
#define INET_LIB_LIST_H

#include "lib/compiler.h"

/* ---- rings ---- */

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name) { &(name), &(name) }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

/* Reads one word, so it may be asked without a lock as a hint. */
static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline bool list_is_last(const struct list_head *entry,
				const struct list_head *head)
{
	return entry->next == head;
}

static inline void list_insert_between_(struct list_head *entry,
					struct list_head *prev,
					struct list_head *next)
{
	entry->prev = prev;
	entry->next = next;
	next->prev = entry;
	WRITE_ONCE(prev->next, entry);
}

static inline void list_join_(struct list_head *prev, struct list_head *next)
{
	next->prev = prev;
	WRITE_ONCE(prev->next, next);
}

/* Adds entry at the front of head. */
static inline void list_add(struct list_head *entry, struct list_head *head)
{
	list_insert_between_(entry, head, head->next);
}

/* Adds entry at the back of head. */
static inline void list_add_tail(struct list_head *entry,
				 struct list_head *head)
{
	list_insert_between_(entry, head->prev, head);
}

/* The entry's links are cleared, so that a second list_del() crashes. */
static inline void list_del(struct list_head *entry)
{
	list_join_(entry->prev, entry->next);
	entry->next = NULL;
	entry->prev = NULL;
}

static inline void list_del_init(struct list_head *entry)
{
	list_join_(entry->prev, entry->next);
	INIT_LIST_HEAD(entry);
}

static inline void list_replace(struct list_head *old,
				struct list_head *entry)
{
	list_insert_between_(entry, old->prev, old->next);
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	list_join_(entry->prev, entry->next);
	list_add(entry, head);
}

static inline void list_move_tail(struct list_head *entry,
				  struct list_head *head)
{
	list_join_(entry->prev, entry->next);
	list_add_tail(entry, head);
}

/* Puts the whole of list between prev and next. */
static inline void list_splice_between_(struct list_head *list,
					struct list_head *prev,
					struct list_head *next)
{
	list_join_(list->prev, next);
	list_join_(prev, list->next);
}

/* Moves all of list to the front of head and leaves list empty. */
static inline void list_splice_init(struct list_head *list,
				    struct list_head *head)
{
	if (list_empty(list))
		return;
	list_splice_between_(list, head, head->next);
	INIT_LIST_HEAD(list);
}

/* Moves all of list to the back of head and leaves list empty. */
static inline void list_splice_tail_init(struct list_head *list,
					 struct list_head *head)
{
	if (list_empty(list))
		return;
	list_splice_between_(list, head->prev, head);
	INIT_LIST_HEAD(list);
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member) \
	list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) \
	list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(pos, member) \
	list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) \
	list_entry((pos)->member.prev, __typeof__(*(pos)), member)

#define list_for_each(pos, head) \
	for (pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_safe(pos, n, head)                            \
	for (pos = (head)->next, n = pos->next; pos != (head);      \
	     pos = n, n = pos->next)
#define list_for_each_entry(pos, head, member)                      \
	for (pos = list_first_entry(head, __typeof__(*pos), member); \
	     &pos->member != (head);                                \
	     pos = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)              \
	for (pos = list_last_entry(head, __typeof__(*pos), member); \
	     &pos->member != (head);                                \
	     pos = list_prev_entry(pos, member))
/* pos may be removed, or freed, inside the loop. */
#define list_for_each_entry_safe(pos, n, head, member)               \
	for (pos = list_first_entry(head, __typeof__(*pos), member), \
	    n = list_next_entry(pos, member);                        \
	     &pos->member != (head);                                 \
	     pos = n, n = list_next_entry(n, member))

/* ---- chains ---- */

struct hlist_head {
	struct hlist_node *first;
};

struct hlist_node {
	struct hlist_node *next;
	struct hlist_node **pprev;	/* what points here; NULL: unhashed */
};

#define HLIST_HEAD_INIT { NULL }
#define INIT_HLIST_HEAD(head) ((head)->first = NULL)

static inline void INIT_HLIST_NODE(struct hlist_node *n)
{
	n->next = NULL;
	n->pprev = NULL;
}

static inline bool hlist_empty(const struct hlist_head *head)
{
	return !READ_ONCE(head->first);
}

static inline bool hlist_unhashed(const struct hlist_node *n)
{
	return !READ_ONCE(n->pprev);
}

static inline void hlist_add_head(struct hlist_node *n,
				  struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	n->next = first;
	if (first)
		first->pprev = &n->next;
	WRITE_ONCE(n->pprev, &head->first);
	WRITE_ONCE(head->first, n);
}

static inline void hlist_add_before(struct hlist_node *n,
				    struct hlist_node *next)
{
	WRITE_ONCE(n->pprev, next->pprev);
	n->next = next;
	next->pprev = &n->next;
	WRITE_ONCE(*n->pprev, n);
}

static inline void hlist_add_behind(struct hlist_node *n,
				    struct hlist_node *prev)
{
	n->next = prev->next;
	WRITE_ONCE(prev->next, n);
	WRITE_ONCE(n->pprev, &prev->next);
	if (n->next)
		n->next->pprev = &n->next;
}

/*
 * Takes n out of its chain and leaves its own links alone. Release: a reader
 * that finds next here sees its contents.
 */
static inline void hlist_unlink_(struct hlist_node *n)
{
	struct hlist_node *next = n->next;

	smp_store_release(n->pprev, next);
	if (next)
		WRITE_ONCE(next->pprev, n->pprev);
}

static inline void hlist_del(struct hlist_node *n)
{
	hlist_unlink_(n);
	INIT_HLIST_NODE(n);
}

static inline void hlist_del_init(struct hlist_node *n)
{
	if (!hlist_unhashed(n))
		hlist_del(n);
}

/* Moves a whole chain to an empty head. */
static inline void hlist_move_list(struct hlist_head *from,
				   struct hlist_head *to)
{
	to->first = from->first;
	if (to->first)
		to->first->pprev = &to->first;
	from->first = NULL;
}

#define hlist_entry(ptr, type, member) container_of(ptr, type, member)
#define hlist_entry_safe(ptr, type, member)                          \
	({                                                           \
		__typeof__(ptr) p_ = (ptr);                          \
		p_ ? hlist_entry(p_, type, member) : NULL;           \
	})
#define hlist_for_each_entry(pos, head, member)                       \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*pos),  \
				    member);                          \
	     pos;                                                     \
	     pos = hlist_entry_safe(pos->member.next, __typeof__(*pos), \
				    member))
/* pos may be removed, or freed, inside the loop; n is a hlist_node. */
#define hlist_for_each_entry_safe(pos, n, head, member)               \
	for (pos = hlist_entry_safe((head)->first, __typeof__(*pos),  \
				    member);                          \
	     pos && ((n = pos->member.next), true);                   \
	     pos = hlist_entry_safe(n, __typeof__(*pos), member))

/* ---- chains and rings that readers walk under rcu_read_lock() ---- */

/* Publishes n: its contents are seen by whoever finds it. */
static inline void hlist_add_head_rcu(struct hlist_node *n,
				      struct hlist_head *head)
{
	struct hlist_node *first = head->first;

	/* A reader who leaves n by it sees what was before it came here. */
	smp_store_release(&n->next, first);
	WRITE_ONCE(n->pprev, &head->first);
	smp_store_release(&head->first, n);
	if (first)
		WRITE_ONCE(first->pprev, &n->next);
}

/* Publishes n behind prev. */
static inline void hlist_add_behind_rcu(struct hlist_node *n,
					struct hlist_node *prev)
{
	n->next = prev->next;
	WRITE_ONCE(n->pprev, &prev->next);
	smp_store_release(&prev->next, n);
	if (n->next)
		WRITE_ONCE(n->next->pprev, &n->next);
}

/* Publishes n in front of next. */
static inline void hlist_add_before_rcu(struct hlist_node *n,
					struct hlist_node *next)
{
	n->next = next;
	WRITE_ONCE(n->pprev, next->pprev);
	smp_store_release(n->pprev, n);
	WRITE_ONCE(next->pprev, &n->next);
}

/* Publishes n in the place of old. */
static inline void hlist_replace_rcu(struct hlist_node *old,
				     struct hlist_node *n)
{
	struct hlist_node *next = old->next;

	smp_store_release(&n->next, next);	/* as in hlist_add_head_rcu() */
	WRITE_ONCE(n->pprev, old->pprev);
	smp_store_release(n->pprev, n);
	if (next)
		WRITE_ONCE(next->pprev, &n->next);
	WRITE_ONCE(old->pprev, NULL);
}

/* Readers that stand on n can still walk on; free n after a grace period. */
static inline void hlist_del_rcu(struct hlist_node *n)
{
	hlist_unlink_(n);
	WRITE_ONCE(n->pprev, NULL);
}

/* As hlist_del_rcu(); does nothing when n is in no chain. */
static inline void hlist_del_init_rcu(struct hlist_node *n)
{
	if (!hlist_unhashed(n))
		hlist_del_rcu(n);
}

#define hlist_for_each_entry_rcu(pos, head, member)                    \
	for (pos = hlist_entry_safe(smp_load_acquire(&(head)->first),  \
				    __typeof__(*pos), member);         \
	     pos;                                                      \
	     pos = hlist_entry_safe(smp_load_acquire(&pos->member.next), \
				    __typeof__(*pos), member))

static inline void list_add_rcu_between_(struct list_head *entry,
					 struct list_head *prev,
					 struct list_head *next)
{
	entry->next = next;
	entry->prev = prev;
	smp_store_release(&prev->next, entry);
	next->prev = entry;
}

static inline void list_add_rcu(struct list_head *entry,
				struct list_head *head)
{
	list_add_rcu_between_(entry, head, head->next);
}

static inline void list_add_tail_rcu(struct list_head *entry,
				     struct list_head *head)
{
	list_add_rcu_between_(entry, head->prev, head);
}

/* Readers that stand on entry can still walk forward. */
static inline void list_del_rcu(struct list_head *entry)
{
	entry->next->prev = entry->prev;
	smp_store_release(&entry->prev->next, entry->next);
	entry->prev = NULL;
}

#define list_for_each_entry_rcu(pos, head, member)                       \
	for (pos = list_entry(smp_load_acquire(&(head)->next),           \
			      __typeof__(*pos), member);                 \
	     &pos->member != (head);                                     \
	     pos = list_entry(smp_load_acquire(&pos->member.next),       \
			      __typeof__(*pos), member))

#endif /* INET_LIB_LIST_H */
