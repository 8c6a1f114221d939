/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP of two threaded stacks, with blocking and other calls of many threads:
 * every byte arrives, connections come and go, and timers that a caller sets
 * are kept. */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#include <inet/control.h>
#include <inet/protocol.h>

#include "core/net.h"
#include "core/sock.h"
#include "core/socket.h"
#include "ipv4/inet_hashtables.h"
#include "ipv4/ip.h"
#include "lib/checksum.h"
#include "lib/jhash.h"
#include "threaded.h"
#include "wire/eth.h"
#include "wire/icmp.h"

/* ---- bulk ------------------------------------------------------------- */

#define NR_PAIRS 3
#define BULK (384u << 10)
#define CHUNK_MAX 20000u

/* One direction of one connection. */
struct half {
	struct socket *s;
	u32 seed;
	bool sends;
	pthread_t thread;
	u32 nr_bad;
};

static u8 byte_of(u32 seed, u32 at)
{
	u32 x = (at + seed * 977) * 2654435761u;

	return (u8)(x >> 24 ^ x >> 13);
}

static void *run_half(void *arg)
{
	static __thread u8 buf[CHUNK_MAX];
	struct half *h = arg;
	u32 at = 0, rnd = h->seed, len;
	ssize_t n = 1;

	while (at < BULK && n > 0) {
		rnd = rnd * 1664525 + 1013904223;
		len = 1 + (rnd >> 8) % CHUNK_MAX;
		if (h->sends) {
			len = len < BULK - at ? len : BULK - at;
			for (u32 i = 0; i < len; i++)
				buf[i] = byte_of(h->seed, at + i);
			n = threaded_send_all(h->s, buf, len);
		} else {
			n = inet_recv(h->s, buf, len, 0);
			for (u32 i = 0; n > 0 && i < (u32)n; i++)
				h->nr_bad += buf[i] != byte_of(h->seed, at + i);
		}
		at += n > 0 ? (u32)n : 0;
	}
	h->nr_bad += at != BULK;
	if (h->sends)
		h->nr_bad += inet_shutdown(h->s, SHUT_WR) != 0;
	else
		h->nr_bad += inet_recv(h->s, buf, 1, 0) != 0;
	return NULL;
}

/* Four threads on each connection: a sender and a receiver at each end. */
static void bulk(u32 nr_threads, const struct inet_wire_config *config)
{
	struct half h[NR_PAIRS * 4];
	struct threaded_pair p;
	struct socket *c[2];

	threaded_open(&p, nr_threads, config);
	for (int i = 0; i < NR_PAIRS; i++) {
		threaded_join(&p, c);
		for (int k = 0; k < 4; k++)
			h[i * 4 + k] = (struct half){
				.s = c[k / 2], .sends = k % 2,
				.seed = (u32)(10 * i + (k == 1 || k == 2)),
			};
	}
	for (int i = 0; i < NR_PAIRS * 4; i++)
		pthread_create(&h[i].thread, NULL, run_half, &h[i]);
	for (int i = 0; i < NR_PAIRS * 4; i++) {
		pthread_join(h[i].thread, NULL);
		assert_int_equal(h[i].nr_bad, 0);
	}
	for (int i = 0; i < NR_PAIRS; i++) {
		inet_close(h[i * 4].s);
		inet_close(h[i * 4 + 2].s);
	}
	threaded_close(&p);
}

static void bulk_with_one_softirq_thread_is_exact(void **state)
{
	(void)state;
	bulk(1, NULL);
}

static void bulk_with_two_softirq_threads_is_exact(void **state)
{
	(void)state;
	bulk(2, NULL);
}

static void bulk_with_four_softirq_threads_is_exact(void **state)
{
	(void)state;
	bulk(4, NULL);
}

