/* SPDX-License-Identifier: BSD-2-Clause */
/* fib_trie.c against a naive model, its depth and its memory. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "ipv4/fib_trie.h"
#include "lib/random.h"

#define MODEL_MAX 4096

/* The naive model: every prefix in an array. */
struct model {
	struct {
		u32 key;
		u8 plen;
		struct fib_leaf *leaf;
	} e[MODEL_MAX];
	u32 nr;
};

static struct mem mem;
static struct rcu_domain rcu;
static struct fib_trie trie;
static struct model model;
static struct rnd_state rnd;

static int setup(void **state)
{
	(void)state;
	mem_init(&mem, inet_env_default(), false);
	rcu_domain_init(&rcu, &mem, false);
	fib_trie_init(&trie, &mem, &rcu);
	memset(&model, 0, sizeof(model));
	prandom_seed_state(&rnd, 42);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fib_trie_destroy(&trie);
	rcu_domain_stop(&rcu);
	assert_int_equal(mem_destroy(&mem), 0);
	return 0;
}

static u32 mask(u8 plen)
{
	return plen ? ~(u32)0 << (32 - plen) : 0;
}

static u32 model_find(u32 key, u8 plen)
{
	u32 i;

	for (i = 0; i < model.nr; i++)
		if (model.e[i].key == key && model.e[i].plen == plen)
			break;
	return i;
}

static void add(u32 key, u8 plen)
{
	u32 i;

	key &= mask(plen);
	i = model_find(key, plen);
	if (i == MODEL_MAX)
		return;
	if (i == model.nr) {
		model.nr++;
		model.e[i].key = key;
		model.e[i].plen = plen;
		model.e[i].leaf = fib_trie_get(&trie, key, plen);
		assert_non_null(model.e[i].leaf);
	}
	assert_ptr_equal(fib_trie_get(&trie, key, plen), model.e[i].leaf);
	assert_ptr_equal(fib_trie_find(&trie, key, plen), model.e[i].leaf);
}

static void del(u32 i)
{
	fib_trie_remove(&trie, model.e[i].leaf);
	assert_null(fib_trie_find(&trie, model.e[i].key, model.e[i].plen));
	model.e[i] = model.e[--model.nr];
}

/* All matches of @key, longest first, are those of the model. */
static void check_lookup(u32 key)
{
	struct fib_leaf *want[33] = { NULL }, *leaf;
	struct fib_trie_match m;
	int len = 32;
	u32 i;

	for (i = 0; i < model.nr; i++)
		if (!((key ^ model.e[i].key) & mask(model.e[i].plen)))
			want[model.e[i].plen] = model.e[i].leaf;
	fib_trie_lookup(&trie, key, &m);
	assert_true(m.steps <= FIB_TRIE_DEPTH);
	do {
		leaf = fib_trie_next(&m);
		while (len >= 0 && !want[len])
			len--;
		assert_ptr_equal(leaf, len < 0 ? NULL : want[len--]);
	} while (leaf);
}

/* The walk gives every leaf once, in order. */
static void check_walk(void)
{
	struct fib_trie_iter it = { .started = false };
	struct fib_leaf *leaf, *last = NULL;
	u32 nr = 0;

	while ((leaf = fib_trie_iter_next(&trie, &it)) != NULL) {
		assert_true(!last || leaf->key > last->key ||
			    (leaf->key == last->key && leaf->plen > last->plen));
		assert_true(model_find(leaf->key, leaf->plen) < model.nr);
		last = leaf;
		nr++;
	}
	assert_int_equal(nr, model.nr);
	assert_int_equal(trie.nr_leaves, model.nr);
}

/* Keys that collide often: few values per byte. */
static u32 near_key(void)
{
	u32 r = prandom_u32_state(&rnd);

	return (10u << 24) | (r & 0x00030303) | ((r >> 24 & 1) ? 0x80 : 0);
}

static void empty_lookup_finds_nothing(void **state)
{
	(void)state;
	check_lookup(0);
	check_lookup(0xffffffff);
	check_walk();
	assert_int_equal(trie.bytes, 0);
}

