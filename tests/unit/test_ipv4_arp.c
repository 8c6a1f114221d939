/* SPDX-License-Identifier: BSD-2-Clause */
/* ipv4/arp.c: what is asked, answered, believed; conflicts. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "core/neighbour.h"
#include "attack.h"
#include "fixture.h"

static struct fx f;
static struct fx_pkt p;
static u8 frame[256];

static struct neighbour *entry(__be32 addr)
{
	struct neighbour *n = neigh_lookup(f.net->ipv4.arp_tbl, &addr, f.dev);

	neigh_release(n);
	return n;
}

static u32 entries(void)
{
	return f.net->ipv4.arp_tbl->entries - (f.watch ? 1 : 0);
}

/* Any ARP packet from the stranger's address, to all or to us. */
static void arp(u16 op, __be32 sip, const u8 *sha, __be32 tip, bool to_us)
{
	struct arp_info a = { .op = op, .sip = sip, .tip = tip };
	u8 all[ETH_ALEN];

	eth_broadcast_addr(all);
	ether_addr_copy(a.sha, sha);
	fx_inject(&f, frame, fx_build_arp(frame, to_us ? fx_mac : all,
					  fx_stranger_mac, &a));
}

/* The peer's entry, REACHABLE by its right address. */
static void know_peer(void)
{
	fx_send(&f, FX_PEER, 253, "x", 1);
	fx_arp_reply(&f, FX_PEER, fx_peer_mac);
	assert_int_equal(entry(FX_PEER)->nud_state, NUD_REACHABLE);
	fx_flush(&f);
	fx_mark(&f);
}

/* @req 826-3 @req 5227-8 */
static void request_for_us_is_answered_to_the_asker_only(void **state)
{
	(void)state;
	fx_arp_request(&f, FX_PEER, fx_peer_mac, FX_IP);
	fx_expect(&f, &p);
	assert_int_equal(p.arp.op, ARPOP_REPLY);
	assert_memory_equal(p.eth->h_dest, fx_peer_mac, ETH_ALEN);
	assert_memory_equal(p.arp.sha, fx_mac, ETH_ALEN);
	assert_memory_equal(p.arp.tha, fx_peer_mac, ETH_ALEN);
	assert_int_equal(p.arp.sip, FX_IP);
	assert_int_equal(p.arp.tip, FX_PEER);
	assert_true(fx_mib_delta(&f, MIB_ARP_INREQUESTS) == 1);
	assert_true(fx_mib_delta(&f, MIB_ARP_OUTREPLIES) == 1);
	fx_expect_silence(&f);
}

/* @req 826-2 */
static void request_for_us_teaches_the_sender(void **state)
{
	(void)state;
	fx_arp_request(&f, FX_PEER, fx_peer_mac, FX_IP);
	assert_int_equal(entry(FX_PEER)->nud_state, NUD_STALE);
	assert_memory_equal(entry(FX_PEER)->ha, fx_peer_mac, ETH_ALEN);
}

/* @req 826-2 */
static void request_for_others_teaches_nothing_new(void **state)
{
	(void)state;
	fx_arp_request(&f, FX_PEER, fx_peer_mac, FX_STRANGER);
	fx_expect_silence(&f);
	assert_int_equal(entries(), 0);
	know_peer();
	fx_advance(&f, 2 * FX_SEC);
	/* a known sender's new address is merged */
	fx_arp_request(&f, FX_PEER, fx_stranger_mac, FX_ADDR(10, 0, 0, 77));
	fx_expect_silence(&f);
	assert_memory_equal(entry(FX_PEER)->ha, fx_stranger_mac, ETH_ALEN);
	assert_int_equal(entry(FX_PEER)->nud_state, NUD_STALE);
}

static void request_from_another_net_is_answered_not_learned(void **state)
{
	(void)state;
	fx_arp_request(&f, FX_ADDR(192, 168, 7, 7), fx_peer_mac, FX_IP);
	fx_expect(&f, &p);
	assert_int_equal(p.arp.op, ARPOP_REPLY);
	assert_int_equal(entries(), 0);
}

