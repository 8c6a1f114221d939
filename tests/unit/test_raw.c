/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw sockets: ipv4/raw.c. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <linux/errqueue.h>

#include <inet/netfilter.h>

#include "fixture.h"
#include "lib/byteorder.h"
#include "sides.h"
#include "sockets.h"

#define PROTO 253		/* for experiments, RFC 3692 */

static struct fx_pkt p;

static struct socket *raw_socket(struct fx *f, int protocol)
{
	struct socket *s = inet_socket(f->net, AF_INET,
				       SOCK_RAW | SOCK_NONBLOCK, protocol);

	assert_non_null(s);
	return s;
}

static struct fx *stack;		/* of add_icmp_msgs() */

/* "hello" as the payload of @proto from @saddr (0: the peer). */
static void inject(struct fx *f, __be32 saddr, u8 proto)
{
	const struct fx_ip ip = { .saddr = saddr, .proto = proto };
	u8 frame[128];

	fx_inject(f, frame, fx_build_ip(frame, &ip, "hello", 5));
}

static void packet_is_read_with_its_header(void **state)
{
	struct fx *f = *state;
	struct socket *s = raw_socket(f, PROTO), *other = raw_socket(f, 254);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	u8 buf[64];

	inject(f, 0, PROTO);
	assert_int_equal(inet_recvfrom(s, buf, sizeof(buf), 0,
				       (struct sockaddr *)&from, &len), 25);
	assert_int_equal(buf[0], 0x45);
	assert_int_equal(buf[9], PROTO);
	assert_memory_equal(buf + 20, "hello", 5);
	assert_int_equal(from.sin_addr.s_addr, FX_PEER);
	assert_int_equal(from.sin_port, 0);
	assert_int_equal(sk_recv(other, buf, sizeof(buf), 0), -EAGAIN);
	/* somebody takes the protocol: no protocol unreachable */
	fx_expect_silence(f);
	inet_close(s);
	inet_close(other);
	inject(f, 0, PROTO);
	fx_expect(f, &p);
	assert_int_equal(p.icmp->code, ICMP_PROT_UNREACH);
}

static void packet_reaches_every_raw_socket_and_the_protocol(void **state)
{
	struct fx *f = *state;
	struct socket *a = raw_socket(f, IPPROTO_UDP);
	struct socket *b = raw_socket(f, IPPROTO_UDP);
	struct socket *u = sk_udp(f->net, 0, 7);
	const struct fx_ip ip = { 0 };
	u8 frame[128], buf[64];

	fx_inject(f, frame, fx_build_udp(frame, &ip, 9, 7, "abc", 3));
	assert_int_equal(sk_recv(a, buf, sizeof(buf), 0), 31);
	assert_int_equal(sk_recv(b, buf, sizeof(buf), 0), 31);
	assert_memory_equal(buf + 28, "abc", 3);
	assert_int_equal(sk_recv(u, buf, sizeof(buf), 0), 3);
	inet_close(a);
	inet_close(b);
	inet_close(u);
}

static void bound_and_connected_socket_hears_its_peer_only(void **state)
{
	struct fx *f = *state;
	struct socket *s = raw_socket(f, PROTO);
	u8 buf[64];

	assert_int_equal(sk_bind(s, SK_LOOPBACK, 0), 0);
	inject(f, 0, PROTO);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	assert_int_equal(sk_bind(s, SK_HOST, 0), 0);
	inject(f, 0, PROTO);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 25);
	assert_int_equal(sk_connect(s, 0x0a000009, 0), 0);
	inject(f, 0, PROTO);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	inject(f, FX_STRANGER, PROTO);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 25);
	assert_int_equal(sk_bind(s, SK_PEER, 0), -EINVAL);	/* connected */
	inet_close(s);
	fx_flush(f);
}

