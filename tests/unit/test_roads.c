/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The roads of ARCHITECTURE.md as recorded facts: for each call and each kind
 * of packet, which functions it passes, in which order, with nothing between.
 *
 * A road is written as one string, its stations apart by blanks. It must
 * stand in the recording in one piece: of one packet (whatever else happened
 * meanwhile) or of the whole recording.
 */
#include "unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <inet/netdev.h>
#include <inet/trace.h>

#include "core/dev.h"
#include "core/sock.h"
#include "core/socket.h"
#include "road.h"
#include "sockets.h"
#include "tcp_pair.h"

#define MAX_POINTS 4096
#define ANY_PACKET 0		/* the recording as it is */

static struct fx f;
static u8 frame[FX_FRAME_MAX];

/* ---- words ------------------------------------------------------------ */

static void record(struct net *net)
{
	assert_int_equal(inet_trace_start(net, MAX_POINTS), 0);
}

/* The next point behind @i of @packet, or of all. */
static size_t next_point(struct net *net, size_t i, u64 packet)
{
	const struct inet_trace_point *pt;

	while ((pt = inet_trace_get(net, i)) && packet && pt->skb != packet)
		i++;
	return i;
}

/* Does @road begin at point @i? Of the packet of point @i when @of_packet. */
static bool road_at(struct net *net, size_t i, const char *road, bool of_packet)
{
	const struct inet_trace_point *pt = inet_trace_get(net, i);
	u64 packet = of_packet ? pt->skb : ANY_PACKET;
	char words[1024], *word, *save;

	snprintf(words, sizeof(words), "%s", road);
	for (word = strtok_r(words, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		pt = inet_trace_get(net, i);
		if (!pt || strcmp(pt->function, word))
			return false;
		i = next_point(net, i + 1, packet);
	}
	return true;
}

static bool road_taken(struct net *net, const char *road, bool of_packet)
{
	size_t i;

	for (i = 0; i < inet_trace_count(net); i++)
		if ((!of_packet || inet_trace_get(net, i)->skb) &&
		    road_at(net, i, road, of_packet))
			return true;
	return false;
}

static void demand(struct net *net, const char *road, bool of_packet)
{
	assert_int_equal(inet_trace_lost(net), 0);
	if (road_taken(net, road, of_packet))
		return;
	inet_trace_print_text(net, stderr);
	fail_msg("not the road taken: %s", road);
}

/* The whole recording has @road in one piece. */
static void assert_road(struct net *net, const char *road)
{
	demand(net, road, false);
}

/* One packet took @road. */
static void assert_packet_road(struct net *net, const char *road)
{
	demand(net, road, true);
}

#define INTERRUPT "napi_schedule __napi_schedule ____napi_schedule " \
	"net_rx_action napi->poll"
#define TO_PTYPE "napi_gro_receive netif_receive_skb " \
	"__netif_receive_skb_core ptype_base[] "
#define TO_IP TO_PTYPE "ip_rcv ip_rcv_finish ip_route_input_noref "
#define TO_TRANSPORT TO_IP "ip_local_deliver ip_local_deliver_finish " \
	"ip_protocol_deliver_rcu inet_protos[] "
#define FROM_DEV "dev_queue_xmit __dev_xmit_skb sch_direct_xmit " \
	"dev_hard_start_xmit ndo_start_xmit"
#define FROM_OUTPUT "ip_output ip_finish_output ip_finish_output2 "
#define FROM_IP "ip_local_out " FROM_OUTPUT

/* ---- socket() --------------------------------------------------------- */

#define SOCKET_ROAD "inet_socket sock_create __sock_create sock_alloc " \
	"net_families[] "

static void stack_socket_of_inet_finds_family_and_inetsw(void **state)
{
	static const struct {
		int type, protocol;
	} kinds[] = {
		{ SOCK_STREAM, 0 }, { SOCK_DGRAM, 0 },
		{ SOCK_RAW, IPPROTO_ICMP }, { SOCK_DGRAM, IPPROTO_ICMP },
	};
	struct socket *s;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		record(f.net);
		s = inet_socket(f.net, AF_INET, kinds[i].type,
				kinds[i].protocol);
		inet_trace_stop(f.net);
		assert_non_null(s);
		assert_road(f.net, SOCKET_ROAD "inet_create inetsw[] sk_alloc");
		inet_close(s);
	}
}

