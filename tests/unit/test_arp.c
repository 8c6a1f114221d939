/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ARP packets and their lies.
 */
#include "unit.h"

#include <arpa/inet.h>

#include "guard.h"
#include "wire/arp.h"

/* Who has 10.0.0.2? Tell 10.0.0.1. */
static const u8 request[ARP_HLEN] = {
	0, 1, 8, 0, 6, 4, 0, 1,
	2, 0, 0, 0, 0, 0xa, 10, 0, 0, 1,
	0, 0, 0, 0, 0, 0, 10, 0, 0, 2
};

static int parse(const u8 *src, size_t len, struct arp_info *info)
{
	return arp_parse(guard_copy(&guard, src, len), len, info);
}

static void request_whole_gives_its_fields(void **state)
{
	struct arp_info info;

	(void)state;
	assert_int_equal(parse(request, sizeof(request), &info), 0);
	assert_int_equal(info.op, ARPOP_REQUEST);
	assert_int_equal(info.sip, inet_addr("10.0.0.1"));
	assert_int_equal(info.tip, inet_addr("10.0.0.2"));
	assert_memory_equal(info.sha, "\2\0\0\0\0\xa", 6);
	assert_memory_equal(info.tha, "\0\0\0\0\0\0", 6);
}

/* @req 826-1 @attack A1: 0 to 27 bytes (CVE-2020-11914) */
static void packet_cut_at_any_byte_is_short(void **state)
{
	struct arp_info info;
	size_t len;

	(void)state;
	for (len = 0; len < ARP_HLEN; len++)
		assert_int_equal(parse(request, len, &info), -WIRE_SHORT);
}

static void packet_padded_to_60_is_accepted(void **state)
{
	u8 padded[46] = { 0 };
	struct arp_info info;

	(void)state;
	memcpy(padded, request, sizeof(request));
	assert_int_equal(parse(padded, sizeof(padded), &info), 0);
}

/* @req 826-1 @attack A1: every other value of the five identifying bytes */
static void packet_other_hardware_or_protocol_is_refused(void **state)
{
	struct arp_info info;
	u8 raw[ARP_HLEN];
	unsigned int at, value;

	(void)state;
	for (at = 0; at < 6; at++) {
		for (value = 0; value < 256; value++) {
			memcpy(raw, request, sizeof(raw));
			raw[at] = (u8)value;
			assert_int_equal(parse(raw, sizeof(raw), &info),
					 value == request[at] ? 0 :
					 -WIRE_ARP_TYPE);
		}
	}
}

/* Opcodes are for the caller to judge: row A5 is decided there. */
static void packet_any_opcode_is_passed_on(void **state)
{
	struct arp_info info;
	u8 raw[ARP_HLEN];
	unsigned int op;

	(void)state;
	memcpy(raw, request, sizeof(raw));
	for (op = 0; op < 65536; op += 251) {
		raw[6] = (u8)(op >> 8);
		raw[7] = (u8)op;
		assert_int_equal(parse(raw, sizeof(raw), &info), 0);
		assert_int_equal(info.op, op);
	}
}

static void info_after_refusal_is_untouched(void **state)
{
	struct arp_info info, before;

	(void)state;
	memset(&info, 0x77, sizeof(info));
	before = info;
	assert_int_equal(parse(request, 27, &info), -WIRE_SHORT);
	assert_memory_equal(&info, &before, sizeof(info));
}

static void build_then_parse_agree(void **state)
{
	struct arp_info info, out = {
		.op = ARPOP_REPLY, .sip = inet_addr("192.0.2.1"),
		.tip = inet_addr("192.0.2.99"),
		.sha = { 1, 2, 3, 4, 5, 6 }, .tha = { 7, 8, 9, 10, 11, 12 },
	};
	u8 *p = guard_take(&guard, ARP_HLEN, 0xcc);

	(void)state;
	assert_int_equal(arp_build(p, ARP_HLEN, &out), ARP_HLEN);
	assert_int_equal(arp_parse(p, ARP_HLEN, &info), 0);
	assert_int_equal(info.op, out.op);
	assert_int_equal(info.sip, out.sip);
	assert_int_equal(info.tip, out.tip);
	assert_memory_equal(info.sha, out.sha, 6);
	assert_memory_equal(info.tha, out.tha, 6);
}

static void build_of_known_request_is_byte_exact(void **state)
{
	struct arp_info out = {
		.op = ARPOP_REQUEST, .sip = inet_addr("10.0.0.1"),
		.tip = inet_addr("10.0.0.2"), .sha = { 2, 0, 0, 0, 0, 0xa },
	};
	u8 *p = guard_take(&guard, ARP_HLEN, 0xcc);

	(void)state;
	assert_int_equal(arp_build(p, ARP_HLEN, &out), ARP_HLEN);
	assert_memory_equal(p, request, ARP_HLEN);
}

static void build_without_room_writes_nothing(void **state)
{
	struct arp_info out = { .op = 1 };
	u8 *p = guard_take(&guard, ARP_HLEN - 1, 0xcc);

	(void)state;
	assert_int_equal(arp_build(p, ARP_HLEN - 1, &out), -WIRE_NO_ROOM);
	assert_int_equal(p[0], 0xcc);
	assert_int_equal(p[ARP_HLEN - 2], 0xcc);
}

static void packet_at_any_alignment_parses_alike(void **state)
{
	const struct arphdr *arp;
	struct arp_info info;
	unsigned int align;
	u8 *p;

	(void)state;
	for (align = 0; align < 8; align++) {
		p = guard_copy_aligned(&guard, request, ARP_HLEN, align);
		arp = (const struct arphdr *)p;
		assert_int_equal(arp_parse(p, ARP_HLEN, &info), 0);
		assert_int_equal(info.tip, inet_addr("10.0.0.2"));
		assert_int_equal(arp->ar_tip, info.tip);
		assert_int_equal(arp->ar_op, htons(ARPOP_REQUEST));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_whole_gives_its_fields),
		cmocka_unit_test(packet_cut_at_any_byte_is_short),
		cmocka_unit_test(packet_padded_to_60_is_accepted),
		cmocka_unit_test(packet_other_hardware_or_protocol_is_refused),
		cmocka_unit_test(packet_any_opcode_is_passed_on),
		cmocka_unit_test(info_after_refusal_is_untouched),
		cmocka_unit_test(build_then_parse_agree),
		cmocka_unit_test(build_of_known_request_is_byte_exact),
		cmocka_unit_test(build_without_room_writes_nothing),
		cmocka_unit_test(packet_at_any_alignment_parses_alike),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
