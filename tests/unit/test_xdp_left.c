/* SPDX-License-Identifier: BSD-2-Clause */
/* What the other end of a veth leaves to be done, read off its packets. */
#include "unit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checksum.h"
#include "lib/compiler.h"
#include "xdp_left.h"

#define LINK 14u
#define MTU 1500u
#define MOST (LINK + 65535u)

/* A packet that was not finished. */
struct packet {
	u8 frame[MOST + 64];
	u32 len;
	u32 ihl;
	u8 proto;
};

static struct packet p;

static void put16(u32 at, u32 value)
{
	p.frame[at] = (u8)(value >> 8);
	p.frame[at + 1] = (u8)value;
}

static u32 csum_at(void)
{
	return LINK + p.ihl + (p.proto == IPPROTO_TCP ? 16 : 6);
}

/* Leaves the sum of the pseudo header in the field, @more than that. */
static void leave_open(u32 more)
{
	const u8 *ip = p.frame + LINK;
	__be32 addrs[2];
	u16 sum;

	memcpy(addrs, ip + 12, sizeof(addrs));
	sum = (u16)~csum_tcpudp_magic(addrs[0], addrs[1], p.len - LINK - p.ihl,
				      p.proto, 0);
	put16(csum_at(), ntohs(sum) + more);
}

/* TCP with @options octets of those, or UDP, with @text octets. */
static void make(u8 proto, u32 ip_options, u32 tcp_options, u32 text)
{
	u32 hlen = proto == IPPROTO_TCP ? 20 + tcp_options : 8;
	u8 *ip = p.frame + LINK;

	memset(&p, 0, sizeof(p));
	p.proto = proto;
	p.ihl = 20 + ip_options;
	p.len = LINK + p.ihl + hlen + text;
	put16(12, 0x0800);
	ip[0] = (u8)(0x40 | p.ihl / 4);
	put16(LINK + 2, p.len - LINK);
	put16(LINK + 6, 0x4000);
	ip[9] = proto;
	memcpy(ip + 12, "\12\0\0\1\300\250\377\376", 8);
	if (proto == IPPROTO_TCP)
		ip[p.ihl + 12] = (u8)(hlen / 4 << 4);
	else
		put16(LINK + p.ihl + 4, 8 + text);
	for (u32 i = p.len - text; i < p.len; i++)
		p.frame[i] = (u8)(i * 7);
	leave_open(0);
}

/* What is read of the packet, whose first @head octets end where reading must;
 * it holds as xdp_left.h says. */
static struct xdp_left parsed(u32 head, u32 mtu)
{
	struct xdp_left left;
	u8 *exact = malloc(head ? head : 1);

	memcpy(exact, p.frame, head);
	xdp_left_parse(exact, head, p.len, mtu, &left);
	free(exact);
	if (left.partial) {
		assert_true(left.csum_start >= LINK + 20);
		assert_true(left.csum_start + left.csum_offset + 2u <= head);
	}
	if (left.gso_size) {
		assert_true(left.partial && left.gso_segs > 1);
		assert_int_equal(p.frame[LINK + 9], IPPROTO_TCP);
		assert_true(left.gso_size < p.len);
	}
	return left;
}

static void assert_finished(void)
{
	struct xdp_left left = parsed(min(p.len, 1790u), MTU);

	assert_false(left.partial);
	assert_int_equal(left.gso_size, 0);
}

static void checksum_left_open_is_seen(void **state __maybe_unused)
{
	static const struct { u8 proto; u32 ip, tcp, text; } cases[] = {
		{ IPPROTO_TCP, 0, 0, 0 }, { IPPROTO_TCP, 0, 12, 1448 },
		{ IPPROTO_TCP, 40, 40, 100 }, { IPPROTO_UDP, 0, 0, 0 },
		{ IPPROTO_UDP, 0, 0, 1472 }, { IPPROTO_UDP, 8, 0, 33 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		struct xdp_left left;

		make(cases[i].proto, cases[i].ip, cases[i].tcp, cases[i].text);
		left = parsed(p.len, MTU);
		assert_true(left.partial);
		assert_int_equal(left.csum_start, LINK + p.ihl);
		assert_int_equal(left.csum_start + left.csum_offset, csum_at());
		assert_int_equal(left.gso_size, 0);
		p.len += 60;		/* padding */
		assert_true(parsed(p.len, MTU).partial);
	}
}

static void checksum_that_was_filled_in_is_not(void **state __maybe_unused)
{
	static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP };

	for (u32 i = 0; i < ARRAY_SIZE(protos); i++) {
		u32 start;
		__sum16 sum;

		make(protos[i], 0, 0, 500);
		start = LINK + p.ihl;
		sum = ip_compute_csum(p.frame + start, p.len - start);
		memcpy(p.frame + csum_at(), &sum, sizeof(sum));
		assert_finished();
		leave_open(1);
		assert_finished();
		leave_open(0xffff);
		assert_finished();
		put16(csum_at(), 0);	/* UDP: there is none */
		assert_finished();
	}
}