static void stack_socket_of_packet_goes_another_family(void **state)
{
	struct socket *s;

	(void)state;
	record(f.net);
	s = inet_socket(f.net, AF_PACKET, SOCK_RAW, 0);
	inet_trace_stop(f.net);
	assert_non_null(s);
	assert_road(f.net, SOCKET_ROAD "packet_create sk_alloc");
	assert_false(road_passed(f.net, "inet_create"));
	inet_close(s);
}

static void stack_unknown_type_ends_in_inet_create(void **state)
{
	(void)state;
	record(f.net);
	assert_null(inet_socket(f.net, AF_INET, SOCK_SEQPACKET, 0));
	inet_trace_stop(f.net);
	assert_true(road_passed(f.net, "inet_create"));
	assert_false(road_passed(f.net, "inetsw[]"));
	assert_false(road_passed(f.net, "sk_alloc"));
}

/* ---- three ways to send, three to receive ------------------------------- */

static void send_way(struct socket *s, int way)
{
	struct sockaddr_in to = sk_addr(SK_PEER, 7);
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (way == 0)
		n = inet_send(s, "x", 1, 0);
	else if (way == 1)
		n = inet_sendto(s, "x", 1, 0, (struct sockaddr *)&to,
				sizeof(to));
	else
		n = inet_sendmsg(s, &msg, 0);
	assert_int_equal(n, 1);
}

static void receive_way(struct socket *s, int way)
{
	u8 buf[4];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (way == 0)
		n = inet_recv(s, buf, sizeof(buf), 0);
	else if (way == 1)
		n = inet_recvfrom(s, buf, sizeof(buf), 0, NULL, NULL);
	else
		n = inet_recvmsg(s, &msg, 0);
	assert_int_equal(n, 1);
}

static const char *const send_name[] = {
	"inet_send", "inet_sendto", "inet_sendmsg",
};
static const char *const receive_name[] = {
	"inet_recv", "inet_recvfrom", "inet_recvmsg",
};

static void assert_roads_after(struct net *net, const char *first,
			       const char *rest)
{
	char road[256];

	snprintf(road, sizeof(road), "%s %s", first, rest);
	assert_road(net, road);
}

static void udp_three_sends_meet_in_sock_sendmsg(void **state)
{
	struct socket *s = sk_udp(f.net, SK_HOST, 1000);
	int way;

	(void)state;
	assert_int_equal(sk_connect(s, SK_PEER, 7), 0);
	for (way = 0; way < 3; way++) {
		record(f.net);
		send_way(s, way);
		inet_trace_stop(f.net);
		assert_roads_after(f.net, send_name[way], "__sock_sendmsg "
				   "inet_dgram_sendmsg udp_sendmsg "
				   "ip_send_datagram " FROM_IP);
	}
	inet_close(s);
}

static void udp_three_receives_meet_in_sock_recvmsg(void **state)
{
	struct socket *s = sk_udp(f.net, SK_HOST, 1000);
	struct fx_ip ip = { 0 };
	int way;

	(void)state;
	for (way = 0; way < 3; way++) {
		fx_inject(&f, frame, fx_build_udp(frame, &ip, 7, 1000, "x", 1));
		record(f.net);
		receive_way(s, way);
		inet_trace_stop(f.net);
		assert_roads_after(f.net, receive_name[way], "sock_recvmsg "
				   "inet_dgram_recvmsg udp_recvmsg");
	}
	inet_close(s);
}

/* ---- received packets ----------------------------------------------------- */

static void interrupt_to_poll_is_one_road(void **state)
{
	struct fx_ip ip = { 0 };

	(void)state;
	record(f.net);
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 7, 9, "x", 1));
	inet_trace_stop(f.net);
	assert_road(f.net, INTERRUPT " eth_type_trans " TO_PTYPE "ip_rcv");
}

static void udp_datagram_received_takes_its_road(void **state)
{
	struct socket *s = sk_udp(f.net, SK_HOST, 1000);
	struct fx_ip ip = { 0 };

	(void)state;
	record(f.net);
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 7, 1000, "x", 1));
	inet_trace_stop(f.net);
	assert_packet_road(f.net, "eth_type_trans " TO_TRANSPORT "udp_rcv "
			   "udp_queue_rcv_skb sock_queue_rcv_skb");
	assert_road(f.net, "sock_queue_rcv_skb sock_def_readable");
	inet_close(s);
}

