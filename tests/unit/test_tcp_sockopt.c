/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP's options that change what is sent, or tell what came. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "sockets.h"
#include "tcp_peer.h"

/* ---- TCP_DEFER_ACCEPT ------------------------------------------------- */

static void open_deferring(struct tp *t, int seconds)
{
	tp_open(t);
	tp_listen(t, 8);
	assert_int_equal(inet_setsockopt(t->l, IPPROTO_TCP, TCP_DEFER_ACCEPT,
					 &seconds, sizeof(seconds)), 0);
}

static void expect_nobody(struct tp *t)
{
	assert_null(inet_accept(t->l, NULL, NULL));
	assert_int_equal(errno, EAGAIN);
}

static void defer_accept_waits_for_text(void **state)
{
	struct tp t;

	(void)state;
	open_deferring(&t, 10);
	tp_syn(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_silence(&t);
	expect_nobody(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DEFERACCEPTDROP), 1);
	tp_send(&t, "PA", 1, 1, "GET", 3);
	tp_expect(&t, "A", 1, 4, 0);
	tp_accept(&t);
	tp_read(&t, "GET", 3);
	tp_close(&t);
}

static void defer_accept_takes_a_fin(void **state)
{
	struct tp t;

	(void)state;
	open_deferring(&t, 10);
	tp_syn(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_send(&t, "FA", 1, 1, NULL, 0);
	fx_advance(&t.f, TCP_DELACK_MAX_US * NSEC_PER_USEC);
	tp_expect(&t, "A", 1, 2, 0);
	tp_accept(&t);
	tp_read_eof(&t);
	tp_close(&t);
}

/* 1, 2, 4 and 8 s are 10 s and more: the fourth SYN-ACK asks once more, and the
 * answer counts without text. */
static void defer_accept_ends_in_time(void **state)
{
	struct tp t;

	(void)state;
	open_deferring(&t, 10);
	tp_syn(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_silence_for(&t, 14 * NSEC_PER_SEC);
	tp_expect_after(&t, 15 * NSEC_PER_SEC, "SA", 0);
	expect_nobody(&t);
	tp_send(&t, "A", 1, 1, NULL, 0);
	tp_silence(&t);
	tp_accept(&t);
	tp_close(&t);
}

/* Whoever is silent altogether is asked again as ever. */
static void defer_accept_asks_the_silent_again(void **state)
{
	struct tp t;

	(void)state;
	open_deferring(&t, 10);
	tp_syn(&t);
	tp_expect_after(&t, NSEC_PER_SEC, "SA", 0);
	tp_expect_after(&t, 2 * NSEC_PER_SEC, "SA", 0);
	tp_close(&t);
}

/* A client that will speak first lets its text carry the ACK. */
static void defer_accept_of_a_client_delays_its_ack(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	tp_setsockopt(&t, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
	tp_connect(&t);
	tp_send(&t, "SA", 0, 1, NULL, 0);
	tp_silence(&t);
	tp_write(&t, "GET", 3);
	tp_expect(&t, "PA", 1, 1, 3);
	tp_close(&t);
}

static void defer_accept_seconds_are_rounded_to_tries(void **state)
{
	static const int set[] = { -1, 0, 1, 2, 3, 4, 7, 8, 100, 1000000 };
	static const int got[] = { 0, 0, 1, 3, 3, 7, 7, 15, 127, 29887 };
	struct tp t;
	size_t i;

	(void)state;
	tp_open(&t);
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM, 0);
	for (i = 0; i < ARRAY_SIZE(set); i++) {
		tp_setsockopt(&t, IPPROTO_TCP, TCP_DEFER_ACCEPT, set[i]);
		assert_int_equal(tp_getsockopt(&t, IPPROTO_TCP,
					       TCP_DEFER_ACCEPT), got[i]);
	}
	tp_close(&t);
}

/* ---- TCP_SAVE_SYN ----------------------------------------------------- */

static void saved_syn_is_what_came(void **state)
{
	u8 buf[128];
	socklen_t len;
	struct tp t;
	int mode;

	(void)state;
	for (mode = 0; mode <= 2; mode++) {
		u32 link = mode == 2 ? ETH_HLEN : 0;
		u32 whole = mode ? link + IP_HLEN_MIN + TCP_HLEN_MIN + 20 : 0;

		tp_open(&t);
		tp_listen(&t, 8);
		assert_int_equal(inet_setsockopt(t.l, IPPROTO_TCP, TCP_SAVE_SYN,
						 &mode, sizeof(mode)), 0);
		t.ts = true;
		t.ws = 5;
		tp_passive(&t);
		len = whole ? whole - 1 : 0;
		if (whole) {
			assert_int_equal(inet_getsockopt(t.s, IPPROTO_TCP,
							 TCP_SAVED_SYN, buf,
							 &len), -1);
			assert_int_equal(errno, EINVAL);
		}
		len = sizeof(buf);
		assert_int_equal(inet_getsockopt(t.s, IPPROTO_TCP,
						 TCP_SAVED_SYN, buf, &len), 0);
		assert_int_equal(len, whole);
		if (whole) {
			struct tcphdr *th = (void *)(buf + link + IP_HLEN_MIN);

			assert_int_equal(buf[link], 0x45);
			assert_int_equal(th->source, htons(TP_PEER_PORT));
			assert_int_equal(th->flags, TCPHDR_SYN);
			assert_int_equal(ntohl(th->seq), t.iss);
			assert_int_equal(__tcp_hdrlen(th), TCP_HLEN_MIN + 20);
		}
		if (mode == 2)
			assert_memory_equal(buf, fx_mac, ETH_ALEN);
		len = sizeof(buf);		/* once */
		assert_int_equal(inet_getsockopt(t.s, IPPROTO_TCP,
						 TCP_SAVED_SYN, buf, &len), 0);
		assert_int_equal(len, 0);
		tp_close(&t);
	}
}

/* Neither who is never accepted nor who never asks holds memory for ever. */
static void saved_syn_that_nobody_asks_for_is_freed(void **state)
{
	int on = 1;
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_listen(&t, 8);
	assert_int_equal(inet_setsockopt(t.l, IPPROTO_TCP, TCP_SAVE_SYN, &on,
					 sizeof(on)), 0);
	tp_syn(&t);			/* never acknowledged */
	t.pport++;
	tp_passive(&t);			/* never asked for */
	tp_close(&t);
}

/* ---- TCP_INQ ---------------------------------------------------------- */

static void inq_tells_what_is_left(void **state)
{
	union {
		struct cmsghdr hdr;
		u8 space[CMSG_SPACE(sizeof(int))];
	} control;
	char buf[4];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int i, left;
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 1, 1, "0123456789", 10);
	for (i = 0; i < 3; i++) {
		if (i == 1)
			tp_setsockopt(&t, IPPROTO_TCP, TCP_INQ, 1);
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		assert_int_equal(inet_recvmsg(t.s, &msg, 0), i < 2 ? 4 : 2);
		if (!i) {
			assert_int_equal(msg.msg_controllen, 0);
			continue;
		}
		assert_int_equal(control.hdr.cmsg_level, IPPROTO_TCP);
		assert_int_equal(control.hdr.cmsg_type, TCP_CM_INQ);
		memcpy(&left, CMSG_DATA(&control.hdr), sizeof(left));
		assert_int_equal(left, i == 1 ? 2 : 0);
	}
	/* there is no more, but an end to be read */
	tp_send(&t, "FPA", 11, 1, "0123", 4);
	msg.msg_control = &control;
	msg.msg_controllen = sizeof(control);
	assert_int_equal(inet_recvmsg(t.s, &msg, 0), 4);
	memcpy(&left, CMSG_DATA(&control.hdr), sizeof(left));
	assert_int_equal(left, 1);
	tp_read_eof(&t);
	fx_flush(&t.f);
	tp_close(&t);
}

/* ---- timeouts --------------------------------------------------------- */

static void rto_is_kept_between_the_sockets_own_bounds(void **state)
{
	struct tp t;
	int i;

	(void)state;
	tp_open(&t);
	t.s = inet_socket(t.f.net, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	tp_setsockopt(&t, IPPROTO_TCP, 45 /* TCP_RTO_MIN_US */, 50000);
	tp_setsockopt(&t, IPPROTO_TCP, 44 /* TCP_RTO_MAX_MS */, 1000);
	tp_active(&t);
	tp_write(&t, "hello", 5);
	tp_expect(&t, "PA", 1, 1, 5);
	fx_sysctl(&t.f, "net.ipv4.tcp_early_retrans", "0");
	for (i = 0; i < 8; i++)
		tp_expect_after(&t, min(50ull << i, 1000ull) * NSEC_PER_MSEC,
				"PA", 1);
	tp_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defer_accept_waits_for_text),
		cmocka_unit_test(defer_accept_takes_a_fin),
		cmocka_unit_test(defer_accept_ends_in_time),
		cmocka_unit_test(defer_accept_asks_the_silent_again),
		cmocka_unit_test(defer_accept_of_a_client_delays_its_ack),
		cmocka_unit_test(defer_accept_seconds_are_rounded_to_tries),
		cmocka_unit_test(saved_syn_is_what_came),
		cmocka_unit_test(saved_syn_that_nobody_asks_for_is_freed),
		cmocka_unit_test(inq_tells_what_is_left),
		cmocka_unit_test(rto_is_kept_between_the_sockets_own_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
