/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SO_TIMESTAMPING: when datagrams and the bytes of a stream came, were queued, left
 * and arrived (core/tstamp.c, ipv4/tcp_tstamp.c, ipv4/errqueue.c).
 */
#include "unit.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "core/skbuff.h"
#include "core/socket.h"
#include "fixture.h"
#include "ipv4/tcp.h"
#include "sockets.h"
#include "tcp_pair.h"

#define PORT 5000
#define PEER_PORT 53
#define EPOCH 1704067200u	/* the fixture's time of day at its clock's 0 */
#define OPT_ID_TCP (1u << 16)

#define REPORT SOF_TIMESTAMPING_SOFTWARE
#define SCHED SOF_TIMESTAMPING_TX_SCHED
#define LEAVE SOF_TIMESTAMPING_TX_SOFTWARE
#define ACKED SOF_TIMESTAMPING_TX_ACK
#define ARRIVE SOF_TIMESTAMPING_RX_SOFTWARE
#define OPT_ID SOF_TIMESTAMPING_OPT_ID
#define TSONLY SOF_TIMESTAMPING_OPT_TSONLY

static u8 data[1 << 16];
static struct fx_pkt p;		/* too big for a stack */

static int stamping(struct socket *s, u32 flags)
{
	return sk_set(s, SOL_SOCKET, SO_TIMESTAMPING, (int)flags);
}

/* What recvmsg() said of time. */
struct stamp {
	int len;		/* of data, or -errno */
	u8 data[256];
	struct sock_extended_err ee;
	u64 ns;			/* SCM_TIMESTAMPING; 0: none */
	u64 plain_ns;		/* SO_TIMESTAMPNS */
	int ifindex;		/* IP_PKTINFO */
	int flags;
	socklen_t namelen;
};

static void read_cmsg(const struct cmsghdr *c, struct stamp *e)
{
	struct scm_timestamping all;
	struct in_pktinfo info;
	struct timespec ts;

	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) {
		memcpy(&e->ee, CMSG_DATA(c), sizeof(e->ee));
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		e->ifindex = info.ipi_ifindex;
	} else if (c->cmsg_level == SOL_SOCKET &&
		   c->cmsg_type == SCM_TIMESTAMPING) {
		memcpy(&all, CMSG_DATA(c), sizeof(all));
		assert_int_equal(all.ts[1].tv_sec | all.ts[2].tv_sec, 0);
		e->ns = (u64)all.ts[0].tv_sec * FX_SEC +
			(u64)all.ts[0].tv_nsec;
	} else if (c->cmsg_level == SOL_SOCKET &&
		   c->cmsg_type == SO_TIMESTAMPNS) {
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		e->plain_ns = (u64)ts.tv_sec * FX_SEC + (u64)ts.tv_nsec;
	}
}

static struct stamp get(struct socket *s, int flags)
{
	struct stamp e = { 0 };
	struct iovec iov = { e.data, sizeof(e.data) };
	char control[512] __attribute__((aligned(8)));
	struct sockaddr_in name;
	struct msghdr m = {
		.msg_name = &name, .msg_namelen = sizeof(name),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;

	e.len = (int)inet_recvmsg(s, &m, flags | MSG_DONTWAIT);
	if (e.len < 0) {
		e.len = -errno;
		return e;
	}
	e.flags = m.msg_flags;
	e.namelen = m.msg_namelen;
	for (c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		read_cmsg(c, &e);
	return e;
}

/* The next entry is the stamp @type of @key, made at @ns of the clock. */
static struct stamp expect(struct socket *s, u32 type, u32 key, u64 ns)
{
	struct stamp e;

