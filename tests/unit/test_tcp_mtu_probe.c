/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection asks its path how large a packet may be (RFC 4821). */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/netdev.h>

#include "ipv4/route.h"
#include "tcp_flight.h"

#define BASE 1024u		/* net.ipv4.tcp_base_mss */
#define FIRST 1242u		/* half-way from its packet to 1500, less headers */
#define REST (2 * BASE - FIRST)	/* of the segments that it was taken from */
#define WINDOW 12u
/* Where the @n-th segment behind the first probe begins. */
#define BEHIND(n) ((n) ? 1 + FIRST + REST + ((n) - 1) * BASE : 1 + FIRST)

/* A connection that searches from the beginning, or, @mode 1, when it must; nothing is
 * written yet. */
static void search_open(struct tp *t, const char *mode)
{
	tp_open(t);
	fx_sysctl(&t->f, "net.ipv4.tcp_congestion_control", "reno");
	fx_sysctl(&t->f, "net.ipv4.tcp_mtu_probing", mode);
	t->sack = true;
	flight_connect(t, WINDOW);
	fx_mark(&t->f);
}

/* @len octets of the pattern are written at once: all is there before anything of it
 * goes. */
static void search_write(struct tp *t, u32 len)
{
	u32 window = flight_tcp(t)->snd_wnd;

	flight_tcp(t)->snd_wnd = 0;
	tp_write_pattern(t, len);
	flight_tcp(t)->snd_wnd = window;
	tp_setsockopt(t, IPPROTO_TCP, TCP_NODELAY, 1);
	tcp_verify_all(t->f.net);
}

/* The next segment has the @len octets from @seq on, of the pattern, and DF. */
static void text_comes(struct tp *t, u32 seq, u32 len)
{
	tp_next(t);
	assert_int_equal(ntohl(t->p.tcp->seq) - t->irs, seq);
	assert_int_equal(t->p.data_len, len);
	assert_true(t->p.ip->frag_off & htons(IP_DF));
	for (u32 i = 0; i < len; i++)
		assert_int_equal(t->p.data[i], (u8)((seq - 1 + i) * 7 + 1));
}

/* A probe, of the first size, and a full window behind it. Return: where that ends. */
static u32 probe_comes(struct tp *t)
{
	text_comes(t, 1, FIRST);
	for (u32 i = 0; i < WINDOW - 1; i++)
		text_comes(t, BEHIND(i), i ? BASE : REST);
	tp_silence(t);
	fx_advance(&t->f, FLIGHT_RTT);
	return BEHIND(WINDOW - 1);
}

/* Everything that was sent is acknowledged, again and again, until all of @len is.
 * Return: the longest segment from now on, also of what is in flight. */
static u32 peer_takes_all(struct tp *t, u32 len)
{
	u32 end = flight_tcp(t)->snd_una - t->irs, longest = 0, seq;

	while (end != 1 + len) {
		fx_advance(&t->f, FLIGHT_RTT);
		while (fx_pop(&t->f, &t->p)) {
			seq = ntohl(t->p.tcp->seq) - t->irs;
			assert_int_equal(seq, end);
			end += t->p.data_len;
			longest = max(longest, t->p.data_len);
		}
		ACK(t, end);
	}
	return longest;
}

/* @req 4821-1, 8899-1, 8899-2 */
static void probe_that_arrives_makes_segments_larger(void **st)
{
	struct tp t;
	u32 end;

	(void)st;
	search_open(&t, "2");
	assert_int_equal(flight_tcp(&t)->mss_cache, BASE);
	search_write(&t, 40000);
	end = probe_comes(&t);
	ACK(&t, end);
	assert_int_equal(flight_tcp(&t)->mss_cache, FIRST);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MTUPSUCCESS), 1);
	/* half-way to 1500 again */
	text_comes(&t, end, (FIRST + 40 + 1500) / 2 - 40);
	assert_int_equal(tp_getsockopt(&t, IPPROTO_IP, IP_MTU), 1500);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_pmtu_cookie, 1500);
	tp_close(&t);
}

