/* SPDX-License-Identifier: BSD-2-Clause */
/* list.h and llist.h, driven by one thread. */
#include "unit.h"

#include "lib/list.h"
#include "lib/llist.h"

struct item {
	int id;
	struct list_head link;
	struct hlist_node node;
	struct llist_node lnode;
};

/* The ring holds exactly these ids, read both ways. */
static void check_ring(struct list_head *head, const char *ids)
{
	struct item *it;
	int nr = 0;

	list_for_each_entry(it, head, link)
		assert_int_equal(it->id, ids[nr++]);
	assert_int_equal(ids[nr], 0);
	list_for_each_entry_reverse(it, head, link)
		assert_int_equal(it->id, ids[--nr]);
	assert_int_equal(nr, 0);
}

/* The chain holds exactly these ids, and each knows what points to it. */
static void check_chain(struct hlist_head *head, const char *ids)
{
	struct hlist_node **where = &head->first;
	struct item *it;

	hlist_for_each_entry(it, head, node) {
		assert_int_equal(it->id, *ids++);
		assert_ptr_equal(it->node.pprev, where);
		where = &it->node.next;
	}
	assert_int_equal(*ids, 0);
}

static void make(struct item *items, int nr)
{
	for (int i = 0; i < nr; i++) {
		items[i] = (struct item){ .id = 'a' + i };
		INIT_LIST_HEAD(&items[i].link);
		INIT_HLIST_NODE(&items[i].node);
	}
}

static void empty_ring_added_both_ends_keeps_order(void **state)
{
	LIST_HEAD(head);
	struct item i[4];

	(void)state;
	make(i, 4);
	assert_true(list_empty(&head));
	assert_null(list_first_entry_or_null(&head, struct item, link));
	list_add(&i[1].link, &head);
	assert_true(list_is_singular(&head));
	list_add(&i[0].link, &head);
	list_add_tail(&i[2].link, &head);
	list_add_tail(&i[3].link, &head);
	check_ring(&head, "abcd");
	assert_false(list_is_singular(&head));
	assert_ptr_equal(list_first_entry(&head, struct item, link), &i[0]);
	assert_ptr_equal(list_last_entry(&head, struct item, link), &i[3]);
	assert_ptr_equal(list_next_entry(&i[0], link), &i[1]);
	assert_ptr_equal(list_prev_entry(&i[1], link), &i[0]);
	assert_true(list_is_last(&i[3].link, &head));
}

static void ring_deleted_moved_replaced(void **state)
{
	LIST_HEAD(head);
	LIST_HEAD(other);
	struct item i[5];

	(void)state;
	make(i, 5);
	for (int n = 0; n < 4; n++)
		list_add_tail(&i[n].link, &head);
	list_del(&i[1].link);
	assert_null(i[1].link.next);
	check_ring(&head, "acd");
	list_move(&i[3].link, &head);
	check_ring(&head, "dac");
	list_move_tail(&i[3].link, &other);
	check_ring(&head, "ac");
	check_ring(&other, "d");
	list_replace(&i[0].link, &i[4].link);
	check_ring(&head, "ec");
	list_del_init(&i[4].link);
	assert_true(list_empty(&i[4].link));
	list_del_init(&i[4].link);	/* twice is allowed */
	check_ring(&head, "c");
}

static void rings_spliced_join_and_empty(void **state)
{
	LIST_HEAD(head);
	LIST_HEAD(other);
	struct item i[4];

	(void)state;
	make(i, 4);
	list_splice_init(&other, &head);
	assert_true(list_empty(&head));
	list_add_tail(&i[0].link, &head);
	list_add_tail(&i[1].link, &other);
	list_add_tail(&i[2].link, &other);
	list_splice_init(&other, &head);
	check_ring(&head, "bca");
	assert_true(list_empty(&other));
	list_add_tail(&i[3].link, &other);
	list_splice_tail_init(&other, &head);
	check_ring(&head, "bcad");
	list_splice_tail_init(&other, &head);
	check_ring(&head, "bcad");
}

static void ring_walked_safely_may_be_freed(void **state)
{
	LIST_HEAD(head);
	struct item *it, *next;

	(void)state;
	for (int n = 0; n < 5; n++) {
		it = test_malloc(sizeof(*it));
		list_add(&it->link, &head);
	}
	list_for_each_entry_safe(it, next, &head, link) {
		list_del(&it->link);
		test_free(it);
	}
	assert_true(list_empty(&head));
}

