/* SPDX-License-Identifier: BSD-2-Clause */
/* VLAN devices above a device whose wire is the test, which sees each tag; and above
 * a card that writes and takes off tags itself (tests/lib/igb_model.h). */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <inet/capture.h>
#include <inet/netdev.h>

#include "core/skbuff.h"
#include "core/vlan.h"
#include "fixture.h"
#include "igb_lab.h"
#include "lib/byteorder.h"
#include "sockets.h"

#define PORT 5000
#define OURS 0x0a050002u		/* 10.5.0.2 */
#define THEIRS 0x0a050001u
#define ADDR "10.5.0.2/24"
#define NEIGH "10.5.0.1 lladdr 02:00:00:00:00:01 nud permanent"

static struct fx_pkt p;
static u8 data[4000];

/* ---- frames ----------------------------------------------------------- */

/* The device of @config (NULL: defaults) above @below: up, 10.5.0.2/24, and it knows
 * 10.5.0.1. */
static struct net_device *add_vlan(struct net_device *below, u16 vid,
				   const struct inet_vlan_config *config)
{
	struct net_device *dev = inet_vlan_open(below, vid, config);

	assert_non_null(dev);
	assert_int_equal(inet_netdev_up(dev), 0);
	assert_int_equal(inet_addr_add(dev, ADDR), 0);
	assert_int_equal(inet_neigh_add(dev, NEIGH), 0);
	return dev;
}

/* The same on test0 of a fixture, which has nothing to say afterwards. */
static struct net_device *fx_vlan(struct fx *f, u16 vid,
				  const struct inet_vlan_config *config)
{
	struct net_device *dev = add_vlan(f->dev, vid, config);

	fx_run(f);
	fx_flush(f);
	fx_mark(f);
	return dev;
}

/* Puts a tag behind the addresses of @frame. Return: the new length. */
static u32 put_tag(u8 *frame, u32 len, u16 proto, u16 tci)
{
	memmove(frame + 16, frame + 12, len - 12);
	put_unaligned_be16(proto, frame + 12);
	put_unaligned_be16(tci, frame + 14);
	return len + 4;
}

/* A datagram of 10.5.0.1 for 10.5.0.2. */
static u32 datagram(u8 *frame)
{
	const struct fx_ip ip = { .saddr = cpu_to_be32(THEIRS),
				  .daddr = cpu_to_be32(OURS) };

	return fx_build_udp(frame, &ip, 53, PORT, "tagged", 6);
}

/* It arrives behind the tags @tci, the first one outermost. */
static void inject_tagged(struct fx *f, const u16 *proto, const u16 *tci, u32 nr)
{
	u8 frame[200];
	u32 len = datagram(frame);

	while (nr--)
		len = put_tag(frame, len, proto[nr], tci[nr]);
	fx_inject(f, frame, len);
}

static void inject_in_vlan(struct fx *f, u16 tci)
{
	const u16 proto = ETH_P_8021Q;

	inject_tagged(f, &proto, &tci, 1);
}

static void assert_read(struct socket *s)
{
	char text[20];

	assert_int_equal(sk_recv(s, text, sizeof(text), MSG_DONTWAIT), 6);
	assert_memory_equal(text, "tagged", 6);
}

static void assert_tag(u32 at, u16 proto, u16 tci)
{
	assert_int_equal(get_unaligned_be16(p.frame + at), proto);
	assert_int_equal(get_unaligned_be16(p.frame + at + 2), tci);
}

/* ---- sending ---------------------------------------------------------- */

