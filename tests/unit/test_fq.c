/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The queue discipline fq on a device whose wire is the test, and changing the
 * discipline of a device. The clock stands still unless a case moves it.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <linux/net_tstamp.h>

#include <inet/socket.h>

#include "core/dev.h"
#include "core/sch_generic.h"
#include "core/skbuff.h"
#include "core/sock.h"
#include "core/socket.h"
#include "fixture.h"
#include "sockets.h"

#define FLOWS 8
#define LONG 1514u

struct packet {
	u32 flow, seq;
};

/* ---- packets ---------------------------------------------------------- */

static struct Qdisc *qdisc(struct fx *f)
{
	return f->dev->tx[0].qdisc;
}

static void use(struct fx *f, const char *spec)
{
	if (inet_netdev_set_qdisc(f->dev, spec))
		fail_msg("%s: %s", spec, inet_strerror(f->net));
}

/* A packet of @len bytes, number @seq of @flow. */
static struct sk_buff *packet(struct fx *f, u32 flow, u32 seq, u32 len)
{
	struct packet p = { flow, seq };
	struct sk_buff *skb = alloc_skb(f->net, len);

	assert_non_null(skb);
	memset(skb_put(skb, len), 0, len);
	memcpy(skb->data + ETH_HLEN, &p, sizeof(p));
	skb->dev = f->dev;
	skb->hash = 0x1000 + flow * 7;
	return skb;
}

static int give(struct fx *f, struct sk_buff *skb)
{
	int ret = dev_queue_xmit(skb);

	qdisc_verify(qdisc(f));
	return ret;
}

static void put(struct fx *f, u32 flow, u32 seq, u32 len)
{
	assert_int_equal(give(f, packet(f, flow, seq, len)), NET_XMIT_SUCCESS);
}

/* The next packet that left. Return: its length, 0: there was none. */
static u32 left(struct fx *f, struct packet *p, u64 *when)
{
	static struct fx_pkt pkt;

	if (!fx_pop(f, &pkt))
		return 0;
	memcpy(p, pkt.frame + ETH_HLEN, sizeof(*p));
	if (when)
		*when = pkt.time_ns;
	return pkt.len;
}

static void stop(struct fx *f)
{
	netif_tx_stop_queue(f->dev, 0);
}

static void go(struct fx *f)
{
	netif_tx_wake_queue(f->dev, 0);
	fx_run(f);
	qdisc_verify(qdisc(f));
}

/* The number behind @word in what is shown. */
static u64 shown(struct fx *f, const char *word)
{
	const char *at = strstr(fx_show(f, inet_qdisc_show), word);

	if (!at)
		fail_msg("nothing says %s", word);
	return strtoull(at + strlen(word), NULL, 10);
}

/* ---- turns ------------------------------------------------------------ */

/* Whatever the packets' lengths: those who have something to say get as many
 * bytes, to a quantum and a packet, and each in order. */
static void flows_take_turns_by_the_quantum(void **state)
{
	static const u32 len[FLOWS] = { 1514, 60, 1000, 1514, 300, 700, 999, 61 };
	u32 bytes[FLOWS] = { 0 }, next[FLOWS] = { 0 }, given[FLOWS] = { 0 };
	u32 n, i, j, least, most;
	struct fx *f = *state;
	struct packet p;

	use(f, "fq quantum 3000 initial_quantum 3000 flow_limit 2000");
	stop(f);
	for (i = 0; i < FLOWS; i++)
		for (given[i] = 0; given[i] * len[i] < 60000; given[i]++)
			put(f, i, given[i], len[i]);
	go(f);
	while ((n = left(f, &p, NULL))) {
		assert_int_equal(p.seq, next[p.flow]++);
		bytes[p.flow] += n;
		least = U32_MAX;
		most = 0;
		for (j = 0; j < FLOWS; j++) {
			most = max(most, bytes[j]);
			least = min(least, bytes[j]);
		}
		if (least < 55000)
			assert_true(most - least <= 3000 + LONG);
	}
	for (i = 0; i < FLOWS; i++)
		assert_int_equal(next[i], given[i]);
}

/* Takes one packet as the machine would. Return: its length, 0: none. */
static u32 pull(struct fx *f, struct packet *p)
{
	struct Qdisc *q = qdisc(f);
	struct sk_buff *skb;
	u32 len;

	spin_lock(&q->lock);
	skb = q->ops->dequeue(q);
	spin_unlock(&q->lock);
	if (!skb)
		return 0;
	memcpy(p, skb->data + ETH_HLEN, sizeof(*p));
	len = skb->len;
	consume_skb(skb);
	return len;
}

