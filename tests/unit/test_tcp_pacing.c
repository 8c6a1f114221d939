/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TCP that is paced: by a fq discipline, or by its own timer. What leaves is
 * watched on the wire of one stack, the other one acknowledges.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include <netinet/tcp.h>

#include "core/socket.h"
#include "ipv4/tcp.h"
#include "tcp_pair.h"

#define RATE 1250000u		/* bytes a second: 10 Mbit/s */
#define MANY 6000u
#define PORT 80

/* When text left, and how much. */
static struct wire {
	struct fx_watch watch;
	u64 when[MANY];
	u32 len[MANY];
	u32 nr;
	u32 next_seq;		/* of text in order; 0: none yet */
	u32 again;		/* that was no new text */
} wire;

static bool sent(struct fx_watch *w, struct fx *f, const u8 *frame, u32 len)
{
	const struct iphdr *ip = (const struct iphdr *)(frame + ETH_HLEN);
	const struct tcphdr *th = (const struct tcphdr *)(ip + 1);
	u32 text, seq;

	(void)w;
	if (frame[12] != 8 || frame[13] != 0 || ip->protocol != IPPROTO_TCP)
		return false;
	assert_true(len >= ETH_HLEN + sizeof(*ip) + sizeof(*th));
	text = be16_to_cpu(ip->tot_len) - (u32)sizeof(*ip) -
	       (u32)(th->doff_res >> 4) * 4;
	seq = be32_to_cpu(th->seq);
	if (!text)
		return false;
	if (wire.next_seq && seq != wire.next_seq)
		wire.again++;
	if (!wire.next_seq || !before(seq + text, wire.next_seq))
		wire.next_seq = seq + text;
	if (wire.nr < MANY) {
		wire.when[wire.nr] = f->now_ns;
		wire.len[wire.nr++] = text;
	}
	return false;
}

static void nothing(struct fx_watch *w, struct fx *f)
{
	(void)w;
	(void)f;
}

/* ---- a transfer ------------------------------------------------------- */

struct rig {
	struct pair *p;
	struct socket *l, *from, *to;
	u64 given, got;
};

static void use(struct fx *f, const char *qdisc)
{
	assert_int_equal(inet_netdev_set_qdisc(f->dev, qdisc), 0);
}

static struct rig open_rig(const char *qdisc, u64 one_way_ns)
{
	struct rig r = { .p = pair_open(7) };

	wire = (struct wire){ .watch = { nothing, sent, nothing } };
	r.p->one_way_ns = one_way_ns;
	use(&r.p->a, qdisc);
	r.l = pair_listen(&r.p->b, PORT, 1);
	r.from = pair_connect(r.p, PORT);
	pair_run(r.p, FX_SEC);
	r.to = inet_accept(r.l, NULL, NULL);
	assert_non_null(r.to);
	r.p->a.watch = &wire.watch;
	return r;
}

static void set_rate(struct socket *s, u64 rate)
{
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_MAX_PACING_RATE,
					 &rate, sizeof(rate)), 0);
}

/* Writes as much as fits, reads all, lets time pass: until @len bytes arrived. */
static void transfer(struct rig *r, u64 len)
{
	u64 end = r->got + len;
	static u8 buf[65536];
	u32 steps = 0;
	ssize_t n;

	while (r->got < end) {
		while (r->given < end &&
		       (n = inet_send(r->from, buf, (size_t)min(
				end - r->given, (u64)sizeof(buf)), 0)) > 0)
			r->given += (u64)n;
		pair_step(r->p, r->p->a.now_ns + 10 * FX_SEC);
		while ((n = inet_recv(r->to, buf, sizeof(buf), 0)) > 0)
			r->got += (u64)n;
		assert_true(++steps < 1000000);
	}
}

static void close_rig(struct rig *r)
{
	r->p->a.watch = NULL;
	inet_close(r->from);
	inet_close(r->to);
	inet_close(r->l);
	pair_close(r->p);
}

static struct tcp_sock *tp_of(struct socket *s)
{
	return tcp_sk(s->sk);
}

/* From frame @first on never more than @burst bytes above the rate. */
static void assert_no_bursts(u32 first, u64 rate, u64 burst)
{
	u64 bytes, span;
	u32 i, j;

	for (i = first; i < wire.nr; i++) {
		for (j = i, bytes = 0; j < min(wire.nr, i + 200); j++) {
			bytes += wire.len[j];
			span = wire.when[j] - wire.when[i];
			assert_true(bytes <= burst + span * rate / FX_SEC);
		}
	}
}

