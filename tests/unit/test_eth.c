/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ethernet headers: types, lengths, tags, SNAP, and their lies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>	/* wire/eth.h must bear it beside itself */

#include "guard.h"
#include "wire/eth.h"

static const u8 mac_a[ETH_ALEN] = { 2, 0, 0, 0, 0, 0xa };
static const u8 mac_b[ETH_ALEN] = { 2, 0, 0, 0, 0, 0xb };

/* Addresses, then @types (host order) one after the other, then @pay bytes. */
static u8 *frame_of(const u16 *types, size_t nr, size_t pay, size_t *len)
{
	u8 buf[256];
	size_t i, n = 12;

	memcpy(buf, mac_b, 6);
	memcpy(buf + 6, mac_a, 6);
	for (i = 0; i < nr; i++) {
		buf[n++] = (u8)(types[i] >> 8);
		buf[n++] = (u8)types[i];
	}
	memset(buf + n, 0x5a, pay);
	*len = n + pay;
	return guard_copy(&guard, buf, *len);
}

#define FRAME(pay, len, ...) \
	frame_of((const u16[]){ __VA_ARGS__ }, \
		 sizeof((const u16[]){ __VA_ARGS__ }) / sizeof(u16), pay, len)

/* @attack L1: every length below a header, every type */
static void runt_any_type_is_short(void **state)
{
	u8 raw[ETH_HLEN];
	struct eth_info info;
	unsigned int type;
	size_t len;

	(void)state;
	memset(raw, 2, sizeof(raw));
	for (type = 0; type <= 0xffff; type++) {
		raw[12] = (u8)(type >> 8);
		raw[13] = (u8)type;
		for (len = 0; len < ETH_HLEN; len += len ? 12 : 1)
			assert_int_equal(eth_parse(guard_copy(&guard, raw, len),
						   len, &info), -WIRE_SHORT);
	}
	assert_int_equal(eth_parse(NULL, 0, &info), -WIRE_SHORT);
}

/* @attack L1: 14 and 15 bytes, every type: what each must be */
static void bare_header_every_type_is_judged(void **state)
{
	struct eth_info info;
	unsigned int type, pay;
	size_t len;
	int err, want;
	u8 *f;

	(void)state;
	for (type = 0; type <= 0xffff; type++) {
		for (pay = 0; pay < 2; pay++) {
			f = FRAME(pay, &len, (u16)type);
			err = eth_parse(f, len, &info);
			if (type == 0x8100 || type == 0x88a8)
				want = -WIRE_VLAN;
			else if (type >= 0x600)
				want = 0;
			else if (type <= pay)
				want = -WIRE_LLC;
			else
				want = -WIRE_TOT_LEN;
			if (err != want)
				fail_msg("type %x pay %u: %d", type, pay, err);
			if (!err)
				assert_int_equal(info.payload_len, pay);
		}
	}
}

/* @req 1122-2.3.3a */
static void frame_ethernet2_gives_type_and_addresses(void **state)
{
	struct eth_info info;
	size_t len;
	u8 *f = FRAME(46, &len, ETH_P_IP);

	(void)state;
	assert_int_equal(eth_parse(f, len, &info), 0);
	assert_int_equal(info.proto, htons(ETH_P_IP));
	assert_int_equal(info.hdr_len, 14);
	assert_int_equal(info.payload_len, 46);
	assert_int_equal(info.nr_vlan, 0);
	assert_int_equal(info.vlan_proto, 0);
	assert_memory_equal(info.dest, mac_b, 6);
	assert_memory_equal(info.source, mac_a, 6);
}

static void frame_one_tag_gives_inner_type(void **state)
{
	struct eth_info info;
	size_t len;
	u8 *f = FRAME(20, &len, ETH_P_8021Q, 0xe123, ETH_P_ARP);

	(void)state;
	assert_int_equal(eth_parse(f, len, &info), 0);
	assert_int_equal(info.proto, htons(ETH_P_ARP));
	assert_int_equal(info.vlan_proto, htons(ETH_P_8021Q));
	assert_int_equal(info.vlan_tci, 0xe123);
	assert_int_equal(info.vlan_tci & VLAN_VID_MASK, 0x123);
	assert_int_equal(info.vlan_tci >> VLAN_PRIO_SHIFT, 7);
	assert_int_equal(info.hdr_len, 18);
	assert_int_equal(info.payload_len, 20);
}

