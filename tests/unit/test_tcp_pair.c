/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP between two stacks over a bad cable: every octet once, in order, and
 * nothing left over.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "core/skbuff.h"
#include "ipv4/tcp.h"
#include "tcp_pair.h"

/* Octet @i of the stream that @seed stands for. */
static u8 octet(u64 seed, u64 i)
{
	u64 x = (seed + i / 8 + 1) * 0x9e3779b97f4a7c15ull;

	return (u8)((x ^ x >> 29) >> i % 8 * 8);
}

/* One direction of a transfer. */
struct stream {
	struct socket *from, *to;
	u64 seed, len, sent, got;
	u32 piece;		/* octets of a write and a read at most */
	bool fin, eof;
};

static void stream_write(struct stream *s)
{
	u8 buf[8192];
	ssize_t n = 1;
	u32 i, want;

	while (s->sent < s->len && n > 0) {
		want = (u32)min(s->len - s->sent, (u64)min(s->piece, 8192u));
		for (i = 0; i < want; i++)
			buf[i] = octet(s->seed, s->sent + i);
		n = inet_send(s->from, buf, want, 0);
		if (n < 0)
			assert_int_equal(errno, EAGAIN);
		else
			s->sent += (u64)n;
	}
	if (s->sent == s->len && !s->fin) {
		assert_int_equal(inet_shutdown(s->from, SHUT_WR), 0);
		s->fin = true;
	}
}

static void stream_read(struct stream *s)
{
	u8 buf[8192];
	ssize_t n = 1, i;

	while (!s->eof && n > 0) {
		n = inet_recv(s->to, buf, min(s->piece, 8192u), 0);
		if (n < 0) {
			assert_int_equal(errno, EAGAIN);
			break;
		}
		for (i = 0; i < n; i++)
			if (buf[i] != octet(s->seed, s->got + (u64)i))
				fail_msg("octet %llu is wrong",
					 (unsigned long long)(s->got + (u64)i));
		s->got += (u64)n;
		s->eof = n == 0;
	}
}

/* A connection and what goes over it, both ways at once. */
struct life {
	struct pair *p;
	struct socket *l, *c, *s;
	struct stream x, y;
	u64 limit;
};

/* Connects; @there and @back octets shall go over it. */
static struct life life_begin(struct pair *p, u64 there, u64 back, u32 piece)
{
	struct life t = { .p = p, .l = pair_listen(&p->b, 7, 8),
			  .limit = p->a.now_ns + 600 * FX_SEC };

	t.c = pair_connect(p, 7);
	while (!(t.s = inet_accept(t.l, NULL, NULL)) && pair_step(p, t.limit))
		assert_int_equal(errno, EAGAIN);
	assert_non_null(t.s);
	inet_set_nonblock(t.s, true);
	/* the client may have to wait for the SYN-ACK to come again */
	while (inet_send(t.c, "", 0, 0) < 0)
		if (!pair_step(p, t.limit))
			fail_msg("no connection");
	t.x = (struct stream){ .from = t.c, .to = t.s, .seed = 1, .len = there,
			       .piece = piece };
	t.y = (struct stream){ .from = t.s, .to = t.c, .seed = 2, .len = back,
			       .piece = piece };
	t.limit = p->a.now_ns + 3600 * FX_SEC;
	return t;
}

/* Return: false when both ends saw the end. */
static bool life_step(struct life *t)
{
	if (t->x.eof && t->y.eof)
		return false;
	stream_write(&t->x);
	stream_write(&t->y);
	stream_read(&t->x);
	stream_read(&t->y);
	if (!pair_step(t->p, t->limit))
		fail_msg("stuck: %llu of %llu, %llu of %llu octets",
			 (unsigned long long)t->x.got,
			 (unsigned long long)t->x.len,
			 (unsigned long long)t->y.got,
			 (unsigned long long)t->y.len);
	return true;
}

static void life_end(struct life *t)
{
	assert_int_equal(t->x.got, t->x.len);
	assert_int_equal(t->y.got, t->y.len);
	assert_int_equal(inet_close(t->c), 0);
	assert_int_equal(inet_close(t->s), 0);
	assert_int_equal(inet_close(t->l), 0);
	pair_run(t->p, 300 * FX_SEC);
}

/* Connects, transfers @there and @back octets, closes; nothing is left. */
static void whole_life(struct pair *p, u64 there, u64 back, u32 piece)
{
	struct life t = life_begin(p, there, back, piece);

	while (life_step(&t))
		;
	life_end(&t);
}

static void established_bulk_on_clean_cable_is_exact(void **state)
{
	struct pair *p = pair_open(1);

	(void)state;
	whole_life(p, 4 << 20, 1 << 20, 8192);
	assert_int_equal(fx_mib_delta(&p->a, MIB_TCP_RETRANSSEGS), 0);
	assert_int_equal(fx_mib_delta(&p->b, MIB_TCP_RETRANSSEGS), 0);
	pair_close(p);
}

static void established_small_writes_are_exact(void **state)
{
	struct pair *p = pair_open(2);

	(void)state;
	whole_life(p, 20000, 30000, 7);
	pair_close(p);
}

static void established_bulk_with_loss_is_exact(void **state)
{
	struct pair *p = pair_open(3);

	(void)state;
	p->loss = 20;
	whole_life(p, 2 << 20, 1 << 20, 8192);
	assert_true(fx_mib_delta(&p->a, MIB_TCP_FASTRETRANS) > 0);
	pair_close(p);
}

