/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why packets died: for reasons that other tests provoke without looking at them.
 * Each case makes packets die of one, and of nothing else.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <inet/control.h>

#include "core/dev.h"
#include "core/sch_generic.h"
#include "core/sock.h"
#include "tcp_peer.h"

static u8 text[1460];

static void dropped(struct tp *t, enum skb_drop_reason reason, u64 n)
{
	fx_assert_dropped(&t->f, reason, n);
}

/* ---- sequence numbers, acknowledgments, timestamps -------------------- */

static void segment_outside_the_window_is_of_an_invalid_sequence(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 200000, 1, "x", 1);
	tp_expect(&t, "A", 1, 1, 0);
	dropped(&t, SKB_DROP_REASON_TCP_INVALID_SEQUENCE, 1);
	tp_send(&t, "R", 0, 0, NULL, 0);
	tp_send(&t, "R", 200000, 0, NULL, 0);
	tp_silence(&t);
	dropped(&t, SKB_DROP_REASON_TCP_INVALID_SEQUENCE, 2);
	tp_send(&t, "A", 200000, 1, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	tp_send(&t, "A", 200000, 1, NULL, 0);	/* within 500 ms: no answer */
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_ACKSKIPPEDSEQ), 1);
	tp_close(&t);
}

static void ack_of_what_was_not_sent_is_invalid(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 1, 100, "x", 1);
	tp_expect(&t, "A", 1, 1, 0);
	dropped(&t, SKB_DROP_REASON_TCP_INVALID_ACK_SEQUENCE, 1);
	tp_close(&t);

	tp_open(&t);
	tp_connect(&t);
	tp_send(&t, "RA", 0, 77, NULL, 0);
	tp_silence(&t);
	dropped(&t, SKB_DROP_REASON_TCP_INVALID_ACK_SEQUENCE, 1);
	tp_close(&t);
}

static void timestamp_of_the_past_is_protected_against(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	t.ts = true;
	tp_passive(&t);
	t.ts_val--;
	tp_send(&t, "PA", 1, 1, "x", 1);
	tp_expect(&t, "A", 1, 1, 0);
	dropped(&t, SKB_DROP_REASON_TCP_RFC7323_PAWS, 1);
	tp_close(&t);
}

/* ---- text ------------------------------------------------------------- */

static void text_that_was_there_is_old(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	for (u32 i = 0; i < 2; i++) {
		tp_send(&t, "PA", 1, 1, "x", 1);
		tp_expect(&t, "A", 1, 2, 0);
	}
	dropped(&t, SKB_DROP_REASON_TCP_OLD_DATA, 1);
	tp_close(&t);
}

/* Behind the hole as well: the same again, and what is part of what is longer. */
static void text_that_waits_behind_a_hole_is_merged(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 11, 1, text, 10);
	fx_assert_no_drops(&t.f);
	tp_send(&t, "PA", 11, 1, text, 10);
	dropped(&t, SKB_DROP_REASON_TCP_OFOMERGE, 1);
	tp_send(&t, "PA", 6, 1, text, 20);
	dropped(&t, SKB_DROP_REASON_TCP_OFOMERGE, 1);
	tp_send(&t, "PA", 1, 1, text, 25);
	dropped(&t, SKB_DROP_REASON_TCP_OFOMERGE, 1);
	fx_flush(&t.f);
	tp_close(&t);
}

/* Full of what is far away, which gives way to what is nearer. */
static void text_far_behind_a_hole_is_pruned(void **state)
{
	u32 seq = 40001;
	struct tp t;
	s64 pruned;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	for (; seq < 64000; seq += 2 * sizeof(text))
		tp_send(&t, "A", seq, 1, text, sizeof(text));
	fx_assert_no_drops(&t.f);
	tp_sk(&t)->sk_rcvbuf = sk_rmem_alloc_get(tp_sk(&t)) - 1;
	tp_send(&t, "A", 20001, 1, text, sizeof(text));
	pruned = fx_mib_delta(&t.f, MIB_TCP_OFOPRUNED);
	assert_in_range(pruned, 1, 2);	/* an eighth at once */
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_PRUNECALLED), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RCVPRUNED), 0);
	dropped(&t, SKB_DROP_REASON_TCP_OFO_QUEUE_PRUNE, (u64)pruned);
	fx_flush(&t.f);
	tp_close(&t);
}