/* @req 1122-3.1c */
static void udp_to_no_port_is_answered_and_dropped(void **state)
{
	struct fx_ip ip = { 0 };

	(void)state;
	record(f.net);
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 7, 9, "x", 1));
	inet_trace_stop(f.net);
	assert_packet_road(f.net, TO_TRANSPORT "udp_rcv icmp_send "
			   "kfree_skb_reason");
	assert_packet_road(f.net, FROM_IP);
	assert_false(road_passed(f.net, "udp_queue_rcv_skb"));
}

static void arp_request_received_is_answered_from_arp_process(void **state)
{
	(void)state;
	record(f.net);
	fx_arp_request(&f, FX_PEER, fx_peer_mac, FX_IP);
	inet_trace_stop(f.net);
	assert_packet_road(f.net, "eth_type_trans " TO_PTYPE
			   "arp_rcv arp_process");
	assert_true(road_passed(f.net, "arp_send"));
	assert_packet_road(f.net, "dev_queue_xmit");
	assert_false(road_passed(f.net, "ip_rcv"));
}

static void icmp_echo_request_turns_into_its_reply(void **state)
{
	struct fx_ip ip = { 0 };

	(void)state;
	record(f.net);
	fx_inject(&f, frame, fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 1, "x",
					   1));
	inet_trace_stop(f.net);
	assert_packet_road(f.net, TO_TRANSPORT "icmp_rcv icmp_echo " FROM_IP);
}

static void tap_sees_the_packet_before_its_protocol(void **state)
{
	struct socket *s = inet_socket(f.net, AF_PACKET, SOCK_RAW,
				       htons(ETH_P_ALL));
	struct fx_ip ip = { 0 };

	(void)state;
	assert_non_null(s);
	record(f.net);
	fx_inject(&f, frame, fx_build_icmp(frame, &ip, ICMP_ECHO, 0, 1, "x",
					   1));
	inet_trace_stop(f.net);
	assert_road(f.net, "__netif_receive_skb_core deliver_skb packet_rcv");
	assert_packet_road(f.net, "ptype_base[] ip_rcv");
	inet_close(s);
}

static void unknown_ethertype_ends_at_ptype_base(void **state)
{
	(void)state;
	memset(frame, 0, 64);
	memcpy(frame, fx_mac, ETH_ALEN);
	memcpy(frame + ETH_ALEN, fx_peer_mac, ETH_ALEN);
	frame[12] = 0x88;
	frame[13] = 0xb5;
	record(f.net);
	fx_inject(&f, frame, 64);
	inet_trace_stop(f.net);
	assert_packet_road(f.net, TO_PTYPE "kfree_skb_reason");
	assert_false(road_passed(f.net, "ip_rcv"));
}

static void fragments_meet_in_ip_defrag(void **state)
{
	struct fx_ip first = { .proto = IPPROTO_UDP, .id = 5, .frag = 0x2000 };
	struct fx_ip last = { .proto = IPPROTO_UDP, .id = 5, .frag = 1 };
	u8 udp[16] = { 0, 7, 0, 9, 0, 16 };

	(void)state;
	record(f.net);
	fx_inject(&f, frame, fx_build_ip(frame, &first, udp, 8));
	assert_packet_road(f.net, "ip_local_deliver ip_defrag");
	assert_false(road_passed(f.net, "ip_local_deliver_finish"));
	fx_inject(&f, frame, fx_build_ip(frame, &last, udp + 8, 8));
	inet_trace_stop(f.net);
	assert_road(f.net, "ip_local_deliver ip_defrag ip_local_deliver_finish "
		    "ip_protocol_deliver_rcu inet_protos[] udp_rcv");
}

static void packet_for_another_host_is_forwarded(void **state)
{
	const u8 mac[ETH_ALEN] = { 2, 0, 0, 0, 1, 2 };
	struct fx_ip ip = { .daddr = FX_ADDR(10, 1, 0, 9) };

	(void)state;
	fx_add_dev(&f, "test1", mac, "10.1.0.2/24");
	fx_sysctl(&f, "net.ipv4.ip_forward", "1");
	record(f.net);
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 7, 9, "x", 1));
	inet_trace_stop(f.net);
	assert_packet_road(f.net, TO_IP "ip_forward ip_forward_finish "
			   FROM_OUTPUT "neigh_resolve_output neigh_event_send");
	assert_true(road_passed(f.net, "arp_solicit"));
	assert_false(road_passed(f.net, "ip_local_deliver"));
	fx_flush(&f);
	fx_advance(&f, 10 * FX_SEC);	/* nobody answers */
}

