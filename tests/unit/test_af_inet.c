/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PF_INET: what socket() finds, the registries, and the calls that all its
 * sockets share: ipv4/af_inet.c, protocols.c, sysctl_net_ipv4.c.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <net/if.h>
#include <linux/sockios.h>

#include <inet/protocol.h>
#include <inet/trace.h>

#include "fixture.h"
#include "ipv4/inet_common.h"
#include "ipv4/protocol.h"
#include "lib/byteorder.h"
#include "road.h"
#include "sockets.h"

/* ---- socket() --------------------------------------------------------- */

static void socket_every_type_and_protocol_is_judged_as_linux(void **state)
{
	static const struct {
		int type, protocol, err;
	} cases[] = {
		{ SOCK_STREAM, 0, 0 },
		{ SOCK_STREAM, IPPROTO_TCP, 0 },
		{ SOCK_DGRAM, 0, 0 },
		{ SOCK_DGRAM, IPPROTO_UDP, 0 },
		{ SOCK_DGRAM, IPPROTO_ICMP, 0 },
		{ SOCK_RAW, IPPROTO_ICMP, 0 },
		{ SOCK_RAW, 255, 0 },
		{ SOCK_STREAM, IPPROTO_UDP, EPROTONOSUPPORT },
		{ SOCK_DGRAM, IPPROTO_TCP, EPROTONOSUPPORT },
		{ SOCK_DGRAM, 253, EPROTONOSUPPORT },
		{ SOCK_RAW, 0, EPROTONOSUPPORT },
		{ SOCK_RDM, 0, ESOCKTNOSUPPORT },
		{ SOCK_SEQPACKET, 0, ESOCKTNOSUPPORT },
		{ SOCK_STREAM, 256, EINVAL },
		{ SOCK_STREAM, -1, EINVAL },
	};
	struct fx *f = *state;
	struct socket *s;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		s = inet_socket(f->net, AF_INET, cases[i].type,
				cases[i].protocol);
		if (!s != !!cases[i].err || (!s && errno != cases[i].err))
			fail_msg("case %u: %s", i, s ? "made" : strerror(errno));
		if (s)
			inet_close(s);
	}
	assert_null(inet_socket(f->net, AF_INET6, SOCK_DGRAM, 0));
	assert_int_equal(errno, EAFNOSUPPORT);
}

/* The road of socket(), as a recorded fact. */
static void socket_call_passes_the_family(void **state)
{
	static const char *const road[] = {
		"sock_create", "__sock_create", "sock_alloc", "inet_create",
		"sk_alloc", NULL
	};
	struct fx *f = *state;
	struct socket *s;

	assert_int_equal(inet_trace_start(f->net, 100), 0);
	s = inet_socket(f->net, AF_INET, SOCK_DGRAM, 0);
	inet_trace_stop(f->net);
	road_assert_order(f->net, road);
	inet_close(s);
}

/* ---- the registries --------------------------------------------------- */

static void list_names_each_protocol_once(void **state)
{
	const struct inet_protocol *p;
	u32 i, j;

	(void)state;
	assert_true(nr_inet_protocols >= 5);
	for (i = 0; i < nr_inet_protocols; i++) {
		p = inet_protocols[i];
		assert_non_null(p->name);
		for (j = 0; j < i; j++)
			assert_string_not_equal(inet_protocols[j]->name,
						p->name);
		for (j = 0; j < p->nr_sw; j++)
			assert_true(p->sw[j].flags & INET_PROTOSW_PERMANENT);
	}
}

static int count_handler(struct sk_buff *skb)
{
	consume_skb(skb);
	return 0;
}

static void protocol_added_twice_or_taken_away_by_another_is_refused(
	void **state)
{
	static const struct net_protocol a = { .handler = count_handler };
	static const struct net_protocol b = { .handler = count_handler };
	const struct fx_ip ip = { .proto = 253 };
	struct fx *f = *state;
	static struct fx_pkt p;
	u8 frame[64];

	assert_int_equal(inet_add_protocol(f->net, &a, 253), 0);
	assert_int_equal(inet_add_protocol(f->net, &b, 253), -EEXIST);
	assert_int_equal(inet_add_protocol(f->net, &b, IPPROTO_UDP), -EEXIST);
	assert_int_equal(inet_del_protocol(f->net, &b, 253), -ENOENT);
	fx_inject(f, frame, fx_build_ip(frame, &ip, "12345678", 8));
	fx_expect_silence(f);
	assert_int_equal(inet_del_protocol(f->net, &a, 253), 0);
	fx_inject(f, frame, fx_build_ip(frame, &ip, "12345678", 8));
	fx_expect(f, &p);
	assert_int_equal(p.icmp->code, ICMP_PROT_UNREACH);
}

