/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Byte queue limits: the limit that a device finds, what the sender sees of it,
 * and the knobs.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "core/dev.h"
#include "core/dynamic_queue_limits.h"
#include "fixture.h"

#define PACKET 1000u
#define MS 1000000ull

/* ---- the limit -------------------------------------------------------- */

/* A device that sends @per_turn bytes between two looks, and a sender with as
 * much as it takes. */
struct link {
	struct dql dql;
	u64 now_ns;
	u32 per_turn;
	u32 idle;		/* bytes that it could have sent, too */
	u32 most;		/* bytes held */
};

static void fill(struct link *l)
{
	while (dql_avail(&l->dql) >= 0)
		dql_queued(&l->dql, PACKET);
	l->most = max(l->most, dql_inflight(&l->dql));
}

/* @turns times it is filled, sends and is looked after. */
static void turns(struct link *l, u32 turns)
{
	u32 held, sent;

	l->idle = l->most = 0;
	while (turns--) {
		fill(l);
		held = dql_inflight(&l->dql);
		sent = min(held, l->per_turn);
		l->idle += l->per_turn - sent;
		l->now_ns += MS;
		dql_completed(&l->dql, sent, l->now_ns);
	}
}

static void device_that_runs_dry_gets_more(void **state)
{
	struct link l = { .per_turn = 10 * PACKET };

	(void)state;
	dql_init(&l.dql);
	fill(&l);
	assert_int_equal(dql_inflight(&l.dql), PACKET);	/* a limit of 0 */
	turns(&l, 20);
	assert_true(l.dql.limit >= 9 * PACKET);
	turns(&l, 100);
	assert_int_equal(l.idle, 0);
	assert_true(l.most <= 25 * PACKET);
}

/* What was good for a fast link is taken from it when it is slow, and it is busy
 * all the same. */
static void device_that_is_slow_gets_less(void **state)
{
	struct link l = { .per_turn = 100 * PACKET };

	(void)state;
	dql_init(&l.dql);
	turns(&l, 50);
	assert_true(l.dql.limit >= 99 * PACKET);
	l.per_turn = PACKET;
	turns(&l, 900);			/* the slack has not been held a second */
	assert_true(l.dql.limit >= 99 * PACKET);
	turns(&l, 5000);
	assert_true(l.dql.limit <= 6 * PACKET);
	assert_int_equal(l.idle, 0);
	turns(&l, 5000);
	assert_int_equal(l.idle, 0);
	assert_true(l.most <= 6 * PACKET);
}

/* A sender that has little to say shows nothing about the device. */
static void idle_sender_changes_nothing(void **state)
{
	struct link l = { .per_turn = 10 * PACKET };
	u32 limit, i;

	(void)state;
	dql_init(&l.dql);
	turns(&l, 100);
	dql_completed(&l.dql, dql_inflight(&l.dql), l.now_ns);
	fill(&l);
	dql_completed(&l.dql, dql_inflight(&l.dql), l.now_ns);
	limit = l.dql.limit;
	for (i = 0; i < 5000; i++) {
		dql_queued(&l.dql, PACKET);
		l.now_ns += MS;
		dql_completed(&l.dql, PACKET, l.now_ns);
	}
	assert_int_equal(l.dql.limit, limit);
}

static void limits_of_the_limit_are_kept(void **state)
{
	struct link l = { .per_turn = 100 * PACKET };

	(void)state;
	dql_init(&l.dql);
	l.dql.max_limit = 5 * PACKET;
	turns(&l, 100);
	assert_int_equal(l.dql.limit, 5 * PACKET);
	assert_int_equal(l.most, 6 * PACKET);
	l.dql.max_limit = DQL_MAX_LIMIT;
	l.dql.min_limit = 50 * PACKET;
	l.per_turn = PACKET;
	turns(&l, 10000);
	assert_int_equal(l.dql.limit, 50 * PACKET);
}

/* The counts go round after 4 GiB. */
static void counts_wrap(void **state)
{
	struct link l = { .per_turn = 1 << 20 };

	(void)state;
	dql_init(&l.dql);
	turns(&l, 100);
	l.idle = 0;
	turns(&l, 3 * 4096);
	assert_int_equal(l.idle, 0);
	assert_true(l.dql.limit < 4u << 20);
}

/* ---- the queue of a device -------------------------------------------- */

