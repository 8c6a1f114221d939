/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datagrams that arrive: ipv4/udp.c from the wire to the reader, and what
 * never reaches one.
 */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "core/skbuff.h"
#include "attack.h"
#include "fixture.h"
#include "lib/byteorder.h"
#include "lib/checksum.h"
#include "sockets.h"

#define PORT 7
#define CLOSED 9
#define PEER_PORT 4000
#define LONG 300	/* octets; more than CSUM_SHORT: summed by the reader */

/* A frame whose UDP part is as given, but for the checksum if @sum. */
static u32 raw_udp(u8 *frame, u16 ulen, const void *data, u32 len, bool sum)
{
	struct fx_ip ip = { .proto = IPPROTO_UDP };
	u8 l4[2048] = { 0 };
	struct udphdr *uh = (struct udphdr *)l4;

	uh->source = cpu_to_be16(PEER_PORT);
	uh->dest = cpu_to_be16(PORT);
	uh->len = cpu_to_be16(ulen);
	memcpy(uh + 1, data, len);
	if (sum && ulen >= UDP_HLEN && ulen <= UDP_HLEN + len)
		uh->check = udp_mangle_zero(udp_v4_check(
			ulen, FX_PEER, FX_IP, csum_partial(uh, ulen, 0)));
	return fx_build_ip(frame, &ip, l4, UDP_HLEN + len);
}

/* A good datagram from the peer to @port. */
static void inject_udp(struct fx *f, u16 port, const void *data, u32 len)
{
	const struct fx_ip ip = { 0 };
	u8 frame[2048];

	fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT, port, data,
					 len));
}

/* ---- delivery --------------------------------------------------------- */

/* @req 1122-4.1.3.5b */
static void bound_datagram_is_read_with_its_sender(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, SK_HOST, PORT);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	char buf[16];

	fx_mark(f);
	assert_false(sk_poll(s) & POLLIN);
	inject_udp(f, PORT, "hello", 5);
	assert_true(sk_poll(s) & POLLIN);
	assert_int_equal(inet_recvfrom(s, buf, sizeof(buf), 0,
				       (struct sockaddr *)&from, &len), 5);
	assert_memory_equal(buf, "hello", 5);
	assert_int_equal(len, sizeof(from));
	assert_int_equal(from.sin_family, AF_INET);
	assert_int_equal(from.sin_addr.s_addr, FX_PEER);
	assert_int_equal(ntohs(from.sin_port), PEER_PORT);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_INDATAGRAMS), 1);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	fx_assert_no_drops(f);
	fx_expect_silence(f);
	inet_close(s);
}

static void empty_datagram_is_read_as_zero(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	char buf[4];

	inject_udp(f, PORT, NULL, 0);
	assert_true(sk_poll(s) & POLLIN);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 0);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	inet_close(s);
}

static void long_datagram_short_buffer_is_cut_and_said(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	char buf[4];
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	inject_udp(f, PORT, "0123456789", 10);
	inject_udp(f, PORT, "abcdefghij", 10);
	inject_udp(f, PORT, "next", 4);
	assert_int_equal(inet_recvmsg(s, &msg, 0), 4);
	assert_true(msg.msg_flags & MSG_TRUNC);
	/* MSG_TRUNC tells the whole length, and the rest is gone */
	assert_int_equal(sk_recv(s, buf, sizeof(buf), MSG_TRUNC), 10);
	assert_int_equal(inet_recvmsg(s, &msg, 0), 4);
	assert_false(msg.msg_flags & MSG_TRUNC);
	assert_memory_equal(buf, "next", 4);
	inet_close(s);
}

static void peeked_datagram_stays(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	char buf[8];

	inject_udp(f, PORT, "one", 3);
	inject_udp(f, PORT, "other", 5);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), MSG_PEEK), 3);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), MSG_PEEK), 3);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 3);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 5);
	inet_close(s);
}

/* @attack L8 */
static void padded_frame_pad_is_never_seen(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	const struct fx_ip ip = { 0 };
	u8 frame[60], buf[64];
	u32 len;

	memset(frame, 0xa5, sizeof(frame));
	len = fx_build_udp(frame, &ip, PEER_PORT, PORT, "", 0);
	assert_true(len < sizeof(frame));
	fx_inject(f, frame, sizeof(frame));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 0);
	inet_close(s);
}

/* ---- lengths ---------------------------------------------------------- */

/* @attack U1
 * @req 768-1 */
