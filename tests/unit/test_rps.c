/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive packet steering: where packets go, in which order, and how many. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <inet/control.h>

#include "core/dev.h"
#include "core/rps.h"
#include "core/skbuff.h"
#include "core/snmp.h"
#include "core/softnet.h"
#include "core/sysctl.h"

#define NR 4u
#define OWN_ETHERTYPE 0x0800	/* hashed by addresses and ports */

/*
 * A stack with four softnets whose threads were never started: the test is
 * each of them in turn.
 */
struct rig {
	struct net *net;
	struct net_device *dev;
	struct packet_type pt;
	u32 seen[NR];		/* packets that each softnet went on with */
	u32 last[256];		/* number of the last packet of each flow */
	u32 late;		/* that came behind a later one */
};

static enum netdev_tx no_xmit(struct sk_buff *skb, struct net_device *dev)
{
	(void)dev;
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops ops = { .ndo_start_xmit = no_xmit };

static int see(struct sk_buff *skb, struct net_device *dev,
	       struct packet_type *pt, struct net_device *orig_dev)
{
	struct rig *r = pt->af_packet_priv;

	(void)dev;
	(void)orig_dev;
	r->seen[this_softnet(r->net)->id]++;
	if (skb->mark < r->last[skb->priority])
		r->late++;
	r->last[skb->priority] = skb->mark;
	consume_skb(skb);
	return 0;
}

static int rig_open(void **state)
{
	struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_THREADED, .nr_threads = NR,
		.nr_frames = 4096,
	};
	static struct rig r;

	memset(&r, 0, sizeof(r));
	r.net = inet_create(&cfg);
	assert_non_null(r.net);
	r.dev = alloc_netdev(r.net, 0, "rps0", ether_setup);
	assert_non_null(r.dev);
	r.dev->netdev_ops = &ops;
	r.dev->num_rx_queues = 2;
	assert_int_equal(register_netdevice(r.dev), 0);
	assert_int_equal(dev_open(r.dev), 0);
	r.pt = (struct packet_type){ .type = htons(OWN_ETHERTYPE), .func = see,
				     .af_packet_priv = &r };
	/* the only one to see them: IPv4 would want headers */
	dev_remove_pack(r.net, &r.net->ipv4.ip_packet_type);
	assert_int_equal(dev_add_pack(r.net, &r.pt), 0);
	*state = &r;
	return 0;
}

static int rig_close(void **state)
{
	struct rig *r = *state;

	dev_remove_pack(r->net, &r->pt);
	dev_add_pack(r->net, &r->net->ipv4.ip_packet_type);
	inet_destroy(r->net);
	return 0;
}

/* Be softnet @id; nobody with a number that there is not. */
static struct softnet_data *be(struct rig *r, u32 id)
{
	current_softnet = id < NR ? &r->net->softnets[id] : NULL;
	return current_softnet;
}

/* Packet number @nr of @flow arrives at receive queue @queue, polled by
 * softnet 0. */
static void arrive(struct rig *r, u32 flow, u32 nr, u16 queue)
{
	struct sk_buff *skb = napi_alloc_skb(r->dev, 64);

	assert_non_null(skb);
	memset(skb_put(skb, 64), 0, 64);
	skb->protocol = htons(OWN_ETHERTYPE);
	skb->hash = (flow + 1) * 2654435761u;
	skb->priority = flow;
	skb->mark = nr;
	skb->queue_mapping = queue;
	be(r, 0);
	rcu_read_lock(&r->net->rcu);
	netif_receive_skb(skb);
	rcu_read_unlock(&r->net->rcu);
	be(r, NR);
}

/* Softnet @id deals with its backlog. */
static void run(struct rig *r, u32 id)
{
	struct softnet_data *sd = be(r, id);

	sd->kicked = 1;
	softnet_run(sd);
	be(r, NR);
}

static u32 backlog(const struct rig *r, u32 id)
{
	return r->net->softnets[id].input_pkt_queue.qlen;
}

/* ---- wakes ------------------------------------------------------------ */

struct two_polls {
	struct rig *r;
	struct napi_struct first, second;
	u32 other;		/* softnet that the first gives a packet */
	bool told;		/* it knew when the second was polled */
};
static struct two_polls two;

