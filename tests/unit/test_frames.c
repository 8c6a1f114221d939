/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that a reader is lent: inet_recv_frames(), inet_frames_put(). */
#include "unit.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/ioctl.h>

#include "api/verify.h"
#include "attack.h"
#include "core/skbuff.h"
#include "core/socket.h"
#include "fixture.h"
#include "ipv4/tcp.h"
#include "sockets.h"
#include "tcp_pair.h"
#include "tcp_peer.h"

#define PORT 5000
#define PEER_PORT 53
#define PIECES 64

static u8 data[1 << 20], buf[1 << 20];

static int fill(void **state)
{
	(void)state;
	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7 + i / 256);
	return 0;
}

/* ---- a loan ----------------------------------------------------------- */

struct loan {
	u64 frames;
	struct iovec iov[PIECES];
	u32 nr;
	int flags;
	struct sockaddr_in from;
	int ret;		/* bytes, or -errno */
};

/* Up to @len bytes in @pieces. */
static struct loan borrow(struct socket *s, size_t len, u32 pieces, int flags)
{
	struct loan l = { .frames = 1 };
	struct msghdr m = { .msg_iov = l.iov, .msg_iovlen = pieces,
			    .msg_name = &l.from,
			    .msg_namelen = sizeof(l.from) };
	ssize_t n = inet_recv_frames(s, &m, len, flags, &l.frames);

	l.ret = n < 0 ? -errno : (int)n;
	l.nr = n < 0 ? 0 : (u32)m.msg_iovlen;
	l.flags = m.msg_flags;
	assert_int_equal(!l.frames, !l.nr);
	return l;
}

static int put(struct net *net, u64 frames)
{
	return inet_frames_put(net, frames) ? -errno : 0;
}

/* Are these the bytes of the stream from @off on? */
static void expect_bytes(const struct loan *l, u32 off, u32 len)
{
	u32 i, n = 0;

	assert_int_equal(l->ret, len);
	for (i = 0; i < l->nr; i++) {
		assert_memory_equal(l->iov[i].iov_base, data + off + n,
				    l->iov[i].iov_len);
		n += (u32)l->iov[i].iov_len;
	}
	assert_int_equal(n, len);
}

/* ---- TCP -------------------------------------------------------------- */

/* A connection from a to b. */
struct conn {
	struct pair *p;
	struct net *net;	/* b's */
	struct socket *l, *c, *s;
	u32 sent, got;
};

static int setup(void **state)
{
	struct conn *t = calloc(1, sizeof(*t));

	fill(state);
	t->p = pair_open(1);
	t->net = t->p->b.net;
	t->l = pair_listen(&t->p->b, 7, 8);
	t->c = pair_connect(t->p, 7);
	pair_run(t->p, FX_SEC);
	t->s = inet_accept4(t->l, NULL, NULL, SOCK_NONBLOCK);
	assert_non_null(t->s);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct conn *t = *state;

	inet_close(t->c);
	if (t->s)
		inet_close(t->s);
	inet_close(t->l);
	pair_run(t->p, 300 * FX_SEC);
	pair_close(t->p);
	free(t);
	return 0;
}

/* a sends what fits of @len bytes, and it arrives. */
static void send_some(struct conn *t, u32 len)
{
	ssize_t n = inet_send(t->c, data + t->sent, len, 0);

	if (n > 0)
		t->sent += (u32)n;
	pair_run(t->p, FX_SEC);
}

static struct loan borrow_next(struct conn *t, size_t len, u32 pieces)
{
	struct loan l = borrow(t->s, len, pieces, 0);

	if (l.ret > 0) {
		expect_bytes(&l, t->got, (u32)l.ret);
		t->got += (u32)l.ret;
	}
	return l;
}

static void pieces_lie_in_the_packets_themselves(void **state)
{
	struct conn *t = *state;
	struct loan l;
	u32 i;

	send_some(t, 10000);
	l = borrow_next(t, sizeof(data), PIECES);
	assert_int_equal(l.ret, 10000);
	assert_true(l.nr >= 7);
	for (i = 0; i < l.nr; i++)
		assert_non_null(frame_of(t->net, l.iov[i].iov_base));
	assert_int_equal(borrow_next(t, 100, 1).ret, -EAGAIN);
	assert_int_equal(put(t->net, l.frames), 0);
	fx_assert_no_skbs(&t->p->b);
}

