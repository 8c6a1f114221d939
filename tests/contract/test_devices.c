/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract of a device (inet/netdevice.h), checked on every device. A case
 * is named <device>_<state>_<event>_<outcome>.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <inet/control.h>
#include <inet/netdev.h>
#include <inet/trace.h>

#include "core/net.h"
#include "core/skbuff.h"
#include "dut.h"

static const struct dut_ops *const duts[] = {
	&dut_loopback, &dut_wire, &dut_tap, &dut_tap_vnet, &dut_tap_queues,
	&dut_tun, &dut_tun_vnet, &dut_fd, &dut_fd_raw, &dut_igb,
	&dut_igb_queues, &dut_vlan,
#ifdef HAVE_XDP
	&dut_xdp, &dut_xdp_native,
#endif
};

static bool have_namespace;

/* ---- set-up ----------------------------------------------------------- */

static int setup(void **state)
{
	const struct dut_ops *ops = *state;
	struct dut *d;

	*state = NULL;
	if (ops->in_kernel && !have_namespace)
		return 0;
	d = malloc(sizeof(*d));
	if (!d)
		return -1;
	if (!dut_create(d, ops)) {
		free(d);
		return 0;
	}
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	if (*state) {
		dut_destroy(*state);
		free(*state);
	}
	return 0;
}

/* The device of a case, which is skipped where we may not have it. */
static struct dut *dut_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}

/* Sends and receives one frame: the device works. */
static void assert_traffic_passes(struct dut *d, u32 seq)
{
	u8 frame[200];

	dut_frames_clear(&d->rx);
	dut_frames_clear(&d->far_rx);
	dut_frame(frame, sizeof(frame), seq);
	assert_int_equal(dut_send(d, frame, sizeof(frame)), 0);
	assert_int_equal(dut_wait(d, dut_sent(d), 1), 1);
	assert_true(dut_frame_is(&dut_sent(d)->frame[0], sizeof(frame), seq));
	dut_frames_clear(&d->rx);
	d->ops->inject(d, frame, sizeof(frame));
	assert_int_equal(dut_wait(d, &d->rx, 1), 1);
	assert_true(dut_frame_is(&d->rx.frame[0], sizeof(frame), seq));
	dut_frames_clear(&d->rx);
	dut_frames_clear(&d->far_rx);
}

static struct inet_netdev_stats stats_of(struct dut *d)
{
	struct inet_netdev_stats s;

	assert_int_equal(inet_netdev_get_stats(d->dev, &s), 0);
	return s;
}

/* ---- up and down ------------------------------------------------------ */

static void opened_and_closed_twice_works(void **state)
{
	struct dut *d = dut_of(state);

	for (u32 i = 0; i < 3; i++) {
		assert_traffic_passes(d, i);
		assert_int_equal(inet_netdev_down(d->dev), 0);
		assert_int_equal(inet_netdev_down(d->dev), 0);
		assert_int_equal(inet_netdev_up(d->dev), 0);
		assert_int_equal(inet_netdev_up(d->dev), 0);
	}
	assert_traffic_passes(d, 9);
}

static void down_sends_nothing_and_counts(void **state)
{
	struct dut *d = dut_of(state);
	u8 frame[100];

	dut_frame(frame, sizeof(frame), 1);
	assert_int_equal(inet_netdev_down(d->dev), 0);
	assert_int_equal(dut_send(d, frame, sizeof(frame)), -ENETDOWN);
	dut_settle(d);
	assert_int_equal(dut_sent(d)->nr, 0);
	assert_int_equal(stats_of(d).tx_dropped, 1);
	assert_int_equal(dut_drops(d, "DEV_READY"), 1);
}

/* Not while it is down, and not later either. */
static void down_receives_nothing(void **state)
{
	struct dut *d = dut_of(state);
	u8 frame[100];

	assert_int_equal(inet_netdev_down(d->dev), 0);
	for (u32 i = 0; i < 20; i++) {
		dut_frame(frame, sizeof(frame), i);
		d->ops->inject(d, frame, sizeof(frame));
	}
	dut_settle(d);
	assert_int_equal(d->rx.nr, 0);
	assert_int_equal(inet_netdev_up(d->dev), 0);
	dut_settle(d);
	assert_int_equal(d->rx.nr, 0);
	assert_traffic_passes(d, 5);
}