static void icmp_filter_keeps_types_away(void **state)
{
	struct fx *f = *state;
	struct socket *s = raw_socket(f, IPPROTO_ICMP);
	struct socket *other = raw_socket(f, PROTO);
	const struct fx_ip ip = { 0 };
	u32 filter = 1u << ICMP_ECHO, back = 0;
	socklen_t len = sizeof(back);
	u8 frame[128], buf[64];

	assert_int_equal(inet_setsockopt(s, 255, 1, &filter, sizeof(filter)),
			 0);
	assert_int_equal(inet_getsockopt(s, 255, 1, &back, &len), 0);
	assert_int_equal(back, filter);
	fx_inject(f, frame, fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 1, "x", 1));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	fx_inject(f, frame, fx_build_icmp(frame, &ip, ICMP_ECHOREPLY, 0, 1,
					  "x", 1));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 29);
	assert_int_equal(inet_setsockopt(other, 255, 1, &filter, 4), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	inet_close(s);
	inet_close(other);
	fx_flush(f);
}

static void payload_is_sent_under_a_header_of_ours(void **state)
{
	struct fx *f = *state;
	struct socket *s = raw_socket(f, PROTO);

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_TTL, 9), 0);
	assert_int_equal(sk_sendto(s, "hello", 5, SK_PEER, 0), 5);
	fx_expect(f, &p);
	assert_int_equal(p.ip->protocol, PROTO);
	assert_int_equal(p.ip->ttl, 9);
	assert_int_equal(p.ip->saddr, FX_IP);
	assert_memory_equal(p.l4, "hello", 5);
	assert_int_equal(sk_send(s, "x", 1), -EDESTADDRREQ);
	assert_int_equal(sk_sendto(s, "x", 1, 0x0a0000ff, 0), -EACCES);
	inet_close(s);
}

static void own_header_is_completed(void **state)
{
	struct fx *f = *state;
	struct socket *s = raw_socket(f, IPPROTO_RAW);
	u8 pkt[25] = { 0x45, 0x10, 0, 0, 0, 0, 0, 0, 3, PROTO };
	static u8 big[1501] = { 0x45 };

	assert_int_equal(sk_get(s, IPPROTO_IP, IP_HDRINCL), 1);
	memcpy(pkt + 16, "\x0a\0\0\x01", 4);
	memcpy(pkt + 20, "hello", 5);
	assert_int_equal(sk_sendto(s, pkt, sizeof(pkt), SK_PEER, 0),
			 sizeof(pkt));
	fx_expect(f, &p);	/* length and checksum are right */
	assert_int_equal(p.ip_len, 25);
	assert_int_equal(p.ip->tos, 0x10);
	assert_int_equal(p.ip->ttl, 3);
	assert_int_equal(p.ip->saddr, FX_IP);
	assert_int_equal(p.ip->protocol, PROTO);
	assert_memory_equal(p.l4, "hello", 5);
	/* what it says itself stays, a false source too: it is raw */
	memcpy(pkt + 12, "\x0a\0\0\x63", 4);
	pkt[4] = 0x12;
	assert_int_equal(sk_sendto(s, pkt, sizeof(pkt), SK_PEER, 0),
			 sizeof(pkt));
	fx_expect(f, &p);
	assert_int_equal(p.ip->saddr, FX_ADDR(10, 0, 0, 0x63));
	assert_int_equal(be16_to_cpu(p.ip->id), 0x1200);
	/* headers that cannot be */
	assert_int_equal(sk_sendto(s, pkt, 19, SK_PEER, 0), -EINVAL);
	pkt[0] = 0x4f;
	assert_int_equal(sk_sendto(s, pkt, 25, SK_PEER, 0), -EINVAL);
	pkt[0] = 0x44;
	assert_int_equal(sk_sendto(s, pkt, 25, SK_PEER, 0), -EINVAL);
	assert_int_equal(sk_sendto(s, big, sizeof(big), SK_PEER, 0),
			 -EMSGSIZE);
	fx_expect_silence(f);
	inet_close(s);
}

