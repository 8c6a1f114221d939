/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP_GRO: which datagrams become one packet, for whom, and that nobody else can
 * tell. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>

#include "core/skbuff.h"
#include "core/socket.h"
#include "fixture.h"
#include "ipv4/udp.h"
#include "lib/byteorder.h"
#include "sockets.h"

#define PORT 5000
#define PEER_PORT 53
#define SIZE 1200u

static u8 data[131072], buf[65536];
static u16 next_id;

static int setup(void **state)
{
	u32 i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7 + i / 256);
	next_id = 1;
	if (fx_setup_learned(state))
		return -1;
	return dev_set_feature(((struct fx *)*state)->dev, "gro", true);
}

/* A socket on PORT that wants merged packets. */
static struct socket *merger(struct fx *f)
{
	struct socket *s = sk_udp(f->net, 0, PORT);

	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_GRO, 1), 0);
	fx_mark(f);
	return s;
}

/* A datagram of the peer with @len bytes from @off on arrives, with others. */
static void queue(struct fx *f, const struct fx_ip *like, u16 sport, u32 off,
		  u32 len)
{
	struct fx_ip ip = like ? *like : (struct fx_ip){ 0 };
	u8 frame[FX_FRAME_MAX];

	if (!ip.id)
		ip.id = next_id++;
	fx_queue(f, f->dev, frame, fx_build_udp(frame, &ip, sport, PORT,
						data + off, len));
}

/* Reads @len bytes from @off on, merged from datagrams of @size; 0: one datagram,
 * without a control message. */
static void expect_row(struct socket *s, u32 off, u32 len, u32 size)
{
	char control[64] __attribute__((aligned(8)));
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	const struct cmsghdr *c;
	int got;

	assert_int_equal(inet_recvmsg(s, &m, MSG_DONTWAIT), len);
	assert_memory_equal(buf, data + off, len);
	c = CMSG_FIRSTHDR(&m);
	if (!size) {
		assert_null(c);
		return;
	}
	assert_non_null(c);
	assert_int_equal(c->cmsg_level, IPPROTO_UDP);
	assert_int_equal(c->cmsg_type, UDP_GRO);
	assert_int_equal(c->cmsg_len, CMSG_LEN(sizeof(got)));
	memcpy(&got, CMSG_DATA(c), sizeof(got));
	assert_int_equal(got, size);
	assert_null(CMSG_NXTHDR(&m, (struct cmsghdr *)(uintptr_t)c));
}

static void expect_nothing(struct socket *s)
{
	assert_int_equal(sk_recv(s, buf, 1, MSG_DONTWAIT), -EAGAIN);
}

/* How many packets IPv4 has seen since the last question. */
static s64 packets(struct fx *f)
{
	s64 n = fx_mib_delta(f, MIB_IP_INRECEIVES);

	fx_mark(f);
	return n;
}

/* ---- what is merged --------------------------------------------------- */

static void row_of_equal_datagrams_is_read_at_once(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);
	int n = 0;
	u32 i;

	for (i = 0; i < 20; i++)
		queue(f, NULL, PEER_PORT, i * SIZE, SIZE);
	fx_run(f);
	assert_int_equal(packets(f), 1);
	assert_int_equal(inet_ioctl(s, SIOCINQ, &n), 0);
	assert_int_equal(n, 20 * SIZE);
	expect_row(s, 0, 20 * SIZE, SIZE);
	expect_nothing(s);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_INDATAGRAMS), 1);
	inet_close(s);
}

static void shorter_one_joins_and_ends_the_row(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);

	queue(f, NULL, PEER_PORT, 0, SIZE);
	queue(f, NULL, PEER_PORT, SIZE, SIZE);
	queue(f, NULL, PEER_PORT, 2 * SIZE, SIZE - 1);
	queue(f, NULL, PEER_PORT, 3 * SIZE - 1, SIZE - 1);
	queue(f, NULL, PEER_PORT, 4 * SIZE - 2, 5);
	fx_run(f);
	assert_int_equal(packets(f), 2);
	expect_row(s, 0, 3 * SIZE - 1, SIZE);
	expect_row(s, 3 * SIZE - 1, SIZE + 4, SIZE - 1);
	expect_nothing(s);
	inet_close(s);
}