/* The buffer is not empty before they are back. */
static void window_opens_when_frames_are_given_back(void **state)
{
	struct conn *t = *state;
	u32 nr = 0, stopped, i;
	u64 out[4096];
	struct loan l;

	do {
		assert_true(nr < ARRAY_SIZE(out));
		send_some(t, 20000);
		l = borrow_next(t, sizeof(data), PIECES);
		out[nr] = l.frames;
		nr += l.ret > 0;
	} while (l.ret > 0);
	assert_int_equal(l.ret, -EAGAIN);
	stopped = t->got;
	assert_in_range(stopped, 10000, 131072);
	assert_true(t->sent > stopped);
	for (i = 0; i < 20; i++)
		send_some(t, 20000);
	assert_int_equal(borrow_next(t, 1, 1).ret, -EAGAIN);
	for (i = 0; i < nr; i++)
		assert_int_equal(put(t->net, out[i]), 0);
	/* told at once, not by the answer to a probe minutes later */
	pair_run(t->p, 100 * FX_MS);
	l = borrow_next(t, sizeof(data), PIECES);
	assert_true(l.ret > 0);
	assert_int_equal(put(t->net, l.frames), 0);
	while ((l = borrow_next(t, sizeof(data), PIECES)).ret > 0) {
		put(t->net, l.frames);
		pair_run(t->p, FX_SEC);
	}
	assert_int_equal(t->got, t->sent);
}

/* Small segments cost more than the window says that let them in. */
static void buffer_holds_no_more_when_all_is_lent(void **state)
{
	struct conn *t = *state;
	u64 out[1000];
	struct loan l;
	u32 nr = 0, i;

	assert_int_equal(sk_set(t->c, IPPROTO_TCP, TCP_NODELAY, 1), 0);
	for (i = 0; i < 500; i++) {
		assert_int_equal(inet_send(t->c, data + t->sent, 10, 0), 10);
		t->sent += 10;
		pair_run(t->p, 20 * FX_MS);
		l = borrow_next(t, 1000, PIECES);
		out[nr] = l.frames;
		nr += l.ret > 0;
		assert_in_range(sk_rmem_alloc_get(t->s->sk), 0,
				t->s->sk->sk_rcvbuf + SKB_TRUESIZE(2048));
	}
	assert_in_range(nr, 20, 100);
	while (nr--)
		assert_int_equal(put(t->net, out[nr]), 0);
	while (t->got < t->sent) {
		pair_run(t->p, 60 * FX_SEC);
		l = borrow_next(t, 1000, PIECES);
		assert_true(l.ret > 0);
		assert_int_equal(put(t->net, l.frames), 0);
	}
}

/* A number that is not that of a loan does nothing. */
static void other_numbers_are_refused(void **state)
{
	struct conn *t = *state;
	struct loan l, m;
	u32 i;

	assert_int_equal(put(t->net, 0), 0);
	assert_int_equal(put(t->net, 1), -EINVAL);
	assert_int_equal(put(t->net, U64_MAX), -EINVAL);
	send_some(t, 5000);
	l = borrow_next(t, 100, 1);
	m = borrow_next(t, 1000, 1);
	assert_int_not_equal(l.frames, m.frames);
	assert_int_equal(put(t->p->a.net, l.frames), -EINVAL);
	for (i = 0; i < 64; i++)
		assert_int_equal(put(t->net, l.frames ^ 1ull << i), -EINVAL);
	assert_int_equal(put(t->net, l.frames), 0);
	assert_int_equal(put(t->net, l.frames), -EINVAL);
	/* the slot is another loan's now */
	l = borrow_next(t, 100, 1);
	assert_int_equal(put(t->net, l.frames), 0);
	assert_int_equal(put(t->net, l.frames), -EINVAL);
	expect_bytes(&m, 100, 1000);
	assert_int_equal(put(t->net, m.frames), 0);
}

/* Many loans of one packet, in every order. */
static void packets_are_shared_by_loans_of_parts(void **state)
{
	struct conn *t = *state;
	struct rnd_state rnd;
	struct loan l[1000];
	u32 nr = 0, i;

	prandom_seed_state(&rnd, 7);
	send_some(t, 5000);
	while (t->got < 5000) {
		l[nr] = borrow_next(t, 1 + prandom_u32_below(&rnd, 20), 2);
		assert_true(l[nr].ret > 0);
		nr++;
		if (prandom_u32_below(&rnd, 2))
			continue;
		i = prandom_u32_below(&rnd, nr);
		assert_int_equal(put(t->net, l[i].frames), 0);
		l[i] = l[--nr];
	}
	while (nr--)
		assert_int_equal(put(t->net, l[nr].frames), 0);
	fx_assert_no_skbs(&t->p->b);
}

