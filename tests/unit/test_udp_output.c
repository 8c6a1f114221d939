/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Datagrams that leave, and what goes with them: ipv4/udp.c, ipv4/datagram.c,
 * ipv4/ip_sockglue.c. The fixture verifies every checksum that is not 0.
 */
#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/udp.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>

#include <inet/netfilter.h>

#include "fixture.h"
#include "lib/byteorder.h"
#include "core/skbuff.h"
#include "lib/checksum.h"
#include "sockets.h"

#define PORT 5000
#define PEER_PORT 53

static struct fx_pkt p;		/* too big for a stack */

/* ---- the datagram ----------------------------------------------------- */

/* @req 1122-4.1.3.4a */
static void sent_datagram_is_whole_and_summed(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static u8 data[1472];
	u32 i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7);
	fx_mark(f);
	for (i = 0; i <= sizeof(data); i += i < 40 ? 1 : 179) {
		assert_int_equal(sk_sendto(s, data, i, SK_PEER, PEER_PORT), i);
		fx_expect(f, &p);
		assert_non_null(p.udp);
		assert_int_not_equal(p.udp->check, 0);
		assert_int_equal(be16_to_cpu(p.udp->source), PORT);
		assert_int_equal(be16_to_cpu(p.udp->dest), PEER_PORT);
		assert_int_equal(be16_to_cpu(p.udp->len), 8 + i);
		assert_int_equal(p.ip->saddr, FX_IP);
		assert_int_equal(p.ip->daddr, FX_PEER);
		assert_int_equal(p.ip->ttl, 64);
		assert_int_equal(p.data_len, i);
		assert_memory_equal(p.data, data, i);
	}
	assert_true(fx_mib_delta(f, MIB_UDP_OUTDATAGRAMS) > 40);
	fx_assert_no_skbs(f);
	inet_close(s);
}

static void datagram_without_memory_is_counted(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);

	fx_mark(f);
	skb_cache_flush(f->net->softnets);
	mem_fail_nth(&f->net->mem, 1);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, PEER_PORT), -ENOBUFS);
	assert_true(mem_failed(&f->net->mem));
	assert_int_equal(fx_mib_delta(f, MIB_UDP_SNDBUFERRORS), 1);
	assert_int_equal(fx_mib_delta(f, MIB_UDP_OUTDATAGRAMS), 0);
	fx_expect_silence(f);
	inet_close(s);
}

/* @req 768-1 */
static void checksum_that_comes_out_zero_is_sent_as_ffff(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u8 data[2] = { 0, 0 };
	u16 check;

	/* the checksum without data, put into the data, makes it 0 */
	assert_int_equal(sk_sendto(s, data, 2, SK_PEER, PEER_PORT), 2);
	fx_expect(f, &p);
	memcpy(&check, &p.udp->check, 2);
	memcpy(data, &check, 2);
	assert_int_equal(sk_sendto(s, data, 2, SK_PEER, PEER_PORT), 2);
	fx_expect(f, &p);
	assert_int_equal(p.udp->check, 0xffff);
	inet_close(s);
}

/* @req 1122-4.1.3.4b */
static void no_check_datagram_goes_without(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);

	assert_int_equal(sk_set(s, SOL_SOCKET, SO_NO_CHECK, 1), 0);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, PEER_PORT), 1);
	fx_expect(f, &p);
	assert_int_equal(p.udp->check, 0);
	inet_close(s);
}

static void scattered_datagram_is_one(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct sockaddr_in to = sk_addr(SK_PEER, PEER_PORT);
	struct iovec iov[5] = {
		{ "a", 1 }, { NULL, 0 }, { "bcd", 3 }, { "", 0 }, { "ef", 2 },
	};
	struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to),
			      .msg_iov = iov, .msg_iovlen = 5 };

	assert_int_equal(inet_sendmsg(s, &msg, 0), 6);
	fx_expect(f, &p);
	assert_memory_equal(p.data, "abcdef", 6);
	inet_close(s);
}

