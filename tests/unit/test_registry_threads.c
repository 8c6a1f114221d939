/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of the registries come and go in one thread while packets and calls use
 * them in others. Each row is memory of the heap that is overwritten and freed
 * as soon as the call that takes it away has returned. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <inet/congestion.h>
#include <inet/control.h>
#include <inet/inet.h>
#include <inet/ip.h>
#include <inet/netdev.h>
#include <inet/protocol.h>
#include <inet/sock.h>
#include <inet/socket.h>

#define PROTO 253
#define ROUNDS 60
#define OWN_FAMILY 40

/* Stack a sends to b, whose rows change. */
struct rig {
	struct net *a, *b;
	struct inet_wire *wire;
	pthread_t sender, opener;
	u32 stop;		/* atomic */
	u32 handled, opened, named;	/* atomic */
};

static struct rig *the_rig;	/* for handlers, which get no argument */

static struct net *stack(const char *name, unsigned int nr_threads)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .name = name, .mode = INET_THREADED,
		.nr_threads = nr_threads, .nr_frames = 2048,
	};
	struct net *net = inet_create(&cfg);

	assert_non_null(net);
	assert_int_equal(inet_start(net), 0);
	return net;
}

static bool stopped(const struct rig *r)
{
	return __atomic_load_n(&r->stop, __ATOMIC_RELAXED);
}

static void count(u32 *n)
{
	__atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
}

static u32 counted(const u32 *n)
{
	return __atomic_load_n(n, __ATOMIC_RELAXED);
}

/* ---- rows ------------------------------------------------------------- */

static int own_rcv(struct sk_buff *skb)
{
	count(&the_rig->handled);
	consume_skb(skb);
	return 0;
}

static int own_frame(struct sk_buff *skb, struct net_device *dev,
		     struct packet_type *pt, struct net_device *orig_dev)
{
	(void)dev;
	(void)orig_dev;
	count(pt->af_packet_priv);
	consume_skb(skb);
	return 0;
}

static struct sk_buff *own_gro_receive(struct sk_buff *held,
				       struct sk_buff *skb)
{
	(void)held;
	NAPI_GRO_CB(skb)->flush = 1;
	count(&the_rig->handled);
	return NULL;
}

static int own_gro_complete(struct sk_buff *skb, int nhoff)
{
	(void)skb;
	(void)nhoff;
	return 0;
}

static int own_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	return ip4_datagram_sendmsg(sk, msg, len, 0, NULL);
}

static const struct proto own_prot = {
	.name = "OWN", .priv_size = 40,
	.connect = ip4_datagram_connect,
	.sendmsg = own_sendmsg,
	.recvmsg = ip4_datagram_recvmsg,
};

static const struct inet_protosw own_sw = {
	.type = SOCK_RDM, .protocol = PROTO, .prot = &own_prot,
	.ops = &inet_sockraw_ops,
};

static const struct proto_ops family_ops = {
	.family = OWN_FAMILY,
	.release = sock_common_release,
	.bind = sock_no_bind,
	.connect = sock_no_connect,
	.accept = sock_no_accept,
	.listen = sock_no_listen,
	.shutdown = sock_no_shutdown,
	.getname = sock_no_getname,
	.poll = datagram_poll,
	.sendmsg = sock_no_sendmsg,
	.recvmsg = sock_no_recvmsg,
};

static int family_create(struct net *net, struct socket *sock, int protocol)
{
	struct sock *sk = sk_alloc(net, OWN_FAMILY, &own_prot);

	(void)protocol;
	if (!sk)
		return -ENOMEM;
	sock_set_ops(sock, &family_ops);
	sock_init_data(sock, sk);
	return 0;
}

/* ---- the other threads ------------------------------------------------ */