static void bulk_over_a_bad_wire_is_exact(void **state)
{
	const struct inet_fault_config bad = {
		.delay_ns = 200000, .loss_ppm = 5000, .reorder_ppm = 20000,
		.dup_ppm = 10000, .corrupt_ppm = 5000, .seed = 5,
	};
	const struct inet_wire_config cfg = {
		.size = sizeof(cfg), .a_to_b = bad, .b_to_a = bad,
	};

	(void)state;
	bulk(2, &cfg);
}

/* ---- churn ------------------------------------------------------------ */

#define NR_CLIENTS 4
#define NR_SERVERS 3
#define NR_CONNECTIONS 40	/* of each client */
#define MESSAGE 300

struct churn {
	struct threaded_pair p;
	struct socket *listener;
	u32 stop, served, nr_bad;	/* atomic */
};

struct churner {
	struct churn *c;
	int id;
	pthread_t thread;
};

static bool poll_for(struct socket *s, short events)
{
	struct inet_pollfd f = { s, events, 0 };

	return inet_poll(&f, 1, (int)TT_PATIENCE_MS) == 1;
}

/* Answers one message with the same, then waits for the end. */
static void serve(struct churn *c, struct socket *s)
{
	u8 buf[MESSAGE];

	if (threaded_recv_all(s, buf, sizeof(buf)) != sizeof(buf) ||
	    threaded_send_all(s, buf, sizeof(buf)) != sizeof(buf) ||
	    inet_recv(s, buf, 1, 0) != 0)
		threaded_count(&c->nr_bad);
	inet_close(s);
	threaded_count(&c->served);
}

/* The last one polls a listener that the others block in. */
static void *run_server(void *arg)
{
	struct churner *me = arg;
	struct churn *c = me->c;
	struct inet_pollfd f = { c->listener, POLLIN, 0 };
	struct socket *s;

	while (!threaded_read(&c->stop)) {
		if (me->id == NR_SERVERS - 1 && inet_poll(&f, 1, -1) < 0)
			break;
		s = inet_accept(c->listener, NULL, NULL);
		if (!s)
			break;
		serve(c, s);
	}
	return NULL;
}

/* 0 or -errno; half of the connections are begun without waiting. */
static int begin(struct socket *s, bool wait)
{
	socklen_t len = sizeof(int);
	int err;

	inet_set_nonblock(s, !wait);
	err = threaded_connect(s, 1, TT_PORT);
	if (err != -EINPROGRESS)
		return err;
	if (!poll_for(s, POLLOUT) ||
	    inet_getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len))
		return -ETIMEDOUT;
	inet_set_nonblock(s, false);
	return -err;
}

static void *run_client(void *arg)
{
	struct churner *me = arg;
	struct churn *c = me->c;
	u8 out[MESSAGE], in[MESSAGE];

	for (int i = 0; i < NR_CONNECTIONS; i++) {
		struct socket *s = inet_socket(c->p.net[0], AF_INET,
					       SOCK_STREAM, 0);

		memset(out, me->id * NR_CONNECTIONS + i, sizeof(out));
		if (!s || begin(s, (i + me->id) % 2) ||
		    threaded_send_all(s, out, sizeof(out)) != sizeof(out) ||
		    !poll_for(s, POLLIN) ||
		    threaded_recv_all(s, in, sizeof(in)) != sizeof(in) ||
		    memcmp(in, out, sizeof(in)))
			threaded_count(&c->nr_bad);
		inet_close(s);
	}
	return NULL;
}

