/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP headers: offsets that lie, flags, reserved bits, sequence arithmetic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>	/* wire/tcp.h must bear it before itself */

#include "guard.h"
#include "wire/tcp.h"

#include <netinet/tcp.h>	/* and behind */

static const u8 plain[20] = {
	0x9c, 0x40, 0, 7, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
	0x50, 0x18, 0xff, 0xfe, 0xab, 0xcd, 0x80, 0x01
};

static void header_plain_gives_its_fields(void **state)
{
	struct tcp_seg_info seg;
	u8 *p = guard_copy(&guard, plain, 20);

	(void)state;
	assert_int_equal(tcp_parse(p, 20, 1480, &seg), 0);
	assert_int_equal(seg.source, htons(40000));
	assert_int_equal(seg.dest, htons(7));
	assert_int_equal(seg.seq, 0x11223344);
	assert_int_equal(seg.ack_seq, 0x55667788);
	assert_int_equal(seg.flags, TCPHDR_PSH | TCPHDR_ACK);
	assert_int_equal(seg.hdr_len, 20);
	assert_int_equal(seg.payload_len, 1460);
	assert_int_equal(seg.urg_ptr, 0x8001);
	assert_false(seg.ae);
}

/* @req RFC9293:MUST-1: a window above 32,767 is not negative */
static void window_with_top_bit_is_positive(void **state)
{
	struct tcp_seg_info seg;

	(void)state;
	assert_int_equal(tcp_parse(plain, 20, 20, &seg), 0);
	assert_int_equal(seg.window, 65534);
	assert_true((s64)seg.window > 0);
}

/*
 * @attack T1: offset 0-15 x segment 0-80 bytes x what can be read of it
 * (CVE-2020-11907, CVE-2020-24341)
 */
static void header_every_offset_and_length_is_judged(void **state)
{
	struct tcp_seg_info seg;
	size_t len, avail;
	unsigned int doff;
	u8 raw[80] = { 0 };
	int err, want;

	(void)state;
	memcpy(raw, plain, 20);
	for (doff = 0; doff < 16; doff++) {
		raw[12] = (u8)(doff << 4);
		for (len = 0; len <= 80; len++) {
			for (avail = 0; avail <= len; avail++) {
				err = tcp_parse(guard_copy(&guard, raw, avail),
						avail, len, &seg);
				want = avail < 20 ? -WIRE_SHORT :
				       doff < 5 || doff * 4 > avail ?
				       -WIRE_HDR_LEN : 0;
				if (err != want)
					fail_msg("doff %u avail %zu len %zu: %d",
						 doff, avail, len, err);
				if (err)
					continue;
				assert_int_equal(seg.hdr_len, doff * 4);
				assert_int_equal(seg.payload_len,
						 len - doff * 4);
			}
		}
	}
	assert_int_equal(tcp_parse(raw, 40, 39, &seg), -WIRE_SHORT);
}

static void info_after_refusal_is_untouched(void **state)
{
	struct tcp_seg_info seg, before;
	u8 raw[20];

	(void)state;
	memset(&seg, 0x77, sizeof(seg));
	before = seg;
	memcpy(raw, plain, 20);
	raw[12] = 0x60;
	assert_int_equal(tcp_parse(raw, 20, 20, &seg), -WIRE_HDR_LEN);
	assert_memory_equal(&seg, &before, sizeof(seg));
}

/* @attack T10: all 16 values of the reserved bits and AE, all 256 flags */
static void reserved_bits_any_value_is_ignored(void **state)
{
	struct tcp_seg_info seg;
	unsigned int res, flags;
	u8 raw[20];

	(void)state;
	memcpy(raw, plain, 20);
	for (res = 0; res < 16; res++) {
		for (flags = 0; flags < 256; flags++) {
			raw[12] = (u8)(0x50 | res);
			raw[13] = (u8)flags;
			assert_int_equal(tcp_parse(raw, 20, 20, &seg), 0);
			assert_int_equal(seg.flags, flags);
			assert_int_equal(seg.ae, res & 1);
			assert_int_equal(seg.hdr_len, 20);
		}
	}
}

/* @attack T10: and none goes out */
static void build_any_flags_leaves_reserved_bits_zero(void **state)
{
	struct tcp_seg_info out = { .hdr_len = 20 };
	unsigned int flags;
	u8 raw[20];

	(void)state;
	for (flags = 0; flags < 256; flags++) {
		memset(raw, 0xff, sizeof(raw));
		out.flags = (u8)flags;
		out.ae = false;
		assert_int_equal(tcp_build(raw, 20, &out), 20);
		assert_int_equal(raw[12], 0x50);
		assert_int_equal(raw[13], flags);
		out.ae = true;
		assert_int_equal(tcp_build(raw, 20, &out), 20);
		assert_int_equal(raw[12], 0x51);
	}
}