static void length_every_value_is_dropped_or_trimmed(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u8 frame[256], data[20], buf[64];
	u32 ulen, len, align, cut, i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i + 1);
	for (align = 0; align < 8; align++)
		for (cut = 0; cut < 8; cut += 7)
			for (ulen = 0; ulen <= 40; ulen++) {
				f->rx_align = align;
				f->rx_cut = cut;
				len = raw_udp(frame, (u16)ulen, data,
					      sizeof(data), true);
				fx_mark(f);
				fx_inject(f, frame, len);
				if (ulen < 8 || ulen > 28) {
					fx_assert_dropped(
						f, SKB_DROP_REASON_UDP_INVALID,
						1);
					assert_int_equal(sk_recv(s, buf, 64, 0),
							 -EAGAIN);
					continue;
				}
				assert_int_equal(sk_recv(s, buf, 64, 0),
						 ulen - 8);
				assert_memory_equal(buf, data, ulen - 8);
				fx_assert_no_drops(f);
			}
	fx_expect_silence(f);
	inet_close(s);
}

/* @attack U1 */
static void header_cut_at_any_byte_is_dropped(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct fx_ip ip = { .proto = IPPROTO_UDP };
	u8 frame[128], l4[8] = { 0x0f, 0xa0, 0, PORT, 0, 8, 0, 0 };
	u32 n;

	for (n = 0; n < 8; n++) {
		fx_mark(f);
		fx_inject(f, frame, fx_build_ip(frame, &ip, l4, n));
		assert_int_equal(fx_mib_delta(f, MIB_UDP_INERRORS), 1);
		fx_assert_dropped(f, SKB_DROP_REASON_UDP_INVALID, 1);
	}
	fx_expect_silence(f);
	inet_close(s);
}

/* ---- checksums -------------------------------------------------------- */

/* @attack U2
 * @req 1122-4.1.3.4b */
static void checksum_zero_is_delivered(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u8 frame[128];
	char buf[8];

	fx_inject(f, frame, raw_udp(frame, 12, "good", 4, false));
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 4);
	inet_close(s);
}

/* @attack U2
 * @req 1122-4.1.3.4a */
static void checksum_any_bit_flipped_is_never_delivered(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u8 good[128], frame[128], buf[64];
	u32 len, bit, at, died;

	len = raw_udp(good, 8 + 13, "thirteen byte", 13, true);
	at = len - 21;		/* the UDP header */
	for (bit = 0; bit < 21 * 8; bit++) {
		memcpy(frame, good, len);
		frame[at + bit / 8] ^= (u8)(1 << bit % 8);
		fx_mark(f);
		fx_inject(f, frame, len);
		/* not even announced */
		assert_false(sk_poll(s) & POLLIN);
		assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
		died = (u32)(fx_drop_delta(f, SKB_DROP_REASON_UDP_CSUM) +
			     fx_drop_delta(f, SKB_DROP_REASON_UDP_INVALID));
		assert_int_equal(died, 1);
		assert_int_equal(fx_mib_delta(f, MIB_UDP_INERRORS), 1);
		assert_int_equal(fx_mib_delta(f, MIB_UDP_NOPORTS), 0);
	}
	/* silently: RFC 1122 4.1.3.4 */
	fx_expect_silence(f);
	inet_close(s);
}

/* A datagram of @size octets, the last of which is not what was summed. */
static void inject_wrong(struct fx *f, size_t size)
{
	u8 text[LONG], frame[LONG + 128];
	u32 len;

	memset(text, 'e', sizeof(text));
	len = raw_udp(frame, (u16)(UDP_HLEN + size), text, (u32)size, true);
	frame[len - 1] ^= 1;
	fx_inject(f, frame, len);
}

static void checksum_wrong_short_dies_on_arrival(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	char buf[8];

	fx_mark(f);
	inject_wrong(f, 4);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_INCSUMERRORS), 1);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_INERRORS), 1);
	fx_assert_dropped(f, SKB_DROP_REASON_UDP_CSUM, 1);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_INCSUMERRORS), 0);
	inet_close(s);
}

/* The sum over the copy: a reader who is told nothing of it. */
static void checksum_wrong_unpolled_is_skipped_by_the_reader(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	char buf[LONG];

	fx_mark(f);
	inject_wrong(f, LONG);
	inject_udp(f, PORT, "good", 4);
	fx_assert_no_drops(f);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 4);
	assert_memory_equal(buf, "good", 4);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_INCSUMERRORS), 1);
	fx_assert_dropped(f, SKB_DROP_REASON_UDP_CSUM, 1);
	inet_close(s);
}

