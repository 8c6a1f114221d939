/* SPDX-License-Identifier: BSD-2-Clause */
/* A queue discipline while its device goes down and up. */
#include "unit.h"

#include "core/dev.h"
#include "core/sch_generic.h"
#include "fixture.h"

/* The driver has room again: it wakes its queue. */
static void wake(struct net_device *dev)
{
	netif_tx_stop_queue(dev, 0);
	netif_tx_wake_queue(dev, 0);
}

/* A driver is stopped last, and may go with its device: the softnet must not
 * have either on its list. */
static void queue_of_a_device_that_is_down_is_not_scheduled(void **state)
{
	struct net_device *dev;
	struct fx f;

	(void)state;
	fx_open(&f);
	dev = f.devs[0]->dev;
	dev_close(dev);
	wake(dev);
	assert_false(dev->tx[0].qdisc->scheduled);
	assert_null(f.net->softnets[0].output_queue);
	assert_null(f.net->softnets[0].remote_output);
	fx_close(&f);
}

static void queue_of_a_device_that_is_up_again_is_run(void **state)
{
	struct net_device *dev;
	struct fx f;

	(void)state;
	fx_open(&f);
	dev = f.devs[0]->dev;
	dev_close(dev);
	assert_int_equal(dev_open(dev), 0);
	wake(dev);
	assert_true(dev->tx[0].qdisc->scheduled);
	fx_run(&f);
	assert_false(dev->tx[0].qdisc->scheduled);
	fx_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(queue_of_a_device_that_is_down_is_not_scheduled),
		cmocka_unit_test(queue_of_a_device_that_is_up_again_is_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
