/* SPDX-License-Identifier: BSD-2-Clause */
/* Ping sockets: ipv4/ping.c. (ICMP itself is test_icmp.) */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <linux/errqueue.h>

#include "fixture.h"
#include "lib/byteorder.h"
#include "sockets.h"

static struct fx_pkt p;

static struct socket *ping_socket(struct fx *f)
{
	struct socket *s = inet_socket(f->net, AF_INET,
				       SOCK_DGRAM | SOCK_NONBLOCK,
				       IPPROTO_ICMP);

	assert_non_null(s);
	return s;
}

struct echo {
	struct icmphdr h;
	char data[8];
} __attribute__((packed));

static struct echo echo_request(u16 seq)
{
	struct echo e = { .h.type = ICMP_ECHO, .data = "payload" };

	e.h.un.echo.id = 0x1111;	/* replaced by the socket's */
	e.h.un.echo.sequence = cpu_to_be16(seq);
	e.h.checksum = 0x2222;
	return e;
}

/* The peer answers the request @req. */
static void answer(struct fx *f, const struct fx_pkt *req, u8 type)
{
	const struct fx_ip ip = { 0 };
	u8 frame[256];
	u32 rest;

	memcpy(&rest, &req->icmp->un, 4);
	fx_inject(f, frame, fx_build_icmp(frame, &ip, type, 0,
					  be32_to_cpu(rest), req->data,
					  req->data_len));
}

/* @req 1122-3.2.2.6d */
static void request_goes_out_with_our_id_and_the_reply_comes_back(void **state)
{
	struct fx *f = *state;
	struct socket *s = ping_socket(f);
	struct echo e = echo_request(1), r;

	assert_int_equal(sk_sendto(s, &e, sizeof(e), SK_PEER, 0), sizeof(e));
	fx_expect(f, &p);
	assert_non_null(p.icmp);	/* its checksum is right */
	assert_int_equal(p.icmp->type, ICMP_ECHO);
	assert_int_equal(fx_mib_delta(f, MIB_ICMP_OUTMSGS), 1);
	assert_int_equal(fx_mib_delta(f, MIB_ICMP_OUTECHOS), 1);
	assert_int_equal(be16_to_cpu(p.icmp->un.echo.id), sk_port(s));
	assert_int_equal(p.icmp->un.echo.sequence, e.h.un.echo.sequence);
	assert_int_equal(p.data_len, 8);
	assert_memory_equal(p.data, e.data, 8);
	assert_int_equal(sk_recv(s, &r, sizeof(r), 0), -EAGAIN);
	answer(f, &p, ICMP_ECHOREPLY);
	assert_true(sk_poll(s) & POLLIN);
	assert_int_equal(sk_recv(s, &r, sizeof(r), 0), sizeof(r));
	assert_int_equal(r.h.type, ICMP_ECHOREPLY);
	assert_memory_equal(r.data, e.data, 8);
	/* requests of others are not its business */
	answer(f, &p, ICMP_ECHO);
	assert_int_equal(sk_recv(s, &r, sizeof(r), 0), -EAGAIN);
	inet_close(s);
	fx_flush(f);
}

static void reply_with_another_id_is_not_delivered(void **state)
{
	struct fx *f = *state;
	struct socket *s = ping_socket(f);
	struct echo e = echo_request(1);
	const struct fx_ip ip = { 0 };
	u8 frame[128];
	u32 id;

	assert_int_equal(sk_sendto(s, &e, sizeof(e), SK_PEER, 0), sizeof(e));
	fx_expect(f, &p);
	id = sk_port(s) ^ 1u;
	fx_mark(f);
	fx_inject(f, frame, fx_build_icmp(frame, &ip, ICMP_ECHOREPLY, 0,
					  id << 16 | 1, "x", 1));
	fx_assert_dropped(f, SKB_DROP_REASON_NO_SOCKET, 1);
	assert_int_equal(sk_recv(s, &e, sizeof(e), 0), -EAGAIN);
	inet_close(s);
}

/* A router's error about the request @req: @mtu is where a next hop's stands. */
static void complain(struct fx *f, const struct fx_pkt *req, u8 code, u32 mtu)
{
	const struct fx_ip ip = { 0 };
	u8 frame[256];

	fx_inject(f, frame, fx_build_icmp(frame, &ip, ICMP_DEST_UNREACH, code,
					  mtu, (const u8 *)req->ip, 28));
}

