/* SPDX-License-Identifier: BSD-2-Clause */
/* How often an igb card may interrupt. */
#include "unit.h"

#include <inet/control.h>

#include "core/skbuff.h"
#include "igb_lab.h"

/* From each class, the thresholds from both sides. */
static void class_of_traffic_follows_what_passes(void **state __maybe_unused)
{
	static const struct {
		enum igb_latency now;
		u32 packets, bytes;
		enum igb_latency next;
	} rows[] = {
		{ IGB_LOWEST_LATENCY, 1, 64, IGB_LOWEST_LATENCY },
		{ IGB_LOWEST_LATENCY, 4, 512, IGB_LOWEST_LATENCY },
		{ IGB_LOWEST_LATENCY, 4, 513, IGB_LOW_LATENCY },
		{ IGB_LOWEST_LATENCY, 5, 7000, IGB_LOWEST_LATENCY },
		{ IGB_LOWEST_LATENCY, 1, 8001, IGB_BULK_LATENCY },
		{ IGB_LOW_LATENCY, 2, 511, IGB_LOWEST_LATENCY },
		{ IGB_LOW_LATENCY, 2, 512, IGB_LOW_LATENCY },
		{ IGB_LOW_LATENCY, 3, 300, IGB_LOW_LATENCY },
		{ IGB_LOW_LATENCY, 12, 10000, IGB_LOW_LATENCY },
		{ IGB_LOW_LATENCY, 9, 10001, IGB_BULK_LATENCY },
		{ IGB_LOW_LATENCY, 10, 12010, IGB_BULK_LATENCY },
		{ IGB_LOW_LATENCY, 10, 12000, IGB_LOW_LATENCY },
		{ IGB_LOW_LATENCY, 36, 10800, IGB_LOWEST_LATENCY },
		{ IGB_BULK_LATENCY, 36, 25200, IGB_LOW_LATENCY },
		{ IGB_BULK_LATENCY, 36, 54000, IGB_BULK_LATENCY },
		{ IGB_BULK_LATENCY, 10, 15140, IGB_BULK_LATENCY },
		{ IGB_BULK_LATENCY, 1, 1499, IGB_LOW_LATENCY },
	};

	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		if (igb_next_latency(rows[i].now, rows[i].packets,
				     rows[i].bytes) != rows[i].next)
			fail_msg("row %u", i);
	assert_int_equal(igb_itr_us(IGB_LOWEST_LATENCY), 14);
	assert_int_equal(igb_itr_us(IGB_LOW_LATENCY), 49);
	assert_int_equal(igb_itr_us(IGB_BULK_LATENCY), 245);
}

/* Of the queue that has the traffic, and of no other; what runs is not cut short. */
static void adaptive_moderation_is_told_to_the_card(void **state)
{
	const u32 as_is = E1000_EITR_CNT_IGNR;
	struct igb_lab *l = *state;

	l->config.nr_queues = 2;
	l->config.itr_us = IGB_ITR_ADAPTIVE;
	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_EITR(1)), 49 << 2);
	assert_int_equal(igb_lab_reg(l, E1000_EITR(2)), 49 << 2);
	igb_lab_inject(l, 100, 1);
	igb_lab_run(l);
	assert_int_equal(igb_lab_reg(l, E1000_EITR(1)), (14 << 2) | as_is);
	igb_lab_inject(l, 1000, 1);
	igb_lab_run(l);
	assert_int_equal(igb_lab_reg(l, E1000_EITR(1)), (49 << 2) | as_is);
	for (u32 i = 0; i < 8; i++)
		igb_lab_inject(l, 1500, i);
	igb_lab_run(l);
	assert_int_equal(igb_lab_reg(l, E1000_EITR(1)), (245 << 2) | as_is);
	assert_int_equal(igb_lab_reg(l, E1000_EITR(2)), 49 << 2);
}

/* What leaves in bulk counts as what comes. */
static void sent_bytes_moderate_too(void **state)
{
	struct igb_lab *l = *state;

	l->config.itr_us = IGB_ITR_ADAPTIVE;
	igb_lab_open(l);
	inet_netdev_set_queue(l->dev, "tx-0/byte_queue_limits/limit_min",
			      "1000000");
	igb_lab_assert_works(l);
	l->m->hold = true;
	for (u32 n = 4; n < 10; n += 5) {
		for (u32 i = 0; i < n; i++)
			assert_int_equal(igb_lab_send(l, 1500, i),
					 NET_XMIT_SUCCESS);
		igb_model_complete(l->m);
		igb_lab_run(l);
	}
	assert_int_equal(igb_lab_reg(l, E1000_EITR(1)),
			 (245 << 2) | E1000_EITR_CNT_IGNR);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, igb_lab_setup, \
						igb_lab_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(class_of_traffic_follows_what_passes),
		CASE(adaptive_moderation_is_told_to_the_card),
		CASE(sent_bytes_moderate_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
