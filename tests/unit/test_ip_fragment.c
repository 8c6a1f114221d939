/* SPDX-License-Identifier: BSD-2-Clause */
/* ipv4/ip_fragment.c: every order, every overlap, every limit. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <inet/socket.h>

#include "attack.h"
#include "fixture.h"
#include "ipv4/ip.h"
#include "ipv4/ip_fragment.h"
#include "lib/random.h"

static struct fx f;
static struct fx_pkt p;
static u8 frame[FX_FRAME_MAX];
static u8 bytes[65536], got[65536];
static struct socket *raw;

#define A FX_ADDR
#define PROTO 253

static int setup(void **state)
{
	int size = 1 << 20;
	size_t i;

	(void)state;
	fx_open(&f);
	fx_learn(&f);
	attack_begin(&f);
	raw = inet_socket(f.net, AF_INET, SOCK_RAW, PROTO);
	assert_non_null(raw);
	assert_int_equal(inet_setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &size,
					 sizeof(size)), 0);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)(i * 11 + (i >> 7));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(inet_close(raw), 0);
	fx_close(&f);
	return 0;
}

/* A fragment of datagram @id: @len of @data from @off on. */
static void frag_of(u16 id, u32 off, u32 len, bool more, const u8 *data)
{
	struct fx_ip ip = { .proto = PROTO, .id = id,
			    .frag = (u16)(off / 8 | (more ? IP_MF : 0)) };

	fx_inject(&f, frame, fx_build_ip(frame, &ip, data, len));
}

static void frag(u32 off, u32 len, bool more)
{
	frag_of(1, off, len, more, bytes + off);
}

/* What the raw socket got: the payload's length, or -1. */
static int receive(void)
{
	int n = (int)inet_recv(raw, got, sizeof(got), MSG_DONTWAIT);

	return n < 0 ? -1 : n - 20;
}

static void expect_whole(int len)
{
	assert_int_equal(receive(), len);
	assert_memory_equal(got + 20, bytes, (size_t)len);
	assert_int_equal(receive(), -1);
	assert_int_equal(ip_frag_mem(f.net), 0);
}

static void expect_nothing(void)
{
	assert_int_equal(receive(), -1);
}

/* Fragments wait no more: their time is up. */
static void time_out(void)
{
	fx_advance(&f, 31 * FX_SEC);
	fx_flush(&f);
	assert_int_equal(ip_frag_mem(f.net), 0);
	fx_mark(&f);
}

/* ---- together ------------------------------------------------------------------- */

/* @req 1122-3.2.1.4 @req 1122-3.3.2a @req 791-3 */
static void two_fragments_in_either_order_are_one_datagram(void **state)
{
	(void)state;
	frag(0, 800, true);
	frag(800, 100, false);
	expect_whole(900);
	frag(800, 100, false);
	frag(0, 800, true);
	expect_whole(900);
	assert_true(fx_mib_delta(&f, MIB_IP_REASMREQDS) == 4);
	assert_true(fx_mib_delta(&f, MIB_IP_REASMOKS) == 2);
	fx_assert_no_drops(&f);
	fx_assert_no_skbs(&f);
}

/* @req 815-1 */
static void any_order_with_duplicates_gives_the_same_bytes(void **state)
{
	struct rnd_state rnd;
	u32 round, i, n;

	(void)state;
	prandom_seed_state(&rnd, 7);
	for (round = 0; round < 300; round++) {
		u32 cuts = 2 + prandom_u32_below(&rnd, 30), len = 0;
		u32 off[65], order[65];

		for (n = 0; n < cuts; n++) {
			off[n] = len;
			len += 8 * (1 + prandom_u32_below(&rnd, 100));
		}
		off[n] = len - prandom_u32_below(&rnd, 7);
		for (i = 0; i < n; i++)
			order[i] = i;
		for (i = n - 1; i > 0; i--) {
			u32 j = prandom_u32_below(&rnd, i + 1);

			swap(order[i], order[j]);
		}
		for (i = 0; i < n; i++) {
			u32 k = order[i];

			/* now and then one that is here already */
			if (i && prandom_u32_below(&rnd, 4) == 0) {
				u32 d = order[prandom_u32_below(&rnd, i)];

				frag(off[d], off[d + 1] - off[d], d < n - 1);
			}
			frag(off[k], off[k + 1] - off[k], k < n - 1);
		}
		expect_whole((int)off[n]);
	}
	assert_true(fx_drop_delta(&f, SKB_DROP_REASON_DUP_FRAG) > 100);
	assert_true(fx_mib_delta(&f, MIB_IP_REASMFAILS) == 0);
	fx_assert_no_skbs(&f);
}