/* Who has just come goes before those that send without end, with as much as a
 * flow may say first. */
static void new_flow_goes_first(void **state)
{
	struct fx *f = *state;
	struct packet p;
	u32 i;

	use(f, "fq quantum 15140 initial_quantum 4000 limit 1000");
	stop(f);
	for (i = 0; i < 60; i++)
		put(f, i % 2, i, LONG);
	for (i = 0; i < 9; i++)		/* the first is in its second turn */
		assert_int_equal(pull(f, &p), LONG);
	for (i = 0; i < 10; i++)
		put(f, 2, i, 1000);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pull(f, &p), 1000);
		assert_int_equal(p.seq, i);
	}
	assert_int_equal(pull(f, &p), LONG);
	go(f);
}

/* A flow that says little, again and again, is no new one each time: it waits
 * for its turn like others. */
static void flow_that_comes_back_is_not_new(void **state)
{
	u32 nr[2] = { 0 }, i, seq = 0;
	struct fx *f = *state;
	struct packet p;

	use(f, "fq quantum 15140 initial_quantum 15140 flow_limit 1000");
	stop(f);
	for (i = 0; i < 500; i++)
		put(f, 0, i, LONG);
	for (i = 0; i < 400; i++) {
		assert_true(pull(f, &p));
		nr[p.flow]++;
		if (p.flow == 0 && seq == nr[1])
			put(f, 1, seq++, 60);
	}
	/* ten of the other one are a turn, and it is new at every second */
	assert_in_range(nr[1], 400 / 12 * 2 - 4, 400 / 12 * 2 + 4);
	go(f);
}

/* Priority 7 is for what keeps the network alive. */
static void control_goes_before_all(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb;
	struct packet p;
	u32 i;

	use(f, "fq flow_limit 5");
	stop(f);
	for (i = 0; i < 5; i++)
		put(f, 0, i, 100);
	for (i = 0; i < 8; i++) {	/* and has no limit of a flow */
		skb = packet(f, 1, i, 60);
		skb->priority = 7;
		assert_int_equal(give(f, skb), NET_XMIT_SUCCESS);
	}
	for (i = 0; i < 8; i++) {
		assert_int_equal(pull(f, &p), 60);
		assert_int_equal(p.seq, i);
	}
	assert_int_equal(pull(f, &p), 100);
	assert_int_equal(shown(f, "highprio "), 8);
	go(f);
}

static void idle_flows_are_forgotten(void **state)
{
	struct fx *f = *state;
	u32 i;

	use(f, "fq");
	for (i = 0; i < 100; i++)
		put(f, i, 0, 60);
	fx_run(f);
	assert_int_equal(shown(f, "flows "), 100);
	assert_in_range(shown(f, "inactive "), 99, 100);
	fx_advance(f, 2 * FX_SEC);
	put(f, 200, 0, 60);
	assert_int_equal(shown(f, "flows "), 101);
	fx_advance(f, 4 * FX_SEC);
	for (i = 0; i < 20; i++)
		put(f, 300 + i, 0, 60);
	assert_int_equal(shown(f, "flows "), 21);
	assert_int_equal(shown(f, "gc "), 100);
	assert_int_equal(fx_flush(f), 121);
}

/* ---- time ------------------------------------------------------------- */

/* To the nanosecond, in the order of the times; what has none goes at once. */
static void packet_leaves_when_its_time_has_come(void **state)
{
	static const u64 at[] = { 5000001, 777, 5000000, 123456789, 1, 0 };
	struct fx *f = *state;
	u64 begin = f->now_ns, when, last = 0;
	struct sk_buff *skb;
	struct packet p;
	u32 i, n = 0;

	use(f, "fq");
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		skb = packet(f, i % 2, i, 100);
		skb->tstamp = at[i] ? begin + at[i] : 0;
		assert_int_equal(give(f, skb), NET_XMIT_SUCCESS);
	}
	fx_advance(f, 2 * FX_SEC);
	while (left(f, &p, &when)) {
		assert_int_equal(when, begin + at[p.seq]);
		assert_true(when >= last);
		last = when;
		n++;
	}
	assert_int_equal(n, ARRAY_SIZE(at));
}