/* Packets of the protocol from a to b, as fast as they go. */
static void *send_all(void *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct rig *r = arg;
	struct socket *s = inet_socket(r->a, AF_INET, SOCK_RDM, PROTO);

	inet_pton(AF_INET, "10.0.0.2", &to.sin_addr);
	while (s && !stopped(r))
		inet_sendto(s, "12345678", 8, 0, (struct sockaddr *)&to,
			    sizeof(to));
	inet_close(s);
	return NULL;
}

/* Sockets of b by rows that are there or not; both are right. */
static void *open_all(void *arg)
{
	struct rig *r = arg;
	struct socket *s;

	for (int i = 0; !stopped(r); i++) {
		s = i % 2 ? inet_socket(r->b, AF_INET, SOCK_RDM, PROTO) :
			    inet_socket(r->b, OWN_FAMILY, SOCK_DGRAM, 0);
		if (!s)
			continue;
		count(&r->opened);
		inet_close(s);
	}
	return NULL;
}

static int rig_open(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	the_rig = r;
	r->a = stack("a", 1);
	r->b = stack("b", 2);
	r->wire = inet_wire_connect(r->a, "w0", r->b, "w0", NULL);
	assert_non_null(r->wire);
	for (int i = 0; i < 2; i++) {
		struct net_device *dev = inet_wire_device(r->wire, "ab"[i]);

		assert_int_equal(inet_addr_add(dev, i ? "10.0.0.2/24" :
						    "10.0.0.1/24"), 0);
		assert_int_equal(dev_set_feature(dev, "gro", true), 0);
		assert_int_equal(inet_netdev_up(dev), 0);
	}
	assert_int_equal(inet_register_protosw(r->a, &own_sw), 0);
	assert_int_equal(pthread_create(&r->sender, NULL, send_all, r), 0);
	assert_int_equal(pthread_create(&r->opener, NULL, open_all, r), 0);
	*state = r;
	return 0;
}

static int rig_close(void **state)
{
	struct rig *r = *state;

	__atomic_store_n(&r->stop, 1, __ATOMIC_RELAXED);
	pthread_join(r->sender, NULL);
	pthread_join(r->opener, NULL);
	inet_wire_close(r->wire);
	inet_destroy(r->a);
	inet_destroy(r->b);
	free(r);
	return 0;
}

/* A copy on the heap, which drop() makes useless before it frees it. */
static void *row(const void *like, size_t size)
{
	void *p = malloc(size);

	assert_non_null(p);
	return memcpy(p, like, size);
}

static void drop(void *p, size_t size)
{
	memset(p, 0xdb, size);
	free(p);
}

/* Until the row was used once, however busy the machine is: else the test
 * would show nothing. */
static void wait_used(const u32 *n, u32 before)
{
	const struct timespec pause = { .tv_nsec = 200000 };

	for (int i = 0; i < 50000 && counted(n) == before; i++)
		nanosleep(&pause, NULL);
	assert_true(counted(n) != before);
}

/* ---- the cases -------------------------------------------------------- */

static void protocol_goes_while_its_packets_arrive(void **state)
{
	const struct net_protocol like = { .handler = own_rcv };
	struct rig *r = *state;

	for (int i = 0; i < ROUNDS; i++) {
		struct net_protocol *p = row(&like, sizeof(like));
		u32 before = counted(&r->handled);

		assert_int_equal(inet_add_protocol(r->b, p, PROTO), 0);
		wait_used(&r->handled, before);
		assert_int_equal(inet_del_protocol(r->b, p, PROTO), 0);
		drop(p, sizeof(*p));
		/* after it returned nobody is inside */
		before = counted(&r->handled);
		sched_yield();
		assert_int_equal(counted(&r->handled), before);
	}
}

static void packet_type_goes_while_its_frames_arrive(void **state)
{
	struct rig *r = *state;
	const struct packet_type like = {
		.type = htons(0x0800), .func = own_frame,
		.af_packet_priv = &r->handled,
	};

	for (int i = 0; i < ROUNDS; i++) {
		struct packet_type *pt = row(&like, sizeof(like));
		u32 before = counted(&r->handled);

		if (i % 2)
			pt->type = htons(3);	/* a tap of all frames */
		assert_int_equal(dev_add_pack(r->b, pt), 0);
		wait_used(&r->handled, before);
		dev_remove_pack(r->b, pt);
		drop(pt, sizeof(*pt));
	}
}