/* The same, and the rate to 1 %. */
static void assert_rate(u32 first, u64 rate, u64 burst)
{
	u64 all = 0, span;
	u32 i;

	assert_no_bursts(first, rate, burst);
	for (i = first; i < wire.nr; i++)
		all += wire.len[i];
	span = wire.when[wire.nr - 1] - wire.when[first];
	assert_true(all > 100 * burst);
	assert_in_range(span * rate / FX_SEC, all - burst, all + burst);
}

/* ---- cases ------------------------------------------------------------ */

/* The first ten segments go at once, and what fits under way before the rate is
 * known. */
static void fq_sends_at_the_rate_asked_for(void **state)
{
	struct rig r = open_rig("fq", 5 * FX_MS);

	(void)state;
	set_rate(r.from, RATE);
	transfer(&r, 2000000);
	assert_rate(30, RATE, 2 * 2 * 1448);
	assert_int_equal(wire.again, 0);
	close_rig(&r);
}

/* Its own timer has ticks of 65 us: late text is followed by more at once. */
static void pacing_needs_no_fq(void **state)
{
	struct rig r = open_rig("pfifo_fast", 5 * FX_MS);

	(void)state;
	set_rate(r.from, RATE);
	transfer(&r, 2000000);
	assert_rate(30, RATE, 3 * 2 * 1448);
	assert_int_equal(wire.again, 0);
	assert_int_equal(tp_of(r.from)->inet_conn.icsk_inet.sk.sk_pacing_status,
			 SK_PACING_NEEDED);
	close_rig(&r);
}

/* Held for far longer than a round trip, with nothing under way: nobody's window
 * is to be probed. */
static void slow_rate_is_no_closed_window(void **state)
{
	static const char *const qdiscs[] = { "fq", "pfifo_fast" };
	struct rig r;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		r = open_rig(qdiscs[i], FX_MS);
		transfer(&r, 30000);
		set_rate(r.from, 2000);
		fx_mark(&r.p->a);
		transfer(&r, 60000);
		assert_no_bursts(30, 2000, 3 * 2 * 1448);
		assert_int_equal(fx_mib_delta(&r.p->a, MIB_TCP_WINPROBE), 0);
		assert_int_equal(wire.again, 0);
		close_rig(&r);
	}
}

/* An ACK alone goes behind the text that was sent before it, a millisecond later
 * at most, and does not wait for the time of the next. */
static void acks_wait_for_what_was_sent_and_no_more(void **state)
{
	struct rig r = open_rig("fq", 0);
	static u8 buf[20000];
	static struct fx_pkt pkt;
	u32 i, seq = 0, acks = 0;
	u64 begin;

	(void)state;
	transfer(&r, 100000);
	set_rate(r.from, 20000);
	r.p->a.watch = NULL;
	assert_true(inet_send(r.from, buf, sizeof(buf), 0) > 0);
	assert_true(tp_of(r.from)->wstamp_ns > r.p->a.now_ns + 50 * FX_MS);
	for (i = 0; i < 3; i++)
		assert_true(inet_send(r.to, buf, 2000, 0) > 0);
	while (fx_pop(&r.p->b, &pkt))
		fx_inject(&r.p->a, pkt.frame, pkt.len);
	begin = r.p->a.now_ns;
	fx_advance(&r.p->a, FX_MS);
	while (fx_pop(&r.p->a, &pkt)) {
		if (!pkt.tcp)
			continue;
		assert_false(seq && before(be32_to_cpu(pkt.tcp->seq), seq));
		seq = be32_to_cpu(pkt.tcp->seq) + pkt.data_len;
		acks += !pkt.data_len;
		assert_true(pkt.time_ns <= begin + FX_MS);
	}
	assert_true(acks >= 1);
	close_rig(&r);
}

/* Packets take a millisecond: 25 Mbyte/s are 17 segments. */
static void packets_are_sized_to_the_rate(void **state)
{
	struct rig r = open_rig("fq", FX_MS);
	u32 i, run = 1, longest = 0;

	(void)state;
	set_rate(r.from, 25000000);
	transfer(&r, 3000000);
	for (i = 1500; i < wire.nr; i++) {
		run = wire.when[i] == wire.when[i - 1] ? run + 1 : 1;
		longest = max(longest, run);
	}
	assert_in_range(longest, 12, 17);
	close_rig(&r);
}