/* Of the errors one is about the path. */
static void error_frag_needed_lowers_the_path_mtu(void **state)
{
	struct fx *f = *state;
	struct socket *s = ping_socket(f);
	struct echo e = echo_request(1);

	assert_int_equal(sk_connect(s, SK_PEER, 0), 0);
	assert_int_equal(sk_send(s, &e, sizeof(e)), sizeof(e));
	fx_expect(f, &p);
	complain(f, &p, ICMP_HOST_UNREACH, 1000);
	assert_int_equal(sk_get(s, IPPROTO_IP, IP_MTU), 1500);
	complain(f, &p, ICMP_FRAG_NEEDED, 1000);
	assert_int_equal(sk_get(s, SOL_SOCKET, SO_ERROR), EMSGSIZE);
	sk_send(s, &e, sizeof(e));
	assert_int_equal(sk_get(s, IPPROTO_IP, IP_MTU), 1000);
	inet_close(s);
	fx_flush(f);
}

static void sends_that_are_no_echo_request_are_refused(void **state)
{
	struct fx *f = *state;
	struct socket *s = ping_socket(f);
	struct echo e = echo_request(1);

	assert_int_equal(sk_sendto(s, &e, 7, SK_PEER, 0), -EINVAL);
	assert_int_equal(sk_send(s, &e, sizeof(e)), -EDESTADDRREQ);
	e.h.type = ICMP_ECHOREPLY;
	assert_int_equal(sk_sendto(s, &e, sizeof(e), SK_PEER, 0), -EINVAL);
	e.h.type = ICMP_ECHO;
	e.h.code = 1;
	assert_int_equal(sk_sendto(s, &e, sizeof(e), SK_PEER, 0), -EINVAL);
	fx_expect_silence(f);
	inet_close(s);
}

/* connect(AF_UNSPEC) gives back what connect() chose, as in Linux. */
static void disconnected_socket_has_no_id_until_it_sends(void **state)
{
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	struct fx *f = *state;
	struct socket *s = ping_socket(f), *bound = ping_socket(f);
	struct echo e = echo_request(1), r;

	assert_int_equal(sk_connect(s, SK_PEER, 0), 0);
	assert_int_not_equal(sk_port(s), 0);
	assert_int_equal(inet_connect(s, &unspec, sizeof(unspec)), 0);
	assert_int_equal(sk_port(s), 0);
	assert_int_equal(sk_bind(bound, 0, 77), 0);
	assert_int_equal(sk_connect(bound, SK_PEER, 0), 0);
	assert_int_equal(inet_connect(bound, &unspec, sizeof(unspec)), 0);
	assert_int_equal(sk_port(bound), 77);

	assert_int_equal(sk_sendto(s, &e, sizeof(e), SK_PEER, 0), sizeof(e));
	assert_int_not_equal(sk_port(s), 0);
	fx_expect(f, &p);
	answer(f, &p, ICMP_ECHOREPLY);
	assert_int_equal(sk_recv(s, &r, sizeof(r), 0), sizeof(r));
	inet_close(s);
	inet_close(bound);
}

static void bind_chooses_the_id(void **state)
{
	struct fx *f = *state;
	struct socket *a = ping_socket(f), *b = ping_socket(f);
	struct socket *sharing = ping_socket(f);
	struct echo e = echo_request(1);

	assert_int_equal(sk_bind(a, SK_HOST, 777), 0);
	assert_int_equal(sk_port(a), 777);
	/* as on Linux, who does not ask for an id of its own shares it */
	assert_int_equal(sk_bind(sharing, 0, 777), 0);
	inet_close(sharing);
	assert_int_equal(sk_set(b, SOL_SOCKET, SO_REUSEADDR, 0), 0);
	assert_int_equal(sk_bind(b, 0, 777), -EADDRINUSE);
	assert_int_equal(sk_bind(b, SK_PEER, 0), -EADDRNOTAVAIL);
	assert_int_equal(sk_bind(b, 0x0a0000ff, 0), -EADDRNOTAVAIL);
	assert_int_equal(sk_bind(b, 0, 0), 0);
	assert_int_not_equal(sk_port(b), 777);
	assert_int_equal(sk_bind(b, 0, 0), -EINVAL);
	assert_int_equal(sk_sendto(a, &e, sizeof(e), SK_PEER, 0), sizeof(e));
	fx_expect(f, &p);
	assert_int_equal(be16_to_cpu(p.icmp->un.echo.id), 777);
	inet_close(a);
	inet_close(b);
}

