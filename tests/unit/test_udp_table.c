/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may have which port, and which of them a datagram is for:
 * ipv4/udp_table.c. Datagrams come over the loopback device.
 */
#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attack.h"
#include "fixture.h"
#include "ipv4/udp.h"
#include "lib/byteorder.h"
#include "sockets.h"

#define LO(n) (SK_LOOPBACK + (n))	/* 127.0.0.1 and so on */
#define PORT 5000

/* A socket with these options, bound if bind() says 0. */
static struct socket *try_bind(struct fx *f, u32 addr, u16 port, int option,
			       int *err)
{
	struct socket *s = sk_udp(f->net, 0, 0);

	if (option)
		assert_int_equal(sk_set(s, SOL_SOCKET, option, 1), 0);
	*err = sk_bind(s, addr, port);
	return s;
}

/* ---- bind ------------------------------------------------------------- */

struct bind_case {
	u32 first, second;
	int option_first, option_second;
	int want;
};

/* Linux's table of who may share a port. */
static void second_bind_every_combination_is_judged_as_linux(void **state)
{
	static const struct bind_case cases[] = {
		{ 0, 0, 0, 0, -EADDRINUSE },
		{ LO(0), LO(0), 0, 0, -EADDRINUSE },
		{ LO(0), LO(1), 0, 0, 0 },
		{ 0, LO(0), 0, 0, -EADDRINUSE },
		{ LO(0), 0, 0, 0, -EADDRINUSE },
		{ LO(0), LO(0), SO_REUSEADDR, 0, -EADDRINUSE },
		{ LO(0), LO(0), 0, SO_REUSEADDR, -EADDRINUSE },
		{ LO(0), LO(0), SO_REUSEADDR, SO_REUSEADDR, 0 },
		{ 0, LO(0), SO_REUSEADDR, SO_REUSEADDR, 0 },
		{ LO(0), LO(0), SO_REUSEPORT, SO_REUSEPORT, 0 },
		{ LO(0), LO(0), SO_REUSEPORT, 0, -EADDRINUSE },
		{ LO(0), LO(0), SO_REUSEPORT, SO_REUSEADDR, -EADDRINUSE },
		{ 0, LO(0), SO_REUSEPORT, SO_REUSEPORT, 0 },
	};
	struct fx *f = *state;
	struct socket *a, *b;
	u32 i;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct bind_case *c = &cases[i];

		a = try_bind(f, c->first, PORT, c->option_first, &err);
		assert_int_equal(err, 0);
		b = try_bind(f, c->second, PORT, c->option_second, &err);
		if (err != c->want)
			fail_msg("case %u: %d, not %d", i, err, c->want);
		inet_close(a);
		inet_close(b);
	}
}

static void bound_port_is_free_after_close(void **state)
{
	struct fx *f = *state;
	struct socket *s;
	int err, i;

	for (i = 0; i < 3; i++) {
		s = try_bind(f, 0, PORT, 0, &err);
		assert_int_equal(err, 0);
		assert_int_equal(sk_port(s), PORT);
		inet_close(s);
	}
}

static void bound_twice_is_refused(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);

	assert_int_equal(sk_bind(s, 0, PORT + 1), -EINVAL);
	inet_close(s);
}

static void device_bound_sockets_share_a_port(void **state)
{
	struct fx *f = *state;
	struct socket *a = sk_udp(f->net, 0, 0), *b = sk_udp(f->net, 0, 0);
	char buf[4];

	assert_int_equal(inet_setsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, "lo",
					 3), 0);
	assert_int_equal(inet_setsockopt(b, SOL_SOCKET, SO_BINDTODEVICE,
					 "test0", 6), 0);
	assert_int_equal(sk_bind(a, 0, PORT), 0);
	assert_int_equal(sk_bind(b, 0, PORT), 0);
	inet_close(b);
	b = sk_udp(f->net, 0, 0);
	assert_int_equal(sk_sendto(b, "x", 1, LO(0), PORT), 1);
	assert_int_equal(sk_recv(a, buf, sizeof(buf), 0), 1);
	inet_close(a);
	inet_close(b);
}

