/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP messages, and the packets that errors quote.
 */
#include "unit.h"

#include <arpa/inet.h>

#include "guard.h"
#include "lib/checksum.h"
#include "wire/icmp.h"
#include "wire/ipv4.h"

/* A message with a right checksum, @len bytes in all. */
static u8 *message(u8 type, u8 code, size_t len)
{
	u8 *p = guard_take(&guard, len, 0x3c);
	__sum16 sum;

	p[0] = type;
	p[1] = code;
	p[2] = 0;
	p[3] = 0;
	sum = ip_compute_csum(p, len);
	memcpy(p + 2, &sum, 2);
	return p;
}

/* @attack C1: 0 to 7 bytes */
static void message_cut_at_any_byte_is_short(void **state)
{
	struct icmp_info info;
	u8 *p;
	size_t len;

	(void)state;
	for (len = 0; len < 8; len++) {
		p = guard_take(&guard, len, 0);
		assert_int_equal(icmp_parse(p, len, &info), -WIRE_SHORT);
		assert_int_equal(icmp_parse_header(p, len, &info), -WIRE_SHORT);
	}
}

/* @attack C1: type 0-255 x code 0-255, right checksum and wrong */
static void message_every_type_and_code_is_passed_on(void **state)
{
	struct icmp_info info;
	unsigned int type, code;
	u8 *p;

	(void)state;
	for (type = 0; type < 256; type++) {
		for (code = 0; code < 256; code++) {
			p = message((u8)type, (u8)code, 13);
			assert_int_equal(icmp_parse(p, 13, &info), 0);
			assert_int_equal(info.type, type);
			assert_int_equal(info.code, code);
			assert_int_equal(info.data_len, 5);
			p[12] ^= 0x10;
			assert_int_equal(icmp_parse(p, 13, &info), -WIRE_CSUM);
		}
	}
}

static void message_any_bit_flipped_is_refused(void **state)
{
	struct icmp_info info;
	size_t len, bit;
	u8 *p;

	(void)state;
	for (len = 8; len < 20; len++) {
		p = message(8, 0, len);
		for (bit = 0; bit < len * 8; bit++) {
			p[bit / 8] ^= (u8)(1 << bit % 8);
			assert_int_equal(icmp_parse(p, len, &info), -WIRE_CSUM);
			p[bit / 8] ^= (u8)(1 << bit % 8);
		}
	}
}

static void message_fields_are_read_by_type(void **state)
{
	static const u8 raw[8] = { 8, 0, 0, 0, 0x12, 0x34, 0x05, 0xdc };
	struct icmp_info info;

	(void)state;
	assert_int_equal(icmp_parse_header(raw, 8, &info), 0);
	assert_int_equal(info.id, htons(0x1234));
	assert_int_equal(info.sequence, htons(0x05dc));
	assert_int_equal(info.mtu, 1500);
	assert_int_equal(info.pointer, 0x12);
	assert_int_equal(info.gateway, inet_addr("18.52.5.220"));
}

static void type_error_or_query_is_known(void **state)
{
	unsigned int type;

	(void)state;
	for (type = 0; type < 256; type++)
		assert_int_equal(icmp_is_err((u8)type),
				 type == 3 || type == 4 || type == 5 ||
				 type == 11 || type == 12);
}

/* ---- quotations ---- */

/* 10.0.0.2 > 10.0.0.1 with @ihl words, then the head of a TCP segment */
static void quotation(u8 raw[80], unsigned int ihl, u8 protocol)
{
	static const u8 head[20] = {
		0x45, 0, 0, 52, 0x11, 0x22, 0x40, 0, 63, 6, 0xee, 0xee,
		10, 0, 0, 2, 10, 0, 0, 1
	};
	static const u8 tcp[20] = {
		0x9c, 0x40, 0, 7, 0x11, 0x22, 0x33, 0x44,
		0x55, 0x66, 0x77, 0x88, 0x50, 0x10, 1, 0, 0, 0, 0, 0
	};

	memset(raw, 1, 80);
	memcpy(raw, head, 20);
	raw[0] = (u8)(0x40 | ihl);
	raw[9] = protocol;
	memcpy(raw + (ihl < 5 ? 20 : ihl * 4), tcp, 20);
}

static int quote(const u8 *raw, size_t len, struct icmp_quote *q)
{
	return icmp_quote_parse(guard_copy(&guard, raw, len), len, q);
}

/* @attack C2: TCP quoted with 0 to 79 bytes, every IHL */
static void quote_every_length_and_ihl_is_judged(void **state)
{
	struct icmp_quote q;
	unsigned int ihl;
	u8 raw[80];
	size_t len;
	int want;

	(void)state;
	for (ihl = 0; ihl < 16; ihl++) {
		quotation(raw, ihl, IPPROTO_TCP);
		for (len = 0; len <= 80; len++) {
			want = len < 20 ? -WIRE_SHORT :
			       ihl < 5 || ihl * 4 > len ? -WIRE_HDR_LEN :
			       len < ihl * 4 + 8 ? -WIRE_QUOTE : 0;
			if (quote(raw, len, &q) != want)
				fail_msg("ihl %u len %zu: not %d", ihl, len,
					 want);
			if (want)
				continue;
			assert_int_equal(q.hdr_len, ihl * 4);
			assert_int_equal(q.quoted_len, len - ihl * 4);
			assert_true(q.has_seq);
			assert_int_equal(q.seq, 0x11223344);
			assert_int_equal(q.has_ack, len >= ihl * 4 + 12);
			assert_int_equal(q.ack_seq,
					 q.has_ack ? 0x55667788 : 0);
		}
	}
}

