/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP options: what is understood, what is skipped, what ends the walk, and
 * what goes out.
 */
#include "unit.h"

#include "guard.h"
#include "wire/tcp_options.h"

/* Parse a copy that ends at the forbidden page. */
static void parse(const void *src, size_t len, bool syn,
		  struct tcp_options_info *info)
{
	memset(info, 0xee, sizeof(*info));	/* all of it must be set */
	tcp_options_parse(guard_copy(&guard, src, len), len, syn, info);
}

#define PARSE(syn, info, ...) \
	parse((const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }), \
	      syn, info)

/* Nothing understood, nothing wrong. */
static bool is_empty(const struct tcp_options_info *i)
{
	return !i->saw_tstamp && !i->saw_mss && !i->mss && !i->wscale_ok &&
	       !i->snd_wscale && !i->wscale_clamped && !i->sack_ok &&
	       !i->num_sacks && !i->saw_fastopen && !i->fastopen_exp &&
	       !i->fastopen_len && !i->fastopen_cookie && !i->saw_md5 &&
	       !i->saw_ao && !i->saw_mptcp && !i->rcv_tsval && !i->rcv_tsecr;
}

static void no_options_give_nothing(void **state)
{
	struct tcp_options_info info;

	(void)state;
	memset(&info, 0xee, sizeof(info));
	tcp_options_parse(NULL, 0, true, &info);
	assert_true(is_empty(&info));
	assert_false(info.malformed || info.bad_len || info.nr_unknown);
}

/* What Linux sends: MSS, SACK permitted, TS, NOP, WS. @req RFC9293:MUST-4 */
static void syn_of_linux_is_understood(void **state)
{
	struct tcp_options_info info;

	(void)state;
	PARSE(true, &info, 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0,
	      0, 1, 3, 3, 7);
	assert_false(info.malformed || info.bad_len || info.nr_unknown);
	assert_true(info.saw_mss);
	assert_int_equal(info.mss, 1460);
	assert_true(info.sack_ok);
	assert_true(info.saw_tstamp);
	assert_int_equal(info.rcv_tsval, 0x01020304);
	assert_int_equal(info.rcv_tsecr, 0);
	assert_true(info.wscale_ok);
	assert_int_equal(info.snd_wscale, 7);
	assert_false(info.wscale_clamped);
}

/* The inline way and the walker say the same of the common data segment. */
static void data_aligned_timestamp_equals_walk(void **state)
{
	static const u8 opt[12] = {
		1, 1, 8, 10, 0xde, 0xad, 0xbe, 0xef, 0x80, 0, 0, 1
	};
	struct tcp_options_info fast, slow;

	(void)state;
	parse(opt, sizeof(opt), false, &fast);
	memset(&slow, 0, sizeof(slow));
	tcp_options_walk(opt, sizeof(opt), false, &slow);
	assert_memory_equal(&fast, &slow, TCP_OPTIONS_INFO_FIXED);
	assert_true(fast.saw_tstamp);
	assert_int_equal(fast.rcv_tsval, 0xdeadbeef);
	assert_int_equal(fast.rcv_tsecr, 0x80000001);
}

/* The way of the usual SYN and the walker say the same of it, and of all that
 * differ from it in one byte. */
static void usual_syn_equals_walk(void **state)
{
	static const u8 syns[2][TCPOLEN_USUAL_SYN] = {
		{ 2, 4, 5, 180, 1, 1, 8, 10, 1, 2, 3, 4, 0, 0, 0, 9,
		  1, 3, 3, 7 },
		{ 2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 9,
		  1, 3, 3, 7 },
	};
	struct tcp_options_info fast, slow;
	u8 opt[TCPOLEN_USUAL_SYN];
	u32 i, at, value;

	(void)state;
	for (i = 0; i < 2; i++) {
		parse(syns[i], sizeof(opt), true, &fast);
		assert_true(fast.saw_mss && fast.saw_tstamp && fast.wscale_ok);
		assert_int_equal(fast.sack_ok, i);
		assert_true(tcp_options_usual_syn(syns[i], &slow));
		for (at = 0; at < sizeof(opt); at++) {
			memcpy(opt, syns[i], sizeof(opt));
			for (value = 0; value < 256; value++) {
				opt[at] = (u8)value;
				parse(opt, sizeof(opt), true, &fast);
				memset(&slow, 0, sizeof(slow));
				tcp_options_walk(opt, sizeof(opt), true, &slow);
				fast.fastopen_cookie = slow.fastopen_cookie;
				assert_memory_equal(&fast, &slow,
						    TCP_OPTIONS_INFO_FIXED);
			}
		}
	}
}