/* ... but not the other way round. */
static void text_that_finds_no_memory_is_refused(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "A", 20001, 1, text, sizeof(text));
	fx_assert_no_drops(&t.f);
	tp_sk(&t)->sk_rcvbuf = sk_rmem_alloc_get(tp_sk(&t)) - 1;
	tp_send(&t, "A", 40001, 1, text, sizeof(text));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_OFODROP), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_PRUNECALLED), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RCVPRUNED), 1);
	dropped(&t, SKB_DROP_REASON_PROTO_MEM, 1);
	fx_flush(&t.f);
	tp_close(&t);
}

/* Behind text that nobody has read yet; the window ought to be closed, but may not
 * shrink (RFC 9293 3.8.6). */
static void text_in_order_that_finds_no_memory_is_refused(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "A", 1, 1, text, sizeof(text));
	tp_sk(&t)->sk_rcvbuf = sk_rmem_alloc_get(tp_sk(&t)) - 1;
	fx_flush(&t.f);
	tp_send(&t, "A", 1 + sizeof(text), 1, text, sizeof(text));
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_RCVQDROP), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_WANTZEROWINDOWADV), 1);
	dropped(&t, SKB_DROP_REASON_PROTO_MEM, 1);
	tp_expect(&t, "A", 1, 1 + sizeof(text), 0);
	assert_int_not_equal(t.p.tcp->window, 0);
	tp_close(&t);
}

/* The timer of a delayed ACK finds the socket in use: it comes when that ends. */
static void ack_that_is_due_waits_for_the_socket(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	inet_csk(tp_sk(&t))->icsk_ack.quick = 0;
	inet_csk(tp_sk(&t))->icsk_ack.ato_us = TCP_ATO_MIN_US;
	tp_send(&t, "A", 1, 1, "xx", 2);
	lock_sock(tp_sk(&t));
	fx_advance(&t.f, FX_SEC);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_DELAYEDACKLOCKED), 1);
	tp_silence(&t);
	release_sock(tp_sk(&t));
	fx_run(&t.f);
	tp_expect(&t, "A", 1, 3, 0);
	tp_close(&t);
}

/* It begins where the window ends, which tcp_sequence() lets pass. */
static void text_at_the_edge_of_the_window_is_over_it(void **state)
{
	struct tp t;
	u32 edge;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	edge = 1 + tcp_receive_window(tcp_sk(tp_sk(&t)));
	tp_send(&t, "A", edge, 1, "x", 1);
	tp_expect(&t, "A", 1, 1, 0);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_OVERWINDOWDROP), 1);
	dropped(&t, SKB_DROP_REASON_TCP_OVERWINDOW, 1);
	tp_close(&t);
}

static void text_for_a_closed_window_finds_it_closed(void **state)
{
	struct tp t;
	u32 seq = 1;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	while (tcp_receive_window(tcp_sk(tp_sk(&t))) && seq < 1000000) {
		u32 len = min(tcp_receive_window(tcp_sk(tp_sk(&t))),
			      (u32)sizeof(text));

		tp_send(&t, "A", seq, 1, text, len);
		seq += len;
	}
	fx_flush(&t.f);
	fx_assert_no_drops(&t.f);
	tp_send(&t, "A", seq, 1, "x", 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_ZEROWINDOWDROP), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_TOZEROWINDOWADV), 1);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FROMZEROWINDOWADV), 0);
	dropped(&t, SKB_DROP_REASON_TCP_ZEROWINDOW, 1);
	while (inet_recv(t.s, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_FROMZEROWINDOWADV), 1);
	fx_flush(&t.f);
	tp_close(&t);
}

/* ---- RST, SYN, states ------------------------------------------------- */

