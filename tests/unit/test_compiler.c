/* SPDX-License-Identifier: BSD-2-Clause */
/* The arithmetic of compiler.h, byteorder.h, jhash.h, multilinear.h and
 * assert.h. */
#include "unit.h"

#include <string.h>

#include "lib/assert.h"
#include "lib/byteorder.h"
#include "lib/jhash.h"
#include "lib/multilinear.h"

static void arguments_of_min_max_evaluated_once(void **state)
{
	int a = 1, b = 5;

	(void)state;
	assert_int_equal(min(a++, b++), 1);
	assert_int_equal(a, 2);
	assert_int_equal(b, 6);
	assert_int_equal(max(min(a, b), 3), 3);
	assert_int_equal(min_t(u8, 300, 50), 44);
	assert_int_equal(max_t(s32, -1, 1), 1);
	assert_int_equal(clamp(7, 1, 5), 5);
	assert_int_equal(clamp(-7, 1, 5), 1);
	swap(a, b);
	assert_int_equal(a, 6);
	assert_int_equal(b, 2);
}

static void alignment_rounds_wide_values(void **state)
{
	(void)state;
	assert_int_equal(ALIGN(1u, 64), 64);
	assert_int_equal(ALIGN(64u, 64), 64);
	assert_true(ALIGN(0x1ffffffffULL, 16) == 0x200000000ULL);
	assert_int_equal(ALIGN_DOWN(127u, 64), 64);
	assert_true(ALIGN_DOWN(0x1ffffffffULL, 16u) == 0x1fffffff0ULL);
	assert_true(IS_ALIGNED(128, 64));
	assert_false(IS_ALIGNED(129, 64));
	assert_int_equal(DIV_ROUND_UP(9, 4), 3);
	assert_int_equal(DIV_ROUND_UP(8, 4), 2);
}

static void bit_positions_of_each_bit(void **state)
{
	(void)state;
	assert_int_equal(fls(0), 0);
	assert_int_equal(fls64(0), 0);
	for (int i = 0; i < 64; i++) {
		assert_int_equal(fls64(BIT_ULL(i)), i + 1);
		assert_int_equal(__ffs64(BIT_ULL(i)), i);
		assert_int_equal(ilog2(BIT_ULL(i)), i);
		assert_true(is_power_of_2(BIT_ULL(i)));
		assert_true(roundup_pow_of_two(BIT_ULL(i)) == BIT_ULL(i));
		if (i < 32)
			assert_int_equal(fls((u32)BIT_ULL(i)), i + 1);
		if (i > 1 && i < 63) {
			assert_false(is_power_of_2(BIT_ULL(i) + 1));
			assert_true(roundup_pow_of_two(BIT_ULL(i) + 1) ==
				    BIT_ULL(i + 1));
		}
	}
	assert_false(is_power_of_2(0));
	assert_true(roundup_pow_of_two(0) == 1);
	assert_int_equal(rol32(0x80000001, 4), 0x18);
	assert_int_equal(ror32(0x18, 4), 0x80000001);
	assert_int_equal(ror32(0x18, 0), 0x18);
}

struct outer {
	char pad[3];
	long member;
};

static void member_leads_to_its_container(void **state)
{
	struct outer o;
	int array[7];

	(void)state;
	(void)array;
	assert_ptr_equal(container_of(&o.member, struct outer, member), &o);
	assert_int_equal(ARRAY_SIZE(array), 7);
}