static void datagram_larger_than_the_mtu_is_cut(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static u8 data[4000], back[4096];
	u32 i, got = 0;
	__wsum sum;
	__be16 check = 0;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 13);
	assert_int_equal(sk_sendto(s, data, sizeof(data), SK_PEER, PEER_PORT),
			 sizeof(data));
	while (fx_pop(f, &p)) {
		u32 off = (be16_to_cpu(p.ip->frag_off) & IP_OFFSET) * 8u;

		assert_true(p.ip_len <= 1500);
		memcpy(back + off, p.l4, p.l4_len);
		got += p.l4_len;
	}
	assert_int_equal(got, 8 + sizeof(data));
	assert_memory_equal(back + 8, data, sizeof(data));
	/* one checksum over all of it */
	memcpy(&check, back + 6, 2);
	assert_int_not_equal(check, 0);
	sum = csum_partial(back, got, 0);
	assert_int_equal(udp_v4_check(got, FX_IP, FX_PEER, sum), 0);
	inet_close(s);
}

/* ---- what cannot be sent ---------------------------------------------- */

static void impossible_sends_are_refused(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct sockaddr_in to = sk_addr(SK_PEER, PEER_PORT);
	static u8 big[70000];
	ssize_t n;

	assert_int_equal(sk_send(s, "x", 1), -EDESTADDRREQ);
	assert_int_equal(sk_sendto(s, big, 65508, SK_PEER, PEER_PORT),
			 -EMSGSIZE);
	assert_int_equal(sk_sendto(s, big, 65536, SK_PEER, PEER_PORT),
			 -EMSGSIZE);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, 0), -EINVAL);
	n = inet_sendto(s, "x", 1, MSG_OOB, (struct sockaddr *)&to, sizeof(to));
	assert_int_equal(n, -1);
	assert_int_equal(errno, EOPNOTSUPP);
	n = inet_sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof(to) - 1);
	assert_int_equal(n, -1);
	assert_int_equal(errno, EINVAL);
	to.sin_family = AF_INET6;
	n = inet_sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	assert_int_equal(n, -1);
	assert_int_equal(errno, EAFNOSUPPORT);
	/* broadcast has to be asked for */
	assert_int_equal(sk_sendto(s, "x", 1, 0x0a0000ff, PEER_PORT), -EACCES);
	assert_int_equal(sk_connect(s, 0x0a0000ff, PEER_PORT), -EACCES);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_BROADCAST, 1), 0);
	assert_int_equal(sk_sendto(s, "x", 1, 0x0a0000ff, PEER_PORT), 1);
	fx_expect(f, &p);
	assert_int_equal(p.frame[0], 0xff);
	/* no way there */
	assert_int_equal(sk_sendto(s, "x", 1, 0xc0000201, PEER_PORT),
			 -ENETUNREACH);
	assert_int_equal(inet_shutdown(s, SHUT_WR), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, PEER_PORT), -EPIPE);
	fx_expect_silence(f);
	inet_close(s);
}

static void sender_full_buffer_is_told_and_woken(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static u8 data[1400];
	int n, sent = 0;

	/* nobody answers for .77: what is sent waits */
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_SNDBUF, 8192), 0);
	while ((n = sk_sendto(s, data, sizeof(data), 0x0a00004d, 9)) > 0 &&
	       sent < 1000)
		sent++;
	assert_int_equal(n, -EAGAIN);
	assert_in_range(sent, 2, 40);
	assert_false(sk_poll(s) & POLLOUT);
	assert_int_equal(inet_ioctl(s, SIOCOUTQ, &n), 0);
	assert_true(n > 1400 * sent);
	/* resolution fails, the packets die, there is room again */
	fx_advance(f, 10 * FX_SEC);
	fx_flush(f);
	assert_true(sk_poll(s) & POLLOUT);
	assert_int_equal(inet_ioctl(s, SIOCOUTQ, &n), 0);
	assert_int_equal(n, 0);
	inet_close(s);
}