static void socket_type_registered_is_found_until_it_goes(void **state)
{
	static const struct proto prot = {
		.name = "TEST", .obj_size = sizeof(struct inet_sock),
	};
	static const struct inet_protosw sw = {
		.type = SOCK_RDM, .protocol = 253, .prot = &prot,
		.ops = &inet_sockraw_ops,
	};
	static const struct inet_protosw steal = {
		.type = SOCK_DGRAM, .protocol = IPPROTO_UDP, .prot = &prot,
		.ops = &inet_sockraw_ops,
	};
	static const struct inet_protosw bad = {
		.type = SOCK_PACKET + 1, .prot = &prot,
		.ops = &inet_sockraw_ops,
	};
	struct fx *f = *state, other;
	struct socket *s;
	char buf[4];

	assert_int_equal(inet_register_protosw(f->net, &steal), -EPERM);
	assert_int_equal(inet_register_protosw(f->net, &bad), -EINVAL);
	assert_int_equal(inet_register_protosw(f->net, &sw), 0);
	s = inet_socket(f->net, AF_INET, SOCK_RDM, 0);
	assert_non_null(s);
	assert_int_equal(sk_get(s, SOL_SOCKET, SO_PROTOCOL), 253);
	/* a transport without calls answers each */
	assert_int_equal(sk_connect(s, SK_PEER, 1), -EOPNOTSUPP);
	assert_int_equal(sk_send(s, "x", 1), -EOPNOTSUPP);
	assert_int_equal(sk_recv(s, buf, 4, 0), -EOPNOTSUPP);
	assert_int_equal(inet_listen(s, 1), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	inet_close(s);
	/* of one stack, not of all */
	fx_open(&other);
	assert_null(inet_socket(other.net, AF_INET, SOCK_RDM, 0));
	fx_close(&other);
	inet_unregister_protosw(f->net, &sw);
	assert_null(inet_socket(f->net, AF_INET, SOCK_RDM, 0));
	assert_int_equal(errno, ESOCKTNOSUPPORT);
	/* forgotten by the application: the stack's end takes it along */
	assert_int_equal(inet_register_protosw(f->net, &sw), 0);
}

/* ---- bind ------------------------------------------------------------- */

static void bind_every_address_is_judged_as_linux(void **state)
{
	static const struct {
		u32 addr;
		int err;
	} cases[] = {
		{ 0, 0 }, { SK_HOST, 0 }, { SK_LOOPBACK, 0 },
		{ SK_LOOPBACK + 5, 0 }, { 0x0a0000ff, 0 },
		{ 0xffffffff, 0 }, { 0xe0000001, 0 },
		{ SK_PEER, -EADDRNOTAVAIL }, { 0xc0000201, -EADDRNOTAVAIL },
	};
	struct fx *f = *state;
	struct socket *s;
	u32 i;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		s = sk_udp(f->net, 0, 0);
		err = sk_bind(s, cases[i].addr, 5000);
		if (err != cases[i].err)
			fail_msg("%08x: %d", cases[i].addr, err);
		inet_close(s);
	}
	/* addresses of others, asked for in each of the three ways */
	for (i = 0; i < 3; i++) {
		s = sk_udp(f->net, 0, 0);
		if (i == 0)
			fx_sysctl(f, "net.ipv4.ip_nonlocal_bind", "1");
		else
			sk_set(s, IPPROTO_IP,
			       i == 1 ? IP_FREEBIND : IP_TRANSPARENT, 1);
		assert_int_equal(sk_bind(s, 0xc0000201, 5000), 0);
		fx_sysctl(f, "net.ipv4.ip_nonlocal_bind", "0");
		inet_close(s);
	}
}

static void bind_malformed_addresses_are_refused(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, 0);
	struct sockaddr_in sin = sk_addr(0, 5000);
	struct sockaddr *sa = (struct sockaddr *)&sin;
	socklen_t len;

	for (len = 0; len < sizeof(sin); len++) {
		assert_int_equal(inet_bind(s, sa, len), -1);
		assert_int_equal(errno, EINVAL);
	}
	sin.sin_family = AF_INET6;
	assert_int_equal(inet_bind(s, sa, sizeof(sin)), -1);
	assert_int_equal(errno, EAFNOSUPPORT);
	/* as Linux: no family will do for the wildcard address */
	sin.sin_family = AF_UNSPEC;
	sin.sin_addr.s_addr = htonl(SK_HOST);
	assert_int_equal(inet_bind(s, sa, sizeof(sin)), -1);
	assert_int_equal(errno, EAFNOSUPPORT);
	sin.sin_addr.s_addr = 0;
	assert_int_equal(inet_bind(s, sa, sizeof(sin)), 0);
	inet_close(s);
}

static void bind_privileged_ports_are_a_knob(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, 1);

	inet_close(s);
	fx_sysctl(f, "net.ipv4.ip_unprivileged_port_start", "1024");
	s = sk_udp(f->net, 0, 0);
	assert_int_equal(sk_bind(s, 0, 1023), -EACCES);
	assert_int_equal(sk_bind(s, 0, 1024), 0);
	inet_close(s);
}

static void bind_without_port_waits_for_connect(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, 0);

	sk_set(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	assert_int_equal(sk_bind(s, SK_HOST, 0), 0);
	assert_int_equal(sk_port(s), 0);
	assert_int_equal(sk_connect(s, SK_PEER, 9), 0);
	assert_int_not_equal(sk_port(s), 0);
	inet_close(s);
}