	assert_true(sk_poll(s) & POLLERR);
	e = get(s, MSG_ERRQUEUE);
	assert_true(e.len >= 0);
	assert_true(e.flags & MSG_ERRQUEUE);
	assert_int_equal(e.namelen, 0);
	assert_int_equal(e.ee.ee_errno, ENOMSG);
	assert_int_equal(e.ee.ee_origin, SO_EE_ORIGIN_TIMESTAMPING);
	assert_int_equal(e.ee.ee_info, type);
	assert_int_equal(e.ee.ee_data, key);
	assert_int_equal(e.ns, EPOCH * FX_SEC + ns);
	return e;
}

static void expect_none(struct socket *s)
{
	assert_int_equal(get(s, MSG_ERRQUEUE).len, -EAGAIN);
	assert_false(sk_poll(s) & POLLERR);
	/* what is no error ends no call */
	assert_int_equal(sk_get(s, SOL_SOCKET, SO_ERROR), 0);
}

/* ---- datagrams --------------------------------------------------------- */

static struct socket *udp_to_peer(struct fx *f)
{
	struct socket *s = sk_udp(f->net, SK_HOST, PORT);

	assert_int_equal(sk_connect(s, SK_PEER, PEER_PORT), 0);
	return s;
}

static void datagrams_are_stamped_in_queue_and_device(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp_to_peer(f);

	assert_int_equal(stamping(s, REPORT | SCHED | LEAVE | OPT_ID | TSONLY), 0);
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(sk_send(s, "query", 5), 5);
		fx_run(f);
		fx_expect(f, &p);
		assert_int_equal(expect(s, SCM_TSTAMP_SCHED, i, f->now_ns).len, 0);
		assert_int_equal(expect(s, SCM_TSTAMP_SND, i, f->now_ns).len, 0);
		expect_none(s);
		fx_advance(f, FX_SEC);
	}
	/* switched off: no more; on again: from 0 */
	assert_int_equal(stamping(s, 0), 0);
	assert_int_equal(sk_send(s, "query", 5), 5);
	expect_none(s);
	assert_int_equal(stamping(s, REPORT | LEAVE | OPT_ID), 0);
	assert_int_equal(sk_send(s, "query", 5), 5);
	expect(s, SCM_TSTAMP_SND, 0, f->now_ns);
	fx_flush(f);
	inet_close(s);
}

static void entry_has_the_packet_and_its_device(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp_to_peer(f);
	struct stamp e;

	assert_int_equal(stamping(s, REPORT | LEAVE | SOF_TIMESTAMPING_OPT_CMSG),
			 0);
	assert_int_equal(sk_set(s, IPPROTO_IP, IP_PKTINFO, 1), 0);
	assert_int_equal(sk_send(s, "query", 5), 5);
	fx_run(f);
	fx_expect(f, &p);
	e = expect(s, SCM_TSTAMP_SND, 0, f->now_ns);
	assert_int_equal(e.len, (int)p.len);
	assert_memory_equal(e.data, p.frame, p.len);
	assert_int_equal(e.ifindex, p.dev->ifindex);
	inet_close(s);
}

/* One datagram, whose stamps a control message asks for. */
static int send_asking(struct socket *s, const void *flags, size_t len)
{
	char control[64] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { (void *)(uintptr_t)"query", 5 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = CMSG_SPACE(len) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SO_TIMESTAMPING;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), flags, len);
	n = inet_sendmsg(s, &m, 0);
	return n < 0 ? -errno : (int)n;
}

static void one_message_may_ask(void **state)
{
	static const u32 bad[] = { ARRIVE, REPORT, OPT_ID, TSONLY,
				   SOF_TIMESTAMPING_TX_HARDWARE, 1u << 30 };
	struct fx *f = *state;
	struct socket *s = udp_to_peer(f);
	u32 flags = LEAVE;

	assert_int_equal(stamping(s, REPORT | SCHED | OPT_ID | TSONLY), 0);
	assert_int_equal(send_asking(s, &flags, sizeof(flags)), 5);
	expect(s, SCM_TSTAMP_SND, 0, f->now_ns);
	expect_none(s);			/* in place of the socket's */
	flags = 0;
	assert_int_equal(send_asking(s, &flags, sizeof(flags)), 5);
	expect_none(s);
	assert_int_equal(sk_send(s, "query", 5), 5);
	expect(s, SCM_TSTAMP_SCHED, 1, f->now_ns);
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(send_asking(s, &bad[i], sizeof(bad[i])), -EINVAL);
	assert_int_equal(send_asking(s, bad, 2), -EINVAL);
	assert_int_equal(send_asking(s, bad, 8), -EINVAL);
	expect_none(s);
	fx_flush(f);
	inet_close(s);
}