static void loopback_ping_is_answered(void **state)
{
	struct fx *f = *state;
	struct socket *s = ping_socket(f);
	struct echo e = echo_request(9), r;

	assert_int_equal(sk_connect(s, SK_LOOPBACK, 0), 0);
	assert_int_equal(sk_send(s, &e, sizeof(e)), sizeof(e));
	assert_int_equal(sk_recv(s, &r, sizeof(r), 0), sizeof(r));
	assert_int_equal(r.h.type, ICMP_ECHOREPLY);
	assert_int_equal(r.h.un.echo.sequence, e.h.un.echo.sequence);
	inet_close(s);
}

static void error_about_a_request_is_told(void **state)
{
	struct fx *f = *state;
	struct socket *s = ping_socket(f);
	struct echo e = echo_request(77);
	const struct fx_ip ip = { .saddr = FX_STRANGER };
	u8 frame[256];
	struct iovec iov = { &e, sizeof(e) };
	char control[128];
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct sock_extended_err ee;

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_RECVERR, 1), 0);
	assert_int_equal(sk_sendto(s, &e, sizeof(e), SK_PEER, 0), sizeof(e));
	fx_expect(f, &p);
	fx_inject(f, frame, fx_build_icmp(frame, &ip, ICMP_TIME_EXCEEDED, 0, 0,
					  p.ip, p.ip_len));
	assert_int_equal(sk_recv(s, &e, sizeof(e), 0), -EHOSTUNREACH);
	/* what it quotes: the request, by its header, as on Linux */
	memset(&e, 0, sizeof(e));
	assert_int_equal(inet_recvmsg(s, &msg, MSG_ERRQUEUE), sizeof(e));
	assert_int_equal(e.h.type, ICMP_ECHO);
	assert_int_equal(be16_to_cpu(e.h.un.echo.sequence), 77);
	memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ee));
	assert_int_equal(ee.ee_errno, EHOSTUNREACH);
	assert_int_equal(ee.ee_type, ICMP_TIME_EXCEEDED);
	inet_close(s);
}

/* A reply to id 777 at 10.0.0.2. */
static void reply_to_777(struct fx *f)
{
	const struct fx_ip ip = { 0 };
	u8 frame[128];

	fx_inject(f, frame, fx_build_icmp(frame, &ip, ICMP_ECHOREPLY, 0,
					  777 << 16 | 1, "x", 1));
}

/* The id is right, but the socket is another address's, or another device's. */
static void reply_to_another_address_or_device_is_not_delivered(void **state)
{
	struct fx *f = *state;
	struct socket *s = ping_socket(f);
	struct echo r;

	assert_int_equal(sk_bind(s, SK_LOOPBACK, 777), 0);
	reply_to_777(f);
	assert_int_equal(sk_recv(s, &r, sizeof(r), 0), -EAGAIN);
	inet_close(s);
	s = ping_socket(f);
	assert_int_equal(sk_bind(s, SK_HOST, 777), 0);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_BINDTOIFINDEX, 1), 0);
	reply_to_777(f);
	assert_int_equal(sk_recv(s, &r, sizeof(r), 0), -EAGAIN);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_BINDTOIFINDEX,
				inet_netdev_index(f->dev)), 0);
	reply_to_777(f);
	assert_int_equal(sk_recv(s, &r, sizeof(r), 0), 9);
	inet_close(s);
}

