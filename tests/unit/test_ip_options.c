/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPv4 options: the walk and its lies, recording, echoing.
 */
#include "unit.h"

#include <arpa/inet.h>

#include "guard.h"
#include "wire/ip_options.h"

/* Parse a copy that ends at the forbidden page. */
static int parse(const u8 *src, size_t len, struct ip_options_info *info)
{
	memset(info, 0xee, sizeof(*info));
	return ip_options_parse(guard_copy(&guard, src, len), len, info);
}

#define PARSE(info, ...) \
	parse((const u8[]){ __VA_ARGS__ }, \
	      sizeof((const u8[]){ __VA_ARGS__ }), info)

/* It must be refused, and @at (in the options) be blamed. */
#define REFUSED(at, ...) \
	do { \
		struct ip_options_info refused; \
		assert_int_equal(PARSE(&refused, __VA_ARGS__), -WIRE_OPTION); \
		assert_int_equal(refused.pp_ptr, 20 + (at)); \
	} while (0)

static void options_none_give_nothing(void **state)
{
	struct ip_options_info info;

	(void)state;
	memset(&info, 0xee, sizeof(info));
	assert_int_equal(ip_options_parse(NULL, 0, &info), 0);
	assert_int_equal(info.opt_len | info.srr | info.rr | info.ts |
			 info.router_alert, 0);
	assert_false(info.rr_room || info.ts_room || info.has_unknown);
}

static void options_mixed_are_found_at_their_offsets(void **state)
{
	struct ip_options_info info;

	(void)state;
	assert_int_equal(PARSE(&info, 1, 148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0,
			       68, 8, 5, 0x20, 0, 0, 0, 0, 130, 3, 9, 0), 0);
	assert_int_equal(info.opt_len, 24);
	assert_int_equal(info.router_alert, 21);
	assert_int_equal(info.rr, 25);
	assert_true(info.rr_room);
	assert_int_equal(info.ts, 32);
	assert_int_equal(info.ts_flags, IPOPT_TS_TSONLY);
	assert_int_equal(info.ts_overflow, 2);
	assert_true(info.ts_room);
	assert_true(info.has_unknown);
	assert_int_equal(info.srr, 0);
}

static void source_route_gives_next_hop(void **state)
{
	struct ip_options_info info;

	(void)state;
	assert_int_equal(PARSE(&info, 137, 11, 8, 10, 0, 0, 5, 10, 0, 0, 6, 0),
			 0);
	assert_int_equal(info.srr, 20);
	assert_true(info.is_strictroute);
	assert_int_equal(info.next_hop, inet_addr("10.0.0.6"));
	assert_int_equal(PARSE(&info, 131, 11, 12, 10, 0, 0, 5, 10, 0, 0, 6, 0),
			 0);
	assert_false(info.is_strictroute);
	assert_int_equal(info.next_hop, 0);
}

/* @attack I6: nine addresses fill the header; ten do not fit */
static void source_route_nine_addresses_fit(void **state)
{
	struct ip_options_info info;
	u8 raw[44] = { 137, 39, 4 };

	(void)state;
	assert_int_equal(parse(raw, 40, &info), 0);
	assert_int_equal(info.srr, 20);
	raw[1] = 43;
	assert_int_equal(parse(raw, 40, &info), -WIRE_OPTION);
	assert_int_equal(info.pp_ptr, 21);
	assert_int_equal(parse(raw, 44, &info), -WIRE_OPTION);
	assert_int_equal(info.pp_ptr, 0);
}

/* @attack I6 @req 791-2: end in the middle, garbage behind it */
static void end_of_list_then_garbage_is_ignored(void **state)
{
	struct ip_options_info info;

	(void)state;
	assert_int_equal(PARSE(&info, 1, 0, 7, 0, 255, 255, 137, 1), 0);
	assert_int_equal(info.rr | info.srr, 0);
}

/*
 * What one option of @kind and @len with pointer @ptr and fourth byte @flags
 * must come to, when the rest of @area bytes is NOP.
 *
 * Return: the byte to blame, counted from the option; -1 when it is fine.
 */
static int blame_list(unsigned int len, unsigned int ptr, unsigned int min,
		      unsigned int slot)
{
	if (ptr < min || ptr > len + 1)
		return 2;
	return ptr <= len && ptr + slot > len + 1 ? 2 : -1;
}

