/* SPDX-License-Identifier: BSD-2-Clause */
/* checksum.c against the definition of RFC 1071, byte by byte. */
#include "unit.h"

#include "lib/checksum.h"
#include "lib/random.h"

#define BIG 70000

/* RFC 1071, section 4.1, for any host order and start. */
static u16 naive(const u8 *p, size_t len, __wsum initial)
{
	u64 sum = initial;

	for (size_t i = 0; i < len; i++) {
		u8 pair[2] = { 0, 0 };
		u16 word;

		pair[i & 1] = p[i];
		memcpy(&word, pair, 2);
		sum += word;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

static void fill(u8 *p, size_t len, u64 seed)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, seed);
	for (size_t i = 0; i < len; i++)
		p[i] = (u8)prandom_u32_state(&rnd);
}

/* @req 1071/1624 */
static void short_block_every_alignment_equals_naive(void **state)
{
	u8 buf[2048 + 16];

	(void)state;
	fill(buf, sizeof(buf), 1);
	for (size_t align = 0; align < 16; align++) {
		for (size_t len = 0; len <= 2048; len++) {
			__sum16 got = ip_compute_csum(buf + align, len);

			if (got != naive(buf + align, len, 0))
				fail_msg("align %zu len %zu", align, len);
		}
	}
}

/* @req 1071/1624 */
static void large_block_random_place_equals_naive(void **state)
{
	u8 *buf = test_malloc(BIG + 16);
	struct rnd_state rnd;

	(void)state;
	fill(buf, BIG + 16, 2);
	prandom_seed_state(&rnd, 3);
	for (int i = 0; i < 200; i++) {
		size_t align = prandom_u32_below(&rnd, 16);
		size_t len = prandom_u32_below(&rnd, BIG + 1);
		__wsum initial = prandom_u32_state(&rnd);

		assert_int_equal(
			csum_fold(csum_partial(buf + align, len, initial)),
			naive(buf + align, len, initial));
	}
	test_free(buf);
}

/* All ones make the most carries; all zeros must stay zero. */
static void extreme_bytes_large_block_keep_carries(void **state)
{
	u8 *buf = test_malloc(BIG);

	(void)state;
	for (size_t len = 0; len < BIG; len = len * 2 + 1) {
		memset(buf, 0xff, len);
		assert_int_equal(csum_fold(csum_partial(buf, len, ~0u)),
				 naive(buf, len, ~0u));
		memset(buf, 0, len);
		assert_int_equal(csum_partial(buf, len, 0), 0);
	}
	test_free(buf);
}

static void copy_every_alignment_copies_and_sums(void **state)
{
	u8 src[512 + 16], dst[512 + 48];

	(void)state;
	fill(src, sizeof(src), 4);
	for (size_t align = 0; align < 16; align++) {
		for (size_t len = 0; len <= 512; len++) {
			u8 *to = dst + 16 + (len + align) % 16;
			__wsum sum;

			memset(dst, 0xaa, sizeof(dst));
			sum = csum_copy(to, src + align, len, 7);
			assert_memory_equal(to, src + align, len);
			assert_int_equal(to[-1], 0xaa);
			assert_int_equal(to[len], 0xaa);
			assert_int_equal(csum_fold(sum),
					 naive(src + align, len, 7));
		}
	}
}

static void copy_large_block_copies_and_sums(void **state)
{
	u8 *src = test_malloc(BIG), *dst = test_malloc(BIG);

	(void)state;
	fill(src, BIG, 5);
	for (size_t len = BIG - 70; len <= BIG; len++) {
		memset(dst, 0, BIG);
		assert_int_equal(csum_fold(csum_copy(dst, src, len, 0)),
				 naive(src, len, 0));
		assert_memory_equal(dst, src, len);
	}
	test_free(src);
	test_free(dst);
}

/* @req 1071/1624 */
static void odd_fragments_block_add_equals_whole(void **state)
{
	u8 buf[3000];
	struct rnd_state rnd;

	(void)state;
	fill(buf, sizeof(buf), 6);
	prandom_seed_state(&rnd, 7);
	for (int i = 0; i < 2000; i++) {
		size_t at = 0;
		__wsum sum = 0;

		while (at < sizeof(buf)) {
			size_t len = 1 + prandom_u32_below(&rnd, 300);

			len = min(len, sizeof(buf) - at);
			sum = csum_block_add(sum, csum_partial(buf + at, len, 0),
					     at);
			at += len;
		}
		assert_int_equal(csum_fold(sum), naive(buf, sizeof(buf), 0));
	}
}

/* From 1: taking all away may leave the other zero, 0xffff. */
static void fragment_block_sub_gives_rest(void **state)
{
	u8 buf[301];
	__wsum whole;

	(void)state;
	fill(buf, sizeof(buf), 8);
	whole = csum_partial(buf, sizeof(buf), 0);
	for (size_t at = 1; at < sizeof(buf); at++) {
		__wsum tail = csum_partial(buf + at, sizeof(buf) - at, 0);

		assert_int_equal(csum_fold(csum_block_sub(whole, tail, at)),
				 naive(buf, at, 0));
	}
}