static void arrival_is_told(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp_to_peer(f);
	const struct fx_ip ip = { 0 };
	struct stamp e;
	u8 frame[256];
	u64 at;

	assert_int_equal(stamping(s, ARRIVE), 0);	/* noted, and not told */
	fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT, PORT, "a", 1));
	e = get(s, 0);
	assert_int_equal(e.len, 1);
	assert_int_equal(e.ns, 0);
	assert_int_equal(stamping(s, ARRIVE | REPORT), 0);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_TIMESTAMPNS, 1), 0);
	fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT, PORT, "a", 1));
	at = f->now_ns;
	fx_advance(f, FX_SEC);
	e = get(s, 0);
	assert_int_equal(e.len, 1);
	assert_int_equal(e.ns, EPOCH * FX_SEC + at);
	assert_int_equal(e.plain_ns, e.ns);
	inet_close(s);
}

static void a_datagram_in_fragments_has_one_of_each(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp_to_peer(f);

	assert_int_equal(sk_set(s, IPPROTO_IP, IP_MTU_DISCOVER,
				IP_PMTUDISC_DONT), 0);
	assert_int_equal(stamping(s, REPORT | SCHED | LEAVE | OPT_ID | TSONLY), 0);
	assert_int_equal(sk_send(s, data, 4000), 4000);
	assert_int_equal(fx_flush(f), 3);
	expect(s, SCM_TSTAMP_SCHED, 0, f->now_ns);
	expect(s, SCM_TSTAMP_SND, 0, f->now_ns);
	expect_none(s);
	inet_close(s);
}

static void datagrams_that_are_cut_have_one_of_each(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp_to_peer(f);

	assert_int_equal(stamping(s, REPORT | SCHED | LEAVE | OPT_ID | TSONLY), 0);
	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_SEGMENT, 1000), 0);
	assert_int_equal(sk_send(s, data, 2500), 2500);
	assert_int_equal(fx_flush(f), 3);
	expect(s, SCM_TSTAMP_SCHED, 0, f->now_ns);
	expect(s, SCM_TSTAMP_SND, 0, f->now_ns);
	expect_none(s);
	inet_close(s);
}

static void what_nobody_reads_is_bounded(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp_to_peer(f);
	u32 n = 0;

	assert_int_equal(sk_set(s, SOL_SOCKET, SO_RCVBUF, 4096), 0);
	assert_int_equal(stamping(s, REPORT | LEAVE), 0);
	fx_mark(f);
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(sk_send(s, "query", 5), 5);
	fx_flush(f);
	while (get(s, MSG_ERRQUEUE).len >= 0)
		n++;
	assert_in_range(n, 1, 100);
	assert_int_equal(fx_drop_delta(f, SKB_DROP_REASON_SOCKET_RCVBUFF), 1000 - n);
	/* and what is not read dies with the socket */
	assert_int_equal(sk_send(s, "query", 5), 5);
	fx_flush(f);
	inet_close(s);
}

static const struct net_device_ops *driver;
static int busy;

static enum netdev_tx xmit_unless_busy(struct sk_buff *skb, struct net_device *dev)
{
	return busy-- > 0 ? NETDEV_TX_BUSY : driver->ndo_start_xmit(skb, dev);
}

static void busy_driver_has_not_taken_it(void **state)
{
	struct fx *f = *state;
	struct socket *s = udp_to_peer(f);
	struct net_device_ops ops = *f->dev->netdev_ops;

	driver = f->dev->netdev_ops;
	ops.ndo_start_xmit = xmit_unless_busy;
	f->dev->netdev_ops = &ops;
	busy = 3;
	assert_int_equal(stamping(s, REPORT | LEAVE | OPT_ID | TSONLY), 0);
	assert_int_equal(sk_send(s, "query", 5), 5);
	fx_run(f);
	assert_true(busy < 0);
	fx_expect(f, &p);
	expect(s, SCM_TSTAMP_SND, 0, f->now_ns);
	expect_none(s);
	f->dev->netdev_ops = driver;
	inet_close(s);
}