static void frame_two_tags_gives_outer_tag(void **state)
{
	struct eth_info info;
	size_t len;
	u8 *f = FRAME(1, &len, ETH_P_8021AD, 5, ETH_P_8021Q, 6, ETH_P_IP);

	(void)state;
	assert_int_equal(eth_parse(f, len, &info), 0);
	assert_int_equal(info.nr_vlan, 2);
	assert_int_equal(info.vlan_proto, htons(ETH_P_8021AD));
	assert_int_equal(info.vlan_tci, 5);
	assert_int_equal(info.hdr_len, 22);
}

/* @attack L6: 5 nested tags, and 3, which is one too many */
static void frame_tags_nested_too_deep_is_refused(void **state)
{
	struct eth_info info;
	size_t len;
	u8 *f;

	(void)state;
	f = FRAME(40, &len, ETH_P_8021Q, 1, ETH_P_8021Q, 2, ETH_P_8021Q, 3,
		  ETH_P_8021Q, 4, ETH_P_8021Q, 5, ETH_P_IP);
	assert_int_equal(eth_parse(f, len, &info), -WIRE_VLAN);
	f = FRAME(40, &len, ETH_P_8021Q, 1, ETH_P_8021Q, 2, ETH_P_8021Q, 3,
		  ETH_P_IP);
	assert_int_equal(eth_parse(f, len, &info), -WIRE_VLAN);
}

/* @attack L6: 0x8100 with 0 to 3 bytes left, also as the inner tag */
static void frame_tag_cut_is_refused(void **state)
{
	struct eth_info info;
	unsigned int pay;
	size_t len;
	u8 *f;

	(void)state;
	for (pay = 0; pay < 4; pay++) {
		f = FRAME(pay, &len, ETH_P_8021Q);
		assert_int_equal(eth_parse(f, len, &info), -WIRE_VLAN);
		f = FRAME(pay, &len, ETH_P_8021AD, 9, ETH_P_8021Q);
		assert_int_equal(eth_parse(f, len, &info), -WIRE_VLAN);
	}
}

/* @attack L6: 802.3 length against the bytes that are there */
static void frame_802_3_length_past_end_is_refused(void **state)
{
	struct eth_info info;
	unsigned int said, there;
	size_t len;
	int want;
	u8 *f;

	(void)state;
	for (there = 0; there < 64; there++) {
		for (said = 0; said < 70; said++) {
			f = FRAME(there, &len, (u16)said);
			want = said > there ? -WIRE_TOT_LEN :
			       said < 3 ? -WIRE_LLC : 0;
			assert_int_equal(eth_parse(f, len, &info), want);
			if (want)
				continue;
			assert_int_equal(info.payload_len, said);
			assert_int_equal(info.proto, htons(ETH_P_802_2));
		}
	}
}

/* 1501 to 1535 is neither a length nor a type. */
static void frame_type_between_length_and_type_is_refused(void **state)
{
	u8 *big = calloc(1, 3000);
	struct eth_info info;
	unsigned int type;

	(void)state;
	assert_non_null(big);
	for (type = 1499; type <= 1537; type++) {
		big[12] = (u8)(type >> 8);
		big[13] = (u8)type;
		assert_int_equal(eth_parse(big, 3000, &info),
				 type > 1500 && type < 1536 ? -WIRE_TOT_LEN : 0);
	}
	free(big);
}

/* @req 1122-2.3.3b */
static void frame_snap_gives_its_ethertype_without_padding(void **state)
{
	/* length 28, AA AA 03 00 00 00 08 06, 20 bytes, 18 of padding */
	struct eth_info info;
	size_t len;
	u8 *f = FRAME(38, &len, 28, 0xaaaa, 0x0300, 0x0000, ETH_P_ARP);

	(void)state;
	assert_int_equal(eth_parse(f, len, &info), 0);
	assert_int_equal(info.proto, htons(ETH_P_ARP));
	assert_int_equal(info.hdr_len, 22);
	assert_int_equal(info.payload_len, 20);

	f = FRAME(20, &len, ETH_P_8021Q, 7, 28, 0xaaaa, 0x0300, 0x00f8,
		  ETH_P_IP);
	assert_int_equal(eth_parse(f, len, &info), 0);
	assert_int_equal(info.proto, htons(ETH_P_IP));
	assert_int_equal(info.hdr_len, 26);
	assert_int_equal(info.payload_len, 20);
}

/* @attack L6: SNAP cut at every byte, by the frame and by the length */
static void frame_snap_cut_is_refused(void **state)
{
	struct eth_info info;
	unsigned int said;
	size_t len;
	u8 *f;

	(void)state;
	for (said = 0; said < 8; said++) {
		f = FRAME(40, &len, (u16)said, 0xaaaa, 0x0300, 0, ETH_P_IP);
		assert_int_equal(eth_parse(f, len, &info), -WIRE_LLC);
		f = guard_copy(&guard, f, ETH_HLEN + said);
		assert_int_equal(eth_parse(f, ETH_HLEN + said, &info),
				 -WIRE_LLC);
	}
	f = FRAME(40, &len, 8, 0xaaaa, 0x0300, 0, ETH_P_IP);
	assert_int_equal(eth_parse(f, len, &info), 0);
	assert_int_equal(info.payload_len, 0);
}