static void packet_sent_has_the_tag(void **state)
{
	struct fx *f = *state;
	struct net_device *dev = fx_vlan(f, 5, NULL);
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct inet_netdev_stats before, stats;

	assert_int_equal(inet_netdev_get_stats(dev, &before), 0);
	assert_string_equal(dev->name, "test0.5");
	assert_memory_equal(dev->dev_addr, fx_mac, ETH_ALEN);
	assert_int_equal(sk_sendto(s, "hello", 5, THEIRS, 9), 5);
	fx_expect(f, &p);
	assert_ptr_equal(p.dev, f->dev);
	assert_int_equal(p.len, 14 + 4 + 20 + 8 + 5);
	assert_memory_equal(p.frame, fx_peer_mac, 6);
	assert_memory_equal(p.frame + 6, fx_mac, 6);
	assert_tag(12, 0x8100, 5);
	assert_int_equal(get_unaligned_be16(p.frame + 16), ETH_P_IP);
	assert_int_equal(p.frame[18], 0x45);
	assert_memory_equal(p.frame + 46, "hello", 5);
	assert_int_equal(inet_netdev_get_stats(dev, &stats), 0);
	assert_int_equal(stats.tx_packets - before.tx_packets, 1);
	assert_int_equal(stats.tx_bytes - before.tx_bytes, 47);
	inet_close(s);
}

static void priority_of_the_socket_is_that_of_the_tag(void **state)
{
	const struct inet_vlan_config c = {
		.size = sizeof(c), .egress = { [4] = 6 }, .ingress = { [3] = 9 },
	};
	struct fx *f = *state;
	struct socket *s;

	fx_vlan(f, 5, &c);
	s = sk_udp(f->net, 0, PORT);
	for (int priority = 3; priority <= 5; priority++) {
		sk_set(s, SOL_SOCKET, SO_PRIORITY, priority);
		sk_sendto(s, "x", 1, THEIRS, 9);
		fx_expect(f, &p);
		assert_tag(12, 0x8100, priority == 4 ? 6 << 13 | 5 : 5);
	}
	inet_close(s);
}

/* What is longer than a frame is cut before it gets its tags. */
static void row_of_segments_is_cut_and_each_has_the_tag(void **state)
{
	struct fx *f = *state;
	struct socket *s;
	u32 nr = 0, bytes = 0;

	fx_vlan(f, 5, NULL);
	s = sk_udp(f->net, 0, PORT);
	sk_set(s, IPPROTO_UDP, 103 /* UDP_SEGMENT */, 1000);
	assert_int_equal(sk_sendto(s, data, 3500, THEIRS, 9), 3500);
	while (fx_pop(f, &p)) {
		assert_tag(12, 0x8100, 5);
		bytes += p.len - 46;
		nr++;
	}
	assert_int_equal(nr, 4);
	assert_int_equal(bytes, 3500);
	inet_close(s);
}

static void frame_without_a_header_is_dropped(void **state)
{
	struct fx *f = *state;
	struct net_device *dev = fx_vlan(f, 5, NULL);

	for (u32 len = 1; len < ETH_HLEN; len++) {
		struct sk_buff *skb = alloc_skb(f->net, 100);

		skb_reserve(skb, 50);
		memset(skb_put(skb, len), 0, len);
		skb->dev = dev;
		assert_int_equal(dev_queue_xmit(skb), NET_XMIT_DROP);
	}
	fx_expect_silence(f);
	fx_assert_dropped(f, SKB_DROP_REASON_XMIT_ERROR, ETH_HLEN - 1);
}

/* ---- receiving -------------------------------------------------------- */

static void packet_received_is_that_of_its_tag(void **state)
{
	struct fx *f = *state;
	struct net_device *dev = fx_vlan(f, 5, NULL);
	struct socket *s = sk_udp(f->net, OURS, PORT);
	struct inet_netdev_stats stats;

	inject_in_vlan(f, 5);
	assert_read(s);
	inject_in_vlan(f, 0xf005);		/* a priority, and the DEI bit */
	assert_read(s);
	fx_assert_no_drops(f);
	assert_int_equal(inet_netdev_get_stats(dev, &stats), 0);
	assert_int_equal(stats.rx_packets, 2);
	assert_int_equal(stats.rx_bytes, 2 * 48);
	inet_close(s);
}

/* In pieces, so that the tag lies apart from the addresses. */
static void tag_in_pieces_is_found(void **state)
{
	struct fx *f = *state;
	struct socket *s;

	fx_vlan(f, 5, NULL);
	s = sk_udp(f->net, OURS, PORT);
	for (f->rx_cut = 14; f->rx_cut < 20; f->rx_cut++) {
		inject_in_vlan(f, 5);
		assert_read(s);
	}
	f->rx_cut = 0;
	fx_assert_no_drops(f);
	inet_close(s);
}

