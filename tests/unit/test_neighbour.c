/* SPDX-License-Identifier: BSD-2-Clause */
/* neighbour.c: states, timers, queues, limits; by ARP on a test device. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>

#include <inet/socket.h>

#include "attack.h"
#include "core/neighbour.h"
#include "fixture.h"
#include "ipv4/ip.h"

static struct fx f;
static struct fx_pkt p;
static const u8 some[32] = { 1, 2, 3 };

static struct neighbour *entry(__be32 addr)
{
	struct neighbour *n = neigh_lookup(f.net->ipv4.arp_tbl, &addr, f.dev);

	neigh_release(n);	/* the table's reference is enough here */
	return n;
}

static u8 nud(__be32 addr)
{
	struct neighbour *n = entry(addr);

	return n ? n->nud_state : NUD_NONE;
}

static u32 entries(void)
{
	return f.net->ipv4.arp_tbl->entries - (f.watch ? 1 : 0);
}

/* Sends one packet to @addr. */
static void send_to(__be32 addr)
{
	fx_send(&f, addr, 253, some, sizeof(some));
}

static void expect_request(__be32 addr, bool unicast)
{
	fx_expect(&f, &p);
	assert_int_equal(p.proto, ETH_P_ARP);
	assert_int_equal(p.arp.op, ARPOP_REQUEST);
	assert_int_equal(p.arp.tip, addr);
	assert_int_equal(p.arp.sip, FX_IP);
	assert_int_equal(is_broadcast_ether_addr(p.eth->h_dest), !unicast);
}

static void expect_data(const u8 *mac)
{
	fx_expect(&f, &p);
	assert_int_equal(p.proto, ETH_P_IP);
	assert_memory_equal(p.eth->h_dest, mac, ETH_ALEN);
	assert_memory_equal(p.eth->h_source, fx_mac, ETH_ALEN);
	assert_int_equal(p.l4_len, sizeof(some));
}

/* The peer's entry, REACHABLE, the wire silent. */
static void make_reachable(void)
{
	send_to(FX_PEER);
	expect_request(FX_PEER, false);
	fx_arp_reply(&f, FX_PEER, fx_peer_mac);
	expect_data(fx_peer_mac);
	assert_int_equal(nud(FX_PEER), NUD_REACHABLE);
	fx_expect_silence(&f);
}

static u64 reachable_time(void)
{
	return f.net->ipv4.arp_tbl->reachable_time_ns;
}

/* @req 1122-2.3.2.2 @req 1122-2.4b */
static void none_packet_waits_for_the_answer(void **state)
{
	(void)state;
	send_to(FX_PEER);
	expect_request(FX_PEER, false);
	fx_expect_silence(&f);
	assert_int_equal(nud(FX_PEER), NUD_INCOMPLETE);
	fx_arp_reply(&f, FX_PEER, fx_peer_mac);
	expect_data(fx_peer_mac);
	fx_expect_silence(&f);
	assert_int_equal(nud(FX_PEER), NUD_REACHABLE);
	fx_assert_no_drops(&f);
}

/* @req 1122-2.3.2.1b */
static void incomplete_many_packets_ask_once_a_second(void **state)
{
	u64 first, last = 0;
	int i, requests = 0;

	(void)state;
	first = f.now_ns;
	for (i = 0; i < 2500; i++) {
		send_to(FX_PEER);
		fx_advance(&f, FX_MS);
		while (fx_pop(&f, &p)) {
			assert_int_equal(p.proto, ETH_P_ARP);
			assert_true(!requests || p.time_ns - last >= FX_SEC);
			last = p.time_ns;
			requests++;
		}
	}
	assert_int_equal(requests, 3);
	assert_true(last - first <= 2 * FX_SEC + FX_SEC / 10);
}

static void incomplete_three_requests_unanswered_fails(void **state)
{
	(void)state;
	send_to(FX_PEER);
	fx_advance(&f, 3500 * FX_MS);
	expect_request(FX_PEER, false);
	expect_request(FX_PEER, false);
	expect_request(FX_PEER, false);
	fx_expect_silence(&f);
	assert_int_equal(nud(FX_PEER), NUD_FAILED);
	assert_true(fx_drop_delta(&f, SKB_DROP_REASON_NEIGH_FAILED) == 1);
	fx_assert_no_skbs(&f);
}