/* @req RFC9293:MUST-64: every start within 0-7 bytes of NOPs, unaligned */
static void timestamp_behind_any_nops_is_found(void **state)
{
	struct tcp_options_info info;
	unsigned int nops, align;
	u8 raw[40], *p;

	(void)state;
	for (nops = 0; nops <= 30; nops++) {
		memset(raw, 1, sizeof(raw));
		memcpy(raw + nops, "\x08\x0a\x01\x02\x03\x04\x05\x06\x07\x08", 10);
		parse(raw, nops + 10, false, &info);
		assert_true(info.saw_tstamp);
		assert_int_equal(info.rcv_tsval, 0x01020304);
		assert_int_equal(info.rcv_tsecr, 0x05060708);
		for (align = 0; align < 8; align++) {
			p = guard_copy_aligned(&guard, raw, 40, align);
			tcp_options_parse(p, 40, false, &info);
			assert_true(info.saw_tstamp);
			assert_int_equal(info.rcv_tsecr, 0x05060708);
		}
	}
}

/* @req RFC9293:MUST-5: in a segment without SYN too */
static void data_with_timestamp_and_sack_is_understood(void **state)
{
	struct tcp_options_info info;

	(void)state;
	PARSE(false, &info, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 18,
	      0, 0, 0x10, 0, 0, 0, 0x20, 0, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0,
	      0x10);
	assert_true(info.saw_tstamp);
	assert_int_equal(info.num_sacks, 2);
	assert_int_equal(info.sacks[0].start_seq, 0x1000);
	assert_int_equal(info.sacks[0].end_seq, 0x2000);
	assert_int_equal(info.sacks[1].start_seq, 0xfffffff0);
	assert_int_equal(info.sacks[1].end_seq, 0x10);
}

/* MSS, window scale, SACK permitted and Fast Open mean nothing later on. */
static void data_with_syn_options_is_not_moved(void **state)
{
	struct tcp_options_info info;

	(void)state;
	PARSE(false, &info, 2, 4, 0x05, 0xb4, 4, 2, 3, 3, 7, 34, 6, 1, 2, 3, 4);
	assert_true(is_empty(&info));
	assert_false(info.malformed || info.bad_len);
}

/*
 * What two bytes at the head of @area bytes of options must come to; the rest
 * of the area is NOP. Written from the RFCs, not from the walker.
 */
struct expectation {
	bool malformed;
	bool mss, ws, sackperm, ts, tfo, md5, ao, mptcp;
	u8 sacks;
};

static struct expectation expect_syn_kind(u8 kind, u8 len)
{
	struct expectation e = { false };

	switch (kind) {
	case 2:
		e.mss = len == 4;
		break;
	case 3:
		e.ws = len == 3;
		break;
	case 4:
		e.sackperm = len == 2;
		break;
	case 34:
		e.tfo = len == 2 || (len >= 6 && len <= 18 && len % 2 == 0);
		break;
	}
	return e;
}

static struct expectation expect(u8 kind, u8 len, size_t area, bool syn)
{
	struct expectation e = { false };

	if (kind == 0)
		return e;
	if (kind == 1) {	/* then @len is a kind; its length is 1 (NOP) */
		e.malformed = area > 1 && len > 1;
		return e;
	}
	if (area < 2 || len < 2 || len > area) {
		e.malformed = true;
		return e;
	}
	if (syn)
		e = expect_syn_kind(kind, len);
	e.ts = kind == 8 && len == 10;
	e.md5 = kind == 19;
	e.ao = kind == 29;
	e.mptcp = kind == 30;
	if (kind == 5 && (len - 2) % 8 == 0 && len > 2 && len <= 34)
		e.sacks = (len - 2) / 8;
	return e;
}