/* Everything else, of which such a field says nothing, and lies about lengths. */
static void other_packets_are_not_looked_at(void **state __maybe_unused)
{
	static const struct { u32 at; u8 value; } changes[] = {
		{ 12, 0x86 }, { 13, 0x06 }, { LINK, 0x65 }, { LINK, 0x44 },
		{ LINK + 6, 0x20 }, { LINK + 7, 1 }, { LINK + 9, 1 },
		{ LINK + 9, 132 },
		{ LINK + 2, 2 },	/* longer than the frame */
		{ LINK + 3, 39 },	/* no room for TCP */
		{ LINK + 3, 19 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(changes); i++) {
		make(IPPROTO_TCP, 0, 0, 50);
		p.frame[changes[i].at] = changes[i].value;
		assert_finished();
	}
	make(IPPROTO_UDP, 0, 0, 50);
	put16(LINK + 2, 27);
	assert_finished();
	make(IPPROTO_TCP, 0, 0, 50);
	for (u32 head = 0; head < LINK + 20 + 18; head++)
		assert_false(parsed(head, MTU).partial);
	assert_true(parsed(LINK + 20 + 18, MTU).partial);
}

static void tcp_longer_than_the_mtu_is_a_row(void **state __maybe_unused)
{
	struct xdp_left left;

	make(IPPROTO_TCP, 0, 12, 1448);
	assert_int_equal(parsed(1790, MTU).gso_size, 0);
	make(IPPROTO_TCP, 0, 12, 1449);
	left = parsed(1790, MTU);
	assert_int_equal(left.gso_size, 1448);
	assert_int_equal(left.gso_segs, 2);
	make(IPPROTO_TCP, 0, 12, 65535 - 52);
	left = parsed(1790, MTU);
	assert_int_equal(left.gso_size, 1448);
	assert_int_equal(left.gso_segs, 46);
	left = parsed(LINK + 52, 576);
	assert_int_equal(left.gso_size, 524);
	assert_int_equal(left.gso_segs, 125);
	assert_int_equal(parsed(1790, 9000).gso_size, 8948);
}

static void what_cannot_be_cut_is_no_row(void **state __maybe_unused)
{
	make(IPPROTO_UDP, 0, 0, 3000);
	assert_int_equal(parsed(1790, MTU).gso_size, 0);
	make(IPPROTO_TCP, 0, 12, 3000);
	assert_int_equal(parsed(LINK + 51, MTU).gso_size, 0);
	assert_int_equal(parsed(1790, 59).gso_size, 0);
	assert_int_equal(parsed(1790, 60).gso_size, 8);
	p.len++;
	assert_int_equal(parsed(1790, MTU).gso_size, 0);
	p.len--;
	p.frame[LINK + 20 + 12] = 0x40;
	assert_int_equal(parsed(1790, MTU).gso_size, 0);
	make(IPPROTO_TCP, 0, 12, 3000);
	leave_open(1);
	assert_finished();
}

/* Any octets where the headers are: what is read holds. */
static void noise_is_read_within_the_head(void **state __maybe_unused)
{
	u32 x = 1, seen = 0;

	for (u32 i = 0; i < 200000; i++) {
		u32 text = i % 4 ? 40 : 4000;

		make(i & 1 ? IPPROTO_TCP : IPPROTO_UDP, 4 * (i % 11), 8, text);
		for (u32 n = 0; n < 2; n++) {
			x = x * 1664525 + 1013904223;
			p.frame[12 + (x >> 16) % 60] = (u8)(x >> 24);
		}
		x = x * 1664525 + 1013904223;
		seen += parsed(min(p.len, (x >> 16) % 200), MTU).partial;
	}
	assert_true(seen > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_left_open_is_seen),
		cmocka_unit_test(checksum_that_was_filled_in_is_not),
		cmocka_unit_test(other_packets_are_not_looked_at),
		cmocka_unit_test(tcp_longer_than_the_mtu_is_a_row),
		cmocka_unit_test(what_cannot_be_cut_is_no_row),
		cmocka_unit_test(noise_is_read_within_the_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