/* ---- free ports ------------------------------------------------------- */

static void automatic_port_is_in_the_range_and_not_reserved(void **state)
{
	struct fx *f = *state;
	struct socket *s[8];
	u32 i, seen = 0;

	fx_sysctl(f, "net.ipv4.ip_local_port_range", "40000 40009");
	fx_sysctl(f, "net.ipv4.ip_local_reserved_ports", "40003,40005-40005");
	for (i = 0; i < 8; i++) {
		s[i] = sk_udp(f->net, 0, 0);
		assert_int_equal(sk_bind(s[i], 0, 0), 0);
		assert_in_range(sk_port(s[i]), 40000, 40009);
		seen |= 1u << (sk_port(s[i]) - 40000);
	}
	assert_int_equal(seen, 0x3ff & ~(1u << 3 | 1u << 5));
	for (i = 0; i < 8; i++)
		inet_close(s[i]);
}

static void automatic_port_range_exhausted_is_an_error(void **state)
{
	struct fx *f = *state;
	struct socket *s[11];
	u32 i;

	fx_sysctl(f, "net.ipv4.ip_local_port_range", "40000 40009");
	for (i = 0; i < 11; i++) {
		s[i] = sk_udp(f->net, 0, 0);
		assert_int_equal(sk_bind(s[i], 0, 0),
				 i < 10 ? 0 : -EADDRINUSE);
	}
	/* who only sends is told to try again */
	assert_int_equal(sk_sendto(s[10], "x", 1, LO(0), PORT), -EAGAIN);
	inet_close(s[4]);
	assert_int_equal(sk_bind(s[10], 0, 0), 0);
	for (i = 0; i < 11; i++)
		if (i != 4)
			inet_close(s[i]);
}

static void automatic_port_own_range_narrows(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, 0);
	u32 range = 45001u << 16 | 45000u, low_above_high = 1u << 16 | 2;

	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, 51, &low_above_high,
					 4), -1);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, 51, &range, 4), 0);
	assert_int_equal(sk_bind(s, 0, 0), 0);
	assert_in_range(sk_port(s), 45000, 45001);
	inet_close(s);
}

/* @attack U5 */
static void automatic_port_of_many_sends_cannot_be_guessed(void **state)
{
	static u32 count[65536];
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	const u32 n = 1000000;
	u32 i, steps = 0, port, last = 0;
	double entropy = 0, p;
	struct sockaddr_in from;
	socklen_t len;
	char buf[4];

	memset(count, 0, sizeof(count));
	for (i = 0; i < n; i++) {
		struct socket *c = sk_udp(f->net, 0, 0);

		assert_int_equal(sk_sendto(c, "?", 1, LO(0), PORT), 1);
		len = sizeof(from);
		assert_int_equal(inet_recvfrom(s, buf, 4, 0,
					       (struct sockaddr *)&from, &len),
				 1);
		inet_close(c);
		if (i % 64 == 0)	/* the closed ones are freed */
			fx_run(f);
		port = ntohs(from.sin_port);
		assert_in_range(port, 32768, 60999);
		count[port]++;
		steps += port - last + 8 <= 16;
		last = port;
	}
	for (i = 0; i < 65536; i++) {
		p = (double)count[i] / n;
		entropy -= p > 0 ? p * log2(p) : 0;
	}
	/* log2(28232) is 14.8; the estimate is 0.02 low for so many samples */
	assert_true(entropy >= 14.7);
	/* near the one before: by chance 17 of 28,232 */
	assert_true(steps < n / 500);
	inet_close(s);
}

/* ---- lookup ----------------------------------------------------------- */

/* Sends from @from to @addr:PORT; which of the @n sockets got it, -1: none. */
static int who_hears(struct socket *from, u32 addr, struct socket **s, u32 n)
{
	char buf[4];
	int who = -1;
	u32 i;

	assert_int_equal(sk_sendto(from, "x", 1, addr, PORT), 1);
	for (i = 0; i < n; i++) {
		if (sk_recv(s[i], buf, sizeof(buf), 0) != 1)
			continue;
		assert_int_equal(who, -1);	/* one hears it */
		who = (int)i;
	}
	return who;
}