static void closed_in_full_flight_leaks_nothing(void **state)
{
	struct dut *d = dut_of(state);
	u8 frame[300];

	for (u32 i = 0; i < 200; i++) {
		dut_frame(frame, sizeof(frame), i);
		dut_send(d, frame, sizeof(frame));
		d->ops->inject(d, frame, sizeof(frame));
	}
	if (d->ops->permanent) {
		assert_int_equal(inet_netdev_close(d->dev), -1);
		assert_int_equal(errno, EBUSY);
		return;		/* inet_destroy() counts the memory */
	}
	/* what stands above another ends with it */
	assert_int_equal(inet_netdev_close(d->below ? d->below : d->dev), 0);
	assert_null(inet_netdev_find(d->net, "w0"));
	assert_null(inet_netdev_find(d->net, "v0.5"));
	for (u32 i = 0; i < 5; i++)
		inet_run(d->net, 0);
	assert_int_equal(frame_pool_used(d->net), 0);
}

/* ---- frames ----------------------------------------------------------- */

/* Sends frames of @from .. @to bytes in rounds and compares each. */
static void pass_sizes(struct dut *d, u32 from, u32 to, u32 step, bool out)
{
	struct dut_frames *where = out ? dut_sent(d) : &d->rx;
	u32 len = from, sizes[100];
	u8 *frame = malloc(to);

	while (len <= to) {
		u32 nr = 0;

		for (; nr < 100 && len <= to; len += step) {
			sizes[nr++] = len;
			dut_frame(frame, len, len);
			if (out)
				assert_int_equal(dut_send(d, frame, len), 0);
			else
				d->ops->inject(d, frame, len);
		}
		assert_int_equal(dut_wait(d, where, nr), nr);
		for (u32 i = 0; i < nr; i++)
			assert_true(dut_frame_is(&where->frame[i], sizes[i],
						 sizes[i]));
		dut_frames_clear(where);
	}
	free(frame);
}

static void each_size_sent_arrives_unchanged(void **state)
{
	struct dut *d = dut_of(state);
	u32 header = dut_header(d);

	pass_sizes(d, max(header + 1, d->ops->padded), header + 1500, 1, true);
}

static void each_size_received_is_unchanged(void **state)
{
	u32 header = dut_header(dut_of(state));

	pass_sizes(*state, header + 1, header + 1500, 1, false);
}

static void jumbo_frames_pass_after_mtu_change(void **state)
{
	struct dut *d = dut_of(state);
	u32 most;

	if (!d->ops->loops) {
		assert_int_equal(inet_netdev_set_mtu(d->dev, 9000), 0);
		d->ops->set_far_mtu(d, 9000);
	}
	most = 9000 + dut_header(d);
	pass_sizes(d, 1500, most, 501, true);
	pass_sizes(d, 1500, most, 501, false);
	pass_sizes(d, most, most, 1, false);
}

/* A packet in fragments, as TCP makes them. */
static void fragments_sent_arrive_as_one_frame(void **state)
{
	struct dut *d = dut_of(state);
	struct sk_buff *skb = alloc_skb(d->net, 128);
	u8 frame[1454];

	dut_frame(frame, sizeof(frame), 7);
	skb_reserve(skb, 64);
	memcpy(skb_put(skb, 54), frame, 54);
	for (u32 i = 0; i < 7; i++) {
		struct skb_shared_info *si = frame_alloc(d->net, false);

		memcpy(si->frame + 100 + i, frame + 54 + 200 * i, 200);
		assert_int_equal(skb_add_frag(skb, si, 100 + i, 200), 0);
	}
	skb->dev = d->dev;
	assert_int_equal(dev_queue_xmit(skb), 0);
	assert_int_equal(dut_wait(d, dut_sent(d), 1), 1);
	assert_true(dut_frame_is(&dut_sent(d)->frame[0], sizeof(frame), 7));
}

