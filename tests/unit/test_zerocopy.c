/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MSG_ZEROCOPY: who holds the application's memory and for how long, and what the
 * error queue tells of it. What is sent lies in memory of its own, freed when it
 * completes: AddressSanitizer sees who looks later.
 */
#include "unit.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>

#include <linux/errqueue.h>
#include <inet/netfilter.h>

#include "core/skbuff.h"
#include "core/socket.h"
#include "fixture.h"
#include "ipv4/tcp.h"
#include "lib/mem.h"
#include "sockets.h"
#include "tcp_pair.h"

#define PORT 5000
#define PEER_PORT 53
#define TWO (2 * 1448)	/* octets of two segments */
#define CUTS (NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_GSO_UDP_L4)

static struct fx_pkt p;		/* too big for a stack */
static u8 data[1 << 20], buf[1 << 20];

static void fill(void)
{
	for (u32 i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7 + i / 256);
}

/* ---- completions ------------------------------------------------------- */

/* Completions come for calls @from to @to, with @code. */
static void expect_done(struct socket *s, u32 from, u32 to, u32 code)
{
	char control[128] __attribute__((aligned(8)));
	struct sockaddr_in name;
	struct msghdr m = { .msg_control = control, .msg_name = &name,
			    .msg_namelen = sizeof(name),
			    .msg_controllen = sizeof(control) };
	struct sock_extended_err ee;
	const struct cmsghdr *c;

	assert_true(sk_poll(s) & POLLERR);
	assert_int_equal(inet_recvmsg(s, &m, MSG_ERRQUEUE), 0);
	assert_int_equal(m.msg_flags, MSG_ERRQUEUE);
	assert_int_equal(m.msg_namelen, 0);
	c = CMSG_FIRSTHDR(&m);
	assert_non_null(c);
	assert_int_equal(c->cmsg_level, IPPROTO_IP);
	assert_int_equal(c->cmsg_type, IP_RECVERR);
	memcpy(&ee, CMSG_DATA(c), sizeof(ee));
	assert_int_equal(ee.ee_errno, 0);
	assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	assert_int_equal(ee.ee_info, from);
	assert_int_equal(ee.ee_data, to);
	assert_int_equal(ee.ee_code, code);
}

/* Nothing more completed. */
static void expect_none(struct socket *s)
{
	struct msghdr m = { 0 };

	assert_int_equal(inet_recvmsg(s, &m, MSG_ERRQUEUE), -1);
	assert_int_equal(errno, EAGAIN);
	assert_false(sk_poll(s) & POLLERR);
}

/* Frames over memory of the application. */
static size_t lent(struct net *net)
{
	return kmem_cache_live(net->ubuf_slab);
}

static int send_zc(struct socket *s, const void *bytes, size_t len)
{
	ssize_t n = inet_send(s, bytes, len, MSG_ZEROCOPY);

	return n < 0 ? -errno : (int)n;
}

/* ---- TCP -------------------------------------------------------------- */

/* A connection from a to b, both of which may send so. */
struct conn {
	struct pair *p;
	struct net *net;	/* a's */
	struct socket *l, *c, *s;
	u32 got;
};

static struct conn *conn_open(u64 seed, u64 features)
{
	struct conn *t = calloc(1, sizeof(*t));