/* @attack A2 @req 826-4 */
static void reply_unsolicited_creates_nothing(void **state)
{
	(void)state;
	arp(ARPOP_REPLY, FX_PEER, fx_stranger_mac, FX_IP, true);
	arp(ARPOP_REPLY, FX_PEER, fx_stranger_mac, FX_PEER, false);
	arp(ARPOP_REQUEST, FX_PEER, fx_stranger_mac, FX_PEER, false);
	assert_int_equal(entries(), 0);
	fx_expect_silence(&f);
	assert_int_equal(fx_mib_delta(&f, MIB_ARP_INREPLIES), 2);
	assert_int_equal(fx_mib_delta(&f, MIB_ARP_INREQUESTS), 1);
	fx_sysctl(&f, "net.ipv4.conf.all.arp_accept", "1");
	arp(ARPOP_REQUEST, FX_PEER, fx_stranger_mac, FX_PEER, false);
	assert_int_equal(entries(), 1);
}

/* @attack A2 @req 826-4 */
static void reply_unsolicited_moves_a_reachable_entry_only_after_locktime(
	void **state)
{
	(void)state;
	know_peer();
	arp(ARPOP_REPLY, FX_PEER, fx_stranger_mac, FX_IP, true);
	arp(ARPOP_REPLY, FX_PEER, fx_stranger_mac, FX_PEER, false);
	fx_advance(&f, 900 * FX_MS);
	arp(ARPOP_REPLY, FX_PEER, fx_stranger_mac, FX_IP, true);
	assert_memory_equal(entry(FX_PEER)->ha, fx_peer_mac, ETH_ALEN);
	assert_int_equal(entry(FX_PEER)->nud_state, NUD_REACHABLE);
	assert_true(fx_mib_delta(&f, MIB_ARP_CHANGED) == 0);
	fx_advance(&f, 200 * FX_MS);
	f.nr_log = 0;
	arp(ARPOP_REPLY, FX_PEER, fx_stranger_mac, FX_IP, true);
	/* believed, never as confirmed, and said */
	assert_memory_equal(entry(FX_PEER)->ha, fx_stranger_mac, ETH_ALEN);
	assert_int_equal(entry(FX_PEER)->nud_state, NUD_STALE);
	assert_true(fx_mib_delta(&f, MIB_ARP_CHANGED) == 1);
	assert_int_equal(f.nr_log, 1);
	assert_non_null(strstr(f.log, "10.0.0.1"));
}

static void replies_back_to_back_the_first_counts(void **state)
{
	(void)state;
	fx_send(&f, FX_PEER, 253, "x", 1);
	fx_flush(&f);
	fx_arp_reply(&f, FX_PEER, fx_peer_mac);
	fx_arp_reply(&f, FX_PEER, fx_stranger_mac);
	assert_memory_equal(entry(FX_PEER)->ha, fx_peer_mac, ETH_ALEN);
}

/* @attack A1 @req 826-1 */
static void packet_of_another_kind_is_dropped(void **state)
{
	static const struct {
		u32 at;
		u8 val;
	} lies[] = {
		{ 0, 1 }, { 1, 6 }, { 2, 0x86 }, { 3, 0xdd }, { 4, 0 },
		{ 4, 255 }, { 5, 16 }, { 5, 0 },
	};
	struct arp_info a = { .op = ARPOP_REQUEST, .sip = FX_PEER,
			      .tip = FX_IP };
	u32 len, i;

	(void)state;
	ether_addr_copy(a.sha, fx_peer_mac);
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		len = fx_build_arp(frame, fx_mac, fx_peer_mac, &a);
		frame[ETH_HLEN + lies[i].at] = lies[i].val;
		fx_inject(&f, frame, len);
		fx_assert_dropped(&f, SKB_DROP_REASON_ARP_INVALID, 1);
	}
	for (len = ETH_HLEN; len < ETH_HLEN + ARP_HLEN; len++) {
		fx_build_arp(frame, fx_mac, fx_peer_mac, &a);
		fx_inject(&f, frame, len);
		fx_assert_dropped(&f, SKB_DROP_REASON_ARP_INVALID, 1);
	}
	fx_expect_silence(&f);
	assert_int_equal(entries(), 0);
}