/* @req 791-5 */
static void largest_datagram_is_put_together(void **state)
{
	u32 off;

	(void)state;
	for (off = 0; off + 1480 < 65515; off += 1480)
		frag(off, 1480, true);
	frag(off, 65515 - off, false);
	expect_whole(65515);
	fx_assert_no_drops(&f);
}

/* @req 791-3 */
static void datagrams_that_differ_in_one_key_do_not_mix(void **state)
{
	struct fx_ip first = { .proto = PROTO, .id = 1, .frag = IP_MF };
	struct fx_ip last = { .proto = PROTO, .id = 1, .frag = 100 };

	(void)state;
	fx_inject(&f, frame, fx_build_ip(frame, &first, bytes, 800));
	last.id = 2;
	fx_inject(&f, frame, fx_build_ip(frame, &last, bytes, 100));
	last.id = 1;
	last.saddr = FX_STRANGER;
	fx_inject(&f, frame, fx_build_ip(frame, &last, bytes, 100));
	last.saddr = FX_PEER;
	last.proto = PROTO + 1;
	fx_inject(&f, frame, fx_build_ip(frame, &last, bytes, 100));
	expect_nothing();
	last.proto = PROTO;
	fx_inject(&f, frame, fx_build_ip(frame, &last, bytes + 800, 100));
	assert_int_equal(receive(), 900);
	time_out();
}

static void header_of_the_first_fragment_is_the_datagrams(void **state)
{
	static const u8 opt[4] = { 99, 4, 1, 2 };
	struct fx_ip ip = { .proto = PROTO, .id = 1, .frag = IP_MF, .ttl = 9,
			    .tos = 0x10, .opt = opt, .opt_len = 4 };
	struct ipv4_info info;
	int n;

	(void)state;
	frag(800, 100, false);
	fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, 800));
	n = (int)inet_recv(raw, got, sizeof(got), MSG_DONTWAIT);
	assert_int_equal(n, 24 + 900);
	assert_int_equal(ipv4_parse(got, (size_t)n, &info), 0);
	assert_int_equal(info.hdr_len, 24);
	assert_int_equal(info.ttl, 9);
	assert_int_equal(info.tos, 0x10);
	assert_false(info.mf);
	assert_int_equal(info.frag_off, 0);
	assert_memory_equal(got + 24, bytes, 900);
}

/* ---- lies ------------------------------------------------------------------------- */

/* @attack F1 */
static void teardrop_and_its_kin_die_whole(void **state)
{
	static const struct {
		u32 off, len;
		bool more;
	} pairs[][2] = {
		{ { 0, 40, true }, { 24, 4, false } },	/* teardrop */
		{ { 0, 40, true }, { 24, 12, false } },	/* newtear */
		{ { 0, 48, true }, { 8, 8, true } },	/* nestea */
		{ { 32, 40, false }, { 48, 8, true } },	/* bonk */
		{ { 48, 8, true }, { 32, 40, false } },	/* boink */
		{ { 32, 40, false }, { 0, 40, true } },	/* opentear */
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pairs); i++) {
		frag(pairs[i][0].off, pairs[i][0].len, pairs[i][0].more);
		frag(pairs[i][1].off, pairs[i][1].len, pairs[i][1].more);
		expect_nothing();
		assert_true(fx_mib_delta(&f, MIB_IP_REASMFAILS) == 1);
		fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_OVERLAP, 2);
		assert_int_equal(ip_frag_mem(f.net), 0);
	}
	fx_expect_silence(&f);
	fx_assert_no_skbs(&f);
}

