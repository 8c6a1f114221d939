/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the TAP's descriptor may answer and the kernel of this day does not: the
 * errors of read() and write(). The calls are this program's, which counts
 * them. In a network namespace of its own; skipped where that is not allowed.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <inet/control.h>
#include <inet/netdev.h>

#include "core/net.h"
#include "dut.h"
#include "tap.h"

#define MS 1000000ll

static bool have_namespace;

/* Answers for one descriptor: an errno, 0: the truth; and calls counted. */
static struct {
	int fd;
	int read_err, write_err;
	u32 reads, writes;
	u32 lists;	/* of these, by readv() and writev() */
} plan = { .fd = -1 };

/* A call on @fd, counted in *@calls when it is the one. True: it fails with @err,
 * in errno. */
static bool planned(int fd, u32 *calls, int err)
{
	if (fd != plan.fd)
		return false;
	++*calls;
	if (err)
		errno = err;
	return err;
}

ssize_t read(int fd, void *buf, size_t len)
{
	return planned(fd, &plan.reads, plan.read_err) ?
		-1 : syscall(SYS_read, fd, buf, len);
}

ssize_t readv(int fd, const struct iovec *iov, int nr)
{
	plan.lists += fd == plan.fd;
	return planned(fd, &plan.reads, plan.read_err) ?
		-1 : syscall(SYS_readv, fd, iov, nr);
}

ssize_t write(int fd, const void *buf, size_t len)
{
	return planned(fd, &plan.writes, plan.write_err) ?
		-1 : syscall(SYS_write, fd, buf, len);
}

ssize_t writev(int fd, const struct iovec *iov, int nr)
{
	plan.lists += fd == plan.fd;
	return planned(fd, &plan.writes, plan.write_err) ?
		-1 : syscall(SYS_writev, fd, iov, nr);
}

static int setup(void **state)
{
	struct dut *d = have_namespace ? malloc(sizeof(*d)) : NULL;

	*state = NULL;
	if (!d)
		return 0;
	if (!dut_create(d, &dut_tap)) {
		free(d);
		return 0;
	}
	memset(&plan, 0, sizeof(plan));
	plan.fd = tap_priv(d->dev)->queue[0].fd;
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	plan.fd = -1;
	if (*state) {
		dut_destroy(*state);
		free(*state);
	}
	return 0;
}

static struct dut *dut_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}

static struct inet_netdev_stats stats_of(struct dut *d)
{
	struct inet_netdev_stats s;

	inet_netdev_get_stats(d->dev, &s);
	return s;
}

static void run_for_ms(struct dut *d, u32 ms)
{
	u64 end = net_clock(d->net) + ms * (u64)MS;

	while (net_clock(d->net) < end)
		assert_true(inet_run(d->net, MS) >= 0);
}

static void inject(struct dut *d, u32 seq)
{
	u8 frame[100];

	dut_frame(frame, sizeof(frame), seq);
	d->ops->inject(d, frame, sizeof(frame));
}

static int xmit(struct dut *d, u32 seq)
{
	u8 frame[100];

	dut_frame(frame, sizeof(frame), seq);
	return dut_send(d, frame, sizeof(frame));
}

static void assert_arrived(struct dut_frames *f, u32 i, u32 seq)
{
	assert_true(dut_frame_is(&f->frame[i], 100, seq));
}

/* A frame in one piece needs no list of its pieces: the kernel would read that. */
static void whole_frame_is_read_and_written_without_a_list(void **state)
{
	struct dut *d = dut_of(state);

	plan.reads = plan.writes = 0;
	for (u32 i = 0; i < 10; i++) {
		inject(d, i);
		xmit(d, i);
		run_for_ms(d, 1);
	}
	assert_int_equal(d->rx.nr, 10);
	assert_true(plan.reads >= 10);
	assert_int_equal(plan.writes, 10);
	assert_int_equal(plan.lists, 0);
}

/* ---- reading ---------------------------------------------------------- */