static int blame_ts(unsigned int len, unsigned int ptr, u8 flags)
{
	unsigned int kind = flags & 15;
	int at;

	if (len < 4)
		return 1;
	if (kind != 0 && kind != 1 && kind != 3)
		return 3;
	at = blame_list(len, ptr, 5, kind ? 8 : 4);
	if (at >= 0)
		return at;
	return ptr > len && flags >> 4 == 15 && kind != 3 ? 3 : -1;
}

static int blame(u8 kind, u8 len, u8 ptr, u8 flags, size_t area)
{
	if (kind == 0)
		return -1;
	if (area < 2)
		return kind == 1 ? -1 : 0;
	if (len < 2 || len > area)
		return 1;
	if (kind == 7 || kind == 131 || kind == 137)
		return len < 3 ? 1 : blame_list(len, ptr, 4, 4);
	if (kind == 68)
		return blame_ts(len, ptr, flags);
	if (kind == 148)
		return len == 4 ? -1 : 1;
	return -1;
}

static void check_option(u8 kind, u8 len, u8 ptr, u8 flags, size_t area)
{
	struct ip_options_info info;
	int at = blame(kind, len, ptr, flags, area), err;
	u8 raw[40];

	memset(raw, 1, sizeof(raw));
	raw[0] = kind;
	raw[1] = len;
	if (len > 2)
		raw[2] = ptr;
	if (len > 3)
		raw[3] = flags;
	err = parse(raw, area, &info);
	if (err != (at < 0 ? 0 : -WIRE_OPTION) ||
	    (at >= 0 && info.pp_ptr != 20 + at))
		fail_msg("kind %u len %u ptr %u flags %02x of %zu: %d at %d, not %d",
			 kind, len, ptr, flags, area, err, info.pp_ptr - 20, at);
}

/* @req 791-2 @attack I6: all pairs of kind and length, areas of 1 to 40 */
static void pair_every_kind_and_length_is_judged(void **state)
{
	static const u8 areas[] = { 1, 2, 3, 4, 8, 12, 36, 40 };
	unsigned int kind, len;
	size_t a;

	(void)state;
	for (a = 0; a < sizeof(areas); a++)
		for (kind = 0; kind < 256; kind++)
			for (len = 0; len < 256; len++)
				if (kind != 1)
					check_option((u8)kind, (u8)len, 4, 0,
						     areas[a]);
}

/* @attack I6: every pointer in lists of every length, in IHL 6 and IHL 15 */
static void pointer_every_value_is_judged(void **state)
{
	static const u8 kinds[] = { 7, 131, 137, 68 };
	unsigned int k, len, ptr, area;

	(void)state;
	for (k = 0; k < sizeof(kinds); k++)
		for (area = 4; area <= 40; area += 36)
			for (len = 0; len <= 41; len++)
				for (ptr = 0; ptr < 256; ptr++)
					check_option(kinds[k], (u8)len,
						     (u8)ptr, 0, area);
}

/* @attack I6: every flag and overflow nibble; odd lengths with flag 3 */
static void timestamp_every_flag_byte_is_judged(void **state)
{
	unsigned int len, ptr, flags;

	(void)state;
	for (len = 4; len <= 40; len++)
		for (ptr = 4; ptr <= len + 2; ptr++)
			for (flags = 0; flags < 256; flags++)
				check_option(68, (u8)len, (u8)ptr, (u8)flags,
					     40);
}

/* @attack I6: each refusal by name, with the byte that is to blame */
static void option_lie_is_refused_at_the_right_byte(void **state)
{
	(void)state;
	REFUSED(1, 7, 0, 4, 0);				/* length 0 */
	REFUSED(2, 1, 7, 1, 4);				/* length 1 */
	REFUSED(1, 7, 40, 4, 0);			/* 40 in IHL 6 */
	REFUSED(3, 1, 1, 1, 7);				/* only a kind */
	REFUSED(2, 7, 7, 3, 0, 0, 0, 0, 0);		/* pointer below 4 */
	REFUSED(2, 7, 7, 9, 0, 0, 0, 0, 0);		/* beyond full */
	REFUSED(2, 131, 6, 4, 0, 0, 0, 0, 0);		/* no whole slot */
	REFUSED(7, 131, 7, 4, 1, 1, 1, 1, 137, 7, 4, 1, 1, 1, 1, 0, 0);
	REFUSED(8, 7, 7, 4, 0, 0, 0, 0, 1, 7, 3, 4);	/* two records */
	REFUSED(8, 68, 8, 5, 0, 0, 0, 0, 0, 68, 4, 5, 0);
	REFUSED(3, 68, 4, 5, 0xf0);			/* overflow 15 */
	REFUSED(2, 68, 11, 5, 3, 0, 0, 0, 0, 0, 0, 0, 0); /* flag 3, odd */
	REFUSED(3, 68, 8, 5, 2, 0, 0, 0, 0);		/* flag 2 */
	REFUSED(1, 148, 3, 0, 0);			/* short alert */
}