static void established_every_fault_is_survived(void **state)
{
	u64 seed;

	(void)state;
	for (seed = 10; seed < 40; seed++) {
		struct pair *p = pair_open(seed);

		p->loss = prandom_u32_below(&p->rnd, 120);
		p->dup = prandom_u32_below(&p->rnd, 60);
		p->late = prandom_u32_below(&p->rnd, 150);
		p->flip = prandom_u32_below(&p->rnd, 20);
		p->late_ns = prandom_u32_below(&p->rnd, 80) * FX_MS + 1;
		p->one_way_ns = prandom_u32_below(&p->rnd, 50) * FX_MS + 50000;
		whole_life(p, prandom_u32_below(&p->rnd, 200000),
			   prandom_u32_below(&p->rnd, 200000),
			   1 + prandom_u32_below(&p->rnd, 8000));
		pair_close(p);
	}
}

/* 2 MiB, a window of 64 KiB and 100 ms there and back, while for 100 ms of each
 * @every_ns nothing gets through. Return: how long nothing came at most. */
static u64 longest_silence_with_bursts(u64 every_ns, const char *jitter)
{
	const int rcvbuf = 64 << 10;
	struct pair *p = pair_open(7);
	u64 longest = 0, got = 0, last;
	struct life t;

	p->one_way_ns = 50 * FX_MS;
	fx_sysctl(&p->a, "net.ipv4.tcp_rto_jitter", jitter);
	fx_sysctl(&p->b, "net.ipv4.tcp_rto_jitter", jitter);
	t = life_begin(p, 2 << 20, 0, 8192);
	assert_int_equal(inet_setsockopt(t.s, SOL_SOCKET, SO_RCVBUF, &rcvbuf,
					 sizeof(rcvbuf)), 0);
	p->burst_ns = 100 * FX_MS;
	p->burst_every_ns = every_ns;
	last = p->a.now_ns;
	while (life_step(&t)) {
		if (t.x.got == got)
			continue;
		longest = max(longest, p->a.now_ns - last);
		last = p->a.now_ns;
		got = t.x.got;
	}
	p->burst_every_ns = 0;
	life_end(&t);
	pair_close(p);
	return longest;
}

/*
 * Bursts of loss that return when the retransmission timer does (a shrew), and take
 * ACKs, too: an ACK that was lost does not count as round trip, so that the timer
 * waits ever longer. All octets come. @attack W8
 */
static void established_bursts_at_each_timeout_are_survived(void **state)
{
	(void)state;
	for (u64 every = 400; every <= 1200; every += 50) {
		assert_true(longest_silence_with_bursts(every * FX_MS, "0") <
			    30 * FX_SEC);
		assert_true(longest_silence_with_bursts(every * FX_MS, "25") <
			    30 * FX_SEC);
	}
}

/* ---- the end of a stack ----------------------------------------------- */

/* Everything that went over the cable, in one number. */
static u64 traffic(const struct pair *p)
{
	return p->a.bytes_sent * 31 + p->b.bytes_sent * 7 + p->sent +
	       p->a.now_ns;
}

/* The stack at one end of @t ends in the middle of the transfer, with segments
 * in flight and handshakes half done; its peer finds out. @held: the program
 * still has its sockets. */
static void end_under_traffic(struct life *t, bool held)
{
	struct pair *p = t->p;

	(void)pair_connect(p, 7);		/* nobody will accept it */
	pair_step(p, t->limit);
	assert_true(skb_pool_used(p->b.net) > 0);
	assert_true(p->nr_flight > 0);
	if (!held) {
		inet_close(t->s);
		inet_close(t->l);
	}
	fx_close(&p->b);	/* all memory came back, or this fails */
	fx_advance(&p->a, 2000 * FX_SEC);
	assert_int_equal(inet_send(t->c, "x", 1, 0), -1);
	assert_int_equal(errno, EHOSTUNREACH);	/* nobody answers ARP */
	while (p->nr_flight)
		free(p->flight[--p->nr_flight].data);
	fx_close(&p->a);	/* its sockets are still there */
	free(p);
}

/* Two cables in one process. A stack ends while data flows over the first; over
 * the second not one octet comes otherwise, or at another time, than when it
 * was alone. @attack P7 */
static void stack_destroyed_under_traffic_leaves_the_other_alone(void **state)
{
	struct life alone = life_begin(pair_open(5), 1 << 20, 1 << 19, 8000);
	struct life other, doomed;
	u64 expected;
	int held;

	(void)state;
	while (life_step(&alone))
		;
	life_end(&alone);
	expected = traffic(alone.p);
	pair_close(alone.p);
	for (held = 0; held < 2; held++) {
		other = life_begin(pair_open(5), 1 << 20, 1 << 19, 8000);
		doomed = life_begin(pair_open(6), 1 << 20, 1 << 20, 8000);
		while (life_step(&other) && other.x.got < 1 << 19)
			assert_true(life_step(&doomed));
		end_under_traffic(&doomed, held);
		while (life_step(&other))
			;
		life_end(&other);
		assert_int_equal(traffic(other.p), expected);
		pair_close(other.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(established_bulk_on_clean_cable_is_exact),
		cmocka_unit_test(established_small_writes_are_exact),
		cmocka_unit_test(established_bulk_with_loss_is_exact),
		cmocka_unit_test(established_every_fault_is_survived),
		cmocka_unit_test(established_bursts_at_each_timeout_are_survived),
		cmocka_unit_test(
			stack_destroyed_under_traffic_leaves_the_other_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
