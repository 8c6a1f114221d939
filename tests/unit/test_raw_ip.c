/* SPDX-License-Identifier: BSD-2-Clause */
/* A device without a link header: nobody may presume Ethernet. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <netinet/udp.h>
#include <netpacket/packet.h>
#include <sys/mman.h>

#include <inet/capture.h>
#include <inet/trace.h>

#include "core/neighbour.h"
#include "core/skbuff.h"
#include "fixture.h"
#include "lib/byteorder.h"
#include "sockets.h"

#define PORT 5000
#define PEER_PORT 53
#define RAW_IP FX_ADDR(10, 9, 0, 2)
#define RAW_PEER FX_ADDR(10, 9, 0, 1)

static struct fx_pkt p;
static u8 data[65536], buf[65536];
static struct net_device *raw;

/* test0, and raw0 as the way to everywhere. */
static int setup(void **state)
{
	struct fx *f;
	u32 i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7 + i / 256);
	if (fx_setup_learned(state))
		return -1;
	f = *state;
	raw = fx_add_raw_dev(f, "raw0", "10.9.0.2/24");
	assert_int_equal(inet_route_add(f->net, "default dev raw0"), 0);
	fx_run(f);
	fx_expect_silence(f);		/* no announcement of the address */
	fx_mark(f);
	return 0;
}

/* A datagram of 10.9.0.1 arrives without a link header. */
static void inject_udp(struct fx *f, const struct fx_ip *like, const void *bytes,
		       u32 len)
{
	struct fx_ip ip = like ? *like : (struct fx_ip){ 0 };
	u8 frame[FX_FRAME_MAX];

	if (!ip.saddr)
		ip.saddr = RAW_PEER;
	if (!ip.daddr)
		ip.daddr = RAW_IP;
	len = fx_build_udp(frame, &ip, PEER_PORT, PORT, bytes, len);
	fx_queue(f, raw, frame + ETH_HLEN, len - ETH_HLEN);
}

static void expect_on_raw(struct fx *f)
{
	fx_expect(f, &p);
	assert_ptr_equal(p.dev, raw);
	assert_null(p.eth);
	assert_non_null(p.ip);
}

/* ---- in and out ------------------------------------------------------- */

static void datagrams_come_and_go_without_a_header(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);

	inject_udp(f, NULL, data, 100);
	fx_run(f);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 100);
	assert_memory_equal(buf, data, 100);
	assert_int_equal(sk_sendto(s, data, 77, 0x0a090001, PEER_PORT), 77);
	expect_on_raw(f);
	assert_int_equal(p.len, 20 + UDP_HLEN + 77);
	assert_int_equal(p.ip->saddr, RAW_IP);
	assert_memory_equal(p.data, data, 77);
	fx_assert_no_drops(f);
	inet_close(s);
}

static void echo_is_answered(void **state)
{
	const struct fx_ip ip = { .saddr = RAW_PEER, .daddr = RAW_IP,
				  .proto = IPPROTO_ICMP };
	struct fx *f = *state;
	u8 frame[FX_FRAME_MAX];
	u32 len = fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 0x12340001, data, 56);

	fx_inject_on(f, raw, frame + ETH_HLEN, len - ETH_HLEN);
	expect_on_raw(f);
	assert_int_equal(p.icmp->type, ICMP_ECHOREPLY);
	assert_memory_equal(p.data, data, 56);
}

/* 2,000 stations behind it: nobody is asked for, one entry does for all. */
static void all_neighbours_are_one(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u32 before = f->net->ipv4.arp_tbl->entries, i;

	for (i = 0; i < 2000; i++) {
		assert_int_equal(sk_sendto(s, data, 5, 0xc0a80000 + i,
					   PEER_PORT), 5);
		expect_on_raw(f);
		assert_int_equal(p.ip->daddr, cpu_to_be32(0xc0a80000 + i));
	}
	assert_in_range(f->net->ipv4.arp_tbl->entries - before, 0, 1);
	inet_close(s);
}