/* Room for fewer pieces than there are: the rest stays. */
static void pieces_without_room_stay(void **state)
{
	struct conn *t = *state;
	u32 i;

	assert_int_equal(dev_set_feature(t->p->b.dev, "gro", true), 0);
	send_some(t, 20000);
	for (i = 1; t->got < t->sent; i++) {
		struct loan l = borrow_next(t, sizeof(data), i % 5);

		assert_int_equal(l.ret > 0, i % 5 > 0);
		assert_true(l.nr <= i % 5);
		assert_int_equal(put(t->net, l.frames), 0);
	}
	assert_true(i > 5);
}

static void loans_are_bounded(void **state)
{
	struct conn *t = *state;
	u64 out[100];
	struct loan l;
	u32 nr = 0;

	fx_sysctl(&t->p->b, "net.core.optmem_max", "1000");
	send_some(t, 1000);
	while ((l = borrow_next(t, 1, 1)).ret == 1) {
		assert_true(nr < ARRAY_SIZE(out));
		out[nr++] = l.frames;
	}
	assert_int_equal(l.ret, -ENOBUFS);
	assert_in_range(nr, 10, 50);
	/* nothing was lost; copies cost nothing */
	assert_int_equal(sk_recv(t->s, buf, 1, 0), 1);
	assert_int_equal(buf[0], data[t->got]);
	t->got++;
	while (nr--)
		assert_int_equal(put(t->net, out[nr]), 0);
	l = borrow_next(t, 1000, 1);
	assert_true(l.ret > 0);
	assert_int_equal(put(t->net, l.frames), 0);
}

/* A socket is closed as if its frames had been read, which they were. */
static void frames_outlive_their_socket(void **state)
{
	struct conn *t = *state;
	struct loan l;

	send_some(t, 3000);
	l = borrow_next(t, 3000, PIECES);
	inet_close(t->s);
	t->s = NULL;
	pair_run(t->p, FX_SEC);
	assert_int_equal(sk_recv(t->c, buf, 1, 0), 0);	/* a FIN, no reset */
	inet_shutdown(t->c, SHUT_WR);
	pair_run(t->p, 300 * FX_SEC);
	expect_bytes(&l, 0, 3000);
	assert_int_equal(put(t->net, l.frames), 0);
	net_verify_tables(t->net);	/* the budget has it back at once */
	assert_int_equal(put(t->net, l.frames), -EINVAL);
	fx_assert_no_skbs(&t->p->b);
}

/* The sock has become another connection's, or a listener. */
static void frames_outlive_their_connection(void **state)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct conn *t = *state;
	struct loan l, m;

	send_some(t, 3000);
	l = borrow_next(t, 1000, PIECES);
	m = borrow_next(t, 1000, PIECES);
	assert_int_equal(inet_connect(t->s, &none, sizeof(none)), 0);
	expect_bytes(&l, 0, 1000);
	assert_int_equal(put(t->net, l.frames), 0);
	assert_int_equal(sk_bind(t->s, 0, 99), 0);
	assert_int_equal(inet_listen(t->s, 1), 0);
	fx_flush(&t->p->b);
	assert_int_equal(put(t->net, m.frames), 0);
	fx_run(&t->p->b);
	fx_expect_silence(&t->p->b);
	assert_int_equal(borrow(t->s, 1, 1, 0).ret, -ENOTCONN);
}

static void reading_ends_as_recv_does(void **state)
{
	struct conn *t = *state;
	struct loan l;

	assert_int_equal(borrow_next(t, 0, 1).ret, -EAGAIN);
	send_some(t, 100);
	inet_shutdown(t->c, SHUT_WR);
	pair_run(t->p, FX_SEC);
	l = borrow_next(t, 1000, PIECES);
	assert_int_equal(l.ret, 100);
	assert_int_equal(borrow_next(t, 1000, PIECES).ret, 0);
	assert_int_equal(borrow_next(t, 1000, PIECES).ret, 0);
	assert_int_equal(put(t->net, l.frames), 0);
}