/* ---- source and fields ------------------------------------------------ */

/* @req 1122-4.1.3.6b, 1122-4.1.3.5b */
static void source_is_always_an_address_of_ours(void **state)
{
	struct fx *f = *state;
	struct socket *s;

	assert_int_equal(inet_addr_add(f->dev, "10.0.0.22/24"), 0);
	fx_advance(f, 10 * FX_SEC);
	fx_flush(f);
	s = sk_udp(f->net, 0, 0);
	assert_int_equal(sk_bind(s, 0x0a000063, PORT), -EADDRNOTAVAIL);
	assert_int_equal(sk_bind(s, 0x0a000016, PORT), 0);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, PEER_PORT), 1);
	fx_expect(f, &p);
	assert_int_equal(p.ip->saddr, FX_ADDR(10, 0, 0, 22));
	inet_close(s);
	/* a socket bound to a broadcast address sends from a true one */
	s = sk_udp(f->net, 0x0a0000ff, PORT);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, PEER_PORT), 1);
	fx_expect(f, &p);
	assert_int_equal(p.ip->saddr, FX_IP);
	inet_close(s);
}

/* A message with one control message. */
static ssize_t send_with(struct socket *s, int level, int type,
			 const void *data, size_t len)
{
	struct sockaddr_in to = sk_addr(SK_PEER, PEER_PORT);
	struct iovec iov = { "x", 1 };
	char control[256] __attribute__((aligned(8))) = { 0 };
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = CMSG_SPACE(len),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	n = inet_sendmsg(s, &msg, 0);
	return n < 0 ? -errno : n;
}

/* @req 1122-3.2.1.6 */
static void control_message_sets_source_ttl_tos_of_one(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct in_pktinfo info = { .ipi_spec_dst.s_addr = FX_ADDR(10, 0, 0, 22) };
	int val = 3;
	u8 byte = 0x28;

	assert_int_equal(inet_addr_add(f->dev, "10.0.0.22/24"), 0);
	fx_advance(f, 10 * FX_SEC);
	fx_flush(f);
	assert_int_equal(send_with(s, IPPROTO_IP, IP_PKTINFO, &info,
				   sizeof(info)), 1);
	fx_expect(f, &p);
	assert_int_equal(p.ip->saddr, info.ipi_spec_dst.s_addr);
	assert_int_equal(send_with(s, IPPROTO_IP, IP_TTL, &val, sizeof(val)),
			 1);
	fx_expect(f, &p);
	assert_int_equal(p.ip->ttl, 3);
	assert_int_equal(send_with(s, IPPROTO_IP, IP_TOS, &byte, 1), 1);
	fx_expect(f, &p);
	assert_int_equal(p.ip->tos, 0x28);
	/* and the next one is as before */
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, PEER_PORT), 1);
	fx_expect(f, &p);
	assert_int_equal(p.ip->saddr, FX_IP);
	assert_int_equal(p.ip->ttl, 64);
	assert_int_equal(p.ip->tos, 0);
	/* @req 1122-4.1.3.6b */
	info.ipi_spec_dst.s_addr = FX_STRANGER;
	assert_true(send_with(s, IPPROTO_IP, IP_PKTINFO, &info,
			      sizeof(info)) < 0);
	fx_expect_silence(f);
	inet_close(s);
}