static void packet_to_loopback_goes_by_the_backlog(void **state)
{
	struct socket *s = sk_udp(f.net, SK_LOOPBACK, 1000);

	(void)state;
	record(f.net);
	assert_int_equal(sk_sendto(s, "x", 1, SK_LOOPBACK, 1000), 1);
	fx_run(&f);
	inet_trace_stop(f.net);
	assert_packet_road(f.net, FROM_IP);
	assert_packet_road(f.net, "ndo_start_xmit loopback_xmit eth_type_trans netif_rx "
			   "enqueue_to_backlog __netif_receive_skb_core "
			   "ptype_base[] ip_rcv");
	assert_road(f.net, "enqueue_to_backlog " INTERRUPT " process_backlog "
		    "__netif_receive_skb_core");
	inet_close(s);
}

/* ---- sent packets ----------------------------------------------------------- */

static void udp_datagram_sent_goes_down_to_the_driver(void **state)
{
	struct socket *s = sk_udp(f.net, SK_HOST, 1000);

	(void)state;
	record(f.net);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, 7), 1);
	inet_trace_stop(f.net);
	assert_packet_road(f.net, FROM_IP "neigh_connected_output " FROM_DEV);
	inet_close(s);
}

static void udp_to_unknown_neighbour_waits_for_arp(void **state)
{
	struct socket *s = sk_udp(f.net, SK_HOST, 1000);

	(void)state;
	record(f.net);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER + 8, 7), 1);
	assert_packet_road(f.net, FROM_IP "neigh_resolve_output "
			   "neigh_event_send arp_solicit");
	assert_road(f.net, "arp_send dev_queue_xmit");
	fx_arp_reply(&f, FX_STRANGER, fx_stranger_mac);
	inet_trace_stop(f.net);
	assert_road(f.net, "arp_rcv arp_process neigh_update");
	assert_packet_road(f.net, "arp_solicit neigh_connected_output "
			   FROM_DEV);
	inet_close(s);
}

static void neighbour_unanswered_is_asked_again_by_its_timer(void **state)
{
	struct socket *s = sk_udp(f.net, SK_HOST, 1000);

	(void)state;
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER + 8, 7), 1);
	record(f.net);
	fx_advance(&f, 2 * FX_SEC);
	inet_trace_stop(f.net);
	assert_road(f.net, "neigh_timer_handler arp_solicit arp_send "
		    "dev_queue_xmit");
	inet_close(s);
	fx_advance(&f, 10 * FX_SEC);
}

/* ---- TCP -------------------------------------------------------------------- */

struct tcp_lab {
	struct pair *p;
	struct socket *listener, *client, *server;
};

/* Two stacks; @established: a connection, its server end accepted. */
static struct tcp_lab tcp_open(bool established)
{
	struct tcp_lab lab = { .p = pair_open(1) };

	lab.listener = pair_listen(&lab.p->b, 80, 4);
	if (!established)
		return lab;
	lab.client = pair_connect(lab.p, 80);
	pair_run(lab.p, FX_SEC);
	lab.server = inet_accept4(lab.listener, NULL, NULL, SOCK_NONBLOCK);
	assert_non_null(lab.server);
	return lab;
}

static void tcp_done(struct tcp_lab *lab)
{
	inet_close(lab->listener);
	if (lab->client)
		inet_close(lab->client);
	if (lab->server)
		inet_close(lab->server);
	pair_run(lab->p, 200 * FX_SEC);
	pair_close(lab->p);
}

#define TCP_DOWN "tcp_transmit_skb ip_queue_xmit " FROM_IP

static void tcp_three_sends_meet_in_sock_sendmsg(void **state)
{
	struct tcp_lab lab = tcp_open(true);
	struct net *net = lab.p->a.net;
	int way;

	(void)state;
	for (way = 0; way < 3; way += 2) {	/* no address of a stream */
		record(net);
		send_way(lab.client, way);
		inet_trace_stop(net);
		assert_roads_after(net, send_name[way], "__sock_sendmsg "
				   "inet_stream_sendmsg tcp_sendmsg tcp_push "
				   "tcp_write_xmit " TCP_DOWN);
		pair_run(lab.p, FX_SEC);
	}
	record(net);
	assert_int_equal(inet_sendto(lab.client, "x", 1, 0, NULL, 0), 1);
	inet_trace_stop(net);
	assert_road(net, "inet_sendto __sock_sendmsg inet_stream_sendmsg "
		    "tcp_sendmsg tcp_push tcp_write_xmit " TCP_DOWN);
	pair_run(lab.p, FX_SEC);
	tcp_done(&lab);
}