static void check_pair(u8 kind, u8 len, size_t area, bool syn)
{
	struct tcp_options_info got;
	struct expectation want = expect(kind, len, area, syn);
	u8 raw[40];

	memset(raw, 1, sizeof(raw));
	raw[0] = kind;
	raw[1] = len;
	parse(raw, area, syn, &got);
	if (got.malformed != want.malformed || got.saw_mss != want.mss ||
	    got.wscale_ok != want.ws || got.sack_ok != want.sackperm ||
	    got.saw_tstamp != want.ts || got.saw_fastopen != want.tfo ||
	    got.saw_md5 != want.md5 || got.saw_ao != want.ao ||
	    got.saw_mptcp != want.mptcp || got.num_sacks != want.sacks)
		fail_msg("kind %u len %u of %zu, syn %d", kind, len, area, syn);
	if (got.fastopen_cookie)
		assert_true(got.fastopen_cookie + got.fastopen_len <= guard.end);
}

/*
 * @attack T2
 * @req RFC9293:MUST-6, RFC9293:MUST-7, RFC9293:MUST-68: all 65,536 pairs of
 * kind and length, in SYN and data segments, in areas of 1 to 40 bytes that end
 * at the end of the world
 */
static void pair_every_kind_and_length_is_judged(void **state)
{
	static const u8 areas[] = { 1, 2, 3, 4, 8, 10, 11, 12, 20, 36, 40 };
	unsigned int kind, len;
	size_t a;

	(void)state;
	for (a = 0; a < sizeof(areas); a++) {
		for (kind = 0; kind < 256; kind++) {
			for (len = 0; len < 256; len++) {
				check_pair((u8)kind, (u8)len, areas[a], true);
				check_pair((u8)kind, (u8)len, areas[a], false);
			}
		}
	}
}

/* @attack T2: what came before the lie counts, what comes after does not */
static void lie_in_the_middle_ends_the_walk(void **state)
{
	static const u8 lies[] = { 0, 1, 41, 255 };
	struct tcp_options_info info;
	u8 raw[] = { 2, 4, 0x02, 0x00, 99, 0, 4, 2, 1, 1, 1, 1 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lies); i++) {
		raw[5] = lies[i];
		parse(raw, sizeof(raw), true, &info);
		assert_true(info.malformed);
		assert_true(info.saw_mss);
		assert_int_equal(info.mss, 512);
		assert_false(info.sack_ok);
	}
	raw[5] = 2;
	parse(raw, sizeof(raw), true, &info);
	assert_false(info.malformed);
	assert_true(info.sack_ok);
	assert_int_equal(info.nr_unknown, 1);
}

/* @attack T2: end of list, then garbage */
static void end_of_list_then_garbage_is_ignored(void **state)
{
	struct tcp_options_info info;

	(void)state;
	PARSE(true, &info, 2, 4, 0x05, 0xb4, 0, 255, 0, 1, 8, 10, 3, 3);
	assert_int_equal(info.mss, 1460);
	assert_false(info.malformed || info.saw_tstamp || info.wscale_ok);
}

/* @attack T2: the last option straddles the end by each possible amount */
static void option_straddling_the_end_is_malformed(void **state)
{
	static const u8 ts[10] = { 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct tcp_options_info info;
	size_t cut;

	(void)state;
	for (cut = 1; cut < 10; cut++) {
		parse(ts, cut, false, &info);
		assert_true(info.malformed);
		assert_false(info.saw_tstamp);
	}
	parse(ts, 10, false, &info);
	assert_true(info.saw_tstamp);
}

/* @attack T2: known kinds with wrong lengths are skipped, and the next read */
static void known_kind_with_wrong_length_is_skipped(void **state)
{
	static const u8 rows[][2] = {
		{ 2, 3 }, { 2, 5 }, { 3, 2 }, { 3, 4 }, { 4, 3 }, { 8, 9 },
		{ 8, 11 }, { 5, 3 }, { 5, 9 }, { 5, 2 }, { 34, 3 }, { 34, 5 },
		{ 34, 20 }, { 19, 2 }, { 19, 3 }, { 29, 2 }, { 29, 3 },
	};
	struct tcp_options_info info;
	u8 raw[40];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		u8 len = rows[i][1];

		memset(raw, 1, sizeof(raw));
		raw[0] = rows[i][0];
		raw[1] = len;
		memcpy(raw + len, "\x08\x0a\0\0\0\x05\0\0\0\x06", 10);
		parse(raw, len + 10u, true, &info);
		if (!info.bad_len || info.malformed || !info.saw_tstamp ||
		    info.rcv_tsval != 5)
			fail_msg("kind %u len %u", raw[0], len);
		assert_int_equal(info.num_sacks, 0);
		assert_false(info.saw_mss || info.wscale_ok || info.sack_ok ||
			     info.saw_fastopen);
	}
}