static void longer_one_begins_another_row(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);

	queue(f, NULL, PEER_PORT, 0, 500);
	queue(f, NULL, PEER_PORT, 500, 501);
	queue(f, NULL, PEER_PORT, 1001, 501);
	fx_run(f);
	expect_row(s, 0, 500, 0);
	expect_row(s, 500, 1002, 501);
	inet_close(s);
}

static void one_alone_is_left_as_it_is(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);

	queue(f, NULL, PEER_PORT, 0, SIZE);
	fx_run(f);
	expect_row(s, 0, SIZE, 0);
	queue(f, NULL, PEER_PORT, SIZE, SIZE);
	fx_run(f);
	/* but summed once */
	assert_int_equal(skb_peek(&s->sk->sk_receive_queue)->ip_summed,
			 CHECKSUM_UNNECESSARY);
	expect_row(s, SIZE, SIZE, 0);
	inet_close(s);
}

/* A datagram at its network header, as the offload of IPv4 passes it on. */
static struct sk_buff *offered(struct fx *f, u16 sport)
{
	const struct fx_ip ip = { .id = 1, .frag = 0x4000 };
	u8 frame[FX_FRAME_MAX];
	u32 len = fx_build_udp(frame, &ip, sport, PORT, data, SIZE);
	struct sk_buff *skb = napi_alloc_skb(f->dev, len);

	assert_non_null(skb);
	memcpy(skb_put(skb, len), frame, len);
	skb_pull(skb, ETH_HLEN);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, IP_HLEN_MIN);
	*NAPI_GRO_CB(skb) = (struct napi_gro_cb){ .count = 1,
						  .data_offset = IP_HLEN_MIN };
	return skb;
}

/* Somebody may choose ports whose hashes are the same. */
static void flows_of_one_hash_are_told_by_their_ports(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);
	u16 sport;

	for (sport = 1; sport <= 2; sport++) {
		struct sk_buff *held = offered(f, 1), *skb = offered(f, sport);

		NAPI_GRO_CB(held)->same_flow = 1;
		assert_null(udp_offload.gro_receive(held, skb));
		assert_int_equal(NAPI_GRO_CB(skb)->same_flow, sport == 1);
		assert_int_equal(NAPI_GRO_CB(held)->same_flow, sport == 1);
		assert_int_equal(NAPI_GRO_CB(held)->count, 3 - sport);
		if (NAPI_GRO_CB(skb)->stolen)
			skb_free_stolen_head(skb);
		else
			consume_skb(skb);
		consume_skb(held);
	}
	inet_close(s);
}

static void flows_are_merged_each_by_itself(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);
	u32 i, flow;

	for (i = 0; i < 5; i++)
		for (flow = 0; flow < 3; flow++) {
			const struct fx_ip ip = { .id = (u16)(1 + i) };

			queue(f, &ip, (u16)(1000 + flow),
			      flow * 5 * SIZE + i * SIZE, SIZE);
		}
	fx_run(f);
	assert_int_equal(packets(f), 3);
	for (flow = 0; flow < 3; flow++) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);

		assert_int_equal(inet_recvfrom(s, buf, sizeof(buf), 0,
				(struct sockaddr *)&from, &len), 5 * SIZE);
		flow = ntohs(from.sin_port) - 1000u;
		assert_memory_equal(buf, data + flow * 5 * SIZE, 5 * SIZE);
	}
	inet_close(s);
}

/* A fragment each, but for the first: 46, or what one IPv4 packet can hold. */
static void row_is_no_longer_than_a_packet(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);
	u32 i;

	for (i = 0; i < 50; i++)
		queue(f, NULL, PEER_PORT, i * 100, 100);
	fx_run(f);
	expect_row(s, 0, 4600, 100);
	expect_row(s, 4600, 400, 100);
	for (i = 0; i < 50; i++)
		queue(f, NULL, PEER_PORT, i * 1472, 1472);
	fx_run(f);
	expect_row(s, 0, 44 * 1472, 1472);
	expect_row(s, 44 * 1472, 6 * 1472, 1472);
	expect_nothing(s);
	inet_close(s);
}