/* @attack F2 @req 791-5 */
static void ping_of_death_is_dropped(void **state)
{
	(void)state;
	frag_of(1, 65528, 8, false, bytes);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	frag_of(1, 65528, 1000, false, bytes);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	frag_of(1, 65512, 4, false, bytes);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	frag_of(1, 64000, 1480, true, bytes);
	frag_of(1, 64000 + 1480, 80, false, bytes);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	time_out();
	/* a later fragment may have less header than the first: the whole is
	 * measured again */
	{
		static const u8 opt[40] = { 99, 40 };
		struct fx_ip ip = { .proto = PROTO, .id = 9, .frag = IP_MF,
				    .opt = opt, .opt_len = 40 };
		u32 off;

		fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, 1440));
		for (off = 1440; off + 1480 < 65500; off += 1480)
			frag_of(9, off, 1480, true, bytes + off);
		fx_mark(&f);
		frag_of(9, off, 65500 - off, false, bytes + off);
		assert_true(fx_drop_delta(&f, SKB_DROP_REASON_FRAG_INVALID) >
			    40);
		expect_nothing();
	}
}

/* @attack F3 @req 1858-1 @req 3128-1 */
static void tiny_first_fragment_of_tcp_is_dropped(void **state)
{
	struct fx_ip ip = { .proto = IPPROTO_TCP, .id = 1, .frag = IP_MF };

	(void)state;
	fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, 8));
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, 16));
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	ip.frag = IP_MF | 1;
	fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, 800));
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	ip.frag = 1;
	fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, 12));
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	ip.frag = IP_MF;
	fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, 24));
	fx_assert_no_drops(&f);
	time_out();
}

/* @attack F4 @req 815-3: the six shapes of Shankar and Paxson, either first. */
static void overlap_of_any_shape_kills_the_datagram(void **state)
{
	static const struct {
		u32 off, len;
	} shape[] = {
		{ 64, 32 },	/* head */
		{ 112, 32 },	/* tail */
		{ 88, 8 },	/* inside */
		{ 64, 96 },	/* covers */
		{ 80, 16 },	/* same begin */
		{ 96, 32 },	/* same end */
	};
	size_t i;
	int turn;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(shape); i++)
		for (turn = 0; turn < 2; turn++) {
			if (turn)
				frag(shape[i].off, shape[i].len, true);
			frag(80, 48, true);
			if (!turn)
				frag(shape[i].off, shape[i].len, true);
			assert_int_equal(fx_mib_delta(&f, MIB_IP_REASMOVERLAPS), 1);
			fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_OVERLAP, 2);
			/* nothing of it is left to be completed */
			assert_int_equal(ip_frag_mem(f.net), 0);
		}
}

/* @attack F4: the same place with the same bytes, with others. */
static void duplicate_is_ignored_forgery_kills(void **state)
{
	u8 forged[48];

	(void)state;
	frag(0, 48, true);
	frag(0, 48, true);
	fx_assert_dropped(&f, SKB_DROP_REASON_DUP_FRAG, 1);
	frag(48, 8, false);
	expect_whole(56);
	frag(0, 48, true);
	memcpy(forged, bytes, sizeof(forged));
	forged[47] ^= 1;
	frag_of(1, 0, 48, true, forged);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_OVERLAP, 2);
	frag(48, 8, false);
	expect_nothing();
	time_out();
}

/* @attack F5 @req 815-2 */
static void two_different_ends_kill_the_datagram(void **state)
{
	(void)state;
	frag(80, 16, false);
	frag(160, 16, false);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_OVERLAP, 2);
	frag(160, 16, false);
	frag(80, 16, false);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_OVERLAP, 2);
	frag(80, 16, false);
	frag(96, 16, true);	/* data behind the end */
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_OVERLAP, 2);
	frag(96, 16, true);
	frag(80, 8, false);	/* an end before data */
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_OVERLAP, 2);
	assert_int_equal(ip_frag_mem(f.net), 0);
}