/* Probes come until the bounds meet, and then none for ten minutes. @req 4821-2 */
static void search_ends_near_the_top_and_begins_anew_later(void **st)
{
	struct tcp_mtup *m;
	struct tp t;

	(void)st;
	search_open(&t, "2");
	fx_sysctl(&t.f, "net.ipv4.tcp_slow_start_after_idle", "0");
	search_write(&t, 300000);
	assert_in_range(peer_takes_all(&t, 300000), 1453, 1459);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MTUPSUCCESS), 6);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MTUPFAIL), 0);
	/* the path has become narrower, which the connection was told of in time */
	m = &flight_tcp(&t)->seldom->mtup;
	m->search_low = m->search_high = 1064;
	tcp_sync_mss(tp_sk(&t), 1500);
	fx_advance(&t.f, 590 * FX_SEC);
	search_write(&t, 300000);
	assert_int_equal(peer_takes_all(&t, 600000), BASE);
	fx_advance(&t.f, 10 * FX_SEC);
	search_write(&t, 300000);
	assert_in_range(peer_takes_all(&t, 900000), 1453, 1459);
	tp_close(&t);
}

/* @req 4821-2, 8899-5 */
static void probe_that_is_lost_costs_nothing_but_itself(void **st)
{
	struct tp t;
	u32 end;

	(void)st;
	search_open(&t, "2");
	search_write(&t, 40000);
	end = probe_comes(&t);
	SACK(&t, 1, BEHIND(0), BEHIND(3));
	/* its text again, in segments that pass */
	text_comes(&t, 1, BASE);
	text_comes(&t, 1 + BASE, FIRST - BASE);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MTUPFAIL), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_SACKRECOVERY), 0);
	assert_int_equal(flight_state(&t), TCP_CA_Disorder);
	assert_int_equal(flight_tcp(&t)->snd_cwnd, WINDOW);
	assert_true(flight_tcp(&t)->snd_ssthresh >= TCP_INFINITE_SSTHRESH);
	assert_int_equal(flight_tcp(&t)->lost_out, 0);
	fx_advance(&t.f, FLIGHT_RTT);
	fx_flush(&t.f);
	end = flight_tcp(&t)->snd_nxt - t.irs;
	ACK(&t, end);
	assert_int_equal(flight_state(&t), TCP_CA_Open);
	assert_int_equal(flight_tcp(&t)->mss_cache, BASE);
	/* the next one is smaller */
	text_comes(&t, end, (BASE + 40 + FIRST + 39) / 2 - 40);
	tp_close(&t);
}

/* The same when the peer cannot say what has come. @req 4821-2 */
static void probe_that_is_lost_without_sack_costs_nothing_either(void **st)
{
	struct tp t;

	(void)st;
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_congestion_control", "reno");
	fx_sysctl(&t.f, "net.ipv4.tcp_mtu_probing", "2");
	flight_connect(&t, WINDOW);
	fx_mark(&t.f);
	search_write(&t, 14000);
	(void)probe_comes(&t);
	for (u32 i = 0; i < 3; i++)
		ACK(&t, 1);
	while (fx_pop(&t.f, &t.p))
		if (t.p.tcp->seq == htonl(t.irs + 1))
			break;
	assert_int_equal(t.p.data_len, BASE);
	text_comes(&t, 1 + BASE, FIRST - BASE);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MTUPFAIL), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RENORECOVERY), 0);
	assert_true(flight_tcp(&t)->snd_cwnd >= WINDOW);
	assert_true(flight_tcp(&t)->snd_ssthresh >= WINDOW);
	tp_close(&t);
}

/* @req 4821-3 */
static void loss_next_to_the_probe_is_congestion(void **st)
{
	struct tp t;

	(void)st;
	search_open(&t, "2");
	search_write(&t, 40000);
	(void)probe_comes(&t);
	SACK(&t, 1, BEHIND(1), BEHIND(5));
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, WINDOW / 2);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MTUPFAIL), 0);
	text_comes(&t, 1, BASE);
	tp_close(&t);
}

/* ... also when it is found out after the probe was given up. @req 4821-3 */
static void loss_in_the_window_of_a_lost_probe_is_congestion(void **st)
{
	struct tp t;

	(void)st;
	search_open(&t, "2");
	search_write(&t, 40000);
	(void)probe_comes(&t);
	SACK(&t, 1, BEHIND(0), BEHIND(3));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MTUPFAIL), 1);
	SACK(&t, 1, BEHIND(4), BEHIND(8), BEHIND(0), BEHIND(3));
	assert_int_equal(flight_state(&t), TCP_CA_Recovery);
	assert_int_equal(flight_tcp(&t)->snd_ssthresh, WINDOW / 2);
	tp_close(&t);
}