static void frame_snap_with_length_as_type_is_refused(void **state)
{
	struct eth_info info;
	size_t len;
	u8 *f = FRAME(40, &len, 40, 0xaaaa, 0x0300, 0, 0x05ff);

	(void)state;
	assert_int_equal(eth_parse(f, len, &info), -WIRE_LLC);
}

static void frame_other_llc_keeps_its_header(void **state)
{
	struct eth_info info;
	size_t len;
	u8 *f;

	(void)state;
	f = FRAME(40, &len, 38, 0x4242, 0x0300);	/* spanning tree */
	assert_int_equal(eth_parse(f, len, &info), 0);
	assert_int_equal(info.proto, htons(ETH_P_802_2));
	assert_int_equal(info.hdr_len, 14);
	assert_int_equal(info.payload_len, 38);

	f = FRAME(40, &len, 38, 0xaaaa, 0x0300, 0x000c, 0x2000); /* foreign OUI */
	assert_int_equal(eth_parse(f, len, &info), 0);
	assert_int_equal(info.proto, htons(ETH_P_802_2));
	assert_int_equal(info.hdr_len, 14);

	f = FRAME(40, &len, 38, 0xffff, 0x0022);	/* raw 802.3 */
	assert_int_equal(eth_parse(f, len, &info), 0);
	assert_int_equal(info.proto, htons(ETH_P_802_3));
}

/* One byte beside SNAP is not SNAP; the smallest type is one. */
static void frame_almost_snap_keeps_its_header(void **state)
{
	static const struct {
		u16 words[4];
		u16 proto;
		u8 hdr_len;
	} rows[] = {
		{ { 0xaaaa, 0x0300, 0x0000, 0x0600 }, 0x0600, 22 },
		{ { 0xaaab, 0x0300, 0x0000, 0x0800 }, ETH_P_802_2, 14 },
		{ { 0xabaa, 0x0300, 0x0000, 0x0800 }, ETH_P_802_2, 14 },
		{ { 0xaaaa, 0x0400, 0x0000, 0x0800 }, ETH_P_802_2, 14 },
		{ { 0xaaaa, 0x0301, 0x0000, 0x0800 }, ETH_P_802_2, 14 },
		{ { 0xaaaa, 0x0380, 0x0000, 0x0800 }, ETH_P_802_2, 14 },
		{ { 0xaaaa, 0x0300, 0x0001, 0x0800 }, ETH_P_802_2, 14 },
		{ { 0xaaaa, 0x0300, 0x0100, 0x0800 }, ETH_P_802_2, 14 },
		{ { 0xff42, 0x0300, 0x0000, 0x0800 }, ETH_P_802_2, 14 },
		{ { 0x42ff, 0x0300, 0x0000, 0x0800 }, ETH_P_802_2, 14 },
	};
	struct eth_info info;
	size_t i, len;
	u8 *f;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const u16 *w = rows[i].words;

		f = FRAME(30, &len, 38, w[0], w[1], w[2], w[3]);
		assert_int_equal(eth_parse(f, len, &info), 0);
		if (info.proto != htons(rows[i].proto) ||
		    info.hdr_len != rows[i].hdr_len)
			fail_msg("row %zu: %04x, %u", i, ntohs(info.proto),
				 info.hdr_len);
		assert_int_equal(info.payload_len, 52 - info.hdr_len);
	}
}

static void info_after_refusal_is_untouched(void **state)
{
	struct eth_info info, before;
	size_t len;
	u8 *f = FRAME(2, &len, ETH_P_8021Q);

	(void)state;
	memset(&info, 0x77, sizeof(info));
	before = info;
	assert_int_equal(eth_parse(f, len, &info), -WIRE_VLAN);
	assert_memory_equal(&info, &before, sizeof(info));
}

/* @req 1122-2.3.3a */
static void build_then_parse_agree(void **state)
{
	u8 *p = guard_take(&guard, ETH_HLEN, 0xcc);
	struct eth_info info;

	(void)state;
	assert_int_equal(eth_build(p, ETH_HLEN, mac_a, mac_b, htons(ETH_P_ARP)),
			 ETH_HLEN);
	assert_int_equal(eth_parse(p, ETH_HLEN, &info), 0);
	assert_memory_equal(info.dest, mac_a, 6);
	assert_memory_equal(info.source, mac_b, 6);
	assert_int_equal(info.proto, htons(ETH_P_ARP));

	p = guard_take(&guard, ETH_HLEN - 1, 0xcc);
	assert_int_equal(eth_build(p, ETH_HLEN - 1, mac_a, mac_b, 0),
			 -WIRE_NO_ROOM);
	assert_int_equal(p[0], 0xcc);
}