/* At any alignment, in pieces, with what the device says of the checksum. */
static void pieces_and_alignments_merge_too(void **state)
{
	static const u32 cuts[] = { 0, 14, 33, 36, 41, 500 };
	struct fx *f = *state;
	struct socket *s = merger(f);
	u32 c, i;

	for (c = 0; c < ARRAY_SIZE(cuts) * 8 * 3; c++) {
		f->rx_cut = cuts[c % ARRAY_SIZE(cuts)];
		f->rx_align = c / ARRAY_SIZE(cuts) % 8;
		f->rx_summed = c % 2 ? CHECKSUM_NONE : CHECKSUM_UNNECESSARY;
		for (i = 0; i < 8; i++)
			queue(f, NULL, PEER_PORT, i * SIZE, SIZE);
		fx_run(f);
		assert_true(packets(f) < 8);
		for (i = 0; i < 8; ) {
			int n = sk_recv(s, buf, sizeof(buf), MSG_DONTWAIT);

			assert_true(n > 0);
			assert_memory_equal(buf, data + i * SIZE, (size_t)n);
			i += (u32)n / SIZE;
		}
		expect_nothing(s);
	}
	inet_close(s);
}

/* ---- what is not ------------------------------------------------------ */

/* A second datagram that differs from the first. */
struct other {
	const char *name;
	struct fx_ip ip;
	u16 sport;
};

static const u8 nop[4] = { 1, 1, 1, 0 };

static const struct other others[] = {
	{ .name = "ttl", .ip = { .ttl = 63 } },
	{ .name = "tos", .ip = { .tos = 4 } },
	{ .name = "DF", .ip = { .frag = 0x4000 } },
	{ .name = "identification", .ip = { .id = 77 } },
	{ .name = "address", .ip = { .saddr = FX_STRANGER } },
	{ .name = "link address", .ip = { .src_mac = fx_stranger_mac } },
	{ .name = "options", .ip = { .opt = nop, .opt_len = 4 } },
	{ .name = "port", .sport = 54 },
};

/* @attack L9 */
static void datagram_that_differs_ends_the_row(void **state)
{
	const struct fx_ip first = { .id = 1 };
	struct fx *f = *state;
	struct socket *s = merger(f);
	const struct other *o;

	for (o = others; o < others + ARRAY_SIZE(others); o++) {
		struct fx_ip second = o->ip;

		if (!second.id)
			second.id = 2;
		queue(f, &first, PEER_PORT, 0, SIZE);
		queue(f, &second, o->sport ? o->sport : PEER_PORT, SIZE, SIZE);
		fx_run(f);
		if (packets(f) != 2)
			fail_msg("merged: %s", o->name);
		assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), SIZE);
		assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), SIZE);
		expect_nothing(s);
	}
	inet_close(s);
}

static void identification_without_meaning_is_not_looked_at(void **state)
{
	const struct fx_ip first = { .id = 1, .frag = 0x4000 };
	const struct fx_ip second = { .id = 77, .frag = 0x4000 };
	struct fx *f = *state;
	struct socket *s = merger(f);

	queue(f, &first, PEER_PORT, 0, SIZE);
	queue(f, &second, PEER_PORT, SIZE, SIZE);
	fx_run(f);
	expect_row(s, 0, 2 * SIZE, SIZE);
	inet_close(s);
}

/* What is wrong with a datagram in the middle of a row. */
enum fault { NO_CHECKSUM, WRONG_CHECKSUM, PADDED, EMPTY, SHORT_LENGTH,
	     LONG_LENGTH };

static void queue_faulty(struct fx *f, enum fault fault)
{
	const struct fx_ip ip = { .id = next_id++ };
	u32 len = fault == PADDED ? 3 : fault == EMPTY ? 0 : SIZE;
	u8 frame[FX_FRAME_MAX];
	u32 n = fx_build_udp(frame, &ip, PEER_PORT, PORT, data + SIZE, len);
	struct udphdr *uh = (struct udphdr *)(frame + ETH_HLEN + IP_HLEN_MIN);

	if (fault == NO_CHECKSUM)
		uh->check = 0;
	if (fault == WRONG_CHECKSUM)
		uh->check ^= 0x1234;
	if (fault == SHORT_LENGTH || fault == LONG_LENGTH)
		uh->len = cpu_to_be16((u16)(fault == SHORT_LENGTH ? SIZE :
							SIZE + 100));
	for (; n < ETH_ZLEN; n++)
		frame[n] = 0xaa;
	fx_queue(f, f->dev, frame, n);
}

/* It is not merged, it does not overtake, it is judged as ever.
 * @attack L9 */