static void link_addresses_are_refused(void **state)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 7 };
	struct fx *f = *state;

	assert_int_equal(inet_netdev_set_mac(raw, mac), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(inet_neigh_add(raw, "10.9.0.1 lladdr "
					"02:00:00:00:00:07"), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_string_equal(inet_strerror(f->net),
			    "raw0: has no link addresses");
	assert_non_null(strstr(fx_show(f, inet_link_show),
			       "state UP link/none\n"));
	assert_int_equal(raw->flags, NETDEV_IFF_UP | NETDEV_IFF_POINTOPOINT |
				     NETDEV_IFF_NOARP | NETDEV_IFF_MULTICAST);
}

/* ---- what is not IP ---------------------------------------------------- */

/* @attack L1: nothing, and each version */
static void what_is_not_ip_is_dropped_and_counted(void **state)
{
	struct inet_netdev_stats stats;
	struct fx *f = *state;
	u32 version;
	u8 packet[40] = { 0 };

	fx_inject_on(f, raw, packet, 0);
	fx_assert_dropped(f, SKB_DROP_REASON_RX_SHORT, 1);
	for (version = 0; version < 16; version++) {
		if (version == 4)
			continue;
		memset(packet, 0, sizeof(packet));
		packet[0] = (u8)(version << 4 | 5);
		fx_inject_on(f, raw, packet, sizeof(packet));
		fx_assert_dropped(f, SKB_DROP_REASON_UNHANDLED_PROTO, 1);
	}
	assert_int_equal(inet_netdev_get_stats(raw, &stats), 0);
	assert_int_equal(stats.rx_length_errors, 1);
	assert_int_equal(stats.rx_frame_errors, 14);	/* 6 is somebody's */
	fx_expect_silence(f);
	fx_assert_no_skbs(f);
}

/* A header cut at any octet.
 * @attack L1 */
static void cut_packets_are_dropped(void **state)
{
	struct fx *f = *state;
	u8 frame[FX_FRAME_MAX];
	const struct fx_ip ip = { .saddr = RAW_PEER, .daddr = RAW_IP };
	u32 len, all = fx_build_udp(frame, &ip, PEER_PORT, PORT, data, 9);

	for (len = 0; len < all - ETH_HLEN; len++) {
		fx_inject_on(f, raw, frame + ETH_HLEN, len);
		fx_assert_dropped(f, !len ? SKB_DROP_REASON_RX_SHORT :
				     len < 20 ? SKB_DROP_REASON_IP_INHDR :
						SKB_DROP_REASON_IP_TOTLEN, 1);
		fx_assert_no_skbs(f);
	}
	fx_expect_silence(f);
}

/* ---- forwarded --------------------------------------------------------- */

static void packets_are_forwarded_between_kinds_of_devices(void **state)
{
	struct fx_ip ip = { .daddr = FX_PEER };
	struct fx *f = *state;
	u8 frame[FX_FRAME_MAX];
	u32 len;

	fx_sysctl(f, "net.ipv4.ip_forward", "1");
	inject_udp(f, &ip, data, 300);
	fx_run(f);
	fx_expect(f, &p);
	assert_ptr_equal(p.dev, f->dev);
	assert_memory_equal(p.eth->h_dest, fx_peer_mac, ETH_ALEN);
	assert_memory_equal(p.data, data, 300);

	ip = (struct fx_ip){ .daddr = RAW_PEER };
	len = fx_build_udp(frame, &ip, 1, 2, data, 200);
	fx_inject(f, frame, len);
	expect_on_raw(f);
	assert_int_equal(p.ip->ttl, 63);
	assert_memory_equal(p.data, data, 200);

	/* and what ICMP says of them goes back the same way */
	ip = (struct fx_ip){ .daddr = FX_PEER, .ttl = 1 };
	inject_udp(f, &ip, data, 10);
	fx_run(f);
	expect_on_raw(f);
	assert_int_equal(p.icmp->type, ICMP_TIME_EXCEEDED);
	assert_int_equal(p.ip->daddr, RAW_PEER);
	ip = (struct fx_ip){ .daddr = RAW_PEER, .frag = 0x4000 };
	assert_int_equal(dev_set_mtu(raw, 600), 0);
	len = fx_build_udp(frame, &ip, 1, 2, data, 1000);
	fx_inject(f, frame, len);
	fx_expect(f, &p);
	assert_ptr_equal(p.dev, f->dev);
	assert_int_equal(p.icmp->code, ICMP_FRAG_NEEDED);
}

/* ---- many at once ------------------------------------------------------ */

static void rows_are_cut_and_merged(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct fx_ip ip = { 0 };
	u32 i;

	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_SEGMENT, 1000), 0);
	for (i = 0; i < 4; i++) {
		raw->features = i & 1 ? raw->features | NETIF_F_SG :
					raw->features & ~NETIF_F_SG;
		raw->features = i & 2 ? raw->features | NETIF_F_HW_CSUM :
					raw->features & ~NETIF_F_HW_CSUM;
		assert_int_equal(sk_sendto(s, data, 4000, 0x0a090001,
					   PEER_PORT), 4000);
		for (u32 k = 0; k < 4; k++) {
			expect_on_raw(f);
			assert_int_equal(p.data_len, 1000);
			assert_memory_equal(p.data, data + k * 1000, 1000);
		}
	}
	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_GRO, 1), 0);
	assert_int_equal(dev_set_feature(raw, "gro", true), 0);
	for (i = 0; i < 5; i++) {
		ip.id = (u16)(i + 1);
		inject_udp(f, &ip, data + i * 1000, 1000);
	}
	fx_run(f);
	assert_int_equal(sk_recv(s, buf, sizeof(buf), 0), 5000);
	assert_memory_equal(buf, data, 5000);
	inet_close(s);
}