/* An error about what this host answered is nobody's, though the id is. */
static void error_about_a_reply_is_not_told(void **state)
{
	const struct fx_ip ip = { 0 };
	struct fx *f = *state;
	struct socket *s = ping_socket(f);
	struct echo e = echo_request(1);
	u8 frame[256], quote[28];

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_RECVERR, 1), 0);
	assert_int_equal(sk_sendto(s, &e, sizeof(e), SK_PEER, 0), sizeof(e));
	fx_expect(f, &p);
	memcpy(quote, p.ip, sizeof(quote));
	quote[20] = ICMP_ECHOREPLY;
	fx_inject(f, frame, fx_build_icmp(frame, &ip, ICMP_DEST_UNREACH,
					  ICMP_HOST_UNREACH, 0, quote,
					  sizeof(quote)));
	assert_int_equal(sk_recv(s, &e, sizeof(e), 0), -EAGAIN);
	inet_close(s);
}

static void sends_out_of_band_or_after_shutdown_are_refused(void **state)
{
	struct fx *f = *state;
	struct socket *s = ping_socket(f);
	struct echo e = echo_request(1);

	assert_int_equal(sk_connect(s, SK_PEER, 0), 0);
	assert_int_equal(inet_send(s, &e, sizeof(e), MSG_OOB), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(inet_shutdown(s, SHUT_WR), 0);
	assert_int_equal(inet_send(s, &e, sizeof(e), MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	fx_expect_silence(f);
	inet_close(s);
}

/* The socket's own address. */
static u32 own_address(struct socket *s)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	assert_int_equal(inet_getsockname(s, (void *)&sin, &len), 0);
	return ntohl(sin.sin_addr.s_addr);
}

/* bind() that fails leaves nothing; what it named stays when the peer is forgotten,
 * but not the device, as on Linux. */
static void address_stays_when_bind_named_it(void **state)
{
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	struct fx *f = *state;
	struct socket *a = ping_socket(f), *b = ping_socket(f);

	assert_int_equal(sk_set(b, SOL_SOCKET, SO_REUSEADDR, 0), 0);
	assert_int_equal(sk_bind(a, SK_HOST, 777), 0);
	assert_int_equal(sk_bind(b, SK_HOST, 777), -EADDRINUSE);
	assert_int_equal(own_address(b), 0);
	assert_int_equal(sk_set(a, SOL_SOCKET, SO_BINDTOIFINDEX,
				inet_netdev_index(f->dev)), 0);
	assert_int_equal(sk_connect(a, SK_PEER, 0), 0);
	assert_int_equal(sk_connect(b, SK_PEER, 0), 0);
	assert_int_equal(own_address(b), SK_HOST);
	assert_int_equal(inet_connect(a, &unspec, sizeof(unspec)), 0);
	assert_int_equal(inet_connect(b, &unspec, sizeof(unspec)), 0);
	assert_int_equal(own_address(a), SK_HOST);
	assert_int_equal(own_address(b), 0);
	assert_int_equal(sk_get(a, SOL_SOCKET, SO_BINDTOIFINDEX), 0);
	inet_close(a);
	inet_close(b);
}

/* IP_PKTINFO says by which device a reply came. */
static void reply_comes_with_its_device(void **state)
{
	struct fx *f = *state;
	struct socket *s = ping_socket(f);
	char control[64], buf[64];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct in_pktinfo info;

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_PKTINFO, 1), 0);
	assert_int_equal(sk_bind(s, 0, 777), 0);
	reply_to_777(f);
	assert_int_equal(inet_recvmsg(s, &msg, 0), 9);
	memcpy(&info, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(info));
	assert_int_equal(info.ipi_ifindex, inet_netdev_index(f->dev));
	assert_int_equal(info.ipi_addr.s_addr, FX_IP);
	inet_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fx_setup_learned, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(request_goes_out_with_our_id_and_the_reply_comes_back),
		TEST(reply_with_another_id_is_not_delivered),
		TEST(error_frag_needed_lowers_the_path_mtu),
		TEST(sends_that_are_no_echo_request_are_refused),
		TEST(disconnected_socket_has_no_id_until_it_sends),
		TEST(bind_chooses_the_id),
		TEST(loopback_ping_is_answered),
		TEST(error_about_a_request_is_told),
		TEST(reply_to_another_address_or_device_is_not_delivered),
		TEST(error_about_a_reply_is_not_told),
		TEST(sends_out_of_band_or_after_shutdown_are_refused),
		TEST(address_stays_when_bind_named_it),
		TEST(reply_comes_with_its_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