	fill();
	t->p = pair_open(seed);
	t->net = t->p->a.net;
	t->p->a.dev->features |= features;
	t->l = pair_listen(&t->p->b, 7, 8);
	assert_int_equal(sk_set(t->l, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	t->c = pair_connect(t->p, 7);
	assert_int_equal(sk_set(t->c, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	pair_run(t->p, FX_SEC);
	t->s = inet_accept4(t->l, NULL, NULL, SOCK_NONBLOCK);
	assert_non_null(t->s);
	return t;
}

static void conn_close(struct conn *t)
{
	if (t->c)
		inet_close(t->c);
	inet_close(t->s);
	inet_close(t->l);
	pair_run(t->p, 300 * FX_SEC);
	assert_int_equal(lent(t->net), 0);
	pair_close(t->p);
	free(t);
}

static int setup(void **state)
{
	*state = conn_open(1, NETIF_F_SG);
	return 0;
}

static int teardown(void **state)
{
	conn_close(*state);
	return 0;
}

/* b reads what is there: it is the stream. */
static void read_all(struct conn *t)
{
	int n;

	while ((n = sk_recv(t->s, buf, sizeof(buf), 0)) > 0) {
		assert_memory_equal(buf, data + t->got, (u32)n);
		t->got += (u32)n;
	}
}

static void stream_completes_when_it_is_acknowledged(void **state)
{
	struct conn *t = *state;

	assert_int_equal(send_zc(t->c, data, 10000), 10000);
	assert_true(lent(t->net) >= 6);
	expect_none(t->c);
	t->p->cut = true;
	pair_run(t->p, FX_SEC);
	expect_none(t->c);
	t->p->cut = false;
	pair_run(t->p, 60 * FX_SEC);
	assert_int_equal(lent(t->net), 0);
	expect_done(t->c, 0, 0, 0);
	expect_none(t->c);
	read_all(t);
	assert_int_equal(t->got, 10000);
}

static void calls_in_a_row_complete_as_a_range(void **state)
{
	struct conn *t = *state;
	u32 i;

	for (i = 0; i < 5; i++) {
		assert_int_equal(send_zc(t->c, data + i * 5000, 5000), 5000);
		pair_run(t->p, FX_SEC);
	}
	expect_done(t->c, 0, 4, 0);
	expect_none(t->c);
	/* those that copied are told apart */
	assert_int_equal(send_zc(t->c, data + 25000, 100), 100);
	assert_int_equal(send_zc(t->c, data + 25100, 5000), 5000);
	pair_run(t->p, FX_SEC);
	expect_done(t->c, 5, 5, SO_EE_CODE_ZEROCOPY_COPIED);
	expect_done(t->c, 6, 6, 0);
	expect_none(t->c);
	read_all(t);
	assert_int_equal(t->got, 30100);
}

/* An accepted socket inherits the option. */
static void children_may_lend_too(void **state)
{
	struct conn *t = *state;

	t->p->b.dev->features |= NETIF_F_SG;
	assert_int_equal(sk_get(t->s, SOL_SOCKET, SO_ZEROCOPY), 1);
	assert_int_equal(send_zc(t->s, data, 10000), 10000);
	assert_true(lent(t->p->b.net) > 0);
	pair_run(t->p, FX_SEC);
	expect_done(t->s, 0, 0, 0);
	assert_int_equal(sk_recv(t->c, buf, sizeof(buf), 0), 10000);
}

/* By a device that does not send fragments, of pieces that are no segments. */
static void what_cannot_be_lent_is_copied(void **state)
{
	struct iovec iov[64];
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 64 };
	struct conn *t = *state;
	u32 i;

	for (i = 0; i < 64; i++)
		iov[i] = (struct iovec){ data + i * 100, 100 };
	assert_int_equal(inet_sendmsg(t->c, &m, MSG_ZEROCOPY), 6400);
	expect_done(t->c, 0, 0, SO_EE_CODE_ZEROCOPY_COPIED);
	t->p->a.dev->features &= ~NETIF_F_SG;
	assert_int_equal(send_zc(t->c, data + 6400, 10000), 10000);
	assert_int_equal(lent(t->net), 0);
	expect_done(t->c, 1, 1, SO_EE_CODE_ZEROCOPY_COPIED);
	pair_run(t->p, FX_SEC);
	expect_none(t->c);
	read_all(t);
	assert_int_equal(t->got, 16400);
}

static void without_the_option_nothing_completes(void **state)
{
	struct conn *t = *state;

	assert_int_equal(sk_set(t->c, SOL_SOCKET, SO_ZEROCOPY, 0), 0);
	assert_int_equal(send_zc(t->c, data, 10000), 10000);
	assert_int_equal(lent(t->net), 0);
	pair_run(t->p, FX_SEC);
	expect_none(t->c);
	/* nor does a call that sends nothing */
	assert_int_equal(sk_set(t->c, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	assert_int_equal(send_zc(t->c, data, 0), 0);
	expect_none(t->c);
	assert_int_equal(send_zc(t->c, data + 10000, 10000), 10000);
	pair_run(t->p, FX_SEC);
	expect_done(t->c, 0, 0, 0);
	read_all(t);
}

/* No number for a call that failed. */
static void calls_that_fail_do_not_count(void **state)
{
	struct conn *t = *state;
	u32 sent = 0;
	int n;

	while ((n = send_zc(t->c, data + sent, 20000)) > 0)
		sent += (u32)n;
	assert_int_equal(n, -EAGAIN);
	assert_int_equal(send_zc(t->c, data, 1), -EAGAIN);
	n = (int)tcp_sk(t->c->sk)->write_seq;
	while (t->got < sent) {
		pair_run(t->p, FX_SEC);
		read_all(t);
	}
	expect_done(t->c, 0, t->c->sk->sk_zckey - 1, 0);
	sent = t->c->sk->sk_zckey;
	inet_shutdown(t->c, SHUT_WR);
	assert_int_equal(send_zc(t->c, data, 5000), -EPIPE);
	assert_int_equal(t->c->sk->sk_zckey, sent);
	assert_int_equal(lent(t->net), 0);
	expect_none(t->c);
}

static void calls_are_bounded_by_optmem(void **state)
{
	struct conn *t = *state;
	u32 i;

	fx_sysctl(&t->p->a, "net.core.optmem_max", "1000");
	t->p->cut = true;
	for (i = 0; send_zc(t->c, data + i * TWO, TWO) == TWO; i++)
		assert_true(i < 20);
	assert_true(i >= 2);
	assert_int_equal(send_zc(t->c, data, TWO), -ENOBUFS);
	assert_int_equal(sk_send(t->c, data + i * TWO, 1), 1);
	t->p->cut = false;
	pair_run(t->p, 60 * FX_SEC);
	expect_done(t->c, 0, i - 1, 0);
	expect_none(t->c);
	assert_int_equal(t->c->sk->sk_omem_alloc, 0);
	assert_int_equal(send_zc(t->c, data + i * TWO + 1, TWO), TWO);
	pair_run(t->p, FX_SEC);
	expect_done(t->c, i, i, 0);
	read_all(t);
}

/* An error that is pending is no completion's to take away. */
static void completions_leave_errors_alone(void **state)
{
	const struct linger hard = { .l_onoff = 1 };
	struct conn *t = *state;

	assert_int_equal(send_zc(t->c, data, 5000), 5000);
	pair_run(t->p, FX_SEC);
	read_all(t);
	assert_int_equal(inet_setsockopt(t->s, SOL_SOCKET, SO_LINGER, &hard,
					 sizeof(hard)), 0);
	inet_close(t->s);
	t->s = pair_socket(&t->p->b);
	pair_run(t->p, FX_SEC);
	expect_done(t->c, 0, 0, 0);
	assert_int_equal(sk_get(t->c, SOL_SOCKET, SO_ERROR), ECONNRESET);
}

/* A reset gives everything back at once. */
static void connections_that_end_complete(void **state)
{
	struct conn *t = *state;
	const struct linger hard = { .l_onoff = 1 };

	t->p->cut = true;
	assert_int_equal(send_zc(t->c, data, 30000), 30000);
	pair_run(t->p, FX_SEC);
	t->p->cut = false;
	assert_int_equal(inet_setsockopt(t->s, SOL_SOCKET, SO_LINGER, &hard,
					 sizeof(hard)), 0);
	inet_close(t->s);
	t->s = pair_socket(&t->p->b);
	pair_run(t->p, FX_SEC);
	assert_int_equal(lent(t->net), 0);
	expect_done(t->c, 0, 0, 0);
}

/* Who closes hears nothing more; the memory is in use until all is sent. */
static void closed_sockets_go_on_sending(void **state)
{
	struct conn *t = *state;
	u8 *mem = malloc(30000);

	memcpy(mem, data, 30000);
	t->p->cut = true;
	assert_int_equal(send_zc(t->c, mem, 30000), 30000);
	inet_close(t->c);
	t->c = NULL;
	pair_run(t->p, FX_SEC);
	assert_true(lent(t->net) > 0);
	t->p->cut = false;
	pair_run(t->p, 60 * FX_SEC);
	assert_int_equal(lent(t->net), 0);
	free(mem);
	read_all(t);
	assert_int_equal(t->got, 30000);
}

/* A program that writes what is under way harms itself. */
static void memory_that_changes_is_sent_as_it_is(void **state)
{
	struct conn *t = *state;
	u8 *mem = malloc(20000);

	memset(mem, 1, 20000);
	t->p->cut = true;
	assert_int_equal(send_zc(t->c, mem, 20000), 20000);
	pair_run(t->p, FX_SEC);
	memset(mem, 2, 20000);
	t->p->cut = false;
	pair_run(t->p, 60 * FX_SEC);
	expect_done(t->c, 0, 0, 0);
	memset(mem, 3, 20000);
	free(mem);
	assert_int_equal(sk_recv(t->s, buf, sizeof(buf), 0), 20000);
	assert_int_equal(buf[0], 2);
	assert_int_equal(buf[14600], 2);
	/* the last segment is short, so it was copied */
	assert_int_equal(buf[19999], 1);
}

/* Of the peer's window, or the path's MTU, less than a segment is left. */
static void segments_over_memory_are_cut(void **state)
{
	struct conn *t = *state;
	u32 sent = 0;
	int n;

	t->p->cut = true;
	assert_int_equal(send_zc(t->c, data, 30000), 30000);
	pair_run(t->p, 10 * FX_MS);
	assert_int_equal(dev_set_mtu(t->p->a.dev, 700), 0);
	t->p->cut = false;
	for (sent = 30000; t->got < sent;) {
		pair_run(t->p, 10 * FX_SEC);
		read_all(t);
	}
	expect_done(t->c, 0, 0, 0);
	n = send_zc(t->c, data + sent, 30000);
	assert_int_equal(n, 30000);
	for (sent += 30000; t->got < sent;) {
		pair_run(t->p, 10 * FX_SEC);
		read_all(t);
	}
	expect_done(t->c, 1, 1, 0);
}

/* ---- with and without -------------------------------------------------- */

/* Hashes all frames that a sends. */
struct record {
	struct fx_watch watch;
	u64 hash;
};

static void watch_ran(struct fx_watch *w, struct fx *f)
{
	(void)w;
	(void)f;
}

/* All but PSH, which a row of segments ends with: one over the user's memory has
 * fewer pieces. The checksum, which tells of it, is the receiver's to check. */
static bool watch_sent(struct fx_watch *w, struct fx *f, const u8 *frame,
		       u32 len)
{
	const u32 flags = ETH_HLEN + IP_HLEN_MIN + 13, check = flags + 3;
	struct record *r = (struct record *)w;
	u32 i;
	u8 b;

	(void)f;
	for (i = 0; i < len; i++) {
		b = i == check || i == check + 1 ? 0 : frame[i];
		if (i == flags)
			b &= (u8)~TCPHDR_PSH;
		r->hash = (r->hash ^ b) * 1099511628211ull;
	}
	return false;
}

/* Each call's memory, until it completes. */
struct lending {
	u8 *mem[8192];
	u32 nr;
};

/* Frees what completed. */
static void reap(struct socket *s, struct lending *l)
{
	char control[128] __attribute__((aligned(8)));
	struct msghdr m = { .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct sock_extended_err ee;

	while (inet_recvmsg(s, &m, MSG_ERRQUEUE) == 0) {
		memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(ee));
		assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
		for (; ee.ee_info <= ee.ee_data; ee.ee_info++) {
			assert_non_null(l->mem[ee.ee_info]);
			free(l->mem[ee.ee_info]);
			l->mem[ee.ee_info] = NULL;
		}
		m.msg_controllen = sizeof(control);
	}
}

/* One call with a copy of the next @len bytes. Return: what was sent. */
static u32 lend_some(struct socket *s, struct lending *l, u32 off, u32 len,
		     int flags)
{
	u8 *mem = malloc(len);
	ssize_t n;

	memcpy(mem, data + off, len);
	n = inet_send(s, mem, len, flags);
	if (n > 0 && flags) {
		assert_true(l->nr < ARRAY_SIZE(l->mem));
		l->mem[l->nr++] = mem;
	} else {
		free(mem);
	}
	return n > 0 ? (u32)n : 0;
}

/* Sends by random cuts over a bad link; @flags of the calls. Return: the hash of
 * all that was on the wire. */
static u64 run_stream(u64 features, u32 seed, int flags)
{
	static struct lending l;
	struct conn *t = conn_open(seed, features);
	struct record r = { { watch_ran, watch_sent, watch_ran }, 1 };
	struct rnd_state rnd;
	u32 sent = 0, len;

	l = (struct lending){ .nr = 0 };
	prandom_seed_state(&rnd, seed);
	t->p->loss = t->p->dup = t->p->late = 15;
	t->p->late_ns = 20 * FX_MS;
	/* what is lent costs another memory: the buffer must not count */
	assert_int_equal(sk_set(t->c, SOL_SOCKET, SO_SNDBUFFORCE, 16 << 20), 0);
	t->p->a.watch = &r.watch;
	while (t->got < sizeof(data)) {
		len = min(1 + prandom_u32_below(&rnd, 40000),
			  (u32)sizeof(data) - sent);
		if (len)
			sent += lend_some(t->c, &l, sent, len, flags);
		read_all(t);
		reap(t->c, &l);
		assert_true(pair_step(t->p, t->p->a.now_ns + 600 * FX_SEC));
	}
	t->p->loss = t->p->dup = t->p->late = 0;
	pair_run(t->p, 60 * FX_SEC);
	assert_int_equal(lent(t->net), 0);
	reap(t->c, &l);
	while (l.nr--)
		assert_null(l.mem[l.nr]);
	t->p->a.watch = NULL;
	conn_close(t);
	return r.hash;
}

static void stream_is_the_same_with_and_without(void **state)
{
	static const u64 features[] = {
		NETIF_F_SG,
		NETIF_F_SG | NETIF_F_HW_CSUM,
		NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_TSO,
		NETIF_F_SG | NETIF_F_GSO,
		NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_GSO,
	};
	u64 with, without;
	u32 i, seed;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		for (seed = 1; seed < 4; seed++) {
			with = run_stream(features[i], seed, MSG_ZEROCOPY);
			without = run_stream(features[i], seed, 0);
			assert_int_equal(with, without);
		}
	}
}

/* ---- UDP -------------------------------------------------------------- */

static int setup_udp(void **state)
{
	fill();
	if (fx_setup_learned(state))
		return -1;
	((struct fx *)*state)->dev->features |= NETIF_F_SG;
	return 0;
}

static struct socket *udp(struct fx *f)
{
	struct socket *s = sk_udp(f->net, 0, PORT);

	assert_int_equal(sk_set(s, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	assert_int_equal(sk_connect(s, SK_PEER, PEER_PORT), 0);
	return s;
}

static void expect_datagram(struct fx *f, u32 off, u32 len)
{
	fx_expect(f, &p);
	assert_non_null(p.udp);
	assert_int_equal(p.data_len, len);
	assert_memory_equal(p.data, data + off, len);
}

static void datagrams_complete_when_they_have_left(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp(f);
	struct iovec iov[3] = { { data, 100 }, { data + 100, 0 },
				{ data + 100, 300 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 3 };

	assert_int_equal(send_zc(s, data, 1472), 1472);
	expect_datagram(f, 0, 1472);
	expect_done(s, 0, 0, 0);
	assert_int_equal(inet_sendmsg(s, &m, MSG_ZEROCOPY), 400);
	expect_datagram(f, 0, 400);
	expect_done(s, 1, 1, 0);
	assert_int_equal(send_zc(s, data, 0), 0);
	expect_datagram(f, 0, 0);
	expect_none(s);
	f->dev->features |= NETIF_F_HW_CSUM;
	assert_int_equal(send_zc(s, data, 700), 700);
	expect_datagram(f, 0, 700);
	expect_done(s, 2, 2, 0);
	inet_close(s);
}

/* In the queue of a device that is busy, or of a neighbour that is not known. */
static void datagrams_that_wait_hold_their_memory(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp(f), *t = sk_udp(f->net, 0, PORT + 1);
	u8 *mem = malloc(1000);

	memcpy(mem, data, 1000);
	assert_int_equal(inet_netdev_set_qdisc(f->dev, "pfifo_fast"), 0);
	netif_tx_stop_queue(f->dev, 0);
	assert_int_equal(send_zc(s, mem, 1000), 1000);
	fx_run(f);
	expect_none(s);
	assert_int_equal(lent(f->net), 1);
	netif_tx_wake_queue(f->dev, 0);
	fx_run(f);
	expect_done(s, 0, 0, 0);
	expect_datagram(f, 0, 1000);
	assert_int_equal(sk_set(t, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	assert_int_equal(sk_connect(t, 0x0a000063, PEER_PORT), 0);
	assert_int_equal(send_zc(t, mem, 1000), 1000);
	expect_none(t);
	assert_int_equal(lent(f->net), 1);
	fx_advance(f, 20 * FX_SEC);	/* nobody answers */
	assert_int_equal(lent(f->net), 0);
	free(mem);
	expect_done(t, 0, 0, 0);
	inet_close(s);
	inet_close(t);
}

/* Rows of datagrams: cut by the device, and by us, with and without sums. */
static void rows_of_datagrams_are_lent(void **state)
{
	static const u64 features[] = { NETIF_F_SG, CUTS,
					NETIF_F_SG | NETIF_F_HW_CSUM };
	struct fx *f = *state;
	struct socket *s = udp(f);
	u32 i, k;

	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_SEGMENT, 1400), 0);
	for (i = 0; i < ARRAY_SIZE(features); i++) {
		f->dev->features &= ~CUTS;
		f->dev->features |= features[i];
		assert_int_equal(send_zc(s, data, 20 * 1400 + 17),
				 20 * 1400 + 17);
		if (features[i] == CUTS) {
			expect_datagram(f, 0, 20 * 1400 + 17);
		} else {
			for (k = 0; k < 20; k++)
				expect_datagram(f, k * 1400, 1400);
			expect_datagram(f, k * 1400, 17);
		}
		fx_expect_silence(f);
		expect_done(s, i, i, 0);
		assert_int_equal(lent(f->net), 0);
	}
	inet_close(s);
}

static void datagrams_that_cannot_be_lent_are_copied(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp(f);
	struct iovec iov[46];
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 46 };
	u32 i;

	for (i = 0; i < 46; i++)
		iov[i] = (struct iovec){ data + i * 10, 10 };
	assert_int_equal(inet_sendmsg(s, &m, MSG_ZEROCOPY), 460);
	expect_datagram(f, 0, 460);
	expect_done(s, 0, 0, SO_EE_CODE_ZEROCOPY_COPIED);
	m.msg_iovlen = 45;
	assert_int_equal(inet_sendmsg(s, &m, MSG_ZEROCOPY), 450);
	expect_datagram(f, 0, 450);
	expect_done(s, 1, 1, 0);
	/* IP's fragments */
	assert_int_equal(send_zc(s, data, 3000), 3000);
	expect_done(s, 2, 2, SO_EE_CODE_ZEROCOPY_COPIED);
	assert_int_equal(fx_flush(f), 3);
	/* in pieces */
	assert_int_equal(inet_send(s, data, 500, MSG_ZEROCOPY | MSG_MORE), 500);
	expect_done(s, 3, 3, SO_EE_CODE_ZEROCOPY_COPIED);
	assert_int_equal(send_zc(s, data + 500, 500), 500);
	expect_datagram(f, 0, 1000);
	expect_done(s, 4, 4, SO_EE_CODE_ZEROCOPY_COPIED);
	/* what is refused has no number */
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_MTU_DISCOVER,
				IP_PMTUDISC_DO), 0);
	assert_int_equal(send_zc(s, data, 3000), -EMSGSIZE);
	expect_none(s);
	inet_close(s);
}

/* A receiver of this host may keep what it gets. */
static void loopback_copies(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp(f), *t = sk_udp(f->net, SK_LOOPBACK, 9);
	struct sockaddr_in to = sk_addr(SK_LOOPBACK, 9);
	u8 *mem = malloc(2000);

	memcpy(mem, data, 2000);
	assert_int_equal(inet_sendto(s, mem, 2000, MSG_ZEROCOPY,
				     (struct sockaddr *)&to, sizeof(to)), 2000);
	expect_done(s, 0, 0, SO_EE_CODE_ZEROCOPY_COPIED);
	free(mem);
	fx_run(f);
	assert_int_equal(sk_recv(t, buf, sizeof(buf), MSG_DONTWAIT), 2000);
	assert_memory_equal(buf, data, 2000);
	inet_close(s);
	inet_close(t);
}

/* A tap keeps what it sees. */
static struct sk_buff *seen;

static int see(struct sk_buff *skb, struct net_device *dev,
	       struct packet_type *pt, struct net_device *orig_dev)
{
	(void)dev;
	(void)pt;
	(void)orig_dev;
	consume_skb(seen);
	seen = skb;
	return 0;
}

static void taps_get_copies(void **state)
{
	struct packet_type pt = { .type = cpu_to_be16(3), .func = see };
	struct fx *f = *state;
	struct socket *s = udp(f);
	u8 *mem = malloc(1000);

	memcpy(mem, data, 1000);
	assert_int_equal(dev_add_pack(f->net, &pt), 0);
	assert_int_equal(send_zc(s, mem, 1000), 1000);
	expect_done(s, 0, 0, SO_EE_CODE_ZEROCOPY_COPIED);
	free(mem);
	expect_datagram(f, 0, 1000);
	assert_non_null(seen);
	assert_int_equal(skb_copy_bits(seen, seen->len - 1000, buf, 1000), 0);
	assert_memory_equal(buf, data, 1000);
	consume_skb(seen);
	seen = NULL;
	dev_remove_pack(f->net, &pt);
	assert_int_equal(send_zc(s, data, 1000), 1000);
	expect_done(s, 1, 1, 0);
	inet_close(s);
}

/* Memory, but for a frame. */
static void *no_frames(void *opaque, size_t size, size_t align)
{
	struct fx *f = opaque;

	return size < 1000 ? f->env.alloc(opaque, size, align) : NULL;
}

/* Nor does it get anything where there is none for the copy: that is a drop. */
static void taps_without_memory_get_nothing(void **state)
{
	struct packet_type pt = { .type = cpu_to_be16(3), .func = see };
	static struct skb_shared_info *frames[4096];
	struct fx *f = *state;
	struct socket *s = udp(f);
	size_t nr = 0;

	assert_int_equal(inet_netdev_set_qdisc(f->dev, "pfifo_fast"), 0);
	assert_int_equal(dev_add_pack(f->net, &pt), 0);
	netif_tx_stop_queue(f->dev, 0);
	assert_int_equal(send_zc(s, data, 1000), 1000);
	fx_run(f);
	fx_mark(f);
	while ((frames[nr] = netdev_alloc_frame(f->dev)) != NULL)
		nr++;
	f->net->env.alloc = no_frames;
	netif_tx_wake_queue(f->dev, 0);
	fx_run(f);
	f->net->env.alloc = f->env.alloc;
	while (nr--)
		frame_put(frames[nr]);
	assert_null(seen);
	fx_assert_dropped(f, SKB_DROP_REASON_NOMEM, 1);
	expect_datagram(f, 0, 1000);
	expect_done(s, 0, 0, SO_EE_CODE_ZEROCOPY_COPIED);
	dev_remove_pack(f->net, &pt);
	inet_close(s);
}

/* The route changed after TCP had lent: what comes back to this host is a copy
 * all the same. */
static void packets_that_come_back_are_copied(void **state)
{
	struct fx *f = *state;
	struct net_device *lo = f->net->loopback_dev;
	struct socket *l = pair_listen(f, 7, 1), *c = pair_socket(f), *s;

	assert_int_equal(sk_set(c, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	assert_int_equal(dev_set_mtu(lo, 1500), 0);
	sk_connect(c, SK_LOOPBACK, 7);
	fx_run(f);
	s = inet_accept4(l, NULL, NULL, SOCK_NONBLOCK);
	assert_non_null(s);
	lo->features &= ~NETIF_F_LOOPBACK;	/* as that of another route */
	assert_int_equal(send_zc(c, data, 2 * 1448), 2 * 1448);
	lo->features |= NETIF_F_LOOPBACK;
	fx_advance(f, FX_SEC);
	assert_int_equal(lent(f->net), 0);
	expect_done(c, 0, 0, SO_EE_CODE_ZEROCOPY_COPIED);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 2 * 1448);
	assert_memory_equal(buf, data, 2 * 1448);
	inet_close(c);
	inet_close(s);
	inet_close(l);
	fx_advance(f, 300 * FX_SEC);
}

/* The first fragment of a row begins within the user's memory, and nobody else
 * has its frame. */
static unsigned int cut_front(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *hook)
{
	struct skb_frag *frag = skb->shinfo->frags;

	(void)priv;
	(void)hook;
	frag->off += 1400;
	frag->len -= 1400;
	skb->len -= 1400;
	skb->data_len -= 1400;
	return NF_ACCEPT;
}

static void headers_are_never_written_into_user_memory(void **state)
{
	struct nf_hook_ops ops = { .hook = cut_front,
				   .hooknum = NF_INET_POST_ROUTING };
	struct fx *f = *state;
	struct socket *s = udp(f);

	memcpy(buf, data, 3 * 1400);
	assert_int_equal(nf_register_net_hook(f->net, &ops), 0);
	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_SEGMENT, 1400), 0);
	assert_int_equal(send_zc(s, buf, 3 * 1400), 3 * 1400);
	nf_unregister_net_hook(f->net, &ops);
	expect_datagram(f, 1400, 1400);
	expect_datagram(f, 2800, 1400);
	assert_memory_equal(buf, data, 3 * 1400);
	expect_done(s, 0, 0, 0);
	inet_close(s);
}

static void only_tcp_and_udp_take_the_option(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct socket *ping = inet_socket(f->net, AF_INET, SOCK_DGRAM,
					  IPPROTO_ICMP);

	assert_int_equal(sk_get(s, SOL_SOCKET, SO_ZEROCOPY), 0);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_ZEROCOPY, 2), -EINVAL);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_ZEROCOPY, -1), -EINVAL);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	assert_int_equal(sk_get(s, SOL_SOCKET, SO_ZEROCOPY), 1);
	assert_int_equal(sk_set(ping, SOL_SOCKET, SO_ZEROCOPY, 1), -EOPNOTSUPP);
	inet_close(s);
	inet_close(ping);
}