static void read_fails_for_good_descriptor_leaves_the_wait(void **state)
{
	static const int errs[] = { EBADFD, EFAULT, ENXIO };
	struct dut *d = dut_of(state);

	for (u32 i = 0; i < ARRAY_SIZE(errs); i++) {
		u64 before = stats_of(d).rx_errors;

		plan.reads = 0;
		plan.read_err = errs[i];
		for (u32 k = 0; k < 100; k++) {
			inject(d, k);
			run_for_ms(d, 1);
		}
		assert_int_equal(plan.reads, 1);
		assert_int_equal(stats_of(d).rx_errors - before, 1);
		assert_int_equal(inet_netdev_get_carrier(d->dev), 0);
		assert_true(dut_is_quiet(d->net));
		plan.writes = 0;
		assert_int_equal(xmit(d, 1), NET_XMIT_CN);
		assert_int_equal(plan.writes, 0);
		teardown(state);
		setup(state);
		d = dut_of(state);
	}
}

/* 100 frames in 100 ms: at most one read each and those of the timer. */
static void read_fails_for_a_while_frames_wait_and_arrive(void **state)
{
	static const int errs[] = { EIO, EINVAL, ENOBUFS, ENODEV, ENOMEM };
	struct dut *d = dut_of(state);

	for (u32 i = 0; i < ARRAY_SIZE(errs); i++) {
		u64 before = stats_of(d).rx_errors;

		plan.reads = 0;
		plan.read_err = errs[i];
		for (u32 k = 0; k < 100; k++) {
			inject(d, k);
			run_for_ms(d, 1);
		}
		assert_in_range(plan.reads, 1, 110);
		assert_int_equal(stats_of(d).rx_errors - before, plan.reads);
		plan.reads = 0;
		run_for_ms(d, 500);
		assert_in_range(plan.reads, 1, 8);	/* ten a second */
		assert_int_equal(d->rx.nr, 0);
		assert_int_equal(inet_netdev_get_carrier(d->dev), 1);
		plan.read_err = 0;
		assert_int_equal(dut_wait(d, &d->rx, 100), 100);
		for (u32 k = 0; k < 100; k++)
			assert_arrived(&d->rx, k, k);
		dut_settle(d);
		assert_true(dut_is_quiet(d->net));
		dut_frames_clear(&d->rx);
	}
}

/* A signal's EINTR is no error, and no end of the frames. */
static void read_interrupted_goes_on_within_its_budget(void **state)
{
	struct dut *d = dut_of(state);
	struct napi_struct *napi = d->dev->napi_list;

	assert_true(napi_schedule_prep(napi));	/* ours: no interrupt polls */
	plan.reads = 0;
	plan.read_err = EINTR;
	assert_int_equal(napi->poll(napi, 20), 20);
	assert_int_equal(plan.reads, 20);
	plan.read_err = 0;
	inject(d, 1);
	assert_int_equal(napi->poll(napi, 64), 1);
	assert_int_equal(stats_of(d).rx_errors, 0);
	assert_arrived(&d->rx, 0, 1);
}

/* ---- writing ---------------------------------------------------------- */

static void write_fails_for_good_nothing_is_written_any_more(void **state)
{
	static const int errs[] = { EBADFD, EFAULT, ENXIO };
	struct dut *d = dut_of(state);

	for (u32 i = 0; i < ARRAY_SIZE(errs); i++) {
		plan.write_err = errs[i];
		for (u32 k = 0; k < 100; k++)
			xmit(d, k);
		run_for_ms(d, 150);
		assert_int_equal(plan.writes, 1);
		assert_int_equal(stats_of(d).tx_errors, 1);
		assert_int_equal(stats_of(d).tx_dropped, 99);
		assert_int_equal(inet_netdev_get_carrier(d->dev), 0);
		assert_true(dut_is_quiet(d->net));
		teardown(state);
		setup(state);
		d = dut_of(state);
	}
}