/* @attack P5 */
static void control_message_that_lies_is_refused(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct sockaddr_in to = sk_addr(SK_PEER, PEER_PORT);
	struct iovec iov = { "x", 1 };
	struct cmsghdr c = { .cmsg_level = IPPROTO_IP, .cmsg_type = IP_TTL };
	char control[sizeof(c) + 64] __attribute__((aligned(8)));
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to),
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
	};
	static const size_t lens[] = { 0, 1, 15, 17, 19, 21, 40, 80, 81,
				       (size_t)-1, (size_t)-8, INT32_MAX };
	u32 i, len;
	int val = 5;
	ssize_t n;

	for (i = 0; i < ARRAY_SIZE(lens); i++)
		for (len = 0; len <= sizeof(control); len++) {
			memset(control, 0, sizeof(control));
			c.cmsg_len = lens[i];
			memcpy(control, &c, sizeof(c));
			memcpy(control + sizeof(c), &val, sizeof(val));
			msg.msg_controllen = len;
			n = inet_sendmsg(s, &msg, 0);
			if (len < sizeof(c))
				assert_int_equal(n, 1);	/* none there */
			else
				assert_int_equal(n, -1);
			fx_flush(f);
		}
	val = 256;
	assert_int_equal(send_with(s, IPPROTO_IP, IP_TTL, &val, 4), -EINVAL);
	assert_int_equal(send_with(s, IPPROTO_IP, IP_TOS, &val, 4), -EINVAL);
	assert_int_equal(send_with(s, IPPROTO_IP, IP_PKTINFO, &val, 4),
			 -EINVAL);
	assert_int_equal(send_with(s, IPPROTO_IP, 99, &val, 4), -EINVAL);
	assert_int_equal(send_with(s, SOL_SOCKET, 99, &val, 4), -EINVAL);
	/* of a level that is not ours: nothing to do with it */
	assert_int_equal(send_with(s, IPPROTO_TCP, 1, &val, 4), 1);
	fx_flush(f);
	inet_close(s);
}

/* ---- what the reader is told ------------------------------------------ */

/* The control message of @type at the reader; NULL: none. */
static const void *recv_cmsg(struct socket *s, int type, size_t *len)
{
	static char control[512];
	static char data[64];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *c;

	assert_true(inet_recvmsg(s, &msg, 0) >= 0);
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == type) {
			*len = c->cmsg_len - CMSG_LEN(0);
			return CMSG_DATA(c);
		}
	return NULL;
}

/* @req 1122-4.1.3.5a */
/* @req 1122-3.2.1.6 */
static void reader_is_told_destination_ttl_tos(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u8 frame[128], bcast[6] = { 255, 255, 255, 255, 255, 255 };
	struct fx_ip ip = { .ttl = 33, .tos = 0x14 };
	struct in_pktinfo info;
	struct sockaddr_in sin;
	const void *data;
	size_t len;
	int val;

	sk_set(s, IPPROTO_IP, IP_PKTINFO, 1);
	fx_inject(f, frame, fx_build_udp(frame, &ip, 9, PORT, "x", 1));
	data = recv_cmsg(s, IP_PKTINFO, &len);
	assert_int_equal(len, sizeof(info));
	memcpy(&info, data, sizeof(info));
	assert_int_equal(info.ipi_ifindex, inet_netdev_index(f->dev));
	assert_int_equal(info.ipi_addr.s_addr, FX_IP);
	assert_int_equal(info.ipi_spec_dst.s_addr, FX_IP);
	/* a broadcast: to whom, and from where to answer */
	ip.daddr = FX_ADDR(10, 0, 0, 255);
	ip.dst_mac = bcast;
	fx_inject(f, frame, fx_build_udp(frame, &ip, 9, PORT, "x", 1));
	data = recv_cmsg(s, IP_PKTINFO, &len);
	memcpy(&info, data, sizeof(info));
	assert_int_equal(info.ipi_addr.s_addr, FX_ADDR(10, 0, 0, 255));
	assert_int_equal(info.ipi_spec_dst.s_addr, FX_IP);

	sk_set(s, IPPROTO_IP, IP_PKTINFO, 0);
	sk_set(s, IPPROTO_IP, IP_RECVTTL, 1);
	fx_inject(f, frame, fx_build_udp(frame, &ip, 9, PORT, "x", 1));
	data = recv_cmsg(s, IP_TTL, &len);
	assert_int_equal(len, sizeof(val));
	memcpy(&val, data, sizeof(val));
	assert_int_equal(val, 33);
	sk_set(s, IPPROTO_IP, IP_RECVTOS, 1);
	fx_inject(f, frame, fx_build_udp(frame, &ip, 9, PORT, "x", 1));
	data = recv_cmsg(s, IP_TOS, &len);
	assert_int_equal(len, 1);
	assert_int_equal(*(const u8 *)data, 0x14);
	sk_set(s, IPPROTO_IP, IP_RECVORIGDSTADDR, 1);
	fx_inject(f, frame, fx_build_udp(frame, &ip, 9, PORT, "x", 1));
	data = recv_cmsg(s, IP_ORIGDSTADDR, &len);
	memcpy(&sin, data, sizeof(sin));
	assert_int_equal(sin.sin_addr.s_addr, FX_ADDR(10, 0, 0, 255));
	assert_int_equal(ntohs(sin.sin_port), PORT);
	inet_close(s);
}