/* @attack F8 @req 791-4 */
static void empty_or_odd_fragment_is_dropped(void **state)
{
	u32 len;

	(void)state;
	frag(0, 0, true);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	frag(8, 0, false);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	for (len = 1; len < 24; len++) {
		if (len % 8 == 0)
			continue;
		frag(0, len, true);
		fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 1);
	}
	assert_int_equal(ip_frag_mem(f.net), 0);
}

/* @attack F11 @req 3168-7 */
static void ecn_of_the_fragments_is_kept_or_refused(void **state)
{
	static const struct {
		u8 a, b;
		int whole;	/* -1: dropped */
	} mix[] = {
		{ 0, 0, 0 }, { 1, 1, 1 }, { 2, 2, 2 }, { 3, 3, 3 },
		{ 2, 3, 3 }, { 3, 2, 3 }, { 1, 3, 3 }, { 3, 1, 3 },
		{ 0, 3, -1 }, { 3, 0, -1 }, { 0, 2, -1 }, { 2, 0, -1 },
		{ 0, 1, -1 },
	};
	struct fx_ip ip = { .proto = PROTO, .id = 1 };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(mix); i++) {
		ip.frag = IP_MF;
		ip.tos = mix[i].a;
		fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, 800));
		ip.frag = 100;
		ip.tos = mix[i].b;
		fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes + 800, 8));
		if (mix[i].whole < 0) {
			expect_nothing();
			fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_INVALID, 2);
		} else {
			assert_int_equal(receive(), 808);
			assert_int_equal(got[1] & 3, mix[i].whole);
		}
	}
}

/* ---- limits ------------------------------------------------------------------------ */

/* @req 1122-3.3.2b */
static void time_up_with_the_first_says_time_exceeded(void **state)
{
	(void)state;
	frag(0, 800, true);
	fx_advance(&f, 29 * FX_SEC);
	fx_expect_silence(&f);
	fx_advance(&f, 2 * FX_SEC);
	fx_expect(&f, &p);
	assert_int_equal(p.icmp->type, ICMP_TIME_EXCEEDED);
	assert_int_equal(p.icmp->code, ICMP_EXC_FRAGTIME);
	assert_int_equal(p.ip->daddr, FX_PEER);
	assert_int_equal(p.ip->saddr, FX_IP);
	assert_memory_equal(p.data, frame + ETH_HLEN, p.data_len);
	assert_true(fx_mib_delta(&f, MIB_IP_REASMTIMEOUT) == 1);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_REASM_TIMEOUT, 1);
	/* without the first one nobody is told */
	frag(800, 100, false);
	fx_advance(&f, 31 * FX_SEC);
	fx_expect_silence(&f);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_REASM_TIMEOUT, 1);
	fx_assert_no_skbs(&f);
}

/* @attack F6 @req 815-4 */
static void incomplete_flood_is_bounded_and_evicts_the_oldest(void **state)
{
	u32 i, told;
	s64 most = 0;

	(void)state;
	frag_of(7, 0, 800, true, bytes);
	for (i = 0; i < 100000; i++) {
		struct fx_ip ip = { .proto = PROTO, .id = (u16)i,
				    .saddr = cpu_to_be32(0x0a000010u + i / 65536),
				    .frag = (u16)(i & 1 ? 100 : IP_MF) };

		fx_queue(&f, f.dev, frame, fx_build_ip(frame, &ip, bytes, 800));
		if (i % 32)
			continue;
		fx_run(&f);
		most = max(most, ip_frag_mem(f.net));
		assert_true(ip_frag_mem(f.net) <= 4 << 20);
	}
	fx_run(&f);
	assert_true(most > 3 << 20);
	expect_nothing();
	/* the oldest of all was the first to go */
	frag_of(7, 800, 100, false, bytes + 800);
	expect_nothing();
	fx_flush(&f);
	fx_advance(&f, 40 * FX_SEC);	/* and what waits for ARP */
	told = fx_flush(&f);
	assert_true(told <= 60);
	assert_int_equal(ip_frag_mem(f.net), 0);
	fx_assert_no_skbs(&f);
}

