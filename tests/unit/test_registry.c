/* SPDX-License-Identifier: BSD-2-Clause */
/* The five registries of a stack as an application meets them: rows come and
 * go at run time, with nothing but the public headers. */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include <inet/control.h>
#include <inet/inet.h>
#include <inet/ip.h>
#include <inet/netdev.h>
#include <inet/protocol.h>
#include <inet/sock.h>
#include <inet/socket.h>

#define PROTO 253		/* RFC 3692: for experiments */
#define OWN_FAMILY 40		/* nobody's here */
#define OWN_ETHERTYPE 0x88b5	/* IEEE 802: for experiments */
#define A_ADDR "10.0.0.1"
#define B_ADDR "10.0.0.2"

/* Two stacks with a wire between them, run by this thread. */
struct two {
	struct net *a, *b;
	struct inet_wire *wire;
};

static struct net *stack(const char *name)
{
	const struct inet_config cfg = {
		.size = sizeof(cfg), .name = name, .nr_frames = 512,
	};
	struct net *net = inet_create(&cfg);

	assert_non_null(net);
	return net;
}

/* Everything that is under way arrives. */
static void settle(struct two *t)
{
	for (int i = 0; i < 20; i++) {
		inet_run(t->a, 0);
		inet_run(t->b, 0);
	}
}

static int open_two(void **state)
{
	static struct two two;
	struct two *t = &two;

	t->a = stack("a");
	t->b = stack("b");
	t->wire = inet_wire_connect(t->a, "w0", t->b, "w0", NULL);
	assert_non_null(t->wire);
	assert_int_equal(inet_addr_add(inet_wire_device(t->wire, 'a'),
				       A_ADDR "/24"), 0);
	assert_int_equal(inet_addr_add(inet_wire_device(t->wire, 'b'),
				       B_ADDR "/24"), 0);
	assert_int_equal(inet_netdev_up(inet_wire_device(t->wire, 'a')), 0);
	assert_int_equal(inet_netdev_up(inet_wire_device(t->wire, 'b')), 0);
	settle(t);
	*state = t;
	return 0;
}

static int close_two(void **state)
{
	struct two *t = *state;

	inet_wire_close(t->wire);
	inet_destroy(t->a);
	inet_destroy(t->b);
	return 0;
}

/* ---- a protocol ------------------------------------------------------- */

struct own_sock {
	struct sock *sk;
	struct own_sock *next;
	u64 zero;		/* the private part begins zeroed */
};

static struct own_sock *own_table;
static int nr_destroyed, nr_finish, handler_calls;

static int own_init(struct sock *sk)
{
	struct own_sock *os = sk_priv(sk);

	assert_int_equal((uintptr_t)os % 8, 0);
	assert_null(os->sk);
	assert_true(!os->zero);
	os->sk = sk;
	os->next = own_table;
	own_table = os;
	return 0;
}

static void own_unhash(struct sock *sk)
{
	struct own_sock **p = &own_table;

	while (*p && (*p)->sk != sk)
		p = &(*p)->next;
	if (*p)
		*p = (*p)->next;
}

static void own_destroy(struct sock *sk)
{
	(void)sk;
	nr_destroyed++;
}

/* Two bytes in front: "OK". */
static int own_finish(struct sock *sk, struct sk_buff *skb)
{
	(void)sk;
	nr_finish++;
	memcpy(skb->data, "OK", 2);
	return 0;
}

static int own_sendmsg(struct sock *sk, struct inet_msg *msg, size_t len)
{
	return ip4_datagram_sendmsg(sk, msg, len, 2, own_finish);
}

static int own_rcv(struct sk_buff *skb)
{
	struct own_sock *os = own_table;

	handler_calls++;
	while (os && (sock_net(os->sk) != skb_net(skb) ||
		      !ip4_datagram_match(os->sk, skb)))
		os = os->next;
	if (!os || !pskb_may_pull(skb, 2) || memcmp(skb->data, "OK", 2)) {
		icmp_send(skb, 3, 3, 0);	/* nobody is at home */
		kfree_skb_reason(skb, SKB_DROP_REASON_NO_SOCKET);
		return 0;
	}
	sock_hold(os->sk);
	skb_pull(skb, 2);
	ip4_datagram_rcv(os->sk, skb);
	sock_put(os->sk);
	return 0;
}

static int own_err(struct sk_buff *skb, u32 info)
{
	struct own_sock *os = own_table;

	while (os && (sock_net(os->sk) != skb_net(skb) ||
		      !ip4_datagram_match_quoted(os->sk, skb)))
		os = os->next;
	if (!os)
		return -ENOENT;
	ip4_datagram_err(os->sk, skb, info);
	return 0;
}