static void checksum_wrong_short_or_peeking_reader_sees_nothing(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	char buf[LONG];

	fx_mark(f);
	inject_wrong(f, LONG);
	assert_int_equal(sk_recv(s, buf, 2, 0), -EAGAIN);
	fx_assert_dropped(f, SKB_DROP_REASON_UDP_CSUM, 1);
	inject_wrong(f, LONG);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), MSG_PEEK), -EAGAIN);
	fx_assert_dropped(f, SKB_DROP_REASON_UDP_CSUM, 1);
	inet_close(s);
}

static void checksum_verified_by_device_is_not_summed_again(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u8 frame[128];
	char buf[8];
	u32 len;

	len = raw_udp(frame, 12, "know", 4, true);
	frame[len - 1] ^= 1;	/* the device says it is right: so be it */
	f->rx_summed = CHECKSUM_UNNECESSARY;
	fx_inject(f, frame, len);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 4);
	inet_close(s);
}

/* ---- nobody there ----------------------------------------------------- */

/* @req 1122-4.1.3.1 */
static void closed_port_is_answered_by_port_unreachable(void **state)
{
	struct fx *f = *state;
	static struct fx_pkt p;

	fx_mark(f);
	inject_udp(f, CLOSED, "anybody?", 8);
	fx_expect(f, &p);
	assert_non_null(p.icmp);
	assert_int_equal(p.icmp->type, ICMP_DEST_UNREACH);
	assert_int_equal(p.icmp->code, ICMP_PORT_UNREACH);
	assert_int_equal(p.ip->daddr, FX_PEER);
	/* it quotes the IP header and at least eight bytes */
	assert_true(p.data_len >= 28);
	assert_int_equal(p.data[9], IPPROTO_UDP);
	assert_int_equal(get_unaligned_be16(p.data + 22), CLOSED);
	fx_assert_dropped(f, SKB_DROP_REASON_NO_SOCKET, 1);
	fx_expect_silence(f);
}

static void closed_port_wrong_checksum_is_silence(void **state)
{
	struct fx *f = *state;
	const struct fx_ip ip = { 0 };
	u8 frame[128];
	u32 len;

	len = fx_build_udp(frame, &ip, PEER_PORT, CLOSED, "x", 1);
	frame[len - 1] ^= 1;
	fx_mark(f);
	fx_inject(f, frame, len);
	fx_assert_dropped(f, SKB_DROP_REASON_UDP_CSUM, 1);
	fx_expect_silence(f);
}

/* @attack I4 */
static void broadcast_and_multicast_are_never_answered(void **state)
{
	static const __be32 to[] = {
		FX_ADDR(10, 0, 0, 255), FX_ADDR(255, 255, 255, 255),
		FX_ADDR(224, 0, 0, 1),
	};
	struct fx *f = *state;
	struct socket *s;
	u8 frame[128], mac[6] = { 255, 255, 255, 255, 255, 255 };
	struct fx_ip ip = { .dst_mac = mac };
	char buf[8];
	u32 i, len;

	for (i = 0; i < ARRAY_SIZE(to); i++) {
		ip.daddr = to[i];
		len = fx_build_udp(frame, &ip, PEER_PORT, PORT, "ping", 4);
		fx_mark(f);
		fx_inject(f, frame, len);
		assert_int_equal(fx_mib_delta(f, MIB_UDP_IGNOREDMULTI), 1);
		fx_assert_dropped(f, SKB_DROP_REASON_NO_SOCKET, 1);
		/* who listens hears it, and the stack still says nothing */
		s = sk_udp(f->net, 0, PORT);
		fx_inject(f, frame, len);
		assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 4);
		inet_close(s);
	}
	fx_expect_silence(f);
}

/* @req 1122-4.1.3.6a */
static void impossible_source_is_never_delivered(void **state)
{
	static const __be32 from[] = {
		FX_ADDR(10, 0, 0, 255), FX_ADDR(255, 255, 255, 255),
		FX_ADDR(224, 0, 0, 1), FX_ADDR(240, 0, 0, 1),
		FX_ADDR(127, 0, 0, 1), FX_ADDR(10, 0, 0, 2),
	};
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct fx_ip ip = { 0 };
	u8 frame[128];
	char buf[8];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(from); i++) {
		ip.saddr = from[i];
		fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT, PORT,
						 "bad", 3));
		assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	}
	fx_expect_silence(f);
	inet_close(s);
}