static void offload_goes_while_its_packets_arrive(void **state)
{
	const struct packet_offload like = {
		.type = htons(0x0800), .gro_receive = own_gro_receive,
		.gro_complete = own_gro_complete,
	};
	struct rig *r = *state;

	for (int i = 0; i < ROUNDS; i++) {
		struct packet_offload *po = row(&like, sizeof(like));
		u32 before = counted(&r->handled);

		assert_int_equal(dev_add_offload(r->b, po), 0);
		wait_used(&r->handled, before);
		dev_remove_offload(r->b, po);
		drop(po, sizeof(*po));
	}
}

static void socket_type_goes_while_sockets_are_made(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < ROUNDS; i++) {
		struct inet_protosw *sw = row(&own_sw, sizeof(own_sw));
		u32 before = counted(&r->opened);

		assert_int_equal(inet_register_protosw(r->b, sw), 0);
		wait_used(&r->opened, before);
		inet_unregister_protosw(r->b, sw);
		drop(sw, sizeof(*sw));
	}
}

static void family_goes_while_sockets_are_made(void **state)
{
	const struct net_proto_family like = {
		.family = OWN_FAMILY, .create = family_create,
	};
	struct rig *r = *state;

	for (int i = 0; i < ROUNDS; i++) {
		struct net_proto_family *f = row(&like, sizeof(like));
		u32 before = counted(&r->opened);

		assert_int_equal(sock_register(r->b, f), 0);
		wait_used(&r->opened, before);
		sock_unregister(r->b, OWN_FAMILY);
		drop(f, sizeof(*f));
	}
}

/* Opens sockets with the congestion control that comes and goes, and lists all. */
static void *name_all(void *arg)
{
	char names[128];
	struct rig *r = arg;

	while (!stopped(r)) {
		struct socket *s = inet_socket(r->b, AF_INET, SOCK_STREAM, 0);

		inet_sysctl_get(r->b, "net.ipv4.tcp_available_congestion_control",
				names, sizeof(names));
		inet_sysctl_get(r->b, "net.ipv4.tcp_congestion_control", names,
				sizeof(names));
		if (s && !inet_setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "ours",
					  4))
			count(&r->named);
		inet_close(s);
	}
	return NULL;
}

static void congestion_control_goes_while_it_is_named(void **state)
{
	static const struct tcp_congestion_ops ours = {
		.name = "ours", .ssthresh = tcp_reno_ssthresh,
		.undo_cwnd = tcp_reno_undo_cwnd,
		.cong_avoid = tcp_reno_cong_avoid,
	};
	const char *knob = "net.ipv4.tcp_congestion_control";
	struct rig *r = *state;
	pthread_t namer;

	assert_int_equal(pthread_create(&namer, NULL, name_all, r), 0);
	for (int i = 0; i < ROUNDS; i++) {
		u32 before = counted(&r->named);

		assert_int_equal(tcp_register_congestion_control(r->b, &ours),
				 0);
		assert_int_equal(inet_sysctl_set(r->b, knob, "ours"), 0);
		wait_used(&r->named, before);
		assert_int_equal(inet_sysctl_set(r->b, knob, "cubic"), 0);
		assert_int_equal(tcp_unregister_congestion_control(r->b, &ours),
				 0);
	}
	__atomic_store_n(&r->stop, 1, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(namer, NULL), 0);
}

#define T(t) cmocka_unit_test_setup_teardown(t, rig_open, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(protocol_goes_while_its_packets_arrive),
		T(packet_type_goes_while_its_frames_arrive),
		T(offload_goes_while_its_packets_arrive),
		T(socket_type_goes_while_sockets_are_made),
		T(family_goes_while_sockets_are_made),
		T(congestion_control_goes_while_it_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