/* ---- packet sockets ---------------------------------------------------- */

static struct sockaddr_ll from_raw(struct socket *s, int want)
{
	struct sockaddr_ll ll;
	socklen_t len = sizeof(ll);

	assert_int_equal(inet_recvfrom(s, buf, sizeof(buf), MSG_DONTWAIT,
				       (struct sockaddr *)&ll, &len), want);
	return ll;
}

static void packet_sockets_see_packets(void **state)
{
	static const int types[] = { SOCK_RAW, SOCK_DGRAM };
	struct fx *f = *state;
	struct sockaddr_ll ll;
	struct socket *s, *u;
	u32 i;

	u = sk_udp(f->net, 0, PORT);
	for (i = 0; i < 2; i++) {
		s = inet_socket(f->net, AF_PACKET, types[i], htons(ETH_P_ALL));
		ll = (struct sockaddr_ll){ .sll_family = AF_PACKET,
					   .sll_protocol = htons(ETH_P_ALL),
					   .sll_ifindex = raw->ifindex };
		assert_int_equal(inet_bind(s, (struct sockaddr *)&ll,
					   sizeof(ll)), 0);
		inject_udp(f, NULL, data, 100);
		fx_run(f);
		ll = from_raw(s, 20 + UDP_HLEN + 100);
		assert_int_equal(buf[0], 0x45);
		assert_int_equal(ll.sll_hatype, 0xfffe);
		assert_int_equal(ll.sll_halen, 0);
		assert_int_equal(ll.sll_protocol, htons(ETH_P_IP));
		assert_int_equal(ll.sll_pkttype, PACKET_HOST);
		assert_int_equal(sk_sendto(u, data, 50, 0x0a090001, PEER_PORT),
				 50);
		expect_on_raw(f);
		ll = from_raw(s, 20 + UDP_HLEN + 50);
		assert_int_equal(ll.sll_pkttype, PACKET_OUTGOING);
		assert_memory_equal(buf, p.frame, p.len);
		/* and what they send is sent as it is */
		ll.sll_protocol = htons(ETH_P_IP);
		assert_int_equal(inet_sendto(s, buf, p.len, 0,
					     (struct sockaddr *)&ll,
					     sizeof(ll)), p.len);
		expect_on_raw(f);
		assert_memory_equal(buf, p.frame, p.len);
		inet_close(s);
	}
	inet_close(u);
}