static void every_length_added_matches_longest_first(void **state)
{
	u32 key = 0xc0a81fe5;
	int plen;

	(void)state;
	for (plen = 0; plen <= 32; plen++)
		add(key, (u8)plen);
	check_lookup(key);
	check_lookup(key ^ 1);
	check_lookup(key ^ 0x80000000);
	check_walk();
	for (plen = 0; plen <= 32; plen++) {
		del(model_find(key & mask((u8)plen), (u8)plen));
		check_lookup(key);
		check_walk();
	}
	assert_int_equal(trie.nr_nodes, 0);
	assert_int_equal(trie.bytes, 0);
}

static void random_operations_agree_with_model(void **state)
{
	u32 op, i;

	(void)state;
	for (op = 0; op < 100000; op++) {
		u32 r = prandom_u32_state(&rnd);

		if (model.nr < 600 && (r & 3)) {
			add(r & 4 ? near_key() : prandom_u32_state(&rnd),
			    (u8)prandom_u32_below(&rnd, 33));
		} else if (model.nr) {
			del(prandom_u32_below(&rnd, model.nr));
		}
		if (op % 16 == 0)
			rcu_domain_run(&rcu);
		check_lookup(near_key());
		if (op % 1000)
			continue;
		for (i = 0; i < 200; i++)
			check_lookup(prandom_u32_state(&rnd));
		check_walk();
	}
	while (model.nr)
		del(prandom_u32_below(&rnd, model.nr));
	assert_int_equal(trie.nr_nodes, 0);
	assert_int_equal(trie.bytes, 0);
}

/* Nodes visited on average for 10,000 addresses, in hundredths. */
static u32 average_steps(void)
{
	struct fib_trie_match m;
	u64 steps = 0;
	u32 i;

	for (i = 0; i < 10000; i++) {
		fib_trie_lookup(&trie, prandom_u32_state(&rnd), &m);
		assert_true(m.steps <= FIB_TRIE_DEPTH);
		steps += (u64)m.steps;
	}
	return (u32)(steps / 100);
}

/* An address plan as the Internet's: mostly /24, some shorter and longer. */
static void fill(u32 nr)
{
	u32 r;

	while (trie.nr_leaves < nr) {
		r = prandom_u32_below(&rnd, 100);
		assert_non_null(fib_trie_get(
			&trie, prandom_u32_state(&rnd), (u8)(
			r < 60 ? 24 : r < 90 ? 16 + r % 8 : r < 95 ? 32 : 12)));
	}
}

static void hundred_thousand_routes_stay_flat(void **state)
{
	u32 at_1000, at_100000;

	(void)state;
	assert_non_null(fib_trie_get(&trie, 0, 0));
	fill(1000);
	at_1000 = average_steps();
	fill(100000);
	rcu_domain_run(&rcu);
	at_100000 = average_steps();
	/* one level more for a hundred times as many; never more than six */
	assert_true(at_100000 <= at_1000 + 200);
	assert_true(at_100000 <= 500);
	/* and the memory is that of the routes */
	assert_true(trie.nr_nodes <= 2 * trie.nr_leaves);
	assert_true(trie.bytes <= 240ULL * trie.nr_leaves);
}

/* The n-th allocation fails, for all n: nothing is lost but that operation. */
static void memory_short_anywhere_changes_nothing(void **state)
{
	struct fib_leaf *leaf;
	u32 i, n, key;

	(void)state;
	for (i = 0; i < 64; i++)
		add(near_key(), (u8)prandom_u32_below(&rnd, 33));
	for (i = 0; i < 200; i++) {
		u8 plen = (u8)prandom_u32_below(&rnd, 33);

		key = near_key() & mask(plen);
		if (model_find(key, plen) < model.nr)
			continue;
		for (n = 1;; n++) {
			mem_fail_nth(&mem, n);
			leaf = fib_trie_get(&trie, key, plen);
			if (leaf)
				break;
			assert_null(fib_trie_find(&trie, key, plen));
			check_lookup(key);
		}
		mem_fail_nth(&mem, 0);
		add(key, plen);
		/* A removal that cannot get memory leaves the leaf. */
		mem_fail_nth(&mem, 1);
		fib_trie_remove(&trie, leaf);
		mem_fail_nth(&mem, 0);
		if (fib_trie_find(&trie, key, plen)) {
			check_lookup(key);
		} else {
			n = model_find(key, plen);
			model.e[n] = model.e[--model.nr];
		}
		check_walk();
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(empty_lookup_finds_nothing),
		T(every_length_added_matches_longest_first),
		T(random_operations_agree_with_model),
		T(hundred_thousand_routes_stay_flat),
		T(memory_short_anywhere_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