/* @req RFC9293:MUST-6: an unknown option is passed over by its length */
/* @req 6994-1 */
static void unknown_kind_is_skipped_by_its_length(void **state)
{
	struct tcp_options_info info;

	(void)state;
	PARSE(true, &info, 200, 5, 2, 4, 9, 253, 2, 2, 4, 1, 0);
	assert_int_equal(info.nr_unknown, 2);
	assert_int_equal(info.mss, 256);
	assert_false(info.malformed);
}

/* @attack T4: a shift of 15 to 255 counts as 14 */
static void window_scale_every_value_is_clamped(void **state)
{
	struct tcp_options_info info;
	unsigned int ws;

	(void)state;
	for (ws = 0; ws < 256; ws++) {
		PARSE(true, &info, 3, 3, (u8)ws, 0);
		assert_true(info.wscale_ok);
		assert_int_equal(info.snd_wscale, ws > 14 ? 14 : ws);
		assert_int_equal(info.wscale_clamped, ws > 14);
	}
}

/* @attack T3: no MSS leads to less than 48, or to a division by zero */
static void mss_every_value_has_a_floor(void **state)
{
	struct tcp_options_info info;
	unsigned int mss, want;

	(void)state;
	for (mss = 0; mss <= 0xffff; mss++) {
		PARSE(true, &info, 2, 4, (u8)(mss >> 8), (u8)mss);
		assert_true(info.saw_mss);
		assert_int_equal(info.mss, mss);
		want = mss ? mss : 536;
		if (want < 48)
			want = 48;
		assert_int_equal(tcp_options_mss(&info, 0, 536,
						 TCP_MIN_SND_MSS), want);
	}
}

/* None received is the default of RFC 9293 3.7.1; the user may only lower it. */
static void mss_absent_or_limited_by_user(void **state)
{
	struct tcp_options_info info;

	(void)state;
	PARSE(true, &info, 1, 1, 1, 1);
	assert_int_equal(tcp_options_mss(&info, 0, 536, 48), 536);
	assert_int_equal(tcp_options_mss(&info, 0, 1220, 48), 1220);
	assert_int_equal(tcp_options_mss(&info, 100, 536, 48), 100);
	assert_int_equal(tcp_options_mss(&info, 10, 536, 48), 48);
	PARSE(true, &info, 2, 4, 0x05, 0xb4);
	assert_int_equal(tcp_options_mss(&info, 2000, 536, 48), 1460);
	assert_int_equal(tcp_options_mss(&info, 1000, 536, 48), 1000);
}

static void option_repeated_counts_as_it_came_last(void **state)
{
	struct tcp_options_info info;

	(void)state;
	PARSE(true, &info, 2, 4, 0, 100, 2, 4, 0, 200, 3, 3, 15, 3, 3, 2);
	assert_int_equal(info.mss, 200);
	assert_int_equal(info.snd_wscale, 2);
	assert_false(info.wscale_clamped);
}

static void sack_one_to_four_blocks_are_read(void **state)
{
	struct tcp_options_info info;
	unsigned int n, i;
	u8 raw[40] = { 0 };

	(void)state;
	for (n = 1; n <= 4; n++) {
		raw[0] = 5;
		raw[1] = (u8)(2 + 8 * n);
		for (i = 0; i < 8 * n; i++)
			raw[2 + i] = (u8)(i * 3);
		parse(raw, 2 + 8 * n, false, &info);
		assert_int_equal(info.num_sacks, n);
		for (i = 0; i < n; i++) {
			const u8 *p = raw + 2 + 8 * i;

			assert_int_equal(info.sacks[i].start_seq,
					 (u32)p[0] << 24 | (u32)p[1] << 16 |
					 (u32)p[2] << 8 | p[3]);
			assert_int_equal(info.sacks[i].end_seq,
					 (u32)p[4] << 24 | (u32)p[5] << 16 |
					 (u32)p[6] << 8 | p[7]);
		}
	}
}