/* The queue below holds no more than TCP lets leave ahead of time. */
static void connection_has_little_in_the_queue_below(void **state)
{
	struct rig r = open_rig("fq flow_limit 8", 50 * FX_MS);
	struct inet_netdev_stats stats;

	(void)state;
	set_rate(r.from, RATE);
	transfer(&r, 1000000);
	inet_netdev_get_stats(r.p->a.dev, &stats);
	assert_int_equal(stats.tx_dropped, 0);
	assert_int_equal(wire.again, 0);
	close_rig(&r);
}

/* Nobody asked: fq itself makes a connection paced, by its window and its round
 * trip. */
static void window_is_spread_over_the_round_trip(void **state)
{
	struct rig r = open_rig("fq", 10 * FX_MS);
	const struct tcp_sock *tp = tp_of(r.from);
	const struct sock *sk = &tp->inet_conn.icsk_inet.sk;
	u64 fair, rate, bytes = 0;
	u32 i, first;

	(void)state;
	fx_sysctl(&r.p->a, "net.ipv4.tcp_wmem", "4096 300000 300000");
	transfer(&r, 1500000);
	fair = (u64)tp->mss_cache * max(tp->snd_cwnd, tp->packets_out) *
	       8000000 / tp->srtt_us;
	assert_in_range(tp->srtt_us >> 3, 20000, 23000);
	rate = sk->sk_pacing_rate;
	assert_in_range(rate, fair * 2 - fair / 10, fair * 2 + fair / 10);
	fx_sysctl(&r.p->a, "net.ipv4.tcp_pacing_ss_ratio", "150");
	transfer(&r, 300000);
	fair = (u64)tp->mss_cache * max(tp->snd_cwnd, tp->packets_out) *
	       8000000 / tp->srtt_us;
	assert_in_range(sk->sk_pacing_rate, fair * 3 / 2 - fair / 10,
			fair * 3 / 2 + fair / 10);
	/* in no millisecond more than its share, but for one packet */
	for (first = i = wire.nr - 200; i < wire.nr; i++) {
		bytes += wire.len[i];
		for (; wire.when[first] + FX_MS <= wire.when[i]; first++)
			bytes -= wire.len[first];
		assert_true(bytes <= 2 * rate / 1000 + 2 * 1448);
	}
	close_rig(&r);
}

/* TCP_INFO says it of any connection. */
static void info_says_the_rate(void **state)
{
	struct rig r = open_rig("pfifo_fast", 5 * FX_MS);
	u64 info[sizeof(struct tcp_info) / 8 + 2], fair;
	const struct tcp_sock *tp = tp_of(r.from);
	socklen_t len = sizeof(info);

	(void)state;
	transfer(&r, 100000);
	assert_int_equal(inet_getsockopt(r.from, IPPROTO_TCP, TCP_INFO, info,
					 &len), 0);
	fair = (u64)tp->mss_cache * max(tp->snd_cwnd, tp->packets_out) *
	       8000000 / tp->srtt_us;
	/* behind the fields that <netinet/tcp.h> has */
	assert_in_range(info[sizeof(struct tcp_info) / 8], fair * 19 / 10,
			fair * 2 + 8);
	assert_true(info[sizeof(struct tcp_info) / 8 + 1] == U64_MAX);
	close_rig(&r);
}

static void losses_are_sent_again_at_the_rate(void **state)
{
	static const char *const qdiscs[] = { "fq", "pfifo_fast" };
	struct rig r;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		r = open_rig(qdiscs[i], 2 * FX_MS);
		set_rate(r.from, RATE);
		transfer(&r, 100000);
		r.p->loss = 20;
		transfer(&r, 1500000);
		assert_true(wire.again > 5);
		assert_true(tp_of(r.from)->total_retrans > 5);
		assert_no_bursts(30, RATE, 4 * 2 * 1448);
		close_rig(&r);
	}
}

/* A window of many segments is lost: what slow start sends again is spread, too,
 * and goes on by itself. */