static void tag_of_no_device_is_dropped(void **state)
{
	struct fx *f = *state;
	struct net_device *dev = fx_vlan(f, 5, NULL);
	const u16 ad = ETH_P_8021AD, five = 5;

	inject_in_vlan(f, 6);
	inject_tagged(f, &ad, &five, 1);	/* 802.1ad is another */
	fx_assert_dropped(f, SKB_DROP_REASON_VLAN, 2);
	fx_mark(f);
	assert_int_equal(inet_netdev_down(dev), 0);
	inject_in_vlan(f, 5);
	fx_assert_dropped(f, SKB_DROP_REASON_VLAN, 1);
}

/* VLAN 0 is none: the packet is that of the device below. */
static void tag_of_a_priority_is_passed_over(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	const struct fx_ip ip = { .saddr = 0 };
	u8 frame[200];
	u32 len = fx_build_udp(frame, &ip, 53, PORT, "tagged", 6);

	len = put_tag(frame, len, ETH_P_8021Q, 7 << 13);
	fx_inject(f, frame, len);
	assert_read(s);
	fx_assert_no_drops(f);
	inet_close(s);
}

static void two_tags_are_two_devices(void **state)
{
	const struct inet_vlan_config ad = { .size = sizeof(ad),
					     .proto = ETH_P_8021AD };
	const u16 protos[] = { ETH_P_8021AD, ETH_P_8021Q, ETH_P_8021Q };
	const u16 tags[] = { 100, 5, 7 };
	struct fx *f = *state;
	struct net_device *outer = inet_vlan_open(f->dev, 100, &ad), *inner;
	struct socket *s;

	assert_int_equal(inet_netdev_up(outer), 0);
	inner = add_vlan(outer, 5, NULL);
	assert_string_equal(inner->name, "test0.100.5");
	fx_flush(f);
	fx_mark(f);
	s = sk_udp(f->net, OURS, PORT);
	inject_tagged(f, protos, tags, 2);
	assert_read(s);
	fx_assert_no_drops(f);
	sk_sendto(s, "x", 1, THEIRS, 9);
	fx_expect(f, &p);
	assert_tag(12, ETH_P_8021AD, 100);
	assert_tag(16, ETH_P_8021Q, 5);
	/* one more is nobody's, and a third device is refused */
	inject_tagged(f, protos, tags, 3);
	fx_assert_dropped(f, SKB_DROP_REASON_VLAN, 1);
	assert_null(inet_vlan_open(inner, 7, NULL));
	assert_int_equal(errno, EMLINK);
	inet_close(s);
}

static void tags_cut_or_without_end_are_dropped(void **state)
{
	struct fx *f = *state;
	u8 frame[1500];
	u32 len;

	fx_vlan(f, 0, NULL);
	fx_mark(f);
	for (u32 cut = 14; cut < 18; cut++) {
		put_tag(frame, datagram(frame), ETH_P_8021Q, 5);
		fx_inject(f, frame, cut);
	}
	fx_assert_dropped(f, SKB_DROP_REASON_VLAN, 4);
	fx_mark(f);
	for (len = datagram(frame); len < 1490;)
		len = put_tag(frame, len, ETH_P_8021Q, 0);
	fx_inject(f, frame, len);
	fx_assert_dropped(f, SKB_DROP_REASON_VLAN, 1);
}

/* Other owners of a frame still see it with its tag. */
static void tag_of_a_shared_frame_is_left_to_others(void **state)
{
	struct fx *f = *state;
	struct sk_buff *skb = alloc_skb(f->net, 200), *other;
	u8 frame[200];
	u32 len = put_tag(frame, datagram(frame), ETH_P_8021Q, 5);

	memcpy(skb_put(skb, len), frame, len);
	other = skb_clone(skb);
	skb->protocol = eth_type_trans(skb, f->dev);
	assert_int_equal(skb->protocol, cpu_to_be16(ETH_P_IP));
	assert_int_equal(skb->vlan_present, 1);
	assert_int_equal(skb->vlan_tci, 5);
	assert_memory_equal(other->data, frame, len);
	consume_skb(skb);
	consume_skb(other);
}