static void errors_are_told_once(void **state)
{
	const struct linger hard = { .l_onoff = 1 };
	struct conn *t = *state;

	assert_int_equal(inet_setsockopt(t->c, SOL_SOCKET, SO_LINGER, &hard,
					 sizeof(hard)), 0);
	inet_close(t->c);
	t->c = pair_socket(&t->p->a);
	pair_run(t->p, FX_SEC);
	assert_int_equal(borrow_next(t, 1, 1).ret, -ECONNRESET);
	assert_int_equal(borrow_next(t, 1, 1).ret, 0);
}

static void urgent_data_is_in_the_way_once(void **state)
{
	struct conn *t = *state;
	struct loan l;
	int mark = 0;

	assert_int_equal(inet_send(t->c, data, 100, 0), 100);
	assert_int_equal(inet_send(t->c, data + 100, 1, MSG_OOB), 1);
	assert_int_equal(inet_send(t->c, data + 101, 100, 0), 100);
	pair_run(t->p, FX_SEC);
	l = borrow_next(t, 1000, PIECES);
	assert_int_equal(l.ret, 100);
	assert_int_equal(put(t->net, l.frames), 0);
	assert_int_equal(inet_ioctl(t->s, SIOCATMARK, &mark), 0);
	assert_int_equal(mark, 1);
	t->got++;
	l = borrow_next(t, 1000, PIECES);
	assert_int_equal(l.ret, 100);
	assert_int_equal(put(t->net, l.frames), 0);
}

