/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ICMP errors and what a datagram socket hears of them: ipv4/errqueue.c and
 * ip4_datagram_tell_err().
 */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <linux/errqueue.h>

#include "fixture.h"
#include "lib/byteorder.h"
#include "sockets.h"

#define PORT 5000
#define PEER_PORT 53

/* An ICMP error from @from that quotes the datagram @p as far as @quote. */
static void answer_error(struct fx *f, const struct fx_pkt *p, __be32 from,
			 const u8 tcr[3], u32 quote)
{
	const struct fx_ip ip = { .saddr = from };
	u8 frame[2048];

	fx_inject(f, frame, fx_build_icmp(frame, &ip, tcr[0], tcr[1],
					  (u32)tcr[2] * 100, p->ip,
					  quote < p->ip_len ? quote :
							      p->ip_len));
}

static const u8 port_unreach[3] = { ICMP_DEST_UNREACH, ICMP_PORT_UNREACH };
static const u8 host_unreach[3] = { ICMP_DEST_UNREACH, ICMP_HOST_UNREACH };
static const u8 ttl_exceeded[3] = { ICMP_TIME_EXCEEDED, ICMP_EXC_TTL };
static const u8 quench[3] = { ICMP_SOURCE_QUENCH, 0 };
static const u8 param_problem[3] = { ICMP_PARAMETERPROB, 0 };

/* One entry of the error queue, taken apart. */
struct err {
	int len;		/* or -errno */
	char data[64];
	struct sockaddr_in dest;
	struct sock_extended_err ee;
	struct sockaddr_in offender;
	int flags;
};

static struct err read_error(struct socket *s)
{
	struct err e = { 0 };
	struct iovec iov = { e.data, sizeof(e.data) };
	char control[256];
	struct msghdr msg = {
		.msg_name = &e.dest, .msg_namelen = sizeof(e.dest),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;

	e.len = (int)inet_recvmsg(s, &msg, MSG_ERRQUEUE);
	if (e.len < 0) {
		e.len = -errno;
		return e;
	}
	e.flags = msg.msg_flags;
	c = CMSG_FIRSTHDR(&msg);
	assert_non_null(c);
	assert_int_equal(c->cmsg_level, IPPROTO_IP);
	assert_int_equal(c->cmsg_type, IP_RECVERR);
	assert_int_equal(c->cmsg_len, CMSG_LEN(sizeof(e.ee) +
					       sizeof(e.offender)));
	memcpy(&e.ee, CMSG_DATA(c), sizeof(e.ee));
	memcpy(&e.offender, CMSG_DATA(c) + sizeof(e.ee), sizeof(e.offender));
	return e;
}

/* Sends "query" to the peer and takes the frame. */
static void send_query(struct fx *f, struct socket *s, struct fx_pkt *p)
{
	assert_int_equal(sk_sendto(s, "query", 5, SK_PEER, PEER_PORT), 5);
	fx_expect(f, p);
	assert_non_null(p->udp);
}

/* ---- without IP_RECVERR ----------------------------------------------- */

/* @req 1122-4.1.3.3 */
static void connected_hard_error_is_told_once(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static struct fx_pkt p;
	char buf[8];

	assert_int_equal(sk_connect(s, SK_PEER, PEER_PORT), 0);
	send_query(f, s, &p);
	answer_error(f, &p, FX_PEER, port_unreach, 28);
	assert_true(sk_poll(s) & POLLERR);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -ECONNREFUSED);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	assert_int_equal(sk_get(s, SOL_SOCKET, SO_ERROR), 0);
	/* the sender hears it too */
	answer_error(f, &p, FX_PEER, port_unreach, 28);
	assert_int_equal(sk_send(s, "x", 1), -ECONNREFUSED);
	assert_int_equal(sk_send(s, "x", 1), 1);
	/* and SO_ERROR */
	answer_error(f, &p, FX_PEER, param_problem, 28);
	assert_int_equal(sk_get(s, SOL_SOCKET, SO_ERROR), EPROTO);
	inet_close(s);
}

static void connected_soft_error_is_not_told(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static struct fx_pkt p;
	char buf[8];

	assert_int_equal(sk_connect(s, SK_PEER, PEER_PORT), 0);
	send_query(f, s, &p);
	answer_error(f, &p, FX_PEER, host_unreach, 28);
	answer_error(f, &p, FX_PEER, ttl_exceeded, 28);
	answer_error(f, &p, FX_PEER, quench, 28);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	assert_false(sk_poll(s) & POLLERR);
	inet_close(s);
}

static void unconnected_hard_error_is_not_told(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static struct fx_pkt p;
	char buf[8];

	send_query(f, s, &p);
	answer_error(f, &p, FX_PEER, port_unreach, 28);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	assert_int_equal(sk_send(s, "x", 1), -EDESTADDRREQ);
	inet_close(s);
}

/* An error that does not quote this flow, whoever made it up. */
static void connected_error_about_another_flow_is_ignored(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static struct fx_pkt p, lie;
	u8 *quote;
	u32 i;
	/* offsets in IP header and UDP header: our address, the peer's, our
	 * port, the peer's, the protocol */
	static const u32 at[] = { 15, 19, 21, 23, 9 };
	char buf[8];

	assert_int_equal(sk_connect(s, SK_PEER, PEER_PORT), 0);
	send_query(f, s, &p);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		lie = p;
		lie.ip = (const struct iphdr *)(lie.frame +
						((const u8 *)p.ip - p.frame));
		quote = (u8 *)(uintptr_t)lie.ip;
		quote[at[i]] ^= 3;
		ip_send_check((struct iphdr *)quote);
		answer_error(f, &lie, FX_STRANGER, port_unreach, 28);
		assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	}
	/* @attack C2: too little of it */
	for (i = 0; i < 28; i++) {
		answer_error(f, &p, FX_PEER, port_unreach, i);
		assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	}
	inet_close(s);
}

