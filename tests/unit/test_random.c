/* SPDX-License-Identifier: BSD-2-Clause */
/* random.c: known answers, bounds, and an environment that is obeyed. */
#include "unit.h"

#include <string.h>

#include "lib/random.h"

/* The 64 vectors' first four, of the SipHash paper's reference code. */
static void siphash_reference_vectors_give_known_values(void **state)
{
	static const u64 known[] = { 0x726fdb47dd0e0e31, 0x74f839c593dc67fd,
				     0x0d6c8009d9a94f5a, 0x85676696d7fb7e2d };
	siphash_key_t key;
	u8 in[8];

	(void)state;
	for (u8 i = 0; i < 16; i++)
		key.bytes[i] = i;
	for (u8 i = 0; i < 8; i++)
		in[i] = i;
	for (size_t len = 0; len < 4; len++)
		assert_true(siphash(&key, in, len) == known[len]);
}

/* Simulations replay by seed. */
static void stream_seeded_alike_is_alike(void **state)
{
	struct rnd_state a, b, c;
	int differ = 0;

	(void)state;
	prandom_seed_state(&a, 42);
	prandom_seed_state(&b, 42);
	prandom_seed_state(&c, 43);
	for (int i = 0; i < 1000; i++) {
		u64 v = prandom_u64_state(&a);

		assert_true(v == prandom_u64_state(&b));
		differ += v != prandom_u64_state(&c);
	}
	assert_int_equal(differ, 1000);
}

/* The authors' test state 1, 2, 3, 4 gives these first three outputs. */
static void stream_known_state_gives_known_values(void **state)
{
	struct rnd_state s = { { 1, 2, 3, 4 } };

	(void)state;
	assert_true(prandom_u64_state(&s) == 11520);
	assert_true(prandom_u64_state(&s) == 0);
	assert_true(prandom_u64_state(&s) == 1509978240);
}

static void stream_below_bound_covers_evenly(void **state)
{
	struct rnd_state s;
	int seen[10] = { 0 };

	(void)state;
	prandom_seed_state(&s, 1);
	for (int i = 0; i < 100000; i++)
		seen[prandom_u32_below(&s, 10)]++;
	for (int i = 0; i < 10; i++)
		assert_in_range(seen[i], 9500, 10500);
	assert_int_equal(prandom_u32_below(&s, 1), 0);
}

/* Gives out a prepared sequence of 32-bit words. */
struct script {
	const u32 *words;
	int taken;
};

static void scripted(void *opaque, void *buf, size_t len)
{
	struct script *s = opaque;

	assert_int_equal(len, sizeof(u32));
	memcpy(buf, &s->words[s->taken++], sizeof(u32));
}

/* Of 2^32 words, 2^32 mod 3 = 1 is drawn again: the word 0. */
static void secret_below_bound_rejects_bias(void **state)
{
	static const u32 words[] = { 0, 1, 0xffffffff };
	struct script s = { .words = words };
	struct inet_env env = *inet_env_default();

	(void)state;
	env.opaque = &s;
	env.random = scripted;
	assert_int_equal(get_random_u32_below(&env, 3), 0);
	assert_int_equal(s.taken, 2);
	assert_int_equal(get_random_u32_below(&env, 3), 2);
	s.taken = 0;
	assert_int_equal(get_random_u32_below(&env, 1u << 31), 0);
	assert_int_equal(s.taken, 1);	/* a power of two rejects none */
	assert_int_equal(get_random_u32(&env), 1);
}

static void secret_default_env_is_not_constant(void **state)
{
	const struct inet_env *env = inet_env_default();
	u64 all_or = 0, all_and = U64_MAX;

	(void)state;
	for (int i = 0; i < 200; i++) {
		u64 v = get_random_u64(env);

		all_or |= v;
		all_and &= v;
	}
	assert_true(all_or == U64_MAX);
	assert_true(all_and == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_reference_vectors_give_known_values),
		cmocka_unit_test(stream_seeded_alike_is_alike),
		cmocka_unit_test(stream_known_state_gives_known_values),
		cmocka_unit_test(stream_below_bound_covers_evenly),
		cmocka_unit_test(secret_below_bound_rejects_bias),
		cmocka_unit_test(secret_default_env_is_not_constant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