static void faulty_datagram_goes_up_by_itself_in_its_place(void **state)
{
	static const struct {
		enum fault fault;
		int len;		/* -1: it dies */
	} cases[] = { { NO_CHECKSUM, SIZE }, { WRONG_CHECKSUM, -1 },
		      { PADDED, 3 }, { EMPTY, 0 }, { SHORT_LENGTH, -1 },
		      { LONG_LENGTH, -1 } };
	struct fx *f = *state;
	struct socket *s = merger(f);
	u32 i;

	for (i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		const bool summed = i >= ARRAY_SIZE(cases);
		const enum fault fault = cases[i % ARRAY_SIZE(cases)].fault;
		const int len = cases[i % ARRAY_SIZE(cases)].len;

		if (summed && fault == WRONG_CHECKSUM)
			continue;	/* it is said to be right */
		f->rx_summed = summed ? CHECKSUM_UNNECESSARY : CHECKSUM_NONE;
		fx_mark(f);
		queue(f, NULL, PEER_PORT, 0, SIZE);
		queue(f, NULL, PEER_PORT, SIZE, SIZE);
		queue_faulty(f, fault);
		queue(f, NULL, PEER_PORT, 2 * SIZE, SIZE);
		queue(f, NULL, PEER_PORT, 3 * SIZE, SIZE);
		fx_run(f);
		expect_row(s, 0, 2 * SIZE, SIZE);
		if (len >= 0 || (summed && fault == SHORT_LENGTH))
			expect_row(s, SIZE, len < 0 ? SIZE - UDP_HLEN : (u32)len,
				   0);
		expect_row(s, 2 * SIZE, 2 * SIZE, SIZE);
		expect_nothing(s);
		assert_int_equal(fx_mib_delta(f, MIB_UDP_INERRORS), len < 0 &&
				 !(summed && fault == SHORT_LENGTH));
	}
	inet_close(s);
}

/* Headers that end too soon: nothing is read behind them. */
static void cut_headers_are_left_alone(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);
	u8 frame[FX_FRAME_MAX];
	u32 len;

	for (len = 0; len < UDP_HLEN; len++) {
		const struct fx_ip ip = { .proto = IPPROTO_UDP };

		fx_queue(f, f->dev, frame, fx_build_ip(frame, &ip, data, len));
	}
	fx_run(f);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_INERRORS), UDP_HLEN);
	expect_nothing(s);
	inet_close(s);
}

/* ---- for whom ---------------------------------------------------------- */

static void only_the_socket_that_asked_gets_rows(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT), *other;
	u32 i, round;

	assert_int_equal(sk_get(s, IPPROTO_UDP, UDP_GRO), 0);
	other = sk_udp(f->net, 0, PORT + 1);
	assert_int_equal(sk_set(other, IPPROTO_UDP, UDP_GRO, 1), 0);
	for (round = 0; round < 3; round++) {
		assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_GRO, round == 1), 0);
		assert_int_equal(sk_get(s, IPPROTO_UDP, UDP_GRO), round == 1);
		fx_mark(f);
		for (i = 0; i < 4; i++)
			queue(f, NULL, PEER_PORT, i * SIZE, SIZE);
		fx_run(f);
		assert_int_equal(packets(f), round == 1 ? 1 : 4);
		if (round == 1)
			expect_row(s, 0, 4 * SIZE, SIZE);
		for (i = 0; i < 4 && round != 1; i++)
			expect_row(s, i * SIZE, SIZE, 0);
		expect_nothing(s);
	}
	inet_close(s);
	inet_close(other);
	assert_int_equal(f->net->ipv4.udp_gro_sockets, 0);
}

/* A row that waits is read as it is, but nobody asks for its size any more. */
static void row_stays_one_when_the_option_is_taken_off(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);

	queue(f, NULL, PEER_PORT, 0, SIZE);
	queue(f, NULL, PEER_PORT, SIZE, SIZE);
	fx_run(f);
	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_GRO, 0), 0);
	expect_row(s, 0, 2 * SIZE, 0);
	inet_close(s);
}

static void socket_of_one_device_is_found_by_it(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);

	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_BINDTODEVICE,
					 "test0", 5), 0);
	queue(f, NULL, PEER_PORT, 0, SIZE);
	queue(f, NULL, PEER_PORT, SIZE, SIZE);
	fx_run(f);
	expect_row(s, 0, 2 * SIZE, SIZE);
	inet_close(s);
}