static void protocol_that_cannot_be_is_refused(void **state)
{
	struct fx *f = *state;

	assert_null(inet_socket(f->net, AF_INET, SOCK_RAW, 0));
	assert_int_equal(errno, EPROTONOSUPPORT);
	assert_null(inet_socket(f->net, AF_INET, SOCK_RAW, 256));
	assert_int_equal(errno, EINVAL);
	assert_null(inet_socket(f->net, AF_INET, SOCK_RAW, -1));
	assert_int_equal(errno, EINVAL);
}

static void hard_error_reaches_the_connected_raw_socket(void **state)
{
	struct fx *f = *state;
	struct socket *s = raw_socket(f, PROTO), *idle = raw_socket(f, PROTO);
	const struct fx_ip ip = { 0 };
	u8 frame[256], buf[64];

	assert_int_equal(sk_connect(s, SK_PEER, 0), 0);
	assert_int_equal(sk_send(s, "good day", 8), 8);
	fx_expect(f, &p);
	fx_inject(f, frame, fx_build_icmp(frame, &ip, ICMP_DEST_UNREACH,
					  ICMP_PROT_UNREACH, 0, p.ip,
					  p.ip_len));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -ENOPROTOOPT);
	assert_int_equal(sk_recv(idle, buf, sizeof(buf), 0), -EAGAIN);
	inet_close(s);
	inet_close(idle);
}

/* ---- MSG_MORE --------------------------------------------------------- */

#define HOME 0x7f000001u

/* Sends a piece to 127.0.0.@to (0: to nobody) and notes what the call said. */
static void piece(struct side *d, union sk s, const char *text, u32 to,
		  int flags)
{
	struct sockaddr_in a = sk_addr(HOME - 1 + to, 0);
	struct iovec iov = { .iov_base = (void *)(uintptr_t)text,
			     .iov_len = strlen(text) };
	struct msghdr m = { .msg_name = to ? &a : NULL,
			    .msg_namelen = to ? sizeof(a) : 0,
			    .msg_iov = &iov, .msg_iovlen = 1 };

	side_note(d, "send %.9s %s", text, side_result(d->send(s, &m, flags)));
}

/* Notes the next packet: its length, destination, TTL and payload. */
static void arrived(struct side *d, union sk r)
{
	static u8 buf[70000];
	struct iovec iov = { .iov_base = buf,
			     .iov_len = sizeof(buf) - 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int n = d->recv(r, &m, MSG_DONTWAIT);

	if (n < 20) {
		side_note(d, "nothing");
		return;
	}
	buf[n] = 0;
	side_note(d, "%d to %u ttl %u %.9s", n, buf[19], buf[8], buf + 20);
}

static void script_pieces(struct side *d)
{
	static char big[40001];
	int ttl = 9;
	union sk r, s;

	memset(big, 'b', sizeof(big) - 1);
	assert_int_equal(d->open(d, SOCK_RAW, PROTO, &r), 0);
	assert_int_equal(d->open(d, SOCK_RAW, PROTO, &s), 0);
	piece(d, s, "ab", 1, MSG_MORE);
	arrived(d, r);
	piece(d, s, "cd", 2, 0);	/* the last one says where to */
	arrived(d, r);
	piece(d, s, "", 1, MSG_MORE);
	piece(d, s, "ef", 3, MSG_MORE);
	side_note(d, "ttl %s", side_result(d->set(s, IPPROTO_IP, IP_TTL, &ttl,
						  sizeof(ttl))));
	piece(d, s, "", 3, 0);
	arrived(d, r);
	piece(d, s, "gh", 1, MSG_MORE);
	piece(d, s, "ij", 0, 0);	/* no address: it may come again */
	piece(d, s, "ij", 1, 0);
	arrived(d, r);
	piece(d, s, "kl", 1, MSG_MORE | MSG_OOB);
	piece(d, s, big, 1, MSG_MORE);
	piece(d, s, big, 1, MSG_MORE);	/* too much: all is forgotten */
	piece(d, s, "mn", 1, 0);
	arrived(d, r);
	piece(d, s, "op", 1, MSG_MORE);
	d->close(s);
	arrived(d, r);
	d->close(r);
}

static void pieces_are_gathered_as_by_linux(void **state)
{
	struct side host = host_side;
	union sk s;

	(void)state;
	if (host.open(&host, SOCK_RAW, PROTO, &s))
		skip();			/* not for everybody */
	host.close(s);
	sides_compare(script_pieces);
}

/* A packet with a header of its own is whole: it goes at once, and what waits
 * waits on. */
static void own_header_is_never_a_piece(void **state)
{
	struct fx *f = *state;
	struct socket *s = raw_socket(f, PROTO);
	u8 packet[IP_HLEN_MIN + 2] = { 0x45, [8] = 64, [9] = PROTO };

	memcpy(packet + 16, &(__be32){ FX_PEER }, 4);
	assert_int_equal(sk_connect(s, SK_PEER, 0), 0);
	assert_int_equal(inet_send(s, "ab", 2, MSG_MORE), 2);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_HDRINCL, 1), 0);
	assert_int_equal(inet_send(s, packet, sizeof(packet), MSG_MORE),
			 sizeof(packet));
	fx_expect(f, &p);
	assert_int_equal(p.l4_len, 2);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_HDRINCL, 0), 0);
	assert_int_equal(sk_send(s, "cd", 2), 2);
	fx_expect(f, &p);
	assert_int_equal(p.l4_len, 4);
	assert_memory_equal(p.l4, "abcd", 4);
	fx_expect_silence(f);
	inet_close(s);
}