static void churn(u32 nr_threads)
{
	struct churner server[NR_SERVERS], client[NR_CLIENTS];
	struct churn c = { 0 };

	threaded_open(&c.p, nr_threads, NULL);
	c.listener = threaded_listener(&c.p, 1, TT_PORT);
	for (int i = 0; i < NR_SERVERS; i++) {
		server[i] = (struct churner){ .c = &c, .id = i };
		pthread_create(&server[i].thread, NULL, run_server, &server[i]);
	}
	for (int i = 0; i < NR_CLIENTS; i++) {
		client[i] = (struct churner){ .c = &c, .id = i };
		pthread_create(&client[i].thread, NULL, run_client, &client[i]);
	}
	for (int i = 0; i < NR_CLIENTS; i++)
		pthread_join(client[i].thread, NULL);
	assert_true(threaded_wait(&c.served, NR_CLIENTS * NR_CONNECTIONS));
	__atomic_store_n(&c.stop, 1, __ATOMIC_RELEASE);
	inet_shutdown(c.listener, SHUT_RD);
	for (int i = 0; i < NR_SERVERS; i++)
		pthread_join(server[i].thread, NULL);
	inet_close(c.listener);
	assert_int_equal(c.nr_bad, 0);
	threaded_close(&c.p);
}

static void churn_with_one_softirq_thread_serves_all(void **state)
{
	(void)state;
	churn(1);
}

static void churn_with_four_softirq_threads_serves_all(void **state)
{
	(void)state;
	churn(4);
}

/* ---- close() that waits ----------------------------------------------- */

struct closer {
	struct socket *s;
	struct linger linger;
	pthread_t thread;
	u32 inside;		/* atomic */
	u32 healed;		/* atomic: the wire is whole again */
	u32 nr_bad, was_healed;
	u64 took_ms;
};

static u64 now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

static void *run_closer(void *arg)
{
	struct closer *w = arg;
	u64 begin = now_ms();

	w->nr_bad += inet_setsockopt(w->s, SOL_SOCKET, SO_LINGER, &w->linger,
				     sizeof(w->linger)) != 0;
	threaded_count(&w->inside);
	w->nr_bad += inet_close(w->s) != 0;
	w->was_healed = threaded_read(&w->healed);
	w->took_ms = now_ms() - begin;
	return NULL;
}

/* Closes with text on a wire that is cut; c[1] is the peer's. */
static void close_on_cut_wire(struct threaded_pair *p, struct socket *c[2],
			      struct closer *w, int seconds)
{
	threaded_open(p, 1, NULL);
	threaded_join(p, c);
	inet_wire_partition(p->wire, INET_WIRE_BOTH, true);
	assert_int_equal(inet_send(c[0], "text", 4, 0), 4);
	*w = (struct closer){ .s = c[0], .linger = { 1, seconds } };
	pthread_create(&w->thread, NULL, run_closer, w);
	assert_true(threaded_wait(&w->inside, 1));
}

/* What was sent, and the end of it. */
static void assert_text_arrives(struct socket *s)
{
	char buf[8];

	assert_int_equal(threaded_recv_all(s, buf, sizeof(buf)), 4);
	assert_memory_equal(buf, "text", 4);
}

/* SO_LINGER: close() is over when the peer has everything, and not before. */
static void close_that_lingers_waits_for_the_last_byte(void **state)
{
	struct threaded_pair p;
	struct socket *c[2];
	struct closer w;

	(void)state;
	close_on_cut_wire(&p, c, &w, 10000);
	threaded_pause_us(50000);
	threaded_count(&w.healed);
	inet_wire_partition(p.wire, INET_WIRE_BOTH, false);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.nr_bad, 0);
	assert_int_equal(w.was_healed, 1);
	assert_text_arrives(c[1]);
	inet_close(c[1]);
	threaded_close(&p);
}

/* Its time has passed: close() is over, but not the connection. */
static void close_that_lingered_in_vain_leaves_the_rest_to_tcp(void **state)
{
	struct threaded_pair p;
	struct socket *c[2];
	struct closer w;

	(void)state;
	close_on_cut_wire(&p, c, &w, 1);
	pthread_join(w.thread, NULL);
	assert_int_equal(w.nr_bad, 0);
	assert_true(w.took_ms >= 1000);
	inet_wire_partition(p.wire, INET_WIRE_BOTH, false);
	assert_text_arrives(c[1]);
	inet_close(c[1]);
	threaded_close(&p);
}