static void what_cannot_be_lent_is_refused(void **state)
{
	struct conn *t = *state;
	struct iovec iov;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1025 };
	struct socket *s;
	u64 frames = 7;

	send_some(t, 10);
	assert_int_equal(borrow(t->s, 1, 1, MSG_PEEK).ret, -EOPNOTSUPP);
	assert_int_equal(borrow(t->s, 1, 1, MSG_OOB).ret, -EOPNOTSUPP);
	assert_int_equal(borrow(t->s, 1, 1, MSG_ERRQUEUE).ret, -EOPNOTSUPP);
	assert_int_equal(borrow(t->l, 1, 1, 0).ret, -ENOTCONN);
	assert_int_equal(borrow(NULL, 1, 1, 0).ret, -EBADF);
	assert_int_equal(inet_recv_frames(t->s, &m, 1, 0, &frames), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(frames, 0);
	assert_int_equal(inet_recv_frames(t->s, &m, 1, 0, NULL), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(inet_recv_frames(t->s, NULL, 1, 0, &frames), -1);
	assert_int_equal(errno, EFAULT);
	m.msg_iov = NULL;
	m.msg_iovlen = 1;
	assert_int_equal(inet_recv_frames(t->s, &m, 1, 0, &frames), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(borrow(t->s, SIZE_MAX, 1, 0).ret, -EINVAL);
	s = inet_socket(t->net, AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	assert_int_equal(borrow(s, 1, 1, 0).ret, -EOPNOTSUPP);
	inet_close(s);
	/* thrown away, so nothing is lent */
	assert_int_equal(borrow(t->s, 10, 1, MSG_TRUNC).ret, 10);
}

/* Copies and loans of random sizes, over a bad link: the same stream. */
static void copies_and_loans_make_one_stream(void **state)
{
	struct conn *t = *state;
	struct pair *p = t->p;
	struct rnd_state rnd;
	struct loan l, out[8] = { { 0 } };
	u32 want, i;
	int n;

	prandom_seed_state(&rnd, 3);
	p->loss = p->dup = p->late = 20;
	p->late_ns = 20 * FX_MS;
	assert_int_equal(dev_set_feature(p->b.dev, "gro", true), 0);
	while (t->got < sizeof(data)) {
		ssize_t k = inet_send(t->c, data + t->sent, min(
			sizeof(data) - t->sent,
			(size_t)prandom_u32_below(&rnd, 50000)), 0);
		t->sent += k > 0 ? (u32)k : 0;
		want = 1 + prandom_u32_below(&rnd, 30000);
		i = prandom_u32_below(&rnd, ARRAY_SIZE(out) * 2);
		if (i < ARRAY_SIZE(out)) {
			assert_int_equal(put(t->net, out[i].frames), 0);
			l = borrow_next(t, want, 1 + want % PIECES);
			out[i].frames = l.frames;
		} else {
			n = sk_recv(t->s, buf, want, 0);
			if (n > 0)
				assert_memory_equal(buf, data + t->got,
						    (u32)n);
			t->got += n > 0 ? (u32)n : 0;
		}
		assert_true(pair_step(p, p->a.now_ns + 600 * FX_SEC));
	}
	for (i = 0; i < ARRAY_SIZE(out); i++)
		assert_int_equal(put(t->net, out[i].frames), 0);
	p->loss = p->dup = p->late = 0;
}

/* ---- pieces without end ------------------------------------------------ */

/* What a packet of GRO may cost, above a full buffer. */
#define ONE ((s32)(SKB_TRUESIZE(2048) + MAX_SKB_FRAGS * 2048))

/* A peer sends 64 k single octets, merged now and then; all are lent as they come,
 * and none comes back before nothing moves any more: buffer, optmem and pieces of a
 * packet bound what is held.
 * @attack M9 */
static void octets_that_are_lent_hold_no_more_than_the_buffer(void **state)
{
	static u64 out[65536];
	u32 got = 0, before, k, nr = 0, most = 0;
	struct loan l;
	struct tp t;

	fill(state);
	tp_open_watched(&t);
	attack_allow(&t.f, 100);	/* windows that open */
	tp_passive(&t);
	while (got < 65536) {
		before = got;
		for (k = 0; k < 64; k++)
			tp_queue(&t, NULL, "A", 1 + got + k, data + got + k, 1);
		fx_run(&t.f);
		while ((l = borrow(t.s, 65536, PIECES, 0)).ret > 0) {
			expect_bytes(&l, got, (u32)l.ret);
			got += (u32)l.ret;
			out[nr++] = l.frames;
		}
		assert_int_equal(l.ret, -EAGAIN);
		assert_in_range(sk_rmem_alloc_get(tp_sk(&t)), 0,
				tp_sk(&t)->sk_rcvbuf + ONE);
		assert_true(skb_pool_used(t.f.net) < 1000);
		most = max(most, nr);
		while (got == before && nr)
			assert_int_equal(put(t.f.net, out[--nr]), 0);
	}
	assert_in_range(most, 2, 1000);
	while (nr)
		assert_int_equal(put(t.f.net, out[--nr]), 0);
	tp_send(&t, "R", 1 + got, 1, NULL, 0);
	fx_flush(&t.f);
	tp_close(&t);
}

/* 64 k datagrams of an octet, merged as far as they may be.
 * @attack M9 */
static void datagrams_of_an_octet_are_merged_within_bounds(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static u64 out[65536];
	u8 frame[FX_FRAME_MAX];
	struct loan l;
	u32 i = 0, k, nr = 0;

	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_GRO, 1), 0);
	while (i < 65536) {
		for (k = 0; k < 64; k++, i++) {
			const struct fx_ip ip = { .id = (u16)(i | 1) };

			fx_queue(f, f->dev, frame, fx_build_udp(
				frame, &ip, PEER_PORT, PORT, data, 1));
		}
		fx_run(f);
		while ((l = borrow(s, 65536, PIECES, MSG_DONTWAIT)).ret > 0) {
			assert_false(l.flags & MSG_TRUNC);
			out[nr++] = l.frames;
		}
		assert_int_equal(l.ret, -EAGAIN);
		assert_in_range(sk_rmem_alloc_get(s->sk), 0,
				s->sk->sk_rcvbuf + ONE);
	}
	assert_in_range(nr, 10, 1000);
	while (nr--)
		assert_int_equal(put(f->net, out[nr]), 0);
	inet_close(s);
}

static int setup_attack(void **state)
{
	fill(state);
	return attack_setup_learned(state);
}

/* ---- UDP -------------------------------------------------------------- */

static int setup_udp(void **state)
{
	fill(state);
	return fx_setup_learned(state);
}

static void arrive(struct fx *f, u16 sport, u32 off, u32 len)
{
	const struct fx_ip ip = { .id = (u16)(off + 1) };
	u8 frame[FX_FRAME_MAX];

	fx_inject(f, frame, fx_build_udp(frame, &ip, sport, PORT, data + off,
					 len));
}

static void datagrams_come_with_their_source(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct loan l, m, n;

	arrive(f, 1111, 0, 100);
	arrive(f, 2222, 100, 0);
	arrive(f, 3333, 100, 1400);
	l = borrow(s, 2000, PIECES, MSG_DONTWAIT);
	expect_bytes(&l, 0, 100);
	assert_int_equal(ntohs(l.from.sin_port), 1111);
	assert_int_equal(ntohl(l.from.sin_addr.s_addr), SK_PEER);
	m = borrow(s, 2000, PIECES, MSG_DONTWAIT);
	assert_int_equal(m.ret, 0);
	assert_int_equal(ntohs(m.from.sin_port), 2222);
	n = borrow(s, 2000, PIECES, MSG_DONTWAIT);
	expect_bytes(&n, 100, 1400);
	assert_int_equal(ntohs(n.from.sin_port), 3333);
	assert_int_equal(n.flags, 0);
	assert_non_null(frame_of(f->net, n.iov[0].iov_base));
	assert_int_equal(borrow(s, 1, 1, MSG_DONTWAIT).ret, -EAGAIN);
	assert_int_equal(put(f->net, l.frames), 0);
	assert_int_equal(put(f->net, n.frames), 0);
	assert_int_equal(put(f->net, n.frames), -EINVAL);
	inet_close(s);
}

static void short_loans_cut_datagrams(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct loan l;

	arrive(f, 1111, 0, 100);
	arrive(f, 1111, 0, 100);
	arrive(f, 1111, 0, 100);
	l = borrow(s, 60, PIECES, MSG_DONTWAIT);
	expect_bytes(&l, 0, 60);
	assert_int_equal(l.flags, MSG_TRUNC);
	assert_int_equal(put(f->net, l.frames), 0);
	l = borrow(s, 60, PIECES, MSG_DONTWAIT | MSG_TRUNC);
	assert_int_equal(l.ret, 100);
	assert_int_equal(l.iov[0].iov_len, 60);
	assert_int_equal(put(f->net, l.frames), 0);
	l = borrow(s, 60, 0, MSG_DONTWAIT);
	assert_int_equal(l.ret, 0);
	assert_int_equal(l.flags, MSG_TRUNC);
	inet_close(s);
}

/* A datagram in many pieces, and more of them than there is room for. */
static void merged_datagrams_are_lent_whole(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct loan l;
	u32 i, round;
	u8 frame[FX_FRAME_MAX];

	assert_int_equal(dev_set_feature(f->dev, "gro", true), 0);
	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_GRO, 1), 0);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < 20; i++) {
			const struct fx_ip ip = { .id = (u16)(i + 1) };

			fx_queue(f, f->dev, frame, fx_build_udp(
				frame, &ip, 1111, PORT, data + i * 1000,
				1000));
		}
		fx_run(f);
		l = borrow(s, sizeof(data), round ? 7 : PIECES, MSG_DONTWAIT);
		expect_bytes(&l, 0, round ? 7000 : 20000);
		assert_int_equal(l.flags, MSG_CTRUNC | (round ? MSG_TRUNC : 0));
		assert_int_equal(put(f->net, l.frames), 0);
	}
	inet_close(s);
}