static u64 counter(struct fx *f, const char *name)
{
	u64 value = 0;

	assert_int_equal(inet_counter_get(f->net, name, &value), 0);
	return value;
}

/* inet_counter_each(): adds those of ICMP's types up, whose names all can ask for. */
static void add_icmp_msgs(void *arg, const char *name, u64 value)
{
	u64 again = 0;

	if (strncmp(name, "IcmpMsg", 7))
		return;
	assert_int_equal(inet_counter_get(stack->net, name, &again), 0);
	assert_int_equal(value, again);
	assert_int_not_equal(value, 0);
	*(u64 *)arg += value;
}

/* Messages count by their type, whoever makes them: with a header of the socket's own,
 * in pieces, and those that come. What is too short to have a type does not. */
static void icmp_messages_are_counted_by_type(void **state)
{
	static const char *const none[] = { "IcmpMsgInType256", "IcmpMsgInType01",
					    "IcmpMsgInType-1", "IcmpMsgType0" };
	struct fx *f = *state;
	struct socket *s = raw_socket(f, IPPROTO_ICMP);
	u8 own[IP_HLEN_MIN + 8] = { 0x45, [8] = 64, [9] = IPPROTO_ICMP, [20] = 15 };
	u64 all = 0, value;

	stack = f;
	memcpy(own + 16, &(__be32){ FX_PEER }, 4);
	assert_int_equal(sk_connect(s, SK_PEER, 0), 0);
	assert_int_equal(sk_send(s, "\x0d\0abcdef", 8), 8);
	assert_int_equal(inet_send(s, "\x0d", 1, MSG_MORE), 1);
	assert_int_equal(sk_send(s, "\0abcdef", 7), 7);
	assert_int_equal(counter(f, "IcmpMsgOutType13"), 2);
	assert_int_equal(sk_send(s, "", 0), 0);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_HDRINCL, 1), 0);
	assert_int_equal(sk_send(s, own, sizeof(own)), sizeof(own));
	assert_int_equal(sk_send(s, own, IP_HLEN_MIN), IP_HLEN_MIN);
	assert_int_equal(counter(f, "IcmpMsgOutType15"), 1);
	inject(f, 0, IPPROTO_ICMP);	/* "hello" is too short, and its sum wrong */
	assert_int_equal(counter(f, "IcmpMsgInType104"), 0);
	assert_int_equal(fx_mib_delta(f, MIB_ICMP_OUTMSGS), 3);
	assert_int_equal(inet_counter_each(f->net, add_icmp_msgs, &all), 0);
	assert_int_equal(all, 3);
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		assert_int_equal(inet_counter_get(f->net, none[i], &value), -1);
	inet_close(s);
	fx_flush(f);
}