/* ---- ICMP -------------------------------------------------------------- */

#define QUOTED (IP_HLEN_MIN + 8)
#define OWNED_ERRORS 20	/* that shall find the sock owned */

/* A connection both ways, and the last segment of its first end. */
struct talk {
	struct threaded_pair p;
	struct socket *c[2], *raw;
	pthread_t thread[4];
	pthread_mutex_t lock;
	u8 last[QUOTED];
	u32 seen, stop;		/* atomic */
};

struct talker {
	struct talk *t;
	struct socket *s;
	bool sends;
};

static void *run_talker(void *arg)
{
	static __thread char buf[1200];
	const struct talker *me = arg;
	ssize_t n = 1;

	/* An error that it asked for ends nothing. */
	while (!threaded_read(&me->t->stop) && n)
		n = me->sends ? inet_send(me->s, buf, sizeof(buf), 0) :
				inet_recv(me->s, buf, sizeof(buf), 0);
	return NULL;
}

/* What the other end's device gets. */
static int keep_segment(struct sk_buff *skb, struct net_device *dev,
			struct packet_type *pt, struct net_device *orig_dev)
{
	struct talk *t = pt->af_packet_priv;
	const struct iphdr *iph = ip_hdr(skb);

	(void)dev;
	(void)orig_dev;
	if (iph->protocol == IPPROTO_TCP && skb_headlen(skb) >= QUOTED) {
		pthread_mutex_lock(&t->lock);
		memcpy(t->last, iph, QUOTED);
		pthread_mutex_unlock(&t->lock);
		threaded_count(&t->seen);
	}
	consume_skb(skb);
	return 0;
}

/* The other end complains about the last segment, in the @i-th way. */
static void complain(struct talk *t, u32 i)
{
	static const u8 kind[][2] = {
		{ ICMP_DEST_UNREACH, 1 },
		{ ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED },
		{ ICMP_TIME_EXCEEDED, 0 },
		{ ICMP_PARAMETERPROB, 0 },
	};
	struct sockaddr_in to = threaded_addr(0, 0);
	u8 msg[ICMP_HLEN + QUOTED] = { 0 };
	struct icmphdr *icmph = (struct icmphdr *)msg;

	icmph->type = kind[i % 4][0];
	icmph->code = kind[i % 4][1];
	if (icmph->code == ICMP_FRAG_NEEDED)
		icmph->un.frag.mtu = htons((u16)(1400 - i % 512));
	pthread_mutex_lock(&t->lock);
	memcpy(msg + ICMP_HLEN, t->last, QUOTED);
	pthread_mutex_unlock(&t->lock);
	icmph->checksum = csum_fold(csum_partial(msg, sizeof(msg), 0));
	inet_sendto(t->raw, msg, sizeof(msg), 0, (struct sockaddr *)&to,
		    sizeof(to));
}

static u64 errors_that_found_it_owned(struct talk *t)
{
	u64 nr = 0;

	assert_int_equal(inet_counter_get(t->p.net[0], "TcpExtLockDroppedIcmps",
					  &nr), 0);
	return nr;
}