static void thousand_frames_keep_their_order(void **state)
{
	struct dut *d = dut_of(state);
	u8 frame[80];

	for (u32 i = 0; i < 1000; i++) {
		dut_frame(frame, sizeof(frame), i);
		assert_int_equal(dut_send(d, frame, sizeof(frame)), 0);
		if (i % 100 == 99)
			assert_int_equal(dut_wait(d, dut_sent(d), i + 1), i + 1);
	}
	for (u32 i = 0; i < 1000; i++)
		assert_true(dut_frame_is(&dut_sent(d)->frame[i], sizeof(frame),
					 i));
	dut_frames_clear(&d->rx);
	for (u32 i = 0; i < 1000; i++) {
		dut_frame(frame, sizeof(frame), i);
		d->ops->inject(d, frame, sizeof(frame));
		if (i % 100 == 99)
			assert_int_equal(dut_wait(d, &d->rx, i + 1), i + 1);
	}
	for (u32 i = 0; i < 1000; i++)
		assert_true(dut_frame_is(&d->rx.frame[i], sizeof(frame), i));
}

/* The receiver sleeps: what the ring does not take waits in the queue
 * discipline, whose limit is 1,000. */
static void full_ring_holds_back_and_loses_nothing(void **state)
{
	struct dut *d = dut_of(state);
	u8 frame[80];

	for (u32 i = 0; i < 1000; i++) {
		dut_frame(frame, sizeof(frame), i);
		assert_int_equal(dut_send(d, frame, sizeof(frame)), 0);
	}
	assert_int_equal(dut_wait(d, dut_sent(d), 1000), 1000);
	for (u32 i = 0; i < 1000; i++)
		assert_true(dut_frame_is(&dut_sent(d)->frame[i], sizeof(frame),
					 i));
	assert_int_equal(stats_of(d).tx_dropped, 0);
}

/* ---- bad frames ------------------------------------------------------- */

/* What a stack has thrown away (of one reason; in all) and sent, and what it
 * holds. */
struct tally {
	const char *reason;
	u64 died, drops, sent, skbs, frames;
};

static struct tally tally_of(struct dut *d, const char *reason)
{
	struct tally t = {
		.reason = reason, .died = dut_drops(d, reason),
		.sent = stats_of(d).tx_packets,
	};
	struct inet_usage u;

	for (u32 i = 1; i < SKB_DROP_REASON_MAX; i++)
		t.drops += d->net->softnets[0].drops[i] + d->net->app_drops[i];
	assert_int_equal(inet_get_usage(d->net, &u), 0);
	t.skbs = u.skbs;
	t.frames = u.frames_used;
	return t;
}

/* Before an attack: the device works, and has what it keeps ready. */
static struct tally attack_begins(struct dut *d, const char *reason)
{
	assert_traffic_passes(d, 0);
	dut_settle(d);
	return tally_of(d, reason);
}

/* What must hold under every attack (tests/ATTACKS.md): of what came since
 * @before, @nr frames died, each once and none of another reason, nobody was
 * answered, nothing is held, and the device goes on. */
static void assert_died(struct dut *d, const struct tally *before, u64 nr)
{
	struct tally now;

	dut_settle(d);
	now = tally_of(d, before->reason);
	assert_int_equal(d->rx.nr, 0);
	assert_int_equal(now.died - before->died, nr);
	assert_int_equal(now.drops - before->drops, nr);
	/* what a loop receives, it has sent */
	assert_int_equal(now.sent - before->sent, d->ops->loops ? nr : 0);
	assert_int_equal(now.skbs, before->skbs);
	assert_int_equal(now.frames, before->frames);
	assert_traffic_passes(d, (u32)nr);
}

/* @attack L1 */
static void runts_received_are_dropped_and_counted(void **state)
{
	struct dut *d = dut_of(state);
	const struct tally before = attack_begins(d, "RX_SHORT");
	u32 nr = 0;
	u8 frame[16];

	dut_frame(frame, sizeof(frame), 0);
	for (u32 len = d->ops->min_inject; len < DUT_HEADER; len++, nr++)
		d->ops->inject(d, frame, len);
	assert_died(d, &before, nr);
	assert_int_equal(stats_of(d).rx_length_errors, nr);
	/* A header alone is a frame, and so is one byte more. */
	d->ops->inject(d, frame, 14);
	d->ops->inject(d, frame, 15);
	assert_int_equal(dut_wait(d, &d->rx, 2), 2);
	assert_int_equal(d->rx.frame[0].len, 14);
	assert_int_equal(d->rx.frame[1].len, 15);
}