/* @attack U6 */
static void closed_port_scan_is_answered_within_the_rate(void **state)
{
	struct fx *f = *state;
	const struct fx_ip ip = { 0 };
	u8 frame[128];
	u32 port, answers;

	fx_mark(f);
	for (port = 1; port <= 65535; port++)
		fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT,
						 (u16)port, "?", 1));
	answers = fx_flush(f);
	assert_true(answers >= 1);
	assert_true(answers <= 50);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_NOPORTS), 65535);
	fx_assert_no_skbs(f);
}

/* @attack U6 */
static void closed_port_scan_from_many_is_answered_within_the_rate(void **state)
{
	struct fx *f = *state;
	struct fx_ip ip = { 0 };
	u8 frame[128];
	u32 i, answers = 0;

	/* 20,000 in two seconds, each from another neighbour that is known */
	for (i = 0; i < 20000; i++) {
		ip.saddr = FX_ADDR(10, 1, i >> 8 & 255, i & 255);
		ip.src_mac = fx_peer_mac;
		fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT, CLOSED,
						 "?", 1));
		fx_advance(f, FX_SEC / 10000);
		answers += fx_flush(f);
	}
	assert_true(answers <= 2 * 1000 + 50);
	fx_assert_no_skbs(f);
}

/* ---- connected -------------------------------------------------------- */

/* @attack U4 */
static void connected_stranger_is_not_delivered(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct fx_ip ip = { 0 };
	u8 frame[128];
	char buf[8];

	assert_int_equal(sk_connect(s, SK_PEER, PEER_PORT), 0);
	/* the peer's address, another port */
	fx_mark(f);
	fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT + 1, PORT, "a",
					 1));
	fx_assert_dropped(f, SKB_DROP_REASON_NO_SOCKET, 1);
	/* the peer's port, another address */
	ip.saddr = FX_STRANGER;
	ip.src_mac = fx_stranger_mac;
	fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT, PORT, "b", 1));
	fx_assert_dropped(f, SKB_DROP_REASON_NO_SOCKET, 1);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), -EAGAIN);
	/* the peer itself */
	inject_udp(f, PORT, "c", 1);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 1);
	assert_int_equal(buf[0], 'c');
	inet_close(s);
}

/* ---- memory ----------------------------------------------------------- */

/* @attack U3 */
static void flooded_socket_holds_what_its_buffer_allows(void **state)
{
	struct fx *f = *state;
	struct socket *victim = sk_udp(f->net, 0, PORT);
	struct socket *other = sk_udp(f->net, 0, PORT + 1);
	const u64 before = skb_pool_used(f->net);
	const u32 flood = 1000000;
	char buf[8];
	u32 i, kept;
	int rcvbuf;

	assert_int_equal(sk_set(victim, SOL_SOCKET, SO_RCVBUF, 65536), 0);
	rcvbuf = sk_get(victim, SOL_SOCKET, SO_RCVBUF);
	fx_mark(f);
	for (i = 0; i < flood; i++)
		inject_udp(f, PORT, "!", 1);
	kept = (u32)(skb_pool_used(f->net) - before);
	assert_true(kept >= 8);
	/* one byte of payload counts as the memory it takes */
	assert_true(kept <= (u32)rcvbuf / 512 + 1);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_RCVBUFERRORS), flood - kept);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_INERRORS), flood - kept);
	fx_assert_dropped(f, SKB_DROP_REASON_SOCKET_RCVBUFF, flood - kept);
	/* nobody else notices */
	inject_udp(f, PORT + 1, "ok", 2);
	assert_int_equal(sk_recv(other, buf, sizeof(buf), 0), 2);
	/* and once it is read there is room again */
	for (i = 0; i < kept; i++)
		assert_int_equal(sk_recv(victim, buf, sizeof(buf), 0), 1);
	assert_int_equal(sk_recv(victim, buf, sizeof(buf), 0), -EAGAIN);
	inject_udp(f, PORT, "again", 5);
	assert_int_equal(sk_recv(victim, buf, sizeof(buf), 0), 5);
	inet_close(victim);
	inet_close(other);
}