/* ---- IP_RECVERR ------------------------------------------------------- */

/* @req 1122-4.1.3.3 */
static void recverr_error_carries_payload_destination_offender(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static struct fx_pkt p;
	struct err e;

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_RECVERR, 1), 0);
	send_query(f, s, &p);
	answer_error(f, &p, FX_STRANGER, host_unreach, 200);
	assert_true(sk_poll(s) & POLLERR);
	e = read_error(s);
	assert_int_equal(e.len, 5);
	assert_memory_equal(e.data, "query", 5);
	assert_true(e.flags & MSG_ERRQUEUE);
	assert_int_equal(e.dest.sin_addr.s_addr, FX_PEER);
	assert_int_equal(ntohs(e.dest.sin_port), PEER_PORT);
	assert_int_equal(e.ee.ee_errno, EHOSTUNREACH);
	assert_int_equal(e.ee.ee_origin, SO_EE_ORIGIN_ICMP);
	assert_int_equal(e.ee.ee_type, ICMP_DEST_UNREACH);
	assert_int_equal(e.ee.ee_code, ICMP_HOST_UNREACH);
	assert_int_equal(e.ee.ee_info, 0);
	assert_int_equal(e.offender.sin_addr.s_addr, FX_STRANGER);
	e = read_error(s);
	assert_int_equal(e.len, -EAGAIN);
	assert_int_equal(sk_get(s, SOL_SOCKET, SO_ERROR), 0);
	inet_close(s);
}

static void recverr_quote_of_eight_bytes_has_no_payload(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static struct fx_pkt p;
	struct err e;

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_RECVERR, 1), 0);
	send_query(f, s, &p);
	answer_error(f, &p, FX_PEER, port_unreach, 28);
	e = read_error(s);
	assert_int_equal(e.len, 0);
	assert_int_equal(e.ee.ee_errno, ECONNREFUSED);
	inet_close(s);
}

static void recverr_errors_are_told_in_order(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static struct fx_pkt p;
	char buf[8];

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_RECVERR, 1), 0);
	send_query(f, s, &p);
	answer_error(f, &p, FX_PEER, port_unreach, 28);
	answer_error(f, &p, FX_PEER, ttl_exceeded, 28);
	assert_int_equal(read_error(s).ee.ee_errno, ECONNREFUSED);
	/* the next one is pending now */
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EHOSTUNREACH);
	assert_int_equal(read_error(s).ee.ee_errno, EHOSTUNREACH);
	assert_int_equal(read_error(s).len, -EAGAIN);
	inet_close(s);
}

static void recverr_turned_off_forgets_the_queue(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static struct fx_pkt p;

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_RECVERR, 1), 0);
	send_query(f, s, &p);
	answer_error(f, &p, FX_PEER, port_unreach, 28);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_RECVERR, 0), 0);
	assert_int_equal(read_error(s).len, -EAGAIN);
	inet_close(s);
}

static void recverr_flood_is_bounded_by_the_buffer(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static struct fx_pkt p;
	u32 i, n;

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_RECVERR, 1), 0);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_RCVBUF, 8192), 0);
	send_query(f, s, &p);
	for (i = 0; i < 5000; i++)
		answer_error(f, &p, FX_PEER, port_unreach, 28);
	for (n = 0; read_error(s).len >= 0; n++)
		;
	assert_in_range(n, 1, 64);
	inet_close(s);
}

/* ---- path MTU --------------------------------------------------------- */

static void frag_needed_is_emsgsize_with_the_mtu(void **state)
{
	static const u8 needed[3] = { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 10 };
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static struct fx_pkt p;
	static char big[2000];
	struct err e;

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_RECVERR, 1), 0);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_MTU_DISCOVER,
				IP_PMTUDISC_DO), 0);
	assert_int_equal(sk_connect(s, SK_PEER, PEER_PORT), 0);
	assert_int_equal(sk_get(s, IPPROTO_IP, IP_MTU), 1500);
	assert_int_equal(sk_send(s, big, 1400), 1400);
	fx_expect(f, &p);
	assert_true(be16_to_cpu(p.ip->frag_off) & IP_DF);
	answer_error(f, &p, FX_PEER, needed, 28);
	e = read_error(s);
	assert_int_equal(e.ee.ee_errno, EMSGSIZE);
	assert_int_equal(e.ee.ee_info, 1000);
	assert_int_equal(sk_get(s, IPPROTO_IP, IP_MTU), 1000);
	/* from now on it does not even leave */
	assert_int_equal(sk_send(s, big, 1400), -EMSGSIZE);
	e = read_error(s);
	assert_int_equal(e.ee.ee_origin, SO_EE_ORIGIN_LOCAL);
	assert_int_equal(e.ee.ee_info, 1000);
	assert_int_equal(sk_send(s, big, 972), 972);
	inet_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fx_setup_learned, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(connected_hard_error_is_told_once),
		TEST(connected_soft_error_is_not_told),
		TEST(unconnected_hard_error_is_not_told),
		TEST(connected_error_about_another_flow_is_ignored),
		TEST(recverr_error_carries_payload_destination_offender),
		TEST(recverr_quote_of_eight_bytes_has_no_payload),
		TEST(recverr_errors_are_told_in_order),
		TEST(recverr_turned_off_forgets_the_queue),
		TEST(recverr_flood_is_bounded_by_the_buffer),
		TEST(frag_needed_is_emsgsize_with_the_mtu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
