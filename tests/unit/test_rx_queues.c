/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One flow that a device spreads over its queues as no device should: each is
 * polled by a softnet of its own, and these take turns in any order.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <inet/control.h>

#include "core/rps.h"
#include "sockets.h"
#include "tcp_peer.h"

#define QUEUES 4u
#define ROUNDS 200u
#define SEGMENTS 24u		/* of a round, */
#define SEGMENT 100u		/* each so long */
#define DATAGRAM 2400u
#define PORT 7

/* How a queue's packets go on: where they are, or steered. */
static const char *const masks[] = { "0", "f", "c", "6", "1" };

static u8 text[SEGMENTS * SEGMENT], got[sizeof(text)];

static void set_masks(struct fx *f, u32 nr)
{
	for (u32 q = 0; q < QUEUES; q++)
		assert_int_equal(inet_netdev_set_rps_cpus(f->dev, q,
				 masks[nr % ARRAY_SIZE(masks)]), 0);
}

static void fill(u32 round)
{
	for (u32 i = 0; i < sizeof(text); i++)
		text[i] = (u8)(i * 7 + i / 100 + round * 31);
}

/* A round of a stream, its segments on @queues in turns, and what is read. */
static void pass_round(struct tp *t, u32 round, u32 queues)
{
	fill(round);
	for (u32 i = 0; i < SEGMENTS; i++) {
		t->f.rx_queue = i % queues;
		tp_queue(t, NULL, "A", 1 + round * sizeof(text) + i * SEGMENT,
			 text + i * SEGMENT, SEGMENT);
	}
	fx_run(&t->f);
	tcp_verify_all(t->f.net);
	fx_flush(&t->f);
	assert_int_equal(sk_recv(t->s, got, sizeof(got), 0), sizeof(got));
	assert_memory_equal(got, text, sizeof(text));
}

/* @mask is of masks[]; ARRAY_SIZE(masks): another in each round. */
static void pass_stream(u32 mask, const char *gro)
{
	struct tp t;

	tp_open_smp(&t, QUEUES);
	assert_int_equal(inet_netdev_set_feature(t.f.dev, "gro", gro != NULL),
			 0);
	t.f.rx_queue = 0;
	tp_passive(&t);
	fx_mark(&t.f);
	for (u32 i = 0; i < ROUNDS; i++) {
		set_masks(&t.f, mask == ARRAY_SIZE(masks) ? i : mask);
		pass_round(&t, i, 2 + i % 3);
	}
	fx_assert_no_drops(&t.f);
	fx_assert_no_skbs(&t.f);
	tp_close(&t);
}

/* Some come before others, and wait for them: nothing is lost, nothing is
 * wrong.
 * @attack L10 */
static void stream_on_queues_in_turns_is_put_in_order(void **state)
{
	struct tp t;
	s64 waited;

	(void)state;
	tp_open_smp(&t, QUEUES);
	tp_passive(&t);
	fx_mark(&t.f);
	for (u32 i = 0; i < ROUNDS; i++)
		pass_round(&t, i, 2 + i % 3);
	waited = fx_mib_delta(&t.f, MIB_TCP_OFOQUEUE);
	assert_true(waited > (s64)ROUNDS && waited < ROUNDS * SEGMENTS);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_OFODROP) == 0);
	fx_assert_no_drops(&t.f);
	fx_assert_no_skbs(&t.f);
	tp_close(&t);
}

/* Whatever masks the queues have, and while these change; merged or not.
 * @attack L10 */
static void stream_on_steered_queues_is_whole(void **state)
{
	(void)state;
	for (u32 i = 0; i <= ARRAY_SIZE(masks); i++) {
		pass_stream(i, NULL);
		pass_stream(i, "gro");
	}
}

/* A datagram's fragments, the last one first in every second round, each on
 * another queue. */
static void queue_fragments(struct fx *f, u16 id, const u8 *udp, u32 len)
{
	static u8 frame[FX_FRAME_MAX];

	for (u32 i = 0; i < 3; i++) {
		u32 nr = id & 1 ? 2 - i : i, off = nr * 808;
		u32 part = nr == 2 ? len - off : 808;
		const struct fx_ip ip = {
			.proto = IPPROTO_UDP, .id = id,
			.frag = (u16)(off / 8 | (nr == 2 ? 0 : IP_MF)),
		};

		f->rx_queue = (id + nr) % QUEUES;
		fx_queue(f, f->dev, frame,
			 fx_build_ip(frame, &ip, udp + off, part));
	}
}

/* The UDP packet that fx_build_udp() makes for datagram @id. Return: its
 * length. */
static u32 build_datagram(u8 *udp, u16 id)
{
	static u8 frame[FX_FRAME_MAX];
	struct fx_ip ip = { .proto = IPPROTO_UDP };
	u8 data[DATAGRAM];
	u32 len;

	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 3 + i / 256 + id);
	memcpy(data, &id, sizeof(id));
	len = fx_build_udp(frame, &ip, 40000, PORT, data, sizeof(data)) -
	      ETH_HLEN - 20;
	memcpy(udp, frame + ETH_HLEN + 20, len);
	return len;
}

/* Reads @nr datagrams of any order: each comes once, and is what it was. */
static void read_datagrams(struct socket *s, u32 nr)
{
	static u8 wanted[FX_FRAME_MAX];
	u64 seen = 0;
	u16 id;

	for (u32 i = 0; i < nr; i++) {
		assert_int_equal(sk_recv(s, got, sizeof(got), 0), DATAGRAM);
		memcpy(&id, got, sizeof(id));
		build_datagram(wanted, id);
		assert_memory_equal(got, wanted + UDP_HLEN, DATAGRAM);
		assert_false(seen & 1ull << id % 64);
		seen |= 1ull << id % 64;
	}
	assert_int_equal(sk_recv(s, got, sizeof(got), 0), -EAGAIN);
}

/* Fragments of a datagram meet, wherever each of them came in.
 * @attack L10 */
static void fragments_on_other_queues_are_one_datagram(void **state)
{
	static u8 udp[FX_FRAME_MAX];
	struct socket *s;
	struct fx f;
	u32 len;

	(void)state;
	fx_open_smp(&f, QUEUES);
	fx_learn(&f);
	s = sk_udp(f.net, SK_HOST, PORT);
	fx_mark(&f);
	for (u32 i = 0; i < ROUNDS; i++) {
		set_masks(&f, i);
		for (u32 k = 0; k < 8; k++) {
			len = build_datagram(udp, (u16)(i * 8 + k));
			queue_fragments(&f, (u16)(i * 8 + k), udp, len);
		}
		fx_run(&f);
		read_datagrams(s, 8);
	}
	assert_int_equal(fx_mib_delta(&f, MIB_IP_REASMOKS), ROUNDS * 8);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_REASMFAILS), 0);
	fx_assert_no_drops(&f);
	fx_assert_no_skbs(&f);
	inet_close(s);
	fx_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_on_queues_in_turns_is_put_in_order),
		cmocka_unit_test(stream_on_steered_queues_is_whole),
		cmocka_unit_test(fragments_on_other_queues_are_one_datagram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