/* One datagram may not hold more either, to the octet. */
static void incomplete_datagram_is_bounded_by_itself(void **state)
{
	(void)state;
	fx_sysctl(&f, "net.ipv4.ipfrag_high_thresh", "40000");
	fx_sysctl(&f, "net.ipv4.ipfrag_low_thresh", "30000");
	fx_mark(&f);
	for (u32 i = 0; i < 64; i++) {
		frag(i * 800, 800, true);
		assert_true(ip_frag_mem(f.net) <= 40000);
	}
	assert_true(fx_mib_delta(&f, MIB_IP_REASMFAILS) > 0);
	time_out();
}

/* Fragments that wait hold no frame that the device needs: all else goes on. */
static void incomplete_flood_leaves_frames_to_the_device(void **state)
{
	u32 i;

	(void)state;
	fx_sysctl(&f, "net.ipv4.ipfrag_high_thresh", "100000000");
	f.rx_vary = false;
	for (i = 0; i < 5000; i++)
		frag_of((u16)i, 0, 800, true, bytes);
	assert_true(f.net->pool.nr_free > f.net->pool.low_water / 2);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_REASMREQDS), 5000);
}

/* Instructions cannot be counted here; comparisons can: the tree's height
 * bounds the work. @attack F7 */
static void smack_of_eight_byte_fragments_stays_cheap(void **state)
{
	struct rnd_state rnd;
	u32 i, n;

	(void)state;
	prandom_seed_state(&rnd, 3);
	/* backwards: 1,500 fragments of one datagram, as many as memory is for */
	for (i = 1500; i-- > 0;) {
		fx_queue(&f, f.dev, frame, fx_build_ip(frame, &(struct fx_ip){
			.proto = PROTO, .id = 1,
			.frag = (u16)(i | (i < 1499 ? IP_MF : 0)) },
			bytes + i * 8, 8));
		if (i % 64 == 0)
			fx_run(&f);
	}
	expect_whole(12000);
	/* in random order, eight datagrams interleaved, never complete */
	for (n = 0; n < 60000; n++) {
		i = 1 + prandom_u32_below(&rnd, 8000);
		fx_queue(&f, f.dev, frame, fx_build_ip(frame, &(struct fx_ip){
			.proto = PROTO, .id = (u16)(10 + n % 8),
			.frag = (u16)(i | IP_MF) }, bytes + i * 8, 8));
		if (n % 64 == 0)
			fx_run(&f);
	}
	fx_run(&f);
	expect_nothing();
	assert_true(fx_drop_delta(&f, SKB_DROP_REASON_FRAG_OVERLAP) == 0);
	time_out();
	fx_assert_no_skbs(&f);
}

/* @attack F9 */
static void same_last_fragment_again_and_again_costs_nothing(void **state)
{
	s64 mem;
	u32 i;

	(void)state;
	frag(65000, 100, false);
	mem = ip_frag_mem(f.net);
	for (i = 0; i < 100000; i++) {
		fx_queue(&f, f.dev, frame, fx_build_ip(frame, &(struct fx_ip){
			.proto = PROTO, .id = 1, .frag = 65000 / 8 },
			bytes + 65000, 100));
		if (i % 64 == 0)
			fx_run(&f);
	}
	fx_run(&f);
	assert_int_equal(ip_frag_mem(f.net), mem);
	fx_assert_dropped(&f, SKB_DROP_REASON_DUP_FRAG, 100000);
	time_out();
}

/* An id that comes round while a stale half waits starts anew. */
static void id_used_again_after_many_others_starts_anew(void **state)
{
	u32 i;

	(void)state;
	frag_of(1, 0, 800, true, bytes + 5000);
	for (i = 2; i < 100; i++)
		frag_of((u16)i, 0, 800, true, bytes);
	fx_mark(&f);
	frag_of(1, 0, 800, true, bytes);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_TOO_MUCH, 1);
	frag_of(1, 800, 100, false, bytes + 800);
	assert_int_equal(receive(), 900);
	assert_memory_equal(got + 20, bytes, 900);
	time_out();
}