static void failed_next_packet_asks_again(void **state)
{
	(void)state;
	send_to(FX_PEER);
	fx_advance(&f, 4 * FX_SEC);
	fx_flush(&f);
	send_to(FX_PEER);
	expect_request(FX_PEER, false);
	fx_arp_reply(&f, FX_PEER, fx_peer_mac);
	expect_data(fx_peer_mac);
	assert_int_equal(nud(FX_PEER), NUD_REACHABLE);
}

static void incomplete_queue_full_drops_the_oldest(void **state)
{
	struct neighbour *n;
	u32 i, truesize;

	(void)state;
	send_to(FX_PEER);
	n = entry(FX_PEER);
	truesize = n->arp_queue_len_bytes;
	fx_flush(&f);
	fx_mark(&f);
	for (i = 0; i < 400; i++)
		send_to(FX_PEER);
	assert_true(n->arp_queue_len_bytes <= 212992);
	assert_true(n->arp_queue_len_bytes > 212992 - truesize);
	fx_assert_dropped(&f, SKB_DROP_REASON_NEIGH_QUEUEFULL,
			  401 - n->arp_queue.qlen);
}

/* @req 1122-2.3.2.1a */
static void reachable_unused_becomes_stale(void **state)
{
	(void)state;
	make_reachable();
	fx_advance(&f, reachable_time() - FX_SEC);
	assert_int_equal(nud(FX_PEER), NUD_REACHABLE);
	fx_advance(&f, 2 * FX_SEC);
	assert_int_equal(nud(FX_PEER), NUD_STALE);
	fx_expect_silence(&f);
}

static void stale_packet_goes_out_and_delays_the_probe(void **state)
{
	(void)state;
	make_reachable();
	fx_advance(&f, reachable_time() + FX_SEC);
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
	assert_int_equal(nud(FX_PEER), NUD_DELAY);
	fx_advance(&f, 4 * FX_SEC);
	fx_expect_silence(&f);
	fx_advance(&f, 2 * FX_SEC);
	expect_request(FX_PEER, true);
	assert_memory_equal(p.eth->h_dest, fx_peer_mac, ETH_ALEN);
	assert_int_equal(nud(FX_PEER), NUD_PROBE);
	fx_arp_reply(&f, FX_PEER, fx_peer_mac);
	assert_int_equal(nud(FX_PEER), NUD_REACHABLE);
}

static void delay_upper_layer_confirms_and_nothing_is_asked(void **state)
{
	(void)state;
	make_reachable();
	fx_advance(&f, reachable_time() + FX_SEC);
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
	fx_advance(&f, FX_SEC);
	neigh_confirm(entry(FX_PEER));
	fx_advance(&f, 5 * FX_SEC);
	fx_expect_silence(&f);
	assert_int_equal(nud(FX_PEER), NUD_REACHABLE);
}

static void probe_unanswered_three_unicasts_then_fails(void **state)
{
	(void)state;
	make_reachable();
	fx_advance(&f, reachable_time() + FX_SEC);
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
	fx_advance(&f, 10 * FX_SEC);
	expect_request(FX_PEER, true);
	expect_request(FX_PEER, true);
	expect_request(FX_PEER, true);
	fx_expect_silence(&f);
	assert_int_equal(nud(FX_PEER), NUD_FAILED);
}

static void probe_packets_still_go_out(void **state)
{
	(void)state;
	make_reachable();
	fx_advance(&f, reachable_time() + FX_SEC);
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
	fx_advance(&f, 5500 * FX_MS);
	expect_request(FX_PEER, true);
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
}

static void reachable_times_are_random_in_their_range(void **state)
{
	u64 first = reachable_time(), t;
	int i, changed = 0;

	(void)state;
	for (i = 0; i < 20; i++) {
		fx_advance(&f, 301 * FX_SEC);
		t = reachable_time();
		assert_true(t >= 15 * FX_SEC && t < 45 * FX_SEC);
		changed += t != first;
	}
	assert_true(changed >= 18);
}