static void packet_with_its_own_header_is_stamped(void **state)
{
	struct fx *f = *state;
	struct socket *s = inet_socket(f->net, AF_INET, SOCK_RAW, IPPROTO_RAW);
	struct iphdr iph = { .ver_ihl = 0x45, .ttl = 64, .protocol = 253,
			     .daddr = htonl(SK_PEER) };

	assert_non_null(s);
	assert_int_equal(stamping(s, REPORT | LEAVE | OPT_ID | TSONLY), 0);
	assert_int_equal(sk_sendto(s, &iph, sizeof(iph), SK_PEER, 0),
			 (int)sizeof(iph));
	fx_run(f);
	fx_expect(f, &p);
	expect(s, SCM_TSTAMP_SND, 0, f->now_ns);
	expect_none(s);
	inet_close(s);
}

static void loopback_is_stamped(void **state)
{
	struct fx *f = *state;
	struct socket *a = sk_udp(f->net, SK_LOOPBACK, PORT);
	struct socket *b = sk_udp(f->net, SK_LOOPBACK, PEER_PORT);
	struct stamp e;

	assert_int_equal(sk_connect(a, SK_LOOPBACK, PEER_PORT), 0);
	assert_int_equal(stamping(a, REPORT | SCHED | LEAVE | TSONLY), 0);
	assert_int_equal(stamping(b, REPORT | ARRIVE), 0);
	assert_int_equal(sk_send(a, "query", 5), 5);
	fx_run(f);
	expect(a, SCM_TSTAMP_SCHED, 0, f->now_ns);
	expect(a, SCM_TSTAMP_SND, 0, f->now_ns);
	expect_none(a);
	e = get(b, 0);
	assert_int_equal(e.len, 5);
	assert_int_equal(e.ns, EPOCH * FX_SEC + f->now_ns);
	inet_close(a);
	inet_close(b);
}

/* ---- the option -------------------------------------------------------- */