static int poll_first(struct napi_struct *napi, int budget)
{
	struct sk_buff *skb = napi_alloc_skb(two.r->dev, 64);
	u32 flow;

	(void)budget;
	assert_non_null(skb);
	for (flow = 0; flow < 64 && !backlog(two.r, 1); flow++) {
		skb->protocol = htons(OWN_ETHERTYPE);
		skb->hash = (flow + 1) * 2654435761u;
		netif_receive_skb(skb);
		skb = napi_alloc_skb(two.r->dev, 64);
		assert_non_null(skb);
	}
	consume_skb(skb);
	napi_complete_done(napi, 1);
	return 1;
}

static int poll_second(struct napi_struct *napi, int budget)
{
	(void)budget;
	two.told = two.r->net->softnets[1].kicked;
	napi_complete_done(napi, 0);
	return 0;
}

/* While this softnet goes on with its round, the other one works. */
static void softnet_is_woken_behind_the_poll_that_gave_to_it(void **state)
{
	struct softnet_data *sd;
	struct rig *r = *state;

	two = (struct two_polls){ .r = r };
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "3"), 0);
	netif_napi_add(r->dev, &two.first, 0, poll_first);
	netif_napi_add(r->dev, &two.second, 0, poll_second);
	napi_enable(&two.first);
	napi_enable(&two.second);
	sd = be(r, 0);
	r->net->softnets[1].kicked = 0;
	napi_schedule(&two.first);
	napi_schedule(&two.second);
	softnet_run(sd);
	napi_disable(&two.first);
	napi_disable(&two.second);
	netif_napi_del(&two.second);
	netif_napi_del(&two.first);
	be(r, NR);
	assert_int_equal(backlog(r, 1), 1);
	assert_true(two.told);
	run(r, 1);
}

/* Frames go from one softnet to another: what they count in shares no lines. */
static void bookkeeping_of_frames_lies_apart_between_threads(void **state)
{
	struct netdev_frames frames;
	struct rig *r = *state;

	netdev_get_frames(r->dev, &frames);
	assert_int_equal((u8 *)netdev_frame(&frames, 1) -
			 (u8 *)netdev_frame(&frames, 0), SMP_APART_BYTES);
	assert_int_equal((uintptr_t)frames.info % SMP_APART_BYTES, 0);
	assert_int_equal(netdev_frame_nr(&frames, netdev_frame(&frames, 9)), 9);
}

/* ---- where ------------------------------------------------------------ */

static void packets_stay_where_they_are_polled_without_a_mask(void **state)
{
	struct rig *r = *state;
	u32 i;

	for (i = 0; i < 50; i++)
		arrive(r, i, i, 0);
	assert_int_equal(r->seen[0], 50);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "0"), 0);
	assert_false(r->net->rps_needed);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "f"), 0);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "0"), 0);
	for (i = 0; i < 50; i++)
		arrive(r, i, i, 0);
	assert_int_equal(r->seen[0], 100);
}

static void flows_are_spread_and_stay_together(void **state)
{
	struct rig *r = *state;
	u32 flow, id, with[NR], total = 0;

	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "e"), 0);
	for (flow = 0; flow < 240; flow++)
		arrive(r, flow, 1, 0);
	assert_int_equal(r->seen[0], 0);	/* not in the mask */
	for (id = 1; id < NR; id++) {
		with[id] = backlog(r, id);
		total += with[id];
		assert_in_range(with[id], 50, 110);
	}
	assert_int_equal(total, 240);
	for (flow = 0; flow < 240; flow++)
		arrive(r, flow, 2, 0);
	for (id = 1; id < NR; id++) {
		assert_int_equal(backlog(r, id), 2 * with[id]);
		run(r, id);
		assert_int_equal(r->seen[id], 2 * with[id]);
	}
	assert_int_equal(r->late, 0);
}

/* A mask is of one queue. */
static void queues_have_masks_of_their_own(void **state)
{
	struct rig *r = *state;
	char mask[17];

	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "2"), 0);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 1, "0000,0008"), 0);
	arrive(r, 1, 1, 0);
	arrive(r, 1, 1, 1);
	arrive(r, 1, 1, 7);	/* a number that there is not counts as 0 */
	assert_int_equal(backlog(r, 1), 2);
	assert_int_equal(backlog(r, 3), 1);
	assert_int_equal(inet_netdev_get_rps_cpus(r->dev, 1, mask, 17), 0);
	assert_string_equal(mask, "8");
	run(r, 1);
	run(r, 3);
}