/* @attack I6: the last option reaches past the end, behind 0 to 36 NOPs */
static void option_straddling_the_end_is_refused(void **state)
{
	struct ip_options_info info;
	unsigned int nops, len;
	u8 raw[40];

	(void)state;
	for (nops = 0; nops <= 36; nops++) {
		for (len = 41 - nops; len < 256; len++) {
			memset(raw, 1, sizeof(raw));
			raw[nops] = 200;
			raw[nops + 1] = (u8)len;
			assert_int_equal(parse(raw, 40, &info), -WIRE_OPTION);
			assert_int_equal(info.pp_ptr, 20 + nops + 1);
		}
		raw[nops + 1] = (u8)(40 - nops);
		assert_int_equal(parse(raw, 40, &info), 0);
	}
}

static void record_full_is_fine_without_room(void **state)
{
	struct ip_options_info info;

	(void)state;
	assert_int_equal(PARSE(&info, 7, 7, 8, 1, 2, 3, 4, 0), 0);
	assert_int_equal(info.rr, 20);
	assert_false(info.rr_room);
	assert_int_equal(PARSE(&info, 68, 8, 9, 0xe0, 1, 2, 3, 4), 0);
	assert_false(info.ts_room);
	assert_int_equal(info.ts_overflow, 14);
}

static void router_alert_other_value_is_not_for_us(void **state)
{
	struct ip_options_info info;

	(void)state;
	assert_int_equal(PARSE(&info, 148, 4, 0, 1), 0);
	assert_int_equal(info.router_alert, 0);
	assert_int_equal(PARSE(&info, 148, 4, 1, 0), 0);
	assert_int_equal(info.router_alert, 0);
	assert_int_equal(PARSE(&info, 148, 4, 0, 0), 0);
	assert_int_equal(info.router_alert, 20);
}

static void info_after_refusal_keeps_all_but_pointer(void **state)
{
	struct ip_options_info info, before;
	static const u8 bad[4] = { 7, 1, 4, 0 };

	(void)state;
	memset(&info, 0x77, sizeof(info));
	before = info;
	assert_int_equal(ip_options_parse(bad, 4, &info), -WIRE_OPTION);
	before.pp_ptr = 21;
	assert_memory_equal(&info, &before, sizeof(info));
}

/* ---- changing ---- */

/* A header 10.0.0.1 > 10.0.0.2 at the forbidden page, with these options. */
static u8 *header(const u8 *opt, size_t len, struct ip_options_info *info)
{
	u8 raw[60] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0,
		       10, 0, 0, 1, 10, 0, 0, 2 };

	raw[0] = (u8)(0x40 | (20 + len) / 4);
	memcpy(raw + 20, opt, len);
	assert_int_equal(ip_options_parse(opt, len, info), 0);
	return guard_copy(&guard, raw, 20 + len);
}

#define HEADER(info, ...) \
	header((const u8[]){ __VA_ARGS__ }, \
	       sizeof((const u8[]){ __VA_ARGS__ }), info)

static void record_route_is_filled_until_full(void **state)
{
	static const u8 want[12] = { 7, 11, 12, 1, 1, 1, 1, 2, 2, 2, 2, 0 };
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0);

	(void)state;
	assert_true(ip_options_rr_update(iph, 32, &info, inet_addr("1.1.1.1")));
	assert_true(ip_options_rr_update(iph, 32, &info, inet_addr("2.2.2.2")));
	assert_memory_equal(iph + 20, want, 12);
	assert_false(ip_options_rr_update(iph, 32, &info,
					  inet_addr("3.3.3.3")));
	assert_memory_equal(iph + 20, want, 12);
}