/* One frame each is lost; no other is. */
static void write_fails_once_the_frame_is_counted_and_the_next_goes(
	void **state)
{
	static const int errs[] = { EINVAL, ENOBUFS, ENOMEM, ENODEV, EMSGSIZE };
	struct dut *d = dut_of(state);

	for (u32 i = 0; i < ARRAY_SIZE(errs); i++) {
		plan.write_err = errs[i];
		assert_int_equal(xmit(d, 1000), 0);
		plan.write_err = 0;
		assert_int_equal(xmit(d, i), 0);
		assert_int_equal(dut_wait(d, &d->far_rx, i + 1), i + 1);
		assert_arrived(&d->far_rx, i, i);
		assert_int_equal(stats_of(d).tx_errors, i + 1);
		assert_int_equal(dut_drops(d, "XMIT_ERROR"), i + 1);
		assert_int_equal(inet_netdev_get_carrier(d->dev), 1);
	}
	assert_true(dut_is_quiet(d->net));
}

/* EIO says that the interface is down. It is not: the next question finds out. */
static void write_says_down_carrier_goes_until_the_kernel_is_asked(void **state)
{
	struct dut *d = dut_of(state);

	plan.write_err = EIO;
	for (u32 i = 0; i < 50; i++)
		xmit(d, i);
	assert_int_equal(plan.writes, 1);
	assert_int_equal(inet_netdev_get_carrier(d->dev), 0);
	plan.write_err = 0;
	for (u32 i = 0; i < 1000 && !inet_netdev_get_carrier(d->dev); i++)
		run_for_ms(d, 1);
	assert_int_equal(inet_netdev_get_carrier(d->dev), 1);
	dut_settle(d);
	assert_true(dut_is_quiet(d->net));
	xmit(d, 7);
	assert_int_equal(dut_wait(d, &d->far_rx, 1), 1);
	assert_arrived(&d->far_rx, 0, 7);
}

/* One try a millisecond; a smaller MTU meanwhile does not concern what waits. */
static void full_kernel_is_tried_again_and_nothing_is_lost(void **state)
{
	struct dut *d = dut_of(state);

	plan.write_err = EAGAIN;
	for (u32 i = 0; i < 300; i++)
		assert_int_equal(xmit(d, i), 0);
	run_for_ms(d, 100);
	assert_in_range(plan.writes, 10, 120);
	assert_int_equal(inet_netdev_set_mtu(d->dev, 68), 0);
	run_for_ms(d, 10);
	plan.write_err = 0;
	assert_int_equal(dut_wait(d, &d->far_rx, 300), 300);
	for (u32 i = 0; i < 300; i++)
		assert_arrived(&d->far_rx, i, i);
	assert_int_equal(stats_of(d).tx_errors + stats_of(d).tx_dropped, 0);
	assert_true(dut_is_quiet(d->net));
}

/* What waited for room is dropped at once when the interface is gone. */
static void full_kernel_then_dead_drops_what_waits(void **state)
{
	struct dut *d = dut_of(state);

	plan.write_err = EAGAIN;
	for (u32 i = 0; i < 300; i++)
		xmit(d, i);
	plan.writes = 0;
	plan.write_err = EBADFD;
	run_for_ms(d, 50);
	assert_int_equal(plan.writes, 1);
	assert_int_equal(stats_of(d).tx_errors, 300);
	assert_true(dut_is_quiet(d->net));
}

#define ERROR_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ERROR_TEST(whole_frame_is_read_and_written_without_a_list),
		ERROR_TEST(read_fails_for_good_descriptor_leaves_the_wait),
		ERROR_TEST(read_fails_for_a_while_frames_wait_and_arrive),
		ERROR_TEST(read_interrupted_goes_on_within_its_budget),
		ERROR_TEST(write_fails_for_good_nothing_is_written_any_more),
		ERROR_TEST(
			write_fails_once_the_frame_is_counted_and_the_next_goes),
		ERROR_TEST(
			write_says_down_carrier_goes_until_the_kernel_is_asked),
		ERROR_TEST(full_kernel_is_tried_again_and_nothing_is_lost),
		ERROR_TEST(full_kernel_then_dead_drops_what_waits),
	};

	have_namespace = dut_namespace();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