/* The softnet that polls goes on itself, without a backlog. */
static void own_flows_take_no_detour(void **state)
{
	struct rig *r = *state;

	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "1"), 0);
	arrive(r, 1, 1, 0);
	assert_int_equal(r->seen[0], 1);
	assert_int_equal(backlog(r, 0), 0);
}

/* ---- in which order --------------------------------------------------- */

static void flow_moves_only_when_its_packets_are_dealt_with(void **state)
{
	struct rig *r = *state;
	u32 nr = 0;

	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "2"), 0);
	arrive(r, 5, ++nr, 0);
	arrive(r, 5, ++nr, 0);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "4"), 0);
	arrive(r, 5, ++nr, 0);
	assert_int_equal(backlog(r, 1), 3);	/* two wait there: stays */
	assert_int_equal(backlog(r, 2), 0);
	arrive(r, 6, 1, 0);
	assert_int_equal(backlog(r, 2), 1);	/* another flow is free to go */
	run(r, 1);
	arrive(r, 5, ++nr, 0);
	assert_int_equal(backlog(r, 1), 0);
	assert_int_equal(backlog(r, 2), 2);
	/* back to who polls: only when the last one has been dealt with */
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "1"), 0);
	arrive(r, 5, ++nr, 0);
	assert_int_equal(r->seen[0], 0);
	run(r, 2);
	arrive(r, 5, ++nr, 0);
	assert_int_equal(r->seen[0], 1);
	/* without a mask the same */
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "8"), 0);
	arrive(r, 5, ++nr, 0);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "0"), 0);
	arrive(r, 5, ++nr, 0);
	assert_int_equal(backlog(r, 3), 2);
	run(r, 3);
	arrive(r, 5, ++nr, 0);
	assert_int_equal(r->seen[0], 2);
	assert_int_equal(r->late, 0);
	assert_int_equal(r->last[5], nr);
}

/* Packets that a device took with it when it went down do not hold back. */
static void flow_moves_after_its_device_was_down(void **state)
{
	struct rig *r = *state;

	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "2"), 0);
	arrive(r, 5, 1, 0);
	dev_close(r->dev);
	assert_int_equal(backlog(r, 1), 0);
	assert_int_equal(dev_open(r->dev), 0);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "4"), 0);
	arrive(r, 5, 2, 0);
	assert_int_equal(backlog(r, 2), 1);
	run(r, 2);
}

/* Whatever masks, readers and softnets do in turns. */
static void order_is_kept_whatever_changes(void **state)
{
	static const char *const masks[] = { "1", "2", "0", "f", "6", "9" };
	u32 i, nr = 0, x = 1;
	struct rig *r = *state;

	assert_int_equal(sysctl_set(r->net, "net.core.rps_sock_flow_entries",
				    "256"), 0);
	for (i = 0; i < 40000; i++) {
		x = x * 1664525 + 1013904223;
		switch (x >> 24) {
		case 0 ... 3:
			assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0,
					 masks[(x >> 8) % 6]), 0);
			break;
		case 4 ... 7:
			r->net->rps_sock_flow->ents[(x >> 8) & 255] = x;
			break;
		case 8 ... 40:
			run(r, (x >> 8) % NR);
			break;
		default:
			arrive(r, (x >> 8) & 255, ++nr, 0);
		}
	}
	for (i = 0; i < NR; i++)
		run(r, i);
	assert_int_equal(r->late, 0);
	assert_int_equal(r->seen[0] + r->seen[1] + r->seen[2] + r->seen[3] +
			 (u32)r->net->softnets[0].mib[MIB_SOFTNET_DROPPED], nr);
	assert_true(r->seen[0] && r->seen[1] && r->seen[2] && r->seen[3]);
}

/* ---- readers ---------------------------------------------------------- */