static void reachable_time_follows_its_knob_at_once(void **state)
{
	u64 t;

	(void)state;
	fx_sysctl(&f, "net.ipv4.neigh.default.base_reachable_time_ms", "2000");
	t = reachable_time();
	assert_true(t >= FX_SEC && t < 3 * FX_SEC);
	make_reachable();
	fx_advance(&f, 3 * FX_SEC);
	assert_int_equal(nud(FX_PEER), NUD_DELAY);	/* used 3 s ago */
	fx_sysctl(&f, "net.ipv4.neigh.default.base_reachable_time_ms",
		  "3600000");
	t = reachable_time();
	assert_true(t >= 1800 * FX_SEC && t < 5400 * FX_SEC);
}

static void connected_kept_header_follows_a_new_address(void **state)
{
	static const u8 other[ETH_ALEN] = { 2, 0, 0, 0, 0, 7 };
	struct neighbour *n;

	(void)state;
	make_reachable();
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
	n = entry(FX_PEER);
	assert_int_equal(n->hh_len, ETH_HLEN);
	assert_ptr_equal(n->output, neigh_connected_output);
	assert_int_equal(neigh_update(n, other, NUD_REACHABLE,
				      NEIGH_UPDATE_F_OVERRIDE), 0);
	assert_int_equal(n->hh_len, 0);
	send_to(FX_PEER);
	expect_data(other);
}

static void device_address_changed_header_follows(void **state)
{
	static const u8 mine[ETH_ALEN] = { 2, 0, 0, 0, 0, 0x22 };

	(void)state;
	fx_learn(&f);
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
	assert_int_equal(inet_netdev_set_mac(f.dev, mine), 0);
	fx_run(&f);
	fx_flush(&f);
	assert_int_equal(nud(FX_PEER), NUD_PERMANENT);
	send_to(FX_PEER);
	fx_expect(&f, &p);
	assert_memory_equal(p.eth->h_source, mine, ETH_ALEN);
	assert_memory_equal(p.eth->h_dest, fx_peer_mac, ETH_ALEN);
}

/* What dies with the entries that are forgotten tells its owner, who asks for
 * many others: the table grows at that moment. */
static void many_others_are_asked_for(struct sk_buff *skb)
{
	u32 i;

	skb->destructor = NULL;
	for (i = 0; i < 100; i++)
		send_to(FX_ADDR(10, 0, 0, 100 + i));
}

static void device_address_changed_while_the_table_grows(void **state)
{
	static const u8 mine[ETH_ALEN] = { 2, 0, 0, 0, 0, 0x22 };
	u32 before;

	(void)state;
	fx_learn(&f);
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
	send_to(FX_STRANGER);
	assert_int_equal(nud(FX_STRANGER), NUD_INCOMPLETE);
	skb_peek(&entry(FX_STRANGER)->arp_queue)->destructor =
		many_others_are_asked_for;
	before = entries();
	assert_int_equal(inet_netdev_set_mac(f.dev, mine), 0);
	assert_true(entries() >= before + 90);
	fx_run(&f);
	fx_flush(&f);
	send_to(FX_PEER);
	fx_expect(&f, &p);
	assert_memory_equal(p.eth->h_source, mine, ETH_ALEN);
	assert_memory_equal(p.eth->h_dest, fx_peer_mac, ETH_ALEN);
}

static void permanent_is_not_changed_by_packets(void **state)
{
	(void)state;
	fx_learn(&f);
	fx_advance(&f, 100 * FX_SEC);
	fx_arp_reply(&f, FX_PEER, fx_stranger_mac);
	fx_arp_request(&f, FX_PEER, fx_stranger_mac, FX_IP);
	fx_flush(&f);
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
	assert_int_equal(nud(FX_PEER), NUD_PERMANENT);
	assert_int_equal(inet_neigh_del(f.dev, "10.0.0.1"), 0);
	assert_int_equal(nud(FX_PEER), NUD_NONE);
	assert_int_equal(inet_neigh_del(f.dev, "10.0.0.1"), -1);
	assert_int_equal(errno, ENOENT);
}