static void wire_words_at_odd_address_are_big_endian(void **state)
{
	u8 b[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	__be32 word = cpu_to_be32(0x01020304);

	(void)state;
	assert_int_equal(get_unaligned_be16(b + 1), 0x0102);
	assert_int_equal(get_unaligned_be32(b + 1), 0x01020304);
	assert_true(get_unaligned_be64(b + 1) == 0x0102030405060708ULL);
	assert_memory_equal(&word, b + 1, 4);
	assert_int_equal(be32_to_cpu(word), 0x01020304);
	assert_int_equal(be16_to_cpu(cpu_to_be16(0xabcd)), 0xabcd);
	put_unaligned_be16(0x1122, b + 3);
	put_unaligned_be32(0x33445566, b + 5);
	assert_int_equal(get_unaligned_be32(b + 3), 0x11223344);
	put_unaligned_be64(0x1122334455667788ULL, b + 7);
	assert_int_equal(b[7], 0x11);
	assert_int_equal(b[14], 0x88);
	assert_int_equal(le16_to_cpu(cpu_to_le16(0xabcd)), 0xabcd);
}

/* No word at all leaves the initial value, as lookup3 documents it. */
static void jhash_differs_by_key_word_and_length(void **state)
{
	u32 k[7] = { 1, 2, 3, 4, 5, 6, 7 };

	(void)state;
	assert_int_equal(jhash2(k, 0, 0), JHASH_INITVAL);
	assert_int_equal(jhash2(k, 3, 9), jhash_3words(1, 2, 3, 9));
	assert_int_equal(jhash2(k, 2, 9), jhash_2words(1, 2, 9));
	assert_int_equal(jhash2(k, 1, 9), jhash_1word(1, 9));
	assert_int_not_equal(jhash_3words(1, 2, 3, 9), jhash_3words(1, 2, 3, 8));
	assert_int_not_equal(jhash_3words(1, 2, 0, 9), jhash_2words(1, 2, 9));
	for (u32 n = 1; n <= 7; n++) {
		u32 before = jhash2(k, n, 0);

		k[n - 1] ^= 1;
		assert_int_not_equal(jhash2(k, n, 0), before);
		k[n - 1] ^= 1;
	}
}

/* One bit of input flips about half of the output. */
static void jhash_one_bit_flips_half(void **state)
{
	int flips = 0;

	(void)state;
	for (u32 i = 0; i < 1000; i++) {
		for (int bit = 0; bit < 32; bit++) {
			u32 diff = jhash_3words(i, i * 7, i * 13, 1) ^
				   jhash_3words(i ^ (1u << bit), i * 7, i * 13,
						1);

			flips += __builtin_popcount(diff);
		}
	}
	assert_in_range(flips / 1000, 32 * 16 - 8, 32 * 16 + 8);
}

static void hash_scaled_stays_below(void **state)
{
	(void)state;
	assert_int_equal(reciprocal_scale(0, 100), 0);
	assert_int_equal(reciprocal_scale(U32_MAX, 100), 99);
	assert_int_equal(reciprocal_scale(0x80000000, 100), 50);
}

/* SplitMix64: secrets that every run of the test has alike. */
static u64 secret_word(u64 *seed)
{
	u64 z = *seed += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 64 keys in a row choose all of four by the upper bits and all of four by the
 * lower ones, whatever the secrets, whichever word counts up. */
static void multilinear_spreads_keys_in_a_row(void **state)
{
	u64 secret[MULTILINEAR_SECRETS], seed = 1;

	(void)state;
	for (u32 round = 0; round < 3000; round++) {
		u32 step = 1u << (round % 27), high = 0, low = 0;

		for (u32 i = 0; i < MULTILINEAR_SECRETS; i++)
			secret[i] = secret_word(&seed);
		for (u32 i = 0; i < 64; i++) {
			u32 word[3] = { 7, 7, 7 };
			u32 hash;

			word[round % 3] += i * step;
			hash = multilinear_3words(secret, word[0], word[1],
						  word[2]);
			high |= 1u << (hash >> 30);
			low |= 1u << (hash & 3);
		}
		assert_int_equal(high, 15);
		assert_int_equal(low, 15);
	}
}

static void assert_zero(void *arg)
{
	inet_assert(arg == NULL);
}

static void assertion_false_aborts_true_passes(void **state)
{
	(void)state;
	assert_true(aborts(assert_zero, &state));
	assert_false(aborts(assert_zero, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_of_min_max_evaluated_once),
		cmocka_unit_test(alignment_rounds_wide_values),
		cmocka_unit_test(bit_positions_of_each_bit),
		cmocka_unit_test(member_leads_to_its_container),
		cmocka_unit_test(wire_words_at_odd_address_are_big_endian),
		cmocka_unit_test(jhash_differs_by_key_word_and_length),
		cmocka_unit_test(jhash_one_bit_flips_half),
		cmocka_unit_test(hash_scaled_stays_below),
		cmocka_unit_test(multilinear_spreads_keys_in_a_row),
		cmocka_unit_test(assertion_false_aborts_true_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