static void tcp_segment_sent_goes_down_to_the_driver(void **state)
{
	struct tcp_lab lab = tcp_open(true);
	struct net *net = lab.p->a.net;

	(void)state;
	record(net);
	assert_int_equal(inet_send(lab.client, "x", 1, 0), 1);
	inet_trace_stop(net);
	assert_packet_road(net, TCP_DOWN "neigh_connected_output " FROM_DEV);
	tcp_done(&lab);
}

static void tcp_three_receives_meet_in_sock_recvmsg(void **state)
{
	struct tcp_lab lab = tcp_open(true);
	struct net *net = lab.p->b.net;
	int way;

	(void)state;
	assert_int_equal(inet_send(lab.client, "abc", 3, 0), 3);
	pair_run(lab.p, FX_SEC);
	for (way = 0; way < 3; way++) {
		u8 byte;
		struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

		record(net);
		if (way == 0)
			inet_recv(lab.server, &byte, 1, 0);
		else if (way == 1)
			inet_recvfrom(lab.server, &byte, 1, 0, NULL, NULL);
		else
			inet_recvmsg(lab.server, &msg, 0);
		inet_trace_stop(net);
		assert_roads_after(net, receive_name[way], "sock_recvmsg "
				   "inet_stream_recvmsg tcp_recvmsg");
	}
	tcp_done(&lab);
}

/* A segment of one octet arrives at the server, by flags of send(). */
static struct net *tcp_receive(struct tcp_lab *lab, int flags)
{
	struct net *net = lab->p->b.net;

	record(net);
	assert_int_equal(inet_send(lab->client, "x", 1, flags), 1);
	pair_run(lab->p, FX_SEC);
	inet_trace_stop(net);
	assert_packet_road(net, "eth_type_trans " TO_TRANSPORT "tcp_v4_rcv "
			   "tcp_v4_do_rcv tcp_rcv_established");
	assert_true(road_passed(net, "sock_def_readable"));
	return net;
}

static void tcp_segment_predicted_is_queued_at_once(void **state)
{
	struct tcp_lab lab = tcp_open(true);
	struct net *net = tcp_receive(&lab, 0);

	(void)state;
	assert_packet_road(net, "tcp_rcv_established tcp_queue_rcv");
	assert_false(road_passed(net, "tcp_data_queue"));
	tcp_done(&lab);
}

static void tcp_segment_unforeseen_takes_every_stage(void **state)
{
	struct tcp_lab lab = tcp_open(true);
	struct net *net = tcp_receive(&lab, MSG_OOB);

	(void)state;
	assert_packet_road(net, "tcp_rcv_established tcp_ack tcp_data_queue "
			   "tcp_queue_rcv");
	tcp_done(&lab);
}

static void tcp_connect_and_accept_pass_the_handshake(void **state)
{
	struct tcp_lab lab = tcp_open(false);
	struct net *a = lab.p->a.net, *b = lab.p->b.net;

	(void)state;
	record(a);
	record(b);
	lab.client = pair_connect(lab.p, 80);
	pair_run(lab.p, FX_SEC);
	lab.server = inet_accept4(lab.listener, NULL, NULL, 0);
	assert_non_null(lab.server);
	inet_trace_stop(a);
	inet_trace_stop(b);
	assert_road(a, "inet_connect inet_stream_connect tcp_v4_connect "
		    "tcp_connect tcp_transmit_skb");
	assert_packet_road(b, TO_TRANSPORT "tcp_v4_rcv tcp_v4_conn_request "
			   "tcp_conn_request");
	assert_packet_road(a, TO_TRANSPORT "tcp_v4_rcv tcp_v4_do_rcv "
			   "tcp_rcv_state_process "
			   "tcp_rcv_synsent_state_process");
	assert_packet_road(b, TO_TRANSPORT "tcp_v4_rcv tcp_check_req "
			   "tcp_v4_syn_recv_sock tcp_child_process "
			   "tcp_rcv_state_process tcp_ack");
	assert_road(b, "inet_accept4 sock_alloc inet_stream_accept "
		    "inet_csk_accept");
	tcp_done(&lab);
}

static void tcp_lost_segment_is_sent_again_by_its_timer(void **state)
{
	struct tcp_lab lab = tcp_open(true);
	struct net *net = lab.p->a.net;

	(void)state;
	lab.p->cut = true;
	assert_int_equal(inet_send(lab.client, "x", 1, 0), 1);
	record(net);
	pair_run(lab.p, 2 * FX_SEC);
	inet_trace_stop(net);
	assert_road(net, "tcp_write_timer tcp_retransmit_timer "
		    "tcp_retransmit_skb tcp_transmit_skb ip_queue_xmit");
	lab.p->cut = false;
	tcp_done(&lab);
}