static void device_down_forgets_everything(void **state)
{
	(void)state;
	make_reachable();
	send_to(FX_STRANGER);
	assert_int_equal(entries(), 2);
	fx_flush(&f);
	fx_mark(&f);
	assert_int_equal(inet_netdev_down(f.dev), 0);
	assert_int_equal(entries(), 0);
	fx_assert_dropped(&f, SKB_DROP_REASON_NEIGH_DEAD, 1);
	assert_int_equal(inet_netdev_up(f.dev), 0);
}

/* The @i-th of many hosts on the link, 10.129.0.0 and up. */
static __be32 host(u32 i)
{
	return cpu_to_be32(0x0a810000u + i);
}

/* The link gets room for them. */
static void widen(void)
{
	assert_int_equal(inet_addr_add(f.dev, "10.128.0.2/9"), 0);
	fx_advance(&f, 3 * FX_SEC);
	fx_flush(&f);
}

/* A request of that host for us waits to be received. */
static void request_from(u32 i)
{
	struct arp_info a = {
		.op = ARPOP_REQUEST, .sip = host(i), .tip = FX_IP,
		.sha = { 2, 1, 0, (u8)(i >> 16), (u8)(i >> 8), (u8)i },
	};
	u8 frame[ETH_ZLEN], all[ETH_ALEN];

	eth_broadcast_addr(all);
	fx_queue(&f, f.dev, frame, fx_build_arp(frame, all, a.sha, &a));
}

/* @attack A3 @req 826-6 */
static void table_flooded_by_requests_stays_bounded(void **state)
{
	u32 i, answered = 0;

	(void)state;
	widen();
	make_reachable();
	for (i = 1; i <= 100000; i++) {
		request_from(i);
		if (i % 32)
			continue;
		fx_run(&f);
		answered += fx_flush(&f);
		assert_true(entries() <= 1024);
		if (i % 8192 == 0) {
			fx_advance(&f, FX_SEC);
			neigh_confirm(entry(FX_PEER));
		}
	}
	/* nobody was refused, and the gateway is there */
	assert_true(answered >= 100000);
	assert_int_equal(nud(FX_PEER), NUD_REACHABLE);
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
}

/* @attack A3 */
static void table_flooded_by_own_packets_spares_the_gateway(void **state)
{
	u32 i, requests = 0;

	(void)state;
	attack_allow(&f, UINT32_MAX);
	widen();
	make_reachable();
	for (i = 1; i <= 100000; i++) {
		fx_send(&f, host(i), 253, some, 8);
		requests += fx_flush(&f);
		assert_true(entries() <= 1024);
		if (i % 1000 == 0)
			fx_advance(&f, FX_SEC / 10);
		if (i % 20000 == 0)
			neigh_confirm(entry(FX_PEER));
	}
	requests += fx_flush(&f);
	/* what found no place was refused, not asked for */
	assert_true(requests < 10 * 1024);
	assert_true(fx_drop_delta(&f, SKB_DROP_REASON_NEIGH_CREATEFAIL) > 0);
	assert_true(fx_mib_delta(&f, MIB_ARP_TABLEFULL) > 0);
	assert_true(fx_mib_delta(&f, MIB_IP_OUTDISCARDS) > 0);
	assert_in_range(fx_mib_delta(&f, MIB_ARP_OUTREQUESTS), requests, requests + 5);
	assert_int_equal(nud(FX_PEER), NUD_REACHABLE);
	send_to(FX_PEER);
	expect_data(fx_peer_mac);
	fx_advance(&f, 10 * FX_SEC);
	fx_flush(&f);
	fx_assert_no_skbs(&f);
}

static void table_above_thresh1_unused_go_after_a_while(void **state)
{
	u32 i;

	(void)state;
	widen();
	for (i = 1; i <= 400; i++)
		request_from(i);
	fx_run(&f);
	assert_true(entries() >= 400);
	fx_advance(&f, 50 * FX_SEC);
	assert_true(entries() >= 400);
	fx_advance(&f, 30 * FX_SEC);
	assert_int_equal(entries(), 0);
}

static void table_below_thresh1_keeps_what_it_knows(void **state)
{
	u32 i;

	(void)state;
	widen();
	for (i = 1; i <= 100; i++)
		request_from(i);
	fx_advance(&f, 600 * FX_SEC);
	assert_int_equal(entries(), 100);
}