static void lookup_the_more_exact_socket_wins(void **state)
{
	struct fx *f = *state;
	struct socket *s[4], *from = sk_udp(f->net, LO(0), 6000);
	struct socket *stranger = sk_udp(f->net, LO(0), 6001);
	u32 i;

	for (i = 0; i < 4; i++) {
		s[i] = sk_udp(f->net, 0, 0);
		assert_int_equal(sk_set(s[i], SOL_SOCKET, SO_REUSEADDR, 1), 0);
	}
	assert_int_equal(sk_bind(s[0], 0, PORT), 0);
	assert_int_equal(who_hears(from, LO(0), s, 1), 0);
	assert_int_equal(sk_bind(s[1], LO(0), PORT), 0);
	assert_int_equal(who_hears(from, LO(0), s, 2), 1);
	assert_int_equal(who_hears(from, LO(1), s, 2), 0);
	assert_int_equal(sk_bind(s[2], LO(0), PORT), 0);
	assert_int_equal(sk_connect(s[2], LO(0), 6000), 0);
	assert_int_equal(who_hears(from, LO(0), s, 3), 2);
	assert_int_equal(who_hears(stranger, LO(0), s, 3), 1);
	/* of two alike the last one bound */
	assert_int_equal(sk_bind(s[3], LO(0), PORT), 0);
	assert_int_equal(who_hears(stranger, LO(0), s, 4), 3);
	/* a device asked for counts more than none */
	assert_int_equal(inet_setsockopt(s[1], SOL_SOCKET, SO_BINDTODEVICE,
					 "lo", 3), 0);
	assert_int_equal(who_hears(stranger, LO(0), s, 4), 1);
	for (i = 0; i < 4; i++)
		inet_close(s[i]);
	inet_close(from);
	inet_close(stranger);
}

static void lookup_disconnected_socket_hears_everybody_again(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, LO(0), PORT);
	struct socket *from = sk_udp(f->net, LO(0), 6000);
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };

	assert_int_equal(sk_connect(s, LO(0), 7000), 0);
	assert_int_equal(who_hears(from, LO(0), &s, 1), -1);
	assert_int_equal(inet_connect(s, &unspec, sizeof(unspec)), 0);
	assert_int_equal(who_hears(from, LO(0), &s, 1), 0);
	assert_int_equal(sk_port(s), PORT);
	inet_close(s);
	inet_close(from);
}

static void lookup_auto_bound_disconnected_socket_loses_its_port(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, 0);
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };

	assert_int_equal(sk_connect(s, LO(0), 7000), 0);
	assert_int_not_equal(sk_port(s), 0);
	assert_int_equal(inet_connect(s, &unspec, sizeof(unspec)), 0);
	assert_int_equal(sk_port(s), 0);
	assert_int_equal(sk_sendto(s, "x", 1, LO(0), 7000), 1);
	assert_int_not_equal(sk_port(s), 0);
	inet_close(s);
}

static void reuseport_flow_stays_with_its_socket_and_flows_spread(void **state)
{
	struct fx *f = *state;
	struct socket *s[4], *from[200];
	u32 i, heard[4] = { 0 };
	int who[200];

	for (i = 0; i < 4; i++) {
		s[i] = sk_udp(f->net, 0, 0);
		assert_int_equal(sk_set(s[i], SOL_SOCKET, SO_REUSEPORT, 1), 0);
		assert_int_equal(sk_bind(s[i], 0, PORT), 0);
	}
	for (i = 0; i < 200; i++) {
		from[i] = sk_udp(f->net, LO(0), (u16)(10000 + i));
		who[i] = who_hears(from[i], LO(0), s, 4);
		assert_in_range(who[i], 0, 3);
		heard[who[i]]++;
	}
	for (i = 0; i < 4; i++)
		assert_in_range(heard[i], 25, 85);
	for (i = 0; i < 200; i++) {
		assert_int_equal(who_hears(from[i], LO(0), s, 4), who[i]);
		inet_close(from[i]);
	}
	for (i = 0; i < 4; i++)
		inet_close(s[i]);
}

