/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fq in a threaded stack: several threads send, softnets release what has waited,
 * and the discipline and the device change meanwhile.
 */
#include "unit.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <inet/control.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/skbuff.h"

#define SENDERS 3u
#define PACKETS 4000u
#define QUEUES 2u

struct rig {
	struct net *net;
	struct net_device *dev;
	u32 last[SENDERS];	/* number of the last packet of each sender */
	u32 early, overtaken;	/* atomic */
	u32 sent;		/* atomic */
	bool any_queue;		/* a flow has several: nothing is in order */
};

/* Each flow has one queue, so one thread at a time is here with it. */
static enum netdev_tx rig_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct rig *r = *(struct rig **)dev->priv;
	u32 *last = &r->last[skb->mark];
	u32 seq;

	__atomic_fetch_add(&r->sent, 1, __ATOMIC_RELAXED);
	if (r->any_queue) {
		consume_skb(skb);
		return NETDEV_TX_OK;
	}
	memcpy(&seq, skb->data + ETH_HLEN, sizeof(seq));
	if (skb->tstamp && skb->tstamp > net_clock(r->net))
		__atomic_fetch_add(&r->early, 1, __ATOMIC_RELAXED);
	if (seq <= *last)
		__atomic_fetch_add(&r->overtaken, 1, __ATOMIC_RELAXED);
	*last = seq;
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops ops = { .ndo_start_xmit = rig_xmit };

static int rig_open(void **state)
{
	struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_THREADED, .nr_threads = 2,
		.nr_frames = 4096,
	};
	static struct rig r;

	memset(&r, 0, sizeof(r));
	r.net = inet_create(&cfg);
	assert_non_null(r.net);
	assert_int_equal(inet_sysctl_set(r.net, "net.core.default_qdisc", "fq"),
			 0);
	r.dev = alloc_netdev(r.net, sizeof(struct rig *), "fq0", ether_setup);
	assert_non_null(r.dev);
	*(struct rig **)r.dev->priv = &r;
	r.dev->netdev_ops = &ops;
	r.dev->num_tx_queues = QUEUES;
	assert_int_equal(register_netdevice(r.dev), 0);
	assert_int_equal(dev_open(r.dev), 0);
	assert_int_equal(inet_start(r.net), 0);
	*state = &r;
	return 0;
}

static int rig_close(void **state)
{
	struct rig *r = *state;

	inet_destroy(r->net);
	return 0;
}

/* ---- senders ---------------------------------------------------------- */

struct sender {
	struct rig *r;
	u32 id;
	pthread_t thread;
};

/* Each packet some microseconds behind the one before, or at once. */
static void *send_all(void *arg)
{
	struct sender *s = arg;
	struct net *net = s->r->net;
	u64 when = 0;
	u32 seq;

	for (seq = 1; seq <= PACKETS; seq++) {
		struct sk_buff *skb = alloc_skb(net, 100);

		if (!skb)
			continue;
		memset(skb_put(skb, 100), 0, 100);
		memcpy(skb->data + ETH_HLEN, &seq, sizeof(seq));
		skb->dev = s->r->dev;
		skb->hash = 1 + s->id;
		skb->mark = s->id;
		when = max(when, net_clock(net)) + 20000;
		if (s->id)
			skb->tstamp = when;
		dev_queue_xmit(skb);
		if (seq % 64 == 0)
			usleep(500);
	}
	return NULL;
}

static void senders_begin(struct rig *r, struct sender *s)
{
	for (u32 i = 0; i < SENDERS; i++) {
		s[i] = (struct sender){ .r = r, .id = i };
		pthread_create(&s[i].thread, NULL, send_all, &s[i]);
	}
}

static void senders_end(struct sender *s)
{
	for (u32 i = 0; i < SENDERS; i++)
		pthread_join(s[i].thread, NULL);
}

/* ---- cases ------------------------------------------------------------ */

static void nothing_is_early_and_nothing_overtaken(void **state)
{
	struct inet_netdev_stats stats;
	struct sender s[SENDERS];
	struct rig *r = *state;
	u32 ms;

	senders_begin(r, s);
	senders_end(s);
	for (ms = 0; ms < 10000; ms++) {
		inet_netdev_get_stats(r->dev, &stats);
		if (stats.tx_packets + stats.tx_dropped == SENDERS * PACKETS)
			break;
		usleep(1000);
	}
	assert_true(ms < 10000);
	assert_int_equal(__atomic_load_n(&r->early, __ATOMIC_RELAXED), 0);
	assert_int_equal(__atomic_load_n(&r->overtaken, __ATOMIC_RELAXED), 0);
	assert_true(stats.tx_packets > PACKETS);
}

static void changed_under_load_it_goes_on_in_order(void **state)
{
	static const char *const specs[] = { "pfifo_fast", "fq", "fq nopacing",
					     "fq maxrate 1gbit" };
	struct sender s[SENDERS];
	struct rig *r = *state;
	char text[1000];
	u32 before, ms;

	senders_begin(r, s);
	for (u32 i = 0; i < 60; i++) {
		assert_int_equal(inet_netdev_set_qdisc(r->dev, specs[i % 4]),
				 0);
		assert_int_equal(inet_netdev_get_qdisc(r->dev, text,
						       sizeof(text)), 0);
		if (i % 10 == 9) {
			assert_int_equal(inet_netdev_down(r->dev), 0);
			assert_int_equal(inet_netdev_up(r->dev), 0);
		}
		usleep(500);
	}
	senders_end(s);
	assert_int_equal(__atomic_load_n(&r->overtaken, __ATOMIC_RELAXED), 0);
	/* what waits is lost, nobody is in the driver; and it works as before */
	assert_int_equal(inet_netdev_set_qdisc(r->dev, "fq"), 0);
	before = __atomic_load_n(&r->sent, __ATOMIC_RELAXED);
	memset(r->last, 0, sizeof(r->last));
	senders_begin(r, s);
	senders_end(s);
	for (ms = 0; ms < 10000 && __atomic_load_n(&r->sent, __ATOMIC_RELAXED) <
					   before + PACKETS / 2; ms++)
		usleep(1000);
	assert_true(ms < 10000);
}

/* Each thread by the queue of its softnet, which changes all the time. */
static void steered_senders_lose_nothing(void **state)
{
	static const char *const masks[] = { "1", "2", "3", "0" };
	struct inet_netdev_stats stats;
	struct sender s[SENDERS];
	struct rig *r = *state;
	u32 i, ms;

	r->any_queue = true;
	assert_int_equal(inet_netdev_set_qdisc(r->dev, "fq flow_limit 60000"),
			 0);
	senders_begin(r, s);
	for (i = 0; i < 200; i++) {
		inet_netdev_set_queue(r->dev, "tx-0/xps_cpus", masks[i % 4]);
		inet_netdev_set_queue(r->dev, "tx-1/xps_cpus", masks[i % 3]);
		usleep(100);
	}
	senders_end(s);
	for (ms = 0; ms < 10000 && __atomic_load_n(&r->sent, __ATOMIC_RELAXED) <
					   SENDERS * PACKETS; ms++)
		usleep(1000);
	inet_netdev_get_stats(r->dev, &stats);
	assert_int_equal(stats.tx_packets, SENDERS * PACKETS);
}

#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(nothing_is_early_and_nothing_overtaken),
		CASE(changed_under_load_it_goes_on_in_order),
		CASE(steered_senders_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