/* ---- names, shutdown, ioctl ------------------------------------------- */

static void names_are_cut_to_the_room_and_their_length_told(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, 5000);
	struct sockaddr_in sin;
	socklen_t len;
	u8 buf[16];

	len = sizeof(sin);
	assert_int_equal(inet_getpeername(s, (struct sockaddr *)&sin, &len),
			 -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(sk_connect(s, SK_PEER, 77), 0);
	assert_int_equal(inet_getpeername(s, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(sin.sin_addr.s_addr, FX_PEER);
	assert_int_equal(ntohs(sin.sin_port), 77);
	/* connect() has chosen the address to send from */
	assert_int_equal(inet_getsockname(s, (struct sockaddr *)&sin, &len), 0);
	assert_int_equal(sin.sin_addr.s_addr, FX_IP);
	memset(buf, 0xee, sizeof(buf));
	len = 4;
	assert_int_equal(inet_getpeername(s, (struct sockaddr *)buf, &len), 0);
	assert_int_equal(len, sizeof(sin));
	assert_int_equal(buf[3], 77);
	assert_int_equal(buf[4], 0xee);
	inet_close(s);
}

static void shutdown_ends_one_way(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, 5000);
	char buf[4];

	assert_int_equal(inet_shutdown(s, 3), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(inet_shutdown(s, -1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(sk_connect(s, SK_LOOPBACK, 5000), 0);
	assert_int_equal(sk_send(s, "x", 1), 1);
	assert_int_equal(inet_shutdown(s, SHUT_WR), 0);
	assert_int_equal(sk_send(s, "x", 1), -EPIPE);
	assert_int_equal(sk_recv(s, buf, 4, 0), 1);
	assert_int_equal(inet_shutdown(s, SHUT_RD), 0);
	assert_int_equal(sk_recv(s, buf, 4, 0), -EAGAIN);
	assert_int_equal(inet_set_nonblock(s, false), 0);
	assert_int_equal(sk_recv(s, buf, 4, 0), 0);
	inet_close(s);
}

static void ioctl_tells_queues_and_refuses_the_rest(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, 5000);
	struct ifreq ifr = { .ifr_name = "lo" };
	int n = -1;

	assert_int_equal(inet_ioctl(s, FIONREAD, &n), 0);
	assert_int_equal(n, 0);
	sk_sendto(s, "four", 4, SK_LOOPBACK, 5000);
	sk_sendto(s, "second", 6, SK_LOOPBACK, 5000);
	assert_int_equal(inet_ioctl(s, FIONREAD, &n), 0);
	assert_int_equal(n, 4);	/* of the first datagram alone */
	assert_int_equal(inet_ioctl(s, SIOCOUTQ, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(inet_ioctl(s, SIOCGIFADDR, &ifr), -1);
	assert_int_equal(errno, ENOTTY);
	inet_close(s);
}

/* ---- knobs ------------------------------------------------------------ */

static void reserved_ports_text_is_checked_and_normalised(void **state)
{
	static const char *const bad[] = {
		"x", "1,", "1,,2", "65536", "9-8", "1-", "-1", "1 2", "1;2",
		"999999999999",
	};
	static const char name[] = "net.ipv4.ip_local_reserved_ports";
	struct fx *f = *state;
	char value[64];
	u32 i;

	assert_int_equal(inet_sysctl_get(f->net, name, value, 64), 0);
	assert_string_equal(value, "");
	fx_sysctl(f, name, "8080,9000-9002,9003,5-5");
	assert_int_equal(inet_sysctl_get(f->net, name, value, 64), 0);
	assert_string_equal(value, "5,8080,9000-9003");
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(inet_sysctl_set(f->net, name, bad[i]), -1);
		assert_true(strstr(inet_strerror(f->net), "ports") != NULL ||
			    *bad[i] == '\0');
	}
	assert_int_equal(inet_sysctl_get(f->net, name, value, 8), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(inet_sysctl_get(f->net, name, value, 64), 0);
	assert_string_equal(value, "5,8080,9000-9003");
	fx_sysctl(f, name, "");
	assert_int_equal(inet_sysctl_get(f->net, name, value, 64), 0);
	assert_string_equal(value, "");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fx_setup_learned, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(socket_every_type_and_protocol_is_judged_as_linux),
		TEST(socket_call_passes_the_family),
		TEST(list_names_each_protocol_once),
		TEST(protocol_added_twice_or_taken_away_by_another_is_refused),
		TEST(socket_type_registered_is_found_until_it_goes),
		TEST(bind_every_address_is_judged_as_linux),
		TEST(bind_malformed_addresses_are_refused),
		TEST(bind_privileged_ports_are_a_knob),
		TEST(bind_without_port_waits_for_connect),
		TEST(names_are_cut_to_the_room_and_their_length_told),
		TEST(shutdown_ends_one_way),
		TEST(ioctl_tells_queues_and_refuses_the_rest),
		TEST(reserved_ports_text_is_checked_and_normalised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