/* @attack A5 */
static void packet_rarp_or_inarp_is_ignored(void **state)
{
	static const u16 ops[] = { 0, 3, 4, 5, 8, 9, 10, 25, 0x0100, 0xffff };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		arp(ops[i], FX_PEER, fx_stranger_mac, FX_IP, true);
		fx_assert_dropped(&f, SKB_DROP_REASON_ARP_INVALID, 1);
	}
	fx_expect_silence(&f);
	assert_int_equal(entries(), 0);
	assert_non_null(strstr(fx_show(&f, inet_addr_show), "10.0.0.2/24"));
}

/* @attack A6 @req 826-5 */
static void sender_nobody_may_be_is_dropped(void **state)
{
	static const __be32 bad[] = {
		FX_ADDR(127, 0, 0, 1), FX_ADDR(224, 0, 0, 1),
		FX_ADDR(255, 255, 255, 255), FX_ADDR(10, 0, 0, 255),
		FX_ADDR(240, 0, 0, 1), FX_ADDR(0, 0, 0, 1),
	};
	static const u8 macs[][ETH_ALEN] = {
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 1, 0, 0x5e, 0, 0, 1 }, { 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		arp(ARPOP_REQUEST, bad[i], fx_stranger_mac, FX_IP, false);
		fx_assert_dropped(&f, SKB_DROP_REASON_ARP_MARTIAN, 1);
		arp(ARPOP_REPLY, bad[i], fx_stranger_mac, FX_IP, true);
		fx_assert_dropped(&f, SKB_DROP_REASON_ARP_MARTIAN, 1);
	}
	for (i = 0; i < ARRAY_SIZE(macs); i++) {
		arp(ARPOP_REQUEST, FX_PEER, macs[i], FX_IP, false);
		fx_assert_dropped(&f, SKB_DROP_REASON_ARP_MARTIAN, 1);
	}
	/* a reply without a sender */
	arp(ARPOP_REPLY, 0, fx_stranger_mac, FX_IP, true);
	fx_assert_dropped(&f, SKB_DROP_REASON_ARP_MARTIAN, 1);
	fx_expect_silence(&f);
	assert_int_equal(entries(), 0);
}

/* @attack A6 */
static void target_nobody_may_be_is_dropped(void **state)
{
	static const __be32 bad[] = {
		0, FX_ADDR(127, 0, 0, 1), FX_ADDR(224, 0, 0, 1),
		FX_ADDR(255, 255, 255, 255), FX_ADDR(240, 0, 0, 1),
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		arp(ARPOP_REQUEST, FX_PEER, fx_peer_mac, bad[i], false);
		fx_assert_dropped(&f, SKB_DROP_REASON_ARP_MARTIAN, 1);
	}
	arp(ARPOP_REQUEST, FX_PEER, fx_peer_mac, FX_ADDR(10, 0, 0, 255), false);
	fx_expect_silence(&f);
	assert_int_equal(entries(), 0);
}

static void frame_for_somebody_else_teaches_nothing(void **state)
{
	struct arp_info a = { .op = ARPOP_REQUEST, .sip = FX_PEER,
			      .tip = FX_IP };

	(void)state;
	ether_addr_copy(a.sha, fx_peer_mac);
	fx_inject(&f, frame, fx_build_arp(frame, fx_stranger_mac, fx_peer_mac,
					  &a));
	fx_assert_dropped(&f, SKB_DROP_REASON_OTHERHOST, 1);
	fx_expect_silence(&f);
	assert_int_equal(entries(), 0);
}

/* ---- RFC 5227 ------------------------------------------------------------- */

static void expect_announcement(void)
{
	fx_expect(&f, &p);
	assert_int_equal(p.proto, ETH_P_ARP);
	assert_int_equal(p.arp.op, ARPOP_REQUEST);
	assert_int_equal(p.arp.sip, FX_IP);
	assert_int_equal(p.arp.tip, FX_IP);
	assert_memory_equal(p.arp.sha, fx_mac, ETH_ALEN);
	assert_true(is_broadcast_ether_addr(p.eth->h_dest));
}