/* Types above 31 have no bit; of a short value the rest stays, and no more is given
 * than is asked for. */
static void icmp_filter_has_bits_for_the_first_types(void **state)
{
	struct fx *f = *state;
	struct socket *s = raw_socket(f, IPPROTO_ICMP);
	const struct fx_ip ip = { 0 };
	u8 frame[128], buf[64], value[8] = { 0xfe, 0xff, 0xff, 0xff };
	socklen_t len = 2;

	assert_int_equal(inet_setsockopt(s, 255, 1, value, 4), 0);
	fx_inject(f, frame, fx_build_icmp(frame, &ip, 33, 0, 1, "x", 1));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 29);
	assert_int_equal(inet_setsockopt(s, 255, 1, "\1", 1), 0);
	memset(value, 0x55, sizeof(value));
	assert_int_equal(inet_getsockopt(s, 255, 1, value, &len), 0);
	assert_int_equal(len, 2);
	assert_memory_equal(value, "\1\xff\x55", 3);
	len = sizeof(value);
	assert_int_equal(inet_getsockopt(s, 255, 1, value, &len), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(value, "\1\xff\xff\xff\x55", 5);
	inet_close(s);
	fx_flush(f);
}

/* Of a group's packets a socket gets those of groups that it has joined, or of all if
 * it wants. */
static void group_is_heard_by_who_wants_it(void **state)
{
	static const u8 mac[6] = { 1, 0, 0x5e, 1, 2, 3 };
	const struct fx_ip ip = { .proto = PROTO, .dst_mac = mac,
				  .daddr = FX_ADDR(239, 1, 2, 3) };
	struct ip_mreqn m = { .imr_multiaddr.s_addr = ip.daddr,
			      .imr_address.s_addr = FX_IP };
	struct fx *f = *state;
	struct socket *in = raw_socket(f, PROTO), *all = raw_socket(f, PROTO);
	struct socket *own = raw_socket(f, PROTO);
	u8 frame[128], buf[64];

	assert_int_equal(inet_setsockopt(in, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m,
					 sizeof(m)), 0);
	assert_int_equal(sk_set(own, IPPROTO_IP, IP_MULTICAST_ALL, 0), 0);
	fx_inject(f, frame, fx_build_ip(frame, &ip, "hello", 5));
	assert_int_equal(sk_recv(in, buf, sizeof(buf), 0), 25);
	assert_int_equal(sk_recv(all, buf, sizeof(buf), 0), 25);
	assert_int_equal(sk_recv(own, buf, sizeof(buf), 0), -EAGAIN);
	inet_close(in);
	inet_close(all);
	inet_close(own);
}

/* An error is told to whom it is about: not to one that has another peer. */
static void error_about_another_peer_is_not_told(void **state)
{
	struct fx *f = *state;
	struct socket *s = raw_socket(f, PROTO), *other = raw_socket(f, PROTO);
	const struct fx_ip ip = { 0 };
	u8 frame[256], buf[64];

	assert_int_equal(sk_connect(s, SK_PEER, 0), 0);
	assert_int_equal(sk_connect(other, 0x0a000009, 0), 0);
	assert_int_equal(sk_send(s, "good day", 8), 8);
	fx_expect(f, &p);
	fx_inject(f, frame, fx_build_icmp(frame, &ip, ICMP_DEST_UNREACH,
					  ICMP_PROT_UNREACH, 0, p.ip,
					  p.ip_len));
	assert_int_equal(sk_recv(other, buf, sizeof(buf), 0), -EAGAIN);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -ENOPROTOOPT);
	inet_close(s);
	inet_close(other);
}

