/* SPDX-License-Identifier: BSD-2-Clause */
/* The user's bytes: cursors, sums over odd borders, control messages that
 * lie. */
#include "unit.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "core/iov.h"
#include "guard.h"
#include "lib/checksum.h"
#include "lib/compiler.h"

static void fill(u8 *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (u8)(i * 7 + 1);
}

static struct inet_iov_iter over(const struct iovec *v, size_t n)
{
	struct inet_iov_iter i;

	assert_int_equal(import_iovec(&i, v, n), 0);
	return i;
}

static void one_segment_copied_whole(void **state)
{
	u8 src[100], dst[100];
	struct iovec v = { src, sizeof(src) };
	struct inet_iov_iter i;

	(void)state;
	fill(src, sizeof(src));
	i = over(&v, 1);
	assert_int_equal(copy_from_iter(dst, 100, &i), 100);
	assert_memory_equal(src, dst, 100);
	assert_int_equal(i.count, 0);
	assert_int_equal(copy_from_iter(dst, 1, &i), 0);
}

static void many_segments_with_empty_ones_keep_order(void **state)
{
	u8 src[64], dst[64] = { 0 };
	struct iovec v[] = { { src, 1 }, { NULL, 0 }, { src + 1, 20 },
			     { src + 21, 0 }, { src + 21, 43 } };
	struct inet_iov_iter i;

	(void)state;
	fill(src, sizeof(src));
	i = over(v, ARRAY_SIZE(v));
	for (size_t off = 0; off < 64; off += 16)
		assert_int_equal(copy_from_iter(dst + off, 16, &i), 16);
	assert_memory_equal(src, dst, 64);
}

static void short_source_gives_what_there_is(void **state)
{
	u8 src[10], dst[20];
	struct iovec v[] = { { src, 4 }, { src + 4, 6 } };
	struct inet_iov_iter i = over(v, 2);

	(void)state;
	fill(src, sizeof(src));
	assert_int_equal(copy_from_iter(dst, 20, &i), 10);
	assert_memory_equal(src, dst, 10);
}

static void to_user_spread_over_segments(void **state)
{
	u8 src[50], a[7] = { 0 }, b[50] = { 0 };
	struct iovec v[] = { { a, 7 }, { b, 50 } };
	struct inet_iov_iter i = over(v, 2);

	(void)state;
	fill(src, sizeof(src));
	assert_int_equal(copy_to_iter(src, 30, &i), 30);
	assert_int_equal(copy_to_iter(src + 30, 20, &i), 20);
	assert_memory_equal(a, src, 7);
	assert_memory_equal(b, src + 7, 43);
	assert_int_equal(b[43], 0);
}

static void full_user_buffer_stops_the_copy(void **state)
{
	struct guard g;
	u8 src[50], *p;
	struct iovec v;
	struct inet_iov_iter i;

	(void)state;
	guard_open(&g, 64);
	p = guard_take(&g, 13, 0);
	v = (struct iovec){ p, 13 };
	i = over(&v, 1);
	fill(src, sizeof(src));
	assert_int_equal(copy_to_iter(src, 50, &i), 13);
	assert_memory_equal(p, src, 13);
	guard_close(&g);
}

/* Every split of 37 bytes in three segments, at both alignments. */
/* @req 1071/1624 */
static void sum_is_the_same_for_every_split(void **state)
{
	u8 buf[40], dst[40];
	__sum16 want;

	(void)state;
	fill(buf, sizeof(buf));
	want = csum_fold(csum_partial(buf + 1, 37, 0));
	for (size_t a = 0; a <= 37; a++) {
		for (size_t b = a; b <= 37; b++) {
			struct iovec v[] = { { buf + 1, a },
					     { buf + 1 + a, b - a },
					     { buf + 1 + b, 37 - b } };
			struct inet_iov_iter i = over(v, 3);
			__wsum sum = 0;

			assert_int_equal(csum_and_copy_from_iter(
				dst + (b & 1), 37, &sum, &i), 37);
			assert_int_equal(csum_fold(sum), want);
			assert_memory_equal(dst + (b & 1), buf + 1, 37);
		}
	}
}

