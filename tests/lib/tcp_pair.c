/* SPDX-License-Identifier: BSD-2-Clause */
/* Two stacks and the cable between them: see tcp_pair.h. */
#include "tcp_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ipv4/tcp.h"

static bool earlier(const struct pair_frame *x, const struct pair_frame *y)
{
	return x->due_ns != y->due_ns ? x->due_ns < y->due_ns :
					x->order < y->order;
}

static void flight_push(struct pair *p, struct pair_frame fr)
{
	u32 i = p->nr_flight++;

	assert_true(p->nr_flight <= PAIR_MAX_FLIGHT);
	for (; i && earlier(&fr, &p->flight[(i - 1) / 2]); i = (i - 1) / 2)
		p->flight[i] = p->flight[(i - 1) / 2];
	p->flight[i] = fr;
}

static struct pair_frame flight_pop(struct pair *p)
{
	struct pair_frame top = p->flight[0], last = p->flight[--p->nr_flight];
	u32 i = 0, child;

	while ((child = 2 * i + 1) < p->nr_flight) {
		if (child + 1 < p->nr_flight &&
		    earlier(&p->flight[child + 1], &p->flight[child]))
			child++;
		if (!earlier(&p->flight[child], &last))
			break;
		p->flight[i] = p->flight[child];
		i = child;
	}
	p->flight[i] = last;
	return top;
}

static bool chance(struct pair *p, u32 of_1000)
{
	return of_1000 && prandom_u32_below(&p->rnd, 1000) < of_1000;
}

/* @pkt does not get through. */
static bool pair_is_cut(const struct pair *p, const struct fx_pkt *pkt)
{
	return p->cut ||
	       (p->burst_every_ns && pkt->tcp &&
		pkt->time_ns % p->burst_every_ns < p->burst_ns);
}

/* One copy of the frame sets out. */
static void pair_carry(struct pair *p, struct fx *to, const struct fx_pkt *pkt)
{
	struct pair_frame fr = {
		.due_ns = pkt->time_ns + p->one_way_ns, .order = p->order++,
		.to = to, .len = pkt->len,
	};

	p->sent++;
	if (pair_is_cut(p, pkt) || chance(p, p->loss)) {
		p->lost++;
		return;
	}
	if (chance(p, p->late))
		fr.due_ns += prandom_u64_state(&p->rnd) % (p->late_ns + 1);
	fr.data = malloc(pkt->len);
	assert_non_null(fr.data);
	memcpy(fr.data, pkt->frame, pkt->len);
	if (chance(p, p->flip))
		fr.data[prandom_u32_below(&p->rnd, pkt->len)] ^=
			(u8)(1u << prandom_u32_below(&p->rnd, 8));
	flight_push(p, fr);
}

static void pair_collect(struct pair *p, struct fx *from, struct fx *to)
{
	while (fx_pop(from, &p->pkt)) {
		pair_carry(p, to, &p->pkt);
		if (chance(p, p->dup))
			pair_carry(p, to, &p->pkt);
	}
}

static u64 next_timer(struct fx *f)
{
	s64 left = inet_next_timeout_ns(f->net);

	return left < 0 ? UINT64_MAX : f->now_ns + (u64)left;
}

bool pair_step(struct pair *p, u64 limit_ns)
{
	struct pair_frame fr;
	u64 t;

	fx_run(&p->a);
	fx_run(&p->b);
	tcp_verify_all(p->a.net);
	tcp_verify_all(p->b.net);
	pair_collect(p, &p->a, &p->b);
	pair_collect(p, &p->b, &p->a);
	t = min(next_timer(&p->a), next_timer(&p->b));
	if (p->nr_flight)
		t = min(t, p->flight[0].due_ns);
	if (t > limit_ns)
		return false;
	if (t > p->a.now_ns) {
		fx_advance(&p->a, t - p->a.now_ns);
		fx_advance(&p->b, t - p->b.now_ns);
		return true;
	}
	while (p->nr_flight && p->flight[0].due_ns <= t) {
		fr = flight_pop(p);
		fx_inject(fr.to, fr.data, fr.len);
		free(fr.data);
	}
	return true;
}

void pair_run(struct pair *p, u64 ns)
{
	u64 limit = p->a.now_ns + ns;

	while (pair_step(p, limit))
		;
	fx_advance(&p->a, limit - p->a.now_ns);
	fx_advance(&p->b, limit - p->b.now_ns);
}

struct pair *pair_open(u64 seed)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	prandom_seed_state(&p->rnd, seed);
	fx_open_bare(&p->a, 0);
	fx_open_bare(&p->b, 0);
	p->a.seed += seed * 2 + 1;
	p->b.seed += seed * 6 + 3;
	p->a.dev = fx_add_dev(&p->a, "test0", fx_peer_mac, "10.0.0.1/24");
	p->b.dev = fx_add_dev(&p->b, "test0", fx_mac, "10.0.0.2/24");
	p->one_way_ns = 5 * FX_MS;
	return p;
}

void pair_close(struct pair *p)
{
	while (p->nr_flight)
		free(flight_pop(p).data);
	fx_close(&p->a);
	fx_close(&p->b);
	free(p);
}

struct socket *pair_socket(struct fx *f)
{
	struct socket *s = inet_socket(f->net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_non_null(s);
	return s;
}

struct socket *pair_listen(struct fx *f, u16 port, int backlog)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_port = htons(port) };
	struct socket *s = pair_socket(f);

	assert_int_equal(inet_bind(s, (void *)&any, sizeof(any)), 0);
	assert_int_equal(inet_listen(s, backlog), 0);
	return s;
}

struct socket *pair_connect(struct pair *p, u16 port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(0x0a000002) };
	struct socket *s = pair_socket(&p->a);

	assert_int_equal(inet_connect(s, (void *)&to, sizeof(to)), -1);
	assert_int_equal(errno, EINPROGRESS);
	return s;
}