static void reader_short_control_buffer_is_said(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	const struct fx_ip ip = { 0 };
	u8 frame[128];
	char data[4], control[CMSG_SPACE(sizeof(int)) + 4];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };

	sk_set(s, IPPROTO_IP, IP_RECVTTL, 1);
	sk_set(s, IPPROTO_IP, IP_PKTINFO, 1);
	fx_inject(f, frame, fx_build_udp(frame, &ip, 9, PORT, "x", 1));
	assert_int_equal(inet_recvmsg(s, &msg, 0), 1);
	assert_true(msg.msg_flags & MSG_CTRUNC);
	inet_close(s);
}

/* @req 1122-4.1.3.2 */
static void options_go_up_and_come_down(void **state)
{
	/* router alert, and record route with room for two */
	static const u8 alert[4] = { 148, 4, 0, 0 };
	static const u8 rr[12] = { 7, 11, 4 };
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct fx_ip ip = { .opt = rr, .opt_len = sizeof(rr) };
	u8 frame[128], out[40];
	const u8 *data;
	socklen_t optlen = sizeof(out);
	size_t len;

	/* up: as they came, and turned round */
	sk_set(s, IPPROTO_IP, IP_RECVOPTS, 1);
	fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT, PORT, "x", 1));
	data = recv_cmsg(s, IP_RECVOPTS, &len);
	assert_non_null(data);
	assert_int_equal(len, sizeof(rr));
	assert_int_equal(data[0], 7);
	sk_set(s, IPPROTO_IP, IP_RECVOPTS, 0);
	sk_set(s, IPPROTO_IP, IP_RETOPTS, 1);
	fx_inject(f, frame, fx_build_udp(frame, &ip, PEER_PORT, PORT, "x", 1));
	data = recv_cmsg(s, IP_RETOPTS, &len);
	assert_non_null(data);
	assert_int_equal(data[0], 7);

	/* down: of one message, and of the socket */
	assert_int_equal(send_with(s, IPPROTO_IP, IP_RETOPTS, alert, 4), 1);
	fx_expect(f, &p);
	assert_int_equal(ipv4_hdr_len(p.ip), 24);
	assert_memory_equal(p.ip + 1, alert, 4);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_OPTIONS, alert, 4),
			 0);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, PEER_PORT), 1);
	fx_expect(f, &p);
	assert_memory_equal(p.ip + 1, alert, 4);
	assert_int_equal(inet_getsockopt(s, IPPROTO_IP, IP_OPTIONS, out,
					 &optlen), 0);
	assert_int_equal(optlen, 4);
	assert_memory_equal(out, alert, 4);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_OPTIONS, NULL, 0),
			 0);
	assert_int_equal(sk_sendto(s, "x", 1, SK_PEER, PEER_PORT), 1);
	fx_expect(f, &p);
	assert_int_equal(ipv4_hdr_len(p.ip), 20);
	inet_close(s);
}