/* The two views of a header agree, on this machine's byte order too. */
static void flags_by_bit_and_by_mask_agree(void **state)
{
	struct tcphdr th = { .source = 0 };

	(void)state;
	th.fin = 1;
	assert_int_equal(tcp_flag_byte(&th), TCPHDR_FIN);
	th.flags = 0;
	th.syn = 1;
	assert_int_equal(tcp_flag_byte(&th), TCPHDR_SYN);
	th.flags = 0;
	th.rst = 1;
	assert_int_equal(tcp_flag_byte(&th), TCPHDR_RST);
	th.flags = 0;
	th.psh = 1;
	assert_int_equal(tcp_flag_byte(&th), TCPHDR_PSH);
	th.flags = 0;
	th.ack = 1;
	assert_int_equal(tcp_flag_byte(&th), TCPHDR_ACK);
	th.flags = 0;
	th.urg = 1;
	assert_int_equal(tcp_flag_byte(&th), TCPHDR_URG);
	th.flags = 0;
	th.ece = 1;
	assert_int_equal(tcp_flag_byte(&th), TCPHDR_ECE);
	th.flags = 0;
	th.cwr = 1;
	assert_int_equal(tcp_flag_byte(&th), TCPHDR_CWR);
	th.doff = 9;
	assert_int_equal(__tcp_hdrlen(&th), 36);
	assert_int_equal(th.doff_res, 0x90);
	th.ae = 1;
	assert_int_equal(th.doff_res, 0x91);
}

static void build_then_parse_agree(void **state)
{
	struct tcp_seg_info seg, out = {
		.source = htons(1), .dest = htons(65535), .seq = 0xfffffff0,
		.ack_seq = 0x80000000, .window = 65535, .urg_ptr = 513,
		.flags = TCPHDR_SYN | TCPHDR_URG, .ae = true,
	};
	unsigned int hdr_len;
	u8 *p;

	(void)state;
	for (hdr_len = 20; hdr_len <= 60; hdr_len += 4) {
		out.hdr_len = (u8)hdr_len;
		p = guard_take(&guard, hdr_len, 0xcc);
		assert_int_equal(tcp_build(p, hdr_len, &out), 20);
		assert_int_equal(p[16] | p[17], 0);
		if (hdr_len > 20)
			assert_int_equal(p[20], 0xcc);
		assert_int_equal(tcp_parse(p, hdr_len, hdr_len, &seg), 0);
		assert_int_equal(seg.source, out.source);
		assert_int_equal(seg.dest, out.dest);
		assert_int_equal(seg.seq, out.seq);
		assert_int_equal(seg.ack_seq, out.ack_seq);
		assert_int_equal(seg.window, out.window);
		assert_int_equal(seg.urg_ptr, out.urg_ptr);
		assert_int_equal(seg.flags, out.flags);
		assert_true(seg.ae);
		assert_int_equal(seg.hdr_len, hdr_len);
		assert_int_equal(tcp_build(p, hdr_len - 1, &out),
				 -WIRE_NO_ROOM);
	}
}

static void build_of_impossible_header_is_refused(void **state)
{
	struct tcp_seg_info out = { .hdr_len = 16 };
	u8 raw[80];

	(void)state;
	assert_int_equal(tcp_build(raw, 80, &out), -WIRE_RANGE);
	out.hdr_len = 22;
	assert_int_equal(tcp_build(raw, 80, &out), -WIRE_RANGE);
	out.hdr_len = 64;
	assert_int_equal(tcp_build(raw, 80, &out), -WIRE_RANGE);
}

/* Any flip, also of the addresses of the pseudo header. */
static void checksum_any_bit_flipped_is_noticed(void **state)
{
	__be32 s = inet_addr("10.0.0.1"), d = inet_addr("10.0.0.2");
	u8 raw[27];
	__sum16 sum;
	size_t bit;

	(void)state;
	memset(raw, 0x41, sizeof(raw));
	memcpy(raw, plain, 20);
	memset(raw + 16, 0, 2);
	sum = tcp_v4_check(27, s, d, csum_partial(raw, 27, 0));
	memcpy(raw + 16, &sum, 2);
	assert_int_equal(tcp_v4_check(27, s, d, csum_partial(raw, 27, 0)), 0);
	for (bit = 0; bit < sizeof(raw) * 8; bit++) {
		raw[bit / 8] ^= (u8)(1 << bit % 8);
		assert_int_not_equal(tcp_v4_check(27, s, d,
				     csum_partial(raw, 27, 0)), 0);
		raw[bit / 8] ^= (u8)(1 << bit % 8);
	}
	for (bit = 0; bit < 32; bit++)
		assert_int_not_equal(tcp_v4_check(27, s, d ^ 1u << bit,
				     csum_partial(raw, 27, 0)), 0);
	assert_int_not_equal(tcp_v4_check(26, s, d,
			     csum_partial(raw, 27, 0)), 0);
}