static void tcp_busy_socket_takes_the_segment_from_its_backlog(void **state)
{
	struct tcp_lab lab = tcp_open(true);
	struct sock *sk = lab.server->sk;
	struct net *net = lab.p->b.net;

	(void)state;
	record(net);
	lock_sock(sk);
	assert_int_equal(inet_send(lab.client, "x", 1, 0), 1);
	pair_run(lab.p, 10 * FX_MS);
	assert_packet_road(net, TO_TRANSPORT "tcp_v4_rcv sk_add_backlog");
	assert_false(road_passed(net, "tcp_v4_do_rcv"));
	release_sock(sk);
	inet_trace_stop(net);
	assert_road(net, "__release_sock tcp_v4_do_rcv tcp_rcv_established");
	assert_packet_road(net, "tcp_v4_rcv sk_add_backlog tcp_v4_do_rcv");
	tcp_done(&lab);
}

static void tcp_close_sends_fin_and_ends_in_time_wait(void **state)
{
	struct tcp_lab lab = tcp_open(true);
	struct net *net = lab.p->a.net;

	(void)state;
	record(net);
	inet_close(lab.client);
	lab.client = NULL;
	pair_run(lab.p, FX_SEC);
	assert_road(net, "tcp_close tcp_send_fin");
	inet_close(lab.server);
	lab.server = NULL;
	pair_run(lab.p, FX_SEC);
	inet_trace_stop(net);
	assert_true(road_passed(net, "tcp_time_wait"));
	tcp_done(&lab);
}

/* ---- a device with an interrupt line ------------------------------------------ */

static void wire_frame_begins_with_its_interrupt(void **state)
{
	struct net *a = inet_create(NULL), *b = inet_create(NULL);
	struct inet_wire *wire;
	struct socket *s;
	int i;

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	wire = inet_wire_connect(a, "wire0", b, "wire0", NULL);
	assert_non_null(wire);
	assert_int_equal(inet_addr_add(inet_netdev_find(a, "wire0"),
				       "10.0.0.1/24"), 0);
	assert_int_equal(inet_addr_add(inet_netdev_find(b, "wire0"),
				       "10.0.0.2/24"), 0);
	assert_int_equal(inet_netdev_up(inet_netdev_find(a, "wire0")), 0);
	assert_int_equal(inet_netdev_up(inet_netdev_find(b, "wire0")), 0);
	for (i = 0; i < 50; i++) {
		inet_run(a, 0);
		inet_run(b, 0);
	}
	s = sk_udp(a, SK_PEER, 1000);
	record(b);
	assert_int_equal(sk_sendto(s, "x", 1, SK_HOST, 9), 1);
	for (i = 0; i < 50; i++) {
		inet_run(a, 0);
		inet_run(b, 0);
	}
	inet_trace_stop(b);
	assert_road(b, "irq_handle " INTERRUPT " eth_type_trans " TO_PTYPE
		    "arp_rcv arp_process");
	assert_packet_road(b, "eth_type_trans " TO_TRANSPORT "udp_rcv");
	inet_close(s);
	inet_wire_close(wire);
	inet_destroy(a);
	inet_destroy(b);
}

/* ---- the recorder --------------------------------------------------------------- */

static void point_says_where_and_when(void **state)
{
	const struct inet_trace_point *pt;
	struct fx_ip ip = { 0 };
	u64 before = f.now_ns;
	size_t i;

	(void)state;
	record(f.net);
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 7, 9, "x", 1));
	inet_trace_stop(f.net);
	for (i = 0; strcmp(inet_trace_get(f.net, i)->function, "ip_rcv"); i++)
		assert_true(i < inet_trace_count(f.net));
	pt = inet_trace_get(f.net, i);
	assert_string_equal(pt->file, "ipv4/ip_input.c");
	assert_true(pt->line > 0);
	assert_int_equal(pt->softnet, 0);
	assert_true(pt->time_ns >= before);
	assert_int_equal(pt->skb, 1);
}