/* Every first octet that no version of IP has.
 * @attack L1 */
static void what_is_not_ip_is_dropped_and_counted(void **state)
{
	struct dut *d = dut_of(state);
	const struct tally before = attack_begins(d, "UNHANDLED_PROTO");
	u8 frame[100];
	u32 nr = 0;

	for (u32 i = 0; i < 256; i += 15) {
		if (i >> 4 == 4 || i >> 4 == 6)
			continue;
		dut_frame(frame, sizeof(frame), i);
		frame[0] = (u8)i;
		d->ops->inject(d, frame, 1 + i % 100);
		nr++;
	}
	assert_died(d, &before, nr);
	assert_int_equal(stats_of(d).rx_frame_errors, nr);
}

/* The far side sends what is longer than our MTU allows. Return: how many;
 * *@filtered: what of it a card's filter has dropped. */
static u32 inject_giants(struct dut *d, u32 *filtered)
{
	static const u32 lens[] = { 1515, 1518, 1519, 1600, 2048, 9000, 65535,
				    65536, 65549, 65550, 65554, 131072, 262144 };
	u8 *frame = malloc(d->ops->max_inject);
	u32 nr = 0, most = d->dev->mtu + dut_header(d);

	*filtered = 0;
	for (u32 i = 0; i < ARRAY_SIZE(lens); i++) {
		if (lens[i] > d->ops->max_inject ||
		    lens[i] <= most)
			continue;
		dut_frame(frame, lens[i], i);
		d->ops->inject(d, frame, lens[i]);
		nr++;
		*filtered += d->ops->filters && lens[i] > most + 4;
	}
	free(frame);
	return nr;
}

/* @attack L2 */
static void giants_received_are_dropped_and_counted(void **state)
{
	struct dut *d = dut_of(state);
	struct tally before = attack_begins(d, "RX_OVER");
	u32 nr, more, filtered;

	d->ops->set_far_mtu(d, d->ops->max_inject - dut_header(d));
	nr = inject_giants(d, &filtered);
	assert_in_range(nr, 7, 13);
	assert_died(d, &before, nr - filtered);
	assert_int_equal(stats_of(d).rx_over_errors, nr);
	assert_int_equal(inet_netdev_set_mtu(d->dev, d->ops->max_mtu), 0);
	assert_traffic_passes(d, 2);	/* now it reads into longer room */
	before = attack_begins(d, "RX_OVER");
	more = inject_giants(d, &filtered);
	assert_died(d, &before, more - filtered);
	assert_int_equal(stats_of(d).rx_over_errors, nr + more);
	d->ops->set_far_mtu(d, 1500);
	assert_traffic_passes(d, 3);
}

/* Four bytes more are allowed when they are a tag; nobody takes the tag, and a
 * card's filter does not let it in. */
static void tagged_frame_of_full_size_is_no_giant(void **state)
{
	struct dut *d = dut_of(state);
	u8 frame[1518];

	d->ops->set_far_mtu(d, 1600);
	dut_frame(frame, sizeof(frame), 0);
	frame[12] = 0x81;
	frame[13] = 0x00;
	frame[14] = 0;
	frame[15] = 5;
	frame[16] = 0x08;
	frame[17] = 0x00;
	d->ops->inject(d, frame, sizeof(frame));
	dut_settle(d);
	assert_int_equal(dut_drops(d, "RX_OVER"), 0);
	assert_int_equal(dut_drops(d, "VLAN"), !d->ops->filters);
}

/* @attack L7: group, broadcast, our own */
static void source_that_no_peer_has_is_dropped(void **state)
{
	struct dut *d = dut_of(state);
	const struct tally before = attack_begins(d, "L2_SOURCE");
	u8 frame[100];

	for (u32 i = 0; i < 3; i++) {
		dut_frame(frame, sizeof(frame), 0);
		if (i == 0)
			frame[6] |= 1;
		else if (i == 1)
			memset(frame + 6, 0xff, 6);
		else
			memcpy(frame + 6, d->dev->dev_addr, 6);
		d->ops->inject(d, frame, sizeof(frame));
	}
	assert_died(d, &before, 3);
}