static void reset_that_is_not_exact_is_challenged(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "R", 2, 0, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	dropped(&t, SKB_DROP_REASON_TCP_CHALLENGE_ACK, 1);
	tp_close(&t);
}

static void reset_that_is_exact_is_a_reset(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "R", 1, 0, NULL, 0);
	dropped(&t, SKB_DROP_REASON_TCP_RESET, 1);
	t.pport++;
	tp_send(&t, "R", 1, 0, NULL, 0);	/* the listener's */
	dropped(&t, SKB_DROP_REASON_TCP_RESET, 1);
	tp_close(&t);

	tp_open(&t);
	tp_connect(&t);
	tp_send(&t, "RA", 0, 1, NULL, 0);
	dropped(&t, SKB_DROP_REASON_TCP_RESET, 1);
	tp_close(&t);
}

static void syn_to_a_connection_is_invalid(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "S", 1, 0, NULL, 0);
	tp_expect(&t, "A", 1, 1, 0);
	dropped(&t, SKB_DROP_REASON_TCP_INVALID_SYN, 1);
	tp_close(&t);
}

static void segment_to_a_connection_that_is_over_finds_it_closed(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	assert_int_equal(inet_shutdown(t.s, SHUT_WR), 0);
	fx_run(&t.f);
	tp_expect(&t, "FA", 1, 1, 0);
	tp_send(&t, "FA", 1, 2, NULL, 0);
	tp_expect(&t, "A", 2, 2, 0);
	fx_assert_no_drops(&t.f);
	tp_send(&t, "FA", 1, 2, NULL, 0);	/* to TIME-WAIT */
	tp_expect(&t, "A", 2, 2, 0);
	dropped(&t, SKB_DROP_REASON_TCP_CLOSE, 1);
	tp_close(&t);
}

/* connect(AF_UNSPEC) before it was read. */
static void text_of_a_connection_that_is_given_up_is_aborted(void **state)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_send(&t, "PA", 1, 1, "x", 1);
	tp_expect(&t, "A", 1, 2, 0);
	assert_int_equal(inet_connect(t.s, &nobody, sizeof(nobody)), 0);
	dropped(&t, SKB_DROP_REASON_TCP_ABORT, 1);
	fx_run(&t.f);
	tp_expect(&t, "RA", 1, 2, 0);
	tp_close(&t);
}

/* ---- sockets ---------------------------------------------------------- */

static void segment_from_too_far_away_is_filtered(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	tp_setsockopt(&t, IPPROTO_IP, IP_MINTTL, 255);
	tp_send(&t, "PA", 1, 1, "x", 1);
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_MINTTLDROP), 1);
	dropped(&t, SKB_DROP_REASON_SOCKET_FILTER, 1);
	tp_close(&t);
}

/* Somebody works on the sock while more comes than its backlog holds. */
static void segment_for_a_full_backlog_is_lost(void **state)
{
	struct tp t;
	u32 seq = 1;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	lock_sock(tp_sk(&t));
	while (!fx_mib_delta(&t.f, MIB_TCP_BACKLOGDROP) && seq < 10000000) {
		tp_queue(&t, NULL, "A", seq, text, sizeof(text));
		fx_run(&t.f);
		seq += (u32)sizeof(text);
	}
	assert_int_equal(fx_mib_delta(&t.f, MIB_TCP_BACKLOGDROP), 1);
	dropped(&t, SKB_DROP_REASON_SOCKET_BACKLOG, 1);
	release_sock(tp_sk(&t));
	fx_run(&t.f);
	fx_flush(&t.f);
	tp_close(&t);
}

/* Its address went away, and with it what led to the peer. */
static void segment_without_a_route_goes_nowhere(void **state)
{
	struct tp t;

	(void)state;
	tp_open(&t);
	tp_passive(&t);
	assert_int_equal(inet_route_del(t.f.net, "10.0.0.0/24"), 0);
	tp_write(&t, "x", 1);
	tp_silence(&t);
	assert_int_equal(fx_mib_delta(&t.f, MIB_IP_OUTNOROUTES), 1);
	dropped(&t, SKB_DROP_REASON_IP_OUTNOROUTES, 1);
	tp_close(&t);
}