static void packets_one_after_another_have_numbers_of_their_own(void **state)
{
	struct fx_ip ip = { 0 };
	u64 seen = 0;
	size_t i;
	int n;

	(void)state;
	record(f.net);
	for (n = 0; n < 3; n++)
		fx_inject(&f, frame, fx_build_udp(frame, &ip, 7, 9, "x", 1));
	inet_trace_stop(f.net);
	for (i = n = 0; i < inet_trace_count(f.net); i++) {
		const struct inet_trace_point *pt = inet_trace_get(f.net, i);

		if (strcmp(pt->function, "eth_type_trans"))
			continue;
		assert_true(pt->skb > seen);
		seen = pt->skb;
		n++;
	}
	assert_int_equal(n, 3);
}

static void recorder_off_records_nothing(void **state)
{
	struct fx_ip ip = { 0 };
	size_t count;

	(void)state;
	record(f.net);
	inet_trace_stop(f.net);
	count = inet_trace_count(f.net);
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 7, 9, "x", 1));
	assert_int_equal(inet_trace_count(f.net), count);
}

static void recorder_full_counts_what_is_lost(void **state)
{
	struct fx_ip ip = { 0 };

	(void)state;
	assert_int_equal(inet_trace_start(f.net, 3), 0);
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 7, 9, "x", 1));
	inet_trace_stop(f.net);
	assert_int_equal(inet_trace_count(f.net), 3);
	assert_true(inet_trace_lost(f.net) > 10);
	assert_null(inet_trace_get(f.net, 3));
}

/* How many points a filter leaves of one UDP datagram, one ARP request and
 * what the stack answers. */
static size_t filtered(const char *filter)
{
	struct fx_ip ip = { 0 };

	assert_int_equal(inet_trace_start_filter(f.net, MAX_POINTS, filter), 0);
	fx_inject(&f, frame, fx_build_udp(frame, &ip, 7, 1000, "x", 1));
	fx_arp_request(&f, FX_PEER, fx_peer_mac, FX_IP);
	inet_trace_stop(f.net);
	return inet_trace_count(f.net);
}

static void filter_fits_by_each_of_its_words(void **state)
{
	static const char *const fit[] = {
		"udp", "ip udp", "udp ip", "ip", "dev test0 udp", "src 10.0.0.1 udp", "dport 1000",
		"dst 10.0.0.2 udp", "host 10.0.0.1 udp", "sport 7", "port 7",
		"port 1000",
		("dev test0 udp src 10.0.0.1 dst 10.0.0.2 sport 7 "
		 "dport 1000 next 1"),
	};
	static const char *const unfit[] = {
		"tcp", "tcp ip", "icmp", "dev lo", "src 10.0.0.9", "dst 10.0.0.9",
		"host 10.0.0.9", "sport 1000", "dport 7", "port 8", "tcp port 7",
	};
	struct socket *s = sk_udp(f.net, SK_HOST, 1000);
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(fit); i++) {
		assert_true(filtered(fit[i]) > 0);
		assert_packet_road(f.net, "eth_type_trans " TO_TRANSPORT
				   "udp_rcv udp_queue_rcv_skb "
				   "sock_queue_rcv_skb");
		assert_false(road_passed(f.net, "arp_rcv"));
		assert_false(road_passed(f.net, "napi_schedule"));
	}
	for (i = 0; i < ARRAY_SIZE(unfit); i++)
		assert_int_equal(filtered(unfit[i]), 0);
	inet_close(s);
}

static void filter_next_follows_so_many_packets(void **state)
{
	(void)state;
	assert_true(filtered("arp next 1") > 0);
	assert_road(f.net, "eth_type_trans " TO_PTYPE "arp_rcv arp_process");
	assert_false(road_passed(f.net, "dev_queue_xmit"));
	filtered("arp next 2");
	assert_road(f.net, FROM_DEV);
	assert_true(filtered("") > filtered("arp"));
}

static void filter_of_sent_packets_begins_where_they_are_known(void **state)
{
	struct socket *s = sk_udp(f.net, SK_HOST, 1000);
	struct tcp_lab lab;

	(void)state;
	assert_int_equal(inet_trace_start_filter(f.net, MAX_POINTS,
						 "dev test0 dport 7"), 0);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, 7), 1);
	inet_trace_stop(f.net);
	assert_road(f.net, FROM_IP "neigh_connected_output " FROM_DEV);
	assert_false(road_passed(f.net, "udp_sendmsg"));
	inet_close(s);

	lab = tcp_open(true);
	assert_int_equal(inet_trace_start_filter(lab.p->a.net, MAX_POINTS,
						 "tcp dport 80 next 1"), 0);
	assert_int_equal(inet_send(lab.client, "x", 1, 0), 1);
	pair_run(lab.p, FX_SEC);
	inet_trace_stop(lab.p->a.net);
	assert_road(lab.p->a.net, "ip_queue_xmit " FROM_IP
		    "neigh_connected_output " FROM_DEV);
	assert_false(road_passed(lab.p->a.net, "tcp_v4_rcv"));
	tcp_done(&lab);
}