/* What has the same time, or is late, keeps its order. */
static void packets_of_one_time_keep_their_order(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb;
	struct packet p;
	u32 i;

	use(f, "fq");
	stop(f);
	for (i = 0; i < 60; i++) {
		skb = packet(f, 0, i, 100);
		skb->tstamp = i < 20 ? 1 : i < 40 ? f->now_ns : 0;
		give(f, skb);
	}
	for (i = 0; i < 60; i++) {
		assert_int_equal(pull(f, &p), 100);
		assert_int_equal(p.seq, i);
	}
	for (i = 0; i < 5; i++) {	/* those that come before another one */
		skb = packet(f, 0, i, 100);
		skb->tstamp = f->now_ns + (i ? 5 : 9) * FX_MS;
		give(f, skb);
	}
	fx_advance(f, 10 * FX_MS);
	for (i = 0; i < 5; i++) {
		assert_int_equal(pull(f, &p), 100);
		assert_int_equal(p.seq, (i + 1) % 5);
	}
	go(f);
}

/* What has yet to wait does not follow at once: the device must not wait. */
static void packet_that_waits_is_not_announced(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb;
	struct packet p;

	use(f, "fq");
	skb = packet(f, 0, 0, 100);
	skb->tstamp = f->now_ns + FX_MS;
	give(f, skb);
	put(f, 1, 0, 100);
	assert_int_equal(left(f, &p, NULL), 100);
	assert_false(f->dev->tx[0].more);
	fx_advance(f, FX_MS);
	assert_int_equal(fx_flush(f), 1);
}

static void times_beyond_the_horizon_are_dropped_or_cut(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb;
	struct packet p;
	u64 begin, when;

	use(f, "fq horizon 20ms");
	fx_mark(f);
	skb = packet(f, 0, 0, 100);
	skb->tstamp = f->now_ns + 20 * FX_MS + 1;
	assert_int_equal(give(f, skb), NET_XMIT_DROP);
	fx_assert_dropped(f, SKB_DROP_REASON_FQ_HORIZON_LIMIT, 1);
	assert_int_equal(shown(f, "horizon_drops "), 1);
	assert_int_equal(shown(f, "dropped "), 1);
	use(f, "fq horizon 20ms nohorizon_drop");
	skb = packet(f, 0, 1, 100);
	begin = f->now_ns;
	skb->tstamp = begin + FX_SEC;
	assert_int_equal(give(f, skb), NET_XMIT_SUCCESS);
	assert_int_equal(shown(f, "horizon_caps "), 1);
	fx_advance(f, FX_SEC);
	assert_int_equal(left(f, &p, &when), 100);
	assert_int_equal(when, begin + 20 * FX_MS);
}

/* ---- rates ------------------------------------------------------------ */

#define RATE 1250000u		/* bytes a second: 10 Mbit/s */
#define MANY 3000u

static u64 times[MANY];
static u32 lens[MANY];

/* Gives the device @MANY packets of @len bytes of @sk, not more at once than a
 * flow may have, and notes when each left. */
static void send_many(struct fx *f, struct socket *s, u32 len)
{
	struct sk_buff *skb;
	struct packet p;
	u32 given = 0, n = 0;
	s64 next;

	while (n < MANY) {
		for (; given < MANY && qdisc(f)->qlen < 90; given++) {
			skb = packet(f, 0, given, len);
			if (s)
				skb_set_owner_w(skb, s->sk);
			skb->hash = 99;
			assert_int_equal(give(f, skb), NET_XMIT_SUCCESS);
		}
		next = inet_next_timeout_ns(f->net);
		assert_true(next >= 0);
		fx_advance(f, (u64)next);
		while ((lens[n] = left(f, &p, &times[n]))) {
			assert_int_equal(p.seq, n);
			n++;
			if (n == MANY)
				break;
		}
	}
	fx_advance(f, FX_SEC);
}

/* Over all: the rate to 1 %. In any time: no more than @burst bytes above it. */
static void assert_rate(u64 rate, u64 burst)
{
	u64 bytes = 0, span, all = 0;
	u32 i, j;

	for (i = 0; i < MANY; i++) {
		all += lens[i];
		for (j = i, bytes = 0; j < min(MANY, i + 300); j++) {
			bytes += lens[j];
			span = times[j] - times[i];
			assert_true(bytes <= burst + span * rate / FX_SEC);
		}
	}
	span = times[MANY - 1] - times[0];
	assert_true(span * rate / FX_SEC <= all);
	assert_true(span * rate / FX_SEC + burst >= all);
	assert_true(burst < all / 100);
}

static struct socket *paced_socket(struct fx *f, u64 rate)
{
	struct socket *s = inet_socket(f->net, AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_MAX_PACING_RATE,
					 &rate, sizeof(rate)), 0);
	return s;
}

