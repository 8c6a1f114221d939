/* SPDX-License-Identifier: BSD-2-Clause */
/* Transmit packet steering: by which queue packets and sockets leave. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <netinet/tcp.h>

#include <inet/control.h>

#include "core/dev.h"
#include "core/net.h"
#include "core/skbuff.h"
#include "core/socket.h"
#include "ipv4/tcp.h"
#include "fixture.h"
#include "sockets.h"

#define NR 4u			/* softnets */
#define QUEUES 6u

/*
 * A stack with four softnets whose threads were never started: the test is each
 * of them in turn.
 */
struct rig {
	struct net *net;
	struct net_device *dev;
	u32 left[QUEUES];	/* packets that left by each queue */
	u32 last;		/* the queue of the last one */
};

static enum netdev_tx rig_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct rig *r = *(struct rig **)dev->priv;

	r->last = skb->queue_mapping;
	r->left[r->last]++;
	consume_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops ops = { .ndo_start_xmit = rig_xmit };

/* Be softnet @id; a thread of the application with a number that there is not. */
static void be(struct rig *r, u32 id)
{
	current_softnet = id < NR ? &r->net->softnets[id] : NULL;
}

static int rig_open(void **state)
{
	struct inet_config cfg = {
		.size = sizeof(cfg), .mode = INET_THREADED, .nr_threads = NR,
		.nr_frames = 1024,
	};
	static struct rig r;

	memset(&r, 0, sizeof(r));
	r.net = inet_create(&cfg);
	assert_non_null(r.net);
	r.dev = alloc_netdev(r.net, sizeof(struct rig *), "xps0", ether_setup);
	assert_non_null(r.dev);
	*(struct rig **)r.dev->priv = &r;
	r.dev->netdev_ops = &ops;
	r.dev->num_tx_queues = QUEUES;
	eth_hw_addr_random(r.dev);
	assert_int_equal(register_netdevice(r.dev), 0);
	assert_int_equal(inet_addr_add(r.dev, "10.0.0.2/24"), 0);
	assert_int_equal(dev_open(r.dev), 0);
	assert_int_equal(inet_neigh_add(r.dev, "10.0.0.1 lladdr "
					"02:00:00:00:00:01 nud permanent"), 0);
	*state = &r;
	return 0;
}

static int rig_close(void **state)
{
	struct rig *r = *state;

	be(r, NR);
	inet_destroy(r->net);
	return 0;
}

/* A packet of @flow leaves. Return: its queue. */
static u32 leave(struct rig *r, u32 flow)
{
	struct sk_buff *skb = alloc_skb(r->net, 60);

	assert_non_null(skb);
	memset(skb_put(skb, 60), 0, 60);
	skb->dev = r->dev;
	skb->hash = (flow + 1) * 2654435761u;
	dev_queue_xmit(skb);
	return r->last;
}

/* The queues that a hundred flows take. */
static u64 taken(struct rig *r)
{
	u64 set = 0;
	u32 i;

	for (i = 0; i < 100; i++) {
		set |= 1ull << leave(r, i);
		assert_int_equal(leave(r, i), r->last);
	}
	return set;
}

static void set(struct rig *r, u32 queue, const char *softnets)
{
	char knob[32];

	snprintf(knob, sizeof(knob), "tx-%u/xps_cpus", queue);
	assert_int_equal(inet_netdev_set_queue(r->dev, knob, softnets), 0);
}

/* ---- packets ---------------------------------------------------------- */

static void without_a_map_flows_take_all_queues(void **state)
{
	struct rig *r = *state;

	be(r, 1);
	assert_int_equal(taken(r), 0x3f);
}

static void softnets_take_the_queues_that_are_theirs(void **state)
{
	struct rig *r = *state;

	set(r, 0, "1");
	set(r, 1, "2");
	set(r, 2, "c");
	set(r, 3, "4");
	be(r, 0);
	assert_int_equal(taken(r), 1 << 0);
	be(r, 1);
	assert_int_equal(taken(r), 1 << 1);
	be(r, 2);
	assert_int_equal(taken(r), 1 << 2 | 1 << 3);
	be(r, 3);
	assert_int_equal(taken(r), 1 << 2);
	set(r, 2, "8");			/* changed: softnet 2 has one left */
	be(r, 2);
	assert_int_equal(taken(r), 1 << 3);
	set(r, 3, "0");			/* none: any */
	assert_int_equal(taken(r), 0x3f);
}