static void timestamp_only_is_filled_then_counted(void **state)
{
	static const u8 want[8] = { 68, 8, 9, 0, 1, 2, 3, 4 };
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 68, 8, 5, 0, 0, 0, 0, 0);
	unsigned int n;

	(void)state;
	assert_true(ip_options_ts_update(iph, 28, &info, 0, 0x01020304));
	assert_memory_equal(iph + 20, want, 8);
	for (n = 1; n <= 15; n++) {
		assert_true(ip_options_ts_update(iph, 28, &info, 0, 9));
		assert_int_equal(iph[23], n << 4);
	}
	assert_false(ip_options_ts_update(iph, 28, &info, 0, 9));
	assert_int_equal(iph[23], 0xf0);
	assert_memory_equal(iph + 24, "\1\2\3\4", 4);
}

static void timestamp_with_address_takes_both(void **state)
{
	static const u8 want[12] = { 68, 12, 13, 1, 9, 9, 9, 9, 0, 0, 1, 0 };
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0);

	(void)state;
	assert_true(ip_options_ts_update(iph, 32, &info, inet_addr("9.9.9.9"),
					 256));
	assert_memory_equal(iph + 20, want, 12);
	assert_true(ip_options_ts_update(iph, 32, &info, 1, 1));
	assert_int_equal(iph[23], 0x11);
}

static void timestamp_prespecified_waits_for_its_address(void **state)
{
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 68, 12, 5, 3, 9, 9, 9, 9, 0, 0, 0, 0);

	(void)state;
	assert_false(ip_options_ts_update(iph, 32, &info,
					  inet_addr("9.9.9.8"), 7));
	assert_int_equal(iph[22], 5);
	assert_true(ip_options_ts_update(iph, 32, &info, inet_addr("9.9.9.9"),
					 7));
	assert_int_equal(iph[22], 13);
	assert_memory_equal(iph + 28, "\0\0\0\7", 4);
	assert_false(ip_options_ts_update(iph, 32, &info,
					  inet_addr("9.9.9.9"), 7));
	assert_int_equal(iph[23], 3);	/* nothing counted */
}

static void source_route_moves_destination_on(void **state)
{
	static const u8 want[12] = { 131, 11, 8, 7, 7, 7, 7, 6, 6, 6, 6, 0 };
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 131, 11, 4, 5, 5, 5, 5, 6, 6, 6, 6, 0);

	(void)state;
	assert_true(ip_options_srr_update(iph, 32, &info,
					  inet_addr("7.7.7.7")));
	assert_memory_equal(iph + 16, "\5\5\5\5", 4);
	assert_memory_equal(iph + 20, want, 12);
	assert_true(ip_options_srr_update(iph, 32, &info,
					  inet_addr("8.8.8.8")));
	assert_memory_equal(iph + 16, "\6\6\6\6", 4);
	assert_false(ip_options_srr_update(iph, 32, &info,
					   inet_addr("9.9.9.9")));
	assert_memory_equal(iph + 16, "\6\6\6\6", 4);
}

/* Offsets of another packet do no harm: nothing outside is touched. */
static void update_with_foreign_offsets_stays_inside(void **state)
{
	struct ip_options_info info = { .opt_len = 0 };
	unsigned int off;
	__be32 hop;
	u8 out[40], *iph;

	(void)state;
	for (off = 0; off < 256; off++) {
		info.srr = info.rr = info.ts = (u8)off;
		iph = guard_take(&guard, 28, (u8)off);
		iph[0] = 0x47;
		(void)ip_options_rr_update(iph, 28, &info, ~0u);
		(void)ip_options_ts_update(iph, 28, &info, ~0u, ~0u);
		(void)ip_options_srr_update(iph, 28, &info, ~0u);
		assert_true(ip_options_echo(iph, 28, &info, out, &hop) <= 40);
		assert_int_equal(iph[0], 0x47);
		assert_int_equal(iph[1], off);
	}
}

static void update_without_option_changes_nothing(void **state)
{
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 1, 1, 1, 0), before[24];

	(void)state;
	memcpy(before, iph, 24);
	assert_false(ip_options_rr_update(iph, 24, &info, 1));
	assert_false(ip_options_ts_update(iph, 24, &info, 1, 1));
	assert_false(ip_options_srr_update(iph, 24, &info, 1));
	assert_memory_equal(iph, before, 24);
}

/* ---- echoing ---- */

static int echo(u8 *iph, size_t hdr_len, const struct ip_options_info *info,
		u8 out[40], __be32 *hop)
{
	memset(out, 0xcc, 40);
	return ip_options_echo(iph, hdr_len, info, out, hop);
}