/* ---- size ------------------------------------------------------------- */

/* The cost of a lookup in a figure that does not depend on the machine: the
 * longest chain. */
static void longest_of(struct sock *sk, void *arg)
{
	u32 *longest = arg, n = 0;
	struct hlist_node *node;

	if (!hlist_unhashed(&udp_sk(sk)->addr_node))
		for (node = &udp_sk(sk)->addr_node; node; node = node->next)
			n++;
	*longest = max(*longest, n);
}

static void lookup_100000_sockets_chains_stay_short(void **state)
{
	const u32 n = 100000, per_addr = 50000;
	struct fx *f = *state;
	struct socket **s = calloc(n, sizeof(*s));
	struct socket *from;
	u32 i, longest = 0;
	char buf[4];

	assert_non_null(s);
	fx_sysctl(f, "net.core.max_sockets", "200000");
	for (i = 0; i < n; i++)
		s[i] = sk_udp(f->net, LO(i / per_addr),
			      (u16)(1024 + i % per_addr));
	udp_for_each_sock(f->net, longest_of, &longest);
	assert_in_range(longest, 1, 20);
	from = sk_udp(f->net, 0, 0);
	for (i = 0; i < n; i += 997) {
		assert_int_equal(sk_sendto(from, "x", 1, LO(i / per_addr),
					   (u16)(1024 + i % per_addr)), 1);
		assert_int_equal(sk_recv(s[i], buf, sizeof(buf), 0), 1);
	}
	for (i = 0; i < n; i++)
		inet_close(s[i]);
	inet_close(from);
	free(s);
}

/* One server port with many connected peers: a newcomer is found at once. */
static void lookup_many_connected_on_one_port_leave_its_chain(void **state)
{
	const u32 n = 2000;
	struct fx *f = *state;
	struct socket **s = calloc(n, sizeof(*s)), *listener, *from;
	u32 i, longest = 0;
	char buf[4];

	assert_non_null(s);
	listener = sk_udp(f->net, 0, 0);
	sk_set(listener, SOL_SOCKET, SO_REUSEADDR, 1);
	assert_int_equal(sk_bind(listener, LO(0), PORT), 0);
	for (i = 0; i < n; i++) {
		s[i] = sk_udp(f->net, 0, 0);
		sk_set(s[i], SOL_SOCKET, SO_REUSEADDR, 1);
		assert_int_equal(sk_bind(s[i], LO(0), PORT), 0);
		assert_int_equal(sk_connect(s[i], LO(1), (u16)(20000 + i)), 0);
	}
	udp_for_each_sock(f->net, longest_of, &longest);
	assert_in_range(longest, 1, 4);
	from = sk_udp(f->net, LO(1), 20000 + 1234);
	assert_int_equal(sk_sendto(from, "p", 1, LO(0), PORT), 1);
	assert_int_equal(sk_recv(s[1234], buf, sizeof(buf), 0), 1);
	inet_close(from);
	from = sk_udp(f->net, LO(1), 19999);
	assert_int_equal(sk_sendto(from, "n", 1, LO(0), PORT), 1);
	assert_int_equal(sk_recv(listener, buf, sizeof(buf), 0), 1);
	inet_close(from);
	for (i = 0; i < n; i++)
		inet_close(s[i]);
	inet_close(listener);
	free(s);
}

/* One port of twelve is free, and found wherever the search begins and in whatever
 * strides it goes. */
static void automatic_port_finds_the_last_free_one(void **state)
{
	struct fx *f = *state;
	struct socket *s[12];
	u32 i, round;

	fx_sysctl(f, "net.ipv4.ip_local_port_range", "40000 40011");
	for (i = 0; i < 12; i++) {
		s[i] = sk_udp(f->net, 0, 0);
		assert_int_equal(sk_bind(s[i], 0, 0), 0);
	}
	for (round = 0; round < 300; round++) {
		i = round % 12;
		inet_close(s[i]);
		s[i] = sk_udp(f->net, 0, 0);
		assert_int_equal(sk_bind(s[i], 0, 0), 0);
	}
	for (i = 0; i < 12; i++)
		inet_close(s[i]);
}