/* What the stale half had, its end, is forgotten with it. */
static void id_used_again_after_a_last_fragment_waits_for_its_own(void **state)
{
	(void)state;
	frag_of(1, 800, 100, false, bytes + 5000);
	for (u32 i = 2; i < 100; i++)
		frag_of((u16)i, 0, 800, true, bytes);
	frag_of(1, 0, 800, true, bytes);
	expect_nothing();
	frag_of(1, 800, 100, false, bytes + 800);
	assert_int_equal(receive(), 900);
	assert_memory_equal(got + 20, bytes, 900);
	time_out();
}

/* @attack F12: a broadcast's fragments run out of time in silence. */
static void fragments_to_many_provoke_no_error(void **state)
{
	static const u8 all[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };
	struct fx_ip ip = { .proto = PROTO, .id = 1, .frag = IP_MF,
			    .dst_mac = all, .daddr = A(10, 0, 0, 255) };

	(void)state;
	fx_inject(&f, frame, fx_build_ip(frame, &ip, bytes, 800));
	fx_advance(&f, 31 * FX_SEC);
	fx_expect_silence(&f);
	fx_assert_dropped(&f, SKB_DROP_REASON_FRAG_REASM_TIMEOUT, 1);
}

/* @attack F13 @attack M8: the n-th allocation fails, for all n. */
static void memory_short_anywhere_frees_the_whole_queue(void **state)
{
	u32 n, i;

	(void)state;
	f.rx_vary = false;	/* the pieces would take memory */
	for (n = 1; n < 200; n++) {
		mem_fail_nth(&f.net->mem, n);
		for (i = 0; i < 20; i++)
			frag_of((u16)n, i * 800, 800, i < 19, bytes + i * 800);
		if (!mem_failed(&f.net->mem)) {
			expect_whole(16000);
			break;
		}
		while (receive() >= 0)
			assert_memory_equal(got + 20, bytes, 16000);
		time_out();
		fx_assert_no_skbs(&f);
	}
	mem_fail_nth(&f.net->mem, 0);
	assert_true(n < 200);
}

/* Fragments of every kind wait when the stack ends. */
static void stack_ends_with_fragments_waiting(void **state)
{
	(void)state;
	frag_of(1, 0, 800, true, bytes);
	frag_of(2, 800, 800, true, bytes);
	frag_of(3, 800, 80, false, bytes);
	assert_true(ip_frag_mem(f.net) > 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(two_fragments_in_either_order_are_one_datagram),
		T(any_order_with_duplicates_gives_the_same_bytes),
		T(largest_datagram_is_put_together),
		T(datagrams_that_differ_in_one_key_do_not_mix),
		T(header_of_the_first_fragment_is_the_datagrams),
		T(teardrop_and_its_kin_die_whole),
		T(ping_of_death_is_dropped),
		T(tiny_first_fragment_of_tcp_is_dropped),
		T(overlap_of_any_shape_kills_the_datagram),
		T(duplicate_is_ignored_forgery_kills),
		T(two_different_ends_kill_the_datagram),
		T(empty_or_odd_fragment_is_dropped),
		T(ecn_of_the_fragments_is_kept_or_refused),
		T(time_up_with_the_first_says_time_exceeded),
		T(incomplete_flood_is_bounded_and_evicts_the_oldest),
		T(incomplete_datagram_is_bounded_by_itself),
		T(incomplete_flood_leaves_frames_to_the_device),
		T(smack_of_eight_byte_fragments_stays_cheap),
		T(same_last_fragment_again_and_again_costs_nothing),
		T(id_used_again_after_many_others_starts_anew),
		T(id_used_again_after_a_last_fragment_waits_for_its_own),
		T(fragments_to_many_provoke_no_error),
		T(memory_short_anywhere_frees_the_whole_queue),
		T(stack_ends_with_fragments_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