static void device_that_does_not_merge_passes_datagrams(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);

	assert_int_equal(dev_set_feature(f->dev, "gro", false), 0);
	queue(f, NULL, PEER_PORT, 0, SIZE);
	queue(f, NULL, PEER_PORT, SIZE, SIZE);
	fx_run(f);
	expect_row(s, 0, SIZE, 0);
	expect_row(s, SIZE, SIZE, 0);
	inet_close(s);
}

#define GROUP 0xe0010203u

static struct socket *member(struct fx *f)
{
	const struct ip_mreq mreq = { { htonl(GROUP) }, { htonl(SK_HOST) } };
	struct socket *s = sk_udp(f->net, 0, 0);

	assert_int_equal(sk_set(s, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(sk_bind(s, GROUP, PORT), 0);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP,
					 &mreq, sizeof(mreq)), 0);
	return s;
}

static void queue_to_group(struct fx *f)
{
	static const u8 mac[6] = { 1, 0, 0x5e, 1, 2, 3 };
	u32 i;

	for (i = 0; i < 4; i++) {
		const struct fx_ip ip = { .dst_mac = mac, .id = (u16)(i + 1),
					  .daddr = htonl(GROUP) };

		queue(f, &ip, PEER_PORT, i * SIZE, SIZE);
	}
	fx_run(f);
}

/* Of two members of a group one has asked, and one of them is who is asked
 * whether to merge; a packet socket sees what the stack sees. */
static void members_who_did_not_ask_get_datagrams(void **state)
{
	struct fx *f = *state;
	struct socket *s[2] = { member(f), member(f) }, *tap;
	u32 round, i;
	int n, merged = 0;

	tap = inet_socket(f->net, AF_PACKET, SOCK_DGRAM, htons(ETH_P_IP));
	for (round = 0; round < 2; round++) {
		assert_int_equal(sk_set(s[round], IPPROTO_UDP, UDP_GRO, 1), 0);
		assert_int_equal(sk_set(s[!round], IPPROTO_UDP, UDP_GRO, 0), 0);
		queue_to_group(f);
		for (i = 0; i < 4; i++)
			expect_row(s[!round], i * SIZE, SIZE, 0);
		expect_nothing(s[!round]);
		n = sk_recv(tap, buf, 1, MSG_DONTWAIT | MSG_TRUNC);
		if (n > 20 + UDP_HLEN + (int)SIZE) {
			assert_int_equal(n, 20 + UDP_HLEN + 4 * SIZE);
			expect_row(s[round], 0, 4 * SIZE, SIZE);
			merged++;
		}
		while (sk_recv(s[round], buf, 1, MSG_DONTWAIT) >= 0 ||
		       sk_recv(tap, buf, 1, MSG_DONTWAIT) >= 0)
			;
	}
	assert_int_equal(merged, 1);
	inet_close(tap);
	inet_close(s[0]);
	inet_close(s[1]);
}

/* ---- reading ----------------------------------------------------------- */

static void part_of_a_row_is_read_as_part_of_a_datagram(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);
	char control[CMSG_SPACE(4)] __attribute__((aligned(8)));
	struct iovec iov = { buf, 100 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control };
	u32 i;

	for (i = 0; i < 4; i++)
		queue(f, NULL, PEER_PORT, i * SIZE, SIZE);
	fx_run(f);
	m.msg_controllen = sizeof(control);
	assert_int_equal(inet_recvmsg(s, &m, MSG_PEEK | MSG_TRUNC), 4 * SIZE);
	assert_int_equal(m.msg_flags & MSG_TRUNC, MSG_TRUNC);
	assert_int_equal(CMSG_FIRSTHDR(&m)->cmsg_type, UDP_GRO);
	m.msg_controllen = 4;
	assert_int_equal(inet_recvmsg(s, &m, MSG_PEEK), 100);
	assert_int_equal(m.msg_flags & (MSG_TRUNC | MSG_CTRUNC),
			 MSG_TRUNC | MSG_CTRUNC);
	m.msg_controllen = sizeof(control);
	assert_int_equal(inet_recvmsg(s, &m, MSG_ERRQUEUE), -1);
	assert_int_equal(errno, EAGAIN);
	iov.iov_len = 2 * SIZE + 7;
	assert_int_equal(inet_recvmsg(s, &m, 0), 2 * SIZE + 7);
	assert_memory_equal(buf, data, 2 * SIZE + 7);
	expect_nothing(s);
	inet_close(s);
}