static void flow_follows_its_reader(void **state)
{
	struct rig *r = *state;
	u32 hash = (9 + 1) * 2654435761u, id;

	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "2"), 0);
	assert_int_equal(sysctl_set(r->net, "net.core.rps_sock_flow_entries",
				    "1024"), 0);
	/* nobody has seen which softnet runs here: nothing is recorded */
	__sock_rps_record_flow(r->net, hash);
	arrive(r, 9, 1, 0);
	assert_int_equal(backlog(r, 1), 1);
	run(r, 1);
	for (id = 0; id < NET_MAX_CPUS; id++)	/* whichever we are on */
		r->net->softnet_of_cpu[id] = 3 + 1;
	__sock_rps_record_flow(r->net, hash);
	arrive(r, 9, 2, 0);
	arrive(r, 10, 1, 0);			/* nobody reads this one */
	assert_int_equal(backlog(r, 3), 1);
	assert_int_equal(backlog(r, 1), 1);
	run(r, 1);
	run(r, 3);
	assert_int_equal(sysctl_set(r->net, "net.core.rps_sock_flow_entries",
				    "0"), 0);
	arrive(r, 9, 3, 0);
	assert_int_equal(backlog(r, 1), 1);
	run(r, 1);
	assert_int_equal(r->late, 0);
}

/* ---- how many --------------------------------------------------------- */

static u64 dropped(struct rig *r, const char *why)
{
	u64 n = 0;

	assert_int_equal(inet_drop_get(r->net, why, &n), 0);
	return n;
}

static void full_backlog_drops_and_counts(void **state)
{
	struct rig *r = *state;
	u32 i;

	assert_int_equal(sysctl_set(r->net, "net.core.netdev_max_backlog",
				    "100"), 0);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "2"), 0);
	for (i = 0; i < 130; i++)
		arrive(r, i, 1, 0);
	assert_int_equal(backlog(r, 1), 100);
	assert_int_equal(dropped(r, "CPU_BACKLOG"), 30);
	run(r, 1);
	assert_int_equal(r->seen[1], 100);
}

static void flood_of_one_flow_leaves_room_for_others(void **state)
{
	struct rig *r = *state;
	char mask[17];
	u32 i;

	assert_int_equal(sysctl_set(r->net, "net.core.flow_limit_cpu_bitmap",
				    "2"), 0);
	assert_int_equal(sysctl_get(r->net, "net.core.flow_limit_cpu_bitmap",
				    mask, sizeof(mask)), 0);
	assert_string_equal(mask, "2");
	assert_int_equal(sysctl_set(r->net, "net.core.netdev_max_backlog",
				    "1000"), 0);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "2"), 0);
	for (i = 0; i < 2000; i++)
		arrive(r, 3, i, 0);
	assert_in_range(backlog(r, 1), 500, 600);
	assert_int_equal(dropped(r, "CPU_BACKLOG"), 0);
	for (i = 0; i < 60; i++)	/* each its own flow */
		arrive(r, 100 + i, 1, 0);
	for (i = 0; i < 60; i++)
		assert_int_equal(r->last[100 + i], 0);
	run(r, 1);
	for (i = 0; i < 60; i++)
		assert_int_equal(r->last[100 + i], 1);
	assert_int_equal(dropped(r, "FLOW_LIMIT") + r->seen[1], 2060);
	assert_int_equal(sysctl_set(r->net, "net.core.flow_limit_cpu_bitmap",
				    "0"), 0);
}

/* The third softnet finds no memory: the first two are as they were. */
static void flow_limit_without_memory_changes_nothing(void **state)
{
	struct rig *r = *state;
	char mask[17];

	assert_int_equal(sysctl_set(r->net, "net.core.flow_limit_cpu_bitmap",
				    "9"), 0);
	mem_fail_nth(&r->net->mem, 2);
	assert_int_equal(sysctl_set(r->net, "net.core.flow_limit_cpu_bitmap",
				    "6"), -ENOMEM);
	mem_fail_nth(&r->net->mem, 0);
	assert_int_equal(sysctl_get(r->net, "net.core.flow_limit_cpu_bitmap",
				    mask, sizeof(mask)), 0);
	assert_string_equal(mask, "9");
}

/* ---- what is refused -------------------------------------------------- */

static void assert_refused(struct rig *r, int ret, const char *sentence)
{
	assert_int_equal(ret, -1);
	assert_int_equal(errno, EINVAL);
	assert_string_equal(inet_strerror(r->net), sentence);
}