static void frame_at_any_alignment_parses_alike(void **state)
{
	struct eth_info info, first;
	unsigned int align;
	size_t len;
	u8 raw[64], *f;

	(void)state;
	f = FRAME(30, &len, ETH_P_8021Q, 5, ETH_P_IP);
	memcpy(raw, f, len);
	assert_int_equal(eth_parse(raw, len, &first), 0);
	for (align = 0; align < 8; align++) {
		f = guard_copy_aligned(&guard, raw, len, align);
		assert_int_equal(eth_parse(f, len, &info), 0);
		assert_int_equal(((const struct ethhdr *)f)->h_dest[5], 0xb);
		assert_int_equal(info.proto, first.proto);
		assert_int_equal(info.vlan_tci, first.vlan_tci);
	}
}

static void address_predicates_know_their_classes(void **state)
{
	static const u8 bcast[6] = { 255, 255, 255, 255, 255, 255 };
	static const u8 almost[6] = { 255, 255, 255, 255, 255, 254 };
	static const u8 group[6] = { 1, 0, 0x5e, 0, 0, 1 };
	static const u8 zero[6] = { 0 };
	static const u8 real[6] = { 0, 0x1b, 0x21, 1, 2, 3 };
	u8 out[6];

	(void)state;
	assert_true(is_broadcast_ether_addr(bcast));
	assert_false(is_broadcast_ether_addr(almost));
	assert_true(is_multicast_ether_addr(bcast));
	assert_true(is_multicast_ether_addr(group));
	assert_false(is_multicast_ether_addr(mac_a));
	assert_true(is_zero_ether_addr(zero));
	assert_false(is_zero_ether_addr(mac_a));
	assert_true(is_valid_ether_addr(mac_a));
	assert_false(is_valid_ether_addr(zero));
	assert_false(is_valid_ether_addr(group));
	assert_true(is_local_ether_addr(mac_a));
	assert_false(is_local_ether_addr(real));
	assert_true(ether_addr_equal(mac_a, mac_a));
	assert_false(ether_addr_equal(mac_a, mac_b));
	eth_broadcast_addr(out);
	assert_memory_equal(out, bcast, 6);
	eth_zero_addr(out);
	assert_memory_equal(out, zero, 6);
	ether_addr_copy(out, mac_b);
	assert_memory_equal(out, mac_b, 6);
}

/* RFC 1112 6.4: the low 23 bits; 224.128.0.1 and 224.0.0.1 share one. */
static void group_address_maps_low_23_bits(void **state)
{
	static const u8 want[6] = { 1, 0, 0x5e, 0x7f, 2, 3 };
	u8 out[6];

	(void)state;
	ip_eth_mc_map(inet_addr("239.255.2.3"), out);
	assert_memory_equal(out, want, 6);
	ip_eth_mc_map(inet_addr("224.127.2.3"), out);
	assert_memory_equal(out, want, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runt_any_type_is_short),
		cmocka_unit_test(bare_header_every_type_is_judged),
		cmocka_unit_test(frame_ethernet2_gives_type_and_addresses),
		cmocka_unit_test(frame_one_tag_gives_inner_type),
		cmocka_unit_test(frame_two_tags_gives_outer_tag),
		cmocka_unit_test(frame_tags_nested_too_deep_is_refused),
		cmocka_unit_test(frame_tag_cut_is_refused),
		cmocka_unit_test(frame_802_3_length_past_end_is_refused),
		cmocka_unit_test(frame_type_between_length_and_type_is_refused),
		cmocka_unit_test(frame_snap_gives_its_ethertype_without_padding),
		cmocka_unit_test(frame_snap_cut_is_refused),
		cmocka_unit_test(frame_snap_with_length_as_type_is_refused),
		cmocka_unit_test(frame_other_llc_keeps_its_header),
		cmocka_unit_test(frame_almost_snap_keeps_its_header),
		cmocka_unit_test(info_after_refusal_is_untouched),
		cmocka_unit_test(build_then_parse_agree),
		cmocka_unit_test(frame_at_any_alignment_parses_alike),
		cmocka_unit_test(address_predicates_know_their_classes),
		cmocka_unit_test(group_address_maps_low_23_bits),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