static void lost_window_is_sent_again_at_the_rate(void **state)
{
	static const char *const qdiscs[] = { "fq", "pfifo_fast" };
	static u8 buf[200000];
	int size = 800000;
	struct rig r;
	u64 begin;
	ssize_t n;
	u32 i;

	(void)state;
	for (i = 0; i < 2; i++) {
		r = open_rig(qdiscs[i], 50 * FX_MS);
		inet_setsockopt(r.from, SOL_SOCKET, SO_SNDBUFFORCE, &size,
				sizeof(size));
		set_rate(r.from, RATE);
		transfer(&r, 600000);
		n = inet_send(r.from, buf, sizeof(buf), 0);
		assert_true(n > 150000);
		r.given += (u64)n;
		r.p->cut = true;
		pair_run(r.p, 400 * FX_MS);
		r.p->cut = false;
		begin = r.p->a.now_ns;
		transfer(&r, (u64)n);
		assert_true(wire.again >= 100);
		assert_no_bursts(60, RATE, 4 * 2 * 1448);
		assert_true(r.p->a.now_ns - begin < 2 * FX_SEC);
		close_rig(&r);
	}
}

/* The rate goes up, is taken away, and the discipline that kept it goes. */
static void rate_and_discipline_change_meanwhile(void **state)
{
	struct rig r = open_rig("fq", FX_MS / 10);
	u64 begin;

	(void)state;
	set_rate(r.from, RATE / 10);
	transfer(&r, 100000);
	set_rate(r.from, RATE);
	transfer(&r, 20000);
	begin = r.p->a.now_ns;
	transfer(&r, 500000);
	assert_in_range(r.p->a.now_ns - begin, 380 * FX_MS, 430 * FX_MS);
	use(&r.p->a, "pfifo_fast");
	begin = r.p->a.now_ns;
	transfer(&r, 500000);
	assert_in_range(r.p->a.now_ns - begin, 380 * FX_MS, 900 * FX_MS);
	assert_true(tp_of(r.from)->srtt_us >> 3 < 2000);
	set_rate(r.from, U64_MAX);
	begin = r.p->a.now_ns;
	transfer(&r, 2000000);
	assert_true(r.p->a.now_ns - begin < 900 * FX_MS);
	close_rig(&r);
}

/* With text that is held and a timer that runs. */
static void paced_connection_is_closed_or_aborted(void **state)
{
	const struct linger now = { .l_onoff = 1 };
	static u8 buf[50000];
	struct rig r;
	u32 i;

	(void)state;
	for (i = 0; i < 4; i++) {
		r = open_rig(i & 1 ? "fq" : "pfifo_fast", FX_MS);
		set_rate(r.from, RATE);
		transfer(&r, 50000);
		assert_true(inet_send(r.from, buf, sizeof(buf), 0) > 0);
		pair_run(r.p, 3 * FX_MS);
		assert_true(timer_pending(
			&tp_of(r.from)->inet_conn.icsk_pacing_timer));
		if (i & 2)
			inet_setsockopt(r.from, SOL_SOCKET, SO_LINGER, &now,
					sizeof(now));
		close_rig(&r);
	}
}

/* The same text, in the same segments, whether the stack cuts or not. */
static void segments_are_the_same_without_gso(void **state)
{
	static u32 len[2][MANY];
	struct rig r;
	u32 nr[2], i;

	(void)state;
	for (i = 0; i < 2; i++) {
		r = open_rig("fq", 5 * FX_MS);
		dev_set_feature(r.p->a.dev, "gso", i);
		set_rate(r.from, 4 * RATE);
		transfer(&r, 3000000);
		assert_int_equal(wire.again, 0);
		assert_rate(40, 4 * RATE, 3 * 4 * 1448);
		memcpy(len[i], wire.len, sizeof(wire.len));
		nr[i] = wire.nr;
		close_rig(&r);
	}
	assert_int_equal(nr[0], nr[1]);
	assert_memory_equal(len[0], len[1], nr[0] * sizeof(u32));
}

#define CASE(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(fq_sends_at_the_rate_asked_for),
		CASE(pacing_needs_no_fq),
		CASE(slow_rate_is_no_closed_window),
		CASE(acks_wait_for_what_was_sent_and_no_more),
		CASE(packets_are_sized_to_the_rate),
		CASE(connection_has_little_in_the_queue_below),
		CASE(window_is_spread_over_the_round_trip),
		CASE(info_says_the_rate),
		CASE(losses_are_sent_again_at_the_rate),
		CASE(lost_window_is_sent_again_at_the_rate),
		CASE(rate_and_discipline_change_meanwhile),
		CASE(paced_connection_is_closed_or_aborted),
		CASE(segments_are_the_same_without_gso),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