/* Is the type of the frame the length of 802.3? */
static bool bytes_are_len(const u8 *frame)
{
	return frame[12] < 0x06;
}

/* @attack L6: tags cut and nested, 802.3 longer than the frame, SNAP cut */
static void headers_behind_the_header_that_lie_are_dropped(void **state)
{
	static const struct {
		u32 len;
		const char *reason;
		u8 bytes[24];
	} bad[] = {
		{ 16, "VLAN", { 0x81, 0x00, 0x00, 0x05 } },
		{ 60, "VLAN", { 0x81, 0, 0, 1, 0x81, 0, 0, 2, 0x81, 0, 0, 3,
				0x81, 0, 0, 4, 0x81, 0, 0, 5, 0x08, 0 } },
		{ 60, "LLC", { 0x05, 0xdc, 0xaa, 0xaa, 3 } },
		{ 19, "LLC", { 0x00, 0x05, 0xaa, 0xaa, 3, 0, 0 } },
	};
	struct dut *d = dut_of(state);

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		const struct tally before = attack_begins(d, bad[i].reason);
		u8 frame[60];

		dut_frame(frame, sizeof(frame), 0);
		memcpy(frame + 12, bad[i].bytes, bad[i].len - 12 < 24 ?
		       bad[i].len - 12 : 24);
		d->ops->inject(d, frame, bad[i].len);
		/* a card's filter knows none of the tags */
		assert_died(d, &before, !d->ops->filters || bytes_are_len(frame));
	}
}

static void frame_beyond_mtu_is_not_sent(void **state)
{
	struct dut *d = dut_of(state);
	u32 len = d->dev->mtu + dut_header(d) + 5;
	u8 *frame = malloc(len);

	dut_frame(frame, len, 0);
	assert_int_equal(dut_send(d, frame, len), -EMSGSIZE);
	free(frame);
	dut_settle(d);
	assert_int_equal(dut_sent(d)->nr, 0);
	assert_int_equal(stats_of(d).tx_errors, 1);
	assert_int_equal(dut_drops(d, "PKT_TOO_BIG"), 1);
}

/* ---- what can be set -------------------------------------------------- */

static void mtu_out_of_range_is_refused_with_a_sentence(void **state)
{
	struct dut *d = dut_of(state);
	u32 before = d->dev->mtu;

	assert_int_equal(inet_netdev_set_mtu(d->dev, 67), -1);
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(inet_strerror(d->net), "mtu 67"));
	assert_int_equal(inet_netdev_set_mtu(d->dev, d->ops->max_mtu + 1), -1);
	assert_int_equal(d->dev->mtu, before);
	assert_int_equal(inet_netdev_set_mtu(d->dev, d->ops->max_mtu), 0);
	assert_int_equal(inet_netdev_set_mtu(d->dev, 68), 0);
	assert_int_equal(d->dev->mtu, 68);
}

static void address_set_is_used(void **state)
{
	static const u8 mac[6] = { 2, 0, 0, 0, 0, 0x42 };
	static const u8 group[6] = { 1, 0, 0, 0, 0, 0x42 };
	struct dut *d = dut_of(state);
	u8 frame[100];

	assert_int_equal(inet_netdev_set_mac(d->dev, group), -1);
	assert_int_equal(inet_netdev_set_mac(d->dev, mac), 0);
	assert_memory_equal(d->dev->dev_addr, mac, 6);
	dut_frame(frame, sizeof(frame), 0);
	memcpy(frame, mac, 6);
	d->ops->inject(d, frame, sizeof(frame));
	assert_int_equal(dut_wait(d, &d->rx, 1), 1);
	assert_int_equal(d->rx.frame[0].pkt_type, SKB_PACKET_HOST);
	frame[5] ^= 1;
	d->ops->inject(d, frame, sizeof(frame));
	if (dut_wait(d, &d->rx, 2) == 2)	/* a filter may take it */
		assert_int_equal(d->rx.frame[1].pkt_type, SKB_PACKET_OTHERHOST);
}