/* ---- what is below holds above ---------------------------------------- */

static void down_and_up_go_with_the_device_below(void **state)
{
	struct fx *f = *state;
	struct net_device *dev = fx_vlan(f, 5, NULL);

	assert_int_equal(inet_netdev_down(f->dev), 0);
	assert_false(dev->flags & NETDEV_IFF_UP);
	assert_int_equal(inet_netdev_up(dev), -1);
	assert_int_equal(errno, ENETDOWN);
	assert_string_equal(inet_strerror(f->net), "test0.5: test0 is down");
	assert_int_equal(inet_netdev_up(f->dev), 0);
	assert_true(dev->flags & NETDEV_IFF_UP);
	netif_carrier_off(f->dev);
	assert_int_equal(inet_netdev_get_carrier(dev), 0);
	netif_carrier_on(f->dev);
	assert_int_equal(inet_netdev_get_carrier(dev), 1);
}

static void address_and_mtu_follow_the_device_below(void **state)
{
	static const u8 own[6] = { 2, 0, 0, 0, 5, 5 }, next[6] = { 2, 9 };
	const struct inet_vlan_config c = {
		.size = sizeof(c), .name = "own", .mac = { 2, 0, 0, 0, 5, 5 },
	};
	struct fx *f = *state;
	struct net_device *dev = fx_vlan(f, 5, NULL);
	struct net_device *other = inet_vlan_open(f->dev, 6, &c);

	assert_int_equal(inet_netdev_set_mac(f->dev, next), 0);
	assert_memory_equal(dev->dev_addr, next, 6);
	assert_memory_equal(other->dev_addr, own, 6);
	assert_int_equal(inet_netdev_set_mtu(f->dev, 1000), 0);
	assert_int_equal(dev->mtu, 1000);
	assert_int_equal(inet_netdev_set_mtu(dev, 1001), -1);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(inet_netdev_set_mtu(dev, 999), 0);
	assert_int_equal(inet_netdev_set_mtu(f->dev, 1500), 0);
	assert_int_equal(dev->mtu, 999);
}

/* Groups, promiscuity, an address of its own: below while it is up. */
static void filter_below_knows_what_is_wanted_above(void **state)
{
	static const u8 group[6] = { 1, 0, 0x5e, 1, 2, 3 }, own[6] = { 2, 7 };
	struct fx *f = *state;
	struct net_device *dev = fx_vlan(f, 5, NULL);
	u32 joined = 0;

	assert_int_equal(dev_mc_add(dev, group), 0);
	for (u32 i = 0; i < 2; i++) {
		joined = 0;
		for (struct netdev_hw_addr *a = f->dev->mc; a; a = a->next)
			joined += !memcmp(a->addr, group, 6);
		assert_int_equal(joined, !i);
		assert_int_equal(dev_mc_del(dev, group), i ? -ENOENT : 0);
	}
	dev_set_promiscuity(dev, 1);
	dev_set_allmulti(dev, 1);
	assert_int_equal(f->dev->promiscuity, 1);
	assert_int_equal(f->dev->allmulti, 1);
	assert_int_equal(inet_netdev_set_mac(dev, own), 0);
	assert_int_equal(f->dev->promiscuity, 1);
	dev_set_promiscuity(dev, -1);
	assert_int_equal(f->dev->promiscuity, 1);
	assert_int_equal(inet_netdev_down(dev), 0);
	assert_int_equal(f->dev->promiscuity, 0);
	assert_int_equal(f->dev->allmulti, 0);
	assert_int_equal(inet_netdev_up(dev), 0);
	assert_int_equal(f->dev->promiscuity, 1);
	assert_int_equal(inet_netdev_set_mac(dev, f->dev->dev_addr), 0);
	assert_int_equal(f->dev->promiscuity, 0);
}