/* @attack U3 */
static void flooded_sockets_together_stay_below_udp_mem(void **state)
{
	struct fx *f = *state;
	struct socket *s[64];
	u32 i, n;

	fx_sysctl(f, "net.ipv4.udp_mem", "4 8 16");
	fx_mark(f);
	for (i = 0; i < ARRAY_SIZE(s); i++)
		s[i] = sk_udp(f->net, 0, (u16)(2000 + i));
	for (n = 0; n < 100; n++)
		for (i = 0; i < ARRAY_SIZE(s); i++)
			inject_udp(f, (u16)(2000 + i), "!", 1);
	assert_true(fx_mib_delta(f, MIB_UDP_MEMERRORS) > 0);
	/* each may keep udp_rmem_min, whatever the others do */
	assert_true(skb_pool_used(f->net) <= 64 * 4096 / 512 + 16 * 4096 / 512);
	for (i = 0; i < ARRAY_SIZE(s); i++)
		inet_close(s[i]);
	fx_run(f);
	assert_int_equal(f->net->proto_mem[PROTO_MEM_UDP], 0);
}

static void closed_socket_unread_datagrams_are_freed(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u32 i;

	fx_mark(f);
	for (i = 0; i < 5; i++)
		inject_udp(f, PORT, "late", 4);
	inet_close(s);
	fx_run(f);
	fx_assert_no_skbs(f);
	fx_assert_dropped(f, SKB_DROP_REASON_SOCKET_CLOSED, 5);
}

/* ---- more than one reader --------------------------------------------- */

static void broadcast_every_socket_of_the_port_gets_its_own(void **state)
{
	struct fx *f = *state;
	u8 frame[128], mac[6] = { 255, 255, 255, 255, 255, 255 };
	struct fx_ip ip = { .dst_mac = mac, .daddr = FX_ADDR(10, 0, 0, 255) };
	struct socket *s[3];
	char buf[8];
	u32 i;

	for (i = 0; i < 3; i++) {
		s[i] = sk_udp(f->net, 0, 0);
		assert_int_equal(sk_set(s[i], SOL_SOCKET, SO_REUSEADDR, 1), 0);
		/* the last one by the broadcast address itself */
		assert_int_equal(sk_bind(s[i], i == 2 ? 0x0a0000ff : 0, PORT),
				 0);
	}
	fx_mark(f);
	fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT, PORT, "all",
					 3));
	for (i = 0; i < 3; i++) {
		assert_int_equal(sk_recv(s[i], buf, sizeof(buf), 0), 3);
		assert_memory_equal(buf, "all", 3);
		assert_int_equal(sk_recv(s[i], buf, sizeof(buf), 0), -EAGAIN);
	}
	fx_assert_no_drops(f);
	/* a wrong checksum is counted once, whoever listens */
	frame[fx_build_udp(frame, &ip, PEER_PORT, PORT, "all", 3) - 1] ^= 1;
	fx_inject(f, frame, 45);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_INCSUMERRORS), 1);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_INERRORS), 1);
	fx_assert_dropped(f, SKB_DROP_REASON_UDP_CSUM, 1);
	for (i = 0; i < 3; i++)
		inet_close(s[i]);
	fx_expect_silence(f);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, attack_setup_learned, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bound_datagram_is_read_with_its_sender),
		TEST(empty_datagram_is_read_as_zero),
		TEST(long_datagram_short_buffer_is_cut_and_said),
		TEST(peeked_datagram_stays),
		TEST(padded_frame_pad_is_never_seen),
		TEST(length_every_value_is_dropped_or_trimmed),
		TEST(header_cut_at_any_byte_is_dropped),
		TEST(checksum_zero_is_delivered),
		TEST(checksum_any_bit_flipped_is_never_delivered),
		TEST(checksum_wrong_short_dies_on_arrival),
		TEST(checksum_wrong_unpolled_is_skipped_by_the_reader),
		TEST(checksum_wrong_short_or_peeking_reader_sees_nothing),
		TEST(checksum_verified_by_device_is_not_summed_again),
		TEST(closed_port_is_answered_by_port_unreachable),
		TEST(closed_port_wrong_checksum_is_silence),
		TEST(broadcast_and_multicast_are_never_answered),
		TEST(impossible_source_is_never_delivered),
		TEST(closed_port_scan_is_answered_within_the_rate),
		TEST(closed_port_scan_from_many_is_answered_within_the_rate),
		TEST(connected_stranger_is_not_delivered),
		TEST(flooded_socket_holds_what_its_buffer_allows),
		TEST(flooded_sockets_together_stay_below_udp_mem),
		TEST(closed_socket_unread_datagrams_are_freed),
		TEST(broadcast_every_socket_of_the_port_gets_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