/* ---- seeing ------------------------------------------------------------ */

static void capture_says_raw_ip(void **state)
{
	struct fx *f = *state;
	struct inet_capture_config config = { .size = sizeof(config) };
	int fd = memfd_create("capture", 0);
	struct inet_capture *c;
	bool found = false;
	u32 type, len;
	ssize_t n;
	u8 *b;

	config.fd = fd;
	config.filter = "udp port 5000";
	c = inet_capture_open(f->net, &config);
	if (!c)			/* a build without libpcap has no filters */
		config.filter = NULL;
	if (!c)
		c = inet_capture_open(f->net, &config);
	assert_non_null(c);
	inject_udp(f, NULL, data, 100);
	fx_run(f);
	inet_capture_close(c);
	n = pread(fd, buf, sizeof(buf), 0);
	for (b = buf; b + 12 <= buf + n; b += len) {
		memcpy(&type, b, 4);
		memcpy(&len, b + 4, 4);
		assert_true(len >= 12);
		if (type == 1)		/* interface: LINKTYPE_RAW */
			assert_int_equal(b[8] | b[9] << 8, 101);
		if (type == 6)		/* packet */
			found = b[28] == 0x45;
	}
	assert_true(found);
	close(fd);
}

static void trace_filter_knows_packets(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct socket *out = inet_socket(f->net, AF_PACKET, SOCK_RAW, 0);
	const struct sockaddr_ll ll = { .sll_family = AF_PACKET,
					.sll_protocol = htons(ETH_P_IP),
					.sll_ifindex = raw->ifindex };
	const struct fx_ip ip = { .saddr = RAW_IP };
	u8 frame[FX_FRAME_MAX];
	u32 len = fx_build_udp(frame, &ip, PORT, PEER_PORT, data, 60);

	assert_int_equal(inet_trace_start_filter(f->net, 1000, "dev raw0 udp "
						 "port 53 next 9"), 0);
	inject_udp(f, NULL, data, 100);
	fx_run(f);
	inet_trace_stop(f->net);
	assert_true(inet_trace_count(f->net) > 5);
	assert_string_equal(inet_trace_get(f->net, 0)->function,
			    "raw_ip_type_trans");
	assert_int_equal(inet_trace_start_filter(f->net, 1000, "dev raw0 udp "
						 "port 53 next 9"), 0);
	assert_int_equal(inet_sendto(out, frame + ETH_HLEN, len - ETH_HLEN, 0,
				     (const struct sockaddr *)&ll, sizeof(ll)),
			 len - ETH_HLEN);
	inet_trace_stop(f->net);
	assert_true(inet_trace_count(f->net) > 0);
	assert_string_equal(inet_trace_get(f->net, 0)->function,
			    "dev_queue_xmit");
	assert_int_equal(inet_trace_start_filter(f->net, 1000, "tcp next 9"), 0);
	inject_udp(f, NULL, data, 100);
	fx_run(f);
	inet_trace_stop(f->net);
	assert_int_equal(inet_trace_count(f->net), 0);
	inet_close(out);
	inet_close(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(datagrams_come_and_go_without_a_header),
		TEST(echo_is_answered),
		TEST(all_neighbours_are_one),
		TEST(link_addresses_are_refused),
		TEST(what_is_not_ip_is_dropped_and_counted),
		TEST(cut_packets_are_dropped),
		TEST(packets_are_forwarded_between_kinds_of_devices),
		TEST(rows_are_cut_and_merged),
		TEST(packet_sockets_see_packets),
		TEST(capture_says_raw_ip),
		TEST(trace_filter_knows_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