static const struct proto own_prot = {
	.name = "OWN",
	.priv_size = sizeof(struct own_sock),
	.init = own_init,
	.unhash = own_unhash,
	.destroy = own_destroy,
	.connect = ip4_datagram_connect,
	.disconnect = ip4_datagram_disconnect,
	.ioctl = ip4_datagram_ioctl,
	.setsockopt = ip_setsockopt,
	.getsockopt = ip_getsockopt,
	.sendmsg = own_sendmsg,
	.recvmsg = ip4_datagram_recvmsg,
};

static const struct inet_protosw own_sw = {
	.type = SOCK_RDM, .protocol = PROTO, .prot = &own_prot,
	.ops = &inet_sockraw_ops,
};

static const struct net_protocol own_protocol = {
	.handler = own_rcv, .err_handler = own_err,
};

/* A connected socket of the protocol. */
static struct socket *own_socket(struct net *net, const char *peer)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct socket *s = inet_socket(net, AF_INET, SOCK_RDM, PROTO);

	inet_pton(AF_INET, peer, &sin.sin_addr);
	assert_non_null(s);
	assert_int_equal(inet_connect(s, (struct sockaddr *)&sin, sizeof(sin)),
			 0);
	return s;
}

static void own_register(struct net *net)
{
	assert_int_equal(inet_add_protocol(net, &own_protocol, PROTO), 0);
	assert_int_equal(inet_register_protosw(net, &own_sw), 0);
}

static void own_unregister(struct net *net)
{
	inet_unregister_protosw(net, &own_sw);
	assert_int_equal(inet_del_protocol(net, &own_protocol, PROTO), 0);
}

static void assert_no_socket(struct net *net, int family, int type, int err)
{
	assert_null(inet_socket(net, family, type, 0));
	assert_int_equal(errno, err);
}

/* ---- inetsw and inet_protos -------------------------------------------- */