/* Who is bound to a device shares with those of other devices, not with one that
 * hears all of them. */
static void device_bound_socket_and_one_of_all_share_no_port(void **state)
{
	struct fx *f = *state;
	struct socket *a = sk_udp(f->net, 0, 0), *b = sk_udp(f->net, 0, 0);

	assert_int_equal(sk_set(a, SOL_SOCKET, SO_BINDTOIFINDEX, 1), 0);
	assert_int_equal(sk_bind(a, 0, PORT), 0);
	assert_int_equal(sk_bind(b, 0, PORT), -EADDRINUSE);
	inet_close(a);
	a = sk_udp(f->net, 0, 0);
	assert_int_equal(sk_bind(b, 0, PORT), 0);
	assert_int_equal(sk_set(a, SOL_SOCKET, SO_BINDTOIFINDEX, 1), 0);
	assert_int_equal(sk_bind(a, 0, PORT), -EADDRINUSE);
	inet_close(a);
	inet_close(b);
}

/* What comes by another device than the socket's is for nobody, or for all that
 * ask for none. */
static void lookup_of_another_device_passes_the_socket(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	const struct fx_ip ip = { 0 };
	u8 frame[128];
	char buf[4];

	fx_learn(f);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_BINDTOIFINDEX, 1), 0);
	fx_inject(f, frame, fx_build_udp(frame, &ip, 9, PORT, "x", 1));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_BINDTOIFINDEX,
				inet_netdev_index(f->dev)), 0);
	fx_inject(f, frame, fx_build_udp(frame, &ip, 9, PORT, "x", 1));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 1);
	inet_close(s);
	fx_flush(f);
}

/* Two have the same port and peer: the one that came last hears it. */
static void lookup_of_two_with_one_flow_finds_the_newer(void **state)
{
	struct fx *f = *state;
	struct socket *from = sk_udp(f->net, LO(1), 9), *a, *b;
	char buf[4];
	int err;

	a = try_bind(f, LO(0), PORT, SO_REUSEADDR, &err);
	assert_int_equal(err, 0);
	b = try_bind(f, LO(0), PORT, SO_REUSEADDR, &err);
	assert_int_equal(err, 0);
	assert_int_equal(sk_connect(b, LO(1), 9), 0);
	assert_int_equal(sk_connect(a, LO(1), 9), 0);
	assert_int_equal(sk_sendto(from, "x", 1, LO(0), PORT), 1);
	assert_int_equal(sk_recv(b, buf, sizeof(buf), 0), -EAGAIN);
	assert_int_equal(sk_recv(a, buf, sizeof(buf), 0), 1);
	inet_close(a);
	inet_close(b);
	inet_close(from);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
#define WATCHED(name) \
	cmocka_unit_test_setup_teardown(name, attack_setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(second_bind_every_combination_is_judged_as_linux),
		TEST(bound_port_is_free_after_close),
		TEST(bound_twice_is_refused),
		TEST(device_bound_sockets_share_a_port),
		TEST(automatic_port_is_in_the_range_and_not_reserved),
		TEST(automatic_port_range_exhausted_is_an_error),
		TEST(automatic_port_own_range_narrows),
		WATCHED(automatic_port_of_many_sends_cannot_be_guessed),
		TEST(lookup_the_more_exact_socket_wins),
		TEST(lookup_disconnected_socket_hears_everybody_again),
		TEST(lookup_auto_bound_disconnected_socket_loses_its_port),
		TEST(reuseport_flow_stays_with_its_socket_and_flows_spread),
		TEST(lookup_100000_sockets_chains_stay_short),
		TEST(lookup_many_connected_on_one_port_leave_its_chain),
		TEST(automatic_port_finds_the_last_free_one),
		TEST(device_bound_socket_and_one_of_all_share_no_port),
		TEST(lookup_of_another_device_passes_the_socket),
		TEST(lookup_of_two_with_one_flow_finds_the_newer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