static void device_below_is_closed_and_all_above_it_with_it(void **state)
{
	struct fx *f = *state;
	struct net_device *below = inet_netdev_open(f->net, "wire:b0,peer=b1");
	struct net_device *outer = inet_vlan_open(below, 100, NULL);

	assert_non_null(inet_vlan_open(outer, 5, NULL));
	assert_non_null(inet_vlan_open(below, 101, NULL));
	assert_int_equal(inet_netdev_close(outer), 0);
	assert_null(inet_netdev_find(f->net, "b0.100.5"));
	assert_non_null(inet_netdev_find(f->net, "b0.101"));
	outer = inet_vlan_open(below, 100, NULL);
	assert_non_null(inet_vlan_open(outer, 5, NULL));
	assert_int_equal(inet_netdev_close(below), 0);
	assert_null(inet_netdev_find(f->net, "b0.101"));
	assert_null(inet_netdev_find(f->net, "b0.100"));
	assert_null(inet_netdev_find(f->net, "b0.100.5"));
}

static void what_cannot_be_is_refused_with_a_sentence(void **state)
{
	struct fx *f = *state;
	struct inet_vlan_config c = { .size = sizeof(c), .name = "other" };
	struct inet_vlan_config bad[3] = { c, c, c };
	struct net_device *raw = fx_add_raw_dev(f, "raw0", NULL);
	struct net_device *lo = inet_netdev_find(f->net, "lo");

	fx_vlan(f, 4094, NULL);
	assert_null(inet_vlan_open(f->dev, 4094, &c));
	assert_int_equal(errno, EEXIST);
	assert_string_equal(inet_strerror(f->net),
			    "test0: VLAN 4094: it has a device");
	assert_null(inet_vlan_open(f->dev, 4095, NULL));
	assert_int_equal(errno, ERANGE);
	assert_null(inet_vlan_open(raw, 5, NULL));
	assert_null(inet_vlan_open(lo, 5, NULL));
	assert_int_equal(errno, EINVAL);
	bad[0].proto = 0x9100;
	bad[1].mac[0] = 1;
	bad[2].egress[15] = 8;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_null(inet_vlan_open(f->dev, 5, &bad[i]));
		assert_int_equal(errno, EINVAL);
	}
	c.size--;
	assert_null(inet_vlan_open(f->dev, 5, &c));
	assert_int_equal(errno, EINVAL);
	assert_string_equal(inet_strerror(f->net), "inet_vlan_config.size is not "
			    "sizeof(struct inet_vlan_config)");
	assert_null(inet_netdev_open(f->net, "vlan:test0"));
	assert_null(inet_netdev_open(f->net, "vlan:test9,id=5"));
	assert_int_equal(errno, ENODEV);
	assert_non_null(inet_netdev_open(f->net, "vlan:test0,id=6,ad,name=six"));
	assert_int_equal(vlan_dev_priv(inet_netdev_find(f->net, "six"))
				 ->vlan_proto, cpu_to_be16(ETH_P_8021AD));
}

/* ---- above a card ----------------------------------------------------- */

/* A capture of the card's device has @frame, as it arrives, whole. */
static void assert_captured(struct igb_lab *l, const u8 *frame, u32 len)
{
	char path[] = "/tmp/inet-vlan-XXXXXX", bytes[4096];
	const struct inet_capture_config c = {
		.size = sizeof(c), .device = l->dev->name, .fd = mkstemp(path),
	};
	struct inet_capture *capture = inet_capture_open(l->net, &c);
	int fd = c.fd;
	ssize_t n;

	assert_non_null(capture);
	igb_model_inject(l->m, frame, len + 4);
	igb_lab_run(l);
	inet_capture_close(capture);
	n = pread(fd, bytes, sizeof(bytes), 0);
	assert_true(n > 0);
	assert_non_null(memmem(bytes, (size_t)n, frame, len + 4));
	close(fd);
	unlink(path);
}