/* @req 6994-1 */
static void fastopen_request_cookie_and_experiment_are_told_apart(void **state)
{
	struct tcp_options_info info;

	(void)state;
	PARSE(true, &info, 34, 2, 1, 1);
	assert_true(info.saw_fastopen);
	assert_false(info.fastopen_exp);
	assert_int_equal(info.fastopen_len, 0);
	assert_null(info.fastopen_cookie);

	PARSE(true, &info, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1);
	assert_int_equal(info.fastopen_len, 8);
	assert_memory_equal(info.fastopen_cookie, "\1\2\3\4\5\6\7\10", 8);

	PARSE(true, &info, 254, 12, 0xf9, 0x89, 8, 7, 6, 5, 4, 3, 2, 1);
	assert_true(info.saw_fastopen && info.fastopen_exp);
	assert_int_equal(info.fastopen_len, 8);
	assert_memory_equal(info.fastopen_cookie, "\10\7\6\5\4\3\2\1", 8);

	PARSE(true, &info, 254, 4, 0xf9, 0x88, 254, 3, 0xf9, 254, 2, 1);
	assert_false(info.saw_fastopen);
	assert_int_equal(info.nr_unknown, 3);
}

/* RFC 2385, RFC 5925: seen and well formed; a fault before them stays known. */
static void signatures_are_seen_and_measured(void **state)
{
	struct tcp_options_info info;
	u8 raw[40];

	(void)state;
	memset(raw, 1, sizeof(raw));
	raw[0] = 19;
	raw[1] = 18;
	raw[20] = 29;
	raw[21] = 4;
	parse(raw, 24, false, &info);
	assert_true(info.saw_md5 && info.saw_ao);
	assert_false(info.bad_len || info.malformed);
	raw[21] = 20;
	parse(raw, 40, false, &info);
	assert_true(info.saw_ao);
	assert_false(info.bad_len);
	PARSE(true, &info, 8, 3, 0, 19, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	      0, 0, 0, 0, 29, 4, 0, 0);
	assert_true(info.saw_md5 && info.saw_ao && info.bad_len);
}

/* More than 40 bytes cannot be options: the rest is not looked at. */
static void area_above_40_bytes_is_cut(void **state)
{
	struct tcp_options_info info;
	u8 raw[64];

	(void)state;
	memset(raw, 1, sizeof(raw));
	memcpy(raw + 40, "\x02\x04\x05\xb4", 4);
	parse(raw, sizeof(raw), true, &info);
	assert_false(info.saw_mss);
	memcpy(raw + 36, "\x02\x04\x05\xb4", 4);
	parse(raw, sizeof(raw), true, &info);
	assert_true(info.saw_mss);
}

/* ---- writing ---- */

static const struct tcp_sack_block blocks[TCP_MAX_SACKS] = {
	{ 1, 2 }, { 0xfffffffe, 3 }, { 0x80000000, 0x80000001 }, { 7, 8 },
};
static const u8 cookie[TCP_FASTOPEN_COOKIE_MAX] = {
	1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
};

static void write_syn_is_byte_exact_as_linux(void **state)
{
	static const u8 want[20] = {
		2, 4, 0x05, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0,
		1, 3, 3, 7
	};
	struct tcp_out_options out = {
		.options = OPTION_MSS | OPTION_SACK_ADVERTISE | OPTION_TS |
			   OPTION_WSCALE,
		.mss = 1460, .ws = 7, .tsval = 0x01020304,
	};
	u8 *p = guard_take(&guard, 20, 0xcc);

	(void)state;
	assert_int_equal(tcp_options_size(&out), 20);
	assert_int_equal(tcp_options_write(p, 20, &out), 20);
	assert_memory_equal(p, want, 20);
}

static void write_data_is_byte_exact_as_linux(void **state)
{
	static const u8 want[24] = {
		1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6,
		1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2
	};
	struct tcp_out_options out = {
		.options = OPTION_TS, .tsval = 5, .tsecr = 6,
		.num_sack_blocks = 1, .sacks = blocks,
	};
	u8 *p = guard_take(&guard, 24, 0xcc);

	(void)state;
	assert_int_equal(tcp_options_write(p, 24, &out), 24);
	assert_memory_equal(p, want, 24);
}