static void wrong_checksums_are_not_lent(void **state)
{
	const struct fx_ip ip = { .id = 1 };
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u8 frame[FX_FRAME_MAX];
	struct loan l;
	u32 len;

	len = fx_build_udp(frame, &ip, 1111, PORT, data, 100);
	frame[len - 1] ^= 1;
	fx_inject(f, frame, len);
	arrive(f, 1111, 7, 50);
	l = borrow(s, 2000, PIECES, MSG_DONTWAIT);
	expect_bytes(&l, 7, 50);
	assert_int_equal(put(f->net, l.frames), 0);
	inet_close(s);
}

/* What is lent is held in SO_RCVBUF; the sock may be closed meanwhile. */
static void lent_datagrams_fill_the_buffer(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u64 out[100];
	struct loan l;
	u32 nr, i;

	assert_int_equal(sk_set(s, SOL_SOCKET, SO_RCVBUF, 8192), 0);
	for (nr = 0; nr < ARRAY_SIZE(out); nr++) {
		arrive(f, 1111, 0, 100);
		l = borrow(s, 1000, 1, MSG_DONTWAIT);
		if (l.ret < 0)
			break;
		out[nr] = l.frames;
	}
	assert_in_range(nr, 2, 20);
	assert_int_equal(l.ret, -EAGAIN);
	fx_assert_dropped(f, SKB_DROP_REASON_SOCKET_RCVBUFF, 1);
	assert_int_equal(put(f->net, out[0]), 0);
	arrive(f, 1111, 0, 100);
	l = borrow(s, 1000, 1, MSG_DONTWAIT);
	expect_bytes(&l, 0, 100);
	inet_close(s);
	fx_advance(f, FX_SEC);
	expect_bytes(&l, 0, 100);
	assert_int_equal(put(f->net, l.frames), 0);
	for (i = 1; i < nr; i++)
		assert_int_equal(put(f->net, out[i]), 0);
}

