/* SPDX-License-Identifier: BSD-2-Clause */
/* The fixture itself, and the shortest whole roads: ARP and echo. */
#include "unit.h"

#include <string.h>

#include "fixture.h"

static struct fx f;
static struct fx_pkt p;
static u8 frame[FX_FRAME_MAX];

static void stack_opened_and_closed_leaves_nothing(void **state)
{
	(void)state;
	assert_string_equal(fx_show(&f, inet_addr_show),
		"1: lo    inet 127.0.0.1/8 scope host lo\n"
		"2: test0    inet 10.0.0.2/24 brd 10.0.0.255 scope global test0\n");
	assert_string_equal(fx_show(&f, inet_route_show),
		"10.0.0.0/24 dev test0 proto kernel scope link src 10.0.0.2\n");
}

static void arp_request_for_us_is_answered(void **state)
{
	(void)state;
	fx_arp_request(&f, FX_PEER, fx_peer_mac, FX_IP);
	fx_expect(&f, &p);
	assert_int_equal(p.proto, ETH_P_ARP);
	assert_int_equal(p.arp.op, ARPOP_REPLY);
	assert_memory_equal(p.eth->h_dest, fx_peer_mac, ETH_ALEN);
	assert_memory_equal(p.arp.sha, fx_mac, ETH_ALEN);
	assert_int_equal(p.arp.sip, FX_IP);
	assert_int_equal(p.arp.tip, FX_PEER);
	fx_expect_silence(&f);
}

static void echo_request_is_answered(void **state)
{
	struct fx_ip ip = { .ttl = 3, .id = 77 };
	u8 data[100];

	(void)state;
	memset(data, 0x42, sizeof(data));
	fx_learn(&f);
	fx_inject(&f, frame, fx_build_icmp(frame, &ip, ICMP_ECHO, 0,
					   0x12345678, data, sizeof(data)));
	fx_expect(&f, &p);
	assert_non_null(p.icmp);
	assert_int_equal(p.icmp->type, ICMP_ECHOREPLY);
	assert_int_equal(p.icmp->un.gateway, cpu_to_be32(0x12345678));
	assert_int_equal(p.data_len, sizeof(data));
	assert_memory_equal(p.data, data, sizeof(data));
	assert_int_equal(p.ip->saddr, FX_IP);
	assert_int_equal(p.ip->daddr, FX_PEER);
	assert_memory_equal(p.eth->h_dest, fx_peer_mac, ETH_ALEN);
	fx_assert_no_drops(&f);
	fx_assert_no_skbs(&f);
}

/* In pieces of 14 to 75 octets and whole, at 8 places, with GRO and without:
 * when as many frames have come, each way was there once. */
static void frames_that_vary_lie_everywhere_with_and_without_gro(void **state)
{
	static bool seen[8][76][2];
	const u32 ways = 8 * (75 - 14 + 2) * 2;
	struct fx_ip ip = { 0 };
	u32 i, n = 0, len = fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 1, "x", 1);

	(void)state;
	fx_learn(&f);
	f.rx_vary = true;
	for (i = 0; i < ways; i++) {
		bool *way;

		fx_inject(&f, frame, len);
		fx_expect(&f, &p);
		assert_int_equal(p.icmp->type, ICMP_ECHOREPLY);
		way = &seen[f.rx_align][f.rx_cut]
			   [!!(f.dev->features & NETIF_F_GRO)];
		n += !*way;
		*way = true;
	}
	assert_int_equal(n, ways);
	fx_assert_no_drops(&f);
}

#define TEST(name) cmocka_unit_test_prestate_setup_teardown( \
		name, fx_setup, fx_teardown, &f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(stack_opened_and_closed_leaves_nothing),
		TEST(arp_request_for_us_is_answered),
		TEST(echo_request_is_answered),
		TEST(frames_that_vary_lie_everywhere_with_and_without_gro),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
