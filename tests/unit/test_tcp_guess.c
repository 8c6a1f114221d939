/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What somebody who does not see the packets can guess of a connection: its port
 * first (RFC 6056), and with it everything else (RFC 4953).
 */
#include "unit.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "attack.h"
#include "core/skbuff.h"
#include "lib/random.h"
#include "tcp_peer.h"

#define FIRST_PORT 32768u
#define NR_PORTS 28232u		/* 32768 to 60999 */
#define NR_PEERS 65535u		/* a server on each port of one host */

#if INET_ASAN || INET_TSAN
#define GUESSES 200000u
#else
#define GUESSES 1000000u
#endif

/* The port that @f's stack takes towards @server's port; it is free again
 * afterwards. */
static u16 port_towards(struct fx *f, u32 server)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
					.sin_port = htons((u16)server),
					.sin_addr.s_addr = FX_PEER };
	struct socket *s = inet_socket(f->net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);
	u16 port;

	assert_non_null(s);
	assert_int_equal(inet_connect(s, (const void *)&to, sizeof(to)), -1);
	port = s->sk->sk_num;
	assert_in_range(port, FIRST_PORT, FIRST_PORT + NR_PORTS - 1);
	inet_close(s);
	fx_flush(f);
	return port;
}

/* ---- ports ------------------------------------------------------------ */

/*
 * One connection to each of many servers: two of them have the same port no more
 * often than with 14 bits of chance (the whole range has 14.8), and hardly ever
 * neighbours: no counter is behind them. @attack R3 @attack B10 @req 6056-1
 */
static void ports_to_many_servers_have_fourteen_bits(void **state)
{
	u32 *times = calloc(NR_PORTS, sizeof(*times));
	u32 i, port, last = 0, close_by = 0;
	u64 pairs = 0;
	struct tp t;

	(void)state;
	assert_non_null(times);
	tp_open_watched(&t);
	for (i = 0; i < NR_PEERS; i++) {
		port = port_towards(&t.f, i + 1);
		pairs += times[port - FIRST_PORT]++;
		close_by += abs((int)port - (int)last) < 64;
		last = port;
	}
	assert_true(pairs << 14 <= (u64)NR_PEERS * (NR_PEERS - 1) / 2);
	/* 127 of 28,232 by chance: one in 222 */
	assert_true(close_by < NR_PEERS / 100);
	free(times);
	tp_close(&t);
}

/*
 * Who connects to us again and again sees the steps of one server's counter. They
 * say nothing of how many connections went elsewhere meanwhile: random, a few
 * ports, whatever was between. @attack R3
 */
static void port_of_one_server_says_nothing_of_the_others(void **state)
{
	u32 i, n, seen = 0;
	struct tp t;
	s32 step;
	u16 port;

	(void)state;
	tp_open_watched(&t);
	port = port_towards(&t.f, 1);
	for (i = 0; i < 200; i++) {
		for (n = 0; n < i; n++)
			port_towards(&t.f, 1000 + n);
		step = -(s32)port;
		port = port_towards(&t.f, 1);
		step += (s32)port;
		if (step < 0)
			step += (s32)NR_PORTS;
		assert_in_range(step, 2, 16);
		assert_int_equal(step % 2, 0);
		seen |= 1u << step;
	}
	assert_int_equal(seen, 0x15554);	/* 2, 4, ... 16 */
	tp_close(&t);
}

/* One bit of a stack's secret makes other ports. @attack R3 */
static void ports_are_those_of_a_secret(void **state)
{
	struct tp t[2];
	u32 i, same = 0;

	(void)state;
	tp_open(&t[0]);
	tp_open(&t[1]);
	assert_int_equal(port_towards(&t[0].f, 1), port_towards(&t[1].f, 1));
	*(u8 *)&t[1].f.net->ipv4.tcp_hashinfo->port_key ^= 1;
	for (i = 2; i <= 500; i++)
		same += port_towards(&t[0].f, i) == port_towards(&t[1].f, i);
	assert_true(same <= 2);
	tp_close(&t[1]);
	tp_close(&t[0]);
}

/* ---- when --------------------------------------------------------------- */

/*
 * A segment is sent again sooner than twice the time before by a random part, as
 * much as the knob says, so that nobody can aim at it. @attack W8
 */