static void quote_tcp_gives_ports_and_sequence(void **state)
{
	struct icmp_quote q;
	u8 raw[80];

	(void)state;
	quotation(raw, 5, IPPROTO_TCP);
	assert_int_equal(quote(raw, 28, &q), 0);
	assert_int_equal(q.saddr, inet_addr("10.0.0.2"));
	assert_int_equal(q.daddr, inet_addr("10.0.0.1"));
	assert_int_equal(q.tot_len, 52);
	assert_int_equal(q.id, 0x1122);
	assert_int_equal(q.ttl, 63);
	assert_int_equal(q.protocol, IPPROTO_TCP);
	assert_true(q.df);
	assert_true(q.has_ports);
	assert_int_equal(q.sport, htons(40000));
	assert_int_equal(q.dport, htons(7));
	assert_false(q.has_echo);
}

static void quote_udp_gives_ports_but_no_sequence(void **state)
{
	struct icmp_quote q;
	u8 raw[80];

	(void)state;
	quotation(raw, 5, IPPROTO_UDP);
	assert_int_equal(quote(raw, 40, &q), 0);
	assert_true(q.has_ports);
	assert_false(q.has_seq);
	assert_false(q.has_ack);
	assert_int_equal(q.seq, 0);
}

static void quote_icmp_gives_identifier(void **state)
{
	struct icmp_quote q;
	u8 raw[80];

	(void)state;
	quotation(raw, 6, IPPROTO_ICMP);
	assert_int_equal(quote(raw, 32, &q), 0);
	assert_true(q.has_echo);
	assert_false(q.has_ports);
	assert_int_equal(q.icmp_type, 0x9c);
	assert_int_equal(q.icmp_code, 0x40);
	assert_int_equal(q.icmp_id, htons(0x1122));
	assert_int_equal(q.icmp_sequence, htons(0x3344));
}

static void quote_other_protocol_gives_addresses_only(void **state)
{
	struct icmp_quote q;
	unsigned int protocol, with_ports = 0;
	u8 raw[80];

	(void)state;
	for (protocol = 0; protocol < 256; protocol++) {
		quotation(raw, 5, (u8)protocol);
		assert_int_equal(quote(raw, 28, &q), 0);
		assert_int_equal(q.protocol, protocol);
		assert_int_equal(q.has_echo, protocol == IPPROTO_ICMP);
		with_ports += q.has_ports;
	}
	assert_int_equal(with_ports, 5);
}

/* @attack C2: a later fragment names nobody, whatever its bytes say */
static void quote_later_fragment_is_refused(void **state)
{
	struct icmp_quote q;
	unsigned int off;
	u8 raw[80];

	(void)state;
	quotation(raw, 5, IPPROTO_TCP);
	for (off = 1; off < 0x2000; off += 31) {
		raw[6] = (u8)(off >> 8);
		raw[7] = (u8)off;
		assert_int_equal(quote(raw, 40, &q), -WIRE_FRAGMENT);
	}
	raw[6] = 0x20;		/* the first fragment does */
	raw[7] = 0;
	assert_int_equal(quote(raw, 40, &q), 0);
	assert_true(q.has_ports);
}

static void quote_other_version_is_refused(void **state)
{
	struct icmp_quote q;
	unsigned int ver;
	u8 raw[80];

	(void)state;
	quotation(raw, 5, IPPROTO_TCP);
	for (ver = 0; ver < 16; ver++) {
		raw[0] = (u8)(ver << 4 | 5);
		assert_int_equal(quote(raw, 40, &q),
				 ver == 4 ? 0 : -WIRE_VERSION);
	}
}

static void quote_after_refusal_is_untouched(void **state)
{
	struct icmp_quote q, before;
	u8 raw[80];

	(void)state;
	memset(&q, 0x77, sizeof(q));
	before = q;
	quotation(raw, 5, IPPROTO_TCP);
	assert_int_equal(quote(raw, 27, &q), -WIRE_QUOTE);
	assert_memory_equal(&q, &before, sizeof(q));
}

static void message_at_any_alignment_parses_alike(void **state)
{
	struct icmp_quote q;
	struct icmp_info info;
	unsigned int align;
	u8 raw[80], *p;

	(void)state;
	quotation(raw, 7, IPPROTO_TCP);
	for (align = 0; align < 8; align++) {
		p = guard_copy_aligned(&guard, raw, 48, align);
		assert_int_equal(icmp_quote_parse(p, 48, &q), 0);
		assert_int_equal(q.seq, 0x11223344);
		assert_int_equal(icmp_parse_header(p, 8, &info), 0);
		assert_int_equal(((const struct icmphdr *)p)->type, 0x47);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_cut_at_any_byte_is_short),
		cmocka_unit_test(message_every_type_and_code_is_passed_on),
		cmocka_unit_test(message_any_bit_flipped_is_refused),
		cmocka_unit_test(message_fields_are_read_by_type),
		cmocka_unit_test(type_error_or_query_is_known),
		cmocka_unit_test(quote_every_length_and_ihl_is_judged),
		cmocka_unit_test(quote_tcp_gives_ports_and_sequence),
		cmocka_unit_test(quote_udp_gives_ports_but_no_sequence),
		cmocka_unit_test(quote_icmp_gives_identifier),
		cmocka_unit_test(quote_other_protocol_gives_addresses_only),
		cmocka_unit_test(quote_later_fragment_is_refused),
		cmocka_unit_test(quote_other_version_is_refused),
		cmocka_unit_test(quote_after_refusal_is_untouched),
		cmocka_unit_test(message_at_any_alignment_parses_alike),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
