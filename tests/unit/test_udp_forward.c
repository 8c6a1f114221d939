/* SPDX-License-Identifier: BSD-2-Clause */
/* Forwarders of UDP: flows, verdicts, idleness, limits. */
#include "unit.h"

#include <errno.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>

#include "api/verify.h"
#include "forward_lab.h"
#include "ipv4/udp.h"
#include "sockets.h"

#define PORT 53
#define PEER_PORT 40000

/* A datagram of a source port of the peer. */
static void put_from(struct lab *l, __be32 saddr, u16 sport, const char *text)
{
	const struct fx_ip ip = { .saddr = saddr, .daddr = FOREIGN,
				  .proto = IPPROTO_UDP };
	u8 frame[2000];

	fx_inject(&l->f, frame, fx_build_udp(frame, &ip, sport, PORT, text,
					     (u32)strlen(text)));
}

static void put(struct lab *l, const char *text)
{
	put_from(l, FX_PEER, PEER_PORT, text);
}

static void expect_read(struct socket *s, const char *text)
{
	char buf[100];

	assert_int_equal(sk_recv(s, buf, sizeof(buf), MSG_DONTWAIT),
			 strlen(text));
	assert_memory_equal(buf, text, strlen(text));
}

/* ---- requests and verdicts -------------------------------------------- */

static void first_datagram_is_asked_about(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	put(&l, "abc");
	assert_int_equal(l.nr_req, 1);
	assert_int_equal(l.req.protocol, IPPROTO_UDP);
	assert_int_equal(l.req.len, 3);
	assert_int_equal(l.req.src.sin_addr.s_addr, FX_PEER);
	assert_int_equal(ntohs(l.req.src.sin_port), PEER_PORT);
	assert_int_equal(l.req.dst.sin_addr.s_addr, FOREIGN);
	assert_int_equal(ntohs(l.req.dst.sin_port), PORT);
	put(&l, "def");
	assert_int_equal(l.nr_req, 1);
	assert_int_equal(lab_stats(&l).absorbed, 1);
	fx_assert_dropped(&l.f, SKB_DROP_REASON_FORWARD_HELD, 1);
	fx_expect_silence(&l.f);
	lab_close(&l);
}

/* What was held is read first, then what came behind; answers have the address
 * that was asked. */