/* A thread of the application is where its processor's softnet is. */
static void thread_sends_as_the_softnet_of_its_processor(void **state)
{
	struct rig *r = *state;
	u32 i;

	set(r, 5, "4");
	be(r, NR);
	for (i = 0; i < NET_MAX_CPUS; i++)
		r->net->softnet_of_cpu[i] = 3;	/* number 2 */
	assert_int_equal(taken(r), 1 << 5);
	for (i = 0; i < NET_MAX_CPUS; i++)
		r->net->softnet_of_cpu[i] = 0;	/* none was there */
	assert_int_equal(taken(r), 0x3f);
}

/* ---- sockets ---------------------------------------------------------- */

static void set_each(struct rig *r)
{
	set(r, 0, "1");
	set(r, 1, "2");
	set(r, 2, "4");
	set(r, 3, "8");
}

static u32 say(struct rig *r, struct socket *s)
{
	memset(r->left, 0, sizeof(r->left));
	assert_int_equal(sk_send(s, "x", 1), 1);
	assert_int_equal(r->left[r->last], 1);
	return r->last;
}

static void connected_socket_keeps_its_queue(void **state)
{
	struct rig *r = *state;
	struct socket *s;

	set_each(r);
	s = sk_udp(r->net, SK_HOST, 4000);
	assert_int_equal(sk_connect(s, SK_PEER, 9), 0);
	be(r, 2);
	assert_int_equal(say(r, s), 2);
	be(r, 1);
	assert_int_equal(say(r, s), 2);
	/* with a new route it may be another device's */
	sk_dst_reset(s->sk);
	assert_int_equal(s->sk->sk_tx_queue, 0);
	say(r, s);
	assert_int_equal(say(r, s), 1);
	be(r, NR);
	inet_close(s);
}

/* A segment of the peer's arrives at softnet @id; with text it acknowledges
 * nothing new. */
static void answer(struct rig *r, u32 id, struct socket *s, u32 seq, u8 flags,
		   u32 len)
{
	static const u8 text[100];
	const struct tcp_sock *tp = tcp_sk(s->sk);
	const struct fx_ip ip = { .dst_mac = r->dev->dev_addr };
	const struct tcp_seg_info seg = {
		.source = htons(80), .dest = htons(sk_port(s)),
		.seq = seq, .ack_seq = len ? tp->snd_una : tp->write_seq,
		.flags = flags, .window = 60000,
	};
	u8 frame[200];
	u32 flen = fx_build_tcp(frame, &ip, &seg, NULL, 0, text, len);
	struct sk_buff *skb = napi_alloc_skb(r->dev, flen);

	assert_non_null(skb);
	memcpy(skb_put(skb, flen), frame, flen);
	skb->protocol = eth_type_trans(skb, r->dev);
	be(r, id);
	rcu_read_lock(&r->net->rcu);
	netif_receive_skb(skb);
	rcu_read_unlock(&r->net->rcu);
}

/* It moves when nothing is in flight, and not before; an ACK goes with the
 * text. */
static void connection_moves_when_nothing_is_in_flight(void **state)
{
	struct rig *r = *state;
	struct socket *s = inet_socket(r->net, AF_INET,
				       SOCK_STREAM | SOCK_NONBLOCK, 0);
	u32 n;

	set_each(r);
	sk_set(s, IPPROTO_TCP, TCP_NODELAY, 1);
	be(r, 2);
	assert_int_equal(sk_connect(s, SK_PEER, 80), -EINPROGRESS);
	assert_int_equal(r->last, 2);
	answer(r, 1, s, 5000, TCPHDR_SYN | TCPHDR_ACK, 0);
	assert_int_equal(r->last, 1);	/* our ACK: the SYN has arrived */
	be(r, 3);
	assert_int_equal(sk_send(s, "x", 1), 1);
	assert_int_equal(r->last, 3);
	be(r, 0);
	assert_int_equal(sk_send(s, "y", 1), 1);
	assert_int_equal(r->last, 3);
	/* text that is not the next is acknowledged at once */
	memset(r->left, 0, sizeof(r->left));
	for (n = 0; n < 3; n++)
		answer(r, 1, s, 5500 + n * 200, TCPHDR_ACK, 100);
	assert_int_equal(r->left[3], 3);
	assert_int_equal(r->left[1], 0);
	answer(r, 1, s, 5001, TCPHDR_ACK, 0);
	be(r, 0);
	assert_int_equal(sk_send(s, "z", 1), 1);
	assert_int_equal(r->last, 0);	/* x and y have arrived */
	be(r, NR);
	inet_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) \
	cmocka_unit_test_setup_teardown(name, rig_open, rig_close)
		CASE(without_a_map_flows_take_all_queues),
		CASE(softnets_take_the_queues_that_are_theirs),
		CASE(thread_sends_as_the_softnet_of_its_processor),
		CASE(connected_socket_keeps_its_queue),
		CASE(connection_moves_when_nothing_is_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
