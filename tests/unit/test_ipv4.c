/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPv4 header, its lies, and the classes of addresses.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>

#include "guard.h"
#include "lib/checksum.h"
#include "wire/ipv4.h"

/* RFC 1071's method by hand, so that the library does not judge itself. */
static u16 checksum_by_hand(const u8 *p, size_t len)
{
	u32 sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (u32)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

/* Put the right checksum over @len bytes into a header. */
static void fix_checksum(u8 *p, size_t len)
{
	u16 sum;

	p[10] = 0;
	p[11] = 0;
	sum = checksum_by_hand(p, len);
	p[10] = (u8)(sum >> 8);
	p[11] = (u8)sum;
}

/* 10.0.0.1 > 10.0.0.2, UDP, @tot_len bytes */
static void header(u8 *p, unsigned int ver, unsigned int ihl,
		   unsigned int tot_len)
{
	static const u8 tail[16] = {
		0x12, 0x34, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2
	};

	p[0] = (u8)(ver << 4 | ihl);
	p[1] = 0;
	p[2] = (u8)(tot_len >> 8);
	p[3] = (u8)tot_len;
	memcpy(p + 4, tail, sizeof(tail));
}

static void header_plain_gives_its_fields(void **state)
{
	struct ipv4_info info;
	u8 *p = guard_take(&guard, 48, 0);

	(void)state;
	header(p, 4, 5, 40);
	p[1] = 0xb9;
	fix_checksum(p, 20);
	assert_int_equal(ipv4_parse(p, 48, &info), 0);
	assert_int_equal(info.saddr, inet_addr("10.0.0.1"));
	assert_int_equal(info.daddr, inet_addr("10.0.0.2"));
	assert_int_equal(info.tot_len, 40);	/* 8 bytes of padding beyond */
	assert_int_equal(info.id, 0x1234);
	assert_int_equal(info.hdr_len, 20);
	assert_int_equal(info.opt_len, 0);
	assert_int_equal(info.tos, 0xb9);
	assert_int_equal(info.ttl, 64);
	assert_int_equal(info.protocol, IPPROTO_UDP);
	assert_int_equal(info.frag_off, 0);
	assert_true(info.df);
	assert_false(info.mf);
}

/*
 * @req 791-1 @attack I1: version 0-15 x IHL 0-15 x total lengths x frame
 * lengths, checksum right as far as the header reaches. The expectation is
 * written from RFC 791, in the order of the checks of the parser.
 */
static int expected(unsigned int ver, unsigned int ihl, unsigned int tot,
		    size_t frame)
{
	if (frame < 20)
		return -WIRE_SHORT;
	if (ver != 4)
		return -WIRE_VERSION;
	if (ihl < 5 || ihl * 4 > frame)
		return -WIRE_HDR_LEN;
	if (tot < ihl * 4 || tot > frame)
		return -WIRE_TOT_LEN;
	return 0;
}

static void check_one(unsigned int ver, unsigned int ihl, unsigned int tot,
		      size_t frame)
{
	u8 raw[128] = { 0 };
	struct ipv4_info info;
	int err, want = expected(ver, ihl, tot, frame);

	header(raw, ver, ihl, tot);
	fix_checksum(raw, ihl < 5 ? 20 : ihl * 4);
	err = ipv4_parse(guard_copy(&guard, raw, frame), frame, &info);
	if (err != want)
		fail_msg("ver %u ihl %u tot %u frame %zu: %d, not %d", ver,
			 ihl, tot, frame, err, want);
	if (err)
		return;
	assert_int_equal(info.hdr_len, ihl * 4);
	assert_int_equal(info.opt_len, ihl * 4 - 20);
	assert_true(info.tot_len >= info.hdr_len && info.tot_len <= frame);
}

static void header_every_version_ihl_length_is_judged(void **state)
{
	static const size_t frames[] = {
		0, 1, 19, 20, 21, 23, 24, 28, 46, 59, 60, 61, 100
	};
	unsigned int ver, ihl, t, f;

	(void)state;
	for (ver = 0; ver < 16; ver++) {
		for (ihl = 0; ihl < 16; ihl++) {
			for (f = 0; f < sizeof(frames) / sizeof(frames[0]); f++) {
				const unsigned int tots[] = {
					0, 1, 19, 20, 21,
					ihl ? ihl * 4 - 1 : 0, ihl * 4,
					ihl * 4 + 1, (unsigned int)frames[f],
					(unsigned int)frames[f] + 1, 65535
				};

				for (t = 0; t < sizeof(tots) / sizeof(tots[0]);
				     t++)
					check_one(ver, ihl, tots[t], frames[f]);
			}
		}
	}
}

/* A header that ends inside what can be read, but not inside the frame. */
static void header_options_not_pulled_is_refused(void **state)
{
	struct ipv4_info info;
	u8 raw[60] = { 0 };

	(void)state;
	header(raw, 4, 15, 60);
	fix_checksum(raw, 60);
	assert_int_equal(ipv4_parse_header(guard_copy(&guard, raw, 59), 59, 100,
					   &info), -WIRE_HDR_LEN);
	assert_int_equal(ipv4_parse_header(guard_copy(&guard, raw, 60), 60, 100,
					   &info), 0);
	assert_int_equal(ipv4_parse_header(raw, 60, 59, &info), -WIRE_SHORT);
}

/* @attack I2: each single bit flipped */
static void header_any_bit_flipped_is_refused(void **state)
{
	struct ipv4_info info;
	u8 raw[60] = { 0 };
	unsigned int bit, ihl;
	u8 *p;

	(void)state;
	for (ihl = 5; ihl <= 15; ihl += 5) {
		header(raw, 4, ihl, ihl * 4);
		fix_checksum(raw, ihl * 4);
		for (bit = 0; bit < ihl * 32; bit++) {
			p = guard_copy(&guard, raw, ihl * 4);
			p[bit / 8] ^= (u8)(1 << bit % 8);
			assert_true(ipv4_parse(p, ihl * 4, &info) < 0);
		}
	}
}

/* @attack I2: every checksum but the right one (and its other zero) */
static void header_any_other_checksum_is_refused(void **state)
{
	struct ipv4_info info;
	u8 raw[20] = { 0 };
	unsigned int sum, good, accepted = 0;

	(void)state;
	header(raw, 4, 5, 20);
	fix_checksum(raw, 20);
	good = (unsigned int)raw[10] << 8 | raw[11];
	for (sum = 0; sum <= 0xffff; sum++) {
		raw[10] = (u8)(sum >> 8);
		raw[11] = (u8)sum;
		if (ipv4_parse(raw, 20, &info) == 0) {
			assert_int_equal(sum, good);
			accepted++;
		}
	}
	assert_int_equal(accepted, 1);
}

static void header_fragment_gives_offset_in_bytes(void **state)
{
	struct ipv4_info info;
	u8 raw[28] = { 0 };

	(void)state;
	header(raw, 4, 5, 28);
	raw[6] = 0x3f;
	raw[7] = 0xff;
	fix_checksum(raw, 20);
	assert_int_equal(ipv4_parse(raw, 28, &info), 0);
	assert_int_equal(info.frag_off, 65528);
	assert_true(info.mf);
	assert_false(info.df);
	assert_true(ip_is_fragment((const struct iphdr *)raw));

	raw[6] = 0x40;
	raw[7] = 0;
	assert_false(ip_is_fragment((const struct iphdr *)raw));
	raw[6] = 0x20;
	assert_true(ip_is_fragment((const struct iphdr *)raw));
}

/* The reserved flag is ignored on reception, never sent. */
static void header_reserved_flag_is_ignored(void **state)
{
	struct ipv4_info info;
	u8 raw[20] = { 0 };

	(void)state;
	header(raw, 4, 5, 20);
	raw[6] = 0x80;
	fix_checksum(raw, 20);
	assert_int_equal(ipv4_parse(raw, 20, &info), 0);
	assert_false(info.df || info.mf);
	assert_int_equal(info.frag_off, 0);
	assert_int_equal(ipv4_build(raw, 20, &info), 20);
	assert_int_equal(raw[6], 0);
}

static void info_after_refusal_is_untouched(void **state)
{
	struct ipv4_info info, before;
	u8 raw[20] = { 0 };

	(void)state;
	memset(&info, 0x77, sizeof(info));
	before = info;
	header(raw, 4, 5, 21);
	fix_checksum(raw, 20);
	assert_int_equal(ipv4_parse(raw, 20, &info), -WIRE_TOT_LEN);
	assert_memory_equal(&info, &before, sizeof(info));
}

static void build_then_parse_agree(void **state)
{
	struct ipv4_info info, out = {
		.saddr = inet_addr("192.0.2.1"), .daddr = inet_addr("192.0.2.2"),
		.tot_len = 1500, .id = 0xbeef, .frag_off = 1480, .tos = 3,
		.ttl = 1, .protocol = IPPROTO_TCP, .df = true, .mf = true,
	};
	unsigned int hdr_len;
	u8 *p;

	(void)state;
	for (hdr_len = 20; hdr_len <= 60; hdr_len += 4) {
		out.hdr_len = (u8)hdr_len;
		p = guard_take(&guard, 1500, 0x9d);
		assert_int_equal(ipv4_build(p, 1500, &out), hdr_len);
		assert_int_equal(p[hdr_len], 0x9d);
		assert_int_equal(checksum_by_hand(p, hdr_len), 0);
		assert_int_equal(ipv4_parse(p, 1500, &info), 0);
		assert_int_equal(info.saddr, out.saddr);
		assert_int_equal(info.daddr, out.daddr);
		assert_int_equal(info.tot_len, 1500);
		assert_int_equal(info.id, 0xbeef);
		assert_int_equal(info.frag_off, 1480);
		assert_int_equal(info.hdr_len, hdr_len);
		assert_int_equal(info.tos, 3);
		assert_int_equal(info.ttl, 1);
		assert_int_equal(info.protocol, IPPROTO_TCP);
		assert_true(info.df && info.mf);
	}
}

static void build_of_impossible_header_is_refused(void **state)
{
	struct ipv4_info out = { .hdr_len = 20, .tot_len = 20 };
	u8 buf[64];

	(void)state;
	assert_int_equal(ipv4_build(buf, 20, &out), 20);
	assert_int_equal(ipv4_build(buf, 19, &out), -WIRE_NO_ROOM);
	out.hdr_len = 16;
	assert_int_equal(ipv4_build(buf, 64, &out), -WIRE_RANGE);
	out.hdr_len = 22;
	out.tot_len = 22;
	assert_int_equal(ipv4_build(buf, 64, &out), -WIRE_RANGE);
	out.hdr_len = 64;
	out.tot_len = 64;
	assert_int_equal(ipv4_build(buf, 64, &out), -WIRE_RANGE);
	out.hdr_len = 24;
	out.tot_len = 23;
	assert_int_equal(ipv4_build(buf, 64, &out), -WIRE_RANGE);
	out.tot_len = 24;
	out.frag_off = 12;
	assert_int_equal(ipv4_build(buf, 64, &out), -WIRE_RANGE);
}

static void header_at_any_alignment_parses_alike(void **state)
{
	const struct iphdr *iph;
	struct ipv4_info info;
	unsigned int align;
	u8 raw[24] = { 0 }, *p;

	(void)state;
	header(raw, 4, 6, 24);
	fix_checksum(raw, 24);
	for (align = 0; align < 8; align++) {
		p = guard_copy_aligned(&guard, raw, 24, align);
		iph = (const struct iphdr *)p;
		assert_int_equal(ipv4_parse(p, 24, &info), 0);
		assert_int_equal(iph->daddr, inet_addr("10.0.0.2"));
		assert_int_equal(iph->version, 4);
		assert_int_equal(iph->ihl, 6);
		assert_int_equal(ipv4_hdr_len(iph), 24);
		ip_send_check((struct iphdr *)p);
		assert_memory_equal(p, raw, 24);
	}
}

static void changed_header_after_send_check_is_valid(void **state)
{
	struct ipv4_info info;
	u8 raw[20] = { 0 };

	(void)state;
	header(raw, 4, 5, 20);
	fix_checksum(raw, 20);
	raw[8]--;
	assert_int_equal(ipv4_parse(raw, 20, &info), -WIRE_CSUM);
	ip_send_check((struct iphdr *)raw);
	assert_int_equal(ipv4_parse(raw, 20, &info), 0);
	assert_int_equal(info.ttl, 63);
}

/* Edges of every class: first and last inside, the neighbours outside. */
static void address_at_class_edges_is_classified(void **state)
{
	static const struct {
		const char *addr;
		const char *classes;	/* letters of those that hold */
	} rows[] = {
		{ "0.0.0.0", "z0" },		{ "0.0.0.1", "0" },
		{ "0.255.255.255", "0" },	{ "1.0.0.0", "" },
		{ "9.255.255.255", "" },	{ "10.0.0.0", "A" },
		{ "10.255.255.255", "A" },	{ "11.0.0.0", "" },
		{ "126.255.255.255", "" },	{ "127.0.0.0", "l" },
		{ "127.255.255.255", "l" },	{ "128.0.0.0", "" },
		{ "169.253.255.255", "" },	{ "169.254.0.0", "9" },
		{ "169.254.255.255", "9" },	{ "169.255.0.0", "" },
		{ "172.15.255.255", "" },	{ "172.16.0.0", "B" },
		{ "172.31.255.255", "B" },	{ "172.32.0.0", "" },
		{ "192.167.255.255", "" },	{ "192.168.0.0", "C" },
		{ "192.168.255.255", "C" },	{ "192.169.0.0", "" },
		{ "223.255.255.255", "" },	{ "224.0.0.0", "mM" },
		{ "224.0.0.106", "mMs" },	{ "224.0.0.255", "mM" },
		{ "224.0.1.0", "m" },		{ "239.255.255.255", "m" },
		{ "240.0.0.0", "E" },		{ "255.255.255.254", "E" },
		{ "255.255.255.255", "Eb" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		__be32 a = inet_addr(rows[i].addr);
		const struct { char c; bool is; } got[] = {
			{ 'z', ipv4_is_zeronet(a) },
			{ '0', ipv4_is_this_network(a) },
			{ 'l', ipv4_is_loopback(a) },
			{ 'm', ipv4_is_multicast(a) },
			{ 'M', ipv4_is_local_multicast(a) },
			{ 's', ipv4_is_all_snoopers(a) },
			{ 'E', ipv4_is_class_e(a) },
			{ 'b', ipv4_is_lbcast(a) },
			{ '9', ipv4_is_linklocal_169(a) },
			{ 'A', ipv4_is_private_10(a) },
			{ 'B', ipv4_is_private_172(a) },
			{ 'C', ipv4_is_private_192(a) },
		};
		size_t k;

		for (k = 0; k < sizeof(got) / sizeof(got[0]); k++)
			if (got[k].is != !!strchr(rows[i].classes, got[k].c))
				fail_msg("%s: class %c is %d", rows[i].addr,
					 got[k].c, got[k].is);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_plain_gives_its_fields),
		cmocka_unit_test(header_every_version_ihl_length_is_judged),
		cmocka_unit_test(header_options_not_pulled_is_refused),
		cmocka_unit_test(header_any_bit_flipped_is_refused),
		cmocka_unit_test(header_any_other_checksum_is_refused),
		cmocka_unit_test(header_fragment_gives_offset_in_bytes),
		cmocka_unit_test(header_reserved_flag_is_ignored),
		cmocka_unit_test(info_after_refusal_is_untouched),
		cmocka_unit_test(build_then_parse_agree),
		cmocka_unit_test(build_of_impossible_header_is_refused),
		cmocka_unit_test(header_at_any_alignment_parses_alike),
		cmocka_unit_test(changed_header_after_send_check_is_valid),
		cmocka_unit_test(address_at_class_edges_is_classified),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