/* @req 5227-4 @req 5227-6 */
static void address_added_is_announced_twice_two_seconds_apart(void **state)
{
	u64 first;

	(void)state;
	assert_int_equal(inet_addr_del(f.dev, "10.0.0.2/24"), 0);
	assert_int_equal(inet_addr_add(f.dev, "10.0.0.2/24"), 0);
	fx_advance(&f, 600 * FX_SEC);
	expect_announcement();
	first = p.time_ns;
	expect_announcement();
	assert_true(p.time_ns - first >= 2 * FX_SEC &&
		    p.time_ns - first < 2 * FX_SEC + FX_MS);
	fx_expect_silence(&f);
}

static void device_up_again_announces_its_addresses(void **state)
{
	(void)state;
	assert_int_equal(inet_netdev_down(f.dev), 0);
	fx_advance(&f, 10 * FX_SEC);
	fx_expect_silence(&f);
	assert_int_equal(inet_netdev_up(f.dev), 0);
	fx_advance(&f, 10 * FX_SEC);
	expect_announcement();
	expect_announcement();
	fx_expect_silence(&f);
	fx_sysctl(&f, "net.ipv4.conf.all.arp_notify", "0");
	assert_int_equal(inet_netdev_down(f.dev), 0);
	assert_int_equal(inet_netdev_up(f.dev), 0);
	fx_advance(&f, 10 * FX_SEC);
	fx_expect_silence(&f);
}

static void address_deleted_between_announcements_is_quiet(void **state)
{
	(void)state;
	assert_int_equal(inet_addr_add(f.dev, "10.0.0.3/24"), 0);
	fx_flush(&f);
	assert_int_equal(inet_addr_del(f.dev, "10.0.0.3/24"), 0);
	fx_advance(&f, 10 * FX_SEC);
	fx_expect_silence(&f);
}

static void probe_for_our_address_is_answered(void **state)
{
	(void)state;
	arp(ARPOP_REQUEST, 0, fx_stranger_mac, FX_IP, false);
	fx_expect(&f, &p);
	assert_int_equal(p.arp.op, ARPOP_REPLY);
	assert_int_equal(p.arp.sip, FX_IP);
	assert_memory_equal(p.arp.sha, fx_mac, ETH_ALEN);
	assert_memory_equal(p.eth->h_dest, fx_stranger_mac, ETH_ALEN);
	assert_int_equal(entries(), 0);
}

/* @attack A4 @req 5227-5 */
static void conflict_is_defended_once_in_ten_seconds(void **state)
{
	u32 defended = 0;
	u64 last = 0;
	int i;

	(void)state;
	f.nr_log = 0;
	arp(ARPOP_REQUEST, FX_IP, fx_stranger_mac, FX_IP, false);
	expect_announcement();
	assert_int_equal(f.nr_log, 1);
	assert_non_null(strstr(f.log, "02:00:00:00:00:09"));
	fx_advance(&f, 5 * FX_SEC);
	arp(ARPOP_REPLY, FX_IP, fx_stranger_mac, FX_PEER, false);
	fx_expect_silence(&f);
	fx_advance(&f, 10 * FX_SEC);
	for (i = 0; i < 60; i++) {
		arp(ARPOP_REQUEST, FX_IP, fx_stranger_mac, FX_STRANGER, false);
		while (fx_pop(&f, &p)) {
			assert_int_equal(p.arp.sip, FX_IP);
			assert_true(!last || p.time_ns - last >= 10 * FX_SEC);
			last = p.time_ns;
			defended++;
		}
		fx_advance(&f, FX_SEC);
	}
	assert_int_equal(defended, 6);
	assert_true(fx_mib_delta(&f, MIB_ARP_CONFLICTS) == 62);
	assert_int_equal(entries(), 0);
}

static void conflict_with_defence_off_is_only_counted(void **state)
{
	(void)state;
	fx_sysctl(&f, "net.ipv4.conf.all.arp_defend", "0");
	arp(ARPOP_REQUEST, FX_IP, fx_stranger_mac, FX_IP, false);
	fx_expect_silence(&f);
	assert_true(fx_mib_delta(&f, MIB_ARP_CONFLICTS) == 1);
}