static void flags_that_are_not_built_are_refused(void **state)
{
	static const u32 not_built[] = {
		SOF_TIMESTAMPING_TX_HARDWARE, SOF_TIMESTAMPING_RX_HARDWARE,
		SOF_TIMESTAMPING_RAW_HARDWARE, SOF_TIMESTAMPING_SYS_HARDWARE,
		SOF_TIMESTAMPING_OPT_STATS | TSONLY, SOF_TIMESTAMPING_OPT_PKTINFO,
		SOF_TIMESTAMPING_OPT_TX_SWHW, SOF_TIMESTAMPING_BIND_PHC };
	struct fx *f = *state;
	struct socket *s = udp_to_peer(f), *pkt, *t;
	struct { u32 flags; s32 bind_phc; } both = { REPORT | LEAVE, 0 };
	char byte = 1;

	for (u32 i = 0; i < ARRAY_SIZE(not_built); i++)
		assert_int_equal(stamping(s, not_built[i]), -EOPNOTSUPP);
	assert_int_equal(stamping(s, 1u << 20), -EINVAL);
	assert_int_equal(stamping(s, OPT_ID_TCP), -EINVAL);
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_TIMESTAMPING, &byte, 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(sk_get(s, SOL_SOCKET, SO_TIMESTAMPING), 0);
	assert_int_equal(inet_setsockopt(s, SOL_SOCKET, SO_TIMESTAMPING, &both,
					 sizeof(both)), 0);
	assert_int_equal(sk_get(s, SOL_SOCKET, SO_TIMESTAMPING), REPORT | LEAVE);
	inet_close(s);
	/* a packet socket has no error queue */
	pkt = inet_socket(f->net, AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
	assert_int_equal(stamping(pkt, REPORT | LEAVE), -EOPNOTSUPP);
	assert_int_equal(stamping(pkt, REPORT | ARRIVE), 0);
	inet_close(pkt);
	/* a stream has no first byte yet */
	t = inet_socket(f->net, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(stamping(t, LEAVE | OPT_ID), -EINVAL);
	assert_int_equal(stamping(t, LEAVE), 0);
	inet_close(t);
}

/* ---- streams ----------------------------------------------------------- */

struct conn {
	struct pair *p;
	struct socket *l, *c, *s;
	u64 rtt_ns;
};

static struct conn *conn_open(void)
{
	struct conn *t = calloc(1, sizeof(*t));

	t->p = pair_open(1);
	t->rtt_ns = 2 * t->p->one_way_ns;
	t->l = pair_listen(&t->p->b, 7, 8);
	t->c = pair_connect(t->p, 7);
	pair_run(t->p, FX_SEC);
	t->s = inet_accept4(t->l, NULL, NULL, SOCK_NONBLOCK);
	assert_non_null(t->s);
	return t;
}

static void conn_close(struct conn *t)
{
	inet_close(t->c);
	inet_close(t->s);
	inet_close(t->l);
	pair_run(t->p, 300 * FX_SEC);
	pair_close(t->p);
	free(t);
}

static int setup(void **state)
{
	*state = conn_open();
	return 0;
}

static int teardown(void **state)
{
	conn_close(*state);
	return 0;
}

#define ALL (REPORT | SCHED | LEAVE | ACKED | OPT_ID | TSONLY)

/* @key went at @ns, and was acknowledged a round trip later. */
static void expect_went(struct conn *t, u32 key, u64 ns)
{
	expect(t->c, SCM_TSTAMP_SCHED, key, ns);
	expect(t->c, SCM_TSTAMP_SND, key, ns);
	expect(t->c, SCM_TSTAMP_ACK, key, ns + t->rtt_ns);
}

static void last_byte_of_a_write_is_followed(void **state)
{
	struct conn *t = *state;
	u64 at;

	assert_int_equal(stamping(t->c, ALL), 0);
	for (u32 i = 1; i <= 3; i++) {
		at = t->p->a.now_ns;
		assert_int_equal(sk_send(t->c, data, 10), 10);
		assert_int_equal(sk_send(t->s, data, 1), 1);	/* takes the ACK */
		pair_run(t->p, FX_SEC);
		expect(t->c, SCM_TSTAMP_SCHED, 10 * i - 1, at);
		expect(t->c, SCM_TSTAMP_SND, 10 * i - 1, at);
		assert_int_equal(get(t->c, MSG_ERRQUEUE).ee.ee_info, SCM_TSTAMP_ACK);
		expect_none(t->c);
	}
}

static void bytes_count_from_where_it_was_asked(void **state)
{
	struct conn *t = *state;
	u64 at;

	assert_int_equal(sk_set(t->c, IPPROTO_TCP, TCP_NODELAY, 1), 0);
	assert_int_equal(sk_send(t->c, data, 100), 100);
	at = t->p->a.now_ns;
	/* in flight: the next to be acknowledged, or to be written */
	assert_int_equal(stamping(t->c, ALL), 0);
	assert_int_equal(sk_send(t->c, data, 10), 10);
	expect(t->c, SCM_TSTAMP_SCHED, 109, at);
	expect(t->c, SCM_TSTAMP_SND, 109, at);
	assert_int_equal(stamping(t->c, 0), 0);
	assert_int_equal(stamping(t->c, ALL | OPT_ID_TCP), 0);
	assert_int_equal(sk_send(t->c, data, 10), 10);
	expect(t->c, SCM_TSTAMP_SCHED, 9, at);
	expect(t->c, SCM_TSTAMP_SND, 9, at);
	pair_run(t->p, FX_SEC);
}

/* @features: who cuts what is larger than a segment. */
static void a_long_write(struct conn *t, u64 features)
{
	u64 at = t->p->a.now_ns;

	t->p->a.dev->features |= features;
	assert_int_equal(stamping(t->c, ALL), 0);
	assert_int_equal(sk_send(t->c, data, 8 * 1448), 8 * 1448);
	pair_run(t->p, FX_SEC);
	expect_went(t, 8 * 1448 - 1, at);
	expect_none(t->c);
}

static void long_write_is_one_stamp_of_its_last_segment(void **state)
{
	a_long_write(*state, 0);
}

static void long_write_in_pieces_is_one_stamp(void **state)
{
	a_long_write(*state, NETIF_F_SG | NETIF_F_HW_CSUM);
}

static void lent_write_is_stamped_and_completed(void **state)
{
	struct conn *t = *state;
	u64 at = t->p->a.now_ns;
	struct stamp e;

	t->p->a.dev->features |= NETIF_F_SG | NETIF_F_HW_CSUM;
	assert_int_equal(sk_set(t->c, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	assert_int_equal(stamping(t->c, ALL), 0);
	assert_int_equal(inet_send(t->c, data, 1448, MSG_ZEROCOPY), 1448);
	assert_int_equal(sk_send(t->s, data, 1), 1);
	pair_run(t->p, FX_SEC);
	expect(t->c, SCM_TSTAMP_SCHED, 1447, at);
	expect(t->c, SCM_TSTAMP_SND, 1447, at);
	assert_int_equal(get(t->c, MSG_ERRQUEUE).ee.ee_info, SCM_TSTAMP_ACK);
	e = get(t->c, MSG_ERRQUEUE);
	assert_int_equal(e.ee.ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	assert_int_equal(e.ns, 0);
	expect_none(t->c);
}

static void what_is_sent_again_leaves_again(void **state)
{
	struct conn *t = *state;
	u64 at = t->p->a.now_ns;
	u32 left = 1;

	assert_int_equal(stamping(t->c, REPORT | LEAVE | ACKED | OPT_ID | TSONLY), 0);
	t->p->cut = true;
	assert_int_equal(sk_send(t->c, data, 10), 10);
	expect(t->c, SCM_TSTAMP_SND, 9, at);
	pair_run(t->p, 2 * FX_SEC);
	t->p->cut = false;
	pair_run(t->p, 10 * FX_SEC);
	for (;;) {
		struct stamp e = get(t->c, MSG_ERRQUEUE);

		assert_true(e.len >= 0);
		assert_int_equal(e.ee.ee_data, 9);
		if (e.ee.ee_info == SCM_TSTAMP_ACK)
			break;
		left++;
	}
	assert_in_range(left, 2, 8);
	expect_none(t->c);
}

static void stamp_stays_with_its_byte_when_a_segment_is_cut(void **state)
{
	struct conn *t = *state;
	struct sock *sk = t->c->sk;
	struct sk_buff *skb;
	u32 i;

	for (i = 0; i < 2; i++) {
		assert_int_equal(stamping(t->c, 0), 0);
		assert_int_equal(stamping(t->c, REPORT | ACKED | OPT_ID | TSONLY), 0);
		t->p->cut = true;
		/* the second time text without a stamp follows it */
		assert_int_equal(sk_set(t->c, IPPROTO_TCP, TCP_CORK, (int)i), 0);
		assert_int_equal(sk_send(t->c, data, 300), 300);
		assert_int_equal(stamping(t->c, REPORT | OPT_ID | TSONLY), 0);
		if (i)
			assert_int_equal(sk_send(t->c, data, 700), 700);
		assert_int_equal(sk_set(t->c, IPPROTO_TCP, TCP_CORK, 0), 0);
		lock_sock(sk);
		skb = skb_peek_tail(&tcp_sk(sk)->rtx_queue);
		assert_int_equal(skb->len, i ? 1000 : 300);
		assert_int_equal(tcp_fragment(sk, &tcp_sk(sk)->rtx_queue, skb,
					      i ? 500 : 200), 0);
		assert_int_equal(skb->shinfo->tx_flags != 0, i);
		release_sock(sk);
		t->p->cut = false;
		pair_run(t->p, 10 * FX_SEC);
		assert_int_equal(get(t->c, MSG_ERRQUEUE).ee.ee_data, 299);
		expect_none(t->c);
	}
}

static void text_tells_when_its_last_segment_arrived(void **state)
{
	struct conn *t = *state;
	struct stamp e;
	u64 at;

	assert_int_equal(stamping(t->s, REPORT | ARRIVE), 0);
	assert_int_equal(sk_set(t->s, SOL_SOCKET, SO_TIMESTAMPNS, 1), 0);
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(sk_send(t->c, data, 10), 10);
		at = t->p->a.now_ns + t->p->one_way_ns;
		pair_run(t->p, FX_SEC);
	}
	e = get(t->s, MSG_PEEK);
	assert_int_equal(e.len, 30);
	assert_int_equal(e.ns, EPOCH * FX_SEC + at);
	e = get(t->s, 0);
	assert_int_equal(e.ns, EPOCH * FX_SEC + at);
	assert_int_equal(e.plain_ns, e.ns);
	assert_int_equal(get(t->s, 0).len, -EAGAIN);
}

static void text_behind_a_hole_has_its_own_arrival(void **state)
{
	struct conn *t = *state;
	struct stamp e;
	u64 at;

	assert_int_equal(stamping(t->s, REPORT | ARRIVE), 0);
	assert_int_equal(sk_set(t->c, IPPROTO_TCP, TCP_NODELAY, 1), 0);
	t->p->cut = true;
	assert_int_equal(sk_send(t->c, data, 200), 200);
	t->p->cut = false;
	assert_int_equal(inet_send(t->c, data, 100, MSG_EOR), 100);
	at = t->p->a.now_ns + t->p->one_way_ns;
	pair_run(t->p, 5 * FX_SEC);
	e = get(t->s, 0);
	assert_int_equal(e.len, 256);	/* buffer of get() */
	e = get(t->s, 0);
	assert_int_equal(e.len, 44);
	assert_int_equal(e.ns, EPOCH * FX_SEC + at);
}

static void write_asks_by_control_message(void **state)
{
	struct conn *t = *state;
	u64 at = t->p->a.now_ns;
	u32 flags = LEAVE, bad = ARRIVE;

	assert_int_equal(stamping(t->c, REPORT | OPT_ID | TSONLY), 0);
	assert_int_equal(send_asking(t->c, &bad, sizeof(bad)), -EINVAL);
	assert_int_equal(send_asking(t->c, &flags, sizeof(flags)), 5);
	assert_int_equal(sk_send(t->c, data, 10), 10);
	pair_run(t->p, FX_SEC);
	expect(t->c, SCM_TSTAMP_SND, 4, at);
	expect_none(t->c);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, fx_setup_learned, fx_teardown)
#define CONN(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(datagrams_are_stamped_in_queue_and_device),
		CASE(entry_has_the_packet_and_its_device),
		CASE(one_message_may_ask),
		CASE(arrival_is_told),
		CASE(a_datagram_in_fragments_has_one_of_each),
		CASE(datagrams_that_are_cut_have_one_of_each),
		CASE(what_nobody_reads_is_bounded),
		CASE(busy_driver_has_not_taken_it),
		CASE(packet_with_its_own_header_is_stamped),
		CASE(loopback_is_stamped),
		CASE(flags_that_are_not_built_are_refused),
		CONN(last_byte_of_a_write_is_followed),
		CONN(bytes_count_from_where_it_was_asked),
		CONN(long_write_is_one_stamp_of_its_last_segment),
		CONN(long_write_in_pieces_is_one_stamp),
		CONN(lent_write_is_stamped_and_completed),
		CONN(what_is_sent_again_leaves_again),
		CONN(stamp_stays_with_its_byte_when_a_segment_is_cut),
		CONN(text_tells_when_its_last_segment_arrived),
		CONN(text_behind_a_hole_has_its_own_arrival),
		CONN(write_asks_by_control_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