/* @attack A7 @req 1122-3.2.2.1b */
static void absent_host_many_sends_three_requests_then_unreachable(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = cpu_to_be16(9),
				  .sin_addr.s_addr = FX_STRANGER };
	struct socket *s = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0);
	int i, err = 0, requests = 0, on = 1;
	socklen_t len = sizeof(err);

	(void)state;
	assert_non_null(s);
	attack_allow(&f, UINT32_MAX);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_RECVERR, &on,
					 sizeof(on)), 0);
	assert_int_equal(inet_connect(s, (struct sockaddr *)&to, sizeof(to)),
			 0);
	for (i = 0; i < 10000; i++) {
		inet_send(s, some, sizeof(some), MSG_DONTWAIT);
		assert_true(entry(FX_STRANGER)->arp_queue_len_bytes <= 212992);
		if (i % 10 == 0)
			fx_advance(&f, 2 * FX_MS);
	}
	fx_advance(&f, 2 * FX_SEC);
	while (fx_pop(&f, &p)) {
		assert_int_equal(p.proto, ETH_P_ARP);
		requests++;
	}
	assert_int_equal(requests, 3);
	assert_int_equal(nud(FX_STRANGER), NUD_FAILED);
	assert_int_equal(inet_getsockopt(s, SOL_SOCKET, SO_ERROR, &err, &len),
			 0);
	assert_int_equal(err, EHOSTUNREACH);
	assert_int_equal(inet_close(s), 0);
	fx_run(&f);
	fx_assert_no_skbs(&f);
}

static void show_prints_what_ip_prints(void **state)
{
	(void)state;
	fx_learn(&f);
	send_to(FX_STRANGER);
	assert_string_equal(inet_neigh_del(f.dev, "10.0.0.1") ? "" : "x", "x");
	assert_string_equal(fx_show(&f, inet_neigh_show),
			    "10.0.0.9 dev test0 INCOMPLETE\n");
	fx_arp_reply(&f, FX_STRANGER, fx_stranger_mac);
	assert_string_equal(fx_show(&f, inet_neigh_show),
		"10.0.0.9 dev test0 lladdr 02:00:00:00:00:09 REACHABLE\n");
}

static void add_refuses_nonsense_with_a_sentence(void **state)
{
	static const char *const bad[] = {
		"", "10.0.0", "10.0.0.1", "10.0.0.1/24 lladdr 02:00:00:00:00:01",
		"10.0.0.1 lladdr 02:00:00:00:00", "10.0.0.1 lladdr",
		"10.0.0.1 lladdr 02:00:00:00:00:0g",
		"10.0.0.1 lladdr 01:00:5e:00:00:01",
		"224.0.0.1 lladdr 02:00:00:00:00:01",
		"10.0.0.1 lladdr 02:00:00:00:00:01 nud",
		"10.0.0.1 lladdr 02:00:00:00:00:01 nud eternal",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(inet_neigh_add(f.dev, bad[i]), -1);
		assert_int_equal(errno, EINVAL);
		assert_non_null(strstr(inet_strerror(f.net), "test0: "));
	}
	assert_int_equal(entries(), 0);
}

/* Packets that wait for an address hold no frame that the device needs, however
 * many a router has for hosts that are not there. */
static void packets_to_absent_hosts_leave_frames_to_the_device(void **state)
{
	struct fx_ip ip = { .proto = 253 };
	static u8 frame[1600], data[1400];
	u32 i;

	(void)state;
	fx_sysctl(&f, "net.ipv4.ip_forward", "1");
	fx_sysctl(&f, "net.ipv4.conf.all.send_redirects", "0");
	f.rx_vary = false;	/* in one frame of the pool, each */
	for (i = 0; i < 5000; i++) {
		ip.daddr = FX_ADDR(10, 0, 0, 100 + i % 100);
		fx_inject(&f, frame, fx_build_ip(frame, &ip, data,
						 sizeof(data)));
		fx_flush(&f);
	}
	assert_true(f.net->pool.nr_free > f.net->pool.low_water / 2);
	assert_true(attack_canary(&f) > 5000);
}

/* Some hosts ask us: their entries are STALE. */
static void learn(u32 first, u32 nr)
{
	while (nr--)
		request_from(first++);
	fx_run(&f);
	fx_flush(&f);
}