static void own_packet_coming_back_is_no_conflict(void **state)
{
	struct arp_info a = { .op = ARPOP_REQUEST, .sip = FX_IP, .tip = FX_IP };
	u8 all[ETH_ALEN];

	(void)state;
	eth_broadcast_addr(all);
	ether_addr_copy(a.sha, fx_mac);
	fx_inject(&f, frame, fx_build_arp(frame, all, fx_peer_mac, &a));
	fx_expect_silence(&f);
	assert_true(fx_mib_delta(&f, MIB_ARP_CONFLICTS) == 0);
}

/* ---- knobs ----------------------------------------------------------------- */

static void ignore_decides_which_addresses_answer(void **state)
{
	static const u8 mac1[ETH_ALEN] = { 2, 0, 0, 0, 1, 2 };

	(void)state;
	fx_add_dev(&f, "test1", mac1, "10.1.0.2/24");
	fx_advance(&f, 3 * FX_SEC);
	fx_flush(&f);
	/* 0: any address of ours on any device (the weak model) */
	fx_arp_request(&f, FX_PEER, fx_peer_mac, FX_ADDR(10, 1, 0, 2));
	fx_expect(&f, &p);
	fx_sysctl(&f, "net.ipv4.conf.all.arp_ignore", "1");
	fx_arp_request(&f, FX_PEER, fx_peer_mac, FX_ADDR(10, 1, 0, 2));
	fx_expect_silence(&f);
	fx_arp_request(&f, FX_ADDR(192, 168, 7, 7), fx_peer_mac, FX_IP);
	fx_expect(&f, &p);
	/* 2: only askers of the same network */
	fx_sysctl(&f, "net.ipv4.conf.all.arp_ignore", "2");
	fx_arp_request(&f, FX_ADDR(192, 168, 7, 7), fx_peer_mac, FX_IP);
	fx_expect_silence(&f);
	fx_arp_request(&f, FX_PEER, fx_peer_mac, FX_IP);
	fx_expect(&f, &p);
	fx_sysctl(&f, "net.ipv4.conf.all.arp_ignore", "8");
	fx_arp_request(&f, FX_PEER, fx_peer_mac, FX_IP);
	fx_expect_silence(&f);
}

static void multicast_and_broadcast_need_no_asking(void **state)
{
	static const u8 mc[ETH_ALEN] = { 1, 0, 0x5e, 1, 2, 3 };

	(void)state;
	assert_int_equal(inet_route_add(f.net, "224.0.0.0/4 dev test0"), 0);
	fx_send(&f, FX_ADDR(239, 129, 2, 3), 253, "x", 1);
	fx_expect(&f, &p);
	assert_memory_equal(p.eth->h_dest, mc, ETH_ALEN);
	fx_send(&f, FX_ADDR(10, 0, 0, 255), 253, "x", 1);
	fx_expect(&f, &p);
	assert_true(is_broadcast_ether_addr(p.eth->h_dest));
	fx_expect_silence(&f);
}

int main(void)
{
#define T(name) cmocka_unit_test_prestate_setup_teardown( \
		name, attack_setup, fx_teardown, &f)
/* Unwatched: about more than what attacks may do. */
#define U(name) cmocka_unit_test_prestate_setup_teardown( \
		name, fx_setup, fx_teardown, &f)
	const struct CMUnitTest tests[] = {
		T(request_for_us_is_answered_to_the_asker_only),
		T(request_for_us_teaches_the_sender),
		T(request_for_others_teaches_nothing_new),
		T(request_from_another_net_is_answered_not_learned),
		T(reply_unsolicited_creates_nothing),
		T(reply_unsolicited_moves_a_reachable_entry_only_after_locktime),
		T(replies_back_to_back_the_first_counts),
		T(packet_of_another_kind_is_dropped),
		T(packet_rarp_or_inarp_is_ignored),
		T(sender_nobody_may_be_is_dropped),
		T(target_nobody_may_be_is_dropped),
		T(frame_for_somebody_else_teaches_nothing),
		T(address_added_is_announced_twice_two_seconds_apart),
		U(device_up_again_announces_its_addresses),
		T(address_deleted_between_announcements_is_quiet),
		T(probe_for_our_address_is_answered),
		T(conflict_is_defended_once_in_ten_seconds),
		T(conflict_with_defence_off_is_only_counted),
		T(own_packet_coming_back_is_no_conflict),
		T(ignore_decides_which_addresses_answer),
		T(multicast_and_broadcast_need_no_asking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