static void own_protocol_between_two_stacks_delivers(void **state)
{
	struct two *t = *state;
	struct socket *sa, *sb;
	char buf[16];

	own_register(t->a);
	own_register(t->b);
	sa = own_socket(t->a, B_ADDR);
	sb = own_socket(t->b, A_ADDR);
	assert_int_equal(inet_send(sa, "hello", 5, 0), 5);
	settle(t);
	assert_int_equal(inet_recv(sb, buf, sizeof(buf), MSG_DONTWAIT), 5);
	assert_memory_equal(buf, "hello", 5);
	/* larger than the device's MTU: cut and put together again */
	{
		static u8 big[4000], seen[4100];

		memset(big, 0xa5, sizeof(big));
		nr_finish = 0;
		assert_int_equal(inet_send(sb, big, sizeof(big), 0), 4000);
		assert_int_equal(nr_finish, 1);
		settle(t);
		assert_int_equal(inet_recv(sa, seen, sizeof(seen),
					   MSG_DONTWAIT), 4000);
		assert_memory_equal(seen, big, sizeof(big));
	}
	assert_int_equal(inet_send(sa, buf, 70000, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	nr_destroyed = 0;
	inet_close(sa);
	inet_close(sb);
	settle(t);
	assert_int_equal(nr_destroyed, 2);
	own_unregister(t->a);
	own_unregister(t->b);
}

static void own_protocol_without_reader_makes_the_sender_fail(void **state)
{
	struct two *t = *state;
	struct socket *sa;

	own_register(t->a);
	own_register(t->b);
	sa = own_socket(t->a, B_ADDR);
	assert_int_equal(inet_send(sa, "quoted", 6, 0), 6);
	settle(t);
	/* (ICMP quotes 8 bytes at least; fewer, and Linux does not listen)
	 * the handler's icmp_send(), our err_handler, the pending error */
	assert_int_equal(inet_send(sa, "quoted", 6, 0), -1);
	assert_int_equal(errno, ECONNREFUSED);
	/* and with no handler at all, IP says so itself */
	assert_int_equal(inet_del_protocol(t->b, &own_protocol, PROTO), 0);
	assert_int_equal(inet_send(sa, "quoted", 6, 0), 6);
	settle(t);
	assert_int_equal(inet_send(sa, "quoted", 6, 0), -1);
	assert_int_equal(errno, ENOPROTOOPT);
	inet_close(sa);
	own_unregister(t->a);
	inet_unregister_protosw(t->b, &own_sw);
}

static void packet_without_socket_reaches_the_handler(void **state)
{
	struct ip_packet_info to = { .protocol = PROTO, .ttl = 3 };
	struct two *t = *state;
	struct sk_buff *skb;
	struct socket *sb;
	char buf[16];

	own_register(t->b);
	sb = own_socket(t->b, A_ADDR);
	inet_pton(AF_INET, B_ADDR, &to.daddr);
	skb = alloc_skb(t->a, IP_XMIT_HEADROOM + 5);
	assert_non_null(skb);
	skb_reserve(skb, IP_XMIT_HEADROOM);
	memcpy(skb_put(skb, 5), "OKabc", 5);
	assert_int_equal(ip_send_skb(t->a, skb, &to), 0);
	settle(t);
	assert_int_equal(inet_recv(sb, buf, sizeof(buf), MSG_DONTWAIT), 3);
	assert_memory_equal(buf, "abc", 3);
	/* where no route leads the packet is consumed as well */
	inet_pton(AF_INET, "192.0.2.1", &to.daddr);
	skb = alloc_skb(t->a, IP_XMIT_HEADROOM);
	assert_non_null(skb);
	skb_reserve(skb, IP_XMIT_HEADROOM);
	assert_int_equal(ip_send_skb(t->a, skb, &to), -ENETUNREACH);
	inet_close(sb);
	own_unregister(t->b);
}

static void socket_type_is_of_one_stack_only(void **state)
{
	struct two *t = *state;
	struct socket *s;

	own_register(t->a);
	assert_no_socket(t->b, AF_INET, SOCK_RDM, ESOCKTNOSUPPORT);
	s = own_socket(t->a, B_ADDR);
	inet_close(s);
	own_unregister(t->a);
	assert_no_socket(t->a, AF_INET, SOCK_RDM, ESOCKTNOSUPPORT);
}

static void socket_type_refuses_what_makes_no_socket(void **state)
{
	static const struct proto_ops holes = { .family = PF_INET };
	static const struct proto small = { .name = "SMALL", .obj_size = 8 };
	struct inet_protosw p = own_sw;
	struct two *t = *state;

	assert_int_equal(inet_register_protosw(NULL, &own_sw), -EINVAL);
	assert_int_equal(inet_register_protosw(t->a, NULL), -EINVAL);
	p.ops = NULL;
	assert_int_equal(inet_register_protosw(t->a, &p), -EINVAL);
	p.ops = &holes;
	assert_int_equal(inet_register_protosw(t->a, &p), -EINVAL);
	p = own_sw;
	p.prot = NULL;
	assert_int_equal(inet_register_protosw(t->a, &p), -EINVAL);
	p.prot = &small;
	assert_int_equal(inet_register_protosw(t->a, &p), -EINVAL);
	p = own_sw;
	p.type = SOCK_PACKET + 1;
	assert_int_equal(inet_register_protosw(t->a, &p), -EINVAL);
	p = own_sw;
	p.protocol = INET_MAX_PROTOS;
	assert_int_equal(inet_register_protosw(t->a, &p), -EINVAL);
	p = own_sw;
	p.type = SOCK_STREAM;
	p.protocol = IPPROTO_TCP;
	assert_int_equal(inet_register_protosw(t->a, &p), -EPERM);
	/* the same once more; another in its place is fine, as in Linux */
	assert_int_equal(inet_register_protosw(t->a, &own_sw), 0);
	assert_int_equal(inet_register_protosw(t->a, &own_sw), -EEXIST);
	p = own_sw;
	assert_int_equal(inet_register_protosw(t->a, &p), 0);
	inet_unregister_protosw(t->a, &p);
	inet_unregister_protosw(t->a, &own_sw);
	inet_unregister_protosw(t->a, &own_sw);
	inet_unregister_protosw(t->a, NULL);
	inet_unregister_protosw(NULL, &own_sw);
	assert_no_socket(t->a, AF_INET, SOCK_RDM, ESOCKTNOSUPPORT);
}

static void protocol_refuses_duplicates_and_nothing(void **state)
{
	static const struct net_protocol none, other = { .handler = own_rcv };
	struct two *t = *state;

	assert_int_equal(inet_add_protocol(NULL, &own_protocol, PROTO),
			 -EINVAL);
	assert_int_equal(inet_add_protocol(t->a, NULL, PROTO), -EINVAL);
	assert_int_equal(inet_add_protocol(t->a, &none, PROTO), -EINVAL);
	assert_int_equal(inet_del_protocol(t->a, NULL, PROTO), -EINVAL);
	assert_int_equal(inet_del_protocol(t->a, &other, PROTO), -ENOENT);
	assert_int_equal(inet_add_protocol(t->a, &own_protocol, PROTO), 0);
	assert_int_equal(inet_add_protocol(t->a, &own_protocol, PROTO),
			 -EEXIST);
	assert_int_equal(inet_add_protocol(t->a, &other, PROTO), -EEXIST);
	assert_int_equal(inet_add_protocol(t->b, &other, PROTO), 0);
	assert_int_equal(inet_del_protocol(t->a, &other, PROTO), -ENOENT);
	assert_int_equal(inet_del_protocol(t->a, &own_protocol, PROTO), 0);
	assert_int_equal(inet_del_protocol(t->b, &other, PROTO), 0);
}

static void rows_gone_under_open_sockets_leave_them_usable(void **state)
{
	struct two *t = *state;
	struct socket *sa, *sb;
	char buf[4];

	own_register(t->a);
	own_register(t->b);
	sa = own_socket(t->a, B_ADDR);
	sb = own_socket(t->b, A_ADDR);
	assert_int_equal(inet_send(sa, "one", 3, 0), 3);
	settle(t);
	assert_int_equal(inet_send(sa, "two", 3, 0), 3);	/* in flight */
	own_unregister(t->b);
	handler_calls = 0;
	settle(t);
	assert_int_equal(handler_calls, 0);
	/* what was queued before is still there */
	assert_int_equal(inet_recv(sb, buf, sizeof(buf), MSG_DONTWAIT), 3);
	assert_memory_equal(buf, "one", 3);
	assert_int_equal(inet_recv(sb, buf, sizeof(buf), MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(inet_send(sb, "x", 1, 0), 1);
	inet_close(sa);
	inet_close(sb);
	own_unregister(t->a);
}

static void private_part_larger_than_any_sock_is_kept(void **state)
{
	static const struct proto large = {
		.name = "LARGE", .priv_size = 5000,
	};
	struct inet_protosw p = own_sw;
	struct two *t = *state;
	struct socket *s;

	p.prot = &large;
	assert_int_equal(inet_register_protosw(t->a, &p), 0);
	s = inet_socket(t->a, AF_INET, SOCK_RDM, 0);
	assert_non_null(s);
	memset(sk_priv(sock_sk(s)), 0xff, 5000);
	/* calls that the transport does not have */
	assert_int_equal(inet_send(s, "x", 1, 0), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	inet_close(s);
	inet_unregister_protosw(t->a, &p);
}

/* ---- net_families ----------------------------------------------------- */

static struct sock *family_sk;

static int family_sendmsg(struct socket *sock, struct inet_msg *msg, size_t len)
{
	u8 first = 0;

	(void)len;
	copy_from_iter(&first, 1, &msg->iter);
	if (first == 'e')
		sk_report_error(sock_sk(sock), ECONNRESET);
	return first == 'e' ? 1 : sock_error(sock_sk(sock));
}

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
	.sendmsg = family_sendmsg,
	.recvmsg = sock_no_recvmsg,
};

static int family_create(struct net *net, struct socket *sock, int protocol)
{
	static const struct proto prot = { .name = "FAMILY", .priv_size = 8 };

	if (sock_type(sock) != SOCK_DGRAM)
		return -ESOCKTNOSUPPORT;
	if (protocol)
		return -EPROTONOSUPPORT;
	family_sk = sk_alloc(net, OWN_FAMILY, &prot);
	if (!family_sk)
		return -ENOMEM;
	sock_set_ops(sock, &family_ops);
	sock_init_data(sock, family_sk);
	return 0;
}

static const struct net_proto_family own_family = {
	.family = OWN_FAMILY, .create = family_create,
};

static void family_of_the_application_makes_sockets_until_it_goes(void **state)
{
	struct two *t = *state;
	struct inet_pollfd pfd = { .events = POLLIN };
	struct socket *s;
	char c;

	assert_no_socket(t->a, OWN_FAMILY, SOCK_DGRAM, EAFNOSUPPORT);
	assert_int_equal(sock_register(t->a, &own_family), 0);
	assert_int_equal(sock_register(t->a, &own_family), -EEXIST);
	assert_no_socket(t->b, OWN_FAMILY, SOCK_DGRAM, EAFNOSUPPORT);
	assert_no_socket(t->a, OWN_FAMILY, SOCK_STREAM, ESOCKTNOSUPPORT);
	assert_null(inet_socket(t->a, OWN_FAMILY, SOCK_DGRAM, 1));
	assert_int_equal(errno, EPROTONOSUPPORT);
	s = inet_socket(t->a, OWN_FAMILY, SOCK_DGRAM, 0);
	assert_non_null(s);
	assert_ptr_equal(sock_sk(s), family_sk);
	assert_ptr_equal(sock_net(family_sk), t->a);
	lock_sock(family_sk);
	release_sock(family_sk);
	assert_int_equal(inet_recv(s, &c, 1, 0), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	sock_unregister(t->a, OWN_FAMILY);
	/* no new ones; the open one works on: its error wakes and is told */
	assert_no_socket(t->a, OWN_FAMILY, SOCK_DGRAM, EAFNOSUPPORT);
	pfd.sock = s;
	assert_int_equal(inet_poll(&pfd, 1, 0), 0);
	assert_int_equal(inet_send(s, "e", 1, 0), 1);
	assert_int_equal(inet_poll(&pfd, 1, 0), 1);
	assert_true(pfd.revents & POLLERR);
	assert_int_equal(inet_send(s, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, ECONNRESET);
	inet_close(s);
}

static void family_refuses_numbers_out_of_range_and_nothing(void **state)
{
	struct net_proto_family f = own_family;
	struct two *t = *state;

	assert_int_equal(sock_register(NULL, &own_family), -EINVAL);
	assert_int_equal(sock_register(t->a, NULL), -EINVAL);
	f.family = -1;
	assert_int_equal(sock_register(t->a, &f), -EINVAL);
	f.family = NET_NPROTO;
	assert_int_equal(sock_register(t->a, &f), -EINVAL);
	f = own_family;
	f.create = NULL;
	assert_int_equal(sock_register(t->a, &f), -EINVAL);
	f = own_family;
	f.family = PF_INET;
	assert_int_equal(sock_register(t->a, &f), -EEXIST);
	sock_unregister(t->a, -1);
	sock_unregister(t->a, NET_NPROTO);
	sock_unregister(NULL, OWN_FAMILY);
}

/* ---- packet types ----------------------------------------------------- */

static int count_packet(struct sk_buff *skb, struct net_device *dev,
			struct packet_type *pt, struct net_device *orig_dev)
{
	(void)dev;
	(void)orig_dev;
	++*(int *)pt->af_packet_priv;
	consume_skb(skb);
	return 0;
}

/* An ARP request or a UDP datagram from a to b makes frames. */
static void make_traffic(struct two *t)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct socket *s = inet_socket(t->a, AF_INET, SOCK_DGRAM, 0);

	assert_non_null(s);
	inet_pton(AF_INET, B_ADDR, &to.sin_addr);
	assert_int_equal(inet_sendto(s, "x", 1, 0, (struct sockaddr *)&to,
				     sizeof(to)), 1);
	settle(t);
	inet_close(s);
}

static void packet_type_sees_frames_until_it_goes(void **state)
{
	int all = 0, ip = 0, other = 0, elsewhere = 0;
	struct two *t = *state;
	struct packet_type types[] = {
		{ .type = htons(3), .func = count_packet,
		  .af_packet_priv = &all },
		{ .type = htons(0x0800), .func = count_packet,
		  .dev = inet_wire_device(t->wire, 'b'),
		  .af_packet_priv = &ip },
		{ .type = htons(OWN_ETHERTYPE), .func = count_packet,
		  .af_packet_priv = &other },
	};
	struct packet_type third = types[1];

	for (int i = 0; i < 3; i++)
		assert_int_equal(dev_add_pack(t->b, &types[i]), 0);
	third.dev = NULL;
	third.af_packet_priv = &elsewhere;
	assert_int_equal(dev_add_pack(t->a, &third), 0);
	make_traffic(t);
	assert_true(all >= 1);
	assert_int_equal(ip, 1);
	assert_int_equal(other, 0);
	assert_int_equal(elsewhere, 1);		/* the ICMP answer, at a */
	for (int i = 0; i < 3; i++)
		dev_remove_pack(t->b, &types[i]);
	dev_remove_pack(t->a, &third);
	all = ip = 0;
	make_traffic(t);
	assert_int_equal(all + ip, 0);
	assert_int_equal(elsewhere, 1);
}

static void packet_type_refuses_duplicates_and_nothing(void **state)
{
	struct two *t = *state;
	int n = 0;
	struct packet_type pt = {
		.type = htons(0x0800), .func = count_packet,
		.af_packet_priv = &n,
	};

	assert_int_equal(dev_add_pack(NULL, &pt), -EINVAL);
	assert_int_equal(dev_add_pack(t->b, NULL), -EINVAL);
	pt.func = NULL;
	assert_int_equal(dev_add_pack(t->b, &pt), -EINVAL);
	pt.func = count_packet;
	pt.dev = inet_wire_device(t->wire, 'a');
	assert_int_equal(dev_add_pack(t->b, &pt), -EINVAL);
	pt.dev = NULL;
	assert_int_equal(dev_add_pack(t->b, &pt), 0);
	assert_int_equal(dev_add_pack(t->b, &pt), -EEXIST);
	make_traffic(t);
	assert_int_equal(n, 1);
	dev_remove_pack(t->b, &pt);
	dev_remove_pack(t->b, &pt);
	dev_remove_pack(t->b, NULL);
	dev_remove_pack(NULL, &pt);
}

/* ---- offloads --------------------------------------------------------- */

static int gro_seen, gro_completed;

/* Keeps the first packet of a row back. */
static struct sk_buff *own_gro_receive(struct sk_buff *held,
				       struct sk_buff *skb)
{
	gro_seen++;
	NAPI_GRO_CB(skb)->flush = held != NULL;
	return NULL;
}

static int own_gro_complete(struct sk_buff *skb, int nhoff)
{
	(void)skb;
	(void)nhoff;
	gro_completed++;
	return 0;
}

static void offload_is_asked_until_it_goes(void **state)
{
	struct packet_offload po = {
		.type = htons(0x0800), .gro_receive = own_gro_receive,
		.gro_complete = own_gro_complete,
	};
	struct two *t = *state;
	int n = 0;
	struct packet_type pt = {
		.type = htons(0x0800), .func = count_packet,
		.af_packet_priv = &n,
	};

	gro_seen = 0;
	assert_int_equal(dev_set_feature(inet_wire_device(t->wire, 'b'), "gro",
					 true), 0);
	assert_int_equal(dev_add_pack(t->b, &pt), 0);
	assert_int_equal(dev_add_offload(t->b, &po), 0);
	make_traffic(t);
	assert_int_equal(gro_seen, 1);
	assert_int_equal(n, 1);		/* held for a moment, not lost */
	assert_int_equal(gro_completed, 0);	/* it is still a single one */
	dev_remove_offload(t->b, &po);
	make_traffic(t);
	assert_int_equal(gro_seen, 1);
	assert_int_equal(n, 2);
	dev_remove_pack(t->b, &pt);
}

static void offload_refuses_duplicates_and_nothing(void **state)
{
	struct packet_offload po = { .type = htons(OWN_ETHERTYPE) };
	struct two *t = *state;

	assert_int_equal(dev_add_offload(t->a, &po), -EINVAL);
	po.gro_receive = own_gro_receive;
	assert_int_equal(dev_add_offload(t->a, &po), -EINVAL);
	po.gro_complete = own_gro_complete;
	assert_int_equal(dev_add_offload(NULL, &po), -EINVAL);
	assert_int_equal(dev_add_offload(t->a, NULL), -EINVAL);
	assert_int_equal(dev_add_offload(t->a, &po), 0);
	assert_int_equal(dev_add_offload(t->a, &po), -EEXIST);
	dev_remove_offload(t->a, &po);
	dev_remove_offload(t->a, &po);
	dev_remove_offload(t->a, NULL);
	dev_remove_offload(NULL, &po);
	assert_int_equal(dev_add_offload(t->a, &po), 0);
	dev_remove_offload(t->a, &po);
}

#define T(t) cmocka_unit_test_setup_teardown(t, open_two, close_two)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(own_protocol_between_two_stacks_delivers),
		T(own_protocol_without_reader_makes_the_sender_fail),
		T(packet_without_socket_reaches_the_handler),
		T(socket_type_is_of_one_stack_only),
		T(socket_type_refuses_what_makes_no_socket),
		T(protocol_refuses_duplicates_and_nothing),
		T(rows_gone_under_open_sockets_leave_them_usable),
		T(private_part_larger_than_any_sock_is_kept),
		T(family_of_the_application_makes_sockets_until_it_goes),
		T(family_refuses_numbers_out_of_range_and_nothing),
		T(packet_type_sees_frames_until_it_goes),
		T(packet_type_refuses_duplicates_and_nothing),
		T(offload_is_asked_until_it_goes),
		T(offload_refuses_duplicates_and_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