/* ---- pieces without end ------------------------------------------------ */

/* 64 k pieces of an octet, by calls of as many as there may be: no packet has more
 * fragments than MAX_SKB_FRAGS, nothing is held beyond optmem_max and SO_SNDBUF.
 * @attack M9 */
static void single_octets_that_are_lent_are_copied(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp(f);
	struct iovec iov[1024];
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 1024 };
	u32 i;

	for (i = 0; i < 1024; i++)
		iov[i] = (struct iovec){ data + i, 1 };
	for (i = 0; i < 64; i++) {
		assert_int_equal(inet_sendmsg(s, &m, MSG_ZEROCOPY), 1024);
		assert_int_equal(lent(f->net), 0);
		expect_datagram(f, 0, 1024);
	}
	expect_done(s, 0, 63, SO_EE_CODE_ZEROCOPY_COPIED);
	m.msg_iovlen = MAX_SKB_FRAGS;
	netif_tx_stop_queue(f->dev, 0);
	for (i = 0; inet_sendmsg(s, &m, MSG_ZEROCOPY | MSG_DONTWAIT) > 0; i++)
		assert_true(lent(f->net) <= 65536);
	assert_true(errno == ENOBUFS || errno == EAGAIN);
	assert_in_range(i, 10, 1000);
	assert_in_range(s->sk->sk_omem_alloc, 0, 131072);
	netif_tx_wake_queue(f->dev, 0);
	fx_run(f);
	assert_int_equal(lent(f->net), 0);
	expect_done(s, 64, 63 + i, 0);
	fx_flush(f);
	inet_close(s);
}