static void promiscuous_sees_frames_for_others(void **state)
{
	static const u8 other[6] = { 2, 0, 0, 0, 0x77, 0x42 };
	struct dut *d = dut_of(state);
	u8 frame[100];

	dut_frame(frame, sizeof(frame), 0);
	memcpy(frame, other, 6);
	dev_set_promiscuity(d->dev, 1);
	assert_true(d->dev->flags & NETDEV_IFF_PROMISC);
	d->ops->inject(d, frame, sizeof(frame));
	assert_int_equal(dut_wait(d, &d->rx, 1), 1);
	assert_int_equal(d->rx.frame[0].pkt_type, SKB_PACKET_OTHERHOST);
	dev_set_promiscuity(d->dev, -1);
	assert_false(d->dev->flags & NETDEV_IFF_PROMISC);
	assert_traffic_passes(d, 1);
}

/* Lets the device notice a change of its carrier. */
static void wait_for_carrier(struct dut *d, bool on)
{
	u8 frame[100];

	dut_frame(frame, sizeof(frame), 0);
	for (u32 i = 0; i < 1000 && d->dev->carrier != on; i++) {
		if (!on)	/* some devices learn it by trying */
			dut_send(d, frame, sizeof(frame));
		inet_run(d->net, 1000000);
	}
	assert_int_equal(d->dev->carrier, on);
}

static void carrier_lost_stops_sending_until_it_returns(void **state)
{
	struct dut *d = dut_of(state);
	u8 frame[100];

	dut_frame(frame, sizeof(frame), 0);
	for (u32 i = 0; i < 2; i++) {
		d->ops->set_carrier(d, false);
		wait_for_carrier(d, false);
		assert_int_equal(dut_send(d, frame, sizeof(frame)), NET_XMIT_CN);
		d->ops->set_carrier(d, true);
		wait_for_carrier(d, true);
		dut_settle(d);
		assert_traffic_passes(d, i);
	}
}

/* ---- counters, budget, wake-ups ---------------------------------------- */

static void counters_are_exact(void **state)
{
	struct dut *d = dut_of(state);
	struct inet_netdev_stats before = stats_of(d), after;
	u64 sent = 0, received = 0;
	u8 frame[1514];

	for (u32 i = 0; i < 50; i++) {
		u32 len = 60 + i * 29;

		dut_frame(frame, len, i);
		assert_int_equal(dut_send(d, frame, len), 0);
		sent += len;
		d->ops->inject(d, frame, len);
		received += len;
	}
	dut_settle(d);
	after = stats_of(d);
	if (d->ops->loops)
		sent = received = sent + received;
	assert_int_equal(after.tx_bytes - before.tx_bytes, sent);
	assert_int_equal(after.rx_bytes - before.rx_bytes, received);
	assert_int_equal(after.tx_packets - before.tx_packets,
			 d->ops->loops ? 100 : 50);
	assert_int_equal(after.rx_packets - before.rx_packets,
			 d->ops->loops ? 100 : 50);
	assert_int_equal(after.rx_errors + after.tx_errors + after.rx_dropped +
			 after.tx_dropped, 0);
}

/* The point at @i or, past stations of the driver itself, behind or before it. */
static size_t past_driver(const struct dut *d, size_t i, int step)
{
	const struct inet_trace_point *pt;

	while ((pt = inet_trace_get(d->net, i)) &&
	       strncmp(pt->file, "libdev/", 7) == 0)
		i += (size_t)step;
	return i;
}

/* Is the recording's piece that begins at point @i the road of a frame in? */
static bool is_road_in(const struct dut *d, size_t i)
{
	const char *const stations[] = {
		"napi_schedule", "__napi_schedule", "____napi_schedule",
		"net_rx_action", "napi->poll",
		d->ops->raw ? "raw_ip_type_trans" : "eth_type_trans",
		"napi_gro_receive", "netif_receive_skb",
		"__netif_receive_skb_core",
	};

	for (size_t k = 0; k < ARRAY_SIZE(stations); k++, i++) {
		const struct inet_trace_point *pt;

		i = past_driver(d, i, 1);
		pt = inet_trace_get(d->net, i);
		if (!pt || strcmp(pt->function, stations[k]))
			return false;
	}
	return true;
}