/* A retransmission came first: whether the probe was the reason is not known. */
static void probe_behind_a_retransmission_says_nothing(void **st)
{
	struct tp t;
	u32 end;

	(void)st;
	search_open(&t, "2");
	search_write(&t, 40000);
	end = probe_comes(&t);
	fx_advance(&t.f, FLIGHT_RTT + 10 * FX_MS);	/* the probe of the tail */
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_LOSSPROBES), 1);
	fx_flush(&t.f);
	fx_advance(&t.f, 300 * FX_MS);
	text_comes(&t, 1, BASE);			/* the timer */
	ACK(&t, end);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MTUPSUCCESS), 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MTUPFAIL), 0);
	assert_int_equal(flight_tcp(&t)->mss_cache, BASE);
	tp_close(&t);
}

/* @req 4821-4 */
static void larger_segments_do_not_widen_the_window(void **st)
{
	u32 end, octets = WINDOW * BASE;
	struct tp t;

	(void)st;
	search_open(&t, "2");
	flight_tcp(&t)->snd_ssthresh = WINDOW;
	search_write(&t, 40000);
	end = probe_comes(&t);
	ACK(&t, 1 + FIRST);
	assert_int_equal(flight_tcp(&t)->mss_cache, FIRST);
	assert_in_range(flight_tcp(&t)->snd_cwnd * FIRST, octets - FIRST, octets);
	assert_in_range(flight_tcp(&t)->snd_ssthresh * FIRST, octets - FIRST,
			octets);
	ACK(&t, end);
	tp_close(&t);
}

/* Nobody answers, and nobody says why. @req 4821-5, 4821-6 */
static void black_hole_makes_segments_smaller(void **st)
{
	static const u32 sizes[] = { 1024, 512, 256, 128, 64, 60, 60 };
	u32 i, cwnd = WINDOW, longest = 0;
	struct tp t;

	(void)st;
	search_open(&t, "1");
	fx_sysctl(&t.f, "net.ipv4.tcp_mtu_probe_floor", "60");
	search_write(&t, 40000);
	assert_int_equal(fx_flush(&t.f), WINDOW);
	for (i = 0; i < ARRAY_SIZE(sizes);) {
		fx_advance(&t.f, 10 * FX_MS);
		if (!fx_pop(&t.f, &t.p))
			continue;
		assert_true(flight_tcp(&t)->snd_cwnd <= cwnd);
		cwnd = flight_tcp(&t)->snd_cwnd;
		if (t.p.data_len == 1460)
			longest++;
		else
			assert_int_equal(t.p.data_len, sizes[i++]);
	}
	assert_in_range(longest, 4, 7);		/* R1, and what went before it */
	tp_close(&t);
}

/* The peer takes what passes a path of @mtu that drops silently, until it has @len. */
static void narrow_path_carries(struct tp *t, u32 mtu, u32 len)
{
	static bool has[1 << 19];
	u32 end = 1, seq;

	memset(has, 0, sizeof(has));
	for (u32 i = 0; end <= len; i++) {
		assert_true(i < 6000);
		fx_advance(&t->f, 10 * FX_MS);
		while (fx_pop(&t->f, &t->p)) {
			seq = ntohl(t->p.tcp->seq) - t->irs;
			if (t->p.ip_len > mtu)
				continue;
			memset(has + seq, true, t->p.data_len);
			while (has[end])
				end++;
			if (after(seq, end))
				SACK(t, end, seq, seq + t->p.data_len);
			else
				ACK(t, end);
		}
	}
}

/* What passes is used, and the way up is by probes. */
static void black_hole_is_left_by_probes(void **st)
{
	struct tp t;

	(void)st;
	search_open(&t, "1");
	search_write(&t, 400000);
	narrow_path_carries(&t, 1300, 400000);
	assert_in_range(flight_tcp(&t)->mss_cache, 1253, 1260);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_MTUPSUCCESS) > 0);
	assert_true(fx_mib_delta(&t.f, MIB_TCP_MTUPFAIL) > 0);
	tp_close(&t);
}