static void sum_out_is_the_same_for_every_split(void **state)
{
	u8 buf[37], dst[40];
	__sum16 want;

	(void)state;
	fill(buf, sizeof(buf));
	want = csum_fold(csum_partial(buf, 37, 0));
	for (size_t a = 0; a <= 37; a++) {
		struct iovec v[] = { { dst, a }, { dst + a, 37 - a } };
		struct inet_iov_iter i = over(v, 2);
		__wsum sum = 0;
		size_t first = 37 - a / 2;

		assert_int_equal(csum_and_copy_to_iter(buf, first, 0, &sum, &i),
				 first);
		assert_int_equal(csum_and_copy_to_iter(buf + first, 37 - first,
						       first, &sum, &i),
				 37 - first);
		assert_int_equal(csum_fold(sum), want);
		assert_memory_equal(dst, buf, 37);
	}
}

static void sum_adds_to_what_was_there(void **state)
{
	u8 buf[4] = { 1, 2, 3, 4 }, dst[4];
	struct iovec v = { buf, 4 };
	struct inet_iov_iter i = over(&v, 1);
	__wsum sum = 0x1234;

	(void)state;
	csum_and_copy_from_iter(dst, 4, &sum, &i);
	assert_int_equal(csum_fold(sum),
			 csum_fold(csum_partial(buf, 4, 0x1234)));
}

static void advance_skips_over_segments(void **state)
{
	u8 src[30], dst[10];
	struct iovec v[] = { { src, 10 }, { src + 10, 0 }, { src + 10, 20 } };
	struct inet_iov_iter i = over(v, 3);

	(void)state;
	fill(src, sizeof(src));
	iov_iter_advance(&i, 15);
	assert_int_equal(i.count, 15);
	copy_from_iter(dst, 10, &i);
	assert_memory_equal(dst, src + 15, 10);
	iov_iter_advance(&i, 1000);
	assert_int_equal(i.count, 0);
}

/* @attack P5 */
static void import_of_lies_refused(void **state)
{
	u8 b[8];
	struct iovec v[INET_UIO_MAXIOV + 1], one;
	struct inet_iov_iter i;

	(void)state;
	for (size_t n = 0; n <= INET_UIO_MAXIOV; n++)
		v[n] = (struct iovec){ b, 1 };
	assert_int_equal(import_iovec(&i, v, INET_UIO_MAXIOV + 1), -EMSGSIZE);
	assert_int_equal(import_iovec(&i, v, SIZE_MAX), -EMSGSIZE);
	assert_int_equal(import_iovec(&i, v, INET_UIO_MAXIOV), 0);
	assert_int_equal(i.count, INET_UIO_MAXIOV);
	assert_int_equal(import_iovec(&i, NULL, 1), -EFAULT);
	assert_int_equal(import_iovec(&i, NULL, 0), 0);
	v[1].iov_len = (size_t)-1;
	assert_int_equal(import_iovec(&i, v, 2), -EINVAL);
	v[1] = (struct iovec){ NULL, 1 };
	assert_int_equal(import_iovec(&i, v, 2), -EFAULT);
	assert_int_equal(import_single_range(&i, &one, NULL, 1), -EFAULT);
	assert_int_equal(import_single_range(&i, &one, b, (size_t)-1), -EINVAL);
	assert_int_equal(import_single_range(&i, &one, NULL, 0), 0);
}

/* @attack P5 */
static void import_of_huge_sum_cut(void **state)
{
	u8 b[8];
	struct iovec v[] = { { b, SSIZE_MAX }, { b, SSIZE_MAX }, { b, 5 } };
	struct inet_iov_iter i;

	(void)state;
	assert_int_equal(import_iovec(&i, v, 3), 0);
	assert_int_equal(i.count, INET_MAX_RW_COUNT);
}

/* ---- control messages ------------------------------------------------- */

static void cmsg_that_fits_readable_by_libc(void **state)
{
	union {
		u8 buf[128];
		struct cmsghdr align;
	} u = { { 0 } };
	struct inet_msg m = { .control = u.buf, .controllen = sizeof(u.buf) };
	struct msghdr h = { .msg_control = u.buf };
	struct cmsghdr *c;
	u32 a = 7;
	u8 b = 9;

	(void)state;
	put_cmsg(&m, SOL_SOCKET, 1, sizeof(a), &a);
	put_cmsg(&m, SOL_IP, 2, sizeof(b), &b);
	assert_int_equal(m.flags, 0);
	h.msg_controllen = sizeof(u.buf) - m.controllen;
	assert_int_equal(h.msg_controllen, CMSG_SPACE(4) + CMSG_SPACE(1));
	c = CMSG_FIRSTHDR(&h);
	assert_int_equal(c->cmsg_len, CMSG_LEN(4));
	assert_memory_equal(CMSG_DATA(c), &a, 4);
	c = CMSG_NXTHDR(&h, c);
	assert_int_equal(c->cmsg_level, SOL_IP);
	assert_int_equal(*CMSG_DATA(c), 9);
	assert_null(CMSG_NXTHDR(&h, c));
}

