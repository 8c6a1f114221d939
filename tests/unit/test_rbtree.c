/* SPDX-License-Identifier: BSD-2-Clause */
/* rbtree.c: the five rules of a red-black tree, and order against a model. */
#include "unit.h"

#include "lib/random.h"
#include "lib/rbtree.h"

#define NR 300

struct item {
	struct rb_node node;
	int key;
	bool in;
};

static struct item *item_of(struct rb_node *n)
{
	return rb_entry_safe(n, struct item, node);
}

static void insert(struct rb_root *root, struct item *it)
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = it->key < item_of(parent)->key ? &parent->rb_left :
							&parent->rb_right;
	}
	rb_link_node(&it->node, parent, link);
	rb_insert_color(&it->node, root);
	it->in = true;
}

static bool red(const struct rb_node *n)
{
	return n && !(n->rb_parent_color & 1);
}

/* Black nodes from n up to the root; the way is short. */
static int blacks_above(const struct rb_node *n)
{
	int blacks = 0, depth = 0;

	for (; n; n = rb_parent(n)) {
		assert_true(++depth < 40);
		blacks += !red(n);
	}
	return blacks;
}

/* The rules: links agree, no red below red, all ways down equally black. */
static void check_colours(const struct rb_root *root)
{
	int height = -1;

	assert_false(red(root->rb_node));
	for (struct rb_node *n = rb_first(root); n; n = rb_next(n)) {
		for (int side = 0; side < 2; side++) {
			struct rb_node *child = n->rb_child[side];

			if (child) {
				assert_ptr_equal(rb_parent(child), n);
				assert_false(red(n) && red(child));
				continue;
			}
			if (height < 0)
				height = blacks_above(n);
			assert_int_equal(blacks_above(n), height);
		}
	}
}

/* The tree holds exactly the items that are in, sorted, both ways. */
static void check(const struct rb_root *root, struct item *items, int nr)
{
	struct rb_node *n = rb_first(root), *back = rb_last(root);
	int count = 0, seen = 0;

	check_colours(root);
	for (int i = 0; i < nr; i++)
		count += items[i].in;
	for (; n; n = rb_next(n), seen++) {
		assert_true(item_of(n)->in);
		if (rb_next(n)) {
			assert_true(item_of(n)->key <= item_of(rb_next(n))->key);
			assert_ptr_equal(rb_prev(rb_next(n)), n);
		} else {
			assert_ptr_equal(n, back);
		}
	}
	assert_int_equal(seen, count);
}

static void empty_tree_has_no_ends(void **state)
{
	struct rb_root root = RB_ROOT;

	(void)state;
	assert_true(RB_EMPTY_ROOT(&root));
	assert_null(rb_first(&root));
	assert_null(rb_last(&root));
	assert_null(rb_first_postorder(&root));
}

static void cleared_node_is_empty_linked_is_not(void **state)
{
	struct rb_root root = RB_ROOT;
	struct item it = { .key = 1 };

	(void)state;
	RB_CLEAR_NODE(&it.node);
	assert_true(RB_EMPTY_NODE(&it.node));
	insert(&root, &it);
	assert_false(RB_EMPTY_NODE(&it.node));
	rb_erase(&it.node, &root);
	assert_true(RB_EMPTY_ROOT(&root));
}

static void ascending_inserts_stay_balanced(void **state)
{
	struct rb_root root = RB_ROOT;
	struct item items[NR] = { 0 };

	(void)state;
	for (int i = 0; i < NR; i++) {
		items[i].key = i;
		insert(&root, &items[i]);
		check(&root, items, NR);
	}
	for (int i = NR - 1; i >= 0; i--) {
		rb_erase(&items[i].node, &root);
		items[i].in = false;
		check(&root, items, NR);
	}
}

static void random_operations_equal_model(void **state)
{
	struct rb_root root = RB_ROOT;
	struct item items[NR] = { 0 };
	struct rnd_state rnd;

	(void)state;
	prandom_seed_state(&rnd, 11);
	for (int i = 0; i < 20000; i++) {
		struct item *it = &items[prandom_u32_below(&rnd, NR)];

		if (it->in) {
			rb_erase(&it->node, &root);
			it->in = false;
		} else {
			it->key = (int)prandom_u32_below(&rnd, 200);
			insert(&root, it);
		}
		if (i % 16 == 0)
			check(&root, items, NR);
	}
	check(&root, items, NR);
}

static void equal_keys_come_in_order_of_insertion(void **state)
{
	struct rb_root root = RB_ROOT;
	struct item items[64] = { 0 };
	int i = 0;

	(void)state;
	for (i = 0; i < 64; i++)
		insert(&root, &items[i]);
	i = 0;
	for (struct rb_node *n = rb_first(&root); n; n = rb_next(n))
		assert_ptr_equal(item_of(n), &items[i++]);
}

static void each_node_replaced_keeps_place(void **state)
{
	struct rb_root root = RB_ROOT;
	struct item items[2 * NR] = { 0 };

	(void)state;
	for (int i = 0; i < NR; i++) {
		items[i].key = (i * 7919) % NR;
		insert(&root, &items[i]);
	}
	for (int i = 0; i < NR; i++) {
		items[NR + i].key = items[i].key;
		rb_replace_node(&items[i].node, &items[NR + i].node, &root);
		items[i].in = false;
		items[NR + i].in = true;
		check(&root, items, 2 * NR);
	}
}

static void postorder_walk_frees_all(void **state)
{
	struct rb_root root = RB_ROOT;
	struct item *pos, *next;
	int nr = 0;

	(void)state;
	for (int i = 0; i < NR; i++) {
		struct item *it = test_calloc(1, sizeof(*it));

		it->key = (i * 7919) % NR;
		insert(&root, it);
	}
	rbtree_postorder_for_each_entry_safe(pos, next, &root, node) {
		/* A parent comes after its children: none is freed yet. */
		struct item *parent = item_of(rb_parent(&pos->node));

		assert_true(!parent || parent->in);
		pos->in = false;
		test_free(pos);
		nr++;
	}
	assert_int_equal(nr, NR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tree_has_no_ends),
		cmocka_unit_test(cleared_node_is_empty_linked_is_not),
		cmocka_unit_test(ascending_inserts_stay_balanced),
		cmocka_unit_test(random_operations_equal_model),
		cmocka_unit_test(equal_keys_come_in_order_of_insertion),
		cmocka_unit_test(each_node_replaced_keeps_place),
		cmocka_unit_test(postorder_walk_frees_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