/* A quantum, the first ones of a flow, and the packet that goes beyond. */
static void socket_sends_at_its_pacing_rate(void **state)
{
	struct fx *f = *state;
	struct socket *s = paced_socket(f, RATE);

	use(f, "fq");
	send_many(f, s, 1000);
	assert_rate(RATE, 15140 + 2 * 1000);
	send_many(f, s, 777);		/* it has said much already */
	assert_rate(RATE, 3028 + 2 * 777);
	inet_close(s);
	fx_run(f);
}

/* Below low_rate_threshold each packet by itself. */
static void slow_socket_sends_packet_by_packet(void **state)
{
	struct fx *f = *state;
	struct socket *s = paced_socket(f, 50000);

	use(f, "fq");
	send_many(f, s, 1000);
	assert_rate(50000, 2 * 1000);
	inet_close(s);
	fx_run(f);
}

static void maxrate_holds_for_each_flow(void **state)
{
	struct fx *f = *state;
	struct socket *s = paced_socket(f, 100 * RATE);

	use(f, "fq maxrate 10mbit initial_quantum 3028");
	send_many(f, s, 1000);
	assert_rate(RATE, 3028 + 2 * 1000);
	send_many(f, NULL, 500);
	assert_rate(RATE, 3028 + 2 * 1000);
	use(f, "fq maxrate 10mbit nopacing");
	send_many(f, s, 1000);
	assert_int_equal(times[0], times[MANY - 1]);
	inet_close(s);
	fx_run(f);
}

/* SO_TXTIME: by the stack's own clock, through the whole of UDP. */
static void datagram_says_when_it_leaves(void **state)
{
	struct sock_txtime txtime = { .clockid = CLOCK_MONOTONIC };
	union {
		struct cmsghdr align;
		u8 bytes[CMSG_SPACE(sizeof(u64))];
	} control;
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, SK_HOST, 4000);
	struct iovec iov = { .iov_base = "later", .iov_len = 5 };
	struct sockaddr_in to = sk_addr(SK_PEER, 9);
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov,
		.msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = &control.align;
	u64 when = f->now_ns + 3 * FX_MS + 17;
	static struct fx_pkt pkt;

	fx_learn(f);
	use(f, "fq");
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_TXTIME;
	c->cmsg_len = CMSG_LEN(sizeof(when));
	memcpy(CMSG_DATA(c), &when, sizeof(when));
	assert_int_equal(inet_sendmsg(s, &msg, 0), -1);	/* nobody asked */
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_TXTIME, &txtime,
					 sizeof(txtime)), 0);
	assert_int_equal(inet_sendmsg(s, &msg, 0), 5);
	fx_advance(f, 3 * FX_MS);
	fx_expect_silence(f);
	fx_advance(f, FX_MS);
	fx_expect(f, &pkt);
	assert_int_equal(pkt.time_ns, when);
	c->cmsg_len = CMSG_LEN(4);
	assert_int_equal(inet_sendmsg(s, &msg, 0), -1);
	assert_int_equal(errno, EINVAL);
	txtime.clockid = CLOCK_REALTIME;
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_TXTIME, &txtime,
					 sizeof(txtime)), -1);
	assert_int_equal(errno, EINVAL);
	inet_close(s);
	fx_run(f);
}

/* ---- limits ----------------------------------------------------------- */

static void more_than_the_limits_is_dropped_and_counted(void **state)
{
	struct inet_netdev_stats before, after;
	struct fx *f = *state;
	struct packet p;
	u32 i, n = 0;

	use(f, "fq limit 10 flow_limit 4");
	stop(f);
	inet_netdev_get_stats(f->dev, &before);
	fx_mark(f);
	for (i = 0; i < 6; i++)
		assert_int_equal(give(f, packet(f, 0, i, 60)),
				 i < 4 ? NET_XMIT_SUCCESS : NET_XMIT_DROP);
	fx_assert_dropped(f, SKB_DROP_REASON_FQ_FLOW_LIMIT, 2);
	fx_mark(f);
	for (i = 1; i < 8; i++)
		assert_int_equal(give(f, packet(f, i, 0, 60)),
				 i < 7 ? NET_XMIT_SUCCESS : NET_XMIT_DROP);
	fx_assert_dropped(f, SKB_DROP_REASON_QDISC_DROP, 1);
	assert_int_equal(shown(f, "dropped "), 3);
	assert_int_equal(shown(f, "flows_plimit "), 2);
	assert_int_equal(shown(f, "backlog "), 10);
	inet_netdev_get_stats(f->dev, &after);
	assert_int_equal(after.tx_dropped - before.tx_dropped, 3);
	go(f);
	while (left(f, &p, NULL))
		n++;
	assert_int_equal(n, 10);
}