/* RFC 1122 3.2.1.8 (c): 10.0.0.1 came by 1.1.1.1, 2.2.2.2, 3.3.3.3 */
static void echo_of_source_route_is_reversed(void **state)
{
	static const u8 want[16] = { 131, 15, 4, 2, 2, 2, 2, 1, 1, 1, 1,
				     10, 0, 0, 1, 0 };
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 131, 15, 16, 1, 1, 1, 1, 2, 2, 2, 2,
			 3, 3, 3, 3, 0);
	__be32 hop;
	u8 out[40];

	(void)state;
	assert_int_equal(echo(iph, 36, &info, out, &hop), 16);
	assert_memory_equal(out, want, 16);
	assert_int_equal(hop, inet_addr("3.3.3.3"));
}

static void echo_of_one_recorded_hop_ends_at_sender(void **state)
{
	static const u8 want[8] = { 137, 7, 4, 10, 0, 0, 1, 0 };
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 137, 7, 8, 1, 1, 1, 1, 0);
	__be32 hop;
	u8 out[40];

	(void)state;
	assert_int_equal(echo(iph, 28, &info, out, &hop), 8);
	assert_memory_equal(out, want, 8);
	assert_int_equal(hop, inet_addr("1.1.1.1"));
}

/* RFC 1812 5.2.4.1: a sender that put itself first is visited once. */
static void echo_of_route_with_sender_first_skips_it(void **state)
{
	static const u8 want[8] = { 131, 7, 4, 10, 0, 0, 1, 0 };
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 131, 11, 12, 10, 0, 0, 1, 2, 2, 2, 2, 0);
	__be32 hop;
	u8 out[40];

	(void)state;
	assert_int_equal(echo(iph, 32, &info, out, &hop), 8);
	assert_memory_equal(out, want, 8);
	assert_int_equal(hop, inet_addr("2.2.2.2"));
}

static void echo_of_unused_route_is_left_out(void **state)
{
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 131, 7, 4, 1, 1, 1, 1, 0);
	__be32 hop;
	u8 out[40];

	(void)state;
	assert_int_equal(echo(iph, 28, &info, out, &hop), 0);
	assert_int_equal(hop, inet_addr("10.0.0.1"));
	iph = HEADER(&info, 131, 7, 4, 10, 0, 0, 1, 0);	/* the sender to come */
	assert_int_equal(echo(iph, 28, &info, out, &hop), 0);
	iph = HEADER(&info, 131, 7, 8, 10, 0, 0, 1, 0);	/* only the sender */
	assert_int_equal(echo(iph, 28, &info, out, &hop), 0);
	assert_int_equal(hop, inet_addr("10.0.0.1"));
}

/* RFC 1122 3.2.2.6: record route and timestamp go back as they came. */
static void echo_of_record_and_timestamp_is_a_copy(void **state)
{
	static const u8 want[16] = { 7, 7, 4, 0, 0, 0, 0,
				     68, 8, 9, 0x10, 1, 2, 3, 4, 0 };
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 148, 4, 0, 0, 68, 8, 9, 0x10, 1, 2, 3, 4,
			 7, 7, 4, 0, 0, 0, 0, 0);
	__be32 hop;
	u8 out[40];

	(void)state;
	assert_int_equal(echo(iph, 40, &info, out, &hop), 16);
	assert_memory_equal(out, want, 16);
	assert_int_equal(out[16], 0xcc);
}

/* What fills all 40 bytes on the way here does so on the way back. */
static void echo_of_full_header_fits(void **state)
{
	struct ip_options_info info, again;
	u8 opt[40] = { 131, 11, 12, 1, 1, 1, 1, 2, 2, 2, 2, 7, 19, 4 };
	__be32 hop;
	u8 out[40], *iph;

	(void)state;
	memcpy(opt + 30, "\x44\x08\x05\x00\0\0\0\0\x01\x01", 10);
	iph = header(opt, 40, &info);
	assert_int_equal(echo(iph, 60, &info, out, &hop), 40);
	assert_int_equal(ip_options_parse(out, 40, &again), 0);
	assert_int_equal(again.srr, 20);
	assert_int_equal(again.rr, 31);
	assert_int_equal(again.ts, 50);
}

/* A list without a single slot, the last bytes of the header, goes back too. */
static void echo_of_empty_record_is_a_copy(void **state)
{
	static const u8 want[4] = { 7, 3, 4, 0 };
	struct ip_options_info info;
	u8 *iph = HEADER(&info, 1, 7, 3, 4);
	__be32 hop;
	u8 out[40];

	(void)state;
	assert_int_equal(echo(iph, 24, &info, out, &hop), 4);
	assert_memory_equal(out, want, 4);
}