static void accepted_flow_talks(struct lab *l)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	assert_int_equal(lab_stats(l).open, 1);
	assert_int_equal(sk_poll(l->s), POLLIN | POLLOUT);
	assert_int_equal(inet_getsockname(l->s, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(a.sin_addr.s_addr, FOREIGN);
	assert_int_equal(ntohs(a.sin_port), PORT);
	assert_int_equal(inet_getpeername(l->s, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(ntohs(a.sin_port), PEER_PORT);
	put(l, "two");
	expect_read(l->s, "one");
	expect_read(l->s, "two");
	assert_int_equal(sk_send(l->s, "three", 5), 5);
	fx_run(&l->f);
	fx_expect(&l->f, &l->p);
	assert_non_null(l->p.udp);
	assert_int_equal(l->p.ip->saddr, FOREIGN);
	assert_int_equal(l->p.ip->daddr, FX_PEER);
	assert_int_equal(ntohs(l->p.udp->source), PORT);
	assert_int_equal(ntohs(l->p.udp->dest), PEER_PORT);
	assert_int_equal(l->p.data_len, 5);
	assert_int_equal(l->nr_req, 1);
	net_verify(l->f.net);
	udp_verify(l->f.net);
}

static void accept_in_the_callback_opens(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	l.decide = lab_accept;
	put(&l, "one");
	accepted_flow_talks(&l);
	lab_close(&l);
}

static void accept_later_opens(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	put(&l, "one");
	fx_advance(&l.f, FX_SEC);
	l.s = inet_forward_accept(l.fwd, l.req.id, 0);
	assert_non_null(l.s);
	accepted_flow_talks(&l);
	assert_null(inet_forward_accept(l.fwd, l.req.id, 0));
	assert_int_equal(errno, ENOENT);
	lab_close(&l);
}

/* Two flows to one address are two sockets; a port of theirs is free for others. */
static void flows_of_one_address_are_apart(void **state)
{
	struct socket *first, *own;
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	l.decide = lab_accept;
	put(&l, "one");
	first = l.s;
	put_from(&l, FX_PEER, PEER_PORT + 1, "two");
	assert_int_equal(l.nr_req, 2);
	put(&l, "more");
	expect_read(first, "one");
	expect_read(first, "more");
	expect_read(l.s, "two");
	own = sk_udp(l.f.net, 0, PORT);
	assert_non_null(own);
	put_from(&l, FX_PEER, PEER_PORT + 2, "three");	/* not for 0.0.0.0 */
	assert_int_equal(l.nr_req, 3);
	inet_close(own);
	inet_close(first);
	first = NULL;
	lab_close(&l);
}

static void transparent_socket_is_asked_first(void **state)
{
	struct socket *s;
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	s = inet_socket(l.f.net, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_TRANSPARENT, 1), 0);
	assert_int_equal(sk_bind(s, 0, PORT), 0);
	put(&l, "one");
	assert_int_equal(l.nr_req, 0);
	expect_read(s, "one");
	inet_close(s);
	lab_close(&l);
}

/* Datagrams that arrive together are one packet: none is lost, and each is read by
 * itself. */
static void merged_datagrams_are_one_request(void **state)
{
	struct fx_ip ip = { .daddr = FOREIGN, .proto = IPPROTO_UDP };
	struct socket *merger;
	char text[700], buf[3000];
	u8 frame[1000];
	struct lab l;
	int i;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	assert_int_equal(dev_set_feature(l.f.dev, "gro", true), 0);
	merger = sk_udp(l.f.net, 0, PORT);	/* which GRO asks for */
	assert_int_equal(sk_set(merger, IPPROTO_UDP, UDP_GRO, 1), 0);
	for (i = 0; i < 3; i++) {
		memset(text, 'a' + i, sizeof(text));
		ip.id = (u16)(1 + i);
		fx_queue(&l.f, l.f.dev, frame,
			 fx_build_udp(frame, &ip, PEER_PORT, PORT, text,
				      sizeof(text)));
	}
	fx_run(&l.f);
	assert_int_equal(l.nr_req, 1);
	assert_int_equal(l.req.len, 3 * sizeof(text));
	lab_accept(&l);
	for (i = 0; i < 3; i++) {
		memset(text, 'a' + i, sizeof(text));
		assert_int_equal(sk_recv(l.s, buf, sizeof(buf), MSG_DONTWAIT),
				 sizeof(text));
		assert_memory_equal(buf, text, sizeof(text));
	}
	inet_close(merger);
	lab_close(&l);
}

static void reject_by_icmp_is_port_unreachable(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	put(&l, "one");
	assert_int_equal(inet_forward_reset(l.fwd, l.req.id), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(inet_forward_unreachable(l.fwd, l.req.id,
						  ICMP_PORT_UNREACH), 0);
	fx_run(&l.f);
	fx_expect(&l.f, &l.p);
	assert_non_null(l.p.icmp);
	assert_int_equal(l.p.ip->saddr, FOREIGN);
	assert_int_equal(l.p.icmp->code, ICMP_PORT_UNREACH);
	assert_memory_equal(l.p.data + 28, "one", 3);
	assert_int_equal(lab_stats(&l).rejected, 1);
	put(&l, "two");
	assert_int_equal(inet_forward_drop(l.fwd, l.req.id), 0);
	fx_expect_silence(&l.f);
	assert_int_equal(lab_stats(&l).dropped, 1);
	lab_close(&l);
}

static void request_expires(void **state)
{
	struct inet_forward_options o = lab_options();
	struct lab l;

	(void)state;
	o.hold_ms = 500;
	lab_open(&l, IPPROTO_UDP, &o);
	put(&l, "one");
	fx_advance(&l.f, FX_SEC);
	assert_int_equal(lab_stats(&l).expired, 1);
	assert_null(inet_forward_accept(l.fwd, l.req.id, 0));
	assert_int_equal(errno, ENOENT);
	put(&l, "two");
	assert_int_equal(l.nr_req, 2);
	lab_close(&l);
}

static void bad_checksum_is_not_asked_about(void **state)
{
	const struct fx_ip ip = { .daddr = FOREIGN, .proto = IPPROTO_UDP };
	struct lab l;
	u8 frame[200];
	u32 len;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	len = fx_build_udp(frame, &ip, PEER_PORT, PORT, "abcd", 4);
	frame[len - 1] ^= 1;
	fx_inject(&l.f, frame, len);
	fx_assert_dropped(&l.f, SKB_DROP_REASON_UDP_CSUM, 1);
	assert_int_equal(l.nr_req, 0);
	lab_close(&l);
}

/* Nobody can answer to port 0, nor have it. */
static void port_0_is_not_asked_about(void **state)
{
	const struct fx_ip ip = { .daddr = FOREIGN, .proto = IPPROTO_UDP };
	struct lab l;
	u8 frame[128];

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	fx_inject(&l.f, frame, fx_build_udp(frame, &ip, 0, PORT, "x", 1));
	fx_assert_dropped(&l.f, SKB_DROP_REASON_NO_SOCKET, 1);
	fx_inject(&l.f, frame, fx_build_udp(frame, &ip, PEER_PORT, 0, "x", 1));
	fx_assert_dropped(&l.f, SKB_DROP_REASON_NO_SOCKET, 1);
	assert_int_equal(l.nr_req, 0);
	fx_flush(&l.f);
	lab_close(&l);
}

static void own_is_refused(void **state)
{
	struct inet_forward_options o = lab_options();
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	o.own = true;
	assert_null(inet_udp_forwarder(l.f.net, &o, lab_asked, NULL));
	assert_int_equal(errno, EOPNOTSUPP);
	assert_null(inet_udp_forwarder(l.f.net, NULL, lab_asked, NULL));
	assert_int_equal(errno, EEXIST);
	assert_null(inet_udp_forwarder(l.f.net, NULL, NULL, NULL));
	assert_int_equal(errno, EINVAL);
	lab_close(&l);
}

/* ---- ends ------------------------------------------------------------- */

static void idle_flow_times_out(void **state)
{
	struct inet_forward_options o = lab_options();
	struct lab l;

	(void)state;
	o.idle_ms = 2000;
	lab_open(&l, IPPROTO_UDP, &o);
	l.decide = lab_accept;
	put(&l, "one");
	expect_read(l.s, "one");
	fx_advance(&l.f, 1500 * FX_MS);
	put(&l, "two");				/* used: two more seconds */
	expect_read(l.s, "two");
	fx_advance(&l.f, 1500 * FX_MS);
	assert_int_equal(sk_send(l.s, "x", 1), 1);
	fx_advance(&l.f, 1500 * FX_MS);
	assert_int_equal(lab_stats(&l).open, 1);
	fx_advance(&l.f, 600 * FX_MS);
	assert_int_equal(lab_stats(&l).open, 0);
	assert_int_equal(lab_stats(&l).idle, 1);
	assert_true(sk_poll(l.s) & POLLHUP);
	assert_int_equal(sk_get(l.s, SOL_SOCKET, SO_ERROR), ETIMEDOUT);
	assert_int_equal(sk_send(l.s, "x", 1), -EPIPE);
	inet_close(l.s);
	fx_flush(&l.f);
	put(&l, "three");			/* a flow of its own */
	assert_int_equal(l.nr_req, 2);
	expect_read(l.s, "three");
	lab_close(&l);
}

/* Closed late: the flow that took the place of the idle one stays. */
static void idle_socket_closed_late_ends_nothing(void **state)
{
	struct inet_forward_options o = lab_options();
	struct socket *old;
	struct lab l;

	(void)state;
	o.idle_ms = 100;
	lab_open(&l, IPPROTO_UDP, &o);
	l.decide = lab_accept;
	put(&l, "one");
	old = l.s;
	fx_advance(&l.f, FX_SEC);
	put(&l, "two");
	assert_int_equal(l.nr_req, 2);
	inet_close(old);
	assert_int_equal(lab_stats(&l).open, 1);
	put(&l, "three");
	expect_read(l.s, "two");
	expect_read(l.s, "three");
	lab_close(&l);
}

/* Nor the request that the peer has made meanwhile. */
static void idle_socket_closed_late_ends_no_request(void **state)
{
	struct inet_forward_options o = lab_options();
	struct lab l;

	(void)state;
	o.idle_ms = 100;
	lab_open(&l, IPPROTO_UDP, &o);
	l.decide = lab_accept;
	put(&l, "one");
	fx_advance(&l.f, FX_SEC);
	l.decide = NULL;
	put(&l, "two");
	assert_int_equal(l.nr_req, 2);
	inet_close(l.s);
	assert_int_equal(lab_stats(&l).held, 1);
	lab_accept(&l);
	expect_read(l.s, "two");
	lab_close(&l);
}

static void closed_flow_begins_anew(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	l.decide = lab_accept;
	put(&l, "one");
	inet_close(l.s);
	assert_int_equal(lab_stats(&l).open, 0);
	put(&l, "two");
	assert_int_equal(l.nr_req, 2);
	expect_read(l.s, "two");
	lab_close(&l);
}

/* The forwarder goes, its sockets stay; then the stack goes. */
static void destroyed_forwarder_leaves_sockets(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	l.decide = lab_accept;
	put(&l, "one");
	l.decide = NULL;
	put_from(&l, FX_PEER, 5, "two");
	inet_forwarder_destroy(l.fwd);
	expect_read(l.s, "one");
	assert_int_equal(sk_send(l.s, "x", 1), 1);
	fx_run(&l.f);
	fx_expect(&l.f, &l.p);
	assert_int_equal(l.p.ip->saddr, FOREIGN);
	fx_mark(&l.f);
	put(&l, "three");
	fx_assert_dropped(&l.f, SKB_DROP_REASON_IP_INADDRERRORS, 1);
	inet_close(l.s);
	fx_close(&l.f);
}

static void destroyed_stack_ends_its_forwarders(void **state)
{
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	l.decide = lab_accept;
	put(&l, "one");
	l.decide = NULL;
	put_from(&l, FX_PEER, 5, "two");
	inet_close(l.s);
	fx_close(&l.f);
}

static void icmp_error_comes_to_the_flow(void **state)
{
	const struct fx_ip ip = { .daddr = FOREIGN, .proto = IPPROTO_ICMP };
	struct lab l;
	u8 frame[256];

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	l.decide = lab_accept;
	put(&l, "one");
	assert_int_equal(sk_send(l.s, "x", 1), 1);
	fx_run(&l.f);
	fx_expect(&l.f, &l.p);
	fx_inject(&l.f, frame, fx_build_icmp(frame, &ip, ICMP_DEST_UNREACH,
					     ICMP_PORT_UNREACH, 0, l.p.ip,
					     l.p.ip_len));
	assert_int_equal(sk_get(l.s, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	/* a narrow path is learned */
	assert_int_equal(sk_get(l.s, IPPROTO_IP, IP_MTU), 1500);
	fx_inject(&l.f, frame, fx_build_icmp(frame, &ip, ICMP_DEST_UNREACH,
					     ICMP_FRAG_NEEDED, 900, l.p.ip,
					     l.p.ip_len));
	assert_int_equal(sk_get(l.s, IPPROTO_IP, IP_MTU), 900);
	assert_int_equal(sk_get(l.s, SOL_SOCKET, SO_ERROR), EMSGSIZE);
	/* about what somebody else sent: nobody's */
	fx_mark(&l.f);
	((struct iphdr *)(uintptr_t)l.p.ip)->saddr = FX_ADDR(203, 0, 113, 8);
	fx_inject(&l.f, frame, fx_build_icmp(frame, &ip, ICMP_DEST_UNREACH,
					     ICMP_PORT_UNREACH, 0, l.p.ip,
					     l.p.ip_len));
	fx_assert_dropped(&l.f, SKB_DROP_REASON_ICMP_NOSOCK, 1);
	lab_close(&l);
}

/* The gateway knows a better one for who asked. */
static void redirect_comes_to_the_flow(void **state)
{
	const struct fx_ip ip = { .daddr = FOREIGN, .proto = IPPROTO_ICMP };
	struct lab l;
	u8 frame[256];

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	l.decide = lab_accept;
	fx_sysctl(&l.f, "net.ipv4.conf.all.accept_redirects", "1");
	assert_int_equal(inet_route_add(l.f.net, "default via 10.0.0.1"), 0);
	fx_arp_reply(&l.f, FX_STRANGER, fx_stranger_mac);
	put_from(&l, FX_ADDR(192, 0, 2, 1), PEER_PORT, "one");
	assert_int_equal(sk_send(l.s, "x", 1), 1);
	fx_run(&l.f);
	fx_expect(&l.f, &l.p);
	assert_memory_equal(l.p.eth->h_dest, fx_peer_mac, ETH_ALEN);
	fx_inject(&l.f, frame, fx_build_icmp(frame, &ip, ICMP_REDIRECT,
					     ICMP_REDIR_HOST,
					     be32_to_cpu(FX_STRANGER),
					     l.p.ip, l.p.ip_len));
	assert_int_equal(sk_send(l.s, "y", 1), 1);
	fx_run(&l.f);
	fx_expect(&l.f, &l.p);			/* who has 10.0.0.9? */
	assert_int_equal(l.p.proto, ETH_P_ARP);
	assert_int_equal(l.p.arp.tip, FX_STRANGER);
	fx_flush(&l.f);
	lab_close(&l);
}

/* ---- limits ----------------------------------------------------------- */

static void flows_are_bounded(void **state)
{
	struct inet_forward_options o = lab_options();
	struct socket *s[6];
	struct lab l;
	u16 i;

	(void)state;
	o.max_flows = 9;			/* six of one source */
	lab_open(&l, IPPROTO_UDP, &o);
	l.decide = lab_accept;
	for (i = 0; i < 6; i++) {
		put_from(&l, FX_PEER, (u16)(100 + i), "one");
		s[i] = l.s;
	}
	fx_mark(&l.f);
	put_from(&l, FX_PEER, 200, "one");
	fx_assert_dropped(&l.f, SKB_DROP_REASON_FORWARD_FULL, 1);
	assert_int_equal(l.nr_req, 6);
	inet_close(s[0]);
	put_from(&l, FX_PEER, 200, "one");
	assert_int_equal(l.nr_req, 7);
	for (i = 1; i < 6; i++)
		inet_close(s[i]);
	lab_close(&l);
}

/* What is held is bounded in octets, too. */
static void held_datagrams_are_bounded(void **state)
{
	struct lab l;
	size_t before, most = 0;
	char text[1400];
	u32 i;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	lab_open(&l, IPPROTO_UDP, NULL);
	before = l.f.live;
	for (i = 0; i < 8000; i++) {
		put_from(&l, FX_ADDR(20 + i % 7, i >> 8, i, 9),
			 (u16)(1 + i % 60000), text);
		most = max(most, l.f.live);
	}
	assert_true(lab_stats(&l).full > 0 && l.nr_req < 1000 && l.nr_req > 100);
	assert_true(most - before < 3 << 20);
	fx_advance(&l.f, 11 * FX_SEC);
	assert_int_equal(lab_stats(&l).held, 0);
	put(&l, "one");
	assert_int_equal(lab_stats(&l).held, 1);
	lab_close(&l);
}

/* Not all of them are one source's. */
static void held_datagrams_of_a_source_are_bounded(void **state)
{
	struct lab l;
	char text[1400];
	u32 i, asked;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	lab_open(&l, IPPROTO_UDP, NULL);
	for (i = 0; i < 2000; i++)
		put_from(&l, FX_STRANGER, (u16)(1 + i), text);
	asked = l.nr_req;
	assert_true(lab_stats(&l).full > 0 && asked > 100);
	put_from(&l, FX_PEER, PEER_PORT, text);
	assert_int_equal(l.nr_req, asked + 1);
	inet_forward_drop(l.fwd, l.req.id);
	fx_advance(&l.f, 11 * FX_SEC);		/* it has its share again */
	put_from(&l, FX_STRANGER, 1, text);
	assert_int_equal(l.nr_req, asked + 2);
	lab_close(&l);
}

/* ---- pings ------------------------------------------------------------ */

static u32 ping(struct lab *l, __be32 daddr)
{
	const struct fx_ip ip = { .daddr = daddr, .proto = IPPROTO_ICMP };
	u8 frame[128];

	fx_inject(&l->f, frame,
		  fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 1, "abcd", 4));
	return l->f.nr_sent;
}

static void foreign_ping_is_answered_with_echo(void **state)
{
	struct inet_forward_options o = lab_options();
	struct lab l;

	(void)state;
	lab_open(&l, IPPROTO_UDP, NULL);
	assert_int_equal(ping(&l, FX_IP), 1);
	fx_flush(&l.f);
	fx_mark(&l.f);
	assert_int_equal(ping(&l, FOREIGN), 0);
	fx_assert_dropped(&l.f, SKB_DROP_REASON_ICMP_TYPE, 1);
	lab_close(&l);
	o.echo = true;
	lab_open(&l, IPPROTO_UDP, &o);
	assert_int_equal(ping(&l, FOREIGN), 1);
	fx_expect(&l.f, &l.p);
	assert_int_equal(l.p.ip->saddr, FOREIGN);
	assert_int_equal(l.p.icmp->type, ICMP_ECHOREPLY);
	lab_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_datagram_is_asked_about),
		cmocka_unit_test(accept_in_the_callback_opens),
		cmocka_unit_test(accept_later_opens),
		cmocka_unit_test(flows_of_one_address_are_apart),
		cmocka_unit_test(transparent_socket_is_asked_first),
		cmocka_unit_test(merged_datagrams_are_one_request),
		cmocka_unit_test(reject_by_icmp_is_port_unreachable),
		cmocka_unit_test(request_expires),
		cmocka_unit_test(bad_checksum_is_not_asked_about),
		cmocka_unit_test(port_0_is_not_asked_about),
		cmocka_unit_test(own_is_refused),
		cmocka_unit_test(idle_flow_times_out),
		cmocka_unit_test(idle_socket_closed_late_ends_nothing),
		cmocka_unit_test(idle_socket_closed_late_ends_no_request),
		cmocka_unit_test(closed_flow_begins_anew),
		cmocka_unit_test(destroyed_forwarder_leaves_sockets),
		cmocka_unit_test(destroyed_stack_ends_its_forwarders),
		cmocka_unit_test(icmp_error_comes_to_the_flow),
		cmocka_unit_test(redirect_comes_to_the_flow),
		cmocka_unit_test(flows_are_bounded),
		cmocka_unit_test(held_datagrams_are_bounded),
		cmocka_unit_test(held_datagrams_of_a_source_are_bounded),
		cmocka_unit_test(foreign_ping_is_answered_with_echo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