/* A flow for which there is no memory goes with those that go first. */
static void packet_without_memory_for_a_flow_is_sent(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb;
	struct packet p;

	use(f, "fq");
	skb = packet(f, 0, 7, 60);
	mem_fail_nth(&f->net->mem, 1);
	assert_int_equal(give(f, skb), NET_XMIT_SUCCESS);
	assert_true(mem_failed(&f->net->mem));
	assert_int_equal(left(f, &p, NULL), 60);
	assert_int_equal(p.seq, 7);
	assert_int_equal(shown(f, "alloc_errors "), 1);
	assert_int_equal(shown(f, "flows "), 0);
}

/* ---- changes ---------------------------------------------------------- */

/* What waits is lost, and counted; what comes then goes on. */
static void discipline_is_changed_under_load(void **state)
{
	static const char *const specs[] = { "fq", "pfifo_fast", "fq limit 50" };
	struct inet_netdev_stats before, after;
	struct fx *f = *state;
	struct sk_buff *skb;
	struct packet p;
	u32 round, i;

	for (round = 0; round < 6; round++) {
		stop(f);
		for (i = 0; i < 20; i++)
			put(f, i % 3, i, LONG);
		skb = packet(f, 5, 0, 60);
		skb->tstamp = f->now_ns + FX_MS;
		give(f, skb);
		inet_netdev_get_stats(f->dev, &before);
		use(f, specs[round % 3]);
		inet_netdev_get_stats(f->dev, &after);
		assert_int_equal(after.tx_dropped - before.tx_dropped, 21);
		put(f, 0, 77, 60);
		go(f);
		assert_int_equal(left(f, &p, NULL), 60);
		assert_int_equal(p.seq, 77);
		fx_advance(f, 10 * FX_MS);
		assert_int_equal(left(f, &p, NULL), 0);
	}
	fx_assert_no_skbs(f);
}

/* All wait for their time: the device goes, and with it their watchdog. */
static void device_goes_while_packets_wait_for_their_time(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb;
	struct packet p;
	u32 i;

	use(f, "fq");
	for (i = 0; i < 10; i++) {
		skb = packet(f, i, 0, 60);
		skb->tstamp = f->now_ns + (10 - i) * FX_MS;
		give(f, skb);
	}
	assert_true(f->net->softnets[0].watchdog_ns == f->now_ns + FX_MS);
	assert_int_equal(inet_netdev_down(f->dev), 0);
	assert_true(f->net->softnets[0].watchdog_ns == U64_MAX);
	fx_assert_no_skbs(f);
	assert_int_equal(shown(f, "flows "), 0);
	fx_advance(f, 20 * FX_MS);
	/* a discipline chosen meanwhile begins when the device does */
	use(f, "fq quantum 4000");
	assert_int_equal(inet_netdev_up(f->dev), 0);
	fx_run(f);
	fx_flush(f);
	skb = packet(f, 0, 5, 60);
	skb->tstamp = f->now_ns + FX_MS;
	give(f, skb);
	fx_advance(f, FX_MS);
	assert_int_equal(left(f, &p, NULL), 60);
	assert_int_equal(p.seq, 5);
}

/* A device that is stopped while a packet's time comes sends it when it goes on,
 * and a packet that it refused goes first. */
static void stopped_device_sends_late(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb;
	struct packet p;
	u64 when, begin = f->now_ns;

	use(f, "fq");
	skb = packet(f, 0, 1, 60);
	skb->tstamp = begin + FX_MS;
	give(f, skb);
	stop(f);
	fx_advance(f, 5 * FX_MS);
	assert_int_equal(left(f, &p, NULL), 0);
	go(f);
	assert_int_equal(left(f, &p, &when), 60);
	assert_int_equal(when, begin + 5 * FX_MS);
}

/* ---- words ------------------------------------------------------------ */