/* A hook that keeps a copy of what would leave, and drops it. */
struct caught {
	u8 bytes[256];
	u32 len;
};

static unsigned int catch(void *priv, struct sk_buff *skb,
			  const struct nf_hook_state *state)
{
	struct caught *c = priv;

	(void)state;
	c->len = min(skb->len, (u32)sizeof(c->bytes));
	assert_int_equal(skb_copy_bits(skb, 0, c->bytes, c->len), 0);
	return NF_DROP;
}

static void source_route_goes_to_its_first_hop(void **state)
{
	/* by 10.0.0.1, then the destination */
	static const u8 lsrr[8] = { 131, 7, 4, 10, 0, 0, 1, 0 };
	static const u8 cut[4] = { 131, 3, 4, 0 };
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct caught c = { .len = 0 };
	struct nf_hook_ops hook = { .hook = catch, .priv = &c,
				    .hooknum = NF_INET_POST_ROUTING };
	socklen_t optlen = 40;
	u8 out[40];

	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_OPTIONS, cut, 4),
			 -1);
	assert_int_equal(inet_setsockopt(s, IPPROTO_IP, IP_OPTIONS, lsrr, 8),
			 0);
	assert_int_equal(inet_getsockopt(s, IPPROTO_IP, IP_OPTIONS, out,
					 &optlen), 0);
	assert_int_equal(optlen, 8);
	assert_memory_equal(out, lsrr, 8);
	assert_int_equal(nf_register_net_hook(f->net, &hook), 0);
	sk_sendto(s, "x", 1, 0x0a000050, PEER_PORT);
	nf_unregister_net_hook(f->net, &hook);
	assert_int_equal(c.len, 20 + 8 + 9);
	assert_memory_equal(c.bytes + 16, "\x0a\0\0\x01", 4);
	assert_int_equal(c.bytes[20], 131);
	assert_memory_equal(c.bytes + 23, "\x0a\0\0\x50", 4);
	/* the checksum is that of the last destination */
	assert_int_equal(udp_v4_check(9, FX_IP, FX_ADDR(10, 0, 0, 0x50),
				      csum_partial(c.bytes + 28, 9, 0)), 0);
	inet_close(s);
}

/* Of what leaves, instead of its bytes. */
static unsigned int catch_priority(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	(void)state;
	*(u32 *)priv = skb->priority;
	return NF_DROP;
}

static void type_of_service_is_a_priority(void **state)
{
	static const u8 asked[] = { 0, 0x08, 0x10, 0x18, 0xfc };
	static const u32 priorities[] = { 0, 2, 6, 4, 4 };
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	u32 of_skb = 99, i;
	struct nf_hook_ops hook = { .hook = catch_priority, .priv = &of_skb,
				    .hooknum = NF_INET_POST_ROUTING };

	assert_int_equal(nf_register_net_hook(f->net, &hook), 0);
	for (i = 0; i < ARRAY_SIZE(asked); i++) {
		assert_int_equal(sk_set(s, IPPROTO_IP, IP_TOS, asked[i]), 0);
		assert_int_equal(sk_get(s, SOL_SOCKET, SO_PRIORITY),
				 priorities[i]);
		sk_sendto(s, "x", 1, SK_PEER, PEER_PORT);
		assert_int_equal(of_skb, priorities[i]);
	}
	/* one datagram's, and the application's own */
	send_with(s, IPPROTO_IP, IP_TOS, &asked[1], 1);
	assert_int_equal(of_skb, 2);
	assert_int_equal(sk_set(s, SOL_SOCKET, SO_PRIORITY, 5), 0);
	sk_sendto(s, "x", 1, SK_PEER, PEER_PORT);
	assert_int_equal(of_skb, 5);
	nf_unregister_net_hook(f->net, &hook);
	inet_close(s);
}

/* ---- in pieces -------------------------------------------------------- */