static void thresholds(const char *low, const char *soft, const char *hard)
{
	fx_sysctl(&f, "net.ipv4.neigh.default.gc_thresh1", low);
	fx_sysctl(&f, "net.ipv4.neigh.default.gc_thresh2", soft);
	fx_sysctl(&f, "net.ipv4.neigh.default.gc_thresh3", hard);
}

/* Above gc_thresh2 what was silent for five seconds goes, down to that number, but
 * for what somebody holds; and nobody looks again within five seconds. */
static void table_above_thresh2_old_ones_go_and_new_ones_stay(void **state)
{
	__be32 held_addr = host(1);
	struct neighbour *held;

	(void)state;
	widen();
	learn(1, 30);
	held = neigh_lookup(f.net->ipv4.arp_tbl, &held_addr, f.dev);
	thresholds("1000", "20", "1000");
	fx_advance(&f, 4500 * FX_MS);
	learn(31, 1);
	assert_int_equal(entries(), 31);
	fx_advance(&f, FX_SEC);
	learn(32, 1);
	assert_int_equal(entries(), 32);	/* looked a second ago */
	fx_advance(&f, 5 * FX_SEC);
	learn(33, 1);
	assert_int_equal(entries(), 21);
	assert_ptr_equal(entry(host(1)), held);
	assert_null(entry(host(2)));
	neigh_release(held);
}

/* So does what failed, at once, before what answered. */
static void table_above_thresh2_failed_ones_go_first(void **state)
{
	(void)state;
	widen();
	learn(1, 20);
	send_to(host(50));
	fx_advance(&f, 3500 * FX_MS);
	fx_flush(&f);
	assert_int_equal(nud(host(50)), NUD_FAILED);
	thresholds("1000", "20", "1000");
	learn(51, 1);
	assert_null(entry(host(50)));
	assert_int_equal(entries(), 21);
}

/* At gc_thresh3 even what is new goes. */
static void table_that_is_full_gives_up_new_ones(void **state)
{
	(void)state;
	widen();
	thresholds("1000", "20", "30");
	learn(1, 30);
	assert_int_equal(entries(), 30);
	learn(31, 1);
	assert_int_equal(entries(), 21);
	assert_non_null(entry(host(31)));
}

/* Above gc_thresh1 a host that did not answer goes with the next round, one that was
 * used or heard of lately stays. */
static void table_above_thresh1_failed_ones_go_at_once(void **state)
{
	u32 i;

	(void)state;
	widen();
	thresholds("0", "512", "1024");
	learn(1, 2);
	send_to(host(3));
	fx_advance(&f, 4 * FX_SEC);
	assert_int_equal(nud(host(3)), NUD_FAILED);
	fx_advance(&f, 16 * FX_SEC);
	assert_null(entry(host(3)));
	assert_non_null(entry(host(1)));
	for (i = 0; i < 8; i++) {
		fx_advance(&f, 10 * FX_SEC);
		neigh_confirm(entry(host(1)));
	}
	assert_non_null(entry(host(1)));
	assert_null(entry(host(2)));
	fx_flush(&f);
}

/* ---- what is told --------------------------------------------------------- */

static int update(__be32 addr, const u8 *mac, u8 state, u32 flags)
{
	int err = neigh_update(entry(addr), mac, state, flags);

	fx_run(&f);
	return err;
}

/* A packet that claims no more than it had does not make an entry doubtful; the
 * administrator does. */
static void reachable_stays_unless_the_administrator_says_stale(void **state)
{
	(void)state;
	make_reachable();
	assert_int_equal(update(FX_PEER, fx_peer_mac, NUD_STALE,
				NEIGH_UPDATE_F_OVERRIDE), 0);
	assert_int_equal(nud(FX_PEER), NUD_REACHABLE);
	assert_int_equal(update(FX_PEER, NULL, NUD_STALE,
				NEIGH_UPDATE_F_ADMIN), 0);
	assert_int_equal(nud(FX_PEER), NUD_STALE);
}

/* There is no address to be reachable at. */
static void incomplete_without_an_address_stays(void **state)
{
	(void)state;
	send_to(FX_PEER);
	assert_int_equal(update(FX_PEER, NULL, NUD_REACHABLE,
				NEIGH_UPDATE_F_ADMIN), -EINVAL);
	assert_int_equal(nud(FX_PEER), NUD_INCOMPLETE);
	fx_flush(&f);
}