static void time_of_a_retransmission_has_chance_in_it(void **state)
{
	u64 ns, least = FX_SEC, most = 0;
	struct tp t;

	(void)state;
	for (u32 i = 0; i < 30; i++) {
		tp_open(&t);
		fx_sysctl(&t.f, "net.ipv4.tcp_rto_jitter", "40");
		for (u32 n = 0; n < i; n++)	/* what comes next is other */
			net_random_bytes(t.f.net, &ns, sizeof(ns));
		tp_passive(&t);
		tp_write(&t, "x", 1);
		tp_expect(&t, "PA", 1, 1, 1);
		fx_advance(&t.f, 3 * FX_SEC);
		tp_next(&t);
		ns = t.p.time_ns;
		tp_next(&t);
		ns = t.p.time_ns - ns;
		fx_flush(&t.f);
		least = min(least, ns);
		most = max(most, ns);
		tp_send(&t, "R", 1, 0, NULL, 0);
		tp_close(&t);
	}
	/* 400 ms, less 160 */
	assert_in_range(least, 238 * FX_MS, 300 * FX_MS);
	assert_in_range(most, 340 * FX_MS, 402 * FX_MS);
}

/* ---- all four numbers ------------------------------------------------- */

/* What the one who guesses sends: the peer's address and port are known, our port
 * and the sequence numbers are not. Return: whether our port is right. */
static bool guess(struct tp *t, struct rnd_state *rnd)
{
	static const u8 flags[] = {
		TCPHDR_RST, TCPHDR_RST | TCPHDR_ACK, TCPHDR_SYN,
		TCPHDR_SYN | TCPHDR_ACK, TCPHDR_ACK, TCPHDR_FIN | TCPHDR_ACK,
	};
	const struct fx_ip ip = { 0 };
	const struct tcp_seg_info seg = {
		.source = htons(t->pport),
		.dest = htons((u16)(FIRST_PORT + prandom_u32_below(rnd, NR_PORTS))),
		.seq = (u32)prandom_u64_state(rnd),
		.ack_seq = (u32)prandom_u64_state(rnd),
		.window = 1000,
		.flags = flags[prandom_u32_below(rnd, ARRAY_SIZE(flags))],
	};
	u8 frame[128];

	fx_inject(&t->f, frame,
		  fx_build_tcp(frame, &ip, &seg, NULL, 0, "forged", 6));
	return seg.dest == htons(t->lport);
}

/*
 * A million segments at random ports: some three dozen meet the connection, each
 * with another sequence number. It lives, its stream has its own octets only, and it
 * answers no more often than it is met, the challenges twice a second. @attack B10
 */
static void guessed_segments_do_not_touch_the_connection(void **state)
{
	u32 i, met = 0, answers = 0;
	struct rnd_state rnd;
	struct tp t;

	(void)state;
	prandom_seed_state(&rnd, 4953);
	tp_open_watched(&t);
	attack_allow(&t.f, UINT32_MAX);
	tp_active(&t);
	fx_mark(&t.f);
	for (i = 0; i < GUESSES; i++) {
		met += guess(&t, &rnd);
		while (fx_pop(&t.f, &t.p))
			if (t.p.tcp && !t.p.tcp->rst) {
				assert_int_equal(t.p.tcp->flags, TCPHDR_ACK);
				assert_int_equal(t.p.data_len, 0);
				answers++;
			}
		if (i % 1000 == 0)
			fx_advance(&t.f, FX_MS);
	}
	assert_int_equal(tp_state(&t), TCP_ESTABLISHED);
	assert_in_range(met, GUESSES / NR_PORTS / 2, GUESSES / NR_PORTS * 2);
	assert_in_range(answers, 1, met);
	assert_in_range(fx_mib_delta(&t.f, MIB_TCP_CHALLENGEACK), 1, 3);
	tp_read_nothing(&t);
	tp_send(&t, "PA", 1, 1, "mine", 4);
	tp_read(&t, "mine", 4);
	fx_flush(&t.f);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_to_many_servers_have_fourteen_bits),
		cmocka_unit_test(port_of_one_server_says_nothing_of_the_others),
		cmocka_unit_test(ports_are_those_of_a_secret),
		cmocka_unit_test(time_of_a_retransmission_has_chance_in_it),
		cmocka_unit_test(guessed_segments_do_not_touch_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