static void corked_pieces_are_one_datagram(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);

	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_CORK, 1), 0);
	assert_int_equal(sk_get(s, IPPROTO_UDP, UDP_CORK), 1);
	assert_int_equal(sk_sendto(s, "one ", 4, SK_PEER, PEER_PORT), 4);
	/* the first piece decides where it goes */
	assert_int_equal(sk_sendto(s, "two ", 4, SK_HOST, 99), 4);
	fx_expect_silence(f);
	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_CORK, 0), 0);
	fx_expect(f, &p);
	assert_int_equal(p.data_len, 8);
	assert_memory_equal(p.data, "one two ", 8);
	assert_int_equal(be16_to_cpu(p.udp->dest), PEER_PORT);
	/* closed with a piece: never sent */
	assert_int_equal(sk_set(s, IPPROTO_UDP, UDP_CORK, 1), 0);
	assert_int_equal(sk_sendto(s, "lost", 4, SK_PEER, PEER_PORT), 4);
	inet_close(s);
	fx_expect_silence(f);
}

static void more_flag_pieces_are_one_datagram(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	static u8 piece[1000];
	u32 i;

	assert_int_equal(sk_connect(s, SK_PEER, PEER_PORT), 0);
	assert_int_equal(inet_send(s, "a", 1, MSG_MORE), 1);
	assert_int_equal(inet_send(s, "b", 1, MSG_MORE), 1);
	fx_expect_silence(f);
	assert_int_equal(inet_send(s, "cd", 2, 0), 2);
	fx_expect(f, &p);
	assert_memory_equal(p.data, "abcd", 4);
	/* too long in sum: refused and forgotten */
	for (i = 0; i < 65; i++)
		assert_int_equal(inet_send(s, piece, 1000, MSG_MORE), 1000);
	assert_int_equal(sk_send(s, piece, 1000), -EMSGSIZE);
	assert_int_equal(sk_send(s, "new", 3), 3);
	fx_expect(f, &p);
	assert_int_equal(p.data_len, 3);
	fx_expect_silence(f);
	inet_close(s);
}

/* ---- many in one call ------------------------------------------------- */

static void sendmmsg_sends_all(void **state)
{
	struct fx *f = *state;
	struct socket *s = sk_udp(f->net, 0, PORT);
	struct iovec iov[3] = { { "a", 1 }, { "bb", 2 }, { "ccc", 3 } };
	struct mmsghdr m[3] = { 0 };
	u32 i;

	assert_int_equal(sk_connect(s, SK_PEER, PEER_PORT), 0);
	for (i = 0; i < 3; i++) {
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	assert_int_equal(inet_sendmmsg(s, m, 3, 0), 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(m[i].msg_len, i + 1);
		fx_expect(f, &p);
		assert_int_equal(p.data_len, i + 1);
	}
	inet_close(s);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, fx_setup_learned, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sent_datagram_is_whole_and_summed),
		TEST(datagram_without_memory_is_counted),
		TEST(checksum_that_comes_out_zero_is_sent_as_ffff),
		TEST(no_check_datagram_goes_without),
		TEST(scattered_datagram_is_one),
		TEST(datagram_larger_than_the_mtu_is_cut),
		TEST(impossible_sends_are_refused),
		TEST(sender_full_buffer_is_told_and_woken),
		TEST(source_is_always_an_address_of_ours),
		TEST(control_message_sets_source_ttl_tos_of_one),
		TEST(control_message_that_lies_is_refused),
		TEST(reader_is_told_destination_ttl_tos),
		TEST(reader_short_control_buffer_is_said),
		TEST(options_go_up_and_come_down),
		TEST(source_route_goes_to_its_first_hop),
		TEST(type_of_service_is_a_priority),
		TEST(corked_pieces_are_one_datagram),
		TEST(more_flag_pieces_are_one_datagram),
		TEST(sendmmsg_sends_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