/* A real datagram: 192.0.2.1:4660 > 192.0.2.2:22136, "hi". */
static void pseudo_header_known_datagram_gives_known_sum(void **state)
{
	static const u8 udp[] = { 0x12, 0x34, 0x56, 0x78, 0x00,
				  0x0a, 0x00, 0x00, 'h',  'i' };
	static const u8 pseudo[] = { 192, 0, 2, 1, 192, 0, 2, 2, 0, 17, 0, 10 };
	u8 all[sizeof(pseudo) + sizeof(udp)];
	__sum16 sum = csum_tcpudp_magic(cpu_to_be32(0xc0000201),
					cpu_to_be32(0xc0000202), sizeof(udp),
					17, csum_partial(udp, sizeof(udp), 0));

	(void)state;
	memcpy(all, pseudo, sizeof(pseudo));
	memcpy(all + sizeof(pseudo), udp, sizeof(udp));
	assert_int_equal(sum, naive(all, sizeof(all), 0));
	assert_int_equal(be16_to_cpu(sum), 0xaac0);
}

static void pseudo_header_all_ones_keeps_carries(void **state)
{
	u8 pseudo[12];

	(void)state;
	memset(pseudo, 0xff, 8);
	pseudo[8] = 0;
	pseudo[9] = 255;
	put_unaligned_be16(65535, pseudo + 10);
	assert_int_equal(csum_tcpudp_magic(~0u, ~0u, 65535, 255, ~0u),
			 naive(pseudo, 12, ~0u));
}

/* The header of RFC 791's kind that Wikipedia computes by hand: 0xb861. */
static void ip_header_known_bytes_give_known_sum(void **state)
{
	u8 hdr[20] = { 0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40,
		       0x00, 0x40, 0x11, 0,    0,    0xc0, 0xa8,
		       0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7 };

	(void)state;
	assert_int_equal(be16_to_cpu(ip_fast_csum(hdr, 5)), 0xb861);
	put_unaligned_be16(0xb861, hdr + 10);
	assert_int_equal(ip_fast_csum(hdr, 5), 0);
}

static void ip_header_every_length_equals_naive(void **state)
{
	u8 hdr[64];

	(void)state;
	fill(hdr, sizeof(hdr), 9);
	for (unsigned int ihl = 5; ihl <= 15; ihl++)
		assert_int_equal(ip_fast_csum(hdr + 1, ihl),
				 naive(hdr + 1, ihl * 4, 0));
}

/* RFC 1624, section 4: the example that equation 2 gets wrong. */
/* @req 791-8 */
static void replace_rfc1624_example_gives_zero(void **state)
{
	__sum16 sum = cpu_to_be16(0xdd2f);

	(void)state;
	csum_replace2(&sum, cpu_to_be16(0x5555), cpu_to_be16(0x3285));
	assert_int_equal(sum, 0);
}

static void replace_random_field_equals_recomputed(void **state)
{
	struct rnd_state rnd;
	u8 buf[40];

	(void)state;
	prandom_seed_state(&rnd, 10);
	for (int i = 0; i < 20000; i++) {
		size_t at = 4 * prandom_u32_below(&rnd, 10);
		__be32 from, to = prandom_u32_state(&rnd);
		__be16 half;
		__sum16 sum;

		fill(buf, sizeof(buf), (u64)i);
		sum = ip_compute_csum(buf, sizeof(buf));
		memcpy(&from, buf + at, 4);
		memcpy(buf + at, &to, 4);
		csum_replace4(&sum, from, to);
		assert_int_equal(sum, ip_compute_csum(buf, sizeof(buf)));

		memcpy(&half, buf + at, 2);
		csum_replace2(&sum, half, (__be16)i);
		half = (__be16)i;
		memcpy(buf + at, &half, 2);
		assert_int_equal(sum, ip_compute_csum(buf, sizeof(buf)));
	}
}

static void sum_subtracted_again_is_the_old(void **state)
{
	(void)state;
	assert_int_equal(csum_fold(csum_sub(csum_add(0x1234, ~1u), ~1u)),
			 csum_fold(0x1234));
	assert_int_equal(csum_add(~0u, 1), 1);
	assert_int_equal(csum_unfold(0xffff), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_block_every_alignment_equals_naive),
		cmocka_unit_test(large_block_random_place_equals_naive),
		cmocka_unit_test(extreme_bytes_large_block_keep_carries),
		cmocka_unit_test(copy_every_alignment_copies_and_sums),
		cmocka_unit_test(copy_large_block_copies_and_sums),
		cmocka_unit_test(odd_fragments_block_add_equals_whole),
		cmocka_unit_test(fragment_block_sub_gives_rest),
		cmocka_unit_test(pseudo_header_known_datagram_gives_known_sum),
		cmocka_unit_test(pseudo_header_all_ones_keeps_carries),
		cmocka_unit_test(ip_header_known_bytes_give_known_sum),
		cmocka_unit_test(ip_header_every_length_equals_naive),
		cmocka_unit_test(replace_rfc1624_example_gives_zero),
		cmocka_unit_test(replace_random_field_equals_recomputed),
		cmocka_unit_test(sum_subtracted_again_is_the_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
