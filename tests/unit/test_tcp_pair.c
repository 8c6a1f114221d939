/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP between two stacks over a bad cable: every octet once, in order, and
 * nothing left over.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

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

/* Transfers both ways at once until both ends saw the end. */
static void transfer(struct pair *p, struct stream *x, struct stream *y)
{
	u64 limit = p->a.now_ns + 3600 * FX_SEC;

	while (!x->eof || !y->eof) {
		stream_write(x);
		stream_write(y);
		stream_read(x);
		stream_read(y);
		if (!pair_step(p, limit))
			fail_msg("stuck: %llu of %llu, %llu of %llu octets",
				 (unsigned long long)x->got,
				 (unsigned long long)x->len,
				 (unsigned long long)y->got,
				 (unsigned long long)y->len);
	}
	assert_int_equal(x->got, x->len);
	assert_int_equal(y->got, y->len);
}

/* Connects, transfers @there and @back octets, closes; nothing is left. */
static void whole_life(struct pair *p, u64 there, u64 back, u32 piece)
{
	struct socket *l = pair_listen(&p->b, 7, 8), *c, *s = NULL;
	u64 limit = p->a.now_ns + 600 * FX_SEC;
	struct stream x, y;

	c = pair_connect(p, 7);
	while (!(s = inet_accept(l, NULL, NULL)) && pair_step(p, limit))
		assert_int_equal(errno, EAGAIN);
	assert_non_null(s);
	inet_set_nonblock(s, true);
	/* the client may have to wait for the SYN-ACK to come again */
	while (inet_send(c, "", 0, 0) < 0)
		if (!pair_step(p, limit))
			fail_msg("no connection");
	x = (struct stream){ .from = c, .to = s, .seed = 1, .len = there,
			     .piece = piece };
	y = (struct stream){ .from = s, .to = c, .seed = 2, .len = back,
			     .piece = piece };
	transfer(p, &x, &y);
	assert_int_equal(inet_close(c), 0);
	assert_int_equal(inet_close(s), 0);
	assert_int_equal(inet_close(l), 0);
	pair_run(p, 300 * FX_SEC);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(established_bulk_on_clean_cable_is_exact),
		cmocka_unit_test(established_small_writes_are_exact),
		cmocka_unit_test(established_bulk_with_loss_is_exact),
		cmocka_unit_test(established_every_fault_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