static void card_writes_and_takes_off_tags(void **state)
{
	struct igb_lab *l = *state;
	struct net_device *dev;
	struct socket *s;
	u8 frame[200];
	u32 len;

	igb_lab_open(l);
	dev = add_vlan(l->dev, 5, NULL);
	igb_lab_run(l);
	dut_frames_clear(&l->sent);
	assert_true(dev->features & NETIF_F_TSO);
	s = sk_udp(l->net, 0, PORT);
	sk_sendto(s, "x", 1, THEIRS, 9);
	igb_lab_run(l);
	assert_true(l->sent.nr);		/* the address is announced, too */
	for (u32 i = 0; i < l->sent.nr; i++)
		assert_int_equal(get_unaligned_be32(l->sent.frame[i].bytes + 12),
				 0x81000005);
	len = datagram(frame);
	memset(frame, 0xff, 6);
	memcpy(frame, l->dev->dev_addr, 6);
	igb_model_inject(l->m, frame, put_tag(frame, len, 0x8100, 0xe005));
	igb_lab_run(l);
	assert_read(s);
	assert_captured(l, frame, len);
	inet_close(s);
}

/* VFTA, with VLAN 0 always; and again after a reset. */
static void card_passes_vlans_that_have_a_device(void **state)
{
	struct igb_lab *l = *state;
	struct net_device *dev;

	igb_lab_open(l);
	assert_int_equal(igb_lab_reg(l, E1000_VFTA(0)), 1);
	dev = inet_vlan_open(l->dev, 69, NULL);
	assert_int_equal(igb_lab_reg(l, E1000_VFTA(2)), 1u << 5);
	assert_int_equal(inet_netdev_set_mtu(l->dev, 9000), 0);
	assert_int_equal(igb_lab_reg(l, E1000_VFTA(2)), 1u << 5);
	assert_int_equal(inet_netdev_close(dev), 0);
	assert_int_equal(igb_lab_reg(l, E1000_VFTA(2)), 0);
	dev = inet_vlan_open(l->dev, 0, NULL);
	assert_int_equal(inet_netdev_close(dev), 0);
	assert_int_equal(igb_lab_reg(l, E1000_VFTA(0)), 1);
	assert_true(igb_lab_reg(l, E1000_RCTL) & E1000_RCTL_VFE);
	assert_int_equal(inet_netdev_set_feature(l->dev, "rx-vlan-filter", 0), 0);
	assert_false(igb_lab_reg(l, E1000_RCTL) & E1000_RCTL_VFE);
	assert_int_equal(inet_netdev_set_feature(l->dev, "rxvlan", 0), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(inet_netdev_set_feature(l->dev, "tso", 0), 0);
}

int main(void)
{
#define FX_CASE(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
#define CARD_CASE(f)							\
	cmocka_unit_test_setup_teardown(f, igb_lab_setup, igb_lab_teardown)
	static const struct CMUnitTest tests[] = {
		FX_CASE(packet_sent_has_the_tag),
		FX_CASE(priority_of_the_socket_is_that_of_the_tag),
		FX_CASE(row_of_segments_is_cut_and_each_has_the_tag),
		FX_CASE(frame_without_a_header_is_dropped),
		FX_CASE(packet_received_is_that_of_its_tag),
		FX_CASE(tag_in_pieces_is_found),
		FX_CASE(tag_of_no_device_is_dropped),
		FX_CASE(tag_of_a_priority_is_passed_over),
		FX_CASE(two_tags_are_two_devices),
		FX_CASE(tags_cut_or_without_end_are_dropped),
		FX_CASE(tag_of_a_shared_frame_is_left_to_others),
		FX_CASE(down_and_up_go_with_the_device_below),
		FX_CASE(address_and_mtu_follow_the_device_below),
		FX_CASE(filter_below_knows_what_is_wanted_above),
		FX_CASE(device_below_is_closed_and_all_above_it_with_it),
		FX_CASE(what_cannot_be_is_refused_with_a_sentence),
		CARD_CASE(card_writes_and_takes_off_tags),
		CARD_CASE(card_passes_vlans_that_have_a_device),
	};

	return cmocka_run_group_tests_name("vlan", tests, NULL, NULL);
}