static void filter_with_wrong_words_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *filter, *part;
		int err;
	} wrong[] = {
		{ "sctp", "'sctp'", EINVAL },
		{ "udp or tcp", "'or'", EINVAL },
		{ "dev", "dev ''", ENODEV },
		{ "dev eth9", "eth9", ENODEV },
		{ "port 0", "port '0'", EINVAL },
		{ "port 65536", "65536", EINVAL },
		{ "port -1", "-1", EINVAL },
		{ "port 7x", "7x", EINVAL },
		{ "next", "next ''", EINVAL },
		{ "src 10.0.0", "10.0.0", EINVAL },
	};
	char longer[300];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(inet_trace_start_filter(f.net, 10,
							 wrong[i].filter), -1);
		assert_int_equal(errno, wrong[i].err);
		if (!strstr(inet_strerror(f.net), wrong[i].part))
			fail_msg("%s: %s", wrong[i].filter,
				 inet_strerror(f.net));
	}
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(inet_trace_start_filter(f.net, 10, longer), -1);
	record(f.net);		/* it is off still */
	inet_trace_stop(f.net);
}

static void recorder_running_refuses_a_second_start(void **state)
{
	(void)state;
	record(f.net);
	assert_int_equal(inet_trace_start(f.net, 10), -1);
	assert_int_equal(errno, EBUSY);
	inet_trace_stop(f.net);
	assert_int_equal(inet_trace_start(f.net, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(inet_strerror(f.net), "points"));
}

#define ROAD(test) cmocka_unit_test_prestate_setup_teardown( \
		test, fx_setup_learned, fx_teardown, &f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROAD(stack_socket_of_inet_finds_family_and_inetsw),
		ROAD(stack_socket_of_packet_goes_another_family),
		ROAD(stack_unknown_type_ends_in_inet_create),
		ROAD(udp_three_sends_meet_in_sock_sendmsg),
		ROAD(udp_three_receives_meet_in_sock_recvmsg),
		ROAD(interrupt_to_poll_is_one_road),
		ROAD(udp_datagram_received_takes_its_road),
		ROAD(udp_to_no_port_is_answered_and_dropped),
		ROAD(arp_request_received_is_answered_from_arp_process),
		ROAD(icmp_echo_request_turns_into_its_reply),
		ROAD(tap_sees_the_packet_before_its_protocol),
		ROAD(unknown_ethertype_ends_at_ptype_base),
		ROAD(fragments_meet_in_ip_defrag),
		ROAD(packet_for_another_host_is_forwarded),
		ROAD(packet_to_loopback_goes_by_the_backlog),
		ROAD(udp_datagram_sent_goes_down_to_the_driver),
		ROAD(udp_to_unknown_neighbour_waits_for_arp),
		ROAD(neighbour_unanswered_is_asked_again_by_its_timer),
		cmocka_unit_test(tcp_three_sends_meet_in_sock_sendmsg),
		cmocka_unit_test(tcp_segment_sent_goes_down_to_the_driver),
		cmocka_unit_test(tcp_three_receives_meet_in_sock_recvmsg),
		cmocka_unit_test(tcp_segment_predicted_is_queued_at_once),
		cmocka_unit_test(tcp_segment_unforeseen_takes_every_stage),
		cmocka_unit_test(tcp_connect_and_accept_pass_the_handshake),
		cmocka_unit_test(tcp_lost_segment_is_sent_again_by_its_timer),
		cmocka_unit_test(
			tcp_busy_socket_takes_the_segment_from_its_backlog),
		cmocka_unit_test(tcp_close_sends_fin_and_ends_in_time_wait),
		cmocka_unit_test(wire_frame_begins_with_its_interrupt),
		ROAD(point_says_where_and_when),
		ROAD(packets_one_after_another_have_numbers_of_their_own),
		ROAD(recorder_off_records_nothing),
		ROAD(recorder_full_counts_what_is_lost),
		ROAD(filter_fits_by_each_of_its_words),
		ROAD(filter_next_follows_so_many_packets),
		ROAD(filter_of_sent_packets_begins_where_they_are_known),
		ROAD(filter_with_wrong_words_is_refused_with_a_sentence),
		ROAD(recorder_running_refuses_a_second_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