static void check_read_back(const struct tcp_out_options *out, const u8 *p,
			    size_t len)
{
	struct tcp_options_info in;
	u8 opts = out->options;
	size_t i;

	parse(p, len, true, &in);
	assert_false(in.malformed || in.bad_len || in.nr_unknown);
	assert_int_equal(in.saw_mss, !!(opts & OPTION_MSS));
	assert_int_equal(in.mss, opts & OPTION_MSS ? out->mss : 0);
	assert_int_equal(in.saw_tstamp, !!(opts & OPTION_TS));
	assert_int_equal(in.rcv_tsval, opts & OPTION_TS ? out->tsval : 0);
	assert_int_equal(in.rcv_tsecr, opts & OPTION_TS ? out->tsecr : 0);
	assert_int_equal(in.sack_ok, !!(opts & OPTION_SACK_ADVERTISE));
	assert_int_equal(in.wscale_ok, !!(opts & OPTION_WSCALE));
	assert_int_equal(in.snd_wscale, opts & OPTION_WSCALE ? out->ws : 0);
	assert_int_equal(in.num_sacks, out->num_sack_blocks);
	for (i = 0; i < in.num_sacks; i++)
		assert_memory_equal(&in.sacks[i], &blocks[i],
				    sizeof(blocks[i]));
	assert_int_equal(in.saw_fastopen, !!(opts & OPTION_FAST_OPEN_COOKIE));
	if (!in.saw_fastopen)
		return;
	assert_int_equal(in.fastopen_exp, out->fastopen_exp);
	assert_int_equal(in.fastopen_len, out->fastopen_len);
	if (in.fastopen_len)
		assert_memory_equal(in.fastopen_cookie, cookie,
				    in.fastopen_len);
}

/*
 * @req RFC9293:MUST-68, RFC9293:MUST-69: every option written has its length,
 * and nothing but NOP fills the rest: there is no end of list to pad after
 */
static void check_layout(const u8 *p, size_t len)
{
	size_t at = 0;

	while (at < len) {
		assert_int_not_equal(p[at], TCPOPT_EOL);
		if (p[at] == TCPOPT_NOP) {
			at++;
			continue;
		}
		assert_true(at + 1 < len);
		assert_true(p[at + 1] >= 2 && at + p[at + 1] <= len);
		at += p[at + 1];
	}
	assert_int_equal(at, len);
}

static void write_every_combination_reads_back(void **state)
{
	struct tcp_out_options out = {
		.mss = 1400, .ws = 14, .tsval = 0xfedcba98, .tsecr = 1,
		.sacks = blocks, .fastopen_cookie = cookie,
	};
	unsigned int opts, n, tfo, exp, fit = 0;
	size_t size;
	u8 *p, copy[40];
	int ret;

	(void)state;
	for (opts = 0; opts < 32; opts++) {
		for (n = 0; n <= 4; n++) {
			for (tfo = 0; tfo <= 16; tfo += tfo ? 2 : 4) {
				for (exp = 0; exp < 2; exp++) {
					out.options = (u8)opts;
					out.num_sack_blocks = (u8)n;
					out.fastopen_len = (u8)tfo;
					out.fastopen_exp = exp;
					size = tcp_options_size(&out);
					assert_int_equal(size % 4, 0);
					p = guard_take(&guard, size, 0xcc);
					ret = tcp_options_write(p, size, &out);
					if (size > 40) {
						assert_int_equal(ret,
								 -WIRE_NO_ROOM);
						continue;
					}
					assert_int_equal(ret, size);
					fit++;
					memcpy(copy, p, size);
					check_layout(copy, size);
					check_read_back(&out, copy, size);
				}
			}
		}
	}
	assert_true(fit > 500);
}

/* No word more than needed, however much room there is. */
static void write_fastopen_takes_whole_words_only(void **state)
{
	struct tcp_out_options out = {
		.options = OPTION_FAST_OPEN_COOKIE, .fastopen_cookie = cookie,
	};
	unsigned int len, exp, want;
	u8 buf[60];

	(void)state;
	for (exp = 0; exp < 2; exp++) {
		for (len = 0; len <= 16; len += 2) {
			out.fastopen_exp = exp;
			out.fastopen_len = (u8)len;
			want = (exp ? 4 : 2) + len;
			want += want % 4 ? 2 : 0;
			assert_int_equal(tcp_options_size(&out), want);
			memset(buf, 0xcc, sizeof(buf));
			assert_int_equal(tcp_options_write(buf, 60, &out), want);
			assert_int_equal(buf[want], 0xcc);
		}
	}
}