static void spec_is_read_and_written(void **state)
{
	static const char *const bad[] = {
		"", "fifo", "fq limit", "fq limit 0", "fq limit -1",
		"fq limit 10x", "fq quantum 0", "fq maxrate 1", "fq horizon 2h",
		"fq maxrate 99999999999gbit", "fq horizon 3601s", "fq nolimit 5",
		"fq buckets 12", "pfifo_fast limit 3", "fq limit 5 limit",
		"fq nonsensethatislongerthananywordis 5",
	};
	struct fx *f = *state;
	char text[256], again[256];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(inet_netdev_set_qdisc(f->dev, bad[i]), -1);
		assert_int_equal(errno, EINVAL);
	}
	inet_netdev_get_qdisc(f->dev, text, sizeof(text));
	assert_string_equal(text, "pfifo_fast");
	use(f, " fq  limit 77 maxrate 3mbit horizon 5s nopacing nohorizon_drop "
	    "flow_limit 5p quantum 2000b initial_quantum 9000 "
	    "low_rate_threshold 80kbit ");
	inet_netdev_get_qdisc(f->dev, text, sizeof(text));
	assert_string_equal(text, "fq limit 77p flow_limit 5p quantum 2000b "
			    "initial_quantum 9000b maxrate 3000000bit "
			    "low_rate_threshold 80000bit horizon 5000000us "
			    "nohorizon_drop nopacing");
	use(f, text);
	inet_netdev_get_qdisc(f->dev, again, sizeof(again));
	assert_string_equal(text, again);
	use(f, "fq");
	inet_netdev_get_qdisc(f->dev, text, sizeof(text));
	assert_string_equal(text, "fq limit 10000p flow_limit 100p "
			    "quantum 3028b initial_quantum 15140b maxrate max "
			    "low_rate_threshold 550000bit horizon 10000000us "
			    "horizon_drop pacing");
	assert_int_equal(inet_netdev_get_qdisc(f->dev, text, 10), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(inet_netdev_set_qdisc(f->net->loopback_dev, "fq"), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(inet_netdev_get_qdisc(f->net->loopback_dev, text,
					       sizeof(text)), -1);
	assert_int_equal(inet_netdev_set_qdisc(NULL, "fq"), -1);
	assert_int_equal(inet_qdisc_show(f->net, NULL), -1);
	/* without memory nothing has changed */
	for (i = 1; i <= 2; i++) {
		mem_fail_nth(&f->net->mem, i);
		assert_int_equal(inet_netdev_set_qdisc(f->dev, "fq limit 3"),
				 -1);
		assert_int_equal(errno, ENOMEM);
	}
	inet_netdev_get_qdisc(f->dev, again, sizeof(again));
	assert_non_null(strstr(again, "limit 10000p"));
}

static void default_qdisc_is_that_of_devices_to_come(void **state)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 7 };
	struct fx *f = *state;
	struct net_device *dev;
	char text[256];

	assert_int_equal(inet_sysctl_set(f->net, "net.core.default_qdisc",
					 "fq limit 5"), -1);
	assert_int_equal(inet_sysctl_set(f->net, "net.core.default_qdisc",
					 "sfq"), -1);
	fx_sysctl(f, "net.core.default_qdisc", "fq");
	assert_int_equal(inet_sysctl_get(f->net, "net.core.default_qdisc", text,
					 sizeof(text)), 0);
	assert_string_equal(text, "fq");
	dev = fx_add_dev(f, "other0", mac, NULL);
	inet_netdev_get_qdisc(dev, text, sizeof(text));
	assert_int_equal(strncmp(text, "fq ", 3), 0);
	inet_netdev_get_qdisc(f->dev, text, sizeof(text));
	assert_string_equal(text, "pfifo_fast");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(flows_take_turns_by_the_quantum),
		CASE(new_flow_goes_first),
		CASE(flow_that_comes_back_is_not_new),
		CASE(control_goes_before_all),
		CASE(idle_flows_are_forgotten),
		CASE(packet_leaves_when_its_time_has_come),
		CASE(packets_of_one_time_keep_their_order),
		CASE(packet_that_waits_is_not_announced),
		CASE(times_beyond_the_horizon_are_dropped_or_cut),
		CASE(socket_sends_at_its_pacing_rate),
		CASE(slow_socket_sends_packet_by_packet),
		CASE(maxrate_holds_for_each_flow),
		CASE(datagram_says_when_it_leaves),
		CASE(more_than_the_limits_is_dropped_and_counted),
		CASE(packet_without_memory_for_a_flow_is_sent),
		CASE(discipline_is_changed_under_load),
		CASE(device_goes_while_packets_wait_for_their_time),
		CASE(stopped_device_sends_late),
		CASE(spec_is_read_and_written),
		CASE(default_qdisc_is_that_of_devices_to_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