/* inet_destroy() takes back what is out: all of its memory comes back, or it
 * says so and ends the program. */
static void stacks_that_end_take_their_frames_back(void **state)
{
	const struct inet_config config = { .size = sizeof(config),
					    .mode = INET_SIMULATED };
	struct net *net = inet_create(&config);
	struct socket *s = sk_udp(net, SK_LOOPBACK, PORT), *l, *c, *t;
	struct loan first, other;

	fill(state);
	l = inet_socket(net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	assert_int_equal(sk_bind(l, SK_LOOPBACK, 7), 0);
	assert_int_equal(inet_listen(l, 1), 0);
	c = inet_socket(net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	sk_connect(c, SK_LOOPBACK, 7);
	while (inet_run(net, 0))
		;
	t = inet_accept(l, NULL, NULL);
	assert_non_null(t);
	assert_int_equal(sk_send(c, data, 1000), 1000);
	assert_int_equal(sk_sendto(s, data, 10, SK_LOOPBACK, PORT), 10);
	assert_int_equal(sk_sendto(s, data, 10, SK_LOOPBACK, PORT), 10);
	while (inet_run(net, 0))
		;
	expect_bytes((first = borrow(s, 10, 1, 0), &first), 0, 10);
	expect_bytes((other = borrow(s, 10, 1, 0), &other), 0, 10);
	inet_close(s);
	expect_bytes((first = borrow(t, 10, 1, 0), &first), 0, 10);
	expect_bytes((other = borrow(t, 10, 1, 0), &other), 10, 10);
	inet_close(t);
	inet_destroy(net);
}

/* As any call that receives. */
static void blocking_calls_end_by_timeout_and_wake(void **state)
{
	const struct inet_config config = { .size = sizeof(config),
					    .mode = INET_EMBEDDED };
	const struct timeval soon = { .tv_usec = 1000 };
	struct net *net = inet_create(&config);
	struct socket *s = inet_socket(net, AF_INET, SOCK_DGRAM, 0);
	struct loan l;

	(void)state;
	assert_int_equal(sk_bind(s, SK_LOOPBACK, PORT), 0);
	inet_wake(net);
	assert_int_equal(borrow(s, 1, 1, 0).ret, -EINTR);
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &soon,
					 sizeof(soon)), 0);
	assert_int_equal(borrow(s, 1, 1, 0).ret, -EAGAIN);
	assert_int_equal(sk_sendto(s, data, 10, SK_LOOPBACK, PORT), 10);
	expect_bytes((l = borrow(s, 10, 1, 0), &l), 0, 10);
	assert_int_equal(put(net, l.frames), 0);
	inet_close(s);
	inet_destroy(net);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, setup, teardown)
#define UDP_CASE(name) \
	cmocka_unit_test_setup_teardown(name, setup_udp, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pieces_lie_in_the_packets_themselves),
		CASE(window_opens_when_frames_are_given_back),
		CASE(buffer_holds_no_more_when_all_is_lent),
		CASE(other_numbers_are_refused),
		CASE(packets_are_shared_by_loans_of_parts),
		CASE(pieces_without_room_stay),
		CASE(loans_are_bounded),
		CASE(frames_outlive_their_socket),
		CASE(frames_outlive_their_connection),
		CASE(reading_ends_as_recv_does),
		CASE(errors_are_told_once),
		CASE(urgent_data_is_in_the_way_once),
		CASE(what_cannot_be_lent_is_refused),
		CASE(copies_and_loans_make_one_stream),
		cmocka_unit_test(
			octets_that_are_lent_hold_no_more_than_the_buffer),
		cmocka_unit_test_setup_teardown(
			datagrams_of_an_octet_are_merged_within_bounds,
			setup_attack, fx_teardown),
		UDP_CASE(datagrams_come_with_their_source),
		UDP_CASE(short_loans_cut_datagrams),
		UDP_CASE(merged_datagrams_are_lent_whole),
		UDP_CASE(wrong_checksums_are_not_lent),
		UDP_CASE(lent_datagrams_fill_the_buffer),
		cmocka_unit_test(blocking_calls_end_by_timeout_and_wake),
		cmocka_unit_test(stacks_that_end_take_their_frames_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