/* No options, no header at all, and pointers that parsing would refuse. */
static void echo_of_what_did_not_parse_is_empty(void **state)
{
	struct ip_options_info info = { .srr = 20 }, none = { .srr = 0 };
	u8 *iph = HEADER(&none, 131, 11, 4, 9, 9, 9, 9, 8, 8, 8, 8, 0);
	static const u8 pointers[] = { 0, 3, 13, 255 };
	__be32 hop;
	u8 out[40];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(pointers); i++) {
		iph[22] = pointers[i];
		assert_int_equal(echo(iph, 32, &info, out, &hop), 0);
		assert_int_equal(hop, inet_addr("10.0.0.1"));
	}
	hop = 0;
	assert_int_equal(echo(iph, 20, &info, out, &hop), 0);
	assert_int_equal(hop, inet_addr("10.0.0.1"));
	assert_int_equal(echo(iph, 19, &info, out, &hop), 0);
}

/* RFC 791: only what has the copied flag goes into later fragments. */
static void fragment_keeps_only_copied_options(void **state)
{
	static const u8 want[28] = { 148, 4, 0, 0, 1, 1, 1, 1, 1, 1, 1,
				     131, 7, 8, 1, 1, 1, 1, 1, 1,
				     0, 7, 7, 4, 0, 0, 0, 0 };
	u8 opt[28] = { 148, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0,
		       131, 7, 8, 1, 1, 1, 1, 10, 2,
		       0, 7, 7, 4, 0, 0, 0, 0 };
	u8 *p = guard_copy(&guard, opt, 28);

	(void)state;
	ip_options_fragment(p, 28);
	assert_memory_equal(p, want, 28);
	p = guard_copy(&guard, "\x01\x0a\x02", 3);		/* the last two bytes */
	ip_options_fragment(p, 3);
	assert_memory_equal(p, "\x01\x01\x01", 3);
	p = guard_copy(&guard, "\x07\x09\x04\x01", 4);	/* would not parse */
	ip_options_fragment(p, 4);
	assert_memory_equal(p, "\x07\x09\x04\x01", 4);
	p = guard_copy(&guard, "\x07", 1);
	ip_options_fragment(p, 1);
	assert_int_equal(p[0], 7);
	ip_options_fragment(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_none_give_nothing),
		cmocka_unit_test(options_mixed_are_found_at_their_offsets),
		cmocka_unit_test(source_route_gives_next_hop),
		cmocka_unit_test(source_route_nine_addresses_fit),
		cmocka_unit_test(end_of_list_then_garbage_is_ignored),
		cmocka_unit_test(pair_every_kind_and_length_is_judged),
		cmocka_unit_test(pointer_every_value_is_judged),
		cmocka_unit_test(timestamp_every_flag_byte_is_judged),
		cmocka_unit_test(option_lie_is_refused_at_the_right_byte),
		cmocka_unit_test(option_straddling_the_end_is_refused),
		cmocka_unit_test(record_full_is_fine_without_room),
		cmocka_unit_test(router_alert_other_value_is_not_for_us),
		cmocka_unit_test(info_after_refusal_keeps_all_but_pointer),
		cmocka_unit_test(record_route_is_filled_until_full),
		cmocka_unit_test(timestamp_only_is_filled_then_counted),
		cmocka_unit_test(timestamp_with_address_takes_both),
		cmocka_unit_test(timestamp_prespecified_waits_for_its_address),
		cmocka_unit_test(source_route_moves_destination_on),
		cmocka_unit_test(update_with_foreign_offsets_stays_inside),
		cmocka_unit_test(update_without_option_changes_nothing),
		cmocka_unit_test(echo_of_source_route_is_reversed),
		cmocka_unit_test(echo_of_one_recorded_hop_ends_at_sender),
		cmocka_unit_test(echo_of_route_with_sender_first_skips_it),
		cmocka_unit_test(echo_of_unused_route_is_left_out),
		cmocka_unit_test(echo_of_record_and_timestamp_is_a_copy),
		cmocka_unit_test(echo_of_full_header_fits),
		cmocka_unit_test(echo_of_empty_record_is_a_copy),
		cmocka_unit_test(echo_of_what_did_not_parse_is_empty),
		cmocka_unit_test(fragment_keeps_only_copied_options),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