/* Every room from 0 on, up against a page that may not be touched. */
static void cmsg_that_does_not_fit_cut_with_ctrunc(void **state)
{
	struct guard g;
	u64 data[2] = { 1, 2 };

	(void)state;
	guard_open(&g, 64);
	for (size_t room = 0; room <= CMSG_SPACE(16); room++) {
		u8 *p = guard_take(&g, room, 0xee);
		struct inet_msg m = { .control = p, .controllen = room };

		put_cmsg(&m, SOL_SOCKET, 5, sizeof(data), data);
		assert_int_equal(!!(m.flags & MSG_CTRUNC),
				 room < CMSG_LEN(16));
		if (room < sizeof(struct cmsghdr))
			assert_int_equal(m.controllen, room);
		else
			assert_int_equal(m.controllen, 0);
	}
	guard_close(&g);
}

static void cmsg_without_buffer_is_ctrunc(void **state)
{
	struct inet_msg m = { .control = NULL, .controllen = 100 };
	int v = 1;

	(void)state;
	put_cmsg(&m, SOL_SOCKET, 5, sizeof(v), &v);
	assert_int_equal(m.flags, MSG_CTRUNC);
}

static void cmsg_walk_finds_all(void **state)
{
	u8 buf[128];
	struct inet_msg m = { .control = buf, .controllen = sizeof(buf) };
	struct cmsghdr h;
	const void *data;
	size_t pos = 0;
	u32 v = 1;
	int n = 0;

	(void)state;
	for (; v <= 3; v++)
		put_cmsg(&m, SOL_SOCKET, (int)v, sizeof(v), &v);
	m = (struct inet_msg){ .control = buf,
			       .controllen = 128 - m.controllen };
	while (cmsg_next(&m, &pos, &h, &data) == 1) {
		n++;
		assert_int_equal(h.cmsg_type, n);
		assert_memory_equal(data, &n, 4);
	}
	assert_int_equal(n, 3);
}

/* @attack P5: every cmsg_len in every buffer, up against a forbidden page. */
static void cmsg_walk_of_lies_stays_inside(void **state)
{
	static const size_t lens[] = { 0, 1, 15, 16, 17, 24, 40, 4096,
				       SIZE_MAX, SIZE_MAX - 7 };
	struct cmsghdr h = { .cmsg_level = SOL_SOCKET, .cmsg_type = 1 };
	struct guard g;
	const void *data;

	(void)state;
	guard_open(&g, 128);
	for (size_t room = 0; room <= 64; room++) {
		for (size_t l = 0; l < ARRAY_SIZE(lens); l++) {
			u8 *p = guard_take(&g, room, 0);
			struct inet_msg m = { .control = p,
					      .controllen = room };
			struct cmsghdr got;
			size_t pos = 0;
			int ret;

			h.cmsg_len = lens[l];
			memcpy(p, &h, min(room, sizeof(h)));
			ret = cmsg_next(&m, &pos, &got, &data);
			if (room < sizeof(h))
				assert_int_equal(ret, 0);
			else if (lens[l] < 16 || lens[l] > room)
				assert_int_equal(ret, -EINVAL);
			else
				assert_int_equal(ret, 1);
			assert_true(pos <= room);
		}
	}
	guard_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_segment_copied_whole),
		cmocka_unit_test(many_segments_with_empty_ones_keep_order),
		cmocka_unit_test(short_source_gives_what_there_is),
		cmocka_unit_test(to_user_spread_over_segments),
		cmocka_unit_test(full_user_buffer_stops_the_copy),
		cmocka_unit_test(sum_is_the_same_for_every_split),
		cmocka_unit_test(sum_out_is_the_same_for_every_split),
		cmocka_unit_test(sum_adds_to_what_was_there),
		cmocka_unit_test(advance_skips_over_segments),
		cmocka_unit_test(import_of_lies_refused),
		cmocka_unit_test(import_of_huge_sum_cut),
		cmocka_unit_test(cmsg_that_fits_readable_by_libc),
		cmocka_unit_test(cmsg_that_does_not_fit_cut_with_ctrunc),
		cmocka_unit_test(cmsg_without_buffer_is_ctrunc),
		cmocka_unit_test(cmsg_walk_finds_all),
		cmocka_unit_test(cmsg_walk_of_lies_stays_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