static void wrong_masks_and_numbers_get_a_sentence(void **state)
{
	struct rig *r = *state;
	char mask[17];

	assert_refused(r, inet_netdev_set_rps_cpus(r->dev, 0, "10"),
		       "rps0: 10: there are softnets 0 to 3");
	assert_refused(r, inet_netdev_set_rps_cpus(r->dev, 0, ""),
		       "rps0: : no mask of softnets, such as f");
	assert_refused(r, inet_netdev_set_rps_cpus(r->dev, 0, "3x"),
		       "rps0: 3x: no mask of softnets, such as f");
	assert_refused(r, inet_netdev_set_rps_cpus(r->dev, 0, "\x11"),
		       "rps0: \x11: no mask of softnets, such as f");
	assert_refused(r, inet_netdev_set_rps_cpus(r->dev, 0, "3,"),
		       "rps0: 3,: no mask of softnets, such as f");
	assert_refused(r, inet_netdev_set_rps_cpus(r->dev, 0,
						   "11111111111111111"),
		       "rps0: 11111111111111111: no mask of softnets, such as "
		       "f");
	assert_refused(r, inet_netdev_set_rps_cpus(r->dev, 2, "1"),
		       "rps0: rx-2: there are rx-0 to rx-1");
	assert_refused(r, inet_netdev_set_rps_flow_cnt(r->dev, 0, 1000),
		       "rps0: 1000 flows: not a power of 2 in 1..1048576");
	assert_int_equal(inet_netdev_set_rps_flow_cnt(r->dev, 0, 512), 0);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, "3"), 0);
	assert_int_equal(r->dev->rx[0].rps_flow_table->mask, 511);
	assert_int_equal(inet_netdev_set_rps_flow_cnt(r->dev, 0, 256), -1);
	assert_int_equal(errno, EBUSY);
	assert_string_equal(inet_strerror(r->net), "rps0: rx-0: has had a mask: "
			    "its flows are counted");
	assert_int_equal(inet_netdev_set_rps_cpus(NULL, 0, "1"), -1);
	assert_int_equal(inet_netdev_set_rps_cpus(r->dev, 0, NULL), -1);
	assert_int_equal(inet_netdev_get_rps_cpus(r->dev, 0, mask, 1), -1);
	assert_int_equal(errno, ERANGE);
	assert_refused(r, inet_sysctl_set(r->net,
					  "net.core.rps_sock_flow_entries",
					  "1000"),
		       "net.core.rps_sock_flow_entries: 1000: not a power of "
		       "2");
	assert_refused(r, inet_sysctl_set(r->net,
					  "net.core.flow_limit_table_len",
					  "100"),
		       "net.core.flow_limit_table_len: 100: not a power of 2");
	assert_refused(r, inet_sysctl_set(r->net,
					  "net.core.flow_limit_cpu_bitmap",
					  "ff"),
		       "net.core.flow_limit_cpu_bitmap: ff: there are softnets "
		       "0 to 3");
}

/* Of flows that differ in a port alone; whoever takes some bits of the hash has
 * all choices. */
static void hash_of_flows_uses_every_bit(void **state)
{
	struct rig *r = *state;
	u32 any = 0, all = ~0u, sums[NR] = { 0 };

	for (u32 port = 1; port <= 256; port++) {
		struct sk_buff *skb = napi_alloc_skb(r->dev, 64);
		u8 *p = skb_put(skb, 28);

		memset(p, 0, 28);
		p[0] = 0x45;
		p[9] = 17;
		p[21] = (u8)port;
		p[20] = (u8)(port >> 8);
		skb->protocol = htons(0x0800);
		any |= skb_get_hash(skb);
		all &= skb_get_hash(skb);
		sums[skb_get_hash(skb) % NR]++;
		consume_skb(skb);
	}
	assert_int_equal(any, ~0u);
	assert_int_equal(all, 0);
	for (u32 i = 0; i < NR; i++)
		assert_in_range(sums[i], 256 / NR / 4, 256 / NR * 4);
}

#define T(t) cmocka_unit_test_setup_teardown(t, rig_open, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hash_of_flows_uses_every_bit),
		T(bookkeeping_of_frames_lies_apart_between_threads),
		T(softnet_is_woken_behind_the_poll_that_gave_to_it),
		T(packets_stay_where_they_are_polled_without_a_mask),
		T(flows_are_spread_and_stay_together),
		T(queues_have_masks_of_their_own),
		T(own_flows_take_no_detour),
		T(flow_moves_only_when_its_packets_are_dealt_with),
		T(flow_moves_after_its_device_was_down),
		T(order_is_kept_whatever_changes),
		T(flow_follows_its_reader),
		T(full_backlog_drops_and_counts),
		T(flood_of_one_flow_leaves_room_for_others),
		T(flow_limit_without_memory_changes_nothing),
		T(wrong_masks_and_numbers_get_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