static void frame_received_comes_from_interrupt_to_poll(void **state)
{
	struct dut *d = dut_of(state);
	u8 frame[80];
	size_t i = 0;

	dut_settle(d);
	assert_int_equal(inet_trace_start(d->net, 1000), 0);
	dut_frame(frame, sizeof(frame), 1);
	d->ops->inject(d, frame, sizeof(frame));
	assert_int_equal(dut_wait(d, &d->rx, 1), 1);
	inet_trace_stop(d->net);
	while (i < inet_trace_count(d->net) && !is_road_in(d, i))
		i++;
	if (i == inet_trace_count(d->net)) {
		inet_trace_print_text(d->net, stderr);
		fail_msg("another road");
	}
	if (d->ops->by_fd) {	/* its line */
		assert_true(i > 0);
		i = past_driver(d, i - 1, -1);
		assert_string_equal(inet_trace_get(d->net, i)->function,
				    "irq_handle");
	}
}

/* The one of the device's NAPIs that gets the frames, after a poll with a budget
 * of 5; the others have nothing, and complete. */
static struct napi_struct *napi_with_frames(struct dut *d)
{
	struct napi_struct *napi, *found = NULL;
	int work;

	for (napi = d->dev->napi_list; napi; napi = napi->dev_next) {
		work = napi->poll(napi, 5);
		assert_true(work == 0 || (work == 5 && !found));
		found = work ? napi : found;
	}
	assert_non_null(found);
	return found;
}

static void poll_respects_its_budget(void **state)
{
	struct dut *d = dut_of(state);
	struct napi_struct *napi;
	u8 frame[80];
	u32 nr;

	/* ours: no interrupt polls */
	for (napi = d->dev->napi_list; napi; napi = napi->dev_next)
		assert_true(napi_schedule_prep(napi));
	for (u32 i = 0; i < 100; i++) {
		dut_frame(frame, sizeof(frame), i);
		d->ops->inject(d, frame, sizeof(frame));
	}
	napi = napi_with_frames(d);
	assert_int_equal(d->rx.nr, 5);
	assert_true(napi->state & NAPIF_STATE_SCHED);
	assert_int_equal(napi->poll(napi, 64), 64);
	nr = d->rx.nr;
	assert_int_equal(nr, 69);
	assert_int_equal(napi->poll(napi, 64), 31);	/* and completes */
	dut_settle(d);
	assert_int_equal(d->rx.nr, 100);
}

static void frames_one_by_one_always_wake(void **state)
{
	struct dut *d = dut_of(state);
	u8 frame[60];

	for (u32 i = 0; i < 10000; i++) {
		dut_frame(frame, sizeof(frame), i);
		d->ops->inject(d, frame, sizeof(frame));
		for (u32 turns = 0; d->rx.nr == 0 && turns < 100; turns++)
			assert_true(inet_run(d->net, 10000000) >= 0);
		if (d->rx.nr != 1 ||
		    !dut_frame_is(&d->rx.frame[0], sizeof(frame), i))
			fail_msg("frame %u: %u arrived", i, d->rx.nr);
		dut_frames_clear(&d->rx);
	}
}

static void idle_does_not_wake(void **state)
{
	struct dut *d = dut_of(state);
	u32 turns;

	assert_traffic_passes(d, 1);
	dut_settle(d);
	assert_true(dut_is_quiet(d->net));
	turns = d->net->softnets[0].turns;
	assert_int_equal(inet_run(d->net, 50000000), 0);
	assert_int_equal(d->net->softnets[0].turns, turns + 1);
	assert_true(dut_is_quiet(d->net));
}

/* ---- memory ----------------------------------------------------------- */

/* The n-th allocation fails, for all n that opening needs. */
static void opened_without_memory_leaks_nothing(void **state)
{
	struct dut *d = dut_of(state);
	u32 n;

	for (n = 1; n < 200; n++) {
		struct dut *e = calloc(1, sizeof(*e));
		struct net_device *dev;
		bool failed;

		e->ops = d->ops;
		e->far_fd = -1;
		pthread_mutex_init(&e->far_rx.lock, NULL);
		assert_true(e->ops->create(e));
		mem_fail_nth(&e->net->mem, n);
		dev = e->ops->open(e);
		if (dev && inet_netdev_up(dev) == 0)
			inet_netdev_down(dev);
		failed = mem_failed(&e->net->mem);
		mem_fail_nth(&e->net->mem, 0);
		if (!dev)
			assert_true(inet_strerror(e->net)[0]);
		e->ops->destroy(e);	/* asserts that nothing is left */
		free(e);
		if (!failed)
			break;
	}
	assert_in_range(n, 5, 199);
}