static void write_without_room_writes_nothing(void **state)
{
	struct tcp_out_options out = { .options = OPTION_TS };
	u8 *p = guard_take(&guard, 11, 0xcc);

	(void)state;
	assert_int_equal(tcp_options_write(p, 11, &out), -WIRE_NO_ROOM);
	assert_int_equal(p[0], 0xcc);
}

static void write_of_impossible_values_is_refused(void **state)
{
	struct tcp_out_options out = { .options = OPTION_WSCALE, .ws = 15 };
	u8 buf[60];

	(void)state;
	assert_int_equal(tcp_options_write(buf, 60, &out), -WIRE_RANGE);
	out = (struct tcp_out_options){ .num_sack_blocks = 5, .sacks = blocks };
	assert_int_equal(tcp_options_write(buf, 60, &out), -WIRE_RANGE);
	out = (struct tcp_out_options){ .fastopen_len = 18 };
	assert_int_equal(tcp_options_write(buf, 60, &out), -WIRE_RANGE);
	out = (struct tcp_out_options){ .fastopen_len = 7 };
	assert_int_equal(tcp_options_write(buf, 60, &out), -WIRE_RANGE);
}

/* RFC 2018 3: four blocks fit, three beside timestamps. */
static void sacks_beside_other_options_are_bounded(void **state)
{
	struct tcp_out_options out = { .options = 0 };

	(void)state;
	assert_int_equal(tcp_options_max_sacks(&out), 4);
	out.options = OPTION_TS;
	assert_int_equal(tcp_options_max_sacks(&out), 3);
	out.options = OPTION_TS | OPTION_MSS | OPTION_WSCALE;
	assert_int_equal(tcp_options_max_sacks(&out), 2);
	out.options |= OPTION_FAST_OPEN_COOKIE;
	out.fastopen_len = 16;
	assert_int_equal(tcp_options_max_sacks(&out), 0);
	out.num_sack_blocks = 4;	/* what is asked for does not matter */
	out.options = OPTION_TS;
	assert_int_equal(tcp_options_max_sacks(&out), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_options_give_nothing),
		cmocka_unit_test(syn_of_linux_is_understood),
		cmocka_unit_test(data_aligned_timestamp_equals_walk),
		cmocka_unit_test(usual_syn_equals_walk),
		cmocka_unit_test(timestamp_behind_any_nops_is_found),
		cmocka_unit_test(data_with_timestamp_and_sack_is_understood),
		cmocka_unit_test(data_with_syn_options_is_not_moved),
		cmocka_unit_test(pair_every_kind_and_length_is_judged),
		cmocka_unit_test(lie_in_the_middle_ends_the_walk),
		cmocka_unit_test(end_of_list_then_garbage_is_ignored),
		cmocka_unit_test(option_straddling_the_end_is_malformed),
		cmocka_unit_test(known_kind_with_wrong_length_is_skipped),
		cmocka_unit_test(unknown_kind_is_skipped_by_its_length),
		cmocka_unit_test(window_scale_every_value_is_clamped),
		cmocka_unit_test(mss_every_value_has_a_floor),
		cmocka_unit_test(mss_absent_or_limited_by_user),
		cmocka_unit_test(option_repeated_counts_as_it_came_last),
		cmocka_unit_test(sack_one_to_four_blocks_are_read),
		cmocka_unit_test(
			fastopen_request_cookie_and_experiment_are_told_apart),
		cmocka_unit_test(signatures_are_seen_and_measured),
		cmocka_unit_test(area_above_40_bytes_is_cut),
		cmocka_unit_test(write_syn_is_byte_exact_as_linux),
		cmocka_unit_test(write_data_is_byte_exact_as_linux),
		cmocka_unit_test(write_every_combination_reads_back),
		cmocka_unit_test(write_fastopen_takes_whole_words_only),
		cmocka_unit_test(write_without_room_writes_nothing),
		cmocka_unit_test(write_of_impossible_values_is_refused),
		cmocka_unit_test(sacks_beside_other_options_are_bounded),
	};

	return cmocka_run_group_tests(tests, guard_setup, guard_teardown);
}