/* Waiting rows leave a pool that is nearly empty, and are still rows. */
static void row_waits_in_ordinary_memory(void **state)
{
	struct fx *f = *state;
	struct socket *s = merger(f);
	u32 i, mark = f->net->pool.low_water;

	f->net->pool.low_water = f->net->pool.nr_frames;
	for (i = 0; i < 10; i++)
		queue(f, NULL, PEER_PORT, i * SIZE, SIZE);
	fx_run(f);
	expect_row(s, 0, 10 * SIZE, SIZE);
	f->net->pool.low_water = mark;
	inet_close(s);
}

/* ---- forwarded --------------------------------------------------------- */

/* A socket of ours has asked on the port of somebody behind us: what is merged
 * for it leaves as it came. */
static void row_for_somebody_else_is_cut_again(void **state)
{
	static struct fx_pkt p;
	static const u8 mac[6] = { 2, 0, 0, 0, 1, 2 };
	struct fx_ip ip = { .daddr = FX_ADDR(10, 0, 1, 9), .ttl = 9 };
	struct fx *f = *state;
	struct socket *s = merger(f);
	struct net_device *out = fx_add_dev(f, "out0", mac, "10.0.1.2/24");
	u32 i;

	assert_int_equal(inet_neigh_add(out, "10.0.1.9 lladdr "
					"02:00:00:00:01:09"), 0);
	fx_sysctl(f, "net.ipv4.ip_forward", "1");
	fx_flush(f);
	fx_mark(f);
	for (i = 0; i < 8; i++) {
		ip.id = (u16)(100 + i);
		queue(f, &ip, PEER_PORT, i * SIZE, i < 7 ? SIZE : 31);
	}
	fx_run(f);
	assert_int_equal(packets(f), 1);
	for (i = 0; i < 8; i++) {
		fx_expect(f, &p);
		assert_ptr_equal(p.dev, out);
		assert_non_null(p.udp);
		assert_int_not_equal(p.udp->check, 0);
		assert_int_equal(be16_to_cpu(p.ip->id), 100 + i);
		assert_int_equal(p.ip->ttl, 8);
		assert_int_equal(p.data_len, i < 7 ? SIZE : 31);
		assert_memory_equal(p.data, data + i * SIZE, p.data_len);
	}
	fx_expect_silence(f);
	expect_nothing(s);

	/* a road that is too narrow: each is cut into fragments */
	assert_int_equal(dev_set_mtu(out, 600), 0);
	for (i = 0; i < 3; i++) {
		ip.id = (u16)(200 + i);
		queue(f, &ip, PEER_PORT, i * SIZE, SIZE);
	}
	fx_run(f);
	for (i = 0; i < 9; i++) {
		fx_expect(f, &p);
		assert_true(p.ip_len <= 600);
		assert_int_equal(be16_to_cpu(p.ip->id), 200 + i / 3);
	}
	fx_expect_silence(f);
	/* or is not allowed to be */
	ip.frag = 0x4000;
	for (i = 0; i < 3; i++)
		queue(f, &ip, PEER_PORT, i * SIZE, SIZE);
	fx_run(f);
	fx_expect(f, &p);
	assert_non_null(p.icmp);
	assert_int_equal(p.icmp->type, ICMP_DEST_UNREACH);
	assert_int_equal(p.icmp->code, ICMP_FRAG_NEEDED);
	inet_close(s);
}

/* ---- nobody can tell --------------------------------------------------- */

#define FLOWS 4u

static u32 roll(u64 *seed, u32 n)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*seed >> 33) % n;
}

/* A batch of datagrams of one poll, as a seed says. */
static void script_batch(struct fx *f, u64 *seed, u16 *ids)
{
	u32 n = 1 + roll(seed, 64), size = 1 + roll(seed, 1472), len, flow, i;

	for (i = 0; i < n; i++) {
		struct fx_ip ip = { 0 };

		flow = roll(seed, 3) ? 0 : roll(seed, FLOWS);
		len = roll(seed, 8) ? size : roll(seed, 1473);
		ip.id = ids[flow]++;
		if (!roll(seed, 12))
			ip.ttl = (u8)(1 + roll(seed, 255));
		if (!roll(seed, 12))
			ip.tos = (u8)roll(seed, 256);
		if (!roll(seed, 6))
			ip.frag = 0x4000;
		if (!roll(seed, 12))
			ids[flow] = (u16)(1 + roll(seed, 60000));
		queue(f, &ip, (u16)(1000 + flow), roll(seed, 60000), len);
	}
	fx_run(f);
}

