/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct msghdr with lies in it, to a stack's calls and to the kernel's: both
 * find the same ones, in the same order.
 */
#include "unit.h"

#include <limits.h>
#include <string.h>

#include "sides.h"
#include "sockets.h"

static void note_result(struct side *d, const char *what, size_t n,
			const char *call, int err)
{
	side_note(d, "%s %zx: %s %s", what, n, call, side_result(err));
}

/* One message out and one in, each with the same lies; both sockets have
 * nothing to read. */
static void lie(struct side *d, union sk s, struct msghdr m, const char *what,
		size_t n)
{
	int err = d->send(s, &m, 0);

	note_result(d, what, n, "send", err);
	err = d->recv(s, &m, 0);
	note_result(d, what, n, "recv", err);
}

/* struct msghdr by member: the number of pieces, their lengths, the name's,
 * the control messages'. Not a piece at NULL: the kernel finds out when it
 * copies, ours refuses it at once (test_iov.c). */
static void script_lies_of(struct side *d, union sk s, struct sockaddr_in *to)
{
	static const size_t nr[] = { 0, 1, 2, 1023, 1024, 1025, (size_t)-1 };
	static const size_t lens[] = { 0, 65507, 65508, 65536, INT32_MAX,
				       (size_t)INT32_MAX + 1, SSIZE_MAX,
				       (size_t)SSIZE_MAX + 1, (size_t)-1 };
	static const u32 names[] = { 0, 1, 2, 15, 16, 17, 127, 128, 129, 4096,
				     INT32_MAX, (u32)INT32_MAX + 1, UINT32_MAX };
	static struct iovec pieces[1025];
	static char data[65536], name[4096];
	struct iovec one = { data, 1 };
	const struct msghdr good = { .msg_iov = &one, .msg_iovlen = 1 };
	struct msghdr m = good;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(nr); i++) {
		m.msg_iov = pieces;
		m.msg_iovlen = nr[i];
		lie(d, s, m, "pieces", nr[i]);
	}
	for (m = good, i = 0; i < ARRAY_SIZE(lens); i++) {
		one.iov_len = lens[i];
		if (lens[i] <= sizeof(data) || lens[i] > INT32_MAX)
			lie(d, s, m, "length", lens[i]);
	}
	one.iov_len = 1;
	memcpy(name, to, sizeof(*to));
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		m.msg_name = name;
		m.msg_namelen = names[i];
		lie(d, s, m, "name", names[i]);
		m.msg_name = NULL;
		lie(d, s, m, "no name", names[i]);
		m = good;
		m.msg_controllen = names[i];
		lie(d, s, m, "no control", names[i]);
		m.msg_controllen = 0;
	}
}

static void script_lies(struct side *d)
{
	struct sockaddr_in to = sk_addr(SK_LOOPBACK, 0);
	union sk s, t, tcp;

	assert_int_equal(d->open(d, SOCK_DGRAM, 0, &s), 0);
	assert_int_equal(d->open(d, SOCK_DGRAM, 0, &t), 0);
	assert_int_equal(d->bind(s, (void *)&to, sizeof(to)), 0);
	assert_int_equal(d->getname(s, 0, &to), 0);
	assert_int_equal(d->connect(t, (void *)&to, sizeof(to)), 0);
	script_lies_of(d, t, &to);
	assert_int_equal(d->open(d, SOCK_STREAM, 0, &tcp), 0);
	script_lies_of(d, tcp, &to);
	d->close(tcp);
	d->close(t);
	d->close(s);
}

/* @attack P5 */
static void messages_that_lie_are_judged_alike(void **state)
{
	(void)state;
	sides_compare(script_lies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_that_lie_are_judged_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