/* A packet with its header that is too long leaves the MTU on the error queue. */
static void own_header_too_long_is_told(void **state)
{
	struct fx *f = *state;
	struct socket *s = raw_socket(f, IPPROTO_RAW);
	static u8 big[1501] = { 0x45 };
	char control[128];
	struct msghdr msg = { .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct sock_extended_err ee;

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_RECVERR, 1), 0);
	assert_int_equal(sk_sendto(s, big, sizeof(big), SK_PEER, 0),
			 -EMSGSIZE);
	assert_int_equal(inet_recvmsg(s, &msg, MSG_ERRQUEUE), 0);
	memcpy(&ee, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(ee));
	assert_int_equal(ee.ee_errno, EMSGSIZE);
	assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_LOCAL);
	assert_int_equal(ee.ee_info, 1500);
	inet_close(s);
}

/* Bound to a broadcast address it hears that, and sends from one that a host may
 * have; an address that bind() named is not forgotten with the peer. */
static void bound_address_is_for_sending_if_it_can_be(void **state)
{
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	struct fx *f = *state;
	struct socket *s = raw_socket(f, PROTO);
	u8 buf[64];

	assert_int_equal(sk_bind(s, 0x0a0000ff, 0), 0);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, 0), 1);
	fx_expect(f, &p);
	assert_int_equal(p.ip->saddr, FX_IP);
	assert_int_equal(sk_bind(s, SK_LOOPBACK, 0), 0);
	assert_int_equal(sk_connect(s, SK_LOOPBACK, 0), 0);
	assert_int_equal(inet_connect(s, &unspec, sizeof(unspec)), 0);
	inject(f, 0, PROTO);		/* still not for it */
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	inet_close(s);
	fx_flush(f);
}

static u32 seen_priority, seen_mark;

static unsigned int see(void *priv, struct sk_buff *skb,
			const struct nf_hook_state *st)
{
	(void)priv;
	(void)st;
	seen_priority = skb->priority;
	seen_mark = skb->mark;
	return NF_ACCEPT;
}

/* With a header of its own, too. */
static void packets_have_the_sockets_priority_and_mark(void **state)
{
	struct nf_hook_ops ops = { .hook = see,
				   .hooknum = NF_INET_LOCAL_OUT };
	u8 pkt[21] = { 0x45, [8] = 64, [9] = PROTO, [16] = 10, [19] = 1 };
	struct fx *f = *state;
	struct socket *s = raw_socket(f, PROTO);

	assert_int_equal(nf_register_net_hook(f->net, &ops), 0);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_PRIORITY, 5), 0);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_MARK, 77), 0);
	for (int own = 0; own < 2; own++) {
		seen_priority = seen_mark = 0;
		assert_int_equal(sk_set(s, IPPROTO_IP, IP_HDRINCL, own), 0);
		assert_int_equal(sk_sendto(s, pkt, sizeof(pkt), SK_PEER, 0),
				 sizeof(pkt));
		assert_int_equal(seen_priority, 5);
		assert_int_equal(seen_mark, 77);
	}
	nf_unregister_net_hook(f->net, &ops);
	inet_close(s);
	fx_flush(f);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fx_setup_learned, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(packet_is_read_with_its_header),
		TEST(packet_reaches_every_raw_socket_and_the_protocol),
		TEST(bound_and_connected_socket_hears_its_peer_only),
		TEST(icmp_filter_keeps_types_away),
		TEST(icmp_messages_are_counted_by_type),
		TEST(payload_is_sent_under_a_header_of_ours),
		TEST(own_header_is_completed),
		TEST(protocol_that_cannot_be_is_refused),
		TEST(hard_error_reaches_the_connected_raw_socket),
		TEST(pieces_are_gathered_as_by_linux),
		TEST(own_header_is_never_a_piece),
		TEST(icmp_filter_has_bits_for_the_first_types),
		TEST(group_is_heard_by_who_wants_it),
		TEST(error_about_another_peer_is_not_told),
		TEST(own_header_too_long_is_told),
		TEST(bound_address_is_for_sending_if_it_can_be),
		TEST(packets_have_the_sockets_priority_and_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