/* An error reads of a sock that a thread sends with meanwhile. */
static void error_about_an_owned_sock_ends_nothing(void **state)
{
	struct talk t = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct packet_type pt = { .type = htons(ETH_P_IP),
				  .func = keep_segment, .af_packet_priv = &t };
	struct talker talker[4];

	(void)state;
	threaded_open(&t.p, 2, NULL);
	threaded_join(&t.p, t.c);
	t.raw = inet_socket(t.p.net[1], AF_INET, SOCK_RAW, IPPROTO_ICMP);
	assert_non_null(t.raw);
	pt.dev = t.p.dev[1];
	assert_int_equal(dev_add_pack(t.p.net[1], &pt), 0);
	for (int i = 0; i < 4; i++) {
		talker[i] = (struct talker){ &t, t.c[i / 2], i % 2 };
		pthread_create(&t.thread[i], NULL, run_talker, &talker[i]);
	}
	for (u32 i = 0; errors_that_found_it_owned(&t) < OWNED_ERRORS; i++) {
		u32 seen = threaded_read(&t.seen);

		complain(&t, i);
		assert_true(threaded_wait(&t.seen, seen + 1));
	}
	__atomic_store_n(&t.stop, 1, __ATOMIC_RELEASE);
	dev_remove_pack(t.p.net[1], &pt);
	for (int i = 0; i < 2; i++)
		inet_shutdown(t.c[i], SHUT_RDWR);
	for (int i = 0; i < 4; i++)
		pthread_join(t.thread[i], NULL);
	inet_close(t.c[0]);
	inet_close(t.c[1]);
	inet_close(t.raw);
	threaded_close(&t.p);
}

/* ---- listeners --------------------------------------------------------- */

struct wanderer {
	struct net *net;
	struct sock *sk;
	u16 ports[2];
	u32 stop, moves;	/* atomic */
};

/* A listener that goes from chain to chain, without a grace period. */
static void *wander(void *arg)
{
	struct wanderer *w = arg;

	for (u32 i = 0; !threaded_read(&w->stop); i++) {
		WRITE_ONCE(w->sk->sk_num, w->ports[i % 2]);
		WRITE_ONCE(w->sk->sk_state, TCP_LISTEN);
		inet_hash(w->sk);
		threaded_count(&w->moves);
		inet_unhash(w->sk);
		WRITE_ONCE(w->sk->sk_state, TCP_CLOSE);
	}
	WRITE_ONCE(w->sk->sk_num, 0);
	return NULL;
}

static void bind_any(struct socket *s, u16 port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(port) };

	assert_int_equal(inet_bind(s, (struct sockaddr *)&sin, sizeof(sin)), 0);
}

/* A port whose listeners stand in the chain of @like's, or in another one. */
static u16 port_of_chain(struct net *net, u16 like, bool same)
{
	u32 want = jhash_2words(0, like, net->hash_secret) %
		   INET_LHTABLE_SIZE;
	u16 port = like;

	do
		port++;
	while ((jhash_2words(0, port, net->hash_secret) % INET_LHTABLE_SIZE ==
		want) != same);
	return port;
}