/* Told that nobody is there: what waits dies, what comes asks anew. */
static void told_to_have_failed_it_asks_again(void **state)
{
	(void)state;
	send_to(FX_PEER);
	expect_request(FX_PEER, false);
	assert_int_equal(update(FX_PEER, NULL, NUD_FAILED,
				NEIGH_UPDATE_F_ADMIN), 0);
	assert_true(fx_drop_delta(&f, SKB_DROP_REASON_NEIGH_FAILED) == 1);
	fx_advance(&f, FX_SEC);
	make_reachable();
	assert_int_equal(update(FX_PEER, NULL, NUD_FAILED,
				NEIGH_UPDATE_F_ADMIN), 0);
	send_to(FX_PEER);
	expect_request(FX_PEER, false);
	fx_expect_silence(&f);
}

/* Told to look whether somebody is there: three questions by unicast. */
static void told_to_probe_it_begins_to_count(void **state)
{
	(void)state;
	make_reachable();
	assert_int_equal(update(FX_PEER, NULL, NUD_PROBE,
				NEIGH_UPDATE_F_ADMIN), 0);
	fx_advance(&f, 5 * FX_SEC);
	for (u32 i = 0; i < 3; i++)
		expect_request(FX_PEER, true);
	fx_expect_silence(&f);
	assert_int_equal(nud(FX_PEER), NUD_FAILED);
}

static void other_device_down_forgets_nothing_here(void **state)
{
	struct net_device *dev = fx_add_dev(&f, "test1", fx_stranger_mac,
					    "10.1.0.2/24");

	(void)state;
	fx_advance(&f, 3 * FX_SEC);
	fx_flush(&f);
	make_reachable();
	assert_int_equal(inet_netdev_down(dev), 0);
	fx_run(&f);
	assert_int_equal(nud(FX_PEER), NUD_REACHABLE);
}

int main(void)
{
#define T(name) cmocka_unit_test_prestate_setup_teardown( \
		name, fx_setup, fx_teardown, &f)
/* The attacks, watched. */
#define W(name) cmocka_unit_test_prestate_setup_teardown( \
		name, attack_setup, fx_teardown, &f)
	const struct CMUnitTest tests[] = {
		W(packets_to_absent_hosts_leave_frames_to_the_device),
		T(none_packet_waits_for_the_answer),
		T(incomplete_many_packets_ask_once_a_second),
		T(incomplete_three_requests_unanswered_fails),
		T(failed_next_packet_asks_again),
		T(incomplete_queue_full_drops_the_oldest),
		T(reachable_unused_becomes_stale),
		T(stale_packet_goes_out_and_delays_the_probe),
		T(delay_upper_layer_confirms_and_nothing_is_asked),
		T(probe_unanswered_three_unicasts_then_fails),
		T(probe_packets_still_go_out),
		T(reachable_times_are_random_in_their_range),
		T(reachable_time_follows_its_knob_at_once),
		T(connected_kept_header_follows_a_new_address),
		T(device_address_changed_header_follows),
		T(device_address_changed_while_the_table_grows),
		T(permanent_is_not_changed_by_packets),
		T(device_down_forgets_everything),
		W(table_flooded_by_requests_stays_bounded),
		W(table_flooded_by_own_packets_spares_the_gateway),
		T(table_above_thresh1_unused_go_after_a_while),
		T(table_below_thresh1_keeps_what_it_knows),
		W(absent_host_many_sends_three_requests_then_unreachable),
		T(show_prints_what_ip_prints),
		T(add_refuses_nonsense_with_a_sentence),
		T(table_above_thresh2_old_ones_go_and_new_ones_stay),
		T(table_above_thresh2_failed_ones_go_first),
		T(table_that_is_full_gives_up_new_ones),
		T(table_above_thresh1_failed_ones_go_at_once),
		T(reachable_stays_unless_the_administrator_says_stale),
		T(incomplete_without_an_address_stays),
		T(told_to_have_failed_it_asks_again),
		T(told_to_probe_it_begins_to_count),
		T(other_device_down_forgets_nothing_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