struct script {
	u64 hash[FLOWS];	/* of all that a flow brought */
	u32 datagrams, reads;
};

/* A datagram, or one of a row, goes into the hash of its flow. */
static void script_take(struct script *c, u32 flow, const u8 *from, u32 len)
{
	u64 h = c->hash[flow] ^ len;
	u32 i;

	for (i = 0; i < len; i++)
		h = (h ^ from[i]) * 1099511628211ULL;
	c->hash[flow] = h * 1099511628211ULL;
	c->datagrams++;
}

static void script_read(struct script *c, struct socket *s)
{
	char control[64] __attribute__((aligned(8)));
	struct iovec iov = { buf, sizeof(buf) };
	struct sockaddr_in from;
	ssize_t n;
	int size;

	for (;;) {
		struct msghdr m = { .msg_name = &from,
				    .msg_namelen = sizeof(from),
				    .msg_iov = &iov, .msg_iovlen = 1,
				    .msg_control = control,
				    .msg_controllen = sizeof(control) };
		u32 off = 0;

		n = inet_recvmsg(s, &m, MSG_DONTWAIT);
		if (n < 0)
			break;
		size = (int)n;
		if (CMSG_FIRSTHDR(&m))
			memcpy(&size, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(size));
		c->reads++;
		do {
			u32 len = min((u32)size, (u32)n - off);

			script_take(c, ntohs(from.sin_port) - 1000u, buf + off,
				    len);
			off += len;
		} while (off < (u32)n);
	}
}

static void run_script(u64 seed, bool gro, struct script *c)
{
	u16 ids[FLOWS] = { 1, 1000, 2000, 3000 };
	struct fx *f = calloc(1, sizeof(*f));
	struct socket *s;
	u32 i;

	assert_non_null(f);
	memset(c, 0, sizeof(*c));
	fx_open(f);
	fx_learn(f);
	assert_int_equal(dev_set_feature(f->dev, "gro", true), 0);
	s = sk_udp(f->net, 0, PORT);
	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_GRO, gro), 0);
	fx_sysctl(f, "net.core.rmem_max", "16000000");
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_RCVBUF, 16000000), 0);
	f->rx_cut = seed % 3 ? 0 : 14 + (u32)seed % 100;
	f->rx_summed = seed & 1 ? CHECKSUM_NONE : CHECKSUM_UNNECESSARY;
	for (i = 0; i < 20; i++) {
		script_batch(f, &seed, ids);
		script_read(c, s);
	}
	inet_close(s);
	fx_close(f);
	free(f);
}

/* @attack L9 */
static void datagrams_are_the_same_with_and_without(void **state)
{
	struct script with, without;
	u32 datagrams = 0, reads = 0;
	u64 seed;

	(void)state;
	for (seed = 1; seed <= 150; seed++) {
		run_script(seed, true, &with);
		run_script(seed, false, &without);
		if (memcmp(with.hash, without.hash, sizeof(with.hash)) ||
		    with.datagrams != without.datagrams)
			fail_msg("seed %u", (u32)seed);
		datagrams += with.datagrams;
		reads += with.reads;
	}
	assert_true(reads < datagrams * 3 / 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(row_of_equal_datagrams_is_read_at_once),
		TEST(shorter_one_joins_and_ends_the_row),
		TEST(longer_one_begins_another_row),
		TEST(one_alone_is_left_as_it_is),
		TEST(flows_are_merged_each_by_itself),
		TEST(flows_of_one_hash_are_told_by_their_ports),
		TEST(row_is_no_longer_than_a_packet),
		TEST(pieces_and_alignments_merge_too),
		TEST(datagram_that_differs_ends_the_row),
		TEST(identification_without_meaning_is_not_looked_at),
		TEST(faulty_datagram_goes_up_by_itself_in_its_place),
		TEST(cut_headers_are_left_alone),
		TEST(only_the_socket_that_asked_gets_rows),
		TEST(row_stays_one_when_the_option_is_taken_off),
		TEST(socket_of_one_device_is_found_by_it),
		TEST(device_that_does_not_merge_passes_datagrams),
		TEST(members_who_did_not_ask_get_datagrams),
		TEST(part_of_a_row_is_read_as_part_of_a_datagram),
		TEST(row_waits_in_ordinary_memory),
		TEST(row_for_somebody_else_is_cut_again),
		TEST(datagrams_are_the_same_with_and_without),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