static void black_hole_is_not_looked_for_unless_asked(void **st)
{
	struct tp t;

	(void)st;
	search_open(&t, "0");
	search_write(&t, 40000);
	for (u32 i = 0; i < 6000; i++) {
		fx_advance(&t.f, 10 * FX_MS);
		while (fx_pop(&t.f, &t.p))
			assert_int_equal(t.p.data_len, 1460);
	}
	tp_close(&t);
}

/* ---- when there is none ------------------------------------------------ */

/* What is written in @t now begins with a usual segment. */
static void no_probe_comes(struct tp *t, u32 len)
{
	search_write(t, len);
	text_comes(t, 1, BASE);
	assert_false(flight_tcp(t)->mtu_probe_out);
	tp_close(t);
}

static void probe_needs_text_behind_it(void **st)
{
	const u32 enough = FIRST + 4 * BASE;
	struct tp t;

	(void)st;
	search_open(&t, "2");
	no_probe_comes(&t, enough - 1);
	search_open(&t, "2");
	search_write(&t, enough);
	text_comes(&t, 1, FIRST);
	tp_close(&t);
}

static void probe_needs_a_window(void **st)
{
	struct tp t;

	(void)st;
	search_open(&t, "2");
	flight_tcp(&t)->snd_cwnd = 10;
	no_probe_comes(&t, 20000);
	search_open(&t, "2");
	flight_tcp(&t)->snd_wnd = FIRST + 4 * BASE - 1;
	no_probe_comes(&t, 20000);
}

/* Where there is no room for it nothing else takes what comes free. */
static void probe_waits_for_room(void **st)
{
	struct tp t;
	u32 end;

	(void)st;
	search_open(&t, "2");
	search_write(&t, 200000);
	end = probe_comes(&t);
	flight_tcp(&t)->mtu_probe_out = false;	/* it said nothing */
	flight_tcp(&t)->snd_ssthresh = 2;
	ACK(&t, 1 + FIRST);
	tp_silence(&t);
	ACK(&t, BEHIND(1));
	text_comes(&t, end, FIRST);
	tp_close(&t);
}

static void probe_is_not_cut_by_routers(void **st)
{
	struct tp t;

	(void)st;
	/* who does not set DF does not search */
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_mtu_probing", "2");
	fx_sysctl(&t.f, "net.ipv4.ip_no_pmtu_disc", "1");
	t.sack = true;
	flight_connect(&t, WINDOW);
	search_write(&t, 20000);
	tp_next(&t);
	assert_int_equal(t.p.data_len, 1460);
	assert_false(t.p.ip->frag_off & htons(IP_DF));
	tp_close(&t);
	/* nor who stops to */
	search_open(&t, "2");
	tp_setsockopt(&t, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
	search_write(&t, 20000);
	tp_next(&t);
	assert_int_equal(t.p.data_len, BASE);
	tp_close(&t);
	/* a path that IP is told nothing of is searched, too */
	search_open(&t, "2");
	tp_setsockopt(&t, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
	search_write(&t, 20000);
	text_comes(&t, 1, FIRST);
	tp_close(&t);
}

static void probe_carries_no_urgent_octet_and_joins_no_records(void **st)
{
	u8 text[3000] = { 0 };
	struct tp t;

	(void)st;
	search_open(&t, "2");
	assert_int_equal(inet_send(t.s, "u", 1, MSG_OOB), 1);
	search_write(&t, 20000);
	tp_next(&t);
	assert_true(t.p.data_len <= BASE);
	tp_close(&t);
	search_open(&t, "2");
	tp_setsockopt(&t, IPPROTO_TCP, TCP_CORK, 1);
	flight_tcp(&t)->snd_cwnd = 1;
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(inet_send(t.s, text, sizeof(text) / 3,
					   MSG_EOR), sizeof(text) / 3);
	flight_tcp(&t)->snd_cwnd = WINDOW;
	tp_setsockopt(&t, IPPROTO_TCP, TCP_CORK, 0);
	while (fx_pop(&t.f, &t.p))
		assert_int_equal(t.p.data_len, 1000);
	tp_close(&t);
}

static void probe_respects_the_segments_that_the_peer_takes(void **st)
{
	struct tp t;

	(void)st;
	tp_open(&t);
	fx_sysctl(&t.f, "net.ipv4.tcp_mtu_probing", "2");
	t.sack = t.ts = true;
	t.mss = 1200;
	flight_connect(&t, WINDOW);
	search_write(&t, 300000);
	/* without the options, which its MSS does not count */
	assert_in_range(peer_takes_all(&t, 300000), 1181, 1187);
	tp_close(&t);
}

/* ---- with ICMP ---------------------------------------------------------- */

/* @req 8899-3 */
static void error_of_a_router_bounds_the_search(void **st)
{
	struct tp t;

	(void)st;
	search_open(&t, "2");
	search_write(&t, 300000);
	(void)probe_comes(&t);
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1200, 1);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_pmtu_cookie, 1200);
	assert_int_equal(tp_getsockopt(&t, IPPROTO_IP, IP_MTU), 1200);
	text_comes(&t, 1, BASE);
	ACK(&t, 1 + BASE);
	text_comes(&t, 1 + BASE, FIRST - BASE);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MTUPSUCCESS), 0);
	/* one of a larger path than that is none */
	tp_icmp(&t, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1400, 1);
	fx_flush(&t.f);
	ACK(&t, flight_tcp(&t)->snd_nxt - t.irs);
	assert_int_equal(flight_tcp(&t)->mss_cache, BASE);
	assert_in_range(peer_takes_all(&t, 300000), 1153, 1160);
	tp_close(&t);
}