/* The same of a stream whose peer says nothing: all that is held is bounded by
 * the send buffer, however small the calls.
 * @attack M9 */
static void calls_without_end_are_bounded(void **state)
{
	struct conn *t = *state;
	u32 i, calls = 0;

	t->p->cut = true;
	for (i = 0; i < 65536; i++)
		calls += send_zc(t->c, data + i, i % 3 ? 1448 : 1) > 0;
	assert_in_range(calls, 10, 1000);
	assert_true(lent(t->net) < 1000);
	assert_in_range(t->c->sk->sk_omem_alloc, 0, 131072);
	t->p->cut = false;
	pair_run(t->p, 300 * FX_SEC);
	assert_int_equal(lent(t->net), 0);
	while (inet_recvmsg(t->c, &(struct msghdr){ 0 }, MSG_ERRQUEUE) == 0)
		;
	assert_int_equal(t->c->sk->sk_omem_alloc, 0);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, setup, teardown)
#define UDP_CASE(name) \
	cmocka_unit_test_setup_teardown(name, setup_udp, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(stream_completes_when_it_is_acknowledged),
		CASE(calls_in_a_row_complete_as_a_range),
		CASE(children_may_lend_too),
		CASE(what_cannot_be_lent_is_copied),
		CASE(without_the_option_nothing_completes),
		CASE(calls_that_fail_do_not_count),
		CASE(calls_are_bounded_by_optmem),
		CASE(completions_leave_errors_alone),
		CASE(connections_that_end_complete),
		CASE(closed_sockets_go_on_sending),
		CASE(memory_that_changes_is_sent_as_it_is),
		CASE(segments_over_memory_are_cut),
		cmocka_unit_test(stream_is_the_same_with_and_without),
		UDP_CASE(datagrams_complete_when_they_have_left),
		UDP_CASE(datagrams_that_wait_hold_their_memory),
		UDP_CASE(rows_of_datagrams_are_lent),
		UDP_CASE(datagrams_that_cannot_be_lent_are_copied),
		UDP_CASE(loopback_copies),
		UDP_CASE(taps_get_copies),
		UDP_CASE(taps_without_memory_get_nothing),
		UDP_CASE(packets_that_come_back_are_copied),
		UDP_CASE(headers_are_never_written_into_user_memory),
		UDP_CASE(single_octets_that_are_lent_are_copied),
		CASE(calls_without_end_are_bounded),
		UDP_CASE(only_tcp_and_udp_take_the_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