static void chain_added_and_deleted_keeps_back_links(void **state)
{
	struct hlist_head head = HLIST_HEAD_INIT, to;
	struct item i[5];

	(void)state;
	make(i, 5);
	assert_true(hlist_unhashed(&i[0].node));
	hlist_add_head(&i[1].node, &head);
	hlist_add_head(&i[0].node, &head);
	hlist_add_behind(&i[3].node, &i[1].node);
	hlist_add_before(&i[2].node, &i[3].node);
	hlist_add_behind(&i[4].node, &i[3].node);
	check_chain(&head, "abcde");
	hlist_del(&i[0].node);
	hlist_del_init(&i[2].node);
	hlist_del_init(&i[2].node);	/* twice is allowed */
	hlist_del(&i[4].node);
	check_chain(&head, "bd");
	assert_true(hlist_unhashed(&i[2].node));
	hlist_move_list(&head, &to);
	assert_true(hlist_empty(&head));
	check_chain(&to, "bd");
}

static void chain_walked_safely_may_be_freed(void **state)
{
	struct hlist_head head = HLIST_HEAD_INIT;
	struct hlist_node *next;
	struct item *it;

	(void)state;
	for (int n = 0; n < 5; n++) {
		it = test_malloc(sizeof(*it));
		hlist_add_head(&it->node, &head);
	}
	hlist_for_each_entry_safe(it, next, &head, node) {
		hlist_del(&it->node);
		test_free(it);
	}
	assert_true(hlist_empty(&head));
}

static void rcu_chain_deleted_node_still_leads_on(void **state)
{
	struct hlist_head head = HLIST_HEAD_INIT;
	struct item i[5], *it;
	int seen = 0;

	(void)state;
	make(i, 5);
	hlist_add_head_rcu(&i[3].node, &head);
	hlist_add_head_rcu(&i[0].node, &head);
	hlist_add_behind_rcu(&i[1].node, &i[0].node);
	hlist_add_before_rcu(&i[2].node, &i[3].node);
	check_chain(&head, "abcd");
	hlist_for_each_entry_rcu(it, &head, node) {
		if (it == &i[1])
			hlist_del_rcu(&it->node);	/* a reader is here */
		seen++;
	}
	assert_int_equal(seen, 4);
	check_chain(&head, "acd");
	assert_true(hlist_unhashed(&i[1].node));
	hlist_replace_rcu(&i[2].node, &i[4].node);
	check_chain(&head, "aed");
	assert_true(hlist_unhashed(&i[2].node));
	hlist_del_init_rcu(&i[2].node);
	hlist_del_init_rcu(&i[3].node);
	check_chain(&head, "ae");
}

static void rcu_ring_deleted_entry_still_leads_on(void **state)
{
	LIST_HEAD(head);
	struct item i[3], *it;
	int seen = 0;

	(void)state;
	make(i, 3);
	list_add_rcu(&i[1].link, &head);
	list_add_rcu(&i[0].link, &head);
	list_add_tail_rcu(&i[2].link, &head);
	check_ring(&head, "abc");
	list_for_each_entry_rcu(it, &head, link) {
		if (it == &i[1])
			list_del_rcu(&it->link);
		seen++;
	}
	assert_int_equal(seen, 3);
	check_ring(&head, "ac");
}

static void llist_taken_whole_reverses_to_order_of_addition(void **state)
{
	struct llist_node *pos, *next;
	struct llist_head head;
	struct item i[4];
	int nr = 0;

	(void)state;
	make(i, 4);
	init_llist_head(&head);
	assert_true(llist_empty(&head));
	assert_null(llist_del_all(&head));
	assert_true(llist_add(&i[0].lnode, &head));
	assert_false(llist_add(&i[1].lnode, &head));
	i[3].lnode.next = &i[2].lnode;
	assert_false(llist_add_batch(&i[3].lnode, &i[2].lnode, &head));
	pos = llist_reverse_order(llist_del_all(&head));
	assert_true(llist_empty(&head));
	llist_for_each_safe(pos, next, pos) {
		struct item *it = llist_entry(pos, struct item, lnode);

		assert_int_equal(it->id, "abcd"[nr++]);
	}
	assert_int_equal(nr, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_ring_added_both_ends_keeps_order),
		cmocka_unit_test(ring_deleted_moved_replaced),
		cmocka_unit_test(rings_spliced_join_and_empty),
		cmocka_unit_test(ring_walked_safely_may_be_freed),
		cmocka_unit_test(chain_added_and_deleted_keeps_back_links),
		cmocka_unit_test(chain_walked_safely_may_be_freed),
		cmocka_unit_test(rcu_chain_deleted_node_still_leads_on),
		cmocka_unit_test(rcu_ring_deleted_entry_still_leads_on),
		cmocka_unit_test(
			llist_taken_whole_reverses_to_order_of_addition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
