/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UDP headers: lengths that lie, checksums that are absent.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/udp.h>	/* wire/udp.h must bear it before itself */

#include "guard.h"
#include "wire/udp.h"

#include <netinet/udp.h>	/* and behind */

static u8 *datagram(unsigned int ulen, u16 check, size_t there)
{
	u8 raw[64] = { 0x04, 0xd2, 0, 7 };

	raw[4] = (u8)(ulen >> 8);
	raw[5] = (u8)ulen;
	raw[6] = (u8)(check >> 8);
	raw[7] = (u8)check;
	return guard_copy(&guard, raw, there);
}

static void header_plain_gives_its_fields(void **state)
{
	struct udp_info info;

	(void)state;
	assert_int_equal(udp_parse(datagram(20, 0xabcd, 20), 20, 20, &info), 0);
	assert_int_equal(info.source, htons(1234));
	assert_int_equal(info.dest, htons(7));
	assert_int_equal(info.len, 20);
	assert_false(info.no_check);
}

/*
 * @req 768-1 @attack U1: every UDP length 0-65535 against IP payloads of 0 to
 * 40 bytes, the bytes ending at the end of the world
 */
static void length_every_value_is_judged(void **state)
{
	struct udp_info info;
	unsigned int ulen;
	size_t there;
	int err, want;

	(void)state;
	for (there = 0; there <= 40; there++) {
		for (ulen = 0; ulen <= 0xffff; ulen++) {
			err = udp_parse(datagram(ulen, 1, there), there, there,
					&info);
			want = there < 8 ? -WIRE_SHORT :
			       ulen < 8 || ulen > there ? -WIRE_TOT_LEN : 0;
			if (err != want)
				fail_msg("len %u of %zu: %d", ulen, there, err);
			if (!err)
				assert_int_equal(info.len, ulen);
		}
	}
}

/* Only the head can be read, the rest lies in other frames. */
static void length_beyond_linear_part_is_accepted(void **state)
{
	struct udp_info info;

	(void)state;
	assert_int_equal(udp_parse(datagram(1000, 1, 8), 8, 1000, &info), 0);
	assert_int_equal(info.len, 1000);
	assert_int_equal(udp_parse(datagram(1001, 1, 8), 8, 1000, &info),
			 -WIRE_TOT_LEN);
	assert_int_equal(udp_parse(datagram(8, 1, 8), 8, 7, &info),
			 -WIRE_SHORT);
}

/* @attack U2: checksum 0 means none */
static void checksum_zero_is_reported_as_absent(void **state)
{
	struct udp_info info;

	(void)state;
	assert_int_equal(udp_parse(datagram(8, 0, 8), 8, 8, &info), 0);
	assert_true(info.no_check);
	assert_int_equal(udp_parse(datagram(8, 0x100, 8), 8, 8, &info), 0);
	assert_false(info.no_check);
}

/* A datagram of 10.0.0.1 > 10.0.0.2 with @len bytes and a right checksum. */
static u8 *checked(size_t len, __be32 saddr, __be32 daddr)
{
	struct udp_info out = { .source = htons(1234), .dest = htons(53),
				.len = (u16)len };
	u8 *p = guard_take(&guard, len, 0xa7);
	__sum16 sum;

	assert_int_equal(udp_build(p, len, &out), UDP_HLEN);
	sum = udp_mangle_zero(udp_v4_check((u32)len, saddr, daddr,
					   csum_partial(p, len, 0)));
	memcpy(p + 6, &sum, 2);
	return p;
}

/* @attack U2: any bit flipped, header, payload, addresses */
static void checksum_any_bit_flipped_is_noticed(void **state)
{
	__be32 s = inet_addr("10.0.0.1"), d = inet_addr("10.0.0.2");
	size_t len, bit;
	u8 *p;

	(void)state;
	for (len = 8; len < 24; len++) {
		p = checked(len, s, d);
		assert_int_equal(udp_v4_check((u32)len, s, d,
					      csum_partial(p, len, 0)), 0);
		for (bit = 0; bit < len * 8; bit++) {
			p[bit / 8] ^= (u8)(1 << bit % 8);
			assert_int_not_equal(
				udp_v4_check((u32)len, s, d,
					     csum_partial(p, len, 0)), 0);
			p[bit / 8] ^= (u8)(1 << bit % 8);
		}
		for (bit = 0; bit < 32; bit++)
			assert_int_not_equal(
				udp_v4_check((u32)len, s ^ 1u << bit, d,
					     csum_partial(p, len, 0)), 0);
	}
}

/* @req 768-1: a computed 0 goes out as 0xffff, and verifies */
static void checksum_computed_zero_is_sent_as_ones(void **state)
{
	__be32 s = inet_addr("10.0.0.1"), d = inet_addr("10.0.0.2");
	unsigned int v, hits = 0;
	u8 p[10] = { 0 };
	__sum16 sum;

	(void)state;
	p[5] = 10;
	for (v = 0; v <= 0xffff; v++) {
		p[6] = 0;
		p[7] = 0;
		p[8] = (u8)(v >> 8);
		p[9] = (u8)v;
		sum = udp_v4_check(10, s, d, csum_partial(p, 10, 0));
		hits += sum == 0;
		sum = udp_mangle_zero(sum);
		assert_int_not_equal(sum, 0);
		memcpy(p + 6, &sum, 2);
		assert_int_equal(udp_v4_check(10, s, d,
					      csum_partial(p, 10, 0)), 0);
	}
	assert_int_equal(hits, 1);
}

static void build_then_parse_agree(void **state)
{
	struct udp_info info, out = { .source = htons(1), .dest = htons(65535),
				      .len = 65535 };
	u8 *p = guard_take(&guard, 8, 0xcc);

	(void)state;
	assert_int_equal(udp_build(p, 8, &out), 8);
	assert_int_equal(udp_parse(p, 8, 65535, &info), 0);
	assert_int_equal(info.source, out.source);
	assert_int_equal(info.dest, out.dest);
	assert_int_equal(info.len, 65535);
	assert_true(info.no_check);
	assert_int_equal(udp_build(p + 1, 7, &out), -WIRE_NO_ROOM);
	out.len = 7;
	assert_int_equal(udp_build(p, 8, &out), -WIRE_RANGE);
}

static void header_at_any_alignment_parses_alike(void **state)
{
	struct udp_info info;
	unsigned int align;
	u8 raw[8] = { 0, 1, 0, 2, 0, 8, 0, 9 }, *p;

	(void)state;
	for (align = 0; align < 8; align++) {
		p = guard_copy_aligned(&guard, raw, 8, align);
		assert_int_equal(udp_parse(p, 8, 8, &info), 0);
		assert_int_equal(info.dest, htons(2));
		assert_int_equal(((const struct udphdr *)p)->len, htons(8));
	}
}

/* Both headers, one name: ours is the packed one. */
static void libc_header_beside_leaves_ours(void **state)
{
	(void)state;
	assert_int_equal(_Alignof(struct udphdr), 1);
	assert_int_equal(UDP_CORK, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_plain_gives_its_fields),
		cmocka_unit_test(length_every_value_is_judged),
		cmocka_unit_test(length_beyond_linear_part_is_accepted),
		cmocka_unit_test(checksum_zero_is_reported_as_absent),
		cmocka_unit_test(checksum_any_bit_flipped_is_noticed),
		cmocka_unit_test(checksum_computed_zero_is_sent_as_ones),
		cmocka_unit_test(build_then_parse_agree),
		cmocka_unit_test(header_at_any_alignment_parses_alike),
		cmocka_unit_test(libc_header_beside_leaves_ours),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