/* ---- every case on every device --------------------------------------- */

/* What a device must be for a case to make sense. */
enum { ANY, FAR_SIDE, CARRIER, NAPI, CLOSABLE, ETHER, ETHER_JUDGES,
       ETHER_FAR_SIDE, ETHER_FAR_SIDE_JUDGES, RAW };

#define CASE(f) { #f, f, ANY }
#define CASE_IF(f, need) { #f, f, need }

static const struct {
	const char *name;
	CMUnitTestFunction fn;
	int need;
} cases[] = {
	CASE(opened_and_closed_twice_works),
	CASE(down_sends_nothing_and_counts),
	CASE(down_receives_nothing),
	CASE(closed_in_full_flight_leaks_nothing),
	CASE(each_size_sent_arrives_unchanged),
	CASE(each_size_received_is_unchanged),
	CASE(jumbo_frames_pass_after_mtu_change),
	CASE(fragments_sent_arrive_as_one_frame),
	CASE(thousand_frames_keep_their_order),
	CASE(full_ring_holds_back_and_loses_nothing),
	CASE_IF(runts_received_are_dropped_and_counted, ETHER_JUDGES),
	CASE_IF(what_is_not_ip_is_dropped_and_counted, RAW),
	CASE_IF(giants_received_are_dropped_and_counted, FAR_SIDE),
	CASE_IF(tagged_frame_of_full_size_is_no_giant, ETHER_FAR_SIDE_JUDGES),
	CASE_IF(source_that_no_peer_has_is_dropped, ETHER_FAR_SIDE),
	CASE_IF(headers_behind_the_header_that_lie_are_dropped, ETHER_JUDGES),
	CASE(frame_beyond_mtu_is_not_sent),
	CASE(mtu_out_of_range_is_refused_with_a_sentence),
	CASE_IF(address_set_is_used, ETHER),
	CASE_IF(promiscuous_sees_frames_for_others, ETHER),
	CASE_IF(carrier_lost_stops_sending_until_it_returns, CARRIER),
	CASE(counters_are_exact),
	CASE_IF(frame_received_comes_from_interrupt_to_poll, NAPI),
	CASE_IF(poll_respects_its_budget, NAPI),
	CASE(frames_one_by_one_always_wake),
	CASE(idle_does_not_wake),
	CASE_IF(opened_without_memory_leaks_nothing, CLOSABLE),
};

/* Whether the case is one for the device. */
static bool applies(const struct dut_ops *ops, int need)
{
	switch (need) {
	case FAR_SIDE:
		return !ops->loops && !ops->above;
	case CARRIER:
		return ops->has_carrier;
	case NAPI:
		return ops->has_napi;
	case CLOSABLE:
		return !ops->permanent;
	case ETHER:
		return !ops->raw;
	case ETHER_JUDGES:
		return !ops->raw && !ops->above;
	case ETHER_FAR_SIDE:
		return !ops->raw && !ops->loops;
	case ETHER_FAR_SIDE_JUDGES:
		return !ops->raw && !ops->loops && !ops->above;
	case RAW:
		return ops->raw;
	default:
		return true;
	}
}

#define NR_CASES (ARRAY_SIZE(cases) * ARRAY_SIZE(duts))

int main(void)
{
	static struct CMUnitTest tests[NR_CASES];
	static char names[NR_CASES][100];
	size_t nr = 0;

	have_namespace = dut_namespace();
	for (size_t i = 0; i < ARRAY_SIZE(duts); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
			if (!applies(duts[i], cases[k].need))
				continue;
			snprintf(names[nr], sizeof(names[nr]), "%s_%s",
				 duts[i]->name, cases[k].name);
			tests[nr] = (struct CMUnitTest){
				.name = names[nr],
				.test_func = cases[k].fn,
				.setup_func = setup,
				.teardown_func = teardown,
				.initial_state = (void *)(uintptr_t)duts[i],
			};
			nr++;
		}
	}
	return _cmocka_run_group_tests("devices", tests, nr, NULL, NULL);
}