/* Who stands on it would follow it, and never come to the one he looks for. */
static void listener_is_found_while_its_neighbour_moves(void **state)
{
	const struct inet_lookup key = {
		.daddr = htonl(0x0a000001), .hnum = TT_PORT, .dif = 1,
	};
	struct threaded_pair p;
	struct socket *l, *s;
	struct wanderer w = { 0 };
	pthread_t thread;
	u32 missed = 0;

	(void)state;
	threaded_open(&p, 1, NULL);
	w.net = p.net[0];
	l = threaded_socket(&p, 0, SOCK_STREAM, 0);
	s = threaded_socket(&p, 0, SOCK_STREAM, 0);
	bind_any(l, TT_PORT);
	assert_int_equal(inet_listen(l, 1), 0);
	w.sk = s->sk;
	w.ports[0] = port_of_chain(w.net, TT_PORT, true);
	w.ports[1] = port_of_chain(w.net, TT_PORT, false);
	pthread_create(&thread, NULL, wander, &w);
	assert_true(threaded_wait(&w.moves, 1));
	for (u32 i = 0; i < 2000000 && !missed; i++) {
		rcu_read_lock(&w.net->rcu);
		missed += !__inet_lookup_listener(w.net, &key);
		rcu_read_unlock(&w.net->rcu);
	}
	__atomic_store_n(&w.stop, 1, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	assert_int_equal(missed, 0);
	inet_close(l);
	inet_close(s);
	threaded_close(&p);
}

/* ---- connections ------------------------------------------------------- */

#define NR_NOMADS 2

/* A connection's entry that has no connection, of side 0 with 10.0.0.2:@port. */
static void settle(struct sock *sk, u16 port)
{
	WRITE_ONCE(sk->sk_rcv_saddr, htonl(0x0a000001));
	WRITE_ONCE(sk->sk_daddr, htonl(0x0a000002));
	WRITE_ONCE(sk->sk_dport, htons(port));
	WRITE_ONCE(sk->sk_num, TT_PORT);
	WRITE_ONCE(sk->sk_state, TCP_ESTABLISHED);
	inet_hash(sk);
}

static void unsettle(struct sock *sk)
{
	inet_unhash(sk);
	WRITE_ONCE(sk->sk_state, TCP_CLOSE);
	WRITE_ONCE(sk->sk_num, 0);
}

/* From the reader's chain to another one and back, as fast as it goes. */
static void *roam(void *arg)
{
	struct wanderer *w = arg;

	for (u32 i = 0; !threaded_read(&w->stop); i++) {
		settle(w->sk, w->ports[i % 2]);
		threaded_count(&w->moves);
		unsettle(w->sk);
	}
	return NULL;
}

/* A peer's port whose connections stand in the chain of @like's, or not. */
static u16 peer_port_like(struct net *net, u16 like, bool same)
{
	const u32 mask = inet_hashinfo(net)->ehash->mask;
	const __be32 me = htonl(0x0a000001), peer = htonl(0x0a000002);
	u32 want = inet_ehashfn(net, me, TT_PORT, peer, htons(like));
	u16 port = like;

	do
		port++;
	while (!((inet_ehashfn(net, me, TT_PORT, peer, htons(port)) ^ want) &
		 mask) != same);
	return port;
}

/* How often the connection is not found in as many tries, until the first. */
static u32 missed_of(struct net *net, u16 port, u32 tries)
{
	const struct inet_lookup key = {
		.saddr = htonl(0x0a000002), .daddr = htonl(0x0a000001),
		.sport = htons(port), .hnum = TT_PORT, .dif = 1,
	};
	struct sock *sk = NULL;
	u32 i, missed = 0;

	for (i = 0; i < tries && !missed; i++) {
		rcu_read_lock(&net->rcu);
		sk = __inet_lookup_established(net, &key);
		missed += !sk;
		if (sk)
			sock_gen_put(sk);
		rcu_read_unlock(&net->rcu);
	}
	return missed;
}

static void connection_is_found_while_its_neighbours_move(void **state)
{
	struct wanderer w[NR_NOMADS] = { 0 };
	pthread_t thread[NR_NOMADS];
	struct socket *s[NR_NOMADS + 1];
	struct threaded_pair p;
	u16 port = 1000;
	u32 i, missed;

	(void)state;
	threaded_open(&p, 1, NULL);
	for (i = 0; i <= NR_NOMADS; i++)
		s[i] = threaded_socket(&p, 0, SOCK_STREAM, 0);
	settle(s[NR_NOMADS]->sk, port);
	for (i = 0; i < NR_NOMADS; i++) {
		w[i].sk = s[i]->sk;
		w[i].ports[0] = peer_port_like(p.net[0],
					       i ? w[i - 1].ports[0] : port, true);
		w[i].ports[1] = peer_port_like(p.net[0],
					       i ? w[i - 1].ports[1] : port,
					       i != 0);
		pthread_create(&thread[i], NULL, roam, &w[i]);
		assert_true(threaded_wait(&w[i].moves, 1));
	}
	missed = missed_of(p.net[0], port, 1000000);
	for (i = 0; i < NR_NOMADS; i++) {
		__atomic_store_n(&w[i].stop, 1, __ATOMIC_RELEASE);
		pthread_join(thread[i], NULL);
	}
	assert_int_equal(missed, 0);
	unsettle(s[NR_NOMADS]->sk);
	for (i = 0; i <= NR_NOMADS; i++)
		inet_close(s[i]);
	threaded_close(&p);
}

/* ---- timers ----------------------------------------------------------- */

#define NR_TIMERS 20000

static void set_flag(struct timer_list *t)
{
	(void)t;
}

/* What a caller's SYN depends on: the thread of the wheel sleeps until its
 * next timer, and that comes much later. */
static void timer_of_a_caller_wakes_the_thread_that_sleeps(void **state)
{
	struct threaded_pair p;
	struct timer_list t;
	struct softnet_data *sd;
	u32 turns = 0, before = 1;

	(void)state;
	threaded_open(&p, 1, NULL);
	sd = p.net[0]->softnets;
	timer_setup(&t, set_flag);
	while (turns != before ||
	       !__atomic_load_n(&sd->sleeping, __ATOMIC_SEQ_CST)) {
		before = __atomic_load_n(&sd->turns, __ATOMIC_SEQ_CST);
		threaded_pause_us(100000);
		turns = __atomic_load_n(&sd->turns, __ATOMIC_SEQ_CST);
	}
	mod_timer(net_wheel(p.net[0]), &t, net_now(p.net[0]) + 1000000000);
	for (u32 ms = 0; ms < 5000 && turns == before; ms++) {
		threaded_pause_us(1000);
		turns = __atomic_load_n(&sd->turns, __ATOMIC_SEQ_CST);
	}
	assert_true(turns != before);
	del_timer_sync(&t);
	threaded_close(&p);
}

/* A sock of which the caller has the only reference, but for the timer's. */
static struct {
	struct sock *sk;
	struct timer_list timer;
	u32 fired;		/* atomic */
} lonely;

static void put_lonely(struct timer_list *t)
{
	(void)t;
	threaded_count(&lonely.fired);
	sock_put(lonely.sk);
}

/* The timer's reference is there before it fires, or the caller's is given
 * back: the sock would be freed while he uses it. */
static void timer_that_fires_at_once_leaves_the_caller_his_reference(void **state)
{
	struct threaded_pair p;
	struct socket *s;
	u32 fired;

	(void)state;
	threaded_open(&p, 1, NULL);
	s = threaded_socket(&p, 0, SOCK_STREAM, 0);
	lonely.sk = s->sk;
	timer_setup(&lonely.timer, put_lonely);
	assert_int_equal(refcount_read(&lonely.sk->sk_refcnt), 1);
	for (u32 i = 0; i < NR_TIMERS; i++) {
		fired = threaded_read(&lonely.fired);
		sk_reset_timer(lonely.sk, &lonely.timer, 0);
		while (threaded_read(&lonely.fired) == fired)
			sched_yield();
	}
	del_timer_sync(&lonely.timer);
	inet_close(s);
	threaded_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bulk_with_one_softirq_thread_is_exact),
		cmocka_unit_test(bulk_with_two_softirq_threads_is_exact),
		cmocka_unit_test(bulk_with_four_softirq_threads_is_exact),
		cmocka_unit_test(bulk_over_a_bad_wire_is_exact),
		cmocka_unit_test(churn_with_one_softirq_thread_serves_all),
		cmocka_unit_test(churn_with_four_softirq_threads_serves_all),
		cmocka_unit_test(close_that_lingers_waits_for_the_last_byte),
		cmocka_unit_test(
			close_that_lingered_in_vain_leaves_the_rest_to_tcp),
		cmocka_unit_test(error_about_an_owned_sock_ends_nothing),
		cmocka_unit_test(listener_is_found_while_its_neighbour_moves),
		cmocka_unit_test(connection_is_found_while_its_neighbours_move),
		cmocka_unit_test(
			timer_of_a_caller_wakes_the_thread_that_sleeps),
		cmocka_unit_test(
			timer_that_fires_at_once_leaves_the_caller_his_reference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