/* IP knows of a smaller path, and forgets it: the search goes as far up as that. */
static void search_follows_what_ip_knows(void **st)
{
	struct dst_entry *dst;
	struct tp t;

	(void)st;
	search_open(&t, "2");
	fx_sysctl(&t.f, "net.ipv4.tcp_slow_start_after_idle", "0");
	dst = rcu_access_pointer(tp_sk(&t)->sk_dst_cache);
	dst->ops->update_pmtu(dst, tp_sk(&t), NULL, 800);
	assert_int_equal(tcp_current_mss(tp_sk(&t)), 760);
	fx_advance(&t.f, 601 * FX_SEC);
	assert_int_equal(tcp_current_mss(tp_sk(&t)), 760);
	assert_int_equal(inet_csk(tp_sk(&t))->icsk_pmtu_cookie, 1500);
	search_write(&t, 20000);
	text_comes(&t, 1, (800 + 1500) / 2 - 40);
	tp_close(&t);
}

/* ---- two stacks --------------------------------------------------------- */

#define LEN 1000000u

struct hole {
	u64 now_ns;
	struct inet_env env;
	struct net *a, *b;
	struct inet_wire *wire;
	struct socket *l, *s, *r;
};

static u64 hole_now(void *opaque)
{
	return ((struct hole *)opaque)->now_ns;
}

static struct net *hole_stack(struct hole *h)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_SIMULATED,
		.nr_frames = 4096, .env = &h->env,
	};
	struct net *net = inet_create(&cfg);

	assert_non_null(net);
	return net;
}

static struct socket *hole_socket(struct net *net)
{
	struct socket *s = inet_socket(net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_non_null(s);
	return s;
}

static void hole_run(struct hole *h)
{
	h->now_ns += FX_MS;
	for (u32 quiet = 0; quiet < 3;)
		quiet = inet_run(h->a, 0) + inet_run(h->b, 0) ? 0 : quiet + 1;
	tcp_verify_all(h->a);
}

/* Two stacks, and between them a wire on which frames of more than @mtu vanish. */
static void hole_open(struct hole *h, u32 mtu)
{
	struct inet_wire_config cfg = { .size = sizeof(cfg),
					.mac_a = { 2, 0, 0, 0, 0, 1 },
					.mac_b = { 2, 0, 0, 0, 0, 2 } };
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(7) };