/* The pseudo header against RFC 1071's method by hand, known answer. */
static void checksum_of_known_segment_is_exact(void **state)
{
	__be32 s = inet_addr("192.168.0.1"), d = inet_addr("192.168.0.2");
	static const u8 pseudo[12] = { 192, 168, 0, 1, 192, 168, 0, 2, 0, 6, 0, 20 };
	u8 all[32];
	u32 sum = 0;
	size_t i;

	(void)state;
	memcpy(all, pseudo, 12);
	memcpy(all + 12, plain, 20);
	for (i = 0; i < sizeof(all); i += 2)
		sum += (u32)all[i] << 8 | all[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(tcp_v4_check(20, s, d, csum_partial(plain, 20, 0)),
			 htons((u16)~sum));
}

static void sequence_around_zero_is_ordered(void **state)
{
	(void)state;
	assert_true(before(0xffffffff, 0));
	assert_false(before(0, 0xffffffff));
	assert_true(after(0, 0xffffffff));
	assert_false(before(5, 5));
	assert_false(after(5, 5));
	assert_true(before(0x7fffffff, 0x80000000));
	assert_true(before(0, 0x7fffffff));
	assert_false(before(0, 0x80000001));
	assert_true(after(0, 0x80000001));

	assert_true(between(5, 5, 5));
	assert_true(between(0, 0xfffffff0, 0x10));
	assert_true(between(0xfffffff0, 0xfffffff0, 0x10));
	assert_true(between(0x10, 0xfffffff0, 0x10));
	assert_false(between(0x11, 0xfffffff0, 0x10));
	assert_false(between(0xffffffef, 0xfffffff0, 0x10));
}

/* Shifting both numbers round the circle changes nothing. */
static void sequence_at_any_place_compares_alike(void **state)
{
	static const u32 step[] = { 1, 2, 1000, 65535, 1u << 30, 0x7fffffff };
	u32 base = 0;
	size_t i, n;

	(void)state;
	for (n = 0; n < 4096; n++, base += 0x00100401) {
		for (i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
			assert_true(before(base, base + step[i]));
			assert_true(after(base + step[i], base));
			assert_false(after(base, base + step[i]));
			assert_true(between(base + step[i] / 2, base,
					    base + step[i]));
			assert_false(between(base + step[i] + 1, base,
					     base + step[i]));
		}
	}
}

static void header_at_any_alignment_parses_alike(void **state)
{
	const struct tcphdr *th;
	struct tcp_seg_info seg;
	unsigned int align;
	u8 *p;

	(void)state;
	for (align = 0; align < 8; align++) {
		p = guard_copy_aligned(&guard, plain, 20, align);
		th = (const struct tcphdr *)p;
		assert_int_equal(tcp_parse(p, 20, 20, &seg), 0);
		assert_int_equal(seg.ack_seq, 0x55667788);
		assert_int_equal(th->seq, htonl(0x11223344));
		assert_int_equal(th->urg_ptr, htons(0x8001));
	}
}

/* Both headers, one name: ours is the packed one, libc's names are there. */
static void libc_header_beside_leaves_ours(void **state)
{
	(void)state;
	assert_int_equal(_Alignof(struct tcphdr), 1);
	assert_int_equal(TCP_ESTABLISHED, 1);
	assert_int_equal(TCP_NODELAY, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_plain_gives_its_fields),
		cmocka_unit_test(window_with_top_bit_is_positive),
		cmocka_unit_test(header_every_offset_and_length_is_judged),
		cmocka_unit_test(info_after_refusal_is_untouched),
		cmocka_unit_test(reserved_bits_any_value_is_ignored),
		cmocka_unit_test(build_any_flags_leaves_reserved_bits_zero),
		cmocka_unit_test(flags_by_bit_and_by_mask_agree),
		cmocka_unit_test(build_then_parse_agree),
		cmocka_unit_test(build_of_impossible_header_is_refused),
		cmocka_unit_test(checksum_any_bit_flipped_is_noticed),
		cmocka_unit_test(checksum_of_known_segment_is_exact),
		cmocka_unit_test(sequence_around_zero_is_ordered),
		cmocka_unit_test(sequence_at_any_place_compares_alike),
		cmocka_unit_test(header_at_any_alignment_parses_alike),
		cmocka_unit_test(libc_header_beside_leaves_ours),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