static void queue_that_has_enough_is_stopped_and_goes_on(void **state)
{
	struct fx *f = *state;
	struct netdev_queue *txq = &f->dev->tx[0];

	assert_true(netdev_tx_sent_queue(f->dev, 0, 500));
	assert_true(netif_xmit_stopped(txq));
	/* told at once, although more was to follow */
	txq->more = true;
	assert_true(netdev_tx_sent_queue(f->dev, 0, 500));
	netdev_tx_completed_queue(f->dev, 0, 1000);
	assert_false(netif_xmit_stopped(txq));
	assert_true(txq->qdisc->scheduled);
	assert_false(netdev_tx_sent_queue(f->dev, 0, 500));
	txq->more = false;
	assert_true(netdev_tx_sent_queue(f->dev, 0, 500));
	/* the driver's own reason is another one */
	assert_true(netdev_tx_sent_queue(f->dev, 0, 500));
	assert_true(netif_xmit_stopped(txq));
	netif_tx_wake_queue(f->dev, 0);
	assert_true(netif_xmit_stopped(txq));
	netif_tx_stop_queue(f->dev, 0);
	netdev_tx_completed_queue(f->dev, 0, 1500);
	assert_true(netif_xmit_stopped(txq));
	netif_tx_wake_queue(f->dev, 0);
	assert_false(netif_xmit_stopped(txq));
	netdev_tx_sent_queue(f->dev, 0, 5000);
	netdev_tx_reset_queue(f->dev, 0);
	assert_false(netif_xmit_stopped(txq));
	assert_int_equal(dql_inflight(&txq->dql), 0);
}

static void knobs_are_read_and_written(void **state)
{
#define BQL "tx-0/byte_queue_limits/"
	static const struct {
		const char *knob, *value;
		int err;
	} bad[] = {
		{ BQL "limit_max", "-1", EINVAL },
		{ BQL "limit_max", "4294967296", EINVAL },
		{ BQL "limit_max", "", EINVAL },
		{ BQL "limit_min", "12x", EINVAL },
		{ BQL "hold_time", "1000001", EINVAL },
		{ BQL "limit", "5", EINVAL },
		{ BQL "nothing", "5", ENOENT },
		{ "tx-1/byte_queue_limits/limit_max", "5", ENOENT },
		{ "rx-0/byte_queue_limits/limit_max", "5", ENOENT },
		{ "tx-/byte_queue_limits/limit_max", "5", ENOENT },
		{ "tx-99999999999/byte_queue_limits/limit_max", "5", ENOENT },
		{ "tx-0", "5", ENOENT },
		{ "", "5", ENOENT },
	};
	struct fx *f = *state;
	char text[20];

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(inet_netdev_set_queue(f->dev, bad[i].knob,
						       bad[i].value), -1);
		assert_int_equal(errno, bad[i].err);
	}
	inet_netdev_set_queue(f->dev, BQL "limit_max", "3000");
	inet_netdev_set_queue(f->dev, BQL "limit_min", "2000");
	inet_netdev_set_queue(f->dev, BQL "hold_time", "20");
	inet_netdev_get_queue(f->dev, BQL "limit_max", text, sizeof(text));
	assert_string_equal(text, "3000");
	inet_netdev_get_queue(f->dev, BQL "limit_min", text, sizeof(text));
	assert_string_equal(text, "2000");
	inet_netdev_get_queue(f->dev, BQL "hold_time", text, sizeof(text));
	assert_string_equal(text, "20");
	netdev_tx_reset_queue(f->dev, 0);
	netdev_tx_sent_queue(f->dev, 0, 700);
	inet_netdev_get_queue(f->dev, BQL "inflight", text, sizeof(text));
	assert_string_equal(text, "700");
	inet_netdev_get_queue(f->dev, BQL "limit", text, sizeof(text));
	assert_string_equal(text, "2000");
	assert_int_equal(inet_netdev_get_queue(f->dev, BQL "limit", text, 4),
			 -1);
	assert_int_equal(errno, ERANGE);
	netdev_tx_completed_queue(f->dev, 0, 700);
	assert_int_equal(inet_netdev_set_queue(NULL, BQL "limit_max", "1"), -1);
	assert_int_equal(inet_netdev_get_queue(f->dev, NULL, text, 4), -1);
}

#define CASE(name) cmocka_unit_test(name)
#define FX_CASE(name) \
	cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(device_that_runs_dry_gets_more),
		CASE(device_that_is_slow_gets_less),
		CASE(idle_sender_changes_nothing),
		CASE(limits_of_the_limit_are_kept),
		CASE(counts_wrap),
		FX_CASE(queue_that_has_enough_is_stopped_and_goes_on),
		FX_CASE(knobs_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