	*h = (struct hole){ .now_ns = FX_SEC };
	h->env = *inet_env_default();
	h->env.opaque = h;
	h->env.now = hole_now;
	cfg.a_to_b.mtu = mtu;
	cfg.a_to_b.delay_ns = cfg.b_to_a.delay_ns = 5 * FX_MS;
	h->a = hole_stack(h);
	h->b = hole_stack(h);
	h->wire = inet_wire_connect(h->a, "w0", h->b, "w0", &cfg);
	assert_non_null(h->wire);
	inet_addr_add(inet_wire_device(h->wire, 'a'), "10.0.0.1/24");
	inet_addr_add(inet_wire_device(h->wire, 'b'), "10.0.0.2/24");
	inet_netdev_up(inet_wire_device(h->wire, 'a'));
	inet_netdev_up(inet_wire_device(h->wire, 'b'));
	assert_int_equal(inet_sysctl_set(h->a, "net.ipv4.tcp_mtu_probing",
					 "1"), 0);
	h->l = hole_socket(h->b);
	h->s = hole_socket(h->a);
	inet_pton(AF_INET, "10.0.0.2", &to.sin_addr);
	assert_int_equal(inet_bind(h->l, (void *)&to, sizeof(to)), 0);
	assert_int_equal(inet_listen(h->l, 1), 0);
	inet_connect(h->s, (void *)&to, sizeof(to));
	while (!(h->r = inet_accept(h->l, NULL, NULL)))
		hole_run(h);
	inet_set_nonblock(h->r, 1);
}

static void hole_close(struct hole *h)
{
	inet_close(h->s);
	inet_close(h->r);
	inet_close(h->l);
	inet_wire_close(h->wire);
	inet_destroy(h->a);
	inet_destroy(h->b);
}

/* LEN octets go through it, as they are, sent with @flags. */
static void hole_carries(struct hole *h, int flags)
{
	static u8 text[LEN], got[65536];
	u32 sent = 0, read = 0;
	ssize_t n;

	for (u32 i = 0; i < LEN; i++)
		text[i] = (u8)(i * 7 + i / 251);
	for (u32 ms = 0; read < LEN; ms++) {
		assert_true(ms < 60000);
		while (sent < LEN && (n = inet_send(h->s, text + sent,
						    LEN - sent, flags)) > 0)
			sent += (u32)n;
		hole_run(h);
		while ((n = inet_recv(h->r, got, sizeof(got), 0)) > 0) {
			assert_memory_equal(got, text + read, (size_t)n);
			read += (u32)n;
		}
	}
}

/* What waits lies in segments of the time before, and is joined to probes; with
 * MSG_ZEROCOPY it is the application's memory. */
static void black_hole_is_survived(void **st)
{
	static const int flags[] = { 0, MSG_ZEROCOPY };
	struct hole h;
	int one = 1;

	(void)st;
	for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
		hole_open(&h, 1300);
		inet_setsockopt(h.s, SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one));
		hole_carries(&h, flags[i]);
		assert_in_range(tcp_sk(h.s->sk)->mss_cache, 1300 - 52 - 7,
				1300 - 52);
		hole_close(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probe_that_arrives_makes_segments_larger),
		cmocka_unit_test(search_ends_near_the_top_and_begins_anew_later),
		cmocka_unit_test(probe_that_is_lost_costs_nothing_but_itself),
		cmocka_unit_test(
			probe_that_is_lost_without_sack_costs_nothing_either),
		cmocka_unit_test(loss_next_to_the_probe_is_congestion),
		cmocka_unit_test(loss_in_the_window_of_a_lost_probe_is_congestion),
		cmocka_unit_test(probe_behind_a_retransmission_says_nothing),
		cmocka_unit_test(larger_segments_do_not_widen_the_window),
		cmocka_unit_test(black_hole_makes_segments_smaller),
		cmocka_unit_test(black_hole_is_left_by_probes),
		cmocka_unit_test(black_hole_is_not_looked_for_unless_asked),
		cmocka_unit_test(probe_needs_text_behind_it),
		cmocka_unit_test(probe_needs_a_window),
		cmocka_unit_test(probe_waits_for_room),
		cmocka_unit_test(probe_is_not_cut_by_routers),
		cmocka_unit_test(
			probe_carries_no_urgent_octet_and_joins_no_records),
		cmocka_unit_test(probe_respects_the_segments_that_the_peer_takes),
		cmocka_unit_test(error_of_a_router_bounds_the_search),
		cmocka_unit_test(search_follows_what_ip_knows),
		cmocka_unit_test(black_hole_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