/* Whoever is told so counts it, once. */
static void datagram_without_a_route_is_counted(void **state)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(0xc0000201) };
	struct socket *s;
	struct fx f;

	(void)state;
	fx_open(&f);
	s = inet_socket(f.net, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(inet_sendto(s, "x", 1, 0, (void *)&to, sizeof(to)), -1);
	assert_int_equal(errno, ENETUNREACH);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_OUTNOROUTES), 1);
	assert_int_equal(inet_connect(s, (void *)&to, sizeof(to)), -1);
	assert_int_equal(fx_mib_delta(&f, MIB_IP_OUTNOROUTES), 2);
	fx_assert_no_drops(&f);
	inet_close(s);
	fx_close(&f);
}

/* ---- devices ---------------------------------------------------------- */

static int transmit(struct fx *f, struct net_device *dev)
{
	struct sk_buff *skb = alloc_skb(f->net, 128);

	assert_non_null(skb);
	memset(skb_put(skb, 60), 0, 60);
	skb->dev = dev;
	return dev_queue_xmit(skb);
}

static void frame_that_waits_when_the_device_goes_down_dies_with_it(void **state)
{
	struct fx f;

	(void)state;
	fx_open(&f);
	netif_tx_stop_queue(f.dev, 0);
	assert_int_equal(transmit(&f, f.dev), NET_XMIT_SUCCESS);
	fx_run(&f);
	fx_assert_no_drops(&f);
	assert_int_equal(inet_netdev_down(f.dev), 0);
	fx_assert_dropped(&f, SKB_DROP_REASON_DEV_DOWN, 1);
	fx_close(&f);
}

static enum netdev_tx never(struct sk_buff *skb, struct net_device *dev)
{
	(void)skb;
	(void)dev;
	fail_msg("a stopped queue was sent to");
	return NETDEV_TX_BUSY;
}

static const struct net_device_ops full_ops = { .ndo_start_xmit = never };

static void no_queue_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &full_ops;
	dev->tx_queue_len = 0;
}

static void frame_for_a_full_ring_and_no_queue_is_lost(void **state)
{
	struct net_device *dev;
	struct fx f;

	(void)state;
	fx_open(&f);
	dev = alloc_netdev(f.net, 0, "full0", no_queue_setup);
	assert_non_null(dev);
	assert_int_equal(register_netdevice(dev), 0);
	assert_int_equal(dev_open(dev), 0);
	netif_tx_stop_queue(dev, 0);
	assert_int_equal(transmit(&f, dev), NET_XMIT_DROP);
	fx_assert_dropped(&f, SKB_DROP_REASON_FULL_RING, 1);
	unregister_netdevice(dev);
	fx_close(&f);
}

#define C(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		C(segment_outside_the_window_is_of_an_invalid_sequence),
		C(ack_of_what_was_not_sent_is_invalid),
		C(timestamp_of_the_past_is_protected_against),
		C(text_that_was_there_is_old),
		C(text_that_waits_behind_a_hole_is_merged),
		C(text_far_behind_a_hole_is_pruned),
		C(text_that_finds_no_memory_is_refused),
		C(text_in_order_that_finds_no_memory_is_refused),
		C(ack_that_is_due_waits_for_the_socket),
		C(text_at_the_edge_of_the_window_is_over_it),
		C(text_for_a_closed_window_finds_it_closed),
		C(reset_that_is_not_exact_is_challenged),
		C(reset_that_is_exact_is_a_reset),
		C(syn_to_a_connection_is_invalid),
		C(segment_to_a_connection_that_is_over_finds_it_closed),
		C(text_of_a_connection_that_is_given_up_is_aborted),
		C(segment_from_too_far_away_is_filtered),
		C(segment_for_a_full_backlog_is_lost),
		C(segment_without_a_route_goes_nowhere),
		C(datagram_without_a_route_is_counted),
		C(frame_that_waits_when_the_device_goes_down_dies_with_it),
		C(frame_for_a_full_ring_and_no_queue_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
